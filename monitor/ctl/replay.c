/* SPDX-License-Identifier: Apache-2.0 */
/* regionshift replay: a recording once more through the engine. It needs no daemon: the file holds
 * the settings, the events and what the engine answered; the engine is the daemon's own. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../sim/replay.h"
#include "ctl.h"
#include "recording_file.h"
#include "render.h"

enum { ERROR_SIZE = 1024, TIME_SIZE = 32, FACT_SIZE = 1024, SHOWN_MAX = 2000 };

/* What is being done. */
struct run {
    const struct arguments *arguments;
    const char *path;
    struct recording_file *file;
    struct recording_row row;
    struct replay *replay;
    uint64_t from_number; /* --from: what was before is neither shown nor compared */
    wall_t from_wall;
    uint64_t compared;
    char error[ERROR_SIZE];
};

static int bad_file(const struct run *run)
{
    fputs("regionshift: ", stderr);
    render_text(stderr, run->error);
    fputc('\n', stderr);
    return CODE_USAGE;
}

/* 2026-11-22T03:04:05.678Z */
static const char *time_text(wall_t wall, char out[TIME_SIZE])
{
    time_t seconds = (time_t)(wall / 1000);
    struct tm tm;
    char text[TIME_SIZE] = "?";

    if (wall >= 0 && gmtime_r(&seconds, &tm) != NULL)
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out, TIME_SIZE, "%.19s.%03dZ", text, (int)(wall >= 0 ? wall % 1000 : 0));
    return out;
}

/* ---- which recordings there are ---- */

static const char *end_text(const struct recording_row *row)
{
    switch (row->end) {
    case RECORDING_STOPPED:
        return "the daemon stopped";
    case RECORDING_RELOADED:
        return "other settings: the next recording goes on";
    case RECORDING_GAP:
        return "a gap: what followed could not be recorded";
    case RECORDING_FULL:
        return "full: it had taken all the space there is";
    case RECORDING_OPEN:
    case RECORDING_END_COUNT:
        break;
    }
    return "not ended: the daemon runs, or was killed";
}

static json_t *row_to_json(const struct recording_row *row)
{
    char began[TIME_SIZE];
    char until[TIME_SIZE];

    return json_pack("{s:I, s:s, s:s, s:s, s:I, s:I, s:s, s:s}", "number", (json_int_t)row->number,
                     "probe", row->probe, "began", time_text(row->began_wall, began), "until",
                     time_text(row->until_wall, until), "events", (json_int_t)row->events, "bytes",
                     (json_int_t)row->bytes, "ended", recording_end_name(row->end), "why",
                     end_text(row));
}

static void add_row(void *context, const struct recording_row *row)
{
    json_array_append_new(context, row_to_json(row));
}

static void print_json(json_t *root)
{
    json_dumpf(root, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(root);
}

static void print_rows(const json_t *rows)
{
    static const char *const heads[] = {"number", "probe", "began", "until",
                                        "events", "bytes", "ended"};
    const size_t columns = sizeof(heads) / sizeof(heads[0]);
    struct table *table = table_create(columns);
    const json_t *row;
    size_t i;

    for (i = 0; i < columns; i++)
        table_add(table, STYLE_HEAD, "%s", heads[i]);
    json_array_foreach(rows, i, row)
    {
        table_add(table, STYLE_PLAIN, "%lld", number_of(row, "number"));
        table_add(table, STYLE_PLAIN, "%s", text_of(row, "probe"));
        table_add(table, STYLE_PLAIN, "%s", text_of(row, "began"));
        table_add(table, STYLE_PLAIN, "%s", text_of(row, "until"));
        table_add(table, STYLE_PLAIN, "%lld", number_of(row, "events"));
        table_add(table, STYLE_PLAIN, "%lld", number_of(row, "bytes"));
        table_add(table, STYLE_DIM, "%s", text_of(row, "why"));
    }
    table_finish(table, 0);
}

static int list(struct run *run)
{
    json_t *rows = json_array();
    int rc;

    if (recording_file_is_text(run->file)) {
        snprintf(run->error, sizeof(run->error),
                 "%s: is one exported recording: --list is of a "
                 "history database",
                 run->path);
        rc = -1;
    } else {
        rc = recording_file_list(run->file, add_row, rows, run->error, sizeof(run->error));
    }
    if (rc == 0 && run->arguments->json)
        print_json(json_pack("{s:i, s:O}", "v", 1, "recordings", rows));
    else if (rc == 0)
        print_rows(rows);
    json_decref(rows);
    return rc == 0 ? CODE_GOOD : bad_file(run);
}

/* ---- taking one out ---- */

/* Prints a recording as text: what `replay` reads elsewhere. */
static int export(struct run *run, const char *head, size_t length)
{
    char end[ERROR_SIZE];
    const char *line;
    int rc;

    printf("%.*s\n", (int)length, head);
    while ((rc = recording_file_line(run->file, &line, &length, &run->row, run->error,
                                     sizeof(run->error))) > 0)
        printf("%.*s\n", (int)length, line);
    if (rc < 0)
        return bad_file(run);
    if (recording_end_write(run->row.events, run->row.end, end, sizeof(end)) >= 0)
        puts(end);
    return CODE_GOOD;
}

/* ---- what is seen on the way ---- */

static bool is_asked_for(const struct run *run, const struct replay_step *step)
{
    return step->number >= run->from_number && step->wall >= run->from_wall;
}

/* The operator's log of the run, as the engine says it now. */
static void trace(const struct run *run, const struct replay_step *step)
{
    const struct settings *settings = replay_settings(run->replay);
    char line[FACT_SIZE];
    char time[TIME_SIZE];

    for (uint32_t i = 0; i < step->update->fact_count; i++) {
        fact_format(&step->update->facts[i], settings, line, sizeof(line));
        printf("%s  ", time_text(step->wall, time));
        render_text(stdout, line);
        putchar('\n');
    }
}

static json_t *read_lines(const char *text, size_t length)
{
    json_t *lines = json_loadb(text, length, 0, NULL);

    return json_is_array(lines) ? lines : json_array();
}

static bool has_line(const json_t *lines, const json_t *wanted)
{
    const json_t *line;
    size_t i;

    json_array_foreach(lines, i, line)
    {
        if (json_equal(line, wanted))
            return true;
    }
    return false;
}

static void print_line(enum style style, const char *label, const char *text)
{
    printf("  ");
    render_styled(style, label);
    printf("  ");
    render_text(stdout, text != NULL ? text : "?");
    putchar('\n');
}

/* The lines of one list that are, or are not, in the other too; returns how many. */
static size_t print_lines(const json_t *lines, const json_t *other, bool in_both, enum style style,
                          const char *label)
{
    const json_t *line;
    size_t count = 0;
    size_t i;

    json_array_foreach(lines, i, line)
    {
        if (has_line(other, line) != in_both)
            continue;
        print_line(style, label, json_string_value(line));
        count++;
    }
    return count;
}

static void print_both(const json_t *recorded, const json_t *now)
{
    size_t only;

    (void)print_lines(recorded, now, true, STYLE_DIM, "both    ");
    only = print_lines(recorded, now, false, STYLE_WARN, "recorded");
    if (only == 0)
        print_line(STYLE_WARN, "recorded", "(nothing else)");
    if (print_lines(now, recorded, false, STYLE_WARN, "now     ") > 0)
        return;
    print_line(STYLE_WARN, "now     ",
               only > 0 ? "(nothing else)" : "(the same, in another order)");
}

/* ---- the outcome ---- */

static json_t *outcome_json(const struct run *run)
{
    const struct recording_head *head = replay_head(run->replay);
    char began[TIME_SIZE];

    return json_pack("{s:i, s:s, s:I, s:s, s:s, s:b, s:s, s:s, s:s, s:I, s:I}", "v", 1, "file",
                     run->path, "number", (json_int_t)run->row.number, "probe", head->probe,
                     "program", head->program, "dry_run", (int)head->dry_run, "began",
                     time_text(head->began_wall, began), "fingerprint", head->fingerprint, "ended",
                     recording_end_name(run->row.end), "events",
                     (json_int_t)replay_count(run->replay), "compared", (json_int_t)run->compared);
}

/* The first difference: which event, and the two answers to it. */
static int differ(const struct run *run, const struct replay_step *step, const char *line,
                  size_t length)
{
    json_t *recorded = read_lines(step->recorded, step->recorded_length);
    json_t *now = read_lines(step->now, strlen(step->now));
    char time[TIME_SIZE];
    char shown[SHOWN_MAX];

    snprintf(shown, sizeof(shown), "%.*s", (int)length, line);
    time_text(step->wall, time);
    if (run->arguments->json) {
        json_t *root = outcome_json(run);

        json_object_set_new(root, "same", json_false());
        json_object_set_new(root, "difference",
                            json_pack("{s:I, s:s, s:I, s:s, s:s, s:O, s:O}", "number",
                                      (json_int_t)step->number, "at", time, "at_ms",
                                      (json_int_t)step->event->at_ms, "event",
                                      event_kind_name(step->event->kind), "line", shown, "recorded",
                                      recorded, "now", now));
        print_json(root);
    } else {
        render_styled(STYLE_BAD, "difference");
        printf(" at event %" PRIu64 ", %s\n", step->number, time);
        print_line(STYLE_HEAD, "event   ", shown);
        print_both(recorded, now);
    }
    json_decref(recorded);
    json_decref(now);
    return CODE_FAILED;
}

/* --from after the end compares nothing, and nothing would be "the same". */
static int none_compared(struct run *run)
{
    snprintf(run->error, sizeof(run->error),
             "--from %.80s: after the last of %" PRIu64 " events: nothing was compared",
             run->arguments->from, replay_count(run->replay));
    return bad_file(run);
}

static int same(struct run *run)
{
    if (run->compared == 0 && run->arguments->from != NULL)
        return none_compared(run);
    if (run->arguments->json) {
        json_t *root = outcome_json(run);

        json_object_set_new(root, "same", json_true());
        print_json(root);
        return CODE_GOOD;
    }
    render_styled(STYLE_GOOD, "same");
    if (run->compared == replay_count(run->replay))
        printf(": all %" PRIu64 " events", run->compared);
    else
        printf(": the last %" PRIu64 " of %" PRIu64 " events", run->compared,
               replay_count(run->replay));
    printf(" gave the updates that were recorded; it ends so: %s\n", end_text(&run->row));
    return CODE_GOOD;
}

static void introduce(const struct run *run)
{
    const struct recording_head *head = replay_head(run->replay);
    char time[TIME_SIZE];

    if (run->arguments->json)
        return;
    printf("recording ");
    if (run->row.number > 0)
        printf("%" PRId64 " ", run->row.number);
    printf("of ");
    render_text(stdout, run->path);
    printf(": probe %s, from %s on, settings %s, regionshift %s%s\n", head->probe,
           time_text(head->began_wall, time), head->fingerprint, head->program,
           head->dry_run ? ", dry run" : "");
}

/* ---- the way ---- */

static int go(struct run *run)
{
    char why[ERROR_SIZE];
    const char *line;
    size_t length;
    int rc;

    introduce(run);
    while ((rc = recording_file_line(run->file, &line, &length, &run->row, run->error,
                                     sizeof(run->error))) > 0) {
        struct replay_step step;

        if (replay_line(run->replay, line, length, &step, why, sizeof(why)) < 0) {
            snprintf(run->error, sizeof(run->error),
                     "%.400s: event %" PRIu64 " cannot be replayed: %.400s", run->path,
                     replay_count(run->replay) + 1, why);
            return bad_file(run);
        }
        if (!is_asked_for(run, &step))
            continue;
        run->compared++;
        if (run->arguments->trace && !run->arguments->json)
            trace(run, &step);
        if (!step.same)
            return differ(run, &step, line, length);
    }
    return rc < 0 ? bad_file(run) : same(run);
}

static int begin(struct run *run)
{
    const char *head;
    char why[ERROR_SIZE];
    size_t length;

    if (recording_file_choose(run->file, run->arguments->recording, &run->row, &head, &length,
                              run->error, sizeof(run->error)) < 0)
        return bad_file(run);
    if (run->arguments->export)
        return export(run, head, length);
    if (replay_create(head, length, &run->replay, why, sizeof(why)) == 0)
        return go(run);
    snprintf(run->error, sizeof(run->error), "%.400s: %.600s", run->path, why);
    return bad_file(run);
}

/* "2026-11-22T03:00:00Z", or with the milliseconds that a trace shows. 0 or -1. */
static int read_time(const char *text, wall_t *ret_wall)
{
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    wall_t ms = 0;

    if (rest == NULL)
        return -1;
    if (rest[0] == '.' && strspn(rest + 1, "0123456789") == 3) {
        ms = (wall_t)strtol(rest + 1, NULL, 10);
        rest += 4;
    }
    if (strcmp(rest, "Z") != 0)
        return -1;
    *ret_wall = (wall_t)timegm(&tm) * 1000 + ms;
    return 0;
}

/* --from: the number of an event, or a time. 0 or -1. */
static int read_from(struct run *run, const char *text)
{
    char *end;

    run->from_number = strtoull(text, &end, 10);
    if (text[0] >= '0' && text[0] <= '9' && *end == '\0')
        return 0;
    run->from_number = 0;
    if (read_time(text, &run->from_wall) == 0)
        return 0;
    snprintf(run->error, sizeof(run->error),
             "--from %.80s: must be the number of an event, or a time as 2026-11-22T03:00:00Z",
             text);
    return -1;
}

int run_replay(const struct arguments *arguments)
{
    struct run run = {.arguments = arguments, .path = arguments->name};
    int code;

    if (arguments->from != NULL && read_from(&run, arguments->from) < 0)
        return bad_file(&run);
    if (recording_file_open(run.path, &run.file, run.error, sizeof(run.error)) < 0)
        return bad_file(&run);
    if (run.error[0] != '\0')
        (void)bad_file(&run); /* a warning */
    code = arguments->list ? list(&run) : begin(&run);
    replay_destroy(run.replay);
    recording_file_close(run.file);
    return code;
}
