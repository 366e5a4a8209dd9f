/* SPDX-License-Identifier: Apache-2.0 */
/* elb.h: how Elastic Load Balancing (v2) is asked for the health of a target group's targets
 * (DescribeTargetHealth of its Query protocol), and what it answers. Pure. */
#ifndef REGIONSHIFT_ELB_H
#define REGIONSHIFT_ELB_H

#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

/* How many targets are in which state. */
struct elb_health {
    uint32_t total;
    uint32_t healthy;
    uint32_t unhealthy; /* with "unhealthy.draining": it still answers old connections */
    uint32_t initial;   /* being registered, or not yet checked often enough */
    uint32_t draining;
    uint32_t unused;      /* no listener leads there, or its zone is not enabled */
    uint32_t unavailable; /* nobody checks it, or ELB cannot tell */
    uint32_t other;       /* a state that we do not know */
};

/* The form's body. A failure sticks to the buffer. */
void elb_write(struct buffer *out, const char *target_group_arn);

/* 0, or -1 with a sentence in error, which quotes nothing of the answer. */
int elb_read(const char *body, size_t length, struct elb_health *ret_health, char *error,
             size_t error_size);

#endif
