/* SPDX-License-Identifier: Apache-2.0 */
/* What the store told, as text: the values in it keep their own form (store_json.h). */
#include <stdlib.h>
#include <string.h>

#include "event_form.h"

/* What is not there is null; what cannot be read is the word for its form. */
static json_t *form_to_json(enum value_form form)
{
    return form == VALUE_READ ? json_null() : json_string(value_form_name(form));
}

/* The value under a key; NULL, and its form, when it is not there or cannot be read. */
static const json_t *take_form(struct reading *r, const char *key, enum value_form *ret_form)
{
    const json_t *value = json_take_value(&r->fields, key);

    *ret_form = VALUE_READ;
    if (json_is_null(value))
        return NULL;
    if (!json_is_string(value))
        return value;
    if (value_form_parse(json_string_value(value), ret_form) < 0)
        json_complain(&r->fields, key, "'%s' is not known", json_string_value(value));
    return NULL;
}

/* ---- the store ---- */

json_t *event_write_store(const struct settings *settings, const struct event *event)
{
    (void)settings;
    return json_pack("{s:s, s:I, s:b}", "status", store_status_name(event->store.status),
                     "revision", (json_int_t)event->store.revision, "full", (int)event->store.full);
}

void event_read_store(struct reading *r)
{
    struct event_store *store = &r->copy->event.store;

    store->status = take_status(r);
    store->revision = take_number(r, "revision");
    store->full = json_take_boolean(&r->fields, "full");
}

json_t *event_write_lease(const struct settings *settings, const struct event *event)
{
    (void)settings;
    return json_pack("{s:b, s:I}", "alive", (int)event->lease.alive, "until_ms",
                     (json_int_t)event->lease.until_ms);
}

void event_read_lease(struct reading *r)
{
    r->copy->event.lease.alive = json_take_boolean(&r->fields, "alive");
    r->copy->event.lease.until_ms = json_take_integer(&r->fields, "until_ms", INT64_MIN, INT64_MAX);
}

json_t *event_write_vote(const struct settings *settings, const struct event *event)
{
    const struct event_vote *vote = &event->vote;

    return json_pack("{s:s, s:s, s:I, s:o}", "probe", settings->electors[vote->vote.probe].name,
                     "group", settings->groups[vote->vote.group].name, "revision",
                     (json_int_t)vote->revision, "vote",
                     vote->present ? vote_to_json(&vote->vote) : form_to_json(vote->form));
}

void event_read_vote(struct reading *r)
{
    struct event_vote *vote = &r->copy->event.vote;
    const json_t *value;

    vote->vote.probe = take_name(r, "probe", settings_elector);
    vote->vote.group = take_name(r, "group", settings_group);
    vote->revision = take_number(r, "revision");
    value = take_form(r, "vote", &vote->form);
    vote->present = value != NULL;
    if (!vote->present)
        return;
    r->copy->vote =
        vote_from_json(r->settings, vote->vote.probe, vote->vote.group, value, r->fields.report);
    if (r->copy->vote != NULL)
        vote->vote = *r->copy->vote;
}

json_t *event_write_suspect(const struct settings *settings, const struct event *event)
{
    const struct event_suspect *suspect = &event->suspect;
    json_t *names = json_array();

    for (uint32_t i = 0; i < suspect->count; i++)
        json_array_append_new(names, json_string(settings->sites[suspect->sites[i]].name));
    return json_pack("{s:s, s:o}", "probe", settings->electors[suspect->probe].name, "sites",
                     json_whole(names, suspect->count));
}

void event_read_suspect(struct reading *r)
{
    struct event_suspect *suspect = &r->copy->event.suspect;
    const json_t *names;

    suspect->probe = take_name(r, "probe", settings_elector);
    names = json_take_array(&r->fields, "sites", r->settings->site_count);
    r->copy->sites = calloc((size_t)r->settings->site_count + 1, sizeof(*r->copy->sites));
    if (r->copy->sites == NULL)
        json_complain(&r->fields, "", "out of memory");
    for (size_t i = 0; r->fields.object != NULL && i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        uint32_t site = name != NULL ? settings_site(r->settings, name) : NONE;

        if (site == NONE)
            json_complain(&r->fields, "sites", "'%s' is not in these settings",
                          name != NULL ? name : "?");
        r->copy->sites[i] = site;
    }
    suspect->sites = r->copy->sites;
    suspect->count = (uint32_t)json_array_size(names);
}

json_t *event_write_head(const struct settings *settings, const struct event *event)
{
    const struct event_head *head = &event->head;

    return json_pack("{s:s, s:I, s:o}", "group", settings->groups[head->group].name, "revision",
                     (json_int_t)head->revision, "decision",
                     head->present ? decision_to_json(settings, head->decision)
                                   : form_to_json(head->form));
}

void event_read_head(struct reading *r)
{
    struct event_head *head = &r->copy->event.head;
    const json_t *value;

    head->group = take_name(r, "group", settings_group);
    head->revision = take_number(r, "revision");
    value = take_form(r, "decision", &head->form);
    head->present = value != NULL;
    if (!head->present)
        return;
    r->copy->decision = decision_from_json(r->settings, head->group, value, r->fields.report);
    head->decision = r->copy->decision;
}

/* Of one that cannot be read, why: a text instead of an object. */
static json_t *order_form(const struct settings *settings, const struct order *order)
{
    return order->verb == ORDER_UNREADABLE ? json_string(order->reason)
                                           : order_to_json(settings, order);
}

json_t *event_write_order(const struct settings *settings, const struct event *event)
{
    const struct order *order = event->order.order;
    bool present = event->order.present; /* absent: only the id is told */

    return json_pack("{s:s, s:I, s:I, s:o}", "id", order->id, "create_revision",
                     (json_int_t)(present ? order->create_revision : 0), "mod_revision",
                     (json_int_t)(present ? order->mod_revision : 0), "order",
                     present ? order_form(settings, order) : json_null());
}

static void read_order(struct reading *r, const char *id, const json_t *value, struct order *order)
{
    struct order unreadable = {.verb = ORDER_UNREADABLE, .region = NONE, .group = NONE};

    if (!json_is_string(value)) {
        (void)order_from_json(r->settings, id, value, r->fields.report, order);
        return;
    }
    if (json_string_length(value) > ORDER_REASON_MAX)
        json_complain(&r->fields, "order", "%zu bytes, at most %d allowed",
                      json_string_length(value), ORDER_REASON_MAX);
    else
        memcpy(unreadable.reason, json_string_value(value), json_string_length(value));
    *order = unreadable;
}

void event_read_order(struct reading *r)
{
    struct order *order = &r->copy->order;
    char id[ORDER_ID_MAX + 1] = "";
    uint64_t create_revision;
    uint64_t mod_revision;
    const json_t *value;

    json_take_text(&r->fields, "id", id, sizeof(id));
    create_revision = take_number(r, "create_revision");
    mod_revision = take_number(r, "mod_revision");
    value = json_take_value(&r->fields, "order");
    r->copy->event.order.present = value != NULL && !json_is_null(value);
    r->copy->event.order.order = order;
    if (r->copy->event.order.present)
        read_order(r, id, value, order);
    memcpy(order->id, id, sizeof(id));
    order->create_revision = create_revision;
    order->mod_revision = mod_revision;
}

json_t *event_write_budget(const struct settings *settings, const struct event *event)
{
    json_t *moves = json_array();

    (void)settings;
    for (uint32_t i = 0; i < event->budget.count; i++)
        json_array_append_new(moves, json_integer(event->budget.moves[i]));
    moves = json_whole(moves, event->budget.count);
    if (event->budget.form != VALUE_READ) {
        json_decref(moves);
        moves = form_to_json(event->budget.form);
    }
    return json_pack("{s:I, s:o}", "revision", (json_int_t)event->budget.revision, "moves", moves);
}

void event_read_budget(struct reading *r)
{
    struct event_budget *budget = &r->copy->event.budget;
    const json_t *moves;

    budget->revision = take_number(r, "revision");
    if (json_is_string(json_object_get(r->fields.object, "moves"))) {
        (void)take_form(r, "moves", &budget->form);
        return;
    }
    moves = json_take_array(&r->fields, "moves", BUDGET_MAX);
    for (size_t i = 0; i < json_array_size(moves); i++) {
        const json_t *move = json_array_get(moves, i);

        if (!json_is_integer(move))
            json_complain(&r->fields, "moves", "a member is not a whole number");
        r->copy->moves[i] = json_integer_value(move);
    }
    budget->moves = r->copy->moves;
    budget->count = (uint32_t)json_array_size(moves);
}

json_t *event_write_commit(const struct settings *settings, const struct event *event)
{
    return json_pack("{s:s, s:s, s:I}", "group", settings->groups[event->commit.group].name,
                     "status", store_status_name(event->commit.status), "revision",
                     (json_int_t)event->commit.revision);
}

void event_read_commit(struct reading *r)
{
    struct event_commit *commit = &r->copy->event.commit;

    commit->group = take_name(r, "group", settings_group);
    commit->status = take_status(r);
    commit->revision = take_number(r, "revision");
}
