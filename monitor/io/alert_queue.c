/* SPDX-License-Identifier: Apache-2.0 */
/* What is in the queue, and how it gets there and out: raised anew, or found in the spool after a
 * restart; said, dropped as said already, or given up when the spool is full. */
#include "alert_queue.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the spool may hold. Info goes first when it is full; pages may use as much again. */
enum { RECORDS_MAX = 10000 };
static const size_t bytes_max = (size_t)16 * 1024 * 1024;

/* ---- entries ---- */

void entry_note(struct entry *entry, const char *line)
{
    if (entry->id != 0)
        spool_note(entry->alerts->spool, entry->id, line); /* lost: a duplicate after a restart */
}

void entry_free(struct entry *entry)
{
    struct alerts *alerts = entry->alerts;

    claims_forget(entry);
    TAILQ_REMOVE(&alerts->entries, entry, link);
    alerts->count--;
    alerts->bytes -= entry->size;
    notice_destroy(entry->notice);
    free(entry);
}

void entry_remove(struct entry *entry)
{
    struct alerts *alerts = entry->alerts;
    struct entry *other;

    assert(entry->in_flight == 0);
    TAILQ_FOREACH(other, &alerts->entries, link)
    {
        if (other->behind == entry)
            other->behind = entry->behind;
    }
    if (entry->id != 0)
        spool_remove(alerts->spool, entry->id);
    entry_free(entry);
}

/* The youngest alert of an incident in the queue. */
static struct entry *find_last(struct alerts *alerts, const char *incident)
{
    struct entry *entry;

    TAILQ_FOREACH_REVERSE(entry, &alerts->entries, entries, link)
    {
        if (strcmp(entry->notice->incident, incident) == 0)
            return entry;
    }
    return NULL;
}

/* Takes the notice over. */
static int entry_create(struct alerts *alerts, struct notice *notice, size_t size,
                        struct entry **ret_entry)
{
    struct entry *entry = calloc(1, sizeof(*entry));

    if (entry == NULL)
        return -ENOMEM;
    entry->alerts = alerts;
    entry->notice = notice;
    entry->size = size;
    entry->behind = find_last(alerts, notice->incident);
    entry->state = ENTRY_QUEUED;
    TAILQ_INSERT_TAIL(&alerts->entries, entry, link);
    alerts->count++;
    alerts->bytes += size;
    *ret_entry = entry;
    return 0;
}

/* ---- raising ---- */

static bool is_wanted(const struct alerts *alerts, const struct notice *notice)
{
    for (uint32_t i = 0; i < alerts->sink_count; i++) {
        if (sink_wants(&alerts->sinks[i], notice))
            return true;
    }
    return false;
}

/* Said twice while the first is still here. The store would find it too, later. */
static bool is_duplicate(struct alerts *alerts, const struct notice *notice)
{
    const struct entry *last = find_last(alerts, notice->incident);
    msec_t remind_ms = alerts->settings->remind_ms;

    if (last == NULL || last->notice->phase != notice->phase)
        return false;
    if (notice->phase == ALERT_RESOLVED || last->delivered == 0)
        return true;
    return remind_ms == 0 || notice->at_wall - last->notice->at_wall < remind_ms;
}

static bool is_full(const struct alerts *alerts, size_t size, unsigned times)
{
    return alerts->count >= times * RECORDS_MAX || alerts->bytes + size > times * bytes_max;
}

/* Drops the oldest info. Returns false when there is none. */
static bool drop_oldest_info(struct alerts *alerts)
{
    struct entry *entry;

    TAILQ_FOREACH(entry, &alerts->entries, link)
    {
        if (entry->notice->severity != SEVERITY_INFO || entry->in_flight != 0)
            continue;
        alerts->stats.dropped_full++;
        entry_remove(entry);
        return true;
    }
    return false;
}

static int make_room(struct alerts *alerts, const struct notice *notice, size_t size)
{
    while (is_full(alerts, size, 1)) {
        if (drop_oldest_info(alerts))
            continue;
        if (notice->severity == SEVERITY_PAGE && !is_full(alerts, size, 2))
            return 0;
        alerts->stats.dropped_full++;
        return -ENOBUFS;
    }
    return 0;
}

/* Puts a notice, taken over on success, on disk and into the queue. ret_disk: how the disk took
 * it; in the queue it is all the same. */
static int enqueue(struct alerts *alerts, struct notice *notice, int *ret_disk)
{
    char *record = notice_encode(notice);
    size_t size = record != NULL ? strlen(record) : 0;
    struct entry *entry = NULL;
    int rc = record != NULL ? make_room(alerts, notice, size) : -ENOMEM;

    if (rc == 0)
        rc = entry_create(alerts, notice, size, &entry);
    if (rc == 0 && alerts->spool != NULL) {
        *ret_disk = spool_add(alerts->spool, record, size, &entry->id);
        alerts->stats.spooled += *ret_disk == 0 ? 1 : 0;
    }
    free(record);
    return rc;
}

int alerts_raise(struct alerts *alerts, const struct alert *alert)
{
    struct notice *notice = NULL;
    int disk = 0;
    int rc = alerts->closing ? -ESHUTDOWN : notice_create(alert, &notice);

    if (rc != 0)
        return rc;
    if (!is_wanted(alerts, notice)) {
        notice_destroy(notice);
        return 0;
    }
    if (is_duplicate(alerts, notice)) {
        alerts->stats.duplicates_dropped++;
        notice_destroy(notice);
        return 0;
    }
    rc = enqueue(alerts, notice, &disk);
    if (rc != 0) {
        notice_destroy(notice);
        return rc;
    }
    send_hurry(alerts);
    alerts_wake(alerts);
    return disk;
}

/* ---- resuming ---- */

static void resume_line(struct entry *entry, const char *line)
{
    struct alerts *alerts = entry->alerts;
    struct notice_stamp stamp;

    if (sscanf(line, "stamp %" SCNu64 " %" SCNd64, &stamp.count, &stamp.at_wall) == 2)
        entry->stamp = stamp;
    if (strncmp(line, "sent ", 5) != 0)
        return;
    entry->state = ENTRY_SENDING; /* said already: the rest is said too, whoever holds the claim */
    for (uint32_t i = 0; i < alerts->sink_count; i++) {
        if (strcmp(line + 5, alerts->sinks[i].settings->name) == 0)
            entry->delivered |= UINT64_C(1) << i;
    }
}

static void resume_lines(struct entry *entry, const char *lines)
{
    char line[SPOOL_LINE_MAX + 1];

    while (*lines != '\0') {
        size_t length = strcspn(lines, "\n");

        if (length < sizeof(line)) {
            memcpy(line, lines, length);
            line[length] = '\0';
            resume_line(entry, line);
        }
        lines += length + (lines[length] == '\n' ? 1 : 0);
    }
}

int queue_resume(void *context, uint64_t id, const char *record, size_t length, const char *lines)
{
    struct alerts *alerts = context;
    struct notice *notice = NULL;
    struct entry *entry = NULL;
    char error[200];

    if (notice_decode(record, length, &notice, error, sizeof(error)) != 0)
        return -EINVAL;
    if (entry_create(alerts, notice, length, &entry) != 0) {
        notice_destroy(notice);
        return -ENOMEM;
    }
    entry->id = id;
    resume_lines(entry, lines);
    return 0;
}

/* What had been said before the end, but perhaps not marked or removed. */
void queue_settle_resumed(struct alerts *alerts)
{
    struct entry *entry, *following;

    for (entry = TAILQ_FIRST(&alerts->entries); entry != NULL; entry = following) {
        following = TAILQ_NEXT(entry, link);
        if (entry->state == ENTRY_SENDING) {
            entry->claim.at_wall = entry->stamp.at_wall;
            claims_mark_sent(entry);
        }
        if (send_is_done(entry)) /* or no sink wants it any more */
            entry_remove(entry);
    }
}
