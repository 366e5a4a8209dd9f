/* SPDX-License-Identifier: Apache-2.0 */
/* sweep_detection.c: what it buys that probes look together (V2), and what it costs: from an outage
 * to agreement, checks while nothing is wrong, false agreements; beside the same probes when each
 * keeps its suspicions, and beside checks at a fixed interval. */
#include <stdlib.h>
#include <string.h>

#include "noise.h"
#include "sweep_state.h"

enum { FALL = 3, OUTAGES = 100, STEADY_HOURS = 10, BURST_HOURS = 200, HOURS_PER_YEAR = 8766 };

enum { BURST_LOSS = 5 };

#define RETRY "services.*.sites.*.checks.*.retry"

static const uint32_t losses[DETECTION_LOSSES] = {1, 5};

static const struct {
    uint32_t probes;
    uint32_t quorum;
} electorates[] = {{3, 2}, {5, 3}, {7, 4}};

static const struct {
    const char *name;
    const char *retry;
    bool alone;
} ways[] = {{"together", "1", false}, {"each alone", "1", true}, {"fixed interval", "10", true}};

enum { WAYS = sizeof ways / sizeof *ways };

static int make_cast(uint32_t electorate, uint32_t way, bool still, char *error, size_t error_size,
                     struct cast **ret_cast)
{
    const struct settings_change changes[] = {{"groups.*.hold", still ? "1h" : "0"},
                                              {RETRY, ways[way].retry}};

    if (sweep_rule_cast(electorates[electorate].probes, electorates[electorate].quorum, FALL, "",
                        changes, 2, error, error_size, ret_cast) < 0)
        return -1;
    (*ret_cast)->alone = ways[way].alone;
    return 0;
}

static int measure(struct detection_line *line, uint32_t electorate, uint32_t way, uint64_t seed,
                   char *error, size_t error_size)
{
    const msec_t hold_ms = 0;
    struct cast *still = NULL; /* nothing moves in it, however often they agree */
    struct cast *cast = NULL;

    if (make_cast(electorate, way, false, error, error_size, &cast) < 0 ||
        make_cast(electorate, way, true, error, error_size, &still) < 0) {
        cast_destroy(cast);
        return -1;
    }
    for (int death = 0; death < DEATH_COUNT; death++)
        sweep_die(cast, death, OUTAGES, seed, &line->deaths[death]);
    line->steady[0] = sweep_steady(still, 0, STEADY_HOURS, seed);
    for (uint32_t i = 0; i < DETECTION_LOSSES; i++) {
        line->steady[1 + i] = sweep_steady(still, losses[i], STEADY_HOURS, seed);
        line->lost[i] = -1;
        (void)noise_quorum(still->settings[0], still->alone, 0, losses[i] / 100.0, &hold_ms, 1,
                           &line->lost[i]);
    }
    line->bursts =
        (double)sweep_bursts(still, BURST_LOSS, BURST_HOURS, seed) * HOURS_PER_YEAR / BURST_HOURS;
    cast_destroy(still);
    cast_destroy(cast);
    return 0;
}

int sweep_detection_run(struct sweep *sweep, uint64_t seed, sweep_progress progress, void *context,
                        char *error, size_t error_size)
{
    for (uint32_t i = 0; i < DETECTION_LINES_MAX; i++) {
        struct detection_line *line = &sweep->lines[i];

        if (progress != NULL)
            progress(context, i, DETECTION_LINES_MAX);
        line->probes = electorates[i / WAYS].probes;
        line->quorum = electorates[i / WAYS].quorum;
        line->how = ways[i % WAYS].name;
        if (measure(line, i / WAYS, i % WAYS, seed, error, error_size) < 0)
            return -1;
        sweep->line_count++;
    }
    return 0;
}

/* ---- printing ---- */

static void print_rate(double rate, FILE *out)
{
    if (rate < 0)
        fprintf(out, "%9s", "-");
    else if (rate == 0)
        fprintf(out, "%9s", "0");
    else
        fprintf(out, rate >= 1000 || rate < 0.01 ? "%9.1e" : "%9.3g", rate);
}

static void print_line(const struct detection_line *line, FILE *out)
{
    for (int death = 0; death < DEATH_COUNT; death++) {
        const struct sweep_times *times = &line->deaths[death].agreed;
        fprintf(out, "  %6.1f%6.1f%6.1f", (double)times->median_ms / 1000,
                (double)times->p90_ms / 1000, (double)times->p99_ms / 1000);
    }
    fputs("  ", out);
    for (uint32_t i = 0; i <= DETECTION_LOSSES; i++)
        fprintf(out, "%6.2f", line->steady[i]);
    fputs("  ", out);
    for (uint32_t i = 0; i < DETECTION_LOSSES; i++)
        print_rate(line->lost[i], out);
    fputs("  ", out);
    print_rate(line->bursts, out);
    fputs("\n", out);
}

void sweep_detection_print(const struct sweep *sweep, FILE *out)
{
    fprintf(
        out,
        "From an outage to agreement: %d outages of each kind at random moments, interval 10 s,"
        "\nretry 1 s, timeout 3 s, fall %d. Checks: of a probe and site in an interval, while so "
        "many are\nlost. False agreements a year: lost independently (computed), or whole "
        "networks in bursts of\n4 s (counted in %d hours).\n\n",
        OUTAGES, FALL, BURST_HOURS);
    fprintf(out, "%-22s  %-18s  %-18s  %-18s  %18s  %9s\n", "", "  refused, s", "  silent, s",
            "  checks", "false, lost", "bursts");
    fprintf(out, "%-22s  %6s%6s%6s  %6s%6s%6s  %6s%6s%6s  %9s%9s  %9s\n", "probes/quorum", "median",
            "p90", "p99", "median", "p90", "p99", "0 %", "1 %", "5 %", "1 %", "5 %", "5 %");
    for (uint32_t i = 0; i < sweep->line_count; i++) {
        fprintf(out, "%u/%u  %-17s", sweep->lines[i].probes, sweep->lines[i].quorum,
                sweep->lines[i].how);
        print_line(&sweep->lines[i], out);
    }
    fputs("\nBeside it: interval x fall = 30 s; Route 53's fast health check (10 s, threshold 3): "
          "30 s.\n",
          out);
}
