/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: where a redirect leads is the endpoint's word, so every hop is looked at as if it stood
 * in the settings and came from a stranger: same scheme, a name that our resolver knows, an address
 * that the check may reach, and never the failover name, behind which any region may stand. libcurl
 * follows nothing by itself. */
#include "http_curl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SHOWN_MAX = 100 };

/* Where a redirect leads. */
struct hop {
    char scheme[8];
    char host[HTTP_HOST_MAX]; /* without brackets, without a last dot */
    uint16_t port;
    char url[HTTP_URL_MAX]; /* without user, password and fragment */
};

bool redirect_is_wanted(const struct attempt *attempt, const struct transfer *transfer)
{
    int status = transfer->status;

    return attempt->check->redirects > 0 &&
           (transfer->location.length > 0 || transfer->location.failed) &&
           (status == 301 || status == 302 || status == 303 || status == 307 || status == 308);
}

static void refuse(struct attempt *attempt, enum result_class class, const char *why,
                   const char *where)
{
    const struct transfer *transfer = attempt->held;
    char shown[SHOWN_MAX];

    text_escape(shown, sizeof(shown), where, strlen(where));
    attempt_end(attempt, class, class == RESULT_VOID ? FAILURE_POLICY : FAILURE_STATUS,
                "status %d, redirected %s: %s", transfer->status, why, shown);
}

/* ---- reading a Location ---- */

/* A copy of it without the blanks around. */
static void take_location(const struct transfer *transfer, char out[LOCATION_MAX + 1])
{
    const char *text = buffer_text(&transfer->location);
    int length = snprintf(out, LOCATION_MAX + 1, "%s", text + strspn(text, " \t"));

    while (length > 0 && strchr(" \t\r\n", out[length - 1]) != NULL)
        out[--length] = '\0';
}

/* Returns false when the part is missing or too long. */
static bool take_part(CURLU *url, CURLUPart part, unsigned flags, char *out, size_t size)
{
    char *text = NULL;
    int length;

    if (curl_url_get(url, part, &text, flags) != CURLUE_OK)
        return false;
    length = snprintf(out, size, "%s", text);
    curl_free(text);
    return length >= 0 && (size_t)length < size;
}

static void plain_host(char *host)
{
    size_t length = strlen(host);

    if (host[0] == '[' && length >= 2 && host[length - 1] == ']') {
        memmove(host, host + 1, length - 2);
        host[length - 2] = '\0';
    } else if (length > 1 && host[length - 1] == '.') {
        host[length - 1] = '\0';
    }
}

static bool take_hop(CURLU *url, struct hop *hop)
{
    char port[8];

    curl_url_set(url, CURLUPART_USER, NULL, 0);
    curl_url_set(url, CURLUPART_PASSWORD, NULL, 0);
    curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0);
    if (!take_part(url, CURLUPART_SCHEME, 0, hop->scheme, sizeof(hop->scheme)) ||
        !take_part(url, CURLUPART_HOST, 0, hop->host, sizeof(hop->host)) ||
        !take_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT, port, sizeof(port)) ||
        !take_part(url, CURLUPART_URL, 0, hop->url, sizeof(hop->url)))
        return false;
    plain_host(hop->host);
    hop->port = (uint16_t)strtoul(port, NULL, 10); /* libcurl has seen to it that it is one */
    return hop->host[0] != '\0';
}

/* Relative to the URL at hand, as browsers take it. */
static bool read_location(const struct transfer *transfer, struct hop *hop)
{
    CURLU *url = curl_url();
    char location[LOCATION_MAX + 1];
    char *here = NULL;
    bool ok;

    take_location(transfer, location);
    curl_easy_getinfo(transfer->easy, CURLINFO_EFFECTIVE_URL, &here);
    ok = url != NULL && here != NULL &&
         curl_url_set(url, CURLUPART_URL, here, CURLU_PATH_AS_IS) == CURLUE_OK &&
         curl_url_set(url, CURLUPART_URL, location, CURLU_URLENCODE) == CURLUE_OK &&
         take_hop(url, hop);
    curl_url_cleanup(url);
    return ok;
}

/* ---- who it is ---- */

static bool is_failover_name(const struct prober *prober, const char *host)
{
    for (uint32_t i = 0; i < prober->record_count; i++) {
        const char *name = prober->records[i].name;
        size_t length = strlen(name);

        if (length > 0 && name[length - 1] == '.')
            length--;
        if (strlen(host) == length && strncasecmp(host, name, length) == 0)
            return true;
    }
    return false;
}

static bool is_own_host(const struct check *check, const struct hop *hop)
{
    return strcasecmp(check->host, hop->host) == 0;
}

/* ---- going there ---- */

static void go(struct attempt *attempt, const struct hop *hop, const union address *address)
{
    const struct check *check = attempt->check;
    bool same_host = is_own_host(check, hop) && hop->port == check->port;

    attempt->address = *address;
    address_set_port(&attempt->address, hop->port);
    http_curl_go(attempt, hop->url, same_host);
}

/* The first that may be reached; the first of all when none may, so that it is refused and said. */
static const union address *choose(const struct attempt *attempt,
                                   const struct resolution *resolution)
{
    const union address *first = NULL;

    for (unsigned i = 0; i < resolution->count; i++) {
        const union address *address = &resolution->addresses[i];

        if (!address_is_of_family(address, attempt->check->family))
            continue;
        if (attempt_may_reach(attempt, address))
            return address;
        if (first == NULL)
            first = address;
    }
    return first;
}

static void end_unresolved(struct attempt *attempt, const char *host, enum dns_status status)
{
    char shown[SHOWN_MAX];

    text_escape(shown, sizeof(shown), host, strlen(host));
    attempt_end(attempt, dns_status_is_own_fault(status) ? RESULT_VOID : RESULT_BAD, FAILURE_DNS,
                "redirected to %s: %s", shown,
                dns_status_name(status == DNS_OK ? DNS_NODATA : status));
}

/* The hop is read anew: nothing of it has to be kept while its name is asked for. */
static void on_resolved(void *context, const struct resolution *resolution)
{
    struct attempt *attempt = context;
    const struct transfer *transfer = attempt->held;
    usec_t *resolve_us = &attempt->result.timings.resolve_us;
    const union address *address = choose(attempt, resolution);
    struct hop hop;

    attempt->lookup = NULL;
    *resolve_us = (*resolve_us > 0 ? *resolve_us : 0) + prober_now_us() - transfer->begun_us;
    if (!read_location(transfer, &hop))
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "no memory for a redirect");
    else if (address == NULL)
        end_unresolved(attempt, hop.host, resolution->status);
    else
        go(attempt, &hop, address);
}

static void resolve(struct attempt *attempt, const struct hop *hop)
{
    struct resolver *resolver = attempt->prober->resolver;
    struct transfer *transfer = attempt->held;
    struct resolution resolution;

    transfer->begun_us = prober_now_us();
    if (resolver_peek(resolver, hop->host, &resolution))
        on_resolved(attempt, &resolution);
    else
        attempt->lookup = resolver_lookup(resolver, hop->host, on_resolved, attempt);
}

static void end_too_many(struct attempt *attempt)
{
    const struct transfer *transfer = attempt->held;
    char location[LOCATION_MAX + 1];
    char shown[SHOWN_MAX];

    take_location(transfer, location);
    text_escape(shown, sizeof(shown), location, strlen(location));
    attempt_end(attempt, RESULT_BAD, FAILURE_STATUS,
                "status %d, redirected more than %u times, at last to %s", transfer->status,
                attempt->check->redirects, shown);
}

/* On its own host a check stays at its own address. */
void redirect_follow(struct attempt *attempt)
{
    const struct check *check = attempt->check;
    struct transfer *transfer = attempt->held;
    struct hop hop;

    if (transfer->hops == check->redirects) {
        end_too_many(attempt);
        return;
    }
    transfer->hops++;
    if (transfer->location.failed)
        attempt_end(attempt, RESULT_BAD, FAILURE_STATUS,
                    "status %d, redirected to more than %d bytes", transfer->status, LOCATION_MAX);
    else if (!read_location(transfer, &hop))
        refuse(attempt, RESULT_BAD, "to what is no URL", buffer_text(&transfer->location));
    else if (strcmp(hop.scheme, check->tls ? "https" : "http") != 0)
        refuse(attempt, RESULT_BAD, "to another scheme, which is not followed", hop.url);
    else if (is_failover_name(attempt->prober, hop.host))
        refuse(attempt, RESULT_VOID, "to the failover name, which is not followed", hop.url);
    else if (is_own_host(check, &hop))
        go(attempt, &hop, &transfer->own_address);
    else
        resolve(attempt, &hop);
}
