/* SPDX-License-Identifier: Apache-2.0 */
/* A decision as it stands in the store: head and journal have the same form. */
#include "store_json.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store_form.h"

enum { WORD_MAX = 32 };

/* ---- writing ---- */

static json_t *weights_to_json(const struct settings *settings, const struct group *group,
                               const int *weights)
{
    json_t *object = json_object();

    for (uint32_t i = 0; i < group->site_count; i++) {
        const struct site *site = &settings->sites[group->sites[i]];

        json_object_set_new(object, site->name, json_integer(weights[i]));
    }
    return json_whole(object, group->site_count);
}

static json_t *voters_to_json(const struct settings *settings, uint64_t voters)
{
    json_t *names = json_array();

    for (uint32_t i = 0; i < settings->elector_count; i++) {
        if ((voters >> i & 1) != 0)
            json_array_append_new(names, json_string(settings->electors[i].name));
    }
    return json_whole(names, (size_t)__builtin_popcountll(voters));
}

static json_t *regions_to_json(const struct settings *settings, uint32_t regions)
{
    json_t *names = json_array();

    for (uint32_t i = 0; i < settings->region_count; i++) {
        if ((regions >> i & 1) != 0)
            json_array_append_new(names, json_string(settings->regions[i]));
    }
    return json_whole(names, (size_t)__builtin_popcount(regions));
}

/* "" when the probe that decided has left the electorate since. */
static const char *elector_name(const struct settings *settings, uint32_t elector)
{
    return elector == NONE ? "" : settings->electors[elector].name;
}

/* A field that not every decision has; value NULL: no memory. */
static json_t *with_field(json_t *object, const char *key, json_t *value)
{
    size_t count = json_object_size(object) + 1;

    json_object_set_new(object, key, value); /* NULL: is not set, and missed below */
    return json_whole(object, count);
}

/* C4: only a decision that restores has this field, and what is decided until it is applied. */
static json_t *with_before(json_t *object, const struct settings *settings,
                           const struct group *group, const struct decision *decision)
{
    if (decision->before == NULL)
        return object;
    return with_field(object, "before", weights_to_json(settings, group, decision->before));
}

/* D5: only a decision that says again what the one before it said has this field. */
static json_t *with_since(json_t *object, const struct decision *decision)
{
    if (decision->same_since == 0)
        return object;
    return with_field(object, "same_since", json_integer((json_int_t)decision->same_since));
}

/* B2: only an attaching decision has this field. */
static json_t *with_health(json_t *object, const struct settings *settings,
                           const struct decision *decision)
{
    json_t *health = json_object();
    size_t count = 0;

    if (decision->kind != DECISION_ATTACH) {
        json_decref(health);
        return object;
    }
    for (uint32_t i = 0; i < settings->region_count; i++) {
        if (decision->health == NULL || decision->health[i].text[0] == '\0')
            continue;
        json_object_set_new(health, settings->regions[i], json_string(decision->health[i].text));
        count++;
    }
    return with_field(object, "health_checks", json_whole(health, count));
}

json_t *decision_to_json(const struct settings *settings, const struct decision *decision)
{
    const struct group *group = &settings->groups[decision->group];
    json_t *object;

    assert(decision->epoch <= INT64_MAX && decision->base_epoch <= INT64_MAX);
    object = json_pack(
        "{s:i, s:s, s:I, s:s, s:s, s:I, s:I, s:o, s:o, s:I, s:o, s:o, s:o, s:s, s:b, "
        "s:s}",
        "v", STORE_MAJOR, "group", group->name, "epoch", (json_int_t)decision->epoch, "kind",
        decision_kind_name(decision->kind), "by", elector_name(settings, decision->by), "at",
        (json_int_t)decision->at_wall, "moved", (json_int_t)decision->moved_wall, "weights",
        weights_to_json(settings, group, decision->weights), "normal",
        weights_to_json(settings, group, decision->normal), "base_epoch",
        (json_int_t)decision->base_epoch, "base", weights_to_json(settings, group, decision->base),
        "voters", voters_to_json(settings, decision->voters), "left",
        regions_to_json(settings, decision->regions_left), "order", decision->order, "override",
        (int)decision->override, "reason", decision->reason);
    object = with_since(with_before(object, settings, group, decision), decision);
    return store_form_stamp(with_health(object, settings, decision));
}

int decision_write(const struct settings *settings, const struct decision *decision, char *out,
                   size_t size)
{
    return json_print(decision_to_json(settings, decision), out, size);
}

/* ---- reading ---- */

/* Four vectors behind the struct, and the health checks behind them, in one block. */
static struct decision *decision_blank(const struct settings *settings, uint32_t group)
{
    size_t site_count = settings->groups[group].site_count;
    struct decision *decision = calloc(1, sizeof(*decision) + 4 * site_count * sizeof(int) +
                                              settings->region_count * sizeof(struct health_id));
    int *vectors;

    if (decision == NULL)
        return NULL;
    vectors = (int *)(decision + 1);
    decision->group = group;
    decision->weights = vectors;
    decision->normal = vectors + site_count;
    decision->base = vectors + 2 * site_count;
    return decision;
}

/* Reads the weight of every site of the group, and of no other. min: -1 where a record set may
 * have been missing in the zone. */
static void take_weights(struct json_fields *fields, const char *key,
                         const struct settings *settings, const struct group *group, int min,
                         int *weights)
{
    struct json_fields inner;
    const json_t *object = json_take_object(fields, key);

    if (object == NULL)
        return;
    json_fields_begin(&inner, fields->report, key, object);
    for (uint32_t i = 0; i < group->site_count; i++)
        weights[i] =
            (int)json_take_integer(&inner, settings->sites[group->sites[i]].name, min, WEIGHT_MAX);
    if (json_fields_close(&inner) < 0)
        fields->object = NULL;
}

/* A list of names as a bit set. Voters and regions that these settings do not know are passed
 * over: the set is evidence for readers, and no gate depends on a name nobody here has. */
static uint64_t take_set(struct json_fields *fields, const char *key,
                         const struct settings *settings,
                         uint32_t (*find)(const struct settings *, const char *))
{
    const json_t *names = json_take_array(fields, key, PROBES_MAX);
    uint64_t set = 0;

    for (size_t i = 0; i < json_array_size(names); i++) {
        const json_t *name = json_array_get(names, i);
        uint32_t index = json_is_string(name) ? find(settings, json_string_value(name)) : NONE;

        if (!json_is_string(name))
            json_complain(fields, key, "a member is not a string");
        else if (index != NONE)
            set |= UINT64_C(1) << index;
    }
    return set;
}

static void take_group(struct json_fields *fields, const struct settings *settings, uint32_t group)
{
    const char *name = json_take_string(fields, "group", NAME_MAX_LENGTH);

    if (fields->object != NULL && strcmp(name, settings->groups[group].name) != 0)
        json_complain(fields, "group", "'%s' under the key of '%s'", name,
                      settings->groups[group].name);
}

static void take_kind(struct json_fields *fields, enum decision_kind *ret_kind)
{
    const char *word = json_take_string(fields, "kind", WORD_MAX);

    if (fields->object != NULL && decision_kind_parse(word, ret_kind) < 0)
        json_complain(fields, "kind", "'%s' is not known", word);
}

/* Who decided. A probe that left the electorate since reads as NONE: the decision stands. */
static uint32_t take_elector(struct json_fields *fields, const struct settings *settings)
{
    return settings_elector(settings, json_take_string(fields, "by", NAME_MAX_LENGTH));
}

static void take_health(struct json_fields *fields, const struct settings *settings,
                        struct decision *decision)
{
    const json_t *object = json_take_object(fields, "health_checks");
    uint32_t site_count = settings->groups[decision->group].site_count;
    struct health_id *health = (void *)((int *)(decision + 1) + 4 * (size_t)site_count);
    struct json_fields inner;

    if (object == NULL)
        return;
    decision->health = health;
    json_fields_begin(&inner, fields->report, "health_checks", object);
    for (uint32_t i = 0; i < settings->region_count; i++) {
        if (json_has(&inner, settings->regions[i]))
            json_take_text(&inner, settings->regions[i], health[i].text, sizeof(health[i].text));
    }
    if (json_fields_close(&inner) < 0)
        fields->object = NULL;
}

static void decision_take(struct json_fields *fields, const struct settings *settings,
                          struct decision *decision)
{
    const struct group *group = &settings->groups[decision->group];
    int *vectors = (int *)(decision + 1);

    store_form_take(fields);
    take_group(fields, settings, decision->group);
    decision->epoch = (uint64_t)json_take_integer(fields, "epoch", 1, INT64_MAX);
    take_kind(fields, &decision->kind);
    decision->by = take_elector(fields, settings);
    decision->at_wall = json_take_integer(fields, "at", 0, INT64_MAX);
    decision->moved_wall = json_take_integer(fields, "moved", 0, INT64_MAX);
    take_weights(fields, "weights", settings, group, 0, vectors);
    take_weights(fields, "normal", settings, group, 0, vectors + group->site_count);
    decision->base_epoch = (uint64_t)json_take_integer(fields, "base_epoch", 0, INT64_MAX);
    take_weights(fields, "base", settings, group, -1, vectors + 2 * (size_t)group->site_count);
    decision->voters = take_set(fields, "voters", settings, settings_elector);
    decision->regions_left = (uint32_t)take_set(fields, "left", settings, settings_region);
    json_take_text(fields, "order", decision->order, sizeof(decision->order));
    decision->override = json_take_boolean(fields, "override");
    json_take_text(fields, "reason", decision->reason, sizeof(decision->reason));
    if (json_has(fields, "same_since"))
        decision->same_since = (uint64_t)json_take_integer(fields, "same_since", 1, INT64_MAX);
    if (json_has(fields, "before")) {
        decision->before = vectors + 3 * (size_t)group->site_count;
        take_weights(fields, "before", settings, group, -1,
                     vectors + 3 * (size_t)group->site_count);
    }
    if (decision->kind == DECISION_ATTACH)
        take_health(fields, settings, decision);
}

static int read_fields(struct json_fields *fields, const struct settings *settings, uint32_t group,
                       struct decision **ret_decision)
{
    struct decision *decision = decision_blank(settings, group);
    int form;

    if (decision == NULL)
        json_complain(fields, "", "out of memory");
    else
        decision_take(fields, settings, decision);
    form = store_form_close(fields);
    if (form == VALUE_READ)
        *ret_decision = decision;
    else
        free(decision);
    return form;
}

struct decision *decision_from_json(const struct settings *settings, uint32_t group,
                                    const json_t *value, struct json_report *report)
{
    struct json_fields fields;
    struct decision *decision = NULL;

    json_fields_begin(&fields, report, "decision", value);
    (void)read_fields(&fields, settings, group, &decision);
    return decision;
}

int decision_read(const struct settings *settings, uint32_t group, const char *text, size_t length,
                  struct decision **ret_decision, char *error, size_t error_size)
{
    struct json_report report = {.text = error, .size = error_size};
    struct json_fields fields;

    json_fields_open(&fields, &report, "decision", text, length);
    return read_fields(&fields, settings, group, ret_decision);
}
