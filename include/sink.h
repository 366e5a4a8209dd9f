/* SPDX-License-Identifier: Apache-2.0 */
/* sink.h: one attempt to hand one notice to one sink. Every kind has one start, one cancel and one
 * finish (sink/sink.c); a kind itself (sink/smtp.c, sink/webhook.c) only fills in a transfer and
 * reads how it went. */
#ifndef REGIONSHIFT_SINK_H
#define REGIONSHIFT_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "curl_loop.h"
#include "notice.h"
#include "resolver.h"
#include "settings.h"

enum { SINK_TEXT_MAX = 300, SINKS_MAX = 32 };

/* What every attempt needs; lives longer than all of them. */
struct sink_tools {
    uv_loop_t *loop;
    struct curl_loop *curl_loop;
    struct resolver *resolver;
    unsigned thread_count;                /* attempts that run in a thread of their own */
    void (*threads_ended)(void *context); /* the last of them ended; NULL: nobody waits */
    void *context;
};

/* How it went. Not accepted means "perhaps accepted": a reply may have been lost. */
struct sink_outcome {
    bool accepted;
    bool partly;                  /* accepted, and some recipients were refused: text says so */
    char text[SINK_TEXT_MAX + 1]; /* for the operator; the server's words, escaped */
};

/* What is to be said. */
struct sink_message {
    const struct notice *notice;
    struct notice_stamp stamp;
    wall_t date_wall; /* now, for the mail's date */
};

struct sink_job;

/* Called once from the loop, unless cancelled before. */
typedef void (*sink_done)(void *context, const struct sink_outcome *outcome);

/* Checks what settings alone cannot know. 0, or -1 with a sentence in error. */
int sink_check(const struct sink_settings *settings, char *error, size_t error_size);

/* Starts an attempt. Nothing of settings and message is used after the return. NULL: no memory;
 * everything else that goes wrong is told through done. */
struct sink_job *sink_start(struct sink_tools *tools, const struct sink_settings *settings,
                            const struct sink_message *message, sink_done done, void *context);

/* Ends an attempt early; done will not be called. What of it is still in flight is freed before the
 * curl_loop is closed, or before threads_ended(). Accepts NULL. */
void sink_cancel(struct sink_job *job);

#endif
