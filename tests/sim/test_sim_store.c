/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated store and the board before it: each fault does what it says, and no more. */
#include <string.h>

#include "board.h"
#include "onlooker.h"

static const char pizza[] = PIZZA("hold = 20;");
static const char fra_votes[] = "v1/votes/fra/jwt-pizza";

static uint64_t revision_of(const struct world *world, const char *key)
{
    const struct sim_version *version = sim_item_standing(sim_store_find(&world->store, key));
    return version == NULL ? 0 : version->mod_revision;
}

static void heal_all(struct world *world)
{
    for (uint32_t i = 0; i < world->probe_count; i++)
        world->probes[i].muted = false;
}

/* ---- replies that are lost ---- */

START_TEST(a_commit_whose_reply_was_lost_is_applied_once)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);

    seen.mute_commits = true;
    factory_dies(world);
    while (seen.committed == 0)
        run_for(world, 1);
    ck_assert_uint_eq(seen.events[EVENT_COMMIT], 0);
    run_for(world, 3000);
    ck_assert_uint_ge(seen.events[EVENT_COMMIT], 1);
    ck_assert_int_ne(seen.commit_status, STORE_OK); /* away, for whoever committed */
    seen.mute_commits = false;
    heal_all(world);
    run_for(world, 60000);
    ck_assert_uint_eq(seen.committed, 1);
    ck_assert_uint_eq(seen.last_epoch, 2);
    ck_assert_uint_eq(world_shifts(world), 1);
    expect_weights(world, "0/100 0/100");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

START_TEST(a_vote_whose_reply_was_lost_stands)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);
    uint64_t before = revision_of(world, fra_votes);

    act(world, "net mute probe fra");
    factory_dies(world);
    run_for(world, 8000);
    ck_assert_uint_gt(revision_of(world, fra_votes), before);
    ck_assert(strchr(world_store_value(world, fra_votes), 'd') != NULL);
    world_destroy(world);
}
END_TEST

START_TEST(a_request_that_is_delayed_is_compared_when_it_arrives)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);

    act(world, "net delay probe use1 900");
    act(world, "net delay probe usw2 900");
    factory_dies(world);
    run_for(world, 120000);
    ck_assert_uint_eq(world_shifts(world), 1);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(seen.last_epoch, seen.committed + 1); /* no epoch twice */
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* ---- slow, stale, down, readonly ---- */

START_TEST(a_slow_store_answers_and_tells_so_much_later)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);
    msec_t given_ms;

    act(world, "store slow 800");
    given_ms = world_now(world);
    act(world, "order freeze");
    while (seen.events[EVENT_ORDER] == 0)
        run_for(world, 1);
    ck_assert_int_eq(world_now(world) - given_ms, STORE_MS + 800);
    ck_assert(engine_store_ok(world_engine(world, USE1)));
    world_destroy(world);
}
END_TEST

START_TEST(a_store_slower_than_patience_is_away_and_moves_nothing)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);

    act(world, "store slow 5000");
    run_for(world, 15000);
    ck_assert(!engine_store_ok(world_engine(world, USE1)));
    factory_dies(world);
    run_for(world, 120000);
    ck_assert_uint_eq(world_shifts(world), 0);
    act(world, "store up");
    run_for(world, 120000);
    ck_assert_uint_eq(world_shifts(world), 1);
    expect_sound(world);
    world_destroy(world);
}
END_TEST

START_TEST(a_stale_store_shows_the_past_and_compares_with_the_present)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);
    uint64_t began = world->store.revision;

    act(world, "store stale");
    factory_dies(world);
    act(world, "order freeze");
    run_for(world, 120000);
    ck_assert_uint_gt(world->store.revision, began); /* votes and the order are there ... */
    ck_assert_uint_eq(seen.events[EVENT_VOTE], 0);   /* ... and nobody sees them */
    ck_assert_uint_eq(seen.events[EVENT_ORDER], 0);
    ck_assert_uint_eq(seen.committed, 0);
    act(world, "store up");
    run_for(world, 100);
    ck_assert_uint_eq(seen.events[EVENT_ORDER], ONLOOKER_PROBES);
    act(world, "order thaw");
    run_for(world, 60000);
    ck_assert_uint_eq(world_shifts(world), 1);
    expect_sound(world);
    world_destroy(world);
}
END_TEST

START_TEST(without_a_leader_no_lease_ends_and_afterwards_all_live_on)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);

    act(world, "store readonly");
    world_kill(world, FRA);
    run_for(world, 120000);
    ck_assert_ptr_nonnull(world_store_value(world, fra_votes));
    ck_assert_int_gt(world_lease_until(world, FRA), 0);
    act(world, "store up");
    run_for(world, 9000);
    ck_assert_ptr_nonnull(world_store_value(world, fra_votes));
    run_for(world, 2000);
    ck_assert_ptr_null(world_store_value(world, fra_votes));
    ck_assert_int_eq(world_lease_until(world, FRA), 0);
    world_destroy(world);
}
END_TEST

START_TEST(a_store_that_is_down_is_noticed_at_once_and_told_when_it_is_back)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);

    act(world, "store down");
    run_for(world, 50);
    ck_assert_int_eq(seen.store_status, STORE_AWAY);
    run_for(world, 60000);
    ck_assert(!engine_store_ok(world_engine(world, USE1)));
    act(world, "store up");
    run_for(world, BOARD_RETRY_MS + 1000);
    ck_assert(engine_store_ok(world_engine(world, USE1)));
    ck_assert(engine_lease_alive(world_engine(world, USE1)));
    world_destroy(world);
}
END_TEST

/* A read, and a little later a renewal: neither alone says that the store is well. */
START_TEST(a_store_that_is_back_is_told_whichever_call_comes_through_first)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);

    act(world, "probe usw2 kill");
    act(world, "probe fra kill");
    for (msec_t outage_ms = 5000; outage_ms < 8000; outage_ms += 131) {
        act(world, "store down");
        run_for(world, outage_ms);
        ck_assert_int_eq(seen.store_status, STORE_AWAY);
        act(world, "store up");
        run_for(world, BOARD_RETRY_MS + 500);
        ck_assert_int_eq(seen.store_status, STORE_OK);
        run_for(world, 7000);
    }
    world_destroy(world);
}
END_TEST

START_TEST(an_order_that_the_store_does_not_take_is_given_again)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);

    act(world, "store readonly");
    act(world, "order freeze");
    run_for(world, 30000);
    ck_assert_uint_eq(seen.events[EVENT_ORDER], 0);
    act(world, "store up");
    run_for(world, 11000);
    ck_assert_uint_eq(seen.events[EVENT_ORDER], ONLOOKER_PROBES);
    world_destroy(world);
}
END_TEST

/* ---- the watch ---- */

START_TEST(lost_notifications_are_made_good_by_the_whole_reading)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);
    uint32_t late = 0;

    act(world, "store watch-lost");
    for (uint32_t i = 0; i < 8; i++) {
        seen.events[EVENT_ORDER] = 0;
        act(world, i % 2 == 0 ? "order freeze" : "order thaw");
        run_for(world, 10); /* before anything else is written, which would show the gap */
        late += seen.events[EVENT_ORDER] < ONLOOKER_PROBES;
        run_for(world, BOARD_READ_MS + 100);
        ck_assert_uint_ge(seen.events[EVENT_ORDER], ONLOOKER_PROBES);
    }
    ck_assert_uint_gt(late, 0);
    world_destroy(world);
}
END_TEST

/* D8: a commit is compared with the orders up to the revision that is known. A freeze that a probe
 * was not told of has a lower one than the vote that it is told of next. */
START_TEST(a_notification_that_leaves_something_out_is_answered_by_a_whole_reading)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);
    uint32_t late = 0;

    act(world, "store watch-lost");
    for (uint32_t i = 0; i < 20; i++) {
        seen.events[EVENT_ORDER] = 0;
        act(world, i % 2 == 0 ? "order freeze" : "order thaw");
        run_for(world, 10);
        if (seen.events[EVENT_ORDER] >= ONLOOKER_PROBES)
            continue;
        late++;
        for (uint32_t k = 0; k < 6; k++) { /* one of them is not lost */
            act(world, "order ack");
            run_for(world, 10);
        }
        ck_assert_uint_ge(seen.events[EVENT_ORDER], 4 * ONLOOKER_PROBES);
        run_for(world, BOARD_READ_MS + 100);
    }
    ck_assert_uint_gt(late, 3);
    world_destroy(world);
}
END_TEST

START_TEST(an_old_notification_told_after_a_newer_one_is_dropped)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);

    act(world, "store watch-duplicate");
    for (uint32_t i = 0; i < 12; i++) {
        region_dies(world, "us-east-1", i % 2 == 0 ? SITE_REFUSE : SITE_OK);
        run_for(world, 7000);
    }
    ck_assert_uint_gt(seen.events[EVENT_VOTE], 30);
    ck_assert(!seen.told_older);
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* ---- leases, and a store that is set back ---- */

START_TEST(revoked_leases_are_granted_anew_and_the_votes_written_again)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);
    uint64_t lease = world->probes[FRA].board.lease;

    act(world, "store leases-lost");
    ck_assert_ptr_null(world_store_value(world, fra_votes));
    run_for(world, 10000);
    ck_assert_ptr_nonnull(world_store_value(world, fra_votes));
    ck_assert_uint_gt(world->probes[FRA].board.lease, lease);
    ck_assert_uint_eq(seen.committed, 0);
    world_destroy(world);
}
END_TEST

START_TEST(a_vote_written_over_by_hand_is_absent_until_its_probe_writes_it_again)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);
    uint32_t told;

    act(world, "store garbage fra");
    told = seen.events[EVENT_VOTE];
    ck_assert_ptr_null(strstr(world_store_value(world, fra_votes), "uuuu"));
    run_for(world, 6000);
    ck_assert_ptr_nonnull(strstr(world_store_value(world, fra_votes), "uuuu"));
    ck_assert_uint_eq(seen.events[EVENT_VOTE], told + 6); /* gone, and back, for each */
    expect_sound(world);
    world_destroy(world);
}
END_TEST

START_TEST(a_rolled_back_store_cannot_lower_the_fence)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);
    uint64_t fence;

    act(world, "store backup");
    factory_dies(world);
    run_for(world, 60000);
    fence = world_fence(world, "jwt-pizza");
    ck_assert_uint_eq(fence, 2);
    for (uint32_t i = 0; i < 3; i++) {
        uint64_t before = world->store.revision;
        act(world, "store rollback");
        ck_assert_uint_lt(world->store.revision, before);
        for (uint32_t s = 0; s < 60; s++) {
            run_for(world, 1000);
            ck_assert_uint_ge(world_fence(world, "jwt-pizza"), fence);
            fence = world_fence(world, "jwt-pizza");
        }
    }
    ck_assert_uint_gt(fence, 2);
    expect_weights(world, "0/100 0/100");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* ---- what the store keeps ---- */

START_TEST(a_newer_order_takes_the_one_it_makes_void_away)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);

    for (uint32_t i = 0; i < 300; i++)
        act(world, i % 2 == 0 ? "order freeze" : "order thaw");
    run_for(world, 1000);
    ck_assert_ptr_null(world_store_value(world, "v1/orders/order-299"));
    ck_assert_ptr_nonnull(world_store_value(world, "v1/orders/order-300"));
    ck_assert_uint_eq(world->probes[USE1].board.order_count, 1);
    run_for(world, 600000);
    ck_assert_uint_lt(world->store.count, 100); /* and the old keys are forgotten */
    world_destroy(world);
}
END_TEST

START_TEST(old_decisions_are_deleted_beyond_the_newest_two_hundred)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);
    key_text key;

    for (uint64_t epoch = 2; epoch <= 260; epoch++) {
        key_journal(key, "jwt-pizza", epoch);
        sim_store_put(world, key, "{}", 0, sim_store_begin(world));
    }
    run_for(world, 60000);
    key_journal(key, "jwt-pizza", 260 - BOARD_JOURNAL_MAX);
    ck_assert_ptr_null(world_store_value(world, key));
    key_journal(key, "jwt-pizza", 260 - BOARD_JOURNAL_MAX + 1);
    ck_assert_ptr_nonnull(world_store_value(world, key));
    world_destroy(world);
}
END_TEST

int main(void)
{
    return RUN_TESTS(
        "the simulated store", a_commit_whose_reply_was_lost_is_applied_once,
        a_vote_whose_reply_was_lost_stands, a_request_that_is_delayed_is_compared_when_it_arrives,
        a_slow_store_answers_and_tells_so_much_later,
        a_store_slower_than_patience_is_away_and_moves_nothing,
        a_stale_store_shows_the_past_and_compares_with_the_present,
        without_a_leader_no_lease_ends_and_afterwards_all_live_on,
        a_store_that_is_down_is_noticed_at_once_and_told_when_it_is_back,
        a_store_that_is_back_is_told_whichever_call_comes_through_first,
        an_order_that_the_store_does_not_take_is_given_again,
        lost_notifications_are_made_good_by_the_whole_reading,
        a_notification_that_leaves_something_out_is_answered_by_a_whole_reading,
        an_old_notification_told_after_a_newer_one_is_dropped,
        revoked_leases_are_granted_anew_and_the_votes_written_again,
        a_vote_written_over_by_hand_is_absent_until_its_probe_writes_it_again,
        a_rolled_back_store_cannot_lower_the_fence, a_newer_order_takes_the_one_it_makes_void_away,
        old_decisions_are_deleted_beyond_the_newest_two_hundred);
}
