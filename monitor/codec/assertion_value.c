/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: whatever a subject is, looking at it ends in a finding: does the relation hold, and
 * what was seen. A value that is missing has no relation to anything; `not` and `!=` are another
 * matter: `not json .a == 1` holds where there is no .a, `json .a != 1` does not. */
#include "assertion_value.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "assertion_look.h"
#include "assertion_subject.h"

enum assertion_outcome look_outcome(bool holds)
{
    return holds ? ASSERTION_HOLDS : ASSERTION_FAILS;
}

__attribute__((format(printf, 2, 3))) static void see(struct finding *finding, const char *format,
                                                      ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(finding->buffer, sizeof(finding->buffer), format, arguments);
    va_end(arguments);
    finding->seen = finding->buffer;
    finding->seen_length = strlen(finding->buffer);
}

bool look_order_holds(enum relation relation, int order)
{
    switch (relation) {
    case RELATION_EQUAL:
        return order == 0;
    case RELATION_NOT_EQUAL:
        return order != 0;
    case RELATION_LESS:
        return order < 0;
    case RELATION_LESS_EQUAL:
        return order <= 0;
    case RELATION_GREATER:
        return order > 0;
    case RELATION_GREATER_EQUAL:
        return order >= 0;
    case RELATION_IN:
    case RELATION_CONTAINS:
    case RELATION_MATCHES:
    case RELATION_EXISTS:
    case RELATION_COUNT:
        break;
    }
    return false;
}

/* ---- numbers ---- */

static int64_t number_of(const struct answer *answer, enum subject subject)
{
    switch (subject) {
    case SUBJECT_STATUS:
        return answer->status;
    case SUBJECT_LATENCY:
        return answer->latency_us;
    case SUBJECT_CERT_DAYS:
        return answer->cert_left_s;
    case SUBJECT_TLS:
        return answer->tls_version;
    case SUBJECT_RCODE:
        return answer->rcode;
    case SUBJECT_ANSWERS:
        return answer->answers;
    case SUBJECT_EXIT:
        return answer->exit;
    case SUBJECT_HEALTHY:
        return answer->healthy;
    case SUBJECT_UNHEALTHY:
        return answer->unhealthy;
    case SUBJECT_PERCENT:
        return answer->percent;
    case SUBJECT_BODY:
    case SUBJECT_JSON:
    case SUBJECT_HEADER:
    case SUBJECT_STATE:
    case SUBJECT_COUNT:
        break;
    }
    return 0;
}

/* Cut, not rounded: 13.99 days must not read as the 14 that were wanted. */
static void see_days(struct finding *finding, int64_t seconds)
{
    int64_t tenths = seconds / 8640 - (seconds % 8640 < 0);
    int64_t size = tenths < 0 ? -tenths : tenths;

    see(finding, "%s%lld.%lld", tenths < 0 ? "-" : "", (long long)(size / 10),
        (long long)(size % 10));
}

static void see_duration(struct finding *finding, int64_t us)
{
    see(finding, "%lld.%03lld", (long long)(us / 1000), (long long)(us % 1000));
    while (finding->buffer[finding->seen_length - 1] == '0')
        finding->seen_length--;
    if (finding->buffer[finding->seen_length - 1] == '.')
        finding->seen_length--;
    memcpy(finding->buffer + finding->seen_length, "ms", 3);
    finding->seen_length += 2;
}

static void see_number(struct finding *finding, enum value_kind kind, int64_t number)
{
    if (kind == VALUE_DAYS)
        see_days(finding, number);
    else if (kind == VALUE_DURATION)
        see_duration(finding, number > 0 ? number : 0);
    else if (kind == VALUE_RCODE && rcode_name(number) != NULL)
        see(finding, "%s", rcode_name(number));
    else if (kind == VALUE_VERSION && number >= 0x0301 && number <= 0x0304)
        see(finding, "1.%d", (int)(number - 0x0301));
    else
        see(finding, "%lld", (long long)number);
}

static bool is_in(const struct operand *operand, int64_t number)
{
    for (uint32_t i = 0; i < operand->range_count; i++) {
        if (number >= operand->ranges[i].first && number <= operand->ranges[i].last)
            return true;
    }
    return false;
}

static void look_at_number(const struct judging *judging, const struct test *test,
                           struct finding *finding)
{
    const struct operand *operand = &test->operand;
    int64_t number = number_of(judging->answer, test->subject);
    int order = (number > operand->number) - (number < operand->number);

    see_number(finding, subject_form(test->subject)->kind, number);
    finding->outcome =
        look_outcome(test->relation == RELATION_IN ? is_in(operand, number)
                                                   : look_order_holds(test->relation, order));
}

/* ---- texts ---- */

/* memmem() is not C11. All texts of an expression have 4096 bytes together: that is the bound. */
static bool contains(const char *text, size_t length, const char *wanted, size_t wanted_length)
{
    const char *end = text + length;

    while (length >= wanted_length && (size_t)(end - text) >= wanted_length) {
        text = memchr(text, wanted[0], (size_t)(end - text) - wanted_length + 1);
        if (text == NULL)
            return false;
        if (memcmp(text, wanted, wanted_length) == 0)
            return true;
        text++;
    }
    return false;
}

static enum assertion_outcome match(struct judging *judging, const struct test *test,
                                    const char *text, size_t length, struct saying *saying)
{
    switch (pattern_match(test->operand.pattern, text, length, &judging->steps_left)) {
    case PATTERN_MATCHES:
        return ASSERTION_HOLDS;
    case PATTERN_DOES_NOT:
        return ASSERTION_FAILS;
    case PATTERN_TOO_LONG:
        say_foreign(saying, test->name, strlen(test->name));
        say(saying, " cannot be judged: ");
        say_foreign(saying, test->wanted, strlen(test->wanted));
        say(saying, " went past its limits (%d steps)", PATTERN_STEPS_MAX);
        break;
    case PATTERN_NO_MEMORY:
        say(saying, "no memory for a pattern");
        break;
    }
    return ASSERTION_UNKNOWN;
}

enum assertion_outcome look_text_holds(struct judging *judging, const struct test *test,
                                       const char *text, size_t length, struct saying *saying)
{
    const struct operand *operand = &test->operand;
    bool is_equal;

    if (test->relation == RELATION_MATCHES)
        return match(judging, test, text, length, saying);
    if (test->relation == RELATION_CONTAINS)
        return look_outcome(contains(text, length, operand->text, operand->text_length));
    is_equal =
        length == operand->text_length && (length == 0 || memcmp(text, operand->text, length) == 0);
    return look_outcome(is_equal == (test->relation == RELATION_EQUAL));
}

void look_see_text(struct finding *finding, const char *text, size_t length)
{
    finding->is_quoted = true;
    finding->seen = text;
    finding->seen_length = length;
}

/* A body that was cut is longer than what we have: it equals nothing. */
static void look_at_body(struct judging *judging, const struct test *test, struct finding *finding,
                         struct saying *saying)
{
    const struct answer *answer = judging->answer;

    look_see_text(finding, answer->body, answer->body_length);
    if (answer->body_cut && test->relation == RELATION_EQUAL)
        finding->outcome = ASSERTION_FAILS;
    else if (answer->body_cut && test->relation == RELATION_NOT_EQUAL)
        finding->outcome = ASSERTION_HOLDS;
    else
        finding->outcome =
            look_text_holds(judging, test, answer->body, answer->body_length, saying);
}

static void look_at_state(struct judging *judging, const struct test *test, struct finding *finding,
                          struct saying *saying)
{
    const char *state = judging->answer->state;

    look_see_text(finding, state, strlen(state));
    finding->outcome = look_text_holds(judging, test, state, strlen(state), saying);
}

/* ---- all of them ---- */

static bool was_seen(const struct answer *answer, enum subject subject)
{
    enum subject source = subject == SUBJECT_JSON ? SUBJECT_BODY : subject;

    return (answer->has & SUBJECT_BIT(source)) != 0;
}

void test_look(struct judging *judging, const struct test *test, struct finding *finding,
               struct saying *saying)
{
    *finding = (struct finding){.outcome = ASSERTION_UNKNOWN};
    if (!was_seen(judging->answer, test->subject)) {
        say(saying, "this answer has no %s to judge", subject_form(test->subject)->name);
        return;
    }
    switch (test->subject) {
    case SUBJECT_BODY:
        look_at_body(judging, test, finding, saying);
        return;
    case SUBJECT_JSON:
        look_at_json(judging, test, finding, saying);
        return;
    case SUBJECT_HEADER:
        look_at_header(judging, test, finding, saying);
        return;
    case SUBJECT_STATE:
        look_at_state(judging, test, finding, saying);
        return;
    case SUBJECT_STATUS:
    case SUBJECT_LATENCY:
    case SUBJECT_CERT_DAYS:
    case SUBJECT_TLS:
    case SUBJECT_RCODE:
    case SUBJECT_ANSWERS:
    case SUBJECT_EXIT:
    case SUBJECT_HEALTHY:
    case SUBJECT_UNHEALTHY:
    case SUBJECT_PERCENT:
    case SUBJECT_COUNT:
        break;
    }
    look_at_number(judging, test, finding);
}
