/* SPDX-License-Identifier: Apache-2.0 */
/* D7: which of the operators' words are in force. */
#include "orders.h"

#include <stdio.h>

#include "by_hand.h"

static uint64_t revision;

static void say(struct orders *orders, enum order_verb verb, uint32_t region, uint32_t group,
                wall_t until_wall)
{
    struct order order = {.verb = verb, .region = region, .group = group, .until_wall = until_wall};

    order.create_revision = order.mod_revision = ++revision;
    snprintf(order.id, sizeof(order.id), "order-%d", (int)revision);
    snprintf(order.incident, sizeof(order.incident), "jwt-pizza.drift");
    ck_assert(orders_put(orders, &order));
}

START_TEST(a_later_restore_undoes_a_drain_and_a_later_drain_the_restore)
{
    struct orders orders = {.count = 0};

    say(&orders, ORDER_DRAIN, EAST, NONE, 0);
    ck_assert_ptr_nonnull(orders_drain(&orders, EAST, 1));
    ck_assert_ptr_null(orders_drain(&orders, WEST, 1));
    say(&orders, ORDER_RESTORE, EAST, NONE, 0);
    ck_assert_ptr_null(orders_drain(&orders, EAST, 1));
    say(&orders, ORDER_DRAIN, EAST, NONE, 0);
    ck_assert_ptr_nonnull(orders_drain(&orders, EAST, 1));
}
END_TEST

START_TEST(the_newest_word_rules_also_when_its_time_is_over)
{
    struct orders orders = {.count = 0};

    say(&orders, ORDER_DRAIN, EAST, NONE, 0);
    say(&orders, ORDER_DRAIN, EAST, NONE, 100);
    ck_assert_ptr_nonnull(orders_drain(&orders, EAST, 99));
    ck_assert_ptr_null(orders_drain(&orders, EAST, 100));
}
END_TEST

START_TEST(a_freeze_of_all_holds_each_group_and_a_thaw_of_one_frees_that_one)
{
    struct orders orders = {.count = 0};

    say(&orders, ORDER_FREEZE, NONE, NONE, 0);
    ck_assert_ptr_nonnull(orders_freeze(&orders, 0, 1));
    ck_assert_ptr_nonnull(orders_freeze(&orders, 7, 1));
    say(&orders, ORDER_THAW, NONE, 7, 0);
    ck_assert_ptr_nonnull(orders_freeze(&orders, 0, 1));
    ck_assert_ptr_null(orders_freeze(&orders, 7, 1));
}
END_TEST

START_TEST(a_failback_is_obeyed_once_by_each_group)
{
    struct orders orders = {.count = 0};
    struct order order;

    say(&orders, ORDER_FAILBACK, NONE, NONE, 0);
    order = *orders_failback(&orders, 3, 1, 0);
    order.obeyed[order.obeyed_count++] = (struct order_obeyed){3, 12};
    ck_assert(!orders_put(&orders, &order));
    ck_assert_ptr_null(orders_failback(&orders, 3, 1, 0));
    ck_assert_ptr_nonnull(orders_failback(&orders, 4, 1, 0));
    ck_assert_uint_eq(orders.count, 1);
}
END_TEST

START_TEST(a_word_from_before_a_revision_is_not_about_what_came_with_it)
{
    struct orders orders = {.count = 0};

    say(&orders, ORDER_FAILBACK, NONE, 0, 0);
    say(&orders, ORDER_ACK, NONE, NONE, 0);
    ck_assert_ptr_null(orders_failback(&orders, 0, 1, revision));
    ck_assert_ptr_null(orders_ack(&orders, 0, "jwt-pizza.drift", 1, revision));
    ck_assert_ptr_nonnull(orders_ack(&orders, 0, "jwt-pizza.drift", 1, revision - 1));
    ck_assert_ptr_null(orders_ack(&orders, 0, "other.drift", 1, 0));
}
END_TEST

START_TEST(orders_stand_by_their_creation_however_they_are_told)
{
    struct orders orders = {.count = 0};
    struct order thaw = {.id = "b", .verb = ORDER_THAW, .region = NONE, .group = NONE};
    struct order freeze = {.id = "a", .verb = ORDER_FREEZE, .region = NONE, .group = NONE};

    thaw.create_revision = 2;
    freeze.create_revision = 1;
    ck_assert(orders_put(&orders, &thaw));
    ck_assert(orders_put(&orders, &freeze)); /* told later, given earlier */
    ck_assert_ptr_null(orders_freeze(&orders, 0, 1));
    orders_remove(&orders, "b");
    ck_assert_ptr_nonnull(orders_freeze(&orders, 0, 1));
    orders_remove(&orders, "never seen");
    ck_assert_uint_eq(orders.count, 1);
}
END_TEST

START_TEST(more_orders_than_fit_change_nothing)
{
    struct orders orders = {.count = 0};
    struct order late = {.id = "late", .verb = ORDER_FREEZE, .region = NONE, .group = NONE};

    for (int i = 0; i < ORDERS_MAX; i++)
        say(&orders, ORDER_RESTORE, EAST, NONE, 0);
    late.create_revision = revision + 1;
    ck_assert(!orders_put(&orders, &late));
    ck_assert_ptr_null(orders_freeze(&orders, 0, 1));
    ck_assert_uint_eq(orders_newest(&orders), revision);
}
END_TEST

int main(void)
{
    return RUN_TESTS("orders", a_later_restore_undoes_a_drain_and_a_later_drain_the_restore,
                     the_newest_word_rules_also_when_its_time_is_over,
                     a_freeze_of_all_holds_each_group_and_a_thaw_of_one_frees_that_one,
                     a_failback_is_obeyed_once_by_each_group,
                     a_word_from_before_a_revision_is_not_about_what_came_with_it,
                     orders_stand_by_their_creation_however_they_are_told,
                     more_orders_than_fit_change_nothing);
}
