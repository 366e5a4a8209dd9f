/* SPDX-License-Identifier: Apache-2.0 */
/* An event as a line: whatever happened is read back as it happened, because a replay that reads
 * another event proves nothing. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "event_text.h"
#include "pizza.h"

enum { TEXT_SIZE = 64 * 1024 };

static char text[TEXT_SIZE];
static char again[TEXT_SIZE];
static char error[512];

/* ---- random events, from a seed ---- */

static uint32_t seed;

static uint32_t pick(uint32_t count)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % count;
}

static int64_t any_number(void)
{
    static const int64_t numbers[] = {0, 1, 7, 1700000000123, INT64_MAX};

    return numbers[pick(5)];
}

static struct result result;
static struct vote vote;
static struct decision decision;
static struct order order;
static int weights[3][4];
static char states[5];
static char failures[5];
static uint32_t suspects[5];
static wall_t moves[BUDGET_MAX];
static struct zone_view view;
static struct record_set sets[6];
static const char *const values[] = {"192.0.2.10", "\"v=rs1 group=solo epoch=3\"", "a\\052b \"c\""};

static void random_result(struct event *event)
{
    result = (struct result){.class = (enum result_class)pick(3),
                             .failure = (enum failure)pick(FAILURE_COUNT),
                             .status = (int)pick(600),
                             .late_ms = (msec_t)pick(2) * pick(30000),
                             .timings = {any_number(), -1, any_number(), -1, any_number()},
                             .detail = "status 503, wanted \"200\" \\x1b"};
    event->result = (struct event_result){pick(pizza.check_count), &result};
}

static enum value_form random_form(void)
{
    static const enum value_form forms[] = {VALUE_READ, VALUE_BROKEN, VALUE_NEWER};

    return forms[pick(3)];
}

static void random_vote(struct event *event)
{
    uint32_t group = pick(2);
    uint32_t count = pizza.groups[group].site_count;

    for (uint32_t i = 0; i < count; i++) {
        states[i] = verdict_state_letter((enum verdict_state)pick(VERDICT_STATE_COUNT));
        failures[i] = failure_letter((enum failure)pick(FAILURE_COUNT));
    }
    states[count] = '\0';
    failures[count] = '\0';
    vote = (struct vote){.probe = pick(3), .group = group};
    event->vote =
        (struct event_vote){.present = pick(2) == 1, .revision = pick(1000), .vote = vote};
    if (!event->vote.present) {
        event->vote.form = random_form();
        return;
    }
    event->vote.vote.states = states;
    event->vote.vote.failures = failures;
    event->vote.vote.blindness = (enum blindness)pick(BLIND_COUNT);
    memcpy(event->vote.vote.fingerprint, pizza.fingerprint, FINGERPRINT_LENGTH);
}

static void random_head(struct event *event)
{
    for (int i = 0; i < 12; i++)
        weights[i / 4][i % 4] = (int)pick(WEIGHT_MAX + 1);
    weights[2][0] = -1; /* the zone had no such record set */
    decision = (struct decision){.group = pick(2),
                                 .epoch = 1 + pick(100),
                                 .kind = (enum decision_kind)pick(DECISION_KIND_COUNT),
                                 .by = pick(4) == 0 ? NONE : pick(3),
                                 .at_wall = any_number(),
                                 .moved_wall = any_number(),
                                 .weights = weights[0],
                                 .normal = weights[1],
                                 .base_epoch = pick(100),
                                 .base = weights[2],
                                 .voters = pick(8),
                                 .regions_left = pick(4),
                                 .order = "x",
                                 .override = pick(2) == 1,
                                 .reason = "because \"of\" it"};
    event->head.group = decision.group;
    event->head.revision = pick(1000);
    event->head.present = pick(3) > 0;
    event->head.decision = event->head.present ? &decision : NULL;
    event->head.form = event->head.present ? VALUE_READ : random_form();
}

static void random_order(struct event *event)
{
    order = (struct order){.id = "17-thaw", .region = NONE, .group = NONE};
    event->order = (struct event_order){pick(3) > 0, &order};
    if (!event->order.present)
        return;
    order.verb = (enum order_verb)pick(ORDER_VERB_COUNT);
    order.create_revision = pick(1000);
    order.mod_revision = pick(1000);
    if (order.verb == ORDER_UNREADABLE) {
        snprintf(order.reason, sizeof(order.reason), "order: v: version 2, and only 1 is known");
        return;
    }
    if (order.verb == ORDER_DRAIN || order.verb == ORDER_RESTORE)
        order.region = pick(2);
    else if (order.verb == ORDER_ACK)
        memcpy(order.incident, "region_down.x", 14);
    else
        order.group = pick(2) == 0 ? NONE : pick(2);
    order.at_wall = any_number();
    order.obeyed_count = pick(3);
    for (uint32_t i = 0; i < order.obeyed_count; i++)
        order.obeyed[i] = (struct order_obeyed){i, 1 + pick(9)};
}

static void random_zone(struct event *event)
{
    event->zone.zone = pick(2);
    event->zone.outcome = (enum route53_outcome)pick(ROUTE53_FORBIDDEN + 1);
    if (pick(3) == 0)
        return;
    view = (struct zone_view){.zone = event->zone.zone,
                              .apex = "example.com",
                              .sets = sets,
                              .set_count = pick(7),
                              .nonce = "00112233445566778899aabbccddeeff"};
    for (uint32_t i = 0; i < view.set_count; i++)
        sets[i] = (struct record_set){.name = "*.pizza.example.com",
                                      .type = "TXT",
                                      .set = "",
                                      .weight = (int)pick(256) - 1,
                                      .ttl_s = pick(3) == 0 ? -1 : 60,
                                      .values = values,
                                      .value_count = pick(4),
                                      .alias_zone = "Z1",
                                      .alias_name = "lb.example.com",
                                      .alias_evaluate = pick(2) == 1,
                                      .health_check = "",
                                      .region = "us-east-1",
                                      .failover = "",
                                      .other_routing = pick(2) == 1};
    event->zone.view = &view;
}

static void random_store_event(struct event *event)
{
    switch (event->kind) {
    case EVENT_STORE:
        event->store = (struct event_store){(enum store_status)pick(STORE_DENIED + 1),
                                            (uint64_t)any_number(), pick(2) == 1};
        break;
    case EVENT_LEASE:
        event->lease = (struct event_lease){pick(2) == 1, any_number()};
        break;
    case EVENT_VOTE:
        random_vote(event);
        break;
    case EVENT_SUSPECT:
        for (uint32_t i = 0; i < 5; i++)
            suspects[i] = pick(5);
        event->suspect = (struct event_suspect){pick(3), suspects, pick(6)};
        break;
    case EVENT_HEAD:
        random_head(event);
        break;
    case EVENT_ORDER:
        random_order(event);
        break;
    case EVENT_BUDGET:
        for (uint32_t i = 0; i < BUDGET_MAX; i++)
            moves[i] = any_number();
        event->budget = (struct event_budget){
            .revision = pick(100), .moves = moves, .count = pick(BUDGET_MAX + 1)};
        if (pick(4) == 0)
            event->budget.form = random_form();
        if (event->budget.form != VALUE_READ)
            event->budget.count = 0;
        break;
    case EVENT_COMMIT:
        event->commit = (struct event_commit){pick(2), (enum store_status)pick(STORE_DENIED + 1),
                                              (uint64_t)any_number()};
        break;
    default:
        break;
    }
}

static void random_glass(struct event *event)
{
    static uint64_t fences[2];

    order = (struct order){.id = "01-abc",
                           .verb = ORDER_DRAIN,
                           .region = pick(2),
                           .group = NONE,
                           .override = true,
                           .at_wall = any_number()};
    for (uint32_t i = 0; i < 2; i++)
        fences[i] = pick(2) == 1 ? GLASS_NOT_SHOWN : (uint64_t)any_number();
    event->glass = (struct event_glass){&order, fences};
}

/* Which of the two regions gets a health check. */
static const char *const attached[2][REGIONS_MAX] = {{"0123-a", ""}, {"0123-a", "4567-b"}};

static void random_other_event(struct event *event)
{
    switch (event->kind) {
    case EVENT_START:
        event->start.wall = any_number();
        break;
    case EVENT_RESULT:
        random_result(event);
        break;
    case EVENT_REFERENCE:
        event->reference = (struct event_reference){0, pick(2) == 1, pick(2) == 1, pick(3)};
        break;
    case EVENT_CLOCK:
        event->clock.jump_ms = -any_number();
        break;
    case EVENT_ZONE:
        random_zone(event);
        break;
    case EVENT_CHANGE:
        event->change = (struct event_change){pick(2), pick(2), (uint64_t)any_number(),
                                              (enum route53_outcome)pick(ROUTE53_FORBIDDEN + 1)};
        break;
    case EVENT_INSYNC:
        event->insync = (struct event_insync){pick(2), pick(2), (uint64_t)any_number()};
        break;
    case EVENT_SERVERS:
        event->servers = (struct event_servers){pick(2), pick(2), 5, pick(5), pick(5), UINT32_MAX};
        break;
    case EVENT_RESOLVERS:
        event->resolvers = (struct event_servers){pick(2), pick(2), 6, pick(5), pick(5), pick(9)};
        break;
    case EVENT_STRANDED:
        event->stranded =
            (struct event_stranded){pick(2), pick(2), (uint64_t)any_number(), pick(2) == 1};
        break;
    case EVENT_JOURNAL:
        event->journal = (struct event_journal){pick(2), (uint64_t)any_number()};
        break;
    case EVENT_INIT:
        event->init.group = pick(2);
        break;
    case EVENT_LATCH:
        event->latch = (struct event_latch){pick(2), pick(2), (uint64_t)any_number()};
        break;
    case EVENT_ATTACH:
        event->attach = (struct event_attach){pick(2), attached[pick(2)]};
        break;
    case EVENT_GLASS:
        random_glass(event);
        break;
    case EVENT_SINK:
        event->sink = (struct event_sink){pick(2), pick(2) == 1};
        break;
    default:
        break;
    }
}

static struct event random_event(enum event_kind kind)
{
    struct event event = {.kind = kind, .at_ms = any_number()};

    random_store_event(&event);
    random_other_event(&event);
    return event;
}

/* ---- equality, field by field where the text could hide a difference ---- */

static void same_decision(const struct decision *a, const struct decision *b)
{
    size_t size = pizza.groups[a->group].site_count * sizeof(int);

    ck_assert_mem_eq(a->weights, b->weights, size);
    ck_assert_mem_eq(a->normal, b->normal, size);
    ck_assert_mem_eq(a->base, b->base, size);
    ck_assert_uint_eq(a->by, b->by);
    ck_assert_uint_eq(a->epoch, b->epoch);
    ck_assert_uint_eq(a->voters, b->voters);
}

static void same_set(const struct record_set *a, const struct record_set *b)
{
    ck_assert_str_eq(a->name, b->name);
    ck_assert_int_eq(a->weight, b->weight);
    ck_assert_int_eq(a->ttl_s, b->ttl_s);
    ck_assert_uint_eq(a->value_count, b->value_count);
    for (uint32_t i = 0; i < a->value_count; i++)
        ck_assert_str_eq(a->values[i], b->values[i]);
    ck_assert_int_eq(a->alias_evaluate, b->alias_evaluate);
    ck_assert_int_eq(a->other_routing, b->other_routing);
}

static void same_event(const struct event *a, const struct event *b)
{
    ck_assert_int_eq(a->kind, b->kind);
    ck_assert_int_eq(a->at_ms, b->at_ms);
    if (a->kind == EVENT_RESULT) {
        ck_assert_uint_eq(a->result.check, b->result.check);
        ck_assert_int_eq(a->result.result->class, b->result.result->class);
        ck_assert_int_eq(a->result.result->late_ms, b->result.result->late_ms);
        ck_assert_mem_eq(&a->result.result->timings, &b->result.result->timings,
                         sizeof(struct timings));
        ck_assert_str_eq(a->result.result->detail, b->result.result->detail);
    } else if (a->kind == EVENT_HEAD && a->head.present) {
        same_decision(a->head.decision, b->head.decision);
    } else if (a->kind == EVENT_VOTE && a->vote.present) {
        ck_assert_str_eq(a->vote.vote.states, b->vote.vote.states);
        ck_assert_str_eq(a->vote.vote.failures, b->vote.vote.failures);
    } else if (a->kind == EVENT_ZONE && a->zone.view != NULL) {
        ck_assert_uint_eq(a->zone.view->zone, b->zone.view->zone);
        ck_assert_uint_eq(a->zone.view->set_count, b->zone.view->set_count);
        for (uint32_t i = 0; i < a->zone.view->set_count; i++)
            same_set(&a->zone.view->sets[i], &b->zone.view->sets[i]);
    } else if (a->kind == EVENT_LATCH) {
        ck_assert_uint_eq(a->latch.region, b->latch.region);
        ck_assert_uint_eq(a->latch.epoch, b->latch.epoch);
    } else if (a->kind == EVENT_ATTACH) {
        for (uint32_t i = 0; i < 2; i++)
            ck_assert_str_eq(a->attach.health[i], b->attach.health[i]);
    } else if (a->kind == EVENT_GLASS) {
        ck_assert_str_eq(a->glass.order->id, b->glass.order->id);
        ck_assert_uint_eq(a->glass.order->region, b->glass.order->region);
        ck_assert_uint_eq(b->glass.order->create_revision, 0);
        ck_assert_mem_eq(a->glass.fences, b->glass.fences, 2 * sizeof(uint64_t));
    } else if (a->kind == EVENT_ORDER) {
        ck_assert_str_eq(a->order.order->id, b->order.order->id);
        ck_assert_int_eq(a->order.present, b->order.present);
    }
}

START_TEST(every_event_is_read_back_as_it_happened)
{
    for (seed = 1; seed < 400; seed++) {
        uint32_t first = seed;
        struct event event = random_event((enum event_kind)_i);
        struct event_copy *copy = NULL;
        int length = event_text_write(&pizza, &event, text, sizeof(text));

        seed = first;
        ck_assert_int_gt(length, 0);
        ck_assert_ptr_null(strchr(text, '\n'));
        ck_assert_msg(event_text_read(&pizza, text, (size_t)length, &copy, error, sizeof(error)) ==
                          0,
                      "%s: %s", error, text);
        same_event(&event, event_copy_event(copy));
        ck_assert_int_eq(event_text_write(&pizza, event_copy_event(copy), again, sizeof(again)),
                         length);
        ck_assert_str_eq(again, text);
        event_copy_destroy(copy);
    }
}
END_TEST

START_TEST(a_line_reads_as_what_happened)
{
    struct event event = {.kind = EVENT_SERVERS, .at_ms = 12000};

    event.servers = (struct event_servers){0, 0, 7, 2, 3, 4};
    ck_assert_int_gt(event_text_write(&pizza, &event, text, sizeof(text)), 0);
    ck_assert_str_eq(text, "{\"at\":12000,\"event\":\"servers\",\"zone\":\"Z0123456789ABCDEFGHIJ\","
                           "\"group\":\"jwt-pizza\",\"epoch\":7,\"current\":2,\"answered\":3,"
                           "\"asked\":4}");
}
END_TEST

/* ---- what is not an event of these settings ---- */

static const char *const refused[] = {
    "",
    "tick",
    "[]",
    "{\"at\":1}",
    "{\"at\":1,\"event\":\"earthquake\"}",
    "{\"at\":1,\"event\":\"tick\",\"more\":1}",
    "{\"at\":9223372036854775808,\"event\":\"tick\"}",
    "{\"at\":1,\"event\":\"journal\",\"group\":\"gone\",\"epoch\":1}",
    "{\"at\":1,\"event\":\"journal\",\"group\":\"solo\",\"epoch\":-1}",
    "{\"at\":1,\"event\":\"sink\",\"sink\":\"fax\",\"failing\":true}",
    "{\"at\":1,\"event\":\"reference\",\"reference\":1,\"answered\":true}",
    "{\"at\":1,\"event\":\"store\",\"status\":\"fine\",\"revision\":1,\"full\":true}",
    "{\"at\":1,\"event\":\"suspect\",\"probe\":\"use1\",\"sites\":[7]}",
    "{\"at\":1,\"event\":\"suspect\",\"probe\":\"use1\",\"sites\":[\"a/b\"]}",
    "{\"at\":1,\"event\":\"budget\",\"revision\":1,\"moves\":[\"x\"]}",
    "{\"at\":1,\"event\":\"vote\",\"probe\":\"use1\",\"group\":\"solo\",\"revision\":1,"
    "\"vote\":{}}",
    "{\"at\":1,\"event\":\"head\",\"group\":\"solo\",\"revision\":1,\"decision\":[]}",
    "{\"at\":1,\"event\":\"order\",\"id\":\"x\",\"create_revision\":1,\"mod_revision\":1,"
    "\"order\":{\"v\":2}}",
    "{\"at\":1,\"event\":\"zone\",\"zone\":\"ZOTHER\",\"outcome\":\"ok\",\"view\":{\"apex\":\"\","
    "\"nonce\":\"\",\"sets\":[7]}}",
    "{\"at\":1,\"event\":\"zone\",\"zone\":\"ZOTHER\",\"outcome\":\"ok\",\"view\":{\"apex\":\"\","
    "\"nonce\":\"\",\"sets\":[{\"values\":[1,2]}]}}",
    "{\"at\":1,\"event\":\"result\",\"check\":0,\"site\":\"solo/us-west-2\",\"class\":\"good\","
    "\"failure\":\"none\",\"status\":200,\"timings_us\":[1,2,3,4,5],\"detail\":\"\"}",
    "{\"at\":1,\"event\":\"result\",\"check\":0,\"site\":\"pizza/us-east-1\",\"class\":\"good\","
    "\"failure\":\"none\",\"status\":200,\"timings_us\":[1,2,3,4],\"detail\":\"\"}",
    "{\"at\":1,\"event\":\"result\",\"check\":0,\"site\":\"pizza/us-east-1\",\"class\":\"good\","
    "\"failure\":\"none\",\"status\":200,\"timings_us\":[1,2,3,4,5],\"detail\":\"\",\"late_ms\":-"
    "1}",
};

START_TEST(what_is_no_event_of_these_settings_is_refused)
{
    struct event_copy *copy = NULL;

    error[0] = '\0';
    ck_assert_msg(event_text_read(&pizza, refused[_i], strlen(refused[_i]), &copy, error,
                                  sizeof(error)) == -1,
                  "%s", refused[_i]);
    ck_assert_ptr_null(copy);
    ck_assert_str_ne(error, "");
}
END_TEST

START_TEST(an_event_of_what_these_settings_have_none_of_is_refused)
{
    static const char line[] = "{\"at\":1,\"event\":\"reference\",\"reference\":0,"
                               "\"answered\":true}";
    struct settings without = pizza;
    struct event_copy *copy = NULL;

    without.reference_count = 0;
    ck_assert_int_eq(event_text_read(&without, line, strlen(line), &copy, error, sizeof(error)),
                     -1);
    ck_assert_ptr_null(copy);
    ck_assert_msg(strstr(error, "these settings have none") != NULL, "%s", error);
}
END_TEST

START_TEST(a_line_past_the_limit_is_refused_unread)
{
    char *line = malloc(EVENT_TEXT_MAX + 2);
    struct event_copy *copy = NULL;

    ck_assert_ptr_nonnull(line);
    memset(line, ' ', EVENT_TEXT_MAX + 1);
    memcpy(line, "{\"at\":1,\"event\":\"tick\"}", 23);
    ck_assert_int_eq(event_text_read(&pizza, line, EVENT_TEXT_MAX, &copy, error, sizeof(error)), 0);
    event_copy_destroy(copy);
    ck_assert_int_eq(event_text_read(&pizza, line, EVENT_TEXT_MAX + 1, &copy, error, sizeof(error)),
                     -1);
    ck_assert_ptr_nonnull(strstr(error, "1048577 bytes"));
    free(line);
}
END_TEST

START_TEST(an_event_that_does_not_fit_is_not_written)
{
    struct event event = {.kind = EVENT_CLOCK};
    int length = event_text_write(&pizza, &event, text, sizeof(text));

    ck_assert_int_eq(event_text_write(&pizza, &event, text, (size_t)length), -1);
    ck_assert_int_eq(event_text_write(&pizza, &event, text, (size_t)length + 1), length);
}
END_TEST

/* Bytes flipped in good lines: never a crash. */
START_TEST(flipped_bytes_never_crash_the_reader)
{
    for (uint32_t round = 1; round < 4000; round++) {
        struct event event;
        struct event_copy *copy = NULL;
        int length;

        seed = round;
        event = random_event((enum event_kind)_i);
        length = event_text_write(&pizza, &event, text, sizeof(text));
        text[pick((uint32_t)length)] = (char)pick(256);
        if (event_text_read(&pizza, text, (size_t)length, &copy, error, sizeof(error)) == 0)
            event_copy_destroy(copy);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("event_text");
    TCase *tests = tcase_create("lines");

    tcase_add_loop_test(tests, every_event_is_read_back_as_it_happened, 0, EVENT_KIND_COUNT);
    tcase_add_test(tests, a_line_reads_as_what_happened);
    tcase_add_loop_test(tests, what_is_no_event_of_these_settings_is_refused, 0,
                        sizeof(refused) / sizeof(*refused));
    tcase_add_test(tests, an_event_of_what_these_settings_have_none_of_is_refused);
    tcase_add_test(tests, a_line_past_the_limit_is_refused_unread);
    tcase_add_test(tests, an_event_that_does_not_fit_is_not_written);
    tcase_add_loop_test(tests, flipped_bytes_never_crash_the_reader, 0, EVENT_KIND_COUNT);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
