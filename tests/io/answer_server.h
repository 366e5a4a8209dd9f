/* SPDX-License-Identifier: Apache-2.0 */
/* answer_server.h: a server that answers a request with a text, in the clear or over TLS, and what
 * a check over HTTP makes of it. */
#ifndef REGIONSHIFT_TESTS_ANSWER_SERVER_H
#define REGIONSHIFT_TESTS_ANSWER_SERVER_H

#include <openssl/types.h>

#include "prober_fixture.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define OK_PAGE OK "Content-Length: 2\r\n\r\nok"

enum { IN_CLEAR, OVER_TLS, WAYS };

/* What comes behind the request; then the server closes. */
struct script {
    const char *text;
    const char *drips;   /* sent again and again, a piece every few milliseconds */
    unsigned drip_limit; /* so often, without waiting; 0: until the client leaves */
    bool waits;          /* for the client to close, before it does */
    bool resets;         /* the connection, instead of closing it; in the clear */
    bool is_rude;        /* closes the connection without ending TLS */
};

/* Around the tests: the prober, and certificates. */
void answers_setup(void);
void answers_teardown(void);

struct check check_over(int way, uint16_t port, const char *body);
struct server *start_script(int way, struct script *script);

/* Asks such a server once. where: it times out there; NULL: it does not. */
struct result probe_script(int way, struct script script, const char *body, const char *where);

/* The server's half of a handshake over a blocking socket. The caller frees it. */
SSL *accept_client(int fd, int version_max, int verify);

#endif
