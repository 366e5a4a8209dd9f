/* SPDX-License-Identifier: Apache-2.0 */
/* invariants_state.h: what the invariants remember of a run, shared by their files:
 *
 *     invariants.c          the table, the watcher, the first violation
 *     invariants_truth.c    reads the ground truth out of the world
 *     invariants_heard.c    what each probe was told: votes, orders, heads, zones, lease
 *     invariants_voted.c    what each probe saw, and whether its votes say that   (V1-V5, A2)
 *     invariants_ledger.c   a decision among decisions: epochs, compares, orders  (C2, D7-D9)
 *     invariants_decided.c  who loses weight, who gains it, on what evidence      (A1-A4, D1-D5)
 *     invariants_whole.c    services that move together stay together             (D3)
 *     invariants_limits.c   dwell and budget                                      (D6)
 *     invariants_written.c  what is sent to Route 53, and what it took            (C1-C7)
 *     invariants_told.c     alerts, facts, beacons                                (L1, L2, B1)
 *
 * Everything below truth.c works on plain data: events, commits, batches, and the truth as structs,
 * so that a test can make up a run without any engine. */
#ifndef REGIONSHIFT_SIM_INVARIANTS_STATE_H
#define REGIONSHIFT_SIM_INVARIANTS_STATE_H

#include "invariants.h"

enum {
    KEPT_DECISIONS = 128,  /* of a group, by epoch: a batch may be 10 minutes late */
    SNAPSHOTS = 4,         /* of a probe and group: proposals whose commit may still arrive */
    MOVES_KEPT = 256,      /* committed moves: more than any budget counts */
    DEBTS_MAX = 64,        /* things that people have not been told yet */
    WATCH_MS = 30000,      /* V5: after a gap a probe watches this long */
    GAP_NOTICED_MS = 2000, /* V5: a jump or stall longer than this is a gap */
    READ_WHOLE_MS =
        30000,            /* S1: the store is read whole every 10 s; three missed, and it is away */
    LEASE_LEFT_MS = 1000, /* C6: what a lease must have left when a batch leaves */
    /* D3: a zone that lags is seen with the next reading, five minutes at most (C4), and written
     * within 30 s (C8); the second of its zones as well */
    APART_MS = 360000,
    APART_LOOK_MS = 10000,
    LEAP = 1000000000, /* C2: nobody counts so far above what is known */
    CONFIRMED = 8      /* words that broke the glass of a group: a batch may hang 10 minutes */
};

/* ---- what a probe saw (V1-V4), by its own clock ---- */

struct seen_check {
    char letter; /* as in a vote: 'u' 's' 'd' 'r' '?' */
    bool last_bad;
    bool unsure;  /* results came so far apart that both readings of V4 are right: not judged */
    bool fault;   /* some bad result of this run met a real fault (S-27) */
    uint32_t run; /* results in a row like the last */
    uint32_t count;
    uint64_t window; /* newest in bit 0; 1: bad */
    msec_t last_ms;  /* -1: none */
};

/* The last time a probe said of a site that it is down: was it so? */
struct said_down {
    bool ever;
    bool fair;  /* the rule for down held, with a bad result last */
    bool fault; /* and what it met was a fault, not an accident of the simulation */
    uint32_t run;
    uint32_t window_bad;
    msec_t at_ms; /* world time */
};

struct seen_probe {
    struct seen_check *checks;
    char *published;         /* by site; 0: nothing yet */
    struct said_down *downs; /* by site */
    bool *has_published;     /* by group */
    bool *blind;             /* by group, as published */
    bool *tried;             /* by reference */
    bool *answered;
    msec_t *answered_ms; /* by reference: when it did so last */
    bool *others;        /* elector x site: that one suspects it, as this probe was told */
};

/* ---- what a probe was told ---- */

enum says { SAYS_NEITHER, SAYS_UP, SAYS_DOWN };

/* What the quorum says of a site, as far as one probe knows, and since when unbroken (A4). */
struct opinion {
    enum says says;
    msec_t since_ms;
};

struct told_order {
    char id[ORDER_ID_MAX + 1];
    enum order_verb verb;
    uint32_t region;
    uint32_t group;
    char incident[INCIDENT_MAX + 1];
    bool override;
    wall_t until_wall;
    uint64_t create_revision;
    uint64_t mod_revision;
    uint64_t obeyed; /* bit set of groups */
};

struct told_orders {
    struct told_order *items; /* ORDERS_MAX */
    uint32_t count;
};

struct told_head {
    bool present;
    uint64_t epoch;
    uint64_t revision;
    uint64_t proposed; /* its own newest proposal: the store's answer does not say the epoch */
};

/* A group in a zone, as read. */
struct told_slot {
    bool known;
    bool present;     /* the fence */
    uint64_t epoch;   /* its epoch; 0 none */
    uint64_t highest; /* ever told in this life */
};

/* Break-glass: what was confirmed to it for a group, and what it decided on that. */
struct told_glass {
    char order[ORDER_ID_MAX + 1]; /* "": nothing */
    uint32_t region;
    uint64_t fence; /* as shown */
    uint64_t epoch; /* 0: not decided */
};

struct heard {
    const struct settings *settings; /* those it runs with */
    uint32_t life;
    msec_t at_ms; /* its own clock, at the newest event */
    wall_t wall_offset;
    bool whole;            /* the store was read whole in this life ... */
    msec_t whole_ms;       /* ... last then; by its clock */
    msec_t whole_world_ms; /* the same in world time */
    msec_t first_whole_ms; /* in this life, in world time */
    msec_t gap_ms;     /* how long the last wait for a whole reading was that was too long ... */
    msec_t gap_end_ms; /* ... and when it was over, in world time; -1: there was none */
    msec_t answer_ms;  /* the store's newest answer */
    uint64_t revision; /* of the store, up to which it was told all */
    msec_t known_until_ms; /* what it knows of the others' leases is true until then; -1: not */
    bool lease_alive;
    msec_t lease_until_ms;
    msec_t quiet_until_ms;    /* V5: it may neither decide nor send */
    bool stood_still;         /* it was stopped for so long that its next event must find a gap */
    char *ballots;            /* site x PROBES_MAX: 'd' 'u' '-' 0 (does not count) */
    struct opinion *opinions; /* by site */
    struct told_orders orders;
    struct told_head *heads;  /* by group */
    struct told_glass *glass; /* group x CONFIRMED, a ring; it outlives the process */
    uint32_t *confirmed;      /* by group: how many there were */
    struct told_slot *slots;  /* group x zone */
    int *weights;             /* by set, as read in its zone; -1: no such set; -2: not read */
    uint64_t *journal;        /* by group */
    char (*nonces)[NONCE_LENGTH + 1]; /* by zone: of the newest reading */
    uint64_t *words;                  /* B1: group x region: lit by this epoch, 0 dark; on disk */
};

/* ---- decisions ---- */

/* What the proposer was told when it proposed. */
struct snapshot {
    bool used;
    uint32_t life; /* of the proposer */
    uint64_t epoch;
    wall_t at_wall;
    uint64_t head_revision;
    msec_t at_ms; /* by its clock */
    wall_t wall;
    msec_t whole_world_ms;
    struct opinion *opinions; /* by site; since_ms is an age here */
    int *weights;             /* by set, of the zones */
    uint64_t *fences;         /* by zone: this group's; 0 none */
    uint64_t highest;         /* epoch: of heads, fences and journal */
};

/* A committed decision, kept by its epoch. */
struct kept {
    uint64_t epoch; /* 0: none */
    enum decision_kind kind;
    bool override;
    bool twice; /* the epoch was committed again after the store went back */
    bool glass; /* ... or taken without the store */
    uint64_t revision;
    uint64_t said_since; /* of the head: the revision of the first that said so (D5) */
    uint64_t base_epoch;
    uint32_t lost; /* bit set of regions that lost weight */
    uint32_t gained;
    uint32_t
        evicted; /* B1: those that a leave took weight from, and that no decision moved since */
    wall_t at_wall;
    char order[ORDER_ID_MAX + 1];
    int *weights; /* in the group's order */
    int *normal;
    int *base;
};

struct move {
    uint32_t group;
    uint64_t epoch;
    uint64_t carried; /* the newest epoch that says the same again (a new fence) */
    msec_t world_ms;
    wall_t wall; /* by the committer's clock */
};

struct group_model {
    struct kept *decisions;   /* KEPT_DECISIONS, by epoch modulo */
    struct kept head;         /* the store's; epoch 0: none */
    struct move moved;        /* the move that dwell counts from; epoch 0: none */
    struct move moved_before; /* and the one before: a cancelled move never was */
    uint64_t accepted;        /* highest epoch that some zone took */
    uint64_t shifted;         /* newest epoch that changed a weight */
    uint64_t untold;          /* a move that was applied, and is not owed yet; 0: none */
    uint64_t told;            /* newest epoch that people heard of as a move */
    uint64_t apart_epoch;     /* D3: the head that some zone lacks ... */
    msec_t apart_ms;          /* ... since when nothing has held it back */
};

/* ---- the store's truth when it took a commit ---- */

struct store_vote {
    bool present;
    bool same_settings; /* as the committer's */
    bool blind;
    uint64_t revision;
    char *letters; /* in the group's order */
};

struct store_truth {
    struct store_vote votes[PROBES_MAX];
    struct told_orders orders;
    uint64_t liars;      /* bit set of probes that lie, or have other settings than they think */
    bool revisions_void; /* the store went back, and the committer has not read it whole since: its
                            revisions may be anybody's (S1) */
};

/* ---- what people must be told ---- */

struct debt {
    bool is_move; /* else: a region is down */
    uint32_t group;
    uint32_t region;
    uint64_t epoch;
    msec_t since_ms;
};

struct invariants {
    struct world *world; /* NULL: a made-up run */
    struct violation violation;
    bool violated;
    msec_t now_ms;                   /* world time */
    const struct settings *settings; /* the electorate's: indices are the same for all */
    uint32_t probe_count;
    struct heard *heard;
    struct seen_probe *seen;
    struct group_model *groups;
    struct snapshot *snapshots;    /* probe x group x SNAPSHOTS */
    struct move moves[MOVES_KEPT]; /* a ring */
    uint32_t move_count;
    struct store_truth truth;      /* room for the one at hand */
    uint64_t vantages[PROBES_MAX]; /* by elector: one bit, the same for the same vantage */
    uint64_t owners[PROBES_MAX];
    /* the zones */
    uint64_t *highest; /* group x zone: accepted */
    uint64_t *let_go;  /* B1: group x region: the newest epoch by which a word of its went */
    int *weights;      /* by set: room for what the zones say at the moment */
    char (*sent_nonces)[NONCE_LENGTH + 1]; /* probe x group x zone: sent last */
    /* what happened to the world */
    bool stranding; /* Route 53 may have undone what it accepted */
    bool drifting;  /* clocks run fast or slow */
    bool noisy;     /* loss or delay: a good endpoint may look bad */
    bool muffled;   /* the network loses or delays: nobody owes a deadline */
    bool sinks_down;
    bool swallowed; /* what sinks took may be nowhere */
    bool route53_bad;
    bool store_bad;
    msec_t disturbed_ms; /* the newest action that a check's attempt may have met half-way */
    msec_t hindered_ms;  /* the newest action that may keep people from being told */
    msec_t sinks_up_ms;
    msec_t set_back_ms; /* the store went back; -1: never */
    uint64_t era;       /* of the store: another one, and it went back */
    msec_t *paused_ms;  /* by probe: since when; -1: it runs */
    bool *hang_armed;   /* by probe: it stops with its next batch */
    /* what people were told */
    bool *region_open;    /* group x region: an alert stands open */
    bool *global_open;    /* by group */
    uint64_t *told_moves; /* by group: the newest decision whose move was told */
    struct debt debts[DEBTS_MAX];
    uint32_t debt_count;
    msec_t debt_due_ms;
    msec_t apart_due_ms;         /* when zones are compared next (D3) */
    struct memory_piece *memory; /* everything above */
};

/* ---- invariants.c ---- */

/* Records the first violation; later ones are its consequences. */
void invariants_fail(struct invariants *invariants, const char *id, uint32_t probe,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The model without a world: the caller tells what happens. settings[] by probe. */
struct invariants *invariants_create_bare(const struct settings *const *settings,
                                          uint32_t probe_count);

const struct group *invariants_group(const struct invariants *invariants, uint32_t group);
const char *invariants_probe_name(const struct invariants *invariants, uint32_t probe);

/* ---- invariants_heard.c ---- */

void heard_order(struct heard *heard, const struct event_order *event);
void heard_event(struct invariants *invariants, uint32_t probe, const struct event *event);
/* D7, by the newest word that lives at a time: is there one? NULL: no. */
const struct told_order *orders_draining(const struct told_orders *orders, uint32_t region,
                                         wall_t wall);
const struct told_order *orders_freezing(const struct told_orders *orders, uint32_t group,
                                         wall_t wall);
const struct told_order *orders_named(const struct told_orders *orders, const char *id);
void told_order_copy(struct told_order *to, const struct order *from);
/* A3 on sets of probes. */
enum says quorum_says(const struct invariants *invariants, const struct settings *settings,
                      uint32_t region, uint64_t down, uint64_t up);
uint32_t quorum_spread(const uint64_t *bits, uint64_t probes);
bool quorum_outside(const struct settings *settings, uint32_t region, uint64_t probes);

/* ---- invariants_voted.c ---- */

void voted_suspects(struct invariants *invariants, uint32_t probe,
                    const struct event_suspect *event);
/* True when the result said nothing new. answers: would an attempt be answered well now? False for
 * a liar, whom nobody asks why. */
bool voted_result(struct invariants *invariants, uint32_t probe, const struct event *event,
                  bool answers);
void voted_stepped(struct invariants *invariants, uint32_t probe, const struct event *event,
                   const struct update *update);
void voted_restart(struct invariants *invariants, uint32_t probe);

/* ---- invariants_ledger.c ---- */

void ledger_proposed(struct invariants *invariants, uint32_t probe, const struct commit *commit);
void ledger_committed(struct invariants *invariants, uint32_t probe, const struct commit *commit,
                      uint64_t revision, const struct store_truth *truth);
/* The head as the store holds it now (after it was set back). decision NULL: none. */
void ledger_set_head(struct invariants *invariants, uint32_t group, const struct decision *decision,
                     uint64_t revision);
/* The epoch was taken by a decision that no store has: what a fence of it says is not in a ledger.
 */
void ledger_note_glass(struct invariants *invariants, uint32_t group, uint64_t epoch);
bool ledger_is_glass(const struct invariants *invariants, uint32_t group, uint64_t epoch);
uint64_t ledger_highest_told(const struct heard *heard, uint32_t group);
const struct kept *ledger_find(const struct invariants *invariants, uint32_t group, uint64_t epoch);
/* The same, though the epoch was taken by another decision as well: what was committed last. */
const struct kept *ledger_latest(const struct invariants *invariants, uint32_t group,
                                 uint64_t epoch);
/* The newest decision before this one that said something else; NULL: none is kept. */
const struct kept *ledger_other_before(const struct invariants *invariants, uint32_t group,
                                       const struct kept *kept);

/* ---- invariants_decided.c ---- */

/* One commit under judgement. */
struct ruling {
    struct invariants *invariants;
    uint32_t probe;
    const struct settings *settings; /* the committer's */
    const struct group *group;
    const struct commit *commit;
    const struct decision *decision;
    const struct kept *before;       /* the head it replaces */
    const struct snapshot *snapshot; /* NULL: unknown, then what was told is not judged */
    const struct store_truth *truth;
    uint32_t lost; /* regions */
    uint32_t gained;
    uint32_t drained; /* of those that lost */
    bool changes;     /* some weight */
    bool automatic;   /* not by the word of an operator */
};

void decided_judge(struct ruling *ruling);

/* This vote as the transaction compared it; NULL: it did not. (invariants_ledger.c) */
const struct commit_vote *ruling_compared(const struct ruling *ruling, uint32_t probe);

/* ---- invariants_whole.c ---- */

void whole_judge(const struct ruling *ruling);
/* An adoption gives the site, by its place in the group, what another zone's decision said of it.
 */
bool whole_follows(const struct ruling *ruling, uint32_t k);
/* acts: by probe, it may act and is well; weights: of every set, now. excused: nobody can. */
void whole_watch(struct invariants *inv, const bool *acts, bool excused, const int *weights);

/* ---- invariants_limits.c ---- */

void limits_judge(struct ruling *ruling);
void limits_note(struct ruling *ruling);
void limits_forget(struct invariants *invariants);

/* ---- invariants_written.c ---- */

/* A step that sends: may it? */
void written_stepped(struct invariants *invariants, uint32_t probe, const struct batch *batch);
void written_sent(struct invariants *invariants, uint32_t probe, const struct batch *batch);
/* weights: what every record set says now, by set; -1 none. */
void written_accepted(struct invariants *invariants, uint32_t probe, const struct batch *batch,
                      bool shift, bool late, const int *weights);

/* Which of the settings' sets, of the batch's group and zone, a record set is; NONE: none. */
uint32_t written_set_of(const struct invariants *invariants, const struct batch *batch,
                        const struct record_set *set);

/* ---- invariants_glass.c ---- */

void glass_heard(struct heard *heard, const struct event_glass *event);
/* Local orders changed: what was decided by them. */
void glass_stepped(struct invariants *invariants, uint32_t probe, const struct update *update);
/* Is the batch of a decision that this probe made without the store? */
bool glass_is_its(const struct invariants *invariants, uint32_t probe, const struct batch *batch);
void glass_judge_sender(struct invariants *invariants, uint32_t probe, const struct batch *batch);
/* Judges it if it is such a one. from: the epoch of the fence that it deletes; 0 none. */
void glass_judge_batch(struct invariants *invariants, uint32_t probe, const struct batch *batch,
                       uint64_t from);

/* ---- invariants_truth.c ---- */

/* What the probes of a world just made were told when they began. */
void truth_begin(struct invariants *invariants);

/* Votes and orders as the store holds them, for a commit on a group. */
void truth_read(struct invariants *invariants, uint32_t probe, const struct commit *commit);
/* Another number after each time the store was set back. */
uint64_t truth_era(const struct invariants *invariants);
/* The heads as the store holds them, after it was set back. */
void truth_read_heads(struct invariants *invariants);

/* ---- invariants_told.c ---- */

void told_stepped(struct invariants *invariants, uint32_t probe, const struct event *event,
                  const struct update *update);
void told_delivered(struct invariants *invariants, const struct alert *alert);
/* Some zone of the group has never taken an epoch this high. */
bool told_zone_behind(const struct invariants *invariants, uint32_t group, uint64_t epoch);
void told_owe(struct invariants *invariants, const struct debt *debt);
/* able: somebody could have told by now. */
void told_due(struct invariants *invariants, bool able);

#endif
