/* SPDX-License-Identifier: Apache-2.0 */
/* An echo request, its reply, and what is neither. */
#include <check.h>
#include <string.h>

#include "../lib/suite.h"
#include "icmp_echo.h"

static struct icmp_echo echo_of(bool v6)
{
    struct icmp_echo echo = {.v6 = v6, .id = 0x0102, .sequence = 0x0304};

    memcpy(echo.nonce, "0123456789abcdef", ICMP_NONCE_BYTES);
    return echo;
}

static void make_reply(const struct icmp_echo *echo, unsigned char out[ICMP_ECHO_BYTES])
{
    icmp_echo_write(echo, out);
    out[0] = echo->v6 ? 129 : 0;
    out[2] = 0xab; /* the checksum is the kernel's affair */
    out[3] = 0xcd;
}

START_TEST(a_request_is_what_every_host_answers)
{
    const struct icmp_echo echo = echo_of(_i == 1);
    unsigned char out[ICMP_ECHO_BYTES];

    icmp_echo_write(&echo, out);
    ck_assert_uint_eq(out[0], _i == 1 ? 128 : 8);
    ck_assert_mem_eq(out + 1,
                     "\0\0\0\1\2\3\4"
                     "0123456789abcdef",
                     ICMP_ECHO_BYTES - 1);
}
END_TEST

START_TEST(only_the_reply_to_the_request_is_one)
{
    const struct icmp_echo echo = echo_of(_i == 1);
    const struct icmp_echo other_family = echo_of(_i != 1);
    unsigned char reply[ICMP_ECHO_BYTES + 1] = {0};

    make_reply(&echo, reply);
    ck_assert(icmp_echo_is_reply(&echo, reply, ICMP_ECHO_BYTES));
    ck_assert(!icmp_echo_is_reply(&other_family, reply, ICMP_ECHO_BYTES));
    for (size_t length = 0; length < ICMP_ECHO_BYTES; length++)
        ck_assert(!icmp_echo_is_reply(&echo, reply, length));
    ck_assert(!icmp_echo_is_reply(&echo, reply, ICMP_ECHO_BYTES + 1));
    for (size_t i = 0; i < ICMP_ECHO_BYTES; i++) {
        reply[i] ^= 1;
        ck_assert_int_eq(icmp_echo_is_reply(&echo, reply, ICMP_ECHO_BYTES), i == 2 || i == 3);
        reply[i] ^= 1;
    }
}
END_TEST

START_TEST(a_quote_is_ours_as_far_as_it_goes)
{
    const struct icmp_echo echo = echo_of(_i == 1);
    unsigned char quote[ICMP_ECHO_BYTES + 4] = {0};

    icmp_echo_write(&echo, quote);
    for (size_t length = 0; length <= sizeof(quote); length++)
        ck_assert_int_eq(icmp_echo_is_quoted(&echo, quote, length), length >= 8);
    for (size_t i = 0; i < ICMP_ECHO_BYTES; i++) {
        quote[i] ^= 1;
        ck_assert_int_eq(icmp_echo_is_quoted(&echo, quote, ICMP_ECHO_BYTES), i == 2 || i == 3);
        ck_assert_int_eq(icmp_echo_is_quoted(&echo, quote, 8), i == 2 || i == 3 || i >= 8);
        quote[i] ^= 1;
    }
}
END_TEST

START_TEST(errors_have_words_when_they_are_final)
{
    ck_assert_str_eq(icmp_error_words(false, 3, 1), "host unreachable");
    ck_assert_str_eq(icmp_error_words(false, 3, 99), "unreachable");
    ck_assert_str_eq(icmp_error_words(false, 11, 0), "TTL exceeded");
    ck_assert_str_eq(icmp_error_words(true, 1, 0), "no route");
    ck_assert_str_eq(icmp_error_words(true, 1, 4), "unreachable");
    ck_assert_str_eq(icmp_error_words(true, 3, 0), "hop limit exceeded");
    ck_assert_ptr_null(icmp_error_words(false, 4, 0));  /* source quench */
    ck_assert_ptr_null(icmp_error_words(false, 11, 1)); /* a fragment's */
    ck_assert_ptr_null(icmp_error_words(true, 2, 0));   /* too big: we are not */
    ck_assert_ptr_null(icmp_error_words(true, 11, 0));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("icmp_echo");
    TCase *tests = tcase_create("echo");

    tcase_add_loop_test(tests, a_request_is_what_every_host_answers, 0, 2);
    tcase_add_loop_test(tests, only_the_reply_to_the_request_is_one, 0, 2);
    tcase_add_loop_test(tests, a_quote_is_ours_as_far_as_it_goes, 0, 2);
    tcase_add_test(tests, errors_have_words_when_they_are_final);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
