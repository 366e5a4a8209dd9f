/* SPDX-License-Identifier: Apache-2.0 */
/* etcd_link.h: one question to etcd, asked of whichever member answers. Knows members, their
 * failures and back-off, TLS and tokens; knows nothing of keys.
 *
 * A question goes to the member that answered last, and to the next one when it is certain that
 * the first did not carry it out (no connection; "no leader"; a bad token, after a new one was
 * got); a question that only reads, or whose repetition does no harm, also when its answer was
 * lost. All of it ends by one deadline. */
#ifndef REGIONSHIFT_STORE_ETCD_LINK_H
#define REGIONSHIFT_STORE_ETCD_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "curl_loop.h"
#include "etcd_json.h"
#include "etcd_transfer.h"
#include "settings.h"

struct etcd_link;

/* user "" : no authentication. settings are borrowed until the link is closed. 0 or -errno; a file
 * that cannot be read is said by each answer, with its path. */
int etcd_link_create(uv_loop_t *loop, struct curl_loop *curl_loop,
                     const struct store_settings *settings, const char *user, const char *password,
                     struct etcd_link **ret_link);

struct etcd_question {
    const char *path; /* ETCD_PATH_..., or any other path of the gateway */
    const char *body; /* copied */
    size_t length;
    bool may_repeat;    /* asking twice does no harm */
    bool without_token; /* authenticate itself */
    msec_t timeout_ms;  /* of the whole; 0: the link's own */
};

enum { ETCD_SENTENCE_MAX = 511 };

struct etcd_answer {
    struct etcd_error error; /* fault NONE: HTTP 200, and body is the answer */
    bool maybe_done;         /* the question may have been carried out all the same */
    bool too_long;           /* the answer was longer than ETCD_ANSWER_MAX: ask for less */
    const char *member;      /* the URL that answered, or was tried last */
    const char *body;        /* valid during the callback */
    size_t length;
    /* For the operator: member, what was asked, what went wrong, what to do; "" when well. */
    char sentence[ETCD_SENTENCE_MAX + 1];
};
typedef void (*etcd_answered)(void *context, const struct etcd_answer *answer);

/* `answered` comes once, from the loop, also when the link is closed. */
void etcd_link_ask(struct etcd_link *link, const struct etcd_question *question,
                   etcd_answered answered, void *context);

/* Ends what is pending (each is answered), then frees; `closed` runs from the loop. */
void etcd_link_close(struct etcd_link *link, void (*closed)(void *context), void *context);

/* ---- for the stream of a watch, which is no question (etcd_stream.c) ---- */

/* The member that answered last: where a stream should stand. */
uint32_t etcd_link_current(const struct etcd_link *link);

/* What a request to a member needs; points into the link, until the loop's next turn. */
void etcd_link_target(const struct etcd_link *link, uint32_t member, const char *path,
                      struct etcd_target *ret_target);

struct curl_loop *etcd_link_curl(const struct etcd_link *link);
uv_loop_t *etcd_link_loop(const struct etcd_link *link);

/* What spreads the daemons in time. */
uint32_t etcd_random(void);

/* While it is held a link may be closing, but not closed. */
void etcd_link_hold(struct etcd_link *link);
void etcd_link_release(struct etcd_link *link);

/* The member refused the token, or failed: the next question takes another. */
void etcd_link_forget_token(struct etcd_link *link);
void etcd_link_blame(struct etcd_link *link, uint32_t member);

/* For an answer that cannot be read, from whichever member gave it: blames that one, and says so.
 */
void etcd_link_misread(struct etcd_link *link, const struct etcd_answer *answer, const char *words,
                       char *sentence, size_t size);

#endif
