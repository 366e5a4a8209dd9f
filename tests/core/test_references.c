/* SPDX-License-Identifier: Apache-2.0 */
/* References (V5) in simulated time: what answers, what is silent, and what was lost through our
 * own fault, which says neither (V4). Nothing here depends on the machine. */
#include <string.h>

#include "by_hand.h"
#include "engine.h"

enum { REFERENCES = 2, INTERVAL_MS = 10000, STEP_MS = 10, ANSWER_MS = 20 };

enum word { ANSWERS, IS_SILENT, IS_LOST };

struct run {
    struct by_hand hand;
    struct reference references[REFERENCES];
    struct engine *engine;
    struct update update;
    msec_t now_ms;
    enum word word;   /* of every reference */
    msec_t waited_ms; /* in the prober */
    uint32_t asked;
    bool was_blind; /* since it was cleared */
};

static struct run run;

static void step(struct event event);

static void answer(uint32_t token)
{
    const uint32_t checks = run.hand.settings.check_count;
    struct result good = {.class = RESULT_GOOD};

    if (token < checks) {
        step((struct event){.kind = EVENT_RESULT, .result = {token, &good}});
        return;
    }
    run.asked++;
    step((struct event){.kind = EVENT_REFERENCE,
                        .reference = {.reference = token - checks,
                                      .answered = run.word == ANSWERS,
                                      .is_void = run.word == IS_LOST,
                                      .late_ms = run.waited_ms}});
}

static void step(struct event event)
{
    uint32_t starts[HAND_SITES + REFERENCES];
    uint32_t count;

    event.at_ms = run.now_ms;
    engine_step(run.engine, &event, &run.update);
    count = run.update.start_count;
    memcpy(starts, run.update.starts, count * sizeof(*starts));
    run.was_blind |= engine_blindness(run.engine) == BLIND_REFERENCES;
    for (uint32_t i = 0; i < count; i++)
        answer(starts[i]);
}

static void run_for(msec_t for_ms)
{
    for (msec_t end_ms = run.now_ms + for_ms; run.now_ms < end_ms;) {
        run.now_ms += STEP_MS;
        step((struct event){.kind = EVENT_TICK});
    }
}

static void begin(void)
{
    memset(&run, 0, sizeof(run));
    by_hand(&run.hand);
    run.references[0] = (struct reference){.kind = REFERENCE_DNS, .text = "dns:192.0.2.53"};
    run.references[1] = (struct reference){.kind = REFERENCE_DNS, .text = "dns:198.51.100.53"};
    run.hand.settings.references = run.references;
    run.hand.settings.reference_count = REFERENCES;
    ck_assert_int_eq(engine_create(&run.hand.settings, false, NULL, &run.engine), 0);
    step((struct event){.kind = EVENT_START, .start = {.wall = 1700000000000}});
    run_for(3 * INTERVAL_MS);
    ck_assert_int_eq(engine_blindness(run.engine), BLIND_NOT);
}

static struct rhythm_view look(void)
{
    struct rhythm_view view;

    engine_rhythm(run.engine, &view);
    return view;
}

START_TEST(v5_references_that_are_silent_blind_us_at_once)
{
    begin();
    run.word = IS_SILENT;
    run_for(INTERVAL_MS);
    ck_assert_int_eq(engine_blindness(run.engine), BLIND_REFERENCES);
    engine_destroy(run.engine);
}
END_TEST

/* A stall that voids a round of references is no blindness: it would throw away what was seen bad,
 * and a region that is down would have to be found down anew. */
START_TEST(v4_references_that_we_lost_ourselves_do_not_blind_us)
{
    begin();
    run.word = IS_LOST;
    run.asked = 0;
    run_for(INTERVAL_MS);
    ck_assert_uint_eq(run.asked, REFERENCES);
    run.word = ANSWERS;
    run_for(INTERVAL_MS);
    ck_assert(!run.was_blind);
    engine_destroy(run.engine);
}
END_TEST

/* But for three intervals at most: an answer is evidence like any other. */
START_TEST(v4_who_loses_every_reference_is_blind_in_the_end)
{
    begin();
    run.word = IS_LOST;
    run_for(2 * INTERVAL_MS);
    ck_assert(!run.was_blind);
    run_for(2 * INTERVAL_MS);
    ck_assert_int_eq(engine_blindness(run.engine), BLIND_REFERENCES);
    engine_destroy(run.engine);
}
END_TEST

START_TEST(v4_a_reference_that_begins_late_is_counted_like_a_check)
{
    struct rhythm_view before;

    begin();
    before = look();
    run_for(INTERVAL_MS);
    ck_assert_uint_eq(look().begun - before.begun, HAND_SITES + REFERENCES);
    ck_assert_uint_eq(look().late, 0);
    run.waited_ms = INTERVAL_MS / 10 + 1; /* in the prober's queue */
    run_for(INTERVAL_MS);
    ck_assert_uint_eq(look().late, REFERENCES);
    run.waited_ms = 0;
    before = look();
    run.now_ms += INTERVAL_MS + 1900; /* we stood still: checks go back to their places (V5) */
    run_for(STEP_MS);
    ck_assert_uint_eq(look().begun - before.begun, REFERENCES);
    ck_assert_uint_eq(look().late - before.late, REFERENCES);
    engine_destroy(run.engine);
}
END_TEST

int main(void)
{
    return RUN_TESTS("references", v5_references_that_are_silent_blind_us_at_once,
                     v4_references_that_we_lost_ourselves_do_not_blind_us,
                     v4_who_loses_every_reference_is_blind_in_the_end,
                     v4_a_reference_that_begins_late_is_counted_like_a_check);
}
