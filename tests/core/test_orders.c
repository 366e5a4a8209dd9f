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

/* Break-glass: given where no store is, so newer than anything that was told; until it is told. */
START_TEST(a_local_order_is_the_newest_word_until_the_store_has_it)
{
    struct orders orders = {.count = 0};
    struct order local = {.id = "local", .verb = ORDER_DRAIN, .region = EAST, .group = NONE};

    ck_assert(order_is_local(&local));
    ck_assert(orders_put(&orders, &local));
    say(&orders, ORDER_RESTORE, EAST, NONE, 0);
    ck_assert_ptr_nonnull(orders_drain(&orders, EAST, 1));
    ck_assert_str_eq(orders.items[1].id, "local");
    local.create_revision = local.mod_revision = ++revision;
    ck_assert(orders_put(&orders, &local)); /* news: it has a rank now */
    ck_assert_uint_eq(orders.count, 2);
    ck_assert(!order_is_local(&orders.items[1]));
    say(&orders, ORDER_RESTORE, EAST, NONE, 0);
    ck_assert_ptr_null(orders_drain(&orders, EAST, 1));
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

/* ---- what cannot be read (D7) ---- */

START_TEST(an_order_that_cannot_be_read_freezes_every_group_and_no_thaw_ends_that)
{
    struct orders orders = {.count = 0};

    say(&orders, ORDER_UNREADABLE, NONE, NONE, 0);
    say(&orders, ORDER_THAW, NONE, NONE, 0);
    ck_assert_ptr_nonnull(orders_freeze(&orders, 0, 1));
    ck_assert_ptr_nonnull(orders_freeze(&orders, 7, 1));
    ck_assert_ptr_null(orders_drain(&orders, EAST, 1));
    orders_remove(&orders, orders.items[0].id);
    ck_assert_ptr_null(orders_freeze(&orders, 0, 1));
}
END_TEST

START_TEST(nobody_can_give_an_order_that_cannot_be_read)
{
    enum order_verb verb = ORDER_ACK;

    ck_assert_int_eq(order_verb_parse("unreadable", &verb), -1);
    ck_assert_str_eq(order_verb_name(ORDER_UNREADABLE), "unreadable");
}
END_TEST

/* ---- which orders may be deleted ---- */

enum { GROUPS = 2, NOW = 1000 * 1000 * 1000 };

static bool is_spent(const struct orders *orders, uint32_t index, bool is_whole, msec_t seen_ms)
{
    const struct order *known[ORDERS_MAX];
    struct order_list list = {.orders = known, .is_whole = is_whole};

    for (uint32_t i = 0; i < orders->count; i++)
        known[list.count++] = &orders->items[i];
    return order_is_spent(&orders->items[index], &list, GROUPS, NOW, seen_ms);
}

START_TEST(a_thaw_of_one_group_stands_as_long_as_a_freeze_of_all)
{
    struct orders orders = {.count = 0};

    say(&orders, ORDER_FREEZE, NONE, NONE, 0);
    say(&orders, ORDER_THAW, NONE, 1, 0);
    ck_assert(!is_spent(&orders, 0, true, ORDER_SETTLED_MS));
    ck_assert(!is_spent(&orders, 1, true, ORDER_SETTLED_MS));
    orders_remove(&orders, orders.items[0].id);
    ck_assert(is_spent(&orders, 0, true, ORDER_SETTLED_MS));
    ck_assert(!is_spent(&orders, 0, true, ORDER_SETTLED_MS - 1));
    ck_assert(!is_spent(&orders, 0, false, ORDER_SETTLED_MS)); /* what may it hold down? */
}
END_TEST

START_TEST(a_failback_of_all_is_spent_when_each_group_has_obeyed)
{
    struct orders orders = {.count = 0};

    say(&orders, ORDER_FAILBACK, NONE, NONE, 0);
    orders.items[0].obeyed[0] = (struct order_obeyed){0, 4};
    orders.items[0].obeyed_count = 1;
    ck_assert(!is_spent(&orders, 0, true, ORDER_SETTLED_MS));
    orders.items[0].obeyed[1] = (struct order_obeyed){1, 4};
    orders.items[0].obeyed_count = 2;
    ck_assert(is_spent(&orders, 0, true, ORDER_SETTLED_MS));
}
END_TEST

START_TEST(what_ended_by_a_wall_clock_stands_for_another_day)
{
    struct orders orders = {.count = 0};

    say(&orders, ORDER_DRAIN, EAST, NONE, NOW - ORDER_KEPT_MS);
    ck_assert(!is_spent(&orders, 0, true, ORDER_SETTLED_MS));
    orders.items[0].until_wall--;
    ck_assert(is_spent(&orders, 0, true, ORDER_KEPT_MS));
    orders.items[0].until_wall = 0;
    ck_assert(!is_spent(&orders, 0, true, ORDER_SETTLED_MS));
}
END_TEST

/* What a probe knows for a minute only was not given days ago, whatever its clock says. */
START_TEST(a_clock_that_runs_ahead_deletes_no_freeze)
{
    struct orders orders = {.count = 0};
    const msec_t hours_ms = 2 * 3600 * 1000;

    say(&orders, ORDER_FREEZE, NONE, NONE, NOW - 3 * (wall_t)ORDER_KEPT_MS);
    ck_assert(!is_spent(&orders, 0, true, 60000));
    ck_assert(is_spent(&orders, 0, true, ORDER_KEPT_MS));
    orders.items[0].at_wall = orders.items[0].until_wall - hours_ms;
    ck_assert(!is_spent(&orders, 0, true, hours_ms - 1));
    ck_assert(is_spent(&orders, 0, true, hours_ms)); /* by no clock is it in force */
}
END_TEST

static uint64_t dice = 88172645463325252U;

static uint32_t pick(uint32_t count)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return (uint32_t)(dice >> 20) % count;
}

static void say_anything(struct orders *orders)
{
    static const wall_t ends[] = {0, 0, NOW + 500, NOW - 500, NOW - 2 * (wall_t)ORDER_KEPT_MS};
    enum order_verb verb = (enum order_verb)pick(ORDER_UNREADABLE);
    bool is_of_region = verb == ORDER_DRAIN || verb == ORDER_RESTORE;
    uint32_t group = verb == ORDER_ACK || is_of_region || pick(2) == 0 ? NONE : pick(GROUPS);

    say(orders, verb, is_of_region ? pick(2) : NONE, group, ends[pick(5)]);
    if (verb != ORDER_FAILBACK || pick(2) == 0)
        return;
    orders->items[orders->count - 1].obeyed[0] = (struct order_obeyed){pick(GROUPS), 3};
    orders->items[orders->count - 1].obeyed_count = 1;
}

/* Which orders are in force at a time, as a text of their ids. */
static void in_force(const struct orders *orders, wall_t wall, char *out, size_t size)
{
    size_t used = 0;

    for (uint32_t i = 0; i < GROUPS; i++) {
        const struct order *drain = orders_drain(orders, i, wall);
        const struct order *freeze = orders_freeze(orders, i, wall);

        used +=
            (size_t)snprintf(out + used, size - used, "%s %s; ", drain != NULL ? drain->id : "-",
                             freeze != NULL ? freeze->id : "-");
    }
}

/* The one thing that must never happen: a deletion that changes what is in force, now or later. */
START_TEST(deleting_what_is_spent_changes_nothing_that_is_in_force)
{
    uint32_t deleted = 0;

    for (int round = 0; round < 20000; round++) {
        struct orders orders = {.count = 0};

        for (uint32_t i = 1 + pick(5); i > 0; i--)
            say_anything(&orders);
        for (uint32_t i = orders.count; i-- > 0;) {
            struct orders without = orders;

            if (!is_spent(&orders, i, true, ORDER_KEPT_MS))
                continue;
            orders_remove(&without, orders.items[i].id);
            for (wall_t wall = NOW - 100; wall < NOW + 1000; wall += 550) {
                char before[256], after[256];

                in_force(&orders, wall, before, sizeof(before));
                in_force(&without, wall, after, sizeof(after));
                ck_assert_str_eq(before, after);
            }
            deleted++;
        }
    }
    ck_assert_uint_gt(deleted, 10000);
}
END_TEST

int main(void)
{
    return RUN_TESTS(
        "orders", an_order_that_cannot_be_read_freezes_every_group_and_no_thaw_ends_that,
        nobody_can_give_an_order_that_cannot_be_read,
        a_thaw_of_one_group_stands_as_long_as_a_freeze_of_all,
        a_failback_of_all_is_spent_when_each_group_has_obeyed,
        what_ended_by_a_wall_clock_stands_for_another_day,
        a_clock_that_runs_ahead_deletes_no_freeze,
        deleting_what_is_spent_changes_nothing_that_is_in_force,
        a_local_order_is_the_newest_word_until_the_store_has_it,
        a_later_restore_undoes_a_drain_and_a_later_drain_the_restore,
        the_newest_word_rules_also_when_its_time_is_over,
        a_freeze_of_all_holds_each_group_and_a_thaw_of_one_frees_that_one,
        a_failback_is_obeyed_once_by_each_group,
        a_word_from_before_a_revision_is_not_about_what_came_with_it,
        orders_stand_by_their_creation_however_they_are_told, more_orders_than_fit_change_nothing);
}
