/* SPDX-License-Identifier: Apache-2.0 */
/* D3 without a world: what the zones say, and which service leads; out comes what all get. Pizza
 * leads and the factory follows, in three regions; "100/0/0 100/0/0" is normal. */
#include "whole.h"

#include <stdio.h>
#include <string.h>

#include "by_hand.h"

struct case_of {
    struct by_hand hand;
    int normal[HAND_SITES];
    int said[HAND_SITES];
    int known[HAND_SITES];
    enum whole_role pizza;
    enum whole_role factory;
};

static enum whole_role role_of(const void *context, uint32_t in_group)
{
    const struct case_of *c = context;

    return in_group < FACTORY_AT ? c->pizza : c->factory;
}

static void parse(const char *text, int *weights)
{
    ck_assert_int_eq(sscanf(text, "%d/%d/%d %d/%d/%d", &weights[0], &weights[1], &weights[2],
                            &weights[3], &weights[4], &weights[5]),
                     HAND_SITES);
}

static void begin(struct case_of *c, const char *normal, const char *said)
{
    memset(c, 0, sizeof(*c));
    by_hand(&c->hand);
    c->hand.group.together = true;
    c->pizza = WHOLE_LEADS;
    c->factory = WHOLE_FOLLOWS;
    parse(normal, c->normal);
    parse(said, c->said);
}

static const char *followed_by(struct case_of *c, const int *known)
{
    static char text[128];
    int w[HAND_SITES] = {0};
    struct whole_input input = {.settings = &c->hand.settings,
                                .normal = c->normal,
                                .said = c->said,
                                .known = known,
                                .role = role_of,
                                .context = c};
    bool changed = whole_follow(&input, w);

    ck_assert(changed == (memcmp(w, c->said, sizeof(w)) != 0));
    snprintf(text, sizeof(text), "%d/%d/%d %d/%d/%d", w[0], w[1], w[2], w[3], w[4], w[5]);
    return text;
}

static void expect_followed(const char *normal, const char *said, const char *wanted)
{
    struct case_of c;

    begin(&c, normal, said);
    ck_assert_str_eq(followed_by(&c, NULL), wanted);
}

#define EAST_ONLY "100/0/0 100/0/0"

START_TEST(d3_a_region_that_the_leaders_left_is_left_for_the_one_that_stands_in)
{
    expect_followed(EAST_ONLY, "0/100/0 100/0/0", "0/100/0 0/100/0");
    expect_followed(EAST_ONLY, "0/70/0 100/0/0", "0/70/0 0/100/0");
    expect_followed("50/50/0 50/50/0", "0/50/0 50/50/0", "0/50/0 0/50/0");
    expect_followed("50/30/20 60/10/30", "0/0/20 60/10/30", "0/0/20 0/0/30");
}
END_TEST

START_TEST(d3_one_substitute_gives_way_to_the_next)
{
    expect_followed(EAST_ONLY, "0/0/100 0/100/0", "0/0/100 0/0/100");
}
END_TEST

START_TEST(d3_who_returned_takes_the_others_back_and_dismisses_the_substitute)
{
    expect_followed(EAST_ONLY, "100/0/0 0/100/0", "100/0/0 100/0/0");
    expect_followed("50/50/0 50/50/0", "50/50/0 50/0/0", "50/50/0 50/50/0");
}
END_TEST

START_TEST(d5_who_follows_a_failback_comes_to_the_same_step)
{
    expect_followed(EAST_ONLY, "10/100/0 0/100/0", "10/100/0 10/100/0");
    expect_followed("200/0/0 5/0/0", "20/200/0 0/5/0", "20/200/0 1/5/0");
}
END_TEST

/* A region where only the follower has weight by normal: the leaders never had any to lose. */
START_TEST(d3_of_a_region_that_the_leaders_say_nothing_of_nothing_changes)
{
    expect_followed("100/0/0 50/50/0", "100/0/0 50/50/0", "100/0/0 50/50/0");
    expect_followed("100/0/0 50/50/0", "0/0/100 50/50/0", "0/0/100 0/50/50");
}
END_TEST

/* Which leaves its substitute in a region whose own weight is not back yet. */
START_TEST(d3_a_substitute_stays_while_not_all_that_is_normal_is_back)
{
    expect_followed("100/0/0 50/50/0", "100/0/0 0/0/50", "100/0/0 50/0/50");
}
END_TEST

START_TEST(d3_what_is_whole_stays_as_it_is)
{
    expect_followed(EAST_ONLY, EAST_ONLY, EAST_ONLY);
    expect_followed(EAST_ONLY, "0/100/0 0/80/0", "0/100/0 0/80/0");
    expect_followed("100/0/0 0/100/0", "100/0/0 0/100/0", "100/0/0 0/100/0");
}
END_TEST

START_TEST(d3_what_the_leaders_decision_said_is_taken_where_it_is_known)
{
    struct case_of c;

    begin(&c, EAST_ONLY, "0/100/0 100/0/0");
    parse("0/100/0 0/40/60", c.known);
    ck_assert_str_eq(followed_by(&c, c.known), "0/100/0 0/40/60");
}
END_TEST

/* The leaders serve on where they normally do; the follower has to go there, too (D2). */
START_TEST(c5_who_loses_all_goes_to_the_first_region_where_the_others_are)
{
    expect_followed("50/50/0 100/0/0", "0/50/0 100/0/0", "0/50/0 0/100/0");
    expect_followed("50/30/20 100/0/0", "0/30/20 100/0/0", "0/30/20 0/100/0");
    expect_followed("50/30/20 100/0/0", "0/0/20 100/0/0", "0/0/20 0/0/100");
}
END_TEST

/* C5: it has no site where the others went, so what it has is all there is. */
START_TEST(c5_who_has_no_site_where_the_others_went_stays)
{
    struct case_of c;

    begin(&c, EAST_ONLY, "0/100/0 100/0/0");
    c.hand.group.site_count = FACTORY_AT + 1; /* it is in us-east-1 alone */
    ck_assert_str_eq(followed_by(&c, NULL), "0/100/0 100/0/0");
}
END_TEST

START_TEST(c4_what_somebody_else_wrote_neither_leads_nor_follows)
{
    struct case_of c;

    begin(&c, EAST_ONLY, "0/100/0 100/0/0");
    c.factory = WHOLE_STAYS;
    ck_assert_str_eq(followed_by(&c, NULL), "0/100/0 100/0/0");
    c.factory = WHOLE_FOLLOWS;
    c.pizza = WHOLE_STAYS;
    ck_assert_str_eq(followed_by(&c, NULL), "0/100/0 100/0/0");
}
END_TEST

START_TEST(d3_services_that_move_by_themselves_follow_nobody)
{
    struct case_of c;

    begin(&c, EAST_ONLY, "0/100/0 100/0/0");
    c.hand.group.together = false;
    ck_assert_str_eq(followed_by(&c, NULL), "0/100/0 100/0/0");
}
END_TEST

int main(void)
{
    return RUN_TESTS("whole", d3_a_region_that_the_leaders_left_is_left_for_the_one_that_stands_in,
                     d3_one_substitute_gives_way_to_the_next,
                     d3_who_returned_takes_the_others_back_and_dismisses_the_substitute,
                     d5_who_follows_a_failback_comes_to_the_same_step,
                     d3_of_a_region_that_the_leaders_say_nothing_of_nothing_changes,
                     d3_a_substitute_stays_while_not_all_that_is_normal_is_back,
                     d3_what_is_whole_stays_as_it_is,
                     d3_what_the_leaders_decision_said_is_taken_where_it_is_known,
                     c5_who_loses_all_goes_to_the_first_region_where_the_others_are,
                     c5_who_has_no_site_where_the_others_went_stays,
                     c4_what_somebody_else_wrote_neither_leads_nor_follows,
                     d3_services_that_move_by_themselves_follow_nobody);
}
