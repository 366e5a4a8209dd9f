/* SPDX-License-Identifier: Apache-2.0 */
/* swarm_shrink.c: from a run that failed to a small one that fails in the same way. What came after
 * the failure goes first; then actions are left out, half of them, a quarter, ... one by one, as
 * long as the rest still fails (delta debugging). A bounded number of runs: small is enough, the
 * smallest is not needed. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "swarm_draw.h"

struct shrinking {
    struct play play;
    struct scenario *best;
    struct outcome_report found; /* of the best */
    bool violated;               /* what has to fail again */
    const char *id;
    enum expect_kind kind;
    uint32_t runs;
};

/* The same invariant; of a demand, the same kind. */
static bool fails_alike(const struct shrinking *shrinking, const struct outcome_report *report)
{
    if (report->violated != shrinking->violated)
        return false;
    if (shrinking->violated)
        return strcmp(report->violation.id, shrinking->id) == 0;
    return report->failed != NULL && report->failed->kind == shrinking->kind;
}

/* Plays a candidate, and keeps it when it still fails; else destroys it. */
static bool keep_if_it_fails(struct shrinking *shrinking, struct scenario *candidate)
{
    struct outcome_report *report = malloc(sizeof(*report));
    char error[SCENARIO_ERROR_SIZE];
    bool fails;

    assert(report != NULL);
    shrinking->runs++;
    shrinking->play.scenario = candidate;
    fails = play_run(&shrinking->play, report, error, sizeof(error)) == 0 &&
            fails_alike(shrinking, report);
    if (fails) {
        scenario_destroy(shrinking->best);
        shrinking->best = candidate;
        shrinking->found = *report;
    } else {
        scenario_destroy(candidate);
    }
    free(report);
    return fails;
}

/* When the best run so far failed. */
static msec_t failure_ms(const struct shrinking *shrinking)
{
    return shrinking->violated ? shrinking->found.violation.at_ms : shrinking->found.failed_ms;
}

static void keep_failed_expectation(struct scenario *scenario, const struct shrinking *shrinking)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < scenario->expectation_count; i++) {
        if (!shrinking->violated && &shrinking->best->expectations[i] == shrinking->found.failed)
            scenario->expectations[kept++] = scenario->expectations[i];
    }
    scenario->expectation_count = kept;
}

/* Nothing after the failure is of interest, nor what else was expected. */
static void cut_tail(struct shrinking *shrinking)
{
    struct scenario *candidate = swarm_copy(shrinking->best);
    msec_t end_ms = failure_ms(shrinking) + 1;

    keep_failed_expectation(candidate, shrinking);
    if (end_ms < candidate->end_ms)
        candidate->end_ms = end_ms;
    if (candidate->expectation_count > 0 && candidate->expectations[0].to_ms > candidate->end_ms)
        candidate->expectations[0].to_ms = candidate->end_ms;
    while (candidate->action_count > 0 &&
           candidate->actions[candidate->action_count - 1].at_ms > candidate->end_ms)
        candidate->action_count--;
    keep_if_it_fails(shrinking, candidate);
}

/* Leaves out `count` actions from `first` on, but those that are needed. False: nothing to do. */
static bool leave_out(struct scenario *scenario, uint32_t first, uint32_t count)
{
    uint32_t kept = first;
    uint32_t before = scenario->action_count;

    for (uint32_t i = first; i < before; i++) {
        if (i >= first + count || scenario->actions[i].needed)
            scenario->actions[kept++] = scenario->actions[i];
    }
    scenario->action_count = kept;
    return kept < before;
}

/* One pass with chunks of a size; true when something could go. */
static bool pass(struct shrinking *shrinking, uint32_t size)
{
    bool smaller = false;
    uint32_t first = 0;

    while (first < shrinking->best->action_count && shrinking->runs < SWARM_SHRINK_RUNS_MAX) {
        struct scenario *candidate = swarm_copy(shrinking->best);

        if (!leave_out(candidate, first, size)) {
            scenario_destroy(candidate);
            first += size;
        } else if (keep_if_it_fails(shrinking, candidate)) {
            smaller = true;
        } else {
            first += size;
        }
    }
    return smaller;
}

struct scenario *swarm_shrink(const struct play *play, const struct outcome_report *failure)
{
    struct shrinking *shrinking = calloc(1, sizeof(*shrinking));
    struct scenario *best;
    uint32_t size;

    assert(shrinking != NULL);
    assert(failure->violated || failure->failed != NULL);
    shrinking->play = *play;
    shrinking->play.trace = NULL;
    shrinking->violated = failure->violated;
    shrinking->id = failure->violated ? failure->violation.id : NULL;
    shrinking->kind = failure->violated ? EXPECT_SHIFT : failure->failed->kind;
    shrinking->best = swarm_copy(play->scenario);
    shrinking->found = *failure;
    if (!failure->violated) /* in our copy, not in the caller's scenario */
        shrinking->found.failed =
            &shrinking->best->expectations[failure->failed - play->scenario->expectations];
    cut_tail(shrinking);
    size = shrinking->best->action_count / 2;
    while (size > 0 && shrinking->runs < SWARM_SHRINK_RUNS_MAX) {
        bool smaller = pass(shrinking, size);
        if (smaller)
            cut_tail(shrinking);
        if (!smaller || size > 1)
            size /= 2;
    }
    best = shrinking->best;
    free(shrinking);
    return best;
}
