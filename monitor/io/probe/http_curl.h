/* SPDX-License-Identifier: Apache-2.0 */
/* http_curl.h: checks that speak HTTP over libcurl: one transfer, and what an attempt does with it.
 *
 *     http_curl.c      the kind: builds the request, judges the answer
 *     http_transfer.c  what libcurl hands us, under our limits; the pool of handles
 *     http_redirect.c  the way to another URL
 *     websocket.c      asks for an upgrade over TLS
 *     grpc.c           asks by POST over HTTP/2, and reads trailers
 *
 * A transfer outlives its attempt when that ends first (deadline, cancel, enough read): detached,
 * it comes back from the curl_loop and returns to the pool. Handles are reused, as making one costs
 * more than a transfer; connections never are. */
#ifndef REGIONSHIFT_HTTP_CURL_H
#define REGIONSHIFT_HTTP_CURL_H

#include "attempt.h"
#include "buffer.h"

enum {
    REFUSAL_MAX = 80,
    LOCATION_MAX = 4096,
    HTTP_NOTE_MAX = 32,
    HTTP_HOST_MAX = 256, /* a name in DNS */
    HTTP_URL_MAX = 8192 + 512
};

/* How a kind asks, and what it makes of the answer. */
struct http_question {
    /* A body goes out, HTTP/2 is spoken or it is bad, and trailers are kept behind the headers;
     * false: all is as the check says. */
    bool is_call;
    const char *path; /* NULL: that of the check */
    size_t body_max;  /* of an answer that is read; 0: what the check and its assertion say */
    /* Adds headers and options; NULL: a page is asked for. false: it cannot be asked. */
    bool (*add)(struct transfer *transfer, const struct check *check);
    void (*judge)(struct attempt *attempt, const struct transfer *transfer);
};

struct transfer {
    CURL *easy;
    const char *default_ca_file; /* of libcurl */
    struct prober *prober;
    struct attempt *attempt; /* NULL: detached */
    struct transfer *next;   /* in the pool */
    struct curl_slist *headers;
    struct curl_slist *connect_to;

    /* What is looked for. */
    const struct http_question *question;
    enum http_version version;
    char note[HTTP_NOTE_MAX]; /* of the kind: what it asked, to be known again */
    bool body_wanted;
    bool excerpt_wanted; /* of a body that nothing looks at, if it comes soon */
    bool head_wanted;
    bool location_wanted;
    size_t body_max;

    /* Where it stands: of this hop. */
    bool in_flight;
    usec_t begun_us;
    usec_t connect_us;  /* -1: not connected; only known so when there is TLS */
    bool head_done;     /* headers of the final answer have been read */
    bool enough;        /* we stopped it: what was read can be judged */
    int open_error;     /* of making the socket: an errno or ATTEMPT_BLOCKED */
    usec_t answered_us; /* the first line came; 0: none */
    size_t head_bytes;
    unsigned head_lines;
    unsigned interim_count;
    char refusal[REFUSAL_MAX]; /* why we stopped it, as no answer */
    char error[CURL_ERROR_SIZE];

    /* What was seen. */
    int status;
    long http_version; /* CURL_HTTP_VERSION_...; 0: no answer */
    int tls_version;   /* as OpenSSL numbers them, 0: no TLS */
    bool cert_seen;
    int64_t cert_left_s;
    bool body_cut;
    struct buffer body;
    struct buffer head;
    struct buffer location;

    /* Of all hops. */
    unsigned hops;             /* redirects followed */
    union address own_address; /* of the check's own host */
};

/* ---- http_transfer.c ---- */

/* From the pool, or new; NULL: no memory. */
struct transfer *transfer_get(struct prober *prober);
void transfer_put_back(struct transfer *transfer);

/* Forgets what the last hop brought. */
void transfer_reset(struct transfer *transfer);

/* One of libcurl's times, in microseconds; 0: not reached. */
usec_t transfer_time(const struct transfer *transfer, CURLINFO info);

/* When the answer began, as transfer_time(); 0: it has not. */
usec_t transfer_answered(const struct transfer *transfer);

/* Adds what this hop took to the times of the result. */
void transfer_add_timings(const struct transfer *transfer, struct timings *timings);

/* ---- http_curl.c ---- */

/* For kinds over libcurl: begins with a question; the others are fit to be those of a kind. */
void http_curl_begin(struct attempt *attempt, const struct http_question *question);
void http_curl_release(struct attempt *attempt);
const char *http_curl_doing(const struct attempt *attempt);

/* Adds a header; false: no memory. */
bool http_curl_add_header(struct transfer *transfer, const char *line);

/* What was seen of TLS, for an answer. */
void http_curl_tell_tls(const struct transfer *transfer, struct answer *answer);

/* Starts the next hop, which goes to a URL at the address of the attempt. */
void http_curl_go(struct attempt *attempt, const char *url, bool same_host);

/* ---- http_redirect.c ---- */

/* A redirect that the check wants followed. */
bool redirect_is_wanted(const struct attempt *attempt, const struct transfer *transfer);

/* Goes where it leads, or ends the attempt. */
void redirect_follow(struct attempt *attempt);

#endif
