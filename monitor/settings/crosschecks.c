/* SPDX-License-Identifier: Apache-2.0 */
/* crosschecks.c: the table of what a single option cannot express. A name is a promise: messages,
 * tests and regionshift.conf(5) use it. Errors are what could not work or could do harm; warnings
 * are what works and is probably not meant. */
#include "crosschecks.h"

enum { ERROR = false, WARNING = true };

const struct crosscheck crosschecks[] = {
    {"duplicate-probe", ERROR, SECTION_QUORUM, "A probe's name is the key of its vote.",
     check_duplicate_probe},
    {"quorum-reachable", ERROR, SECTION_QUORUM, "More votes than probes can never be.",
     check_quorum_reachable},
    {"quorum-majority", ERROR, SECTION_QUORUM, "Two halves must not be able to decide differently.",
     check_quorum_majority},
    {"vantages-reachable", ERROR, SECTION_QUORUM,
     "The electorate must have as many vantages as an agreement needs.", check_vantages_reachable},
    {"owners-reachable", ERROR, SECTION_QUORUM,
     "The electorate must have as many owners as an agreement needs.", check_owners_reachable},
    {"nobody-outside", ERROR, SECTION_QUORUM | SECTION_SERVICES,
     "A region is never judged by probes inside it alone.", check_nobody_outside},
    {"region-takes-its-voters", ERROR, SECTION_QUORUM | SECTION_SERVICES,
     "When a region is lost with its probes, the others must still agree.",
     check_region_takes_its_voters},
    {"nobody-may-act", ERROR, SECTION_QUORUM, "Somebody must be allowed to write.",
     check_nobody_may_act},
    {"region-takes-its-actors", ERROR, SECTION_QUORUM | SECTION_SERVICES,
     "When a region is lost with its probes, one that may act must remain.",
     check_region_takes_its_actors},
    {"one-lost-probe-stops-us", WARNING, SECTION_QUORUM,
     "A probe may be lost on the day a region is.", check_one_lost_probe},
};
const size_t crosscheck_count = sizeof crosschecks / sizeof *crosschecks;
