/* SPDX-License-Identifier: Apache-2.0 */
/* grpc_health.h: the one call of grpc.health.v1 that we make, as bytes: the request, the answer,
 * and the trailers that end a call. Pure. Both messages are so small that protobuf is read by hand:
 *
 *     Check(HealthCheckRequest{ string service = 1 }) -> HealthCheckResponse{ enum status = 1 }
 *
 * A message goes with five bytes before it: a flag for "compressed", and its length. */
#ifndef REGIONSHIFT_GRPC_HEALTH_H
#define REGIONSHIFT_GRPC_HEALTH_H

#include <stddef.h>
#include <stdint.h>

#define GRPC_HEALTH_PATH "/grpc.health.v1.Health/Check"

enum {
    GRPC_REQUEST_MAX = 2048,
    GRPC_ANSWER_MAX = 1024, /* two bytes would do; there may be fields that we do not know */
    GRPC_STATE_SIZE = 24,
    GRPC_MESSAGE_MAX = 120, /* shown of a grpc-message */
    GRPC_ERROR_MAX = 120
};

/* Of a call; those that are told apart. */
enum grpc_code {
    GRPC_OK = 0,
    GRPC_DEADLINE_EXCEEDED = 4,
    GRPC_NOT_FOUND = 5,
    GRPC_UNIMPLEMENTED = 12
};

/* Writes the request. Returns its length, 0: no room. */
size_t grpc_health_write(const char *service, char *out, size_t size);

/* Reads the answer: "SERVING", "NOT_SERVING", "UNKNOWN", "SERVICE_UNKNOWN", or the number of a
 * state that is newer than we are. Returns 0, or -1 with a sentence, printable. */
int grpc_health_read(const char *bytes, size_t length, char ret_state[GRPC_STATE_SIZE],
                     char error[GRPC_ERROR_MAX]);

/* How a call ended. */
struct grpc_end {
    uint32_t code;
    char message[GRPC_MESSAGE_MAX + 1]; /* decoded, and escaped again for us; "": none */
};

/* Reads it from the headers and trailers, one after the other. Returns 0, or -1 with a sentence. */
int grpc_end_read(const char *head, size_t length, struct grpc_end *ret_end,
                  char error[GRPC_ERROR_MAX]);

/* "UNAVAILABLE"; NULL: no such code. */
const char *grpc_code_name(uint32_t code);

#endif
