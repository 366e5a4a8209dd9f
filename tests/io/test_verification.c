/* SPDX-License-Identifier: Apache-2.0 */
/* Name servers and resolvers that answer nonsense: what they say is counted or named, and that is
 * all (C7). One round of questions, against a server that lies in one way and one that does not. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "../lib/suite.h"
#include "../lib/dns_message.h"
#include "../lib/pizza_zone.h"
#include "../lib/server.h"
#include "../../monitor/io/caches.h"
#include "route53_fixture.h"
#include "../../monitor/io/servers.h"

#define FENCE_NAME "_regionshift.jwt-pizza.example.com"
#define FENCE(epoch)                                                                               \
    "v=rs1 group=jwt-pizza epoch=" epoch                                                           \
    " by=use1 nonce=0123456789abcdef0123456789abcdef plan=0123456789abcdef"

enum lie {
    HONEST,
    OLD,
    FUTURE,
    IMPOSSIBLE,
    LEAPING,
    OTHER_NAME,
    OTHER_QUESTION,
    OTHER_TYPE,
    OTHER_ID,
    OTHER_GROUP,
    SEVERAL,
    GARBAGE,
    NO_NAME,
    NOTHING,
    SERVFAIL,
    LOOP,
    CUT_TWICE,
    HUGE,
    CUT_ONCE,
    FICKLE,
    SILENT
};

struct liar {
    enum lie lie;
    struct server *tcp;
    struct server *udp;
    char address[32];
    unsigned count; /* of answers */
};

static struct liar liars[2];
static struct resolver *resolver;
static struct servers_result result;
static bool is_done;

/* ---- a name server that lies ---- */

static void put_lie(struct dns_message *m, enum lie lie)
{
    static const struct {
        unsigned flags;
        const char *asked;
        const char *text;
    } lies[] = {
        [HONEST] = {FLAGS_ANSWER, FENCE_NAME, FENCE("8")},
        [OLD] = {FLAGS_ANSWER, FENCE_NAME, FENCE("7")},
        [FUTURE] = {FLAGS_ANSWER, FENCE_NAME, FENCE("1000")},
        [IMPOSSIBLE] = {FLAGS_ANSWER, FENCE_NAME, FENCE("18446744073709551615")},
        [LEAPING] = {FLAGS_ANSWER, FENCE_NAME, FENCE("999999999999999")},
        [OTHER_QUESTION] = {FLAGS_ANSWER, "_regionshift.solo.example.com", FENCE("8")},
        [OTHER_ID] = {FLAGS_ANSWER, FENCE_NAME, FENCE("8")},
        [OTHER_GROUP] = {FLAGS_ANSWER, FENCE_NAME,
                         "v=rs1 group=solo epoch=8 by=use1 nonce=0123456789abcdef0123456789abcdef "
                         "plan=0123456789abcdef"},
        [GARBAGE] = {FLAGS_ANSWER, FENCE_NAME, "epoch=9\001\377 ; rm -rf /"},
        [NO_NAME] = {FLAGS_ANSWER | 3, FENCE_NAME, FENCE("8")},
        [NOTHING] = {FLAGS_ANSWER, FENCE_NAME, NULL},
        [SERVFAIL] = {FLAGS_ANSWER | 2, FENCE_NAME, NULL},
        [CUT_TWICE] = {FLAGS_ANSWER | 0x0200, FENCE_NAME, NULL},
        [SILENT] = {FLAGS_ANSWER, FENCE_NAME, NULL},
    };
    bool listed = lie < sizeof(lies) / sizeof(lies[0]) && lies[lie].asked != NULL;

    put_question(m, listed ? lies[lie].flags : FLAGS_ANSWER, listed ? lies[lie].asked : FENCE_NAME,
                 16);
    if (listed && lies[lie].text != NULL)
        put_txt(m, FENCE_NAME, lies[lie].text);
    if (lie == OTHER_NAME || lie == SEVERAL)
        put_txt(m, lie == SEVERAL ? FENCE_NAME : "fence.example.net", FENCE("8"));
    if (lie == SEVERAL)
        put_txt(m, FENCE_NAME, FENCE("9"));
    if (lie == OTHER_TYPE)
        put_a(m, FENCE_NAME, "192.0.2.8");
    if (lie == LOOP) {
        put_pointer(m, m->length);
        put_data(m, 16, "\001a", 2);
    }
}

/* What does not fit into a datagram. */
static void put_long(struct dns_message *m, enum lie lie, bool by_tcp)
{
    put_question(m, FLAGS_ANSWER | (by_tcp ? 0 : 0x0200), FENCE_NAME, 16);
    for (int i = 0; by_tcp && lie == HUGE && i < 60; i++) {
        char text[1001];

        memset(text, 'x', sizeof(text) - 1);
        text[1000] = '\0';
        put_txt(m, FENCE_NAME, text);
    }
    if (by_tcp && lie == CUT_ONCE)
        put_txt(m, FENCE_NAME, FENCE("8"));
}

static size_t answer(struct liar *liar, const uint8_t *query, uint8_t *out, bool by_tcp)
{
    static _Thread_local struct dns_message m; /* 64 KiB */
    enum lie lie = liar->lie;

    if (lie == SILENT)
        return 0;
    if (lie == FICKLE)
        lie = liar->count++ == 0 ? HONEST : OLD;
    if (lie == HUGE || lie == CUT_ONCE)
        put_long(&m, lie, by_tcp);
    else
        put_lie(&m, lie);
    memcpy(m.bytes, query, 2);
    if (lie == OTHER_ID)
        m.bytes[0] ^= 0xff;
    memcpy(out, m.bytes, m.length);
    return m.length;
}

static size_t answer_datagram(void *context, const uint8_t *query, size_t length, uint8_t *out,
                              size_t size)
{
    uint8_t whole[65535];
    size_t used = length >= 12 ? answer(context, query, whole, false) : 0;

    ck_assert_uint_le(used, size);
    memcpy(out, whole, used);
    return used;
}

static void serve_stream(struct server *server, int fd, void *context)
{
    static _Thread_local uint8_t out[2 + 65535];
    uint8_t query[512];
    uint8_t head[2];
    size_t length;

    if (server_read(server, fd, head, 2) != 0)
        return;
    length = (size_t)head[0] << 8 | head[1];
    if (length < 12 || length > sizeof(query) || server_read(server, fd, query, length) != 0)
        return;
    length = answer(context, query, out + 2, true);
    out[0] = (uint8_t)(length >> 8);
    out[1] = (uint8_t)length;
    if (server_send(server, fd, out, length + 2) == 0)
        server_wait_for_close(server, fd);
}

static void liar_start(struct liar *liar)
{
    liar->lie = HONEST;
    liar->count = 0;
    liar->tcp = server_start_tcp(serve_stream, liar);
    liar->udp = server_start_udp_beside(liar->tcp, answer_datagram, liar);
    snprintf(liar->address, sizeof(liar->address), "127.0.0.1:%u",
             (unsigned)server_port(liar->tcp));
}

static void liar_stop(struct liar *liar)
{
    server_stop(liar->udp);
    server_stop(liar->tcp);
}

/* ---- a round ---- */

static void setup(void)
{
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    settings = pizza_settings();
    liar_start(&liars[0]);
    liar_start(&liars[1]);
    ck_assert_int_eq(resolver_create(&loop, "127.0.0.1:1", &resolver), 0);
    is_done = false;
}

static void on_resolver_closed(void *context)
{
    (void)context;
}

static void teardown(void)
{
    resolver_close(resolver, on_resolver_closed, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    liar_stop(&liars[0]);
    liar_stop(&liars[1]);
}

static void on_done(void *context, const struct servers_result *found)
{
    (void)context;
    ck_assert(!is_done);
    is_done = true;
    result = *found;
}

static void run(void)
{
    is_done = false;
    while (!is_done)
        uv_run(&loop, UV_RUN_ONCE);
}

static void ask_servers(void)
{
    const char *const nameservers[] = {liars[0].address, liars[1].address};
    const struct servers_question question = {.uv = &loop,
                                              .resolver = resolver,
                                              .settings = &settings,
                                              .zone = PIZZA_ZONE,
                                              .group = "jwt-pizza",
                                              .apex = "example.com",
                                              .epoch = 8};

    settings.aws_nameservers = nameservers;
    settings.aws_nameserver_count = 2;
    ck_assert_ptr_nonnull(servers_ask(&question, on_done, NULL));
    run();
}

/* How the first server lies, and how the two are counted then. */
static const struct {
    enum lie lie;
    uint32_t answered;
    uint32_t current;
    const char *words;
} cases[] = {
    {HONEST, 2, 2, ""},
    {OLD, 2, 1, " still says epoch 7"},
    {FUTURE, 2, 2, ""}, /* a newer decision: the change has arrived (C7) */
    {IMPOSSIBLE, 2, 1, " has no fence"},
    {LEAPING, 2, 1, " has no fence"}, /* nor from a future that cannot be (C2) */
    {OTHER_NAME, 2, 1, " has no fence"},
    {OTHER_QUESTION, 1, 1, " does not answer (timeout)"},
    {OTHER_TYPE, 2, 1, " has no fence"},
    {OTHER_ID, 1, 1, " does not answer (timeout)"},
    {OTHER_GROUP, 2, 1, " has no fence"},
    {SEVERAL, 2, 1, " has no fence"},
    {GARBAGE, 2, 1, " has no fence"},
    {NO_NAME, 2, 1, " has no fence"},
    {NOTHING, 2, 1, " has no fence"},
    {SERVFAIL, 1, 1, " does not answer (SERVFAIL)"},
    {LOOP, 1, 1, " does not answer (unreadable answer)"},
    {CUT_TWICE, 1, 1, " does not answer (unreadable answer)"},
    {HUGE, 1, 1, " does not answer (unreadable answer)"},
    {CUT_ONCE, 2, 2, ""}, /* and then by TCP */
    {SILENT, 1, 1, " does not answer (timeout)"},
};
enum { CASE_COUNT = sizeof(cases) / sizeof(cases[0]) };

START_TEST(a_server_that_answers_nonsense_is_named_and_holds_nobody_up)
{
    char words[128] = "";

    liars[0].lie = cases[_i].lie;
    ask_servers();
    if (cases[_i].words[0] != '\0')
        snprintf(words, sizeof(words), "%s%s", liars[0].address, cases[_i].words);
    ck_assert_uint_eq(result.asked, 2);
    ck_assert_uint_eq(result.answered, cases[_i].answered);
    ck_assert_uint_eq(result.current, cases[_i].current);
    ck_assert_str_eq(result.others, words);
}
END_TEST

/* ---- the addresses of the delegation set ---- */

static bool twice; /* 127.0.0.1 is given two times */

/* Every name has an address of each family: 127.0.0.1 and ::1. */
static size_t answer_addresses(void *context, const uint8_t *query, size_t length, uint8_t *out,
                               size_t size)
{
    static struct dns_message m;
    bool six = length > 20 && query[length - 3] == 28; /* the question's type, or of what follows */

    (void)context;
    ck_assert_uint_ge(length, 12);
    put_question(&m, FLAGS_ANSWER, "ns1.example.net", six ? 28 : 1);
    put_pointer(&m, QUESTION_AT);
    put_data(&m, six ? 28 : 1, six ? "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1" : "\177\0\0\1",
             six ? 16 : 4);
    if (twice && !six) {
        put_pointer(&m, QUESTION_AT);
        put_data(&m, 1, "\177\0\0\1", 4);
    }
    memcpy(m.bytes, query, 2);
    ck_assert_uint_le(m.length, size);
    memcpy(out, m.bytes, m.length);
    return m.length;
}

/* Only 127.0.0.1 has a server: it answers, so the server does; that ::1 is silent is said. */
static void ask_delegation_set(void)
{
    struct servers_question question = {.uv = &loop,
                                        .route53 = client,
                                        .resolver = resolver,
                                        .settings = &settings,
                                        .zone = PIZZA_ZONE,
                                        .group = "jwt-pizza",
                                        .apex = "example.com",
                                        .epoch = 8};

    question.port = server_port(liars[0].tcp);
    ck_assert_ptr_nonnull(servers_ask(&question, on_done, NULL));
    run();
}

START_TEST(both_families_are_asked_and_a_host_without_one_of_them_is_told_once)
{
    ask_delegation_set();
    ck_assert_uint_eq(result.asked, 1);
    ck_assert_uint_eq(result.answered, 1);
    ck_assert_uint_eq(result.current, 1);
    ck_assert_str_eq(result.others, "no server is reached over IPv6 from here");
}
END_TEST

/* C7: a server is current when all of its addresses that answer are: behind each of them stands
 * another machine. */
START_TEST(the_addresses_of_a_server_have_to_agree)
{
    twice = true;
    liars[0].lie = FICKLE;
    ask_delegation_set();
    ck_assert_uint_eq(result.asked, 1);
    ck_assert_uint_eq(result.answered, 1);
    ck_assert_uint_eq(result.current, 0);
    ck_assert_ptr_nonnull(strstr(result.others, "ns1.example.net (127.0.0.1:"));
    ck_assert_ptr_nonnull(strstr(result.others, ") still says epoch 7, no server is reached"));
}
END_TEST

/* ---- resolvers ---- */

static struct tail fence_tail(void)
{
    struct tail tail = {.question_count = 1, .ttl_ms = 10000};

    tail.questions[0] = (struct tail_question){
        .name = FENCE_NAME, .type = DNS_TYPE_TXT, .group = "jwt-pizza", .epoch = 8};
    return tail;
}

START_TEST(a_resolver_that_answers_nonsense_is_named_and_counts_for_nothing)
{
    const char *const resolvers[] = {liars[0].address, liars[1].address};
    struct tail tail = fence_tail();

    liars[0].lie = cases[_i].lie;
    ck_assert_ptr_nonnull(caches_ask(&loop, resolvers, 2, &tail, on_done, NULL));
    run();
    ck_assert_uint_eq(result.asked, 2);
    ck_assert_uint_eq(result.answered, cases[_i].answered);
    ck_assert_uint_eq(result.current, cases[_i].current);
    ck_assert_int_eq(result.others[0] == '\0', cases[_i].words[0] == '\0');
    for (const char *at = result.others; *at != '\0'; at++)
        ck_assert(*at >= ' ' && *at < 0x7f); /* it goes to logs */
}
END_TEST

START_TEST(a_round_that_is_hurried_ends_at_once)
{
    const char *const resolvers[] = {liars[0].address};
    struct tail tail = fence_tail();
    struct caches_round *round;

    liars[0].lie = SILENT;
    round = caches_ask(&loop, resolvers, 1, &tail, on_done, NULL);
    ck_assert_ptr_nonnull(round);
    caches_cancel(round);
    run();
    ck_assert_uint_eq(result.answered, 0);
    ck_assert_ptr_nonnull(strstr(result.others, "cancelled"));
}
END_TEST

/* ---- with a delegation set ---- */

static struct server *addresses;
static const char *const delegation[] = {"--nameserver", "ns1.example.net=127.0.0.1", NULL};

static void setup_set(void)
{
    char server[32];

    twice = false;
    lab = lab_start(delegation);
    route53_set_up();
    liar_start(&liars[0]);
    liar_start(&liars[1]);
    addresses = server_start_udp(answer_addresses, NULL);
    snprintf(server, sizeof(server), "127.0.0.1:%u", (unsigned)server_port(addresses));
    ck_assert_int_eq(resolver_create(&loop, server, &resolver), 0);
}

static void teardown_set(void)
{
    client_close();
    resolver_close(resolver, on_resolver_closed, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    route53_tear_down();
    liar_stop(&liars[0]);
    liar_stop(&liars[1]);
    server_stop(addresses);
    lab_stop(lab);
}

int main(void)
{
    Suite *suite = suite_create("verification");
    TCase *tests = tcase_create("rounds");
    TCase *sets = tcase_create("delegation set");

    tcase_set_timeout(tests, 300);
    tcase_set_timeout(sets, 300);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, a_server_that_answers_nonsense_is_named_and_holds_nobody_up, 0,
                        CASE_COUNT);
    tcase_add_loop_test(tests, a_resolver_that_answers_nonsense_is_named_and_counts_for_nothing, 0,
                        CASE_COUNT);
    tcase_add_test(tests, a_round_that_is_hurried_ends_at_once);
    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(sets, setup_set, teardown_set);
    tcase_add_test(sets, both_families_are_asked_and_a_host_without_one_of_them_is_told_once);
    tcase_add_test(sets, the_addresses_of_a_server_have_to_agree);
    suite_add_tcase(suite, sets);
    return run_suite(suite);
}
