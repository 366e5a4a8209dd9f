/* SPDX-License-Identifier: Apache-2.0 */
/* Where secrets may be, and where they must never show up. */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "base.h"

static char directory[] = "/tmp/regionshift-secrets-XXXXXX";
static char path[64];

static void make_directory(void)
{
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/secret", directory);
}

static void remove_directory(void)
{
    unlink(path);
    rmdir(directory);
}

static void write_secret(const char *text, size_t length, mode_t mode)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, text, length), (ssize_t)length);
    ck_assert_int_eq(fchmod(file, mode), 0);
    close(file);
}

/* base.conf with a webhook whose secret is in our file. */
static char *base_with_secret(void)
{
    char webhook[160];
    snprintf(webhook, sizeof webhook, "type = \"webhook\"; secret = \"file:%s\";", path);
    return base_with("type = \"webhook\";", webhook);
}

/* Expects what is said to end so, after the name of the file. */
static void expect_complaint(const char *wanted)
{
    char line[256];
    char *text = base_with_secret();
    char *said = said_about(text, strlen(text));
    snprintf(line, sizeof line, "F:20: alerts.[0].secret: \"file:%s\" %s [secret]\n", path, wanted);
    ck_assert_str_eq(said, wanted[0] == '\0' ? "" : line);
    free(said);
    free(text);
}

START_TEST(a_secret_is_read_from_a_file_of_its_owner)
{
    write_secret("hunter2\n", 8, 0600);
    char *text = base_with_secret();
    struct settings *settings = good(text);
    ck_assert_str_eq(settings->sinks[0].secret, "hunter2");
    settings_destroy(settings);
    free(text);
    write_secret("hunter2\n", 8, 0400);
    expect_complaint("");
}
END_TEST

START_TEST(a_file_that_others_can_reach_is_refused)
{
    write_secret("hunter2\n", 8, 0640);
    expect_complaint("can be reached by group or others (mode 640); allow its owner only: chmod "
                     "600");
    write_secret("hunter2\n", 8, 0604);
    expect_complaint("can be reached by group or others (mode 604); allow its owner only: chmod "
                     "600");
    write_secret("hunter2\n", 8, 0620);
    expect_complaint("can be reached by group or others (mode 620); allow its owner only: chmod "
                     "600");
}
END_TEST

/* Of users that need not exist. */
enum { SERVICE_USER = 4711, OTHER_USER = 4712 };

START_TEST(root_tests_the_settings_of_the_services_user)
{
    if (geteuid() != 0)
        return; /* nobody else can give a file away */
    write_secret("hunter2\n", 8, 0600);
    ck_assert_int_eq(chown(path, SERVICE_USER, SERVICE_USER), 0);
    expect_complaint("");
    write_secret("hunter2\n", 8, 0640);
    expect_complaint("can be reached by group or others (mode 640); allow its owner only: chmod "
                     "600");
}
END_TEST

START_TEST(a_service_trusts_no_other_users_file)
{
    if (geteuid() != 0)
        return;
    write_secret("hunter2\n", 8, 0600);
    ck_assert_int_eq(chmod(directory, 0711), 0);
    ck_assert_int_eq(chown(path, OTHER_USER, OTHER_USER), 0);
    ck_assert_int_eq(seteuid(SERVICE_USER), 0);
    expect_complaint("cannot be read: Permission denied");
    ck_assert_int_eq(seteuid(0), 0);
    ck_assert_int_eq(chown(path, SERVICE_USER, SERVICE_USER), 0);
    ck_assert_int_eq(seteuid(SERVICE_USER), 0);
    expect_complaint("");
    ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(what_systemd_guards_may_have_any_mode)
{
    write_secret("hunter2\n", 8, 0440);
    setenv("CREDENTIALS_DIRECTORY", directory, 1);
    expect_complaint("");
    setenv("CREDENTIALS_DIRECTORY", "/tmp/regionshift-secrets", 1);
    expect_complaint("can be reached by group or others (mode 440); allow its owner only: chmod "
                     "600");
}
END_TEST

START_TEST(a_secret_is_one_line_of_text)
{
    write_secret("", 0, 0600);
    expect_complaint("is empty; a secret of 1 to 4096 bytes is allowed");
    write_secret("\n", 1, 0600);
    expect_complaint("is empty; a secret of 1 to 4096 bytes is allowed");
    write_secret("two\nlines\n", 10, 0600);
    expect_complaint("holds a control character; one line of text is allowed");
    write_secret("nul\0nul", 7, 0600);
    expect_complaint("holds a control character; one line of text is allowed");
    char *large = malloc(5000);
    memset(large, 'x', 5000);
    write_secret(large, 4096, 0600);
    expect_complaint("");
    write_secret(large, 4097, 0600);
    expect_complaint("is too long; a secret of 1 to 4096 bytes is allowed");
    free(large);
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
    ck_assert_int_eq(mkdir(path, 0700), 0);
    expect_complaint("is not a regular file");
    rmdir(path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    expect_complaint("is not a regular file");
    unlink(path);
    expect_complaint("cannot be read: No such file or directory");
}
END_TEST

START_TEST(a_secret_shows_up_neither_in_a_dump_nor_in_a_message)
{
    write_secret("hunter2\n", 8, 0600);
    char *text = base_with_secret();
    struct settings *settings = good(text);
    char *dump = dump_of(settings);
    ck_assert_ptr_null(strstr(dump, "hunter2"));
    ck_assert_ptr_nonnull(strstr(dump, path));
    free(dump);
    settings_destroy(settings);
    free(text);

    text = base_with("type = \"webhook\";", "type = \"webhook\"; secret = \"hunter2\";");
    char *said = said_about(text, strlen(text));
    ck_assert_ptr_nonnull(strstr(said, "a secret is never written in this file"));
    ck_assert_ptr_null(strstr(said, "hunter2"));
    free(said);
    free(text);
    text = base_with("http://east.example.com/", "http://me:hunter2@east.example.com/");
    said = said_about(text, strlen(text));
    ck_assert_ptr_nonnull(strstr(said, "a user name in a URL"));
    ck_assert_ptr_null(strstr(said, "hunter2"));
    free(said);
    free(text);
}
END_TEST

START_TEST(a_program_that_only_reads_opens_no_secret)
{
    char file[64];
    struct settings *settings = NULL;
    struct settings_report report;
    char *text = base_with_secret(); /* names a file that is not there */
    snprintf(file, sizeof file, "%s/conf", directory);
    FILE *out = fopen(file, "w");
    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    fclose(out);
    ck_assert_int_eq(settings_load(file, NULL, &settings, &report), -1);
    settings_report_clear(&report);
    ck_assert_int_eq(settings_load_public(file, &settings, &report), 0);
    ck_assert_str_eq(settings->sinks[0].secret, "");
    ck_assert_str_eq(settings->file, file);
    settings_report_clear(&report);
    settings_destroy(settings);
    free(text);
    unlink(file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("secrets");
    TCase *tests = tcase_create("secrets");

    tcase_add_checked_fixture(tests, make_directory, remove_directory);
    tcase_add_test(tests, a_secret_is_read_from_a_file_of_its_owner);
    tcase_add_test(tests, a_file_that_others_can_reach_is_refused);
    tcase_add_test(tests, root_tests_the_settings_of_the_services_user);
    tcase_add_test(tests, a_service_trusts_no_other_users_file);
    tcase_add_test(tests, what_systemd_guards_may_have_any_mode);
    tcase_add_test(tests, a_secret_is_one_line_of_text);
    tcase_add_test(tests, what_is_no_file_is_refused);
    tcase_add_test(tests, a_secret_shows_up_neither_in_a_dump_nor_in_a_message);
    tcase_add_test(tests, a_program_that_only_reads_opens_no_secret);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
