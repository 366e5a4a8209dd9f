/* SPDX-License-Identifier: Apache-2.0 */
/* Errors in every shape that AWS uses, what they mean, and what can be put right. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "../lib/suite.h"
#include "route53_xml.h"

#define HEAD "<?xml version=\"1.0\"?>\n"
#define NS " xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\""
#define CHANGE(root, id, status)                                                                   \
    HEAD "<" root NS "><ChangeInfo><Id>" id "</Id><Status>" status                                 \
         "</Status><SubmittedAt>2026-01-01T00:00:00Z</SubmittedAt></ChangeInfo></" root ">"
#define TODAYS_ERROR(code, message)                                                                \
    HEAD "<ErrorResponse" NS "><Error><Type>Sender</Type><Code>" code "</Code><Message>" message   \
         "</Message></Error><RequestId>b25f48e8-84fd-11e6</RequestId></ErrorResponse>"

static struct route53_error read_error(const char *body)
{
    struct route53_error words;

    ck_assert_int_eq(route53_error_read(body, strlen(body), &words), 0);
    return words;
}

START_TEST(every_shape_of_an_error_is_understood)
{
    struct route53_error words = read_error(TODAYS_ERROR(
        "InvalidChangeBatch", "[Tried to delete resource record set [name='a.'], Tried to]"));

    ck_assert_str_eq(words.code, "InvalidChangeBatch");
    ck_assert_str_eq(words.words, "[Tried to delete resource record set [name='a.'], Tried to]");
    ck_assert_str_eq(words.request_id, "b25f48e8-84fd-11e6");

    words = read_error("<InvalidChangeBatch" NS "><Messages><Message>one</Message><Message>two"
                       "</Message></Messages><RequestId>r</RequestId></InvalidChangeBatch>");
    ck_assert_str_eq(words.code, "InvalidChangeBatch");
    ck_assert_str_eq(words.words, "one, two");

    words = read_error("<AccessDeniedException><Message>no</Message></AccessDeniedException>");
    ck_assert_str_eq(words.code, "AccessDeniedException");
    ck_assert_str_eq(words.words, "no");

    words = read_error("<Error><Code>Throttling</Code><Message>slow down</Message></Error>");
    ck_assert_str_eq(words.code, "Throttling");
    ck_assert_str_eq(words.words, "slow down");
}
END_TEST

START_TEST(words_of_an_error_cannot_forge_a_log_line)
{
    struct route53_error words =
        read_error(TODAYS_ERROR("Throttling", "a&#10;level=info msg=&#xe9;\tok"));

    ck_assert_str_eq(words.words, "a\\x0alevel=info msg=\\xc3\\xa9\\x09ok");
}
END_TEST

START_TEST(what_is_no_error_of_aws_is_not_taken_for_one)
{
    static const char *const bodies[] = {
        "",
        "<html><body>Bad Gateway</body></html>",
        "<ErrorResponse/>",
        "<ErrorResponse><Error><Message>x</Message></Error></ErrorResponse>",
        "<ErrorResponse><Error><Code></Code></Error></ErrorResponse>",
        "{\"message\":\"Forbidden\"}",
        CHANGE("GetChangeResponse", "C1", "INSYNC"),
        "<ErrorResponse><Error><Code>Throttling</Code>",
    };
    struct route53_error words;

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        ck_assert_int_eq(route53_error_read(bodies[i], strlen(bodies[i]), &words), -1);
}
END_TEST

START_TEST(each_code_is_classed_and_the_doubtful_is_lost)
{
    static const struct {
        int status;
        const char *code; /* NULL: the body could not be read */
        enum route53_outcome outcome;
    } cases[] = {
        {400, "InvalidChangeBatch", ROUTE53_REFUSED},
        {400, "PriorRequestNotComplete", ROUTE53_BUSY},
        {400, "Throttling", ROUTE53_BUSY},
        {400, "ThrottlingException", ROUTE53_BUSY},
        {400, "RequestLimitExceeded", ROUTE53_BUSY},
        {503, "Throttling", ROUTE53_BUSY},
        {429, "Whatever", ROUTE53_BUSY},
        {404, "NoSuchHostedZone", ROUTE53_NOT_FOUND},
        {404, "NoSuchChange", ROUTE53_NOT_FOUND},
        {404, "NoSuchHealthCheck", ROUTE53_NOT_FOUND},
        {403, "RequestTimeTooSkewed", ROUTE53_DENIED},
        {400, "RequestInTheFuture", ROUTE53_DENIED},
        {400, "InvalidInput", ROUTE53_INVALID},
        {400, "MalformedInput", ROUTE53_INVALID},
        {403, "SignatureDoesNotMatch", ROUTE53_DENIED},
        {403, "InvalidClientTokenId", ROUTE53_DENIED},
        {403, "ExpiredToken", ROUTE53_DENIED},
        {400, "ExpiredToken", ROUTE53_DENIED},
        {403, "AccessDenied", ROUTE53_DENIED},
        {400, "AccessDeniedException", ROUTE53_DENIED},
        {403, "SomethingNew", ROUTE53_DENIED},
        {400, "SomethingNew", ROUTE53_INVALID},
        {500, "InternalFailure", ROUTE53_LOST},
        {500, "InvalidChangeBatch", ROUTE53_LOST},
        {503, "ServiceUnavailable", ROUTE53_LOST},
        {200, "InvalidChangeBatch", ROUTE53_LOST},
        {200, NULL, ROUTE53_LOST},
        {302, NULL, ROUTE53_LOST},
        {400, NULL, ROUTE53_LOST},
        {404, NULL, ROUTE53_LOST},
        {403, NULL, ROUTE53_DENIED},
        {429, NULL, ROUTE53_BUSY},
        {502, NULL, ROUTE53_LOST},
        {0, NULL, ROUTE53_LOST},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct route53_error words = {.code = ""};

        if (cases[i].code != NULL)
            snprintf(words.code, sizeof(words.code), "%s", cases[i].code);
        ck_assert_msg(route53_classify(cases[i].status, cases[i].code != NULL ? &words : NULL) ==
                          cases[i].outcome,
                      "%d %s", cases[i].status, cases[i].code != NULL ? cases[i].code : "-");
    }
}
END_TEST

START_TEST(what_can_be_put_right_is_known_by_its_code)
{
    static const struct {
        int status;
        const char *code; /* NULL: the body could not be read */
        enum route53_remedy remedy;
    } cases[] = {
        {403, "RequestTimeTooSkewed", ROUTE53_REMEDY_CLOCK},
        {403, "SignatureDoesNotMatch", ROUTE53_REMEDY_CLOCK},
        {400, "RequestExpired", ROUTE53_REMEDY_CLOCK},
        {400, "RequestInTheFuture", ROUTE53_REMEDY_CLOCK},
        {403, "InvalidSignatureException", ROUTE53_REMEDY_CLOCK},
        {401, "AuthFailure", ROUTE53_REMEDY_CLOCK},
        {400, "AccessDeniedException", ROUTE53_REMEDY_CLOCK},
        {403, "ExpiredToken", ROUTE53_REMEDY_CREDENTIALS},
        {403, "ExpiredTokenException", ROUTE53_REMEDY_CREDENTIALS},
        {403, "InvalidClientTokenId", ROUTE53_REMEDY_CREDENTIALS},
        {403, "UnrecognizedClientException", ROUTE53_REMEDY_CREDENTIALS},
        {400, "Throttling", ROUTE53_REMEDY_PATIENCE},
        {503, "SlowDown", ROUTE53_REMEDY_PATIENCE},
        {429, NULL, ROUTE53_REMEDY_PATIENCE},
        {400, "PriorRequestNotComplete", ROUTE53_REMEDY_NONE},
        {403, "AccessDenied", ROUTE53_REMEDY_NONE},
        {400, "InvalidChangeBatch", ROUTE53_REMEDY_NONE},
        {403, "SomethingNew", ROUTE53_REMEDY_NONE},
        {403, NULL, ROUTE53_REMEDY_NONE},
        {500, "ExpiredToken", ROUTE53_REMEDY_NONE},
        {200, "SignatureDoesNotMatch", ROUTE53_REMEDY_NONE},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct route53_error words = {.code = ""};

        if (cases[i].code != NULL)
            snprintf(words.code, sizeof(words.code), "%s", cases[i].code);
        ck_assert_msg(route53_remedy(cases[i].status, cases[i].code != NULL ? &words : NULL) ==
                          cases[i].remedy,
                      "%d %s", cases[i].status, cases[i].code != NULL ? cases[i].code : "-");
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("route53_error");
    TCase *tcase = tcase_create("errors");

    tcase_add_test(tcase, every_shape_of_an_error_is_understood);
    tcase_add_test(tcase, words_of_an_error_cannot_forge_a_log_line);
    tcase_add_test(tcase, what_is_no_error_of_aws_is_not_taken_for_one);
    tcase_add_test(tcase, each_code_is_classed_and_the_doubtful_is_lost);
    tcase_add_test(tcase, what_can_be_put_right_is_known_by_its_code);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
