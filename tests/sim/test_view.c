/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine lets an operator see: incidents, orders, and what it would do. */
#include "../lib/suite.h"
#include "pizza.h"

#include <string.h>

#include "explain.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { PIZZA_EAST, PIZZA_WEST, FACTORY_EAST, FACTORY_WEST };

static bool has_incident(struct world *world, enum alert_event event, const char *id)
{
    struct incident_view views[16];
    uint32_t count = engine_incidents(world_engine(world, USE1), views, COUNT(views));

    for (uint32_t i = 0; i < count; i++) {
        if (views[i].event == event && strcmp(views[i].id, id) == 0)
            return true;
    }
    return false;
}

/* ---- incidents and orders ---- */

START_TEST(an_incident_is_listed_while_it_is_open)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));
    struct incident_view views[4];

    ck_assert_uint_eq(engine_incidents(world_engine(world, USE1), views, COUNT(views)), 0);
    factory_dies(world);
    run_for(world, 25000);
    ck_assert(has_incident(world, ALERT_REGION_DOWN, "jwt-pizza.us-east-1.region_down"));
    ck_assert_uint_eq(engine_incidents(world_engine(world, USE1), views, 0), 0); /* no room */
    world_kill(world, FRA);
    run_for(world, 90000);
    ck_assert(has_incident(world, ALERT_PROBE_LOST, "fra.probe_lost"));
    world_start(world, FRA);
    factory_heals(world);
    run_for(world, 300000);
    ck_assert(!has_incident(world, ALERT_REGION_DOWN, "jwt-pizza.us-east-1.region_down"));
    ck_assert(!has_incident(world, ALERT_PROBE_LOST, "fra.probe_lost"));
    world_destroy(world);
}
END_TEST

START_TEST(orders_in_force_and_what_they_drain_are_shown)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));
    const struct order *orders = NULL;
    const struct engine *engine = world_engine(world, USW2);

    ck_assert_uint_eq(engine_orders(engine, &orders), 0);
    order(world, ORDER_DRAIN, "us-east-1");
    run_for(world, 30000);
    ck_assert_uint_eq(engine_orders(engine, &orders), 1);
    ck_assert_int_eq(orders[0].verb, ORDER_DRAIN);
    ck_assert(engine_region_drained(engine, 0));
    ck_assert(!engine_region_drained(engine, 1));
    world_destroy(world);
}
END_TEST

/* ---- plan ---- */

static const struct gate *gate_of(const struct gate *gates, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(gates[i].name, name) == 0)
            return &gates[i];
    }
    return NULL;
}

START_TEST(a_plan_says_where_traffic_would_go_and_changes_nothing)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));
    static const uint32_t down[] = {FACTORY_EAST};
    struct gate gates[GATES_MAX];
    uint32_t count = 0;
    int weights[4];

    ck_assert(engine_plan(world_engine(world, USE1), 0, down, 1, weights, gates, &count));
    ck_assert_int_eq(weights[PIZZA_EAST], 0); /* D3: both services move */
    ck_assert_int_eq(weights[PIZZA_WEST], 100);
    ck_assert_int_eq(weights[FACTORY_EAST], 0);
    ck_assert_int_eq(weights[FACTORY_WEST], 100);
    ck_assert_uint_gt(count, 0);
    ck_assert_ptr_nonnull(gate_of(gates, count, "dwell"));
    run_for(world, 60000);
    ck_assert_int_eq(world_weight(world, "pizza/us-east-1"), 100);
    ck_assert_uint_eq(world_shifts(world), 0);
    world_destroy(world);
}
END_TEST

START_TEST(a_plan_of_nothing_down_moves_nothing)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));
    struct gate gates[GATES_MAX];
    uint32_t count = 0;
    int weights[4];

    ck_assert(!engine_plan(world_engine(world, USE1), 0, NULL, 0, weights, gates, &count));
    ck_assert_int_eq(weights[PIZZA_EAST], 100);
    world_destroy(world);
}
END_TEST

START_TEST(a_plan_without_a_first_decision_says_that_init_is_missing)
{
    struct world *world = NULL;
    static const uint32_t down[] = {PIZZA_EAST};
    struct gate gates[GATES_MAX];
    uint32_t count = 0;
    int weights[4];
    char error[256] = "";
    struct group_view view;
    char sentence[EXPLAIN_SENTENCE_MAX + 1];

    ck_assert_int_eq(world_create(PIZZA("hold = 20;"), error, sizeof(error), &world), 0);
    world_run(world, 60000);
    ck_assert(!engine_plan(world_engine(world, USE1), 0, down, 1, weights, gates, &count));
    ck_assert_uint_eq(count, 1);
    ck_assert_str_eq(gates[0].rule, "D9");
    ck_assert(!gates[0].open);
    ck_assert_int_eq(weights[PIZZA_WEST], 0);
    engine_group(world_engine(world, USE1), 0, &view);
    explain_sentence(&view, sentence);
    ck_assert_ptr_nonnull(strstr(sentence, "run regionshift init"));
    world_destroy(world);
}
END_TEST

/* ---- explain ---- */

/* D2: with every region down there is none to go to, which no gate of the move itself says. */
START_TEST(a_region_that_may_not_gain_is_what_holds_a_move_back)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));
    struct group_view view;
    char sentence[EXPLAIN_SENTENCE_MAX + 1];

    region_dies(world, "us-east-1", SITE_REFUSE);
    region_dies(world, "us-west-2", SITE_REFUSE);
    run_for(world, 60000);
    engine_group(world_engine(world, USE1), 0, &view);
    ck_assert_ptr_nonnull(view.refused_rule);
    ck_assert_str_eq(view.refused_rule, "D2");
    explain_sentence(&view, sentence);
    ck_assert_ptr_nonnull(strstr(sentence, "held"));
    ck_assert_ptr_nonnull(strstr(sentence, "D2"));
    world_destroy(world);
}
END_TEST

START_TEST(a_span_is_said_in_the_two_largest_units)
{
    char out[SPAN_MAX];

    ck_assert_str_eq(span_format(800, out), "0.8 s");
    ck_assert_str_eq(span_format(12000, out), "12 s");
    ck_assert_str_eq(span_format(200000, out), "3 m 20 s");
    ck_assert_str_eq(span_format(7500000, out), "2 h 5 m");
    ck_assert_str_eq(span_format(200000000, out), "2 d 7 h");
}
END_TEST

START_TEST(a_gates_value_has_the_unit_that_its_name_says)
{
    char out[GATE_VALUE_MAX];

    ck_assert_str_eq(gate_value_format("hold", 3200, 20000, out), "3.2 s of 20 s");
    ck_assert_str_eq(gate_value_format("budget", 1, 4, out), "1 of 4");
    ck_assert_str_eq(gate_value_format("freeze", -1, -1, out), "-");
    ck_assert_str_eq(gate_value_format("dwell", 12000, -1, out), "12 s");
}
END_TEST

/* Wanted and held by nothing: the moment before the proposal goes out. */
START_TEST(a_move_that_nothing_holds_back_is_being_decided)
{
    const struct group_view view = {.has_head = true, .wants_move = true};
    char sentence[EXPLAIN_SENTENCE_MAX + 1];

    explain_sentence(&view, sentence);
    ck_assert_ptr_nonnull(strstr(sentence, "it is being decided"));
    ck_assert_ptr_null(explain_closed(&view));
}
END_TEST

START_TEST(a_refusal_without_its_gate_is_explained_by_another_of_its_rule_or_by_none)
{
    struct group_view view = {
        .has_head = true, .refused_rule = "D2", .refused_reason = "nowhere", .gate_count = 1};
    char sentence[EXPLAIN_SENTENCE_MAX + 1];

    view.gates[0] = (struct gate){.rule = "D2", .name = "gain", .text = "us-west-2 is down"};
    ck_assert_ptr_eq(explain_closed(&view), &view.gates[0]);
    explain_sentence(&view, sentence);
    ck_assert_ptr_nonnull(strstr(sentence, "D2 nowhere: us-west-2 is down"));
    view.gates[0].open = true;
    ck_assert_ptr_null(explain_closed(&view));
    explain_sentence(&view, sentence);
    ck_assert_ptr_nonnull(strstr(sentence, "D2 nowhere: nowhere"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("view");
    TCase *tests = tcase_create("view");

    tcase_add_test(tests, an_incident_is_listed_while_it_is_open);
    tcase_add_test(tests, orders_in_force_and_what_they_drain_are_shown);
    tcase_add_test(tests, a_plan_says_where_traffic_would_go_and_changes_nothing);
    tcase_add_test(tests, a_plan_of_nothing_down_moves_nothing);
    tcase_add_test(tests, a_plan_without_a_first_decision_says_that_init_is_missing);
    tcase_add_test(tests, a_region_that_may_not_gain_is_what_holds_a_move_back);
    tcase_add_test(tests, a_span_is_said_in_the_two_largest_units);
    tcase_add_test(tests, a_gates_value_has_the_unit_that_its_name_says);
    tcase_add_test(tests, a_move_that_nothing_holds_back_is_being_decided);
    tcase_add_test(tests,
                   a_refusal_without_its_gate_is_explained_by_another_of_its_rule_or_by_none);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
