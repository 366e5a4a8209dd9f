/* SPDX-License-Identifier: Apache-2.0 */
/* rate.h: how many requests may begin now. Route 53 takes 5 a second from a whole account, shared
 * with every other tool in it; so we take 2 of them, and a few at once after a quiet time. Pure:
 * time comes in. */
#ifndef REGIONSHIFT_IO_AWS_RATE_H
#define REGIONSHIFT_IO_AWS_RATE_H

#include "units.h"

/* Least urgent first: who says nothing waits. */
enum aws_urgency {
    AWS_FOLLOW, /* what became of a change, health checks, names: leaves something for readings */
    AWS_READ,   /* a write may hang on it */
    AWS_WRITE   /* moves traffic: never waits, the engine paces it (C8) */
};

enum {
    AWS_RATE_BURST = 5,   /* begin at once after a quiet time */
    AWS_RATE_RESERVE = 2, /* of these not for AWS_FOLLOW */
    AWS_RATE_DEBT_MS = 10 * 1000
};

struct aws_rate {
    msec_t step_ms; /* one request each */
    msec_t full_ms; /* when all of the burst is there again */
};

/* A rate of zeroes has all of its burst; what was taken stays taken. */
void aws_rate_set(struct aws_rate *rate, unsigned per_second);

/* 0: it may begin now; else ask again after this long. */
msec_t aws_rate_wait_ms(const struct aws_rate *rate, enum aws_urgency urgency, msec_t now_ms);

/* One begins. */
void aws_rate_take(struct aws_rate *rate, msec_t now_ms);

/* AWS throttled one: others use the account too, so nothing is left of our burst. */
void aws_rate_empty(struct aws_rate *rate, msec_t now_ms);

#endif
