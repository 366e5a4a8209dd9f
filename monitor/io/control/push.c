/* SPDX-License-Identifier: Apache-2.0 */
/* POST /api/v1/push/NAME: a job reports. The reply waits until the report is on disk, so that a job
 * which was answered need not report again. */
#include "server.h"

enum { PUSH_ERROR_MAX = 300 };

static void on_kept(void *context, int rc)
{
    struct request *request = ticket_redeem(context);

    if (request == NULL)
        return; /* the control stops: answered already */
    reply_json(request, MHD_HTTP_OK,
               json_pack("{s:i, s:s, s:b}", "v", 1, "job", request->args[0], "kept", rc == 0));
    request_resume(request);
}

void handle_push(struct request *request)
{
    uint32_t check = pushes_find(request->now.pushes, request->args[0]);
    const char *body = buffer_text(&request->body);
    size_t length = request->body.length;
    struct push_report report;
    char error[PUSH_ERROR_MAX];
    struct ticket *ticket;

    if (check == NONE)
        reply_error(request, MHD_HTTP_NOT_FOUND, "no_such_job",
                    "the settings have this job no more");
    else if (length > PUSH_BODY_MAX)
        reply_error(request, MHD_HTTP_CONTENT_TOO_LARGE, "too_large",
                    "the report has more than %d bytes", PUSH_BODY_MAX);
    else if (push_report_read(body, length, &report, error, sizeof(error)) < 0)
        reply_error(request, MHD_HTTP_BAD_REQUEST, "bad_report", "%s", error);
    if (request->answered)
        return;
    ticket = request_wait(request);
    if (ticket != NULL)
        pushes_take(request->now.pushes, check, &report, body, length, on_kept, ticket);
}
