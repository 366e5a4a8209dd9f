/* SPDX-License-Identifier: Apache-2.0 */
/* Which health checks there ought to be, and what is wrong with those there are (B2). */
#include <stdio.h>
#include <string.h>

#include "../lib/suite.h"
#include "../core/by_hand.h"
#include "health_plan.h"

static struct by_hand hand;
static struct beacon_word words[HAND_REGIONS];
static struct pool *pool;
static struct health_plan *plan;
static char error[256];
/* An account as Route 53 would have it: item by item of the plan. */
static struct health_check account[64];
static char ids[64][16];
static char references[64][HEALTH_REFERENCE_MAX + 1];

/* Probes 0, 1 and 4 have beacons; 2 of them suffice. */
static void set_up(void)
{
    static const struct beacon_word said[] = {
        {EAST, "leave-east", ""}, {WEST, "leave-west", ""}, {CENTRAL, "leave-central", ""}};
    static const char *const hosts[] = {"a.example.com", "b.example.com", "192.0.2.9"};
    static const uint32_t probes[] = {0, 1, 4};

    by_hand(&hand);
    memcpy(words, said, sizeof(words));
    hand.group.beacons = true;
    hand.group.words = words;
    hand.group.word_count = HAND_REGIONS;
    for (uint32_t i = 0; i < HAND_PROBES; i++)
        hand.electors[i].beacon = (struct beacon_place){.url = "", .host = "", .path = ""};
    for (uint32_t i = 0; i < 3; i++)
        hand.electors[probes[i]].beacon = (struct beacon_place){
            .url = "http://x", .host = hosts[i], .port = 8054, .path = "", .is_address = i == 2};
    hand.electors[1].beacon.tls = true;
    hand.settings.quorum_down = 2;
    hand.settings.health_interval_s = 10;
    hand.settings.health_fall = 3;
    pool = pool_create(1024 * 1024);
    ck_assert_int_eq(health_plan_make(&hand.settings, false, pool, &plan, error, sizeof(error)), 0);
}

static void tear_down(void)
{
    pool_destroy(pool);
}

/* What making an item leaves behind. */
static void exists(uint32_t item, uint32_t at)
{
    snprintf(ids[at], sizeof(ids[at]), "id-%u", at);
    health_plan_reference(&plan->items[item], references[at]);
    account[at] = (struct health_check){.id = ids[at],
                                        .reference = references[at],
                                        .version = 1,
                                        .config = plan->items[item].config};
}

/* Carries the plan out in an account that is empty; returns how many steps that took. */
static uint32_t carry_out(void)
{
    struct health_item *item;
    uint32_t steps = 0;

    ck_assert_int_eq(health_plan_match(plan, account, 0), 0);
    while ((item = health_plan_next(plan)) != NULL) {
        ck_assert_uint_lt(steps, 60);
        exists((uint32_t)(item - plan->items), steps++);
        ck_assert_int_eq(health_plan_match(plan, account, steps), 0);
    }
    return steps;
}

START_TEST(each_region_has_a_check_for_each_beacon_and_one_over_them)
{
    const struct health_item *parent = health_plan_parent(plan, 0, WEST);
    const struct health_item *child = parent - 3;

    ck_assert_uint_eq(plan->count, HAND_REGIONS * 4);
    ck_assert_int_eq(child->config.kind, HEALTH_HTTP);
    ck_assert_str_eq(child->config.host, "a.example.com");
    ck_assert_str_eq(child->config.address, "");
    ck_assert_str_eq(child->config.search, "leave-west");
    ck_assert_int_eq(child->config.interval_s, 10);
    ck_assert(!child->config.is_inverted);
    ck_assert_int_eq(child[1].config.kind, HEALTH_HTTPS);
    ck_assert(child[1].config.sends_name);
    ck_assert_str_eq(child[2].config.address, "192.0.2.9");
    ck_assert_str_eq(child[2].config.host, "");
    ck_assert_int_eq(parent->config.threshold, 2);
    ck_assert(parent->config.is_inverted);
}
END_TEST

START_TEST(children_are_made_before_the_check_over_them)
{
    const struct health_item *parent = health_plan_parent(plan, 0, EAST);

    ck_assert_uint_eq(carry_out(), HAND_REGIONS * 4);
    ck_assert_uint_eq(parent->config.child_count, 3);
    for (uint32_t i = 0; i < plan->count; i++)
        ck_assert_int_eq(plan->items[i].step, HEALTH_KEEP);
    ck_assert_uint_eq(plan->left_over_count, 0);
}
END_TEST

/* The same settings on another machine, after a crash: the same references. */
START_TEST(who_plans_again_finds_what_was_made_and_makes_the_rest)
{
    struct health_plan *again;
    uint32_t missing = 0;

    (void)carry_out();
    ck_assert_int_eq(health_plan_make(&hand.settings, false, pool, &again, error, sizeof(error)),
                     0);
    ck_assert_int_eq(health_plan_match(again, account, 5), 0);
    for (uint32_t i = 0; i < again->count; i++)
        missing += again->items[i].step == HEALTH_CREATE;
    ck_assert_uint_eq(missing, HAND_REGIONS * 4 - 5);
    ck_assert_uint_eq(again->left_over_count, 0);
}
END_TEST

START_TEST(every_member_that_differs_is_named_but_the_word_is_not_shown)
{
    struct health_item *item = &plan->items[0];

    (void)carry_out();
    account[0].config.fall = 5;
    account[0].config.search = "something-else";
    account[0].config.port = 80;
    account[0].config.path = "/";
    account[0].config.is_inverted = true;
    account[0].config.is_disabled = true;
    ck_assert_int_eq(health_plan_match(plan, account, plan->count), 0);
    ck_assert_int_eq(item->step, HEALTH_UPDATE);
    ck_assert_str_eq(item->differs,
                     "Port 80, not 8054; ResourcePath; SearchString; FailureThreshold 5, not 3; "
                     "Inverted true, not false; Disabled true, not false");
    ck_assert_ptr_eq(health_plan_next(plan), item);
}
END_TEST

START_TEST(a_check_over_other_children_or_another_quorum_differs)
{
    struct health_item *parent = health_plan_parent(plan, 0, EAST);
    static const char *const others[] = {"id-0", "id-1"};

    (void)carry_out();
    for (uint32_t i = 0; i < plan->count; i++) {
        if (parent->found == &account[i]) {
            account[i].config.children = others;
            account[i].config.child_count = 2;
            account[i].config.threshold = 1;
        }
    }
    ck_assert_int_eq(health_plan_match(plan, account, plan->count), 0);
    ck_assert_str_eq(parent->differs, "HealthThreshold 1, not 2; ChildHealthChecks");
}
END_TEST

START_TEST(another_service_of_aws_keeps_its_check)
{
    (void)carry_out();
    account[0].is_linked = true;
    ck_assert_int_eq(health_plan_match(plan, account, plan->count), 0);
    ck_assert_int_eq(plan->items[0].step, HEALTH_FOREIGN);
    ck_assert_ptr_null(health_plan_next(plan));
}
END_TEST

/* The interval cannot be changed in a check: so it is another check, and the old one is left over.
 */
START_TEST(what_route53_does_not_change_makes_another_check)
{
    struct health_plan *slower;

    (void)carry_out();
    hand.settings.health_interval_s = 30;
    ck_assert_int_eq(health_plan_make(&hand.settings, false, pool, &slower, error, sizeof(error)),
                     0);
    ck_assert_int_eq(health_plan_match(slower, account, plan->count), 0);
    ck_assert_int_eq(slower->items[0].step, HEALTH_CREATE);
    ck_assert_int_eq(health_plan_parent(slower, 0, EAST)->step, HEALTH_UPDATE);
    ck_assert_uint_eq(slower->left_over_count, HAND_REGIONS * 3);
}
END_TEST

START_TEST(checks_of_others_are_neither_ours_nor_left_over)
{
    (void)carry_out();
    account[plan->count] = account[0];
    account[plan->count].reference = "theirs-1";
    ck_assert_int_eq(health_plan_match(plan, account, plan->count + 1), 0);
    ck_assert_uint_eq(plan->left_over_count, 0);
    ck_assert_ptr_null(health_plan_next(plan));
}
END_TEST

/* Somebody deleted one, which uses its reference up: the newest generation is the one that counts.
 */
START_TEST(the_newest_generation_of_a_check_is_the_one)
{
    (void)carry_out();
    account[plan->count] = account[0];
    plan->items[0].generation = 12;
    health_plan_reference(&plan->items[0], references[plan->count]);
    account[plan->count].reference = references[plan->count];
    ck_assert_int_eq(health_plan_match(plan, account, plan->count + 1), 0);
    ck_assert_ptr_eq(plan->items[0].found, &account[plan->count]);
    ck_assert_uint_eq(plan->left_over_count, 1);
}
END_TEST

START_TEST(the_next_word_is_as_good_until_it_is_asked_for)
{
    struct health_plan *rotated;

    (void)carry_out();
    words[0].next = "leave-east-next";
    ck_assert_int_eq(health_plan_make(&hand.settings, true, pool, &rotated, error, sizeof(error)),
                     0);
    ck_assert_int_eq(health_plan_match(rotated, account, plan->count), 0);
    ck_assert_str_eq(rotated->items[0].differs, "SearchString");
    ck_assert_int_eq(health_plan_parent(rotated, 0, WEST)[-3].step, HEALTH_KEEP);
    account[0].config.search = "leave-east-next";
    ck_assert_int_eq(health_plan_match(rotated, account, plan->count), 0);
    ck_assert_int_eq(rotated->items[0].step, HEALTH_KEEP);
    ck_assert_int_eq(health_plan_match(plan, account, plan->count), 0);
    ck_assert_int_eq(plan->items[0].step, HEALTH_KEEP);
}
END_TEST

START_TEST(references_fit_and_all_differ)
{
    char text[HEALTH_REFERENCE_MAX + 1];

    for (uint32_t i = 0; i < plan->count; i++) {
        plan->items[i].generation = HEALTH_GENERATIONS_MAX;
        health_plan_reference(&plan->items[i], text);
        ck_assert_uint_le(strlen(text), HEALTH_REFERENCE_MAX);
        for (uint32_t j = 0; j < i; j++)
            ck_assert_str_ne(plan->items[i].stem, plan->items[j].stem);
    }
}
END_TEST

START_TEST(what_cannot_be_planned_is_said)
{
    struct health_plan *none;

    words[1].word = "";
    ck_assert_int_eq(health_plan_make(&hand.settings, false, pool, &none, error, sizeof(error)),
                     -2);
    ck_assert_ptr_nonnull(strstr(error, "no word"));
    hand.settings.quorum_down = 4;
    ck_assert_int_eq(health_plan_make(&hand.settings, false, pool, &none, error, sizeof(error)),
                     -2);
    ck_assert_ptr_nonnull(strstr(error, "fewer probes"));
}
END_TEST

START_TEST(of_a_group_without_beacons_any_more_all_is_left_over)
{
    struct health_plan *none;

    (void)carry_out();
    hand.group.beacons = false;
    ck_assert_int_eq(health_plan_make(&hand.settings, false, pool, &none, error, sizeof(error)), 0);
    account[plan->count] = account[0];
    account[plan->count].reference = "theirs-1";
    ck_assert_int_eq(health_plan_match(none, account, plan->count + 1), 0);
    ck_assert_uint_eq(none->count, 0);
    ck_assert_uint_eq(none->left_over_count, plan->count);
    ck_assert_ptr_null(health_plan_next(none));
}
END_TEST

/* By hand: per region three children and one calculated; two children of three stand in AWS when
 * their probes' owner is aws. */
START_TEST(the_cost_is_what_the_price_list_makes_of_it)
{
    struct health_cost cost;

    hand.electors[0].owner = "aws";
    hand.electors[1].owner = "aws";
    hand.electors[4].owner = "hetzner";
    health_plan_cost(plan, &cost);
    ck_assert_uint_eq(cost.aws, 2 * HAND_REGIONS);
    ck_assert_uint_eq(cost.other, HAND_REGIONS);
    ck_assert_uint_eq(cost.calculated, HAND_REGIONS);
    /* 0.50 + 2 options; 0.50 + 3 options, for it is HTTPS; 0.75 + 2 options at 2.00; 0.50 */
    ck_assert_int_eq(cost.cents, HAND_REGIONS * (250 + 350 + 475 + 50));
}
END_TEST

START_TEST(healthy_is_more_than_eighteen_of_a_hundred)
{
    ck_assert(!health_share_is_healthy(18, 100));
    ck_assert(health_share_is_healthy(19, 100));
    ck_assert(!health_share_is_healthy(2, 16));
    ck_assert(health_share_is_healthy(3, 16));
    ck_assert(!health_share_is_healthy(0, 0));
}
END_TEST

/* What the copy says must not hang on what it was copied from: that is an answer, soon gone. */
START_TEST(a_copy_of_a_check_owns_what_it_says)
{
    char child[] = "id-of-a-child";
    char place[] = "us-east-1";
    char id[] = "id-1";
    const char *children[] = {child};
    const char *places[] = {place};
    struct health_check check = {.id = id, .reference = "reference", .version = 7};
    struct health_check copy;

    check.config = (struct health_config){.kind = HEALTH_HTTPS,
                                          .address = "192.0.2.9",
                                          .path = "/beacon",
                                          .host = "a.example.com",
                                          .search = "leave-east",
                                          .children = children,
                                          .child_count = 1,
                                          .regions = places,
                                          .region_count = 1};
    ck_assert_int_eq(health_check_copy(pool, &check, &copy), 0);
    memset(child, 'x', strlen(child));
    memset(place, 'x', strlen(place));
    memset(id, 'x', strlen(id));
    ck_assert_str_eq(copy.id, "id-1");
    ck_assert_str_eq(copy.reference, "reference");
    ck_assert_int_eq(copy.version, 7);
    ck_assert_int_eq(copy.config.kind, HEALTH_HTTPS);
    ck_assert_str_eq(copy.config.search, "leave-east");
    ck_assert_str_eq(copy.config.children[0], "id-of-a-child");
    ck_assert_str_eq(copy.config.regions[0], "us-east-1");
}
END_TEST

START_TEST(a_copy_that_does_not_fit_is_none)
{
    struct pool *tiny = pool_create(8);
    struct health_check check = {.id = "an id that is longer", .reference = ""};
    struct health_check copy = {.version = -1};

    ck_assert_ptr_nonnull(tiny);
    check.config = plan->items[0].config;
    ck_assert_int_eq(health_check_copy(tiny, &check, &copy), -1);
    ck_assert_int_eq(copy.version, -1);
    pool_destroy(tiny);
}
END_TEST

/* A person who finds the check in AWS's console sees whose it is. */
START_TEST(tags_say_whose_a_check_is)
{
    const struct health_item *parent = health_plan_parent(plan, 0, WEST);
    struct health_tag tags[HEALTH_PLAN_TAGS];
    size_t count = 0;

    health_plan_tags(plan, parent - 3, tags, &count);
    ck_assert_uint_eq(count, 4);
    ck_assert_str_eq(tags[0].key, "Name");
    ck_assert_str_eq(tags[1].value, hand.group.name);
    ck_assert_str_eq(tags[2].value, hand.regions[WEST]);
    ck_assert_str_eq(tags[3].key, "regionshift:probe");
    ck_assert_str_eq(tags[3].value, hand.electors[0].name);
    health_plan_tags(plan, parent, tags, &count);
    ck_assert_uint_eq(count, 3); /* the one over them is no probe's */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("health_plan");
    TCase *tcase = tcase_create("plan");

    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, each_region_has_a_check_for_each_beacon_and_one_over_them);
    tcase_add_test(tcase, children_are_made_before_the_check_over_them);
    tcase_add_test(tcase, who_plans_again_finds_what_was_made_and_makes_the_rest);
    tcase_add_test(tcase, every_member_that_differs_is_named_but_the_word_is_not_shown);
    tcase_add_test(tcase, a_check_over_other_children_or_another_quorum_differs);
    tcase_add_test(tcase, another_service_of_aws_keeps_its_check);
    tcase_add_test(tcase, what_route53_does_not_change_makes_another_check);
    tcase_add_test(tcase, checks_of_others_are_neither_ours_nor_left_over);
    tcase_add_test(tcase, the_newest_generation_of_a_check_is_the_one);
    tcase_add_test(tcase, the_next_word_is_as_good_until_it_is_asked_for);
    tcase_add_test(tcase, references_fit_and_all_differ);
    tcase_add_test(tcase, what_cannot_be_planned_is_said);
    tcase_add_test(tcase, of_a_group_without_beacons_any_more_all_is_left_over);
    tcase_add_test(tcase, the_cost_is_what_the_price_list_makes_of_it);
    tcase_add_test(tcase, healthy_is_more_than_eighteen_of_a_hundred);
    tcase_add_test(tcase, a_copy_of_a_check_owns_what_it_says);
    tcase_add_test(tcase, a_copy_that_does_not_fit_is_none);
    tcase_add_test(tcase, tags_say_whose_a_check_is);
    return run_suite(suite);
}
