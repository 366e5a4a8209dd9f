/* SPDX-License-Identifier: Apache-2.0 */
#include "query_form.h"

#include <stdbool.h>

static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

void query_form_begin(struct buffer *out, const char *action, const char *version)
{
    buffer_add_text(out, "Action=");
    buffer_add_text(out, action);
    query_form_add(out, "Version", version);
}

void query_form_add(struct buffer *out, const char *name, const char *value)
{
    static const char hex[] = "0123456789ABCDEF";

    if (value[0] == '\0')
        return;
    buffer_add_char(out, '&');
    buffer_add_text(out, name);
    buffer_add_char(out, '=');
    for (; *value != '\0'; value++) {
        unsigned char byte = (unsigned char)*value;

        if (is_unreserved(*value)) {
            buffer_add_char(out, *value);
        } else {
            buffer_add_char(out, '%');
            buffer_add_char(out, hex[byte >> 4]);
            buffer_add_char(out, hex[byte & 15]);
        }
    }
}
