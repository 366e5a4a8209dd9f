/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_runs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HOUR_MS = 3600000, FAULTS_PER_HOUR_MS = 1200000, PATH_LENGTH = 512, SHIPPED = 2 };

#define FAILURES_FOLDER "check-sim-failures"

const char *const sim_mode_names[SIM_MODE_COUNT] = {
    [SIM_ALL] = "all", [SIM_SAFETY] = "safety", [SIM_LIVENESS] = "liveness", [SIM_PAIRS] = "pairs"};

/* A settings file's text. */
struct sim_text {
    char name[PATH_LENGTH];
    char *text;
    size_t length;
};

struct sim_runs {
    struct sim_options options;
    struct sim_tally *tally;
    struct sim_text shipped[SHIPPED];
    struct sim_text random;
    struct outcome_report report;
    struct outcome_report second; /* of a pair */
};

/* One run of a seed, and where to tell of it. */
struct sim_run {
    struct sim_runs *runs;
    enum sim_mode mode; /* for the line that repeats it */
    uint64_t seed;
    const struct sim_text *settings;
    struct cast *cast;
    struct scenario *scenario;
    FILE *out;
};

/* ---- settings ---- */

static int read_text(struct sim_text *text)
{
    FILE *file = fopen(text->name, "r");
    long size = 0;
    int rc = -1;

    if (file == NULL || fseek(file, 0, SEEK_END) < 0 || (size = ftell(file)) < 0 ||
        fseek(file, 0, SEEK_SET) < 0)
        goto out;
    text->text = malloc((size_t)size + 1);
    if (text->text == NULL)
        goto out;
    text->length = fread(text->text, 1, (size_t)size, file);
    rc = text->length == (size_t)size ? 0 : -1;
out:
    if (rc < 0)
        fprintf(stderr, "check-sim: %s: %s\n", text->name, strerror(errno));
    if (file != NULL)
        fclose(file);
    return rc;
}

struct sim_runs *sim_runs_create(const struct sim_options *options, struct sim_tally *tally)
{
    static const char *const names[SHIPPED] = {"jwt-pizza.conf", "jwt-pizza-five.conf"};
    struct sim_runs *runs = calloc(1, sizeof(*runs));

    if (runs == NULL)
        return NULL;
    runs->options = *options;
    runs->tally = tally;
    for (uint32_t i = 0; i < SHIPPED; i++) {
        snprintf(runs->shipped[i].name, PATH_LENGTH, "%s/config/%s", options->source, names[i]);
        if (read_text(&runs->shipped[i]) < 0) {
            sim_runs_destroy(runs);
            return NULL;
        }
    }
    snprintf(runs->random.name, PATH_LENGTH, "random settings");
    runs->random.text = malloc(SWARM_SETTINGS_MAX);
    if (runs->random.text == NULL) {
        sim_runs_destroy(runs);
        return NULL;
    }
    return runs;
}

void sim_runs_destroy(struct sim_runs *runs)
{
    if (runs == NULL)
        return;
    for (uint32_t i = 0; i < SHIPPED; i++)
        free(runs->shipped[i].text);
    free(runs->random.text);
    free(runs);
}

/* Half of the seeds play under settings of their own, a quarter under each of the shipped ones. */
static const struct sim_text *settings_of(struct sim_runs *runs, uint64_t seed)
{
    if (seed % 4 < SHIPPED)
        return &runs->shipped[seed % 4];
    runs->random.length = swarm_settings(seed, runs->random.text, SWARM_SETTINGS_MAX);
    return &runs->random;
}

/* The cast of a run: these settings with the scenario's `set` lines; NULL for none yet. */
static struct cast *make_cast(const struct sim_text *settings, const struct scenario *scenario,
                              FILE *out)
{
    struct settings_change changes[SCENARIO_SETS_MAX];
    uint32_t count = scenario == NULL ? 0 : scenario->set_count;
    char error[SCENARIO_ERROR_SIZE] = "";
    struct cast *cast = NULL;

    for (uint32_t i = 0; i < count; i++)
        changes[i] = (struct settings_change){scenario->sets[i].path, scenario->sets[i].value};
    if (cast_create(settings->text, settings->length, settings->name, changes, count, error,
                    sizeof(error), &cast) < 0)
        fprintf(out, "FAILED %s\n", error);
    return cast;
}

/* ---- a failure ---- */

static void write_settings(const struct sim_run *run, FILE *out)
{
    fwrite(run->settings->text, 1, run->settings->length, out);
}

/* Opens FOLDER/NAME.conf or .scn; NULL: told. */
static FILE *open_kept(const struct sim_run *run, const char *name, const char *suffix,
                       char path[PATH_LENGTH])
{
    FILE *file;

    snprintf(path, PATH_LENGTH, FAILURES_FOLDER "/%s%s", name, suffix);
    file = fopen(path, "w");
    if (file == NULL)
        fprintf(run->out, "not kept: %s: %s\n", path, strerror(errno));
    return file;
}

/* Whether all of it is in the file; half a scenario would play as another one, so it goes. */
static bool close_kept(const struct sim_run *run, FILE *file, const char *path)
{
    bool is_whole = ferror(file) == 0;

    if (fclose(file) != 0)
        is_whole = false;
    if (!is_whole) {
        fprintf(run->out, "not kept: %s: could not be written to its end\n", path);
        unlink(path);
    }
    return is_whole;
}

/* A pair of files that plays again by itself. */
static void keep(const struct sim_run *run, const struct scenario *scenario)
{
    char path[PATH_LENGTH];
    FILE *file;

    if (mkdir(FAILURES_FOLDER, 0777) < 0 && errno != EEXIST) {
        fprintf(run->out, "not kept: " FAILURES_FOLDER ": %s\n", strerror(errno));
        return;
    }
    file = open_kept(run, scenario->name, ".conf", path);
    if (file == NULL)
        return;
    write_settings(run, file);
    if (!close_kept(run, file, path))
        return;
    file = open_kept(run, scenario->name, ".scn", path);
    if (file == NULL)
        return;
    scenario_write(scenario, file);
    if (close_kept(run, file, path))
        fprintf(run->out, "kept: %s, and .conf; play it: make check-sim PLAY=$PWD/%s\n", path,
                path);
}

static void tell_what(const struct outcome_report *report, FILE *out)
{
    if (report->violated)
        fprintf(out, "%s at %.3f s: %s\n", report->violation.id,
                (double)report->violation.at_ms / 1000, report->violation.text);
    else if (report->failed != NULL)
        fprintf(out, "at %.3f s: %s: %s\n", (double)report->failed_ms / 1000, report->failed->text,
                report->failed_text);
}

static void tell_how_to_repeat(const struct sim_run *run)
{
    const struct sim_options *options = &run->runs->options;

    fprintf(run->out, "repeat: make check-sim SEEDS=%" PRIu64 " MODE=%s HOURS=%" PRIu32 "\n\n",
            run->seed, sim_mode_names[run->mode], options->hours);
    atomic_fetch_add(&run->runs->tally->failures, 1);
}

static void tell_head(const struct sim_run *run)
{
    fprintf(run->out, "FAILED seed %" PRIu64 " commit %s %s under %s: ", run->seed,
            run->runs->options.commit, run->scenario->name, run->settings->name);
}

static void tell_failure(const struct sim_run *run, const struct outcome_report *report)
{
    struct play play = {.cast = run->cast, .seed = run->seed, .scenario = run->scenario};
    struct scenario *small = swarm_shrink(&play, report);

    tell_head(run);
    tell_what(report, run->out);
    fprintf(run->out, "---- %" PRIu32 " of %" PRIu32 " actions are enough ----\n",
            small->action_count, run->scenario->action_count);
    scenario_write(small, run->out);
    fprintf(run->out, "---- explain, at that moment ----\n%s\n", report->explain);
    if (run->settings == &run->runs->random) {
        fprintf(run->out, "---- settings ----\n");
        write_settings(run, run->out);
    }
    keep(run, small);
    tell_how_to_repeat(run);
    scenario_destroy(small);
}

/* ---- one run ---- */

static void count(const struct sim_run *run, const struct outcome_report *report)
{
    struct sim_tally *tally = run->runs->tally;

    atomic_fetch_add(&tally->runs[run->mode], 1);
    atomic_fetch_add(&tally->simulated_s, (uint64_t)run->scenario->end_ms / 1000);
    atomic_fetch_add(&tally->steps, report->steps);
    atomic_fetch_add(&tally->moves, report->shifts);
}

/* Plays run->scenario; false when it could not be played or did not hold, which is told. */
static bool play(const struct sim_run *run, struct outcome_report *report)
{
    struct play play = {.cast = run->cast, .seed = run->seed, .scenario = run->scenario};
    char error[SCENARIO_ERROR_SIZE] = "";

    if (play_run(&play, report, error, sizeof(error)) < 0) {
        tell_head(run);
        fprintf(run->out, "%s\n", error);
        tell_how_to_repeat(run);
        return false;
    }
    count(run, report);
    if (!report->good)
        tell_failure(run, report);
    return report->good;
}

/* Draws a run, and makes its cast, again if it changes a setting. */
static bool prepare(struct sim_run *run, enum swarm_mode mode, msec_t length_ms)
{
    run->settings = settings_of(run->runs, run->seed);
    run->cast = make_cast(run->settings, NULL, run->out);
    if (run->cast == NULL) {
        tell_how_to_repeat(run);
        return false;
    }
    run->scenario = swarm_scenario(run->cast, run->seed, length_ms, mode);
    if (run->scenario->set_count == 0)
        return true;
    cast_destroy(run->cast);
    run->cast = make_cast(run->settings, run->scenario, run->out);
    if (run->cast == NULL)
        tell_how_to_repeat(run);
    return run->cast != NULL;
}

static void finish(struct sim_run *run)
{
    scenario_destroy(run->scenario);
    cast_destroy(run->cast);
    run->scenario = NULL;
    run->cast = NULL;
}

static void play_safety(struct sim_run *run)
{
    run->mode = SIM_SAFETY;
    if (prepare(run, SWARM_SAFETY, (msec_t)run->runs->options.hours * HOUR_MS))
        play(run, &run->runs->report);
    finish(run);
}

static void play_liveness(struct sim_run *run)
{
    run->mode = SIM_LIVENESS;
    if (prepare(run, SWARM_LIVENESS, (msec_t)run->runs->options.hours * FAULTS_PER_HOUR_MS))
        play(run, &run->runs->report);
    finish(run);
}

/* ---- pairs ---- */

static void tell_difference(const struct sim_run *run, const char *invariant, const char *text,
                            const struct scenario *more)
{
    tell_head(run);
    fprintf(run->out, "%s: %s\n", invariant, text);
    keep(run, run->scenario);
    if (more != NULL)
        keep(run, more);
    tell_how_to_repeat(run);
}

/* Plays the same run with more in it; returns what was played, or NULL when that failed. */
static struct scenario *play_more(struct sim_run *run, enum swarm_extra extra)
{
    struct sim_run more = *run;

    more.scenario = swarm_more(run->cast, run->scenario, run->seed, extra);
    if (play(&more, &run->runs->second))
        return more.scenario;
    scenario_destroy(more.scenario);
    return NULL;
}

/* S-16, S-17: what moves nothing (and says so itself: `never shift`) moves nothing with store
 * faults, or with abstentions, either. */
static void pair_quiet(struct sim_run *run, enum swarm_extra extra)
{
    if (prepare(run, SWARM_QUIET, (msec_t)run->runs->options.hours * HOUR_MS) &&
        play(run, &run->runs->report))
        scenario_destroy(play_more(run, extra));
    finish(run);
}

/* Two groups or zones, or services that move by themselves, may change places; and without a dwell
 * the steps of a failback follow one another so fast that a batch takes several. */
static bool acts_in_one_order(const struct settings *settings)
{
    return settings->groups[0].dwell_ms > 0 && settings->group_count == 1 &&
           settings->zone_count == 1 &&
           (settings->groups[0].together || settings->groups[0].service_count == 1);
}

/* S-18, S-19: the same is done, in the same order. */
static void pair_plain(struct sim_run *run, enum swarm_extra extra)
{
    bool ready = prepare(run, SWARM_PLAIN, HOUR_MS);
    struct scenario *more = NULL;

    if (ready && acts_in_one_order(run->cast->settings[0]) && play(run, &run->runs->report))
        more = play_more(run, extra);
    if (more != NULL && run->runs->report.acts_digest != run->runs->second.acts_digest)
        tell_difference(run, extra == SWARM_CLOCKS ? "S-19" : "S-18",
                        extra == SWARM_CLOCKS
                            ? "wrong wall clocks changed what was decided or written"
                            : "notifications that come twice, late and out of order changed what "
                              "was decided or written",
                        more);
    scenario_destroy(more);
    finish(run);
}

/* S-21: the same bytes. */
static void pair_again(struct sim_run *run)
{
    if (prepare(run, SWARM_SAFETY, HOUR_MS / 2) && play(run, &run->runs->report) &&
        play(run, &run->runs->second) && run->runs->report.digest != run->runs->second.digest)
        tell_difference(run, "S-21", "the same seed played twice differs", NULL);
    finish(run);
}

static void play_pair(struct sim_run *run, uint32_t which)
{
    run->mode = SIM_PAIRS;
    switch (which) {
    case 0:
        pair_quiet(run, SWARM_STORE_FAULTS);
        break;
    case 1:
        pair_quiet(run, SWARM_ABSTENTIONS);
        break;
    case 2:
        pair_plain(run, SWARM_NOTICES);
        break;
    case 3:
        pair_plain(run, SWARM_CLOCKS);
        break;
    default:
        pair_again(run);
        break;
    }
}

/* All together: a safety run each, a liveness run every second, a pair every fifth. */
void sim_runs_seed(struct sim_runs *runs, uint64_t seed, FILE *out)
{
    struct sim_run run = {.runs = runs, .seed = seed, .out = out};
    enum sim_mode mode = runs->options.mode;

    if (mode == SIM_ALL || mode == SIM_SAFETY)
        play_safety(&run);
    if (mode == SIM_LIVENESS || (mode == SIM_ALL && seed % 2 == 0))
        play_liveness(&run);
    if (mode == SIM_ALL && seed % 5 == 0)
        play_pair(&run, (uint32_t)(seed / 5 % 5));
    for (uint32_t i = 0; mode == SIM_PAIRS && i < 5; i++)
        play_pair(&run, i);
}

/* ---- files ---- */

static void complain(void *context, const char *file, unsigned line, const char *text)
{
    fprintf(context, "%s:%u: %s\n", file, line, text);
}

static uint64_t seed_of(const char *name)
{
    const char *dash = strrchr(name, '-');

    return dash == NULL ? 1 : strtoull(dash + 1, NULL, 10);
}

bool sim_runs_file(struct sim_runs *runs, const char *path, FILE *out, FILE *trace)
{
    struct sim_text settings = {.text = NULL};
    struct scenario *scenario = NULL;
    struct cast *cast = NULL;
    struct play play = {.trace = trace};
    char error[SCENARIO_ERROR_SIZE] = "";
    size_t stem = strlen(path) > 4 ? strlen(path) - 4 : 0;
    bool good = false;

    snprintf(settings.name, sizeof(settings.name), "%.*s.conf", (int)stem, path);
    if (read_text(&settings) < 0 || scenario_load(path, complain, out, &scenario) < 0)
        goto out;
    cast = make_cast(&settings, scenario, out);
    if (cast == NULL)
        goto out;
    play.cast = cast;
    play.scenario = scenario;
    play.seed = seed_of(scenario->name);
    if (play_run(&play, &runs->report, error, sizeof(error)) < 0) {
        fprintf(out, "FAILED %s\n", error);
        goto out;
    }
    good = runs->report.good;
    if (!good) {
        fprintf(out, "FAILED %s commit %s: ", path, runs->options.commit);
        tell_what(&runs->report, out);
        fprintf(out, "%s\nrepeat: make check-sim PLAY=%s TRACE=1\n\n", runs->report.explain, path);
    }
out:
    free(settings.text);
    scenario_destroy(scenario);
    cast_destroy(cast);
    return good;
}
