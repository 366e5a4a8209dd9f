/* SPDX-License-Identifier: Apache-2.0 */
#include "buffer.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 256 };

void buffer_init(struct buffer *buffer, size_t limit)
{
    *buffer = (struct buffer){.limit = limit};
}

static size_t next_capacity(const struct buffer *buffer, size_t needed)
{
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : FIRST_CAPACITY;

    while (capacity < needed)
        capacity *= 2;
    return capacity;
}

/* Not realloc(): that would leave the old bytes behind, unwiped. */
static int grow(struct buffer *buffer, size_t needed)
{
    size_t capacity = next_capacity(buffer, needed);
    char *data = malloc(capacity);

    if (data == NULL)
        return -1;
    if (buffer->data != NULL) {
        memcpy(data, buffer->data, buffer->length);
        OPENSSL_cleanse(buffer->data, buffer->capacity);
        free(buffer->data);
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return 0;
}

void buffer_add(struct buffer *buffer, const char *bytes, size_t length)
{
    if (buffer->failed || length > buffer->limit - buffer->length) {
        buffer->failed = true;
        return;
    }
    if (buffer->length + length + 1 > buffer->capacity &&
        grow(buffer, buffer->length + length + 1) != 0) {
        buffer->failed = true;
        return;
    }
    if (length > 0)
        memcpy(buffer->data + buffer->length, bytes, length);
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
}

void buffer_add_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

void buffer_add_char(struct buffer *buffer, char byte)
{
    buffer_add(buffer, &byte, 1);
}

const char *buffer_text(const struct buffer *buffer)
{
    return buffer->data != NULL ? buffer->data : "";
}

void buffer_reset(struct buffer *buffer)
{
    if (buffer->data != NULL)
        buffer->data[0] = '\0';
    buffer->length = 0;
    buffer->failed = false;
}

int buffer_take(struct buffer *buffer, char **ret_text)
{
    buffer_add(buffer, "", 0); /* an empty text is a text too */
    if (buffer->failed)
        return -1;
    *ret_text = buffer->data;
    buffer_init(buffer, buffer->limit);
    return 0;
}

void buffer_clear(struct buffer *buffer)
{
    if (buffer->data != NULL) {
        OPENSSL_cleanse(buffer->data, buffer->capacity);
        free(buffer->data);
    }
    buffer_init(buffer, buffer->limit);
}
