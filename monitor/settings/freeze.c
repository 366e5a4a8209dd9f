/* SPDX-License-Identifier: Apache-2.0 */
/* freeze.c: names become indices, lists become flat arrays. The order is that of dependence:
 * electors, regions and zones, services with their sites and checks, then groups, then the rest. */
#include "freeze.h"

#include <string.h>

#include "url.h"

void *freeze_take(struct inspection *in, size_t count, size_t size)
{
    return arena_array(in->frozen->settings.arena, count, size);
}

int freeze_url(struct inspection *in, const char *text, struct frozen_url *ret_url)
{
    struct url url = {.target = "/"};
    char ignored[1];
    if (url_parse(text, &url, ignored, sizeof ignored) < 0)
        url.host[0] = '\0'; /* it broke a rule of the schema and was replaced by "" */
    const char *host = arena_share(in->frozen->settings.arena, url.host, strlen(url.host));
    if (host == NULL)
        return -1;
    bool tls = url.scheme == URL_HTTPS || url.scheme == URL_TLS || url.scheme == URL_GRPCS ||
               url.scheme == URL_WSS;
    *ret_url = (struct frozen_url){host, url.target, url.port, tls};
    return 0;
}

uint32_t freeze_find(const char *const *texts, uint32_t count, const char *text)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(texts[i], text) == 0)
            return i;
    }
    return NONE;
}

uint32_t freeze_zone(const struct settings *settings, const char *id)
{
    for (uint32_t i = 0; i < settings->zone_count; i++) {
        if (strcmp(settings->zones[i].id, id) == 0)
            return i;
    }
    return NONE;
}

/* ---- who we are and who votes ---- */

/* The text is a web address: the schema's rule has said so. */
static int freeze_beacon(struct inspection *in, const char *text, struct beacon_place *ret_place)
{
    struct settings_arena *arena = in->frozen->settings.arena;
    struct beacon_place place = {.url = text, .host = "", .path = ""};
    char ignored[1];
    struct url url;
    size_t length;

    if (text[0] != '\0' && url_parse(text, &url, ignored, sizeof ignored) == 0) {
        length = strlen(url.target);
        while (length > 0 && url.target[length - 1] == '/')
            length--;
        place.host = arena_copy(arena, url.host, strlen(url.host));
        place.path = arena_copy(arena, url.target, length);
        place.port = url.port;
        place.tls = url.scheme == URL_HTTPS;
        place.is_address = url.is_literal;
    }
    *ret_place = place;
    return place.host == NULL || place.path == NULL ? -1 : 0;
}

static int freeze_elector(struct inspection *in, const struct draft_elector *from,
                          struct elector *ret_elector)
{
    const char *slash = strchr(from->vantage, '/');
    size_t owner = slash == NULL ? strlen(from->vantage) : (size_t)(slash - from->vantage);
    *ret_elector = (struct elector){
        .name = from->name,
        .vantage = from->vantage,
        .owner = arena_copy(in->frozen->settings.arena, from->vantage, owner),
        .place = slash == NULL ? "" : slash + 1,
        .may_act = from->may_act,
    };
    if (ret_elector->owner == NULL)
        return -1;
    return freeze_beacon(in, from->beacon, &ret_elector->beacon);
}

static int freeze_quorum(struct inspection *in)
{
    struct settings *settings = &in->frozen->settings;
    const struct draft_quorum *quorum = &in->draft->quorum;
    struct elector *electors = freeze_take(in, quorum->probes.count, sizeof *electors);
    if (electors == NULL)
        return -1;
    for (uint32_t i = 0; i < quorum->probes.count; i++) {
        if (freeze_elector(in, &draft_electors(in->draft)[i], &electors[i]) < 0)
            return -1;
    }
    settings->electors = electors;
    settings->elector_count = quorum->probes.count;
    settings->quorum_down = (uint32_t)quorum->down;
    settings->quorum_up = (uint32_t)quorum->up;
    settings->quorum_vantages = (uint32_t)quorum->vantages;
    settings->quorum_owners = (uint32_t)quorum->owners;
    return 0;
}

static void find_self(struct inspection *in, const char *probe)
{
    struct settings *settings = &in->frozen->settings;
    const char *name = probe != NULL ? probe : in->draft->probe.name;
    settings->self = name[0] == '\0' ? NONE : settings_elector(settings, name);
    if (settings->self != NONE || name[0] == '\0')
        return;
    if ((in->tainted & (SECTION_PROBE | SECTION_QUORUM)) == 0)
        inspect_error(in, "unknown-probe", place_of("probe.name"),
                      "\"%s\" is not in quorum.probes, so its vote would count nowhere; name one "
                      "of the electorate",
                      name);
}

static int freeze_references(struct inspection *in)
{
    struct settings *settings = &in->frozen->settings;
    const struct text_list *texts = &in->draft->probe.references;
    struct reference *references = freeze_take(in, texts->count, sizeof *references);
    if (references == NULL)
        return -1;
    for (uint32_t i = 0; i < texts->count; i++) {
        struct reference *reference = &references[i];
        reference->text = texts->items[i];
        if (strncmp(reference->text, "dns:", 4) == 0) {
            reference->kind = REFERENCE_DNS;
            reference->host = reference->text + 4;
            reference->port = 53;
            reference->target = "";
            continue;
        }
        reference->kind = REFERENCE_URL;
        struct frozen_url url;
        if (freeze_url(in, reference->text, &url) < 0)
            return -1;
        reference->host = url.host;
        reference->port = url.port;
        reference->target = url.target;
        reference->tls = url.tls;
    }
    settings->references = references;
    settings->reference_count = texts->count;
    return 0;
}

/* ---- regions and zones: the names in first-seen order ---- */

static int collect_regions(struct inspection *in)
{
    struct settings *settings = &in->frozen->settings;
    const char **regions = freeze_take(in, REGIONS_MAX, sizeof *regions);
    if (regions == NULL)
        return -1;
    for (uint32_t i = 0; i < in->draft->services.count; i++) {
        const struct draft_service *service = &draft_services(in->draft)[i];
        for (uint32_t j = 0; j < service->sites.count; j++) {
            const char *region = draft_sites(service)[j].region;
            if (freeze_find(regions, settings->region_count, region) != NONE)
                continue;
            if (settings->region_count < REGIONS_MAX)
                regions[settings->region_count++] = region;
            else
                inspect_error(in, "range", place_of("services.[%u].sites.[%u].region", i, j),
                              "\"%s\" is one region too many; at most %d are allowed", region,
                              REGIONS_MAX);
        }
    }
    settings->regions = regions;
    return 0;
}

/* What aws.zones says of a zone; most are not there. */
static struct hosted_zone zone_of(const struct draft *draft, const char *id)
{
    for (uint32_t i = 0; i < draft->aws.zones.count; i++) {
        const struct draft_zone *zone = &draft_zones(draft)[i];
        if (strcmp(zone->id, id) == 0)
            return (struct hosted_zone){id, zone->role, zone->external_id, zone->is_private};
    }
    return (struct hosted_zone){id, "", "", false};
}

static void collect_zone(struct inspection *in, const char *id, struct hosted_zone *zones)
{
    struct settings *settings = &in->frozen->settings;
    if (freeze_zone(settings, id) == NONE)
        zones[settings->zone_count++] = zone_of(in->draft, id);
}

static int collect_zones(struct inspection *in)
{
    struct settings *settings = &in->frozen->settings;
    size_t room = in->draft->services.count;
    for (uint32_t i = 0; i < in->draft->services.count; i++)
        room += draft_services(in->draft)[i].also.count;
    struct hosted_zone *zones = freeze_take(in, room, sizeof *zones);
    if (zones == NULL)
        return -1;
    settings->zones = zones;
    for (uint32_t i = 0; i < in->draft->services.count; i++) {
        const struct draft_service *service = &draft_services(in->draft)[i];
        collect_zone(in, service->zone, zones);
        for (uint32_t j = 0; j < service->also.count; j++)
            collect_zone(in, draft_alsos(service)[j].zone, zones);
    }
    return 0;
}

/* ---- the rest: field by field ---- */

static void freeze_store(const struct draft_store *from, struct store_settings *store)
{
    store->kind = (enum store_kind)from->type;
    store->path = from->path;
    store->prefix = from->prefix;
    store->endpoints = from->endpoints.items;
    store->endpoint_count = from->endpoints.count;
    store->ca_file = from->ca_file;
    store->cert_file = from->cert_file;
    store->key_file = from->key_file;
    store->user = from->user;
    store->password = from->password.value;
    store->timeout_ms = from->timeout_ms;
    store->lease_ms = from->lease_ms;
}

static void freeze_sink(const struct draft_sink *from, struct sink_settings *sink)
{
    static const char *const tls[] = {"starttls", "tls", "none"};
    sink->kind = (enum sink_kind)from->type;
    sink->name = from->name;
    sink->min_severity = (enum severity)from->min_severity;
    sink->url = from->url;
    sink->secret = from->secret.value;
    sink->host = from->host;
    sink->port = (uint16_t)from->port;
    sink->tls = tls[from->tls];
    sink->user = from->user;
    sink->password = from->password.value;
    sink->from = from->from;
    sink->to = from->to.items;
    sink->to_count = from->to.count;
    sink->ca_file = from->ca_file;
    sink->timeout_ms = from->timeout_ms;
}

static int freeze_alerts(struct inspection *in)
{
    struct settings *settings = &in->frozen->settings;
    const struct draft *draft = in->draft;
    struct sink_settings *sinks = freeze_take(in, draft->alerts.count, sizeof *sinks);
    if (sinks == NULL)
        return -1;
    for (uint32_t i = 0; i < draft->alerts.count; i++)
        freeze_sink(&draft_sinks(draft)[i], &sinks[i]);
    settings->sinks = sinks;
    settings->sink_count = draft->alerts.count;
    settings->spool_path = draft->alerting.spool;
    settings->remind_ms = draft->alerting.remind_ms;
    return 0;
}

enum { MEGABYTE = 1000 * 1000 };

static void freeze_interfaces(const struct draft *draft, struct settings *settings)
{
    settings->limit_budget = (uint32_t)draft->limits.budget;
    settings->limit_window_ms = draft->limits.window_ms;
    settings->aws_region = draft->aws.region;
    settings->aws_endpoint = draft->aws.endpoint;
    settings->aws_profile = draft->aws.profile;
    settings->aws_nameservers = draft->aws.nameservers.items;
    settings->aws_nameserver_count = draft->aws.nameservers.count;
    settings->aws_resolvers = draft->aws.resolvers.items;
    settings->aws_resolver_count = draft->aws.resolvers.count;
    settings->aws_timeout_ms = draft->aws.timeout_ms;
    settings->aws_rate = (unsigned)draft->aws.rate;
    settings->http_listen = draft->http.listen;
    settings->http_beacons = draft->http.beacons;
    settings->http_token = draft->http.token.value;
    settings->control_socket = draft->http.socket;
    settings->history_path = draft->history.path;
    settings->history_keep_ms = draft->history.keep_ms;
    settings->history_recording_bytes = draft->history.recording_mb * MEGABYTE;
    settings->health_interval_s = (uint32_t)draft->health_checks.interval_s;
    settings->health_fall = (uint32_t)draft->health_checks.fall;
    settings->health_regions = draft->health_checks.regions.items;
    settings->health_region_count = draft->health_checks.regions.count;
}

int freeze(struct inspection *in, const char *probe)
{
    struct settings *settings = &in->frozen->settings;
    struct service *services = NULL;
    if (freeze_quorum(in) < 0 || freeze_references(in) < 0 || collect_regions(in) < 0 ||
        collect_zones(in) < 0 || freeze_services(in, &services) < 0 ||
        freeze_groups(in, services) < 0 || freeze_alerts(in) < 0)
        return -1;
    find_self(in, probe);
    freeze_store(&in->draft->store, &settings->store);
    freeze_interfaces(in->draft, settings);
    return 0;
}
