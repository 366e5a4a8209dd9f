/* SPDX-License-Identifier: Apache-2.0 */
/* units.h: the units every name in this tree ends in (_ms, _us, _pct, _count). */
#ifndef REGIONSHIFT_UNITS_H
#define REGIONSHIFT_UNITS_H

#include <stdint.h>

typedef int64_t msec_t; /* milliseconds: an age, a span, or a point on the monotonic clock */
typedef int64_t usec_t; /* microseconds: phase timings only */
typedef int64_t wall_t; /* milliseconds since 1970 UTC: for ledgers and people, never for gates */

/* No index of anything: an absent region, probe, group or site. */
#define NONE UINT32_MAX

#endif
