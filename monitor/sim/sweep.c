/* SPDX-License-Identifier: Apache-2.0 */
/* sweep.c: works out the rows. What does not hang on hold, the episodes counted in the simulated
 * world, is kept for the rows that follow. */
#include "sweep.h"

#include <stdlib.h>
#include <string.h>

#include "noise.h"
#include "sweep_state.h"

/* Counting fewer says nothing; and what is that rare is not simulated in reasonable time. */
#define EXPECTED_MIN 3.0

enum { HOURS_PER_YEAR = 8766, KEPT_MAX = 64 };

/* Episodes counted under settings that differ in nothing that matters to votes. */
struct kept {
    char fingerprint[FINGERPRINT_LENGTH + 1]; /* of the cast that holds for ever */
    bool alone;
    uint32_t loss;
    struct episodes episodes;
};

struct run {
    struct sweep *sweep;
    const char *text;
    size_t length;
    const char *name;
    uint64_t seed;
    struct kept kept[KEPT_MAX];
    uint32_t kept_count;
};

/* The settings of a row; with `still`, nothing moves within the run. */
static int cast_row(const struct run *run, const struct sweep_row *row, bool still,
                    char error[SWEEP_TEXT_MAX + 1], struct cast **ret_cast)
{
    struct settings_change changes[SWEEP_KEYS_MAX + 1];
    bool alone = false;
    uint32_t count = 0;

    for (uint32_t i = 0; i < run->sweep->key_count; i++) {
        const struct sweep_key *key = &run->sweep->keys[i];
        const char *value = key->values[row->value[i]];
        if (sweep_key_is_joint(key))
            alone = strcmp(value, "off") == 0;
        else
            changes[count++] = (struct settings_change){key->path, value};
    }
    if (still)
        changes[count++] = (struct settings_change){"groups.*.hold", "1h"};
    if (cast_create(run->text, run->length, run->name, changes, count, error, SWEEP_TEXT_MAX + 1,
                    ret_cast) < 0)
        return -1;
    (*ret_cast)->alone = alone;
    return 0;
}

static msec_t hold_of(const struct settings *settings, uint32_t site)
{
    return settings->groups[settings->services[settings->sites[site].service].group].hold_ms;
}

/* ---- false moves ---- */

/* The sites are independent, so what they do adds up. -1: one of them cannot be computed. */
static double compute(const struct cast *cast, uint32_t loss)
{
    const struct settings *settings = cast->settings[0];
    double sum = 0;

    for (uint32_t i = 0; i < settings->site_count; i++) {
        msec_t hold_ms = hold_of(settings, i);
        double rate = 0;
        if (!sweep_counts(settings, i))
            continue;
        if (noise_quorum(settings, cast->alone, i, loss / 100.0, &hold_ms, 1, &rate) < 0)
            return -1;
        sum += rate;
    }
    return sum;
}

static const struct episodes *episodes_of(struct run *run, const struct cast *still, uint32_t loss)
{
    const char *fingerprint = still->settings[0]->fingerprint;

    for (uint32_t i = 0; i < run->kept_count; i++) {
        if (run->kept[i].loss == loss && run->kept[i].alone == still->alone &&
            strcmp(run->kept[i].fingerprint, fingerprint) == 0)
            return &run->kept[i].episodes;
    }
    if (run->kept_count == KEPT_MAX) {
        run->kept_count--; /* the newest but one are the likeliest to be asked again */
        free(run->kept[run->kept_count].episodes.list);
    }
    struct kept *kept = &run->kept[run->kept_count];
    if (sweep_watch(still, loss, run->sweep->hours, run->seed, &kept->episodes) < 0)
        return NULL;
    kept->loss = loss;
    kept->alone = still->alone;
    snprintf(kept->fingerprint, sizeof(kept->fingerprint), "%s", fingerprint);
    run->kept_count++;
    return &kept->episodes;
}

static void count_noise(struct run *run, const struct cast *cast, const struct cast *still,
                        uint32_t loss, struct sweep_noise *noise)
{
    double expected = noise->computed * run->sweep->hours / HOURS_PER_YEAR;

    noise->counted = -1;
    if (noise->computed >= 0 && expected < EXPECTED_MIN)
        return;
    const struct episodes *episodes = episodes_of(run, still, loss);
    if (episodes == NULL)
        return;
    for (uint32_t i = 0; i < episodes->count; i++) {
        const struct episode *episode = &episodes->list[i];
        noise->count += sweep_counts(cast->settings[0], episode->site) &&
                        episode->length_ms >= hold_of(cast->settings[0], episode->site);
    }
    noise->counted = (double)noise->count * HOURS_PER_YEAR / run->sweep->hours;
}

/* ---- a row ---- */

static void work_out(struct run *run, struct sweep_row *row)
{
    struct cast *cast = NULL;
    struct cast *still = NULL;

    if (cast_row(run, row, false, row->refused, &cast) < 0)
        return;
    if (cast_row(run, row, true, row->refused, &still) < 0) {
        cast_destroy(cast);
        return;
    }
    row->refused[0] = '\0';
    for (uint32_t i = 0; i < run->sweep->loss_count; i++) {
        uint32_t loss = run->sweep->losses[i];
        row->noise[i].computed = compute(cast, loss);
        count_noise(run, cast, still, loss, &row->noise[i]);
    }
    for (int death = 0; death < DEATH_COUNT; death++)
        sweep_die(cast, death, run->sweep->phases, run->seed, &row->deaths[death]);
    cast_destroy(still);
    cast_destroy(cast);
}

static int run_rows(struct run *run, sweep_progress progress, void *context, char *error,
                    size_t error_size)
{
    struct cast *plain = NULL;

    if (cast_create(run->text, run->length, run->name, NULL, 0, error, error_size, &plain) < 0)
        return -1;
    cast_destroy(plain);
    for (uint32_t i = 0; i < run->sweep->row_count; i++) {
        if (progress != NULL)
            progress(context, i, run->sweep->row_count);
        work_out(run, &run->sweep->rows[i]);
    }
    return 0;
}

int sweep_run(struct sweep *sweep, const char *text, size_t length, const char *name, uint64_t seed,
              sweep_progress progress, void *context, char *error, size_t error_size)
{
    if (sweep->is_noise)
        return sweep_noise_run(sweep, seed, progress, context, error, error_size);
    if (sweep->is_detection)
        return sweep_detection_run(sweep, seed, progress, context, error, error_size);
    struct run *run = calloc(1, sizeof(*run));
    if (run == NULL) {
        snprintf(error, error_size, "out of memory");
        return -1;
    }
    *run = (struct run){.sweep = sweep, .text = text, .length = length, .name = name, .seed = seed};
    int result = run_rows(run, progress, context, error, error_size);
    for (uint32_t i = 0; i < run->kept_count; i++)
        free(run->kept[i].episodes.list);
    free(run);
    return result;
}

uint32_t sweep_rows(const struct sweep *sweep)
{
    uint32_t rows = sweep->rate_count + sweep->line_count;

    for (uint32_t i = 0; i < sweep->row_count; i++)
        rows += sweep->rows[i].refused[0] == '\0';
    return rows;
}
