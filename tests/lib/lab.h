/* SPDX-License-Identifier: Apache-2.0 */
/* lab.h: the stand-in for Route 53 of tests/lab, started, driven and ended from C. Build with
 * -DLAB='"PATH OF tests/lab/route53"'. Every call fails the test when it fails. */
#ifndef REGIONSHIFT_TESTS_LIB_LAB_H
#define REGIONSHIFT_TESTS_LIB_LAB_H

#include <jansson.h>

struct lab;

/* Zone example.com=ZLAB1, no rate limit; options: more arguments of the program, ending in NULL.
 * The lab ends with this process at the latest. */
struct lab *lab_start(const char *const *options);
void lab_stop(struct lab *lab);

/* "http://127.0.0.1:41009" */
const char *lab_endpoint(const struct lab *lab);

/* "127.0.0.1:42097": its name server */
const char *lab_dns(const struct lab *lab);

/* One call of /_lab; body: JSON, or NULL. The caller releases the answer. */
json_t *lab_call(const struct lab *lab, const char *method, const char *path, const char *body);

/* What tests ask most. */
void lab_fault(const struct lab *lab, const char *name, const char *parameters);
void lab_heal(const struct lab *lab);
int lab_batch_count(const struct lab *lab, const char *verdict); /* in the log; NULL: all */
int lab_request_count(const struct lab *lab, const char *operation);

#endif
