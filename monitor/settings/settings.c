/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c: the straight line of this folder:
 *
 *     text -> scan -> libconfig -> read (schema) -> complete -> freeze -> cross-checks -> settings
 *                             ^ changes
 *
 * The scan and the parser end it at their first error. After them nothing stops at an error: one
 * run reports all. Nothing here is static or global, so that the daemon can load a second
 * generation while the first one serves. */
#include "settings.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "changes.h"
#include "dump.h"
#include "freeze.h"
#include "parse.h"
#include "read.h"
#include "scan.h"

/* 50,000 sites that say all they can say have some 20 MB. */
enum { FILE_SIZE_MAX = 32 * 1024 * 1024 };

/* ---- parsing ---- */

/* libconfig aborts when out of memory; that is the one failure we cannot turn into a report. */
static int parse_tree(config_t *config, const char *text, size_t length,
                      struct settings_report *report)
{
    if (length > FILE_SIZE_MAX) {
        report_error(report, 0, "size", "", "has %zu bytes; at most %d are allowed", length,
                     FILE_SIZE_MAX);
        return -1;
    }
    if (scan_settings(text, length, report) < 0)
        return -1;
    /* libconfig takes a comment for one only when a newline ends it. */
    char *copy = arena_format(report->arena, "%.*s\n", (int)length, text);
    if (copy == NULL) {
        report_out_of_memory(report);
        return -1;
    }
    if (config_read_string(config, copy) == CONFIG_TRUE)
        return 0;
    int line = config_error_line(config);
    report_error(report, line > 0 ? (unsigned)line : 0, "syntax", "",
                 "%s; members of a list [ ... ] are of one kind, and a key is given once",
                 config_error_text(config));
    return -1;
}

/* Returns 0, or -1 only when out of memory: errors of the file are in the report. */
static int build(struct inspection *in, const char *name, const char *probe)
{
    struct frozen *frozen = in->frozen;
    struct settings *settings = &frozen->settings;
    settings->file = arena_copy(settings->arena, name, strlen(name));
    if (settings->file == NULL ||
        draft_read(in->config, frozen->with_secrets, settings->arena, frozen->written, in->report,
                   &frozen->draft, &in->tainted) < 0 ||
        draft_complete(&frozen->draft, settings->arena) < 0 || freeze(in, probe) < 0)
        return -1;
    inspect_all(in);
    return 0;
}

static void drop_assertions(struct frozen *frozen)
{
    for (uint32_t i = 0; i < frozen->assertion_count; i++)
        assertion_destroy(frozen->assertions[i].assertion);
    frozen->assertion_count = 0;
}

/* What stays, and is not the arena's, is made before libconfig's tree or when it is gone, the
 * assertions for a second time: whatever lay behind the tree on the heap would keep its room, ten
 * times as much, from the kernel. */
static int settle(struct inspection *in)
{
    struct frozen *frozen = in->frozen;
    in->config = NULL;
    drop_assertions(frozen);
    for (uint32_t i = 0; i < frozen->settings.check_count; i++) {
        if (freeze_assertion(in, i, &frozen->checks[i]) < 0)
            return -1;
    }
    arena_settle(frozen->settings.arena);
    return draft_fingerprint(&frozen->draft, frozen->settings.fingerprint);
}

static struct frozen *frozen_create(const struct arena_hook *hook, bool with_secrets)
{
    struct settings_arena *arena = arena_create(hook);
    if (arena == NULL)
        return NULL;
    struct frozen *frozen = arena_alloc(arena, sizeof *frozen);
    struct settings_arena *written = frozen == NULL ? NULL : arena_create(hook);
    if (written == NULL) {
        arena_destroy(arena);
        return NULL;
    }
    frozen->settings.arena = arena;
    frozen->written = written;
    frozen->with_secrets = with_secrets;
    return frozen;
}

int settings_parse_with(const struct parse_options *options, const char *text, size_t length,
                        const char *name, const char *probe, struct settings **ret_settings,
                        struct settings_report *ret_report)
{
    config_t config;
    struct inspection in = {.config = &config, .report = ret_report};
    if (report_create(options->hook, ret_report) < 0)
        return -1;
    struct frozen *frozen = frozen_create(options->hook, options->with_secrets);
    config_init(&config);
    if (fingerprint_prepare() < 0) {
        report_out_of_memory(ret_report);
        goto out;
    }
    if (parse_tree(&config, text, length, ret_report) < 0)
        goto out;
    changes_apply(&config, options->changes, options->change_count, ret_report);
    if (frozen != NULL) {
        in.frozen = frozen;
        in.settings = &frozen->settings;
        in.draft = &frozen->draft;
    }
    if (frozen == NULL || build(&in, name, probe) < 0)
        report_out_of_memory(ret_report);
out:
    config_destroy(&config);
    if (ret_report->error_count == 0 && settle(&in) < 0)
        report_out_of_memory(ret_report);
    report_sort(ret_report);
    if (ret_report->error_count > 0) {
        settings_destroy(frozen == NULL ? NULL : &frozen->settings);
        return -1;
    }
    assert(frozen != NULL);
    *ret_settings = &frozen->settings;
    return 0;
}

int settings_parse(const char *text, size_t length, const char *name, const char *probe,
                   struct settings **ret_settings, struct settings_report *ret_report)
{
    const struct parse_options options = {.with_secrets = true};
    return settings_parse_with(&options, text, length, name, probe, ret_settings, ret_report);
}

int settings_parse_changed(const char *text, size_t length, const char *name, const char *probe,
                           const struct settings_change *changes, size_t change_count,
                           struct settings **ret_settings, struct settings_report *ret_report)
{
    const struct parse_options options = {.changes = changes, .change_count = change_count};
    return settings_parse_with(&options, text, length, name, probe == NULL ? "" : probe,
                               ret_settings, ret_report);
}

/* ---- files ---- */

/* One byte more than allowed is read, so that the size is judged on what was read. */
static int read_file(const char *path, char *buffer, size_t size, size_t *ret_length)
{
    size_t length = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (file < 0)
        return -1;
    while (length < size) {
        ssize_t got = read(file, buffer + length, size - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            int error = errno;
            close(file);
            errno = error;
            return -1;
        }
        if (got == 0)
            break;
        length += (size_t)got;
    }
    close(file);
    *ret_length = length;
    return 0;
}

static int load(const struct parse_options *options, const char *file, const char *probe,
                struct settings **ret_settings, struct settings_report *ret_report)
{
    size_t length = 0;
    int result = -1;
    char *buffer = malloc(FILE_SIZE_MAX + 1);
    if (buffer != NULL && read_file(file, buffer, FILE_SIZE_MAX + 1, &length) == 0) {
        result =
            settings_parse_with(options, buffer, length, file, probe, ret_settings, ret_report);
    } else if (report_create(NULL, ret_report) == 0) {
        int error = buffer == NULL ? ENOMEM : errno;
        report_error(ret_report, 0, "file", "", "cannot be read: %s", strerror(error));
    }
    free(buffer);
    return result;
}

int settings_load(const char *file, const char *probe, struct settings **ret_settings,
                  struct settings_report *ret_report)
{
    const struct parse_options options = {.with_secrets = true};
    return load(&options, file, probe, ret_settings, ret_report);
}

int settings_load_public(const char *file, struct settings **ret_settings,
                         struct settings_report *ret_report)
{
    const struct parse_options options = {.with_secrets = false};
    return load(&options, file, "", ret_settings, ret_report);
}

/* ---- the frozen settings ---- */

int settings_dump(const struct settings *settings, FILE *out)
{
    const struct frozen *frozen = (const struct frozen *)settings;
    return frozen->written == NULL ? -1 : draft_dump(&frozen->draft, DUMP_ALL, out);
}

void settings_forget_written(struct settings *settings)
{
    struct frozen *frozen = (struct frozen *)settings;
    arena_destroy(frozen->written);
    frozen->written = NULL;
    frozen->draft = (struct draft){0};
}

void settings_destroy(struct settings *settings)
{
    if (settings == NULL)
        return;
    struct frozen *frozen = (struct frozen *)settings;
    drop_assertions(frozen);
    arena_destroy(frozen->written);
    arena_destroy(settings->arena);
}
