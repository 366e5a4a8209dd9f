/* SPDX-License-Identifier: Apache-2.0 */
/* dns_text.h: the data of DNS records in the words of `dig +short`, so that what an operator sees
 * in a terminal is what an assertion looks at. */
#ifndef REGIONSHIFT_DNS_TEXT_H
#define REGIONSHIFT_DNS_TEXT_H

#include "dns_message.h"

struct dns_text {
    char *out;
    size_t size;
    size_t used;
    bool cut; /* something did not fit */
};

/* The number of a type by its name; 0: none that has words here. */
uint16_t dns_type_of(const char *name);

/* Adds a record as a line, all of it or nothing. False: its data is not what its type has. */
bool dns_text_add(struct dns_text *text, const struct dns_cursor *cursor,
                  const struct dns_record *record);

#endif
