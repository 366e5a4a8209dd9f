/* SPDX-License-Identifier: Apache-2.0 */
#include "gate.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void finding_add(struct finding *findings, uint32_t *count, const char *rule, const char *name,
                 bool open, int64_t value, int64_t limit, const char *sentence, ...)
{
    struct finding *finding;
    uint32_t words = 0;
    uint32_t numbers = 0;
    va_list args;

    if (findings == NULL || *count == GATES_MAX)
        return;
    finding = &findings[(*count)++];
    finding->rule = rule;
    finding->name = name;
    finding->open = open;
    finding->value = value;
    finding->limit = limit;
    finding->sentence = sentence;
    va_start(args, sentence);
    for (const char *at = sentence; (at = strchr(at, '%')) != NULL; at++) {
        assert(words < FINDING_WORDS_MAX && numbers < FINDING_NUMBERS_MAX);
        if (at[1] == 's')
            finding->words[words++] = va_arg(args, const char *);
        else
            finding->numbers[numbers++] = va_arg(args, int64_t);
    }
    va_end(args);
}

void finding_say(const struct finding *finding, struct gate *ret_gate)
{
    const char *const *word = finding->words;
    const int64_t *number = finding->numbers;
    const char *at = finding->sentence;
    size_t used = 0;

    *ret_gate = (struct gate){.rule = finding->rule,
                              .name = finding->name,
                              .open = finding->open,
                              .value = finding->value,
                              .limit = finding->limit};
    while (*at != '\0' && used < GATE_TEXT_MAX) {
        size_t plain = strcspn(at, "%");
        char *out = ret_gate->text + used;
        size_t room = sizeof(ret_gate->text) - used;
        int n;

        if (plain > 0)
            n = snprintf(out, room, "%.*s", (int)plain, at);
        else if (at[1] == 's')
            n = snprintf(out, room, "%.*s", FINDING_WORD_MAX, *word++);
        else
            n = snprintf(out, room, "%" PRId64, *number++);
        used += n > 0 ? (size_t)n : 0;
        at += plain > 0 ? plain : 2;
    }
}
