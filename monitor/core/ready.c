/* SPDX-License-Identifier: Apache-2.0 */
/* The judges of what a move needs before it meets AWS: who sees, who votes, where the traffic would
 * go, what would stop it, who acts, the store, the sinks. Each begins with a line that is well,
 * says what was measured, and then what speaks against it, and the worst of it counts. */
#include "ready_line.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "explain.h"

static const char *const state_names[READY_STATE_COUNT] = {
    [READY_OK] = "ok", [READY_WARN] = "warn", [READY_FAIL] = "fail", [READY_UNKNOWN] = "unknown"};

const char *ready_state_name(enum ready_state state)
{
    return state_names[state];
}

bool ready_is(const struct ready_sum *sum)
{
    return sum->count[READY_FAIL] == 0;
}

/* ---- writing a line ---- */

void ready_begin(struct ready_line *line, const char *name, const char *about, const char *about2)
{
    *line = (struct ready_line){.name = name, .state = READY_OK, .value = -1, .limit = -1};
    snprintf(line->about, sizeof(line->about), "%s%s%s", about, about2[0] != '\0' ? " " : "",
             about2);
}

void ready_say(struct ready_line *line, const char *format, ...)
{
    size_t used = strlen(line->measured);
    va_list args;

    va_start(args, format);
    vsnprintf(line->measured + used, sizeof(line->measured) - used, format, args);
    va_end(args);
}

/* What is not known is worse than what is well, and better than what is known to be odd. */
static int badness(enum ready_state state)
{
    switch (state) {
    case READY_OK:
        return 0;
    case READY_UNKNOWN:
        return 1;
    case READY_WARN:
        return 2;
    case READY_FAIL:
    case READY_STATE_COUNT:
        break;
    }
    return 3;
}

void ready_advise(struct ready_line *line, enum ready_state state, const char *format, ...)
{
    va_list args;

    if (badness(state) <= badness(line->state))
        return;
    line->state = state;
    va_start(args, format);
    vsnprintf(line->advice, sizeof(line->advice), format, args);
    va_end(args);
}

/* ---- this probe ---- */

void ready_sight(const struct ready_sight *facts, struct ready_line *ret_line)
{
    ready_begin(ret_line, "sight", "", "");
    ready_say(ret_line, "this probe %s",
              facts->blindness == BLIND_NOT ? "sees" : "is blind and abstains");
    switch (facts->blindness) {
    case BLIND_NOT:
        if (facts->reference_count == 0)
            ready_advise(ret_line, READY_WARN,
                         "name references in probe.references: without them this probe cannot tell "
                         "a dead region from its own broken network (V5)");
        break;
    case BLIND_STARTING:
        ready_say(ret_line, ": no reference has answered yet");
        ready_advise(ret_line, READY_WARN,
                     "wait a few seconds; if it stays so, see whether probe.references can be "
                     "reached from here");
        break;
    case BLIND_REFERENCES:
        ready_say(ret_line, ": none of %" PRIu32 " references answers", facts->reference_count);
        ready_advise(ret_line, READY_WARN,
                     "repair this machine's network or the list probe.references: its vote does "
                     "not count until one answers (V5)");
        break;
    case BLIND_ALL_DOWN:
        ready_say(ret_line, ": everything looks down, and there are no references");
        ready_advise(ret_line, READY_WARN,
                     "look at this machine's network, and name probe.references, so that it can "
                     "tell (V5)");
        break;
    case BLIND_CLOCK:
    case BLIND_STALLED:
    case BLIND_COUNT:
        ready_say(ret_line, ": %s, it watches for 30 s", blindness_name(facts->blindness));
        ready_advise(ret_line, READY_WARN,
                     "wait; if it comes back, look for a suspended machine, a jumping clock or a "
                     "starved processor");
        break;
    }
}

/* ---- who votes ---- */

static bool reaches_down(const struct ready_quorum *facts, const struct ready_votes *votes)
{
    return votes->votes >= facts->needs_down && votes->vantages >= facts->needs_vantages &&
           votes->owners >= facts->needs_owners && votes->outside;
}

static bool reaches(const struct ready_quorum *facts, const struct ready_votes *votes)
{
    return reaches_down(facts, votes) && votes->votes >= facts->needs_up;
}

static void say_reach(struct ready_line *line, const struct ready_quorum *facts)
{
    const struct ready_votes *all = &facts->all;

    ready_say(line,
              "%" PRIu32 " of %" PRIu32 " probes vote, from %" PRIu32 " vantages and %" PRIu32
              " owners (down needs %" PRIu32 ", from %" PRIu32 " and %" PRIu32 "; up needs %" PRIu32
              "); without those in %s: %" PRIu32,
              all->votes, facts->electors, all->vantages, all->owners, facts->needs_down,
              facts->needs_vantages, facts->needs_owners, facts->needs_up, facts->region,
              facts->without.votes);
    if (facts->missing[0] != '\0')
        ready_say(line, "; not counted: %s", facts->missing);
}

void ready_quorum(const struct ready_quorum *facts, struct ready_line *ret_line)
{
    const struct ready_votes *all = &facts->all;

    ready_begin(ret_line, "quorum", facts->group, facts->region);
    ret_line->value = all->votes;
    ret_line->limit = facts->needs_down > facts->needs_up ? facts->needs_down : facts->needs_up;
    say_reach(ret_line, facts);
    if (all->votes < ret_line->limit)
        ready_advise(ret_line, READY_FAIL,
                     "bring back probes whose vote is not counted (%s): nothing can be agreed "
                     "until %" PRId64 " vote (A1)",
                     facts->missing, ret_line->limit);
    else if (!reaches_down(facts, all))
        ready_advise(
            ret_line, READY_FAIL,
            "bring back probes at other vantages or of other owners (%s): down needs %" PRIu32
            " vantages, %" PRIu32 " owners, and one outside %s (A3)",
            facts->missing, facts->needs_vantages, facts->needs_owners, facts->region);
    else if (!reaches(facts, &facts->without))
        ready_advise(
            ret_line, READY_WARN,
            "if %s dies with its own probes, the rest can agree on nothing: %s%s", facts->region,
            facts->missing[0] != '\0' ? "bring back the missing ones: " : "add probes elsewhere",
            facts->missing);
    else if (facts->missing[0] != '\0')
        ready_advise(ret_line, READY_WARN,
                     "bring back the probes that are not counted (%s): the next one lost may cost "
                     "the quorum",
                     facts->missing);
}

void ready_settings(const struct ready_settings *facts, struct ready_line *ret_line)
{
    ready_begin(ret_line, "settings", "", "");
    ret_line->value = facts->others;
    ret_line->limit = 0;
    if (facts->others == 0) {
        ready_say(ret_line, "every probe that votes runs settings %s", facts->fingerprint);
        return;
    }
    ready_say(ret_line, "%" PRIu32 " run other settings than %s: %s", facts->others,
              facts->fingerprint, facts->names);
    ready_advise(ret_line, READY_WARN,
                 "give %s the same quorum, checks, services, groups and limits, and reload "
                 "(systemctl reload regionshiftd): its votes do not count here (A2)",
                 facts->names);
}

/* ---- where the traffic would go ---- */

static void say_target(struct ready_line *line, const struct ready_target *facts)
{
    char age[SPAN_MAX];
    char stable[SPAN_MAX];

    if (facts->fallback)
        ready_say(line, "only the fallback is left: %s", facts->targets);
    else if (!facts->moves)
        ready_say(line, "nobody would take the traffic of %s", facts->region);
    else if (facts->serving)
        ready_say(line, "%s would serve it all: agreed %s for %s", facts->targets,
                  agreement_state_name(facts->agreed), span_format(facts->agreed_ms, age));
    else
        ready_say(line, "%s would take it: agreed %s for %s, stable is %s", facts->targets,
                  agreement_state_name(facts->agreed), span_format(facts->agreed_ms, age),
                  span_format(facts->stable_ms, stable));
    if (facts->gate[0] != '\0' && !facts->moves)
        ready_say(line, ": %s", facts->gate);
}

void ready_target(const struct ready_target *facts, struct ready_line *ret_line)
{
    ready_begin(ret_line, "target", facts->group, facts->region);
    if (!facts->has_head) {
        ready_say(ret_line, "the group is watched, never moved: it has no first decision");
        ready_advise(ret_line, READY_FAIL,
                     "run `regionshift init`, then `regionshift init --yes` "
                     "(D9)");
        return;
    }
    ret_line->value = facts->moves ? facts->agreed_ms : -1;
    ret_line->limit = facts->serving ? 0 : facts->stable_ms;
    say_target(ret_line, facts);
    if (!facts->moves)
        ready_advise(ret_line, READY_FAIL,
                     "get another region up and stable: see `regionshift explain %s`; a drained "
                     "one comes back with `regionshift restore`",
                     facts->group);
    else if (facts->fallback)
        ready_advise(ret_line, READY_FAIL,
                     "customers would see the static page: get another region up and stable; see "
                     "`regionshift explain %s`",
                     facts->group);
    else if (facts->agreed != AGREED_UP)
        ready_advise(ret_line, READY_FAIL,
                     "%s is not agreed up: see what its checks say in `regionshift status`",
                     facts->targets);
}

/* ---- what would stop it ---- */

static void judge_budget(const struct ready_moves *facts, struct ready_line *line)
{
    char left[SPAN_MAX];

    if (facts->ledger_unreadable) {
        ready_say(line, "the ledger of moves cannot be read");
        ready_advise(
            line, READY_FAIL,
            "see `regionshift status`, which names the key: a newer release wrote it, or a "
            "hand; no automatic move until then (D6)");
        return;
    }
    line->value = facts->budget_used;
    line->limit = facts->budget_limit;
    ready_say(line, "%" PRIu32 " of %" PRIu32 " moves used", facts->budget_used,
              facts->budget_limit);
    if (facts->budget_used < facts->budget_limit)
        return;
    if (facts->budget_left_ms >= 0)
        ready_say(line, ", the next in %s", span_format(facts->budget_left_ms, left));
    ready_advise(line, READY_FAIL,
                 "the budget is spent: find out what makes traffic move so often; until then only "
                 "orders move (regionshift drain, D6)");
}

void ready_moves(const struct ready_moves *facts, struct ready_line *ret_line)
{
    char left[SPAN_MAX];

    ready_begin(ret_line, "moves", facts->group, "");
    if (facts->frozen[0] != '\0') {
        ready_say(ret_line, "%s; ", facts->frozen);
        ready_advise(ret_line, READY_FAIL,
                     "`regionshift thaw` when what it waits for is done; until then only orders "
                     "with --override move (D7)");
    }
    judge_budget(facts, ret_line);
    if (facts->dwell_left_ms <= 0)
        return;
    ready_say(ret_line, "; the group moved a short time ago, %s of dwell left",
              span_format(facts->dwell_left_ms, left));
    ready_advise(ret_line, READY_FAIL,
                 "wait %s; if it must move before, `regionshift drain REGION` passes dwell (D6)",
                 left);
}

void ready_actors(const struct ready_actors *facts, struct ready_line *ret_line)
{
    ready_begin(ret_line, "actors", facts->region, "");
    ret_line->value = facts->surviving;
    ret_line->limit = facts->may_act;
    ready_say(ret_line,
              "%" PRIu32 " of %" PRIu32 " probes that may act vote now, %" PRIu32
              " of them outside %s",
              facts->alive, facts->may_act, facts->surviving, facts->region);
    if (facts->silent[0] != '\0')
        ready_say(ret_line, "; silent: %s", facts->silent);
    if (facts->dry_run)
        ready_say(ret_line, "; this one runs dry (-n)");
    if (facts->alive == 0)
        ready_advise(ret_line, READY_FAIL,
                     "bring back a probe with may_act = true (%s): nobody could change the zone "
                     "(C6)",
                     facts->silent);
    else if (facts->surviving == 0)
        ready_advise(ret_line, READY_FAIL,
                     "all probes that may act stand in %s: give may_act = true to one elsewhere, "
                     "or bring it back (C6)",
                     facts->region);
    else if (facts->silent[0] != '\0')
        ready_advise(ret_line, READY_WARN,
                     "bring back those that may act and do not vote (%s): the next one lost may be "
                     "the last (C6)",
                     facts->silent);
    if (facts->dry_run)
        ready_advise(ret_line, READY_WARN,
                     "this daemon commits and changes nothing: start it without -n if it should");
}

/* ---- the store ---- */

void ready_store(const struct ready_store *facts, struct ready_line *ret_line)
{
    char age[SPAN_MAX];

    ready_begin(ret_line, "store", "", "");
    ret_line->value = facts->read_ms;
    if (facts->read_ms >= 0)
        ready_say(ret_line, "read whole %s ago", span_format(facts->read_ms, age));
    else
        ready_say(ret_line, "not read yet");
    ready_say(ret_line, facts->lease ? ", our lease lives" : ", we have no lease");
    if (!facts->ok && facts->error[0] != '\0')
        ready_say(ret_line, "; it says: %s", facts->error);
    if (!facts->ok)
        ready_advise(ret_line, READY_FAIL,
                     "get the store to answer: nothing is decided without it (S2); in need, "
                     "`regionshift drain REGION --override` goes past it");
    else if (!facts->lease)
        ready_advise(ret_line, READY_FAIL,
                     "wait for a lease, some seconds; if none comes, may this probe write to the "
                     "store? Its votes do not count (A2)");
    if (facts->unreadable > 0) {
        ready_say(ret_line, "; %" PRIu32 " keys cannot be read, as %s", facts->unreadable,
                  facts->unreadable_key);
        ready_advise(ret_line, READY_WARN,
                     "update this probe if a newer release wrote %s; if a hand did, delete the key",
                     facts->unreadable_key);
    }
}

/* ---- sinks ---- */

void ready_sink(const struct ready_sink *facts, struct ready_line *ret_line)
{
    char age[SPAN_MAX];

    ready_begin(ret_line, "sink", facts->sink != NULL ? facts->sink : "", "");
    if (facts->sink == NULL) {
        ready_say(ret_line, "there is no sink: nobody is told of a move");
        ready_advise(ret_line, READY_WARN,
                     "name one in alerts, and try it with `regionshift alert-test`");
        return;
    }
    ret_line->value = facts->failures;
    ret_line->limit = 0;
    if (facts->accepted_ms >= 0)
        ready_say(ret_line, "took an alert %s ago", span_format(facts->accepted_ms, age));
    else
        ready_say(ret_line, "took no alert of this probe since its settings were read");
    if (facts->failures > 0)
        ready_say(ret_line, "; the last %" PRIu32 " attempts failed, %s ago: %s", facts->failures,
                  span_format(facts->failed_ms, age), facts->error);
    if (facts->failures > 0)
        ready_advise(ret_line, READY_WARN,
                     "repair what it says, then `regionshift alert-test`: a move goes on without "
                     "this sink, and nobody hears of it there");
    else if (facts->accepted_ms < 0)
        ready_advise(ret_line, READY_UNKNOWN,
                     "`regionshift alert-test` sends one through it, and prints what it answers");
}
