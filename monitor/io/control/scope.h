/* SPDX-License-Identifier: Apache-2.0 */
/* scope.h: which groups an answer tells of. A look at everything must not hold the checks up, and
 * with 25,000 groups nobody reads everything; so a large daemon tells by itself of what stands out,
 * and of any group by its name. */
#ifndef REGIONSHIFT_CONTROL_SCOPE_H
#define REGIONSHIFT_CONTROL_SCOPE_H

#include "server.h"

/* So many are told of whole, in some 10 ms; and so many sites and checks, taken together. */
enum { SCOPE_GROUPS_MAX = 100, SCOPE_PARTS_MAX = 4096 };

struct group_scope {
    uint32_t groups[SCOPE_GROUPS_MAX];
    uint32_t count;
    uint32_t left_out; /* groups that are not told of */
};

/* The group of the argument `group`; without one, all of them when they are few, else none, or with
 * `standing_out` the first that are not calm. False: no such group; an error is filled. */
bool scope_read(struct request *request, bool standing_out, struct group_scope *ret_scope);

#endif
