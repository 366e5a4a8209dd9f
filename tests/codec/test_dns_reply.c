/* SPDX-License-Identifier: Apache-2.0 */
/* What a check asks a name server, and all that the reply says. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "../lib/suite.h"
#include "dns_reply.h"
#include "../lib/dns_message.h"

#define NAME "www.example.com"

static struct dns_message message;
static struct dns_reply reply;

static struct dns_query asking(const char *name, const char *type)
{
    return (struct dns_query){.id = 0x1234, .name = name, .type = type, .edns = true};
}

/* From memory of just this size, so that ASan sees a step too far. */
static enum dns_reply_status read_as(const char *name, const char *type)
{
    const struct dns_query query = asking(name, type);
    unsigned char *exact = malloc(message.length);
    enum dns_reply_status status;

    memcpy(exact, message.bytes, message.length);
    status = dns_reply_read(exact, message.length, &query, &reply);
    free(exact);
    return status;
}

static void expect_text(const char *text)
{
    ck_assert_uint_eq(reply.text_length, strlen(text));
    ck_assert_msg(memcmp(reply.text, text, reply.text_length) == 0, "%.*s", (int)reply.text_length,
                  reply.text);
    ck_assert(!reply.text_cut);
}

/* ---- the question ---- */

START_TEST(a_question_is_what_every_server_reads)
{
    static const unsigned char plain[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
                                         "\003www\007example\003com\000\x01\x01\x00\x01";
    struct dns_query query = asking(NAME, "CAA");
    unsigned char out[DNS_QUERY_MAX];

    query.edns = false;
    ck_assert_uint_eq(dns_query_write(&query, out), sizeof(plain) - 1);
    ck_assert_mem_eq(out, plain, sizeof(plain) - 1);
}
END_TEST

START_TEST(with_edns_the_size_is_said_and_signatures_are_asked_for)
{
    static const unsigned char opt[] = "\x00\x00\x29\x04\xd0\x00\x00\x80\x00\x00\x00";
    struct dns_query query = asking(".", "NS");
    unsigned char out[DNS_QUERY_MAX];
    size_t length;

    query.dnssec = true;
    length = dns_query_write(&query, out);
    ck_assert_uint_eq(length, 12 + 1 + 4 + 11);
    ck_assert_uint_eq(out[11], 1);
    ck_assert_mem_eq(out + length - 11, opt, 11);
    query.dnssec = false;
    ck_assert_uint_eq(dns_query_write(&query, out), length);
    ck_assert_uint_eq(out[length - 4], 0);
}
END_TEST

START_TEST(what_is_no_question_is_not_written)
{
    static const char label[] = "x23456789012345678901234567890123456789012345678901234567890123";
    unsigned char out[DNS_QUERY_MAX];
    struct dns_query query;
    char name[256];

    query = asking(NAME, "ANY");
    ck_assert_uint_eq(dns_query_write(&query, out), 0);
    query = asking("a..b", "A");
    ck_assert_uint_eq(dns_query_write(&query, out), 0);
    snprintf(name, sizeof(name), "%s.%s.%s.%s", label, label, label, label + 1);
    query = asking(name, "A"); /* 254 characters, 256 bytes */
    ck_assert_uint_eq(dns_query_write(&query, out), 0);
    snprintf(name, sizeof(name), "%s.%s.%s.%s", label, label, label, label + 2);
    ck_assert_uint_eq(dns_query_write(&query, out), 12 + 255 + 4 + 11);
}
END_TEST

/* ---- whose reply ---- */

START_TEST(what_does_not_answer_our_question_has_not_come)
{
    static const struct {
        unsigned at;
        unsigned char value;
    } changes[] = {
        {1, 0x35}, /* another id */
        {2, 0x04}, /* a question */
        {2, 0xac}, /* an update */
        {5, 2},    /* two questions */
        {5, 0},    /* none, and yet no refusal */
        {13, 'v'}, /* another name */
        {30, 28},  /* another type */
        {32, 3},   /* another class */
    };

    put_question(&message, FLAGS_ANSWER, NAME, 1);
    put_a(&message, NAME, "192.0.2.1");
    ck_assert_int_eq(read_as(NAME, "A"), DNS_REPLY_READ);
    message.bytes[changes[_i].at] = changes[_i].value;
    ck_assert_int_eq(read_as(NAME, "A"), DNS_REPLY_FOREIGN);
}
END_TEST

enum { CHANGE_COUNT = 8 };

START_TEST(a_piece_of_a_header_is_foreign)
{
    put_question(&message, FLAGS_ANSWER, NAME, 1);
    for (size_t length = 1; length < 33; length++) {
        message.length = length;
        ck_assert_int_eq(read_as(NAME, "A"), DNS_REPLY_FOREIGN);
    }
}
END_TEST

START_TEST(a_refusal_may_leave_the_question_out)
{
    static const unsigned char formerr[] = "\x12\x34\x80\x01\x00\x00\x00\x00\x00\x00\x00\x00";

    message.length = 0;
    put_bytes(&message, formerr, 12);
    ck_assert_int_eq(read_as(NAME, "A"), DNS_REPLY_READ);
    ck_assert_int_eq(reply.rcode, DNS_RCODE_FORMERR);
    ck_assert(!reply.edns);
    message.bytes[7] = 1; /* with an answer to who knows what */
    put_a(&message, NAME, "192.0.2.1");
    ck_assert_int_eq(read_as(NAME, "A"), DNS_REPLY_FOREIGN);
}
END_TEST

START_TEST(what_is_cut_is_not_read)
{
    put_question(&message, FLAGS_ANSWER | 0x0200, NAME, 1);
    ck_assert_int_eq(read_as(NAME, "A"), DNS_REPLY_CUT);
}
END_TEST

/* ---- what it says ---- */

START_TEST(rcode_flags_and_edns_are_told)
{
    put_question(&message, 0x8100 | 0x20 | 3, NAME, 1);
    ck_assert_int_eq(read_as(NAME, "A"), DNS_REPLY_READ);
    ck_assert_int_eq(reply.rcode, DNS_RCODE_NXDOMAIN);
    ck_assert(reply.authentic);
    ck_assert(!reply.edns);
    ck_assert_uint_eq(reply.answers, 0);
    put_question(&message, 0x8100, NAME, 1);
    put_bytes(&message, "\0\0\x29\x04\xd0\x01\0\0\0\0\0", 11); /* BADVERS: 1 above four bits */
    message.bytes[11] = 1;
    ck_assert_int_eq(read_as(NAME, "A"), DNS_REPLY_READ);
    ck_assert_int_eq(reply.rcode, 16);
    ck_assert(reply.edns);
    ck_assert(!reply.authentic);
}
END_TEST

/* As dig +short writes them; tests/system/test_check_dns.py compares with dig itself. */
static const struct {
    const char *type;
    unsigned number;
    const char *data;
    size_t length;
    const char *text;
} written[] = {
    {"A", 1, "\300\0\2\1", 4, "192.0.2.1\n"},
    {"AAAA", 28, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16, "2001:db8::1\n"},
    {"NS", 2, "\002Ns\004test", 9, "Ns.test.\n"},
    {"CNAME", 5, "\004a\\.;\003\" \007", 10, "a\\\\\\.\\;.\\\"\\032\\007.\n"},
    {"PTR", 12, "", 1, ".\n"},
    {"MX", 15, "\0\012\004mail\300\014", 9, "10 mail." NAME ".\n"},
    {"SOA", 6, "\001a\0\001b\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\377\377\377\377", 26,
     "a. b. 1 2 3 4 4294967295\n"},
    {"SRV", 33, "\0\1\0\2\1\273\001s\0", 9, "1 2 443 s.\n"},
    {"TXT", 16, "\003a b\004\"\\;\377\0", 10, "\"a b\" \"\\\"\\\\;\\255\" \"\"\n"},
    {"CAA", 257, "\200\005issueca.test", 14, "128 issue \"ca.test\"\n"},
};

enum { WRITTEN_COUNT = sizeof(written) / sizeof(written[0]) };

START_TEST(records_are_written_as_dig_does)
{
    put_question(&message, FLAGS_ANSWER, NAME, written[_i].number);
    put_pointer(&message, QUESTION_AT);
    put_data(&message, written[_i].number, written[_i].data, written[_i].length);
    ck_assert_int_eq(read_as(NAME, written[_i].type), DNS_REPLY_READ);
    ck_assert_int_eq(reply.rcode, 0);
    ck_assert_uint_eq(reply.answers, 1);
    expect_text(written[_i].text);
}
END_TEST

START_TEST(data_of_another_length_is_broken)
{
    for (int change = -1; change <= 1; change += 2) {
        char data[64] = "";
        size_t length = written[_i].length + (size_t)change;

        if (strcmp(written[_i].type, "TXT") == 0 || strcmp(written[_i].type, "CAA") == 0)
            continue; /* they have no length of their own */
        memcpy(data, written[_i].data, written[_i].length);
        put_question(&message, FLAGS_ANSWER, NAME, written[_i].number);
        put_pointer(&message, QUESTION_AT);
        put_data(&message, written[_i].number, data, length);
        ck_assert_int_eq(read_as(NAME, written[_i].type), DNS_REPLY_BROKEN);
    }
}
END_TEST

START_TEST(strings_longer_than_their_record_are_broken)
{
    put_question(&message, FLAGS_ANSWER, NAME, 16);
    put_answer(&message, NAME, 16, "\005abcd", 5);
    ck_assert_int_eq(read_as(NAME, "TXT"), DNS_REPLY_BROKEN);
    put_question(&message, FLAGS_ANSWER, NAME, 16);
    put_answer(&message, NAME, 16, "", 0);
    ck_assert_int_eq(read_as(NAME, "TXT"), DNS_REPLY_BROKEN);
    put_question(&message, FLAGS_ANSWER, NAME, 257);
    put_answer(&message, NAME, 257, "\0\005issu", 6);
    ck_assert_int_eq(read_as(NAME, "CAA"), DNS_REPLY_BROKEN);
}
END_TEST

START_TEST(the_chain_of_names_is_followed_and_only_its_end_is_counted)
{
    put_question(&message, FLAGS_ANSWER, NAME, 1);
    put_a(&message, "c.test", "192.0.2.7"); /* in any order */
    put_answer(&message, "B.test", 5, "\001C\004test", 8);
    put_answer(&message, NAME, 5, "\001b\004test", 8);
    put_a(&message, "C.TEST", "192.0.2.8");
    put_a(&message, NAME, "192.0.2.66");
    put_answer(&message, "other.test", 5, "\001x\004test", 8);
    ck_assert_int_eq(read_as(NAME, "A"), DNS_REPLY_READ);
    ck_assert_uint_eq(reply.answers, 2);
    expect_text("192.0.2.7\nC.test.\nb.test.\n192.0.2.8\n");
    message.bytes[30] = 5; /* who asks for a CNAME wants just that one */
    ck_assert_int_eq(read_as(NAME, "CNAME"), DNS_REPLY_READ);
    ck_assert_uint_eq(reply.answers, 1);
    expect_text("b.test.\n");
}
END_TEST

START_TEST(a_chain_without_an_end_is_broken)
{
    put_question(&message, FLAGS_ANSWER, "a.test", 1);
    put_answer(&message, "a.test", 5, "\001b\004test", 8);
    put_answer(&message, "b.test", 5, "\001a\004test", 8);
    ck_assert_int_eq(read_as("a.test", "A"), DNS_REPLY_BROKEN);
}
END_TEST

/* 8 links, as many as there may be, and 9. */
START_TEST(a_chain_has_a_longest_length)
{
    put_question(&message, FLAGS_ANSWER, "a0.test", 1);
    for (char link = '0'; link < '0' + 8 + _i; link++) {
        char owner[] = {'a', link, '.', 't', 'e', 's', 't', '\0'};
        char target[] = {2, 'a', (char)(link + 1), 4, 't', 'e', 's', 't', 0};

        put_answer(&message, owner, 5, target, sizeof(target));
    }
    ck_assert_int_eq(read_as("a0.test", "A"), _i == 0 ? DNS_REPLY_READ : DNS_REPLY_BROKEN);
}
END_TEST

START_TEST(a_pointer_that_goes_in_a_circle_or_ahead_is_broken)
{
    for (size_t ahead = 0; ahead <= 2; ahead += 2) {
        put_question(&message, FLAGS_ANSWER, NAME, 1);
        put_pointer(&message, message.length + ahead);
        put_data(&message, 1, "\300\0\2\1", 4);
        ck_assert_int_eq(read_as(NAME, "A"), DNS_REPLY_BROKEN);
    }
    put_question(&message, FLAGS_ANSWER, NAME, 2);
    put_pointer(&message, QUESTION_AT);
    put_data(&message, 2, "\001x\300\055", 4); /* the data's own beginning */
    ck_assert_int_eq(read_as(NAME, "NS"), DNS_REPLY_BROKEN);
}
END_TEST

/* Each jump goes back, and yet there are too many of them. */
START_TEST(a_staircase_of_pointers_is_broken)
{
    size_t stairs;

    put_question(&message, FLAGS_ANSWER, NAME, 1);
    put_name(&message, "");
    put_two(&message, 10); /* a record that holds the stairs */
    put_two(&message, 1);
    put_bytes(&message, "\0\0\0\0", 4);
    put_two(&message, 2 * 400);
    stairs = message.length;
    put_pointer(&message, QUESTION_AT);
    for (size_t i = 1; i < 400; i++)
        put_pointer(&message, stairs + 2 * (i - 1));
    message.bytes[7]++;
    put_pointer(&message, stairs + (_i == 0 ? 250u : 798u));
    put_data(&message, 1, "\300\0\2\1", 4);
    ck_assert_int_eq(read_as(NAME, "A"), _i == 0 ? DNS_REPLY_READ : DNS_REPLY_BROKEN);
}
END_TEST

START_TEST(fewer_records_than_were_said_are_broken)
{
    put_question(&message, FLAGS_ANSWER, NAME, 1);
    put_a(&message, NAME, "192.0.2.1");
    for (unsigned at = 7; at <= 11; at += 2) {
        message.bytes[at]++;
        ck_assert_int_eq(read_as(NAME, "A"), DNS_REPLY_BROKEN);
        message.bytes[at]--;
    }
    ck_assert_int_eq(read_as(NAME, "A"), DNS_REPLY_READ);
}
END_TEST

START_TEST(of_64_kib_all_answers_are_counted_and_the_first_16_are_kept)
{
    unsigned count = 0;
    char line[] = "\"xxxxxxxxxxxxxxxxxxxxxxxxx\"\n";

    put_question(&message, FLAGS_ANSWER, NAME, 16);
    while (message.length + 2 + 10 + 26 <= DNS_MESSAGE_MAX) {
        put_pointer(&message, QUESTION_AT);
        put_data(&message, 16, "\031xxxxxxxxxxxxxxxxxxxxxxxxx", 26);
        count++;
    }
    message.bytes[6] = (unsigned char)(count >> 8);
    message.bytes[7] = (unsigned char)count;
    ck_assert_int_eq(read_as(NAME, "TXT"), DNS_REPLY_READ);
    ck_assert_uint_eq(reply.answers, count);
    ck_assert(reply.text_cut);
    ck_assert_uint_gt(reply.text_length, DNS_REPLY_TEXT_MAX - sizeof(line));
    ck_assert_uint_eq(reply.text_length % strlen(line), 0); /* whole lines */
    ck_assert_mem_eq(reply.text + reply.text_length - strlen(line), line, strlen(line));
}
END_TEST

static TCase *reply_tests(void)
{
    TCase *tests = tcase_create("reply");

    tcase_add_loop_test(tests, what_does_not_answer_our_question_has_not_come, 0, CHANGE_COUNT);
    tcase_add_test(tests, a_piece_of_a_header_is_foreign);
    tcase_add_test(tests, a_refusal_may_leave_the_question_out);
    tcase_add_test(tests, what_is_cut_is_not_read);
    tcase_add_test(tests, rcode_flags_and_edns_are_told);
    tcase_add_loop_test(tests, records_are_written_as_dig_does, 0, WRITTEN_COUNT);
    tcase_add_loop_test(tests, data_of_another_length_is_broken, 0, WRITTEN_COUNT);
    tcase_add_test(tests, strings_longer_than_their_record_are_broken);
    tcase_add_test(tests, the_chain_of_names_is_followed_and_only_its_end_is_counted);
    tcase_add_test(tests, a_chain_without_an_end_is_broken);
    tcase_add_loop_test(tests, a_chain_has_a_longest_length, 0, 2);
    tcase_add_test(tests, a_pointer_that_goes_in_a_circle_or_ahead_is_broken);
    tcase_add_loop_test(tests, a_staircase_of_pointers_is_broken, 0, 2);
    tcase_add_test(tests, fewer_records_than_were_said_are_broken);
    tcase_add_test(tests, of_64_kib_all_answers_are_counted_and_the_first_16_are_kept);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("dns_reply");
    TCase *question = tcase_create("question");

    tcase_add_test(question, a_question_is_what_every_server_reads);
    tcase_add_test(question, with_edns_the_size_is_said_and_signatures_are_asked_for);
    tcase_add_test(question, what_is_no_question_is_not_written);
    suite_add_tcase(suite, question);
    suite_add_tcase(suite, reply_tests());
    return run_suite(suite);
}
