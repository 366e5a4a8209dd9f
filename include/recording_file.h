/* SPDX-License-Identifier: Apache-2.0 */
/* recording_file.h: recordings out of a history database, of a running daemon too, or out of the
 * text that `regionshift replay --export` prints. Only reads. */
#ifndef REGIONSHIFT_RECORDING_FILE_H
#define REGIONSHIFT_RECORDING_FILE_H

#include "recording.h"

struct recording_file;

/* What is known of a recording before it is read. Of a text: no number, no bytes, and events and
 * end only when its last line has been read. */
struct recording_row {
    int64_t number;
    char probe[NAME_MAX_LENGTH + 1];
    wall_t began_wall;
    wall_t until_wall;
    uint64_t events;
    uint64_t bytes;
    enum recording_end end;
    uint64_t missing; /* events that are known to be missing behind it */
};

/* Returns 0, or -1 with a sentence in error; with 0 a sentence in error is a warning. */
int recording_file_open(const char *path, struct recording_file **ret_file, char *error,
                        size_t error_size);
/* Accepts NULL. */
void recording_file_close(struct recording_file *file);

bool recording_file_is_text(const struct recording_file *file);

/* Calls `row` for each recording of a database, the oldest first. 0, or -1 with a sentence. */
int recording_file_list(struct recording_file *file,
                        void (*row)(void *context, const struct recording_row *row), void *context,
                        char *error, size_t error_size);

/* Chooses a recording, 0: the newest, and gives its first line, which lives until the file is
 * closed. 0, or -1 with a sentence. */
int recording_file_choose(struct recording_file *file, int64_t number,
                          struct recording_row *ret_row, const char **ret_head, size_t *ret_length,
                          char *error, size_t error_size);

/* The next line of it, an event, until the next call. 1; 0: there are no more, and ret_row says how
 * it ended; -1 with a sentence. */
int recording_file_line(struct recording_file *file, const char **ret_line, size_t *ret_length,
                        struct recording_row *ret_row, char *error, size_t error_size);

#endif
