/* SPDX-License-Identifier: Apache-2.0 */
/* AWS's two files, as people write them. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "../lib/suite.h"
#include "credentials_file.h"

static struct credentials_profile profile;
static char error[256];

static int read_as(enum credentials_file_kind kind, const char *name, const char *text)
{
    error[0] = '\0';
    return credentials_file_read(text, strlen(text), kind, name, &profile, error, sizeof(error));
}

static int read_shared(const char *name, const char *text)
{
    return read_as(CREDENTIALS_FILE_SHARED, name, text);
}

START_TEST(a_profile_of_the_shared_file_gives_its_keys)
{
    static const char text[] = "# made by hand\r\n"
                               "[default]\r\n"
                               "aws_access_key_id = AKIADEFAULT\r\n"
                               "aws_secret_access_key=de/fault+key\r\n"
                               "\r\n"
                               "[ failover ]\n"
                               "; the robot's\n"
                               "AWS_Access_Key_Id=AKIAFAILOVER   # of the robot\n"
                               "aws_secret_access_key =   fail/over+key=;# \n"
                               "aws_session_token = to/ken==\n"
                               "region = us-east-1";

    ck_assert_int_eq(read_shared("failover", text), 0);
    ck_assert(profile.is_present);
    ck_assert(profile.has_keys);
    ck_assert_str_eq(profile.keys.key_id, "AKIAFAILOVER");
    ck_assert_str_eq(profile.keys.secret, "fail/over+key=;#");
    ck_assert_str_eq(profile.keys.token, "to/ken==");
    ck_assert_int_eq(read_shared("default", text), 0);
    ck_assert_str_eq(profile.keys.key_id, "AKIADEFAULT");
    ck_assert_str_eq(profile.keys.secret, "de/fault+key");
    ck_assert_str_eq(profile.keys.token, "");
}
END_TEST

START_TEST(a_profile_of_the_config_file_has_the_word_before_its_name)
{
    static const char text[] = "[default]\nregion = x\n[profile \"two words\"]\n"
                               "aws_access_key_id = A\naws_secret_access_key = B\n"
                               "[plain]\naws_access_key_id = C\naws_secret_access_key = D\n"
                               "[services failover]\nroute_53 =\n  endpoint_url = http://x\n"
                               "[profile default]\naws_access_key_id = E\n"
                               "aws_secret_access_key = F\n";

    ck_assert_int_eq(read_as(CREDENTIALS_FILE_CONFIG, "two words", text), 0);
    ck_assert_str_eq(profile.keys.key_id, "A");
    ck_assert_int_eq(read_as(CREDENTIALS_FILE_CONFIG, "default", text), 0);
    ck_assert_str_eq(profile.keys.key_id, "E");
    ck_assert_int_eq(read_as(CREDENTIALS_FILE_CONFIG, "plain", text), 0);
    ck_assert(!profile.is_present);
    ck_assert_int_eq(read_as(CREDENTIALS_FILE_CONFIG, "failover", text), 0);
    ck_assert(!profile.is_present);
}
END_TEST

START_TEST(a_profile_without_keys_and_a_file_without_the_profile_differ)
{
    ck_assert_int_eq(read_shared("a", "[a]\nregion = x\n"), 0);
    ck_assert(profile.is_present && !profile.has_keys);
    ck_assert_int_eq(read_shared("b", "[a]\nregion = x\n"), 0);
    ck_assert(!profile.is_present && !profile.has_keys);
    ck_assert_int_eq(read_shared("a", ""), 0);
    ck_assert(!profile.is_present);
}
END_TEST

START_TEST(a_profile_may_say_other_ways_to_credentials)
{
    ck_assert_int_eq(
        read_shared("a",
                    "[a]\nRole_ARN = arn:aws:iam::1:role/x\nsource_profile = b\n"
                    "external_id = pizza/42\nduration_seconds = 900\nrole_session_name = rs\n"
                    "credential_process = \"/opt/a b/c\" --x  # of the vault\nregion = eu-west-1\n"
                    "[b]\ncredential_source = Ec2InstanceMetadata\nmfa_serial = m\n"
                    "web_identity_token_file = /var/t\xc3\xb6ken\n"
                    "ec2_metadata_service_endpoint = http://[::1]/\n"
                    "ec2_metadata_service_endpoint_mode = IPv6\nsso_session = me\n"),
        0);
    ck_assert_str_eq(profile.role_arn, "arn:aws:iam::1:role/x");
    ck_assert_str_eq(profile.source_profile, "b");
    ck_assert_str_eq(profile.external_id, "pizza/42");
    ck_assert_str_eq(profile.duration_seconds, "900");
    ck_assert_str_eq(profile.role_session_name, "rs");
    ck_assert_str_eq(profile.credential_process, "\"/opt/a b/c\" --x");
    ck_assert_str_eq(profile.region, "eu-west-1");
    ck_assert_str_eq(profile.mfa_serial, "");
    ck_assert_ptr_null(profile.person);
}
END_TEST

START_TEST(a_key_of_people_is_told)
{
    ck_assert_int_eq(read_shared("b", "[a]\nrole_arn = x\n[b]\nmfa_serial = m\nsso_session = me\n"
                                      "credential_source = Ec2InstanceMetadata\n"
                                      "web_identity_token_file = /var/t\xc3\xb6ken\n"
                                      "ec2_metadata_service_endpoint = http://[::1]/\n"
                                      "ec2_metadata_service_endpoint_mode = IPv6\n"),
                     0);
    ck_assert_str_eq(profile.role_arn, "");
    ck_assert_str_eq(profile.mfa_serial, "m");
    ck_assert_str_eq(profile.person, "sso_session");
    ck_assert_str_eq(profile.credential_source, "Ec2InstanceMetadata");
    ck_assert_str_eq(profile.web_identity_token_file, "/var/t\xc3\xb6ken");
    ck_assert_str_eq(profile.imds_endpoint, "http://[::1]/");
    ck_assert_str_eq(profile.imds_mode, "IPv6");
}
END_TEST

START_TEST(a_token_may_be_called_as_it_was_at_first)
{
    ck_assert_int_eq(read_shared("a", "[a]\naws_access_key_id = A\naws_secret_access_key = B\n"
                                      "aws_security_token = old\n"),
                     0);
    ck_assert_str_eq(profile.keys.token, "old");
    ck_assert_int_eq(read_shared("a", "[a]\naws_access_key_id = A\naws_secret_access_key = B\n"
                                      "aws_security_token = old\naws_session_token = new\n"),
                     0);
    ck_assert_str_eq(profile.keys.token, "new");
}
END_TEST

START_TEST(a_text_over_its_limit_and_one_given_twice_are_told_by_name)
{
    char text[CREDENTIALS_ARN_MAX + 64];

    snprintf(text, sizeof(text), "[a]\nrole_arn = %0*d\n", CREDENTIALS_ARN_MAX, 0);
    ck_assert_int_eq(read_shared("a", text), 0);
    ck_assert_uint_eq(strlen(profile.role_arn), CREDENTIALS_ARN_MAX);
    snprintf(text, sizeof(text), "[a]\nrole_arn = %0*d\n", CREDENTIALS_ARN_MAX + 1, 0);
    ck_assert_int_eq(read_shared("a", text), -1);
    ck_assert_str_eq(error, "line 2: role_arn has 2049 characters, at most 2048 are allowed");
    ck_assert_int_eq(read_shared("b", text), 0); /* it is not our profile's */
    ck_assert_int_eq(read_shared("a", "[a]\nregion = x\n[a]\nregion = x\n"), -1);
    ck_assert_str_eq(error, "line 4: region was given before");
    ck_assert_int_eq(read_shared("a", "[a]\nregion = x\x01\n"), -1);
    ck_assert_str_eq(error, "line 2: region has a character that is not printable");
}
END_TEST

START_TEST(nested_properties_do_not_count_as_the_profiles_own)
{
    ck_assert_int_eq(read_shared("a", "[a]\ns3 =\n  aws_access_key_id = X\n"
                                      "\taws_secret_access_key = Y\naws_access_key_id = A\n"
                                      "aws_secret_access_key = B\n"),
                     0);
    ck_assert_str_eq(profile.keys.key_id, "A");
}
END_TEST

START_TEST(what_cannot_be_read_is_told_by_its_line_and_never_quoted)
{
    static const struct {
        const char *text;
        const char *words;
    } cases[] = {
        {"aws_access_key_id = SECRET\n", "line 1: a property before the first section"},
        {"[a]\n\n[SECRET\n", "line 3: a section without its ]"},
        {"[]\n", "line 1: a section without a name"},
        {"[a]\nSECRET\n", "line 2: neither a section"},
        {"[a]\n= SECRET\n", "line 2: a value without its key"},
        {"[a]\naws_access_key_id = SECRET\naws_access_key_id = SECRET\n", "line 3: a credential"},
        {"[a]\naws_access_key_id = SECRET\n", "must be given together"},
        {"[a]\naws_secret_access_key = SECRET\n", "must be given together"},
        {"[a]\naws_access_key_id = SECRET\naws_secret_access_key =\n", "must be given together"},
        {"[a]\naws_access_key_id = A\naws_secret_access_key = SEC RET\n", "has a blank"},
        {"[a]\naws_access_key_id = A\naws_secret_access_key = SECRET\xc3\xa9\n", "has a blank"},
        {"[a]\naws_access_key_id = A\x01SECRET\naws_secret_access_key = B\n", "has a blank"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ck_assert_int_eq(read_shared("a", cases[i].text), -1);
        ck_assert_msg(strstr(error, cases[i].words) != NULL, "%zu: %s", i, error);
        ck_assert_msg(strstr(error, "SEC") == NULL, "%s", error);
        ck_assert_str_eq(profile.keys.secret, "");
    }
    ck_assert_int_eq(credentials_file_read("[a]\nb\0c = d\n", 12, CREDENTIALS_FILE_SHARED, "a",
                                           &profile, error, sizeof(error)),
                     -1);
}
END_TEST

START_TEST(every_limit_holds_exactly)
{
    static char text[CREDENTIALS_FILE_MAX + 2];
    static char value[CREDENTIALS_TOKEN_MAX + 2];
    char words[128];

    memset(value, 'v', CREDENTIALS_SECRET_MAX);
    ck_assert_int_eq(credentials_set(&profile.keys, "A", value, NULL, words, sizeof(words)), 0);
    value[CREDENTIALS_SECRET_MAX] = 'v';
    ck_assert_int_eq(credentials_set(&profile.keys, "A", value, NULL, words, sizeof(words)), -1);
    ck_assert_str_eq(words, "the secret access key has 257 characters, at most 256 are allowed");
    memset(value, 'v', CREDENTIALS_TOKEN_MAX);
    ck_assert_int_eq(credentials_set(&profile.keys, "A", "B", value, words, sizeof(words)), 0);
    value[CREDENTIALS_TOKEN_MAX] = 'v';
    ck_assert_int_eq(credentials_set(&profile.keys, "A", "B", value, words, sizeof(words)), -1);

    memset(text, '\n', CREDENTIALS_FILE_MAX);
    ck_assert_int_eq(read_shared("a", text), 0);
    text[CREDENTIALS_FILE_MAX] = '\n';
    ck_assert_int_eq(read_shared("a", text), -1);
    memset(text, 'x', CREDENTIALS_FILE_MAX);
    text[CREDENTIALS_FILE_MAX] = '\0';
    memcpy(text, "[a]\nk=", 6);
    text[4 + CREDENTIALS_LINE_MAX] = '\n';
    text[5 + CREDENTIALS_LINE_MAX] = '\0';
    ck_assert_int_eq(read_shared("a", text), 0);
    text[4 + CREDENTIALS_LINE_MAX] = 'x';
    ck_assert_int_eq(read_shared("a", text), -1);
}
END_TEST

/* Every file cut at every byte, and with every byte replaced: read or refused, no harm. */
START_TEST(cut_and_spoiled_files_do_no_harm)
{
    static const char whole[] = "[default]\n# x\naws_access_key_id = A\naws_secret_access_key = B\n"
                                "aws_session_token = C\n[profile b]\ns3 =\n x = y\n";
    static const char bytes[] = {'\0', '\n', '[', ']', '=', '#', ' ', '\r', '\xff'};
    char text[sizeof(whole)];

    for (size_t at = 0; at < strlen(whole); at++) {
        credentials_file_read(whole, at, CREDENTIALS_FILE_SHARED, "default", &profile, error,
                              sizeof(error));
        for (size_t i = 0; i < sizeof(bytes); i++) {
            memcpy(text, whole, sizeof(whole));
            text[at] = bytes[i];
            credentials_file_read(text, strlen(whole), CREDENTIALS_FILE_CONFIG, "default", &profile,
                                  error, sizeof(error));
        }
    }
    ck_assert_int_eq(read_shared("default", whole), 0);
    ck_assert(profile.has_keys);
}
END_TEST

START_TEST(a_mark_before_the_text_is_passed_over)
{
    ck_assert_int_eq(read_shared("a", "\xef\xbb\xbf[a]\naws_access_key_id = A\n"
                                      "aws_secret_access_key = B\n"),
                     0);
    ck_assert(profile.has_keys);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("credentials_file");
    TCase *tcase = tcase_create("credentials_file");

    tcase_add_test(tcase, a_profile_of_the_shared_file_gives_its_keys);
    tcase_add_test(tcase, a_profile_of_the_config_file_has_the_word_before_its_name);
    tcase_add_test(tcase, a_profile_without_keys_and_a_file_without_the_profile_differ);
    tcase_add_test(tcase, a_profile_may_say_other_ways_to_credentials);
    tcase_add_test(tcase, a_key_of_people_is_told);
    tcase_add_test(tcase, a_token_may_be_called_as_it_was_at_first);
    tcase_add_test(tcase, a_text_over_its_limit_and_one_given_twice_are_told_by_name);
    tcase_add_test(tcase, nested_properties_do_not_count_as_the_profiles_own);
    tcase_add_test(tcase, what_cannot_be_read_is_told_by_its_line_and_never_quoted);
    tcase_add_test(tcase, every_limit_holds_exactly);
    tcase_add_test(tcase, cut_and_spoiled_files_do_no_harm);
    tcase_add_test(tcase, a_mark_before_the_text_is_passed_over);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
