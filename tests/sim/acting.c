/* SPDX-License-Identifier: Apache-2.0 */
#include "acting.h"

#include <stdio.h>
#include <string.h>

#include "scenario.h"

static void complain(void *context, const char *file, unsigned line, const char *text)
{
    (void)context;
    ck_abort_msg("%s:%u: %s", file, line, text);
}

struct action action_of(const char *line)
{
    struct scenario *scenario = NULL;
    struct action action;
    char text[512];
    int length = snprintf(text, sizeof(text), "scenario x\nabout x\nat 0 %s\n", line);

    ck_assert(scenario_parse(text, (size_t)length, "line", complain, NULL, &scenario) == 0);
    ck_assert_uint_eq(scenario->action_count, 1);
    action = scenario->actions[0];
    scenario_destroy(scenario);
    return action;
}

void act(struct world *world, const char *line)
{
    struct action action = action_of(line);
    char error[512] = "";

    ck_assert_msg(world_act(world, &action, error, sizeof(error)) == 0, "%s: %s", line, error);
}

struct cast *cast_of(const char *text)
{
    struct cast *cast = NULL;
    char error[512] = "";

    ck_assert_msg(cast_create(text, strlen(text), "x.conf", NULL, 0, error, sizeof(error), &cast) ==
                      0,
                  "%s", error);
    return cast;
}

struct world *settled(const char *text)
{
    char error[512] = "";
    struct world *world = NULL;

    ck_assert_msg(world_create(text, error, sizeof(error), &world) == 0, "%s", error);
    world_settle(world);
    return world;
}

char letter(struct world *world, uint32_t of, uint32_t site)
{
    return engine_vote_letter(world_engine(world, FRA), of, site);
}

msec_t next_check(struct world *world)
{
    uint32_t before = world_checks_started(world, FRA, "pizza/us-east-1");

    while (world_checks_started(world, FRA, "pizza/us-east-1") == before)
        run_for(world, 1);
    return world_now(world);
}
