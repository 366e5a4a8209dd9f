/* SPDX-License-Identifier: Apache-2.0 */
/* server.h: small servers for tests, each in a thread of its own, on 127.0.0.1. What a server does
 * with a connection is a function of the test; good ones and hostile ones look alike. */
#ifndef REGIONSHIFT_TESTS_SERVER_H
#define REGIONSHIFT_TESTS_SERVER_H

#include <stddef.h>
#include <stdint.h>

struct server;

/* Serves one connection; the server closes fd afterwards. Connections come one after the other. */
typedef void (*server_serve)(struct server *server, int fd, void *context);

/* Answers one datagram: writes the answer and returns its length, 0: silence. */
typedef size_t (*server_answer)(void *context, const uint8_t *query, size_t length, uint8_t *answer,
                                size_t size);

/* Both fail the test when they cannot start. */
struct server *server_start_tcp(server_serve serve, void *context);
struct server *server_start_udp(server_answer answer, void *context);

/* As server_start_tcp(), on 127.0.0.last and the port of another: a name with several addresses. */
struct server *server_start_tcp_beside(const struct server *tcp, unsigned last, server_serve serve,
                                       void *context);

/* As server_start_udp(), on the port of a server on TCP: name servers are both. Once for each. */
struct server *server_start_udp_beside(struct server *tcp, server_answer answer, void *context);

/* Instead of it: a socket for datagrams, bound to that port. The caller's to close. */
int server_take_udp(struct server *tcp);

uint16_t server_port(const struct server *server);

/* Connections or datagrams seen so far. */
unsigned server_count(struct server *server);

/* Stops and frees; a serve function that waits is woken. */
void server_stop(struct server *server);

/* For serve functions. */
void server_read_request(struct server *server, int fd); /* up to the empty line */
/* Reads exactly so much. Returns 0, or -1 when the peer or the test went away. */
int server_read(struct server *server, int fd, void *data, size_t length);
/* Sends all of it. Returns 0, or -1 when the peer or the test went away. */
int server_send(struct server *server, int fd, const void *data, size_t length);
int server_send_text(struct server *server, int fd, const char *text);
void server_wait_for_close(struct server *server, int fd); /* reads until the peer closes */
void server_reset(int fd); /* the connection will end with a reset */

/* A port on 127.0.0.1 where nobody listens, nor will before the process ends: on TCP and on UDP. */
uint16_t server_free_port(void);

#endif
