/* SPDX-License-Identifier: Apache-2.0 */
/* sweep_print.c: one table to choose from, one that shows how far its computed half can be trusted,
 * and the same as JSON. */
#include <jansson.h>
#include <string.h>

#include "noise.h"
#include "sweep_state.h"

enum { CELL = 16, COLUMN = 9, KEY_COLUMN_MIN = 5 };

static const char *const death_names[DEATH_COUNT] = {
    [DEATH_REFUSE] = "refused", [DEATH_TIMEOUT] = "timed_out"};

/* "0.73", "59", "5.8e+03", "-": two digits, all that a model is good for. */
static const char *rate_cell(double rate, char cell[CELL])
{
    if (rate < 0)
        snprintf(cell, CELL, "-");
    else if (rate == 0)
        snprintf(cell, CELL, "0");
    else if (rate >= 1000 || rate < 0.01)
        snprintf(cell, CELL, "%.1e", rate);
    else
        snprintf(cell, CELL, rate >= 10 ? "%.0f" : "%.2g", rate);
    return cell;
}

static void print_seconds(msec_t ms, FILE *out)
{
    if (ms < 0)
        fprintf(out, "%7s", "-");
    else
        fprintf(out, "%7.1f", (double)ms / 1000);
}

/* ---- the table to choose from ---- */

static int key_width(const struct sweep_key *key)
{
    size_t width = strlen(key->name);

    for (uint32_t i = 0; i < key->count; i++) {
        size_t length = strlen(key->values[i]);
        width = length > width ? length : width;
    }
    return width > KEY_COLUMN_MIN ? (int)width : KEY_COLUMN_MIN;
}

static void print_values(const struct sweep *sweep, const struct sweep_row *row, FILE *out)
{
    for (uint32_t i = 0; i < sweep->key_count; i++) {
        const struct sweep_key *key = &sweep->keys[i];
        fprintf(out, "%*s  ", key_width(key), key->values[row->value[i]]);
    }
}

static void print_head(const struct sweep *sweep, FILE *out)
{
    int width = 0;

    for (uint32_t i = 0; i < sweep->key_count; i++)
        width += key_width(&sweep->keys[i]) + 2;
    fprintf(out, "%*s%-*s", width, "", (int)sweep->loss_count * COLUMN + 2,
            "  false moves a year, lost checks:");
    fprintf(out, "  seconds from death to decision\n%*s%*s", width, "",
            (int)sweep->loss_count * COLUMN + 2, "");
    fprintf(out, "  %-23s%s\n", "refused", "timed out");
    for (uint32_t i = 0; i < sweep->key_count; i++)
        fprintf(out, "%*s  ", key_width(&sweep->keys[i]), sweep->keys[i].name);
    for (uint32_t i = 0; i < sweep->loss_count; i++)
        fprintf(out, "%*u %%", COLUMN - 2, sweep->losses[i]);
    fprintf(out, "    %7s%7s%7s  %7s%7s%7s\n", "median", "p90", "worst", "median", "p90", "worst");
}

static void print_row(const struct sweep *sweep, const struct sweep_row *row, FILE *out)
{
    char cell[CELL];

    print_values(sweep, row, out);
    if (row->refused[0] != '\0') {
        fprintf(out, " refused: %s\n", row->refused);
        return;
    }
    for (uint32_t i = 0; i < sweep->loss_count; i++)
        fprintf(out, "%*s", COLUMN, rate_cell(row->noise[i].computed, cell));
    fputs("    ", out);
    for (int death = 0; death < DEATH_COUNT; death++) {
        const struct sweep_times *times = &row->deaths[death].decided;
        fputs(death > 0 ? "  " : "", out);
        print_seconds(times->median_ms, out);
        print_seconds(times->p90_ms, out);
        print_seconds(times->max_ms, out);
    }
    fputs("\n", out);
}

/* ---- computed beside counted ---- */

static void print_counts(const struct sweep *sweep, FILE *out)
{
    bool any = false;

    for (uint32_t r = 0; r < sweep->row_count; r++) {
        const struct sweep_row *row = &sweep->rows[r];
        for (uint32_t i = 0; i < sweep->loss_count && row->refused[0] == '\0'; i++) {
            char computed[CELL];
            char counted[CELL];
            if (row->noise[i].counted < 0)
                continue;
            if (!any)
                fprintf(out, "\nFalse moves a year, computed and counted in %u simulated hours:\n",
                        sweep->hours);
            any = true;
            print_values(sweep, row, out);
            fprintf(out, "%*u %%  computed %s, counted %s (%llu seen)\n", COLUMN - 2,
                    sweep->losses[i], rate_cell(row->noise[i].computed, computed),
                    rate_cell(row->noise[i].counted, counted),
                    (unsigned long long)row->noise[i].count);
        }
    }
    if (!any)
        fprintf(out, "\nNone of these is frequent enough to be counted in %u simulated hours.\n",
                sweep->hours);
}

void sweep_print(const struct sweep *sweep, FILE *out)
{
    if (sweep->is_noise) {
        sweep_noise_print(sweep, out);
        return;
    }
    if (sweep->is_detection) {
        sweep_detection_print(sweep, out);
        return;
    }
    print_head(sweep, out);
    for (uint32_t i = 0; i < sweep->row_count; i++)
        print_row(sweep, &sweep->rows[i], out);
    print_counts(sweep, out);
    fprintf(out,
            "\nLost checks are independent and end in time-outs; a failure that several probes "
            "share is\nnot among them (simulate --scenario). Times are of %u deaths each at random "
            "moments.\n",
            sweep->phases);
}

/* ---- JSON ---- */

static json_t *times_to_json(const struct sweep_times *times)
{
    return json_pack("{s:I, s:I, s:I, s:I}", "median_ms", (json_int_t)times->median_ms, "p90_ms",
                     (json_int_t)times->p90_ms, "p99_ms", (json_int_t)times->p99_ms, "worst_ms",
                     (json_int_t)times->max_ms);
}

static json_t *rate_to_json(double rate)
{
    return rate < 0 ? json_null() : json_real(rate);
}

static json_t *row_to_json(const struct sweep *sweep, const struct sweep_row *row)
{
    json_t *object = json_object();
    json_t *settings = json_object();
    json_t *noise = json_array();

    for (uint32_t i = 0; i < sweep->key_count; i++)
        json_object_set_new(settings, sweep->keys[i].path,
                            json_string(sweep->keys[i].values[row->value[i]]));
    json_object_set_new(object, "settings", settings);
    if (row->refused[0] != '\0') {
        json_decref(noise);
        json_object_set_new(object, "problem", json_string(row->refused));
        return object;
    }
    for (uint32_t i = 0; i < sweep->loss_count; i++)
        json_array_append_new(noise,
                              json_pack("{s:i, s:o, s:o, s:I}", "loss_pct", (int)sweep->losses[i],
                                        "computed_per_year", rate_to_json(row->noise[i].computed),
                                        "counted_per_year", rate_to_json(row->noise[i].counted),
                                        "seen", (json_int_t)row->noise[i].count));
    json_object_set_new(object, "false_moves", noise);
    for (int death = 0; death < DEATH_COUNT; death++)
        json_object_set_new(object, death_names[death],
                            json_pack("{s:i, s:o, s:o}", "deaths", (int)row->deaths[death].timed,
                                      "agreed", times_to_json(&row->deaths[death].agreed),
                                      "decided", times_to_json(&row->deaths[death].decided)));
    return object;
}

static json_t *numbers_to_json(const double *numbers, uint32_t count)
{
    json_t *array = json_array();

    for (uint32_t i = 0; i < count; i++)
        json_array_append_new(array, rate_to_json(numbers[i]));
    return array;
}

static json_t *detection_to_json(const struct sweep *sweep)
{
    json_t *array = json_array();

    for (uint32_t i = 0; i < sweep->line_count; i++) {
        const struct detection_line *line = &sweep->lines[i];
        json_t *object = json_pack("{s:i, s:i, s:s}", "probes", (int)line->probes, "quorum",
                                   (int)line->quorum, "how", line->how);
        for (int death = 0; death < DEATH_COUNT; death++)
            json_object_set_new(object, death_names[death],
                                times_to_json(&line->deaths[death].agreed));
        json_object_set_new(object, "checks_an_interval",
                            numbers_to_json(line->steady, 1 + DETECTION_LOSSES));
        json_object_set_new(object, "false_per_year",
                            numbers_to_json(line->lost, DETECTION_LOSSES));
        json_object_set_new(object, "false_per_year_in_bursts", json_real(line->bursts));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *lines_to_json(const struct noise_line *lines, uint32_t count, bool with_p90)
{
    json_t *array = json_array();

    for (uint32_t i = 0; i < count; i++) {
        json_t *object = json_pack("{s:s}", "label", lines[i].label);
        json_t *values = json_array();
        json_t *p90 = json_array();
        for (uint32_t j = 0; j < NOISE_COLUMNS_MAX; j++) {
            json_array_append_new(values, rate_to_json(lines[i].values[j]));
            json_array_append_new(p90, rate_to_json(lines[i].p90[j]));
        }
        json_object_set_new(object, with_p90 ? "median_s" : "per_year", values);
        if (with_p90)
            json_object_set_new(object, "p90_s", p90);
        else
            json_decref(p90);
        json_array_append_new(array, object);
    }
    return array;
}

void sweep_print_json(const struct sweep *sweep, FILE *out)
{
    json_t *object = json_pack("{s:i}", "v", 1);

    if (sweep->is_noise) {
        json_object_set_new(object, "false_agreements",
                            lines_to_json(sweep->rates, sweep->rate_count, false));
        json_object_set_new(object, "grey_failure",
                            lines_to_json(sweep->grey, sweep->grey_count, true));
    } else if (sweep->is_detection) {
        json_object_set_new(object, "detection", detection_to_json(sweep));
    } else {
        json_t *rows = json_array();
        for (uint32_t i = 0; i < sweep->row_count; i++)
            json_array_append_new(rows, row_to_json(sweep, &sweep->rows[i]));
        json_object_set_new(object, "hours", json_integer(sweep->hours));
        json_object_set_new(object, "rows", rows);
    }
    (void)json_dumpf(object, out, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
    fputs("\n", out);
    json_decref(object);
}
