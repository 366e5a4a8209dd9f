/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoint.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "result.h"

struct partition {
    const char *prefix; /* of its regions */
    const char *suffix; /* of its names */
    const char *route53;
    const char *route53_region;
};

static const struct partition partitions[] = {
    {"cn-", "amazonaws.com.cn", "https://route53.amazonaws.com.cn", "cn-northwest-1"},
    {"us-gov-", "amazonaws.com", "https://route53.us-gov.amazonaws.com", "us-gov-west-1"},
    {"", "amazonaws.com", "https://route53.amazonaws.com", "us-east-1"},
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

/* ret_source: who said it, for messages. NULL: nobody. */
static const char *find_url(const char *configured, enum aws_service service,
                            const char **ret_source)
{
    const char *const variables[] = {service == AWS_STS ? "AWS_ENDPOINT_URL_STS"
                                                        : "AWS_ENDPOINT_URL_ROUTE_53",
                                     "AWS_ENDPOINT_URL"};
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
    *ret_source = "the region";
    return NULL;
}

/* A region becomes a part of a name: nothing else may come in with it. */
static bool is_region(const char *region)
{
    size_t length = strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return length > 0 && length <= AWS_REGION_MAX && region[length] == '\0';
}

static void own_url(const struct partition *partition, enum aws_service service, const char *region,
                    char *out, size_t size)
{
    if (service == AWS_STS)
        snprintf(out, size, "https://sts.%s.%s", region, partition->suffix);
    else
        snprintf(out, size, "%s", partition->route53);
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

static int set_endpoint(CURLU *url, const char *signing_region, struct aws_endpoint *ret_endpoint)
{
    struct aws_endpoint endpoint = {.is_tls = false};
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
    snprintf(endpoint.signing_region, sizeof(endpoint.signing_region), "%s", signing_region);
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

static int read_url(const char *text, const char *source, const char *signing_region,
                    struct aws_endpoint *ret_endpoint, char *error, size_t error_size)
{
    CURLU *url = curl_url();
    char shown[160];
    int status = -1;

    if (url != NULL && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK)
        status = set_endpoint(url, signing_region, ret_endpoint);
    if (status != 0) {
        text_escape(shown, sizeof(shown), text, strlen(text));
        snprintf(error, error_size,
                 "%s is \"%s\": allowed is http://HOST:PORT or https://HOST:PORT", source, shown);
    }
    curl_url_cleanup(url);
    return status;
}

int aws_endpoint_find(const char *configured, enum aws_service service, const char *region,
                      struct aws_endpoint *ret_endpoint, char *error, size_t error_size)
{
    const struct partition *partition = find_partition(region);
    const char *source;
    const char *text = find_url(configured, service, &source);
    char own[160];
    char shown[80];

    if (service == AWS_STS && !is_region(region)) {
        text_escape(shown, sizeof(shown), region, strlen(region));
        snprintf(error, error_size, "the region is \"%s\": allowed is one like us-east-1", shown);
        return -1;
    }
    if (text == NULL) {
        own_url(partition, service, region, own, sizeof(own));
        text = own;
    }
    return read_url(text, source, service == AWS_STS ? region : partition->route53_region,
                    ret_endpoint, error, error_size);
}
