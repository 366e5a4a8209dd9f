/* SPDX-License-Identifier: Apache-2.0 */
/* event.h: everything that can happen to the engine. Time is a field of the event, in monotonic
 * milliseconds; nothing else tells the engine the time. Pointers are borrowed for the call, but
 * for a zone view, which must live until the next EVENT_ZONE of the same zone has returned.
 *
 * What stands in the store and cannot be read here is told too, with its form and `present` false:
 * it is no evidence, and it is not the same as nothing (A2, D8).
 *
 * codec/event_text.h writes and reads an event as one line of text: the form of a journal. */
#ifndef REGIONSHIFT_EVENT_H
#define REGIONSHIFT_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "decision.h"
#include "order.h"
#include "outcome.h"
#include "record.h"
#include "result.h"
#include "units.h"
#include "vote.h"

enum event_kind {
    EVENT_TICK,      /* time passed: engine_deadline() asked for it */
    EVENT_START,     /* first event: fixes the offset of the wall clock (D6) */
    EVENT_RESULT,    /* a check attempt ended */
    EVENT_REFERENCE, /* a reference attempt ended (V5) */
    EVENT_CLOCK,     /* the wall clock jumped against the monotonic one */
    EVENT_STORE,     /* the store was read whole, or is away (S1, S2) */
    EVENT_LEASE,     /* our lease was renewed or lost */
    EVENT_VOTE,      /* a vote was seen, or is gone */
    EVENT_SUSPECT,   /* another probe suspects sites (V2) */
    EVENT_HEAD,      /* a group's head decision was seen, or is gone */
    EVENT_ORDER,     /* an order was seen, or is gone */
    EVENT_BUDGET,    /* the ledger of moves was seen (D6) */
    EVENT_COMMIT,    /* our commit's outcome (D8) */
    EVENT_ZONE,      /* a zone was read, or could not be */
    EVENT_CHANGE,    /* our batch's outcome (C3) */
    EVENT_INSYNC,    /* Route 53 says INSYNC */
    EVENT_SERVERS,   /* what the authoritative servers say (C7) */
    EVENT_JOURNAL,   /* highest epoch in the local journal (C2) */
    EVENT_SINK,      /* a sink began or ceased to fail */
    EVENT_INIT,      /* an operator confirmed `init`: write the first head and fence (D9) */
    EVENT_LATCH,     /* a beacon is lit, says our disk: told when an engine begins (B1) */
    EVENT_ATTACH,    /* an operator confirmed `init --health-checks` (B2) */
    EVENT_STRANDED,  /* Route 53 does not know, or not publish, what it accepted (C8) */
    EVENT_RESOLVERS, /* what public resolvers say: the tail of a move (C7) */
    EVENT_GLASS,     /* an operator broke the glass: a drain confirmed without the store (D7) */
    EVENT_KIND_COUNT
};

enum { BUDGET_MAX = 64 }; /* moves remembered; settings' limit is below it */

struct event_start {
    wall_t wall;
};
struct event_result {
    uint32_t check; /* index into settings->checks */
    const struct result *result;
};
struct event_reference {
    uint32_t reference;
    bool answered;
    bool is_void;   /* V4: lost through our own fault: it says neither */
    msec_t late_ms; /* for how long it waited in the prober, before it really began */
};
struct event_clock {
    msec_t jump_ms;
};
struct event_store {
    enum store_status status; /* OK: everything was read at this revision and told before this */
    uint64_t revision;
    bool full; /* a linearizable read of all; false: a watch notification was told */
};
struct event_lease {
    bool alive;
    msec_t until_ms; /* lives at least until then, when alive */
};
struct event_vote {
    bool present;
    enum value_form form;
    uint64_t revision;
    struct vote vote; /* absent: probe and group only */
};
struct event_suspect {
    uint32_t probe;
    const uint32_t *sites; /* all that it suspects now */
    uint32_t count;
};
struct event_head {
    uint32_t group;
    bool present;
    uint64_t revision;
    const struct decision *decision;
    enum value_form form;
};
struct event_order {
    bool present; /* false: order->id only; one that cannot be read is ORDER_UNREADABLE */
    const struct order *order;
};
struct event_budget {
    uint64_t revision; /* 0: the key is absent */
    enum value_form form;
    const wall_t *moves; /* oldest first */
    uint32_t count;
};
struct event_commit {
    uint32_t group;
    enum store_status status;
    uint64_t revision;
};
struct event_zone {
    uint32_t zone;
    enum route53_outcome outcome;
    const struct zone_view *view; /* NULL unless OK */
};
struct event_change {
    uint32_t zone;
    uint32_t group;
    uint64_t epoch;
    enum route53_outcome outcome;
};
struct event_insync {
    uint32_t zone;
    uint32_t group;
    uint64_t epoch;
};
struct event_stranded {
    uint32_t zone;
    uint32_t group;
    uint64_t epoch;
    bool is_known; /* false: it has forgotten the change; true: PENDING for far too long */
};
struct event_servers { /* asked 0: a private zone, whose servers nobody else can ask */
    uint32_t zone;
    uint32_t group;
    uint64_t epoch;
    uint32_t current; /* say >= epoch */
    uint32_t answered;
    uint32_t asked;
};
struct event_journal {
    uint32_t group;
    uint64_t epoch;
};
struct event_sink {
    uint32_t sink;
    bool failing;
};

struct event_init {
    uint32_t group;
};

struct event_latch {
    uint32_t group;
    uint32_t region;
    uint64_t epoch; /* of the decision that lit it */
};

struct event_attach {
    uint32_t group;
    const char *const *health; /* by region of the settings: a health check's id; "" none */
};

/* What the operator saw and confirmed: for each group the epoch of the zone's fence then. */
#define GLASS_NOT_SHOWN UINT64_MAX /* this group is not to move */
struct event_glass {
    const struct order *order; /* a drain with override; order_is_local() */
    const uint64_t *fences;    /* by group of the settings */
};

struct event {
    enum event_kind kind;
    msec_t at_ms;
    union {
        struct event_start start;
        struct event_result result;
        struct event_reference reference;
        struct event_clock clock;
        struct event_store store;
        struct event_lease lease;
        struct event_vote vote;
        struct event_suspect suspect;
        struct event_head head;
        struct event_order order;
        struct event_budget budget;
        struct event_commit commit;
        struct event_zone zone;
        struct event_change change;
        struct event_insync insync;
        struct event_stranded stranded;
        struct event_servers servers;
        struct event_servers resolvers;
        struct event_journal journal;
        struct event_sink sink;
        struct event_init init;
        struct event_latch latch;
        struct event_attach attach;
        struct event_glass glass;
    };
};

const char *event_kind_name(enum event_kind kind);

#endif
