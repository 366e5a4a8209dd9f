/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoint.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "credentials_file.h"
#include "result.h"

enum { PATH_SIZE = 4096 };

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

/* How AWS's own tools name a service, where each has another word for it. */
static const struct {
    const char *variable;
    const char *section; /* of the config file */
    const char *signing;
    const char *host; /* HOST.REGION.SUFFIX; NULL: one for the partition */
} services[] = {
    [AWS_ROUTE_53] = {"AWS_ENDPOINT_URL_ROUTE_53", "route_53", "route53", NULL},
    [AWS_STS] = {"AWS_ENDPOINT_URL_STS", "sts", "sts", "sts"},
    [AWS_CLOUDWATCH] = {"AWS_ENDPOINT_URL_CLOUDWATCH", "cloudwatch", "monitoring", "monitoring"},
    [AWS_ELB] = {"AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2", "elastic_load_balancing_v2",
                 "elasticloadbalancing", "elasticloadbalancing"},
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

static bool is_true(const char *text)
{
    return text != NULL && strcasecmp(text, "true") == 0;
}

/* ret_source: who said it, for messages. NULL: nobody. */
static const char *find_url(const char *configured, enum aws_service service,
                            const struct endpoint_words *words, const char **ret_source)
{
    const char *const variables[] = {services[service].variable, "AWS_ENDPOINT_URL"};

    *ret_source = "aws.endpoint";
    if (configured[0] != '\0')
        return configured;
    *ret_source = "the region";
    if (is_true(set_or_null("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) ||
        (words != NULL && words->is_ignored))
        return NULL;
    for (size_t i = 0; i < 2; i++) {
        const char *value = set_or_null(variables[i]);

        *ret_source = variables[i];
        if (value != NULL)
            return value;
    }
    if (words != NULL && words->url[0] != '\0') {
        *ret_source = words->source;
        return words->url;
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
    if (services[service].host != NULL)
        snprintf(out, size, "https://%s.%s.%s", services[service].host, region, partition->suffix);
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

int aws_endpoint_find(const char *configured, enum aws_service service,
                      const struct endpoint_words *words, const char *region,
                      struct aws_endpoint *ret_endpoint, char *error, size_t error_size)
{
    const struct partition *partition = find_partition(region);
    const char *source;
    const char *text = find_url(configured, service, words, &source);
    bool is_regional = services[service].host != NULL;
    char own[160];
    char shown[80];

    if (is_regional && !is_region(region)) {
        text_escape(shown, sizeof(shown), region, strlen(region));
        snprintf(error, error_size, "the region is \"%s\": allowed is one like us-east-1", shown);
        return -1;
    }
    if (text == NULL) {
        own_url(partition, service, region, own, sizeof(own));
        text = own;
    }
    if (read_url(text, source, is_regional ? region : partition->route53_region, ret_endpoint,
                 error, error_size) != 0)
        return -1;
    ret_endpoint->signing_service = services[service].signing;
    return 0;
}

/* ---- the config file ---- */

/* "" when there is no home, or the path is too long. */
static void config_path(char *out, size_t size)
{
    const char *path = set_or_null("AWS_CONFIG_FILE");
    char home[PATH_SIZE];
    size_t home_size = sizeof(home);
    int length = 0;

    if (path != NULL && strncmp(path, "~/", 2) != 0)
        length = snprintf(out, size, "%s", path);
    else if (uv_os_homedir(home, &home_size) == 0)
        length = snprintf(out, size, "%s/%s", home, path != NULL ? path + 2 : ".aws/config");
    if (length <= 0 || (size_t)length >= size)
        out[0] = '\0';
}

/* A fifo does not hold us up. Returns how much was read; what is longer is none of AWS's files. */
static size_t read_config(char *text, size_t size)
{
    char path[PATH_SIZE];
    struct stat status;
    ssize_t step = 0;
    size_t length = 0;
    int fd;

    config_path(path, sizeof(path));
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return 0;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        while (length < size && (step = read(fd, text + length, size - length)) > 0)
            length += (size_t)step;
    }
    close(fd);
    return step < 0 || length == size ? 0 : length;
}

void aws_endpoint_read_config(enum aws_service service, const char *profile,
                              struct endpoint_words *ret_words)
{
    char *text = malloc(CREDENTIALS_FILE_MAX + 1);
    size_t length = text != NULL ? read_config(text, CREDENTIALS_FILE_MAX + 1) : 0;
    const char *const chosen[] = {profile[0] != '\0' ? profile : NULL, set_or_null("AWS_PROFILE"),
                                  set_or_null("AWS_DEFAULT_PROFILE"), "default"};
    size_t i = 0;

    while (chosen[i] == NULL)
        i++;
    endpoint_file_read(text != NULL ? text : "", length, chosen[i], services[service].section,
                       ret_words);
    if (text != NULL)
        explicit_bzero(text, CREDENTIALS_FILE_MAX + 1); /* it may hold keys */
    free(text);
}
