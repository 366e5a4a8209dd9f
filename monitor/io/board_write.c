/* SPDX-License-Identifier: Apache-2.0 */
/* What we write: our votes and suspects under the lease, commits, orders. A leased key is level
 * triggered: the board knows what should stand there and writes until the store has it. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board_state.h"
#include "log.h"
#include "store_json.h"

/* ---- leased keys ---- */

static void leased_key(const struct board *board, uint32_t index, key_text key)
{
    const struct settings *settings = board->settings;
    const char *self = settings->electors[settings->self].name;

    if (index < settings->group_count)
        key_vote(key, self, settings->groups[index].name);
    else
        key_suspects(key, self);
}

/* The answer to one write, for each of its keys. */
static void note_leased(struct board_book *book, const struct board_call *call,
                        enum store_status status, uint64_t revision)
{
    book->leased_calls--;
    for (uint32_t i = 0; i < call->leased_count; i++) {
        struct leased *leased = &book->leased[call->leased[i]];

        leased->in_flight = false;
        leased->revision = revision;
        if (status != STORE_OK)
            marks_put(&book->dirty, call->leased[i]); /* by the flush after the next renewal */
    }
}

static void on_leased(void *context, enum store_status status, uint64_t revision, const char *error)
{
    struct board_call call = *(struct board_call *)context;
    struct board *board = board_call_finish(context);

    if (board == NULL)
        return;
    note_leased(&board->book, &call, status, revision);
    board_note_write(board, status, error);
    if (status == STORE_LEASE_LOST)
        board_lease_lost(board);
    else if (status == STORE_OK)
        board_flush(board);
}

/* Takes the next votes that want writing, up to as many as go together. */
static void take_votes(struct board *board, struct board_call *call)
{
    struct board_book *book = &board->book;
    uint32_t votes = board->settings->group_count;

    for (uint32_t i = marks_next(&book->dirty, 0); i < votes && call->leased_count < LEASED_AT_ONCE;
         i = marks_next(&book->dirty, i + 1)) {
        if (!book->leased[i].in_flight)
            call->leased[call->leased_count++] = i;
    }
}

/* V2: suspicions wait for no votes. */
static void take_suspects(struct board *board, struct board_call *call)
{
    uint32_t suspects = board->settings->group_count;

    if (marks_has(&board->book.dirty, suspects) && !board->book.leased[suspects].in_flight)
        call->leased[call->leased_count++] = suspects;
}

static void write_leased(struct board *board, struct board_call *call)
{
    struct store_put puts[LEASED_AT_ONCE];
    key_text keys[LEASED_AT_ONCE];

    for (uint32_t i = 0; i < call->leased_count; i++) {
        struct leased *leased = &board->book.leased[call->leased[i]];

        leased->in_flight = true;
        marks_take(&board->book.dirty, call->leased[i]);
        leased_key(board, call->leased[i], keys[i]);
        puts[i] = (struct store_put){.key = keys[i],
                                     .value = leased->text,
                                     .length = leased->text != NULL ? leased->length : 0,
                                     .leased = leased->text != NULL};
    }
    board->book.leased_calls++;
    store_txn(board->store, &(struct store_txn){.puts = puts, .put_count = call->leased_count},
              on_leased, call);
}

/* Writes what one of the two above takes. Returns false when it takes nothing. */
static bool write_taken(struct board *board,
                        void (*take)(struct board *board, struct board_call *call))
{
    struct board_call *call = board_call_create(board, NONE);

    if (call == NULL)
        return false;
    take(board, call);
    if (call->leased_count == 0) {
        free(call);
        return false;
    }
    write_leased(board, call);
    return true;
}

void board_flush(struct board *board)
{
    if (!board->lease_alive || marks_next(&board->book.dirty, 0) == NONE)
        return;
    while (board->book.leased_calls < LEASED_CALLS_MAX && write_taken(board, take_votes))
        ;
    (void)write_taken(board, take_suspects);
}

void board_mark_dirty(struct board *board)
{
    for (uint32_t i = 0; i <= board->settings->group_count; i++) {
        if (board->book.leased[i].text != NULL)
            marks_put(&board->book.dirty, i);
    }
}

/* Takes a text over; NULL: the key shall not be. */
static void want(struct board *board, uint32_t index, char *text, size_t length)
{
    struct leased *leased = &board->book.leased[index];

    free(leased->text);
    leased->text = text;
    leased->length = length;
    marks_put(&board->book.dirty, index);
    board_flush(board);
}

/* A text of a value in memory of its own, or NULL, said in the log. */
static char *value_create(const char *text, int length, const char *what)
{
    char *copy = length >= 0 ? malloc((size_t)length + 1) : NULL;

    if (copy == NULL) {
        log_say(LOG_LEVEL_ERROR, "store: %s does not fit into %d bytes, or memory is out", what,
                STORE_VALUE_MAX);
        return NULL;
    }
    memcpy(copy, text, (size_t)length + 1);
    return copy;
}

void board_put_vote(struct board *board, const struct vote *vote)
{
    char text[STORE_VALUE_MAX + 1];
    int length = vote_write(vote, text, sizeof(text));
    char *copy = value_create(text, length, "our vote");

    if (copy != NULL)
        want(board, vote->group, copy, (size_t)length);
}

void board_put_suspects(struct board *board, const uint32_t *sites, uint32_t count)
{
    char text[STORE_VALUE_MAX + 1];
    uint32_t index = board->settings->group_count;
    int length;
    char *copy;

    if (count == 0) {
        want(board, index, NULL, 0);
        return;
    }
    length = suspects_write(board->settings, sites, count, text, sizeof(text));
    copy = value_create(text, length, "the list of suspects");
    if (copy != NULL)
        want(board, index, copy, (size_t)length);
}

/* ---- commits (D8) ---- */

/* A transaction being built, with the keys and values it points to. */
struct draft {
    struct store_compare
        compares[PROBES_MAX + 4]; /* votes, head, orders, budget, the obeyed order */
    key_text vote_keys[PROBES_MAX];
    struct store_put puts[5]; /* head, journal, the decision that leaves it, budget, order */
    key_text head_key;
    key_text journal_key;
    key_text forgotten_key;
    key_text order_key;
    char decision[STORE_VALUE_MAX + 1];
    char order[STORE_VALUE_MAX + 1];
    char budget[BUDGET_MAX * 24 + 64];
    struct store_txn txn;
};

static void compare(struct draft *draft, enum store_compare_kind kind, const char *key,
                    uint64_t revision)
{
    draft->compares[draft->txn.compare_count++] = (struct store_compare){kind, key, revision};
}

static void put(struct draft *draft, const char *key, const char *value, int length)
{
    draft->puts[draft->txn.put_count++] =
        (struct store_put){.key = key, .value = value, .length = (size_t)length};
}

static void draft_compares(const struct settings *settings, const struct commit *commit,
                           struct draft *draft)
{
    const char *group = settings->groups[commit->decision.group].name;

    key_decision(draft->head_key, group);
    compare(draft, STORE_MOD_IS, draft->head_key, commit->head_revision);
    for (uint32_t i = 0; i < commit->vote_count; i++) {
        key_vote(draft->vote_keys[i], settings->electors[commit->votes[i].probe].name, group);
        compare(draft, STORE_MOD_IS, draft->vote_keys[i], commit->votes[i].revision);
    }
    compare(draft, STORE_PREFIX_NOT_AFTER, KEYS_ORDERS, commit->orders_revision);
    compare(draft, STORE_MOD_IS, KEYS_BUDGET, commit->budget_revision);
    if (commit->obeyed == NULL)
        return;
    /* it still stands: a deletion leaves no newer order, and must not be undone by a mark */
    key_order(draft->order_key, commit->obeyed->id);
    compare(draft, STORE_MOD_IS, draft->order_key, commit->obeyed->mod_revision);
}

/* A decision takes the one with it that is too old for the journal, so that it keeps its bound
 * however fast decisions come; epochs that were left out leave less. */
static void draft_journal(const struct settings *settings, const struct commit *commit,
                          struct draft *draft, int length)
{
    const char *group = settings->groups[commit->decision.group].name;
    uint64_t epoch = commit->decision.epoch;
    uint32_t kept = board_journal_kept(settings);

    key_journal(draft->journal_key, group, epoch);
    put(draft, draft->journal_key, draft->decision, length);
    if (epoch <= kept)
        return;
    key_journal(draft->forgotten_key, group, epoch - kept);
    put(draft, draft->forgotten_key, NULL, 0);
}

/* The order as it stands, with its new mark (D7): amended, so that nothing that a newer version or
 * other settings said in it is lost. */
static int amended(const struct board *board, const struct order *order, char *out, size_t size)
{
    const struct board_book *book = &board->book;

    for (uint32_t i = 0; i < book->order_count; i++) {
        const struct known_order *known = &book->orders[i];

        if (strcmp(known->order.id, order->id) == 0 && known->text != NULL)
            return order_amend(board->settings, order, known->text, known->length, out, size);
    }
    return order_write(board->settings, order, out, size);
}

/* 0, or -1: a value does not fit. */
static int draft_puts(const struct board *board, const struct commit *commit, struct draft *draft)
{
    const struct settings *settings = board->settings;
    int length =
        decision_write(settings, &commit->decision, draft->decision, sizeof(draft->decision));

    if (length < 0)
        return -1;
    put(draft, draft->head_key, draft->decision, length);
    draft_journal(settings, commit, draft, length);
    if (commit->writes_budget) {
        length = budget_write(commit->budget, commit->budget_count, draft->budget,
                              sizeof(draft->budget));
        if (length < 0)
            return -1;
        put(draft, KEYS_BUDGET, draft->budget, length);
    }
    if (commit->obeyed == NULL)
        return 0;
    length = amended(board, commit->obeyed, draft->order, sizeof(draft->order));
    if (length < 0)
        return -1;
    key_order(draft->order_key, commit->obeyed->id);
    put(draft, draft->order_key, draft->order, length);
    return 0;
}

static void tell_commit(struct board *board, uint32_t group, enum store_status status,
                        uint64_t revision)
{
    struct event event = {.kind = EVENT_COMMIT};

    event.commit = (struct event_commit){group, status, revision};
    board_tell_event(board, &event, NULL);
}

/* A lost answer means "perhaps": what stands in the store says what happened, so it is read. */
static void on_commit(void *context, enum store_status status, uint64_t revision, const char *error)
{
    uint32_t group = ((struct board_call *)context)->index;
    struct board *board = board_call_finish(context);

    if (board == NULL)
        return;
    board_note_write(board, status, error);
    tell_commit(board, group, status, revision);
    if (status != STORE_OK)
        board_read_now(board);
}

void board_commit(struct board *board, const struct commit *commit)
{
    struct draft *draft = calloc(1, sizeof(*draft));
    struct board_call *call = board_call_create(board, commit->decision.group);

    assert(commit->vote_count <= PROBES_MAX && commit->budget_count <= BUDGET_MAX);
    if (draft == NULL || call == NULL || draft_puts(board, commit, draft) < 0) {
        log_say(LOG_LEVEL_ERROR, "store: decision %llu of %s does not fit, or memory is out",
                (unsigned long long)commit->decision.epoch,
                board->settings->groups[commit->decision.group].name);
        tell_commit(board, commit->decision.group, STORE_FULL, 0);
        free(call);
        free(draft);
        return;
    }
    draft_compares(board->settings, commit, draft);
    draft->txn.compares = draft->compares;
    draft->txn.puts = draft->puts;
    store_txn(board->store, &draft->txn, on_commit, call);
    free(draft);
}

/* ---- orders (D7) ---- */

static void on_order(void *context, enum store_status status, uint64_t revision, const char *error)
{
    board_order_done done = ((struct board_call *)context)->order_done;
    void *order_context = ((struct board_call *)context)->order_context;
    struct board *board = board_call_finish(context);

    (void)revision;
    done(order_context, status, error);
    if (board != NULL)
        board_note_write(board, status, error);
}

/* What nobody can read may have been a freeze, and a thaw of everything ends it; what only a newer
 * version reads, only a newer version may undo. */
static bool makes_void(const struct order *newer, const struct known_order *known)
{
    bool thaws_all = newer->verb == ORDER_THAW && newer->group == NONE;

    return (known->known.present && order_overrules(newer, &known->order)) ||
           (known->known.form == VALUE_BROKEN && thaws_all);
}

/* The puts of an order: itself, and the deletion of those it makes void. Returns how many orders
 * stand afterwards. */
static uint32_t order_puts(const struct board *board, const struct order *order,
                           struct store_put puts[STORE_PUTS_MAX], key_text keys[STORE_PUTS_MAX],
                           size_t *ret_count)
{
    const struct board_book *book = &board->book;
    uint32_t left = book->order_count + 1;
    size_t count = 1; /* puts[0] is the order itself */

    for (uint32_t i = 0; i < book->order_count && count < STORE_PUTS_MAX; i++) {
        const struct known_order *known = &book->orders[i];

        if (strcmp(known->order.id, order->id) == 0 || !makes_void(order, known))
            continue;
        key_order(keys[count], known->order.id);
        puts[count] = (struct store_put){.key = keys[count]};
        count++;
        left--;
    }
    *ret_count = count;
    return left;
}

/* Writes an order that no key holds yet; with not_after, only if no order is newer than that. */
static int put_order(struct board *board, const struct order *order, const uint64_t *not_after,
                     struct board_call *call, uint32_t *ret_left)
{
    struct store_put puts[STORE_PUTS_MAX] = {{0}};
    key_text keys[STORE_PUTS_MAX];
    struct store_compare compares[2] = {{STORE_MOD_IS, keys[0], 0},
                                        {STORE_PREFIX_NOT_AFTER, KEYS_ORDERS, 0}};
    struct store_txn txn = {.compares = compares, .compare_count = 1, .puts = puts};
    char text[STORE_VALUE_MAX + 1];
    int length = order_write(board->settings, order, text, sizeof(text));

    *ret_left = order_puts(board, order, puts, keys, &txn.put_count);
    if (length < 0 || *ret_left > ORDERS_GIVEN_MAX || call == NULL)
        return -1;
    key_order(keys[0], order->id);
    puts[0] = (struct store_put){.key = keys[0], .value = text, .length = (size_t)length};
    if (not_after != NULL)
        compares[txn.compare_count++].revision = *not_after;
    store_txn(board->store, &txn, on_order, call);
    return 0;
}

int board_put_order(struct board *board, const struct order *order, board_order_done done,
                    void *context, char *error, size_t error_size)
{
    struct board_call *call = board_call_create(board, 0);
    uint32_t left = 0;

    if (call != NULL) {
        call->order_done = done;
        call->order_context = context;
    }
    if (put_order(board, order, NULL, call, &left) == 0)
        return 0;
    free(call);
    snprintf(error, error_size, "%s",
             left > ORDERS_GIVEN_MAX ? "too many orders stand in the store: thaw or restore first"
                                     : "the order does not fit into the store, or memory is out");
    return -1;
}

/* What stands in the store then says whether it was taken; the engine asks again until it does. */
static void on_kept(void *context, enum store_status status, const char *error)
{
    struct board *board = context;

    if (status != STORE_OK)
        log_say(LOG_LEVEL_WARN, "store: a local order was not taken: %s",
                error[0] != '\0' ? error : store_status_name(status));
    if (!board->closing)
        board_read_now(board);
}

void board_keep_order(struct board *board, const struct order *order, uint64_t revision)
{
    struct board_call *call = board_call_create(board, 0);
    uint32_t left = 0;

    if (call != NULL) {
        call->order_done = on_kept;
        call->order_context = board;
    }
    if (put_order(board, order, &revision, call, &left) == 0)
        return;
    free(call);
    log_say(LOG_LEVEL_ERROR, "store: local order %s does not fit: %u orders would stand", order->id,
            left);
}

int board_withdraw_order(struct board *board, const struct order *seen, wall_t until_wall,
                         board_order_done done, void *context)
{
    struct order ended = *seen;
    char text[STORE_VALUE_MAX + 1];
    key_text key;
    struct store_compare same = {STORE_MOD_IS, key, seen->mod_revision};
    struct store_put put = {.key = key, .value = text};
    struct store_txn txn = {.compares = &same, .compare_count = 1, .puts = &put, .put_count = 1};
    struct board_call *call;
    int length;

    ended.until_wall = until_wall;
    length = amended(board, &ended, text, sizeof(text));
    call = length >= 0 ? board_call_create(board, 0) : NULL;
    if (call == NULL)
        return -1;
    key_order(key, seen->id);
    put.length = (size_t)length;
    call->order_done = done;
    call->order_context = context;
    store_txn(board->store, &txn, on_order, call);
    return 0;
}
