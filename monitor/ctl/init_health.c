/* SPDX-License-Identifier: Apache-2.0 */
/* regionshift init --health-checks: Route 53's own checkers, made to read the beacons. Shows what
 * would be there and what it costs; with --yes makes it, waits, attaches it. */
#include "init_health.h"

#include <stdio.h>
#include <string.h>

#include "render.h"

enum { POOL_MAX = 64 * 1024 * 1024 };

/* ---- what is refused ---- */

static int refuse(const char *text)
{
    fprintf(stderr, "regionshift: %s\n", text);
    return CODE_USAGE;
}

/* All in one account: a health check of another one could not be kept apart from strangers'. */
static int check_settings(const struct settings *settings)
{
    const struct hosted_zone *first = NULL;
    bool any = false;

    for (uint32_t g = 0; g < settings->group_count; g++)
        any |= settings->groups[g].beacons;

    for (uint32_t g = 0; g < settings->group_count; g++) {
        const struct group *group = &settings->groups[g];
        const struct hosted_zone *zone =
            &settings->zones[settings_own_record(settings, group->services[0])->zone];

        if (any && !group->beacons)
            continue; /* without any: where checks of an earlier day may be */
        if (first != NULL && strcmp(first->role, zone->role) != 0)
            return refuse(
                "groups (with beacons) are in zones of different roles, and so perhaps of "
                "different accounts: give each a settings file of its own");
        if (first == NULL)
            first = zone;
    }
    return CODE_GOOD;
}

/* Somebody else's check under one of our references, or one that changed its kind. */
static int check_foreign(const struct health_plan *plan)
{
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct health_item *item = &plan->items[i];

        if (item->step != HEALTH_FOREIGN)
            continue;
        fprintf(stderr, "regionshift: health check %s (%s): %s; delete it, or look who made it\n",
                item->found->id, item->name, item->differs);
        return CODE_REFUSED;
    }
    return CODE_GOOD;
}

static int check_rotation(const struct checkup *checkup)
{
    const struct settings *settings = checkup->settings;

    if (!checkup->arguments->rotate)
        return CODE_GOOD;
    for (uint32_t g = 0; g < settings->group_count; g++) {
        for (uint32_t i = 0; i < settings->groups[g].word_count; i++) {
            const struct beacon_word *word = &settings->groups[g].words[i];
            const json_t *region = checkup_region(checkup, g, word->region);

            if (word->next[0] == '\0')
                continue;
            if (number_of(region, "words") < 2) {
                fprintf(stderr,
                        "regionshift: not now: the daemon does not say the next word of %s yet: "
                        "reload every probe with it first\n",
                        settings->regions[word->region]);
                return CODE_REFUSED;
            }
            return CODE_GOOD;
        }
    }
    return refuse("--rotate: no region has a next word (groups[].beacon_words[].next)");
}

/* ---- the course ---- */

static int do_it(struct checkup *checkup)
{
    int code = checkup_make(checkup);

    if (code == CODE_GOOD)
        code = check_foreign(checkup->plan);
    if (code == CODE_GOOD)
        code = checkup_wait(checkup);
    if (code == CODE_GOOD)
        code = checkup_attach(checkup);
    if (code != CODE_GOOD)
        return code;
    checkup->is_done = true;
    if (checkup->arguments->json)
        show_checkup_json(checkup);
    else
        show_checkup_done(checkup);
    return CODE_GOOD;
}

/* No group has beacons any more: nothing is made, and what was made is named. */
static int show_what_is_left(const struct checkup *checkup)
{
    if (checkup->plan->left_over_count == 0 || checkup->arguments->rotate)
        return refuse("no group has beacons = true");
    if (checkup->arguments->json)
        show_checkup_json(checkup);
    else
        show_checkup(checkup);
    return CODE_GOOD;
}

static int show_or_do(struct checkup *checkup)
{
    int code = checkup_look(checkup);

    if (code == CODE_GOOD && checkup->plan->count == 0)
        return show_what_is_left(checkup);
    if (code == CODE_GOOD)
        code = check_rotation(checkup);
    if (code != CODE_GOOD)
        return code;
    if (!checkup->arguments->json)
        show_checkup(checkup);
    code = check_foreign(checkup->plan);
    if (code == CODE_GOOD && checkup->arguments->yes)
        return do_it(checkup);
    if (code == CODE_GOOD && checkup->arguments->json)
        show_checkup_json(checkup);
    else if (code == CODE_GOOD)
        printf("\nnothing was written; `regionshift init --health-checks --yes` does it\n");
    return code;
}

static int set_up(const struct arguments *arguments, const struct settings *settings)
{
    struct checkup checkup = {.arguments = arguments, .settings = settings};
    char error[256] = "out of memory";
    int code = check_settings(settings);

    checkup.pool = pool_create(POOL_MAX);
    if (code == CODE_GOOD &&
        (checkup.pool == NULL || health_plan_make(settings, arguments->rotate, checkup.pool,
                                                  &checkup.plan, error, sizeof(error)) != 0))
        code = refuse(error);
    if (code == CODE_GOOD)
        code = client_open(arguments, &checkup.client);
    if (code == CODE_GOOD && health_session_open(settings, &checkup.session) != 0)
        code = CODE_FAILED;
    if (code == CODE_GOOD)
        code = show_or_do(&checkup);
    health_session_close(checkup.session);
    client_close(checkup.client);
    json_decref(checkup.listing);
    pool_destroy(checkup.pool);
    return code;
}

int run_init_health(const struct arguments *arguments)
{
    const char *file = arguments->file != NULL ? arguments->file : DEFAULT_FILE;
    struct settings_report report = {0};
    struct settings *settings = NULL;
    int code;

    if (settings_load(file, NULL, &settings, &report) < 0) {
        settings_report_print(&report, file, stderr);
        fputs("regionshift: the health checks look for the beacons' words, so the settings are "
              "read with their secrets: run this as somebody who may\n",
              stderr);
        code = CODE_USAGE;
    } else {
        code = set_up(arguments, settings);
    }
    settings_report_clear(&report);
    settings_destroy(settings);
    return code;
}
