/* SPDX-License-Identifier: Apache-2.0 */
/* pizza.h: small settings by hand, for tests that need names and not libconfig. Two regions, two
 * zones; the group jwt-pizza (pizza and its factory) and the group solo. */
#ifndef REGIONSHIFT_TESTS_CODEC_PIZZA_H
#define REGIONSHIFT_TESTS_CODEC_PIZZA_H

#include "settings.h"

static const char *const pizza_regions[] = {"us-east-1", "us-west-2"};
static const struct hosted_zone pizza_zones[] = {{.id = "Z0123456789ABCDEFGHIJ"}, {.id = "ZOTHER"}};

static const struct elector pizza_electors[] = {
    {.name = "use1", .vantage = "aws/us-east-1", .owner = "aws", .place = "us-east-1"},
    {.name = "usw2", .vantage = "aws/us-west-2", .owner = "aws", .place = "us-west-2"},
    {.name = "fra", .vantage = "hetzner/fra1", .owner = "hetzner", .place = "fra1"},
};

static const struct site pizza_sites[] = {
    {.service = 0, .region = 0, .name = "pizza/us-east-1", .first_check = 0, .check_count = 2},
    {.service = 0, .region = 1, .name = "pizza/us-west-2", .first_check = 2, .check_count = 1},
    {.service = 1, .region = 0, .name = "factory/us-east-1", .first_check = 3, .check_count = 1},
    {.service = 1, .region = 1, .name = "factory/us-west-2", .first_check = 4, .check_count = 1},
    {.service = 2, .region = 1, .name = "solo/us-west-2", .first_check = 5, .check_count = 1},
};

static const struct check pizza_checks[] = {
    {.site = 0}, {.site = 0}, {.site = 1}, {.site = 2}, {.site = 3}, {.site = 4},
};

static const struct service pizza_services[] = {
    {.name = "pizza", .group = 0, .first_site = 0, .site_count = 2},
    {.name = "factory", .group = 0, .first_site = 2, .site_count = 2},
    {.name = "solo", .group = 1, .first_site = 4, .site_count = 1},
};

static const uint32_t pizza_group_sites[] = {0, 1, 2, 3};
static const uint32_t solo_group_sites[] = {4};

static const struct group pizza_groups[] = {
    {.name = "jwt-pizza", .sites = pizza_group_sites, .site_count = 4},
    {.name = "solo", .sites = solo_group_sites, .site_count = 1},
};

static const struct reference pizza_references[] = {{.text = "dns:192.0.2.53"}};
static const struct sink_settings pizza_sinks[] = {{.name = "mail"}, {.name = "hook"}};

static const struct settings pizza = {
    .fingerprint = "6f1d2c3b4a596877",
    .references = pizza_references,
    .reference_count = 1,
    .electors = pizza_electors,
    .elector_count = 3,
    .regions = pizza_regions,
    .region_count = 2,
    .zones = pizza_zones,
    .zone_count = 2,
    .services = pizza_services,
    .service_count = 3,
    .sites = pizza_sites,
    .site_count = 5,
    .checks = pizza_checks,
    .check_count = 6,
    .groups = pizza_groups,
    .group_count = 2,
    .sinks = pizza_sinks,
    .sink_count = 2,
};

#endif
