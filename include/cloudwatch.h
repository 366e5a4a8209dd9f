/* SPDX-License-Identifier: Apache-2.0 */
/* cloudwatch.h: how CloudWatch is asked for the state of one alarm, metric or composite
 * (DescribeAlarms of its Query protocol), and what it answers. Pure. */
#ifndef REGIONSHIFT_CLOUDWATCH_H
#define REGIONSHIFT_CLOUDWATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"

enum { CLOUDWATCH_REASON_MAX = 120 };

struct cloudwatch_alarm {
    bool is_found;                          /* else it does not exist, where and as whom we asked */
    bool is_composite;                      /* of other alarms */
    const char *state;                      /* "OK", "ALARM" or "INSUFFICIENT_DATA": static */
    char reason[CLOUDWATCH_REASON_MAX + 1]; /* CloudWatch's own words, escaped and cut; "" none */
};

/* The form's body. A failure sticks to the buffer. */
void cloudwatch_write(struct buffer *out, const char *name);

/* Reads the answer about the alarm of that name. 0, or -1 with a sentence in error, which quotes
 * nothing of the answer. */
int cloudwatch_read(const char *body, size_t length, const char *name,
                    struct cloudwatch_alarm *ret_alarm, char *error, size_t error_size);

#endif
