/* SPDX-License-Identifier: Apache-2.0 */
/* xml_write.h: elements and their texts, into a buffer. A text that XML cannot carry, or that we do
 * not want in a request (control characters, what is no UTF-8), fails the buffer. */
#ifndef REGIONSHIFT_XML_WRITE_H
#define REGIONSHIFT_XML_WRITE_H

#include <stdint.h>

#include "buffer.h"

void xml_open(struct buffer *out, const char *name);
void xml_close(struct buffer *out, const char *name);

/* <name>text</name>, the text escaped. */
void xml_add(struct buffer *out, const char *name, const char *text);

/* The same; "" stands for an element that is not there. */
void xml_add_optional(struct buffer *out, const char *name, const char *text);

/* A negative number stands for an element that is not there. */
void xml_add_number(struct buffer *out, const char *name, int64_t number);

#endif
