/* SPDX-License-Identifier: Apache-2.0 */
/* regionshift drain, restore, freeze, thaw, failback, ack: one order, and what became of it. A
 * drain with --override may find the store away: then it is shown first, and confirmed (glass.c).
 */
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "glass.h"
#include "render.h"

/* Which field of the order its argument is: what its command calls it. */
static const char *field_of(const struct command *command)
{
    return strcmp(command->noun, "REGION") == 0  ? "region"
           : strcmp(command->noun, "GROUP") == 0 ? "group"
                                                 : "incident";
}

static json_t *order_of(const struct arguments *arguments)
{
    json_t *order =
        json_pack("{s:s, s:s}", "verb", arguments->command->name, "reason", arguments->reason);

    if (arguments->name != NULL)
        json_object_set_new(order, field_of(arguments->command), json_string(arguments->name));
    if (arguments->for_ms > 0)
        json_object_set_new(order, "for_seconds", json_real((double)arguments->for_ms / 1000));
    if (arguments->override)
        json_object_set_new(order, "override", json_true());
    return order;
}

static void print_fate(const json_t *reply)
{
    const json_t *groups = json_object_get(reply, "groups");
    const json_t *group;
    size_t i;

    if (json_array_size(groups) == 0) {
        render_styled(STYLE_GOOD, text_of(reply, "outcome"));
        printf(": ");
        render_text(stdout, text_of(reply, "text"));
        printf("\n");
    }
    json_array_foreach(groups, i, group)
    {
        render_styled(STYLE_GOOD, text_of(group, "outcome"));
        printf(": ");
        render_text(stdout, text_of(group, "group"));
        printf(": ");
        render_text(stdout, text_of(group, "text"));
        printf("\n");
    }
}

/* Sends the order; break_glass: what was shown and confirmed, taken over, or NULL. */
static int send_order(const struct arguments *arguments, struct client *client, json_t *break_glass,
                      struct reply *ret_reply)
{
    json_t *order = order_of(arguments);

    if (order == NULL) {
        json_decref(break_glass);
        fputs("regionshift: --reason: must be UTF-8\n", stderr);
        return CODE_USAGE;
    }
    if (break_glass != NULL)
        json_object_set_new(order, "break_glass", break_glass);
    return client_ask(client, "/api/v1/orders", order, ret_reply);
}

static int ask(const struct arguments *arguments, struct client *client)
{
    json_t *fences = NULL;
    struct reply reply;
    int code = send_order(arguments, client, NULL, &reply);

    if (code == 0 && glass_is_asked(&reply)) {
        code = glass_confirm(arguments, &reply, &fences);
        reply_clear(&reply);
        if (code == 0)
            code = send_order(arguments, client, fences, &reply);
    }
    if (code != 0)
        return code;
    code = reply_code(&reply);
    if (arguments->json)
        fputs(reply.text, stdout);
    else if (code == CODE_GOOD)
        print_fate(reply.body);
    else if (code == CODE_REFUSED && json_is_boolean(json_object_get(reply.body, "stands")))
        fputs(true_of(reply.body, "stands")
                  ? "  the order stands, and is obeyed when the rule lets it; status lists it\n"
                  : "  the order was withdrawn; with --for TIME it would wait\n",
              stderr);
    reply_clear(&reply);
    return code;
}

int run_order(const struct arguments *arguments)
{
    struct client *client = NULL;
    int code = client_open(arguments, &client);

    if (code == 0)
        code = ask(arguments, client);
    client_close(client);
    return code;
}
