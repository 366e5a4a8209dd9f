/* SPDX-License-Identifier: Apache-2.0 */
/* etcd_proxy.h: stands between a store and a member of etcd, on the test's own loop, and does what
 * networks and wrong servers do. */
#ifndef REGIONSHIFT_TESTS_ETCD_PROXY_H
#define REGIONSHIFT_TESTS_ETCD_PROXY_H

#include <stdbool.h>
#include <uv.h>

enum proxy_mode {
    PROXY_PASSES,
    PROXY_DROPS_ANSWERS, /* the request goes through; its answer does not, and the path ends */
    PROXY_SWALLOWS,      /* all bytes, both ways, of the paths that stand */
    PROXY_HOLDS,         /* nothing goes on; what came goes on when it passes again */
    PROXY_REFUSES,       /* ends what stands, and what comes */
    PROXY_SAYS           /* answers by itself: `words`, then `filler` for ever if there is one */
};

struct proxy {
    uv_loop_t *loop;
    uv_tcp_t listener;
    unsigned port;
    unsigned member_port;
    enum proxy_mode mode;
    const char *words;
    const char *filler;
    unsigned requests; /* bytes from the store came in so many pieces */
    unsigned accepted;
    struct path *paths;
    unsigned path_count;
    char url[64];
};

void proxy_open(struct proxy *proxy, uv_loop_t *loop, unsigned member_port);
/* Changes what happens from now on; PROXY_REFUSES ends the paths at once. */
void proxy_set(struct proxy *proxy, enum proxy_mode mode);
/* PROXY_HOLDS for the path that was made last, and for no other. */
void proxy_hold_last(struct proxy *proxy);
/* Ends all; the caller runs the loop until it is quiet. */
void proxy_close(struct proxy *proxy);

#endif
