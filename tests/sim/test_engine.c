/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of the engine as a machine: same events, same updates; what it recomputes for the
 * groups an event touched equals recomputing all; a recorded journal replays to the same facts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../monitor/sim/replay.h"
#include "faults.h"
#include "state.h"

enum { SEEDS = 15, STRIKES = 80, ALL_FACTS_LINE = 512 };

/* Two groups, so that there is one which an event does not touch. */
#define PIZZA_TWO_GROUPS                                                                           \
    "limits = { budget = 60; window = \"1h\"; };" PIZZA_PROBES PIZZA_SERVICES                      \
    "groups = ( { name = \"jwt-pizza\"; services = [ \"pizza\" ]; together = true; order = "       \
    "[ \"us-east-1\", \"us-west-2\" ]; stable = 60; hold = 10; dwell = 30; },"                     \
    "{ name = \"works\"; services = [ \"factory\" ]; together = true; order = "                    \
    "[ \"us-east-1\", \"us-west-2\" ]; stable = 30; hold = 20; dwell = 100; } );"

static struct truth begin(const char *settings, uint64_t seed)
{
    struct truth truth = {.world = pizza_world_traced(settings, UINT64_MAX, NONE),
                          .random = seed,
                          .seed = seed,
                          .alive = {true, true, true},
                          .frozen_ms = -1};

    memset(truth.bad_ms, -1, sizeof(truth.bad_ms));
    return truth;
}

static void go_on(struct truth *truth)
{
    faults_strike(truth);
    run_for(truth->world, faults_below(truth, 8000));
}

static void expect_same(struct truth *a, struct truth *b, int strike)
{
    const char *x = world_traced(a->world);
    const char *y = world_traced(b->world);

    if (strcmp(x, y) != 0)
        ck_abort_msg("seed %d, strike %d\n--- one\n%s--- other\n%s", (int)a->seed, strike, x, y);
    world_trace_clear(a->world);
    world_trace_clear(b->world);
}

START_TEST(the_same_events_give_the_same_facts)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct truth a = begin(PIZZA_TWO_GROUPS, seed);
        struct truth b = begin(PIZZA_TWO_GROUPS, seed);

        for (int i = 0; i < STRIKES; i++) {
            go_on(&a);
            go_on(&b);
            expect_same(&a, &b, i);
        }
        world_destroy(a.world);
        world_destroy(b.world);
    }
}
END_TEST

START_TEST(recomputing_what_was_touched_equals_recomputing_all)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct truth a = begin(PIZZA_TWO_GROUPS, seed);
        struct truth b = begin(PIZZA_TWO_GROUPS, seed);

        world_hook(b.world, state_touch_all);
        for (int i = 0; i < STRIKES; i++) {
            go_on(&a);
            go_on(&b);
            expect_same(&a, &b, i);
        }
        world_destroy(a.world);
        world_destroy(b.world);
    }
}
END_TEST

/* The facts of a replay, as the trace has them. */
struct told {
    char *text;
    size_t used;
    size_t room;
};

static struct told told_create(void)
{
    struct told told = {.room = 8 * 1024 * 1024};

    told.text = calloc(1, told.room);
    ck_assert_ptr_nonnull(told.text);
    return told;
}

static void tell(struct told *told, const struct settings *settings, const struct update *update)
{
    for (uint32_t i = 0; i < update->fact_count; i++) {
        ck_assert_uint_gt(told->room - told->used, 2 * (size_t)ALL_FACTS_LINE);
        told->used += (size_t)snprintf(told->text + told->used, ALL_FACTS_LINE, "[%6d] use1 ",
                                       (int)update->facts[i].at_ms);
        told->used +=
            fact_format(&update->facts[i], settings, told->text + told->used, ALL_FACTS_LINE);
        told->text[told->used++] = '\n';
    }
}

/* Feeds recorded lines to engines of use1: another one at each start. */
static void replay(const struct settings *settings, const char *lines, struct told *told)
{
    struct replay *replay = NULL;
    char error[512] = "";

    for (const char *end; (end = strchr(lines, '\n')) != NULL; lines = end + 1) {
        size_t length = (size_t)(end - lines);
        struct replay_step step;

        if (memmem(lines, length, "\"event\":\"start\"", 15) != NULL) {
            replay_destroy(replay);
            ck_assert_int_eq(replay_create_bare(settings, false, &replay), 0);
        }
        ck_assert_msg(replay_line(replay, lines, length, &step, error, sizeof(error)) == 0,
                      "%s: %.*s", error, (int)length, lines);
        tell(told, settings, step.update);
    }
    replay_destroy(replay);
}

/* The life of use1 from a restart, through a failover and a drift. */
START_TEST(a_recorded_journal_replays_to_the_same_facts)
{
    struct world *world = pizza_world(PIZZA("hold = 10; dwell = 30;"));
    struct told told = told_create();

    world_kill(world, USE1);
    world_record(world, USE1);
    world_trace(world, UINT64_MAX, USE1);
    world_trace_clear(world);
    world_start(world, USE1);
    run_for(world, 120000);
    factory_dies(world);
    run_for(world, 60000);
    factory_heals(world);
    order_group(world, ORDER_FAILBACK);
    world_set_weight(world, "pizza/us-west-2", 1);
    run_for(world, 400000);
    replay(world_settings(world), world_recorded(world), &told);
    ck_assert_str_eq(told.text, world_traced(world));
    ck_assert_ptr_nonnull(strstr(told.text, " sent "));
    ck_assert_ptr_nonnull(strstr(told.text, " drift "));
    free(told.text);
    world_destroy(world);
}
END_TEST

/* Whatever befalls use1, restarts and pauses too. */
START_TEST(random_lives_replay_to_the_same_facts)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct truth truth = begin(PIZZA_TWO_GROUPS, seed);
        struct told told = told_create();

        world_kill(truth.world, USE1);
        world_trace(truth.world, UINT64_MAX, USE1);
        world_trace_clear(truth.world);
        world_record(truth.world, USE1);
        world_start(truth.world, USE1);
        for (int i = 0; i < STRIKES; i++)
            go_on(&truth);
        replay(world_settings(truth.world), world_recorded(truth.world), &told);
        ck_assert_str_eq(told.text, world_traced(truth.world));
        free(told.text);
        world_destroy(truth.world);
    }
}
END_TEST

int main(void)
{
    return RUN_TESTS("engine", the_same_events_give_the_same_facts,
                     recomputing_what_was_touched_equals_recomputing_all,
                     a_recorded_journal_replays_to_the_same_facts,
                     random_lives_replay_to_the_same_facts);
}
