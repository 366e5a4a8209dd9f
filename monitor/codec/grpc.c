/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: a cursor walks over the message and stops at the first thing that does not fit; `bad`
 * is asked once, at the end. Fields that we do not know are skipped, as protobuf wants it. */
#include "grpc_health.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "head.h"
#include "result.h"

enum {
    PREFIX = 5,
    FIELD = 1, /* of both messages */
    WIRE_VARINT = 0,
    WIRE_64 = 1,
    WIRE_BYTES = 2,
    WIRE_32 = 5,
    VARINT_BYTES_MAX = 10,
    SHOWN_MAX = 40
};

struct cursor {
    const unsigned char *at;
    size_t left;
    bool bad;
};

/* ---- the request ---- */

static size_t write_varint(unsigned char *out, size_t value)
{
    size_t count = 0;

    while (value >= 0x80) {
        out[count++] = (unsigned char)(value | 0x80);
        value >>= 7;
    }
    out[count++] = (unsigned char)value;
    return count;
}

/* A field that has its default is left out: no service is an empty message. */
size_t grpc_health_write(const char *service, char *out, size_t size)
{
    size_t length = strlen(service);
    unsigned char head[1 + VARINT_BYTES_MAX] = {FIELD << 3 | WIRE_BYTES};
    size_t head_length = length > 0 ? 1 + write_varint(head + 1, length) : 0;
    size_t message = head_length + length;
    unsigned char prefix[PREFIX] = {0, (unsigned char)(message >> 24),
                                    (unsigned char)(message >> 16), (unsigned char)(message >> 8),
                                    (unsigned char)message};

    if (size < PREFIX + sizeof(head) || length > size - PREFIX - sizeof(head))
        return 0;
    memcpy(out, prefix, PREFIX);
    memcpy(out + PREFIX, head, head_length);
    memcpy(out + PREFIX + head_length, service, length);
    return PREFIX + message;
}

/* ---- the answer ---- */

static const unsigned char *take(struct cursor *cursor, uint64_t count)
{
    const unsigned char *taken = cursor->at;

    if (cursor->bad || count > cursor->left) {
        cursor->bad = true;
        return NULL;
    }
    cursor->at += count;
    cursor->left -= (size_t)count;
    return taken;
}

static uint64_t take_varint(struct cursor *cursor)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < VARINT_BYTES_MAX; i++) {
        const unsigned char *byte = take(cursor, 1);

        if (byte == NULL)
            return 0;
        value |= (uint64_t)(*byte & 0x7f) << (7 * i);
        if ((*byte & 0x80) == 0)
            return value;
    }
    cursor->bad = true;
    return 0;
}

static void skip_field(struct cursor *cursor, uint64_t wire)
{
    switch (wire) {
    case WIRE_VARINT:
        take_varint(cursor);
        return;
    case WIRE_64:
        take(cursor, 8);
        return;
    case WIRE_BYTES:
        take(cursor, take_varint(cursor));
        return;
    case WIRE_32:
        take(cursor, 4);
        return;
    }
    cursor->bad = true; /* groups, which version 3 has not, and what does not exist */
}

/* Of a field that comes twice the last one counts; one that does not come is 0. An enum is 32 bits
 * wide whatever came. */
static int32_t take_status(struct cursor *cursor)
{
    uint64_t status = 0;

    while (cursor->left > 0 && !cursor->bad) {
        uint64_t key = take_varint(cursor);

        if (key == (FIELD << 3 | WIRE_VARINT))
            status = take_varint(cursor);
        else if (key >> 3 == FIELD || key >> 3 == 0)
            cursor->bad = true;
        else
            skip_field(cursor, key & 7);
    }
    return (int32_t)(uint32_t)status;
}

static void name_state(int32_t status, char out[GRPC_STATE_SIZE])
{
    static const char *const names[] = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};

    if (status >= 0 && status < (int32_t)(sizeof(names) / sizeof(names[0])))
        snprintf(out, GRPC_STATE_SIZE, "%s", names[status]);
    else
        snprintf(out, GRPC_STATE_SIZE, "%ld", (long)status);
}

/* Exactly one message, and all of it. */
static const char *look_at_frame(const unsigned char *bytes, size_t length)
{
    size_t announced;

    if (length == 0)
        return "no message, although the call went well";
    if (length < PREFIX)
        return "a message that is cut off";
    if (bytes[0] != 0)
        return "a compressed message, which was not asked for";
    announced = (size_t)bytes[1] << 24 | (size_t)bytes[2] << 16 | (size_t)bytes[3] << 8 | bytes[4];
    if (announced > length - PREFIX)
        return "a message that is cut off";
    return announced < length - PREFIX ? "more than one message" : NULL;
}

int grpc_health_read(const char *bytes, size_t length, char ret_state[GRPC_STATE_SIZE],
                     char error[GRPC_ERROR_MAX])
{
    const unsigned char *frame = (const unsigned char *)bytes;
    const char *wrong = look_at_frame(frame, length);
    struct cursor cursor;
    int32_t status = 0;

    if (wrong == NULL) {
        cursor = (struct cursor){.at = frame + PREFIX, .left = length - PREFIX};
        status = take_status(&cursor);
        wrong = cursor.bad ? "a message that is no HealthCheckResponse" : NULL;
    }
    if (wrong != NULL) {
        snprintf(error, GRPC_ERROR_MAX, "%s", wrong);
        return -1;
    }
    name_state(status, ret_state);
    return 0;
}

/* ---- how it ended ---- */

const char *grpc_code_name(uint32_t code)
{
    static const char *const names[] = {
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    };

    return code < sizeof(names) / sizeof(names[0]) ? names[code] : NULL;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "%20" and so on; what is no such thing stays, as the protocol wants it. */
static void decode_message(const struct head_line *line, char out[GRPC_MESSAGE_MAX + 1])
{
    char decoded[2 * GRPC_MESSAGE_MAX]; /* more than is shown, so that a cut is seen */
    size_t length = 0;

    for (size_t i = 0; i < line->value_length && length < sizeof(decoded); i++) {
        const char *at = line->value + i;
        bool is_code = *at == '%' && line->value_length - i > 2 && hex_value(at[1]) >= 0 &&
                       hex_value(at[2]) >= 0;

        decoded[length++] = is_code ? (char)(hex_value(at[1]) * 16 + hex_value(at[2])) : *at;
        i += is_code ? 2 : 0;
    }
    text_escape(out, GRPC_MESSAGE_MAX + 1, decoded, length);
}

static bool read_code(const struct head_line *line, uint32_t *ret_code)
{
    uint32_t code = 0;

    for (size_t i = 0; i < line->value_length; i++) {
        if (line->value[i] < '0' || line->value[i] > '9' || i > 3)
            return false;
        code = code * 10 + (uint32_t)(line->value[i] - '0');
    }
    *ret_code = code;
    return line->value_length > 0;
}

int grpc_end_read(const char *head, size_t length, struct grpc_end *ret_end,
                  char error[GRPC_ERROR_MAX])
{
    struct grpc_end end = {0};
    struct head_line line;
    char shown[SHOWN_MAX];

    if (!head_find(head, length, "grpc-status", &line)) {
        snprintf(error, GRPC_ERROR_MAX, "no grpc-status at the end of the call");
        return -1;
    }
    if (!read_code(&line, &end.code)) {
        text_escape(shown, sizeof(shown), line.value, line.value_length);
        snprintf(error, GRPC_ERROR_MAX, "grpc-status is no number: \"%s\"", shown);
        return -1;
    }
    if (head_find(head, length, "grpc-message", &line))
        decode_message(&line, end.message);
    *ret_end = end;
    return 0;
}
