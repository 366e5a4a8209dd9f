/* SPDX-License-Identifier: Apache-2.0 */
/* rhythm.h: how punctual our checks are. What rhythm.c remembers; the rest of it is in state.h. */
#ifndef REGIONSHIFT_CORE_RHYTHM_H
#define REGIONSHIFT_CORE_RHYTHM_H

#include <stdbool.h>
#include <stdint.h>

#include "engine.h"

enum {
    RHYTHM_PART_MS = 10000, /* overload is judged by the last three such parts: 30 s */
    RHYTHM_PARTS = 3
};

struct rhythm_part {
    uint32_t begun;
    uint32_t late;
    msec_t sum_ms;
    msec_t worst_ms;
};

struct rhythm {
    struct rhythm_view view;                    /* since the engine began; but for what is recent */
    struct rhythm_part parts[RHYTHM_PARTS + 1]; /* the first is not over yet */
    msec_t part_end_ms;                         /* ... until then */
    msec_t soon_ms;                             /* V2: until when looks are promised, one each ms */
};

#endif
