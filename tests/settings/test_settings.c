/* SPDX-License-Identifier: Apache-2.0 */
/* What a good file becomes: indices, defaults, dump and fingerprint. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "base.h"

static struct settings *jwt_pizza(void)
{
    char *text = source_text("config/jwt-pizza.conf");
    struct settings *settings = good(text);
    free(text);
    return settings;
}

/* ---- the example ---- */

START_TEST(the_example_has_no_complaint_but_its_store)
{
    char *text = source_text("config/jwt-pizza.conf");
    char *said = said_about(text, strlen(text));
    ck_assert_str_eq(said, "F:31: warning: store.type: sqlite is one file on one machine, and the "
                           "probes stand in several places; those elsewhere could not vote "
                           "[sqlite-one-machine]\n");
    free(said);
    free(text);
}
END_TEST

START_TEST(the_example_of_five_lets_no_owner_decide_alone)
{
    char *text = source_text("config/jwt-pizza-five.conf");
    char *said = said_about(text, strlen(text));
    struct settings *s = good(text);
    ck_assert_msg(strstr(said, "[sqlite-one-machine]\n") != NULL, "%s", said);
    ck_assert_ptr_eq(strchr(said, '\n'), strrchr(said, '\n')); /* and nothing else */
    ck_assert_uint_eq(s->elector_count, 5);
    ck_assert_uint_eq(s->quorum_down, 3);
    ck_assert_uint_eq(s->quorum_owners, 2);
    ck_assert_str_eq(s->electors[0].place, s->regions[0]);
    ck_assert_str_eq(s->electors[1].place, s->regions[1]);
    settings_destroy(s);
    free(said);
    free(text);
}
END_TEST

START_TEST(the_example_for_many_machines_meets_in_etcd)
{
    static const char secret[] = "file:/etc/regionshift/etcd-password";
    char *text = source_text("config/jwt-pizza-etcd.conf");
    char *said = said_about(text, strlen(text));
    struct settings_report report;
    struct settings *s = NULL;

    ck_assert_msg(strstr(said, secret) != NULL, "%s", said); /* which is not on this machine ... */
    ck_assert_ptr_eq(strchr(said, '\n'), strrchr(said, '\n')); /* ... and nothing else */
    ck_assert_int_eq(settings_parse_changed(text, strlen(text), "F", "fra", NULL, 0, &s, &report),
                     0);
    ck_assert_uint_eq(report.count, 0);
    ck_assert_int_eq(s->store.kind, STORE_ETCD);
    ck_assert_uint_eq(s->store.endpoint_count, 3);
    ck_assert_str_eq(s->store.prefix, "/regionshift/pizza");
    ck_assert_str_eq(s->store.user, "");
    ck_assert_str_eq(s->store.password, ""); /* programs that only read open no secret */
    ck_assert_int_eq(s->store.timeout_ms, 2000);
    settings_report_clear(&report);
    settings_destroy(s);
    free(said);
    free(text);
}
END_TEST

START_TEST(the_electorate_knows_owner_and_place)
{
    struct settings *s = jwt_pizza();
    ck_assert_uint_eq(s->elector_count, 3);
    ck_assert_str_eq(s->electors[2].name, "fra");
    ck_assert_str_eq(s->electors[2].vantage, "hetzner/fra1");
    ck_assert_str_eq(s->electors[2].owner, "hetzner");
    ck_assert_str_eq(s->electors[2].place, "fra1");
    ck_assert(s->electors[0].may_act && !s->electors[2].may_act);
    ck_assert_uint_eq(s->quorum_down, 2);
    ck_assert_uint_eq(s->quorum_vantages, 2);
    ck_assert_uint_eq(s->self, NONE);
    settings_destroy(s);
}
END_TEST

START_TEST(a_site_is_found_by_service_and_region)
{
    struct settings *s = jwt_pizza();
    uint32_t index = settings_site(s, "factory/us-west-2");
    ck_assert_uint_eq(index, 3);
    const struct site *site = &s->sites[index];
    ck_assert_str_eq(s->services[site->service].name, "factory");
    ck_assert_str_eq(s->regions[site->region], "us-west-2");
    ck_assert_int_eq(site->weight, 0);
    ck_assert_str_eq(settings_own_set(s, index)->set, "factory-us-west-2");
    ck_assert_str_eq(settings_own_set(s, index)->value, "198.51.100.20");
    ck_assert_uint_eq(site->check_count, 1);
    ck_assert_uint_eq(s->checks[site->first_check].site, index);
    ck_assert_uint_eq(settings_site(s, "factory/eu-west-1"), NONE);
    ck_assert_uint_eq(settings_region(s, "us-west-2"), 1);
    ck_assert_uint_eq(settings_region(s, "mars"), NONE);
    ck_assert_uint_eq(settings_group(s, "jwt-pizza"), 0);
    ck_assert_uint_eq(settings_group(s, "pizza"), NONE);
    ck_assert_uint_eq(settings_elector(s, "usw2"), 1);
    ck_assert_uint_eq(settings_elector(s, "usw3"), NONE);
    settings_destroy(s);
}
END_TEST

START_TEST(a_group_lists_its_sites_service_by_service)
{
    struct settings *s = jwt_pizza();
    const struct group *group = &s->groups[0];
    ck_assert_uint_eq(group->service_count, 2);
    ck_assert_uint_eq(group->site_count, 4);
    for (uint32_t i = 0; i < 4; i++)
        ck_assert_uint_eq(group->sites[i], i);
    ck_assert_uint_eq(group->order_count, 2);
    ck_assert_str_eq(s->regions[group->order[0]], "us-east-1");
    ck_assert(group->together);
    ck_assert_int_eq(group->hold_ms, 20000);
    ck_assert_uint_eq(group->fallback_region, NONE);
    ck_assert_uint_eq(s->services[1].group, 0);
    ck_assert_uint_eq(s->zone_count, 1);
    settings_destroy(s);
}
END_TEST

START_TEST(a_check_is_cut_into_what_the_prober_needs)
{
    char *text = base_with("url = \"http://east.example.com/\"",
                           "url = \"https://EAST.Example.com.:8443/a?b=%20c\"; "
                           "headers = ( \"X-Probe: one\", \"Host:two\" ); status = \"200,404\"; "
                           "body = \"ok\"; address = \"2001:db8::1\"; method = \"GET\"; "
                           "verify = false; ca_file = \"/etc/ssl/private-ca.pem\"");
    struct settings *s = good(text);
    const struct check *check = &s->checks[0];
    ck_assert_str_eq(check->host, "east.example.com");
    ck_assert_uint_eq(check->port, 8443);
    ck_assert_str_eq(check->target, "/a?b=%20c");
    ck_assert(check->tls && !check->verify);
    ck_assert_str_eq(check->ca_file, "/etc/ssl/private-ca.pem");
    ck_assert_str_eq(check->address, "2001:db8::1");
    ck_assert_uint_eq(check->header_count, 2);
    ck_assert_str_eq(check->headers[0].name, "X-Probe");
    ck_assert_str_eq(check->headers[0].value, "one");
    ck_assert_str_eq(check->headers[1].name, "Host");
    ck_assert_str_eq(check->headers[1].value, "two");
    ck_assert_ptr_nonnull(check->assertion);
    ck_assert_uint_eq(assertion_subjects(check->assertion),
                      SUBJECT_BIT(SUBJECT_STATUS) | SUBJECT_BIT(SUBJECT_BODY));
    settings_destroy(s);
    free(text);
}
END_TEST

/* ---- defaults ---- */

START_TEST(what_is_left_out_has_its_default)
{
    char *text = source_text("tests/settings/base.conf");
    struct settings *s = good(text);
    const struct check *check = &s->checks[0];
    const struct group *group = &s->groups[0];
    ck_assert_int_eq(check->interval_ms, 10000);
    ck_assert_int_eq(check->timeout_ms, 3000);
    ck_assert_int_eq(check->retry_ms, 1000);
    ck_assert_uint_eq(check->fall, 3);
    ck_assert_uint_eq(check->rise, 2);
    ck_assert_uint_eq(check->window_bad, 0);
    ck_assert(check->verify);
    ck_assert_str_eq(check->ca_file, "");
    ck_assert_int_eq(group->hold_ms, 30000);
    ck_assert_int_eq(group->stable_ms, 60000);
    ck_assert_int_eq(group->dwell_ms, 600000);
    ck_assert_int_eq(group->failback, FAILBACK_MANUAL);
    ck_assert_int_eq(group->drift, DRIFT_STOP);
    ck_assert(!group->beacons && !group->together);
    ck_assert_uint_eq(s->limit_budget, 4);
    ck_assert_int_eq(s->limit_window_ms, 6 * 3600 * 1000);
    ck_assert_int_eq(s->store.lease_ms, 10000);
    ck_assert_int_eq(s->records[0].ttl_s, 60);
    ck_assert(s->services[0].required);
    ck_assert_str_eq(s->http_listen, "127.0.0.1:8053");
    ck_assert_str_eq(s->control_socket, "/run/regionshift/control.sock");
    ck_assert_str_eq(settings_own_set(s, 0)->set, "pizza-east");
    ck_assert_str_eq(s->sinks[0].name, "webhook-1");
    settings_destroy(s);
    free(text);
}
END_TEST

START_TEST(without_a_number_the_quorum_is_a_majority)
{
    char *text = base_with("down = 2; up = 2;", "");
    struct settings *s = good(text);
    ck_assert_uint_eq(s->quorum_down, 2);
    ck_assert_uint_eq(s->quorum_up, 2);
    settings_destroy(s);
    free(text);
}
END_TEST

START_TEST(a_check_inherits_what_it_does_not_say)
{
    char *first = base_with("groups = (", "checks = { interval = \"4s\"; timeout = 2; fall = 5; "
                                          "window = { bad = 6; of = 30; }; };\ngroups = (");
    char *text = edited(first, "url = \"http://east.example.com/\";",
                        "url = \"http://east.example.com/\"; timeout = 0.25; window = { bad = 0; "
                        "of = 0; };");
    struct settings *s = good(text);
    ck_assert_int_eq(s->checks[0].interval_ms, 4000);
    ck_assert_int_eq(s->checks[0].timeout_ms, 250);
    ck_assert_uint_eq(s->checks[0].fall, 5);
    ck_assert_uint_eq(s->checks[0].window_of, 0);
    ck_assert_int_eq(s->checks[1].timeout_ms, 2000);
    ck_assert_uint_eq(s->checks[1].window_bad, 6);
    ck_assert_uint_eq(s->checks[1].window_of, 30);
    settings_destroy(s);
    free(text);
    free(first);
}
END_TEST

START_TEST(references_are_urls_and_resolvers)
{
    char *text = base_with("\"dns:198.41.0.4\"", "\"dns:2001:503:ba3e::2:30\", "
                                                 "\"https://www.example.org\"");
    struct settings *s = good(text);
    ck_assert_int_eq(s->references[0].kind, REFERENCE_DNS);
    ck_assert_str_eq(s->references[0].host, "2001:503:ba3e::2:30");
    ck_assert_uint_eq(s->references[0].port, 53);
    ck_assert_int_eq(s->references[1].kind, REFERENCE_URL);
    ck_assert_str_eq(s->references[1].host, "www.example.org");
    ck_assert_uint_eq(s->references[1].port, 443);
    ck_assert_str_eq(s->references[1].target, "/");
    ck_assert(s->references[1].tls);
    settings_destroy(s);
    free(text);
}
END_TEST

/* ---- who we are ---- */

static uint32_t self_of(const char *text, const char *probe)
{
    struct settings *settings = NULL;
    struct settings_report report;
    uint32_t self = UINT32_MAX - 1;
    if (settings_parse(text, strlen(text), "F", probe, &settings, &report) == 0)
        self = settings->self;
    settings_destroy(settings);
    settings_report_clear(&report);
    return self;
}

START_TEST(the_name_on_the_command_line_overrides_the_file)
{
    char *text = base_with("probe = {", "probe = { name = \"b\";");
    ck_assert_uint_eq(self_of(text, NULL), 1);
    ck_assert_uint_eq(self_of(text, "c"), 2);
    ck_assert_uint_eq(self_of(text, ""), NONE);
    ck_assert_uint_eq(self_of(text, "nobody"), UINT32_MAX - 1);
    free(text);
}
END_TEST

/* ---- dump and fingerprint ---- */

/* Dumps, parses the dump, dumps again. */
static void expect_round_trip(const char *path)
{
    char *text = source_text(path);
    struct settings *once = good(text);
    char *first = dump_of(once);
    struct settings *twice = good(first);
    char *second = dump_of(twice);
    ck_assert_str_eq(first, second);
    ck_assert_str_eq(once->fingerprint, twice->fingerprint);
    ck_assert_uint_eq(strlen(once->fingerprint), FINGERPRINT_LENGTH);
    free(first);
    free(second);
    settings_destroy(once);
    settings_destroy(twice);
    free(text);
}

START_TEST(a_dump_parses_back_to_the_same_fingerprint)
{
    expect_round_trip("config/jwt-pizza.conf");
    expect_round_trip("config/jwt-pizza-five.conf");
    expect_round_trip("config/regionshift.conf");
    expect_round_trip("tests/settings/base.conf");
}
END_TEST

START_TEST(quotes_and_backslashes_survive_a_dump)
{
    char *text =
        base_with("url = \"http://east.example.com/\"",
                  "url = \"http://east.example.com/\"; body = \"a \\\"b\\\" \\\\n \xc3\xa9\"");
    struct settings *once = good(text);
    char *dump = dump_of(once);
    struct settings *twice = good(dump);
    ck_assert_str_eq(once->checks[0].body, "a \"b\" \\n \xc3\xa9");
    ck_assert_str_eq(twice->checks[0].body, once->checks[0].body);
    free(dump);
    settings_destroy(once);
    settings_destroy(twice);
    free(text);
}
END_TEST

/* Whether an edit of base.conf changes the fingerprint. */
static bool changes_fingerprint(const char *from, const char *to)
{
    char *before = source_text("tests/settings/base.conf");
    char *after = base_with(from, to);
    struct settings *a = good(before);
    struct settings *b = good(after);
    bool changed = strcmp(a->fingerprint, b->fingerprint) != 0;
    settings_destroy(a);
    settings_destroy(b);
    free(before);
    free(after);
    return changed;
}

START_TEST(what_means_the_same_has_the_same_fingerprint)
{
    ck_assert(!changes_fingerprint("name = \"shop\";", "name = \"shop\"; hold = 30;"));
    ck_assert(!changes_fingerprint("name = \"shop\";", "name = \"shop\"; hold = \"0.5m\";"));
    ck_assert(!changes_fingerprint("name = \"shop\";", "hold = 30000e-3; name = \"shop\";"));
    ck_assert(!changes_fingerprint("weight = 100; value = \"192.0.2.1\";",
                                   "value = \"192.0.2.1\"; weight = 0x64;"));
    ck_assert(!changes_fingerprint("\"pizza.example.com\"", "\"Pizza.Example.COM.\""));
    ck_assert(!changes_fingerprint("down = 2; up = 2;", "# a majority\n"));
    ck_assert(!changes_fingerprint("groups =", "limits = { budget = 4; };\ngroups ="));
}
END_TEST

START_TEST(what_every_probe_must_agree_on_changes_the_fingerprint)
{
    ck_assert(changes_fingerprint("weight = 100", "weight = 99"));
    ck_assert(changes_fingerprint("name = \"shop\";", "name = \"shop\"; hold = 31;"));
    ck_assert(changes_fingerprint("up = 2", "up = 3"));
    ck_assert(changes_fingerprint("name = \"c\"; vantage = \"lab/host\"",
                                  "name = \"c\"; may_act = false; vantage = \"lab/host\""));
    ck_assert(changes_fingerprint("http://east", "https://east"));
    ck_assert(changes_fingerprint("url = \"http://east.example.com/\";",
                                  "url = \"http://east.example.com/\"; ca_file = \"/x\";"));
    ck_assert(changes_fingerprint("groups =", "limits = { budget = 5; };\ngroups ="));
    ck_assert(changes_fingerprint("groups =", "checks = { fall = 4; };\ngroups ="));
}
END_TEST

START_TEST(what_is_a_probes_own_leaves_the_fingerprint_alone)
{
    setenv("REGIONSHIFT_TEST_EAST", "alpha", 1);
    setenv("REGIONSHIFT_TEST_WEST", "omega", 1);
    ck_assert(!changes_fingerprint("probe = {", "probe = { name = \"b\";"));
    ck_assert(!changes_fingerprint("\"dns:198.41.0.4\"", "\"dns:192.33.4.12\""));
    ck_assert(!changes_fingerprint("hooks.example.com", "other.example.com"));
    ck_assert(!changes_fingerprint("groups =", "store = { path = \"/x\"; };\ngroups ="));
    ck_assert(!changes_fingerprint("groups =", "http = { listen = \"\"; };\ngroups ="));
    ck_assert(!changes_fingerprint(
        "name = \"shop\";", "name = \"shop\"; beacon_words = ("
                            "{ region = \"east\"; word = \"env:REGIONSHIFT_TEST_EAST\"; },"
                            "{ region = \"west\"; word = \"env:REGIONSHIFT_TEST_WEST\"; });"));
}
END_TEST

/* ---- generations ---- */

START_TEST(two_generations_live_side_by_side)
{
    char *text = source_text("config/jwt-pizza.conf");
    struct settings *old = good(text);
    struct settings *new = good(text);
    settings_destroy(old);
    ck_assert_str_eq(new->sites[0].name, "pizza/us-east-1");
    ck_assert_str_eq(new->groups[0].name, "jwt-pizza");
    settings_destroy(new);
    settings_destroy(NULL);
    free(text);
}
END_TEST

START_TEST(a_fallback_region_needs_no_check)
{
    char *sites = base_with("    } );\n} );\ngroups",
                            "    }, {\n        region = \"static\"; weight = 0;\n    } );\n} );\n"
                            "groups");
    char *text = edited(sites, "name = \"shop\";",
                        "name = \"shop\"; all_down = \"fallback\"; fallback = \"static\";");
    struct settings *s = good(text);
    ck_assert_int_eq(s->groups[0].all_down, ALL_DOWN_FALLBACK);
    ck_assert_str_eq(s->regions[s->groups[0].fallback_region], "static");
    ck_assert_uint_eq(s->sites[2].check_count, 0);
    settings_destroy(s);
    free(text);
    free(sites);
}
END_TEST

/* ---- what is kept ---- */

START_TEST(checks_that_want_the_same_answer_share_what_judges_it)
{
    char *text = base_with("checks = ( { url = \"http://east.example.com/\"; } );",
                           "checks = ( { name = \"a\"; url = \"http://a/x\"; body = \"ok\"; },"
                           " { name = \"b\"; url = \"http://b/x\"; body = \"ok\"; },"
                           " { name = \"c\"; url = \"http://c/x\"; body = \"oK\"; },"
                           " { name = \"d\"; url = \"http://d/x\"; body = \"ok\"; "
                           "expect = \"latency < 1s\"; } );");
    struct settings *s = good(text);
    const struct check *c = s->checks;

    ck_assert_ptr_nonnull(c[0].assertion);
    ck_assert_ptr_eq(c[0].assertion, c[1].assertion);
    ck_assert_ptr_ne(c[0].assertion, c[2].assertion);
    ck_assert_ptr_ne(c[0].assertion, c[3].assertion);
    ck_assert_ptr_eq(c[0].body, c[1].body); /* and the text itself */
    ck_assert_str_eq(c[2].body, "oK");
    settings_destroy(s);
    free(text);
}
END_TEST

START_TEST(a_wrong_expression_is_complained_of_at_each_check_that_has_it)
{
    char *text =
        base_with("checks = ( { url = \"http://east.example.com/\"; } );",
                  "checks = ( { name = \"a\"; url = \"http://a/\"; expect = \"rcode == 1\"; },"
                  " { name = \"b\"; url = \"http://b/\"; expect = \"rcode == 1\"; } );");
    char *said = said_about(text, strlen(text));

    ck_assert_ptr_nonnull(strstr(said, "checks.[0].expect"));
    ck_assert_ptr_nonnull(strstr(said, "checks.[1].expect"));
    free(said);
    free(text);
}
END_TEST

START_TEST(settings_live_on_when_what_was_written_is_forgotten)
{
    struct settings *s = jwt_pizza();
    char sink[1] = "";
    FILE *out = fmemopen(sink, sizeof(sink), "w");

    settings_forget_written(s);
    ck_assert_int_lt(settings_dump(s, out), 0);
    ck_assert_str_eq(s->sites[0].name, "pizza/us-east-1");
    ck_assert_str_eq(s->store.path, "/var/lib/regionshift/store.db");
    ck_assert_str_eq(s->checks[0].method, "GET");
    settings_forget_written(s); /* once is enough, twice no harm */
    settings_destroy(s);
    fclose(out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("settings");
    TCase *tests = tcase_create("settings");

    tcase_add_test(tests, the_example_has_no_complaint_but_its_store);
    tcase_add_test(tests, the_example_of_five_lets_no_owner_decide_alone);
    tcase_add_test(tests, the_example_for_many_machines_meets_in_etcd);
    tcase_add_test(tests, the_electorate_knows_owner_and_place);
    tcase_add_test(tests, a_site_is_found_by_service_and_region);
    tcase_add_test(tests, a_group_lists_its_sites_service_by_service);
    tcase_add_test(tests, a_check_is_cut_into_what_the_prober_needs);
    tcase_add_test(tests, what_is_left_out_has_its_default);
    tcase_add_test(tests, without_a_number_the_quorum_is_a_majority);
    tcase_add_test(tests, a_check_inherits_what_it_does_not_say);
    tcase_add_test(tests, references_are_urls_and_resolvers);
    tcase_add_test(tests, the_name_on_the_command_line_overrides_the_file);
    tcase_add_test(tests, a_dump_parses_back_to_the_same_fingerprint);
    tcase_add_test(tests, quotes_and_backslashes_survive_a_dump);
    tcase_add_test(tests, what_means_the_same_has_the_same_fingerprint);
    tcase_add_test(tests, what_every_probe_must_agree_on_changes_the_fingerprint);
    tcase_add_test(tests, what_is_a_probes_own_leaves_the_fingerprint_alone);
    tcase_add_test(tests, two_generations_live_side_by_side);
    tcase_add_test(tests, a_fallback_region_needs_no_check);
    tcase_add_test(tests, checks_that_want_the_same_answer_share_what_judges_it);
    tcase_add_test(tests, a_wrong_expression_is_complained_of_at_each_check_that_has_it);
    tcase_add_test(tests, settings_live_on_when_what_was_written_is_forgotten);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
