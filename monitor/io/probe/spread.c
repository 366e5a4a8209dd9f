/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: a name is as good as its addresses, and a client takes any one of them; so each is
 * checked by itself, side by side under one deadline. A single address is checked by the attempt
 * itself and costs nothing more; with several, the attempt only leads, and each address has a side.
 *
 * What is certainly bad ends at once, because detection counts (V2). What is good waits for all
 * sides, because the operator is to hear which addresses are bad. The times are those of the
 * slowest good address: what the unluckiest client sees who gets an answer at all; a bad address
 * that timed out would only show our own patience. */
#include "attempt.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"

enum { REASON_MAX = 90, MORE_SIZE = sizeof("; and 16 more") - 1 };

struct spread {
    struct attempt *lead;
    unsigned found; /* addresses the name has, checked or not */
    unsigned count;
    struct attempt sides[];
};

struct tally {
    unsigned good;
    unsigned bad;
    unsigned left_out; /* void: our own fault, our own policy */
    unsigned running;
};

static struct tally count_sides(const struct spread *spread)
{
    struct tally tally = {0};

    for (unsigned i = 0; i < spread->count; i++) {
        const struct attempt *side = &spread->sides[i];

        if (side->phase != PHASE_ENDED)
            tally.running++;
        else if (side->result.class == RESULT_GOOD)
            tally.good++;
        else if (side->result.class == RESULT_BAD)
            tally.bad++;
        else
            tally.left_out++;
    }
    return tally;
}

/* ---- what the sides say together ---- */

static bool is_certainly_bad(const struct tally *tally, uint32_t need)
{
    if (need == NEED_ALL)
        return tally->bad > 0;
    return tally->good + tally->running < need && tally->good + tally->bad >= need;
}

/* What is left out counts for nothing; when fewer are left than are needed, nothing is known. */
static enum result_class class_of(const struct spread *spread, const struct tally *tally,
                                  uint32_t need)
{
    unsigned counted = tally->good + tally->bad;

    if (counted == 0)
        return RESULT_VOID;
    if (need == NEED_ALL)
        return tally->bad == 0 ? RESULT_GOOD : RESULT_BAD;
    if (tally->good >= need)
        return RESULT_GOOD;
    return counted >= need || spread->found < need ? RESULT_BAD : RESULT_VOID;
}

/* The side whose failure and status stand for all: the slowest good one, or the first that ended
 * so. NULL: too few addresses, each of them good. */
static const struct attempt *speaker(const struct spread *spread, enum result_class class)
{
    const struct attempt *found = NULL;

    for (unsigned i = 0; i < spread->count; i++) {
        const struct attempt *side = &spread->sides[i];

        if (side->phase != PHASE_ENDED || side->result.class != class)
            continue;
        if (found == NULL || (class == RESULT_GOOD &&
                              side->result.timings.total_us > found->result.timings.total_us))
            found = side;
    }
    return found;
}

/* ---- in words ---- */

struct words {
    char text[RESULT_DETAIL_MAX + 1];
    size_t length;
    unsigned unsaid; /* sides for which there was no room */
};

__attribute__((format(printf, 2, 3))) static void add(struct words *words, const char *format, ...)
{
    size_t room = RESULT_DETAIL_MAX + 1 - words->length;
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(words->text + words->length, room, format, arguments);
    va_end(arguments);
    assert(length >= 0);
    words->length += (size_t)length < room ? (size_t)length : room - 1;
}

static void cut(char *out, const char *text, size_t size)
{
    int length = snprintf(out, size, "%s", text);

    if ((size_t)length >= size)
        memcpy(out + size - 4, "...", 4);
}

/* "192.0.2.3: status 503, wanted 200", unless the words begin with the address already. */
static void add_side(struct words *words, const struct attempt *side, const char *prefix)
{
    char address[ADDRESS_TEXT_MAX];
    char reason[REASON_MAX];
    const char *detail = side->result.detail;

    address_format_host(&side->address, address);
    cut(reason, detail, sizeof(reason));
    if (words->length + strlen(prefix) + strlen(address) + 2 + strlen(reason) + MORE_SIZE >
        RESULT_DETAIL_MAX)
        words->unsaid++;
    else if (strstr(reason, address) != NULL)
        add(words, "; %s%s", prefix, reason);
    else
        add(words, "; %s%s: %s", prefix, address, reason);
}

static void add_sides(struct words *words, const struct spread *spread, enum result_class class,
                      const char *prefix)
{
    for (unsigned i = 0; i < spread->count; i++) {
        const struct attempt *side = &spread->sides[i];

        if (side->phase == PHASE_ENDED && side->result.class == class)
            add_side(words, side, prefix);
    }
}

static void add_counts(struct words *words, const struct spread *spread, const struct tally *tally,
                       enum result_class class)
{
    uint32_t need = spread->lead->check->need;

    add(words, "%u of %u addresses good", tally->good, spread->count);
    if (tally->running > 0)
        add(words, ", %u not waited for", tally->running);
    if (spread->found > spread->count)
        add(words, ", %u not looked at", spread->found - spread->count);
    if (class != RESULT_GOOD && need == NEED_ALL)
        add(words, ", wanted all");
    else if (class != RESULT_GOOD && need != NEED_ANY)
        add(words, ", wanted %u", need);
}

static void describe(struct words *words, const struct spread *spread, const struct tally *tally,
                     enum result_class class, const struct attempt *side)
{
    char seen[REASON_MAX];

    if (class == RESULT_GOOD) {
        cut(seen, side->result.detail, sizeof(seen));
        add(words, "%s; ", seen);
    }
    add_counts(words, spread, tally, class);
    add_sides(words, spread, RESULT_BAD, "");
    add_sides(words, spread, RESULT_VOID, "left out: ");
    if (words->unsaid > 0)
        add(words, "; and %u more", words->unsaid);
}

/* ---- the end ---- */

static void take_timings(struct attempt *lead, const struct attempt *side)
{
    usec_t resolve_us = lead->result.timings.resolve_us;
    usec_t further_us = side->result.timings.resolve_us; /* of redirects */

    lead->result.status = side->result.status;
    lead->result.timings = side->result.timings;
    lead->result.timings.resolve_us = resolve_us + (further_us > 0 ? further_us : 0);
    lead->result.timings.total_us += resolve_us;
}

/* V4: we were as late for all of them together as for the worst of them. */
static void take_lateness(struct spread *spread)
{
    struct attempt *lead = spread->lead;
    msec_t most_ms = 0;

    for (unsigned i = 0; i < spread->count; i++) {
        const struct attempt *side = &spread->sides[i];

        if (side->waited_us > lead->waited_us)
            lead->waited_us = side->waited_us;
        if (side->given_back_ms > most_ms)
            most_ms = side->given_back_ms;
    }
    lead->given_back_ms += most_ms; /* to what it had for its name */
}

static void conclude(struct spread *spread, const struct tally *tally)
{
    struct attempt *lead = spread->lead;
    enum result_class class = class_of(spread, tally, lead->check->need);
    const struct attempt *side = speaker(spread, class);
    /* Without a speaker: too few addresses, and none of them bad. */
    enum failure failure = class == RESULT_BAD ? FAILURE_DNS : FAILURE_POLICY;
    struct words words = {.length = 0};

    take_lateness(spread);
    describe(&words, spread, tally, class, side);
    if (side != NULL) {
        failure = side->result.failure;
        take_timings(lead, side);
    }
    attempt_end(lead, class, failure, "%s", words.text);
}

void spread_on_end(struct attempt *side)
{
    struct spread *spread = side->spread;
    struct tally tally = count_sides(spread);

    if (tally.running == 0 || is_certainly_bad(&tally, spread->lead->check->need))
        conclude(spread, &tally);
}

unsigned spread_index(const struct attempt *side)
{
    return (unsigned)(side - side->spread->sides);
}

void spread_release(struct attempt *attempt)
{
    struct spread *spread = attempt->spread;

    for (unsigned i = 0; i < spread->count; i++) {
        if (spread->sides[i].phase != PHASE_ENDED)
            attempt_release(&spread->sides[i]);
        spread->sides[i].phase = PHASE_ENDED;
    }
}

/* ---- the beginning ---- */

static void prepare_side(struct attempt *side, struct attempt *lead, const union address *address)
{
    side->prober = lead->prober;
    side->token = lead->token;
    side->kind = lead->kind;
    side->check = lead->check;
    side->phase = PHASE_CONNECTING;
    side->due_ms = lead->due_ms;
    side->begun_us = lead->mark_us;
    side->mark_us = lead->mark_us;
    lateness_begin(side);
    side->address = *address;
    side->spread = lead->spread;
    side->is_side = true;
    side->is_hurried = lead->is_hurried;
    side->lean.fd = -1;
    side->account = lead->account;
    side->result.timings = (struct timings){-1, -1, -1, -1, -1};
}

/* A side may end at once, and with it all. */
static void spread_begin(struct attempt *lead, const union address *addresses, unsigned count,
                         unsigned found)
{
    struct spread *spread =
        prober_need(calloc(1, sizeof(*spread) + count * sizeof(spread->sides[0])));

    spread->lead = lead;
    spread->found = found;
    spread->count = count;
    lead->spread = spread;
    lead->phase = PHASE_SPREAD;
    account_sides(lead, addresses, count);
    wheel_clear(&lead->prober->wheel, &lead->timer); /* the sides have one each */
    for (unsigned i = 0; i < count; i++)
        prepare_side(&spread->sides[i], lead, &addresses[i]);
    for (unsigned i = 0; i < count && lead->phase != PHASE_ENDED; i++) {
        prober_set_timer(&spread->sides[i], lead->due_ms);
        lead->kind->begin(&spread->sides[i]);
    }
}

/* Keeps those of the family, with the port of the check. Returns how many. */
static unsigned keep_wanted(struct resolution *resolution, const struct check *check)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < resolution->count; i++) {
        union address address = resolution->addresses[i];

        if (!address_is_of_family(&address, check->family))
            continue;
        address_set_port(&address, check->port);
        resolution->addresses[kept++] = address;
    }
    return kept;
}

static void go_on(struct attempt *attempt, struct resolution *resolution)
{
    const struct check *check = attempt->check;
    unsigned beyond = resolution->found - resolution->count;
    unsigned count = keep_wanted(resolution, check);

    if (count == 0) {
        attempt_end(attempt, RESULT_BAD, FAILURE_DNS, "%s: no %s address", check->host,
                    check->family == FAMILY_IPV4 ? "IPv4" : "IPv6");
        return;
    }
    if (count > 1 || check->need > 1) {
        spread_begin(attempt, resolution->addresses, count, count + beyond);
        return;
    }
    attempt->address = resolution->addresses[0];
    attempt->phase = PHASE_CONNECTING;
    attempt->kind->begin(attempt);
}

static void on_resolved(void *context, const struct resolution *resolution)
{
    struct attempt *attempt = context;
    struct resolution wanted = *resolution;
    enum dns_status status = resolution->status;

    attempt->lookup = NULL;
    account_resolved(attempt, resolution);
    attempt_mark(attempt, &attempt->result.timings.resolve_us);
    if (status == DNS_OK)
        go_on(attempt, &wanted);
    else
        attempt_end(attempt, dns_status_is_own_fault(status) ? RESULT_VOID : RESULT_BAD,
                    FAILURE_DNS, "%s: %s", attempt->check->host, dns_status_name(status));
}

void spread_resolve(struct attempt *attempt)
{
    const struct check *check = attempt->check;
    bool pinned = check->address != NULL && check->address[0] != '\0';
    const char *name = pinned ? check->address : check->host;
    struct resolver *resolver = attempt->prober->resolver;
    struct resolution resolution;

    if (pinned)
        naming_ask(attempt);
    attempt->phase = PHASE_RESOLVING;
    if (resolver_peek(resolver, name, &resolution))
        on_resolved(attempt, &resolution);
    else
        attempt->lookup = resolver_lookup(resolver, name, on_resolved, attempt);
}
