/* SPDX-License-Identifier: Apache-2.0 */
/* What each kind of check is told, and what its answers are judged by. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "base.h"

#define TOKEN "0123456789abcdef0123456789abcdef"

/* config/every-check.conf, in which every kind stands once. */
static struct settings *every_check(void)
{
    setenv("NIGHTLY_BACKUP_TOKEN", TOKEN, 1);
    char *text = source_text("config/every-check.conf");
    struct settings *settings = good(text);
    free(text);
    return settings;
}

static const struct check *named(const struct settings *settings, const char *name)
{
    for (uint32_t i = 0; i < settings->check_count; i++) {
        if (strcmp(settings->checks[i].name, name) == 0)
            return &settings->checks[i];
    }
    ck_abort_msg("no check %s", name);
}

/* base.conf with its first check written so; NULL: it was refused. */
static struct settings *with_check(const char *check)
{
    char *text = base_with("{ url = \"http://east.example.com/\"; }", check);
    struct settings *settings = good(text);
    free(text);
    return settings;
}

/* ---- the example ---- */

START_TEST(the_example_has_every_kind_and_no_complaint_but_this_machines)
{
    setenv("NIGHTLY_BACKUP_TOKEN", TOKEN, 1);
    char *text = source_text("config/every-check.conf");
    char *said = said_about(text, strlen(text));
    struct settings *s = every_check();
    bool seen[CHECK_KIND_COUNT] = {false};
    for (uint32_t i = 0; i < s->check_count; i++)
        seen[s->checks[i].kind] = true;
    for (int i = 0; i < CHECK_KIND_COUNT; i++)
        ck_assert_msg(seen[i], "kind %d is not in the example", i);
    for (char *line = said; *line != '\0'; line = strchr(line, '\n') + 1)
        ck_assert_msg(strstr(line, "[sqlite-one-machine]\n") != NULL ||
                          strstr(line, "[command-missing]\n") != NULL,
                      "%s", line);
    settings_destroy(s);
    free(said);
    free(text);
}
END_TEST

START_TEST(a_dump_of_every_kind_means_the_same)
{
    struct settings *s = every_check();
    char *dump = dump_of(s);
    struct settings *again = good(dump);
    char *dump_again = dump_of(again);
    ck_assert_str_eq(dump, dump_again);
    ck_assert_str_eq(s->fingerprint, again->fingerprint);
    ck_assert_ptr_null(strstr(dump, TOKEN));
    ck_assert_ptr_nonnull(strstr(dump, "token = \"env:NIGHTLY_BACKUP_TOKEN\";"));
    free(dump_again);
    settings_destroy(again);
    free(dump);
    settings_destroy(s);
}
END_TEST

START_TEST(what_is_not_written_has_the_usual_value)
{
    struct settings *s = with_check("{ url = \"http://east.example.com/\"; }");
    const struct check *c = &s->checks[0];
    ck_assert_int_eq(c->kind, CHECK_HTTP);
    ck_assert_int_eq(c->level, LEVEL_REQUIRED);
    ck_assert_str_eq(c->name, "");
    ck_assert(!c->is_member);
    ck_assert_int_eq(c->family, FAMILY_BOTH);
    ck_assert_uint_eq(c->need, NEED_ANY);
    ck_assert_uint_eq(c->allow, 0);
    ck_assert_int_eq(c->http_version, HTTP_VERSION_1);
    ck_assert_int_eq(c->connection, CONNECTION_FRESH);
    ck_assert_uint_eq(c->fresh_every, 10);
    ck_assert_uint_eq(c->redirects, 0);
    ck_assert_uint_eq(c->body_max, 65536);
    ck_assert_str_eq(c->expect, "");
    settings_destroy(s);
}
END_TEST

/* ---- kind by kind ---- */

START_TEST(a_page_is_told_how_it_is_asked_for)
{
    struct settings *s = every_check();
    const struct check *c = named(s, "page-h2");
    ck_assert_int_eq(c->http_version, HTTP_VERSION_2);
    ck_assert_int_eq(c->level, LEVEL_DEGRADED);
    ck_assert_uint_eq(c->need, NEED_ALL);
    ck_assert_uint_eq(c->redirects, 2);
    ck_assert_uint_eq(c->body_max, 16384);
    ck_assert(c->tls);
    c = named(s, "page-often");
    ck_assert_int_eq(c->connection, CONNECTION_RESUMED);
    ck_assert_uint_eq(c->fresh_every, 20);
    settings_destroy(s);
}
END_TEST

START_TEST(a_dialogue_holds_bytes_as_they_go_out)
{
    struct settings *s = every_check();
    const struct check *c = named(s, "mail");
    const struct check_tcp *tcp = c->of.tcp;
    ck_assert_uint_eq(tcp->line_count, 3);
    ck_assert_ptr_null(tcp->lines[0].send);
    ck_assert_str_eq(tcp->lines[0].expect, "220");
    ck_assert_str_eq(tcp->lines[1].send, "EHLO health.example.com\r\n");
    ck_assert_uint_eq(c->port, 25);
    ck_assert(!c->tls);
    settings_destroy(s);
    s = with_check("{ type = \"tcp\"; url = \"tcp://east.example.com:1\"; }");
    ck_assert_uint_eq(s->checks[0].of.tcp->line_count, 0);
    settings_destroy(s);
}
END_TEST

START_TEST(bytes_of_any_value_but_0_survive_a_dump)
{
    struct settings *s =
        with_check("{ type = \"tcp\"; url = \"tcp://east.example.com:1\"; dialogue "
                   "= ( { send = \"\\x01\\xff\\\"\\\\\\r\\n\\x7f\"; } ); }");
    ck_assert_str_eq(s->checks[0].of.tcp->lines[0].send, "\x01\xff\"\\\r\n\x7f");
    ck_assert_ptr_null(s->checks[0].of.tcp->lines[0].expect);
    char *dump = dump_of(s);
    ck_assert_ptr_nonnull(strstr(dump, "send = \"\\x01\\xff\\\"\\\\\\x0d\\x0a\\x7f\";"));
    struct settings *again = good(dump);
    ck_assert_str_eq(again->checks[0].of.tcp->lines[0].send, s->checks[0].of.tcp->lines[0].send);
    ck_assert_str_eq(again->fingerprint, s->fingerprint);
    settings_destroy(again);
    free(dump);
    settings_destroy(s);
}
END_TEST

START_TEST(a_certificate_is_for_the_host_unless_another_name_is_given)
{
    struct settings *s = every_check();
    const struct check *c = named(s, "certificate");
    ck_assert_int_eq(c->of.tls->starttls, STARTTLS_POSTGRES);
    ck_assert_str_eq(c->of.tls->name, "db.shop.example.com");
    ck_assert_str_eq(c->of.tls->pin, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    ck_assert(c->tls);
    settings_destroy(s);
    s = with_check("{ type = \"tls\"; url = \"tls://east.example.com:443\"; }");
    ck_assert_int_eq(s->checks[0].of.tls->starttls, STARTTLS_NONE);
    ck_assert_str_eq(s->checks[0].of.tls->name, "east.example.com");
    ck_assert_str_eq(s->checks[0].of.tls->pin, "");
    settings_destroy(s);
}
END_TEST

START_TEST(a_name_server_is_told_the_question)
{
    struct settings *s = every_check();
    const struct check *c = named(s, "resolver");
    ck_assert_str_eq(c->host, "resolver.use1.shop.example.com");
    ck_assert_uint_eq(c->port, 53);
    ck_assert_str_eq(c->of.dns->name, "shop.example.com"); /* which moves, and may be asked for */
    ck_assert_str_eq(c->of.dns->type, "A");
    ck_assert(c->of.dns->dnssec && !c->of.dns->tcp);
    ck_assert_int_eq(c->level, LEVEL_INFO);
    settings_destroy(s);
}
END_TEST

START_TEST(the_others_have_what_they_need)
{
    struct settings *s = every_check();
    ck_assert_str_eq(named(s, "cart")->of.grpc->service, "shop.Cart");
    ck_assert(named(s, "cart")->tls);
    ck_assert_uint_eq(named(s, "cart")->port, 8443);
    ck_assert_uint_eq(named(s, "live")->port, 443);
    ck_assert_str_eq(named(s, "live")->headers[0].name, "Origin");
    ck_assert_uint_eq(named(s, "capacity")->port, 9999);
    ck_assert_str_eq(named(s, "gateway")->host, "gateway.use1.shop.example.com");
    ck_assert_uint_eq(named(s, "gateway")->port, 0);
    settings_destroy(s);
}
END_TEST

START_TEST(a_program_has_its_arguments_and_a_null_behind_them)
{
    struct settings *s = every_check();
    const struct check_command *command = named(s, "replication")->of.command;
    ck_assert_uint_eq(command->argc, 7);
    ck_assert_str_eq(command->argv[0], "/usr/lib/nagios/plugins/check_pgsql");
    ck_assert_str_eq(command->argv[6], "60");
    ck_assert_ptr_null(command->argv[7]);
    ck_assert_str_eq(named(s, "replication")->url, "");
    ck_assert_str_eq(named(s, "replication")->host, "");
    settings_destroy(s);
}
END_TEST

START_TEST(a_job_has_a_name_a_token_and_a_period)
{
    struct settings *s = every_check();
    const struct check_push *push = named(s, "nightly-backup-use1")->of.push;
    ck_assert_str_eq(push->name, "nightly-backup-use1");
    ck_assert_str_eq(push->token, TOKEN);
    ck_assert_int_eq(push->period_ms, 26 * 3600 * 1000);
    settings_destroy(s);
}
END_TEST

START_TEST(aws_is_asked_where_the_alarm_or_the_targets_are)
{
    struct settings *s = every_check();
    ck_assert_str_eq(named(s, "errors")->of.aws->what, "shop-5xx");
    ck_assert_str_eq(named(s, "errors")->of.aws->region, "us-east-1");
    ck_assert_str_eq(named(s, "errors")->of.aws->role, "");
    ck_assert_str_eq(named(s, "targets")->of.aws->region, "us-east-1"); /* out of the ARN */
    ck_assert_str_eq(named(s, "targets")->of.aws->role,
                     "arn:aws:iam::123456789012:role/regionshift");
    ck_assert_str_eq(named(s, "targets")->of.aws->external_id, "shop");
    settings_destroy(s);
}
END_TEST

START_TEST(a_group_knows_its_members_wherever_they_stand)
{
    struct settings *s =
        with_check("{ type = \"group\"; name = \"g\"; of = [ \"b\", \"a\" ]; need = 2; },"
                   "{ name = \"a\"; url = \"http://a.example.com/\"; },"
                   "{ url = \"http://c.example.com/\"; },"
                   "{ name = \"b\"; url = \"http://b.example.com/\"; }");
    const struct check_group *group = s->checks[0].of.members;
    ck_assert_uint_eq(group->need, 2);
    ck_assert_uint_eq(group->member_count, 2);
    ck_assert_uint_eq(group->members[0], 3);
    ck_assert_uint_eq(group->members[1], 1);
    ck_assert(s->checks[1].is_member && s->checks[3].is_member);
    ck_assert(!s->checks[0].is_member && !s->checks[2].is_member);
    settings_destroy(s);
}
END_TEST

/* ---- addresses ---- */

static const struct {
    const char *check;
    uint32_t allow;
} allowances[] = {
    {"{ url = \"http://127.0.0.1/\"; }", ALLOW_LOOPBACK},
    {"{ url = \"http://[::1]/\"; }", ALLOW_LOOPBACK},
    {"{ url = \"http://localhost/\"; }", ALLOW_LOOPBACK},
    {"{ url = \"http://east.example.com/\"; address = \"127.0.0.1\"; }", ALLOW_LOOPBACK},
    {"{ url = \"http://127.0.0.1/\"; address = \"192.0.2.7\"; }", 0}, /* nothing goes there */
    {"{ url = \"http://east.example.com/\"; allow = [ \"loopback\" ]; }", ALLOW_LOOPBACK},
    {"{ url = \"http://east.example.com/\"; allow = [ \"metadata\", \"multicast\" ]; }",
     ALLOW_METADATA | ALLOW_MULTICAST},
    {"{ url = \"http://[fe80::1]/\"; allow = [ \"link-local\" ]; }", ALLOW_LINK_LOCAL},
    {"{ url = \"http://169.254.169.254/\"; allow = [ \"metadata\" ]; }", ALLOW_METADATA},
};

START_TEST(an_address_is_allowed_by_its_kind_or_by_being_written_down)
{
    struct settings *s = with_check(allowances[_i].check);
    ck_assert_uint_eq(s->checks[0].allow, allowances[_i].allow);
    settings_destroy(s);
}
END_TEST

static const struct {
    const char *need;
    uint32_t count;
    const char *printed;
} needs[] = {
    {"\"all\"", NEED_ALL, "need = \"all\";"},
    {"\"any\"", NEED_ANY, "need = \"any\";"},
    {"1", NEED_ANY, "need = \"any\";"},
    {"2", 2, "need = 2;"},
    {"8", 8, "need = 8;"},
};

START_TEST(how_many_addresses_are_needed_is_a_word_or_a_number)
{
    char check[160];
    snprintf(
        check, sizeof check,
        "{ url = \"http://east.example.com/\"; addresses = { need = %s; family = \"ipv6\"; }; }",
        needs[_i].need);
    struct settings *s = with_check(check);
    char *dump = dump_of(s);
    ck_assert_uint_eq(s->checks[0].need, needs[_i].count);
    ck_assert_int_eq(s->checks[0].family, FAMILY_IPV6);
    ck_assert_msg(strstr(dump, needs[_i].printed) != NULL, "%s", dump);
    free(dump);
    settings_destroy(s);
}
END_TEST

/* ---- what an answer must be like ---- */

static enum assertion_outcome judge(const struct settings *s, const struct answer *answer)
{
    enum failure failure;
    char detail[RESULT_DETAIL_MAX + 1];
    ck_assert_ptr_nonnull(s->checks[0].assertion);
    return assertion_judge(s->checks[0].assertion, answer, &failure, detail, sizeof detail);
}

static enum assertion_outcome judge_page(const char *keys, int status, int latency_ms)
{
    char check[256];
    snprintf(check, sizeof check, "{ url = \"http://east.example.com/\"; %s }", keys);
    struct settings *s = with_check(check);
    const struct answer answer = {.has = SUBJECT_BIT(SUBJECT_STATUS) | SUBJECT_BIT(SUBJECT_BODY) |
                                         SUBJECT_BIT(SUBJECT_LATENCY),
                                  .status = status,
                                  .body = "ok",
                                  .body_length = 2,
                                  .latency_us = (usec_t)latency_ms * 1000};
    enum assertion_outcome outcome = judge(s, &answer);
    settings_destroy(s);
    return outcome;
}

START_TEST(the_usual_status_gives_way_only_to_an_expression_about_status)
{
    ck_assert_int_eq(judge_page("", 200, 1), ASSERTION_HOLDS);
    ck_assert_int_eq(judge_page("", 500, 1), ASSERTION_FAILS);
    ck_assert_int_eq(judge_page("expect = \"latency < 300ms\";", 200, 1), ASSERTION_HOLDS);
    ck_assert_int_eq(judge_page("expect = \"latency < 300ms\";", 200, 300), ASSERTION_FAILS);
    ck_assert_int_eq(judge_page("expect = \"latency < 300ms\";", 500, 1), ASSERTION_FAILS);
    ck_assert_int_eq(judge_page("expect = \"status == 404\";", 404, 1), ASSERTION_HOLDS);
    ck_assert_int_eq(judge_page("expect = \"status == 404\";", 200, 1), ASSERTION_FAILS);
    ck_assert_int_eq(judge_page("expect = \"status == 404\"; body = \"no\";", 404, 1),
                     ASSERTION_FAILS);
    ck_assert_int_eq(judge_page("expect = \"status < 404\"; status = \"400-499\";", 403, 1),
                     ASSERTION_HOLDS);
    ck_assert_int_eq(judge_page("expect = \"status < 404\"; status = \"400-499\";", 200, 1),
                     ASSERTION_FAILS);
}
END_TEST

static enum assertion_outcome judge_dns(const char *expect, int rcode, uint32_t answers)
{
    char check[256];
    snprintf(check, sizeof check,
             "{ type = \"dns\"; url = \"dns://ns.example.com/a.example.com\"; expect = \"%s\"; }",
             expect);
    struct settings *s = with_check(check);
    const struct answer answer = {.has = SUBJECT_BIT(SUBJECT_RCODE) | SUBJECT_BIT(SUBJECT_ANSWERS),
                                  .rcode = rcode,
                                  .answers = answers};
    enum assertion_outcome outcome = judge(s, &answer);
    settings_destroy(s);
    return outcome;
}

START_TEST(a_dns_answer_is_usually_one_with_answers)
{
    ck_assert_int_eq(judge_dns("", 0, 1), ASSERTION_HOLDS);
    ck_assert_int_eq(judge_dns("", 0, 0), ASSERTION_FAILS);
    ck_assert_int_eq(judge_dns("", 3, 0), ASSERTION_FAILS);
    ck_assert_int_eq(judge_dns("rcode == NXDOMAIN", 3, 0), ASSERTION_HOLDS);
    ck_assert_int_eq(judge_dns("answers >= 2", 0, 2), ASSERTION_HOLDS);
    ck_assert_int_eq(judge_dns("answers >= 2", 2, 2), ASSERTION_FAILS);
}
END_TEST

static const struct {
    const char *check;
    struct answer good;
    struct answer bad;
} usual[] = {
    {"{ type = \"grpc\"; url = \"grpc://east.example.com:1\"; }",
     {.has = SUBJECT_BIT(SUBJECT_STATE), .state = "SERVING"},
     {.has = SUBJECT_BIT(SUBJECT_STATE), .state = "NOT_SERVING"}},
    {"{ type = \"websocket\"; url = \"ws://east.example.com/\"; }",
     {.has = SUBJECT_BIT(SUBJECT_STATUS), .status = 101},
     {.has = SUBJECT_BIT(SUBJECT_STATUS), .status = 200}},
    {"{ type = \"command\"; command = [ \"/bin/true\" ]; }",
     {.has = SUBJECT_BIT(SUBJECT_EXIT), .exit = 1},
     {.has = SUBJECT_BIT(SUBJECT_EXIT), .exit = 2}},
    {"{ type = \"push\"; name = \"backup\"; token = \"env:ONE\"; period = \"1h\"; }",
     {.has = SUBJECT_BIT(SUBJECT_STATE), .state = "ok"},
     {.has = SUBJECT_BIT(SUBJECT_STATE), .state = "fail"}},
    {"{ type = \"alarm\"; alarm = \"a\"; aws_region = \"us-east-1\"; }",
     {.has = SUBJECT_BIT(SUBJECT_STATE), .state = "OK"},
     {.has = SUBJECT_BIT(SUBJECT_STATE), .state = "ALARM"}},
    {"{ type = \"alb\"; target_group = \"arn:aws-cn:elasticloadbalancing:cn-north-1:123456789012:"
     "targetgroup/a/0123456789abcdef\"; }",
     {.has = SUBJECT_BIT(SUBJECT_HEALTHY), .healthy = 1},
     {.has = SUBJECT_BIT(SUBJECT_HEALTHY), .healthy = 0}},
};

START_TEST(a_kind_expects_what_its_users_expect)
{
    setenv("ONE", TOKEN, 1);
    struct settings *s = with_check(usual[_i].check);
    ck_assert_int_eq(judge(s, &usual[_i].good), ASSERTION_HOLDS);
    ck_assert_int_eq(judge(s, &usual[_i].bad), ASSERTION_FAILS);
    settings_destroy(s);
}
END_TEST

static const char *const unjudged[] = {
    "{ type = \"tcp\"; url = \"tcp://east.example.com:1\"; }",
    "{ type = \"tls\"; url = \"tls://east.example.com:1\"; }",
    "{ type = \"icmp\"; url = \"icmp://east.example.com\"; }",
};

START_TEST(where_an_answer_is_enough_nothing_is_asked_of_it)
{
    struct settings *s = with_check(unjudged[_i]);
    ck_assert_ptr_null(s->checks[0].assertion);
    settings_destroy(s);
}
END_TEST

/* ---- the fingerprint (A2) ---- */

static const char *const judging[] = {
    "level = \"degraded\";",
    "expect = \"latency < 1s\";",
    "http = \"2\";",
    "redirects = 1;",
    "body_limit = 9;",
    "connection = \"kept\";",
    "connection = \"resumed\"; fresh_every = 9;",
    "allow = [ \"loopback\" ];",
    "addresses = { need = \"all\"; };",
    "addresses = { family = \"ipv4\"; };",
    "name = \"page\";",
};

START_TEST(whatever_judges_is_in_the_fingerprint)
{
    static const char page[] = "{ url = \"https://x.example.com/\"; },"
                               "{ url = \"https://east.example.com/\"; %s }";
    char check[256];
    snprintf(check, sizeof check, page, "");
    struct settings *before = with_check(check);
    snprintf(check, sizeof check, page, judging[_i]);
    struct settings *after = with_check(check);
    ck_assert_str_ne(before->fingerprint, after->fingerprint);
    settings_destroy(before);
    settings_destroy(after);
}
END_TEST

START_TEST(where_a_token_is_read_is_not_in_the_fingerprint)
{
    static const char push[] = "{ url = \"https://x.example.com/\"; }, { type = \"push\"; name = "
                               "\"n\"; period = 60; token = \"env:%s\"; }";
    char check[256];
    setenv("ONE", TOKEN, 1);
    setenv("TWO", TOKEN "0", 1);
    snprintf(check, sizeof check, push, "ONE");
    struct settings *one = with_check(check);
    snprintf(check, sizeof check, push, "TWO");
    struct settings *two = with_check(check);
    ck_assert_str_eq(one->fingerprint, two->fingerprint);
    ck_assert_str_ne(one->checks[1].of.push->token, two->checks[1].of.push->token);
    settings_destroy(one);
    settings_destroy(two);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

int main(void)
{
    Suite *suite = suite_create("checks");
    TCase *tests = tcase_create("checks");

    tcase_add_test(tests, the_example_has_every_kind_and_no_complaint_but_this_machines);
    tcase_add_test(tests, a_dump_of_every_kind_means_the_same);
    tcase_add_test(tests, what_is_not_written_has_the_usual_value);
    tcase_add_test(tests, a_page_is_told_how_it_is_asked_for);
    tcase_add_test(tests, a_dialogue_holds_bytes_as_they_go_out);
    tcase_add_test(tests, bytes_of_any_value_but_0_survive_a_dump);
    tcase_add_test(tests, a_certificate_is_for_the_host_unless_another_name_is_given);
    tcase_add_test(tests, a_name_server_is_told_the_question);
    tcase_add_test(tests, the_others_have_what_they_need);
    tcase_add_test(tests, a_program_has_its_arguments_and_a_null_behind_them);
    tcase_add_test(tests, a_job_has_a_name_a_token_and_a_period);
    tcase_add_test(tests, aws_is_asked_where_the_alarm_or_the_targets_are);
    tcase_add_test(tests, a_group_knows_its_members_wherever_they_stand);
    tcase_add_loop_test(tests, an_address_is_allowed_by_its_kind_or_by_being_written_down, 0,
                        COUNT(allowances));
    tcase_add_loop_test(tests, how_many_addresses_are_needed_is_a_word_or_a_number, 0,
                        COUNT(needs));
    tcase_add_test(tests, the_usual_status_gives_way_only_to_an_expression_about_status);
    tcase_add_test(tests, a_dns_answer_is_usually_one_with_answers);
    tcase_add_loop_test(tests, a_kind_expects_what_its_users_expect, 0, COUNT(usual));
    tcase_add_loop_test(tests, where_an_answer_is_enough_nothing_is_asked_of_it, 0,
                        COUNT(unjudged));
    tcase_add_loop_test(tests, whatever_judges_is_in_the_fingerprint, 0, COUNT(judging));
    tcase_add_test(tests, where_a_token_is_read_is_not_in_the_fingerprint);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
