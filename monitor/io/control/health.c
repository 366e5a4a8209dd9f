/* SPDX-License-Identifier: Apache-2.0 */
/* GET /healthz: the loop turns, for it answers. GET /readyz: this probe takes part: it sees, the
 * store was read and answers, its lease lives, and alerts are not lost. */
#include "server.h"

void handle_healthz(struct request *request)
{
    reply_json(request, MHD_HTTP_OK, json_pack("{s:b}", "ok", 1));
}

static void add(json_t *list, bool *ready, const char *name, bool good, const char *text)
{
    *ready = *ready && good;
    json_array_append_new(list,
                          json_pack("{s:s, s:b, s:s}", "name", name, "ok", good, "text", text));
}

bool health_is_ready(const struct control_sources *now, json_t *list)
{
    enum blindness blindness = engine_blindness(now->engine);
    bool store = engine_store_ok(now->engine);
    bool lease = engine_lease_alive(now->engine);
    bool ready = true;
    struct board_stats board;
    struct alerts_stats alerts = {0};

    board_stats(now->board, &board);
    if (now->alerts != NULL)
        alerts_stats(now->alerts, &alerts);
    add(list, &ready, "settings", true, now->settings->file);
    add(list, &ready, "store", store,
        store                    ? "read, and it answers"
        : board.error[0] != '\0' ? board.error
                                 : "not read yet, or away (S2)");
    add(list, &ready, "lease", lease,
        lease ? "our votes stand in the store" : "our votes do not count: no lease (A2)");
    add(list, &ready, "sight", blindness == BLIND_NOT,
        blindness == BLIND_NOT ? "this probe sees" : blindness_name(blindness));
    add(list, &ready, "alerts", alerts.dropped_full == 0,
        alerts.dropped_full == 0 ? "none was lost" : "the spool was full, alerts were lost");
    return ready;
}

void handle_readyz(struct request *request)
{
    json_t *list = json_array();
    bool ready = health_is_ready(&request->now, list);

    reply_json(request, ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
               json_pack("{s:b, s:o}", "ready", ready, "checks", list));
}
