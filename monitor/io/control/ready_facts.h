/* SPDX-License-Identifier: Apache-2.0 */
/* ready_facts.h: gathers what ready judges, for the answer (ready.c) and the metrics. */
#ifndef REGIONSHIFT_CONTROL_READY_FACTS_H
#define REGIONSHIFT_CONTROL_READY_FACTS_H

#include "ready.h"
#include "server.h"

typedef void (*ready_visit)(void *context, const struct ready_line *line);

/* Judges every line, from what is known now. only: a group; NONE: all of them. 0, or -1: no
 * memory. */
int ready_gather(const struct control_sources *now, uint32_t only, ready_visit visit,
                 void *context);

/* ready_zones.c: those that meet AWS. */
void ready_gather_zones(const struct control_sources *now, const struct ready_reader *reader,
                        uint32_t only, ready_visit visit, void *context);

/* The newest view of a zone, of a look or of the engine's own reading; NULL: none. */
const struct zone_view *ready_view(const struct control_sources *now, uint32_t zone);

#endif
