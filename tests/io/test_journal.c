/* SPDX-License-Identifier: Apache-2.0 */
/* What must be on disk before a request leaves: the highest epoch (C2) and the beacons (B1). */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "durable.h"
#include "journal.h"
#include "latches.h"
#include "local_orders.h"
#include "../codec/pizza.h"

static char folder[64];
static char error[512];

static void setup(void)
{
    snprintf(folder, sizeof(folder), "/tmp/regionshift-journal-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static const char *path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void teardown(void)
{
    static const char *const names[] = {
        "epochs.json", "epochs.json.new", "latches.json", "latches.json.new",
        "orders.json", "orders.json.new", "file"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        unlink(path_of(names[i]));
        rmdir(path_of(names[i]));
    }
    rmdir(folder);
}

static void write_file(const char *name, const char *text)
{
    ck_assert_int_eq(durable_write(path_of(name), text, strlen(text)), 0);
}

static struct journal *open_journal(void)
{
    struct journal *journal = NULL;

    ck_assert_msg(journal_open(folder, &journal, error, sizeof(error)) == 0, "%s", error);
    return journal;
}

static struct latches *open_latches(void)
{
    struct latches *latches = NULL;

    ck_assert_msg(latches_open(folder, &latches, error, sizeof(error)) == 0, "%s", error);
    return latches;
}

/* ---- epochs ---- */

START_TEST(an_epoch_survives_and_never_falls)
{
    struct journal *journal = open_journal();

    ck_assert_uint_eq(journal_epoch(journal, "jwt-pizza"), 0);
    ck_assert_int_eq(journal_raise(journal, "jwt-pizza", 7), 0);
    ck_assert_int_eq(journal_raise(journal, "solo", 3), 0);
    ck_assert_int_eq(journal_raise(journal, "jwt-pizza", 5), 0);
    ck_assert_uint_eq(journal_epoch(journal, "jwt-pizza"), 7);
    journal_close(journal);
    journal = open_journal();
    ck_assert_uint_eq(journal_epoch(journal, "jwt-pizza"), 7);
    ck_assert_uint_eq(journal_epoch(journal, "solo"), 3);
    journal_close(journal);
}
END_TEST

START_TEST(an_epoch_that_cannot_be_written_is_not_claimed)
{
    struct journal *journal = open_journal();

    ck_assert_int_eq(journal_raise(journal, "jwt-pizza", 7), 0);
    ck_assert_int_eq(mkdir(path_of("epochs.json.new"), 0700), 0); /* in the way of the new file */
    ck_assert_int_lt(journal_raise(journal, "jwt-pizza", 8), 0);
    ck_assert_uint_eq(journal_epoch(journal, "jwt-pizza"), 7);
    ck_assert_int_eq(rmdir(path_of("epochs.json.new")), 0);
    ck_assert_int_eq(journal_raise(journal, "jwt-pizza", 8), 0);
    journal_close(journal);
    journal = open_journal();
    ck_assert_uint_eq(journal_epoch(journal, "jwt-pizza"), 8);
    journal_close(journal);
}
END_TEST

static const char *const broken_epochs[] = {
    "",
    "{}",
    "{\"v\":2,\"epochs\":{}}",
    "{\"v\":1,\"epochs\":[]}",
    "{\"v\":1,\"epochs\":{\"a\":0}}",
    "{\"v\":1,\"epochs\":{\"a\":-3}}",
    "{\"v\":1,\"epochs\":{\"a\":\"7\"}}",
    "{\"v\":1,\"epochs\":{\"a\":99999999999999999999}}",
    "{\"v\":1,\"epochs\":{\"a\":7},\"more\":1}",
};

/* An empty journal would let an old epoch be used again. */
START_TEST(a_broken_journal_is_an_error_and_no_empty_journal)
{
    struct journal *journal = NULL;

    error[0] = '\0';
    write_file("epochs.json", broken_epochs[_i]);
    ck_assert_int_lt(journal_open(folder, &journal, error, sizeof(error)), 0);
    ck_assert_ptr_null(journal);
    ck_assert_ptr_nonnull(strstr(error, "epochs.json: "));
}
END_TEST

/* ---- orders that the store does not have (D7) ---- */

static struct local_orders *open_locals(void)
{
    struct local_orders *locals = NULL;

    ck_assert_msg(local_orders_open(folder, &locals, error, sizeof(error)) == 0, "%s", error);
    return locals;
}

static const struct order broken_glass = {.id = "0001700000000-1a2b3c4d",
                                          .verb = ORDER_DRAIN,
                                          .region = 0,
                                          .group = NONE,
                                          .override = true,
                                          .by = "alice (uid 1000)",
                                          .reason = "the east burns",
                                          .at_wall = 1700000000000,
                                          .obeyed = {{0, 7}},
                                          .obeyed_count = 1};

START_TEST(a_local_order_survives_with_its_mark_until_it_is_taken_off)
{
    struct local_orders *locals = open_locals();
    struct order orders[2];

    ck_assert_uint_eq(local_orders_get(locals, &pizza, orders, 2), 0);
    ck_assert_int_eq(local_orders_set(locals, &pizza, &broken_glass, 1), 0);
    ck_assert_int_eq(local_orders_sync(locals), 0);
    local_orders_close(locals);
    locals = open_locals();
    ck_assert_uint_eq(local_orders_get(locals, &pizza, orders, 2), 1);
    ck_assert_str_eq(orders[0].id, broken_glass.id);
    ck_assert_str_eq(orders[0].by, broken_glass.by);
    ck_assert_uint_eq(orders[0].obeyed[0].epoch, 7);
    ck_assert(order_is_local(&orders[0]));
    ck_assert_uint_eq(local_orders_get(locals, &pizza, orders, 0), 0); /* no room, no harm */
    ck_assert_int_eq(local_orders_set(locals, &pizza, NULL, 0), 0);
    ck_assert_int_eq(local_orders_sync(locals), 0);
    local_orders_close(locals);
    locals = open_locals();
    ck_assert_uint_eq(local_orders_get(locals, &pizza, orders, 2), 0);
    local_orders_close(locals);
}
END_TEST

START_TEST(a_local_order_that_cannot_be_written_is_tried_again)
{
    struct local_orders *locals = open_locals();
    struct order orders[1];

    ck_assert_int_eq(mkdir(path_of("orders.json.new"), 0700), 0);
    ck_assert_int_eq(local_orders_set(locals, &pizza, &broken_glass, 1), 0);
    ck_assert_int_lt(local_orders_sync(locals), 0);
    ck_assert_int_lt(local_orders_sync(locals), 0); /* nothing is sent meanwhile */
    ck_assert_int_eq(rmdir(path_of("orders.json.new")), 0);
    ck_assert_int_eq(local_orders_sync(locals), 0);
    local_orders_close(locals);
    locals = open_locals();
    ck_assert_uint_eq(local_orders_get(locals, &pizza, orders, 1), 1);
    local_orders_close(locals);
}
END_TEST

static const char *const broken_orders[] = {
    "",
    "{}",
    "{\"v\":2,\"orders\":{}}",
    "{\"v\":1,\"orders\":[]}",
    "{\"v\":1,\"orders\":{\"a\":1}}",
    "{\"v\":1,\"orders\":{\"0123456789012345678901234567890123456789-\":{}}}",
    "{\"v\":1,\"orders\":{},\"more\":1}",
};

START_TEST(broken_local_orders_are_an_error_and_not_none)
{
    struct local_orders *locals = NULL;

    error[0] = '\0';
    write_file("orders.json", broken_orders[_i]);
    ck_assert_int_lt(local_orders_open(folder, &locals, error, sizeof(error)), 0);
    ck_assert_ptr_null(locals);
    ck_assert_ptr_nonnull(strstr(error, "orders.json: "));
}
END_TEST

START_TEST(an_order_about_what_the_settings_lost_is_passed_over)
{
    struct local_orders *locals;
    struct order orders[2];

    write_file("orders.json", "{\"v\":1,\"orders\":{\"1-a\":{\"v\":1,\"verb\":\"drain\",\"region\":"
                              "\"mars\",\"group\":\"\",\"incident\":\"\",\"override\":true,\"by\":"
                              "\"root\",\"reason\":\"x\",\"at\":1,\"until\":0,\"obeyed\":[]}}}");
    locals = open_locals();
    ck_assert_uint_eq(local_orders_get(locals, &pizza, orders, 2), 0);
    local_orders_close(locals);
}
END_TEST

/* ---- beacons ---- */

START_TEST(a_latch_survives_until_it_is_withdrawn)
{
    struct latches *latches = open_latches();
    uint64_t epoch = 0;

    ck_assert(!latches_get(latches, "jwt-pizza", "us-east-1", NULL));
    ck_assert_int_eq(latches_change(latches, "jwt-pizza", "us-east-1", 7, true), 0);
    ck_assert(latches_get(latches, "jwt-pizza", "us-east-1", &epoch)); /* at once ... */
    ck_assert_uint_eq(epoch, 7);
    ck_assert_int_eq(latches_sync(latches), 0);
    latches_close(latches);
    latches = open_latches(); /* ... and after a restart */
    ck_assert(latches_get(latches, "jwt-pizza", "us-east-1", NULL));
    ck_assert(!latches_get(latches, "jwt-pizza", "us-west-2", NULL));
    ck_assert_int_eq(latches_change(latches, "jwt-pizza", "us-east-1", 8, false), 0);
    ck_assert_int_eq(latches_sync(latches), 0);
    latches_close(latches);
    latches = open_latches();
    ck_assert(!latches_get(latches, "jwt-pizza", "us-east-1", NULL));
    latches_close(latches);
}
END_TEST

START_TEST(a_latch_that_cannot_be_written_is_tried_again)
{
    struct latches *latches = open_latches();

    ck_assert_int_eq(mkdir(path_of("latches.json.new"), 0700), 0);
    ck_assert_int_eq(latches_change(latches, "solo", "us-west-2", 3, true), 0);
    ck_assert_int_lt(latches_sync(latches), 0);
    ck_assert_int_lt(latches_sync(latches), 0);
    ck_assert_int_eq(rmdir(path_of("latches.json.new")), 0);
    ck_assert_int_eq(latches_sync(latches), 0);
    latches_close(latches);
    latches = open_latches();
    ck_assert(latches_get(latches, "solo", "us-west-2", NULL));
    latches_close(latches);
}
END_TEST

START_TEST(broken_latches_are_an_error_and_not_darkness)
{
    static const char *const broken[] = {"", "{\"v\":1,\"latches\":{\"g\":7}}",
                                         "{\"v\":1,\"latches\":{\"g\":{\"r\":0}}}",
                                         "{\"v\":1,\"latches\":null}"};

    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
        struct latches *latches = NULL;

        write_file("latches.json", broken[i]);
        ck_assert_int_lt(latches_open(folder, &latches, error, sizeof(error)), 0);
        ck_assert_ptr_null(latches);
    }
}
END_TEST

/* ---- files ---- */

START_TEST(a_durable_file_is_private_and_replaced_whole)
{
    struct stat status;
    char *text = NULL;
    size_t length = 0;

    write_file("file", "first, and longer");
    write_file("file", "second");
    ck_assert_int_eq(durable_read(path_of("file"), &text, &length), 0);
    ck_assert_str_eq(text, "second");
    ck_assert_uint_eq(length, 6);
    free(text);
    ck_assert_int_eq(stat(path_of("file"), &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0600);
}
END_TEST

START_TEST(a_file_too_large_or_none_at_all_is_not_read)
{
    char *text = NULL;
    size_t length = 0;
    FILE *file;

    ck_assert_int_eq(durable_read(path_of("file"), &text, &length), -ENOENT);
    file = fopen(path_of("file"), "w");
    ck_assert_int_eq(ftruncate(fileno(file), DURABLE_MAX + 1), 0);
    fclose(file);
    ck_assert_int_eq(durable_read(path_of("file"), &text, &length), -EFBIG);
    ck_assert_int_eq(durable_read(folder, &text, &length), -EINVAL);
    ck_assert_ptr_null(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("journal");
    TCase *tests = tcase_create("journal");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, an_epoch_survives_and_never_falls);
    tcase_add_test(tests, an_epoch_that_cannot_be_written_is_not_claimed);
    tcase_add_loop_test(tests, a_broken_journal_is_an_error_and_no_empty_journal, 0,
                        sizeof(broken_epochs) / sizeof(*broken_epochs));
    tcase_add_test(tests, a_latch_survives_until_it_is_withdrawn);
    tcase_add_test(tests, a_latch_that_cannot_be_written_is_tried_again);
    tcase_add_test(tests, broken_latches_are_an_error_and_not_darkness);
    tcase_add_test(tests, a_local_order_survives_with_its_mark_until_it_is_taken_off);
    tcase_add_test(tests, a_local_order_that_cannot_be_written_is_tried_again);
    tcase_add_loop_test(tests, broken_local_orders_are_an_error_and_not_none, 0,
                        sizeof(broken_orders) / sizeof(*broken_orders));
    tcase_add_test(tests, an_order_about_what_the_settings_lost_is_passed_over);
    tcase_add_test(tests, a_durable_file_is_private_and_replaced_whole);
    tcase_add_test(tests, a_file_too_large_or_none_at_all_is_not_read);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
