/* SPDX-License-Identifier: Apache-2.0 */
/* A local order on its way into the store (D7, break-glass): only where the engine knew every other
 * word, and never over another order's key. */
#include <check.h>
#include <string.h>
#include <uv.h>

#include "../lib/suite.h"
#include "../codec/pizza.h"
#include "../lib/paper_store.h"
#include "board.h"

static uv_loop_t uv;
static struct settings settings;
static struct store *store;
static struct board *board;

static const struct order drain = {.id = "0001700000000-1a2b3c4d",
                                   .verb = ORDER_DRAIN,
                                   .region = 0,
                                   .group = NONE,
                                   .override = true,
                                   .by = "alice",
                                   .reason = "the east burns",
                                   .at_wall = 5,
                                   .obeyed = {{0, 7}},
                                   .obeyed_count = 1};

static void tell(void *context, const struct event *event, void (*release)(void *block),
                 void *block)
{
    (void)context;
    (void)event;
    if (release != NULL)
        release(block);
}

static msec_t now(void *context)
{
    (void)context;
    return 100000;
}

static void setup(void)
{
    struct teller teller = {tell, now, NULL};

    settings = pizza;
    settings.self = 0;
    settings.store.lease_ms = 9000;
    uv_loop_init(&uv);
    store = paper_open();
    ck_assert_int_eq(board_create(&uv, &settings, store, &teller, &board), 0);
}

static void nothing(void *context)
{
    (void)context;
}

static void teardown(void)
{
    board_close(board, nothing, NULL);
    paper_close(store);
    uv_run(&uv, UV_RUN_DEFAULT);
    board_destroy(board);
    ck_assert_int_eq(uv_loop_close(&uv), 0);
}

static const char *first_txn(void)
{
    const struct paper_call *call = paper_first(store, PAPER_TXN);

    return call != NULL ? call->text : "";
}

START_TEST(a_local_order_is_written_only_over_nothing_and_after_all_that_is_known)
{
    const char *text;

    paper_answer_get(store, 9, NULL, 0);
    board_keep_order(board, &drain, 9);
    text = first_txn();
    ck_assert_ptr_eq(strstr(text, "if v1/orders/0001700000000-1a2b3c4d=0; if v1/orders/<=9; "
                                  "v1/orders/0001700000000-1a2b3c4d:={"),
                     text);
    ck_assert_ptr_nonnull(strstr(text, "\"obeyed\":[{\"group\":\"jwt-pizza\",\"epoch\":7}]"));
}
END_TEST

/* What stands in the store then says whether it was taken: it is read. */
START_TEST(whatever_becomes_of_it_the_store_is_read)
{
    static const enum store_status answers[] = {STORE_OK, STORE_CONFLICT, STORE_AWAY};

    paper_answer_get(store, 9, NULL, 0);
    board_keep_order(board, &drain, 9);
    ck_assert_ptr_null(paper_first(store, PAPER_GET));
    paper_answer(store, PAPER_TXN, answers[_i], 10);
    ck_assert_ptr_nonnull(paper_first(store, PAPER_GET));
}
END_TEST

START_TEST(an_older_word_about_the_region_goes_with_it)
{
    struct store_item restore = paper_item(
        "v1/orders/01", 4,
        "{\"v\":1,\"verb\":\"restore\",\"region\":\"us-east-1\",\"group\":\"\",\"incident\":\"\","
        "\"override\":false,\"by\":\"root\",\"reason\":\"\",\"at\":0,\"until\":0,\"obeyed\":[]}");

    paper_answer_get(store, 9, &restore, 1);
    board_keep_order(board, &drain, 9);
    ck_assert_ptr_nonnull(strstr(first_txn(), "; v1/orders/01 gone; "));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("local orders into the store");
    TCase *tests = tcase_create("board");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_local_order_is_written_only_over_nothing_and_after_all_that_is_known);
    tcase_add_loop_test(tests, whatever_becomes_of_it_the_store_is_read, 0, 3);
    tcase_add_test(tests, an_older_word_about_the_region_goes_with_it);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
