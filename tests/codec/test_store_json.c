/* SPDX-License-Identifier: Apache-2.0 */
/* The store's values: what is written is read back; what is malformed or hostile is refused with a
 * sentence and touches nothing. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "pizza.h"
#include "store_json.h"

enum { TEXT_SIZE = 64 * 1024 };

static char text[TEXT_SIZE];
static char error[VALUE_ERROR_SIZE];

/* ---- votes ---- */

static struct vote a_vote(void)
{
    return (struct vote){.probe = 1,
                         .group = 0,
                         .fingerprint = "6f1d2c3b4a596877",
                         .blindness = BLIND_NOT,
                         .states = "udr?",
                         .failures = "-ct-"};
}

START_TEST(a_vote_is_read_back_as_it_was_written)
{
    struct vote vote = a_vote();
    struct vote *read = NULL;
    int length = vote_write(&vote, text, sizeof(text));

    ck_assert_str_eq(text, "{\"v\":1,\"fingerprint\":\"6f1d2c3b4a596877\",\"blind\":\"no\","
                           "\"states\":\"udr?\",\"failures\":\"-ct-\"}");
    ck_assert_int_eq(vote_read(&pizza, 1, 0, text, (size_t)length, &read, error, sizeof(error)), 0);
    ck_assert_uint_eq(read->probe, 1);
    ck_assert_uint_eq(read->group, 0);
    ck_assert_int_eq(read->blindness, BLIND_NOT);
    ck_assert_str_eq(read->fingerprint, vote.fingerprint);
    ck_assert_str_eq(read->states, vote.states);
    ck_assert_str_eq(read->failures, vote.failures);
    free(read);
}
END_TEST

START_TEST(a_vote_under_other_settings_is_read_as_knowing_nothing)
{
    struct vote vote = a_vote();
    struct vote *read = NULL;
    int length;

    memcpy(vote.fingerprint, "0000000000000000", 16);
    vote.states = "ddddddd"; /* another number of sites */
    vote.failures = "ccccccc";
    length = vote_write(&vote, text, sizeof(text));
    ck_assert_int_eq(vote_read(&pizza, 1, 0, text, (size_t)length, &read, error, sizeof(error)), 0);
    ck_assert_str_eq(read->fingerprint, "0000000000000000"); /* A2: told as other settings */
    ck_assert_str_eq(read->states, "????");
    ck_assert_str_eq(read->failures, "----");
    free(read);
}
END_TEST

/* ---- decisions ---- */

static const int weights[] = {0, 100, 0, 100};
static const int normal[] = {100, 0, 100, 0};
static const int base[] = {100, 0, 90, -1}; /* -1: the zone had no such record set */

static struct decision a_decision(void)
{
    return (struct decision){.group = 0,
                             .epoch = 7,
                             .kind = DECISION_LEAVE,
                             .by = 2,
                             .at_wall = 1700000000123,
                             .moved_wall = 1700000000123,
                             .weights = weights,
                             .normal = normal,
                             .base_epoch = 6,
                             .base = base,
                             .voters = 5,
                             .regions_left = 1,
                             .order = "0001-drain",
                             .override = true,
                             .reason = "us-east-1 agreed down by 2 of 3"};
}

START_TEST(a_decision_is_read_back_as_it_was_written)
{
    struct decision decision = a_decision();
    struct decision *read = NULL;
    int length = decision_write(&pizza, &decision, text, sizeof(text));

    ck_assert_int_gt(length, 0);
    ck_assert_ptr_nonnull(strstr(text, "\"weights\":{\"pizza/us-east-1\":0,"));
    ck_assert_ptr_nonnull(strstr(text, "\"voters\":[\"use1\",\"fra\"]"));
    ck_assert_msg(decision_read(&pizza, 0, text, (size_t)length, &read, error, sizeof(error)) == 0,
                  "%s", error);
    ck_assert_uint_eq(read->group, 0);
    ck_assert_uint_eq(read->epoch, 7);
    ck_assert_int_eq(read->kind, DECISION_LEAVE);
    ck_assert_uint_eq(read->by, 2);
    ck_assert_int_eq(read->at_wall, 1700000000123);
    ck_assert_int_eq(read->moved_wall, 1700000000123);
    ck_assert_mem_eq(read->weights, weights, sizeof(weights));
    ck_assert_mem_eq(read->normal, normal, sizeof(normal));
    ck_assert_mem_eq(read->base, base, sizeof(base));
    ck_assert_uint_eq(read->base_epoch, 6);
    ck_assert_uint_eq(read->voters, 5);
    ck_assert_uint_eq(read->regions_left, 1);
    ck_assert_str_eq(read->order, "0001-drain");
    ck_assert(read->override);
    ck_assert_str_eq(read->reason, decision.reason);
    free(read);
}
END_TEST

/* B2: who decided hands the ids to whoever applies it; no other kind of decision has them. */
START_TEST(an_attaching_decision_keeps_its_health_checks)
{
    static const struct health_id health[REGIONS_MAX] = {{"0123-east"}};
    struct decision decision = a_decision();
    struct decision *read = NULL;
    int length;

    decision.health = health;
    length = decision_write(&pizza, &decision, text, sizeof(text));
    ck_assert_int_gt(length, 0);
    ck_assert_ptr_null(strstr(text, "health_checks"));
    decision.kind = DECISION_ATTACH;
    length = decision_write(&pizza, &decision, text, sizeof(text));
    ck_assert_msg(decision_read(&pizza, 0, text, (size_t)length, &read, error, sizeof(error)) == 0,
                  "%s", error);
    ck_assert_int_eq(read->kind, DECISION_ATTACH);
    ck_assert_str_eq(read->health[0].text, "0123-east");
    ck_assert_str_eq(read->health[1].text, "");
    free(read);
}
END_TEST

/* C4, D5: what a cancellation goes back to, and since when the same is said; a decision without is
 * written as it always was. */
START_TEST(a_decision_that_restores_keeps_what_was_decided_before)
{
    static const int before[] = {100, 0, 100, 0};
    struct decision decision = a_decision();
    struct decision *read = NULL;
    int length;

    length = decision_write(&pizza, &decision, text, sizeof(text));
    ck_assert_int_gt(length, 0);
    ck_assert_ptr_null(strstr(text, "before"));
    ck_assert_ptr_null(strstr(text, "same_since"));
    ck_assert_int_eq(decision_read(&pizza, 0, text, (size_t)length, &read, error, sizeof(error)),
                     0);
    ck_assert_ptr_null(read->before);
    free(read);
    decision.before = before;
    decision.same_since = 4711;
    length = decision_write(&pizza, &decision, text, sizeof(text));
    ck_assert_msg(decision_read(&pizza, 0, text, (size_t)length, &read, error, sizeof(error)) == 0,
                  "%s", error);
    ck_assert_mem_eq(read->before, before, sizeof(before));
    ck_assert_uint_eq(read->same_since, 4711);
    ck_assert_mem_eq(read->base, base, sizeof(base));
    free(read);
}
END_TEST

/* Replaces the first `from` in text by `to`; the length of the new text. */
static size_t edit(const char *from, const char *to)
{
    static char edited[TEXT_SIZE];
    char *at = strstr(text, from);

    ck_assert_msg(at != NULL, "'%s' is not in %s", from, text);
    snprintf(edited, sizeof(edited), "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    memcpy(text, edited, strlen(edited) + 1);
    return strlen(text);
}

static const struct spoilt {
    const char *from;
    const char *to;
    const char *complaint;
} spoilt_decisions[] = {
    {"\"v\":1", "\"v\":2", "version 2, and only 1 is known"},
    {"\"v\":1,", "", "decision: v: missing"},
    {"\"epoch\":7", "\"epoch\":0", "decision: epoch: 0 is not in"},
    {"\"epoch\":7", "\"epoch\":-7", "is not in"},
    {"\"epoch\":7", "\"epoch\":7.5", "not a whole number"},
    {"\"epoch\":7", "\"epoch\":\"7\"", "not a whole number"},
    {"\"epoch\":7", "\"epoch\":99999999999999999999", "not JSON: too big integer"},
    {"\"epoch\":7", "\"epoch\":7,\"epoch\":8", "not JSON: duplicate"},
    {"\"epoch\":7", "\"epoch\":7,\"extra\":8", "17 fields, and 16 are known"},
    {"\"kind\":\"leave\"", "\"kind\":\"leap\"", "'leap' is not known"},
    {"\"group\":\"jwt-pizza\"", "\"group\":\"solo\"", "under the key of 'jwt-pizza'"},
    {"\"pizza/us-east-1\":0", "\"pizza/eu-north-1\":0", "weights: pizza/us-east-1: missing"},
    {"\"pizza/us-east-1\":0", "\"pizza/us-east-1\":0,\"pizza/eu-north-1\":0", "weights: 5 fields"},
    {"\"pizza/us-east-1\":0", "\"pizza/us-east-1\":256", "256 is not in 0..255"},
    {"\"pizza/us-east-1\":0", "\"pizza/us-east-1\":-1", "-1 is not in 0..255"},
    {"\"override\":true", "\"override\":1", "not true or false"},
    {"\"voters\":[\"use1\"", "\"voters\":[1", "a member is not a string"},
    {"\"order\":\"0001-drain\"", "\"order\":\"00000000000000000000000000000000000000000\"",
     "41 bytes, at most 40 allowed"},
    {"\"order\":\"0001-drain\"", "\"order\":\"a\\u0000b\"", "not JSON"},
    {"\"order\":\"0001-drain\"", "\"order\":null", "not a string"},
};

START_TEST(a_spoilt_decision_is_refused_and_says_why)
{
    const struct spoilt *spoilt = &spoilt_decisions[_i];
    struct decision decision = a_decision();
    struct decision *read = NULL;
    size_t length;

    ck_assert_int_gt(decision_write(&pizza, &decision, text, sizeof(text)), 0);
    length = edit(spoilt->from, spoilt->to);
    ck_assert_int_lt(decision_read(&pizza, 0, text, length, &read, error, sizeof(error)), 0);
    ck_assert_ptr_null(read);
    ck_assert_msg(strstr(error, spoilt->complaint) != NULL, "%s", error);
}
END_TEST

START_TEST(names_that_left_the_electorate_do_not_make_a_decision_unreadable)
{
    struct decision decision = a_decision();
    struct decision *read = NULL;
    size_t length;

    ck_assert_int_gt(decision_write(&pizza, &decision, text, sizeof(text)), 0);
    edit("\"by\":\"fra\"", "\"by\":\"gone\"");
    length = edit("\"use1\",\"fra\"", "\"use1\",\"gone\"");
    ck_assert_int_eq(decision_read(&pizza, 0, text, length, &read, error, sizeof(error)), 0);
    ck_assert_uint_eq(read->by, NONE);
    ck_assert_uint_eq(read->voters, 1);
    free(read);
}
END_TEST

START_TEST(what_does_not_fit_is_not_written)
{
    struct decision decision = a_decision();
    int length = decision_write(&pizza, &decision, text, sizeof(text));

    ck_assert_int_eq(decision_write(&pizza, &decision, text, (size_t)length), -1);
    ck_assert_int_eq(decision_write(&pizza, &decision, text, (size_t)length + 1), length);
}
END_TEST

/* ---- orders ---- */

static struct order an_order(void)
{
    return (struct order){.id = "0001-drain",
                          .verb = ORDER_DRAIN,
                          .region = 0,
                          .group = NONE,
                          .override = true,
                          .by = "root (uid 0)",
                          .reason = "power works, \"tonight\"",
                          .at_wall = 1700000000000,
                          .until_wall = 1700003600000,
                          .obeyed = {{0, 7}, {1, 3}},
                          .obeyed_count = 2};
}

START_TEST(an_order_is_read_back_as_it_was_written)
{
    struct order order = an_order();
    struct order read = {.verb = ORDER_VERB_COUNT};
    int length = order_write(&pizza, &order, text, sizeof(text));

    ck_assert_msg(
        order_read(&pizza, "0001-drain", text, (size_t)length, &read, error, sizeof(error)) == 0,
        "%s", error);
    ck_assert_str_eq(read.id, "0001-drain");
    ck_assert_int_eq(read.verb, ORDER_DRAIN);
    ck_assert_uint_eq(read.region, 0);
    ck_assert_uint_eq(read.group, NONE);
    ck_assert(read.override);
    ck_assert_str_eq(read.by, order.by);
    ck_assert_str_eq(read.reason, order.reason);
    ck_assert_int_eq(read.at_wall, order.at_wall);
    ck_assert_int_eq(read.until_wall, order.until_wall);
    ck_assert_uint_eq(read.obeyed_count, 2);
    ck_assert_uint_eq(read.obeyed[1].group, 1);
    ck_assert_uint_eq(read.obeyed[1].epoch, 3);
}
END_TEST

static const struct spoilt spoilt_orders[] = {
    {"\"verb\":\"drain\"", "\"verb\":\"delete\"", "'delete' is not known"},
    {"\"region\":\"us-east-1\"", "\"region\":\"eu-north-1\"", "not in our settings"},
    {"\"region\":\"us-east-1\"", "\"region\":\"\"", "order: region: missing"},
    {"\"verb\":\"drain\"", "\"verb\":\"freeze\"", "region: has no meaning here"},
    {"\"verb\":\"drain\",\"region\":\"us-east-1\"", "\"verb\":\"ack\",\"region\":\"\"",
     "incident: missing"},
    {"\"until\":1700003600000", "\"until\":-1", "is not in"},
    {"\"obeyed\":[{", "\"obeyed\":[7,{", "obeyed: not an object"},
    {"\"epoch\":7", "\"epoch\":0", "obeyed: epoch: 0 is not in"},
};

START_TEST(a_spoilt_order_is_refused_and_says_why)
{
    const struct spoilt *spoilt = &spoilt_orders[_i];
    struct order order = an_order();
    struct order read = {.verb = ORDER_VERB_COUNT};
    size_t length;

    ck_assert_int_gt(order_write(&pizza, &order, text, sizeof(text)), 0);
    length = edit(spoilt->from, spoilt->to);
    ck_assert_int_lt(order_read(&pizza, "0001-drain", text, length, &read, error, sizeof(error)),
                     0);
    ck_assert_int_eq(read.verb, ORDER_VERB_COUNT);
    ck_assert_msg(strstr(error, spoilt->complaint) != NULL, "%s", error);
}
END_TEST

START_TEST(a_mark_of_a_group_that_is_not_ours_is_passed_over)
{
    struct order order = an_order();
    struct order read;
    size_t length;

    ck_assert_int_gt(order_write(&pizza, &order, text, sizeof(text)), 0);
    length = edit("\"group\":\"jwt-pizza\",\"epoch\"", "\"group\":\"gone\",\"epoch\"");
    ck_assert_int_eq(order_read(&pizza, "0001-drain", text, length, &read, error, sizeof(error)),
                     0);
    ck_assert_uint_eq(read.obeyed_count, 1);
    ck_assert_uint_eq(read.obeyed[0].group, 1);
}
END_TEST

/* ---- the ledger and the suspects ---- */

START_TEST(the_ledger_is_read_back_and_bounded)
{
    wall_t moves[BUDGET_MAX + 1];
    wall_t read[BUDGET_MAX];
    uint32_t count = 0;
    int length;

    for (int i = 0; i <= BUDGET_MAX; i++)
        moves[i] = 1700000000000 + i;
    length = budget_write(moves, BUDGET_MAX, text, sizeof(text));
    ck_assert_int_eq(budget_read(text, (size_t)length, read, &count, error, sizeof(error)), 0);
    ck_assert_uint_eq(count, BUDGET_MAX);
    ck_assert_mem_eq(read, moves, sizeof(read));

    length = budget_write(moves, BUDGET_MAX + 1, text, sizeof(text));
    ck_assert_int_eq(budget_read(text, (size_t)length, read, &count, error, sizeof(error)), -1);
    ck_assert_ptr_nonnull(strstr(error, "65 members, at most 64 allowed"));
    length = snprintf(text, sizeof(text), "{\"v\":1,\"moves\":[-5]}");
    ck_assert_int_eq(budget_read(text, (size_t)length, read, &count, error, sizeof(error)), -1);
    ck_assert_uint_eq(count, BUDGET_MAX);
}
END_TEST

START_TEST(suspects_are_read_back_without_those_we_do_not_know)
{
    static const uint32_t sites[] = {2, 0};
    uint32_t read[5];
    uint32_t count = 0;
    int length = suspects_write(&pizza, sites, 2, text, sizeof(text));

    ck_assert_str_eq(text, "{\"v\":1,\"sites\":[\"factory/us-east-1\",\"pizza/us-east-1\"]}");
    ck_assert_int_eq(
        suspects_read(&pizza, text, (size_t)length, read, &count, error, sizeof(error)), 0);
    ck_assert_uint_eq(count, 2);
    ck_assert_uint_eq(read[0], 2);
    ck_assert_uint_eq(read[1], 0);
    length = snprintf(text, sizeof(text), "{\"v\":1,\"sites\":[\"a/b\",\"solo/us-west-2\"]}");
    ck_assert_int_eq(
        suspects_read(&pizza, text, (size_t)length, read, &count, error, sizeof(error)), 0);
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(read[0], 4);
}
END_TEST

START_TEST(a_suspect_that_is_no_name_spoils_the_list)
{
    static const char list[] = "{\"v\":1,\"sites\":[\"solo/us-west-2\",7]}";
    uint32_t read[5];
    uint32_t count = 99;

    ck_assert_int_eq(suspects_read(&pizza, list, strlen(list), read, &count, error, sizeof(error)),
                     -1);
    ck_assert_uint_eq(count, 99);
    ck_assert_msg(strstr(error, "a member is not a string") != NULL, "%s", error);
}
END_TEST

/* ---- votes and orders that cannot be ours ---- */

static const struct spoilt spoilt_votes[] = {
    {"\"states\":\"udr?\"", "\"states\":\"udr\"", "vote: states: 3 letters for 4 sites"},
    {"\"failures\":\"-ct-\"", "\"failures\":\"-ct--\"", "vote: failures: 5 letters for 4 sites"},
    {"\"states\":\"udr?\"", "\"states\":\"udrx\"", "'x' is no state's letter"},
    {"\"failures\":\"-ct-\"", "\"failures\":\"-ctZ\"", "'Z' is no failure's letter"},
};

START_TEST(a_vote_with_other_letters_than_it_has_sites_is_refused)
{
    const struct spoilt *spoilt = &spoilt_votes[_i];
    struct vote vote = a_vote();
    struct vote *read = NULL;
    size_t length;

    ck_assert_int_gt(vote_write(&vote, text, sizeof(text)), 0);
    length = edit(spoilt->from, spoilt->to);
    ck_assert_int_eq(vote_read(&pizza, 1, 0, text, length, &read, error, sizeof(error)), -1);
    ck_assert_ptr_null(read);
    ck_assert_msg(strstr(error, spoilt->complaint) != NULL, "%s", error);
}
END_TEST

START_TEST(an_order_under_an_id_that_is_too_long_is_refused)
{
    struct order order = an_order();
    struct order read = {.verb = ORDER_VERB_COUNT};
    char id[ORDER_ID_MAX + 2] = "";
    int length = order_write(&pizza, &order, text, sizeof(text));

    memset(id, 'a', sizeof(id) - 1);
    ck_assert_int_eq(order_read(&pizza, id, text, (size_t)length, &read, error, sizeof(error)), -1);
    ck_assert_int_eq(read.verb, ORDER_VERB_COUNT);
    ck_assert_msg(strstr(error, "an id of more than 40 characters") != NULL, "%s", error);
}
END_TEST

/* ---- versions (store_form.h) ---- */

/* What a reader of each kind makes of a text. */
static int read_vote(const char *value, size_t length)
{
    struct vote *vote = NULL;
    int form = vote_read(&pizza, 1, 0, value, length, &vote, error, sizeof(error));

    ck_assert_int_eq(form == VALUE_READ, vote != NULL);
    free(vote);
    return form;
}

static int read_decision(const char *value, size_t length)
{
    struct decision *decision = NULL;
    int form = decision_read(&pizza, 0, value, length, &decision, error, sizeof(error));

    ck_assert_int_eq(form == VALUE_READ, decision != NULL);
    free(decision);
    return form;
}

static int read_order(const char *value, size_t length)
{
    struct order order;

    return order_read(&pizza, "x", value, length, &order, error, sizeof(error));
}

static int read_budget(const char *value, size_t length)
{
    wall_t moves[BUDGET_MAX];
    uint32_t count;

    return budget_read(value, length, moves, &count, error, sizeof(error));
}

static int read_suspects(const char *value, size_t length)
{
    uint32_t sites[5];
    uint32_t count;

    return suspects_read(&pizza, value, length, sites, &count, error, sizeof(error));
}

/* A value of each kind, as we write it. */
static void write_kind(int kind)
{
    static const wall_t moves[] = {1700000000000};
    static const uint32_t sites[] = {0};
    struct vote vote = a_vote();
    struct decision decision = a_decision();
    struct order order = an_order();

    if (kind == 0)
        vote_write(&vote, text, sizeof(text));
    else if (kind == 1)
        decision_write(&pizza, &decision, text, sizeof(text));
    else if (kind == 2)
        order_write(&pizza, &order, text, sizeof(text));
    else if (kind == 3)
        budget_write(moves, 1, text, sizeof(text));
    else
        suspects_write(&pizza, sites, 1, text, sizeof(text));
}

static int (*const kinds[])(const char *, size_t) = {read_vote, read_decision, read_order,
                                                     read_budget, read_suspects};

START_TEST(what_a_newer_minor_version_added_is_passed_over)
{
    write_kind(_i);
    ck_assert_int_eq(
        kinds[_i](text, edit("\"v\":1", "\"v\":1,\"minor\":1,\"news\":{\"of\":[1,2]}")),
        VALUE_READ);
    write_kind(_i);
    ck_assert_int_eq(kinds[_i](text, edit("\"v\":1", "\"minor\":9,\"v\":1")), VALUE_READ);
}
END_TEST

START_TEST(a_field_nobody_knows_is_a_typing_error_unless_a_newer_minor_wrote_it)
{
    write_kind(_i);
    ck_assert_int_eq(kinds[_i](text, edit("\"v\":1", "\"v\":1,\"news\":1")), VALUE_BROKEN);
    write_kind(_i);
    ck_assert_int_eq(kinds[_i](text, edit("\"v\":1", "\"v\":1,\"minor\":0,\"news\":1")),
                     VALUE_BROKEN);
    write_kind(_i);
    ck_assert_int_eq(kinds[_i](text, edit("\"v\":1", "\"v\":1,\"minor\":-1")), VALUE_BROKEN);
    write_kind(_i);
    ck_assert_int_eq(kinds[_i](text, edit("\"v\":1", "\"v\":1,\"minor\":\"1\"")), VALUE_BROKEN);
}
END_TEST

START_TEST(a_newer_major_version_is_named_as_such_whatever_else_it_says)
{
    write_kind(_i);
    ck_assert_int_eq(kinds[_i](text, edit("\"v\":1", "\"v\":2")), VALUE_NEWER);
    ck_assert_ptr_nonnull(strstr(error, "v: version 2, and only 1 is known"));
    ck_assert_int_eq(kinds[_i]("{\"v\":3}", 7), VALUE_NEWER);
    ck_assert_int_eq(kinds[_i]("{\"v\":0}", 7), VALUE_BROKEN);
    ck_assert_int_eq(kinds[_i]("{\"v\":2", 6), VALUE_BROKEN); /* torn: nobody can read it */
}
END_TEST

START_TEST(a_failure_that_only_a_newer_minor_knows_reads_as_none)
{
    struct vote vote = a_vote();
    struct vote *read = NULL;
    size_t length;

    vote.failures = "-cq-";
    ck_assert_int_gt(vote_write(&vote, text, sizeof(text)), 0);
    length = strlen(text);
    ck_assert_int_eq(vote_read(&pizza, 1, 0, text, length, &read, error, sizeof(error)),
                     VALUE_BROKEN);
    length = edit("\"v\":1", "\"v\":1,\"minor\":1");
    ck_assert_int_eq(vote_read(&pizza, 1, 0, text, length, &read, error, sizeof(error)),
                     VALUE_READ);
    ck_assert_str_eq(read->states, "udr?");
    ck_assert_str_eq(read->failures, "-c--");
    free(read);
}
END_TEST

START_TEST(weights_of_sites_that_are_not_ours_are_never_passed_over)
{
    write_kind(1);
    edit("\"v\":1", "\"v\":1,\"minor\":1");
    ck_assert_int_eq(
        read_decision(text, edit("\"pizza/us-east-1\":0", "\"pizza/us-east-1\":0,\"a/b\":9")),
        VALUE_BROKEN);
}
END_TEST

START_TEST(an_order_about_what_our_settings_do_not_name_is_none_of_ours)
{
    write_kind(2);
    ck_assert_int_eq(
        read_order(text, edit("\"region\":\"us-east-1\"", "\"region\":\"eu-north-1\"")),
        VALUE_FOREIGN);
}
END_TEST

/* D7: who obeys an order writes it again; what a newer release or other settings said in it stays.
 */
START_TEST(amending_an_order_keeps_all_that_we_do_not_understand)
{
    static char standing[TEXT_SIZE];
    struct order order = an_order();
    struct order read;

    write_kind(2);
    edit("\"v\":1", "\"v\":1,\"minor\":4,\"ticket\":\"OPS-7\"");
    edit("\"obeyed\":[{", "\"obeyed\":[{\"group\":\"gone\",\"epoch\":5,\"why\":1},{");
    memcpy(standing, text, strlen(text) + 1);
    order.obeyed[0].epoch = 9;
    order.until_wall = 1700003600001;
    ck_assert_int_gt(order_amend(&pizza, &order, standing, strlen(standing), text, sizeof(text)),
                     0);
    ck_assert_ptr_nonnull(strstr(text, "\"minor\":4"));
    ck_assert_ptr_nonnull(strstr(text, "\"ticket\":\"OPS-7\""));
    ck_assert_ptr_nonnull(strstr(text, "{\"group\":\"gone\",\"epoch\":5,\"why\":1}"));
    ck_assert_int_eq(
        order_read(&pizza, "0001-drain", text, strlen(text), &read, error, sizeof(error)),
        VALUE_READ);
    ck_assert_uint_eq(read.obeyed_count, 2);
    ck_assert_uint_eq(read.obeyed[0].epoch, 9);
    ck_assert_int_eq(read.until_wall, 1700003600001);
}
END_TEST

START_TEST(the_marks_of_other_settings_give_way_before_an_order_becomes_unreadable)
{
    static char standing[TEXT_SIZE];
    struct order order = an_order();
    struct order read;
    size_t used;

    write_kind(2);
    used = (size_t)(strstr(text, "\"obeyed\":[") - text) + strlen("\"obeyed\":[");
    memcpy(standing, text, used);
    for (int i = 0; i < ORDER_OBEYED_MAX; i++)
        used += (size_t)snprintf(standing + used, sizeof(standing) - used,
                                 "%s{\"group\":\"gone\",\"epoch\":%d}", i == 0 ? "" : ",", i + 1);
    snprintf(standing + used, sizeof(standing) - used, "]}");
    ck_assert_int_gt(order_amend(&pizza, &order, standing, strlen(standing), text, sizeof(text)),
                     0);
    ck_assert_int_eq(
        order_read(&pizza, "0001-drain", text, strlen(text), &read, error, sizeof(error)),
        VALUE_READ);
    ck_assert_uint_eq(read.obeyed_count, 2);
}
END_TEST

START_TEST(what_is_no_order_cannot_be_amended)
{
    struct order order = an_order();

    ck_assert_int_eq(order_amend(&pizza, &order, "[]", 2, text, sizeof(text)), -1);
    ck_assert_int_eq(order_amend(&pizza, &order, "{", 1, text, sizeof(text)), -1);
}
END_TEST

/* ---- hostile texts, for every reader ---- */

static int read_all(const char *value, size_t length)
{
    struct vote *vote = NULL;
    struct decision *decision = NULL;
    struct order order;
    wall_t moves[BUDGET_MAX];
    uint32_t sites[5];
    uint32_t count = 0;
    int accepted = 0;

    accepted += vote_read(&pizza, 0, 0, value, length, &vote, error, sizeof(error)) == 0;
    accepted += decision_read(&pizza, 0, value, length, &decision, error, sizeof(error)) == 0;
    accepted += order_read(&pizza, "x", value, length, &order, error, sizeof(error)) == 0;
    accepted += budget_read(value, length, moves, &count, error, sizeof(error)) == 0;
    accepted += suspects_read(&pizza, value, length, sites, &count, error, sizeof(error)) == 0;
    free(vote);
    free(decision);
    return accepted;
}

START_TEST(hostile_texts_are_refused_by_every_reader)
{
    static const char *const hostile[] = {
        "",
        " ",
        "null",
        "7",
        "\"v\"",
        "[]",
        "{",
        "{}",
        "{\"v\":1}",
        "{\"v\":1} x",
        "{\"v\":\"1\"}",
        "{\"v\":1e400}",
        "{\"v\":1,\"v\":1}",
        "{\"v\":true}",
        "\xff\xfe",
        "{\"v\":1,\"\xc3\x28\":1}",
        "{\"v\":1,\"moves\":7,\"sites\":7}",
    };

    for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++)
        ck_assert_msg(read_all(hostile[i], strlen(hostile[i])) == 0, "%s", hostile[i]);
    ck_assert_int_eq(read_all("{\"v\":1,\"sites\":[]}\0", 20), 0); /* a byte past the end */
}
END_TEST

START_TEST(deep_nesting_is_refused)
{
    memset(text, '[', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    ck_assert_int_eq(read_all(text, sizeof(text) - 1), 0);
    ck_assert_ptr_nonnull(strstr(error, "not JSON"));
}
END_TEST

/* A complaint goes into our log: whatever was in the value, it is printable and bounded. */
START_TEST(a_complaint_about_hostile_bytes_is_printable)
{
    const char *value = "{\"v\":1,\"verb\":\"\\u001b[2J\\n\"}";

    ck_assert_int_eq(read_all(value, strlen(value)), 0);
    for (size_t i = 0; error[i] != '\0'; i++)
        ck_assert(error[i] >= 0x20 && error[i] < 0x7f);
}
END_TEST

/* Every byte of good values changed at random: never a crash, never an accepted vector that is not
 * one of ours. */
START_TEST(flipped_bytes_never_crash_a_reader)
{
    struct decision decision = a_decision();
    uint32_t seed = 1;

    for (int round = 0; round < 20000; round++) {
        int length = decision_write(&pizza, &decision, text, sizeof(text));

        seed = seed * 1664525 + 1013904223;
        text[seed % (uint32_t)length] = (char)(seed >> 24);
        read_all(text, (size_t)length);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store_json");
    TCase *tests = tcase_create("values");

    tcase_add_test(tests, a_vote_is_read_back_as_it_was_written);
    tcase_add_test(tests, a_vote_under_other_settings_is_read_as_knowing_nothing);
    tcase_add_test(tests, a_decision_is_read_back_as_it_was_written);
    tcase_add_test(tests, an_attaching_decision_keeps_its_health_checks);
    tcase_add_test(tests, a_decision_that_restores_keeps_what_was_decided_before);
    tcase_add_loop_test(tests, a_spoilt_decision_is_refused_and_says_why, 0,
                        sizeof(spoilt_decisions) / sizeof(*spoilt_decisions));
    tcase_add_test(tests, names_that_left_the_electorate_do_not_make_a_decision_unreadable);
    tcase_add_test(tests, what_does_not_fit_is_not_written);
    tcase_add_test(tests, an_order_is_read_back_as_it_was_written);
    tcase_add_loop_test(tests, a_spoilt_order_is_refused_and_says_why, 0,
                        sizeof(spoilt_orders) / sizeof(*spoilt_orders));
    tcase_add_test(tests, a_mark_of_a_group_that_is_not_ours_is_passed_over);
    tcase_add_test(tests, the_ledger_is_read_back_and_bounded);
    tcase_add_test(tests, suspects_are_read_back_without_those_we_do_not_know);
    tcase_add_test(tests, a_suspect_that_is_no_name_spoils_the_list);
    tcase_add_loop_test(tests, a_vote_with_other_letters_than_it_has_sites_is_refused, 0,
                        sizeof(spoilt_votes) / sizeof(*spoilt_votes));
    tcase_add_test(tests, an_order_under_an_id_that_is_too_long_is_refused);
    tcase_add_loop_test(tests, what_a_newer_minor_version_added_is_passed_over, 0, 5);
    tcase_add_loop_test(tests, a_field_nobody_knows_is_a_typing_error_unless_a_newer_minor_wrote_it,
                        0, 5);
    tcase_add_loop_test(tests, a_newer_major_version_is_named_as_such_whatever_else_it_says, 0, 5);
    tcase_add_test(tests, a_failure_that_only_a_newer_minor_knows_reads_as_none);
    tcase_add_test(tests, weights_of_sites_that_are_not_ours_are_never_passed_over);
    tcase_add_test(tests, an_order_about_what_our_settings_do_not_name_is_none_of_ours);
    tcase_add_test(tests, amending_an_order_keeps_all_that_we_do_not_understand);
    tcase_add_test(tests, the_marks_of_other_settings_give_way_before_an_order_becomes_unreadable);
    tcase_add_test(tests, what_is_no_order_cannot_be_amended);
    tcase_add_test(tests, hostile_texts_are_refused_by_every_reader);
    tcase_add_test(tests, deep_nesting_is_refused);
    tcase_add_test(tests, a_complaint_about_hostile_bytes_is_printable);
    tcase_add_test(tests, flipped_bytes_never_crash_a_reader);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
