/* SPDX-License-Identifier: Apache-2.0 */
/* GET /api/v1/explain/GROUP: why the group moves or not (D10): one sentence, and every gate with
 * its value, open or closed, as the engine keeps them. */
#include "server.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void change_sentence(const struct group_view *view, char *out, size_t size)
{
    if (view->fence_min >= view->head.epoch)
        snprintf(out, size, "nothing to do: the zone says what epoch %" PRIu64 " decided",
                 view->head.epoch);
    else
        snprintf(out, size,
                 "epoch %" PRIu64 " is decided, the zone's fence is at %" PRIu64 "; change: %s",
                 view->head.epoch, view->fence_min, change_state_name(view->change));
}

/* The gate that has to open before anything happens, in words. */
static void sentence(const struct group_view *view, char *out, size_t size)
{
    const struct gate *gate = piece_closed(view);

    if (!view->has_head)
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

void handle_explain(struct request *request)
{
    const struct settings *settings = request->now.settings;
    uint32_t group = piece_group(request, request->args[0]);
    char text[SENTENCE_MAX + 1];
    struct group_view view;

    if (group == NONE)
        return;
    engine_group(request->now.engine, group, &view);
    sentence(&view, text, sizeof(text));
    reply_json(
        request, MHD_HTTP_OK,
        json_pack(
            "{s:i, s:s, s:s, s:s, s:o, s:o, s:o, s:b, s:b, s:o}", "v", 1, "group",
            settings->groups[group].name, "probe", settings->electors[settings->self].name, "text",
            text, "epoch", view.has_head ? json_integer((json_int_t)view.head.epoch) : json_null(),
            "weights",
            view.has_head ? piece_weights(settings, group, view.head.weights) : json_null(),
            "wanted", view.has_head ? piece_weights(settings, group, view.wanted) : json_null(),
            "wants_move", view.wants_move, "held", view.refused_rule != NULL, "gates",
            piece_gates(view.gates, view.gate_count)));
}
