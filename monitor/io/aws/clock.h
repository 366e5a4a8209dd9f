/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h: AWS's clock beside ours. A signature whose time is more than 5 minutes off is refused;
 * so when ours is wrong, requests are signed by theirs. For signing only: leases, votes and all
 * that the engine sees go by our own clock, or a server could move them. Pure. */
#ifndef REGIONSHIFT_IO_AWS_CLOCK_H
#define REGIONSHIFT_IO_AWS_CLOCK_H

#include <stdbool.h>

#include "units.h"

/* Below this a signature passes, and a Date of whole seconds that travelled is no better. */
enum { AWS_CLOCK_TOLERANCE_MS = 240 * 1000 };

struct aws_clock {
    msec_t offset_ms; /* theirs minus ours; 0: ours will do */
};

/* What a trusted answer said, against our clock at that moment. True: the offset is another one
 * now. */
bool aws_clock_hear(struct aws_clock *clock, msec_t theirs_minus_ours_ms);

/* Was a signature made at this offset refused for its time, given what the answer said? */
bool aws_clock_was_off(msec_t signed_offset_ms, msec_t theirs_minus_ours_ms);

#endif
