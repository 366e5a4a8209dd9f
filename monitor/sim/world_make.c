/* SPDX-License-Identifier: Apache-2.0 */
/* Making and ending a world, and its small questions and switches. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "store_json.h"
#include "world_state.h"

/* ---- making ---- */

static int parse(const char *text, const char *probe, struct settings **ret_settings, char *error,
                 size_t error_size)
{
    struct settings_report report = {0};
    int rc = settings_parse(text, strlen(text), "world", probe, ret_settings, &report);

    for (size_t i = 0; rc < 0 && i < report.count; i++) {
        if (report.problems[i].is_warning)
            continue;
        snprintf(error, error_size, "line %u: %s: %s", report.problems[i].line,
                 report.problems[i].path, report.problems[i].text);
        break;
    }
    settings_report_clear(&report);
    return rc;
}

static void make_probe(struct sim_probe *probe)
{
    const struct settings *s = probe->settings;

    probe->store_reachable = true;
    probe->references_answer = true;
    probe->modes = calloc(s->site_count, sizeof(*probe->modes));
    probe->started = calloc(s->site_count, sizeof(*probe->started));
    probe->latched = calloc((size_t)s->group_count * s->region_count, sizeof(*probe->latched));
    probe->zone_views = calloc(s->zone_count, sizeof(struct zone_view *));
    probe->votes = calloc(s->group_count, sizeof(char *));
    probe->journal = calloc(s->group_count, sizeof(*probe->journal));
    assert(probe->journal != NULL && probe->votes != NULL && probe->modes != NULL &&
           probe->started != NULL && probe->latched != NULL && probe->zone_views != NULL);
}

int world_create(const char *settings_text, char *error, size_t error_size,
                 struct world **ret_world)
{
    struct world *world = calloc(1, sizeof(*world));
    struct settings *first = NULL;

    if (world == NULL || parse(settings_text, NULL, &first, error, error_size) < 0) {
        free(world);
        return -1;
    }
    world->trace_probe = NONE;
    world->record_probe = NONE;
    world->probe_count = first->elector_count;
    world->probes = calloc(world->probe_count, sizeof(*world->probes));
    assert(world->probes != NULL);
    for (uint32_t i = 0; i < world->probe_count; i++) {
        if (parse(settings_text, first->electors[i].name, &world->probes[i].settings, error,
                  error_size) < 0)
            abort(); /* the same text was good a moment ago */
        make_probe(&world->probes[i]);
    }
    settings_destroy(first);
    sim_zone_make(world);
    for (uint32_t i = 0; i < world->probe_count; i++)
        world_start(world, i);
    world_later(world, LEASE_SWEEP_MS, (struct pending){.kind = PENDING_SWEEP, .probe = NONE});
    *ret_world = world;
    return 0;
}

void world_destroy(struct world *world)
{
    if (world == NULL)
        return;
    for (uint32_t i = 0; i < world->probe_count; i++) {
        struct sim_probe *probe = &world->probes[i];
        world_kill(world, i);
        free(probe->votes);
        free(probe->journal);
        settings_destroy(probe->settings);
        free(probe->modes);
        free(probe->started);
        free(probe->latched);
        free(probe->zone_views);
        free(probe->waiting);
    }
    sim_queue_destroy(&world->queue);
    sim_store_clear(&world->store);
    if (world->saved != NULL)
        sim_store_clear(world->saved);
    free(world->saved);
    free(world->record);
    free(world->probes);
    free(world);
}

void world_other_settings(struct world *world, uint32_t probe, const char *settings_text)
{
    struct sim_probe *p = &world->probes[probe];
    struct settings *settings = NULL;
    char error[512] = "";

    if (parse(settings_text, p->settings->electors[probe].name, &settings, error, sizeof(error)) <
        0) {
        fprintf(stderr, "sim: other settings: %s\n", error);
        abort();
    }
    assert(!p->alive && settings->site_count == p->settings->site_count &&
           settings->group_count == p->settings->group_count &&
           settings->zone_count == p->settings->zone_count);
    settings_destroy(p->settings);
    p->settings = settings;
}

const struct settings *world_settings(const struct world *world)
{
    return world->probes[0].settings;
}

/* ---- endpoints ---- */

void world_site(struct world *world, const char *site, enum site_mode mode, uint32_t probe)
{
    uint32_t index = settings_site(world_settings(world), site);

    assert(index != NONE);
    for (uint32_t i = 0; i < world->probe_count; i++) {
        if (probe == NONE || probe == i)
            world->probes[i].modes[index] = (uint8_t)mode;
    }
}

void world_references(struct world *world, bool answer, uint32_t probe)
{
    for (uint32_t i = 0; i < world->probe_count; i++) {
        if (probe == NONE || probe == i)
            world->probes[i].references_answer = answer;
    }
}

uint32_t world_checks_started(const struct world *world, uint32_t probe, const char *site)
{
    return world->probes[probe].started[settings_site(world_settings(world), site)];
}

/* ---- the store ---- */

void world_store(struct world *world, bool reachable, uint32_t probe)
{
    for (uint32_t i = 0; i < world->probe_count; i++) {
        if (probe == NONE || probe == i)
            world->probes[i].store_reachable = reachable;
    }
}

void world_store_save(struct world *world)
{
    if (world->saved == NULL)
        world->saved = calloc(1, sizeof(*world->saved));
    assert(world->saved != NULL);
    sim_store_copy(world->saved, &world->store);
}

void world_store_readonly(struct world *world, bool readonly)
{
    world->store_readonly = readonly;
}

/* Every probe reads everything again: revisions it was told mean nothing any more. What was not
 * there yet is gone, and told as gone. */
void world_store_rollback(struct world *world)
{
    uint32_t count = world->store.count;

    assert(world->saved != NULL && world->saved->count <= count);
    for (uint32_t i = 0; i < world->saved->count; i++) /* keys are never taken from the list */
        assert(strcmp(world->saved->items[i].key, world->store.items[i].key) == 0);
    for (uint32_t i = 0; i < count; i++) {
        struct sim_item *item = &world->store.items[i];
        const struct sim_item *old = &world->saved->items[i];
        bool was_there = i < world->saved->count && old->value != NULL;

        free(item->value);
        item->mod_revision = 0;
        if (i < world->saved->count)
            *item = *old;
        item->value = was_there ? strdup(old->value) : NULL;
    }
    world->store.revision = world->saved->revision;
    for (uint32_t i = 0; i < world->probe_count; i++)
        memset(world->probes[i].known, 0xff, sizeof(world->probes[i].known));
}

const char *world_store_value(const struct world *world, const char *key)
{
    const struct sim_item *item = sim_store_find((struct sim_store *)(uintptr_t)&world->store, key);
    return item == NULL ? NULL : item->value;
}

/* ---- operators ---- */

void world_order(struct world *world, const struct world_order *order)
{
    const struct settings *settings = world_settings(world);
    struct order new = {.verb = order->verb, .region = NONE, .group = NONE};
    char value[4096];
    key_text key;

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
    if (order_write(settings, &new, value, sizeof(value)) < 0)
        abort();
    key_order(key, new.id);
    sim_store_put(world, key, value, NONE, sim_store_begin(world));
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
    return p->latched[group * p->settings->region_count + region] == 1;
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
