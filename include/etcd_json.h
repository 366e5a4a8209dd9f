/* SPDX-License-Identifier: Apache-2.0 */
/* etcd_json.h: the words of etcd's v3 JSON gateway (3.4 to 3.6). Pure: bytes to structs and back.
 *
 * What the gateway does to its users, all of it met here and nowhere else: keys and values are
 * base64, 64-bit integers are strings, what is zero is left out (no `succeeded` is false, no `TTL`
 * is a lease that is gone), fields it does not know are ignored without a word, and errors come in
 * four shapes. Whatever is read may be wrong or hostile: it is checked against bounds. */
#ifndef REGIONSHIFT_ETCD_JSON_H
#define REGIONSHIFT_ETCD_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "pool.h"
#include "store.h"

enum {
    ETCD_REQUEST_MAX = 8 * 1024 * 1024, /* the biggest transaction of store.h fits */
    ETCD_ITEMS_MAX = 10000              /* of a page, or of a line of a watch */
};

/* ---- requests: each appends one JSON object; the buffer's failure sticks ---- */

/* Paths below the member's URL. */
#define ETCD_PATH_RANGE "/v3/kv/range"
#define ETCD_PATH_PUT "/v3/kv/put"
#define ETCD_PATH_TXN "/v3/kv/txn"
#define ETCD_PATH_WATCH "/v3/watch"
#define ETCD_PATH_GRANT "/v3/lease/grant"
#define ETCD_PATH_KEEPALIVE "/v3/lease/keepalive"
#define ETCD_PATH_REVOKE "/v3/lease/revoke"
#define ETCD_PATH_AUTHENTICATE "/v3/auth/authenticate"

/* All keys that begin with `under`; or of those only what stands before, or behind, all that begin
 * with a longer one. NULL: not so. */
struct etcd_span {
    const char *under;
    const char *before;
    const char *behind;
};

/* Keys are absolute: `prefix` ("/regionshift/pizza/") and the key of store.h behind it.
 *
 * A page of a span, from the absolute key `from` on (NULL: its first), at most `limit` items, as of
 * `revision` (0: now, linearizable). */
void etcd_write_range(struct buffer *out, const char *prefix, const struct etcd_span *span,
                      const char *from, uint32_t limit, uint64_t revision);

/* A put without any compare; never a deletion. lease: of a leased put, not 0; else ignored.
 *
 * A leased put whose lease is gone is refused with ETCD_NO_LEASE, here and in a transaction alike,
 * and nothing of the transaction is written (etcd 3.4.23, with and without users). A transaction
 * whose compares fail says so first, and not a word of the lease. */
void etcd_write_put(struct buffer *out, const char *prefix, const struct store_put *put,
                    int64_t lease);

/* The transaction; STORE_PREFIX_NOT_AFTER becomes a compare of a range. */
void etcd_write_txn(struct buffer *out, const char *prefix, const struct store_txn *txn,
                    int64_t lease);

/* A watch of everything under prefix+under from start_revision on (0: from now on; a revision that
 * is not there yet is no error: the watch waits for it in silence). */
void etcd_write_watch(struct buffer *out, const char *prefix, const char *under,
                      uint64_t start_revision);
/* Asks the stream of a watch for a sign of life. */
void etcd_write_progress(struct buffer *out);

void etcd_write_grant(struct buffer *out, int64_t ttl_s);
void etcd_write_lease(struct buffer *out, int64_t lease); /* keepalive; revoke */
void etcd_write_authenticate(struct buffer *out, const char *user, const char *password);

/* ---- answers ---- */

/* What an error of etcd means for us (S2: none of them says anything about a region). */
enum etcd_fault {
    ETCD_FAULT_NONE,
    ETCD_NO_LEADER,   /* 14 "etcdserver: no leader", leader changed: not proposed, try another */
    ETCD_TIMEOUT,     /* 4, "request timed out": perhaps done */
    ETCD_UNAVAILABLE, /* 14 otherwise, stopping, learner, connection errors in text */
    ETCD_TOO_MANY,    /* 8 "too many requests" */
    ETCD_BAD_TOKEN,   /* 16: authenticate again */
    ETCD_DENIED,      /* 7, wrong password, auth not enabled where a token was sent */
    ETCD_COMPACTED,   /* 11: read again */
    ETCD_FUTURE,      /* 11 "future revision": the store was set back, or the member lags */
    ETCD_NO_SPACE,    /* 8 "database space exceeded": perhaps done, see below */
    ETCD_CORRUPT,     /* alarm CORRUPT */
    ETCD_NO_LEASE,    /* 5 "requested lease not found" */
    ETCD_INVALID,     /* 3: our request is wrong: a bug, or a limit of the server (too large) */
    ETCD_UNKNOWN      /* anything else: means unavailable */
};
const char *etcd_fault_name(enum etcd_fault fault);
enum store_status etcd_fault_status(enum etcd_fault fault);
/* Whether the request was certainly not carried out, so that it may be sent again as it is. Not so
 * with ETCD_NO_SPACE: a write that was let in while there was room, and finds none when it is
 * applied, is applied and answered with this error (seen on 3.4.23: 29 of 30). */
bool etcd_fault_means_not_done(enum etcd_fault fault);

enum { ETCD_WORDS_MAX = 255 };
struct etcd_error {
    enum etcd_fault fault;
    int code;                       /* gRPC's; -1: none was given */
    char words[ETCD_WORDS_MAX + 1]; /* the server's own, one printable line, cut when longer */
};

/* Judges an answer that is not 200, of any shape or none (text, HTML, empty, cut off). The status
 * of HTTP alone says little: 429 is a full disk, a request too large, or too many requests; 503 is
 * "no leader" (not done) and "request timed out" (perhaps done). */
void etcd_read_error(int http_status, const char *body, size_t length,
                     struct etcd_error *ret_error);

/* A page of a range. Items' keys are relative to prefix; all memory belongs to the page. */
struct etcd_page {
    uint64_t revision;
    struct store_item *items;
    size_t count;
    size_t strange;       /* entries that nobody of us wrote: see below */
    const char *next_key; /* absolute: `from` of the next page; NULL: there is no more */
    struct pool *pool;
};
/* 0; or -1 with words in error: no JSON, a field wrong, a key outside prefix or out of order, too
 * many items. An entry written by hand must not make all others unreadable: one whose name is
 * longer than STORE_KEY_MAX or holds a NUL byte is passed over (no key of ours is such), a value
 * over STORE_VALUE_MAX becomes "", which no reader takes for anything. Both are counted. */
int etcd_read_range(const char *prefix, const char *body, size_t length, struct etcd_page *ret_page,
                    char *error, size_t error_size);
void etcd_page_clear(struct etcd_page *page);

/* A put, delete or transaction: the store's revision; a put always succeeded. */
int etcd_read_write(const char *body, size_t length, bool is_txn, bool *ret_succeeded,
                    uint64_t *ret_revision, char *error, size_t error_size);

/* Grant: the lease and the time it lives, which the server may have raised. */
int etcd_read_grant(const char *body, size_t length, int64_t *ret_lease, int64_t *ret_ttl_s,
                    char *error, size_t error_size);
/* Keepalive, which is a stream of one (and asks for no token, even where users are needed): ttl 0
 * says that the lease is gone. An error inside the stream fills ret_error (fault other than NONE)
 * and is no failure of reading. */
int etcd_read_keepalive(const char *body, size_t length, int64_t *ret_ttl_s,
                        struct etcd_error *ret_error, char *error, size_t error_size);
int etcd_read_token(const char *body, size_t length, char *ret_token, size_t token_size,
                    char *error, size_t error_size);

/* One line of a watch's stream (or its unfinished rest at the end).
 *
 * A sign of life may overtake events: asked for while the watch is catching up, it bears the newest
 * revision before the older events are told (3.4.23). Resume from the events told, never from it. A
 * watch without the right, or with a bad token, is created and canceled in one line. */
struct etcd_watch_line {
    bool created;
    bool canceled;            /* the stream stays open behind it: close it */
    bool progress;            /* a sign of life, no events */
    uint64_t compacted;       /* canceled: what we asked for is compacted up to here; 0: not that */
    uint64_t revision;        /* of the header */
    struct etcd_error error;  /* canceled, or an error inside the stream; fault NONE: none */
    struct store_item *items; /* deletions with value NULL */
    size_t count;
    size_t strange; /* as in a page */
    struct pool *pool;
};
int etcd_read_watch(const char *prefix, const char *line, size_t length,
                    struct etcd_watch_line *ret_line, char *error, size_t error_size);
void etcd_watch_line_clear(struct etcd_watch_line *line);

#endif
