/* SPDX-License-Identifier: Apache-2.0 */
/* Probes may see different things at the same time, so each question says whom it asks: an
 * agreement the majority of those that run, a refusal any of them. */
#include "moment.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "explain.h"

/* ---- for those who judge ---- */

bool moment_counts(const struct world *world, uint32_t probe)
{
    return world_alive(world, probe) && !world_paused(world, probe) &&
           world_has_own_settings(world, probe);
}

static const struct agreement *agreement_of(struct world *world, uint32_t probe, uint32_t site)
{
    const struct settings *settings = world_settings(world);
    uint32_t index = settings->services[settings->sites[site].service].group;
    const struct group *group = &settings->groups[index];
    struct group_view view;
    uint32_t k = 0;

    engine_group(world_engine(world, probe), index, &view);
    while (group->sites[k] != site)
        k++;
    return view.agreements[k];
}

enum agreement_state moment_agreed(struct world *world, uint32_t site)
{
    uint32_t votes[] = {[AGREED_UNDECIDED] = 0, [AGREED_UP] = 0, [AGREED_DOWN] = 0};
    uint32_t all = 0;

    for (uint32_t p = 0; p < world_settings(world)->elector_count; p++) {
        if (!moment_counts(world, p))
            continue;
        votes[agreement_of(world, p, site)->state]++;
        all++;
    }
    if (2 * votes[AGREED_UP] > all)
        return AGREED_UP;
    return 2 * votes[AGREED_DOWN] > all ? AGREED_DOWN : AGREED_UNDECIDED;
}

bool moment_refused(struct world *world, const char *rule)
{
    const struct settings *settings = world_settings(world);
    struct group_view view;

    for (uint32_t p = 0; p < settings->elector_count; p++) {
        for (uint32_t g = 0; moment_counts(world, p) && g < settings->group_count; g++) {
            engine_group(world_engine(world, p), g, &view);
            if (view.refused_rule != NULL && strcmp(view.refused_rule, rule) == 0)
                return true;
        }
    }
    return false;
}

bool moment_serves(const struct world *world, const bool *sites)
{
    const struct settings *settings = world_settings(world);
    bool serves = false;

    for (uint32_t v = 0; v < settings->service_count; v++) {
        const struct service *service = &settings->services[v];
        bool stands_there = false;
        int here = 0;
        int elsewhere = 0;

        for (uint32_t s = service->first_site; s < service->first_site + service->site_count; s++) {
            int weight = world_weight(world, settings->sites[s].name);
            int *most = sites[s] ? &here : &elsewhere;

            stands_there |= sites[s];
            *most = weight > *most ? weight : *most;
        }
        if (stands_there && (here == 0 || here < elsewhere))
            return false;
        serves |= stands_there;
    }
    return serves;
}

/* ---- for those who read ---- */

/* A text that is cut when its array is full. */
struct page {
    char *out;
    size_t size;
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct page *page, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(page->out + page->used, page->size - page->used, format, args);
    va_end(args);
    if (n > 0)
        page->used += (size_t)n;
    if (page->used >= page->size)
        page->used = page->size - 1;
}

static void add_weights(struct page *page, const struct settings *settings, uint32_t index,
                        const int *weights)
{
    const struct group *group = &settings->groups[index];
    uint32_t service = NONE;

    for (uint32_t k = 0; k < group->site_count; k++) {
        const struct site *site = &settings->sites[group->sites[k]];

        if (site->service == service)
            add(page, "/%d", weights[k]);
        else
            add(page, "%s%s %d", k > 0 ? ", " : "", settings->services[site->service].name,
                weights[k]);
        service = site->service;
    }
    add(page, "\n");
}

static int wider(int width, const char *text)
{
    int length = (int)strlen(text);

    return length > width ? length : width;
}

static void add_gates(struct page *page, const struct group_view *view)
{
    char value[GATE_VALUE_MAX];
    int name_width = 0;
    int value_width = 0;

    for (uint32_t i = 0; i < view->gate_count; i++) {
        const struct gate *gate = &view->gates[i];

        name_width = wider(name_width, gate->name);
        value_width =
            wider(value_width, gate_value_format(gate->name, gate->value, gate->limit, value));
    }
    for (uint32_t i = 0; i < view->gate_count; i++) {
        const struct gate *gate = &view->gates[i];

        add(page, "%-6s  %s  %-*s  %-*s  %s\n", gate->open ? "open" : "CLOSED", gate->rule,
            name_width, gate->name, value_width,
            gate_value_format(gate->name, gate->value, gate->limit, value), gate->text);
    }
}

/* What the probe says; in brackets, why its vote does not count (A2). */
static void vote_text(const struct engine *engine, const struct tally *tally, uint32_t probe,
                      uint32_t site, char *out, size_t size)
{
    enum verdict_state state;
    char letter = engine_vote_letter(engine, probe, site);

    if (tally->ballots[probe] > BALLOT_NEITHER)
        snprintf(out, size, "(%s)", ballot_name(tally->ballots[probe]));
    else
        snprintf(
            out, size, "%s",
            verdict_state_name(verdict_state_parse(letter, &state) == 0 ? state : VERDICT_UNKNOWN));
}

enum { VOTE_TEXT_MAX = 24, VOTE_WIDTH = 10 };

static int column_width(const struct settings *settings, uint32_t probe)
{
    return wider(VOTE_WIDTH, settings->electors[probe].name);
}

static void add_votes_header(struct page *page, const struct settings *settings, int site_width)
{
    add(page, "%-*s  %-9s  %-9s", site_width, "site", "agreed", "for");
    for (uint32_t p = 0; p < settings->elector_count; p++)
        add(page, p + 1 < settings->elector_count ? "  %-*s" : "  %.*s\n",
            p + 1 < settings->elector_count ? column_width(settings, p) : NAME_MAX_LENGTH,
            settings->electors[p].name);
}

static void add_votes(struct page *page, struct world *world, uint32_t probe, uint32_t index,
                      const struct group_view *view)
{
    const struct settings *settings = world_settings(world);
    const struct group *group = &settings->groups[index];
    const struct engine *engine = world_engine(world, probe);
    char vote[VOTE_TEXT_MAX];
    char span[SPAN_MAX];
    int site_width = 4;

    for (uint32_t k = 0; k < group->site_count; k++)
        site_width = wider(site_width, settings->sites[group->sites[k]].name);
    add_votes_header(page, settings, site_width);
    for (uint32_t k = 0; k < group->site_count; k++) {
        const struct agreement *agreement = view->agreements[k];
        struct tally tally;

        engine_tally(engine, group->sites[k], &tally);
        add(page, "%-*s  %-9s  %-9s", site_width, settings->sites[group->sites[k]].name,
            agreement_state_name(agreement->state),
            span_format(world_now(world) - agreement->since_ms, span));
        for (uint32_t p = 0; p < settings->elector_count; p++) {
            bool last = p + 1 == settings->elector_count;

            vote_text(engine, &tally, p, group->sites[k], vote, sizeof(vote));
            add(page, "  %-*s%s", last ? 0 : column_width(settings, p), vote, last ? "\n" : "");
        }
    }
}

static void add_group(struct page *page, struct world *world, uint32_t probe, uint32_t index)
{
    const struct settings *settings = world_settings(world);
    char sentence[EXPLAIN_SENTENCE_MAX + 1];
    struct group_view view;

    engine_group(world_engine(world, probe), index, &view);
    explain_sentence(&view, sentence);
    add(page, "group %s, as probe %s sees it\n%s\n", settings->groups[index].name,
        settings->electors[probe].name, sentence);
    if (view.has_head) {
        add(page, "weights  ");
        add_weights(page, settings, index, view.head.weights);
    }
    if (view.has_head && view.wants_move) {
        add(page, "wanted   ");
        add_weights(page, settings, index, view.wanted);
    }
    add_gates(page, &view);
    add_votes(page, world, probe, index, &view);
}

static uint32_t whom_to_ask(const struct world *world)
{
    const struct settings *settings = world_settings(world);
    uint32_t any = NONE;

    for (uint32_t p = settings->elector_count; p-- > 0;) {
        if (world_alive(world, p))
            any = p;
    }
    for (uint32_t p = 0; p < settings->elector_count; p++) {
        if (moment_counts(world, p) && settings->electors[p].may_act)
            return p;
    }
    return any;
}

void moment_explain(struct world *world, char *out, size_t size)
{
    struct page page = {out, size, 0};
    uint32_t probe = whom_to_ask(world);

    out[0] = '\0';
    if (probe == NONE)
        add(&page, "no probe runs\n");
    for (uint32_t g = 0; probe != NONE && g < world_settings(world)->group_count; g++)
        add_group(&page, world, probe, g);
}
