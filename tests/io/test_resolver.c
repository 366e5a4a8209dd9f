/* SPDX-License-Identifier: Apache-2.0 */
/* Names to addresses, against a name server on loopback that is wrong on purpose. */
#include <check.h>
#include <string.h>
#include <sys/resource.h>

#include "../lib/suite.h"
#include "../lib/zone.h"
#include "dns_ask.h"
#include "resolver.h"

static uv_loop_t loop;
static struct zone zone;
static struct resolver *resolver;
static bool is_closed;
static bool inside;

/* A lookup or question, and what became of it. */
struct outcome {
    unsigned done_count;
    struct resolution resolution;
    enum dns_status status;
    size_t text_count;
    char texts[4][1024];
};

static void on_closed(void *context)
{
    (void)context;
    is_closed = true;
}

static void on_resolved(void *context, const struct resolution *resolution)
{
    struct outcome *outcome = context;

    ck_assert(!inside);
    outcome->done_count++;
    outcome->resolution = *resolution;
}

static void on_asked(void *context, enum dns_status status, const char *const *texts, size_t count)
{
    struct outcome *outcome = context;

    ck_assert(!inside);
    outcome->done_count++;
    outcome->status = status;
    outcome->text_count = count;
    for (size_t i = 0; i < count && i < 4; i++)
        memcpy(outcome->texts[i], texts[i], strlen(texts[i]) + 1);
}

static void setup(void)
{
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    zone_start(&zone);
    ck_assert_int_eq(resolver_create(&loop, zone.server, &resolver), 0);
    is_closed = false;
}

static void teardown(void)
{
    if (!is_closed)
        resolver_close(resolver, on_closed, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert(is_closed);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    zone_stop(&zone);
}

static struct lookup *look_up(const char *name, struct outcome *outcome)
{
    struct lookup *lookup;

    inside = true;
    lookup = resolver_lookup(resolver, name, on_resolved, outcome);
    inside = false;
    return lookup;
}

static struct outcome resolve(const char *name)
{
    struct outcome outcome = {0};

    look_up(name, &outcome);
    while (outcome.done_count == 0)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_eq(outcome.done_count, 1);
    return outcome;
}

static const char *first_address(const struct resolution *resolution)
{
    static char text[ADDRESS_TEXT_MAX];

    ck_assert_int_eq(resolution->status, DNS_OK);
    ck_assert_uint_gt(resolution->count, 0);
    address_format(&resolution->addresses[0], text);
    return text;
}

/* V4: our own trouble, which says nothing about the name. */
START_TEST(without_descriptors_no_name_server_is_blamed)
{
    struct rlimit before;
    struct rlimit none;
    struct outcome outcome;

    getrlimit(RLIMIT_NOFILE, &before);
    none = (struct rlimit){3, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    outcome = resolve("good.test");
    setrlimit(RLIMIT_NOFILE, &before);
    ck_assert_int_eq(outcome.resolution.status, DNS_NO_SOCKET);
}
END_TEST

START_TEST(a_name_resolves_to_its_address)
{
    struct outcome outcome = resolve("good.test");

    ck_assert_str_eq(first_address(&outcome.resolution), "127.0.0.1:0");
    ck_assert_uint_eq(outcome.resolution.count, 1);
}
END_TEST

START_TEST(a_name_of_ipv6_alone_resolves)
{
    struct outcome outcome = resolve("six.test");

    ck_assert_str_eq(first_address(&outcome.resolution), "[::1]:0");
}
END_TEST

START_TEST(localhost_resolves_without_a_question_to_the_network)
{
    struct outcome outcome = resolve("localhost");

    ck_assert_int_eq(outcome.resolution.status, DNS_OK);
    ck_assert_uint_eq(server_count(zone.udp), 0);
}
END_TEST

START_TEST(a_literal_needs_no_lookup)
{
    struct resolution resolution;

    ck_assert(resolver_peek(resolver, "192.0.2.7", &resolution));
    ck_assert_str_eq(first_address(&resolution), "192.0.2.7:0");
    ck_assert(resolver_peek(resolver, "2001:db8::7", &resolution));
    ck_assert_str_eq(first_address(&resolution), "[2001:db8::7]:0");
    ck_assert(!resolver_peek(resolver, "192.0.2", &resolution));
    ck_assert_uint_eq(resolver_question_count(resolver), 0);
}
END_TEST

START_TEST(a_long_answer_is_cut_at_its_limit)
{
    struct outcome outcome = resolve("many.test");

    ck_assert_uint_eq(outcome.resolution.count, RESOLVER_ADDRESSES_MAX);
    ck_assert_uint_eq(outcome.resolution.found, 20);
}
END_TEST

static const struct {
    const char *name;
    enum dns_status status;
} failures[] = {
    {"missing.test", DNS_NXDOMAIN},
    {"empty.test", DNS_NODATA},
    {"broken.test", DNS_SERVFAIL},
    {"refused.test", DNS_REFUSED},
    {"a..b", DNS_BAD_NAME},
    {"0123456789012345678901234567890123456789012345678901234567890123.test", DNS_BAD_NAME},
};

START_TEST(a_failure_is_told_by_its_reason)
{
    struct outcome outcome = resolve(failures[_i].name);

    ck_assert_msg(outcome.resolution.status == failures[_i].status, "%s: %s", failures[_i].name,
                  dns_status_name(outcome.resolution.status));
    ck_assert_uint_eq(outcome.resolution.count, 0);
}
END_TEST

START_TEST(lookups_of_one_name_share_one_question)
{
    struct outcome outcomes[50] = {0};

    for (int i = 0; i < 50; i++)
        look_up("good.test", &outcomes[i]);
    while (outcomes[49].done_count == 0)
        uv_run(&loop, UV_RUN_ONCE);
    for (int i = 0; i < 50; i++)
        ck_assert_str_eq(first_address(&outcomes[i].resolution), "127.0.0.1:0");
    ck_assert_uint_eq(resolver_question_count(resolver), 1);
}
END_TEST

/* Is the name still known so long after it was resolved? The loop's time is ours to set. */
static bool is_known_after(const char *name, uint64_t later_ms)
{
    struct resolution resolution;
    uint64_t now = loop.time;
    bool known;

    loop.time += later_ms;
    known = resolver_peek(resolver, name, &resolution);
    loop.time = now;
    return known;
}

START_TEST(an_answer_is_kept_as_long_as_its_ttl)
{
    resolve("good.test");
    ck_assert(is_known_after("good.test", 4900));
    ck_assert(!is_known_after("good.test", 5000));
}
END_TEST

START_TEST(the_shortest_ttl_of_a_chain_counts)
{
    struct outcome outcome = resolve("chain.test");

    ck_assert_str_eq(first_address(&outcome.resolution), "127.0.0.1:0");
    ck_assert(is_known_after("chain.test", 1900));
    ck_assert(!is_known_after("chain.test", 2000));
}
END_TEST

START_TEST(a_ttl_is_kept_within_one_second_and_one_minute)
{
    resolve("fleeting.test");
    ck_assert(is_known_after("fleeting.test", 900));
    ck_assert(!is_known_after("fleeting.test", RESOLVER_TTL_MIN_MS));
    resolve("lasting.test");
    ck_assert(is_known_after("lasting.test", 59000));
    ck_assert(!is_known_after("lasting.test", RESOLVER_TTL_MAX_MS));
}
END_TEST

START_TEST(a_failure_is_forgotten_before_the_next_attempt)
{
    resolve("missing.test");
    ck_assert(!is_known_after("missing.test", RESOLVER_FAILURE_MS));
}
END_TEST

START_TEST(more_names_than_the_limit_push_the_oldest_out)
{
    struct resolution resolution;
    char name[32];

    resolve("lasting.test");
    for (int i = 0; i < RESOLVER_NAMES_MAX; i++) {
        struct outcome outcome = {0};

        snprintf(name, sizeof(name), "a..%d", i); /* not a name: ends without a question */
        look_up(name, &outcome);
        uv_run(&loop, UV_RUN_NOWAIT);
        while (outcome.done_count == 0)
            uv_run(&loop, UV_RUN_ONCE);
    }
    ck_assert(!resolver_peek(resolver, "lasting.test", &resolution));
}
END_TEST

START_TEST(a_cancelled_lookup_is_never_told)
{
    struct outcome cancelled = {0};
    struct outcome kept = {0};
    struct lookup *lookup = look_up("good.test", &cancelled);

    look_up("good.test", &kept);
    resolver_cancel(lookup);
    resolver_cancel(NULL);
    while (kept.done_count == 0)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_eq(cancelled.done_count, 0);
}
END_TEST

START_TEST(a_lookup_already_answered_may_be_cancelled)
{
    struct outcome cancelled = {0};
    struct outcome kept = {0};

    resolve("good.test");
    resolver_cancel(look_up("good.test", &cancelled)); /* known: waits for the loop only */
    look_up("good.test", &kept);
    while (kept.done_count == 0)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_eq(cancelled.done_count, 0);
}
END_TEST

START_TEST(closing_forgets_what_is_asked)
{
    struct outcome outcomes[3] = {0};

    look_up("silent.test", &outcomes[0]);
    look_up("silent.test", &outcomes[1]);
    look_up("localhost", &outcomes[2]);
    while (server_count(zone.udp) == 0)
        uv_run(&loop, UV_RUN_NOWAIT);
    look_up("localhost", &outcomes[2]);
    outcomes[2].done_count = 0;
    resolver_close(resolver, on_closed, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert(is_closed);
    for (int i = 0; i < 3; i++)
        ck_assert_uint_eq(outcomes[i].done_count, 0);
}
END_TEST

START_TEST(bad_servers_are_refused)
{
    struct resolver *none = NULL;

    ck_assert_int_eq(resolver_create(&loop, "not an address", &none), -EINVAL);
    ck_assert_ptr_null(none);
    resolver_close(NULL, on_closed, NULL);
    ck_assert(is_closed);
    is_closed = false;
}
END_TEST

/* ---- one question to one server ---- */

static struct outcome ask_txt(const char *server, const char *name, msec_t timeout_ms)
{
    struct outcome outcome = {0};
    struct dns_ask *ask = NULL;

    inside = true;
    ck_assert_int_eq(dns_ask_txt(&loop, server, name, timeout_ms, on_asked, &outcome, &ask), 0);
    inside = false;
    while (outcome.done_count == 0)
        uv_run(&loop, UV_RUN_ONCE);
    return outcome;
}

START_TEST(the_texts_of_a_server_come_joined_one_for_each_record)
{
    struct outcome outcome = ask_txt(zone.server, "txt.test", 60000);

    ck_assert_int_eq(outcome.status, DNS_OK);
    ck_assert_uint_eq(outcome.text_count, 2);
    ck_assert_str_eq(outcome.texts[0], "v=rs1 group=g");
    ck_assert_str_eq(outcome.texts[1], "other");
}
END_TEST

START_TEST(a_cut_answer_is_asked_for_again_over_tcp)
{
    struct outcome outcome = ask_txt(zone.server, "big.test", 60000);

    ck_assert_int_eq(outcome.status, DNS_OK);
    ck_assert_uint_eq(outcome.text_count, 3);
    ck_assert_uint_eq(strlen(outcome.texts[2]), 255);
    ck_assert_uint_eq(server_count(zone.tcp), 1);
}
END_TEST

static const struct {
    const char *name;
    enum dns_status status;
} txt_failures[] = {
    {"missing.test", DNS_NXDOMAIN}, {"empty.test", DNS_NODATA},    {"good.test", DNS_NODATA},
    {"broken.test", DNS_SERVFAIL},  {"refused.test", DNS_REFUSED}, {"a..b", DNS_BAD_NAME},
};

START_TEST(a_server_without_the_text_says_why)
{
    struct outcome outcome = ask_txt(zone.server, txt_failures[_i].name, 60000);

    ck_assert_msg(outcome.status == txt_failures[_i].status, "%s: %s", txt_failures[_i].name,
                  dns_status_name(outcome.status));
    ck_assert_uint_eq(outcome.text_count, 0);
}
END_TEST

START_TEST(a_silent_server_ends_at_the_deadline)
{
    ck_assert_int_eq(ask_txt(zone.server, "silent.test", 40).status, DNS_TIMEOUT);
}
END_TEST

START_TEST(an_answer_that_is_junk_is_no_answer)
{
    enum dns_status status = ask_txt(zone.server, "junk.test", 40).status;

    ck_assert(status == DNS_BAD_ANSWER || status == DNS_TIMEOUT);
}
END_TEST

START_TEST(a_server_that_is_not_there_is_unreachable)
{
    char server[32];

    snprintf(server, sizeof(server), "127.0.0.1:%u", server_free_port());
    ck_assert_int_eq(ask_txt(server, "txt.test", 60000).status, DNS_UNREACHABLE);
}
END_TEST

START_TEST(a_cancelled_question_is_told_as_cancelled)
{
    struct outcome outcome = {0};
    struct dns_ask *ask = NULL;

    ck_assert_int_eq(
        dns_ask_txt(&loop, zone.server, "silent.test", 60000, on_asked, &outcome, &ask), 0);
    while (server_count(zone.udp) == 0)
        uv_run(&loop, UV_RUN_NOWAIT);
    inside = true;
    dns_ask_cancel(ask);
    dns_ask_cancel(ask);
    inside = false;
    while (outcome.done_count == 0)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_eq(outcome.done_count, 1);
    ck_assert_int_eq(outcome.status, DNS_CANCELLED);
}
END_TEST

START_TEST(a_refusal_shows_that_a_server_is_alive)
{
    struct outcome outcome = {0};
    struct dns_ask *ask = NULL;

    ck_assert_int_eq(dns_ask_alive(&loop, zone.server, 60000, on_asked, &outcome, &ask), 0);
    while (outcome.done_count == 0)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_int_eq(outcome.status, DNS_OK);
    ck_assert_uint_eq(outcome.text_count, 0);
}
END_TEST

START_TEST(a_bad_server_is_refused_at_once)
{
    struct outcome outcome = {0};
    struct dns_ask *ask = NULL;

    ck_assert_int_eq(dns_ask_txt(&loop, "ns1.example", "x", 1, on_asked, &outcome, &ask), -EINVAL);
    ck_assert_ptr_null(ask);
}
END_TEST

static TCase *resolver_tests(void)
{
    TCase *tests = tcase_create("resolver");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 300); /* a hang, not a speed */
    tcase_add_test(tests, a_name_resolves_to_its_address);
    tcase_add_test(tests, without_descriptors_no_name_server_is_blamed);
    tcase_add_test(tests, a_name_of_ipv6_alone_resolves);
    tcase_add_test(tests, localhost_resolves_without_a_question_to_the_network);
    tcase_add_test(tests, a_literal_needs_no_lookup);
    tcase_add_test(tests, a_long_answer_is_cut_at_its_limit);
    tcase_add_loop_test(tests, a_failure_is_told_by_its_reason, 0,
                        (int)(sizeof(failures) / sizeof(failures[0])));
    tcase_add_test(tests, lookups_of_one_name_share_one_question);
    tcase_add_test(tests, an_answer_is_kept_as_long_as_its_ttl);
    tcase_add_test(tests, the_shortest_ttl_of_a_chain_counts);
    tcase_add_test(tests, a_ttl_is_kept_within_one_second_and_one_minute);
    tcase_add_test(tests, a_failure_is_forgotten_before_the_next_attempt);
    tcase_add_test(tests, more_names_than_the_limit_push_the_oldest_out);
    tcase_add_test(tests, a_cancelled_lookup_is_never_told);
    tcase_add_test(tests, a_lookup_already_answered_may_be_cancelled);
    tcase_add_test(tests, closing_forgets_what_is_asked);
    tcase_add_test(tests, bad_servers_are_refused);
    return tests;
}

static TCase *ask_tests(void)
{
    TCase *tests = tcase_create("dns_ask");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 300); /* a hang, not a speed */
    tcase_add_test(tests, the_texts_of_a_server_come_joined_one_for_each_record);
    tcase_add_test(tests, a_cut_answer_is_asked_for_again_over_tcp);
    tcase_add_loop_test(tests, a_server_without_the_text_says_why, 0,
                        (int)(sizeof(txt_failures) / sizeof(txt_failures[0])));
    tcase_add_test(tests, a_silent_server_ends_at_the_deadline);
    tcase_add_test(tests, an_answer_that_is_junk_is_no_answer);
    tcase_add_test(tests, a_server_that_is_not_there_is_unreachable);
    tcase_add_test(tests, a_cancelled_question_is_told_as_cancelled);
    tcase_add_test(tests, a_refusal_shows_that_a_server_is_alive);
    tcase_add_test(tests, a_bad_server_is_refused_at_once);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("resolver");

    suite_add_tcase(suite, resolver_tests());
    suite_add_tcase(suite, ask_tests());
    return run_suite(suite);
}
