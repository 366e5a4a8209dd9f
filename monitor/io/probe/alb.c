/* SPDX-License-Identifier: Apache-2.0 */
/* The targets of a target group, as its load balancers see them: "healthy >= 1" unless `expect`
 * wants more. Healthy are those that ELB calls so: a target that is registered, drained or not
 * asked for yet takes no new client. Where ELB cannot say of any target how it is, nothing is
 * known. */
#include "attempt.h"

#include <stdio.h>

#include "cloud.h"
#include "elb.h"

extern const struct attempt_kind kind_alb;

/* "3 targets: 1 healthy, 2 draining" */
static void put_into_words(const struct elb_health *health, char *out, size_t size)
{
    const struct {
        uint32_t count;
        const char *name;
    } parts[] = {
        {health->healthy, "healthy"},
        {health->unhealthy, "unhealthy"},
        {health->initial, "initial"},
        {health->draining, "draining"},
        {health->unused, "unused"},
        {health->unavailable, "unavailable"},
        {health->other, "in a state we do not know"},
    };
    int used = snprintf(out, size, health->total == 1 ? "%u target" : "%u targets", health->total);
    const char *comma = ": ";

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (parts[i].count == 0 || (size_t)used >= size)
            continue;
        used += snprintf(out + used, size - (size_t)used, "%s%u %s", comma, parts[i].count,
                         parts[i].name);
        comma = ", ";
    }
}

static bool says_nothing(const struct elb_health *health)
{
    return health->total > 0 && health->unavailable == health->total;
}

static void take(struct attempt *attempt, const char *body, size_t length)
{
    struct answer answer = {.has = SUBJECT_BIT(SUBJECT_HEALTHY) | SUBJECT_BIT(SUBJECT_UNHEALTHY)};
    struct elb_health health;
    char seen[RESULT_DETAIL_MAX + 1];

    if (elb_read(body, length, &health, seen, sizeof(seen)) != 0) {
        attempt_end(attempt, RESULT_VOID, FAILURE_BODY, "%s", seen);
        return;
    }
    put_into_words(&health, seen, sizeof(seen));
    answer.healthy = health.healthy;
    answer.unhealthy = health.unhealthy;
    attempt_judge_as(attempt, &answer, seen, seen,
                     says_nothing(&health) ? RESULT_VOID : RESULT_BAD);
}

static void begin(struct attempt *attempt)
{
    static const struct cloud_kind balancers = {
        .service = AWS_ELB, .words = "Elastic Load Balancing", .write = elb_write, .take = take};

    cloud_begin(attempt, &balancers);
}

static const char *doing(const struct attempt *attempt)
{
    (void)attempt;
    return "waiting for Elastic Load Balancing";
}

const struct attempt_kind kind_alb = {
    .is_hearsay = true, .begin = begin, .release = cloud_release, .doing = doing};
