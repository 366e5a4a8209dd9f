/* SPDX-License-Identifier: Apache-2.0 */
/* The loop's side: records wait in a list, readings in another; one job at a time runs on a worker
 * thread and has the file to itself. Writing goes first. */
#include "history.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "buffer.h"
#include "history_db.h"
#include "log.h"
#include "pool.h"
#include "rollups_file.h"
#include "store_json.h"

enum {
    TRIM_EVERY = 1000, /* records: old ones are looked for after that many new ones */
    VALUE_SIZE = 64 * 1024,
    ROLLUPS_AT_ONCE = 64 * 1024, /* bytes of one record */
    ID_SIZE = 256
};

/* One reading that waits, or runs. */
struct reading_job {
    struct reading_job *next;
    char id[ID_SIZE]; /* of the group, or of the incident */
    uint32_t limit;
    history_decisions_done decisions_done;
    history_incident_done incident_done;
    history_rollups_done rollups_done;
    enum history_span span;
    void *context;
    struct history_answer answer;
};

struct history {
    uv_loop_t *uv;
    uv_work_t work;
    struct history_db *db;
    msec_t keep_ms;

    struct record *first; /* waiting, oldest first */
    struct record **last;
    struct reading_job *readings;
    uint32_t reading_count;

    bool busy; /* the worker has the following */
    struct record *records;
    struct reading_job *reading;
    bool trim;
    wall_t trim_wall; /* now, when it was asked for */
    bool failed;
    char error[HISTORY_ERROR_MAX];

    uint32_t since_trim;
    wall_t newest_wall; /* of the records so far: "now" for keep */
    struct history_stats stats;
    struct recording_stats recording; /* as the worker left it */
    uint64_t lines_lost;              /* events that did not fit into memory */
    size_t lines_pending;             /* bytes of lines among the records */
    bool is_open;                     /* a recording is, and has not been told its end */
    bool has_gap;                     /* lines of it were lost */
    bool closing;
    void (*closed)(void *context);
    void *closed_context;
};

static void start_work(struct history *history);

/* ---- the worker's side ---- */

static void run(uv_work_t *work)
{
    struct history *history = work->data;
    struct reading_job *reading = history->reading;

    history->failed = false;
    if (history->records != NULL)
        history->failed = history_db_write(history->db, history->records, history->error,
                                           sizeof(history->error)) < 0;
    if (history->trim && !history->failed)
        history->failed = history_db_trim(history->db, history->trim_wall, history->keep_ms,
                                          history->error, sizeof(history->error)) < 0;
    if (reading != NULL && reading->decisions_done != NULL)
        history_db_decisions(history->db, reading->id, reading->limit, &reading->answer);
    else if (reading != NULL && reading->rollups_done != NULL)
        history_db_rollups(history->db, reading->id, reading->span, reading->limit,
                           &reading->answer);
    else if (reading != NULL)
        history_db_incident(history->db, reading->id, &reading->answer);
}

/* ---- back on the loop ---- */

static void answer(struct reading_job *reading)
{
    const struct history_answer *a = &reading->answer;

    if (reading->decisions_done != NULL)
        reading->decisions_done(reading->context, a->decisions,
                                a->error[0] != '\0' ? 0 : a->decision_count, a->error);
    else if (reading->rollups_done != NULL)
        reading->rollups_done(reading->context, a->rollups,
                              a->error[0] != '\0' ? 0 : a->rollup_count, a->error);
    else
        reading->incident_done(reading->context,
                               a->has_incident && a->error[0] == '\0' ? &a->incident : NULL,
                               a->facts, a->error[0] != '\0' ? 0 : a->fact_count, a->error);
    pool_destroy(a->pool);
    free(reading);
}

/* Says once that the file does not take what it is given, and once that it does again. */
static void note_outcome(struct history *history)
{
    bool was_well = history->stats.error[0] == '\0';

    if (history->failed && was_well)
        log_say(LOG_LEVEL_ERROR, "history: %s; decisions and facts are not recorded",
                history->error);
    else if (!history->failed && !was_well)
        log_say(LOG_LEVEL_INFO, "history: is written again");
    snprintf(history->stats.error, sizeof(history->stats.error), "%s",
             history->failed ? history->error : "");
}

/* Says once that a recording ended before its engine did. */
static void note_recording(struct history *history)
{
    struct recording_stats now;

    history_db_recording(history->db, &now);
    if (now.filled && !history->recording.filled)
        log_say(LOG_LEVEL_WARN,
                "recording: has taken all the space that one may have; what happens "
                "from now on can be replayed only after a reload or a restart");
    if (now.lost > history->recording.lost && history->recording.recording && !now.recording)
        log_say(LOG_LEVEL_WARN, "recording: ends, because the disk did not take it in time; what "
                                "happens from now on can be replayed only after a reload or a "
                                "restart");
    history->recording = now;
}

static void free_records(struct history *history, struct record *records, bool written)
{
    while (records != NULL) {
        struct record *next = records->next;

        history->stats.pending--;
        if (records->kind == RECORD_LINES)
            history->lines_pending -= strlen(records->text);
        if (records->kind <= RECORD_FACT) { /* recordings are counted by events */
            history->stats.written += written;
            history->stats.dropped += !written;
        }
        free(records);
        records = next;
    }
}

static void finish_close(struct history *history)
{
    void (*closed)(void *context) = history->closed;
    void *context = history->closed_context;

    while (history->readings != NULL) {
        struct reading_job *reading = history->readings;

        history->readings = reading->next;
        snprintf(reading->answer.error, sizeof(reading->answer.error), "the daemon stops");
        answer(reading);
    }
    history_db_destroy(history->db);
    free(history);
    if (closed != NULL)
        closed(context);
}

static void on_done(uv_work_t *work, int status)
{
    struct history *history = work->data;
    struct record *records = history->records;
    struct reading_job *reading = history->reading;

    assert(status == 0); /* work is never cancelled */
    history->busy = false;
    note_recording(history);
    history->records = NULL;
    history->reading = NULL;
    if (records != NULL || history->trim)
        note_outcome(history);
    history->trim = false;
    free_records(history, records, !history->failed);
    if (reading != NULL)
        answer(reading);
    if (history->closing && history->first == NULL)
        finish_close(history);
    else
        start_work(history);
}

static void start_work(struct history *history)
{
    if (history->busy || (history->first == NULL && history->readings == NULL))
        return;
    history->busy = true;
    history->records = history->first;
    history->first = NULL;
    history->last = &history->first;
    if (history->records == NULL) {
        history->reading = history->readings;
        history->readings = history->reading->next;
        history->reading_count--;
    }
    if (history->since_trim >= TRIM_EVERY) {
        history->since_trim = 0;
        history->trim = true;
        history->trim_wall = history->newest_wall;
    }
    uv_queue_work(history->uv, &history->work, run, on_done);
}

/* ---- records ---- */

/* Copies a text behind the record; moves the free place on. */
static const char *keep(char **place, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = *place;

    memcpy(copy, text, size);
    *place += size;
    return copy;
}

/* Queues a copy of a record and its texts; false: there was no room. */
static bool add(struct history *history, const struct record *from)
{
    size_t size = strlen(from->group) + strlen(from->id) + strlen(from->name) + strlen(from->who) +
                  strlen(from->region) + strlen(from->title) + strlen(from->text) + 7 +
                  from->data_length;
    struct record *record = NULL;
    char *place;

    if (history->stats.pending < HISTORY_PENDING_MAX && !history->closing)
        record = malloc(sizeof(*record) + size);
    if (record == NULL) {
        history->stats.dropped += from->kind <= RECORD_FACT;
        return false;
    }
    *record = *from;
    place = (char *)(record + 1);
    record->group = keep(&place, from->group);
    record->id = keep(&place, from->id);
    record->name = keep(&place, from->name);
    record->who = keep(&place, from->who);
    record->region = keep(&place, from->region);
    record->title = keep(&place, from->title);
    record->text = keep(&place, from->text);
    if (from->data != NULL)
        record->data = memcpy(place, from->data, from->data_length);
    record->next = NULL;
    *history->last = record;
    history->last = &record->next;
    history->stats.pending++;
    history->since_trim++;
    history->newest_wall = from->at_wall;
    start_work(history);
    return true;
}

void history_decision(struct history *history, const struct settings *settings,
                      const struct decision *decision, const struct history_times *times)
{
    char value[VALUE_SIZE];
    const char *by = decision->by != NONE ? settings->electors[decision->by].name : "";

    if (decision_write(settings, decision, value, sizeof(value)) < 0)
        memcpy(value, "{}", 3);
    add(history, &(struct record){.kind = RECORD_DECISION,
                                  .at_wall = decision->at_wall,
                                  .epoch = decision->epoch,
                                  .times = *times,
                                  .group = settings->groups[decision->group].name,
                                  .id = "",
                                  .name = decision_kind_name(decision->kind),
                                  .who = by,
                                  .region = "",
                                  .title = decision->reason,
                                  .text = value});
}

void history_alert(struct history *history, const struct alert *alert)
{
    add(history, &(struct record){.kind = RECORD_ALERT,
                                  .at_wall = alert->at_wall,
                                  .epoch = alert->epoch,
                                  .opens = alert->phase == ALERT_OPEN,
                                  .group = alert->group,
                                  .id = alert->incident,
                                  .name = alert_event_name(alert->event),
                                  .who = severity_name(alert->severity),
                                  .region = alert->region,
                                  .title = alert->subject,
                                  .text = alert->text});
}

void history_fact(struct history *history, wall_t at_wall, const char *group, const char *line)
{
    add(history, &(struct record){.kind = RECORD_FACT,
                                  .at_wall = at_wall,
                                  .group = group,
                                  .id = "",
                                  .name = "",
                                  .who = "",
                                  .region = "",
                                  .title = "",
                                  .text = line});
}

/* What is not said is "". */
static struct record bare_record(enum record_kind kind, wall_t at_wall)
{
    return (struct record){.kind = kind,
                           .at_wall = at_wall,
                           .group = "",
                           .id = "",
                           .name = "",
                           .who = "",
                           .region = "",
                           .title = "",
                           .text = ""};
}

/* Rows are put together in portions, so that no record is large. */
void history_rollups(struct history *history, const struct history_rollup *rows, uint32_t count)
{
    struct record record = bare_record(RECORD_ROLLUPS, count > 0 ? rows[0].at_wall : 0);
    struct buffer buffer;

    buffer_init(&buffer, 2 * ROLLUPS_AT_ONCE);
    for (uint32_t i = 0; i < count; i++) {
        rollups_file_row(&buffer, &rows[i]);
        if (buffer.length < ROLLUPS_AT_ONCE && i + 1 < count)
            continue;
        record.data = buffer.data;
        record.data_length = buffer.length;
        history->since_trim += TRIM_EVERY / 10; /* it grows by itself, hour by hour */
        add(history, &record);
        buffer_reset(&buffer);
    }
    buffer_clear(&buffer);
}

/* ---- recordings ---- */

void history_recording_begin(struct history *history, wall_t at_wall, const char *probe,
                             int64_t bytes_max, const char *head)
{
    struct record record = bare_record(RECORD_BEGIN, at_wall);

    record.who = probe;
    record.bytes = bytes_max;
    record.text = head;
    history->is_open = add(history, &record);
    history->has_gap = false;
}

void history_recording_lines(struct history *history, wall_t at_wall, const char *lines,
                             uint32_t events)
{
    struct record record = bare_record(RECORD_LINES, at_wall);
    size_t length = strlen(lines);

    record.events = events;
    record.text = lines;
    if (history->is_open && !history->has_gap &&
        history->lines_pending + length <= HISTORY_LINES_MAX && add(history, &record)) {
        history->lines_pending += length;
        return;
    }
    history->lines_lost += events;
    history->has_gap = true;
    history_recording_end(history, at_wall, RECORDING_GAP, 0);
}

/* When there is no room for the end it is given again: until then nothing is, so that no line is
 * put behind a gap. */
void history_recording_end(struct history *history, wall_t at_wall, enum recording_end end,
                           uint32_t lost)
{
    struct record record = bare_record(RECORD_END, at_wall);

    record.name = recording_end_name(history->has_gap ? RECORDING_GAP : end);
    record.events = lost;
    if (history->is_open)
        history->is_open = !add(history, &record);
}

void history_recording_stats(const struct history *history, struct recording_stats *ret_stats)
{
    *ret_stats = history->recording;
    ret_stats->lost += history->lines_lost;
    ret_stats->recording = ret_stats->recording && history->is_open && !history->has_gap;
}

/* ---- readings ---- */

/* Queues a reading, or answers it with why not. */
static void read_later(struct history *history, const struct reading_job *from)
{
    struct reading_job **end = &history->readings;
    struct reading_job *reading = malloc(sizeof(*reading));

    assert(reading != NULL); /* somebody waits for the answer */
    *reading = *from;
    while (*end != NULL)
        end = &(*end)->next;
    *end = reading;
    history->reading_count++;
    start_work(history);
}

void history_decisions(struct history *history, const char *group, uint32_t limit,
                       history_decisions_done done, void *context)
{
    struct reading_job reading = {.limit = limit, .decisions_done = done, .context = context};

    if (history->reading_count >= HISTORY_READS_MAX || strlen(group) >= ID_SIZE) {
        done(context, NULL, 0, "too many questions at once, or a name too long");
        return;
    }
    memcpy(reading.id, group, strlen(group) + 1);
    read_later(history, &reading);
}

void history_incident(struct history *history, const char *id, history_incident_done done,
                      void *context)
{
    struct reading_job reading = {.incident_done = done, .context = context};

    if (history->reading_count >= HISTORY_READS_MAX || strlen(id) >= ID_SIZE) {
        done(context, NULL, NULL, 0, "too many questions at once, or a name too long");
        return;
    }
    memcpy(reading.id, id, strlen(id) + 1);
    read_later(history, &reading);
}

void history_read_rollups(struct history *history, const char *site, enum history_span span,
                          uint32_t limit, history_rollups_done done, void *context)
{
    struct reading_job reading = {
        .limit = limit, .span = span, .rollups_done = done, .context = context};

    if (history->reading_count >= HISTORY_READS_MAX || strlen(site) >= ID_SIZE) {
        done(context, NULL, 0, "too many questions at once, or a name too long");
        return;
    }
    memcpy(reading.id, site, strlen(site) + 1);
    read_later(history, &reading);
}

/* ---- life ---- */

int history_create(uv_loop_t *uv, const struct settings *settings, struct history **ret_history)
{
    struct history *history = calloc(1, sizeof(*history));

    if (history == NULL)
        return -ENOMEM;
    history->db = history_db_create(settings->history_path);
    if (history->db == NULL) {
        free(history);
        return -ENOMEM;
    }
    history->uv = uv;
    history->work.data = history;
    history->keep_ms = settings->history_keep_ms;
    history->last = &history->first;
    history->since_trim = TRIM_EVERY; /* also a daemon that says little forgets what is old */
    *ret_history = history;
    return 0;
}

void history_reload(struct history *history, const struct settings *settings)
{
    history->keep_ms = settings->history_keep_ms;
    history->since_trim = TRIM_EVERY;
}

void history_stats(const struct history *history, struct history_stats *ret_stats)
{
    *ret_stats = history->stats;
}

void history_close(struct history *history, void (*closed)(void *context), void *context)
{
    if (history == NULL) {
        if (closed != NULL)
            closed(context);
        return;
    }
    history->closing = true;
    history->closed = closed;
    history->closed_context = context;
    if (!history->busy && history->first == NULL)
        finish_close(history);
    else
        start_work(history);
}
