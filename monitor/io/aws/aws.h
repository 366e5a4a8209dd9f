/* SPDX-License-Identifier: Apache-2.0 */
/* aws.h: one signed request to AWS, asked once and answered once. Knows credentials, names,
 * signatures and HTTP; knows nothing of what is asked.
 *
 *   its turn -> resolve -> credentials -> body and signature -> transfer -> answer
 *
 * One deadline covers all that follows its turn. Nothing is retried, by us or by libcurl. Signed by
 * AWS's clock where ours is wrong (clock.h). */
#ifndef REGIONSHIFT_IO_AWS_AWS_H
#define REGIONSHIFT_IO_AWS_AWS_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "buffer.h"
#include "credentials.h"
#include "endpoint.h"
#include "rate.h"
#include "sigv4.h"
#include "units.h"

enum { AWS_ANSWER_MAX = 1024 * 1024, AWS_BODY_MAX = 1024 * 1024, AWS_MESSAGE_MAX = 512 };

struct aws;
struct aws_call;

/* What is asked. All of it is borrowed until the call has ended. */
struct aws_question {
    const char *method;
    const char *const *segments; /* of the path, decoded */
    size_t segment_count;
    const struct sigv4_pair *query;
    size_t query_count;
    /* Writes the body in the moment of signing; no byte of a request with a body exists before.
     * 0, or -1: it must not be sent, and the call ends as AWS_STOPPED. NULL: no body. */
    int (*write_body)(void *context, struct buffer *body);
    const char *content_type;            /* of the body; NULL: application/xml */
    const struct aws_endpoint *endpoint; /* copied; NULL: Route 53's, as the wishes say */
    const struct credentials_role *role; /* who asks; NULL: who we are ourselves */
    enum aws_urgency urgency;
};

enum aws_end {
    AWS_ANSWERED,
    AWS_STOPPED,        /* write_body said no: nothing was sent */
    AWS_NO_CREDENTIALS, /* nothing was sent */
    AWS_BAD_ENDPOINT,   /* nothing was sent */
    AWS_FAILED,         /* no whole answer: perhaps executed */
    AWS_CANCELLED       /* by aws_cancel(): perhaps executed */
};

/* Valid during the report only. */
struct aws_answer {
    enum aws_end end;
    int status;
    const char *body;
    size_t length;
    msec_t skew_ms;           /* the server's clock against ours, by its Date; 0 unknown */
    bool was_signed_off_time; /* by that clock, which is known now: signed anew it may pass */
    const char *message;      /* why not AWS_ANSWERED; escaped */
};

typedef void (*aws_done)(void *context, const struct aws_answer *answer);

/* Of the settings. */
struct aws_wishes {
    const char *endpoint; /* of Route 53 */
    const char *region;
    const char *profile;
    unsigned rate; /* requests a second */
};

/* Returns 0 or -errno. */
int aws_create(uv_loop_t *loop, const struct aws_wishes *wishes, struct aws **ret_aws);

/* After a reload; calls under way go on as they began. -ENOMEM leaves all as it was. */
int aws_set(struct aws *aws, const struct aws_wishes *wishes);

/* `done` is called once, from the loop. */
struct aws_call *aws_ask(struct aws *aws, const struct aws_question *question, msec_t timeout_ms,
                         aws_done done, void *context);

/* Ends a call early; `done` comes with AWS_CANCELLED. Not to be used once it has come. */
void aws_cancel(struct aws_call *call);

/* The credentials were refused: look for them anew next time. */
void aws_distrust(struct aws *aws);

/* AWS throttled an answered call: others use the account as well. */
void aws_slow_down(struct aws *aws);

/* AWS's clock minus ours, as the newest believed answer said it. False: none has yet. */
bool aws_clock_heard(const struct aws *aws, msec_t *ret_skew_ms);

/* Who we are to AWS, or to a role: what is known now (credentials.h). */
void aws_identity(const struct aws *aws, const struct credentials_role *role,
                  struct credentials_view *ret_view);

/* Every call must have ended. `closed` runs from the loop. Accepts NULL. */
void aws_close(struct aws *aws, void (*closed)(void *context), void *context);

#endif
