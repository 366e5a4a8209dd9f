/* SPDX-License-Identifier: Apache-2.0 */
/* base64.h: base64 as RFC 4648 has it, with padding, and read strictly: what has two spellings
 * could be compared wrongly, and what is cut off must not pass for something shorter. */
#ifndef REGIONSHIFT_BASE64_H
#define REGIONSHIFT_BASE64_H

#include <stddef.h>

#include "buffer.h"

void base64_write(struct buffer *out, const char *bytes, size_t length);

/* Room enough for what a text of this length holds. */
size_t base64_room(size_t text_length);

/* Decodes into base64_room() bytes. Returns how many there are, or -1: a foreign letter, padding
 * that is missing, misplaced or hides bits. */
ptrdiff_t base64_read(const char *text, size_t length, char *out);

#endif
