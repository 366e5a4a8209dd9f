/* SPDX-License-Identifier: Apache-2.0 */
/* store_etcd_lab.h: the etcd store at one real member, which all tests of a program share; each
 * test has a prefix of its own. */
#ifndef REGIONSHIFT_TESTS_STORE_ETCD_LAB_H
#define REGIONSHIFT_TESTS_STORE_ETCD_LAB_H

#include "etcd_cluster.h"
#include "store_world.h"

extern const struct store_lab etcd_lab;

/* Before the first test and after the last: starts the member, ends it. */
void etcd_lab_begin(void);
void etcd_lab_end(void);

#endif
