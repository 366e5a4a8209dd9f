/* SPDX-License-Identifier: Apache-2.0 */
/* The last line of defence, attacked with every batch nobody may send. Each test starts from a
 * batch that is allowed and spoils one thing, so that the one thing is what is refused. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "../lib/suite.h"
#include "batch_guard.h"
#include "../lib/pizza_zone.h"

static struct settings settings;
static struct zone_view *view;
static struct move move;
static char error[512];

/* Pizza and factory go west: what the engine sends on a failover. */
static void set_up(void)
{
    settings = pizza_settings();
    view = pizza_view();
    move_begin(&move, &settings, view, PIZZA_GROUP, 8, view->nonce);
    move_weight(&move, &settings, view, PIZZA_EAST, 0);
    move_weight(&move, &settings, view, PIZZA_WEST, 100);
    move_weight(&move, &settings, view, FACTORY_EAST, 0);
    move_weight(&move, &settings, view, FACTORY_WEST, 100);
}

static void tear_down(void)
{
    zone_view_destroy(view);
}

static void start_again(void)
{
    tear_down();
    set_up();
}

enum { OLD_FENCE, NEW_FENCE, OLD_PIZZA_EAST, NEW_PIZZA_EAST, OLD_PIZZA_WEST, NEW_PIZZA_WEST };

static void expect(enum batch_verdict wanted, const char *words)
{
    enum batch_verdict verdict;

    error[0] = '\0';
    verdict = batch_guard(&settings, &move.batch, view, error, sizeof(error));
    ck_assert_msg(verdict == wanted, "verdict %d, %s", (int)verdict, error);
    ck_assert_msg(strstr(error, words) != NULL, "%s", error);
}

static void remove_item(uint32_t at)
{
    memmove(&move.items[at], &move.items[at + 1],
            (move.batch.item_count - at - 1) * sizeof(move.items[0]));
    move.batch.item_count--;
}

START_TEST(a_failover_of_pizza_and_factory_is_allowed)
{
    expect(BATCH_ALLOWED, "");
}
END_TEST

START_TEST(a_batch_that_replaces_only_the_fence_is_allowed)
{
    move.batch.item_count = 2;
    expect(BATCH_ALLOWED, "");
}
END_TEST

START_TEST(nothing_is_allowed_before_the_zone_was_read)
{
    enum batch_verdict verdict = batch_guard(&settings, &move.batch, NULL, error, sizeof(error));

    ck_assert_int_eq(verdict, BATCH_STALE);
    view->zone = STRANGE_ZONE;
    expect(BATCH_STALE, "not been read");
}
END_TEST

/* ---- B2 ---- */

static char attached[SITE_COUNT][16];

/* The engine attaches its health check to each region's sets; weights stay. */
static void attach(void)
{
    static struct group groups[2];

    memcpy(groups, settings.groups, sizeof(groups));
    groups[PIZZA_GROUP].beacons = true;
    settings.groups = groups;
    move_begin(&move, &settings, view, PIZZA_GROUP, 8, view->nonce);
    for (int site = PIZZA_EAST; site <= FACTORY_WEST; site++) {
        move_weight(&move, &settings, view, site, view_weight(&settings, view, site));
        snprintf(attached[site], sizeof(attached[site]), "check-%u", settings.sites[site].region);
        move.items[move.batch.item_count - 1].set.health_check = attached[site];
    }
    move.batch.is_attach = true;
}

START_TEST(health_checks_are_attached_by_a_batch_that_does_nothing_else)
{
    attach();
    expect(BATCH_ALLOWED, "");
    move.batch.is_attach = false;
    expect(BATCH_FORBIDDEN, "more than the weight would change");
}
END_TEST

START_TEST(a_batch_that_attaches_moves_no_weight)
{
    attach();
    move.items[NEW_PIZZA_WEST].set.weight = 1;
    expect(BATCH_FORBIDDEN, "more than the health check would change");
    attach();
    move.items[NEW_PIZZA_EAST].set.ttl_s = 61;
    expect(BATCH_FORBIDDEN, "more than the health check would change");
}
END_TEST

START_TEST(health_checks_are_attached_only_where_beacons_are)
{
    static struct group groups[2];

    attach();
    memcpy(groups, settings.groups, sizeof(groups));
    groups[PIZZA_GROUP].beacons = false;
    settings.groups = groups;
    expect(BATCH_FORBIDDEN, "no beacons");
}
END_TEST

START_TEST(two_regions_never_share_a_health_check)
{
    attach();
    move.items[NEW_PIZZA_WEST].set.health_check = attached[PIZZA_EAST];
    expect(BATCH_FORBIDDEN, "both would leave at once");
}
END_TEST

START_TEST(what_is_no_id_is_not_attached)
{
    static const char *const ids[] = {"", "a b", "a/b", "a.b"};

    for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
        attach();
        move.items[NEW_PIZZA_EAST].set.health_check = ids[i];
        expect(BATCH_FORBIDDEN, "no id of a health check");
    }
}
END_TEST

START_TEST(a_batch_that_attaches_creates_no_set)
{
    attach();
    remove_item(OLD_PIZZA_EAST);
    expect(BATCH_FORBIDDEN, "a CREATE without its DELETE");
}
END_TEST

START_TEST(all_weights_zero_are_refused)
{
    move.items[NEW_PIZZA_WEST].set.weight = 0;
    expect(BATCH_FORBIDDEN, "all weights of pizza.example.com A would be zero");
}
END_TEST

/* Only the east's set is in the batch; that the west's weight is 0 is known from the view alone. */
START_TEST(all_weights_zero_are_seen_through_sets_the_batch_does_not_touch)
{
    move_begin(&move, &settings, view, PIZZA_GROUP, 8, view->nonce);
    move_weight(&move, &settings, view, FACTORY_EAST, 0);
    expect(BATCH_FORBIDDEN, "all weights of factory.example.com A would be zero");
    move.items[3].set.weight = 1;
    expect(BATCH_ALLOWED, "");
}
END_TEST

/* Two that serve half each: the one that stays could have been emptied since it was read, and the
 * fence would not tell. */
START_TEST(a_name_that_loses_weight_lives_on_by_a_set_of_the_batch)
{
    struct record_set *sets = (struct record_set *)(uintptr_t)view->sets;

    sets[FACTORY_WEST].weight = 50;
    move_begin(&move, &settings, view, PIZZA_GROUP, 8, view->nonce);
    move_weight(&move, &settings, view, FACTORY_EAST, 0);
    expect(BATCH_FORBIDDEN, "factory.example.com A would live on by a set that is not in the");
    move_weight(&move, &settings, view, FACTORY_WEST, 50);
    expect(BATCH_ALLOWED, "");
}
END_TEST

START_TEST(a_service_somebody_else_zeroed_does_not_stop_a_batch_that_leaves_it_alone)
{
    struct record_set *sets = (struct record_set *)(uintptr_t)view->sets;

    sets[SOLO_EAST].weight = 0;
    expect(BATCH_ALLOWED, "");
}
END_TEST

START_TEST(names_types_and_sets_outside_the_settings_are_refused)
{
    struct record_set set = move.items[NEW_PIZZA_EAST].set;
    static const struct {
        const char *name, *type, *set;
    } strangers[] = {
        {"www.example.com", "A", "pizza-us-east-1"},
        {"example.com", "A", "pizza-us-east-1"},
        {"pizza.example.com", "AAAA", "pizza-us-east-1"},
        {"pizza.example.com", "A", "pizza-eu-west-1"},
        {"pizza.example.com", "A", "factory-us-east-1"},
        {"PIZZA.example.com", "A", "pizza-us-east-1"},
        {"pizza.example.com.", "A", "pizza-us-east-1"},
        {"_regionshift.jwt-pizza.example.com", "A", ""},
        {"_regionshift.other.example.com", "TXT", ""},
    };

    for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
        set.name = strangers[i].name;
        set.type = strangers[i].type;
        set.set = strangers[i].set;
        move.items[NEW_PIZZA_EAST].set = set;
        expect(BATCH_FORBIDDEN, "no record set of this group in the settings");
    }
}
END_TEST

START_TEST(one_group_cannot_touch_the_records_or_the_fence_of_another)
{
    struct move other;

    move_weight(&move, &settings, view, SOLO_WEST, 50);
    expect(BATCH_FORBIDDEN, "no record set of this group");
    start_again();
    move_begin(&other, &settings, view, SOLO_GROUP, 8, view->nonce);
    move_add(&move, BATCH_DELETE, &other.items[OLD_FENCE].set);
    move_add(&move, BATCH_CREATE, &other.items[NEW_FENCE].set);
    expect(BATCH_FORBIDDEN, "no record set of this group");
}
END_TEST

START_TEST(ns_soa_and_ds_are_never_touched)
{
    static const char *const types[] = {"NS", "SOA", "DS"};

    for (size_t i = 0; i < 3; i++) {
        move.items[OLD_PIZZA_EAST].set.type = types[i];
        expect(BATCH_FORBIDDEN, "never ours");
    }
}
END_TEST

START_TEST(an_upsert_cannot_be_smuggled_in)
{
    move.items[NEW_PIZZA_EAST].action = (enum batch_action)2;
    expect(BATCH_FORBIDDEN, "only DELETE and CREATE");
}
END_TEST

START_TEST(a_delete_needs_its_create_and_a_create_its_delete)
{
    remove_item(NEW_PIZZA_EAST);
    expect(BATCH_FORBIDDEN, "a DELETE without its CREATE");
    start_again();
    remove_item(OLD_PIZZA_EAST);
    expect(BATCH_FORBIDDEN, "a CREATE without its DELETE");
}
END_TEST

START_TEST(a_create_before_its_delete_is_refused)
{
    struct batch_item swapped = move.items[OLD_PIZZA_EAST];

    move.items[OLD_PIZZA_EAST] = move.items[NEW_PIZZA_EAST];
    move.items[NEW_PIZZA_EAST] = swapped;
    expect(BATCH_FORBIDDEN, "a CREATE without its DELETE before it");
}
END_TEST

START_TEST(an_item_twice_is_refused)
{
    move_add(&move, BATCH_DELETE, &move.items[OLD_PIZZA_EAST].set);
    expect(BATCH_FORBIDDEN, "twice");
}
END_TEST

START_TEST(init_may_create_only_what_the_zone_does_not_have)
{
    struct zone_view *empty = NULL;
    struct record_set set = pizza_set(PIZZA_EAST, 100);

    ck_assert_int_eq(zone_view_create(PIZZA_ZONE, "example.com", NULL, 0, PIZZA_NONCE, &empty), 0);
    zone_view_destroy(view);
    view = empty;
    move_begin(&move, &settings, view, PIZZA_GROUP, 1, view->nonce);
    expect(BATCH_ALLOWED, ""); /* the first fence */
    move_add(&move, BATCH_CREATE, &set);
    expect(BATCH_FORBIDDEN, "without its DELETE");
    move.batch.is_init = true;
    expect(BATCH_ALLOWED, "");
    move.items[1].set.weight = 0;
    expect(BATCH_FORBIDDEN, "all weights of pizza");
    zone_view_destroy(view);
    view = pizza_view();
    move.items[1].set.weight = 100;
    expect(BATCH_STALE, "the zone has it already");
}
END_TEST

START_TEST(a_batch_without_its_fence_is_refused)
{
    remove_item(NEW_FENCE);
    expect(BATCH_FORBIDDEN, "a DELETE without its CREATE");
    remove_item(OLD_FENCE);
    expect(BATCH_FORBIDDEN, "does not replace the fence");
}
END_TEST

START_TEST(a_fence_is_not_created_beside_one_that_is_there)
{
    remove_item(OLD_FENCE);
    expect(BATCH_STALE, "the zone has it already");
}
END_TEST

START_TEST(a_fence_must_say_group_epoch_and_nonce_of_its_batch_and_rise)
{
    move.batch.epoch = 9;
    expect(BATCH_FORBIDDEN, "group, epoch and nonce");
    move.batch.epoch = 8;
    move.batch.nonce = "ffffffffffffffffffffffffffffffff";
    expect(BATCH_FORBIDDEN, "group, epoch and nonce");
    move_begin(&move, &settings, view, PIZZA_GROUP, 7, view->nonce);
    expect(BATCH_FORBIDDEN, "not above");
    move_begin(&move, &settings, view, PIZZA_GROUP, 8, view->nonce);
    memcpy(strstr(move.new_text, "v=rs1"), "v=rs2", 5);
    expect(BATCH_FORBIDDEN, "no fence");
}
END_TEST

START_TEST(a_fence_that_a_human_spoiled_can_be_replaced)
{
    static const char *const spoiled[] = {"\"do not touch\""};
    struct record_set *sets = (struct record_set *)(uintptr_t)view->sets;

    sets[SITE_COUNT].values = spoiled;
    move_begin(&move, &settings, view, PIZZA_GROUP, 8, view->nonce);
    expect(BATCH_ALLOWED, "");
}
END_TEST

/* An epoch that none of us can have counted to holds no batch up; one that could be does. */
START_TEST(a_fence_that_leaps_above_the_batch_can_be_replaced)
{
    static const struct {
        const char *text;
        enum batch_verdict verdict;
    } cases[] = {
        {"999999999999999", BATCH_ALLOWED},
        {"1000000009", BATCH_ALLOWED},
        {"1000000008", BATCH_FORBIDDEN},
    };
    struct record_set *sets = (struct record_set *)(uintptr_t)view->sets;
    char text[FENCE_TEXT_MAX + 1];
    const char *values[] = {text};

    snprintf(text, sizeof(text),
             "\"v=rs1 group=jwt-pizza epoch=%s by=use1 nonce=00112233445566778899aabbccddeeff "
             "plan=0123456789abcdef\"",
             cases[_i].text);
    sets[SITE_COUNT].values = values;
    move_begin(&move, &settings, view, PIZZA_GROUP, 8, view->nonce);
    expect(cases[_i].verdict, cases[_i].verdict == BATCH_ALLOWED ? "" : "not above");
}
END_TEST

START_TEST(a_delete_of_anything_but_what_was_read_last_is_stale)
{
    static const char *const other[] = {"192.0.2.99"};

    move.items[OLD_PIZZA_EAST].set.weight = 90;
    expect(BATCH_STALE, "not what was read last");
    start_again();
    move.items[OLD_PIZZA_EAST].set.values = other;
    expect(BATCH_STALE, "not what was read last");
    start_again();
    move.items[OLD_PIZZA_EAST].set.ttl_s = 61;
    expect(BATCH_STALE, "not what was read last");
    start_again();
    move.items[OLD_PIZZA_EAST].set.health_check = "hc";
    expect(BATCH_STALE, "not what was read last");
    start_again();
    move.items[OLD_FENCE].set.ttl_s = 11;
    expect(BATCH_STALE, "not what was read last");
}
END_TEST

START_TEST(only_the_weight_may_change)
{
    static const char *const other[] = {"192.0.2.99"};

    move.items[NEW_PIZZA_WEST].set.values = other;
    expect(BATCH_FORBIDDEN, "more than the weight");
    start_again();
    move.items[NEW_PIZZA_WEST].set.ttl_s = 61;
    expect(BATCH_FORBIDDEN, "more than the weight");
    start_again();
    move.items[NEW_PIZZA_WEST].set.alias_zone = "Z2";
    move.items[NEW_PIZZA_WEST].set.alias_name = "evil.example.net.";
    expect(BATCH_FORBIDDEN, "more than the weight");
    start_again();
    move.items[NEW_PIZZA_WEST].set.health_check = "hc";
    expect(BATCH_FORBIDDEN, "more than the weight");
}
END_TEST

START_TEST(sets_that_are_not_plainly_weighted_are_not_ours)
{
    move.items[NEW_PIZZA_EAST].set.weight = -1;
    expect(BATCH_FORBIDDEN, "only weighted");
    move.items[NEW_PIZZA_EAST].set.weight = 256;
    expect(BATCH_FORBIDDEN, "only weighted");
    start_again();
    move.items[NEW_PIZZA_EAST].set.region = "us-east-1";
    expect(BATCH_FORBIDDEN, "only weighted");
    start_again();
    move.items[NEW_PIZZA_EAST].set.failover = "PRIMARY";
    expect(BATCH_FORBIDDEN, "only weighted");
    start_again();
    move.items[NEW_PIZZA_EAST].set.other_routing = true;
    expect(BATCH_FORBIDDEN, "only weighted");
    start_again();
    move.items[NEW_FENCE].set.weight = 1;
    expect(BATCH_FORBIDDEN, "a fence has no weight");
}
END_TEST

START_TEST(the_limits_of_route53_hold)
{
    static char comment[BATCH_COMMENT_MAX + 2];
    static char long_value[BATCH_CHARACTERS_MAX + 1];
    static const char *long_values[] = {long_value};
    static const char *many_values[BATCH_VALUES_MAX];

    memset(comment, 'c', BATCH_COMMENT_MAX);
    move.batch.comment = comment;
    expect(BATCH_ALLOWED, "");
    comment[BATCH_COMMENT_MAX] = 'c';
    expect(BATCH_FORBIDDEN, "a comment of more than");
    move.batch.comment = "";
    move.batch.item_count = 0;
    expect(BATCH_FORBIDDEN, "0 items");
    move.batch.item_count = BATCH_ITEMS_MAX + 1;
    expect(BATCH_FORBIDDEN, "1001 items");
    start_again();
    memset(long_value, 'v', BATCH_CHARACTERS_MAX);
    move.items[NEW_FENCE].set.values = long_values;
    expect(BATCH_FORBIDDEN, "characters");
    start_again();
    for (size_t i = 0; i < BATCH_VALUES_MAX; i++)
        many_values[i] = "v";
    move.items[NEW_FENCE].set.values = many_values;
    move.items[NEW_FENCE].set.value_count = BATCH_VALUES_MAX;
    expect(BATCH_FORBIDDEN, "values");
}
END_TEST

START_TEST(zones_and_groups_outside_the_settings_are_refused)
{
    move.batch.zone = 2;
    expect(BATCH_FORBIDDEN, "outside the settings");
    move.batch.zone = NONE;
    expect(BATCH_FORBIDDEN, "outside the settings");
    move.batch.zone = PIZZA_ZONE;
    move.batch.group = 2;
    expect(BATCH_FORBIDDEN, "outside the settings");
}
END_TEST

START_TEST(what_the_guard_says_is_printable)
{
    move.items[NEW_PIZZA_EAST].set.name = "a\nlevel=info\x1b[2J";
    expect(BATCH_FORBIDDEN, "a\\x0alevel=info\\x1b[2J");
}
END_TEST

static TCase *c5_case(void)
{
    TCase *tcase = tcase_create("C5");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_failover_of_pizza_and_factory_is_allowed);
    tcase_add_test(tcase, nothing_is_allowed_before_the_zone_was_read);
    tcase_add_test(tcase, health_checks_are_attached_by_a_batch_that_does_nothing_else);
    tcase_add_test(tcase, a_batch_that_attaches_moves_no_weight);
    tcase_add_test(tcase, health_checks_are_attached_only_where_beacons_are);
    tcase_add_test(tcase, two_regions_never_share_a_health_check);
    tcase_add_test(tcase, what_is_no_id_is_not_attached);
    tcase_add_test(tcase, a_batch_that_attaches_creates_no_set);
    tcase_add_test(tcase, all_weights_zero_are_refused);
    tcase_add_test(tcase, all_weights_zero_are_seen_through_sets_the_batch_does_not_touch);
    tcase_add_test(tcase, a_name_that_loses_weight_lives_on_by_a_set_of_the_batch);
    tcase_add_test(tcase,
                   a_service_somebody_else_zeroed_does_not_stop_a_batch_that_leaves_it_alone);
    tcase_add_test(tcase, names_types_and_sets_outside_the_settings_are_refused);
    tcase_add_test(tcase, one_group_cannot_touch_the_records_or_the_fence_of_another);
    tcase_add_test(tcase, ns_soa_and_ds_are_never_touched);
    tcase_add_test(tcase, sets_that_are_not_plainly_weighted_are_not_ours);
    tcase_add_test(tcase, zones_and_groups_outside_the_settings_are_refused);
    tcase_add_test(tcase, what_the_guard_says_is_printable);
    return tcase;
}

static TCase *c1_case(void)
{
    TCase *tcase = tcase_create("C1 to C4");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_batch_that_replaces_only_the_fence_is_allowed);
    tcase_add_test(tcase, an_upsert_cannot_be_smuggled_in);
    tcase_add_test(tcase, a_delete_needs_its_create_and_a_create_its_delete);
    tcase_add_test(tcase, a_create_before_its_delete_is_refused);
    tcase_add_test(tcase, an_item_twice_is_refused);
    tcase_add_test(tcase, init_may_create_only_what_the_zone_does_not_have);
    tcase_add_test(tcase, a_batch_without_its_fence_is_refused);
    tcase_add_test(tcase, a_fence_is_not_created_beside_one_that_is_there);
    tcase_add_test(tcase, a_fence_must_say_group_epoch_and_nonce_of_its_batch_and_rise);
    tcase_add_test(tcase, a_fence_that_a_human_spoiled_can_be_replaced);
    tcase_add_loop_test(tcase, a_fence_that_leaps_above_the_batch_can_be_replaced, 0, 3);
    tcase_add_test(tcase, a_delete_of_anything_but_what_was_read_last_is_stale);
    tcase_add_test(tcase, only_the_weight_may_change);
    tcase_add_test(tcase, the_limits_of_route53_hold);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("batch_guard");

    suite_add_tcase(suite, c5_case());
    suite_add_tcase(suite, c1_case());
    return run_suite(suite);
}
