/* SPDX-License-Identifier: Apache-2.0 */
/* settings.h: one settings file, parsed, checked and frozen. Everything else reads this struct and
 * nothing else: libconfig is known in monitor/settings/ only.
 *
 * Sites, checks, regions and zones are flat arrays, so that an index names each of them in events,
 * votes and decisions. All strings and arrays live in the settings' own arena; the struct is
 * immutable after settings_load() and lives until settings_destroy(). Times are milliseconds. */
#ifndef REGIONSHIFT_SETTINGS_H
#define REGIONSHIFT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "checks.h"
#include "units.h"

/* Limits: everything has one. */
enum {
    PROBES_MAX = 64, /* the electorate; votes are counted in 64-bit sets */
    REGIONS_MAX = 32,
    SERVICES_MAX = 32 * 1024, /* with two regions each, 65,536 sites; flat to there (DECISIONS) */
    GROUPS_MAX = SERVICES_MAX,
    GROUP_SERVICES_MAX = 64,  /* what a decision moves at once; needs are counted in 64-bit sets */
    SERVICE_RECORDS_MAX = 16, /* of one service */
    NAME_MAX_LENGTH = 63,     /* of probe, service, region and group names: [a-z0-9][a-z0-9.-]* */
    FINGERPRINT_LENGTH = 16,
    WEIGHT_MAX = 255 /* Route 53's own */
};

/* A hosted zone, and as whom it is read and written. */
struct hosted_zone {
    const char *id;
    const char *role;        /* ARN of a role to assume for it; "": what our credentials are */
    const char *external_id; /* of that role; "": none */
    bool is_private;         /* its name servers answer in its own networks only */
};

/* A name and type that clients resolve: one weighted record set for each site of its service. */
struct service_record {
    uint32_t service;
    uint32_t zone;    /* index into zones */
    const char *name; /* lower case, without trailing dot, '*' plain */
    const char *type; /* "A" "AAAA" "CNAME" */
    int64_t ttl_s;
};

/* A site's weighted record set under one of its service's records. Either value or alias_name says
 * what `init` creates; both "": the set is there already. */
struct site_set {
    uint32_t site;
    uint32_t record;        /* index into records */
    const char *set;        /* Route 53 SetIdentifier */
    const char *value;      /* "" when it is an alias, or exists already */
    const char *alias_zone; /* the target's hosted zone id */
    const char *alias_name; /* the target, as a record's name */
    bool alias_evaluate;    /* EvaluateTargetHealth */
};

/* A service in a region: its checks, and a weighted record set for each of the service's records.
 * All of them have the site's weight. */
struct site {
    uint32_t service;
    uint32_t region;
    int weight;       /* normal weight, 0..255 */
    const char *name; /* "SERVICE/REGION" */
    uint32_t first_set;
    uint32_t set_count; /* the service's record_count, in the order of its records */
    uint32_t first_check;
    uint32_t check_count; /* 0 only for a group's fallback region */
};

struct service {
    const char *name;
    bool required;
    uint32_t group; /* index into groups */
    uint32_t first_record;
    uint32_t record_count; /* its own, then those under `also` */
    const uint32_t *needs; /* services of its group whose zones are changed before its own */
    uint32_t need_count;
    uint32_t first_site;
    uint32_t site_count; /* sites are contiguous, in the file's order */
};

enum failback_mode { FAILBACK_MANUAL, FAILBACK_AUTO };
enum all_down_policy { ALL_DOWN_HOLD, ALL_DOWN_FALLBACK };
enum drift_policy { DRIFT_STOP, DRIFT_ADOPT, DRIFT_RESTORE };

struct beacon_word {
    uint32_t region;
    const char *word; /* the secret itself, read from file: or env: */
    const char *next; /* said beside it while the words change; "" : none */
};

/* Services that move together: the unit of a decision. */
struct group {
    const char *name;
    const uint32_t *services;
    uint32_t service_count;
    bool together;
    const uint32_t *order; /* regions, most wanted first */
    uint32_t order_count;
    msec_t hold_ms;
    msec_t stable_ms;
    msec_t dwell_ms;
    enum failback_mode failback;
    const uint32_t *steps_pct; /* auto failback: rising, last 100; empty: at once */
    uint32_t step_count;
    enum all_down_policy all_down;
    uint32_t fallback_region; /* NONE unless all_down = "fallback" */
    enum drift_policy drift;
    bool beacons;
    const struct beacon_word *words; /* one for each region in order when beacons */
    uint32_t word_count;
    const uint32_t *zones; /* every zone of its records, in the order they are changed in */
    uint32_t zone_count;
    uint32_t site_count;   /* sites of all services, in the order services, then their sites */
    const uint32_t *sites; /* index in votes and decisions of this group -> site */
};

/* Where Route 53's health checkers reach a probe's beacons (B2). */
struct beacon_place {
    const char *url; /* as written; "" : nowhere */
    const char *host;
    uint16_t port;
    const char *path; /* before /beacon/GROUP/REGION, without a slash at its end */
    bool tls;
    bool is_address; /* the host is an IP address */
};

/* One member of the electorate. */
struct elector {
    const char *name;
    const char *vantage; /* "owner/place" */
    const char *owner;
    const char *place; /* a region's name when the probe stands in it */
    bool may_act;
    struct beacon_place beacon;
};

enum reference_kind { REFERENCE_URL, REFERENCE_DNS };

/* A place outside everything we judge (V5). */
struct reference {
    const char *text;
    enum reference_kind kind;
    const char *host; /* of the URL, or the resolver's IP literal */
    uint16_t port;
    const char *target;
    bool tls;
};

enum store_kind { STORE_SQLITE, STORE_ETCD };

struct store_settings {
    enum store_kind kind;
    const char *path;   /* sqlite */
    const char *prefix; /* etcd */
    const char *const *endpoints;
    uint32_t endpoint_count;
    const char *ca_file;
    const char *cert_file;
    const char *key_file;
    const char *user;     /* of etcd; "" : the probe's name, if there is a password */
    const char *password; /* the secret itself; "" : etcd is asked without a user */
    msec_t timeout_ms;    /* etcd: of one call, over all members it is tried at */
    msec_t lease_ms;
};

enum sink_kind { SINK_SMTP, SINK_WEBHOOK };
enum severity { SEVERITY_INFO, SEVERITY_WARN, SEVERITY_PAGE };

/* One place alerts go to. */
struct sink_settings {
    enum sink_kind kind;
    const char *name; /* unique; default "KIND-N" */
    enum severity min_severity;
    const char *url;    /* webhook */
    const char *secret; /* webhook: HMAC key, "" none */
    const char *host;   /* smtp */
    uint16_t port;
    const char *tls; /* smtp: "starttls" (default) "tls" "none" */
    const char *user;
    const char *password; /* the secret itself */
    const char *from;
    const char *const *to;
    uint32_t to_count;
    const char *ca_file; /* "" : the system's */
    msec_t timeout_ms;
};

struct settings {
    const char *file;                         /* path it was read from */
    char fingerprint[FINGERPRINT_LENGTH + 1]; /* of quorum, checks, services, groups, limits (A2) */

    uint32_t self; /* index of this probe in electors, NONE: not named (ctl, simulate) */
    const struct reference *references;
    uint32_t reference_count;

    uint32_t quorum_down;
    uint32_t quorum_up;
    uint32_t quorum_vantages;
    uint32_t quorum_owners;
    const struct elector *electors;
    uint32_t elector_count;

    struct store_settings store;

    const char *const *regions; /* every region named by a site, in first-seen order */
    uint32_t region_count;
    const struct hosted_zone *zones; /* every zone of a record, in first-seen order */
    uint32_t zone_count;
    const struct service *services;
    uint32_t service_count;
    const struct service_record *records; /* service by service */
    uint32_t record_count;
    const struct site *sites;
    uint32_t site_count;
    const struct site_set *sets; /* site by site */
    uint32_t set_count;
    const struct check *checks;
    uint32_t check_count;
    const struct group *groups;
    uint32_t group_count;
    const uint32_t *services_by_name; /* indices in the order of names: to find one among many; */
    const uint32_t *sites_by_name;    /* NULL: made by hand, and looked through from the start */
    const uint32_t *groups_by_name;

    uint32_t limit_budget;  /* moves ... */
    msec_t limit_window_ms; /* ... in a window this long (D6) */

    const char *aws_region;
    const char *aws_endpoint;           /* "" : the partition's own */
    const char *aws_profile;            /* "" : AWS_PROFILE or default */
    const char *const *aws_nameservers; /* "IP:PORT" asked instead of the delegation set; rarely */
    uint32_t aws_nameserver_count;
    const char *const *aws_resolvers; /* public ones, asked when clients see a change (C7) */
    uint32_t aws_resolver_count;
    msec_t aws_timeout_ms; /* of one Route 53 request */
    unsigned aws_rate;     /* requests a second of this probe; writes never wait */

    const struct sink_settings *sinks;
    uint32_t sink_count;
    const char *spool_path; /* folder of the alert spool and the beacon latch */
    msec_t remind_ms;       /* open incidents are repeated this often */

    const char *http_listen;  /* "ADDR:PORT", "" : none */
    const char *http_beacons; /* "ADDR:PORT" where nothing but beacons is served, "" : none */
    const char *http_token;   /* for orders over TCP, "" : orders over TCP refused */
    const char *control_socket;

    const char *history_path;
    msec_t history_keep_ms;
    int64_t history_recording_bytes; /* of all recordings together; 0: none are made */

    /* What `regionshift init --health-checks` asks of Route 53 (B2). */
    uint32_t health_interval_s;        /* 10 or 30 */
    uint32_t health_fall;              /* answers in a row that change a checker's mind */
    const char *const *health_regions; /* where checkers stand; none: where Route 53 likes */
    uint32_t health_region_count;

    struct settings_arena *arena; /* owns everything above */
};

/* One complaint about a settings file. */
struct settings_problem {
    bool is_warning;
    unsigned line;    /* 0: none */
    const char *name; /* of a cross-check ("quorum-reachable"), or of the schema rule ("range") */
    const char *path; /* "groups.[0].hold" */
    const char *text; /* what, and what is allowed */
};

struct settings_report {
    struct settings_problem *problems; /* owned by the report */
    size_t count;
    size_t error_count;
    struct settings_arena *arena;
};

/* Reads, parses and checks a file.
 *   probe      name that overrides probe.name, or NULL
 *   ret_report every error and warning, in the file's order; filled on failure and success alike;
 *              the caller clears it with settings_report_clear()
 * Returns 0 and frozen settings owned by the caller, or -1 when the report holds an error. */
int settings_load(const char *file, const char *probe, struct settings **ret_settings,
                  struct settings_report *ret_report);

/* As settings_load(), but opens no secret (they stay "") and is no probe itself: for programs that
 * only read (regionshift, simulate, plan). */
int settings_load_public(const char *file, struct settings **ret_settings,
                         struct settings_report *ret_report);

/* As settings_load(), from memory; name stands for the file in messages. */
int settings_parse(const char *text, size_t length, const char *name, const char *probe,
                   struct settings **ret_settings, struct settings_report *ret_report);

/* One setting to change before the text is checked: `set groups.*.hold 45` of a scenario, or a
 * value that `simulate --sweep` tries. */
struct settings_change {
    const char *path;  /* "groups.*.hold": names and [N] or N, joined by dots; `*`: every member */
    const char *value; /* as in a file: 45, "45s", true, "text", [ 1, 2 ]; a bare word is text */
};

/* As settings_load_public(), from memory, as the probe named (or NULL: none), with the changes
 * applied in turn. A path that meets nothing it may change is an error that says so. */
int settings_parse_changed(const char *text, size_t length, const char *name, const char *probe,
                           const struct settings_change *changes, size_t change_count,
                           struct settings **ret_settings, struct settings_report *ret_report);

/* Prints a report, a line each: "FILE:LINE: path: what, and what is allowed [name]". */
void settings_report_print(const struct settings_report *report, const char *file, FILE *out);
void settings_report_clear(struct settings_report *report);

/* Prints the effective settings as libconfig that parses back to the same fingerprint. Secrets are
 * printed as the reference they were given as ("file:PATH"), never as themselves. */
int settings_dump(const struct settings *settings, FILE *out);

/* Drops what only settings_dump() needs, the settings as they were written, which is half of their
 * memory; a dump fails from then on. For who lives long and has printed them. */
void settings_forget_written(struct settings *settings);

/* Accepts NULL. */
void settings_destroy(struct settings *settings);

/* Finds by name; NONE when there is none. */
uint32_t settings_region(const struct settings *settings, const char *name);
uint32_t settings_group(const struct settings *settings, const char *name);
uint32_t settings_service(const struct settings *settings, const char *name);
uint32_t settings_site(const struct settings *settings, const char *name); /* "SERVICE/REGION" */
uint32_t settings_elector(const struct settings *settings, const char *name);

/* This probe reads the hosted zones: to change them, or to put out its own beacons (B1). */
static inline bool settings_reads_zones(const struct settings *settings)
{
    bool reads = settings->self != NONE && settings->electors[settings->self].may_act;

    for (uint32_t i = 0; i < settings->group_count && !reads; i++)
        reads = settings->self != NONE && settings->groups[i].beacons;
    return reads;
}

/* A service's own record, the first; and a site's set under it. */
static inline const struct service_record *settings_own_record(const struct settings *settings,
                                                               uint32_t service)
{
    return &settings->records[settings->services[service].first_record];
}

static inline const struct site_set *settings_own_set(const struct settings *settings,
                                                      uint32_t site)
{
    return &settings->sets[settings->sites[site].first_set];
}

/* `init` can create it. */
static inline bool settings_set_is_whole(const struct site_set *set)
{
    return set->value[0] != '\0' || set->alias_name[0] != '\0';
}

/* Some record of a service, or of a site's service, is in the zone. */
static inline bool settings_service_in_zone(const struct settings *settings, uint32_t service,
                                            uint32_t zone)
{
    const struct service *s = &settings->services[service];

    for (uint32_t i = s->first_record; i < s->first_record + s->record_count; i++) {
        if (settings->records[i].zone == zone)
            return true;
    }
    return false;
}

/* Whether a check's verdict shows in its site's: it is required, or a member of a required group.
 */
bool settings_check_counts(const struct settings *settings, uint32_t check);

/* Writes what a check's answers have to be, as an expression (docs/ASSERTIONS.md): what its kind
 * expects anyway is in it. "": any answer will do. Cut when there is no room. */
void check_expected(const struct check *check, char *out, size_t size);

static inline bool settings_site_in_zone(const struct settings *settings, uint32_t site,
                                         uint32_t zone)
{
    return settings_service_in_zone(settings, settings->sites[site].service, zone);
}

#endif
