/* SPDX-License-Identifier: Apache-2.0 */
/* Each check ends its own minute, with its first result in another one: so 50,000 of them do not
 * end theirs in one turn of the loop. What has ended is handed over in portions. */
#include "rollups.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTE_MS = 60 * 1000, HAND_OVER_MS = 5 * 1000, ROWS_AT_ONCE = 64 };

struct entry {
    wall_t minute_wall; /* when the running minute began */
    struct rollup minute;
    struct check_times times;
    char *why; /* of the newest result, when it was not good; NULL */
};

struct rollups {
    const struct settings *settings;
    struct entry *entries;                    /* by check */
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

static struct entry *entries_create(uint32_t count)
{
    struct entry *entries = calloc((size_t)count + 1, sizeof(*entries));

    for (uint32_t i = 0; i < count && entries != NULL; i++)
        entries[i].times =
            (struct check_times){.last = {-1, -1, -1, -1, -1}, .median_us = -1, .p95_us = -1};
    return entries;
}

static void entries_destroy(struct entry *entries, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        free(entries[i].why);
    free(entries);
}

int rollups_create(const struct settings *settings, struct rollups **ret_rollups)
{
    struct rollups *rollups = calloc(1, sizeof(*rollups));

    if (rollups == NULL)
        return -ENOMEM;
    rollups->settings = settings;
    rollups->entries = entries_create(settings->check_count);
    if (rollups->entries == NULL) {
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
    struct entry *entries = entries_create(settings->check_count);

    if (entries == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        uint32_t before = same_check(settings, i, rollups->settings);

        if (before == NONE)
            continue;
        entries[i] = rollups->entries[before];
        rollups->entries[before].why = NULL; /* it went along */
    }
    hand_over(rollups, history); /* its rows name sites of the settings that go */
    entries_destroy(rollups->entries, rollups->settings->check_count);
    rollups->entries = entries;
    rollups->settings = settings;
    return 0;
}

/* ---- minutes ---- */

static void end_minute(struct rollups *rollups, struct history *history, uint32_t check,
                       wall_t now_wall)
{
    const struct settings *s = rollups->settings;
    struct entry *entry = &rollups->entries[check];
    char *label = rollups->labels[rollups->row_count];

    if (rollup_is_empty(&entry->minute))
        return;
    if (entry->minute.good > 0) {
        entry->times.median_us = rollup_quantile(&entry->minute, 0.5);
        entry->times.p95_us = rollup_quantile(&entry->minute, 0.95);
    }
    check_label(s, check, label);
    if (rollups->row_count == 0)
        rollups->first_wall = now_wall;
    rollups->rows[rollups->row_count++] =
        (struct history_rollup){.at_wall = entry->minute_wall,
                                .site = s->sites[s->checks[check].site].name,
                                .check = label,
                                .rollup = entry->minute};
    entry->minute = (struct rollup){0};
    if (rollups->row_count == ROWS_AT_ONCE)
        hand_over(rollups, history);
}

void rollups_flush(struct rollups *rollups, struct history *history)
{
    for (uint32_t i = 0; i < rollups->settings->check_count; i++)
        end_minute(rollups, history, i, rollups->first_wall);
    hand_over(rollups, history);
}

static void add_phases(struct check_times *times, const struct result *result)
{
    const struct timings *t = &result->timings;
    const usec_t phases[ROLLUP_PHASES] = {t->resolve_us, t->connect_us, t->tls_us, t->first_byte_us,
                                          t->total_us};

    times->last = *t;
    for (unsigned i = 0; i < ROLLUP_PHASES; i++) {
        if (phases[i] < 0 || (i == PHASE_TOTAL && result->class != RESULT_GOOD))
            continue;
        times->count[i]++;
        times->sum_us[i] += (uint64_t)phases[i];
    }
}

void rollups_add(struct rollups *rollups, struct history *history, uint32_t check,
                 const struct result *result, wall_t now_wall)
{
    struct entry *entry = &rollups->entries[check];
    wall_t minute_wall = now_wall - now_wall % MINUTE_MS;

    if (minute_wall != entry->minute_wall)
        end_minute(rollups, history, check, now_wall);
    entry->minute_wall = minute_wall;
    if (rollups->row_count > 0 && now_wall - rollups->first_wall >= HAND_OVER_MS)
        hand_over(rollups, history);
    rollup_add(&entry->minute, result);
    free(entry->why);
    entry->why = result->class == RESULT_GOOD ? NULL : strdup(result->detail);
    if (result->class != RESULT_VOID)
        add_phases(&entry->times, result);
}

void rollups_of(const struct rollups *rollups, uint32_t check, struct check_times *ret_times)
{
    const struct entry *entry = &rollups->entries[check];

    *ret_times = entry->times;
    if (ret_times->median_us >= 0)
        return;
    ret_times->median_us = rollup_quantile(&entry->minute, 0.5); /* the first minute runs */
    ret_times->p95_us = rollup_quantile(&entry->minute, 0.95);
}

const char *rollups_why(const struct rollups *rollups, uint32_t check)
{
    const char *why = rollups->entries[check].why;

    return why != NULL ? why : "";
}

void rollups_destroy(struct rollups *rollups)
{
    if (rollups == NULL)
        return;
    entries_destroy(rollups->entries, rollups->settings->check_count);
    free(rollups);
}
