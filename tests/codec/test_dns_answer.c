/* SPDX-License-Identifier: Apache-2.0 */
/* What a DNS message says, and how little of it is believed. */
#include <check.h>
#include <stdlib.h>

#include "../lib/suite.h"
#include "dns_answer.h"
#include "../lib/dns_message.h"

#define NAME "_regionshift.jwt-pizza.example.com"
#define FENCE(epoch)                                                                               \
    "v=rs1 group=jwt-pizza epoch=" epoch                                                           \
    " by=use1 nonce=0123456789abcdef0123456789abcdef plan=0123456789abcdef"

#define OTHERS                                                                                     \
    "v=rs1 group=other epoch=9"                                                                    \
    " by=use1 nonce=0123456789abcdef0123456789abcdef plan=0123456789abcdef"

static struct dns_message message;
static struct dns_answer answer;

/* From memory of just this size, so that ASan sees a step too far. */
static enum dns_answer_status read_as(const char *name, enum dns_type type)
{
    unsigned char *exact = malloc(message.length);
    enum dns_answer_status status;

    memcpy(exact, message.bytes, message.length);
    status = dns_answer_read(exact, message.length, name, type, &answer);
    free(exact);
    return status;
}

static enum dns_answer_status read_txt(void)
{
    return read_as(NAME, DNS_TYPE_TXT);
}

static uint64_t epoch(void)
{
    return dns_answer_epoch(answer.items, answer.count, "jwt-pizza");
}

START_TEST(a_fence_is_read)
{
    put_question(&message, FLAGS_ANSWER, NAME, 16);
    put_txt(&message, NAME, FENCE("7"));
    ck_assert_int_eq(read_txt(), DNS_ANSWER_VALUES);
    ck_assert_uint_eq(answer.count, 1);
    ck_assert_str_eq(answer.items[0], FENCE("7"));
    ck_assert_uint_eq(epoch(), 7);
}
END_TEST

START_TEST(case_and_the_last_dot_do_not_matter_and_pointers_are_followed)
{
    put_question(&message, FLAGS_ANSWER, "_REGIONSHIFT.jwt-Pizza.example.COM", 16);
    put_pointer(&message, QUESTION_AT);
    put_data(&message, 16, "\003a b", 4);
    ck_assert_int_eq(read_as(NAME ".", DNS_TYPE_TXT), DNS_ANSWER_VALUES);
    ck_assert_str_eq(answer.items[0], "a b");
}
END_TEST

START_TEST(the_strings_of_a_record_are_joined)
{
    char text[601];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    put_question(&message, FLAGS_ANSWER, NAME, 16);
    put_txt(&message, NAME, text);
    ck_assert_int_eq(read_txt(), DNS_ANSWER_VALUES);
    ck_assert_str_eq(answer.items[0], text);
}
END_TEST

/* C7: the answer to another question is none, whatever it says. */
START_TEST(an_answer_to_another_question_is_nonsense)
{
    put_question(&message, FLAGS_ANSWER, "other.example.com", 16);
    put_txt(&message, NAME, FENCE("9"));
    ck_assert_int_eq(read_txt(), DNS_ANSWER_NONSENSE);
    put_question(&message, FLAGS_ANSWER, NAME, 1);
    put_txt(&message, NAME, FENCE("9"));
    ck_assert_int_eq(read_txt(), DNS_ANSWER_NONSENSE);
    put_question(&message, 0x0400, NAME, 16); /* a question, not an answer */
    put_txt(&message, NAME, FENCE("9"));
    ck_assert_int_eq(read_txt(), DNS_ANSWER_NONSENSE);
    put_question(&message, FLAGS_ANSWER, NAME, 16);
    message.bytes[5] = 2; /* two questions */
    ck_assert_int_eq(read_txt(), DNS_ANSWER_NONSENSE);
}
END_TEST

START_TEST(a_record_of_another_name_or_type_is_not_counted)
{
    put_question(&message, FLAGS_ANSWER, NAME, 16);
    put_txt(&message, "other.example.com", FENCE("9"));
    put_a(&message, NAME, "192.0.2.1");
    ck_assert_int_eq(read_txt(), DNS_ANSWER_EMPTY);
    ck_assert_uint_eq(answer.count, 0);
}
END_TEST

/* Somebody makes our fence's name point elsewhere: what stands there is not our fence. */
START_TEST(a_fence_is_at_its_own_name_or_nowhere)
{
    put_question(&message, FLAGS_ANSWER, NAME, 16);
    put_answer(&message, NAME, 5, "\004evil\004test", 11);
    put_txt(&message, "evil.test", FENCE("9"));
    ck_assert_int_eq(read_txt(), DNS_ANSWER_EMPTY);
}
END_TEST

START_TEST(addresses_are_found_behind_a_chain_of_names)
{
    put_question(&message, FLAGS_ANSWER, "www.example.com", 1);
    put_a(&message, "c.test", "192.0.2.7"); /* in any order */
    put_answer(&message, "b.test", 5, "\001c\004test", 8);
    put_answer(&message, "www.example.com", 5, "\001b\004test", 8);
    put_a(&message, "www.example.org", "192.0.2.8");
    ck_assert_int_eq(read_as("www.example.com", DNS_TYPE_A), DNS_ANSWER_VALUES);
    ck_assert_uint_eq(answer.count, 1);
    ck_assert_str_eq(answer.items[0], "192.0.2.7");
}
END_TEST

START_TEST(a_chain_of_names_that_bites_its_tail_is_nonsense)
{
    put_question(&message, FLAGS_ANSWER, "a.test", 1);
    put_answer(&message, "a.test", 5, "\001b\004test", 8);
    put_answer(&message, "b.test", 5, "\001a\004test", 8);
    ck_assert_int_eq(read_as("a.test", DNS_TYPE_A), DNS_ANSWER_NONSENSE);
}
END_TEST

START_TEST(v6_addresses_and_names_have_one_form)
{
    static const unsigned char v6[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};

    put_question(&message, FLAGS_ANSWER, "*.example.com", 28);
    put_answer(&message, "*.example.com", 28, v6, sizeof(v6));
    ck_assert_int_eq(read_as("\\052.example.com", DNS_TYPE_AAAA) == DNS_ANSWER_VALUES, 0);
    ck_assert_int_eq(read_as("\\042.example.com", DNS_TYPE_AAAA), DNS_ANSWER_VALUES);
    ck_assert_str_eq(answer.items[0], "2001:db8::1");
    put_question(&message, FLAGS_ANSWER, "www.example.com", 5);
    put_answer(&message, "www.example.com", 5, "\004A b\"\001C\000", 8);
    ck_assert_int_eq(read_as("www.example.com", DNS_TYPE_CNAME), DNS_ANSWER_VALUES);
    ck_assert_str_eq(answer.items[0], "a\\032b\\034.c");
}
END_TEST

START_TEST(a_server_that_fails_or_refuses_is_told_apart)
{
    put_question(&message, FLAGS_ANSWER | 3, NAME, 16);
    put_txt(&message, NAME, FENCE("9")); /* and an answer all the same: not believed */
    ck_assert_int_eq(read_txt(), DNS_ANSWER_NO_NAME);
    ck_assert_uint_eq(answer.count, 0);
    put_question(&message, FLAGS_ANSWER | 2, NAME, 16);
    ck_assert_int_eq(read_txt(), DNS_ANSWER_FAILED);
    put_question(&message, FLAGS_ANSWER | 5, NAME, 16);
    ck_assert_int_eq(read_txt(), DNS_ANSWER_REFUSED);
    put_question(&message, FLAGS_ANSWER | 0x0200, NAME, 16);
    ck_assert_int_eq(read_txt(), DNS_ANSWER_CUT);
    put_question(&message, FLAGS_ANSWER, NAME, 16);
    ck_assert_int_eq(read_txt(), DNS_ANSWER_EMPTY);
}
END_TEST

/* A reader that follows these runs for ever; ours only ever goes back. */
START_TEST(compression_never_goes_in_circles)
{
    static const unsigned char heads[] = {'\0', '\1'};

    for (size_t i = 0; i < sizeof(heads); i++) {
        put_question(&message, FLAGS_ANSWER, NAME, 16);
        if (heads[i] != 0)
            put_bytes(&message, "\001x", 2);
        put_pointer(&message, message.length - (heads[i] != 0 ? 2 : 0)); /* to itself */
        put_data(&message, 16, "\001a", 2);
        ck_assert_int_eq(read_txt(), DNS_ANSWER_NONSENSE);
    }
    put_question(&message, FLAGS_ANSWER, NAME, 16);
    put_pointer(&message, message.length + 2); /* two that point at each other */
    put_pointer(&message, message.length - 2);
    put_data(&message, 16, "\001a", 2);
    ck_assert_int_eq(read_txt(), DNS_ANSWER_NONSENSE);
}
END_TEST

START_TEST(names_that_are_too_long_are_nonsense)
{
    char name[260];

    memset(name, 'x', sizeof(name));
    for (size_t i = 63; i < sizeof(name); i += 64)
        name[i] = '.';
    name[255] = '\0';
    put_question(&message, FLAGS_ANSWER, NAME, 16);
    put_txt(&message, name, "a");
    ck_assert_int_eq(read_txt(), DNS_ANSWER_NONSENSE);
    ck_assert_int_eq(read_as(name, DNS_TYPE_TXT), DNS_ANSWER_NONSENSE);
    ck_assert_int_eq(read_as("", DNS_TYPE_TXT), DNS_ANSWER_NONSENSE);
    ck_assert_int_eq(read_as("a..b", DNS_TYPE_TXT), DNS_ANSWER_NONSENSE);
    ck_assert_int_eq(read_as("a\\9.b", DNS_TYPE_TXT), DNS_ANSWER_NONSENSE);
    ck_assert_int_eq(read_as("a\\", DNS_TYPE_TXT), DNS_ANSWER_NONSENSE);
}
END_TEST

/* Cut anywhere: never a value, never a step beyond. */
START_TEST(what_is_cut_short_is_nonsense_wherever_it_is_cut)
{
    size_t whole;

    put_question(&message, FLAGS_ANSWER, NAME, 16);
    put_txt(&message, NAME, FENCE("7"));
    whole = message.length;
    for (message.length = 0; message.length < whole; message.length++) {
        ck_assert_int_eq(read_txt(), DNS_ANSWER_NONSENSE);
        ck_assert_uint_eq(answer.count, 0);
    }
}
END_TEST

START_TEST(too_much_is_nonsense_and_no_half)
{
    put_question(&message, FLAGS_ANSWER, NAME, 16);
    for (int i = 0; i < DNS_ANSWER_ITEMS_MAX + 1; i++)
        put_txt(&message, NAME, "x");
    ck_assert_int_eq(read_txt(), DNS_ANSWER_NONSENSE);
    ck_assert_uint_eq(answer.count, 0);
    put_question(&message, FLAGS_ANSWER, NAME, 16);
    message.bytes[6] = 0xff; /* 65280 records, and none there */
    ck_assert_int_eq(read_txt(), DNS_ANSWER_NONSENSE);
    put_question(&message, FLAGS_ANSWER, NAME, 16);
    put_answer(&message, NAME, 16, "\005abc", 4); /* a string longer than its record */
    ck_assert_int_eq(read_txt(), DNS_ANSWER_NONSENSE);
    put_question(&message, FLAGS_ANSWER, "a.test", 1);
    put_answer(&message, "a.test", 1, "\001\002\003", 3); /* an address of three bytes */
    ck_assert_int_eq(read_as("a.test", DNS_TYPE_A), DNS_ANSWER_NONSENSE);
}
END_TEST

START_TEST(two_texts_are_nobodys_fence)
{
    put_question(&message, FLAGS_ANSWER, NAME, 16);
    put_txt(&message, NAME, FENCE("7"));
    put_txt(&message, NAME, FENCE("9"));
    ck_assert_int_eq(read_txt(), DNS_ANSWER_VALUES);
    ck_assert_uint_eq(answer.count, 2);
    ck_assert_uint_eq(epoch(), 0);
}
END_TEST

START_TEST(garbage_is_no_fence)
{
    static const char *const texts[] = {
        "",
        "epoch=9",
        FENCE("9") " ",
        FENCE("09"),
        FENCE("-1"),
        FENCE("18446744073709551616"),
        FENCE("18446744073709551615"), /* from a future that nobody will see */
        OTHERS,
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        put_question(&message, FLAGS_ANSWER, NAME, 16);
        put_txt(&message, NAME, texts[i]);
        ck_assert_int_eq(read_txt(), DNS_ANSWER_VALUES);
        ck_assert_msg(epoch() == 0, "taken for a fence: %s", texts[i]);
    }
}
END_TEST

/* Bytes turned over at random (splitmix64): no crash, no loop, no text that does not end. */
START_TEST(random_bytes_do_no_harm)
{
    uint64_t seed = 20251020;
    size_t whole;

    put_question(&message, FLAGS_ANSWER, NAME, 16);
    put_txt(&message, NAME, FENCE("7"));
    put_pointer(&message, QUESTION_AT);
    put_data(&message, 16, "\003a b", 4);
    whole = message.length;
    for (int i = 0; i < 20000; i++) {
        unsigned char before;
        uint64_t x = seed += 0x9e3779b97f4a7c15;

        x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
        x = (x ^ x >> 27) * 0x94d049bb133111eb;
        before = message.bytes[x % whole];
        message.bytes[x % whole] = (unsigned char)(x >> 40);
        if (read_txt() == DNS_ANSWER_VALUES)
            ck_assert_uint_lt(strlen(answer.items[0]), DNS_ANSWER_BYTES_MAX);
        if (i % 3 != 0) /* every third stays, and they add up */
            message.bytes[x % whole] = before;
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dns_answer");
    TCase *tests = tcase_create("dns_answer");

    suite_add_tcase(suite, tests);
    tcase_add_test(tests, a_fence_is_read);
    tcase_add_test(tests, case_and_the_last_dot_do_not_matter_and_pointers_are_followed);
    tcase_add_test(tests, the_strings_of_a_record_are_joined);
    tcase_add_test(tests, an_answer_to_another_question_is_nonsense);
    tcase_add_test(tests, a_record_of_another_name_or_type_is_not_counted);
    tcase_add_test(tests, a_fence_is_at_its_own_name_or_nowhere);
    tcase_add_test(tests, addresses_are_found_behind_a_chain_of_names);
    tcase_add_test(tests, a_chain_of_names_that_bites_its_tail_is_nonsense);
    tcase_add_test(tests, v6_addresses_and_names_have_one_form);
    tcase_add_test(tests, a_server_that_fails_or_refuses_is_told_apart);
    tcase_add_test(tests, compression_never_goes_in_circles);
    tcase_add_test(tests, names_that_are_too_long_are_nonsense);
    tcase_add_test(tests, what_is_cut_short_is_nonsense_wherever_it_is_cut);
    tcase_add_test(tests, too_much_is_nonsense_and_no_half);
    tcase_add_test(tests, two_texts_are_nobodys_fence);
    tcase_add_test(tests, garbage_is_no_fence);
    tcase_add_test(tests, random_bytes_do_no_harm);
    return run_suite(suite);
}
