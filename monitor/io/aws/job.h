/* SPDX-License-Identifier: Apache-2.0 */
/* job.h: a call of route53.h on its way. It asks AWS one or more questions, each answer goes to the
 * job's `take`, and job_finish() is the only way out.
 *
 *   job_create -> job_ask -> (refused: put right what can be, ask a reading once more) -> take
 *                    ^------------------------------------------------------------------/ |
 *                                                                    job_finish or job_fail
 *
 * Private to the files that make route53.h. */
#ifndef REGIONSHIFT_IO_AWS_JOB_H
#define REGIONSHIFT_IO_AWS_JOB_H

#include <sys/queue.h>

#include "aws.h"
#include "credentials.h"
#include "pool.h"
#include "record_copy.h"
#include "route53.h"
#include "route53_xml.h"
#include "zone_read.h"

enum { JOB_MESSAGE_MAX = 1536, JOB_SEGMENTS_MAX = 5 };

/* What is remembered of a zone between calls. */
struct zone_memory {
    char *apex; /* NULL: not known yet */
    bool is_large;
    struct zone_view *view;  /* our newest reading, the guard's witness; NULL: none */
    struct pool *servers_in; /* owns the names; NULL: not known yet */
    const char **servers;    /* of the delegation set, which a zone keeps for life */
    uint32_t server_count;   /* 0 in a private zone, which has none */
};

struct route53 {
    uv_loop_t *loop;
    const struct settings *settings;
    unsigned generation; /* of the settings */
    bool is_dry_run;
    struct aws *aws;
    struct zone_memory *zones; /* one for each of the settings */
    uint32_t zone_count;
    LIST_HEAD(jobs, job) jobs;
    bool is_closing;
    void (*closed)(void *context);
    void *closed_context;
};

/* What a job ends with; what does not belong to its kind is not looked at. */
struct report {
    enum route53_outcome outcome;
    struct zone_view *view;
    const struct route53_change *change;
    const char *const *servers;
    uint32_t server_count;
};

struct job {
    struct route53 *route53;
    LIST_ENTRY(job) link;
    unsigned generation;
    uint32_t zone;
    msec_t timeout_ms;
    union {
        route53_zone_done zone;
        route53_change_done change;
        route53_servers_done servers;
    } done;
    void *context;
    void (*tell)(const struct job *job, const struct report *report); /* calls done */

    const char *segments[JOB_SEGMENTS_MAX]; /* of the path: "2013-04-01", the collection, the id */
    struct sigv4_pair query[ZONE_READ_QUERY_MAX];
    struct credentials_role role; /* arn "": none */
    struct aws_question question; /* the one that is asked now */
    struct aws_call *call;
    bool was_asked_again;
    void (*take)(struct job *job, const struct aws_answer *answer);

    uv_timer_t soon;           /* of a job that asks nothing: done must come from the loop */
    struct pool *pool;         /* owns ids, role and batch */
    struct zone_read *read;    /* of a read */
    bool is_look;              /* a reading for the eyes only */
    struct batch batch;        /* of a send */
    enum route53_outcome stop; /* why write_body() said no; its words are in message */
    char message[JOB_MESSAGE_MAX];
};

/* For one item of a collection ("hostedzone", "change", "healthcheck"), as whoever may act in this
 * zone. The id may have its prefix. Ends the program when there is no memory. */
struct job *job_create(struct route53 *route53, uint32_t zone, const char *collection,
                       const char *id, void *context,
                       void (*tell)(const struct job *job, const struct report *report));

/* Asks: GET, or POST when there is a body to write. Segments, query and zone are the job's. */
struct job_question {
    enum aws_urgency urgency;
    size_t segment_count;
    size_t query_count;
    int (*write_body)(void *job, struct buffer *body); /* NULL: none */
};
void job_ask(struct job *job, const struct job_question *question,
             void (*take)(struct job *job, const struct aws_answer *answer));

/* Reports and frees. A message may be the job's own. */
void job_finish(struct job *job, const struct report *report);
void job_fail(struct job *job, enum route53_outcome outcome, const char *message);

/* For write_body(): says no, and why. Returns -1. */
int job_stop(struct job *job, enum route53_outcome outcome, const char *message);

/* NULL: the settings were reloaded since the job began, and its zone may be another one now. */
struct zone_memory *job_memory(const struct job *job);

/* Closes what is left when the last job has gone; of route53.c. */
void route53_close_when_idle(struct route53 *route53);

#endif
