/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_leases.c: leases without a server and without a shared wall clock.
 *
 * An owner renews by raising a counter. A reader remembers when, by its own monotonic clock, it
 * last saw that counter move; when it has stood still for the lease's time (and a margin) the
 * reader ends the lease, in a transaction that reads the counter once more, so that a renewal which
 * races it wins. Nothing a reader does can end a lease early: it cannot see a renewal before it
 * happened.
 *
 * A lease seen for the first time has an unknown past: it may be a vote of last week, left by a
 * machine that lost its power. Its owner's start of the kernel and its stamp tell: another start of
 * the kernel means it is dead; the same monotonic clock (most of the time: one machine) means its
 * age is known; otherwise (a container with a clock of its own) its time begins now. */
#include "sqlite_leases.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "sqlite_items.h"

static void read_boot(char *ret_boot, size_t size)
{
    int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? 0 : read(file, ret_boot, size - 1);

    ret_boot[length < 0 ? 0 : length] = '\0';
    ret_boot[strcspn(ret_boot, "\n")] = '\0';
    if (file >= 0) {
        (void)close(file);
    }
}

static void read_clock(char *ret_clock, size_t size)
{
    ssize_t length = readlink("/proc/self/ns/time", ret_clock, size - 1);

    ret_clock[length < 0 ? 0 : length] = '\0';
}

void leases_init(struct leases *leases, const char *owner, msec_t ttl_ms)
{
    *leases = (struct leases){.ttl_ms = ttl_ms};
    memcpy(leases->owner, owner, strnlen(owner, NAME_MAX_LENGTH));
    read_boot(leases->boot, sizeof(leases->boot));
    read_clock(leases->clock, sizeof(leases->clock));
}

void leases_forget(struct leases *leases)
{
    leases->count = 0;
}

static const struct lease_seen *find(const struct lease_seen *seen, size_t count, int64_t id)
{
    for (size_t i = 0; i < count; i++) {
        if (seen[i].id == id) {
            return &seen[i];
        }
    }
    return NULL;
}

static bool column_is(sqlite3_stmt *row, int column, const char *text)
{
    const char *value = (const char *)sqlite3_column_text(row, column);

    return value != NULL && strcmp(value, text) == 0;
}

/* When a lease of which only this row is known was last alive, by our clock. */
static msec_t first_sight(const struct leases *leases, sqlite3_stmt *row, msec_t now_ms)
{
    msec_t stamp_ms = sqlite3_column_int64(row, 5);

    if (!column_is(row, 3, leases->boot)) {
        return now_ms - sqlite3_column_int64(row, 2) - LEASE_MARGIN_MS;
    }
    if (column_is(row, 4, leases->clock) && stamp_ms < now_ms) {
        return stamp_ms;
    }
    return now_ms;
}

static struct lease_seen look_at(const struct leases *leases, sqlite3_stmt *row, msec_t now_ms)
{
    struct lease_seen lease = {.id = sqlite3_column_int64(row, 0),
                               .renewals = sqlite3_column_int64(row, 1),
                               .ttl_ms = sqlite3_column_int64(row, 2),
                               .seen_ms = now_ms};
    const struct lease_seen *before = find(leases->seen, leases->count, lease.id);

    if (before == NULL) {
        lease.seen_ms = first_sight(leases, row, now_ms);
    } else if (before->renewals == lease.renewals) {
        lease.seen_ms = before->seen_ms;
    }
    return lease;
}

int leases_look(struct leases *leases, struct database *database, msec_t now_ms,
                struct store_fault *ret_fault)
{
    struct lease_seen seen[LEASES_MAX];
    size_t count = 0;
    sqlite3_stmt *row = database_bind(database, SQL_LEASES, "");
    int found;

    while ((found = database_step(database, row, ret_fault)) > 0 && count < LEASES_MAX) {
        seen[count++] = look_at(leases, row, now_ms);
    }
    if (found < 0) {
        return -1;
    }
    if (found > 0) { /* leases_renew() never grants so many: somebody else wrote this */
        (void)sqlite3_reset(row);
        return store_fault_set(ret_fault, STORE_CORRUPT,
                               "store %s: holds more than %d leases: "
                               "remove it with its -wal and -shm to begin with an empty store",
                               database->path, LEASES_MAX);
    }
    memcpy(leases->seen, seen, count * sizeof(seen[0]));
    leases->count = count;
    return 0;
}

static bool is_due(const struct lease_seen *lease, msec_t now_ms)
{
    return now_ms - lease->seen_ms >= lease->ttl_ms + LEASE_MARGIN_MS;
}

bool leases_due(const struct leases *leases, msec_t now_ms)
{
    for (size_t i = 0; i < leases->count; i++) {
        if (is_due(&leases->seen[i], now_ms)) {
            return true;
        }
    }
    return false;
}

/* Removes one lease and what it holds, at one revision. Returns the number of items, or -1. */
static int end_lease(struct database *database, int64_t id, struct store_fault *ret_fault)
{
    int buried = items_bury_leased(database, id, ret_fault);

    if (buried < 0 || database_run(database, ret_fault, SQL_LEASE_REVOKE, "i", id) != 0) {
        return -1;
    }
    return buried;
}

/* Inside the transaction: the table is read again, so what was renewed meanwhile is not due. */
static int end_all_due(struct leases *leases, struct database *database, msec_t now_ms,
                       struct store_fault *ret_fault)
{
    int buried = 0;

    if (leases_look(leases, database, now_ms, ret_fault) != 0) {
        return -1;
    }
    for (size_t i = 0; i < leases->count; i++) {
        int items = 0;

        if (is_due(&leases->seen[i], now_ms)) {
            items = end_lease(database, leases->seen[i].id, ret_fault);
        }
        if (items < 0) {
            return -1;
        }
        buried += items;
    }
    return buried;
}

int leases_sweep(struct leases *leases, struct database *database, msec_t now_ms,
                 struct store_fault *ret_fault)
{
    int buried;

    if (!leases_due(leases, now_ms)) {
        return 0;
    }
    if (database_run(database, ret_fault, SQL_BEGIN_WRITE, "") != 0) {
        return -1;
    }
    buried = end_all_due(leases, database, now_ms, ret_fault);
    if (buried < 0) {
        database_rollback(database);
        return -1;
    }
    if (database_commit(database, ret_fault) != 0 ||
        leases_look(leases, database, now_ms, ret_fault) != 0) {
        return -1;
    }
    return buried > 0;
}

static int lose(struct leases *leases, const struct database *database,
                struct store_fault *ret_fault)
{
    leases->own = 0;
    return store_fault_set(ret_fault, STORE_LEASE_LOST,
                           "store %s: the lease of \"%s\" was not renewed within %lld ms and has "
                           "lapsed: the next renewal grants a new one",
                           database->path, leases->owner, (long long)leases->ttl_ms);
}

int leases_require_own(struct leases *leases, struct database *database,
                       struct store_fault *ret_fault)
{
    int64_t renewals = 0;

    if (leases->own == 0) {
        return store_fault_set(ret_fault, STORE_LEASE_LOST,
                               "store %s: \"%s\" has no lease yet: the next renewal grants one",
                               database->path, leases->owner);
    }
    if (database_read(database, ret_fault, &renewals, SQL_LEASE_FIND, "i", leases->own) != 0) {
        return -1;
    }
    return renewals > 0 ? 0 : lose(leases, database, ret_fault);
}

static int grant(struct leases *leases, struct database *database, msec_t now_ms, int64_t *ret_id,
                 struct store_fault *ret_fault)
{
    int64_t count = 0;

    if (database_read(database, ret_fault, &count, SQL_LEASE_COUNT, "") != 0) {
        return -1;
    }
    if (count >= LEASES_MAX) {
        return store_fault_set(ret_fault, STORE_FULL,
                               "store %s: %d daemons hold a lease, no more may: wait until some "
                               "have lapsed",
                               database->path, LEASES_MAX);
    }
    if (database_run(database, ret_fault, SQL_LEASE_GRANT, "titti", leases->owner, leases->ttl_ms,
                     leases->boot, leases->clock, now_ms) != 0) {
        return -1;
    }
    *ret_id = sqlite3_last_insert_rowid(database->handle);
    return 0;
}

static int renew_or_grant(struct leases *leases, struct database *database, msec_t now_ms,
                          int64_t *ret_id, struct store_fault *ret_fault)
{
    if (leases->own == 0) {
        return grant(leases, database, now_ms, ret_id, ret_fault);
    }
    if (database_run(database, ret_fault, SQL_LEASE_RENEW, "ii", leases->own, now_ms) != 0) {
        return -1;
    }
    if (sqlite3_changes(database->handle) == 0) {
        return lose(leases, database, ret_fault);
    }
    *ret_id = leases->own;
    return 0;
}

int leases_renew(struct leases *leases, struct database *database, msec_t now_ms,
                 uint64_t *ret_revision, struct store_fault *ret_fault)
{
    int64_t revision = 0;
    int64_t id = 0;

    if (database_run(database, ret_fault, SQL_BEGIN_WRITE, "") != 0) {
        return -1;
    }
    if (renew_or_grant(leases, database, now_ms, &id, ret_fault) != 0 ||
        database_read(database, ret_fault, &revision, SQL_META, "") != 0) {
        database_rollback(database);
        return -1;
    }
    if (database_commit(database, ret_fault) != 0) {
        return -1;
    }
    leases->own = id;
    *ret_revision = (uint64_t)revision;
    return 0;
}

int leases_revoke(struct leases *leases, struct database *database, struct store_fault *ret_fault)
{
    if (leases->own == 0) {
        return 0;
    }
    if (database_run(database, ret_fault, SQL_BEGIN_WRITE, "") != 0) {
        return -1;
    }
    if (end_lease(database, leases->own, ret_fault) < 0) {
        database_rollback(database);
        return -1;
    }
    leases->own = 0;
    return database_commit(database, ret_fault);
}
