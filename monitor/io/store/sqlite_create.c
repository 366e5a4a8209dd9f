/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_create.c: an empty store, whole or not at all. It is built under another name and linked
 * into place, so that nobody ever sees half a schema, two daemons that start together cannot both
 * create it, and an empty file at the store's path is always an error and never "a new store". */
#include "sqlite_create.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sqlite_fault.h"

/* revision    of the whole store; starts at 1, as etcd's does, so that 0 can mean "absent"
 * tombstones  the latest deletions, for watchers; revisions up to `pruned` are forgotten
 * leases      renewals counts up; readers time its standing still by their own clock. Ids are never
 *             used twice, so a key of a dead lease cannot be adopted by a new one. */
static const char schema[] =
    "PRAGMA synchronous = FULL;"
    "BEGIN;"
    "PRAGMA application_id = 1380406088;"
    "PRAGMA user_version = 1;"
    "CREATE TABLE meta (id TEXT NOT NULL, revision INTEGER NOT NULL, pruned INTEGER NOT NULL);"
    "INSERT INTO meta VALUES (lower(hex(randomblob(16))), 1, 0);"
    "CREATE TABLE items (key TEXT NOT NULL UNIQUE, value BLOB NOT NULL,"
    " create_revision INTEGER NOT NULL, mod_revision INTEGER NOT NULL, lease INTEGER NOT NULL);"
    "CREATE INDEX items_by_revision ON items (mod_revision);"
    "CREATE INDEX items_by_lease ON items (lease) WHERE lease <> 0;"
    "CREATE TABLE tombstones (revision INTEGER NOT NULL, key TEXT NOT NULL,"
    " PRIMARY KEY (revision, key)) WITHOUT ROWID;"
    "CREATE TABLE leases (id INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL,"
    " ttl_ms INTEGER NOT NULL CHECK (ttl_ms > 0), renewals INTEGER NOT NULL,"
    " boot TEXT NOT NULL, clock TEXT NOT NULL, stamp_ms INTEGER NOT NULL);"
    "COMMIT;"
    "PRAGMA journal_mode = WAL;";

_Static_assert(DATABASE_APPLICATION_ID == 1380406088, "the schema says it in decimal");
_Static_assert(DATABASE_SCHEMA_VERSION == 1, "the schema says it too");

static int refuse(const char *path, int error, struct store_fault *ret_fault)
{
    return store_fault_set(ret_fault, database_errno_status(error),
                           "store %s: cannot be created: %s: its directory must exist, have space "
                           "and be writable for this user",
                           path, strerror(error));
}

/* Writes the schema into the empty file at path and closes it, leaving no -wal behind. */
static int write_schema(const char *path, const char *store_path, struct store_fault *ret_fault)
{
    sqlite3 *handle = NULL;
    int code = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

    if (code == SQLITE_OK) {
        code = sqlite3_exec(handle, schema, NULL, NULL, NULL);
    }
    if (code == SQLITE_FULL) {
        (void)refuse(store_path, ENOSPC, ret_fault);
    } else if (code != SQLITE_OK) {
        int error = sqlite3_system_errno(handle);

        (void)store_fault_set(ret_fault, database_errno_status(error),
                              "store %s: cannot be created: %s: look at its device", store_path,
                              error != 0 ? strerror(error) : sqlite3_errmsg(handle));
    }
    (void)sqlite3_close(handle);
    return code == SQLITE_OK ? 0 : -1;
}

/* A new name is only as durable as its directory. */
static int sync_directory_of(const char *path)
{
    char directory[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int length = slash == NULL ? 0 : (int)(slash - path) + 1;
    int file;
    int result;

    (void)snprintf(directory, sizeof(directory), "%.*s", length, path);
    file = open(length == 0 ? "." : directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) {
        return -errno;
    }
    result = fsync(file) == 0 ? 0 : -errno;
    (void)close(file);
    return result;
}

static int put_in_place(const char *built, const char *path)
{
    if (link(built, path) == 0) {
        return sync_directory_of(path);
    }
    return errno == EEXIST ? 0 : -errno;
}

int database_create(const char *path, struct store_fault *ret_fault)
{
    char built[PATH_MAX];
    int length = snprintf(built, sizeof(built), "%s.new-XXXXXX", path);
    int file;
    int result;

    if (length < 0 || (size_t)length >= sizeof(built)) {
        return refuse(path, ENAMETOOLONG, ret_fault);
    }
    file = mkostemp(built, O_CLOEXEC); /* 0600 */
    if (file < 0) {
        return refuse(path, errno, ret_fault);
    }
    (void)close(file);
    result = write_schema(built, path, ret_fault);
    if (result == 0) {
        int error = put_in_place(built, path);

        result = error == 0 ? 0 : refuse(path, -error, ret_fault);
    }
    (void)unlink(built);
    return result;
}
