/* SPDX-License-Identifier: Apache-2.0 */
/* The scenarios that are shipped, and the manual that explains them: each file is good, says where
 * it comes from and asserts something; written down again it is the same; and what becomes of it
 * when bytes are changed at random is a scenario or a complaint, never a crash. */
#include <check.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "scenario.h"
#include "scenario_phrase.h"

#define FOLDER SOURCE_DIR "/config/scenarios/"
#define MANUAL SOURCE_DIR "/docs/regionshift-scenario.5"

static glob_t files;

/* ---- memory that runs out ---- */

void *__real_calloc(size_t count, size_t size);
void *__real_malloc(size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *memory, size_t size);

static int calls;
static int fail_at = -1; /* which call fails, counted from 0 */

void *__wrap_calloc(size_t count, size_t size)
{
    return calls++ == fail_at ? NULL : __real_calloc(count, size);
}

void *__wrap_malloc(size_t size)
{
    return calls++ == fail_at ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return calls++ == fail_at ? NULL : __real_realloc(memory, size);
}

/* Asserts nothing: assertions take memory too. */
struct heard {
    int complaints;
    bool of_memory;
};

static void count(void *context, const char *file, unsigned line, const char *text)
{
    struct heard *heard = context;
    (void)file;
    heard->complaints++;
    heard->of_memory = line == 0 && strstr(text, "memory") != NULL;
}

/* Loads while the n-th allocation fails (-1: none); how many it took. */
static int load_short_of(int n, const char *file, struct heard *heard,
                         struct scenario **ret_scenario, int *ret_result)
{
    *heard = (struct heard){0};
    calls = 0;
    fail_at = n;
    *ret_result = scenario_load(file, count, heard, ret_scenario);
    fail_at = -1;
    return calls;
}

START_TEST(each_allocation_that_fails_is_complained_of_once)
{
    const char *file = FOLDER "aws-2025-10-20.scn"; /* long enough for its lists to grow */
    struct scenario *scenario = NULL;
    struct heard heard;
    int result = -1;
    int needed = load_short_of(-1, file, &heard, &scenario, &result);
    ck_assert_int_eq(result, 0);
    ck_assert_int_gt(needed, 5);
    scenario_destroy(scenario);
    for (int i = 0; i < needed; i++) {
        struct scenario *none = NULL;
        int refused = 0;
        (void)load_short_of(i, file, &heard, &none, &refused);
        ck_assert_int_eq(refused, -1);
        ck_assert_ptr_null(none);
        ck_assert_int_eq(heard.complaints, 1);
        ck_assert(heard.of_memory);
    }
}
END_TEST

/* ---- every file ---- */

static void find_files(void)
{
    ck_assert_int_eq(glob(FOLDER "*.scn", 0, NULL, &files), 0);
    ck_assert_uint_gt(files.gl_pathc, 20);
}

static void forget_files(void)
{
    globfree(&files);
}

static void hear(void *context, const char *file, unsigned line, const char *text)
{
    FILE *said = context;
    fprintf(said != NULL ? said : stderr, "%s:%u: %s\n", file, line, text);
}

static struct scenario *loaded(const char *file)
{
    struct scenario *scenario = NULL;
    ck_assert_msg(scenario_load(file, hear, NULL, &scenario) == 0, "%s", file);
    return scenario;
}

static char *text_of(const char *file, size_t *ret_length)
{
    char *text = calloc(1, SCENARIO_FILE_MAX + 1);
    FILE *in = fopen(file, "r");
    ck_assert_msg(in != NULL, "%s", file);
    *ret_length = fread(text, 1, SCENARIO_FILE_MAX, in);
    fclose(in);
    return text;
}

static char *written(const struct scenario *scenario)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    scenario_write(scenario, out);
    fclose(out);
    return text;
}

START_TEST(a_shipped_scenario_says_where_it_comes_from_and_what_it_expects)
{
    for (size_t i = 0; i < files.gl_pathc; i++) {
        const char *file = files.gl_pathv[i];
        size_t length = 0;
        char *text = text_of(file, &length);
        struct scenario *scenario = loaded(file);
        char name[SCENARIO_NAME_MAX + 8];
        snprintf(name, sizeof name, "%s.scn", scenario->name);
        ck_assert_str_eq(name, strrchr(file, '/') + 1);
        ck_assert_msg(text[0] == '#', "%s", file);
        ck_assert_msg(strstr(text, "# Source: ") != NULL, "%s", file);
        ck_assert_msg(strstr(text, "Documented: ") != NULL, "%s", file);
        ck_assert_msg(strstr(text, "Modelled: ") != NULL, "%s", file);
        ck_assert_msg(scenario->about[0] != '\0', "%s", file);
        ck_assert_msg(scenario->action_count > 0, "%s", file);
        ck_assert_msg(scenario->expectation_count > 1, "%s", file);
        scenario_destroy(scenario);
        free(text);
    }
}
END_TEST

/* A shipped scenario runs under everybody's settings: it may name no region, site or probe. */
START_TEST(a_shipped_scenario_names_nobody)
{
    for (size_t i = 0; i < files.gl_pathc; i++) {
        struct scenario *scenario = loaded(files.gl_pathv[i]);
        for (uint32_t k = 0; k < scenario->action_count; k++) {
            const struct action *action = &scenario->actions[k];
            ck_assert_str_eq(action->who.name, "");
            ck_assert_str_eq(action->from.name, "");
            ck_assert_uint_le(action->who.number, 3);
            for (uint32_t p = 0; p < action->probe_count; p++)
                ck_assert_uint_le(action->probes[p].number, 3);
        }
        for (uint32_t k = 0; k < scenario->expectation_count; k++)
            ck_assert_str_eq(scenario->expectations[k].who.name, "");
        scenario_destroy(scenario);
    }
}
END_TEST

START_TEST(a_shipped_scenario_written_down_is_read_as_the_same)
{
    for (size_t i = 0; i < files.gl_pathc; i++) {
        struct scenario *scenario = loaded(files.gl_pathv[i]);
        struct scenario *again = NULL;
        char *first = written(scenario);
        ck_assert_int_eq(scenario_parse(first, strlen(first), "F", hear, NULL, &again), 0);
        char *second = written(again);
        ck_assert_str_eq(first, second);
        ck_assert_uint_eq(scenario->action_count, again->action_count);
        ck_assert_uint_eq(scenario->expectation_count, again->expectation_count);
        scenario_destroy(scenario);
        scenario_destroy(again);
        free(first);
        free(second);
    }
}
END_TEST

/* ---- bytes changed at random ---- */

static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Words of the grammar find more than random bytes do. */
static const char *const snippets[] = {"every", "from",     " to ", ":",     ";",   "#1",  "#",
                                       "..",    "expect",   "end",  "0",     "-1",  "\n",  " by ",
                                       "all",   "primary",  "/",    "=",     "<= ", "9e9", "\"",
                                       "alert", "99999999", "2h",   "store", ",",   "\r",  "never"};

static size_t insert(char *text, size_t length, size_t at, const char *what)
{
    size_t more = strlen(what);
    memmove(text + at + more, text + at, length - at);
    memcpy(text + at, what, more);
    return length + more;
}

static size_t erase(char *text, size_t length, size_t at, size_t count)
{
    if (count > length - at)
        count = length - at;
    memmove(text + at, text + at + count, length - at - count);
    return length - count;
}

static size_t mutate(char *text, size_t length, uint64_t *state)
{
    size_t at = (size_t)(draw(state) % length);
    switch (draw(state) % 4) {
    case 0:
        text[at] = (char)draw(state);
        return length;
    case 1:
        return erase(text, length, at, (size_t)(1 + draw(state) % 12));
    case 2:
        return length - at > 1 ? erase(text, length, at + 1, length) : length;
    case 3:
        return insert(text, length, at,
                      snippets[draw(state) % (sizeof snippets / sizeof *snippets)]);
    }
    return length;
}

/* A scenario that was read can be written, and what was written can be read. */
static void expect_scenario_or_complaint(const char *text, size_t length)
{
    char *said = NULL;
    size_t size = 0;
    struct scenario *scenario = NULL;
    FILE *out = open_memstream(&said, &size);
    int result = scenario_parse(text, length, "F", hear, out, &scenario);
    fclose(out);
    ck_assert_int_eq(result, size == 0 ? 0 : -1);
    free(said);
    if (result < 0)
        return;
    struct scenario *again = NULL;
    char *first = written(scenario);
    ck_assert_msg(scenario_parse(first, strlen(first), "F", hear, NULL, &again) == 0, "%s", first);
    char *second = written(again);
    ck_assert_str_eq(first, second);
    free(first);
    free(second);
    scenario_destroy(scenario);
    scenario_destroy(again);
}

START_TEST(a_damaged_scenario_is_a_scenario_or_a_complaint)
{
    enum { ROUNDS = 150, CHANGES_MAX = 8 };
    uint64_t state = 20181021;
    for (size_t i = 0; i < files.gl_pathc; i++) {
        size_t whole = 0;
        char *text = text_of(files.gl_pathv[i], &whole);
        char *damaged = calloc(1, whole + (size_t)CHANGES_MAX * 16);
        for (int round = 0; round < ROUNDS; round++) {
            size_t length = whole;
            memcpy(damaged, text, whole);
            for (uint64_t changes = 1 + draw(&state) % CHANGES_MAX; changes > 0 && length > 1;
                 changes--)
                length = mutate(damaged, length, &state);
            expect_scenario_or_complaint(damaged, length);
        }
        free(damaged);
        free(text);
    }
}
END_TEST

/* ---- files that cannot be read, and the manual ---- */

START_TEST(a_file_that_cannot_be_read_is_complained_of)
{
    static const char *const names[] = {FOLDER "none.scn", FOLDER};
    static const char *const reasons[] = {"F:0: cannot be read: No such file or directory\n",
                                          "F:0: cannot be read: Is a directory\n"};
    for (size_t i = 0; i < 2; i++) {
        char *said = NULL;
        size_t size = 0;
        struct scenario *scenario = NULL;
        FILE *out = open_memstream(&said, &size);
        ck_assert_int_eq(scenario_load(names[i], hear, out, &scenario), -1);
        fclose(out);
        ck_assert_str_eq(strstr(said, ":0:"), strstr(reasons[i], ":0:"));
        ck_assert_ptr_null(scenario);
        free(said);
    }
}
END_TEST

/* Whether the manual has the word, set as one that stands as it is. */
static bool is_explained(const char *manual, const char *word, size_t length)
{
    for (const char *at = manual; (at = strstr(at, "Ic ")) != NULL; at += 3) {
        const char *end = at + 3 + strcspn(at + 3, "\n");
        for (const char *found = at + 3; found + length <= end; found++) {
            bool begins = found[-1] == ' ';
            bool ends = found[length] == ' ' || found[length] == '\n';
            if (begins && ends && memcmp(found, word, length) == 0)
                return true;
        }
    }
    return false;
}

START_TEST(the_manual_explains_every_word)
{
    size_t length = 0;
    char *manual = text_of(MANUAL, &length);
    for (int i = 0; i < ACTION_KIND_COUNT + EXPECT_KIND_COUNT; i++) {
        const char *form =
            i < ACTION_KIND_COUNT ? action_forms[i] : expect_forms[i - ACTION_KIND_COUNT];
        for (const char *word = form; *word != '\0'; word += strspn(word, " ")) {
            size_t word_length = strcspn(word, " ");
            if (slot_find(word, word_length) == NULL)
                ck_assert_msg(is_explained(manual, word, word_length), "%s", form);
            word += word_length;
        }
    }
    free(manual);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scenario files");
    TCase *tests = tcase_create("scenario files");

    tcase_add_checked_fixture(tests, find_files, forget_files);
    tcase_add_test(tests, a_shipped_scenario_says_where_it_comes_from_and_what_it_expects);
    tcase_add_test(tests, a_shipped_scenario_names_nobody);
    tcase_add_test(tests, a_shipped_scenario_written_down_is_read_as_the_same);
    tcase_add_test(tests, a_damaged_scenario_is_a_scenario_or_a_complaint);
    tcase_add_test(tests, each_allocation_that_fails_is_complained_of_once);
    tcase_add_test(tests, a_file_that_cannot_be_read_is_complained_of);
    tcase_add_test(tests, the_manual_explains_every_word);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
