/* SPDX-License-Identifier: Apache-2.0 */
/* complete.c: the defaults that depend on what else was written. */
#include "draft.h"
#include "read.h"

static void complete_integer(int64_t *value, int64_t fallback)
{
    if (*value == UNSET)
        *value = fallback;
}

static void complete_duration(msec_t *value, msec_t fallback)
{
    if (*value == UNSET)
        *value = fallback;
}

static void complete_timing(struct draft_timing *timing, const struct draft_timing *common)
{
    complete_duration(&timing->interval_ms, common->interval_ms);
    complete_duration(&timing->timeout_ms, common->timeout_ms);
    complete_duration(&timing->retry_ms, common->retry_ms);
    complete_integer(&timing->fall, common->fall);
    complete_integer(&timing->rise, common->rise);
    complete_integer(&timing->window.bad, common->window.bad);
    complete_integer(&timing->window.of, common->window.of);
}

static void complete_records(const struct draft_service *service)
{
    for (uint32_t i = 0; i < service->also.count; i++) {
        struct draft_also *also = &draft_alsos(service)[i];
        if (also->record == NULL)
            also->record = service->record;
        if (also->zone == NULL)
            also->zone = service->zone;
        complete_duration(&also->ttl_ms, service->ttl_ms);
    }
}

static int complete_service(const struct draft *draft, const struct draft_service *service,
                            struct settings_arena *arena)
{
    complete_records(service);
    for (uint32_t i = 0; i < service->sites.count; i++) {
        struct draft_site *site = &draft_sites(service)[i];
        if (site->set == NULL)
            site->set = arena_format(arena, "%s-%s", service->name, site->region);
        if (site->set == NULL)
            return -1;
        for (uint32_t j = 0; j < site->also.count; j++) {
            struct draft_also_set *also = &draft_also_sets(site)[j];
            if (also->set == NULL)
                also->set = site->set;
        }
        for (uint32_t j = 0; j < site->checks.count; j++)
            complete_timing(&draft_checks(site)[j].timing, &draft->checks);
    }
    return 0;
}

static int complete_sinks(struct draft *draft, struct settings_arena *arena)
{
    static const char *const kinds[] = {[SINK_SMTP] = "smtp", [SINK_WEBHOOK] = "webhook"};
    for (uint32_t i = 0; i < draft->alerts.count; i++) {
        struct draft_sink *sink = &draft_sinks(draft)[i];
        if (sink->name == NULL)
            sink->name = arena_format(arena, "%s-%u", kinds[sink->type], i + 1);
        if (sink->name == NULL)
            return -1;
    }
    return 0;
}

int draft_complete(struct draft *draft, struct settings_arena *arena)
{
    int64_t majority = (int64_t)draft->quorum.probes.count / 2 + 1;
    complete_integer(&draft->quorum.down, majority);
    complete_integer(&draft->quorum.up, majority);
    for (uint32_t i = 0; i < draft->services.count; i++) {
        if (complete_service(draft, &draft_services(draft)[i], arena) < 0)
            return -1;
    }
    return complete_sinks(draft, arena);
}
