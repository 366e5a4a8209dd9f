/* SPDX-License-Identifier: Apache-2.0 */
/* regionshift: the operators' command. It asks a daemon over its control socket and prints what the
 * daemon says; it knows no rule, and decides nothing.
 *
 *     main.c       this file: the commands there are
 *     arguments.c  the command line
 *     client.c     one request to the daemon, over libcurl
 *     render.c     tables, durations, colours; what came from outside is made harmless
 *     status.c ready.c explain.c plan.c first.c order.c past.c    a file for each kind of command
 *     terraform.c       what init tells those who keep the zone in Terraform
 *     alert_test.c simulate.c replay.c    commands that work without a daemon
 *     check.c           checks by hand; check.h has its map
 *     init_store.c      the users and roles of etcd; init_store.h has its map
 *     init_health.c     Route 53's health checks for the beacons; init_health.h has its map
 */
#include "ctl.h"

#include <curl/curl.h>
#include <stdio.h>

#include "harden.h"
#include "json_memory.h"

#define ORDER_HELP                                                                                 \
    "\nThe order is recorded with your name and the reason. It obeys every rule of the zone and "  \
    "the\n"                                                                                        \
    "fence (C1, C5); a rule that refuses it is named, and the exit status is 3.\n"

static const struct command commands[] = {
    {"status", "[--watch]", "groups, regions, votes, weights, what is in flight",
     "\nThe matrix shows each probe's verdict of each site; in brackets, why a vote is not "
     "counted.\n"
     "--watch shows it again every 2 seconds, until Ctrl-C.\n",
     NULL, false, TAKES_WATCH, run_status},
    {"explain", "GROUP", "why it moves or not: each gate with its value",
     "\nA closed gate says what would have to change.\n", "GROUP", true, 0, run_explain},
    {"ready", "[GROUP]", "can we fail over right now: a line each, and what to do",
     "\nLooks at the zones and their servers afresh. Writes nothing. The exit status is 0 when "
     "ready,\n"
     "3 when a line fails. Warnings and what this probe cannot know do not make it not ready.\n",
     "GROUP", false, 0, run_ready},
    {"plan", "[--down SITE-OR-REGION]... [--xml]",
     "the exact change that would follow; writes nothing",
     "\nSupposes that these sites or regions were agreed down for long enough, and shows what "
     "would\n"
     "be decided: traffic shares before and after, the batch for each zone, how long it would "
     "take,\n"
     "and the gates. Without --down: what would be decided as things are.\n"
     "--xml prints each batch as the bytes that would be sent; a nonce is new at every reading.\n",
     NULL, false, TAKES_DOWN | TAKES_XML, run_plan},
    {"init",
     "[--yes] | --terraform | --health-checks [--rotate] [--yes] | --store [--yes]"
     " [--passwords DIR] [--admin USER] [--admin-password WHERE]",
     "take groups on: missing record sets, fence, first decision; or set etcd up",
     "\nShows what would be created, and writes nothing. With --yes does it and waits until the "
     "zone\n"
     "has it. Until then a group is watched and never moved (D9).\n"
     "--terraform prints the managed record sets as resources that leave their weights alone.\n"
     "\nWith --store: the users and roles of etcd, so that each probe writes its own vote only.\n"
     "Needs no daemon, but the settings file (-c). Shows them, and what has to be done; with --yes "
     "does\n"
     "it and turns etcd's authentication on. What is there already is left, so it can be run "
     "again.\n"
     "--passwords DIR holds a file for each user (mode 0600); missing ones are made, none is "
     "printed.\n"
     "--admin USER (root) with --admin-password file:PATH or env:NAME, unless DIR has it.\n"
     "\nWith --health-checks: the health checks with which Route 53 itself reads the beacons "
     "(B2).\n"
     "Shows them and what they cost; with --yes makes what is missing, waits until every region's\n"
     "is healthy, and has the daemon attach them to the record sets. It can be run again at any\n"
     "time. With --rotate they look for the next words. Lists what is left over from other\n"
     "settings, and deletes nothing. Uses AWS's usual credentials, which need\n"
     "config/iam/health-checks.json; see docs/BEACONS.md.\n",
     NULL, false, TAKES_YES | TAKES_STORE | TAKES_HEALTH | TAKES_TERRAFORM, run_init},
    {"drain", "REGION --reason TEXT [--for TIME] [--override [--yes]]",
     "take the weight away from a region",
     ORDER_HELP
     "The region gains no weight until `regionshift restore REGION`, or the end of --for.\n"
     "--override lifts freeze, readiness and drift for this order. While the store is away it is\n"
     "break-glass: the daemon that is asked drains the region alone, straight through the zone's\n"
     "fence. What would change is shown first; then type the region's name, or give --yes.\n"
     "Any daemon with may_act will do: `-s` or `-c` says which.\n",
     "REGION", true, TAKES_REASON | TAKES_FOR | TAKES_OVERRIDE | TAKES_YES, run_order},
    {"restore", "REGION --reason TEXT", "let a drained region gain weight again",
     ORDER_HELP
     "Nothing returns by itself where failback is manual: `regionshift failback GROUP`.\n",
     "REGION", true, TAKES_REASON, run_order},
    {"failback", "GROUP --reason TEXT [--for TIME] [--override]",
     "return to the normal weights, as far as regions are up",
     ORDER_HELP
     "Done now, or not at all; with --for the order waits that long for the rules to let it.\n"
     "--override lifts freeze, readiness and drift for this order.\n",
     "GROUP", true, TAKES_REASON | TAKES_FOR | TAKES_OVERRIDE, run_order},
    {"freeze", "[GROUP] --reason TEXT [--for TIME]", "stop every automatic move",
     ORDER_HELP "Without GROUP: of all groups. Orders with --override still move.\n", "GROUP",
     false, TAKES_REASON | TAKES_FOR, run_order},
    {"thaw", "[GROUP] --reason TEXT", "decide again, from fresh votes", ORDER_HELP, "GROUP", false,
     TAKES_REASON, run_order},
    {"ack", "INCIDENT --reason TEXT", "accept what an open incident reports",
     ORDER_HELP "Acknowledging GROUP.drift takes the zone's weights as the normal ones (C4).\n",
     "INCIDENT", true, TAKES_REASON, run_order},
    {"history", "[GROUP] [--limit N]", "decisions, with evidence and measured times",
     "\nFrom the history file of the daemon that is asked; newest first; N is 20 unless given.\n",
     "GROUP", false, TAKES_LIMIT, run_history},
    {"timings", "SITE [--by 1m|15m|1d] [--limit N]",
     "how long a site's checks took, and how they failed",
     "\nFrom the history file of the daemon that is asked, as its own probe saw it; newest first. "
     "A\n"
     "row for each check and minute (or quarter of an hour, or day); N is 20 unless given.\n",
     "SITE", true, TAKES_BY | TAKES_LIMIT, run_timings},
    {"incident", "ID", "a report of one incident, open or resolved", "", "ID", true, 0,
     run_incident},
    {"check", "URL | SITE [--expect EXPR] [--address IP] [--check NAME]",
     "make checks by hand, now and from here, and explain them",
     "\nNeeds no daemon and asks none: the daemon's own prober looks once, from this machine.\n"
     "URL: http https tcp tls dns icmp grpc grpcs ws wss agent, with the defaults of the settings\n"
     "and without a settings file; --expect says what the answer must be like, --address asks "
     "that\n"
     "address and not those of the name. SITE (SERVICE/REGION) makes the checks that the settings\n"
     "(-c) have for it, or the one of --check. The exit status is 0 when all are good, 1 when one\n"
     "is not or says nothing.\n",
     "URL or SITE", true, TAKES_CHECK, run_check},
    {"alert-test", "[--probe NAME]", "send a test alert through every sink",
     "\nNeeds no daemon, but the settings file (-c) and the right to read the secrets it names.\n"
     "Prints what each server answered; the exit status is 1 when one did not accept.\n",
     NULL, false, TAKES_PROBE, run_alert_test},
    {"simulate", "[--scenario FILE-OR-NAME]... [--seeds N] [--seed S] [--trace] [--sweep SPEC]",
     "the settings in the outages of others, and in random ones",
     "\nNeeds no daemon and touches nothing: the daemon's own engine runs in a simulated world, "
     "with\n"
     "the settings of -c. Without options: all shipped scenarios and 1000 random hours.\n"
     "--seeds N plays N random hours, from seed S on (1 unless given). --trace prints every run "
     "as\n"
     "a log. The exit status is 1 when an expectation or an invariant does not hold.\n"
     "--sweep hold=0..60,fall=1..5 prints instead what settings cost: false moves a year against\n"
     "the time to detect; joint=on:off is the joint look of all probes (V2). --sweep noise and\n"
     "--sweep detection print it for the rule itself.\n",
     NULL, false, TAKES_SCENARIO | TAKES_SEEDS | TAKES_SEED | TAKES_TRACE | TAKES_SWEEP,
     run_simulate},
    {"replay", "FILE [--recording N] [--from WHEN] [--trace] [--list] [--export]",
     "a daemon's recording, run through the engine again",
     "\nFILE is the history database of a daemon, or a copy of it, or what --export printed. Needs "
     "no\n"
     "daemon. The newest recording, or that of --recording N, is run through the engine: it must "
     "give\n"
     "every update again. The first that differs is shown, and the exit status is 1.\n"
     "--list shows the recordings of a database; --export prints one as text, to be sent on: it "
     "holds\n"
     "the settings, and no secret. --trace prints the log of the run. --from compares and prints "
     "only\n"
     "from an event's number on, or from a time as 2026-11-22T03:00:00Z.\n",
     "FILE", true, TAKES_RECORDING | TAKES_FROM | TAKES_TRACE | TAKES_LIST | TAKES_EXPORT,
     run_replay},
    {0},
};

int main(int argc, char **argv)
{
    struct arguments arguments;
    int code = arguments_read(argc, argv, commands, &arguments);

    if (code >= 0)
        return code;
    harden_memory("regionshift"); /* init loads keys, words and passwords */
    json_memory_guard();
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
        fputs("regionshift: libcurl does not start\n", stderr);
        return CODE_FAILED;
    }
    code = arguments.command->run(&arguments);
    curl_global_cleanup();
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("regionshift: writing the output");
        return CODE_FAILED;
    }
    return code;
}
