/* SPDX-License-Identifier: Apache-2.0 */
/* base.c: see base.h. */
#include "base.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define BASE "tests/settings/base.conf"

char *source_text(const char *path)
{
    char full[1024];
    char *text = NULL;
    size_t size = 0;
    snprintf(full, sizeof full, "%s/%s", SOURCE_DIR, path);
    FILE *file = fopen(full, "r");
    ck_assert_msg(file != NULL, "cannot open %s", full);
    ssize_t length = getdelim(&text, &size, '\0', file);
    ck_assert_msg(length > 0, "cannot read %s", full);
    fclose(file);
    return text;
}

char *edited(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    ck_assert_msg(at != NULL, "the text to replace is not there: %s", from);
    size_t size = strlen(text) + strlen(to) + 1;
    char *result = malloc(size);
    ck_assert_ptr_nonnull(result);
    snprintf(result, size, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return result;
}

char *base_with(const char *from, const char *to)
{
    char *base = source_text(BASE);
    char *result = edited(base, from, to);
    free(base);
    return result;
}

static char *printed(const struct settings_report *report)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    ck_assert_ptr_nonnull(out);
    settings_report_print(report, "F", out);
    fclose(out);
    return text;
}

char *said_about(const char *text, size_t length)
{
    struct settings *settings = NULL;
    struct settings_report report;
    int result = settings_parse(text, length, "F", NULL, &settings, &report);
    ck_assert_int_eq(result == 0, settings != NULL);
    ck_assert_int_eq(result == 0, report.error_count == 0);
    char *said = printed(&report);
    settings_destroy(settings);
    settings_report_clear(&report);
    return said;
}

struct settings *good(const char *text)
{
    struct settings *settings = NULL;
    struct settings_report report;
    if (settings_parse(text, strlen(text), "F", NULL, &settings, &report) < 0)
        ck_abort_msg("%s", printed(&report));
    settings_report_clear(&report);
    return settings;
}

char *dump_of(const struct settings *settings)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    ck_assert_ptr_nonnull(out);
    ck_assert_int_eq(settings_dump(settings, out), 0);
    fclose(out);
    return text;
}

void expect_said(const char *from, const char *to, const char *report)
{
    char *text = base_with(from, to);
    char *said = said_about(text, strlen(text));
    ck_assert_str_eq(said, report);
    free(said);
    free(text);
}

/* libconfig 1.5 loses the text it was reading when a file ends in a syntax error; a few bytes a bad
 * file, and not ours to free. The sanitizer asks for this function by its name. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig.so";
}
