/* SPDX-License-Identifier: Apache-2.0 */
/* S-23: whoever is killed or stopped at any moment of a change, the change happens once, epochs
 * rise, and the zone ends where the head says. Every few milliseconds of the sequence are tried. */
#include "../lib/suite.h"
#include "pizza.h"

enum {
    FIRST_MS = 22000, /* some time before the decision ... */
    LAST_MS = 28000,  /* ... and some time after both actors have seen it applied */
};

/* Coarse where nothing happens, fine where the commit, the reading and the batch are. */
static msec_t step_ms(msec_t offset_ms)
{
    return offset_ms >= 24480 && offset_ms < 24620   ? 5
           : offset_ms >= 26480 && offset_ms < 26640 ? 5
                                                     : 200;
}

static void expect_moved_once(struct world *world, msec_t offset_ms)
{
    struct group_view view;

    if (world_shifts(world) != 1)
        ck_abort_msg("%u shifts when struck at %d ms", world_shifts(world), (int)offset_ms);
    expect_weights(world, "0/100 0/100");
    expect_sound(world);
    look(world, &view);
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), view.head.epoch);
}

START_TEST(a_probe_killed_at_any_moment_and_restarted_changes_nothing)
{
    for (msec_t offset_ms = FIRST_MS; offset_ms < LAST_MS; offset_ms += step_ms(offset_ms)) {
        struct world *world = pizza_world(PIZZA("hold = 20;"));

        factory_dies(world);
        world_run(world, SETTLED_MS + offset_ms);
        world_kill(world, (uint32_t)_i);
        run_for(world, 1000);
        world_start(world, (uint32_t)_i);
        run_for(world, 120000);
        expect_moved_once(world, offset_ms);
        world_destroy(world);
    }
}
END_TEST

START_TEST(a_probe_killed_at_any_moment_for_good_changes_nothing)
{
    for (msec_t offset_ms = FIRST_MS; offset_ms < LAST_MS; offset_ms += step_ms(offset_ms)) {
        struct world *world = pizza_world(PIZZA("hold = 20;"));

        factory_dies(world);
        world_run(world, SETTLED_MS + offset_ms);
        world_kill(world, (uint32_t)_i);
        run_for(world, 60000);
        expect_moved_once(world, offset_ms);
        world_destroy(world);
    }
}
END_TEST

START_TEST(a_probe_stopped_at_any_moment_and_resumed_changes_nothing)
{
    static const msec_t lengths_ms[] = {1000, 5000, 45000};

    for (msec_t offset_ms = FIRST_MS; offset_ms < LAST_MS; offset_ms += step_ms(offset_ms)) {
        for (int k = 0; k < 3; k++) {
            struct world *world = pizza_world(PIZZA("hold = 20;"));

            factory_dies(world);
            world_run(world, SETTLED_MS + offset_ms);
            world_pause(world, (uint32_t)_i);
            run_for(world, lengths_ms[k]);
            world_resume(world, (uint32_t)_i);
            run_for(world, 120000);
            expect_moved_once(world, offset_ms);
            world_destroy(world);
        }
    }
}
END_TEST

/* All of them at once, as when a machine loses power, with a store that survives. */
START_TEST(all_probes_killed_at_any_moment_and_restarted_change_nothing)
{
    for (msec_t offset_ms = FIRST_MS; offset_ms < LAST_MS; offset_ms += step_ms(offset_ms)) {
        struct world *world = pizza_world(PIZZA("hold = 20;"));

        factory_dies(world);
        world_run(world, SETTLED_MS + offset_ms);
        for (uint32_t i = 0; i < 3; i++)
            world_kill(world, i);
        run_for(world, 500);
        for (uint32_t i = 0; i < 3; i++)
            world_start(world, i);
        run_for(world, 200000);
        expect_moved_once(world, offset_ms);
        world_destroy(world);
    }
}
END_TEST

/* The replies are lost at the same time. */
START_TEST(a_probe_killed_while_replies_are_lost_changes_nothing)
{
    for (msec_t offset_ms = FIRST_MS; offset_ms < LAST_MS; offset_ms += step_ms(offset_ms)) {
        struct world *world = pizza_world(PIZZA("hold = 20;"));

        world_zone(world, ZONE_LOSE_REPLY);
        factory_dies(world);
        world_run(world, SETTLED_MS + offset_ms);
        world_kill(world, (uint32_t)_i);
        run_for(world, 1000);
        world_start(world, (uint32_t)_i);
        run_for(world, 120000);
        expect_moved_once(world, offset_ms);
        world_destroy(world);
    }
}
END_TEST

/* The store forgets the last seconds at any moment of the change. */
START_TEST(a_store_set_back_at_any_moment_repeats_no_move_and_no_epoch)
{
    for (msec_t offset_ms = FIRST_MS; offset_ms < LAST_MS; offset_ms += step_ms(offset_ms)) {
        struct world *world = pizza_world(PIZZA("hold = 20;"));

        factory_dies(world);
        world_run(world, SETTLED_MS + FIRST_MS);
        world_store_save(world);
        world_run(world, SETTLED_MS + offset_ms);
        world_store_rollback(world);
        run_for(world, 120000);
        expect_moved_once(world, offset_ms);
        world_destroy(world);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("crashes");
    TCase *tests = tcase_create("crashes");

    tcase_add_loop_test(tests, a_probe_killed_at_any_moment_and_restarted_changes_nothing, USE1,
                        FRA + 1);
    tcase_add_loop_test(tests, a_probe_killed_at_any_moment_for_good_changes_nothing, USE1,
                        FRA + 1);
    tcase_add_loop_test(tests, a_probe_stopped_at_any_moment_and_resumed_changes_nothing, USE1,
                        FRA + 1);
    tcase_add_test(tests, all_probes_killed_at_any_moment_and_restarted_change_nothing);
    tcase_add_loop_test(tests, a_probe_killed_while_replies_are_lost_changes_nothing, USE1,
                        FRA + 1);
    tcase_add_test(tests, a_store_set_back_at_any_moment_repeats_no_move_and_no_epoch);
    tcase_set_timeout(tests, 300);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
