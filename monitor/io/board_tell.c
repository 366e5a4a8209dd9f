/* SPDX-License-Identifier: Apache-2.0 */
/* Items become events. Each key that matters has a `struct known`: what was told of it last. An
 * item whose revision is known is nothing new. One that cannot be read is said once, and told with
 * its form: it cannot be counted, and it is not nothing: a head stops decisions here, an order
 * freezes, a ledger stops moves (store_form.h). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board_state.h"
#include "log.h"
#include "store_form.h"
#include "store_json.h"

/* The name under which orders are told that find no place. */
#define SURPLUS_ID "too-many"

/* ---- the book ---- */

int board_book_create(const struct settings *settings, struct board_book *ret_book)
{
    size_t electors = settings->elector_count;
    size_t groups = settings->group_count;
    struct board_book book = {
        .votes = calloc(electors * groups + 1, sizeof(*book.votes)),
        .suspects = calloc(electors + 1, sizeof(*book.suspects)),
        .heads = calloc(groups + 1, sizeof(*book.heads)),
        .orders = calloc(ORDERS_MAX, sizeof(*book.orders)),
        .leased = calloc(groups + 1, sizeof(*book.leased)),
        .dirty = {.words = calloc((size_t)marks_words((uint32_t)groups + 1) +
                                      marks_filled((uint32_t)groups + 1),
                                  sizeof(*book.dirty.words))},
    };

    if (book.votes == NULL || book.suspects == NULL || book.heads == NULL || book.orders == NULL ||
        book.leased == NULL || book.dirty.words == NULL) {
        board_book_clear(&book, NULL);
        return -ENOMEM;
    }
    book.dirty.limit = (uint32_t)groups + 1;
    book.dirty.filled = book.dirty.words + marks_words(book.dirty.limit);
    marks_put(&book.dirty, (uint32_t)groups); /* suspects of an earlier life of ours are none now */
    *ret_book = book;
    return 0;
}

void board_book_clear(struct board_book *book, const struct settings *settings)
{
    for (uint32_t i = 0; settings != NULL && i <= settings->group_count; i++)
        free(book->leased[i].text);
    free(book->votes);
    free(book->suspects);
    free(book->heads);
    for (uint32_t i = 0; i < book->order_count; i++)
        free(book->orders[i].text);
    free(book->orders);
    free(book->leased);
    free(book->dirty.words);
}

/* ---- what is gone ---- */

/* Gone, or there and not to be read: what the three below tell. */
static void tell_no_vote(struct board *board, uint32_t probe, uint32_t group, enum value_form form)
{
    struct event event = {.kind = EVENT_VOTE, .vote = {.form = form}};

    event.vote.vote.probe = probe;
    event.vote.vote.group = group;
    board_tell_event(board, &event, NULL);
}

static void tell_suspects_gone(struct board *board, uint32_t probe)
{
    struct event event = {.kind = EVENT_SUSPECT, .suspect = {.probe = probe}};

    board_tell_event(board, &event, NULL);
}

static void tell_no_head(struct board *board, uint32_t group, enum value_form form)
{
    struct event event = {.kind = EVENT_HEAD, .head = {.group = group, .form = form}};

    board_tell_event(board, &event, NULL);
}

/* The revision is compared by every commit, so it is told of what cannot be read, too. */
static void tell_no_budget(struct board *board, uint64_t revision, enum value_form form)
{
    struct event event = {.kind = EVENT_BUDGET, .budget = {.revision = revision, .form = form}};

    board_tell_event(board, &event, NULL);
}

static void tell_order_gone(struct board *board, const struct order *gone)
{
    struct event event = {.kind = EVENT_ORDER};
    struct order *order = calloc(1, sizeof(*order));

    if (order == NULL) {
        log_say(LOG_LEVEL_ERROR, "store: out of memory telling that an order is gone");
        return;
    }
    memcpy(order->id, gone->id, sizeof(order->id));
    event.order.order = order;
    board_tell_event(board, &event, order);
}

/* Forgets a key; true when it had been told of. */
static bool leave(struct known *known)
{
    bool was_present = known->present || known->form != VALUE_READ;

    *known = (struct known){0};
    return was_present;
}

static void order_gone(struct board *board, uint32_t index)
{
    struct board_book *book = &board->book;

    if (leave(&book->orders[index].known))
        tell_order_gone(board, &book->orders[index].order);
    free(book->orders[index].text);
    book->orders[index] = book->orders[--book->order_count];
}

static void vote_gone(struct board *board, uint32_t probe, uint32_t group)
{
    struct known *known = &board->book.votes[probe * board->settings->group_count + group];

    if (!leave(known))
        return;
    tell_no_vote(board, probe, group, VALUE_READ);
    if (probe == board->settings->self) { /* ours: somebody removed it, or our lease lapsed */
        if (board->book.leased[group].text != NULL)
            marks_put(&board->book.dirty, group);
        board_flush(board);
    }
}

static uint32_t find_order(const struct board_book *book, const char *id)
{
    for (uint32_t i = 0; i < book->order_count; i++) {
        if (strcmp(book->orders[i].order.id, id) == 0)
            return i;
    }
    return NONE;
}

void board_tell_gone(struct board *board, const struct key *key)
{
    struct board_book *book = &board->book;
    uint32_t probe = settings_elector(board->settings, key->probe);
    uint32_t group = settings_group(board->settings, key->group);
    uint32_t order;

    if (key->kind == KEY_VOTE && probe != NONE && group != NONE) {
        vote_gone(board, probe, group);
    } else if (key->kind == KEY_SUSPECTS && probe != NONE && leave(&book->suspects[probe])) {
        tell_suspects_gone(board, probe);
    } else if (key->kind == KEY_DECISION && group != NONE && leave(&book->heads[group])) {
        tell_no_head(board, group, VALUE_READ);
    } else if (key->kind == KEY_BUDGET && leave(&book->budget)) {
        tell_no_budget(board, 0, VALUE_READ);
    } else if (key->kind == KEY_ORDER) {
        order = find_order(book, key->id);
        if (order != NONE)
            order_gone(board, order);
    }
}

/* ---- what is there ---- */

/* True when this item is news. All that was written up to the floor has been told; what was and is
 * another now shows that the store was set back, though its revision has passed ours again (S1). */
static bool is_news(struct board *board, struct known *known, const struct store_item *item)
{
    uint64_t digest = store_value_digest(item->value, item->length);
    bool is_same = known->revision == item->mod_revision && known->digest == digest;

    known->seen = true;
    if (is_same)
        return false;
    if (known->revision != 0 && item->mod_revision <= board->told_floor)
        board->rewritten = true;
    known->revision = item->mod_revision;
    known->digest = digest;
    return true;
}

/* Says once that a value cannot be read, and what follows from it. */
static void unreadable(struct board *board, struct known *known, const struct store_item *item,
                       int form, const char *error, const char *therefore)
{
    board->stats.undecodable++;
    known->present = false;
    known->form = (enum value_form)form;
    log_say(LOG_LEVEL_ERROR, "store: %s at revision %llu cannot be read, so %s: %s", item->key,
            (unsigned long long)item->mod_revision, therefore, error);
}

static void readable(struct known *known)
{
    known->present = true;
    known->form = VALUE_READ;
}

/* Our own vote, and not as we wrote it. It is written again after the next renewal, and not at
 * once: if two daemons share a name by mistake, they shall not race. */
static void check_own_vote(struct board *board, const struct store_item *item, uint32_t group)
{
    struct leased *leased = &board->book.leased[group];

    if (leased->in_flight || marks_has(&board->book.dirty, group) || leased->text == NULL ||
        item->mod_revision <= leased->revision)
        return;
    if (item->length == leased->length && memcmp(item->value, leased->text, item->length) == 0)
        return;
    marks_put(&board->book.dirty, group);
    log_say(LOG_LEVEL_ERROR, "store: %s was overwritten: does another daemon run as %s?", item->key,
            board->settings->electors[board->settings->self].name);
}

static void tell_vote(struct board *board, const struct store_item *item, uint32_t probe,
                      uint32_t group)
{
    struct known *known = &board->book.votes[probe * board->settings->group_count + group];
    struct event event = {.kind = EVENT_VOTE};
    char error[VALUE_ERROR_SIZE];
    struct vote *vote;
    int form;

    if (!is_news(board, known, item))
        return;
    if (probe == board->settings->self)
        check_own_vote(board, item, group);
    form = vote_read(board->settings, probe, group, item->value, item->length, &vote, error,
                     sizeof(error));
    if (form != VALUE_READ) {
        unreadable(board, known, item, form, error, "this vote does not count (A2)");
        tell_no_vote(board, probe, group, known->form);
        return;
    }
    readable(known);
    event.vote.present = true;
    event.vote.revision = item->mod_revision;
    event.vote.vote = *vote;
    board_tell_event(board, &event, vote);
}

static void tell_suspects(struct board *board, const struct store_item *item, uint32_t probe)
{
    struct known *known = &board->book.suspects[probe];
    struct event event = {.kind = EVENT_SUSPECT, .suspect = {.probe = probe}};
    char error[VALUE_ERROR_SIZE] = "out of memory";
    uint32_t *sites;
    int form = VALUE_BROKEN;

    if (!is_news(board, known, item))
        return;
    sites = calloc((size_t)board->settings->site_count + 1, sizeof(*sites));
    if (sites != NULL)
        form = suspects_read(board->settings, item->value, item->length, sites,
                             &event.suspect.count, error, sizeof(error));
    if (form != VALUE_READ) { /* a hint: who suspects nothing costs time, and no safety */
        free(sites);
        unreadable(board, known, item, form, error, "this probe suspects nothing");
        tell_suspects_gone(board, probe);
        return;
    }
    readable(known);
    event.suspect.sites = sites;
    board_tell_event(board, &event, sites);
}

static void tell_head(struct board *board, const struct store_item *item, uint32_t group)
{
    struct known *known = &board->book.heads[group];
    struct event event = {.kind = EVENT_HEAD};
    char error[VALUE_ERROR_SIZE];
    struct decision *decision;
    int form;

    if (!is_news(board, known, item))
        return;
    form = decision_read(board->settings, group, item->value, item->length, &decision, error,
                         sizeof(error));
    if (form != VALUE_READ) {
        unreadable(board, known, item, form, error, "nothing is decided or changed from here");
        tell_no_head(board, group, known->form);
        return;
    }
    readable(known);
    event.head = (struct event_head){
        .group = group, .present = true, .revision = item->mod_revision, .decision = decision};
    board_tell_event(board, &event, decision);
}

static void tell_budget(struct board *board, const struct store_item *item)
{
    struct known *known = &board->book.budget;
    struct event event = {.kind = EVENT_BUDGET, .budget = {.revision = item->mod_revision}};
    char error[VALUE_ERROR_SIZE] = "out of memory";
    wall_t *moves;
    int form = VALUE_BROKEN;

    if (!is_news(board, known, item))
        return;
    moves = calloc(BUDGET_MAX, sizeof(*moves));
    if (moves != NULL)
        form = budget_read(item->value, item->length, moves, &event.budget.count, error,
                           sizeof(error));
    if (form != VALUE_READ) {
        free(moves);
        unreadable(board, known, item, form, error, "nothing is moved from here (D6)");
        tell_no_budget(board, item->mod_revision, known->form);
        return;
    }
    readable(known);
    event.budget.moves = moves;
    board_tell_event(board, &event, moves);
}

/* The place of an order, new ones at the end; NULL: there is no room. */
static struct known_order *order_place(struct board *board, const char *id)
{
    struct board_book *book = &board->book;
    uint32_t index = find_order(book, id);

    if (index != NONE)
        return &book->orders[index];
    if (book->order_count == ORDERS_MAX - 1 || strlen(id) > ORDER_ID_MAX)
        return NULL; /* the last place is for what has none */
    book->orders[book->order_count] = (struct known_order){0};
    memcpy(book->orders[book->order_count].order.id, id, strlen(id) + 1);
    return &book->orders[book->order_count++];
}

/* D7: what cannot be read may be a freeze; what concerns others is no order for us. */
static void take_illegible(struct board *board, const struct store_item *item, int form,
                           const char *error, struct known_order *place, struct order *ret_order)
{
    struct order order = {.verb = ORDER_UNREADABLE, .region = NONE, .group = NONE};

    memcpy(order.id, place->order.id, sizeof(order.id));
    snprintf(order.reason, sizeof(order.reason), "%.*s", ORDER_REASON_MAX, error);
    *ret_order = order;
    if (form != VALUE_FOREIGN) {
        unreadable(board, &place->known, item, form, error, "it freezes every group here (D7)");
        return;
    }
    log_say(LOG_LEVEL_WARN, "store: %s moves nothing here: %s", item->key, error);
    place->known.present = false;
    place->known.form = VALUE_READ;
}

/* Amending keeps what we do not understand (order_amend()), so the text is kept. */
static void keep_text(struct known_order *place, const struct store_item *item)
{
    free(place->text);
    place->text = malloc(item->length + 1);
    place->length = item->length;
    if (place->text != NULL)
        memcpy(place->text, item->value, item->length + 1);
}

/* D7: an order that finds no place is not overlooked: it may be a freeze. */
static void tell_surplus(struct board *board, const char *id, uint64_t revision)
{
    struct event event = {.kind = EVENT_ORDER, .order = {.present = true}};
    struct order *order;

    board->book.surplus_seen = true;
    if (board->book.surplus_told)
        return;
    order = calloc(1, sizeof(*order));
    if (order == NULL)
        return; /* with the next read */
    log_say(LOG_LEVEL_ERROR,
            "store: order '%.80s' is one too many, or has too long a name: every group is frozen "
            "here until there are fewer than %d",
            id, ORDERS_MAX);
    *order = (struct order){.verb = ORDER_UNREADABLE,
                            .region = NONE,
                            .group = NONE,
                            .create_revision = revision,
                            .mod_revision = revision,
                            .id = SURPLUS_ID,
                            .reason = "more orders stand in the store than can be known"};
    event.order.order = order;
    board->book.surplus_told = true;
    board_tell_event(board, &event, order);
}

static void tell_order(struct board *board, const struct store_item *item, const char *id)
{
    struct known_order *place = order_place(board, id);
    struct event event = {.kind = EVENT_ORDER, .order = {.present = true}};
    char error[VALUE_ERROR_SIZE] = "";
    struct order *order;
    bool was_told;
    int form;

    if (place == NULL) {
        tell_surplus(board, id, item->mod_revision);
        return;
    }
    if (!is_news(board, &place->known, item))
        return;
    order = calloc(1, sizeof(*order));
    if (order == NULL) {
        place->known.revision = 0; /* again with the next read */
        log_say(LOG_LEVEL_ERROR, "store: out of memory for order %s", id);
        return;
    }
    keep_text(place, item);
    place->since_ms = board->teller.now(board->teller.context);
    was_told = place->known.present || place->known.form != VALUE_READ;
    form = order_read(board->settings, id, item->value, item->length, order, error, sizeof(error));
    if (form == VALUE_READ)
        readable(&place->known);
    else
        take_illegible(board, item, form, error, place, order);
    order->create_revision = item->create_revision;
    order->mod_revision = item->mod_revision;
    place->order = *order;
    event.order.order = order;
    event.order.present = form != VALUE_FOREIGN;
    if (event.order.present || was_told)
        board_tell_event(board, &event, order);
    else
        free(order);
}

void board_tell_item(struct board *board, const struct store_item *item)
{
    uint32_t probe;
    uint32_t group;
    struct key key;

    if (key_parse(item->key, &key) < 0)
        return; /* somebody else's key under our prefix: not ours to judge */
    probe = settings_elector(board->settings, key.probe);
    group = settings_group(board->settings, key.group);
    if (key.kind == KEY_VOTE && probe != NONE && group != NONE)
        tell_vote(board, item, probe, group);
    else if (key.kind == KEY_SUSPECTS && probe != NONE)
        tell_suspects(board, item, probe);
    else if (key.kind == KEY_DECISION && group != NONE)
        tell_head(board, item, group);
    else if (key.kind == KEY_BUDGET)
        tell_budget(board, item);
    else if (key.kind == KEY_ORDER)
        tell_order(board, item, key.id);
}

/* ---- what cannot be read, for people ---- */

struct visit {
    board_visit visit;
    void *context;
    uint32_t count;
};

static void look_at(struct visit *visit, const char *key, const struct known *known)
{
    if (known->form == VALUE_READ)
        return;
    visit->count++;
    if (visit->visit != NULL)
        visit->visit(visit->context, key, known->form);
}

uint32_t board_unreadable(const struct board *board, board_visit visit, void *context)
{
    const struct settings *settings = board->settings;
    const struct board_book *book = &board->book;
    struct visit visitor = {.visit = visit, .context = context};
    key_text key;

    for (uint32_t g = 0; g < settings->group_count; g++) {
        key_decision(key, settings->groups[g].name);
        look_at(&visitor, key, &book->heads[g]);
        for (uint32_t p = 0; p < settings->elector_count; p++) {
            key_vote(key, settings->electors[p].name, settings->groups[g].name);
            look_at(&visitor, key, &book->votes[p * settings->group_count + g]);
        }
    }
    for (uint32_t p = 0; p < settings->elector_count; p++) {
        key_suspects(key, settings->electors[p].name);
        look_at(&visitor, key, &book->suspects[p]);
    }
    look_at(&visitor, KEYS_BUDGET, &book->budget);
    for (uint32_t i = 0; i < book->order_count; i++) {
        key_order(key, book->orders[i].order.id);
        look_at(&visitor, key, &book->orders[i].known);
    }
    return visitor.count;
}

/* ---- a whole read ---- */

/* Calls visit for every known but the orders. */
static void each_known(struct board *board, void (*visit)(struct known *known))
{
    const struct settings *settings = board->settings;
    struct board_book *book = &board->book;

    for (uint32_t i = 0; i < settings->elector_count * settings->group_count; i++)
        visit(&book->votes[i]);
    for (uint32_t i = 0; i < settings->elector_count; i++)
        visit(&book->suspects[i]);
    for (uint32_t i = 0; i < settings->group_count; i++)
        visit(&book->heads[i]);
    visit(&book->budget);
    for (uint32_t i = 0; i < book->order_count; i++)
        visit(&book->orders[i].known);
}

static void unsee(struct known *known)
{
    known->seen = false;
}

static void forget(struct known *known)
{
    known->revision = 0;
}

void board_tell_begin(struct board *board)
{
    board->book.surplus_seen = false;
    each_known(board, unsee);
}

/* What we wrote is not known to stand either: a copy may hold our lease, and a vote of last week
 * under it. */
void board_forget(struct board *board)
{
    each_known(board, forget);
    board_mark_dirty(board);
    marks_put(&board->book.dirty, board->settings->group_count); /* suspects, even if none */
}

void board_tell_end(struct board *board)
{
    const struct settings *settings = board->settings;
    struct board_book *book = &board->book;

    for (uint32_t i = 0; i < settings->elector_count * settings->group_count; i++) {
        if (!book->votes[i].seen)
            vote_gone(board, i / settings->group_count, i % settings->group_count);
    }
    for (uint32_t i = 0; i < settings->elector_count; i++) {
        if (!book->suspects[i].seen && leave(&book->suspects[i]))
            tell_suspects_gone(board, i);
    }
    for (uint32_t i = 0; i < settings->group_count; i++) {
        if (!book->heads[i].seen && leave(&book->heads[i]))
            tell_no_head(board, i, VALUE_READ);
    }
    if (!book->budget.seen && leave(&book->budget))
        tell_no_budget(board, 0, VALUE_READ);
    for (uint32_t i = book->order_count; i-- > 0;) {
        if (!book->orders[i].known.seen)
            order_gone(board, i);
    }
    if (book->surplus_told && !book->surplus_seen) {
        static const struct order surplus = {.id = SURPLUS_ID};

        book->surplus_told = false;
        tell_order_gone(board, &surplus);
    }
}
