/* SPDX-License-Identifier: Apache-2.0 */
#include "etcd_lease.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

enum { REQUEST_MAX = 1024 };

struct waiter {
    TAILQ_ENTRY(waiter) entry;
    store_write_done done;
    void *context;
};
TAILQ_HEAD(waiters, waiter);

struct etcd_lease {
    struct etcd_link *link;
    int64_t ttl_s;
    int64_t id;           /* 0: none */
    struct waiters asked; /* the request on its way began after their calls */
    struct waiters next;
    bool is_asking;
    bool ending;
    char lost[STORE_FAULT_TEXT_MAX];
    void (*given_back)(void *context);
    void *given_back_context;
};

static void ask(struct etcd_lease *lease);

/* ---- telling ---- */

static void tell(struct waiters *waiters, enum store_status status, uint64_t revision,
                 const char *sentence)
{
    struct waiters told = TAILQ_HEAD_INITIALIZER(told);
    struct waiter *waiter;

    TAILQ_CONCAT(&told, waiters, entry); /* who calls again from inside waits for the next */
    while ((waiter = TAILQ_FIRST(&told)) != NULL) {
        TAILQ_REMOVE(&told, waiter, entry);
        waiter->done(waiter->context, status, revision, sentence);
        free(waiter);
    }
}

static void finish(struct etcd_lease *lease, enum store_status status, const char *sentence)
{
    struct waiters asked = TAILQ_HEAD_INITIALIZER(asked);

    lease->is_asking = false;
    TAILQ_CONCAT(&asked, &lease->asked, entry);
    TAILQ_CONCAT(&lease->asked, &lease->next, entry);
    if (!TAILQ_EMPTY(&lease->asked))
        ask(lease);
    tell(&asked, status, 0, sentence);
}

/* ---- asking ---- */

static void not_understood(struct etcd_lease *lease, const struct etcd_answer *answer,
                           const char *words)
{
    char sentence[ETCD_SENTENCE_MAX + 1];

    etcd_link_misread(lease->link, answer, words, sentence, sizeof(sentence));
    finish(lease, STORE_AWAY, sentence);
}

static void too_short(struct etcd_lease *lease, const struct etcd_answer *answer, int64_t ttl_s)
{
    char sentence[ETCD_SENTENCE_MAX + 1];

    (void)snprintf(sentence, sizeof(sentence),
                   "store: etcd at %.120s gave a lease of %lld s where %lld s were asked for",
                   answer->member, (long long)ttl_s, (long long)lease->ttl_s);
    finish(lease, STORE_AWAY, sentence);
}

static void on_granted(void *context, const struct etcd_answer *answer)
{
    struct etcd_lease *lease = context;
    char words[ETCD_WORDS_MAX + 1] = "";
    int64_t id = 0;
    int64_t ttl_s = 0;

    if (lease->ending)
        return;
    if (answer->error.fault != ETCD_FAULT_NONE) {
        finish(lease, etcd_fault_status(answer->error.fault), answer->sentence);
    } else if (etcd_read_grant(answer->body, answer->length, &id, &ttl_s, words, sizeof(words)) !=
               0) {
        not_understood(lease, answer, words);
    } else if (ttl_s < lease->ttl_s) {
        too_short(lease, answer, ttl_s);
    } else {
        lease->id = id;
        finish(lease, STORE_OK, "");
    }
}

static void on_renewed(void *context, const struct etcd_answer *answer)
{
    struct etcd_lease *lease = context;
    struct etcd_error error = answer->error;
    char words[ETCD_WORDS_MAX + 1] = "";
    int64_t ttl_s = 0;

    if (lease->ending)
        return;
    if (error.fault == ETCD_FAULT_NONE && etcd_read_keepalive(answer->body, answer->length, &ttl_s,
                                                              &error, words, sizeof(words)) != 0) {
        not_understood(lease, answer, words);
    } else if (error.fault == ETCD_NO_LEASE || (error.fault == ETCD_FAULT_NONE && ttl_s == 0)) {
        lease->id = 0;
        finish(lease, STORE_LEASE_LOST, lease->lost);
    } else if (error.fault != ETCD_FAULT_NONE) {
        finish(lease, etcd_fault_status(error.fault),
               answer->sentence[0] != '\0' ? answer->sentence : error.words);
    } else if (ttl_s < lease->ttl_s) {
        too_short(lease, answer, ttl_s);
    } else {
        finish(lease, STORE_OK, "");
    }
}

/* A grant whose answer is lost leaves a lease behind that holds nothing and lapses by itself. */
static void ask(struct etcd_lease *lease)
{
    bool is_grant = lease->id == 0;
    struct etcd_question question = {.path = is_grant ? ETCD_PATH_GRANT : ETCD_PATH_KEEPALIVE,
                                     .may_repeat = true};
    struct buffer body;

    lease->is_asking = true;
    buffer_init(&body, REQUEST_MAX);
    if (is_grant)
        etcd_write_grant(&body, lease->ttl_s);
    else
        etcd_write_lease(&body, lease->id);
    question.body = buffer_text(&body);
    question.length = body.length;
    etcd_link_ask(lease->link, &question, is_grant ? on_granted : on_renewed, lease);
    buffer_clear(&body);
}

void etcd_lease_renew(struct etcd_lease *lease, store_write_done done, void *context)
{
    struct waiter *waiter = calloc(1, sizeof(*waiter));

    assert(waiter != NULL && !lease->ending);
    waiter->done = done;
    waiter->context = context;
    if (lease->is_asking) {
        TAILQ_INSERT_TAIL(&lease->next, waiter, entry);
        return;
    }
    TAILQ_INSERT_TAIL(&lease->asked, waiter, entry);
    ask(lease);
}

/* ---- the rest ---- */

int64_t etcd_lease_id(const struct etcd_lease *lease)
{
    return lease->id;
}

const char *etcd_lease_lost_sentence(const struct etcd_lease *lease)
{
    return lease->lost;
}

void etcd_lease_is_gone(struct etcd_lease *lease, int64_t id)
{
    if (lease->id == id)
        lease->id = 0;
}

static void on_revoked(void *context, const struct etcd_answer *answer)
{
    struct etcd_lease *lease = context;

    (void)answer; /* if it was not, it lapses */
    lease->given_back(lease->given_back_context);
}

void etcd_lease_end(struct etcd_lease *lease, msec_t timeout_ms, void (*given_back)(void *context),
                    void *context)
{
    struct etcd_question question = {
        .path = ETCD_PATH_REVOKE, .may_repeat = true, .timeout_ms = timeout_ms};
    struct buffer body;

    lease->ending = true;
    lease->given_back = given_back;
    lease->given_back_context = context;
    TAILQ_CONCAT(&lease->asked, &lease->next, entry);
    tell(&lease->asked, STORE_AWAY, 0, "store: is being closed");
    if (lease->id == 0) {
        given_back(context);
        return;
    }
    buffer_init(&body, REQUEST_MAX);
    etcd_write_lease(&body, lease->id);
    question.body = buffer_text(&body);
    question.length = body.length;
    etcd_link_ask(lease->link, &question, on_revoked, lease);
    buffer_clear(&body);
}

struct etcd_lease *etcd_lease_create(struct etcd_link *link, msec_t lease_ms, const char *owner)
{
    struct etcd_lease *lease = calloc(1, sizeof(*lease));

    if (lease == NULL)
        return NULL;
    lease->link = link;
    lease->ttl_s = (lease_ms + 999) / 1000;
    TAILQ_INIT(&lease->asked);
    TAILQ_INIT(&lease->next);
    (void)snprintf(lease->lost, sizeof(lease->lost),
                   "store: etcd: %s has no lease: it was not renewed in time, or ended by hand; "
                   "another one is asked for",
                   owner);
    return lease;
}

void etcd_lease_destroy(struct etcd_lease *lease)
{
    assert(lease == NULL || TAILQ_EMPTY(&lease->asked));
    free(lease);
}
