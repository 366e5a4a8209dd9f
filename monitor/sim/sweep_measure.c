/* SPDX-License-Identifier: Apache-2.0 */
/* sweep_measure.c: the same questions, asked of the real engine in the simulated world. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "dice.h"
#include "sweep_state.h"

enum {
    STEP_MS = 1000,             /* how often a run is looked at whether it is over */
    DECISION_LIMIT_MS = 900000, /* past hold: something refuses the move */
    DICE_PHASE = 1001
};

/* ---- who looks on ---- */

struct watch {
    const struct settings *settings;
    msec_t down_since_ms[REGIONS_MAX * 64]; /* by site; -1: not agreed down */
    struct episodes episodes;
    uint32_t room;
    uint32_t primary;  /* region whose sites count, NONE: all */
    msec_t agreed_ms;  /* first agreement on one of them; -1: none */
    msec_t decided_ms; /* first decision that moves; -1: none */
    bool out_of_memory;
};
enum { WATCH_SITES_MAX = REGIONS_MAX * 64 };

bool sweep_counts(const struct settings *settings, uint32_t site)
{
    const struct site *s = &settings->sites[site];
    const struct service *service = &settings->services[s->service];

    return s->weight > 0 && s->check_count > 0 && site < WATCH_SITES_MAX &&
           (!settings->groups[service->group].together || service->required);
}

static void note_episode(struct watch *watch, uint32_t site, msec_t length_ms)
{
    struct episodes *episodes = &watch->episodes;

    if (episodes->count == watch->room) {
        uint32_t room = watch->room == 0 ? 64 : 2 * watch->room;
        struct episode *list = realloc(episodes->list, room * sizeof(*list));
        watch->out_of_memory |= list == NULL;
        if (list == NULL)
            return;
        episodes->list = list;
        watch->room = room;
    }
    episodes->list[episodes->count++] = (struct episode){site, length_ms};
}

static void note_agreement(struct watch *watch, const struct fact *fact)
{
    msec_t *since_ms = &watch->down_since_ms[fact->site];
    bool down = strcmp(fact->word, agreement_state_name(AGREED_DOWN)) == 0;

    if (down && watch->agreed_ms < 0 &&
        (watch->primary == NONE || watch->settings->sites[fact->site].region == watch->primary))
        watch->agreed_ms = fact->at_ms;
    if (!down && *since_ms >= 0)
        note_episode(watch, fact->site, fact->at_ms - *since_ms);
    *since_ms = down ? fact->at_ms : -1;
}

/* One probe's view is enough: all count the same votes. */
static void stepped(void *context, struct world *world, uint32_t probe, const struct event *event,
                    const struct update *update)
{
    (void)world, (void)event;
    for (uint32_t i = 0; probe == 0 && i < update->fact_count; i++) {
        const struct fact *fact = &update->facts[i];
        if (fact->code == FACT_AGREEMENT && fact->site < WATCH_SITES_MAX)
            note_agreement(context, fact);
    }
}

static void committed(void *context, struct world *world, uint32_t probe,
                      const struct commit *commit, uint64_t revision)
{
    struct watch *watch = context;

    (void)probe, (void)revision;
    if (watch->decided_ms < 0 && commit->writes_budget) /* D6: a move, and no evidence refreshed */
        watch->decided_ms = world_now(world);
}

static void watch_begin(struct watch *watch, const struct cast *cast)
{
    *watch = (struct watch){
        .settings = cast->settings[0], .primary = NONE, .agreed_ms = -1, .decided_ms = -1};
    for (uint32_t i = 0; i < WATCH_SITES_MAX; i++)
        watch->down_since_ms[i] = -1;
}

static struct world *settled_world(const struct cast *cast, uint64_t seed, struct watch *watch)
{
    struct world *world = world_make(cast, seed);
    struct watcher watcher = {.context = watch, .stepped = stepped, .committed = committed};

    world_settle(world);
    watch_begin(watch, cast);
    world_watch(world, &watcher);
    return world;
}

static void act(struct world *world, const struct action *action)
{
    char error[256];
    int result = world_act(world, action, error, sizeof(error));

    assert(result == 0); /* every name in it is the settings' own */
}

static void lose(struct world *world, const struct settings *settings, uint32_t loss)
{
    struct action action = {
        .kind = ACTION_SITE_LOSS, .who = {.kind = WHO_SITE}, .value = (int64_t)loss};

    for (uint32_t i = 0; i < settings->site_count; i++) {
        if (!sweep_counts(settings, i))
            continue;
        snprintf(action.who.name, sizeof(action.who.name), "%s", settings->sites[i].name);
        act(world, &action);
    }
}

/* ---- false episodes ---- */

int sweep_watch(const struct cast *cast, uint32_t loss, uint32_t hours, uint64_t seed,
                struct episodes *ret_episodes)
{
    struct watch *watch = malloc(sizeof(*watch));

    if (watch == NULL)
        return -1;
    struct world *world = settled_world(cast, seed, watch);
    lose(world, cast->settings[0], loss);
    world_run(world, world_now(world) + (msec_t)hours * 3600 * 1000);
    world_destroy(world);
    *ret_episodes = watch->episodes;
    int result = watch->out_of_memory ? -1 : 0;
    if (result < 0)
        free(watch->episodes.list);
    free(watch);
    return result;
}

uint64_t sweep_bursts(const struct cast *cast, uint32_t loss, uint32_t hours, uint64_t seed)
{
    struct action action = {
        .kind = ACTION_NET_LOSS, .who = {.kind = WHO_ALL}, .value = (int64_t)loss};
    struct watch *watch = malloc(sizeof(*watch));
    uint64_t count = 0;

    if (watch == NULL)
        return 0;
    struct world *world = settled_world(cast, seed, watch);
    act(world, &action);
    world_run(world, world_now(world) + (msec_t)hours * 3600 * 1000);
    world_destroy(world);
    for (uint32_t i = 0; i < watch->episodes.count; i++)
        count += sweep_counts(cast->settings[0], watch->episodes.list[i].site);
    free(watch->episodes.list);
    free(watch);
    return count;
}

/* ---- what looking costs ---- */

static uint32_t checks_of(const struct world *world, const char *site)
{
    uint32_t count = 0;

    for (uint32_t p = 0; p < world_settings(world)->elector_count; p++)
        count += world_checks_started(world, p, site);
    return count;
}

double sweep_steady(const struct cast *cast, uint32_t loss, uint32_t hours, uint64_t seed)
{
    const struct settings *settings = cast->settings[0];
    msec_t length_ms = (msec_t)hours * 3600 * 1000;
    struct world *world = world_make(cast, seed);
    uint32_t before;
    double checks;

    world_settle(world);
    if (loss > 0)
        lose(world, settings, loss);
    before = checks_of(world, settings->sites[0].name);
    world_run(world, world_now(world) + length_ms);
    checks = checks_of(world, settings->sites[0].name) - before;
    world_destroy(world);
    return checks * (double)settings->checks[0].interval_ms /
           ((double)length_ms * settings->elector_count);
}

/* ---- real deaths ---- */

static int compare(const void *a, const void *b)
{
    msec_t x = *(const msec_t *)a;
    msec_t y = *(const msec_t *)b;

    return x < y ? -1 : x > y;
}

struct sweep_times sweep_times_of(msec_t *times, uint32_t count)
{
    if (count == 0)
        return (struct sweep_times){-1, -1, -1, -1};
    qsort(times, count, sizeof(*times), compare);
    return (struct sweep_times){.median_ms = times[(count - 1) / 2],
                                .p90_ms = times[(count - 1) * 9 / 10],
                                .p99_ms = times[(count - 1) * 99 / 100],
                                .max_ms = times[count - 1]};
}

/* The longest interval of all checks: a death at a random point of it. */
static msec_t random_phase(const struct settings *settings, uint64_t seed)
{
    struct dice dice = dice_create(seed, DICE_PHASE, 0);
    msec_t longest_ms = 1;

    for (uint32_t i = 0; i < settings->check_count; i++) {
        if (settings->checks[i].interval_ms > longest_ms)
            longest_ms = settings->checks[i].interval_ms;
    }
    return (msec_t)dice_below(&dice, (uint64_t)longest_ms);
}

/* True when it came to a decision. */
static bool die_once(const struct cast *cast, int death, uint64_t seed, struct watch *watch,
                     msec_t *ret_agreed_ms, msec_t *ret_decided_ms)
{
    static const enum action_kind kinds[] = {
        [DEATH_REFUSE] = ACTION_SITE_REFUSE, [DEATH_TIMEOUT] = ACTION_SITE_TIMEOUT};
    const struct group *group = &cast->settings[0]->groups[0];
    struct action action = {.kind = kinds[death], .who = {.kind = WHO_PRIMARY}};
    struct world *world = settled_world(cast, seed, watch);
    msec_t died_ms = world_now(world) + random_phase(cast->settings[0], seed);

    world_run(world, died_ms);
    watch->primary = group->order[0];
    watch->agreed_ms = -1;
    watch->decided_ms = -1;
    act(world, &action);
    for (msec_t end_ms = died_ms + group->hold_ms + DECISION_LIMIT_MS;
         watch->decided_ms < 0 && world_now(world) < end_ms;)
        world_run(world, world_now(world) + STEP_MS);
    world_destroy(world);
    free(watch->episodes.list);
    *ret_agreed_ms = watch->agreed_ms - died_ms;
    *ret_decided_ms = watch->decided_ms - died_ms;
    return watch->decided_ms >= 0 && watch->agreed_ms >= 0;
}

void sweep_die(const struct cast *cast, int death, uint32_t phases, uint64_t seed,
               struct sweep_death *ret_death)
{
    msec_t *agreed = calloc(phases, sizeof(*agreed));
    msec_t *decided = calloc(phases, sizeof(*decided));
    struct watch *watch = malloc(sizeof(*watch));

    *ret_death = (struct sweep_death){0};
    if (agreed == NULL || decided == NULL || watch == NULL)
        goto out;
    for (uint32_t i = 0; i < phases; i++) {
        uint32_t at = ret_death->timed;
        if (die_once(cast, death, seed + i, watch, &agreed[at], &decided[at]))
            ret_death->timed++;
    }
out:
    ret_death->agreed = sweep_times_of(agreed, ret_death->timed);
    ret_death->decided = sweep_times_of(decided, ret_death->timed);
    free(agreed);
    free(decided);
    free(watch);
}

/* ---- grey failure ---- */

msec_t sweep_grey(const struct cast *cast, uint32_t loss, uint64_t seed, msec_t limit_ms)
{
    struct watch *watch = malloc(sizeof(*watch));
    msec_t took_ms = limit_ms;

    if (watch == NULL)
        return limit_ms;
    struct world *world = settled_world(cast, seed, watch);
    world_run(world, world_now(world) + random_phase(cast->settings[0], seed));
    msec_t begin_ms = world_now(world);
    lose(world, cast->settings[0], loss);
    while (watch->agreed_ms < 0 && world_now(world) - begin_ms < limit_ms)
        world_run(world, world_now(world) + STEP_MS);
    if (watch->agreed_ms >= 0)
        took_ms = watch->agreed_ms - begin_ms;
    world_destroy(world);
    free(watch->episodes.list);
    free(watch);
    return took_ms;
}
