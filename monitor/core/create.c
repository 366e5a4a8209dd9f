/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's memory: every array is sized from the settings here, once; nothing is allocated
 * afterwards, so a step cannot fail. */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"

/* One piece of the engine's memory, in the list that gives it back. */
struct memory_block {
    struct memory_block *next;
    _Alignas(max_align_t) unsigned char bytes[];
};

/* Takes zeroed memory that engine_destroy() gives back; NULL once anything has failed. */
static void *take(struct engine *engine, size_t count, size_t size)
{
    struct memory_block *block = NULL;

    if (!engine->out_of_memory && count <= (SIZE_MAX - sizeof(*block)) / size)
        block = calloc(1, sizeof(*block) + count * size);
    if (block == NULL) {
        engine->out_of_memory = true;
        return NULL;
    }
    block->next = engine->memory;
    engine->memory = block;
    return block->bytes;
}

#define TAKE(engine, pointer, count) ((pointer) = take((engine), (count), sizeof(*(pointer))))

/* What a group has of its own is small, and by itself each piece would cost as much again in the
 * allocator's books: so pieces share a block. Not under the sanitizer, which then sees who writes
 * past the end of his own. */
#ifdef __SANITIZE_ADDRESS__
enum { PIECES_SIZE = 0 };
#else
enum { PIECES_SIZE = 65536 };
#endif
enum { PIECE_ALIGN = 8 }; /* a pointer, an int64_t: no piece holds more */

static void *take_piece(struct engine *engine, size_t count, size_t size)
{
    size_t need = (count * size + PIECE_ALIGN - 1) / PIECE_ALIGN * PIECE_ALIGN;
    void *piece;

    assert(count > 0 && count <= SIZE_MAX / 2 / size);
    if (need > engine->pieces_left) {
        engine->pieces_left = need > PIECES_SIZE ? need : PIECES_SIZE;
        engine->pieces = take(engine, engine->pieces_left, 1);
    }
    if (engine->out_of_memory)
        return NULL;
    piece = engine->pieces;
    engine->pieces += need;
    engine->pieces_left -= need;
    return piece;
}

#define TAKE_PIECE(engine, pointer, count)                                                         \
    ((pointer) = take_piece((engine), (count), sizeof(*(pointer))))

static void take_marks(struct engine *engine, struct marks *marks, uint32_t limit)
{
    marks->limit = limit;
    TAKE(engine, marks->words, marks_words(limit));
    TAKE(engine, marks->filled, marks_filled(limit));
}

static uint32_t most_sites(const struct settings *settings)
{
    uint32_t most = 0;

    for (uint32_t i = 0; i < settings->group_count; i++) {
        if (settings->groups[i].site_count > most)
            most = settings->groups[i].site_count;
    }
    return most;
}

static uint32_t most_sets(const struct settings *settings)
{
    uint32_t most = 0;

    for (uint32_t i = 0; i < settings->group_count; i++) {
        const struct group *group = &settings->groups[i];
        uint32_t sets = 0;
        for (uint32_t k = 0; k < group->site_count; k++)
            sets += settings->sites[group->sites[k]].set_count;
        most = sets > most ? sets : most;
    }
    return most;
}

static uint32_t count_slots(const struct settings *settings)
{
    uint32_t count = 0;

    for (uint32_t g = 0; g < settings->group_count; g++)
        count += settings->groups[g].zone_count;
    return count;
}

/* Sites as the groups count them: of each, its own. */
static size_t count_places(const struct settings *settings)
{
    size_t count = 0;

    for (uint32_t g = 0; g < settings->group_count; g++)
        count += settings->groups[g].site_count;
    return count;
}

static void take_checks(struct engine *engine)
{
    const struct settings *s = engine->settings;
    size_t places = count_places(s);
    size_t tokens = (size_t)s->check_count + s->reference_count;

    TAKE(engine, engine->schedule.items, tokens);
    TAKE(engine, engine->schedule.heap, tokens);
    TAKE(engine, engine->checks, s->check_count);
    TAKE(engine, engine->expire_block_ms, s->check_count / EXPIRE_BLOCK + 1);
    TAKE(engine, engine->references, s->reference_count);
    TAKE(engine, engine->trouble_ms, s->site_count);
    TAKE(engine, engine->site_states, s->site_count);
    take_marks(engine, &engine->suspects, s->site_count);
    take_marks(engine, &engine->suspects_moved, s->site_count);
    TAKE(engine, engine->suspects_told, s->site_count);
    TAKE(engine, engine->others_suspect, (size_t)s->elector_count * s->site_count);
    TAKE(engine, engine->agreements, s->site_count);
    TAKE(engine, engine->drained, s->region_count);
    TAKE(engine, engine->zones, s->zone_count);
    TAKE(engine, engine->groups, s->group_count);
    TAKE(engine, engine->heads, s->group_count);
    TAKE(engine, engine->head_weights, DECISION_VECTORS * places);
    TAKE(engine, engine->proposals, s->group_count);
    TAKE(engine, engine->proposal_weights, DECISION_VECTORS * places);
    TAKE(engine, engine->glasses, s->group_count);
    TAKE(engine, engine->glass_heads, DECISION_VECTORS * places);
    take_marks(engine, &engine->touched, s->group_count);
    TAKE(engine, engine->wakes.items, s->group_count);
    TAKE(engine, engine->wakes.heap, s->group_count);
    TAKE(engine, engine->voters, s->elector_count);
    TAKE(engine, engine->votes, (size_t)s->elector_count * s->group_count);
    TAKE(engine, engine->slots, engine->slot_count);
}

static void take_outputs(struct engine *engine)
{
    const struct settings *s = engine->settings;
    size_t items = 2 * (size_t)most_sets(s) + 2;

    engine->item_stride = (uint32_t)items;
    TAKE(engine, engine->out_starts, (size_t)s->check_count + s->reference_count);
    TAKE(engine, engine->out_votes, s->group_count);
    TAKE(engine, engine->out_suspects, s->site_count);
    TAKE(engine, engine->out_latches, (size_t)s->group_count * s->region_count);
    TAKE(engine, engine->out_commits, s->group_count);
    TAKE(engine, engine->out_commit_votes, (size_t)s->group_count * s->elector_count);
    TAKE(engine, engine->out_budgets, s->group_count);
    TAKE(engine, engine->out_obeyed, s->group_count);
    TAKE(engine, engine->out_locals, ORDERS_MAX);
    TAKE(engine, engine->out_keeps, ORDERS_MAX);
    TAKE(engine, engine->out_zone_reads, s->zone_count);
    TAKE(engine, engine->out_batches, engine->slot_count);
    TAKE(engine, engine->out_items, engine->slot_count * items);
    TAKE(engine, engine->out_fences, engine->slot_count);
    TAKE(engine, engine->out_fence_names, engine->slot_count);
    TAKE(engine, engine->out_fence_values, engine->slot_count);
    TAKE(engine, engine->out_comments, engine->slot_count);
    TAKE(engine, engine->out_alerts, ALERTS_MAX);
    TAKE(engine, engine->out_facts, FACTS_MAX + 1);
    TAKE(engine, engine->view_agreements, most_sites(s));
    TAKE(engine, engine->thought_weights, most_sites(s));
    TAKE(engine, engine->plan_agreements, s->site_count);
    TAKE(engine, engine->glass_weights, most_sites(s));
    TAKE(engine, engine->glass_wish, most_sites(s));
    TAKE(engine, engine->glass_normal, most_sites(s));
    TAKE(engine, engine->group_incidents, (size_t)s->group_count * GROUP_INCIDENT_COUNT);
    TAKE(engine, engine->region_incidents,
         (size_t)s->group_count * s->region_count * REGION_INCIDENT_COUNT);
    TAKE(engine, engine->probe_lost, s->elector_count);
    TAKE(engine, engine->probe_skew, s->elector_count);
    TAKE(engine, engine->sinks, s->sink_count);
}

/* Our own votes on a group, and everybody's: a letter for each site, and NUL. */
static void take_letters(struct engine *engine, uint32_t group)
{
    struct group_state *state = &engine->groups[group];
    size_t length = (size_t)engine->settings->groups[group].site_count + 1;
    uint32_t probes = engine->settings->elector_count;
    char *letters = NULL;

    if (TAKE_PIECE(engine, letters, length * (3 + 2 * (size_t)probes)) == NULL)
        return;
    state->states = letters;
    state->failures = letters + length;
    state->published = letters + 2 * length;
    for (uint32_t p = 0; p < probes; p++) {
        struct vote_slot *vote = state_vote(engine, p, group);

        vote->states = letters + (3 + 2 * (size_t)p) * length;
        vote->failures = vote->states + length;
    }
}

/* B1, B2: what only a group with beacons remembers. */
static void take_beacons(struct engine *engine, struct group_state *state)
{
    uint32_t regions = engine->settings->region_count;

    TAKE_PIECE(engine, state->latched, regions);
    TAKE_PIECE(engine, state->attach, regions);
    TAKE_PIECE(engine, engine->heads[state - engine->groups].health, regions);
    TAKE_PIECE(engine, state->proposal->health, regions);
    TAKE_PIECE(engine, state->glass->head.health, regions);
}

static void take_groups(struct engine *engine)
{
    const struct settings *s = engine->settings;
    uint32_t most = most_sites(s);
    uint32_t place = 0;
    int *zeros = NULL;

    if (TAKE(engine, zeros, (size_t)DECISION_VECTORS * most) != NULL)
        decision_slot_lay_out(&engine->no_head, zeros, most);
    for (uint32_t g = 0; g < s->group_count && !engine->out_of_memory; g++) {
        struct group_state *state = &engine->groups[g];
        uint32_t sites = s->groups[g].site_count;

        take_letters(engine, g);
        TAKE_PIECE(engine, state->wish_weights, sites);
        state->head = &engine->no_head;
        state->proposal = &engine->proposals[g];
        state->glass = &engine->glasses[g];
        state->first_place = place;
        place += sites;
        if (s->groups[g].beacons)
            take_beacons(engine, state);
    }
}

static void init_slots(struct engine *engine)
{
    const struct settings *s = engine->settings;
    uint32_t at = 0;

    for (uint32_t g = 0; g < s->group_count; g++) {
        engine->groups[g].first_slot = at;
        for (uint32_t z = 0; z < s->groups[g].zone_count; z++) { /* in their order (C1) */
            uint32_t zone = s->groups[g].zones[z];
            engine->slots[at] = (struct zone_slot){.group = g, .zone = zone, .failing_ms = -1};
            TAKE_PIECE(engine, engine->slots[at].weights, s->groups[g].site_count);
            at++;
        }
        engine->groups[g].slot_count = at - engine->groups[g].first_slot;
    }
}

/* References are looked at as often as the busiest check: blindness must not be found out later
 * than what it would make us misread. */
static msec_t reference_interval(const struct settings *settings)
{
    msec_t interval_ms = 10000; /* without any check: the default of checks.interval */

    for (uint32_t i = 0; i < settings->check_count; i++) {
        if (i == 0 || settings->checks[i].interval_ms < interval_ms)
            interval_ms = settings->checks[i].interval_ms;
    }
    return interval_ms;
}

static void init_checks(struct engine *engine)
{
    const struct settings *s = engine->settings;
    msec_t reference_ms = reference_interval(s);

    for (uint32_t i = 0; i < s->check_count; i++) {
        const struct check *check = &s->checks[i];
        struct schedule_item *item = &engine->schedule.items[i];

        verdict_init(&engine->checks[i].verdict, 0);
        engine->checks[i].rule = (struct verdict_rule){.fall = check->fall,
                                                       .rise = check->rise,
                                                       .window_bad = check->window_bad,
                                                       .window_of = check->window_of,
                                                       .stale_ms = 3 * check->interval_ms};
        item->place = NONE;
        item->interval_ms = check->interval_ms;
        item->phase_ms =
            schedule_phase(s->sites[check->site].name, i - s->sites[check->site].first_check,
                           s->self, s->elector_count, check->interval_ms);
    }
    for (uint32_t i = 0; i < s->reference_count; i++) {
        struct schedule_item *item = &engine->schedule.items[s->check_count + i];
        item->place = NONE;
        item->interval_ms = reference_ms;
        item->phase_ms =
            schedule_phase(s->references[i].text, i, s->self, s->elector_count, reference_ms);
    }
    for (uint32_t i = 0; i < s->site_count; i++) {
        engine->trouble_ms[i] = -1;
        engine->site_states[i] = VERDICT_UNKNOWN; /* what site_regroup() says next is news */
        engine->judged_count += s->sites[i].check_count > 0;
    }
}

static void init_groups(struct engine *engine)
{
    const struct settings *s = engine->settings;

    for (uint32_t g = 0; g < s->group_count; g++) {
        struct group_state *state = &engine->groups[g];

        engine->wakes.items[g].place = NONE;
        state->allowed_ms = -1;
        state->upkeep_ms = -1;
        state->trouble_ms = -1;
        state->decided_ms = -1;
        state->accepted_ms = -1;
        state->insync_ms = -1;
        state->servers_ms = -1;
        state->resolvers_ms = -1;
    }
    for (uint32_t z = 0; z < s->zone_count; z++)
        engine->zones[z].read_ms = -1;
    for (uint32_t p = 0; p < s->elector_count; p++)
        engine->voters[p].silent_count = s->group_count;
}

static bool same_headers(const struct check *x, const struct check *y)
{
    if (x->header_count != y->header_count)
        return false;
    for (uint32_t i = 0; i < x->header_count; i++) {
        if (strcmp(x->headers[i].name, y->headers[i].name) != 0 ||
            strcmp(x->headers[i].value, y->headers[i].value) != 0)
            return false;
    }
    return true;
}

/* The same check, by everything that its verdict depends on. */
static bool same_check(const struct settings *a, const struct check *x, const struct settings *b,
                       const struct check *y)
{
    return strcmp(a->sites[x->site].name, b->sites[y->site].name) == 0 && x->kind == y->kind &&
           strcmp(x->url, y->url) == 0 && strcmp(x->address, y->address) == 0 &&
           strcmp(x->method, y->method) == 0 && same_headers(x, y) && x->verify == y->verify &&
           x->timeout_ms == y->timeout_ms && strcmp(x->status, y->status) == 0 &&
           strcmp(x->body, y->body) == 0 && x->fall == y->fall && x->rise == y->rise &&
           x->interval_ms == y->interval_ms && x->window_bad == y->window_bad &&
           x->window_of == y->window_of;
}

/* V5: a reference that answered still answers; else a reload of all probes would blind them all. */
static void take_over_references(struct engine *engine, const struct engine *before)
{
    for (uint32_t i = 0; i < engine->settings->reference_count; i++) {
        for (uint32_t j = 0; j < before->settings->reference_count; j++) {
            if (strcmp(engine->settings->references[i].text,
                       before->settings->references[j].text) == 0) {
                engine->references[i] = before->references[j];
                engine->references[i].in_flight = false;
            }
        }
    }
}

static void take_over_check(struct engine *engine, uint32_t check, const struct engine *before)
{
    const struct check *c = &engine->settings->checks[check];
    uint32_t site = settings_site(before->settings, engine->settings->sites[c->site].name);
    const struct site *s;

    if (site == NONE)
        return;
    s = &before->settings->sites[site];
    for (uint32_t j = s->first_check; j < s->first_check + s->check_count; j++) {
        if (same_check(engine->settings, c, before->settings, &before->settings->checks[j]))
            engine->checks[check].verdict = before->checks[j].verdict;
    }
}

/* Reload: what was seen of a check that did not change is still true, and so is a gap (V5). */
static void take_over(struct engine *engine, const struct engine *before)
{
    engine->gap = before->gap;
    engine->gap_until_ms = before->gap_until_ms;
    take_over_references(engine, before);
    for (uint32_t i = 0; i < engine->settings->check_count; i++)
        take_over_check(engine, i, before);
}

void engine_carried(const struct engine *engine, struct carried *ret_carried)
{
    ret_carried->gap = engine->gap;
    ret_carried->gap_until_ms = engine->gap_until_ms;
    for (uint32_t i = 0; i < engine->settings->check_count; i++)
        ret_carried->verdicts[i] = engine->checks[i].verdict;
    for (uint32_t i = 0; i < engine->settings->reference_count; i++) {
        const struct reference_state *reference = &engine->references[i];

        ret_carried->references[i] =
            (struct carried_reference){reference->tried, reference->answered, reference->last_ms};
    }
}

void engine_carry(struct engine *engine, const struct carried *carried)
{
    assert(!engine->started);
    engine->gap = carried->gap;
    engine->gap_until_ms = carried->gap_until_ms;
    for (uint32_t i = 0; i < engine->settings->check_count; i++)
        engine->checks[i].verdict = carried->verdicts[i];
    for (uint32_t i = 0; i < engine->settings->reference_count; i++) {
        const struct carried_reference *reference = &carried->references[i];

        engine->references[i] = (struct reference_state){.tried = reference->tried,
                                                         .answered = reference->answered,
                                                         .last_ms = reference->last_ms};
    }
}

int engine_create(const struct settings *settings, bool dry_run, const struct engine *before,
                  struct engine **ret_engine)
{
    struct engine *engine = calloc(1, sizeof(*engine));

    if (engine == NULL)
        return -ENOMEM;
    engine->settings = settings;
    engine->dry_run = dry_run;
    engine->store_ok_ms = -1;
    engine->store_full_ms = -1;
    engine->orders_end_ms = INT64_MAX;
    engine->senses_end_ms = INT64_MAX;
    engine->reads_zones = settings_reads_zones(settings);
    engine->slot_count = count_slots(settings);
    take_checks(engine);
    take_outputs(engine);
    take_groups(engine);
    if (!engine->out_of_memory)
        init_slots(engine);
    if (engine->out_of_memory) {
        engine_destroy(engine);
        return -ENOMEM;
    }
    init_checks(engine);
    init_groups(engine);
    if (before != NULL)
        take_over(engine, before);
    *ret_engine = engine;
    return 0;
}

void engine_destroy(struct engine *engine)
{
    if (engine == NULL)
        return;
    while (engine->memory != NULL) {
        struct memory_block *next = engine->memory->next;
        free(engine->memory);
        engine->memory = next;
    }
    free(engine);
}
