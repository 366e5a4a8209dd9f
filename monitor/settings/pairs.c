/* SPDX-License-Identifier: Apache-2.0 */
#include "pairs.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct named {
    const char *text;
    uint32_t index;
};

static int by_text(const void *a, const void *b)
{
    const struct named *x = a;
    const struct named *y = b;
    int order = strcmp(x->text, y->text);
    return order != 0 ? order : x->index < y->index ? -1 : x->index > y->index;
}

/* In an arena, which takes back what was needed for a moment as well. */
static struct named *sort(const struct settings *settings, struct settings_arena *arena,
                          uint32_t count, pairs_text text_of, uint32_t *ret_count)
{
    struct named *all = arena_array(arena, (size_t)count + 1, sizeof *all);
    uint32_t used = 0;
    for (uint32_t i = 0; i < count && all != NULL; i++) {
        const char *text = text_of(settings, i);
        if (text != NULL)
            all[used++] = (struct named){text, i};
    }
    if (all != NULL)
        qsort(all, used, sizeof *all, by_text);
    *ret_count = used;
    return all;
}

/* Of a file that says one thing many times no more is told than the report holds. */
static bool has_room(const struct inspection *in)
{
    return in->report->count < PROBLEMS_MAX;
}

void pairs_same(struct inspection *in, uint32_t count, pairs_text text_of,
                void (*compare)(struct inspection *in, uint32_t older, uint32_t newer))
{
    uint32_t used = 0;
    struct named *all = sort(in->settings, in->report->arena, count, text_of, &used);
    if (all == NULL) {
        report_out_of_memory(in->report);
        return;
    }
    for (uint32_t newer = 1, first = 0; newer < used; newer++) {
        if (strcmp(all[first].text, all[newer].text) != 0)
            first = newer;
        for (uint32_t older = first; older < newer && has_room(in); older++)
            compare(in, all[older].index, all[newer].index);
    }
}

const uint32_t *pairs_sorted(struct inspection *in, uint32_t count, pairs_text text_of)
{
    uint32_t used = 0;
    struct named *all = sort(in->settings, in->report->arena, count, text_of, &used);
    uint32_t *indices = arena_array(in->frozen->settings.arena, (size_t)count + 1, sizeof *indices);
    if (all == NULL || indices == NULL)
        return NULL;
    assert(used == count); /* what is found by its name has one */
    for (uint32_t i = 0; i < count; i++)
        indices[i] = all[i].index;
    return indices;
}
