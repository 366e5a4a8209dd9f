/* SPDX-License-Identifier: Apache-2.0 */
/* What services write into their zones: several records, alias sets, other accounts, an order. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "base.h"

static struct settings *example(void)
{
    char *text = source_text("config/jwt-pizza-records.conf");
    struct settings *settings = good(text);
    free(text);
    return settings;
}

START_TEST(the_example_of_records_has_no_complaint_but_its_store)
{
    char *text = source_text("config/jwt-pizza-records.conf");
    char *said = said_about(text, strlen(text));
    ck_assert_msg(strstr(said, "[sqlite-one-machine]\n") != NULL, "%s", said);
    ck_assert_msg(strchr(said, '\n') == strrchr(said, '\n'), "%s", said);
    free(said);
    free(text);
}
END_TEST

START_TEST(a_site_has_a_set_under_each_record_of_its_service)
{
    struct settings *s = example();
    const struct service *pizza = &s->services[0];
    ck_assert_uint_eq(pizza->record_count, 3);
    ck_assert_uint_eq(s->record_count, 5);
    ck_assert_uint_eq(s->set_count, 3 * 3 + 3 * 2);
    for (uint32_t i = 0; i < s->set_count; i++) {
        const struct site *site = &s->sites[s->sets[i].site];
        ck_assert_uint_eq(site->set_count, s->services[site->service].record_count);
        ck_assert_uint_eq(s->sets[i].record,
                          s->services[site->service].first_record + i - site->first_set);
    }
    ck_assert_str_eq(s->records[1].name, "pizza.example.com");
    ck_assert_str_eq(s->records[1].type, "AAAA");
    ck_assert_str_eq(s->records[2].name, "*.pizza.example.com");
    ck_assert_str_eq(s->sets[5].value, "pizza-usw2.example.net");
    ck_assert_str_eq(s->sets[5].set, "pizza-us-west-2");
    settings_destroy(s);
}
END_TEST

START_TEST(an_alias_has_a_target_and_no_value)
{
    struct settings *s = example();
    const struct site_set *set = settings_own_set(s, settings_site(s, "pizza/us-west-2"));
    ck_assert_str_eq(set->alias_zone, "Z1H1FL5HABSF5");
    ck_assert_str_eq(set->alias_name, "dualstack.pizza-2.us-west-2.elb.amazonaws.com");
    ck_assert_str_eq(set->value, "");
    ck_assert(!set->alias_evaluate);
    ck_assert(settings_set_is_whole(set));
    settings_destroy(s);
}
END_TEST

START_TEST(the_zone_of_what_is_needed_is_changed_first)
{
    struct settings *s = example();
    const struct group *group = &s->groups[0];
    ck_assert_uint_eq(s->zone_count, 3);
    ck_assert_uint_eq(group->zone_count, 3);
    ck_assert_str_eq(s->zones[group->zones[0]].id, "Z1111111111FACTORY");
    ck_assert_str_eq(s->zones[group->zones[1]].id, "Z2222222222PRIVATE");
    ck_assert_str_eq(s->zones[group->zones[2]].id, "Z0123456789ABCDEFGHIJ");
    settings_destroy(s);
}
END_TEST

START_TEST(without_needs_zones_are_changed_as_they_are_named)
{
    char *text = source_text("config/jwt-pizza-records.conf");
    char *free_of_needs = edited(text, "needs = [ \"factory\" ];", "");
    struct settings *s = good(free_of_needs);
    for (uint32_t i = 0; i < 3; i++)
        ck_assert_uint_eq(s->groups[0].zones[i], i);
    settings_destroy(s);
    free(free_of_needs);
    free(text);
}
END_TEST

START_TEST(a_zone_may_have_a_role_and_be_private)
{
    struct settings *s = example();
    ck_assert_str_eq(s->zones[0].role, "");
    ck_assert(!s->zones[0].is_private);
    ck_assert_str_eq(s->zones[1].role, "arn:aws:iam::123456789012:role/regionshift");
    ck_assert_str_eq(s->zones[1].external_id, "pizza");
    ck_assert(s->zones[2].is_private);
    ck_assert_str_eq(s->zones[2].role, "");
    settings_destroy(s);
}
END_TEST

START_TEST(what_a_site_does_not_say_of_further_records_is_the_zones)
{
    char *text = base_with("record = \"pizza.example.com\";",
                           "record = \"pizza.example.com\"; also = ( { type = \"AAAA\"; } );");
    struct settings *s = good(text);
    ck_assert_uint_eq(s->set_count, 4);
    ck_assert_str_eq(s->sets[1].set, "pizza-east");
    ck_assert(!settings_set_is_whole(&s->sets[1]));
    ck_assert_int_eq(s->records[1].ttl_s, 60);
    settings_destroy(s);
    free(text);
}
END_TEST

/* Upper case, escapes and a dot at the end are other ways to write the same name. */
START_TEST(a_name_has_one_form)
{
    static const char *const ways[] = {"_pizza.example.com", "_PIZZA.Example.COM.",
                                       "\\\\137pizza.example.com", "\\\\137PIZZA.example.com."};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        char *text = base_with("pizza.example.com", ways[i]);
        struct settings *s = good(text);
        ck_assert_str_eq(s->records[0].name, "_pizza.example.com");
        settings_destroy(s);
        free(text);
    }
    char *text = base_with("pizza.example.com", "\\\\052.pizza.example.com");
    struct settings *s = good(text);
    ck_assert_str_eq(s->records[0].name, "*.pizza.example.com");
    settings_destroy(s);
    free(text);
}
END_TEST

/* A2: of records and their order all probes must think the same; whose credentials reach a zone is
 * each probe's own. */
START_TEST(the_fingerprint_covers_records_and_not_roles)
{
    static const char *const edits[][2] = {
        {"needs = [ \"factory\" ];", ""},
        {"{ type = \"AAAA\"; },", "{ type = \"AAAA\"; ttl = 59; },"},
        {"d111111abcdef8", "d222222abcdef8"},
        {"ttl = 10", "ttl = 11"},
    };
    char *text = source_text("config/jwt-pizza-records.conf");
    struct settings *before = good(text);
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        char *other = edited(text, edits[i][0], edits[i][1]);
        struct settings *after = good(other);
        ck_assert_str_ne(before->fingerprint, after->fingerprint);
        settings_destroy(after);
        free(other);
    }
    char *other = edited(text, "role/regionshift", "role/another");
    struct settings *after = good(other);
    ck_assert_str_eq(before->fingerprint, after->fingerprint);
    settings_destroy(after);
    settings_destroy(before);
    free(other);
    free(text);
}
END_TEST

START_TEST(a_dump_of_records_parses_back)
{
    struct settings *once = example();
    char *first = dump_of(once);
    struct settings *twice = good(first);
    char *second = dump_of(twice);
    ck_assert_str_eq(first, second);
    ck_assert_str_eq(once->fingerprint, twice->fingerprint);
    free(first);
    free(second);
    settings_destroy(once);
    settings_destroy(twice);
}
END_TEST

/* ---- how much one reading of a zone can hold ---- */

enum { MANY_SERVICES = 63, MANY_RECORDS = 16, MANY_REGIONS = 4, MANY_SIZE = 1 << 20 };

/* 63 groups of one service with 16 records in 4 regions, the last in so many: all in one zone, each
 * in a batch that Route 53 takes. */
static void put_service(FILE *out, int n, int regions)
{
    fprintf(out,
            "%s{ name = \"s%d\"; zone = \"Z1\"; record = \"s%d.example.com\"; type = \"A\"; ttl = "
            "60; also = (",
            n > 0 ? ", " : "", n, n);
    for (int i = 1; i < MANY_RECORDS; i++)
        fprintf(out, "%s{ record = \"r%d.s%d.example.com\"; }", i > 1 ? ", " : " ", i, n);
    fprintf(out, " ); sites = (");
    for (int r = 0; r < regions; r++) {
        fprintf(out, "%s{ region = \"r%d\"; weight = %d; set = \"r%d\"; also = ( { }",
                r > 0 ? ", " : " ", r, r == 0, r);
        for (int i = 2; i < MANY_RECORDS; i++)
            fprintf(out, ", { }");
        fprintf(out,
                " ); checks = ( { type = \"tcp\"; url = \"tcp://c%d-%d.example.net:1\"; } ); }", n,
                r);
    }
    fprintf(out, " ); }");
}

static char *said_of_many(int services, int regions_of_last)
{
    char *text = malloc(MANY_SIZE);
    FILE *out = fmemopen(text, MANY_SIZE, "w");
    char *said;

    fprintf(out, "quorum = { probes = ( { name = \"a\"; vantage = \"o/a\"; may_act = true; }, "
                 "{ name = \"b\"; vantage = \"o/b\"; }, { name = \"c\"; vantage = \"p/c\"; } ); "
                 "};\nservices = ( ");
    for (int n = 0; n < services; n++)
        put_service(out, n, n + 1 < services ? MANY_REGIONS : regions_of_last);
    fprintf(out, " );\ngroups = ( ");
    for (int n = 0; n < services; n++) {
        fprintf(out, "%s{ name = \"g%d\"; services = [ \"s%d\" ]; order = [", n > 0 ? ", " : "", n,
                n);
        for (int r = 0; r < (n + 1 < services ? MANY_REGIONS : regions_of_last); r++)
            fprintf(out, "%s\"r%d\"", r > 0 ? ", " : " ", r);
        fprintf(out, " ]; }");
    }
    fprintf(out, " );\n");
    ck_assert_int_eq(fclose(out), 0);
    said = said_about(text, strlen(text));
    free(text);
    return said;
}

START_TEST(what_is_in_one_zone_fits_into_one_reading)
{
    /* 63 x 16 x 4 and 63 fences are 4,095; a region more of one service is too much */
    char *said = said_of_many(MANY_SERVICES, MANY_REGIONS);

    ck_assert_msg(strstr(said, "zone-too-large") == NULL, "%s", said);
    free(said);
    said = said_of_many(MANY_SERVICES, MANY_REGIONS + 1);
    ck_assert_msg(strstr(said, "services: 4111 record sets and fences are in Z1, and one reading "
                               "of a zone holds at most 4096; move some services to another zone "
                               "or to other settings [zone-too-large]") != NULL,
                  "%s", said);
    ck_assert_ptr_null(strstr(said, "batch-too-large"));
    free(said);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("records");
    TCase *tests = tcase_create("records");

    tcase_add_test(tests, the_example_of_records_has_no_complaint_but_its_store);
    tcase_add_test(tests, a_site_has_a_set_under_each_record_of_its_service);
    tcase_add_test(tests, an_alias_has_a_target_and_no_value);
    tcase_add_test(tests, the_zone_of_what_is_needed_is_changed_first);
    tcase_add_test(tests, without_needs_zones_are_changed_as_they_are_named);
    tcase_add_test(tests, a_zone_may_have_a_role_and_be_private);
    tcase_add_test(tests, what_a_site_does_not_say_of_further_records_is_the_zones);
    tcase_add_test(tests, a_name_has_one_form);
    tcase_add_test(tests, the_fingerprint_covers_records_and_not_roles);
    tcase_add_test(tests, what_is_in_one_zone_fits_into_one_reading);
    tcase_add_test(tests, a_dump_of_records_parses_back);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
