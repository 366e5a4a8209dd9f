/* SPDX-License-Identifier: Apache-2.0 */
/* C1, C2, C4, C5: the least batch, item by item. */
#include "change.h"

#include <stdio.h>
#include <string.h>

#include "batch_guard.h"
#include "by_hand.h"

#define OLD_FENCE                                                                                  \
    "\"v=rs1 group=jwt-pizza epoch=4 by=usw2 nonce=00000000000000000000000000000004 "              \
    "plan=0123456789abcdef\""
#define NONCE "000102030405060708090a0b0c0d0e0f"

static const char *const old_fence[] = {OLD_FENCE};
static const char *const addresses[] = {"192.0.2.7", "192.0.2.8"};

struct case_of {
    struct by_hand hand;
    struct record_set sets[HAND_SETS + 2];
    struct zone_view view;
    int weights[HAND_SITES];
    int base[HAND_SITES];
    struct decision decision;
    struct batch_item items[2 * HAND_SETS + 2];
    char fence[1][FENCE_TEXT_MAX + 1];
    char fence_name[1][FENCE_TEXT_MAX + 1];
    const char *fence_value[1];
    char comment[1][256];
    struct batch batch;
    const char *reason;
};

static struct record_set blank(const char *name, const char *type, const char *set, int weight)
{
    return (struct record_set){.name = name,
                               .type = type,
                               .set = set,
                               .weight = weight,
                               .ttl_s = 60,
                               .values = addresses,
                               .value_count = 2,
                               .alias_zone = "",
                               .alias_name = "",
                               .health_check = "",
                               .region = "",
                               .failover = ""};
}

/* A zone with the six record sets at 100/0/0 and fence 4; epoch 5 wants 0/100/0. */
static void begin(struct case_of *c)
{
    memset(c, 0, sizeof(*c));
    by_hand(&c->hand);
    c->hand.settings.self = 0;
    for (uint32_t i = 0; i < HAND_SITES; i++) {
        c->sets[i] = blank(c->hand.records[i / HAND_REGIONS].name, "A", c->hand.set_names[i],
                           c->hand.sites[i].weight);
        c->weights[i] = i % HAND_REGIONS == WEST ? 100 : 0;
    }
    c->sets[HAND_SITES] = blank("_regionshift.jwt-pizza.example.com", "TXT", "", -1);
    c->sets[HAND_SITES].ttl_s = 10;
    c->sets[HAND_SITES].values = old_fence;
    c->sets[HAND_SITES].value_count = 1;
    c->sets[HAND_SITES + 1] = blank("example.com", "NS", "", -1);
    c->view = (struct zone_view){
        .apex = "example.com", .sets = c->sets, .set_count = HAND_SITES + 2, .nonce = NONCE};
    c->decision = (struct decision){
        .epoch = 5, .kind = DECISION_LEAVE, .weights = c->weights, .base = c->base};
}

static int build(struct case_of *c)
{
    struct change_space space = {.items = c->items,
                                 .fence = c->fence,
                                 .fence_name = c->fence_name,
                                 .fence_value = c->fence_value,
                                 .comment = c->comment};

    return change_build(&c->hand.settings, &c->decision, &c->view, &space, &c->batch, &c->reason);
}

/* "-NAME SET WEIGHT" or "+...", a line for each item. */
static const char *items_of(const struct batch *batch)
{
    static char text[4096];
    size_t used = 0;

    text[0] = '\0';
    for (uint32_t i = 0; i < batch->item_count; i++) {
        const struct batch_item *item = &batch->items[i];
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%c%s %s %s %d\n",
                                 item->action == BATCH_DELETE ? '-' : '+', item->set.type,
                                 item->set.name, item->set.set, item->set.weight);
    }
    return text;
}

START_TEST(c1_what_changes_is_deleted_as_read_and_created_as_wanted)
{
    struct case_of c;

    begin(&c);
    ck_assert_int_eq(build(&c), 0);
    ck_assert_str_eq(items_of(&c.batch), "-TXT _regionshift.jwt-pizza.example.com  -1\n"
                                         "+TXT _regionshift.jwt-pizza.example.com  -1\n"
                                         "-A pizza.example.com pizza-us-east-1 100\n"
                                         "+A pizza.example.com pizza-us-east-1 0\n"
                                         "-A pizza.example.com pizza-us-west-2 0\n"
                                         "+A pizza.example.com pizza-us-west-2 100\n"
                                         "-A factory.example.com factory-us-east-1 100\n"
                                         "+A factory.example.com factory-us-east-1 0\n"
                                         "-A factory.example.com factory-us-west-2 0\n"
                                         "+A factory.example.com factory-us-west-2 100\n");
    ck_assert_ptr_eq(c.batch.items[0].set.values, old_fence);
    ck_assert_str_eq(c.batch.comment, "regionshift jwt-pizza epoch 5 by use1: leave");
    ck_assert_str_eq(c.batch.nonce, NONCE);
}
END_TEST

START_TEST(c1_the_fence_is_replaced_even_when_no_weight_differs)
{
    struct case_of c;

    begin(&c);
    for (uint32_t i = 0; i < HAND_SITES; i++)
        c.weights[i] = c.sets[i].weight;
    ck_assert_int_eq(build(&c), 0);
    ck_assert_uint_eq(c.batch.item_count, 2);
}
END_TEST

/* Three serve, one leaves: nobody gains, so the first that stays is compared by being written again
 * as it is; where somebody gains, or nothing is lost, nothing more is written. */
START_TEST(c5_a_name_that_only_loses_weight_has_what_it_lives_on_in_the_batch)
{
    struct case_of c;

    begin(&c);
    for (uint32_t i = PIZZA_AT; i < FACTORY_AT; i++)
        c.sets[i].weight = c.weights[i] = 50;
    c.weights[PIZZA_AT + WEST] = 0;
    for (uint32_t i = FACTORY_AT; i < HAND_SITES; i++)
        c.weights[i] = c.sets[i].weight;
    ck_assert_int_eq(build(&c), 0);
    ck_assert_str_eq(items_of(&c.batch), "-TXT _regionshift.jwt-pizza.example.com  -1\n"
                                         "+TXT _regionshift.jwt-pizza.example.com  -1\n"
                                         "-A pizza.example.com pizza-us-west-2 50\n"
                                         "+A pizza.example.com pizza-us-west-2 0\n"
                                         "-A pizza.example.com pizza-us-east-1 50\n"
                                         "+A pizza.example.com pizza-us-east-1 50\n");
}
END_TEST

START_TEST(c2_the_new_fence_says_who_which_epoch_and_what_is_planned)
{
    struct case_of c;
    struct fence fence;
    char plan[PLAN_LENGTH + 1];

    begin(&c);
    ck_assert_int_eq(build(&c), 0);
    ck_assert_int_eq(fence_parse(c.batch.items[1].set.values[0], &fence), 0);
    ck_assert_str_eq(fence.group, "jwt-pizza");
    ck_assert_uint_eq(fence.epoch, 5);
    ck_assert_str_eq(fence.by, "use1");
    ck_assert_str_eq(fence.nonce, NONCE);
    change_digest(&c.hand.settings, 0, 0, c.weights, plan);
    ck_assert_str_eq(fence.plan, plan);
    ck_assert_int_eq(c.batch.items[1].set.ttl_s, 10);
    ck_assert_uint_eq(c.batch.items[1].set.value_count, 1);
    c.weights[0] = 1;
    change_digest(&c.hand.settings, 0, 0, c.weights, plan);
    ck_assert_str_ne(fence.plan, plan);
}
END_TEST

START_TEST(c2_without_a_fence_there_is_nothing_to_delete)
{
    struct case_of c;

    begin(&c);
    c.sets[HAND_SITES].name = "_regionshift.other.example.com";
    ck_assert_int_eq(build(&c), 0);
    ck_assert_int_eq(c.batch.items[0].action, BATCH_CREATE);
    ck_assert_str_eq(c.batch.items[0].set.type, "TXT");
    ck_assert_int_eq(c.batch.items[1].action, BATCH_DELETE);
}
END_TEST

/* Somebody made weighted sets of the fence's name: which of their texts counts nobody can say, and
 * what we write cannot stand beside them. A person is called. */
START_TEST(c2_a_fence_with_a_routing_policy_is_none_and_cannot_be_replaced)
{
    struct case_of c;
    struct record_set *fence = &c.sets[HAND_SITES];

    begin(&c);
    ck_assert_ptr_eq(change_find_fence(&c.view, "jwt-pizza"), fence);
    ck_assert(change_is_fence(fence));
    fence->set = "one-of-two";
    fence->weight = 10;
    ck_assert(!change_is_fence(fence));
    ck_assert_int_eq(build(&c), -1);
    ck_assert_str_eq(c.reason, "fence-routed");
}
END_TEST

START_TEST(c4_everything_but_the_weight_is_written_back_as_it_was_read)
{
    struct case_of c;
    const struct record_set *old;
    const struct record_set *new;

    begin(&c);
    c.sets[0].ttl_s = 17;
    c.sets[0].health_check = "abcd";
    c.sets[1].ttl_s = -1;
    c.sets[1].value_count = 0;
    c.sets[1].alias_zone = "Z2";
    c.sets[1].alias_name = "lb.example.net";
    c.sets[1].alias_evaluate = true;
    ck_assert_int_eq(build(&c), 0);
    for (uint32_t i = 2; i < c.batch.item_count; i += 2) {
        struct record_set same;
        old = &c.batch.items[i].set;
        new = &c.batch.items[i + 1].set;
        same = *new;
        same.weight = old->weight;
        ck_assert_mem_eq(old, &same, sizeof(same));
    }
    ck_assert_int_eq(c.batch.items[3].set.ttl_s, 17);
    ck_assert_str_eq(c.batch.items[5].set.alias_name, "lb.example.net");
}
END_TEST

START_TEST(c4_a_missing_record_set_is_no_change_but_a_refusal)
{
    struct case_of c;

    begin(&c);
    c.sets[0].set = "somebody-elses";
    ck_assert_int_eq(build(&c), -1);
    ck_assert_str_eq(c.reason, "record-set-missing");
}
END_TEST

START_TEST(d9_init_creates_what_is_missing_from_the_settings)
{
    struct case_of c;

    begin(&c);
    c.sets[0].set = "somebody-elses";
    c.decision.kind = DECISION_INIT;
    ck_assert_int_eq(build(&c), 0);
    ck_assert(c.batch.is_init);
    ck_assert_int_eq(c.batch.items[2].action, BATCH_CREATE);
    ck_assert_str_eq(c.batch.items[2].set.set, "pizza-us-east-1");
    ck_assert_str_eq(c.batch.items[2].set.values[0], "192.0.2.1");
    c.decision.kind = DECISION_LEAVE;
    c.base[0] = -1; /* init was decided, and never applied */
    ck_assert_int_eq(build(&c), 0);
    c.hand.sets[0].value = "";
    ck_assert_int_eq(build(&c), -1);
}
END_TEST

START_TEST(c5_a_record_set_of_another_kind_of_routing_is_left_alone)
{
    struct case_of c;

    begin(&c);
    c.sets[0].weight = -1;
    ck_assert_int_eq(build(&c), -1);
    ck_assert_str_eq(c.reason, "not-weighted");
    c.sets[0].weight = 100;
    c.sets[0].other_routing = true;
    ck_assert_int_eq(build(&c), -1);
}
END_TEST

START_TEST(c5_only_names_of_the_settings_are_touched)
{
    struct case_of c;

    begin(&c);
    ck_assert_int_eq(build(&c), 0);
    ck_assert_ptr_null(strstr(items_of(&c.batch), "NS"));
}
END_TEST

START_TEST(c1_another_zones_services_are_not_in_the_batch)
{
    struct case_of c;

    begin(&c);
    c.hand.records[1].zone = 1;
    ck_assert_int_eq(build(&c), 0);
    ck_assert_uint_eq(c.batch.item_count, 6);
}
END_TEST

/* The zone of begin(), and the AAAA sets of pizza's sites behind it. */
static void begin_also(struct case_of *c, uint32_t zone)
{
    begin(c);
    by_hand_also(&c->hand, zone);
    for (uint32_t i = 0; i < HAND_REGIONS; i++) {
        c->sets[c->view.set_count] = c->sets[i];
        c->sets[c->view.set_count].type = "AAAA";
        c->view.set_count++;
    }
}

START_TEST(c1_every_set_that_a_site_has_in_the_zone_gets_its_weight)
{
    struct case_of c;
    uint32_t count = 0;

    begin_also(&c, 0);
    ck_assert_int_eq(build(&c), 0);
    ck_assert_uint_eq(c.batch.item_count, 2 + 2 * 6);
    for (uint32_t i = 2; i < c.batch.item_count; i++) {
        const struct batch_item *item = &c.batch.items[i];

        if (item->action == BATCH_CREATE && strcmp(item->set.type, "AAAA") == 0)
            ck_assert_int_eq(item->set.weight, count++ == 0 ? 0 : 100);
    }
    ck_assert_uint_eq(count, 2);
    c.sets[HAND_SITES + 2].weight = 0; /* somebody did half of it already: the rest follows */
    ck_assert_int_eq(build(&c), 0);
    ck_assert_uint_eq(c.batch.item_count, 2 + 2 * 5);
}
END_TEST

START_TEST(c1_a_set_in_another_zone_has_a_batch_of_its_own)
{
    struct case_of c;

    begin_also(&c, 1);
    ck_assert_int_eq(build(&c), 0);
    ck_assert_uint_eq(c.batch.item_count, 2 + 2 * 4);
    c.view.zone = 1;
    ck_assert_int_eq(build(&c), 0);
    ck_assert_uint_eq(c.batch.item_count, 2 + 2 * 2);
    ck_assert_str_eq(c.batch.items[2].set.type, "AAAA");
}
END_TEST

START_TEST(c4_what_an_alias_points_to_is_written_back_as_read)
{
    struct case_of c;
    struct record_set *alias = &c.sets[0];

    begin(&c);
    alias->ttl_s = -1;
    alias->value_count = 0;
    alias->alias_zone = "Z35SXDOTRQ7X7K";
    alias->alias_name = "Dualstack.pizza-1.us-east-1.elb.amazonaws.com.";
    alias->alias_evaluate = true;
    alias->health_check = "check-1";
    ck_assert_int_eq(build(&c), 0);
    for (uint32_t i = 2; i < 4; i++) {
        const struct record_set *set = &c.batch.items[i].set;

        ck_assert_int_eq(set->ttl_s, -1);
        ck_assert_uint_eq(set->value_count, 0);
        ck_assert_str_eq(set->alias_name, alias->alias_name);
        ck_assert_str_eq(set->health_check, "check-1");
        ck_assert(set->alias_evaluate);
    }
    ck_assert_int_eq(c.batch.items[3].set.weight, 0);
}
END_TEST

START_TEST(d9_an_alias_set_is_created_with_its_target_and_no_ttl)
{
    struct case_of c;
    const struct record_set *set = &c.items[2].set;

    begin(&c);
    c.sets[0].set = "somebody-elses";
    c.hand.sets[0].value = "";
    c.hand.sets[0].alias_zone = "Z35SXDOTRQ7X7K";
    c.hand.sets[0].alias_name = "pizza-1.us-east-1.elb.amazonaws.com";
    c.hand.sets[0].alias_evaluate = true;
    c.decision.kind = DECISION_INIT;
    ck_assert_int_eq(build(&c), 0);
    ck_assert_str_eq(set->set, "pizza-us-east-1");
    ck_assert_int_eq(set->ttl_s, -1);
    ck_assert_uint_eq(set->value_count, 0);
    ck_assert_str_eq(set->alias_zone, "Z35SXDOTRQ7X7K");
    ck_assert(set->alias_evaluate);
}
END_TEST

/* ---- what the guard says of such batches ---- */

static void expect_guard(const struct case_of *c, enum batch_verdict wanted, const char *words)
{
    char error[512] = "";
    enum batch_verdict verdict =
        batch_guard(&c->hand.settings, &c->batch, &c->view, error, sizeof(error));

    ck_assert_msg(verdict == wanted && strstr(error, words) != NULL, "%d: %s", (int)verdict, error);
}

/* The item that creates a set of a type with a weight. */
static struct batch_item *created(struct case_of *c, const char *type, int weight)
{
    for (uint32_t i = 2; i < c->batch.item_count; i++) {
        if (c->items[i].action == BATCH_CREATE && strcmp(c->items[i].set.type, type) == 0 &&
            c->items[i].set.weight == weight)
            return &c->items[i];
    }
    ck_abort_msg("no such item");
    return NULL;
}

START_TEST(c5_the_guard_counts_the_weights_of_each_record_for_itself)
{
    struct case_of c;

    begin_also(&c, 0);
    ck_assert_int_eq(build(&c), 0);
    expect_guard(&c, BATCH_ALLOWED, "");
    created(&c, "AAAA", 100)->set.weight = 0;
    expect_guard(&c, BATCH_FORBIDDEN, "C5: all weights of pizza.example.com AAAA would be zero");
}
END_TEST

START_TEST(c1_the_guard_lets_no_site_have_two_weights_in_a_zone)
{
    struct case_of c;

    begin_also(&c, 0);
    ck_assert_int_eq(build(&c), 0);
    created(&c, "AAAA", 100)->set.weight = 50;
    expect_guard(&c, BATCH_FORBIDDEN, "C1: the record sets of pizza/us-west-2 would have");
}
END_TEST

START_TEST(d9_the_guard_lets_nothing_be_created_but_what_the_settings_say)
{
    static const char *const elsewhere[] = {"192.0.2.99"};
    struct case_of c;

    begin(&c);
    c.sets[0].set = "somebody-elses";
    c.decision.kind = DECISION_INIT;
    ck_assert_int_eq(build(&c), 0);
    expect_guard(&c, BATCH_ALLOWED, "");
    c.items[2].set.values = elsewhere;
    expect_guard(&c, BATCH_FORBIDDEN, "D9");
    ck_assert_int_eq(build(&c), 0);
    c.items[2].set.ttl_s = 3600;
    expect_guard(&c, BATCH_FORBIDDEN, "D9");
    ck_assert_int_eq(build(&c), 0);
    c.items[2].set.alias_name = "evil.example.net";
    expect_guard(&c, BATCH_FORBIDDEN, "D9");
}
END_TEST

START_TEST(c2_a_fences_plan_is_of_its_own_zone_alone)
{
    struct case_of c;
    char here[PLAN_LENGTH + 1];
    char again[PLAN_LENGTH + 1];

    begin(&c);
    c.hand.records[1].zone = 1;
    change_digest(&c.hand.settings, 0, 0, c.weights, here);
    c.weights[HAND_REGIONS] += 1; /* factory/east: in the other zone */
    change_digest(&c.hand.settings, 0, 0, c.weights, again);
    ck_assert_str_eq(again, here);
    c.weights[0] += 1;
    change_digest(&c.hand.settings, 0, 0, c.weights, again);
    ck_assert_str_ne(again, here);
}
END_TEST

int main(void)
{
    return RUN_TESTS("change", c2_a_fence_with_a_routing_policy_is_none_and_cannot_be_replaced,
                     c5_the_guard_counts_the_weights_of_each_record_for_itself,
                     c1_the_guard_lets_no_site_have_two_weights_in_a_zone,
                     d9_the_guard_lets_nothing_be_created_but_what_the_settings_say,
                     c1_every_set_that_a_site_has_in_the_zone_gets_its_weight,
                     c1_a_set_in_another_zone_has_a_batch_of_its_own,
                     c4_what_an_alias_points_to_is_written_back_as_read,
                     d9_an_alias_set_is_created_with_its_target_and_no_ttl,
                     c1_what_changes_is_deleted_as_read_and_created_as_wanted,
                     c1_the_fence_is_replaced_even_when_no_weight_differs,
                     c5_a_name_that_only_loses_weight_has_what_it_lives_on_in_the_batch,
                     c2_the_new_fence_says_who_which_epoch_and_what_is_planned,
                     c2_without_a_fence_there_is_nothing_to_delete,
                     c4_everything_but_the_weight_is_written_back_as_it_was_read,
                     c4_a_missing_record_set_is_no_change_but_a_refusal,
                     d9_init_creates_what_is_missing_from_the_settings,
                     c5_a_record_set_of_another_kind_of_routing_is_left_alone,
                     c5_only_names_of_the_settings_are_touched,
                     c1_another_zones_services_are_not_in_the_batch,
                     c2_a_fences_plan_is_of_its_own_zone_alone);
}
