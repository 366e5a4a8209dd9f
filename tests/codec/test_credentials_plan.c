/* SPDX-License-Identifier: Apache-2.0 */
/* What an environment and two files mean: which source, which roles on top of it, and what ends the
 * search. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "credentials_plan.h"

#define KEYS(key_id) "aws_access_key_id = " key_id "\naws_secret_access_key = hunter2\n"
#define ROLE(name) "role_arn = arn:aws:iam::1:role/" name "\n"

static const char *variables[16]; /* "NAME=value" */
static unsigned variable_count;
static const char *shared;
static const char *config;
static const char *of_settings;
static struct credentials_plan *plan;
static char error[CREDENTIALS_ERROR_MAX];

static void set_up(void)
{
    variable_count = 0;
    shared = NULL;
    config = NULL;
    of_settings = "";
    plan = calloc(1, sizeof(*plan));
}

static void tear_down(void)
{
    free(plan);
}

static void set(const char *assignment)
{
    ck_assert_uint_lt(variable_count, 16);
    variables[variable_count++] = assignment;
}

static const char *variable(void *context, const char *name)
{
    size_t length = strlen(name);

    (void)context;
    for (unsigned i = 0; i < variable_count; i++) {
        if (strncmp(variables[i], name, length) == 0 && variables[i][length] == '=')
            return variables[i] + length + 1;
    }
    return "";
}

static int make(void)
{
    struct credentials_world world = {
        .variable = variable,
        .profile = of_settings,
        .session_name = "regionshift-host",
        .shared = {"/s", shared, shared != NULL ? strlen(shared) : 0},
        .config = {"/c", config, config != NULL ? strlen(config) : 0},
    };
    int status = credentials_plan_make(&world, plan, error, sizeof(error));

    if (status != 0) {
        ck_assert_ptr_null(strstr(error, "hunter2"));
        ck_assert_str_eq(plan->lease.keys.secret, "");
    }
    return status;
}

static void expect(enum credentials_base base, unsigned hop_count)
{
    ck_assert_msg(make() == 0, "%s", error);
    ck_assert_int_eq(plan->base, base);
    ck_assert_uint_eq(plan->hop_count, hop_count);
}

static void expect_keys(const char *key_id)
{
    expect(CREDENTIALS_BASE_KEYS, 0);
    ck_assert_str_eq(plan->lease.keys.key_id, key_id);
}

static void expect_error(const char *words)
{
    ck_assert_int_eq(make(), -1);
    ck_assert_msg(strstr(error, words) != NULL, "%s", error);
}

START_TEST(the_environment_comes_first_unless_the_settings_name_a_profile)
{
    shared = "[default]\n" KEYS("AKIASHARED") "[other]\n" KEYS("AKIAOTHER");
    expect_keys("AKIASHARED");
    set("AWS_PROFILE=other");
    expect_keys("AKIAOTHER");
    set("AWS_ACCESS_KEY_ID=AKIAENV");
    set("AWS_SECRET_ACCESS_KEY=s3");
    set("AWS_SESSION_TOKEN=t");
    set("AWS_CREDENTIAL_EXPIRATION=2026-11-22T17:13:31.5Z");
    expect_keys("AKIAENV");
    ck_assert_str_eq(plan->lease.keys.token, "t");
    ck_assert(plan->lease.has_end);
    ck_assert_int_eq(plan->lease.ends_at_ms, 1795367611500);
    ck_assert_str_eq(plan->origin, "the environment");
    of_settings = "other";
    expect_keys("AKIAOTHER");
    ck_assert(!plan->lease.has_end);
    ck_assert_str_eq(plan->lease.keys.token, "");
}
END_TEST

START_TEST(half_of_what_belongs_together_is_an_error)
{
    shared = "[default]\n" KEYS("AKIASHARED");
    set("AWS_ACCESS_KEY_ID=AKIAENV");
    expect_error("must be set together");
    variables[0] = "AWS_SECRET_ACCESS_KEY=hunter2";
    expect_error("must be set together");
    set("AWS_ACCESS_KEY_ID=AKIA\n");
    expect_error("in the environment: the access key id has a blank");
    variables[1] = "AWS_ACCESS_KEY_ID=AKIA";
    set("AWS_CREDENTIAL_EXPIRATION=soon");
    expect_error("AWS_CREDENTIAL_EXPIRATION is not a time");
    variable_count = 0;
    shared = "[default]\naws_access_key_id = A\n";
    expect_error("/s: aws_access_key_id and aws_secret_access_key must be given together");
}
END_TEST

START_TEST(a_token_may_be_called_as_it_was_at_first)
{
    set("AWS_ACCESS_KEY_ID=A");
    set("AWS_SECRET_ACCESS_KEY=s3");
    set("AWS_SECURITY_TOKEN=old");
    expect_keys("A");
    ck_assert_str_eq(plan->lease.keys.token, "old");
    set("AWS_SESSION_TOKEN=new");
    expect_keys("A");
    ck_assert_str_eq(plan->lease.keys.token, "new");
}
END_TEST

START_TEST(within_a_profile_the_order_is_web_shared_process_config)
{
    config = "[default]\n" KEYS("AKIACONFIG");
    expect_keys("AKIACONFIG");
    config = "[default]\n" KEYS("AKIACONFIG") "credential_process = /bin/keys --now\n";
    expect(CREDENTIALS_BASE_PROCESS, 0);
    ck_assert_str_eq(plan->command, "/bin/keys --now");
    shared = "[default]\n" KEYS("AKIASHARED");
    expect_keys("AKIASHARED");
    config = "[default]\nweb_identity_token_file = /t\n" ROLE("web");
    expect(CREDENTIALS_BASE_WEB, 0);
    ck_assert_str_eq(plan->token_file, "/t");
    ck_assert_str_eq(plan->web.arn, "arn:aws:iam::1:role/web");
    ck_assert_str_eq(plan->web.session_name, "regionshift-host");
}
END_TEST

START_TEST(web_identity_of_the_environment_comes_before_keys_of_files)
{
    shared = "[default]\n" KEYS("AKIASHARED");
    set("AWS_WEB_IDENTITY_TOKEN_FILE=/var/run/token");
    expect_error("set AWS_ROLE_ARN");
    set("AWS_ROLE_ARN=arn:aws:iam::1:role/pod");
    set("AWS_ROLE_SESSION_NAME=pod-7");
    expect(CREDENTIALS_BASE_WEB, 0);
    ck_assert_str_eq(plan->token_file, "/var/run/token");
    ck_assert_str_eq(plan->web.arn, "arn:aws:iam::1:role/pod");
    ck_assert_str_eq(plan->web.session_name, "pod-7");
    of_settings = "default";
    expect_keys("AKIASHARED");
    of_settings = "";
    shared = "[default]\n" ROLE("x") "source_profile = b\n[b]\n" KEYS("AKIABASE");
    expect(CREDENTIALS_BASE_KEYS, 1); /* a role of the profile comes before it */
    variables[1] = "AWS_ROLE_ARN=pod";
    shared = NULL;
    expect_error("not an ARN");
}
END_TEST

START_TEST(roles_are_assumed_from_the_source_upwards)
{
    config = "[default]\n" ROLE(
        "top") "source_profile = mid\nexternal_id = e/1\n"
               "duration_seconds = 900\nregion = eu-west-1\n"
               "[profile mid]\n" ROLE(
                   "middle") "source_profile = base\nrole_session_name = mid-name\n"
                             "region = us-east-2\n";
    shared = "[base]\n" KEYS("AKIABASE");
    expect(CREDENTIALS_BASE_KEYS, 2);
    ck_assert_str_eq(plan->lease.keys.key_id, "AKIABASE");
    ck_assert_str_eq(plan->hops[0].arn, "arn:aws:iam::1:role/middle");
    ck_assert_str_eq(plan->hops[0].session_name, "mid-name");
    ck_assert_str_eq(plan->hops[0].external_id, "");
    ck_assert_uint_eq(plan->hops[0].duration_s, 0);
    ck_assert_str_eq(plan->hops[1].arn, "arn:aws:iam::1:role/top");
    ck_assert_str_eq(plan->hops[1].external_id, "e/1");
    ck_assert_uint_eq(plan->hops[1].duration_s, 900);
    ck_assert_str_eq(plan->region, "eu-west-1");
    set("AWS_DEFAULT_REGION=ap-south-1");
    expect(CREDENTIALS_BASE_KEYS, 2);
    ck_assert_str_eq(plan->region, "ap-south-1");
    set("AWS_REGION=cn-north-1");
    expect(CREDENTIALS_BASE_KEYS, 2);
    ck_assert_str_eq(plan->region, "cn-north-1");
}
END_TEST

START_TEST(a_role_may_stand_on_what_the_surroundings_give)
{
    config = "[default]\n" ROLE("x") "credential_source = Ec2InstanceMetadata\n";
    expect(CREDENTIALS_BASE_MACHINE, 1);
    config = "[default]\n" ROLE("x") "credential_source = Environment\n";
    expect_error("AWS_ACCESS_KEY_ID is not set");
    of_settings = "default"; /* which does not hide what the profile itself names */
    set("AWS_ACCESS_KEY_ID=AKIAENV");
    set("AWS_SECRET_ACCESS_KEY=s3");
    expect(CREDENTIALS_BASE_KEYS, 1);
    config = "[default]\n" ROLE("x") "credential_source = EcsContainer\n";
    expect_error("neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/credentials/1");
    expect(CREDENTIALS_BASE_CONTAINER, 1);
    config = "[default]\n" ROLE("x") "credential_source = Moon\n";
    expect_error("credential_source: allowed are");
}
END_TEST

START_TEST(a_role_without_one_source_is_an_error)
{
    config = "[default]\n" ROLE("x");
    expect_error("neither source_profile nor credential_source");
    config = "[default]\n" ROLE("x") "source_profile = b\ncredential_source = Environment\n";
    expect_error("both source_profile and credential_source");
    config = "[default]\n" ROLE("x") "source_profile = b\n";
    expect_error("source_profile b of profile default stands neither in /s nor in /c");
    config = "[default]\n" ROLE("x") "source_profile = b\n[profile b]\nregion = x\n";
    expect_error("source_profile b of profile default has no credentials");
    config = "[default]\nrole_arn = x\nsource_profile = b\n[profile b]\n" KEYS("A");
    expect_error("not an ARN");
    config = "[default]\n" ROLE("x") "duration_seconds = 60\nsource_profile = b\n";
    expect_error("duration_seconds: allowed are 900 to 43200");
    config = "[default]\n" ROLE("x") "duration_seconds = 1h\nsource_profile = b\n";
    expect_error("duration_seconds");
    config = "[default]\n" ROLE("x") "role_session_name = a b\nsource_profile = b\n";
    expect_error("name of the role's session");
}
END_TEST

START_TEST(a_circle_of_profiles_is_seen)
{
    config = "[default]\n" ROLE("x") "source_profile = default\n";
    expect_error("source_profile default of profile default comes back to itself");
    config = "[default]\n" ROLE("x") "source_profile = b\n";
    shared = "[b]\n" ROLE("y") "source_profile = default\n";
    expect_error("source_profile default of profile b comes back to itself");
    shared = "[default]\n" ROLE("x") "source_profile = default\n" KEYS("AKIAOWN");
    config = NULL;
    expect(CREDENTIALS_BASE_KEYS, 1); /* its own keys are its source */
    ck_assert_str_eq(plan->lease.keys.key_id, "AKIAOWN");
}
END_TEST

START_TEST(roles_are_not_stacked_without_end)
{
    char text[4096];
    size_t length = 0;

    for (int i = 0; i < CREDENTIALS_HOPS_MAX; i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length,
                                   "[p%d]\n" ROLE("r%d") "source_profile = p%d\n", i, i, i + 1);
    snprintf(text + length, sizeof(text) - length, "[p%d]\n" KEYS("A"), CREDENTIALS_HOPS_MAX);
    shared = text;
    of_settings = "p0";
    expect(CREDENTIALS_BASE_KEYS, CREDENTIALS_HOPS_MAX);
    ck_assert_str_eq(plan->hops[0].arn, "arn:aws:iam::1:role/r7");
    snprintf(text + length, sizeof(text) - length,
             "[p%d]\n" ROLE("z") "source_profile = q\n[q]\n" KEYS("A"), CREDENTIALS_HOPS_MAX);
    expect_error("profile p0 is more than 8 roles deep");
}
END_TEST

START_TEST(what_takes_a_person_is_refused_with_the_reason)
{
    config = "[default]\n" ROLE("x") "source_profile = b\nmfa_serial = arn:aws:iam::1:mfa/me\n";
    expect_error("wants mfa_serial, a code that a person types");
    config = "[default]\nsso_session = me\nsso_account_id = 1\n";
    expect_error("has sso_session, by which a person signs in");
    config = "[default]\nsso_start_url = https://x\n";
    shared = "[default]\n" KEYS("A");
    expect_error("has sso_start_url");
    shared = NULL;
    config = "[default]\nlogin_session = me\n";
    expect_error("has login_session");
}
END_TEST

START_TEST(a_profile_that_is_named_must_exist)
{
    set("AWS_PROFILE=missing");
    shared = "[default]\n" KEYS("A");
    expect_error("no credentials: profile missing has no keys in /s or /c, and stands in neither");
    variables[0] = "AWS_DEFAULT_PROFILE=gone";
    expect_error("profile gone");
    config = "[profile gone]\nregion = eu-west-1\n"; /* it says nothing of credentials */
    expect(CREDENTIALS_BASE_MACHINE, 0);
    ck_assert_str_eq(plan->region, "eu-west-1");
}
END_TEST

START_TEST(without_files_the_container_and_then_the_machine_are_asked)
{
    expect(CREDENTIALS_BASE_MACHINE, 0);
    ck_assert_str_eq(plan->url, "http://169.254.169.254");
    ck_assert_ptr_nonnull(strstr(plan->tried, "AWS_ACCESS_KEY_ID is not set"));
    set("AWS_EC2_METADATA_DISABLED=TRUE");
    expect_error("AWS_EC2_METADATA_DISABLED is set");
    ck_assert_ptr_nonnull(strstr(error, "profile default has no keys in /s or /c"));
    set("AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:9/x");
    expect(CREDENTIALS_BASE_CONTAINER, 0);
    ck_assert_str_eq(plan->url, "http://127.0.0.1:9/x");
    set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/credentials/1");
    expect(CREDENTIALS_BASE_CONTAINER, 0);
    ck_assert_str_eq(plan->url, "http://169.254.170.2/v2/credentials/1");
    ck_assert_str_eq(plan->authorization, "");
    set("AWS_CONTAINER_AUTHORIZATION_TOKEN=Basic abc");
    expect(CREDENTIALS_BASE_CONTAINER, 0);
    ck_assert_str_eq(plan->authorization, "Basic abc");
    set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=/var/token");
    expect(CREDENTIALS_BASE_CONTAINER, 0);
    ck_assert_str_eq(plan->authorization, "");
    ck_assert_str_eq(plan->token_file, "/var/token");
}
END_TEST

START_TEST(a_container_is_asked_only_where_nobody_else_can_answer)
{
    static const char *const good[] = {"http://127.0.0.1/",
                                       "http://127.8.9.1:80/x?y",
                                       "http://localhost:8080/x",
                                       "http://[::1]/x",
                                       "http://169.254.170.2/x",
                                       "http://169.254.170.23/v1/credentials",
                                       "http://[fd00:ec2::23]/v1/credentials",
                                       "https://vault.example.com/x",
                                       "https://10.0.0.1"};
    static const char *const bad[] = {"http://10.0.0.1/",
                                      "http://example.com/",
                                      "http://127.0.0.1.example.com/",
                                      "http://127.0.0.1@example.com/",
                                      "http://example.com#@127.0.0.1/",
                                      "http://127.1/",
                                      "http://0x7f000001/",
                                      "http://169.254.170.20/",
                                      "http://169.254.169.254/latest",
                                      "http://localhost.example.com/",
                                      "http://[::1/x",
                                      "http://[::2]/",
                                      "http://[]/",
                                      "http://",
                                      "http:///x",
                                      "ftp://127.0.0.1/",
                                      "file:///etc/passwd",
                                      "127.0.0.1/x",
                                      "HTTP://127.0.0.1/",
                                      "http://127.0.0.1/ x",
                                      "http://127.0.0.1/\r\nX: y",
                                      "http://127.0.0.1\\@example.com/",
                                      "https://",
                                      "https://a@b/",
                                      ""};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        ck_assert_msg(credentials_url_check(good[i], error, sizeof(error)) == 0, "%s", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(credentials_url_check(bad[i], error, sizeof(error)) == -1, "%s", bad[i]);
    set("AWS_CONTAINER_CREDENTIALS_FULL_URI=http://example.com/");
    expect_error("AWS_CONTAINER_CREDENTIALS_FULL_URI: http:// goes to this machine");
    set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=@example.com/");
    expect_error("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with /");
}
END_TEST

START_TEST(a_token_that_would_break_a_header_is_refused)
{
    char *huge = calloc(1, CREDENTIALS_AUTHORIZATION_MAX + 2);

    ck_assert_int_eq(credentials_token_length("Bearer x", 8), 8);
    ck_assert_int_eq(credentials_token_length("Bearer x\r\n", 10), 8);
    ck_assert_int_eq(credentials_token_length("", 0), -1);
    ck_assert_int_eq(credentials_token_length("\n", 1), -1);
    ck_assert_int_eq(credentials_token_length("a\r\nX-Evil: 1", 12), -1);
    ck_assert_int_eq(credentials_token_length("a\0b", 3), -1);
    ck_assert_int_eq(credentials_token_length("\xc3\xa9", 2), -1);
    memset(huge, 'a', CREDENTIALS_AUTHORIZATION_MAX + 1);
    ck_assert_int_eq(credentials_token_length(huge, CREDENTIALS_AUTHORIZATION_MAX),
                     CREDENTIALS_AUTHORIZATION_MAX);
    ck_assert_int_eq(credentials_token_length(huge, CREDENTIALS_AUTHORIZATION_MAX + 1), -1);
    free(huge);
    set("AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1/");
    set("AWS_CONTAINER_AUTHORIZATION_TOKEN=a\r\nX-Evil: 1");
    expect_error("AWS_CONTAINER_AUTHORIZATION_TOKEN holds a character");
    variables[1] = "AWS_CONTAINER_AUTHORIZATION_TOKEN=a\n"; /* of a variable nothing is cut off */
    expect_error("AWS_CONTAINER_AUTHORIZATION_TOKEN holds a character");
}
END_TEST

START_TEST(the_metadata_service_may_be_elsewhere)
{
    config = "[default]\nec2_metadata_service_endpoint_mode = ipv6\n";
    expect(CREDENTIALS_BASE_MACHINE, 0);
    ck_assert_str_eq(plan->url, "http://[fd00:ec2::254]");
    set("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv4");
    expect(CREDENTIALS_BASE_MACHINE, 0);
    ck_assert_str_eq(plan->url, "http://169.254.169.254");
    config = "[default]\nec2_metadata_service_endpoint = http://of-profile\n";
    expect(CREDENTIALS_BASE_MACHINE, 0);
    ck_assert_str_eq(plan->url, "http://of-profile");
    set("AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1338//");
    expect(CREDENTIALS_BASE_MACHINE, 0);
    ck_assert_str_eq(plan->url, "http://127.0.0.1:1338");
    variables[1] = "AWS_EC2_METADATA_SERVICE_ENDPOINT=127.0.0.1";
    expect_error("AWS_EC2_METADATA_SERVICE_ENDPOINT is not a URL");
    config = NULL;
    variable_count = 0;
    set("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv5");
    expect_error("neither IPv4 nor IPv6");
}
END_TEST

START_TEST(files_are_needed_unless_the_environment_says_it_all)
{
    struct credentials_world world = {.variable = variable, .profile = ""};

    ck_assert(credentials_plan_needs_files(&world));
    set("AWS_ACCESS_KEY_ID=A");
    ck_assert(!credentials_plan_needs_files(&world));
    world.profile = "x";
    ck_assert(credentials_plan_needs_files(&world));
}
END_TEST

START_TEST(what_people_wrote_is_escaped_in_errors)
{
    config = "[default]\n" ROLE("x") "source_profile = b\xc3\xa9\n";
    expect_error("source_profile b\\xc3\\xa9 of");
    shared = "[default\n";
    expect_error("/s: line 1: a section without its ]");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("credentials_plan");
    TCase *tcase = tcase_create("credentials_plan");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, the_environment_comes_first_unless_the_settings_name_a_profile);
    tcase_add_test(tcase, half_of_what_belongs_together_is_an_error);
    tcase_add_test(tcase, a_token_may_be_called_as_it_was_at_first);
    tcase_add_test(tcase, within_a_profile_the_order_is_web_shared_process_config);
    tcase_add_test(tcase, web_identity_of_the_environment_comes_before_keys_of_files);
    tcase_add_test(tcase, roles_are_assumed_from_the_source_upwards);
    tcase_add_test(tcase, a_role_may_stand_on_what_the_surroundings_give);
    tcase_add_test(tcase, a_role_without_one_source_is_an_error);
    tcase_add_test(tcase, a_circle_of_profiles_is_seen);
    tcase_add_test(tcase, roles_are_not_stacked_without_end);
    tcase_add_test(tcase, what_takes_a_person_is_refused_with_the_reason);
    tcase_add_test(tcase, a_profile_that_is_named_must_exist);
    tcase_add_test(tcase, without_files_the_container_and_then_the_machine_are_asked);
    tcase_add_test(tcase, a_container_is_asked_only_where_nobody_else_can_answer);
    tcase_add_test(tcase, a_token_that_would_break_a_header_is_refused);
    tcase_add_test(tcase, the_metadata_service_may_be_elsewhere);
    tcase_add_test(tcase, files_are_needed_unless_the_environment_says_it_all);
    tcase_add_test(tcase, what_people_wrote_is_escaped_in_errors);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
