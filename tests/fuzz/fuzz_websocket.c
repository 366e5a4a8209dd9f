/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of strangers as the answer to an opening. What is promised: only an answer that holds the
 * proof agrees; what does not agree is said, in print and in full. */
#include <assert.h>
#include <string.h>

#include "fuzz.h"
#include "websocket.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="

static void check_offer(const char *head, size_t length, const struct websocket_offer *offer)
{
    char accept[WEBSOCKET_ACCEPT_SIZE];
    char error[180] = "";
    int rc = websocket_agrees(head, length, offer, error, sizeof(error));

    websocket_accept(offer->key, accept);
    if (rc == 0)
        assert(memmem(head, length, accept, strlen(accept)) != NULL && error[0] == '\0');
    else
        assert(error[0] != '\0' && strlen(error) < sizeof(error) - 1);
    for (const char *at = error; *at != '\0'; at++)
        assert(*at >= ' ' && *at <= '~');
}

void fuzz_websocket_answer(const uint8_t *data, size_t size)
{
    check_offer((const char *)data, size, &(struct websocket_offer){.key = KEY});
    check_offer((const char *)data, size,
                &(struct websocket_offer){KEY, "mqtt, chat", "permessage-deflate"});
}
