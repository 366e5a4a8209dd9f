/* SPDX-License-Identifier: Apache-2.0 */
/* What an alert looks like on disk, in the store, at a webhook and in a mailbox. */
#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "mail.h"
#include "notice.h"

static const wall_t at_wall = 1785576600000; /* 2026-08-01T09:30:00Z */

static struct alert alert_example(void)
{
    struct alert alert = {.event = ALERT_REGION_DOWN,
                          .phase = ALERT_OPEN,
                          .severity = SEVERITY_PAGE,
                          .incident = "region_down.jwt-pizza.us-east-1",
                          .at_wall = at_wall,
                          .subject = "jwt-pizza us-east-1 down",
                          .text = "seen by use1, fra\n.\n..dots\n",
                          .group = "jwt-pizza",
                          .region = "us-east-1",
                          .epoch = 7,
                          .probe = "use1"};

    return alert;
}

static struct notice *notice_of(const struct alert *alert)
{
    struct notice *notice = NULL;

    ck_assert_int_eq(notice_create(alert, &notice), 0);
    return notice;
}

static struct notice *notice_example(void)
{
    struct alert alert = alert_example();

    return notice_of(&alert);
}

static char *mail_of(const struct notice *notice, const char *from, const char *to)
{
    struct notice_stamp stamp = {.count = 2, .at_wall = at_wall};
    const char *recipients[] = {to};
    struct mail mail = {.from = from,
                        .to = recipients,
                        .to_count = 1,
                        .date_wall = at_wall + 61000,
                        .notice = notice,
                        .stamp = &stamp};

    return mail_format(&mail);
}

START_TEST(a_record_gives_back_every_field)
{
    struct notice *before = notice_example();
    struct notice *after = NULL;
    char *record = notice_encode(before);
    char error[200] = "";

    ck_assert_ptr_nonnull(record);
    ck_assert_ptr_eq(strchr(record, '\n'), record + strlen(record) - 1); /* one line */
    ck_assert_msg(notice_decode(record, strlen(record), &after, error, sizeof(error)) == 0, "%s",
                  error);
    ck_assert_int_eq(after->event, before->event);
    ck_assert_int_eq(after->phase, before->phase);
    ck_assert_int_eq(after->severity, before->severity);
    ck_assert_int_eq(after->at_wall, before->at_wall);
    ck_assert_uint_eq(after->epoch, before->epoch);
    ck_assert_str_eq(after->incident, before->incident);
    ck_assert_str_eq(after->subject, before->subject);
    ck_assert_str_eq(after->text, before->text);
    ck_assert_str_eq(after->group, before->group);
    ck_assert_str_eq(after->region, before->region);
    ck_assert_str_eq(after->probe, before->probe);
    notice_destroy(before);
    notice_destroy(after);
    free(record);
}
END_TEST

START_TEST(the_longest_alert_of_the_worst_bytes_survives_its_record)
{
    struct alert alert = alert_example();
    struct notice *before, *after = NULL;
    char error[200] = "";
    char *record;

    memset(alert.incident, 'z', INCIDENT_MAX);
    alert.incident[INCIDENT_MAX] = '\0';
    memset(alert.subject, '"', ALERT_SUBJECT_MAX);
    memset(alert.text, '\\', ALERT_TEXT_MAX);
    before = notice_of(&alert);
    record = notice_encode(before);
    ck_assert_msg(notice_decode(record, strlen(record), &after, error, sizeof(error)) == 0, "%s",
                  error);
    ck_assert_str_eq(after->text, before->text);
    ck_assert_str_eq(after->subject, before->subject);
    notice_destroy(before);
    notice_destroy(after);
    free(record);
}
END_TEST

static const char *const bad_records[] = {
    "",
    "{}",
    "{\"v\":1",
    "{\"v\":2,\"incident\":\"a\"}",
    "[1]",
    "{\"v\":1,\"incident\":\"a\",\"event\":\"moved\",\"phase\":\"ajar\",\"severity\":\"page\","
    "\"at\":1,\"epoch\":1,\"group\":\"\",\"region\":\"\",\"probe\":\"p\",\"subject\":\"s\","
    "\"text\":\"t\"}",
    "{\"v\":1,\"incident\":\"a\",\"event\":\"eaten\",\"phase\":\"open\",\"severity\":\"page\","
    "\"at\":1,\"epoch\":1,\"group\":\"\",\"region\":\"\",\"probe\":\"p\",\"subject\":\"s\","
    "\"text\":\"t\"}",
    "{\"v\":1,\"incident\":\"a\",\"event\":\"moved\",\"phase\":\"open\",\"severity\":\"loud\","
    "\"at\":1,\"epoch\":1,\"group\":\"\",\"region\":\"\",\"probe\":\"p\",\"subject\":\"s\","
    "\"text\":\"t\"}",
    "{\"v\":1,\"incident\":\"../etc\",\"event\":\"moved\",\"phase\":\"open\",\"severity\":\"page\","
    "\"at\":1,\"epoch\":1,\"group\":\"\",\"region\":\"\",\"probe\":\"p\",\"subject\":\"s\","
    "\"text\":\"t\"}",
    "{\"v\":1,\"incident\":\"a\",\"event\":\"moved\",\"phase\":\"open\",\"severity\":\"page\","
    "\"at\":\"1\",\"epoch\":1,\"group\":\"\",\"region\":\"\",\"probe\":\"p\",\"subject\":\"s\","
    "\"text\":\"t\"}",
};

START_TEST(a_bad_record_is_refused_with_words)
{
    struct notice *notice = NULL;
    char error[200] = "";

    ck_assert_int_eq(
        notice_decode(bad_records[_i], strlen(bad_records[_i]), &notice, error, sizeof(error)), -1);
    ck_assert_ptr_null(notice);
    ck_assert_uint_gt(strlen(error), 5);
}
END_TEST

START_TEST(a_record_cut_anywhere_is_refused)
{
    struct notice *notice = notice_example();
    char *record = notice_encode(notice);

    for (size_t length = 0; length + 2 < strlen(record); length++) {
        struct notice *torn = NULL;
        char error[200];

        ck_assert_int_eq(notice_decode(record, length, &torn, error, sizeof(error)), -1);
        ck_assert_ptr_null(torn);
    }
    notice_destroy(notice);
    free(record);
}
END_TEST

static const char *const bad_incidents[] = {"", "a b", "a\r\nBcc: x", "A", "a/b", "caf\xc3\xa9"};

START_TEST(a_name_that_is_no_incidents_is_refused)
{
    struct alert alert = alert_example();
    struct notice *notice = NULL;

    memcpy(alert.incident, bad_incidents[_i], strlen(bad_incidents[_i]) + 1);
    ck_assert_int_lt(notice_create(&alert, &notice), 0);
    ck_assert_ptr_null(notice);
}
END_TEST

START_TEST(a_claim_gives_back_every_field)
{
    struct claim before = {
        .phase = ALERT_RESOLVED, .by = "usw2", .at_wall = at_wall, .count = 9, .sent = true};
    struct claim after = {.phase = ALERT_OPEN};
    char *value = claim_encode(&before);
    char error[200] = "";

    ck_assert_str_eq(value, "{\"v\":1,\"phase\":\"resolved\",\"by\":\"usw2\",\"at\":1785576600000,"
                            "\"count\":9,\"sent\":true}");
    ck_assert_msg(claim_decode(value, strlen(value), &after, error, sizeof(error)) == 0, "%s",
                  error);
    ck_assert_int_eq(after.phase, ALERT_RESOLVED);
    ck_assert_str_eq(after.by, "usw2");
    ck_assert_int_eq(after.at_wall, at_wall);
    ck_assert_uint_eq(after.count, 9);
    ck_assert(after.sent);
    free(value);
}
END_TEST

static const char *const bad_claims[] = {
    "",
    "null",
    "{\"v\":1}",
    "{\"v\":1,\"phase\":\"resolved\",\"by\":\"usw2\",\"at\":1,\"count\":-9,\"sent\":true}",
    "{\"v\":1,\"phase\":\"open\",\"by\":7,\"at\":1,\"count\":9,\"sent\":true}",
    "{\"v\":1,\"phase\":\"open\",\"by\":\"b\",\"at\":1,\"count\":9,\"sent\":1}",
    "{\"v\":3,\"phase\":\"open\",\"by\":\"b\",\"at\":1,\"count\":9,\"sent\":true}",
};

START_TEST(a_bad_claim_is_refused_with_words)
{
    struct claim claim = {.count = 77};
    char error[200] = "";

    ck_assert_int_lt(
        claim_decode(bad_claims[_i], strlen(bad_claims[_i]), &claim, error, sizeof(error)), 0);
    ck_assert_uint_eq(claim.count, 77);
    ck_assert_uint_gt(strlen(error), 5);
}
END_TEST

START_TEST(the_key_of_every_incident_fits_the_store_and_is_its_own)
{
    char incident[INCIDENT_MAX + 1];
    char one[CLAIM_KEY_MAX + 1], two[CLAIM_KEY_MAX + 1];

    claim_key("region_down.g.r", one);
    ck_assert_str_eq(one, "v1/claims/region_down.g.r");
    memset(incident, 'a', INCIDENT_MAX);
    incident[INCIDENT_MAX] = '\0';
    claim_key(incident, one);
    incident[INCIDENT_MAX - 1] = 'b'; /* differs past what is kept */
    claim_key(incident, two);
    ck_assert_str_ne(one, two);
    ck_assert_uint_le(strlen(one), CLAIM_KEY_MAX);
}
END_TEST

START_TEST(an_id_is_the_same_on_every_probe_and_another_for_every_saying)
{
    struct alert alert = alert_example();
    struct notice_stamp first = {.count = 1, .at_wall = at_wall};
    struct notice_stamp second = {.count = 2, .at_wall = at_wall};
    struct notice *here = notice_of(&alert), *there, *resolved;
    char ids[4][NOTICE_ID_LENGTH + 1];

    alert.probe = "usw2";
    alert.at_wall += 900; /* seen a little later */
    there = notice_of(&alert);
    alert.phase = ALERT_RESOLVED;
    resolved = notice_of(&alert);
    notice_id(here, &first, ids[0]);
    notice_id(there, &first, ids[1]);
    notice_id(here, &second, ids[2]);
    notice_id(resolved, &first, ids[3]);
    ck_assert_uint_eq(strlen(ids[0]), NOTICE_ID_LENGTH);
    ck_assert_str_eq(ids[0], ids[1]);
    ck_assert_str_ne(ids[0], ids[2]);
    ck_assert_str_ne(ids[0], ids[3]);
    notice_destroy(here);
    notice_destroy(there);
    notice_destroy(resolved);
}
END_TEST

START_TEST(a_webhook_receives_the_documented_fields_and_no_others)
{
    struct notice *notice = notice_example();
    struct notice_stamp stamp = {.count = 1, .at_wall = at_wall};
    char *body = webhook_body(notice, &stamp);

    ck_assert_str_eq(
        body, "{\"version\":1,\"id\":\"ba602f7a7e261173a07c903790b0c030\",\"incident\":\"region_"
              "down.jwt-pizza.us-east-1\","
              "\"phase\":\"open\",\"event\":\"region_down\",\"severity\":\"page\","
              "\"at\":\"2026-08-01T09:30:00Z\",\"at_ms\":1785576600000,\"count\":1,"
              "\"group\":\"jwt-pizza\",\"region\":\"us-east-1\",\"epoch\":7,\"probe\":\"use1\","
              "\"subject\":\"jwt-pizza us-east-1 down\","
              "\"text\":\"seen by use1, fra\\n.\\n..dots\\n\"}");
    free(body);
    notice_destroy(notice);
}
END_TEST

/* RFC 4231, test case 2. */
START_TEST(a_signature_is_hmac_sha256_as_the_rfc_computes_it)
{
    char signature[WEBHOOK_SIGNATURE_LENGTH + 1];
    const char *data = "what do ya want for nothing?";

    ck_assert_int_eq(webhook_signature("Jefe", data, strlen(data), signature), 0);
    ck_assert_str_eq(signature, "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964"
                                "ec3843");
}
END_TEST

START_TEST(a_mail_has_the_headers_that_people_and_programs_need)
{
    struct notice *notice = notice_example();
    char *mail = mail_of(notice, "regionshift <rs@example.com>", "Ops <ops@example.com>");

    ck_assert_ptr_nonnull(mail);
    ck_assert_ptr_nonnull(strstr(mail, "Date: Sat, 01 Aug 2026 09:31:01 +0000\r\n"));
    ck_assert_ptr_nonnull(strstr(mail, "\r\nFrom: regionshift <rs@example.com>\r\n"));
    ck_assert_ptr_nonnull(strstr(mail, "\r\nTo: Ops <ops@example.com>\r\n"));
    ck_assert_ptr_nonnull(
        strstr(mail, "\r\nSubject: [regionshift] page: jwt-pizza us-east-1 down\r\n"));
    ck_assert_ptr_nonnull(strstr(mail, "\r\nMessage-ID: <"));
    ck_assert_ptr_nonnull(strstr(mail, "@example.com>\r\nReferences: <"));
    ck_assert_ptr_nonnull(strstr(mail, "\r\nAuto-Submitted: auto-generated\r\n"));
    ck_assert_ptr_nonnull(strstr(mail, "\r\nX-Regionshift-Event: region_down\r\n"));
    ck_assert_ptr_nonnull(strstr(mail, "\r\nX-Regionshift-Epoch: 7\r\n"));
    ck_assert_ptr_nonnull(strstr(mail, "\r\n\r\nseen by use1, fra\r\n.\r\n..dots\r\n"));
    free(mail);
    notice_destroy(notice);
}
END_TEST

/* The opening and the resolve of an incident are one thread in a mail program. */
START_TEST(mails_of_one_incident_refer_to_the_same_root)
{
    struct alert alert = alert_example();
    struct notice *open = notice_of(&alert), *resolved;
    char *first, *second, *root;
    size_t length;

    alert.phase = ALERT_RESOLVED;
    resolved = notice_of(&alert);
    first = mail_of(open, "rs@example.com", "ops@example.com");
    second = mail_of(resolved, "rs@example.com", "ops@example.com");
    root = strstr(first, "References: ");
    length = strcspn(root, "\r");
    ck_assert_int_eq(strncmp(root, strstr(second, "References: "), length), 0);
    ck_assert_ptr_nonnull(strstr(second, "Subject: [regionshift] resolved: "));
    free(first);
    free(second);
    notice_destroy(open);
    notice_destroy(resolved);
}
END_TEST

START_TEST(no_byte_of_an_alert_can_end_a_header_or_add_one)
{
    struct alert alert = alert_example();
    struct notice *notice;
    char *mail;

    memcpy(alert.subject, "down\r\nBcc: all@example.com", 27);
    alert.group = "g\nX-Evil: 1";
    alert.region = "r\r\n\r\nbody";
    alert.probe = "p\x80\x01";
    notice = notice_of(&alert);
    ck_assert_str_eq(notice->subject, "down\\x0d\\x0aBcc: all@example.com");
    ck_assert_str_eq(notice->group, "g\\x0aX-Evil: 1");
    ck_assert_str_eq(notice->region, "r\\x0d\\x0a\\x0d\\x0abody");
    mail = mail_of(notice, "rs@example.com", "ops@example.com");
    ck_assert_ptr_null(strstr(mail, "\nBcc:"));
    ck_assert_ptr_null(strstr(mail, "\nX-Evil"));
    ck_assert_ptr_nonnull(strstr(mail, "Subject: [regionshift] page: down\\x0d\\x0aBcc: all"));
    ck_assert_ptr_nonnull(strstr(mail, "X-Regionshift-Group: g\\x0aX-Evil: 1\r\n"));
    ck_assert_ptr_nonnull(strstr(mail, "X-Regionshift-Probe: p\\x80\\x01\r\n"));
    ck_assert_ptr_nonnull(
        strstr(strstr(mail, "\r\n\r\n"), "seen by use1")); /* headers ended once */
    free(mail);
    notice_destroy(notice);
}
END_TEST

START_TEST(every_line_of_a_mail_is_seven_bit_ends_in_crlf_and_is_short_enough)
{
    struct alert alert = alert_example();
    struct notice *notice;
    char *mail;
    size_t length = 0;

    memset(alert.text, 'x', ALERT_TEXT_MAX);
    memcpy(alert.text + 10, "\r\n\x7f\xff", 4);
    notice = notice_of(&alert);
    mail = mail_of(notice, "rs@example.com", "ops@example.com");
    for (const char *p = mail; *p != '\0'; p++) {
        ck_assert_int_lt((unsigned char)*p, 0x7f);
        if (*p == '\n')
            ck_assert_int_eq(p[-1], '\r');
        if (*p == '\r')
            ck_assert_int_eq(p[1], '\n');
        length = *p == '\n' ? 0 : length + 1;
        ck_assert_uint_le(length, 998);
    }
    free(mail);
    notice_destroy(notice);
}
END_TEST

static const struct {
    const char *text;
    const char *want; /* NULL: refused */
} addresses[] = {
    {"ops@example.com", "ops@example.com"},
    {"Operators on call <ops+pizza@example.com>", "ops+pizza@example.com"},
    {"<ops@[192.0.2.1]>", NULL},
    {"ops", NULL},
    {"", NULL},
    {"@example.com", NULL},
    {"ops@", NULL},
    {"a@b@c", NULL},
    {"ops@example.com>", NULL},
    {"<ops@example.com", NULL},
    {"ops@example.com\r\nRCPT TO:<x@y>", NULL},
    {"x\n <ops@example.com>", NULL},
    {"ops@example.com x", NULL},
    {"a, b <ops@example.com> tail", NULL},
};

START_TEST(an_address_that_could_end_a_command_is_no_address)
{
    char out[MAIL_ADDRESS_MAX + 1] = "untouched";
    int rc = mail_address(addresses[_i].text, out, sizeof(out));

    ck_assert_int_eq(rc, addresses[_i].want != NULL ? 0 : -1);
    ck_assert_str_eq(out, addresses[_i].want != NULL ? addresses[_i].want : "untouched");
}
END_TEST

START_TEST(a_mail_with_a_bad_address_is_not_written)
{
    struct notice *notice = notice_example();

    ck_assert_ptr_null(mail_of(notice, "rs@example.com", "ops@example.com\r\nBcc: x@y"));
    ck_assert_ptr_null(mail_of(notice, "nobody", "ops@example.com"));
    notice_destroy(notice);
}
END_TEST

START_TEST(times_beyond_what_the_form_can_say_are_shown_as_the_nearest)
{
    char text[WALL_TEXT_MAX + 1];

    wall_text(at_wall, text);
    ck_assert_str_eq(text, "2026-08-01T09:30:00Z");
    wall_text(-5, text);
    ck_assert_str_eq(text, "1970-01-01T00:00:00Z");
    wall_text(INT64_MAX, text);
    ck_assert_str_eq(text, "9999-12-31T23:59:59Z");
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

static TCase *json_tests(void)
{
    TCase *tests = tcase_create("json");

    tcase_add_test(tests, a_record_gives_back_every_field);
    tcase_add_test(tests, the_longest_alert_of_the_worst_bytes_survives_its_record);
    tcase_add_loop_test(tests, a_bad_record_is_refused_with_words, 0, COUNT(bad_records));
    tcase_add_test(tests, a_record_cut_anywhere_is_refused);
    tcase_add_loop_test(tests, a_name_that_is_no_incidents_is_refused, 0, COUNT(bad_incidents));
    tcase_add_test(tests, a_claim_gives_back_every_field);
    tcase_add_loop_test(tests, a_bad_claim_is_refused_with_words, 0, COUNT(bad_claims));
    tcase_add_test(tests, the_key_of_every_incident_fits_the_store_and_is_its_own);
    tcase_add_test(tests, an_id_is_the_same_on_every_probe_and_another_for_every_saying);
    tcase_add_test(tests, a_webhook_receives_the_documented_fields_and_no_others);
    tcase_add_test(tests, a_signature_is_hmac_sha256_as_the_rfc_computes_it);
    tcase_add_test(tests, times_beyond_what_the_form_can_say_are_shown_as_the_nearest);
    return tests;
}

static TCase *mail_tests(void)
{
    TCase *tests = tcase_create("mail");

    tcase_add_test(tests, a_mail_has_the_headers_that_people_and_programs_need);
    tcase_add_test(tests, mails_of_one_incident_refer_to_the_same_root);
    tcase_add_test(tests, no_byte_of_an_alert_can_end_a_header_or_add_one);
    tcase_add_test(tests, every_line_of_a_mail_is_seven_bit_ends_in_crlf_and_is_short_enough);
    tcase_add_loop_test(tests, an_address_that_could_end_a_command_is_no_address, 0,
                        COUNT(addresses));
    tcase_add_test(tests, a_mail_with_a_bad_address_is_not_written);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("alert forms");

    suite_add_tcase(suite, json_tests());
    suite_add_tcase(suite, mail_tests());
    return run_suite(suite);
}
