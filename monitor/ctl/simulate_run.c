/* SPDX-License-Identifier: Apache-2.0 */
/* Plays scenarios and random hours, one after another. Ctrl-C ends after the run that is being
 * played; a second one ends at once. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "render.h"
#include "simulate.h"

static volatile sig_atomic_t ctrl_c;

static void on_interrupt(int number)
{
    (void)number;
    ctrl_c = 1;
}

static void listen_to_ctrl_c(void)
{
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};

    sigaction(SIGINT, &action, NULL);
}

/* ---- progress ---- */

enum { PROGRESS_STEP = 10 };

void simulate_progress(const char *format, ...)
{
    va_list args;

    if (!isatty(STDERR_FILENO))
        return;
    fputs("\r\033[K", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fflush(stderr);
}

/* ---- casts ---- */

/* Set lines as one text, to be compared. */
static char *sets_text(const struct scenario *scenario)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = must(open_memstream(&text, &length));

    for (uint32_t i = 0; scenario != NULL && i < scenario->set_count; i++)
        fprintf(out, "%s %s\n", scenario->sets[i].path, scenario->sets[i].value);
    fclose(out);
    return must(text);
}

/* With the first `count` of the scenario's set lines. */
static void make_cast(const struct simulation *simulation, const struct scenario *scenario,
                      uint32_t count, struct cast_of_sets *made)
{
    struct settings_change changes[SCENARIO_SETS_MAX];

    for (uint32_t i = 0; i < count; i++)
        changes[i] = (struct settings_change){scenario->sets[i].path, scenario->sets[i].value};
    if (cast_create(simulation->text, simulation->length, simulation->file, changes, count,
                    made->error, sizeof(made->error), &made->cast) < 0)
        made->cast = NULL;
}

static const struct cast_of_sets *cast_for(struct simulation *simulation,
                                           const struct scenario *scenario)
{
    char *sets = sets_text(scenario);
    struct cast_of_sets *made;

    for (size_t i = 0; i < simulation->cast_count; i++) {
        if (strcmp(simulation->casts[i].sets, sets) == 0) {
            free(sets);
            return &simulation->casts[i];
        }
    }
    simulation->casts =
        must(reallocarray(simulation->casts, simulation->cast_count + 1, sizeof(*made)));
    made = &simulation->casts[simulation->cast_count++];
    *made = (struct cast_of_sets){.sets = sets};
    make_cast(simulation, scenario, scenario != NULL ? scenario->set_count : 0, made);
    return made;
}

/* The set line with which the settings are not allowed any more: the one after the longest
 * beginning that is. */
static unsigned guilty_line(const struct simulation *simulation, const struct scenario *scenario)
{
    uint32_t count = scenario->set_count;
    bool good = false;

    while (!good && --count > 0) {
        struct cast_of_sets tried = {.cast = NULL};

        make_cast(simulation, scenario, count, &tried);
        good = tried.cast != NULL;
        cast_destroy(tried.cast);
    }
    return scenario->sets[count].line;
}

int simulate_make_cast(struct simulation *simulation)
{
    const struct cast_of_sets *made = cast_for(simulation, NULL);

    if (made->cast != NULL)
        return 0;
    fprintf(stderr, "%s\n", made->error);
    return CODE_USAGE;
}

/* ---- scenarios ---- */

static FILE *trace_of(const struct simulation *simulation, const char *title, const char *about)
{
    if (!simulation->arguments->trace)
        return NULL;
    printf("# %s%s", title, about[0] != '\0' ? ": " : "");
    render_text(stdout, about);
    printf("\n");
    return stdout;
}

/* A name that means nothing: what was asked for is wrong; what is only shipped is passed over. */
struct misfit {
    struct scenario_run *run;
    bool is_asked;
};

static void on_misfit(void *context, const char *file, unsigned line, const char *text)
{
    struct misfit *misfit = context;
    struct scenario_run *run = misfit->run;

    run->fate = RUN_SKIPPED;
    if (misfit->is_asked)
        fprintf(stderr, "%s:%u: %s\n", file, line, text);
    if (run->skipped[0] == '\0')
        snprintf(run->skipped, sizeof(run->skipped), "line %u: %s", line, text);
}

static struct play play_of(const struct simulation *simulation, const struct scenario_run *run,
                           const struct cast *cast)
{
    return (struct play){.cast = cast,
                         .seed = (uint64_t)simulation->arguments->seed,
                         .scenario = run->scenario,
                         .file = run->file};
}

/* Before anything is played. */
static int check(struct simulation *simulation, struct scenario_run *run)
{
    const struct cast_of_sets *made = cast_for(simulation, run->scenario);
    struct misfit misfit = {run, simulation->arguments->scenario_count > 0};
    struct play play = play_of(simulation, run, made->cast);
    char text[RUN_TEXT_MAX + 1];

    if (made->cast == NULL) {
        snprintf(text, sizeof(text), "with these settings changed: %.900s", made->error);
        on_misfit(&misfit, run->file, guilty_line(simulation, run->scenario), text);
    } else {
        play_check(&play, on_misfit, &misfit);
    }
    return misfit.is_asked && run->fate == RUN_SKIPPED ? CODE_USAGE : 0;
}

static void play_scenario(struct simulation *simulation, struct scenario_run *run)
{
    struct play play = play_of(simulation, run, cast_for(simulation, run->scenario)->cast);

    play.trace = trace_of(simulation, run->scenario->name, run->scenario->about);
    if (play_run(&play, &run->report, run->skipped, sizeof(run->skipped)) < 0)
        abort(); /* check() has passed it */
    run->fate = run->report.violated ? RUN_VIOLATED : run->report.good ? RUN_HELD : RUN_FAILED;
}

static int play_scenarios(struct simulation *simulation)
{
    int code = 0;

    for (size_t i = 0; i < simulation->run_count; i++) {
        if (check(simulation, simulation->runs[i]) != 0)
            code = CODE_USAGE;
    }
    for (size_t i = 0; i < simulation->run_count && code == 0 && !ctrl_c; i++) {
        struct scenario_run *run = simulation->runs[i];

        simulate_progress("scenario %zu of %zu: %s", i + 1, simulation->run_count,
                          run->scenario->name);
        if (run->fate != RUN_SKIPPED)
            play_scenario(simulation, run);
    }
    return code;
}

/* ---- random hours ---- */

static void keep_failure(struct simulation *simulation, const struct play *play,
                         struct scenario *scenario, const struct outcome_report *report)
{
    struct random_failure *failure;

    simulation->failures++;
    if (simulation->failed_count == FAILURES_KEPT) {
        scenario_destroy(scenario);
        return;
    }
    failure = must(calloc(1, sizeof(*failure)));
    *failure = (struct random_failure){.seed = play->seed, .scenario = scenario, .report = *report};
    if (simulation->failed_count < FAILURES_SHRUNK) {
        struct play quiet = *play;

        simulate_progress("seed %" PRIu64 " failed: making it small", play->seed);
        quiet.trace = NULL;
        failure->shrunk = swarm_shrink(&quiet, report);
    }
    simulation->failed[simulation->failed_count++] = failure;
}

static void play_random(struct simulation *simulation, const struct cast *cast, uint64_t seed)
{
    struct scenario *scenario = swarm_scenario(cast, seed, RANDOM_LENGTH_MS, SWARM_SAFETY);
    struct play play = {.cast = cast, .seed = seed, .scenario = scenario};
    struct outcome_report report;
    char error[RUN_TEXT_MAX + 1];

    play.trace = trace_of(simulation, scenario->name, "");
    if (play_run(&play, &report, error, sizeof(error)) < 0) {
        fprintf(stderr, "regionshift: seed %" PRIu64 ": %s\n", seed, error);
        abort(); /* a random run is drawn from these very settings */
    }
    simulation->seeds_done++;
    simulation->steps += report.steps;
    simulation->shifts += report.shifts;
    simulation->pages += report.pages;
    if (report.good)
        scenario_destroy(scenario);
    else
        keep_failure(simulation, &play, scenario, &report);
}

static void play_randoms(struct simulation *simulation)
{
    const struct cast *cast = cast_for(simulation, NULL)->cast;

    for (int64_t i = 0; i < simulation->seeds && !ctrl_c; i++) {
        if (i % PROGRESS_STEP == 0)
            simulate_progress("random hour %" PRId64 " of %" PRId64 ", %" PRId64 " failed", i + 1,
                              simulation->seeds, simulation->failures);
        play_random(simulation, cast, (uint64_t)(simulation->arguments->seed + i));
    }
}

/* ---- the whole ---- */

int simulate_all(struct simulation *simulation)
{
    int code;

    listen_to_ctrl_c();
    code = play_scenarios(simulation);
    if (code == 0)
        play_randoms(simulation);
    simulate_progress("%s", "");
    simulation->interrupted = ctrl_c != 0;
    return code;
}

bool simulate_is_good(const struct simulation *simulation)
{
    if (simulation->failures > 0 || simulation->interrupted)
        return false;
    for (size_t i = 0; i < simulation->run_count; i++) {
        enum run_fate fate = simulation->runs[i]->fate;

        if (fate == RUN_FAILED || fate == RUN_VIOLATED)
            return false;
    }
    return true;
}

void simulate_clear(struct simulation *simulation)
{
    for (size_t i = 0; i < simulation->cast_count; i++) {
        cast_destroy(simulation->casts[i].cast);
        free(simulation->casts[i].sets);
    }
    free(simulation->casts);
    for (size_t i = 0; i < simulation->failed_count; i++) {
        scenario_destroy(simulation->failed[i]->scenario);
        scenario_destroy(simulation->failed[i]->shrunk);
        free(simulation->failed[i]);
    }
    scenarios_clear(simulation);
    free(simulation->text);
}
