/* SPDX-License-Identifier: Apache-2.0 */
#include "zone.h"

#include <arpa/nameser.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { HEAD_LENGTH = 12, MESSAGE_MAX = 2048, NAME_MAX_LENGTH = 256 };

/* An answer under construction. */
struct message {
    uint8_t *bytes;
    size_t length;
    unsigned answer_count;
};

static void put(struct message *message, const void *bytes, size_t length)
{
    if (message->length + length > MESSAGE_MAX)
        return;
    memcpy(message->bytes + message->length, bytes, length);
    message->length += length;
}

static void put16(struct message *message, unsigned value)
{
    uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};

    put(message, bytes, 2);
}

/* name: an offset into the message, as a pointer of compression */
static void put_record(struct message *message, unsigned name, unsigned type, uint32_t ttl,
                       const void *data, size_t length)
{
    put16(message, 0xc000 | name);
    put16(message, type);
    put16(message, ns_c_in);
    put16(message, ttl >> 16);
    put16(message, ttl & 0xffff);
    put16(message, (unsigned)length);
    put(message, data, length);
    message->answer_count++;
}

static void put_v4(struct message *message, unsigned name, uint32_t ttl, uint8_t last)
{
    uint8_t address[4] = {127, 0, 0, last};

    put_record(message, name, ns_t_a, ttl, address, 4);
}

/* Of what the metadata service of a cloud has. */
static void put_cloud(struct message *message)
{
    static const uint8_t address[4] = {169, 254, 169, 254};

    put_record(message, HEAD_LENGTH, ns_t_a, 5, address, 4);
}

static void put_loopback_v6(struct message *message)
{
    put_record(message, HEAD_LENGTH, ns_t_aaaa, 5, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
}

/* Names with several addresses. */
static void put_several(struct message *message, const char *name, unsigned type)
{
    if (strcmp(name, "pair.test") == 0 && type == ns_t_a) {
        put_v4(message, HEAD_LENGTH, 5, 9);
        put_v4(message, HEAD_LENGTH, 5, 1);
    } else if (strcmp(name, "many.test") == 0 && type == ns_t_a) {
        for (uint8_t last = 1; last <= 20; last++)
            put_v4(message, HEAD_LENGTH, 5, last);
    } else if (strcmp(name, "trio.test") == 0 && type == ns_t_a) {
        for (uint8_t last = 1; last <= 3; last++)
            put_v4(message, HEAD_LENGTH, 5, last);
    } else if (strcmp(name, "both.test") == 0 && type == ns_t_a) {
        put_v4(message, HEAD_LENGTH, 5, 1);
    } else if (strcmp(name, "both.test") == 0 && type == ns_t_aaaa) {
        put_loopback_v6(message);
    } else if (strcmp(name, "mixed.test") == 0 && type == ns_t_a) {
        put_cloud(message);
        put_v4(message, HEAD_LENGTH, 5, 1);
    }
}

static void put_chain(struct message *message, unsigned type)
{
    static const uint8_t target[] = {6, 't', 'a', 'r', 'g', 'e', 't', 0xc0, HEAD_LENGTH + 6};
    unsigned at = (unsigned)message->length + 12;

    put_record(message, HEAD_LENGTH, ns_t_cname, 2, target, sizeof(target));
    if (type == ns_t_a)
        put_v4(message, at, 300, 1);
}

static void put_texts(struct message *message)
{
    put_record(message, HEAD_LENGTH, ns_t_txt, 10, "\6v=rs1 \7group=g", 15);
    put_record(message, HEAD_LENGTH, ns_t_txt, 10, "\5other", 6);
}

static void put_big_text(struct message *message)
{
    uint8_t text[256];

    memset(text, 'x', sizeof(text));
    text[0] = 255;
    for (int i = 0; i < 3; i++)
        put_record(message, HEAD_LENGTH, ns_t_txt, 10, text, sizeof(text));
}

static void put_answers(struct message *message, const char *name, unsigned type)
{
    if (strcmp(name, "good.test") == 0 && type == ns_t_a)
        put_v4(message, HEAD_LENGTH, 5, 1);
    else if (strcmp(name, "fleeting.test") == 0 && type == ns_t_a)
        put_v4(message, HEAD_LENGTH, 0, 1);
    else if (strcmp(name, "lasting.test") == 0 && type == ns_t_a)
        put_v4(message, HEAD_LENGTH, ZONE_TTL_MAX, 1);
    else if (strcmp(name, "chain.test") == 0)
        put_chain(message, type);
    else if (strcmp(name, "six.test") == 0 && type == ns_t_aaaa)
        put_loopback_v6(message);
    else if (strcmp(name, "txt.test") == 0 && type == ns_t_txt)
        put_texts(message);
    else if (strcmp(name, "big.test") == 0 && type == ns_t_txt)
        put_big_text(message);
    else if (strcmp(name, "cloud.test") == 0 && type == ns_t_a)
        put_cloud(message);
    else
        put_several(message, name, type);
}

/* Reads the name of the question. Returns its end, 0 when it is none. */
static size_t read_name(const uint8_t *query, size_t length, char name[NAME_MAX_LENGTH])
{
    size_t at = HEAD_LENGTH;
    size_t used = 0;

    while (at < length && query[at] != 0) {
        size_t label = query[at];

        if (label > 63 || at + 1 + label >= length || used + label + 1 >= NAME_MAX_LENGTH)
            return 0;
        if (used > 0)
            name[used++] = '.';
        memcpy(name + used, query + at + 1, label);
        used += label;
        at += label + 1;
    }
    name[used] = '\0';
    return at < length ? at + 1 : 0;
}

static unsigned rcode_of(const char *name)
{
    if (strcmp(name, "missing.test") == 0)
        return ns_r_nxdomain;
    if (strcmp(name, "broken.test") == 0)
        return ns_r_servfail;
    return strcmp(name, "refused.test") == 0 || name[0] == '\0' ? ns_r_refused : ns_r_noerror;
}

static size_t answer(const uint8_t *query, size_t length, uint8_t *out, bool cut_big)
{
    struct message message = {.bytes = out};
    char name[NAME_MAX_LENGTH];
    size_t end = length > HEAD_LENGTH ? read_name(query, length, name) : 0;
    unsigned type;
    bool cut;

    if (end == 0 || end + 4 > length || strcmp(name, "silent.test") == 0)
        return 0;
    if (strcmp(name, "junk.test") == 0) {
        put(&message, query, 2);
        put(&message, "\x84\x00\xff\xff\xff\xff", 6);
        return message.length;
    }
    type = (unsigned)query[end] << 8 | query[end + 1];
    cut = cut_big && strcmp(name, "big.test") == 0;
    put(&message, query, end + 4);
    out[2] = (uint8_t)(0x84 | (query[2] & 1) | (cut ? 2 : 0)); /* answer, authoritative, cut */
    out[3] = (uint8_t)rcode_of(name);
    memset(out + 6, 0, 6);
    if (!cut)
        put_answers(&message, name, type);
    out[7] = (uint8_t)message.answer_count;
    return message.length;
}

static size_t answer_udp(void *context, const uint8_t *query, size_t length, uint8_t *out,
                         size_t size)
{
    (void)context;
    (void)size;
    return answer(query, length, out, true);
}

static void serve_tcp(struct server *server, int fd, void *context)
{
    uint8_t query[MESSAGE_MAX];
    uint8_t out[2 + MESSAGE_MAX];
    size_t length;

    (void)context;
    if (server_read(server, fd, query, 2) < 0)
        return;
    length = (size_t)query[0] << 8 | query[1];
    if (length > sizeof(query) || server_read(server, fd, query, length) < 0)
        return;
    length = answer(query, length, out + 2, false);
    out[0] = (uint8_t)(length >> 8);
    out[1] = (uint8_t)length;
    if (length > 0)
        server_send(server, fd, out, length + 2);
    server_wait_for_close(server, fd);
}

void zone_start(struct zone *ret_zone)
{
    ret_zone->tcp = server_start_tcp(serve_tcp, NULL);
    ret_zone->udp = server_start_udp_beside(ret_zone->tcp, answer_udp, NULL);
    snprintf(ret_zone->server, sizeof(ret_zone->server), "127.0.0.1:%u",
             server_port(ret_zone->tcp));
}

void zone_stop(struct zone *zone)
{
    server_stop(zone->udp);
    server_stop(zone->tcp);
}
