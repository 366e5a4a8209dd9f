/* SPDX-License-Identifier: Apache-2.0 */
/* Making and ending a world, and its small questions and switches. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world_state.h"

/* ---- a cast ---- */

enum {
    OTHER_SETTINGS_MS = 1000, /* what other settings differ by */
    OTHER_BELOW_MS = 3600000  /* safely within what may be set */
};

/* The first error in a report, as a sentence. */
static void first_error(const struct settings_report *report, const char *file, char *error,
                        size_t error_size)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct settings_problem *problem = &report->problems[i];
        if (problem->is_warning)
            continue;
        char line[16] = "";
        if (problem->line > 0) /* 0: what a change wrote, or the file as a whole */
            snprintf(line, sizeof(line), ":%u", problem->line);
        snprintf(error, error_size, "%s%s: %s: %s", file, line, problem->path, problem->text);
        return;
    }
}

/* A text of settings, and what is to be changed in it. */
struct script {
    const char *text;
    size_t length;
    const char *name;
    const struct settings_change *changes;
    uint32_t change_count;
};

static int parse(const struct script *script, const char *probe, struct settings **ret_settings,
                 char *error, size_t error_size)
{
    struct settings_report report = {0};
    int rc = settings_parse_changed(script->text, script->length, script->name, probe,
                                    script->changes, script->change_count, ret_settings, &report);

    if (rc < 0)
        first_error(&report, script->name, error, error_size);
    settings_report_clear(&report);
    return rc;
}

/* The same script with one more change, so that the fingerprint is another one (A2). */
static int parse_other(const struct script *script, const struct settings *own,
                       struct settings **ret_other, char *error, size_t error_size)
{
    msec_t other_ms =
        own->limit_window_ms +
        (own->limit_window_ms < OTHER_BELOW_MS ? OTHER_SETTINGS_MS : -OTHER_SETTINGS_MS);
    struct settings_change *changes = calloc((size_t)script->change_count + 1, sizeof(*changes));
    struct script other = *script;
    char value[32];
    int rc;

    assert(changes != NULL);
    for (uint32_t i = 0; i < script->change_count; i++)
        changes[i] = script->changes[i];
    snprintf(value, sizeof(value), "\"%" PRId64 "ms\"", other_ms);
    changes[other.change_count++] = (struct settings_change){"limits.window", value};
    other.changes = changes;
    rc = parse(&other, NULL, ret_other, error, error_size);
    assert(rc < 0 || strcmp((*ret_other)->fingerprint, own->fingerprint) != 0);
    free(changes);
    return rc;
}

/* What was parsed, and a copy of each for every probe, which differs in who it is. */
struct cast_parsed {
    struct settings *own;
    struct settings *other;
    struct settings copies[];
};

static const struct settings **copy_for_all(const struct settings *parsed, struct settings *copies)
{
    const struct settings **list = calloc(parsed->elector_count, sizeof(struct settings *));

    assert(list != NULL);
    for (uint32_t i = 0; i < parsed->elector_count; i++) {
        copies[i] = *parsed;
        copies[i].self = i;
        list[i] = &copies[i];
    }
    return list;
}

static struct cast *cast_of(struct settings *own, struct settings *other)
{
    uint32_t count = own->elector_count;
    struct cast *cast = calloc(1, sizeof(*cast));
    struct cast_parsed *parsed =
        calloc(1, sizeof(*parsed) + 2 * (size_t)count * sizeof(struct settings));

    assert(cast != NULL && parsed != NULL);
    parsed->own = own;
    parsed->other = other;
    cast->parsed = parsed;
    cast->probe_count = count;
    cast->settings = copy_for_all(own, parsed->copies);
    cast->others = copy_for_all(other, parsed->copies + count);
    return cast;
}

int cast_create(const char *text, size_t length, const char *name,
                const struct settings_change *changes, uint32_t change_count, char *error,
                size_t error_size, struct cast **ret_cast)
{
    const struct script script = {text, length, name, changes, change_count};
    struct settings *own = NULL;
    struct settings *other = NULL;

    if (parse(&script, NULL, &own, error, error_size) < 0)
        return -1;
    if (parse_other(&script, own, &other, error, error_size) < 0) {
        settings_destroy(own);
        return -1;
    }
    *ret_cast = cast_of(own, other);
    return 0;
}

void cast_destroy(struct cast *cast)
{
    if (cast == NULL)
        return;
    settings_destroy(cast->parsed->own);
    settings_destroy(cast->parsed->other);
    free(cast->parsed);
    free(cast->settings);
    free(cast->others);
    free(cast);
}

/* ---- a world ---- */

static void make_probe(struct world *world, uint32_t index)
{
    struct sim_probe *probe = &world->probes[index];
    const struct settings *s = world->cast->settings[index];

    probe->settings = s;
    probe->store_reachable = true;
    probe->references_answer = true;
    world->deadlines_ms[index] = INT64_MAX;
    probe->stall_end_ms = -1;
    probe->endpoints = calloc(s->site_count, sizeof(*probe->endpoints));
    probe->started = calloc(s->site_count, sizeof(*probe->started));
    probe->latched = calloc((size_t)s->group_count * s->region_count, sizeof(*probe->latched));
    probe->zone_views = calloc(s->zone_count, sizeof(struct sim_view *));
    probe->journal = calloc(s->group_count, sizeof(*probe->journal));
    probe->locals = calloc(ORDERS_MAX, sizeof(*probe->locals));
    assert(probe->journal != NULL && probe->locals != NULL && probe->endpoints != NULL &&
           probe->started != NULL && probe->latched != NULL && probe->zone_views != NULL);
}

struct world *world_make(const struct cast *cast, uint64_t seed)
{
    struct world *world = calloc(1, sizeof(*world));

    assert(world != NULL);
    world->cast = cast;
    world->seed = seed;
    world->trace_probe = NONE;
    world->record_probe = NONE;
    world->probe_count = cast->probe_count;
    world->probes = calloc(world->probe_count, sizeof(*world->probes));
    world->deadlines_ms = calloc(world->probe_count, sizeof(*world->deadlines_ms));
    assert(world->probes != NULL && world->deadlines_ms != NULL);
    for (uint32_t i = 0; i < world->probe_count; i++)
        make_probe(world, i);
    sim_store_make(world);
    sim_sinks_make(world);
    sim_route53_make(world);
    for (uint32_t i = 0; i < world->probe_count; i++)
        world_start(world, i);
    world_later(world, LEASE_SWEEP_MS, (struct pending){.kind = PENDING_SWEEP, .probe = NONE});
    return world;
}

int world_create(const char *settings_text, char *error, size_t error_size,
                 struct world **ret_world)
{
    struct cast *cast = NULL;

    if (cast_create(settings_text, strlen(settings_text), "world", NULL, 0, error, error_size,
                    &cast) < 0)
        return -1;
    *ret_world = world_make(cast, 0);
    (*ret_world)->own_cast = cast;
    return 0;
}

static void destroy_probe(struct world *world, uint32_t index)
{
    struct sim_probe *probe = &world->probes[index];

    world_kill(world, index);
    sim_outbox_destroy(&probe->outbox);
    free(probe->journal);
    free(probe->locals);
    free(probe->endpoints);
    free(probe->started);
    free(probe->latched);
    free(probe->zone_views);
    free(probe->waiting);
    settings_destroy(probe->own_settings);
}

void world_destroy(struct world *world)
{
    if (world == NULL)
        return;
    for (uint32_t i = 0; i < world->probe_count; i++)
        destroy_probe(world, i);
    sim_queue_destroy(&world->queue);
    sim_store_destroy(&world->store);
    sim_zone_destroy(world);
    free(world->record);
    free(world->cuts);
    free(world->orders_waiting);
    free(world->deadlines_ms);
    free(world->probes);
    cast_destroy(world->own_cast);
    free(world);
}

/* ---- settling (how a scenario begins) ---- */

enum {
    SETTLE_FIRST_MS = 5000, /* zones and store have been read */
    SETTLE_STEP_MS = 1000,
    SETTLE_MARGIN_MS = 30000,  /* INSYNC, servers, alerts of the beginning */
    SETTLE_INTERVALS_MAX = 20, /* longer than this many checks take, nothing settles */
    SETTLE_MORE_MS = 600000
};

/* D9: the operator confirms on the first probe that may act. */
void world_init_groups(struct world *world)
{
    const struct settings *settings = world_settings(world);
    uint32_t probe = 0;

    while (probe + 1 < world->probe_count &&
           !(settings->electors[probe].may_act && world->probes[probe].alive &&
             !world->probes[probe].paused))
        probe++;
    if (!world->probes[probe].alive || world->probes[probe].paused)
        return;
    for (uint32_t g = 0; g < settings->group_count; g++)
        world_feed(world, probe, &(struct event){.kind = EVENT_INIT, .init = {.group = g}});
}

void world_attach(struct world *world, uint32_t probe, const char *const *health)
{
    for (uint32_t g = 0; g < world_settings(world)->group_count; g++)
        world_feed(world, probe, &(struct event){.kind = EVENT_ATTACH, .attach = {g, health}});
}

static bool site_settled(const struct world *world, const struct group *group,
                         const struct agreement *agreement, uint32_t site, msec_t now_ms)
{
    if (world_settings(world)->sites[site].check_count == 0)
        return true;
    return agreement->state == AGREED_UP && now_ms - agreement->since_ms >= group->stable_ms;
}

/* As one probe sees it; those that may act read the zones as well. */
static bool group_settled(const struct world *world, uint32_t probe, uint32_t group)
{
    const struct settings *settings = world_settings(world);
    const struct group *g = &settings->groups[group];
    struct group_view view;

    engine_group(world->probes[probe].engine, group, &view);
    if (!view.has_head || (settings->electors[probe].may_act && view.fence_min < view.head.epoch))
        return false;
    for (uint32_t i = 0; i < g->site_count; i++) {
        if (!site_settled(world, g, view.agreements[i], g->sites[i], world_local_ms(world, probe)))
            return false;
    }
    return true;
}

static bool settled(const struct world *world)
{
    for (uint32_t p = 0; p < world->probe_count; p++) {
        for (uint32_t g = 0; g < world_settings(world)->group_count; g++) {
            if (!group_settled(world, p, g))
                return false;
        }
    }
    return true;
}

/* What takes longer will not settle at all: the scenario begins as it is, and says what it finds.
 */
static msec_t settle_limit_ms(const struct settings *settings)
{
    msec_t longest_ms = 0;
    msec_t stable_ms = 0;

    for (uint32_t i = 0; i < settings->check_count; i++) {
        const struct check *check = &settings->checks[i];
        msec_t one_ms = (check->interval_ms + check->timeout_ms) * (check->rise + check->window_of);
        longest_ms = one_ms > longest_ms ? one_ms : longest_ms;
    }
    for (uint32_t i = 0; i < settings->group_count; i++)
        stable_ms =
            settings->groups[i].stable_ms > stable_ms ? settings->groups[i].stable_ms : stable_ms;
    return SETTLE_INTERVALS_MAX * longest_ms + stable_ms + SETTLE_MORE_MS;
}

/* Where in the rhythm of the checks a scenario begins, is chance. */
static msec_t settle_margin_ms(const struct world *world)
{
    const struct settings *settings = world_settings(world);
    struct dice dice = dice_create(world->seed, DICE_SETTLE, 0);
    msec_t longest_ms = 1;

    for (uint32_t i = 0; i < settings->check_count; i++) {
        if (settings->checks[i].interval_ms > longest_ms)
            longest_ms = settings->checks[i].interval_ms;
    }
    return SETTLE_MARGIN_MS + (msec_t)dice_below(&dice, (uint64_t)longest_ms);
}

void world_settle(struct world *world)
{
    msec_t limit_ms = settle_limit_ms(world_settings(world));

    world_run(world, SETTLE_FIRST_MS);
    world_init_groups(world);
    while (!settled(world) && world->now_ms < limit_ms)
        world_run(world, world->now_ms + SETTLE_STEP_MS);
    world_run(world, world->now_ms + settle_margin_ms(world));
    sim_store_act(world, &(struct action){.kind = ACTION_STORE_BACKUP});
    world->origin_ms = world->now_ms;
}

msec_t world_origin(const struct world *world)
{
    return world->origin_ms;
}

uint64_t world_steps(const struct world *world)
{
    return world->steps;
}

/* ---- settings ---- */

void world_other_settings(struct world *world, uint32_t probe, const char *settings_text)
{
    struct sim_probe *p = &world->probes[probe];
    const struct script script = {settings_text, strlen(settings_text), "other", NULL, 0};
    struct settings *settings = NULL;
    char error[512] = "";

    if (parse(&script, p->settings->electors[probe].name, &settings, error, sizeof(error)) < 0) {
        fprintf(stderr, "sim: other settings: %s\n", error);
        abort();
    }
    assert(!p->alive && settings->site_count == p->settings->site_count &&
           settings->group_count == p->settings->group_count &&
           settings->zone_count == p->settings->zone_count);
    settings_destroy(p->own_settings);
    p->own_settings = settings;
    p->settings = settings;
}

const struct settings *world_settings(const struct world *world)
{
    return world->cast->settings[0];
}

/* ---- the store ---- */

void world_store(struct world *world, bool reachable, uint32_t probe)
{
    for (uint32_t i = 0; i < world->probe_count; i++) {
        if (probe == NONE || probe == i)
            world->probes[i].store_reachable = reachable;
    }
}

/* ---- operators ---- */

static struct order make_order(struct world *world, const struct world_order *order)
{
    const struct settings *settings = world_settings(world);
    struct order new = {.verb = order->verb, .region = NONE, .group = NONE};

    snprintf(new.id, sizeof(new.id), "order-%u", ++world->next_order);
    snprintf(new.by, sizeof(new.by), "root");
    snprintf(new.reason, sizeof(new.reason), "test");
    if (order->region != NULL)
        new.region = settings_region(settings, order->region);
    if (order->group != NULL)
        new.group = settings_group(settings, order->group);
    if (order->incident != NULL)
        snprintf(new.incident, sizeof(new.incident), "%s", order->incident);
    new.override = order->override;
    new.at_wall = (wall_t)WALL_START * 1000 + world->now_ms;
    new.until_wall = order->for_ms == 0 ? 0 : new.at_wall + order->for_ms;
    return new;
}

void world_order(struct world *world, const struct world_order *order)
{
    struct order new = make_order(world, order);

    sim_store_order(world, &new);
}

bool world_break_glass(struct world *world, uint32_t probe, const struct world_order *order)
{
    const struct settings *settings = world_settings(world);
    uint64_t *fences = calloc(settings->group_count, sizeof(*fences));
    struct order new = make_order(world, order);
    struct event event = {.kind = EVENT_GLASS, .glass = {&new, fences}};
    bool shown = false;

    assert(fences != NULL);
    for (uint32_t g = 0; g < settings->group_count; g++) {
        struct glass_view view;
        engine_glass(world->probes[probe].engine, g, new.region, &view);
        fences[g] = view.rule == NULL ? view.fence : GLASS_NOT_SHOWN;
        shown |= view.rule == NULL;
    }
    if (shown)
        world_feed(world, probe, &event);
    free(fences);
    return shown;
}

/* ---- what was said and done ---- */

void world_trace(struct world *world, uint64_t codes, uint32_t probe)
{
    world->trace_codes = codes;
    world->trace_probe = probe;
}

const char *world_traced(const struct world *world)
{
    return world->trace;
}

void world_trace_clear(struct world *world)
{
    world->trace_used = 0;
    world->trace[0] = '\0';
}

uint32_t world_alerts(const struct world *world, enum alert_event event, enum alert_phase phase)
{
    return world->alerts[event][phase];
}

const struct alert *world_alert(const struct world *world, enum alert_event event)
{
    return world->last_alerts[event].subject[0] == '\0' ? NULL : &world->last_alerts[event];
}

bool world_latched(const struct world *world, uint32_t probe, uint32_t group, uint32_t region)
{
    const struct sim_probe *p = &world->probes[probe];
    return p->latched[group * p->settings->region_count + region] > 0;
}

uint32_t world_batches(const struct world *world)
{
    return world->batches;
}

uint32_t world_shifts(const struct world *world)
{
    return world->shifts;
}

uint32_t world_refused(const struct world *world)
{
    return world->refused;
}

bool world_epochs_rose(const struct world *world)
{
    return world->epochs_rose;
}

bool world_kept_weight(const struct world *world)
{
    return world->kept_weight;
}

void world_watch_batches(struct world *world, world_sent sent, void *context)
{
    world->sent = sent;
    world->sent_context = context;
}

/* ---- for tests of the engine itself ---- */

void world_hook(struct world *world, void (*hook)(struct engine *engine))
{
    world->hook = hook;
}

void world_record(struct world *world, uint32_t probe)
{
    world->record_probe = probe;
}

const char *world_recorded(const struct world *world)
{
    return world->record == NULL ? "" : world->record;
}
