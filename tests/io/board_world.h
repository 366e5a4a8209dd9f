/* SPDX-License-Identifier: Apache-2.0 */
/* board_world.h: a board on a store of paper, and what it told as lines of text. One for each test
 * process; the names are short because every test reads them. */
#ifndef REGIONSHIFT_TESTS_BOARD_WORLD_H
#define REGIONSHIFT_TESTS_BOARD_WORLD_H

#include <check.h>
#include <uv.h>

#include "../codec/pizza.h"
#include "../lib/paper_store.h"
#include "board.h"

enum { TOLD_SIZE = 64 * 1024 };

extern uv_loop_t uv;
extern struct settings settings;
extern struct store *store;
extern struct board *board;
extern msec_t now_ms;
extern char told[TOLD_SIZE];

void board_world_setup(void);
void board_world_teardown(void);

/* Runs timers that are due at once. */
void turn(void);

/* True when these lines, and nothing else, were told since the last look. */
#define ck_told(text)                                                                              \
    do {                                                                                           \
        ck_assert_str_eq(told, text);                                                              \
        told[0] = '\0';                                                                            \
    } while (0)

#define VOTE(states)                                                                               \
    "{\"v\":1,\"fingerprint\":\"6f1d2c3b4a596877\",\"blind\":\"no\",\"states\":\"" states          \
    "\",\"failures\":\"----\"}"

#define TOLD_VOTE(revision, states)                                                                \
    "{\"at\":0,\"event\":\"vote\",\"probe\":\"usw2\",\"group\":\"jwt-pizza\","                     \
    "\"revision\":" revision ",\"vote\":" VOTE(states) "}\n"

#define TOLD_VOTE_GONE                                                                             \
    "{\"at\":0,\"event\":\"vote\",\"probe\":\"usw2\",\"group\":\"jwt-pizza\",\"revision\":0,"      \
    "\"vote\":null}\n"

#define TOLD_VOTE_FORM(form)                                                                       \
    "{\"at\":0,\"event\":\"vote\",\"probe\":\"usw2\",\"group\":\"jwt-pizza\",\"revision\":0,"      \
    "\"vote\":\"" form "\"}\n"

#define TOLD_STORE(status, revision, full)                                                         \
    "{\"at\":0,\"event\":\"store\",\"status\":\"" status "\",\"revision\":" revision               \
    ",\"full\":" full "}\n"

#define TOLD_LEASE(until) "{\"at\":0,\"event\":\"lease\",\"alive\":true,\"until_ms\":" until "}\n"

#define TOLD_LEASE_LOST "{\"at\":0,\"event\":\"lease\",\"alive\":false,\"until_ms\":0}\n"

extern const char vote_key[]; /* of usw2 */

/* One vote of usw2 at a revision, as the answer to the first read. */
void first_read(uint64_t revision);
/* Another read now, asked for by a watch that found its way again. */
void read_again(void);
/* The oldest transaction that waits, as text. */
const char *first_txn(void);

/* A move of jwt-pizza to epoch 7, with the votes of two probes. */
struct commit a_commit(void);

#endif
