/* SPDX-License-Identifier: Apache-2.0 */
/* record.h: record sets as Route 53 holds them, and batches that change them (rules C1-C5). */
#ifndef REGIONSHIFT_RECORD_H
#define REGIONSHIFT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "units.h"

enum { NONCE_LENGTH = 32, PLAN_LENGTH = 16, FENCE_TEXT_MAX = 255 };

/* One resource record set, every attribute as read: a DELETE must name all of them again (C1).
 * Strings are borrowed from the zone_view (or the batch) that holds it; "" and -1: not present. */
struct record_set {
    const char *name; /* as Route 53 wrote it, unescaped: lower case, no trailing dot, '*' plain */
    const char *type;
    const char *set;           /* SetIdentifier */
    int weight;                /* -1: not a weighted set */
    int64_t ttl_s;             /* -1: alias */
    const char *const *values; /* each as in the zone: TXT with its quotes */
    uint32_t value_count;
    const char *alias_zone; /* AliasTarget; "" when there is none */
    const char *alias_name;
    bool alias_evaluate;
    const char *health_check;
    const char *region; /* latency routing; managed sets have none of the following */
    const char *failover;
    bool other_routing; /* geo, CIDR, multivalue, traffic policy: never ours to change */
};

/* The record sets of one hosted zone that settings name (services' sets and fences), read at one
 * time. Not a snapshot when the zone has many pages: the batch's own compare closes that gap. */
struct zone_view {
    uint32_t zone;    /* index into settings->zones */
    const char *apex; /* zone's name, no trailing dot: fences live below it */
    const struct record_set *sets;
    uint32_t set_count;
    char nonce[NONCE_LENGTH + 1]; /* fresh random hex: a batch made from this view carries it */
    void *arena;                  /* owns all of it: zone_view_destroy() */
};

/* Makes a view that owns copies of all it is given. 0, or -1: no memory. */
int zone_view_create(uint32_t zone, const char *apex, const struct record_set *sets,
                     uint32_t set_count, const char *nonce, struct zone_view **ret_view);

/* Accepts NULL. */
void zone_view_destroy(struct zone_view *view);

/* Nobody decides so often: a number above it is a person's, or garbage. One that could be anything
 * would let a single text in the zone push the next epoch past what a number can hold. */
#define FENCE_EPOCH_MAX UINT64_C(999999999999999)

/* One epoch a second for 31 years: no group lives so long, no store was restored from so far back,
 * nor lost with all journals, that a true fence would be further above what is known. */
#define FENCE_LEAP_MAX UINT64_C(1000000000)

/* C2: the number in the zone which every writer must replace. */
struct fence {
    char group[64];
    uint64_t epoch;
    char by[64];
    char nonce[NONCE_LENGTH + 1];
    char plan[PLAN_LENGTH + 1];
};

/* Writes `v=rs1 group=G epoch=N by=PROBE nonce=HEX plan=HEX16`, without quotes; 0, or -1: no
 * room. */
int fence_format(const struct fence *fence, char *out, size_t size);

/* Reads a fence from a TXT value, with or without quotes. 0, or -1: not a fence of version rs1. */
int fence_parse(const char *text, struct fence *ret_fence);

/* An epoch that is above what is known by more than any life of ours is no fence's: a person's, or
 * garbage. Adopted, a few of its kind would use up all the epochs there are (C2). */
bool fence_leaps(uint64_t epoch, uint64_t known);

/* `_regionshift.GROUP.APEX`. 0 or -1: no room. */
int fence_name(const char *group, const char *apex, char *out, size_t size);

/* First 16 hex digits of the SHA-256 of a plan's text ("SITE=WEIGHT\n" in order). */
void plan_digest(const char *text, size_t length, char ret_plan[PLAN_LENGTH + 1]);

enum batch_action { BATCH_DELETE, BATCH_CREATE };

struct batch_item {
    enum batch_action action;
    struct record_set set;
};

/* One fenced batch for one hosted zone: all or nothing (C1). */
struct batch {
    uint32_t zone;
    uint32_t group;
    uint64_t epoch;
    const char *nonce;
    const char *comment; /* ChangeBatch comment, <= 256 characters */
    bool is_init;        /* D9: may create sets of the settings which the zone does not have */
    bool is_attach;      /* B2: changes health checks, and nothing else */
    const struct batch_item *items;
    uint32_t item_count;
};

#endif
