/* SPDX-License-Identifier: Apache-2.0 */
/* What is moved, and what holds it: sites, groups, regions, orders, incidents, beacons. */
#include "metrics.h"

/* ---- sites ---- */

/* One family over all sites of all groups. */
typedef double (*site_value)(const struct metrics *page, const struct group_view *view,
                             uint32_t site, uint32_t in_group);

static void each_site(struct metrics *page, site_value value)
{
    const struct settings *s = page->now->settings;

    for (uint32_t i = 0; i < page->scope.count; i++) {
        uint32_t g = page->scope.groups[i];
        struct group_view view;

        engine_group_brief(page->now->engine, g, &view);
        for (uint32_t k = 0; k < s->groups[g].site_count; k++) {
            const struct site *site = &s->sites[s->groups[g].sites[k]];

            metrics_labelled(page, value(page, &view, s->groups[g].sites[k], k),
                             "group=\"%s\",service=\"%s\",region=\"%s\"", s->groups[g].name,
                             s->services[site->service].name, s->regions[site->region]);
        }
    }
}

static double weight_of(const struct metrics *page, const struct group_view *view, uint32_t site,
                        uint32_t in_group)
{
    (void)page;
    (void)site;
    return view->has_head ? view->head.weights[in_group] : -1;
}

static double normal_of(const struct metrics *page, const struct group_view *view, uint32_t site,
                        uint32_t in_group)
{
    return view->has_head ? view->head.normal[in_group] : page->now->settings->sites[site].weight;
}

static double agreed_down(const struct metrics *page, const struct group_view *view, uint32_t site,
                          uint32_t in_group)
{
    (void)page;
    (void)site;
    return view->agreements[in_group]->state == AGREED_DOWN;
}

static double agreed_up(const struct metrics *page, const struct group_view *view, uint32_t site,
                        uint32_t in_group)
{
    (void)page;
    (void)site;
    return view->agreements[in_group]->state == AGREED_UP;
}

static double down_votes(const struct metrics *page, const struct group_view *view, uint32_t site,
                         uint32_t in_group)
{
    struct tally tally = {0};

    (void)view;
    (void)in_group;
    engine_tally(page->now->engine, site, &tally);
    return tally.down_count;
}

static double up_votes(const struct metrics *page, const struct group_view *view, uint32_t site,
                       uint32_t in_group)
{
    struct tally tally = {0};

    (void)view;
    (void)in_group;
    engine_tally(page->now->engine, site, &tally);
    return tally.up_count;
}

void metrics_write_sites(struct metrics *page)
{
    metrics_family(page, "regionshift_site_weight", "gauge",
                   "Weight that the head decision gives the site; -1 before the first decision.");
    each_site(page, weight_of);
    metrics_family(page, "regionshift_site_normal_weight", "gauge",
                   "Weight that failback returns to.");
    each_site(page, normal_of);
    metrics_family(page, "regionshift_site_agreed_down", "gauge",
                   "1 when the quorum agrees that the site is down (A3).");
    each_site(page, agreed_down);
    metrics_family(page, "regionshift_site_agreed_up", "gauge",
                   "1 when the quorum agrees that the site is up (A3).");
    each_site(page, agreed_up);
    metrics_family(page, "regionshift_site_down_votes", "gauge", "Votes counted for down.");
    each_site(page, down_votes);
    metrics_family(page, "regionshift_site_up_votes", "gauge", "Votes counted for up.");
    each_site(page, up_votes);
}

/* What is left where there are too many to be told of one by one. */
void metrics_write_sums(struct metrics *page)
{
    const struct settings *s = page->now->settings;
    struct engine_sums sums;

    engine_sums(page->now->engine, &sums);
    metrics_single(
        page, "regionshift_details", "gauge",
        "1 when there are samples for each group, site and check; 0: ask with group=NAME.",
        page->scope.left_out == 0);
    metrics_family(page, "regionshift_sites", "gauge",
                   "Sites, by what the quorum agrees on (A3, A4).");
    for (int state = 0; state < AGREEMENT_STATE_COUNT; state++)
        metrics_labelled(page, sums.agreed[state], "agreed=\"%s\"",
                         agreement_state_name((enum agreement_state)state));
    metrics_family(page, "regionshift_checks", "gauge",
                   "This probe's own verdicts, by state (V1).");
    for (int state = 0; state < VERDICT_STATE_COUNT; state++)
        metrics_labelled(page, sums.checks[state], "state=\"%s\"",
                         verdict_state_name((enum verdict_state)state));
    metrics_family(page, "regionshift_groups", "gauge",
                   "Groups, by whether something of them stands out.");
    metrics_labelled(page, sums.calm_groups, "calm=\"yes\"");
    metrics_labelled(page, s->group_count - sums.calm_groups, "calm=\"no\"");
}

/* ---- groups ---- */

typedef double (*group_value)(const struct group_view *view);

static void each_group(struct metrics *page, const char *name, const char *help, group_value value)
{
    const struct settings *s = page->now->settings;

    metrics_family(page, name, "gauge", help);
    for (uint32_t i = 0; i < page->scope.count; i++) {
        uint32_t g = page->scope.groups[i];
        struct group_view view;

        engine_group_brief(page->now->engine, g, &view);
        metrics_labelled(page, value(&view), "group=\"%s\"", s->groups[g].name);
    }
}

static double epoch_of(const struct group_view *view)
{
    return view->has_head ? (double)view->head.epoch : 0;
}

static double fence_of(const struct group_view *view)
{
    return (double)view->fence_min;
}

static double broken_glass(const struct group_view *view)
{
    return view->glass;
}

static double frozen(const struct group_view *view)
{
    return view->frozen;
}

static double drifted(const struct group_view *view)
{
    return view->drifted;
}

static double wants_move(const struct group_view *view)
{
    return view->wants_move;
}

static double is_refused(const struct group_view *view)
{
    return view->refused_rule != NULL;
}

static double dwell_left(const struct group_view *view)
{
    return metrics_seconds(view->dwell_left_ms);
}

static double in_flight(const struct group_view *view)
{
    return view->change != CHANGE_IDLE;
}

void metrics_write_groups(struct metrics *page)
{
    each_group(page, "regionshift_group_epoch",
               "Epoch of the head decision; 0 before the first (D9).", epoch_of);
    each_group(page, "regionshift_group_fence_epoch",
               "Lowest epoch that a fence in the zones shows (C2); 0 when unknown.", fence_of);
    each_group(page, "regionshift_group_change_active",
               "1 while a change is waited for, read, sent or backed off from.", in_flight);
    each_group(page, "regionshift_group_break_glass",
               "1 while this probe acts by an operator's word alone, without the store (D7).",
               broken_glass);
    each_group(page, "regionshift_group_frozen", "1 while an order freezes the group (D7).",
               frozen);
    each_group(page, "regionshift_group_drifted",
               "1 while the zone's weights are not those of its epoch (C4).", drifted);
    each_group(page, "regionshift_group_wants_move",
               "1 while other weights are wanted than the head's.", wants_move);
    each_group(page, "regionshift_group_refused",
               "1 while a rule refuses a move that is wanted or needed (D10).", is_refused);
    each_group(page, "regionshift_group_dwell_left_seconds",
               "Time until the group may move again (D6).", dwell_left);
}

static void one_duration(struct metrics *page, const char *group, const char *stage, msec_t ms)
{
    if (ms >= 0)
        metrics_labelled(page, metrics_seconds(ms), "group=\"%s\",stage=\"%s\"", group, stage);
}

void metrics_write_durations(struct metrics *page)
{
    const struct settings *s = page->now->settings;

    metrics_family(
        page, "regionshift_last_change_seconds", "gauge",
        "Of the head decision, from the first bad result to each stage (C7), once reached.");
    for (uint32_t i = 0; i < page->scope.count; i++) {
        uint32_t g = page->scope.groups[i];
        const char *name = s->groups[g].name;
        struct group_view view;

        engine_group_brief(page->now->engine, g, &view);
        if (!view.has_head)
            continue;
        one_duration(page, name, "decided", view.decided_after_ms);
        one_duration(page, name, "accepted", view.accepted_after_ms);
        one_duration(page, name, "insync", view.insync_after_ms);
        one_duration(page, name, "servers", view.servers_after_ms);
        one_duration(page, name, "resolvers", view.resolvers_after_ms);
    }
}

/* ---- regions, orders, incidents, beacons ---- */

void metrics_write_regions(struct metrics *page)
{
    const struct settings *s = page->now->settings;

    metrics_family(page, "regionshift_region_drained", "gauge",
                   "1 while an order drains the region.");
    for (uint32_t r = 0; r < s->region_count; r++)
        metrics_labelled(page, engine_region_drained(page->now->engine, r), "region=\"%s\"",
                         s->regions[r]);
    metrics_family(page, "regionshift_beacon_lit", "gauge",
                   "1 while the region's beacon is lit (B1).");
    for (uint32_t g = 0; g < page->scope.count; g++) {
        const struct group *group = &s->groups[page->scope.groups[g]];

        for (uint32_t i = 0; group->beacons && i < group->order_count; i++) {
            const char *region = s->regions[group->order[i]];

            metrics_labelled(page,
                             page->now->latches != NULL &&
                                 latches_get(page->now->latches, group->name, region, NULL),
                             "group=\"%s\",region=\"%s\"", group->name, region);
        }
    }
}

void metrics_write_incidents(struct metrics *page)
{
    static const enum severity severities[] = {SEVERITY_INFO, SEVERITY_WARN, SEVERITY_PAGE};
    struct incident_view views[256];
    uint32_t count = engine_incidents(page->now->engine, views, 256);

    metrics_family(page, "regionshift_incidents_open", "gauge", "Open incidents, by severity.");
    for (size_t i = 0; i < sizeof(severities) / sizeof(severities[0]); i++) {
        uint32_t open = 0;

        for (uint32_t j = 0; j < count; j++)
            open += views[j].severity == severities[i];
        metrics_labelled(page, open, "severity=\"%s\"", severity_name(severities[i]));
    }
}

void metrics_write_budget(struct metrics *page)
{
    const struct order *orders;
    struct group_view view;

    engine_group_brief(page->now->engine, 0, &view); /* one ledger for all groups (D6) */
    metrics_single(page, "regionshift_budget_used_moves", "gauge", "Moves within the window (D6).",
                   view.budget_used);
    metrics_single(page, "regionshift_budget_limit_moves", "gauge",
                   "Moves allowed within the window.", page->now->settings->limit_budget);
    metrics_single(page, "regionshift_orders", "gauge", "Orders known, obeyed ones too.",
                   engine_orders(page->now->engine, &orders));
}
