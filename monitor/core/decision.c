/* SPDX-License-Identifier: Apache-2.0 */
#include "decision.h"

#include <string.h>

static const char *const kind_names[DECISION_KIND_COUNT] = {
    [DECISION_INIT] = "init",         [DECISION_LEAVE] = "leave", [DECISION_FAILBACK] = "failback",
    [DECISION_CANCEL] = "cancel",     [DECISION_ADOPT] = "adopt", [DECISION_ATTACH] = "attach",
    [DECISION_REASSERT] = "reassert",
};

const char *decision_kind_name(enum decision_kind kind)
{
    return kind_names[kind];
}

int decision_kind_parse(const char *name, enum decision_kind *ret_kind)
{
    for (unsigned i = 0; i < DECISION_KIND_COUNT; i++) {
        if (strcmp(name, kind_names[i]) == 0) {
            *ret_kind = (enum decision_kind)i;
            return 0;
        }
    }
    return -1;
}

bool decision_is_move(enum decision_kind kind)
{
    return kind == DECISION_LEAVE || kind == DECISION_FAILBACK;
}
