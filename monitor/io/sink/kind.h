/* SPDX-License-Identifier: Apache-2.0 */
/* kind.h: what a kind of sink adds to the one start, cancel and finish in sink.c. */
#ifndef REGIONSHIFT_SINK_KIND_H
#define REGIONSHIFT_SINK_KIND_H

#include <stdatomic.h>

#include "sink.h"

enum { SINK_HOST_MAX = 255 };

/* Where a transfer goes: the name to resolve (no brackets), and its port. */
struct sink_target {
    char host[SINK_HOST_MAX + 1];
    uint16_t port;
};

struct sink_job {
    const struct sink_ops *kind;
    struct sink_target target;
    struct sink_tools *tools;
    struct lookup *lookup;
    CURL *easy;
    bool in_flight;  /* in the curl_loop */
    bool has_thread; /* which owns easy, payload and words until it has ended */
    uv_thread_t thread;
    uv_async_t ended;
    CURLcode code; /* the thread's */
    atomic_bool cancelled;
    char *payload; /* the mail, the body */
    size_t payload_length;
    size_t payload_sent;
    struct curl_slist *lines;    /* request headers or recipients */
    struct curl_slist *resolved; /* HOST:PORT:ADDRESS,...: libcurl resolves nothing itself */
    char error[CURL_ERROR_SIZE];
    char words[SINK_TEXT_MAX + 1];   /* the server's last line, escaped */
    char refusal[SINK_TEXT_MAX + 1]; /* smtp: of the last recipient refused */
    unsigned refused_count;
    bool is_rcpt;          /* smtp: the last command was RCPT */
    bool is_quit;          /* smtp: the last command was QUIT */
    size_t received_count; /* bytes of headers and body */
    sink_done done;
    void *context;
};

struct sink_ops {
    const char *name;
    const char *protocols; /* libcurl's words */
    bool blocks;           /* libcurl would block the loop: a thread for each attempt */
    /* 0, or -1 with a sentence in error. */
    int (*check)(const struct sink_settings *settings, char *error, size_t error_size);
    int (*target)(const struct sink_settings *settings, struct sink_target *ret_target);
    /* Makes the payload and sets the handle's options. 0, or -1 with a sentence in job->error. */
    int (*prepare)(struct sink_job *job, const struct sink_settings *settings,
                   const struct sink_message *message);
    /* Fills in the outcome; called when the transfer has ended, however it did. */
    void (*judge)(const struct sink_job *job, CURLcode code, struct sink_outcome *outcome);
};

extern const struct sink_ops sink_smtp;
extern const struct sink_ops sink_webhook;

/* Adds a line; -1: no memory. */
int sink_job_line(struct sink_job *job, const char *line);

#endif
