/* SPDX-License-Identifier: Apache-2.0 */
/* The n-th write, sync, or allocation below the store fails, for every n there is: what was told as
 * done is there afterwards, what was told as refused is not, no transaction is there by half, and
 * the store serves again as soon as the fault has gone. */
#include <check.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "store_sqlite_lab.h"

/* ---- a file system and a heap that fail on demand ---- */

enum failing { FAILING_NOTHING, FAILING_WRITE, FAILING_SYNC, FAILING_SPACE, FAILING_HEAP };

static atomic_int failing;
static atomic_int countdown; /* operations of that kind until the first that fails */
static atomic_bool for_ever; /* it and all after it */
static atomic_bool has_failed;

static void arm(enum failing kind, int nth, bool lasting)
{
    atomic_store(&countdown, nth);
    atomic_store(&for_ever, lasting);
    atomic_store(&has_failed, false);
    atomic_store(&failing, kind);
}

static bool fails_now(enum failing kind)
{
    int left;

    if (atomic_load(&failing) != (int)kind) {
        return false;
    }
    left = atomic_fetch_sub(&countdown, 1);
    if (left == 1 || (left < 1 && atomic_load(&for_ever))) {
        atomic_store(&has_failed, true);
        return true;
    }
    return false;
}

/* SQLite has one table of methods for files with locks and one for files without; each gets a copy
 * in which two methods are ours. */
enum { TABLE_COUNT = 2 };

static sqlite3_io_methods faulty_methods[TABLE_COUNT];
static const sqlite3_io_methods *real_methods[TABLE_COUNT];
static sqlite3_vfs faulty_vfs;
static sqlite3_vfs *real_vfs;
static sqlite3_mem_methods real_heap;

static const sqlite3_io_methods *real_of(const sqlite3_file *file)
{
    return real_methods[file->pMethods - faulty_methods];
}

static int faulty_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
    if (fails_now(FAILING_WRITE)) {
        return SQLITE_IOERR_WRITE;
    }
    if (fails_now(FAILING_SPACE)) {
        return SQLITE_FULL;
    }
    return real_of(file)->xWrite(file, bytes, size, offset);
}

static int faulty_sync(sqlite3_file *file, int flags)
{
    if (fails_now(FAILING_SYNC)) {
        errno = ENOSPC; /* as file systems that allocate late have it: too late to have refused */
        return SQLITE_IOERR_FSYNC;
    }
    return real_of(file)->xSync(file, flags);
}

static int faulty_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags,
                       int *ret_flags)
{
    int code = real_vfs->xOpen(vfs, name, file, flags, ret_flags);
    unsigned i = 0;

    if (code != SQLITE_OK || file->pMethods == NULL) {
        return code;
    }
    while (i < TABLE_COUNT && real_methods[i] != NULL && real_methods[i] != file->pMethods) {
        i++;
    }
    ck_assert_uint_lt(i, TABLE_COUNT);
    real_methods[i] = file->pMethods;
    faulty_methods[i] = *file->pMethods;
    faulty_methods[i].xWrite = faulty_write;
    faulty_methods[i].xSync = faulty_sync;
    file->pMethods = &faulty_methods[i];
    return code;
}

static void *faulty_malloc(int size)
{
    return fails_now(FAILING_HEAP) ? NULL : real_heap.xMalloc(size);
}

static void *faulty_realloc(void *block, int size)
{
    return fails_now(FAILING_HEAP) ? NULL : real_heap.xRealloc(block, size);
}

/* Before the runner, where Check cannot report. */
static void require(int code)
{
    if (code != SQLITE_OK) {
        (void)fprintf(stderr, "cannot install the faults: %s\n", sqlite3_errstr(code));
        exit(EXIT_FAILURE);
    }
}

static void install_faults(void)
{
    sqlite3_mem_methods heap;

    require(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_heap));
    heap = real_heap;
    heap.xMalloc = faulty_malloc;
    heap.xRealloc = faulty_realloc;
    require(sqlite3_config(SQLITE_CONFIG_MALLOC, &heap));
    require(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0));
    require(sqlite3_initialize());
    real_vfs = sqlite3_vfs_find(NULL);
    faulty_vfs = *real_vfs;
    faulty_vfs.zName = "faulty";
    faulty_vfs.xOpen = faulty_open;
    require(sqlite3_vfs_register(&faulty_vfs, 1));
}

/* ---- one life of a store under one fault ---- */

struct life {
    bool had_old; /* a key "old", to be deleted */
    enum store_status renewed;
    enum store_status put;
    enum store_status paired;
    enum store_status voted;
    enum store_status deleted;
    enum store_status read;
};

/* A refusal has a sentence with the path; and only a read or a write can be away or refused. */
static enum store_status judge(struct answer_of_store answer)
{
    if (answer.status != STORE_OK) {
        ck_assert_ptr_nonnull(strstr(answer.error, lab_path));
        ck_assert_int_ne(answer.status, STORE_CONFLICT);
    }
    free(answer.text);
    return answer.status;
}

static struct life live(void)
{
    struct store_put pair[] = {{.key = "pair/a", .value = "1", .length = 1},
                               {.key = "pair/b", .value = "1", .length = 1}};
    struct store_txn txn = {.puts = pair, .put_count = 2};
    struct world world;
    struct store *store;
    struct life life;

    world_open(&world, &sqlite_lab);
    store = world_daemon(&world, "use1");
    life.renewed = judge(renew(&world, store));
    life.put = judge(put(&world, store, "single", "1"));
    life.paired = judge(transact(&world, store, &txn));
    life.voted = judge(put_leased(&world, store, "vote", "up"));
    life.deleted = judge(delete_key(&world, store, "old"));
    life.read = judge(get(&world, store, ""));
    atomic_store(&failing, FAILING_NOTHING);
    world_close(&world);
    return life;
}

/* OK: it happened. AWAY: perhaps. Anything else: it did not. */
static void judge_effect(enum store_status status, bool happened, const char *what, int nth)
{
    if (status == STORE_OK) {
        ck_assert_msg(happened, "%s was told as done (fault %d) and is lost", what, nth);
    } else if (status != STORE_AWAY) {
        ck_assert_msg(!happened, "%s was refused (fault %d) and happened", what, nth);
    }
}

static void judge_after(const struct life *life, int nth)
{
    struct answer_of_store answer;
    struct world world;
    struct store *store;
    bool has_a;
    bool has_b;

    world_open(&world, &sqlite_lab);
    store = world_daemon(&world, "judge");
    answer = get(&world, store, "");
    ck_assert_msg(answer.status == STORE_OK, "after fault %d: %s", nth, answer.error);
    has_a = strstr(answer.text, "pair/a=1 ") != NULL;
    has_b = strstr(answer.text, "pair/b=1 ") != NULL;
    ck_assert_msg(has_a == has_b, "half a transaction after fault %d: %s", nth, answer.text);
    judge_effect(life->put, strstr(answer.text, "single=1 ") != NULL, "a write", nth);
    judge_effect(life->paired, has_a, "a transaction", nth);
    if (life->had_old) {
        judge_effect(life->deleted, strstr(answer.text, "old=") == NULL, "a deletion", nth);
    }
    free(answer.text);
    wrote(put(&world, store, "still", "serving"));
    world_close(&world);
}

/* A commit that could not be synced may be found by whoever recovers the file: never "refused". */
static void judge_late_refusal(const struct life *life)
{
    const enum store_status statuses[] = {life->renewed, life->put, life->paired, life->voted,
                                          life->deleted};

    for (unsigned i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        ck_assert(statuses[i] == STORE_OK || statuses[i] == STORE_AWAY ||
                  statuses[i] == STORE_LEASE_LOST);
    }
}

static void begin_with_an_old_key(void)
{
    struct world world;

    sqlite_lab.setup();
    world_open(&world, &sqlite_lab);
    wrote(put(&world, world_daemon(&world, "before"), "old", "1"));
    world_close(&world);
}

/* Lives again and again with a later fault, until one comes too late to meet anything. A life has
 * thousands of allocations, most of them alike: every 13th is enough for a minute less. */
static void live_through(enum failing kind, bool lasting, bool from_nothing)
{
    int step = kind == FAILING_HEAP ? 13 : 1;
    int nth = 1 - step;

    do {
        struct life life;

        if (from_nothing) {
            sqlite_lab.setup();
        } else {
            begin_with_an_old_key();
        }
        nth += step;
        arm(kind, nth, lasting);
        life = live();
        life.had_old = !from_nothing;
        if (kind == FAILING_SYNC && !from_nothing) {
            judge_late_refusal(&life);
        }
        judge_after(&life, nth);
        sqlite_lab.teardown();
    } while (atomic_load(&has_failed));
    ck_assert_int_gt(nth, 5); /* there was something to fail */
}

START_TEST(any_failing_write_loses_nothing_that_was_told)
{
    live_through(FAILING_WRITE, _i % 2 != 0, _i / 2 != 0);
}
END_TEST

START_TEST(any_failing_sync_loses_nothing_that_was_told)
{
    live_through(FAILING_SYNC, _i % 2 != 0, _i / 2 != 0);
}
END_TEST

START_TEST(space_that_ends_anywhere_loses_nothing_that_was_told)
{
    live_through(FAILING_SPACE, _i % 2 != 0, _i / 2 != 0);
}
END_TEST

START_TEST(any_failing_allocation_loses_nothing_that_was_told)
{
    live_through(FAILING_HEAP, _i % 2 != 0, _i / 2 != 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store errors");
    TCase *tests = tcase_create("the n-th call below");

    install_faults();
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, any_failing_write_loses_nothing_that_was_told, 0, 4);
    tcase_add_loop_test(tests, any_failing_sync_loses_nothing_that_was_told, 0, 4);
    tcase_add_loop_test(tests, space_that_ends_anywhere_loses_nothing_that_was_told, 0, 4);
    tcase_add_loop_test(tests, any_failing_allocation_loses_nothing_that_was_told, 0, 4);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
