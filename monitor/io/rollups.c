/* SPDX-License-Identifier: Apache-2.0 */
/* Each check ends its own minute, with its first result in another one: so 50,000 of them do not
 * end theirs in one turn of the loop. What has ended is handed over in portions. */
#include "rollups.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counts.h"

enum { MINUTE_MS = 60 * 1000, HAND_OVER_MS = 5 * 1000, ROWS_AT_ONCE = 64 };

struct rollups {
    const struct settings *settings;
    struct counts *all;                       /* by check */
    struct history_rollup rows[ROWS_AT_ONCE]; /* ended, not handed over */
    char labels[ROWS_AT_ONCE][CHECK_LABEL_MAX + 1];
    uint32_t row_count;
    wall_t first_wall; /* when the first of them was put there */
};

void check_label(const struct settings *settings, uint32_t check, char out[CHECK_LABEL_MAX + 1])
{
    const struct check *c = &settings->checks[check];

    if (c->name != NULL && c->name[0] != '\0')
        snprintf(out, CHECK_LABEL_MAX + 1, "%s", c->name);
    else
        snprintf(out, CHECK_LABEL_MAX + 1, "%" PRIu32,
                 check - settings->sites[c->site].first_check);
}

static struct counts *all_create(uint32_t count)
{
    struct counts *all = calloc((size_t)count + 1, sizeof(*all));

    for (uint32_t i = 0; i < count && all != NULL; i++)
        counts_init(&all[i]);
    return all;
}

static void all_destroy(struct counts *all, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        counts_clear(&all[i]);
    free(all);
}

int rollups_create(const struct settings *settings, struct rollups **ret_rollups)
{
    struct rollups *rollups = calloc(1, sizeof(*rollups));

    if (rollups == NULL)
        return -ENOMEM;
    rollups->settings = settings;
    rollups->all = all_create(settings->check_count);
    if (rollups->all == NULL) {
        free(rollups);
        return -ENOMEM;
    }
    *ret_rollups = rollups;
    return 0;
}

static void hand_over(struct rollups *rollups, struct history *history)
{
    if (history != NULL && rollups->row_count > 0)
        history_rollups(history, rollups->rows, rollups->row_count);
    rollups->row_count = 0;
}

/* ---- other settings ---- */

/* The check of another settings file that this one was there, NONE: it is new. */
static uint32_t same_check(const struct settings *settings, uint32_t check,
                           const struct settings *other)
{
    const struct site *site;
    char label[CHECK_LABEL_MAX + 1];
    char other_label[CHECK_LABEL_MAX + 1];
    uint32_t at = settings_site(other, settings->sites[settings->checks[check].site].name);

    if (at == NONE)
        return NONE;
    site = &other->sites[at];
    check_label(settings, check, label);
    for (uint32_t i = site->first_check; i < site->first_check + site->check_count; i++) {
        check_label(other, i, other_label);
        if (strcmp(label, other_label) == 0)
            return i;
    }
    return NONE;
}

int rollups_reload(struct rollups *rollups, struct history *history,
                   const struct settings *settings)
{
    struct counts *all = all_create(settings->check_count);

    if (all == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        uint32_t before = same_check(settings, i, rollups->settings);

        if (before == NONE)
            continue;
        all[i] = rollups->all[before];
        counts_init(&rollups->all[before]); /* what it owned went along */
    }
    hand_over(rollups, history); /* its rows name sites of the settings that go */
    all_destroy(rollups->all, rollups->settings->check_count);
    rollups->all = all;
    rollups->settings = settings;
    return 0;
}

/* ---- minutes ---- */

static void end_minute(struct rollups *rollups, struct history *history, uint32_t check,
                       wall_t now_wall)
{
    const struct settings *s = rollups->settings;
    struct counts *counts = &rollups->all[check];
    struct history_rollup *row = &rollups->rows[rollups->row_count];

    if (counts_is_empty(counts))
        return;
    if (rollups->row_count == 0)
        rollups->first_wall = now_wall;
    row->at_wall = (wall_t)counts->minute * MINUTE_MS;
    row->site = s->sites[s->checks[check].site].name;
    row->check = rollups->labels[rollups->row_count];
    check_label(s, check, rollups->labels[rollups->row_count]);
    counts_end_minute(counts, &row->rollup);
    rollups->row_count++;
    if (rollups->row_count == ROWS_AT_ONCE)
        hand_over(rollups, history);
}

void rollups_flush(struct rollups *rollups, struct history *history)
{
    for (uint32_t i = 0; i < rollups->settings->check_count; i++)
        end_minute(rollups, history, i, rollups->first_wall);
    hand_over(rollups, history);
}

void rollups_add(struct rollups *rollups, struct history *history, uint32_t check,
                 const struct result *result, wall_t now_wall)
{
    struct counts *counts = &rollups->all[check];
    uint32_t minute = (uint32_t)(now_wall / MINUTE_MS);

    if (minute != counts->minute || counts_is_full(counts)) /* what ends twice is added up there */
        end_minute(rollups, history, check, now_wall);
    counts->minute = minute;
    if (rollups->row_count > 0 && now_wall - rollups->first_wall >= HAND_OVER_MS)
        hand_over(rollups, history);
    counts_add(counts, result);
}

void rollups_of(const struct rollups *rollups, uint32_t check, struct check_times *ret_times)
{
    counts_times(&rollups->all[check], ret_times);
}

const char *rollups_why(const struct rollups *rollups, uint32_t check)
{
    return counts_why(&rollups->all[check]);
}

void rollups_destroy(struct rollups *rollups)
{
    if (rollups == NULL)
        return;
    all_destroy(rollups->all, rollups->settings->check_count);
    free(rollups);
}
