/* SPDX-License-Identifier: Apache-2.0 */
/* drift.h: what somebody else changed in a zone, in words for an operator (C4). Known to core/
 * only. */
#ifndef REGIONSHIFT_CORE_DRIFT_H
#define REGIONSHIFT_CORE_DRIFT_H

#include "state.h"

/* "  pizza/us-east-1 set pizza-us-east-1: weight 100 in decision 7, 40 in the zone", a line for
 * each record set whose weight is not what its fence's epoch said. "" when there is none. */
void drift_say(const struct engine *engine, uint32_t group, char *out, size_t size);

/* Holds a new reading of a zone against the one before: what changed beside the weights, and was
 * not changed by us, is adopted and told. Before the new view is taken. */
void drift_compare(struct engine *engine, uint32_t zone, const struct zone_view *view);

#endif
