/* SPDX-License-Identifier: Apache-2.0 */
/* Rule C4 in full: how soon somebody else's change is seen, what becomes of it under each setting,
 * and what is said of it. And what somebody does to a fence. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../lib/suite.h"
#include "pizza.h"

#define DRIFT (WORLD_TRACE(FACT_DRIFT) | WORLD_TRACE(FACT_DECIDED))
#define RESTORE "hold = 20; dwell = 600; drift = \"restore\";"
#define FENCE_NAME "_regionshift.jwt-pizza.example.com"

static void ack(struct world *world)
{
    world_order(world, &(struct world_order){.verb = ORDER_ACK, .incident = "jwt-pizza.drift"});
}

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

/* ---- how soon ---- */

/* Whenever it is made, each probe that reads zones has seen it 5 minutes later, though nothing else
 * made it look. */
START_TEST(c4_a_change_is_seen_within_five_minutes)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), WORLD_TRACE(FACT_DRIFT), NONE);

    run_for(world, 1 + _i * 43000);
    world_set_weight(world, "pizza/us-west-2", 50);
    run_for(world, 300000 + 100); /* and the time an answer takes */
    expect_traced(world, "drift group=jwt-pizza", 2);
    world_destroy(world);
}
END_TEST

/* ---- what is said ---- */

START_TEST(c4_the_page_names_each_set_with_what_was_decided_and_what_is_there)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));

    world_set_weight(world, "pizza/us-east-1", 40);
    world_set_weight(world, "factory/us-west-2", 7);
    run_for(world, 310000);
    expect_said(world, ALERT_DRIFT,
                "Changed by somebody else:\n"
                "  pizza/us-east-1 set pizza-us-east-1: weight 100 in decision 1, 40 in the zone\n"
                "  factory/us-west-2 set factory-us-west-2: weight 0 in decision 1, 7 in the "
                "zone\n");
    ck_assert_ptr_null(strstr(alert_text(world, ALERT_DRIFT), "pizza/us-west-2 set"));
    world_destroy(world);
}
END_TEST

/* What is not a weight is adopted, and told once, by whichever probe comes first (L2). */
START_TEST(c4_another_attribute_is_adopted_and_told)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));

    world_set_ttl(world, "pizza/us-east-1", 300);
    world_set_ttl(world, "pizza/us-west-2", 300);
    run_for(world, 310000);
    expect_said(world, ALERT_RECORD_CHANGED,
                "Changed by somebody else:\n"
                "  pizza/us-east-1 set pizza-us-east-1: TTL was 60, is 300\n"
                "  pizza/us-west-2 set pizza-us-west-2: TTL was 60, is 300\n");
    ck_assert_uint_eq(world_alerts(world, ALERT_RECORD_CHANGED, ALERT_OPEN), 2); /* one incident */
    ck_assert_uint_eq(world_alerts(world, ALERT_DRIFT, ALERT_OPEN), 0);
    factory_dies(world);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_refused(world), 0); /* and deleted as it is now (C1) */
    world_destroy(world);
}
END_TEST

/* Between the reading and the write: what was read is not there any more, so the batch fails as a
 * whole, the zone is read, and the next one names what is there. */
START_TEST(c4_a_ttl_that_changes_before_the_batch_comes_fails_it_once)
{
    struct world *world = pizza_world_traced(
        PIZZA("hold = 20;"),
        WORLD_TRACE(FACT_SENT) | WORLD_TRACE(FACT_BATCH_REFUSED) | WORLD_TRACE(FACT_ACCEPTED),
        NONE);

    factory_dies(world);
    world_set_ttl_before_batch(world, "pizza/us-east-1", 300);
    run_for(world, 60000);
    expect_traced(world, "sent group=jwt-pizza", 2);
    expect_traced(world, "batch_refused group=jwt-pizza", 1);
    ck_assert_uint_eq(world_refused(world), 1);
    ck_assert_uint_eq(world_shifts(world), 1);
    expect_weights(world, "0/100 0/100");
    ck_assert_int_eq(world_ttl(world, "pizza/us-east-1"), 300); /* not written back */
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* A thousand times, at any moment around a move: what a human wrote stands until somebody says that
 * it may go; and then traffic moves, under the next epochs, with no name ever empty. */
START_TEST(c4_a_thousand_edits_around_a_move_all_stand)
{
    static const char *const sites[] = {"pizza/us-east-1", "pizza/us-west-2", "factory/us-east-1",
                                        "factory/us-west-2"};
    uint32_t first = 0;
    uint32_t refused = 0;

    for (uint32_t i = 0; i < 1000; i++) {
        struct world *world = pizza_world(PIZZA("hold = 20;"));
        const char *site = sites[i % 4];
        int weight = 3 + (int)(i * 7 % 90);

        factory_dies(world);
        if (i % 5 == 0) /* between our reading and our batch, which takes no time here */
            world_set_weight_before_batch(world, site, weight);
        run_for(world, 24400 + (i * 37) % 400); /* decided at 24.5 s, read, sent, taken */
        first += world_shifts(world) == 0;
        if (i % 5 != 0)
            world_set_weight(world, site, weight);
        run_for(world, 30000);
        ck_assert_msg(world_weight(world, site) == weight, "edit %u of %s was lost", i, site);
        ck_assert_uint_le(world_shifts(world), 1);
        ack(world);
        run_for(world, 40000);
        expect_sound(world);
        refused += world_refused(world);
        world_destroy(world);
    }
    ck_assert_uint_gt(first, 200);   /* it was before the move ... */
    ck_assert_uint_lt(first, 800);   /* ... after it ... */
    ck_assert_uint_ge(refused, 200); /* ... and between our reading and our batch */
}
END_TEST

/* ---- restore ---- */

START_TEST(c4_restore_writes_what_was_decided_again_under_a_new_epoch)
{
    struct world *world = pizza_world_traced(PIZZA(RESTORE), DRIFT, NONE);
    struct group_view view;

    world_set_weight(world, "pizza/us-west-2", 50);
    run_until(world, "drift group=jwt-pizza", 310000);
    expect_said(world, ALERT_DRIFT, "weight 0 in decision 1, 50 in the zone");
    expect_said(world, ALERT_DRIFT, "is written again");
    run_for(world, 20000);
    expect_traced(world, "decided group=jwt-pizza epoch=2 kind=reassert weights=\"100/0 100/0\"",
                  1);
    expect_weights(world, "100/0 100/0");
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 2);
    look(world, &view);
    ck_assert_int_eq(view.dwell_left_ms, 0); /* nothing was moved by choice */
    ck_assert_uint_eq(view.budget_used, 0);
    ck_assert_uint_gt(world_alerts(world, ALERT_DRIFT, ALERT_RESOLVED), 0);
    factory_dies(world);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

/* A person who means it, or a machine that writes every minute: not a war of writes. */
START_TEST(c4_restore_does_so_once_in_a_dwell)
{
    struct world *world = pizza_world_traced(PIZZA(RESTORE), DRIFT, NONE);

    for (int i = 0; i < 20; i++) { /* every minute, 20 minutes long */
        world_set_weight(world, "pizza/us-west-2", 50);
        run_for(world, 60000);
    }
    ck_assert_uint_ge(world_fence(world, "jwt-pizza"), 2);
    ck_assert_uint_le(world_fence(world, "jwt-pizza"), 3);
    world_destroy(world);
}
END_TEST

START_TEST(c4_the_second_change_within_a_dwell_may_be_acknowledged)
{
    struct world *world =
        pizza_world_traced(PIZZA("hold = 20; dwell = 3600; drift = \"restore\";"), DRIFT, NONE);

    world_set_weight(world, "pizza/us-west-2", 50);
    run_for(world, 320000);
    world_set_weight(world, "pizza/us-west-2", 60);
    run_for(world, 310000);
    expect_weights(world, "100/60 100/0");
    ack(world);
    run_for(world, 30000);
    expect_traced(world, "epoch=3 kind=adopt weights=\"100/60 100/0\"", 1);
    expect_weights(world, "100/60 100/0");
    world_destroy(world);
}
END_TEST

/* D2: what a human took traffic away from is not given it back while it is not agreed up. */
START_TEST(c4_restore_gives_nothing_to_a_region_that_is_not_up)
{
    struct world *world =
        pizza_world_traced(PIZZA("hold = 3000; dwell = 600; drift = \"restore\";"), DRIFT, NONE);

    factory_dies(world);
    run_for(world, 60000);
    world_set_weight(world, "factory/us-east-1", 0);
    world_set_weight(world, "factory/us-west-2", 100);
    run_for(world, 320000);
    expect_weights(world, "100/0 0/100");
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 1);
    ck_assert_uint_gt(world_alerts(world, ALERT_DRIFT, ALERT_OPEN), 0);
    expect_traced(world, "kind=reassert", 0);
    factory_heals(world);
    run_for(world, 120000);
    expect_weights(world, "100/0 100/0");
    world_destroy(world);
}
END_TEST

/* A decision that was never applied is made once more over the change: as what it is, so that its
 * evidence counts when it is sent. */
START_TEST(c4_restore_under_a_decision_on_its_way_keeps_its_evidence)
{
    struct world *world = pizza_world_traced(PIZZA(RESTORE), DRIFT, NONE);

    world_zone(world, ZONE_THROTTLE);
    factory_dies(world);
    run_for(world, 40000);
    world_set_weight(world, "pizza/us-west-2", 3);
    run_for(world, 20000);
    world_zone(world, ZONE_OK);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    ck_assert_ptr_null(strstr(world_traced(world), "kind=reassert"));
    expect_traced(world, "epoch=3 kind=leave weights=\"0/100 0/100\"", 1);
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* C8: a move was given up while its batch was on its way, somebody changed a weight and took it
 * back, and only then the batch arrives: traffic has moved, and the reassertion, which knew nothing
 * of that, does not move it back. */
START_TEST(c4_restore_does_not_undo_a_move_that_comes_late)
{
    struct world *world = pizza_world_traced(PIZZA(RESTORE), DRIFT, NONE);

    world_zone_late(world, 150000);
    factory_dies(world);
    run_for(world, 26000);
    world_zone(world, ZONE_THROTTLE);
    factory_heals(world);
    run_for(world, 60000);
    world_set_weight(world, "pizza/us-west-2", 50);
    run_for(world, 30000);
    world_set_weight(world, "pizza/us-west-2", 0);
    run_for(world, 100000);
    expect_weights(world, "0/100 0/100"); /* it has come */
    world_zone(world, ZONE_OK);
    run_for(world, 1200000);
    expect_weights(world, "0/100 0/100");
    expect_traced(world, "epoch=4 kind=reassert weights=\"100/0 100/0\"", 1);
    expect_traced(world, "epoch=5 kind=adopt weights=\"0/100 0/100\"", 1);
    ck_assert_uint_eq(world_shifts(world), 1);
    world_destroy(world);
}
END_TEST

/* The same when the edit is made after the move has come: the move stands, and the edit with it
 * where one zone says both; where the edit is in another zone, it waits for a person's word. */
START_TEST(c4_restore_does_not_undo_a_late_move_that_was_edited)
{
    struct world *world =
        pizza_world_traced(_i == 0 ? PIZZA(RESTORE) : PIZZA_TWO_ZONES(RESTORE), DRIFT, NONE);

    world_zone_late(world, 150000);
    factory_dies(world);
    run_for(world, 26000);
    world_zone(world, ZONE_THROTTLE);
    factory_heals(world);
    for (msec_t i = 0; i < 160 && world_weight(world, "pizza/us-west-2") == 0; i++)
        run_for(world, 1000);
    world_set_weight(world, _i == 0 ? "pizza/us-west-2" : "factory/us-west-2", 90);
    world_zone(world, ZONE_OK);
    run_for(world, 1200000);
    expect_weights(world, _i == 0 ? "0/90 0/100" : "0/100 100/90");
    expect_traced(world, "kind=reassert", 0);
    if (_i == 1)
        ck_assert_uint_ge(world_alerts(world, ALERT_DRIFT, ALERT_OPEN), 1);
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* D2: between the decision to restore and its batch the region is drained. */
START_TEST(c4_restore_gives_nothing_to_a_region_that_was_drained_since)
{
    struct world *world = pizza_world_traced(PIZZA(RESTORE), DRIFT, NONE);

    world_zone(world, ZONE_THROTTLE);
    world_set_weight(world, "pizza/us-west-2", 50);
    world_set_weight(world, "pizza/us-east-1", 0);
    run_until(world, "kind=reassert", 310000);
    world_site(world, "factory/us-west-2", SITE_VOID, NONE);
    run_for(world, 40000);
    order(world, ORDER_DRAIN, "us-east-1");
    run_for(world, 10000);
    world_zone(world, ZONE_OK);
    run_for(world, 120000);
    expect_weights(world, "0/50 100/0");
    order(world, ORDER_RESTORE, "us-east-1");
    run_for(world, 60000);
    expect_weights(world, "100/0 100/0");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* The zone says what was decided all along, so a region that dies then is left. */
START_TEST(c4_a_change_taken_back_before_it_is_restored_holds_nothing_up)
{
    struct world *world = pizza_world_traced(PIZZA(RESTORE), DRIFT, NONE);

    world_zone(world, ZONE_THROTTLE);
    world_set_weight(world, "pizza/us-west-2", 50);
    run_until(world, "kind=reassert", 310000);
    world_set_weight(world, "pizza/us-west-2", 0);
    run_for(world, 10000);
    world_zone(world, ZONE_OK);
    factory_dies(world);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* C8: the leave was made once more over the edit, and then its region recovered: what stands again
 * is what was decided before anybody edited. */
START_TEST(c4_what_restore_cancels_goes_back_to_what_was_decided_before_the_edit)
{
    static const struct {
        const char *site;
        int weight;
    } edits[] = {{"pizza/us-west-2", 3}, {"pizza/us-east-1", 40}};
    struct world *world = pizza_world_traced(PIZZA(RESTORE), DRIFT, NONE);

    world_zone(world, ZONE_THROTTLE);
    factory_dies(world);
    run_for(world, 40000);
    world_set_weight(world, edits[_i].site, edits[_i].weight);
    run_for(world, 20000);
    expect_traced(world, "epoch=3 kind=leave weights=\"0/100 0/100\"", 1);
    factory_heals(world);
    run_until(world, "epoch=4 kind=cancel weights=\"100/0 100/0\"", 90000);
    world_zone(world, ZONE_OK);
    run_for(world, 60000);
    expect_weights(world, "100/0 100/0");
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 4);
    ck_assert_uint_eq(world_shifts(world), 1); /* the edit was taken back */
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* The edit was restored, and that not written yet, when the region died and came back. */
START_TEST(c4_a_restore_on_its_way_outlives_a_leave_that_is_cancelled)
{
    struct world *world = pizza_world_traced(PIZZA(RESTORE), DRIFT, NONE);

    world_zone(world, ZONE_THROTTLE);
    world_set_weight(world, "pizza/us-west-2", 50);
    run_until(world, "epoch=2 kind=reassert", 310000);
    factory_dies(world);
    run_until(world, "epoch=3 kind=leave", 60000);
    factory_heals(world);
    run_until(world, "epoch=4 kind=cancel", 90000);
    world_zone(world, ZONE_OK);
    run_for(world, 60000);
    expect_weights(world, "100/0 100/0");
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 4);
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* He takes it back himself while the cancellation waits to be written: no drift, nothing to do. */
START_TEST(c4_an_edit_taken_back_under_a_cancellation_holds_nothing_up)
{
    struct world *world = pizza_world_traced(PIZZA(RESTORE), DRIFT, NONE);

    world_zone(world, ZONE_THROTTLE);
    factory_dies(world);
    run_for(world, 40000);
    world_set_weight(world, "pizza/us-west-2", 3);
    run_until(world, "epoch=3 kind=leave", 60000);
    factory_heals(world);
    run_until(world, "epoch=4 kind=cancel", 90000);
    world_set_weight(world, "pizza/us-west-2", 0);
    run_for(world, 10000);
    world_zone(world, ZONE_OK);
    run_for(world, 60000);
    expect_weights(world, "100/0 100/0");
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 4);
    ck_assert_uint_eq(world_shifts(world), 0);
    expect_sound(world);
    world_destroy(world);
}
END_TEST

#define PIZZA_80_20(extra)                                                                         \
    PIZZA_PROBES                                                                                   \
    "services = (" PIZZA_SERVICE("pizza", "ZONE1", "80", "20", "1") "," PIZZA_SERVICE(             \
        "factory", "ZONE1", "80", "20", "2") ");\n" PIZZA_GROUP(extra)

/* A drain that Route 53 does not take, decided once more over an edit of the west's weight. */
static struct world *drained_over_an_edit(void)
{
    struct world *world = pizza_world_traced(
        PIZZA_80_20("hold = 300; dwell = 600; drift = \"restore\";"), DRIFT, NONE);

    world_zone(world, ZONE_THROTTLE);
    order(world, ORDER_DRAIN, "us-east-1");
    run_until(world, "epoch=2 kind=leave weights=\"0/20 0/20\"", 20000);
    world_set_weight(world, "pizza/us-west-2", 5);
    run_until(world, "epoch=3 kind=leave", 310000);
    return world;
}

/* D2: the edit took weight from a region that is not up now: it is not given back by cancelling. */
START_TEST(c4_a_cancellation_gives_nothing_to_a_region_that_is_not_up)
{
    struct world *world = drained_over_an_edit();

    region_dies(world, "us-west-2", SITE_REFUSE);
    run_for(world, 60000);
    order(world, ORDER_RESTORE, "us-east-1");
    run_for(world, 60000);
    world_zone(world, ZONE_OK);
    run_for(world, 120000);
    expect_weights(world, "80/5 80/20"); /* as somebody left it */
    expect_traced(world, "kind=cancel", 0);
    region_dies(world, "us-west-2", SITE_OK);
    run_for(world, 120000);
    expect_weights(world, "80/20 80/20");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* C6: nor when it goes down between the cancellation and its batch. */
START_TEST(c4_a_cancellation_is_not_sent_to_a_region_that_went_down)
{
    struct world *world = drained_over_an_edit();

    order(world, ORDER_RESTORE, "us-east-1");
    run_until(world, "epoch=4 kind=cancel weights=\"80/20 80/20\"", 60000);
    region_dies(world, "us-west-2", SITE_REFUSE);
    run_for(world, 60000);
    world_zone(world, ZONE_OK);
    run_for(world, 60000);
    expect_weights(world, "80/5 80/20");
    region_dies(world, "us-west-2", SITE_OK);
    run_for(world, 60000);
    expect_weights(world, "80/20 80/20");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

START_TEST(c4_restore_mends_one_zone_of_two)
{
    struct world *world = pizza_world_traced(PIZZA_TWO_ZONES(RESTORE), DRIFT, NONE);

    world_set_weight(world, "factory/us-west-2", 50);
    run_for(world, 330000);
    expect_weights(world, "100/0 100/0");
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 2);
    world_destroy(world);
}
END_TEST

/* ---- what somebody does to a fence ---- */

/* Another group's text, a stranger's, a half-edited one, a number that none of us can count on
 * from: none is a fence. It is written anew, above all that was, and paged. */
START_TEST(c2_a_fence_that_is_none_is_written_anew)
{
    static const char *const texts[] = {
        "v=rs1 group=other epoch=900 by=use1 nonce=00112233445566778899aabbccddeeff "
        "plan=0123456789abcdef",
        "v=spf1 -all",
        "",
        "v=rs1 group=jwt-pizza epoch=1 by=use1",
        "v=rs1 group=jwt-pizza epoch=9223372036854775807 by=use1 "
        "nonce=00112233445566778899aabbccddeeff plan=0123456789abcdef",
    };
    struct world *world = pizza_world(PIZZA("hold = 20;"));

    world_set_fence(world, FENCE_NAME, texts[_i]);
    run_for(world, 330000);
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 2);
    ck_assert_uint_gt(world_alerts(world, ALERT_FENCE_MISSING, ALERT_OPEN), 0);
    expect_weights(world, "100/0 100/0");
    factory_dies(world);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

/* C7: from a future that can be: the zone is right, and the next epoch is above it. */
START_TEST(c7_a_fence_from_the_future_becomes_the_head)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));

    world_set_fence(world, FENCE_NAME,
                    "v=rs1 group=jwt-pizza epoch=900 by=use1 "
                    "nonce=00112233445566778899aabbccddeeff plan=0123456789abcdef");
    run_for(world, 400000);
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 901);
    ck_assert_uint_gt(world_alerts(world, ALERT_FENCE_CONFLICT, ALERT_OPEN), 0);
    run_for(world, 700000);
    factory_dies(world);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 902);
    world_destroy(world);
}
END_TEST

static void somebody_writes_epoch(struct world *world, uint64_t epoch)
{
    char text[160];

    snprintf(text, sizeof(text),
             "v=rs1 group=jwt-pizza epoch=%" PRIu64
             " by=use1 nonce=00112233445566778899aabbccddeeff plan=0123456789abcdef",
             epoch);
    world_set_fence(world, FENCE_NAME, text);
}

/* C2: from a future that cannot be: no fence, written anew under the next epoch of ours. Twenty
 * times, and no epochs are used up; what a person can do is said. */
START_TEST(c2_a_fence_that_leaps_above_all_known_is_no_fence)
{
    static const uint64_t epochs[] = {FENCE_EPOCH_MAX, 100 + FENCE_LEAP_MAX};
    struct world *world =
        pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES | WORLD_TRACE(FACT_FENCE_AHEAD), NONE);

    for (uint64_t i = 1; i <= 20; i++) {
        somebody_writes_epoch(world, epochs[_i]);
        run_for(world, 330000);
        ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 1 + i);
    }
    expect_traced(world, "fence_ahead", 0);
    expect_weights(world, "100/0 100/0");
    factory_dies(world);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 22);
    world_destroy(world);
}
END_TEST

START_TEST(c2_the_page_says_what_to_do_about_a_fence_that_leaps)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, NONE);

    somebody_writes_epoch(world, FENCE_EPOCH_MAX);
    run_until(world, "fence_missing group=jwt-pizza zone=ZONE1 says=999999999999999", 310000);
    expect_said(world, ALERT_FENCE_MISSING,
                "The text at " FENCE_NAME " in zone ZONE1 says epoch 999999999999999, and no epoch "
                "above 1 is known");
    expect_said(world, ALERT_FENCE_MISSING, "delete the TXT record by hand");
    world_destroy(world);
}
END_TEST

/* It comes while a region dies and Route 53 takes nothing: the move is made all the same. */
START_TEST(c2_a_fence_that_leaps_does_not_stop_a_move_on_its_way)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, NONE);

    world_zone(world, ZONE_THROTTLE);
    factory_dies(world);
    run_for(world, 40000);
    somebody_writes_epoch(world, FENCE_EPOCH_MAX);
    run_for(world, 20000);
    world_zone(world, ZONE_OK);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_shifts(world), 1);
    ck_assert_uint_le(world_fence(world, "jwt-pizza"), 4);
    world_destroy(world);
}
END_TEST

/* C7: the highest that may be: a store that was set back is never so far behind. */
START_TEST(c7_a_fence_as_far_ahead_as_can_be_becomes_the_head)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));

    somebody_writes_epoch(world, 1 + FENCE_LEAP_MAX);
    run_for(world, 400000);
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 2 + FENCE_LEAP_MAX);
    world_destroy(world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rule C4");
    TCase *tests = tcase_create("rule C4");

    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, c4_a_change_is_seen_within_five_minutes, 0, 7);
    tcase_add_test(tests, c4_the_page_names_each_set_with_what_was_decided_and_what_is_there);
    tcase_add_test(tests, c4_another_attribute_is_adopted_and_told);
    tcase_add_test(tests, c4_a_ttl_that_changes_before_the_batch_comes_fails_it_once);
    tcase_add_test(tests, c4_a_thousand_edits_around_a_move_all_stand);
    tcase_add_test(tests, c4_restore_writes_what_was_decided_again_under_a_new_epoch);
    tcase_add_test(tests, c4_restore_does_so_once_in_a_dwell);
    tcase_add_test(tests, c4_the_second_change_within_a_dwell_may_be_acknowledged);
    tcase_add_test(tests, c4_restore_gives_nothing_to_a_region_that_is_not_up);
    tcase_add_test(tests, c4_restore_under_a_decision_on_its_way_keeps_its_evidence);
    tcase_add_test(tests, c4_restore_does_not_undo_a_move_that_comes_late);
    tcase_add_loop_test(tests, c4_restore_does_not_undo_a_late_move_that_was_edited, 0, 2);
    tcase_add_test(tests, c4_restore_gives_nothing_to_a_region_that_was_drained_since);
    tcase_add_test(tests, c4_a_change_taken_back_before_it_is_restored_holds_nothing_up);
    tcase_add_loop_test(
        tests, c4_what_restore_cancels_goes_back_to_what_was_decided_before_the_edit, 0, 2);
    tcase_add_test(tests, c4_a_restore_on_its_way_outlives_a_leave_that_is_cancelled);
    tcase_add_test(tests, c4_an_edit_taken_back_under_a_cancellation_holds_nothing_up);
    tcase_add_test(tests, c4_a_cancellation_gives_nothing_to_a_region_that_is_not_up);
    tcase_add_test(tests, c4_a_cancellation_is_not_sent_to_a_region_that_went_down);
    tcase_add_test(tests, c4_restore_mends_one_zone_of_two);
    tcase_add_loop_test(tests, c2_a_fence_that_is_none_is_written_anew, 0, 5);
    tcase_add_test(tests, c7_a_fence_from_the_future_becomes_the_head);
    tcase_add_loop_test(tests, c2_a_fence_that_leaps_above_all_known_is_no_fence, 0, 2);
    tcase_add_test(tests, c2_the_page_says_what_to_do_about_a_fence_that_leaps);
    tcase_add_test(tests, c2_a_fence_that_leaps_does_not_stop_a_move_on_its_way);
    tcase_add_test(tests, c7_a_fence_as_far_ahead_as_can_be_becomes_the_head);
    return run_suite(suite);
}
