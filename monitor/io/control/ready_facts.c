/* SPDX-License-Identifier: Apache-2.0 */
/* The facts behind each line of ready (include/ready.h), gathered from the engine, the board, the
 * looks at AWS, the alerts. What they mean is judged in core/ready.c and core/ready_zone.c. */
#include "ready_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"

enum { NAMES_MAX = 160 };

struct gathering {
    const struct control_sources *now;
    const struct settings *settings;
    const struct engine *engine;
    uint32_t only; /* group; NONE: all */
    msec_t now_ms;
    struct ready_reader reader;
    char acting[NAMES_MAX]; /* who may act */
    int *weights;           /* of a plan */
    ready_visit visit;
    void *context;
};

static void give(const struct gathering *g, const struct ready_line *line)
{
    g->visit(g->context, line);
}

static bool wanted(const struct gathering *g, uint32_t group)
{
    return g->only == NONE || g->only == group;
}

/* Appends "a", "a, b"; what has no room is left out. */
static void add_name(char names[NAMES_MAX], const char *name, const char *why)
{
    size_t used = strlen(names);

    snprintf(names + used, NAMES_MAX - used, "%s%s%s%s", used > 0 ? ", " : "", name,
             why[0] != '\0' ? " " : "", why);
}

/* ---- weights and votes ---- */

static int weight_of(const struct gathering *g, const struct group_view *view, uint32_t group,
                     uint32_t in_group)
{
    return view->has_head ? view->head.weights[in_group]
                          : g->settings->sites[g->settings->groups[group].sites[in_group]].weight;
}

static bool has_weight(const struct gathering *g, uint32_t group, uint32_t region)
{
    const struct group *gr = &g->settings->groups[group];
    struct group_view view;

    engine_group(g->engine, group, &view);
    for (uint32_t k = 0; k < gr->site_count; k++) {
        if (g->settings->sites[gr->sites[k]].region == region && weight_of(g, &view, group, k) > 0)
            return true;
    }
    return false;
}

static bool ballot_counts(enum ballot ballot)
{
    return ballot == BALLOT_DOWN || ballot == BALLOT_UP || ballot == BALLOT_NEITHER;
}

/* A vote is one for all sites of its group, so one checked site tells whether it counts. */
static void tally_of_group(const struct gathering *g, uint32_t group, struct tally *ret_tally)
{
    const struct group *gr = &g->settings->groups[group];
    uint32_t k = 0;

    while (k + 1 < gr->site_count && g->settings->sites[gr->sites[k]].check_count == 0)
        k++;
    memset(ret_tally, 0, sizeof(*ret_tally));
    engine_tally(g->engine, gr->sites[k], ret_tally);
}

static bool in_region(const struct gathering *g, uint32_t probe, uint32_t region)
{
    return strcmp(g->settings->electors[probe].place, g->settings->regions[region]) == 0;
}

/* ---- this probe, its settings, its store ---- */

static void gather_sight(const struct gathering *g)
{
    struct ready_sight facts = {engine_blindness(g->engine), g->settings->reference_count};
    struct ready_line line;

    ready_sight(&facts, &line);
    give(g, &line);
}

static void gather_settings(const struct gathering *g)
{
    struct ready_settings facts = {.fingerprint = g->settings->fingerprint};
    char names[NAMES_MAX] = "";
    struct ready_line line;
    struct tally tally;

    tally_of_group(g, 0, &tally);
    for (uint32_t p = 0; p < g->settings->elector_count; p++) {
        if (tally.ballots[p] != BALLOT_OTHER_SETTINGS)
            continue;
        facts.others++;
        add_name(names, g->settings->electors[p].name, "");
    }
    facts.names = names;
    ready_settings(&facts, &line);
    give(g, &line);
}

static void note_key(void *context, const char *key, enum value_form form)
{
    char *first = context;

    (void)form;
    if (first[0] == '\0')
        snprintf(first, NAMES_MAX, "%s", key);
}

static void gather_store(const struct gathering *g)
{
    struct ready_store facts = {.ok = engine_store_ok(g->engine),
                                .lease = engine_lease_alive(g->engine)};
    char key[NAMES_MAX] = "";
    struct board_stats board;
    struct ready_line line;

    board_stats(g->now->board, &board);
    facts.error = board.error;
    facts.read_ms = board.read_ms < 0 ? -1 : g->now_ms - board.read_ms;
    facts.unreadable = board_unreadable(g->now->board, note_key, key);
    facts.unreadable_key = key;
    ready_store(&facts, &line);
    give(g, &line);
}

/* ---- who votes ---- */

/* The votes that count; all of them, or only those outside a region. */
static struct ready_votes votes_of(const struct gathering *g, const struct tally *tally,
                                   uint32_t region, bool without)
{
    const struct elector *electors = g->settings->electors;
    struct ready_votes votes = {0};

    for (uint32_t p = 0; p < g->settings->elector_count; p++) {
        bool new_vantage = true;
        bool new_owner = true;

        if (!ballot_counts(tally->ballots[p]) || (without && in_region(g, p, region)))
            continue;
        for (uint32_t q = 0; q < p; q++) {
            if (!ballot_counts(tally->ballots[q]) || (without && in_region(g, q, region)))
                continue;
            new_vantage &= strcmp(electors[p].vantage, electors[q].vantage) != 0;
            new_owner &= strcmp(electors[p].owner, electors[q].owner) != 0;
        }
        votes.votes++;
        votes.vantages += new_vantage;
        votes.owners += new_owner;
        votes.outside |= !in_region(g, p, region);
    }
    return votes;
}

static void gather_quorum(const struct gathering *g, uint32_t group, uint32_t region)
{
    const struct settings *settings = g->settings;
    char missing[NAMES_MAX] = "";
    struct ready_quorum facts;
    struct ready_line line;
    struct tally tally;

    tally_of_group(g, group, &tally);
    for (uint32_t p = 0; p < settings->elector_count; p++) {
        if (!ballot_counts(tally.ballots[p]))
            add_name(missing, settings->electors[p].name, ballot_name(tally.ballots[p]));
    }
    facts = (struct ready_quorum){.group = settings->groups[group].name,
                                  .region = settings->regions[region],
                                  .all = votes_of(g, &tally, region, false),
                                  .without = votes_of(g, &tally, region, true),
                                  .electors = settings->elector_count,
                                  .needs_down = settings->quorum_down,
                                  .needs_up = settings->quorum_up,
                                  .needs_vantages = settings->quorum_vantages,
                                  .needs_owners = settings->quorum_owners,
                                  .missing = missing};
    ready_quorum(&facts, &line);
    give(g, &line);
}

/* ---- who acts ---- */

static void gather_actors(const struct gathering *g, uint32_t group, uint32_t region)
{
    struct ready_actors facts = {.region = g->settings->regions[region],
                                 .dry_run = g->now->dry_run};
    char silent[NAMES_MAX] = "";
    struct ready_line line;
    struct tally tally;

    tally_of_group(g, group, &tally);
    for (uint32_t p = 0; p < g->settings->elector_count; p++) {
        bool alive = ballot_counts(tally.ballots[p]) || tally.ballots[p] == BALLOT_BLIND;

        if (!g->settings->electors[p].may_act)
            continue;
        facts.may_act++;
        facts.alive += alive;
        facts.surviving += alive && !in_region(g, p, region);
        if (!alive)
            add_name(silent, g->settings->electors[p].name, ballot_name(tally.ballots[p]));
    }
    facts.silent = silent;
    ready_actors(&facts, &line);
    give(g, &line);
}

/* ---- where the traffic would go ---- */

/* A plan: this region agreed down for long enough. */
struct supposition {
    uint32_t group;
    uint32_t region;
    struct group_view view;
    struct gate gates[GATES_MAX];
    uint32_t gate_count;
    bool changes;
};

static void suppose(const struct gathering *g, uint32_t group, uint32_t region,
                    struct supposition *ret)
{
    const struct group *gr = &g->settings->groups[group];
    uint32_t *down = calloc((size_t)gr->site_count + 1, sizeof(*down));
    uint32_t count = 0;

    *ret = (struct supposition){.group = group, .region = region};
    for (uint32_t k = 0; down != NULL && region != NONE && k < gr->site_count; k++) {
        if (g->settings->sites[gr->sites[k]].region == region)
            down[count++] = gr->sites[k];
    }
    if (down != NULL)
        ret->changes =
            engine_plan(g->engine, group, down, count, g->weights, ret->gates, &ret->gate_count);
    engine_group(g->engine, group, &ret->view); /* after the plan: its arrays live until the next */
    free(down);
}

static const struct gate *closed_gate(const struct supposition *plan, const char *name)
{
    for (uint32_t i = 0; i < plan->gate_count; i++) {
        if (!plan->gates[i].open && strcmp(plan->gates[i].name, name) == 0)
            return &plan->gates[i];
    }
    return NULL;
}

/* What the worst of a region's checked sites is agreed to be, and for how long. */
static void add_agreement(const struct gathering *g, const struct supposition *plan,
                          uint32_t in_group, struct ready_target *facts)
{
    const struct agreement *agreement = plan->view.agreements[in_group];
    uint32_t site = g->settings->groups[plan->group].sites[in_group];
    msec_t age_ms = g->now_ms - agreement->since_ms;

    if (g->settings->sites[site].check_count == 0 ||
        !g->settings->services[g->settings->sites[site].service].required)
        return;
    if (agreement->state != AGREED_UP)
        facts->agreed = agreement->state;
    if (age_ms < facts->agreed_ms)
        facts->agreed_ms = age_ms;
}

/* Who has weight after the plan, whether they had it before. */
static void add_targets(const struct gathering *g, const struct supposition *plan,
                        struct ready_target *facts, char names[NAMES_MAX])
{
    const struct group *gr = &g->settings->groups[plan->group];
    uint32_t seen = 0; /* regions, by bit */

    facts->serving = true;
    facts->fallback = gr->fallback_region != NONE;
    for (uint32_t k = 0; k < gr->site_count; k++) {
        uint32_t region = g->settings->sites[gr->sites[k]].region;

        if (g->weights[k] <= 0)
            continue;
        facts->serving &= plan->view.head.weights[k] > 0;
        facts->fallback &= region == gr->fallback_region;
        add_agreement(g, plan, k, facts);
        if ((seen >> region & 1) == 0)
            add_name(names, g->settings->regions[region], "");
        seen |= UINT32_C(1) << region;
    }
}

/* The region's weight is gone everywhere. */
static bool is_left(const struct gathering *g, const struct supposition *plan)
{
    const struct group *gr = &g->settings->groups[plan->group];

    for (uint32_t k = 0; k < gr->site_count; k++) {
        if (g->settings->sites[gr->sites[k]].region == plan->region && g->weights[k] > 0)
            return false;
    }
    return plan->changes;
}

static void gather_target(const struct gathering *g, uint32_t group, uint32_t region)
{
    const struct group *gr = &g->settings->groups[group];
    char names[NAMES_MAX] = "";
    const struct gate *gate;
    struct supposition plan;
    struct ready_target facts;
    struct ready_line line;

    suppose(g, group, region, &plan);
    facts = (struct ready_target){.group = gr->name,
                                  .region = g->settings->regions[region],
                                  .has_head = plan.view.has_head,
                                  .agreed = AGREED_UP,
                                  .agreed_ms = g->now_ms,
                                  .stable_ms = gr->stable_ms};
    if (facts.has_head)
        facts.moves = is_left(g, &plan);
    if (facts.moves)
        add_targets(g, &plan, &facts, names);
    facts.targets = names;
    gate = closed_gate(&plan, "gain");
    facts.gate = gate != NULL ? gate->text : "no other region may gain";
    ready_target(&facts, &line);
    give(g, &line);
}

static void gather_moves(const struct gathering *g, uint32_t group)
{
    struct supposition plan;
    struct ready_moves facts;
    struct ready_line line;
    const struct gate *frozen;

    suppose(g, group, NONE, &plan);
    frozen = closed_gate(&plan, "freeze");
    facts = (struct ready_moves){.group = g->settings->groups[group].name,
                                 .frozen = frozen != NULL     ? frozen->text
                                           : plan.view.frozen ? "frozen by order"
                                                              : "",
                                 .dwell_left_ms = plan.view.dwell_left_ms,
                                 .budget_used = plan.view.budget_used,
                                 .budget_limit = g->settings->limit_budget,
                                 .budget_left_ms = plan.view.budget_left_ms,
                                 .ledger_unreadable = closed_gate(&plan, "ledger") != NULL};
    ready_moves(&facts, &line);
    give(g, &line);
}

/* ---- each region that has weight ---- */

typedef void (*of_region)(const struct gathering *g, uint32_t group, uint32_t region);

static void each_region(const struct gathering *g, of_region gather)
{
    const struct settings *settings = g->settings;

    for (uint32_t group = 0; group < settings->group_count; group++) {
        const struct group *gr = &settings->groups[group];

        for (uint32_t i = 0; i < gr->order_count && wanted(g, group); i++) {
            if (has_weight(g, group, gr->order[i]))
                gather(g, group, gr->order[i]);
        }
    }
}

/* Once for each region, whatever number of groups it serves. */
static void each_place(const struct gathering *g, of_region gather)
{
    for (uint32_t region = 0; region < g->settings->region_count; region++) {
        for (uint32_t group = 0; group < g->settings->group_count; group++) {
            if (!wanted(g, group) || !has_weight(g, group, region))
                continue;
            gather(g, group, region);
            break;
        }
    }
}

/* ---- beacons and sinks ---- */

static void gather_sinks(const struct gathering *g)
{
    struct ready_line line;

    if (g->settings->sink_count == 0) {
        ready_sink(&(struct ready_sink){.error = ""}, &line);
        give(g, &line);
    }
    for (uint32_t i = 0; g->now->alerts != NULL && i < g->settings->sink_count; i++) {
        struct alerts_sink_status status;
        struct ready_sink facts;

        alerts_sink_status(g->now->alerts, i, &status);
        facts = (struct ready_sink){.sink = g->settings->sinks[i].name,
                                    .accepted_ms = status.accepted_ms,
                                    .failed_ms = status.failed_ms,
                                    .failures = status.failures,
                                    .error = status.refusal};
        ready_sink(&facts, &line);
        give(g, &line);
    }
}

static const char *stale_beacon(const struct gathering *g, uint32_t group)
{
    const struct group *gr = &g->settings->groups[group];

    for (uint32_t i = 0; i < gr->order_count; i++) {
        if (g->now->latches != NULL && has_weight(g, group, gr->order[i]) &&
            latches_get(g->now->latches, gr->name, g->settings->regions[gr->order[i]], NULL))
            return g->settings->regions[gr->order[i]];
    }
    return "";
}

static uint32_t count_lit(const struct gathering *g, uint32_t group)
{
    const struct group *gr = &g->settings->groups[group];
    uint32_t lit = 0;

    for (uint32_t i = 0; g->now->latches != NULL && i < gr->order_count; i++)
        lit += latches_get(g->now->latches, gr->name, g->settings->regions[gr->order[i]], NULL);
    return lit;
}

static void add_unchecked(const struct gathering *g, uint32_t group, struct ready_beacons *facts)
{
    for (uint32_t i = 0; i < g->settings->set_count; i++) {
        const struct site_set *ours = &g->settings->sets[i];
        const struct site *site = &g->settings->sites[ours->site];
        const struct zone_view *view = ready_view(g->now, g->settings->records[ours->record].zone);
        const struct record_set *set = view != NULL ? change_find_set(view, g->settings, i) : NULL;

        if (g->settings->services[site->service].group != group)
            continue;
        facts->known &= view != NULL;
        if (set != NULL && set->health_check[0] == '\0' && facts->unchecked++ == 0)
            facts->unchecked_site = site->name;
    }
}

static void gather_beacons(const struct gathering *g)
{
    for (uint32_t group = 0; group < g->settings->group_count; group++) {
        const struct group *gr = &g->settings->groups[group];
        struct ready_beacons facts;
        struct ready_line line;

        if (!gr->beacons || !wanted(g, group))
            continue;
        facts = (struct ready_beacons){.group = gr->name,
                                       .regions = gr->order_count,
                                       .words = gr->word_count,
                                       .lit = count_lit(g, group),
                                       .stale = stale_beacon(g, group),
                                       .reads_zones = g->reader.reads,
                                       .known = true,
                                       .unchecked_site = ""};
        add_unchecked(g, group, &facts);
        ready_beacons(&facts, &line);
        give(g, &line);
    }
}

static uint32_t count_unattached(const struct gathering *g, uint32_t group, uint32_t region,
                                 const char *check)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < g->settings->set_count; i++) {
        const struct site_set *ours = &g->settings->sets[i];
        const struct site *site = &g->settings->sites[ours->site];
        const struct zone_view *view = ready_view(g->now, g->settings->records[ours->record].zone);
        const struct record_set *set = view != NULL ? change_find_set(view, g->settings, i) : NULL;

        if (g->settings->services[site->service].group == group && site->region == region)
            count += set != NULL && strcmp(set->health_check, check) != 0;
    }
    return count;
}

static void gather_health(const struct gathering *g, uint32_t group, uint32_t region)
{
    const struct group *gr = &g->settings->groups[group];
    const char *name = g->settings->regions[region];
    struct health_region seen;
    struct ready_health facts;
    struct ready_line line;

    health_watch_region(g->now->health, group, region, &seen);
    facts = (struct ready_health){.group = gr->name,
                                  .region = name,
                                  .asked = seen.asked,
                                  .outcome = seen.outcome,
                                  .error = seen.message,
                                  .seen_ms = seen.seen_ms,
                                  .wanted = seen.wanted,
                                  .missing = seen.missing,
                                  .different = seen.different,
                                  .first = seen.first,
                                  .unattached = count_unattached(g, group, region, seen.parent),
                                  .children = seen.children,
                                  .observed = seen.observed,
                                  .votes = seen.votes,
                                  .votes_down = seen.votes_down,
                                  .lit = g->now->latches != NULL &&
                                         latches_get(g->now->latches, gr->name, name, NULL)};
    ready_health(&facts, &line);
    give(g, &line);
}

static void gather_all_health(const struct gathering *g)
{
    for (uint32_t group = 0; group < g->settings->group_count; group++) {
        const struct group *gr = &g->settings->groups[group];

        for (uint32_t i = 0; gr->beacons && wanted(g, group) && i < gr->order_count; i++)
            gather_health(g, group, gr->order[i]);
    }
}

/* ---- all of them ---- */

static void begin(struct gathering *g)
{
    const struct settings *settings = g->settings;

    for (uint32_t p = 0; p < settings->elector_count; p++) {
        if (settings->electors[p].may_act)
            add_name(g->acting, settings->electors[p].name, "");
    }
    g->reader = (struct ready_reader){settings_reads_zones(settings), g->acting};
}

int ready_gather(const struct control_sources *now, uint32_t only, ready_visit visit, void *context)
{
    struct gathering g = {.now = now,
                          .settings = now->settings,
                          .engine = now->engine,
                          .only = only,
                          .now_ms = loop_now_ms(),
                          .weights = calloc((size_t)now->settings->site_count + 1, sizeof(int)),
                          .visit = visit,
                          .context = context};

    if (g.weights == NULL)
        return -1;
    begin(&g);
    gather_sight(&g);
    each_region(&g, gather_quorum);
    gather_settings(&g);
    each_region(&g, gather_target);
    for (uint32_t group = 0; group < g.settings->group_count; group++) {
        if (wanted(&g, group))
            gather_moves(&g, group);
    }
    each_place(&g, gather_actors);
    gather_store(&g);
    ready_gather_zones(now, &g.reader, only, visit, context);
    gather_beacons(&g);
    if (now->health != NULL)
        gather_all_health(&g);
    gather_sinks(&g);
    free(g.weights);
    return 0;
}
