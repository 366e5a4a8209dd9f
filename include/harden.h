/* SPDX-License-Identifier: Apache-2.0 */
/* harden.h: a program that holds secrets in its memory keeps them there. */
#ifndef REGIONSHIFT_HARDEN_H
#define REGIONSHIFT_HARDEN_H

/* No core dumps, no look into our memory by others of our user. Before the first secret is read.
 * What the kernel refuses is told on stderr, after the program's name, and not fatal. */
void harden_memory(const char *program);

#endif
