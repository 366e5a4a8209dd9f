/* SPDX-License-Identifier: Apache-2.0 */
/* board_state.h: what the board's files share: board.c reads and renews, board_tell.c makes events
 * of items, board_write.c writes. */
#ifndef REGIONSHIFT_BOARD_STATE_H
#define REGIONSHIFT_BOARD_STATE_H

#include <uv.h>

#include "board.h"
#include "keys.h"
#include "marks.h"

/* One key as it was told last. */
struct known {
    uint64_t revision;    /* of the item; 0: absent */
    uint64_t digest;      /* of its value */
    bool present;         /* told as present: an item that cannot be read is not */
    bool seen;            /* in the read that is being told */
    enum value_form form; /* of what stands there: told as well, when it cannot be read */
};

struct known_order {
    struct known known;
    struct order order; /* while known.revision > 0: at least its id */
    char *text;         /* as it stands, for who amends it; NULL: out of memory */
    size_t length;
    msec_t since_ms; /* when it was first seen as it is */
};

/* When all votes are to be written at once (a start, a lost lease), so many go together, and so
 * many times: what stands in a queue of the store's would only be late there. Well below what etcd
 * takes in one transaction (128), and what the file's queue holds (256 calls). */
enum { LEASED_AT_ONCE = 64, LEASED_CALLS_MAX = 8 };

/* One leased key of ours: what should stand there. */
struct leased {
    char *text; /* NULL: nothing, the key is deleted */
    size_t length;
    bool in_flight;
    uint64_t revision; /* of our last write */
};

/* Everything whose size or meaning depends on the settings. */
struct board_book {
    struct known *votes;    /* elector x group */
    struct known *suspects; /* by elector */
    struct known *heads;    /* by group */
    struct known budget;
    struct known_order *orders; /* ORDERS_MAX */
    uint32_t order_count;
    bool surplus_seen;     /* orders beyond the last place, in the read that is being told ... */
    bool surplus_told;     /* ... and told as one that cannot be read */
    struct leased *leased; /* our votes by group, then our suspects */
    struct marks dirty;    /* of those: the store does not have them yet, or lost them */
    uint32_t leased_calls; /* on their way */
};

struct board {
    const struct settings *settings;
    struct store *store;
    struct teller teller;
    struct board_book book;
    uint32_t generation; /* of settings: answers to calls of an older one are dropped */
    uv_timer_t read_timer;
    uv_timer_t renew_timer;
    uint32_t open_timers;
    bool closing;

    bool reading;
    bool read_again;     /* asked for while one is on its way */
    bool read_once;      /* under these settings */
    uint64_t told_floor; /* while a read is told: all up to here had been told before it */
    bool rewritten;      /* a key has another past than the one that was told (S1) */
    uint64_t read_floor; /* revision already known when the read began */
    bool watch_lost;
    uint64_t revision;

    uint32_t journal_turn; /* whose journal is looked through next (board_prune.c) */

    bool lease_alive;
    bool renewing;
    msec_t renewed_ms; /* when the renewal on its way was asked for */
    msec_t lease_until_ms;

    enum store_status read_status;
    enum store_status write_status;
    struct board_stats stats;
    void (*closed)(void *context);
    void *closed_context;
};

/* A call on its way to the store. */
struct board_call {
    struct board *board;
    uint32_t generation;
    uint32_t index;                  /* of what it is about */
    uint32_t leased[LEASED_AT_ONCE]; /* or the keys it writes */
    uint32_t leased_count;
    board_order_done order_done;
    void *order_context;
};

/* NULL: out of memory, already logged. */
struct board_call *board_call_create(struct board *board, uint32_t index);
/* Frees it; the board when the answer still matters, else NULL. */
struct board *board_call_finish(struct board_call *call);

void board_tell_event(struct board *board, const struct event *event, void *block);

/* board_tell.c: tells an item that changed; marks it as seen. */
void board_tell_item(struct board *board, const struct store_item *item);
/* Tells a key that is gone. */
void board_tell_gone(struct board *board, const struct key *key);
/* Around a whole read: what was not seen in between is gone. */
void board_tell_begin(struct board *board);
void board_tell_end(struct board *board);
/* Everything is told again, and written again: the store went back. */
void board_forget(struct board *board);

/* board_write.c */
void board_flush(struct board *board);
void board_mark_dirty(struct board *board);
/* board_prune.c: how many decisions of a group the journal keeps: fewer where there are many sites.
 */
uint32_t board_journal_kept(const struct settings *settings);
/* Deletes what nobody needs any more, as seen in a whole read, when it is our turn. */
void board_prune(struct board *board, const struct store_view *view);
void board_on_deleted(void *context, enum store_status status, uint64_t revision,
                      const char *error);

/* board.c: takes a status into account; says so when it changed. */
void board_note_write(struct board *board, enum store_status status, const char *error);
void board_lease_lost(struct board *board);
void board_read_now(struct board *board);

int board_book_create(const struct settings *settings, struct board_book *ret_book);
void board_book_clear(struct board_book *book, const struct settings *settings);

#endif
