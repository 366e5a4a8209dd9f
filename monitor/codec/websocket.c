/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: a 101 alone proves nothing, as a proxy or a cache may have made it up. The handshake
 * was made so that only who has read this very request can answer it. */
#include "websocket.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "head.h"
#include "result.h"

enum { SHOWN_MAX = 50, GOING = 1000 /* status of a normal end */ };

#define ACCEPT "Sec-WebSocket-Accept"

void websocket_key(const unsigned char random[WEBSOCKET_RANDOM], char out[WEBSOCKET_KEY_SIZE])
{
    int length = EVP_EncodeBlock((unsigned char *)out, random, WEBSOCKET_RANDOM);

    assert(length == WEBSOCKET_KEY_SIZE - 1);
}

void websocket_accept(const char *key, char out[WEBSOCKET_ACCEPT_SIZE])
{
    static const char of_all_servers[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char text[WEBSOCKET_KEY_SIZE + sizeof(of_all_servers)];
    unsigned char hash[SHA_DIGEST_LENGTH];
    int length = snprintf(text, sizeof(text), "%s%s", key, of_all_servers);

    int done;

    assert(length > 0 && (size_t)length < sizeof(text));
    done = EVP_Digest(text, (size_t)length, hash, NULL, EVP_sha1(), NULL);
    assert(done == 1);
    length = EVP_EncodeBlock((unsigned char *)out, hash, sizeof(hash));
    assert(length == WEBSOCKET_ACCEPT_SIZE - 1);
}

/* ---- the answer ---- */

static void show(const struct head_line *line, char out[SHOWN_MAX])
{
    text_escape(out, SHOWN_MAX, line->value, line->value_length);
}

static int look_for_token(const char *head, size_t length, const char *name, const char *token,
                          char *error, size_t error_size)
{
    struct head_line line;
    char shown[SHOWN_MAX];

    if (head_has_token(head, length, name, token))
        return 0;
    if (!head_find(head, length, name, &line)) {
        snprintf(error, error_size, "no header %s, wanted \"%s\"", name, token);
    } else {
        show(&line, shown);
        snprintf(error, error_size, "%s is \"%s\", wanted \"%s\"", name, shown, token);
    }
    return -1;
}

/* A second one that differs would be a second answer: each has to be right. */
static int look_for_accept(const char *head, size_t length, const char *key, char *error,
                           size_t error_size)
{
    char wanted[WEBSOCKET_ACCEPT_SIZE];
    char shown[SHOWN_MAX];
    const char *at = head;
    struct head_line line;
    bool seen = false;

    websocket_accept(key, wanted);
    while (head_next(&at, head + length, &line)) {
        if (!head_line_is(&line, ACCEPT))
            continue;
        seen = true;
        if (line.value_length == strlen(wanted) &&
            memcmp(line.value, wanted, line.value_length) == 0)
            continue;
        show(&line, shown);
        snprintf(error, error_size, ACCEPT " is \"%s\", wanted \"%s\"", shown, wanted);
        return -1;
    }
    if (!seen)
        snprintf(error, error_size, "no header " ACCEPT);
    return seen ? 0 : -1;
}

/* A server chooses one of the protocols that were offered, or none. */
static int look_for_protocol(const char *head, size_t length, const char *offered, char *error,
                             size_t error_size)
{
    struct head_line offer = {.value = offered != NULL ? offered : ""};
    struct head_line line;
    char chosen[SHOWN_MAX];

    offer.value_length = strlen(offer.value);
    if (!head_find(head, length, "Sec-WebSocket-Protocol", &line))
        return 0;
    show(&line, chosen); /* what is longer, or no print, was not offered */
    if (head_line_has_token(&offer, chosen))
        return 0;
    snprintf(error, error_size, "the protocol \"%s\" was not offered", chosen);
    return -1;
}

static int look_for_extensions(const char *head, size_t length, const char *offered, char *error,
                               size_t error_size)
{
    struct head_line line;
    char shown[SHOWN_MAX];

    if (offered != NULL || !head_find(head, length, "Sec-WebSocket-Extensions", &line))
        return 0;
    show(&line, shown);
    snprintf(error, error_size, "the extension \"%s\" was not offered", shown);
    return -1;
}

int websocket_agrees(const char *head, size_t length, const struct websocket_offer *offer,
                     char *error, size_t error_size)
{
    if (look_for_token(head, length, "Upgrade", "websocket", error, error_size) < 0 ||
        look_for_token(head, length, "Connection", "upgrade", error, error_size) < 0 ||
        look_for_accept(head, length, offer->key, error, error_size) < 0 ||
        look_for_protocol(head, length, offer->protocols, error, error_size) < 0 ||
        look_for_extensions(head, length, offer->extensions, error, error_size) < 0)
        return -1;
    return 0;
}

/* ---- the end ---- */

void websocket_close_frame(const unsigned char mask[4], unsigned char out[WEBSOCKET_CLOSE_SIZE])
{
    out[0] = 0x88;     /* the only frame of a close */
    out[1] = 0x80 | 2; /* masked, two bytes */
    memcpy(out + 2, mask, 4);
    out[6] = (GOING >> 8) ^ mask[0];
    out[7] = (GOING & 0xff) ^ mask[1];
}
