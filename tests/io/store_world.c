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

struct store *world_daemon_of(struct world *world, const char *owner, msec_t lease_ms)
{
    struct store *store = NULL;

    ck_assert_uint_lt(world->store_count, WORLD_STORES_MAX);
    ck_assert_int_eq(world->lab->open(&world->loop, owner, lease_ms, &store), 0);
    world->stores[world->store_count++] = store;
    return store;
}

struct store *world_daemon(struct world *world, const char *owner)
{
    return world_daemon_of(world, owner, world->lab->lease_ms);
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

struct answer_of_store get_but(struct world *world, struct store *store, const char *prefix,
                               const char *but)
{
    struct answer_of_store answer = {0};

    store_get_but(store, prefix, but, on_view, &answer);
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

struct answer_of_store get_all(struct world *world, struct store *store)
{
    return get(world, store, "");
}

struct answer_of_store put_a(struct world *world, struct store *store)
{
    return put(world, store, "a", "1");
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

static void expect_view(struct answer_of_store answer, const char *text)
{
    ck_assert_msg(answer.status == STORE_OK, "%s: %s", store_status_name(answer.status),
                  answer.error);
    ck_assert_str_eq(answer.text, text);
    free(answer.text);
}

void reads(struct world *world, struct store *store, const char *prefix, const char *text)
{
    expect_view(get(world, store, prefix), text);
}

void reads_but(struct world *world, struct store *store, const char *prefix, const char *but,
               const char *text)
{
    expect_view(get_but(world, store, prefix, but), text);
}

static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000;
}

static bool is_patient(struct world *world, uint64_t since_ms)
{
    world_run_for(world, 5);
    return now_ms() - since_ms < WORLD_PATIENCE_MS;
}

void will_read(struct world *world, struct store *store, const char *prefix, const char *text)
{
    uint64_t since_ms = now_ms();
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
    uint64_t since_ms = now_ms();
    bool equal = false;

    while (!equal) {
        struct answer_of_store answer = get(world, store, "");

        equal = answer.status == status;
        ck_assert_msg(equal || is_patient(world, since_ms), "not %s but %s: %s",
                      store_status_name(status), store_status_name(answer.status), answer.error);
        free(answer.text);
    }
}

void will_fail(struct world *world, struct store *store,
               struct answer_of_store (*call)(struct world *world, struct store *store),
               enum store_status status, const char *words)
{
    uint64_t since_ms = now_ms();
    bool is_said = false;

    while (!is_said) {
        struct answer_of_store answer = call(world, store);

        is_said = strstr(answer.error, words) != NULL;
        ck_assert_msg(is_said || is_patient(world, since_ms), "not \"%s\" in: %s", words,
                      answer.error);
        fails(answer, status, "");
    }
}

/* Whether it is done. AWAY is no end while there is patience. */
static bool is_done(struct world *world, const struct answer_of_store *answer, uint64_t since_ms)
{
    ck_assert_msg(answer->status == STORE_OK ||
                      (answer->status == STORE_AWAY && is_patient(world, since_ms)),
                  "%s: %s", store_status_name(answer->status), answer->error);
    return answer->status == STORE_OK;
}

static void will_put(struct world *world, struct store *store, const char *key, const char *value,
                     bool leased)
{
    uint64_t since_ms = now_ms();
    struct answer_of_store answer;

    do {
        answer = put_as(world, store, key, value, leased);
    } while (!is_done(world, &answer, since_ms));
}

void will_write(struct world *world, struct store *store, const char *key, const char *value)
{
    will_put(world, store, key, value, false);
}

void will_write_leased(struct world *world, struct store *store, const char *key, const char *value)
{
    will_put(world, store, key, value, true);
}

void will_renew(struct world *world, struct store *store)
{
    uint64_t since_ms = now_ms();
    struct answer_of_store answer;

    do {
        answer = renew(world, store);
    } while (!is_done(world, &answer, since_ms));
}

void will_vote(struct world *world, struct store *store, const char *key, const char *value)
{
    uint64_t since_ms = now_ms();
    struct answer_of_store answer;

    do {
        answer = renew(world, store);
        if (answer.status == STORE_OK)
            answer = put_leased(world, store, key, value);
        ck_assert_msg(answer.status == STORE_OK ||
                          (answer.status == STORE_LEASE_LOST && is_patient(world, since_ms)),
                      "%s: %s", store_status_name(answer.status), answer.error);
    } while (answer.status != STORE_OK);
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
    will_answer(world, store, STORE_OK); /* behind the watch in the queue: it has begun */
    return log;
}

static const char *text_of(const struct watch_log *log)
{
    return log->text == NULL ? "" : log->text;
}

void will_tell(struct world *world, struct watch_log *log, const char *text)
{
    uint64_t since_ms = now_ms();

    while (log->length < strlen(text) && is_patient(world, since_ms)) {
    }
    ck_assert_str_eq(text_of(log), text);
}

void will_hear(struct world *world, struct watch_log *log, const char *words)
{
    uint64_t since_ms = now_ms();

    while (strstr(text_of(log), words) == NULL)
        ck_assert_msg(is_patient(world, since_ms), "not \"%s\" in \"%s\"", words, text_of(log));
}

static void changes_of(const struct watch_log *log, char *out, size_t size)
{
    size_t length = 0;

    out[0] = '\0';
    for (const char *at = text_of(log); *at != '\0'; at = strchr(at, ';') + 1) {
        int entry_length = (int)(strchr(at, ';') + 1 - at);
        char entry[256];

        (void)snprintf(entry, sizeof(entry), "%.*s", entry_length, at);
        if (strchr(entry, ' ') == NULL || strstr(out, entry) != NULL)
            continue; /* a loss, or its end; or told before */
        length += (size_t)snprintf(out + length, size - length, "%s", entry);
        ck_assert_uint_lt(length, size);
    }
}

void will_tell_changes(struct world *world, struct watch_log *log, const char *text)
{
    uint64_t since_ms = now_ms();
    char told[1024] = "";

    while (strlen(told) < strlen(text) && is_patient(world, since_ms))
        changes_of(log, told, sizeof(told));
    ck_assert_msg(strcmp(told, text) == 0, "not \"%s\" but \"%s\"", text, text_of(log));
}

void will_give_back(struct world *world, const char *owner, struct store *reader,
                    struct watch_log *log)
{
    struct answer_of_store left = {.count = 1};

    for (unsigned i = 0; i < 10 && left.count > 0; i++) {
        struct store *leaving = world_daemon_of(world, owner, WORLD_LASTING_MS);

        wrote(renew(world, leaving));
        wrote(put_leased(world, leaving, "vote", "up"));
        will_hear(world, log, "put vote=up;");
        world_leave(world, leaving);
        left = get(world, reader, "vote");
        wrote(left);
    }
    ck_assert_uint_eq(left.count, 0);
    will_hear(world, log, "put vote=up;del vote;");
}

void watch_log_clear(struct watch_log *log)
{
    free(log->text);
    *log = (struct watch_log){.last_mod = log->last_mod};
}
