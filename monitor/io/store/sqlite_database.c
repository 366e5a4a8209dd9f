/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_database.c: the store's file as a thing that can be lost.
 *
 * Durability. WAL with synchronous = FULL: every commit is fsynced before it is told. NORMAL would
 * survive a crash of the daemon but not of the machine, and what is promised here (a freeze that
 * was acknowledged, an epoch, a move counted against the budget) must outlive a power cut. A daemon
 * writes about once a second, so the price does not matter, and one rule for all writes is easier
 * to trust than two.
 *
 * A file that vanishes. SQLite would go on writing into an unlinked file, and a daemon started
 * meanwhile would make a new one: two stores, each with half of the daemons. Therefore the name is
 * compared with the opened file before every transaction and again after each commit, and:
 *   - a struct database creates the file only if it has never had one: a store that vanished under
 *     us stays away until somebody puts a file back, or restarts the daemon to begin anew;
 *   - each store has a random id, and a file with another id is refused until a restart;
 *   - a file that comes back with the same id (moved back, restored) is taken up again. Its
 *     revision may be lower: S1 says what the reader of a view does about that;
 *   - a missing file whose -wal remains was removed in use and is not created anew either. */
#include "sqlite_database.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "sqlite_create.h"
#include "sqlite_fault.h"

/* Keys of a prefix are a range: all that sort from ?1 up to, and without, ?2. */
#define IN_RANGE " key >= ?1 AND key < ?2"

static const char *const texts[STATEMENT_COUNT] = {
    [SQL_BEGIN_READ] = "BEGIN",
    [SQL_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_DATA_VERSION] = "PRAGMA data_version",
    [SQL_META] = "SELECT revision, pruned, id FROM meta",
    [SQL_SET_REVISION] = "UPDATE meta SET revision = ?1",
    [SQL_FIND] = "SELECT create_revision, mod_revision FROM items WHERE key = ?1",
    [SQL_NEWEST] = "SELECT max(mod_revision) FROM items WHERE" IN_RANGE,
    [SQL_RANGE] = "SELECT key, value, create_revision, mod_revision FROM items WHERE" IN_RANGE
                  " ORDER BY key",
    [SQL_CHANGES] = "SELECT key, value, create_revision, mod_revision FROM items"
                    " WHERE mod_revision > ?3 AND" IN_RANGE
                    " UNION ALL SELECT key, NULL, 0, revision FROM tombstones"
                    " WHERE revision > ?3 AND" IN_RANGE " ORDER BY 4, 1",
    [SQL_PUT] = "INSERT INTO items VALUES (?1, ?2, ?3, ?3, ?4) ON CONFLICT (key) DO UPDATE SET"
                " value = excluded.value, mod_revision = excluded.mod_revision,"
                " lease = excluded.lease",
    [SQL_DELETE] = "DELETE FROM items WHERE key = ?1",
    [SQL_BURY] = "INSERT INTO tombstones VALUES (?1, ?2)",
    [SQL_BURY_LEASED] = "INSERT INTO tombstones SELECT ?1, key FROM items WHERE lease = ?2",
    [SQL_DELETE_LEASED] = "DELETE FROM items WHERE lease = ?1 AND lease <> 0",
    [SQL_OLDEST_KEPT] = "SELECT revision FROM tombstones ORDER BY revision DESC LIMIT 1 OFFSET ?1",
    [SQL_PRUNE] = "DELETE FROM tombstones WHERE revision <= ?1",
    [SQL_SET_PRUNED] = "UPDATE meta SET pruned = ?1",
    [SQL_LEASES] = "SELECT id, renewals, ttl_ms, boot, clock, stamp_ms FROM leases ORDER BY id",
    [SQL_LEASE_COUNT] = "SELECT count(*) FROM leases",
    [SQL_LEASE_FIND] = "SELECT renewals FROM leases WHERE id = ?1",
    [SQL_LEASE_GRANT] = "INSERT INTO leases (owner, ttl_ms, renewals, boot, clock, stamp_ms)"
                        " VALUES (?1, ?2, 1, ?3, ?4, ?5)",
    [SQL_LEASE_RENEW] = "UPDATE leases SET renewals = renewals + 1, stamp_ms = ?2 WHERE id = ?1",
    [SQL_LEASE_REVOKE] = "DELETE FROM leases WHERE id = ?1",
};

/* What SQLite is told to do on every connection. The page limit (256 MiB) bounds the file, and with
 * it every view that is read from it. */
static const char habits[] = "PRAGMA journal_mode = WAL;"
                             "PRAGMA synchronous = FULL;"
                             "PRAGMA max_page_count = 65536;"
                             "PRAGMA journal_size_limit = 4194304;"
                             "PRAGMA temp_store = MEMORY;"
                             "PRAGMA cell_size_check = ON;"
                             "PRAGMA trusted_schema = OFF;";

/* Waits for another process's lock, 1 ms, then 2, ... 10 at a time, while patience lasts. */
static int wait_for_lock(void *context, int count)
{
    const struct database *database = context;
    msec_t now_ms = (msec_t)(uv_hrtime() / 1000000);

    if (now_ms >= database->patience_until_ms) {
        return 0;
    }
    (void)usleep((useconds_t)(count < 10 ? count + 1 : 10) * 1000);
    return 1;
}

static void remember_file(struct database *database, const struct stat *file)
{
    database->device = file->st_dev;
    database->inode = file->st_ino;
}

static bool is_there(const char *path, const char *suffix)
{
    char name[PATH_MAX];
    struct stat file;
    int length = snprintf(name, sizeof(name), "%s%s", path, suffix);

    return length > 0 && (size_t)length < sizeof(name) && lstat(name, &file) == 0;
}

/* No file at the path: what this means depends on the past. */
static int missing(struct database *database, struct store_fault *ret_fault)
{
    if (database->id[0] != '\0') {
        return store_fault_set(ret_fault, STORE_AWAY,
                               "store %s: the file was removed while in use: put it back, or stop "
                               "every regionshiftd, remove its -wal and -shm, and start again with "
                               "an empty store",
                               database->path);
    }
    if (is_there(database->path, "-wal") && !is_there(database->path, "")) {
        return store_fault_set(ret_fault, STORE_AWAY,
                               "store %s: the file is missing but %s-wal remains, so it was "
                               "removed while in use: put it back, or remove the -wal and -shm too",
                               database->path, database->path);
    }
    return database_create(database->path, ret_fault);
}

static int find_file(struct database *database, struct stat *ret_file,
                     struct store_fault *ret_fault)
{
    if (stat(database->path, ret_file) == 0) {
        return 0;
    }
    if (errno != ENOENT) {
        return database_errno_fault(database, errno, ret_fault);
    }
    if (missing(database, ret_fault) != 0) {
        return -1;
    }
    if (stat(database->path, ret_file) != 0) {
        return database_errno_fault(database, errno, ret_fault);
    }
    return 0;
}

/* Looks at the file before SQLite does, so that the reasons come in words. Never opens it: closing
 * it again would drop the locks of every connection this process has to it. */
static int inspect(struct database *database, struct stat *ret_file, struct store_fault *ret_fault)
{
    const char *path = database->path;

    if (find_file(database, ret_file, ret_fault) != 0) {
        return -1;
    }
    if (!S_ISREG(ret_file->st_mode)) {
        return store_fault_set(ret_fault, STORE_DENIED,
                               "store %s: is not a regular file: give another store.path", path);
    }
    if ((ret_file->st_mode & S_IWOTH) != 0) {
        return store_fault_set(ret_fault, STORE_DENIED,
                               "store %s: everyone may write it (mode %03o), so anyone could vote: "
                               "chmod 0600 %s",
                               path, (unsigned)ret_file->st_mode & 0777U, path);
    }
    if (ret_file->st_size == 0) {
        return store_fault_set(ret_fault, STORE_CORRUPT,
                               "store %s: is an empty file, not a store: restore it, or remove it "
                               "to begin with an empty store",
                               path);
    }
    if (access(path, R_OK | W_OK) != 0) {
        return database_errno_fault(database, errno, ret_fault);
    }
    return 0;
}

static int read_pragma(struct database *database, const char *pragma, int64_t *ret_value,
                       struct store_fault *ret_fault)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(database->handle, pragma, -1, &statement, NULL);
    int result = -1;

    if (code == SQLITE_OK) {
        result = database_value(database, statement, ret_fault, ret_value);
    } else {
        (void)database_fault(database, code, ret_fault);
    }
    (void)sqlite3_finalize(statement);
    return result;
}

/* Is it ours, of our version, and whole? */
static int recognise(struct database *database, struct store_fault *ret_fault)
{
    int64_t application = 0;
    int64_t version = 0;
    int64_t complaints = 0;

    if (read_pragma(database, "PRAGMA application_id", &application, ret_fault) != 0 ||
        read_pragma(database, "PRAGMA user_version", &version, ret_fault) != 0 ||
        read_pragma(database,
                    "SELECT count(*) FROM pragma_quick_check(1) WHERE quick_check <> 'ok'",
                    &complaints, ret_fault) != 0) {
        return -1;
    }
    if (application != DATABASE_APPLICATION_ID) {
        return store_fault_set(ret_fault, STORE_DENIED,
                               "store %s: is an SQLite file of another program: give another "
                               "store.path",
                               database->path);
    }
    if (version != DATABASE_SCHEMA_VERSION) {
        return store_fault_set(ret_fault, STORE_DENIED,
                               "store %s: has schema version %lld, this regionshiftd knows %d: run "
                               "the same release everywhere",
                               database->path, (long long)version, DATABASE_SCHEMA_VERSION);
    }
    if (complaints != 0) {
        return store_fault_set(ret_fault, STORE_CORRUPT,
                               "store %s: is damaged (it fails SQLite's quick_check): %s",
                               database->path, DATABASE_DAMAGED_ADVICE);
    }
    return 0;
}

static int prepare_all(struct database *database, struct store_fault *ret_fault)
{
    for (unsigned i = 0; i < STATEMENT_COUNT; i++) {
        int code = sqlite3_prepare_v3(database->handle, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                      &database->statements[i], NULL);
        if (code == SQLITE_ERROR) {
            return store_fault_set(ret_fault, STORE_CORRUPT, "store %s: is damaged (%s): %s",
                                   database->path, sqlite3_errmsg(database->handle),
                                   DATABASE_DAMAGED_ADVICE);
        }
        if (code != SQLITE_OK) {
            return database_fault(database, code, ret_fault);
        }
    }
    return 0;
}

/* Is it the store this daemon has been working with? */
static int check_identity(struct database *database, struct store_fault *ret_fault)
{
    sqlite3_stmt *meta = database_bind(database, SQL_META, "");
    int found = database_step(database, meta, ret_fault);
    const void *id = found > 0 ? sqlite3_column_text(meta, 2) : NULL;
    int result = 0;

    if (found < 0) {
        return -1;
    }
    if (id == NULL || sqlite3_column_bytes(meta, 2) != (int)sizeof(database->id) - 1) {
        result = store_fault_set(ret_fault, STORE_CORRUPT, "store %s: has lost its identity: %s",
                                 database->path, DATABASE_DAMAGED_ADVICE);
    } else if (database->id[0] == '\0') {
        memcpy(database->id, id, sizeof(database->id));
    } else if (memcmp(database->id, id, sizeof(database->id)) != 0) {
        result = store_fault_set(ret_fault, STORE_AWAY,
                                 "store %s: the file was replaced by another store: put the old "
                                 "one back, or restart every regionshiftd to accept the new one",
                                 database->path);
    }
    (void)sqlite3_reset(meta);
    return result;
}

static int connect_to(struct database *database, struct store_fault *ret_fault)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    int code = sqlite3_open_v2(database->path, &database->handle, flags, NULL);

    if (code != SQLITE_OK) {
        return database_fault(database, code, ret_fault);
    }
    (void)sqlite3_extended_result_codes(database->handle, 1);
    (void)sqlite3_busy_handler(database->handle, wait_for_lock, database);
    (void)sqlite3_db_config(database->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (recognise(database, ret_fault) != 0) {
        return -1;
    }
    code = sqlite3_exec(database->handle, habits, NULL, NULL, NULL);
    if (code != SQLITE_OK) {
        return database_fault(database, code, ret_fault);
    }
    if (prepare_all(database, ret_fault) != 0 || check_identity(database, ret_fault) != 0) {
        return -1;
    }
    return database_in_place(database, ret_fault);
}

int database_open(struct database *database, struct store_fault *ret_fault)
{
    struct stat file;

    if (inspect(database, &file, ret_fault) != 0) {
        return -1;
    }
    remember_file(database, &file);
    if (connect_to(database, ret_fault) != 0) {
        database_close(database);
        return -1;
    }
    return 0;
}

/* Closing the last connection folds the -wal into the file and removes it by its name; SQLite does
 * neither when the file has moved, so a new file under that name keeps its own. */
void database_close(struct database *database)
{
    if (database->handle == NULL) {
        return;
    }
    for (unsigned i = 0; i < STATEMENT_COUNT; i++) {
        (void)sqlite3_finalize(database->statements[i]);
        database->statements[i] = NULL;
    }
    (void)sqlite3_close(database->handle);
    database->handle = NULL;
    database->broken = false;
}

int database_in_place(struct database *database, struct store_fault *ret_fault)
{
    struct stat file;

    if (stat(database->path, &file) != 0 || file.st_dev != database->device ||
        file.st_ino != database->inode) {
        database->broken = true;
        return store_fault_set(ret_fault, STORE_AWAY,
                               "store %s: the file was removed or replaced while in use: put it "
                               "back, or restart every regionshiftd to accept what is there now",
                               database->path);
    }
    if (file.st_size == 0) {
        database->broken = true;
        return store_fault_set(ret_fault, STORE_CORRUPT,
                               "store %s: the file was emptied while in use: %s", database->path,
                               DATABASE_DAMAGED_ADVICE);
    }
    return 0;
}

sqlite3_stmt *database_bind(struct database *database, enum statement which, const char *types, ...)
{
    sqlite3_stmt *statement = database->statements[which];
    va_list values;

    va_start(values, types);
    for (int i = 0; types[i] != '\0'; i++) {
        if (types[i] == 't') {
            (void)sqlite3_bind_text(statement, i + 1, va_arg(values, const char *), -1,
                                    SQLITE_STATIC);
        } else if (types[i] == 'b') {
            const void *bytes = va_arg(values, const void *);

            (void)sqlite3_bind_blob(statement, i + 1, bytes, va_arg(values, int), SQLITE_STATIC);
        } else {
            (void)sqlite3_bind_int64(statement, i + 1, va_arg(values, int64_t));
        }
    }
    va_end(values);
    return statement;
}

int database_step(struct database *database, sqlite3_stmt *statement, struct store_fault *ret_fault)
{
    int code = sqlite3_step(statement);

    if (code == SQLITE_ROW) {
        return 1;
    }
    if (code != SQLITE_DONE) {
        (void)database_fault(database, code, ret_fault);
    }
    (void)sqlite3_reset(statement);
    return code == SQLITE_DONE ? 0 : -1;
}

int database_value(struct database *database, sqlite3_stmt *statement,
                   struct store_fault *ret_fault, int64_t *ret_value)
{
    int found = database_step(database, statement, ret_fault);

    if (found < 0) {
        return -1;
    }
    *ret_value = found == 0 ? 0 : sqlite3_column_int64(statement, 0);
    (void)sqlite3_reset(statement);
    return 0;
}

int database_commit(struct database *database, struct store_fault *ret_fault)
{
    if (database_run(database, ret_fault, SQL_COMMIT, "") != 0) {
        if (database->broken) {
            ret_fault->status = STORE_AWAY; /* whatever it was: perhaps done */
        }
        database_rollback(database);
        return -1;
    }
    return database_in_place(database, ret_fault);
}

void database_rollback(struct database *database)
{
    struct store_fault ignored;

    if (database->handle != NULL && !sqlite3_get_autocommit(database->handle)) {
        (void)database_run(database, &ignored, SQL_ROLLBACK, "");
    }
}
