/* SPDX-License-Identifier: Apache-2.0 */
/* D3: services that move together are decided together, but each hosted zone is written by itself
 * (C1). An adoption that finds the zones at different epochs would make the half of a move the
 * head, one service here and the other there, for good. So what one zone was given the others get
 * (C8): the zones that lead say what became of each region, and those that lag follow, region by
 * region.
 *
 * What the leaders' decision said of the others no zone says (a fence has the digest of its own
 * zone), and a store that was set back has lost it. But in a region the services of such a group
 * have a common lot: left, serving as normal, or standing in for others. The lot is read from the
 * leaders; a region of which they say nothing stays as it is. */
#include "whole.h"

#include <string.h>

enum lot {
    LOT_UNKNOWN,
    LOT_LEFT,     /* all leaders have nothing there, some of them normally have */
    LOT_AWAY,     /* all have nothing there, and normally have not */
    LOT_SERVES,   /* all have weight there, as normally */
    LOT_NORMAL,   /* some have, some have not, each as normally */
    LOT_STANDS_IN /* all have weight there, some of them normally have not */
};

struct whole {
    const struct whole_input *input;
    const struct group *group;
    int *weights;
    enum lot lots[REGIONS_MAX];
    bool stands_in; /* some region does */
};

static const struct site *site_of(const struct whole *whole, uint32_t in_group)
{
    return &whole->input->settings->sites[whole->group->sites[in_group]];
}

static bool is(const struct whole *whole, uint32_t in_group, enum whole_role role)
{
    return whole->input->role(whole->input->context, in_group) == role;
}

/* ---- what the leaders say of each region ---- */

struct look {
    bool in; /* some leader has weight there ... */
    bool out;
    bool left; /* ... has none, and normally has */
    bool stands_in;
};

static enum lot lot_of(const struct look *look)
{
    if (look->out && !look->in)
        return look->left ? LOT_LEFT : LOT_AWAY;
    if (look->in && !look->out)
        return look->stands_in ? LOT_STANDS_IN : LOT_SERVES;
    return look->in && !look->left && !look->stands_in ? LOT_NORMAL : LOT_UNKNOWN;
}

static void look_at_leaders(struct whole *whole)
{
    struct look looks[REGIONS_MAX] = {0};

    for (uint32_t k = 0; k < whole->group->site_count; k++) {
        struct look *look = &looks[site_of(whole, k)->region];
        bool in = whole->input->said[k] > 0;
        bool normally = whole->input->normal[k] > 0;

        if (!is(whole, k, WHOLE_LEADS))
            continue;
        look->in |= in;
        look->out |= !in;
        look->left |= !in && normally;
        look->stands_in |= in && !normally;
    }
    for (uint32_t r = 0; r < whole->input->settings->region_count; r++) {
        whole->lots[r] = lot_of(&looks[r]);
        whole->stands_in |= whole->lots[r] == LOT_STANDS_IN;
    }
}

/* ---- what the others get ---- */

/* What the leaders have of their normal weight in the region, in percent, at least: the step that
 * the failback has come to (D5). */
static int step_pct(const struct whole *whole, uint32_t region)
{
    int64_t least = 100;

    for (uint32_t k = 0; k < whole->group->site_count; k++) {
        int64_t pct;
        if (site_of(whole, k)->region != region || !is(whole, k, WHOLE_LEADS) ||
            whole->input->normal[k] == 0)
            continue;
        pct = (int64_t)whole->input->said[k] * 100 / whole->input->normal[k];
        least = pct < least ? pct : least;
    }
    return (int)least;
}

static int returned_weight(const struct whole *whole, uint32_t in_group)
{
    int64_t weight = (int64_t)whole->input->normal[in_group] *
                     step_pct(whole, site_of(whole, in_group)->region) / 100;

    return weight > 0 ? (int)weight : 1;
}

/* As a leave gives it (D2): the normal weight, or what the service has where it is. */
static int stand_in_weight(const struct whole *whole, uint32_t in_group)
{
    int weight = whole->input->normal[in_group];

    for (uint32_t k = 0; whole->input->normal[in_group] == 0 && k < whole->group->site_count; k++) {
        if (site_of(whole, k)->service == site_of(whole, in_group)->service &&
            whole->input->said[k] > weight)
            weight = whole->input->said[k];
    }
    return weight > 0 ? weight : 1;
}

static int follow(const struct whole *whole, uint32_t in_group)
{
    int said = whole->input->said[in_group];
    bool normally = whole->input->normal[in_group] > 0;

    switch (whole->lots[site_of(whole, in_group)->region]) {
    case LOT_LEFT:
        return 0;
    case LOT_STANDS_IN:
        return said > 0 ? said : stand_in_weight(whole, in_group);
    case LOT_SERVES:
    case LOT_NORMAL:
        return said == 0 && normally ? returned_weight(whole, in_group) : said;
    case LOT_AWAY:
    case LOT_UNKNOWN:
        break;
    }
    return said;
}

/* A substitute goes where the leaders have none: another region stands in, or all that is normal is
 * back (D5). */
static bool is_dismissed(const struct whole *whole, uint32_t in_group)
{
    enum lot lot = whole->lots[site_of(whole, in_group)->region];

    if (whole->input->normal[in_group] > 0 || (lot != LOT_AWAY && lot != LOT_NORMAL))
        return false;
    for (uint32_t k = 0; k < whole->group->site_count; k++) {
        if (site_of(whole, k)->service == site_of(whole, in_group)->service &&
            whole->input->normal[k] > 0 && whole->weights[k] == 0)
            return whole->stands_in;
    }
    return true;
}

static void follow_lots(struct whole *whole)
{
    look_at_leaders(whole);
    for (uint32_t k = 0; k < whole->group->site_count; k++) {
        if (is(whole, k, WHOLE_FOLLOWS))
            whole->weights[k] = follow(whole, k);
    }
    for (uint32_t k = 0; k < whole->group->site_count; k++) {
        if (is(whole, k, WHOLE_FOLLOWS) && is_dismissed(whole, k))
            whole->weights[k] = 0;
    }
}

static void follow_known(struct whole *whole)
{
    for (uint32_t k = 0; k < whole->group->site_count; k++) {
        if (is(whole, k, WHOLE_FOLLOWS))
            whole->weights[k] = whole->input->known[k];
    }
}

/* The service's site in the first region that has all leaders, in the group's order; as a leave
 * chooses (D2). NONE: it has none there. */
static uint32_t first_site(const struct whole *whole, uint32_t service)
{
    for (uint32_t i = 0; i < whole->group->order_count; i++) {
        enum lot lot = whole->lots[whole->group->order[i]];
        for (uint32_t k = 0; k < whole->group->site_count; k++) {
            if ((lot == LOT_SERVES || lot == LOT_STANDS_IN) && is(whole, k, WHOLE_FOLLOWS) &&
                site_of(whole, k)->service == service &&
                site_of(whole, k)->region == whole->group->order[i])
                return k;
        }
    }
    return NONE;
}

/* C5: a service that would have nothing left goes where the others are; if it has no site there, it
 * stays. */
static void keep_weight(struct whole *whole, uint32_t service)
{
    uint32_t first = first_site(whole, service);

    for (uint32_t k = 0; k < whole->group->site_count; k++) {
        if (site_of(whole, k)->service == service && whole->weights[k] > 0)
            return;
    }
    for (uint32_t k = 0; first == NONE && k < whole->group->site_count; k++) {
        if (site_of(whole, k)->service == service)
            whole->weights[k] = whole->input->said[k];
    }
    if (first != NONE)
        whole->weights[first] = stand_in_weight(whole, first);
}

bool whole_follow(const struct whole_input *input, int *weights)
{
    struct whole whole = {
        .input = input, .group = &input->settings->groups[input->group], .weights = weights};
    size_t size = whole.group->site_count * sizeof(*weights);

    memcpy(weights, input->said, size);
    if (!whole.group->together)
        return false;
    if (input->known != NULL)
        follow_known(&whole);
    else
        follow_lots(&whole);
    for (uint32_t j = 0; j < whole.group->service_count; j++)
        keep_weight(&whole, whole.group->services[j]);
    return memcmp(weights, input->said, size) != 0;
}
