/* SPDX-License-Identifier: Apache-2.0 */
/* Verdict -> vote: ages evidence, starts the checks that are due, decides whether this probe can
 * see at all (V5), and says what is to be published: the vote when a verdict changed, the suspicion
 * at once (V2). */
#include <string.h>

#include "state.h"

void voting_start(struct engine *engine)
{
    uint32_t token;

    rhythm_look(engine);
    while ((token = schedule_pop(&engine->schedule, engine->now_ms)) != NONE) {
        if (token >= engine->settings->check_count)
            rhythm_begin_reference(engine, token - engine->settings->check_count);
        else if (!rhythm_begin(engine, token))
            continue;
        engine->out_starts[engine->update->start_count++] = token;
    }
}

/* A verdict changed without a result. */
static void tell_verdict(struct engine *engine, uint32_t check, enum verdict_state before,
                         const char *rule)
{
    uint32_t site = engine->settings->checks[check].site;
    enum verdict_state state = engine->checks[check].verdict.state;
    struct fact *fact;

    if (state == before)
        return;
    site_regroup(engine, site);
    fact = state_fact(engine, FACT_VERDICT);
    fact->rule = rule;
    fact->site = site;
    fact->check = check;
    fact->word = verdict_state_name(state);
    fact->word2 = verdict_state_name(before);
    state_touch(engine, engine->settings->services[engine->settings->sites[site].service].group);
}

static void expire(struct engine *engine, uint32_t i)
{
    struct check_state *check = &engine->checks[i];
    enum verdict_state before = check->verdict.state;

    verdict_expire(&check->verdict, &check->rule, engine->now_ms);
    tell_verdict(engine, i, before, "V4");
}

/* Returns when some evidence of the block becomes too old next. */
static msec_t expire_block(struct engine *engine, uint32_t block)
{
    uint32_t first = block * EXPIRE_BLOCK;
    msec_t next_ms = INT64_MAX;

    for (uint32_t i = first; i < first + EXPIRE_BLOCK && i < engine->settings->check_count; i++) {
        const struct check_state *check = &engine->checks[i];
        msec_t end_ms;

        expire(engine, i);
        engine->aged++;
        end_ms = check->verdict.last_ms + check->rule.stale_ms + 1;
        if (check->verdict.last_ms >= 0 && end_ms < next_ms)
            next_ms = end_ms;
    }
    return next_ms;
}

/* Evidence is looked through only where some of it can have become too old: results since then make
 * these times earlier than need be, never later. By blocks, or 50,000 checks that all hear nothing
 * would be looked through for each one of them that turns unknown. */
void voting_expire(struct engine *engine)
{
    uint32_t blocks = engine->settings->check_count / EXPIRE_BLOCK + 1;

    if (engine->now_ms < engine->expire_ms)
        return;
    engine->expire_ms = INT64_MAX;
    for (uint32_t i = 0; i < blocks; i++) {
        msec_t *block_ms = &engine->expire_block_ms[i];

        if (engine->now_ms >= *block_ms)
            *block_ms = expire_block(engine, i);
        if (*block_ms < engine->expire_ms)
            engine->expire_ms = *block_ms;
    }
}

void voting_heard(struct engine *engine, uint32_t check)
{
    msec_t end_ms = engine->now_ms + engine->checks[check].rule.stale_ms + 1;
    msec_t *block_ms = &engine->expire_block_ms[check / EXPIRE_BLOCK];

    if (end_ms < *block_ms)
        *block_ms = end_ms;
    if (end_ms < engine->expire_ms)
        engine->expire_ms = end_ms;
}

/* V5 without references: everything everywhere looks down. One region is no everywhere. */
static bool sees_all_down(const struct engine *engine)
{
    return engine->judged_count > 0 && engine->down_count == engine->judged_count &&
           engine->settings->region_count > 1;
}

/* A reference counts as answering until its answer is 3 intervals old, like any evidence. */
static enum blindness references_say(struct engine *engine)
{
    const struct settings *settings = engine->settings;
    bool tried = false;
    bool answered = false;

    engine->senses_end_ms = INT64_MAX;
    if (settings->reference_count == 0)
        return sees_all_down(engine) ? BLIND_ALL_DOWN : BLIND_NOT;
    for (uint32_t i = 0; i < settings->reference_count; i++) {
        const struct reference_state *reference = &engine->references[i];
        msec_t stale_ms = 3 * engine->schedule.items[settings->check_count + i].interval_ms;

        tried |= reference->tried;
        if (!reference->answered || engine->now_ms - reference->last_ms > stale_ms)
            continue;
        answered = true;
        if (reference->last_ms + stale_ms + 1 < engine->senses_end_ms)
            engine->senses_end_ms = reference->last_ms + stale_ms + 1;
    }
    if (answered)
        return BLIND_NOT;
    return tried ? BLIND_REFERENCES : BLIND_STARTING;
}

/* What was seen bad while no reference answered was our own network, as far as anybody knows: it is
 * no evidence when they answer again, or the end of our blindness would begin with all regions
 * down. */
static void forget_blind_time(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->settings->check_count; i++) {
        struct verdict *verdict = &engine->checks[i].verdict;
        enum verdict_state before = verdict->state;

        if (before != VERDICT_UP)
            verdict_init(verdict, engine->now_ms);
        tell_verdict(engine, i, before, "V5");
    }
}

static void judge_blindness(struct engine *engine)
{
    enum blindness before = engine->blindness;
    enum blindness senses = references_say(engine);
    bool in_gap = engine->gap != BLIND_NOT && engine->now_ms < engine->gap_until_ms;
    struct fact *fact;

    if (engine->senses == BLIND_REFERENCES && senses == BLIND_NOT)
        forget_blind_time(engine);
    engine->senses = senses;
    if (!in_gap)
        engine->gap = BLIND_NOT;
    engine->blindness = in_gap ? engine->gap : senses;
    if (engine->blindness == before)
        return;
    fact = state_fact(engine, FACT_BLIND);
    fact->rule = "V5";
    fact->word = blindness_name(engine->blindness);
    fact->word2 = blindness_name(before);
    state_touch_all(engine);
}

static void cast_group(struct engine *engine, uint32_t group)
{
    struct group_state *state = &engine->groups[group];
    const struct group *g = state_group(engine, group);
    struct vote *vote;

    for (uint32_t i = 0; i < g->site_count; i++) {
        enum failure failure;
        state->states[i] = verdict_state_letter(site_state(engine, g->sites[i], &failure));
        state->failures[i] = failure_letter(failure);
    }
    if (state->is_published && state->published_blindness == engine->blindness &&
        memcmp(state->states, state->published, g->site_count) == 0)
        return;
    memcpy(state->published, state->states, g->site_count + 1);
    state->published_blindness = engine->blindness;
    state->is_published = true;
    vote = &engine->out_votes[engine->update->vote_count++];
    *vote = (struct vote){.probe = engine->settings->self,
                          .group = group,
                          .blindness = engine->blindness,
                          .states = state->published,
                          .failures = state->failures};
    memcpy(vote->fingerprint, engine->settings->fingerprint, sizeof(vote->fingerprint));
    struct fact *fact = state_fact(engine, FACT_VOTE);
    fact->rule = "A2";
    fact->group = group;
    fact->word = blindness_name(engine->blindness);
    strncpy(fact->text, state->published, sizeof(fact->text) - 1);
}

/* V2: the list of our suspects, published whenever it changes; in a storm of them the first, and
 * the others when those are suspects no more. Meanwhile all probes meet them in their own turns. */
static void cast_suspects(struct engine *engine)
{
    struct update *update = engine->update;
    const struct marks *now = &engine->suspects;
    struct marks *moved = &engine->suspects_moved;

    for (uint32_t i = marks_next(moved, 0); i != NONE; i = marks_next(moved, i + 1)) {
        bool suspect = marks_has(&engine->suspects, i);

        if (suspect != engine->suspects_told[i])
            update->suspects_changed = true;
        engine->suspects_told[i] = suspect;
        marks_take(moved, i);
    }
    if (!update->suspects_changed)
        return;
    for (uint32_t i = marks_next(now, 0); i != NONE && update->suspect_count < SUSPECTS_TOLD_MAX;
         i = marks_next(now, i + 1))
        engine->out_suspects[update->suspect_count++] = i;
}

void voting_look(struct engine *engine)
{
    const struct marks *touched = &engine->touched;

    judge_blindness(engine);
    cast_suspects(engine);
    for (uint32_t i = marks_next(touched, 0); i != NONE; i = marks_next(touched, i + 1))
        cast_group(engine, i);
}
