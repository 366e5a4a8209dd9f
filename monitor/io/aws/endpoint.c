/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoint.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "result.h"

/* Route 53 is one service for a whole partition. */
struct partition {
    const char *prefix; /* of its regions */
    const char *url;
    const char *signing_region;
};

static const struct partition partitions[] = {
    {"cn-", "https://route53.amazonaws.com.cn", "cn-northwest-1"},
    {"us-gov-", "https://route53.us-gov.amazonaws.com", "us-gov-west-1"},
    {"", "https://route53.amazonaws.com", "us-east-1"},
};

static const struct partition *find_partition(const char *region)
{
    const struct partition *partition = partitions;

    while (strncmp(region, partition->prefix, strlen(partition->prefix)) != 0)
        partition++;
    return partition;
}

static const char *set_or_null(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* ret_source: who said it, for messages. */
static const char *find_url(const char *configured, const struct partition *partition,
                            const char **ret_source)
{
    static const char *const variables[] = {"AWS_ENDPOINT_URL_ROUTE_53", "AWS_ENDPOINT_URL"};
    const char *ignore = set_or_null("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");

    *ret_source = "aws.endpoint";
    if (configured[0] != '\0')
        return configured;
    for (size_t i = 0; i < 2; i++) {
        const char *value = set_or_null(variables[i]);

        *ret_source = variables[i];
        if (value != NULL && (ignore == NULL || strcasecmp(ignore, "true") != 0))
            return value;
    }
    return partition->url;
}

/* A part of the URL, "" when it has none; NULL: no memory. */
static char *part(CURLU *url, CURLUPart what, unsigned flags)
{
    char *text = NULL;
    char *copy;

    if (curl_url_get(url, what, &text, flags) != CURLUE_OK)
        return strdup("");
    copy = strdup(text);
    curl_free(text);
    return copy;
}

/* A path or a query would have to be signed with every request; nobody has such an endpoint. */
static bool has_only_authority(CURLU *url)
{
    static const CURLUPart others[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY,
                                       CURLUPART_FRAGMENT};
    char *path = part(url, CURLUPART_PATH, 0);
    bool is_good = path != NULL && strcmp(path, "/") == 0;

    free(path);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        char *text = part(url, others[i], 0);

        is_good = is_good && text != NULL && text[0] == '\0';
        free(text);
    }
    return is_good;
}

static void set_host(struct aws_endpoint *endpoint, const char *host)
{
    size_t length = strlen(host);

    if (length >= 2 && host[0] == '[' && host[length - 1] == ']')
        snprintf(endpoint->host, sizeof(endpoint->host), "%.*s", (int)length - 2, host + 1);
    else
        snprintf(endpoint->host, sizeof(endpoint->host), "%s", host);
}

static int set_endpoint(CURLU *url, const struct partition *partition,
                        struct aws_endpoint *ret_endpoint)
{
    struct aws_endpoint endpoint = {.signing_region = partition->signing_region};
    char *scheme = part(url, CURLUPART_SCHEME, 0);
    char *host = part(url, CURLUPART_HOST, 0);
    char *port = part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    char *own_port = part(url, CURLUPART_PORT, CURLU_NO_DEFAULT_PORT);
    int status = -1;

    if (scheme == NULL || host == NULL || port == NULL || own_port == NULL || host[0] == '\0' ||
        strlen(host) >= sizeof(endpoint.host) || !has_only_authority(url) ||
        (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
        goto out;
    endpoint.is_tls = strcmp(scheme, "https") == 0;
    endpoint.port = (uint16_t)strtoul(port, NULL, 10);
    set_host(&endpoint, host);
    snprintf(endpoint.authority, sizeof(endpoint.authority), "%s%s%s", host,
             own_port[0] != '\0' ? ":" : "", own_port);
    *ret_endpoint = endpoint;
    status = 0;
out:
    free(scheme);
    free(host);
    free(port);
    free(own_port);
    return status;
}

int aws_endpoint_find(const char *configured, const char *region, struct aws_endpoint *ret_endpoint,
                      char *error, size_t error_size)
{
    const struct partition *partition = find_partition(region);
    const char *source;
    const char *text = find_url(configured, partition, &source);
    CURLU *url = curl_url();
    char shown[160];
    int status = -1;

    if (url != NULL && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK)
        status = set_endpoint(url, partition, ret_endpoint);
    if (status != 0) {
        text_escape(shown, sizeof(shown), text, strlen(text));
        snprintf(error, error_size,
                 "%s is \"%s\": allowed is http://HOST:PORT or https://HOST:PORT", source, shown);
    }
    curl_url_cleanup(url);
    return status;
}
