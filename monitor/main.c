/* SPDX-License-Identifier: Apache-2.0 */
/* regionshiftd: moves a service's traffic away from a sick region.
 *
 * The map of this tree; every event walks this line, in this order:
 *
 *     check -> result -> verdict -> vote -> agreement -> decision -> change -> verification
 *     -> alert
 *
 *     include/          one header for each noun: begin with event.h, update.h, engine.h
 *     monitor/
 *       main.c          this file: arguments, settings, and off to daemon_run()
 *       core/           PURE: what to believe, to decide, to change; engine.c tells the story
 *       codec/          PURE: bytes <-> structs: JSON of the store, XML and signatures of AWS
 *       settings/       the settings file -> one frozen struct
 *       io/             the shell: does what the engine wants, tells it what happened
 *         loop.c        the turn: reads the clock, steps the engine
 *         daemon.c      starts and stops the parts
 *         perform.c     does what an update wants
 *         reload.c      swaps settings, engine and parts in one go
 *         probe/        checks over the network: one file for each kind
 *         board.c       the store's keys <-> events
 *         store/        the engines of the store
 *         zones.c       Route 53's zones <-> events; follow.c until every server has a change
 *         aws/          credentials, signed calls, the client of Route 53
 *         journal.c     epochs, and latches.c beacons: on disk before a request leaves
 *         pushes.c      jobs that report by themselves, and their silence
 *         alerts.c      alerts on disk, claimed, sent
 *         sink/         one file for each kind of sink
 *         control/      the HTTP interface, over the socket and TCP
 *         history.c     what people read afterwards; log.c what they read now
 *       sim/            the same engine in a simulated world
 *       ctl/            the command `regionshift`
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "daemon.h"
#include "harden.h"
#include "heap.h"
#include "json_memory.h"
#include "log.h"
#include "loop.h"
#include "probe.h"
#include "settings.h"

#ifndef REGIONSHIFT_VERSION
#error "REGIONSHIFT_VERSION is set by the build"
#endif

static const char usage[] =
    "usage: regionshiftd [-c FILE] [-t] [-n] [-V] [--probe NAME] [--dump-config]\n"
    "  -c, --config FILE   settings (default /etc/regionshift/regionshift.conf)\n"
    "  -t, --test          test the settings and exit: 0 good, 2 bad\n"
    "  -n, --dry-run       watch and propose; commit nothing, change nothing\n"
    "      --probe NAME    this probe's name, instead of probe.name\n"
    "      --dump-config   print the settings in effect and exit\n"
    "  -V, --version       print the version and exit\n"
    "  -h, --help          print this and exit\n";

enum mode { MODE_RUN, MODE_TEST, MODE_DUMP };

struct arguments {
    enum mode mode;
    struct daemon_options options;
};

enum { OPTION_PROBE = 256, OPTION_DUMP };

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"test", no_argument, NULL, 't'},
    {"dry-run", no_argument, NULL, 'n'},
    {"version", no_argument, NULL, 'V'},
    {"help", no_argument, NULL, 'h'},
    {"probe", required_argument, NULL, OPTION_PROBE},
    {"dump-config", no_argument, NULL, OPTION_DUMP},
    {NULL, 0, NULL, 0},
};

/* Returns -1 to go on, else the exit code. */
static int take_option(int option, struct arguments *arguments)
{
    switch (option) {
    case 'c':
        arguments->options.file = optarg;
        return -1;
    case 't':
        arguments->mode = MODE_TEST;
        return -1;
    case 'n':
        arguments->options.dry_run = true;
        return -1;
    case OPTION_PROBE:
        arguments->options.probe = optarg;
        return -1;
    case OPTION_DUMP:
        arguments->mode = MODE_DUMP;
        return -1;
    case 'V':
        puts("regionshiftd " REGIONSHIFT_VERSION);
        return EXIT_SUCCESS;
    case 'h':
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    default:
        fputs(usage, stderr); /* getopt has said what is wrong */
        return DAEMON_BAD_SETTINGS;
    }
}

static int take_arguments(int argc, char **argv, struct arguments *arguments)
{
    int option;
    int code;

    while ((option = getopt_long(argc, argv, "c:tnVh", options, NULL)) != -1) {
        code = take_option(option, arguments);
        if (code >= 0)
            return code;
    }
    if (optind < argc) {
        fprintf(stderr, "regionshiftd: unexpected argument '%s'\n%s", argv[optind], usage);
        return DAEMON_BAD_SETTINGS;
    }
    return -1;
}

/* The soft limit is low for the sake of select(2), which nobody here calls; a check that finds no
 * descriptor is void, and enough of those are no evidence at all (V4). */
static void use_all_descriptors(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return;
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) < 0)
        perror("regionshiftd: cannot raise the limit of open files");
}

/* Secrets are in our memory and files: neither is readable by others. No death by a closed pipe,
 * nor by a reload that comes before the loop hears of it: the settings are read anyway. */
static void harden(void)
{
    harden_memory("regionshiftd");
    use_all_descriptors();
    umask(077);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
}

/* What a file may hold although this program, or its group here, cannot do it; such a check stays
 * unknown. */
static void tell_impossible_checks(const struct settings *settings, const char *file)
{
    char why[200];

    for (uint32_t i = 0; i < settings->check_count; i++) {
        const struct check *check = &settings->checks[i];

        if (!prober_can(check, why, sizeof(why)))
            fprintf(stderr, "%s: warning: %s: %s: %s\n", file, settings->sites[check->site].name,
                    check->url, why);
    }
}

/* Reads the settings; problems go to stderr. NULL when they hold an error. */
static struct settings *load(const struct arguments *arguments)
{
    const char *file = arguments->options.file;
    struct settings_report report = {0};
    struct settings *settings = NULL;
    int rc = daemon_load(&arguments->options, &settings, &report);

    settings_report_print(&report, file, stderr);
    settings_report_clear(&report);
    if (rc < 0)
        return NULL;
    if (arguments->mode == MODE_RUN && settings->self == NONE) {
        fprintf(stderr, "%s: probe.name: not set: which of quorum.probes is this? (or --probe)\n",
                file);
        settings_destroy(settings);
        return NULL;
    }
    tell_impossible_checks(settings, file);
    return settings;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {.options = {.file = "/etc/regionshift/regionshift.conf"}};
    int code = take_arguments(argc, argv, &arguments);
    struct settings *settings;

    if (code >= 0)
        return code;
    heap_set_up();
    json_memory_guard();
    harden();
    settings = load(&arguments);
    if (settings == NULL)
        return DAEMON_BAD_SETTINGS;
    if (arguments.mode == MODE_RUN) {
        log_set_clock(loop_wall_ms);
        return daemon_run(&arguments.options, settings);
    }
    code = EXIT_SUCCESS;
    if (arguments.mode == MODE_TEST)
        printf("%s: ok\n", arguments.options.file);
    else if (settings_dump(settings, stdout) < 0)
        code = DAEMON_FAILED;
    settings_destroy(settings);
    return code;
}
