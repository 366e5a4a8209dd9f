/* SPDX-License-Identifier: Apache-2.0 */
/* What is said to others and heard of them: endpoints, Route 53 and its zones, etcd, AWS's sources
 * of credentials, a command's line. */
#include <string.h>

#include "../lib/pizza_zone.h"
#include "assertion.h"
#include "assertion_of_each.h"
#include "command_split.h"
#include "credentials_json.h"
#include "credentials_plan.h"
#include "etcd_answers.h"
#include "etcd_json.h"
#include "http1.h"
#include "memory_things.h"
#include "record_copy.h"
#include "route53_xml.h"
#include "sigv4.h"
#include "sts.h"
#include "tail.h"
#include "zone_read.h"

static const char *const values[] = {"192.0.2.10", "192.0.2.11"};

#define SET                                                                                        \
    {                                                                                              \
        .name = "pizza.example.com", .type = "A", .set = "pizza-us-east-1", .weight = 100,         \
        .ttl_s = 60, .values = values, .value_count = 2, .alias_zone = "", .alias_name = "",       \
        .health_check = "", .region = "", .failover = ""                                           \
    }
const struct record_set memory_set = SET;
static const struct batch_item items[] = {{BATCH_DELETE, SET}, {BATCH_CREATE, SET}};
const struct batch memory_batch = {
    .epoch = 7, .nonce = PIZZA_NONCE, .comment = "jwt-pizza 7", .items = items, .item_count = 2};

/* ---- checks ---- */

static int make_assertion(void)
{
    struct assertion *assertion = NULL;
    if (assertion_create("200-299,404", "ok", &assertion, why, sizeof(why)) < 0)
        return -1;
    assertion_destroy(assertion);
    snprintf(made, sizeof(made), "made");
    return 0;
}

static int judge_expression(void)
{
    return judge_one_of_each(made, sizeof(made), why, sizeof(why));
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

static int split_command(void)
{
    struct command command;
    int status = command_split("a 'b c'", &command, why, sizeof(why));

    if (status == 0)
        snprintf(made, sizeof(made), "%s %s", command.words[0], command.words[1]);
    if (status == 0)
        command_clear(&command);
    return status;
}

/* ---- Route 53 ---- */

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
    if (route53_page_read(PAGE_TEXT, strlen(PAGE_TEXT), &page, why, sizeof(why)) < 0)
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
            step = zone_read_take(read, &page, why, sizeof(why));
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
    int result = route53_batch_write(&memory_batch, &buffer);
    if (result == 0)
        result = buffer_take(&buffer, &text);
    buffer_clear(&buffer);
    return result == 0 ? keep(text) : -1;
}

static int copy_batch(void)
{
    struct batch copy;
    struct pool *pool = pool_create(RECORD_COPY_MAX);
    int result = pool == NULL ? -1 : batch_copy(pool, &memory_batch, &copy);
    if (result == 0)
        snprintf(made, sizeof(made), "%s %s", copy.comment, copy.items[1].set.values[1]);
    pool_destroy(pool);
    return result;
}

static int make_view(void)
{
    struct zone_view *view = NULL;
    if (zone_view_create(0, "example.com", &memory_set, 1, PIZZA_NONCE, &view) < 0)
        return -1;
    snprintf(made, sizeof(made), "%s %s", view->apex, view->sets[0].values[1]);
    zone_view_destroy(view);
    return 0;
}

static int make_tail(void)
{
    struct zone_view *view = NULL;
    struct tail *tail = NULL;
    int result = zone_view_create(0, "example.com", &memory_set, 1, PIZZA_NONCE, &view);
    if (result == 0)
        result = tail_create(view, &memory_batch, "jwt-pizza", &tail);
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

/* ---- etcd ---- */

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
    if (etcd_read_range(PREFIX, RANGE_MORE, strlen(RANGE_MORE), &page, why, sizeof(why)) < 0)
        return -1;
    snprintf(made, sizeof(made), "%zu %s %s %s", page.count, page.items[0].key, page.items[0].value,
             page.next_key);
    etcd_page_clear(&page);
    return 0;
}

static int read_etcd_watch(void)
{
    struct etcd_watch_line line;
    if (etcd_read_watch(PREFIX, WATCH_EVENTS, strlen(WATCH_EVENTS), &line, why, sizeof(why)) < 0)
        return -1;
    snprintf(made, sizeof(made), "%zu %s %s", line.count, line.items[0].key, line.items[1].key);
    etcd_watch_line_clear(&line);
    return 0;
}

/* ---- credentials ---- */

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

    return show_lease(
        credentials_json_read(text, strlen(text), CREDENTIALS_OF_MACHINE, &lease, why, sizeof(why)),
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

    return show_lease(sts_read(text, strlen(text), &lease, why, sizeof(why)), &lease);
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

    return show_lease(credentials_plan_make(&world, &plan, why, sizeof(why)), &plan.lease);
}

const struct memory_thing things_of_others[] = {
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
    {"credentials_json_read", read_machine, NULL},
    {"sts_read", read_sts, NULL},
    {"credentials_plan_make", make_plan, NULL},
    {"command_split", split_command, NULL},
};
