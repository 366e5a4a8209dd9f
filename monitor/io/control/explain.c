/* SPDX-License-Identifier: Apache-2.0 */
/* GET /api/v1/explain/GROUP: why the group moves or not (D10): one sentence, and every gate with
 * its value, open or closed, as the engine keeps them. */
#include "server.h"

#include "explain.h"

void handle_explain(struct request *request)
{
    const struct settings *settings = request->now.settings;
    uint32_t group = piece_group(request, request->args[0]);
    char text[EXPLAIN_SENTENCE_MAX + 1];
    struct group_view view;

    if (group == NONE)
        return;
    engine_group(request->now.engine, group, &view);
    explain_sentence(&view, text);
    reply_json(
        request, MHD_HTTP_OK,
        json_pack(
            "{s:i, s:s, s:s, s:s, s:o, s:o, s:o, s:b, s:b, s:o, s:o}", "v", 1, "group",
            settings->groups[group].name, "probe", settings->electors[settings->self].name, "text",
            text, "epoch", view.has_head ? json_integer((json_int_t)view.head.epoch) : json_null(),
            "weights",
            view.has_head ? piece_weights(settings, group, view.head.weights) : json_null(),
            "wanted", view.has_head ? piece_weights(settings, group, view.wanted) : json_null(),
            "wants_move", view.wants_move, "held", view.refused_rule != NULL, "zones",
            piece_zones(request->now.engine, settings, group), "gates",
            piece_gates(view.gates, view.gate_count)));
}
