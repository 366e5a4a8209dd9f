/* SPDX-License-Identifier: Apache-2.0 */
/* pushes.h: jobs that report by themselves (checks of type push), and what their silence means.
 *
 * Nothing is asked of anybody, so no prober makes these checks: pushes_judge() says at any time
 * what is known. A job that never reported to this probe is unknown (void); one that has been
 * silent beyond its period is bad; else its last report is judged.
 *
 * Silence is counted while we listen: not while the daemon is away, the machine is suspended or the
 * process is stopped, for then a job could not have been heard. So no jump of the wall clock and no
 * long absence of ours makes a job silent. */
#ifndef REGIONSHIFT_PUSHES_H
#define REGIONSHIFT_PUSHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "push_report.h"
#include "settings.h"

typedef struct uv_loop_s uv_loop_t; /* libuv's own name, without its header */

struct pushes;

/* A job reported: its check can be judged at once. */
typedef void (*pushes_heard)(void *context, uint32_t check);

/* A report that was taken is on disk (0), or not (-errno): then it counts as long as we live. */
typedef void (*pushes_kept)(void *context, int rc);

/* Reads what is kept in FOLDER/pushes, one file for each job; a damaged one is said in the log and
 * is none. The settings are borrowed until pushes_reload(). Returns 0, or -errno with a sentence.
 */
int pushes_open(uv_loop_t *uv, const char *folder, const struct settings *settings,
                pushes_heard heard, void *context, struct pushes **ret_pushes, char *error,
                size_t error_size);

/* Other settings: jobs of the same name go on, others are forgotten. 0, or -ENOMEM and nothing is
 * changed. */
int pushes_reload(struct pushes *pushes, const struct settings *settings);

/* The check that waits for a job's reports, NONE when there is none. */
uint32_t pushes_find(const struct pushes *pushes, const char *name);

/* Takes a report that push_report_read() has read: `heard` is called before this returns, `kept`
 * once, from the loop. */
void pushes_take(struct pushes *pushes, uint32_t check, const struct push_report *report,
                 const char *body, size_t length, pushes_kept kept, void *context);

/* What is known now of a check of type push. */
void pushes_judge(const struct pushes *pushes, uint32_t check, struct result *ret_result);

/* The last report of a job. */
struct push_look {
    wall_t at_wall;   /* when it came */
    msec_t silent_ms; /* for how long we have listened since */
    bool is_ok;
    const char *text; /* printable ASCII, "" : none; valid until the next turn */
};

/* False: it never reported to this probe. */
bool pushes_look(const struct pushes *pushes, uint32_t check, struct push_look *ret_look);

/* Writes nothing more; those who wait are told -ECANCELED. Frees it from the loop. Accepts NULL. */
void pushes_close(struct pushes *pushes);

#endif
