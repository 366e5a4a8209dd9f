/* SPDX-License-Identifier: Apache-2.0 */
#include "made_up.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NORMAL_WALL ((wall_t)1700000000 * 1000)

struct made made;

static const char *const records[] = {"pizza.example.com", "pizza.example.com",
                                      "factory.example.com", "factory.example.com"};
static const char *const sets[] = {"pizza-us-east-1", "pizza-us-west-2", "factory-us-east-1",
                                   "factory-us-west-2"};
static const char *const values[] = {"192.0.2.10", "192.0.2.11", "192.0.2.20", "192.0.2.21"};

/* ---- events ---- */

void made_step(uint32_t probe, struct event event, struct update update)
{
    event.at_ms = made.now_ms;
    made.inv->now_ms = made.now_ms;
    if (event.kind == EVENT_START)
        voted_restart(made.inv, probe);
    heard_event(made.inv, probe, &event);
    voted_stepped(made.inv, probe, &event, &update);
    told_stepped(made.inv, probe, &event, &update);
}

void made_event(uint32_t probe, struct event event)
{
    made_step(probe, event, (struct update){0});
}

static void answer_all(void)
{
    for (uint32_t p = 0; p < MADE_PROBES; p++) {
        made_event(p,
                   (struct event){.kind = EVENT_STORE, .store = {STORE_OK, made.revision, true}});
        made_event(p, (struct event){.kind = EVENT_LEASE, .lease = {true, made.now_ms + 10000}});
    }
}

void made_result(uint32_t probe, uint32_t site, enum result_class class, bool answers)
{
    struct result result = {.class = class};
    struct event event = {.kind = EVENT_RESULT, .at_ms = made.now_ms, .result = {site, &result}};

    made.inv->now_ms = made.now_ms;
    heard_event(made.inv, probe, &event);
    voted_result(made.inv, probe, &event, answers);
}

/* Every probe goes on seeing what it voted last. */
static void see_on(void)
{
    for (uint32_t p = 0; p < MADE_PROBES; p++) {
        for (uint32_t site = 0; site < MADE_SITES; site++) {
            if (made.votes[p][site] == 'u')
                made_result(p, site, RESULT_GOOD, true);
            else if (made.votes[p][site] == 'd')
                made_result(p, site, RESULT_BAD, made.no_fault);
        }
    }
}

void made_pass(msec_t ms)
{
    for (msec_t end_ms = made.now_ms + ms; made.now_ms < end_ms;) {
        made.now_ms = made.now_ms + 5000 < end_ms ? made.now_ms + 5000 : end_ms;
        answer_all();
        see_on();
    }
}

void made_vote(uint32_t probe, const char *states, enum blindness blindness)
{
    struct vote vote = {.probe = probe, .states = states, .failures = "----"};
    struct event event = {.kind = EVENT_VOTE};

    vote.blindness = blindness;
    memcpy(vote.fingerprint, made.cast->settings[0]->fingerprint, sizeof(vote.fingerprint));
    memcpy(made.votes[probe], states, MADE_SITES + 1);
    made_step(probe, (struct event){.kind = EVENT_TICK},
              (struct update){.votes = &vote, .vote_count = 1});
    made.vote_revisions[probe] = ++made.revision;
    event.vote.present = true;
    event.vote.revision = made.revision;
    event.vote.vote = vote;
    for (uint32_t p = 0; p < MADE_PROBES; p++)
        made_event(p, event);
}

static void all_vote(uint32_t site, char letter)
{
    char states[MADE_SITES + 1];

    for (uint32_t p = 0; p < MADE_PROBES; p++) {
        memcpy(states, made.votes[p], sizeof(states));
        states[site] = letter;
        made_vote(p, states, BLIND_NOT);
    }
}

static void fill(uint32_t site, enum result_class class, uint32_t times)
{
    for (uint32_t p = 0; p < MADE_PROBES; p++) {
        for (uint32_t i = 0; i < times; i++)
            made_result(p, site, class, class == RESULT_GOOD);
    }
}

void made_site_dies(uint32_t site, msec_t before_ms)
{
    fill(site, RESULT_BAD, 1 + 3); /* V2: nobody was told of anybody's suspicion */
    all_vote(site, 'd');
    made_pass(before_ms);
}

void made_site_heals(uint32_t site)
{
    fill(site, RESULT_GOOD, 2);
    all_vote(site, 'u');
}

void made_order(enum order_verb verb, uint32_t region, bool override)
{
    made.order = (struct order){.verb = verb,
                                .region = region,
                                .group = verb == ORDER_DRAIN || verb == ORDER_RESTORE ? NONE : 0,
                                .override = override,
                                .create_revision = ++made.revision,
                                .mod_revision = made.revision};
    snprintf(made.order.id, sizeof(made.order.id), "order-%" PRIu64, made.revision);
    for (uint32_t p = 0; p < MADE_PROBES; p++)
        made_event(p, (struct event){.kind = EVENT_ORDER, .order = {true, &made.order}});
}

/* ---- the zone ---- */

static struct record_set site_set(uint32_t site, int weight)
{
    return (struct record_set){.name = records[site],
                               .type = "A",
                               .set = sets[site],
                               .weight = weight,
                               .ttl_s = 60,
                               .values = &values[site],
                               .value_count = 1,
                               .alias_zone = "",
                               .alias_name = "",
                               .health_check = "",
                               .region = "",
                               .failover = ""};
}

static void write_fence(uint64_t epoch, const char *by, const int *weights, char *out, size_t size)
{
    struct fence fence = {.group = "jwt-pizza", .epoch = epoch};
    char plan[256];
    int n = snprintf(plan, sizeof(plan),
                     "pizza/us-east-1=%d\npizza/us-west-2=%d\nfactory/us-east-1=%d\n"
                     "factory/us-west-2=%d\n",
                     weights[0], weights[1], weights[2], weights[3]);
    char text[FENCE_TEXT_MAX - 1];

    out[0] = '\0';
    if (epoch == 0)
        return; /* there is none */
    plan_digest(plan, (size_t)n, fence.plan);
    memcpy(fence.nonce, made.nonce, sizeof(fence.nonce));
    snprintf(fence.by, sizeof(fence.by), "%s", by);
    ck_assert_int_eq(fence_format(&fence, text, sizeof(text)), 0);
    snprintf(out, size, "\"%s\"", text);
}

static struct record_set fence_set(const char *const *value)
{
    return (struct record_set){.name = "_regionshift.jwt-pizza.example.com",
                               .type = "TXT",
                               .set = "",
                               .weight = -1,
                               .ttl_s = 10,
                               .values = value,
                               .value_count = 1,
                               .alias_zone = "",
                               .alias_name = "",
                               .health_check = "",
                               .region = "",
                               .failover = ""};
}

void made_read_zone(void)
{
    struct record_set all[MADE_SITES + 1];
    char text[FENCE_TEXT_MAX + 1];
    const char *value = text;
    struct zone_view view = {.apex = "example.com", .sets = all};

    snprintf(made.nonce, sizeof(made.nonce), "%032" PRIx64, ++made.revision);
    for (uint32_t i = 0; i < MADE_SITES; i++)
        all[view.set_count++] = site_set(i, made.zone[i]);
    write_fence(made.fence, "use1", made.zone, text, sizeof(text));
    if (!made.no_fence)
        all[view.set_count++] = fence_set(&value);
    memcpy(view.nonce, made.nonce, sizeof(view.nonce));
    for (uint32_t p = 0; p < MADE_PROBES; p++)
        made_event(
            p, (struct event){.kind = EVENT_ZONE, .zone = {.outcome = ROUTE53_OK, .view = &view}});
}

/* ---- decisions ---- */

void made_decision(enum decision_kind kind, int pizza_east, int pizza_west, int factory_east,
                   int factory_west)
{
    const struct kept *head = &made.inv->groups[0].head;
    struct decision *decision = &made.commit.decision;
    bool first = head->epoch == 0;

    for (uint32_t p = 0; p < MADE_PROBES; p++)
        made.inv->heard[p].revision =
            made.revision; /* told, and no answer: that is a test's to say */
    memcpy(made.normal, first ? made.zone : head->normal, sizeof(made.normal));
    memcpy(made.base, first ? made.zone : head->weights, sizeof(made.base));
    made.weights[PIZZA_EAST] = pizza_east;
    made.weights[PIZZA_WEST] = pizza_west;
    made.weights[FACTORY_EAST] = factory_east;
    made.weights[FACTORY_WEST] = factory_west;
    made.commit = (struct commit){.head_revision = first ? 0 : head->revision,
                                  .votes = made.compared,
                                  .vote_count = MADE_PROBES,
                                  .orders_revision = made.revision,
                                  .budget = made.ledger};
    *decision = (struct decision){.epoch = head->epoch + 1,
                                  .kind = kind,
                                  .at_wall = NORMAL_WALL + made.now_ms,
                                  .weights = made.weights,
                                  .normal = made.normal,
                                  .base_epoch = head->epoch,
                                  .base = made.base};
    for (uint32_t p = 0; p < MADE_PROBES; p++)
        made.compared[p] = (struct commit_vote){p, made.vote_revisions[p]};
    if (!first && (kind == DECISION_LEAVE || kind == DECISION_FAILBACK)) {
        made.commit.writes_budget = true;
        made.commit.budget_count = 1;
        made.ledger[0] = decision->at_wall;
    }
}

void made_obey(void)
{
    memcpy(made.commit.decision.order, made.order.id, sizeof(made.order.id));
    made.order.obeyed[0] = (struct order_obeyed){0, made.commit.decision.epoch};
    made.order.obeyed_count = 1;
    made.commit.obeyed = &made.order;
}

void made_propose(uint32_t probe)
{
    made.inv->now_ms = made.now_ms;
    ledger_proposed(made.inv, probe, &made.commit);
}

/* What the store holds: the votes, and the orders everybody was told of. */
static void fill_truth(void)
{
    struct store_truth *truth = &made.inv->truth;

    truth->revisions_void = false;
    for (uint32_t p = 0; p < MADE_PROBES; p++) {
        truth->votes[p].present = true;
        truth->votes[p].same_settings = true;
        truth->votes[p].blind = false;
        truth->votes[p].revision = made.vote_revisions[p];
        memcpy(truth->votes[p].letters, made.votes[p], MADE_SITES);
    }
    truth->orders.count = made.inv->heard[USE1].orders.count;
    memcpy(truth->orders.items, made.inv->heard[USE1].orders.items,
           truth->orders.count * sizeof(*truth->orders.items));
}

void made_commit(uint32_t probe)
{
    fill_truth();
    if (made.spoil_truth != NULL)
        made.spoil_truth(&made.inv->truth);
    made.inv->now_ms = made.now_ms;
    ledger_committed(made.inv, probe, &made.commit, ++made.revision, &made.inv->truth);
    for (uint32_t p = 0; p < MADE_PROBES; p++)
        made_event(p, (struct event){.kind = EVENT_HEAD,
                                     .head = {.present = true,
                                              .revision = made.revision,
                                              .decision = &made.commit.decision}});
}

void made_decide(void)
{
    made_propose(USE1);
    made_commit(USE1);
}

/* ---- batches ---- */

static void add(enum batch_action action, struct record_set set)
{
    made.items[made.batch.item_count++] = (struct batch_item){action, set};
}

void made_batch(uint32_t probe)
{
    const struct decision *decision = &made.commit.decision;
    int old[MADE_SITES];

    memcpy(old, made.zone, sizeof(old));
    made_read_zone();
    made.batch = (struct batch){
        .epoch = decision->epoch, .nonce = made.nonce, .comment = "", .items = made.items};
    for (int i = 0; i < 2; i++)
        made.fence_values[i] = made.fence_texts[i];
    write_fence(made.fence, "use1", old, made.fence_texts[0], sizeof(made.fence_texts[0]));
    write_fence(decision->epoch, made.cast->settings[0]->electors[probe].name, made.weights,
                made.fence_texts[1], sizeof(made.fence_texts[1]));
    if (!made.no_fence)
        add(BATCH_DELETE, fence_set(&made.fence_values[0]));
    add(BATCH_CREATE, fence_set(&made.fence_values[1]));
    for (uint32_t i = 0; i < MADE_SITES; i++) {
        if (made.weights[i] == old[i])
            continue;
        add(BATCH_DELETE, site_set(i, old[i]));
        add(BATCH_CREATE, site_set(i, made.weights[i]));
    }
}

void made_send(uint32_t probe)
{
    made.inv->now_ms = made.now_ms;
    written_stepped(made.inv, probe, &made.batch);
    written_sent(made.inv, probe, &made.batch);
}

void made_accept(uint32_t probe)
{
    bool shift = memcmp(made.zone, made.weights, sizeof(made.zone)) != 0;

    memcpy(made.zone, made.weights, sizeof(made.zone));
    made.fence = made.batch.epoch;
    made.no_fence = false;
    made.inv->now_ms = made.now_ms;
    written_accepted(made.inv, probe, &made.batch, shift, false, made.zone);
}

/* ---- a failover ---- */

void made_leave_after(msec_t ms)
{
    made_site_dies(FACTORY_EAST, ms);
    made_decision(DECISION_LEAVE, 0, 100, 0, 100);
}

void made_failover(void)
{
    made_leave_after(25000);
    made_decide();
    made_batch(USE1);
    made_send(USE1);
    made_accept(USE1);
    made_read_zone();
}

/* ---- beginning and end ---- */

static void settle(void)
{
    for (uint32_t p = 0; p < MADE_PROBES; p++) {
        made_event(
            p, (struct event){.kind = EVENT_START, .start = {.wall = NORMAL_WALL + made.now_ms}});
        made_event(p, (struct event){.kind = EVENT_REFERENCE, .reference = {0, .answered = true}});
    }
    answer_all();
    for (uint32_t site = 0; site < MADE_SITES; site++)
        fill(site, RESULT_GOOD, 2);
    for (uint32_t p = 0; p < MADE_PROBES; p++)
        made_vote(p, "uuuu", BLIND_NOT);
    made_pass(10000);
    made_read_zone();
}

static void begin(const char *settings)
{
    char error[512] = "";

    memset(&made, 0, sizeof(made));
    ck_assert_msg(cast_create(settings, strlen(settings), "made.conf", NULL, 0, error,
                              sizeof(error), &made.cast) == 0,
                  "%s", error);
    made.inv =
        invariants_create_bare((const struct settings *const *)made.cast->settings, MADE_PROBES);
    made.zone[PIZZA_EAST] = made.zone[FACTORY_EAST] = 100;
    made.no_fence = true;
    settle();
    made_decision(DECISION_INIT, 100, 0, 100, 0);
    made_decide();
    made_batch(USE1);
    made_send(USE1);
    made_accept(USE1);
    made_read_zone();
    made_pass(120000);
}

void made_begin(const char *settings)
{
    begin(settings);
    made_sound();
}

void made_begin_anyhow(const char *settings)
{
    begin(settings);
    made.inv->violated = false;
}

void made_end(void)
{
    invariants_destroy(made.inv);
    cast_destroy(made.cast);
}

void made_sound(void)
{
    const struct violation *violation = invariants_violation(made.inv);

    if (violation != NULL)
        ck_abort_msg("%s at %" PRId64 ": %s", violation->id, violation->at_ms, violation->text);
}

void made_broken(const char *id)
{
    const struct violation *violation = invariants_violation(made.inv);

    ck_assert_msg(violation != NULL, "%s ought to be broken, and nothing is", id);
    ck_assert_msg(strcmp(violation->id, id) == 0, "%s ought to be broken; it is %s: %s", id,
                  violation->id, violation->text);
}
