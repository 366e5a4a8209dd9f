/* SPDX-License-Identifier: Apache-2.0 */
/* Our signer against a table that botocore wrote, link by link of the chain. */
#include <check.h>
#include <string.h>

#include "../lib/suite.h"
#include "sigv4.h"

struct vector {
    const char *name;
    const char *method;
    const char *host;
    const char *service;
    const char *body;
    const char *token;
    const char *segments[8];
    size_t segment_count;
    struct sigv4_pair query[8];
    size_t query_count;
    struct sigv4_pair headers[8];
    size_t header_count;
    const char *target;
    const char *canonical;
    const char *string_to_sign;
    const char *signature;
};

static const struct vector vectors[] = {
#include "sigv4_vectors.inc"
};

enum { VECTOR_COUNT = sizeof(vectors) / sizeof(vectors[0]) };

static const struct sigv4_credentials plain_credentials = {
    .key_id = "AKIDEXAMPLE",
    .secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    .token = "",
};

static struct sigv4_request vanilla(void)
{
    return (struct sigv4_request){
        .method = "GET",
        .host = "example.amazonaws.com",
        .body = "",
        .region = "us-east-1",
        .service = "service",
        .time = "20150830T123600Z",
    };
}

static struct sigv4_request request_of(const struct vector *vector)
{
    struct sigv4_request request = vanilla();

    request.method = vector->method;
    request.host = vector->host;
    request.service = vector->service;
    request.body = vector->body;
    request.body_length = strlen(vector->body);
    request.segments = vector->segments;
    request.segment_count = vector->segment_count;
    request.query = vector->query;
    request.query_count = vector->query_count;
    request.headers = vector->headers;
    request.header_count = vector->header_count;
    return request;
}

START_TEST(every_link_equals_what_botocore_makes)
{
    const struct vector *vector = &vectors[_i];
    struct sigv4_credentials credentials = plain_credentials;
    struct sigv4_request request = request_of(vector);
    struct sigv4_signature signature;

    credentials.token = vector->token;
    ck_assert_msg(sigv4_sign(&request, &credentials, &signature) == 0, "%s", vector->name);
    ck_assert_str_eq(signature.target, vector->target);
    ck_assert_str_eq(signature.canonical, vector->canonical);
    ck_assert_str_eq(signature.string_to_sign, vector->string_to_sign);
    ck_assert_ptr_nonnull(strstr(signature.authorization, "Credential=AKIDEXAMPLE/20150830/"));
    ck_assert_str_eq(strstr(signature.authorization, "Signature=") + strlen("Signature="),
                     vector->signature);
    sigv4_signature_clear(&signature);
}
END_TEST

/* A table can be wrong as a whole; this one signature is printed in many places. */
START_TEST(the_plainest_request_has_the_signature_everybody_publishes)
{
    struct sigv4_request request = vanilla();
    struct sigv4_signature signature;

    ck_assert_int_eq(sigv4_sign(&request, &plain_credentials, &signature), 0);
    ck_assert_str_eq(signature.authorization,
                     "AWS4-HMAC-SHA256 "
                     "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                     "SignedHeaders=host;x-amz-date, "
                     "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    sigv4_signature_clear(&signature);
}
END_TEST

START_TEST(the_order_of_the_callers_query_does_not_matter)
{
    const struct sigv4_pair one[] = {{"type", "A"}, {"name", "a"}, {"maxitems", "1"}};
    const struct sigv4_pair other[] = {{"maxitems", "1"}, {"name", "a"}, {"type", "A"}};
    struct sigv4_request request = vanilla();
    struct sigv4_signature left, right;

    request.query_count = 3;
    request.query = one;
    ck_assert_int_eq(sigv4_sign(&request, &plain_credentials, &left), 0);
    request.query = other;
    ck_assert_int_eq(sigv4_sign(&request, &plain_credentials, &right), 0);
    ck_assert_str_eq(left.target, right.target);
    ck_assert_str_eq(left.authorization, right.authorization);
    sigv4_signature_clear(&left);
    sigv4_signature_clear(&right);
}
END_TEST

static int sign_status(const struct sigv4_request *request,
                       const struct sigv4_credentials *credentials)
{
    struct sigv4_signature signature;
    int status = sigv4_sign(request, credentials, &signature);

    if (status == 0)
        sigv4_signature_clear(&signature);
    return status;
}

START_TEST(a_path_that_somebody_would_resolve_away_is_not_signed)
{
    static const char *const paths[][3] = {
        {"a", ".", "b"}, {"a", "..", "b"}, {"a", "", "b"}, {"", "a", "b"}, {"a", "b", ".."},
    };
    struct sigv4_request request = vanilla();

    request.segment_count = 3;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        request.segments = paths[i];
        ck_assert_int_eq(sign_status(&request, &plain_credentials), -1);
    }
}
END_TEST

START_TEST(a_header_cannot_smuggle_another_one)
{
    const struct sigv4_pair bad[] = {{"Content-Type", "text/xml\r\nX-Evil: 1"}};
    struct sigv4_request request = vanilla();
    struct sigv4_credentials credentials = plain_credentials;

    request.headers = bad;
    request.header_count = 1;
    ck_assert_int_eq(sign_status(&request, &credentials), -1);
    request.header_count = 0;
    credentials.token = "token\nX-Evil: 1";
    ck_assert_int_eq(sign_status(&request, &credentials), -1);
    credentials.token = "";
    credentials.key_id = "AKID\r\nX-Evil: 1";
    ck_assert_int_eq(sign_status(&request, &credentials), -1);
    credentials.key_id = "";
    ck_assert_int_eq(sign_status(&request, &credentials), -1);
    request.host = "a\r\nb";
    ck_assert_int_eq(sign_status(&request, &plain_credentials), -1);
}
END_TEST

START_TEST(a_time_of_another_form_is_not_signed)
{
    static const char *const times[] = {
        "",
        "20150830",
        "20150830T123600",
        "2015-08-30T12:36:00Z",
        "20150830t123600z",
        "20150830T123600ZZ",
        "2015083XT123600Z",
    };
    struct sigv4_request request = vanilla();

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        request.time = times[i];
        ck_assert_int_eq(sign_status(&request, &plain_credentials), -1);
    }
}
END_TEST

START_TEST(a_request_beyond_the_limits_is_not_signed)
{
    static char big[SIGV4_CANONICAL_MAX + 1];
    struct sigv4_pair many[SIGV4_PAIRS_MAX + 1];
    struct sigv4_request request = vanilla();
    struct sigv4_credentials credentials = plain_credentials;

    for (size_t i = 0; i < SIGV4_PAIRS_MAX + 1; i++)
        many[i] = (struct sigv4_pair){"k", "v"};
    request.query = many;
    request.query_count = SIGV4_PAIRS_MAX + 1;
    ck_assert_int_eq(sign_status(&request, &credentials), -1);
    request.query_count = SIGV4_PAIRS_MAX;
    ck_assert_int_eq(sign_status(&request, &credentials), 0);
    request.headers = many;
    request.header_count = SIGV4_PAIRS_MAX - 1; /* and two of ours */
    ck_assert_int_eq(sign_status(&request, &credentials), -1);
    request.header_count = SIGV4_PAIRS_MAX - 2;
    ck_assert_int_eq(sign_status(&request, &credentials), 0);

    memset(big, 'x', sizeof(big) - 1);
    credentials.token = big;
    ck_assert_int_eq(sign_status(&request, &credentials), -1);
    credentials.token = "";
    credentials.secret = big;
    ck_assert_int_eq(sign_status(&request, &credentials), -1);
    many[0].value = big;
    ck_assert_int_eq(sign_status(&request, &plain_credentials), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sigv4");
    TCase *tcase = tcase_create("sigv4");

    tcase_add_loop_test(tcase, every_link_equals_what_botocore_makes, 0, VECTOR_COUNT);
    tcase_add_test(tcase, the_plainest_request_has_the_signature_everybody_publishes);
    tcase_add_test(tcase, the_order_of_the_callers_query_does_not_matter);
    tcase_add_test(tcase, a_path_that_somebody_would_resolve_away_is_not_signed);
    tcase_add_test(tcase, a_header_cannot_smuggle_another_one);
    tcase_add_test(tcase, a_time_of_another_form_is_not_signed);
    tcase_add_test(tcase, a_request_beyond_the_limits_is_not_signed);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
