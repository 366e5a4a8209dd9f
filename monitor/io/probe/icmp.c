/* SPDX-License-Identifier: Apache-2.0 */
/* icmp://HOST: one echo, to one address.
 *
 * Over the kernel's echo sockets, which need no privilege but that net.ipv4.ping_group_range holds
 * a group of ours (also for IPv6); where it does not, that is our own machine's affair, and void.
 * The kernel picks the id and sorts by it, and by nothing else: who sent a reply, and whether it is
 * one to this request, is looked at here. A router's word that the host cannot be reached ends the
 * attempt, when it quotes our request. One echo, not asked again: its loss is what is looked for.
 */
#include "attempt.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "icmp_echo.h"

enum {
    MESSAGES_PER_TURN = 1024, /* more than wait in a socket; a flood must not keep the loop */
    MESSAGE_MAX = 256,        /* far more than a reply; a longer one is none */
    RANGE_TEXT_MAX = 64
};

extern const struct attempt_kind kind_icmp;

static bool is_v6(const struct attempt *attempt)
{
    return attempt->address.any.sa_family == AF_INET6;
}

static int protocol(int family)
{
    return family == AF_INET6 ? (int)IPPROTO_ICMPV6 : (int)IPPROTO_ICMP;
}

/* ---- may we? ---- */

/* "1\t0\n" as "1 0"; "?" when it cannot be read. */
static void read_group_range(char out[RANGE_TEXT_MAX])
{
    FILE *file = fopen("/proc/sys/net/ipv4/ping_group_range", "re");
    unsigned long first, last;

    if (file != NULL && fscanf(file, "%lu %lu", &first, &last) == 2)
        snprintf(out, RANGE_TEXT_MAX, "%lu %lu", first, last);
    else
        snprintf(out, RANGE_TEXT_MAX, "?");
    if (file != NULL)
        fclose(file);
}

static void tell_forbidden(int error, char *out, size_t size)
{
    unsigned long group = (unsigned long)getegid();
    char range[RANGE_TEXT_MAX];

    if (error != EACCES) {
        snprintf(out, size, "this machine has no echo sockets: %s", strerror(error));
        return;
    }
    read_group_range(range);
    snprintf(out, size,
             "this machine lets group %lu send no echoes: sysctl net.ipv4.ping_group_range is "
             "\"%s\"; it has to hold that group, as \"%lu %lu\"",
             group, range, group, group);
}

/* Asked with a socket of its own, so that no other refusal is taken for this one. */
static bool may_echo(int family, char *error, size_t error_size)
{
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, protocol(family));

    if (fd >= 0) {
        close(fd);
        return true;
    }
    if (errno != EACCES && errno != EPROTONOSUPPORT && errno != ESOCKTNOSUPPORT)
        return true; /* whoever opens the next one will say */
    tell_forbidden(errno, error, error_size);
    return false;
}

bool icmp_can(char *error, size_t error_size)
{
    return may_echo(AF_INET, error, error_size);
}

/* ---- the request ---- */

/* The id is what the kernel calls the port of our socket. */
static bool learn_id(const struct attempt *attempt, struct icmp_echo *echo)
{
    union address ours;
    socklen_t length = sizeof(ours);

    if (getsockname(attempt->lean.fd, &ours.any, &length) < 0)
        return false;
    echo->id = ntohs(echo->v6 ? ours.v6.sin6_port : ours.v4.sin_port);
    return true;
}

static bool want_errors(const struct attempt *attempt)
{
    int yes = 1;
    int level = is_v6(attempt) ? IPPROTO_IPV6 : IPPROTO_IP;
    int option = is_v6(attempt) ? IPV6_RECVERR : IP_RECVERR;

    return setsockopt(attempt->lean.fd, level, option, &yes, sizeof(yes)) == 0;
}

static bool draw(struct icmp_echo *echo)
{
    return RAND_bytes(echo->nonce, ICMP_NONCE_BYTES) == 1 &&
           RAND_bytes((unsigned char *)&echo->sequence, sizeof(echo->sequence)) == 1;
}

static void send_request(struct attempt *attempt)
{
    unsigned char request[ICMP_ECHO_BYTES];

    icmp_echo_write(attempt->held, request);
    if (send(attempt->lean.fd, request, sizeof(request), 0) < 0)
        attempt_connect_failed(attempt, errno);
}

static void begin(struct attempt *attempt)
{
    int family = attempt->address.any.sa_family;
    char error[RESULT_DETAIL_MAX + 1];
    struct icmp_echo *echo;

    if (!may_echo(family, error, sizeof(error))) {
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "%s", error);
        return;
    }
    if (!lean_open(attempt, SOCK_DGRAM, protocol(family)))
        return;
    attempt->phase = PHASE_ANSWER;
    echo = prober_need(calloc(1, sizeof(*echo)));
    attempt->held = echo;
    echo->v6 = is_v6(attempt);
    if (draw(echo) && learn_id(attempt, echo) && want_errors(attempt))
        send_request(attempt);
    else
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "this machine cannot send an echo");
}

/* ---- what comes back ---- */

static const struct sock_extended_err *error_in(struct msghdr *message)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL;
         part = CMSG_NXTHDR(message, part)) {
        if ((part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_RECVERR) ||
            (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_RECVERR))
            return (const struct sock_extended_err *)(const void *)CMSG_DATA(part);
    }
    return NULL;
}

/* "192.0.2.7: host unreachable, says 198.51.100.1" */
static void end_unreachable(struct attempt *attempt, const struct sock_extended_err *error)
{
    const char *words = icmp_error_words(is_v6(attempt), error->ee_type, error->ee_code);
    union address router;
    char router_text[ADDRESS_TEXT_MAX];
    char text[ADDRESS_TEXT_MAX];

    if (words == NULL)
        return;
    memset(&router, 0, sizeof(router));
    memcpy(&router, error + 1 /* SO_EE_OFFENDER */,
           is_v6(attempt) ? sizeof(router.v6) : sizeof(router.v4));
    address_format_host(&attempt->address, text);
    address_format_host(&router, router_text);
    attempt_end(attempt, RESULT_BAD, FAILURE_CONNECT, "%s: %s, says %s", text, words, router_text);
}

static void hear_error(struct attempt *attempt, struct msghdr *message, size_t length)
{
    const unsigned char *quote = message->msg_iov->iov_base;
    const struct sock_extended_err *error = error_in(message);

    if (error == NULL)
        return;
    if (error->ee_origin == SO_EE_ORIGIN_LOCAL)
        attempt_connect_failed(attempt, (int)error->ee_errno);
    else if (icmp_echo_is_quoted(attempt->held, quote, length))
        end_unreachable(attempt, error);
}

/* Of what others say of our request. Returns true when the attempt has ended. */
static bool read_errors(struct attempt *attempt)
{
    unsigned char quote[MESSAGE_MAX];
    union {
        struct cmsghdr aligned;
        char bytes[512];
    } control;

    for (int i = 0; i < MESSAGES_PER_TURN && attempt->phase != PHASE_ENDED; i++) {
        struct iovec data = {.iov_base = quote, .iov_len = sizeof(quote)};
        struct msghdr message = {.msg_iov = &data,
                                 .msg_iovlen = 1,
                                 .msg_control = control.bytes,
                                 .msg_controllen = sizeof(control.bytes)};
        ssize_t n = recvmsg(attempt->lean.fd, &message, MSG_ERRQUEUE);

        if (n < 0)
            break;
        hear_error(attempt, &message, (size_t)n);
    }
    return attempt->phase == PHASE_ENDED;
}

static void judge(struct attempt *attempt)
{
    attempt_mark(attempt, &attempt->result.timings.first_byte_us);
    attempt_judge(attempt, &(struct answer){.has = 0}, "echoed");
}

/* An error that is pending here has been read from the queue already, and was not ours. */
static void read_replies(struct attempt *attempt)
{
    unsigned char message[MESSAGE_MAX];

    for (int i = 0; i < MESSAGES_PER_TURN; i++) {
        union address from = {.any.sa_family = AF_UNSPEC};
        socklen_t from_length = sizeof(from);
        ssize_t n = recvfrom(attempt->lean.fd, message, sizeof(message), MSG_TRUNC, &from.any,
                             &from_length);

        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0 || !address_is_same_host(&from, &attempt->address))
            continue;
        if (icmp_echo_is_reply(attempt->held, message, (size_t)n)) {
            judge(attempt);
            return;
        }
    }
}

static void on_ready(struct attempt *attempt, uint32_t events)
{
    (void)events;
    if (!read_errors(attempt))
        read_replies(attempt);
}

static void release(struct attempt *attempt)
{
    lean_release(attempt);
    free(attempt->held);
    attempt->held = NULL;
}

static const char *doing(const struct attempt *attempt)
{
    (void)attempt;
    return "waiting for the echo";
}

const struct attempt_kind kind_icmp = {
    .needs_address = true,
    .begin = begin,
    .on_ready = on_ready,
    .release = release,
    .doing = doing,
};
