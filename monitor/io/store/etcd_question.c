/* SPDX-License-Identifier: Apache-2.0 */
/* etcd_question.c: a question on its way through the members.
 *
 *     ask -> PAUSED -> (a token? a lane? an address?) -> FLYING -> judged -> answered
 *              ^                                                     |
 *              +------------------ another member -------------------+
 *
 * A try takes half of the time left while there is another to make (and time worth a try), so that
 * a member that hangs, or a kept connection that is dead and silent, does not cost the whole call.
 * A question that must not be repeated keeps all the time that is left once it was sent: nobody
 * else may be asked then. When all members failed the round begins again, after a pause, until the
 * deadline: most outages of etcd are elections, and short. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etcd_link_state.h"
#include "etcd_words.h"

enum {
    LANES_MAX = 32,  /* requests at once; the others wait for their turn */
    TRY_MIN_MS = 50, /* with less left nothing is begun */
    TRY_WORTH_MS =
        500, /* connection, TLS and answer of a member 80 ms away; less only makes load */
    PAUSE_FIRST_MS = 50,
    PAUSE_LAST_MS = 400
};

static void try_now(struct question *question);

/* ---- ends ---- */

static void on_question_closed(uv_handle_t *handle)
{
    struct question *question = handle->data;
    struct etcd_link *link = question->link;

    explicit_bzero(question->body, question->length); /* a password, perhaps */
    free(question->body);
    free(question->path);
    free(question);
    etcd_link_release(link);
}

void question_answer(struct question *question, const struct etcd_answer *answer)
{
    TAILQ_REMOVE(&question->link->questions, question, entry);
    question->answered(question->context, answer);
    uv_close((uv_handle_t *)&question->timer, on_question_closed);
}

static const char *member_of(const struct question *question)
{
    return question->link->urls[question->member];
}

/* Ends a question with the error of its last try. */
static void give_up(struct question *question, bool maybe_done, bool too_long)
{
    struct etcd_answer answer = {.error = question->error,
                                 .maybe_done = maybe_done,
                                 .too_long = too_long,
                                 .member = member_of(question)};

    etcd_sentence(answer.sentence, sizeof(answer.sentence), answer.member, question->path,
                  question->tries, &question->error);
    question_answer(question, &answer);
}

static void set_error(struct question *question, enum etcd_fault fault, const char *words)
{
    question->error = (struct etcd_error){.fault = fault, .code = -1};
    (void)snprintf(question->error.words, sizeof(question->error.words), "%s", words);
}

/* ---- waiting ---- */

static void on_question_timer(uv_timer_t *timer)
{
    struct question *question = timer->data;

    if (question->link->closing) {
        set_error(question, ETCD_UNAVAILABLE, "the store is being closed");
        give_up(question, false, false);
        return;
    }
    if (question->state == QUESTION_PAUSED) {
        try_now(question);
        return;
    }
    if (question->state == QUESTION_RESOLVING) {
        question_fails(question, "its name was not resolved in time");
        return;
    }
    if (question->error.fault == ETCD_FAULT_NONE)
        set_error(question, ETCD_TIMEOUT,
                  question->state == QUESTION_PARKED ? "no token came in time"
                                                     : "too many questions were before this one");
    give_up(question, false, false);
}

static msec_t time_left(const struct question *question)
{
    msec_t left_ms = question->deadline_ms - etcd_link_now(question->link);

    return left_ms > 0 ? left_ms : 0;
}

static void wake_after(struct question *question, msec_t after_ms)
{
    uv_update_time(question->link->loop);
    (void)uv_timer_start(&question->timer, on_question_timer, (uint64_t)after_ms, 0);
}

void question_wait(struct question *question, enum question_state state)
{
    question->state = state;
    wake_after(question, time_left(question));
}

void question_go(struct question *question)
{
    question->state = QUESTION_PAUSED;
    wake_after(question, 0);
}

static void free_a_lane(struct etcd_link *link)
{
    struct question *question;

    link->flying--;
    TAILQ_FOREACH(question, &link->questions, entry)
    {
        if (question->state == QUESTION_QUEUED) {
            question_go(question);
            return;
        }
    }
}

/* ---- one try ---- */

/* Whether another member may do better. */
static bool may_do_better(enum etcd_fault fault)
{
    switch (fault) {
    case ETCD_NO_LEADER:
    case ETCD_TIMEOUT:
    case ETCD_UNAVAILABLE:
    case ETCD_TOO_MANY:
    case ETCD_UNKNOWN:
        return true;
    case ETCD_FAULT_NONE:
    case ETCD_BAD_TOKEN:
    case ETCD_DENIED:
    case ETCD_COMPACTED:
    case ETCD_FUTURE:
    case ETCD_NO_SPACE:
    case ETCD_CORRUPT:
    case ETCD_NO_LEASE:
    case ETCD_INVALID:
        break;
    }
    return false;
}

static void note_member(const struct question *question)
{
    struct etcd_link *link = question->link;

    if (may_do_better(question->error.fault)) {
        etcd_link_blame(link, question->member);
        return;
    }
    etcd_members_well(&link->members, question->member);
    etcd_link_expect_return(link);
}

/* To the next member; or, when all had their turn, after a pause to the first again. */
static void try_again(struct question *question)
{
    struct etcd_link *link = question->link;
    uint32_t all = (1U << link->members.count) - 1U;
    msec_t pause_ms = 0;

    if ((question->tried & all) == all) {
        pause_ms = etcd_back_off_ms(PAUSE_FIRST_MS, PAUSE_LAST_MS, question->rounds, etcd_random());
        question->rounds++;
        question->tried = 0;
    }
    if (question->only != NONE || time_left(question) < pause_ms + TRY_MIN_MS) {
        give_up(question, false, false);
        return;
    }
    question->state = QUESTION_PAUSED;
    wake_after(question, pause_ms);
}

/* A token that is not known any more is renewed once for each question. */
static bool needs_new_token(struct question *question)
{
    struct etcd_link *link = question->link;

    if (question->error.fault != ETCD_BAD_TOKEN || link->user[0] == '\0' ||
        question->without_token || question->token_renewed)
        return false;
    question->token_renewed = true;
    question->tried &= ~(1U << question->member);
    etcd_link_forget_token(link);
    return true;
}

static void judge(struct question *question, const struct etcd_transferred *result)
{
    bool refused;
    bool maybe_done;

    etcd_judge(result, &question->error);
    note_member(question);
    if (question->error.fault == ETCD_FAULT_NONE) {
        question_answer(question, &(struct etcd_answer){.member = member_of(question),
                                                        .body = result->body,
                                                        .length = result->length});
        return;
    }
    if (needs_new_token(question)) {
        question_go(question);
        return;
    }
    refused = result->code == CURLE_OK && etcd_fault_means_not_done(question->error.fault);
    maybe_done = result->sent && !refused;
    if (may_do_better(question->error.fault) && !result->too_long &&
        (question->may_repeat || !maybe_done))
        try_again(question);
    else
        give_up(question, maybe_done, result->too_long);
}

static void on_transferred(void *context, const struct etcd_transferred *result)
{
    struct question *question = context;
    struct etcd_link *link = question->link;

    question->transfer = NULL;
    free_a_lane(link);
    if (link->closing) {
        set_error(question, ETCD_UNAVAILABLE, "the store is being closed");
        give_up(question, result->sent, false);
        return;
    }
    judge(question, result);
}

/* A missing file is a fault of this machine: no member can do better. */
static bool lacks_file(struct question *question)
{
    const char *path = "";
    int error = etcd_unreadable_file(question->link->settings, &path);
    char words[ETCD_WORDS_MAX + 1];

    if (error == 0)
        return false;
    (void)snprintf(words, sizeof(words), "%.200s: %s", path, strerror(error));
    set_error(question, ETCD_UNAVAILABLE, words);
    give_up(question, false, false);
    return true;
}

/* Half of the time left, while there is something else to try: another member, or the same over a
 * fresh connection; but never a part in which nobody far away can answer. */
static msec_t part_of_time(const struct question *question)
{
    uint32_t all = (1U << question->link->members.count) - 1U;
    msec_t left_ms = time_left(question);
    bool is_last =
        question->only != NONE || ((question->tried & all) == all && question->tries > 0);

    if (is_last)
        return left_ms;
    if (left_ms / 2 > TRY_WORTH_MS)
        return left_ms / 2;
    return left_ms < TRY_WORTH_MS ? left_ms : TRY_WORTH_MS;
}

void question_wait_part(struct question *question, enum question_state state)
{
    question->state = state;
    wake_after(question, part_of_time(question));
}

void question_fails(struct question *question, const char *words)
{
    question->tried |= 1U << question->member;
    question->tries++;
    set_error(question, ETCD_UNAVAILABLE, words);
    note_member(question);
    try_again(question);
}

static void fly(struct question *question)
{
    struct etcd_link *link = question->link;
    struct etcd_target target;

    question->tried |= 1U << question->member;
    etcd_link_target(link, question->member, question->path, &target);
    target.fresh = question->tries > 0;
    target.connect_ms = part_of_time(question);
    target.timeout_ms = question->may_repeat ? target.connect_ms : time_left(question);
    if (question->without_token)
        target.token = "";
    question->tries++;
    question->transfer = etcd_transfer_start(link->curl_loop, &target, question->body,
                                             question->length, on_transferred, question);
    if (question->transfer == NULL) {
        set_error(question, ETCD_UNAVAILABLE, "no memory for the request");
        give_up(question, false, false);
        return;
    }
    question->state = QUESTION_FLYING;
    link->flying++;
}

static void try_now(struct question *question)
{
    struct etcd_link *link = question->link;

    if (!question_has_token(question) || lacks_file(question))
        return;
    if (time_left(question) < TRY_MIN_MS || link->flying >= LANES_MAX) {
        question_wait(question, QUESTION_QUEUED);
        return;
    }
    question->member = question->only != NONE ? question->only
                                              : etcd_members_pick(&link->members, question->tried,
                                                                  etcd_link_now(link));
    assert(question->member != NONE); /* try_again() begins a new round */
    if (question_has_address(question))
        fly(question);
}

/* ---- beginning ---- */

struct question *question_create(struct etcd_link *link, const struct etcd_question *from)
{
    struct question *question = calloc(1, sizeof(*question));
    msec_t timeout_ms = from->timeout_ms > 0 ? from->timeout_ms : link->settings->timeout_ms;

    assert(question != NULL);
    question->link = link;
    question->path = strdup(from->path);
    question->body = malloc(from->length + 1);
    assert(question->path != NULL && question->body != NULL);
    memcpy(question->body, from->body, from->length);
    question->body[from->length] = '\0';
    question->length = from->length;
    question->may_repeat = from->may_repeat;
    question->without_token = from->without_token;
    question->only = NONE;
    question->member = link->members.current;
    question->deadline_ms = etcd_link_now(link) + timeout_ms;
    question->state = QUESTION_PAUSED;
    (void)uv_timer_init(link->loop, &question->timer); /* cannot fail */
    question->timer.data = question;
    link->open_handles++;
    TAILQ_INSERT_TAIL(&link->questions, question, entry);
    wake_after(question, 0);
    return question;
}

void question_close(struct question *question)
{
    if (question->state == QUESTION_FLYING)
        etcd_transfer_cancel(question->transfer);
    else
        question_go(question); /* and there it hears of it */
}
