/* SPDX-License-Identifier: Apache-2.0 */
/* The difference is found record set by record set in the newest reading, so that an operator reads
 * names that stand in the zone. It decides nothing: whether there is drift says observing.c. */
#include "drift.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "change.h"

enum { LINES_MAX = 20, VALUE_MAX = 80 };

struct lines {
    char *out;
    size_t size;
    size_t used;
    unsigned count; /* also of those that were not written */
};

__attribute__((format(printf, 2, 3))) static void add(struct lines *lines, const char *format, ...)
{
    va_list args;
    int n;

    if (lines->used + 1 >= lines->size)
        return;
    va_start(args, format);
    n = vsnprintf(lines->out + lines->used, lines->size - lines->used, format, args);
    va_end(args);
    if (n > 0)
        lines->used += (size_t)n;
    if (lines->used >= lines->size)
        lines->used = lines->size - 1;
}

static void end(struct lines *lines)
{
    if (lines->count > LINES_MAX)
        add(lines, "  and %u more\n", lines->count - LINES_MAX);
}

/* "  pizza/us-east-1 set pizza-us-east-1"; with several records, of which of them. False: enough
 * was said. */
static bool begin_line(struct lines *lines, const struct settings *settings, uint32_t set)
{
    const struct site_set *s = &settings->sets[set];
    const struct service_record *record = &settings->records[s->record];

    if (lines->count++ >= LINES_MAX)
        return false;
    add(lines, "  %s set %s", settings->sites[s->site].name, s->set);
    if (settings->services[record->service].record_count > 1)
        add(lines, " of %s %s", record->name, record->type);
    add(lines, ": ");
    return true;
}

/* ---- weights ---- */

/* What an epoch said of the group's weights, as far as is known here; NULL: it is not. */
static const int *weights_of(const struct group_state *state, uint64_t epoch)
{
    const struct decision *head = &state->head->decision;

    if (!state->has_head)
        return NULL;
    if (epoch == head->base_epoch && epoch != head->epoch)
        return head->before != NULL ? head->before : head->base;
    return epoch == head->epoch ? head->weights : NULL;
}

static void say_set(const struct engine *engine, struct lines *lines, const struct zone_slot *slot,
                    uint32_t set, const int *weight)
{
    const struct record_set *found =
        change_find_set(engine->zones[slot->zone].view, engine->settings, set);
    uint64_t epoch = slot->fence_present ? slot->fence.epoch : 0;

    if (found != NULL && weight != NULL && found->weight == *weight)
        return;
    if (!begin_line(lines, engine->settings, set))
        return;
    if (weight == NULL)
        add(lines, "weight not known in decision %" PRIu64 ", ", epoch);
    else if (epoch > 0)
        add(lines, "weight %d in decision %" PRIu64 ", ", *weight, epoch);
    else
        add(lines, "weight %d when the fence was gone, ", *weight);
    if (found == NULL)
        add(lines, "gone from the zone\n");
    else if (found->weight < 0)
        add(lines, "not weighted any more in the zone\n");
    else
        add(lines, "%d in the zone\n", found->weight);
}

static void say_slot(const struct engine *engine, struct lines *lines, const struct zone_slot *slot)
{
    const struct settings *settings = engine->settings;
    const struct group *g = state_group(engine, slot->group);
    const int *weights =
        weights_of(&engine->groups[slot->group], slot->fence_present ? slot->fence.epoch : 0);

    for (uint32_t k = 0; k < g->site_count; k++) {
        const struct site *site = &settings->sites[g->sites[k]];

        for (uint32_t i = site->first_set; i < site->first_set + site->set_count; i++) {
            if (settings->records[settings->sets[i].record].zone == slot->zone)
                say_set(engine, lines, slot, i, weights != NULL ? &weights[k] : NULL);
        }
    }
}

void drift_say(const struct engine *engine, uint32_t group, char *out, size_t size)
{
    const struct group_state *state = &engine->groups[group];
    struct lines lines = {.out = out, .size = size};

    out[0] = '\0';
    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        if (engine->slots[i].drifted && engine->zones[engine->slots[i].zone].view != NULL)
            say_slot(engine, &lines, &engine->slots[i]);
    }
    end(&lines);
}

/* ---- everything else ---- */

static void say_texts(struct lines *lines, const char *what, const char *before, const char *now)
{
    add(lines, "%s was %.*s, is %.*s", what, VALUE_MAX, before[0] != '\0' ? before : "none",
        VALUE_MAX, now[0] != '\0' ? now : "none");
}

static bool same_values(const struct record_set *a, const struct record_set *b)
{
    bool same = a->value_count == b->value_count;

    for (uint32_t i = 0; same && i < a->value_count; i++)
        same = strcmp(a->values[i], b->values[i]) == 0;
    return same;
}

static const char *first_value(const struct record_set *set)
{
    return set->value_count > 0 ? set->values[0] : set->alias_name;
}

/* One attribute a line. ours: the fence moved between the two readings; then a health check may be
 * of our own attaching (B2). */
static void compare_set(struct lines *lines, const struct settings *settings, uint32_t set,
                        const struct record_set *before, const struct record_set *now, bool ours)
{
    if (before->ttl_s != now->ttl_s && begin_line(lines, settings, set))
        add(lines, "TTL was %" PRId64 ", is %" PRId64 "\n", before->ttl_s, now->ttl_s);
    if (!same_values(before, now) || strcmp(before->alias_name, now->alias_name) != 0 ||
        strcmp(before->alias_zone, now->alias_zone) != 0) {
        if (begin_line(lines, settings, set)) {
            say_texts(lines, "value", first_value(before), first_value(now));
            add(lines, now->value_count > 1 ? " and more\n" : "\n");
        }
    }
    if (before->alias_evaluate != now->alias_evaluate && begin_line(lines, settings, set))
        add(lines, "EvaluateTargetHealth was %s, is %s\n", before->alias_evaluate ? "on" : "off",
            now->alias_evaluate ? "on" : "off");
    if (!ours && strcmp(before->health_check, now->health_check) != 0 &&
        begin_line(lines, settings, set)) {
        say_texts(lines, "health check", before->health_check, now->health_check);
        add(lines, "\n");
    }
}

/* The same words give the same number on every probe: one incident for one change (L2). FNV-1a. */
static uint64_t number_of(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return hash != 0 ? hash : 1;
}

static void compare_group(struct engine *engine, const struct zone_slot *slot,
                          const struct zone_view *before, const struct zone_view *now)
{
    const struct settings *settings = engine->settings;
    const struct group *g = state_group(engine, slot->group);
    const struct record_set *fences[] = {change_find_fence(before, g->name),
                                         change_find_fence(now, g->name)};
    bool ours = fences[0] == NULL || fences[1] == NULL || !same_values(fences[0], fences[1]);
    char text[ALERT_CHANGED_MAX];
    struct lines lines = {.out = text, .size = sizeof(text)};

    text[0] = '\0';
    for (uint32_t k = 0; k < g->site_count; k++) {
        const struct site *site = &settings->sites[g->sites[k]];

        for (uint32_t i = site->first_set; i < site->first_set + site->set_count; i++) {
            const struct record_set *was = change_find_set(before, settings, i);
            const struct record_set *is = change_find_set(now, settings, i);

            if (settings->records[settings->sets[i].record].zone == slot->zone && was != NULL &&
                is != NULL)
                compare_set(&lines, settings, i, was, is, ours);
        }
    }
    end(&lines);
    if (lines.count > 0)
        alerting_changed(engine, slot->group, number_of(text), text);
}

void drift_compare(struct engine *engine, uint32_t zone, const struct zone_view *view)
{
    for (uint32_t i = 0; engine->zones[zone].view != NULL && i < engine->slot_count; i++) {
        if (engine->slots[i].zone == zone)
            compare_group(engine, &engine->slots[i], engine->zones[zone].view, view);
    }
}
