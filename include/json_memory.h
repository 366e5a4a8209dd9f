/* SPDX-License-Identifier: Apache-2.0 */
/* json_memory.h: where JSON's memory comes from. jansson 2.14 leaves a letter out when a text that
 * it reads or writes cannot grow, and goes on when the next allocation succeeds: a decision could
 * be stored, or read, changed. So a process that has no memory for JSON ends, with a sentence.
 * And what is given back is wiped: credentials come as JSON. */
#ifndef REGIONSHIFT_JSON_MEMORY_H
#define REGIONSHIFT_JSON_MEMORY_H

/* From now on an allocation of jansson succeeds, or the process ends with status 1. Called in
 * main(), before there is any JSON. */
void json_memory_guard(void);

#endif
