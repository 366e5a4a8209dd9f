/* SPDX-License-Identifier: Apache-2.0 */
#include "paper_store.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../monitor/io/store/base.h"

enum { CALLS_MAX = 64 };

struct paper {
    struct store base;
    struct paper_call *calls[CALLS_MAX]; /* oldest first */
    unsigned count;
    store_watch_event watch;
    void *watch_context;
};

static struct paper *self(const struct store *store)
{
    return (struct paper *)(uintptr_t)store;
}

static struct paper_call *add(struct store *store, enum paper_kind kind, void *context)
{
    struct paper *paper = self(store);
    struct paper_call *call = calloc(1, sizeof(*call));

    assert(call != NULL && paper->count < CALLS_MAX);
    call->kind = kind;
    call->context = context;
    paper->calls[paper->count++] = call;
    return call;
}

static void write_down(struct paper_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void write_down(struct paper_call *call, const char *format, ...)
{
    size_t used = strlen(call->text);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(call->text + used, sizeof(call->text) - used, format, arguments);
    va_end(arguments);
}

static void get(struct store *store, const char *prefix, const char *but, store_view_done done,
                void *context)
{
    struct paper_call *call = add(store, PAPER_GET, context);

    call->view_done = done;
    write_down(call, "%s%s%s", prefix, but[0] != '\0' ? " but " : "", but);
}

static void txn(struct store *store, const struct store_txn *txn, store_write_done done,
                void *context)
{
    static const char *const signs[] = {
        [STORE_MOD_IS] = "=", [STORE_CREATE_IS] = "=c", [STORE_PREFIX_NOT_AFTER] = "<="};
    struct paper_call *call = add(store, PAPER_TXN, context);

    call->write_done = done;
    for (size_t i = 0; i < txn->compare_count; i++)
        write_down(call, "if %s%s%llu; ", txn->compares[i].key, signs[txn->compares[i].kind],
                   (unsigned long long)txn->compares[i].revision);
    for (size_t i = 0; i < txn->put_count; i++) {
        const struct store_put *put = &txn->puts[i];

        if (put->value == NULL)
            write_down(call, "%s gone; ", put->key);
        else
            write_down(call, "%s:=%s%s; ", put->key, put->value, put->leased ? "~" : "");
    }
}

static void watch(struct store *store, const char *prefix, store_watch_event event, void *context)
{
    (void)prefix;
    self(store)->watch = event;
    self(store)->watch_context = context;
}

static void renew(struct store *store, store_write_done done, void *context)
{
    add(store, PAPER_RENEW, context)->write_done = done;
}

static const struct store_kind_ops paper_ops = {
    .name = "paper", .get = get, .txn = txn, .watch = watch, .renew = renew};

struct store *paper_open(void)
{
    struct paper *paper = calloc(1, sizeof(*paper));

    assert(paper != NULL);
    paper->base.ops = &paper_ops;
    return &paper->base;
}

unsigned paper_waiting(const struct store *store)
{
    return self(store)->count;
}

static unsigned find(const struct store *store, enum paper_kind kind)
{
    const struct paper *paper = self(store);
    unsigned i = 0;

    while (i < paper->count && paper->calls[i]->kind != kind)
        i++;
    return i;
}

const struct paper_call *paper_first(const struct store *store, enum paper_kind kind)
{
    unsigned i = find(store, kind);

    return i < self(store)->count ? self(store)->calls[i] : NULL;
}

static struct paper_call take(struct store *store, enum paper_kind kind)
{
    struct paper *paper = self(store);
    unsigned i = find(store, kind);
    struct paper_call call;

    assert(i < paper->count); /* the test answers what was never asked */
    call = *paper->calls[i];
    free(paper->calls[i]);
    paper->count--;
    memmove(&paper->calls[i], &paper->calls[i + 1],
            (paper->count - i) * sizeof(struct paper_call *));
    return call;
}

struct store_item paper_item(const char *key, uint64_t revision, const char *value)
{
    return (struct store_item){.key = key,
                               .value = value,
                               .length = value != NULL ? strlen(value) : 0,
                               .create_revision = revision,
                               .mod_revision = revision};
}

void paper_answer_get(struct store *store, uint64_t revision, const struct store_item *items,
                      size_t count)
{
    struct paper_call call = take(store, PAPER_GET);
    struct store_view view = {.revision = revision, .items = items, .count = count};

    call.view_done(call.context, STORE_OK, &view, "");
}

void paper_refuse_get(struct store *store, enum store_status status, const char *error)
{
    struct paper_call call = take(store, PAPER_GET);

    call.view_done(call.context, status, NULL, error);
}

void paper_answer(struct store *store, enum paper_kind kind, enum store_status status,
                  uint64_t revision)
{
    struct paper_call call = take(store, kind);

    call.write_done(call.context, status, revision,
                    status == STORE_OK || status == STORE_CONFLICT ? "" : "as the test wants it");
}

void paper_tell(struct store *store, enum store_status status, uint64_t revision,
                const struct store_item *items, size_t count)
{
    paper_tell_since(store, status, 0, revision, items, count);
}

void paper_tell_since(struct store *store, enum store_status status, uint64_t since,
                      uint64_t revision, const struct store_item *items, size_t count)
{
    struct paper *paper = self(store);
    struct store_view view = {.revision = revision, .since = since, .items = items, .count = count};

    assert(paper->watch != NULL);
    paper->watch(paper->watch_context, status, status == STORE_OK ? &view : NULL,
                 status == STORE_OK ? "" : "the watch lost touch, as the test wants it");
}

void paper_close(struct store *store)
{
    while (paper_first(store, PAPER_GET) != NULL)
        paper_refuse_get(store, STORE_AWAY, "closed");
    while (paper_first(store, PAPER_TXN) != NULL)
        paper_answer(store, PAPER_TXN, STORE_AWAY, 0);
    while (paper_first(store, PAPER_RENEW) != NULL)
        paper_answer(store, PAPER_RENEW, STORE_AWAY, 0);
    free(store);
}
