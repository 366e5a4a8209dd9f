/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "buffer.h"
#include "render.h"
#include "settings.h"

enum {
    ANSWER_MAX = 16 * 1024 * 1024,
    CONNECT_S = 5,
    ANSWER_S = 20, /* an order waits 5 s for what becomes of it, twice at most */
    URL_MAX = 2048,
    TOKEN_MAX = 4096
};

struct client {
    CURL *curl;
    struct curl_slist *headers;
    char *base;   /* "http://localhost", "https://10.0.0.7:8053" */
    char *socket; /* NULL: TCP */
};

/* ---- which daemon ---- */

/* The socket that the settings name. Who may not read them still may look and order. */
static int socket_of_file(const struct arguments *arguments, char **ret_socket)
{
    const char *file = arguments->file != NULL ? arguments->file : DEFAULT_FILE;
    struct settings_report report = {0};
    struct settings *settings = NULL;
    int rc;

    if (access(file, R_OK) < 0 && (errno == EACCES || arguments->file == NULL)) {
        fprintf(stderr, "regionshift: %s: %s: trying the usual socket %s\n", file, strerror(errno),
                DEFAULT_SOCKET);
        *ret_socket = strdup(DEFAULT_SOCKET);
        return *ret_socket != NULL ? 0 : CODE_FAILED;
    }
    rc = settings_load_public(file, &settings, &report);
    if (rc < 0) {
        settings_report_print(&report, file, stderr);
        fprintf(stderr,
                "regionshift: the settings are bad; -s unix:%s reaches the daemon that runs\n",
                DEFAULT_SOCKET);
    } else {
        *ret_socket = strdup(settings->control_socket);
    }
    settings_report_clear(&report);
    settings_destroy(settings);
    return rc < 0 ? CODE_USAGE : *ret_socket != NULL ? 0 : CODE_FAILED;
}

static bool is_web(const char *server)
{
    return strncmp(server, "http://", 7) == 0 || strncmp(server, "https://", 8) == 0;
}

static int find_daemon(struct client *client, const struct arguments *arguments)
{
    const char *server = arguments->server;

    client->base = strdup(server != NULL && is_web(server) ? server : "http://localhost");
    if (client->base == NULL)
        return CODE_FAILED;
    while (strlen(client->base) > 8 && client->base[strlen(client->base) - 1] == '/')
        client->base[strlen(client->base) - 1] = '\0';
    if (server == NULL)
        return socket_of_file(arguments, &client->socket);
    if (is_web(server))
        return 0;
    if (strncmp(server, "unix:", 5) != 0 || server[5] == '\0') {
        fprintf(stderr,
                "regionshift: -s %s: must be unix:PATH, http://HOST:PORT or "
                "https://HOST:PORT\n",
                server);
        return CODE_USAGE;
    }
    client->socket = strdup(server + 5);
    return client->socket != NULL ? 0 : CODE_FAILED;
}

/* For orders over TCP: the file that REGIONSHIFT_TOKEN_FILE names holds the token. */
static int add_token(struct client *client)
{
    const char *path = getenv("REGIONSHIFT_TOKEN_FILE");
    char token[TOKEN_MAX + 1] = "";
    char header[TOKEN_MAX + 64];
    FILE *file;

    if (client->socket != NULL || path == NULL)
        return 0;
    file = fopen(path, "re");
    if (file == NULL || fgets(token, sizeof(token), file) == NULL) {
        fprintf(stderr, "regionshift: REGIONSHIFT_TOKEN_FILE: %s: %s\n", path,
                file == NULL ? strerror(errno) : "is empty");
        if (file != NULL)
            fclose(file);
        return CODE_USAGE;
    }
    fclose(file);
    token[strcspn(token, "\r\n")] = '\0';
    snprintf(header, sizeof(header), "Authorization: Bearer %s", token);
    client->headers = curl_slist_append(client->headers, header);
    explicit_bzero(token, sizeof(token));
    explicit_bzero(header, sizeof(header));
    return 0;
}

int client_open(const struct arguments *arguments, struct client **ret_client)
{
    struct client *client = calloc(1, sizeof(*client));
    int code = CODE_FAILED;

    if (client == NULL)
        return CODE_FAILED;
    client->curl = curl_easy_init();
    if (client->curl != NULL)
        code = find_daemon(client, arguments);
    if (code == 0)
        code = add_token(client);
    if (code != 0) {
        client_close(client);
        return code;
    }
    *ret_client = client;
    return 0;
}

void client_close(struct client *client)
{
    if (client == NULL)
        return;
    curl_slist_free_all(client->headers);
    curl_easy_cleanup(client->curl);
    free(client->base);
    free(client->socket);
    free(client);
}

/* ---- one request ---- */

static size_t on_body(char *bytes, size_t one, size_t count, void *context)
{
    struct buffer *buffer = context;

    (void)one; /* always 1 */
    buffer_add(buffer, bytes, count);
    return buffer->failed ? 0 : count;
}

static void set_up(struct client *client, const char *url, const char *post, struct buffer *body)
{
    CURL *curl = client->curl;

    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)ANSWER_S);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, client->headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "regionshift/" REGIONSHIFT_VERSION);
    if (client->socket != NULL) {
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->socket);
        curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    }
    if (post != NULL)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, post);
}

static void say_unreachable(const struct client *client, CURLcode code)
{
    long number = 0;

    curl_easy_getinfo(client->curl, CURLINFO_OS_ERRNO, &number);
    if (client->socket == NULL) {
        fprintf(stderr, "regionshift: no answer from %s: %s\n", client->base,
                curl_easy_strerror(code));
        return;
    }
    if (code != CURLE_COULDNT_CONNECT) {
        fprintf(stderr, "regionshift: no answer at %s: %s\n", client->socket,
                curl_easy_strerror(code));
        return;
    }
    if (access(client->socket, W_OK) < 0)
        number = errno;
    fprintf(stderr, "regionshift: no daemon answers at %s: %s\n", client->socket,
            number != 0 ? strerror((int)number) : curl_easy_strerror(code));
    if (number == EACCES)
        fputs("  orders are for the daemon's group: sudo, or `adduser NAME regionshift`\n", stderr);
    else
        fputs("  is it running? `systemctl status regionshiftd`; another socket or machine: "
              "-s unix:PATH, -s http://HOST:PORT\n",
              stderr);
}

static int parse(const struct client *client, struct reply *reply)
{
    json_error_t error;

    reply->body = json_loads(reply->text, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(reply->body))
        return 0;
    fprintf(stderr, "regionshift: %s answered with status %ld and no JSON: is it regionshiftd?\n",
            client->socket != NULL ? client->socket : client->base, reply->status);
    reply_clear(reply);
    return CODE_FAILED;
}

static int transfer(struct client *client, const char *url, const char *post,
                    struct reply *ret_reply)
{
    struct reply reply = {0};
    struct buffer body;
    CURLcode code;
    int rc;

    buffer_init(&body, ANSWER_MAX);
    set_up(client, url, post, &body);
    code = curl_easy_perform(client->curl);
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &reply.status);
    if (code != CURLE_OK) {
        say_unreachable(client, code);
        buffer_clear(&body);
        return CODE_FAILED;
    }
    if (body.length == 0)
        buffer_add_char(&body, '\n');
    if (buffer_take(&body, &reply.text) < 0) {
        buffer_clear(&body);
        return CODE_FAILED;
    }
    rc = parse(client, &reply);
    if (rc == 0)
        *ret_reply = reply;
    return rc;
}

int client_ask(struct client *client, const char *path, json_t *body, struct reply *ret_reply)
{
    char *post = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    bool no_memory = body != NULL && post == NULL;
    char url[URL_MAX];
    int length = snprintf(url, sizeof(url), "%s%s", client->base, path);
    int code = CODE_USAGE;

    json_decref(body);
    if (no_memory)
        code = CODE_FAILED;
    else if (length < 0 || (size_t)length >= sizeof(url))
        fputs("regionshift: too many or too long names\n", stderr);
    else
        code = transfer(client, url, post, ret_reply);
    free(post);
    return code;
}

void reply_clear(struct reply *reply)
{
    json_decref(reply->body);
    free(reply->text);
    *reply = (struct reply){0};
}

/* ---- what it means ---- */

int reply_code(const struct reply *reply)
{
    const char *message =
        json_string_value(json_object_get(json_object_get(reply->body, "error"), "message"));

    if (reply->status >= 200 && reply->status < 300)
        return CODE_GOOD;
    fprintf(stderr, "regionshift: %s", reply->status == 409 ? "not now: " : "");
    render_text(stderr, message != NULL ? message : "refused, without a reason");
    fputc('\n', stderr);
    switch (reply->status) {
    case 400:
    case 404:
    case 405:
    case 413:
        return CODE_USAGE;
    case 409:
        return CODE_REFUSED;
    default:
        return CODE_FAILED;
    }
}

bool client_show(const struct arguments *arguments, const char *path, json_t *body,
                 struct reply *ret_reply, int *ret_code)
{
    struct client *client = NULL;
    struct reply reply;
    int code = client_open(arguments, &client);

    if (code == 0)
        code = client_ask(client, path, body, &reply);
    else
        json_decref(body);
    client_close(client);
    if (code == 0) {
        code = reply_code(&reply);
        if (code == 0 && !arguments->json) {
            *ret_reply = reply;
            return true;
        }
        if (arguments->json)
            fputs(reply.text, stdout);
        reply_clear(&reply);
    }
    *ret_code = code;
    return false;
}

void path_add(char *path, size_t size, const char *prefix, const char *text)
{
    size_t used = strlen(path);
    char *escaped = curl_easy_escape(NULL, text, 0);

    if (used < size)
        snprintf(path + used, size - used, "%s%s", prefix, escaped != NULL ? escaped : "");
    curl_free(escaped);
}
