/* SPDX-License-Identifier: Apache-2.0 */
/* etcd_session.h: questions to etcd for a command that waits for the answers. One user, one loop of
 * its own; what a daemon would do in between, nobody needs here. */
#ifndef REGIONSHIFT_CTL_ETCD_SESSION_H
#define REGIONSHIFT_CTL_ETCD_SESSION_H

#include "buffer.h"
#include "etcd_json.h"
#include "settings.h"

enum { SENTENCE_MAX = 512 };

/* One question, and after session_ask() its answer. */
struct session_ask {
    const char *path;
    struct buffer body; /* wiped when cleared: there may be a password in it */
    bool without_token;

    struct etcd_error error; /* fault NONE: well */
    char *text;              /* the answer's body; never NULL when well */
    size_t length;
    char sentence[SENTENCE_MAX]; /* what went wrong, for the operator */
};

struct etcd_session;

/* user "": asks without one. settings are borrowed. 0, or -1 and it has been said. */
int session_open(const struct store_settings *settings, const char *user, const char *password,
                 struct etcd_session **ret_session);
void session_close(struct etcd_session *session); /* accepts NULL */

/* Prepares a question; its body is empty, to be written. */
void session_prepare(struct session_ask *ask, const char *path);
void session_clear(struct session_ask *asks, size_t count);

/* Asks them all, some at a time, each perhaps twice; returns when all are answered. */
void session_ask(struct etcd_session *session, struct session_ask *asks, size_t count);

#endif
