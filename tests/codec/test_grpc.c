/* SPDX-License-Identifier: Apache-2.0 */
/* The health protocol of gRPC as bytes: what is asked, what is answered, how a call ends. */
#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "grpc_health.h"

START_TEST(no_service_is_an_empty_message)
{
    char out[GRPC_REQUEST_MAX];

    ck_assert_uint_eq(grpc_health_write("", out, sizeof(out)), 5);
    ck_assert_mem_eq(out, "\0\0\0\0\0", 5);
}
END_TEST

START_TEST(a_service_is_the_first_field)
{
    char out[GRPC_REQUEST_MAX];

    ck_assert_uint_eq(grpc_health_write("shop.Cart", out, sizeof(out)), 16);
    ck_assert_mem_eq(out, "\0\0\0\0\x0b\x0a\x09shop.Cart", 16);
}
END_TEST

START_TEST(a_long_service_has_a_long_length_or_no_room)
{
    char service[GRPC_REQUEST_MAX + 1] = "";
    char out[GRPC_REQUEST_MAX];

    memset(service, 's', 300);
    ck_assert_uint_eq(grpc_health_write(service, out, sizeof(out)), 5 + 3 + 300);
    ck_assert_mem_eq(out, "\0\0\0\x01\x2f\x0a\xac\x02s", 9);
    memset(service, 's', GRPC_REQUEST_MAX);
    ck_assert_uint_eq(grpc_health_write(service, out, sizeof(out)), 0);
}
END_TEST

#define CUT "a message that is cut off"
#define STRANGE "a message that is no HealthCheckResponse"

/* A frame without its flag and the upper bytes of its length. */
static const struct {
    const char *bytes;
    size_t length;
    const char *state; /* NULL: it is wrong */
    const char *error;
} answers[] = {
    {"\0\0\0\0\x02\x08\x01", 7, "SERVING", ""},
    {"\0\0\0\0\x02\x08\x02", 7, "NOT_SERVING", ""},
    {"\0\0\0\0\x02\x08\x03", 7, "SERVICE_UNKNOWN", ""},
    {"\0\0\0\0\x02\x08\x00", 7, "UNKNOWN", ""},
    {"\0\0\0\0\x00", 5, "UNKNOWN", ""},
    {"\0\0\0\0\x02\x08\x07", 7, "7", ""},
    {"\0\0\0\0\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 16, "-1", ""},
    {"\0\0\0\0\x04\x08\x02\x08\x01", 9, "SERVING", ""},
    /* Of what is newer than we are: a varint, 64 bits, bytes, 32 bits. */
    {"\0\0\0\0\x19\x10\x05\x19"
     "12345678\x22\x03"
     "abc\x2d"
     "1234\x08\x01\x32\x00",
     30, "SERVING", ""},
    {"", 0, NULL, "no message, although the call went well"},
    {"\0\0\0\0", 4, NULL, CUT},
    {"\0\0\0\0\x03\x08\x01", 7, NULL, CUT},
    {"\0\xff\xff\xff\xff\x08\x01", 7, NULL, CUT},
    {"\1\0\0\0\x02\x08\x01", 7, NULL, "a compressed message, which was not asked for"},
    {"\0\0\0\0\x02\x08\x01\0\0\0\0\x02\x08\x01", 14, NULL, "more than one message"},
    {"\0\0\0\0\x01\x08", 6, NULL, STRANGE},
    {"\0\0\0\0\x02\x08\x81", 7, NULL, STRANGE},
    {"\0\0\0\0\x03\x0a\x01x", 8, NULL, STRANGE},
    {"\0\0\0\0\x02\x00\x01", 7, NULL, STRANGE},
    {"\0\0\0\0\x02\x13\x01", 7, NULL, STRANGE},
    {"\0\0\0\0\x04\x12\x05"
     "ab",
     9, NULL, STRANGE},
    {"\0\0\0\0\x0c\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x", 17, NULL, STRANGE},
    {"\0\0\0\0\x0c\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 17, NULL, STRANGE},
    {"HTTP/1.1 200 OK", 15, NULL, "a compressed message, which was not asked for"},
};

START_TEST(an_answer_has_a_state_or_is_wrong)
{
    char *exact = malloc(answers[_i].length + 1);
    char state[GRPC_STATE_SIZE] = "untouched";
    char error[GRPC_ERROR_MAX] = "";
    int rc;

    memcpy(exact, answers[_i].bytes, answers[_i].length);
    rc = grpc_health_read(exact, answers[_i].length, state, error);
    ck_assert_int_eq(rc, answers[_i].state != NULL ? 0 : -1);
    ck_assert_str_eq(state, answers[_i].state != NULL ? answers[_i].state : "untouched");
    ck_assert_str_eq(error, answers[_i].error);
    free(exact);
}
END_TEST

static const struct {
    const char *head;
    int code; /* -1: it is wrong */
    const char *text;
} ends[] = {
    {"HTTP/2 200\r\ncontent-type: application/grpc\r\ngrpc-status: 0\r\n", 0, ""},
    {"grpc-status: 14\r\ngrpc-message: all%20backends%20down\r\n", 14, "all backends down"},
    {"grpc-message: 100%25 %zz %4\r\nGRPC-STATUS: 2\r\n", 2, "100% %zz %4"},
    {"grpc-status: 5\r\ngrpc-message: %1B[31m%0a%ff\r\n", 5, "\\x1b[31m\\x0a\\xff"},
    {"grpc-status: 0\r\ngrpc-status: 13\r\n", 13, ""},
    {"grpc-status: 999\r\n", 999, ""},
    {"HTTP/2 200\r\n", -1, "no grpc-status at the end of the call"},
    {"grpc-status: \r\n", -1, "grpc-status is no number: \"\""},
    {"grpc-status: -1\r\n", -1, "grpc-status is no number: \"-1\""},
    {"grpc-status: 99999\r\n", -1, "grpc-status is no number: \"99999\""},
    {"grpc-status: \x1b\r\n", -1, "grpc-status is no number: \"\\x1b\""},
};

START_TEST(a_call_ends_with_a_code)
{
    struct grpc_end end = {.code = 77};
    char error[GRPC_ERROR_MAX] = "";
    int rc = grpc_end_read(ends[_i].head, strlen(ends[_i].head), &end, error);

    ck_assert_int_eq(rc, ends[_i].code >= 0 ? 0 : -1);
    ck_assert_uint_eq(end.code, ends[_i].code >= 0 ? (uint32_t)ends[_i].code : 77);
    ck_assert_str_eq(ends[_i].code >= 0 ? end.message : error, ends[_i].text);
}
END_TEST

START_TEST(a_long_message_is_cut)
{
    char head[8192] = "grpc-status: 2\r\ngrpc-message: ";
    struct grpc_end end;
    char error[GRPC_ERROR_MAX];
    size_t length = strlen(head);

    while (length + 3 < sizeof(head)) {
        memcpy(head + length, "%41", 3);
        length += 3;
    }
    ck_assert_int_eq(grpc_end_read(head, length, &end, error), 0);
    ck_assert_uint_eq(strlen(end.message), GRPC_MESSAGE_MAX);
    ck_assert_str_eq(end.message + GRPC_MESSAGE_MAX - 5, "AA...");
}
END_TEST

START_TEST(codes_have_names)
{
    ck_assert_str_eq(grpc_code_name(GRPC_NOT_FOUND), "NOT_FOUND");
    ck_assert_str_eq(grpc_code_name(GRPC_UNIMPLEMENTED), "UNIMPLEMENTED");
    ck_assert_str_eq(grpc_code_name(16), "UNAUTHENTICATED");
    ck_assert_ptr_null(grpc_code_name(17));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("grpc");
    TCase *tests = tcase_create("grpc");

    tcase_add_test(tests, no_service_is_an_empty_message);
    tcase_add_test(tests, a_service_is_the_first_field);
    tcase_add_test(tests, a_long_service_has_a_long_length_or_no_room);
    tcase_add_loop_test(tests, an_answer_has_a_state_or_is_wrong, 0,
                        (int)(sizeof(answers) / sizeof(answers[0])));
    tcase_add_loop_test(tests, a_call_ends_with_a_code, 0, (int)(sizeof(ends) / sizeof(ends[0])));
    tcase_add_test(tests, a_long_message_is_cut);
    tcase_add_test(tests, codes_have_names);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
