/* SPDX-License-Identifier: Apache-2.0 */
/* The gates between a wish and its commit. Each is one rule, one number and one sentence, open or
 * closed; explain shows them all, a move needs them all (D10). */
#include <inttypes.h>

#include "state.h"

static msec_t clamp(msec_t value, msec_t low, msec_t high)
{
    return value < low ? low : value > high ? high : value;
}

msec_t safety_dwell_left(const struct engine *engine, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];
    msec_t dwell_ms = state_group(engine, group)->dwell_ms;

    if (!state->ever_moved)
        return 0;
    return clamp(state->moved_ms + dwell_ms - engine->now_ms, 0, dwell_ms);
}

/* D6: moves within the window, over all groups. */
uint32_t safety_budget_used(const struct engine *engine)
{
    uint32_t used = 0;

    for (uint32_t i = 0; i < engine->budget_count; i++)
        used += engine->now_ms - engine->budget_ms[i] < engine->settings->limit_window_ms;
    return used;
}

/* D6: until the window lets one more move; 0: it does now. Moves stand oldest first. */
msec_t safety_budget_left(const struct engine *engine)
{
    uint32_t used = safety_budget_used(engine);
    uint32_t limit = engine->settings->limit_budget;
    uint32_t still = used >= limit ? used - limit + 1 : 0; /* that have to leave the window */

    for (uint32_t i = 0; i < engine->budget_count && still > 0; i++) {
        msec_t left_ms = engine->budget_ms[i] + engine->settings->limit_window_ms - engine->now_ms;

        if (left_ms > 0 && --still == 0)
            return left_ms;
    }
    return 0;
}

msec_t safety_again_ms(const struct engine *engine, uint32_t group)
{
    msec_t again_ms = state_look_again(engine);
    msec_t dwell_left_ms = safety_dwell_left(engine, group);

    if (dwell_left_ms > 0 && engine->now_ms + dwell_left_ms < again_ms)
        again_ms = engine->now_ms + dwell_left_ms;
    for (uint32_t i = 0; i < engine->budget_count; i++) {
        msec_t end_ms = engine->budget_ms[i] + engine->settings->limit_window_ms;
        if (end_ms > engine->now_ms && end_ms < again_ms)
            again_ms = end_ms;
    }
    return again_ms;
}

static void gate_store(const struct engine *engine, struct finding *gates, uint32_t *count)
{
    bool open = state_store_ok(engine);
    msec_t age_ms = engine->store_ok_ms < 0 ? -1 : engine->now_ms - engine->store_ok_ms;

    finding_add(gates, count, "S2", "store", open, age_ms, engine->settings->store.lease_ms,
                open ? "the store answers" : "the store is away: no decision until it answers");
}

/* V5: a probe that cannot trust its own clock or loop does not act; one that merely sees nothing
 * may still decide on what the others see. */
static void gate_self(const struct engine *engine, struct finding *gates, uint32_t *count)
{
    bool open = engine->gap == BLIND_NOT;

    finding_add(
        gates, count, "V5", "self", open, open ? -1 : engine->gap_until_ms - engine->now_ms, -1,
        open ? "this probe's clock runs true" : "this probe watches (%s): others may decide",
        blindness_name(engine->gap));
}

/* C2: a new epoch must be above every fence, so those have to be known. */
static void gate_zone(const struct engine *engine, uint32_t group, struct finding *gates,
                      uint32_t *count)
{
    const struct group_state *state = &engine->groups[group];
    bool open = true;

    if (state_may_act(engine)) {
        for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++)
            open &= engine->slots[i].known;
    }
    finding_add(gates, count, "C2", "zone", open, -1, -1,
                open ? "the zones' fences are known" : "a zone has not been read yet");
}

static void gate_freeze(const struct engine *engine, uint32_t group, bool override,
                        struct finding *gates, uint32_t *count)
{
    const struct order *freeze =
        orders_freeze(&engine->orders, group, state_wall(engine, engine->now_ms));

    if (freeze == NULL)
        finding_add(gates, count, "D7", "freeze", true, -1, -1, "not frozen");
    else if (freeze->verb == ORDER_UNREADABLE)
        finding_add(gates, count, "D7", "freeze", override, -1, -1,
                    "order %s may be a freeze, and cannot be read here: %s", freeze->id,
                    freeze->reason);
    else
        finding_add(gates, count, "D7", "freeze", override, -1, -1,
                    "frozen by %s: %s; regionshift thaw", freeze->by, freeze->reason);
}

/* Some site's sets have several weights: half of an edit, which nobody can acknowledge. */
static bool sets_differ(const struct engine *engine, uint32_t group)
{
    bool differ = false;

    for (uint32_t k = 0; k < state_group(engine, group)->site_count; k++)
        differ |= observing_said(engine, group, k) == WEIGHT_DIFFERS;
    return differ;
}

static void gate_drift(const struct engine *engine, uint32_t group, bool override,
                       struct finding *gates, uint32_t *count)
{
    bool drifted = observing_drifted(engine, group);

    finding_add(gates, count, "C4", "drift", !drifted || override, -1, -1,
                !drifted ? "the zone says what its epoch said"
                : sets_differ(engine, group)
                    ? "record sets of one site have different weights in the zone: give all of "
                      "them one, then regionshift ack"
                    : "weights in the zone are not those of its epoch: somebody else wrote; "
                      "look, then regionshift ack");
}

/* C7: while the zone is known to be ahead, the head is not what is; an override asks for no less.
 */
static void gate_ahead(const struct engine *engine, uint32_t group, bool override,
                       struct finding *gates, uint32_t *count)
{
    const struct group_state *state = &engine->groups[group];
    bool ahead = false;

    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++)
        ahead |= engine->slots[i].ahead;
    if (ahead)
        finding_add(gates, count, "C7", "zone-ahead", override, -1, -1,
                    "the zone's fence is above the head: the zone becomes the head first");
}

static void gate_dwell(const struct engine *engine, uint32_t group, bool ordered,
                       struct finding *gates, uint32_t *count)
{
    msec_t left_ms = safety_dwell_left(engine, group);
    msec_t dwell_ms = state_group(engine, group)->dwell_ms;

    finding_add(gates, count, "D6", "dwell", left_ms == 0 || ordered, dwell_ms - left_ms, dwell_ms,
                left_ms == 0 ? "the last move is long enough ago"
                             : "the group moved a short time ago: %d s of dwell left",
                left_ms / 1000);
}

static void gate_budget(const struct engine *engine, bool ordered, struct finding *gates,
                        uint32_t *count)
{
    uint32_t used = safety_budget_used(engine);
    uint32_t limit = engine->settings->limit_budget;

    if (engine->budget_form != VALUE_READ) { /* nor may it be written over */
        finding_add(gates, count, "D6", "ledger", false, -1, -1,
                    "the ledger of moves (v1/budget) cannot be read here: its value is %s",
                    value_form_name(engine->budget_form));
        return;
    }
    finding_add(gates, count, "D6", "budget", used < limit || ordered, used, limit,
                "%d of %d moves used in %d s", (int64_t)used, (int64_t)limit,
                engine->settings->limit_window_ms / 1000);
}

/* C5: Route 53 answers all-zero weights with equal shares for everybody. */
bool safety_has_weight(const struct engine *engine, uint32_t group, const int *weights)
{
    const struct group *g = state_group(engine, group);

    for (uint32_t j = 0; j < g->service_count; j++) {
        int64_t sum = 0;
        for (uint32_t i = 0; i < g->site_count; i++) {
            if (engine->settings->sites[g->sites[i]].service == g->services[j] && weights[i] > 0)
                sum += weights[i];
        }
        if (sum == 0)
            return false;
    }
    return true;
}

static void gate_empty(const struct engine *engine, uint32_t group, const struct wish *wish,
                       struct finding *gates, uint32_t *count)
{
    bool open = safety_has_weight(engine, group, wish->weights);

    if (!open)
        finding_add(
            gates, count, "C5", "all-zero", false, 0, 1,
            "a service would have no weight at all: add weight by hand, then ack the drift");
}

bool safety_gates(const struct engine *engine, uint32_t group, const struct wish *wish,
                  bool override, struct finding *gates, uint32_t *gate_count)
{
    uint32_t first = *gate_count;
    bool ordered = wish->ordered && wish->changes;

    gate_store(engine, gates, gate_count);
    gate_self(engine, gates, gate_count);
    gate_zone(engine, group, gates, gate_count);
    gate_freeze(engine, group, override, gates, gate_count);
    gate_drift(engine, group, override, gates, gate_count);
    gate_ahead(engine, group, override, gates, gate_count);
    gate_dwell(engine, group, ordered, gates, gate_count);
    gate_budget(engine, ordered, gates, gate_count);
    gate_empty(engine, group, wish, gates, gate_count);
    if (engine->dry_run)
        finding_add(gates, gate_count, "D8", "dry-run", false, -1, -1, "a dry run never commits");
    return safety_closed(gates + first, *gate_count - first) == NULL;
}

const struct finding *safety_closed(const struct finding *gates, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!gates[i].open)
            return &gates[i];
    }
    return NULL;
}
