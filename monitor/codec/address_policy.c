/* SPDX-License-Identifier: Apache-2.0 */
/* address_policy.c: tables of prefixes, walked; the first that fits decides, so that single
 * addresses stand before the networks they are in. */
#include "address_policy.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct prefix {
    uint8_t bytes[16];
    unsigned bits;
    uint32_t needs;
};

/* Whoever answers here hands out the credentials of the machine that asks. */
static const struct prefix v4_prefixes[] = {
    {{169, 254, 169, 254}, 32, ALLOW_METADATA}, /* AWS, Azure, Google, Oracle, OpenStack, ... */
    {{169, 254, 170, 2}, 32, ALLOW_METADATA},   /* tasks of ECS */
    {{169, 254, 170, 23}, 32, ALLOW_METADATA},  /* pods of EKS */
    {{169, 254, 0, 23}, 32, ALLOW_METADATA},    /* Tencent */
    {{169, 254, 42, 42}, 32, ALLOW_METADATA},   /* Scaleway */
    {{100, 100, 100, 200}, 32, ALLOW_METADATA}, /* Alibaba */
    {{168, 63, 129, 16}, 32, ALLOW_METADATA},   /* Azure's wire server */
    {{127}, 8, ALLOW_LOOPBACK},
    {{0}, 8, ALLOW_LOOPBACK | ALLOW_MULTICAST}, /* this host, RFC 1122 */
    {{169, 254}, 16, ALLOW_LINK_LOCAL},
    {{224}, 3, ALLOW_MULTICAST}, /* and 240/4, reserved, with the broadcast at its end */
};

static const struct prefix v6_prefixes[] = {
    {{0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, 0x54}, 128, ALLOW_METADATA},             /* AWS */
    {{0xfd, 0x00, 0x0e, 0xc2, [15] = 0x23}, 128, ALLOW_METADATA},                   /* EKS */
    {{0xfd, 0x20, 0x00, 0xce, [14] = 0x02, 0x54}, 128, ALLOW_METADATA},             /* Google */
    {{0xfd, 0x00, 0x00, 0xc1, [12] = 0xa9, 0xfe, 0xa9, 0xfe}, 128, ALLOW_METADATA}, /* Oracle */
    {{0xfd, 0x00, 0x00, 0x42, [15] = 0x42}, 128, ALLOW_METADATA},                   /* Scaleway */
    {{0xfe, 0x80, [12] = 0xa9, 0xfe, 0xa9, 0xfe}, 128, ALLOW_METADATA},             /* OpenStack */
    {{[15] = 1}, 128, ALLOW_LOOPBACK},
    {{0}, 128, ALLOW_LOOPBACK | ALLOW_MULTICAST},
    {{0xfe, 0x80}, 10, ALLOW_LINK_LOCAL},
    {{0xff}, 8, ALLOW_MULTICAST},
};

/* IPv6 addresses with an IPv4 address inside, and at which byte. */
static const struct {
    struct prefix prefix;
    unsigned at;
    uint8_t mask; /* Teredo writes it inverted, so that no translator touches it */
} embeddings[] = {
    {{.bytes = {[10] = 0xff, 0xff}, .bits = 96}, 12, 0},            /* mapped, RFC 4291 */
    {{.bytes = {[8] = 0xff, 0xff}, .bits = 96}, 12, 0},             /* translated, RFC 2765 */
    {{.bytes = {0}, .bits = 96}, 12, 0},                            /* compatible, RFC 4291 */
    {{.bytes = {0x00, 0x64, 0xff, 0x9b}, .bits = 96}, 12, 0},       /* NAT64, RFC 6052 */
    {{.bytes = {0x00, 0x64, 0xff, 0x9b, 0, 1}, .bits = 48}, 12, 0}, /* local NAT64, RFC 8215 */
    {{.bytes = {0x20, 0x02}, .bits = 16}, 2, 0},                    /* 6to4, RFC 3056 */
    {{.bytes = {0x20, 0x01, 0x00, 0x00}, .bits = 32}, 12, 0xff},    /* Teredo, RFC 4380 */
};

static bool is_in(const uint8_t *address, const struct prefix *prefix)
{
    unsigned whole = prefix->bits / 8;
    unsigned rest = prefix->bits % 8;
    if (memcmp(address, prefix->bytes, whole) != 0)
        return false;
    return rest == 0 || (address[whole] ^ prefix->bytes[whole]) >> (8 - rest) == 0;
}

static const struct prefix *find(const uint8_t *address, const struct prefix *prefixes,
                                 size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_in(address, &prefixes[i]))
            return &prefixes[i];
    }
    return NULL;
}

uint32_t address_policy_v4(const uint8_t address[4])
{
    const struct prefix *found =
        find(address, v4_prefixes, sizeof v4_prefixes / sizeof *v4_prefixes);
    return found == NULL ? 0 : found->needs;
}

uint32_t address_policy_v6(const uint8_t address[16])
{
    const struct prefix *found =
        find(address, v6_prefixes, sizeof v6_prefixes / sizeof *v6_prefixes);
    if (found != NULL)
        return found->needs;
    for (size_t i = 0; i < sizeof embeddings / sizeof *embeddings; i++) {
        uint8_t inside[4];
        if (!is_in(address, &embeddings[i].prefix))
            continue;
        for (unsigned j = 0; j < sizeof inside; j++)
            inside[j] = address[embeddings[i].at + j] ^ embeddings[i].mask;
        return address_policy_v4(inside);
    }
    return 0;
}

static bool is_localhost(const char *text)
{
    static const char name[] = "localhost";
    size_t length = strlen(text);
    if (length < sizeof name - 1)
        return false;
    const char *tail = text + length - (sizeof name - 1);
    return strcasecmp(tail, name) == 0 && (tail == text || tail[-1] == '.');
}

bool address_policy_text(const char *text, uint32_t *ret_needs)
{
    uint8_t address[16];
    if (inet_pton(AF_INET, text, address) == 1)
        *ret_needs = address_policy_v4(address);
    else if (inet_pton(AF_INET6, text, address) == 1)
        *ret_needs = address_policy_v6(address);
    else if (is_localhost(text))
        *ret_needs = ALLOW_LOOPBACK;
    else
        return false;
    return true;
}

static const char *const words[] = {"loopback", "link-local", "metadata", "multicast"};

enum { WORD_COUNT = sizeof words / sizeof *words };

uint32_t address_policy_bit(const char *word)
{
    for (unsigned i = 0; i < WORD_COUNT; i++) {
        if (strcmp(words[i], word) == 0)
            return UINT32_C(1) << i;
    }
    return 0;
}

void address_policy_words(uint32_t needs, char out[ADDRESS_POLICY_WORDS_MAX])
{
    size_t used = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < WORD_COUNT; i++) {
        if ((needs & UINT32_C(1) << i) != 0)
            used += (size_t)snprintf(out + used, ADDRESS_POLICY_WORDS_MAX - used, "%s%s",
                                     used == 0 ? "" : " and ", words[i]);
    }
}
