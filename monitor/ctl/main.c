/* SPDX-License-Identifier: Apache-2.0 */
/* regionshift: the operators' command. It asks a daemon over its control socket and prints what the
 * daemon says; it knows no rule, and decides nothing.
 *
 *     main.c       this file: the commands there are
 *     arguments.c  the command line
 *     client.c     one request to the daemon, over libcurl
 *     render.c     tables, durations, colours; what came from outside is made harmless
 *     status.c explain.c first.c order.c past.c    one file for each family of commands
 *     alert_test.c the one command that works without a daemon
 */
#include "ctl.h"

#include <curl/curl.h>
#include <stdio.h>

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
    {"plan", "[--down SITE-OR-REGION]...", "the exact change that would follow; writes nothing",
     "\nSupposes that these sites or regions were agreed down for long enough, and shows what "
     "would\n"
     "be decided: traffic shares before and after, the batch for each zone, and the gates.\n"
     "Without --down: what would be decided as things are.\n",
     NULL, false, TAKES_DOWN, run_plan},
    {"init", "[--yes]", "take groups on: missing record sets, fence, first decision",
     "\nShows what would be created, and writes nothing. With --yes does it and waits until the "
     "zone\n"
     "has it. Until then a group is watched and never moved (D9).\n",
     NULL, false, TAKES_YES, run_init},
    {"drain", "REGION --reason TEXT [--for TIME] [--override]",
     "take the weight away from a region",
     ORDER_HELP
     "The region gains no weight until `regionshift restore REGION`, or the end of --for.\n"
     "--override lifts freeze, readiness and drift for this order.\n",
     "REGION", true, TAKES_REASON | TAKES_FOR | TAKES_OVERRIDE, run_order},
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
    {"incident", "ID", "a report of one incident, open or resolved", "", "ID", true, 0,
     run_incident},
    {"alert-test", "[--probe NAME]", "send a test alert through every sink",
     "\nNeeds no daemon, but the settings file (-c) and the right to read the secrets it names.\n"
     "Prints what each server answered; the exit status is 1 when one did not accept.\n",
     NULL, false, TAKES_PROBE, run_alert_test},
    {0},
};

int main(int argc, char **argv)
{
    struct arguments arguments;
    int code = arguments_read(argc, argv, commands, &arguments);

    if (code >= 0)
        return code;
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
