/* SPDX-License-Identifier: Apache-2.0 */
/* The file of a private authority, judged when the settings are loaded. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "base.h"

static const char certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBizCCATGgAwIBAgIUVfT6oadCK6HZRkWckJ0EcaTn2x0wCgYIKoZIzj0EAwIw\n"
    "GzEZMBcGA1UEAwwQcmVnaW9uc2hpZnQgdGVzdDAeFw0yNjExMjIwOTI3NTdaFw0z\n"
    "NjExMTkwOTI3NTdaMBsxGTAXBgNVBAMMEHJlZ2lvbnNoaWZ0IHRlc3QwWTATBgcq\n"
    "hkjOPQIBBggqhkjOPQMBBwNCAAS7+6QWWXUgvuP+0nvHFL7JcEyuywos3NBJh6BY\n"
    "TABfCwzff8AeK0j4FZZyJ+4SzjF6Xckb9okmC5S8o4xUhz3to1MwUTAdBgNVHQ4E\n"
    "FgQUqr4FH5KEoenmdvPx+wdO8URHz4wwHwYDVR0jBBgwFoAUqr4FH5KEoenmdvPx\n"
    "+wdO8URHz4wwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiAELLMR\n"
    "k11gwmAeqzqfDSYco19USqSlgiDHD60vUNcI6gIhAJgv+ruHwWxqlg1GfRDN0xxi\n"
    "8JmRwQJP7TQsPz4rXcwW\n"
    "-----END CERTIFICATE-----\n";

static char directory[] = "/tmp/regionshift-authority-XXXXXX";
static char path[64];

static void make_directory(void)
{
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/ca.pem", directory);
}

static void remove_directory(void)
{
    unlink(path);
    rmdir(directory);
}

static void write_file(const char *name, const char *text)
{
    FILE *out = fopen(name, "w");
    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    ck_assert_int_eq(fclose(out), 0);
}

/* base.conf with a check that trusts our file. */
static char *base_with_authority(void)
{
    char url[160];
    snprintf(url, sizeof url, "url = \"https://east.example.com/\"; ca_file = \"%s\";", path);
    return base_with("url = \"http://east.example.com/\";", url);
}

static void expect_complaint(const char *wanted)
{
    char line[320];
    char *text = base_with_authority();
    char *said = said_about(text, strlen(text));
    snprintf(line, sizeof line,
             "F:10: services.[0].sites.[0].checks.[0].ca_file: \"%s\" %s [ca-file-unreadable]\n",
             path, wanted);
    ck_assert_str_eq(said, wanted[0] == '\0' ? "" : line);
    free(said);
    free(text);
}

START_TEST(a_certificate_is_accepted_whatever_stands_before_it)
{
    char text[2048];
    write_file(path, certificate);
    expect_complaint("");
    snprintf(text, sizeof text, "# our own authority\n%s%s", certificate, certificate);
    write_file(path, text);
    expect_complaint("");
}
END_TEST

START_TEST(what_holds_no_certificate_is_refused)
{
    static const char wanted[] = "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)";
    write_file(path, "");
    expect_complaint(wanted);
    write_file(path, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    expect_complaint(wanted);
    write_file(path, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    expect_complaint(wanted);
    write_file(path, "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
                     "DEK-Info: AES-128-CBC,2A8F055CBEE6CF0502874A4A0F02B451\n\n"
                     "AAAAAAAAAAAAAAAAAAAAAA==\n-----END CERTIFICATE-----\n");
    expect_complaint(wanted);
}
END_TEST

START_TEST(what_is_no_file_of_a_sane_size_is_refused)
{
    expect_complaint("cannot be read: No such file or directory; name a file that this user can "
                     "read");
    ck_assert_int_eq(mkfifo(path, 0600), 0); /* and nobody waits for its other end */
    expect_complaint("is not a regular file; name a file of certificates");
    unlink(path);
    write_file(path, certificate);
    ck_assert_int_eq(truncate(path, 4 * 1024 * 1024), 0);
    expect_complaint("");
    ck_assert_int_eq(truncate(path, 4 * 1024 * 1024 + 1), 0);
    expect_complaint("has 4194305 bytes; at most 4194304 are allowed");
}
END_TEST

START_TEST(a_program_that_only_reads_does_not_open_it)
{
    char file[64];
    struct settings *settings = NULL;
    struct settings_report report;
    char *text = base_with_authority(); /* names a file that is not there */
    snprintf(file, sizeof file, "%s/conf", directory);
    write_file(file, text);
    ck_assert_int_eq(settings_load(file, NULL, &settings, &report), -1);
    settings_report_clear(&report);
    ck_assert_int_eq(settings_load_public(file, &settings, &report), 0);
    ck_assert_uint_eq(report.count, 0);
    ck_assert_str_eq(settings->checks[0].ca_file, path);
    settings_report_clear(&report);
    settings_destroy(settings);
    free(text);
    unlink(file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("authority");
    TCase *tests = tcase_create("authority");

    tcase_add_checked_fixture(tests, make_directory, remove_directory);
    tcase_add_test(tests, a_certificate_is_accepted_whatever_stands_before_it);
    tcase_add_test(tests, what_holds_no_certificate_is_refused);
    tcase_add_test(tests, what_is_no_file_of_a_sane_size_is_refused);
    tcase_add_test(tests, a_program_that_only_reads_does_not_open_it);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
