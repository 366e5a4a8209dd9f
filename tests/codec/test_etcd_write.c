/* SPDX-License-Identifier: Apache-2.0 */
/* Requests byte for byte, because the gateway passes over a field it does not know: a compare that
 * is misspelt holds always. */
#include <check.h>
#include <signal.h>
#include <string.h>

#include "../lib/suite.h"
#include "etcd_answers.h"
#include "etcd_json.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct buffer out;
static const struct etcd_span all = {.under = ""};
static const struct etcd_span votes = {.under = "v1/votes/"};

static void begin(void)
{
    buffer_init(&out, ETCD_REQUEST_MAX);
}

static void end(void)
{
    buffer_clear(&out);
}

static void expect(const char *text)
{
    ck_assert(!out.failed);
    ck_assert_str_eq(buffer_text(&out), text);
    buffer_reset(&out);
}

START_TEST(a_range_asks_for_a_page_below_a_prefix)
{
    etcd_write_range(&out, PREFIX, &all, NULL, 500, 0);
    expect("{\"key\":\"L3JzL3Av\",\"range_end\":\"L3JzL3Aw\",\"limit\":\"500\"}");
    etcd_write_range(&out, PREFIX, &votes, PREFIX "v1/votes/use1/g\x01", 1, 12);
    expect("{\"key\":\"L3JzL3AvdjEvdm90ZXMvdXNlMS9nAQ==\",\"range_end\":\"L3JzL3AvdjEvdm90ZXMw\","
           "\"limit\":\"1\",\"revision\":\"12\"}");
}
END_TEST

/* Of "/rs/p/": up to "/rs/p/j/", and from "/rs/p/j0" on. */
START_TEST(a_range_may_leave_out_what_begins_with_a_longer_key)
{
    etcd_write_range(&out, PREFIX, &(struct etcd_span){.under = "", .before = "j/"}, NULL, 9, 0);
    expect("{\"key\":\"L3JzL3Av\",\"range_end\":\"L3JzL3Avai8=\",\"limit\":\"9\"}");
    etcd_write_range(&out, PREFIX, &(struct etcd_span){.under = "", .behind = "j/"}, NULL, 9, 7);
    expect("{\"key\":\"L3JzL3AvajA=\",\"range_end\":\"L3JzL3Aw\",\"limit\":\"9\","
           "\"revision\":\"7\"}");
}
END_TEST

START_TEST(a_range_ends_behind_the_last_key_below_its_prefix)
{
    etcd_write_range(&out, "a\xff\xff", &all, NULL, 1, 0);
    expect("{\"key\":\"Yf//\",\"range_end\":\"Yg==\",\"limit\":\"1\"}");
    /* "\0": up to the end of all keys */
    etcd_write_range(&out, "\xff", &(struct etcd_span){.under = "\xff"}, NULL, 1, 0);
    expect("{\"key\":\"//8=\",\"range_end\":\"AA==\",\"limit\":\"1\"}");
}
END_TEST

START_TEST(a_put_bears_its_lease_only_if_it_is_leased)
{
    struct store_put put = {.key = "a", .value = "\0\1\2x", .length = 3};

    etcd_write_put(&out, PREFIX, &put, 5);
    expect("{\"key\":\"" KEY_A "\",\"value\":\"AAEC\"}");
    put.leased = true;
    etcd_write_put(&out, PREFIX, &put, INT64_MIN);
    expect("{\"key\":\"" KEY_A "\",\"value\":\"AAEC\",\"lease\":\"-9223372036854775808\"}");
}
END_TEST

START_TEST(a_transaction_spells_every_compare_and_every_operation)
{
    static const struct store_compare compares[] = {
        {STORE_MOD_IS, "a", 7}, {STORE_CREATE_IS, "b", 0}, {STORE_PREFIX_NOT_AFTER, "", 9}};
    static const struct store_put puts[] = {
        {"a", "hello", 5, true}, {"b", NULL, 0, false}, {"c", "", 0, false}};
    static const struct store_txn txn = {compares, 3, puts, 3};
    static const struct store_txn nothing = {NULL, 0, NULL, 0};

    etcd_write_txn(&out, PREFIX, &txn, 5);
    expect(
        "{\"compare\":["
        "{\"key\":\"" KEY_A "\",\"target\":\"MOD\",\"result\":\"EQUAL\",\"mod_revision\":\"7\"},"
        "{\"key\":\"" KEY_B
        "\",\"target\":\"CREATE\",\"result\":\"EQUAL\",\"create_revision\":\"0\"},"
        "{\"key\":\"L3JzL3Av\",\"range_end\":\"L3JzL3Aw\",\"target\":\"MOD\",\"result\":\"LESS\","
        "\"mod_revision\":\"10\"}],\"success\":["
        "{\"request_put\":{\"key\":\"" KEY_A "\",\"value\":\"aGVsbG8=\",\"lease\":\"5\"}},"
        "{\"request_delete_range\":{\"key\":\"" KEY_B "\"}},"
        "{\"request_put\":{\"key\":\"" KEY_C "\",\"value\":\"\"}}]}");
    etcd_write_txn(&out, PREFIX, &nothing, 0);
    expect("{\"compare\":[],\"success\":[]}");
}
END_TEST

START_TEST(a_watch_begins_at_a_revision_or_now)
{
    etcd_write_watch(&out, PREFIX, "", 0);
    expect("{\"create_request\":{\"key\":\"L3JzL3Av\",\"range_end\":\"L3JzL3Aw\"}}");
    etcd_write_watch(&out, PREFIX, "", 4);
    etcd_write_progress(&out);
    expect("{\"create_request\":{\"key\":\"L3JzL3Av\",\"range_end\":\"L3JzL3Aw\","
           "\"start_revision\":\"4\"}}{\"progress_request\":{}}");
}
END_TEST

START_TEST(leases_are_strings_and_may_be_negative)
{
    etcd_write_grant(&out, 2);
    expect("{\"TTL\":\"2\"}");
    etcd_write_lease(&out, -7);
    expect("{\"ID\":\"-7\"}");
    etcd_write_lease(&out, INT64_MAX);
    expect("{\"ID\":\"9223372036854775807\"}");
}
END_TEST

START_TEST(a_password_cannot_end_its_string)
{
    etcd_write_authenticate(&out, "use1", "p\"w\\\n\x7f\xc3\xa9");
    expect("{\"name\":\"use1\",\"password\":\"p\\u0022w\\u005c\\u000a\x7f\xc3\xa9\"}");
}
END_TEST

START_TEST(the_biggest_transaction_fits_and_a_small_buffer_says_so)
{
    static struct store_compare compares[STORE_COMPARES_MAX];
    static struct store_put puts[STORE_PUTS_MAX];
    static char value[STORE_VALUE_MAX];
    static char key[STORE_KEY_MAX + 1];
    struct store_txn txn = {compares, COUNT(compares), puts, COUNT(puts)};

    memset(key, 'k', STORE_KEY_MAX);
    for (size_t i = 0; i < COUNT(compares); i++)
        compares[i] = (struct store_compare){STORE_PREFIX_NOT_AFTER, key, INT64_MAX - 1};
    for (size_t i = 0; i < COUNT(puts); i++)
        puts[i] = (struct store_put){key, value, sizeof(value), true};
    etcd_write_txn(&out, PREFIX, &txn, INT64_MIN);
    ck_assert(!out.failed);
    ck_assert_uint_gt(out.length, COUNT(puts) * STORE_VALUE_MAX);
    buffer_clear(&out);
    buffer_init(&out, 1000);
    etcd_write_txn(&out, PREFIX, &txn, INT64_MIN);
    ck_assert(out.failed);
}
END_TEST

/* ---- programmers' errors ---- */

static void put_without_its_lease(void)
{
    static const struct store_put put = {"a", "", 0, true};

    etcd_write_put(&out, PREFIX, &put, 0);
}

static void put_a_deletion(void)
{
    static const struct store_put put = {"a", NULL, 0, false};

    etcd_write_put(&out, PREFIX, &put, 0);
}

static void put_a_value_too_long(void)
{
    static const struct store_put put = {"a", "", STORE_VALUE_MAX + 1, false};

    etcd_write_put(&out, PREFIX, &put, 0);
}

static void watch_without_a_prefix(void)
{
    etcd_write_watch(&out, "", "", 0);
}

static void range_without_a_limit(void)
{
    etcd_write_range(&out, PREFIX, &all, NULL, 0, 0);
}

static void renew_no_lease(void)
{
    etcd_write_lease(&out, 0);
}

static void (*const mistakes[])(void) = {put_without_its_lease, put_a_deletion,
                                         put_a_value_too_long,  watch_without_a_prefix,
                                         range_without_a_limit, renew_no_lease};

START_TEST(a_programmers_mistake_stops_at_once)
{
    mistakes[_i]();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("etcd_write");
    TCase *tests = tcase_create("requests");

    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, a_range_asks_for_a_page_below_a_prefix);
    tcase_add_test(tests, a_range_ends_behind_the_last_key_below_its_prefix);
    tcase_add_test(tests, a_range_may_leave_out_what_begins_with_a_longer_key);
    tcase_add_test(tests, a_put_bears_its_lease_only_if_it_is_leased);
    tcase_add_test(tests, a_transaction_spells_every_compare_and_every_operation);
    tcase_add_test(tests, a_watch_begins_at_a_revision_or_now);
    tcase_add_test(tests, leases_are_strings_and_may_be_negative);
    tcase_add_test(tests, a_password_cannot_end_its_string);
    tcase_add_test(tests, the_biggest_transaction_fits_and_a_small_buffer_says_so);
    tcase_add_loop_test_raise_signal(tests, a_programmers_mistake_stops_at_once, SIGABRT, 0,
                                     COUNT(mistakes));
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
