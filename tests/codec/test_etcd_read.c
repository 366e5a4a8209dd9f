/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of a real etcd read as they were meant, and what none would say refused. */
#include <check.h>
#include <string.h>

#include "../lib/suite.h"
#include "base64.h"
#include "etcd_answers.h"
#include "etcd_json.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static char error[320];

static int read_range(const char *body, struct etcd_page *page)
{
    error[0] = '\0';
    return etcd_read_range(PREFIX, body, strlen(body), page, error, sizeof(error));
}

/* ---- pages ---- */

START_TEST(a_range_is_read_with_keys_below_the_prefix)
{
    struct etcd_page page;

    ck_assert_msg(read_range(RANGE, &page) == 0, "%s", error);
    ck_assert_uint_eq(page.revision, 6);
    ck_assert_uint_eq(page.count, 3);
    ck_assert_str_eq(page.items[0].key, "a");
    ck_assert_str_eq(page.items[0].value, "hello");
    ck_assert_uint_eq(page.items[0].length, 5);
    ck_assert_uint_eq(page.items[0].create_revision, 2);
    ck_assert_uint_eq(page.items[0].mod_revision, 3);
    ck_assert_str_eq(page.items[1].value, ""); /* left out, and there all the same */
    ck_assert_uint_eq(page.items[1].length, 0);
    ck_assert_uint_eq(page.items[2].length, 3);
    ck_assert_mem_eq(page.items[2].value, "\0\1\2\0", 4);
    ck_assert_uint_eq(page.strange, 0);
    ck_assert_ptr_null(page.next_key);
    etcd_page_clear(&page);
}
END_TEST

START_TEST(an_empty_range_has_a_revision_and_nothing_else)
{
    struct etcd_page page;

    ck_assert_int_eq(read_range(HEADER_ALONE("1"), &page), 0);
    ck_assert_uint_eq(page.revision, 1);
    ck_assert_uint_eq(page.count, 0);
    etcd_page_clear(&page);
    etcd_page_clear(&page); /* twice is harmless */
}
END_TEST

START_TEST(a_page_says_where_the_next_one_begins)
{
    struct etcd_page page;

    ck_assert_int_eq(read_range(RANGE_MORE, &page), 0);
    ck_assert_str_eq(page.next_key, PREFIX "a\x01");
    etcd_page_clear(&page);
}
END_TEST

START_TEST(numbers_may_be_numbers_and_unknown_fields_are_passed_over)
{
    struct etcd_page page;

    ck_assert_msg(read_range("{\"header\":{\"revision\":9,\"moon\":null},\"new\":[{}],\"kvs\":[{"
                             "\"key\":\"" KEY_A "\",\"create_revision\":2,\"mod_revision\":9,"
                             "\"value\":null,\"shape\":\"round\"}],\"more\":null}",
                             &page) == 0,
                  "%s", error);
    ck_assert_uint_eq(page.revision, 9);
    ck_assert_uint_eq(page.items[0].mod_revision, 9);
    etcd_page_clear(&page);
}
END_TEST

#define KV(key, members) "{\"key\":\"" key "\",\"create_revision\":\"1\"," members "}"
#define MOD "\"mod_revision\":\"1\""
#define KVS(pairs) "{" HEADER("6") ",\"kvs\":[" pairs "]}"

static const struct {
    const char *body;
    const char *words; /* in the complaint */
} spoilt_ranges[] = {
    {"", "not JSON"},
    {"{}", "header: missing"}, /* no empty store */
    {"[]", "not an object"},
    {"null", "not JSON"},
    {"{\"header\":{}}", "revision: 0 is not in"},
    {"{\"header\":[]}", "header: not an object"},
    {"{\"header\":{\"revision\":\"0\"}}", "revision"},
    {"{\"header\":{\"revision\":\"-1\"}}", "revision"},
    {"{\"header\":{\"revision\":-1}}", "revision"},
    {"{\"header\":{\"revision\":\"9223372036854775808\"}}", "not a whole number"},
    {"{\"header\":{\"revision\":9223372036854775808}}", "not JSON"},
    {"{\"header\":{\"revision\":\"99999999999999999999999\"}}", "revision"},
    {"{\"header\":{\"revision\":1e3}}", "revision"},
    {"{\"header\":{\"revision\":\"1e3\"}}", "revision"},
    {"{\"header\":{\"revision\":\" 1\"}}", "revision"},
    {"{\"header\":{\"revision\":\"+1\"}}", "revision"},
    {"{\"header\":{\"revision\":\"01\"}}", "revision"},
    {"{\"header\":{\"revision\":\"0x1\"}}", "revision"},
    {"{\"header\":{\"revision\":\"\"}}", "revision"},
    {"{\"header\":{\"revision\":\"-\"}}", "revision"},
    {"{\"header\":{\"revision\":true}}", "revision"},
    {"{\"header\":{\"revision\":{}}}", "revision"},
    {"{" HEADER("6") "," HEADER("7") "}", "duplicate"},
    {"{" HEADER("6") ",\"kvs\":{}}", "kvs: not a list"},
    {"{" HEADER("6") ",\"kvs\":[7]}", "not an object"},
    {"{" HEADER("6") ",\"more\":\"true\"}", "more: not true or false"},
    {"{" HEADER("6") ",\"more\":true}", "nothing here"},
    {HEADER_ALONE("6") HEADER_ALONE("6"), "not JSON"},
    {KVS("{}"), "outside"},
    {KVS(KV("L290aGVyL2E=", MOD)), "\"/other/a\" is outside of \"/rs/p/\""},
    {KVS(KV("L3JzL3A=", MOD)), "outside"},
    {KVS(KV("L3JzL3AvYQ=", MOD)), "key: not base64"},
    {KVS(KV("L3JzL3AvYQ", MOD)), "key: not base64"},
    {KVS(KV("L3JzL3AvYR==", MOD)), "key: not base64"},
    {KVS(KV("L3Jz\\u0000L3A", MOD)), "not JSON"},
    {KVS(KV(KEY_A, MOD ",\"value\":\"x\"")), "value: not base64"},
    {KVS(KV(KEY_A, MOD ",\"value\":7")), "value: not a string"},
    {KVS(KV(KEY_A, "\"version\":\"1\"")), "mod_revision"},
    {KVS(KV(KEY_A, "\"mod_revision\":\"0\"")), "mod_revision"},
    {KVS(KV(KEY_A, "\"mod_revision\":\"7\"")), "above the store's"},
    {KVS("{\"key\":\"" KEY_A "\",\"create_revision\":\"4\",\"mod_revision\":\"3\"}"),
     "create_revision"},
    {KVS("{\"key\":\"" KEY_A "\",\"mod_revision\":\"3\"}"), "create_revision"},
    {KVS(PAIR_A "," PAIR_A), "not in order"},
    {KVS(PAIR_B "," PAIR_A), "not in order"},
};

START_TEST(a_spoilt_range_is_refused_and_says_why)
{
    struct etcd_page page = {.revision = 77};

    ck_assert_int_eq(read_range(spoilt_ranges[_i].body, &page), -1);
    ck_assert_msg(strstr(error, spoilt_ranges[_i].words) != NULL, "%s: %s", spoilt_ranges[_i].body,
                  error);
    ck_assert_uint_eq(page.revision, 77); /* untouched */
}
END_TEST

START_TEST(a_key_that_a_nul_byte_cuts_below_another_is_no_disorder)
{
    struct etcd_page page;

    /* "/rs/p/a", "/rs/p/a\0", "/rs/p/a\0b" */
    ck_assert_msg(read_range("{" HEADER("6") ",\"kvs\":[" PAIR_A "," KV("L3JzL3AvYQA=", MOD) "," KV(
                                 "L3JzL3AvYQBi", MOD) "],\"more\":true}",
                             &page) == 0,
                  "%s", error);
    ck_assert_uint_eq(page.count, 1);
    ck_assert_uint_eq(page.strange, 2);
    ck_assert_str_eq(page.next_key, PREFIX "a\x01"); /* behind all of them */
    etcd_page_clear(&page);
}
END_TEST

/* A page with one pair. */
static void one_pair(struct buffer *body, const char *key, size_t key_length, size_t value_length)
{
    struct buffer value;

    buffer_init(body, 1 << 20);
    buffer_init(&value, 1 << 20);
    for (size_t i = 0; i < value_length; i++)
        buffer_add_char(&value, 'v');
    buffer_add_text(body, "{" HEADER("6") ",\"more\":true,\"kvs\":[{\"create_revision\":1,"
                                          "\"mod_revision\":1,\"key\":\"");
    base64_write(body, key, key_length);
    buffer_add_text(body, "\",\"value\":\"");
    base64_write(body, buffer_text(&value), value_length);
    buffer_add_text(body, "\"}]}");
    buffer_clear(&value);
    ck_assert(!body->failed);
}

START_TEST(the_longest_key_and_value_are_read_and_longer_ones_hide_nothing_else)
{
    char key[400] = PREFIX;
    const size_t longest = strlen(PREFIX) + STORE_KEY_MAX;
    struct etcd_page page;
    struct buffer body;

    memset(key + strlen(PREFIX), 'k', sizeof(key) - strlen(PREFIX));
    one_pair(&body, key, longest, STORE_VALUE_MAX);
    ck_assert_int_eq(read_range(body.data, &page), 0);
    ck_assert_uint_eq(page.items[0].length, STORE_VALUE_MAX);
    ck_assert_uint_eq(strlen(page.items[0].key), STORE_KEY_MAX);
    ck_assert_uint_eq(page.strange, 0);
    etcd_page_clear(&page);
    buffer_clear(&body);

    one_pair(&body, key, longest, STORE_VALUE_MAX + 1);
    ck_assert_int_eq(read_range(body.data, &page), 0);
    ck_assert_uint_eq(page.count, 1); /* it is there, for compares, and means nothing */
    ck_assert_str_eq(page.items[0].value, "");
    ck_assert_uint_eq(page.items[0].length, 0);
    ck_assert_uint_eq(page.strange, 1);
    etcd_page_clear(&page);
    buffer_clear(&body);

    for (size_t length = longest + 1; length < sizeof(key); length += 60) {
        one_pair(&body, key, length, 1);
        ck_assert_int_eq(read_range(body.data, &page), 0);
        ck_assert_uint_eq(page.count, 0);
        ck_assert_uint_eq(page.strange, 1);
        ck_assert_uint_eq(strlen(page.next_key), longest + 1);
        ck_assert_int_eq(page.next_key[longest], 'l');
        etcd_page_clear(&page);
        buffer_clear(&body);
    }
}
END_TEST

/* Pages of one key each, of a store whose keys are chosen to stop a reader who counts bytes
 * wrongly: each page must begin behind the one before. */
START_TEST(every_next_page_begins_behind_the_last_key)
{
    static char keys[][300] = {PREFIX,         PREFIX "\x01",  PREFIX "a",
                               PREFIX "a\x01", PREFIX "a\xff", PREFIX "\xff"};
    struct etcd_page page;
    struct buffer body;

    for (size_t i = 0; i < COUNT(keys); i++) {
        for (size_t length = strlen(keys[i]); length < sizeof(keys[i]) - 1; length++) {
            one_pair(&body, keys[i], length, 0);
            ck_assert_msg(read_range(body.data, &page) == 0, "%s", error);
            ck_assert_int_gt(strcmp(page.next_key, keys[i]), 0);
            ck_assert_uint_le(strlen(page.next_key), strlen(PREFIX) + STORE_KEY_MAX + 1);
            etcd_page_clear(&page);
            buffer_clear(&body);
            keys[i][length] = (char)(i % 2 == 0 ? 0xff : 'x');
        }
    }
}
END_TEST

/* ---- writes, leases, tokens ---- */

static int read_write(const char *body, bool is_txn, bool *succeeded, uint64_t *revision)
{
    return etcd_read_write(body, strlen(body), is_txn, succeeded, revision, error, sizeof(error));
}

START_TEST(a_transaction_succeeded_only_if_it_says_so)
{
    bool succeeded = false;
    uint64_t revision = 0;

    ck_assert_int_eq(read_write(TXN_DONE, true, &succeeded, &revision), 0);
    ck_assert(succeeded);
    ck_assert_uint_eq(revision, 5);
    ck_assert_int_eq(read_write(HEADER_ALONE("2"), true, &succeeded, &revision), 0);
    ck_assert(!succeeded);
    ck_assert_int_eq(read_write(HEADER_ALONE("2"), false, &succeeded, &revision), 0);
    ck_assert(succeeded); /* a put always did */
    ck_assert_int_eq(read_write("{}", true, &succeeded, &revision), -1);
    ck_assert_int_eq(read_write("{\"succeeded\":true}", true, &succeeded, &revision), -1);
    ck_assert_int_eq(read_write("{\"header\":{}}", false, &succeeded, &revision), -1);
    ck_assert_int_eq(
        read_write("{" HEADER("2") ",\"succeeded\":\"true\"}", true, &succeeded, &revision), -1);
    ck_assert(succeeded);
    ck_assert_uint_eq(revision, 2);
}
END_TEST

static int read_grant(const char *body, int64_t *lease, int64_t *ttl_s)
{
    return etcd_read_grant(body, strlen(body), lease, ttl_s, error, sizeof(error));
}

START_TEST(a_grant_says_which_lease_and_for_how_long)
{
    int64_t lease = 0;
    int64_t ttl_s = 0;

    ck_assert_int_eq(read_grant(GRANT, &lease, &ttl_s), 0);
    ck_assert_int_eq(lease, 1353509824285316105);
    ck_assert_int_eq(ttl_s, 2);
    ck_assert_int_eq(read_grant("{\"ID\":\"-9223372036854775808\",\"TTL\":1}", &lease, &ttl_s), 0);
    ck_assert(lease == INT64_MIN);
    ck_assert_int_eq(read_grant("{\"TTL\":\"2\"}", &lease, &ttl_s), -1);
    ck_assert_int_eq(read_grant("{\"ID\":\"0\",\"TTL\":\"2\"}", &lease, &ttl_s), -1);
    ck_assert_int_eq(read_grant("{\"ID\":\"5\"}", &lease, &ttl_s), -1);
    ck_assert_int_eq(read_grant("{\"ID\":\"5\",\"TTL\":\"-1\"}", &lease, &ttl_s), -1);
    ck_assert_int_eq(read_grant("{\"ID\":\"5\",\"TTL\":\"2\",\"error\":\"no\"}", &lease, &ttl_s),
                     -1);
    ck_assert_str_eq(error, "etcd's lease: error: no");
}
END_TEST

static int read_keepalive(const char *body, int64_t *ttl_s, struct etcd_error *words)
{
    return etcd_read_keepalive(body, strlen(body), ttl_s, words, error, sizeof(error));
}

START_TEST(a_renewal_without_a_time_says_that_the_lease_is_gone)
{
    struct etcd_error words;
    int64_t ttl_s = -1;

    ck_assert_int_eq(read_keepalive(KEEPALIVE, &ttl_s, &words), 0);
    ck_assert_int_eq(ttl_s, 10);
    ck_assert_int_eq(words.fault, ETCD_FAULT_NONE);
    ck_assert_int_eq(read_keepalive(KEEPALIVE_GONE, &ttl_s, &words), 0);
    ck_assert_int_eq(ttl_s, 0);
    ck_assert_int_eq(words.fault, ETCD_FAULT_NONE);
    ck_assert_int_eq(read_keepalive(KEEPALIVE STREAM_ERROR, &ttl_s, &words), 0);
    ck_assert_int_eq(ttl_s, 10); /* what follows is about the stream, not about our renewal */
    ck_assert_int_eq(read_keepalive(STREAM_ERROR, &ttl_s, &words), 0);
    ck_assert_int_eq(words.fault, ETCD_NO_LEADER);
}
END_TEST

START_TEST(an_answer_about_nothing_does_not_lose_a_lease)
{
    static const char *const bodies[] = {"",
                                         "\n",
                                         "{}",
                                         "{\"result\":{}}",
                                         "{\"result\":null}",
                                         "{\"result\":{\"ID\":\"0\"}}",
                                         "{\"result\":{\"ID\":\"7\",\"TTL\":\"-3\"}}"};
    struct etcd_error words;
    int64_t ttl_s = 7;

    for (size_t i = 0; i < COUNT(bodies); i++)
        ck_assert_msg(read_keepalive(bodies[i], &ttl_s, &words) == -1, "%s", bodies[i]);
    ck_assert_int_eq(ttl_s, 7);
}
END_TEST

static int read_token(const char *body, char token[static 24])
{
    return etcd_read_token(body, strlen(body), token, 24, error, sizeof(error));
}

START_TEST(a_token_is_read_if_a_header_can_carry_it)
{
    static const char *const bodies[] = {
        "{}",
        "{\"token\":\"\"}",
        "{\"token\":7}",
        "{\"token\":\"a b\"}",
        "{\"token\":\"a\\r\\nX-Evil: 1\"}",
        "{\"token\":\"caf\\u00e9\"}",
        "{\"token\":\"a\\u007f\"}",
        "{\"token\":\"123456789012345678901234\"}",
    };
    char token[24] = "as it was";

    for (size_t i = 0; i < COUNT(bodies); i++)
        ck_assert_msg(read_token(bodies[i], token) == -1, "%s", bodies[i]);
    ck_assert_str_eq(token, "as it was");
    ck_assert_int_eq(read_token("{\"token\":\"12345678901234567890123\"}", token), 0);
    ck_assert_int_eq(read_token(TOKEN, token), 0);
    ck_assert_str_eq(token, "ivDoqDioXMSMekfX.15");
}
END_TEST

START_TEST(no_part_of_a_token_is_in_a_complaint)
{
    char body[] = TOKEN;
    char token[24];

    for (size_t length = 0; length < strlen(body); length++) {
        ck_assert_int_eq(etcd_read_token(body, length, token, sizeof(token), error, sizeof(error)),
                         -1);
        ck_assert_ptr_null(strstr(error, "ivD"));
    }
}
END_TEST

static TCase *pages(void)
{
    TCase *tests = tcase_create("pages");

    tcase_add_test(tests, a_range_is_read_with_keys_below_the_prefix);
    tcase_add_test(tests, an_empty_range_has_a_revision_and_nothing_else);
    tcase_add_test(tests, a_page_says_where_the_next_one_begins);
    tcase_add_test(tests, numbers_may_be_numbers_and_unknown_fields_are_passed_over);
    tcase_add_loop_test(tests, a_spoilt_range_is_refused_and_says_why, 0, COUNT(spoilt_ranges));
    tcase_add_test(tests, a_key_that_a_nul_byte_cuts_below_another_is_no_disorder);
    tcase_add_test(tests, the_longest_key_and_value_are_read_and_longer_ones_hide_nothing_else);
    tcase_add_test(tests, every_next_page_begins_behind_the_last_key);
    return tests;
}

static TCase *others(void)
{
    TCase *tests = tcase_create("writes, leases, tokens");

    tcase_add_test(tests, a_transaction_succeeded_only_if_it_says_so);
    tcase_add_test(tests, a_grant_says_which_lease_and_for_how_long);
    tcase_add_test(tests, a_renewal_without_a_time_says_that_the_lease_is_gone);
    tcase_add_test(tests, an_answer_about_nothing_does_not_lose_a_lease);
    tcase_add_test(tests, a_token_is_read_if_a_header_can_carry_it);
    tcase_add_test(tests, no_part_of_a_token_is_in_a_complaint);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("etcd_read");

    suite_add_tcase(suite, pages());
    suite_add_tcase(suite, others());
    return run_suite(suite);
}
