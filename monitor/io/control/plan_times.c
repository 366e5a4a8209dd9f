/* SPDX-License-Identifier: Apache-2.0 */
/* The facts of a plan's time line: from the settings, who votes now, the zones as read, and the
 * moves that this machine remembers. The arithmetic is core/timeline.c's. */
#include "plan_times.h"

#include <string.h>

#include "change.h"
#include "timeline.h"

struct times {
    const struct control_sources *now;
    const struct settings *settings;
    uint32_t group;
    const uint32_t *down_sites;
    uint32_t down_count;
};

static bool is_supposed(const struct times *times, uint32_t site)
{
    for (uint32_t i = 0; i < times->down_count; i++) {
        if (times->down_sites[i] == site)
            return true;
    }
    return times->down_count == 0;
}

/* ---- detecting ---- */

static msec_t slowness_ms(const struct check *check, uint32_t probes)
{
    return check->interval_ms / (probes > 0 ? probes : 1) +
           check->fall * (check->retry_ms + check->timeout_ms);
}

/* The slowest check of what is supposed to be down: "at most" has to hold for it too. */
static void add_check(const struct times *times, struct timeline_facts *facts)
{
    const struct group *group = &times->settings->groups[times->group];
    msec_t slowest_ms = -1;

    for (uint32_t k = 0; k < group->site_count; k++) {
        const struct site *site = &times->settings->sites[group->sites[k]];

        for (uint32_t c = site->first_check; c < site->first_check + site->check_count; c++) {
            const struct check *check = &times->settings->checks[c];

            if (!is_supposed(times, group->sites[k]) ||
                !settings_check_counts(times->settings, c) || check->kind == CHECK_GROUP ||
                slowness_ms(check, facts->probes) <= slowest_ms)
                continue;
            slowest_ms = slowness_ms(check, facts->probes);
            facts->interval_ms = check->interval_ms;
            facts->timeout_ms = check->timeout_ms;
            facts->retry_ms = check->retry_ms;
            facts->fall = check->fall;
        }
    }
}

static bool ballot_counts(enum ballot ballot)
{
    return ballot == BALLOT_DOWN || ballot == BALLOT_UP || ballot == BALLOT_NEITHER;
}

static void add_probes(const struct times *times, struct timeline_facts *facts)
{
    const struct group *group = &times->settings->groups[times->group];
    struct tally tally = {0};

    engine_tally(times->now->engine, group->sites[0], &tally);
    for (uint32_t p = 0; p < times->settings->elector_count; p++) {
        facts->probes += ballot_counts(tally.ballots[p]);
        facts->actors += ballot_counts(tally.ballots[p]) && times->settings->electors[p].may_act;
    }
}

/* ---- the TTL ---- */

/* As the zone has it; as the settings would create it, where it was not read. */
static void add_ttl(const struct times *times, struct timeline_facts *facts)
{
    const struct settings *settings = times->settings;

    for (uint32_t i = 0; i < settings->set_count; i++) {
        const struct site_set *ours = &settings->sets[i];
        const struct service_record *record = &settings->records[ours->record];
        struct zones_status status = {.view = NULL};
        const struct record_set *set = NULL;
        msec_t ttl_ms;

        if (settings->services[record->service].group != times->group)
            continue;
        if (times->now->zones != NULL)
            zones_status(times->now->zones, record->zone, &status);
        if (status.view != NULL)
            set = change_find_set(status.view, settings, i);
        ttl_ms = (set != NULL && set->ttl_s >= 0 ? set->ttl_s : record->ttl_s) * 1000;
        if (ttl_ms > facts->ttl_ms)
            facts->ttl_ms = ttl_ms;
    }
}

/* ---- what was measured ---- */

static msec_t span_of(const struct history_times *times, enum timeline_stage stage)
{
    switch (stage) {
    case TIMELINE_DECIDED:
        return times->decided_ms;
    case TIMELINE_ACCEPTED:
        return times->accepted_ms;
    case TIMELINE_SERVERS:
        return times->servers_ms;
    case TIMELINE_RESOLVERS:
        return times->resolvers_ms;
    case TIMELINE_DETECTED: /* is part of decided */
    case TIMELINE_COUNT:
        break;
    }
    return -1;
}

static json_t *measured_of(const char *group, const struct past_moves *moves,
                           enum timeline_stage stage)
{
    msec_t spans_ms[PAST_MOVES_MAX];
    struct timeline_measured measured;
    uint32_t count = 0;

    for (uint32_t i = 0; i < moves->count && count < PAST_MOVES_MAX; i++) {
        const struct history_decision_row *row = &moves->rows[i];

        if (strcmp(row->group, group) == 0 &&
            strcmp(row->kind, decision_kind_name(DECISION_LEAVE)) == 0)
            spans_ms[count++] = span_of(&row->times, stage);
    }
    timeline_measure(spans_ms, count, &measured);
    if (measured.count == 0)
        return json_null();
    return json_pack("{s:i, s:o, s:o}", "moves", (int)measured.count, "median_seconds",
                     piece_seconds(measured.median_ms), "worst_seconds",
                     piece_seconds(measured.worst_ms));
}

json_t *timeline_of(const struct control_sources *now, uint32_t group, const uint32_t *down_sites,
                    uint32_t down_count, const struct past_moves *moves)
{
    const struct settings *settings = now->settings;
    const struct times times = {now, settings, group, down_sites, down_count};
    struct timeline_facts facts = {.hold_ms = settings->groups[group].hold_ms,
                                   .store_ms = settings->store.timeout_ms,
                                   .zones = settings->groups[group].zone_count,
                                   .aws_ms = settings->aws_timeout_ms,
                                   .fall = 1};
    struct timeline_step steps[TIMELINE_COUNT];
    json_t *list = json_array();

    add_probes(&times, &facts);
    add_check(&times, &facts);
    add_ttl(&times, &facts);
    timeline_make(&facts, steps);
    for (int i = 0; i < TIMELINE_COUNT; i++) {
        enum timeline_stage stage = (enum timeline_stage)i;

        json_array_append_new(
            list, json_pack("{s:s, s:o, s:o, s:s, s:o}", "stage", timeline_name(stage),
                            "best_seconds", piece_seconds(steps[i].best_ms), "most_seconds",
                            piece_seconds(steps[i].most_ms), "why", steps[i].why, "measured",
                            measured_of(settings->groups[group].name, moves, stage)));
    }
    return list;
}
