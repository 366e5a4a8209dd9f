/* SPDX-License-Identifier: Apache-2.0 */
/* moment.h: how things stand in a world right now, for those who judge it and for those who read
 * about it. */
#ifndef REGIONSHIFT_SIM_MOMENT_H
#define REGIONSHIFT_SIM_MOMENT_H

#include "world.h"

/* A probe that runs, with the settings it should have: its word counts in a judgement. */
bool moment_counts(const struct world *world, uint32_t probe);

/* What more than half of the probes that count say of a site; undecided when no half does. */
enum agreement_state moment_agreed(struct world *world, uint32_t site);

/* True when a probe that counts names this rule as what holds a move back, of any group (D10). */
bool moment_refused(struct world *world, const char *rule);

/* The traffic of every service with one of these sites goes there: one of them has weight in the
 * zone, and no site elsewhere has more. */
bool moment_serves(const struct world *world, const bool *sites);

/* As `regionshift explain` and the matrix of `regionshift status` would show it, of every group;
 * asked is the first probe that counts and may act, or else any that lives. Cut to size. */
void moment_explain(struct world *world, char *out, size_t size);

#endif
