/* SPDX-License-Identifier: Apache-2.0 */
/* Without memory for JSON the process ends, with a sentence, at whichever allocation: jansson would
 * go on without a letter. */
#include <check.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "json_memory.h"

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

static int calls;
static int fail_at = -1; /* which allocation fails, counted from 0 */

void *__wrap_malloc(size_t size)
{
    return calls++ == fail_at ? NULL : __real_malloc(size);
}

/* Long enough to grow, as it is read and as it is written. */
static const char reason[] = "{\"reason\":\"us-east-1 is agreed down by use1, usw2 and fra, since "
                             "03:00:00, with a reason that "
                             "takes more than two lines to say, because everybody gave his own\"}";

/* Read and written again; true when every letter is there. */
static bool comes_back_whole(void)
{
    json_t *json = json_loads(reason, 0, NULL);
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    bool whole = text != NULL && strcmp(text, reason) == 0;

    json_decref(json);
    free(text);
    return whole;
}

/* The same in a process of its own, without one allocation. Returns its exit status. */
static int end_of(int without, char said[512])
{
    int status = 0;
    int ends[2];
    ssize_t length;
    pid_t child;

    ck_assert_int_eq(pipe(ends), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        calls = 0;
        fail_at = without;
        _exit(comes_back_whole() ? 0 : 2);
    }
    close(ends[1]);
    length = read(ends[0], said, 511);
    said[length > 0 ? length : 0] = '\0';
    close(ends[0]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

START_TEST(a_process_without_memory_for_json_ends_with_a_sentence)
{
    char said[512];
    bool whole;
    int needed;

    json_memory_guard();
    calls = 0;
    whole = comes_back_whole();
    needed = calls;
    ck_assert(whole);
    ck_assert_int_gt(needed, 5);
    for (int i = 0; i < needed; i++) {
        ck_assert_int_eq(end_of(i, said), EXIT_FAILURE);
        ck_assert_ptr_nonnull(strstr(said, "out of memory"));
    }
    ck_assert_int_eq(end_of(needed, said), 0);
    ck_assert_str_eq(said, "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("memory for JSON");
    TCase *tests = tcase_create("memory for JSON");

    tcase_add_test(tests, a_process_without_memory_for_json_ends_with_a_sentence);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
