/* SPDX-License-Identifier: Apache-2.0 */
#include "route53_fixture.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lab *lab;
uv_loop_t loop;
struct settings settings;
struct route53 *client;
struct told told;

static bool is_closed;

void route53_lab_start(void)
{
    lab = lab_start(NULL);
}

void route53_lab_stop(void)
{
    lab_stop(lab);
}

/* ---- the zone ---- */

static json_t *json_of_set(const struct record_set *set)
{
    json_t *json =
        json_pack("{s:s, s:s, s:I, s:[{s:s}]}", "Name", set->name, "Type", set->type, "TTL",
                  (json_int_t)set->ttl_s, "ResourceRecords", "Value", set->values[0]);

    if (set->weight >= 0) {
        json_object_set_new(json, "SetIdentifier", json_string(set->set));
        json_object_set_new(json, "Weight", json_integer(set->weight));
    }
    return json;
}

void zone_put(int extra_count)
{
    struct zone_view *view = pizza_view();
    json_t *sets = json_array();
    char *body;

    for (uint32_t i = 0; i < view->set_count; i++)
        json_array_append_new(sets, json_of_set(&view->sets[i]));
    for (int i = 0; i < extra_count; i++) {
        char name[64];

        snprintf(name, sizeof(name), "host-%04d.example.com", i);
        json_array_append_new(sets,
                              json_pack("{s:s, s:s, s:i, s:[{s:s}]}", "Name", name, "Type", "A",
                                        "TTL", 60, "ResourceRecords", "Value", "192.0.2.200"));
    }
    body = json_dumps(sets, 0);
    json_decref(lab_call(lab, "PUT", "/zone/ZLAB1", body));
    free(body);
    json_decref(sets);
    zone_view_destroy(view);
}

int lab_weight(int site)
{
    const struct record_set wanted = pizza_set(site, 0);
    json_t *zone = lab_call(lab, "GET", "/zone/ZLAB1", NULL);
    json_t *set;
    size_t i;
    int weight = -1;

    json_array_foreach(json_object_get(zone, "records"), i, set)
    {
        const char *id = json_string_value(json_object_get(set, "SetIdentifier"));

        if (id != NULL && strcmp(id, wanted.set) == 0)
            weight = (int)json_integer_value(json_object_get(set, "Weight"));
    }
    json_decref(zone);
    return weight;
}

uint64_t lab_epoch(uint32_t group)
{
    json_t *zone = lab_call(lab, "GET", "/zone/ZLAB1", NULL);
    json_t *text = json_object_get(json_object_get(zone, "fences"), settings.groups[group].name);
    struct fence fence = {.epoch = 0};

    if (text != NULL && fence_parse(json_string_value(text), &fence) != 0)
        fence.epoch = 0;
    json_decref(zone);
    return fence.epoch;
}

/* ---- the client ---- */

static void on_closed(void *context)
{
    (void)context;
    is_closed = true;
}

void client_open(bool is_dry_run)
{
    ck_assert_int_eq(route53_create(&loop, &settings, is_dry_run, &client), 0);
}

void client_close(void)
{
    is_closed = false;
    route53_close(client, on_closed, NULL);
    ck_assert(!is_closed); /* from the loop only */
    while (!is_closed)
        ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT) != 0 || is_closed, 1);
    client = NULL;
}

void route53_set_up(void)
{
    setenv("AWS_ACCESS_KEY_ID", LAB_KEY_ID, 1);
    setenv("AWS_SECRET_ACCESS_KEY", LAB_SECRET, 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
    setenv("AWS_CONFIG_FILE", "/dev/null", 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    unsetenv("AWS_SESSION_TOKEN");
    unsetenv("AWS_PROFILE");
    unsetenv("AWS_ENDPOINT_URL");
    unsetenv("AWS_ENDPOINT_URL_ROUTE_53");
    settings = pizza_settings();
    settings.aws_endpoint = lab_endpoint(lab);
    settings.aws_timeout_ms = 20000; /* only ever reached when something is wrong */
    told = (struct told){.count = 0};
    lab_heal(lab);
    zone_put(0);
    uv_loop_init(&loop);
    client_open(false);
}

void route53_tear_down(void)
{
    if (client != NULL)
        client_close();
    zone_view_destroy(told.view);
    told.view = NULL;
    ck_assert_int_eq(uv_loop_close(&loop), 0); /* no handle is left behind */
    lab_heal(lab);
}

/* ---- calls ---- */

static void tell(enum route53_outcome outcome, const char *message)
{
    told.count++;
    told.outcome = outcome;
    snprintf(told.message, sizeof(told.message), "%s", message);
    uv_stop(&loop);
}

void on_zone(void *context, enum route53_outcome outcome, struct zone_view *view,
             const char *message)
{
    (void)context;
    ck_assert_int_eq(outcome == ROUTE53_OK, view != NULL);
    if (view != NULL) {
        zone_view_destroy(told.view);
        told.view = view;
    }
    tell(outcome, message);
}

void on_change(void *context, enum route53_outcome outcome, const struct route53_change *change,
               const char *message)
{
    (void)context;
    ck_assert_int_eq(outcome == ROUTE53_OK, change != NULL);
    if (change != NULL)
        told.change = *change;
    tell(outcome, message);
}

static void on_servers(void *context, enum route53_outcome outcome, const char *const *servers,
                       uint32_t count, const char *message)
{
    (void)context;
    told.server_count = count;
    if (count > 0)
        snprintf(told.server, sizeof(told.server), "%s", servers[0]);
    tell(outcome, message);
}

void run_until_told(unsigned count)
{
    while (told.count < count)
        ck_assert_msg(uv_run(&loop, UV_RUN_DEFAULT) != 0 || told.count >= count,
                      "the loop ended without an answer");
}

static enum route53_outcome wait_for_one(unsigned before)
{
    ck_assert_uint_eq(told.count, before); /* never from inside the call */
    run_until_told(before + 1);
    return told.outcome;
}

enum route53_outcome do_read_zone(uint32_t zone)
{
    unsigned before = told.count;

    route53_read(client, zone, on_zone, NULL);
    return wait_for_one(before);
}

enum route53_outcome do_read(void)
{
    return do_read_zone(PIZZA_ZONE);
}

enum route53_outcome do_send(const struct batch *batch)
{
    unsigned before = told.count;

    route53_send(client, batch, on_change, NULL);
    return wait_for_one(before);
}

enum route53_outcome do_get_change(const char *id)
{
    unsigned before = told.count;

    route53_get_change(client, PIZZA_ZONE, id, on_change, NULL);
    return wait_for_one(before);
}

enum route53_outcome do_get_servers(void)
{
    unsigned before = told.count;

    route53_get_servers(client, PIZZA_ZONE, on_servers, NULL);
    return wait_for_one(before);
}
