/* SPDX-License-Identifier: Apache-2.0 */
/* sweep.h: what a setting costs. `regionshift simulate --sweep hold=0..60,fall=1..5` tries every
 * combination of values over the user's own settings and says of each how often traffic would be
 * moved for nothing, while every check is lost with a fixed probability and nothing is wrong, and
 * how long a region that is really dead keeps its traffic.
 *
 * False moves are computed exactly from the rules themselves (noise.h), because one in a thousand
 * years cannot be waited for, and counted in the simulated world as well where they are frequent
 * enough. The times are taken in the simulated world. */
#ifndef REGIONSHIFT_SIM_SWEEP_H
#define REGIONSHIFT_SIM_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { SWEEP_KEYS_MAX = 6, SWEEP_VALUES_MAX = 32, SWEEP_ROWS_MAX = 256, SWEEP_ERROR_MAX = 511 };

struct sweep;

/* Reads a SPEC: KEY=VALUES, joined by commas. VALUES is one value (`3`, `500ms`), a range
 * (`0..60`: a few round steps; `0..60/15`: steps of 15), or a list (`0:20:45`). KEY is hold,
 * stable, dwell, fall, rise, interval, timeout, retry, window.bad, window.of, down, up, vantages,
 * owners, lease, or the path of any setting (`limits.budget`); `loss` names the percentages of lost
 * checks, `phases` how many deaths are timed and `hours` how long each loss is simulated. The SPEC
 * `noise` alone, or `detection`, asks for tables of the rule itself, which need no settings.
 * `joint` is no setting: `off` lets no probe hear of another's suspicion (V2). Returns 0 and a
 * sweep the caller destroys, or -1 with a sentence in error. */
int sweep_parse(const char *spec, struct sweep **ret_sweep, char *error, size_t error_size);
/* Accepts NULL. */
void sweep_destroy(struct sweep *sweep);

/* Whether the text of a settings file is needed: not for `noise` and `detection`. */
bool sweep_needs_settings(const struct sweep *sweep);

/* Called before each row is worked out: done of total. NULL: nobody wants to know. */
typedef void (*sweep_progress)(void *context, uint32_t done, uint32_t total);

/* Works out every row. A combination that the settings refuse becomes a row that says why. Returns
 * 0, or -1 with a sentence in error when the file itself, unchanged, is refused. */
int sweep_run(struct sweep *sweep, const char *text, size_t length, const char *name, uint64_t seed,
              sweep_progress progress, void *context, char *error, size_t error_size);

/* After sweep_run(). The rows that could be worked out; 0: every combination was refused. */
uint32_t sweep_rows(const struct sweep *sweep);
void sweep_print(const struct sweep *sweep, FILE *out);
void sweep_print_json(const struct sweep *sweep, FILE *out);

#endif
