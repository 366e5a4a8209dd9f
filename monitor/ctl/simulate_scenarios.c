/* SPDX-License-Identifier: Apache-2.0 */
/* Scenario files: by path, or by name from the folder of those that are shipped. All are read
 * before any is played, so that a slip of the pen costs no minutes. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../settings/nearest.h"
#include "render.h"
#include "simulate.h"

#define SUFFIX ".scn"

static const char *folder(void)
{
    const char *other = getenv("REGIONSHIFT_SCENARIOS");

    return other != NULL && other[0] != '\0' ? other : SCENARIOS;
}

static bool is_scenario(const char *name)
{
    size_t length = strlen(name);
    size_t suffix = strlen(SUFFIX);

    return length > suffix && name[0] != '.' && strcmp(name + length - suffix, SUFFIX) == 0;
}

static int only_scenarios(const struct dirent *entry)
{
    return is_scenario(entry->d_name);
}

/* ---- one file ---- */

static void say(void *context, const char *file, unsigned line, const char *text)
{
    (void)context;
    if (line > 0)
        fprintf(stderr, "%s:%u: %s\n", file, line, text);
    else
        fprintf(stderr, "%s: %s\n", file, text);
}

/* Takes over the path. */
static int add_file(struct simulation *simulation, char *file)
{
    struct scenario *scenario = NULL;
    struct scenario_run *run;

    if (scenario_load(file, say, NULL, &scenario) < 0) {
        free(file);
        return CODE_USAGE;
    }
    simulation->runs = must(
        reallocarray(simulation->runs, simulation->run_count + 1, sizeof(struct scenario_run *)));
    run = must(calloc(1, sizeof(*run)));
    run->file = file;
    run->scenario = scenario;
    simulation->runs[simulation->run_count++] = run;
    return 0;
}

static char *join(const char *path, const char *name, const char *suffix)
{
    char *file = NULL;

    if (asprintf(&file, "%s/%s%s", path, name, suffix) < 0)
        must(NULL);
    return file;
}

/* ---- the folder ---- */

static int scan(struct dirent ***ret_entries)
{
    int count = scandir(folder(), ret_entries, only_scenarios, alphasort);

    if (count > 0)
        return count;
    if (count < 0)
        fprintf(stderr,
                "regionshift: scenarios: %s: %s; REGIONSHIFT_SCENARIOS can name another folder\n",
                folder(), strerror(errno));
    else
        fprintf(stderr, "regionshift: scenarios: %s holds no *" SUFFIX "\n", folder());
    return -1;
}

static void forget(struct dirent **entries, int count)
{
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
}

static int add_all(struct simulation *simulation)
{
    struct dirent **entries;
    int count = scan(&entries);
    int code = 0;

    if (count < 0)
        return CODE_USAGE;
    for (int i = 0; i < count; i++) {
        if (add_file(simulation, join(folder(), entries[i]->d_name, "")) != 0)
            code = CODE_USAGE;
    }
    forget(entries, count);
    return code;
}

/* What the word may have meant, and what there is. */
static int unknown(const char *name)
{
    size_t length = strlen(name) - (is_scenario(name) ? strlen(SUFFIX) : 0);
    struct nearest nearest;
    struct dirent **entries;
    int count = scan(&entries);
    char *stem;

    if (count < 0)
        return CODE_USAGE;
    stem = must(strndup(name, length));
    nearest = nearest_to(stem);
    fprintf(stderr, "regionshift: --scenario %s: no such scenario", name);
    for (int i = 0; i < count; i++) {
        entries[i]->d_name[strlen(entries[i]->d_name) - strlen(SUFFIX)] = '\0';
        nearest_try(&nearest, entries[i]->d_name);
    }
    if (nearest.best != NULL)
        fprintf(stderr, "; did you mean %s?", nearest.best);
    fprintf(stderr, "\nIt must be a file, or one of these in %s:\n", folder());
    for (int i = 0; i < count; i++)
        fprintf(stderr, "  %s\n", entries[i]->d_name);
    forget(entries, count);
    free(stem);
    return CODE_USAGE;
}

/* A path, a file here, or the name of one that is shipped, with or without its suffix. */
static int add_asked(struct simulation *simulation, const char *name)
{
    bool is_file_name = is_scenario(name);
    char *file;

    if (strchr(name, '/') != NULL || (is_file_name && access(name, F_OK) == 0))
        return add_file(simulation, must(strdup(name)));
    file = join(folder(), name, is_file_name ? "" : SUFFIX);
    if (access(file, F_OK) == 0)
        return add_file(simulation, file);
    free(file);
    return unknown(name);
}

int scenarios_find(struct simulation *simulation)
{
    const struct arguments *arguments = simulation->arguments;
    int code = 0;

    if (arguments->scenario_count == 0)
        return arguments->seeds == 0 ? add_all(simulation) : 0;
    for (size_t i = 0; i < arguments->scenario_count; i++) {
        if (add_asked(simulation, arguments->scenarios[i]) != 0)
            code = CODE_USAGE;
    }
    return code;
}

void scenarios_clear(struct simulation *simulation)
{
    for (size_t i = 0; i < simulation->run_count; i++) {
        scenario_destroy(simulation->runs[i]->scenario);
        free(simulation->runs[i]->file);
        free(simulation->runs[i]);
    }
    free(simulation->runs);
}
