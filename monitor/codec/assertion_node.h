/* SPDX-License-Identifier: Apache-2.0 */
/* assertion_node.h: an expression as a tree, and the files that share it.
 *
 *     text --scan--> words --parse--> tree --judge--> holds, fails, unknown --say--> why
 *
 *                or                        assertion_scan.c     characters, columns, complaints
 *              /    \                      assertion_parse.c    and, or, not, parentheses
 *           and      test                  assertion_test.c     subject relation operand
 *          /   \     exit == 0             assertion_subject.c  what each subject allows
 *      test     not                        assertion_judge.c    three values
 *      status    |                         assertion_value.c    one test against one answer
 *      in 200   test                       assertion_json.c     paths into a body
 *               body contains "sorry"      assertion_header.c, assertion_json_look.c  ... its parts
 *                                          assertion_pattern.c  PCRE2 with a limit on its steps
 *                                          assertion_say.c      what was seen and what was wanted
 *
 * A new subject is a row in assertion_subject.c and a member of struct answer. */
#ifndef REGIONSHIFT_ASSERTION_NODE_H
#define REGIONSHIFT_ASSERTION_NODE_H

#include "assertion.h"
#include "assertion_json.h"
#include "assertion_pattern.h"

/* How an operand is compared; also the order in which complaints list them. */
enum relation {
    RELATION_EQUAL,
    RELATION_NOT_EQUAL,
    RELATION_LESS,
    RELATION_LESS_EQUAL,
    RELATION_GREATER,
    RELATION_GREATER_EQUAL,
    RELATION_IN,
    RELATION_CONTAINS,
    RELATION_MATCHES,
    RELATION_EXISTS,
    RELATION_COUNT
};

#define RELATION_BIT(relation) (UINT32_C(1) << (relation))

struct range {
    int64_t first;
    int64_t last;
};

/* What is compared with; which members count follows from subject and relation. */
struct operand {
    int64_t number; /* in the subject's own unit: us, s, a version's number, ... */
    struct range *ranges;
    uint32_t range_count;
    char *text; /* may hold NUL bytes */
    size_t text_length;
    struct pattern *pattern;
    struct json_literal literal;
};

/* "SUBJECT RELATION OPERAND"; all but the enums is owned. */
struct test {
    enum subject subject;
    enum relation relation;
    struct json_path *path; /* of json */
    char *header;           /* of header: its name */
    struct operand operand;
    char *name;   /* as it was written: json .queue.depth */
    char *wanted; /* the operand as it was written: 100 */
};

enum node_kind { NODE_TEST, NODE_AND, NODE_OR, NODE_NOT };

struct assertion {
    enum node_kind kind;
    struct assertion *left; /* of `not` the only one */
    struct assertion *right;
    struct test test;
};

/* Takes what it joins, whatever happens; NULL: out of memory. */
struct assertion *node_join(enum node_kind kind, struct assertion *left, struct assertion *right);

/* Takes the test, whatever happens. */
struct assertion *node_of_test(struct test *test);

/* Frees what a test owns. */
void test_clear(struct test *test);

/* A copy that ends with NUL; NULL: out of memory. */
char *copy_bytes(const char *from, size_t length);

#endif
