/* SPDX-License-Identifier: Apache-2.0 */
/* action.h: one thing that happens in a simulated world: a region is cut off, a probe is killed, an
 * operator gives an order. A scenario's `at` line is one; a random run draws a list of them. So
 * both are played by the same code, a random run can be printed as a scenario, and a long list can
 * be shrunk to the few lines that matter.
 *
 * Names are kept as written, and looked up when the action is played (world_act): a scenario does
 * not know under whose settings it will run. */
#ifndef REGIONSHIFT_SIM_ACTION_H
#define REGIONSHIFT_SIM_ACTION_H

#include <stdbool.h>
#include <stdint.h>

#include "units.h"

enum { WHO_NAME_MAX = 127, ACTION_PROBES_MAX = 16 };

enum who_kind {
    WHO_ALL,
    WHO_PRIMARY,     /* first region of the (first) group's order */
    WHO_SECONDARY,   /* second one */
    WHO_REGION,      /* name */
    WHO_SITE,        /* "SERVICE/REGION"; REGION may be `primary` or `secondary` */
    WHO_PROBE,       /* name */
    WHO_PROBE_NUMBER /* #1.. in the order of the electorate */
};

struct who {
    enum who_kind kind;
    uint32_t number;
    char name[WHO_NAME_MAX + 1];
};

/* The comment shows the words of a scenario file; those marked + are words beyond the base grammar,
 * needed to write random runs down. */
enum action_kind {
    ACTION_SITE_OK,      /* site WHO ok              [by PROBES] */
    ACTION_SITE_REFUSE,  /* site WHO refuse */
    ACTION_SITE_TIMEOUT, /* site WHO timeout */
    ACTION_SITE_SLOW,    /* site WHO slow MS */
    ACTION_SITE_STATUS,  /* site WHO status CODE */
    ACTION_SITE_LOSS,    /* site WHO loss PCT */
    ACTION_SITE_DNS,     /* site WHO dns */
    ACTION_SITE_TLS,     /* site WHO tls */
    ACTION_PROBE_KILL,   /* probe WHO kill */
    ACTION_PROBE_START,  /* probe WHO start: runs again, honest, seeing, with its own settings */
    ACTION_PROBE_PAUSE,
    ACTION_PROBE_RESUME,
    ACTION_PROBE_BLIND,
    ACTION_PROBE_LIE_DOWN,
    ACTION_PROBE_LIE_UP,
    ACTION_PROBE_CLOCK,          /* probe WHO clock SECONDS: the wall clock jumps */
    ACTION_PROBE_OTHER_SETTINGS, /* probe WHO other-settings */
    ACTION_PROBE_HANG,  /* + probe WHO hang SECONDS: paused after its next decision to send, before
                           the batch leaves, for so long */
    ACTION_PROBE_DRIFT, /* + probe WHO drift PPM: its clock runs fast, or (negative) slow */
    ACTION_NET_CUT,     /* net cut WHO from WHO|all */
    ACTION_NET_HEAL,    /* net heal WHO */
    ACTION_NET_MUTE,    /* + net mute WHO: replies to its probes are lost, requests arrive */
    ACTION_NET_LOSS,    /* + net loss WHO PCT: of what its probes send, in bursts */
    ACTION_NET_DELAY,   /* + net delay WHO MS: mean of a heavy tail, added to all its probes do */
    ACTION_STORE_DOWN,
    ACTION_STORE_UP,    /* up, in time, fresh and writable; probes that were cut stay cut */
    ACTION_STORE_SLOW,  /* store slow MS */
    ACTION_STORE_STALE, /* readings and watches show the state of now until it ends */
    ACTION_STORE_READONLY,
    ACTION_STORE_CUT,             /* store cut PROBES */
    ACTION_STORE_HEAL,            /* store heal PROBES */
    ACTION_STORE_GARBAGE,         /* + store garbage PROBES: somebody writes over their votes */
    ACTION_STORE_ROLLBACK,        /* to the newest backup: `store backup`, or the start */
    ACTION_STORE_BACKUP,          /* + */
    ACTION_STORE_WATCH_LOST,      /* + store watch-lost: notifications go missing */
    ACTION_STORE_WATCH_DUPLICATE, /* + store watch-duplicate: come twice, and late, out of order */
    ACTION_STORE_LEASES_LOST,     /* + store leases-lost: every lease is revoked, once */
    ACTION_ROUTE53_OK,
    ACTION_ROUTE53_DOWN,
    ACTION_ROUTE53_THROTTLE,
    ACTION_ROUTE53_LOSE_REPLY,
    ACTION_ROUTE53_LATE,      /* route53 late SECONDS: no answer, applied so much later */
    ACTION_ROUTE53_PENDING,   /* accepted, never INSYNC */
    ACTION_ROUTE53_STRANDED,  /* + accepted, then undone: a control plane failed over without it */
    ACTION_ROUTE53_DENY,      /* + credentials refused */
    ACTION_ROUTE53_DENY_ZONE, /* + one zone may be read, and not be written */
    ACTION_HUMAN_WEIGHT,      /* human weight SITE N */
    ACTION_HUMAN_DELETE_FENCE,
    ACTION_ORDER_FREEZE,
    ACTION_ORDER_THAW,
    ACTION_ORDER_DRAIN,   /* order drain REGION */
    ACTION_ORDER_RESTORE, /* order restore REGION */
    ACTION_ORDER_FAILBACK,
    ACTION_ORDER_ACK,         /* + order ack: drift of every group */
    ACTION_ORDER_BREAK_GLASS, /* + order break-glass REGION [by PROBES]: drain --override, given to
                                 the first of them that runs and may act; without the store if it
                                 has none */
    ACTION_SINKS_DOWN,
    ACTION_SINKS_UP,
    ACTION_SINKS_SWALLOW, /* + take every alert and deliver none */
    ACTION_KIND_COUNT
};

struct action {
    msec_t at_ms; /* since the scenario's start */
    enum action_kind kind;
    unsigned line;                        /* in the scenario file; 0: none */
    struct who who;                       /* a SITE's or REGION's too */
    struct who from;                      /* of `net cut` */
    struct who probes[ACTION_PROBES_MAX]; /* `by PROBES`, `store cut PROBES` */
    uint32_t probe_count;                 /* 0: all */
    int64_t value;                        /* MS, CODE, PCT, N, PPM, ZONE; SECONDS in milliseconds */
    bool needed; /* of a random run: its demands rest on it, so shrinking leaves it there */
};

#endif
