/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_database.h: the store's file as a thing that can be lost. Opens it or says why not, knows
 * whether the name still leads to the file that was opened, and turns SQLite's error numbers into
 * sentences. One thread at a time. */
#ifndef REGIONSHIFT_SQLITE_DATABASE_H
#define REGIONSHIFT_SQLITE_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base.h"
#include "units.h"

/* Every statement there is; all values are bound, no SQL is ever built from strings. */
enum statement {
    SQL_BEGIN_READ,
    SQL_BEGIN_WRITE,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_DATA_VERSION,
    SQL_META,
    SQL_SET_REVISION,
    SQL_FIND,
    SQL_NEWEST,
    SQL_RANGE,
    SQL_CHANGES,
    SQL_PUT,
    SQL_DELETE,
    SQL_BURY,
    SQL_BURY_LEASED,
    SQL_DELETE_LEASED,
    SQL_OLDEST_KEPT,
    SQL_PRUNE,
    SQL_SET_PRUNED,
    SQL_LEASES,
    SQL_LEASE_COUNT,
    SQL_LEASE_FIND,
    SQL_LEASE_GRANT,
    SQL_LEASE_RENEW,
    SQL_LEASE_REVOKE,
    STATEMENT_COUNT
};

struct database {
    const char *path; /* owned by whoever embeds this */
    sqlite3 *handle;  /* NULL: closed */
    sqlite3_stmt *statements[STATEMENT_COUNT];
    dev_t device; /* of the file behind the handle */
    ino_t inode;
    char id[33];              /* of the store this database has been; "" before the first opening */
    bool broken;              /* an error says: close, open again */
    msec_t patience_until_ms; /* how long a lock of another process is waited for, by uv_hrtime */
};

/* Opens the file, creating it when it has never been there for this struct.
 * Returns 0, or -1 with the sentence. */
int database_open(struct database *database, struct store_fault *ret_fault);

/* Accepts a closed one. */
void database_close(struct database *database);

/* Whether the name still leads to the opened file; 0, or -1 with the sentence (and broken). */
int database_in_place(struct database *database, struct store_fault *ret_fault);

/* Binds types[i] of 't' (const char *), 'b' (const void *, int), 'i' (int64_t). */
sqlite3_stmt *database_bind(struct database *database, enum statement which, const char *types,
                            ...);

/* 1: a row; 0: done and reset; -1: failed and reset, with the sentence. */
int database_step(struct database *database, sqlite3_stmt *statement,
                  struct store_fault *ret_fault);

/* Binds, and runs to the end a statement whose rows nobody wants. */
#define database_run(database, ret_fault, ...)                                                     \
    (database_step((database), database_bind((database), __VA_ARGS__), (ret_fault)) < 0 ? -1 : 0)

/* Binds, and reads the first column of the first row; ret_value is 0 when there is none or NULL. */
#define database_read(database, ret_fault, ret_value, ...)                                         \
    database_value((database), database_bind((database), __VA_ARGS__), (ret_fault), (ret_value))
int database_value(struct database *database, sqlite3_stmt *statement,
                   struct store_fault *ret_fault, int64_t *ret_value);

/* Commits: OK is told only while the file is still in its place, otherwise nobody will find it. */
int database_commit(struct database *database, struct store_fault *ret_fault);
void database_rollback(struct database *database);

#endif
