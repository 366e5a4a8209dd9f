/* SPDX-License-Identifier: Apache-2.0 */
/* plugin_output.h: what a monitoring plugin prints, as the Monitoring Plugins Development
 * Guidelines have it:
 *
 *     DISK OK - free space: / 3326 MB (56%) | /=2643MB;5948;5958;0;5968
 *     longer text, line by line, and after a second bar
 *     more of it | /boot=68MB;88;93;0;98
 *
 * Every byte is foreign. What does not look like a value is skipped; nothing here decides. */
#ifndef REGIONSHIFT_PLUGIN_OUTPUT_H
#define REGIONSHIFT_PLUGIN_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

enum {
    PLUGIN_VALUES_MAX = 16, /* kept; a detail has room for some */
    PLUGIN_TEXT_MAX = 150,  /* of the first line, after escaping */
    PLUGIN_LABEL_MAX = 40,
    PLUGIN_NUMBER_MAX = 24,
    PLUGIN_UNIT_MAX = 8
};

/* 'label'=value[UOM];[warn];[crit];[min];[max]. All printable ASCII; "" where nothing stands. */
struct plugin_value {
    char label[PLUGIN_LABEL_MAX + 1];
    char value[PLUGIN_NUMBER_MAX + 1]; /* a number, or "U": it could not be measured */
    char unit[PLUGIN_UNIT_MAX + 1];
    char warn[PLUGIN_NUMBER_MAX + 1]; /* ranges, as "10", "~:10", "@5:10" */
    char critical[PLUGIN_NUMBER_MAX + 1];
    char min[PLUGIN_NUMBER_MAX + 1];
    char max[PLUGIN_NUMBER_MAX + 1];
};

struct plugin_output {
    char text[PLUGIN_TEXT_MAX + 1]; /* the first line, up to its bar; escaped */
    struct plugin_value values[PLUGIN_VALUES_MAX];
    uint32_t value_count;
    uint32_t skipped; /* values that are none, or are too many */
};

void plugin_output_parse(const char *bytes, size_t length, struct plugin_output *ret_output);

/* Writes "TEXT (label 5.2MB, other U)", as much as there is room for; always ends with NUL. */
void plugin_output_tell(const struct plugin_output *output, char *out, size_t size);

#endif
