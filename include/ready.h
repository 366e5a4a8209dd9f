/* SPDX-License-Identifier: Apache-2.0 */
/* ready.h: can we fail over right now? Each line of the answer is one thing that a move needs,
 * judged by itself from what was measured: a state, what was measured with its number and limit,
 * and what to do about it. Pure: the facts come in, words come out; who gathers them is the shell.
 *
 *     ok       a move would not stop here
 *     warn     it would not stop here now, but less than planned is left, or something is odd
 *     fail     a move that is needed now would stop here, or go wrong
 *     unknown  this probe cannot say; the advice names who can
 *
 * Ready is: no line fails. */
#ifndef REGIONSHIFT_READY_H
#define REGIONSHIFT_READY_H

#include <stdbool.h>
#include <stdint.h>

#include "agreement.h"
#include "outcome.h"
#include "record.h"
#include "settings.h"
#include "units.h"

enum ready_state { READY_OK, READY_WARN, READY_FAIL, READY_UNKNOWN, READY_STATE_COUNT };

const char *ready_state_name(enum ready_state state); /* "ok" "warn" "fail" "unknown" */

enum { READY_ABOUT_MAX = 200, READY_MEASURED_MAX = 400, READY_ADVICE_MAX = 400 };

struct ready_line {
    const char *name;                /* "quorum": a name of the table in docs/API.md */
    char about[READY_ABOUT_MAX + 1]; /* "jwt-pizza us-east-1", a zone, a sink; "" : all of it */
    enum ready_state state;
    int64_t value; /* what was measured, and its limit; -1: no number */
    int64_t limit;
    char measured[READY_MEASURED_MAX + 1];
    char advice[READY_ADVICE_MAX + 1]; /* "" : nothing is to be done */
};

/* Limits that advice cites. */
enum {
    READY_TTL_MAX_S = 60,                 /* resolvers keep an answer so long after a move */
    READY_SKEW_WARN_MS = 30 * 1000,       /* no accident any more; AWS allows 5 minutes */
    READY_EXPIRY_WARN_MS = 5 * 60 * 1000, /* refreshing begins 15 minutes before the end */
    READY_LOOK_OLD_MS = 15 * 60 * 1000    /* a look that should have come every 5 minutes */
};

/* ---- this probe ---- */

struct ready_sight {
    enum blindness blindness;
    uint32_t reference_count;
};
void ready_sight(const struct ready_sight *facts, struct ready_line *ret_line);

/* ---- who votes ---- */

/* Votes that count now, and what they would reach; once with all of them, once without the judged
 * region's own probes, which may die with it. */
struct ready_votes {
    uint32_t votes;
    uint32_t vantages;
    uint32_t owners;
    bool outside; /* one of them stands outside the region (A3) */
};
struct ready_quorum {
    const char *group;
    const char *region; /* that would have to be agreed down */
    struct ready_votes all;
    struct ready_votes without;
    uint32_t electors;
    uint32_t needs_down;
    uint32_t needs_up;
    uint32_t needs_vantages;
    uint32_t needs_owners;
    const char *missing; /* "fra absent, usw2 blind"; "" none */
};
void ready_quorum(const struct ready_quorum *facts, struct ready_line *ret_line);

/* Probes whose votes do not count because of other settings. */
struct ready_settings {
    uint32_t others;
    const char *names; /* "fra, usw2" */
    const char *fingerprint;
};
void ready_settings(const struct ready_settings *facts, struct ready_line *ret_line);

/* ---- where the traffic would go ---- */

struct ready_target {
    const char *group;
    const char *region;  /* that would lose its weight */
    bool has_head;       /* D9 */
    bool moves;          /* the plan finds a place for it */
    bool serving;        /* others have weight already, and take its share */
    bool fallback;       /* only the static page of all_down is left */
    const char *targets; /* "us-west-2" */
    enum agreement_state agreed;
    msec_t agreed_ms; /* the shortest, of all targets */
    msec_t stable_ms;
    const char *gate; /* the sentence of what keeps the others from gaining; "" */
};
void ready_target(const struct ready_target *facts, struct ready_line *ret_line);

/* ---- would a move be stopped, and until when ---- */

struct ready_moves {
    const char *group;
    const char *frozen; /* "frozen by ann (uid 3): deploy; ..."; "" not */
    msec_t dwell_left_ms;
    uint32_t budget_used;
    uint32_t budget_limit;
    msec_t budget_left_ms; /* until the window lets one more; -1 not known */
    bool ledger_unreadable;
};
void ready_moves(const struct ready_moves *facts, struct ready_line *ret_line);

/* Who would apply it, if this region died. */
struct ready_actors {
    const char *region;
    uint32_t may_act;   /* of the electorate */
    uint32_t alive;     /* whose votes count now */
    uint32_t surviving; /* of those, outside the region */
    const char *silent; /* may act and do not vote: "use1 absent"; "" */
    bool dry_run;       /* this probe */
};
void ready_actors(const struct ready_actors *facts, struct ready_line *ret_line);

/* ---- the store ---- */

struct ready_store {
    bool ok;
    const char *error;
    bool lease;
    msec_t read_ms; /* age of the last whole reading; -1 never */
    uint32_t unreadable;
    const char *unreadable_key; /* the first of them */
};
void ready_store(const struct ready_store *facts, struct ready_line *ret_line);

/* ---- AWS ---- */

/* Who looks at the zones: a probe without may_act does not, and cannot say. */
struct ready_reader {
    bool reads;
    const char *others; /* who may act: "use1, usw2" */
};

struct ready_credentials {
    struct ready_reader reader;
    const char *zone;    /* whose account it is */
    const char *source;  /* "the environment", "" not known */
    const char *role;    /* assumed on top; "" none */
    msec_t expires_ms;   /* from now; -1 do not expire, or not known */
    const char *renewal; /* why the last look for newer ones failed; "" it did not */
    bool asked;          /* an answer, or a failure, is there */
    enum route53_outcome outcome;
    const char *error;
    msec_t accepted_ms; /* age of the last signed request that AWS accepted; -1 never */
};
void ready_credentials(const struct ready_credentials *facts, struct ready_line *ret_line);

struct ready_clock {
    struct ready_reader reader;
    bool known;
    msec_t skew_ms; /* AWS's clock minus ours */
};
void ready_clock(const struct ready_clock *facts, struct ready_line *ret_line);

/* ---- a zone ---- */

/* What its record sets are like, against the settings: ready_zone_look(). Strings are names. */
struct ready_records {
    uint32_t set_count; /* that the settings name */
    uint32_t missing_count;
    uint32_t wrong_count; /* not weighted, or routed otherwise too */
    uint32_t stranger_count;
    uint32_t unasked_check_count;
    const char *missing;       /* the first site without its set */
    const char *wrong;         /* the first that is not only weighted */
    const char *ttl_differs;   /* a record whose sets have several TTLs */
    const char *empty;         /* a record whose weights are all zero */
    const char *stranger;      /* a weighted set beside ours that the settings do not name */
    const char *unasked_check; /* a site with a health check though the group has no beacons */
    const char *slow;          /* the record with the longest TTL */
    int64_t ttl_max_s;         /* -1: aliases only */
};
void ready_zone_look(const struct settings *settings, const struct zone_view *view,
                     struct ready_records *ret_records);

struct ready_zone {
    struct ready_reader reader;
    const char *zone;
    const char *apex;
    bool asked;
    enum route53_outcome outcome;
    const char *error;
    msec_t read_ms; /* age of the last good reading; -1 never */
    struct ready_records records;
};
void ready_zone(const struct ready_zone *facts, struct ready_line *ret_line);

struct ready_fence {
    struct ready_reader reader;
    const char *group;
    const char *zone;
    bool known; /* the zone was read */
    bool has_head;
    bool present;
    bool drifted;
    enum drift_policy drift;
    bool in_flight;  /* a change is under way */
    uint32_t fences; /* values in the fence's record: 1, if all is well */
    uint64_t epoch;
    uint64_t head_epoch;
};
void ready_fence(const struct ready_fence *facts, struct ready_line *ret_line);

/* The authoritative servers, asked for the fence one by one. */
struct ready_servers {
    struct ready_reader reader;
    const char *group;
    const char *zone;
    bool is_private; /* such a zone has no server that we could ask */
    bool asked_once;
    bool has_fence; /* the zone has one to be asked for */
    uint32_t asked;
    uint32_t answered;
    uint32_t current;
    uint64_t epoch;     /* asked for */
    const char *others; /* "192.0.2.1:53 does not answer (timeout)"; "" */
};
void ready_servers(const struct ready_servers *facts, struct ready_line *ret_line);

/* May we write? Known only from what was written, or refused. */
struct ready_write {
    struct ready_reader reader;
    const char *zone;
    bool may_act;
    bool dry_run;
    const char *accepted_at; /* when the last change of this probe was accepted; "" never */
    uint64_t accepted_epoch;
    bool fence_is_ours; /* the zone's fence was written by this probe, whenever that was */
    bool refused;       /* a later one was refused for want of rights */
    const char *error;
};
void ready_write(const struct ready_write *facts, struct ready_line *ret_line);

/* ---- beacons, sinks ---- */

struct ready_beacons {
    const char *group;
    uint32_t regions;
    uint32_t words;     /* of them with a word */
    uint32_t lit;       /* latched now */
    const char *stale;  /* a region that is lit though the zone gives it weight; "" */
    bool reads_zones;   /* this probe puts its words out by itself (B1) */
    uint32_t unchecked; /* sites whose record set has no health check */
    const char *unchecked_site;
    bool known; /* the zone was read */
};
void ready_beacons(const struct ready_beacons *facts, struct ready_line *ret_line);

/* The health checks that read a region's beacon (health_watch.h). */
struct ready_health {
    const char *group;
    const char *region;
    bool asked;
    enum route53_outcome outcome;
    const char *error;
    msec_t seen_ms; /* age of the last whole look; -1 none */
    uint32_t wanted;
    uint32_t missing;
    uint32_t different;
    const char *first;   /* the first that is missing or different */
    uint32_t unattached; /* record sets of the region without its calculated check */
    uint32_t children;
    uint32_t observed; /* of them, told of by some checker */
    uint32_t votes;    /* of them, whose word the checkers hear */
    uint32_t votes_down;
    bool lit; /* this probe says the word */
};
void ready_health(const struct ready_health *facts, struct ready_line *ret_line);

struct ready_sink {
    const char *sink; /* NULL: there is none at all */
    enum severity min_severity;
    msec_t accepted_ms; /* age of the last success; -1: none since the start */
    msec_t failed_ms;   /* age of the last failure; -1: none */
    uint32_t failures;  /* in a row */
    const char *error;
};
void ready_sink(const struct ready_sink *facts, struct ready_line *ret_line);

/* ---- the answer ---- */

struct ready_sum {
    uint32_t count[READY_STATE_COUNT];
};
bool ready_is(const struct ready_sum *sum); /* no line fails */

#endif
