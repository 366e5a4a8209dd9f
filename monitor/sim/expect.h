/* SPDX-License-Identifier: Apache-2.0 */
/* expect.h: judges the expectations of a scenario while it is played. A `never` and a limit fail at
 * the moment they are broken; what must happen in a window fails when the window closes; the rest
 * is judged at its moment, after everything else that happens then. */
#ifndef REGIONSHIFT_SIM_EXPECT_H
#define REGIONSHIFT_SIM_EXPECT_H

#include "scenario.h"
#include "world.h"

struct judge;

/* Told of each expectation that fails, once, with what was found instead. */
typedef void (*judge_failed)(void *context, const struct expectation *expectation, msec_t at_ms,
                             const char *found);

/* All are borrowed for the judge's life. Times are since the scenario's start. */
struct judge *judge_create(struct world *world, const struct scenario *scenario,
                           judge_failed failed, void *context);
void judge_destroy(struct judge *judge);

/* A batch that changed a weight was accepted. */
void judge_shift(struct judge *judge, msec_t at_ms);
/* An alert was delivered. An all-clear is no alert of its kind. */
void judge_alert(struct judge *judge, msec_t at_ms, const struct alert *alert);

/* When judge_due() must be called next: nothing later may have happened by then. INT64_MAX: never
 * more. */
msec_t judge_next_ms(const struct judge *judge);
void judge_due(struct judge *judge, msec_t at_ms);

uint32_t judge_held(const struct judge *judge);
uint32_t judge_failures(const struct judge *judge);

#endif
