/* SPDX-License-Identifier: Apache-2.0 */
/* One run: a world is made and settled, actions strike at their times, and three look on: the
 * invariants, the judge of the scenario's expectations, and the stop watch of the first move. */
#include "play.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "course.h"
#include "digest.h"
#include "expect.h"
#include "moment.h"
#include "play_log.h"

struct run {
    const struct play *play;
    struct world *world;
    struct invariants *invariants; /* NULL: without */
    struct judge *judge;
    struct course course;
    struct digest digest;
    struct play_log log;
    struct outcome_report *report;
    bool is_settled; /* what comes before belongs to no expectation */
};

static msec_t since_start(const struct run *run)
{
    return world_now(run->world) - world_origin(run->world);
}

/* ---- what goes wrong ---- */

/* The first thing that goes wrong is explained as it happens: a moment later all may look well. */
static void explain(struct run *run)
{
    struct outcome_report *report = run->report;

    if (report->explain[0] == '\0')
        moment_explain(run->world, report->explain, sizeof(report->explain));
}

static void on_failed(void *context, const struct expectation *expectation, msec_t at_ms,
                      const char *found)
{
    struct run *run = context;
    struct outcome_report *report = run->report;

    play_log_say(&run->log, at_ms, "expect", "FAILED line %u: %s: %s", expectation->line,
                 expectation->text, found);
    if (report->failed != NULL)
        return;
    report->failed = expectation;
    report->failed_ms = at_ms;
    snprintf(report->failed_text, sizeof(report->failed_text), "%s", found);
    explain(run);
}

/* The invariants look before us (they began to watch first), so what they found is news of now. */
static void note_violation(struct run *run)
{
    const struct violation *violation;

    if (run->invariants == NULL || run->report->violated)
        return;
    violation = invariants_violation(run->invariants);
    if (violation == NULL)
        return;
    run->report->violated = true;
    run->report->violation = *violation;
    if (run->is_settled)
        play_log_say(&run->log, since_start(run), "violated", "%s %s", violation->id,
                     violation->text);
    explain(run);
}

/* ---- what happens ---- */

static void on_stepped(void *context, struct world *world, uint32_t probe,
                       const struct event *event, const struct update *update)
{
    struct run *run = context;

    for (uint32_t i = 0; i < update->fact_count; i++)
        digest_fact(&run->digest, probe, &update->facts[i]);
    course_stepped(&run->course, world, probe, event, update);
    if (run->is_settled && run->log.out != NULL)
        play_log_facts(&run->log, since_start(run), world_probe_settings(world, probe), probe,
                       update);
    note_violation(run);
}

static void on_committed(void *context, struct world *world, uint32_t probe,
                         const struct commit *commit, uint64_t revision)
{
    struct run *run = context;

    digest_commit(&run->digest, world_settings(world), probe, commit, revision);
    course_committed(&run->course, world, commit);
    if (run->is_settled)
        play_log_commit(&run->log, since_start(run), world_settings(world), probe, commit);
    note_violation(run);
}

static void on_sent(void *context, struct world *world, uint32_t probe, const struct batch *batch)
{
    (void)world;
    (void)probe;
    (void)batch;
    note_violation(context);
}

static void on_accepted(void *context, struct world *world, uint32_t probe,
                        const struct batch *batch, bool shift, bool late)
{
    struct run *run = context;

    digest_batch(&run->digest, probe, world_now(world), batch);
    course_accepted(&run->course, world, batch, shift);
    if (run->is_settled) {
        play_log_batch(&run->log, since_start(run), world_settings(world), probe, batch, shift,
                       late);
        run->report->writes++;
        run->report->shifts += shift;
        if (shift)
            judge_shift(run->judge, since_start(run));
    }
    note_violation(run);
}

static void on_delivered(void *context, struct world *world, uint32_t probe,
                         const struct alert *alert)
{
    struct run *run = context;

    digest_alert(&run->digest, probe, world_now(world), alert);
    if (run->is_settled) {
        play_log_alert(&run->log, since_start(run), world_settings(world), probe, alert);
        run->report->alerts++;
        run->report->pages += alert->phase == ALERT_OPEN && alert->severity == SEVERITY_PAGE;
        judge_alert(run->judge, since_start(run), alert);
    }
    note_violation(run);
}

static void on_acted(void *context, struct world *world, const struct action *action)
{
    struct run *run = context;

    (void)world;
    if (run->is_settled)
        play_log_action(&run->log, since_start(run), action);
    note_violation(run);
}

/* ---- the play ---- */

static void act(struct run *run, const struct action *action)
{
    char error[PLAY_TEXT_MAX + 1] = "";

    if (world_act(run->world, action, error, sizeof(error)) < 0) {
        fprintf(stderr, "sim: %s\n", error); /* play_check() passed it */
        abort();
    }
}

static void play_on(struct run *run)
{
    const struct scenario *scenario = run->play->scenario;
    msec_t origin_ms = world_origin(run->world);
    uint32_t next = 0;
    msec_t at_ms = 0;

    while (at_ms < scenario->end_ms) {
        msec_t judge_ms = judge_next_ms(run->judge);

        at_ms = judge_ms < scenario->end_ms ? judge_ms : scenario->end_ms;
        if (next < scenario->action_count && scenario->actions[next].at_ms < at_ms)
            at_ms = scenario->actions[next].at_ms;
        world_run(run->world, origin_ms + at_ms);
        for (; next < scenario->action_count && scenario->actions[next].at_ms <= at_ms; next++)
            act(run, &scenario->actions[next]);
        judge_due(run->judge, at_ms);
    }
}

static msec_t relative(msec_t world_ms, msec_t origin_ms)
{
    return world_ms < 0 ? -1 : world_ms - origin_ms;
}

static void fill_report(struct run *run)
{
    struct outcome_report *report = run->report;
    msec_t origin_ms = world_origin(run->world);

    note_violation(run);
    report->violation.at_ms -= origin_ms;
    report->expectations_held = judge_held(run->judge);
    report->expectations_failed = judge_failures(run->judge);
    report->good = !report->violated && report->expectations_failed == 0;
    report->trouble_ms = relative(run->course.trouble_ms, origin_ms);
    report->detected_ms = relative(run->course.detected_ms, origin_ms);
    report->decided_ms = relative(run->course.decided_ms, origin_ms);
    report->accepted_ms = relative(run->course.accepted_ms, origin_ms);
    report->steps = world_steps(run->world);
    report->digest = run->digest.all;
    report->acts_digest = run->digest.acts;
}

static void run_in(struct run *run)
{
    const struct play *play = run->play;
    struct world *world = run->world;
    const struct watcher watcher = {.context = run,
                                    .stepped = on_stepped,
                                    .committed = on_committed,
                                    .sent = on_sent,
                                    .accepted = on_accepted,
                                    .delivered = on_delivered,
                                    .acted = on_acted};

    digest_init(&run->digest);
    play_log_init(&run->log, play->trace, world_settings(world));
    course_init(&run->course, world);
    run->judge = judge_create(world, play->scenario, on_failed, run);
    run->invariants = play->without_invariants ? NULL : invariants_create(world);
    world_watch(world, &watcher);
    world_settle(world);
    run->is_settled = true;
    play_on(run);
    fill_report(run);
    invariants_destroy(run->invariants);
    judge_destroy(run->judge);
    course_clear(&run->course);
}

/* ---- names ---- */

struct checking {
    const struct play *play;
    const struct world *world;
    scenario_complain complain;
    void *context;
    uint32_t complaints;
    bool *sites;
};

static void complain(struct checking *checking, unsigned line, const char *text)
{
    const struct play *play = checking->play;

    checking->complaints++;
    checking->complain(checking->context, play->file != NULL ? play->file : play->scenario->name,
                       line, text);
}

static void check_who(struct checking *checking, unsigned line, const struct who *who)
{
    char error[PLAY_TEXT_MAX + 1] = "";

    if (world_sites(checking->world, who, checking->sites, error, sizeof(error)) < 0)
        complain(checking, line, error);
}

static void check_expectation(struct checking *checking, const struct expectation *e)
{
    if (e->kind == EXPECT_SERVING || e->kind == EXPECT_AGREED)
        check_who(checking, e->line, &e->who);
    for (uint32_t i = 0; e->kind == EXPECT_WEIGHTS && i < e->weight_count; i++)
        check_who(checking, e->line, &e->weights[i].who);
}

/* An `every` was unrolled into many actions of one line: complained of once. */
static void check_actions(struct checking *checking)
{
    const struct scenario *scenario = checking->play->scenario;
    char error[PLAY_TEXT_MAX + 1] = "";
    unsigned last_line = 0;
    bool *is_said;

    for (uint32_t i = 0; i < scenario->action_count; i++)
        last_line = scenario->actions[i].line > last_line ? scenario->actions[i].line : last_line;
    is_said = calloc(last_line + 1, sizeof(*is_said));
    assert(is_said != NULL);
    for (uint32_t i = 0; i < scenario->action_count; i++) {
        const struct action *action = &scenario->actions[i];

        if ((action->line != 0 && is_said[action->line]) ||
            world_can_act(checking->world, action, error, sizeof(error)) == 0)
            continue;
        is_said[action->line] = true;
        complain(checking, action->line, error);
    }
    free(is_said);
}

static int check_in(const struct play *play, const struct world *world, scenario_complain say,
                    void *context)
{
    struct checking checking = {.play = play, .world = world, .complain = say, .context = context};
    const struct scenario *scenario = play->scenario;

    check_actions(&checking);
    checking.sites = calloc(world_settings(world)->site_count, sizeof(*checking.sites));
    assert(checking.sites != NULL);
    for (uint32_t i = 0; i < scenario->expectation_count; i++)
        check_expectation(&checking, &scenario->expectations[i]);
    free(checking.sites);
    return checking.complaints == 0 ? 0 : -1;
}

int play_check(const struct play *play, scenario_complain say, void *context)
{
    struct world *world = world_make(play->cast, play->seed);
    int rc = check_in(play, world, say, context);

    world_destroy(world);
    return rc;
}

/* ---- the whole ---- */

struct first_complaint {
    char *error;
    size_t size;
};

static void keep_first(void *context, const char *file, unsigned line, const char *text)
{
    struct first_complaint *first = context;

    if (first->error[0] == '\0')
        snprintf(first->error, first->size, "%s:%u: %s", file, line, text);
}

int play_run(const struct play *play, struct outcome_report *ret_report, char *error,
             size_t error_size)
{
    struct first_complaint first = {error, error_size};
    struct run run = {.play = play, .report = ret_report};

    error[0] = '\0';
    run.world = world_make(play->cast, play->seed);
    if (check_in(play, run.world, keep_first, &first) < 0) {
        world_destroy(run.world);
        return -1;
    }
    *ret_report = (struct outcome_report){.violation = {.probe = NONE}};
    run_in(&run);
    world_destroy(run.world);
    return 0;
}
