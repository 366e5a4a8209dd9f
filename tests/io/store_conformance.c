/* SPDX-License-Identifier: Apache-2.0 */
/* What every engine of the store must do. use1 and usw2 are two daemons' handles to one store. */
#include "store_conformance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct store_lab *lab;
static struct world world;
static struct store *use1;
static struct store *usw2;

static void setup_of(msec_t lease_ms)
{
    lab->setup();
    world_open(&world, lab);
    use1 = world_daemon_of(&world, "use1", lease_ms);
    usw2 = world_daemon_of(&world, "usw2", lease_ms);
}

static void setup(void)
{
    setup_of(WORLD_LASTING_MS);
}

/* Where time passes; a machine that stands still lets some pass as well. */
static void setup_lapsing(void)
{
    setup_of(lab->lease_ms);
}

static void teardown(void)
{
    world_close(&world);
    lab->teardown();
}

/* A transaction of one compare and one put. */
static struct answer_of_store put_if(struct store *store, enum store_compare_kind kind,
                                     const char *key, uint64_t revision, const char *put_key,
                                     const char *value)
{
    struct store_compare compare = {.kind = kind, .key = key, .revision = revision};
    struct store_put change = {.key = put_key, .value = value, .length = strlen(value)};
    struct store_txn txn = {
        .compares = &compare, .compare_count = 1, .puts = &change, .put_count = 1};

    return transact(&world, store, &txn);
}

/* ---- reading and writing ---- */

START_TEST(what_one_daemon_writes_another_reads)
{
    wrote(put(&world, use1, "v1/votes/use1/pizza", "up"));
    reads(&world, usw2, "v1/votes/", "v1/votes/use1/pizza=up ");
    wrote(put(&world, usw2, "v1/votes/use1/pizza", "down"));
    reads(&world, use1, "v1/votes/", "v1/votes/use1/pizza=down ");
}
END_TEST

START_TEST(a_prefix_reads_its_own_keys_in_order)
{
    reads(&world, use1, "", "");
    wrote(put(&world, use1, "b/2", "two"));
    wrote(put(&world, use1, "c", "other"));
    wrote(put(&world, use1, "b/10", "ten"));
    wrote(put(&world, use1, "b", "short"));
    wrote(put(&world, use1, "a", "other"));
    reads(&world, use1, "b/", "b/10=ten b/2=two ");
    reads(&world, use1, "b", "b=short b/10=ten b/2=two ");
    reads(&world, use1, "", "a=other b=short b/10=ten b/2=two c=other ");
    reads(&world, use1, "B", "");
}
END_TEST

START_TEST(a_part_may_be_left_out_of_a_read)
{
    wrote(put(&world, use1, "b/10", "ten"));
    reads_but(&world, use1, "", "b/", "");
    reads_but(&world, use1, "b", "b/1", "");
    wrote(put(&world, use1, "a", "before"));
    reads_but(&world, use1, "", "b/", "a=before ");
    wrote(put(&world, use1, "b", "short"));
    wrote(put(&world, use1, "b/2", "two"));
    wrote(put(&world, use1, "b0", "behind"));
    wrote(put(&world, use1, "c", "other"));
    reads_but(&world, use1, "", "b/", "a=before b=short b0=behind c=other ");
    reads_but(&world, usw2, "b", "b/", "b=short b0=behind ");
    reads_but(&world, use1, "", "c", "a=before b=short b/10=ten b/2=two b0=behind ");
}
END_TEST

/* More than etcd is asked for at once, on both sides of what is left out. */
START_TEST(a_part_may_be_left_out_of_a_long_read)
{
    char keys[3][STORE_PUTS_MAX][32];
    struct store_put puts[STORE_PUTS_MAX];
    struct answer_of_store answer;

    for (int i = 0; i < 21; i++) {
        for (int k = 0; k < STORE_PUTS_MAX; k++) {
            snprintf(keys[i / 7][k], sizeof(keys[0][0]), "%c/%02d/%02d", 'a' + i / 7, i % 7, k);
            puts[k] = (struct store_put){.key = keys[i / 7][k], .value = "v", .length = 1};
        }
        wrote(
            transact(&world, use1, &(struct store_txn){.puts = puts, .put_count = STORE_PUTS_MAX}));
    }
    answer = get_but(&world, use1, "", "b/");
    ck_assert_uint_eq(answer.count, 2 * 7 * STORE_PUTS_MAX);
    ck_assert_ptr_null(strstr(answer.text, "b/"));
    wrote(answer);
}
END_TEST

START_TEST(every_write_raises_the_revision_and_no_read_does)
{
    uint64_t first = wrote(put(&world, use1, "a", "1"));
    uint64_t second = wrote(put(&world, usw2, "a", "1"));
    uint64_t third = wrote(delete_key(&world, use1, "a"));

    ck_assert_uint_gt(first, 0);
    ck_assert_uint_eq(second, first + 1);
    ck_assert_uint_eq(third, second + 1);
    ck_assert_uint_eq(wrote(get(&world, use1, "a")), third);
    ck_assert_uint_eq(wrote(get(&world, usw2, "")), third);
}
END_TEST

START_TEST(an_item_knows_when_it_was_made_and_last_changed)
{
    uint64_t made = wrote(put(&world, use1, "a", "1"));
    uint64_t changed = wrote(put(&world, usw2, "a", "2"));
    struct answer_of_store answer = get(&world, use1, "a");

    ck_assert_uint_eq(answer.first.create_revision, made);
    ck_assert_uint_eq(answer.first.mod_revision, changed);
    wrote(answer);
    wrote(delete_key(&world, use1, "a"));
    made = wrote(put(&world, use1, "a", "3"));
    answer = get(&world, use1, "a");
    ck_assert_uint_eq(answer.first.create_revision, made);
    wrote(answer);
}
END_TEST

START_TEST(deleting_what_is_absent_changes_nothing)
{
    uint64_t before = wrote(put(&world, use1, "a", "1"));

    wrote(delete_key(&world, use1, "b"));
    ck_assert_uint_eq(wrote(get(&world, use1, "")), before);
}
END_TEST

START_TEST(a_value_may_be_empty_or_hold_any_byte)
{
    struct answer_of_store answer = {0};

    wrote(put(&world, use1, "empty", ""));
    store_put(use1, "nul", "a\0b", 3, false, on_write, &answer);
    world_wait(&world, &answer.done, "the write");
    wrote(answer);
    answer = get(&world, usw2, "nul");
    ck_assert_uint_eq(answer.first.length, 3);
    wrote(answer);
    reads(&world, usw2, "", "empty= nul=a ");
}
END_TEST

START_TEST(the_largest_key_and_value_fit)
{
    char *value = malloc(STORE_VALUE_MAX + 1);
    char key[STORE_KEY_MAX + 1];
    struct answer_of_store answer;

    ck_assert_ptr_nonnull(value);
    memset(value, 'v', STORE_VALUE_MAX);
    value[STORE_VALUE_MAX] = '\0';
    memset(key, '~', STORE_KEY_MAX);
    key[STORE_KEY_MAX] = '\0';
    wrote(put(&world, use1, key, value));
    answer = get(&world, usw2, key);
    ck_assert_uint_eq(answer.count, 1);
    ck_assert_uint_eq(answer.first.length, STORE_VALUE_MAX);
    wrote(answer);
    free(value);
}
END_TEST

/* ---- transactions ---- */

START_TEST(all_writes_of_a_transaction_share_one_revision)
{
    struct store_put puts[] = {{.key = "a", .value = "1", .length = 1},
                               {.key = "b", .value = "2", .length = 1},
                               {.key = "old", .value = NULL}};
    struct store_txn txn = {.puts = puts, .put_count = 3};
    uint64_t before = wrote(put(&world, use1, "old", "0"));
    uint64_t after = wrote(transact(&world, use1, &txn));
    struct answer_of_store answer;

    ck_assert_uint_eq(after, before + 1);
    reads(&world, usw2, "", "a=1 b=2 ");
    answer = get(&world, usw2, "b");
    ck_assert_uint_eq(answer.first.mod_revision, after);
    wrote(answer);
}
END_TEST

START_TEST(a_compare_that_does_not_hold_writes_nothing)
{
    uint64_t seen = wrote(put(&world, use1, "head", "epoch 1"));
    uint64_t moved = wrote(put(&world, usw2, "head", "epoch 2"));

    fails(put_if(use1, STORE_MOD_IS, "head", seen, "head", "mine"), STORE_CONFLICT, "");
    reads(&world, use1, "", "head=epoch 2 ");
    ck_assert_uint_eq(wrote(get(&world, use1, "")), moved);
    wrote(put_if(use1, STORE_MOD_IS, "head", moved, "head", "epoch 3"));
    reads(&world, usw2, "", "head=epoch 3 ");
}
END_TEST

START_TEST(revision_zero_means_absent)
{
    wrote(put_if(use1, STORE_MOD_IS, "claim", 0, "claim", "use1"));
    fails(put_if(usw2, STORE_MOD_IS, "claim", 0, "claim", "usw2"), STORE_CONFLICT, "");
    fails(put_if(usw2, STORE_CREATE_IS, "claim", 0, "claim", "usw2"), STORE_CONFLICT, "");
    wrote(delete_key(&world, use1, "claim"));
    wrote(put_if(usw2, STORE_CREATE_IS, "claim", 0, "claim", "usw2"));
    fails(put_if(use1, STORE_MOD_IS, "absent", 7, "other", "1"), STORE_CONFLICT, "");
    reads(&world, use1, "", "claim=usw2 ");
}
END_TEST

START_TEST(a_create_compare_survives_changes_but_not_a_new_beginning)
{
    uint64_t made = wrote(put(&world, use1, "a", "1"));

    wrote(put(&world, use1, "a", "2"));
    wrote(put_if(usw2, STORE_CREATE_IS, "a", made, "a", "3"));
    wrote(delete_key(&world, use1, "a"));
    wrote(put(&world, use1, "a", "4"));
    fails(put_if(usw2, STORE_CREATE_IS, "a", made, "a", "5"), STORE_CONFLICT, "");
}
END_TEST

START_TEST(a_prefix_compare_sees_any_later_write_under_it)
{
    uint64_t seen = wrote(put(&world, use1, "v1/orders/1", "freeze"));

    wrote(put(&world, use1, "v1/votes/use1", "up"));
    wrote(put_if(use1, STORE_PREFIX_NOT_AFTER, "v1/orders/", seen, "head", "1"));
    wrote(put(&world, usw2, "v1/orders/2", "thaw"));
    fails(put_if(use1, STORE_PREFIX_NOT_AFTER, "v1/orders/", seen, "head", "2"), STORE_CONFLICT,
          "");
    wrote(put_if(use1, STORE_PREFIX_NOT_AFTER, "v1/journal/", 0, "head", "3"));
    reads(&world, use1, "head", "head=3 ");
}
END_TEST

START_TEST(one_failing_compare_among_many_is_enough)
{
    struct store_compare compares[STORE_COMPARES_MAX];
    struct store_put change = {.key = "head", .value = "1", .length = 1};
    struct store_txn txn = {
        .compares = compares, .compare_count = STORE_COMPARES_MAX, .puts = &change, .put_count = 1};

    wrote(put(&world, usw2, "key", "1"));
    for (unsigned i = 0; i < STORE_COMPARES_MAX; i++) {
        compares[i] = (struct store_compare){.kind = STORE_MOD_IS, .key = "absent"};
    }
    wrote(transact(&world, use1, &txn));
    compares[STORE_COMPARES_MAX - 1].key = "key";
    fails(transact(&world, use1, &txn), STORE_CONFLICT, "");
}
END_TEST

START_TEST(the_largest_transaction_fits)
{
    char keys[STORE_PUTS_MAX][16];
    struct store_put puts[STORE_PUTS_MAX];
    struct store_txn txn = {.puts = puts, .put_count = STORE_PUTS_MAX};
    struct answer_of_store answer;

    for (unsigned i = 0; i < STORE_PUTS_MAX; i++) {
        (void)snprintf(keys[i], sizeof(keys[i]), "key%u", i);
        puts[i] = (struct store_put){.key = keys[i], .value = "x", .length = 1};
    }
    wrote(transact(&world, use1, &txn));
    answer = get(&world, usw2, "key");
    ck_assert_uint_eq(answer.count, STORE_PUTS_MAX);
    wrote(answer);
}
END_TEST

START_TEST(a_transaction_may_only_compare)
{
    uint64_t seen = wrote(put(&world, use1, "a", "1"));
    struct store_compare compare = {.kind = STORE_MOD_IS, .key = "a", .revision = seen};
    struct store_txn txn = {.compares = &compare, .compare_count = 1};

    ck_assert_uint_eq(wrote(transact(&world, use1, &txn)), seen);
    compare.revision = seen + 1;
    fails(transact(&world, use1, &txn), STORE_CONFLICT, "");
}
END_TEST

START_TEST(two_daemons_race_and_exactly_one_wins)
{
    for (unsigned round = 0; round < 40; round++) {
        struct answer_of_store answers[2] = {{0}, {0}};
        uint64_t seen = wrote(put(&world, use1, "head", "start"));
        struct store_compare compare = {.kind = STORE_MOD_IS, .key = "head", .revision = seen};
        struct store_put change = {.key = "head", .value = "won", .length = 3};
        struct store_txn txn = {
            .compares = &compare, .compare_count = 1, .puts = &change, .put_count = 1};
        int won;

        store_txn(round % 2 == 0 ? use1 : usw2, &txn, on_write, &answers[0]);
        store_txn(round % 2 == 0 ? usw2 : use1, &txn, on_write, &answers[1]);
        world_wait(&world, &answers[0].done, "the first");
        world_wait(&world, &answers[1].done, "the second");
        won = (answers[0].status == STORE_OK) + (answers[1].status == STORE_OK);
        ck_assert_int_eq(won, 1);
        ck_assert_int_eq(answers[answers[0].status == STORE_OK].status, STORE_CONFLICT);
        ck_assert_uint_eq(wrote(get(&world, use1, "")), seen + 1);
    }
}
END_TEST

/* ---- watching ---- */

START_TEST(a_watch_tells_own_and_others_changes_in_order)
{
    struct watch_log *log;

    wrote(put(&world, use1, "v1/old", "before"));
    log = watch(&world, use1, "v1/");
    wrote(put(&world, usw2, "v1/b", "1"));
    wrote(put(&world, use1, "v1/a", "2"));
    wrote(put(&world, usw2, "elsewhere", "3"));
    wrote(delete_key(&world, usw2, "v1/old"));
    wrote(put(&world, usw2, "v1/c", ""));
    will_tell(&world, log, "put v1/b=1;put v1/a=2;del v1/old;put v1/c=;");
    ck_assert_uint_eq(log->revision, wrote(get(&world, use1, "")));
}
END_TEST

START_TEST(a_key_that_was_deleted_and_written_again_is_told_as_written)
{
    struct watch_log *log;

    wrote(put(&world, use1, "a", "1"));
    log = watch(&world, usw2, "");
    wrote(delete_key(&world, use1, "a"));
    wrote(put(&world, use1, "a", "2"));
    wrote(put(&world, use1, "z", "end"));
    will_tell(&world, log, "del a;put a=2;put z=end;");
}
END_TEST

START_TEST(a_conflict_wakes_no_watcher)
{
    struct watch_log *log;

    wrote(put(&world, use1, "a", "1"));
    log = watch(&world, use1, "");
    fails(put_if(usw2, STORE_MOD_IS, "a", 0, "a", "2"), STORE_CONFLICT, "");
    wrote(delete_key(&world, usw2, "absent"));
    wrote(put(&world, usw2, "b", "end"));
    will_tell(&world, log, "put b=end;");
}
END_TEST

/* ---- leases ---- */

START_TEST(a_leased_write_needs_a_lease)
{
    fails(put_leased(&world, use1, "vote", "up"), STORE_LEASE_LOST, "use1");
    reads(&world, usw2, "", "");
    wrote(renew(&world, use1));
    wrote(put_leased(&world, use1, "vote", "up"));
    reads(&world, usw2, "", "vote=up ");
}
END_TEST

START_TEST(what_is_not_renewed_vanishes_for_everyone)
{
    struct watch_log *log;

    log = watch(&world, usw2, "");
    wrote(put(&world, use1, "head", "stays"));
    will_vote(&world, use1, "vote", "up");
    will_hear(&world, log, "put vote=up;");
    world_pass_time(&world, lab->lease_ms * 2);
    will_tell(&world, log, "put head=stays;put vote=up;del vote;");
    reads(&world, usw2, "", "head=stays ");
    reads(&world, use1, "", "head=stays ");
}
END_TEST

/* Renews each third of a lease until two have passed; since_ns: when it was asked for last. False:
 * the machine stood still for so long that the lease may have lapsed, which proves nothing. */
static bool keeps_its_vote(struct store *store, msec_t lease_ms, uint64_t since_ns)
{
    for (unsigned i = 0; i < 6; i++) {
        struct answer_of_store renewed;
        struct answer_of_store vote;
        uint64_t asked_ns;

        world_pass_time(&world, lease_ms / 3);
        asked_ns = uv_hrtime();
        renewed = renew(&world, store);
        vote = get(&world, usw2, "vote/use1");
        if (uv_hrtime() - since_ns >= (uint64_t)lease_ms * 1000000) {
            free(vote.text);
            return false;
        }
        wrote(renewed);
        ck_assert_uint_eq(vote.count, 1);
        wrote(vote);
        since_ns = asked_ns;
    }
    return true;
}

START_TEST(who_renews_keeps_its_votes)
{
    msec_t lease_ms = lab->lease_ms;
    bool is_kept = false;

    will_vote(&world, usw2, "vote/usw2", "up");
    for (unsigned i = 0; i < 6 && !is_kept; i++) {
        struct store *renewing = world_daemon_of(&world, "use1", lease_ms);
        uint64_t began_ns = uv_hrtime();

        will_vote(&world, renewing, "vote/use1", "up");
        is_kept = keeps_its_vote(renewing, lease_ms, began_ns);
        lease_ms *= 2;
    }
    ck_assert_msg(is_kept, "the machine stood still for seconds again and again");
    will_read(&world, use1, "vote/usw2", "");
}
END_TEST

START_TEST(renewing_raises_no_revision_and_wakes_no_watcher)
{
    struct watch_log *log;
    uint64_t revision;

    wrote(renew(&world, use1));
    revision = wrote(put_leased(&world, use1, "vote", "up"));
    log = watch(&world, usw2, "");
    for (unsigned i = 0; i < 5; i++) {
        wrote(renew(&world, use1));
    }
    ck_assert_uint_eq(wrote(get(&world, usw2, "")), revision);
    wrote(put(&world, use1, "b", "end"));
    will_tell(&world, log, "put b=end;");
}
END_TEST

START_TEST(a_lapsed_owner_is_told_and_begins_anew)
{
    struct watch_log *log = watch(&world, usw2, "");

    will_vote(&world, use1, "vote", "up");
    will_hear(&world, log, "put vote=up;");
    world_pass_time(&world, lab->lease_ms * 2);
    will_hear(&world, log, "del vote;");
    fails(put_leased(&world, use1, "vote", "up"), STORE_LEASE_LOST, "use1");
    will_vote(&world, use1, "vote", "down");
    will_hear(&world, log, "put vote=up;del vote;put vote=down;");
}
END_TEST

START_TEST(a_late_renewal_says_that_the_lease_is_gone)
{
    will_vote(&world, use1, "vote", "up");
    world_pass_time(&world, lab->lease_ms * 2);
    will_read(&world, usw2, "", "");
    fails(renew(&world, use1), STORE_LEASE_LOST, "use1");
    wrote(renew(&world, use1));
}
END_TEST

START_TEST(closing_gives_the_lease_back_at_once)
{
    will_give_back(&world, "use1", usw2, watch(&world, usw2, ""));
}
END_TEST

START_TEST(what_a_new_lease_took_over_outlives_the_old_one)
{
    struct store *reborn = world_daemon_of(&world, "use1", WORLD_LASTING_MS);

    will_vote(&world, use1, "suspects", "none");
    will_vote(&world, use1, "vote", "up");
    wrote(renew(&world, reborn));
    wrote(put_leased(&world, reborn, "vote", "down"));
    world_pass_time(&world, lab->lease_ms * 2);
    will_read(&world, usw2, "", "vote=down ");
}
END_TEST

START_TEST(an_unleased_write_takes_a_key_out_of_the_lease)
{
    will_vote(&world, use1, "a", "1");
    will_vote(&world, use1, "b", "1");
    wrote(put(&world, usw2, "a", "2"));
    world_pass_time(&world, lab->lease_ms * 2);
    will_read(&world, usw2, "", "a=2 ");
}
END_TEST

START_TEST(a_lost_lease_does_not_hide_a_conflict)
{
    struct store_compare compare = {.kind = STORE_MOD_IS, .key = "a", .revision = 99};
    struct store_put change = {.key = "a", .value = "1", .length = 1, .leased = true};
    struct store_txn txn = {
        .compares = &compare, .compare_count = 1, .puts = &change, .put_count = 1};

    fails(transact(&world, use1, &txn), STORE_CONFLICT, "");
    compare.revision = 0;
    fails(transact(&world, use1, &txn), STORE_LEASE_LOST, "use1");
    reads(&world, use1, "", "");
}
END_TEST

/* ---- closing ---- */

START_TEST(every_call_is_answered_once_even_when_the_store_closes)
{
    enum { CALLS = 60 };
    struct answer_of_store answers[CALLS] = {{0}};
    struct watch_log *log;

    log = watch(&world, use1, "");
    for (unsigned i = 0; i < CALLS; i += 3) {
        store_get(use1, "", on_view, &answers[i]);
        store_put(use1, "a", "1", 1, false, on_write, &answers[i + 1]);
        store_renew(use1, on_write, &answers[i + 2]);
    }
    world_leave(&world, use1);
    for (unsigned i = 0; i < CALLS; i++) {
        ck_assert_uint_eq(answers[i].times, 1);
        ck_assert(answers[i].status == STORE_OK || answers[i].status == STORE_AWAY);
        free(answers[i].text);
    }
    ck_assert_ptr_nonnull(strstr(log->text, "away;"));
}
END_TEST

START_TEST(a_store_that_was_never_opened_can_be_closed)
{
    store_close(NULL, NULL, NULL);
}
END_TEST

static TCase *new_case(Suite *suite, const char *name, SFun set_up)
{
    TCase *tests = tcase_create(name);

    tcase_add_checked_fixture(tests, set_up, teardown);
    tcase_set_timeout(tests, 600); /* for what hangs */
    suite_add_tcase(suite, tests);
    return tests;
}

static void add_reading_and_writing(TCase *tests)
{
    tcase_add_test(tests, what_one_daemon_writes_another_reads);
    tcase_add_test(tests, a_prefix_reads_its_own_keys_in_order);
    tcase_add_test(tests, a_part_may_be_left_out_of_a_read);
    tcase_add_test(tests, a_part_may_be_left_out_of_a_long_read);
    tcase_add_test(tests, every_write_raises_the_revision_and_no_read_does);
    tcase_add_test(tests, an_item_knows_when_it_was_made_and_last_changed);
    tcase_add_test(tests, deleting_what_is_absent_changes_nothing);
    tcase_add_test(tests, a_value_may_be_empty_or_hold_any_byte);
    tcase_add_test(tests, the_largest_key_and_value_fit);
}

static void add_transactions(TCase *tests)
{
    tcase_add_test(tests, all_writes_of_a_transaction_share_one_revision);
    tcase_add_test(tests, a_compare_that_does_not_hold_writes_nothing);
    tcase_add_test(tests, revision_zero_means_absent);
    tcase_add_test(tests, a_create_compare_survives_changes_but_not_a_new_beginning);
    tcase_add_test(tests, a_prefix_compare_sees_any_later_write_under_it);
    tcase_add_test(tests, one_failing_compare_among_many_is_enough);
    tcase_add_test(tests, the_largest_transaction_fits);
    tcase_add_test(tests, a_transaction_may_only_compare);
    tcase_add_test(tests, two_daemons_race_and_exactly_one_wins);
}

static void add_watching_and_closing(TCase *tests)
{
    tcase_add_test(tests, a_watch_tells_own_and_others_changes_in_order);
    tcase_add_test(tests, a_key_that_was_deleted_and_written_again_is_told_as_written);
    tcase_add_test(tests, a_conflict_wakes_no_watcher);
    tcase_add_test(tests, every_call_is_answered_once_even_when_the_store_closes);
    tcase_add_test(tests, a_store_that_was_never_opened_can_be_closed);
}

static void add_leases(TCase *tests)
{
    tcase_add_test(tests, a_leased_write_needs_a_lease);
    tcase_add_test(tests, renewing_raises_no_revision_and_wakes_no_watcher);
    tcase_add_test(tests, closing_gives_the_lease_back_at_once);
    tcase_add_test(tests, a_lost_lease_does_not_hide_a_conflict);
}

static void add_lapses(TCase *tests)
{
    tcase_add_test(tests, what_is_not_renewed_vanishes_for_everyone);
    tcase_add_test(tests, who_renews_keeps_its_votes);
    tcase_add_test(tests, a_lapsed_owner_is_told_and_begins_anew);
    tcase_add_test(tests, a_late_renewal_says_that_the_lease_is_gone);
    tcase_add_test(tests, what_a_new_lease_took_over_outlives_the_old_one);
    tcase_add_test(tests, an_unleased_write_takes_a_key_out_of_the_lease);
}

Suite *store_conformance(const struct store_lab *of)
{
    Suite *suite = suite_create(of->name);

    lab = of;
    add_reading_and_writing(new_case(suite, "reading and writing", setup));
    add_transactions(new_case(suite, "transactions", setup));
    add_watching_and_closing(new_case(suite, "watching and closing", setup));
    add_leases(new_case(suite, "leases", setup));
    add_lapses(new_case(suite, "lapses", setup_lapsing));
    return suite;
}
