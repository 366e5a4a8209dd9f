/* SPDX-License-Identifier: Apache-2.0 */
/* regionshift init: shows what taking groups on would create, and with --yes does it and waits
 * until the zone has it (D9), or until Route 53 denies it: no waiting helps then. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "client.h"
#include "render.h"
#include "terraform.h"

enum {
    PAUSE_MS = 200,
    READ_WAIT_MS = 15 * 1000,
    DONE_WAIT_MS = 60 * 1000,
    DENIAL_EVERY_MS = 2000 /* to ask reads the zones afresh, and most zones are quicker */
};

static void pause_ms(long ms)
{
    const struct timespec span = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&span, NULL);
}

/* ---- what Route 53 denies ---- */

/* The lines of `regionshift ready` that say so. */
static bool is_denial(const json_t *line)
{
    const char *name = text_of(line, "name");

    return strcmp(text_of(line, "state"), "fail") == 0 &&
           (strcmp(name, "credentials") == 0 || strcmp(name, "write") == 0);
}

static bool tell_denials(const json_t *ready)
{
    bool are_any = false;
    const json_t *line;
    size_t i;

    json_array_foreach(json_object_get(ready, "lines"), i, line)
    {
        if (!is_denial(line))
            continue;
        are_any = true;
        fputs("regionshift: zone ", stderr);
        render_text(stderr, text_of(line, "about"));
        fputs(": ", stderr);
        render_text(stderr, text_of(line, "measured"));
        fputs("\n  -> ", stderr);
        render_text(stderr, text_of(line, "advice"));
        fputc('\n', stderr);
    }
    return are_any;
}

/* Now and then while we wait: whether it is in vain, which is said then, by whom and what to do. */
static bool is_denied(struct client *client, int waited_ms)
{
    struct reply reply = {0};
    bool denied;

    if (waited_ms == 0 || waited_ms % DENIAL_EVERY_MS != 0)
        return false;
    denied = client_ask(client, "/api/v1/ready", NULL, &reply) == 0 && reply_code(&reply) == 0 &&
             tell_denials(reply.body);
    reply_clear(&reply);
    return denied;
}

/* ---- what there is to do ---- */

/* The first problem of a group's change, or NULL. */
static const json_t *problem_of(const json_t *group)
{
    const json_t *batch;
    size_t i;

    json_array_foreach(json_object_get(group, "change"), i, batch)
    {
        if (json_is_object(json_object_get(batch, "problem")))
            return json_object_get(batch, "problem");
    }
    return NULL;
}

/* A daemon that has just started reads its zones first. */
static bool reads_zones_still(const json_t *listing)
{
    const json_t *group;
    size_t i;

    json_array_foreach(json_object_get(listing, "groups"), i, group)
    {
        const json_t *problem = problem_of(group);

        if (problem != NULL && strcmp(text_of(problem, "code"), "zone-not-read") == 0)
            return true_of(listing, "may_act");
    }
    return false;
}

static int list(struct client *client, struct reply *ret_reply)
{
    for (int waited_ms = 0;; waited_ms += PAUSE_MS) {
        int code = client_ask(client, "/api/v1/init", NULL, ret_reply);

        if (code != 0)
            return code;
        code = reply_code(ret_reply);
        if (code == 0 && (waited_ms >= READ_WAIT_MS || !reads_zones_still(ret_reply->body)))
            return 0;
        reply_clear(ret_reply);
        if (code != 0)
            return code;
        if (is_denied(client, waited_ms))
            return CODE_FAILED;
        pause_ms(PAUSE_MS);
    }
}

static void print_group(const json_t *group)
{
    const json_t *missing = json_object_get(group, "missing");
    char weights[WEIGHTS_TEXT_MAX];

    printf("group ");
    render_styled(STYLE_HEAD, text_of(group, "group"));
    if (number_of(group, "epoch") >= 0) {
        printf(": taken on already, at epoch %lld\n", number_of(group, "epoch"));
        return;
    }
    printf(": first decision: ");
    render_text(stdout, weights_text(json_object_get(group, "weights"), weights));
    printf("\n  record sets missing in the zone: %zu\n", json_array_size(missing));
    print_batches(json_object_get(group, "change"));
}

/* How many groups are to be taken on; -1 when one cannot. */
static int print_listing(const json_t *listing)
{
    int fresh = 0;
    bool possible = true;
    const json_t *group;
    size_t i;

    json_array_foreach(json_object_get(listing, "groups"), i, group)
    {
        print_group(group);
        possible = possible && problem_of(group) == NULL;
        fresh += number_of(group, "epoch") < 0;
    }
    return possible ? fresh : -1;
}

/* ---- doing it ---- */

/* True when every group has a decision and the zone has it. */
static bool is_done(const json_t *status)
{
    const json_t *group;
    size_t i;

    json_array_foreach(json_object_get(status, "groups"), i, group)
    {
        if (!json_is_object(json_object_get(group, "decision")) || !true_of(group, "applied"))
            return false;
    }
    return true;
}

static void print_done(const json_t *status)
{
    const json_t *group;
    size_t i;

    json_array_foreach(json_object_get(status, "groups"), i, group)
    {
        render_styled(STYLE_GOOD, "done: ");
        render_text(stdout, text_of(group, "group"));
        printf(" is at epoch %lld, and so is the zone\n",
               number_of(json_object_get(group, "decision"), "epoch"));
    }
}

static int wait_for_it(struct client *client, struct reply *ret_reply)
{
    for (int waited_ms = 0; waited_ms < DONE_WAIT_MS; waited_ms += PAUSE_MS) {
        int code = client_ask(client, "/api/v1/status", NULL, ret_reply);

        if (code == 0)
            code = reply_code(ret_reply);
        if (code != 0 || is_done(ret_reply->body))
            return code;
        reply_clear(ret_reply);
        if (is_denied(client, waited_ms)) {
            fputs("regionshift: the first decision stands, the zone does not have it: the daemon "
                  "tries again by itself, and `regionshift status` shows how far\n",
                  stderr);
            return CODE_FAILED;
        }
        pause_ms(PAUSE_MS);
    }
    fprintf(
        stderr,
        "regionshift: not done within %d s: it goes on; `regionshift status` shows how far, and "
        "the daemon's log says what Route 53 answers\n",
        DONE_WAIT_MS / 1000);
    return CODE_FAILED;
}

static int do_it(const struct arguments *arguments, struct client *client)
{
    struct reply reply = {0};
    int code = client_ask(client, "/api/v1/init", json_object(), &reply);

    if (code == 0)
        code = reply_code(&reply);
    reply_clear(&reply);
    if (code == 0)
        code = wait_for_it(client, &reply);
    if (code == 0 && arguments->json)
        fputs(reply.text, stdout);
    else if (code == 0)
        print_done(reply.body);
    reply_clear(&reply);
    return code;
}

static int show_and_do(const struct arguments *arguments, struct client *client)
{
    struct reply listing;
    int code = list(client, &listing);
    int fresh = 0;

    if (code != 0)
        return code;
    if (arguments->json && !arguments->yes)
        fputs(listing.text, stdout);
    else if (!arguments->json)
        fresh = print_listing(listing.body);
    if (!arguments->json)
        terraform_hint(json_object_get(listing.body, "managed"));
    reply_clear(&listing);
    if (fresh < 0)
        return CODE_REFUSED;
    if (arguments->yes)
        return do_it(arguments, client);
    if (!arguments->json && fresh > 0)
        printf("\nnothing was written; `regionshift init --yes` does it\n");
    return CODE_GOOD;
}

static int show_terraform(const struct arguments *arguments)
{
    struct reply reply;
    int code;

    if (!client_show(arguments, "/api/v1/init", NULL, &reply, &code))
        return code;
    terraform_print(json_object_get(reply.body, "managed"));
    reply_clear(&reply);
    return CODE_GOOD;
}

int run_init(const struct arguments *arguments)
{
    struct client *client = NULL;
    int code;

    if (arguments->terraform)
        return show_terraform(arguments);
    if (arguments->store)
        return run_init_store(arguments);
    if (arguments->health_checks)
        return run_init_health(arguments);
    code = client_open(arguments, &client);
    if (code == 0)
        code = show_and_do(arguments, client);
    client_close(client);
    return code;
}
