/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated Route 53: each fault does what it says, and no more. */
#include "onlooker.h"

static const char pizza[] = PIZZA("hold = 20;");

/* ---- accepted, and then ---- */

START_TEST(a_stranded_batch_is_undone_and_written_again)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);

    factory_dies(world);
    run_for(world, 20000);
    act(world, "route53 stranded");
    while (world_shifts(world) == 0)
        run_for(world, 100);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 2);
    run_for(world, 3000);
    ck_assert_uint_eq(seen.servers.current, 0);
    ck_assert_uint_gt(seen.servers.asked, 0);
    act(world, "route53 ok");
    expect_weights(world, "100/0 100/0");
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 1);
    run_for(world, 310000); /* every actor has read the zone again */
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_ge(world_fence(world, "jwt-pizza"), 2);
    run_for(world, 60000);
    ck_assert_uint_eq(seen.servers.current, seen.servers.asked);
    expect_sound(world);
    world_destroy(world);
}
END_TEST

START_TEST(a_stranded_control_plane_fails_over_after_a_minute)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);

    act(world, "route53 stranded");
    world_set_weight(world, "pizza/us-east-1", 77);
    run_for(world, 59000);
    expect_weights(world, "77/0 100/0");
    run_for(world, 2000);
    expect_weights(world, "100/0 100/0");
    ck_assert_int_eq(world->route53.mode, ZONE_OK);
    world_destroy(world);
}
END_TEST

START_TEST(a_pending_change_reaches_no_server_until_it_ends)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);

    act(world, "route53 pending");
    factory_dies(world);
    run_for(world, 200000);
    expect_weights(world, "0/100 0/100"); /* what Route 53 says when it is asked */
    ck_assert_uint_eq(seen.events[EVENT_INSYNC], 0);
    ck_assert_uint_eq(seen.events[EVENT_SERVERS], 1);
    ck_assert_uint_eq(seen.servers.current, 0);
    act(world, "route53 ok");
    run_for(world, 31000);
    ck_assert_uint_eq(seen.events[EVENT_INSYNC], 1);
    ck_assert_uint_eq(seen.events[EVENT_SERVERS], 2);
    ck_assert_uint_eq(seen.servers.current, seen.servers.asked);
    world_destroy(world);
}
END_TEST

START_TEST(a_late_batch_meets_what_is_there_then)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);

    act(world, "route53 late 300");
    factory_dies(world);
    run_for(world, 40000);
    ck_assert_uint_eq(seen.accepted, 0);
    ck_assert_int_eq(seen.change_outcome, ROUTE53_LOST);
    act(world, "route53 ok");
    run_for(world, 100000);
    ck_assert_uint_eq(seen.accepted, 1);
    expect_weights(world, "0/100 0/100");
    run_for(world, 300000);
    ck_assert_uint_eq(seen.accepted, 1);
    ck_assert_uint_gt(world_refused(world), 0); /* all that came late */
    expect_weights(world, "0/100 0/100");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* ---- requests and replies that are lost ---- */

START_TEST(a_batch_whose_reply_was_lost_on_the_way_is_applied_once)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);

    seen.mute_batches = true;
    factory_dies(world);
    while (seen.accepted == 0)
        run_for(world, 1);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(seen.events[EVENT_CHANGE], 0);
    run_for(world, 60000);
    ck_assert_int_eq(seen.change_outcome, ROUTE53_LOST);
    seen.mute_batches = false;
    act(world, "net heal probe use1");
    act(world, "net heal probe usw2");
    run_for(world, 120000);
    ck_assert_uint_eq(seen.accepted, 1);
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 2);
    expect_sound(world);
    world_destroy(world);
}
END_TEST

START_TEST(what_a_cut_probe_sends_or_reads_is_lost_after_its_patience)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);

    act(world, "net cut probe use1 from all");
    run_for(world, 120000);
    ck_assert_int_eq(seen.zone_outcomes[USE1], ROUTE53_LOST);
    ck_assert_int_eq(seen.zone_outcomes[USW2], ROUTE53_OK);
    world_destroy(world);
}
END_TEST

/* ---- refusals ---- */

START_TEST(throttled_means_no_batch_and_every_second_reading)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);

    act(world, "route53 throttle");
    factory_dies(world);
    run_for(world, 600000);
    ck_assert_uint_eq(seen.accepted, 0);
    ck_assert_uint_gt(seen.events[EVENT_CHANGE], 0);
    ck_assert_int_eq(seen.change_outcome, ROUTE53_BUSY);
    ck_assert_uint_gt(seen.zone_busy, seen.events[EVENT_ZONE] / 4);
    ck_assert_uint_lt(seen.zone_busy, seen.events[EVENT_ZONE] * 3 / 4);
    act(world, "route53 ok");
    run_for(world, 120000);
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

START_TEST(readings_fail_as_the_service_does)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);

    act(world, "route53 deny");
    run_for(world, 120000);
    ck_assert_int_eq(seen.zone_outcomes[USE1], ROUTE53_DENIED);
    act(world, "route53 down");
    run_for(world, 120000);
    ck_assert_int_eq(seen.zone_outcomes[USE1], ROUTE53_LOST);
    act(world, "route53 lose-reply");
    run_for(world, 120000);
    ck_assert_int_eq(seen.zone_outcomes[USE1], ROUTE53_OK);
    world_destroy(world);
}
END_TEST

/* ---- the zone ---- */

START_TEST(readings_of_an_unchanged_zone_share_one_copy_and_no_nonce)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);
    struct sim_view *a = sim_view_create(world, 0);
    struct sim_view *b = sim_view_create(world, 0);
    struct sim_view *c;

    ck_assert_ptr_eq(a->view.sets, b->view.sets);
    ck_assert_str_ne(a->view.nonce, b->view.nonce);
    world_set_weight(world, "pizza/us-east-1", 50);
    c = sim_view_create(world, 0);
    ck_assert_ptr_ne(a->view.sets, c->view.sets);
    ck_assert_int_eq(a->view.sets[0].weight, 100); /* a reading does not change afterwards */
    ck_assert_int_eq(c->view.sets[0].weight, 50);
    sim_view_destroy(a);
    sim_view_destroy(b);
    sim_view_destroy(c);
    world_destroy(world);
}
END_TEST

#define ZONE_OF(first, second)                                                                     \
    PIZZA_PROBES                                                                                   \
    "services = ( { name = \"a\"; zone = \"ZONE1\"; record = \"" first                             \
    "\"; type = \"A\"; ttl = 60; sites = (" PIZZA_SITE("a", "us-east-1", "1", "1") "," PIZZA_SITE( \
        "a", "us-west-2", "0",                                                                     \
        "2") "); }, "                                                                              \
             "{ name = \"b\"; zone = \"ZONE1\"; record = \"" second                                \
             "\"; type = \"A\"; ttl = 60; sites = (" PIZZA_SITE(                                   \
                 "b", "us-east-1", "1",                                                            \
                 "3") "," PIZZA_SITE("b", "us-west-2", "0",                                        \
                                     "4") "); } );"                                                \
                                          "groups = ( { name = \"g\"; services = [ \"a\", \"b\" "  \
                                          "]; order = [ \"us-east-1\", "                           \
                                          "\"us-west-2\" ]; } );"

START_TEST(the_apex_is_what_the_records_of_a_zone_end_in)
{
    static const char *const settings[] = {
        ZONE_OF("pizza.example.com", "factory.example.com"),
        ZONE_OF("a.eu.shop.example.co", "b.eu.shop.example.co"),
        ZONE_OF("www.example.com", "example.com"),
        ZONE_OF("www.one-example.com", "www.two-example.com"),
    };
    static const char *const apexes[] = {"example.com", "eu.shop.example.co", "example.com", "com"};
    char error[512] = "";

    for (uint32_t i = 0; i < 4; i++) {
        struct world *world = NULL;
        ck_assert_msg(world_create(settings[i], error, sizeof(error), &world) == 0, "%s", error);
        ck_assert_str_eq(world->route53.zones[0].apex, apexes[i]);
        world_destroy(world);
    }
}
END_TEST

int main(void)
{
    return RUN_TESTS(
        "the simulated Route 53", a_stranded_batch_is_undone_and_written_again,
        a_stranded_control_plane_fails_over_after_a_minute,
        a_pending_change_reaches_no_server_until_it_ends, a_late_batch_meets_what_is_there_then,
        a_batch_whose_reply_was_lost_on_the_way_is_applied_once,
        what_a_cut_probe_sends_or_reads_is_lost_after_its_patience,
        throttled_means_no_batch_and_every_second_reading, readings_fail_as_the_service_does,
        readings_of_an_unchanged_zone_share_one_copy_and_no_nonce,
        the_apex_is_what_the_records_of_a_zone_end_in);
}
