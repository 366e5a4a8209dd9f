/* SPDX-License-Identifier: Apache-2.0 */
/* The idea is told in assertion_pattern.h. Bytes are bytes: no UTF mode, so that no body is
 * refused for what it holds. */
#include "assertion_pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

enum { WHY_SIZE = 128 };

struct pattern {
    pcre2_general_context *memory;
    pcre2_code *code;
};

/* Through our own malloc, so that the tests can let it fail. */
static void *take_memory(PCRE2_SIZE size, void *unused)
{
    (void)unused;
    return malloc(size);
}

static void free_memory(void *memory, void *unused)
{
    (void)unused;
    free(memory);
}

/* ---- compiling ---- */

/* Where a repeat begins that is too large; NULL: nowhere. PCRE2 would go through it in one step.
 * A brace in a class or in \Q...\E is taken for a repeat too: better so than the other way. */
static const char *find_large_repeat(const struct scanned_pattern *written)
{
    const char *end = written->text + written->length;

    for (const char *at = written->text; at < end; at++) {
        unsigned number = 0;

        if (*at == '\\') {
            at++;
            continue;
        }
        if (*at != '{')
            continue;
        for (const char *digit = at + 1; digit < end; digit++) {
            if (*digit == ',')
                number = 0;
            else if (*digit >= '0' && *digit <= '9')
                number = number * 10 + (unsigned)(*digit - '0');
            else
                break;
            if (number > PATTERN_REPEAT_MAX)
                return at;
        }
    }
    return NULL;
}

static uint32_t options_of(const struct scanned_pattern *written)
{
    uint32_t options = PCRE2_AUTO_CALLOUT | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP;

    for (size_t i = 0; i < written->flag_count; i++) {
        switch (written->flags[i]) {
        case 'i':
            options |= PCRE2_CASELESS;
            break;
        case 's':
            options |= PCRE2_DOTALL;
            break;
        case 'm':
            options |= PCRE2_MULTILINE;
            break;
        case 'x':
            options |= PCRE2_EXTENDED;
            break;
        }
    }
    return options;
}

static int complain_of_code(struct scan *scan, const struct scanned_pattern *written, int code,
                            size_t offset)
{
    PCRE2_UCHAR why[WHY_SIZE] = "";

    if (code == PCRE2_ERROR_HEAP_FAILED)
        return scan_no_memory(scan);
    pcre2_get_error_message(code, why, WHY_SIZE);
    return scan_wrong(scan, written->text + offset, "no pattern (%s), allowed is what PCRE2 allows",
                      (const char *)why);
}

static int compile(struct scan *scan, const struct scanned_pattern *written,
                   pcre2_compile_context *context, struct pattern *pattern)
{
    PCRE2_SIZE offset = 0;
    uint32_t references = 0;
    int code = 0;

    pcre2_set_parens_nest_limit(context, PATTERN_NESTED_MAX);
    pattern->code = pcre2_compile((PCRE2_SPTR)written->text, written->length, options_of(written),
                                  &code, &offset, context);
    if (pattern->code == NULL)
        return complain_of_code(scan, written, code, offset);
    pcre2_pattern_info(pattern->code, PCRE2_INFO_BACKREFMAX, &references);
    if (references > 0)
        return scan_wrong(
            scan, written->text,
            "a pattern with a reference to a group, allowed are none (\\1, \\k): they "
            "have no bound");
    return 0;
}

int pattern_scan(struct scan *scan, struct pattern **ret_pattern)
{
    struct scanned_pattern written;
    struct pattern *pattern;
    pcre2_compile_context *context;
    const char *large;
    int status = -1;

    if (scan_pattern(scan, &written) < 0)
        return -1;
    large = find_large_repeat(&written);
    if (large != NULL)
        return scan_wrong(scan, large, "a repeat of more than %d, allowed are %d at most",
                          PATTERN_REPEAT_MAX, PATTERN_REPEAT_MAX);
    pattern = calloc(1, sizeof(*pattern));
    if (pattern == NULL)
        return scan_no_memory(scan);
    pattern->memory = pcre2_general_context_create(take_memory, free_memory, NULL);
    context = pcre2_compile_context_create(pattern->memory);
    if (pattern->memory != NULL && context != NULL)
        status = compile(scan, &written, context, pattern);
    else
        scan_no_memory(scan);
    pcre2_compile_context_free(context);
    if (status < 0)
        pattern_destroy(pattern);
    else
        *ret_pattern = pattern;
    return status;
}

void pattern_destroy(struct pattern *pattern)
{
    if (pattern == NULL)
        return;
    pcre2_code_free(pattern->code);
    pcre2_general_context_free(pattern->memory);
    free(pattern);
}

/* ---- matching ---- */

struct meter {
    size_t at;
    uint32_t left;
};

static int count_step(pcre2_callout_block *block, void *context)
{
    struct meter *meter = context;
    size_t at = block->current_position;
    size_t cost = 1 + (at > meter->at ? at - meter->at : meter->at - at) / PATTERN_STEP_BYTES;

    meter->at = at;
    if (cost > meter->left) {
        meter->left = 0;
        return PCRE2_ERROR_CALLOUT;
    }
    meter->left -= (uint32_t)cost;
    return 0;
}

static enum pattern_outcome outcome_of(int code)
{
    if (code >= 0)
        return PATTERN_MATCHES;
    if (code == PCRE2_ERROR_NOMATCH)
        return PATTERN_DOES_NOT;
    return code == PCRE2_ERROR_NOMEMORY ? PATTERN_NO_MEMORY : PATTERN_TOO_LONG;
}

enum pattern_outcome pattern_match(const struct pattern *pattern, const char *text, size_t length,
                                   uint32_t *steps_left)
{
    struct meter meter = {.left = *steps_left};
    pcre2_match_context *limits = pcre2_match_context_create(pattern->memory);
    pcre2_match_data *data = pcre2_match_data_create(1, pattern->memory);
    int code = PCRE2_ERROR_NOMEMORY;

    if (limits != NULL && data != NULL) {
        pcre2_set_match_limit(limits, PATTERN_MATCH_MAX);
        pcre2_set_depth_limit(limits, PATTERN_DEPTH_MAX);
        pcre2_set_heap_limit(limits, PATTERN_HEAP_MAX_KIB);
        pcre2_set_callout(limits, count_step, &meter);
        code = pcre2_match(pattern->code, (PCRE2_SPTR)(text != NULL ? text : ""), length, 0, 0,
                           data, limits);
        *steps_left = meter.left;
    }
    pcre2_match_data_free(data);
    pcre2_match_context_free(limits);
    return outcome_of(code);
}
