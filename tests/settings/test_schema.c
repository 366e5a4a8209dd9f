/* SPDX-License-Identifier: Apache-2.0 */
/* The table itself, and the sample that must list all of it. */
#include <check.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "../../monitor/settings/describe.h"
#include "../../monitor/settings/inspect.h"
#include "../../monitor/settings/schema.h"
#include "base.h"

/* ---- the sample ---- */

/* The value as it would be written in a default: without quotes. */
static void as_written(const config_setting_t *setting, char out[512])
{
    const char *text = config_setting_get_string(setting);
    if (text != NULL)
        snprintf(out, 512, "%s", text);
    else if (config_setting_type(setting) == CONFIG_TYPE_BOOL)
        snprintf(out, 512, "%s", config_setting_get_bool(setting) ? "true" : "false");
    else if (config_setting_is_aggregate(setting))
        snprintf(out, 512, "%s", config_setting_length(setting) == 0 ? "" : "a list");
    else
        snprintf(out, 512, "%lld", config_setting_get_int64(setting));
}

/* A sink or a check of one kind cannot show the defaults of all: these are the example's own. */
static bool is_example(const char *path, const char *key)
{
    static const char *const of_smtp[] = {"host", "from", "to"};
    for (size_t i = 0; strcmp(path, "alerts[]") == 0 && i < 3; i++) {
        if (strcmp(key, of_smtp[i]) == 0)
            return true;
    }
    return strcmp(key, "alerts") == 0 || strcmp(key, "checks") == 0 || strcmp(key, "url") == 0;
}

/* In a list the first element lists everything. */
static void expect_listed(const struct schema *schema, const config_setting_t *group)
{
    ck_assert_msg(group != NULL && config_setting_is_group(group), "%s: no group", schema->path);
    for (size_t i = 0; i < schema->count; i++) {
        const struct option *option = &schema->options[i];
        const config_setting_t *setting = config_setting_get_member(group, option->key);
        char written[512];
        ck_assert_msg(setting != NULL, "%s.%s is not in the sample", schema->path, option->key);
        as_written(setting, written);
        if (option->fallback != NULL && !is_example(schema->path, option->key))
            ck_assert_msg(strcmp(written, option->fallback) == 0,
                          "%s.%s: the sample says \"%s\", the default is \"%s\"", schema->path,
                          option->key, written, option->fallback);
        if (option->type == OPTION_GROUP)
            expect_listed(option->schema, setting);
        if (option->type == OPTION_GROUPS && config_setting_length(setting) > 0)
            expect_listed(option->schema, config_setting_get_elem(setting, 0));
    }
}

START_TEST(the_sample_lists_every_option_with_its_default)
{
    config_t config;
    char *text = source_text("config/regionshift.conf");
    config_init(&config);
    ck_assert_int_eq(config_read_string(&config, text), CONFIG_TRUE);
    expect_listed(&settings_schema, config_root_setting(&config));
    config_destroy(&config);
    free(text);
}
END_TEST

START_TEST(the_sample_is_good_and_means_what_its_comments_say)
{
    char *text = source_text("config/regionshift.conf");
    char *said = said_about(text, strlen(text));
    ck_assert_ptr_null(strstr(said, "[range]"));
    struct settings *settings = good(text);
    ck_assert_uint_eq(settings->elector_count, 3);
    ck_assert_str_eq(settings_own_set(settings, 1)->set, "web-us-west-2");
    settings_destroy(settings);
    free(said);
    free(text);
}
END_TEST

/* ---- the table ---- */

/* Calls visit() for each option of the tree. */
static void visit_all(const struct schema *schema,
                      void (*visit)(const struct schema *schema, const struct option *option))
{
    for (size_t i = 0; i < schema->count; i++) {
        visit(schema, &schema->options[i]);
        if (schema->options[i].schema != NULL)
            visit_all(schema->options[i].schema, visit);
    }
}

static void expect_sound(const struct schema *schema, const struct option *option)
{
    const char *name = option->key;
    ck_assert_msg(option->help != NULL && strlen(option->help) > 4, "%s.%s: no help", schema->path,
                  name);
    ck_assert_msg(option->help[strlen(option->help) - 1] == '.', "%s.%s: help ends without .",
                  schema->path, name);
    ck_assert_uint_lt(option->offset, schema->size);
    ck_assert_msg(option->min <= option->max, "%s.%s: min > max", schema->path, name);
    bool has_words = option->type == OPTION_WORD || option->type == OPTION_COUNT;
    ck_assert_msg(has_words == (option->words != NULL), "%s.%s: words", schema->path, name);
    bool is_nested = option->type == OPTION_GROUP || option->type == OPTION_GROUPS;
    ck_assert_msg(is_nested == (option->schema != NULL), "%s.%s: schema", schema->path, name);
    ck_assert_msg(option->fallback == NULL || option->unset == NULL, "%s.%s: two defaults",
                  schema->path, name);
    if (option->type == OPTION_TEXTS || option->type == OPTION_INTEGERS)
        ck_assert_msg(option->item_max > 0, "%s.%s: items without a limit", schema->path, name);
}

START_TEST(every_option_has_help_and_limits)
{
    visit_all(&settings_schema, expect_sound);
}
END_TEST

/* A secret, even its reference, is no part of what the probes must agree on. */
static void expect_secrets_local(const struct schema *schema, bool is_local)
{
    for (size_t i = 0; i < schema->count; i++) {
        const struct option *option = &schema->options[i];
        bool local = is_local || (option->flags & OPTION_LOCAL) != 0;
        ck_assert_msg(option->type != OPTION_SECRET || local, "%s.%s is in the fingerprint",
                      schema->path, option->key);
        if (option->schema != NULL)
            expect_secrets_local(option->schema, local);
    }
}

START_TEST(no_secret_is_part_of_the_fingerprint)
{
    expect_secrets_local(&settings_schema, false);
}
END_TEST

static void expect_default_allowed(const struct schema *schema, const struct option *option)
{
    char copy[512];
    char error[256];
    msec_t ms = 0;
    const char *fallback = option->fallback;
    if (fallback == NULL)
        return;
    snprintf(copy, sizeof copy, "%s", fallback);
    long long value = strtoll(fallback, NULL, 10);
    size_t word = 0;
    switch (option->type) {
    case OPTION_INTEGER:
        ck_assert_msg(value >= option->min && value <= option->max, "%s.%s", schema->path,
                      option->key);
        return;
    case OPTION_DURATION:
        ck_assert_int_eq(duration_parse(fallback, &ms), 0);
        ck_assert_msg(ms >= option->min && ms <= option->max, "%s.%s", schema->path, option->key);
        duration_print(ms, copy);
        ck_assert_str_eq(copy, fallback);
        return;
    case OPTION_WORD:
    case OPTION_COUNT:
        while (option->words[word] != NULL && strcmp(option->words[word], fallback) != 0)
            word++;
        ck_assert_msg(option->words[word] != NULL, "%s.%s", schema->path, option->key);
        return;
    case OPTION_TEXT:
        ck_assert_int_ge((int64_t)strlen(fallback), option->min);
        ck_assert_int_le((int64_t)strlen(fallback), option->max);
        if (fallback[0] != '\0' && option->rule != NULL)
            ck_assert_int_eq(option->rule(copy, error, sizeof error), 0);
        return;
    case OPTION_BOOLEAN:
        ck_assert(strcmp(fallback, "true") == 0 || strcmp(fallback, "false") == 0);
        return;
    case OPTION_SECRET:
    case OPTION_TEXTS:
    case OPTION_INTEGERS:
    case OPTION_GROUP:
    case OPTION_GROUPS:
        ck_assert_str_eq(fallback, "");
        return;
    }
}

START_TEST(every_default_obeys_its_own_limits)
{
    visit_all(&settings_schema, expect_default_allowed);
}
END_TEST

static void expect_described(const struct schema *schema, const struct option *option)
{
    char text[256];
    option_describe(option, text, sizeof text);
    ck_assert_msg(strlen(text) > 5 && strlen(text) < 200, "%s.%s: %s", schema->path, option->key,
                  text);
}

START_TEST(every_option_can_say_what_it_allows)
{
    visit_all(&settings_schema, expect_described);
}
END_TEST

START_TEST(the_sections_bits_follow_the_order_of_the_file)
{
    static const struct {
        const char *key;
        unsigned section;
    } sections[] = {
        {"probe", SECTION_PROBE},
        {"quorum", SECTION_QUORUM},
        {"store", SECTION_STORE},
        {"checks", SECTION_CHECKS},
        {"services", SECTION_SERVICES},
        {"groups", SECTION_GROUPS},
        {"limits", SECTION_LIMITS},
        {"aws", SECTION_AWS},
        {"alerts", SECTION_ALERTS},
        {"alerting", SECTION_ALERTING},
        {"http", SECTION_HTTP},
        {"history", SECTION_HISTORY},
        {"health_checks", SECTION_HEALTH_CHECKS},
    };
    ck_assert_uint_eq(settings_schema.count, sizeof sections / sizeof *sections);
    for (size_t i = 0; i < settings_schema.count; i++) {
        ck_assert_str_eq(settings_schema.options[i].key, sections[i].key);
        ck_assert_uint_eq(1u << i, sections[i].section);
    }
}
END_TEST

START_TEST(a_slip_of_the_pen_finds_the_key_that_was_meant)
{
    ck_assert_str_eq(schema_nearest(&settings_schema, "quorums"), "quorum");
    ck_assert_str_eq(schema_nearest(&settings_schema, "servces"), "services");
    ck_assert_str_eq(schema_nearest(&settings_schema, "alert"), "alerts");
    ck_assert_str_eq(schema_nearest(&settings_schema, "htpp"), "http");
    ck_assert_ptr_null(schema_nearest(&settings_schema, "xyzzy"));
    ck_assert_ptr_null(schema_nearest(&settings_schema, "a"));
    ck_assert_ptr_null(schema_nearest(
        &settings_schema, "a-key-that-is-far-too-long-to-be-one-of-ours-by-any-measure"));
}
END_TEST

START_TEST(every_cross_check_has_a_name_and_a_reason_of_its_own)
{
    for (size_t i = 0; i < crosscheck_count; i++) {
        const char *reason = crosschecks[i].reason;
        ck_assert_msg(reason[strlen(reason) - 1] == '.', "%s", crosschecks[i].name);
        ck_assert_uint_ne(crosschecks[i].needs, 0);
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(crosschecks[i].name, crosschecks[j].name);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("schema");
    TCase *tests = tcase_create("schema");

    tcase_add_test(tests, the_sample_lists_every_option_with_its_default);
    tcase_add_test(tests, the_sample_is_good_and_means_what_its_comments_say);
    tcase_add_test(tests, every_option_has_help_and_limits);
    tcase_add_test(tests, no_secret_is_part_of_the_fingerprint);
    tcase_add_test(tests, every_default_obeys_its_own_limits);
    tcase_add_test(tests, every_option_can_say_what_it_allows);
    tcase_add_test(tests, the_sections_bits_follow_the_order_of_the_file);
    tcase_add_test(tests, a_slip_of_the_pen_finds_the_key_that_was_meant);
    tcase_add_test(tests, every_cross_check_has_a_name_and_a_reason_of_its_own);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
