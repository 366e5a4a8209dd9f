/* SPDX-License-Identifier: Apache-2.0 */
/* The store's keys: what is built is read back, and nothing else is. */
#include <check.h>
#include <string.h>

#include "../lib/suite.h"
#include "keys.h"

START_TEST(every_kind_of_key_is_read_back_as_it_was_built)
{
    key_text text;
    struct key key;

    key_vote(text, "use1", "jwt-pizza");
    ck_assert_str_eq(text, "v1/votes/use1/jwt-pizza");
    ck_assert_int_eq(key_parse(text, &key), 0);
    ck_assert_int_eq(key.kind, KEY_VOTE);
    ck_assert_str_eq(key.probe, "use1");
    ck_assert_str_eq(key.group, "jwt-pizza");

    key_suspects(text, "fra");
    ck_assert_str_eq(text, "v1/suspects/fra");
    ck_assert_int_eq(key_parse(text, &key), 0);
    ck_assert_int_eq(key.kind, KEY_SUSPECTS);
    ck_assert_str_eq(key.probe, "fra");

    key_decision(text, "jwt-pizza");
    ck_assert_str_eq(text, "v1/decisions/jwt-pizza");
    ck_assert_int_eq(key_parse(text, &key), 0);
    ck_assert_int_eq(key.kind, KEY_DECISION);
    ck_assert_str_eq(key.group, "jwt-pizza");

    key_order(text, "0001-freeze");
    ck_assert_str_eq(text, "v1/orders/0001-freeze");
    ck_assert_int_eq(key_parse(text, &key), 0);
    ck_assert_int_eq(key.kind, KEY_ORDER);
    ck_assert_str_eq(key.id, "0001-freeze");

    key_claim(text, "region_down.jwt-pizza.us-east-1.7");
    ck_assert_str_eq(text, "v1/claims/region_down.jwt-pizza.us-east-1.7");
    ck_assert_int_eq(key_parse(text, &key), 0);
    ck_assert_int_eq(key.kind, KEY_CLAIM);
    ck_assert_str_eq(key.id, "region_down.jwt-pizza.us-east-1.7");

    ck_assert_int_eq(key_parse(KEYS_BUDGET, &key), 0);
    ck_assert_int_eq(key.kind, KEY_BUDGET);
    ck_assert_int_eq(key_parse("v1/tallies/use1", &key), 0);
    ck_assert_int_eq(key.kind, KEY_TALLIES);
}
END_TEST

START_TEST(a_kind_of_key_is_one_probes_own_or_shared_by_all)
{
    static const struct {
        enum key_kind kind;
        const char *text;
        bool is_range, is_own;
    } parts[] = {
        {KEY_VOTE, "v1/votes/use1/", true, true},
        {KEY_SUSPECTS, "v1/suspects/use1", false, true},
        {KEY_DECISION, "v1/decisions/", true, false},
        {KEY_JOURNAL, "v1/journal/", true, false},
        {KEY_ORDER, "v1/orders/", true, false},
        {KEY_BUDGET, "v1/budget", false, false},
        {KEY_CLAIM, "v1/claims/", true, false},
        {KEY_TALLIES, "v1/tallies/use1", false, true},
    };

    ck_assert_uint_eq(sizeof(parts) / sizeof(*parts), KEY_KIND_COUNT);
    for (size_t i = 0; i < KEY_KIND_COUNT; i++) {
        struct key_part part;

        key_part_of(parts[i].kind, "use1", &part);
        ck_assert_str_eq(part.text, parts[i].text);
        ck_assert_int_eq(part.is_range, parts[i].is_range);
        ck_assert_int_eq(part.is_own, parts[i].is_own);
    }
}
END_TEST

START_TEST(journal_keys_sort_as_epochs_do)
{
    static const uint64_t epochs[] = {1, 9, 10, 99, 100, 4294967296, INT64_MAX, UINT64_MAX};
    char before[KEY_TEXT_MAX + 1] = "";

    for (size_t i = 0; i < sizeof(epochs) / sizeof(*epochs); i++) {
        key_text text;
        struct key key;

        key_journal(text, "jwt-pizza", epochs[i]);
        ck_assert_int_lt(strcmp(before, text), 0);
        ck_assert_int_eq(key_parse(text, &key), 0);
        ck_assert_int_eq(key.kind, KEY_JOURNAL);
        ck_assert_uint_eq(key.epoch, epochs[i]);
        memcpy(before, text, sizeof(text));
    }
}
END_TEST

START_TEST(the_longest_names_have_room)
{
    char name[NAME_MAX_LENGTH + 1];
    char incident[INCIDENT_MAX + 1];
    key_text text;
    struct key key;

    memset(name, 'n', NAME_MAX_LENGTH);
    name[NAME_MAX_LENGTH] = '\0';
    memset(incident, 'i', INCIDENT_MAX);
    incident[INCIDENT_MAX] = '\0';
    key_vote(text, name, name);
    ck_assert_int_eq(key_parse(text, &key), 0);
    ck_assert_str_eq(key.group, name);
    key_claim(text, incident);
    ck_assert_int_eq(key_parse(text, &key), 0);
    ck_assert_str_eq(key.id, incident);
}
END_TEST

START_TEST(a_foreign_or_broken_key_is_none_of_ours)
{
    static const char *const broken[] = {
        "",
        "v1/",
        "v1/votes/",
        "v1/votes/use1",
        "v1/votes/use1/",
        "v1/votes//jwt-pizza",
        "v1/votes/use1/jwt-pizza/more",
        "v1/budget/more",
        "v1/budgets",
        "v1/orders/",
        "v1/orders/a/b",
        "v1/journal/jwt-pizza/7",
        "v1/journal/jwt-pizza/0000000000000000000x",
        "v1/journal/jwt-pizza/99999999999999999999", /* past 64 bits */
        "v2/decisions/jwt-pizza",
        "/v1/decisions/jwt-pizza",
        "v1/suspects/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn",
    };

    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
        struct key key = {.kind = KEY_KIND_COUNT};

        ck_assert_msg(key_parse(broken[i], &key) < 0, "%s", broken[i]);
        ck_assert_int_eq(key.kind, KEY_KIND_COUNT);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keys");
    TCase *tests = tcase_create("keys");

    tcase_add_test(tests, every_kind_of_key_is_read_back_as_it_was_built);
    tcase_add_test(tests, a_kind_of_key_is_one_probes_own_or_shared_by_all);
    tcase_add_test(tests, journal_keys_sort_as_epochs_do);
    tcase_add_test(tests, the_longest_names_have_room);
    tcase_add_test(tests, a_foreign_or_broken_key_is_none_of_ours);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
