/* SPDX-License-Identifier: Apache-2.0 */
/* What each probe saw, attempt by attempt, and whether its votes say that: V1 to V5 written down a
 * second time, from the words of the rules. A good result of a check that has been good for long
 * costs a few instructions; there are some thousand of them for every other event. */
#include <inttypes.h>
#include <string.h>

#include "invariants_state.h"

/* V4: evidence older than 3 intervals is looked for within a second. */
enum { SWEEP_MS = 1000 };

static msec_t stale_ms(const struct check *check)
{
    return 3 * check->interval_ms;
}

/* ---- one check ---- */

static bool window_full(const struct seen_check *seen, const struct check *check)
{
    uint64_t mask = check->window_of >= 64 ? UINT64_MAX : (UINT64_C(1) << check->window_of) - 1;

    return check->window_bad > 0 &&
           (uint32_t)__builtin_popcountll(seen->window & mask) >= check->window_bad;
}

/* V1, V3: what the site's letter is after this result. */
static char letter_after(const struct seen_check *seen, const struct check *check, bool bad)
{
    bool enough = seen->run >= (bad ? check->fall : check->rise);
    bool was_down = seen->letter == 'd' || seen->letter == 'r';

    if (window_full(seen, check))
        return 'd';
    if (bad) {
        if (was_down || enough)
            return 'd';
        return seen->letter == '?' ? '?' : 's';
    }
    if (enough || seen->letter == 'u' || seen->letter == 's')
        return 'u';
    return was_down ? 'r' : '?';
}

static void forget(struct seen_check *seen)
{
    *seen = (struct seen_check){.letter = '?', .last_ms = -1, .unsure = seen->unsure};
}

/* V4. Between its end and the next sweep either reading is right. */
static void age(struct seen_check *seen, const struct check *check, msec_t at_ms)
{
    msec_t age_ms = at_ms - seen->last_ms;

    if (seen->last_ms < 0 || age_ms <= stale_ms(check))
        return;
    seen->unsure |= age_ms <= stale_ms(check) + SWEEP_MS;
    forget(seen);
}

/* V2: the first bad result of an up site, when nobody else was heard to suspect it, is none of the
 * `fall`; unless there is nobody else. */
static bool only_raises(const struct invariants *invariants, uint32_t probe, uint32_t check)
{
    const struct settings *settings = invariants->heard[probe].settings;
    const struct seen_probe *seen = &invariants->seen[probe];
    uint32_t site = settings->checks[check].site;

    if (settings->elector_count == 1)
        return false;
    for (uint32_t i = 0; i < settings->elector_count; i++) {
        if (seen->others[(size_t)i * settings->site_count + site])
            return false;
    }
    return true;
}

void voted_suspects(struct invariants *invariants, uint32_t probe,
                    const struct event_suspect *event)
{
    const struct settings *settings = invariants->heard[probe].settings;
    bool *told = &invariants->seen[probe].others[(size_t)event->probe * settings->site_count];

    if (event->probe == probe)
        return;
    memset(told, 0, settings->site_count * sizeof(*told));
    for (uint32_t i = 0; i < event->count; i++)
        told[event->sites[i]] = true;
}

static void take(struct seen_check *seen, const struct check *check, bool bad, msec_t at_ms)
{
    uint32_t settled = check->fall > check->rise ? check->fall : check->rise;

    age(seen, check, at_ms);
    seen->run = seen->count > 0 && seen->last_bad == bad ? seen->run + 1 : 1;
    seen->count++;
    seen->last_bad = bad;
    seen->window = seen->window << 1 | bad;
    seen->last_ms = at_ms;
    seen->letter = letter_after(seen, check, bad);
    if (seen->letter == 'u')
        seen->fault = false;
    if (check->window_bad > 0 && check->window_of > settled)
        settled = check->window_of;
    if (seen->run >= settled)
        seen->unsure = false;
}

/* S-27: a bad result has met a real fault, when an attempt would fail now, when chance may have
 * failed it (loss, delay), or when something changed while the attempt was under way. */
static bool met_fault(const struct invariants *invariants, const struct check *check, bool answers)
{
    return !answers || invariants->noisy ||
           invariants->now_ms - invariants->disturbed_ms <= check->timeout_ms + SWEEP_MS;
}

bool voted_result(struct invariants *invariants, uint32_t probe, const struct event *event,
                  bool answers)
{
    const struct check *check = &invariants->heard[probe].settings->checks[event->result.check];
    struct seen_check *seen = &invariants->seen[probe].checks[event->result.check];
    enum result_class class = event->result.result->class;
    bool was_up;

    if (class == RESULT_GOOD && seen->letter == 'u' && seen->window == 0 && !seen->unsure &&
        event->at_ms - seen->last_ms <= stale_ms(check)) {
        seen->last_ms = event->at_ms;
        return true; /* up, and nothing bad within any window: run and count have done their work */
    }
    if (class == RESULT_VOID)
        return true;
    was_up = seen->letter == 'u';
    take(seen, check, class == RESULT_BAD, event->at_ms);
    if (was_up && seen->letter == 's' && only_raises(invariants, probe, event->result.check))
        seen->run = 0;
    if (class == RESULT_BAD)
        seen->fault |= met_fault(invariants, check, answers);
    return false;
}

void voted_restart(struct invariants *invariants, uint32_t probe)
{
    const struct settings *settings = invariants->heard[probe].settings;
    struct seen_probe *seen = &invariants->seen[probe];

    for (uint32_t i = 0; i < settings->check_count; i++) {
        seen->checks[i].unsure = false;
        forget(&seen->checks[i]);
    }
    for (uint32_t g = 0; g < settings->group_count; g++)
        seen->has_published[g] = false;
    for (uint32_t r = 0; r < settings->reference_count; r++)
        seen->tried[r] = seen->answered[r] = false;
    memset(seen->others, 0,
           (size_t)settings->elector_count * settings->site_count * sizeof(*seen->others));
}

/* ---- a site, from its checks ---- */

static int badness(char letter)
{
    static const char order[] = "u?srd";
    return (int)(strchr(order, letter) - order);
}

/* The letter of a check by its own results; sets *unsure when another one is right as well. */
static char own_letter(const struct invariants *invariants, uint32_t probe, uint32_t check,
                       bool *unsure)
{
    const struct seen_check *seen = &invariants->seen[probe].checks[check];
    msec_t limit_ms = stale_ms(&invariants->heard[probe].settings->checks[check]);
    msec_t age_ms = invariants->heard[probe].at_ms - seen->last_ms;
    bool old = seen->last_ms >= 0 && age_ms > limit_ms;

    *unsure |= seen->unsure || (old && age_ms <= limit_ms + SWEEP_MS);
    return old ? '?' : seen->letter;
}

/* Of a group: the best letter that as many of its members have, or a better one, as it needs. */
static char check_letter(const struct invariants *invariants, uint32_t probe, uint32_t check,
                         bool *unsure)
{
    const struct check *c = &invariants->heard[probe].settings->checks[check];
    uint32_t good = 0;

    if (c->kind != CHECK_GROUP)
        return own_letter(invariants, probe, check, unsure);
    for (const char *letter = "u?srd"; *letter != '\0'; letter++) {
        for (uint32_t i = 0; i < c->of.members->member_count; i++)
            good += own_letter(invariants, probe, c->of.members->members[i], unsure) == *letter;
        if (good >= c->of.members->need)
            return *letter;
    }
    return 'd';
}

/* The letter of a site: of the worst of its required checks that are no members of a group. */
static char site_letter(const struct invariants *invariants, uint32_t probe, uint32_t site,
                        bool *ret_unsure)
{
    const struct settings *settings = invariants->heard[probe].settings;
    const struct site *s = &settings->sites[site];
    char worst = s->check_count == 0 ? '?' : 'u';

    *ret_unsure = false;
    for (uint32_t i = s->first_check; i < s->first_check + s->check_count; i++) {
        char letter;

        if (settings->checks[i].level != LEVEL_REQUIRED || settings->checks[i].is_member)
            continue;
        letter = check_letter(invariants, probe, i, ret_unsure);
        if (badness(letter) > badness(worst))
            worst = letter;
    }
    return worst;
}

/* S-27 judges by this at the commit. */
static void note_down(struct invariants *invariants, uint32_t probe, uint32_t site)
{
    const struct site *s = &invariants->heard[probe].settings->sites[site];
    struct said_down said = {.ever = true, .at_ms = invariants->now_ms};

    for (uint32_t i = s->first_check; i < s->first_check + s->check_count; i++) {
        const struct seen_check *seen = &invariants->seen[probe].checks[i];
        if (seen->letter != 'd' || !settings_check_counts(invariants->heard[probe].settings, i))
            continue;
        said.fair = true;
        said.fault |= seen->fault;
        if (seen->last_bad && seen->run > said.run)
            said.run = seen->run;
        if ((uint32_t)__builtin_popcountll(seen->window) > said.window_bad)
            said.window_bad = (uint32_t)__builtin_popcountll(seen->window);
    }
    invariants->seen[probe].downs[site] = said;
}

static void judge_letter(struct invariants *invariants, uint32_t probe, uint32_t site)
{
    char published = invariants->seen[probe].published[site];
    bool unsure;
    char letter = site_letter(invariants, probe, site, &unsure);

    if (letter == published || published == 0 || unsure)
        return;
    invariants_fail(invariants, "S-38", probe, "%s votes '%c' on %s; its results say '%c'",
                    invariants_probe_name(invariants, probe), published,
                    invariants->settings->sites[site].name, letter);
}

/* ---- V5: who cannot see abstains ---- */

static bool any_reference(const struct invariants *invariants, uint32_t probe)
{
    const struct settings *settings = invariants->heard[probe].settings;

    for (uint32_t r = 0; r < settings->reference_count; r++) {
        if (invariants->seen[probe].answered[r])
            return true;
    }
    return false;
}

static bool sees_all_down(const struct invariants *invariants, uint32_t probe)
{
    const struct settings *settings = invariants->heard[probe].settings;
    bool any = false;

    for (uint32_t i = 0; i < settings->site_count; i++) {
        if (settings->sites[i].check_count > 0 && invariants->seen[probe].published[i] != 'd')
            return false;
        any |= settings->sites[i].check_count > 0;
    }
    return any && settings->region_count > 1;
}

static void judge_sight(struct invariants *invariants, uint32_t probe)
{
    const struct heard *heard = &invariants->heard[probe];
    const char *name = invariants_probe_name(invariants, probe);
    bool refers = heard->settings->reference_count > 0;
    bool sees = true;

    for (uint32_t g = 0; g < heard->settings->group_count; g++)
        sees &= invariants->seen[probe].has_published[g] && !invariants->seen[probe].blind[g];
    if (!sees)
        return;
    if (heard->at_ms < heard->quiet_until_ms)
        invariants_fail(invariants, "S-19", probe,
                        "%s votes %" PRId64 " ms before the end of the %d s after a gap", name,
                        heard->quiet_until_ms - heard->at_ms, WATCH_MS / 1000);
    else if (refers && !any_reference(invariants, probe))
        invariants_fail(invariants, "S-39", probe,
                        "%s votes while none of its %" PRIu32 " references answers", name,
                        heard->settings->reference_count);
    else if (!refers && sees_all_down(invariants, probe))
        invariants_fail(invariants, "S-39", probe,
                        "%s has no references, sees every site down, and votes", name);
}

/* V5: the first answer after silence ends a blind time, and what was seen bad in it is void. Where
 * only the age of an older answer says that it was silent, a probe that stood still may not have
 * noticed: then either reading is right. */
static void end_blind_time(struct invariants *invariants, uint32_t probe, bool by_age)
{
    const struct settings *settings = invariants->heard[probe].settings;

    for (uint32_t i = 0; i < settings->check_count; i++) {
        struct seen_check *seen = &invariants->seen[probe].checks[i];
        if (seen->letter == 'u')
            continue;
        if (!by_age)
            forget(seen);
        seen->unsure |= by_age;
        seen->run = 0; /* and it is sure again when a whole run says so */
    }
}

/* References are tried as often as the busiest check. */
static msec_t reference_ms(const struct settings *settings)
{
    msec_t least_ms = settings->check_count > 0 ? settings->checks[0].interval_ms : 10000;

    for (uint32_t i = 1; i < settings->check_count; i++) {
        if (settings->checks[i].interval_ms < least_ms)
            least_ms = settings->checks[i].interval_ms;
    }
    return least_ms;
}

static void take_reference(struct invariants *invariants, uint32_t probe, const struct event *event)
{
    struct seen_probe *seen = &invariants->seen[probe];
    const struct settings *settings = invariants->heard[probe].settings;
    bool tried = false;
    bool silent = true;
    bool old = true;

    for (uint32_t r = 0; r < settings->reference_count; r++) {
        tried |= seen->tried[r];
        silent &= !seen->answered[r];
        old &=
            !seen->answered[r] || event->at_ms - seen->answered_ms[r] > 3 * reference_ms(settings);
    }
    seen->tried[event->reference.reference] = true;
    seen->answered[event->reference.reference] = event->reference.answered;
    if (!event->reference.answered)
        return;
    seen->answered_ms[event->reference.reference] = event->at_ms;
    if (tried && old)
        end_blind_time(invariants, probe, !silent);
}

/* ---- after a step ---- */

static void take_vote(struct invariants *invariants, uint32_t probe, const struct vote *vote)
{
    const struct group *group = invariants_group(invariants, vote->group);
    struct seen_probe *seen = &invariants->seen[probe];

    seen->has_published[vote->group] = true;
    seen->blind[vote->group] = vote->blindness != BLIND_NOT;
    for (uint32_t k = 0; k < group->site_count; k++) {
        uint32_t site = group->sites[k];
        seen->published[site] = vote->states[k];
        judge_letter(invariants, probe, site);
        if (vote->states[k] == 'd')
            note_down(invariants, probe, site);
    }
}

void voted_stepped(struct invariants *invariants, uint32_t probe, const struct event *event,
                   const struct update *update)
{
    struct seen_probe *seen = &invariants->seen[probe];
    const struct settings *settings = invariants->heard[probe].settings;

    if (event->kind == EVENT_REFERENCE)
        take_reference(invariants, probe, event);
    for (uint32_t i = 0; i < update->vote_count; i++)
        take_vote(invariants, probe, &update->votes[i]);
    if (update->vote_count > 0 || event->kind == EVENT_CLOCK ||
        (event->kind == EVENT_REFERENCE && !event->reference.answered))
        judge_sight(invariants, probe);
    if (event->kind == EVENT_RESULT &&
        invariants->seen[probe].checks[event->result.check].letter !=
            seen->published[settings->checks[event->result.check].site])
        judge_letter(invariants, probe, settings->checks[event->result.check].site);
}
