/* SPDX-License-Identifier: Apache-2.0 */
/* ctl.h: what the files of the command share. main.c has the map. */
#ifndef REGIONSHIFT_CTL_H
#define REGIONSHIFT_CTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "units.h"

/* The exit codes (DESIGN, interfaces). */
enum {
    CODE_GOOD = 0,
    CODE_FAILED = 1, /* or the daemon cannot be reached */
    CODE_USAGE = 2,  /* or a bad file */
    CODE_REFUSED = 3 /* not now: by a rule */
};

enum { DOWNS_MAX = 64, SCENARIOS_MAX = 256 };

#define DEFAULT_FILE "/etc/regionshift/regionshift.conf"
#define DEFAULT_SOCKET "/run/regionshift/control.sock"

struct command;

/* The command line, read. Strings are argv's. */
struct arguments {
    const struct command *command;
    const char *file;   /* -c; NULL: the default */
    const char *server; /* -s; NULL: the one of the file */
    const char *probe;  /* --probe */
    const char *name;   /* the command's own argument; NULL */
    const char *reason;
    msec_t for_ms; /* 0: without an end */
    const char *downs[DOWNS_MAX];
    size_t down_count;
    int64_t limit;
    const char *scenarios[SCENARIOS_MAX];
    size_t scenario_count;
    int64_t seeds;       /* 0: not given */
    int64_t seed;        /* 1 unless given */
    const char *sweep;   /* --sweep; NULL */
    int64_t recording;   /* --recording; 0: the newest */
    const char *from;    /* --from; NULL */
    const char *by;      /* --by; NULL */
    const char *expect;  /* --expect; NULL */
    const char *address; /* --address; NULL */
    const char *check;   /* --check; NULL */
    const char *admin;   /* --admin; NULL */
    const char *admin_password;
    const char *passwords; /* --passwords; NULL */
    bool store;
    bool health_checks;
    bool rotate;
    bool list;
    bool export;
    bool trace;
    bool json;
    bool watch;
    bool yes;
    bool xml;
    bool terraform;
    bool override;
    bool help;
};

/* Which options a command takes, beside -c, -s, --json and --help. */
enum option_set {
    TAKES_WATCH = 1,
    TAKES_DOWN = 2,
    TAKES_YES = 4,
    TAKES_REASON = 8,
    TAKES_FOR = 16,
    TAKES_OVERRIDE = 32,
    TAKES_LIMIT = 64,
    TAKES_PROBE = 128,
    TAKES_SCENARIO = 256,
    TAKES_SEEDS = 512,
    TAKES_SEED = 1024,
    TAKES_TRACE = 2048,
    TAKES_SWEEP = 4096,
    TAKES_XML = 8192,        /* plan's own */
    TAKES_TERRAFORM = 16384, /* init's own */
    TAKES_RECORDING = 65536, /* replay's own */
    TAKES_FROM = 131072,
    TAKES_LIST = 262144,
    TAKES_EXPORT = 524288,
    TAKES_STORE = 1048576,  /* init's own: --store and what goes with it */
    TAKES_HEALTH = 2097152, /* and --health-checks */
    TAKES_BY = 4194304,     /* timings' own */
    TAKES_CHECK = 8388608   /* check's own: --expect, --address, --check */
};

struct command {
    const char *name;
    const char *synopsis; /* what follows the name */
    const char *summary;  /* one line */
    const char *help;     /* the rest of --help */
    const char *noun;     /* of its argument; NULL: takes none */
    bool noun_needed;
    unsigned options;
    int (*run)(const struct arguments *arguments); /* returns an exit code */
};

int run_status(const struct arguments *arguments);
int run_explain(const struct arguments *arguments);
int run_ready(const struct arguments *arguments);
int run_plan(const struct arguments *arguments);
int run_init(const struct arguments *arguments);
int run_init_store(const struct arguments *arguments);
int run_init_health(const struct arguments *arguments);
int run_order(const struct arguments *arguments);
int run_history(const struct arguments *arguments);
int run_timings(const struct arguments *arguments);
int run_incident(const struct arguments *arguments);
int run_check(const struct arguments *arguments);
int run_alert_test(const struct arguments *arguments);
int run_simulate(const struct arguments *arguments);
int run_replay(const struct arguments *arguments);

/* ---- arguments.c ---- */

/* Reads the command line. -1: go on; else the exit code, and what is wrong has been said. */
int arguments_read(int argc, char **argv, const struct command *commands,
                   struct arguments *ret_arguments);

#endif
