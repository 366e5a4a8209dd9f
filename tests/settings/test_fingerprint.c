/* SPDX-License-Identifier: Apache-2.0 */
/* A2 while an upgrade rolls: two releases that read the same file have the same fingerprint, though
 * one of them knows more options; two files that mean different things have different ones. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "../../monitor/settings/dump.h"
#include "../../monitor/settings/schema.h"
#include "base.h"

/* ---- a release, and the one after it ---- */

struct brake {
    int64_t limit;
    msec_t window_ms;
    int pedal; /* from here on: the next release's */
    const char *name;
    bool is_loud;
    struct text_list friends;
};

struct car {
    struct brake brake;
};

#define AT(structure, member) offsetof(struct structure, member)
#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const pedals[] = {"soft", "hard", NULL};
static const struct option brake_options[] = {
    {"limit", OPTION_INTEGER, AT(brake, limit), 1, 9, "4", .help = "."},
    {"window", OPTION_DURATION, AT(brake, window_ms), 1, 9, "6h", .help = "."},
    {"pedal", OPTION_WORD, AT(brake, pedal), 0, 0, "hard", .help = ".", .words = pedals},
    {"name", OPTION_TEXT, AT(brake, name), 0, 9, "", .help = "."},
    {"loud", OPTION_BOOLEAN, AT(brake, is_loud), 0, 0, "true", .help = "."},
    {"friends", OPTION_TEXTS, AT(brake, friends), 0, 9, "", .help = ".", .item_max = 9},
};
static const struct schema brake_now = {"brake", ".", brake_options, 2, sizeof(struct brake)};
static const struct schema brake_next = {"brake", ".", brake_options, COUNT(brake_options),
                                         sizeof(struct brake)};
static const struct option car_now[] = {
    {"brake", OPTION_GROUP, AT(car, brake), 0, 0, NULL, .help = ".", .schema = &brake_now}};
static const struct option car_next[] = {
    {"brake", OPTION_GROUP, AT(car, brake), 0, 0, NULL, .help = ".", .schema = &brake_next}};
static const struct schema now = {"", ".", car_now, 1, sizeof(struct car)};
static const struct schema next = {"", ".", car_next, 1, sizeof(struct car)};

/* Every option at its default. */
static struct car plain_car(void)
{
    return (struct car){
        .brake = {
            .limit = 4, .window_ms = 6 * 3600 * 1000, .pedal = 1, .name = "", .is_loud = true}};
}

static char *shared_text(const struct schema *schema, const struct car *car)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    ck_assert_ptr_nonnull(out);
    ck_assert_int_eq(schema_dump(schema, car, DUMP_SHARED, out), 0);
    fclose(out);
    return text;
}

static void expect_shared(const struct schema *schema, const struct car *car, const char *expected)
{
    char *text = shared_text(schema, car);
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(an_option_that_is_added_with_a_default_is_not_seen)
{
    struct car car = plain_car();
    expect_shared(&now, &car, "fingerprint = 1;\n");
    expect_shared(&next, &car, "fingerprint = 1;\n");
    car.brake.limit = 5;
    expect_shared(&now, &car, "fingerprint = 1;\nbrake = {\n    limit = 5;\n};\n");
    expect_shared(&next, &car, "fingerprint = 1;\nbrake = {\n    limit = 5;\n};\n");
}
END_TEST

START_TEST(an_option_that_was_added_and_is_used_is_seen)
{
    static const char *friends[] = {"wheel"};
    struct car car = plain_car();
    car.brake.pedal = 0;
    car.brake.is_loud = false;
    expect_shared(&next, &car,
                  "fingerprint = 1;\nbrake = {\n    pedal = \"soft\";\n    loud = false;\n};\n");
    car = plain_car();
    car.brake.name = "b";
    car.brake.friends = (struct text_list){.items = friends, .count = 1};
    expect_shared(&next, &car,
                  "fingerprint = 1;\nbrake = {\n    name = \"b\";\n"
                  "    friends = ( \"wheel\" );\n};\n");
}
END_TEST

/* ---- what is fixed from now on ---- */

/* Two releases that differ here cannot run side by side: no row changes without a new
 * FINGERPRINT_VERSION, and then all of them do. */
static const struct {
    const char *path;
    const char *fingerprint;
} golden[] = {
    {"config/jwt-pizza.conf", "e28fbd490a4a43f9"},
    {"config/jwt-pizza-five.conf", "6521044f536b4335"},
    {"config/regionshift.conf", "c09dcca6f02d9970"},
    {"tests/settings/base.conf", "fdf932e4353b78ab"},
};

START_TEST(a_file_has_the_fingerprint_that_it_had_in_every_release)
{
    char *text = source_text(golden[_i].path);
    struct settings *settings = NULL;
    struct settings_report report;
    ck_assert_int_eq(settings_parse(text, strlen(text), golden[_i].path, NULL, &settings, &report),
                     0);
    ck_assert_msg(strcmp(settings->fingerprint, golden[_i].fingerprint) == 0,
                  "%s: \"%s\", and it was \"%s\"", golden[_i].path, settings->fingerprint,
                  golden[_i].fingerprint);
    settings_destroy(settings);
    settings_report_clear(&report);
    free(text);
}
END_TEST

/* "groups[].hold = 30s", for every default that is left out of the fingerprint. */
static void list_defaults(const struct schema *schema, FILE *out)
{
    for (size_t i = 0; i < schema->count; i++) {
        const struct option *option = &schema->options[i];
        if ((option->flags & OPTION_LOCAL) != 0)
            continue;
        if (option->fallback != NULL)
            fprintf(out, "%s%s%s = %s\n", schema->path, schema->path[0] != '\0' ? "." : "",
                    option->key, option->fallback);
        if (option->schema != NULL)
            list_defaults(option->schema, out);
    }
}

/* The defaults are not in the text that is hashed, so one that changes would be agreed on by probes
 * which do different things. A line may be added to the file with an option; no other may change
 * unless FINGERPRINT_VERSION is raised with it. */
START_TEST(no_default_changes_under_the_same_fingerprint)
{
    char *fixed = source_text("tests/settings/defaults.txt");
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    ck_assert_ptr_nonnull(out);
    list_defaults(&settings_schema, out);
    fclose(out);
    ck_assert_msg(strcmp(text, fixed) == 0,
                  "defaults.txt says otherwise; a changed default raises FINGERPRINT_VERSION:\n%s",
                  text);
    free(text);
    free(fixed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fingerprint");
    TCase *tests = tcase_create("fingerprint");

    tcase_add_test(tests, an_option_that_is_added_with_a_default_is_not_seen);
    tcase_add_test(tests, an_option_that_was_added_and_is_used_is_seen);
    tcase_add_loop_test(tests, a_file_has_the_fingerprint_that_it_had_in_every_release, 0,
                        COUNT(golden));
    tcase_add_test(tests, no_default_changes_under_the_same_fingerprint);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
