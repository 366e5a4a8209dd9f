/* SPDX-License-Identifier: Apache-2.0 */
/* icmp://HOST, in a network of the test's own: there the kernel answers, or is told to be silent
 * and a raw socket answers in its place, as a hostile neighbour or router would. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "prober_fixture.h"

enum {
    WAITED_MS = 400,
    FLOOD = 200, /* fits into a socket's buffer, with the reply behind it */
    IPV4_HEAD = 20,
    IPV6_HEAD = 40,
    ECHO_BYTES = 24,
    FAMILIES = 2 /* _i: 0 is IPv4, 1 is IPv6 */
};

static const char *const hosts[FAMILIES] = {"127.0.0.1", "::1"};

/* ---- a network of our own ---- */

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return done;
}

static bool bring_loopback_up(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool done;

    request.ifr_flags = IFF_UP;
    done = ioctl(fd, SIOCSIFFLAGS, &request) == 0;
    close(fd);
    return done;
}

/* As root, or as root of a realm of our own. */
static bool unshare_network(void)
{
    unsigned long user = (unsigned long)geteuid();
    unsigned long group = (unsigned long)getegid();
    char map[64];

    if (unshare(CLONE_NEWNET) == 0)
        return true;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return false;
    snprintf(map, sizeof(map), "0 %lu 1", user);
    if (!write_file("/proc/self/uid_map", map) || !write_file("/proc/self/setgroups", "deny"))
        return false;
    snprintf(map, sizeof(map), "0 %lu 1", group);
    return write_file("/proc/self/gid_map", map);
}

static bool is_possible;

/* A new network lets nobody echo. */
static void setup_forbidden(void)
{
    is_possible = unshare_network() && bring_loopback_up();
    if (!is_possible)
        fprintf(stderr, "skipped: no network of our own can be made here: %s\n", strerror(errno));
    prober_setup();
}

static void setup(void)
{
    setup_forbidden();
    if (is_possible)
        ck_assert(write_file("/proc/sys/net/ipv4/ping_group_range", "0 0"));
}

static struct check echo_at(const char *host)
{
    struct check check = make_check(0, "/", "200", NULL);

    check.kind = CHECK_ICMP;
    check.host = host;
    check.assertion = NULL;
    return check;
}

/* ---- a neighbour, on the prober's own loop: what it does is a script ---- */

struct heard {
    const unsigned char *echo; /* the request, from its type on */
};

typedef void (*script)(const struct heard *heard);

static struct {
    bool v6;
    uv_poll_t poll;
    int fd;
    int other; /* a socket at another address; IPv4 only */
    unsigned count;
    script script;
} neighbour;

static uint16_t checksum_of(const unsigned char *bytes, size_t length)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < length; i += 2)
        sum += (uint32_t)bytes[i] << 8 | (i + 1 < length ? bytes[i + 1] : 0);
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

/* The kernel sums for IPv6, not for IPv4. */
static void send_from(int fd, unsigned char *message, size_t length)
{
    union address to;

    ck_assert(address_parse(hosts[neighbour.v6], &to));
    message[2] = message[3] = 0;
    if (!neighbour.v6) {
        uint16_t sum = checksum_of(message, length);

        message[2] = (unsigned char)(sum >> 8);
        message[3] = (unsigned char)sum;
    }
    ck_assert_int_eq(sendto(fd, message, length, 0, &to.any, address_length(&to)), (int)length);
}

static void on_message(uv_poll_t *poll, int status, int events)
{
    unsigned char bytes[512];
    size_t head = neighbour.v6 ? 0 : IPV4_HEAD;
    struct heard heard = {.echo = bytes + head};
    ssize_t n = recv(neighbour.fd, bytes, sizeof(bytes), MSG_DONTWAIT);

    (void)poll;
    (void)events;
    ck_assert_int_eq(status, 0);
    if (n != (ssize_t)head + ECHO_BYTES || heard.echo[0] != (neighbour.v6 ? 128 : 8))
        return;
    neighbour.count++;
    neighbour.script(&heard);
}

static int open_raw(const char *address)
{
    union address here;
    int fd;

    ck_assert(address_parse(address, &here));
    fd = socket(here.any.sa_family, SOCK_RAW | SOCK_CLOEXEC,
                neighbour.v6 ? (int)IPPROTO_ICMPV6 : (int)IPPROTO_ICMP);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, &here.any, address_length(&here)), 0);
    return fd;
}

/* In the place of the kernel, which is silenced. */
static void answer_as(script answer, bool v6)
{
    ck_assert(write_file(v6 ? "/proc/sys/net/ipv6/icmp/echo_ignore_all"
                            : "/proc/sys/net/ipv4/icmp_echo_ignore_all",
                         "1"));
    neighbour.v6 = v6;
    neighbour.count = 0;
    neighbour.script = answer;
    neighbour.fd = open_raw(hosts[v6]);
    neighbour.other = v6 ? -1 : open_raw("127.0.0.9");
    ck_assert_int_eq(uv_poll_init(&loop, &neighbour.poll, neighbour.fd), 0);
    uv_poll_start(&neighbour.poll, UV_READABLE, on_message);
}

static void stop_neighbour(void)
{
    if (neighbour.script == NULL)
        return;
    uv_close((uv_handle_t *)&neighbour.poll, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
    close(neighbour.fd);
    if (neighbour.other >= 0)
        close(neighbour.other);
    neighbour.script = NULL;
}

static void teardown(void)
{
    stop_neighbour();
    prober_teardown();
}

/* ---- replies ---- */

static void make_reply(const struct heard *heard, unsigned char out[ECHO_BYTES])
{
    memcpy(out, heard->echo, ECHO_BYTES);
    out[0] = neighbour.v6 ? 129 : 0;
}

static void reply_truly(const struct heard *heard)
{
    unsigned char reply[ECHO_BYTES];

    make_reply(heard, reply);
    send_from(neighbour.fd, reply, ECHO_BYTES);
}

static void reply_other_sequence(const struct heard *heard)
{
    unsigned char reply[ECHO_BYTES];

    make_reply(heard, reply);
    reply[7] ^= 1;
    send_from(neighbour.fd, reply, ECHO_BYTES);
}

static void reply_other_id(const struct heard *heard)
{
    unsigned char reply[ECHO_BYTES];

    make_reply(heard, reply);
    reply[5] ^= 1;
    send_from(neighbour.fd, reply, ECHO_BYTES);
}

static void reply_other_nonce(const struct heard *heard)
{
    unsigned char reply[ECHO_BYTES];

    make_reply(heard, reply);
    reply[ECHO_BYTES - 1] ^= 1;
    send_from(neighbour.fd, reply, ECHO_BYTES);
}

static void reply_less(const struct heard *heard)
{
    unsigned char reply[ECHO_BYTES];

    make_reply(heard, reply);
    send_from(neighbour.fd, reply, ECHO_BYTES - 2);
}

static void reply_more(const struct heard *heard)
{
    unsigned char reply[2 * ECHO_BYTES] = {0};

    make_reply(heard, reply);
    send_from(neighbour.fd, reply, sizeof(reply));
}

static void reply_from_elsewhere(const struct heard *heard)
{
    unsigned char reply[ECHO_BYTES];

    make_reply(heard, reply);
    if (neighbour.other >= 0)
        send_from(neighbour.other, reply, ECHO_BYTES);
}

static const script forgeries[] = {reply_other_sequence, reply_other_id, reply_other_nonce,
                                   reply_less,           reply_more,     reply_from_elsewhere};

enum { FORGERY_COUNT = sizeof(forgeries) / sizeof(forgeries[0]) };

static script forgery;

static void forge_and_reply(const struct heard *heard)
{
    for (int i = 0; i < FLOOD; i++)
        forgery(heard);
    reply_truly(heard);
}

/* ---- errors ---- */

static unsigned error_type, error_code;
static size_t quoted; /* bytes of the request */
static size_t spoilt; /* one of them, counted from 1; 0: none */

/* The error quotes our packet: its head of IP, as far as the kernel looks at it, and the echo. */
static void send_error(const struct heard *heard)
{
    unsigned char error[8 + IPV6_HEAD + ECHO_BYTES] = {0};
    size_t head = neighbour.v6 ? IPV6_HEAD : IPV4_HEAD;
    unsigned char *quote = error + 8;

    error[0] = (unsigned char)error_type;
    error[1] = (unsigned char)error_code;
    if (neighbour.v6) {
        memcpy(quote, "\x60\0\0\0\0\x18\x3a\x40", 8);
        quote[8 + 15] = quote[24 + 15] = 1;
    } else {
        memcpy(quote, "\x45\0\0\x2c\0\0\0\0\x40\1\0\0\x7f\0\0\1\x7f\0\0\1", IPV4_HEAD);
    }
    memcpy(quote + head, heard->echo, quoted);
    if (spoilt > 0)
        quote[head + spoilt - 1] ^= 1;
    send_from(neighbour.other >= 0 ? neighbour.other : neighbour.fd, error, 8 + head + quoted);
}

static void send_error_and_reply(const struct heard *heard)
{
    send_error(heard);
    reply_truly(heard);
}

/* ---- good ---- */

/* cell: icmp, good, Linux */
START_TEST(a_host_that_echoes_is_good)
{
    struct check check = echo_at(hosts[_i]);
    struct result result;

    if (!is_possible)
        return;
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "echoed");
    ck_assert_int_ge(result.timings.first_byte_us, 0);
    ck_assert_int_ge(result.timings.total_us, result.timings.first_byte_us);
    ck_assert_int_eq(result.timings.connect_us, -1);
}
END_TEST

/* ---- our own machine ---- */

START_TEST(a_group_that_may_not_echo_is_told_what_to_do_and_has_no_verdict)
{
    struct check check = echo_at(hosts[_i]);
    struct result result;

    if (!is_possible)
        return;
    result = probe(&check);
    expect(&result, RESULT_VOID, FAILURE_POLICY, "this machine lets group 0 send no echoes");
    expect(&result, RESULT_VOID, FAILURE_POLICY, "sysctl net.ipv4.ping_group_range is \"");
    expect(&result, RESULT_VOID, FAILURE_POLICY, "\"; it has to hold that group, as \"0 0\"");
}
END_TEST

START_TEST(a_machine_without_a_route_has_no_verdict)
{
    struct check check = echo_at(_i == 0 ? "192.0.2.1" : "2001:db8::1");
    struct result result;

    if (!is_possible)
        return;
    result = probe(&check);
    expect(&result, RESULT_VOID, FAILURE_POLICY, "this machine cannot connect to ");
}
END_TEST

START_TEST(nobody_is_echoed_against_the_policy)
{
    struct check check = echo_at(_i == 0 ? "224.0.0.1" : "ff02::1");
    struct result result;

    if (!is_possible)
        return;
    result = probe(&check);
    expect(&result, RESULT_VOID, FAILURE_POLICY, "blocked by policy: multicast is not allowed");
}
END_TEST

/* ---- bad and hostile ---- */

/* cell: icmp, hostile, raw socket */
START_TEST(a_reply_that_is_not_ours_has_not_come)
{
    bool v6 = _i >= FORGERY_COUNT;
    struct check check = echo_at(hosts[v6]);
    struct result result;

    if (!is_possible)
        return;
    forgery = forgeries[_i % FORGERY_COUNT];
    answer_as(forgery, v6);
    check.timeout_ms = WAITED_MS;
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, "timeout after 400 ms while waiting for the echo");
    ck_assert_uint_ge(neighbour.count, 1);
    stop_neighbour();
    answer_as(forge_and_reply, v6);
    check.timeout_ms = PATIENT_MS;
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "echoed");
}
END_TEST

static const struct {
    bool v6;
    unsigned type;
    unsigned code;
    const char *words;
} errors[] = {
    {false, 3, 1, "127.0.0.1: host unreachable, says 127.0.0.9"},
    {false, 3, 0, "127.0.0.1: network unreachable, says 127.0.0.9"},
    {false, 3, 13, "127.0.0.1: prohibited by a filter, says 127.0.0.9"},
    {false, 11, 0, "127.0.0.1: TTL exceeded, says 127.0.0.9"},
    {true, 1, 3, "::1: address unreachable, says ::1"},
    {true, 1, 0, "::1: no route, says ::1"},
    {true, 3, 0, "::1: hop limit exceeded, says ::1"},
};

enum { ERROR_COUNT = sizeof(errors) / sizeof(errors[0]) };

/* cell: icmp, bad, raw socket */
START_TEST(a_router_that_cannot_reach_the_host_is_heard)
{
    struct check check = echo_at(hosts[errors[_i].v6]);
    struct result result;

    if (!is_possible)
        return;
    error_type = errors[_i].type;
    error_code = errors[_i].code;
    spoilt = 0;
    answer_as(send_error, errors[_i].v6);
    for (quoted = 8; quoted <= ECHO_BYTES; quoted += ECHO_BYTES - 8) {
        result = probe(&check);
        expect(&result, RESULT_BAD, FAILURE_CONNECT, errors[_i].words);
    }
}
END_TEST

START_TEST(an_error_about_another_packet_is_none)
{
    static const size_t spoils[] = {8, ECHO_BYTES}; /* the sequence, the nonce */
    struct check check = echo_at(hosts[_i]);
    struct result result;

    if (!is_possible)
        return;
    error_type = _i == 0 ? 3 : 1;
    error_code = _i == 0 ? 1 : 3;
    quoted = ECHO_BYTES;
    answer_as(send_error_and_reply, _i == 1);
    for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
        spoilt = spoils[i];
        result = probe(&check);
        expect(&result, RESULT_GOOD, FAILURE_NONE, "echoed");
    }
}
END_TEST

/* A fragment that came too late, a quench: somebody's trouble on the way, and no end. */
START_TEST(an_error_that_is_not_final_is_not_waited_on)
{
    struct check check = echo_at("127.0.0.1");
    struct result result;

    if (!is_possible)
        return;
    error_type = 11;
    error_code = 1;
    quoted = ECHO_BYTES;
    spoilt = 0;
    answer_as(send_error_and_reply, false);
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "echoed");
}
END_TEST

/* ---- silence, cancel, close ---- */

static void say_nothing(const struct heard *heard)
{
    (void)heard;
}

/* cell: icmp, timed out, Linux */
START_TEST(a_lost_echo_is_a_timeout)
{
    struct check check = echo_at(hosts[_i]);
    struct result result;

    if (!is_possible)
        return;
    answer_as(say_nothing, _i == 1);
    check.timeout_ms = WAITED_MS;
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, "timeout after 400 ms while waiting for the echo");
}
END_TEST

/* cell: icmp, cancelled, Linux */
START_TEST(an_attempt_can_be_cancelled_and_closed_while_it_waits)
{
    struct check check = echo_at(hosts[_i]);

    if (!is_possible)
        return;
    answer_as(say_nothing, _i == 1);
    start_check(3, &check);
    while (neighbour.count == 0)
        uv_run(&loop, UV_RUN_ONCE);
    prober_cancel(prober, 3);
    run_until_reported(3, 1);
    expect(&reports[3].result, RESULT_VOID, FAILURE_NONE, "cancelled");
    start_check(4, &check);
    while (neighbour.count == 1)
        uv_run(&loop, UV_RUN_ONCE);
    stop_neighbour();
    prober_close_now();
    ck_assert_uint_eq(reports[3].count, 1);
    ck_assert_uint_eq(reports[4].count, 0);
}
END_TEST

START_TEST(every_address_of_a_name_is_echoed)
{
    struct check check = echo_at("both.test"); /* 127.0.0.1 and ::1 */
    struct result result;

    if (!is_possible)
        return;
    check.need = NEED_ALL;
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "echoed; 2 of 2 addresses good");
    answer_as(say_nothing, true);
    result = probe_to(&check, "1 of 2 addresses good, wanted all; ::1: timeout");
    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, "1 of 2 addresses good, wanted all; ::1: timeout");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("probe_icmp");
    TCase *tests = tcase_create("icmp");
    TCase *forbidden = tcase_create("forbidden");

    tcase_add_checked_fixture(forbidden, setup_forbidden, teardown);
    tcase_add_loop_test(forbidden, a_group_that_may_not_echo_is_told_what_to_do_and_has_no_verdict,
                        0, FAMILIES);
    suite_add_tcase(suite, forbidden);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 300); /* a hang, not a speed */
    tcase_add_loop_test(tests, a_host_that_echoes_is_good, 0, FAMILIES);
    tcase_add_loop_test(tests, a_machine_without_a_route_has_no_verdict, 0, FAMILIES);
    tcase_add_loop_test(tests, nobody_is_echoed_against_the_policy, 0, FAMILIES);
    tcase_add_loop_test(tests, a_reply_that_is_not_ours_has_not_come, 0, FAMILIES * FORGERY_COUNT);
    tcase_add_loop_test(tests, a_router_that_cannot_reach_the_host_is_heard, 0, ERROR_COUNT);
    tcase_add_loop_test(tests, an_error_about_another_packet_is_none, 0, FAMILIES);
    tcase_add_test(tests, an_error_that_is_not_final_is_not_waited_on);
    tcase_add_loop_test(tests, a_lost_echo_is_a_timeout, 0, FAMILIES);
    tcase_add_loop_test(tests, an_attempt_can_be_cancelled_and_closed_while_it_waits, 0, FAMILIES);
    tcase_add_test(tests, every_address_of_a_name_is_echoed);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
