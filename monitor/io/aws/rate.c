/* SPDX-License-Identifier: Apache-2.0 */
/* The bucket is one number: when it will be full again. Each request puts that off by one step; one
 * may begin while it is at most burst - 1 steps away. */
#include "rate.h"

#include <assert.h>

static msec_t later(msec_t a, msec_t b)
{
    return a > b ? a : b;
}

void aws_rate_set(struct aws_rate *rate, unsigned per_second)
{
    assert(per_second >= 1 && per_second <= 1000);
    rate->step_ms = 1000 / per_second;
}

msec_t aws_rate_wait_ms(const struct aws_rate *rate, enum aws_urgency urgency, msec_t now_ms)
{
    msec_t steps = urgency == AWS_READ ? AWS_RATE_BURST - 1 : AWS_RATE_BURST - AWS_RATE_RESERVE - 1;

    if (urgency == AWS_WRITE)
        return 0;
    return later(0, rate->full_ms - now_ms - steps * rate->step_ms);
}

/* Writes may run into debt, which has a limit: readings come back within it. */
void aws_rate_take(struct aws_rate *rate, msec_t now_ms)
{
    rate->full_ms = later(rate->full_ms, now_ms) + rate->step_ms;
    if (rate->full_ms > now_ms + AWS_RATE_DEBT_MS)
        rate->full_ms = now_ms + AWS_RATE_DEBT_MS;
}

void aws_rate_empty(struct aws_rate *rate, msec_t now_ms)
{
    rate->full_ms = later(rate->full_ms, now_ms + AWS_RATE_BURST * rate->step_ms);
}
