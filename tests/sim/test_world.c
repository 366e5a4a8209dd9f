/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated world itself: how it is made and settles, what names mean, what endpoints answer,
 * what people order, and that the same seed is the same world. */
#include <stdlib.h>
#include <string.h>

#include "acting.h"
#include "dice.h"
#include "world_state.h"

static const char pizza[] = PIZZA("hold = 20;");

/* ---- making one ---- */

START_TEST(a_settled_world_is_agreed_up_and_has_its_first_fence)
{
    struct world *world = settled(pizza);
    struct group_view view;

    look(world, &view);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(view.agreements[i]->state, AGREED_UP);
        ck_assert_int_ge(world_now(world) - view.agreements[i]->since_ms, 60000);
    }
    ck_assert_uint_eq(view.head.epoch, 1);
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 1);
    ck_assert_int_eq(world_origin(world), world_now(world));
    expect_weights(world, "100/0 100/0");
    world_destroy(world);
}
END_TEST

START_TEST(worlds_of_one_cast_and_seed_are_the_same_and_other_seeds_are_others)
{
    struct cast *cast = cast_of(pizza);
    char *recorded[3];

    for (uint64_t i = 0; i < 3; i++) {
        struct world *world = world_make(cast, i < 2 ? 7 : 8);
        world_settle(world);
        world_record(world, FRA);
        act(world, "site pizza/us-east-1 loss 30");
        act(world, "net loss all 10");
        act(world, "net delay all 200");
        run_for(world, 120000);
        recorded[i] = strdup(world_recorded(world));
        world_destroy(world);
    }
    ck_assert_str_eq(recorded[0], recorded[1]);
    ck_assert_str_ne(recorded[0], recorded[2]);
    for (int i = 0; i < 3; i++)
        free(recorded[i]);
    cast_destroy(cast);
}
END_TEST

START_TEST(a_bad_file_makes_no_cast_and_says_why)
{
    struct cast *cast = NULL;
    char error[512] = "";
    static const char bad[] = PIZZA("hold = -1;");

    ck_assert(cast_create(bad, strlen(bad), "x.conf", NULL, 0, error, sizeof(error), &cast) < 0);
    ck_assert_ptr_null(cast);
    ck_assert_msg(strncmp(error, "x.conf:", 7) == 0 && strstr(error, "hold") != NULL, "%s", error);
}
END_TEST

START_TEST(a_cast_is_made_of_changed_settings)
{
    struct cast *cast = NULL;
    char error[512] = "";
    const struct settings_change change = {"groups.*.hold", "45"};

    ck_assert_msg(
        cast_create(pizza, strlen(pizza), "x.conf", &change, 1, error, sizeof(error), &cast) == 0,
        "%s", error);
    ck_assert_uint_eq(cast->probe_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(cast->settings[i]->self, i);
        ck_assert_int_eq(cast->settings[i]->groups[0].hold_ms, 45000);
        ck_assert_int_eq(cast->others[i]->groups[0].hold_ms, 45000);
        ck_assert_str_eq(cast->settings[i]->fingerprint, cast->settings[0]->fingerprint);
        ck_assert_str_ne(cast->others[i]->fingerprint, cast->settings[i]->fingerprint);
    }
    cast_destroy(cast);
}
END_TEST

/* ---- names ---- */

static void expect_sentence(struct world *world, const char *line, const char *sentence)
{
    struct action action = action_of(line);
    char error[512] = "";

    ck_assert_msg(world_can_act(world, &action, error, sizeof(error)) < 0, "%s", line);
    ck_assert_str_eq(error, sentence);
    error[0] = '\0';
    ck_assert_msg(world_act(world, &action, error, sizeof(error)) < 0, "%s", line);
    ck_assert_str_eq(error, sentence);
}

START_TEST(a_name_that_means_nothing_is_said_with_those_that_do)
{
    struct world *world = settled(pizza);

    expect_sentence(world, "site mars refuse", "no region 'mars'; there are us-east-1, us-west-2");
    expect_sentence(world, "net cut mars from all",
                    "no region 'mars'; there are us-east-1, us-west-2");
    expect_sentence(world, "order drain mars", "no region 'mars'; there are us-east-1, us-west-2");
    expect_sentence(world, "site pizza/mars refuse",
                    "no site 'pizza/mars'; there are pizza/us-east-1, pizza/us-west-2, "
                    "factory/us-east-1, factory/us-west-2");
    expect_sentence(world, "probe mars kill", "no probe 'mars'; there are use1, usw2, fra");
    expect_sentence(world, "probe #4 kill", "no probe #4; there are #1 to #3");
    expect_sentence(world, "site primary refuse by #9", "no probe #9; there are #1 to #3");
    world_destroy(world);
}
END_TEST

START_TEST(primary_and_secondary_follow_the_order_of_the_group)
{
    static const struct {
        struct who who;
        const char *sites;
    } cases[] = {
        {{.kind = WHO_PRIMARY}, "1010"},
        {{.kind = WHO_SECONDARY}, "0101"},
        {{.kind = WHO_ALL}, "1111"},
        {{.kind = WHO_REGION, .name = "us-west-2"}, "0101"},
        {{.kind = WHO_SITE, .name = "factory/us-west-2"}, "0001"},
        {{.kind = WHO_SITE, .name = "pizza/secondary"}, "0100"},
        {{.kind = WHO_SITE, .name = "factory/primary"}, "0010"},
    };
    struct world *world = settled(pizza);
    char error[512] = "";

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool sites[4] = {true, true, true, true};
        char seen[5] = "";
        ck_assert(world_sites(world, &cases[i].who, sites, error, sizeof(error)) == 0);
        for (int k = 0; k < 4; k++)
            seen[k] = sites[k] ? '1' : '0';
        ck_assert_str_eq(seen, cases[i].sites);
    }
    world_destroy(world);
}
END_TEST

#define WEST_FIRST                                                                                 \
    PIZZA_PROBES PIZZA_SERVICES                                                                    \
        "groups = ( { name = \"g\"; services = [ \"pizza\", \"factory\" ]; "                       \
        "order = [ \"us-west-2\", \"us-east-1\" ]; } );\n"

START_TEST(primary_is_the_first_in_order_not_the_first_in_the_file)
{
    static const char settings[] = WEST_FIRST;
    struct cast *cast = cast_of(settings);
    struct world *world = world_make(cast, 1);

    act(world, "site primary refuse");
    act(world, "site factory/secondary refuse");
    ck_assert(world_answers(world, FRA, EAST) && !world_answers(world, FRA, WEST));
    ck_assert(!world_answers(world, FRA, FACTORY_EAST));
    act(world, "net cut primary from all");
    ck_assert(world_reaches_store(world, USE1) && !world_reaches_store(world, USW2));
    world_destroy(world);
    cast_destroy(cast);
}
END_TEST

/* ---- endpoints ---- */

START_TEST(a_site_may_be_bad_for_one_probe_only)
{
    struct world *world = settled(pizza);

    act(world, "site pizza/us-east-1 timeout by fra");
    ck_assert(world_answers(world, USE1, EAST) && !world_answers(world, FRA, EAST));
    run_for(world, 60000);
    ck_assert_int_eq(letter(world, USE1, EAST), 'u');
    ck_assert_int_eq(letter(world, FRA, EAST), 'd');
    act(world, "site all ok");
    ck_assert(world_answers(world, FRA, EAST));
    world_destroy(world);
}
END_TEST

START_TEST(a_slow_answer_is_good_until_the_timeout)
{
    struct world *world = settled(pizza);

    act(world, "site primary slow 2900");
    run_for(world, 60000);
    ck_assert(world_answers(world, FRA, EAST));
    ck_assert_int_eq(letter(world, FRA, EAST), 'u');
    act(world, "site primary slow 3001");
    ck_assert(!world_answers(world, FRA, EAST));
    run_for(world, 60000);
    ck_assert_int_eq(letter(world, FRA, EAST), 'd');
    world_destroy(world);
}
END_TEST

#define SITE_WITH(region, weight, set, check)                                                      \
    "{ region = \"" region "\"; weight = " weight "; set = \"" set "\"; value = \"192.0.2.1\"; "   \
    "checks = ( { " check " } ); }"
#define ODD_CHECKS(east, west)                                                                     \
    PIZZA_PROBES "services = ( { name = \"pizza\"; zone = \"Z\"; record = \"pizza.example.com\"; " \
                 "type = \"A\"; ttl = 60; sites = (" SITE_WITH(                                    \
                     "us-east-1", "100", "e",                                                      \
                     east) "," SITE_WITH("us-west-2", "0", "w",                                    \
                                         west) "); } );\n"                                         \
                                               "groups = ( { name = \"g\"; services = [ "          \
                                               "\"pizza\" ]; order = [ \"us-east-1\", "            \
                                               "\"us-west-2\" ]; } );\n"

START_TEST(a_failure_shows_to_those_who_look_there)
{
    static const char settings[] =
        ODD_CHECKS("url = \"https://a.example.net/\"; status = \"200,418\"; body = \"tea\";",
                   "type = \"tcp\"; url = \"tcp://192.0.2.9:443\";");
    static const struct {
        const char *line;
        bool east;
        bool west;
    } cases[] = {
        {"site all refuse", false, false},    {"site all timeout", false, false},
        {"site all tls", false, true}, /* a connection shows no certificate ... */
        {"site all dns", false, true}, /* ... and an address needs no name */
        {"site all status 503", false, true}, {"site all status 418", true, true},
        {"site all loss 99", true, true},     {"site all loss 100", false, false},
        {"site all ok", true, true},
    };
    struct world *world = settled(settings);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        act(world, cases[i].line);
        ck_assert_msg(world_answers(world, FRA, 0) == cases[i].east, "%s: east", cases[i].line);
        ck_assert_msg(world_answers(world, FRA, 1) == cases[i].west, "%s: west", cases[i].line);
        run_for(world, 60000);
        if (strstr(cases[i].line, "99") != NULL)
            continue;
        ck_assert_msg((letter(world, FRA, 0) == 'u') == cases[i].east, "%s: %c", cases[i].line,
                      letter(world, FRA, 0));
        ck_assert_msg((letter(world, FRA, 1) == 'u') == cases[i].west, "%s: %c", cases[i].line,
                      letter(world, FRA, 1));
    }
    world_destroy(world);
}
END_TEST

/* ---- operators and humans ---- */

START_TEST(orders_mean_every_group_and_a_region_all_its_sites)
{
    struct world *world = settled(PIZZA("hold = 20; dwell = 0;"));
    struct group_view view;

    act(world, "order freeze");
    run_for(world, 1000);
    look(world, &view);
    ck_assert(view.frozen);
    act(world, "order thaw");
    act(world, "order drain primary");
    run_for(world, 30000);
    look(world, &view);
    ck_assert(!view.frozen);
    expect_weights(world, "0/100 0/100");
    act(world, "order restore primary");
    act(world, "order failback");
    run_for(world, 90000);
    expect_weights(world, "100/0 100/0");
    act(world, "human weight primary 50");
    expect_weights(world, "50/0 50/0");
    run_for(world, 310000);
    look(world, &view);
    ck_assert(view.drifted);
    act(world, "order ack");
    run_for(world, 60000);
    look(world, &view);
    ck_assert(!view.drifted);
    act(world, "human delete-fence");
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 0);
    world_destroy(world);
}
END_TEST

START_TEST(orders_that_the_store_did_not_take_are_given_later_in_their_order)
{
    struct world *world = settled(pizza);
    struct group_view view;

    act(world, "store readonly");
    act(world, "order freeze");
    run_for(world, 25000);
    act(world, "store up");
    act(world, "order thaw"); /* the freeze is tried again five seconds from now */
    run_for(world, 30000);
    look(world, &view);
    ck_assert(!view.frozen);
    world_destroy(world);
}
END_TEST

/* ---- those who look on ---- */

struct seen {
    uint32_t steps;
    uint32_t commits;
    uint32_t sent;
    uint32_t accepted;
    uint32_t shifts;
    uint32_t alerts;
    uint32_t acts;
};

static void see_step(void *context, struct world *world, uint32_t probe, const struct event *event,
                     const struct update *update)
{
    struct seen *seen = context;

    (void)world;
    (void)probe;
    ck_assert(event != NULL && update != NULL);
    seen->steps++;
}

static void see_commit(void *context, struct world *world, uint32_t probe,
                       const struct commit *commit, uint64_t revision)
{
    struct seen *seen = context;

    (void)world;
    (void)probe;
    ck_assert(commit->decision.epoch == 2 && revision > 0);
    seen->commits++;
}

static void see_sent(void *context, struct world *world, uint32_t probe, const struct batch *batch)
{
    struct seen *seen = context;

    ck_assert(world_probe_settings(world, probe)->electors[probe].may_act && batch->epoch == 2);
    ck_assert_uint_eq(seen->accepted, 0);
    seen->sent++;
}

static void see_accepted(void *context, struct world *world, uint32_t probe,
                         const struct batch *batch, bool shift, bool late)
{
    struct seen *seen = context;

    ck_assert(world_alive(world, probe) && batch->epoch == 2 && !late);
    seen->accepted++;
    seen->shifts += shift;
}

static void see_alert(void *context, struct world *world, uint32_t probe, const struct alert *alert)
{
    (void)world;
    (void)probe;
    ck_assert(alert->subject[0] != '\0');
    ((struct seen *)context)->alerts++;
}

static void see_act(void *context, struct world *world, const struct action *action)
{
    (void)world;
    ck_assert_int_eq(action->kind, ACTION_SITE_REFUSE);
    ((struct seen *)context)->acts++;
}

START_TEST(those_who_look_on_see_every_step_commit_batch_alert_and_action)
{
    struct world *world = settled(pizza);
    struct seen seen = {0};
    const struct watcher watcher = {.context = &seen,
                                    .stepped = see_step,
                                    .committed = see_commit,
                                    .sent = see_sent,
                                    .accepted = see_accepted,
                                    .delivered = see_alert,
                                    .acted = see_act};
    uint64_t before = world_steps(world);

    world_watch(world, &watcher);
    act(world, "site factory/primary refuse");
    run_for(world, 60000);
    ck_assert_uint_eq(seen.steps, world_steps(world) - before);
    ck_assert_uint_eq(seen.commits, 1);
    ck_assert_uint_eq(seen.sent, 1);
    ck_assert_uint_eq(seen.accepted, 1);
    ck_assert_uint_eq(seen.shifts, 1);
    ck_assert_uint_eq(seen.acts, 1);
    ck_assert_uint_gt(seen.alerts, 0);
    world_destroy(world);
}
END_TEST

/* ---- what will happen ---- */

enum { ASKED_MAX = 20000, UNTIL_MS = 3000 };

/* In ups and downs, most of it soon: so that there is too much for what is kept at hand, and too
 * little, again and again. */
START_TEST(what_is_asked_for_happens_in_time_then_in_the_order_of_asking)
{
    struct world *world = calloc(1, sizeof(*world));
    struct dice dice = dice_create(4, 0, 0);
    static msec_t due_ms[ASKED_MAX];
    uint32_t asked = 0;
    uint32_t taken = 0;
    uint32_t last = 0;

    while (taken < ASKED_MAX) {
        bool grows = dice_below(&dice, 4) != 0 ? asked / 2000 % 2 == 0 : asked / 2000 % 2 != 0;
        struct pending pending = {.kind = PENDING_ORDER, .probe = NONE, .token = asked};

        if (asked < ASKED_MAX && (grows || taken == asked)) {
            msec_t most_ms = dice_below(&dice, 3) > 0 ? 20 : UNTIL_MS;
            msec_t after_ms = (msec_t)dice_below(&dice, (uint64_t)most_ms);
            due_ms[asked++] = world->now_ms + after_ms;
            world_later(world, after_ms, pending);
            continue;
        }
        world->now_ms = sim_queue_next(&world->queue);
        pending = sim_queue_take(&world->queue);
        ck_assert_int_eq(due_ms[pending.token], world->now_ms);
        ck_assert(taken == 0 || due_ms[last] < world->now_ms ||
                  (due_ms[last] == world->now_ms && last < pending.token));
        last = pending.token;
        taken++;
    }
    ck_assert_int_eq(sim_queue_next(&world->queue), INT64_MAX);
    sim_queue_destroy(&world->queue);
    free(world);
}
END_TEST

int main(void)
{
    return RUN_TESTS("world", a_settled_world_is_agreed_up_and_has_its_first_fence,
                     worlds_of_one_cast_and_seed_are_the_same_and_other_seeds_are_others,
                     a_bad_file_makes_no_cast_and_says_why, a_cast_is_made_of_changed_settings,
                     a_name_that_means_nothing_is_said_with_those_that_do,
                     primary_and_secondary_follow_the_order_of_the_group,
                     primary_is_the_first_in_order_not_the_first_in_the_file,
                     a_site_may_be_bad_for_one_probe_only, a_slow_answer_is_good_until_the_timeout,
                     a_failure_shows_to_those_who_look_there,
                     orders_mean_every_group_and_a_region_all_its_sites,
                     orders_that_the_store_did_not_take_are_given_later_in_their_order,
                     those_who_look_on_see_every_step_commit_batch_alert_and_action,
                     what_is_asked_for_happens_in_time_then_in_the_order_of_asking);
}
