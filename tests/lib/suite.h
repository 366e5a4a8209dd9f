/* SPDX-License-Identifier: Apache-2.0 */
/* suite.h: how a test program ends. CK_VERBOSITY and the other variables of Check are heard. */
#ifndef REGIONSHIFT_TESTS_SUITE_H
#define REGIONSHIFT_TESTS_SUITE_H

#include <check.h>
#include <stdlib.h>

/* Runs the suite and frees it. Returns main()'s status. */
static inline int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* RUN_TESTS(name, tests...): the same of tests in one case that needs no fixture. */
static inline int run_tests(const char *name, const TTest *const *tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *all = tcase_create(name);

    for (size_t i = 0; i < count; i++)
        tcase_add_test(all, tests[i]);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
#define RUN_TESTS(name, ...)                                                                       \
    run_tests(name, (const TTest *const[]){__VA_ARGS__},                                           \
              sizeof((const TTest *const[]){__VA_ARGS__}) / sizeof(const TTest *))

#endif
