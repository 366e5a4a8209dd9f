/* SPDX-License-Identifier: Apache-2.0 */
/* tail.h: when every authoritative server says a change, resolvers out there may give the old
 * answer until its TTL has passed: the tail of a move (C7). What to ask them, and what is new.
 * Pure.
 *
 * A record is worth asking for when the change takes all weight from some of its values and these
 * are known: then an answer of a value that keeps weight is new, every other one old. Of an alias
 * the values are its target's; where no record can be asked, the fence is. */
#ifndef REGIONSHIFT_TAIL_H
#define REGIONSHIFT_TAIL_H

#include <stdbool.h>

#include "dns_answer.h"
#include "record.h"

enum {
    TAIL_QUESTIONS_MAX = 8, /* of one batch; more would only repeat what these say */
    TAIL_VALUES_MAX = 100   /* weighted sets of a name, in Route 53 */
};

struct tail_question {
    const char *name;
    enum dns_type type;
    const char *values[TAIL_VALUES_MAX]; /* that keep weight */
    uint32_t value_count;
    const char *group; /* of the fence, when that is what is asked for; else NULL */
    uint64_t epoch;
};

struct tail {
    struct tail_question questions[TAIL_QUESTIONS_MAX];
    uint32_t question_count;
    msec_t ttl_ms; /* the longest that an old answer lives */
    void *arena;   /* owns the texts: tail_destroy() */
};

/* Of a batch, and the view of its zone that it was made from; group: its name. Returns 0, or -1: no
 * memory. */
int tail_create(const struct zone_view *view, const struct batch *batch, const char *group,
                struct tail **ret_tail);

/* True when the values answered are all of those that keep weight, or are the fence. */
bool tail_is_new(const struct tail_question *question, const char *const *values, size_t count);

/* Accepts NULL. */
void tail_destroy(struct tail *tail);

#endif
