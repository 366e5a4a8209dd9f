/* SPDX-License-Identifier: Apache-2.0 */
/* Takes an event into the engine's memory and marks the groups it touches. Nothing is concluded
 * here. */
#include <assert.h>
#include <string.h>

#include "state.h"

static uint32_t group_of_site(const struct engine *engine, uint32_t site)
{
    return engine->settings->services[engine->settings->sites[site].service].group;
}

/* D6: the wall clock is read once; from here on it is the monotonic one plus this offset. The
 * first checks start on the grid, so that a restart of all probes is no herd. */
static void absorb_start(struct engine *engine, const struct event_start *start)
{
    const struct settings *settings = engine->settings;
    struct fact *fact;

    assert(!engine->started);
    engine->started = true;
    engine->wall_offset = start->wall - engine->now_ms;
    engine->expire_ms = engine->now_ms; /* verdicts taken over have an age */
    for (uint32_t i = 0; i < settings->site_count; i++)
        site_regroup(engine, i); /* of verdicts taken over */
    rhythm_start(engine);
    for (uint32_t i = 0; i < settings->zone_count; i++)
        engine->zones[i].next_ms = engine->now_ms;
    for (uint32_t i = 0; i < settings->site_count; i++)
        engine->agreements[i].since_ms = engine->now_ms;
    state_touch_all(engine);
    fact = state_fact(engine, FACT_STARTED);
    fact->number = settings->site_count;
    fact->probe = settings->self;
}

/* A site's trouble begins with the first bad result that shows in it, and ends when it is up. */
static void note_trouble(struct engine *engine, uint32_t check, bool bad)
{
    uint32_t site = engine->settings->checks[check].site;
    enum failure failure;
    bool up = site_state(engine, site, &failure) == VERDICT_UP;

    if (bad && !up && settings_check_counts(engine->settings, check) &&
        engine->trouble_ms[site] < 0)
        engine->trouble_ms[site] = engine->now_ms;
    else if (!bad && up)
        engine->trouble_ms[site] = -1;
}

static bool is_suspected_elsewhere(const struct engine *engine, uint32_t site)
{
    for (uint32_t i = 0; i < engine->settings->elector_count; i++) {
        if (engine->others_suspect[(size_t)i * engine->settings->site_count + site])
            return true;
    }
    return false;
}

/* V2: the result that raises a suspicion makes every probe look, and is no evidence of what they
 * see: it takes `fall` after it. Those who look because one of them erred would otherwise err
 * together twice as often as those who know nothing of each other. The others' look counts from its
 * first result, so that nothing is lost when it is true; and who is alone has nobody to ask. */
static void raise_suspicion(struct engine *engine, uint32_t check)
{
    if (engine->settings->elector_count > 1 &&
        !is_suspected_elsewhere(engine, engine->settings->checks[check].site))
        engine->checks[check].verdict.run = 0;
}

static void absorb_result(struct engine *engine, const struct event_result *event)
{
    struct check_state *check = &engine->checks[event->check];
    uint32_t site = engine->settings->checks[event->check].site;
    enum verdict_state before = check->verdict.state;
    const struct result *result = event->result;

    verdict_apply(&check->verdict, &check->rule, result->class, result->failure, engine->now_ms);
    if (before == VERDICT_UP && check->verdict.state == VERDICT_SUSPECT)
        raise_suspicion(engine, event->check);
    site_regroup(engine, site);
    if (result->class != RESULT_VOID)
        note_trouble(engine, event->check, result->class == RESULT_BAD);
    voting_heard(engine, event->check);
    rhythm_end(engine, event->check, result->late_ms);
    if (check->verdict.state == before)
        return;
    struct fact *fact = state_fact(engine, FACT_VERDICT);
    fact->rule = check->verdict.window_down ? "V3" : "V1";
    fact->site = site;
    fact->check = event->check;
    fact->word = verdict_state_name(check->verdict.state);
    fact->word2 = verdict_state_name(before);
    fact->number = check->verdict.run;
    if (result->class == RESULT_BAD)
        strncpy(fact->text, failure_name(result->failure), sizeof(fact->text) - 1);
    state_touch(engine, group_of_site(engine, site));
}

static void absorb_reference(struct engine *engine, const struct event_reference *event)
{
    struct reference_state *reference = &engine->references[event->reference];

    rhythm_end_reference(engine, event->reference, event->late_ms);
    engine->stirred = true; /* V5 is judged anew */
    if (event->is_void)
        return; /* V4: who stood still has not seen that nobody answers */
    reference->tried = true;
    reference->answered = event->answered;
    reference->last_ms = engine->now_ms;
}

static void absorb_clock(struct engine *engine, const struct event_clock *event)
{
    msec_t jump_ms = event->jump_ms < 0 ? -event->jump_ms : event->jump_ms;
    struct fact *fact;

    if (jump_ms <= GAP_MS)
        return;
    engine->gap = BLIND_CLOCK;
    engine->gap_until_ms = engine->now_ms + BLIND_WATCH_MS;
    fact = state_fact(engine, FACT_GAP);
    fact->rule = "V5";
    fact->word = blindness_name(BLIND_CLOCK);
    fact->number = event->jump_ms;
    fact->limit = GAP_MS;
    alerting_gap(engine);
    state_touch_all(engine);
}

/* S1: a revision that goes back is told to people; after a whole read it is accepted, and the
 * fences decide (C7). An ack given from now on has a lower revision than the drift had: it counts.
 */
static void notice_set_back(struct engine *engine, uint64_t revision)
{
    struct fact *fact;

    if (engine->store_full_ms < 0 || revision >= engine->store_revision)
        return;
    fact = state_fact(engine, FACT_STORE);
    fact->rule = "S1";
    fact->word = "set-back";
    fact->number = (int64_t)revision;
    fact->limit = (int64_t)engine->store_revision;
    alerting_set_back(engine, revision);
    for (uint32_t i = 0; i < engine->settings->group_count; i++) {
        if (engine->groups[i].drift_revision > revision)
            engine->groups[i].drift_revision = revision;
    }
}

/* Those that waited for this. As long as nothing newer than the store's word is known, none did. */
static void touch_untold(struct engine *engine)
{
    if (engine->newest_head <= engine->store_revision &&
        orders_newest(&engine->orders) <= engine->store_revision)
        return;
    for (uint32_t i = 0; i < engine->settings->group_count; i++) {
        if (!state_told(engine, i))
            state_touch(engine, i);
    }
}

/* S2: a failing store is no evidence; what we know of leases stays true for one lease's time. */
static void absorb_store(struct engine *engine, const struct event_store *event)
{
    bool away = event->status != STORE_OK;

    if (away != engine->store_away || (engine->store_full_ms < 0 && !away)) {
        struct fact *fact = state_fact(engine, FACT_STORE);
        fact->rule = "S2";
        fact->word = store_status_name(event->status);
        state_touch_all(engine);
    }
    engine->store_away = away;
    if (away)
        return;
    engine->store_ok_ms = engine->now_ms;
    if (event->full)
        notice_set_back(engine, event->revision);
    touch_untold(engine);
    if (event->full || event->revision > engine->store_revision)
        engine->store_revision = event->revision; /* S1: going back is accepted after a full read */
    if (event->full) {
        engine->store_full_ms = engine->now_ms;
        state_touch_all(engine);
    }
}

/* A renewal that was answered says that the store is there, in quiet times too. */
static void absorb_lease(struct engine *engine, const struct event_lease *event)
{
    bool was_short =
        !engine->lease_alive || engine->lease_until_ms < engine->now_ms + LEASE_MARGIN_MS;

    engine->lease_alive = event->alive;
    engine->lease_until_ms = event->until_ms;
    if (!event->alive)
        return;
    if (was_short) /* batches wait for a lease (C6) */
        state_touch_all(engine);
    engine->store_ok_ms = engine->now_ms;
}

/* What one vote says of its probe, counted in (1) or out (-1). */
static void count_vote(struct engine *engine, uint32_t probe, const struct vote_slot *slot,
                       int change)
{
    struct voter_state *voter = &engine->voters[probe];
    bool unreadable = slot->form != VALUE_READ;
    bool silent = !slot->present && !unreadable;
    bool other = (slot->present && !slot->same_settings) || unreadable;

    voter->silent_count += silent ? (uint32_t)change : 0;
    voter->other_count += other ? (uint32_t)change : 0;
}

static void take_vote(struct engine *engine, struct vote_slot *slot, const struct event_vote *event)
{
    const struct vote *vote = &event->vote;
    uint32_t sites = state_group(engine, vote->group)->site_count;

    slot->revision = event->revision;
    slot->blindness = vote->blindness;
    slot->same_settings = strcmp(vote->fingerprint, engine->settings->fingerprint) == 0 &&
                          strlen(vote->states) == sites && strlen(vote->failures) == sites;
    if (slot->same_settings) {
        memcpy(slot->states, vote->states, sites);
        memcpy(slot->failures, vote->failures, sites);
    }
}

static void absorb_vote(struct engine *engine, const struct event_vote *event)
{
    const struct vote *vote = &event->vote;
    struct vote_slot *slot = state_vote(engine, vote->probe, vote->group);

    state_touch(engine, vote->group);
    count_vote(engine, vote->probe, slot, -1);
    slot->present = event->present;
    slot->form = event->form;
    if (event->present)
        take_vote(engine, slot, event);
    count_vote(engine, vote->probe, slot, 1);
}

/* V2: another probe's suspicion makes us look at once, over a fresh connection: once, however many
 * join it, or one error would be asked about until somebody errs as well. But a suspicion that
 * never ends must not hide those of the others: after an interval they are another one. What is
 * suspect here already keeps its pace, or many probes would fall in no time at all. */
static void look_at_once(struct engine *engine, uint32_t site)
{
    const struct site *s = &engine->settings->sites[site];
    bool joins = is_suspected_elsewhere(engine, site);

    for (uint32_t i = s->first_check; i < s->first_check + s->check_count; i++) {
        if (engine->checks[i].verdict.state != VERDICT_UP ||
            engine->settings->checks[i].kind == CHECK_GROUP)
            continue;
        if (!joins || !rhythm_was_asked(engine, i))
            rhythm_look_soon(engine, i);
    }
}

static void absorb_suspect(struct engine *engine, const struct event_suspect *event)
{
    bool *known = &engine->others_suspect[(size_t)event->probe * engine->settings->site_count];

    if (event->probe == engine->settings->self)
        return;
    for (uint32_t i = 0; i < event->count; i++) {
        if (known[event->sites[i]])
            continue;
        struct fact *fact = state_fact(engine, FACT_SUSPECT);
        fact->rule = "V2";
        fact->probe = event->probe;
        fact->site = event->sites[i];
        look_at_once(engine, event->sites[i]);
    }
    memset(known, 0, engine->settings->site_count * sizeof(*known));
    for (uint32_t i = 0; i < event->count; i++)
        known[event->sites[i]] = true;
}

static void absorb_order(struct engine *engine, const struct event_order *event)
{
    const struct order *known = orders_find(&engine->orders, event->order->id);
    struct fact *fact;

    state_touch_all(engine);
    if (known != NULL && order_is_local(known)) /* the store has it now, or it was withdrawn */
        glass_orders_touched(engine);
    if (!event->present) {
        orders_remove(&engine->orders, event->order->id);
        return;
    }
    if (!orders_put(&engine->orders, event->order))
        return;
    fact = state_fact(engine, FACT_ORDER);
    fact->rule = "D7";
    fact->word = order_verb_name(event->order->verb);
    fact->group = event->order->group;
    fact->region = event->order->region;
    strncpy(fact->text, event->order->id, sizeof(fact->text) - 1);
}

/* D6: when a move of the ledger was, on our own clock; what a clock that ran ahead has written
 * counts, and ends. */
static msec_t ledger_ms(const struct engine *engine, wall_t wall)
{
    for (uint32_t i = 0; i < engine->budget_count; i++) {
        if (engine->budget[i] == wall)
            return engine->budget_ms[i];
    }
    return engine->now_ms - state_ledger_age_ms(engine, wall, engine->settings->limit_window_ms);
}

static void absorb_budget(struct engine *engine, const struct event_budget *event)
{
    uint32_t count = event->count < BUDGET_MAX ? event->count : BUDGET_MAX;
    const wall_t *moves = count > 0 ? event->moves + (event->count - count) : NULL;
    msec_t at_ms[BUDGET_MAX];

    for (uint32_t i = 0; i < count; i++)
        at_ms[i] = ledger_ms(engine, moves[i]);
    engine->budget_revision = event->revision;
    engine->budget_form = event->form;
    engine->budget_count = count;
    if (count > 0) {
        memcpy(engine->budget, moves, count * sizeof(*moves));
        memcpy(engine->budget_ms, at_ms, count * sizeof(*at_ms));
    }
    state_touch_all(engine);
}

static struct zone_slot *slot_of(struct engine *engine, uint32_t group, uint32_t zone)
{
    const struct group_state *state = &engine->groups[group];

    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        if (engine->slots[i].zone == zone)
            return &engine->slots[i];
    }
    return NULL;
}

/* Where a change has been seen: the epoch up to which it was. */
enum seen { SEEN_INSYNC, SEEN_SERVERS, SEEN_RESOLVERS };

static uint64_t *seen_epoch(struct zone_slot *slot, enum seen seen)
{
    switch (seen) {
    case SEEN_INSYNC:
        return &slot->insync_epoch;
    case SEEN_SERVERS:
        return &slot->servers_epoch;
    case SEEN_RESOLVERS:
        break;
    }
    return &slot->resolvers_epoch;
}

/* Servers of a private zone nobody asks: it holds the others up no more than it counts for them. */
static bool all_slots_at(struct engine *engine, uint32_t group, enum seen seen)
{
    const struct group_state *state = &engine->groups[group];
    bool any = false;

    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        struct zone_slot *slot = &engine->slots[i];

        if (seen != SEEN_INSYNC && engine->settings->zones[slot->zone].is_private)
            continue;
        any = true;
        if (*seen_epoch(slot, seen) < state->head->decision.epoch)
            return false;
    }
    return any;
}

static void absorb_insync(struct engine *engine, const struct event_insync *event)
{
    struct zone_slot *slot = slot_of(engine, event->group, event->zone);
    struct group_state *state = &engine->groups[event->group];
    struct fact *fact;

    if (slot == NULL || slot->insync_epoch >= event->epoch)
        return;
    slot->insync_epoch = event->epoch;
    if (state->insync_ms < 0 && all_slots_at(engine, event->group, SEEN_INSYNC))
        state->insync_ms = engine->now_ms;
    fact = state_fact(engine, FACT_INSYNC);
    fact->rule = "C7";
    fact->group = event->group;
    fact->zone = event->zone;
    fact->epoch = (int64_t)event->epoch;
}

/* C7: done when every server that answers says >= N; the silent ones are counted. So it is with
 * public resolvers, of which nothing else depends. */
static void absorb_servers(struct engine *engine, const struct event_servers *event, enum seen seen)
{
    struct zone_slot *slot = slot_of(engine, event->group, event->zone);
    struct group_state *state = &engine->groups[event->group];
    msec_t *done_ms = seen == SEEN_SERVERS ? &state->servers_ms : &state->resolvers_ms;
    bool done = event->answered > 0 && event->current == event->answered;
    struct fact *fact;

    if (slot == NULL || *seen_epoch(slot, seen) >= event->epoch)
        return;
    if (done)
        *seen_epoch(slot, seen) = event->epoch;
    if (done && *done_ms < 0 && all_slots_at(engine, event->group, seen))
        *done_ms = engine->now_ms;
    fact = state_fact(engine, seen == SEEN_SERVERS ? FACT_SERVERS : FACT_RESOLVERS);
    fact->rule = "C7";
    fact->group = event->group;
    fact->zone = event->zone;
    fact->epoch = (int64_t)event->epoch;
    fact->number = event->current;
    fact->limit = event->asked;
    fact->word = event->asked == 0 ? "private-zone" : done ? "done" : "waiting";
    fact->word2 = event->answered < event->asked ? "some-silent" : "";
}

/* C8: what became of it, the zone says: read at once, and not with the next periodic reading. If it
 * is gone, the fence is below the head, and the head is applied once more (applying.c). */
static void absorb_stranded(struct engine *engine, const struct event_stranded *event)
{
    struct zone_slot *slot = slot_of(engine, event->group, event->zone);
    struct fact *fact;

    if (slot == NULL || slot->insync_epoch >= event->epoch)
        return;
    slot->asked_ms = engine->now_ms;
    engine->zones[slot->zone].wanted = true;
    if (event->is_known && slot->pending_epoch < event->epoch) {
        slot->pending_epoch = event->epoch;
        slot->pending_ms = engine->now_ms;
    }
    state_touch(engine, event->group);
    fact = state_fact(engine, FACT_STRANDED);
    fact->rule = "C8";
    fact->group = event->group;
    fact->zone = event->zone;
    fact->epoch = (int64_t)event->epoch;
    fact->word = event->is_known ? "pending" : "forgotten";
}

/* How far an accepted change has come in the world. */
static void absorb_seen(struct engine *engine, const struct event *event)
{
    if (event->kind == EVENT_STRANDED)
        absorb_stranded(engine, &event->stranded);
    else if (event->kind == EVENT_INSYNC)
        absorb_insync(engine, &event->insync);
    else if (event->kind == EVENT_SERVERS)
        absorb_servers(engine, &event->servers, SEEN_SERVERS);
    else
        absorb_servers(engine, &event->resolvers, SEEN_RESOLVERS);
}

static void absorb_journal(struct engine *engine, const struct event_journal *event)
{
    struct group_state *state = &engine->groups[event->group];

    if (event->epoch > state->journal_epoch)
        state->journal_epoch = event->epoch;
}

/* What the process before has left on disk. */
static void absorb_disk(struct engine *engine, const struct event *event)
{
    if (event->kind == EVENT_LATCH)
        beacons_lit(engine, &event->latch);
    else
        absorb_journal(engine, &event->journal);
}

static void absorb_init(struct engine *engine, const struct event_init *event)
{
    struct group_state *state = &engine->groups[event->group];

    if (state->has_head || state->head_form != VALUE_READ)
        return;
    state->init_wanted = true;
    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        engine->slots[i].asked_ms = engine->now_ms;
        engine->zones[engine->slots[i].zone].wanted = true;
    }
    state_touch(engine, event->group);
}

static void absorb_head(struct engine *engine, const struct event_head *event)
{
    struct group_state *state = &engine->groups[event->group];

    state_touch(engine, event->group);
    glass_end(engine, event->group); /* the store speaks of it again */
    state->head_form = event->form;
    if (!event->present) {
        state->has_head = false;
        return;
    }
    if (state->has_head && state->head_revision == event->revision &&
        state->head->decision.epoch == event->decision->epoch)
        return; /* our own commit, known already; a store that was set back uses revisions again */
    deciding_set_head(engine, event->group, event->decision, event->revision);
}

static void absorb_sink(struct engine *engine, const struct event_sink *event)
{
    engine->sinks[event->sink].wrong = event->failing;
    engine->stirred = true;
}

/* What an operator asked of this very probe. */
static void absorb_word(struct engine *engine, const struct event *event)
{
    if (event->kind == EVENT_ATTACH)
        attach_event(engine, &event->attach);
    else if (event->kind == EVENT_INIT)
        absorb_init(engine, &event->init);
    else
        glass_event(engine, &event->glass);
}

void absorb_event(struct engine *engine, const struct event *event)
{
    switch (event->kind) {
    case EVENT_TICK:
        break;
    case EVENT_START:
        absorb_start(engine, &event->start);
        break;
    case EVENT_RESULT:
        absorb_result(engine, &event->result);
        break;
    case EVENT_REFERENCE:
        absorb_reference(engine, &event->reference);
        break;
    case EVENT_CLOCK:
        absorb_clock(engine, &event->clock);
        break;
    case EVENT_STORE:
        absorb_store(engine, &event->store);
        break;
    case EVENT_LEASE:
        absorb_lease(engine, &event->lease);
        break;
    case EVENT_VOTE:
        absorb_vote(engine, &event->vote);
        break;
    case EVENT_SUSPECT:
        absorb_suspect(engine, &event->suspect);
        break;
    case EVENT_HEAD:
        absorb_head(engine, &event->head);
        break;
    case EVENT_ORDER:
        absorb_order(engine, &event->order);
        break;
    case EVENT_BUDGET:
        absorb_budget(engine, &event->budget);
        break;
    case EVENT_COMMIT:
        deciding_committed(engine, &event->commit);
        break;
    case EVENT_ZONE:
        observing_zone(engine, &event->zone);
        break;
    case EVENT_CHANGE:
        applying_change(engine, &event->change);
        break;
    case EVENT_INSYNC:
    case EVENT_STRANDED:
    case EVENT_SERVERS:
    case EVENT_RESOLVERS:
        absorb_seen(engine, event);
        break;
    case EVENT_JOURNAL:
    case EVENT_LATCH:
        absorb_disk(engine, event);
        break;
    case EVENT_SINK:
        absorb_sink(engine, &event->sink);
        break;
    case EVENT_ATTACH:
    case EVENT_INIT:
    case EVENT_GLASS:
        absorb_word(engine, event);
        break;
    case EVENT_KIND_COUNT:
        assert(event->kind != EVENT_KIND_COUNT); /* no such event */
        break;
    }
}
