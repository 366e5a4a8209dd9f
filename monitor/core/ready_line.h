/* SPDX-License-Identifier: Apache-2.0 */
/* ready_line.h: how the judges of ready.c and ready_zone.c write a line. */
#ifndef REGIONSHIFT_CORE_READY_LINE_H
#define REGIONSHIFT_CORE_READY_LINE_H

#include "ready.h"

/* Begins a line, well until something is said against it. about2 may be "". */
void ready_begin(struct ready_line *line, const char *name, const char *about, const char *about2);

/* What was measured, appended. */
__attribute__((format(printf, 2, 3))) void ready_say(struct ready_line *line, const char *format,
                                                     ...);

/* What to do, and how bad it is: the worst counts, and the first of the worst is what to do. */
__attribute__((format(printf, 3, 4))) void
ready_advise(struct ready_line *line, enum ready_state state, const char *format, ...);

/* True, and the line says so, when this probe reads no zone. */
bool ready_is_blind_to_zones(struct ready_line *line, const struct ready_reader *reader);

#endif
