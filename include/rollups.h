/* SPDX-License-Identifier: Apache-2.0 */
/* rollups.h: how long each of this probe's checks takes, phase by phase: of late, in sums since the
 * daemon began (for metrics), and minute by minute into the history. */
#ifndef REGIONSHIFT_ROLLUPS_H
#define REGIONSHIFT_ROLLUPS_H

#include "history.h"
#include "rollup.h"
#include "settings.h"

struct rollups;

enum { CHECK_LABEL_MAX = NAME_MAX_LENGTH };

/* How a check is called in metrics and history: its name, or its place in its site's list. */
void check_label(const struct settings *settings, uint32_t check, char out[CHECK_LABEL_MAX + 1]);

/* The settings must outlive it, or be replaced. Returns 0 or -ENOMEM. */
int rollups_create(const struct settings *settings, struct rollups **ret_rollups);

/* Other settings: checks of the same site with the same label go on. 0, or -ENOMEM and nothing is
 * changed. */
int rollups_reload(struct rollups *rollups, struct history *history,
                   const struct settings *settings);

/* Takes a result. A check's first one in another minute ends its last one, which goes to the
 * history within seconds (NULL: there is none). */
void rollups_add(struct rollups *rollups, struct history *history, uint32_t check,
                 const struct result *result, wall_t now_wall);

/* Hands over what has not been handed over yet: the daemon stops. */
void rollups_flush(struct rollups *rollups, struct history *history);

/* One check, as it stands. */
struct check_times {
    struct timings last; /* of the newest result that counted; -1: none */
    usec_t median_us;    /* of good results in the last whole minute with any; -1 */
    usec_t p95_us;
    uint64_t count[ROLLUP_PHASES]; /* since the daemon began */
    uint64_t sum_us[ROLLUP_PHASES];
};
void rollups_of(const struct rollups *rollups, uint32_t check, struct check_times *ret_times);

/* What the newest result of a check saw and wanted, when it was not good; "" else. Escaped. */
const char *rollups_why(const struct rollups *rollups, uint32_t check);

/* Accepts NULL. */
void rollups_destroy(struct rollups *rollups);

#endif
