/* SPDX-License-Identifier: Apache-2.0 */
/* How long a failover takes, by the settings. */
#include "timeline.h"

#include <string.h>

#include "by_hand.h"

static const struct timeline_facts usual = {.interval_ms = 10000,
                                            .timeout_ms = 3000,
                                            .retry_ms = 1000,
                                            .fall = 3,
                                            .probes = 5,
                                            .hold_ms = 20000,
                                            .store_ms = 2000,
                                            .actors = 3,
                                            .zones = 1,
                                            .aws_ms = 10000,
                                            .ttl_ms = 60000};

START_TEST(each_stage_adds_its_own_time)
{
    struct timeline_step steps[TIMELINE_COUNT];

    timeline_make(&usual, steps);
    ck_assert_int_eq(steps[TIMELINE_DETECTED].best_ms, 2000);
    ck_assert_int_eq(steps[TIMELINE_DETECTED].most_ms, 2000 + 3 * 4000);
    ck_assert_int_eq(steps[TIMELINE_DECIDED].best_ms, 22000);
    ck_assert_int_eq(steps[TIMELINE_DECIDED].most_ms, 14000 + 20000 + 4000);
    ck_assert_int_eq(steps[TIMELINE_ACCEPTED].best_ms, 22000);
    ck_assert_int_eq(steps[TIMELINE_ACCEPTED].most_ms, 38000 + 4000 + 20000);
    ck_assert_int_eq(steps[TIMELINE_SERVERS].most_ms, 62000 + 60000);
    ck_assert_int_eq(steps[TIMELINE_RESOLVERS].best_ms, 22000);
    ck_assert_int_eq(steps[TIMELINE_RESOLVERS].most_ms, 122000 + 60000);
    ck_assert_ptr_nonnull(
        strstr(steps[TIMELINE_DETECTED].why, "5 probes in turn, one every 2.0 s"));
    ck_assert_ptr_nonnull(strstr(steps[TIMELINE_RESOLVERS].why, "TTL 1 m 0 s"));
}
END_TEST

START_TEST(two_zones_are_written_one_after_the_other)
{
    struct timeline_facts facts = usual;
    struct timeline_step steps[TIMELINE_COUNT];

    facts.zones = 2;
    timeline_make(&facts, steps);
    ck_assert_int_eq(steps[TIMELINE_ACCEPTED].most_ms, 38000 + 4000 + 40000);
}
END_TEST

START_TEST(without_votes_or_actors_nothing_is_divided)
{
    struct timeline_facts facts = usual;
    struct timeline_step steps[TIMELINE_COUNT];

    facts.probes = 0;
    facts.actors = 0;
    timeline_make(&facts, steps);
    ck_assert_int_eq(steps[TIMELINE_DETECTED].most_ms, 10000 + 3 * 4000);
    ck_assert_int_eq(steps[TIMELINE_ACCEPTED].most_ms - steps[TIMELINE_DECIDED].most_ms, 20000);
}
END_TEST

START_TEST(what_was_measured_is_the_middle_and_the_worst)
{
    msec_t spans[] = {700, -1, 300, 500, -1, 900};
    msec_t none[] = {-1, -1};
    struct timeline_measured measured;

    timeline_measure(spans, 6, &measured);
    ck_assert_uint_eq(measured.count, 4);
    ck_assert_int_eq(measured.median_ms, 500);
    ck_assert_int_eq(measured.worst_ms, 900);
    timeline_measure(none, 2, &measured);
    ck_assert_uint_eq(measured.count, 0);
    ck_assert_int_eq(measured.median_ms, -1);
    timeline_measure(none, 0, &measured);
    ck_assert_int_eq(measured.worst_ms, -1);
}
END_TEST

START_TEST(each_stage_has_a_name)
{
    static const char *const wanted[TIMELINE_COUNT] = {"detected", "decided", "accepted", "servers",
                                                       "resolvers"};

    for (int stage = 0; stage < TIMELINE_COUNT; stage++)
        ck_assert_str_eq(timeline_name((enum timeline_stage)stage), wanted[stage]);
}
END_TEST

int main(void)
{
    return RUN_TESTS("timeline", each_stage_adds_its_own_time,
                     two_zones_are_written_one_after_the_other,
                     without_votes_or_actors_nothing_is_divided,
                     what_was_measured_is_the_middle_and_the_worst, each_stage_has_a_name);
}
