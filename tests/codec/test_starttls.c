/* SPDX-License-Identifier: Apache-2.0 */
/* What is said before TLS, in six protocols: with good servers, with servers that refuse, and with
 * what no server says. */
#include <check.h>
#include <string.h>

#include "../lib/suite.h"
#include "starttls.h"

enum { ROUNDS_MAX = 4 };

/* Bytes of a server; of a literal with NULs in it. */
struct bytes {
    const char *bytes;
    size_t length;
};

#define BYTES(literal)                                                                             \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

struct exchange {
    enum starttls protocol;
    struct bytes answers[ROUNDS_MAX]; /* each to what was said before it */
    const char *error;                /* NULL: TLS may begin; else words of why not */
};

static struct starttls_talk talk;
static char said[256]; /* all that was said to the server */
static size_t said_length;

static void say(void)
{
    size_t length;
    const uint8_t *bytes = starttls_say(&talk, &length);

    ck_assert_uint_le(said_length + length, sizeof(said));
    memcpy(said + said_length, bytes, length);
    said_length += length;
    starttls_said(&talk);
}

static enum starttls_progress feed(struct bytes answer, size_t piece)
{
    enum starttls_progress progress = STARTTLS_MORE;

    for (size_t at = 0; at < answer.length && progress == STARTTLS_MORE; at += piece) {
        size_t left = answer.length - at;

        progress =
            starttls_feed(&talk, (const uint8_t *)answer.bytes + at, left < piece ? left : piece);
    }
    return progress;
}

/* Holds the conversation; the server's answers come in pieces of so many bytes. */
static enum starttls_progress hold(const struct exchange *exchange, size_t piece)
{
    enum starttls_progress progress = STARTTLS_MORE;

    said_length = 0;
    starttls_begin(&talk, exchange->protocol);
    for (int i = 0; i < ROUNDS_MAX && progress == STARTTLS_MORE; i++) {
        say();
        if (exchange->answers[i].bytes != NULL)
            progress = feed(exchange->answers[i], piece);
    }
    if (progress == STARTTLS_GO)
        say();
    return progress;
}

#define LDAP_NAME                                                                                  \
    "\x8a\x16"                                                                                     \
    "1.3.6.1.4.1.1466.20037"
#define MYSQL_VERSION "5.5.5-10.11.6-MariaDB\0"
#define MYSQL_SALT                                                                                 \
    "\x05\0\0\0"                                                                                   \
    "abcdefgh\0"

static const struct exchange good[] = {
    {STARTTLS_SMTP,
     {BYTES("220-mail.example.com\r\n220 ESMTP\r\n"),
      BYTES("250-mail.example.com\r\n250-SIZE 1000\r\n250-starttls\r\n250 HELP\r\n"),
      BYTES("220 2.0.0 Ready\r\n")},
     NULL},
    {STARTTLS_SMTP, {BYTES("220\n"), BYTES("250-x\n250 STARTTLS\n"), BYTES("220\n")}, NULL},
    {STARTTLS_POP3, {BYTES("+OK POP3 <1.2@x>\r\n"), BYTES("+OK Begin TLS\r\n")}, NULL},
    {STARTTLS_IMAP,
     {BYTES("* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n"), BYTES("a1 OK Begin TLS\r\n")},
     NULL},
    {STARTTLS_IMAP,
     {BYTES("* ok hi\r\n* 3 EXISTS\r\n"), BYTES("* OK still here\r\nA1 ok go\r\n")},
     NULL},
    {STARTTLS_LDAP, {BYTES("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00")}, NULL},
    {STARTTLS_LDAP,
     {BYTES("\x30\x82\x00\x25\x02\x01\x01\x78\x81\x1f\x0a\x01\x00\x04\x00\x04\x00" LDAP_NAME)},
     NULL},
    {STARTTLS_POSTGRES, {BYTES("S")}, NULL},
    {STARTTLS_MYSQL,
     {BYTES("\x32\0\0\0\x0a" MYSQL_VERSION MYSQL_SALT "\xfe\xff\x2d\x02\0\0\0\0\0\0\0\0\0\0")},
     NULL},
};

static const struct exchange bad[] = {
    /* Refused. */
    {STARTTLS_SMTP, {BYTES("554 no mail here\r\n")}, "the greeting was \"554 no mail here\""},
    {STARTTLS_SMTP,
     {BYTES("220 x\r\n"), BYTES("250 x\r\n")},
     "STARTTLS is not offered in the answer to EHLO"},
    {STARTTLS_SMTP,
     {BYTES("220 x\r\n"), BYTES("250-x\r\n250 STARTTLSX\r\n")},
     "STARTTLS is not offered"},
    {STARTTLS_SMTP,
     {BYTES("220 x\r\n"), BYTES("502 what?\r\n")},
     "the answer to EHLO was \"502 what?\""},
    {STARTTLS_SMTP,
     {BYTES("220 x\r\n"), BYTES("250-x\r\n250 STARTTLS\r\n"), BYTES("454 4.7.0 later\x1b[31m\r\n")},
     "the answer to STARTTLS was \"454 4.7.0 later\\x1b[31m\""},
    {STARTTLS_POP3, {BYTES("-ERR busy\r\n")}, "the greeting was \"-ERR busy\""},
    {STARTTLS_POP3,
     {BYTES("+OK\r\n"), BYTES("-ERR no TLS\r\n")},
     "the answer to STLS was \"-ERR no TLS\""},
    {STARTTLS_IMAP, {BYTES("* BYE full\r\n")}, "the greeting was \"* BYE full\""},
    {STARTTLS_IMAP, {BYTES("* PREAUTH root\r\n")}, "the greeting was \"* PREAUTH root\""},
    {STARTTLS_IMAP,
     {BYTES("* OK\r\n"), BYTES("* BYE\r\n")},
     "the answer to STARTTLS was \"* BYE\""},
    {STARTTLS_IMAP,
     {BYTES("* OK\r\n"), BYTES("a1 BAD no\r\n")},
     "the answer to STARTTLS was \"a1 BAD no\""},
    {STARTTLS_LDAP,
     {BYTES("\x30\x12\x02\x01\x01\x78\x0d\x0a\x01\x02\x04\x00\x04\x06no TLS")},
     "the answer to StartTLS was result 2: \"no TLS\""},
    {STARTTLS_LDAP,
     {BYTES("\x30\x0f\x02\x01\x00\x78\x0a\x0a\x01\x00\x04\x00\x04\x03"
            "bye")},
     "was result 0: \"bye\""},
    {STARTTLS_POSTGRES, {BYTES("N")}, "the answer to SSLRequest was \"N\": the server has no TLS"},
    {STARTTLS_POSTGRES,
     {BYTES("E\0\0\0\x1dSFATAL\0C53300\0Mtoo many\0\0")},
     "the answer to SSLRequest was an error: \"too many\""},
    {STARTTLS_MYSQL,
     {BYTES("\x2d\0\0\0\x0a" MYSQL_VERSION MYSQL_SALT "\xfe\xf7\x2d\x02\0\0\0\0\0")},
     "the greeting offers no TLS (version 5.5.5-10.11.6-MariaDB)"},
    {STARTTLS_MYSQL,
     {BYTES("\x0b\0\0\0\xff\x10\x04"
            "too many")},
     "the greeting was error 1040: \"too many\""},
    /* Bytes after the go-ahead. */
    {STARTTLS_SMTP,
     {BYTES("220 x\r\n"), BYTES("250-x\r\n250 STARTTLS\r\n"), BYTES("220 go\r\n250 injected\r\n")},
     "14 bytes in the clear after the go-ahead"},
    {STARTTLS_POP3,
     {BYTES("+OK\r\n"), BYTES("+OK go\r\n+")},
     "1 bytes in the clear after the go-ahead"},
    {STARTTLS_IMAP,
     {BYTES("* OK\r\n"), BYTES("a1 OK go\r\n* 1 EXISTS\r\n")},
     "12 bytes in the clear after the go-ahead"},
    {STARTTLS_POSTGRES, {BYTES("SN")}, "1 bytes in the clear after the go-ahead"},
    {STARTTLS_LDAP,
     {BYTES("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00\x30")},
     "1 bytes in the clear after the go-ahead"},
    {STARTTLS_MYSQL,
     {BYTES("\x2d\0\0\0\x0a" MYSQL_VERSION MYSQL_SALT "\xfe\xff\x2d\x02\0\0\0\0\0"
            "x")},
     "1 bytes in the clear after the go-ahead"},
    /* Out of turn. */
    {STARTTLS_SMTP,
     {BYTES("220 x\r\n250 STARTTLS\r\n")},
     "the server spoke before it was asked: \"250 STARTTLS\\x0d\\x0a\""},
    {STARTTLS_POP3, {BYTES("+OK\r\n+OK\r\n")}, "the server spoke before it was asked"},
    {STARTTLS_IMAP, {BYTES("* OK\r\na1 OK\r\n")}, "the answer to STARTTLS was \"a1 OK\""},
    /* Nonsense. */
    {STARTTLS_SMTP, {BYTES("SSH-2.0-OpenSSH\r\n")}, "the greeting was \"SSH-2.0-OpenSSH\""},
    {STARTTLS_SMTP, {BYTES("2200 x\r\n")}, "the greeting was \"2200 x\""},
    {STARTTLS_SMTP, {BYTES("\r\n")}, "the greeting was \"\""},
    {STARTTLS_LDAP, {BYTES("HTTP/1.1 400")}, "is no message of LDAP: \"H\""},
    {STARTTLS_LDAP, {BYTES("\x30\x84\0\0\0\x0c")}, "is no message of LDAP"},
    {STARTTLS_LDAP, {BYTES("\x30\x80\x02\x01\x01")}, "is no message of LDAP"},
    {STARTTLS_LDAP, {BYTES("\x30\x82\xff\xff")}, "is a message of 65539 bytes, more than 2048"},
    {STARTTLS_LDAP, {BYTES("\x30\x03\x02\x01\x01")}, "is no message of LDAP"},
    {STARTTLS_LDAP,
     {BYTES("\x30\x0c\x02\x01\x01\x78\x7f\x0a\x01\x00\x04\x00\x04\x00")},
     "is no message of LDAP"},
    {STARTTLS_POSTGRES, {BYTES("HTTP/1.1 400")}, "is no message of PostgreSQL: \"H\""},
    {STARTTLS_POSTGRES, {BYTES("E\0\0\0\0")}, "was an error: \"\""},
    {STARTTLS_POSTGRES, {BYTES("E\0\x01\0\0")}, "is no message of PostgreSQL"},
    {STARTTLS_MYSQL, {BYTES("SSH-2.0")}, "is no message of MySQL"},
    {STARTTLS_MYSQL, {BYTES("\0\0\0\0")}, "is no message of MySQL"},
    {STARTTLS_MYSQL,
     {BYTES("\x05\0\0\0\x0a"
            "5.5\0")},
     "is no message of MySQL"},
    {STARTTLS_MYSQL, {BYTES("\x01\0\0\0\xff")}, "is no message of MySQL"},
    {STARTTLS_MYSQL, {BYTES("\xff\xff\0\0")}, "is a message of 65539 bytes, more than 2048"},
};

START_TEST(a_server_that_offers_tls_gets_it)
{
    for (size_t piece = 1; piece < 100; piece += 1 + piece / 4)
        ck_assert_msg(hold(&good[_i], piece) == STARTTLS_GO, "%s", starttls_error(&talk));
}
END_TEST

START_TEST(a_server_that_does_not_is_refused_with_its_words)
{
    enum starttls_progress progress = hold(&bad[_i], 1000);

    ck_assert_int_eq(progress, STARTTLS_REFUSED);
    ck_assert_msg(strstr(starttls_error(&talk), bad[_i].error) != NULL, "\"%s\", wanted \"%s\"",
                  starttls_error(&talk), bad[_i].error);
}
END_TEST

START_TEST(what_is_asked_is_what_the_protocols_say)
{
    hold(&good[0], 1000);
    ck_assert_uint_eq(said_length, strlen("EHLO regionshift.invalid\r\nSTARTTLS\r\n"));
    ck_assert_mem_eq(said, "EHLO regionshift.invalid\r\nSTARTTLS\r\n", said_length);
    hold(&good[2], 1000);
    ck_assert_mem_eq(said, "STLS\r\n", said_length);
    hold(&good[3], 1000);
    ck_assert_mem_eq(said, "a1 STARTTLS\r\n", said_length);
    hold(&good[5], 1000);
    ck_assert_uint_eq(said_length, 31);
    ck_assert_mem_eq(said,
                     "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
                     "1.3.6.1.4.1.1466.20037",
                     31);
    hold(&good[7], 1000);
    ck_assert_uint_eq(said_length, 8);
    ck_assert_mem_eq(said, "\0\0\0\x08\x04\xd2\x16\x2f", 8);
    hold(&good[8], 1000);
    ck_assert_uint_eq(said_length, 36);
    ck_assert_mem_eq(said, "\x20\0\0\x01\x01\x8a\x08\0", 8); /* CLIENT_SSL is among them: 0x800 */
}
END_TEST

START_TEST(no_answer_that_is_cut_begins_tls)
{
    const struct exchange *exchange = &good[_i];
    size_t last = 0;

    while (last + 1 < ROUNDS_MAX && exchange->answers[last + 1].bytes != NULL)
        last++;
    for (size_t length = 0; length < exchange->answers[last].length; length++) {
        struct exchange cut = *exchange;

        cut.answers[last].length = length;
        ck_assert_int_ne(hold(&cut, 1000), STARTTLS_GO);
    }
}
END_TEST

START_TEST(an_endless_line_and_endless_lines_are_refused)
{
    static const uint8_t letters[] = "220-xxxxxxxxxxxxxxxxxxxxxxxxxxx";
    enum starttls_progress progress = STARTTLS_MORE;

    starttls_begin(&talk, STARTTLS_SMTP);
    while (progress == STARTTLS_MORE)
        progress = starttls_feed(&talk, letters, sizeof(letters) - 1);
    ck_assert_str_eq(starttls_error(&talk), "the greeting has a line of more than 2048 bytes");
    progress = STARTTLS_MORE;
    starttls_begin(&talk, STARTTLS_SMTP);
    while (progress == STARTTLS_MORE)
        progress = starttls_feed(&talk, (const uint8_t *)"220-hello\r\n", 11);
    ck_assert_str_eq(starttls_error(&talk), "more than 16384 bytes before TLS");
}
END_TEST

/* ---- good-bye ---- */

#define DENIED "\x0b\0\0\x03\xff\x15\x04#28000No"

static enum starttls_progress leave_mysql(void)
{
    hold(&good[8], 1000);
    said_length = 0;
    return starttls_leave(&talk);
}

static enum starttls_progress feed_leave(struct bytes answer)
{
    say();
    return starttls_leave_feed(&talk, (const uint8_t *)answer.bytes, answer.length);
}

START_TEST(only_mysql_wants_a_good_bye)
{
    for (size_t i = 0; i < 8; i++) {
        hold(&good[i], 1000);
        ck_assert_int_eq(starttls_leave(&talk), STARTTLS_GO);
    }
    ck_assert_int_eq(leave_mysql(), STARTTLS_MORE);
    ck_assert_int_eq(feed_leave((struct bytes)BYTES(DENIED)), STARTTLS_GO);
    ck_assert_uint_eq(said_length, 4 + 32 + 35);
    ck_assert_mem_eq(said, "\x43\0\0\x02\x01\x8a\x08\0", 8);
    ck_assert_mem_eq(said + 36, "regionshift\0\0mysql_native_password", 35);
}
END_TEST

START_TEST(what_a_login_is_asked_beyond_is_answered_with_nothing)
{
    leave_mysql();
    ck_assert_int_eq(feed_leave((struct bytes)BYTES("\x06\0\0\x03\xfeother")), STARTTLS_MORE);
    said_length = 0;
    ck_assert_int_eq(feed_leave((struct bytes)BYTES("\x02\0\0")), STARTTLS_MORE);
    ck_assert_uint_eq(said_length, 4);
    ck_assert_mem_eq(said, "\0\0\0\x04", 4);
    ck_assert_int_eq(feed_leave((struct bytes)BYTES("\x05\x01\x04")), STARTTLS_MORE);
    said_length = 0;
    ck_assert_int_eq(feed_leave((struct bytes)BYTES(DENIED)), STARTTLS_GO);
    ck_assert_mem_eq(said, "\0\0\0\x06", 4);
}
END_TEST

START_TEST(a_login_that_is_let_in_leaves_at_once)
{
    leave_mysql();
    ck_assert_int_eq(feed_leave((struct bytes)BYTES("\x03\0\0\x03\0\0\0")), STARTTLS_GO);
    said_length = 0;
    say();
    ck_assert_uint_eq(said_length, 5);
    ck_assert_mem_eq(said, "\x01\0\0\0\x01", 5);
}
END_TEST

START_TEST(no_server_keeps_us_at_the_good_bye)
{
    static const uint8_t junk[] = "\xff\xff\xff\x03xxxxxxxxxxxxxxxx";
    static const uint8_t again[] = "\x01\0\0\x03\xfe";
    enum starttls_progress progress = leave_mysql();
    unsigned rounds = 0;

    while (progress == STARTTLS_MORE && rounds++ < 1000)
        progress = starttls_leave_feed(&talk, junk, sizeof(junk) - 1);
    ck_assert_int_eq(progress, STARTTLS_GO);
    rounds = 0;
    leave_mysql();
    while (starttls_leave_feed(&talk, again, sizeof(again) - 1) == STARTTLS_MORE)
        ck_assert_uint_lt(++rounds, 10);
}
END_TEST

START_TEST(where_it_stands_is_told)
{
    starttls_begin(&talk, STARTTLS_SMTP);
    ck_assert_str_eq(starttls_where(&talk), "the greeting");
    starttls_feed(&talk, (const uint8_t *)"220 x\r\n", 7);
    ck_assert_str_eq(starttls_where(&talk), "the answer to EHLO");
    starttls_begin(&talk, STARTTLS_POP3);
    starttls_feed(&talk, (const uint8_t *)"+OK\r\n", 5);
    ck_assert_str_eq(starttls_where(&talk), "the answer to STLS");
    starttls_begin(&talk, STARTTLS_POSTGRES);
    ck_assert_str_eq(starttls_where(&talk), "the answer to SSLRequest");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("starttls");
    TCase *tests = tcase_create("starttls");
    int good_count = sizeof(good) / sizeof(good[0]);

    tcase_add_loop_test(tests, a_server_that_offers_tls_gets_it, 0, good_count);
    tcase_add_loop_test(tests, a_server_that_does_not_is_refused_with_its_words, 0,
                        sizeof(bad) / sizeof(bad[0]));
    tcase_add_test(tests, what_is_asked_is_what_the_protocols_say);
    tcase_add_loop_test(tests, no_answer_that_is_cut_begins_tls, 0, good_count);
    tcase_add_test(tests, an_endless_line_and_endless_lines_are_refused);
    tcase_add_test(tests, only_mysql_wants_a_good_bye);
    tcase_add_test(tests, what_a_login_is_asked_beyond_is_answered_with_nothing);
    tcase_add_test(tests, a_login_that_is_let_in_leaves_at_once);
    tcase_add_test(tests, no_server_keeps_us_at_the_good_bye);
    tcase_add_test(tests, where_it_stands_is_told);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
