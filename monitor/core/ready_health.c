/* SPDX-License-Identifier: Apache-2.0 */
/* The judge of the health checks that read a region's beacon (B2). */
#include <inttypes.h>

#include "explain.h"
#include "ready_line.h"

#define INIT "run `regionshift init --health-checks`"

static void judge_unasked(struct ready_line *line, const struct ready_health *facts)
{
    if (!facts->asked) {
        ready_say(line, "not looked at yet");
        ready_advise(line, READY_UNKNOWN, "ask again in some seconds");
        return;
    }
    ready_say(line, "Route 53 does not tell: %s", facts->error);
    if (facts->outcome == ROUTE53_DENIED)
        ready_advise(line, READY_UNKNOWN,
                     "allow this probe route53:ListHealthChecks and route53:GetHealthCheckStatus "
                     "(config/iam/health-checks-reader.json)");
    else
        ready_advise(line, READY_UNKNOWN,
                     "nothing, if Route 53's API is away: health checks work without it");
}

static void judge_checks(struct ready_line *line, const struct ready_health *facts)
{
    if (facts->missing > 0)
        ready_advise(line, READY_FAIL, INIT ": it makes what is missing, as \"%s\"", facts->first);
    if (facts->different > 0) {
        ready_say(line, "; %" PRIu32 " otherwise than the settings say: %s", facts->different,
                  facts->first);
        ready_advise(line, READY_FAIL,
                     INIT ": it puts them right; or the settings, if that was on purpose");
    }
    if (facts->unattached > 0) {
        ready_say(line, "; %" PRIu32 " record sets do not have the region's check",
                  facts->unattached);
        ready_advise(line, READY_FAIL, INIT ": without it no word moves the region's traffic");
    }
}

static void judge_votes(struct ready_line *line, const struct ready_health *facts)
{
    bool is_left = facts->votes >= facts->votes_down;

    ready_say(line,
              "; checkers hear %" PRIu32 " of %" PRIu32 " probes say leave, %" PRIu32 " would do",
              facts->votes, facts->children, facts->votes_down);
    if (facts->observed < facts->children)
        ready_advise(line, READY_WARN,
                     "look whether Route 53's checkers reach the beacon: of %" PRIu32
                     " nothing is known; a new health check counts as healthy until then",
                     facts->children - facts->observed);
    if (is_left && !facts->lit)
        ready_advise(line, READY_FAIL,
                     "Route 53 takes the region for left, and this probe does not say so: look "
                     "what the others' beacons say, and who answers in their place");
    if (!is_left && facts->lit)
        ready_advise(line, READY_WARN,
                     "the word is said here and not heard by enough checkers yet: wait half a "
                     "minute, then look at the listeners (http.beacons) of the other probes");
}

void ready_health(const struct ready_health *facts, struct ready_line *ret_line)
{
    char span[SPAN_MAX];

    ready_begin(ret_line, "health-checks", facts->group, facts->region);
    ret_line->value = facts->wanted - facts->missing - facts->different;
    ret_line->limit = facts->wanted;
    if (facts->seen_ms < 0) {
        judge_unasked(ret_line, facts);
        return;
    }
    ready_say(ret_line, "%" PRIu32 " of %" PRIu32 " health checks are there, seen %s ago",
              facts->wanted - facts->missing, facts->wanted, span_format(facts->seen_ms, span));
    if (facts->seen_ms > READY_LOOK_OLD_MS)
        ready_advise(ret_line, READY_WARN, "that is long ago: %s", facts->error);
    judge_checks(ret_line, facts);
    if (facts->missing == 0)
        judge_votes(ret_line, facts);
}
