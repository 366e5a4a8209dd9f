/* SPDX-License-Identifier: Apache-2.0 */
/* scenario.h: a scenario file, read: what happens when, and what is expected of the monitor. The
 * grammar is regionshift-scenario(5). Knows nothing of settings: names are looked up when it is
 * played (play.h). */
#ifndef REGIONSHIFT_SIM_SCENARIO_H
#define REGIONSHIFT_SIM_SCENARIO_H

#include <stddef.h>
#include <stdio.h>

#include "action.h"
#include "alert.h"

enum {
    SCENARIO_NAME_MAX = 63,
    SCENARIO_ABOUT_MAX = 511,
    SCENARIO_LINE_MAX = 1023,
    SCENARIO_FILE_MAX = 1024 * 1024,
    SCENARIO_COMPLAINTS_MAX = 100, /* then reading stops */
    SCENARIO_ERROR_SIZE = 512,
    SCENARIO_ACTIONS_MAX = 20000, /* after `every` was unrolled */
    SCENARIO_EXPECTATIONS_MAX = 256,
    SCENARIO_SETS_MAX = 64,
    EXPECT_WEIGHTS_MAX = 16
};

/* `set PATH VALUE` */
struct scenario_set {
    unsigned line;
    char path[256];
    char value[256];
};

enum expect_kind {
    EXPECT_SHIFT,       /* T..T shift */
    EXPECT_NEVER_SHIFT, /* T..T never shift */
    EXPECT_WRITES,      /* T..T writes <= N */
    EXPECT_ALERT,       /* T..T alert KIND */
    EXPECT_NEVER_ALERT, /* T..T never alert KIND */
    EXPECT_PAGES,       /* T..T pages <= N */
    EXPECT_WEIGHTS,     /* T|end weights WHO=N ... */
    EXPECT_SERVING,     /* T|end serving REGION */
    EXPECT_AGREED,      /* T|end agreed SITE up|down|undecided */
    EXPECT_REFUSED      /* T|end refused RULE */
};

enum expect_agreed { EXPECT_AGREED_UP, EXPECT_AGREED_DOWN, EXPECT_AGREED_UNDECIDED };

struct expect_weight {
    struct who who; /* a region means all its sites */
    int weight;
};

struct expectation {
    enum expect_kind kind;
    unsigned line;
    msec_t from_ms; /* a moment has from == to; both -1: end */
    msec_t to_ms;
    int64_t limit;    /* writes, pages */
    bool by_severity; /* KIND is a severity, which worse ones satisfy too */
    enum severity severity;
    enum alert_event event; /* KIND is an event */
    struct who who;         /* serving, agreed */
    enum expect_agreed agreed;
    char rule[8]; /* "D6" */
    struct expect_weight weights[EXPECT_WEIGHTS_MAX];
    uint32_t weight_count;
    char text[SCENARIO_LINE_MAX + 1]; /* the line as written, without its comment */
};

struct scenario {
    char name[SCENARIO_NAME_MAX + 1];
    char about[SCENARIO_ABOUT_MAX + 1]; /* several `about` lines are joined by a space */
    struct scenario_set sets[SCENARIO_SETS_MAX];
    uint32_t set_count;
    struct action *actions; /* by time; equal times in the file's order */
    uint32_t action_count;
    struct expectation *expectations; /* in the file's order */
    uint32_t expectation_count;
    msec_t end_ms; /* `duration T`, else the last time mentioned + 10 minutes */
};

/* Reads a scenario from text. Returns 0 and a scenario the caller destroys, or -1 with every error
 * (not only the first) handed to complain: "FILE:LINE: what, and what is allowed". */
typedef void (*scenario_complain)(void *context, const char *file, unsigned line, const char *text);
int scenario_parse(const char *text, size_t length, const char *file, scenario_complain complain,
                   void *context, struct scenario **ret_scenario);

/* The same from a file; a file that cannot be read is a complaint too, in line 0. */
int scenario_load(const char *file, scenario_complain complain, void *context,
                  struct scenario **ret_scenario);

/* Accepts NULL. */
void scenario_destroy(struct scenario *scenario);

/* Writes an action as a scenario line without newline: "at 43s net heal primary". Reading it again
 * gives the same action. Returns the length (cut to size). */
size_t action_format(const struct action *action, char *out, size_t size);

/* The same for an expectation: "expect 0..2m alert warn". */
size_t expectation_format(const struct expectation *expectation, char *out, size_t size);

/* Writes a whole scenario that parses back to the same. */
void scenario_write(const struct scenario *scenario, FILE *out);

#endif
