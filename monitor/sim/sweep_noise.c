/* SPDX-License-Identifier: Apache-2.0 */
/* sweep_noise.c: the tables of the rule itself. Each is shown for the textbook's rule, as
 * published, and for ours, so that a reader who knows the one sees what the other buys.
 *
 * The textbook's rule is our verdict machine read differently: a vote is down from `fall` bad
 * results until `rise` good ones (recovering counts as down). For grey failure its vote is cast by
 * the last of three bad results in a row and lives 30 s, three intervals, whatever comes then. */
#include <stdlib.h>
#include <string.h>

#include "cascade.h"
#include "dice.h"
#include "noise.h"
#include "sweep_state.h"

enum {
    INTERVAL_S = 10,
    GREY_PROBES = 5,
    GREY_QUORUM = 3,
    VOTE_STEPS = 3,   /* 30 s */
    STEPS_MAX = 4000, /* 40,000 s: "never" */
    TEXTBOOK_RUNS = 4000,
    OWN_RUNS = 100,
    OWN_LIMIT_MS = 40000000,
    TEXT_MAX = 4096,
    DICE_TEXTBOOK = 1002
};

static const double rate_losses[NOISE_COLUMNS_MAX] = {0.01, 0.05, 0.10, 0.20, 0.30};
static const uint32_t grey_losses[NOISE_COLUMNS_MAX] = {20, 30, 50, 70, 100};

/* One row: a quorum, and the results in a row that make and clear a vote. With fall 1, one good
 * result clears it. */
static const struct {
    uint32_t probes;
    uint32_t quorum;
    uint32_t fall;
    uint32_t clear;
} electorates[] = {{1, 1, 3, 3}, {3, 2, 3, 3}, {5, 3, 1, 1}, {5, 3, 3, 3}, {7, 4, 3, 3}};

/* ---- settings to ask the engine with ---- */

static size_t settings_text(uint32_t probes, uint32_t quorum, uint32_t fall, const char *window,
                            char out[TEXT_MAX])
{
    size_t used = (size_t)snprintf(out, TEXT_MAX,
                                   "probe = { references = ( \"dns:192.0.2.53\" ); };\n"
                                   "checks = { interval = 10; timeout = 3; retry = 1; fall = %u; "
                                   "rise = 2;%s };\n"
                                   "quorum = { down = %u; up = %u; probes = (\n",
                                   fall, window, quorum, quorum);

    for (uint32_t i = 0; i < probes && used < TEXT_MAX; i++)
        used += (size_t)snprintf(out + used, TEXT_MAX - used,
                                 "  { name = \"p%u\"; vantage = \"noise/place%u\"; }%s\n", i + 1,
                                 i + 1, i + 1 < probes ? "," : " ); };");
    if (used < TEXT_MAX)
        used += (size_t)snprintf(
            out + used, TEXT_MAX - used,
            "services = ( { name = \"web\"; zone = \"Z1\"; record = \"web.example.com\";\n"
            "  sites = ( { region = \"east\"; weight = 100; value = \"192.0.2.1\";\n"
            "              checks = ( { url = \"http://east.example.com/\"; } ); },\n"
            "            { region = \"west\"; weight = 0; value = \"192.0.2.2\";\n"
            "              checks = ( { url = \"http://west.example.com/\"; } ); } ); } );\n"
            "groups = ( { name = \"web\"; services = [ \"web\" ]; order = [ \"east\", \"west\" ];\n"
            "             hold = \"1h\"; } );\n");
    return used < TEXT_MAX ? used : TEXT_MAX - 1;
}

int sweep_rule_cast(uint32_t probes, uint32_t quorum, uint32_t fall, const char *window,
                    const struct settings_change *changes, uint32_t change_count, char *error,
                    size_t error_size, struct cast **ret_cast)
{
    char text[TEXT_MAX];
    size_t length = settings_text(probes, quorum, fall, window, text);

    return cast_create(text, length, "noise", changes, change_count, error, error_size, ret_cast);
}

/* ---- false agreements a year ---- */

static struct noise_line *add_line(struct noise_line *lines, uint32_t *count)
{
    struct noise_line *line = &lines[(*count)++];

    for (uint32_t i = 0; i < NOISE_COLUMNS_MAX; i++)
        line->values[i] = line->p90[i] = -1;
    return line;
}

static int textbook_rates(struct sweep *sweep, uint32_t row)
{
    static const bool held[VERDICT_STATE_COUNT] = {
        [VERDICT_DOWN] = true, [VERDICT_RECOVERING] = true};
    struct verdict_rule rule = {.fall = electorates[row].fall, .rise = electorates[row].clear};
    struct noise_line *line = add_line(sweep->rates, &sweep->rate_count);
    struct chain chain;

    snprintf(line->label, sizeof(line->label), "%u/%u k=%u  textbook", electorates[row].probes,
             electorates[row].quorum, electorates[row].fall);
    if (chain_make(&rule, &chain) < 0)
        return -1;
    for (uint32_t i = 0; i < NOISE_COLUMNS_MAX; i++)
        line->values[i] =
            noise_independent(&chain, electorates[row].probes, electorates[row].quorum, INTERVAL_S,
                              rate_losses[i], held);
    return 0;
}

/* With hold 0, and with the default. */
static int own_rates(struct sweep *sweep, uint32_t row, char *error, size_t error_size)
{
    static const msec_t holds_ms[] = {0, 30000};
    static const char *const names[] = {"ours", "ours, hold 30"};
    struct noise_line *lines[2];
    struct cast *cast = NULL;

    if (sweep_rule_cast(electorates[row].probes, electorates[row].quorum, electorates[row].fall, "",
                        NULL, 0, error, error_size, &cast) < 0)
        return -1;
    for (uint32_t h = 0; h < 2; h++) {
        lines[h] = add_line(sweep->rates, &sweep->rate_count);
        snprintf(lines[h]->label, sizeof(lines[h]->label), "         %s", names[h]);
    }
    for (uint32_t i = 0; i < NOISE_COLUMNS_MAX; i++) {
        double rates[2];
        if (noise_quorum(cast->settings[0], false, 0, rate_losses[i], holds_ms, 2, rates) < 0)
            continue;
        lines[0]->values[i] = rates[0];
        lines[1]->values[i] = rates[1];
    }
    cast_destroy(cast);
    return 0;
}

/* ---- grey failure: seconds until the quorum sees it ---- */

struct voter {
    struct verdict verdict;
    uint32_t age; /* steps since it was last down; VOTE_STEPS and more: its vote is gone */
};

/* Five probes in step; the published table was made so. */
static msec_t textbook_run(const struct verdict_rule *rule, uint32_t vote_steps, uint32_t loss,
                           struct dice *dice)
{
    struct voter voters[GREY_PROBES];

    for (uint32_t i = 0; i < GREY_PROBES; i++) {
        verdict_init(&voters[i].verdict, 0);
        for (uint32_t j = 0; j < VERDICT_WINDOW_MAX; j++)
            verdict_apply(&voters[i].verdict, rule, RESULT_GOOD, FAILURE_NONE, 0);
        voters[i].age = vote_steps;
    }
    for (uint32_t step = 1; step <= STEPS_MAX; step++) {
        uint32_t down = 0;
        for (uint32_t i = 0; i < GREY_PROBES; i++) {
            struct voter *voter = &voters[i];
            bool bad = dice_below(dice, 100) < loss;
            verdict_apply(&voter->verdict, rule, bad ? RESULT_BAD : RESULT_GOOD,
                          bad ? FAILURE_TIMEOUT : FAILURE_NONE, 0);
            voter->age = voter->verdict.state == VERDICT_DOWN ? 0 : voter->age + 1;
            down += voter->age < vote_steps;
        }
        if (down >= GREY_QUORUM)
            return (msec_t)step * INTERVAL_S * 1000;
    }
    return (msec_t)STEPS_MAX * INTERVAL_S * 1000;
}

static void take_times(struct noise_line *line, uint32_t column, msec_t *times, uint32_t count,
                       msec_t limit_ms)
{
    struct sweep_times of = sweep_times_of(times, count);

    line->values[column] = of.median_ms < limit_ms ? (double)of.median_ms / 1000 : -1;
    line->p90[column] = of.p90_ms < limit_ms ? (double)of.p90_ms / 1000 : -1;
}

static int textbook_grey(struct sweep *sweep, const char *label, const struct verdict_rule *rule,
                         uint32_t vote_steps, uint64_t seed)
{
    struct noise_line *line = add_line(sweep->grey, &sweep->grey_count);
    struct dice dice = dice_create(seed, DICE_TEXTBOOK, vote_steps);
    msec_t *times = calloc(TEXTBOOK_RUNS, sizeof(*times));

    snprintf(line->label, sizeof(line->label), "%s", label);
    if (times == NULL)
        return -1;
    for (uint32_t i = 0; i < NOISE_COLUMNS_MAX; i++) {
        for (uint32_t run = 0; run < TEXTBOOK_RUNS; run++)
            times[run] = textbook_run(rule, vote_steps, grey_losses[i], &dice);
        take_times(line, i, times, TEXTBOOK_RUNS, (msec_t)STEPS_MAX * INTERVAL_S * 1000);
    }
    free(times);
    return 0;
}

static int own_grey(struct sweep *sweep, const char *label, const char *window, uint64_t seed,
                    char *error, size_t error_size)
{
    struct noise_line *line = add_line(sweep->grey, &sweep->grey_count);
    msec_t times[OWN_RUNS];
    struct cast *cast = NULL;

    snprintf(line->label, sizeof(line->label), "%s", label);
    if (sweep_rule_cast(GREY_PROBES, GREY_QUORUM, 3, window, NULL, 0, error, error_size, &cast) < 0)
        return -1;
    for (uint32_t i = 0; i < NOISE_COLUMNS_MAX; i++) {
        for (uint32_t run = 0; run < OWN_RUNS; run++)
            times[run] = sweep_grey(cast, grey_losses[i], seed + run, OWN_LIMIT_MS);
        take_times(line, i, times, OWN_RUNS, OWN_LIMIT_MS);
    }
    cast_destroy(cast);
    return 0;
}

/* ---- both tables ---- */

static const struct verdict_rule textbook_run_rule = {.fall = 3, .rise = 1};
static const struct verdict_rule textbook_window_rule = {
    .fall = 1000, .rise = 1, .window_bad = 6, .window_of = 30};

static int grey_tables(struct sweep *sweep, uint64_t seed, char *error, size_t error_size)
{
    if (textbook_grey(sweep, "k=3      textbook", &textbook_run_rule, VOTE_STEPS, seed) < 0 ||
        own_grey(sweep, "         ours", "", seed, error, error_size) < 0 ||
        textbook_grey(sweep, "6 of 30  textbook", &textbook_window_rule, 1, seed) < 0 ||
        own_grey(sweep, "         ours, or k=3", " window = { bad = 6; of = 30; };", seed, error,
                 error_size) < 0)
        return -1;
    return 0;
}

int sweep_noise_textbook(struct sweep *sweep, uint64_t seed)
{
    for (uint32_t i = 0; i < sizeof electorates / sizeof *electorates; i++) {
        if (textbook_rates(sweep, i) < 0)
            return -1;
    }
    if (textbook_grey(sweep, "k=3", &textbook_run_rule, VOTE_STEPS, seed) < 0 ||
        textbook_grey(sweep, "6 of 30", &textbook_window_rule, 1, seed) < 0)
        return -1;
    return 0;
}

int sweep_noise_run(struct sweep *sweep, uint64_t seed, sweep_progress progress, void *context,
                    char *error, size_t error_size)
{
    uint32_t rows = sizeof electorates / sizeof *electorates;

    snprintf(error, error_size, "out of memory");
    for (uint32_t i = 0; i < rows; i++) {
        if (progress != NULL)
            progress(context, i, rows + 1);
        if (textbook_rates(sweep, i) < 0 || own_rates(sweep, i, error, error_size) < 0)
            return -1;
    }
    if (progress != NULL)
        progress(context, rows, rows + 1);
    return grey_tables(sweep, seed, error, error_size);
}

/* ---- printing ---- */

static void print_rate(double rate, FILE *out)
{
    if (rate < 0)
        fprintf(out, "%10s", "-");
    else
        fprintf(out, rate >= 1000 || rate < 0.01 ? "%10.1e" : "%10.3g", rate);
}

static void print_grey(const struct noise_line *line, uint32_t column, FILE *out)
{
    char cell[32];

    if (line->values[column] < 0)
        snprintf(cell, sizeof(cell), "> %d", OWN_LIMIT_MS / 1000);
    else if (line->p90[column] < 0)
        snprintf(cell, sizeof(cell), "%.0f/-", line->values[column]);
    else
        snprintf(cell, sizeof(cell), "%.0f/%.0f", line->values[column], line->p90[column]);
    fprintf(out, "%13s", cell);
}

void sweep_noise_print(const struct sweep *sweep, FILE *out)
{
    fputs("False agreements that a healthy site is down, a year; checks are lost independently,\n"
          "every 10 s; N/q: quorum q of N probes; k bad results in a row:\n\n",
          out);
    fprintf(out, "%-24s", "N/q k");
    for (uint32_t i = 0; i < NOISE_COLUMNS_MAX; i++)
        fprintf(out, "%8.0f %%", rate_losses[i] * 100);
    for (uint32_t l = 0; l < sweep->rate_count; l++) {
        fprintf(out, "\n%-24s", sweep->rates[l].label);
        for (uint32_t i = 0; i < NOISE_COLUMNS_MAX; i++)
            print_rate(sweep->rates[l].values[i], out);
    }
    fputs("\n\nSeconds until 3 of 5 probes agree on a region that really loses so many requests\n"
          "(median/90 of 100):\n\n",
          out);
    fprintf(out, "%-24s", "");
    for (uint32_t i = 0; i < NOISE_COLUMNS_MAX; i++)
        fprintf(out, "%11u %%", grey_losses[i]);
    for (uint32_t l = 0; l < sweep->grey_count; l++) {
        fprintf(out, "\n%-24s", sweep->grey[l].label);
        for (uint32_t i = 0; i < NOISE_COLUMNS_MAX; i++)
            print_grey(&sweep->grey[l], i, out);
    }
    fputs("\n", out);
}
