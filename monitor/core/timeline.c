/* SPDX-License-Identifier: Apache-2.0 */
/* Each stage adds its own time to the one before. */
#include "timeline.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "explain.h"

static const char *const names[TIMELINE_COUNT] = {
    [TIMELINE_DETECTED] = "detected",   [TIMELINE_DECIDED] = "decided",
    [TIMELINE_ACCEPTED] = "accepted",   [TIMELINE_SERVERS] = "servers",
    [TIMELINE_RESOLVERS] = "resolvers",
};

const char *timeline_name(enum timeline_stage stage)
{
    return names[stage];
}

/* V2: one of N probes comes by every interval/N; then all repeat at once, fall results in a row.
 * At best the connection is refused when somebody just looks; at most nobody answers. */
static void detected(const struct timeline_facts *facts, struct timeline_step *step)
{
    msec_t interval_ms = facts->interval_ms / (facts->probes > 0 ? facts->probes : 1);
    char interval[SPAN_MAX];
    char retry[SPAN_MAX];
    char timeout[SPAN_MAX];

    step->best_ms = (facts->fall - 1) * facts->retry_ms;
    step->most_ms = interval_ms + facts->fall * (facts->retry_ms + facts->timeout_ms);
    snprintf(step->why, sizeof(step->why),
             "%" PRIu32 " probes in turn, one every %s; then %" PRIu32
             " bad results in a row, each %s after the one before or its timeout of %s",
             facts->probes, span_format(interval_ms, interval), facts->fall,
             span_format(facts->retry_ms, retry), span_format(facts->timeout_ms, timeout));
}

/* D1, D8: the hold counts from the agreement; a vote and a commit are a call of the store each. */
static void decided(const struct timeline_facts *facts, struct timeline_step *step)
{
    char hold[SPAN_MAX];
    char store[SPAN_MAX];

    step->best_ms += facts->hold_ms;
    step->most_ms += facts->hold_ms + 2 * facts->store_ms;
    snprintf(step->why, sizeof(step->why),
             "hold %s; a vote and a commit, up to %s each at the store",
             span_format(facts->hold_ms, hold), span_format(facts->store_ms, store));
}

/* C6: who is next in turn waits 2 s for each before; a zone is read, then written. */
static void accepted(const struct timeline_facts *facts, struct timeline_step *step)
{
    uint32_t before = facts->actors > 0 ? facts->actors - 1 : 0;
    char aws[SPAN_MAX];

    step->most_ms += before * TIMELINE_TURN_MS + facts->zones * 2 * facts->aws_ms;
    snprintf(step->why, sizeof(step->why),
             "%" PRIu32 " may act, each 2 s after the one before; %" PRIu32
             " zone to read and write, up to %s a request",
             facts->actors, facts->zones, span_format(facts->aws_ms, aws));
}

static void published(struct timeline_step *step)
{
    step->most_ms += TIMELINE_PUBLISH_MS;
    snprintf(step->why, sizeof(step->why), "Route 53 tells its servers within a minute");
}

static void resolved(const struct timeline_facts *facts, struct timeline_step *step)
{
    char ttl[SPAN_MAX];

    step->most_ms += facts->ttl_ms;
    snprintf(step->why, sizeof(step->why), "TTL %s: who asked just before goes on with it so long",
             span_format(facts->ttl_ms, ttl));
}

void timeline_make(const struct timeline_facts *facts,
                   struct timeline_step ret_steps[TIMELINE_COUNT])
{
    ret_steps[TIMELINE_DETECTED] = (struct timeline_step){0};
    detected(facts, &ret_steps[TIMELINE_DETECTED]);
    ret_steps[TIMELINE_DECIDED] = ret_steps[TIMELINE_DETECTED];
    decided(facts, &ret_steps[TIMELINE_DECIDED]);
    ret_steps[TIMELINE_ACCEPTED] = ret_steps[TIMELINE_DECIDED];
    accepted(facts, &ret_steps[TIMELINE_ACCEPTED]);
    ret_steps[TIMELINE_SERVERS] = ret_steps[TIMELINE_ACCEPTED];
    published(&ret_steps[TIMELINE_SERVERS]);
    ret_steps[TIMELINE_RESOLVERS] = ret_steps[TIMELINE_SERVERS];
    resolved(facts, &ret_steps[TIMELINE_RESOLVERS]);
}

/* ---- what was measured ---- */

static int by_size(const void *a, const void *b)
{
    const msec_t *x = a;
    const msec_t *y = b;

    return (*x > *y) - (*x < *y);
}

void timeline_measure(msec_t *spans_ms, uint32_t count, struct timeline_measured *ret_measured)
{
    uint32_t first = 0;

    qsort(spans_ms, count, sizeof(*spans_ms), by_size);
    while (first < count && spans_ms[first] < 0)
        first++;
    *ret_measured = (struct timeline_measured){.median_ms = -1, .worst_ms = -1};
    if (first == count)
        return;
    ret_measured->count = count - first;
    ret_measured->median_ms = spans_ms[first + (count - first - 1) / 2];
    ret_measured->worst_ms = spans_ms[count - 1];
}
