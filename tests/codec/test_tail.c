/* SPDX-License-Identifier: Apache-2.0 */
/* What public resolvers are asked about a change, and which of their answers are new. */
#include <check.h>

#include "../lib/suite.h"
#include "../lib/pizza_zone.h"
#include "tail.h"

static struct settings settings;
static struct zone_view *view;
static struct move move;
static struct tail *tail;

static void setup(void)
{
    settings = pizza_settings();
    view = pizza_view();
    tail = NULL;
}

static void teardown(void)
{
    tail_destroy(tail);
    zone_view_destroy(view);
}

static void begin(void)
{
    move_begin(&move, &settings, view, PIZZA_GROUP, 8, PIZZA_NONCE);
}

static const struct tail_question *question(uint32_t count)
{
    ck_assert_int_eq(tail_create(view, &move.batch, "jwt-pizza", &tail), 0);
    ck_assert_uint_eq(tail->question_count, count);
    return &tail->questions[0];
}

static bool is_new(const struct tail_question *asked, const char *value)
{
    return tail_is_new(asked, &value, 1);
}

START_TEST(a_move_asks_for_the_names_that_lose_an_answer)
{
    const struct tail_question *asked;

    begin();
    move_weight(&move, &settings, view, PIZZA_EAST, 0);
    move_weight(&move, &settings, view, PIZZA_WEST, 100);
    move_weight(&move, &settings, view, FACTORY_EAST, 0);
    move_weight(&move, &settings, view, FACTORY_WEST, 100);
    asked = question(2);
    ck_assert_str_eq(asked->name, "pizza.example.com");
    ck_assert_int_eq(asked->type, DNS_TYPE_A);
    ck_assert(is_new(asked, "192.0.2.11"));
    ck_assert(!is_new(asked, "192.0.2.10"));
    ck_assert(is_new(&tail->questions[1], "192.0.2.13"));
    ck_assert_int_eq(tail->ttl_ms, 60000);
}
END_TEST

/* A captive portal, a liar, an empty answer, two answers of which one is old. */
START_TEST(what_is_none_of_ours_is_not_new)
{
    static const char *const both[] = {"192.0.2.11", "192.0.2.10"};
    const struct tail_question *asked;

    begin();
    move_weight(&move, &settings, view, PIZZA_EAST, 0);
    move_weight(&move, &settings, view, PIZZA_WEST, 100);
    asked = question(1);
    ck_assert(!is_new(asked, "203.0.113.9"));
    ck_assert(!is_new(asked, ""));
    ck_assert(!tail_is_new(asked, both, 2));
    ck_assert(!tail_is_new(asked, NULL, 0));
}
END_TEST

/* 90/10 after 100/0: every answer that was right still is, so no record tells old from new. */
START_TEST(where_no_answer_is_lost_the_fence_is_asked_for)
{
    static const char *const fence =
        "v=rs1 group=jwt-pizza epoch=8 by=use1 nonce=" PIZZA_NONCE " plan=0123456789abcdef";
    static const char *const old =
        "v=rs1 group=jwt-pizza epoch=7 by=use1 nonce=" PIZZA_NONCE " plan=0123456789abcdef";
    const struct tail_question *asked;

    begin();
    move_weight(&move, &settings, view, PIZZA_EAST, 90);
    move_weight(&move, &settings, view, PIZZA_WEST, 10);
    asked = question(1);
    ck_assert_str_eq(asked->name, "_regionshift.jwt-pizza.example.com");
    ck_assert_int_eq(asked->type, DNS_TYPE_TXT);
    ck_assert(is_new(asked, fence));
    ck_assert(!is_new(asked, old));
    ck_assert(!is_new(asked, "v=spf1 -all"));
}
END_TEST

START_TEST(of_an_alias_the_fence_is_asked_for)
{
    struct record_set sets[2] = {pizza_set(PIZZA_EAST, 100), pizza_set(PIZZA_WEST, 0)};
    struct zone_view *aliases;

    for (int i = 0; i < 2; i++) {
        sets[i].ttl_s = -1;
        sets[i].value_count = 0;
        sets[i].alias_zone = "Z35SXDOTRQ7X7K";
        sets[i].alias_name = "lb.us-east-1.elb.amazonaws.com";
    }
    ck_assert_int_eq(zone_view_create(0, "example.com", sets, 2, PIZZA_NONCE, &aliases), 0);
    zone_view_destroy(view);
    view = aliases;
    begin();
    move_weight(&move, &settings, view, PIZZA_EAST, 0);
    move_weight(&move, &settings, view, PIZZA_WEST, 100);
    ck_assert_int_eq(question(1)->type, DNS_TYPE_TXT);
    ck_assert_int_eq(tail->ttl_ms, 60000); /* what load balancers have, not the fence's 10 s */
}
END_TEST

START_TEST(values_are_compared_in_one_form)
{
    static const char *const east = "2001:DB8:0::1";
    static const char *const west = "2001:db8::2";
    struct record_set sets[2] = {pizza_set(PIZZA_EAST, 100), pizza_set(PIZZA_WEST, 0)};
    struct batch_item item = {.action = BATCH_CREATE};
    struct zone_view *six;

    sets[0].type = sets[1].type = "AAAA";
    sets[0].values = &west;
    sets[1].values = &east;
    ck_assert_int_eq(zone_view_create(0, "example.com", sets, 2, PIZZA_NONCE, &six), 0);
    zone_view_destroy(view);
    view = six;
    begin();
    for (int i = 0; i < 2; i++) {
        item.set = sets[i];
        item.set.weight = i == 0 ? 0 : 100;
        move_add(&move, BATCH_CREATE, &item.set);
    }
    ck_assert(is_new(question(1), "2001:db8::1"));
    ck_assert(!is_new(&tail->questions[0], "2001:db8::2"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tail");
    TCase *tests = tcase_create("tail");

    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_move_asks_for_the_names_that_lose_an_answer);
    tcase_add_test(tests, what_is_none_of_ours_is_not_new);
    tcase_add_test(tests, where_no_answer_is_lost_the_fence_is_asked_for);
    tcase_add_test(tests, of_an_alias_the_fence_is_asked_for);
    tcase_add_test(tests, values_are_compared_in_one_form);
    return run_suite(suite);
}
