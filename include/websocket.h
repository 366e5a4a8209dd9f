/* SPDX-License-Identifier: Apache-2.0 */
/* websocket.h: the opening of a WebSocket, from the client's side (RFC 6455, 4.1): the key that
 * goes out, and whether a 101 that comes back agrees to what was asked. Pure. */
#ifndef REGIONSHIFT_WEBSOCKET_H
#define REGIONSHIFT_WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>

enum {
    WEBSOCKET_RANDOM = 16,      /* bytes, new for each opening */
    WEBSOCKET_KEY_SIZE = 25,    /* as text, with its NUL */
    WEBSOCKET_ACCEPT_SIZE = 29, /* of the answer to it */
    WEBSOCKET_CLOSE_SIZE = 8    /* of a frame that ends it */
};

void websocket_key(const unsigned char random[WEBSOCKET_RANDOM], char out[WEBSOCKET_KEY_SIZE]);

/* What a server has to answer to a key, which proves that it read it. */
void websocket_accept(const char *key, char out[WEBSOCKET_ACCEPT_SIZE]);

/* What was asked for. */
struct websocket_offer {
    const char *key;
    const char *protocols;  /* of Sec-WebSocket-Protocol; NULL: none */
    const char *extensions; /* of Sec-WebSocket-Extensions; NULL: none */
};

/* Whether the headers of a 101 agree. Returns 0, or -1 with a sentence, printable: what was seen
 * and what was wanted. */
int websocket_agrees(const char *head, size_t length, const struct websocket_offer *offer,
                     char *error, size_t error_size);

/* "Going, and nothing was wrong": a masked frame, as clients' are. */
void websocket_close_frame(const unsigned char mask[4], unsigned char out[WEBSOCKET_CLOSE_SIZE]);

#endif
