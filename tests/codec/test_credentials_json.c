/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials as JSON: of a process, of a container, of the machine. Whatever else arrives is told
 * by its field, and no secret is ever in what is told. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "credentials_json.h"

#define KEYS "\"AccessKeyId\":\"ASIAONE\",\"SecretAccessKey\":\"hunter2\""
#define MACHINE                                                                                    \
    "{\"Code\":\"Success\",\"LastUpdated\":\"2026-11-22T16:00:00Z\",\"Type\":\"AWS-HMAC\"," KEYS   \
    ",\"Token\":\"to/ken==\",\"Expiration\":\"2026-11-22T22:13:31Z\"}"
#define CONTAINER                                                                                  \
    "{\"RoleArn\":\"arn\",\"AccountId\":\"1\"," KEYS                                               \
    ",\"Token\":\"to/ken==\",\"Expiration\":\"2026-11-22T17:13:31.25Z\"}"
#define PROCESS "{\"Version\":1," KEYS "}"

static struct credentials_lease lease;
static char error[512];

static int read_as(enum credentials_form form, const char *text)
{
    error[0] = '\0';
    return credentials_json_read(text, strlen(text), form, &lease, error, sizeof(error));
}

static void expect(enum credentials_form form, const char *text, const char *words)
{
    memset(&lease, 0, sizeof(lease));
    ck_assert_msg(read_as(form, text) == -1, "%s", text);
    ck_assert_msg(strstr(error, words) != NULL, "%s: %s", text, error);
    ck_assert_msg(strstr(error, "hunter2") == NULL, "%s", error);
    ck_assert_str_eq(lease.keys.secret, "");
}

START_TEST(each_form_gives_its_credentials_and_their_end)
{
    ck_assert_msg(read_as(CREDENTIALS_OF_MACHINE, MACHINE) == 0, "%s", error);
    ck_assert_str_eq(lease.keys.key_id, "ASIAONE");
    ck_assert_str_eq(lease.keys.secret, "hunter2");
    ck_assert_str_eq(lease.keys.token, "to/ken==");
    ck_assert(lease.has_end);
    ck_assert_int_eq(lease.ends_at_ms, 1795385611000);
    ck_assert_msg(read_as(CREDENTIALS_OF_CONTAINER, CONTAINER) == 0, "%s", error);
    ck_assert_int_eq(lease.ends_at_ms, 1795367611250);
    ck_assert_msg(read_as(CREDENTIALS_OF_PROCESS, PROCESS) == 0, "%s", error);
    ck_assert(!lease.has_end);
    ck_assert_str_eq(lease.keys.token, "");
}
END_TEST

START_TEST(a_process_may_say_more_or_leave_it_out)
{
    ck_assert_int_eq(read_as(CREDENTIALS_OF_PROCESS,
                             " {\n\"Version\": 1, " KEYS ", \"SessionToken\": \"t\","
                             "\"Expiration\":\"2026-11-22T18:13:31+01:00\",\"AccountId\":\"1\"}\n"),
                     0);
    ck_assert_str_eq(lease.keys.token, "t");
    ck_assert_int_eq(lease.ends_at_ms, 1795367611000);
    ck_assert_int_eq(read_as(CREDENTIALS_OF_PROCESS,
                             "{\"Version\":1," KEYS ",\"SessionToken\":null,"
                             "\"Expiration\":null}"),
                     0);
    ck_assert(!lease.has_end);
    ck_assert_int_eq(
        read_as(CREDENTIALS_OF_PROCESS, "{\"Version\":1," KEYS ",\"SessionToken\":\"\"}"), 0);
}
END_TEST

START_TEST(what_has_expired_is_read_all_the_same)
{
    ck_assert_int_eq(read_as(CREDENTIALS_OF_CONTAINER,
                             "{" KEYS ",\"Token\":\"t\",\"Expiration\":\"1999-12-31T23:59:59Z\"}"),
                     0);
    ck_assert_int_eq(lease.ends_at_ms, 946684799000);
}
END_TEST

START_TEST(an_error_document_of_the_machine_is_told_in_its_own_words)
{
    expect(CREDENTIALS_OF_MACHINE,
           "{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"EC2 cannot assume\\u0007 x\"}",
           "AssumeRoleUnauthorizedAccess: EC2 cannot assume\\x07 x");
    expect(CREDENTIALS_OF_MACHINE, "{\"Code\":\"Failed\"," KEYS "}", "Code: not Success: Failed");
    expect(CREDENTIALS_OF_MACHINE, "{\"Code\":7," KEYS "}", "Code: not Success");
    expect(CREDENTIALS_OF_MACHINE, "{" KEYS ",\"Token\":\"t\"}", "Code: not Success");
}
END_TEST

START_TEST(what_is_missing_or_of_another_type_is_told_by_its_name)
{
    expect(CREDENTIALS_OF_PROCESS, "{" KEYS "}", "Version: missing");
    expect(CREDENTIALS_OF_PROCESS, "{\"Version\":2," KEYS "}", "Version: 2, and 1 is known");
    expect(CREDENTIALS_OF_PROCESS, "{\"Version\":\"1\"," KEYS "}", "Version: not a whole number");
    expect(CREDENTIALS_OF_PROCESS, "{\"Version\":1,\"AccessKeyId\":\"A\"}",
           "SecretAccessKey: missing");
    expect(CREDENTIALS_OF_PROCESS, "{\"Version\":1,\"SecretAccessKey\":\"hunter2\"}",
           "AccessKeyId: missing");
    expect(CREDENTIALS_OF_PROCESS, "{\"Version\":1," KEYS ",\"SessionToken\":3}",
           "SessionToken: not a string");
    expect(CREDENTIALS_OF_PROCESS, "{\"Version\":1," KEYS ",\"Expiration\":\"soon\"}",
           "Expiration: not a time");
    expect(CREDENTIALS_OF_PROCESS, "{\"Version\":1," KEYS ",\"Expiration\":1795367611}",
           "Expiration: not a string");
    expect(CREDENTIALS_OF_PROCESS,
           "{\"Version\":1,\"AccessKeyId\":\"\",\"SecretAccessKey\":\"hunter2\"}", "empty field");
    expect(CREDENTIALS_OF_CONTAINER, "{" KEYS ",\"Expiration\":\"2026-11-22T17:13:31Z\"}",
           "Token: missing");
    expect(CREDENTIALS_OF_CONTAINER,
           "{" KEYS ",\"Token\":\"\",\"Expiration\":\"2026-11-22T17:13:31Z\"}", "empty field");
    expect(CREDENTIALS_OF_CONTAINER, "{" KEYS ",\"Token\":\"t\"}", "Expiration: missing");
    expect(CREDENTIALS_OF_CONTAINER, "{\"accesskeyid\":\"A\",\"SecretAccessKey\":\"hunter2\"}",
           "AccessKeyId: missing");
    expect(CREDENTIALS_OF_CONTAINER, "{\"AccessKeyId\":[\"A\"],\"SecretAccessKey\":\"hunter2\"}",
           "AccessKeyId: not a string");
    expect(CREDENTIALS_OF_CONTAINER,
           "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\\r\\nX: y\",\"Token\":\"t\","
           "\"Expiration\":\"2026-11-22T17:13:31Z\"}",
           "the secret access key has a blank");
}
END_TEST

START_TEST(what_is_no_json_object_is_told_without_quoting_it)
{
    static const char *const texts[] = {"",
                                        "hunter2",
                                        "\"hunter2\"",
                                        "[]",
                                        "null",
                                        "42",
                                        "{\"SecretAccessKey\":\"hunter2\",}",
                                        "{\"SecretAccessKey\":\"hunter2\"",
                                        "{\"SecretAccessKey\":hunter2}",
                                        PROCESS " hunter2",
                                        "<html>hunter2</html>",
                                        "{\"Version\":1,\"Version\":1," KEYS "}",
                                        "{\"Version\":1," KEYS ",\"AccessKeyId\":\"hunter2\"}",
                                        "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":"
                                        "\"hunter2\\u0000\"}",
                                        "{\"Version\":1," KEYS ",\"SessionToken\":\"\xff\"}"};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        expect(CREDENTIALS_OF_PROCESS, texts[i], "");
    ck_assert_int_eq(credentials_json_read(PROCESS "\0", sizeof(PROCESS), CREDENTIALS_OF_PROCESS,
                                           &lease, error, sizeof(error)),
                     -1);
}
END_TEST

START_TEST(what_is_too_large_is_refused)
{
    size_t size = CREDENTIALS_JSON_MAX + 100;
    char *text = malloc(size);

    snprintf(text, size, "{\"Version\":1," KEYS ",\"SessionToken\":\"%0*d\"}",
             CREDENTIALS_TOKEN_MAX, 0);
    ck_assert_int_eq(read_as(CREDENTIALS_OF_PROCESS, text), 0);
    snprintf(text, size, "{\"Version\":1," KEYS ",\"SessionToken\":\"%0*d\"}",
             CREDENTIALS_TOKEN_MAX + 1, 0);
    expect(CREDENTIALS_OF_PROCESS, text, "SessionToken: 16385 bytes, at most 16384");
    snprintf(text, size, PROCESS "%*s", CREDENTIALS_JSON_MAX, "");
    expect(CREDENTIALS_OF_PROCESS, text, "more than 65536 bytes");
    free(text);
}
END_TEST

START_TEST(no_beginning_of_a_document_gives_credentials)
{
    for (size_t length = 0; length < strlen(MACHINE); length++) {
        char *part = malloc(length + 1); /* its own memory: a byte too far is seen */

        memcpy(part, MACHINE, length);
        ck_assert_int_eq(credentials_json_read(part, length, CREDENTIALS_OF_MACHINE, &lease, error,
                                               sizeof(error)),
                         -1);
        free(part);
    }
}
END_TEST

static const char *refusal(const char *text)
{
    static char words[128];

    credentials_json_refusal(text, strlen(text), words, sizeof(words));
    return words;
}

START_TEST(a_refusal_says_its_code_and_message)
{
    ck_assert_str_eq(refusal("{\"code\":\"NoRole\",\"message\":\"none\\n\"}"), "NoRole: none\\x0a");
    ck_assert_str_eq(refusal("{\"Message\":\"x\"}"), "x");
    ck_assert_str_eq(refusal("{\"Code\":7}"), "");
    ck_assert_str_eq(refusal("<html>"), "");
    ck_assert_str_eq(refusal("[]"), "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("credentials_json");
    TCase *tcase = tcase_create("credentials_json");

    tcase_add_test(tcase, each_form_gives_its_credentials_and_their_end);
    tcase_add_test(tcase, a_process_may_say_more_or_leave_it_out);
    tcase_add_test(tcase, what_has_expired_is_read_all_the_same);
    tcase_add_test(tcase, an_error_document_of_the_machine_is_told_in_its_own_words);
    tcase_add_test(tcase, what_is_missing_or_of_another_type_is_told_by_its_name);
    tcase_add_test(tcase, what_is_no_json_object_is_told_without_quoting_it);
    tcase_add_test(tcase, what_is_too_large_is_refused);
    tcase_add_test(tcase, no_beginning_of_a_document_gives_credentials);
    tcase_add_test(tcase, a_refusal_says_its_code_and_message);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
