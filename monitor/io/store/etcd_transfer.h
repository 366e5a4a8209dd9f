/* SPDX-License-Identifier: Apache-2.0 */
/* etcd_transfer.h: one POST to one member of etcd, and its bounded answer.
 *
 * The body is handed to libcurl once and never again. libcurl repeats a request by itself when a
 * kept connection turns out dead, and cannot know whether the first was carried out; here such a
 * repetition finds no body and ends as a failure, with `sent` true. So `sent` false is certainty:
 * no byte of the body ever left, the member did nothing. */
#ifndef REGIONSHIFT_STORE_ETCD_TRANSFER_H
#define REGIONSHIFT_STORE_ETCD_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>

#include "curl_loop.h"
#include "settings.h"

/* "HOST:PORT:" and eight addresses. */
enum { ETCD_PIN_MAX = 1023 };

enum { ETCD_ANSWER_MAX = 16 * 1024 * 1024 /* bytes; a page of a range is made to fit */ };

struct etcd_transfer;

/* What each request to a member has in common; borrowed while the request is made. */
struct etcd_target {
    const struct store_settings *settings; /* certificates; borrowed while the transfer lasts */
    const char *member;                    /* its URL, without a slash at the end */
    const char *path;
    const char *token; /* "" : none */
    const char *pin;   /* CURLOPT_RESOLVE; "" : the URL has an address in it */
    bool fresh;        /* over a connection of its own: a kept one may be dead and silent */
    msec_t connect_ms; /* until connection and TLS stand */
    msec_t timeout_ms; /* of the whole; 0: no end */
};

struct etcd_transferred {
    CURLcode code;
    bool sent; /* perhaps carried out */
    bool too_long;
    long http_status;
    const char *body; /* valid during the callback */
    size_t length;
    const char *words; /* libcurl's own, when code says so; "" otherwise */
};
typedef void (*etcd_transfer_done)(void *context, const struct etcd_transferred *result);

/* Lists that a handle borrows. */
struct etcd_lists {
    struct curl_slist *headers;
    struct curl_slist *pins;
};

/* An easy handle with the URL, the headers, the certificates and the limits of a target. The lists
 * are freed after the handle. NULL: out of memory. */
CURL *etcd_easy(const struct etcd_target *target, struct etcd_lists *ret_lists);
void etcd_lists_free(struct etcd_lists *lists);

/* body is borrowed until `done`, which comes once, from the loop. NULL: out of memory. */
struct etcd_transfer *etcd_transfer_start(struct curl_loop *curl_loop,
                                          const struct etcd_target *target, const char *body,
                                          size_t length, etcd_transfer_done done, void *context);

/* `done` comes soon, with CURLE_ABORTED_BY_CALLBACK. */
void etcd_transfer_cancel(struct etcd_transfer *transfer);

/* A file the settings name that cannot be read: its path into ret_path, errno returned. 0: none. */
int etcd_unreadable_file(const struct store_settings *settings, const char **ret_path);

#endif
