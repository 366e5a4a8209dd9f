/* SPDX-License-Identifier: Apache-2.0 */
#include "dns_world.h"

#include <check.h>
#include <string.h>
#include <unistd.h>

/* ---- a check ---- */

struct check_dns question;
static struct assertion *assertion;

struct check ask(uint16_t port, const char *type, const char *expect)
{
    struct check check = make_check(port, "/", "200", NULL);
    char error[200];

    assertion_destroy(assertion);
    assertion = NULL;
    ck_assert_int_eq(assertion_parse(expect,
                                     SUBJECT_BIT(SUBJECT_RCODE) | SUBJECT_BIT(SUBJECT_ANSWERS) |
                                         SUBJECT_BIT(SUBJECT_BODY) | SUBJECT_BIT(SUBJECT_LATENCY),
                                     &assertion, error, sizeof(error)),
                     0);
    question = (struct check_dns){.name = NAME, .type = type};
    check.kind = CHECK_DNS;
    check.of.dns = &question;
    check.assertion = assertion;
    return check;
}

/* ---- the server ---- */

struct udp udp;

struct dns_message reply;

void reply_to(const struct heard *heard, unsigned flags)
{
    const unsigned char *end = memchr(heard->query + QUESTION_AT, 0, heard->length - QUESTION_AT);

    ck_assert_ptr_nonnull(end);
    reply.length = 0;
    put_bytes(&reply, heard->query, (size_t)(end - heard->query) + 5);
    reply.bytes[2] = (unsigned char)(flags >> 8);
    reply.bytes[3] = (unsigned char)flags;
    memcpy(reply.bytes + 4, "\0\1\0\0\0\0\0\0", 8);
}

void put_v4(const char *address)
{
    unsigned char data[4];

    inet_pton(AF_INET, address, data);
    put_pointer(&reply, QUESTION_AT);
    put_data(&reply, 1, data, sizeof(data));
}

void send_from(int fd, const struct heard *heard)
{
    ck_assert_int_eq(sendto(fd, reply.bytes, reply.length, 0, (const struct sockaddr *)&heard->peer,
                            sizeof(heard->peer)),
                     (int)reply.length);
}

static void on_question(uv_poll_t *poll, int status, int events)
{
    unsigned char query[512];
    struct heard heard = {.query = query};
    socklen_t peer_length = sizeof(heard.peer);
    ssize_t n = recvfrom(udp.fd, query, sizeof(query), MSG_DONTWAIT, (struct sockaddr *)&heard.peer,
                         &peer_length);

    (void)poll;
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(events, UV_READABLE);
    if (n < 0)
        return;
    heard.length = (size_t)n;
    udp.count++;
    udp.script(&heard);
}

static int bind_to(const char *address, uint16_t *port)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(*port)};
    socklen_t length = sizeof(here);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    inet_pton(AF_INET, address, &here.sin_addr);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&here, length), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&here, &length), 0);
    *port = ntohs(here.sin_port);
    return fd;
}

void serve_udp(script answer, struct server *beside)
{
    memset(&udp, 0, sizeof(udp));
    udp.port = beside != NULL ? server_port(beside) : 0;
    udp.fd = beside != NULL ? server_take_udp(beside) : bind_to("127.0.0.1", &udp.port);
    udp.other = bind_to("127.0.0.2", &udp.port);
    udp.script = answer;
    ck_assert_int_eq(uv_poll_init(&loop, &udp.poll, udp.fd), 0);
    uv_poll_start(&udp.poll, UV_READABLE, on_question);
}

void stop_udp(void)
{
    if (udp.script == NULL)
        return;
    uv_close((uv_handle_t *)&udp.poll, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
    close(udp.fd);
    close(udp.other);
    udp.script = NULL;
}

void dns_setup(void)
{
    udp.script = NULL;
    prober_setup();
}

void dns_teardown(void)
{
    stop_udp();
    prober_teardown();
    assertion_destroy(assertion);
    assertion = NULL;
}

void answer_two(const struct heard *heard)
{
    reply_to(heard, 0x8180);
    put_v4("192.0.2.1");
    put_v4("192.0.2.2");
    send_from(udp.fd, heard);
}
