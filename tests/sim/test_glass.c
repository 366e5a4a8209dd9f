/* SPDX-License-Identifier: Apache-2.0 */
/* Break-glass (D7): a region drained by one probe on an operator's word, while the store is away.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acting.h"
#include "world_state.h"

enum {
    AWAY_MS = 20000,  /* every lease and every reading of the store is older then */
    BACK_MS = 120000, /* store read, votes counted, zone adopted, stable */
    HOURS_MS = 7200000
};

#define TRACE_GLASS (TRACE_MOVES | WORLD_TRACE(FACT_GLASS))

static const struct world_order drain_east = {
    .verb = ORDER_DRAIN, .region = "us-east-1", .override = true};
static const struct world_order drain_west = {
    .verb = ORDER_DRAIN, .region = "us-west-2", .override = true};

/* A settled world whose store has been away from all, or from one probe, for some time. */
static struct world *storeless(const char *settings, uint32_t probe)
{
    struct world *world = pizza_world_traced(settings, TRACE_GLASS, NONE);

    world_store(world, false, probe);
    run_for(world, AWAY_MS);
    return world;
}

static void store_returns(struct world *world)
{
    world_store(world, true, NONE);
    run_for(world, BACK_MS);
}

/* What the daemon says when it is asked what breaking the glass would do. */
static const char *refused_rule(struct world *world, uint32_t probe, uint32_t region)
{
    struct glass_view view;

    engine_glass(world_engine(world, probe), 0, region, &view);
    return view.rule != NULL ? view.rule : "";
}

/* The confirmation alone, whatever was shown. */
static void confirm(struct world *world, uint32_t probe, const char *id, uint64_t fence)
{
    struct order order = {.verb = ORDER_DRAIN, .region = 0, .group = NONE, .override = true};
    struct event event = {.kind = EVENT_GLASS, .glass = {&order, &fence}};

    memcpy(order.id, id, strlen(id) + 1);
    order.at_wall = (wall_t)WALL_START * 1000 + world_now(world);
    world_feed(world, probe, &event);
}

static bool knows_order(struct world *world, uint32_t probe, const char *id)
{
    const struct order *orders;
    uint32_t count = engine_orders(world_engine(world, probe), &orders);

    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(orders[i].id, id) == 0)
            return true;
    }
    return false;
}

static bool is_in_store(struct world *world, const char *id)
{
    char key[64];

    snprintf(key, sizeof(key), "v1/orders/%s", id);
    return world_store_value(world, key) != NULL;
}

/* ---- the way through ---- */

START_TEST(one_probe_drains_a_region_without_the_store_and_the_store_hears_of_it)
{
    struct world *world = storeless(PIZZA("hold = 20;"), NONE);

    ck_assert(world_break_glass(world, USE1, &drain_east));
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_batches(world), 2); /* with the first fence */
    ck_assert(!is_in_store(world, "order-1"));
    store_returns(world);
    expect_trace(
        world,
        "[320000] use1 break_glass region=us-east-1 step=confirmed order=order-1 rule=D7\n"
        "[320000] use1 refused group=jwt-pizza reason=store value=22913 limit=10000 rule=S2\n"
        "[320040] use1 break_glass group=jwt-pizza epoch=2 step=decided order=order-1 rule=D7\n"
        "[320080] use1 sent group=jwt-pizza zone=ZONE1 epoch=2 items=10 weights=\"0/100 0/100\" "
        "rule=C1\n"
        "[320120] use1 accepted group=jwt-pizza zone=ZONE1 epoch=2 rule=C1\n"
        "[320120] use1 applied group=jwt-pizza zone=ZONE1 epoch=2 whose=ours by=use1 rule=C7\n"
        "[380570] use1 break_glass group=jwt-pizza epoch=2 step=ended rule=C7\n"
        "[380570] use1 fence_ahead group=jwt-pizza zone=ZONE1 epoch=2 weights=\"0/100 0/100\" "
        "rule=C7\n"
        "[380570] use1 refused group=jwt-pizza reason=no-region-may-gain rule=D2\n"
        "[380570] use1 break_glass region=us-east-1 step=kept order=order-1 rule=D7\n"
        "[380575] use1 order region=us-east-1 verb=drain id=order-1 rule=D7\n"
        "[380575] usw2 order region=us-east-1 verb=drain id=order-1 rule=D7\n"
        "[380575] usw2 refused group=jwt-pizza reason=no-region-may-gain rule=D2\n"
        "[380575] fra order region=us-east-1 verb=drain id=order-1 rule=D7\n"
        "[380575] fra refused group=jwt-pizza reason=no-region-may-gain rule=D2\n"
        "[380860] use1 proposed group=jwt-pizza epoch=3 kind=adopt weights=\"0/100 0/100\" "
        "rule=D8\n"
        "[380865] use1 decided group=jwt-pizza epoch=3 kind=adopt weights=\"0/100 0/100\" rule=D8\n"
        "[380945] usw2 sent group=jwt-pizza zone=ZONE1 epoch=3 items=2 weights=\"0/100 0/100\" "
        "rule=C1\n"
        "[380985] usw2 accepted group=jwt-pizza zone=ZONE1 epoch=3 rule=C1\n"
        "[380985] usw2 applied group=jwt-pizza zone=ZONE1 epoch=3 whose=ours by=usw2 rule=C7\n"
        "[382905] use1 applied group=jwt-pizza zone=ZONE1 epoch=3 by=usw2 rule=C7\n");
    ck_assert(is_in_store(world, "order-1"));
    run_for(world, HOURS_MS);
    expect_weights(world, "0/100 0/100"); /* until it is restored */
    expect_sound(world);
    world_destroy(world);
}
END_TEST

START_TEST(people_are_told_at_once_and_again_when_it_is_reconciled)
{
    struct world *world = storeless(PIZZA("hold = 20;"), NONE);
    const struct alert *moved;

    ck_assert(world_break_glass(world, USE1, &drain_east));
    run_for(world, 1000);
    moved = world_alert(world, ALERT_MOVED);
    ck_assert_ptr_nonnull(moved);
    ck_assert_uint_eq(moved->epoch, 2);
    ck_assert_ptr_nonnull(strstr(moved->text, "break-glass, without store and quorum: us-east-1 "
                                              "drained; ordered by root: test"));
    ck_assert_uint_eq(world_alerts(world, ALERT_BREAK_GLASS, ALERT_OPEN), 1);
    ck_assert_uint_eq(world_alerts(world, ALERT_BREAK_GLASS, ALERT_RESOLVED), 0);
    store_returns(world);
    ck_assert_uint_eq(world_alerts(world, ALERT_BREAK_GLASS, ALERT_RESOLVED), 1);
    ck_assert_ptr_nonnull(strstr(world_alert(world, ALERT_MOVED)->text,
                                 "reconciled: the zone's fence is above the head since root broke "
                                 "the glass: test"));
    ck_assert_uint_eq(world_alerts(world, ALERT_DRIFT, ALERT_OPEN), 0);
    world_destroy(world);
}
END_TEST

START_TEST(each_zone_has_its_one_batch)
{
    struct world *world = storeless(PIZZA_TWO_ZONES("hold = 20;"), NONE);
    uint32_t before = world_batches(world);

    ck_assert(world_break_glass(world, USE1, &drain_east));
    run_for(world, HOURS_MS / 4);
    ck_assert_uint_eq(world_batches(world), before + 2);
    expect_weights(world, "0/100 0/100");
    store_returns(world);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 3);
    world_destroy(world);
}
END_TEST

START_TEST(after_a_lost_reply_the_zone_says_what_became_of_it)
{
    struct world *world = storeless(PIZZA("hold = 20;"), NONE);
    uint32_t before = world_batches(world);

    world_zone_once(world, ZONE_LOSE_REPLY);
    ck_assert(world_break_glass(world, USE1, &drain_east));
    run_for(world, 60000);
    expect_traced(world, "use1 lost group=jwt-pizza", 1);
    expect_traced(world, "use1 applied group=jwt-pizza zone=ZONE1 epoch=2 whose=ours", 1);
    ck_assert_uint_eq(world_batches(world), before + 1);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_alerts(world, ALERT_MOVED, ALERT_OPEN), 1);
    world_destroy(world);
}
END_TEST

START_TEST(a_busy_zone_is_asked_again_while_its_fence_stands)
{
    struct world *world = storeless(PIZZA("hold = 20;"), NONE);

    world_zone(world, ZONE_THROTTLE);
    ck_assert(world_break_glass(world, USE1, &drain_east));
    run_for(world, 5000);
    expect_weights(world, "100/0 100/0");
    world_zone(world, ZONE_OK);
    world_zone_once(world, ZONE_THROTTLE);
    ck_assert(world_break_glass(world, USE1, &drain_east));
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

START_TEST(a_freeze_and_a_drift_are_lifted)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_GLASS, NONE);

    order_group(world, ORDER_FREEZE);
    world_set_weight(world, "pizza/us-west-2", 7);
    run_for(world, 320000);
    ck_assert_uint_gt(world_alerts(world, ALERT_DRIFT, ALERT_OPEN), 0);
    world_store(world, false, NONE);
    run_for(world, AWAY_MS);
    ck_assert(world_break_glass(world, USE1, &drain_east));
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    store_returns(world);
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

/* ---- what it does not do ---- */

START_TEST(nothing_breaks_the_glass_by_itself)
{
    struct world *world = storeless(PIZZA("hold = 0;"), NONE);
    uint32_t before = world_batches(world);

    region_dies(world, "us-east-1", SITE_REFUSE);
    run_for(world, HOURS_MS);
    ck_assert_uint_eq(world_batches(world), before);
    expect_weights(world, "100/0 100/0");
    world_destroy(world);
}
END_TEST

START_TEST(while_the_store_answers_it_is_refused)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_GLASS, NONE);
    uint32_t before = world_batches(world);

    ck_assert_str_eq(refused_rule(world, USE1, 0), "S2");
    ck_assert(!world_break_glass(world, USE1, &drain_east));
    confirm(world, USE1, "by-force", 1); /* the engine itself says no */
    run_for(world, 60000);
    expect_traced(world, "step=refused why=store-answers order=by-force rule=S2", 1);
    ck_assert(!knows_order(world, USE1, "by-force"));
    ck_assert_uint_eq(world_batches(world), before);
    world_destroy(world);
}
END_TEST

START_TEST(a_store_that_comes_back_before_the_reading_ends_it)
{
    struct world *world = storeless(PIZZA("hold = 20;"), NONE);
    uint32_t before = world_batches(world);

    world_zone(world, ZONE_DOWN); /* readings take their time */
    ck_assert(world_break_glass(world, USE1, &drain_east));
    world_store(world, true, NONE);
    run_until(world, "step=refused", 60000);
    run_for(world, 300000);
    ck_assert(!knows_order(world, USE1, "order-1"));
    ck_assert(!is_in_store(world, "order-1"));
    ck_assert_uint_eq(world_batches(world), before);
    world_destroy(world);
}
END_TEST

/* Dropped in the very step in which the store is back and everything may be decided again: nobody
 * may act on it in that step. */
START_TEST(an_order_that_is_dropped_drains_nothing_in_the_same_step)
{
    struct world *world =
        storeless(PIZZA_PROBES PIZZA_SERVICES
                  "groups = ( { name = \"jwt-pizza\"; services = [ \"pizza\", \"factory\" ]; "
                  "together = true; order = [ \"us-east-1\", \"us-west-2\" ]; stable = 0; } );\n",
                  USE1);
    struct event event = {.kind = EVENT_STORE, .store = {STORE_OK, 1000, true}};

    ck_assert(world_break_glass(world, USE1, &drain_east));
    world_feed(world, USE1, &event);
    expect_traced(world, "step=dropped why=not-obeyed order=order-1", 1);
    run_for(world, 60000);
    expect_traced(world, "proposed", 0);
    expect_weights(world, "100/0 100/0");
    world_destroy(world);
}
END_TEST

START_TEST(a_dry_run_and_who_may_not_act_refuse)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_GLASS, NONE);

    world_kill(world, USW2);
    world_dry_run(world, USW2, true);
    world_start(world, USW2);
    run_for(world, 60000);
    world_store(world, false, NONE);
    run_for(world, AWAY_MS);
    ck_assert_str_eq(refused_rule(world, USW2, 0), "D8");
    ck_assert_str_eq(refused_rule(world, FRA, 0), "C6");
    ck_assert_str_eq(refused_rule(world, USE1, 0), "");
    confirm(world, USW2, "dry", 1);
    confirm(world, FRA, "idle", 1);
    run_for(world, 60000);
    expect_weights(world, "100/0 100/0");
    world_destroy(world);
}
END_TEST

START_TEST(a_group_that_was_never_taken_on_is_not_moved)
{
    struct world *world = NULL;
    char error[256] = "";

    ck_assert_int_eq(world_create(PIZZA("hold = 20;"), error, sizeof(error), &world), 0);
    world_run(world, SETTLED_MS);
    world_store(world, false, NONE);
    world_run(world, SETTLED_MS + AWAY_MS);
    ck_assert_str_eq(refused_rule(world, USE1, 0), "D9");
    confirm(world, USE1, "early", 0);
    world_run(world, SETTLED_MS + 2 * AWAY_MS);
    ck_assert_uint_eq(world_batches(world), 0);
    world_destroy(world);
}
END_TEST

START_TEST(when_no_other_region_may_gain_the_rule_is_said)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_GLASS, NONE);
    uint32_t before = world_batches(world);

    order(world, ORDER_DRAIN, "us-west-2");
    run_for(world, 10000);
    world_store(world, false, NONE);
    run_for(world, AWAY_MS);
    ck_assert_str_eq(refused_rule(world, USE1, 0), "D2");
    confirm(world, USE1, "nowhere", 1);
    run_for(world, 60000);
    expect_traced(world, "step=dropped why=not-obeyed order=nowhere", 1);
    ck_assert(!knows_order(world, USE1, "nowhere")); /* "not now" is not "later" */
    ck_assert_uint_eq(world_batches(world), before);
    world_destroy(world);
}
END_TEST

START_TEST(what_the_probe_itself_sees_down_does_not_gain)
{
    struct world *world = storeless(PIZZA("hold = 0;"), NONE);

    world_site(world, "factory/us-west-2", SITE_REFUSE, USE1);
    run_for(world, 60000);
    ck_assert_str_eq(refused_rule(world, USE1, 0), "D2");
    ck_assert_str_eq(refused_rule(world, USW2, 0), ""); /* another one sees it up */
    world_references(world, false, USE1);
    run_for(world, 60000);
    ck_assert_str_eq(refused_rule(world, USE1, 0), ""); /* the blind are no witnesses */
    world_destroy(world);
}
END_TEST

/* What has no place cannot be kept, so it is not obeyed. */
START_TEST(one_order_too_many_breaks_no_glass)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_GLASS, NONE);
    uint32_t before = world_batches(world);

    for (int i = 0; i < ORDERS_MAX; i++) {
        struct order order = {.verb = ORDER_ACK, .region = NONE, .group = NONE};
        struct event event = {.kind = EVENT_ORDER, .order = {.present = true, .order = &order}};
        snprintf(order.id, sizeof(order.id), "many-%d", i);
        order.create_revision = order.mod_revision = 1;
        world_feed(world, USE1, &event);
    }
    world_store(world, false, NONE);
    run_for(world, AWAY_MS);
    (void)world_break_glass(world, USE1, &drain_east);
    run_for(world, 60000);
    expect_traced(world, "step=refused why=too-many-orders order=order-1 rule=D7", 1);
    ck_assert_uint_eq(world_batches(world), before);
    world_destroy(world);
}
END_TEST

START_TEST(a_region_without_traffic_needs_no_broken_glass)
{
    struct world *world = storeless(PIZZA("hold = 20;"), NONE);

    ck_assert_str_eq(refused_rule(world, USE1, 1), "D1");
    ck_assert(!world_break_glass(world, USE1, &drain_west));
    world_destroy(world);
}
END_TEST

START_TEST(no_beacon_is_lit_by_what_no_store_has)
{
    struct world *world;

    setenv("EAST_WORD", "east-is-evicted-8f1a", 1);
    setenv("WEST_WORD", "west-is-evicted-77c2", 1);
    world = storeless(PIZZA("hold = 20; beacons = true; beacon_words = ( { region = "
                            "\"us-east-1\"; word = \"env:EAST_WORD\"; }, { region = "
                            "\"us-west-2\"; word = \"env:WEST_WORD\"; } );"),
                      NONE);
    ck_assert(world_break_glass(world, USE1, &drain_east));
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    ck_assert(!world_latched(world, USE1, 0, 0));
    store_returns(world);
    ck_assert(world_latched(world, USE1, 0, 0)); /* the adopted head evicts it */
    world_destroy(world);
}
END_TEST

/* ---- the zone moves on ---- */

START_TEST(a_fence_that_was_not_shown_refuses)
{
    struct world *world = storeless(PIZZA("hold = 20;"), USE1);

    /* the others have the store, and move; use1 has not read the zone since */
    region_dies(world, "us-east-1", SITE_REFUSE);
    run_until(world, "usw2 accepted group=jwt-pizza zone=ZONE1 epoch=2", 60000);
    ck_assert(world_break_glass(world, USE1, &drain_east));
    run_for(world, 30000);
    expect_traced(world, "use1 break_glass group=jwt-pizza step=refused why=zone-moved-on rule=C3",
                  1);
    expect_traced(world, "use1 sent", 0);
    ck_assert(!knows_order(world, USE1, "order-1"));
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

START_TEST(of_two_who_break_the_glass_at_once_one_gives_up)
{
    struct world *world = storeless(PIZZA("hold = 20;"), NONE);
    uint32_t before = world_batches(world);

    ck_assert(world_break_glass(world, USE1, &drain_east));
    ck_assert(world_break_glass(world, USW2, &drain_east));
    run_for(world, 60000);
    ck_assert_uint_eq(world_batches(world), before + 1);
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 2);
    expect_traced(world, "usw2 break_glass group=jwt-pizza step=refused why=zone-moved-on", 1);
    ck_assert(knows_order(world, USE1, "order-1"));
    ck_assert(!knows_order(world, USW2, "order-2"));
    store_returns(world);
    expect_weights(world, "0/100 0/100");
    ck_assert(is_in_store(world, "order-1"));
    ck_assert(!is_in_store(world, "order-2"));
    world_destroy(world);
}
END_TEST

/* The same word twice, while the zone is being read for the first: one batch, for the second. */
START_TEST(the_word_given_twice_moves_once)
{
    struct world *world = storeless(PIZZA("hold = 20;"), NONE);
    uint32_t before = world_batches(world);

    ck_assert(world_break_glass(world, USE1, &drain_east));
    run_until(world, "step=decided", 1000);
    run_for(world, 5);
    ck_assert(world_break_glass(world, USE1, &drain_east));
    run_for(world, 1000);
    expect_traced(world, "step=decided order=order-2", 1); /* the reading under way is too old */
    run_for(world, 60000);
    ck_assert_uint_eq(world_batches(world), before + 1);
    store_returns(world);
    expect_weights(world, "0/100 0/100");
    ck_assert(is_in_store(world, "order-2"));
    ck_assert(engine_region_drained(world_engine(world, USE1), 0));
    world_destroy(world);
}
END_TEST

START_TEST(a_stale_writer_finds_nothing_to_delete)
{
    struct world *world = storeless(PIZZA("hold = 20;"), NONE);
    uint32_t refused = world_refused(world);

    act(world, "probe #1 hang 400");
    ck_assert(world_break_glass(world, USE1, &drain_east)); /* stops before its batch leaves */
    run_for(world, 5000);
    ck_assert(world_break_glass(world, USW2, &drain_east));
    run_for(world, 5000);
    expect_weights(world, "0/100 0/100");
    store_returns(world);
    order(world, ORDER_RESTORE, "us-east-1");
    run_for(world, 70000);
    order_group(world, ORDER_FAILBACK);
    run_for(world, 100000);
    expect_weights(world, "100/0 100/0");
    run_for(world, 300000); /* use1 goes on, and its batch of long ago arrives */
    ck_assert_uint_eq(world_refused(world), refused + 1);
    expect_weights(world, "100/0 100/0");
    run_for(world, HOURS_MS);
    expect_weights(world, "100/0 100/0");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

START_TEST(two_decisions_of_one_number_end_in_the_zone_as_it_is)
{
    struct world *world = storeless(PIZZA_APART("hold = 20;"), USE1);

    /* the others leave the factory alone with epoch 2; use1, which does not know, all of the east
     */
    factory_dies(world);
    run_for(world, 24420); /* 80 ms before they propose it */
    ck_assert(world_break_glass(world, USE1, &drain_east));
    run_for(world, 5000);
    expect_traced(world, "usw2 decided group=jwt-pizza epoch=2", 1);
    expect_weights(world, "0/100 0/100");
    run_for(world, 60000);
    ck_assert_uint_eq(world_alerts(world, ALERT_DRIFT, ALERT_OPEN), 0);
    store_returns(world);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 3);
    expect_sound(world);
    world_destroy(world);
}
END_TEST

START_TEST(a_weight_changed_by_hand_under_the_batch_is_read_again)
{
    struct world *world = storeless(PIZZA("hold = 20;"), NONE);

    world_set_weight_before_batch(world, "factory/us-west-2", 7);
    ck_assert(world_break_glass(world, USE1, &drain_east));
    run_for(world, 30000);
    ck_assert_uint_eq(world_refused(world), 1);
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

/* Safety-815157: the word said whom to drain, not to take what somebody else has given since. */
START_TEST(weight_given_by_hand_under_the_batch_is_not_taken)
{
    struct world *world = storeless(PIZZA("hold = 20;"), NONE);

    world_set_weight_before_batch(world, "factory/us-west-2", 200);
    ck_assert(world_break_glass(world, USE1, &drain_east));
    run_for(world, 30000);
    expect_weights(world, "100/0 100/200");
    expect_traced(world, "use1 break_glass group=jwt-pizza step=refused why=zone-moved-on rule=C3",
                  1);
    world_destroy(world);
}
END_TEST

/* ---- reconciled ---- */

START_TEST(a_restart_forgets_neither_the_order_nor_the_fence)
{
    struct world *world = storeless(PIZZA("hold = 20;"), NONE);

    ck_assert(world_break_glass(world, USE1, &drain_east));
    run_for(world, 5000);
    world_kill(world, USE1);
    run_for(world, 5000);
    world_start(world, USE1);
    run_for(world, 5000);
    ck_assert(engine_region_drained(world_engine(world, USE1), 0));
    store_returns(world);
    ck_assert(is_in_store(world, "order-1"));
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 3);
    run_for(world, 60000);
    world_kill(world, USE1);
    world_start(world, USE1);
    run_for(world, 60000);
    expect_traced(world, "step=kept", 1); /* once */
    world_destroy(world);
}
END_TEST

START_TEST(a_probe_started_without_the_store_knows_the_group_by_its_fence)
{
    struct world *world = storeless(PIZZA("hold = 20;"), NONE);

    world_kill(world, USE1);
    world_start(world, USE1);
    run_for(world, 5000);
    ck_assert(world_break_glass(world, USE1, &drain_east));
    run_for(world, 30000);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_alerts(world, ALERT_MOVED, ALERT_OPEN), 1);
    store_returns(world);
    expect_weights(world, "0/100 0/100");
    order(world, ORDER_RESTORE, "us-east-1");
    order_group(world, ORDER_FAILBACK);
    run_for(world, BACK_MS);
    expect_weights(world, "100/0 100/0"); /* the ledger's normal weights are what they were */
    world_destroy(world);
}
END_TEST

START_TEST(a_region_restored_meanwhile_is_not_drained_again)
{
    struct world *world = storeless(PIZZA("hold = 20;"), USE1);

    ck_assert(world_break_glass(world, USE1, &drain_east));
    run_for(world, 5000);
    order(world, ORDER_RESTORE, "us-east-1"); /* of another operator, who has the store */
    run_for(world, 5000);
    store_returns(world);
    expect_traced(world, "step=dropped why=newer-word order=order-1", 1);
    ck_assert(!is_in_store(world, "order-1"));
    ck_assert(!engine_region_drained(world_engine(world, USE1), 0));
    world_destroy(world);
}
END_TEST

START_TEST(a_region_that_serves_again_by_the_ledger_is_not_fought_for)
{
    struct world *world = storeless(PIZZA("hold = 20; dwell = 60;"), USE1);

    ck_assert(world_break_glass(world, USE1, &drain_east));
    run_for(world, 400000); /* the others read the zone, and adopt it */
    expect_weights(world, "0/100 0/100");
    order_group(world, ORDER_FAILBACK);
    run_for(world, 60000);
    expect_weights(world, "100/0 100/0");
    store_returns(world);
    expect_traced(world, "step=dropped why=overtaken order=order-1", 1);
    expect_weights(world, "100/0 100/0");
    world_destroy(world);
}
END_TEST

START_TEST(what_was_never_applied_is_an_order_as_any_when_the_store_is_back)
{
    struct world *world = storeless(PIZZA("hold = 20;"), NONE);

    ck_assert(world_break_glass(world, USE1, &drain_east));
    run_until(world, "step=decided", 1000);
    world_zone(world, ZONE_DOWN);
    run_for(world, 30000);
    expect_weights(world, "100/0 100/0");
    world_store(world, true, NONE);
    run_for(world, 30000);
    ck_assert(is_in_store(world, "order-1"));
    world_zone(world, ZONE_OK);
    run_for(world, 2 * BACK_MS);
    expect_weights(world, "0/100 0/100");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

START_TEST(a_local_order_ends_by_its_time)
{
    struct world *world = storeless(PIZZA("hold = 20;"), NONE);
    struct world_order order = drain_east;

    order.for_ms = 60000;
    ck_assert(world_break_glass(world, USE1, &order));
    run_for(world, 5000);
    ck_assert(engine_region_drained(world_engine(world, USE1), 0));
    run_for(world, 60000);
    ck_assert(!engine_region_drained(world_engine(world, USE1), 0));
    store_returns(world);
    expect_traced(world, "step=dropped why=time-over order=order-1", 1);
    ck_assert(!is_in_store(world, "order-1"));
    world_destroy(world);
}
END_TEST

START_TEST(a_local_order_can_be_taken_back_and_the_other_way_gone)
{
    struct world *world = storeless(PIZZA("hold = 20;"), NONE);
    struct order gone = {.id = "order-1"};
    struct event event = {.kind = EVENT_ORDER, .order = {.present = false, .order = &gone}};

    ck_assert(world_break_glass(world, USE1, &drain_east));
    run_for(world, 5000);
    expect_weights(world, "0/100 0/100");
    ck_assert_str_eq(refused_rule(world, USE1, 1), "D2"); /* the east is drained */
    world_feed(world, USE1, &event);
    ck_assert(world_break_glass(world, USE1, &drain_west)); /* it was the wrong region */
    run_for(world, 5000);
    expect_weights(world, "100/0 100/0");
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 3);
    store_returns(world);
    expect_weights(world, "100/0 100/0");
    ck_assert(!is_in_store(world, "order-1"));
    ck_assert(is_in_store(world, "order-2"));
    expect_sound(world);
    world_destroy(world);
}
END_TEST

int main(void)
{
    return RUN_TESTS(
        "break-glass", one_probe_drains_a_region_without_the_store_and_the_store_hears_of_it,
        people_are_told_at_once_and_again_when_it_is_reconciled, each_zone_has_its_one_batch,
        after_a_lost_reply_the_zone_says_what_became_of_it,
        a_busy_zone_is_asked_again_while_its_fence_stands, a_freeze_and_a_drift_are_lifted,
        nothing_breaks_the_glass_by_itself, while_the_store_answers_it_is_refused,
        a_store_that_comes_back_before_the_reading_ends_it,
        an_order_that_is_dropped_drains_nothing_in_the_same_step,
        a_dry_run_and_who_may_not_act_refuse, a_group_that_was_never_taken_on_is_not_moved,
        when_no_other_region_may_gain_the_rule_is_said,
        what_the_probe_itself_sees_down_does_not_gain, one_order_too_many_breaks_no_glass,
        a_region_without_traffic_needs_no_broken_glass, no_beacon_is_lit_by_what_no_store_has,
        a_fence_that_was_not_shown_refuses, of_two_who_break_the_glass_at_once_one_gives_up,
        the_word_given_twice_moves_once, a_stale_writer_finds_nothing_to_delete,
        two_decisions_of_one_number_end_in_the_zone_as_it_is,
        a_weight_changed_by_hand_under_the_batch_is_read_again,
        weight_given_by_hand_under_the_batch_is_not_taken,
        a_restart_forgets_neither_the_order_nor_the_fence,
        a_probe_started_without_the_store_knows_the_group_by_its_fence,
        a_region_restored_meanwhile_is_not_drained_again,
        a_region_that_serves_again_by_the_ledger_is_not_fought_for,
        what_was_never_applied_is_an_order_as_any_when_the_store_is_back,
        a_local_order_ends_by_its_time, a_local_order_can_be_taken_back_and_the_other_way_gone);
}
