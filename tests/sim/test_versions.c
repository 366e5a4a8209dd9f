/* SPDX-License-Identifier: Apache-2.0 */
/* A rolling upgrade, value by value: what another version wrote, or a hand, is never counted, never
 * taken for nothing, and never written over (store_form.h; A2, D6, D7, D8). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pizza.h"

static const char head_key[] = "v1/decisions/jwt-pizza";
static const char budget_key[] = "v1/budget";
static const char vote_key[] = "v1/votes/usw2/jwt-pizza";

/* The value at a key with another version in front of it. */
static void write_as(struct world *world, const char *key, const char *version)
{
    const char *value = world_store_value(world, key);
    char *text = malloc(strlen(value) + strlen(version) + 1);

    ck_assert_ptr_nonnull(text);
    ck_assert_int_eq(strncmp(value, "{\"v\":1,", 7), 0);
    snprintf(text, strlen(value) + strlen(version) + 1, "{%s,%s", version, value + 7);
    world_store_write(world, key, text);
    free(text);
}

#define NEXT_MINOR "\"v\":1,\"minor\":1,\"news\":{\"of\":[1,2]}"
#define NEXT_MAJOR "\"v\":2"

static enum ballot ballot_of(struct world *world, uint32_t probe)
{
    struct tally tally;

    engine_tally(world_engine(world, FRA),
                 settings_site(world_settings(world), "factory/us-east-1"), &tally);
    return tally.ballots[probe];
}

/* A refusal in force, as a person would read it. */
static void expect_refused(struct world *world, const char *rule, const char *reason)
{
    struct group_view view;

    engine_group(world_engine(world, USE1), 0, &view);
    ck_assert_ptr_nonnull(view.refused_rule);
    ck_assert_str_eq(view.refused_rule, rule);
    ck_assert_str_eq(view.refused_reason, reason);
}

/* ---- votes (A2) ---- */

START_TEST(a_vote_of_a_newer_major_does_not_count_and_its_probe_is_named)
{
    struct world *world = pizza_world(PIZZA("hold = 5;"));

    world_kill(world, USW2);
    run_for(world, 60000);
    world_store_write(world, vote_key, "{\"v\":2,\"opinion\":\"fine\"}");
    run_for(world, 2000);
    ck_assert_int_eq(ballot_of(world, USW2), BALLOT_UNREADABLE);
    run_for(world, 70000);
    ck_assert_uint_gt(world_alerts(world, ALERT_SETTINGS_SKEW, ALERT_OPEN), 0);
    ck_assert_uint_eq(world_alerts(world, ALERT_QUORUM_LOST, ALERT_OPEN), 0);
    factory_dies(world); /* the other two are a quorum */
    run_for(world, 60000);
    ck_assert_uint_eq(world_shifts(world), 1);
    world_destroy(world);
}
END_TEST

START_TEST(a_vote_of_a_newer_minor_counts)
{
    struct world *world = pizza_world(PIZZA("hold = 5;"));

    write_as(world, vote_key, NEXT_MINOR);
    run_for(world, 500);
    ck_assert_int_eq(ballot_of(world, USW2), BALLOT_UP);
    world_destroy(world);
}
END_TEST

/* ---- the head (D8) ---- */

START_TEST(a_head_of_a_newer_major_stops_decisions_and_does_not_look_like_none)
{
    struct world *world = pizza_world(PIZZA("hold = 5;"));
    struct group_view view;

    write_as(world, head_key, NEXT_MAJOR);
    run_for(world, 2000);
    expect_refused(world, "D8", "head-unreadable");
    engine_group(world_engine(world, USE1), 0, &view);
    ck_assert(!view.has_head);
    ck_assert_int_eq(view.head_form, VALUE_NEWER);
    factory_dies(world);
    run_for(world, 120000);
    ck_assert_uint_eq(world_shifts(world), 0);
    ck_assert_uint_gt(world_alerts(world, ALERT_MOVE_REFUSED, ALERT_OPEN), 0);
    ck_assert_uint_eq(world_alerts(world, ALERT_FENCE_CONFLICT, ALERT_OPEN), 0);
    ck_assert_ptr_nonnull(strstr(world_store_value(world, head_key), NEXT_MAJOR));
    world_destroy(world);
}
END_TEST

/* `init` would begin anew, at an epoch of its own, over what others decide by. */
START_TEST(init_begins_nothing_over_a_head_that_cannot_be_read)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 5;"), TRACE_MOVES, NONE);

    world_store_write(world, head_key, "scribbled by hand");
    run_for(world, 2000);
    world_init_groups(world);
    run_for(world, 60000);
    expect_traced(world, "proposed", 0);
    ck_assert_str_eq(world_store_value(world, head_key), "scribbled by hand");
    world_destroy(world);
}
END_TEST

START_TEST(a_ledger_of_a_newer_minor_is_counted_in_as_ever)
{
    struct world *world = pizza_world(PIZZA("hold = 5;"));

    world_store_write(world, budget_key, "{" NEXT_MINOR ",\"moves\":[]}");
    factory_dies(world);
    run_for(world, 60000);
    ck_assert_uint_eq(world_shifts(world), 1);
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

START_TEST(a_head_that_can_be_read_again_is_obeyed_again)
{
    struct world *world = pizza_world(PIZZA("hold = 5;"));
    char *head = strdup(world_store_value(world, head_key));
    struct group_view view;

    ck_assert_ptr_nonnull(head);
    write_as(world, head_key, NEXT_MAJOR);
    run_for(world, 60000);
    world_store_write(world, head_key, head);
    free(head);
    run_for(world, 30000);
    engine_group(world_engine(world, USE1), 0, &view);
    ck_assert(view.has_head);
    ck_assert_ptr_null(view.refused_rule);
    ck_assert_uint_eq(view.head.epoch, 1);
    ck_assert_uint_eq(world_shifts(world), 0);
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* ---- the ledger (D6) ---- */

START_TEST(a_ledger_of_a_newer_major_stops_moves_also_ordered_ones_and_stays)
{
    struct world *world = pizza_world(PIZZA("hold = 5;"));

    world_store_write(world, budget_key, "{\"v\":2,\"entries\":[]}");
    run_for(world, 2000);
    expect_refused(world, "D6", "ledger");
    factory_dies(world);
    order(world, ORDER_DRAIN, "us-east-1");
    run_for(world, 120000);
    ck_assert_uint_eq(world_shifts(world), 0);
    ck_assert_str_eq(world_store_value(world, budget_key), "{\"v\":2,\"entries\":[]}");
    world_store_write(world, budget_key, NULL); /* a person says: there were none */
    run_for(world, 30000);
    ck_assert_uint_eq(world_shifts(world), 1);
    world_destroy(world);
}
END_TEST

/* ---- orders (D7) ---- */

START_TEST(an_order_of_a_newer_major_holds_every_move_until_it_is_gone)
{
    struct world *world = pizza_world(PIZZA("hold = 5;"));

    world_store_write(world, "v1/orders/7", "{\"v\":2,\"verb\":\"hold\",\"sites\":[]}");
    factory_dies(world);
    run_for(world, 120000);
    expect_refused(world, "D7", "freeze");
    order_group(world, ORDER_THAW);
    run_for(world, 60000);
    ck_assert_uint_eq(world_shifts(world), 0);
    ck_assert_uint_gt(world_alerts(world, ALERT_FROZEN, ALERT_OPEN), 0);
    world_store_write(world, "v1/orders/7", NULL);
    run_for(world, 60000);
    ck_assert_uint_eq(world_shifts(world), 1);
    world_destroy(world);
}
END_TEST

START_TEST(an_order_of_a_newer_minor_is_obeyed_and_keeps_what_it_said)
{
    struct world *world = pizza_world(PIZZA("hold = 5;"));

    world_store_write(world, "v1/orders/7",
                      "{" NEXT_MINOR ",\"verb\":\"drain\",\"region\":\"us-east-1\",\"group\":\"\","
                      "\"incident\":\"\",\"override\":false,\"by\":\"b\",\"reason\":\"r\",\"at\":1,"
                      "\"until\":0,\"obeyed\":[]}");
    run_for(world, 60000);
    ck_assert_uint_eq(world_shifts(world), 1);
    ck_assert_ptr_nonnull(strstr(world_store_value(world, "v1/orders/7"), NEXT_MINOR));
    ck_assert_ptr_nonnull(
        strstr(world_store_value(world, "v1/orders/7"), "{\"group\":\"jwt-pizza\",\"epoch\":2}"));
    world_destroy(world);
}
END_TEST

START_TEST(an_order_for_a_region_that_is_not_ours_holds_nothing)
{
    struct world *world = pizza_world(PIZZA("hold = 5;"));

    world_store_write(world, "v1/orders/7",
                      "{\"v\":1,\"verb\":\"drain\",\"region\":\"eu-north-1\",\"group\":\"\","
                      "\"incident\":\"\",\"override\":false,\"by\":\"b\",\"reason\":\"r\",\"at\":1,"
                      "\"until\":0,\"obeyed\":[]}");
    factory_dies(world);
    run_for(world, 60000);
    ck_assert_uint_eq(world_shifts(world), 1);
    world_destroy(world);
}
END_TEST

/* ---- hints ---- */

START_TEST(suspects_of_a_newer_major_suspect_nothing_and_harm_nothing)
{
    struct world *world = pizza_world(PIZZA("hold = 5;"));

    world_store_write(world, "v1/suspects/usw2", "{\"v\":2,\"list\":[]}");
    factory_dies(world);
    run_for(world, 60000);
    ck_assert_uint_eq(world_shifts(world), 1);
    world_destroy(world);
}
END_TEST

/* ---- orders that are over ---- */

START_TEST(orders_that_are_over_leave_the_store_after_an_hour)
{
    struct world *world = pizza_world(PIZZA("hold = 5;"));
    const struct order *orders;

    order(world, ORDER_DRAIN, "us-west-2");
    run_for(world, 60000);
    order(world, ORDER_RESTORE, "us-west-2");
    order_group(world, ORDER_FREEZE);
    run_for(world, 60000);
    ck_assert_uint_eq(engine_orders(world_engine(world, FRA), &orders), 2);
    run_for(world, 2 * 3600 * 1000);
    ck_assert_uint_eq(engine_orders(world_engine(world, FRA), &orders), 1);
    ck_assert_int_eq(orders[0].verb, ORDER_FREEZE);
    expect_sound(world);
    world_destroy(world);
}
END_TEST

int main(void)
{
    return RUN_TESTS("versions", a_vote_of_a_newer_major_does_not_count_and_its_probe_is_named,
                     a_vote_of_a_newer_minor_counts,
                     a_head_of_a_newer_major_stops_decisions_and_does_not_look_like_none,
                     init_begins_nothing_over_a_head_that_cannot_be_read,
                     a_ledger_of_a_newer_minor_is_counted_in_as_ever,
                     a_head_that_can_be_read_again_is_obeyed_again,
                     a_ledger_of_a_newer_major_stops_moves_also_ordered_ones_and_stays,
                     an_order_of_a_newer_major_holds_every_move_until_it_is_gone,
                     an_order_of_a_newer_minor_is_obeyed_and_keeps_what_it_said,
                     an_order_for_a_region_that_is_not_ours_holds_nothing,
                     suspects_of_a_newer_major_suspect_nothing_and_harm_nothing,
                     orders_that_are_over_leave_the_store_after_an_hour);
}
