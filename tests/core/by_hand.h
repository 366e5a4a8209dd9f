/* SPDX-License-Identifier: Apache-2.0 */
/* by_hand.h: settings without a file: pizza and its factory in three regions, five probes. A test
 * changes what it is about. Also the few lines in which a program of tests runs them. */
#ifndef REGIONSHIFT_TESTS_CORE_BY_HAND_H
#define REGIONSHIFT_TESTS_CORE_BY_HAND_H

#include <check.h>

#include "../lib/suite.h"
#include "settings.h"

enum { EAST, WEST, CENTRAL, HAND_REGIONS, HAND_SERVICES = 2, HAND_PROBES = 5 };
enum { HAND_SITES = HAND_REGIONS * HAND_SERVICES };
enum { HAND_RECORDS = HAND_SERVICES + 1, HAND_SETS = HAND_SITES + HAND_REGIONS };

/* Sites stand service by service: pizza east, west, central, factory east, ... */
enum { PIZZA_AT, FACTORY_AT = HAND_REGIONS };

struct by_hand {
    struct settings settings;
    struct group group;
    struct service services[HAND_SERVICES];
    struct service_record records[HAND_RECORDS];
    struct site sites[HAND_SITES];
    struct site_set sets[HAND_SETS];
    struct check checks[HAND_SITES];
    struct elector electors[HAND_PROBES];
    const char *regions[HAND_REGIONS];
    struct hosted_zone zones[2]; /* the second: for tests that want it */
    uint32_t of_group[HAND_SERVICES];
    uint32_t order[HAND_REGIONS];
    uint32_t group_sites[HAND_SITES];
    uint32_t group_zones[2];
    char names[HAND_SITES][64];
    char set_names[HAND_SITES][64];
};

/* Quorum 3 of 5 (two stand in us-east-1), weights 100/0/0, hold 20 s, stable 60 s, dwell 600 s,
 * interval 10 s, fall 3, rise 2. */
void by_hand(struct by_hand *hand);

/* Pizza has an AAAA record too, in this zone: sets go two by two for its sites, 2001:db8::1. */
void by_hand_also(struct by_hand *hand, uint32_t zone);

#endif
