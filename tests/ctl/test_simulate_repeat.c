/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "simulate.h"

static void repeats_as(const char *file, const char *line)
{
    char *repeat = simulate_repeat(file, 77);

    ck_assert_str_eq(repeat, line);
    free(repeat);
}

/* As a shell takes the line apart, the third of eight words is the file, byte for byte. */
static void a_shell_reads(const char *file)
{
    char *repeat = simulate_repeat(file, UINT64_MAX);
    char script[8192];
    char expected[8192];
    char read_as[8192];
    size_t length;
    FILE *out;
    int ends[2];
    int status;
    pid_t shell;

    snprintf(script, sizeof(script), "set -- %s; printf '%%s ' \"$#\" \"$8\" \"$3\"", repeat);
    snprintf(expected, sizeof(expected), "8 18446744073709551615 %s ", file);
    ck_assert_int_eq(pipe(ends), 0);
    shell = fork();
    if (shell == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl("/bin/sh", "sh", "-c", script, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    out = fdopen(ends[0], "r");
    length = fread(read_as, 1, sizeof(read_as) - 1, out);
    read_as[length] = '\0';
    fclose(out);
    ck_assert_int_eq(waitpid(shell, &status, 0), shell);
    ck_assert_int_eq(status, 0);
    ck_assert_str_eq(read_as, expected);
    free(repeat);
}

START_TEST(a_plain_path_stands_as_it_is)
{
    repeats_as("/etc/regionshift/jwt-pizza_5.conf",
               "regionshift -c /etc/regionshift/jwt-pizza_5.conf simulate --seeds 1 --seed 77");
}
END_TEST

START_TEST(a_path_with_blanks_is_quoted)
{
    repeats_as("my settings.conf",
               "regionshift -c 'my settings.conf' simulate --seeds 1 --seed 77");
    repeats_as("it's", "regionshift -c 'it'\\''s' simulate --seeds 1 --seed 77");
    repeats_as("", "regionshift -c '' simulate --seeds 1 --seed 77");
}
END_TEST

START_TEST(a_shell_makes_nothing_of_any_path)
{
    static const char *const files[] = {
        "a b",   " ",      "'",    "''a'",      "~/x",  "$HOME", "a\"b",
        "a\\ b", "*.conf", "[ab]", "$(reboot)", "`id`", "a;b",   "a&b",
        "a|b",   "#a",     "a\tb", "{a,b}",     "!1",   "a\nb",  "M\xC3\xBCnchen"};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        a_shell_reads(files[i]);
}
END_TEST

START_TEST(a_long_path_is_not_cut)
{
    char file[4096];

    memset(file, 'x', sizeof(file));
    file[sizeof(file) - 1] = '\0';
    a_shell_reads(file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("simulate_repeat");
    TCase *tests = tcase_create("simulate_repeat");

    tcase_add_test(tests, a_plain_path_stands_as_it_is);
    tcase_add_test(tests, a_path_with_blanks_is_quoted);
    tcase_add_test(tests, a_shell_makes_nothing_of_any_path);
    tcase_add_test(tests, a_long_path_is_not_cut);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
