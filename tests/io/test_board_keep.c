/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in the store for long: values of another release, which are told as what they are and
 * never destroyed; orders and old decisions, which go when nobody needs them, and not before. */
#include <stdio.h>
#include <string.h>

#include "../lib/suite.h"
#include "board_world.h"

/* ---- what cannot be read is not nothing ---- */

#define TOLD_HEAD(what)                                                                            \
    "{\"at\":0,\"event\":\"head\",\"group\":\"jwt-pizza\",\"revision\":0,\"decision\":" what "}\n"

START_TEST(a_head_that_cannot_be_read_does_not_look_like_none)
{
    struct store_item head = paper_item("v1/decisions/jwt-pizza", 10, "{\"v\":2,\"plan\":[]}");
    struct store_item torn = paper_item("v1/decisions/jwt-pizza", 11, "{\"v\":1,");
    struct store_item gone = paper_item("v1/decisions/jwt-pizza", 12, NULL);

    first_read(9);
    paper_tell(store, STORE_OK, 10, &head, 1);
    ck_told(TOLD_HEAD("\"newer\"") TOLD_STORE("ok", "10", "false"));
    paper_tell(store, STORE_OK, 11, &torn, 1);
    ck_told(TOLD_HEAD("\"broken\"") TOLD_STORE("ok", "11", "false"));
    paper_tell(store, STORE_OK, 12, &gone, 1);
    ck_told(TOLD_HEAD("null") TOLD_STORE("ok", "12", "false"));
}
END_TEST

/* A commit compares the ledger's revision, so that stays true whatever the value. */
START_TEST(a_ledger_that_cannot_be_read_is_told_with_its_revision)
{
    struct store_item ledger = paper_item("v1/budget", 10, "{\"v\":2}");

    first_read(9);
    paper_tell(store, STORE_OK, 10, &ledger, 1);
    ck_told("{\"at\":0,\"event\":\"budget\",\"revision\":10,\"moves\":\"newer\"}\n" TOLD_STORE(
        "ok", "10", "false"));
}
END_TEST

#define TOLD_ORDER(id, revision, what)                                                             \
    "{\"at\":0,\"event\":\"order\",\"id\":\"" id "\",\"create_revision\":" revision                \
    ",\"mod_revision\":" revision ",\"order\":" what "}\n"

START_TEST(an_order_that_cannot_be_read_is_told_with_the_reason_and_then_as_what_it_is)
{
    struct store_item order = paper_item("v1/orders/7", 10, "{\"v\":2,\"verb\":\"hold\"}");
    struct store_item gone = paper_item("v1/orders/7", 12, NULL);

    first_read(9);
    paper_tell(store, STORE_OK, 10, &order, 1);
    ck_told(TOLD_ORDER("7", "10",
                       "\"order: v: version 2, and only 1 is known: written by a newer "
                       "release\"") TOLD_STORE("ok", "10", "false"));
    paper_tell(store, STORE_OK, 12, &gone, 1);
    ck_told(TOLD_ORDER("7", "0", "null") TOLD_STORE("ok", "12", "false"));
}
END_TEST

#define ORDER(fields)                                                                              \
    "{\"v\":1,\"verb\":" fields ",\"incident\":\"\",\"override\":false,\"by\":\"b\","              \
    "\"reason\":\"r\",\"at\":1,\"until\":0,\"obeyed\":[]}"

START_TEST(an_order_about_a_region_that_is_not_ours_is_no_order_here)
{
    struct store_item order =
        paper_item("v1/orders/7", 10, ORDER("\"drain\",\"region\":\"eu-north-1\",\"group\":\"\""));
    struct board_stats stats;

    first_read(9);
    paper_tell(store, STORE_OK, 10, &order, 1);
    ck_told(TOLD_STORE("ok", "10", "false"));
    board_stats(board, &stats);
    ck_assert_uint_eq(stats.undecodable, 0);
    ck_assert_uint_eq(stats.orders, 1);
}
END_TEST

/* ---- orders (D7) ---- */

static enum store_status order_status;
static unsigned order_answers;

static void on_order(void *context, enum store_status status, const char *error)
{
    (void)context;
    (void)error;
    order_status = status;
    order_answers++;
}

static struct order freeze(const char *id, enum order_verb verb, uint32_t group)
{
    struct order order = {.verb = verb, .region = NONE, .group = group, .by = "root (uid 0)"};

    snprintf(order.id, sizeof(order.id), "%s", id);
    return order;
}

static const char freeze_solo[] =
    "{\"v\":1,\"verb\":\"freeze\",\"region\":\"\",\"group\":\"solo\",\"incident\":\"\","
    "\"override\":false,\"by\":\"root\",\"reason\":\"\",\"at\":0,\"until\":0,\"obeyed\":[]}";

START_TEST(an_order_takes_away_those_it_makes_void)
{
    struct store_item items[] = {paper_item("v1/orders/01", 4, freeze_solo)};
    struct order thaw_all = freeze("02", ORDER_THAW, NONE);
    struct order thaw_other = freeze("03", ORDER_THAW, 0);
    char error[128];
    const char *text;

    order_answers = 0;
    paper_answer_get(store, 4, items, 1);
    ck_assert_int_eq(board_put_order(board, &thaw_other, on_order, NULL, error, sizeof(error)), 0);
    ck_assert_ptr_null(strstr(first_txn(), "gone"));
    paper_answer(store, PAPER_TXN, STORE_OK, 5);
    ck_assert_int_eq(board_put_order(board, &thaw_all, on_order, NULL, error, sizeof(error)), 0);
    text = first_txn();
    ck_assert_ptr_eq(strstr(text, "if v1/orders/02=0; v1/orders/02:={"), text);
    ck_assert_ptr_nonnull(strstr(text, "; v1/orders/01 gone; "));
    paper_answer(store, PAPER_TXN, STORE_READONLY, 0);
    ck_assert_uint_eq(order_answers, 2);
    ck_assert_int_eq(order_status, STORE_READONLY);
}
END_TEST

/* So many orders as one read. */
static void read_orders(int count, const char *value)
{
    static char keys[ORDERS_MAX + 1][32];
    struct store_item items[ORDERS_MAX + 1];

    for (int i = 0; i < count; i++) {
        snprintf(keys[i], sizeof(keys[i]), "v1/orders/%03d", i);
        items[i] = paper_item(keys[i], (uint64_t)i + 1, value);
    }
    paper_answer_get(store, (uint64_t)count, items, (size_t)count);
}

START_TEST(one_order_too_many_is_refused_with_a_sentence)
{
    struct order order = freeze("zz", ORDER_FREEZE, 0);
    char error[128] = "";

    order_answers = 0;
    read_orders(ORDERS_GIVEN_MAX, freeze_solo);
    ck_assert_int_eq(board_put_order(board, &order, on_order, NULL, error, sizeof(error)), -1);
    ck_assert_ptr_nonnull(strstr(error, "too many orders"));
    ck_assert_uint_eq(order_answers, 0);
    ck_assert_ptr_null(paper_first(store, PAPER_TXN));
}
END_TEST

/* Given by several at once, or by hand: more than there are places. */
START_TEST(an_order_that_finds_no_place_freezes_until_it_does)
{
    read_orders(ORDERS_MAX - 1, freeze_solo);
    ck_assert_ptr_null(strstr(told, "too-many"));
    read_again();
    read_orders(ORDERS_MAX + 1, freeze_solo);
    ck_assert_ptr_nonnull(strstr(told, "\"id\":\"too-many\",\"create_revision\":128,"
                                       "\"mod_revision\":128,\"order\":\"more orders stand"));
    told[0] = '\0';
    read_again();
    read_orders(ORDERS_MAX + 1, freeze_solo);
    ck_told(TOLD_STORE("ok", "129", "true"));
    read_again();
    read_orders(ORDERS_MAX - 1, freeze_solo);
    ck_assert_ptr_nonnull(strstr(told, "\"id\":\"too-many\",\"create_revision\":0,"
                                       "\"mod_revision\":0,\"order\":null"));
}
END_TEST

/* A newer version's order may only be undone by a newer version. */
START_TEST(a_thaw_of_everything_takes_away_what_nobody_can_read)
{
    struct store_item items[] = {paper_item("v1/orders/01", 4, "scribbled by hand"),
                                 paper_item("v1/orders/02", 5, "{\"v\":2}")};
    struct order thaw_one = freeze("03", ORDER_THAW, 0);
    struct order thaw_all = freeze("04", ORDER_THAW, NONE);
    char error[128];

    paper_answer_get(store, 5, items, 2);
    ck_assert_int_eq(board_put_order(board, &thaw_one, on_order, NULL, error, sizeof(error)), 0);
    ck_assert_ptr_null(strstr(first_txn(), "gone"));
    paper_answer(store, PAPER_TXN, STORE_OK, 6);
    ck_assert_int_eq(board_put_order(board, &thaw_all, on_order, NULL, error, sizeof(error)), 0);
    ck_assert_ptr_nonnull(strstr(first_txn(), "; v1/orders/01 gone; "));
    ck_assert_ptr_null(strstr(first_txn(), "v1/orders/02"));
}
END_TEST

START_TEST(an_order_that_is_obeyed_or_ended_keeps_what_we_do_not_understand)
{
    struct store_item item = paper_item(
        "v1/orders/7", 4,
        "{\"v\":1,\"minor\":3,\"ticket\":\"OPS-7\",\"verb\":\"failback\",\"region\":\"\",\"group\":"
        "\"\","
        "\"incident\":\"\",\"override\":false,\"by\":\"b\",\"reason\":\"r\",\"at\":1,\"until\":0,"
        "\"obeyed\":[{\"group\":\"elsewhere\",\"epoch\":4}]}");
    struct order order = freeze("7", ORDER_FAILBACK, NONE);
    struct commit commit = a_commit();

    order.mod_revision = 4;
    order.obeyed[0] = (struct order_obeyed){0, 7};
    order.obeyed_count = 1;
    commit.obeyed = &order;
    paper_answer_get(store, 4, &item, 1);
    board_commit(board, &commit);
    ck_assert_ptr_nonnull(strstr(first_txn(), "\"minor\":3,\"ticket\":\"OPS-7\""));
    ck_assert_ptr_nonnull(strstr(first_txn(), "\"obeyed\":[{\"group\":\"elsewhere\",\"epoch\":4},"
                                              "{\"group\":\"jwt-pizza\",\"epoch\":7}]"));
    paper_answer(store, PAPER_TXN, STORE_OK, 5);
    ck_assert_int_eq(board_withdraw_order(board, &order, 9, on_order, NULL), 0);
    ck_assert_ptr_nonnull(strstr(first_txn(), "\"ticket\":\"OPS-7\""));
    ck_assert_ptr_nonnull(strstr(first_txn(), "\"until\":9"));
}
END_TEST

/* ---- old decisions ---- */

/* A whole read has no journal in it: with each third one, for there are three probes, the journal
 * of one group is read, of those that have a decision. */
START_TEST(old_decisions_leave_the_store_and_the_newest_stay)
{
    static char keys[BOARD_JOURNAL_MAX + 2][64];
    static struct store_item items[BOARD_JOURNAL_MAX + 2];
    struct store_item head = paper_item("v1/decisions/jwt-pizza", 400, "{}");

    for (int i = 0; i < BOARD_JOURNAL_MAX + 2; i++) {
        snprintf(keys[i], sizeof(keys[i]), "v1/journal/jwt-pizza/%020d", i + 1);
        items[i] = paper_item(keys[i], (uint64_t)i + 1, "{}");
    }
    for (int i = 0; i < 3; i++) {
        ck_assert_ptr_null(paper_first(store, PAPER_TXN));
        ck_assert_str_eq(paper_first(store, PAPER_GET)->text, "v1/ but v1/journal/");
        paper_answer_get(store, 500, &head, 1);
        if (i < 2)
            read_again();
    }
    ck_assert_str_eq(paper_first(store, PAPER_GET)->text, "v1/journal/jwt-pizza/");
    paper_answer_get(store, 500, items, BOARD_JOURNAL_MAX + 2);
    ck_assert_str_eq(first_txn(), "v1/journal/jwt-pizza/00000000000000000001 gone; "
                                  "v1/journal/jwt-pizza/00000000000000000002 gone; ");
    paper_answer(store, PAPER_TXN, STORE_OK, 501);
    ck_assert_ptr_null(paper_first(store, PAPER_TXN));
}
END_TEST

START_TEST(a_decision_takes_the_oldest_of_the_journal_with_it)
{
    struct commit commit = a_commit();

    commit.decision.epoch = BOARD_JOURNAL_MAX;
    board_commit(board, &commit);
    ck_assert_ptr_null(strstr(first_txn(), " gone; "));
    paper_answer(store, PAPER_TXN, STORE_OK, 33);
    commit.decision.epoch = BOARD_JOURNAL_MAX + 3;
    board_commit(board, &commit);
    ck_assert_ptr_nonnull(
        strstr(first_txn(), "; v1/journal/jwt-pizza/00000000000000000003 gone; "));
}
END_TEST

/* ---- orders that nobody needs any more ---- */

#define THAW_SOLO                                                                                  \
    "{\"v\":1,\"verb\":\"thaw\",\"region\":\"\",\"group\":\"solo\",\"incident\":\"\","             \
    "\"override\":false,"                                                                          \
    "\"by\":\"b\",\"reason\":\"r\",\"at\":1,\"until\":0,\"obeyed\":[]}"

/* Whole reads until it has been our turn once. */
static void a_turn_of_reads(const struct store_item *items, size_t count)
{
    for (int i = 0; i < 3; i++) {
        read_again();
        paper_answer_get(store, 9, items, count);
    }
}

START_TEST(an_order_that_a_newer_one_overrules_is_deleted_and_the_newer_an_hour_later)
{
    struct store_item both[] = {paper_item("v1/orders/1", 4, freeze_solo),
                                paper_item("v1/orders/2", 5, THAW_SOLO)};

    paper_answer_get(store, 9, both, 2);
    a_turn_of_reads(both, 2);
    ck_assert_str_eq(first_txn(), "if v1/orders/<=9; v1/orders/1 gone; ");
    paper_answer(store, PAPER_TXN, STORE_OK, 10);
    a_turn_of_reads(both + 1, 1);
    ck_assert_ptr_null(paper_first(store, PAPER_TXN));
    now_ms += ORDER_SETTLED_MS;
    a_turn_of_reads(both + 1, 1);
    ck_assert_str_eq(first_txn(), "if v1/orders/<=9; v1/orders/2 gone; ");
}
END_TEST

START_TEST(nothing_is_forgotten_while_an_order_stands_that_cannot_be_read)
{
    struct store_item both[] = {paper_item("v1/orders/1", 4, "{\"v\":2}"),
                                paper_item("v1/orders/2", 5, THAW_SOLO)};

    paper_answer_get(store, 9, both, 2);
    now_ms += 40 * 24 * (msec_t)ORDER_SETTLED_MS;
    a_turn_of_reads(both, 2);
    ck_assert_ptr_null(paper_first(store, PAPER_TXN)); /* the thaw may hold a freeze down */
}
END_TEST

START_TEST(an_order_about_what_left_the_settings_is_deleted_after_a_month)
{
    struct store_item order =
        paper_item("v1/orders/7", 4, ORDER("\"drain\",\"region\":\"eu-north-1\",\"group\":\"\""));

    paper_answer_get(store, 9, &order, 1);
    now_ms += 29 * 24 * (msec_t)ORDER_SETTLED_MS;
    a_turn_of_reads(&order, 1);
    ck_assert_ptr_null(paper_first(store, PAPER_TXN));
    now_ms += 2 * 24 * (msec_t)ORDER_SETTLED_MS;
    a_turn_of_reads(&order, 1);
    ck_assert_str_eq(first_txn(), "if v1/orders/<=9; v1/orders/7 gone; ");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("what the board keeps");
    TCase *tests = tcase_create("board");

    tcase_add_checked_fixture(tests, board_world_setup, board_world_teardown);
    tcase_add_test(tests, a_head_that_cannot_be_read_does_not_look_like_none);
    tcase_add_test(tests, a_ledger_that_cannot_be_read_is_told_with_its_revision);
    tcase_add_test(tests,
                   an_order_that_cannot_be_read_is_told_with_the_reason_and_then_as_what_it_is);
    tcase_add_test(tests, an_order_about_a_region_that_is_not_ours_is_no_order_here);
    tcase_add_test(tests, an_order_takes_away_those_it_makes_void);
    tcase_add_test(tests, one_order_too_many_is_refused_with_a_sentence);
    tcase_add_test(tests, old_decisions_leave_the_store_and_the_newest_stay);
    tcase_add_test(tests, a_decision_takes_the_oldest_of_the_journal_with_it);
    tcase_add_test(tests,
                   an_order_that_a_newer_one_overrules_is_deleted_and_the_newer_an_hour_later);
    tcase_add_test(tests, nothing_is_forgotten_while_an_order_stands_that_cannot_be_read);
    tcase_add_test(tests, an_order_about_what_left_the_settings_is_deleted_after_a_month);
    tcase_add_test(tests, an_order_that_finds_no_place_freezes_until_it_does);
    tcase_add_test(tests, a_thaw_of_everything_takes_away_what_nobody_can_read);
    tcase_add_test(tests, an_order_that_is_obeyed_or_ended_keeps_what_we_do_not_understand);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
