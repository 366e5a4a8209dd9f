/* SPDX-License-Identifier: Apache-2.0 */
/* durable.h: a small file that survives a power cut: written beside itself, synced, renamed, and
 * the folder synced. Readers see the old text or the new one, never a mixture. */
#ifndef REGIONSHIFT_DURABLE_H
#define REGIONSHIFT_DURABLE_H

#include <stddef.h>

enum { DURABLE_MAX = 1024 * 1024 /* bytes of one file */ };

/* Replaces the file. Blocks until the disk has it: for words that must be on disk before a request
 * is sent, a few times in a day. Returns 0 or -errno. */
int durable_write(const char *path, const char *text, size_t length);

/* Reads the whole file into memory the caller frees, with a NUL behind. Returns 0 or -errno
 * (-ENOENT: there is none; -EFBIG: larger than DURABLE_MAX). */
int durable_read(const char *path, char **ret_text, size_t *ret_length);

/* Creates a folder (0700) and those above it. Returns 0 or -errno. */
int durable_folder(const char *path);

#endif
