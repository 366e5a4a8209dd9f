/* SPDX-License-Identifier: Apache-2.0 */
/* Which pages are asked for and what is kept, played without any server: pages are made by hand,
 * also such as a zone gives that changes while it is read. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "../lib/suite.h"
#include "../lib/pizza_zone.h"
#include "zone_read.h"

static struct settings settings;
static struct zone_read *zone_read;
static char asked[256]; /* the last query, "name=.. type=.. " */
static char error[128];

#define FENCE_NAME "_regionshift.jwt-pizza.example.com"
#define FENCE(epoch)                                                                               \
    "\"v=rs1 group=jwt-pizza epoch=" epoch " by=use1 nonce=" PIZZA_NONCE " plan="                  \
    "0011223344556677\""

static const char *const epoch7[] = {FENCE("7")};
static const char *const epoch8[] = {FENCE("8")};

static void open_read(bool is_large)
{
    settings = pizza_settings();
    zone_read = zone_read_create(&settings, PIZZA_ZONE, is_large);
    ck_assert_ptr_nonnull(zone_read);
    ck_assert_int_eq(zone_read_set_apex(zone_read, "example.com"), 0);
}

static void tear_down(void)
{
    zone_read_destroy(zone_read);
    zone_read = NULL;
}

static const char *query(void)
{
    struct sigv4_pair pairs[ZONE_READ_QUERY_MAX];
    size_t count = zone_read_query(zone_read, pairs);
    size_t used = 0;

    asked[0] = '\0';
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(asked + used, sizeof(asked) - used, "%s=%s ", pairs[i].key,
                                 pairs[i].value);
    return asked;
}

/* The last page of whatever was asked, with these sets. */
static enum zone_read_step take(const struct record_set *sets, uint32_t count)
{
    struct route53_page page = {
        .sets = sets, .set_count = count, .next_name = "", .next_type = "", .next_set = ""};

    return zone_read_take(zone_read, &page, error, sizeof(error));
}

static enum zone_read_step take_nothing(void)
{
    return take(NULL, 0);
}

static enum zone_read_step take_truncated(const struct record_set *sets, uint32_t count,
                                          const char *name, const char *type, const char *set)
{
    struct route53_page page = {.sets = sets,
                                .set_count = count,
                                .is_truncated = true,
                                .next_name = name,
                                .next_type = type,
                                .next_set = set};

    return zone_read_take(zone_read, &page, error, sizeof(error));
}

static uint32_t found(void)
{
    uint32_t count;

    zone_read_sets(zone_read, &count);
    return count;
}

START_TEST(a_zone_of_one_page_is_asked_once_and_strangers_are_left_out)
{
    struct zone_view *view = pizza_view();
    struct record_set sets[SITE_COUNT + 4];

    memcpy(sets, view->sets, view->set_count * sizeof(sets[0]));
    sets[SITE_COUNT + 2] = pizza_set(PIZZA_EAST, 1);
    sets[SITE_COUNT + 2].name = "www.example.com";
    sets[SITE_COUNT + 3] = pizza_set(PIZZA_EAST, 1);
    sets[SITE_COUNT + 3].type = "AAAA";
    open_read(false);
    ck_assert_str_eq(query(), "maxitems=100 ");
    ck_assert_int_eq(take(sets, SITE_COUNT + 4), ZONE_READ_DONE);
    ck_assert_uint_eq(found(), SITE_COUNT + 2);
    ck_assert(!zone_read_is_large(zone_read));
    zone_view_destroy(view);
}
END_TEST

START_TEST(a_zone_that_does_not_fit_is_asked_name_by_name_fences_first_and_last)
{
    static const char *const queries[] = {
        "maxitems=100 name=_regionshift.jwt-pizza.example.com type=TXT ",
        "maxitems=100 name=_regionshift.solo.example.com type=TXT ",
        "maxitems=100 name=pizza.example.com type=A ",
        "maxitems=100 name=factory.example.com type=A ",
        "maxitems=100 name=*.solo.example.com type=A ",
        "maxitems=100 name=_regionshift.jwt-pizza.example.com type=TXT ",
        "maxitems=100 name=_regionshift.solo.example.com type=TXT ",
    };
    size_t count = sizeof(queries) / sizeof(queries[0]);

    open_read(false);
    ck_assert_int_eq(take_truncated(NULL, 0, "a.example.com", "A", ""), ZONE_READ_MORE);
    ck_assert(zone_read_is_large(zone_read));
    for (size_t i = 0; i < count; i++) {
        ck_assert_str_eq(query(), queries[i]);
        ck_assert_int_eq(take_nothing(), i + 1 < count ? ZONE_READ_MORE : ZONE_READ_DONE);
    }
    ck_assert_uint_eq(found(), 0);
}
END_TEST

START_TEST(a_zone_known_to_be_large_is_not_asked_whole_again)
{
    open_read(true);
    ck_assert_str_eq(query(), "maxitems=100 name=_regionshift.jwt-pizza.example.com type=TXT ");
    ck_assert(zone_read_is_large(zone_read));
}
END_TEST

START_TEST(a_name_of_many_pages_is_followed_as_long_as_it_is_that_name)
{
    const struct record_set east = pizza_set(PIZZA_EAST, 100);
    const struct record_set west = pizza_set(PIZZA_WEST, 0);

    open_read(true);
    take_nothing();
    take_nothing();
    ck_assert_int_eq(take_truncated(&east, 1, "pizza.example.com", "A", "pizza-us-west-2"),
                     ZONE_READ_MORE);
    ck_assert_str_eq(query(),
                     "maxitems=100 name=pizza.example.com type=A identifier=pizza-us-west-2 ");
    ck_assert_int_eq(take_truncated(&west, 1, "pizza.example.com", "AAAA", ""), ZONE_READ_MORE);
    ck_assert_str_eq(query(), "maxitems=100 name=factory.example.com type=A ");
    ck_assert_uint_eq(found(), 2);
}
END_TEST

START_TEST(a_name_without_end_is_given_up)
{
    enum zone_read_step step = ZONE_READ_MORE;
    unsigned pages = 0;

    open_read(true);
    take_nothing();
    take_nothing();
    for (; step == ZONE_READ_MORE && pages < 1000; pages++)
        step = take_truncated(NULL, 0, "pizza.example.com", "A", "again");
    ck_assert_int_eq(step, ZONE_READ_FAILED);
    ck_assert_uint_eq(pages, ZONE_READ_PAGES_MAX);
    ck_assert_ptr_nonnull(strstr(error, "more pages"));
}
END_TEST

/* Up to the second look at the group's fence, which shows `last`; NULL: none. */
static enum zone_read_step read_large(const char *const *first, const char *const *last)
{
    const struct record_set before = pizza_fence_set(FENCE_NAME, first);
    const struct record_set after = pizza_fence_set(FENCE_NAME, last);
    const struct record_set east = pizza_set(PIZZA_EAST, 100);

    take(&before, first != NULL);
    take_nothing();
    take(&east, 1);
    take_nothing();
    take_nothing();
    ck_assert_int_eq(take(&after, last != NULL), ZONE_READ_MORE);
    return strstr(query(), "solo") != NULL ? take_nothing() : ZONE_READ_MORE;
}

START_TEST(a_move_during_the_reading_is_not_taken_for_drift)
{
    open_read(true);
    ck_assert_int_eq(read_large(epoch7, epoch8), ZONE_READ_MORE);
    ck_assert_ptr_nonnull(strstr(query(), "name=" FENCE_NAME));
    ck_assert_uint_eq(found(), 0); /* nothing of the first try is kept */
    ck_assert_int_eq(read_large(epoch8, epoch8), ZONE_READ_DONE);
    ck_assert_uint_eq(found(), 2);
}
END_TEST

START_TEST(a_fence_that_appears_or_vanishes_during_the_reading_is_seen)
{
    open_read(true);
    ck_assert_int_eq(read_large(NULL, epoch8), ZONE_READ_MORE);
    ck_assert_int_eq(read_large(epoch8, NULL), ZONE_READ_MORE);
    ck_assert_int_eq(read_large(NULL, NULL), ZONE_READ_DONE);
}
END_TEST

START_TEST(a_zone_that_never_holds_still_is_given_up)
{
    const struct record_set after = pizza_fence_set(FENCE_NAME, epoch8);

    open_read(true);
    read_large(epoch7, epoch8);
    read_large(epoch7, epoch8);
    for (int i = 0; i < 5; i++)
        take_nothing();
    ck_assert_int_eq(take(&after, 1), ZONE_READ_FAILED);
    ck_assert_ptr_nonnull(strstr(error, "kept changing"));
}
END_TEST

START_TEST(more_sets_than_the_limit_are_refused)
{
    static struct record_set many[ZONE_READ_SETS_MAX + 1];

    for (size_t i = 0; i <= ZONE_READ_SETS_MAX; i++)
        many[i] = pizza_set(PIZZA_EAST, 1);
    open_read(false);
    ck_assert_int_eq(take(many, ZONE_READ_SETS_MAX + 1), ZONE_READ_FAILED);
}
END_TEST

START_TEST(an_apex_too_long_for_a_fence_is_refused)
{
    char apex[300];

    memset(apex, 'a', sizeof(apex) - 1);
    apex[sizeof(apex) - 1] = '\0';
    settings = pizza_settings();
    zone_read = zone_read_create(&settings, PIZZA_ZONE, false);
    ck_assert_int_eq(zone_read_set_apex(zone_read, apex), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("zone_read");
    TCase *tcase = tcase_create("zone_read");

    tcase_add_checked_fixture(tcase, NULL, tear_down);
    tcase_add_test(tcase, a_zone_of_one_page_is_asked_once_and_strangers_are_left_out);
    tcase_add_test(tcase, a_zone_that_does_not_fit_is_asked_name_by_name_fences_first_and_last);
    tcase_add_test(tcase, a_zone_known_to_be_large_is_not_asked_whole_again);
    tcase_add_test(tcase, a_name_of_many_pages_is_followed_as_long_as_it_is_that_name);
    tcase_add_test(tcase, a_name_without_end_is_given_up);
    tcase_add_test(tcase, a_move_during_the_reading_is_not_taken_for_drift);
    tcase_add_test(tcase, a_fence_that_appears_or_vanishes_during_the_reading_is_seen);
    tcase_add_test(tcase, a_zone_that_never_holds_still_is_given_up);
    tcase_add_test(tcase, more_sets_than_the_limit_are_refused);
    tcase_add_test(tcase, an_apex_too_long_for_a_fence_is_refused);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
