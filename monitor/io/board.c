/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and renewing. The whole prefix, but for the journal, which says nothing about now, is
 * read at the start, every 10 s, and at once when a watch lost touch; a read is taken only if it is
 * not older than what we know.
 *
 * A revision may go back for two reasons. A watch may have overtaken a read that was on its way:
 * then the read is repeated. Or the store was set back (restored): a linearizable read that began
 * when revision R was known answers with less than R; or, when others have written since, with keys
 * that have another past than the one we were told. That is said aloud and believed (S1): the
 * fences in the zone decide what it means (C7). */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board_state.h"
#include "log.h"

enum { TIMER_COUNT = 2, RENEWALS_PER_LEASE = 3 };

static void start_read(struct board *board);
static void start_renewal(struct board *board);

/* ---- status ---- */

/* A store that can be read and not written is no store to decide with, and the other way round. */
static enum store_status status_now(const struct board *board)
{
    return board->read_status != STORE_OK ? board->read_status : board->write_status;
}

static void tell_store(struct board *board, bool full)
{
    struct event event = {.kind = EVENT_STORE};

    event.store.status = status_now(board);
    event.store.revision = board->revision;
    event.store.full = full;
    board_tell_event(board, &event, NULL);
}

static void note(struct board *board, enum store_status *slot, enum store_status status,
                 const char *error)
{
    enum store_status before = status_now(board);
    enum store_status now;

    *slot = status;
    now = status_now(board);
    if (status != STORE_OK)
        snprintf(board->stats.error, sizeof(board->stats.error), "%s", error);
    if (now == STORE_OK)
        board->stats.error[0] = '\0';
    board->stats.status = now;
    if (now == before)
        return;
    if (now == STORE_OK)
        log_say(LOG_LEVEL_INFO, "store: answers again");
    else
        log_say(LOG_LEVEL_ERROR, "store: %s: %s", store_status_name(now), board->stats.error);
    if (now != STORE_OK)
        tell_store(board, false);
}

/* That the store is well again is told by a whole read only (S1); it shall not wait for the next.
 */
void board_note_write(struct board *board, enum store_status status, const char *error)
{
    bool was_well = status_now(board) == STORE_OK;

    if (status != STORE_CONFLICT && status != STORE_LEASE_LOST)
        note(board, &board->write_status, status, error);
    if (!was_well && status_now(board) == STORE_OK)
        start_read(board);
}

/* ---- calls ---- */

void board_tell_event(struct board *board, const struct event *event, void *block)
{
    board->teller.tell(board->teller.context, event, block != NULL ? free : NULL, block);
}

struct board_call *board_call_create(struct board *board, uint32_t index)
{
    struct board_call *call = calloc(1, sizeof(*call));

    if (call == NULL) {
        log_say(LOG_LEVEL_ERROR, "store: out of memory for a call");
        return NULL;
    }
    call->board = board;
    call->generation = board->generation;
    call->index = index;
    return call;
}

struct board *board_call_finish(struct board_call *call)
{
    struct board *board = call->board;
    bool matters = call->generation == board->generation && !board->closing;

    free(call);
    return matters ? board : NULL;
}

/* ---- reading (S1) ---- */

static void on_read_timer(uv_timer_t *timer)
{
    start_read(timer->data);
}

static void read_after(struct board *board, msec_t after_ms)
{
    if (!board->closing)
        uv_timer_start(&board->read_timer, on_read_timer, (uint64_t)after_ms, 0);
}

static void begin_anew(struct board *board)
{
    board->stats.went_back++;
    board_forget(board);
    board_flush(board);
}

static void tell_all(struct board *board, const struct store_view *view)
{
    board->told_floor = board->read_once ? board->read_floor : 0;
    board->rewritten = false;
    board_tell_begin(board);
    for (size_t i = 0; i < view->count; i++)
        board_tell_item(board, &view->items[i]);
    board_tell_end(board);
    board->told_floor = 0;
}

static void take_read(struct board *board, const struct store_view *view)
{
    if (view->revision < board->read_floor) {
        log_say(LOG_LEVEL_ERROR,
                "store: its revision went back from %llu to %llu: it was restored or replaced; "
                "everything is read again, the fences in the zones decide",
                (unsigned long long)board->read_floor, (unsigned long long)view->revision);
        begin_anew(board);
    }
    board->revision = view->revision;
    tell_all(board, view);
    if (board->rewritten) {
        log_say(LOG_LEVEL_ERROR,
                "store: what stood there up to revision %llu is not what it was: it was restored "
                "or replaced, and written to since; everything is read again, the fences in the "
                "zones decide",
                (unsigned long long)board->read_floor);
        begin_anew(board);
        board->read_again = true;
    }
    board->read_once = true;
    board->stats.reads++;
    board->stats.read_ms = board->teller.now(board->teller.context);
    tell_store(board, true);
    board_prune(board, view);
}

static void on_read(void *context, enum store_status status, const struct store_view *view,
                    const char *error)
{
    struct board *board = ((struct board_call *)context)->board;
    bool overtaken;

    board->reading = false;
    if (board_call_finish(context) == NULL) {
        read_after(board, 0); /* other settings meanwhile: read under them */
        return;
    }
    note(board, &board->read_status, status, error);
    if (status != STORE_OK) {
        read_after(board, BOARD_RETRY_MS);
        return;
    }
    overtaken = view->revision < board->revision && view->revision >= board->read_floor;
    if (!overtaken)
        take_read(board, view);
    read_after(board, overtaken || board->read_again ? 0 : BOARD_READ_MS);
}

static void start_read(struct board *board)
{
    struct board_call *call;

    if (board->closing || board->reading) {
        board->read_again = true;
        return;
    }
    call = board_call_create(board, 0);
    if (call == NULL) {
        read_after(board, BOARD_RETRY_MS);
        return;
    }
    board->reading = true;
    board->read_again = false;
    board->read_floor = board->revision;
    store_get_but(board->store, KEYS_PREFIX, KEYS_JOURNAL, on_read, call);
}

void board_read_now(struct board *board)
{
    start_read(board);
}

static void tell_change(struct board *board, const struct store_item *item)
{
    struct key key;

    if (item->value != NULL)
        board_tell_item(board, item);
    else if (key_parse(item->key, &key) == 0)
        board_tell_gone(board, &key);
}

static void on_watch(void *context, enum store_status status, const struct store_view *changes,
                     const char *error)
{
    struct board *board = context;

    if (board->closing)
        return;
    if (status != STORE_OK) {
        if (!board->watch_lost)
            log_say(LOG_LEVEL_WARN, "store: the watch lost touch: %s", error);
        board->watch_lost = true;
        start_read(board);
        return;
    }
    if (board->watch_lost) { /* what happened meanwhile was not told */
        board->watch_lost = false;
        start_read(board);
    }
    if (!board->read_once || changes == NULL || changes->revision < board->revision)
        return; /* a read tells it, or has told it */
    if (changes->since > board->revision) {
        /* S1: what is missing in between may be an order, and a commit is compared with the orders
         * up to our revision (D8) */
        start_read(board);
        return;
    }
    for (size_t i = 0; i < changes->count; i++) { /* of what is older a read has told the end */
        if (changes->items[i].mod_revision >= board->revision)
            tell_change(board, &changes->items[i]);
    }
    board->revision = changes->revision;
    tell_store(board, false);
}

/* ---- the lease ---- */

static void on_renew_timer(uv_timer_t *timer)
{
    start_renewal(timer->data);
}

static void renew_after(struct board *board, msec_t after_ms)
{
    if (!board->closing)
        uv_timer_start(&board->renew_timer, on_renew_timer, (uint64_t)after_ms, 0);
}

static void tell_lease(struct board *board, bool alive, msec_t until_ms)
{
    struct event event = {.kind = EVENT_LEASE, .lease = {.alive = alive, .until_ms = until_ms}};

    board_tell_event(board, &event, NULL);
}

void board_lease_lost(struct board *board)
{
    if (board->lease_alive)
        log_say(LOG_LEVEL_WARN, "store: our lease was lost; asking for another");
    board->lease_alive = false;
    board_mark_dirty(board);
    tell_lease(board, false, 0);
    renew_after(board, 0);
}

static void on_renewed(void *context, enum store_status status, uint64_t revision,
                       const char *error)
{
    struct board *board = ((struct board_call *)context)->board;
    msec_t lease_ms = board->settings->store.lease_ms;
    bool was_alive = board->lease_alive;

    (void)revision;
    free(context);
    board->renewing = false;
    if (board->closing)
        return;
    board_note_write(board, status, error);
    if (status == STORE_LEASE_LOST) {
        board_lease_lost(board);
        renew_after(board, was_alive ? 0 : BOARD_RETRY_MS); /* lost twice: no hurry helps */
        return;
    }
    if (status != STORE_OK) {
        renew_after(board, BOARD_RETRY_MS < lease_ms / RENEWALS_PER_LEASE
                               ? BOARD_RETRY_MS
                               : lease_ms / RENEWALS_PER_LEASE);
        return;
    }
    board->lease_alive = true;
    board->lease_until_ms = board->renewed_ms + lease_ms;
    tell_lease(board, true, board->lease_until_ms);
    board_flush(board);
    renew_after(board, lease_ms / RENEWALS_PER_LEASE);
}

static void start_renewal(struct board *board)
{
    struct board_call *call;

    if (board->renewing)
        return;
    call = board_call_create(board, 0);
    if (call == NULL) {
        renew_after(board, BOARD_RETRY_MS);
        return;
    }
    board->renewing = true;
    board->renewed_ms = board->teller.now(board->teller.context);
    store_renew(board->store, on_renewed, call);
}

/* ---- life ---- */

int board_create(uv_loop_t *uv, const struct settings *settings, struct store *store,
                 const struct teller *teller, struct board **ret_board)
{
    struct board *board = calloc(1, sizeof(*board));

    if (board == NULL)
        return -ENOMEM;
    if (board_book_create(settings, &board->book) < 0) {
        free(board);
        return -ENOMEM;
    }
    board->settings = settings;
    board->store = store;
    board->teller = *teller;
    board->stats.read_ms = -1;
    uv_timer_init(uv, &board->read_timer);
    uv_timer_init(uv, &board->renew_timer);
    board->read_timer.data = board;
    board->renew_timer.data = board;
    board->open_timers = TIMER_COUNT;
    store_watch(store, KEYS_PREFIX, on_watch, board);
    start_renewal(board);
    start_read(board);
    *ret_board = board;
    return 0;
}

/* Votes on groups that these settings do not name any more would stand as long as our lease. */
static void delete_orphan_votes(struct board *board, const struct settings *before)
{
    const char *self = before->electors[before->self].name;

    for (uint32_t i = 0; i < before->group_count; i++) {
        struct store_put gone = {0};
        struct store_txn txn = {.puts = &gone, .put_count = 1};
        struct board_call *call;
        key_text key;

        if (settings_group(board->settings, before->groups[i].name) != NONE)
            continue;
        key_vote(key, self, before->groups[i].name);
        gone.key = key;
        call = board_call_create(board, NONE);
        if (call != NULL)
            store_txn(board->store, &txn, board_on_deleted, call);
    }
}

int board_reload(struct board *board, const struct settings *settings)
{
    const struct settings *before = board->settings;
    struct board_book book;

    if (board_book_create(settings, &book) < 0)
        return -ENOMEM;
    board_book_clear(&board->book, before);
    board->book = book;
    board->settings = settings;
    board->generation++;
    board->read_once = false;
    delete_orphan_votes(board, before);
    if (board->lease_alive)
        tell_lease(board, true, board->lease_until_ms);
    start_read(board);
    return 0;
}

void board_stats(const struct board *board, struct board_stats *ret_stats)
{
    *ret_stats = board->stats;
    ret_stats->revision = board->revision;
    ret_stats->orders = board->book.order_count;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct board *board = handle->data;

    board->open_timers--;
    if (board->open_timers == 0 && board->closed != NULL)
        board->closed(board->closed_context);
}

void board_close(struct board *board, void (*closed)(void *context), void *context)
{
    board->closing = true;
    board->closed = closed;
    board->closed_context = context;
    uv_close((uv_handle_t *)&board->read_timer, on_timer_closed);
    uv_close((uv_handle_t *)&board->renew_timer, on_timer_closed);
}

void board_destroy(struct board *board)
{
    if (board == NULL)
        return;
    assert(board->closing && board->open_timers == 0);
    board_book_clear(&board->book, board->settings);
    free(board);
}
