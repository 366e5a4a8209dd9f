/* SPDX-License-Identifier: Apache-2.0 */
/* state.h: all that the engine remembers between two events. Known to core/ only; the files of the
 * straight line each own a part of it, named in the comments. */
#ifndef REGIONSHIFT_CORE_STATE_H
#define REGIONSHIFT_CORE_STATE_H

#include "engine.h"
#include "marks.h"
#include "orders.h"
#include "rhythm.h"
#include "schedule.h"
#include "wish.h"

/* Limits and their reasons. */
enum {
    BLIND_WATCH_MS = 30000, /* V5: after a gap, watch this long before speaking (Sentinel's TILT) */
    GAP_MS = 2000,          /* V5: a stall or jump longer than this is a gap */
    PULSE_MS = 1000,        /* V5: something is always due so soon, or a stall would go unseen */
    RANK_STEP_MS = 2000,    /* C6: each applier waits this long for the one before */
    PROPOSE_STEP_MS = 250,  /* D8: proposers go one after another, to lose fewer races */
    CONFLICT_PAUSE_MS = 100, /* D8: after a lost race, let what won it arrive */
    STORE_FULL_MS = 30000,   /* S1: three whole reads missed */
    ZONE_EVERY_MS = 300000,  /* C4: drift is looked for at least every 5 minutes */
    REFUSED_LOOK_MS = 1000,  /* D10: a refused wish is looked at again, should a wake be missing */
    NOBODY_ACTS_MS = 15000,  /* C6: who only watches says so when nobody acts for this long */
    UNREADABLE_MS = 50000,   /* C8: with the alert's own 10 s, a page within the minute */
    PENDING_MS = 120000, /* C8: an accepted change that is not published by then is looked into */
    PENDING_PAGE_MS = 300000, /* ... and paged about by then */
    BACKOFF_FIRST_MS = 1000,
    BACKOFF_MAX_MS = 20000,  /* C8: written within 30 s once Route 53 takes changes again */
    LEASE_MARGIN_MS = 1000,  /* C6: a lease that ends sooner is no lease */
    SUSPECTS_TOLD_MAX = 256, /* V2: a list of more is no hint where to look, and fits no value */
    EXPIRE_BLOCK = 64,       /* V4: checks whose evidence is looked through together */
    FACTS_MAX = 512,
    ALERTS_MAX = 64
};

/* One check, ours (V1-V4). */
struct check_state {
    struct verdict verdict;
    struct verdict_rule rule;
    bool in_flight;
    bool again;        /* V2: suspected by another probe while in flight */
    bool soon;         /* V2: its turn is one out of turn, for a suspicion */
    bool put_back;     /* after a gap, to its usual turn: not a second time */
    bool is_stretched; /* it waited long for its last turn, and rests from there */
    int32_t late_ms;   /* while in flight: how late it began, as far as known */
    msec_t asked_ms;   /* V2: when it was looked at for another probe's suspicion, last */
};

/* One outside reference (V5). */
struct reference_state {
    bool tried;
    bool answered;
    msec_t last_ms;
    bool in_flight;
    int32_t late_ms; /* while in flight: how late it began, as far as known */
};

/* One probe's vote on one group, as seen in the store (A2). */
struct vote_slot {
    char *states; /* group's site_count letters */
    char *failures;
    uint64_t revision;
    enum value_form form; /* when not present: why not */
    enum blindness blindness;
    bool present;
    bool same_settings;
};

/* What a probe's votes say of the probe: in how many groups ... */
struct voter_state {
    uint32_t silent_count; /* ... it has none */
    uint32_t other_count;  /* ... it has one of other settings, or none we could read */
};

/* Weights and their decision, owned. */
enum { DECISION_VECTORS = 4 }; /* weights, normal, base, before */
struct decision_slot {
    struct decision decision;
    int *weights;
    int *normal;
    int *base;
    int *before;              /* room; the decision says whether it has one */
    struct health_id *health; /* the same; NULL: of a group without beacons none is kept (B2) */
};

/* What a zone says of a site when its sets there have no weight in common. */
enum {
    WEIGHT_MISSING = -1, /* one of them is not there, or has no weight */
    WEIGHT_DIFFERS = -2  /* two of them have not the same */
};

/* One group in one hosted zone: the fence there, and our change on its way (C1-C7). */
struct zone_slot {
    uint32_t group;
    uint32_t zone;
    bool known; /* the zone has been read */
    bool fence_present;
    struct fence fence;   /* as read */
    uint64_t leap_epoch;  /* C2: what a text that is no fence says, far above all known; 0: none */
    msec_t fence_ms;      /* when this epoch was first read here; 0: nothing was */
    msec_t fence_came_ms; /* ... after another one, or none, had been; 0: none had */
    uint64_t seen_epoch;  /* highest this engine saw or wrote here */
    bool seen_whole;      /* the zone said then what its fence has the digest of */
    char seen_plan[PLAN_LENGTH + 1]; /* that digest */
    int *weights;                    /* as read, by the group's sites, or a WEIGHT_ below */
    bool drifted;
    bool missing; /* C2: a fence that was there is gone */
    bool ahead;   /* C7: the fence is above the head, and no word of the store explains it */
    enum change_state state;
    uint64_t wait_epoch;          /* the head that is to be applied */
    msec_t next_ms;               /* when waiting or backing off: until then */
    msec_t asked_ms;              /* when reading: only a later reading will do */
    uint32_t attempts;            /* failed ones in a row */
    msec_t failing_ms;            /* since when; -1: not */
    enum route53_outcome outcome; /* of the last failure */
    bool unanswered;              /* C7: in flight */
    msec_t replied_ms;            /* when it was not any more: older readings say nothing of it */
    char nonce[NONCE_LENGTH + 1]; /* of our last batch */
    uint64_t sent_epoch;
    uint64_t applied_epoch; /* reported as applied */
    uint64_t insync_epoch;
    uint64_t servers_epoch;
    uint64_t resolvers_epoch;
    uint64_t pending_epoch; /* accepted, and PENDING for PENDING_MS and more ... */
    msec_t pending_ms;      /* ... since when that is known */
    const char *wait_rule;  /* C6: which gate holds the batch back, NULL none */
};

struct zone_state {
    const struct zone_view *view;
    bool reading;
    bool wanted; /* a slot waits for a fresh reading */
    bool ever_read;
    msec_t read_ms; /* when the newest reading arrived; -1: never */
    msec_t asked_ms;
    msec_t failing_ms; /* since when every reading failed; meaningful while failures > 0 */
    msec_t failed_ms;  /* when a reading failed last */
    msec_t answers_ms; /* when the newest reading was asked for */
    msec_t next_ms;    /* the next periodic reading */
    uint32_t failures;
    enum route53_outcome outcome;
};

/* Break-glass, for one group (glass.c): an order that was confirmed without the store, and the head
 * that this probe alone acts by while the store is away. Rare, so it stands apart from the group.
 */
struct glass_slot {
    bool asked; /* confirmed, not decided yet */
    char order[ORDER_ID_MAX + 1];
    uint64_t fence; /* the epoch that was shown to the operator */
    msec_t asked_ms;
    struct refusal refusal; /* why the newest order was not obeyed; rule NULL: none */
    bool applied;           /* some zone took it: then it is not given up any more */
    bool rules;             /* the head is ours alone ... */
    bool had_head;          /* ... and this is the store's, which comes back with it */
    struct decision_slot head;
    uint64_t head_revision;
    msec_t
        times_ms[6]; /* its report (C7): trouble, decided, accepted, insync, servers, resolvers */
    bool head_witnessed;
    bool ever_moved; /* and its dwell (D6) */
    wall_t moved_wall;
    msec_t moved_ms;
};

/* What is wished for a group, and what is found at the gates: while it is looked at, or told of.
 * Kept by no group, for it takes more than all that is kept, and is found again as fast. */
struct thought {
    struct wish wish;
    struct finding gates[GATES_MAX];
    uint32_t gate_count;
};

struct group_state {
    /* own vote, as last published */
    char *states;
    char *failures;
    char *published;
    enum blindness published_blindness;
    bool is_published;
    /* decision */
    bool has_head;
    bool head_witnessed; /* we were here, and in touch, when it came */
    bool commit_pending;
    enum value_form head_form;  /* without a head: one stands in the store, and we cannot read it */
    uint32_t compared_count;    /* votes that the newest commit compares */
    struct decision_slot *head; /* the engine's `no_head`, all zeros, until there has been one */
    uint64_t head_revision;
    struct decision_slot *proposal; /* has its vectors once proposal_room() was asked for it */
    msec_t commit_after_ms;
    msec_t allowed_ms; /* since when a proposal may be made; -1: not */
    msec_t head_seen_ms;
    msec_t upkeep_ms;     /* since when this head wants upkeep (upkeep.c); -1: it does not */
    msec_t drift_from_ms; /* C4: a reading asked for before this is older than the head's base */
    msec_t moved_ms;
    wall_t moved_wall; /* the same, as the ledger has it */
    uint64_t journal_epoch;
    uint64_t drift_revision; /* the store's, when drift was first seen: older acks are void */
    int *wish_weights;       /* when it was looked at last: what was wished ... */
    bool wants_move;         /* ... differs from what is; ... */
    bool is_upkeep_empty;    /* ... what would put it in order gives a service no weight (C5) */
    bool ever_moved;
    bool init_wanted;
    uint32_t first_place;   /* sites of the groups before this one */
    struct refusal refusal; /* said last (D10) */
    struct glass_slot *glass;
    /* change */
    uint32_t first_slot;
    uint32_t slot_count;
    uint64_t *latched; /* B1: the epoch that lit a region's beacon, 0: it is dark; of a group that
                          has no beacons NULL, as `attach` is */
    uint64_t held;     /* set of regions whose word is held back */
    struct health_id *attach; /* B2: health checks to attach, by region ... */
    msec_t attach_ms;         /* ... since then ... */
    bool attach_wanted;       /* ... while that is wanted */
    /* C7's report */
    bool announce;     /* L2: this engine saw the decision come, and tells when it is applied */
    msec_t trouble_ms; /* first bad result that led to the head; -1 none */
    msec_t decided_ms;
    msec_t accepted_ms;
    msec_t insync_ms;
    msec_t servers_ms;
    msec_t resolvers_ms;
};

/* One thing that may be wrong; kept while it is (L2). */
struct incident {
    bool wrong;      /* now */
    bool open;       /* an alert was raised and not resolved */
    msec_t since_ms; /* of wrong */
    msec_t told_ms;  /* when open: when it was told last */
};

/* The incidents of one group; regions' ones follow. */
enum group_incident {
    INCIDENT_GLOBAL,
    INCIDENT_QUORUM_LOST,
    INCIDENT_DRIFT,
    INCIDENT_FENCE_MISSING,
    INCIDENT_FENCE_CONFLICT,
    INCIDENT_FROZEN,
    INCIDENT_BREAK_GLASS,
    INCIDENT_MOVE_REFUSED,
    INCIDENT_CANNOT_WRITE,
    INCIDENT_MOVE_FAILED,
    GROUP_INCIDENT_COUNT
};

enum region_incident {
    INCIDENT_REGION_DOWN,
    INCIDENT_DEGRADED,    /* checks of level degraded are down, seen from here */
    INCIDENT_CERTIFICATE, /* and a certificate is the reason */
    REGION_INCIDENT_COUNT
};
enum self_incident { INCIDENT_BLIND, INCIDENT_STORE_AWAY, INCIDENT_OVERLOAD, SELF_INCIDENT_COUNT };

struct engine {
    const struct settings *settings;
    bool dry_run;
    bool started;
    msec_t now_ms;
    msec_t deadline_ms;
    bool stirred;       /* in this step something changed that a stage looks at */
    wall_t wall_offset; /* wall = monotonic + offset, fixed at the start (D6) */

    /* checks: schedule.c, rhythm.c, voting.c */
    struct schedule schedule; /* tokens: checks, then references */
    struct rhythm rhythm;     /* rhythm.c */
    struct check_state *checks;
    struct reference_state *references;
    msec_t expire_ms;            /* V4: no evidence of ours becomes too old before ... */
    msec_t *expire_block_ms;     /* ... nor that of these checks: by EXPIRE_BLOCK of them */
    uint64_t aged;               /* checks whose evidence was looked at for its age, so far */
    msec_t *trouble_ms;          /* by site: first bad result of the bad run; -1 */
    uint8_t *site_states;        /* by site: what its checks say together (site.c) */
    uint32_t judged_count;       /* sites that have checks; ... */
    uint32_t down_count;         /* ... of those, down */
    struct marks suspects;       /* sites: ours, now */
    struct marks suspects_moved; /* sites that became suspect, or ceased to be, since ... */
    bool *suspects_told;         /* by site: ... they were published last */
    bool *others_suspect;        /* by probe x site */
    msec_t senses_end_ms;        /* when a reference's answer becomes too old next */
    enum blindness gap;          /* BLIND_CLOCK or BLIND_STALLED until gap_until_ms */
    msec_t gap_until_ms;
    enum blindness senses; /* what the references say, gap or not */
    enum blindness blindness;

    /* the store: absorb.c */
    struct vote_slot *votes;    /* probe x group */
    struct voter_state *voters; /* by probe */
    bool store_away;
    bool store_was_ok;    /* after the step before */
    msec_t store_ok_ms;   /* last time the store answered; -1 never */
    msec_t store_full_ms; /* last whole read told; -1 never */
    uint64_t store_revision;
    uint64_t newest_head; /* no head has a higher revision */
    bool lease_alive;
    msec_t lease_until_ms;
    struct orders orders;
    msec_t orders_end_ms; /* when the next of them ends by time */
    uint64_t budget_revision;
    enum value_form budget_form;
    wall_t budget[BUDGET_MAX];
    msec_t budget_ms[BUDGET_MAX]; /* the same moves on our clock (D6) */
    uint32_t budget_count;

    /* agreement, decision, change */
    struct agreement *agreements; /* by site */
    struct group_state *groups;
    struct thought thought; /* of the group that is being decided on */
    /* By group, as long arrays that only those touch who need them: memory which the system gives
     * zeroed, and page by page when it is first written to, costs nothing before. */
    struct decision_slot no_head;
    struct decision_slot *heads;
    int *head_weights;
    struct decision_slot *proposals;
    int *proposal_weights; /* their vectors: DECISION_VECTORS by site, group after group ... */
    struct glass_slot *glasses;
    int *glass_heads;      /* ... and those of the heads aside */
    struct marks touched;  /* groups to be looked at in this step */
    struct schedule wakes; /* groups, by when time alone asks for a new look */
    uint64_t looks;        /* groups looked at so far */
    bool reads_zones;      /* settings_reads_zones(), which looks at all groups */
    msec_t zones_ms;       /* no zone has to be read before, by time alone */
    struct zone_slot *slots;
    uint32_t slot_count;
    struct zone_state *zones;
    bool *drained; /* by region, now */

    /* break-glass: glass.c */
    bool locals_changed;
    msec_t locals_ms;   /* when a local order was told or changed last */
    msec_t keep_ms;     /* when the store is asked again to take local orders */
    int *glass_weights; /* of one group: what its zones say ... */
    int *glass_wish;    /* ... what they would say ... */
    int *glass_normal;  /* ... and what is normal there */

    /* alerts */
    struct incident
        *group_incidents; /* GROUP_INCIDENT_COUNT x group: what is wrong with many ... */
    struct incident *region_incidents; /* REGION_INCIDENT_COUNT x group x region: ... stands
                                          together, and of what never was no page is written to */
    struct incident *probe_lost;       /* by probe */
    struct incident *probe_skew;
    struct incident *sinks; /* by sink */
    struct incident self_incidents[SELF_INCIDENT_COUNT];
    const char *changed; /* C4: what was changed beside weights, while that is told; else NULL */

    /* what this step wants done: the arrays behind struct update */
    uint32_t *out_starts;
    struct vote *out_votes;
    uint32_t *out_suspects;
    struct latch *out_latches;
    struct commit *out_commits;
    struct commit_vote *out_commit_votes; /* group x probe */
    wall_t (*out_budgets)[BUDGET_MAX];    /* by group */
    struct order *out_obeyed;             /* by group */
    struct order *out_locals;
    struct order *out_keeps;
    uint32_t *out_zone_reads;
    struct batch *out_batches;
    struct batch_item *out_items;           /* slot x items */
    char (*out_fences)[FENCE_TEXT_MAX + 1]; /* by slot */
    char (*out_fence_names)[FENCE_TEXT_MAX + 1];
    const char **out_fence_values; /* by slot */
    char (*out_comments)[256];
    struct alert *out_alerts;
    struct fact *out_facts;
    const struct agreement **view_agreements; /* for engine_group() */
    int *thought_weights;                     /* for deciding_think() */
    struct agreement *plan_agreements;        /* for engine_plan() */
    uint32_t item_stride;                     /* batch items a slot may need */
    struct update *update;                    /* being filled; valid inside engine_step() only */

    struct memory_block *memory; /* everything above, given back as a list */
    unsigned char *pieces;       /* of its newest block of pieces, what is free ... */
    size_t pieces_left;          /* ... and how much */
    bool out_of_memory;
};

/* ---- shared by the files of core ---- */

wall_t state_wall(const struct engine *engine, msec_t at_ms);
struct vote_slot *state_vote(const struct engine *engine, uint32_t probe, uint32_t group);
const struct group *state_group(const struct engine *engine, uint32_t group);
bool state_may_act(const struct engine *engine);
/* D3: is it this site whose weight the head takes, when it leaves its region? Where services move
 * by themselves, what becomes of another one there says nothing. Of a head that was made before the
 * one before it was applied the base does not tell, and every site counts. */
bool state_site_left(const struct engine *engine, uint32_t group, uint32_t in_group);
/* Who writes has to read; and who says a region's word has to see when it may stop (B1). */
bool state_reads_zones(const struct engine *engine);
bool state_store_ok(const struct engine *engine);
/* Until when that is true, should the store not be heard of again. */
msec_t state_store_end_ms(const struct engine *engine);
/* D6: how old a move is that the ledger tells for the first time, by its wall time, clamped to
 * 0..most_ms. Older than the last whole reading of the store it cannot be, or it would have been
 * told there: then one of the two clocks is wrong, and it is as old as its news. */
msec_t state_ledger_age_ms(const struct engine *engine, wall_t wall, msec_t most_ms);
/* D8: what belongs to the newest head and orders (the ledger, other orders) has been told as well:
 * until then a proposal would only lose against what it does not know. */
bool state_told(const struct engine *engine, uint32_t group);
/* Asks for a look at a group no later than at_ms. */
void state_wake(struct engine *engine, uint32_t group, msec_t at_ms);
/* When what is refused is looked at next, should a wake be missing: on a grid, so that it does not
 * matter what was touched meanwhile. */
msec_t state_look_again(const struct engine *engine);
void state_touch(struct engine *engine, uint32_t group);
void state_touch_all(struct engine *engine);

/* Takes the next fact's place, filled with nothing but code and time. */
struct fact *state_fact(struct engine *engine, enum fact_code code);
/* "100/0 100/0": weights by service, for facts and texts. */
void state_weights_text(const struct engine *engine, uint32_t group, const int *weights, char *out,
                        size_t size);
/* C6: this probe's place among those that may act, for a decision; 0 goes first. Those whose votes
 * made it stand before the others, who may be dead with the region that is left: each would cost a
 * step. */
uint32_t state_rank(const struct engine *engine, const struct decision *decision);
/* A deterministic spread of up to span_ms: jitter without randomness (retries of probes differ). */
msec_t state_jitter(const struct engine *engine, uint64_t salt, msec_t span_ms);

/* site.c: what this probe believes of a site, from the verdicts of its checks. */
enum verdict_state site_state(const struct engine *engine, uint32_t site,
                              enum failure *ret_failure);
/* A check of level degraded is down there, for its certificate or for something else. */
bool site_degraded(const struct engine *engine, uint32_t site, bool certificate);
/* After a verdict of its checks changed, and once for each at the start. */
void site_regroup(struct engine *engine, uint32_t site);

/* The stages, in the order of the straight line. */
void absorb_event(struct engine *engine, const struct event *event);
void rhythm_start(struct engine *engine);                 /* when each check begins first */
bool rhythm_begin(struct engine *engine, uint32_t check); /* its turn has come; false: put off */
void rhythm_look_soon(struct engine *engine, uint32_t check); /* V2: another probe suspects it */
bool rhythm_was_asked(const struct engine *engine, uint32_t check); /* ... within an interval */
/* A result came: when its check begins next. waited_ms: for how long the prober let it wait. */
void rhythm_end(struct engine *engine, uint32_t check, msec_t waited_ms);
/* The same of references, which begin whenever their turn comes. */
void rhythm_begin_reference(struct engine *engine, uint32_t reference);
void rhythm_end_reference(struct engine *engine, uint32_t reference, msec_t waited_ms);
void rhythm_look(struct engine *engine);                  /* are we overloaded? */
void voting_heard(struct engine *engine, uint32_t check); /* V4: its evidence is new */
void voting_expire(struct engine *engine);                /* V4: and some may be old */
void voting_start(struct engine *engine);                 /* which checks start now */
void voting_look(struct engine *engine);                  /* verdict -> vote */
void quorum_agree(struct engine *engine, uint32_t group); /* vote -> agreement */
enum ballot quorum_ballot(const struct engine *engine, uint32_t probe, uint32_t site,
                          uint32_t in_group);
void deciding_decide(struct engine *engine, uint32_t group); /* agreement -> decision */
void deciding_committed(struct engine *engine, const struct event_commit *commit);
void deciding_set_head(struct engine *engine, uint32_t group, const struct decision *decision,
                       uint64_t revision);
void deciding_orders(struct engine *engine);
/* The wish and the gates of a group as they are now, as its look has left it. */
void deciding_think(const struct engine *engine, uint32_t group, struct thought *ret_thought);
/* Gives a slot its vectors: DECISION_VECTORS for each of the group's sites. */
void decision_slot_lay_out(struct decision_slot *slot, int *vectors, uint32_t sites);
/* All that the decision points to as well; into itself, too. */
void decision_slot_copy(const struct engine *engine, uint32_t group, struct decision_slot *slot,
                        const struct decision *decision);
/* The gates between a wish and its commit (safety.c); true when all are open. */
bool safety_gates(const struct engine *engine, uint32_t group, const struct wish *wish,
                  bool override, struct finding *gates, uint32_t *gate_count);
/* The first closed gate of those a commit needs, or NULL. */
const struct finding *safety_closed(const struct finding *gates, uint32_t count);
/* C5: every service keeps some weight. */
bool safety_has_weight(const struct engine *engine, uint32_t group, const int *weights);
uint32_t safety_budget_used(const struct engine *engine);
msec_t safety_budget_left(const struct engine *engine);
/* When time alone may open a gate next. */
msec_t safety_again_ms(const struct engine *engine, uint32_t group);
msec_t safety_dwell_left(const struct engine *engine, uint32_t group);
/* Break-glass (glass.c, D7). */
void glass_event(struct engine *engine, const struct event_glass *event);
/* A confirmed order becomes a head of our own, or is refused. */
void glass_decide(struct engine *engine, uint32_t group);
/* Gives a head of our own up when the zone has moved on (C3). */
void glass_look(struct engine *engine, uint32_t group);
/* C6: what a head of our own rests on is still so. */
bool glass_stands(const struct engine *engine, uint32_t group);
/* The store speaks of the group again: its head is the head. */
void glass_end(struct engine *engine, uint32_t group);
/* Local orders: what the store shall have, and what the disk. */
void glass_orders(struct engine *engine);
void glass_orders_touched(struct engine *engine);
/* The zone's fence was written by a head that no store has, by this order; NULL: not known. */
const struct order *glass_behind(const struct engine *engine, uint32_t group, uint64_t epoch);
bool glass_open(const struct engine *engine, uint32_t group);
void observing_look(struct engine *engine, uint32_t group); /* is there drift? */
/* C7: another decision took the head's number, and the zone says what that one decided. */
bool observing_twin(const struct engine *engine, const struct zone_slot *slot);
void applying_apply(struct engine *engine, uint32_t group); /* decision -> change */
void beacons_latch(struct engine *engine, uint32_t group);  /* decision, fence -> beacons (B1) */
void beacons_lit(struct engine *engine, const struct event_latch *event);
void attach_event(struct engine *engine, const struct event_attach *event); /* B2 */
/* True while an operator waits for it. */
bool attach_is_wanted(struct engine *engine, uint32_t group);
bool attach_propose(struct engine *engine, uint32_t group);
void observing_zone(struct engine *engine, const struct event_zone *event);
void applying_change(struct engine *engine, const struct event_change *event);
void observing_zones(struct engine *engine); /* which zones are read now */
uint64_t observing_fence_min(const struct engine *engine, uint32_t group);
uint64_t observing_fence_max(const struct engine *engine, uint32_t group);
bool observing_drifted(const struct engine *engine, uint32_t group);
/* What the zones say of a site: where its newest fence is, and where it drifted. A weight, or a
 * WEIGHT_ when they do not say one thing. */
int observing_said(const struct engine *engine, uint32_t group, uint32_t in_group);
/* As read in one zone, though sets be missing or differ: that of the first which is there. */
int observing_first(const struct engine *engine, const struct zone_slot *slot, uint32_t in_group);
/* C7, C8: the batch of an older decision was applied after all, although the head (a cancel, or an
 * adoption) was made without knowing; such a head moves nothing, so it may not undo that. */
bool observing_late(const struct engine *engine, uint32_t group);
/* The epoch that the other zones of a group follow (D3): of the newest fence; but what came late
 * has moved traffic, and the head above it, made without knowing, has moved none. */
uint64_t observing_leader(const struct engine *engine, uint32_t group);
/* C2: the fence that the head rests on is gone: it has to be written anew under a new epoch. */
bool observing_gone(const struct engine *engine, uint32_t group);
/* C7: some zone has, or had, the head's epoch. */
bool observing_begun(const struct engine *engine, uint32_t group);
/* The same of one zone. */
bool observing_slot_begun(const struct engine *engine, const struct zone_slot *slot);
/* This epoch was read or written there; whole: with what its plan is the digest of. */
void observing_saw(struct zone_slot *slot, uint64_t epoch, const char *plan, bool whole);
void alerting_raise(struct engine *engine, uint32_t group); /* -> alert */
void alerting_self(struct engine *engine);
uint32_t alerting_list(const struct engine *engine, struct incident_view *ret_views, uint32_t max);
void alerting_moved(struct engine *engine, uint32_t group);
/* C4: text: what somebody else changed beside weights; number: of this change, everywhere. */
void alerting_changed(struct engine *engine, uint32_t group, uint64_t number, const char *text);
void alerting_set_back(struct engine *engine, uint64_t revision);
void alerting_gap(struct engine *engine);
void alerting_incident_id(const struct engine *engine, uint32_t group, const char *event, char *out,
                          size_t size);

#endif
