/* SPDX-License-Identifier: Apache-2.0 */
/* crosschecks_checks.c: is each check able to tell what it is there to tell? */
#include "crosschecks.h"

#include <string.h>

#include "address_policy.h"
#include "authority.h"
#include "pairs.h"

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* The names that move, in order. */
struct movers {
    const struct settings *settings;
    const uint32_t *records;
};

static const char *name_of(const struct settings *settings, uint32_t record)
{
    return settings->records[record].name;
}

static int movers_list(struct inspection *in, struct movers *ret_movers)
{
    ret_movers->settings = in->settings;
    ret_movers->records = pairs_sorted(in, in->settings->record_count, name_of);
    if (ret_movers->records != NULL)
        return 0;
    report_out_of_memory(in->report);
    return -1;
}

/* The service that moves a host's name, NONE when it stays put. */
static uint32_t mover_of(const struct movers *movers, const char *host)
{
    const struct service_record *records = movers->settings->records;
    uint32_t low = 0;
    uint32_t high = movers->settings->record_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (strcmp(records[movers->records[middle]].name, host) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == movers->settings->record_count || host[0] == '\0' ||
        !same(records[movers->records[low]].name, host))
        return NONE;
    return records[movers->records[low]].service;
}

/* Of every kind that has a host. The name that a dns check asks for is no host: to ask a server for
 * the very name that moves is how one sees whether it answers. */
void check_aims_at_failover_name(struct inspection *in)
{
    const struct settings *settings = in->settings;
    struct movers movers;
    if (movers_list(in, &movers) < 0)
        return;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        const struct check *check = &settings->checks[i];
        uint32_t mover = mover_of(&movers, check->host);
        if (mover != NONE && check->address[0] == '\0')
            inspect_complain(in, place_of_check(settings, i, "url"),
                             "%s moves with \"%s\", so after a move the other region would answer; "
                             "use the region's own name, or pin address",
                             check->host, settings->services[mover].name);
    }
}

static bool is_below(const char *host, const char *wildcard)
{
    const char *suffix = wildcard + 1; /* ".example.com" */
    size_t host_length = strlen(host);
    size_t suffix_length = strlen(suffix);
    return host_length > suffix_length && same(host + host_length - suffix_length, suffix);
}

void check_under_wildcard(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t j = 0; j < settings->record_count; j++) {
        const char *name = settings->records[j].name;
        for (uint32_t i = 0; i < settings->check_count && name[0] == '*'; i++) {
            const struct check *check = &settings->checks[i];
            if (check->address[0] == '\0' && is_below(check->host, name))
                inspect_complain(in, place_of_check(settings, i, "url"),
                                 "%s moves with %s unless the zone has a record of its own for it; "
                                 "make sure, or pin address",
                                 check->host, name);
        }
    }
}

/* What the check's own address would have to be allowed, and is not. */
static uint32_t refused(const struct check *check, const char **ret_target)
{
    uint32_t needs = 0;
    *ret_target = check->address[0] != '\0' ? check->address : check->host;
    return address_policy_text(*ret_target, &needs) ? needs & ~check->allow : 0;
}

/* Answers there are about the machine the probe runs on, and may hold its credentials. */
void check_aims_at_link_local(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        const char *target;
        uint32_t needs = refused(&settings->checks[i], &target);
        if ((needs & ALLOW_METADATA) != 0)
            inspect_complain(in, place_of_check(settings, i, "url"),
                             "%s is a cloud's metadata service, which tells the probe's own "
                             "machine its credentials; name the region's endpoint",
                             target);
        else if ((needs & ALLOW_LINK_LOCAL) != 0)
            inspect_complain(in, place_of_check(settings, i, "url"),
                             "%s is link-local: it is the probe's own machine or its neighbour; "
                             "name the region's endpoint, or say allow = [ \"link-local\" ]",
                             target);
    }
}

void check_aims_at_nobody(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        const char *target;
        uint32_t needs = refused(&settings->checks[i], &target);
        if ((needs & ALLOW_MULTICAST) != 0)
            inspect_complain(in, place_of_check(settings, i, "url"),
                             "%s is no single machine's address; name the region's endpoint",
                             target);
    }
}

void check_timeout_below_interval(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        const struct check *check = &settings->checks[i];
        if (check->timeout_ms >= check->interval_ms)
            inspect_complain(in, place_of_check(settings, i, "timeout"),
                             "%lld ms is not less than interval, %lld ms: a check would be due "
                             "while the last one runs; lower timeout or raise interval",
                             (long long)check->timeout_ms, (long long)check->interval_ms);
    }
}

void check_retry_above_interval(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        const struct check *check = &settings->checks[i];
        if (check->retry_ms > check->interval_ms)
            inspect_complain(in, place_of_check(settings, i, "retry"),
                             "%lld ms is more than interval, %lld ms: suspicion would slow the "
                             "check down; 1s is usual",
                             (long long)check->retry_ms, (long long)check->interval_ms);
    }
}

void check_one_bad_result(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        if (settings->checks[i].fall == 1)
            inspect_complain(in, place_of_check(settings, i, "fall"),
                             "one lost packet makes this probe say down; 3 is usual");
    }
}

void check_window_fits(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        const struct check *check = &settings->checks[i];
        bool is_off = check->window_bad == 0 && check->window_of == 0;
        if (!is_off && (check->window_bad == 0 || check->window_bad > check->window_of))
            inspect_complain(
                in, place_of_check(settings, i, "window"),
                "%u bad of %u results: bad must be 1 to of; write { bad = 6; of = 30; }, "
                "or 0 and 0 for no window",
                check->window_bad, check->window_of);
    }
}

/* A page of HEAD is empty whatever the server would say to GET. */
void check_body_unseen(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        const struct check *check = &settings->checks[i];
        bool wants_body = (assertion_subjects(check->assertion) & SUBJECT_BIT(SUBJECT_BODY)) != 0;
        if (check->kind == CHECK_HTTP && same(check->method, "HEAD") && wants_body)
            inspect_complain(
                in, place_of_check(settings, i, check->body[0] != '\0' ? "body" : "expect"),
                "an answer to HEAD has no body; use method GET");
    }
}

void check_verification_off(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        if (settings->checks[i].tls && !settings->checks[i].verify)
            inspect_complain(in, place_of_check(settings, i, "verify"),
                             "an expired or foreign certificate would pass, which no client "
                             "accepts; leave verify at true");
    }
}

static bool trusts_own_authority(const struct check *check)
{
    return check->tls && check->verify && check->ca_file[0] != '\0';
}

void check_ca_file_unused(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        const struct check *check = &settings->checks[i];
        if (check->ca_file[0] != '\0' && !trusts_own_authority(check))
            inspect_complain(in, place_of_check(settings, i, "ca_file"),
                             "no certificate is checked %s; leave it out, or %s",
                             check->tls ? "with verify = false" : "in the clear",
                             check->tls ? "leave verify at true" : "ask over TLS");
    }
}

/* Programs that only read may run elsewhere, or as somebody who may not read it. */
void check_ca_file_unreadable(struct inspection *in)
{
    const struct settings *settings = in->settings;
    char error[256];
    for (uint32_t i = 0; i < settings->check_count && in->frozen->with_secrets; i++) {
        const struct check *check = &settings->checks[i];
        if (trusts_own_authority(check) && authority_judge(check->ca_file, error, sizeof error) < 0)
            inspect_complain(in, place_of_check(settings, i, "ca_file"), "\"%s\" %s",
                             check->ca_file, error);
    }
}

void check_reference_is_judged(struct inspection *in)
{
    const struct settings *settings = in->settings;
    struct movers movers;
    if (movers_list(in, &movers) < 0)
        return;
    for (uint32_t i = 0; i < settings->reference_count; i++) {
        const char *host = settings->references[i].host;
        bool is_judged = mover_of(&movers, host) != NONE;
        for (uint32_t j = 0; j < settings->check_count; j++)
            is_judged |=
                same(settings->checks[j].host, host) || same(settings->checks[j].address, host);
        if (is_judged)
            inspect_complain(
                in, place_of("probe.references.[%u]", i),
                "%s is judged itself: when it fails, the probe takes itself for blind; "
                "name a place that has nothing to do with us",
                host);
    }
}
