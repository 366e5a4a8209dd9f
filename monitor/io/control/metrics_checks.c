/* SPDX-License-Identifier: Apache-2.0 */
/* This probe's own checks: what they found, how long they took, how punctual they began. */
#include "metrics.h"

#include <stdio.h>

/* ---- this probe's own checks ---- */

enum { CHECK_LABELS = 3 * (NAME_MAX_LENGTH + 16) };

static void label_check(const struct settings *s, uint32_t check, char out[CHECK_LABELS])
{
    const struct site *site = &s->sites[s->checks[check].site];
    char label[CHECK_LABEL_MAX + 1];

    check_label(s, check, label);
    snprintf(out, CHECK_LABELS, "service=\"%s\",region=\"%s\",check=\"%s\"",
             s->services[site->service].name, s->regions[site->region], label);
}

static void each_check(struct metrics *page,
                       void (*write)(struct metrics *page, uint32_t check, const char *labels))
{
    const struct settings *s = page->now->settings;

    for (uint32_t g = 0; g < page->scope.count; g++) {
        const struct group *group = &s->groups[page->scope.groups[g]];

        for (uint32_t k = 0; k < group->site_count; k++) {
            const struct site *site = &s->sites[group->sites[k]];

            for (uint32_t i = 0; i < site->check_count; i++) {
                char labels[CHECK_LABELS];

                label_check(s, site->first_check + i, labels);
                write(page, site->first_check + i, labels);
            }
        }
    }
}

static void write_phases(struct metrics *page, uint32_t check, const char *labels)
{
    struct check_times times;

    rollups_of(page->now->rollups, check, &times);
    for (unsigned phase = 0; phase < ROLLUP_PHASES; phase++) {
        const char *name = rollup_phase_name((enum phase_of_check)phase);

        if (times.count[phase] == 0)
            continue;
        page->suffix = "_sum";
        metrics_labelled(page, (double)times.sum_us[phase] / 1e6, "%s,phase=\"%s\"", labels, name);
        page->suffix = "_count";
        metrics_labelled(page, (double)times.count[phase], "%s,phase=\"%s\"", labels, name);
    }
    page->suffix = NULL;
}

/* A summary without quantiles: rates of sum over count are means of any time. */
void metrics_write_times(struct metrics *page)
{
    if (page->now->rollups == NULL)
        return;
    metrics_family(
        page, "regionshift_check_phase_seconds", "summary",
        "How long the phases of this probe's checks took, as far as they came; total: of good "
        "results alone.");
    each_check(page, write_phases);
}

static void write_state(struct metrics *page, uint32_t check, const char *labels)
{
    const struct verdict *verdict = engine_verdict(page->now->engine, check);

    for (int state = 0; state < VERDICT_STATE_COUNT; state++)
        metrics_labelled(page, verdict->state == (enum verdict_state)state, "%s,state=\"%s\"",
                         labels, verdict_state_name((enum verdict_state)state));
}

void metrics_write_checks(struct metrics *page)
{
    metrics_family(page, "regionshift_check_state", "gauge",
                   "This probe's own verdict of each check: 1 for the state it is in (V1).");
    each_check(page, write_state);
    metrics_family(page, "regionshift_check_results_total", "counter",
                   "Results of check attempts; void ones were late through our own fault (V4).");
    metrics_labelled(page, (double)page->now->stats.results_good, "result=\"good\"");
    metrics_labelled(page, (double)page->now->stats.results_bad, "result=\"bad\"");
    metrics_labelled(page, (double)page->now->stats.results_void, "result=\"void\"");
}

/* ---- how punctual they begin ---- */

static void write_lateness(struct metrics *page, const struct rhythm_view *view)
{
    uint64_t count = 0;

    metrics_family(page, "regionshift_check_start_lateness_seconds", "histogram",
                   "How much later than due this probe's checks began.");
    page->suffix = "_bucket";
    for (uint32_t i = 0; i < RHYTHM_BOUNDS; i++) {
        count += view->bins[i];
        metrics_labelled(page, (double)count, "le=\"%g\"", metrics_seconds(rhythm_bounds_ms[i]));
    }
    metrics_labelled(page, (double)view->begun, "le=\"+Inf\"");
    page->suffix = "_sum";
    metrics_sample(page, "", metrics_seconds(view->sum_ms));
    page->suffix = "_count";
    metrics_sample(page, "", (double)view->begun);
    page->suffix = NULL;
}

void metrics_write_rhythm(struct metrics *page)
{
    struct rhythm_view view;

    engine_rhythm(page->now->engine, &view);
    write_lateness(page, &view);
    metrics_single(page, "regionshift_checks_late_total", "counter",
                   "Checks that began later than 100 ms and a tenth of their interval.",
                   (double)view.late);
    metrics_single(page, "regionshift_check_turns_missed_total", "counter",
                   "Whole intervals that passed without their check.", (double)view.missed);
    metrics_single(page, "regionshift_overloaded", "gauge",
                   "1 while too many checks begin late: this probe has more than it can make.",
                   view.is_overloaded);
}
