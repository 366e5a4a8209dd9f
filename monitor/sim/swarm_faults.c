/* SPDX-License-Identifier: Apache-2.0 */
/* swarm_faults.c: what may go wrong. Each kind of fault draws episodes: it begins, lasts, and
 * (mostly) ends. A seed picks some of the kinds and how often each strikes, so that every few runs
 * one meets a combination that an even mixture of all would never show (swarm testing). */
#include <assert.h>
#include <string.h>

#include "swarm_draw.h"

enum {
    MINUTE_MS = 60000,
    CLOCK_MAX_S = 31536000,
    CLOCK_GENTLE_MAX_S = 20, /* a claim from the future silences its incident until then (L1) */
    HOUR_MS = 60 * MINUTE_MS,
    EPISODES_PER_HOUR = 60,         /* at most, in the first hour ... */
    EPISODES_PER_LATER_HOUR = 2,    /* ... and after it: most hours of a life are calm */
    REPAIRED_AFTER_MS = 4 * HOUR_MS /* what nobody hurries to repair, in a life of many hours */
};

/* One episode: begins at at_ms, ends at end_ms, which may lie beyond the end of the faults. */
struct episode {
    msec_t at_ms;
    msec_t end_ms;
};

/* ---- who it strikes ---- */

static uint32_t any_probe(struct draw *draw)
{
    return (uint32_t)dice_below(&draw->dice, draw->settings->elector_count);
}

static struct who any_region(struct draw *draw)
{
    return draw_region(draw->settings,
                       (uint32_t)dice_below(&draw->dice, draw->settings->region_count));
}

/* A site, a region, now and then everything. */
static struct who any_sites(struct draw *draw)
{
    uint64_t throw = dice_below(&draw->dice, 100);

    if (throw < 4)
        return draw_all();
    if (throw < 50)
        return any_region(draw);
    return draw_site(draw->settings, (uint32_t)dice_below(&draw->dice, draw->settings->site_count));
}

/* A probe mostly, else a region: its sites, and the probes in it. */
static struct who any_place(struct draw *draw)
{
    if (draw->minority == 0 && draw_chance(&draw->dice, 30))
        return any_region(draw);
    return draw_probe(draw->settings, any_probe(draw));
}

static void add_probes(struct draw *draw, struct action *action, uint64_t probes)
{
    action->probe_count = 0;
    for (uint32_t p = 0; p < draw->settings->elector_count; p++) {
        if ((probes >> p & 1) && action->probe_count < ACTION_PROBES_MAX)
            action->probes[action->probe_count++] = draw_probe(draw->settings, p);
    }
}

/* A probe of the minority that may see badly; in other runs, any. */
static uint32_t any_of_minority(struct draw *draw)
{
    uint32_t probe = any_probe(draw);

    while (draw->minority != 0 && !(draw->minority >> probe & 1))
        probe = any_probe(draw);
    return probe;
}

static void end_on(struct draw *draw, const struct episode *episode, enum action_kind kind,
                   const struct who *who)
{
    if (episode->end_ms < draw->until_ms)
        draw_act_on(draw, episode->end_ms, kind, who, 0);
}

static void end(struct draw *draw, const struct episode *episode, enum action_kind kind)
{
    if (episode->end_ms < draw->until_ms)
        draw_act(draw, episode->end_ms, kind);
}

/* ---- endpoints ---- */

static void choose_badness(struct draw *draw, struct action *action)
{
    static const enum action_kind kinds[] = {
        ACTION_SITE_REFUSE, ACTION_SITE_TIMEOUT, ACTION_SITE_SLOW, ACTION_SITE_STATUS,
        ACTION_SITE_LOSS,   ACTION_SITE_DNS,     ACTION_SITE_TLS};
    static const int64_t codes[] = {404, 429, 500, 503};

    action->kind = kinds[dice_below(&draw->dice, sizeof(kinds) / sizeof(kinds[0]))];
    if (action->kind == ACTION_SITE_SLOW)
        action->value = (int64_t)draw_span(&draw->dice, 50, 8000);
    else if (action->kind == ACTION_SITE_STATUS)
        action->value = codes[dice_below(&draw->dice, 4)];
    else if (action->kind == ACTION_SITE_LOSS)
        action->value = (int64_t)draw_between(&draw->dice, 1, 90);
}

/* Probes that share an owner or a place with one of them: what stands together fails together, and
 * is what quorum.vantages, quorum.owners and the voice from outside are there for (A3). */
static uint64_t kin(struct draw *draw)
{
    const struct elector *electors = draw->settings->electors;
    const struct elector *one = &electors[any_probe(draw)];
    bool by_owner = draw_chance(&draw->dice, 30);
    uint64_t probes = 0;

    for (uint32_t p = 0; p < draw->settings->elector_count; p++) {
        if (by_owner ? strcmp(electors[p].owner, one->owner) == 0
                     : strcmp(electors[p].place, one->place) == 0)
            probes |= UINT64_C(1) << p;
    }
    return probes;
}

/* Whom it is bad for: all, or some; in a quiet run, never enough of them. */
static void choose_view(struct draw *draw, struct action *action)
{
    uint64_t some = draw_chance(&draw->dice, 50)
                        ? kin(draw)
                        : draw_some(&draw->dice, draw->settings->elector_count);

    if (draw->minority != 0)
        add_probes(draw, action,
                   (some & draw->minority) != 0 ? some & draw->minority : draw->minority);
    else if (draw_chance(&draw->dice, 35))
        add_probes(draw, action, some);
}

static void fault_site(struct draw *draw, const struct episode *episode)
{
    struct action action = {.at_ms = episode->at_ms, .who = any_sites(draw)};

    choose_badness(draw, &action);
    choose_view(draw, &action);
    draw_push(draw, &action);
    action.at_ms = episode->end_ms;
    action.kind = ACTION_SITE_OK;
    action.value = 0;
    if (action.at_ms < draw->until_ms)
        draw_push(draw, &action);
}

/* Any period, also those that beat with interval, hold and dwell. */
static void fault_flap(struct draw *draw, const struct episode *episode)
{
    msec_t half_ms = (msec_t)draw_span(&draw->dice, 250, 60 * MINUTE_MS);
    struct action bad = {.who = any_sites(draw)};
    struct action good;
    uint32_t times = (uint32_t)draw_between(&draw->dice, 3, 30);

    choose_badness(draw, &bad);
    choose_view(draw, &bad);
    good = bad;
    good.kind = ACTION_SITE_OK;
    good.value = 0;
    for (uint32_t i = 0; i < times; i++) {
        bad.at_ms = episode->at_ms + 2 * i * half_ms;
        good.at_ms = bad.at_ms + half_ms;
        if (good.at_ms >= draw->until_ms)
            return;
        draw_push(draw, &bad);
        draw_push(draw, &good);
    }
}

/* ---- the network ---- */

static void fault_cut(struct draw *draw, const struct episode *episode)
{
    struct action action = {.at_ms = episode->at_ms,
                            .kind = ACTION_NET_CUT,
                            .who = any_place(draw),
                            .from = draw_all()};

    if (draw->minority != 0)
        action.who = draw_probe(draw->settings, any_of_minority(draw));
    if (draw_chance(&draw->dice, 40))
        action.from = any_region(draw);
    draw_push(draw, &action);
    end_on(draw, episode, ACTION_NET_HEAL, &action.who);
}

/* Loss and delay make checks fail too, so in a quiet run they meet the minority alone; in others
 * now and then all. */
static void fault_bad_line(struct draw *draw, const struct episode *episode)
{
    struct who who = draw_probe(draw->settings, any_of_minority(draw));

    if (draw->minority == 0 && draw_chance(&draw->dice, 15))
        who = draw_all();
    if (draw_chance(&draw->dice, 50))
        draw_act_on(draw, episode->at_ms, ACTION_NET_LOSS, &who,
                    (int64_t)draw_between(&draw->dice, 1, 80));
    else
        draw_act_on(draw, episode->at_ms, ACTION_NET_DELAY, &who,
                    (int64_t)draw_span(&draw->dice, 20, 20000));
    end_on(draw, episode, ACTION_NET_HEAL, &who);
}

static void fault_mute(struct draw *draw, const struct episode *episode)
{
    struct who who = draw_probe(draw->settings, any_of_minority(draw));

    draw_act_on(draw, episode->at_ms, ACTION_NET_MUTE, &who, 0);
    end_on(draw, episode, ACTION_NET_HEAL, &who);
}

/* ---- probes ---- */

static void fault_kill(struct draw *draw, const struct episode *episode)
{
    struct who who = draw_probe(draw->settings, any_probe(draw));

    draw_act_on(draw, episode->at_ms, ACTION_PROBE_KILL, &who, 0);
    end_on(draw, episode, ACTION_PROBE_START, &who);
}

static void fault_pause(struct draw *draw, const struct episode *episode)
{
    struct who who = draw_probe(draw->settings, any_probe(draw));

    draw_act_on(draw, episode->at_ms, ACTION_PROBE_PAUSE, &who, 0);
    end_on(draw, episode, ACTION_PROBE_RESUME, &who);
}

static void fault_hang(struct draw *draw, const struct episode *episode)
{
    struct who who = draw_probe(draw->settings, any_probe(draw));

    draw_act_on(draw, episode->at_ms, ACTION_PROBE_HANG, &who,
                1000 * (int64_t)draw_span(&draw->dice, 1, 600));
}

/* Without references blindness is a bad view first (V5): in a quiet run, the minority's. */
static void fault_blind(struct draw *draw, const struct episode *episode)
{
    bool abstains = draw->settings->reference_count > 0;
    struct who who = draw_probe(draw->settings, abstains ? any_probe(draw) : any_of_minority(draw));

    draw_act_on(draw, episode->at_ms, ACTION_PROBE_BLIND, &who, 0);
    end_on(draw, episode, ACTION_PROBE_START, &who);
}

static void fault_lie(struct draw *draw, const struct episode *episode)
{
    uint32_t probe = any_probe(draw);
    struct who who = draw_probe(draw->settings, probe);

    if (!(draw->liars >> probe & 1))
        return; /* one more and the votes would be theirs (S-20) */
    draw_act_on(draw, episode->at_ms,
                draw_chance(&draw->dice, 70) ? ACTION_PROBE_LIE_DOWN : ACTION_PROBE_LIE_UP, &who,
                0);
    end_on(draw, episode, ACTION_PROBE_START, &who);
}

static void fault_other_settings(struct draw *draw, const struct episode *episode)
{
    struct who who = draw_probe(draw->settings, any_probe(draw));

    draw_act_on(draw, episode->at_ms, ACTION_PROBE_OTHER_SETTINGS, &who, 0);
    end_on(draw, episode, ACTION_PROBE_START, &who);
}

static void fault_clock(struct draw *draw, const struct episode *episode)
{
    struct who who = draw_probe(draw->settings, any_probe(draw));
    int64_t jump_s =
        (int64_t)draw_span(&draw->dice, 1, draw->gentle ? CLOCK_GENTLE_MAX_S : CLOCK_MAX_S);

    draw_act_on(draw, episode->at_ms, ACTION_PROBE_CLOCK, &who,
                1000 * (draw_chance(&draw->dice, 50) ? jump_s : -jump_s));
}

static void fault_drift(struct draw *draw, const struct episode *episode)
{
    struct who who = draw_probe(draw->settings, any_probe(draw));
    int64_t ppm = (int64_t)draw_span(&draw->dice, 10, 10000);

    draw_act_on(draw, episode->at_ms, ACTION_PROBE_DRIFT, &who,
                draw_chance(&draw->dice, 50) ? ppm : -ppm);
    end_on(draw, episode, ACTION_PROBE_DRIFT, &who);
}

/* ---- the store ---- */

static void fault_store(struct draw *draw, const struct episode *episode)
{
    static const enum action_kind kinds[] = {ACTION_STORE_DOWN, ACTION_STORE_SLOW,
                                             ACTION_STORE_STALE, ACTION_STORE_READONLY};
    struct action action = {.at_ms = episode->at_ms, .kind = kinds[dice_below(&draw->dice, 4)]};

    if (action.kind == ACTION_STORE_SLOW)
        action.value = (int64_t)draw_span(&draw->dice, 20, 20000);
    draw_push(draw, &action);
    end(draw, episode, ACTION_STORE_UP);
}

static void fault_store_cut(struct draw *draw, const struct episode *episode)
{
    struct action action = {.at_ms = episode->at_ms, .kind = ACTION_STORE_CUT};

    add_probes(draw, &action, draw_some(&draw->dice, draw->settings->elector_count));
    draw_push(draw, &action);
    action.at_ms = episode->end_ms;
    action.kind = ACTION_STORE_HEAL;
    if (action.at_ms < draw->until_ms)
        draw_push(draw, &action);
}

static void fault_watch(struct draw *draw, const struct episode *episode)
{
    draw_act(draw, episode->at_ms,
             draw_chance(&draw->dice, 50) ? ACTION_STORE_WATCH_LOST : ACTION_STORE_WATCH_DUPLICATE);
    end(draw, episode, ACTION_STORE_UP);
}

static void fault_leases(struct draw *draw, const struct episode *episode)
{
    draw_act(draw, episode->at_ms, ACTION_STORE_LEASES_LOST);
}

static void fault_garbage(struct draw *draw, const struct episode *episode)
{
    struct action action = {.at_ms = episode->at_ms, .kind = ACTION_STORE_GARBAGE};

    add_probes(draw, &action, draw_some(&draw->dice, draw->settings->elector_count));
    draw_push(draw, &action);
}

/* A backup is taken, and comes back later. */
static void fault_rollback(struct draw *draw, const struct episode *episode)
{
    if (draw_chance(&draw->dice, 70))
        draw_act(draw, episode->at_ms, ACTION_STORE_BACKUP);
    end(draw, episode, ACTION_STORE_ROLLBACK);
}

/* ---- Route 53 ---- */

static void fault_route53(struct draw *draw, const struct episode *episode)
{
    static const enum action_kind kinds[] = {ACTION_ROUTE53_DOWN,       ACTION_ROUTE53_THROTTLE,
                                             ACTION_ROUTE53_LOSE_REPLY, ACTION_ROUTE53_LATE,
                                             ACTION_ROUTE53_PENDING,    ACTION_ROUTE53_STRANDED,
                                             ACTION_ROUTE53_DENY,       ACTION_ROUTE53_DENY_ZONE};
    struct action action = {.at_ms = episode->at_ms,
                            .kind = kinds[dice_below(&draw->dice, sizeof(kinds) / sizeof(*kinds))]};

    if (action.kind == ACTION_ROUTE53_LATE)
        action.value = 1000 * (int64_t)draw_span(&draw->dice, 1, 600);
    if (action.kind == ACTION_ROUTE53_DENY_ZONE)
        action.value = 1 + (int64_t)dice_below(&draw->dice, draw->settings->zone_count);
    draw_push(draw, &action);
    end(draw, episode, ACTION_ROUTE53_OK);
}

/* ---- people ---- */

static void fault_human(struct draw *draw, const struct episode *episode)
{
    struct who who =
        draw_site(draw->settings, (uint32_t)dice_below(&draw->dice, draw->settings->site_count));
    int64_t weight = (int64_t)draw_between(&draw->dice, draw->gentle ? 1 : 0, WEIGHT_MAX);

    if (draw_chance(&draw->dice, 25))
        draw_act(draw, episode->at_ms, ACTION_HUMAN_DELETE_FENCE);
    else
        draw_act_on(draw, episode->at_ms, ACTION_HUMAN_WEIGHT, &who, weight);
    if (draw_chance(&draw->dice, 40))
        end(draw, episode, ACTION_ORDER_ACK);
}

static void fault_freeze(struct draw *draw, const struct episode *episode)
{
    draw_act(draw, episode->at_ms, ACTION_ORDER_FREEZE);
    end(draw, episode, ACTION_ORDER_THAW);
}

static void fault_drain(struct draw *draw, const struct episode *episode)
{
    struct who who = any_region(draw);

    draw_act_on(draw, episode->at_ms, ACTION_ORDER_DRAIN, &who, 0);
    end_on(draw, episode, ACTION_ORDER_RESTORE, &who);
    if (draw_chance(&draw->dice, 40))
        end(draw, episode, ACTION_ORDER_FAILBACK);
}

/* The store is away from all or from some; then an operator drains a region through one probe, and
 * sometimes a second one does so through another. */
static void fault_glass(struct draw *draw, const struct episode *episode)
{
    struct action order = {.kind = ACTION_ORDER_BREAK_GLASS, .who = any_region(draw)};
    msec_t away_ms = episode->end_ms < draw->until_ms ? episode->end_ms - episode->at_ms
                                                      : draw->until_ms - episode->at_ms;

    if (draw_chance(&draw->dice, 60)) {
        draw_act(draw, episode->at_ms, ACTION_STORE_DOWN);
        end(draw, episode, ACTION_STORE_UP);
    } else {
        fault_store_cut(draw, episode);
    }
    for (uint32_t i = 0; i < 2; i++) {
        order.at_ms = episode->at_ms + (msec_t)dice_below(&draw->dice, (uint64_t)away_ms);
        order.probe_count = 0;
        add_probes(draw, &order, UINT64_C(1) << any_probe(draw));
        draw_push(draw, &order);
        if (draw_chance(&draw->dice, 70))
            break;
    }
    end_on(draw, episode, ACTION_ORDER_RESTORE, &order.who);
}

static void fault_failback(struct draw *draw, const struct episode *episode)
{
    draw_act(draw, episode->at_ms,
             draw_chance(&draw->dice, 75) ? ACTION_ORDER_FAILBACK : ACTION_ORDER_ACK);
}

static void fault_sinks(struct draw *draw, const struct episode *episode)
{
    draw_act(draw, episode->at_ms,
             draw_chance(&draw->dice, 60) ? ACTION_SINKS_DOWN : ACTION_SINKS_SWALLOW);
    end(draw, episode, ACTION_SINKS_UP);
}

/* ---- the swarm ---- */

/* Whether it may strike in a quiet run, which nothing may move: all but what gives a reason. */
enum noise { QUIET, LOUD };

struct fault {
    void (*strike)(struct draw *draw, const struct episode *episode);
    enum noise noise;
    bool is_of_store; /* S-16 */
};

static const struct fault faults[] = {
    {fault_site, QUIET, false},    {fault_flap, QUIET, false},
    {fault_cut, QUIET, false},     {fault_bad_line, QUIET, false},
    {fault_mute, QUIET, false},    {fault_kill, QUIET, false},
    {fault_pause, QUIET, false},   {fault_hang, QUIET, false},
    {fault_blind, QUIET, false},   {fault_lie, QUIET, false},
    {fault_clock, QUIET, false},   {fault_drift, QUIET, false},
    {fault_store, QUIET, true},    {fault_store_cut, QUIET, true},
    {fault_watch, QUIET, true},    {fault_leases, QUIET, true},
    {fault_garbage, QUIET, true},  {fault_rollback, QUIET, false},
    {fault_route53, QUIET, false}, {fault_other_settings, QUIET, false},
    {fault_sinks, QUIET, false},   {fault_freeze, QUIET, false},
    {fault_drain, LOUD, false},    {fault_human, LOUD, false},
    {fault_failback, LOUD, false}, {fault_glass, LOUD, false},
};
enum { FAULTS = sizeof(faults) / sizeof(faults[0]) };

static struct episode draw_episode(struct draw *draw)
{
    struct episode episode;
    msec_t length_ms = draw->until_ms - draw->from_ms;

    episode.at_ms = draw->from_ms + (msec_t)dice_below(&draw->dice, (uint64_t)length_ms);
    episode.end_ms = episode.at_ms + (msec_t)draw_span(&draw->dice, 500, 40 * MINUTE_MS);
    if (draw_chance(&draw->dice, 3)) /* nobody comes to repair it */
        episode.end_ms = length_ms <= HOUR_MS ? INT64_MAX : episode.at_ms + REPAIRED_AFTER_MS;
    return episode;
}

static uint64_t most_episodes(msec_t length_ms)
{
    msec_t later_ms = length_ms > HOUR_MS ? length_ms - HOUR_MS : 0;

    return (uint64_t)(EPISODES_PER_HOUR * (length_ms - later_ms) / HOUR_MS +
                      EPISODES_PER_LATER_HOUR * later_ms / HOUR_MS) +
           4;
}

static void strike(struct draw *draw, const uint32_t *rates, uint32_t rate_sum)
{
    msec_t length_ms = draw->until_ms - draw->from_ms;
    uint64_t episodes = draw_span(&draw->dice, 3, most_episodes(length_ms));

    for (uint64_t i = 0; i < episodes; i++) {
        struct episode episode = draw_episode(draw);
        uint64_t throw = dice_below(&draw->dice, rate_sum);
        uint32_t f = 0;

        while (throw >= rates[f])
            throw -= rates[f++];
        faults[f].strike(draw, &episode);
    }
}

static bool may_strike(const struct draw *draw, const struct fault *fault, bool store_only)
{
    if (store_only)
        return fault->is_of_store;
    return draw->minority == 0 || fault->noise == QUIET;
}

static void swarm(struct draw *draw, bool store_only)
{
    uint32_t share = (uint32_t)draw_between(&draw->dice, 10, 70); /* of the kinds take part */
    uint32_t rates[FAULTS] = {0};
    uint32_t rate_sum = 0;

    assert(draw->from_ms < draw->until_ms);
    while (rate_sum == 0) {
        for (uint32_t i = 0; i < FAULTS; i++) {
            if (may_strike(draw, &faults[i], store_only) && draw_chance(&draw->dice, share))
                rates[i] = (uint32_t)draw_span(&draw->dice, 1, 8);
            rate_sum += rates[i];
        }
    }
    strike(draw, rates, rate_sum);
}

void swarm_faults(struct draw *draw)
{
    swarm(draw, false);
}

void swarm_store_faults(struct draw *draw)
{
    swarm(draw, true);
}
