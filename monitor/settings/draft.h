/* SPDX-License-Identifier: Apache-2.0 */
/* draft.h: the file as it was written, defaults filled in: the same shape, names instead of
 * indices. The schema (schema.c) reads and prints it; freeze.c makes the flat struct settings of
 * it. It lives in the settings' arena and stays with them, because it is what settings_dump()
 * prints. */
#ifndef REGIONSHIFT_SETTINGS_DRAFT_H
#define REGIONSHIFT_SETTINGS_DRAFT_H

#include "settings.h"

/* An option that was not given and whose default is worked out from others (draft_complete). */
#define UNSET (-1)

struct text_list {
    const char **items;
    uint32_t count;
};

struct integer_list {
    int64_t *items;
    uint32_t count;
};

/* Groups in a list: an array of the struct which the option's schema describes. */
struct draft_list {
    void *items;
    uint32_t count;
};

/* A secret is printed as its reference, never as itself. */
struct secret {
    const char *reference; /* "file:PATH", "env:NAME" or "" */
    const char *value;     /* "" when there is none, or when secrets are not read */
};

struct draft_probe {
    const char *name;
    struct text_list references;
};

struct draft_elector {
    const char *name;
    const char *vantage;
    bool may_act;
    const char *beacon;
};

struct draft_quorum {
    int64_t down;
    int64_t up;
    int64_t vantages;
    int64_t owners;
    struct draft_list probes; /* draft_elector */
};

struct draft_store {
    int type;
    const char *path;
    msec_t lease_ms;
    struct text_list endpoints;
    const char *prefix;
    const char *ca_file;
    const char *cert_file;
    const char *key_file;
    const char *user;
    struct secret password;
    msec_t timeout_ms;
};

struct draft_window {
    int64_t bad;
    int64_t of;
};

/* The part of a check that `checks` gives defaults for. */
struct draft_timing {
    msec_t interval_ms;
    msec_t timeout_ms;
    msec_t retry_ms;
    int64_t fall;
    int64_t rise;
    struct draft_window window;
};

struct draft_addresses {
    int64_t need;
    int family;
};

/* One step of a dialogue. */
struct draft_line {
    const char *send;
    const char *expect;
};

struct draft_check {
    int type;
    const char *name;
    int level;
    const char *url;
    const char *address;
    struct draft_addresses addresses;
    struct text_list allow;
    int method;
    struct text_list headers;
    const char *status;
    const char *body;
    const char *expect;
    int http;
    int connection;
    int64_t fresh_every;
    int64_t redirects;
    int64_t body_limit;
    bool verify;
    const char *ca_file;
    struct draft_list dialogue; /* draft_line */
    int starttls;
    const char *tls_name;
    const char *pin;
    bool dnssec;
    bool tcp;
    const char *service;
    struct text_list command;
    struct secret token;
    msec_t period_ms;
    const char *alarm;
    const char *target_group;
    const char *aws_region;
    const char *role;
    const char *external_id;
    struct text_list of;
    int64_t need;
    struct draft_timing timing;
};

/* What an alias set points to. */
struct draft_alias {
    const char *zone;
    const char *name;
    bool evaluate;
};

/* A site's set under one more record of its service. */
struct draft_also_set {
    const char *set;
    const char *value;
    struct draft_alias alias;
};

struct draft_site {
    const char *region;
    int64_t weight;
    const char *set;
    const char *value;
    struct draft_alias alias;
    struct draft_list also;   /* draft_also_set */
    struct draft_list checks; /* draft_check */
};

/* One more record of a service. */
struct draft_also {
    const char *record;
    int type;
    msec_t ttl_ms;
    const char *zone;
};

struct draft_service {
    const char *name;
    const char *zone;
    const char *record;
    int type;
    msec_t ttl_ms;
    struct draft_list also; /* draft_also */
    bool required;
    struct text_list needs;
    struct draft_list sites; /* draft_site */
};

struct draft_failback {
    int mode;
    struct integer_list steps;
};

struct draft_word {
    const char *region;
    struct secret word;
    struct secret next;
};

struct draft_group {
    const char *name;
    struct text_list services;
    bool together;
    struct text_list order;
    msec_t hold_ms;
    msec_t stable_ms;
    msec_t dwell_ms;
    struct draft_failback failback;
    int all_down;
    const char *fallback;
    int drift;
    bool beacons;
    struct draft_list beacon_words; /* draft_word */
};

struct draft_limits {
    int64_t budget;
    msec_t window_ms;
};

/* How a hosted zone is reached, where that is not as usual. */
struct draft_zone {
    const char *id;
    const char *role;
    const char *external_id;
    bool is_private;
};

struct draft_aws {
    const char *region;
    const char *endpoint;
    const char *profile;
    struct text_list nameservers;
    struct text_list resolvers;
    msec_t timeout_ms;
    int64_t rate;
    struct draft_list zones; /* draft_zone */
};

struct draft_sink {
    int type;
    const char *name;
    int min_severity;
    msec_t timeout_ms;
    const char *ca_file;
    const char *url;
    struct secret secret;
    const char *host;
    int64_t port;
    int tls;
    const char *user;
    struct secret password;
    const char *from;
    struct text_list to;
};

struct draft_alerting {
    const char *spool;
    msec_t remind_ms;
};

struct draft_http {
    const char *listen;
    const char *beacons;
    struct secret token;
    const char *socket;
};

struct draft_history {
    const char *path;
    msec_t keep_ms;
    int64_t recording_mb;
};

struct draft_health_checks {
    int64_t interval_s;
    int64_t fall;
    struct text_list regions;
};

struct draft {
    struct draft_probe probe;
    struct draft_quorum quorum;
    struct draft_store store;
    struct draft_timing checks;
    struct draft_list services; /* draft_service */
    struct draft_list groups;   /* draft_group */
    struct draft_limits limits;
    struct draft_aws aws;
    struct draft_list alerts; /* draft_sink */
    struct draft_alerting alerting;
    struct draft_http http;
    struct draft_history history;
    struct draft_health_checks health_checks;
};

/* Typed views of the lists. */
static inline struct draft_elector *draft_electors(const struct draft *draft)
{
    return draft->quorum.probes.items;
}

static inline struct draft_service *draft_services(const struct draft *draft)
{
    return draft->services.items;
}

static inline struct draft_site *draft_sites(const struct draft_service *service)
{
    return service->sites.items;
}

static inline struct draft_also *draft_alsos(const struct draft_service *service)
{
    return service->also.items;
}

static inline struct draft_also_set *draft_also_sets(const struct draft_site *site)
{
    return site->also.items;
}

static inline struct draft_zone *draft_zones(const struct draft *draft)
{
    return draft->aws.zones.items;
}

static inline struct draft_check *draft_checks(const struct draft_site *site)
{
    return site->checks.items;
}

static inline struct draft_line *draft_lines(const struct draft_check *check)
{
    return check->dialogue.items;
}

static inline struct draft_group *draft_groups(const struct draft *draft)
{
    return draft->groups.items;
}

static inline struct draft_word *draft_words(const struct draft_group *group)
{
    return group->beacon_words.items;
}

static inline struct draft_sink *draft_sinks(const struct draft *draft)
{
    return draft->alerts.items;
}

#endif
