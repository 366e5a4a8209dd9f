/* SPDX-License-Identifier: Apache-2.0 */
/* regionshift simulate: the settings, before traffic is trusted to them, in the outages of others
 * and in random ones. The daemon's own engine runs in a simulated world (monitor/sim/); no daemon
 * is needed, no secret is opened, nothing that the settings name is touched. */
#include "simulate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render.h"

enum { SETTINGS_SIZE_MAX = 4 * 1024 * 1024 };

static int no(const char *text)
{
    fprintf(stderr, "regionshift: %s\n", text);
    return CODE_USAGE;
}

/* What the table of options cannot say. */
static int check_arguments(const struct arguments *arguments)
{
    if (arguments->server != NULL)
        return no("simulate runs here, from a settings file: -c FILE");
    if (arguments->sweep != NULL &&
        (arguments->trace || arguments->scenario_count > 0 || arguments->seeds > 0))
        return no("--sweep stands alone, or with --seed and --json");
    if (arguments->trace && arguments->json)
        return no("--trace is for people: not with --json");
    if (arguments->trace && arguments->scenario_count == 0 && arguments->seeds == 0)
        return no("--trace prints every run: say which, with --scenario or --seeds");
    return 0;
}

static int cannot_read(const struct simulation *simulation)
{
    fprintf(stderr, "regionshift: %s: cannot be read: %s\n", simulation->file, strerror(errno));
    return CODE_USAGE;
}

/* Every probe of the world will read the same text, each as itself. */
static int read_file(struct simulation *simulation)
{
    FILE *in = fopen(simulation->file, "re");
    bool failed;

    if (in == NULL)
        return cannot_read(simulation);
    simulation->text = must(malloc(SETTINGS_SIZE_MAX));
    simulation->length = fread(simulation->text, 1, SETTINGS_SIZE_MAX, in);
    failed = ferror(in) != 0;
    fclose(in);
    if (failed)
        return cannot_read(simulation);
    if (simulation->length == SETTINGS_SIZE_MAX)
        return no("the settings file is too large");
    return 0;
}

/* All that is wrong with the settings is said before a world is made of them. */
static int check_settings(const struct simulation *simulation)
{
    struct settings_report report = {0};
    struct settings *settings = NULL;
    int code = 0;

    if (settings_parse_changed(simulation->text, simulation->length, simulation->file, NULL, NULL,
                               0, &settings, &report) < 0) {
        settings_report_print(&report, simulation->file, stderr);
        code = CODE_USAGE;
    }
    settings_report_clear(&report);
    settings_destroy(settings);
    return code;
}

int simulate_read_settings(struct simulation *simulation)
{
    int code = read_file(simulation);

    if (code == 0)
        code = check_settings(simulation);
    if (code == 0)
        code = simulate_make_cast(simulation);
    return code;
}

static int simulate(struct simulation *simulation)
{
    int code = simulate_read_settings(simulation);

    if (code == 0)
        code = scenarios_find(simulation);
    if (code == 0)
        code = simulate_all(simulation);
    if (code != 0)
        return code;
    if (!simulation->arguments->json)
        simulate_show(simulation);
    else if (simulate_show_json(simulation) < 0)
        return CODE_FAILED;
    return simulate_is_good(simulation) ? CODE_GOOD : CODE_FAILED;
}

int run_simulate(const struct arguments *arguments)
{
    bool is_plain = arguments->scenario_count == 0 && arguments->seeds == 0;
    struct simulation simulation = {.arguments = arguments,
                                    .file =
                                        arguments->file != NULL ? arguments->file : DEFAULT_FILE,
                                    .seeds = is_plain ? RANDOM_HOURS : arguments->seeds};
    int code = check_arguments(arguments);

    if (code == 0)
        code = arguments->sweep != NULL ? simulate_sweep(&simulation) : simulate(&simulation);
    simulate_clear(&simulation);
    return code;
}
