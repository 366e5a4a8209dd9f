/* SPDX-License-Identifier: Apache-2.0 */
/* When memory runs out, at whichever allocation: a codec says so, or does without and is right all
 * the same. It never hands out a part. Of jansson less is asked, because it loses a letter now and
 * then when one allocation fails and the next succeeds: where it grows texts, memory stays out. The
 * daemon and the command end at such an allocation (json_memory.h); other users of the codec, the
 * fuzzers and the simulator's tests, have what is proved here. */
#include <check.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/pizza_zone.h"
#include "assertion.h"
#include "assertion_of_each.h"
#include "command_split.h"
#include "credentials_json.h"
#include "credentials_plan.h"
#include "etcd_answers.h"
#include "etcd_json.h"
#include "event_text.h"
#include "http1.h"
#include "mail.h"
#include "notice.h"
#include "pizza.h"
#include "record_copy.h"
#include "recording.h"
#include "route53_xml.h"
#include "sigv4.h"
#include "store_json.h"
#include "sts.h"
#include "tail.h"
#include "zone_read.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);

static int calls;
static int fail_at = -1; /* which allocation fails, counted from 0 */
static int jansson_calls;
static int jansson_fail_at = -1; /* from which on all of jansson's fail ... */
static bool jansson_fails_once;  /* ... or which alone */

static bool refused(void)
{
    return calls++ == fail_at;
}

static void *jansson_malloc(size_t size)
{
    int call = jansson_calls++;
    bool out = jansson_fail_at >= 0 &&
               (jansson_fails_once ? call == jansson_fail_at : call >= jansson_fail_at);

    return out ? NULL : __real_malloc(size);
}

void *__wrap_malloc(size_t size)
{
    return refused() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return refused() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return refused() ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text)
{
    return refused() ? NULL : __real_strdup(text);
}

/* ---- one thing of each kind ---- */

static int weights[] = {0, 100, 0, 100};
static const int normal[] = {100, 0, 100, 0};
static const int base[] = {100, 0, 90, -1};
static const wall_t moves[] = {1700000000000, 1700000001000};
static const uint32_t sites[] = {0, 3};
static const char *const values[] = {"192.0.2.10", "192.0.2.11"};

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
#define SET                                                                                        \
    {                                                                                              \
        .name = "pizza.example.com", .type = "A", .set = "pizza-us-east-1", .weight = 100,         \
        .ttl_s = 60, .values = values, .value_count = 2, .alias_zone = "", .alias_name = "",       \
        .health_check = "", .region = "", .failover = ""                                           \
    }
static const struct record_set set = SET;
static const struct batch_item items[] = {{BATCH_DELETE, SET}, {BATCH_CREATE, SET}};
static const struct batch batch = {
    .epoch = 7, .nonce = PIZZA_NONCE, .comment = "jwt-pizza 7", .items = items, .item_count = 2};

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

/* ---- what is tried; each returns 0 with all it made in `made`, or -1 ---- */

enum { MADE_SIZE = 64 * 1024 };

static char made[MADE_SIZE];
static char error[512];
static char stored[MADE_SIZE]; /* what is read, written while memory was plentiful */
static size_t stored_length;

static int keep(char *text)
{
    if (text == NULL)
        return -1;
    snprintf(made, sizeof(made), "%s", text);
    free(text);
    return 0;
}

static int write_vote(void)
{
    return vote_write(&vote, made, sizeof(made)) < 0 ? -1 : 0;
}

static int read_vote(void)
{
    struct vote *read = NULL;
    if (vote_read(&pizza, 1, 0, stored, stored_length, &read, error, sizeof(error)) < 0)
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
    if (decision_read(&pizza, 0, stored, stored_length, &read, error, sizeof(error)) < 0)
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
    if (order_read(&pizza, order.id, stored, stored_length, &read, error, sizeof(error)) < 0)
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
    if (budget_read(stored, stored_length, read, &count, error, sizeof(error)) < 0)
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
    if (suspects_read(&pizza, stored, stored_length, read, &count, error, sizeof(error)) < 0)
        return -1;
    snprintf(made, sizeof(made), "%u %u", count, read[1]);
    return 0;
}

static struct event an_event(enum event_kind kind)
{
    static struct zone_view view = {.zone = 0, .apex = "example.com", .sets = &set, .set_count = 1};
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
    if (event_text_read(&pizza, stored, stored_length, &copy, error, sizeof(error)) < 0)
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
    if (notice_decode(stored, stored_length, &notice, error, sizeof(error)) < 0)
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

static int make_assertion(void)
{
    struct assertion *assertion = NULL;
    if (assertion_create("200-299,404", "ok", &assertion, error, sizeof(error)) < 0)
        return -1;
    assertion_destroy(assertion);
    snprintf(made, sizeof(made), "made");
    return 0;
}

static int judge_expression(void)
{
    return judge_one_of_each(made, sizeof(made), error, sizeof(error));
}

static int read_http(void)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    struct http1 *http1 = NULL;
    size_t length = 0;
    if (http1_create(false, true, &http1) < 0)
        return -1;
    enum http1_progress progress = http1_feed(http1, answer, sizeof(answer) - 1);
    if (progress == HTTP1_DONE)
        snprintf(made, sizeof(made), "%d %.2s", http1_status(http1), http1_body(http1, &length));
    http1_destroy(http1);
    return progress == HTTP1_DONE ? 0 : -1;
}

#define PAGE_TEXT                                                                                  \
    "<?xml version=\"1.0\"?>\n<ListResourceRecordSetsResponse "                                    \
    "xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ResourceRecordSets>"                 \
    "<ResourceRecordSet><Name>pizza.example.com.</Name><Type>A</Type><SetIdentifier>a"             \
    "</SetIdentifier><Weight>1</Weight><TTL>60</TTL><ResourceRecords><ResourceRecord>"             \
    "<Value>192.0.2.1</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>"              \
    "</ResourceRecordSets><IsTruncated>false</IsTruncated><MaxItems>100</MaxItems>"                \
    "</ListResourceRecordSetsResponse>"

static int read_page(void)
{
    struct route53_page page;
    if (route53_page_read(PAGE_TEXT, strlen(PAGE_TEXT), &page, error, sizeof(error)) < 0)
        return -1;
    snprintf(made, sizeof(made), "%s %s", page.sets[0].name, page.sets[0].values[0]);
    route53_page_clear(&page);
    return 0;
}

/* A page for each name that is asked for; only the first holds a set. */
static int read_zone(void)
{
    struct settings settings = pizza_settings();
    struct record_set read_set = pizza_set(PIZZA_EAST, 100);
    struct route53_page page = {
        .sets = &read_set, .set_count = 1, .next_name = "", .next_type = "", .next_set = ""};
    struct zone_read *read = zone_read_create(&settings, PIZZA_ZONE, true);
    enum zone_read_step step = ZONE_READ_FAILED;
    uint32_t count = 0;
    if (read != NULL && zone_read_set_apex(read, "example.com") == 0) {
        for (step = ZONE_READ_MORE; step == ZONE_READ_MORE; page.set_count = 0)
            step = zone_read_take(read, &page, error, sizeof(error));
    }
    if (step == ZONE_READ_DONE) {
        const struct record_set *sets = zone_read_sets(read, &count);
        snprintf(made, sizeof(made), "%u %s", count, count > 0 ? sets[0].name : "");
    }
    zone_read_destroy(read);
    return step == ZONE_READ_DONE ? 0 : -1;
}

static int write_batch(void)
{
    struct buffer buffer;
    char *text = NULL;
    buffer_init(&buffer, ROUTE53_BATCH_MAX);
    int result = route53_batch_write(&batch, &buffer);
    if (result == 0)
        result = buffer_take(&buffer, &text);
    buffer_clear(&buffer);
    return result == 0 ? keep(text) : -1;
}

static int copy_batch(void)
{
    struct batch copy;
    struct pool *pool = pool_create(RECORD_COPY_MAX);
    int result = pool == NULL ? -1 : batch_copy(pool, &batch, &copy);
    if (result == 0)
        snprintf(made, sizeof(made), "%s %s", copy.comment, copy.items[1].set.values[1]);
    pool_destroy(pool);
    return result;
}

static int make_view(void)
{
    struct zone_view *view = NULL;
    if (zone_view_create(0, "example.com", &set, 1, PIZZA_NONCE, &view) < 0)
        return -1;
    snprintf(made, sizeof(made), "%s %s", view->apex, view->sets[0].values[1]);
    zone_view_destroy(view);
    return 0;
}

static int make_tail(void)
{
    struct zone_view *view = NULL;
    struct tail *tail = NULL;
    int result = zone_view_create(0, "example.com", &set, 1, PIZZA_NONCE, &view);
    if (result == 0)
        result = tail_create(view, &batch, "jwt-pizza", &tail);
    if (result == 0)
        snprintf(made, sizeof(made), "%s", tail->questions[0].name);
    tail_destroy(tail);
    zone_view_destroy(view);
    return result;
}

static int sign(void)
{
    static const char *const segments[] = {"2013-04-01", "hostedzone", "Z1"};
    static const struct sigv4_pair query[] = {{"name", "a b"}, {"maxitems", "1"}};
    const struct sigv4_credentials credentials = {"AKIDEXAMPLE", "secret", "token"};
    const struct sigv4_request request = {.method = "GET",
                                          .host = "route53.amazonaws.com",
                                          .segments = segments,
                                          .segment_count = 3,
                                          .query = query,
                                          .query_count = 2,
                                          .body = "",
                                          .region = "us-east-1",
                                          .service = "route53",
                                          .time = "20260801T093000Z"};
    struct sigv4_signature signature;
    if (sigv4_sign(&request, &credentials, &signature) < 0)
        return -1;
    snprintf(made, sizeof(made), "%s %s", signature.target, signature.authorization);
    sigv4_signature_clear(&signature);
    return 0;
}

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
    if (recording_head_read(stored, stored_length, &copy, &head, error, sizeof(error)) < 0)
        return -1;
    int result = recording_carried_read(copy, &pizza, &carried, error, sizeof(error));
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
                                  .batches = &batch,
                                  .batch_count = 1,
                                  .facts = facts,
                                  .fact_count = 1};
    return recording_line_write(&pizza, &event, &update, made, sizeof(made)) < 0 ? -1 : 0;
}

static int write_etcd_txn(void)
{
    static const struct store_compare compares[] = {{STORE_MOD_IS, "a", 7},
                                                    {STORE_PREFIX_NOT_AFTER, "v1/", 9}};
    static const struct store_put puts[] = {{"a", "hello", 5, true}, {"b", NULL, 0, false}};
    static const struct store_txn txn = {compares, COUNT(compares), puts, COUNT(puts)};
    struct buffer buffer;
    char *text = NULL;
    buffer_init(&buffer, ETCD_REQUEST_MAX);
    etcd_write_txn(&buffer, PREFIX, &txn, 5);
    int result = buffer_take(&buffer, &text);
    buffer_clear(&buffer);
    return result == 0 ? keep(text) : -1;
}

static int read_etcd_range(void)
{
    struct etcd_page page;
    if (etcd_read_range(PREFIX, RANGE_MORE, strlen(RANGE_MORE), &page, error, sizeof(error)) < 0)
        return -1;
    snprintf(made, sizeof(made), "%zu %s %s %s", page.count, page.items[0].key, page.items[0].value,
             page.next_key);
    etcd_page_clear(&page);
    return 0;
}

static int read_etcd_watch(void)
{
    struct etcd_watch_line line;
    if (etcd_read_watch(PREFIX, WATCH_EVENTS, strlen(WATCH_EVENTS), &line, error, sizeof(error)) <
        0)
        return -1;
    snprintf(made, sizeof(made), "%zu %s %s", line.count, line.items[0].key, line.items[1].key);
    etcd_watch_line_clear(&line);
    return 0;
}

/* Keys as text, for comparing. */
static int show_lease(int status, const struct credentials_lease *lease)
{
    if (status == 0)
        snprintf(made, sizeof(made), "%s %s %s %lld", lease->keys.key_id, lease->keys.secret,
                 lease->keys.token, (long long)lease->ends_at_ms);
    return status;
}

static int read_machine(void)
{
    static const char text[] =
        "{\"Code\":\"Success\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"b\","
        "\"Token\":\"t\",\"Expiration\":\"2026-11-22T17:13:31Z\"}";
    static struct credentials_lease lease;

    return show_lease(credentials_json_read(text, strlen(text), CREDENTIALS_OF_MACHINE, &lease,
                                            error, sizeof(error)),
                      &lease);
}

static int read_sts(void)
{
    static const char text[] =
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId>"
        "<SecretAccessKey>b</SecretAccessKey><SessionToken>t</SessionToken>"
        "<Expiration>2026-11-22T17:13:31Z</Expiration></Credentials></AssumeRoleResult>"
        "</AssumeRoleResponse>";
    static struct credentials_lease lease;

    return show_lease(sts_read(text, strlen(text), &lease, error, sizeof(error)), &lease);
}

static const char *no_variable(void *context, const char *name)
{
    (void)context;
    (void)name;
    return "";
}

static int make_plan(void)
{
    static const char text[] = "[default]\naws_access_key_id = A\naws_secret_access_key = b\n";
    static struct credentials_plan plan;
    const struct credentials_world world = {.variable = no_variable,
                                            .profile = "",
                                            .session_name = "rs",
                                            .shared = {"/s", text, strlen(text)},
                                            .config = {"/c", NULL, 0}};

    return show_lease(credentials_plan_make(&world, &plan, error, sizeof(error)), &plan.lease);
}

static int split_command(void)
{
    struct command command;
    int status = command_split("a 'b c'", &command, error, sizeof(error));

    if (status == 0)
        snprintf(made, sizeof(made), "%s %s", command.words[0], command.words[1]);
    if (status == 0)
        command_clear(&command);
    return status;
}

/* `from` writes what `run` reads; NULL: it reads nothing. */
static const struct {
    const char *name;
    int (*run)(void);
    int (*from)(void);
} things[] = {
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
    {"assertion_create", make_assertion, NULL},
    {"assertion_parse and judge", judge_expression, NULL},
    {"http1", read_http, NULL},
    {"route53_page_read", read_page, NULL},
    {"zone_read", read_zone, NULL},
    {"route53_batch_write", write_batch, NULL},
    {"batch_copy", copy_batch, NULL},
    {"zone_view_create", make_view, NULL},
    {"tail_create", make_tail, NULL},
    {"sigv4_sign", sign, NULL},
    {"etcd_write_txn", write_etcd_txn, NULL},
    {"etcd_read_range", read_etcd_range, NULL},
    {"etcd_read_watch", read_etcd_watch, NULL},
    {"recording_head_write", write_head, NULL},
    {"recording_head_read", read_head, write_head},
    {"recording_line_write", write_line, NULL},
    {"credentials_json_read", read_machine, NULL},
    {"sts_read", read_sts, NULL},
    {"credentials_plan_make", make_plan, NULL},
    {"command_split", split_command, NULL},
};

static void store_what_is_read(int (*from)(void))
{
    if (from == NULL)
        return;
    ck_assert_int_eq(from(), 0);
    stored_length = strlen(made);
    memcpy(stored, made, stored_length + 1);
}

/* What was made with all memory there is. Counts the allocations. */
static void make_whole(int i, char whole[MADE_SIZE])
{
    json_set_alloc_funcs(jansson_malloc, free);
    store_what_is_read(things[i].from);
    calls = 0;
    jansson_calls = 0;
    ck_assert_msg(things[i].run() == 0, "%s: %s", things[i].name, error);
    snprintf(whole, MADE_SIZE, "%s", made);
    made[0] = '\0';
}

START_TEST(each_allocation_that_fails_fails_the_whole_or_changes_nothing)
{
    char whole[MADE_SIZE];
    int needed;

    make_whole(_i, whole);
    needed = calls;
    for (int i = 0; i < needed; i++) {
        calls = 0;
        fail_at = i;
        int result = things[_i].run();
        fail_at = -1;
        if (result == 0)
            ck_assert_msg(strcmp(made, whole) == 0, "%s without allocation %d of %d: %s",
                          things[_i].name, i, needed, made);
    }
}
END_TEST

START_TEST(without_memory_for_json_nothing_half_is_made)
{
    char whole[MADE_SIZE];
    int needed;

    make_whole(_i, whole);
    needed = jansson_calls;
    for (int i = 0; i < needed; i++) {
        jansson_calls = 0;
        jansson_fail_at = i;
        int result = things[_i].run();
        jansson_fail_at = -1;
        if (result == 0)
            ck_assert_msg(strcmp(made, whole) == 0, "%s without allocations from %d of %d: %s",
                          things[_i].name, i, needed, made);
    }
}
END_TEST

/* The values that a daemon writes into the store, and the lines it records: they are built of
 * parts, and a part that could not be made must not be missing from the whole. */
START_TEST(a_part_that_could_not_be_made_is_not_left_out)
{
    char whole[MADE_SIZE];
    int needed;

    if (strstr(things[_i].name, "_write") == NULL ||
        strcmp(things[_i].name, "recording_line_write") == 0) /* holds texts that jansson grows */
        return;
    make_whole(_i, whole);
    needed = jansson_calls;
    jansson_fails_once = true;
    for (int i = 0; i < needed; i++) {
        jansson_calls = 0;
        jansson_fail_at = i;
        int result = things[_i].run();
        jansson_fail_at = -1;
        if (result == 0)
            ck_assert_msg(strcmp(made, whole) == 0, "%s without allocation %d of %d: %s",
                          things[_i].name, i, needed, made);
    }
    jansson_fails_once = false;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("memory");
    TCase *tests = tcase_create("memory");
    SRunner *runner = srunner_create(suite);

    tcase_add_loop_test(tests, each_allocation_that_fails_fails_the_whole_or_changes_nothing, 0,
                        COUNT(things));
    tcase_add_loop_test(tests, without_memory_for_json_nothing_half_is_made, 0, COUNT(things));
    tcase_add_loop_test(tests, a_part_that_could_not_be_made_is_not_left_out, 0, COUNT(things));
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
