/* SPDX-License-Identifier: Apache-2.0 */
/* Rule C8 where Route 53 accepts, and it does not last: what its control plane forgot, and what it
 * keeps to itself. And what the page says while nothing can be written. */
#include <string.h>

#include "acting.h"
#include "pizza.h"

static const char *alert_text(const struct world *world, enum alert_event event)
{
    const struct alert *alert = world_alert(world, event);

    ck_assert_ptr_nonnull(alert);
    return alert->text;
}

static void expect_said(const struct world *world, enum alert_event event, const char *words)
{
    const char *text = alert_text(world, event);

    ck_assert_msg(strstr(text, words) != NULL, "not said: %s\n--- said\n%s", words, text);
}

/* The control plane fails over 60 s after the fault began, and knows nothing of the move: GetChange
 * says so within 5 s, not the next periodic reading after 5 minutes. */
START_TEST(c8_what_route53_forgot_is_written_again_at_once)
{
    struct world *world =
        pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES | WORLD_TRACE(FACT_STRANDED), USE1);

    act(world, "route53 stranded");
    factory_dies(world);
    run_for(world, 59000);
    expect_weights(world, "0/100 0/100");
    run_for(world, 2000);
    expect_weights(world, "100/0 100/0"); /* undone */
    run_for(world, 6000);
    expect_traced(world, "stranded group=jwt-pizza zone=ZONE1 epoch=2 state=forgotten", 1);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 2);
    ck_assert_uint_eq(world_alerts(world, ALERT_DRIFT, ALERT_OPEN), 0);
    world_destroy(world);
}
END_TEST

/* Its region recovered meanwhile: the move had been applied, so it is not cancelled, and nothing
 * comes back by itself (C8, D5). */
START_TEST(c8_what_was_applied_and_forgotten_is_not_cancelled_by_a_recovery)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));

    act(world, "route53 stranded");
    factory_dies(world);
    run_for(world, 40000);
    factory_heals(world);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    run_for(world, 900000);
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

/* Accepted, and no server gives it: looked into after 2 minutes, paged after 5, until it is out. */
START_TEST(c8_what_route53_does_not_publish_is_paged)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), WORLD_TRACE(FACT_STRANDED), USE1);

    world_zone(world, ZONE_PENDING);
    factory_dies(world);
    run_for(world, 25000);
    run_for(world, 280000);
    expect_traced(world, "state=pending", 1);
    ck_assert_uint_eq(world_alerts(world, ALERT_CANNOT_WRITE, ALERT_OPEN), 0);
    run_for(world, 60000);
    ck_assert_uint_eq(world_alerts(world, ALERT_CANNOT_WRITE, ALERT_OPEN), 1);
    expect_said(world, ALERT_CANNOT_WRITE, "was accepted");
    expect_said(world, ALERT_CANNOT_WRITE, "Route 53 does not publish it");
    ck_assert_uint_eq(world_shifts(world), 1); /* and it is not sent again */
    world_zone(world, ZONE_OK);
    run_for(world, 60000);
    ck_assert_uint_eq(world_alerts(world, ALERT_CANNOT_WRITE, ALERT_RESOLVED), 1);
    world_destroy(world);
}
END_TEST

/* What was decided, what was tried, what an operator can do. */
START_TEST(c8_the_page_says_what_was_tried_and_what_to_do)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));

    world_zone(world, ZONE_THROTTLE);
    factory_dies(world);
    run_for(world, 84000); /* within a minute of the first try */
    ck_assert_uint_gt(world_alerts(world, ALERT_CANNOT_WRITE, ALERT_OPEN), 0);
    expect_said(world, ALERT_CANNOT_WRITE, "Decided: epoch 2 (leave)");
    expect_said(world, ALERT_CANNOT_WRITE, " tries in 1");
    expect_said(world, ALERT_CANNOT_WRITE, " to write epoch 2, last: busy; the next one in ");
    expect_said(world, ALERT_CANNOT_WRITE, "What you can do: `regionshift ready`");
    expect_said(world, ALERT_CANNOT_WRITE, "Without beacons nothing moves traffic meanwhile.");
    world_destroy(world);
}
END_TEST

START_TEST(c8_the_page_says_when_a_zone_cannot_be_read)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));

    world_zone(world, ZONE_DOWN);
    run_for(world, 400000);
    ck_assert_uint_gt(world_alerts(world, ALERT_CANNOT_WRITE, ALERT_OPEN), 0);
    expect_said(world, ALERT_CANNOT_WRITE, "zone ZONE1: cannot be read for ");
    world_destroy(world);
}
END_TEST

/* D9: `init` was confirmed where a record set is missing, and could not be written; a move was
 * decided over that, and cancelled. What is written then is what `init` was to write. */
START_TEST(c8_what_is_cancelled_over_an_init_on_its_way_creates_what_is_missing)
{
    struct world *world = NULL;
    char error[512] = "";

    ck_assert_int_eq(world_create(PIZZA("hold = 20; dwell = 0;"), error, sizeof(error), &world), 0);
    world_delete_set(world, "factory/us-west-2");
    world_run(world, 100000);
    world_trace(world, TRACE_MOVES, NONE);
    world_zone(world, ZONE_THROTTLE);
    world_init_groups(world);
    run_for(world, 10000);
    factory_dies(world);
    run_for(world, 60000);
    factory_heals(world);
    run_for(world, 60000);
    expect_traced(world, "decided group=jwt-pizza epoch=3 kind=cancel weights=\"100/0 100/0\"", 1);
    world_zone(world, ZONE_OK);
    run_for(world, 120000);
    expect_weights(world, "100/0 100/0");
    factory_dies(world);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

int main(void)
{
    return RUN_TESTS("rule C8", c8_what_route53_forgot_is_written_again_at_once,
                     c8_what_was_applied_and_forgotten_is_not_cancelled_by_a_recovery,
                     c8_what_route53_does_not_publish_is_paged,
                     c8_the_page_says_what_was_tried_and_what_to_do,
                     c8_the_page_says_when_a_zone_cannot_be_read,
                     c8_what_is_cancelled_over_an_init_on_its_way_creates_what_is_missing);
}
