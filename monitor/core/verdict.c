/* SPDX-License-Identifier: Apache-2.0 */
/* The states of V1 and the moves between them:
 *
 *     unknown --rise good--> up <--------------rise good--------------.
 *        |                   | bad            ^ good                  |
 *        |                   v                |                       |
 *        |                suspect ------------'        .---good---> recovering
 *        |                   | fall bad in a row       |              |
 *        `--fall bad-------> down ---------------------' <----bad-----'
 *
 * Silence leads to unknown from everywhere (V4). The window of V3 is a second way to down. */
#include "verdict.h"

#include <assert.h>

#define TO(state) (1u << (state))

/* The table of legal moves; it also holds the names. */
static const struct {
    const char *name;
    char letter;
    unsigned legal;
} states[VERDICT_STATE_COUNT] = {
    [VERDICT_UP] = {"up", 'u', TO(VERDICT_SUSPECT) | TO(VERDICT_DOWN) | TO(VERDICT_UNKNOWN)},
    [VERDICT_UNKNOWN] = {"unknown", '?', TO(VERDICT_UP) | TO(VERDICT_DOWN)},
    [VERDICT_SUSPECT] = {"suspect", 's', TO(VERDICT_UP) | TO(VERDICT_DOWN) | TO(VERDICT_UNKNOWN)},
    [VERDICT_RECOVERING] = {"recovering", 'r',
                            TO(VERDICT_UP) | TO(VERDICT_DOWN) | TO(VERDICT_UNKNOWN)},
    [VERDICT_DOWN] = {"down", 'd', TO(VERDICT_RECOVERING) | TO(VERDICT_UP) | TO(VERDICT_UNKNOWN)},
};

static void move(struct verdict *verdict, enum verdict_state to, msec_t now_ms)
{
    if (verdict->state == to)
        return;
    assert(states[verdict->state].legal & TO(to));
    verdict->state = to;
    verdict->since_ms = now_ms;
}

void verdict_init(struct verdict *verdict, msec_t now_ms)
{
    *verdict = (struct verdict){
        .state = VERDICT_UNKNOWN, .since_ms = now_ms, .last_ms = -1, .failure = FAILURE_NONE};
}

/* Counts the run and the window. Saturates: a counter without a limit once froze recovery. */
static void count(struct verdict *verdict, bool bad)
{
    bool same = verdict->window_count > 0 && (verdict->window & 1) == (bad ? 1 : 0);

    verdict->run = !same ? 1 : verdict->run < VERDICT_RUN_MAX ? verdict->run + 1 : verdict->run;
    verdict->window = verdict->window << 1 | (bad ? 1 : 0);
    if (verdict->window_count < VERDICT_WINDOW_MAX)
        verdict->window_count++;
}

/* V3: enough of the last window_of results were bad. */
static bool window_bad(const struct verdict *verdict, const struct verdict_rule *rule)
{
    uint64_t mask = rule->window_of >= 64 ? UINT64_MAX : (UINT64_C(1) << rule->window_of) - 1;

    return rule->window_bad > 0 &&
           (uint32_t)__builtin_popcountll(verdict->window & mask) >= rule->window_bad;
}

static enum verdict_state after_bad(const struct verdict *verdict, const struct verdict_rule *rule)
{
    switch (verdict->state) {
    case VERDICT_UP:
    case VERDICT_SUSPECT:
        return verdict->run >= rule->fall ? VERDICT_DOWN : VERDICT_SUSPECT;
    case VERDICT_UNKNOWN:
        return verdict->run >= rule->fall ? VERDICT_DOWN : VERDICT_UNKNOWN;
    case VERDICT_RECOVERING:
    case VERDICT_DOWN:
    case VERDICT_STATE_COUNT:
        break;
    }
    return VERDICT_DOWN;
}

static enum verdict_state after_good(const struct verdict *verdict, const struct verdict_rule *rule)
{
    switch (verdict->state) {
    case VERDICT_UNKNOWN:
        return verdict->run >= rule->rise ? VERDICT_UP : VERDICT_UNKNOWN;
    case VERDICT_RECOVERING:
    case VERDICT_DOWN:
        return verdict->run >= rule->rise ? VERDICT_UP : VERDICT_RECOVERING;
    case VERDICT_UP:
    case VERDICT_SUSPECT:
    case VERDICT_STATE_COUNT:
        break;
    }
    return VERDICT_UP;
}

void verdict_apply(struct verdict *verdict, const struct verdict_rule *rule,
                   enum result_class class, enum failure failure, msec_t now_ms)
{
    bool bad = class == RESULT_BAD;
    enum verdict_state next;

    if (class == RESULT_VOID)
        return;
    count(verdict, bad);
    verdict->last_ms = now_ms;
    verdict->window_down = window_bad(verdict, rule);
    next = bad ? after_bad(verdict, rule) : after_good(verdict, rule);
    if (verdict->window_down)
        next = VERDICT_DOWN;
    move(verdict, next, now_ms);
    if (bad)
        verdict->failure = failure;
    else if (next == VERDICT_UP)
        verdict->failure = FAILURE_NONE;
}

void verdict_expire(struct verdict *verdict, const struct verdict_rule *rule, msec_t now_ms)
{
    if (verdict->last_ms < 0 || now_ms - verdict->last_ms <= rule->stale_ms)
        return;
    move(verdict, VERDICT_UNKNOWN, now_ms);
    verdict->run = 0;
    verdict->window = 0;
    verdict->window_count = 0;
    verdict->window_down = false;
    verdict->last_ms = -1;
    verdict->failure = FAILURE_NONE;
}

enum verdict_state verdict_worse(enum verdict_state a, enum verdict_state b)
{
    return a > b ? a : b;
}

const char *verdict_state_name(enum verdict_state state)
{
    return states[state].name;
}

char verdict_state_letter(enum verdict_state state)
{
    return states[state].letter;
}

int verdict_state_parse(char letter, enum verdict_state *ret_state)
{
    for (unsigned i = 0; i < VERDICT_STATE_COUNT; i++) {
        if (states[i].letter == letter) {
            *ret_state = (enum verdict_state)i;
            return 0;
        }
    }
    return -1;
}
