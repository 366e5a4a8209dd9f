/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the body of POST /api/v1/orders and says what is wrong with it; then what of it cannot be
 * obeyed whatever the engine thinks: no such region, nothing to fail back, no such incident. */
#include "orders.h"

#include <stdio.h>
#include <string.h>

enum { FOR_MAX_S = 366 * 24 * 3600 };

static const char *const fields[] = {"verb",   "region",      "group",       "incident", "override",
                                     "reason", "for_seconds", "break_glass", NULL};

/* What each verb is about. */
struct verb_rule {
    bool region;
    bool group; /* may name one */
    bool group_needed;
    bool incident;
    bool ends; /* takes for_seconds */
    bool override;
};
static const struct verb_rule verb_rules[ORDER_VERB_COUNT] = {
    [ORDER_DRAIN] = {.region = true, .ends = true, .override = true},
    [ORDER_RESTORE] = {.region = true},
    [ORDER_FREEZE] = {.group = true, .ends = true},
    [ORDER_THAW] = {.group = true},
    [ORDER_FAILBACK] = {.group = true, .group_needed = true, .ends = true, .override = true},
    [ORDER_ACK] = {.incident = true},
};

static bool complain(struct request *request, const char *field, const char *what)
{
    reply_error(request, MHD_HTTP_BAD_REQUEST, "bad_order", "%s: %s", field, what);
    return false;
}

static bool known_fields(struct request *request, json_t *body)
{
    const char *key;
    json_t *value;

    json_object_foreach(body, key, value)
    {
        size_t i = 0;

        while (fields[i] != NULL && strcmp(fields[i], key) != 0)
            i++;
        if (fields[i] != NULL)
            continue;
        reply_error(request, MHD_HTTP_BAD_REQUEST, "bad_order",
                    "unknown field '%.40s'; allowed are verb, region, group, incident, override, "
                    "reason, for_seconds, break_glass",
                    key);
        return false;
    }
    return true;
}

/* A text that is absent is "". */
static bool take_text(struct request *request, json_t *body, const char *key, const char **ret_text)
{
    json_t *value = json_object_get(body, key);

    *ret_text = "";
    if (value == NULL)
        return true;
    if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value))
        return complain(request, key, "must be a text");
    *ret_text = json_string_value(value);
    return true;
}

static bool take_verb(struct request *request, json_t *body, struct order *order)
{
    const char *name;

    if (!take_text(request, body, "verb", &name))
        return false;
    if (order_verb_parse(name, &order->verb) < 0)
        return complain(request, "verb",
                        "must be one of drain, restore, freeze, thaw, failback, ack");
    return true;
}

/* One line for logs, mails and the next reader. */
static bool take_reason(struct request *request, json_t *body, struct order *order)
{
    const char *text;
    size_t length;
    bool blank = true;

    if (!take_text(request, body, "reason", &text))
        return false;
    length = strlen(text);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c < ' ' || c == 0x7f)
            return complain(request, "reason", "must be one line without control characters");
        blank = blank && c == ' ';
    }
    if (blank || length > ORDER_REASON_MAX)
        return complain(request, "reason",
                        "say why, in 1 to 200 bytes: it is recorded with your name");
    memcpy(order->reason, text, length + 1);
    return true;
}

static bool take_region(struct request *request, json_t *body, struct order *order)
{
    const struct settings *settings = request->now.settings;
    bool wanted = verb_rules[order->verb].region;
    char names[SENTENCE_MAX / 2] = "";
    size_t used = 0;
    const char *name;

    order->region = NONE;
    if (!take_text(request, body, "region", &name))
        return false;
    if (!wanted)
        return name[0] == '\0' || complain(request, "region", "only drain and restore name one");
    order->region = settings_region(settings, name);
    if (order->region != NONE)
        return true;
    for (uint32_t i = 0; i < settings->region_count && used < sizeof(names); i++)
        used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", i > 0 ? ", " : "",
                                 settings->regions[i]);
    reply_error(request, MHD_HTTP_BAD_REQUEST, "bad_order",
                "region: the settings have no '%.63s'; there are: %s", name, names);
    return false;
}

static bool take_group(struct request *request, json_t *body, struct order *order)
{
    const struct verb_rule *rule = &verb_rules[order->verb];
    const char *name;

    order->group = NONE;
    if (!take_text(request, body, "group", &name))
        return false;
    if (!rule->group)
        return name[0] == '\0' ||
               complain(request, "group", "only freeze, thaw and failback name one");
    if (name[0] == '\0')
        return !rule->group_needed || complain(request, "group", "failback needs one");
    order->group = piece_group(request, name);
    return order->group != NONE;
}

static bool take_incident(struct request *request, json_t *body, struct order *order)
{
    const char *id;

    if (!take_text(request, body, "incident", &id))
        return false;
    if (!verb_rules[order->verb].incident)
        return id[0] == '\0' || complain(request, "incident", "only ack names one");
    if (id[0] == '\0' || strlen(id) > INCIDENT_MAX)
        return complain(request, "incident", "ack needs the id of an open one; see status");
    memcpy(order->incident, id, strlen(id) + 1);
    return true;
}

static bool take_end(struct request *request, json_t *body, struct order *order)
{
    json_t *value = json_object_get(body, "for_seconds");
    double seconds = json_number_value(value);

    if (value == NULL)
        return true;
    if (!verb_rules[order->verb].ends)
        return complain(request, "for_seconds",
                        "only drain, freeze and failback end by themselves");
    if (!json_is_number(value) || !(seconds >= 1 && seconds <= FOR_MAX_S))
        return complain(request, "for_seconds", "must be a number, 1 to 31622400 (366 days)");
    order->until_wall = order->at_wall + (wall_t)(seconds * 1000);
    return true;
}

static bool take_override(struct request *request, json_t *body, struct order *order)
{
    json_t *value = json_object_get(body, "override");

    if (value == NULL)
        return true;
    if (!json_is_boolean(value))
        return complain(request, "override", "must be true or false");
    order->override = json_is_true(value);
    return !order->override || verb_rules[order->verb].override ||
           complain(request, "override", "only drain and failback can pass freeze and drift");
}

static bool take_all(struct request *request, json_t *body, struct order *order)
{
    return known_fields(request, body) && take_verb(request, body, order) &&
           take_region(request, body, order) && take_group(request, body, order) &&
           take_incident(request, body, order) && take_reason(request, body, order) &&
           take_end(request, body, order) && take_override(request, body, order);
}

bool order_body_read(struct request *request, struct order *ret_order,
                     struct glass_confirm *ret_confirm)
{
    json_error_t error;
    json_t *body = json_loadb(buffer_text(&request->body), request->body.length,
                              JSON_REJECT_DUPLICATES, &error);
    struct order order = {.at_wall = loop_wall_ms()};
    bool good = false;

    if (body == NULL)
        reply_error(request, MHD_HTTP_BAD_REQUEST, "bad_json", "no JSON: line %d: %s", error.line,
                    error.text);
    else if (!json_is_object(body))
        reply_error(request, MHD_HTTP_BAD_REQUEST, "bad_json",
                    "an order is an object: {\"verb\":..,\"reason\":..}");
    else
        good =
            take_all(request, body, &order) && glass_body_take(request, body, &order, ret_confirm);
    json_decref(body);
    if (good)
        *ret_order = order;
    return good;
}
