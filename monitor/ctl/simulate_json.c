/* SPDX-License-Identifier: Apache-2.0 */
/* What was simulated, as JSON: the form is in docs/API.md. Times are seconds since the scenario's
 * start, null for what never happened; nothing in it depends on the machine or the day. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulate.h"

static json_t *seconds(msec_t ms)
{
    return ms < 0 ? json_null() : json_real((double)ms / 1000);
}

static json_t *hex(uint64_t number)
{
    return json_sprintf("%016" PRIx64, number);
}

static json_t *lines_of(const char *text)
{
    json_t *lines = json_array();

    while (*text != '\0') {
        size_t length = strcspn(text, "\n");

        json_array_append_new(lines, json_stringn_nocheck(text, length));
        text += length + (text[length] == '\n');
    }
    return lines;
}

static json_t *expectation_of(const struct outcome_report *report)
{
    const struct expectation *failed = report->failed;

    if (failed == NULL)
        return json_null();
    return json_pack("{s:i, s:s, s:o, s:s}", "line", (int)failed->line, "text", failed->text, "at",
                     seconds(report->failed_ms), "found", report->failed_text);
}

static json_t *violation_of(const struct outcome_report *report, const struct settings *settings)
{
    const struct violation *violation = &report->violation;

    if (!report->violated)
        return json_null();
    return json_pack(
        "{s:s, s:o, s:o, s:s}", "id", violation->id, "at", seconds(violation->at_ms), "probe",
        violation->probe == NONE ? json_null()
                                 : json_string(settings->electors[violation->probe].name),
        "text", violation->text);
}

static json_t *report_of(const struct outcome_report *report, const struct settings *settings)
{
    return json_pack(
        "{s:I, s:I, s:o, s:o, s:o, s:{s:o, s:o, s:o, s:o}, s:I, s:I, s:I, s:I, s:I, s:o, s:o}",
        "held", (json_int_t)report->expectations_held, "failed",
        (json_int_t)report->expectations_failed, "expectation", expectation_of(report), "violation",
        violation_of(report, settings), "explain", lines_of(report->explain), "first_move",
        "trouble", seconds(report->trouble_ms), "detected", seconds(report->detected_ms), "decided",
        seconds(report->decided_ms), "accepted", seconds(report->accepted_ms), "moves",
        (json_int_t)report->shifts, "writes", (json_int_t)report->writes, "pages",
        (json_int_t)report->pages, "alerts", (json_int_t)report->alerts, "events",
        (json_int_t)report->steps, "digest", hex(report->digest), "acts_digest",
        hex(report->acts_digest));
}

static json_t *run_of(const struct scenario_run *run, const struct settings *settings)
{
    bool was_played = run->fate != RUN_SKIPPED && run->fate != RUN_NOT_YET;

    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "scenario", run->scenario->name, "file",
                     run->file, "about", run->scenario->about, "outcome", run_fate_name(run->fate),
                     "skipped", run->fate == RUN_SKIPPED ? json_string(run->skipped) : json_null(),
                     "report", was_played ? report_of(&run->report, settings) : json_null());
}

static json_t *text_of_scenario(const struct scenario *scenario)
{
    char *text = NULL;
    size_t length = 0;
    json_t *value = NULL;
    FILE *out;

    if (scenario == NULL)
        return json_null();
    out = open_memstream(&text, &length);
    if (out == NULL)
        return NULL;
    scenario_write(scenario, out);
    if (fclose(out) == 0)
        value = json_string(text);
    free(text);
    return value;
}

static json_t *failure_of(const struct simulation *simulation, const struct random_failure *failure,
                          const struct settings *settings)
{
    char *repeat = simulate_repeat(simulation->file, failure->seed);
    json_t *value = json_pack("{s:I, s:s, s:o, s:o}", "seed", (json_int_t)failure->seed, "repeat",
                              repeat, "report", report_of(&failure->report, settings), "shrunk",
                              text_of_scenario(failure->shrunk));

    free(repeat);
    return value;
}

static json_t *random_of(const struct simulation *simulation, const struct settings *settings)
{
    json_t *failures = json_array();
    int rc = 0;

    if (simulation->seeds == 0) {
        json_decref(failures);
        return json_null();
    }
    for (size_t i = 0; i < simulation->failed_count; i++)
        rc |= json_array_append_new(failures,
                                    failure_of(simulation, simulation->failed[i], settings));
    if (rc != 0) {
        json_decref(failures);
        return NULL;
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "first_seed",
                     (json_int_t)simulation->arguments->seed, "asked",
                     (json_int_t)simulation->seeds, "hours", (json_int_t)simulation->seeds_done,
                     "events", (json_int_t)simulation->steps, "moves",
                     (json_int_t)simulation->shifts, "pages", (json_int_t)simulation->pages,
                     "failed", (json_int_t)simulation->failures, "failures", failures);
}

int simulate_show_json(const struct simulation *simulation)
{
    const struct settings *settings = simulation->casts[0].cast->settings[0];
    json_t *scenarios = json_array();
    json_t *whole;
    int rc = 0;

    for (size_t i = 0; i < simulation->run_count; i++)
        rc |= json_array_append_new(scenarios, run_of(simulation->runs[i], settings));
    if (rc != 0) { /* a run that is left out would not be missed */
        json_decref(scenarios);
        scenarios = NULL;
    }
    whole = json_pack("{s:i, s:s, s:s, s:I, s:b, s:b, s:o, s:o}", "v", 1, "settings",
                      simulation->file, "fingerprint", settings->fingerprint, "seed",
                      (json_int_t)simulation->arguments->seed, "good", simulate_is_good(simulation),
                      "interrupted", simulation->interrupted, "scenarios", scenarios, "random",
                      random_of(simulation, settings));
    if (whole == NULL) {
        fputs("regionshift: simulate: no memory, or a text that is no UTF-8\n", stderr);
        return -1;
    }
    rc = json_dumpf(whole, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15));
    printf("\n");
    json_decref(whole);
    return rc;
}
