/* SPDX-License-Identifier: Apache-2.0 */
/* Every path there is, and who may use it. The scope stands in the table, beside the path, so that
 * no handler can forget to ask for it; the test of the whole matrix reads docs/API.md. */
#include "server.h"

#include <stdio.h>
#include <string.h>

#define GET MHD_HTTP_METHOD_GET
#define POST MHD_HTTP_METHOD_POST

static const struct route routes[] = {
    {GET, "/healthz", SCOPE_READ, handle_healthz},
    {GET, "/readyz", SCOPE_READ, handle_readyz},
    {GET, "/metrics", SCOPE_READ, handle_metrics},
    {GET, "/beacon/?/?", SCOPE_BEACON, handle_beacon},
    {GET, "/api/v1/status", SCOPE_READ, handle_status},
    {GET, "/api/v1/explain/?", SCOPE_READ, handle_explain},
    {GET, "/api/v1/plan", SCOPE_READ, handle_plan},
    {GET, "/api/v1/ready", SCOPE_READ, handle_ready},
    {GET, "/api/v1/history", SCOPE_READ, handle_history},
    {GET, "/api/v1/incident/?", SCOPE_READ, handle_incident},
    {GET, "/api/v1/timings", SCOPE_READ, handle_timings},
    {GET, "/api/v1/init", SCOPE_READ, handle_first},
    {POST, "/api/v1/init", SCOPE_ORDER, handle_init},
    {GET, "/api/v1/health-checks", SCOPE_READ, handle_attached},
    {POST, "/api/v1/health-checks", SCOPE_ORDER, handle_attach},
    {POST, "/api/v1/orders", SCOPE_ORDER, handle_order},
    {POST, "/api/v1/push/?", SCOPE_PUSH, handle_push},
};

enum { ROUTE_COUNT = sizeof(routes) / sizeof(routes[0]) };

/* Matches segment by segment; what stands at a '?' is copied to args when they are given. */
static bool matches(const char *path, const char *url, char (*args)[SEGMENT_MAX + 1])
{
    size_t arg = 0;

    while (*path != '\0') {
        size_t length;

        if (*path != '?') {
            if (*path++ != *url++)
                return false;
            continue;
        }
        length = strcspn(url, "/");
        if (length == 0 || length > SEGMENT_MAX)
            return false;
        snprintf(args[arg++], SEGMENT_MAX + 1, "%.*s", (int)length, url);
        url += length;
        path++;
    }
    return *url == '\0';
}

/* HEAD is GET without the body, which libmicrohttpd leaves out. */
static bool serves(const struct route *route, const char *method)
{
    return strcmp(route->method, method) == 0 ||
           (strcmp(route->method, GET) == 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) == 0);
}

static const char *allowed(bool reads, bool orders)
{
    return reads && orders ? "GET, HEAD, POST" : reads ? "GET, HEAD" : "POST";
}

const struct route *routes_find(struct request *request, const char *url, const char *method)
{
    bool reads = false;
    bool orders = false;

    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        const struct route *route = &routes[i];

        if (!matches(route->path, url, request->args))
            continue;
        if (serves(route, method))
            return route;
        reads |= strcmp(route->method, GET) == 0;
        orders |= strcmp(route->method, POST) == 0;
    }
    if (reads || orders) {
        request->allow = allowed(reads, orders);
        reply_error(request, MHD_HTTP_METHOD_NOT_ALLOWED, "method_not_allowed",
                    "this path takes %s", request->allow);
    } else {
        reply_error(request, MHD_HTTP_NOT_FOUND, "no_such_path",
                    "there is nothing at this path; see /api/v1/status and docs/API.md");
    }
    return NULL;
}
