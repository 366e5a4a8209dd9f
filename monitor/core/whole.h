/* SPDX-License-Identifier: Apache-2.0 */
/* whole.h: services that move together stay together (D3), though zones are written one by one. */
#ifndef REGIONSHIFT_CORE_WHOLE_H
#define REGIONSHIFT_CORE_WHOLE_H

#include "settings.h"

/* What a site has to say when its group's zones are at different epochs. */
enum whole_role {
    WHOLE_LEADS,   /* some zone of it has the epoch that the others follow */
    WHOLE_FOLLOWS, /* it lags behind */
    WHOLE_STAYS    /* somebody else wrote there (C4), or there is nothing that could follow */
};

struct whole_input {
    const struct settings *settings;
    uint32_t group;
    const int *normal; /* by the group's sites, as the next two */
    const int *said;   /* by the zones */
    const int *known;  /* by the leaders' own decision, where that is known; NULL: it is not */
    enum whole_role (*role)(const void *context, uint32_t in_group);
    const void *context;
};

/* Sets the weights of the sites that follow; the others' are as said. True: one differs now. */
bool whole_follow(const struct whole_input *input, int *weights);

#endif
