/* SPDX-License-Identifier: Apache-2.0 */
/* health_plan.h: which health checks of Route 53 ought to be there (B2), and what would have to be
 * done about those that are. For each group with beacons and each region in its order: one string
 * match for each probe whose beacons can be reached, and one calculated check over them, inverted.
 * Pure.
 *
 *     child        healthy while its probe's beacon says the region's word: a vote to leave
 *     calculated   healthy with quorum.down such votes; inverted, so then it is UNHEALTHY, and
 *                  Route 53 answers with other regions
 *
 * Silence, whatever its reason, is an unhealthy child, and so never a vote.
 *
 * A check is known by its CallerReference, which is derived from what cannot be changed in it.
 * Whoever makes the plan again finds what was created before, also after a crash between any two
 * requests; and a setting that Route 53 does not let be changed makes another check. */
#ifndef REGIONSHIFT_HEALTH_PLAN_H
#define REGIONSHIFT_HEALTH_PLAN_H

#include "health_check.h"
#include "pool.h"
#include "record.h"
#include "settings.h"

enum health_step {
    HEALTH_KEEP,   /* as it ought to be */
    HEALTH_CREATE, /* not there */
    HEALTH_UPDATE, /* there, and different: see `differs` */
    HEALTH_FOREIGN /* there, and another service's or of another kind: nobody of ours changes it */
};

enum { HEALTH_DIFFERS_MAX = 255, HEALTH_GENERATIONS_MAX = 99, HEALTH_NAME_MAX = 255 };

struct health_item {
    uint32_t group;
    uint32_t region;
    uint32_t probe;                      /* NONE: the calculated check over the children */
    char stem[HEALTH_REFERENCE_MAX + 1]; /* of its reference, which ends in a generation */
    unsigned generation;                 /* to create it with: one that was deleted is used up */
    char name[HEALTH_NAME_MAX + 1];      /* for people, and as its tag */
    struct health_config config;         /* what it ought to be; see `ready` */
    bool is_ready;                       /* children: always; calculated: all children are there */
    const struct health_check *found;    /* NULL: not there */
    enum health_step step;
    char differs[HEALTH_DIFFERS_MAX + 1]; /* "FailureThreshold 5, not 3; SearchString" */
};

struct health_plan {
    const struct settings *settings;
    bool rotate;
    struct health_item *items; /* of each group and region: the children, then the calculated */
    uint32_t count;
    /* Checks of ours, by their reference, that no item of the plan is. */
    const struct health_check **left_over;
    uint32_t left_over_count;
    struct pool *pool;
};

/* What AWS asks for a month, in cents, as its price list said when this was written; see
 * docs/BEACONS.md. No free checks are assumed. */
enum {
    HEALTH_CENTS_AWS = 50, /* an endpoint in AWS, and a calculated check */
    HEALTH_CENTS_OTHER = 75,
    HEALTH_CENTS_OPTION_AWS = 100, /* each of: string matching, HTTPS, an interval of 10 s */
    HEALTH_CENTS_OPTION_OTHER = 200
};
struct health_cost {
    uint32_t aws; /* children, by where their probe stands (vantage "aws/...") */
    uint32_t other;
    uint32_t calculated;
    uint32_t options; /* of them all together */
    int64_t cents;
};

/* What the references of all checks of a group begin with: "rs1-", a digest of its zone and name,
 * "-". It does not depend on the group's having beacons (now). */
enum { HEALTH_WHOSE_LENGTH = 4 + PLAN_LENGTH + 1 };
void health_plan_whose(const struct settings *settings, uint32_t group,
                       char ret_text[HEALTH_WHOSE_LENGTH + 1]);

/* rotate: children are to look for the regions' next words (settings' beacon_words[].next), where
 * there are any; without it both words are as they ought to be.
 * Everything lives in the pool. Returns 0, or -1: no memory, or -2 with a sentence: the beacons of
 * the settings could not be checked. Without groups with beacons it has no items, and finds what is
 * left over. */
int health_plan_make(const struct settings *settings, bool rotate, struct pool *pool,
                     struct health_plan **ret_plan, char *error, size_t error_size);

/* Compares the plan with the checks that an account has; again after each change. The checks are
 * borrowed. 0, or -1: no memory. */
int health_plan_match(struct health_plan *plan, const struct health_check *checks, uint32_t count);

/* The next item that something can be done about now, or NULL: nothing is left. */
struct health_item *health_plan_next(const struct health_plan *plan);

/* The calculated check of a region, or NULL. */
struct health_item *health_plan_parent(const struct health_plan *plan, uint32_t group,
                                       uint32_t region);

/* An item's whole CallerReference, with its generation. */
void health_plan_reference(const struct health_item *item, char ret_text[HEALTH_REFERENCE_MAX + 1]);

/* The tags of an item: group, region, probe, and the name that AWS's console shows. */
enum { HEALTH_PLAN_TAGS = 4 };
void health_plan_tags(const struct health_plan *plan, const struct health_item *item,
                      struct health_tag ret_tags[HEALTH_PLAN_TAGS], size_t *ret_count);

/* Probes that Route 53 asks: each of them has a child in every calculated check. */
uint32_t health_plan_beacons(const struct settings *settings);

void health_plan_cost(const struct health_plan *plan, struct health_cost *ret_cost);

/* A copy that owns its strings, in the pool. 0 or -1. */
int health_check_copy(struct pool *pool, const struct health_check *check,
                      struct health_check *ret_check);

/* More than HEALTH_SHARE_PCT of the checkers that answered say so; none did: not known, false. */
bool health_share_is_healthy(uint32_t successes, uint32_t observations);

#endif
