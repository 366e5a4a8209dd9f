/* SPDX-License-Identifier: Apache-2.0 */
/* What regionshift writes and reads again: values in the store, events, alerts, recordings. */
#include "event_text.h"
#include "mail.h"
#include "memory_things.h"
#include "notice.h"
#include "pizza.h"
#include "recording.h"
#include "store_json.h"

/* ---- one thing of each kind ---- */

static int weights[] = {0, 100, 0, 100};
static const int normal[] = {100, 0, 100, 0};
static const int base[] = {100, 0, 90, -1};
static const wall_t moves[] = {1700000000000, 1700000001000};
static const uint32_t sites[] = {0, 3};

static const struct vote vote = {.probe = 1,
                                 .group = 0,
                                 .fingerprint = "6f1d2c3b4a596877",
                                 .states = "udr?",
                                 .failures = "-ct-"};
static const struct decision decision = {.group = 0,
                                         .epoch = 7,
                                         .kind = DECISION_LEAVE,
                                         .by = 2,
                                         .at_wall = 1700000000123,
                                         .moved_wall = 1700000000123,
                                         .weights = weights,
                                         .normal = normal,
                                         .base_epoch = 6,
                                         .base = base,
                                         .voters = 3,
                                         .regions_left = 1,
                                         .order = "",
                                         .reason = "us-east-1 is agreed down"};
static const struct order order = {.id = "17-drain",
                                   .verb = ORDER_DRAIN,
                                   .region = 0,
                                   .group = NONE,
                                   .by = "ops",
                                   .reason = "switch upgrade",
                                   .at_wall = 1700000000123};

/* ---- values in the store ---- */

static int write_vote(void)
{
    return vote_write(&vote, made, sizeof(made)) < 0 ? -1 : 0;
}

static int read_vote(void)
{
    struct vote *read = NULL;
    if (vote_read(&pizza, 1, 0, stored, stored_length, &read, why, sizeof(why)) < 0)
        return -1;
    snprintf(made, sizeof(made), "%s %s", read->states, read->failures);
    free(read);
    return 0;
}

static int write_decision(void)
{
    return decision_write(&pizza, &decision, made, sizeof(made)) < 0 ? -1 : 0;
}

static int read_decision(void)
{
    struct decision *read = NULL;
    if (decision_read(&pizza, 0, stored, stored_length, &read, why, sizeof(why)) < 0)
        return -1;
    snprintf(made, sizeof(made), "%d %d %s", read->weights[1], read->base[2], read->reason);
    free(read);
    return 0;
}

static int write_order(void)
{
    return order_write(&pizza, &order, made, sizeof(made)) < 0 ? -1 : 0;
}

static int read_order(void)
{
    struct order read;
    if (order_read(&pizza, order.id, stored, stored_length, &read, why, sizeof(why)) < 0)
        return -1;
    snprintf(made, sizeof(made), "%u %s %s", read.region, read.by, read.reason);
    return 0;
}

static int write_budget(void)
{
    return budget_write(moves, COUNT(moves), made, sizeof(made)) < 0 ? -1 : 0;
}

static int read_budget(void)
{
    wall_t read[BUDGET_MAX];
    uint32_t count = 0;
    if (budget_read(stored, stored_length, read, &count, why, sizeof(why)) < 0)
        return -1;
    snprintf(made, sizeof(made), "%u %lld", count, (long long)read[1]);
    return 0;
}

static int write_suspects(void)
{
    return suspects_write(&pizza, sites, COUNT(sites), made, sizeof(made)) < 0 ? -1 : 0;
}

static int read_suspects(void)
{
    uint32_t read[COUNT(pizza_sites)];
    uint32_t count = 0;
    if (suspects_read(&pizza, stored, stored_length, read, &count, why, sizeof(why)) < 0)
        return -1;
    snprintf(made, sizeof(made), "%u %u", count, read[1]);
    return 0;
}

/* ---- events ---- */

static struct event an_event(enum event_kind kind)
{
    static struct zone_view view = {
        .zone = 0, .apex = "example.com", .sets = &memory_set, .set_count = 1};
    struct event event = {.kind = kind, .at_ms = 5};

    if (kind == EVENT_ZONE)
        event.zone = (struct event_zone){.zone = 0, .outcome = ROUTE53_OK, .view = &view};
    else if (kind == EVENT_HEAD)
        event.head = (struct event_head){.present = true, .revision = 3, .decision = &decision};
    else if (kind == EVENT_VOTE)
        event.vote = (struct event_vote){.present = true, .revision = 3, .vote = vote};
    else if (kind == EVENT_SUSPECT)
        event.suspect = (struct event_suspect){.probe = 1, .sites = sites, .count = 2};
    else if (kind == EVENT_ORDER)
        event.order = (struct event_order){.present = true, .order = &order};
    else if (kind == EVENT_BUDGET)
        event.budget = (struct event_budget){.revision = 3, .moves = moves, .count = 2};
    return event;
}

static int write_event(enum event_kind kind)
{
    struct event event = an_event(kind);
    return event_text_write(&pizza, &event, made, sizeof(made)) < 0 ? -1 : 0;
}

/* Reads what the same kind was written as, and writes it again. */
static int read_event(void)
{
    struct event_copy *copy = NULL;
    if (event_text_read(&pizza, stored, stored_length, &copy, why, sizeof(why)) < 0)
        return -1;
    int result = event_text_write(&pizza, event_copy_event(copy), made, sizeof(made));
    event_copy_destroy(copy);
    return result < 0 ? -1 : 0;
}

static int write_zone_event(void)
{
    return write_event(EVENT_ZONE);
}

static int write_head_event(void)
{
    return write_event(EVENT_HEAD);
}

static int write_vote_event(void)
{
    return write_event(EVENT_VOTE);
}

static int write_suspect_event(void)
{
    return write_event(EVENT_SUSPECT);
}

static int write_order_event(void)
{
    return write_event(EVENT_ORDER);
}

static int write_budget_event(void)
{
    return write_event(EVENT_BUDGET);
}

/* ---- alerts ---- */

static struct alert an_alert(void)
{
    return (struct alert){.event = ALERT_REGION_DOWN,
                          .severity = SEVERITY_PAGE,
                          .incident = "region_down.jwt-pizza.us-east-1",
                          .at_wall = 1785576600000,
                          .subject = "jwt-pizza us-east-1 down",
                          .text = "seen by use1, fra\n",
                          .group = "jwt-pizza",
                          .region = "us-east-1",
                          .probe = "use1"};
}

static int encode_notice(void)
{
    struct alert alert = an_alert();
    struct notice *notice = NULL;
    if (notice_create(&alert, &notice) < 0)
        return -1;
    char *text = notice_encode(notice);
    notice_destroy(notice);
    return keep(text);
}

static int decode_notice(void)
{
    struct notice *notice = NULL;
    if (notice_decode(stored, stored_length, &notice, why, sizeof(why)) < 0)
        return -1;
    snprintf(made, sizeof(made), "%s %s", notice->incident, notice->text);
    notice_destroy(notice);
    return 0;
}

/* Mail and webhook, of one notice. */
static int say_notice(void)
{
    struct alert alert = an_alert();
    struct notice_stamp stamp = {.count = 2, .at_wall = 1785576600000};
    const char *to[] = {"ops@example.com"};
    struct notice *notice = NULL;
    if (notice_create(&alert, &notice) < 0)
        return -1;
    struct mail mail = {.from = "rs@example.com",
                        .to = to,
                        .to_count = 1,
                        .date_wall = 1785576661000,
                        .notice = notice,
                        .stamp = &stamp};
    char *letter = mail_format(&mail);
    char *body = webhook_body(notice, &stamp);
    notice_destroy(notice);
    int result = letter == NULL || body == NULL ? -1 : 0;
    if (result == 0)
        snprintf(made, sizeof(made), "%s%s", letter, body);
    free(letter);
    free(body);
    return result;
}

/* ---- recordings ---- */

static int write_head(void)
{
    struct verdict verdicts[COUNT(pizza_checks)] = {{0}};
    struct carried_reference references[1] = {{.tried = true, .answered = true, .last_ms = 5}};
    const struct carried carried = {.verdicts = verdicts, .references = references};
    const struct recording_head head = {.program = "1.0",
                                        .probe = "use1",
                                        .fingerprint = pizza.fingerprint,
                                        .settings = "probe = { };\n"};
    return recording_head_write(&head, &pizza, &carried, made, sizeof(made)) < 0 ? -1 : 0;
}

static int read_head(void)
{
    struct recording_copy *copy = NULL;
    struct recording_head head;
    struct verdict verdicts[COUNT(pizza_checks)];
    struct carried_reference references[1];
    struct carried carried = {.verdicts = verdicts, .references = references};
    if (recording_head_read(stored, stored_length, &copy, &head, why, sizeof(why)) < 0)
        return -1;
    int result = recording_carried_read(copy, &pizza, &carried, why, sizeof(why));
    snprintf(made, sizeof(made), "%s %s", head.probe, head.settings);
    recording_copy_destroy(copy);
    return result;
}

static int write_line(void)
{
    static const struct fact facts[] = {{.code = FACT_STARTED,
                                         .rule = "",
                                         .word = "",
                                         .word2 = "",
                                         .group = NONE,
                                         .site = NONE,
                                         .region = NONE,
                                         .zone = NONE,
                                         .probe = NONE}};
    const struct commit commit = {.decision = decision, .obeyed = &order, .budget = moves};
    const struct event event = an_event(EVENT_HEAD);
    const struct update update = {.starts = sites,
                                  .start_count = 2,
                                  .votes = &vote,
                                  .vote_count = 1,
                                  .commits = &commit,
                                  .commit_count = 1,
                                  .batches = &memory_batch,
                                  .batch_count = 1,
                                  .facts = facts,
                                  .fact_count = 1};
    return recording_line_write(&pizza, &event, &update, made, sizeof(made)) < 0 ? -1 : 0;
}

const struct memory_thing things_of_ours[] = {
    {"vote_write", write_vote, NULL},
    {"vote_read", read_vote, write_vote},
    {"decision_write", write_decision, NULL},
    {"decision_read", read_decision, write_decision},
    {"order_write", write_order, NULL},
    {"order_read", read_order, write_order},
    {"budget_write", write_budget, NULL},
    {"budget_read", read_budget, write_budget},
    {"suspects_write", write_suspects, NULL},
    {"suspects_read", read_suspects, write_suspects},
    {"event_text_write, a zone", write_zone_event, NULL},
    {"event_text_read, a zone", read_event, write_zone_event},
    {"event_text_write, a head", write_head_event, NULL},
    {"event_text_read, a head", read_event, write_head_event},
    {"event_text_write, a vote", write_vote_event, NULL},
    {"event_text_read, a vote", read_event, write_vote_event},
    {"event_text_write, suspects", write_suspect_event, NULL},
    {"event_text_read, suspects", read_event, write_suspect_event},
    {"event_text_write, an order", write_order_event, NULL},
    {"event_text_read, an order", read_event, write_order_event},
    {"event_text_write, the budget", write_budget_event, NULL},
    {"event_text_read, the budget", read_event, write_budget_event},
    {"notice_encode", encode_notice, NULL},
    {"notice_decode", decode_notice, encode_notice},
    {"mail and webhook", say_notice, NULL},
    {"recording_head_write", write_head, NULL},
    {"recording_head_read", read_head, write_head},
    {"recording_line_write", write_line, NULL},
};
