/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: one function for each level of binding, the loosest first.
 *
 *     expression = conjunction { "or" conjunction }
 *     conjunction = factor { "and" factor }
 *     factor = "not" factor | "(" expression ")" | test
 *
 * `and` and `or` make no depth, because they are read in a loop; the tree they make leans to the
 * left and is at most as deep as it has nodes. */
#include <assert.h>
#include <string.h>

#include "assertion_node.h"
#include "assertion_scan.h"
#include "assertion_test.h"

struct parser {
    struct scan scan;
    uint32_t subjects;
    unsigned depth; /* of "(" and "not" that are open */
    unsigned nodes;
};

static int parse_expression(struct parser *parser, struct assertion **ret_node);

static int count_node(struct parser *parser)
{
    if (parser->nodes == ASSERTION_NODES_MAX) {
        scan_blanks(&parser->scan);
        return scan_wrong(&parser->scan, parser->scan.at,
                          "the expression is too large, allowed are %d tests, and, or, not",
                          ASSERTION_NODES_MAX);
    }
    parser->nodes++;
    return 0;
}

/* Takes both sides, whatever happens. */
static int join(struct parser *parser, enum node_kind kind, struct assertion *left,
                struct assertion *right, struct assertion **ret_node)
{
    struct assertion *node = node_join(kind, left, right);

    if (node == NULL)
        return scan_no_memory(&parser->scan);
    *ret_node = node;
    return 0;
}

static int parse_test(struct parser *parser, struct assertion **ret_node)
{
    struct assertion *node;
    struct test test;

    if (count_node(parser) < 0 || test_scan(&parser->scan, parser->subjects, "not, (, ", &test) < 0)
        return -1;
    node = node_of_test(&test);
    if (node == NULL)
        return scan_no_memory(&parser->scan);
    *ret_node = node;
    return 0;
}

static int parse_factor(struct parser *parser, struct assertion **ret_node);

static int parse_not(struct parser *parser, struct assertion **ret_node)
{
    struct assertion *node;

    if (count_node(parser) < 0 || parse_factor(parser, &node) < 0)
        return -1;
    return join(parser, NODE_NOT, node, NULL, ret_node);
}

static int parse_group(struct parser *parser, struct assertion **ret_node)
{
    struct assertion *node;

    if (parse_expression(parser, &node) < 0)
        return -1;
    if (!scan_signs(&parser->scan, ")")) {
        assertion_destroy(node);
        return scan_unexpected(&parser->scan, "and, or, )");
    }
    *ret_node = node;
    return 0;
}

static int parse_factor(struct parser *parser, struct assertion **ret_node)
{
    struct scan *scan = &parser->scan;
    int (*parse)(struct parser *, struct assertion **) = NULL;
    const char *begin;
    int status;

    scan_blanks(scan);
    begin = scan->at;
    if (scan_word(scan, "not"))
        parse = parse_not;
    else if (scan_signs(scan, "("))
        parse = parse_group;
    else
        return parse_test(parser, ret_node);
    if (parser->depth == ASSERTION_DEPTH_MAX)
        return scan_wrong(scan, begin, "too deep, allowed are %d of ( and not in each other",
                          ASSERTION_DEPTH_MAX);
    parser->depth++;
    status = parse(parser, ret_node);
    parser->depth--;
    return status;
}

/* One level of binding: what `below` reads, joined by this word. */
static int parse_chain(struct parser *parser, const char *word, enum node_kind kind,
                       int (*below)(struct parser *, struct assertion **),
                       struct assertion **ret_node)
{
    struct assertion *left, *right;

    if (below(parser, &left) < 0)
        return -1;
    while (scan_word(&parser->scan, word)) {
        if (count_node(parser) < 0 || below(parser, &right) < 0) {
            assertion_destroy(left);
            return -1;
        }
        if (join(parser, kind, left, right, &left) < 0)
            return -1;
    }
    *ret_node = left;
    return 0;
}

static int parse_conjunction(struct parser *parser, struct assertion **ret_node)
{
    return parse_chain(parser, "and", NODE_AND, parse_factor, ret_node);
}

static int parse_expression(struct parser *parser, struct assertion **ret_node)
{
    return parse_chain(parser, "or", NODE_OR, parse_conjunction, ret_node);
}

int assertion_parse(const char *text, uint32_t subjects, struct assertion **ret_assertion,
                    char *error, size_t error_size)
{
    struct parser parser = {
        .scan = {.start = text, .at = text, .error = error, .error_size = error_size},
        .subjects = subjects};
    struct assertion *tree;

    assert(text != NULL && subjects != 0 && (subjects >> SUBJECT_COUNT) == 0);
    if (strlen(text) > ASSERTION_TEXT_MAX)
        return scan_wrong(&parser.scan, text + ASSERTION_TEXT_MAX,
                          "the expression goes on, allowed are %d bytes", ASSERTION_TEXT_MAX);
    if (parse_expression(&parser, &tree) < 0)
        return -1;
    if (!scan_is_end(&parser.scan)) {
        assertion_destroy(tree);
        return scan_unexpected(&parser.scan, "and, or, the end");
    }
    *ret_assertion = tree;
    return 0;
}
