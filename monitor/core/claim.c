/* SPDX-License-Identifier: Apache-2.0 */
/* The whole of "one probe of all sends it" (L1) as a pure function over the claim as read. */
#include "claim.h"

#include <assert.h>
#include <string.h>

static enum claim_verdict take(const struct claim_question *q, uint64_t count, wall_t at_wall,
                               struct claim *ret_claim)
{
    struct claim claim = {.phase = q->phase, .at_wall = at_wall, .count = count};
    size_t length = strlen(q->self);

    assert(length < sizeof(claim.by));
    memcpy(claim.by, q->self, length + 1);
    *ret_claim = claim;
    return CLAIM_TAKE;
}

static bool is_ours(const struct claim_question *q)
{
    return strcmp(q->standing->by, q->self) == 0;
}

/* The claim that stands is for this very phase and nobody has sent it yet. */
static enum claim_verdict judge_unsent(const struct claim_question *q, struct claim *ret_claim)
{
    const struct claim *standing = q->standing;

    if (is_ours(q)) {
        *ret_claim = *standing;
        return CLAIM_OURS;
    }
    if (!q->is_stale)
        return CLAIM_WAIT;
    return take(q, standing->count, standing->at_wall, ret_claim); /* same count: same message */
}

/* A wall clock set back makes the age negative: then no reminder is due, and none is lost. */
static bool reminder_is_due(const struct claim_question *q)
{
    return q->remind_ms > 0 && q->at_wall - q->standing->at_wall >= q->remind_ms;
}

static enum claim_verdict judge_open(const struct claim_question *q, struct claim *ret_claim)
{
    const struct claim *standing = q->standing;

    if (standing == NULL)
        return take(q, 1, q->at_wall, ret_claim);
    if (standing->phase == ALERT_RESOLVED)
        return take(q, standing->count + 1, q->at_wall, ret_claim);
    if (!standing->sent)
        return judge_unsent(q, ret_claim);
    if (reminder_is_due(q))
        return take(q, standing->count + 1, q->at_wall, ret_claim);
    return CLAIM_DROP;
}

static enum claim_verdict judge_resolved(const struct claim_question *q, struct claim *ret_claim)
{
    const struct claim *standing = q->standing;

    if (standing == NULL)
        return CLAIM_DROP;
    if (standing->phase == ALERT_RESOLVED)
        return standing->sent ? CLAIM_DROP : judge_unsent(q, ret_claim);
    if (!standing->sent && !is_ours(q) && !q->is_stale)
        return CLAIM_WAIT; /* open before resolved: its holder is still saying the opening */
    return take(q, standing->count, q->at_wall, ret_claim);
}

/* What the alert waited for was said, and the incident went on: a late opening must not open again
 * what is resolved, nor a late resolve close what is open again. Clocks are not asked. */
static bool has_moved_on(const struct claim_question *q)
{
    const struct claim *standing = q->standing;

    if (q->waited_count == 0 || standing == NULL || standing->count < q->waited_count)
        return false;
    return standing->count > q->waited_count ||
           (q->phase == ALERT_OPEN && standing->phase == ALERT_RESOLVED);
}

enum claim_verdict claim_judge(const struct claim_question *question, struct claim *ret_claim)
{
    if (has_moved_on(question))
        return CLAIM_DROP;
    if (question->phase == ALERT_OPEN)
        return judge_open(question, ret_claim);
    return judge_resolved(question, ret_claim);
}
