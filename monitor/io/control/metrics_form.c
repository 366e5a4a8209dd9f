/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics.h"

#include <stdarg.h>
#include <stdio.h>

enum { LABELS_MAX = 1024 };

void metrics_family(struct metrics *page, const char *name, const char *type, const char *help)
{
    buffer_add_text(&page->text, "# HELP ");
    buffer_add_text(&page->text, name);
    buffer_add_char(&page->text, ' ');
    buffer_add_text(&page->text, help);
    buffer_add_text(&page->text, "\n# TYPE ");
    buffer_add_text(&page->text, name);
    buffer_add_char(&page->text, ' ');
    buffer_add_text(&page->text, type);
    buffer_add_char(&page->text, '\n');
    page->family = name;
}

void metrics_sample(struct metrics *page, const char *labels, double value)
{
    char number[64];

    buffer_add_text(&page->text, page->family);
    if (page->suffix != NULL)
        buffer_add_text(&page->text, page->suffix);
    if (labels[0] != '\0') {
        buffer_add_char(&page->text, '{');
        buffer_add_text(&page->text, labels);
        buffer_add_char(&page->text, '}');
    }
    snprintf(number, sizeof(number), " %.15g\n", value);
    buffer_add_text(&page->text, number);
}

void metrics_labelled(struct metrics *page, double value, const char *format, ...)
{
    char labels[LABELS_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(labels, sizeof(labels), format, args);
    va_end(args);
    metrics_sample(page, labels, value);
}

void metrics_single(struct metrics *page, const char *name, const char *type, const char *help,
                    double value)
{
    metrics_family(page, name, type, help);
    metrics_sample(page, "", value);
}

double metrics_seconds(msec_t ms)
{
    return (double)ms / 1000.0;
}
