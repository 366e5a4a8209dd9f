/* SPDX-License-Identifier: Apache-2.0 */
/* The words of HAProxy's agents: what each line comes to, and how it is told. */
#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "agent_words.h"

static const struct {
    const char *line;
    const char *state;
    const char *refusal;
    const char *said;
} lines[] = {
    {"up", "up", NULL, "up"},
    {"UP", "up", NULL, "up"},
    {"ready", "up", NULL, "ready"},
    {"75%", "up", NULL, "75%"},
    {"up ready 10%", "up", NULL, "up, ready, 10%"},
    {"10%,ready\tup", "up", NULL, "up, ready, 10%"},
    {"down", "down", "down", "down"},
    {"fail", "fail", "fail", "fail"},
    {"failed", "failed", "failed", "failed"},
    {"stopped", "stopped", "stopped", "stopped"},
    {"drain", "drain", "drain", "drain"},
    {"maint", "maint", "maint", "maint"},
    {"0%", "drain", NULL, "0%"},
    {"up 0%", "drain", NULL, "up, 0%"},
    {"0% 50%", "up", NULL, "50%"},
    {"up down", "down", "down", "down"},
    {"down up", "up", NULL, "up"},
    {"drain ready", "up", NULL, "ready"},
    {"maint up", "maint", "maint", "up, maint"},
    {"down maint", "maint", "maint", "down, maint"},
    {"drain down", "down", "down", "down, drain"},
    {"down # disk full ", "down", "down", "down (disk full)"},
    {"down#disk", "down", "down", "down (disk)"},
    {"up #", "up", NULL, "up"},
    {"up # down", "up", NULL, "up (down)"},
    {"maxconn:30", "up", NULL, "maxconn 30"},
    {"weight:5 up", "up", NULL, "up, weight 5"},
    {"up hello", "up", NULL, "up and \"hello\""},
    {"300%", "up", NULL, "300%"},
    {"99999999999999999999%", "up", NULL, "1000%"},
    {"hello", NULL, NULL, "and \"hello\""},
    {"upper", NULL, NULL, "and \"upper\""},
    {"-5%", NULL, NULL, "and \"-5%\""},
    {"%", NULL, NULL, "and \"%\""},
    {"5x%", NULL, NULL, "and \"5x%\""},
    {"maxconn:", NULL, NULL, "and \"maxconn:\""},
    {"maxconn:x", NULL, NULL, "and \"maxconn:x\""},
    {"#up", NULL, NULL, "(up)"},
    {"", NULL, NULL, ""},
    {" , \t", NULL, NULL, ""},
};

static bool same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

START_TEST(a_line_comes_to_what_haproxy_makes_of_it)
{
    struct agent_words words;
    char said[200];

    agent_read(lines[_i].line, strlen(lines[_i].line), &words);
    agent_say(&words, said, sizeof(said));
    ck_assert_msg(same(agent_state(&words), lines[_i].state), "\"%s\": %s", lines[_i].line,
                  agent_state(&words));
    ck_assert_msg(same(agent_refusal(&words), lines[_i].refusal), "\"%s\": %s", lines[_i].line,
                  agent_refusal(&words));
    ck_assert_str_eq(said, lines[_i].said);
}
END_TEST

START_TEST(what_is_foreign_is_told_in_print_and_short)
{
    char line[1000] = "down \x1b[31m\"x # \x01";
    struct agent_words words;
    char said[200];

    memset(line + strlen(line), 'y', 600);
    agent_read(line, sizeof(line), &words);
    agent_say(&words, said, sizeof(said));
    ck_assert_ptr_nonnull(strstr(said, "down and \"\\x1b[31m"));
    ck_assert_ptr_nonnull(strstr(said, " (\\x01yyy"));
    ck_assert_ptr_nonnull(strstr(said, "...)"));
    for (const char *at = said; *at != '\0'; at++)
        ck_assert(*at >= ' ' && *at <= '~');
}
END_TEST

START_TEST(any_room_is_room_enough)
{
    static const char line[] = "down maint 50% maxconn:1 weight:2 hello #world";
    struct agent_words words;

    agent_read(line, strlen(line), &words);
    for (size_t room = 1; room < 100; room++) {
        char *said = malloc(room);

        agent_say(&words, said, room);
        ck_assert_uint_lt(strlen(said), room);
        free(said);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent");
    TCase *tests = tcase_create("agent");

    tcase_add_loop_test(tests, a_line_comes_to_what_haproxy_makes_of_it, 0,
                        (int)(sizeof(lines) / sizeof(lines[0])));
    tcase_add_test(tests, what_is_foreign_is_told_in_print_and_short);
    tcase_add_test(tests, any_room_is_room_enough);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
