/* SPDX-License-Identifier: Apache-2.0 */
/* crosschecks_groups.c: can each group be decided on and moved as a whole (D1-D6)? */
#include "crosschecks.h"

#include <string.h>

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* The site of a service in a region, NULL when it has none there. */
static const struct site *site_in(const struct settings *settings, uint32_t service,
                                  uint32_t region)
{
    const struct service *s = &settings->services[service];
    for (uint32_t i = s->first_site; i < s->first_site + s->site_count; i++) {
        if (settings->sites[i].region == region)
            return &settings->sites[i];
    }
    return NULL;
}

static bool in_order(const struct group *group, uint32_t region)
{
    for (uint32_t i = 0; i < group->order_count; i++) {
        if (group->order[i] == region)
            return true;
    }
    return false;
}

/* Whether a group names a service that is not there: reported, and half a group is not judged. */
static bool is_incomplete(const struct inspection *in, uint32_t group)
{
    return in->settings->groups[group].service_count <
           draft_groups(in->draft)[group].services.count;
}

/* ---- membership ---- */

void check_duplicate_group(struct inspection *in)
{
    for (uint32_t i = 0; i < in->settings->group_count; i++) {
        if (settings_group(in->settings, in->settings->groups[i].name) < i)
            inspect_complain(in, place_of_group(i, "name"), "\"%s\" is taken; give it another name",
                             in->settings->groups[i].name);
    }
}

void check_service_in_no_group(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->group_count; i++) {
        if (is_incomplete(in, i))
            return;
    }
    for (uint32_t i = 0; i < settings->service_count; i++) {
        if (settings->services[i].group == NONE)
            inspect_complain(in, place_of_service(i, "name"),
                             "\"%s\" is in no group, so nothing would ever be decided for it; list "
                             "it in the services of one",
                             settings->services[i].name);
    }
}

/* Does an earlier group, or this one before that place, name the service? */
static bool is_claimed(const struct inspection *in, uint32_t group, uint32_t index)
{
    const struct text_list *names = &draft_groups(in->draft)[group].services;
    uint32_t service = settings_service(in->settings, names->items[index]);
    if (service != NONE && in->settings->services[service].group != group)
        return true;
    for (uint32_t i = 0; i < index; i++) {
        if (same(names->items[i], names->items[index]))
            return true;
    }
    return false;
}

void check_service_in_two_groups(struct inspection *in)
{
    for (uint32_t i = 0; i < in->draft->groups.count; i++) {
        const struct text_list *names = &draft_groups(in->draft)[i].services;
        for (uint32_t j = 0; j < names->count; j++) {
            struct place list = place_of_group(i, "services");
            if (is_claimed(in, i, j))
                inspect_complain(in, place_of("%s.[%u]", list.text, j),
                                 "\"%s\" is in a group already, and two decisions would fight over "
                                 "it; list it once",
                                 names->items[j]);
        }
    }
}

void check_nothing_required(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->group_count; i++) {
        const struct group *group = &settings->groups[i];
        bool is_required = !group->together;
        for (uint32_t j = 0; j < group->service_count; j++)
            is_required |= settings->services[group->services[j]].required;
        if (!is_required)
            inspect_complain(in, place_of_group(i, "together"),
                             "none of its services is required, so no failure would ever move it; "
                             "set required = true for one");
    }
}

/* ---- order ---- */

static void find_region_missing(struct inspection *in, uint32_t index)
{
    const struct settings *settings = in->settings;
    const struct group *group = &settings->groups[index];
    for (uint32_t region = 0; region < settings->region_count; region++) {
        bool is_used = false;
        for (uint32_t j = 0; j < group->service_count; j++)
            is_used |= site_in(settings, group->services[j], region) != NULL;
        if (is_used && !in_order(group, region) && region != group->fallback_region)
            inspect_complain(in, place_of_group(index, "order"),
                             "\"%s\" has sites of this group and is not listed; list every region "
                             "once, the most wanted first",
                             settings->regions[region]);
        if (!is_used && in_order(group, region))
            inspect_complain(in, place_of_group(index, "order"),
                             "\"%s\" has no site of this group; leave it out, or add the sites",
                             settings->regions[region]);
    }
}

static void find_region_twice(struct inspection *in, uint32_t index)
{
    const struct group *group = &in->settings->groups[index];
    for (uint32_t i = 0; i < group->order_count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (group->order[i] == group->order[j])
                inspect_complain(in, place_of_group(index, "order"),
                                 "\"%s\" is listed twice; list every region once",
                                 in->settings->regions[group->order[i]]);
        }
    }
}

void check_order_lists_every_region(struct inspection *in)
{
    for (uint32_t i = 0; i < in->settings->group_count; i++) {
        if (is_incomplete(in, i))
            continue;
        find_region_missing(in, i);
        find_region_twice(in, i);
    }
}

void check_site_missing(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->group_count; i++) {
        const struct group *group = &settings->groups[i];
        for (uint32_t j = 0; j < group->service_count; j++) {
            const struct service *service = &settings->services[group->services[j]];
            for (uint32_t k = 0; k < group->order_count && service->required; k++) {
                if (site_in(settings, group->services[j], group->order[k]) == NULL)
                    inspect_complain(in, place_of_service(group->services[j], "sites"),
                                     "\"%s\" is required and has no site in %s, so group \"%s\" "
                                     "could not serve there; add one, or set required = false",
                                     service->name, settings->regions[group->order[k]],
                                     group->name);
            }
        }
    }
}

/* ---- weights ---- */

void check_order_against_weights(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->group_count; i++) {
        const struct group *group = &settings->groups[i];
        for (uint32_t j = 0; j < group->service_count && group->order_count > 0; j++) {
            const struct site *first = site_in(settings, group->services[j], group->order[0]);
            if (first != NULL && first->weight == 0)
                inspect_complain(in, place_of_group(i, "order"),
                                 "%s stands first, and %s has weight 0 in normal times; put the "
                                 "region that serves first",
                                 settings->regions[group->order[0]], first->name);
        }
    }
}

/* Whether both services send traffic to the same regions in normal times. */
static bool agree_on_regions(const struct settings *settings, uint32_t a, uint32_t b,
                             const struct group *group)
{
    for (uint32_t i = 0; i < group->order_count; i++) {
        const struct site *x = site_in(settings, a, group->order[i]);
        const struct site *y = site_in(settings, b, group->order[i]);
        if (x != NULL && y != NULL && (x->weight > 0) != (y->weight > 0))
            return false;
    }
    return true;
}

void check_weights_disagree(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->group_count; i++) {
        const struct group *group = &settings->groups[i];
        for (uint32_t j = 1; j < group->service_count && group->together; j++) {
            if (!agree_on_regions(settings, group->services[0], group->services[j], group))
                inspect_complain(in, place_of_service(group->services[j], "sites"),
                                 "\"%s\" and \"%s\" move together and serve from different regions "
                                 "in normal times; give both weight in the same ones",
                                 settings->services[group->services[j]].name,
                                 settings->services[group->services[0]].name);
        }
    }
}

/* ---- fallback ---- */

void check_fallback_missing(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->group_count; i++) {
        const struct group *group = &settings->groups[i];
        if (group->all_down != ALL_DOWN_FALLBACK)
            continue;
        if (draft_groups(in->draft)[i].fallback[0] == '\0')
            inspect_complain(in, place_of_group(i, "all_down"),
                             "\"fallback\" needs to know where; name the region in fallback");
        for (uint32_t j = 0; j < group->service_count && group->fallback_region != NONE; j++) {
            if (site_in(settings, group->services[j], group->fallback_region) == NULL)
                inspect_complain(in, place_of_group(i, "fallback"),
                                 "\"%s\" has no site in %s; give every service of the group one",
                                 settings->services[group->services[j]].name,
                                 settings->regions[group->fallback_region]);
        }
    }
}

void check_fallback_in_order(struct inspection *in)
{
    for (uint32_t i = 0; i < in->settings->group_count; i++) {
        const struct group *group = &in->settings->groups[i];
        if (group->fallback_region != NONE && in_order(group, group->fallback_region))
            inspect_complain(in, place_of_group(i, "fallback"),
                             "\"%s\" stands in order too; the region of last resort is not judged, "
                             "leave it out there",
                             in->settings->regions[group->fallback_region]);
    }
}

void check_fallback_unused(struct inspection *in)
{
    for (uint32_t i = 0; i < in->settings->group_count; i++) {
        if (draft_groups(in->draft)[i].fallback[0] != '\0' &&
            in->settings->groups[i].all_down != ALL_DOWN_FALLBACK)
            inspect_complain(
                in, place_of_group(i, "fallback"),
                "is never used with all_down = \"hold\"; write all_down = \"fallback\", "
                "or leave it out");
    }
}

void check_fallback_serves(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->site_count; i++) {
        const struct site *site = &settings->sites[i];
        uint32_t group = settings->services[site->service].group;
        if (group != NONE && settings->groups[group].fallback_region == site->region &&
            site->weight > 0)
            inspect_complain(in, place_of_site(settings, i, "weight"),
                             "the region of last resort would serve in normal times; give it 0");
    }
}

/* ---- failback, dwell, budget ---- */

void check_steps_rise(struct inspection *in)
{
    for (uint32_t i = 0; i < in->settings->group_count; i++) {
        const struct group *group = &in->settings->groups[i];
        bool rises = group->step_count == 0 || group->steps_pct[group->step_count - 1] == 100;
        for (uint32_t j = 1; j < group->step_count; j++)
            rises = rises && group->steps_pct[j] > group->steps_pct[j - 1];
        if (!rises)
            inspect_complain(in, place_of_group(i, "failback.steps"),
                             "the steps must rise and end with 100, as in [ 10, 50, 100 ]");
    }
}

/* The record of a group whose clients are the last to follow a move; of several, the file's first.
 */
static const struct service_record *slowest_of(const struct settings *settings,
                                               const struct group *group)
{
    const struct service_record *slowest = NULL;
    for (uint32_t i = 0; i < group->service_count; i++) {
        const struct service *service = &settings->services[group->services[i]];
        for (uint32_t j = 0; j < service->record_count; j++) {
            const struct service_record *record = &settings->records[service->first_record + j];
            if (slowest == NULL || record->ttl_s > slowest->ttl_s ||
                (record->ttl_s == slowest->ttl_s && record < slowest))
                slowest = record;
        }
    }
    return slowest;
}

void check_dwell_below_ttl(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->group_count; i++) {
        const struct group *group = &settings->groups[i];
        const struct service_record *record = slowest_of(settings, group);
        if (record != NULL && group->dwell_ms < record->ttl_s * 1000)
            inspect_complain(in, place_of_group(i, "dwell"),
                             "the next move could come before clients of \"%s\" have seen the last "
                             "one (ttl %lld s); dwell at least as long",
                             settings->services[record->service].name, (long long)record->ttl_s);
    }
}

void check_budget_small(struct inspection *in)
{
    const struct settings *settings = in->settings;
    uint32_t moves = 0;
    for (uint32_t i = 0; i < settings->group_count; i++)
        moves += settings->groups[i].together ? 1 : settings->groups[i].service_count;
    if (settings->limit_budget < moves)
        inspect_complain(in, place_of("limits.budget"),
                         "leaving one region takes up to %u moves, and only %u are allowed within "
                         "the window; raise it to %u",
                         moves, settings->limit_budget, moves);
}

/* ---- beacons ---- */

static const struct beacon_word *word_of(const struct group *group, uint32_t region)
{
    for (uint32_t i = 0; i < group->word_count; i++) {
        if (group->words[i].region == region)
            return &group->words[i];
    }
    return NULL;
}

void check_beacons_without_words(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->group_count; i++) {
        const struct group *group = &settings->groups[i];
        for (uint32_t j = 0; j < group->order_count && group->beacons; j++) {
            const struct beacon_word *word = word_of(group, group->order[j]);
            if (word == NULL || (in->frozen->with_secrets && word->word[0] == '\0'))
                inspect_complain(in, place_of_group(i, "beacons"),
                                 "%s has no word, so its beacon could never speak; add { region = "
                                 "\"%s\"; word = \"file:/PATH\"; } to beacon_words",
                                 settings->regions[group->order[j]],
                                 settings->regions[group->order[j]]);
        }
    }
}

void check_beacon_words(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->group_count; i++) {
        const struct group *group = &settings->groups[i];
        for (uint32_t j = 0; j < group->word_count; j++) {
            const struct beacon_word *word = &group->words[j];
            if (!in_order(group, word->region))
                inspect_complain(in, place_of_group(i, "beacon_words"),
                                 "%s is not in order; give words to the regions there only",
                                 settings->regions[word->region]);
            for (uint32_t k = 0; k < j; k++) {
                if (group->words[k].region == word->region)
                    inspect_complain(in, place_of_group(i, "beacon_words"),
                                     "%s has two words; give it one",
                                     settings->regions[word->region]);
                else if (word->word[0] != '\0' && same(word->word, group->words[k].word))
                    inspect_complain(in, place_of_group(i, "beacon_words"),
                                     "%s and %s have the same word, so leaving one would leave "
                                     "both; give each its own",
                                     settings->regions[group->words[k].region],
                                     settings->regions[word->region]);
            }
        }
    }
}

void check_beacons_unheard(struct inspection *in)
{
    for (uint32_t i = 0; i < in->settings->group_count; i++) {
        if (in->settings->groups[i].beacons && in->settings->http_listen[0] == '\0' &&
            in->settings->http_beacons[0] == '\0')
            inspect_complain(in, place_of_group(i, "beacons"),
                             "nobody can read a beacon with http.listen and http.beacons empty; "
                             "give http.beacons IP:PORT");
    }
}
