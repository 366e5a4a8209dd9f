/* SPDX-License-Identifier: Apache-2.0 */
/* Settings that differ from the file in a few options: `set` of a scenario, `simulate --sweep`. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "base.h"

#define CHANGES_MAX 4

/* base.conf, or another file, with changes; NULL when refused, and then what was said. */
static struct settings *changed(const char *text, const char *probe,
                                const struct settings_change *changes, char **ret_said)
{
    struct settings *settings = NULL;
    struct settings_report report;
    size_t count = 0;
    size_t length = 0;
    while (count < CHANGES_MAX && changes[count].path != NULL)
        count++;
    int result =
        settings_parse_changed(text, strlen(text), "F", probe, changes, count, &settings, &report);
    ck_assert_int_eq(result == 0, settings != NULL);
    FILE *out = open_memstream(ret_said, &length);
    ck_assert_ptr_nonnull(out);
    settings_report_print(&report, "F", out);
    fclose(out);
    settings_report_clear(&report);
    return settings;
}

/* With one change that must be good. */
static struct settings *with(const char *path, const char *value)
{
    const struct settings_change changes[CHANGES_MAX] = {{path, value}};
    char *text = source_text("tests/settings/base.conf");
    char *said = NULL;
    struct settings *settings = changed(text, NULL, changes, &said);
    ck_assert_msg(settings != NULL, "%s", said);
    free(said);
    free(text);
    return settings;
}

static void expect_refused(const char *path, const char *value, const char *expected)
{
    const struct settings_change changes[CHANGES_MAX] = {{path, value}};
    char *text = source_text("tests/settings/base.conf");
    char *said = NULL;
    struct settings *settings = changed(text, NULL, changes, &said);
    ck_assert_ptr_null(settings);
    ck_assert_str_eq(said, expected);
    free(said);
    free(text);
}

/* ---- what a change does ---- */

START_TEST(what_a_check_is_told_can_be_changed)
{
    struct settings *s = with("services.*.sites.*.checks.*.addresses.need", "all");
    ck_assert_uint_eq(s->checks[1].need, NEED_ALL);
    settings_destroy(s);
    s = with("services.*.sites.*.checks.*.addresses.need", "2");
    ck_assert_uint_eq(s->checks[0].need, 2);
    settings_destroy(s);
    s = with("services.[0].sites.[0].checks.[0].expect", "\"latency < 1s\"");
    ck_assert_str_eq(s->checks[0].expect, "latency < 1s");
    settings_destroy(s);
    s = with("services.*.sites.*.checks.*.allow", "[ \"loopback\" ]");
    ck_assert_uint_eq(s->checks[1].allow, ALLOW_LOOPBACK);
    settings_destroy(s);
    expect_refused("services.[0].sites.[0].checks.[0].addresses.need", "most",
                   "F: services.[0].sites.[0].checks.[0].addresses.need: \"most\" is unknown; "
                   "allowed: one of \"all\", \"any\", or an integer, 1 to 16 [word]\n");
    expect_refused("services.[0].sites.[0].checks.[0].type", "tcp",
                   "F:10: services.[0].sites.[0].checks.[0].url: type tcp takes tcp://HOST:PORT; "
                   "this URL is for type http [type-fits-url]\n");
}
END_TEST

START_TEST(an_option_that_the_file_leaves_out_can_be_changed)
{
    struct settings *s = with("groups.*.hold", "45");
    ck_assert_int_eq(s->groups[0].hold_ms, 45000);
    settings_destroy(s);
}
END_TEST

START_TEST(a_group_that_the_file_leaves_out_can_be_changed)
{
    struct settings *s = with("checks.window.bad", "0");
    settings_destroy(s);
    s = with("checks.fall", "5");
    ck_assert_uint_eq(s->checks[0].fall, 5);
    ck_assert_uint_eq(s->checks[1].fall, 5);
    settings_destroy(s);
    s = with("limits.budget", "9");
    ck_assert_uint_eq(s->limit_budget, 9);
    settings_destroy(s);
}
END_TEST

START_TEST(a_star_means_every_member_of_a_list)
{
    struct settings *s = with("services.*.sites.*.checks.*.interval", "\"20s\"");
    ck_assert_int_eq(s->checks[0].interval_ms, 20000);
    ck_assert_int_eq(s->checks[1].interval_ms, 20000);
    settings_destroy(s);
}
END_TEST

START_TEST(one_member_is_named_by_its_number_with_or_without_brackets)
{
    struct settings *s = with("services.[0].sites.1.weight", "7");
    ck_assert_int_eq(s->sites[0].weight, 100);
    ck_assert_int_eq(s->sites[1].weight, 7);
    settings_destroy(s);
}
END_TEST

START_TEST(a_member_of_a_list_keeps_its_place)
{
    char *base = base_with("\"dns:198.41.0.4\"", "\"dns:192.0.2.1\", \"dns:192.0.2.2\", "
                                                 "\"dns:192.0.2.3\"");
    const struct settings_change changes[CHANGES_MAX] = {{"probe.references.[1]", "dns:192.0.2.9"}};
    char *said = NULL;
    struct settings *s = changed(base, NULL, changes, &said);
    ck_assert_msg(s != NULL, "%s", said);
    ck_assert_uint_eq(s->reference_count, 3);
    ck_assert_str_eq(s->references[0].host, "192.0.2.1");
    ck_assert_str_eq(s->references[1].host, "192.0.2.9");
    ck_assert_str_eq(s->references[2].host, "192.0.2.3");
    settings_destroy(s);
    free(said);
    free(base);
}
END_TEST

START_TEST(changes_are_made_in_turn)
{
    const struct settings_change changes[CHANGES_MAX] = {
        {"groups.*.hold", "45"}, {"groups.*.hold", "60"}, {"checks.fall", "4"}};
    char *text = source_text("tests/settings/base.conf");
    char *said = NULL;
    struct settings *s = changed(text, NULL, changes, &said);
    ck_assert_msg(s != NULL, "%s", said);
    ck_assert_int_eq(s->groups[0].hold_ms, 60000);
    ck_assert_uint_eq(s->checks[0].fall, 4);
    settings_destroy(s);
    free(said);
    free(text);
}
END_TEST

START_TEST(a_value_is_written_as_in_a_file_or_as_a_bare_word)
{
    struct settings *s = with("groups.*.hold", "0.5");
    ck_assert_int_eq(s->groups[0].hold_ms, 500);
    settings_destroy(s);
    s = with("groups.*.hold", "2m");
    ck_assert_int_eq(s->groups[0].hold_ms, 120000);
    settings_destroy(s);
    s = with("groups.*.together", "true");
    ck_assert(s->groups[0].together);
    settings_destroy(s);
    s = with("groups.*.drift", "adopt");
    ck_assert_int_eq(s->groups[0].drift, DRIFT_ADOPT);
    settings_destroy(s);
    s = with("services.*.sites.[0].value", "192.0.2.77");
    ck_assert_str_eq(settings_own_set(s, 0)->value, "192.0.2.77");
    settings_destroy(s);
    s = with("groups.*.failback", "{ mode = \"auto\"; steps = [ 10, 100 ]; }");
    ck_assert_int_eq(s->groups[0].failback, FAILBACK_AUTO);
    ck_assert_uint_eq(s->groups[0].steps_pct[1], 100);
    settings_destroy(s);
    s = with("quorum.probes.*.may_act", "true");
    settings_destroy(s);
}
END_TEST

START_TEST(a_value_may_be_of_another_kind_than_the_one_in_the_file)
{
    char *base = base_with("order =", "hold = 20; order =");
    const struct settings_change changes[CHANGES_MAX] = {{"groups.*.hold", "1.5"}};
    char *said = NULL;
    struct settings *s = changed(base, NULL, changes, &said);
    ck_assert_msg(s != NULL, "%s", said);
    ck_assert_int_eq(s->groups[0].hold_ms, 1500);
    settings_destroy(s);
    free(said);
    free(base);
}
END_TEST

START_TEST(members_that_lack_the_rest_of_the_path_are_passed_over)
{
    char *base = base_with("checks = ( { url = \"http://west.example.com/\"; } );", "");
    char *text = edited(base, "order = [ \"east\", \"west\" ]",
                        "order = [ \"east\", \"south\" ]; all_down = \"fallback\"; "
                        "fallback = \"west\"");
    char *full = edited(text, "value = \"192.0.2.1\";",
                        "value = \"192.0.2.1\"; checks = ( { url = \"http://e.example.com/\"; } ); "
                        "}, { region = \"south\"; weight = 0; value = \"192.0.2.9\";");
    const struct settings_change changes[CHANGES_MAX] = {{"services.*.sites.*.checks.*.fall", "5"}};
    char *said = NULL;
    struct settings *s = changed(full, NULL, changes, &said);
    ck_assert_msg(s != NULL, "%s", said);
    ck_assert_uint_eq(s->check_count, 2);
    ck_assert_uint_eq(s->checks[0].fall, 5);
    ck_assert_uint_eq(s->checks[1].fall, 5);
    settings_destroy(s);
    free(said);
    free(full);
    free(text);
    free(base);
}
END_TEST

START_TEST(without_changes_it_is_the_file)
{
    const struct settings_change changes[CHANGES_MAX] = {{NULL, NULL}};
    char *text = source_text("config/jwt-pizza.conf");
    char *said = NULL;
    struct settings *as_written = good(text);
    struct settings *s = changed(text, NULL, changes, &said);
    char *one = dump_of(as_written);
    char *other = dump_of(s);
    ck_assert_str_eq(one, other);
    ck_assert_str_eq(as_written->fingerprint, s->fingerprint);
    free(one);
    free(other);
    settings_destroy(s);
    settings_destroy(as_written);
    free(said);
    free(text);
}
END_TEST

START_TEST(a_change_of_what_is_voted_on_changes_the_fingerprint)
{
    struct settings *plain = with("checks.fall", "3");
    struct settings *other = with("checks.fall", "4");
    ck_assert_str_ne(plain->fingerprint, other->fingerprint);
    settings_destroy(plain);
    settings_destroy(other);
}
END_TEST

/* ---- whose settings they are ---- */

START_TEST(they_are_a_probes_own_and_no_secret_is_opened)
{
    const struct settings_change changes[CHANGES_MAX] = {
        {"alerts.[0].secret", "\"file:/nonexistent/secret\""}};
    char *text = source_text("tests/settings/base.conf");
    char *said = NULL;
    struct settings *s = changed(text, "c", changes, &said);
    ck_assert_msg(s != NULL, "%s", said);
    ck_assert_uint_eq(s->self, 2);
    ck_assert_str_eq(s->sinks[0].secret, "");
    settings_destroy(s);
    free(said);
    s = changed(text, NULL, changes, &said);
    ck_assert_uint_eq(s->self, NONE);
    settings_destroy(s);
    free(said);
    s = changed(text, "nobody", changes, &said);
    ck_assert_ptr_null(s);
    ck_assert_ptr_nonnull(strstr(said, "\"nobody\" is not in quorum.probes"));
    free(said);
    free(text);
}
END_TEST

/* ---- what is refused ---- */

START_TEST(a_changed_option_is_checked_as_a_written_one)
{
    expect_refused("groups.*.hold", "2h",
                   "F: groups.[0].hold: \"2h\" is out of range; allowed: a duration, 0s to 1h "
                   "[range]\n");
    expect_refused("groups.*.hodl", "5",
                   "F: groups.[0].hodl: is no option; did you mean \"hold\"? [unknown]\n");
    expect_refused("quorum.down", "1",
                   "F: quorum.down: 1 of 3 probes is no majority: two halves could decide "
                   "differently; at least 2 [quorum-majority]\n");
}
END_TEST

START_TEST(a_path_that_leads_nowhere_says_what_is_there)
{
    expect_refused("groups.*.window.bad", "5",
                   "F: groups.*.window.bad: groups.[0] has no window; it has name, services, order "
                   "[change]\n");
    expect_refused(
        "group.*.hold", "5",
        "F: group.*.hold: the file has no group; it has probe, quorum, services, groups, "
        "alerts [change]\n");
    expect_refused("groups.[1].hold", "5",
                   "F: groups.[1].hold: groups has 1 member, counted from [0] [change]\n");
    expect_refused("groups.hold", "5",
                   "F: groups.hold: groups is a list; its members are [0], [1] and so on, or * for "
                   "all [change]\n");
    expect_refused("quorum.*.down", "2",
                   "F: quorum.*.down: quorum is no list; [0] and * name members of lists "
                   "[change]\n");
    expect_refused("quorum.down.x", "2",
                   "F: quorum.down.x: quorum.down is a value, with nothing in it [change]\n");
}
END_TEST

START_TEST(a_path_is_names_numbers_and_stars)
{
    static const char *const paths[] = {"",         ".",          "groups.",   ".groups",
                                        "groups..", "groups.[x]", "a b",       "groups.[",
                                        "-1",       "groups.[]",  "[0000000]", "a*"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char expected[300];
        snprintf(expected, sizeof expected,
                 "F: %s%sis no path; write option names, [0], [1] and so on, or * for every member "
                 "of a list, joined by points: groups.*.hold [change]\n",
                 paths[i], paths[i][0] == '\0' ? "" : ": ");
        expect_refused(paths[i], "5", expected);
    }
    expect_refused("a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a", "5",
                   "F: a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a: is no path; write option names, [0], [1] "
                   "and so on, or * for every member of a list, joined by points: groups.*.hold "
                   "[change]\n");
}
END_TEST

START_TEST(a_value_that_is_none_is_said_so)
{
    expect_refused("groups.*.hold", "4294967296",
                   "F: groups.*.hold: 4294967296 is too large; integers lie within "
                   "-2147483648..2147483647 [change]\n");
    expect_refused("groups.*.hold", "1; dwell = 2",
                   "F: groups.*.hold: the value is more than one; write 45, \"45s\", true, text or "
                   "[ 1, 2 ] [change]\n");
    expect_refused("groups.*.order", "[ \"east\", 5 ]",
                   "F: groups.*.order: mismatched element type in array [change]\n");
    expect_refused("groups.*.hold", "",
                   "F: groups.*.hold: has no value; an option is written KEY = VALUE; [change]\n");
    expect_refused("groups.*.hold", "45 s",
                   "F: groups.*.hold: \"s\" stands behind a number; a duration with a unit is one "
                   "text, as in \"5s\" [change]\n");
    expect_refused("groups.*.drift", "@include \"x\"",
                   "F: groups.*.drift: @include and other directives are refused: one file holds "
                   "everything the probes must agree on [change]\n");
}
END_TEST

START_TEST(a_change_of_nothing_in_an_empty_list_is_refused)
{
    char *base = base_with("references = ( \"dns:198.41.0.4\" )", "references = ( )");
    const struct settings_change changes[CHANGES_MAX] = {{"probe.references.*", "dns:1.1.1.1"}};
    char *said = NULL;
    ck_assert_ptr_null(changed(base, NULL, changes, &said));
    ck_assert_ptr_nonnull(strstr(
        said, "F: probe.references.*: probe.references has 0 members, counted from [0] [change]"));
    free(said);
    free(base);
}
END_TEST

START_TEST(every_bad_change_is_reported)
{
    const struct settings_change changes[CHANGES_MAX] = {{"group.hold", "1"}, {"x..y", "1"}};
    char *text = source_text("tests/settings/base.conf");
    char *said = NULL;
    ck_assert_ptr_null(changed(text, NULL, changes, &said));
    ck_assert_ptr_nonnull(strstr(said, "F: group.hold: "));
    ck_assert_ptr_nonnull(strstr(said, "F: x..y: "));
    free(said);
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("changes");
    TCase *tcase = tcase_create("changes");
    tcase_add_test(tcase, what_a_check_is_told_can_be_changed);
    tcase_add_test(tcase, an_option_that_the_file_leaves_out_can_be_changed);
    tcase_add_test(tcase, a_group_that_the_file_leaves_out_can_be_changed);
    tcase_add_test(tcase, a_star_means_every_member_of_a_list);
    tcase_add_test(tcase, one_member_is_named_by_its_number_with_or_without_brackets);
    tcase_add_test(tcase, a_member_of_a_list_keeps_its_place);
    tcase_add_test(tcase, changes_are_made_in_turn);
    tcase_add_test(tcase, a_value_is_written_as_in_a_file_or_as_a_bare_word);
    tcase_add_test(tcase, a_value_may_be_of_another_kind_than_the_one_in_the_file);
    tcase_add_test(tcase, members_that_lack_the_rest_of_the_path_are_passed_over);
    tcase_add_test(tcase, without_changes_it_is_the_file);
    tcase_add_test(tcase, a_change_of_what_is_voted_on_changes_the_fingerprint);
    tcase_add_test(tcase, they_are_a_probes_own_and_no_secret_is_opened);
    tcase_add_test(tcase, a_changed_option_is_checked_as_a_written_one);
    tcase_add_test(tcase, a_path_that_leads_nowhere_says_what_is_there);
    tcase_add_test(tcase, a_path_is_names_numbers_and_stars);
    tcase_add_test(tcase, a_value_that_is_none_is_said_so);
    tcase_add_test(tcase, a_change_of_nothing_in_an_empty_list_is_refused);
    tcase_add_test(tcase, every_bad_change_is_reported);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
