/* SPDX-License-Identifier: Apache-2.0 */
#include "by_hand.h"

#include <stdio.h>
#include <string.h>

static void make_sites(struct by_hand *hand, uint32_t service)
{
    static const char *const services[] = {"pizza", "factory"};

    hand->services[service] = (struct service){
        .name = services[service],
        .required = true,
        .first_record = service,
        .record_count = 1,
        .first_site = service * HAND_REGIONS,
        .site_count = HAND_REGIONS,
    };
    hand->records[service] = (struct service_record){
        .service = service,
        .name = service == 0 ? "pizza.example.com" : "factory.example.com",
        .type = "A",
        .ttl_s = 60,
    };
    for (uint32_t r = 0; r < HAND_REGIONS; r++) {
        uint32_t at = service * HAND_REGIONS + r;

        snprintf(hand->names[at], sizeof(hand->names[at]), "%s/%s", services[service],
                 hand->regions[r]);
        snprintf(hand->set_names[at], sizeof(hand->set_names[at]), "%s-%s", services[service],
                 hand->regions[r]);
        hand->sets[at] = (struct site_set){.site = at,
                                           .record = service,
                                           .set = hand->set_names[at],
                                           .value = "192.0.2.1",
                                           .alias_zone = "",
                                           .alias_name = ""};
        hand->sites[at] = (struct site){.service = service,
                                        .region = r,
                                        .weight = r == EAST ? 100 : 0,
                                        .name = hand->names[at],
                                        .first_set = at,
                                        .set_count = 1,
                                        .first_check = at,
                                        .check_count = 1};
        hand->checks[at] = (struct check){.site = at,
                                          .url = "http://x.test/",
                                          .address = "",
                                          .method = "GET",
                                          .status = "200",
                                          .body = "",
                                          .interval_ms = 10000,
                                          .timeout_ms = 3000,
                                          .retry_ms = 1000,
                                          .fall = 3,
                                          .rise = 2};
        hand->group_sites[at] = at;
    }
    hand->of_group[service] = service;
}

/* What a test is not about stays empty. */
#define ELECTOR(who, whose, where, acts)                                                           \
    {                                                                                              \
        .name = who, .vantage = whose "/" where, .owner = whose, .place = where, .may_act = acts   \
    }

void by_hand(struct by_hand *hand)
{
    *hand = (struct by_hand){.regions = {"us-east-1", "us-west-2", "eu-central-1"},
                             .zones = {{.id = "ZONE1"}, {.id = "ZONE2"}},
                             .order = {EAST, WEST, CENTRAL},
                             .electors = {ELECTOR("use1", "aws", "us-east-1", true),
                                          ELECTOR("use1b", "gcp", "us-east-1", true),
                                          ELECTOR("usw2", "aws", "us-west-2", true),
                                          ELECTOR("fra", "hetzner", "fra1", false),
                                          ELECTOR("frab", "hetzner", "fra1", false)}};
    make_sites(hand, 0);
    make_sites(hand, 1);
    hand->group = (struct group){.name = "jwt-pizza",
                                 .services = hand->of_group,
                                 .service_count = HAND_SERVICES,
                                 .together = true,
                                 .order = hand->order,
                                 .order_count = HAND_REGIONS,
                                 .hold_ms = 20000,
                                 .stable_ms = 60000,
                                 .dwell_ms = 600000,
                                 .fallback_region = NONE,
                                 .zones = hand->group_zones,
                                 .zone_count = 1,
                                 .site_count = HAND_SITES,
                                 .sites = hand->group_sites};
    hand->settings = (struct settings){.fingerprint = "0123456789abcdef",
                                       .quorum_down = 3,
                                       .quorum_up = 3,
                                       .quorum_vantages = 2,
                                       .quorum_owners = 1,
                                       .electors = hand->electors,
                                       .elector_count = HAND_PROBES,
                                       .store = {.lease_ms = 10000},
                                       .regions = hand->regions,
                                       .region_count = HAND_REGIONS,
                                       .zones = hand->zones,
                                       .zone_count = 1,
                                       .services = hand->services,
                                       .service_count = HAND_SERVICES,
                                       .records = hand->records,
                                       .record_count = HAND_SERVICES,
                                       .sites = hand->sites,
                                       .site_count = HAND_SITES,
                                       .sets = hand->sets,
                                       .set_count = HAND_SITES,
                                       .checks = hand->checks,
                                       .check_count = HAND_SITES,
                                       .groups = &hand->group,
                                       .group_count = 1,
                                       .limit_budget = 4,
                                       .limit_window_ms = 6 * 3600 * 1000};
}

void by_hand_also(struct by_hand *hand, uint32_t zone)
{
    struct site_set sets[HAND_SITES];
    uint32_t count = 0;

    memcpy(sets, hand->sets, sizeof(sets));
    hand->records[2] = hand->records[1];
    hand->records[1] = hand->records[0];
    hand->records[1].type = "AAAA";
    hand->records[1].zone = zone;
    hand->services[0].record_count = 2;
    hand->services[1].first_record = 2;
    for (uint32_t i = 0; i < HAND_SITES; i++) {
        hand->sites[i].first_set = count;
        hand->sets[count++] = sets[i];
        hand->sets[count - 1].record = i < FACTORY_AT ? 0 : 2;
        if (i >= FACTORY_AT)
            continue;
        hand->sites[i].set_count = 2;
        hand->sets[count] = sets[i];
        hand->sets[count].record = 1;
        hand->sets[count++].value = "2001:db8::1";
    }
    hand->settings.record_count = HAND_RECORDS;
    hand->settings.set_count = count;
    hand->settings.zone_count = 2;
    hand->group_zones[1] = 1;
    hand->group.zone_count = zone == 0 ? 1 : 2;
}
