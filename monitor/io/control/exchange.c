/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a request: libmicrohttpd calls request_on_access() once for the head, for each piece
 * of the body, once at its end, and once more after a wait. The route and the right to use it are
 * known before a byte of the body is kept; the handler fills one reply; it is sent in one place. */
#include "server.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Readable, safe in any terminal and log; 12 digits are a millisecond in 30 years. */
#define REPLY_FORM (JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(12))

/* ---- replies ---- */

void reply_text(struct request *request, unsigned status, const char *type, char *text,
                size_t length)
{
    free(request->text);
    request->status = status;
    request->type = type;
    request->text = text;
    request->length = length;
    request->answered = true;
}

void reply_json(struct request *request, unsigned status, json_t *body)
{
    static const char no_memory[] = "{\"error\":{\"code\":\"no_memory\",\"message\":"
                                    "\"the answer does not fit into memory\"}}\n";
    char *text = body != NULL ? json_dumps(body, REPLY_FORM) : NULL;
    size_t length = text != NULL ? strlen(text) : 0;

    json_decref(body);
    if (text == NULL) {
        text = strdup(no_memory);
        length = text != NULL ? sizeof(no_memory) - 1 : 0;
        status = MHD_HTTP_INTERNAL_SERVER_ERROR;
    } else {
        text[length++] = '\n'; /* in the place of the NUL: the length counts */
    }
    reply_text(request, status, "application/json", text, length);
}

void reply_error(struct request *request, unsigned status, const char *code, const char *format,
                 ...)
{
    char message[SENTENCE_MAX + 1];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    reply_json(request, status,
               json_pack("{s:{s:s, s:s}}", "error", "code", code, "message", message));
}

static enum MHD_Result send_reply(struct request *request)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(request->length, request->text, MHD_RESPMEM_MUST_FREE);
    enum MHD_Result result;

    if (response == NULL)
        return MHD_NO; /* closes the connection */
    request->text = NULL;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, request->type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (request->allow != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, request->allow);
    if (request->status == MHD_HTTP_UNAUTHORIZED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
    result = MHD_queue_response(request->connection, request->status, response);
    MHD_destroy_response(response);
    request->control->replies[request->status / 100]++;
    return result;
}

/* ---- waiting ---- */

struct ticket *request_wait(struct request *request)
{
    struct control *control = request->control;
    struct ticket *ticket = control->ticket_count < WAITING_MAX ? calloc(1, sizeof(*ticket)) : NULL;

    if (ticket == NULL) {
        reply_error(request, MHD_HTTP_SERVICE_UNAVAILABLE, "busy",
                    "%d requests wait for their answers already: try again in some seconds",
                    WAITING_MAX);
        return NULL;
    }
    ticket->request = request;
    LIST_INSERT_HEAD(&control->tickets, ticket, link);
    control->ticket_count++;
    request->waiting = true;
    request->client->waiting = true;
    MHD_suspend_connection(request->connection);
    return ticket;
}

static void detach(struct ticket *ticket)
{
    LIST_REMOVE(ticket, link);
    ticket->request->control->ticket_count--;
    ticket->request = NULL;
}

struct request *ticket_redeem(struct ticket *ticket)
{
    struct request *request = ticket->request;

    if (request != NULL) {
        detach(ticket);
        request->control->hooks.look(request->control->hooks.context, &request->now);
    }
    free(ticket);
    return request;
}

void request_resume(struct request *request)
{
    struct front *front = request->front;

    request->waiting = false;
    request->client->waiting = false;
    request->client->since_ms = loop_now_ms();
    MHD_resume_connection(request->connection);
    front_run(front);
}

void tickets_stop(struct control *control)
{
    struct ticket *ticket;

    while ((ticket = LIST_FIRST(&control->tickets)) != NULL) {
        struct request *request = ticket->request;

        detach(ticket);
        reply_error(request, MHD_HTTP_SERVICE_UNAVAILABLE, "stopping",
                    "the daemon is stopping; an order that was given may stand: ask another probe");
        request_resume(request);
    }
}

/* ---- the stations ---- */

const char *request_query(const struct request *request, const char *key)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, key);
}

static bool body_is_announced_too_large(const struct request *request)
{
    const char *text = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
                                                   MHD_HTTP_HEADER_CONTENT_LENGTH);

    return text != NULL && strtoull(text, NULL, 10) > BODY_MAX;
}

static void too_large(struct request *request)
{
    reply_error(request, MHD_HTTP_CONTENT_TOO_LARGE, "too_large",
                "the body has more than %d bytes; an order needs less than 1 KiB", BODY_MAX);
}

static struct request *begin(struct front *front, struct MHD_Connection *connection,
                             const char *url, const char *method)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct request *request = calloc(1, sizeof(*request));

    if (request == NULL || info == NULL || info->socket_context == NULL) {
        free(request);
        return NULL;
    }
    request->control = front->control;
    request->front = front;
    request->client = info->socket_context;
    request->connection = connection;
    buffer_init(&request->body, BODY_MAX);
    request->route = routes_find(request, url, method);
    if (access_is_hidden(request))
        reply_text(request, MHD_HTTP_NOT_FOUND, "text/plain", NULL, 0);
    else if (request->route != NULL && access_allows(request) &&
             body_is_announced_too_large(request))
        too_large(request);
    return request;
}

/* A body is kept only for those who may send it; the rest is read to be able to answer. */
static enum MHD_Result take_body(struct request *request, const char *bytes, size_t *size)
{
    request->body_seen += *size;
    if (request->body_seen > BODY_DROPPED_MAX)
        return MHD_NO;
    if (!request->answered) {
        buffer_add(&request->body, bytes, *size);
        if (request->body.failed)
            too_large(request);
    }
    *size = 0;
    return MHD_YES;
}

static void handle(struct request *request)
{
    struct control *control = request->control;

    request->handled = true;
    if (request->answered)
        return;
    if (control->closing) {
        reply_error(request, MHD_HTTP_SERVICE_UNAVAILABLE, "stopping", "the daemon is stopping");
        return;
    }
    control->hooks.look(control->hooks.context, &request->now);
    request->route->handle(request);
}

enum MHD_Result request_on_access(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **state)
{
    struct request *request = *state;

    (void)version;
    if (request == NULL) {
        request = begin(context, connection, url, method);
        *state = request;
        if (request == NULL)
            return MHD_NO;
        /* a body that is too large is not waited for; the connection closes with this reply */
        if (request->answered && request->status == MHD_HTTP_CONTENT_TOO_LARGE)
            return send_reply(request);
        return MHD_YES;
    }
    if (*upload_size > 0)
        return take_body(request, upload, upload_size);
    if (!request->handled)
        handle(request);
    if (request->waiting)
        return MHD_YES;
    return send_reply(request);
}

void request_on_completed(void *context, struct MHD_Connection *connection, void **state,
                          enum MHD_RequestTerminationCode code)
{
    struct request *request = *state;

    (void)context;
    (void)connection;
    (void)code;
    if (request == NULL)
        return;
    request->client->since_ms = loop_now_ms();
    buffer_clear(&request->body);
    free(request->text);
    free(request);
    *state = NULL;
}
