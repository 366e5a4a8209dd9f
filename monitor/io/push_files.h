/* SPDX-License-Identifier: Apache-2.0 */
/* push_files.h: the last report of each job on disk, FOLDER/pushes/NAME.json. Read before the
 * daemon runs, written in a thread: a slow disk must not stop the daemon's watch. */
#ifndef REGIONSHIFT_IO_PUSH_FILES_H
#define REGIONSHIFT_IO_PUSH_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "push_report.h"

typedef struct uv_loop_s uv_loop_t; /* libuv's own name, without its header */

struct push_files;

/* A version of a job's report is on disk (0), or is not (-errno). */
typedef void (*push_files_done)(void *context, const char *name, uint64_t version, int rc);

/* Creates the folder. Returns 0, or -errno with a sentence. */
int push_files_open(uv_loop_t *uv, const char *folder, push_files_done done, void *context,
                    struct push_files **ret_files, char *error, size_t error_size);

/* False when there is none; a damaged one is said in the log, and is none. */
bool push_files_read(const struct push_files *files, const char *name, struct push_kept *ret_kept);

/* Removes the files of all jobs that are not wanted any more: a report must not come back with a
 * job that is, after a year. */
void push_files_forget(const struct push_files *files,
                       bool (*is_wanted)(const void *context, const char *name),
                       const void *context);

/* One at a time: false, and nothing is begun, while one is being written. `done` comes from the
 * loop. */
bool push_files_write(struct push_files *files, const char *name, uint64_t version,
                      const struct push_kept *kept);

/* Frees it when what is being written has been; `done` is not called any more. Accepts NULL. */
void push_files_close(struct push_files *files);

#endif
