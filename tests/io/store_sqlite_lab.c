/* SPDX-License-Identifier: Apache-2.0 */
#include "store_sqlite_lab.h"

#include <check.h>
#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../monitor/io/store/sqlite.h"

char lab_directory[256];
char lab_path[300];
msec_t lab_call_timeout_ms;
uint32_t lab_calls_max;

static atomic_llong passed_ms;
static _Atomic(void (*)(void)) at_next_look;

void lab_at_next_look_at_the_clock(void (*happens)(void))
{
    atomic_store(&at_next_look, happens);
}

static uv_sem_t is_held;
static uv_sem_t may_go;

static void stand_still(void)
{
    uv_sem_post(&is_held);
    uv_sem_wait(&may_go);
}

void lab_hold_the_thread(void)
{
    ck_assert_int_eq(uv_sem_init(&is_held, 0), 0);
    ck_assert_int_eq(uv_sem_init(&may_go, 0), 0);
    lab_at_next_look_at_the_clock(stand_still);
    uv_sem_wait(&is_held);
}

void lab_let_the_thread_go(void)
{
    uv_sem_post(&may_go);
}

/* The real monotonic clock, which other processes of the test share, and what the test added. */
static msec_t lab_clock(void *context)
{
    void (*happens)(void) = atomic_exchange(&at_next_look, NULL);

    (void)context;
    if (happens != NULL) {
        happens();
    }
    return (msec_t)(uv_hrtime() / 1000000) + atomic_load(&passed_ms);
}

static void setup(void)
{
    const char *base = getenv("TMPDIR");

    (void)snprintf(lab_directory, sizeof(lab_directory), "%s/regionshift-store-XXXXXX",
                   base == NULL ? "/tmp" : base);
    ck_assert_ptr_nonnull(mkdtemp(lab_directory));
    (void)snprintf(lab_path, sizeof(lab_path), "%s/store.db", lab_directory);
    lab_call_timeout_ms = WORLD_PATIENCE_MS; /* a slow disk is no fault of the code under test */
    lab_calls_max = 256;
    atomic_store(&passed_ms, 0);
}

static void teardown(void)
{
    DIR *directory = opendir(lab_directory);
    struct dirent *entry;

    ck_assert_ptr_nonnull(directory);
    while ((entry = readdir(directory)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            (void)unlinkat(dirfd(directory), entry->d_name, 0);
        }
    }
    (void)closedir(directory);
    ck_assert_int_eq(rmdir(lab_directory), 0);
}

static int open_store(uv_loop_t *loop, const char *owner, msec_t lease_ms, struct store **ret_store)
{
    struct store_settings settings = {.kind = STORE_SQLITE, .path = lab_path, .lease_ms = lease_ms};
    struct store_sqlite_tuning tuning = store_sqlite_tuning_default(&settings);

    tuning.clock = lab_clock;
    tuning.call_timeout_ms = lab_call_timeout_ms;
    tuning.calls_max = lab_calls_max;
    return store_sqlite_open(loop, &settings, owner, &tuning, ret_store);
}

static void pass_time(uv_loop_t *loop, msec_t ms)
{
    (void)loop;
    (void)atomic_fetch_add(&passed_ms, ms);
}

/* The lease is so long that it lapses only when the test says so, however slow the machine. */
const struct store_lab sqlite_lab = {.name = "sqlite",
                                     .lease_ms = 600000,
                                     .setup = setup,
                                     .teardown = teardown,
                                     .open = open_store,
                                     .pass_time = pass_time};
