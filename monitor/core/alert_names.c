/* SPDX-License-Identifier: Apache-2.0 */
/* The words of alerts: in mails, webhooks, scenarios, metrics (L4). Once released they stay. */
#include "alert.h"

#include <string.h>

static const char *const event_names[ALERT_EVENT_COUNT] = {
    [ALERT_REGION_DOWN] = "region_down",
    [ALERT_REGION_UP] = "region_up",
    [ALERT_MOVED] = "moved",
    [ALERT_MOVE_REFUSED] = "move_refused",
    [ALERT_MOVE_FAILED] = "move_failed",
    [ALERT_FAILBACK] = "failback",
    [ALERT_BLIND] = "blind",
    [ALERT_QUORUM_LOST] = "quorum_lost",
    [ALERT_GLOBAL] = "global",
    [ALERT_STORE_AWAY] = "store_away",
    [ALERT_STORE_SET_BACK] = "store_set_back",
    [ALERT_CANNOT_WRITE] = "cannot_write",
    [ALERT_BREAK_GLASS] = "break_glass",
    [ALERT_DRIFT] = "drift",
    [ALERT_RECORD_CHANGED] = "record_changed",
    [ALERT_FENCE_MISSING] = "fence_missing",
    [ALERT_FENCE_CONFLICT] = "fence_conflict",
    [ALERT_SETTINGS_SKEW] = "settings_skew",
    [ALERT_PROBE_LOST] = "probe_lost",
    [ALERT_CLOCK_GAP] = "clock_gap",
    [ALERT_OVERLOAD] = "overload",
    [ALERT_DEGRADED] = "degraded",
    [ALERT_CERT_EXPIRING] = "cert_expiring",
    [ALERT_FROZEN] = "frozen",
    [ALERT_THAWED] = "thawed",
    [ALERT_SINK_FAILING] = "sink_failing",
    [ALERT_TEST] = "test",
};

const char *alert_event_name(enum alert_event event)
{
    return event_names[event];
}

int alert_event_parse(const char *name, enum alert_event *ret_event)
{
    for (unsigned i = 0; i < ALERT_EVENT_COUNT; i++) {
        if (strcmp(name, event_names[i]) == 0) {
            *ret_event = (enum alert_event)i;
            return 0;
        }
    }
    return -1;
}

const char *severity_name(enum severity severity)
{
    switch (severity) {
    case SEVERITY_INFO:
        return "info";
    case SEVERITY_WARN:
        return "warn";
    case SEVERITY_PAGE:
        return "page";
    }
    return "page"; /* unreachable with a valid severity; the worse word if ever */
}
