/* SPDX-License-Identifier: Apache-2.0 */
/* etcd_token.c: user and password become a token, which every question carries. To check a password
 * costs a member 70 ms of processor, so it is asked for once for all who wait, kept until a member
 * does not know it any more, and after a refusal not asked again for a while. Neither password nor
 * token is ever logged. */
#include <stdio.h>
#include <string.h>

#include "etcd_link_state.h"

enum {
    REFUSED_MS = 3000, /* a refused password is not tried more often */
    PATIENCE = 3, /* timeouts of a call: a member that is given up checks the password to its end */
    REQUEST_MAX = 8192
};

static struct question *first_parked(struct etcd_link *link)
{
    struct question *question;

    TAILQ_FOREACH(question, &link->questions, entry)
    {
        if (question->state == QUESTION_PARKED)
            return question;
    }
    return NULL;
}

static void refuse(struct question *question)
{
    struct etcd_answer refusal = question->link->refusal;

    question_answer(question, &refusal);
}

/* Whether etcd understood and said no: another try would be another no. */
static bool is_refusal(enum etcd_fault fault)
{
    return fault == ETCD_DENIED || fault == ETCD_INVALID;
}

/* 0, or -1: what came instead is the refusal. */
static int take_token(struct etcd_link *link, const struct etcd_answer *answer)
{
    char words[ETCD_WORDS_MAX + 1] = "";

    link->refusal = *answer;
    link->refusal.body = NULL;
    link->refusal.length = 0;
    link->refusal.maybe_done = false; /* of what waits nothing was sent */
    if (answer->error.fault != ETCD_FAULT_NONE)
        return -1;
    if (etcd_read_token(answer->body, answer->length, link->token, sizeof(link->token), words,
                        sizeof(words)) == 0)
        return 0;
    link->refusal.error.fault = ETCD_UNKNOWN;
    (void)snprintf(link->refusal.sentence, sizeof(link->refusal.sentence),
                   "store: etcd at %.120s, asked to accept user and password, gave no token: "
                   "%.200s: look at its log",
                   answer->member, words);
    return -1;
}

/* Those who wait share the fate of the question for a token. */
static void on_token(void *context, const struct etcd_answer *answer)
{
    struct etcd_link *link = context;
    struct question *question;
    bool refused = take_token(link, answer) != 0;

    link->authenticating = false;
    if (refused && is_refusal(link->refusal.error.fault))
        link->refused_until_ms = etcd_link_now(link) + REFUSED_MS;
    while ((question = first_parked(link)) != NULL) {
        if (refused)
            refuse(question);
        else
            question_go(question);
    }
}

static void authenticate(struct etcd_link *link)
{
    struct etcd_question question = {.path = ETCD_PATH_AUTHENTICATE,
                                     .may_repeat = true,
                                     .without_token = true,
                                     .timeout_ms = PATIENCE * link->settings->timeout_ms};
    struct buffer body;

    if (link->authenticating)
        return;
    link->authenticating = true;
    buffer_init(&body, REQUEST_MAX);
    etcd_write_authenticate(&body, link->user, link->password);
    question.body = buffer_text(&body);
    question.length = body.length;
    etcd_link_ask(link, &question, on_token, link);
    buffer_clear(&body); /* wipes it */
}

bool question_has_token(struct question *question)
{
    struct etcd_link *link = question->link;

    if (question->without_token || link->user[0] == '\0' || link->token[0] != '\0')
        return true;
    if (link->refused_until_ms > etcd_link_now(link)) {
        refuse(question);
        return false;
    }
    question_wait(question, QUESTION_PARKED);
    authenticate(link);
    return false;
}

void etcd_link_forget_token(struct etcd_link *link)
{
    explicit_bzero(link->token, sizeof(link->token));
}
