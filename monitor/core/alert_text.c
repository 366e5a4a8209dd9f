/* SPDX-License-Identifier: Apache-2.0 */
#include "alert_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "drift.h"
#include "proposal.h"
#include "state.h"

/* One line for each event: what it means, and what to do. */
static const struct {
    const char *open;
    const char *over;
} meanings[ALERT_EVENT_COUNT] = {
    [ALERT_REGION_DOWN] = {"is agreed down", "is agreed up again"},
    [ALERT_REGION_UP] = {"is agreed up", "is agreed up again"},
    [ALERT_MOVED] = {"traffic was moved; nothing moves back by itself unless failback is auto", ""},
    [ALERT_MOVE_REFUSED] = {"a move is wanted and refused", "nothing is refused any more"},
    [ALERT_MOVE_FAILED] = {"Route 53 will not take the change: settings, rights or records are "
                           "wrong; a person is needed",
                           "Route 53 took the change"},
    [ALERT_FAILBACK] = {"traffic was returned by choice", ""},
    [ALERT_BLIND] = {"this probe cannot see and abstains", "this probe sees again"},
    [ALERT_QUORUM_LOST] = {"automatic failover is not available: too few votes count",
                           "enough votes count again"},
    [ALERT_GLOBAL] = {"every region is agreed down: nowhere to go", "a region serves again"},
    [ALERT_STORE_AWAY] = {"automatic failover is not available here: the store does not answer",
                          "the store answers again"},
    [ALERT_STORE_SET_BACK] =
        {"the store was set back to an older state (a restore?); it is taken as "
         "it is, and where a zone's fence is ahead, the zone is right",
         ""},
    [ALERT_CANNOT_WRITE] =
        {"Route 53 cannot be read, or does not take our change: no move can be made "
         "from here; it is tried again",
         "Route 53 answers and takes changes again"},
    [ALERT_BREAK_GLASS] = {"an operator moves traffic without store and quorum (break-glass); the "
                           "store does not know of it yet",
                           "the store has the order that broke the glass, or a newer word"},
    [ALERT_DRIFT] = {"somebody else changed weights in the zone; nothing moves until "
                     "`regionshift ack INCIDENT`, which makes the zone's weights the normal ones",
                     "zone and ledger agree again"},
    [ALERT_RECORD_CHANGED] =
        {"somebody else changed a record set in the zone, not its weight: it is "
         "taken as it is",
         ""},
    [ALERT_FENCE_MISSING] = {"the zone has no fence of ours any more; it is written anew",
                             "the fence is in place"},
    [ALERT_FENCE_CONFLICT] = {"the zone is ahead of the store: was the store restored?",
                              "zone and store agree again"},
    [ALERT_SETTINGS_SKEW] = {"this probe runs other settings, or a version whose votes cannot be "
                             "read; they do not count",
                             "settings and versions are the same again"},
    [ALERT_PROBE_LOST] = {"this probe is silent; its votes are missing", "this probe votes again"},
    [ALERT_CLOCK_GAP] = {"the clock jumped or the loop stalled; watching for 30 s", ""},
    [ALERT_OVERLOAD] = {"this probe has more checks than it can make in time: they begin late",
                        "checks are on time again"},
    [ALERT_DEGRADED] = {"serves, and a check that moves no traffic is down there",
                        "what was degraded is up again"},
    [ALERT_CERT_EXPIRING] = {"has a certificate that expires soon, or is not right; no traffic is "
                             "moved for it",
                             "has certificates in order again"},
    [ALERT_FROZEN] = {"frozen by order, or by one that cannot be read: no automatic move; "
                      "`regionshift thaw` ends it",
                      ""},
    [ALERT_THAWED] = {"", "thawed: decisions are made again, from fresh votes"},
    [ALERT_SINK_FAILING] = {"alerts do not get through this sink", "alerts get through again"},
    [ALERT_TEST] = {"a test: nothing is wrong", ""},
};

struct text {
    char *out;
    size_t size;
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *text, const char *format, ...)
{
    va_list args;
    int n;

    if (text->used + 1 >= text->size)
        return;
    va_start(args, format);
    n = vsnprintf(text->out + text->used, text->size - text->used, format, args);
    va_end(args);
    if (n > 0)
        text->used += (size_t)n;
    if (text->used >= text->size)
        text->used = text->size - 1;
}

/* C4: what happens to a drift is the settings' choice. */
static const char *drift_meaning(const struct group *group)
{
    switch (group->drift) {
    case DRIFT_STOP:
        break;
    case DRIFT_ADOPT:
        return "somebody else changed weights in the zone; they become the normal ones "
               "(drift = \"adopt\")";
    case DRIFT_RESTORE:
        return "somebody else changed weights in the zone; what was decided is written again "
               "(drift = \"restore\"), once in a dwell, unless `regionshift ack INCIDENT` comes "
               "first";
    }
    return meanings[ALERT_DRIFT].open;
}

static const char *meaning_of(const struct engine *engine, const struct alert *alert,
                              uint32_t group)
{
    if (alert->phase != ALERT_OPEN)
        return meanings[alert->event].over;
    return alert->event == ALERT_DRIFT ? drift_meaning(state_group(engine, group))
                                       : meanings[alert->event].open;
}

/* ---- what somebody else changed (C4) ---- */

static void say_changed(const struct engine *engine, struct text *text, const struct alert *alert,
                        uint32_t group)
{
    char lines[ALERT_CHANGED_MAX] = "";

    if (alert->phase != ALERT_OPEN)
        return;
    if (alert->event == ALERT_DRIFT)
        drift_say(engine, group, lines, sizeof(lines));
    if (alert->event == ALERT_RECORD_CHANGED && engine->changed != NULL)
        snprintf(lines, sizeof(lines), "%s", engine->changed);
    if (lines[0] != '\0')
        say(text, "Changed by somebody else:\n%s", lines);
}

/* ---- a fence that is none (C2) ---- */

static void say_leap(const struct engine *engine, struct text *text, const struct zone_slot *slot)
{
    const struct zone_view *view = engine->zones[slot->zone].view;
    char name[FENCE_TEXT_MAX + 1];

    if (!slot->missing || slot->leap_epoch == 0 || view == NULL ||
        fence_name(state_group(engine, slot->group)->name, view->apex, name, sizeof(name)) < 0)
        return;
    say(text,
        "The text at %s in zone %s says epoch %" PRIu64 ", and no epoch above %" PRIu64
        " is known: nobody of us counted that far, so it is no fence.\n"
        "What you can do: find out who wrote it (CloudTrail: ChangeResourceRecordSets), and let "
        "nobody but the probes write that name. The fence is written anew by itself, under the "
        "next epoch that is ours; if something holds that back (`regionshift explain %s`: a "
        "freeze, a drift), delete the TXT record by hand: that is safe. Never write one with a "
        "number of your own.\n",
        name, engine->settings->zones[slot->zone].id, slot->leap_epoch,
        proposal_highest_epoch(engine, slot->group), state_group(engine, slot->group)->name);
}

static void say_fence(const struct engine *engine, struct text *text, const struct alert *alert,
                      uint32_t group)
{
    const struct group_state *state = &engine->groups[group];

    if (alert->phase != ALERT_OPEN || alert->event != ALERT_FENCE_MISSING)
        return;
    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++)
        say_leap(engine, text, &engine->slots[i]);
}

/* ---- what was tried, and what an operator can do (C8) ---- */

static void say_slot_tried(const struct engine *engine, struct text *text,
                           const struct zone_slot *slot)
{
    const struct zone_state *zone = &engine->zones[slot->zone];
    const char *id = engine->settings->zones[slot->zone].id;

    if (zone->failures > 0)
        say(text, "  zone %s: cannot be read for %" PRId64 " s (%" PRIu32 " tries, last: %s)\n", id,
            (engine->now_ms - zone->failing_ms) / 1000, zone->failures,
            route53_outcome_name(zone->outcome));
    if (slot->failing_ms >= 0)
        say(text,
            "  zone %s: %" PRIu32 " tries in %" PRId64 " s to write epoch %" PRIu64
            ", last: %s; the next one in %" PRId64 " s\n",
            id, slot->attempts, (engine->now_ms - slot->failing_ms) / 1000,
            engine->groups[slot->group].head->decision.epoch, route53_outcome_name(slot->outcome),
            slot->next_ms > engine->now_ms ? (slot->next_ms - engine->now_ms + 999) / 1000 : 0);
    if (slot->pending_epoch > slot->insync_epoch)
        say(text,
            "  zone %s: epoch %" PRIu64 " was accepted %" PRId64
            " s ago, and Route 53 does not publish it\n",
            id, slot->pending_epoch, (engine->now_ms - slot->pending_ms + PENDING_MS) / 1000);
}

static void say_tried(const struct engine *engine, struct text *text, const struct alert *alert,
                      uint32_t group)
{
    const struct group_state *state = &engine->groups[group];

    if (alert->phase != ALERT_OPEN ||
        (alert->event != ALERT_CANNOT_WRITE && alert->event != ALERT_MOVE_FAILED))
        return;
    say(text, "Tried:\n");
    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++)
        say_slot_tried(engine, text, &engine->slots[i]);
    say(text,
        "What you can do: `regionshift ready` says which of credentials, rights, zone and request "
        "rate fails; `regionshift plan` prints the change, which anybody with rights in the zone "
        "can make with it: its fence keeps us from writing over that. Nothing written yet is "
        "given up when its region recovers (C8).\n%s",
        state_group(engine, group)->beacons ? "The beacons carry the decision meanwhile (B1).\n"
                                            : "Without beacons nothing moves traffic meanwhile.\n");
}

/* "use1 down (connect)", for each probe. */
static void say_ballots(const struct engine *engine, struct text *text, uint32_t site,
                        uint32_t in_group)
{
    const struct settings *s = engine->settings;
    uint32_t group = s->services[s->sites[site].service].group;

    say(text, "  %s agreed %s:", s->sites[site].name,
        agreement_state_name(engine->agreements[site].state));
    for (uint32_t p = 0; p < s->elector_count; p++) {
        enum ballot ballot = quorum_ballot(engine, p, site, in_group);
        const struct vote_slot *vote = state_vote(engine, p, group);
        say(text, "%s %s %s", p > 0 ? "," : "", s->electors[p].name, ballot_name(ballot));
        if (ballot == BALLOT_DOWN)
            say(text, " (%s)", failure_name(failure_of_letter(vote->failures[in_group])));
    }
    say(text, "\n");
}

static void say_seen(const struct engine *engine, struct text *text, uint32_t group,
                     uint32_t region)
{
    const struct group *g = state_group(engine, group);

    say(text, "Seen (down needs %" PRIu32 " of %" PRIu32 " votes):\n",
        engine->settings->quorum_down, engine->settings->elector_count);
    for (uint32_t k = 0; k < g->site_count; k++) {
        const struct site *site = &engine->settings->sites[g->sites[k]];
        if (site->check_count > 0 && (region == NONE || site->region == region))
            say_ballots(engine, text, g->sites[k], k);
    }
}

/* What this probe sees; it has no other's word on checks that move nothing. */
static void say_degraded(const struct engine *engine, struct text *text, const struct alert *alert,
                         uint32_t group, uint32_t region)
{
    const struct settings *s = engine->settings;
    const struct group *g = state_group(engine, group);

    if (alert->phase != ALERT_OPEN ||
        (alert->event != ALERT_DEGRADED && alert->event != ALERT_CERT_EXPIRING))
        return;
    say(text, "Down, as %s sees it:\n", alert->probe);
    for (uint32_t k = 0; k < g->site_count; k++) {
        const struct site *site = &s->sites[g->sites[k]];

        for (uint32_t i = site->first_check; i < site->first_check + site->check_count; i++) {
            const struct check *check = &s->checks[i];
            const struct verdict *verdict = &engine->checks[i].verdict;

            if (site->region == region && check->level == LEVEL_DEGRADED && !check->is_member &&
                verdict->state == VERDICT_DOWN)
                say(text, "  %s check %s %s: %s, for %" PRId64 " s\n", site->name,
                    check->name == NULL ? "" : check->name, check->url == NULL ? "" : check->url,
                    failure_name(verdict->failure), (engine->now_ms - verdict->since_ms) / 1000);
        }
    }
}

static void say_done(const struct engine *engine, struct text *text, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];
    const struct group *g = state_group(engine, group);
    const struct decision *head = &state->head->decision;

    if (!state->has_head && state->head_form != VALUE_READ) {
        say(text, "Done: nothing from here; the head decision cannot be read (%s).\n",
            value_form_name(state->head_form));
        return;
    }
    if (!state->has_head) {
        say(text, "Done: nothing; the group is watched only (no head; regionshift init).\n");
        return;
    }
    say(text, "Decided: epoch %" PRIu64 " (%s) by %s: %s\n", head->epoch,
        decision_kind_name(head->kind),
        head->by == NONE ? "a former probe" : engine->settings->electors[head->by].name,
        head->reason);
    if (state->accepted_ms >= 0 && state->trouble_ms >= 0)
        say(text, "Route 53 accepted it %.1f s after the first sign of trouble.\n",
            (double)(state->accepted_ms - state->trouble_ms) / 1000);
    say(text, "Weights decided:\n");
    for (uint32_t k = 0; k < g->site_count; k++)
        say(text, "  %s %d\n", engine->settings->sites[g->sites[k]].name, head->weights[k]);
}

/* L2: what will not be done, and until when. */
static void say_not_done(const struct engine *engine, struct text *text, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];
    struct thought thought;

    deciding_think(engine, group, &thought);
    say(text, state->refusal.rule != NULL ? "Wanted, and not done:\n" : "As it stands:\n");
    for (uint32_t i = 0; i < thought.gate_count; i++) {
        struct gate gate;
        finding_say(&thought.gates[i], &gate);
        bool region = gate.rule[0] == 'D' && (gate.rule[1] == '1' || gate.rule[1] == '2');
        if (state->refusal.rule != NULL ? !gate.open : region)
            say(text, "  %s: %s\n", gate.rule, gate.text);
    }
    if (safety_dwell_left(engine, group) > 0)
        say(text, "No automatic move of this group for another %" PRId64 " s (dwell, D6).\n",
            safety_dwell_left(engine, group) / 1000);
    say(text, "Moves used: %" PRIu32 " of %" PRIu32 " in %" PRId64 " s (D6).\n",
        safety_budget_used(engine), engine->settings->limit_budget,
        engine->settings->limit_window_ms / 1000);
}

/* What is late, what it means, what to do (V4). */
static void say_overload(const struct engine *engine, struct text *text, const struct alert *alert)
{
    const struct rhythm_view *rhythm = &engine->rhythm.view;

    if (alert->event != ALERT_OVERLOAD)
        return;
    say(text,
        "In 30 s %" PRIu32 " of %" PRIu32 " checks began late, by more than 100 ms and a tenth of "
        "their interval: all together by %.3f s on average, at worst by %.3f s.\n",
        rhythm->recent_late, rhythm->recent_begun, (double)rhythm->recent_mean_ms / 1000,
        (double)rhythm->recent_worst_ms / 1000);
    if (alert->phase != ALERT_OPEN)
        return;
    say(text,
        "What it means: every check has its turn, and all wait longer for it than the settings "
        "say, so that trouble is seen later. No endpoint is blamed for it: what is older than 3 "
        "intervals is unknown, never down (V4).\n"
        "What you can do: find out what takes this machine's processor (top); give the daemon a "
        "core of its own; make checks.interval longer, or the checks fewer; give a part of the "
        "services to another daemon.\n");
}

static void say_stop(const struct engine *engine, struct text *text, uint32_t group)
{
    const char *name = engine->settings->groups[group].name;

    say(text,
        "To stop all automatic moves: regionshift freeze %s --reason TEXT\n"
        "To see every gate: regionshift explain %s\n",
        name, name);
}

static void write_subject(const struct engine *engine, struct alert *alert, uint32_t group,
                          uint32_t region, const char *whom, const char *meaning)
{
    struct text subject = {alert->subject, sizeof(alert->subject), 0};

    say(&subject, "%s: ", alert_event_name(alert->event));
    if (group != NONE)
        say(&subject, "%s ", engine->settings->groups[group].name);
    if (region != NONE)
        say(&subject, "%s ", engine->settings->regions[region]);
    if (whom[0] != '\0')
        say(&subject, "%s ", whom);
    if ((alert->event == ALERT_MOVED || alert->event == ALERT_FAILBACK) && group != NONE) {
        char weights[64];
        state_weights_text(engine, group, engine->groups[group].head->weights, weights,
                           sizeof(weights));
        say(&subject, "to %s (epoch %" PRIu64 ")", weights, alert->epoch);
    } else {
        say(&subject, "%s", meaning);
    }
}

void alert_text_write(const struct engine *engine, struct alert *alert, uint32_t group,
                      uint32_t region, const char *whom)
{
    struct text text = {alert->text, sizeof(alert->text), 0};
    const char *meaning = meaning_of(engine, alert, group);

    write_subject(engine, alert, group, region, whom, meaning);
    say(&text, "%s\n", alert->subject);
    if (strstr(alert->subject, meaning) == NULL) /* cut there, or not in it */
        say(&text, "%s.\n", meaning);
    say(&text, "\nTold by: %s\n\n", alert->probe);
    say_overload(engine, &text, alert);
    if (group == NONE)
        return;
    say_changed(engine, &text, alert, group);
    say_fence(engine, &text, alert, group);
    say_tried(engine, &text, alert, group);
    say_degraded(engine, &text, alert, group, region);
    say_seen(engine, &text, group, region);
    say_done(engine, &text, group);
    say_not_done(engine, &text, group);
    say_stop(engine, &text, group);
}
