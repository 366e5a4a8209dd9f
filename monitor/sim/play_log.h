/* SPDX-License-Identifier: Apache-2.0 */
/* play_log.h: a run as a log for people: what each probe found, in the words of the daemon's own
 * log, and between it what really happened:
 *
 *      43.000  scenario  at 43s site us-east-1 refuse
 *      47.120  use1      verdict site=pizza/us-east-1 state=down was=suspect run=3 rule=V1
 *      68.310  route53   applied group=jwt-pizza epoch=2 of=use1 shift
 */
#ifndef REGIONSHIFT_SIM_PLAY_LOG_H
#define REGIONSHIFT_SIM_PLAY_LOG_H

#include <stdio.h>

#include "scenario.h"
#include "world.h"

struct play_log {
    FILE *out; /* NULL: nothing is written */
    int width; /* of the second column */
};

void play_log_init(struct play_log *log, FILE *out, const struct settings *settings);

/* Times are since the scenario's start. */
void play_log_facts(const struct play_log *log, msec_t at_ms, const struct settings *settings,
                    uint32_t probe, const struct update *update);
void play_log_action(const struct play_log *log, msec_t at_ms, const struct action *action);
void play_log_commit(const struct play_log *log, msec_t at_ms, const struct settings *settings,
                     uint32_t probe, const struct commit *commit);
void play_log_batch(const struct play_log *log, msec_t at_ms, const struct settings *settings,
                    uint32_t probe, const struct batch *batch, bool shift, bool late);
void play_log_alert(const struct play_log *log, msec_t at_ms, const struct settings *settings,
                    uint32_t probe, const struct alert *alert);

/* A line by anybody else. */
__attribute__((format(printf, 4, 5))) void play_log_say(const struct play_log *log, msec_t at_ms,
                                                        const char *who, const char *format, ...);

#endif
