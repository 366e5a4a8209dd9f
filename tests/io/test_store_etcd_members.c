/* SPDX-License-Identifier: Apache-2.0 */
/* Three members of etcd, of which some die, stand still, or come back as they were. On a busy
 * machine they also elect another leader at any time: so a write is repeated until it is answered,
 * and a watch may be lost and begin again, in every test here. What must never happen stays strict.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../monitor/io/store/etcd_link.h"
#include "etcd_cluster.h"
#include "store_world.h"

enum {
    TIMEOUT_MS = 3000,        /* where a test waits for the deadline of a call */
    SLOWNESS_MS = 30 * 1000,  /* of the machine: what is bounded ends by then */
    RETURN_MS = 4 * 60 * 1000 /* the first member is asked more and more seldom */
};

static struct cluster cluster;
static struct world world;
static msec_t timeout_ms; /* of the stores opened next */

static int open_store(uv_loop_t *loop, const char *owner, msec_t lease_ms, struct store **ret_store)
{
    const char *endpoints[CLUSTER_MEMBERS_MAX];
    struct store_settings settings = cluster_settings(&cluster, "/regionshift", endpoints);

    settings.timeout_ms = timeout_ms;
    settings.lease_ms = lease_ms;
    return store_open(loop, &settings, owner, ret_store);
}

static const struct store_lab lab = {
    .name = "etcd", .lease_ms = WORLD_LASTING_MS, .open = open_store};

static void begin(void)
{
    cluster_start(&cluster);
    timeout_ms = CLUSTER_TIMEOUT_MS;
    world_open(&world, &lab);
}

static void setup(void)
{
    cluster_init(&cluster, 3);
    begin();
}

static void setup_one(void)
{
    cluster_init(&cluster, 1);
    begin();
}

static void teardown(void)
{
    world_close(&world);
    cluster_destroy(&cluster);
}

static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000;
}

/* ---- one of three ---- */

START_TEST(the_others_answer_when_the_first_member_is_killed)
{
    struct store *use1 = world_daemon(&world, "use1");
    struct watch_log *log = watch(&world, use1, "");

    will_renew(&world, use1);
    will_write_leased(&world, use1, "vote", "up");
    will_hear(&world, log, "put vote=up;");
    member_kill(&cluster, 0);
    will_write(&world, use1, "a", "1");
    will_read(&world, use1, "a", "a=1 ");
    will_tell_changes(&world, log, "put vote=up;put a=1;");
}
END_TEST

/* Who asks the member that stands still waits for half a deadline. */
static bool is_read_without_waiting(struct store *store)
{
    uint64_t began_ms = now_ms();
    struct answer_of_store answer = get(&world, store, "a");

    free(answer.text);
    return answer.status == STORE_OK && now_ms() - began_ms < TIMEOUT_MS / 2;
}

START_TEST(a_member_that_stands_still_is_passed_by)
{
    struct store *use1;
    uint64_t since_ms;

    timeout_ms = TIMEOUT_MS;
    use1 = world_daemon(&world, "use1");
    will_write(&world, use1, "a", "1");
    member_signal(&cluster, 0, SIGSTOP);
    will_read(&world, use1, "a", "a=1 "); /* it may have led */
    since_ms = now_ms();
    while (!is_read_without_waiting(use1))
        ck_assert_uint_lt(now_ms() - since_ms, WORLD_PATIENCE_MS);
    will_write(&world, use1, "a", "2");
    will_read(&world, use1, "a", "a=2 ");
    member_signal(&cluster, 0, SIGCONT);
}
END_TEST

START_TEST(the_watch_goes_on_at_another_member_and_misses_nothing)
{
    struct store *use1, *usw2;
    struct watch_log *log;

    timeout_ms = TIMEOUT_MS;
    use1 = world_daemon(&world, "use1");
    usw2 = world_daemon(&world, "usw2");
    log = watch(&world, use1, "");
    will_write(&world, usw2, "a", "1");
    will_hear(&world, log, "put a=1;");
    member_signal(&cluster, 0, SIGSTOP);
    will_write(&world, usw2, "a", "2");
    will_write(&world, usw2, "a", "3");
    /* Writes that were lost on the way to it happen when it goes on; here they are not told. */
    will_tell_changes(&world, log, "put a=1;put a=2;put a=3;");
    member_signal(&cluster, 0, SIGCONT);
}
END_TEST

struct link_world {
    struct curl_loop *curl_loop;
    struct etcd_link *link;
    const char *endpoints[CLUSTER_MEMBERS_MAX];
    struct store_settings settings;
    char member[ETCD_SENTENCE_MAX + 1];
    bool done;
};

static void on_answered(void *context, const struct etcd_answer *answer)
{
    struct link_world *it = context;

    it->done = true;
    (void)snprintf(it->member, sizeof(it->member), "%s",
                   answer->error.fault == ETCD_FAULT_NONE ? answer->member : answer->sentence);
}

static const char *who_answers(struct link_world *it)
{
    struct etcd_question question = {
        .path = "/v3/maintenance/status", .body = "{}", .length = 2, .may_repeat = true};

    it->done = false;
    etcd_link_ask(it->link, &question, on_answered, it);
    world_wait(&world, &it->done, "an answer");
    return it->member;
}

/* Until one of these members answers: who has no leader at the moment is passed by. */
static void will_be_answered_by(struct link_world *it, unsigned first, unsigned last)
{
    uint64_t since_ms = now_ms();
    bool is_one = false;

    while (!is_one) {
        const char *who = who_answers(it);

        for (unsigned i = first; i <= last; i++)
            is_one = is_one || strcmp(who, cluster.members[i].url) == 0;
        ck_assert_msg(is_one || now_ms() - since_ms < RETURN_MS, "%s", who);
        world_run_for(&world, 100);
    }
}

static void on_gone(void *context)
{
    *(bool *)context = true;
}

START_TEST(the_first_member_is_asked_again_when_it_is_back)
{
    struct link_world it = {0};
    bool gone = false;

    it.settings = cluster_settings(&cluster, "/regionshift", it.endpoints);
    ck_assert_int_eq(curl_loop_create(&world.loop, &it.curl_loop), 0);
    ck_assert_int_eq(etcd_link_create(&world.loop, it.curl_loop, &it.settings, "", "", &it.link),
                     0);
    will_be_answered_by(&it, 0, 0);
    member_kill(&cluster, 0);
    will_be_answered_by(&it, 1, 2);
    member_start(&cluster, 0);
    member_wait(&cluster, 0);
    will_be_answered_by(&it, 0, 0);
    etcd_link_close(it.link, on_gone, &gone);
    world_wait(&world, &gone, "the link to close");
    gone = false;
    curl_loop_close(it.curl_loop, on_gone, &gone);
    world_wait(&world, &gone, "the transfers to end");
}
END_TEST

/* ---- no majority ---- */

START_TEST(without_a_majority_all_is_away_and_the_watch_says_so)
{
    struct store *use1;
    struct watch_log *log;
    uint64_t began_ms;

    timeout_ms = TIMEOUT_MS;
    use1 = world_daemon(&world, "use1");
    log = watch(&world, use1, "");
    will_renew(&world, use1);
    will_write(&world, use1, "a", "1");
    will_hear(&world, log, "put a=1;");
    member_kill(&cluster, 1);
    member_kill(&cluster, 2);
    will_answer(&world, use1, STORE_AWAY);
    began_ms = now_ms();
    fails(put(&world, use1, "a", "2"), STORE_AWAY, "etcd at");
    fails(renew(&world, use1), STORE_AWAY, "etcd at");
    ck_assert_uint_lt(now_ms() - began_ms, 2 * TIMEOUT_MS + SLOWNESS_MS);
    will_hear(&world, log, "away;");
    member_start(&cluster, 1);
    member_wait(&cluster, 1);
    will_write(&world, use1, "b", "3");
    will_hear(&world, log, "put b=3;");
    ck_assert_msg(strstr(log->text, "away;again;") != NULL, "%s", log->text);
}
END_TEST

/* ---- one member and its data ---- */

START_TEST(a_member_that_restarts_keeps_lease_and_watch)
{
    struct store *use1 = world_daemon(&world, "use1");
    struct watch_log *log = watch(&world, use1, "");

    will_renew(&world, use1);
    will_write_leased(&world, use1, "vote", "up");
    will_hear(&world, log, "put vote=up;");
    member_kill(&cluster, 0);
    member_start(&cluster, 0);
    member_wait(&cluster, 0);
    will_read(&world, use1, "vote", "vote=up ");
    will_renew(&world, use1);
    will_write_leased(&world, use1, "vote", "down");
    will_hear(&world, log, "put vote=down;");
    ck_assert_msg(strstr(log->text, "del vote;") == NULL, "%s", log->text);
}
END_TEST

/* Stops the member, puts the snapshot in the place of its data, and starts it. */
static void set_back(const char *snapshot)
{
    char data[320];
    const char *words[] = {"etcdctl",
                           "snapshot",
                           "restore",
                           snapshot,
                           "--data-dir",
                           data,
                           "--name",
                           "m0",
                           "--initial-cluster",
                           cluster.initial,
                           "--initial-advertise-peer-urls",
                           strchr(cluster.initial, '=') + 1,
                           NULL};

    member_kill(&cluster, 0);
    (void)snprintf(data, sizeof(data), "%s/m0", cluster.directory);
    ck_assert_int_eq(run((const char *const[]){"rm", "-r", data, NULL}, true), 0);
    ck_assert_int_eq(run(words, false), 0);
    member_start(&cluster, 0);
    member_wait(&cluster, 0);
}

START_TEST(a_store_that_was_set_back_is_told_as_a_loss_and_read_as_it_is)
{
    struct store *usw2 = world_daemon(&world, "usw2");
    struct watch_log *log =
        watch(&world, world_daemon(&world, "use1"), ""); /* which only watches */
    char snapshot[320], value[16];
    uint64_t before;

    (void)snprintf(snapshot, sizeof(snapshot), "%s/snapshot", cluster.directory);
    wrote(put(&world, usw2, "head", "1"));
    ETCDCTL(&cluster, "snapshot", "save", snapshot);
    for (unsigned i = 0; i < 20; i++) {
        (void)snprintf(value, sizeof(value), "2.%u", i);
        before = wrote(put(&world, usw2, "head", value));
    }
    will_hear(&world, log, "put head=2.19;");
    set_back(snapshot);
    will_read(&world, usw2, "head", "head=1 ");
    will_hear(&world, log, "away;again;");
    will_write(&world, usw2, "head", "3");
    will_hear(&world, log, "put head=3;");
    ck_assert_uint_lt(log->revision, before);
}
END_TEST

/* ---- the disk ---- */

static void setup_small(void)
{
    cluster_init(&cluster, 1);
    cluster.arguments[0] = "--quota-backend-bytes";
    cluster.arguments[1] = "262144";
    begin();
}

/*
 * etcd measures its file, which grows when a batch of writes is committed, ten times a second: a
 * hundred quick writes may all be taken before it looks. So writes go on until one is refused.
 * The compaction is waited for: without --physical its room comes back when the member has time.
 */
START_TEST(a_full_etcd_says_so_and_can_still_be_read)
{
    struct store *use1 = world_daemon(&world, "use1");
    char value[16 * 1024];
    struct answer_of_store answer = {.status = STORE_OK};
    char revision[32];

    wrote(renew(&world, use1));
    memset(value, 'v', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    for (unsigned i = 0; i < 10000 && answer.status == STORE_OK; i++)
        answer = put(&world, use1, "a", value);
    fails(answer, STORE_FULL, "etcdctl alarm disarm");
    answer = get(&world, use1, "a");
    ck_assert_uint_eq(answer.first.length, sizeof(value) - 1);
    (void)snprintf(revision, sizeof(revision), "%llu", (unsigned long long)wrote(answer));
    wrote(renew(&world, use1));
    ETCDCTL(&cluster, "compaction", "--physical=true", revision);
    ETCDCTL(&cluster, "defrag");
    ETCDCTL(&cluster, "alarm", "disarm");
    wrote(put(&world, use1, "a", "1"));
}
END_TEST

static Suite *suite_of_members(void)
{
    const TTest *const three[] = {the_others_answer_when_the_first_member_is_killed,
                                  a_member_that_stands_still_is_passed_by,
                                  the_watch_goes_on_at_another_member_and_misses_nothing,
                                  the_first_member_is_asked_again_when_it_is_back,
                                  without_a_majority_all_is_away_and_the_watch_says_so};
    const TTest *const one[] = {a_member_that_restarts_keeps_lease_and_watch,
                                a_store_that_was_set_back_is_told_as_a_loss_and_read_as_it_is};
    const TTest *const small[] = {a_full_etcd_says_so_and_can_still_be_read};
    Suite *suite = suite_create("etcd members");

    cluster_add_tests(suite, "three", setup, teardown, three, sizeof(three) / sizeof(*three));
    cluster_add_tests(suite, "one", setup_one, teardown, one, sizeof(one) / sizeof(*one));
    cluster_add_tests(suite, "small", setup_small, teardown, small, sizeof(small) / sizeof(*small));
    return suite;
}

int main(void)
{
    return cluster_run(suite_of_members(), NULL, NULL);
}
