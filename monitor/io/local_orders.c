/* SPDX-License-Identifier: Apache-2.0 */
/* The file is {"v":1,"orders":{"ID":{..}}}: each order in the form it has in the store. */
#include "local_orders.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "durable.h"
#include "json_fields.h"
#include "log.h"
#include "store_json.h"

enum { LOCAL_ORDERS_VERSION = 1 };

struct local_orders {
    json_t *orders; /* id -> order */
    bool dirty;     /* the file does not say so yet */
    char path[PATH_MAX];
};

static int locals_parse(struct local_orders *locals, const char *text, size_t length, char *error,
                        size_t error_size)
{
    struct json_report report = {.text = error, .size = error_size};
    struct json_fields fields;
    const char *id;
    json_t *orders;
    json_t *order;

    json_fields_open(&fields, &report, locals->path, text, length);
    json_take_version(&fields, LOCAL_ORDERS_VERSION);
    orders = json_deep_copy(json_take_object(&fields, "orders"));
    json_object_foreach(orders, id, order)
    {
        if (!json_is_object(order) || strlen(id) > ORDER_ID_MAX)
            json_complain(&fields, "orders", "'%.60s' is no order", id);
    }
    if (orders != NULL) {
        json_decref(locals->orders);
        locals->orders = orders;
    }
    return json_fields_close(&fields);
}

static int locals_load(struct local_orders *locals, char *error, size_t error_size)
{
    char *text = NULL;
    size_t length = 0;
    int rc = durable_read(locals->path, &text, &length);

    if (rc == -ENOENT)
        return 0;
    if (rc < 0) {
        snprintf(error, error_size, "%s: cannot be read: %s", locals->path, strerror(-rc));
        return rc;
    }
    rc = locals_parse(locals, text, length, error, error_size) < 0 ? -EINVAL : 0;
    free(text);
    return rc;
}

int local_orders_open(const char *folder, struct local_orders **ret_locals, char *error,
                      size_t error_size)
{
    struct local_orders *locals = calloc(1, sizeof(*locals));
    int rc = -ENOMEM;

    if (locals == NULL)
        goto out;
    locals->orders = json_object();
    if (locals->orders == NULL)
        goto out;
    rc = -ENAMETOOLONG;
    if (snprintf(locals->path, sizeof(locals->path), "%s/orders.json", folder) >=
        (int)sizeof(locals->path))
        goto out;
    rc = locals_load(locals, error, error_size);
    if (rc < 0) {
        local_orders_close(locals);
        return rc;
    }
    *ret_locals = locals;
    return 0;
out:
    snprintf(error, error_size, "%s: %s", folder, strerror(-rc));
    local_orders_close(locals);
    return rc;
}

int local_orders_set(struct local_orders *locals, const struct settings *settings,
                     const struct order *orders, uint32_t count)
{
    json_t *list = json_object();

    for (uint32_t i = 0; i < count; i++)
        json_object_set_new(list, orders[i].id, order_to_json(settings, &orders[i]));
    list = json_whole(list, count);
    if (list == NULL)
        return -ENOMEM;
    json_decref(locals->orders);
    locals->orders = list;
    locals->dirty = true;
    return 0;
}

int local_orders_sync(struct local_orders *locals)
{
    json_t *root;
    char *text;
    int rc;

    if (!locals->dirty)
        return 0;
    root = json_pack("{s:i, s:O}", "v", LOCAL_ORDERS_VERSION, "orders", locals->orders);
    text = root != NULL ? json_dumps(root, JSON_COMPACT) : NULL;
    rc = text != NULL ? durable_write(locals->path, text, strlen(text)) : -ENOMEM;
    free(text);
    json_decref(root);
    locals->dirty = rc < 0;
    return rc;
}

uint32_t local_orders_get(const struct local_orders *locals, const struct settings *settings,
                          struct order *ret_orders, uint32_t max)
{
    uint32_t count = 0;
    const char *id;
    json_t *value;

    json_object_foreach(locals->orders, id, value)
    {
        char error[256] = "";
        struct json_report report = {.text = error, .size = sizeof(error)};

        if (count == max)
            break;
        if (order_from_json(settings, id, value, &report, &ret_orders[count]) == 0)
            count++;
        else
            log_say(LOG_LEVEL_WARN, "%s: order %s is passed over: %s", locals->path, id, error);
    }
    return count;
}

void local_orders_close(struct local_orders *locals)
{
    if (locals == NULL)
        return;
    json_decref(locals->orders);
    free(locals);
}
