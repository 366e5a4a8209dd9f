/* SPDX-License-Identifier: Apache-2.0 */
/* store_conformance.h: what every engine of the store must do, written against store.h only. */
#ifndef REGIONSHIFT_TESTS_STORE_CONFORMANCE_H
#define REGIONSHIFT_TESTS_STORE_CONFORMANCE_H

#include <check.h>

#include "store_world.h"

Suite *store_conformance(const struct store_lab *lab);

#endif
