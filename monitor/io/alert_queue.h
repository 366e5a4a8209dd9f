/* SPDX-License-Identifier: Apache-2.0 */
/* alert_queue.h: what the files of the alerts share: alerts.c (the step), alert_queue.c (in and
 * out), alert_claims.c (may we say it?), alert_send.c (saying it), alert_test.c. Everything is
 * level-triggered: whatever happens is recorded and asks for a step; the step looks at every alert
 * and every sink and starts what is due; the one timer waits for the earliest moment at which a
 * step can find something new. */
#ifndef REGIONSHIFT_ALERT_QUEUE_H
#define REGIONSHIFT_ALERT_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "alerts.h"
#include "claim.h"
#include "notice.h"
#include "sink.h"
#include "spool.h"

/* The times of the way out. Tests shorten them; nothing else does. */
struct alert_pace {
    msec_t retry_first_ms; /* doubles after each failure ... */
    msec_t retry_last_ms;  /* ... up to this */
    msec_t fresh_ms;       /* a new alert waits at most so long for a failing sink */
    msec_t look_ms;        /* how often another's claim is looked at */
    msec_t answer_ms;      /* a store that does not answer is away */
    msec_t hold_ms;        /* CLAIM_HOLD_MS */
    msec_t stale_ms;       /* CLAIM_STALE_MS */
    msec_t trust_ms;       /* CLAIM_TRUST_MS */
    msec_t sweep_ms;       /* how often old claims are deleted */
    uint32_t claims_max;   /* CLAIMS_MAX */
};

enum entry_state {
    ENTRY_QUEUED,  /* to be judged: may we say it? */
    ENTRY_ASKING,  /* the store is being asked */
    ENTRY_WAITING, /* another holds the claim: judged again from time to time */
    ENTRY_SENDING  /* ours to say, with a claim or without */
};

struct question; /* a call of the store under way */

/* One alert on its way out. */
struct entry {
    TAILQ_ENTRY(entry) link;
    struct alerts *alerts;
    struct notice *notice;
    size_t size;          /* of its record */
    uint64_t id;          /* in the spool; 0: in memory only */
    struct entry *behind; /* the older alert of the same incident, which goes first */

    enum entry_state state;
    struct question *question;
    struct claim claim; /* as read last; ours when has_claim */
    uint64_t revision;
    uint64_t waited_count; /* of the claim of our phase that another holds */
    bool has_claim;
    bool is_marked;    /* the claim says sent, or we tried to make it so */
    msec_t asked_ms;   /* when the question was put */
    msec_t look_ms;    /* when to judge again */
    msec_t seen_ms;    /* when `revision` was first seen; 0: not yet */
    msec_t claimed_ms; /* when our time with the claim began; 0: not yet */
    msec_t judged_ms;  /* last time we knew that it is ours to say; 0: asked before we try */

    struct notice_stamp stamp;
    uint64_t delivered; /* sinks, by bit */
    uint64_t in_flight;
    uint32_t tries[SINKS_MAX];
};
TAILQ_HEAD(entries, entry);

/* One place alerts go to, and how it has been doing. */
struct sink {
    struct alerts *alerts;
    const struct sink_settings *settings;
    uint32_t index;
    struct sink_job *job;
    struct entry *entry; /* what the job is sending */
    msec_t next_ms;      /* not before */
    uint32_t failures;   /* in a row */
    bool failing;        /* told so */
    bool has_accepted;
    msec_t accepted_ms;              /* when it took one last */
    msec_t failed_ms;                /* when it took one last not */
    char refusal[SINK_TEXT_MAX + 1]; /* and what it said then; "" never */
};

/* What this probe knows was said of an incident: the claim while the store is away. */
struct known {
    char incident[INCIDENT_MAX + 1];
    struct claim claim;
};
enum { KNOWN_MAX = 256 };

struct test_job;
LIST_HEAD(test_jobs, test_job);

struct alerts {
    uv_loop_t *loop;
    uv_timer_t timer;
    const struct settings *settings;
    struct store *store; /* NULL: no claims, no spool */
    char self[NAME_MAX_LENGTH + 1];
    struct alert_pace pace;
    struct spool *spool;
    struct sink_tools tools;
    alerts_sink_event event;
    void *context;

    struct entries entries; /* in the order of raising */
    uint32_t count;
    size_t bytes;
    struct sink sinks[SINKS_MAX];
    uint32_t sink_count;
    struct known *known; /* KNOWN_MAX, oldest overwritten */
    uint32_t known_next;
    struct test_jobs tests;
    uint32_t question_count; /* not yet answered */
    bool is_sweeping;
    msec_t sweep_at_ms;
    struct alerts_stats stats;

    bool closing;
    unsigned open_count; /* timer, curl_loop, resolver, questions: closed() when all are gone */
    void (*closed)(void *context);
    void *closed_context;
};

void alerts_set_pace(struct alerts *alerts, const struct alert_pace *pace);

/* ---- alerts.c ---- */
void alerts_wake(struct alerts *alerts); /* step soon, from the loop */
wall_t alerts_wall(void);
void alerts_release(struct alerts *alerts); /* one of open_count is gone */

/* ---- alert_queue.c ---- */
void entry_note(struct entry *entry, const char *line); /* a line of progress into the spool */
void entry_remove(struct entry *entry);                 /* done with: leaves queue and spool */
void entry_free(struct entry *entry); /* leaves the queue and stays in the spool */
int queue_resume(void *context, uint64_t id, const char *record, size_t length, const char *lines);
/* Marks and removes what had been said before the end. */
void queue_settle_resumed(struct alerts *alerts);

/* ---- alert_test.c ---- */
void test_cut_off(struct alerts *alerts); /* tells every test under way that it ends here */

/* ---- alert_claims.c ---- */
/* Judges an entry that is QUEUED or due again; afterwards it is ASKING, WAITING, SENDING or gone.
 */
void claims_judge(struct entry *entry);
/* A sink accepted it: the claim says so, and the others keep silent. */
void claims_mark_sent(struct entry *entry);
/* Answers of the store that come later are for nobody. */
void claims_forget(struct entry *entry);
/* Deletes claims nobody needs any more. */
void claims_sweep(struct alerts *alerts);

/* ---- alert_send.c ---- */
bool sink_wants(const struct sink *sink, const struct notice *notice);
bool send_is_done(const struct entry *entry); /* every sink that wants it has it */
/* Starts what the sink should send now; returns when to look again. */
msec_t send_step(struct sink *sink, msec_t now_ms);
/* A new alert does not wait for the back-off of old ones. */
void send_hurry(struct alerts *alerts);
void send_cancel(struct sink *sink);

#endif
