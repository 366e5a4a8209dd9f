/* SPDX-License-Identifier: Apache-2.0 */
/* What glibc is told, and that it does it. */
#include "../lib/suite.h"
#include "heap.h"

#include <check.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 1024, BLOCK_SIZE = 16 * 1024, MIB = 1024 * 1024 };

/* Bytes of this process for which there is memory, and no file behind it. */
static size_t resident(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    size_t kib = 0;

    ck_assert_ptr_nonnull(status);
    while (kib == 0 && fgets(line, sizeof(line), status) != NULL) {
        if (strncmp(line, "RssAnon:", strlen("RssAnon:")) == 0)
            kib = strtoul(line + strlen("RssAnon:"), NULL, 10);
    }
    (void)fclose(status);
    ck_assert_uint_gt(kib, 0);
    return kib * 1024;
}

START_TEST(what_was_needed_for_a_moment_is_given_back)
{
    static void *blocks[BLOCKS];
    void *above; /* or the top of the heap would be given back by free() */
    size_t peak;

    heap_set_up();
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(BLOCK_SIZE);
        ck_assert_ptr_nonnull(blocks[i]);
        memset(blocks[i], 1, BLOCK_SIZE);
    }
    above = malloc(BLOCK_SIZE);
    ck_assert_ptr_nonnull(above);
    peak = resident();
    for (size_t i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    heap_give_back();
    ck_assert_uint_lt(resident() + 8 * MIB, peak);
    free(above);
}
END_TEST

START_TEST(a_large_block_is_mapped_also_after_a_larger_one_was_freed)
{
    void *block;
    size_t mapped;

    heap_set_up();
    block = malloc(8 * MIB);
    ck_assert_ptr_nonnull(block);
    free(block);
    mapped = mallinfo2().hblks;
    block = malloc(MIB);
    ck_assert_ptr_nonnull(block);
    ck_assert_uint_eq(mallinfo2().hblks, mapped + 1);
    free(block);
}
END_TEST

static void *allocate(void *context)
{
    void **block = context;

    *block = malloc(BLOCK_SIZE);
    return NULL;
}

START_TEST(all_threads_share_one_heap)
{
    void *block = NULL;
    char *text = NULL;
    size_t length;
    FILE *told;
    pthread_t thread;

    heap_set_up();
    ck_assert_int_eq(pthread_create(&thread, NULL, allocate, &block), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_ptr_nonnull(block);
    told = open_memstream(&text, &length);
    ck_assert_ptr_nonnull(told);
    ck_assert_int_eq(malloc_info(0, told), 0);
    (void)fclose(told);
    ck_assert_ptr_nonnull(strstr(text, "<heap nr=\"0\">"));
    ck_assert_ptr_null(strstr(text, "<heap nr=\"1\">"));
    free(text);
    free(block);
}
END_TEST

/* As a parser does: many small blocks, and in the end none of them. Those at the top go first. */
static void parse(void *context)
{
    static void *nodes[BLOCKS * 64];
    const size_t count = sizeof(nodes) / sizeof(nodes[0]);

    for (size_t i = 0; i < count; i++)
        nodes[i] = malloc(112);
    for (size_t i = count; i-- > 0;)
        free(nodes[i]);
    *(bool *)context = true;
}

START_TEST(what_was_taken_aside_leaves_no_hole)
{
    bool done = false;
    size_t before;

    heap_set_up();
    before = mallinfo2().arena;
    heap_run_aside(parse, &done);
    ck_assert(done);
    ck_assert_uint_lt(mallinfo2().arena, before + MIB);
}
END_TEST

/* A sanitizer has one of its own. */
static bool is_heap_of_glibc(void)
{
    void *volatile block = malloc(BLOCK_SIZE);
    bool is = block != NULL && mallinfo2().arena > 0;

    free(block);
    return is;
}

static Suite *suite_of_heap(void)
{
    Suite *suite = suite_create("heap");
    TCase *tcase = tcase_create("glibc");

    tcase_add_test(tcase, what_was_needed_for_a_moment_is_given_back);
    tcase_add_test(tcase, a_large_block_is_mapped_also_after_a_larger_one_was_freed);
    tcase_add_test(tcase, all_threads_share_one_heap);
    tcase_add_test(tcase, what_was_taken_aside_leaves_no_hole);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    if (!is_heap_of_glibc()) {
        (void)printf("test_heap: the heap is not glibc's: skipped\n");
        return 77;
    }
    return run_suite(suite_of_heap());
}
