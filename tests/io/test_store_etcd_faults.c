/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong between a store and its one member of etcd, and in the member. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "etcd_cluster.h"
#include "etcd_proxy.h"
#include "store_world.h"

enum {
    TIMEOUT_MS = 2000,      /* where a test waits for the deadline of a call */
    SLOWNESS_MS = 30 * 1000 /* of the machine: what is bounded ends by then */
};

static struct cluster cluster;
static struct world world;
static struct proxy proxy;
static char prefix[64];
static const char *endpoint;        /* of the stores opened next */
static const char *second_endpoint; /* or NULL, as */
static const char *third_endpoint;
static msec_t timeout_ms; /* of theirs */

static int open_store(uv_loop_t *loop, const char *owner, msec_t lease_ms, struct store **ret_store)
{
    const char *endpoints[CLUSTER_MEMBERS_MAX];
    struct store_settings settings = cluster_settings(&cluster, prefix, endpoints);

    endpoints[0] = endpoint;
    if (second_endpoint != NULL)
        endpoints[settings.endpoint_count++] = second_endpoint;
    if (third_endpoint != NULL)
        endpoints[settings.endpoint_count++] = third_endpoint;
    settings.timeout_ms = timeout_ms;
    settings.lease_ms = lease_ms;
    return store_open(loop, &settings, owner, ret_store);
}

static const struct store_lab lab = {
    .name = "etcd", .lease_ms = WORLD_LASTING_MS, .open = open_store};

static void setup(void)
{
    (void)snprintf(prefix, sizeof(prefix), "/test-%d", (int)getpid());
    member_signal(&cluster, 0, SIGCONT); /* a test before may have failed halfway */
    timeout_ms = CLUSTER_TIMEOUT_MS;
    world_open(&world, &lab);
    proxy_open(&proxy, &world.loop, cluster.members[0].client_port);
}

static void teardown(void)
{
    proxy_close(&proxy);
    world_close(&world);
}

/* A daemon behind the proxy, and one beside it, which is patient. */
static struct store *far_daemon(void)
{
    endpoint = proxy.url;
    return world_daemon(&world, "use1");
}

static struct store *far_daemon_of(msec_t its_timeout_ms)
{
    struct store *store;

    timeout_ms = its_timeout_ms;
    store = far_daemon();
    timeout_ms = CLUSTER_TIMEOUT_MS;
    return store;
}

static struct store *near_daemon(void)
{
    endpoint = cluster.members[0].url;
    return world_daemon(&world, "usw2");
}

static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000;
}

/* ---- lost answers ---- */

START_TEST(a_lost_answer_is_away_and_the_write_happened_once)
{
    struct store *use1 = far_daemon();
    struct store *usw2 = near_daemon();
    uint64_t before = wrote(put(&world, usw2, "a", "1"));
    struct answer_of_store answer;

    proxy_set(&proxy, PROXY_DROPS_ANSWERS);
    fails(put(&world, use1, "a", "2"), STORE_AWAY, proxy.url);
    proxy_set(&proxy, PROXY_PASSES);
    answer = get(&world, usw2, "a");
    ck_assert_uint_eq(answer.first.mod_revision, before + 1);
    ck_assert_str_eq(answer.text, "a=2 ");
    wrote(answer);
}
END_TEST

/* libcurl repeats a request by itself when a kept connection ends without an answer. */
START_TEST(a_lost_answer_on_a_kept_connection_does_not_write_twice)
{
    struct store *use1 = far_daemon();
    struct store *usw2 = near_daemon();
    uint64_t before;

    wrote(put(&world, use1, "a", "1"));
    before = wrote(put(&world, use1, "a", "2"));
    ck_assert_uint_eq(proxy.accepted, 1);
    proxy_set(&proxy, PROXY_DROPS_ANSWERS);
    proxy.mode = PROXY_PASSES; /* a fresh connection would do: it must not be tried */
    fails(put(&world, use1, "a", "3"), STORE_AWAY, "etcd at http://127.0.0.1");
    ck_assert_uint_eq(wrote(get(&world, usw2, "a")), before + 1);
}
END_TEST

START_TEST(a_read_whose_answer_is_lost_is_asked_again)
{
    struct store *use1 = far_daemon();

    wrote(put(&world, use1, "a", "1"));
    proxy_set(&proxy, PROXY_DROPS_ANSWERS);
    proxy.mode = PROXY_PASSES;
    reads(&world, use1, "a", "a=1 ");
}
END_TEST

START_TEST(a_lost_answer_to_a_transaction_is_resolved_by_reading)
{
    struct store *use1 = far_daemon();
    uint64_t seen = wrote(put(&world, use1, "head", "1"));
    struct store_compare compare = {.kind = STORE_MOD_IS, .key = "head", .revision = seen};
    struct store_put change = {.key = "head", .value = "2", .length = 1};
    struct store_txn txn = {
        .compares = &compare, .compare_count = 1, .puts = &change, .put_count = 1};

    proxy_set(&proxy, PROXY_DROPS_ANSWERS);
    fails(transact(&world, use1, &txn), STORE_AWAY, "asked to compare and write");
    proxy_set(&proxy, PROXY_PASSES);
    reads(&world, use1, "head", "head=2 ");
    fails(transact(&world, use1, &txn), STORE_CONFLICT, "");
}
END_TEST

/* ---- dead paths ---- */

START_TEST(a_member_that_refuses_is_named_within_the_deadline)
{
    struct store *use1;
    uint64_t began_ms = now_ms();

    timeout_ms = TIMEOUT_MS;
    endpoint = "http://127.0.0.1:1";
    use1 = world_daemon(&world, "use1");
    fails(get(&world, use1, ""), STORE_AWAY, "http://127.0.0.1:1");
    fails(put(&world, use1, "a", "1"), STORE_AWAY, "asked to write");
    ck_assert_uint_lt(now_ms() - began_ms, 2 * TIMEOUT_MS + SLOWNESS_MS);
    will_fail(&world, use1, renew, STORE_AWAY, "look whether it runs");
}
END_TEST

START_TEST(a_member_may_be_named_instead_of_numbered)
{
    char url[64];
    struct store *use1;
    struct watch_log *log;

    (void)snprintf(url, sizeof(url), "http://localhost:%u/", cluster.members[0].client_port);
    endpoint = url;
    use1 = world_daemon(&world, "use1");
    log = watch(&world, use1, "");
    wrote(put(&world, use1, "a", "1"));
    will_tell(&world, log, "put a=1;");
}
END_TEST

START_TEST(a_name_that_does_not_exist_is_named)
{
    timeout_ms = TIMEOUT_MS;
    endpoint = "http://etcd.invalid:2379";
    fails(get(&world, world_daemon(&world, "use1"), ""), STORE_AWAY, "etcd.invalid");
}
END_TEST

START_TEST(a_silent_path_ends_every_call_by_its_deadline)
{
    struct store *use1 = far_daemon_of(TIMEOUT_MS);
    uint64_t began_ms;

    will_write(&world, use1, "a", "1");
    proxy_set(&proxy, PROXY_SWALLOWS);
    began_ms = now_ms();
    fails(put(&world, use1, "a", "2"), STORE_AWAY, "timed out");
    ck_assert_uint_ge(now_ms() - began_ms, TIMEOUT_MS / 2);
    ck_assert_uint_lt(now_ms() - began_ms, TIMEOUT_MS + SLOWNESS_MS);
    will_read(&world, use1, "a", "a=1 ");
}
END_TEST

/* Halves of halves of the time would be tries in which nobody far away can answer. */
START_TEST(no_try_is_too_short_for_an_answer_from_far_away)
{
    uint64_t since_ms = now_ms();
    struct store *use1;

    second_endpoint = third_endpoint = proxy.url;
    use1 = far_daemon_of(1000);
    proxy_set(&proxy, PROXY_HOLDS);
    fails(get(&world, use1, ""), STORE_AWAY, "timed out");
    while (proxy.accepted < 1) { /* the kernel has it, and we may be late */
        ck_assert_uint_lt(now_ms() - since_ms, WORLD_PATIENCE_MS);
        world_run_for(&world, 10);
    }
    ck_assert_uint_le(proxy.accepted, 2); /* of 500 ms each */
    proxy_set(&proxy, PROXY_PASSES);
}
END_TEST

START_TEST(a_watch_on_a_dead_path_is_taken_up_and_misses_nothing)
{
    struct store *use1 = far_daemon_of(TIMEOUT_MS);
    struct store *usw2 = near_daemon();
    struct watch_log *log = watch(&world, use1, "");

    wrote(put(&world, usw2, "a", "1"));
    will_hear(&world, log, "put a=1;");
    proxy_set(&proxy, PROXY_SWALLOWS);
    wrote(put(&world, usw2, "a", "2"));
    wrote(delete_key(&world, usw2, "a"));
    will_tell_changes(&world, log, "put a=1;put a=2;del a;");
}
END_TEST

START_TEST(a_watch_that_breaks_is_taken_up_and_misses_nothing)
{
    struct store *use1 = far_daemon();
    struct store *usw2 = near_daemon();
    struct watch_log *log = watch(&world, use1, "");

    wrote(put(&world, usw2, "a", "1"));
    will_tell(&world, log, "put a=1;");
    proxy_set(&proxy, PROXY_REFUSES);
    wrote(put(&world, usw2, "a", "2"));
    proxy_set(&proxy, PROXY_PASSES);
    wrote(put(&world, usw2, "a", "3"));
    will_tell(&world, log, "put a=1;put a=2;put a=3;");
}
END_TEST

/* The read and the stream come over paths of their own, so one is behind the other all the time. */
START_TEST(a_watch_that_is_behind_a_read_is_given_the_time_of_a_call)
{
    struct store *use1 = far_daemon_of(2 * WORLD_PATIENCE_MS);
    struct watch_log *log = watch(&world, use1, "");
    unsigned accepted;

    wrote(put(&world, use1, "a", "1"));
    will_tell(&world, log, "put a=1;");
    proxy_hold_last(&proxy); /* the stream's: the put went over the path of the question before */
    accepted = proxy.accepted;
    wrote(put(&world, near_daemon(), "a", "2"));
    reads(&world, use1, "", "a=2 ");
    world_run_for(&world, 2000); /* it looks after the stream twice a second */
    ck_assert_str_eq(log->text, "put a=1;");
    proxy_set(&proxy, PROXY_PASSES);
    will_tell(&world, log, "put a=1;put a=2;");
    ck_assert_uint_eq(proxy.accepted, accepted);
}
END_TEST

START_TEST(a_watch_that_cannot_be_taken_up_tells_its_loss_and_then_to_read_again)
{
    struct store *use1 = far_daemon_of(TIMEOUT_MS);
    struct store *usw2 = near_daemon();
    struct watch_log *log = watch(&world, use1, "");

    wrote(put(&world, usw2, "a", "1"));
    will_hear(&world, log, "put a=1;");
    proxy_set(&proxy, PROXY_REFUSES);
    will_hear(&world, log, "put a=1;away;");
    ck_assert_msg(strstr(log->error, proxy.url) != NULL, "%s", log->error);
    proxy_set(&proxy, PROXY_PASSES);
    will_hear(&world, log, "put a=1;away;again;");
    wrote(put(&world, usw2, "a", "2"));
    will_hear(&world, log, "put a=2;");
    will_tell_changes(&world, log, "put a=1;put a=2;");
}
END_TEST

START_TEST(what_was_compacted_before_it_was_told_is_a_loss)
{
    struct store *use1 = far_daemon_of(TIMEOUT_MS);
    struct store *usw2 = near_daemon();
    struct watch_log *log = watch(&world, use1, "");
    char revision[32];

    wrote(put(&world, usw2, "a", "1"));
    will_hear(&world, log, "put a=1;");
    proxy_set(&proxy, PROXY_REFUSES);
    will_hear(&world, log, "put a=1;away;");
    wrote(put(&world, usw2, "a", "2"));
    (void)snprintf(revision, sizeof(revision), "%llu",
                   (unsigned long long)wrote(put(&world, usw2, "a", "3")));
    ETCDCTL(&cluster, "compaction", revision);
    watch_log_clear(log);
    proxy_set(&proxy, PROXY_PASSES);
    will_hear(&world, log, "again;away;again;"); /* it is opened, then refused */
    ck_assert_msg(strstr(log->error, "compacted") != NULL, "%s", log->error);
    ck_assert_uint_ge(log->revision, strtoull(revision, NULL, 10));
    wrote(put(&world, usw2, "b", "4"));
    will_tell_changes(&world, log, "put b=4;");
}
END_TEST

START_TEST(a_compaction_while_the_watch_stands_is_no_loss)
{
    struct store *use1 = near_daemon();
    struct watch_log *log = watch(&world, use1, "");
    char revision[32];

    (void)snprintf(revision, sizeof(revision), "%llu",
                   (unsigned long long)wrote(put(&world, use1, "a", "1")));
    ETCDCTL(&cluster, "compaction", revision);
    wrote(put(&world, use1, "a", "2"));
    will_tell(&world, log, "put a=1;put a=2;");
}
END_TEST

/* ---- wrong servers ---- */

static void expect_away_from(const char *words, const char *sentence)
{
    struct store *use1 = far_daemon_of(TIMEOUT_MS);
    uint64_t began_ms = now_ms();

    proxy.words = words;
    proxy_set(&proxy, PROXY_SAYS);
    fails(put(&world, use1, "a", "1"), STORE_AWAY, proxy.url);
    fails(renew(&world, use1), STORE_AWAY, proxy.url);
    ck_assert_uint_lt(now_ms() - began_ms, 2 * TIMEOUT_MS + SLOWNESS_MS);
    will_fail(&world, use1, get_all, STORE_AWAY, sentence);
}

#define OK_200 "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

START_TEST(a_page_for_browsers_is_no_answer)
{
    expect_away_from(OK_200 "Content-Length: 15\r\n\r\n<html>hi</html>", "cannot be read");
}
END_TEST

START_TEST(who_gives_no_answer_is_passed_by)
{
    struct store *use1;

    second_endpoint = cluster.members[0].url;
    use1 = far_daemon();
    proxy.words = OK_200 "Content-Length: 15\r\n\r\n<html>hi</html>";
    proxy_set(&proxy, PROXY_SAYS);
    fails(put(&world, use1, "a", "1"), STORE_AWAY, "cannot be read");
    will_write(&world, use1, "a", "2"); /* at once, but for a machine slower than the passing-by */
    reads(&world, use1, "a", "a=2 ");
}
END_TEST

START_TEST(an_empty_object_is_no_answer)
{
    expect_away_from(OK_200 "Content-Length: 2\r\n\r\n{}", "cannot be read");
}
END_TEST

START_TEST(a_balancer_without_members_is_away)
{
    expect_away_from("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 15\r\n\r\n"
                     "<html>hi</html>",
                     "<html>hi</html>");
}
END_TEST

START_TEST(an_answer_without_end_is_cut_off)
{
    enum { FILLER = 64 * 1024 };
    static char filler[FILLER + 1];
    struct store *use1;

    memset(filler, ' ', FILLER);
    use1 = far_daemon();
    proxy.words = OK_200 "\r\n{\"kvs\":[";
    proxy.filler = filler;
    proxy_set(&proxy, PROXY_SAYS);
    fails(renew(&world, use1), STORE_AWAY, "longer than");
    fails(put(&world, use1, "a", "1"), STORE_AWAY, "longer than");
    fails(get(&world, use1, ""), STORE_AWAY, "longer than"); /* a page of one item as well */
}
END_TEST

START_TEST(a_stream_without_lines_is_cut_off_and_tells_a_loss)
{
    struct store *use1 = far_daemon_of(TIMEOUT_MS);
    struct watch_log *log = watch(&world, use1, "");

    will_write(&world, use1, "a", "1");
    will_hear(&world, log, "put a=1;");
    proxy.words = OK_200 "\r\n";
    proxy.filler = "                                                                              ";
    proxy_set(&proxy, PROXY_REFUSES);
    proxy_set(&proxy, PROXY_SAYS);
    will_hear(&world, log, "put a=1;away;");
    proxy_set(&proxy, PROXY_REFUSES);
    proxy_set(&proxy, PROXY_PASSES);
    will_hear(&world, log, "put a=1;away;again;");
}
END_TEST

/* ---- what others wrote ---- */

START_TEST(what_a_hand_wrote_hides_nothing_else)
{
    struct store *use1 = near_daemon();
    char key[600];
    char *value = malloc(100 * 1024 + 1);
    size_t length;

    ck_assert_ptr_nonnull(value);
    memset(value, 'v', 100 * 1024);
    value[100 * 1024] = '\0';
    wrote(put(&world, use1, "a", "1"));
    length = (size_t)snprintf(key, sizeof(key), "%s/b", prefix);
    ETCDCTL(&cluster, "put", key, value);
    memset(key + length, 'k', sizeof(key) - length - 1);
    key[sizeof(key) - 1] = '\0';
    ETCDCTL(&cluster, "put", key, "x");
    wrote(put(&world, use1, "c", "3"));
    reads(&world, use1, "", "a=1 b= c=3 ");
    free(value);
}
END_TEST

START_TEST(a_view_of_many_pages_is_whole_and_in_order)
{
    struct store *use1 = near_daemon();
    struct answer_of_store answer;
    struct store_put puts[STORE_PUTS_MAX];
    char keys[STORE_PUTS_MAX][16];
    struct store_txn txn = {.puts = puts, .put_count = STORE_PUTS_MAX};

    for (unsigned round = 0; round < 15; round++) {
        for (unsigned i = 0; i < STORE_PUTS_MAX; i++) {
            (void)snprintf(keys[i], sizeof(keys[i]), "%02u/%02u", i, round);
            puts[i] = (struct store_put){.key = keys[i], .value = "x", .length = 1};
        }
        wrote(transact(&world, use1, &txn));
    }
    answer = get(&world, use1, "");
    ck_assert_uint_eq(answer.count, 15 * STORE_PUTS_MAX);
    ck_assert_int_eq(strncmp(answer.text, "00/00=x 00/01=x ", 16), 0);
    ck_assert_ptr_nonnull(strstr(answer.text, "79/13=x 79/14=x "));
    wrote(answer);
}
END_TEST

/* 19 MiB, and base64 makes 25 of it: one page would not fit into an answer. */
START_TEST(big_values_are_read_in_smaller_pages)
{
    struct store *use1;
    struct answer_of_store answer;
    char *value = malloc(STORE_VALUE_MAX + 1);
    char key[16];

    timeout_ms = WORLD_PATIENCE_MS; /* a second on a machine of 2020 */
    use1 = near_daemon();
    ck_assert_ptr_nonnull(value);
    memset(value, 'v', STORE_VALUE_MAX);
    value[STORE_VALUE_MAX] = '\0';
    for (unsigned i = 0; i < 300; i++) {
        (void)snprintf(key, sizeof(key), "%03u", i);
        wrote(put(&world, use1, key, value));
    }
    answer = get(&world, use1, "");
    ck_assert_msg(answer.status == STORE_OK, "%s", answer.error);
    ck_assert_uint_eq(answer.count, 300);
    wrote(answer);
    free(value);
}
END_TEST

/* ---- the member itself ---- */

START_TEST(a_member_that_stands_still_costs_one_deadline_a_call)
{
    struct store *use1;
    uint64_t began_ms;

    timeout_ms = TIMEOUT_MS;
    use1 = near_daemon();
    will_write(&world, use1, "a", "1");
    member_signal(&cluster, 0, SIGSTOP);
    began_ms = now_ms();
    fails(put(&world, use1, "a", "2"), STORE_AWAY, "timed out");
    fails(get(&world, use1, "a"), STORE_AWAY, "timed out");
    ck_assert_uint_lt(now_ms() - began_ms, 2 * TIMEOUT_MS + SLOWNESS_MS);
    member_signal(&cluster, 0, SIGCONT);
    will_answer(&world, use1, STORE_OK);
}
END_TEST

static Suite *suite_of_faults(void)
{
    const TTest *const lost[] = {a_lost_answer_is_away_and_the_write_happened_once,
                                 a_lost_answer_on_a_kept_connection_does_not_write_twice,
                                 a_read_whose_answer_is_lost_is_asked_again,
                                 a_lost_answer_to_a_transaction_is_resolved_by_reading};
    const TTest *const dead[] = {
        a_member_that_refuses_is_named_within_the_deadline,
        a_member_may_be_named_instead_of_numbered,
        a_name_that_does_not_exist_is_named,
        a_silent_path_ends_every_call_by_its_deadline,
        no_try_is_too_short_for_an_answer_from_far_away,
        a_watch_on_a_dead_path_is_taken_up_and_misses_nothing,
        a_watch_that_breaks_is_taken_up_and_misses_nothing,
        a_watch_that_is_behind_a_read_is_given_the_time_of_a_call,
        a_watch_that_cannot_be_taken_up_tells_its_loss_and_then_to_read_again,
        what_was_compacted_before_it_was_told_is_a_loss,
        a_compaction_while_the_watch_stands_is_no_loss,
        a_member_that_stands_still_costs_one_deadline_a_call};
    const TTest *const wrong[] = {
        a_page_for_browsers_is_no_answer,     who_gives_no_answer_is_passed_by,
        an_empty_object_is_no_answer,         a_balancer_without_members_is_away,
        an_answer_without_end_is_cut_off,     a_stream_without_lines_is_cut_off_and_tells_a_loss,
        what_a_hand_wrote_hides_nothing_else, a_view_of_many_pages_is_whole_and_in_order,
        big_values_are_read_in_smaller_pages};
    Suite *suite = suite_create("etcd faults");

    cluster_add_tests(suite, "lost answers", setup, teardown, lost, sizeof(lost) / sizeof(*lost));
    cluster_add_tests(suite, "dead paths", setup, teardown, dead, sizeof(dead) / sizeof(*dead));
    cluster_add_tests(suite, "strange answers", setup, teardown, wrong,
                      sizeof(wrong) / sizeof(*wrong));
    return suite;
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
    return cluster_run(suite_of_faults(), begin, end);
}
