/* SPDX-License-Identifier: Apache-2.0 */
/* attempt.h: one attempt of one check, and what the kinds of check need of the prober.
 *
 * The way of an attempt (prober.c), and where a kind comes in:
 *
 *     start -> waiting -> begin -> resolve -> KIND.begin -> ... -> attempt_end() -> ended -> done
 *                                                 ^          |          ^   calls KIND.release
 *               attempt_connect_failed():         |          |          |
 *               the next address, or the end      +----------+----------+
 *               deadline, cancel ---------------------------------------+
 *
 * A kind may end an attempt anywhere and must not touch it afterwards: attempt_end() has released
 * what the kind held. */
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

struct attempt;
struct http1;

enum {
    STARTS_PER_TURN = 64,     /* of the loop: a burst of starts must not delay the answers */
    LATE_MAX_MS = 250,        /* V4: so late, the fault may be ours */
    PULSE_MS = 100,           /* how often we look whether we stood still */
    PULSE_GRACE_MS = 50,      /* such delays are everyday */
    TOKENS_MAX = 1024 * 1024, /* far more than settings can hold */
    REQUEST_MAX = 16 * 1024,
    TRANSFERS_POOLED = 64
};

/* A kind of check: how an attempt goes once its addresses are known. */
struct attempt_kind {
    bool needs_address;
    void (*begin)(struct attempt *attempt);
    /* Readiness of the socket that lean_connect() opened; events of epoll. */
    void (*on_ready)(struct attempt *attempt, uint32_t events);
    /* Drops all the kind holds. Also called when it holds nothing. */
    void (*release)(struct attempt *attempt);
    /* What was going on, for "timeout after 3000 ms while ...". */
    const char *(*doing)(const struct attempt *attempt);
};

extern const struct attempt_kind kind_http;  /* http.c: plain HTTP/1.1 */
extern const struct attempt_kind kind_tcp;   /* tcp.c: the connection itself */
extern const struct attempt_kind kind_https; /* https.c: over libcurl */
extern const struct attempt_kind kind_dns;   /* dns.c: references, any answer */

/* What is asked of whom; borrowed from the check or the reference. */
struct request {
    const char *host;
    const char *address; /* pinned, "" or NULL: resolve the host */
    uint16_t port;
    const char *method;
    const char *target;
    const struct check_header *headers;
    uint32_t header_count;
    bool verify;
    const char *ca_file;
    const struct assertion *assertion; /* NULL: any answer is good */
};

enum attempt_phase { PHASE_WAITING, PHASE_RESOLVING, PHASE_CONNECTING, PHASE_ANSWER, PHASE_ENDED };

struct attempt {
    struct prober *prober;
    uint32_t token;
    const struct attempt_kind *kind;
    struct request request;
    msec_t timeout_ms;
    TAILQ_ENTRY(attempt) link; /* in waiting, running or ended, by phase */
    enum attempt_phase phase;
    struct wheel_timer deadline;
    msec_t lag_before_ms;
    usec_t begun_us;
    usec_t mark_us; /* where the phase began that is timed now */
    struct lookup *lookup;
    struct resolution resolution;
    unsigned address_index;
    struct {
        int fd; /* -1: none */
        size_t sent;
        struct http1 *http1;
    } lean;                    /* of http and tcp */
    struct transfer *transfer; /* of https */
    struct asking *asking;     /* of dns */
    struct result result;
};

TAILQ_HEAD(attempts, attempt);

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
    uint32_t token_count; /* room in by_token */
    struct attempts waiting;
    struct attempts running;
    struct attempts ended;
    unsigned running_count;
    struct lean lean;
    struct resolver *resolver;
    struct curl_loop *curl_loop;
    struct transfer *pool; /* idle handles of libcurl */
    unsigned pool_count;
    struct wheel wheel;
    uv_timer_t wheel_timer;
    msec_t wheel_armed_ms; /* -1: not armed */
    uv_check_t after_poll;
    uv_idle_t turn;
    uv_timer_t pulse;
    msec_t last_pulse_ms;
    msec_t lag_ms;       /* for how long we have stood still, altogether */
    unsigned open_count; /* handles, helpers and leftovers that close before we are gone */
    bool closing;
    void (*closed)(void *context);
    void *closed_context;
    char scratch[REQUEST_MAX];
};

/* As prober_create(), asking these name servers (resolver_create()). */
int prober_create_asking(uv_loop_t *loop, const char *servers, prober_done done, void *context,
                         struct prober **ret_prober);

/* The one end of an attempt: releases everything, fills the result, reports from the loop. The
 * text is for operators; foreign bytes in it must be escaped already. */
__attribute__((format(printf, 4, 5))) void attempt_end(struct attempt *attempt,
                                                       enum result_class class,
                                                       enum failure failure, const char *format,
                                                       ...);

/* Ends it good, or as the assertion says. */
void attempt_judge(struct attempt *attempt, int status, const char *body, size_t body_length);

/* The address at hand failed: goes on to the next one, or ends. */
void attempt_connect_failed(struct attempt *attempt, int error);

/* Ends an attempt whose connection was lost. */
void attempt_lost(struct attempt *attempt, int error);

/* Ends a phase: its time goes to *ret_us, the next one begins. */
void attempt_mark(struct attempt *attempt, usec_t *ret_us);

/* The address at hand, with the port of the request. */
union address attempt_address(const struct attempt *attempt);

/* Reports what has ended. Only from callbacks of the loop. */
void prober_deliver(struct prober *prober);

/* A leftover of an attempt is gone: the prober may be waiting for it to close. */
void prober_release(struct prober *prober);

/* ---- lean.c ---- */

int lean_open(struct prober *prober);
void lean_close(struct prober *prober);

/* Connects to the address at hand; what then happens comes to KIND.on_ready. */
void lean_connect(struct attempt *attempt);
void lean_release(struct attempt *attempt);

/* Acts on all that has come by now. */
void lean_drain(struct prober *prober);

/* ---- https.c ---- */

void https_close(struct prober *prober); /* frees the pool; no transfer is left */

/* ---- request.c ---- */

/* "User-Agent" and so on: is this header among the request's own? */
bool request_has_header(const struct request *request, const char *name);

/* Writes the request as HTTP/1.1. Returns its length, 0: no room. */
size_t request_format(const struct request *request, char *out, size_t size);

/* Writes "[2001:db8::1]:8080", "example.com" (default_port is left out). Returns -1: no room. */
int request_authority(const struct request *request, uint16_t default_port, char *out, size_t size);

#define USER_AGENT "regionshift/" VERSION " (health check)"

#endif
