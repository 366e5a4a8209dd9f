/* SPDX-License-Identifier: Apache-2.0 */
/* alert.h: who must know, and what (rules L1-L4). core/alert.c derives alerts; io/alerts.c spools,
 * claims and sends them. */
#ifndef REGIONSHIFT_ALERT_H
#define REGIONSHIFT_ALERT_H

#include <stdbool.h>
#include <stdint.h>

#include "settings.h"
#include "units.h"

/* L4. The names are part of the interface: alert_event_name(). */
enum alert_event {
    ALERT_REGION_DOWN,
    ALERT_REGION_UP,
    ALERT_MOVED,
    ALERT_MOVE_REFUSED,
    ALERT_MOVE_FAILED,
    ALERT_FAILBACK,
    ALERT_BLIND,
    ALERT_QUORUM_LOST,
    ALERT_GLOBAL,
    ALERT_STORE_AWAY,
    ALERT_STORE_SET_BACK, /* S1; not in L4's list: a revision that goes back pages */
    ALERT_CANNOT_WRITE,
    ALERT_BREAK_GLASS, /* D7; not in L4's list: moved without the store, and not in it yet */
    ALERT_DRIFT,
    ALERT_RECORD_CHANGED, /* C4; not in L4's list: another attribute than a weight, adopted, told */
    ALERT_FENCE_MISSING,
    ALERT_FENCE_CONFLICT,
    ALERT_SETTINGS_SKEW,
    ALERT_PROBE_LOST,
    ALERT_CLOCK_GAP,
    ALERT_OVERLOAD,
    ALERT_DEGRADED, /* not in L4's list: a check of level "degraded" is down; traffic stays */
    ALERT_CERT_EXPIRING,
    ALERT_FROZEN,
    ALERT_THAWED,
    ALERT_SINK_FAILING,
    ALERT_TEST,
    ALERT_EVENT_COUNT
};

const char *alert_event_name(enum alert_event event);
int alert_event_parse(const char *name, enum alert_event *ret_event);
const char *severity_name(enum severity severity);

enum alert_phase { ALERT_OPEN, ALERT_RESOLVED };

enum {
    INCIDENT_MAX = 255,
    ALERT_TEXT_MAX = 4096,
    ALERT_SUBJECT_MAX = 160,
    ALERT_CHANGED_MAX = 1536 /* of the text: what somebody else changed, line by line (C4) */
};

/* One thing to say. Plain text, escaped, ready to be sent. */
struct alert {
    enum alert_event event;
    enum alert_phase phase;
    enum severity severity;
    char incident[INCIDENT_MAX + 1]; /* L2: derived, the same on every probe; [a-z0-9._-] */
    wall_t at_wall;
    char subject[ALERT_SUBJECT_MAX + 1]; /* one line */
    char text[ALERT_TEXT_MAX + 1]; /* seen by whom; done; not done, until when; how to stop it */
    const char *group;             /* "" when none */
    const char *region;            /* "" when none */
    uint64_t epoch;                /* 0 when none */
    const char *probe;             /* who says it */
};

#endif
