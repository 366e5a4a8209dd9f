/* SPDX-License-Identifier: Apache-2.0 */
/* engine_create() takes all memory there is to take: each of its allocations fails once, and no
 * step takes any. */
#include <errno.h>

#include "by_hand.h"
#include "engine.h"

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

static int calls;
static int fail_at = -1; /* which call fails, counted from 0 */

void *__wrap_calloc(size_t count, size_t size)
{
    return calls++ == fail_at ? NULL : __real_calloc(count, size);
}

START_TEST(each_allocation_that_fails_fails_the_whole)
{
    struct by_hand hand;
    struct engine *engine = NULL;
    int needed;

    by_hand(&hand);
    fail_at = -1;
    calls = 0;
    ck_assert_int_eq(engine_create(&hand.settings, false, NULL, &engine), 0);
    needed = calls;
    engine_destroy(engine);
    ck_assert_int_gt(needed, 20);
    for (int i = 0; i < needed; i++) {
        struct engine *none = NULL;
        calls = 0;
        fail_at = i;
        ck_assert_int_eq(engine_create(&hand.settings, false, NULL, &none), -ENOMEM);
        ck_assert_ptr_null(none);
    }
    fail_at = -1;
    engine_destroy(NULL);
}
END_TEST

START_TEST(no_step_takes_memory)
{
    struct by_hand hand;
    struct engine *engine = NULL;
    struct update update;
    struct event event = {.kind = EVENT_START, .start = {.wall = 1700000000000}};
    struct result bad = {.class = RESULT_BAD, .failure = FAILURE_CONNECT};

    by_hand(&hand);
    ck_assert_int_eq(engine_create(&hand.settings, false, NULL, &engine), 0);
    engine_step(engine, &event, &update);
    calls = 0;
    for (msec_t at_ms = 0; at_ms < 100000; at_ms += 500) {
        event = (struct event){.kind = EVENT_TICK, .at_ms = at_ms};
        engine_step(engine, &event, &update);
        for (uint32_t i = 0; i < update.start_count; i++) {
            struct update answer;
            event = (struct event){
                .kind = EVENT_RESULT, .at_ms = at_ms, .result = {update.starts[i], &bad}};
            engine_step(engine, &event, &answer);
            break; /* what was to be started is gone with the next step */
        }
    }
    ck_assert_int_eq(calls, 0);
    ck_assert_int_eq(engine_verdict(engine, 0)->state, VERDICT_UNKNOWN);
    engine_destroy(engine);
}
END_TEST

/* Reload: what was seen of a check that did not change is still true; of another nothing is. */
START_TEST(a_reload_keeps_the_verdicts_of_the_same_checks)
{
    struct by_hand hand;
    struct by_hand other;
    struct engine *before = NULL;
    struct engine *after = NULL;
    struct update update;
    struct event event = {.kind = EVENT_START, .start = {.wall = 1700000000000}};
    struct result good = {.class = RESULT_GOOD};

    by_hand(&hand);
    by_hand(&other);
    other.checks[1].status = "204";
    other.checks[2].timeout_ms = 999;
    ck_assert_int_eq(engine_create(&hand.settings, false, NULL, &before), 0);
    engine_step(before, &event, &update);
    for (uint32_t check = 0; check < HAND_SITES; check++) {
        for (msec_t i = 0; i < 2; i++) {
            event = (struct event){.kind = EVENT_RESULT, .at_ms = 1, .result = {check, &good}};
            engine_step(before, &event, &update);
        }
    }
    ck_assert_int_eq(engine_create(&other.settings, false, before, &after), 0);
    ck_assert_int_eq(engine_verdict(after, 0)->state, VERDICT_UP);
    ck_assert_int_eq(engine_verdict(after, 1)->state, VERDICT_UNKNOWN);
    ck_assert_int_eq(engine_verdict(after, 2)->state, VERDICT_UNKNOWN);
    ck_assert_int_eq(engine_verdict(after, 3)->state, VERDICT_UP);
    engine_destroy(before);
    engine_destroy(after);
}
END_TEST

int main(void)
{
    return RUN_TESTS("create", each_allocation_that_fails_fails_the_whole, no_step_takes_memory,
                     a_reload_keeps_the_verdicts_of_the_same_checks);
}
