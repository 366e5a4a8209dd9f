/* SPDX-License-Identifier: Apache-2.0 */
/* etcd_link_state.h: what the files of the link share: etcd_link.c begins and ends it,
 * etcd_question.c asks and judges, etcd_token.c gets tokens, etcd_address.c addresses. */
#ifndef REGIONSHIFT_STORE_ETCD_LINK_STATE_H
#define REGIONSHIFT_STORE_ETCD_LINK_STATE_H

#include <sys/queue.h>

#include "etcd_link.h"
#include "etcd_members.h"
#include "etcd_transfer.h"
#include "resolver.h"

enum { ETCD_TOKEN_MAX = 1023 };

/* Where a question is; its timer means its next try (PAUSED), how long a name may take (RESOLVING)
 * or its deadline (QUEUED, PARKED). */
enum question_state {
    QUESTION_PAUSED,
    QUESTION_QUEUED,    /* for a lane */
    QUESTION_PARKED,    /* for a token */
    QUESTION_RESOLVING, /* for an address of its member */
    QUESTION_FLYING
};

struct question {
    TAILQ_ENTRY(question) entry;
    struct etcd_link *link;
    enum question_state state;
    uv_timer_t timer;
    char *path;
    char *body;
    size_t length;
    bool may_repeat;
    bool without_token;
    bool token_renewed; /* for this question, once */
    uint32_t only;      /* this member and no other; NONE: any */
    uint32_t member;    /* asked last */
    uint32_t tried;     /* members, in this round */
    uint32_t rounds;
    unsigned tries;
    msec_t deadline_ms;
    struct etcd_transfer *transfer; /* while flying */
    struct etcd_error error;        /* of the last try */
    etcd_answered answered;
    void *context;
};

TAILQ_HEAD(questions, question);

/* The host of a member's URL. */
struct etcd_host {
    struct etcd_link *link;
    char name[256];
    char port[8];
    bool is_literal;
    char pin[ETCD_PIN_MAX + 1]; /* its last addresses, in libcurl's words; "" : none yet */
    struct lookup *lookup;      /* on its way */
};

struct etcd_link {
    uv_loop_t *loop;
    struct curl_loop *curl_loop;
    const struct store_settings *settings;
    char *urls[ETCD_MEMBERS_MAX]; /* without a slash at the end */
    struct etcd_host hosts[ETCD_MEMBERS_MAX];
    struct resolver *resolver;
    struct etcd_members members;
    struct questions questions; /* unanswered, in the order asked */
    uint32_t flying;
    uv_timer_t return_timer; /* back to the first member */
    uint32_t return_rounds;
    bool returning;

    char *user; /* "" : no tokens */
    char *password;
    char token[ETCD_TOKEN_MAX + 1];
    bool authenticating;
    msec_t refused_until_ms; /* no hurry to be refused again */
    struct etcd_answer refusal;

    bool closing;
    uint32_t open_handles;
    void (*closed)(void *context);
    void *closed_context;
};

msec_t etcd_link_now(const struct etcd_link *link);

/* When another member than the first answered: looks for the first after a while. */
void etcd_link_expect_return(struct etcd_link *link);

/* Who calls sets answered and context, before the loop's next turn. */
struct question *question_create(struct etcd_link *link, const struct etcd_question *from);
/* The link is being closed: it is answered soon. */
void question_close(struct question *question);

/* Tries now, or as soon as there is a lane. */
void question_go(struct question *question);
/* The one end of a question: off the list, then told. */
void question_answer(struct question *question, const struct etcd_answer *answer);
/* Waits in this state, until its deadline at most. */
void question_wait(struct question *question, enum question_state state);

/* As question_wait(), but no longer than its part of the time. */
void question_wait_part(struct question *question, enum question_state state);
/* This member cannot be asked: the next one is. */
void question_fails(struct question *question, const char *words);

/* etcd_address.c: 0, or -1: a URL cannot be understood. */
int etcd_hosts_init(struct etcd_link *link);
/* Whether the address of its member is known; if not it waits until it is, or goes on elsewhere. */
bool question_has_address(struct question *question);

/* etcd_token.c: whether the question has what it needs; if not it is parked until it has, or
 * answered that it will not. */
bool question_has_token(struct question *question);

#endif
