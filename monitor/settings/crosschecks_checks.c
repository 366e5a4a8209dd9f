/* SPDX-License-Identifier: Apache-2.0 */
/* crosschecks_checks.c: is each check able to tell what it is there to tell? */
#include "crosschecks.h"

#include <arpa/inet.h>
#include <string.h>

#include "authority.h"

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* The service that moves a host's name, NONE when it stays put. */
static uint32_t mover_of(const struct settings *settings, const char *host)
{
    for (uint32_t i = 0; i < settings->record_count; i++) {
        if (host[0] != '\0' && same(settings->records[i].name, host))
            return settings->records[i].service;
    }
    return NONE;
}

void check_aims_at_failover_name(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        const struct check *check = &settings->checks[i];
        uint32_t mover = mover_of(settings, check->host);
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
    return wildcard[0] == '*' && host_length > suffix_length &&
           same(host + host_length - suffix_length, suffix);
}

void check_under_wildcard(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        const struct check *check = &settings->checks[i];
        for (uint32_t j = 0; j < settings->record_count && check->address[0] == '\0'; j++) {
            if (is_below(check->host, settings->records[j].name))
                inspect_complain(in, place_of_check(settings, i, "url"),
                                 "%s moves with %s unless the zone has a record of its own for it; "
                                 "make sure, or pin address",
                                 check->host, settings->records[j].name);
        }
    }
}

/* 169.254/16, fe80::/10, and the IPv6 address of AWS's metadata: answers there are about the
 * machine the probe runs on, and may hold its credentials. */
static bool is_link_local(const char *literal)
{
    static const unsigned char metadata[16] = {0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, 0x54};
    static const unsigned char mapped[12] = {[10] = 0xff, 0xff};
    unsigned char address[16];
    if (inet_pton(AF_INET, literal, address) == 1)
        return address[0] == 169 && address[1] == 254;
    if (inet_pton(AF_INET6, literal, address) != 1)
        return false;
    if (memcmp(address, mapped, sizeof mapped) == 0)
        return address[12] == 169 && address[13] == 254;
    return (address[0] == 0xfe && (address[1] & 0xc0) == 0x80) ||
           memcmp(address, metadata, sizeof metadata) == 0;
}

void check_aims_at_link_local(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        const struct check *check = &settings->checks[i];
        const char *target = check->address[0] != '\0' ? check->address : check->host;
        if (is_link_local(target))
            inspect_complain(in, place_of_check(settings, i, "url"),
                             "%s is link-local: it is the probe's own machine or its metadata "
                             "service; name the region's endpoint",
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

void check_type_fits_url(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        const struct check *check = &settings->checks[i];
        bool is_tcp = strncmp(check->url, "tcp://", 6) == 0;
        if (is_tcp && check->kind != CHECK_TCP)
            inspect_complain(in, place_of_check(settings, i, "type"),
                             "a tcp:// URL is not for type \"http\"; write type = \"tcp\"");
        if (!is_tcp && check->kind == CHECK_TCP)
            inspect_complain(in, place_of_check(settings, i, "url"),
                             "type \"tcp\" takes tcp://HOST:PORT");
    }
}

void check_body_unseen(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        const struct check *check = &settings->checks[i];
        if (check->kind == CHECK_TCP && (check->body[0] != '\0' || check->header_count > 0))
            inspect_complain(
                in, place_of_check(settings, i, check->body[0] != '\0' ? "body" : "headers"),
                "type \"tcp\" only opens a connection; leave it out, or use type "
                "\"http\"");
        else if (check->body[0] != '\0' && same(check->method, "HEAD"))
            inspect_complain(in, place_of_check(settings, i, "body"),
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
                             check->tls ? "with verify = false" : "unless the url is https://",
                             check->tls ? "leave verify at true" : "ask over https");
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
    for (uint32_t i = 0; i < settings->reference_count; i++) {
        const char *host = settings->references[i].host;
        bool is_judged = mover_of(settings, host) != NONE;
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
