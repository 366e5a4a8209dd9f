/* SPDX-License-Identifier: Apache-2.0 */
/* assertion_test.h: reading one test of an expression, "subject relation operand". */
#ifndef REGIONSHIFT_ASSERTION_TEST_H
#define REGIONSHIFT_ASSERTION_TEST_H

#include "assertion_node.h"
#include "assertion_scan.h"

/* Reads a test of one of these subjects. `also` is what else might stand here, for the complaint:
 * "not, ( and ". */
int test_scan(struct scan *scan, uint32_t subjects, const char *also, struct test *ret_test);

/* Reads "200-299,304" as the operand of this subject. */
int test_scan_list(struct scan *scan, enum subject subject, struct operand *ret_operand);

#endif
