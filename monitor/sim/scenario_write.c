/* SPDX-License-Identifier: Apache-2.0 */
/* scenario_write.c: actions and expectations as lines of a scenario file, so that a random run can
 * be printed, kept and played again. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../settings/rules.h"
#include "scenario_phrase.h"

/* What snprintf() says it wrote, or would have. */
static size_t cut(int length, size_t size)
{
    if (length < 0 || size == 0)
        return 0;
    return (size_t)length < size ? (size_t)length : size - 1;
}

size_t action_format(const struct action *action, char *out, size_t size)
{
    char at[DURATION_LENGTH];
    char words[SCENARIO_LINE_MAX + 1];
    struct phrase phrase = {.who = action->who,
                            .from = action->from,
                            .probe_count = action->probe_count,
                            .value = action->value};
    memcpy(phrase.probes, action->probes, sizeof phrase.probes);
    duration_print(action->at_ms, at);
    (void)phrase_write(action_forms[action->kind], &phrase, words, sizeof words);
    return cut(snprintf(out, size, "at %s %s", at, words), size);
}

size_t expectation_format(const struct expectation *expectation, char *out, size_t size)
{
    char from[DURATION_LENGTH] = "end";
    char to[DURATION_LENGTH] = "end";
    char words[SCENARIO_LINE_MAX + 1];
    bool is_window = expectation->kind <= EXPECT_PAGES;
    struct phrase phrase = {.who = expectation->who,
                            .value = expectation->limit,
                            .by_severity = expectation->by_severity,
                            .severity = expectation->severity,
                            .event = expectation->event,
                            .agreed = expectation->agreed,
                            .weight_count = expectation->weight_count};
    memcpy(phrase.rule, expectation->rule, sizeof phrase.rule);
    memcpy(phrase.weights, expectation->weights, sizeof phrase.weights);
    if (expectation->from_ms >= 0)
        duration_print(expectation->from_ms, from);
    if (expectation->to_ms >= 0)
        duration_print(expectation->to_ms, to);
    (void)phrase_write(expect_forms[expectation->kind], &phrase, words, sizeof words);
    return cut(snprintf(out, size, "expect %s%s%s %s", from, is_window ? ".." : "",
                        is_window ? to : "", words),
               size);
}

void scenario_write(const struct scenario *scenario, FILE *out)
{
    char line[SCENARIO_LINE_MAX + 1];
    char end[DURATION_LENGTH];
    fprintf(out, "scenario %s\n", scenario->name);
    if (scenario->about[0] != '\0')
        fprintf(out, "about    %s\n", scenario->about);
    for (uint32_t i = 0; i < scenario->set_count; i++)
        fprintf(out, "set      %s %s\n", scenario->sets[i].path, scenario->sets[i].value);
    for (uint32_t i = 0; i < scenario->action_count; i++) {
        (void)action_format(&scenario->actions[i], line, sizeof line);
        fprintf(out, "%s\n", line);
    }
    for (uint32_t i = 0; i < scenario->expectation_count; i++) {
        (void)expectation_format(&scenario->expectations[i], line, sizeof line);
        fprintf(out, "%s\n", line);
    }
    duration_print(scenario->end_ms, end);
    fprintf(out, "duration %s\n", end);
}
