/* SPDX-License-Identifier: Apache-2.0 */
/* Says in words what the gates say in numbers (D10). */
#include "explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct gate *explain_closed(const struct group_view *view)
{
    if (view->refused_rule == NULL)
        return NULL;
    for (uint32_t i = 0; i < view->gate_count; i++) {
        const struct gate *gate = &view->gates[i];

        if (!gate->open && strcmp(gate->rule, view->refused_rule) == 0 &&
            strcmp(gate->name, view->refused_reason) == 0)
            return gate;
    }
    /* refused before the gates, for want of a region (D2): what keeps one from gaining says why */
    for (uint32_t i = 0; i < view->gate_count; i++) {
        if (!view->gates[i].open && strcmp(view->gates[i].rule, view->refused_rule) == 0)
            return &view->gates[i];
    }
    return NULL;
}

static void change_sentence(const struct group_view *view, char *out, size_t size)
{
    if (view->glass)
        snprintf(out, size,
                 "break-glass: epoch %" PRIu64
                 " is decided by this probe alone, the zone's fence is at %" PRIu64
                 "; the store hears of it when it answers",
                 view->head.epoch, view->fence_min);
    else if (view->fence_min >= view->head.epoch)
        snprintf(out, size, "nothing to do: the zone says what epoch %" PRIu64 " decided",
                 view->head.epoch);
    else
        snprintf(out, size,
                 "epoch %" PRIu64 " is decided, the zone's fence is at %" PRIu64 "; change: %s",
                 view->head.epoch, view->fence_min, change_state_name(view->change));
}

void explain_sentence(const struct group_view *view, char out[EXPLAIN_SENTENCE_MAX + 1])
{
    const size_t size = EXPLAIN_SENTENCE_MAX + 1;
    const struct gate *gate = explain_closed(view);

    if (!view->has_head && view->head_form != VALUE_READ)
        snprintf(out, size, "held by D8 head-unreadable: %s",
                 gate != NULL ? gate->text : "the head decision cannot be read here");
    else if (!view->has_head)
        snprintf(out, size,
                 "watched, never moved: there is no first decision (D9); run "
                 "regionshift init");
    else if (view->refused_rule != NULL)
        snprintf(out, size, "%s by %s %s: %s",
                 view->wants_move ? "a move is wanted and held back" : "no move is possible, held",
                 view->refused_rule, view->refused_reason,
                 gate != NULL ? gate->text : view->refused_reason);
    else if (view->wants_move)
        snprintf(out, size, "a move is wanted and nothing holds it back: it is being decided");
    else
        change_sentence(view, out, size);
}

const char *span_format(msec_t ms, char out[SPAN_MAX])
{
    int64_t s = ms / 1000;

    if (ms < 10 * 1000)
        snprintf(out, SPAN_MAX, "%.1f s", (double)ms / 1000);
    else if (s < 60)
        snprintf(out, SPAN_MAX, "%" PRId64 " s", s);
    else if (s < 3600)
        snprintf(out, SPAN_MAX, "%" PRId64 " m %" PRId64 " s", s / 60, s % 60);
    else if (s < 86400)
        snprintf(out, SPAN_MAX, "%" PRId64 " h %" PRId64 " m", s / 3600, s % 3600 / 60);
    else
        snprintf(out, SPAN_MAX, "%" PRId64 " d %" PRId64 " h", s / 86400, s % 86400 / 3600);
    return out;
}

/* Moves are counted, and so are weights; all else is time. */
static const char *measure(const char *gate, int64_t value, char out[SPAN_MAX])
{
    if (strcmp(gate, "budget") != 0 && strcmp(gate, "all-zero") != 0)
        return span_format(value, out);
    snprintf(out, SPAN_MAX, "%" PRId64, value);
    return out;
}

const char *gate_value_format(const char *name, int64_t value, int64_t limit,
                              char out[GATE_VALUE_MAX])
{
    char a[SPAN_MAX];
    char b[SPAN_MAX];

    if (value < 0)
        snprintf(out, GATE_VALUE_MAX, "-");
    else if (limit < 0)
        snprintf(out, GATE_VALUE_MAX, "%s", measure(name, value, a));
    else
        snprintf(out, GATE_VALUE_MAX, "%s of %s", measure(name, value, a), measure(name, limit, b));
    return out;
}
