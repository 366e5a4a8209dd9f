/* SPDX-License-Identifier: Apache-2.0 */
/* The story. engine_step() takes one event along the straight line, one file a stage:
 *
 *     event       absorb.c    what happened: results, votes, heads, orders, zone, replies
 *     verdict     voting.c    what this probe believes; which checks start now   (V1-V6)
 *     vote        voting.c    what it tells the others, or that it cannot see     (V5, A2)
 *     agreement   quorum.c    what the quorum says of each site                   (A1-A4)
 *     decision    deciding.c  what the weights should be, and whether they may    (D1-D10)
 *     change      observing.c what the zones say now, and what is wrong there     (C2, C4, C7)
 *                 applying.c  what to alter in the zone, and whose turn it is     (C1-C8)
 *                 glass.c     the same by one operator's word, without the store  (D7)
 *     alert       alerting.c  who must know                                       (L2, L4)
 *
 * Nothing is remembered to be done: every stage is recomputed from state for the groups an event
 * touched, so nothing is forgotten after a crash, a lost reply or a reload. */
#include "engine.h"

#include <assert.h>

#include "state.h"

/* V5: we were called later than we asked for, by more than a gap: the loop stalled. */
static void notice_stall(struct engine *engine, const struct event *event)
{
    msec_t late_ms = event->at_ms - engine->deadline_ms;
    struct fact *fact;

    if (!engine->started || late_ms <= GAP_MS)
        return;
    engine->gap = BLIND_STALLED;
    engine->gap_until_ms = event->at_ms + BLIND_WATCH_MS;
    fact = state_fact(engine, FACT_GAP);
    fact->rule = "V5";
    fact->word = blindness_name(BLIND_STALLED);
    fact->number = late_ms;
    fact->limit = GAP_MS;
    alerting_gap(engine);
    state_touch_all(engine);
}

static void touched_groups(struct engine *engine)
{
    struct marks *touched = &engine->touched;

    for (uint32_t i = marks_next(touched, 0); i != NONE; i = marks_next(touched, i + 1)) {
        schedule_take(&engine->wakes, i);
        quorum_agree(engine, i);
        observing_look(engine, i);
        deciding_decide(engine, i);
        applying_apply(engine, i);
        alerting_raise(engine, i);
        marks_take(touched, i);
        engine->looks++;
    }
}

/* S2: votes turn stale by time alone, and count again with the store's next word. */
static void notice_store(struct engine *engine)
{
    bool is_ok = state_store_ok(engine);

    if (is_ok != engine->store_was_ok)
        state_touch_all(engine);
    for (uint32_t i = 0; is_ok && !engine->store_was_ok && i < engine->settings->group_count; i++)
        glass_end(engine, i);
    engine->store_was_ok = is_ok;
}

static void wake_groups(struct engine *engine)
{
    for (uint32_t i; (i = schedule_pop(&engine->wakes, engine->now_ms)) != NONE;)
        state_touch(engine, i);
}

/* Most events are good results of sites that are up. They touch no group, and no time limit passes
 * with them: no stage could say anything new. */
static bool is_stirred(const struct engine *engine)
{
    return engine->stirred || engine->now_ms >= engine->senses_end_ms ||
           engine->now_ms >= engine->orders_end_ms ||
           (engine->gap != BLIND_NOT && engine->now_ms >= engine->gap_until_ms);
}

static void look(struct engine *engine)
{
    deciding_orders(engine);
    voting_look(engine);
    touched_groups(engine);
    alerting_self(engine);
    engine->stirred = false; /* what local orders change is looked at next */
    glass_orders(engine);
}

static msec_t earlier(msec_t a, msec_t b)
{
    return a < b ? a : b;
}

/* A result changes nothing about a zone, unless a stage looked at what it said. */
static void read_zones(struct engine *engine, const struct event *event, bool looked)
{
    if (event->kind == EVENT_RESULT && !looked && engine->now_ms < engine->zones_ms)
        return;
    observing_zones(engine);
    engine->zones_ms = INT64_MAX;
    for (uint32_t i = 0; i < engine->settings->zone_count && state_reads_zones(engine); i++) {
        if (!engine->zones[i].reading)
            engine->zones_ms = earlier(engine->zones_ms, engine->zones[i].next_ms);
    }
}

static msec_t next_deadline(const struct engine *engine)
{
    msec_t next = engine->now_ms + PULSE_MS;

    next = earlier(next, schedule_next(&engine->schedule));
    next = earlier(next, engine->expire_ms);
    if (engine->store_was_ok)
        next = earlier(next, state_store_end_ms(engine));
    next = earlier(next, engine->orders_end_ms);
    next = earlier(next, engine->senses_end_ms);
    if (engine->gap != BLIND_NOT)
        next = earlier(next, engine->gap_until_ms);
    next = earlier(next, schedule_next(&engine->wakes));
    next = earlier(next, engine->zones_ms);
    return next > engine->now_ms ? next : engine->now_ms + 1; /* time moves on, always */
}

/* Field by field: this runs for every event, and a whole struct is set to zero by an instruction
 * that takes longer than all the rest of a quiet step (measured). */
static void update_clear(struct engine *engine, struct update *update)
{
    update->starts = engine->out_starts;
    update->start_count = 0;
    update->votes = engine->out_votes;
    update->vote_count = 0;
    update->suspects_changed = false;
    update->suspects = engine->out_suspects;
    update->suspect_count = 0;
    update->latches = engine->out_latches;
    update->latch_count = 0;
    update->locals_changed = false;
    update->locals = engine->out_locals;
    update->local_count = 0;
    update->keeps = engine->out_keeps;
    update->keep_count = 0;
    update->keeps_revision = 0;
    update->commits = engine->out_commits;
    update->commit_count = 0;
    update->zone_reads = engine->out_zone_reads;
    update->zone_read_count = 0;
    update->batches = engine->out_batches;
    update->batch_count = 0;
    update->alerts = engine->out_alerts;
    update->alert_count = 0;
    update->facts = engine->out_facts;
    update->fact_count = 0;
    update->facts_lost = 0;
    engine->update = update;
}

void engine_step(struct engine *engine, const struct event *event, struct update *ret_update)
{
    bool stirred;

    assert(event->at_ms >= engine->now_ms);
    assert(engine->started || event->kind == EVENT_START);

    update_clear(engine, ret_update);
    engine->now_ms = event->at_ms;
    notice_stall(engine, event);
    absorb_event(engine, event);
    voting_expire(engine);
    voting_start(engine);
    notice_store(engine);
    wake_groups(engine);
    stirred = is_stirred(engine);
    if (stirred)
        look(engine);
    read_zones(engine, event, stirred);
    engine->deadline_ms = next_deadline(engine);
    engine->update = NULL;
}

msec_t engine_deadline(const struct engine *engine)
{
    return engine->deadline_ms;
}
