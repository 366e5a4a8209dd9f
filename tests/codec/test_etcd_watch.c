/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a watch, and errors in all their shapes. */
#include <check.h>
#include <string.h>

#include "../lib/suite.h"
#include "etcd_answers.h"
#include "etcd_json.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static char error[320];
static struct etcd_watch_line line;

static int read_line(const char *text)
{
    error[0] = '\0';
    return etcd_read_watch(PREFIX, text, strlen(text), &line, error, sizeof(error));
}

static void take(const char *text)
{
    ck_assert_msg(read_line(text) == 0, "%s", error);
}

/* ---- lines ---- */

START_TEST(a_watch_begins_with_a_line_that_says_so)
{
    take(WATCH_CREATED);
    ck_assert(line.created && !line.canceled && !line.progress);
    ck_assert_uint_eq(line.revision, 3);
    ck_assert_uint_eq(line.count, 0);
    ck_assert_int_eq(line.error.fault, ETCD_FAULT_NONE);
    etcd_watch_line_clear(&line);
}
END_TEST

START_TEST(events_tell_changes_and_deletions)
{
    take(WATCH_EVENTS);
    ck_assert(!line.created && !line.canceled && !line.progress);
    ck_assert_uint_eq(line.revision, 5);
    ck_assert_uint_eq(line.count, 2);
    ck_assert_str_eq(line.items[0].key, "a");
    ck_assert_ptr_null(line.items[0].value);
    ck_assert_uint_eq(line.items[0].mod_revision, 5);
    ck_assert_str_eq(line.items[1].key, "c");
    ck_assert_uint_eq(line.items[1].length, 3);
    ck_assert_mem_eq(line.items[1].value, "\0\1\2", 4);
    etcd_watch_line_clear(&line);
}
END_TEST

START_TEST(an_answer_without_events_is_a_sign_of_life)
{
    take(WATCH_PROGRESS);
    ck_assert(line.progress && !line.created && !line.canceled);
    ck_assert_uint_eq(line.revision, 3);
    etcd_watch_line_clear(&line);
}
END_TEST

START_TEST(a_watch_of_what_is_compacted_says_up_to_where)
{
    take(WATCH_COMPACTED);
    ck_assert(line.canceled && !line.progress);
    ck_assert_uint_eq(line.compacted, 3);
    ck_assert_uint_eq(line.revision, 0);
    ck_assert_int_eq(line.error.fault, ETCD_COMPACTED);
    etcd_watch_line_clear(&line);
}
END_TEST

START_TEST(a_watch_without_the_right_is_created_and_canceled_at_once)
{
    take(WATCH_DENIED);
    ck_assert(line.created && line.canceled);
    ck_assert_int_eq(line.error.fault, ETCD_DENIED);
    ck_assert_uint_eq(line.compacted, 0);
    etcd_watch_line_clear(&line);
    take(WATCH_ENDED("rpc error: code = Unauthenticated desc = etcdserver: invalid auth token"));
    ck_assert_int_eq(line.error.fault, ETCD_BAD_TOKEN);
    etcd_watch_line_clear(&line);
    take(WATCH_ENDED("rpc error: code = InvalidArgument desc = etcdserver: user name is empty"));
    ck_assert_int_eq(line.error.fault, ETCD_DENIED);
    etcd_watch_line_clear(&line);
    take(WATCH_ENDED("mvcc: watcher range is empty"));
    ck_assert_int_eq(line.error.fault, ETCD_INVALID);
    etcd_watch_line_clear(&line);
}
END_TEST

START_TEST(a_watch_canceled_without_a_reason_has_an_unknown_fault)
{
    take(WATCH_CANCELED);
    ck_assert(line.canceled);
    ck_assert_int_eq(line.error.fault, ETCD_UNKNOWN);
    etcd_watch_line_clear(&line);
}
END_TEST

START_TEST(an_error_inside_the_stream_is_read_as_one)
{
    take(STREAM_ERROR);
    ck_assert_int_eq(line.error.fault, ETCD_NO_LEADER);
    ck_assert_int_eq(line.error.code, 14);
    ck_assert_str_eq(line.error.words, "etcdserver: no leader");
    ck_assert(!line.progress && !line.created);
    etcd_watch_line_clear(&line);
    take(
        "{\"error\":{\"code\":14,\"message\":\"etcdserver: no leader\",\"details\":[]}}"); /* 3.6 */
    ck_assert_int_eq(line.error.fault, ETCD_NO_LEADER);
    ck_assert_int_eq(line.error.code, 14);
    etcd_watch_line_clear(&line);
}
END_TEST

START_TEST(an_event_under_a_strange_key_is_counted_and_no_sign_of_life)
{
    take("{\"result\":{" HEADER("5") ",\"events\":[{\"kv\":{\"key\":\"L3JzL3AvYQA=\","
                                     "\"create_revision\":5,\"mod_revision\":5}}]}}");
    ck_assert_uint_eq(line.count, 0);
    ck_assert_uint_eq(line.strange, 1);
    ck_assert(!line.progress);
    etcd_watch_line_clear(&line);
}
END_TEST

START_TEST(types_of_events_may_be_numbers)
{
    take("{\"result\":{" HEADER("5") ",\"events\":[{\"type\":1,\"kv\":{\"key\":\"" KEY_A
                                     "\",\"mod_revision\":5}},{\"type\":\"PUT\",\"kv\":" PAIR_C
                                     "}]}}");
    ck_assert_ptr_null(line.items[0].value);
    ck_assert_ptr_nonnull(line.items[1].value);
    etcd_watch_line_clear(&line);
}
END_TEST

#define EVENT(event) "{\"result\":{" HEADER("5") ",\"events\":[" event "]}}"

static const char *const spoilt_lines[] = {
    "",
    "{}",
    "{\"result\":{}}",
    "{\"result\":7}",
    "{\"result\":{\"header\":{},\"created\":true}}",
    "{\"result\":{" HEADER("-5") "}}",
    "{\"result\":{" HEADER("5") ",\"created\":1}}",
    "{\"result\":{" HEADER("5") ",\"events\":{}}}",
    "{\"result\":{" HEADER("5") ",\"canceled\":true,\"compact_revision\":\"-1\"}}",
    "{\"result\":{" HEADER("5") ",\"canceled\":true,\"cancel_reason\":7}}",
    EVENT("{}"),
    EVENT("7"),
    EVENT("{\"kv\":{}}"),
    EVENT("{\"type\":\"MERGE\",\"kv\":" PAIR_A "}"),
    EVENT("{\"type\":2,\"kv\":" PAIR_A "}"),
    EVENT("{\"type\":\"DELETE\",\"kv\":{\"key\":\"" KEY_A "\"}}"),
    EVENT("{\"kv\":{\"key\":\"L290aGVyL2E=\",\"create_revision\":1,\"mod_revision\":5}}"),
    WATCH_CREATED WATCH_CREATED,
};

START_TEST(a_spoilt_line_is_refused)
{
    memset(&line, 0, sizeof(line));
    line.revision = 77;
    ck_assert_msg(read_line(spoilt_lines[_i]) == -1, "%s", spoilt_lines[_i]);
    ck_assert_str_ne(error, "");
    ck_assert_uint_eq(line.revision, 77);
}
END_TEST

/* ---- errors ---- */

static const struct {
    int http;
    const char *body;
    enum etcd_fault fault;
    int code;
} answers[] = {
    /* seen, 3.4.23 */
    {503, ERROR("etcdserver: no leader", "14"), ETCD_NO_LEADER, 14},
    {503, STREAM_ERROR, ETCD_NO_LEADER, 14},
    {503, ERROR("etcdserver: request timed out", "14"), ETCD_TIMEOUT, 14},
    {500, ERROR("context deadline exceeded", "2"), ETCD_TIMEOUT, 2},
    {401, ERROR("etcdserver: invalid auth token", "16"), ETCD_BAD_TOKEN, 16},
    {403, ERROR("etcdserver: permission denied", "7"), ETCD_DENIED, 7},
    {400, ERROR("etcdserver: authentication failed, invalid user ID or password", "3"), ETCD_DENIED,
     3},
    {400, ERROR("etcdserver: user name is empty", "3"), ETCD_DENIED, 3},
    {412, ERROR("etcdserver: authentication is not enabled", "9"), ETCD_DENIED, 9},
    {400, ERROR("etcdserver: mvcc: required revision has been compacted", "11"), ETCD_COMPACTED,
     11},
    {400, ERROR("etcdserver: mvcc: required revision is a future revision", "11"), ETCD_FUTURE, 11},
    {400, ERROR("etcdserver: too large lease TTL", "11"), ETCD_INVALID, 11},
    {429, ERROR("etcdserver: mvcc: database space exceeded", "8"), ETCD_NO_SPACE, 8},
    {429, ERROR("grpc: received message larger than max (3700014 vs. 2097152)", "8"), ETCD_INVALID,
     8},
    {400, ERROR("etcdserver: request is too large", "3"), ETCD_INVALID, 3},
    {400, ERROR("etcdserver: too many operations in txn request", "3"), ETCD_INVALID, 3},
    {400, ERROR("etcdserver: duplicate key given in txn request", "3"), ETCD_INVALID, 3},
    {400, ERROR("etcdserver: key is not provided", "3"), ETCD_INVALID, 3},
    {400, ERROR("illegal base64 data at input byte 0", "3"), ETCD_INVALID, 3},
    {404, ERROR("etcdserver: requested lease not found", "5"), ETCD_NO_LEASE, 5},
    {412, ERROR("etcdserver: lease already exists", "9"), ETCD_INVALID, 9},
    {404, "Not Found\n", ETCD_UNKNOWN, -1},
    {405, "Method Not Allowed\n", ETCD_UNKNOWN, -1},
    {400,
     "CommonName of client sending a request against gateway will be ignored and not used as "
     "expected\n",
     ETCD_DENIED, -1},
    /* other versions */
    {429, ERROR("etcdserver: too many requests", "8"), ETCD_TOO_MANY, 8},
    {503, ERROR("etcdserver: leader changed", "14"), ETCD_NO_LEADER, 14},
    {503, ERROR("etcdserver: request timed out, possibly due to connection lost", "14"),
     ETCD_TIMEOUT, 14},
    {503, ERROR("etcdserver: server stopped", "14"), ETCD_UNAVAILABLE, 14},
    {400, ERROR("etcdserver: revision of auth store is old", "3"), ETCD_BAD_TOKEN, 3},
    {500, ERROR("etcdserver: corrupt cluster", "15"), ETCD_CORRUPT, 15},
    {400, "{\"code\":7,\"message\":\"no\",\"details\":[]}", ETCD_DENIED, 7},
    {503, ERROR("transport is closing", "14"), ETCD_UNAVAILABLE, 14},
    {504, ERROR("words of tomorrow", "4"), ETCD_TIMEOUT, 4},
    {401, ERROR("words of tomorrow", "16"), ETCD_BAD_TOKEN, 16},
    {429, ERROR("words of tomorrow", "8"), ETCD_UNKNOWN, 8}, /* perhaps done */
    {400, ERROR("words of tomorrow", "11"), ETCD_UNKNOWN, 11},
    {500, ERROR("words of tomorrow", "2"), ETCD_UNKNOWN, 2},
    {500, ERROR("words of tomorrow", "99"), ETCD_UNKNOWN, -1},
    {500, ERROR("words of tomorrow", "-3"), ETCD_UNKNOWN, -1},
    /* not etcd */
    {503, "<html>503 Service Unavailable</html>", ETCD_UNAVAILABLE, -1},
    {503, "<html>etcdserver: no leader</html>", ETCD_UNAVAILABLE, -1}, /* perhaps done */
    {502, "", ETCD_UNAVAILABLE, -1},
    {504, "{}", ETCD_TIMEOUT, -1},
    {429, "slow down", ETCD_TOO_MANY, -1},
    {401, "", ETCD_DENIED, -1},
    {403, "[]", ETCD_DENIED, -1},
    {500, "{\"error\":", ETCD_UNKNOWN, -1},
    {200, "", ETCD_UNKNOWN, -1},
    {0, "", ETCD_UNKNOWN, -1},
    {500, "{\"error\":7,\"code\":\"14\",\"message\":[]}", ETCD_UNKNOWN, -1},
    {500, "{\"error\":\"etcdserver: no leader\",\"code\":14}", ETCD_NO_LEADER, 14},
};

START_TEST(an_answer_that_is_no_success_is_judged)
{
    struct etcd_error words;

    etcd_read_error(answers[_i].http, answers[_i].body, strlen(answers[_i].body), &words);
    ck_assert_msg(words.fault == answers[_i].fault, "%s: %s", answers[_i].body,
                  etcd_fault_name(words.fault));
    ck_assert_int_eq(words.code, answers[_i].code);
}
END_TEST

START_TEST(words_are_one_printable_line_and_cut)
{
    static const char coloured[] = "{\"message\":\"\\u001b[2J\\nhi\",\"code\":2}";
    struct etcd_error words;
    char body[1000];

    etcd_read_error(500, coloured, strlen(coloured), &words);
    ck_assert_ptr_nonnull(strstr(words.words, "hi"));
    for (const char *at = words.words; *at != '\0'; at++)
        ck_assert(*at >= ' ' && *at < 127);
    memset(body, 'x', sizeof(body));
    etcd_read_error(500, body, sizeof(body), &words);
    ck_assert_uint_eq(strlen(words.words), ETCD_WORDS_MAX);
}
END_TEST

/* S2, and the dear mistake: what may have been done is not said to be undone. */
START_TEST(only_refusals_mean_that_nothing_was_done)
{
    static const enum etcd_fault doubtful[] = {ETCD_FAULT_NONE, ETCD_TIMEOUT, ETCD_UNAVAILABLE,
                                               ETCD_NO_SPACE, ETCD_UNKNOWN};
    static const enum etcd_fault refusals[] = {ETCD_NO_LEADER, ETCD_TOO_MANY, ETCD_BAD_TOKEN,
                                               ETCD_DENIED,    ETCD_NO_LEASE, ETCD_INVALID};

    for (size_t i = 0; i < COUNT(doubtful); i++)
        ck_assert(!etcd_fault_means_not_done(doubtful[i]));
    for (size_t i = 0; i < COUNT(refusals); i++)
        ck_assert(etcd_fault_means_not_done(refusals[i]));
}
END_TEST

START_TEST(each_fault_has_a_name_and_a_status)
{
    for (int fault = ETCD_FAULT_NONE; fault <= ETCD_UNKNOWN; fault++) {
        ck_assert_ptr_nonnull(etcd_fault_name((enum etcd_fault)fault));
        ck_assert_int_eq(etcd_fault_status((enum etcd_fault)fault) == STORE_OK,
                         fault == ETCD_FAULT_NONE);
    }
    ck_assert_int_eq(etcd_fault_status(ETCD_NO_LEASE), STORE_LEASE_LOST);
    ck_assert_int_eq(etcd_fault_status(ETCD_NO_SPACE), STORE_FULL);
    ck_assert_int_eq(etcd_fault_status(ETCD_DENIED), STORE_DENIED);
    ck_assert_int_eq(etcd_fault_status(ETCD_CORRUPT), STORE_CORRUPT);
    ck_assert_int_eq(etcd_fault_status(ETCD_UNKNOWN), STORE_AWAY);
    ck_assert_int_eq(etcd_fault_status(ETCD_TIMEOUT), STORE_AWAY);
}
END_TEST

static TCase *lines(void)
{
    TCase *tests = tcase_create("lines");

    tcase_add_test(tests, a_watch_begins_with_a_line_that_says_so);
    tcase_add_test(tests, events_tell_changes_and_deletions);
    tcase_add_test(tests, an_answer_without_events_is_a_sign_of_life);
    tcase_add_test(tests, a_watch_of_what_is_compacted_says_up_to_where);
    tcase_add_test(tests, a_watch_without_the_right_is_created_and_canceled_at_once);
    tcase_add_test(tests, a_watch_canceled_without_a_reason_has_an_unknown_fault);
    tcase_add_test(tests, an_error_inside_the_stream_is_read_as_one);
    tcase_add_test(tests, an_event_under_a_strange_key_is_counted_and_no_sign_of_life);
    tcase_add_test(tests, types_of_events_may_be_numbers);
    tcase_add_loop_test(tests, a_spoilt_line_is_refused, 0, COUNT(spoilt_lines));
    return tests;
}

static TCase *faults(void)
{
    TCase *tests = tcase_create("errors");

    tcase_add_loop_test(tests, an_answer_that_is_no_success_is_judged, 0, COUNT(answers));
    tcase_add_test(tests, words_are_one_printable_line_and_cut);
    tcase_add_test(tests, only_refusals_mean_that_nothing_was_done);
    tcase_add_test(tests, each_fault_has_a_name_and_a_status);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("etcd_watch");

    suite_add_tcase(suite, lines());
    suite_add_tcase(suite, faults());
    return run_suite(suite);
}
