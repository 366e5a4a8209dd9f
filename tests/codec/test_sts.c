/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of STS, and what it may answer. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "sts.h"

#define CREDENTIALS                                                                                \
    "<Credentials><AccessKeyId>ASIAONE</AccessKeyId><SecretAccessKey>hunter2</SecretAccessKey>"    \
    "<SessionToken>to/ken==</SessionToken><Expiration>2026-11-22T17:13:31Z</Expiration>"           \
    "</Credentials>"
#define NAMESPACE "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\""
#define ANSWER                                                                                     \
    "<?xml version=\"1.0\"?>\n<AssumeRoleResponse " NAMESPACE ">\n <AssumeRoleResult>\n"           \
    "<AssumedRoleUser><Arn>a</Arn></AssumedRoleUser>" CREDENTIALS                                  \
    "</AssumeRoleResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>"             \
    "</AssumeRoleResponse>"

static struct credentials_lease lease;
static char error[256];

static int read_text(const char *text)
{
    error[0] = '\0';
    return sts_read(text, strlen(text), &lease, error, sizeof(error));
}

static void expect(const char *text, const char *words)
{
    memset(&lease, 0, sizeof(lease));
    ck_assert_msg(read_text(text) == -1, "%s", text);
    ck_assert_msg(strstr(error, words) != NULL, "%s: %s", text, error);
    ck_assert_ptr_null(strstr(error, "hunter2"));
    ck_assert_str_eq(lease.keys.secret, "");
}

START_TEST(both_answers_give_credentials)
{
    ck_assert_msg(read_text(ANSWER) == 0, "%s", error);
    ck_assert_str_eq(lease.keys.key_id, "ASIAONE");
    ck_assert_str_eq(lease.keys.secret, "hunter2");
    ck_assert_str_eq(lease.keys.token, "to/ken==");
    ck_assert(lease.has_end);
    ck_assert_int_eq(lease.ends_at_ms, 1795367611000);
    ck_assert_int_eq(
        read_text("<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult>"
                  "<Audience>x</Audience>" CREDENTIALS "</AssumeRoleWithWebIdentityResult>"
                  "</AssumeRoleWithWebIdentityResponse>"),
        0);
}
END_TEST

#define PARTS(parts)                                                                               \
    "<AssumeRoleResponse><AssumeRoleResult><Credentials>" parts                                    \
    "</Credentials></AssumeRoleResult></AssumeRoleResponse>"
#define KEY "<AccessKeyId>A</AccessKeyId>"
#define SECRET "<SecretAccessKey>hunter2</SecretAccessKey>"
#define TOKEN "<SessionToken>t</SessionToken>"
#define END "<Expiration>2026-11-22T17:13:31.5Z</Expiration>"

START_TEST(an_answer_that_is_another_is_told_without_its_secrets)
{
    ck_assert_int_eq(read_text(PARTS(KEY SECRET TOKEN END)), 0);
    ck_assert_int_eq(lease.ends_at_ms, 1795367611500);
    expect("", "XML");
    expect("{\"hunter2\":1}", "XML");
    expect("<html>hunter2</html>", "no Credentials");
    expect("<AssumeRoleResponse/>", "no Credentials");
    expect("<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>", "no Credentials");
    expect("<AssumeRoleResponse>" CREDENTIALS "</AssumeRoleResponse>", "no Credentials");
    expect("<AssumeRoleResponse><AssumeRoleWithWebIdentityResult>" CREDENTIALS
           "</AssumeRoleWithWebIdentityResult></AssumeRoleResponse>",
           "no Credentials");
    expect(PARTS(SECRET TOKEN END), "not one each");
    expect(PARTS(KEY TOKEN END), "not one each");
    expect(PARTS(KEY SECRET END), "not one each");
    expect(PARTS(KEY SECRET TOKEN), "not one each");
    expect(PARTS(KEY KEY SECRET TOKEN END), "not one each");
    expect(PARTS(KEY SECRET SECRET TOKEN END), "not one each");
    expect(PARTS(KEY SECRET TOKEN END END), "not one each");
    expect(PARTS("<AccessKeyId/>" SECRET TOKEN END), "not one each");
    expect(PARTS("<AccessKeyId><x/></AccessKeyId>" SECRET TOKEN END), "not one each");
    expect(PARTS(KEY SECRET TOKEN "<Expiration>soon</Expiration>"), "Expiration is not a time");
    expect(PARTS("<AccessKeyId>A&#10;B</AccessKeyId>" SECRET TOKEN END), "has a blank");
    expect("<!DOCTYPE x [<!ENTITY e \"hunter2\">]>" ANSWER, "DOCTYPE");
}
END_TEST

START_TEST(no_beginning_of_an_answer_gives_credentials)
{
    for (size_t length = 0; length < strlen(ANSWER); length++) {
        char *part = malloc(length + 1);

        memcpy(part, ANSWER, length);
        ck_assert_int_eq(sts_read(part, length, &lease, error, sizeof(error)), -1);
        free(part);
    }
}
END_TEST

START_TEST(what_is_asked_is_encoded)
{
    struct sts_role role = {.arn = "arn:aws:iam::123456789012:role/x+y",
                            .external_id = "a b&c=d/\xc3\xa9",
                            .session_name = "rs@host",
                            .duration_s = 900};
    struct buffer body;

    buffer_init(&body, STS_BODY_MAX);
    sts_write_assume_role(&body, &role);
    ck_assert_str_eq(buffer_text(&body), "Action=AssumeRole&Version=2011-06-15"
                                         "&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fx%2By"
                                         "&RoleSessionName=rs%40host&DurationSeconds=900"
                                         "&ExternalId=a%20b%26c%3Dd%2F%C3%A9");
    buffer_reset(&body);
    role.duration_s = 0;
    sts_write_web_identity(&body, &role, "eyJ.e30.sig-_");
    ck_assert_str_eq(buffer_text(&body),
                     "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
                     "&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fx%2By"
                     "&RoleSessionName=rs%40host&WebIdentityToken=eyJ.e30.sig-_");
    buffer_clear(&body);
}
END_TEST

static const char *complaint(const char *arn, const char *session_name, unsigned duration_s)
{
    struct sts_role role = {arn, "", session_name, duration_s};

    error[0] = '\0';
    ck_assert_int_eq(sts_check_role(&role, error, sizeof(error)), error[0] == '\0' ? 0 : -1);
    return error;
}

START_TEST(what_sts_would_refuse_is_not_asked)
{
    char long_name[CREDENTIALS_SESSION_MAX + 2] = "";

    memset(long_name, 'x', CREDENTIALS_SESSION_MAX);
    ck_assert_str_eq(complaint("arn:aws:iam::1:role/x", "r_s+=,.@-9", 0), "");
    ck_assert_str_eq(complaint("arn:aws-cn:iam::1:role/x", long_name, 43200), "");
    long_name[CREDENTIALS_SESSION_MAX] = 'x';
    ck_assert_ptr_nonnull(strstr(complaint("role/x", "rs", 0), "not an ARN"));
    ck_assert_ptr_nonnull(strstr(complaint("arn:", "r", 0), "2 to 64"));
    ck_assert_ptr_nonnull(strstr(complaint("arn:", long_name, 0), "2 to 64"));
    ck_assert_ptr_nonnull(strstr(complaint("arn:", "a b", 0), "2 to 64"));
    ck_assert_ptr_nonnull(strstr(complaint("arn:", "a~b", 0), "2 to 64"));
    ck_assert_ptr_nonnull(strstr(complaint("arn:", "rs", 899), "900 to 43200"));
    ck_assert_ptr_nonnull(strstr(complaint("arn:", "rs", 43201), "900 to 43200"));
}
END_TEST

START_TEST(a_refusal_says_what_to_do)
{
    static const struct {
        int status;
        enum sts_refusal refusal;
        const char *code;
    } cases[] = {
        {400, STS_TOKEN, "ExpiredTokenException"},
        {400, STS_TOKEN, "InvalidIdentityToken"},
        {400, STS_LATER, "IDPCommunicationError"},
        {403, STS_FINAL, "IDPRejectedClaim"},
        {403, STS_FINAL, "RegionDisabledException"},
        {403, STS_FINAL, "AccessDenied"},
        {400, STS_LATER, "Throttling"},
        {403, STS_CLOCK, "SignatureDoesNotMatch"},
        {500, STS_LATER, "InternalFailure"},
        {503, STS_LATER, "SomethingNew"},
        {429, STS_LATER, "SomethingNew"},
        {400, STS_FINAL, "ValidationError"},
        {403, STS_KEYS, "ExpiredToken"},
        {403, STS_KEYS, "InvalidClientTokenId"},
    };
    char body[512];
    char words[256];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(body, sizeof(body),
                 "<ErrorResponse " NAMESPACE "><Error><Type>Sender</Type><Code>%s</Code>"
                 "<Message>why\n</Message></Error><RequestId>r</RequestId></ErrorResponse>",
                 cases[i].code);
        ck_assert_int_eq(
            sts_read_refusal(cases[i].status, body, strlen(body), words, sizeof(words)),
            cases[i].refusal);
        snprintf(body, sizeof(body), "%s: why\\x0a", cases[i].code);
        ck_assert_str_eq(words, body);
    }
    ck_assert_int_eq(sts_read_refusal(502, "<html>", 6, words, sizeof(words)), STS_LATER);
    ck_assert_str_eq(words, "HTTP 502");
    ck_assert_int_eq(sts_read_refusal(403, "", 0, words, sizeof(words)), STS_FINAL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sts");
    TCase *tcase = tcase_create("sts");

    tcase_add_test(tcase, both_answers_give_credentials);
    tcase_add_test(tcase, an_answer_that_is_another_is_told_without_its_secrets);
    tcase_add_test(tcase, no_beginning_of_an_answer_gives_credentials);
    tcase_add_test(tcase, what_is_asked_is_encoded);
    tcase_add_test(tcase, what_sts_would_refuse_is_not_asked);
    tcase_add_test(tcase, a_refusal_says_what_to_do);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
