/* SPDX-License-Identifier: Apache-2.0 */
/* file_read.h: a small file's text, read by a worker: a disk that hangs holds up nobody else. The
 * text may be secret, and is wiped after the report. */
#ifndef REGIONSHIFT_IO_AWS_FILE_READ_H
#define REGIONSHIFT_IO_AWS_FILE_READ_H

#include <stddef.h>
#include <uv.h>

/* status: 0, or -errno (-EINVAL: not a file; -EFBIG: larger than allowed). text is NULL then. */
typedef void (*file_read_done)(void *context, int status, const char *text, size_t length);

/* `done` is called once, from the loop; nothing stops a worker. A path of "" has no file. */
void file_read_start(uv_loop_t *loop, const char *path, size_t max, file_read_done done,
                     void *context);

/* "not a file", "larger than allowed", or the system's word. */
const char *file_read_error(int status);

#endif
