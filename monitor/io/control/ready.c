/* SPDX-License-Identifier: Apache-2.0 */
/* GET /api/v1/ready?group=NAME: can we fail over right now? The zones are looked at afresh first,
 * so the request waits for that, and not longer than READINESS_PATIENCE_MS. */
#include "ready_facts.h"

static json_t *number(int64_t value)
{
    return value < 0 ? json_null() : json_integer(value);
}

struct ready_answer {
    json_t *lines;
    struct ready_sum sum;
};

static void on_line(void *context, const struct ready_line *line)
{
    struct ready_answer *answer = context;

    answer->sum.count[line->state]++;
    json_array_append_new(answer->lines,
                          json_pack("{s:s, s:s, s:s, s:o, s:o, s:s, s:s}", "name", line->name,
                                    "about", line->about, "state", ready_state_name(line->state),
                                    "value", number(line->value), "limit", number(line->limit),
                                    "measured", line->measured, "advice", line->advice));
}

static json_t *counts_of(const struct ready_sum *sum)
{
    json_t *counts = json_object();

    for (int state = 0; state < READY_STATE_COUNT; state++)
        json_object_set_new(counts, ready_state_name((enum ready_state)state),
                            json_integer(sum->count[state]));
    return counts;
}

static void reply(struct request *request, uint32_t only)
{
    const struct settings *settings = request->now.settings;
    struct ready_answer answer = {.lines = json_array()};

    if (ready_gather(&request->now, only, on_line, &answer) < 0) {
        json_decref(answer.lines);
        reply_json(request, MHD_HTTP_OK, NULL);
        return;
    }
    reply_json(request, MHD_HTTP_OK,
               json_pack("{s:i, s:s, s:o, s:b, s:o, s:o}", "v", 1, "probe",
                         settings->electors[settings->self].name, "at", piece_time(loop_wall_ms()),
                         "ready", ready_is(&answer.sum), "counts", counts_of(&answer.sum), "lines",
                         answer.lines));
}

/* False, and a filled error, when the argument names no group. */
static bool take_group(struct request *request, uint32_t *ret_group)
{
    const char *name = request_query(request, "group");

    *ret_group = NONE;
    if (name == NULL || name[0] == '\0')
        return true;
    *ret_group = piece_group(request, name);
    return *ret_group != NONE;
}

static void on_looked(void *context)
{
    struct request *request = ticket_redeem(context);
    uint32_t only;

    if (request == NULL)
        return;
    if (take_group(request, &only))
        reply(request, only);
    request_resume(request);
}

void handle_ready(struct request *request)
{
    struct readiness *readiness = request->now.readiness;
    struct ticket *ticket;
    uint32_t only;

    if (!take_group(request, &only))
        return;
    if (request->now.health != NULL)
        health_watch_look(request->now.health); /* its next answer knows */
    if (readiness == NULL || !readiness_has_to_look(readiness)) {
        reply(request, only);
        return;
    }
    ticket = request_wait(request);
    if (ticket != NULL)
        readiness_look(readiness, on_looked, ticket);
}
