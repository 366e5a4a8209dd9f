/* SPDX-License-Identifier: Apache-2.0 */
/* What was simulated, as a table; below it each thing that went wrong, with how matters stood at
 * that moment. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render.h"
#include "simulate.h"

const char *run_fate_name(enum run_fate fate)
{
    static const char *const names[] = {[RUN_NOT_YET] = "not run",
                                        [RUN_HELD] = "held",
                                        [RUN_FAILED] = "failed",
                                        [RUN_VIOLATED] = "violated",
                                        [RUN_SKIPPED] = "skipped"};

    return names[fate];
}

static enum style style_of(enum run_fate fate)
{
    static const enum style styles[] = {[RUN_NOT_YET] = STYLE_DIM,
                                        [RUN_HELD] = STYLE_GOOD,
                                        [RUN_FAILED] = STYLE_BAD,
                                        [RUN_VIOLATED] = STYLE_BAD,
                                        [RUN_SKIPPED] = STYLE_WARN};

    return styles[fate];
}

/* ---- scenarios ---- */

/* From the first bad result on; an order has none. */
static void add_time(struct table *table, const struct scenario_run *run, msec_t at_ms)
{
    char span[SPAN_MAX];

    if (run->report.trouble_ms < 0 || at_ms < 0 || run->fate == RUN_SKIPPED)
        table_add(table, STYLE_DIM, "-");
    else
        table_add(table, STYLE_PLAIN, "%s", span_format(at_ms - run->report.trouble_ms, span));
}

static void add_row(struct table *table, const struct scenario_run *run)
{
    bool was_played = run->fate != RUN_SKIPPED && run->fate != RUN_NOT_YET;

    table_add(table, STYLE_PLAIN, "%s", run->scenario->name);
    table_add(table, style_of(run->fate), "%s", run_fate_name(run->fate));
    add_time(table, run, run->report.detected_ms);
    add_time(table, run, run->report.decided_ms);
    add_time(table, run, run->report.accepted_ms);
    table_add(table, STYLE_PLAIN, was_played ? "%" PRIu32 : "-", run->report.shifts);
    table_add(table, STYLE_PLAIN, was_played ? "%" PRIu32 : "-", run->report.pages);
}

static void print_counts(const struct simulation *simulation)
{
    size_t counts[RUN_SKIPPED + 1] = {0};
    const char *comma = "";

    for (size_t i = 0; i < simulation->run_count; i++)
        counts[simulation->runs[i]->fate]++;
    printf("\n%zu scenario%s: ", simulation->run_count, simulation->run_count == 1 ? "" : "s");
    for (int fate = RUN_NOT_YET; fate <= RUN_SKIPPED; fate++) {
        if (counts[fate] > 0) {
            printf("%s%zu %s", comma, counts[fate], run_fate_name((enum run_fate)fate));
            comma = ", ";
        }
    }
    printf("\n");
}

static void print_table(const struct simulation *simulation)
{
    static const char *const heads[] = {"scenario", "outcome", "detected", "decided",
                                        "accepted", "moves",   "pages"};
    struct table *table = table_create(sizeof(heads) / sizeof(heads[0]));

    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
        table_add(table, STYLE_DIM, "%s", heads[i]);
    for (size_t i = 0; i < simulation->run_count; i++)
        add_row(table, simulation->runs[i]);
    table_finish(table, 0);
    print_counts(simulation);
}

/* ---- what went wrong ---- */

static void print_indented(const char *text)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");

        printf("    %.*s\n", (int)length, text);
        text += length + (text[length] == '\n');
    }
}

/* What the number stands for, and the rules behind it. */
static void print_invariant(const char *id)
{
    for (uint32_t i = 0; i < invariant_count; i++) {
        if (strcmp(invariant_names[i].id, id) == 0)
            printf("  %s (%s): %s\n", id, invariant_names[i].rules, invariant_names[i].text);
    }
}

static void print_failure(const struct outcome_report *report, const char *file)
{
    char span[SPAN_MAX];

    if (report->failed != NULL) {
        printf("  %s:%u: ", file, report->failed->line);
        render_text(stdout, report->failed->text);
        printf("\n  at %s: %s\n", span_format(report->failed_ms, span), report->failed_text);
    }
    if (report->violated) {
        printf("  %s violated at %s: %s\n", report->violation.id,
               span_format(report->violation.at_ms, span), report->violation.text);
        print_invariant(report->violation.id);
    }
    print_indented(report->explain);
}

static void print_wrong(const struct scenario_run *run)
{
    switch (run->fate) {
    case RUN_NOT_YET:
    case RUN_HELD:
        return;
    case RUN_SKIPPED:
        printf("\n");
        render_styled(STYLE_WARN, run->scenario->name);
        printf(" is skipped: %s\n", run->skipped);
        return;
    case RUN_FAILED:
    case RUN_VIOLATED:
        printf("\n");
        render_styled(STYLE_BAD, run->scenario->name);
        printf("%s", run->scenario->about[0] != '\0' ? "  " : "");
        render_text(stdout, run->scenario->about);
        printf("\n");
        print_failure(&run->report, run->file);
        return;
    }
}

/* ---- random hours ---- */

static void print_random_failure(const struct simulation *simulation,
                                 const struct random_failure *failure)
{
    char *repeat = simulate_repeat(simulation->file, failure->seed);

    printf("\n");
    render_styled(STYLE_BAD, failure->scenario->name);
    printf("\n  repeat: %s\n", repeat);
    free(repeat);
    print_failure(&failure->report, failure->scenario->name);
    if (failure->shrunk == NULL)
        return;
    printf("\n  the same with less; saved as FILE: simulate --scenario FILE --seed %" PRIu64 "\n\n",
           failure->seed);
    scenario_write(failure->shrunk, stdout);
}

static void print_random(const struct simulation *simulation)
{
    if (simulation->seeds_done == 0)
        return;
    printf("\n%" PRId64 " random hour%s, seeds %" PRId64 " to %" PRId64 ": %" PRIu64
           " events, %" PRIu64 " moves, %" PRIu64 " pages, ",
           simulation->seeds_done, simulation->seeds_done == 1 ? "" : "s",
           simulation->arguments->seed, simulation->arguments->seed + simulation->seeds_done - 1,
           simulation->steps, simulation->shifts, simulation->pages);
    if (simulation->failures == 0)
        render_styled(STYLE_GOOD, "no violation\n");
    else
        printf("%" PRId64 " with a violation\n", simulation->failures);
    for (size_t i = 0; i < simulation->failed_count; i++)
        print_random_failure(simulation, simulation->failed[i]);
    if (simulation->failures > (int64_t)simulation->failed_count)
        printf("\nand %" PRId64 " more hours with a violation\n",
               simulation->failures - (int64_t)simulation->failed_count);
}

void simulate_show(const struct simulation *simulation)
{
    if (simulation->run_count > 0)
        print_table(simulation);
    for (size_t i = 0; i < simulation->run_count; i++)
        print_wrong(simulation->runs[i]);
    print_random(simulation);
    if (simulation->interrupted)
        printf("\ninterrupted: what had been asked for was not done to the end\n");
}
