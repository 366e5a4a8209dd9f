/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to a call of gRPC, and ends of one. What is promised: a state or a sentence, never both;
 * texts end, fit and are print. */
#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "fuzz.h"
#include "grpc_health.h"

static void check_print(const char *text, size_t size)
{
    assert(memchr(text, '\0', size) != NULL);
    for (; *text != '\0'; text++)
        assert(*text >= ' ' && *text <= '~');
}

void fuzz_grpc_answer(const uint8_t *data, size_t size)
{
    char state[GRPC_STATE_SIZE] = "";
    char error[GRPC_ERROR_MAX] = "";
    bool good = grpc_health_read((const char *)data, size, state, error) == 0;

    assert((state[0] != '\0') == good && (error[0] == '\0') == good);
    assert(!good || data[0] == 0);
    check_print(state, sizeof(state));
    check_print(error, sizeof(error));
}

void fuzz_grpc_end(const uint8_t *data, size_t size)
{
    struct grpc_end end;
    char error[GRPC_ERROR_MAX] = "";

    if (grpc_end_read((const char *)data, size, &end, error) == 0) {
        assert(error[0] == '\0' && end.code <= 9999);
        check_print(end.message, sizeof(end.message));
    } else {
        assert(error[0] != '\0');
        check_print(error, sizeof(error));
    }
}
