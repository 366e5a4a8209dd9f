/* SPDX-License-Identifier: Apache-2.0 */
/* The invariants look on: each event a probe is given goes into a model of what that probe saw and
 * was told, each commit, batch and alert is judged by the model and by the truth of the world. The
 * first violation is kept; what comes after it is mostly its consequence.
 *
 * The model never asks the engine. Where two readings of the rules are right the milder one is
 * taken, with the reason beside it. What needs two runs to be seen (a store fault adds no write, an
 * abstention no move, the same seed the same bytes) is tested where runs are played. */
#include "invariants.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "invariants_state.h"

/* ---- what is kept ---- */

void invariants_fail(struct invariants *invariants, const char *id, uint32_t probe,
                     const char *format, ...)
{
    struct violation *violation = &invariants->violation;
    va_list args;

    if (invariants->violated)
        return;
    invariants->violated = true;
    *violation = (struct violation){.id = id, .at_ms = invariants->now_ms, .probe = probe};
    va_start(args, format);
    vsnprintf(violation->text, sizeof(violation->text), format, args);
    va_end(args);
}

const struct violation *invariants_violation(const struct invariants *invariants)
{
    return invariants->violated ? &invariants->violation : NULL;
}

const struct group *invariants_group(const struct invariants *invariants, uint32_t group)
{
    return &invariants->settings->groups[group];
}

const char *invariants_probe_name(const struct invariants *invariants, uint32_t probe)
{
    return probe == NONE ? "nobody" : invariants->settings->electors[probe].name;
}

/* ---- memory: all of it at the start, given back as a list ---- */

struct memory_piece {
    struct memory_piece *next;
    max_align_t bytes[];
};

static void *take(struct invariants *invariants, size_t count, size_t size)
{
    struct memory_piece *piece = calloc(1, sizeof(*piece) + (count + 1) * size);

    assert(piece != NULL);
    piece->next = invariants->memory;
    invariants->memory = piece;
    return piece->bytes;
}

#define TAKE(invariants, pointer, count) ((pointer) = take(invariants, count, sizeof(*(pointer))))

static void create_heard(struct invariants *inv, struct heard *heard)
{
    const struct settings *s = inv->settings;

    TAKE(inv, heard->ballots, (size_t)s->site_count * PROBES_MAX);
    TAKE(inv, heard->opinions, s->site_count);
    TAKE(inv, heard->orders.items, ORDERS_MAX);
    TAKE(inv, heard->heads, s->group_count);
    TAKE(inv, heard->glass, (size_t)s->group_count * CONFIRMED);
    TAKE(inv, heard->confirmed, s->group_count);
    TAKE(inv, heard->slots, (size_t)s->group_count * s->zone_count);
    TAKE(inv, heard->weights, s->set_count);
    TAKE(inv, heard->journal, s->group_count);
    TAKE(inv, heard->nonces, s->zone_count);
    TAKE(inv, heard->words, (size_t)s->group_count * s->region_count);
    heard->known_until_ms = -1;
    heard->whole_world_ms = -1;
    heard->quiet_until_ms = INT64_MIN;
}

static void create_seen(struct invariants *inv, uint32_t probe)
{
    const struct settings *s = inv->heard[probe].settings;
    struct seen_probe *seen = &inv->seen[probe];

    TAKE(inv, seen->checks, s->check_count);
    TAKE(inv, seen->published, s->site_count);
    TAKE(inv, seen->downs, s->site_count);
    TAKE(inv, seen->has_published, s->group_count);
    TAKE(inv, seen->blind, s->group_count);
    TAKE(inv, seen->tried, s->reference_count);
    TAKE(inv, seen->answered, s->reference_count);
    TAKE(inv, seen->answered_ms, s->reference_count);
    TAKE(inv, seen->others, (size_t)s->elector_count * s->site_count);
    voted_restart(inv, probe);
}

static void create_kept(struct invariants *inv, struct kept *kept, uint32_t sites)
{
    TAKE(inv, kept->weights, sites);
    TAKE(inv, kept->normal, sites);
    TAKE(inv, kept->base, sites);
}

static void create_groups(struct invariants *inv)
{
    const struct settings *s = inv->settings;

    TAKE(inv, inv->groups, s->group_count);
    for (uint32_t g = 0; g < s->group_count; g++) {
        struct group_model *model = &inv->groups[g];
        create_kept(inv, &model->head, s->groups[g].site_count);
        TAKE(inv, model->decisions, KEPT_DECISIONS);
        for (uint32_t i = 0; i < KEPT_DECISIONS; i++)
            create_kept(inv, &model->decisions[i], s->groups[g].site_count);
    }
    TAKE(inv, inv->snapshots, (size_t)inv->probe_count * s->group_count * SNAPSHOTS);
    for (uint32_t i = 0; i < inv->probe_count * s->group_count * SNAPSHOTS; i++) {
        TAKE(inv, inv->snapshots[i].opinions, s->site_count);
        TAKE(inv, inv->snapshots[i].weights, s->set_count);
        TAKE(inv, inv->snapshots[i].fences, s->zone_count);
    }
}

/* One bit for each distinct vantage, and owner. */
static void name_places(struct invariants *inv)
{
    for (uint32_t p = 0; p < inv->probe_count; p++) {
        const struct elector *elector = &inv->settings->electors[p];
        uint32_t vantage = p;
        uint32_t owner = p;
        for (uint32_t q = p; q-- > 0;) {
            if (strcmp(inv->settings->electors[q].vantage, elector->vantage) == 0)
                vantage = q;
            if (strcmp(inv->settings->electors[q].owner, elector->owner) == 0)
                owner = q;
        }
        inv->vantages[p] = UINT64_C(1) << vantage;
        inv->owners[p] = UINT64_C(1) << owner;
    }
}

static void create_world_model(struct invariants *inv)
{
    const struct settings *s = inv->settings;
    size_t slots = (size_t)s->group_count * s->zone_count;

    TAKE(inv, inv->highest, slots);
    TAKE(inv, inv->let_go, (size_t)s->group_count * s->region_count);
    TAKE(inv, inv->weights, s->set_count);
    TAKE(inv, inv->sent_nonces, inv->probe_count * slots);
    TAKE(inv, inv->paused_ms, inv->probe_count);
    TAKE(inv, inv->hang_armed, inv->probe_count);
    TAKE(inv, inv->region_open, (size_t)s->group_count * s->region_count);
    TAKE(inv, inv->global_open, s->group_count);
    TAKE(inv, inv->told_moves, s->group_count);
    TAKE(inv, inv->truth.orders.items, ORDERS_MAX);
    for (uint32_t p = 0; p < inv->probe_count; p++) {
        TAKE(inv, inv->truth.votes[p].letters, s->site_count);
        inv->paused_ms[p] = -1;
    }
    inv->set_back_ms = -1;
    inv->disturbed_ms = INT32_MIN;
    inv->hindered_ms = INT32_MIN;
    inv->sinks_up_ms = INT32_MIN;
    inv->debt_due_ms = INT64_MAX;
}

struct invariants *invariants_create_bare(const struct settings *const *settings,
                                          uint32_t probe_count)
{
    struct invariants *inv = calloc(1, sizeof(*inv));

    assert(inv != NULL && probe_count > 0 && probe_count <= PROBES_MAX);
    inv->settings = settings[0];
    inv->probe_count = probe_count;
    TAKE(inv, inv->heard, probe_count);
    TAKE(inv, inv->seen, probe_count);
    for (uint32_t p = 0; p < probe_count; p++) {
        inv->heard[p].settings = settings[p];
        create_heard(inv, &inv->heard[p]);
        create_seen(inv, p);
    }
    create_groups(inv);
    name_places(inv);
    create_world_model(inv);
    return inv;
}

void invariants_destroy(struct invariants *invariants)
{
    if (invariants == NULL)
        return;
    while (invariants->memory != NULL) {
        struct memory_piece *piece = invariants->memory;
        invariants->memory = piece->next;
        free(piece);
    }
    free(invariants);
}

/* ---- the watcher ---- */

/* What an action did is known, so a delay can be laid at its door. A world without a scenario has
 * its faults from a test's own hand: there nobody is held to a deadline. */
static bool somebody_can_tell(const struct invariants *inv)
{
    if (inv->sinks_down || inv->route53_bad || inv->store_bad || inv->muffled)
        return false;
    for (uint32_t p = 0; p < inv->probe_count; p++) {
        if (inv->settings->electors[p].may_act && world_alive(inv->world, p) &&
            !world_paused(inv->world, p) && world_reaches_store(inv->world, p) &&
            world_has_own_settings(inv->world, p))
            return true;
    }
    return false;
}

/* It ran again after standing still. V5's gap is certain once that was longer than the 2 s it takes
 * and the longest the engine may have wanted to sleep: one interval of its busiest check. */
static void runs_again(struct invariants *inv, uint32_t probe)
{
    const struct settings *s = inv->heard[probe].settings;
    msec_t sleep_ms = INT64_MAX;

    for (uint32_t i = 0; i < s->check_count; i++) {
        if (s->checks[i].interval_ms < sleep_ms)
            sleep_ms = s->checks[i].interval_ms;
    }
    inv->heard[probe].stood_still =
        sleep_ms < INT64_MAX &&
        inv->now_ms - inv->paused_ms[probe] > GAP_NOTICED_MS + sleep_ms + sleep_ms / 100;
    inv->paused_ms[probe] = -1;
}

static void begins(struct invariants *inv, struct world *world, uint32_t probe)
{
    inv->heard[probe].settings = world_probe_settings(world, probe);
    inv->paused_ms[probe] = -1;
    voted_restart(inv, probe);
}

/* True when it said nothing new. */
static bool took_result(struct invariants *inv, struct world *world, uint32_t probe,
                        const struct event *event)
{
    uint32_t site;
    bool answers = true;

    if (event->result.result->class == RESULT_BAD) {
        site = inv->heard[probe].settings->checks[event->result.check].site;
        answers = world_answers(world, probe, site) && !world_liar(world, probe);
    }
    return voted_result(inv, probe, event, answers);
}

static void acts(struct invariants *inv, uint32_t probe, const struct update *update)
{
    for (uint32_t i = 0; i < update->commit_count; i++)
        ledger_proposed(inv, probe, &update->commits[i]);
    for (uint32_t i = 0; i < update->batch_count; i++)
        written_stepped(inv, probe, &update->batches[i]);
    if (update->batch_count > 0 && inv->hang_armed[probe]) {
        inv->hang_armed[probe] = false;
        inv->paused_ms[probe] = inv->now_ms;
    }
}

/* S1: the store went back to an older state. An action says so; a test that sets it back by itself
 * is noticed here. */
static void set_back(struct invariants *inv)
{
    inv->era = truth_era(inv);
    inv->set_back_ms = inv->now_ms;
    limits_forget(inv);
    truth_read_heads(inv);
}

/* D3: every few seconds, that zones of one group do not stay at different decisions. */
static void compare_zones(struct invariants *inv, struct world *world)
{
    bool acts[PROBES_MAX];

    inv->apart_due_ms = inv->now_ms + APART_LOOK_MS;
    for (uint32_t i = 0; i < inv->settings->set_count; i++)
        inv->weights[i] = world_set_now(world, i);
    for (uint32_t p = 0; p < inv->probe_count; p++)
        acts[p] = inv->settings->electors[p].may_act && world_alive(world, p) &&
                  !world_paused(world, p) && world_reaches_store(world, p) &&
                  world_has_own_settings(world, p);
    whole_watch(inv, acts, world_origin(world) == 0 || !somebody_can_tell(inv), inv->weights);
}

static void on_step(void *context, struct world *world, uint32_t probe, const struct event *event,
                    const struct update *update)
{
    struct invariants *inv = context;
    bool quiet = event->kind == EVENT_TICK;

    if (inv->violated)
        return;
    inv->now_ms = world_now(world);
    if (event->kind == EVENT_START)
        begins(inv, world, probe);
    if (inv->paused_ms[probe] >= 0)
        runs_again(inv, probe);
    if (event->kind == EVENT_STORE && truth_era(inv) != inv->era)
        set_back(inv);
    heard_event(inv, probe, event);
    if (event->kind == EVENT_SUSPECT)
        voted_suspects(inv, probe, &event->suspect);
    if (event->kind == EVENT_RESULT)
        quiet = took_result(inv, world, probe, event);
    if (!quiet || update->vote_count > 0)
        voted_stepped(inv, probe, event, update);
    if (update->locals_changed)
        glass_stepped(inv, probe, update);
    if (update->commit_count > 0 || update->batch_count > 0)
        acts(inv, probe, update);
    if (!quiet || update->latch_count > 0 || update->facts_lost > 0)
        told_stepped(inv, probe, event, update);
    if (inv->now_ms >= inv->debt_due_ms)
        told_due(inv, world_origin(world) > 0 && somebody_can_tell(inv));
    if (inv->now_ms >= inv->apart_due_ms)
        compare_zones(inv, world);
}

static void on_commit(void *context, struct world *world, uint32_t probe,
                      const struct commit *commit, uint64_t revision)
{
    struct invariants *inv = context;

    if (inv->violated)
        return;
    inv->now_ms = world_now(world);
    if (truth_era(inv) != inv->era) {
        set_back(inv); /* what the store held before this commit is gone: it cannot be judged */
        return;
    }
    truth_read(inv, probe, commit);
    ledger_committed(inv, probe, commit, revision, &inv->truth);
}

static void on_sent(void *context, struct world *world, uint32_t probe, const struct batch *batch)
{
    struct invariants *inv = context;

    if (inv->violated)
        return;
    inv->now_ms = world_now(world);
    written_sent(inv, probe, batch);
}

static void on_accepted(void *context, struct world *world, uint32_t probe,
                        const struct batch *batch, bool shift, bool late)
{
    struct invariants *inv = context;

    if (inv->violated)
        return;
    inv->now_ms = world_now(world);
    for (uint32_t i = 0; i < inv->settings->set_count; i++)
        inv->weights[i] = world_set_now(world, i);
    written_accepted(inv, probe, batch, shift, late, inv->weights);
}

static void on_alert(void *context, struct world *world, uint32_t probe, const struct alert *alert)
{
    struct invariants *inv = context;

    (void)probe;
    inv->now_ms = world_now(world);
    told_delivered(inv, alert);
}

/* ---- what happens to the world, as far as it excuses anything ---- */

static void pauses(struct invariants *inv, struct world *world)
{
    for (uint32_t p = 0; p < inv->probe_count; p++) {
        if (world_paused(world, p) && inv->paused_ms[p] < 0)
            inv->paused_ms[p] = inv->now_ms;
    }
}

static void arms(struct invariants *inv, const struct action *action)
{
    for (uint32_t p = 0; p < inv->probe_count; p++)
        inv->hang_armed[p] |=
            action->who.kind == WHO_ALL ||
            (action->who.kind == WHO_PROBE_NUMBER && action->who.number == p + 1) ||
            (action->who.kind == WHO_PROBE &&
             strcmp(action->who.name, invariants_probe_name(inv, p)) == 0);
}

static void acted_on_site(struct invariants *inv, const struct action *action)
{
    inv->disturbed_ms = inv->now_ms;
    inv->noisy |= action->kind == ACTION_SITE_LOSS || action->kind == ACTION_SITE_SLOW;
}

static void acted_on_probe(struct invariants *inv, struct world *world, const struct action *action)
{
    inv->disturbed_ms = inv->now_ms;
    inv->hindered_ms = inv->now_ms;
    inv->drifting |= action->kind == ACTION_PROBE_DRIFT;
    if (action->kind == ACTION_PROBE_HANG)
        arms(inv, action);
    pauses(inv, world);
}

static void acted_on_net(struct invariants *inv, const struct action *action)
{
    bool muffles = action->kind == ACTION_NET_LOSS || action->kind == ACTION_NET_DELAY ||
                   action->kind == ACTION_NET_MUTE;

    inv->disturbed_ms = inv->now_ms;
    inv->hindered_ms = inv->now_ms;
    inv->noisy |= muffles;
    inv->muffled |= muffles;
}

static void acted_on_store(struct invariants *inv, const struct action *action)
{
    inv->hindered_ms = inv->now_ms;
    if (action->kind == ACTION_STORE_UP)
        inv->store_bad = false;
    else if (action->kind <= ACTION_STORE_READONLY)
        inv->store_bad = true;
    if (action->kind == ACTION_STORE_ROLLBACK)
        set_back(inv);
}

static void acted_on_route53(struct invariants *inv, const struct action *action)
{
    inv->hindered_ms = inv->now_ms;
    inv->route53_bad = action->kind != ACTION_ROUTE53_OK;
    inv->stranding |= action->kind == ACTION_ROUTE53_STRANDED;
}

static void acted_on_sinks(struct invariants *inv, const struct action *action)
{
    inv->sinks_down = action->kind == ACTION_SINKS_DOWN;
    if (action->kind == ACTION_SINKS_UP)
        inv->sinks_up_ms = inv->now_ms;
    inv->swallowed |= action->kind == ACTION_SINKS_SWALLOW;
}

static void on_action(void *context, struct world *world, const struct action *action)
{
    struct invariants *inv = context;

    inv->now_ms = world_now(world);
    if (action->kind <= ACTION_SITE_TLS)
        acted_on_site(inv, action);
    else if (action->kind <= ACTION_PROBE_DRIFT)
        acted_on_probe(inv, world, action);
    else if (action->kind <= ACTION_NET_DELAY)
        acted_on_net(inv, action);
    else if (action->kind <= ACTION_STORE_LEASES_LOST)
        acted_on_store(inv, action);
    else if (action->kind <= ACTION_ROUTE53_DENY_ZONE)
        acted_on_route53(inv, action);
    else if (action->kind >= ACTION_SINKS_DOWN)
        acted_on_sinks(inv, action);
}

struct invariants *invariants_create(struct world *world)
{
    const struct settings *settings[PROBES_MAX];
    uint32_t probe_count = world_settings(world)->elector_count;
    struct invariants *inv;

    for (uint32_t p = 0; p < probe_count; p++)
        settings[p] = world_probe_settings(world, p);
    assert(world_now(world) == 0);
    inv = invariants_create_bare(settings, probe_count);
    inv->world = world;
    truth_begin(inv);
    world_watch(world, &(struct watcher){.context = inv,
                                         .stepped = on_step,
                                         .committed = on_commit,
                                         .sent = on_sent,
                                         .accepted = on_accepted,
                                         .delivered = on_alert,
                                         .acted = on_action});
    return inv;
}
