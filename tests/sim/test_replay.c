/* SPDX-License-Identifier: Apache-2.0 */
/* A recording once more through the engine: it gives the same updates; what was altered is found
 * where it first makes a difference; what is no whole recording is refused with a reason. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../monitor/sim/replay.h"
#include "pizza.h"

#define SETTINGS PIZZA("hold = 10; dwell = 30;")

enum { ERROR_SIZE = 1024, LINES_MAX = 4000, BLOWS = 200 };

/* A recording in memory: its head and its lines, each a string of its own. */
struct tape {
    char *head;
    char *lines[LINES_MAX];
    size_t count;
};

static char error[ERROR_SIZE];

static void tape_clear(struct tape *tape)
{
    free(tape->head);
    for (size_t i = 0; i < tape->count; i++)
        free(tape->lines[i]);
    free(tape);
}

static char *write_head(const struct settings *settings, const struct engine *engine)
{
    struct verdict verdicts[16];
    struct carried_reference references[4];
    struct carried carried = {.verdicts = verdicts, .references = references};
    char *head = malloc(RECORDING_HEAD_MAX);
    struct recording_head parts = {.program = "0.1.0",
                                   .probe = "use1",
                                   .began_wall = 1700000000000,
                                   .fingerprint = settings->fingerprint,
                                   .settings = SETTINGS};

    ck_assert_uint_le(settings->check_count, 16);
    engine_carried(engine, &carried);
    ck_assert_int_gt(recording_head_write(&parts, settings, &carried, head, RECORDING_HEAD_MAX), 0);
    return head;
}

static void tape_add(struct tape *tape, const char *event, size_t length, const char *update)
{
    size_t size = length + strlen(update) + 32;
    char *line = malloc(size);

    ck_assert_uint_lt(tape->count, LINES_MAX);
    snprintf(line, size, "%.*s,\"update\":%s}", (int)length - 1, event, update);
    tape->lines[tape->count++] = line;
}

/* What a world kept of use1 since its start, with the updates of another engine. */
static struct tape *tape_of(struct world *world)
{
    const struct settings *settings = world_settings(world);
    const char *events = world_recorded(world);
    struct tape *tape = calloc(1, sizeof(*tape));
    struct replay *replay = NULL;
    struct engine *fresh = NULL;

    ck_assert_int_eq(engine_create(settings, false, NULL, &fresh), 0);
    tape->head = write_head(settings, fresh);
    engine_destroy(fresh);
    ck_assert_int_eq(replay_create_bare(settings, false, &replay), 0);
    for (const char *end; (end = strchr(events, '\n')) != NULL; events = end + 1) {
        struct replay_step step;
        size_t length = (size_t)(end - events);

        ck_assert_int_eq(replay_line(replay, events, length, &step, error, sizeof(error)), 0);
        ck_assert(step.same && step.recorded == NULL); /* nothing was recorded beside the event */
        tape_add(tape, events, length, step.now);
    }
    replay_destroy(replay);
    return tape;
}

/* The life of use1 from a restart, through a failover. */
static struct tape *a_failover(void)
{
    struct world *world = pizza_world(SETTINGS);
    struct tape *tape;

    world_kill(world, USE1);
    world_record(world, USE1);
    world_start(world, USE1);
    run_for(world, 100000);
    factory_dies(world);
    run_for(world, 60000);
    tape = tape_of(world);
    world_destroy(world);
    return tape;
}

/* ---- playing a tape ---- */

/* 0: the same to its end; N: event N is the first that differs; -N: event N is refused, or with
 * -1 and no step the head; why is in error. */
static long play(const struct tape *tape)
{
    struct replay *replay = NULL;
    long outcome = 0;

    error[0] = '\0';
    if (replay_create(tape->head, strlen(tape->head), &replay, error, sizeof(error)) < 0)
        return -1;
    for (size_t i = 0; i < tape->count && outcome == 0; i++) {
        struct replay_step step;

        if (replay_line(replay, tape->lines[i], strlen(tape->lines[i]), &step, error,
                        sizeof(error)) < 0)
            outcome = -(long)(i + 1);
        else if (!step.same)
            outcome = (long)step.number;
    }
    replay_destroy(replay);
    return outcome;
}

/* The first line from `from` on that holds a text. */
static size_t find(const struct tape *tape, size_t from, const char *text)
{
    size_t i = from;

    while (i < tape->count && strstr(tape->lines[i], text) == NULL)
        i++;
    ck_assert_msg(i < tape->count, "no line holds %s", text);
    return i;
}

/* Puts another text of the same length in place of the first one. */
static void alter(char *line, const char *text, const char *other)
{
    ck_assert_uint_eq(strlen(text), strlen(other));
    memcpy(strstr(line, text), other, strlen(other));
}

static void remove_line(struct tape *tape, size_t at)
{
    free(tape->lines[at]);
    tape->count--;
    memmove(&tape->lines[at], &tape->lines[at + 1], (tape->count - at) * sizeof(*tape->lines));
}

static void expect_refused(const struct tape *tape, long outcome, const char *why)
{
    ck_assert_int_eq(play(tape), outcome);
    ck_assert_msg(strstr(error, why) != NULL, "it says: %s", error);
}

/* ---- tests ---- */

/* D7: what was done on an operator's word alone is in the recording, with the word. */
START_TEST(a_broken_glass_replays_to_the_same_updates)
{
    static const struct world_order drain = {
        .verb = ORDER_DRAIN, .region = "us-east-1", .override = true};
    struct world *world = pizza_world(SETTINGS);
    struct tape *tape;

    world_kill(world, USE1);
    world_record(world, USE1);
    world_start(world, USE1);
    run_for(world, 100000);
    world_store(world, false, NONE);
    run_for(world, 20000);
    ck_assert(world_break_glass(world, USE1, &drain));
    run_for(world, 60000);
    world_store(world, true, NONE);
    run_for(world, 60000);
    tape = tape_of(world);
    ck_assert_int_eq(play(tape), 0);
    (void)find(tape, 0, "\"event\":\"glass\"");
    (void)find(tape, 0, "\"local {");
    (void)find(tape, 0, "\"keep {");
    tape_clear(tape);
    world_destroy(world);
}
END_TEST

START_TEST(a_recording_replays_to_the_same_updates)
{
    struct tape *tape = a_failover();

    ck_assert_int_eq(play(tape), 0);
    (void)find(tape, 0, "\"batch ");
    (void)find(tape, 0, "\"commit ");
    tape_clear(tape);
}
END_TEST

START_TEST(an_update_that_was_altered_is_found_at_its_event)
{
    struct tape *tape = a_failover();
    size_t at = find(tape, 0, "\"fact decided ");

    alter(tape->lines[at], "fact decided ", "fact debated ");
    ck_assert_int_eq(play(tape), (long)at + 1);
    tape_clear(tape);
}
END_TEST

/* The event itself makes no difference yet: it is the first bad result, one second later the check
 * would have been repeated. */
START_TEST(an_event_that_was_altered_is_found_where_it_first_makes_a_difference)
{
    struct tape *tape = a_failover();
    size_t at = find(tape, 0, "\"class\":\"bad\",\"failure\":\"connect\"");
    long differs;

    alter(tape->lines[at], "\"class\":\"bad\",", "\"class\":\"void\"");
    expect_refused(tape, -(long)at - 1, "not JSON");
    alter(tape->lines[at], "\"class\":\"void\"", "\"class\":\"bad\",");
    remove_line(tape, at);
    differs = play(tape);
    ck_assert_int_gt(differs, (long)at);
    ck_assert_int_lt(differs, (long)at + 20);
    tape_clear(tape);
}
END_TEST

START_TEST(a_recording_without_its_beginning_is_refused)
{
    struct tape *tape = a_failover();

    remove_line(tape, 0);
    expect_refused(tape, -1, "the beginning is missing");
    tape_clear(tape);
}
END_TEST

START_TEST(time_that_goes_back_and_a_second_start_are_refused)
{
    struct tape *tape = a_failover();
    char *second = tape->lines[1];

    tape->lines[1] = tape->lines[0];
    expect_refused(tape, -2, "two recordings in one");
    tape->lines[1] = second;
    free(tape->lines[tape->count - 1]);
    tape->lines[tape->count - 1] = strdup(second);
    expect_refused(tape, -(long)tape->count, "time goes back");
    tape_clear(tape);
}
END_TEST

START_TEST(a_line_cut_short_is_refused)
{
    struct tape *tape = a_failover();
    char *line = tape->lines[10];

    *strstr(line, ",\"update\"") = '\0';
    expect_refused(tape, -11, "not JSON");
    tape_clear(tape);
}
END_TEST

START_TEST(settings_that_mean_something_else_now_are_refused)
{
    struct tape *tape = a_failover();

    alter(tape->head, "hold = 10;", "hold = 11;");
    expect_refused(tape, -1, "they mean something else now");
    alter(tape->head, "hold = 11;", "hold = no;");
    expect_refused(tape, -1, "are not valid here");
    tape_clear(tape);
}
END_TEST

START_TEST(a_head_of_another_version_is_refused)
{
    struct tape *tape = a_failover();

    alter(tape->head, "\"v\":1", "\"v\":9");
    expect_refused(tape, -1, "written by another release");
    tape_clear(tape);
}
END_TEST

START_TEST(a_probe_that_the_settings_do_not_know_is_refused)
{
    struct tape *tape = a_failover();

    alter(tape->head, "\"probe\":\"use1\"", "\"probe\":\"mars\"");
    expect_refused(tape, -1, "mars");
    tape_clear(tape);
}
END_TEST

/* What happens after a reload, with nobody around: ticks only. */
static struct tape *after_reload(struct world *world, bool forget)
{
    const struct settings *settings = world_settings(world);
    struct tape *tape = calloc(1, sizeof(*tape));
    struct engine *engine = NULL;
    struct engine *fresh = NULL;
    struct event event = {.kind = EVENT_START, .at_ms = world_now(world)};
    char *line = malloc(RECORDING_LINE_MAX);

    ck_assert_int_eq(engine_create(settings, false, world_engine(world, USE1), &engine), 0);
    ck_assert_int_eq(engine_create(settings, false, NULL, &fresh), 0);
    tape->head = write_head(settings, forget ? fresh : engine);
    for (int i = 0; i < 40; i++) {
        struct update update;

        engine_step(engine, &event, &update);
        ck_assert_int_gt(recording_line_write(settings, &event, &update, line, RECORDING_LINE_MAX),
                         0);
        tape->lines[tape->count++] = strdup(line);
        event = (struct event){.kind = EVENT_TICK, .at_ms = engine_deadline(engine)};
    }
    engine_destroy(engine);
    engine_destroy(fresh);
    free(line);
    return tape;
}

START_TEST(what_a_reload_took_over_is_in_the_recording)
{
    struct world *world = pizza_world(SETTINGS);
    struct tape *tape;

    factory_dies(world);
    run_for(world, 60000);
    world_clock(world, USE1, 5000); /* V5: a gap, which a reload takes over too */
    run_for(world, 2000);
    tape = after_reload(world, false);
    ck_assert_int_eq(play(tape), 0);
    tape_clear(tape);
    tape = after_reload(world, true); /* and without it the same events are another story */
    ck_assert_int_gt(play(tape), 0);
    tape_clear(tape);
    world_destroy(world);
}
END_TEST

/* Whatever a disk made of it: refused, or different, or without a meaning; never the end of us. */
START_TEST(a_damaged_recording_never_breaks_the_replay)
{
    struct tape *tape = a_failover();
    uint32_t seed = 7;
    size_t refused = 0;

    for (int i = 0; i < BLOWS; i++) {
        size_t length;
        char *byte;
        char was;

        seed = seed * 1664525 + 1013904223;
        byte = tape->lines[(seed >> 8) % tape->count];
        length = (size_t)(strstr(byte, ",\"update\"") - byte);
        seed = seed * 1664525 + 1013904223;
        byte += (seed >> 8) % length;
        was = *byte;
        *byte = (char)('0' + (seed >> 24) % 10);
        refused += play(tape) < 0;
        *byte = was;
    }
    ck_assert_uint_gt(refused, BLOWS / 4);
    tape_clear(tape);
}
END_TEST

int main(void)
{
    return RUN_TESTS(
        "replay", a_broken_glass_replays_to_the_same_updates,
        a_recording_replays_to_the_same_updates, an_update_that_was_altered_is_found_at_its_event,
        an_event_that_was_altered_is_found_where_it_first_makes_a_difference,
        a_recording_without_its_beginning_is_refused,
        time_that_goes_back_and_a_second_start_are_refused, a_line_cut_short_is_refused,
        settings_that_mean_something_else_now_are_refused, a_head_of_another_version_is_refused,
        a_probe_that_the_settings_do_not_know_is_refused,
        what_a_reload_took_over_is_in_the_recording, a_damaged_recording_never_breaks_the_replay);
}
