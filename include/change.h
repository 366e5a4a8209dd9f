/* SPDX-License-Identifier: Apache-2.0 */
/* change.h: desired against observed: the least batch that makes one zone say what a decision says
 * (rules C1, C2, C4). */
#ifndef REGIONSHIFT_CHANGE_H
#define REGIONSHIFT_CHANGE_H

#include "decision.h"
#include "record.h"
#include "settings.h"

/* Room for one batch: items twice the group's sets, and two for the fence. */
struct change_space {
    struct batch_item *items;
    char (*fence)[FENCE_TEXT_MAX + 1]; /* the new fence's value, in quotes */
    char (*fence_name)[FENCE_TEXT_MAX + 1];
    const char **fence_value; /* the one value's place */
    char (*comment)[256];
};

/* The fence's record set in a view, or NULL. */
const struct record_set *change_find_fence(const struct zone_view *view, const char *group);

/* True when it is of the kind that we write. A set with a routing policy may be one of several, so
 * that its text is not what everybody reads: it is no fence, and nothing of ours can replace it. */
bool change_is_fence(const struct record_set *set);

/* One of the settings' sets in a view, or NULL. */
const struct record_set *change_find_set(const struct zone_view *view,
                                         const struct settings *settings, uint32_t set);

/* The digest of what is wanted in one zone, "SITE=WEIGHT\n" for each site of the group whose record
 * is there (C2). Of this zone only, so that its fence can be judged by itself: the other zones of a
 * group may be an epoch behind. weights: of all sites of the group. */
void change_digest(const struct settings *settings, uint32_t group, uint32_t zone,
                   const int *weights, char ret_plan[PLAN_LENGTH + 1]);

/* Builds the batch that raises view's zone to `decision`. Returns 0, or -1 with a word in
 * ret_reason: "record-set-missing", "not-weighted", "name-too-long", "weight-differs". */
int change_build(const struct settings *settings, const struct decision *decision,
                 const struct zone_view *view, struct change_space *space, struct batch *ret_batch,
                 const char **ret_reason);

#endif
