/* SPDX-License-Identifier: Apache-2.0 */
/* crosschecks_members.c: the checks of a site together: their names, and the groups
 * among them. */
#include "crosschecks.h"

#include <string.h>

#include "pairs.h"

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static const struct draft_site *draft_site_of(const struct inspection *in, uint32_t site)
{
    const struct settings *settings = in->settings;
    uint32_t service = settings->sites[site].service;
    return &draft_sites(
        &draft_services(in->draft)[service])[site - settings->services[service].first_site];
}

/* ---- names ---- */

void check_duplicate_check(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        const struct check *check = &settings->checks[i];
        for (uint32_t j = settings->sites[check->site].first_check; j < i; j++) {
            if (check->name[0] != '\0' && same(settings->checks[j].name, check->name))
                inspect_complain(in, place_of_check(settings, i, "name"),
                                 "\"%s\" is the name of another check of this site; each its own",
                                 check->name);
        }
    }
}

/* NULL: it is no job, or has no name. */
static const char *job_of(const struct settings *settings, uint32_t check)
{
    const struct check *c = &settings->checks[check];
    return c->kind == CHECK_PUSH && c->name[0] != '\0' ? c->name : NULL;
}

static void compare_jobs(struct inspection *in, uint32_t older, uint32_t newer)
{
    const struct settings *settings = in->settings;
    const struct check *a = &settings->checks[newer];
    const struct check *b = &settings->checks[older];
    if (a->site != b->site)
        inspect_complain(in, place_of_check(settings, newer, "name"),
                         "\"%s\" reports for %s already, and both would hear it; call the "
                         "job of each site by a name of its own",
                         a->name, settings->sites[b->site].name);
}

void check_duplicate_job(struct inspection *in)
{
    pairs_same(in, in->settings->check_count, job_of, compare_jobs);
}

/* ---- levels ---- */

void check_level_of_member(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        const struct check *check = &settings->checks[i];
        if (check->is_member && check->level != LEVEL_REQUIRED)
            inspect_complain(in, place_of_check(settings, i, "level"),
                             "\"%s\" counts in its group only; give the level to the group",
                             check->name);
    }
}

/* ---- groups ---- */

/* NULL: none has it. */
static const struct check *find_check(const struct settings *settings, const struct site *site,
                                      const char *name)
{
    for (uint32_t i = site->first_check; i < site->first_check + site->check_count; i++) {
        if (same(settings->checks[i].name, name))
            return &settings->checks[i];
    }
    return NULL;
}

static void judge_member(struct inspection *in, uint32_t group, const struct text_list *of,
                         uint32_t index)
{
    const struct settings *settings = in->settings;
    const struct site *site = &settings->sites[settings->checks[group].site];
    const struct check *member = find_check(settings, site, of->items[index]);
    struct place list = place_of_check(settings, group, "of");
    struct place place = place_of("%s.[%u]", list.text, index);
    if (member == NULL)
        inspect_complain(in, place,
                         "\"%s\" is the name of no check of %s; a group counts checks of its own "
                         "site",
                         of->items[index], site->name);
    else if (member->kind == CHECK_GROUP)
        inspect_complain(in, place, "\"%s\" is a group itself; groups are not nested",
                         of->items[index]);
    for (uint32_t i = 0; i < index; i++) {
        if (same(of->items[i], of->items[index])) {
            inspect_complain(in, place, "\"%s\" is named twice, and would count twice",
                             of->items[index]);
            return;
        }
    }
}

/* Shows each group, as it was written, to look(). */
static void for_groups(struct inspection *in,
                       void (*look)(struct inspection *in, const struct draft_check *draft,
                                    uint32_t check))
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        uint32_t site = settings->checks[i].site;
        if (settings->checks[i].kind == CHECK_GROUP)
            look(in, &draft_checks(draft_site_of(in, site))[i - settings->sites[site].first_check],
                 i);
    }
}

static void look_at_members(struct inspection *in, const struct draft_check *draft, uint32_t check)
{
    for (uint32_t i = 0; i < draft->of.count; i++)
        judge_member(in, check, &draft->of, i);
    if (draft->need > (int64_t)draft->of.count && draft->of.count > 0)
        inspect_complain(in, place_of_check(in->settings, check, "need"),
                         "%lld of %u checks can never be good; at most as many as of names",
                         (long long)draft->need, draft->of.count);
}

void check_group_of_checks(struct inspection *in)
{
    for_groups(in, look_at_members);
}

static void look_at_timing(struct inspection *in, const struct draft_check *draft, uint32_t check)
{
    const struct draft_timing *own = &draft->timing;
    const struct draft_timing *common = &in->draft->checks;
    const struct {
        const char *key;
        bool differs;
    } keys[] = {
        {"interval", own->interval_ms != common->interval_ms},
        {"timeout", own->timeout_ms != common->timeout_ms},
        {"retry", own->retry_ms != common->retry_ms},
        {"fall", own->fall != common->fall},
        {"rise", own->rise != common->rise},
        {"window", own->window.bad != common->window.bad || own->window.of != common->window.of},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (keys[i].differs)
            inspect_complain(in, place_of_check(in->settings, check, keys[i].key),
                             "a group is what its members are, each in its own time; say it there");
    }
}

void check_timing_of_group(struct inspection *in)
{
    for_groups(in, look_at_timing);
}
