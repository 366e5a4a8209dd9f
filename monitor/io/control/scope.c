/* SPDX-License-Identifier: Apache-2.0 */
#include "scope.h"

static void add(struct group_scope *scope, uint32_t group)
{
    scope->groups[scope->count++] = group;
}

/* Sites and their checks. */
static uint32_t parts_of(const struct settings *settings, uint32_t group)
{
    const struct group *g = &settings->groups[group];
    uint32_t parts = g->site_count;

    for (uint32_t i = 0; i < g->site_count; i++)
        parts += settings->sites[g->sites[i]].check_count;
    return parts;
}

/* One at least, however large it is. */
static void add_standing_out(const struct control_sources *now, struct group_scope *scope)
{
    uint32_t groups = now->settings->group_count;
    uint32_t parts = 0;

    for (uint32_t i = 0; i < groups && scope->count < SCOPE_GROUPS_MAX; i++) {
        if (engine_group_is_calm(now->engine, i))
            continue;
        parts += parts_of(now->settings, i);
        if (parts > SCOPE_PARTS_MAX && scope->count > 0)
            return;
        add(scope, i);
    }
}

static bool is_small(const struct settings *settings)
{
    return settings->group_count <= SCOPE_GROUPS_MAX &&
           settings->site_count + settings->check_count <= SCOPE_PARTS_MAX;
}

bool scope_read(struct request *request, bool standing_out, struct group_scope *ret_scope)
{
    const struct control_sources *now = &request->now;
    const char *name = request_query(request, "group");
    uint32_t groups = now->settings->group_count;
    struct group_scope scope = {.count = 0};
    bool is_named = name != NULL && name[0] != '\0';
    uint32_t named = is_named ? piece_group(request, name) : NONE;

    if (is_named && named == NONE)
        return false;
    if (is_named)
        add(&scope, named);
    for (uint32_t i = 0; i < groups && is_small(now->settings) && !is_named; i++)
        add(&scope, i);
    if (!is_named && !is_small(now->settings) && standing_out)
        add_standing_out(now, &scope);
    scope.left_out = groups - scope.count;
    *ret_scope = scope;
    return true;
}
