/* SPDX-License-Identifier: Apache-2.0 */
/* The fences that were shown go back with the order, so that what is done is what was seen: if
 * somebody writes to the zone in between, the daemon refuses. */
#include "glass.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "render.h"

bool glass_is_asked(const struct reply *reply)
{
    const json_t *error = json_object_get(reply->body, "error");

    return reply->status == 409 && strcmp(text_of(error, "code"), "confirm") == 0;
}

/* ---- what would be done ---- */

static void print_sites(const json_t *group)
{
    struct table *table = table_create(4);
    const json_t *site;
    size_t i;

    json_array_foreach(json_object_get(group, "sites"), i, site)
    {
        long long before = number_of(site, "weight_before");
        long long after = number_of(site, "weight_after");
        bool down = strcmp(text_of(site, "seen_here"), "down") == 0;

        table_add(table, STYLE_PLAIN, "%s", text_of(site, "site"));
        table_add(table, STYLE_PLAIN, "weight %lld", before);
        table_add(table, after != before ? STYLE_WARN : STYLE_DIM, "-> %lld", after);
        table_add(table, down ? STYLE_BAD : STYLE_PLAIN, "seen from here: %s",
                  text_of(site, "seen_here"));
    }
    table_finish(table, 2);
}

static void print_group(const json_t *group)
{
    const json_t *refused = json_object_get(group, "refused");

    printf("\ngroup ");
    render_styled(STYLE_HEAD, text_of(group, "group"));
    if (json_is_object(refused)) {
        printf(": stays as it is: ");
        render_text(stdout, text_of(refused, "rule"));
        printf(" ");
        render_text(stdout, text_of(refused, "text"));
        printf("\n");
        return;
    }
    printf(": the fence of epoch %lld is replaced by epoch %lld\n", number_of(group, "fence"),
           number_of(group, "epoch"));
    print_sites(group);
    print_batches(json_object_get(group, "change"));
}

static void print_shown(const json_t *body)
{
    const json_t *member;
    size_t i;

    render_styled(STYLE_BAD, "the store is away");
    printf(": break-glass through probe ");
    render_text(stdout, text_of(body, "probe"));
    printf(" would drain ");
    render_styled(STYLE_HEAD, text_of(body, "region"));
    printf("\n");
    json_array_foreach(json_object_get(body, "groups"), i, member)
    {
        print_group(member);
    }
    printf("\nwhat this gives up:\n");
    json_array_foreach(json_object_get(body, "gives_up"), i, member)
    {
        printf("  - ");
        render_text(stdout, json_string_value(member));
        printf("\n");
    }
}

/* ---- the confirmation ---- */

static int refuse(const char *what)
{
    fprintf(stderr, "regionshift: not now: %s; nothing was changed\n", what);
    return CODE_REFUSED;
}

/* The region's name, typed: a habit of typing "y" does not break glass. */
static int ask(const char *region)
{
    char line[256];

    printf("\ntype the region's name to do this: ");
    fflush(stdout);
    if (fgets(line, sizeof(line), stdin) == NULL)
        return refuse("no answer");
    line[strcspn(line, "\r\n")] = '\0';
    return strcmp(line, region) == 0 ? 0 : refuse("that is not the region's name");
}

int glass_confirm(const struct arguments *arguments, const struct reply *reply, json_t **ret_fences)
{
    json_t *fences = json_object_get(reply->body, "break_glass");
    int code = 0;

    if (!arguments->json)
        print_shown(reply->body);
    else if (!arguments->yes)
        fputs(reply->text, stdout);
    if (!arguments->yes && (arguments->json || !isatty(STDIN_FILENO)))
        code = refuse("the store is away, and breaking the glass takes a confirmation: at a "
                      "terminal, or with --yes");
    else if (!arguments->yes)
        code = ask(text_of(reply->body, "region"));
    if (code == 0)
        *ret_fences = json_incref(fences);
    return code;
}
