/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.h: the page that GET /metrics is written on, and who writes what on it. */
#ifndef REGIONSHIFT_CONTROL_METRICS_H
#define REGIONSHIFT_CONTROL_METRICS_H

#include "scope.h"

struct metrics {
    struct buffer text;
    const struct control_sources *now;
    const struct control *control;
    struct group_scope scope; /* groups that are told of one by one */
    const char *family;       /* being written */
    const char *suffix;       /* of a summary's samples; NULL: none */
};

/* ---- the form ---- */

void metrics_family(struct metrics *page, const char *name, const char *type, const char *help);

/* labels: `group="jwt-pizza"`, or "". Names have no character that would have to be escaped; what
 * may have one (a URL) is never a label. */
void metrics_sample(struct metrics *page, const char *labels, double value);
__attribute__((format(printf, 3, 4))) void metrics_labelled(struct metrics *page, double value,
                                                            const char *format, ...);

/* A family of one sample. */
void metrics_single(struct metrics *page, const char *name, const char *type, const char *help,
                    double value);
double metrics_seconds(msec_t ms);

/* ---- what is told ---- */

/* metrics_groups.c */
void metrics_write_sites(struct metrics *page);
void metrics_write_sums(struct metrics *page);
void metrics_write_groups(struct metrics *page);
void metrics_write_durations(struct metrics *page);
void metrics_write_regions(struct metrics *page);
void metrics_write_incidents(struct metrics *page);
void metrics_write_budget(struct metrics *page);

/* metrics_checks.c */
void metrics_write_times(struct metrics *page);
void metrics_write_checks(struct metrics *page);
void metrics_write_rhythm(struct metrics *page);

#endif
