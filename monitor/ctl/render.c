/* SPDX-License-Identifier: Apache-2.0 */
#include "render.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const codes[] = {
    [STYLE_PLAIN] = "",        [STYLE_HEAD] = "\033[1m",  [STYLE_DIM] = "\033[2m",
    [STYLE_GOOD] = "\033[32m", [STYLE_WARN] = "\033[33m", [STYLE_BAD] = "\033[31m"};

static bool has_colours(void)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    return isatty(STDOUT_FILENO) && (no_colour == NULL || no_colour[0] == '\0') &&
           (term == NULL || strcmp(term, "dumb") != 0);
}

static const char *begin(enum style style)
{
    return style != STYLE_PLAIN && has_colours() ? codes[style] : "";
}

static const char *end(enum style style)
{
    return style != STYLE_PLAIN && has_colours() ? "\033[0m" : "";
}

/* Control characters, and those that UTF-8 writes as C2 80..9F. */
void render_text(FILE *out, const char *text)
{
    const unsigned char *c = (const unsigned char *)text;

    for (; *c != '\0'; c++) {
        if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f) {
            fputc('?', out);
            c++;
        } else {
            fputc((*c < ' ' && *c != '\n') || *c == 0x7f ? '?' : *c, out);
        }
    }
}

void render_styled(enum style style, const char *text)
{
    fputs(begin(style), stdout);
    render_text(stdout, text);
    fputs(end(style), stdout);
}

const char *render_span(const json_t *seconds, char out[SPAN_MAX])
{
    if (json_is_number(seconds))
        return span_format((msec_t)(json_number_value(seconds) * 1000 + 0.5), out);
    snprintf(out, SPAN_MAX, "-");
    return out;
}

/* ---- tables ---- */

struct cell {
    char *text;
    enum style style;
};

struct table {
    size_t columns;
    struct cell *cells;
    size_t count;
    size_t capacity;
};

void *must(void *memory)
{
    if (memory == NULL) {
        fputs("regionshift: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return memory;
}

struct table *table_create(size_t columns)
{
    struct table *table = must(calloc(1, sizeof(*table)));

    table->columns = columns;
    return table;
}

void table_add(struct table *table, enum style style, const char *format, ...)
{
    struct cell *cell;
    va_list args;

    if (table->count == table->capacity) {
        table->capacity = table->capacity * 2 + 64;
        table->cells = must(reallocarray(table->cells, table->capacity, sizeof(*table->cells)));
    }
    cell = &table->cells[table->count++];
    cell->style = style;
    va_start(args, format);
    if (vasprintf(&cell->text, format, args) < 0)
        must(NULL);
    va_end(args);
}

/* Columns on the screen: bytes that begin a character. */
static int width_of(const char *text)
{
    int width = 0;

    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static int column_width(const struct table *table, size_t column)
{
    int width = 0;

    for (size_t i = column; i < table->count; i += table->columns) {
        int wide = width_of(table->cells[i].text);
        width = wide > width ? wide : width;
    }
    return width;
}

void table_finish(struct table *table, int indent)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct cell *cell = &table->cells[i];
        size_t column = i % table->columns;
        bool last = column + 1 == table->columns || i + 1 == table->count;

        if (column == 0)
            printf("%*s", indent, "");
        render_styled(cell->style, cell->text);
        if (last)
            putchar('\n');
        else
            printf("%*s", column_width(table, column) - width_of(cell->text) + 2, "");
    }
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i].text);
    free(table->cells);
    free(table);
}

/* ---- pieces of answers ---- */

const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

bool true_of(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

long long number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_integer(value) ? json_integer_value(value) : -1;
}

const char *weights_text(json_t *weights, char out[WEIGHTS_TEXT_MAX])
{
    const char *service = "";
    size_t service_length = 0;
    size_t used = 0;
    const char *site;
    json_t *weight;

    out[0] = '\0';
    json_object_foreach(weights, site, weight)
    {
        size_t length = strcspn(site, "/");
        bool same = length == service_length && strncmp(site, service, length) == 0;
        int n =
            same
                ? snprintf(out + used, WEIGHTS_TEXT_MAX - used, "/%lld", json_integer_value(weight))
                : snprintf(out + used, WEIGHTS_TEXT_MAX - used, "%s%.*s %lld", used > 0 ? ", " : "",
                           (int)length, site, json_integer_value(weight));

        if (n < 0 || used + (size_t)n >= WEIGHTS_TEXT_MAX)
            break;
        used += (size_t)n;
        service = site;
        service_length = length;
    }
    return out;
}
