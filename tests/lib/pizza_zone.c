/* SPDX-License-Identifier: Apache-2.0 */
#include "pizza_zone.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct hosted_zone zones[] = {{.id = "ZLAB1", .role = "", .external_id = ""},
                                           {.id = "ZSTRANGE", .role = "", .external_id = ""}};
static const char *const regions[] = {"us-east-1", "us-west-2"};
static const uint32_t pizza_services[] = {0, 1};
static const uint32_t solo_services[] = {2};

static const struct site sites[SITE_COUNT] = {
    {.service = 0, .region = 0, .weight = 100, .first_set = 0, .set_count = 1},
    {.service = 0, .region = 1, .weight = 0, .first_set = 1, .set_count = 1},
    {.service = 1, .region = 0, .weight = 100, .first_set = 2, .set_count = 1},
    {.service = 1, .region = 1, .weight = 0, .first_set = 3, .set_count = 1},
    {.service = 2, .region = 0, .weight = 100, .first_set = 4, .set_count = 1},
    {.service = 2, .region = 1, .weight = 0, .first_set = 5, .set_count = 1},
};

#define SET(number, service, name, address)                                                        \
    {                                                                                              \
        .site = (number), .record = (service), .set = (name), .value = (address),                  \
        .alias_zone = "", .alias_name = ""                                                         \
    }
static const struct site_set sets[SITE_COUNT] = {
    SET(0, 0, "pizza-us-east-1", "192.0.2.10"),   SET(1, 0, "pizza-us-west-2", "192.0.2.11"),
    SET(2, 1, "factory-us-east-1", "192.0.2.12"), SET(3, 1, "factory-us-west-2", "192.0.2.13"),
    SET(4, 2, "solo-us-east-1", "192.0.2.14"),    SET(5, 2, "solo-us-west-2", "192.0.2.15"),
};

static const char *const site_values[SITE_COUNT][1] = {
    {"192.0.2.10"}, {"192.0.2.11"}, {"192.0.2.12"}, {"192.0.2.13"}, {"192.0.2.14"}, {"192.0.2.15"},
};

static const struct service_record records[] = {
    {.service = 0, .name = "pizza.example.com", .type = "A", .ttl_s = 60},
    {.service = 1, .name = "factory.example.com", .type = "A", .ttl_s = 60},
    {.service = 2, .name = "*.solo.example.com", .type = "A", .ttl_s = 60},
};

static const struct service services[] = {
    {.name = "pizza",
     .group = 0,
     .first_record = 0,
     .record_count = 1,
     .first_site = 0,
     .site_count = 2},
    {.name = "factory",
     .group = 0,
     .first_record = 1,
     .record_count = 1,
     .first_site = 2,
     .site_count = 2},
    {.name = "solo",
     .group = 1,
     .first_record = 2,
     .record_count = 1,
     .first_site = 4,
     .site_count = 2},
};

static const struct group groups[] = {
    {.name = "jwt-pizza", .services = pizza_services, .service_count = 2},
    {.name = "solo", .services = solo_services, .service_count = 1},
};

struct settings pizza_settings(void)
{
    return (struct settings){.regions = regions,
                             .region_count = 2,
                             .zones = zones,
                             .zone_count = 2,
                             .services = services,
                             .service_count = 3,
                             .records = records,
                             .record_count = 3,
                             .sites = sites,
                             .site_count = SITE_COUNT,
                             .sets = sets,
                             .set_count = SITE_COUNT,
                             .groups = groups,
                             .group_count = 2,
                             .aws_region = "us-east-1",
                             .aws_endpoint = "",
                             .aws_profile = "",
                             .aws_timeout_ms = 5000,
                             .aws_rate = 1000};
}

static const struct record_set plain = {.weight = -1,
                                        .ttl_s = -1,
                                        .set = "",
                                        .alias_zone = "",
                                        .alias_name = "",
                                        .health_check = "",
                                        .region = "",
                                        .failover = ""};

struct record_set pizza_set(int site, int weight)
{
    struct record_set set = plain;

    set.name = records[sites[site].service].name;
    set.type = "A";
    set.set = sets[site].set;
    set.weight = weight;
    set.ttl_s = 60;
    set.values = site_values[site];
    set.value_count = 1;
    return set;
}

struct record_set pizza_fence_set(const char *fence_name, const char *const *value)
{
    struct record_set set = plain;

    set.name = fence_name;
    set.type = "TXT";
    set.ttl_s = 10;
    set.values = value;
    set.value_count = 1;
    return set;
}

struct zone_view *pizza_view(void)
{
    static const char *const texts[2][1] = {
        {"\"v=rs1 group=jwt-pizza epoch=7 by=use1 nonce=" PIZZA_NONCE " plan=0011223344556677\""},
        {"\"v=rs1 group=solo epoch=7 by=use1 nonce=" PIZZA_NONCE " plan=0011223344556677\""},
    };
    struct record_set all[SITE_COUNT + 2];
    struct zone_view *view = NULL;
    int status;

    for (int i = 0; i < SITE_COUNT; i++)
        all[i] = pizza_set(i, sites[i].weight);
    all[SITE_COUNT] = pizza_fence_set("_regionshift.jwt-pizza.example.com", texts[0]);
    all[SITE_COUNT + 1] = pizza_fence_set("_regionshift.solo.example.com", texts[1]);
    status = zone_view_create(PIZZA_ZONE, "example.com", all, SITE_COUNT + 2, PIZZA_NONCE, &view);
    assert(status == 0);
    return view;
}

static const struct record_set *find(const struct zone_view *view, const char *name,
                                     const char *type, const char *set)
{
    for (uint32_t i = 0; i < view->set_count; i++) {
        const struct record_set *candidate = &view->sets[i];

        if (strcmp(candidate->name, name) == 0 && strcmp(candidate->type, type) == 0 &&
            strcmp(candidate->set, set) == 0)
            return candidate;
    }
    return NULL;
}

static const struct record_set *find_site(const struct settings *settings,
                                          const struct zone_view *view, int site)
{
    const struct site_set *set = settings_own_set(settings, (uint32_t)site);
    const struct service_record *record = &settings->records[set->record];

    return find(view, record->name, record->type, set->set);
}

void move_add(struct move *move, enum batch_action action, const struct record_set *set)
{
    assert(move->batch.item_count < 64);
    move->items[move->batch.item_count++] = (struct batch_item){.action = action, .set = *set};
}

void move_begin(struct move *move, const struct settings *settings, const struct zone_view *view,
                uint32_t group, uint64_t epoch, const char *nonce)
{
    struct fence fence = {.epoch = epoch, .by = "use1", .plan = "fedcba9876543210"};
    const struct record_set *old;
    struct record_set set;
    char text[FENCE_TEXT_MAX + 1];

    memset(move, 0, sizeof(*move));
    snprintf(fence.group, sizeof(fence.group), "%s", settings->groups[group].name);
    snprintf(fence.nonce, sizeof(fence.nonce), "%s", nonce);
    fence_format(&fence, text, sizeof(text));
    snprintf(move->new_text, sizeof(move->new_text), "\"%s\"", text);
    fence_name(fence.group, view->apex, move->fence_name, sizeof(move->fence_name));
    move->new_value[0] = move->new_text;
    move->batch = (struct batch){.zone = view->zone,
                                 .group = group,
                                 .epoch = epoch,
                                 .nonce = nonce,
                                 .comment = "regionshift",
                                 .items = move->items};
    old = find(view, move->fence_name, "TXT", "");
    if (old != NULL)
        move_add(move, BATCH_DELETE, old);
    set = pizza_fence_set(move->fence_name, move->new_value);
    move_add(move, BATCH_CREATE, &set);
}

void move_weight(struct move *move, const struct settings *settings, const struct zone_view *view,
                 int site, int weight)
{
    const struct record_set *old = find_site(settings, view, site);
    struct record_set set;

    assert(old != NULL);
    set = *old;
    set.weight = weight;
    move_add(move, BATCH_DELETE, old);
    move_add(move, BATCH_CREATE, &set);
}

int view_weight(const struct settings *settings, const struct zone_view *view, int site)
{
    const struct record_set *set = find_site(settings, view, site);

    return set != NULL ? set->weight : -1;
}

uint64_t view_epoch(const struct settings *settings, const struct zone_view *view, uint32_t group,
                    char nonce[NONCE_LENGTH + 1])
{
    char name[254];
    const struct record_set *set;
    struct fence fence;

    fence_name(settings->groups[group].name, view->apex, name, sizeof(name));
    set = find(view, name, "TXT", "");
    if (set == NULL || fence_parse(set->values[0], &fence) != 0)
        return 0;
    if (nonce != NULL)
        memcpy(nonce, fence.nonce, sizeof(fence.nonce));
    return fence.epoch;
}
