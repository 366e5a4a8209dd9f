/* SPDX-License-Identifier: Apache-2.0 */
/* report.c: a bounded list of complaints. It has to work when memory has run out, so its array is
 * taken first and its last place is kept for saying just that. */
#include "report.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

struct place place_of(const char *format, ...)
{
    struct place place;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(place.text, sizeof place.text, format, arguments);
    va_end(arguments);
    return place;
}

size_t place_add(struct place *place, const char *format, ...)
{
    size_t before = strlen(place->text);
    size_t used = before;
    if (before > 0 && before + 1 < sizeof place->text)
        place->text[used++] = '.';
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(place->text + used, sizeof place->text - used, format, arguments);
    va_end(arguments);
    return before;
}

int report_create(const struct arena_hook *hook, struct settings_report *ret_report)
{
    memset(ret_report, 0, sizeof *ret_report);
    ret_report->arena = arena_create(hook);
    if (ret_report->arena != NULL)
        ret_report->problems =
            arena_array(ret_report->arena, PROBLEMS_MAX + 1, sizeof *ret_report->problems);
    if (ret_report->problems == NULL) {
        ret_report->error_count = 1;
        return -1;
    }
    return 0;
}

void report_out_of_memory(struct settings_report *report)
{
    assert(report->count <= PROBLEMS_MAX + 1);
    report->error_count++;
    if (report->count > PROBLEMS_MAX)
        return;
    report->problems[report->count++] =
        (struct settings_problem){.name = "memory", .path = "", .text = "out of memory"};
}

void report_vadd(struct settings_report *report, bool is_warning, unsigned line, const char *name,
                 const char *path, const char *format, va_list arguments)
{
    if (report->count >= PROBLEMS_MAX) {
        report->error_count += is_warning ? 0 : 1;
        return;
    }
    struct settings_problem problem = {.is_warning = is_warning, .line = line, .name = name};
    problem.path = arena_copy(report->arena, path, strlen(path));
    problem.text = arena_vformat(report->arena, format, arguments);
    if (problem.path == NULL || problem.text == NULL) {
        report_out_of_memory(report);
        return;
    }
    report->problems[report->count++] = problem;
    report->error_count += is_warning ? 0 : 1;
}

void report_error(struct settings_report *report, unsigned line, const char *name, const char *path,
                  const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report_vadd(report, false, line, name, path, format, arguments);
    va_end(arguments);
}

void report_sort(struct settings_report *report)
{
    for (size_t i = 1; i < report->count; i++) {
        struct settings_problem moving = report->problems[i];
        size_t j = i;
        for (; j > 0 && report->problems[j - 1].line > moving.line; j--)
            report->problems[j] = report->problems[j - 1];
        report->problems[j] = moving;
    }
}

static void print_problem(const struct settings_problem *problem, const char *file, FILE *out)
{
    fputs(file, out);
    if (problem->line > 0)
        fprintf(out, ":%u", problem->line);
    fprintf(out, ": %s%s%s%s [%s]\n", problem->is_warning ? "warning: " : "", problem->path,
            problem->path[0] == '\0' ? "" : ": ", problem->text, problem->name);
}

void settings_report_print(const struct settings_report *report, const char *file, FILE *out)
{
    size_t shown = 0;
    for (size_t i = 0; i < report->count; i++) {
        print_problem(&report->problems[i], file, out);
        shown += report->problems[i].is_warning ? 0 : 1;
    }
    if (report->count == 0 && report->error_count > 0)
        fprintf(out, "%s: out of memory\n", file);
    else if (report->error_count > shown)
        fprintf(out, "%s: %zu more errors are not shown\n", file, report->error_count - shown);
}

void settings_report_clear(struct settings_report *report)
{
    arena_destroy(report->arena);
    memset(report, 0, sizeof *report);
}
