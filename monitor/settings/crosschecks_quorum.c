/* SPDX-License-Identifier: Apache-2.0 */
/* crosschecks_quorum.c: can the electorate agree at all, and who may be missing when it must (A1,
 * A3)? */
#include "crosschecks.h"

#include <string.h>

/* A set of electors. PROBES_MAX of them fit. */
typedef uint64_t electors_t;

static electors_t everyone(const struct settings *settings)
{
    uint32_t count = settings->elector_count;
    return count >= 64 ? UINT64_MAX : ((electors_t)1 << count) - 1;
}

static bool has(electors_t electors, uint32_t elector)
{
    return (electors >> elector & 1) != 0;
}

static uint32_t count_of(electors_t electors)
{
    uint32_t count = 0;
    for (; electors != 0; electors &= electors - 1)
        count++;
    return count;
}

static electors_t those_inside(const struct settings *settings, uint32_t region)
{
    electors_t inside = 0;
    for (uint32_t i = 0; i < settings->elector_count; i++) {
        if (strcmp(settings->electors[i].place, settings->regions[region]) == 0)
            inside |= (electors_t)1 << i;
    }
    return inside;
}

static const char *vantage_of(const struct elector *elector)
{
    return elector->vantage;
}

static const char *owner_of(const struct elector *elector)
{
    return elector->owner;
}

/* How many different vantages or owners the electors have between them. */
static uint32_t count_distinct(const struct settings *settings, electors_t electors,
                               const char *(*of)(const struct elector *))
{
    uint32_t distinct = 0;
    for (uint32_t i = 0; i < settings->elector_count; i++) {
        bool is_first = has(electors, i);
        for (uint32_t j = 0; j < i && is_first; j++)
            is_first = !has(electors, j) ||
                       strcmp(of(&settings->electors[i]), of(&settings->electors[j])) != 0;
        distinct += is_first ? 1 : 0;
    }
    return distinct;
}

/* A3: could these electors agree that something is down? */
static bool can_agree_down(const struct settings *settings, electors_t electors)
{
    return count_of(electors) >= settings->quorum_down &&
           count_distinct(settings, electors, vantage_of) >= settings->quorum_vantages &&
           count_distinct(settings, electors, owner_of) >= settings->quorum_owners;
}

void check_quorum_reachable(struct inspection *in)
{
    const struct settings *settings = in->settings;
    if (settings->quorum_down > settings->elector_count)
        inspect_complain(in, place_of("quorum.down"),
                         "%u votes of %u probes can never be; at most %u", settings->quorum_down,
                         settings->elector_count, settings->elector_count);
    if (settings->quorum_up > settings->elector_count)
        inspect_complain(in, place_of("quorum.up"),
                         "%u votes of %u probes can never be; at most %u", settings->quorum_up,
                         settings->elector_count, settings->elector_count);
}

void check_quorum_majority(struct inspection *in)
{
    const struct settings *settings = in->settings;
    uint32_t least = settings->elector_count / 2 + 1;
    if (2 * settings->quorum_down <= settings->elector_count)
        inspect_complain(in, place_of("quorum.down"),
                         "%u of %u probes is no majority: two halves could decide differently; at "
                         "least %u",
                         settings->quorum_down, settings->elector_count, least);
    if (2 * settings->quorum_up <= settings->elector_count)
        inspect_complain(in, place_of("quorum.up"),
                         "%u of %u probes is no majority: two halves could decide differently; at "
                         "least %u",
                         settings->quorum_up, settings->elector_count, least);
}

void check_vantages_reachable(struct inspection *in)
{
    const struct settings *settings = in->settings;
    uint32_t vantages = count_distinct(settings, everyone(settings), vantage_of);
    if (settings->quorum_vantages > vantages)
        inspect_complain(
            in, place_of("quorum.vantages"),
            "%u vantages are asked for and the probes have %u; lower it or add a probe "
            "elsewhere",
            settings->quorum_vantages, vantages);
}

void check_owners_reachable(struct inspection *in)
{
    const struct settings *settings = in->settings;
    uint32_t owners = count_distinct(settings, everyone(settings), owner_of);
    if (settings->quorum_owners > owners)
        inspect_complain(in, place_of("quorum.owners"),
                         "%u owners are asked for and the probes have %u; lower it or add a probe "
                         "at another provider",
                         settings->quorum_owners, owners);
}

void check_nobody_outside(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->region_count; i++) {
        if (those_inside(settings, i) == everyone(settings))
            inspect_complain(
                in, place_of("quorum.probes"),
                "every probe stands in %s, and one outside must agree that it is down; "
                "add a probe elsewhere",
                settings->regions[i]);
    }
}

void check_region_takes_its_voters(struct inspection *in)
{
    const struct settings *settings = in->settings;
    if (!can_agree_down(settings, everyone(settings)))
        return; /* said already */
    for (uint32_t i = 0; i < settings->region_count; i++) {
        electors_t outside = everyone(settings) & ~those_inside(settings, i);
        if (outside != 0 && !can_agree_down(settings, outside))
            inspect_complain(
                in, place_of("quorum.probes"),
                "when %s is lost with the probes in it, the other %u cannot agree that "
                "it is down; put more of them elsewhere",
                settings->regions[i], count_of(outside));
    }
}

static electors_t those_who_may_act(const struct settings *settings)
{
    electors_t actors = 0;
    for (uint32_t i = 0; i < settings->elector_count; i++)
        actors |= settings->electors[i].may_act ? (electors_t)1 << i : 0;
    return actors;
}

void check_nobody_may_act(struct inspection *in)
{
    if (those_who_may_act(in->settings) == 0)
        inspect_complain(in, place_of("quorum.probes"),
                         "no probe may act, so no move would ever be made; set may_act = true, and "
                         "watch with regionshiftd -n instead");
}

void check_region_takes_its_actors(struct inspection *in)
{
    const struct settings *settings = in->settings;
    electors_t actors = those_who_may_act(settings);
    for (uint32_t i = 0; i < settings->region_count; i++) {
        electors_t inside = those_inside(settings, i);
        if (actors != 0 && inside != everyone(settings) && (actors & ~inside) == 0)
            inspect_complain(in, place_of("quorum.probes"),
                             "every probe that may act stands in %s and is lost with it; allow one "
                             "elsewhere (may_act = true)",
                             settings->regions[i]);
    }
}

void check_one_lost_probe(struct inspection *in)
{
    const struct settings *settings = in->settings;
    if (!can_agree_down(settings, everyone(settings)))
        return;
    for (uint32_t i = 0; i < settings->elector_count; i++) {
        electors_t rest = everyone(settings) & ~((electors_t)1 << i);
        if (!can_agree_down(settings, rest))
            inspect_complain(
                in, place_of_elector(i, ""),
                "without \"%s\" the others cannot agree on anything down; add a probe, "
                "or ask for fewer votes, vantages or owners",
                settings->electors[i].name);
        else if (count_of(rest) < settings->quorum_up)
            inspect_complain(in, place_of_elector(i, ""),
                             "without \"%s\" the others cannot agree on anything up; lower "
                             "quorum.up or add a probe",
                             settings->electors[i].name);
    }
}

void check_duplicate_probe(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->elector_count; i++) {
        if (settings_elector(settings, settings->electors[i].name) < i)
            inspect_complain(in, place_of_elector(i, "name"),
                             "\"%s\" is taken; one vote would replace the other, give it another",
                             settings->electors[i].name);
    }
}
