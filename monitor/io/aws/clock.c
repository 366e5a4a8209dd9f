/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

bool aws_clock_was_off(msec_t signed_offset_ms, msec_t theirs_minus_ours_ms)
{
    msec_t difference_ms = theirs_minus_ours_ms - signed_offset_ms;

    return difference_ms >= AWS_CLOCK_TOLERANCE_MS || difference_ms <= -AWS_CLOCK_TOLERANCE_MS;
}

/* An offset is kept while it serves: it does not follow every second that an answer was under way.
 * When our clock has been set right, no offset is the best one again. */
bool aws_clock_hear(struct aws_clock *clock, msec_t theirs_minus_ours_ms)
{
    if (!aws_clock_was_off(clock->offset_ms, theirs_minus_ours_ms))
        return false;
    clock->offset_ms = aws_clock_was_off(0, theirs_minus_ours_ms) ? theirs_minus_ours_ms : 0;
    return true;
}
