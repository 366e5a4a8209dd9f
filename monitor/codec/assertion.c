/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: an expression is a tree that owns what hangs below it (assertion_node.h has the map).
 * Here it is put together and taken apart; the short forms of the settings, `status` and `body`,
 * make the same tree as "status in ... and body contains ..." would. */
#include "assertion.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assertion_node.h"
#include "assertion_test.h"

enum {
    STATUS_TEXT_MAX = 255,
    BODY_TEXT_MAX = 1024,
    SHOWN_MAX = 60 /* of a setting's text in one message */
};

static const char status_default[] = "200-299";

/* ---- nodes ---- */

char *copy_bytes(const char *from, size_t length)
{
    char *copy = malloc(length + 1);

    if (copy == NULL)
        return NULL;
    memcpy(copy, from, length);
    copy[length] = '\0';
    return copy;
}

void test_clear(struct test *test)
{
    json_path_destroy(test->path);
    free(test->header);
    free(test->operand.ranges);
    free(test->operand.text);
    pattern_destroy(test->operand.pattern);
    free(test->name);
    free(test->wanted);
    *test = (struct test){.subject = SUBJECT_COUNT};
}

struct assertion *node_join(enum node_kind kind, struct assertion *left, struct assertion *right)
{
    struct assertion *node = calloc(1, sizeof(*node));

    if (node == NULL) {
        assertion_destroy(left);
        assertion_destroy(right);
        return NULL;
    }
    node->kind = kind;
    node->left = left;
    node->right = right;
    return node;
}

struct assertion *node_of_test(struct test *test)
{
    struct assertion *node = calloc(1, sizeof(*node));

    if (node == NULL) {
        test_clear(test);
        return NULL;
    }
    node->kind = NODE_TEST;
    node->test = *test;
    return node;
}

void assertion_destroy(struct assertion *assertion)
{
    if (assertion == NULL)
        return;
    assertion_destroy(assertion->left);
    assertion_destroy(assertion->right);
    test_clear(&assertion->test);
    free(assertion);
}

struct assertion *assertion_both(struct assertion *left, struct assertion *right)
{
    if (left == NULL || right == NULL)
        return left != NULL ? left : right;
    return node_join(NODE_AND, left, right);
}

uint32_t assertion_subjects(const struct assertion *assertion)
{
    if (assertion == NULL)
        return 0;
    if (assertion->kind != NODE_TEST)
        return assertion_subjects(assertion->left) | assertion_subjects(assertion->right);
    if (assertion->test.subject == SUBJECT_JSON)
        return SUBJECT_BIT(SUBJECT_JSON) | SUBJECT_BIT(SUBJECT_BODY);
    return SUBJECT_BIT(assertion->test.subject);
}

/* ---- the short forms ---- */

/* Ends the making of a test: it becomes a node, or all of it is freed. */
static int make_node(struct test *test, const char *name, struct assertion **ret_node, char *error,
                     size_t error_size)
{
    struct assertion *node = NULL;

    test->name = copy_bytes(name, strlen(name));
    if (test->name != NULL && test->wanted != NULL)
        node = node_of_test(test);
    else
        test_clear(test);
    if (node == NULL) {
        snprintf(error, error_size, "out of memory");
        return -1;
    }
    *ret_node = node;
    return 0;
}

static int create_status(const char *status, struct assertion **ret_node, char *error,
                         size_t error_size)
{
    struct test test = {.subject = SUBJECT_STATUS, .relation = RELATION_IN};
    char unused[SHOWN_MAX], shown[SHOWN_MAX];
    struct scan scan = {
        .start = status, .at = status, .error = unused, .error_size = sizeof(unused)};

    if (strlen(status) > STATUS_TEXT_MAX) {
        snprintf(error, error_size, "a list of statuses of %zu characters; allowed are %d",
                 strlen(status), STATUS_TEXT_MAX);
        return -1;
    }
    if (test_scan_list(&scan, SUBJECT_STATUS, &test.operand) < 0 || !scan_is_end(&scan)) {
        text_escape(shown, sizeof(shown), scan.at, strlen(scan.at));
        snprintf(error, error_size,
                 "no list of statuses from \"%s\" on; allowed are numbers from 100 to 599 and "
                 "ranges of them, as in \"200-299,304\"",
                 shown);
        test_clear(&test);
        return -1;
    }
    test.wanted = copy_bytes(status, strlen(status));
    return make_node(&test, "status", ret_node, error, error_size);
}

static char *in_quotes(const char *text)
{
    size_t length = strlen(text);
    char *quoted = malloc(length + 3);

    if (quoted != NULL)
        snprintf(quoted, length + 3, "\"%s\"", text);
    return quoted;
}

static int create_body(const char *body, struct assertion **ret_node, char *error,
                       size_t error_size)
{
    struct test test = {.subject = SUBJECT_BODY, .relation = RELATION_CONTAINS};

    if (strlen(body) > BODY_TEXT_MAX) {
        snprintf(error, error_size, "a text of %zu bytes to be found in a body; allowed are %d",
                 strlen(body), BODY_TEXT_MAX);
        return -1;
    }
    test.operand.text = copy_bytes(body, strlen(body));
    test.operand.text_length = strlen(body);
    if (test.operand.text != NULL)
        test.wanted = in_quotes(body);
    return make_node(&test, "body", ret_node, error, error_size);
}

int assertion_create(const char *status, const char *body, struct assertion **ret_assertion,
                     char *error, size_t error_size)
{
    struct assertion *of_status, *of_body = NULL, *both;

    if (status == NULL || status[0] == '\0')
        status = status_default;
    if (create_status(status, &of_status, error, error_size) < 0)
        return -1;
    if (body != NULL && body[0] != '\0' && create_body(body, &of_body, error, error_size) < 0) {
        assertion_destroy(of_status);
        return -1;
    }
    both = assertion_both(of_status, of_body);
    if (both == NULL) {
        snprintf(error, error_size, "out of memory");
        return -1;
    }
    *ret_assertion = both;
    return 0;
}
