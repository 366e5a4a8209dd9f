/* SPDX-License-Identifier: Apache-2.0 */
/* A1, A3, A4 on tallies made by hand, and what must hold for every tally there is. */
#include "agreement.h"

#include <string.h>

#include "by_hand.h"

/* A letter for each probe: d, u, n(either), a(bsent), s(tale), b(lind), o(ther settings). */
static void count(struct tally *tally, const struct by_hand *hand, const char *ballots)
{
    static const char letters[] = "dunasbo";

    for (uint32_t i = 0; i < HAND_PROBES; i++)
        tally->ballots[i] = (enum ballot)(strchr(letters, ballots[i]) - letters);
    tally_count(tally, &hand->settings, EAST);
}

static enum agreement_state judge(const struct by_hand *hand, const char *ballots)
{
    struct tally tally;

    count(&tally, hand, ballots);
    return agreement_judge(&tally, &hand->settings);
}

START_TEST(a1_who_says_nothing_is_missing_on_both_sides)
{
    struct by_hand hand;

    by_hand(&hand);
    ck_assert_int_eq(judge(&hand, "aadda"), AGREED_UNDECIDED);
    ck_assert_int_eq(judge(&hand, "aauua"), AGREED_UNDECIDED);
    ck_assert_int_eq(judge(&hand, "aaddd"), AGREED_DOWN);
    ck_assert_int_eq(judge(&hand, "aauuu"), AGREED_UP);
}
END_TEST

START_TEST(a2_what_does_not_count_counts_for_neither_side)
{
    static const char *const others = "nasbo";
    struct by_hand hand;

    by_hand(&hand);
    for (const char *other = others; *other != '\0'; other++) {
        char ballots[] = "ddxxx";
        memset(ballots + 2, *other, 3);
        ck_assert_int_eq(judge(&hand, ballots), AGREED_UNDECIDED);
        ballots[0] = ballots[1] = 'u';
        ck_assert_int_eq(judge(&hand, ballots), AGREED_UNDECIDED);
    }
}
END_TEST

START_TEST(a3_down_needs_somebody_outside_the_region)
{
    struct by_hand hand;

    by_hand(&hand);
    hand.settings.quorum_down = 2;
    ck_assert_int_eq(judge(&hand, "dduuu"), AGREED_UP);
    ck_assert_int_eq(judge(&hand, "ddnnn"), AGREED_UNDECIDED);
    ck_assert_int_eq(judge(&hand, "dndnn"), AGREED_DOWN);
}
END_TEST

START_TEST(a3_down_needs_vantages_and_owners)
{
    struct by_hand hand;
    struct tally tally;

    by_hand(&hand);
    hand.settings.quorum_down = 2;
    ck_assert_int_eq(judge(&hand, "nnndd"), AGREED_UNDECIDED); /* one place */
    hand.settings.quorum_vantages = 1;
    ck_assert_int_eq(judge(&hand, "nnndd"), AGREED_DOWN);
    hand.settings.quorum_owners = 2;
    ck_assert_int_eq(judge(&hand, "nnndd"), AGREED_UNDECIDED);
    ck_assert_int_eq(judge(&hand, "dndnn"), AGREED_UNDECIDED); /* both Amazon's */
    ck_assert_int_eq(judge(&hand, "nnddn"), AGREED_DOWN);
    count(&tally, &hand, "ddddd");
    ck_assert_uint_eq(tally.vantage_count, 4);
    ck_assert_uint_eq(tally.owner_count, 3);
    ck_assert_uint_eq(tally.down_count, 5);
}
END_TEST

START_TEST(a4_only_unbroken_time_counts)
{
    struct by_hand hand;
    struct agreement agreement = {AGREED_UNDECIDED, 0, 0, 0};
    struct tally tally;

    by_hand(&hand);
    count(&tally, &hand, "ddduu");
    ck_assert(agreement_update(&agreement, &tally, &hand.settings, 1000));
    count(&tally, &hand, "ddddd");
    ck_assert(!agreement_update(&agreement, &tally, &hand.settings, 5000));
    ck_assert_int_eq(agreement.since_ms, 1000);
    count(&tally, &hand, "ddnuu");
    ck_assert(agreement_update(&agreement, &tally, &hand.settings, 6000));
    count(&tally, &hand, "ddduu");
    ck_assert(agreement_update(&agreement, &tally, &hand.settings, 7000));
    ck_assert_int_eq(agreement.since_ms, 7000);
    ck_assert_int_eq(agreement.state, AGREED_DOWN);
}
END_TEST

/* ---- for all tallies of five probes, and all majorities ---- */

static int worth(enum agreement_state state)
{
    return state == AGREED_DOWN ? 0 : state == AGREED_UNDECIDED ? 1 : 2;
}

/* Calls back for each of 3^5 rows of down, up and neither. */
static void each_row(struct by_hand *hand, void (*look)(struct by_hand *hand, char *ballots))
{
    for (int row = 0; row < 243; row++) {
        char ballots[HAND_PROBES + 1] = "";
        for (int i = 0, rest = row; i < HAND_PROBES; i++, rest /= 3)
            ballots[i] = "dun"[rest % 3];
        look(hand, ballots);
    }
}

static void more_downs(struct by_hand *hand, char *ballots)
{
    int before = worth(judge(hand, ballots));

    for (int i = 0; i < HAND_PROBES; i++) {
        char was = ballots[i];
        ballots[i] = 'd';
        ck_assert_msg(worth(judge(hand, ballots)) <= before || before == 0, "%s", ballots);
        ck_assert_msg(before != 0 || judge(hand, ballots) != AGREED_UP, "%s", ballots);
        ballots[i] = was;
    }
}

static void more_abstentions(struct by_hand *hand, char *ballots)
{
    enum agreement_state before = judge(hand, ballots);

    for (int i = 0; i < HAND_PROBES; i++) {
        char was = ballots[i];
        ballots[i] = 'b';
        ck_assert_msg(judge(hand, ballots) != AGREED_DOWN || before == AGREED_DOWN, "%s", ballots);
        ck_assert_msg(judge(hand, ballots) != AGREED_UP || before == AGREED_UP, "%s", ballots);
        ballots[i] = was;
    }
}

START_TEST(another_down_vote_never_makes_a_region_better)
{
    struct by_hand hand;

    by_hand(&hand);
    each_row(&hand, more_downs);
    hand.settings.quorum_owners = 2;
    hand.settings.quorum_vantages = 3;
    each_row(&hand, more_downs);
}
END_TEST

START_TEST(an_abstention_never_creates_an_agreement)
{
    struct by_hand hand;

    by_hand(&hand);
    each_row(&hand, more_abstentions);
    hand.settings.quorum_down = 4;
    each_row(&hand, more_abstentions);
}
END_TEST

int main(void)
{
    return RUN_TESTS("agreement", a1_who_says_nothing_is_missing_on_both_sides,
                     a2_what_does_not_count_counts_for_neither_side,
                     a3_down_needs_somebody_outside_the_region, a3_down_needs_vantages_and_owners,
                     a4_only_unbroken_time_counts, another_down_vote_never_makes_a_region_better,
                     an_abstention_never_creates_an_agreement);
}
