/* SPDX-License-Identifier: Apache-2.0 */
/* The rhythm of checks, in simulated time: an engine, and a prober that begins one check after the
 * other, so many a second. Nothing here depends on the machine. */
#include <string.h>

#include "by_hand.h"
#include "engine.h"

enum {
    PER_SITE = 100,
    CHECKS = HAND_SITES * PER_SITE,
    ANSWER_MS = 20,
    STARTS_KEPT = 65536,
    ALERTS_KEPT = 64
};

/* What begins takes the prober for `costs_us`; what is started meanwhile waits, first come first
 * served. */
struct run {
    struct by_hand hand;
    struct check checks[CHECKS];
    struct engine *engine;
    msec_t now_ms;
    int64_t costs_us;
    int64_t free_us;
    enum result_class class;
    msec_t ends_ms[CHECKS]; /* -1: not in flight */
    msec_t waited_ms[CHECKS];
    msec_t begun_ms[CHECKS];   /* last; -1 never */
    msec_t longest_ms[CHECKS]; /* between two begins, since it was cleared */
    msec_t shortest_ms[CHECKS];
    uint32_t begins[CHECKS];
    struct site sites[CHECKS];
    uint32_t numbers[CHECKS];
    uint32_t most_suspects; /* published at once */
    msec_t starts_ms[STARTS_KEPT];
    uint32_t start_count;
    struct alert alerts[ALERTS_KEPT]; /* of overload */
    uint32_t alert_count;
    bool was_down;
};

static struct run run;

static void forget_begins(void)
{
    for (uint32_t i = 0; i < CHECKS; i++) {
        run.longest_ms[i] = 0;
        run.shortest_ms[i] = INT64_MAX;
        run.begins[i] = 0;
    }
    run.start_count = 0;
}

static void make_settings(struct by_hand *hand, struct check *checks, uint32_t per_site,
                          msec_t interval_ms)
{
    by_hand(hand);
    for (uint32_t s = 0; s < HAND_SITES; s++) {
        hand->sites[s].first_check = s * per_site;
        hand->sites[s].check_count = per_site;
        for (uint32_t i = 0; i < per_site; i++) {
            checks[s * per_site + i] = hand->checks[s];
            checks[s * per_site + i].interval_ms = interval_ms;
        }
    }
    hand->settings.checks = checks;
    hand->settings.check_count = HAND_SITES * per_site;
}

static void note_begin(uint32_t check, msec_t at_ms)
{
    msec_t since_ms = at_ms - run.begun_ms[check];

    if (run.begins[check]++ > 0) {
        if (since_ms > run.longest_ms[check])
            run.longest_ms[check] = since_ms;
        if (since_ms < run.shortest_ms[check])
            run.shortest_ms[check] = since_ms;
    }
    run.begun_ms[check] = at_ms;
}

static void start_one(uint32_t check)
{
    int64_t now_us = run.now_ms * 1000;
    int64_t begin_us = run.free_us > now_us ? run.free_us : now_us;

    ck_assert_uint_lt(run.start_count, STARTS_KEPT);
    ck_assert_int_eq(run.ends_ms[check], -1); /* one attempt of each at a time */
    run.starts_ms[run.start_count++] = run.now_ms;
    run.free_us = begin_us + run.costs_us;
    run.waited_ms[check] = begin_us / 1000 - run.now_ms;
    run.ends_ms[check] = begin_us / 1000 + ANSWER_MS;
    note_begin(check, begin_us / 1000);
}

static void step(struct event event)
{
    struct update update;

    event.at_ms = run.now_ms;
    engine_step(run.engine, &event, &update);
    for (uint32_t i = 0; i < update.start_count; i++)
        start_one(update.starts[i]);
    if (update.suspect_count > run.most_suspects)
        run.most_suspects = update.suspect_count;
    for (uint32_t i = 0; i < update.alert_count; i++) {
        if (update.alerts[i].event == ALERT_OVERLOAD && run.alert_count < ALERTS_KEPT)
            run.alerts[run.alert_count++] = update.alerts[i];
    }
    for (uint32_t i = 0; i < run.hand.settings.check_count; i++)
        run.was_down |= engine_verdict(run.engine, i)->state == VERDICT_DOWN;
}

static void begin(const struct engine *before)
{
    const uint32_t checks = run.hand.settings.check_count;

    ck_assert_int_eq(engine_create(&run.hand.settings, false, before, &run.engine), 0);
    for (uint32_t i = 0; i < checks; i++) {
        run.ends_ms[i] = -1;
        run.begun_ms[i] = -1;
    }
    forget_begins();
    step((struct event){.kind = EVENT_START, .start = {.wall = 1700000000000 + run.now_ms}});
}

static void make_run(uint32_t per_site, msec_t interval_ms)
{
    memset(&run, 0, sizeof(run));
    run.now_ms = 1000;
    make_settings(&run.hand, run.checks, per_site, interval_ms);
    begin(NULL);
}

static void end_one(uint32_t check)
{
    struct result result = {.class = run.class, .late_ms = run.waited_ms[check]};

    if (result.class == RESULT_BAD)
        result.failure = FAILURE_CONNECT;
    run.ends_ms[check] = -1;
    step((struct event){.kind = EVENT_RESULT, .result = {check, &result}});
}

/* The check whose result comes next, or NONE. */
static uint32_t next_end(void)
{
    uint32_t first = NONE;

    for (uint32_t i = 0; i < run.hand.settings.check_count; i++) {
        if (run.ends_ms[i] >= 0 && (first == NONE || run.ends_ms[i] < run.ends_ms[first]))
            first = i;
    }
    return first;
}

static void run_for(msec_t ms)
{
    msec_t until_ms = run.now_ms + ms;

    for (;;) {
        uint32_t check = next_end();
        msec_t tick_ms = engine_deadline(run.engine);
        bool ends = check != NONE && run.ends_ms[check] <= tick_ms;
        msec_t at_ms = ends ? run.ends_ms[check] : tick_ms;

        if (at_ms > until_ms)
            break;
        run.now_ms = at_ms > run.now_ms ? at_ms : run.now_ms;
        if (ends)
            end_one(check);
        else
            step((struct event){.kind = EVENT_TICK});
    }
    run.now_ms = until_ms;
}

/* The loop stands still: what ends meanwhile is heard of afterwards. */
static void stand_still(msec_t ms)
{
    run.now_ms += ms;
    step((struct event){.kind = EVENT_TICK});
}

/* Most starts in any window of so much time. */
static uint32_t densest(msec_t window_ms)
{
    uint32_t most = 0;

    for (uint32_t i = 0, first = 0; i < run.start_count; i++) {
        while (run.starts_ms[i] - run.starts_ms[first] >= window_ms)
            first++;
        if (i - first + 1 > most)
            most = i - first + 1;
    }
    return most;
}

static void expect_each_begun(uint32_t least, uint32_t most)
{
    for (uint32_t i = 0; i < run.hand.settings.check_count; i++)
        ck_assert_msg(run.begins[i] >= least && run.begins[i] <= most,
                      "check %u began %u times, wanted %u to %u", i, run.begins[i], least, most);
}

static void expect_states(enum verdict_state state)
{
    for (uint32_t i = 0; i < run.hand.settings.check_count; i++)
        ck_assert_str_eq(verdict_state_name(engine_verdict(run.engine, i)->state),
                         verdict_state_name(state));
}

static struct rhythm_view look(void)
{
    struct rhythm_view view;

    engine_rhythm(run.engine, &view);
    return view;
}

static void suspect_by(uint32_t probe, const uint32_t *sites, uint32_t count)
{
    step((struct event){.kind = EVENT_SUSPECT, .suspect = {probe, sites, count}});
}

static void suspect(const uint32_t *sites, uint32_t count)
{
    suspect_by(1, sites, count);
}

static void run_ended(void)
{
    engine_destroy(run.engine);
}

/* ---- on time ---- */

START_TEST(v2_on_time_each_check_keeps_to_its_place)
{
    make_run(PER_SITE, 10000);
    run_for(100000);
    forget_begins();
    run_for(100000);
    expect_each_begun(10, 10);
    for (uint32_t i = 0; i < CHECKS; i++) {
        ck_assert_int_eq(run.longest_ms[i], 10000);
        ck_assert_int_eq(run.shortest_ms[i], 10000);
    }
    ck_assert_uint_eq(look().late, 0);
    ck_assert_uint_eq(look().missed, 0);
    ck_assert_uint_eq(look().begun, look().bins[0]);
    ck_assert_uint_eq(run.alert_count, 0);
    run_ended();
}
END_TEST

/* V2: from first to last, the probes of an electorate look at a site at even distances. */
START_TEST(v2_the_electorates_looks_at_a_site_are_spread_evenly)
{
    msec_t first_ms[HAND_PROBES];

    for (uint32_t probe = 0; probe < HAND_PROBES; probe++) {
        memset(&run, 0, sizeof(run));
        make_settings(&run.hand, run.checks, 1, 10000);
        run.hand.settings.self = probe;
        run.now_ms = 1000;
        begin(NULL);
        run_for(10000);
        first_ms[probe] = run.begun_ms[3] % 10000;
        run_ended();
    }
    for (uint32_t probe = 1; probe < HAND_PROBES; probe++)
        ck_assert_int_eq((first_ms[probe] - first_ms[0] + 10000) % 10000,
                         (msec_t)probe * 10000 / HAND_PROBES);
}
END_TEST

/* ---- too many checks ---- */

/* Twice as many as fit: each has half its turns, evenly, and what is good stays up. */
START_TEST(v4_at_twice_the_rate_that_fits_all_checks_stretch_alike)
{
    make_run(1, 10000);
    run.costs_us = 2 * 10000000 / HAND_SITES;
    run_for(200000);
    forget_begins();
    run_for(400000);
    expect_each_begun(20, 20);
    for (uint32_t i = 0; i < HAND_SITES; i++) {
        ck_assert_int_ge(run.shortest_ms[i], 19900);
        ck_assert_int_le(run.longest_ms[i], 20100);
    }
    expect_states(VERDICT_UP);
    ck_assert(!run.was_down);
    ck_assert(look().is_overloaded);
    run_ended();
}
END_TEST

/* Half as many again as fit, and many of them. */
START_TEST(v4_a_crowd_stretches_evenly_too)
{
    make_run(PER_SITE, 10000);
    run.costs_us = 3 * 10000000 / (2 * CHECKS);
    run_for(200000);
    forget_begins();
    run_for(150000);
    expect_each_begun(9, 11);
    for (uint32_t i = 0; i < CHECKS; i++)
        ck_assert_msg(run.longest_ms[i] < 15100 && run.shortest_ms[i] > 14900,
                      "check %u: %lld to %lld ms", i, (long long)run.shortest_ms[i],
                      (long long)run.longest_ms[i]);
    ck_assert_int_lt(look().recent_worst_ms, 5500); /* the queue is no longer than it must be */
    ck_assert_uint_eq(look().missed, 0);
    expect_states(VERDICT_UP);
    run_ended();
}
END_TEST

/* V4: looked at every 40 s instead of 10, nothing is known; and nothing is down. */
START_TEST(v4_what_is_looked_at_too_seldom_is_unknown_and_never_down)
{
    make_run(1, 10000);
    run_for(60000);
    expect_states(VERDICT_UP);
    run.costs_us = 4 * 10000000 / HAND_SITES;
    run_for(300000);
    for (uint32_t i = 0; i < HAND_SITES; i++) {
        ck_assert(engine_verdict(run.engine, i)->state != VERDICT_UP);
        ck_assert(engine_verdict(run.engine, i)->state != VERDICT_SUSPECT);
    }
    ck_assert(!run.was_down);
    ck_assert(look().missed > 0);
    run_ended();
}
END_TEST

START_TEST(overload_is_told_after_half_a_minute_and_when_it_is_over)
{
    make_run(PER_SITE, 10000);
    run_for(60000);
    run.costs_us = 2 * 10000000 / CHECKS;
    run_for(29000);
    ck_assert_uint_eq(run.alert_count, 0);
    run_for(21000);
    ck_assert_uint_eq(run.alert_count, 1);
    ck_assert_int_eq(run.alerts[0].phase, ALERT_OPEN);
    ck_assert_int_eq(run.alerts[0].severity, SEVERITY_WARN);
    ck_assert_str_eq(run.alerts[0].incident, "use1.overload");
    ck_assert_ptr_nonnull(strstr(run.alerts[0].text, "checks began late"));
    ck_assert_ptr_nonnull(strstr(run.alerts[0].text, "never down (V4)"));
    ck_assert_ptr_nonnull(strstr(run.alerts[0].text, "make checks.interval longer"));
    ck_assert(look().is_overloaded);
    ck_assert_uint_gt(look().recent_late, 0);
    ck_assert_int_ge(look().recent_worst_ms, look().recent_mean_ms);
    run.costs_us = 0;
    run_for(20000);
    forget_begins();
    run_for(60000);
    for (uint32_t i = 0; i < CHECKS; i++)
        ck_assert_int_ge(run.shortest_ms[i], 5000); /* no herd goes back to the grid */
    ck_assert_uint_eq(run.alert_count, 2);
    ck_assert_int_eq(run.alerts[1].phase, ALERT_RESOLVED);
    ck_assert(!look().is_overloaded);
    forget_begins();
    run_for(50000); /* and all are at their places again */
    expect_each_begun(5, 5);
    run_ended();
}
END_TEST

/* Between on and off nothing changes: a load at the limit does not make a stream of alerts. */
START_TEST(a_load_at_the_limit_is_told_once)
{
    make_run(PER_SITE, 10000);
    run_for(60000);
    for (int i = 0; i < 60; i++) {
        run.costs_us = 11 * 10000000 / (10 * CHECKS);
        run.start_count = 0;
        run_for(20000 + i * 100);
        run.costs_us = 9 * 10000000 / (10 * CHECKS);
        run_for(10000);
    }
    ck_assert_uint_le(run.alert_count, 3);
    run_ended();
}
END_TEST

START_TEST(one_stall_is_no_overload)
{
    make_run(PER_SITE, 10000);
    run_for(60000);
    for (int i = 0; i < 10; i++) {
        stand_still(1900);
        run_for(38000);
    }
    ck_assert(look().late > 0); /* counted ... */
    ck_assert_uint_eq(run.alert_count, 0);
    run_ended();
}
END_TEST

/* A loop that stands still again and again is slow, whatever keeps it. */
START_TEST(stalls_that_go_on_are_overload)
{
    make_run(PER_SITE, 1000);
    run_for(60000);
    for (int i = 0; i < 45; i++) {
        stand_still(500);
        run_for(500);
    }
    ck_assert_uint_eq(run.alert_count, 1);
    expect_states(VERDICT_UP);
    ck_assert(!run.was_down);
    run_ended();
}
END_TEST

/* ---- gentle beginnings ---- */

START_TEST(a_new_daemon_does_not_begin_all_at_once)
{
    make_run(PER_SITE, 10000);
    run_for(10000);
    expect_each_begun(1, 1);
    ck_assert_uint_le(densest(100), CHECKS / 100 * 4);
    run_ended();
}
END_TEST

/* A check every hour is looked at within seconds, all the same. */
START_TEST(a_new_daemon_sees_soon_however_long_the_intervals)
{
    make_run(PER_SITE, 3600000);
    run_for(10000);
    expect_each_begun(1, 2); /* and whose place is in these seconds has its turn as well */
    ck_assert_uint_le(densest(100), CHECKS / 100 * 4);
    run_for(3600000);
    expect_states(VERDICT_UP);
    ck_assert_uint_eq(look().missed, 0);
    run_ended();
}
END_TEST

START_TEST(a_reload_leaves_each_check_at_its_place)
{
    struct engine *before;

    make_run(PER_SITE, 300000);
    run_for(700000);
    before = run.engine;
    begin(before);
    engine_destroy(before);
    run_for(10000);
    ck_assert_uint_le(run.start_count, CHECKS / 30 * 2);
    run_for(290000);
    expect_each_begun(1, 1);
    expect_states(VERDICT_UP);
    run_ended();
}
END_TEST

/* Stopped for a minute: what was missed is not made up for. */
/* Settings are read anew while a region dies: that is when people do it. */
START_TEST(v2_a_suspicion_keeps_its_pace_over_a_reload)
{
    struct engine *before;

    make_run(1, 60000);
    run_for(200000);
    expect_states(VERDICT_UP);
    run.class = RESULT_BAD;
    for (int i = 0; i < 6000 && engine_verdict(run.engine, 2)->state == VERDICT_UP; i++)
        run_for(10);
    before = run.engine;
    begin(before);
    engine_destroy(before);
    ck_assert_str_eq(verdict_state_name(engine_verdict(run.engine, 2)->state), "suspect");
    run_for(3 * (1000 + ANSWER_MS) + 100);
    ck_assert_str_eq(verdict_state_name(engine_verdict(run.engine, 2)->state), "down");
    run_ended();
}
END_TEST

START_TEST(v5_after_a_gap_missed_checks_go_back_to_their_places)
{
    make_run(PER_SITE, 10000);
    run_for(60000);
    forget_begins();
    stand_still(60000);
    ck_assert_uint_eq(run.start_count, 0);
    ck_assert_uint_ge(look().missed, 5 * CHECKS - CHECKS / 2);
    run_for(10100);
    ck_assert_uint_le(densest(100), CHECKS / 100 * 4);
    expect_each_begun(1, 2); /* who was in flight when it began had one more */
    ck_assert(!run.was_down);
    run_for(30000);
    expect_states(VERDICT_UP);
    run_ended();
}
END_TEST

/* Put back once, and not for ever, though the loop never runs for long. */
START_TEST(v4_gaps_that_go_on_starve_no_check)
{
    make_run(PER_SITE, 10000);
    run_for(60000);
    forget_begins();
    for (int i = 0; i < 40; i++) {
        stand_still(30000);
        run_for(50);
    }
    for (uint32_t i = 0; i < CHECKS; i++)
        ck_assert_uint_ge(run.begins[i], 15);
    ck_assert(!run.was_down);
    run_ended();
}
END_TEST

/* The grid is that of the clock at the start; what the clock does later moves no check. */
START_TEST(a_clock_that_jumps_moves_no_check)
{
    make_run(PER_SITE, 10000);
    run_for(60000);
    forget_begins();
    step((struct event){.kind = EVENT_CLOCK, .clock = {.jump_ms = -7200000}});
    run_for(20000);
    step((struct event){.kind = EVENT_CLOCK, .clock = {.jump_ms = 7200000}});
    run_for(20000);
    expect_each_begun(4, 4);
    for (uint32_t i = 0; i < CHECKS; i++)
        ck_assert_int_eq(run.longest_ms[i], 10000);
    run_ended();
}
END_TEST

/* ---- suspicions ---- */

START_TEST(v2_a_suspicion_is_looked_at_in_the_same_moment)
{
    static const uint32_t sites[] = {2};

    make_run(1, 10000);
    run_for(60000);
    forget_begins();
    suspect(sites, 1);
    ck_assert_uint_eq(run.start_count, 1);
    ck_assert_uint_eq(run.begins[2], 1);
    ck_assert(engine_looks_soon(run.engine, 2));
    run_for(ANSWER_MS);
    ck_assert(!engine_looks_soon(run.engine, 2)); /* good: its usual turn is next */
    run_ended();
}
END_TEST

START_TEST(v2_a_suspicion_is_looked_at_once_however_many_join_it)
{
    static const uint32_t sites[] = {2};

    make_run(1, 10000);
    run_for(62000); /* its usual turn is over */
    forget_begins();
    suspect_by(1, sites, 1);
    run_for(ANSWER_MS);
    suspect_by(2, sites, 1);
    run_for(3000);
    ck_assert_uint_eq(run.begins[2], 1);
    suspect_by(1, sites, 0);
    suspect_by(2, sites, 0);
    suspect_by(2, sites, 1); /* another one */
    ck_assert_uint_eq(run.begins[2], 2);
    run_ended();
}
END_TEST

/* A probe that lies, or wavers, has the others look once each `retry`, however often it says so,
 * and whatever is under way: an endpoint is not hammered on its behalf. */
START_TEST(v2_a_probe_that_wavers_does_not_make_the_others_hammer)
{
    static const uint32_t sites[] = {2};

    make_run(1, 10000);
    run_for(60000);
    forget_begins();
    for (int i = 0; i < 2000; i++) {
        suspect(sites, 1);
        run_for(3);
        suspect(sites, 0);
        run_for(2);
    }
    ck_assert_uint_ge(run.begins[2], 10);
    ck_assert_uint_le(run.begins[2], 12); /* its usual turn among them */
    suspect(sites, 1);
    run_for(5000);
    ck_assert_uint_le(run.begins[2], 14); /* and it is over with it */
    run_ended();
}
END_TEST

/* Whoever suspects a site for ever, and lies, must not keep the others from being heard. */
START_TEST(v2_a_suspicion_that_never_ends_does_not_hide_those_of_others)
{
    static const uint32_t sites[] = {2};

    make_run(1, 10000);
    run_for(60000);
    suspect_by(1, sites, 1);
    run_for(30000);
    forget_begins();
    suspect_by(2, sites, 1);
    ck_assert_uint_eq(run.begins[2], 1);
    run_ended();
}
END_TEST

/* A whole region, 600 checks: all are looked at within a second, and no more than a few in the same
 * moment; each once. */
START_TEST(v2_a_storm_of_suspicions_is_spread)
{
    static const uint32_t sites[] = {0, 1, 2, 3, 4, 5};

    make_run(PER_SITE, 60000);
    run_for(200000);
    forget_begins();
    suspect(sites, HAND_SITES);
    ck_assert_uint_le(run.start_count, 65);
    ck_assert_uint_ge(run.start_count, 60);
    run_for(CHECKS);
    expect_each_begun(1, 2);
    ck_assert_uint_le(densest(10), 65 + 10 + 5);
    run_ended();
}
END_TEST

/* Each check is a site of its own. */
static void make_lone_sites(struct by_hand *hand)
{
    for (uint32_t i = 0; i < CHECKS; i++) {
        run.sites[i] = hand->sites[i % HAND_SITES];
        run.sites[i].first_check = i;
        run.sites[i].check_count = 1;
        run.checks[i].site = i;
        run.numbers[i] = i;
    }
    hand->settings.sites = run.sites;
    hand->settings.site_count = CHECKS;
    hand->group.sites = run.numbers;
    hand->group.site_count = CHECKS;
}

/* All sites of this probe turn suspect within a second or two: it tells some, and sees all. */
START_TEST(v2_in_a_storm_of_our_own_the_first_suspicions_are_told)
{
    memset(&run, 0, sizeof(run));
    run.now_ms = 1000;
    make_settings(&run.hand, run.checks, PER_SITE, 1000);
    make_lone_sites(&run.hand);
    for (uint32_t i = 0; i < CHECKS; i++)
        run.checks[i].retry_ms = 2000;
    begin(NULL);
    run_for(10000);
    expect_states(VERDICT_UP);
    ck_assert_uint_eq(run.most_suspects, 0);
    run.class = RESULT_BAD;
    run_for(100);
    ck_assert_uint_gt(run.most_suspects, 0);
    ck_assert_uint_lt(run.most_suspects, CHECKS / 4);
    run_for(20000);
    ck_assert_uint_eq(run.most_suspects, 256);
    expect_states(VERDICT_DOWN);
    run_ended();
}
END_TEST

/* V2 as ever: fall 3 with retry 1 s. */
START_TEST(v2_a_failing_check_is_repeated_after_retry_however_many_wait)
{
    make_run(1, 10000);
    run_for(60000);
    forget_begins();
    run.class = RESULT_BAD;
    run_for(10000 + 4 * (1000 + ANSWER_MS));
    expect_states(VERDICT_DOWN);
    for (uint32_t i = 0; i < HAND_SITES; i++)
        ck_assert_int_eq(run.shortest_ms[i], 1000 + ANSWER_MS);
    run_ended();
}
END_TEST

int main(void)
{
    return RUN_TESTS(
        "rhythm", v2_on_time_each_check_keeps_to_its_place,
        v2_the_electorates_looks_at_a_site_are_spread_evenly,
        v4_at_twice_the_rate_that_fits_all_checks_stretch_alike, v4_a_crowd_stretches_evenly_too,
        v4_what_is_looked_at_too_seldom_is_unknown_and_never_down,
        overload_is_told_after_half_a_minute_and_when_it_is_over, a_load_at_the_limit_is_told_once,
        one_stall_is_no_overload, stalls_that_go_on_are_overload,
        a_new_daemon_does_not_begin_all_at_once, a_new_daemon_sees_soon_however_long_the_intervals,
        a_reload_leaves_each_check_at_its_place, v2_a_suspicion_keeps_its_pace_over_a_reload,
        v5_after_a_gap_missed_checks_go_back_to_their_places, v4_gaps_that_go_on_starve_no_check,
        a_clock_that_jumps_moves_no_check, v2_a_suspicion_is_looked_at_in_the_same_moment,
        v2_a_suspicion_is_looked_at_once_however_many_join_it,
        v2_a_probe_that_wavers_does_not_make_the_others_hammer,
        v2_a_suspicion_that_never_ends_does_not_hide_those_of_others,
        v2_a_storm_of_suspicions_is_spread, v2_in_a_storm_of_our_own_the_first_suspicions_are_told,
        v2_a_failing_check_is_repeated_after_retry_however_many_wait);
}
