/* SPDX-License-Identifier: Apache-2.0 */
#include "expect.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "moment.h"

enum { FOUND_MAX = 400 };

enum fate { FATE_OPEN, FATE_HELD, FATE_FAILED };

struct trial {
    const struct expectation *expectation;
    enum fate fate;
    msec_t from_ms;
    msec_t to_ms; /* judged then, at the latest */
    int64_t seen; /* shifts, alerts or pages in the window */
};

struct judge {
    struct world *world;
    judge_failed failed;
    void *context;
    uint32_t held;
    uint32_t failures;
    bool *sites; /* room for names to be looked up */
    uint32_t count;
    struct trial trials[];
};

/* ---- making one ---- */

/* -1 stands for the end; nothing is judged later. */
static msec_t within(msec_t at_ms, msec_t end_ms)
{
    return at_ms < 0 || at_ms > end_ms ? end_ms : at_ms;
}

struct judge *judge_create(struct world *world, const struct scenario *scenario,
                           judge_failed failed, void *context)
{
    uint32_t count = scenario->expectation_count;
    struct judge *judge = calloc(1, sizeof(*judge) + count * sizeof(judge->trials[0]));

    assert(judge != NULL);
    judge->world = world;
    judge->failed = failed;
    judge->context = context;
    judge->count = count;
    judge->sites = calloc(world_settings(world)->site_count, sizeof(*judge->sites));
    assert(judge->sites != NULL);
    for (uint32_t i = 0; i < count; i++) {
        const struct expectation *e = &scenario->expectations[i];

        judge->trials[i] = (struct trial){.expectation = e,
                                          .from_ms = within(e->from_ms, scenario->end_ms),
                                          .to_ms = within(e->to_ms, scenario->end_ms)};
    }
    return judge;
}

void judge_destroy(struct judge *judge)
{
    if (judge == NULL)
        return;
    free(judge->sites);
    free(judge);
}

/* ---- verdicts ---- */

static void hold(struct judge *judge, struct trial *trial)
{
    trial->fate = FATE_HELD;
    judge->held++;
}

__attribute__((format(printf, 4, 5))) static void fail(struct judge *judge, struct trial *trial,
                                                       msec_t at_ms, const char *format, ...)
{
    char found[FOUND_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(found, sizeof(found), format, args);
    va_end(args);
    trial->fate = FATE_FAILED;
    judge->failures++;
    judge->failed(judge->context, trial->expectation, at_ms, found);
}

/* What closes is judged at once (judge_due), so an open window has not ended. */
static bool is_open(const struct trial *trial, msec_t at_ms)
{
    return trial->fate == FATE_OPEN && at_ms >= trial->from_ms;
}

/* ---- in a window, as it happens ---- */

void judge_shift(struct judge *judge, msec_t at_ms)
{
    for (uint32_t i = 0; i < judge->count; i++) {
        struct trial *trial = &judge->trials[i];
        const struct expectation *e = trial->expectation;

        if (!is_open(trial, at_ms))
            continue;
        if (e->kind == EXPECT_SHIFT)
            hold(judge, trial);
        else if (e->kind == EXPECT_NEVER_SHIFT)
            fail(judge, trial, at_ms, "a batch that changes a weight was accepted");
        else if (e->kind == EXPECT_WRITES && ++trial->seen > e->limit)
            fail(judge, trial, at_ms, "this is number %" PRId64, trial->seen);
    }
}

static bool is_meant(const struct expectation *expectation, const struct alert *alert)
{
    return expectation->by_severity ? alert->severity >= expectation->severity
                                    : alert->event == expectation->event;
}

void judge_alert(struct judge *judge, msec_t at_ms, const struct alert *alert)
{
    if (alert->phase != ALERT_OPEN)
        return;
    for (uint32_t i = 0; i < judge->count; i++) {
        struct trial *trial = &judge->trials[i];
        const struct expectation *e = trial->expectation;

        if (!is_open(trial, at_ms))
            continue;
        if (e->kind == EXPECT_ALERT && is_meant(e, alert))
            hold(judge, trial);
        else if (e->kind == EXPECT_NEVER_ALERT && is_meant(e, alert))
            fail(judge, trial, at_ms, "%s was told: %s", alert_event_name(alert->event),
                 alert->subject);
        else if (e->kind == EXPECT_PAGES && alert->severity == SEVERITY_PAGE &&
                 ++trial->seen > e->limit)
            fail(judge, trial, at_ms, "this is number %" PRId64 ": %s", trial->seen,
                 alert->subject);
    }
}

/* ---- at a moment ---- */

/* Names were tested before the world was settled (play_check). */
static void look_up(struct judge *judge, const struct who *who)
{
    char error[FOUND_MAX] = "";

    if (world_sites(judge->world, who, judge->sites, error, sizeof(error)) < 0) {
        fprintf(stderr, "sim: %s\n", error);
        abort();
    }
}

static void judge_weights(struct judge *judge, struct trial *trial, msec_t at_ms)
{
    const struct settings *settings = world_settings(judge->world);
    const struct expectation *e = trial->expectation;

    for (uint32_t i = 0; i < e->weight_count; i++) {
        look_up(judge, &e->weights[i].who);
        for (uint32_t s = 0; s < settings->site_count; s++) {
            int weight = world_weight(judge->world, settings->sites[s].name);

            if (judge->sites[s] && weight != e->weights[i].weight) {
                fail(judge, trial, at_ms, "%s has %d in the zone", settings->sites[s].name, weight);
                return;
            }
        }
    }
    hold(judge, trial);
}

static void judge_serving(struct judge *judge, struct trial *trial, msec_t at_ms)
{
    const struct settings *settings = world_settings(judge->world);
    char weights[FOUND_MAX / 2] = "";
    size_t used = 0;

    look_up(judge, &trial->expectation->who);
    if (moment_serves(judge->world, judge->sites)) {
        hold(judge, trial);
        return;
    }
    for (uint32_t s = 0; s < settings->site_count && used < sizeof(weights); s++)
        used += (size_t)snprintf(weights + used, sizeof(weights) - used, "%s%s %d",
                                 s > 0 ? ", " : "", settings->sites[s].name,
                                 world_weight(judge->world, settings->sites[s].name));
    fail(judge, trial, at_ms, "the zone says %s", weights);
}

static void judge_agreed(struct judge *judge, struct trial *trial, msec_t at_ms)
{
    static const enum agreement_state states[] = {[EXPECT_AGREED_UP] = AGREED_UP,
                                                  [EXPECT_AGREED_DOWN] = AGREED_DOWN,
                                                  [EXPECT_AGREED_UNDECIDED] = AGREED_UNDECIDED};
    const struct settings *settings = world_settings(judge->world);

    look_up(judge, &trial->expectation->who);
    for (uint32_t s = 0; s < settings->site_count; s++) {
        enum agreement_state agreed;

        if (!judge->sites[s])
            continue;
        agreed = moment_agreed(judge->world, s);
        if (agreed != states[trial->expectation->agreed]) {
            fail(judge, trial, at_ms, "%s is %s%s", settings->sites[s].name,
                 agreed == AGREED_UNDECIDED ? "" : "agreed ", agreement_state_name(agreed));
            return;
        }
    }
    hold(judge, trial);
}

static void judge_refused(struct judge *judge, struct trial *trial, msec_t at_ms)
{
    if (moment_refused(judge->world, trial->expectation->rule))
        hold(judge, trial);
    else
        fail(judge, trial, at_ms, "no probe names this rule");
}

/* What is still open when its window closes, or its moment comes. */
static void close_trial(struct judge *judge, struct trial *trial, msec_t at_ms)
{
    switch (trial->expectation->kind) {
    case EXPECT_SHIFT:
        fail(judge, trial, at_ms, "no batch that changes a weight was accepted");
        break;
    case EXPECT_ALERT:
        fail(judge, trial, at_ms, "no such alert reached anybody");
        break;
    case EXPECT_NEVER_SHIFT:
    case EXPECT_WRITES:
    case EXPECT_NEVER_ALERT:
    case EXPECT_PAGES:
        hold(judge, trial);
        break;
    case EXPECT_WEIGHTS:
        judge_weights(judge, trial, at_ms);
        break;
    case EXPECT_SERVING:
        judge_serving(judge, trial, at_ms);
        break;
    case EXPECT_AGREED:
        judge_agreed(judge, trial, at_ms);
        break;
    case EXPECT_REFUSED:
        judge_refused(judge, trial, at_ms);
        break;
    }
}

msec_t judge_next_ms(const struct judge *judge)
{
    msec_t next_ms = INT64_MAX;

    for (uint32_t i = 0; i < judge->count; i++) {
        const struct trial *trial = &judge->trials[i];

        if (trial->fate == FATE_OPEN && trial->to_ms < next_ms)
            next_ms = trial->to_ms;
    }
    return next_ms;
}

void judge_due(struct judge *judge, msec_t at_ms)
{
    for (uint32_t i = 0; i < judge->count; i++) {
        struct trial *trial = &judge->trials[i];

        if (trial->fate == FATE_OPEN && trial->to_ms <= at_ms)
            close_trial(judge, trial, at_ms);
    }
}

uint32_t judge_held(const struct judge *judge)
{
    return judge->held;
}

uint32_t judge_failures(const struct judge *judge)
{
    return judge->failures;
}
