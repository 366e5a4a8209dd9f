/* SPDX-License-Identifier: Apache-2.0 */
/* D6: dwell between the moves of a group, and a budget of moves over all groups, counted over what
 * the store really took. Operators' moves count and are never held back.
 *
 * The ledger keeps wall times, and a probe reads its wall clock once, at its start. So the age of a
 * move from before its start is what its clock says of the mover's writing, or what has really
 * passed, whichever is more: a clock that runs ahead shortens a dwell by as much as it is wrong,
 * and a mover's clock that ran ahead must not hold anybody for ever ("counts, and ends"). A move
 * that it was told of while it ran is no older than the whole reading before it, whatever clocks
 * say; and that reading is long ago when the store was away from it meanwhile. */
#include <inttypes.h>
#include <string.h>

#include "invariants_state.h"

/* A probe's clock may run fast: an hour by it is a second less. 1000 ppm is far beyond any quartz,
 * and the simulator's drift stays below 1 %. */
enum { DRIFT_DIVISOR = 100 };

static msec_t age_of(const struct ruling *ruling, const struct move *move)
{
    wall_t wall = ruling->snapshot != NULL ? ruling->snapshot->wall : ruling->decision->at_wall;
    msec_t by_wall_ms = wall - move->wall;
    msec_t passed_ms = ruling->invariants->now_ms - move->world_ms;
    const struct heard *heard = &ruling->invariants->heard[ruling->probe];
    msec_t unread_ms = READ_WHOLE_MS;

    if (ruling->invariants->drifting)
        passed_ms += passed_ms / DRIFT_DIVISOR;
    if (heard->gap_end_ms >= move->world_ms)
        unread_ms += heard->gap_ms;
    if (heard->whole && heard->first_whole_ms < move->world_ms &&
        by_wall_ms > passed_ms + unread_ms)
        return passed_ms + unread_ms;
    return by_wall_ms > passed_ms ? by_wall_ms : passed_ms;
}

static void judge_dwell(const struct ruling *ruling)
{
    const struct move *moved = &ruling->invariants->groups[ruling->decision->group].moved;
    msec_t age_ms;

    if (moved->epoch == 0)
        return;
    age_ms = age_of(ruling, moved);
    if (age_ms < ruling->group->dwell_ms)
        invariants_fail(ruling->invariants, "S-12", ruling->probe,
                        "decision %" PRIu64 " moves %s %" PRId64 " ms after decision %" PRIu64
                        ", dwell is %" PRId64 " ms",
                        ruling->decision->epoch, ruling->group->name, age_ms, moved->epoch,
                        ruling->group->dwell_ms);
}

static void judge_budget(const struct ruling *ruling)
{
    const struct invariants *inv = ruling->invariants;
    uint32_t count = inv->move_count < MOVES_KEPT ? inv->move_count : MOVES_KEPT;
    uint32_t used = 0;

    for (uint32_t i = 0; i < count; i++)
        used += age_of(ruling, &inv->moves[i]) < ruling->settings->limit_window_ms;
    if (used >= ruling->settings->limit_budget)
        invariants_fail(ruling->invariants, "S-12", ruling->probe,
                        "decision %" PRIu64 " of %s is move %" PRIu32 " within %" PRId64
                        " ms, the budget is %" PRIu32,
                        ruling->decision->epoch, ruling->group->name, used + 1,
                        ruling->settings->limit_window_ms, ruling->settings->limit_budget);
}

static bool is_move(const struct ruling *ruling)
{
    enum decision_kind kind = ruling->decision->kind;
    return ruling->changes && (kind == DECISION_LEAVE || kind == DECISION_FAILBACK);
}

/* The ledger itself: one entry more for a move, and none for what moves nothing (D6). */
static void judge_ledger(const struct ruling *ruling)
{
    const struct commit *commit = ruling->commit;
    bool move = is_move(ruling);

    if (commit->writes_budget != move)
        invariants_fail(ruling->invariants, "S-37", ruling->probe,
                        "decision %" PRIu64 " of %s %s, and %s the ledger", commit->decision.epoch,
                        ruling->group->name, move ? "moves weight" : "moves nothing",
                        move ? "is not written to" : "takes a place in");
    else if (move && (commit->budget_count == 0 ||
                      commit->budget[commit->budget_count - 1] != commit->decision.at_wall))
        invariants_fail(ruling->invariants, "S-37", ruling->probe,
                        "decision %" PRIu64 " of %s does not stand last in the ledger",
                        commit->decision.epoch, ruling->group->name);
}

void limits_judge(struct ruling *ruling)
{
    judge_ledger(ruling);
    if (!is_move(ruling) || !ruling->automatic)
        return;
    judge_dwell(ruling);
    judge_budget(ruling);
}

/* A move that no zone ever took, and that is cancelled or overtaken by what people wrote, never
 * was: dwell counts from the one before it again. It keeps its place in the budget. */
static bool never_was(const struct ruling *ruling)
{
    const struct group_model *model = &ruling->invariants->groups[ruling->decision->group];

    if (ruling->decision->kind != DECISION_CANCEL && ruling->decision->kind != DECISION_ADOPT)
        return false;
    return ruling->changes && model->moved.carried == ruling->before->epoch &&
           model->accepted < model->moved.epoch;
}

void limits_note(struct ruling *ruling)
{
    struct invariants *inv = ruling->invariants;
    struct group_model *model = &inv->groups[ruling->decision->group];
    struct move move = {.group = ruling->decision->group,
                        .epoch = ruling->decision->epoch,
                        .carried = ruling->decision->epoch,
                        .world_ms = inv->now_ms,
                        .wall = ruling->decision->at_wall};

    if (never_was(ruling)) {
        model->moved = model->moved_before;
        return;
    }
    if (!ruling->changes && model->moved.carried == ruling->before->epoch)
        model->moved.carried = ruling->decision->epoch;
    if (!is_move(ruling))
        return;
    inv->moves[inv->move_count % MOVES_KEPT] = move;
    inv->move_count++;
    model->moved_before = model->moved;
    model->moved = move;
}

/* The store went back: what it forgot, nobody can know (C7: then dwell restarts). */
void limits_forget(struct invariants *invariants)
{
    invariants->move_count = 0;
    for (uint32_t g = 0; g < invariants->settings->group_count; g++) {
        invariants->groups[g].moved.epoch = 0;
        invariants->groups[g].moved_before.epoch = 0;
    }
}
