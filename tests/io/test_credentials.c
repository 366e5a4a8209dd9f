/* SPDX-License-Identifier: Apache-2.0 */
/* Who we are: which source wins, what is an error and not a reason to look further, and that no
 * secret is ever in a message. */
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "../lib/suite.h"
#include "credentials.h"

static uv_loop_t loop;
static struct credentials_source *source;
static char folder[] = "/tmp/regionshift-credentials-XXXXXX";
static char shared_path[64];
static char config_path[64];

static struct told {
    unsigned count;
    bool is_found;
    char key_id[CREDENTIALS_KEY_ID_MAX + 1];
    char secret[CREDENTIALS_SECRET_MAX + 1];
    char token[64];
    char error[512];
} told;
static bool is_closed;

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    fclose(file);
}

static void set_up(void)
{
    const struct credentials_options options = {.profile = "", .region = "us-east-1", .seed = 1};

    memcpy(strrchr(folder, '-') + 1, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(shared_path, sizeof(shared_path), "%s/credentials", folder);
    snprintf(config_path, sizeof(config_path), "%s/config", folder);
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
    unsetenv("AWS_SESSION_TOKEN");
    unsetenv("AWS_PROFILE");
    unsetenv("AWS_DEFAULT_PROFILE");
    setenv("AWS_SHARED_CREDENTIALS_FILE", shared_path, 1);
    setenv("AWS_CONFIG_FILE", config_path, 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    told = (struct told){.count = 0};
    uv_loop_init(&loop);
    ck_assert_int_eq(credentials_create(&loop, &options, &source), 0);
}

static void on_closed(void *context)
{
    (void)context;
    is_closed = true;
}

static void close_source(void)
{
    is_closed = false;
    credentials_close(source, on_closed, NULL);
    ck_assert(!is_closed);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert(is_closed);
    source = NULL;
}

static void tear_down(void)
{
    if (source != NULL)
        close_source();
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    unlink(shared_path);
    unlink(config_path);
    rmdir(folder);
}

static void on_credentials(void *context, const struct credentials *credentials, const char *error)
{
    (void)context;
    told.count++;
    told.is_found = credentials != NULL;
    if (credentials != NULL) {
        snprintf(told.key_id, sizeof(told.key_id), "%s", credentials->key_id);
        snprintf(told.secret, sizeof(told.secret), "%s", credentials->secret);
        snprintf(told.token, sizeof(told.token), "%.60s", credentials->token);
    }
    snprintf(told.error, sizeof(told.error), "%s", error);
    ck_assert_ptr_null(strstr(told.error, "hunter2"));
}

static bool get(void)
{
    unsigned before = told.count;

    credentials_get(source, NULL, on_credentials, NULL);
    ck_assert_uint_eq(told.count, before); /* never from inside the call */
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(told.count, before + 1);
    return told.is_found;
}

static void expect_key(const char *key_id)
{
    ck_assert_msg(get(), "%s", told.error);
    ck_assert_str_eq(told.key_id, key_id);
}

static void expect_error(const char *words)
{
    ck_assert(!get());
    ck_assert_msg(strstr(told.error, words) != NULL, "%s", told.error);
}

#define KEYS(key_id) "aws_access_key_id = " key_id "\naws_secret_access_key = hunter2\n"

START_TEST(the_environment_wins_over_files_even_when_a_profile_is_named_there)
{
    write_file(shared_path, "[default]\n" KEYS("AKIASHARED") "[other]\n" KEYS("AKIAOTHER"));
    setenv("AWS_ACCESS_KEY_ID", "AKIAENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "s3", 1);
    setenv("AWS_SESSION_TOKEN", "to/ken=", 1);
    setenv("AWS_PROFILE", "other", 1);
    expect_key("AKIAENV");
    ck_assert_str_eq(told.secret, "s3");
    ck_assert_str_eq(told.token, "to/ken=");
}
END_TEST

START_TEST(a_profile_of_the_settings_wins_over_the_environment)
{
    write_file(shared_path, "[other]\n" KEYS("AKIAOTHER"));
    setenv("AWS_ACCESS_KEY_ID", "AKIAENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "s3", 1);
    ck_assert_int_eq(credentials_set_profile(source, "other", "us-east-1"), 0);
    expect_key("AKIAOTHER");
    ck_assert_int_eq(credentials_set_profile(source, "", "us-east-1"), 0);
    expect_key("AKIAENV");
}
END_TEST

START_TEST(half_a_pair_in_the_environment_is_an_error)
{
    write_file(shared_path, "[default]\n" KEYS("AKIASHARED"));
    setenv("AWS_ACCESS_KEY_ID", "AKIAENV", 1);
    expect_error("must be set together");
    unsetenv("AWS_ACCESS_KEY_ID");
    setenv("AWS_SECRET_ACCESS_KEY", "hunter2", 1);
    expect_error("must be set together");
    setenv("AWS_ACCESS_KEY_ID", "", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "", 1);
    expect_key("AKIASHARED");
}
END_TEST

START_TEST(a_key_that_would_break_a_header_is_an_error)
{
    setenv("AWS_ACCESS_KEY_ID", "AKIA\r\nX-Evil: 1", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "hunter2", 1);
    expect_error("the access key id has a blank");
}
END_TEST

START_TEST(the_shared_file_wins_over_the_config_file)
{
    write_file(config_path, "[default]\n" KEYS("AKIACONFIG") "[profile p]\n" KEYS("AKIAP"));
    expect_key("AKIACONFIG");
    credentials_distrust(source);
    write_file(shared_path, "[default]\n" KEYS("AKIASHARED"));
    expect_key("AKIASHARED");
    credentials_distrust(source);
    setenv("AWS_PROFILE", "p", 1);
    expect_key("AKIAP");
}
END_TEST

START_TEST(what_was_found_is_kept_until_it_is_distrusted)
{
    write_file(shared_path, "[default]\n" KEYS("AKIAONE"));
    expect_key("AKIAONE");
    write_file(shared_path, "[default]\n" KEYS("AKIATWO"));
    expect_key("AKIAONE");
    unlink(shared_path); /* a failover does not wait for a disk */
    expect_key("AKIAONE");
    write_file(shared_path, "[default]\n" KEYS("AKIATWO"));
    credentials_distrust(source);
    expect_key("AKIATWO");
}
END_TEST

START_TEST(an_error_is_not_kept)
{
    expect_error("no credentials");
    write_file(shared_path, "[default]\n" KEYS("AKIALATER"));
    expect_key("AKIALATER");
}
END_TEST

START_TEST(nothing_found_says_where_it_was_looked_for)
{
    expect_error("AWS_ACCESS_KEY_ID is not set");
    ck_assert_ptr_nonnull(strstr(told.error, shared_path));
    ck_assert_ptr_nonnull(strstr(told.error, config_path));
    setenv("AWS_PROFILE", "missing", 1);
    write_file(shared_path, "[default]\n" KEYS("AKIASHARED"));
    expect_error("profile missing has no keys");
    ck_assert_ptr_nonnull(strstr(told.error, "stands in neither"));
}
END_TEST

START_TEST(a_profile_that_cannot_be_followed_is_an_error_and_not_passed_over)
{
    write_file(shared_path, "[default]\n" KEYS("AKIABASE"));
    write_file(config_path, "[default]\nrole_arn = arn:aws:iam::1:role/failover\n");
    expect_error("role_arn");
    write_file(config_path, "[default]\ncredential_process = /bin/keys\n");
    expect_key("AKIABASE");
}
END_TEST

START_TEST(what_was_refused_is_let_go_when_the_files_mean_it_no_more)
{
    write_file(shared_path, "[default]\n" KEYS("AKIABASE"));
    expect_key("AKIABASE");
    credentials_distrust(source);
    write_file(shared_path, "[default]\nregion = eu-west-1\n");
    expect_error("no credentials");
}
END_TEST

START_TEST(what_was_refused_is_used_on_while_nobody_can_say_better)
{
    write_file(shared_path, "[default]\n" KEYS("AKIABASE"));
    expect_key("AKIABASE");
    credentials_distrust(source); /* as one zone's AccessDenied does, for all of them */
    unlink(shared_path);
    ck_assert_int_eq(mkdir(shared_path, 0700), 0);
    expect_key("AKIABASE");
    ck_assert_ptr_nonnull(strstr(told.error, "not a file"));
    rmdir(shared_path);
    write_file(shared_path, "[default]\n" KEYS("AKIANEW"));
    credentials_distrust(source);
    expect_key("AKIANEW");
    ck_assert_str_eq(told.error, "");
}
END_TEST

START_TEST(a_view_tells_what_is_known_and_asks_nobody)
{
    const struct credentials_role role = {"arn:aws:iam::1:role/x", ""};
    struct credentials_view view;

    credentials_look_at(source, NULL, &view);
    ck_assert(!view.is_known);
    ck_assert_str_eq(view.origin, "");
    write_file(shared_path, "[default]\n" KEYS("AKIABASE"));
    expect_key("AKIABASE");
    credentials_look_at(source, NULL, &view);
    ck_assert(view.is_known);
    ck_assert_str_eq(view.origin, "profile default");
    ck_assert_int_eq(view.left_ms, -1);
    credentials_look_at(source, &role, &view);
    ck_assert(!view.is_known);
}
END_TEST

START_TEST(files_that_are_none_or_spoiled_are_errors_with_path_and_line)
{
    write_file(shared_path, "[default]\naws_access_key_id hunter2\n");
    expect_error("credentials: line 2:");
    unlink(shared_path);
    ck_assert_int_eq(mkdir(shared_path, 0700), 0);
    expect_error("credentials: not a file");
    rmdir(shared_path);
    ck_assert_int_eq(mkfifo(shared_path, 0600), 0); /* opening it would wait for a writer */
    expect_error("credentials: not a file");
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
    expect_error("no credentials");
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/zero", 1);
    expect_error("/dev/zero: ");
}
END_TEST

START_TEST(home_is_where_files_are_when_nothing_names_them)
{
    char path[128];

    setenv("HOME", folder, 1);
    unsetenv("AWS_CONFIG_FILE");
    setenv("AWS_SHARED_CREDENTIALS_FILE", "~/credentials", 1);
    write_file(shared_path, "[default]\n" KEYS("AKIAHOME"));
    expect_key("AKIAHOME");
    credentials_distrust(source);
    unsetenv("AWS_SHARED_CREDENTIALS_FILE");
    snprintf(path, sizeof(path), "%s/.aws/credentials", folder);
    expect_error(path);
}
END_TEST

START_TEST(many_may_ask_at_once_and_one_may_change_his_mind)
{
    struct credentials_request *second;

    write_file(shared_path, "[default]\n" KEYS("AKIAONE"));
    credentials_get(source, NULL, on_credentials, NULL);
    second = credentials_get(source, NULL, on_credentials, NULL);
    credentials_get(source, NULL, on_credentials, NULL);
    credentials_cancel(second);
    credentials_cancel(NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(told.count, 2);
}
END_TEST

static void ask_again(void *context, const struct credentials *credentials, const char *error)
{
    on_credentials(context, credentials, error);
    if (told.count < 5) {
        credentials_distrust(source);
        credentials_get(source, NULL, ask_again, NULL);
    }
}

START_TEST(who_is_answered_may_distrust_and_ask_again_at_once)
{
    write_file(shared_path, "[default]\n" KEYS("AKIAONE"));
    credentials_get(source, NULL, ask_again, NULL);
    credentials_get(source, NULL, on_credentials, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(told.count, 5);
    ck_assert(told.is_found);
}
END_TEST

START_TEST(distrust_during_a_search_disturbs_nothing)
{
    write_file(shared_path, "[default]\n" KEYS("AKIAONE"));
    credentials_get(source, NULL, on_credentials, NULL);
    credentials_distrust(source); /* nothing of what comes was refused */
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(told.count, 1);
    write_file(shared_path, "[default]\n" KEYS("AKIATWO"));
    expect_key("AKIAONE");
    credentials_distrust(source);
    expect_key("AKIATWO");
}
END_TEST

START_TEST(a_profile_that_changes_during_a_search_is_the_one_that_counts)
{
    write_file(shared_path, "[default]\n" KEYS("AKIAONE") "[other]\n" KEYS("AKIAOTHER"));
    credentials_get(source, NULL, on_credentials, NULL);
    ck_assert_int_eq(credentials_set_profile(source, "other", "us-east-1"), 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(told.count, 1);
    ck_assert_str_eq(told.key_id, "AKIAOTHER");
    credentials_get(source, NULL, on_credentials, NULL); /* known, and not told yet */
    ck_assert_int_eq(credentials_set_profile(source, "", "us-east-1"), 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(told.count, 2);
    ck_assert_str_eq(told.key_id, "AKIAONE");
}
END_TEST

START_TEST(closing_during_a_search_forgets_who_asked)
{
    write_file(shared_path, "[default]\n" KEYS("AKIAONE"));
    credentials_get(source, NULL, on_credentials, NULL);
    close_source();
    ck_assert_uint_eq(told.count, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("credentials");
    TCase *tcase = tcase_create("credentials");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, the_environment_wins_over_files_even_when_a_profile_is_named_there);
    tcase_add_test(tcase, a_profile_of_the_settings_wins_over_the_environment);
    tcase_add_test(tcase, half_a_pair_in_the_environment_is_an_error);
    tcase_add_test(tcase, a_key_that_would_break_a_header_is_an_error);
    tcase_add_test(tcase, the_shared_file_wins_over_the_config_file);
    tcase_add_test(tcase, what_was_found_is_kept_until_it_is_distrusted);
    tcase_add_test(tcase, an_error_is_not_kept);
    tcase_add_test(tcase, nothing_found_says_where_it_was_looked_for);
    tcase_add_test(tcase, a_profile_that_cannot_be_followed_is_an_error_and_not_passed_over);
    tcase_add_test(tcase, what_was_refused_is_let_go_when_the_files_mean_it_no_more);
    tcase_add_test(tcase, what_was_refused_is_used_on_while_nobody_can_say_better);
    tcase_add_test(tcase, a_view_tells_what_is_known_and_asks_nobody);
    tcase_add_test(tcase, files_that_are_none_or_spoiled_are_errors_with_path_and_line);
    tcase_add_test(tcase, home_is_where_files_are_when_nothing_names_them);
    tcase_add_test(tcase, many_may_ask_at_once_and_one_may_change_his_mind);
    tcase_add_test(tcase, who_is_answered_may_distrust_and_ask_again_at_once);
    tcase_add_test(tcase, distrust_during_a_search_disturbs_nothing);
    tcase_add_test(tcase, a_profile_that_changes_during_a_search_is_the_one_that_counts);
    tcase_add_test(tcase, closing_during_a_search_forgets_who_asked);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
