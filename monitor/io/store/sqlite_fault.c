/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_fault.c: error numbers into words. S2: none of them says anything about a region. */
#include "sqlite_fault.h"

#include <errno.h>
#include <string.h>

enum store_status database_errno_status(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
        return STORE_DENIED;
    case EROFS:
        return STORE_READONLY;
    case ENOSPC:
    case EDQUOT:
        return STORE_FULL;
    default:
        return STORE_AWAY;
    }
}

int database_errno_fault(struct database *database, int error, struct store_fault *ret_fault)
{
    static const char *const advice[] = {
        [STORE_AWAY] = "look at its device",
        [STORE_DENIED] = "give the file and its directory to this user",
        [STORE_READONLY] = "mount it read-write",
        [STORE_FULL] = "free some space",
    };
    enum store_status status = database_errno_status(error);

    return store_fault_set(ret_fault, status, "store %s: %s: %s", database->path, strerror(error),
                           advice[status]);
}

static int temporary_fault(struct database *database, bool full, struct store_fault *ret_fault)
{
    if (full) {
        return store_fault_set(ret_fault, STORE_FULL,
                               "store %s: no space left, or the file reached its limit of 256 MiB: "
                               "free some space; nothing was written",
                               database->path);
    }
    return store_fault_set(ret_fault, STORE_AWAY,
                           "store %s: another process holds its lock for too long: find it with "
                           "`fuser -v %s`",
                           database->path, database->path);
}

int database_fault(struct database *database, int code, struct store_fault *ret_fault)
{
    const char *message = sqlite3_errmsg(database->handle);
    int error = sqlite3_system_errno(database->handle);
    int kind = code & 0xff; /* the rest of an extended code is detail */

    if (kind == SQLITE_FULL || kind == SQLITE_BUSY || kind == SQLITE_LOCKED) {
        return temporary_fault(database, kind == SQLITE_FULL, ret_fault);
    }
    database->broken = true;
    if (kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB) {
        return store_fault_set(ret_fault, STORE_CORRUPT, "store %s: is damaged (%s): %s",
                               database->path, message, DATABASE_DAMAGED_ADVICE);
    }
    if (kind == SQLITE_READONLY) {
        return store_fault_set(ret_fault, STORE_READONLY,
                               "store %s: is read-only (%s): mount it read-write, or give it to "
                               "this user",
                               database->path, message);
    }
    if ((kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN) && error != 0) {
        return database_errno_fault(database, error, ret_fault);
    }
    return store_fault_set(ret_fault, STORE_AWAY,
                           "store %s: %s (SQLite error %d): look at its device", database->path,
                           message, code);
}
