/* SPDX-License-Identifier: Apache-2.0 */
/* May we say it? As io/alert_claims.c: the claim is read, judged by the daemon's own claim_judge()
 * and written with a compare; without the store, it is judged by what this process knows. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "notice.h"
#include "sim_sinks.h"
#include "sim_store.h"
#include "world_state.h"

enum {
    LOOK_MS = 5 * 1000,
    SAID_MAX = 256,
    MARK_TRIES_MAX = 3,
    SWEEP_MAX = 16,
    HOUR_MS = 3600 * 1000,
    KEPT_RESOLVED_MS = 24 * HOUR_MS
};
static const msec_t kept_open_ms = 30 * 24 * (msec_t)HOUR_MS;

/* ---- what we know without the store ---- */

static const struct claim *said_find(const struct sim_outbox *outbox, const char *incident)
{
    for (uint32_t i = 0; i < outbox->said_count; i++) {
        if (strcmp(outbox->said[i].incident, incident) == 0)
            return &outbox->said[i].claim;
    }
    return NULL;
}

/* The oldest is overwritten. */
static void said_put(struct sim_outbox *outbox, const char *incident, const struct claim *claim)
{
    struct claim *known = (struct claim *)(uintptr_t)said_find(outbox, incident);
    struct sim_said *place;

    if (known != NULL) {
        *known = *claim;
        return;
    }
    if (outbox->said == NULL)
        outbox->said = calloc(SAID_MAX, sizeof(*outbox->said));
    assert(outbox->said != NULL);
    place = &outbox->said[outbox->said_next];
    memcpy(place->incident, incident, strlen(incident) + 1);
    place->claim = *claim;
    outbox->said_next = (outbox->said_next + 1) % SAID_MAX;
    if (outbox->said_count < SAID_MAX)
        outbox->said_count++;
}

/* ---- verdicts ---- */

static bool is_stale(const struct world *world, const struct sim_entry *entry)
{
    return entry->seen_ms >= 0 && world->now_ms - entry->seen_ms >= CLAIM_STALE_MS;
}

static enum claim_verdict judge(const struct world *world, uint32_t probe,
                                const struct sim_entry *entry, const struct claim *standing,
                                struct claim *ret_claim)
{
    const struct settings *settings = world->probes[probe].settings;
    struct claim_question question = {.standing = standing,
                                      .waited_count = entry->waited_count,
                                      .is_stale = is_stale(world, entry),
                                      .phase = entry->alert.phase,
                                      .at_wall = entry->alert.at_wall,
                                      .remind_ms = settings->remind_ms,
                                      .self = settings->electors[settings->self].name};

    return claim_judge(&question, ret_claim);
}

static void say(struct world *world, struct sim_entry *entry, const struct claim *claim,
                bool has_claim)
{
    if (entry->claimed_ms < 0)
        entry->claimed_ms = world->now_ms;
    entry->claim = *claim;
    entry->has_claim = has_claim;
    entry->judged_ms = world->now_ms;
    entry->state = ENTRY_SENDING;
}

static void wait_for_other(const struct world *world, struct sim_entry *entry)
{
    entry->state = ENTRY_WAITING;
    entry->look_ms = world->now_ms + LOOK_MS;
}

/* A resolve of what we never heard of, with the store away, is kept back for a while. */
static void judge_without_store(struct world *world, uint32_t probe, struct sim_entry *entry)
{
    const struct claim *standing = said_find(&world->probes[probe].outbox, entry->alert.incident);
    struct claim claim = {.phase = ALERT_RESOLVED, .count = 1, .at_wall = entry->alert.at_wall};
    enum claim_verdict verdict = CLAIM_WAIT;

    if (entry->seen_ms < 0)
        entry->seen_ms = world->now_ms;
    if (standing != NULL || entry->alert.phase != ALERT_RESOLVED)
        verdict = judge(world, probe, entry, standing, &claim);
    else if (is_stale(world, entry))
        verdict = CLAIM_TAKE;
    if (verdict == CLAIM_TAKE || verdict == CLAIM_OURS)
        say(world, entry, &claim, false);
    else if (verdict == CLAIM_WAIT)
        wait_for_other(world, entry);
    else
        entry->state = ENTRY_DONE;
}

/* ---- asking the store ---- */

static void ask(struct world *world, uint32_t probe, const struct sim_entry *entry)
{
    struct sim_call call = {.kind = CALL_ASK, .probe = probe, .index = entry->id};

    sim_store_call(world, &call);
}

static bool is_same(const struct claim *a, const struct claim *b)
{
    return a->phase == b->phase && strcmp(a->by, b->by) == 0 && a->at_wall == b->at_wall &&
           a->count == b->count && a->sent == b->sent;
}

/* A claim that is held is written again and again, as it is: the codec writes it once. */
static const char *text_of(struct sim_entry *entry, const struct claim *claim)
{
    if (entry->text != NULL && is_same(&entry->written, claim))
        return entry->text;
    free(entry->text);
    entry->text = claim_encode(claim);
    assert(entry->text != NULL);
    entry->written = *claim;
    return entry->text;
}

static void write_claim(struct world *world, uint32_t probe, struct sim_entry *entry,
                        const struct claim *claim, uint64_t revision)
{
    char key[CLAIM_KEY_MAX + 1];
    struct sim_call call = {.kind = CALL_CLAIM,
                            .probe = probe,
                            .index = entry->id,
                            .compared = revision,
                            .name = key,
                            .text = text_of(entry, claim)};

    claim_key(entry->alert.incident, key);
    sim_store_call(world, &call);
}

static void take(struct world *world, uint32_t probe, struct sim_entry *entry,
                 const struct claim *claim, uint64_t revision)
{
    entry->state = ENTRY_TAKING;
    entry->claim = *claim;
    write_claim(world, probe, entry, claim, revision);
}

static void watch_revision(const struct world *world, struct sim_entry *entry, uint64_t revision)
{
    if (entry->seen_ms < 0 || entry->revision != revision)
        entry->seen_ms = world->now_ms;
    entry->revision = revision;
}

/* Ours already: written again so that the others see us try, but not for ever: then they have two
 * looks' time to take it over. */
static void hold(struct world *world, uint32_t probe, struct sim_entry *entry,
                 const struct claim *claim, uint64_t revision)
{
    if (world->now_ms - entry->seen_ms >= CLAIM_STALE_MS + 2 * LOOK_MS)
        entry->claimed_ms = -1;
    if (entry->claimed_ms < 0 || world->now_ms - entry->claimed_ms < CLAIM_HOLD_MS)
        take(world, probe, entry, claim, revision);
    else
        wait_for_other(world, entry);
}

/* The codec's reading of a claim, made once for all who read it: it hangs on no settings. */
static const struct claim *reading(struct sim_version *version)
{
    struct claim *claim = version->reading;
    char error[200];

    if (claim != NULL)
        return claim;
    claim = calloc(1, sizeof(*claim));
    assert(claim != NULL);
    if (claim_decode(version->text, strlen(version->text), claim, error, sizeof(error)) < 0)
        abort(); /* written by this very codec */
    version->reading = claim;
    return claim;
}

/* The claim as the store had it; false: none. */
static bool read_claim(const struct world *world, const struct sim_entry *entry,
                       uint64_t at_revision, struct claim *ret_claim, uint64_t *ret_revision)
{
    char key[CLAIM_KEY_MAX + 1];
    const struct sim_item *item;
    struct sim_version *version;

    claim_key(entry->alert.incident, key);
    item = sim_store_find(&world->store, key);
    version = item == NULL ? NULL : sim_item_at(item, at_revision);
    *ret_revision = version == NULL ? 0 : version->mod_revision;
    if (version == NULL)
        return false;
    *ret_claim = *reading(version);
    return true;
}

static void judge_claim(struct world *world, uint32_t probe, struct sim_entry *entry,
                        uint64_t at_revision)
{
    struct sim_outbox *outbox = &world->probes[probe].outbox;
    const struct claim *standing;
    struct claim room;
    struct claim claim;
    uint64_t revision;

    if (read_claim(world, entry, at_revision, &room, &revision))
        said_put(outbox, entry->alert.incident, &room);
    standing = said_find(outbox, entry->alert.incident);
    watch_revision(world, entry, revision);
    switch (judge(world, probe, entry, standing, &claim)) {
    case CLAIM_TAKE:
        entry->claimed_ms = -1;
        take(world, probe, entry, &claim, revision);
        break;
    case CLAIM_OURS:
        hold(world, probe, entry, &claim, revision);
        break;
    case CLAIM_WAIT:
        if (standing->phase == entry->alert.phase)
            entry->waited_count = standing->count;
        wait_for_other(world, entry);
        break;
    case CLAIM_DROP:
        entry->state = ENTRY_DONE;
        break;
    }
}

void sim_claims_judge(struct world *world, uint32_t probe, struct sim_entry *entry)
{
    entry->state = ENTRY_ASKING;
    ask(world, probe, entry);
}

static void on_taken(struct world *world, struct sim_entry *entry, enum store_status status,
                     uint64_t revision)
{
    struct claim claim = entry->claim;

    if (status == STORE_OK) {
        watch_revision(world, entry, revision);
        say(world, entry, &claim, true);
    } else if (status == STORE_CONFLICT) {
        entry->state = ENTRY_QUEUED; /* somebody was faster, with this count */
        entry->waited_count = claim.count;
    } else {
        say(world, entry, &claim, false);
    }
}

/* ---- saying that it is said ---- */

static bool may_mark(const struct claim *wanted, const struct claim *standing)
{
    if (standing == NULL)
        return true;
    if (standing->phase == wanted->phase)
        return !standing->sent && standing->count <= wanted->count;
    return wanted->phase == ALERT_RESOLVED;
}

static void on_mark(struct world *world, uint32_t probe, struct sim_entry *entry,
                    const struct pending *pending)
{
    struct claim room;
    uint64_t revision;
    bool stands;

    if (pending->token == CALL_CLAIM) {
        if (pending->status == STORE_CONFLICT && entry->mark_tries++ < MARK_TRIES_MAX)
            ask(world, probe, entry);
        else
            entry->state = ENTRY_DONE;
        return;
    }
    stands = pending->status == STORE_OK &&
             read_claim(world, entry, pending->revision, &room, &revision);
    if (pending->status == STORE_OK && may_mark(&entry->claim, stands ? &room : NULL))
        write_claim(world, probe, entry, &entry->claim, revision);
    else
        entry->state = ENTRY_DONE;
}

void sim_claims_mark_sent(struct world *world, uint32_t probe, struct sim_entry *entry)
{
    const struct settings *settings = world->probes[probe].settings;
    const char *self = settings->electors[settings->self].name;

    entry->claim.phase = entry->alert.phase;
    entry->claim.sent = true;
    memcpy(entry->claim.by, self, strlen(self) + 1);
    said_put(&world->probes[probe].outbox, entry->alert.incident, &entry->claim);
    entry->state = ENTRY_MARKING;
    if (entry->has_claim)
        write_claim(world, probe, entry, &entry->claim, entry->revision);
    else
        ask(world, probe, entry);
}

/* An answer that came from a store which has been set back since means nothing. */
void sim_claims_answer(struct world *world, uint32_t probe, struct sim_entry *entry,
                       const struct pending *pending)
{
    if (entry->state == ENTRY_MARKING)
        on_mark(world, probe, entry, pending);
    else if (entry->state == ENTRY_TAKING)
        on_taken(world, entry, pending->status, pending->revision);
    else if (pending->status == STORE_OK && pending->epoch == world->store.era)
        judge_claim(world, probe, entry, pending->revision);
    else
        judge_without_store(world, probe, entry);
}

/* ---- sweeping ---- */

static bool is_old(const struct world *world, struct sim_version *version)
{
    const struct claim *claim = reading(version);
    bool is_over = claim->phase == ALERT_RESOLVED && claim->sent;

    return (wall_t)WALL_START * 1000 + world->now_ms - claim->at_wall >
           (is_over ? (msec_t)KEPT_RESOLVED_MS : kept_open_ms);
}

void sim_claims_sweep(struct world *world, uint32_t probe)
{
    const struct sim_store *store = &world->store;
    uint32_t count = 0;

    for (uint32_t i = sim_store_place(store, "v1/claims/");
         i < store->count && store->items[i]->key.kind == KEY_CLAIM && count < SWEEP_MAX; i++) {
        struct sim_version *version = sim_item_at(store->items[i], sim_store_shown(store));
        struct sim_call call = {.kind = CALL_CLAIM, .probe = probe, .index = NONE};
        if (version == NULL || !is_old(world, version))
            continue;
        call.name = store->items[i]->name;
        call.compared = version->mod_revision;
        sim_store_call(world, &call);
        count++;
    }
}
