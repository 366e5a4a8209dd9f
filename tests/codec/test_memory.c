/* SPDX-License-Identifier: Apache-2.0 */
/* When memory runs out, at whichever allocation: a codec says so, or does without and is right all
 * the same. It never hands out a part. Of jansson less is asked, because it loses a letter now and
 * then when one allocation fails and the next succeeds: where it grows texts, memory stays out. The
 * daemon and the command end at such an allocation (json_memory.h); other users of the codec, the
 * fuzzers and the simulator's tests, have what is proved here. */
#include <check.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../lib/suite.h"
#include "memory_things.h"

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);

char made[MADE_SIZE];
char why[512];
char stored[MADE_SIZE];
size_t stored_length;

/* ---- memory that runs out ---- */

struct shortage {
    int calls;
    int from;   /* the allocation that fails, counted from 0; -1: none */
    bool lasts; /* and all that come after it */
};

static struct shortage of_codec = {.from = -1};
static struct shortage of_jansson = {.from = -1, .lasts = true};

static bool refused(struct shortage *shortage)
{
    int call = shortage->calls++;

    return shortage->from >= 0 &&
           (shortage->lasts ? call >= shortage->from : call == shortage->from);
}

static void *jansson_malloc(size_t size)
{
    return refused(&of_jansson) ? NULL : __real_malloc(size);
}

void *__wrap_malloc(size_t size)
{
    return refused(&of_codec) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return refused(&of_codec) ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return refused(&of_codec) ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text)
{
    return refused(&of_codec) ? NULL : __real_strdup(text);
}

/* ---- things that are made with it ---- */

enum { THINGS_COUNT = COUNT(things_of_ours) + COUNT(things_of_others) };

static const struct memory_thing *thing_at(int i)
{
    if (i < (int)COUNT(things_of_ours))
        return &things_of_ours[i];
    return &things_of_others[i - (int)COUNT(things_of_ours)];
}

int keep(char *text)
{
    if (text == NULL)
        return -1;
    snprintf(made, sizeof(made), "%s", text);
    free(text);
    return 0;
}

static void store_what_is_read(int (*from)(void))
{
    if (from == NULL)
        return;
    ck_assert_int_eq(from(), 0);
    stored_length = strlen(made);
    memcpy(stored, made, stored_length + 1);
}

/* Makes it with all memory there is, then once for each allocation that this took, without it: it
 * fails, or is made whole. */
static void make_without_each(const struct memory_thing *thing, struct shortage *shortage)
{
    char whole[MADE_SIZE];
    int needed;

    json_set_alloc_funcs(jansson_malloc, free);
    store_what_is_read(thing->from);
    shortage->calls = 0;
    ck_assert_msg(thing->run() == 0, "%s: %s", thing->name, why);
    needed = shortage->calls;
    memcpy(whole, made, sizeof(whole));
    made[0] = '\0';
    for (int i = 0; i < needed; i++) {
        int status;

        shortage->calls = 0;
        shortage->from = i;
        status = thing->run();
        shortage->from = -1;
        if (status == 0)
            ck_assert_msg(strcmp(made, whole) == 0, "%s without allocation %d%s of %d: %s",
                          thing->name, i, shortage->lasts ? " and all later ones" : "", needed,
                          made);
    }
}

START_TEST(each_allocation_that_fails_fails_the_whole_or_changes_nothing)
{
    make_without_each(thing_at(_i), &of_codec);
}
END_TEST

START_TEST(without_memory_for_json_nothing_half_is_made)
{
    make_without_each(thing_at(_i), &of_jansson);
}
END_TEST

/* The values that a daemon writes into the store, and the lines it records: they are built of
 * parts, and a part that could not be made must not be missing from the whole. */
START_TEST(a_part_that_could_not_be_made_is_not_left_out)
{
    const struct memory_thing *thing = thing_at(_i);

    if (strstr(thing->name, "_write") == NULL ||
        strcmp(thing->name, "recording_line_write") == 0) /* holds texts that jansson grows */
        return;
    of_jansson.lasts = false;
    make_without_each(thing, &of_jansson);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("memory");
    TCase *tests = tcase_create("memory");

    tcase_add_loop_test(tests, each_allocation_that_fails_fails_the_whole_or_changes_nothing, 0,
                        THINGS_COUNT);
    tcase_add_loop_test(tests, without_memory_for_json_nothing_half_is_made, 0, THINGS_COUNT);
    tcase_add_loop_test(tests, a_part_that_could_not_be_made_is_not_left_out, 0, THINGS_COUNT);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
