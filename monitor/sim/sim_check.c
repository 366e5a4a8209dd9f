/* SPDX-License-Identifier: Apache-2.0 */
/* Checks and references: how endpoints answer, and what a probe makes of it. An attempt whose
 * answer cannot come in time is a timeout at its limit; of any other, the endpoint's state at the
 * moment of the answer counts. A failure shows only to checks that can see it: a certificate to
 * those that verify one, a name to those that resolve one, a status to those that read one. */
#include <assert.h>
#include <string.h>

#include "world_state.h"

enum { REFERENCE_TIMEOUT_MS = 3000 /* as monitor/io/perform.c */ };

/* ---- endpoints ---- */

static bool is_address(const char *host)
{
    return strchr(host, ':') != NULL || strspn(host, "0123456789.") == strlen(host);
}

static enum failure status_failure(const struct check *check, int status)
{
    struct answer answer = {.has = SUBJECT_BIT(SUBJECT_STATUS) | SUBJECT_BIT(SUBJECT_BODY),
                            .status = status,
                            .body = check->body != NULL ? check->body : ""};
    enum failure failure = FAILURE_NONE;
    char detail[RESULT_DETAIL_MAX + 1];

    if (status == 0)
        return FAILURE_STATUS;
    if (check->kind != CHECK_HTTP)
        return FAILURE_NONE;
    answer.body_length = strlen(answer.body);
    (void)assertion_judge(check->assertion, &answer, &failure, detail, sizeof(detail));
    return failure;
}

/* How an answer from this endpoint fails, if one comes. */
static enum failure answer_failure(const struct check *check, const struct sim_endpoint *endpoint)
{
    switch ((enum site_mode)endpoint->mode) {
    case SITE_OK:
    case SITE_SLOW:
    case SITE_LOSS:
        return FAILURE_NONE;
    case SITE_REFUSE:
        return FAILURE_CONNECT;
    case SITE_TIMEOUT:
        return FAILURE_TIMEOUT;
    case SITE_STATUS:
        return status_failure(check, endpoint->value);
    case SITE_DNS:
        return (check->address == NULL || check->address[0] == '\0') && !is_address(check->host)
                   ? FAILURE_DNS
                   : FAILURE_NONE;
    case SITE_TLS:
        return check->tls && check->verify ? FAILURE_CERTIFICATE : FAILURE_NONE;
    case SITE_VOID:
        return FAILURE_POLICY;
    }
    return FAILURE_NONE;
}

/* By time, not by what was drawn before: the same attempt in a run with another fault ends alike.
 */
static bool is_lost(const struct world *world, uint32_t probe, uint32_t check, int32_t loss_pct)
{
    uint64_t whose = (uint64_t)probe << 32 | check;
    struct dice dice = dice_create(world->seed ^ whose, DICE_SITES, (uint64_t)world->now_ms);

    return dice_below(&dice, 100) < (uint64_t)loss_pct;
}

/* When the endpoint's answer comes; INT64_MAX: never. */
static msec_t answer_after_ms(const struct world *world, uint32_t probe, uint32_t check)
{
    const struct sim_probe *p = &world->probes[probe];
    const struct sim_endpoint *endpoint = &p->endpoints[p->settings->checks[check].site];

    if (endpoint->mode == SITE_TIMEOUT)
        return INT64_MAX;
    if (endpoint->mode == SITE_SLOW)
        return endpoint->value;
    if (endpoint->mode == SITE_LOSS && is_lost(world, probe, check, endpoint->value))
        return INT64_MAX;
    return ANSWER_MS;
}

static bool answers_well(const struct check *check, const struct sim_endpoint *endpoint)
{
    if (endpoint->mode == SITE_SLOW)
        return endpoint->value <= check->timeout_ms;
    if (endpoint->mode == SITE_LOSS)
        return endpoint->value < 100;
    return answer_failure(check, endpoint) == FAILURE_NONE;
}

static bool check_answers(const struct settings *settings, const struct check *check,
                          const struct sim_endpoint *endpoint)
{
    uint32_t good = 0;

    if (check->kind != CHECK_GROUP)
        return answers_well(check, endpoint);
    for (uint32_t i = 0; i < check->of.members->member_count; i++)
        good += answers_well(&settings->checks[check->of.members->members[i]], endpoint);
    return good >= check->of.members->need;
}

bool world_answers(const struct world *world, uint32_t probe, uint32_t site)
{
    const struct sim_probe *p = &world->probes[probe];
    const struct site *s = &p->settings->sites[site];

    if (p->blind || !sim_net_passes(world, probe, s->region))
        return false;
    for (uint32_t i = s->first_check; i < s->first_check + s->check_count; i++) {
        const struct check *check = &p->settings->checks[i];

        if (check->level == LEVEL_REQUIRED && !check->is_member &&
            !check_answers(p->settings, check, &p->endpoints[site]))
            return false;
    }
    return true;
}

/* ---- an attempt begins ---- */

/* Its answer's time, from now; INT64_MAX: none comes. */
static msec_t check_after_ms(struct world *world, uint32_t probe, uint32_t check)
{
    struct sim_probe *p = &world->probes[probe];
    uint32_t site = p->settings->checks[check].site;
    msec_t after_ms = answer_after_ms(world, probe, check);
    struct sim_trip trip = sim_net_trip(world, probe, p->settings->sites[site].region);

    p->started[site]++;
    if (p->lie != LIE_NOT)
        return ANSWER_MS;
    if (!trip.arrives || !trip.answered || after_ms == INT64_MAX)
        return INT64_MAX;
    return trip.there_ms + after_ms + trip.back_ms;
}

static msec_t reference_after_ms(struct world *world, uint32_t probe)
{
    struct sim_trip trip = sim_net_trip(world, probe, NONE);

    if (!trip.arrives || !trip.answered)
        return INT64_MAX;
    return trip.there_ms + ANSWER_MS + trip.back_ms;
}

void sim_check_start(struct world *world, uint32_t probe, uint32_t token)
{
    const struct settings *settings = world->probes[probe].settings;
    bool is_check = token < settings->check_count;
    msec_t local_ms = is_check ? settings->checks[token].timeout_ms : REFERENCE_TIMEOUT_MS;
    msec_t limit_ms = world_when(world, probe, world_local_ms(world, probe) + local_ms);
    msec_t after_ms =
        is_check ? check_after_ms(world, probe, token) : reference_after_ms(world, probe);
    struct pending pending = {
        .kind = PENDING_RESULT, .probe = probe, .token = token, .since_ms = world->now_ms};

    limit_ms -= world->now_ms;
    pending.lost = after_ms > limit_ms;
    world_later(world, pending.lost ? limit_ms : after_ms, pending);
}

/* ---- and ends ---- */

static enum failure failure_of(const struct sim_probe *probe, const struct pending *pending)
{
    const struct check *check = &probe->settings->checks[pending->token];

    if (probe->lie != LIE_NOT)
        return probe->lie == LIE_UP ? FAILURE_NONE : FAILURE_CONNECT;
    return pending->lost ? FAILURE_TIMEOUT : answer_failure(check, &probe->endpoints[check->site]);
}

static void tell_result(struct world *world, const struct pending *pending,
                        const struct result *result)
{
    struct event event = {.kind = EVENT_RESULT,
                          .result = {.check = pending->token, .result = result}};

    world_feed(world, pending->probe, &event);
}

/* Nearly all are good, and alike. */
static void check_ends(struct world *world, const struct pending *pending)
{
    static const struct result good = {.class = RESULT_GOOD};
    const struct sim_probe *p = &world->probes[pending->probe];
    bool stood_still = p->stall_end_ms >= pending->since_ms; /* V4: measured meanwhile */
    enum failure failure = failure_of(p, pending);

    if (failure == FAILURE_NONE && !stood_still) {
        tell_result(world, pending, &good);
    } else {
        bool is_void = stood_still || failure == FAILURE_POLICY;

        tell_result(
            world, pending,
            &(struct result){.class = is_void ? RESULT_VOID : RESULT_BAD, .failure = failure});
    }
}

static void reference_ends(struct world *world, const struct pending *pending)
{
    const struct sim_probe *p = &world->probes[pending->probe];
    struct event event = {.kind = EVENT_REFERENCE};

    event.reference.reference = pending->token - p->settings->check_count;
    event.reference.answered =
        p->references_answer && !pending->lost && p->stall_end_ms < pending->since_ms;
    world_feed(world, pending->probe, &event);
}

/* Blind, or cut off while the answer was on its way: it does not come. */
static bool does_not_come(struct world *world, const struct pending *pending)
{
    const struct sim_probe *p = &world->probes[pending->probe];
    const struct settings *settings = p->settings;
    uint32_t region = NONE;

    if (pending->lost || (pending->token < settings->check_count && p->lie != LIE_NOT))
        return false;
    if (pending->token < settings->check_count)
        region = settings->sites[settings->checks[pending->token].site].region;
    return p->blind || !sim_net_passes(world, pending->probe, region);
}

static void wait_out(struct world *world, const struct pending *pending)
{
    const struct sim_probe *p = &world->probes[pending->probe];
    struct pending over = *pending;
    msec_t limit_ms = pending->token < p->settings->check_count
                          ? p->settings->checks[pending->token].timeout_ms
                          : REFERENCE_TIMEOUT_MS;

    over.lost = true;
    limit_ms -= world->now_ms - pending->since_ms;
    world_timer(world, limit_ms > 0 ? limit_ms : 0, over);
}

void sim_check_end(struct world *world, const struct pending *pending)
{
    if (does_not_come(world, pending))
        wait_out(world, pending);
    else if (pending->token < world->probes[pending->probe].settings->check_count)
        check_ends(world, pending);
    else
        reference_ends(world, pending);
}

/* ---- switches ---- */

void world_site(struct world *world, const char *site, enum site_mode mode, uint32_t probe)
{
    uint32_t index = settings_site(world_settings(world), site);

    assert(index != NONE);
    for (uint32_t i = 0; i < world->probe_count; i++) {
        if (probe == NONE || probe == i)
            world->probes[i].endpoints[index] = (struct sim_endpoint){.mode = (uint8_t)mode};
    }
}

void world_references(struct world *world, bool answer, uint32_t probe)
{
    for (uint32_t i = 0; i < world->probe_count; i++) {
        if (probe == NONE || probe == i)
            world->probes[i].references_answer = answer;
    }
}

uint32_t world_checks_started(const struct world *world, uint32_t probe, const char *site)
{
    return world->probes[probe].started[settings_site(world_settings(world), site)];
}
