/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <uv.h>

#include "../../monitor/io/store/base.h"

/* A call not yet answered. What is asked happens when it is answered, as at a real server. */
struct call {
    TAILQ_ENTRY(call) link;
    store_view_done view_done;
    store_write_done write_done;
    void *context;
    struct store_compare compare; /* one is all that users of the fake need */
    size_t compare_count;
    char key[STORE_KEY_MAX + 1]; /* of the compare and the put, or the prefix */
    char value[1024];
    bool deletes;
};
TAILQ_HEAD(calls, call);

struct fake {
    struct store base;
    struct fake_data *data;
    enum fake_mode mode;
    struct calls calls;
    uv_timer_t timer;
    void (*closed)(void *context);
    void *closed_context;
};

static struct fake_item *find(struct fake_data *data, const char *key)
{
    for (size_t i = 0; i < FAKE_ITEMS_MAX; i++) {
        if (strcmp(data->items[i].key, key) == 0)
            return &data->items[i];
    }
    return NULL;
}

const char *fake_get(const struct fake_data *data, const char *key)
{
    for (size_t i = 0; i < FAKE_ITEMS_MAX; i++) {
        if (strcmp(data->items[i].key, key) == 0)
            return data->items[i].value;
    }
    return NULL;
}

void fake_put(struct fake_data *data, const char *key, const char *value)
{
    struct fake_item *item = find(data, key);

    data->revision++;
    if (item == NULL) {
        item = find(data, "");
        assert(item != NULL);
        strncpy(item->key, key, sizeof(item->key) - 1);
        item->create_revision = data->revision;
    }
    assert(strlen(value) < sizeof(item->value));
    memcpy(item->value, value, strlen(value) + 1);
    item->mod_revision = data->revision;
}

static void answer_view(struct fake *fake, const struct call *call)
{
    struct store_item items[FAKE_ITEMS_MAX];
    struct store_view view = {.revision = fake->data->revision, .items = items};

    for (size_t i = 0; i < FAKE_ITEMS_MAX; i++) {
        const struct fake_item *item = &fake->data->items[i];

        if (item->key[0] == '\0' || strncmp(item->key, call->key, strlen(call->key)) != 0)
            continue;
        items[view.count++] = (struct store_item){.key = item->key,
                                                  .value = item->value,
                                                  .length = strlen(item->value),
                                                  .create_revision = item->create_revision,
                                                  .mod_revision = item->mod_revision};
    }
    call->view_done(call->context, STORE_OK, &view, "");
}

static void answer_write(struct fake *fake, const struct call *call)
{
    const char *race = fake->data->race;
    struct fake_item *item;
    uint64_t revision;

    fake->data->race = NULL;
    if (race != NULL)
        fake_put(fake->data, call->key, race);
    item = find(fake->data, call->key);
    revision = item != NULL ? item->mod_revision : 0;

    if (call->compare_count > 0 && call->compare.revision != revision) {
        call->write_done(call->context, STORE_CONFLICT, 0, "");
        return;
    }
    if (call->deletes && item != NULL)
        memset(item, 0, sizeof(*item));
    else if (!call->deletes)
        fake_put(fake->data, call->key, call->value);
    if (fake->mode == FAKE_LOST)
        call->write_done(call->context, STORE_AWAY, 0, "the reply was lost on purpose");
    else
        call->write_done(call->context, STORE_OK, fake->data->revision, "");
}

static void answer(struct fake *fake, struct call *call)
{
    if (fake->mode == FAKE_AWAY && call->view_done != NULL)
        call->view_done(call->context, STORE_AWAY, NULL, "away on purpose");
    else if (fake->mode == FAKE_AWAY)
        call->write_done(call->context, STORE_AWAY, 0, "away on purpose");
    else if (call->view_done != NULL)
        answer_view(fake, call);
    else
        answer_write(fake, call);
}

static void on_timer(uv_timer_t *timer)
{
    struct fake *fake = timer->data;
    struct calls now = TAILQ_HEAD_INITIALIZER(now);
    struct call *call;

    if (fake->mode == FAKE_SILENT)
        return;
    TAILQ_CONCAT(&now, &fake->calls, link);
    while ((call = TAILQ_FIRST(&now)) != NULL) {
        TAILQ_REMOVE(&now, call, link);
        answer(fake, call);
        free(call);
    }
}

static struct call *call_create(struct store *store, const char *key, void *context)
{
    struct fake *fake = (struct fake *)store;
    struct call *call = calloc(1, sizeof(*call));

    assert(call != NULL);
    strncpy(call->key, key, sizeof(call->key) - 1);
    call->context = context;
    TAILQ_INSERT_TAIL(&fake->calls, call, link);
    uv_timer_start(&fake->timer, on_timer, 0, 0);
    return call;
}

static void get(struct store *store, const char *prefix, const char *but, store_view_done done,
                void *context)
{
    assert(but[0] == '\0'); /* nobody here leaves anything out */
    call_create(store, prefix, context)->view_done = done;
}

static void txn(struct store *store, const struct store_txn *txn, store_write_done done,
                void *context)
{
    const struct store_put *put = &txn->puts[0];
    struct call *call = call_create(store, put->key, context);

    assert(txn->put_count == 1 && txn->compare_count <= 1 && put->length < sizeof(call->value));
    assert(txn->compare_count == 0 ||
           (txn->compares[0].kind == STORE_MOD_IS && strcmp(txn->compares[0].key, put->key) == 0));
    call->write_done = done;
    call->compare_count = txn->compare_count;
    if (txn->compare_count > 0)
        call->compare = txn->compares[0];
    call->deletes = put->value == NULL;
    if (put->value != NULL)
        memcpy(call->value, put->value, put->length);
}

static void on_closed(uv_handle_t *timer)
{
    struct fake *fake = timer->data;
    void (*closed)(void *) = fake->closed;
    void *context = fake->closed_context;
    struct calls now = TAILQ_HEAD_INITIALIZER(now);
    struct call *call;

    TAILQ_CONCAT(&now, &fake->calls, link);
    fake->mode = FAKE_AWAY;
    while ((call = TAILQ_FIRST(&now)) != NULL) {
        TAILQ_REMOVE(&now, call, link);
        answer(fake, call);
        free(call);
    }
    free(fake);
    if (closed != NULL)
        closed(context);
}

static void close_store(struct store *store, void (*closed)(void *), void *context)
{
    struct fake *fake = (struct fake *)store;

    fake->closed = closed;
    fake->closed_context = context;
    uv_close((uv_handle_t *)&fake->timer, on_closed);
}

static const struct store_kind_ops fake_ops = {
    .name = "fake", .get = get, .txn = txn, .close = close_store};

int fake_store_open(uv_loop_t *loop, struct fake_data *data, struct store **ret_store)
{
    struct fake *fake = calloc(1, sizeof(*fake));

    assert(fake != NULL);
    fake->base.ops = &fake_ops;
    fake->data = data;
    TAILQ_INIT(&fake->calls);
    uv_timer_init(loop, &fake->timer);
    fake->timer.data = fake;
    *ret_store = &fake->base;
    return 0;
}

void fake_store_mode(struct store *store, enum fake_mode mode)
{
    struct fake *fake = (struct fake *)store;

    fake->mode = mode;
    uv_timer_start(&fake->timer, on_timer, 0, 0);
}
