/* SPDX-License-Identifier: Apache-2.0 */
/* etcd_words.h: what went wrong with etcd, as a sentence for the operator: which member, what it
 * was asked, what it said, what to do. */
#ifndef REGIONSHIFT_STORE_ETCD_WORDS_H
#define REGIONSHIFT_STORE_ETCD_WORDS_H

#include "etcd_json.h"
#include "etcd_transfer.h"

/* Judges an exchange that failed; fault ETCD_FAULT_NONE: it did not. */
void etcd_judge(const struct etcd_transferred *result, struct etcd_error *ret_error);

/* tries: how often members were asked before this was said. */
void etcd_sentence(char *out, size_t size, const char *member, const char *path, unsigned tries,
                   const struct etcd_error *error);

/* "read", "write", ... */
const char *etcd_asked_to(const char *path);

#endif
