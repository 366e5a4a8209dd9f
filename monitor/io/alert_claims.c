/* SPDX-License-Identifier: Apache-2.0 */
/* May we say it? The claim is read, judged by claim_judge() and written with a compare. Whatever
 * the store does, the answer is in the end yes or "another has said it": without a store, or with
 * one that is away, silent or unreadable, the alert is said without a claim (L1).
 *
 *     QUEUED -> ASKING -> SENDING   the claim is ours, or there is no store
 *                  |  \-> WAITING   another holds it; judged again every look_ms
 *                  \----> removed   said already
 */
#include "alert_queue.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MARK_TRIES_MAX = 3,
    SWEEP_MAX = 64,                      /* deletions in one sweep */
    SWEEP_AGAIN_MS = 1000,               /* after one that was full */
    KEPT_RESOLVED_MS = 24 * 3600 * 1000, /* a late probe still finds that it was said */
    HOUR_MS = 3600 * 1000
};
static const msec_t kept_open_ms = 30 * 24 * (msec_t)HOUR_MS;
static const char claims_prefix[] = "v1/claims/";

/* One call of the store. The entry may go before the answer comes: then entry is NULL. A mark needs
 * no entry; it carries what it wants to write. */
struct question {
    struct alerts *alerts;
    struct entry *entry;
    char incident[INCIDENT_MAX + 1];
    char key[CLAIM_KEY_MAX + 1];
    struct claim claim; /* to be written */
    uint64_t revision;  /* compared */
    unsigned tries;
};

static struct question *question_create(struct alerts *alerts, const char *incident)
{
    struct question *question = calloc(1, sizeof(*question));

    if (question == NULL)
        return NULL;
    question->alerts = alerts;
    memcpy(question->incident, incident, strlen(incident) + 1);
    claim_key(incident, question->key);
    alerts->question_count++;
    return question;
}

/* Every answer ends here. Returns the entry that still waits for it, or NULL. */
static struct entry *question_end(struct question *question)
{
    struct alerts *alerts = question->alerts;
    struct entry *entry = question->entry;

    if (entry != NULL)
        entry->question = NULL;
    free(question);
    alerts->question_count--;
    if (alerts->closing)
        alerts_release(alerts);
    else
        alerts_wake(alerts);
    return entry;
}

void claims_forget(struct entry *entry)
{
    if (entry->question != NULL)
        entry->question->entry = NULL;
    entry->question = NULL;
}

/* ---- what we know without the store ---- */

static struct known *known_find(struct alerts *alerts, const char *incident)
{
    for (uint32_t i = 0; i < KNOWN_MAX; i++) {
        if (strcmp(alerts->known[i].incident, incident) == 0)
            return &alerts->known[i];
    }
    return NULL;
}

static void known_put(struct alerts *alerts, const char *incident, const struct claim *claim)
{
    struct known *known = known_find(alerts, incident);

    if (known == NULL) {
        known = &alerts->known[alerts->known_next];
        alerts->known_next = (alerts->known_next + 1) % KNOWN_MAX;
        memcpy(known->incident, incident, strlen(incident) + 1);
    }
    known->claim = *claim;
}

/* ---- verdicts ---- */

static void say(struct entry *entry, const struct claim *claim, bool has_claim)
{
    struct notice_stamp stamp = {.count = claim->count, .at_wall = claim->at_wall};
    msec_t now = (msec_t)uv_now(entry->alerts->loop);
    char line[80];

    if (!has_claim) /* two probes see it seconds apart: the hour is the same for nearly all */
        stamp.at_wall -= stamp.at_wall % HOUR_MS;
    if (entry->claimed_ms == 0)
        entry->claimed_ms = now;
    entry->claim = *claim;
    entry->has_claim = has_claim;
    entry->judged_ms = now;
    entry->state = ENTRY_SENDING;
    if (stamp.count == entry->stamp.count && stamp.at_wall == entry->stamp.at_wall)
        return;
    entry->stamp = stamp;
    snprintf(line, sizeof(line), "stamp %" PRIu64 " %" PRId64, stamp.count, stamp.at_wall);
    entry_note(entry, line);
}

static void wait_for_other(struct entry *entry)
{
    entry->state = ENTRY_WAITING;
    entry->look_ms = (msec_t)uv_now(entry->alerts->loop) + entry->alerts->pace.look_ms;
}

static void drop(struct entry *entry)
{
    if (entry->in_flight != 0) { /* its answer is still to come; judged again then */
        wait_for_other(entry);
        return;
    }
    entry->alerts->stats.duplicates_dropped++;
    entry_remove(entry);
}

static bool is_stale(const struct entry *entry)
{
    msec_t now = (msec_t)uv_now(entry->alerts->loop);

    return entry->seen_ms != 0 && now - entry->seen_ms >= entry->alerts->pace.stale_ms;
}

static enum claim_verdict judge(const struct entry *entry, const struct claim *standing,
                                struct claim *ret_claim)
{
    struct claim_question question = {.standing = standing,
                                      .waited_count = entry->waited_count,
                                      .is_stale = is_stale(entry),
                                      .phase = entry->notice->phase,
                                      .at_wall = entry->notice->at_wall,
                                      .remind_ms = entry->alerts->settings->remind_ms,
                                      .self = entry->alerts->self};

    return claim_judge(&question, ret_claim);
}

/* A resolve of something we never heard of, with the store away: it may well have been opened, so
 * it is kept back for a while and then said: an open page that never ends is worse. */
static bool resolves_the_unknown(const struct entry *entry, const struct claim *standing)
{
    return standing == NULL && entry->notice->phase == ALERT_RESOLVED &&
           entry->alerts->store != NULL;
}

static void judge_without_store(struct entry *entry)
{
    const struct known *known = known_find(entry->alerts, entry->notice->incident);
    const struct claim *standing = known != NULL ? &known->claim : NULL;
    struct claim claim = {.phase = ALERT_RESOLVED, .count = 1, .at_wall = entry->notice->at_wall};
    enum claim_verdict verdict = CLAIM_WAIT;

    if (entry->seen_ms == 0)
        entry->seen_ms = (msec_t)uv_now(entry->alerts->loop);
    if (!resolves_the_unknown(entry, standing))
        verdict = judge(entry, standing, &claim);
    else if (is_stale(entry))
        verdict = CLAIM_TAKE;
    if (verdict == CLAIM_TAKE || verdict == CLAIM_OURS)
        say(entry, &claim, false);
    else if (verdict == CLAIM_WAIT)
        wait_for_other(entry);
    else
        drop(entry);
}

/* ---- asking the store ---- */

/* Remembers when the claim last changed, by our own clock. */
static void watch_revision(struct entry *entry, uint64_t revision)
{
    if (entry->seen_ms == 0 || entry->revision != revision)
        entry->seen_ms = (msec_t)uv_now(entry->alerts->loop);
    entry->revision = revision;
}

static void on_taken(void *context, enum store_status status, uint64_t revision, const char *error)
{
    struct question *question = context;
    struct claim claim = question->claim;
    struct entry *entry = question_end(question);

    (void)error;
    if (entry == NULL)
        return;
    if (status == STORE_OK) {
        watch_revision(entry, revision);
        say(entry, &claim, true);
    } else if (status == STORE_CONFLICT) {
        entry->state = ENTRY_QUEUED; /* somebody was faster, with this count: judge their claim */
        entry->waited_count = claim.count;
    } else {
        say(entry, &claim, false);
    }
}

/* Writes a claim where `revision` still stands. Returns 0, or -1: no memory. */
static int write_claim(struct question *question, store_write_done done)
{
    char *value = claim_encode(&question->claim);
    struct store_compare compare = {
        .kind = STORE_MOD_IS, .key = question->key, .revision = question->revision};
    struct store_put put = {
        .key = question->key, .value = value, .length = value != NULL ? strlen(value) : 0};
    struct store_txn txn = {.compares = &compare, .compare_count = 1, .puts = &put, .put_count = 1};

    if (value == NULL)
        return -1;
    store_txn(question->alerts->store, &txn, done, question);
    free(value);
    return 0;
}

static void take(struct entry *entry, const struct claim *claim, uint64_t revision)
{
    struct question *question = question_create(entry->alerts, entry->notice->incident);

    if (question == NULL) {
        say(entry, claim, false);
        return;
    }
    question->entry = entry;
    question->claim = *claim;
    question->revision = revision;
    entry->question = question;
    entry->state = ENTRY_ASKING;
    if (write_claim(question, on_taken) != 0)
        say(question_end(question), claim, false);
}

/* Ours already: written again so that the others see us try, but not for ever (CLAIM_HOLD_MS): a
 * sink we cannot reach may be in reach of another. Whoever looks on has two looks' time to take it
 * over; then our time begins anew. */
static void hold(struct entry *entry, const struct claim *claim, uint64_t revision)
{
    const struct alert_pace *pace = &entry->alerts->pace;
    msec_t now = (msec_t)uv_now(entry->alerts->loop);

    if (now - entry->seen_ms >= pace->stale_ms + 2 * pace->look_ms)
        entry->claimed_ms = 0;
    if (entry->claimed_ms == 0 || now - entry->claimed_ms < pace->hold_ms)
        take(entry, claim, revision);
    else
        wait_for_other(entry);
}

/* Finds the one key in an answer for a prefix. */
static const struct store_item *find(const struct store_view *view, const char *key)
{
    for (size_t i = 0; i < view->count; i++) {
        if (strcmp(view->items[i].key, key) == 0)
            return &view->items[i];
    }
    return NULL;
}

/* The claim as the store has it, or as we know it when the store has none. One that nobody can read
 * counts as none to respect: saying it twice is the lesser evil. Returns NULL: none. */
static const struct claim *standing_claim(struct alerts *alerts, const char *incident,
                                          const struct store_item *item, struct claim *room,
                                          enum value_form *ret_form)
{
    const struct known *known;
    char error[200];

    *ret_form = VALUE_READ;
    if (item != NULL) {
        *ret_form =
            (enum value_form)claim_decode(item->value, item->length, room, error, sizeof(error));
        if (*ret_form != VALUE_READ)
            return NULL;
        known_put(alerts, incident, room);
        return room;
    }
    known = known_find(alerts, incident);
    return known != NULL ? &known->claim : NULL;
}

static void judge_claim(struct entry *entry, const struct store_item *item)
{
    struct alerts *alerts = entry->alerts;
    uint64_t revision = item != NULL ? item->mod_revision : 0;
    struct claim room, claim;
    const struct claim *standing;
    enum value_form form;

    watch_revision(entry, revision);
    standing = standing_claim(alerts, entry->notice->incident, item, &room, &form);
    if (form == VALUE_NEWER) { /* said, perhaps twice, and theirs is not written over */
        judge_without_store(entry);
        return;
    }
    switch (judge(entry, standing, &claim)) {
    case CLAIM_TAKE:
        entry->claimed_ms = 0;
        take(entry, &claim, revision);
        return;
    case CLAIM_OURS:
        hold(entry, &claim, revision);
        return;
    case CLAIM_WAIT:
        if (standing->phase == entry->notice->phase)
            entry->waited_count = standing->count;
        wait_for_other(entry);
        return;
    case CLAIM_DROP:
        drop(entry);
        return;
    }
}

static void on_read(void *context, enum store_status status, const struct store_view *view,
                    const char *error)
{
    struct question *question = context;
    char key[CLAIM_KEY_MAX + 1];
    struct entry *entry;

    (void)error;
    memcpy(key, question->key, sizeof(key));
    entry = question_end(question);
    if (entry == NULL)
        return;
    if (status == STORE_OK)
        judge_claim(entry, find(view, key));
    else
        judge_without_store(entry);
}

void claims_judge(struct entry *entry)
{
    struct alerts *alerts = entry->alerts;
    struct question *question = NULL;

    if (entry->state == ENTRY_ASKING) /* no answer in time */
        claims_forget(entry);
    else if (alerts->store != NULL)
        question = question_create(alerts, entry->notice->incident);
    if (question == NULL) {
        judge_without_store(entry);
        return;
    }
    question->entry = entry;
    entry->question = question;
    entry->state = ENTRY_ASKING;
    entry->asked_ms = (msec_t)uv_now(alerts->loop);
    store_get(alerts->store, question->key, on_read, question);
}

/* ---- saying that it is said ---- */

static void mark_read(struct question *question);

static void on_marked(void *context, enum store_status status, uint64_t revision, const char *error)
{
    struct question *question = context;

    (void)revision;
    (void)error;
    if (status == STORE_CONFLICT && question->tries < MARK_TRIES_MAX && !question->alerts->closing)
        mark_read(question);
    else
        question_end(question);
}

/* Ours and unsent: sent now. None at all, though it was said without a claim: said. A resolve is
 * written over whatever is open. Anything else is another's word and stays. */
static bool may_mark(const struct question *question, const struct claim *standing)
{
    const struct claim *wanted = &question->claim;

    if (standing == NULL)
        return true;
    if (standing->phase == wanted->phase)
        return !standing->sent && standing->count <= wanted->count;
    return wanted->phase == ALERT_RESOLVED;
}

static void on_mark_read(void *context, enum store_status status, const struct store_view *view,
                         const char *error)
{
    struct question *question = context;
    const struct store_item *item = status == STORE_OK ? find(view, question->key) : NULL;
    char text[200];
    struct claim room;
    bool is_readable = true;

    (void)error;
    if (item != NULL)
        is_readable = claim_decode(item->value, item->length, &room, text, sizeof(text)) == 0;
    question->revision = item != NULL ? item->mod_revision : 0;
    if (status != STORE_OK || question->alerts->closing || !is_readable ||
        !may_mark(question, item != NULL ? &room : NULL) || write_claim(question, on_marked) != 0)
        question_end(question);
}

static void mark_read(struct question *question)
{
    question->tries++;
    store_get(question->alerts->store, question->key, on_mark_read, question);
}

void claims_mark_sent(struct entry *entry)
{
    struct alerts *alerts = entry->alerts;
    struct claim claim = entry->claim;
    struct question *question;
    size_t length = strlen(alerts->self);

    assert(!entry->is_marked);
    entry->is_marked = true;
    claims_forget(entry);
    claim.phase = entry->notice->phase;
    claim.count = entry->stamp.count;
    claim.sent = true;
    memcpy(claim.by, alerts->self, length + 1);
    known_put(alerts, entry->notice->incident, &claim);
    question = alerts->store != NULL ? question_create(alerts, entry->notice->incident) : NULL;
    if (question == NULL)
        return;
    question->claim = claim;
    question->revision = entry->revision;
    if (!entry->has_claim)
        mark_read(question);
    else if (write_claim(question, on_marked) != 0)
        question_end(question);
}

/* ---- sweeping ---- */

static bool is_old(const struct claim *claim, wall_t now_wall)
{
    return now_wall - claim->at_wall >
           (claim->phase == ALERT_RESOLVED && claim->sent ? KEPT_RESOLVED_MS : kept_open_ms);
}

static int by_revision(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;

    return left < right ? -1 : left > right;
}

/* Claims up to this revision are too many; 0: none is. */
static uint64_t surplus_revision(const struct store_view *view, uint32_t claims_max)
{
    uint64_t *revisions = view->count > claims_max ? calloc(view->count, sizeof(*revisions)) : NULL;
    uint64_t last;

    if (revisions == NULL)
        return 0;
    for (size_t i = 0; i < view->count; i++)
        revisions[i] = view->items[i].mod_revision;
    qsort(revisions, view->count, sizeof(*revisions), by_revision);
    last = revisions[view->count - claims_max - 1];
    free(revisions);
    return last;
}

/* Old ones, and beyond the bound those that changed longest ago; never a newer version's. */
static bool may_go(const struct store_item *item, uint64_t surplus, wall_t now_wall)
{
    struct claim claim;
    char error[200];
    int form = claim_decode(item->value, item->length, &claim, error, sizeof(error));

    if (form == VALUE_NEWER)
        return false;
    return item->mod_revision <= surplus || (form == VALUE_READ && is_old(&claim, now_wall));
}

static void on_swept(void *context, enum store_status status, uint64_t revision, const char *error)
{
    (void)status;
    (void)revision;
    (void)error;
    question_end(context);
}

static void delete_claim(struct alerts *alerts, const struct store_item *item)
{
    struct store_compare compare = {
        .kind = STORE_MOD_IS, .key = item->key, .revision = item->mod_revision};
    struct store_put put = {.key = item->key, .value = NULL};
    struct store_txn txn = {.compares = &compare, .compare_count = 1, .puts = &put, .put_count = 1};
    struct question *question = question_create(alerts, "");

    if (question != NULL)
        store_txn(alerts->store, &txn, on_swept, question);
}

static void on_sweep_read(void *context, enum store_status status, const struct store_view *view,
                          const char *error)
{
    struct question *question = context;
    struct alerts *alerts = question->alerts;
    uint64_t surplus = status == STORE_OK ? surplus_revision(view, alerts->pace.claims_max) : 0;
    unsigned count = 0;

    (void)error;
    for (size_t i = 0; status == STORE_OK && !alerts->closing && i < view->count; i++) {
        if (count == SWEEP_MAX)
            break;
        if (!may_go(&view->items[i], surplus, alerts_wall()))
            continue;
        delete_claim(alerts, &view->items[i]);
        count++;
    }
    if (count == SWEEP_MAX) /* that was not all */
        alerts->sweep_at_ms = (msec_t)uv_now(alerts->loop) + SWEEP_AGAIN_MS;
    question_end(question);
}

void claims_sweep(struct alerts *alerts)
{
    struct question *question = alerts->store != NULL ? question_create(alerts, "") : NULL;

    if (question != NULL)
        store_get(alerts->store, claims_prefix, on_sweep_read, question);
}
