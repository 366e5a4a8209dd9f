/* SPDX-License-Identifier: Apache-2.0 */
/* How answers are judged: every relation, good and bad, three values, what is told, and bodies that
 * mean harm. */
#include <stdlib.h>

#include "../lib/suite.h"
#include "assertions.h"

enum { BODY_SIZE = 64 * 1024 };

#define HOLDS ASSERTION_HOLDS
#define FAILS ASSERTION_FAILS
#define UNKNOWN ASSERTION_UNKNOWN

/* ---- every subject and relation, on the answer of assertions.h ---- */

static const struct {
    const char *text;
    const char *told; /* NULL: it holds */
    enum failure failure;
} judgements[] = {
    {"status == 503", NULL, 0},
    {"status == 200", "status 503, wanted == 200", FAILURE_STATUS},
    {"status != 200", NULL, 0},
    {"status != 503", "status 503, wanted != 503", FAILURE_STATUS},
    {"status < 504", NULL, 0},
    {"status < 503", "status 503, wanted < 503", FAILURE_STATUS},
    {"status <= 503", NULL, 0},
    {"status <= 502", "status 503, wanted <= 502", FAILURE_STATUS},
    {"status > 502", NULL, 0},
    {"status > 503", "status 503, wanted > 503", FAILURE_STATUS},
    {"status >= 503", NULL, 0},
    {"status >= 504", "status 503, wanted >= 504", FAILURE_STATUS},
    {"status in 200-299, 500-503", NULL, 0},
    {"status in 200-299,304", "status 503, wanted 200-299,304", FAILURE_STATUS},

    {"body contains '\"depth\": 140'", NULL, 0},
    {"body contains 'sick'",
     "body \"{\"queue\": {\"depth\": 140, \"odd name\": [1, \"two\", null]}, \"...\" (103 bytes "
     "read), "
     "wanted 'sick' in it",
     FAILURE_BODY},
    {"body matches /DEPTH.*\\d{3}/i", NULL, 0},
    {"body matches /^\\{ \"queue\" :/x", NULL, 0},
    {"body != 'ok'", NULL, 0},

    {"json .queue.depth == 140", NULL, 0},
    {"json .queue.depth == 140.0", NULL, 0},
    {"json .queue.depth == 141", "json .queue.depth is 140, wanted == 141", FAILURE_BODY},
    {"json .queue.depth != 141", NULL, 0},
    {"json .queue.depth != '140'", NULL, 0},
    {"json .queue.depth != 140", "json .queue.depth is 140, wanted != 140", FAILURE_BODY},
    {"json .queue.depth < 141", NULL, 0},
    {"json .queue.depth < 100", "json .queue.depth is 140, wanted < 100", FAILURE_BODY},
    {"json .queue.depth <= 140.5", NULL, 0},
    {"json .queue.depth <= 139.5", "json .queue.depth is 140, wanted <= 139.5", FAILURE_BODY},
    {"json .queue.depth > 1.399e2", NULL, 0},
    {"json .queue.depth > 140", "json .queue.depth is 140, wanted > 140", FAILURE_BODY},
    {"json .queue.depth >= 140", NULL, 0},
    {"json .queue.depth >= 141", "json .queue.depth is 140, wanted >= 141", FAILURE_BODY},
    {"json .rate == 0.5", NULL, 0},
    {"json .rate > 0.5", "json .rate is 0.5, wanted > 0.5", FAILURE_BODY},
    {"json .queue[\"odd name\"][1] == \"two\"", NULL, 0},
    {"json .queue['odd name'][1] == 'three'",
     "json .queue['odd name'][1] is \"two\", wanted == 'three'", FAILURE_BODY},
    {"json .queue['odd name'][1] contains 'w'", NULL, 0},
    {"json .queue['odd name'][1] contains 'x'",
     "json .queue['odd name'][1] is \"two\", wanted 'x' in it", FAILURE_BODY},
    {"json .queue['odd name'][1] matches /^t/", NULL, 0},
    {"json .queue['odd name'][1] matches /^w/",
     "json .queue['odd name'][1] is \"two\", wanted a match of /^w/", FAILURE_BODY},
    {"json .queue['odd name'][2] == null", NULL, 0},
    {"json .queue['odd name'][2] exists", NULL, 0},
    {"json .queue['odd name'][3] exists",
     "json .queue['odd name'][3] is missing, wanted it to exist", FAILURE_BODY},
    {"json .ready == true", NULL, 0},
    {"json .ready == false", "json .ready is true, wanted == false", FAILURE_BODY},
    {"json .ready != null", NULL, 0},
    {"json .text == 'a\\x00b'", NULL, 0},
    {"json .text == 'a'", "json .text is \"a\\x00b\", wanted == 'a'", FAILURE_BODY},
    {"json . exists", NULL, 0},
    {"json .queue == 1", "json .queue is an object of 2, wanted == 1", FAILURE_BODY},
    {"json .queue['odd name'] == 1", "json .queue['odd name'] is a list of 3, wanted == 1",
     FAILURE_BODY},
    {"json .queue['odd name'][1] < 1", "json .queue['odd name'][1] is \"two\", wanted < 1",
     FAILURE_BODY},
    {"json .queue.depth contains '4'", "json .queue.depth is 140, wanted '4' in it", FAILURE_BODY},
    {"json .depth == 1", "json .depth is missing, wanted == 1", FAILURE_BODY},
    {"json .depth != 1", "json .depth is missing, wanted != 1", FAILURE_BODY},
    {"not json .depth == 1", NULL, 0},
    {"json .queue[0] exists", "json .queue[0] is missing, wanted it to exist", FAILURE_BODY},
    {"json .ready.now exists", "json .ready.now is missing, wanted it to exist", FAILURE_BODY},

    {"header 'x-ready' == '1'", NULL, 0},
    {"header 'x-READY' == '2'", "header 'x-READY' is \"1\", wanted == '2'", FAILURE_BODY},
    {"header 'x-ready' != '2'", NULL, 0},
    {"header 'x-ready' != '1'", "header 'x-ready' is \"1\", wanted != '1'", FAILURE_BODY},
    {"header 'via' == 'b'", NULL, 0},
    {"header 'via' == 'c'", "header 'via' is \"a\", wanted == 'c'", FAILURE_BODY},
    {"header 'via' != 'b'", "header 'via' is \"a\", wanted != 'b'", FAILURE_BODY},
    {"header 'via' != 'c'", NULL, 0},
    {"header 'via' contains 'b'", NULL, 0},
    {"header 'via' contains 'c'", "header 'via' is \"a\", wanted 'c' in it", FAILURE_BODY},
    {"header 'via' matches /^B$/i", NULL, 0},
    {"header 'via' matches /^B$/", "header 'via' is \"a\", wanted a match of /^B$/", FAILURE_BODY},
    {"header 'empty' exists", NULL, 0},
    {"header 'empty' == ''", NULL, 0},
    {"header 'x' exists", "header 'x' is missing, wanted it to exist", FAILURE_BODY},
    {"header 'x' != '1'", "header 'x' is missing, wanted != '1'", FAILURE_BODY},
    {"header 'folded' exists", "header 'folded' is missing, wanted it to exist", FAILURE_BODY},

    {"latency < 413ms", NULL, 0},
    {"latency < 300ms", "latency is 412ms, wanted < 300ms", FAILURE_LATENCY},
    {"latency <= 0.412s", NULL, 0},
    {"latency <= 411.999ms", "latency is 412ms, wanted <= 411.999ms", FAILURE_LATENCY},
    {"latency > 0.4s", NULL, 0},
    {"latency > 1m", "latency is 412ms, wanted > 1m", FAILURE_LATENCY},
    {"latency >= 412ms", NULL, 0},
    {"latency >= 24h", "latency is 412ms, wanted >= 24h", FAILURE_LATENCY},

    {"cert_days > 13", NULL, 0},
    {"cert_days > 14", "cert_days is 13.9, wanted > 14", FAILURE_CERTIFICATE},
    {"cert_days >= -1", NULL, 0},
    {"cert_days >= 14", "cert_days is 13.9, wanted >= 14", FAILURE_CERTIFICATE},
    {"cert_days < 14", NULL, 0},
    {"cert_days < 13", "cert_days is 13.9, wanted < 13", FAILURE_CERTIFICATE},
    {"cert_days <= 14", NULL, 0},
    {"cert_days <= 13", "cert_days is 13.9, wanted <= 13", FAILURE_CERTIFICATE},

    {"tls == 1.1", NULL, 0},
    {"tls == 1.2", "tls is 1.1, wanted == 1.2", FAILURE_TLS},
    {"tls != 1.0", NULL, 0},
    {"tls >= 1.2", "tls is 1.1, wanted >= 1.2", FAILURE_TLS},
    {"tls < 1.3", NULL, 0},
    {"tls > 1.1", "tls is 1.1, wanted > 1.1", FAILURE_TLS},

    {"rcode == NXDOMAIN", NULL, 0},
    {"rcode == 3", NULL, 0},
    {"rcode == NOERROR", "rcode NXDOMAIN, wanted == NOERROR", FAILURE_STATUS},
    {"rcode != SERVFAIL", NULL, 0},
    {"rcode in NOERROR, NXDOMAIN", NULL, 0},
    {"rcode in NOERROR, 4-23", "rcode NXDOMAIN, wanted NOERROR, 4-23", FAILURE_STATUS},

    {"answers == 2", NULL, 0},
    {"answers >= 3", "answers is 2, wanted >= 3", FAILURE_BODY},
    {"exit in 0-2", NULL, 0},
    {"exit in 0,1", "exit 2, wanted 0,1", FAILURE_STATUS},
    {"exit == 0", "exit 2, wanted == 0", FAILURE_STATUS},
    {"state == ALARM", NULL, 0},
    {"state == 'ALARM'", NULL, 0},
    {"state == OK", "state is \"ALARM\", wanted == OK", FAILURE_STATUS},
    {"state == alarm", "state is \"ALARM\", wanted == alarm", FAILURE_STATUS},
    {"state != OK", NULL, 0},
    {"state contains 'LAR'", NULL, 0},
    {"state contains 'lar'", "state is \"ALARM\", wanted 'lar' in it", FAILURE_STATUS},
    {"state matches /^al/i", NULL, 0},
    {"state matches /^al/", "state is \"ALARM\", wanted a match of /^al/", FAILURE_STATUS},
    {"healthy >= 1", NULL, 0},
    {"healthy >= 2", "healthy is 1, wanted >= 2", FAILURE_STATUS},
    {"unhealthy < 4", NULL, 0},
    {"unhealthy < 2", "unhealthy is 3, wanted < 2", FAILURE_STATUS},
    {"percent >= 40", NULL, 0},
    {"percent >= 50", "percent is 40, wanted >= 50", FAILURE_STATUS},

    /* not, and, or */
    {"not status == 200", NULL, 0},
    {"not status in 500-599", "status 503, wanted not 500-599", FAILURE_STATUS},
    {"not latency > 300ms", "latency is 412ms, wanted not > 300ms", FAILURE_LATENCY},
    {"not body contains 'queue'", "body contains 'queue', wanted not", FAILURE_BODY},
    {"not body matches /que+/", "body matches /que+/, wanted not", FAILURE_BODY},
    {"not json .ready exists", "json .ready exists, wanted not", FAILURE_BODY},
    {"not not status == 503", NULL, 0},
    {"exit == 0 and status == 200", "exit 2, wanted == 0", FAILURE_STATUS},
    {"exit == 2 and latency < 1ms", "latency is 412ms, wanted < 1ms", FAILURE_LATENCY},
    {"exit == 0 or status == 503", NULL, 0},
    {"status in 200-299 or latency < 300ms",
     "status 503, wanted 200-299; latency is 412ms, wanted < 300ms", FAILURE_STATUS},
    {"not (status == 503 and exit == 2)", "status 503, wanted not == 503; exit 2, wanted not == 2",
     FAILURE_STATUS},
    {"not (status == 200 or exit == 2)", "exit 2, wanted not == 2", FAILURE_STATUS},
    /* precedence: or binds loosest, not tightest */
    {"status == 503 or exit == 0 and exit == 1", NULL, 0},
    {"(status == 503 or exit == 0) and exit == 1", "exit 2, wanted == 1", FAILURE_STATUS},
    {"not status == 200 or status == 503", NULL, 0},
    {"not (status == 200 or status == 503)", "status 503, wanted not == 503", FAILURE_STATUS},
};

START_TEST(every_relation_holds_and_fails_as_documented)
{
    struct answer answer = whole_answer();
    enum assertion_outcome outcome = judge_answer(judgements[_i].text, &answer);

    ck_assert_msg((outcome == HOLDS) == (judgements[_i].told == NULL), "%s: %s",
                  judgements[_i].text, detail);
    if (judgements[_i].told != NULL) {
        ck_assert_int_eq(outcome, FAILS);
        ck_assert_str_eq(detail, judgements[_i].told);
        ck_assert_int_eq(failure, judgements[_i].failure);
    }
}
END_TEST

START_TEST(a_body_equals_a_text_only_as_a_whole)
{
    struct answer answer = {.has = SUBJECT_BIT(SUBJECT_BODY), .body = "ok", .body_length = 2};

    ck_assert_int_eq(judge_answer("body == 'ok'", &answer), HOLDS);
    ck_assert_int_eq(judge_answer("body == 'okay'", &answer), FAILS);
    ck_assert_str_eq(detail, "body \"ok\" (2 bytes read), wanted == 'okay'");
    answer.body_cut = true; /* there was more */
    ck_assert_int_eq(judge_answer("body == 'ok'", &answer), FAILS);
    ck_assert_str_eq(detail, "body \"ok\" (the first 2 bytes), wanted == 'ok'");
    ck_assert_int_eq(judge_answer("body != 'ok'", &answer), HOLDS);
    ck_assert_int_eq(judge_body("body == ''", NULL, 0), HOLDS);
    ck_assert_int_eq(judge_body("body contains 'x'", NULL, 0), FAILS);
    ck_assert_int_eq(judge_body("body matches /^$/", NULL, 0), HOLDS);
}
END_TEST

START_TEST(a_certificate_that_has_ended_counts_below_zero)
{
    struct answer answer = {.has = SUBJECT_BIT(SUBJECT_CERT_DAYS), .cert_left_s = -1};

    ck_assert_int_eq(judge_answer("cert_days > 0", &answer), FAILS);
    ck_assert_str_eq(detail, "cert_days is -0.1, wanted > 0");
    answer.cert_left_s = INT64_MIN;
    ck_assert_int_eq(judge_answer("cert_days > -36500", &answer), FAILS);
    answer.cert_left_s = INT64_MAX;
    ck_assert_int_eq(judge_answer("cert_days < 36500", &answer), FAILS);
    answer.cert_left_s = 14 * 86400 + 1;
    ck_assert_int_eq(judge_answer("cert_days > 14", &answer), HOLDS);
}
END_TEST

START_TEST(flags_of_patterns_do_what_they_say)
{
    static const char body[] = "one\ntwo";

    ck_assert_int_eq(judge_body("body matches /ONE/", body, 7), FAILS);
    ck_assert_int_eq(judge_body("body matches /ONE/i", body, 7), HOLDS);
    ck_assert_int_eq(judge_body("body matches /^two/", body, 7), FAILS);
    ck_assert_int_eq(judge_body("body matches /^two/m", body, 7), HOLDS);
    ck_assert_int_eq(judge_body("body matches /one.two/", body, 7), FAILS);
    ck_assert_int_eq(judge_body("body matches /one.two/s", body, 7), HOLDS);
    ck_assert_int_eq(judge_body("body matches / t w o /", body, 7), FAILS);
    ck_assert_int_eq(judge_body("body matches / T w o /xi", body, 7), HOLDS);
    ck_assert_int_eq(judge_body("body matches /a\\/b/", "a/b", 3), HOLDS);
}
END_TEST

/* ---- unknown ---- */

/* Each subject that is not there is unknown; with an answer of status 503 and nothing else. */
static const struct {
    const char *text;
    enum assertion_outcome outcome;
} unknowns[] = {
    {"exit == 0", UNKNOWN},
    {"not exit == 0", UNKNOWN},
    {"exit == 0 and status == 503", UNKNOWN},
    {"status == 503 and exit == 0", UNKNOWN},
    {"exit == 0 and status == 200", FAILS},
    {"status == 200 and exit == 0", FAILS},
    {"exit == 0 or status == 503", HOLDS},
    {"status == 503 or exit == 0", HOLDS},
    {"exit == 0 or status == 200", UNKNOWN},
    {"status == 200 or exit == 0", UNKNOWN},
    {"not (exit == 0 and status == 200)", HOLDS},
    {"not (exit == 0 or status == 503)", FAILS},
    {"not (exit == 0 and status == 503)", UNKNOWN},
    {"exit == 0 and exit == 1", UNKNOWN},
    {"exit == 0 or exit == 1", UNKNOWN},
};

START_TEST(unknown_goes_through_and_or_and_not)
{
    struct answer answer = {.has = SUBJECT_BIT(SUBJECT_STATUS), .status = 503};

    ck_assert_int_eq(judge_answer(unknowns[_i].text, &answer), unknowns[_i].outcome);
    if (unknowns[_i].outcome == UNKNOWN) {
        ck_assert_int_eq(failure, FAILURE_POLICY);
        ck_assert_str_eq(detail, "this answer has no exit to judge");
    }
}
END_TEST

START_TEST(of_two_unknown_sides_the_left_one_is_told)
{
    struct answer answer = {.has = 0};

    ck_assert_int_eq(judge_answer("exit == 0 and tls > 1.1", &answer), UNKNOWN);
    ck_assert_str_eq(detail, "this answer has no exit to judge");
    ck_assert_int_eq(judge_answer("tls > 1.1 or exit == 0", &answer), UNKNOWN);
    ck_assert_str_eq(detail, "this answer has no tls to judge");
}
END_TEST

static const char *const subjects[] = {
    "status == 200", "body == ''",  "json . exists", "header 'a' exists", "latency < 1s",
    "cert_days > 1", "tls > 1.1",   "rcode == 1",    "answers == 1",      "exit == 0",
    "state == OK",   "healthy > 1", "unhealthy > 1", "percent > 1",
};

START_TEST(nothing_is_read_that_the_answer_does_not_have)
{
    struct answer answer = {.has = 0};

    ck_assert_int_eq(COUNT(subjects), SUBJECT_COUNT);
    for (int i = 0; i < COUNT(subjects); i++)
        ck_assert_int_eq(judge_answer(subjects[i], &answer), UNKNOWN);
}
END_TEST

/* ---- bodies that mean harm ---- */

static char body[BODY_SIZE];

/* Fills the body with one byte, and ends it with this text. */
static void fill(char byte, const char *end)
{
    memset(body, byte, sizeof(body));
    memcpy(body + sizeof(body) - strlen(end), end, strlen(end));
}

/* Each would take minutes to centuries. */
static const char *const endless[] = {
    "body matches /(a+)+zc/",
    "body matches /(a|aa)+zc/",
    "body matches /a.*a.*zc/",
    "body matches /(?:.*){5}zc/s",
    "body matches /(?=.*z)a+zc/",
    "body matches /a[^x]*zc/",
    "body matches /a*a*a*a*a*a*zc/",
    "body matches /(a(?1)?)+zc/",
    "body matches /(?:a{1,1000}){3}zc/",
};

START_TEST(a_pattern_that_runs_past_its_limits_is_unknown_and_says_so)
{
    fill('a', "zac");
    ck_assert_int_eq(judge_body(endless[_i], body, sizeof(body)), UNKNOWN);
    ck_assert_int_eq(failure, FAILURE_POLICY);
    ck_assert_ptr_nonnull(strstr(detail, "body cannot be judged: /"));
    ck_assert_ptr_nonnull(strstr(detail, " went past its limits (1000000 steps)"));
}
END_TEST

START_TEST(many_patterns_share_one_limit)
{
    char text[ASSERTION_TEXT_MAX] = "not body matches /[ab]{90}zc/";
    size_t used = strlen(text);

    for (int i = 0; i < 84; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used,
                                 " and not body matches /[ab]{90}zc/");
    fill('a', "zac");
    ck_assert_int_eq(judge_body("not body matches /[ab]{90}zc/", body, sizeof(body)), HOLDS);
    ck_assert_int_eq(judge_body(text, body, sizeof(body)), UNKNOWN);
}
END_TEST

START_TEST(ordinary_patterns_are_far_from_the_limit)
{
    static const char line[] = "GET /health took 12ms, status: ok, 200\n";

    for (size_t i = 0; i < sizeof(body); i++)
        body[i] = line[i % (sizeof(line) - 1)];
    ck_assert_int_eq(judge_body("body matches /status:\\s+(sick|ill)/", body, sizeof(body)), FAILS);
    ck_assert_int_eq(judge_body("body matches /took [0-9]+s/", body, sizeof(body)), FAILS);
    ck_assert_int_eq(judge_body("body matches /^GET.*500$/m", body, sizeof(body)), FAILS);
    ck_assert_int_eq(judge_body("not body matches /[a-z]+: sick/", body, sizeof(body)), HOLDS);
}
END_TEST

START_TEST(what_is_no_json_fails_either_way_and_says_where)
{
    static const char page[] = "<html>\n<title>sorry</title>";

    ck_assert_int_eq(judge_body("json .a == 1", page, sizeof(page) - 1), FAILS);
    ck_assert_int_eq(failure, FAILURE_BODY);
    ck_assert_str_eq(detail,
                     "body is no JSON, line 1, column 1: invalid token near '<', wanted json .a");
    ck_assert_int_eq(judge_body("not json .error exists", page, sizeof(page) - 1), FAILS);
    ck_assert_int_eq(judge_body("json .a == 1", NULL, 0), FAILS);
    ck_assert_int_eq(judge_body("json .a == 1", "{\"a\": 1} x", 10), FAILS);
    ck_assert_int_eq(judge_body("json .a == 1", "{\"a\": 1", 7), FAILS);
    ck_assert_int_eq(judge_body("json .a == 1", "{\"a\": \"\xff\"}", 10), FAILS);
    ck_assert_int_eq(judge_body("json .a == 1", "\0{\"a\": 1}", 9), FAILS);
    ck_assert_int_eq(judge_body("json . exists", "1e999", 5), FAILS);
    ck_assert_int_eq(judge_body("json . exists", "123456789012345678901234567890", 30), FAILS);
    ck_assert_int_eq(judge_body("json .a == 1", "\xef\xbb\xbf{\"a\": 1}", 11), HOLDS);
    ck_assert_int_eq(judge_body("json . == 9007199254740993", "9007199254740993", 16), HOLDS);
    ck_assert_int_eq(judge_body("json . == 9007199254740993", "9007199254740992", 16), FAILS);
    ck_assert_int_eq(judge_body("json .a == 2", "{\"a\": 1, \"a\": 2}", 16), HOLDS);
}
END_TEST

START_TEST(json_of_brackets_alone_is_refused)
{
    fill('[', "");
    ck_assert_int_eq(judge_body("json .a == 1", body, sizeof(body)), FAILS);
    ck_assert_ptr_nonnull(strstr(detail, "maximum parsing depth reached"));
}
END_TEST

START_TEST(json_that_we_cut_ourselves_is_unknown)
{
    struct answer answer = {
        .has = SUBJECT_BIT(SUBJECT_BODY), .body = "{\"a\": 1, \"b", .body_length = 11};
    char *large = calloc(1, 300 * 1024);

    ck_assert_int_eq(judge_answer("json .a == 1", &answer), FAILS);
    answer.body_cut = true;
    ck_assert_int_eq(judge_answer("json .a == 1", &answer), UNKNOWN);
    ck_assert_int_eq(judge_answer("not json .a == 1", &answer), UNKNOWN);
    ck_assert_str_eq(detail, "body cannot be read as JSON: it was cut after 11 bytes, see "
                             "body_limit, wanted json .a");
    answer.body = "<html>"; /* cut or not: this is none */
    answer.body_length = 6;
    ck_assert_int_eq(judge_answer("json .a == 1", &answer), FAILS);
    ck_assert_ptr_nonnull(large);
    memset(large, ' ', 300 * 1024);
    ck_assert_int_eq(judge_body("json .a == 1", large, 300 * 1024), UNKNOWN);
    ck_assert_str_eq(detail,
                     "body cannot be read as JSON: 307200 bytes, JSON is read up to 262144, "
                     "wanted json .a");
    free(large);
}
END_TEST

START_TEST(bytes_of_any_kind_are_searched_and_shown)
{
    static const char bytes[] = "\0\xff\x1b[31m\r\n\xc3(";

    ck_assert_int_eq(judge_body("body contains '\\x1b[31m\\r'", bytes, 11), HOLDS);
    ck_assert_int_eq(judge_body("body matches /\\x00\\xff.\\[/", bytes, 11), HOLDS);
    ck_assert_int_eq(judge_body("body == '\\x00\\xff\\x1b[31m\\r\\n\\xc3('", bytes, 11), HOLDS);
    ck_assert_int_eq(judge_body("body contains 'ok'", bytes, 11), FAILS);
    ck_assert_str_eq(detail, "body \"\\x00\\xff\\x1b[31m\\x0d\\x0a\\xc3(\" (11 bytes read), wanted "
                             "'ok' in it");
}
END_TEST

START_TEST(headers_of_any_kind_are_survived)
{
    static const char *const heads[] = {"", ":", "x", "x:", "\n\n\n", "x:1\nx :2\r\n", "x: \t\r\n"};
    struct answer answer = {.has = SUBJECT_BIT(SUBJECT_HEADER)};

    ck_assert_int_eq(judge_answer("header 'x' exists", &answer), FAILS);
    for (int i = 0; i < COUNT(heads); i++) {
        answer.head = heads[i];
        answer.head_length = strlen(heads[i]);
        ck_assert_int_eq(judge_answer("header 'x' exists", &answer),
                         strncmp(heads[i], "x:", 2) == 0 ? HOLDS : FAILS);
        ck_assert_int_eq(judge_answer("header 'x' == '2'", &answer), FAILS);
    }
}
END_TEST

/* ---- what is told ---- */

/* Long names, long texts, long values, many sides. */
static const char *const talkative[] = {
    "json .a_very_long_name.of_something.that_has_many_parts.and_goes_on.and_on.for_ever contains "
    "'a very long text that was wanted in it and that goes on for a long time, longer than that'",
    "body contains 'a very long text that was wanted in it and that goes on for a long time, or "
    "so' "
    "or body contains 'another very long text that was wanted in it and that goes on for so long'",
    "body == 'a' or body == 'b' or body == 'c' or body == 'd' or body == 'e' or body == 'f' or "
    "body "
    "== 'g'",
    "json .a == 'a' or (json .b == 'b' or (json .c == 'c' or json .d matches /dddddddddddddd/))",
};

START_TEST(what_is_told_has_at_most_200_characters)
{
    fill('\x01', "");
    for (size_t size = 1; size <= sizeof(detail); size += 40) {
        struct assertion *assertion = parse(talkative[_i]);
        struct answer answer = {
            .has = SUBJECT_BIT(SUBJECT_BODY), .body = body, .body_length = sizeof(body)};
        char told[sizeof(detail)];

        memset(told, '#', sizeof(told));
        ck_assert_int_eq(assertion_judge(assertion, &answer, &failure, told, size), FAILS);
        ck_assert_uint_lt(strlen(told), size);
        assertion_destroy(assertion);
    }
    ck_assert_int_eq(judge_body(talkative[_i], body, sizeof(body)), FAILS);
    ck_assert_uint_le(strlen(detail), RESULT_DETAIL_MAX);
}
END_TEST

START_TEST(of_two_sides_that_fail_both_are_told_short)
{
    fill('x', "");
    ck_assert_int_eq(judge_body("body contains 'all is well in this region' or body matches /ok/",
                                body, sizeof(body)),
                     FAILS);
    ck_assert_str_eq(detail, "body \"xxxxxxxxxxxxxxxxxxx...\" (65536 bytes read), wanted 'all is "
                             "well in thi... in it; body \"xxxxxxxxxxxxxxxxxxx...\" (65536 bytes "
                             "read), wanted a match of /ok/");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("assertion_judge");
    TCase *tests = tcase_create("assertion_judge");

    tcase_add_loop_test(tests, every_relation_holds_and_fails_as_documented, 0, COUNT(judgements));
    tcase_add_test(tests, a_body_equals_a_text_only_as_a_whole);
    tcase_add_test(tests, a_certificate_that_has_ended_counts_below_zero);
    tcase_add_test(tests, flags_of_patterns_do_what_they_say);
    tcase_add_loop_test(tests, unknown_goes_through_and_or_and_not, 0, COUNT(unknowns));
    tcase_add_test(tests, of_two_unknown_sides_the_left_one_is_told);
    tcase_add_test(tests, nothing_is_read_that_the_answer_does_not_have);
    tcase_add_loop_test(tests, a_pattern_that_runs_past_its_limits_is_unknown_and_says_so, 0,
                        COUNT(endless));
    tcase_add_test(tests, many_patterns_share_one_limit);
    tcase_add_test(tests, ordinary_patterns_are_far_from_the_limit);
    tcase_add_test(tests, what_is_no_json_fails_either_way_and_says_where);
    tcase_add_test(tests, json_of_brackets_alone_is_refused);
    tcase_add_test(tests, json_that_we_cut_ourselves_is_unknown);
    tcase_add_test(tests, bytes_of_any_kind_are_searched_and_shown);
    tcase_add_test(tests, headers_of_any_kind_are_survived);
    tcase_add_loop_test(tests, what_is_told_has_at_most_200_characters, 0, COUNT(talkative));
    tcase_add_test(tests, of_two_sides_that_fail_both_are_told_short);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
