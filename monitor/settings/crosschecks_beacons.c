/* SPDX-License-Identifier: Apache-2.0 */
/* Beacons, as Route 53's health checkers have to find them (B2): who can be asked, where, and
 * whether the checks that follow from the settings are ones that Route 53 takes. */
#include <string.h>

#include "crosschecks.h"
#include "health_check.h"
#include "url.h"

static bool any_beacons(const struct settings *settings)
{
    for (uint32_t i = 0; i < settings->group_count; i++) {
        if (settings->groups[i].beacons)
            return true;
    }
    return false;
}

static uint32_t place_count(const struct settings *settings)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < settings->elector_count; i++)
        count += settings->electors[i].beacon.url[0] != '\0';
    return count;
}

/* ---- who can be asked ---- */

void check_beacon_quorum(struct inspection *in)
{
    const struct settings *settings = in->settings;
    uint32_t places = place_count(settings);
    if (any_beacons(settings) && places > 0 && places < settings->quorum_down)
        inspect_complain(in, place_of("quorum.probes"),
                         "%u of the probes have a beacon, and %u must say that a region is to be "
                         "left; give beacon = \"http://HOST:PORT\" to more of them",
                         places, settings->quorum_down);
}

void check_beacons_unasked(struct inspection *in)
{
    if (any_beacons(in->settings) && place_count(in->settings) == 0)
        inspect_complain(in, place_of("quorum.probes"),
                         "groups have beacons, and no probe says where they are reached; give "
                         "beacon = \"http://HOST:PORT\" to each, and run regionshift init "
                         "--health-checks");
}

void check_beacon_twice(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->elector_count; i++) {
        const struct beacon_place *place = &settings->electors[i].beacon;
        for (uint32_t j = 0; j < i && place->url[0] != '\0'; j++) {
            const struct beacon_place *other = &settings->electors[j].beacon;
            if (other->url[0] != '\0' && strcmp(place->host, other->host) == 0 &&
                place->port == other->port && strcmp(place->path, other->path) == 0)
                inspect_complain(in, place_of_elector(i, "beacon"),
                                 "%s has the same, so that one probe would speak for two; give "
                                 "each its own",
                                 settings->electors[j].name);
        }
    }
}

/* ---- where ---- */

static bool is_private(const char *host)
{
    static const char *const prefixes[] = {"10.",       "127.",  "192.168.", "169.254.", "::1",
                                           "localhost", "fe80:", "fc",       "fd"};
    unsigned second = 0;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        if (strncmp(host, prefixes[i], strlen(prefixes[i])) == 0 &&
            (is_ip_literal(host) || strcmp(host, "localhost") == 0))
            return true;
    }
    if (!is_ip_literal(host) || strncmp(host, "172.", 4) != 0)
        return false;
    for (const char *digit = host + 4; *digit >= '0' && *digit <= '9'; digit++)
        second = second * 10 + (unsigned)(*digit - '0');
    return second >= 16 && second <= 31;
}

static size_t longest_path(const struct settings *settings)
{
    size_t longest = 0;
    for (uint32_t i = 0; i < settings->group_count; i++) {
        const struct group *group = &settings->groups[i];
        for (uint32_t j = 0; group->beacons && j < group->order_count; j++) {
            size_t length = strlen("/beacon//") + strlen(group->name) +
                            strlen(settings->regions[group->order[j]]);
            longest = length > longest ? length : longest;
        }
    }
    return longest;
}

void check_beacon_place(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->elector_count; i++) {
        const struct beacon_place *place = &settings->electors[i].beacon;
        if (strchr(place->url, '?') != NULL)
            inspect_complain(in, place_of_elector(i, "beacon"),
                             "/beacon/GROUP/REGION is appended to it, so it takes no query");
        else if (strlen(place->path) + longest_path(settings) > HEALTH_PATH_MAX)
            inspect_complain(in, place_of_elector(i, "beacon"),
                             "with /beacon/GROUP/REGION its path is longer than the %d characters "
                             "that Route 53 takes",
                             HEALTH_PATH_MAX);
    }
}

void check_beacon_private(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->elector_count; i++) {
        if (is_private(settings->electors[i].beacon.host))
            inspect_complain(in, place_of_elector(i, "beacon"),
                             "Route 53's health checkers come from the internet and do not reach "
                             "%s; give a public name or address",
                             settings->electors[i].beacon.host);
    }
}

/* ---- what is said ---- */

void check_beacon_next(struct inspection *in)
{
    for (uint32_t i = 0; i < in->settings->group_count; i++) {
        const struct group *group = &in->settings->groups[i];
        for (uint32_t j = 0; j < group->word_count; j++) {
            for (uint32_t k = 0; k < group->word_count; k++) {
                const char *next = group->words[j].next;
                if (next[0] != '\0' && (strcmp(next, group->words[k].word) == 0 ||
                                        (k < j && strcmp(next, group->words[k].next) == 0)))
                    inspect_complain(in, place_of_group(i, "beacon_words"),
                                     "the next word of %s is one that is in use already; give it a "
                                     "new one",
                                     in->settings->regions[group->words[j].region]);
            }
        }
    }
}

static bool is_plain(const char *word)
{
    for (; *word != '\0'; word++) {
        if (*word < 0x21 || *word > 0x7e)
            return false;
    }
    return true;
}

void check_beacon_letters(struct inspection *in)
{
    for (uint32_t i = 0; i < in->settings->group_count; i++) {
        const struct group *group = &in->settings->groups[i];
        for (uint32_t j = 0; j < group->word_count; j++) {
            if (!is_plain(group->words[j].word) || !is_plain(group->words[j].next))
                inspect_complain(in, place_of_group(i, "beacon_words"),
                                 "a word of %s has a blank or a letter outside of ASCII; use the "
                                 "letters of openssl rand -hex 16",
                                 in->settings->regions[group->words[j].region]);
        }
    }
}

/* ---- the groups ---- */

void check_beacons_apart(struct inspection *in)
{
    for (uint32_t i = 0; i < in->settings->group_count; i++) {
        const struct group *group = &in->settings->groups[i];
        if (group->beacons && !group->together && group->service_count > 1)
            inspect_complain(in, place_of_group(i, "beacons"),
                             "a beacon speaks for a whole region, and these services move apart: "
                             "it is lit only when all of them have left; set together = true, or "
                             "give each service a group");
    }
}

/* ---- the health checks ---- */

void check_health_interval(struct inspection *in)
{
    if (in->settings->health_interval_s != 10 && in->settings->health_interval_s != 30)
        inspect_complain(in, place_of("health_checks.interval"), "Route 53 knows 10 and 30");
}

void check_health_regions(struct inspection *in)
{
    static const char *const known[] = {"us-east-1",      "us-west-1",      "us-west-2",
                                        "eu-west-1",      "ap-southeast-1", "ap-southeast-2",
                                        "ap-northeast-1", "sa-east-1"};
    const struct settings *settings = in->settings;
    if (settings->health_region_count > 0 && settings->health_region_count < 3)
        inspect_complain(in, place_of("health_checks.regions"),
                         "Route 53 wants three regions of checkers at least, or none named");
    for (uint32_t i = 0; i < settings->health_region_count; i++) {
        bool found = false;
        for (size_t j = 0; j < sizeof known / sizeof *known; j++)
            found = found || strcmp(known[j], settings->health_regions[i]) == 0;
        for (uint32_t j = 0; j < i; j++)
            found = found && strcmp(settings->health_regions[i], settings->health_regions[j]) != 0;
        if (!found)
            inspect_complain(in, place_of("health_checks.regions"),
                             "\"%s\" is given twice, or is no region where Route 53 has checkers: "
                             "us-east-1, us-west-1, us-west-2, eu-west-1, ap-southeast-1, "
                             "ap-southeast-2, ap-northeast-1, sa-east-1",
                             settings->health_regions[i]);
    }
}
