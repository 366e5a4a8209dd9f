/* SPDX-License-Identifier: Apache-2.0 */
/* What a thousand decisions leave in a real etcd: what the board sees is bounded by the board; what
 * the file holds besides is etcd's history, which compaction ends (docs/ETCD.md). Ten thousand:
 *
 *     DECISIONS=10000 build/tests/io/test_store_etcd_bounds */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "etcd_cluster.h"
#include "store_bounds.h"

enum { DECISIONS_USUAL = 1000, FILE_BYTES_MAX = 4 * 1024 * 1024 };

static struct cluster cluster;
static struct world world;

static int open_store(uv_loop_t *loop, const char *owner, struct store **ret_store)
{
    const char *endpoints[CLUSTER_MEMBERS_MAX];
    struct store_settings settings = cluster_settings(&cluster, "/bounds", endpoints);

    settings.lease_ms = 60000;
    return store_open(loop, &settings, owner, ret_store);
}

static void nothing(void)
{
}

static const struct store_lab lab = {
    .name = "etcd", .lease_ms = 60000, .setup = nothing, .teardown = nothing, .open = open_store};

static long long file_bytes(void)
{
    char path[512];
    struct stat file;

    snprintf(path, sizeof(path), "%s/m0/member/snap/db", cluster.directory);
    ck_assert_msg(stat(path, &file) == 0, "%s is not there", path);
    return (long long)file.st_size;
}

START_TEST(a_thousand_decisions_leave_a_bounded_store_and_a_file_that_compaction_shrinks)
{
    struct bounds_figures figures;
    char revision[24];
    long long before;

    bounds_decide(&world, bounds_count(DECISIONS_USUAL), &figures);
    bounds_print("etcd", &figures);
    before = file_bytes();
    snprintf(revision, sizeof(revision), "%llu", (unsigned long long)figures.revision);
    ETCDCTL(&cluster, "compact", revision, "--physical=true");
    ETCDCTL(&cluster, "defrag");
    printf("etcd: the file has %lld bytes, and %lld after compaction and defragmentation\n", before,
           file_bytes());
    ck_assert_int_le(file_bytes(), FILE_BYTES_MAX);
}
END_TEST

static void setup(void)
{
    world_open(&world, &lab);
}

static void teardown(void)
{
    world_close(&world);
}

int main(void)
{
    Suite *suite = suite_create("bounds of etcd");
    TCase *tests = tcase_create("bounds");
    SRunner *runner = srunner_create(suite);
    int failed;

    cluster_or_skip();
    cluster_init(&cluster, 1);
    cluster_start(&cluster);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 600); /* for what hangs */
    tcase_add_test(tests,
                   a_thousand_decisions_leave_a_bounded_store_and_a_file_that_compaction_shrinks);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    cluster_destroy(&cluster);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
