/* SPDX-License-Identifier: Apache-2.0 */
/* URLs, IP:PORT and durations: what is taken, what is refused. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "../lib/suite.h"
#include "../../monitor/settings/rules.h"
#include "../../monitor/settings/url.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static const struct {
    const char *text;
    const char *host;
    uint16_t port;
    const char *target;
    bool is_literal;
} taken[] = {
    {"http://a", "a", 80, "/", false},
    {"http://a/", "a", 80, "/", false},
    {"https://a.example.com/x?y=z&w", "a.example.com", 443, "/x?y=z&w", false},
    {"http://A.Example.COM.:8080/", "a.example.com", 8080, "/", false},
    {"http://a_b.example.com/", "a_b.example.com", 80, "/", false},
    {"http://192.0.2.1:1/", "192.0.2.1", 1, "/", true},
    {"http://[2001:DB8::1]/", "2001:db8::1", 80, "/", true},
    {"https://[::1]:65535/a", "::1", 65535, "/a", true},
    {"tcp://a.example.com:22", "a.example.com", 22, "/", false},
    {"tcp://[::1]:22", "::1", 22, "/", true},
    {"http://a/%41%2f~!$&'()*+,;=:@-._", "a", 80, "/%41%2f~!$&'()*+,;=:@-._", false},
    {"http://3com.example/", "3com.example", 80, "/", false},
    {"tls://a.example.com:5432", "a.example.com", 5432, "/", false},
    {"dns://ns.example.com/a.example.com", "ns.example.com", 53, "/a.example.com", false},
    {"dns://[::1]:5353/a?type=MX", "::1", 5353, "/a?type=MX", true},
    {"icmp://A.example.com.", "a.example.com", 0, "/", false},
    {"icmp://[2001:db8::1]", "2001:db8::1", 0, "/", true},
    {"grpc://a:50051", "a", 50051, "/", false},
    {"grpcs://a:443", "a", 443, "/", false},
    {"ws://a/x?y", "a", 80, "/x?y", false},
    {"wss://a", "a", 443, "/", false},
    {"agent://192.0.2.1:9999", "192.0.2.1", 9999, "/", true},
};

START_TEST(a_url_is_cut_into_its_parts)
{
    struct url url;
    char error[256] = "";
    ck_assert_msg(url_parse(taken[_i].text, &url, error, sizeof error) == 0, "%s: %s",
                  taken[_i].text, error);
    ck_assert_str_eq(url.host, taken[_i].host);
    ck_assert_uint_eq(url.port, taken[_i].port);
    ck_assert_str_eq(url.target, taken[_i].target);
    ck_assert_int_eq(url.is_literal, taken[_i].is_literal);
}
END_TEST

static const char *const refused[] = {
    "",
    "a",
    "a.example.com",
    "//a/",
    "http:/a",
    "http:a",
    "HTTP://a/",
    "ftp://a/",
    "file:///etc/passwd",
    "http://",
    "http:///",
    "http://:80/",
    "http://a:/",
    "http://a:0/",
    "http://a:080/",
    "http://a:65536/",
    "http://a:99999999999/",
    "http://a:8o/",
    "http://a:80:80/",
    "http://a:+80/",
    "http://u@a/",
    "http://u:p@a/",
    "http://a@b@c/",
    "http://a/#f",
    "http://a#f",
    "http://a?q",
    "http://a b/",
    "http://a/b c",
    "http://a/\t",
    "http://a/\r\nHost: b",
    "http://a/\x7f",
    "http://a/\xc3\xa9",
    "http://a\\b/",
    "http://a/\\b",
    "http://a/\"",
    "http://a/<x>",
    "http://a/{x}",
    "http://a/%",
    "http://a/%4",
    "http://a/%4g",
    "http://-a/",
    "http://a-/",
    "http://a..b/",
    "http://.a/",
    "http://./",
    "http://a.../",
    "http://1.2.3/",
    "http://1/",
    "http://0x7f.1/",
    "http://0x7f000001/",
    "http://256.1.1.1/",
    "http://1.2.3.4.5/",
    "http://[::1/",
    "http://::1/",
    "http://[::1]a/",
    "http://[::1]:/",
    "http://[]/",
    "http://[1.2.3.4]/",
    "http://[fe80::1%eth0]/",
    "http://[::1]]/",
    "tcp://a",
    "tcp://a:1/",
    "tcp://a:1/x",
    "tcp://a:1?x",
    "http://a*b/",
    "tls://a",
    "tls://a:1/",
    "tls:a:1",
    "grpc://a",
    "grpc://a:1/x",
    "grpcs://a",
    "grpcs://a:1?x",
    "agent://a",
    "agent://a:1/",
    "icmp://a:7",
    "icmp://a/",
    "icmp://",
    "icmp:a",
    "ws://u@a/",
    "wss://a/#f",
    "wss:/a/",
    "dns://a",
    "dns://a/",
    "dns://a/?type=A",
    "dns://a/b/c",
    "dns://a/b..c",
    "dns://a/-b",
    "dns://a/b?type=",
    "dns://a/b?type=ANY",
    "dns://a/b?type=A;class=IN",
    "dns://a/b?type=A&x=y",
    "dns://a/b?TYPE=A",
    "dns://a/b?a?type=A",
    "dns://a/%62",
    "dns://a/b*c",
    "dns://a:0/b",
    "dns:b",
    "dns:///b",
};

START_TEST(what_could_be_read_in_two_ways_is_refused)
{
    struct url url = {.port = 7};
    char error[256] = "";
    ck_assert_msg(url_parse(refused[_i], &url, error, sizeof error) == -1, "%s", refused[_i]);
    ck_assert_uint_gt(strlen(error), 10);
    ck_assert_uint_eq(url.port, 7); /* untouched */
}
END_TEST

static const struct {
    const char *target;
    const char *name;
    const char *type;
} questions[] = {
    {"/a.example.com", "a.example.com", "A"},
    {"/A.Example.COM.?type=aaaa", "a.example.com", "AAAA"},
    {"/.?type=NS", ".", "NS"},
    {"/_acme-challenge.a.example?type=TXT", "_acme-challenge.a.example", "TXT"},
    {"/*.example.com?type=CNAME", "*.example.com", "CNAME"},
    {"/1.2.0.192.in-addr.arpa?type=PTR", "1.2.0.192.in-addr.arpa", "PTR"},
    {"/a?type=SRV", "a", "SRV"},
    {"/a?type=CAA", "a", "CAA"},
    {"/a?type=SOA", "a", "SOA"},
    {"/a?type=MX", "a", "MX"},
};

START_TEST(a_question_is_a_name_and_a_type)
{
    struct url_question question;
    char error[256] = "";
    ck_assert_msg(url_question(questions[_i].target, &question, error, sizeof error) == 0, "%s: %s",
                  questions[_i].target, error);
    ck_assert_str_eq(question.name, questions[_i].name);
    ck_assert_str_eq(question.type, questions[_i].type);
}
END_TEST

START_TEST(a_question_past_the_limit_of_a_name_is_refused)
{
    struct url_question question = {.type = "untouched"};
    char error[256];
    char target[600] = "/";
    for (unsigned i = 0; i < 130; i++)
        snprintf(target + strlen(target), sizeof target - strlen(target), "a.");
    ck_assert_int_eq(url_question(target, &question, error, sizeof error), -1);
    ck_assert_int_eq(url_question("a", &question, error, sizeof error), -1);
    ck_assert_str_eq(question.type, "untouched");
}
END_TEST

static const char *const elsewhere[] = {"tcp://a:1", "tls://a:1",  "dns://a/b",
                                        "icmp://a",  "grpc://a:1", "grpcs://a:1",
                                        "ws://a/",   "wss://a/",   "agent://a:1"};

START_TEST(only_http_is_the_web)
{
    char error[256];
    char text[32];
    snprintf(text, sizeof text, "%s", elsewhere[_i]);
    ck_assert_int_eq(rule_check_url(text, error, sizeof error), 0);
    ck_assert_int_eq(rule_web_url(text, error, sizeof error), -1);
    ck_assert_int_eq(rule_reference(text, error, sizeof error), -1);
}
END_TEST

START_TEST(a_host_past_its_limit_is_refused)
{
    struct url url;
    char error[256];
    char text[600];
    char label[65];
    memset(label, 'a', 64);
    label[64] = '\0';
    snprintf(text, sizeof text, "http://%s.example.com/", label);
    ck_assert_int_eq(url_parse(text, &url, error, sizeof error), -1);
    snprintf(text, sizeof text, "http://%s.example.com/", label + 1);
    ck_assert_int_eq(url_parse(text, &url, error, sizeof error), 0);
    snprintf(text, sizeof text, "http://%s.%s.%s.%s.a/", label + 1, label + 1, label + 1,
             label + 1);
    ck_assert_int_eq(url_parse(text, &url, error, sizeof error), -1);
}
END_TEST

START_TEST(ip_and_port_are_both_needed)
{
    static const char *const bad[] = {"",
                                      "127.0.0.1",
                                      ":80",
                                      "127.0.0.1:",
                                      "localhost:80",
                                      "127.0.0.1:0",
                                      "127.0.0.1:65536",
                                      "::1:80",
                                      "[127.0.0.1]:80",
                                      "[::1]",
                                      "127.0.0.1:80x"};
    char host[URL_HOST_MAX + 1];
    uint16_t port = 0;
    for (int i = 0; i < COUNT(bad); i++)
        ck_assert_msg(endpoint_parse(bad[i], host, &port) == -1, "%s", bad[i]);
    ck_assert_int_eq(endpoint_parse("127.0.0.1:8053", host, &port), 0);
    ck_assert_str_eq(host, "127.0.0.1");
    ck_assert_uint_eq(port, 8053);
    ck_assert_int_eq(endpoint_parse("[::1]:1", host, &port), 0);
    ck_assert_str_eq(host, "::1");
}
END_TEST

static const struct {
    const char *text;
    msec_t ms;
    const char *printed;
} durations[] = {
    {"0s", 0, "0s"},
    {"250ms", 250, "250ms"},
    {"5s", 5000, "5s"},
    {"0.25s", 250, "250ms"},
    {"1.5m", 90000, "90s"},
    {"2m", 120000, "2m"},
    {"1h", 3600000, "1h"},
    {"90d", 7776000000, "90d"},
    {"24h", 86400000, "1d"},
    {"0.1s", 100, "100ms"},
    {"1000ms", 1000, "1s"},
    {"61s", 61000, "61s"},
    {"0.3m", 18000, "18s"},
    {"0.000001h", -1, NULL},
    {"1.0005s", -1, NULL},
    {"5", -1, NULL},
    {"s", -1, NULL},
    {".5s", -1, NULL},
    {"5.s", -1, NULL},
    {"-5s", -1, NULL},
    {"+5s", -1, NULL},
    {"5 s", -1, NULL},
    {"5S", -1, NULL},
    {"5sec", -1, NULL},
    {"1e3s", -1, NULL},
    {"0x5s", -1, NULL},
    {"5s ", -1, NULL},
    {"1h30m", -1, NULL},
    {"9999999999999999s", -1, NULL},
    {"infs", -1, NULL},
    {"999999999999999d", -1, NULL},
};

START_TEST(a_duration_is_whole_milliseconds_and_prints_what_it_means)
{
    msec_t ms = -1;
    char printed[DURATION_LENGTH];
    int result = duration_parse(durations[_i].text, &ms);
    ck_assert_msg(result == (durations[_i].ms < 0 ? -1 : 0), "%s", durations[_i].text);
    ck_assert_int_eq(ms, durations[_i].ms);
    if (durations[_i].printed == NULL)
        return;
    duration_print(ms, printed);
    ck_assert_str_eq(printed, durations[_i].printed);
}
END_TEST

START_TEST(numbers_that_are_no_milliseconds_are_refused)
{
    msec_t ms = -7;
    ck_assert_int_eq(duration_round(-1, &ms), -1);
    ck_assert_int_eq(duration_round(0.5, &ms), -1);
    ck_assert_int_eq(duration_round(1e300, &ms), -1);
    ck_assert_int_eq(duration_round(1.0 / 0.0, &ms), -1);
    ck_assert_int_eq(duration_round(0.0 / 0.0, &ms), -1);
    ck_assert_int_eq(ms, -7);
    ck_assert_int_eq(duration_round(0.1 * 3 * 1000, &ms), 0);
    ck_assert_int_eq(ms, 300);
}
END_TEST

START_TEST(text_is_utf8_without_control_characters)
{
    static const char *const good[] = {"", "abc", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8d\x95"};
    static const char *const bad[] = {"\n",
                                      "\x1b",
                                      "\x7f",
                                      "\xc2\x80",
                                      "\x80",
                                      "\xc3",
                                      "\xc0\xaf",
                                      "\xe0\x80\xaf",
                                      "\xed\xa0\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf8\x88\x80\x80\x80",
                                      "\xe2\x82"};
    for (int i = 0; i < COUNT(good); i++)
        ck_assert(is_plain_text(good[i]));
    for (int i = 0; i < COUNT(bad); i++)
        ck_assert_msg(!is_plain_text(bad[i]), "%d", i);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("url");
    TCase *tests = tcase_create("url");

    tcase_add_loop_test(tests, a_url_is_cut_into_its_parts, 0, COUNT(taken));
    tcase_add_loop_test(tests, what_could_be_read_in_two_ways_is_refused, 0, COUNT(refused));
    tcase_add_loop_test(tests, a_question_is_a_name_and_a_type, 0, COUNT(questions));
    tcase_add_test(tests, a_question_past_the_limit_of_a_name_is_refused);
    tcase_add_loop_test(tests, only_http_is_the_web, 0, COUNT(elsewhere));
    tcase_add_test(tests, a_host_past_its_limit_is_refused);
    tcase_add_test(tests, ip_and_port_are_both_needed);
    tcase_add_loop_test(tests, a_duration_is_whole_milliseconds_and_prints_what_it_means, 0,
                        COUNT(durations));
    tcase_add_test(tests, numbers_that_are_no_milliseconds_are_refused);
    tcase_add_test(tests, text_is_utf8_without_control_characters);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
