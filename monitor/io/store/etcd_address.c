/* SPDX-License-Identifier: Apache-2.0 */
/* etcd_address.c: where the members are. Names are resolved by the loop's own resolver and handed
 * to libcurl as addresses, which would otherwise start threads. The last addresses found are kept:
 * a DNS that is away, in an outage for which we are here, must not take the store along. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etcd_link_state.h"

/* ---- the URL ---- */

/* Host and port of a URL that the settings have checked. */
static int cut_url(struct etcd_host *host, const char *url)
{
    CURLU *parts = curl_url();
    char *name = NULL;
    char *port = NULL;
    union address literal;
    int result = -1;

    if (parts != NULL && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_HOST, &name, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
        strlen(name) < sizeof(host->name)) {
        (void)snprintf(host->name, sizeof(host->name), "%s", name);
        (void)snprintf(host->port, sizeof(host->port), "%.5s", port);
        host->is_literal = name[0] == '[' || address_parse(name, &literal);
        result = 0;
    }
    curl_free(name);
    curl_free(port);
    curl_url_cleanup(parts);
    return result;
}

int etcd_hosts_init(struct etcd_link *link)
{
    for (uint32_t i = 0; i < link->members.count; i++) {
        link->hosts[i].link = link;
        if (cut_url(&link->hosts[i], link->urls[i]) != 0)
            return -1;
    }
    return 0;
}

/* ---- addresses ---- */

/* "HOST:PORT:ADDRESS,ADDRESS", as CURLOPT_RESOLVE wants it. */
static void pin(struct etcd_host *host, const struct resolution *resolution)
{
    size_t length =
        (size_t)snprintf(host->pin, sizeof(host->pin), "%s:%s:", host->name, host->port);

    for (unsigned i = 0; i < resolution->count; i++) {
        char text[ADDRESS_TEXT_MAX];

        address_format(&resolution->addresses[i], text);
        *strrchr(text, ':') = '\0'; /* the port; an IPv6 address keeps its brackets */
        length += (size_t)snprintf(host->pin + length, sizeof(host->pin) - length, "%s%s",
                                   i > 0 ? "," : "", text);
    }
}

/* Those who waited for it go on, or hear why not. */
static void tell_waiting(struct etcd_host *host, enum dns_status status)
{
    struct question *question;
    struct question *next;
    char words[ETCD_WORDS_MAX + 1];

    (void)snprintf(words, sizeof(words), "its name %.200s: %s", host->name,
                   dns_status_name(status));
    for (question = TAILQ_FIRST(&host->link->questions); question != NULL; question = next) {
        next = TAILQ_NEXT(question, entry);
        if (question->state != QUESTION_RESOLVING || &host->link->hosts[question->member] != host)
            continue;
        if (host->pin[0] != '\0')
            question_go(question);
        else
            question_fails(question, words);
    }
}

static void on_resolved(void *context, const struct resolution *resolution)
{
    struct etcd_host *host = context;

    host->lookup = NULL;
    if (resolution->status == DNS_OK)
        pin(host, resolution);
    tell_waiting(host, resolution->status);
}

/* Looks for newer addresses, unless the known ones are fresh. */
static void refresh(struct etcd_host *host)
{
    struct resolution resolution;

    if (host->lookup != NULL)
        return;
    if (!resolver_peek(host->link->resolver, host->name, &resolution))
        host->lookup = resolver_lookup(host->link->resolver, host->name, on_resolved, host);
    else if (resolution.status == DNS_OK)
        pin(host, &resolution);
}

bool question_has_address(struct question *question)
{
    struct etcd_host *host = &question->link->hosts[question->member];

    if (host->is_literal)
        return true;
    refresh(host);
    if (host->pin[0] != '\0')
        return true;
    if (host->lookup == NULL)
        question_fails(question, "its name could not be resolved a moment ago");
    else
        question_wait_part(question, QUESTION_RESOLVING);
    return false;
}
