/* SPDX-License-Identifier: Apache-2.0 */
/* buffer.h: a string that grows, up to a limit. A failure (no memory, over the limit) sticks, so a
 * writer adds piece after piece and asks once, at the end. What was held is wiped before it is
 * freed: requests with session tokens pass through here. */
#ifndef REGIONSHIFT_BUFFER_H
#define REGIONSHIFT_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct buffer {
    char *data; /* NUL-terminated, or NULL while empty */
    size_t length;
    size_t capacity;
    size_t limit; /* bytes, without the NUL */
    bool failed;
};

void buffer_init(struct buffer *buffer, size_t limit);
void buffer_add(struct buffer *buffer, const char *bytes, size_t length);
void buffer_add_text(struct buffer *buffer, const char *text);
void buffer_add_char(struct buffer *buffer, char byte);

/* What is held, "" while empty. */
const char *buffer_text(const struct buffer *buffer);

/* Empties it and keeps memory and limit; forgets a failure. */
void buffer_reset(struct buffer *buffer);

/* Hands the text over; the buffer is empty then. 0, or -1 when it had failed. */
int buffer_take(struct buffer *buffer, char **ret_text);

/* Wipes and frees. */
void buffer_clear(struct buffer *buffer);

#endif
