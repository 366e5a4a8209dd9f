/* SPDX-License-Identifier: Apache-2.0 */
/* batch_guard.h: the last line of defence (C5). Asked where a request is signed, whoever built the
 * batch, with nothing but the settings and what this client itself read last. It knows no decision
 * and no reason; it knows what no decision may do. */
#ifndef REGIONSHIFT_BATCH_GUARD_H
#define REGIONSHIFT_BATCH_GUARD_H

#include "record.h"
#include "settings.h"

enum batch_verdict {
    BATCH_ALLOWED,
    BATCH_STALE,    /* made from an older reading than ours: read the zone, decide again (C3) */
    BATCH_FORBIDDEN /* nobody may ask for this */
};

/* Limits of Route 53 for one request. */
enum {
    BATCH_ITEMS_MAX = 1000,
    BATCH_VALUES_MAX = 1000,
    BATCH_CHARACTERS_MAX = 32000,
    BATCH_COMMENT_MAX = 256,
    BATCH_HEALTH_MAX = 64
};

/* Allows a batch only when
 *   - every item is a site's own weighted record set, or the fence, of the batch's group and zone;
 *     never NS, SOA or DS (C5)
 *   - a site's set is deleted exactly as read and created again with another weight, else the same
 *     (C1, C4); without a DELETE only in an `is_init` batch, for a set the zone does not have, as
 *     the settings say it (D9)
 *   - in an `is_attach` batch of a group with beacons it is the health check that changes instead
 *     of the weight, and no two regions get the same one (B2)
 *   - the fence is created once, says group, epoch and nonce of the batch, and rises; its DELETE
 *     names the text read; without one only when the zone has no fence (C2)
 *   - no record it touches is left with all weights zero, and one that it takes weight from lives
 *     on by a set that the batch names, too (C5); all sets that a site has in the
 *     zone end with the same weight (C1)
 *   - it is within Route 53's limits.
 * view: this client's newest reading of the zone; NULL (none yet): nothing is allowed.
 * Otherwise error says rule, item and reason, escaped. */
enum batch_verdict batch_guard(const struct settings *settings, const struct batch *batch,
                               const struct zone_view *view, char *error, size_t error_size);

#endif
