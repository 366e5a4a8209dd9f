/* SPDX-License-Identifier: Apache-2.0 */
/* Scenario files: what each word means, that what is written can be read, and what is said of a
 * slip of the pen. The shipped files are tested in test_scenario_files.c. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "scenario.h"
#include "scenario_phrase.h"

/* ---- reading what is good, and what is not ---- */

static void hear(void *context, const char *file, unsigned line, const char *text)
{
    FILE *said = context;
    fprintf(said, "%s:%u: %s\n", file, line, text);
}

/* NULL, and what was said, when it is refused. */
static struct scenario *read_bytes(const char *text, size_t length, char **ret_said)
{
    struct scenario *scenario = NULL;
    size_t size = 0;
    FILE *said = open_memstream(ret_said, &size);
    int result = scenario_parse(text, length, "F", hear, said, &scenario);
    fclose(said);
    ck_assert_int_eq(result, scenario != NULL ? 0 : -1);
    ck_assert_msg((result == 0) == (*ret_said[0] == '\0'), "%s", *ret_said);
    return scenario;
}

static struct scenario *good(const char *text)
{
    char *said = NULL;
    struct scenario *scenario = read_bytes(text, strlen(text), &said);
    ck_assert_msg(scenario != NULL, "%s", said);
    free(said);
    return scenario;
}

/* Expects exactly these complaints. */
static void refused(const char *text, size_t length, const char *complaints)
{
    char *said = NULL;
    struct scenario *scenario = read_bytes(text, length, &said);
    ck_assert_ptr_null(scenario);
    ck_assert_str_eq(said, complaints);
    free(said);
}

static char *written(const struct scenario *scenario)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    scenario_write(scenario, out);
    fclose(out);
    return text;
}

/* A scenario of one directive. */
static struct scenario *good_line(const char *line)
{
    char text[2 * SCENARIO_LINE_MAX];
    snprintf(text, sizeof text, "scenario x\n%s\n", line);
    return good(text);
}

/* ---- every production ---- */

/* Each event, as it may be written and as it is written back; every kind stands here. */
static const struct {
    enum action_kind kind;
    const char *words;
    const char *back; /* NULL: the same */
} events[] = {
    {ACTION_SITE_OK, "site all ok", NULL},
    {ACTION_SITE_OK, "site primary ok by all", "site primary ok"},
    {ACTION_SITE_REFUSE, "site pizza/us-east-1 refuse", NULL},
    {ACTION_SITE_REFUSE, "site pizza/primary refuse by #1", NULL},
    {ACTION_SITE_TIMEOUT, "site eu-west-1 timeout by #1 use1 #3", NULL},
    {ACTION_SITE_TIMEOUT, "site primary timeout by #1, probe use1,#3",
     "site primary timeout by #1 use1 #3"},
    {ACTION_SITE_SLOW, "site secondary slow 2500", NULL},
    {ACTION_SITE_SLOW, "site secondary slow 2.5s by use1", "site secondary slow 2500 by use1"},
    {ACTION_SITE_STATUS, "site primary status 100", NULL},
    {ACTION_SITE_STATUS, "site primary status 599 by #64", NULL},
    {ACTION_SITE_LOSS, "site primary loss 0", NULL},
    {ACTION_SITE_LOSS, "site primary loss 100", NULL},
    {ACTION_SITE_DNS, "site primary dns", NULL},
    {ACTION_SITE_TLS, "site primary tls", NULL},
    {ACTION_PROBE_KILL, "probe use1 kill", NULL},
    {ACTION_PROBE_KILL, "probe probe use1 kill", "probe use1 kill"},
    {ACTION_PROBE_START, "probe #1 start", NULL},
    {ACTION_PROBE_PAUSE, "probe all pause", NULL},
    {ACTION_PROBE_RESUME, "probe primary resume", NULL},
    {ACTION_PROBE_BLIND, "probe secondary blind", NULL},
    {ACTION_PROBE_LIE_DOWN, "probe #5 lie down", NULL},
    {ACTION_PROBE_LIE_UP, "probe #5 lie up", NULL},
    {ACTION_PROBE_CLOCK, "probe #2 clock 3600", NULL},
    {ACTION_PROBE_CLOCK, "probe #2 clock -1.250", NULL},
    {ACTION_PROBE_CLOCK, "probe #2 clock -2h", "probe #2 clock -7200"},
    {ACTION_PROBE_CLOCK, "probe #2 clock +31622400", "probe #2 clock 31622400"},
    {ACTION_PROBE_OTHER_SETTINGS, "probe #2 other-settings", NULL},
    {ACTION_PROBE_HANG, "probe #2 hang 600", NULL},
    {ACTION_PROBE_DRIFT, "probe #2 drift -10000", NULL},
    {ACTION_NET_CUT, "net cut primary from all", NULL},
    {ACTION_NET_CUT, "net cut #1 from probe use2", NULL},
    {ACTION_NET_CUT, "net cut probe use1 from eu-west-1", NULL},
    {ACTION_NET_CUT, "net cut probe #3 from #4", "net cut #3 from #4"},
    {ACTION_NET_HEAL, "net heal all", NULL},
    {ACTION_NET_MUTE, "net mute #1", NULL},
    {ACTION_NET_LOSS, "net loss primary 20", NULL},
    {ACTION_NET_DELAY, "net delay secondary 1500", NULL},
    {ACTION_STORE_DOWN, "store down", NULL},
    {ACTION_STORE_UP, "store up", NULL},
    {ACTION_STORE_SLOW, "store slow 20000", NULL},
    {ACTION_STORE_STALE, "store stale", NULL},
    {ACTION_STORE_READONLY, "store readonly", NULL},
    {ACTION_STORE_CUT, "store cut #1 #2", NULL},
    {ACTION_STORE_CUT, "store cut all", NULL},
    {ACTION_STORE_HEAL, "store heal use1", NULL},
    {ACTION_STORE_GARBAGE, "store garbage #1 #2", NULL},
    {ACTION_STORE_ROLLBACK, "store rollback", NULL},
    {ACTION_STORE_BACKUP, "store backup", NULL},
    {ACTION_STORE_WATCH_LOST, "store watch-lost", NULL},
    {ACTION_STORE_WATCH_DUPLICATE, "store watch-duplicate", NULL},
    {ACTION_STORE_LEASES_LOST, "store leases-lost", NULL},
    {ACTION_ROUTE53_OK, "route53 ok", NULL},
    {ACTION_ROUTE53_DOWN, "route53 down", NULL},
    {ACTION_ROUTE53_THROTTLE, "route53 throttle", NULL},
    {ACTION_ROUTE53_LOSE_REPLY, "route53 lose-reply", NULL},
    {ACTION_ROUTE53_LATE, "route53 late 600", NULL},
    {ACTION_ROUTE53_LATE, "route53 late 10m", "route53 late 600"},
    {ACTION_ROUTE53_PENDING, "route53 pending", NULL},
    {ACTION_ROUTE53_STRANDED, "route53 stranded", NULL},
    {ACTION_ROUTE53_DENY, "route53 deny", NULL},
    {ACTION_ROUTE53_DENY_ZONE, "route53 deny-zone 2", NULL},
    {ACTION_HUMAN_WEIGHT, "human weight pizza/us-east-1 255", NULL},
    {ACTION_HUMAN_WEIGHT, "human weight primary 0", NULL},
    {ACTION_HUMAN_DELETE_FENCE, "human delete-fence", NULL},
    {ACTION_ORDER_FREEZE, "order freeze", NULL},
    {ACTION_ORDER_THAW, "order thaw", NULL},
    {ACTION_ORDER_DRAIN, "order drain us-east-1", NULL},
    {ACTION_ORDER_RESTORE, "order restore primary", NULL},
    {ACTION_ORDER_FAILBACK, "order failback", NULL},
    {ACTION_ORDER_ACK, "order ack", NULL},
    {ACTION_ORDER_BREAK_GLASS, "order break-glass us-east-1", NULL},
    {ACTION_ORDER_BREAK_GLASS, "order break-glass us-east-1 by use1", NULL},
    {ACTION_SINKS_DOWN, "sinks down", NULL},
    {ACTION_SINKS_UP, "sinks up", NULL},
    {ACTION_SINKS_SWALLOW, "sinks swallow", NULL},
};

static void expect_written_back(const struct action *action, const char *line)
{
    char text[SCENARIO_LINE_MAX + 1];
    size_t length = action_format(action, text, sizeof text);
    ck_assert_str_eq(text, line);
    ck_assert_uint_eq(length, strlen(line));
}

START_TEST(an_event_is_read_and_written_back)
{
    char line[SCENARIO_LINE_MAX + 1];
    char back[SCENARIO_LINE_MAX + 1];
    snprintf(line, sizeof line, "at 90 %s", events[_i].words);
    snprintf(back, sizeof back, "at 90s %s",
             events[_i].back != NULL ? events[_i].back : events[_i].words);
    struct scenario *scenario = good_line(line);
    ck_assert_uint_eq(scenario->action_count, 1);
    ck_assert_int_eq(scenario->actions[0].kind, events[_i].kind);
    ck_assert_int_eq(scenario->actions[0].at_ms, 90000);
    ck_assert_uint_eq(scenario->actions[0].line, 2);
    expect_written_back(&scenario->actions[0], back);
    struct scenario *again = good_line(back);
    ck_assert_mem_eq(&scenario->actions[0], &again->actions[0], sizeof(struct action));
    scenario_destroy(scenario);
    scenario_destroy(again);
}
END_TEST

static const struct {
    enum expect_kind kind;
    const char *words;
    const char *back;
} expectations[] = {
    {EXPECT_SHIFT, "0..2m shift", "0s..2m shift"},
    {EXPECT_NEVER_SHIFT, "0s..30m never shift", NULL},
    {EXPECT_WRITES, "0s..1h writes <= 0", NULL},
    {EXPECT_ALERT, "0..2m alert warn", "0s..2m alert warn"},
    {EXPECT_ALERT, "1s..2s alert region_down", NULL},
    {EXPECT_NEVER_ALERT, "1s..2s never alert info", NULL},
    {EXPECT_NEVER_ALERT, "1s..2s never alert global", NULL},
    {EXPECT_PAGES, "0.5..1.5m pages <= 1", "500ms..90s pages <= 1"},
    {EXPECT_WEIGHTS, "end weights primary=100 secondary=0", NULL},
    {EXPECT_WEIGHTS, "end weights pizza/us-east-1=255, us-west-2=3",
     "end weights pizza/us-east-1=255 us-west-2=3"},
    {EXPECT_SERVING, "5m serving secondary", NULL},
    {EXPECT_SERVING, "end serving us-east-1", NULL},
    {EXPECT_AGREED, "10s agreed primary up", NULL},
    {EXPECT_AGREED, "10s agreed pizza/us-east-1 down", NULL},
    {EXPECT_AGREED, "end agreed all undecided", NULL},
    {EXPECT_REFUSED, "10m refused D6", NULL},
    {EXPECT_REFUSED, "end refused V6", NULL},
};

START_TEST(an_expectation_is_read_and_written_back)
{
    char line[SCENARIO_LINE_MAX + 1];
    char back[SCENARIO_LINE_MAX + 1];
    char text[SCENARIO_LINE_MAX + 1];
    snprintf(line, sizeof line, "expect %s", expectations[_i].words);
    snprintf(back, sizeof back, "expect %s",
             expectations[_i].back != NULL ? expectations[_i].back : expectations[_i].words);
    struct scenario *scenario = good_line(line);
    ck_assert_uint_eq(scenario->expectation_count, 1);
    struct expectation *expectation = &scenario->expectations[0];
    ck_assert_int_eq(expectation->kind, expectations[_i].kind);
    ck_assert_str_eq(expectation->text, line);
    ck_assert_uint_eq(expectation_format(expectation, text, sizeof text), strlen(back));
    ck_assert_str_eq(text, back);
    struct scenario *again = good_line(back);
    memcpy(again->expectations[0].text, expectation->text, sizeof expectation->text);
    ck_assert_mem_eq(expectation, &again->expectations[0], sizeof *expectation);
    scenario_destroy(scenario);
    scenario_destroy(again);
}
END_TEST

START_TEST(every_kind_is_tried_above)
{
    bool tried[ACTION_KIND_COUNT] = {false};
    bool expected[EXPECT_KIND_COUNT] = {false};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        tried[events[i].kind] = true;
    for (size_t i = 0; i < sizeof expectations / sizeof *expectations; i++)
        expected[expectations[i].kind] = true;
    for (size_t i = 0; i < ACTION_KIND_COUNT; i++)
        ck_assert_msg(tried[i], "%s", action_forms[i]);
    for (size_t i = 0; i < EXPECT_KIND_COUNT; i++)
        ck_assert_msg(expected[i], "%s", expect_forms[i]);
}
END_TEST

/* ---- the whole file ---- */

START_TEST(the_example_of_the_design_means_what_it_says)
{
    struct scenario *scenario =
        good("# 43 s\r\n"
             "scenario github-2018-10-21\r\n"
             "about    43-second partition of the primary;   # a comment\n"
             "about\tcould not go back\n"
             "set      groups.*.hold 45\n"
             "set      probe.references ( \"dns:192.0.2.1\", \"dns # no comment\" ) # a comment\n"
             "   at 43   net heal primary\n"
             "at 0     net cut primary from all\n"
             "expect 0..30m  never shift\n"
             "expect end     weights primary=100 secondary=0");
    ck_assert_str_eq(scenario->name, "github-2018-10-21");
    ck_assert_str_eq(scenario->about, "43-second partition of the primary; could not go back");
    ck_assert_uint_eq(scenario->set_count, 2);
    ck_assert_str_eq(scenario->sets[0].path, "groups.*.hold");
    ck_assert_str_eq(scenario->sets[0].value, "45");
    ck_assert_uint_eq(scenario->sets[0].line, 5);
    ck_assert_str_eq(scenario->sets[1].value, "( \"dns:192.0.2.1\", \"dns # no comment\" )");
    ck_assert_uint_eq(scenario->action_count, 2);
    ck_assert_int_eq(scenario->actions[0].kind, ACTION_NET_CUT);
    ck_assert_int_eq(scenario->actions[0].who.kind, WHO_PRIMARY);
    ck_assert_int_eq(scenario->actions[0].from.kind, WHO_ALL);
    ck_assert_int_eq(scenario->actions[1].kind, ACTION_NET_HEAL);
    ck_assert_int_eq(scenario->actions[1].at_ms, 43000);
    ck_assert_int_eq(scenario->expectations[0].from_ms, 0);
    ck_assert_int_eq(scenario->expectations[0].to_ms, 30 * 60 * 1000);
    ck_assert_int_eq(scenario->expectations[1].from_ms, -1);
    ck_assert_int_eq(scenario->expectations[1].to_ms, -1);
    ck_assert_uint_eq(scenario->expectations[1].weight_count, 2);
    ck_assert_int_eq(scenario->expectations[1].weights[0].who.kind, WHO_PRIMARY);
    ck_assert_int_eq(scenario->expectations[1].weights[0].weight, 100);
    ck_assert_int_eq(scenario->end_ms, 40 * 60 * 1000); /* 30m, the last time, and ten more */
    scenario_destroy(scenario);
}
END_TEST

/* A # that begins a comment, and one that does not. */
START_TEST(a_probe_number_is_no_comment)
{
    struct scenario *scenario = good("scenario x # 1 comment\n"
                                     "#1 at the line's start is one\n"
                                     "at 0 store cut #1 #2 # 3 is not meant\n"
                                     "at 1 net cut #3 from all #\n");
    ck_assert_str_eq(scenario->name, "x");
    ck_assert_uint_eq(scenario->action_count, 2);
    ck_assert_uint_eq(scenario->actions[0].probe_count, 2);
    ck_assert_uint_eq(scenario->actions[0].probes[1].number, 2);
    ck_assert_uint_eq(scenario->actions[1].who.number, 3);
    scenario_destroy(scenario);
}
END_TEST

START_TEST(every_lets_its_events_take_turns_until_before_the_end)
{
    struct scenario *scenario =
        good("scenario x\n"
             "at 20s store down\n"
             "every 10s from 10s to 40s : site all status 500 ; site all ok\n"
             "every 1m from 0 to 1: store up\n"
             "at 20s sinks down\n");
    static const char *const lines[] = {"at 0s store up",    "at 10s site all status 500",
                                        "at 20s store down", "at 20s site all ok",
                                        "at 20s sinks down", "at 30s site all status 500"};
    ck_assert_uint_eq(scenario->action_count, sizeof lines / sizeof *lines);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        expect_written_back(&scenario->actions[i], lines[i]);
    ck_assert_int_eq(scenario->end_ms, 640000);
    scenario_destroy(scenario);
}
END_TEST

START_TEST(the_end_is_the_duration_or_ten_minutes_after_all_that_is_said)
{
    struct scenario *scenario = good("scenario x\nat 1h store down\nexpect 0..end shift\n"
                                     "expect 2h serving primary\n");
    ck_assert_int_eq(scenario->end_ms, 130 * 60 * 1000);
    ck_assert_int_eq(scenario->expectations[0].to_ms, scenario->end_ms);
    scenario_destroy(scenario);
    scenario = good("scenario x\nat 1h store down\nduration 1h\n");
    ck_assert_int_eq(scenario->end_ms, 60 * 60 * 1000);
    scenario_destroy(scenario);
    scenario = good("scenario x\n");
    ck_assert_int_eq(scenario->end_ms, 10 * 60 * 1000);
    scenario_destroy(scenario);
}
END_TEST

START_TEST(a_written_scenario_is_read_as_the_same)
{
    struct scenario *scenario =
        good("scenario x\nabout one\nabout two\nset a.[0].b \"c # d\"\nset e [ 1, 2 ]\n"
             "every 10 from 0 to 2m: probe #1 clock -0.5 ; site a/b slow 1 by #1 c\n"
             "expect 0..end alert page\nexpect end agreed a/b down\nexpect 1 refused C8\n");
    char *first = written(scenario);
    struct scenario *again = good(first);
    char *second = written(again);
    ck_assert_str_eq(first, second);
    ck_assert_uint_eq(scenario->action_count, again->action_count);
    ck_assert_int_eq(scenario->end_ms, again->end_ms);
    free(first);
    free(second);
    scenario_destroy(scenario);
    scenario_destroy(again);
}
END_TEST

START_TEST(a_line_too_long_for_its_reader_is_cut)
{
    char text[8];
    struct action action = {.at_ms = 43000, .kind = ACTION_STORE_UP};
    ck_assert_uint_eq(action_format(&action, text, sizeof text), 7);
    ck_assert_str_eq(text, "at 43s ");
}
END_TEST

/* ---- what is said of mistakes ---- */

#define WHERE "a place: a region, primary, secondary, probe NAME, #1 or all"
#define WHICH "a probe: #1 (in the order of the electorate) or its name"
#define SITES "a site: SERVICE/REGION, a region, primary, secondary or all"

static const struct {
    const char *line;
    const char *complaint;
} mistakes[] = {
    /* words */
    {"scenari y", "\"scenari\" is no directive; a line begins with scenario, about, set, at, "
                  "every, expect or duration; did you mean \"scenario\"?"},
    {"at 0", "nothing follows; expected is site, probe, net, store, route53, human, order, sinks"},
    {"at 0 sit primary ok", "\"sit\" is not expected here, but site, probe, net, store, route53, "
                            "human, order, sinks; did you mean \"site\"?"},
    {"at 0 site primary", "ends after \"primary\"; expected is ok, refuse, timeout, slow, status, "
                          "loss, dns, tls"},
    {"at 0 site primary tiemout", "\"tiemout\" is not expected here, but ok, refuse, timeout, "
                                  "slow, status, loss, dns, tls; did you mean \"timeout\"?"},
    {"at 0 site primary ok bye", "\"bye\" is not expected here, but by or nothing more; did you "
                                 "mean \"by\"?"},
    {"at 0 store up now", "\"now\" is not expected here, but nothing more"},
    {"at 0 net cut #1 from all #2 was it", "\"#2\" is not expected here, but nothing more; a "
                                           "comment needs a blank between # and a digit"},
    {"at 0 probe #1 lie", "ends after \"lie\"; expected is down, up"},
    {"at 0 net cut primary", "ends after \"primary\"; expected is from"},
    {"at 0 net cut primary from", "ends after \"from\"; expected is " WHERE},
    {"at 0 store cut", "ends after \"cut\"; expected is " WHICH ", or several, or all"},
    {"at 0 order freez", "\"freez\" is not expected here, but freeze, thaw, drain, restore, "
                         "failback, ack, break-glass; did you mean \"freeze\"?"},
    {"at 0 store \x7f", "holds a control character or is not UTF-8"},
    {"at 0 store \xff", "holds a control character or is not UTF-8"},
    {"at 0 store caf\xc3\xa9", "\"caf\\xc3\\xa9\" is not expected here, but down, up, slow, stale, "
                               "readonly, cut, heal, garbage, rollback, backup, "
                               "watch-lost, watch-duplicate, leases-lost"},
    /* who */
    {"at 0 site #1 ok", "\"#1\" is not " SITES},
    {"at 0 site probe use1 ok", "\"probe\" is not " SITES},
    {"at 0 site a/b/c ok", "\"a/b/c\" is not " SITES},
    {"at 0 site A ok", "\"A\" is not " SITES},
    {"at 0 net cut a/b from all", "\"a/b\" is not " WHERE},
    {"at 0 net cut #0 from all", "\"#0\" is not " WHERE},
    {"at 0 net cut #65 from all", "\"#65\" is not " WHERE},
    {"at 0 probe a/b kill", "\"a/b\" is not " WHICH ", or all"},
    {"at 0 order drain all", "\"all\" is not a region: primary, secondary or its name"},
    {"at 0 order drain #1", "\"#1\" is not a region: primary, secondary or its name"},
    {"at 0 store cut #1 x/y", "\"x/y\" is not " WHICH ", or several, or all"},
    {"at 0 store cut #1 #1", "names the probe #1 twice"},
    {"at 0 store cut a b c d e f g h i j k l m n o p q", "names more than 16 probes"},
    {"at 0 site all ok by", "ends after \"by\"; expected is " WHICH ", or several, or all"},
    {"at 0 site all ok by #1,#1", "names the probe #1 twice"},
    /* how much */
    {"at 0 site all status 70", "\"70\" is not an HTTP status, 100 to 599"},
    {"at 0 site all status 600", "\"600\" is not an HTTP status, 100 to 599"},
    {"at 0 site all status 2e2", "\"2e2\" is not an HTTP status, 100 to 599"},
    {"at 0 site all loss 101", "\"101\" is not a percentage, 0 to 100"},
    {"at 0 site all loss -1", "\"-1\" is not a percentage, 0 to 100"},
    {"at 0 site all loss 99999999999999999999", "\"99999999999999999999\" is not a percentage, 0 "
                                                "to 100"},
    {"at 0 site all slow 600001", "\"600001\" is not milliseconds, 0 to 600000"},
    {"at 0 site all slow fast", "\"fast\" is not milliseconds, 0 to 600000"},
    {"at 0 route53 late 601", "\"601\" is not seconds, 0 to 600"},
    {"at 0 probe #1 hang -1", "\"-1\" is not seconds, 0 to 600"},
    {"at 0 probe #1 clock --1", "\"--1\" is not seconds, -31622400 to 31622400 (a year)"},
    {"at 0 probe #1 clock 31622401", "\"31622401\" is not seconds, -31622400 to 31622400 (a year)"},
    {"at 0 probe #1 drift 100001", "\"100001\" is not parts per million, -100000 to 100000"},
    {"at 0 human weight primary 256", "\"256\" is not a weight, 0 to 255"},
    {"at 0 net loss #1 101", "\"101\" is not a percentage, 0 to 100"},
    /* when */
    {"at x store up", "\"x\" is not a time: 90, 90s, 1.5m, 2h or 250ms"},
    {"at -1 store up", "\"-1\" is not a time: 90, 90s, 1.5m, 2h or 250ms"},
    {"at 1.5.2 store up", "\"1.5.2\" is not a time: 90, 90s, 1.5m, 2h or 250ms"},
    {"at 32d store up", "\"32d\" is too late; at most 31d"},
    {"at 2y stor up", "\"2y\" is not a time: 90, 90s, 1.5m, 2h or 250ms\n"
                      "F:2: \"stor\" is not expected here, but site, probe, net, store, route53, "
                      "human, order, sinks; did you mean \"store\"?"},
    {"duration 0", "a scenario lasts longer than 0"},
    {"duration ever", "\"ever\" is not a time: 90, 90s, 1.5m, 2h or 250ms"},
    {"every 5m from 0 to 3h site all ok", "a colon is missing: every P from T to T: EVENT ; EVENT"},
    {"every 5m to 3h: site all ok", "\"every\" is followed by P from T to T: EVENT ; EVENT"},
    {"every 0 from 0 to 3h: site all ok", "the period is longer than 0"},
    {"every 1 from 2 to 2: site all ok", "the time after \"to\" is later than that after \"from\""},
    {"every 1ms from 0 to 3h: store up", "makes 10800000 events; a scenario has at most 20000"},
    {"every 1 from 0 to 9: store up ; store dwn ;",
     "\"dwn\" is not expected here, but down, up, slow, stale, readonly, cut, heal, garbage, "
     "rollback, backup, watch-lost, watch-duplicate, leases-lost; did you mean \"down\"?\n"
     "F:2: nothing follows; expected is site, probe, net, store, route53, human, order, sinks"},
    /* settings and texts */
    {"scenario y", "a second name; the first stands in line 1, and a file is one scenario"},
    {"about", "\"about\" is followed by a sentence"},
    {"set", "\"set\" is followed by PATH VALUE, as in groups.*.hold 45"},
    {"set groups.*.hold", "\"set\" is followed by PATH VALUE, as in groups.*.hold 45"},
    /* expectations */
    {"expect", "\"\" is not a time: 90, 90s, 1.5m, 2h or 250ms\n"
               "F:2: nothing follows; expected is shift, never, writes, alert, pages, weights, "
               "serving, agreed, refused"},
    {"expect 0..1 shft", "\"shft\" is not expected here, but shift, never, writes, alert, pages, "
                         "weights, serving, agreed, refused; did you mean \"shift\"?"},
    {"expect 0..1 never", "ends after \"never\"; expected is shift, alert"},
    {"expect 0..1 writes < 1", "\"<\" is not expected here, but <=; did you mean \"<=\"?"},
    {"expect 0..1 pages <= -1", "\"-1\" is not a number, 0 to 1000000"},
    {"expect 0..1 alert regoin_down",
     "\"regoin_down\" is not info, warn, page or the name of an event, as in region_down; did you "
     "mean \"region_down\"?"},
    {"expect 0..1 alert 7",
     "\"7\" is not info, warn, page or the name of an event, as in region_down"},
    {"expect end shift", "\"shift\" looks at a window: T..T, as in 0..30m, or T..end"},
    {"expect 5 pages <= 1", "\"pages\" looks at a window: T..T, as in 0..30m, or T..end"},
    {"expect 0..1 serving primary", "\"serving\" looks at a moment: T, or end"},
    {"expect 0..1h..2 shift", "\"1h..2\" is not a time: 90, 90s, 1.5m, 2h or 250ms"},
    {"expect 30..10 shift", "a window ends after it began; each time has a unit of its own, so "
                            "0..30m is 0 s to 30 min"},
    {"expect end..5 shift", "\"end\" is not a time: 90, 90s, 1.5m, 2h or 250ms"},
    {"expect end weights primary", "\"primary\" is not a weight: WHO=N, with a site or a region, "
                                   "and 0 to 255"},
    {"expect end weights all=1",
     "\"all=1\" is not a weight: WHO=N, with a site or a region, and 0 to 255"},
    {"expect end weights a=256",
     "\"a=256\" is not a weight: WHO=N, with a site or a region, and 0 to 255"},
    {"expect end weights a=1 a=2", "names the weight of a twice"},
    {"expect end weights a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1 j=1 k=1 l=1 m=1 n=1 o=1 p=1 q=1",
     "names more than 16 weights"},
    {"expect end agreed primary dwn", "\"dwn\" is not up, down or undecided"},
    {"expect end serving all", "\"all\" is not a region: primary, secondary or its name"},
    {"expect end refused D11", "\"D11\" is not the number of a rule, as in D6"},
    {"expect end refused D06", "\"D06\" is not the number of a rule, as in D6"},
    {"expect end refused d6", "\"d6\" is not the number of a rule, as in D6"},
    {"expect end refused D", "\"D\" is not the number of a rule, as in D6"},
};

START_TEST(a_mistake_is_told_with_what_is_allowed)
{
    char text[2 * SCENARIO_LINE_MAX];
    char complaint[4 * SCENARIO_LINE_MAX];
    snprintf(text, sizeof text, "scenario x\n%s\nabout y\n", mistakes[_i].line);
    snprintf(complaint, sizeof complaint, "F:2: %s\n", mistakes[_i].complaint);
    refused(text, strlen(text), complaint);
}
END_TEST

START_TEST(all_mistakes_are_told_at_once)
{
    static const char text[] = "abut x\nat 5 store up\nat y store up\nduration 4\n"
                               "expect 0..5 shift\nexpect 4..end shift\n"
                               "duration 5\nset a 1\nset a 2";
    refused(text, strlen(text),
            "F:1: \"abut\" is no directive; a line begins with scenario, about, set, at, every, "
            "expect or duration; did you mean \"about\"?\n"
            "F:3: \"y\" is not a time: 90, 90s, 1.5m, 2h or 250ms\n"
            "F:7: a second duration; the first stands in line 4\n"
            "F:9: \"a\" is set in line 8 already\n"
            "F:0: names no scenario; a line \"scenario NAME\" is missing\n"
            "F:2: happens after the end; the duration stands in line 4\n"
            "F:5: is expected after the end; the duration stands in line 4\n"
            "F:6: is expected after the end; the duration stands in line 4\n");
}
END_TEST

#define LONG_NAME "a23456789-123456789-123456789-123456789-123456789-123456789-1234"

START_TEST(a_name_is_letters_digits_dots_and_dashes)
{
    static const char *const names[] = {"", "a b", ".a", "-a", "a/b", "\xc3\xa9", LONG_NAME};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[200];
        char *said = NULL;
        snprintf(text, sizeof text, "scenario %s\n", names[i]);
        ck_assert_ptr_null(read_bytes(text, strlen(text), &said));
        ck_assert_msg(strstr(said, "is not a scenario's name: letters, digits") != NULL, "%s",
                      said);
        free(said);
    }
}
END_TEST

/* ---- limits ---- */

/* A text of the same line, again and again, behind "scenario x". */
static char *repeated(const char *line, size_t times)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    fputs("scenario x\n", out);
    for (size_t i = 0; i < times; i++)
        fprintf(out, "%s\n", line);
    fclose(out);
    return text;
}

static void expect_limit(const char *line, size_t times, const char *complaint)
{
    char *text = repeated(line, times);
    struct scenario *scenario = good(text);
    scenario_destroy(scenario);
    free(text);
    text = repeated(line, times + 1);
    refused(text, strlen(text), complaint);
    free(text);
}

START_TEST(events_and_expectations_have_a_limit)
{
    expect_limit("at 0 store up", SCENARIO_ACTIONS_MAX, "F:20002: more than 20000 events\n");
    expect_limit("expect end serving primary", SCENARIO_EXPECTATIONS_MAX,
                 "F:258: more than 256 expectations\n");
}
END_TEST

START_TEST(settings_have_a_limit)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    fputs("scenario x\n", out);
    for (int i = 0; i <= SCENARIO_SETS_MAX; i++)
        fprintf(out, "set a%d 1\n", i);
    fclose(out);
    refused(text, size, "F:66: more than 64 settings are changed\n");
    free(text);
}
END_TEST

START_TEST(an_about_has_a_limit)
{
    char text[SCENARIO_LINE_MAX + 100];
    snprintf(text, sizeof text, "scenario x\nabout %0*d\n", SCENARIO_ABOUT_MAX, 0);
    scenario_destroy(good(text));
    snprintf(text, sizeof text, "scenario x\nabout %0*d\nabout y\n", SCENARIO_ABOUT_MAX, 0);
    refused(text, strlen(text), "F:3: all \"about\" lines together may have 511 characters\n");
}
END_TEST

START_TEST(a_path_and_a_value_have_a_limit)
{
    char text[SCENARIO_LINE_MAX + 100];
    snprintf(text, sizeof text, "scenario x\nset a %0255d\n", 0);
    scenario_destroy(good(text));
    snprintf(text, sizeof text, "scenario x\nset a %0256d\n", 0);
    refused(text, strlen(text), "F:2: a path and a value have at most 255 characters each\n");
}
END_TEST

START_TEST(a_line_and_a_file_have_a_limit)
{
    char text[SCENARIO_LINE_MAX + 100];
    snprintf(text, sizeof text, "scenario x\n#%0*d\n", SCENARIO_LINE_MAX - 1, 0);
    scenario_destroy(good(text));
    snprintf(text, sizeof text, "scenario x\n#%0*d\n", SCENARIO_LINE_MAX, 0);
    refused(text, strlen(text), "F:2: a line of 1024 bytes; at most 1023\n");
    char *huge = calloc(1, SCENARIO_FILE_MAX + 1);
    memset(huge, '\n', SCENARIO_FILE_MAX);
    memcpy(huge, "scenario x", 10);
    scenario_destroy(good(huge));
    refused(huge, SCENARIO_FILE_MAX + 1, "F:0: has more than 1048576 bytes\n");
    free(huge);
}
END_TEST

START_TEST(a_line_has_at_most_64_words)
{
    char text[SCENARIO_LINE_MAX];
    size_t used = (size_t)snprintf(text, sizeof text, "scenario x\nat 0 ");
    for (int i = 0; i <= PHRASE_WORDS_MAX; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "w ");
    refused(text, used, "F:2: more than 64 words\n");
}
END_TEST

START_TEST(a_nul_byte_is_no_text)
{
    static const char text[] = "scenario x\nat 0 store\0 up\nat 0 store up\n";
    refused(text, sizeof text - 1, "F:2: holds a NUL byte; a scenario is text\n");
}
END_TEST

START_TEST(a_byte_order_mark_is_named_and_what_follows_is_read)
{
    static const char text[] = "\xEF\xBB\xBFscenario x\nat 0 store up\n";
    refused(text, sizeof text - 1,
            "F:1: begins with a byte order mark (EF BB BF); save it as UTF-8 without one\n");
    static const char more[] = "\xEF\xBB\xBFscenario x\nat y store up\n";
    refused(more, sizeof more - 1,
            "F:1: begins with a byte order mark (EF BB BF); save it as UTF-8 without one\n"
            "F:2: \"y\" is not a time: 90, 90s, 1.5m, 2h or 250ms\n");
    refused("\xEF\xBB\xBF", 3,
            "F:1: begins with a byte order mark (EF BB BF); save it as UTF-8 without one\n"
            "F:0: names no scenario; a line \"scenario NAME\" is missing\n");
    refused("\xEF\xBB", 2,
            "F:1: holds a control character or is not UTF-8\n"
            "F:0: names no scenario; a line \"scenario NAME\" is missing\n");
}
END_TEST

START_TEST(a_flood_of_mistakes_is_cut)
{
    char *text = repeated("x", 100000);
    char *said = NULL;
    ck_assert_ptr_null(read_bytes(text, strlen(text), &said));
    unsigned lines = 0;
    for (const char *c = said; *c != '\0'; c++)
        lines += *c == '\n';
    ck_assert_uint_eq(lines, SCENARIO_COMPLAINTS_MAX + 1);
    ck_assert_ptr_nonnull(strstr(said, "F:101: too many mistakes; reading stopped here\n"));
    free(said);
    free(text);
}
END_TEST

START_TEST(an_empty_file_is_no_scenario)
{
    refused("", 0, "F:0: names no scenario; a line \"scenario NAME\" is missing\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scenario");
    TCase *tests = tcase_create("scenario");

    tcase_add_loop_test(tests, an_event_is_read_and_written_back, 0,
                        (int)(sizeof events / sizeof *events));
    tcase_add_loop_test(tests, an_expectation_is_read_and_written_back, 0,
                        (int)(sizeof expectations / sizeof *expectations));
    tcase_add_test(tests, every_kind_is_tried_above);
    tcase_add_test(tests, the_example_of_the_design_means_what_it_says);
    tcase_add_test(tests, a_probe_number_is_no_comment);
    tcase_add_test(tests, every_lets_its_events_take_turns_until_before_the_end);
    tcase_add_test(tests, the_end_is_the_duration_or_ten_minutes_after_all_that_is_said);
    tcase_add_test(tests, a_written_scenario_is_read_as_the_same);
    tcase_add_test(tests, a_line_too_long_for_its_reader_is_cut);
    tcase_add_loop_test(tests, a_mistake_is_told_with_what_is_allowed, 0,
                        (int)(sizeof mistakes / sizeof *mistakes));
    tcase_add_test(tests, all_mistakes_are_told_at_once);
    tcase_add_test(tests, a_name_is_letters_digits_dots_and_dashes);
    tcase_add_test(tests, events_and_expectations_have_a_limit);
    tcase_add_test(tests, settings_have_a_limit);
    tcase_add_test(tests, an_about_has_a_limit);
    tcase_add_test(tests, a_path_and_a_value_have_a_limit);
    tcase_add_test(tests, a_line_and_a_file_have_a_limit);
    tcase_add_test(tests, a_line_has_at_most_64_words);
    tcase_add_test(tests, a_nul_byte_is_no_text);
    tcase_add_test(tests, a_byte_order_mark_is_named_and_what_follows_is_read);
    tcase_add_test(tests, a_flood_of_mistakes_is_cut);
    tcase_add_test(tests, an_empty_file_is_no_scenario);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
