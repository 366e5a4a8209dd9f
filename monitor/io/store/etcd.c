/* SPDX-License-Identifier: Apache-2.0 */
/* etcd.c: the store of many machines: etcd's v3 JSON gateway, on the daemon's own loop.
 *
 *     etcd.c            the six calls; opening and closing
 *       etcd_calls.c    read, write           \
 *       etcd_lease.c    the lease              > each asks the link
 *       etcd_watch.c    changes, on a stream  /
 *         etcd_link.c   one question to whichever member answers: etcd_question.c, as which user:
 *                       etcd_token.c, and where: etcd_address.c
 *           etcd_members.c, etcd_transfer.c, etcd_stream.c, etcd_words.c
 *     codec/etcd_*.c    the words
 *
 * Closing: what is pending is told STORE_AWAY from the next turn of the loop, the lease is given
 * back within a second, then the link, then libcurl's side are closed. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base.h"
#include "etcd_calls.h"
#include "etcd_lease.h"
#include "etcd_link.h"
#include "etcd_watch.h"

enum { GIVE_BACK_MS = 1000 };

struct etcd_store {
    struct store base;
    struct store_settings settings; /* a copy: the caller's may be replaced while we live */
    char *endpoints[16];
    char *prefix;
    struct curl_loop *curl_loop;
    struct etcd_link *link;
    struct etcd_lease *lease;
    struct etcd_calls *calls;
    struct etcd_watch *watch; /* NULL: nobody watches */
    uv_timer_t closer;        /* begins to close in a turn of its own */
    bool watch_open;
    bool closing;
    void (*closed)(void *context);
    void *closed_context;
};

static struct etcd_store *self(struct store *store)
{
    return (struct etcd_store *)store;
}

/* ---- the six calls ---- */

static void etcd_get(struct store *base, const char *prefix, const char *but, store_view_done done,
                     void *context)
{
    assert(!self(base)->closing);
    etcd_calls_get(self(base)->calls, prefix, but, done, context);
}

static void etcd_txn(struct store *base, const struct store_txn *txn, store_write_done done,
                     void *context)
{
    assert(!self(base)->closing);
    etcd_calls_txn(self(base)->calls, txn, done, context);
}

static void etcd_renew(struct store *base, store_write_done done, void *context)
{
    assert(!self(base)->closing);
    etcd_lease_renew(self(base)->lease, done, context);
}

static void etcd_watch(struct store *base, const char *prefix, store_watch_event event,
                       void *context)
{
    struct etcd_store *store = self(base);

    assert(store->watch == NULL && !store->closing);
    store->watch = etcd_watch_create(store->link, &store->settings, store->prefix, prefix,
                                     etcd_calls_revision(store->calls), event, context);
    assert(store->watch != NULL);
    store->watch_open = true;
}

/* ---- what a read tells the watch ---- */

static uint64_t told_by_watch(void *context)
{
    struct etcd_store *store = context;

    return store->watch_open ? etcd_watch_told(store->watch) : 0;
}

static void on_heard(void *context, uint64_t told, const struct store_view *view)
{
    struct etcd_store *store = context;
    uint64_t changed = 0;

    if (!store->watch_open || store->closing)
        return;
    for (size_t i = 0; i < view->count; i++) {
        const struct store_item *item = &view->items[i];

        if (item->mod_revision > changed && etcd_watch_covers(store->watch, item->key))
            changed = item->mod_revision;
    }
    etcd_watch_heard(store->watch, told, view->revision, changed);
}

/* ---- closing ---- */

static void store_free(struct etcd_store *store)
{
    char *password = (char *)(uintptr_t)store->settings.password;

    etcd_calls_destroy(store->calls);
    etcd_lease_destroy(store->lease);
    for (uint32_t i = 0; i < store->settings.endpoint_count; i++)
        free(store->endpoints[i]);
    if (password != NULL)
        explicit_bzero(password, strlen(password));
    free(password);
    free((void *)(uintptr_t)store->settings.user);
    free((void *)(uintptr_t)store->settings.ca_file);
    free((void *)(uintptr_t)store->settings.cert_file);
    free((void *)(uintptr_t)store->settings.key_file);
    free(store->prefix);
    free(store);
}

static void on_closer_closed(uv_handle_t *handle)
{
    struct etcd_store *store = handle->data;
    void (*closed)(void *context) = store->closed;
    void *context = store->closed_context;

    store_free(store);
    if (closed != NULL)
        closed(context);
}

static void on_curl_loop_closed(void *context)
{
    struct etcd_store *store = context;

    uv_close((uv_handle_t *)&store->closer, on_closer_closed);
}

static void close_curl_loop(struct etcd_store *store)
{
    curl_loop_close(store->curl_loop, on_curl_loop_closed, store);
}

/* The watch may wait for an answer of the link; both must be gone. */
static void on_watch_closed(void *context)
{
    struct etcd_store *store = context;

    store->watch_open = false;
    store->watch = NULL;
    if (store->link == NULL)
        close_curl_loop(store);
}

static void on_link_closed(void *context)
{
    struct etcd_store *store = context;

    store->link = NULL;
    if (!store->watch_open)
        close_curl_loop(store);
}

static void on_given_back(void *context)
{
    struct etcd_store *store = context;

    etcd_link_close(store->link, on_link_closed, store);
}

static void on_close(uv_timer_t *closer)
{
    struct etcd_store *store = closer->data;

    etcd_calls_fail(store->calls, "store: is being closed; what was written may yet happen");
    if (store->watch_open)
        etcd_watch_close(store->watch, on_watch_closed, store);
    etcd_lease_end(store->lease, GIVE_BACK_MS, on_given_back, store);
}

static void etcd_close(struct store *base, void (*closed)(void *context), void *context)
{
    struct etcd_store *store = self(base);

    assert(!store->closing);
    store->closing = true;
    store->closed = closed;
    store->closed_context = context;
    (void)uv_timer_start(&store->closer, on_close, 0, 0);
}

/* ---- opening ---- */

static bool copy_endpoints(struct etcd_store *store, const struct store_settings *from)
{
    for (uint32_t i = 0; i < from->endpoint_count; i++) {
        store->endpoints[i] = strdup(from->endpoints[i]);
        if (store->endpoints[i] == NULL)
            return false;
        store->settings.endpoint_count++;
    }
    store->settings.endpoints = (const char *const *)store->endpoints;
    return true;
}

/* A slash stands between prefix and key, once. */
static char *prefix_create(const char *prefix)
{
    size_t length = strlen(prefix);
    char *text = NULL;

    while (length > 0 && prefix[length - 1] == '/')
        length--;
    return asprintf(&text, "%.*s/", (int)length, prefix) < 0 ? NULL : text;
}

static bool copy_settings(struct etcd_store *store, const struct store_settings *from)
{
    struct store_settings *to = &store->settings;

    to->kind = from->kind;
    to->timeout_ms = from->timeout_ms;
    to->lease_ms = from->lease_ms;
    to->user = strdup(from->user);
    to->password = strdup(from->password);
    to->ca_file = strdup(from->ca_file);
    to->cert_file = strdup(from->cert_file);
    to->key_file = strdup(from->key_file);
    store->prefix = prefix_create(from->prefix);
    return copy_endpoints(store, from) && to->user != NULL && to->password != NULL &&
           to->ca_file != NULL && to->cert_file != NULL && to->key_file != NULL &&
           store->prefix != NULL;
}

/* The user is the probe's name unless the settings say another; without a password there is none.
 */
static const char *user_of(const struct store_settings *settings, const char *owner)
{
    if (settings->password[0] == '\0')
        return "";
    return settings->user[0] != '\0' ? settings->user : owner;
}

static int create_parts(struct etcd_store *store, uv_loop_t *loop, const char *owner)
{
    const struct store_settings *settings = &store->settings;
    struct etcd_tools tools = {.settings = settings,
                               .prefix = store->prefix,
                               .heard = on_heard,
                               .told = told_by_watch,
                               .context = store};
    int error = etcd_link_create(loop, store->curl_loop, settings, user_of(settings, owner),
                                 settings->password, &store->link);

    if (error != 0)
        return error;
    store->lease = etcd_lease_create(store->link, settings->lease_ms, owner);
    tools.link = store->link;
    tools.lease = store->lease;
    store->calls = etcd_calls_create(&tools);
    return store->lease == NULL || store->calls == NULL ? -ENOMEM : 0;
}

static int open_etcd(uv_loop_t *loop, const struct store_settings *settings, const char *owner,
                     struct store **ret_store)
{
    struct etcd_store *store = calloc(1, sizeof(*store));
    int error = -ENOMEM;

    assert(settings->lease_ms > 0 && settings->timeout_ms > 0 && owner[0] != '\0');
    if (store == NULL)
        return -ENOMEM;
    store->base.ops = &store_etcd;
    if (!copy_settings(store, settings) ||
        (error = curl_loop_create(loop, &store->curl_loop)) != 0) {
        store_free(store);
        return error;
    }
    (void)uv_timer_init(loop, &store->closer); /* cannot fail */
    store->closer.data = store;
    error = create_parts(store, loop, owner);
    if (error != 0) {
        if (store->link != NULL)
            on_given_back(store);
        else
            close_curl_loop(store);
        return error;
    }
    *ret_store = &store->base;
    return 0;
}

const struct store_kind_ops store_etcd = {
    .name = "etcd",
    .open = open_etcd,
    .get = etcd_get,
    .txn = etcd_txn,
    .watch = etcd_watch,
    .renew = etcd_renew,
    .close = etcd_close,
};
