/* SPDX-License-Identifier: Apache-2.0 */
/* scenario_line.h: a scenario while it is read, line by line. */
#ifndef REGIONSHIFT_SIM_SCENARIO_LINE_H
#define REGIONSHIFT_SIM_SCENARIO_LINE_H

#include "scenario_phrase.h"

struct reading {
    const char *file;
    unsigned line;
    scenario_complain complain;
    void *context;
    uint32_t complaints;
    struct scenario *scenario;
    uint32_t action_room;
    uint32_t expectation_room;
    unsigned name_line; /* of the directives that stand once; 0: not yet */
    unsigned duration_line;
    msec_t last_ms; /* last time mentioned */
    bool out_of_memory;
};

/* Says what is wrong with the line that is read. */
void reading_complain(struct reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void reading_complain_at(struct reading *reading, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Reads one line, without its comment: a directive and what follows it. Changes the text. */
void line_read(struct reading *reading, char *text);

/* Whether the scenario tells of a thing after its own end; complains of each. */
void lines_check_end(struct reading *reading);

#endif
