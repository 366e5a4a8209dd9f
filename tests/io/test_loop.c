/* SPDX-License-Identifier: Apache-2.0 */
/* The turn: events in order, one at a time, the clock read once for each; and what the loop knows
 * of its own lateness. The engine is one of paper that writes down what it is given. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "../lib/suite.h"
#include "loop.h"

/* ---- an engine of paper ---- */

struct engine {
    char steps[1024];
    msec_t last_ms;
    msec_t deadline_ms;
    unsigned ticks;
};

static struct engine paper;
static struct loop *loop;
static uv_loop_t uv;
static unsigned performed;

void engine_step(struct engine *engine, const struct event *event, struct update *ret_update)
{
    size_t used = strlen(engine->steps);

    ck_assert_int_ge(event->at_ms, engine->last_ms);
    engine->last_ms = event->at_ms;
    if (event->kind == EVENT_TICK)
        engine->ticks++;
    else if (event->kind == EVENT_JOURNAL)
        snprintf(engine->steps + used, sizeof(engine->steps) - used, "journal %llu; ",
                 (unsigned long long)event->journal.epoch);
    else
        snprintf(engine->steps + used, sizeof(engine->steps) - used, "%s; ",
                 event->kind == EVENT_START ? "start" : "other");
    engine->deadline_ms = event->at_ms + 20;
    memset(ret_update, 0, sizeof(*ret_update));
}

msec_t engine_deadline(const struct engine *engine)
{
    return engine->deadline_ms;
}

/* ---- around it ---- */

static void post(uint64_t epoch, void (*release)(void *block), void *block)
{
    struct event event = {.kind = EVENT_JOURNAL, .journal = {.epoch = epoch}};

    loop_post(loop, &event, release, block);
}

static uint64_t post_while_performing;

static void perform(void *context, const struct event *event, const struct update *update)
{
    (void)context;
    (void)event;
    (void)update;
    performed++;
    if (post_while_performing > 0)
        post(post_while_performing--, NULL, NULL);
}

static void setup(void)
{
    memset(&paper, 0, sizeof(paper));
    performed = 0;
    post_while_performing = 0;
    uv_loop_init(&uv);
    ck_assert_int_eq(loop_create(&uv, perform, NULL, &loop), 0);
}

static void teardown(void)
{
    loop_close(loop, NULL, NULL);
    uv_run(&uv, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&uv), 0);
}

/* One pass of the loop without waiting. */
static void pass(void)
{
    uv_run(&uv, UV_RUN_NOWAIT);
}

static void count(void *block)
{
    ++*(unsigned *)block;
}

/* ---- tests ---- */

START_TEST(events_are_taken_in_order_after_the_start)
{
    post(1, NULL, NULL); /* before there is an engine */
    loop_set_engine(loop, &paper);
    post(2, NULL, NULL);
    post(3, NULL, NULL);
    ck_assert_str_eq(paper.steps, "start; "); /* posting is not stepping */
    pass();
    ck_assert_str_eq(paper.steps, "start; journal 1; journal 2; journal 3; ");
    ck_assert_uint_eq(performed, 4);
    ck_assert_uint_eq(loop_turns(loop), 4);
}
END_TEST

START_TEST(many_events_fit_and_stay_in_order)
{
    char *at = paper.steps;

    loop_set_engine(loop, &paper);
    for (uint64_t round = 0; round < 3; round++) { /* the ring turns over while it grows */
        for (uint64_t i = 0; i < 60 + 40 * round; i++)
            post(i, NULL, NULL);
        paper.steps[0] = '\0';
        pass();
        at = strstr(paper.steps, "journal 0; journal 1; journal 2; ");
        ck_assert_ptr_eq(at, paper.steps);
    }
    ck_assert_uint_eq(performed, 1 + 60 + 100 + 140);
}
END_TEST

START_TEST(what_performing_posts_waits_for_the_next_pass)
{
    loop_set_engine(loop, &paper);
    post(100, NULL, NULL);
    post_while_performing = 2;
    pass();
    ck_assert_str_eq(paper.steps, "start; journal 100; ");
    pass();
    ck_assert_str_eq(paper.steps, "start; journal 100; journal 2; ");
}
END_TEST

START_TEST(a_block_is_released_after_its_step_and_when_it_is_dropped)
{
    unsigned released = 0;

    loop_set_engine(loop, &paper);
    post(1, count, &released);
    ck_assert_uint_eq(released, 0);
    pass();
    ck_assert_uint_eq(released, 1);
    post(2, count, &released);
    loop_set_engine(loop, NULL);
    ck_assert_uint_eq(released, 2);
    ck_assert_ptr_null(strstr(paper.steps, "journal 2"));
    post(3, count, &released);
    loop_close(loop, NULL, NULL);
    ck_assert_uint_eq(released, 3);
    uv_run(&uv, UV_RUN_DEFAULT);
    ck_assert_int_eq(loop_create(&uv, perform, NULL, &loop), 0); /* for teardown */
}
END_TEST

START_TEST(time_that_passes_is_told_when_the_engine_asked_for_it)
{
    loop_set_engine(loop, &paper);
    while (paper.ticks < 3)
        uv_run(&uv, UV_RUN_ONCE);
    ck_assert_str_eq(paper.steps, "start; ");
}
END_TEST

/* Keeps the loop from turning, as a slow disk or a stopped process would. */
static void stand_still(uv_timer_t *timer)
{
    (void)timer;
    uv_sleep(LOOP_STALL_MS + 50); /* the cause under test, not a wait for something */
}

START_TEST(a_loop_that_stood_still_knows_it)
{
    msec_t before_ms = loop_now_ms();
    static uv_timer_t timer; /* closed by the teardown's run */

    loop_set_engine(loop, &paper);
    pass();
    ck_assert(!loop_stalled_since(loop, before_ms));
    uv_timer_init(&uv, &timer);
    uv_timer_start(&timer, stand_still, 0, 0);
    pass();
    ck_assert(loop_stalled_since(loop, before_ms));
    pass();
    ck_assert(loop_stalled_since(loop, before_ms));          /* what began before is void ... */
    ck_assert(!loop_stalled_since(loop, loop_now_ms() + 1)); /* ... what begins now is not */
    uv_close((uv_handle_t *)&timer, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loop");
    TCase *tests = tcase_create("loop");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, events_are_taken_in_order_after_the_start);
    tcase_add_test(tests, many_events_fit_and_stay_in_order);
    tcase_add_test(tests, what_performing_posts_waits_for_the_next_pass);
    tcase_add_test(tests, a_block_is_released_after_its_step_and_when_it_is_dropped);
    tcase_add_test(tests, time_that_passes_is_told_when_the_engine_asked_for_it);
    tcase_add_test(tests, a_loop_that_stood_still_knows_it);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
