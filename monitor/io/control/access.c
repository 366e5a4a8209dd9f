/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks, and whether that suffices. Reading needs a connection; ordering needs the unix socket,
 * whose file mode and peer credentials are the kernel's word, or over TCP the token; a job reports
 * with a token of its own, over both. A browser is never let order or report: it is the one client
 * that others can make send a request (rebinding, forms). */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *header(const struct request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

/* In constant time: digests have one length, so that neither the place of the first wrong byte nor
 * the token's length shows. */
static bool same_secret(const char *given, const char *token)
{
    unsigned char a[SHA256_DIGEST_LENGTH];
    unsigned char b[SHA256_DIGEST_LENGTH];

    SHA256((const unsigned char *)given, strlen(given), a);
    SHA256((const unsigned char *)token, strlen(token), b);
    return CRYPTO_memcmp(a, b, sizeof(a)) == 0;
}

static bool is_literal(const char *host, size_t length)
{
    char text[INET6_ADDRSTRLEN + 1];
    struct in6_addr binary;

    if (length >= sizeof(text))
        return false;
    memcpy(text, host, length);
    text[length] = '\0';
    return inet_pton(AF_INET, text, &binary) == 1 || inet_pton(AF_INET6, text, &binary) == 1;
}

/* This machine's own name, short or with its domain. */
static bool is_our_name(const char *host, size_t length)
{
    char name[256] = "";
    size_t dot;

    if (length == strlen("localhost") && strncasecmp(host, "localhost", length) == 0)
        return true;
    if (gethostname(name, sizeof(name) - 1) < 0)
        return false;
    dot = strcspn(name, ".");
    return length >= dot && dot > 0 && strncasecmp(host, name, dot) == 0 &&
           (length == dot || host[dot] == '.');
}

/* DNS rebinding: a page whose name was made to lead here says that name as the host. */
static bool host_is_ours(const struct request *request)
{
    const char *host = header(request, MHD_HTTP_HEADER_HOST);
    const char *end;

    if (host == NULL)
        return false;
    if (host[0] == '[') {
        end = strchr(++host, ']');
        return end != NULL && is_literal(host, (size_t)(end - host));
    }
    end = host + strcspn(host, ":");
    return is_literal(host, (size_t)(end - host)) || is_our_name(host, (size_t)(end - host));
}

static bool token_is_right(struct request *request)
{
    static const char scheme[] = "Bearer ";
    const char *given = header(request, MHD_HTTP_HEADER_AUTHORIZATION);
    const char *token = request->control->token;

    if (strlen(token) < TOKEN_MIN) {
        reply_error(request, MHD_HTTP_FORBIDDEN, "orders_need_socket",
                    "no orders over TCP: http.token is not set; use the unix socket %s",
                    request->control->socket_path);
        return false;
    }
    if (given == NULL || strncasecmp(given, scheme, strlen(scheme)) != 0) {
        reply_error(request, MHD_HTTP_UNAUTHORIZED, "token_missing",
                    "an order over TCP needs the header 'Authorization: Bearer TOKEN', with the "
                    "token that http.token names");
        return false;
    }
    if (!same_secret(given + strlen(scheme), token)) {
        reply_error(request, MHD_HTTP_FORBIDDEN, "token_wrong",
                    "this is not the token that http.token names");
        return false;
    }
    return true;
}

static bool may_order(struct request *request)
{
    if (header(request, "Origin") != NULL) {
        reply_error(request, MHD_HTTP_FORBIDDEN, "browser",
                    "orders are not taken from web pages (the request has an Origin)");
        return false;
    }
    if (request->front->kind == FRONT_UNIX)
        return true;
    if (!host_is_ours(request)) {
        reply_error(request, MHD_HTTP_FORBIDDEN, "host",
                    "the header Host must be an address, localhost, or this machine's name");
        return false;
    }
    return token_is_right(request);
}

/* The token of the job that the path names; "" when there is none. */
static const char *token_of_job(struct request *request)
{
    struct control_sources now;
    uint32_t check;

    request->control->hooks.look(request->control->hooks.context, &now);
    check = now.pushes != NULL ? pushes_find(now.pushes, request->args[0]) : NONE;
    return check != NONE ? now.settings->checks[check].of.push->token : "";
}

/* Which jobs there are is nobody's business who has no token of theirs: no job and another's token
 * look alike. The header Host says nothing here, as a page that could send one has no token. */
static bool may_push(struct request *request)
{
    static const char scheme[] = "Bearer ";
    const char *given = header(request, MHD_HTTP_HEADER_AUTHORIZATION);
    const char *token = token_of_job(request);
    bool same;

    if (header(request, "Origin") != NULL) {
        reply_error(request, MHD_HTTP_FORBIDDEN, "browser",
                    "reports are not taken from web pages (the request has an Origin)");
        return false;
    }
    if (given == NULL || strncasecmp(given, scheme, strlen(scheme)) != 0) {
        reply_error(request, MHD_HTTP_UNAUTHORIZED, "token_missing",
                    "a report needs the header 'Authorization: Bearer TOKEN', with the token of "
                    "its job");
        return false;
    }
    same = same_secret(given + strlen(scheme), token);
    if (strlen(token) < TOKEN_MIN || !same) {
        reply_error(request, MHD_HTTP_NOT_FOUND, "no_such_job",
                    "there is no job of this name with this token");
        return false;
    }
    return true;
}

/* Whoever asks the front for beacons for anything else is told nothing, not even that. */
bool access_is_hidden(const struct request *request)
{
    return request->front->kind == FRONT_BEACONS &&
           (request->route == NULL || request->route->scope != SCOPE_BEACON);
}

bool access_allows(struct request *request)
{
    switch (request->route->scope) {
    case SCOPE_BEACON:
    case SCOPE_READ:
        return true;
    case SCOPE_ORDER:
        return may_order(request);
    case SCOPE_PUSH:
        return may_push(request);
    case SCOPE_NONE:
        break;
    }
    reply_error(request, MHD_HTTP_FORBIDDEN, "no_scope", "this path is served to nobody");
    return false;
}

int access_peer(const struct request *request, uid_t *ret_uid)
{
    struct ucred peer;
    socklen_t length = sizeof(peer);

    if (getsockopt(request->client->fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
        return -errno;
    *ret_uid = peer.uid;
    return 0;
}

void access_address(const struct request *request, char *out, size_t size)
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof(peer);
    char text[INET6_ADDRSTRLEN] = "";

    memset(&peer, 0, sizeof(peer));
    if (getpeername(request->client->fd, (struct sockaddr *)&peer, &length) == 0) {
        if (peer.ss_family == AF_INET)
            inet_ntop(AF_INET, &((struct sockaddr_in *)&peer)->sin_addr, text, sizeof(text));
        else if (peer.ss_family == AF_INET6)
            inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&peer)->sin6_addr, text, sizeof(text));
    }
    snprintf(out, size, "%s", text);
}
