/* SPDX-License-Identifier: Apache-2.0 */
/* What a thousand decisions leave in a real etcd: what the board sees is bounded by the board; what
 * the file holds besides is etcd's history, which compaction ends (docs/ETCD.md). Ten thousand:
 *
 *     DECISIONS=10000 build/tests/io/test_store_etcd_bounds */
#include <check.h>
#include <stdio.h>
#include <sys/stat.h>

#include "etcd_cluster.h"
#include "store_bounds.h"

enum { DECISIONS_USUAL = 1000, FILE_BYTES_MAX = 4 * 1024 * 1024 };

static struct cluster cluster;
static struct world world;

static int open_store(uv_loop_t *loop, const char *owner, msec_t lease_ms, struct store **ret_store)
{
    const char *endpoints[CLUSTER_MEMBERS_MAX];
    struct store_settings settings = cluster_settings(&cluster, "/bounds", endpoints);

    settings.lease_ms = lease_ms;
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

static void begin(void)
{
    cluster_init(&cluster, 1);
    cluster_start(&cluster);
}

static void end(void)
{
    cluster_destroy(&cluster);
}

int main(void)
{
    const TTest *const bounds[] = {
        a_thousand_decisions_leave_a_bounded_store_and_a_file_that_compaction_shrinks};
    Suite *suite = suite_create("bounds of etcd");

    cluster_add_tests(suite, "bounds", setup, teardown, bounds, sizeof(bounds) / sizeof(*bounds));
    return cluster_run(suite, begin, end);
}
