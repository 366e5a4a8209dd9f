/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: the subject says which relations it can have, the two together say what the operand is.
 * Each piece that is read goes into the test at once, so that whoever gave the test clears it,
 * whole or not. */
#include "assertion_test.h"

#include <stdlib.h>
#include <string.h>

#include "assertion_subject.h"

enum { RANGES_MAX = 64, HEADER_NAME_MAX = 128, RANGES_GROW = 4 };

/* ---- numbers ---- */

static int scan_rcode(struct scan *scan, int64_t *ret_number)
{
    for (int64_t rcode = 0; rcode <= RCODE_MAX; rcode++) {
        const char *name = rcode_name(rcode);

        if (name != NULL && scan_word(scan, name)) {
            *ret_number = rcode;
            return 0;
        }
    }
    if (scan_word_length(scan) > 0)
        return scan_unexpected(scan,
                               "names as NOERROR, SERVFAIL, NXDOMAIN, REFUSED, and numbers "
                               "from 0 to %d",
                               RCODE_MAX);
    return scan_number(scan, 0, RCODE_MAX, ret_number);
}

/* As in ssl.h: 0x0301 is TLS 1.0. */
static int scan_version(struct scan *scan, int64_t *ret_number)
{
    static const char *const versions[] = {"1.0", "1.1", "1.2", "1.3"};

    for (unsigned i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        scan_blanks(scan);
        if (strspn(scan->at, "0123456789.") == strlen(versions[i]) &&
            scan_signs(scan, versions[i])) {
            *ret_number = 0x0301 + i;
            return 0;
        }
    }
    return scan_unexpected(scan, "1.0, 1.1, 1.2, 1.3");
}

static int scan_one_number(struct scan *scan, const struct subject_form *form, int64_t *ret_number)
{
    if (form->kind == VALUE_RCODE)
        return scan_rcode(scan, ret_number);
    return scan_number(scan, form->min, form->max, ret_number);
}

static int scan_range(struct scan *scan, const struct subject_form *form, struct range *ret_range)
{
    struct range range;
    const char *begin;

    if (scan_one_number(scan, form, &range.first) < 0)
        return -1;
    range.last = range.first;
    if (scan_signs(scan, "-")) {
        scan_blanks(scan);
        begin = scan->at;
        if (scan_one_number(scan, form, &range.last) < 0)
            return -1;
        if (range.last < range.first)
            return scan_wrong(scan, begin,
                              "a range that ends before it begins, allowed are ranges "
                              "as 200-299");
    }
    *ret_range = range;
    return 0;
}

/* Makes room for one range more; returns where it goes, NULL: out of memory. */
static struct range *next_range(struct operand *operand)
{
    struct range *grown;

    if (operand->range_count % RANGES_GROW == 0) {
        grown = realloc(operand->ranges,
                        (operand->range_count + RANGES_GROW) * sizeof(operand->ranges[0]));
        if (grown == NULL)
            return NULL;
        operand->ranges = grown;
    }
    return &operand->ranges[operand->range_count];
}

int test_scan_list(struct scan *scan, enum subject subject, struct operand *ret_operand)
{
    const struct subject_form *form = subject_form(subject);
    struct range *range;

    do {
        if (ret_operand->range_count == RANGES_MAX)
            return scan_unexpected(scan, "%d ranges in a list", RANGES_MAX);
        range = next_range(ret_operand);
        if (range == NULL)
            return scan_no_memory(scan);
        if (scan_range(scan, form, range) < 0)
            return -1;
        ret_operand->range_count++;
    } while (scan_signs(scan, ","));
    return 0;
}

/* ---- operands ---- */

static int scan_days(struct scan *scan, const struct subject_form *form, int64_t *ret_seconds)
{
    int64_t days;

    if (scan_number(scan, form->min, form->max, &days) < 0)
        return -1;
    *ret_seconds = days * 24 * 3600;
    return 0;
}

/* Found in every body, an empty text would be a test that cannot fail. */
static int scan_sought_text(struct scan *scan, struct operand *operand)
{
    const char *begin;

    scan_blanks(scan);
    begin = scan->at;
    if (scan_text(scan, &operand->text, &operand->text_length) < 0)
        return -1;
    if (operand->text_length == 0)
        return scan_wrong(scan, begin, "an empty text is in every text, allowed are others");
    return 0;
}

static int scan_bare_word(struct scan *scan, struct operand *operand)
{
    size_t length = scan_word_length(scan);

    if (length == 0 || scan_is_text(scan))
        return scan_text(scan, &operand->text, &operand->text_length);
    operand->text = copy_bytes(scan->at, length);
    if (operand->text == NULL)
        return scan_no_memory(scan);
    operand->text_length = length;
    scan->at += length;
    return 0;
}

static int scan_literal(struct scan *scan, enum relation relation, struct operand *operand)
{
    static const struct {
        const char *name;
        json_type type;
    } words[] = {{"true", JSON_TRUE}, {"false", JSON_FALSE}, {"null", JSON_NULL}};
    struct json_literal *literal = &operand->literal;
    bool is_order = relation != RELATION_EQUAL && relation != RELATION_NOT_EQUAL;

    scan_blanks(scan);
    if (is_order || strchr("-0123456789", *scan->at) != NULL)
        return json_number_scan(scan, literal);
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (scan_word(scan, words[i].name)) {
            literal->kind = JSON_LITERAL_WORD;
            literal->word = words[i].type;
            return 0;
        }
    }
    if (!scan_is_text(scan))
        return scan_unexpected(scan, "numbers, texts in quotes, true, false, null");
    literal->kind = JSON_LITERAL_TEXT;
    return scan_text(scan, &operand->text, &operand->text_length);
}

static int scan_compared(struct scan *scan, const struct test *test, struct operand *operand)
{
    const struct subject_form *form = subject_form(test->subject);

    switch (form->kind) {
    case VALUE_NUMBER:
    case VALUE_RCODE:
        return scan_one_number(scan, form, &operand->number);
    case VALUE_DAYS:
        return scan_days(scan, form, &operand->number);
    case VALUE_DURATION:
        return scan_duration(scan, &operand->number);
    case VALUE_VERSION:
        return scan_version(scan, &operand->number);
    case VALUE_TEXT:
        return scan_text(scan, &operand->text, &operand->text_length);
    case VALUE_WORD:
        return scan_bare_word(scan, operand);
    case VALUE_JSON:
        return scan_literal(scan, test->relation, operand);
    }
    return -1;
}

static int scan_operand(struct scan *scan, struct test *test)
{
    switch (test->relation) {
    case RELATION_EQUAL:
    case RELATION_NOT_EQUAL:
    case RELATION_LESS:
    case RELATION_LESS_EQUAL:
    case RELATION_GREATER:
    case RELATION_GREATER_EQUAL:
        return scan_compared(scan, test, &test->operand);
    case RELATION_IN:
        return test_scan_list(scan, test->subject, &test->operand);
    case RELATION_CONTAINS:
        return scan_sought_text(scan, &test->operand);
    case RELATION_MATCHES:
        return pattern_scan(scan, &test->operand.pattern);
    case RELATION_EXISTS:
    case RELATION_COUNT:
        break;
    }
    return 0;
}

/* ---- subject and relation ---- */

static int scan_header_name(struct scan *scan, char **ret_name)
{
    static const char token[] = "!#$%&'*+-.^_`|~0123456789"
                                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const char *begin;
    size_t length;

    scan_blanks(scan);
    begin = scan->at;
    if (!scan_is_text(scan))
        return scan_unexpected(scan, "names of headers in quotes, as \"x-ready\"");
    if (scan_text(scan, ret_name, &length) < 0)
        return -1;
    if (length == 0 || length > HEADER_NAME_MAX || strspn(*ret_name, token) != length)
        return scan_wrong(scan, begin,
                          "no name of a header, allowed are letters, digits and -, at "
                          "most %d",
                          HEADER_NAME_MAX);
    return 0;
}

static int scan_subject(struct scan *scan, uint32_t subjects, const char *also, struct test *test)
{
    char names[NAMES_SIZE];

    subject_names(subjects, names);
    for (unsigned i = 0; i < SUBJECT_COUNT; i++) {
        const char *before = scan->at;

        if (!scan_word(scan, subject_form(i)->name))
            continue;
        if ((subjects & SUBJECT_BIT(i)) == 0) {
            scan->at = before;
            scan_blanks(scan);
            return scan_wrong(scan, scan->at, "this check has no %s, allowed are %s",
                              subject_form(i)->name, names);
        }
        test->subject = (enum subject)i;
        if (i == SUBJECT_JSON)
            return json_path_scan(scan, &test->path);
        return i == SUBJECT_HEADER ? scan_header_name(scan, &test->header) : 0;
    }
    return scan_unexpected(scan, "%s%s", also, names);
}

/* Of < and <= the longer one comes first. */
static bool take_relation(struct scan *scan, enum relation *ret_relation)
{
    static const enum relation order[RELATION_COUNT] = {
        RELATION_LESS_EQUAL, RELATION_GREATER_EQUAL, RELATION_EQUAL, RELATION_NOT_EQUAL,
        RELATION_LESS,       RELATION_GREATER,       RELATION_IN,    RELATION_CONTAINS,
        RELATION_MATCHES,    RELATION_EXISTS};

    for (unsigned i = 0; i < RELATION_COUNT; i++) {
        const char *name = relation_name(order[i]);
        bool is_word = name[0] >= 'a' && name[0] <= 'z';

        if (is_word ? scan_word(scan, name) : scan_signs(scan, name)) {
            *ret_relation = order[i];
            return true;
        }
    }
    return false;
}

static int scan_relation(struct scan *scan, struct test *test)
{
    uint32_t allowed = subject_form(test->subject)->relations;
    char names[NAMES_SIZE];
    const char *before;

    scan_blanks(scan);
    before = scan->at;
    if (take_relation(scan, &test->relation) && (allowed & RELATION_BIT(test->relation)) != 0)
        return 0;
    scan->at = before;
    relation_names(allowed, names);
    return scan_unexpected(scan, "%s", names);
}

/* What was written between here and the place reached, for the messages. */
static int keep_written(struct scan *scan, const char *begin, char **ret_text)
{
    const char *end = scan->at;

    begin += strspn(begin, " \t");
    while (end > begin && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *ret_text = copy_bytes(begin, end > begin ? (size_t)(end - begin) : 0);
    return *ret_text != NULL ? 0 : scan_no_memory(scan);
}

int test_scan(struct scan *scan, uint32_t subjects, const char *also, struct test *ret_test)
{
    struct test test = {.subject = SUBJECT_COUNT};
    const char *begin;

    scan_blanks(scan);
    begin = scan->at;
    if (scan_subject(scan, subjects, also, &test) < 0 ||
        keep_written(scan, begin, &test.name) < 0 || scan_relation(scan, &test) < 0)
        goto fail;
    begin = scan->at;
    if (scan_operand(scan, &test) < 0 || keep_written(scan, begin, &test.wanted) < 0)
        goto fail;
    *ret_test = test;
    return 0;
fail:
    test_clear(&test);
    return -1;
}
