/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_fault.h: what SQLite's and the system's error numbers mean to a store, as a status and as
 * a sentence that names the path, what happened and what to do. */
#ifndef REGIONSHIFT_SQLITE_FAULT_H
#define REGIONSHIFT_SQLITE_FAULT_H

#include "sqlite_database.h"

#define DATABASE_DAMAGED_ADVICE                                                                    \
    "stop every regionshiftd, keep a copy, restore the file or move it away with its -wal and "    \
    "-shm"

enum store_status database_errno_status(int error);

/* Both return -1. Every error but "busy" and "full" makes the connection broken: it is closed and
 * opened again, which finds out what became of the file. */
int database_errno_fault(struct database *database, int error, struct store_fault *ret_fault);
int database_fault(struct database *database, int code, struct store_fault *ret_fault);

#endif
