/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: the output is cut into the text and stretches of values first, by bars and line ends;
 * then each stretch into values, by blanks outside of quotes. */
#include "plugin_output.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "result.h"

struct span {
    const char *at;
    const char *end;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span trimmed(struct span span)
{
    while (span.at < span.end && is_blank(*span.at))
        span.at++;
    while (span.at < span.end && is_blank(span.end[-1]))
        span.end--;
    return span;
}

/* What stands before the first of a byte; the rest begins after it. */
static struct span take_until(struct span *rest, char byte)
{
    const char *found = memchr(rest->at, byte, (size_t)(rest->end - rest->at));
    struct span head = {rest->at, found != NULL ? found : rest->end};

    rest->at = found != NULL ? found + 1 : rest->end;
    return head;
}

/* ---- one value ---- */

/* 'it''s' is it's; without quotes it ends at '='. False: no label, or no '=' behind it. */
static bool take_label(struct span *rest, char out[PLUGIN_LABEL_MAX + 1])
{
    char label[PLUGIN_LABEL_MAX + 1];
    size_t length = 0;
    bool is_quoted = rest->at < rest->end && *rest->at == '\'';

    if (is_quoted)
        rest->at++;
    for (; rest->at < rest->end; rest->at++) {
        if (is_quoted && *rest->at == '\'') {
            if (rest->end - rest->at < 2 || rest->at[1] != '\'')
                break;
            rest->at++;
        } else if (!is_quoted && *rest->at == '=') {
            break;
        }
        if (length < sizeof(label))
            label[length++] = *rest->at;
    }
    if (is_quoted && rest->at < rest->end)
        rest->at++;
    if (length == 0 || rest->at == rest->end || *rest->at != '=')
        return false;
    rest->at++;
    text_escape(out, PLUGIN_LABEL_MAX + 1, label, length);
    return true;
}

/* Copies what is made of these bytes only. False: something else stands there, or too much. */
static bool copy_of(struct span span, const char *allowed, char *out, size_t size)
{
    size_t length = (size_t)(span.end - span.at);

    if (length >= size)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (span.at[i] == '\0' || strchr(allowed, span.at[i]) == NULL)
            return false;
    }
    memcpy(out, span.at, length);
    out[length] = '\0';
    return true;
}

static bool is_number(const char *text)
{
    size_t digits = 0;

    text += *text == '-' || *text == '+';
    for (; (*text >= '0' && *text <= '9') || *text == '.' || *text == ','; text++)
        digits += *text >= '0' && *text <= '9';
    if (digits > 0 && (*text == 'e' || *text == 'E')) {
        text++;
        text += *text == '-' || *text == '+';
        digits = strspn(text, "0123456789");
        text += digits;
    }
    return digits > 0 && *text == '\0';
}

/* "5.2MB": number and unit. */
static bool take_measure(struct span span, struct plugin_value *value)
{
    static const char units[] = "%/ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    struct span unit = span;

    if (span.end - span.at == 1 && *span.at == 'U') {
        memcpy(value->value, "U", 2);
        return true;
    }
    while (unit.at < unit.end && strchr("0123456789.,+-", *unit.at) != NULL && *unit.at != '\0')
        unit.at++;
    /* an exponent, and not the unit "eggs" */
    if (unit.end - unit.at >= 2 && (*unit.at == 'e' || *unit.at == 'E') &&
        strchr("0123456789+-", unit.at[1]) != NULL && unit.at[1] != '\0') {
        unit.at += 2;
        while (unit.at < unit.end && *unit.at >= '0' && *unit.at <= '9')
            unit.at++;
    }
    span.end = unit.at;
    return copy_of(span, "0123456789.,+-eE", value->value, sizeof(value->value)) &&
           is_number(value->value) && copy_of(unit, units, value->unit, sizeof(value->unit));
}

/* A limit that is none is left out: the value is worth telling all the same. */
static void take_limit(struct span *rest, char out[PLUGIN_NUMBER_MAX + 1])
{
    if (!copy_of(take_until(rest, ';'), "0123456789.,+-eE:~@", out, PLUGIN_NUMBER_MAX + 1))
        out[0] = '\0';
}

static bool parse_value(struct span span, struct plugin_value *value)
{
    memset(value, 0, sizeof(*value));
    if (!take_label(&span, value->label) || !take_measure(take_until(&span, ';'), value))
        return false;
    take_limit(&span, value->warn);
    take_limit(&span, value->critical);
    take_limit(&span, value->min);
    take_limit(&span, value->max);
    return true;
}

/* ---- stretches of values ---- */

/* Up to the next blank outside of quotes. */
static struct span take_word(struct span *rest)
{
    struct span word;
    bool is_quoted = false;

    *rest = trimmed(*rest);
    word = *rest;
    for (; rest->at < rest->end && (is_quoted || !is_blank(*rest->at)); rest->at++)
        is_quoted ^= *rest->at == '\'';
    word.end = rest->at;
    return word;
}

static void parse_values(struct span rest, struct plugin_output *output)
{
    struct span word;

    for (word = take_word(&rest); word.at < word.end; word = take_word(&rest)) {
        struct plugin_value value;

        if (output->value_count < PLUGIN_VALUES_MAX && parse_value(word, &value))
            output->values[output->value_count++] = value;
        else
            output->skipped++;
    }
}

void plugin_output_parse(const char *bytes, size_t length, struct plugin_output *ret_output)
{
    struct span rest = {.at = bytes};
    struct span line;
    struct span text;

    memset(ret_output, 0, sizeof(*ret_output));
    if (length == 0)
        return;
    rest.end = bytes + length;
    line = take_until(&rest, '\n');
    text = trimmed(take_until(&line, '|'));
    text_escape(ret_output->text, sizeof(ret_output->text), text.at, (size_t)(text.end - text.at));
    parse_values(line, ret_output);
    (void)take_until(&rest, '|'); /* the longer text; a body for those who ask about it */
    parse_values(rest, ret_output);
}

/* ---- for people ---- */

static int print_value(const struct plugin_value *value, char *out, size_t size)
{
    return snprintf(out, size, "%s %s%s%s%s%s%s", value->label, value->value, value->unit,
                    value->warn[0] != '\0' ? " warn " : "", value->warn,
                    value->critical[0] != '\0' ? " crit " : "", value->critical);
}

void plugin_output_tell(const struct plugin_output *output, char *out, size_t size)
{
    size_t used;

    if (size == 0)
        return;
    snprintf(out, size, "%s", output->text);
    used = strlen(out);
    for (uint32_t i = 0; i < output->value_count; i++) {
        char piece[PLUGIN_LABEL_MAX + 3 * PLUGIN_NUMBER_MAX + PLUGIN_UNIT_MAX + 16];
        int length = print_value(&output->values[i], piece, sizeof(piece));

        if (used + (size_t)length + 4 > size) /* " (" or ", ", the value, ")" */
            break;
        used += (size_t)snprintf(out + used, size - used, "%s%s)", i == 0 ? " (" : ", ", piece);
        used--; /* another one may take the place of the bracket */
    }
}
