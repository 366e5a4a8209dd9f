/* SPDX-License-Identifier: Apache-2.0 */
/* prober_fixture.h: a prober, its loop and a name server for the tests of the kinds of checks. */
#ifndef REGIONSHIFT_TESTS_PROBER_FIXTURE_H
#define REGIONSHIFT_TESTS_PROBER_FIXTURE_H

#include "../../monitor/io/probe/attempt.h"
#include "../lib/server.h"
#include "../lib/zone.h"

enum {
    PATIENT_MS = 60000, /* a timeout that no test reaches */
    SHORT_MS = 60       /* one that a test waits for */
};

/* What was reported for a token. */
struct report {
    unsigned count;
    struct result result;
};

extern uv_loop_t loop;
extern struct prober *prober;
extern struct zone zone;
extern struct report reports[1024];
extern unsigned attempt_count; /* begun by start_check() */

void prober_setup(void);
void prober_teardown(void); /* closes what is open; fails when anything is left */
void prober_close_now(void);
void prober_leave(struct server *server); /* the same; then stops one that waited for us to leave */

/* What several tests want of a server. */
void serve_ok(struct server *server, int fd, void *context);   /* the page "ok" */
void serve_sick(struct server *server, int fd, void *context); /* a page that says 503 */
void serve_silence(struct server *server, int fd,
                   void *context);                              /* reads until the client leaves */
void serve_close(struct server *server, int fd, void *context); /* at once */

/* A check of 127.0.0.1:PORT; host, timeout and the rest may be changed before it is used. */
struct check make_check(uint16_t port, const char *target, const char *status, const char *body);

/* Starts a check; fails when it is reported from inside. */
void start_check(uint32_t token, const struct check *check);

/* Runs the loop until the token has been reported so often. */
void run_until_reported(uint32_t token, unsigned count);

/* Whether an attempt is void because this machine stood still (V4). */
bool stood_still(const struct result *result);

/* One attempt and its result. An attempt that is void because this machine stood still is made
 * again: how fast the machine is, is not tested. */
struct result probe(const struct check *check);

/* The same with a timeout that is waited for: `where` is what the detail says when it ran out. How
 * far an attempt gets in a given time is the machine's affair, so the check is given more and more
 * until it gets that far. NULL: no timeout is meant. */
struct result probe_to(struct check *check, const char *where);

/* Cancels a check when its server serves it: it is void. Then leaves both. */
void cancel_when_served(struct server *server, const struct check *check);

/* Asserts class, failure and that the detail contains some words. */
void expect(const struct result *result, enum result_class class, enum failure failure,
            const char *words);

#endif
