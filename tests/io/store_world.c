/* SPDX-License-Identifier: Apache-2.0 */
#include "store_world.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_patience(uv_timer_t *timer)
{
    (void)timer;
}

void world_open(struct world *world, const struct store_lab *lab)
{
    *world = (struct world){.lab = lab};
    ck_assert_int_eq(uv_loop_init(&world->loop), 0);
    ck_assert_int_eq(uv_timer_init(&world->loop, &world->patience), 0);
}

struct store *world_daemon(struct world *world, const char *owner)
{
    struct store *store = NULL;

    ck_assert_uint_lt(world->store_count, WORLD_STORES_MAX);
    ck_assert_int_eq(world->lab->open(&world->loop, owner, &store), 0);
    world->stores[world->store_count++] = store;
    return store;
}

static void on_closed(void *context)
{
    *(bool *)context = true;
}

void world_leave(struct world *world, struct store *store)
{
    bool closed = false;

    store_close(store, on_closed, &closed);
    world_wait(world, &closed, "the store to close");
    for (unsigned i = 0; i < world->store_count; i++) {
        if (world->stores[i] == store) {
            world->stores[i] = world->stores[--world->store_count];
        }
    }
}

void world_close(struct world *world)
{
    while (world->store_count > 0) {
        world_leave(world, world->stores[0]);
    }
    for (unsigned i = 0; i < world->log_count; i++) {
        watch_log_clear(&world->logs[i]);
    }
    uv_close((uv_handle_t *)&world->patience, NULL);
    ck_assert_int_eq(uv_run(&world->loop, UV_RUN_DEFAULT), 0);
    ck_assert_int_eq(uv_loop_close(&world->loop), 0);
}

void world_wait(struct world *world, const bool *flag, const char *what)
{
    uv_update_time(&world->loop);
    (void)uv_timer_start(&world->patience, on_patience, WORLD_PATIENCE_MS, 0);
    while (!*flag) {
        (void)uv_run(&world->loop, UV_RUN_ONCE);
        if (!*flag && !uv_is_active((uv_handle_t *)&world->patience)) {
            ck_abort_msg("waited in vain for %s", what);
        }
    }
    (void)uv_timer_stop(&world->patience);
}

void world_run_for(struct world *world, msec_t ms)
{
    uv_update_time(&world->loop);
    (void)uv_timer_start(&world->patience, on_patience, (uint64_t)ms, 0);
    while (uv_is_active((uv_handle_t *)&world->patience)) {
        (void)uv_run(&world->loop, UV_RUN_ONCE);
    }
}

void world_pass_time(struct world *world, msec_t ms)
{
    world->lab->pass_time(&world->loop, ms);
}

/* ---- calls ---- */

static void note(struct answer_of_store *answer, enum store_status status, const char *error)
{
    answer->done = true;
    answer->times++;
    answer->status = status;
    (void)snprintf(answer->error, sizeof(answer->error), "%s", error);
}

static char *text_of_view(const struct store_view *view)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    ck_assert_ptr_nonnull(out);
    for (size_t i = 0; i < view->count; i++) {
        const struct store_item *item = &view->items[i];

        ck_assert_uint_ge(item->mod_revision, item->create_revision);
        ck_assert_uint_le(item->mod_revision, view->revision);
        ck_assert_int_eq(item->value[item->length], 0);
        (void)fprintf(out, "%s=%.40s ", item->key, item->value);
    }
    (void)fclose(out);
    return text;
}

void on_view(void *context, enum store_status status, const struct store_view *view,
             const char *error)
{
    struct answer_of_store *answer = context;

    note(answer, status, error);
    if (status == STORE_OK) {
        answer->revision = view->revision;
        answer->count = view->count;
        answer->text = text_of_view(view);
        if (view->count > 0) {
            answer->first = view->items[0];
            answer->first.key = NULL;
            answer->first.value = NULL;
        }
    }
}

void on_write(void *context, enum store_status status, uint64_t revision, const char *error)
{
    struct answer_of_store *answer = context;

    note(answer, status, error);
    answer->revision = revision;
}

static void await(struct world *world, const struct answer_of_store *answer)
{
    ck_assert_msg(!answer->done, "a callback came from inside the call");
    world_wait(world, &answer->done, "an answer of the store");
    ck_assert_uint_eq(answer->times, 1);
}

struct answer_of_store get(struct world *world, struct store *store, const char *prefix)
{
    struct answer_of_store answer = {0};

    store_get(store, prefix, on_view, &answer);
    await(world, &answer);
    return answer;
}

static struct answer_of_store put_as(struct world *world, struct store *store, const char *key,
                                     const char *value, bool leased)
{
    struct answer_of_store answer = {0};

    store_put(store, key, value, strlen(value), leased, on_write, &answer);
    await(world, &answer);
    return answer;
}

struct answer_of_store put(struct world *world, struct store *store, const char *key,
                           const char *value)
{
    return put_as(world, store, key, value, false);
}

struct answer_of_store put_leased(struct world *world, struct store *store, const char *key,
                                  const char *value)
{
    return put_as(world, store, key, value, true);
}

struct answer_of_store delete_key(struct world *world, struct store *store, const char *key)
{
    struct answer_of_store answer = {0};

    store_delete(store, key, on_write, &answer);
    await(world, &answer);
    return answer;
}

struct answer_of_store renew(struct world *world, struct store *store)
{
    struct answer_of_store answer = {0};

    store_renew(store, on_write, &answer);
    await(world, &answer);
    return answer;
}

struct answer_of_store transact(struct world *world, struct store *store,
                                const struct store_txn *txn)
{
    struct answer_of_store answer = {0};

    store_txn(store, txn, on_write, &answer);
    await(world, &answer);
    return answer;
}

/* ---- judging ---- */

uint64_t wrote(struct answer_of_store answer)
{
    ck_assert_msg(answer.status == STORE_OK, "%s: %s", store_status_name(answer.status),
                  answer.error);
    ck_assert_str_eq(answer.error, "");
    free(answer.text);
    return answer.revision;
}

void fails(struct answer_of_store answer, enum store_status status, const char *words)
{
    ck_assert_msg(answer.status == status, "%s instead of %s: %s", store_status_name(answer.status),
                  store_status_name(status), answer.error);
    ck_assert_msg(strstr(answer.error, words) != NULL, "not \"%s\" in: %s", words, answer.error);
    free(answer.text);
}

void reads(struct world *world, struct store *store, const char *prefix, const char *text)
{
    struct answer_of_store answer = get(world, store, prefix);

    ck_assert_msg(answer.status == STORE_OK, "%s: %s", store_status_name(answer.status),
                  answer.error);
    ck_assert_str_eq(answer.text, text);
    free(answer.text);
}

static bool is_patient(struct world *world, uint64_t since_ms)
{
    world_run_for(world, 5);
    return uv_now(&world->loop) - since_ms < WORLD_PATIENCE_MS;
}

void will_read(struct world *world, struct store *store, const char *prefix, const char *text)
{
    uint64_t since_ms = uv_now(&world->loop);
    bool equal = false;

    while (!equal) {
        struct answer_of_store answer = get(world, store, prefix);

        equal = answer.status == STORE_OK && strcmp(answer.text, text) == 0;
        ck_assert_msg(equal || is_patient(world, since_ms), "not \"%s\" but \"%s\" %s", text,
                      answer.text == NULL ? "" : answer.text, answer.error);
        free(answer.text);
    }
}

void will_answer(struct world *world, struct store *store, enum store_status status)
{
    uint64_t since_ms = uv_now(&world->loop);
    bool equal = false;

    while (!equal) {
        struct answer_of_store answer = get(world, store, "");

        equal = answer.status == status;
        ck_assert_msg(equal || is_patient(world, since_ms), "not %s but %s: %s",
                      store_status_name(status), store_status_name(answer.status), answer.error);
        free(answer.text);
    }
}

/* ---- watching ---- */

static void log_add(struct watch_log *log, const char *verb, const char *key, const char *value)
{
    char *text = NULL;
    int length = asprintf(&text, "%s%s%s%s%s;", log->text == NULL ? "" : log->text, verb, key,
                          value == NULL ? "" : "=", value == NULL ? "" : value);

    ck_assert_int_gt(length, 0);
    free(log->text);
    log->text = text;
    log->length = (size_t)length;
}

static void on_event(void *context, enum store_status status, const struct store_view *changes,
                     const char *error)
{
    struct watch_log *log = context;

    if (status != STORE_OK) {
        ck_assert_str_ne(error, "");
        (void)snprintf(log->error, sizeof(log->error), "%s", error);
        log_add(log, store_status_name(status), "", NULL);
        log->last_mod = 0; /* a store that was restored begins lower */
        return;
    }
    if (changes->count == 0) {
        log_add(log, "again", "", NULL);
    }
    for (size_t i = 0; i < changes->count; i++) {
        const struct store_item *item = &changes->items[i];

        ck_assert_uint_ge(item->mod_revision, log->last_mod);
        log->last_mod = item->mod_revision;
        log_add(log, item->value == NULL ? "del " : "put ", item->key, item->value);
    }
    log->revision = changes->revision;
}

struct watch_log *watch(struct world *world, struct store *store, const char *prefix)
{
    struct watch_log *log = &world->logs[world->log_count];

    ck_assert_uint_lt(world->log_count++, WORLD_STORES_MAX);
    store_watch(store, prefix, on_event, log);
    ck_assert_msg(log->text == NULL, "a callback came from inside the call");
    wrote(get(world, store, "")); /* behind the watch in the queue: it has begun */
    return log;
}

void will_tell(struct world *world, struct watch_log *log, const char *text)
{
    uint64_t since_ms = uv_now(&world->loop);

    while (log->length < strlen(text) && is_patient(world, since_ms)) {
    }
    ck_assert_str_eq(log->text == NULL ? "" : log->text, text);
}

void watch_log_clear(struct watch_log *log)
{
    free(log->text);
    *log = (struct watch_log){.last_mod = log->last_mod};
}
