/* SPDX-License-Identifier: Apache-2.0 */
/* regionshift ready: can we fail over right now: a line for each thing that a move needs, and under
 * those that are not well what to do. The exit status says it too: 0 ready, 3 not. */
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "render.h"

enum { PATH_SIZE = 400 };

static enum style style_of_state(const char *state)
{
    return strcmp(state, "ok") == 0     ? STYLE_GOOD
           : strcmp(state, "fail") == 0 ? STYLE_BAD
           : strcmp(state, "warn") == 0 ? STYLE_WARN
                                        : STYLE_DIM;
}

static const char *word_of_state(const char *state)
{
    return strcmp(state, "fail") == 0 ? "FAIL" : strcmp(state, "unknown") == 0 ? "?" : state;
}

/* "ready, as probe use1 sees it: 12 ok, 1 warn, 0 fail, 2 unknown" */
static void print_verdict(const json_t *body)
{
    const json_t *counts = json_object_get(body, "counts");
    bool ready = true_of(body, "ready");

    render_styled(ready ? STYLE_GOOD : STYLE_BAD, ready ? "ready" : "NOT ready");
    printf(", as probe ");
    render_text(stdout, text_of(body, "probe"));
    printf(" sees it: %lld ok, %lld warn, %lld fail, %lld unknown\n", number_of(counts, "ok"),
           number_of(counts, "warn"), number_of(counts, "fail"), number_of(counts, "unknown"));
}

static void add_line(struct table *table, const json_t *line)
{
    const char *state = text_of(line, "state");

    table_add(table, style_of_state(state), "%s", word_of_state(state));
    table_add(table, STYLE_HEAD, "%s", text_of(line, "name"));
    table_add(table, STYLE_PLAIN, "%s", text_of(line, "about"));
    table_add(table, STYLE_PLAIN, "%s", text_of(line, "measured"));
    if (text_of(line, "advice")[0] == '\0')
        return;
    table_add(table, STYLE_PLAIN, "%s", "");
    table_add(table, STYLE_PLAIN, "%s", "");
    table_add(table, STYLE_PLAIN, "%s", "");
    table_add(table, style_of_state(state), "-> %s", text_of(line, "advice"));
}

static void print_lines(const json_t *lines)
{
    struct table *table = table_create(4);
    const json_t *line;
    size_t i;

    json_array_foreach(lines, i, line)
    {
        add_line(table, line);
    }
    table_finish(table, 2);
}

int run_ready(const struct arguments *arguments)
{
    char path[PATH_SIZE] = "/api/v1/ready";
    struct client *client = NULL;
    struct reply reply;
    int code = client_open(arguments, &client);

    if (arguments->name != NULL)
        path_add(path, sizeof(path), "?group=", arguments->name);
    if (code == 0)
        code = client_ask(client, path, NULL, &reply);
    client_close(client);
    if (code != 0)
        return code;
    code = reply_code(&reply);
    if (code == 0 && !true_of(reply.body, "ready"))
        code = CODE_REFUSED;
    if (arguments->json) {
        fputs(reply.text, stdout);
    } else if (json_is_array(json_object_get(reply.body, "lines"))) {
        print_verdict(reply.body);
        print_lines(json_object_get(reply.body, "lines"));
    }
    reply_clear(&reply);
    return code;
}
