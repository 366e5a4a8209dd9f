/* SPDX-License-Identifier: Apache-2.0 */
/* fetch.h: one HTTP request for credentials, asked once and answered once. Never through a proxy,
 * never redirected, nothing retried; names are resolved on the loop. What is sent and received may
 * be secret, and is wiped. */
#ifndef REGIONSHIFT_IO_AWS_FETCH_H
#define REGIONSHIFT_IO_AWS_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "sigv4.h"
#include "units.h"

enum { FETCH_HEADERS_MAX = 6, FETCH_MESSAGE_MAX = 400 };

struct fetcher;
struct fetch;

/* Copied. */
struct fetch_question {
    const char *method;
    const char *url; /* http:// or https:// */
    struct sigv4_pair headers[FETCH_HEADERS_MAX];
    size_t header_count;
    const char *body; /* of a POST, else NULL */
    size_t body_length;
    msec_t timeout_ms; /* of the transfer */
    size_t answer_max;
};

/* Valid during the report only. */
struct fetch_answer {
    bool is_answered; /* whatever the status */
    bool is_timeout;
    int status;
    const char *body;
    size_t length;
    bool has_date;       /* told over verified TLS, and not by a cache */
    msec_t skew_ms;      /* the server's clock minus ours */
    const char *message; /* why there is no answer; escaped */
};

typedef void (*fetch_done)(void *context, const struct fetch_answer *answer);

/* Returns 0 or -errno. */
int fetcher_create(uv_loop_t *loop, struct fetcher **ret_fetcher);

/* `done` is called once, from the loop, unless it is cancelled before. */
struct fetch *fetch_start(struct fetcher *fetcher, const struct fetch_question *question,
                          fetch_done done, void *context);

/* Forgets it: `done` will not be called. Not to be used once it has been. Accepts NULL. */
void fetch_cancel(struct fetch *fetch);

/* Forgets all that is under way. `closed` runs from the loop. Accepts NULL. */
void fetcher_close(struct fetcher *fetcher, void (*closed)(void *context), void *context);

#endif
