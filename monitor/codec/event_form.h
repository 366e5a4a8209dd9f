/* SPDX-License-Identifier: Apache-2.0 */
/* event_form.h: what the files that know one kind of event each share (event_text.c). */
#ifndef REGIONSHIFT_EVENT_FORM_H
#define REGIONSHIFT_EVENT_FORM_H

#include "event_text.h"
#include "json_fields.h"
#include "store_json.h"

/* The longest word of ours: a status, an outcome, a kind. */
enum { EVENT_WORD_MAX = 64 };

struct event_copy {
    struct event event;
    json_t *root; /* holds the strings */
    struct result result;
    struct vote *vote;
    struct decision *decision;
    struct order order;
    uint32_t *sites;
    uint64_t *fences;
    const char *health[REGIONS_MAX];
    wall_t moves[BUDGET_MAX];
    struct zone_view view;
    struct record_set *sets;
    const char **values; /* of all sets */
};

/* What a reader works with. */
struct reading {
    const struct settings *settings;
    struct json_fields fields;
    struct event_copy *copy;
};

/* Each takes one field; 0 after a complaint. */
uint32_t take_index(struct reading *r, const char *key, uint32_t count);
uint64_t take_number(struct reading *r, const char *key);
uint32_t take_name(struct reading *r, const char *key,
                   uint32_t (*find)(const struct settings *, const char *));
enum route53_outcome take_outcome(struct reading *r);
enum store_status take_status(struct reading *r);

/* Every attribute of a record set (event_text_zone.c); NULL: no memory, or no UTF-8. */
json_t *record_set_to_json(const struct record_set *set);

/* A writer makes the fields of its kind, a reader takes them. */
typedef json_t *event_writer(const struct settings *settings, const struct event *event);
typedef void event_reader(struct reading *r);

event_writer event_write_store;
event_reader event_read_store;
event_writer event_write_lease;
event_reader event_read_lease;
event_writer event_write_vote;
event_reader event_read_vote;
event_writer event_write_suspect;
event_reader event_read_suspect;
event_writer event_write_head;
event_reader event_read_head;
event_writer event_write_order;
event_reader event_read_order;
event_writer event_write_budget;
event_reader event_read_budget;
event_writer event_write_glass;
event_reader event_read_glass;
event_writer event_write_latch;
event_reader event_read_latch;
event_writer event_write_attach;
event_reader event_read_attach;
event_writer event_write_commit;
event_reader event_read_commit;
event_writer event_write_zone;
event_reader event_read_zone;
event_writer event_write_change;
event_reader event_read_change;
event_writer event_write_insync;
event_reader event_read_insync;
event_writer event_write_servers;
event_reader event_read_servers;
event_writer event_write_stranded;
event_reader event_read_stranded;
event_writer event_write_resolvers;
event_reader event_read_resolvers;

#endif
