/* SPDX-License-Identifier: Apache-2.0 */
/* server.h: what the files of the control share. A request goes straight through them:
 *
 *     listen.c    sockets: the unix one with its stale file, the TCP one
 *     front.c     libmicrohttpd without a thread of its own, its epoll in our loop; slow clients
 *     exchange.c  the route, the body within its limit, one reply
 *     routes.c    which paths there are, and the scope of each; no path is without one
 *     access.c    who asks, and whether that suffices for the scope
 *     then one file a subject: look.c explain.c plan.c ready.c first.c attach.c orders.c past.c
 *     metrics.c beacon.c push.c
 */
#ifndef REGIONSHIFT_CONTROL_SERVER_H
#define REGIONSHIFT_CONTROL_SERVER_H

#include <jansson.h>
#include <microhttpd.h>
#include <sys/queue.h>
#include <sys/types.h>
#include <uv.h>

#include "buffer.h"
#include "control.h"

/* Limits and their reasons. */
enum {
    BODY_MAX = 64 * 1024,          /* an order has 1 KiB */
    BODY_DROPPED_MAX = 1 << 20,    /* read to answer politely; whoever sends more is cut off */
    CONNECTION_MEMORY = 24 * 1024, /* headers and URL: a client needs less than 1 KiB */
    CONNECTIONS_MAX = 512,
    CONNECTIONS_PER_ADDRESS_MAX = 128, /* one bad neighbour leaves room for the others */
    IDLE_S = 10,                       /* a connection without a byte */
    REQUEST_MS = 15 * 1000, /* from connect, or the reply before, to the end of the reply */
    BEACON_MS = 8 * 1000,   /* the same for beacons: Route 53 waits 4 s for a connection, 2 s for
                               the head and 2 s for the body, and then takes it for silence */
    SWEEP_MS = 1000,
    TOKEN_MIN = 32,     /* bytes: shorter ones can be guessed */
    SEGMENT_MAX = 255,  /* of a path: the longest incident */
    SENTENCE_MAX = 511, /* of an error */
    ORDER_WAIT_MS = 5000,
    ORDER_LOOK_MS = 50,
    WAITING_MAX = 64 /* requests that are answered later */
};

enum scope {
    SCOPE_NONE,   /* of no route: a route that forgot its scope is served to nobody */
    SCOPE_BEACON, /* all that the front for beacons serves, and every other front, too */
    SCOPE_READ,
    SCOPE_PUSH, /* the job that the path names, by its own token */
    SCOPE_ORDER
};

/* Beacons have a front of their own, open to the world, whose clients take no connection from those
 * who read or order. */
enum front_kind { FRONT_UNIX, FRONT_TCP, FRONT_BEACONS, FRONT_COUNT };

/* One connection, to find the slow ones and to know who is there. */
struct client {
    LIST_ENTRY(client) link;
    int fd;
    msec_t since_ms; /* connected, or answered last */
    bool waiting;    /* for an order: that is our time, not the client's */
};
LIST_HEAD(client_list, client);

/* One listening socket with its own libmicrohttpd. Freed when its handles are closed. */
struct front {
    struct control *control;
    enum front_kind kind;
    char *address;
    struct MHD_Daemon *mhd;
    uv_poll_t poll;
    uv_timer_t timer; /* libmicrohttpd's own */
    uv_timer_t sweep;
    uint32_t open_handles;
    bool running; /* inside MHD_run() */
    struct client_list clients;
    uint32_t client_count;
};

/* A request that will be answered later. Whoever does the work holds the ticket and redeems it
 * once; a control that stops answers the request before that. */
struct ticket {
    LIST_ENTRY(ticket) link;
    struct request *request; /* NULL: answered already */
};
LIST_HEAD(tickets, ticket);

struct order_job;
LIST_HEAD(order_jobs, order_job);

struct control {
    uv_loop_t *uv;
    struct control_hooks hooks;
    struct front *fronts[FRONT_COUNT];
    uint32_t front_count; /* not freed yet, replaced ones too */
    uint32_t generation;  /* of settings: indices in what waits belong to one */
    char *token;          /* "" : no orders over TCP */
    char *socket_path;
    dev_t socket_device; /* of the file we made there */
    ino_t socket_inode;
    uv_timer_t orders_timer;
    bool orders_timer_closed;
    struct order_jobs orders; /* in the store, waiting for what becomes of them */
    struct tickets tickets;
    uint32_t ticket_count;
    uint64_t replies[6]; /* by hundreds of the status: metrics */
    bool closing;
    void (*closed)(void *context);
    void *closed_context;
};

struct request;
typedef void (*request_handler)(struct request *request);

struct route {
    const char *method;
    const char *path; /* "/api/v1/explain/?": each '?' is one segment, kept in args */
    enum scope scope;
    request_handler handle;
};

enum { ARGS_MAX = 2 };

/* One request: from its first line to the end of its reply. */
struct request {
    struct control *control;
    struct front *front;
    struct client *client;
    struct MHD_Connection *connection;
    const struct route *route;
    char args[ARGS_MAX][SEGMENT_MAX + 1];
    struct control_sources now; /* filled before the handler runs */
    struct buffer body;
    size_t body_seen;
    bool handled;  /* the handler ran */
    bool answered; /* the reply below is filled */
    bool waiting;  /* suspended until request_resume() */
    unsigned status;
    const char *type;
    char *text;
    size_t length;
    const char *allow; /* 405: which methods there are; NULL */
};

/* ---- listen.c ---- */

/* Both return a listening socket, or -errno with a sentence. */
int listen_unix(const char *path, char *error, size_t error_size);
int listen_tcp(const char *address, char *error, size_t error_size);

/* ---- front.c ---- */

/* Serves a listening socket, which is taken over also on failure. 0 or -errno. */
int front_create(struct control *control, enum front_kind kind, const char *address, int fd,
                 struct front **ret_front);
void front_close(struct front *front); /* accepts NULL; control_front_gone() when it is freed */
void front_run(struct front *front);
void control_front_gone(struct control *control);

/* ---- exchange.c ---- */

enum MHD_Result request_on_access(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **state);
void request_on_completed(void *context, struct MHD_Connection *connection, void **state,
                          enum MHD_RequestTerminationCode code);

/* Each fills the reply. JSON is taken over; NULL (no memory) becomes a 500. */
void reply_json(struct request *request, unsigned status, json_t *body);
void reply_text(struct request *request, unsigned status, const char *type, char *text,
                size_t length);
/* {"error":{"code":CODE,"message":SENTENCE}} */
__attribute__((format(printf, 4, 5))) void reply_error(struct request *request, unsigned status,
                                                       const char *code, const char *format, ...);

/* The request will be answered later: ticket_redeem(), a reply, request_resume(). NULL when too
 * many wait or memory is out; a reply is filled then. */
struct ticket *request_wait(struct request *request);
/* The request to answer, looked at afresh, or NULL when nobody waits any more. Ends the ticket. */
struct request *ticket_redeem(struct ticket *ticket);
void request_resume(struct request *request);
void tickets_stop(struct control *control);

/* A query argument, or NULL. */
const char *request_query(const struct request *request, const char *key);

/* ---- routes.c ---- */

/* Finds the route and fills args; NULL and a filled error reply when there is none. */
const struct route *routes_find(struct request *request, const char *url, const char *method);

/* ---- access.c ---- */

/* True when this front does not serve what was asked for, and does not say what it serves. */
bool access_is_hidden(const struct request *request);

/* True when the request may use its route; else an error reply is filled. */
bool access_allows(struct request *request);

/* Who is at the other end of the unix socket. 0 or -errno. */
int access_peer(const struct request *request, uid_t *ret_uid);
/* "10.0.0.7", or "" for the unix socket. */
void access_address(const struct request *request, char *out, size_t size);

/* ---- the subjects ---- */

void handle_healthz(struct request *request);
void handle_readyz(struct request *request);
void handle_metrics(struct request *request);
void handle_beacon(struct request *request);
void handle_status(struct request *request);
void handle_explain(struct request *request);
void handle_plan(struct request *request);
void handle_ready(struct request *request);
void handle_history(struct request *request);
void handle_timings(struct request *request);
void handle_incident(struct request *request);
void handle_first(struct request *request);
void handle_init(struct request *request);
void handle_attached(struct request *request);
void handle_attach(struct request *request);
void handle_order(struct request *request);
void handle_push(struct request *request);

/* health.c: appends what /readyz lists. */
bool health_is_ready(const struct control_sources *now, json_t *list);

/* orders.c: the timer that looks what became of them. */
void orders_open(struct control *control);
void orders_close(struct control *control, uv_close_cb closed);

/* ---- pieces of JSON that several subjects share: pieces.c ---- */

json_t *piece_time(wall_t wall);  /* RFC 3339; null for 0 */
json_t *piece_seconds(msec_t ms); /* null below 0 */
json_t *piece_us(usec_t us);      /* the same, of microseconds */
json_t *piece_gates(const struct gate *gates, uint32_t count);
/* How far the group's change is, zone by zone, in the order in which they are changed (C1). */
json_t *piece_zones(const struct engine *engine, const struct settings *settings, uint32_t group);
/* {"SERVICE/REGION": weight, ...} of a group. */
json_t *piece_weights(const struct settings *settings, uint32_t group, const int *weights);
json_t *piece_names(const struct settings *settings, probe_set probes);
/* The group that a path or body names; NONE and a filled 404 when there is none. */
uint32_t piece_group(struct request *request, const char *name);

/* ---- batches.c ---- */

/* For each zone of the decision's group, the batch that would be sent: a list. */
json_t *batches_of(const struct control_sources *now, const struct decision *decision);
/* managed.c: the record sets that are ours to change, a list. */
json_t *managed_of(const struct control_sources *now);
/* One of the settings' sets in its zone as read last, or NULL. */
const struct record_set *batches_find_set(const struct control_sources *now, uint32_t set);

#endif
