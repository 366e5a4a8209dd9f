/* SPDX-License-Identifier: Apache-2.0 */
/* D1-D5 without a world: agreements and orders in, wanted weights out. */
#include "wish.h"

#include <stdio.h>
#include <string.h>

#include "by_hand.h"

enum { NOW_MS = 1000000 };

struct case_of {
    struct by_hand hand;
    struct agreement agreements[HAND_SITES];
    bool drained[HAND_REGIONS];
    bool unfit[HAND_REGIONS];
    int weights[HAND_SITES];
    int normal[HAND_SITES];
    int wanted[HAND_SITES];
    struct finding gates[GATES_MAX];
    uint32_t gate_count;
    struct wish wish;
    bool failback;
    bool override;
};

/* All agreed up for long; head and normal say 100/0/0. */
static void begin(struct case_of *c)
{
    memset(c, 0, sizeof(*c));
    by_hand(&c->hand);
    for (uint32_t i = 0; i < HAND_SITES; i++) {
        c->agreements[i] = (struct agreement){.state = AGREED_UP};
        c->weights[i] = c->normal[i] = c->hand.sites[i].weight;
    }
}

static void set(int *weights, int east, int west, int central)
{
    for (uint32_t at = 0; at < HAND_SITES; at += HAND_REGIONS) {
        weights[at + EAST] = east;
        weights[at + WEST] = west;
        weights[at + CENTRAL] = central;
    }
}

static void agree(struct case_of *c, uint32_t at, enum agreement_state state, msec_t age_ms)
{
    c->agreements[at] = (struct agreement){.state = state, .since_ms = NOW_MS - age_ms};
}

static void agree_both(struct case_of *c, uint32_t region, enum agreement_state state,
                       msec_t age_ms)
{
    agree(c, PIZZA_AT + region, state, age_ms);
    agree(c, FACTORY_AT + region, state, age_ms);
}

/* What is wished, as "100/0/0 100/0/0", or the refusal. */
static const char *wish(struct case_of *c)
{
    static char text[128];
    struct wish_input input = {.settings = &c->hand.settings,
                               .weights = c->weights,
                               .normal = c->normal,
                               .agreements = c->agreements,
                               .drained = c->drained,
                               .unfit = c->unfit,
                               .override = c->override,
                               .failback = c->failback,
                               .now_ms = NOW_MS};
    const int *w = c->wanted;

    c->gate_count = 0;
    c->wish = (struct wish){.weights = c->wanted, .gates = c->gates, .gate_count = &c->gate_count};
    wish_make(&input, &c->wish);
    if (c->wish.refusal.rule != NULL)
        return c->wish.refusal.reason;
    snprintf(text, sizeof(text), "%d/%d/%d %d/%d/%d", w[0], w[1], w[2], w[3], w[4], w[5]);
    return text;
}

START_TEST(d1_down_for_hold_leaves_and_a_millisecond_less_does_not)
{
    struct case_of c;

    begin(&c);
    agree(&c, FACTORY_AT + EAST, AGREED_DOWN, 19999);
    ck_assert_str_eq(wish(&c), "100/0/0 100/0/0");
    ck_assert(!c.wish.changes);
    ck_assert_int_eq(c.wish.again_ms, NOW_MS + 1);
    agree(&c, FACTORY_AT + EAST, AGREED_DOWN, 20000);
    ck_assert_str_eq(wish(&c), "0/100/0 0/100/0");
    ck_assert_int_eq(c.wish.kind, DECISION_LEAVE);
    ck_assert(!c.wish.ordered);
    ck_assert_uint_eq(c.wish.regions_left, 1u << EAST);
    ck_assert_uint_eq(c.wish.regions_gained, 1u << WEST);
}
END_TEST

START_TEST(d1_undecided_takes_nothing)
{
    struct case_of c;

    begin(&c);
    agree_both(&c, EAST, AGREED_UNDECIDED, 900000);
    ck_assert_str_eq(wish(&c), "100/0/0 100/0/0");
    ck_assert(!c.wish.changes);
}
END_TEST

START_TEST(d1_a_drain_leaves_at_once_and_is_an_order)
{
    struct case_of c;

    begin(&c);
    c.drained[EAST] = true;
    ck_assert_str_eq(wish(&c), "0/100/0 0/100/0");
    ck_assert(c.wish.ordered);
    agree(&c, PIZZA_AT + EAST, AGREED_DOWN, 30000); /* drained, and dead as well */
    wish(&c);
    ck_assert(c.wish.ordered);
}
END_TEST

START_TEST(d2_stable_counts_the_youngest_service)
{
    struct case_of c;

    begin(&c);
    agree_both(&c, EAST, AGREED_DOWN, 30000);
    agree(&c, FACTORY_AT + WEST, AGREED_UP, 59999);
    ck_assert_str_eq(wish(&c), "0/0/100 0/0/100");
    agree(&c, FACTORY_AT + WEST, AGREED_UP, 60000);
    ck_assert_str_eq(wish(&c), "0/100/0 0/100/0");
}
END_TEST

START_TEST(d2_a_drained_region_gains_nothing)
{
    struct case_of c;

    begin(&c);
    agree_both(&c, EAST, AGREED_DOWN, 30000);
    c.drained[WEST] = true;
    ck_assert_str_eq(wish(&c), "0/0/100 0/0/100");
    c.drained[CENTRAL] = true;
    ck_assert_str_eq(wish(&c), "all-down");
    ck_assert(!c.wish.changes);
    ck_assert(c.wish.all_down);
}
END_TEST

START_TEST(d2_who_may_still_come_is_waited_for)
{
    struct case_of c;

    begin(&c);
    agree_both(&c, EAST, AGREED_DOWN, 30000);
    agree_both(&c, WEST, AGREED_UNDECIDED, 90000);
    agree_both(&c, CENTRAL, AGREED_DOWN, 30000);
    ck_assert_str_eq(wish(&c), "no-region-may-gain");
    ck_assert(!c.wish.all_down);
}
END_TEST

START_TEST(d2_the_share_goes_to_who_serves_every_service)
{
    struct case_of c;

    begin(&c);
    set(c.weights, 50, 50, 0);
    agree_both(&c, EAST, AGREED_DOWN, 30000);
    ck_assert_str_eq(wish(&c), "0/50/0 0/50/0");
    ck_assert_uint_eq(c.wish.regions_gained, 0);
    c.weights[FACTORY_AT + WEST] = 0; /* west serves pizza, but no factory */
    ck_assert_str_eq(wish(&c), "0/50/0 0/50/0");
    ck_assert_uint_eq(c.wish.regions_gained, 1u << WEST);
}
END_TEST

START_TEST(d2_a_substitute_never_loses_by_taking_over)
{
    struct case_of c;

    begin(&c);
    set(c.weights, 100, 0, 0);
    c.weights[FACTORY_AT + WEST] = 90;
    c.normal[FACTORY_AT + WEST] = 6;
    agree_both(&c, EAST, AGREED_DOWN, 30000);
    ck_assert_str_eq(wish(&c), "0/100/0 0/90/0");
}
END_TEST

START_TEST(d2_a_substitute_without_any_share_gets_one)
{
    struct case_of c;

    begin(&c);
    set(c.normal, 0, 0, 0);
    set(c.weights, 1, 0, 0);
    agree_both(&c, EAST, AGREED_DOWN, 30000);
    ck_assert_str_eq(wish(&c), "0/1/0 0/1/0");
}
END_TEST

START_TEST(d2_all_down_goes_to_the_static_page_if_it_may)
{
    struct case_of c;

    begin(&c);
    c.hand.group.all_down = ALL_DOWN_FALLBACK;
    c.hand.group.fallback_region = CENTRAL;
    c.hand.group.order_count = 2;
    c.hand.sites[PIZZA_AT + CENTRAL].check_count = 0;
    c.hand.sites[FACTORY_AT + CENTRAL].check_count = 0;
    agree_both(&c, CENTRAL, AGREED_UNDECIDED, 0);
    agree_both(&c, EAST, AGREED_DOWN, 30000);
    agree_both(&c, WEST, AGREED_DOWN, 10000);
    ck_assert_str_eq(wish(&c), "no-region-may-gain"); /* west is not down for hold yet */
    agree_both(&c, WEST, AGREED_DOWN, 30000);
    ck_assert_str_eq(wish(&c), "0/0/100 0/0/100");
    set(c.weights, 0, 0, 100);
    wish(&c);
    ck_assert(!c.wish.changes);
    agree_both(&c, WEST, AGREED_UP, 60000);
    ck_assert_str_eq(wish(&c), "0/100/0 0/100/0");
    ck_assert(!c.wish.ordered);
}
END_TEST

START_TEST(d2_a_static_page_that_was_drained_stands_in_for_nobody)
{
    struct case_of c;

    begin(&c);
    c.hand.group.all_down = ALL_DOWN_FALLBACK;
    c.hand.group.fallback_region = CENTRAL;
    c.hand.group.order_count = 2;
    agree_both(&c, EAST, AGREED_DOWN, 30000);
    agree_both(&c, WEST, AGREED_DOWN, 30000);
    c.drained[CENTRAL] = true;
    ck_assert_str_eq(wish(&c), "all-down");
    c.drained[CENTRAL] = false;
    ck_assert_str_eq(wish(&c), "0/0/100 0/0/100");
}
END_TEST

START_TEST(d3_together_one_required_service_is_enough)
{
    struct case_of c;

    begin(&c);
    c.hand.services[1].required = false;
    agree(&c, FACTORY_AT + EAST, AGREED_DOWN, 30000);
    ck_assert_str_eq(wish(&c), "100/0/0 100/0/0");
    agree(&c, PIZZA_AT + EAST, AGREED_DOWN, 30000);
    ck_assert_str_eq(wish(&c), "0/100/0 0/100/0");
}
END_TEST

START_TEST(d3_apart_each_service_is_judged_by_itself)
{
    struct case_of c;

    begin(&c);
    c.hand.group.together = false;
    agree(&c, FACTORY_AT + EAST, AGREED_DOWN, 30000);
    agree(&c, PIZZA_AT + WEST, AGREED_DOWN, 30000);
    ck_assert_str_eq(wish(&c), "100/0/0 0/100/0");
}
END_TEST

START_TEST(d3_apart_nobody_returns_while_another_leaves)
{
    struct case_of c;

    begin(&c);
    c.hand.group.together = false;
    c.failback = true;
    c.weights[PIZZA_AT + EAST] = 0;
    c.weights[PIZZA_AT + WEST] = 100;
    agree(&c, FACTORY_AT + EAST, AGREED_DOWN, 30000);
    ck_assert_str_eq(wish(&c), "0/100/0 0/100/0");
    ck_assert_int_eq(c.wish.kind, DECISION_LEAVE);
    set(c.weights, 0, 100, 0);
    agree(&c, FACTORY_AT + EAST, AGREED_UP, 1000);
    ck_assert_str_eq(wish(&c), "100/0/0 0/100/0"); /* pizza may come back, the factory not yet */
    ck_assert_int_eq(c.wish.kind, DECISION_FAILBACK);
}
END_TEST

START_TEST(d4_an_override_needs_no_stable_but_no_region_agreed_down)
{
    struct case_of c;

    begin(&c);
    c.drained[EAST] = true;
    c.override = true;
    agree_both(&c, WEST, AGREED_UNDECIDED, 0);
    ck_assert_str_eq(wish(&c), "0/100/0 0/100/0");
    agree(&c, FACTORY_AT + WEST, AGREED_DOWN, 0);
    ck_assert_str_eq(wish(&c), "0/0/100 0/0/100");
}
END_TEST

/* The page was put there by nobody's word, and an override for something else does not end it. */
START_TEST(d7_an_override_does_not_end_the_static_page)
{
    struct case_of c;

    begin(&c);
    set(c.weights, 0, 0, 100);
    c.hand.group.order_count = 2; /* central is the page */
    c.hand.group.fallback_region = CENTRAL;
    c.override = true;
    agree_both(&c, EAST, AGREED_UNDECIDED, 0);
    agree_both(&c, WEST, AGREED_UNDECIDED, 0);
    ck_assert_str_eq(wish(&c), "0/0/100 0/0/100");
    agree_both(&c, EAST, AGREED_UP, 60000);
    ck_assert_str_eq(wish(&c), "100/0/0 100/0/0");
}
END_TEST

START_TEST(d7_what_the_one_probe_sees_down_gains_nothing_even_by_override)
{
    struct case_of c;

    begin(&c);
    c.drained[EAST] = true;
    c.override = true;
    agree_both(&c, WEST, AGREED_UNDECIDED, 0);
    agree_both(&c, CENTRAL, AGREED_UNDECIDED, 0);
    c.unfit[WEST] = true;
    ck_assert_str_eq(wish(&c), "0/0/100 0/0/100");
    c.unfit[CENTRAL] = true;
    ck_assert_str_eq(wish(&c), "no-region-may-gain");
}
END_TEST

START_TEST(d5_without_a_word_nothing_returns)
{
    struct case_of c;

    begin(&c);
    set(c.weights, 0, 100, 0);
    ck_assert_str_eq(wish(&c), "0/100/0 0/100/0");
    c.failback = true;
    ck_assert_str_eq(wish(&c), "100/0/0 100/0/0");
    agree_both(&c, EAST, AGREED_UP, 1000);
    ck_assert_str_eq(wish(&c), "0/100/0 0/100/0");
    ck_assert_int_eq(c.wish.again_ms, NOW_MS + 59000);
}
END_TEST

START_TEST(d5_part_may_return_and_the_substitute_stays_until_all_has)
{
    struct case_of c;

    begin(&c);
    set(c.normal, 60, 40, 0);
    set(c.weights, 0, 0, 100);
    c.failback = true;
    agree_both(&c, WEST, AGREED_UNDECIDED, 0);
    ck_assert_str_eq(wish(&c), "60/0/100 60/0/100");
    set(c.weights, 60, 0, 100);
    agree_both(&c, WEST, AGREED_UP, 60000);
    ck_assert_str_eq(wish(&c), "60/40/0 60/40/0");
}
END_TEST

/* East and west share; west's normal weight is nothing. */
START_TEST(d5_a_substitute_stays_until_the_others_are_agreed_up)
{
    struct case_of c;

    begin(&c);
    c.failback = true;
    set(c.weights, 100, 40, 0);
    agree_both(&c, EAST, AGREED_UNDECIDED, 500000);
    ck_assert_str_eq(wish(&c), "100/40/0 100/40/0");
    agree_both(&c, EAST, AGREED_DOWN, 1);
    ck_assert_str_eq(wish(&c), "100/40/0 100/40/0");
    agree_both(&c, EAST, AGREED_UP, 1);
    ck_assert_str_eq(wish(&c), "100/0/0 100/0/0");
}
END_TEST

/* Somebody gave the factory its east again by hand: the west is dismissed with the pizza's. */
START_TEST(d3_together_a_substitute_stays_until_every_service_is_back)
{
    struct case_of c;

    begin(&c);
    c.failback = true;
    set(c.weights, 0, 100, 0);
    c.weights[FACTORY_AT + EAST] = 100;
    agree_both(&c, EAST, AGREED_UP, 1); /* not stable: it gains nothing yet */
    ck_assert_str_eq(wish(&c), "0/100/0 100/100/0");
    c.hand.group.together = false;
    ck_assert_str_eq(wish(&c), "0/100/0 100/0/0");
}
END_TEST

START_TEST(d5_steps_rise_to_all)
{
    static const uint32_t steps[] = {10, 50, 100};
    struct case_of c;

    begin(&c);
    c.hand.group.failback = FAILBACK_AUTO;
    c.hand.group.steps_pct = steps;
    c.hand.group.step_count = 3;
    c.failback = true;
    set(c.weights, 0, 100, 0);
    ck_assert_str_eq(wish(&c), "10/100/0 10/100/0");
    set(c.weights, 10, 100, 0);
    ck_assert_str_eq(wish(&c), "50/100/0 50/100/0");
    set(c.weights, 50, 100, 0);
    ck_assert_str_eq(wish(&c), "100/0/0 100/0/0");
    set(c.normal, 3, 0, 0); /* ten percent of three are still something */
    set(c.weights, 0, 100, 0);
    ck_assert_str_eq(wish(&c), "1/100/0 1/100/0");
}
END_TEST

START_TEST(d5_what_is_drained_does_not_return)
{
    struct case_of c;

    begin(&c);
    set(c.weights, 0, 100, 0);
    c.failback = true;
    c.drained[EAST] = true;
    ck_assert_str_eq(wish(&c), "0/100/0 0/100/0");
}
END_TEST

START_TEST(d10_the_gates_say_each_region_once)
{
    struct case_of c;

    begin(&c);
    c.failback = true;
    agree_both(&c, EAST, AGREED_DOWN, 12000);
    wish(&c);
    ck_assert_uint_eq(c.gate_count, 3);
    ck_assert_str_eq(c.gates[0].rule, "D1");
    ck_assert(!c.gates[0].open);
    ck_assert_int_eq(c.gates[0].value, 12000);
    ck_assert_int_eq(c.gates[0].limit, 20000);
    ck_assert_str_eq(c.gates[1].rule, "D2");
    ck_assert(c.gates[1].open);
}
END_TEST

int main(void)
{
    return RUN_TESTS(
        "wish", d1_down_for_hold_leaves_and_a_millisecond_less_does_not, d1_undecided_takes_nothing,
        d1_a_drain_leaves_at_once_and_is_an_order, d2_stable_counts_the_youngest_service,
        d2_a_drained_region_gains_nothing, d2_who_may_still_come_is_waited_for,
        d2_the_share_goes_to_who_serves_every_service, d2_a_substitute_never_loses_by_taking_over,
        d2_a_substitute_without_any_share_gets_one, d2_all_down_goes_to_the_static_page_if_it_may,
        d2_a_static_page_that_was_drained_stands_in_for_nobody,
        d3_together_one_required_service_is_enough, d3_apart_each_service_is_judged_by_itself,
        d3_apart_nobody_returns_while_another_leaves,
        d4_an_override_needs_no_stable_but_no_region_agreed_down,
        d7_an_override_does_not_end_the_static_page,
        d7_what_the_one_probe_sees_down_gains_nothing_even_by_override,
        d5_without_a_word_nothing_returns,
        d5_part_may_return_and_the_substitute_stays_until_all_has,
        d5_a_substitute_stays_until_the_others_are_agreed_up,
        d3_together_a_substitute_stays_until_every_service_is_back, d5_steps_rise_to_all,
        d5_what_is_drained_does_not_return, d10_the_gates_say_each_region_once);
}
