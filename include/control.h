/* SPDX-License-Identifier: Apache-2.0 */
/* control.h: what operators and machines ask of a running daemon, over HTTP: on a unix socket
 * (settings->control_socket, mode 0660) and, when set, on TCP (settings->http_listen).
 *
 * It renders what the engine, the board and the others show, and writes orders; it decides
 * nothing. Reading and ordering are separate scopes: who may open the socket may order, under the
 * name that the kernel gives; over TCP an order needs the token of the settings. docs/API.md has
 * the forms. */
#ifndef REGIONSHIFT_CONTROL_H
#define REGIONSHIFT_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include "alerts.h"
#include "board.h"
#include "daemon.h"
#include "engine.h"
#include "health_watch.h"
#include "history.h"
#include "latches.h"
#include "loop.h"
#include "pushes.h"
#include "readiness.h"
#include "rollups.h"
#include "route53.h"
#include "teller.h"
#include "zones.h"

struct control;

/* What there is to see now. Everything is borrowed, and looked at only before the next turn. */
struct control_sources {
    const struct settings *settings;
    const struct engine *engine;
    struct board *board;
    const struct zones *zones;     /* NULL: none is read */
    const struct latches *latches; /* NULL: nothing is latched */
    const struct route53 *route53; /* NULL: none */
    struct readiness *readiness;   /* NULL: nothing is looked at */
    struct health_watch *health;   /* NULL: so here */
    const struct alerts *alerts;   /* NULL: not told */
    struct history *history;       /* NULL: none is kept */
    const struct rollups *rollups; /* NULL: nothing is measured */
    struct pushes *pushes;         /* NULL: no job can report */
    bool dry_run;
    struct daemon_stats stats;
};

/* What the control asks of its owner. */
struct control_hooks {
    void (*look)(void *context, struct control_sources *ret_sources);
    void *context;
    struct teller teller; /* takes EVENT_INIT */
};

/* Listens and answers. A socket file whose daemon is dead is replaced; one that is answered is an
 * error. Returns 0, or -errno with a sentence in error. */
int control_create(uv_loop_t *uv, const struct settings *settings,
                   const struct control_hooks *hooks, struct control **ret_control, char *error,
                   size_t error_size);

/* Other settings, after the engine has them: another token; what waits for orders is told so. Where
 * we listen stays. Returns 0, or -ENOMEM: the old token stays. */
int control_reload(struct control *control, const struct settings *settings);

/* Answers those who wait with "stopping", closes all, removes the socket file; `closed` (may be
 * NULL) runs from the loop. Accepts NULL: then it runs at once. */
void control_close(struct control *control, void (*closed)(void *context), void *context);

#endif
