/* SPDX-License-Identifier: Apache-2.0 */
/* An action, played. First every name in it is looked up under the settings of this world, and what
 * means nothing is said in a sentence; only then does anything happen. So world_can_act() is the
 * first half alone. */
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world_state.h"

enum { MILLION = 1000000, PPM_PER_PCT = 10000, LIST_MAX = 400 };

/* Where an action wants to say why it cannot be. */
struct complaint {
    char *text;
    size_t size;
};

/* What an action's names mean here. */
struct target {
    bool *sites;     /* by site */
    uint64_t probes; /* bits */
    uint32_t region; /* of an order */
    struct sim_cut cut;
};

__attribute__((format(printf, 2, 3))) static int complain(const struct complaint *complaint,
                                                          const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(complaint->text, complaint->size, format, arguments);
    va_end(arguments);
    return -1;
}

/* ---- lists of what there is, for people ---- */

static void list_add(char list[LIST_MAX], const char *name)
{
    size_t used = strlen(list);

    snprintf(list + used, LIST_MAX - used, "%s%s", used > 0 ? ", " : "", name);
}

static int no_region(const struct settings *settings, const char *name,
                     const struct complaint *complaint)
{
    char list[LIST_MAX] = "";

    for (uint32_t i = 0; i < settings->region_count; i++)
        list_add(list, settings->regions[i]);
    return complain(complaint, "no region '%s'; there are %s", name, list);
}

static int no_site(const struct settings *settings, const char *name,
                   const struct complaint *complaint)
{
    char list[LIST_MAX] = "";

    for (uint32_t i = 0; i < settings->site_count; i++)
        list_add(list, settings->sites[i].name);
    return complain(complaint, "no site '%s'; there are %s", name, list);
}

static int no_probe(const struct settings *settings, const char *name,
                    const struct complaint *complaint)
{
    char list[LIST_MAX] = "";

    for (uint32_t i = 0; i < settings->elector_count; i++)
        list_add(list, settings->electors[i].name);
    return complain(complaint, "no probe '%s'; there are %s", name, list);
}

/* ---- who ---- */

/* `primary` and `secondary` of a group. */
static int find_ordered(const struct settings *settings, uint32_t group, uint32_t place,
                        uint32_t *ret_region, const struct complaint *complaint)
{
    const struct group *g = &settings->groups[group];

    if (place >= g->order_count)
        return complain(complaint, "group '%s' has no %s region: its order names %u", g->name,
                        place == 0 ? "primary" : "secondary", g->order_count);
    *ret_region = g->order[place];
    return 0;
}

/* A region, by whatever kind of word names one. */
static int find_region(const struct settings *settings, const struct who *who, uint32_t *ret_region,
                       const struct complaint *complaint)
{
    uint32_t region = NONE;

    if (who->kind == WHO_PRIMARY || who->kind == WHO_SECONDARY)
        return find_ordered(settings, 0, who->kind == WHO_SECONDARY, ret_region, complaint);
    if (who->kind != WHO_REGION)
        return complain(complaint, "a region is wanted: a name, primary or secondary");
    region = settings_region(settings, who->name);
    if (region == NONE)
        return no_region(settings, who->name, complaint);
    *ret_region = region;
    return 0;
}

static bool is_word(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && strncmp(text, word, length) == 0;
}

static uint32_t find_service(const struct settings *settings, const char *name, size_t length)
{
    for (uint32_t i = 0; i < settings->service_count; i++) {
        if (is_word(name, length, settings->services[i].name))
            return i;
    }
    return NONE;
}

/* "SERVICE/REGION", where REGION may be `primary` or `secondary`: of the service's own group. */
static int find_site(const struct settings *settings, const char *name, uint32_t *ret_site,
                     const struct complaint *complaint)
{
    const char *slash = strchr(name, '/');
    uint32_t service = slash == NULL ? NONE : find_service(settings, name, (size_t)(slash - name));
    const struct service *s = &settings->services[service == NONE ? 0 : service];
    uint32_t region = NONE;

    if (service == NONE)
        return no_site(settings, name, complaint);
    region = settings_region(settings, slash + 1);
    if (region == NONE && strcmp(slash + 1, "primary") != 0 && strcmp(slash + 1, "secondary") != 0)
        return no_site(settings, name, complaint);
    if (region == NONE &&
        find_ordered(settings, s->group, strcmp(slash + 1, "primary") != 0, &region, complaint) < 0)
        return -1;
    for (uint32_t i = s->first_site; i < s->first_site + s->site_count; i++) {
        if (settings->sites[i].region == region) {
            *ret_site = i;
            return 0;
        }
    }
    return no_site(settings, name, complaint);
}

static int find_sites(const struct settings *settings, const struct who *who, bool *ret_sites,
                      const struct complaint *complaint)
{
    uint32_t region = NONE;
    uint32_t site = NONE;

    if (who->kind == WHO_PROBE || who->kind == WHO_PROBE_NUMBER)
        return complain(complaint, "a probe has no endpoint: a site (SERVICE/REGION), a region, "
                                   "primary, secondary or all is wanted");
    if (who->kind == WHO_SITE) {
        if (find_site(settings, who->name, &site, complaint) < 0)
            return -1;
    } else if (who->kind != WHO_ALL && find_region(settings, who, &region, complaint) < 0) {
        return -1;
    }
    for (uint32_t i = 0; i < settings->site_count; i++)
        ret_sites[i] = who->kind == WHO_ALL || i == site || settings->sites[i].region == region;
    return 0;
}

static uint64_t probes_in(const struct settings *settings, uint32_t region)
{
    uint64_t probes = 0;

    for (uint32_t i = 0; i < settings->elector_count; i++) {
        if (strcmp(settings->electors[i].place, settings->regions[region]) == 0)
            probes |= UINT64_C(1) << i;
    }
    return probes;
}

static uint64_t all_probes(const struct settings *settings)
{
    return settings->elector_count == 64 ? UINT64_MAX
                                         : (UINT64_C(1) << settings->elector_count) - 1;
}

/* One probe. */
static int find_probe(const struct settings *settings, const struct who *who, uint32_t *ret_probe,
                      const struct complaint *complaint)
{
    uint32_t probe = NONE;

    if (who->kind == WHO_PROBE_NUMBER) {
        if (who->number == 0 || who->number > settings->elector_count)
            return complain(complaint, "no probe #%u; there are #1 to #%u", who->number,
                            settings->elector_count);
        *ret_probe = who->number - 1;
        return 0;
    }
    probe = settings_elector(settings, who->name);
    if (probe == NONE)
        return no_probe(settings, who->name, complaint);
    *ret_probe = probe;
    return 0;
}

/* A region means the probes that stand in it. */
static int find_probes(const struct settings *settings, const struct who *who, uint64_t *ret_probes,
                       const struct complaint *complaint)
{
    uint32_t probe = NONE;
    uint32_t region = NONE;

    if (who->kind == WHO_ALL) {
        *ret_probes = all_probes(settings);
        return 0;
    }
    if (who->kind == WHO_SITE)
        return complain(complaint, "'%s' is a site; a probe is wanted", who->name);
    if (who->kind == WHO_PROBE || who->kind == WHO_PROBE_NUMBER) {
        if (find_probe(settings, who, &probe, complaint) < 0)
            return -1;
        *ret_probes = UINT64_C(1) << probe;
        return 0;
    }
    if (find_region(settings, who, &region, complaint) < 0)
        return -1;
    *ret_probes = probes_in(settings, region);
    if (*ret_probes == 0)
        return complain(complaint, "no probe stands in region '%s'", settings->regions[region]);
    return 0;
}

/* `by PROBES`, `store cut PROBES`: none named means all. */
static int find_listed(const struct settings *settings, const struct action *action,
                       uint64_t *ret_probes, const struct complaint *complaint)
{
    uint64_t listed = action->probe_count == 0 ? all_probes(settings) : 0;

    for (uint32_t i = 0; i < action->probe_count; i++) {
        uint64_t probes = 0;
        if (find_probes(settings, &action->probes[i], &probes, complaint) < 0)
            return -1;
        listed |= probes;
    }
    *ret_probes = listed;
    return 0;
}

/* ---- places ---- */

static struct sim_places all_places(const struct settings *settings)
{
    return (struct sim_places){.probes = all_probes(settings),
                               .others = ((UINT64_C(1) << settings->region_count) - 1) |
                                         UINT64_C(1) << SIM_OUTSIDE};
}

/* A region is its sites and the probes that stand in it. */
static int find_places(const struct settings *settings, const struct who *who,
                       struct sim_places *ret_places, const struct complaint *complaint)
{
    uint32_t region = NONE;

    *ret_places = (struct sim_places){0};
    if (who->kind == WHO_ALL) {
        *ret_places = all_places(settings);
        return 0;
    }
    if (who->kind == WHO_SITE)
        return complain(complaint,
                        "'%s' is a site; only probes and regions are places of the "
                        "network",
                        who->name);
    if (who->kind == WHO_PROBE || who->kind == WHO_PROBE_NUMBER)
        return find_probes(settings, who, &ret_places->probes, complaint);
    if (find_region(settings, who, &region, complaint) < 0)
        return -1;
    ret_places->probes = probes_in(settings, region);
    ret_places->others = UINT64_C(1) << region;
    return 0;
}

static void complement(const struct settings *settings, const struct sim_places *of,
                       struct sim_places *places)
{
    struct sim_places all = all_places(settings);

    places->probes = all.probes & ~of->probes;
    places->others = all.others & ~of->others;
}

/* `all` on either side means everything that the other side is not; on both, everything from
 * everything. */
static int find_cut(const struct settings *settings, const struct action *action,
                    struct sim_cut *ret_cut, const struct complaint *complaint)
{
    if (find_places(settings, &action->who, &ret_cut->who, complaint) < 0 ||
        find_places(settings, &action->from, &ret_cut->from, complaint) < 0)
        return -1;
    if (action->from.kind == WHO_ALL && action->who.kind != WHO_ALL)
        complement(settings, &ret_cut->who, &ret_cut->from);
    else if (action->who.kind == WHO_ALL && action->from.kind != WHO_ALL)
        complement(settings, &ret_cut->from, &ret_cut->who);
    return 0;
}

static int find_order(const struct settings *settings, const struct action *action,
                      struct target *target, const struct complaint *complaint)
{
    if (action->kind == ACTION_ORDER_BREAK_GLASS &&
        find_listed(settings, action, &target->probes, complaint) < 0)
        return -1;
    return find_region(settings, &action->who, &target->region, complaint);
}

/* ---- looking all names of an action up ---- */

static int look_up(const struct world *world, const struct action *action, struct target *target,
                   const struct complaint *complaint)
{
    const struct settings *settings = world_settings(world);
    enum action_kind kind = action->kind;

    if (kind >= ACTION_SITE_OK && kind <= ACTION_SITE_TLS)
        return find_sites(settings, &action->who, target->sites, complaint) < 0
                   ? -1
                   : find_listed(settings, action, &target->probes, complaint);
    if (kind >= ACTION_PROBE_KILL && kind <= ACTION_PROBE_DRIFT)
        return find_probes(settings, &action->who, &target->probes, complaint);
    if (kind == ACTION_NET_CUT)
        return find_cut(settings, action, &target->cut, complaint);
    if (kind == ACTION_NET_HEAL)
        return find_places(settings, &action->who, &target->cut.who, complaint);
    if (kind >= ACTION_NET_MUTE && kind <= ACTION_NET_DELAY)
        return find_probes(settings, &action->who, &target->probes, complaint);
    if (kind >= ACTION_STORE_CUT && kind <= ACTION_STORE_GARBAGE)
        return find_listed(settings, action, &target->probes, complaint);
    if (kind == ACTION_HUMAN_WEIGHT)
        return find_sites(settings, &action->who, target->sites, complaint);
    if (kind == ACTION_ORDER_DRAIN || kind == ACTION_ORDER_RESTORE ||
        kind == ACTION_ORDER_BREAK_GLASS)
        return find_order(settings, action, target, complaint);
    if (kind == ACTION_ROUTE53_DENY_ZONE && action->value > settings->zone_count)
        return complain(complaint, "there is no zone %" PRId64 "; the settings name %" PRIu32,
                        action->value, settings->zone_count);
    return 0;
}

int world_can_act(const struct world *world, const struct action *action, char *error,
                  size_t error_size)
{
    const struct complaint complaint = {error, error_size};
    struct target target = {.sites = calloc(world_settings(world)->site_count + 1, sizeof(bool))};
    int rc;

    assert(target.sites != NULL && action->kind < ACTION_KIND_COUNT);
    rc = look_up(world, action, &target, &complaint);
    free(target.sites);
    return rc;
}

int world_sites(const struct world *world, const struct who *who, bool *ret_sites, char *error,
                size_t error_size)
{
    const struct complaint complaint = {error, error_size};

    return find_sites(world_settings(world), who, ret_sites, &complaint);
}

/* ---- acting ---- */

static void act_site(struct world *world, const struct action *action, const struct target *target)
{
    static const enum site_mode modes[] = {[ACTION_SITE_OK - ACTION_SITE_OK] = SITE_OK,
                                           [ACTION_SITE_REFUSE - ACTION_SITE_OK] = SITE_REFUSE,
                                           [ACTION_SITE_TIMEOUT - ACTION_SITE_OK] = SITE_TIMEOUT,
                                           [ACTION_SITE_SLOW - ACTION_SITE_OK] = SITE_SLOW,
                                           [ACTION_SITE_STATUS - ACTION_SITE_OK] = SITE_STATUS,
                                           [ACTION_SITE_LOSS - ACTION_SITE_OK] = SITE_LOSS,
                                           [ACTION_SITE_DNS - ACTION_SITE_OK] = SITE_DNS,
                                           [ACTION_SITE_TLS - ACTION_SITE_OK] = SITE_TLS};
    struct sim_endpoint endpoint = {.mode = (uint8_t)modes[action->kind - ACTION_SITE_OK]};

    endpoint.value = action->value < INT32_MAX ? (int32_t)action->value : INT32_MAX;
    for (uint32_t p = 0; p < world->probe_count; p++) {
        for (uint32_t s = 0; s < world_settings(world)->site_count; s++) {
            if (target->probes >> p & 1 && target->sites[s])
                world->probes[p].endpoints[s] = endpoint;
        }
    }
}

/* Runs again, honest, seeing, with its own settings, in time. */
static void restore(struct world *world, uint32_t probe)
{
    struct sim_probe *p = &world->probes[probe];

    if (!world_has_own_settings(world, probe))
        sim_probe_settings(world, probe, world->cast->settings[probe]);
    p->blind = false;
    p->lie = LIE_NOT;
    p->hang_ms = 0;
    if (p->clock.drift_ppm != 0)
        sim_probe_drift(world, probe, 0);
    if (!p->alive)
        world_start(world, probe);
    world_resume(world, probe);
}

/* Until it is resumed, also when it hangs just now. */
static void pause_probe(struct world *world, uint32_t probe)
{
    world->probes[probe].hangs++;
    if (world->probes[probe].alive)
        world_pause(world, probe);
}

static void act_probe(struct world *world, const struct action *action, uint32_t probe)
{
    struct sim_probe *p = &world->probes[probe];

    if (action->kind == ACTION_PROBE_KILL)
        world_kill(world, probe);
    else if (action->kind == ACTION_PROBE_START)
        restore(world, probe);
    else if (action->kind == ACTION_PROBE_PAUSE)
        pause_probe(world, probe);
    else if (action->kind == ACTION_PROBE_RESUME)
        world_resume(world, probe);
    else if (action->kind == ACTION_PROBE_BLIND)
        p->blind = true;
    else if (action->kind == ACTION_PROBE_LIE_DOWN)
        p->lie = LIE_DOWN;
    else if (action->kind == ACTION_PROBE_LIE_UP)
        p->lie = LIE_UP;
    else if (action->kind == ACTION_PROBE_CLOCK)
        sim_probe_jump(world, probe, action->value);
    else if (action->kind == ACTION_PROBE_OTHER_SETTINGS)
        sim_probe_settings(world, probe, world->cast->others[probe]);
    else if (action->kind == ACTION_PROBE_HANG)
        p->hang_ms = action->value;
    else if (action->kind == ACTION_PROBE_DRIFT)
        sim_probe_drift(world, probe, action->value);
}

static void act_net(struct world *world, const struct action *action, uint32_t probe)
{
    struct sim_probe *p = &world->probes[probe];
    int64_t value = action->value > 0 ? action->value : 0;

    if (action->kind == ACTION_NET_MUTE)
        p->muted = true;
    else if (action->kind == ACTION_NET_LOSS)
        sim_net_lossy(world, probe, value < 100 ? (uint32_t)value * PPM_PER_PCT : MILLION);
    else
        p->delay_ms = value;
}

static void act_on_probes(struct world *world, const struct action *action,
                          const struct target *target)
{
    for (uint32_t p = 0; p < world->probe_count; p++) {
        if (!(target->probes >> p & 1))
            continue;
        if (action->kind == ACTION_STORE_CUT || action->kind == ACTION_STORE_HEAL)
            world->probes[p].store_reachable = action->kind == ACTION_STORE_HEAL;
        else if (action->kind == ACTION_STORE_GARBAGE)
            sim_store_garbage(world, p);
        else if (action->kind >= ACTION_NET_MUTE && action->kind <= ACTION_NET_DELAY)
            act_net(world, action, p);
        else
            act_probe(world, action, p);
    }
}

static void act_human(struct world *world, const struct action *action, const struct target *target)
{
    const struct settings *settings = world_settings(world);

    for (uint32_t g = 0; action->kind == ACTION_HUMAN_DELETE_FENCE && g < settings->group_count;
         g++)
        world_delete_fence(world, settings->groups[g].name);
    for (uint32_t s = 0; action->kind == ACTION_HUMAN_WEIGHT && s < settings->site_count; s++) {
        if (target->sites[s] && world_weight(world, settings->sites[s].name) != -1)
            world_set_weight(world, settings->sites[s].name, (int)action->value);
    }
}

/* Whom the operator asks: the first that runs and may act; NONE: nobody is there. */
static uint32_t find_daemon(const struct world *world, uint64_t probes)
{
    const struct settings *settings = world_settings(world);

    for (uint32_t p = 0; p < world->probe_count; p++) {
        const struct sim_probe *probe = &world->probes[p];
        if ((probes >> p & 1) && probe->alive && !probe->paused && !probe->dry_run &&
            settings->electors[p].may_act && world_has_own_settings(world, p))
            return p;
    }
    return NONE;
}

/* As the command does: what the daemon shows is confirmed; with the store it is an order as any. */
static void act_break_glass(struct world *world, const struct target *target)
{
    const struct settings *settings = world_settings(world);
    struct world_order order = {
        .verb = ORDER_DRAIN, .region = settings->regions[target->region], .override = true};
    uint32_t probe = find_daemon(world, target->probes);

    if (probe == NONE)
        return;
    if (engine_store_ok(world->probes[probe].engine))
        world_order(world, &order);
    else
        world_break_glass(world, probe, &order);
}

/* Freeze, thaw and failback mean all groups; ack means the drift of each. */
static void act_order(struct world *world, const struct action *action, const struct target *target)
{
    static const enum order_verb verbs[] = {
        [ACTION_ORDER_FREEZE - ACTION_ORDER_FREEZE] = ORDER_FREEZE,
        [ACTION_ORDER_THAW - ACTION_ORDER_FREEZE] = ORDER_THAW,
        [ACTION_ORDER_DRAIN - ACTION_ORDER_FREEZE] = ORDER_DRAIN,
        [ACTION_ORDER_RESTORE - ACTION_ORDER_FREEZE] = ORDER_RESTORE,
        [ACTION_ORDER_FAILBACK - ACTION_ORDER_FREEZE] = ORDER_FAILBACK,
        [ACTION_ORDER_ACK - ACTION_ORDER_FREEZE] = ORDER_ACK};
    const struct settings *settings = world_settings(world);
    struct world_order order = {.verb = verbs[action->kind - ACTION_ORDER_FREEZE]};
    char incident[INCIDENT_MAX + 1];

    if (order.verb == ORDER_DRAIN || order.verb == ORDER_RESTORE)
        order.region = settings->regions[target->region];
    if (order.verb != ORDER_ACK) {
        world_order(world, &order);
        return;
    }
    for (uint32_t g = 0; g < settings->group_count; g++) {
        snprintf(incident, sizeof(incident), "%s.%s", settings->groups[g].name,
                 alert_event_name(ALERT_DRIFT));
        order.incident = incident;
        world_order(world, &order);
    }
}

static void act(struct world *world, const struct action *action, const struct target *target)
{
    enum action_kind kind = action->kind;

    if (kind >= ACTION_SITE_OK && kind <= ACTION_SITE_TLS)
        act_site(world, action, target);
    else if (kind == ACTION_NET_CUT)
        sim_net_cut(world, &target->cut);
    else if (kind == ACTION_NET_HEAL && action->who.kind == WHO_ALL)
        sim_net_heal_all(world);
    else if (kind == ACTION_NET_HEAL)
        sim_net_heal(world, &target->cut.who);
    else if ((kind >= ACTION_PROBE_KILL && kind <= ACTION_NET_DELAY) ||
             (kind >= ACTION_STORE_CUT && kind <= ACTION_STORE_GARBAGE))
        act_on_probes(world, action, target);
    else if (kind >= ACTION_STORE_DOWN && kind <= ACTION_STORE_LEASES_LOST)
        sim_store_act(world, action);
    else if (kind >= ACTION_ROUTE53_OK && kind <= ACTION_ROUTE53_DENY_ZONE)
        sim_zone_act(world, action);
    else if (kind == ACTION_HUMAN_WEIGHT || kind == ACTION_HUMAN_DELETE_FENCE)
        act_human(world, action, target);
    else if (kind >= ACTION_ORDER_FREEZE && kind <= ACTION_ORDER_ACK)
        act_order(world, action, target);
    else if (kind == ACTION_ORDER_BREAK_GLASS)
        act_break_glass(world, target);
    else
        sim_sinks_act(world, action);
}

int world_act(struct world *world, const struct action *action, char *error, size_t error_size)
{
    const struct complaint complaint = {error, error_size};
    struct target target = {.sites = calloc(world_settings(world)->site_count + 1, sizeof(bool))};
    int rc;

    assert(target.sites != NULL && action->kind < ACTION_KIND_COUNT);
    rc = look_up(world, action, &target, &complaint);
    if (rc == 0) {
        act(world, action, &target);
        for (uint32_t i = 0; i < world->watcher_count; i++) {
            const struct watcher *watcher = &world->watchers[i];
            if (watcher->acted != NULL)
                watcher->acted(watcher->context, world, action);
        }
    }
    free(target.sites);
    return rc;
}
