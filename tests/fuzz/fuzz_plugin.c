/* SPDX-License-Identifier: Apache-2.0 */
/* What any program may print. What is promised: all that is kept is printable ASCII within its
 * bounds; what is told fits wherever it goes and is the beginning of what a larger place has; bytes
 * behind the end are not looked at. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "plugin_output.h"
#include "push_report.h"

static void check_printable(const char *text, size_t max)
{
    assert(strlen(text) <= max);
    for (const char *p = text; *p != '\0'; p++)
        assert(*p >= 0x20 && *p < 0x7f);
}

static void check_value(const struct plugin_value *value)
{
    check_printable(value->label, PLUGIN_LABEL_MAX);
    check_printable(value->value, PLUGIN_NUMBER_MAX);
    check_printable(value->unit, PLUGIN_UNIT_MAX);
    check_printable(value->warn, PLUGIN_NUMBER_MAX);
    check_printable(value->critical, PLUGIN_NUMBER_MAX);
    check_printable(value->min, PLUGIN_NUMBER_MAX);
    check_printable(value->max, PLUGIN_NUMBER_MAX);
    assert(value->label[0] != '\0' && value->value[0] != '\0');
}

void fuzz_plugin_output(const uint8_t *data, size_t size)
{
    struct plugin_output output;
    char *bytes = malloc(size > 0 ? size : 1); /* its own, so that a byte too far is seen */
    char whole[4096];

    assert(bytes != NULL);
    memcpy(bytes, data, size);
    plugin_output_parse(bytes, size, &output);
    free(bytes);
    check_printable(output.text, PLUGIN_TEXT_MAX);
    assert(output.value_count <= PLUGIN_VALUES_MAX);
    assert(output.skipped <= size);
    for (uint32_t i = 0; i < output.value_count; i++)
        check_value(&output.values[i]);
    plugin_output_tell(&output, whole, sizeof(whole));
    check_printable(whole, sizeof(whole) - 1);
    for (size_t room = 1; room < 64; room++) {
        char part[64];

        plugin_output_tell(&output, part, room);
        assert(strlen(part) < room);
        assert(strncmp(part, whole, strcspn(part, ")")) == 0);
    }
}

/* What a job posts, and what may be on disk of it. What is taken is kept, and comes back as it was;
 * what is shown is printable; a refusal says what is allowed. */
void fuzz_push_report(const uint8_t *data, size_t size)
{
    static struct push_kept kept;
    static struct push_kept again;
    static char text[PUSH_KEPT_MAX];
    struct push_report report = {.text = ""};
    char error[300] = "";
    int length;

    if (push_kept_read((const char *)data, size, &kept, error, sizeof(error)) == 0)
        assert(kept.length <= PUSH_BODY_MAX && kept.silent_ms >= 0 && kept.at_wall >= 0);
    error[0] = '\0';
    if (push_report_read((const char *)data, size, &report, error, sizeof(error)) < 0) {
        check_printable(error, sizeof(error) - 1);
        assert(size > PUSH_BODY_MAX || strstr(error, "; allowed are") != NULL);
        return;
    }
    check_printable(report.text, PUSH_TEXT_MAX);
    kept = (struct push_kept){.at_wall = 1, .silent_ms = 2, .length = size};
    memcpy(kept.body, data, size);
    length = push_kept_write(&kept, text, sizeof(text));
    assert(length > 0);
    assert(push_kept_read(text, (size_t)length, &again, error, sizeof(error)) == 0);
    assert(again.length == size && memcmp(again.body, kept.body, size) == 0);
}
