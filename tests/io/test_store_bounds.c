/* SPDX-License-Identifier: Apache-2.0 */
/* What ten thousand decisions leave in the store, and in its file. More of them, or fewer:
 *
 *     DECISIONS=100000 build/tests/io/test_store_bounds */
#include <check.h>
#include <stdio.h>
#include <sys/stat.h>

#include "../lib/suite.h"
#include "store_bounds.h"
#include "store_sqlite_lab.h"

enum { DECISIONS_USUAL = 10000, FILE_BYTES_MAX = 4 * 1024 * 1024 };

static struct world world;

START_TEST(ten_thousand_decisions_leave_no_more_than_two_hundred_of_each_group)
{
    struct bounds_figures figures;
    struct stat file;

    bounds_decide(&world, bounds_count(DECISIONS_USUAL), &figures);
    bounds_print("sqlite", &figures);
    ck_assert_int_eq(stat(lab_path, &file), 0);
    printf("sqlite: the file has %lld bytes\n", (long long)file.st_size);
    ck_assert_int_le(file.st_size, FILE_BYTES_MAX);
}
END_TEST

static void setup(void)
{
    sqlite_lab.setup();
    world_open(&world, &sqlite_lab);
}

static void teardown(void)
{
    world_close(&world);
    sqlite_lab.teardown();
}

int main(void)
{
    Suite *suite = suite_create("bounds");
    TCase *tests = tcase_create("bounds");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 600); /* for what hangs */
    tcase_add_test(tests, ten_thousand_decisions_leave_no_more_than_two_hundred_of_each_group);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
