/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: an assertion is an expression tree whose nodes know two things, how to judge an answer
 * and how to say why it failed. A new operator is one row `struct
 * operation` and, when its operand is more than a text, one member of the union.
 *
 *              and
 *             /   \
 *    status in     body contains
 *    200-299       "ok"
 */
#include "assertion.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    STATUS_FIRST = 100,
    STATUS_LAST = 599,
    STATUS_WORDS = (STATUS_LAST - STATUS_FIRST) / 64 + 1,
    STATUS_TEXT_MAX = 255,
    BODY_TEXT_MAX = 1024,
    SHOWN_MAX = 60 /* characters of an answer's or a setting's text in one message */
};

static bool holds(const struct assertion *assertion, const struct answer *answer,
                  enum failure *ret_failure, char *detail, size_t detail_size);

static const char status_default[] = "200-299";

struct operation {
    bool needs_body;
    bool (*holds)(const struct assertion *, const struct answer *, enum failure *, char *, size_t);
};

/* A node. Leaves keep their operand as it was written, for the messages. */
struct assertion {
    const struct operation *operation;
    union {
        struct {
            struct assertion *left;
            struct assertion *right;
        } both;
        uint64_t statuses[STATUS_WORDS]; /* a bit for each status that is good */
    } of;
    size_t text_length;
    char text[];
};

/* ---- status in LIST ---- */

static bool status_is_in(const struct assertion *node, int status)
{
    unsigned bit = (unsigned)status - STATUS_FIRST;

    return status >= STATUS_FIRST && status <= STATUS_LAST &&
           (node->of.statuses[bit / 64] >> (bit % 64) & 1) != 0;
}

static bool status_holds(const struct assertion *node, const struct answer *answer,
                         enum failure *ret_failure, char *detail, size_t detail_size)
{
    char wanted[SHOWN_MAX];

    if (status_is_in(node, answer->status))
        return true;
    text_escape(wanted, sizeof(wanted), node->text, node->text_length);
    snprintf(detail, detail_size, "status %d, wanted %s", answer->status, wanted);
    *ret_failure = FAILURE_STATUS;
    return false;
}

static const struct operation status_in = {false, status_holds};

/* ---- body contains TEXT ---- */

/* memmem() is not C11. The body is bounded by its reader, so the plain search is bounded too. */
static bool contains(const char *text, size_t length, const char *wanted, size_t wanted_length)
{
    const char *end = text + length;

    while ((size_t)(end - text) >= wanted_length) {
        text = memchr(text, wanted[0], (size_t)(end - text) - wanted_length + 1);
        if (text == NULL)
            return false;
        if (memcmp(text, wanted, wanted_length) == 0)
            return true;
        text++;
    }
    return false;
}

/* What was seen is the beginning of the body and no more: a page is no place for bodies. */
static bool body_holds(const struct assertion *node, const struct answer *answer,
                       enum failure *ret_failure, char *detail, size_t detail_size)
{
    char wanted[SHOWN_MAX];
    char seen[SHOWN_MAX];

    if (contains(answer->body, answer->body_length, node->text, node->text_length))
        return true;
    text_escape(wanted, sizeof(wanted), node->text, node->text_length);
    text_escape(seen, sizeof(seen), answer->body, answer->body_length);
    snprintf(detail, detail_size, "body \"%s\" (%zu bytes read), wanted \"%s\" in it", seen,
             answer->body_length, wanted);
    *ret_failure = FAILURE_BODY;
    return false;
}

static const struct operation body_contains = {true, body_holds};

/* ---- A and B ---- */

/* Left first: of two failures the one further left is told, and status stands left of body. */
static bool and_holds(const struct assertion *node, const struct answer *answer,
                      enum failure *ret_failure, char *detail, size_t detail_size)
{
    return holds(node->of.both.left, answer, ret_failure, detail, detail_size) &&
           holds(node->of.both.right, answer, ret_failure, detail, detail_size);
}

static const struct operation and_both = {false, and_holds};

/* ---- building ---- */

static struct assertion *node_create(const struct operation *operation, const char *text)
{
    size_t length = strlen(text);
    struct assertion *node = calloc(1, sizeof(*node) + length + 1);

    if (node == NULL)
        return NULL;
    node->operation = operation;
    node->text_length = length;
    memcpy(node->text, text, length + 1);
    return node;
}

/* Reads one status, three digits. Returns where it ends, or NULL. */
static const char *parse_status(const char *text, unsigned *ret_status)
{
    unsigned status = 0;

    for (int i = 0; i < 3; i++, text++) {
        if (*text < '0' || *text > '9')
            return NULL;
        status = status * 10 + (unsigned)(*text - '0');
    }
    if (status < STATUS_FIRST || status > STATUS_LAST)
        return NULL;
    *ret_status = status;
    return text;
}

static const char *skip_spaces(const char *text)
{
    return text + strspn(text, " ");
}

/* Reads "A" or "A-B" and the comma after it, if any, into the set. Returns what follows, or NULL.
 */
static const char *parse_range(const char *text, struct assertion *node)
{
    unsigned first, last;

    text = parse_status(skip_spaces(text), &first);
    if (text == NULL)
        return NULL;
    last = first;
    text = skip_spaces(text);
    if (*text == '-') {
        text = parse_status(skip_spaces(text + 1), &last);
        if (text == NULL || last < first)
            return NULL;
        text = skip_spaces(text);
    }
    for (unsigned bit = first - STATUS_FIRST; bit <= last - STATUS_FIRST; bit++)
        node->of.statuses[bit / 64] |= UINT64_C(1) << (bit % 64);
    if (*text == '\0')
        return text;
    if (*text != ',' || *skip_spaces(text + 1) == '\0')
        return NULL;
    return text + 1;
}

static int parse_status_list(struct assertion *node, char *error, size_t error_size)
{
    char shown[SHOWN_MAX];

    for (const char *at = node->text; *at != '\0';) {
        const char *next = parse_range(at, node);

        if (next == NULL) {
            text_escape(shown, sizeof(shown), at, strlen(at));
            snprintf(error, error_size,
                     "no list of statuses from \"%s\" on; allowed are numbers from %d to %d and "
                     "ranges of them, as in \"200-299,304\"",
                     shown, STATUS_FIRST, STATUS_LAST);
            return -1;
        }
        at = next;
    }
    return 0;
}

static int create_status(const char *status, struct assertion **ret_node, char *error,
                         size_t error_size)
{
    struct assertion *node;

    if (status == NULL || status[0] == '\0')
        status = status_default;
    if (strlen(status) > STATUS_TEXT_MAX) {
        snprintf(error, error_size, "a list of statuses of %zu characters; allowed are %d",
                 strlen(status), STATUS_TEXT_MAX);
        return -1;
    }
    node = node_create(&status_in, status);
    if (node == NULL) {
        snprintf(error, error_size, "out of memory");
        return -1;
    }
    if (parse_status_list(node, error, error_size) < 0) {
        assertion_destroy(node);
        return -1;
    }
    *ret_node = node;
    return 0;
}

/* Takes the node `left` whatever happens. */
static int create_and_body(struct assertion *left, const char *body, struct assertion **ret_node,
                           char *error, size_t error_size)
{
    struct assertion *right = NULL;
    struct assertion *both = NULL;

    if (strlen(body) > BODY_TEXT_MAX) {
        snprintf(error, error_size, "a text of %zu bytes to be found in a body; allowed are %d",
                 strlen(body), BODY_TEXT_MAX);
        goto fail;
    }
    right = node_create(&body_contains, body);
    both = node_create(&and_both, "");
    if (right == NULL || both == NULL) {
        snprintf(error, error_size, "out of memory");
        goto fail;
    }
    both->of.both.left = left;
    both->of.both.right = right;
    *ret_node = both;
    return 0;
fail:
    free(both);
    assertion_destroy(right);
    assertion_destroy(left);
    return -1;
}

int assertion_create(const char *status, const char *body, struct assertion **ret_assertion,
                     char *error, size_t error_size)
{
    struct assertion *tree;

    if (create_status(status, &tree, error, error_size) < 0)
        return -1;
    if (body != NULL && body[0] != '\0' &&
        create_and_body(tree, body, &tree, error, error_size) < 0)
        return -1;
    *ret_assertion = tree;
    return 0;
}

void assertion_destroy(struct assertion *assertion)
{
    if (assertion == NULL)
        return;
    if (assertion->operation == &and_both) {
        assertion_destroy(assertion->of.both.left);
        assertion_destroy(assertion->of.both.right);
    }
    free(assertion);
}

static bool holds(const struct assertion *assertion, const struct answer *answer,
                  enum failure *ret_failure, char *detail, size_t detail_size)
{
    assert(assertion != NULL && answer != NULL);
    assert(answer->body != NULL || answer->body_length == 0);
    return assertion->operation->holds(assertion, answer, ret_failure, detail, detail_size);
}

enum assertion_outcome assertion_judge(const struct assertion *assertion,
                                       const struct answer *answer, enum failure *ret_failure,
                                       char *detail, size_t detail_size)
{
    return holds(assertion, answer, ret_failure, detail, detail_size) ? ASSERTION_HOLDS
                                                                      : ASSERTION_FAILS;
}

struct assertion *assertion_both(struct assertion *left, struct assertion *right)
{
    struct assertion *both;

    if (left == NULL || right == NULL)
        return left != NULL ? left : right;
    both = node_create(&and_both, "");
    if (both == NULL) {
        assertion_destroy(left);
        assertion_destroy(right);
        return NULL;
    }
    both->of.both.left = left;
    both->of.both.right = right;
    return both;
}

uint32_t assertion_subjects(const struct assertion *assertion)
{
    if (assertion == NULL)
        return 0;
    if (assertion->operation == &and_both)
        return assertion_subjects(assertion->of.both.left) |
               assertion_subjects(assertion->of.both.right);
    return SUBJECT_BIT(assertion->operation->needs_body ? SUBJECT_BODY : SUBJECT_STATUS);
}

int assertion_parse(const char *text, uint32_t subjects, struct assertion **ret_assertion,
                    char *error, size_t error_size)
{
    (void)text;
    (void)subjects;
    (void)ret_assertion;
    snprintf(error, error_size, "column 1: expressions cannot be read yet");
    return -1;
}
