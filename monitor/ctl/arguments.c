/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: options and words in any order, the first word is the command. Whatever is
 * wrong is said with what was meant, if something is near, and with what is allowed. */
#include "ctl.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../settings/nearest.h"
#include "../settings/rules.h"

enum {
    OPTION_JSON = 256,
    OPTION_WATCH,
    OPTION_DOWN,
    OPTION_TERRAFORM,
    OPTION_XML,
    OPTION_YES,
    OPTION_REASON,
    OPTION_FOR,
    OPTION_OVERRIDE,
    OPTION_LIMIT,
    OPTION_PROBE,
    OPTION_SCENARIO,
    OPTION_SEEDS,
    OPTION_SEED,
    OPTION_TRACE,
    OPTION_SWEEP,
    OPTION_RECORDING,
    OPTION_FROM,
    OPTION_BY,
    OPTION_EXPECT,
    OPTION_ADDRESS,
    OPTION_CHECK,
    OPTION_LIST,
    OPTION_EXPORT,
    OPTION_STORE,
    OPTION_HEALTH_CHECKS,
    OPTION_ROTATE,
    OPTION_ADMIN,
    OPTION_ADMIN_PASSWORD,
    OPTION_PASSWORDS
};

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"server", required_argument, NULL, 's'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {"json", no_argument, NULL, OPTION_JSON},
    {"watch", no_argument, NULL, OPTION_WATCH},
    {"down", required_argument, NULL, OPTION_DOWN},
    {"terraform", no_argument, NULL, OPTION_TERRAFORM},
    {"xml", no_argument, NULL, OPTION_XML},
    {"yes", no_argument, NULL, OPTION_YES},
    {"reason", required_argument, NULL, OPTION_REASON},
    {"for", required_argument, NULL, OPTION_FOR},
    {"override", no_argument, NULL, OPTION_OVERRIDE},
    {"limit", required_argument, NULL, OPTION_LIMIT},
    {"probe", required_argument, NULL, OPTION_PROBE},
    {"scenario", required_argument, NULL, OPTION_SCENARIO},
    {"seeds", required_argument, NULL, OPTION_SEEDS},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"trace", no_argument, NULL, OPTION_TRACE},
    {"sweep", required_argument, NULL, OPTION_SWEEP},
    {"recording", required_argument, NULL, OPTION_RECORDING},
    {"from", required_argument, NULL, OPTION_FROM},
    {"by", required_argument, NULL, OPTION_BY},
    {"expect", required_argument, NULL, OPTION_EXPECT},
    {"address", required_argument, NULL, OPTION_ADDRESS},
    {"check", required_argument, NULL, OPTION_CHECK},
    {"list", no_argument, NULL, OPTION_LIST},
    {"export", no_argument, NULL, OPTION_EXPORT},
    {"store", no_argument, NULL, OPTION_STORE},
    {"health-checks", no_argument, NULL, OPTION_HEALTH_CHECKS},
    {"rotate", no_argument, NULL, OPTION_ROTATE},
    {"admin", required_argument, NULL, OPTION_ADMIN},
    {"admin-password", required_argument, NULL, OPTION_ADMIN_PASSWORD},
    {"passwords", required_argument, NULL, OPTION_PASSWORDS},
    {NULL, 0, NULL, 0},
};

/* The options that belong to some commands only. */
static const struct {
    int option;
    enum option_set set;
    const char *name;
} owned[] = {
    {OPTION_WATCH, TAKES_WATCH, "--watch"},
    {OPTION_DOWN, TAKES_DOWN, "--down"},
    {OPTION_TERRAFORM, TAKES_TERRAFORM, "--terraform"},
    {OPTION_XML, TAKES_XML, "--xml"},
    {OPTION_YES, TAKES_YES, "--yes"},
    {OPTION_REASON, TAKES_REASON, "--reason"},
    {OPTION_FOR, TAKES_FOR, "--for"},
    {OPTION_OVERRIDE, TAKES_OVERRIDE, "--override"},
    {OPTION_LIMIT, TAKES_LIMIT, "--limit"},
    {OPTION_PROBE, TAKES_PROBE, "--probe"},
    {OPTION_SCENARIO, TAKES_SCENARIO, "--scenario"},
    {OPTION_SEEDS, TAKES_SEEDS, "--seeds"},
    {OPTION_SEED, TAKES_SEED, "--seed"},
    {OPTION_TRACE, TAKES_TRACE, "--trace"},
    {OPTION_SWEEP, TAKES_SWEEP, "--sweep"},
    {OPTION_RECORDING, TAKES_RECORDING, "--recording"},
    {OPTION_FROM, TAKES_FROM, "--from"},
    {OPTION_BY, TAKES_BY, "--by"},
    {OPTION_EXPECT, TAKES_CHECK, "--expect"},
    {OPTION_ADDRESS, TAKES_CHECK, "--address"},
    {OPTION_CHECK, TAKES_CHECK, "--check"},
    {OPTION_LIST, TAKES_LIST, "--list"},
    {OPTION_EXPORT, TAKES_EXPORT, "--export"},
    {OPTION_STORE, TAKES_STORE, "--store"},
    {OPTION_HEALTH_CHECKS, TAKES_HEALTH, "--health-checks"},
    {OPTION_ROTATE, TAKES_HEALTH, "--rotate"},
    {OPTION_ADMIN, TAKES_STORE, "--admin"},
    {OPTION_ADMIN_PASSWORD, TAKES_STORE, "--admin-password"},
    {OPTION_PASSWORDS, TAKES_STORE, "--passwords"},
};
enum { OWNED_COUNT = sizeof(owned) / sizeof(owned[0]), LIMIT_MAX = 1000, SEEDS_MAX = 10000000 };

/* Being read. */
struct reading {
    const struct command *commands;
    struct arguments *arguments;
    unsigned used; /* option_set */
    const char *for_text;
};

/* ---- what was meant ---- */

static const char *nearest_command(const struct command *commands, const char *wanted)
{
    struct nearest nearest = nearest_to(wanted);

    for (const struct command *c = commands; c->name != NULL; c++)
        nearest_try(&nearest, c->name);
    return nearest.best;
}

static const char *nearest_option(const char *wanted)
{
    struct nearest nearest = nearest_to(wanted);

    for (const struct option *o = options; o->name != NULL; o++)
        nearest_try(&nearest, o->name);
    return nearest.best;
}

/* ---- help ---- */

static void print_usage(const struct command *commands, FILE *out)
{
    fputs(
        "usage: regionshift [-c FILE | -s unix:PATH|http(s)://HOST:PORT] COMMAND [--json] ...\n\n",
        out);
    for (const struct command *c = commands; c->name != NULL; c++)
        fprintf(out, "  %-11s %s\n", c->name, c->summary);
    fputs(
        "\n  -c, --config FILE    settings that name the control socket (" DEFAULT_FILE ")\n"
        "  -s, --server WHERE   the daemon to ask: unix:PATH, http://HOST:PORT, https://HOST:PORT\n"
        "      --json           print JSON, the form of docs/API.md\n"
        "  -h, --help           of the command, or this\n"
        "  -V, --version        print the version\n"
        "\nExit status: 0 good, 1 failed or no daemon reached, 2 usage or bad file, 3 not now:\n"
        "refused by a rule, which is named.\n",
        out);
}

static void print_help(const struct command *command)
{
    printf("usage: regionshift %s %s [--json]\n%s\n%s", command->name, command->synopsis,
           command->summary, command->help);
}

/* One line of what is wrong, and the usage of the command, or how to get it. */
__attribute__((format(printf, 2, 3))) static int wrong(const struct reading *reading,
                                                       const char *format, ...)
{
    const struct command *command = reading->arguments->command;
    va_list args;

    fputs("regionshift: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    if (command != NULL)
        fprintf(stderr, "\nusage: regionshift %s %s [--json]\n", command->name, command->synopsis);
    else
        fputs("\n`regionshift --help` lists the commands\n", stderr);
    return CODE_USAGE;
}

/* ---- options ---- */

static int take_number(struct reading *reading, const char *name, int64_t low, int64_t high,
                       int64_t *ret_value)
{
    long long value;
    char *end;

    errno = 0;
    value = strtoll(optarg, &end, 10);
    if (errno != 0 || end == optarg || *end != '\0' || value < low || value > high)
        return wrong(reading, "%s %s: must be a number, %" PRId64 " to %" PRId64, name, optarg, low,
                     high);
    *ret_value = value;
    return -1;
}

static int take_down(struct reading *reading, const char *name)
{
    struct arguments *arguments = reading->arguments;

    if (arguments->down_count == DOWNS_MAX)
        return wrong(reading, "--down: more than %d", DOWNS_MAX);
    arguments->downs[arguments->down_count++] = name;
    return -1;
}

static int take_scenario(struct reading *reading, const char *name)
{
    struct arguments *arguments = reading->arguments;

    if (arguments->scenario_count == SCENARIOS_MAX)
        return wrong(reading, "--scenario: more than %d", SCENARIOS_MAX);
    arguments->scenarios[arguments->scenario_count++] = name;
    return -1;
}

static int unknown_option(const struct reading *reading, char **argv)
{
    const char *text = argv[optind - 1];
    const char *near;

    if (optopt != 0 && optopt < 256)
        return wrong(reading,
                     optopt == 'c' || optopt == 's' ? "-%c needs a value" : "unknown option -%c",
                     optopt);
    near = strncmp(text, "--", 2) == 0 ? nearest_option(text + 2) : NULL;
    if (optopt != 0)
        return wrong(reading, "%s: needs a value, or takes none", text);
    if (near != NULL)
        return wrong(reading, "unknown option %s; did you mean --%s?", text, near);
    return wrong(reading, "unknown option %s", text);
}

/* Options without a value; false: it is not one of them. */
static bool take_flag(struct arguments *arguments, int option)
{
    switch (option) {
    case 'h':
        arguments->help = true;
        return true;
    case OPTION_JSON:
        arguments->json = true;
        return true;
    case OPTION_WATCH:
        arguments->watch = true;
        return true;
    case OPTION_TERRAFORM:
        arguments->terraform = true;
        return true;
    case OPTION_XML:
        arguments->xml = true;
        return true;
    case OPTION_YES:
        arguments->yes = true;
        return true;
    case OPTION_OVERRIDE:
        arguments->override = true;
        return true;
    case OPTION_SWEEP:
        arguments->sweep = optarg;
        return -1;
    case OPTION_TRACE:
        arguments->trace = true;
        return true;
    case OPTION_LIST:
        arguments->list = true;
        return true;
    case OPTION_EXPORT:
        arguments->export = true;
        return true;
    case OPTION_HEALTH_CHECKS:
        arguments->health_checks = true;
        return true;
    case OPTION_ROTATE:
        arguments->rotate = true;
        return true;
    case OPTION_STORE:
        arguments->store = true;
        return true;
    default:
        return false;
    }
}

/* Options whose value is a text, whatever it is; false: it is not one of them. */
static bool take_text(struct arguments *arguments, int option)
{
    const struct {
        int option;
        const char **value;
    } texts[] = {{OPTION_REASON, &arguments->reason},
                 {OPTION_PROBE, &arguments->probe},
                 {OPTION_BY, &arguments->by},
                 {OPTION_FROM, &arguments->from},
                 {OPTION_EXPECT, &arguments->expect},
                 {OPTION_ADDRESS, &arguments->address},
                 {OPTION_CHECK, &arguments->check},
                 {OPTION_ADMIN, &arguments->admin},
                 {OPTION_ADMIN_PASSWORD, &arguments->admin_password},
                 {OPTION_PASSWORDS, &arguments->passwords}};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].option == option) {
            *texts[i].value = optarg;
            return true;
        }
    }
    return false;
}

static int take_option(struct reading *reading, int option, char **argv)
{
    struct arguments *arguments = reading->arguments;

    for (size_t i = 0; i < OWNED_COUNT; i++) {
        if (owned[i].option == option)
            reading->used |= owned[i].set;
    }
    if (take_flag(arguments, option))
        return -1;
    if (take_text(arguments, option))
        return -1;
    switch (option) {
    case 'c':
        arguments->file = optarg;
        return -1;
    case 's':
        arguments->server = optarg;
        return -1;
    case 'V':
        puts("regionshift " REGIONSHIFT_VERSION);
        return CODE_GOOD;
    case OPTION_DOWN:
        return take_down(reading, optarg);
    case OPTION_FOR:
        reading->for_text = optarg;
        return -1;
    case OPTION_LIMIT:
        return take_number(reading, "--limit", 1, LIMIT_MAX, &arguments->limit);
    case OPTION_SCENARIO:
        return take_scenario(reading, optarg);
    case OPTION_SEEDS:
        return take_number(reading, "--seeds", 1, SEEDS_MAX, &arguments->seeds);
    case OPTION_SEED:
        return take_number(reading, "--seed", 0, INT64_MAX - SEEDS_MAX, &arguments->seed);
    case OPTION_RECORDING:
        return take_number(reading, "--recording", 1, INT64_MAX, &arguments->recording);
    default:
        return unknown_option(reading, argv);
    }
}

/* ---- words and the whole ---- */

static int take_command(struct reading *reading, const char *name)
{
    const char *near;

    for (const struct command *c = reading->commands; c->name != NULL; c++) {
        if (strcmp(c->name, name) == 0) {
            reading->arguments->command = c;
            return -1;
        }
    }
    near = nearest_command(reading->commands, name);
    if (near != NULL)
        return wrong(reading, "unknown command '%s'; did you mean '%s'?", name, near);
    return wrong(reading, "unknown command '%s'", name);
}

static int take_words(struct reading *reading, char **words, int count)
{
    struct arguments *arguments = reading->arguments;
    int code;

    if (count > 0 && strcmp(words[0], "help") == 0) {
        arguments->help = true;
        words++;
        count--;
    }
    if (count == 0)
        return -1;
    code = take_command(reading, words[0]);
    if (code >= 0)
        return code;
    arguments->name = count > 1 ? words[1] : NULL;
    if (count > 1 && arguments->command->noun == NULL)
        return wrong(reading, "unexpected '%s': %s takes no name", words[1], words[0]);
    if (count > 2)
        return wrong(reading, "unexpected '%s': one name is enough", words[2]);
    return -1;
}

static int check_options(struct reading *reading)
{
    const struct arguments *arguments = reading->arguments;
    const struct command *command = arguments->command;

    for (size_t i = 0; i < OWNED_COUNT; i++) {
        if ((reading->used & owned[i].set) && !(command->options & owned[i].set))
            return wrong(reading, "%s takes no %s", command->name, owned[i].name);
    }
    if (!arguments->store && (arguments->admin != NULL || arguments->admin_password != NULL ||
                              arguments->passwords != NULL))
        return wrong(reading, "--admin, --admin-password and --passwords belong to --store");
    if (arguments->rotate && !arguments->health_checks)
        return wrong(reading, "--rotate belongs to --health-checks");
    if (arguments->store && arguments->health_checks)
        return wrong(reading, "--store and --health-checks are two things: one after the other");
    if (arguments->terraform && (arguments->yes || arguments->store || arguments->health_checks))
        return wrong(reading, "--terraform only prints, and goes alone");
    if (command->noun_needed && arguments->name == NULL)
        return wrong(reading, "%s needs a %s", command->name, command->noun);
    if ((command->options & TAKES_REASON) && arguments->reason == NULL)
        return wrong(reading, "%s needs --reason TEXT: it is recorded with your name",
                     command->name);
    if (arguments->file != NULL && arguments->server != NULL)
        return wrong(reading, "-c and -s both say which daemon: give one of them");
    if (reading->for_text != NULL &&
        (duration_parse(reading->for_text, &reading->arguments->for_ms) < 0 ||
         arguments->for_ms < 1000))
        return wrong(reading, "--for %s: must be a time of 1 second or more, as 90s, 30m, 2h, 1d",
                     reading->for_text);
    return -1;
}

int arguments_read(int argc, char **argv, const struct command *commands,
                   struct arguments *ret_arguments)
{
    struct reading reading = {.commands = commands, .arguments = ret_arguments};
    int option;
    int code;

    *ret_arguments = (struct arguments){.seed = 1};
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":c:s:hV", options, NULL)) != -1) {
        code = take_option(&reading, option, argv);
        if (code >= 0)
            return code;
    }
    code = take_words(&reading, argv + optind, argc - optind);
    if (code >= 0)
        return code;
    if (ret_arguments->help) {
        if (ret_arguments->command != NULL)
            print_help(ret_arguments->command);
        else
            print_usage(commands, stdout);
        return CODE_GOOD;
    }
    if (ret_arguments->command == NULL) {
        print_usage(commands, stderr);
        return CODE_USAGE;
    }
    return check_options(&reading);
}
