/* SPDX-License-Identifier: Apache-2.0 */
/* health_check.h: a health check as Route 53 holds it. Strings are borrowed from whoever read or
 * made it; "" and -1: not present. */
#ifndef REGIONSHIFT_HEALTH_CHECK_H
#define REGIONSHIFT_HEALTH_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Limits of Route 53, and ours beneath them. */
enum {
    HEALTH_ID_MAX = 64,
    HEALTH_REFERENCE_MAX = 64, /* CallerReference */
    HEALTH_WORD_MAX = 255,     /* SearchString */
    HEALTH_PATH_MAX = 255,     /* ResourcePath */
    HEALTH_HOST_MAX = 255,     /* FullyQualifiedDomainName */
    HEALTH_CHILDREN_MAX = 255,
    HEALTH_REGIONS_MAX = 64,
    HEALTH_CHECKS_DEFAULT_LIMIT = 200, /* of an account, unless AWS was asked for more */
    HEALTH_SHARE_PCT = 18              /* healthy is what more than this share of checkers say */
};

enum health_kind {
    HEALTH_HTTP,       /* HTTP_STR_MATCH */
    HEALTH_HTTPS,      /* HTTPS_STR_MATCH */
    HEALTH_CALCULATED, /* CALCULATED */
    HEALTH_OTHER       /* somebody else's: never ours to change */
};

struct health_config {
    enum health_kind kind;
    const char *address; /* IPAddress */
    int64_t port;
    const char *path;
    const char *host;
    const char *search;
    int64_t interval_s;
    int64_t fall; /* FailureThreshold */
    bool measures_latency;
    bool is_inverted;
    bool is_disabled;
    int64_t threshold; /* HealthThreshold */
    const char *const *children;
    uint32_t child_count;
    bool sends_name; /* EnableSNI */
    const char *const *regions;
    uint32_t region_count;
};

struct health_check {
    const char *id;
    const char *reference; /* CallerReference */
    int64_t version;
    bool is_linked; /* another service of AWS made it, and alone may change it */
    struct health_config config;
};

/* What one of Route 53's checkers saw last. */
struct health_observation {
    const char *region;
    const char *address;
    bool is_success;
    const char *status; /* AWS's words, as they came: escape before showing */
};

struct health_tag {
    const char *key;
    const char *value;
};

#endif
