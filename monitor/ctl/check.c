/* SPDX-License-Identifier: Apache-2.0 */
/* regionshift check: makes checks by hand and explains them, as `curl -v` explains a transfer. The
 * prober and the assertions are the daemon's; no daemon is needed, none is asked, and no vote or
 * result leaves this process. */
#include "check.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../settings/nearest.h"
#include "render.h"

static bool is_url(const char *name)
{
    return strstr(name, "://") != NULL;
}

/* ---- a site of the settings ---- */

static int unknown_site(const struct settings *settings, const char *name)
{
    struct nearest nearest = nearest_to(name);

    for (uint32_t i = 0; i < settings->site_count; i++)
        nearest_try(&nearest, settings->sites[i].name);
    fprintf(stderr, "regionshift: %s: the settings have no site '", settings->file);
    render_text(stderr, name);
    fputs("'", stderr);
    if (nearest.best != NULL)
        fprintf(stderr, "; did you mean %s?", nearest.best);
    fputs(" There are:", stderr);
    for (uint32_t i = 0; i < settings->site_count; i++)
        fprintf(stderr, " %s", settings->sites[i].name);
    fputs("\nor give a URL, as https://HOST/PATH or tcp://HOST:PORT\n", stderr);
    return CODE_USAGE;
}

static uint32_t find_site(const struct settings *settings, const char *name)
{
    for (uint32_t i = 0; i < settings->site_count; i++) {
        if (strcmp(settings->sites[i].name, name) == 0)
            return i;
    }
    return NONE;
}

static int unknown_check(const struct settings *settings, const struct site *site, const char *name)
{
    char label[CHECK_LABEL_MAX + 1];

    fprintf(stderr, "regionshift: %s has no check '", site->name);
    render_text(stderr, name);
    fputs("'. It has:", stderr);
    for (uint32_t i = 0; i < site->check_count; i++) {
        check_label(settings, site->first_check + i, label);
        fprintf(stderr, " %s", label);
    }
    fputs(site->check_count > 0 ? "\n" : " none\n", stderr);
    return CODE_USAGE;
}

/* ---- which checks ---- */

static void add_check(struct look *look, uint32_t index)
{
    struct looked *looked = &look->checks[look->count++];

    looked->check = &look->settings->checks[index];
    check_label(look->settings, index, looked->label);
}

/* All checks of a site, or the one of this name. A group is judged by its members, so they come
 * with it. */
static bool is_wanted(const struct look *look, uint32_t index, const char *name)
{
    const struct settings *settings = look->settings;
    const struct site *site = &settings->sites[settings->checks[index].site];
    char label[CHECK_LABEL_MAX + 1];

    check_label(settings, index, label);
    if (name == NULL || strcmp(label, name) == 0)
        return true;
    for (uint32_t i = site->first_check; i < site->first_check + site->check_count; i++) {
        const struct check *group = &settings->checks[i];

        check_label(settings, i, label);
        if (group->kind != CHECK_GROUP || strcmp(label, name) != 0)
            continue;
        for (uint32_t m = 0; m < group->of.members->member_count; m++) {
            if (group->of.members->members[m] == index)
                return true;
        }
    }
    return false;
}

static int choose(const struct arguments *arguments, struct look *look)
{
    const struct settings *settings = look->settings;
    uint32_t at = look->is_url ? 0 : find_site(settings, arguments->name);
    const struct site *site;

    if (at == NONE)
        return unknown_site(settings, arguments->name);
    site = &settings->sites[at];
    look->checks = must(calloc((size_t)site->check_count + 1, sizeof(*look->checks)));
    for (uint32_t i = site->first_check; i < site->first_check + site->check_count; i++) {
        if (is_wanted(look, i, arguments->check))
            add_check(look, i);
    }
    if (look->count > 0)
        return -1;
    if (arguments->check != NULL)
        return unknown_check(settings, site, arguments->check);
    fprintf(stderr, "regionshift: %s has no checks: it only takes what others lose\n", site->name);
    return CODE_FAILED;
}

/* ---- the command ---- */

static bool is_all_good(const struct look *look)
{
    for (uint32_t i = 0; i < look->count; i++) {
        if (look->checks[i].check->kind != CHECK_PUSH &&
            check_class(look, &look->checks[i]) != RESULT_GOOD)
            return false;
    }
    return true;
}

static int look_at(const struct arguments *arguments, const struct settings *settings)
{
    struct look look = {.settings = settings, .is_url = is_url(arguments->name)};
    int code = choose(arguments, &look);

    if (code < 0)
        code = check_make(&look);
    if (code < 0) {
        if (arguments->json)
            check_show_json(&look);
        else
            check_show(&look);
        code = is_all_good(&look) ? CODE_GOOD : CODE_FAILED;
    }
    free(look.checks);
    return code;
}

static int load_file(const struct arguments *arguments, struct settings **ret_settings)
{
    const char *file = arguments->file != NULL ? arguments->file : DEFAULT_FILE;
    struct settings_report report = {0};
    int code = -1;

    if (settings_load_public(file, ret_settings, &report) < 0) {
        settings_report_print(&report, file, stderr);
        code = CODE_USAGE;
    }
    settings_report_clear(&report);
    return code;
}

static int wrong(const char *text)
{
    fprintf(stderr, "regionshift: %s\n", text);
    return CODE_USAGE;
}

static int check_options(const struct arguments *arguments)
{
    bool url = is_url(arguments->name);

    if (arguments->server != NULL)
        return wrong("check looks by itself, and asks no daemon: leave -s out");
    if (url && arguments->file != NULL)
        return wrong("a URL needs no settings: leave -c out, or name a site (SERVICE/REGION)");
    if (url && arguments->check != NULL)
        return wrong("--check chooses among the checks of a site (SERVICE/REGION)");
    if (!url && (arguments->expect != NULL || arguments->address != NULL))
        return wrong("--expect and --address belong to a URL: a site has them in its settings");
    return -1;
}

int run_check(const struct arguments *arguments)
{
    struct settings *settings = NULL;
    int code = check_options(arguments);

    signal(SIGPIPE, SIG_IGN); /* what a server closes under our hands is its answer */
    if (code < 0)
        code = is_url(arguments->name) ? check_settings_of_url(arguments, &settings)
                                       : load_file(arguments, &settings);
    if (code < 0)
        code = look_at(arguments, settings);
    settings_destroy(settings);
    return code;
}
