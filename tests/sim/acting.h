/* SPDX-License-Identifier: Apache-2.0 */
/* acting.h: how the tests of the simulated world speak: actions are written as in a scenario. */
#ifndef REGIONSHIFT_TESTS_SIM_ACTING_H
#define REGIONSHIFT_TESTS_SIM_ACTING_H

#include "pizza.h"
#include "world_state.h"

/* Sites of a pizza world, in the order of its settings. */
enum { EAST, WEST, FACTORY_EAST, FACTORY_WEST };

/* The action of a scenario's `at` line; and plays it. */
struct action action_of(const char *line);
void act(struct world *world, const char *line);
/* A cast, and a settled world, of the text of a settings file. */
struct cast *cast_of(const char *text);
struct world *settled(const char *text);
/* The letter of a site in a probe's vote, as fra sees it. */
char letter(struct world *world, uint32_t of, uint32_t site);
/* Runs until fra begins to check pizza in the east; returns that time. */
msec_t next_check(struct world *world);

#endif
