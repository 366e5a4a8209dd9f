/* SPDX-License-Identifier: Apache-2.0 */
/* look_state.h: what the parts of a look share. Each source begins with look_begin_X() and comes to
 * look_have() or look_fail(), at once or later. */
#ifndef REGIONSHIFT_IO_AWS_LOOK_STATE_H
#define REGIONSHIFT_IO_AWS_LOOK_STATE_H

#include "buffer.h"
#include "command.h"
#include "endpoint_file.h"
#include "look.h"

struct look {
    struct look_tools *tools;
    look_done done;
    void *context;
    char profile[CREDENTIALS_PROFILE_MAX + 1]; /* of the settings */
    bool has_role;

    struct buffer shared_path, config_path;
    struct buffer shared, config; /* the files' texts */
    bool has_shared, has_config;
    int file_status; /* of the first that could not be read */
    char session_name[CREDENTIALS_SESSION_MAX + 1];
    struct endpoint_words sts_words; /* where the config file says that STS is */

    struct credentials_plan plan;
    struct credentials_lease lease; /* what we have so far */
    unsigned hop;                   /* that is assumed next */

    unsigned attempt;                /* of the step under way, from 0 */
    void (*step)(struct look *look); /* that is tried again */
    uv_timer_t timer;                /* between attempts */
    struct fetch *fetch;
    struct command_run *command;
    struct buffer token; /* of IMDS, of a web identity, of a container */
    char role_name[130]; /* of IMDS */
    bool is_web;         /* STS is asked with a token, not on top of lease */
    msec_t signed_offset_ms;
    bool was_clock_off; /* signed once more by the server's clock */

    unsigned pending; /* timer, command, workers: not yet gone */
    bool has_ended;
    struct look_result result;
    char error[CREDENTIALS_ERROR_MAX];
};

/* look->lease holds the base's, or a role's, credentials. */
void look_have(struct look *look);

__attribute__((format(printf, 2, 3))) void look_fail(struct look *look, const char *format, ...);

/* The step again after a pause, or false: it was tried so often already. */
bool look_try_again(struct look *look, unsigned attempts_max, msec_t pause_ms);

/* Starts a step: its first attempt. */
void look_step(struct look *look, void (*step)(struct look *look));

/* Sends, and keeps the fetch in look->fetch until it is answered. */
void look_ask(struct look *look, const struct fetch_question *question, fetch_done done);

/* Reads a file; `done` is not called when the look has ended meanwhile. */
typedef void (*look_text_done)(struct look *look, int status, const char *text, size_t length);
void look_read(struct look *look, const char *path, size_t max, look_text_done done);

/* While held it is not freed: somebody will call back. */
void look_hold(struct look *look);
void look_release(struct look *look);

/* The sources. */
void look_begin_process(struct look *look);
void look_begin_container(struct look *look);
void look_begin_machine(struct look *look);
void look_begin_web(struct look *look);
void look_begin_hop(struct look *look); /* plan.hops[hop] on top of lease */

#endif
