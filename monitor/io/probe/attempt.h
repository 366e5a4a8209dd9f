/* SPDX-License-Identifier: Apache-2.0 */
/* attempt.h: one attempt of one check, and what the kinds of check need of the prober.
 *
 * The way of an attempt, and where a kind comes in:
 *
 *     start -> waiting -> begin -> resolve -> KIND.begin -> ... -> attempt_end() -> ended -> done
 *                                    |                                ^   calls KIND.release
 *               several addresses:   +-> a side for each -> ... ------+   the sides together decide
 *                                        (a struct attempt of its own)
 *               deadline, cancel -------------------------------------+
 *
 * A kind sees one address at a time: whether its attempt is the whole of a check or the side of one
 * address is the same to it (spread.c). A kind may end an attempt anywhere and must not touch it
 * afterwards: attempt_end() has released what the kind held. */
#ifndef REGIONSHIFT_ATTEMPT_H
#define REGIONSHIFT_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "curl_loop.h"
#include "probe.h"
#include "resolver.h"
#include "result.h"
#include "wheel.h"

struct account;
struct attempt;
struct spread;
struct naming_watch;
struct shelf;
struct cloud;
struct program;
struct trust;

enum {
    STARTS_PER_TURN = 64,     /* of the loop: a burst of starts must not delay the answers ... */
    STARTS_MIN = 4,           /* ... so it is fewer, down to this, while turns last long: */
    TURN_MAX_MS = 20,         /* longer than this, and answers are read noticeably late */
    LATE_MAX_MS = 250,        /* V4: so late, the fault may be ours */
    PULSE_MS = 100,           /* how often we look whether we stood still */
    PULSE_GRACE_MS = 50,      /* such delays are everyday */
    TOKENS_MAX = 1024 * 1024, /* far more than settings can hold */
    REQUEST_MAX = 16 * 1024,
    TRANSFERS_POOLED = 64,
    EXCERPT_MS = 200, /* for the beginning of a body that is only shown (account.h) */
    PROGRAMS_MAX = 16 /* at once, of kind command: a machine that is full of them watches nothing */
};

/* A kind of check: how an attempt goes once its address is known. */
struct attempt_kind {
    /* false: begin() is called without an address, for what is no connection to a host. */
    bool needs_address;
    /* It asks somebody else about the site, whose silence says nothing of it: a timeout is void. */
    bool is_hearsay;
    void (*begin)(struct attempt *attempt);
    /* Readiness of the socket that lean_open() opened; events of epoll, edge-triggered: read and
     * write until EAGAIN. May come once too often, for nothing. */
    void (*on_ready)(struct attempt *attempt, uint32_t events);
    /* What attempt_wake() asked for. NULL: never asks. */
    void (*on_wake)(struct attempt *attempt);
    /* Drops all the kind holds. Also called when it holds nothing. */
    void (*release)(struct attempt *attempt);
    /* What was going on, for "timeout after 3000 ms while ...". */
    const char *(*doing)(const struct attempt *attempt);
};

/* Which kind makes this check (kinds.c). A check that no prober makes (a group, a push) asserts. */
const struct attempt_kind *kind_of(const struct check *check);

extern const struct attempt_kind kind_name_server; /* name_server.c: references, any answer */

enum attempt_phase {
    PHASE_WAITING,
    PHASE_RESOLVING,
    PHASE_CONNECTING,
    PHASE_ANSWER, /* connected: set by the kind */
    PHASE_SPREAD, /* over several addresses, each with a side of its own */
    PHASE_ENDED
};

struct attempt {
    struct prober *prober;
    uint32_t token;
    const struct attempt_kind *kind;
    const struct check *check; /* of a reference: one that asks for what a reference asks for */
    TAILQ_ENTRY(attempt) link; /* in waiting, running or ended, by phase; sides are in none */
    bool is_hurried;           /* while waiting: among those that go first */
    usec_t asked_us;           /* when it was started; a side: 0 */
    enum attempt_phase phase;
    struct wheel_timer timer;
    msec_t due_ms;         /* the deadline */
    bool wakes;            /* the timer is set to wake the kind before that */
    msec_t lag_before_ms;  /* of the prober, when it began */
    usec_t looked_us;      /* when we looked into its socket last, or it began */
    usec_t waited_us;      /* for how long what came may have lain there (lateness.c) */
    unsigned wait_count;   /* in so many looks */
    msec_t given_back_ms;  /* of the time it lost through us */
    usec_t begun_us;       /* a side: when it connected */
    usec_t mark_us;        /* where the phase began that is timed now */
    usec_t answered_us;    /* when there was enough to be judged; 0: that is now */
    struct lookup *lookup; /* of our own, or of a kind that has to resolve another name */
    union address address; /* with the port of the check; all zero without needs_address */
    struct spread *spread; /* NULL: one address; else shared by the sides and owned by their lead */
    bool is_side;
    struct {
        int fd;      /* -1: none */
        size_t sent; /* for the kind: how much of what it sends has gone */
        bool is_out; /* the kernel took the connect(): others may have a word in what it says now */
    } lean;
    void *held;              /* what the kind holds besides: a struct of its own, NULL: nothing */
    struct account *account; /* to be told all (probe/account.h); NULL: nobody asked */
    struct result result;
};

TAILQ_HEAD(attempts, attempt);
TAILQ_HEAD(programs, program);

/* The lean prober's own epoll set, nested in the loop (lean.c). */
struct lean {
    int epoll_fd;
    uv_poll_t poll;
};

struct prober {
    uv_loop_t *loop;
    prober_done done;
    void *context;
    struct attempt **by_token;
    uint32_t token_count;    /* room in by_token */
    struct attempts hurried; /* they wait too, and go first: every second turn is theirs */
    struct attempts waiting;
    struct attempts running;
    struct attempts ended;
    unsigned running_count;
    struct lean lean;
    struct resolver *resolver;
    struct curl_loop *curl_loop;
    struct transfer *pool; /* idle handles of libcurl */
    unsigned pool_count;
    struct programs programs;             /* that wait for their turn (command.c) */
    unsigned program_count;               /* that run */
    struct trust *trusts;                 /* authorities, by their file (trust.h) */
    struct shelf **shelves;               /* by token: connections and sessions (reuse.h) */
    uint32_t shelf_count;                 /* room in it */
    unsigned kept_count;                  /* connections that wait there */
    struct naming_watch **namings;        /* by token: names beside pinned addresses (naming.c) */
    uint32_t naming_count;                /* room in it */
    struct cloud *cloud;                  /* asks AWS (cloud.h); NULL: no check needs it */
    const struct service_record *records; /* the failover names */
    uint32_t record_count;
    struct wheel wheel;
    uv_timer_t wheel_timer;
    msec_t wheel_armed_ms; /* -1: not armed */
    bool is_due;           /* something in the wheel may be: to be judged after the next poll */
    uv_prepare_t before_poll;
    uv_check_t after_poll;
    usec_t asked_us; /* when the loop began to ask the kernel what has come */
    usec_t told_us;  /* when it was told so in the turn before this one */
    uv_idle_t turn;
    usec_t turn_us;      /* when the last turn that began attempts came; 0: none waits */
    unsigned turn_count; /* how many may begin in a turn */
    uv_timer_t pulse;
    msec_t last_pulse_ms;
    msec_t lag_ms;       /* for how long we have stood still, altogether */
    unsigned open_count; /* handles, helpers and leftovers that close before we are gone */
    bool closing;
    void (*closed)(void *context);
    void *closed_context;
    char scratch[REQUEST_MAX]; /* for who needs room and returns before anybody else runs */
};

/* As prober_create(), asking these name servers (resolver_create()). */
int prober_create_asking(uv_loop_t *loop, const char *servers, prober_done done, void *context,
                         struct prober **ret_prober);

/* ---- attempt.c: for every kind ---- */

/* The one end of an attempt: releases everything, fills the result, reports from the loop. The
 * text is for operators; foreign bytes in it must be escaped already. */
__attribute__((format(printf, 4, 5))) void attempt_end(struct attempt *attempt,
                                                       enum result_class class,
                                                       enum failure failure, const char *format,
                                                       ...);

/* Ends it as the check's assertion says of the answer; without one, good. The latency is filled in
 * here: from the beginning of the connection to now. `seen` tells a good answer ("status 200"). */
void attempt_judge(struct attempt *attempt, const struct answer *answer, const char *seen);

/* As attempt_judge(), of an answer that has more to say when it is not good, and that may be none:
 * `failed` is RESULT_BAD, or RESULT_VOID for one that tells nothing of the endpoint. */
void attempt_judge_as(struct attempt *attempt, const struct answer *answer, const char *seen,
                      const char *more, enum result_class failed);

/* Ends an attempt that could not connect: an errno, or ATTEMPT_BLOCKED. What is our own machine's
 * fault is void. */
enum { ATTEMPT_BLOCKED = -1 };
void attempt_connect_failed(struct attempt *attempt, int error);

/* Does this errno tell of our own machine, and nothing of the endpoint (V4)? */
bool attempt_is_own_fault(const struct attempt *attempt, int error);

/* Ends an attempt whose connection was lost: void when it is our own fault, or else bad, as
 * FAILURE_CONNECT or what is said. */
void attempt_lost(struct attempt *attempt, int error);
void attempt_lost_as(struct attempt *attempt, enum failure failure, int error);

/* Ends a phase: its time goes to *ret_us, the next one begins. */
void attempt_mark(struct attempt *attempt, usec_t *ret_us);

/* Calls KIND.on_wake from the loop after so long, unless the attempt has ended by then; a second
 * call takes the place of the first. */
void attempt_wake(struct attempt *attempt, msec_t after_ms);

/* Begins its time anew, deadline and latency: what went by until now was ours. */
void attempt_begin_time(struct attempt *attempt);

/* May this check reach that address (setting `allow`)? To be asked where a socket is made, after
 * every resolution: a name may lead anywhere. */
bool attempt_may_reach(const struct attempt *attempt, const union address *address);

/* For CURLOPT_OPENSOCKETFUNCTION: the socket, or CURL_SOCKET_BAD with what attempt_connect_failed()
 * is to be told. */
curl_socket_t attempt_open_for_curl(const struct attempt *attempt, struct curl_sockaddr *address,
                                    int *ret_error);

/* Reports what has ended. Only from callbacks of the loop. */
void prober_deliver(struct prober *prober);

/* A leftover of an attempt is gone: the prober may be waiting for it to close. */
void prober_release(struct prober *prober);

/* ---- lean.c: for kinds on a socket of their own ---- */

/* Opens a socket of a type (SOCK_STREAM, SOCK_DGRAM) and protocol (0: its usual one), connects it
 * to the address of the attempt and watches it: what then happens comes to KIND.on_ready. One at a
 * time; lean_release() makes room for another. Returns false when the attempt has ended instead. */
bool lean_open(struct attempt *attempt, int type, int protocol);
void lean_connect(struct attempt *attempt); /* lean_open() of TCP: fit to be a KIND.begin */
void lean_release(struct attempt *attempt); /* fit to be a KIND.release */

/* As lean_connect(), for who sends something as soon as the connection is made, or ends it: that
 * tells the server that its answer has come, without a packet for it alone. Not for who waits for
 * the server's first word, which would come 200 ms later. */
void lean_connect_to_speak(struct attempt *attempt);

/* The connection will end by a reset, which costs both sides less than taking leave: for one on
 * which nothing is under way. */
void lean_break_off(const struct attempt *attempt);

/* Goes on with a connection that is open already: on_ready comes. Returns false when the attempt
 * has ended instead. */
bool lean_adopt(struct attempt *attempt, int fd);

/* Takes the connection out of the attempt, and out of the set; -1: there is none. */
int lean_part(struct attempt *attempt);

/* 0 when the connection of a stream is made, EINPROGRESS while it is not, else why it failed. */
int lean_connection_error(const struct attempt *attempt);

/* Is the connection of a stream made, as these events of it say? Then its time is told, and the
 * attempt is in PHASE_ANSWER. Returns false when it is not, or the attempt has ended instead. */
bool lean_is_connected(struct attempt *attempt, uint32_t events);

/* ---- request.c: for kinds that speak HTTP ---- */

/* "User-Agent" and so on: is this header among the check's own? */
bool request_has_header(const struct check *check, const char *name);

/* Writes the request as HTTP/1.1. Returns its length, 0: no room. */
size_t request_format(const struct check *check, char *out, size_t size);

/* As request_format(), but asks for a WebSocket, with this key. */
size_t request_format_upgrade(const struct check *check, const char *key, char *out, size_t size);

/* Writes "[2001:db8::1]:8080", "example.com" (default_port is left out). Returns -1: no room. */
int request_authority(const struct check *check, uint16_t default_port, char *out, size_t size);

#define USER_AGENT "regionshift/" VERSION " (health check)"

/* ---- icmp.c ---- */

/* May this process send echoes at all? If not, a sentence says what to do. */
bool icmp_can(char *error, size_t error_size);

/* ---- between the prober's own files ---- */

usec_t prober_now_us(void);
msec_t prober_now_ms(void);

/* ---- lateness.c: what of an attempt's time was ours (V4) ---- */

void lateness_open(struct prober *prober); /* two handles, to be closed with the rest */
void lateness_count_running(struct prober *prober, int change);
void lateness_end_turn(struct prober *prober); /* of the loop */
void lateness_begin(struct attempt *attempt);

/* What is heard in this turn of the loop may have come at any time since then. */
usec_t lateness_since(const struct prober *prober);

/* We look into the socket of an attempt, for what has come since. */
void lateness_look(struct attempt *attempt, usec_t since_us);

/* How much it has lost through us, and of that, what was not given back yet. */
msec_t lateness_lost(const struct attempt *attempt);
msec_t lateness_owed(const struct attempt *attempt);

/* More attempts wait than may begin: what is slow now may be slow through us. */
bool prober_is_pressed(const struct prober *prober);

/* A prober without memory has nobody left to tell; the supervisor restarts us. */
void *prober_need(void *memory);

/* Stops what is under way and puts the attempt with those that have ended. */
void prober_put_into_ended(struct attempt *attempt);

/* Sets the timer of an attempt to its deadline, or to wake it before. */
void prober_set_timer(struct attempt *attempt, msec_t at_ms);

/* Drops all that an attempt, or a side, holds: timer, lookup, what its kind holds. */
void attempt_release(struct attempt *attempt);

/* spread.c: finds the addresses of a check, and goes on to its kind with the one, or with a side
 * for each. */
void spread_resolve(struct attempt *attempt);
void spread_on_end(struct attempt *side);     /* a side has ended */
void spread_release(struct attempt *attempt); /* stops all sides */
unsigned spread_index(const struct attempt *side);

/* naming.c: asks for the name beside a pinned address, and tells what came in the result. */
void naming_ask(struct attempt *attempt);
void naming_tell(struct attempt *attempt);
void naming_close(struct prober *prober);

int lean_set_open(struct prober *prober);
void lean_set_close(struct prober *prober);
void lean_drain(struct prober *prober); /* acts on all that has come by now */

void http_curl_close(struct prober *prober); /* frees the pool; no transfer is left */

#endif
