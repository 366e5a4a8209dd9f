/* SPDX-License-Identifier: Apache-2.0 */
/* dns_ask.h: one question to one name server, past every cache and resolver: what does this server
 * say now? For fences at authoritative servers (C7) and for references (V5). UDP, then TCP when the
 * answer is cut. */
#ifndef REGIONSHIFT_DNS_ASK_H
#define REGIONSHIFT_DNS_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "dns_answer.h"
#include "resolver.h"
#include "units.h"

struct dns_ask;

/* Called once, from the loop, when nothing of the question is left. values: as dns_answer.h has
 * them; count > 0 exactly when values were asked for and status is DNS_OK. They live during the
 * call only, and are as the server sent them: escape before showing. */
typedef void (*dns_ask_done)(void *context, enum dns_status status, const char *const *values,
                             size_t count);

struct dns_question {
    const char *server; /* "192.0.2.1:53", "[2001:db8::1]:53"; port 53 when left out */
    const char *name;
    enum dns_type type;
    bool recursive; /* a resolver is asked to find out, a name server what it knows itself */
    msec_t timeout_ms;
};

/* Returns 0, or -errno (-EINVAL: server), and then done is never called. */
int dns_ask(uv_loop_t *loop, const struct dns_question *question, dns_ask_done done, void *context,
            struct dns_ask **ret_ask);

/* Asks a name server for TXT at name. As dns_ask(). */
int dns_ask_txt(uv_loop_t *loop, const char *server, const char *name, msec_t timeout_ms,
                dns_ask_done done, void *context, struct dns_ask **ret_ask);

/* Asks `server` for the servers of the root. DNS_OK: it answered, whatever it said; also REFUSED is
 * an answer (V5). */
int dns_ask_alive(uv_loop_t *loop, const char *server, msec_t timeout_ms, dns_ask_done done,
                  void *context, struct dns_ask **ret_ask);

/* `done` comes with DNS_CANCELLED. Not to be used once it has come. */
void dns_ask_cancel(struct dns_ask *ask);

#endif
