/* SPDX-License-Identifier: Apache-2.0 */
/* What any program may print. What is promised: all that is kept is printable ASCII within its
 * bounds; what is told fits wherever it goes and is the beginning of what a larger place has; bytes
 * behind the end are not looked at. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "plugin_output.h"

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
