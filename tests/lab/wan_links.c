// SPDX-License-Identifier: Apache-2.0
/* A link is a queue of packets and the time at which each is due. Order is kept on a link, as on
 * almost every real one: a packet waits for those that left before it, even if they are due later.
 */
#include "wan_state.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { IPV4_HEADER = 20, IPV4_DESTINATION = 16, MILLION = 1000000 };

struct wan_links *wan_links_create(uint64_t seed)
{
    struct wan_links *links = calloc(1, sizeof *links);

    if (links)
        links->dice = seed;
    return links;
}

void wan_link_clear(struct wan_link *link)
{
    while (link->first) {
        struct wan_packet *packet = link->first;

        link->first = packet->next;
        free(packet);
    }
    link->last = NULL;
    link->lost += link->count;
    link->count = 0;
}

void wan_links_destroy(struct wan_links *links)
{
    if (!links)
        return;
    for (uint32_t from = 0; from < links->host_count; from++)
        for (uint32_t to = 0; to < links->host_count; to++)
            wan_link_clear(&links->links[from][to]);
    free(links);
}

/* ---- hosts ---- */

static int wrong(const char **ret_wrong, const char *text)
{
    *ret_wrong = text;
    return -1;
}

static const struct wan_address *find_address(const struct wan_links *links, uint32_t address)
{
    for (uint32_t i = 0; i < links->address_count; i++)
        if (links->addresses[i].address == address)
            return &links->addresses[i];
    return NULL;
}

static int add_address(struct wan_links *links, const char *text, size_t length,
                       const char **ret_wrong)
{
    char copy[INET_ADDRSTRLEN] = "";
    uint32_t address = 0;

    if (length < sizeof copy)
        memcpy(copy, text, length);
    if (inet_pton(AF_INET, copy, &address) != 1)
        return wrong(ret_wrong, "an address is an IPv4 address, several are joined by commas");
    if (find_address(links, address))
        return wrong(ret_wrong, "an address belongs to one host only");
    if (links->address_count == WAN_ADDRESSES_MAX)
        return wrong(ret_wrong, "too many addresses, 96 are allowed");
    links->addresses[links->address_count++] =
        (struct wan_address){.address = address, .host = links->host_count};
    return 0;
}

int wan_links_add(struct wan_links *links, const char *name, const char *addresses,
                  const char **ret_wrong)
{
    size_t length = strlen(name);

    if (length == 0 || length > WAN_NAME_MAX ||
        name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] != '\0')
        return wrong(ret_wrong, "a host's name is 1 to 31 of a-z 0-9 -");
    for (uint32_t i = 0; i < links->host_count; i++)
        if (strcmp(links->names[i], name) == 0)
            return wrong(ret_wrong, "two hosts have the same name");
    if (links->host_count == WAN_HOSTS_MAX)
        return wrong(ret_wrong, "too many hosts, 24 are allowed");
    for (const char *at = addresses;; at++) {
        size_t size = strcspn(at, ",");

        if (add_address(links, at, size, ret_wrong) < 0)
            return -1;
        at += size;
        if (*at == '\0')
            break;
    }
    memcpy(links->names[links->host_count++], name, length + 1);
    return 0;
}

/* ---- packets ---- */

/* splitmix64: losses and jitter follow from the seed alone. */
static uint64_t throw_dice(struct wan_links *links)
{
    uint64_t z = links->dice += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t arrival_us(struct wan_links *links, const struct wan_rule *rule, uint64_t now_us)
{
    uint64_t due_us = now_us + rule->delay_us;

    if (rule->jitter_us == 0)
        return due_us;
    due_us += throw_dice(links) % (2 * rule->jitter_us + 1);
    return due_us > now_us + rule->jitter_us ? due_us - rule->jitter_us : now_us;
}

static bool is_lost(struct wan_links *links, const struct wan_link *link)
{
    return link->rule.cut || link->count == WAN_QUEUE_MAX ||
           (link->rule.loss_ppm > 0 && throw_dice(links) % MILLION < link->rule.loss_ppm);
}

static void enqueue(struct wan_link *link, struct wan_packet *packet)
{
    if (link->last)
        link->last->next = packet;
    else
        link->first = packet;
    link->last = packet;
    link->count++;
}

void wan_links_send(struct wan_links *links, uint32_t from, const uint8_t *bytes, size_t length,
                    uint64_t now_us)
{
    const struct wan_address *target;
    struct wan_packet *packet;
    struct wan_link *link;
    uint32_t address;

    if (length < IPV4_HEADER || length > WAN_PACKET_MAX || bytes[0] >> 4 != 4)
        return; /* IPv6's own chatter, on every new device */
    memcpy(&address, bytes + IPV4_DESTINATION, sizeof address);
    target = find_address(links, address);
    if (!target)
        return;
    link = &links->links[from][target->host];
    packet = is_lost(links, link) ? NULL : malloc(sizeof *packet + length);
    if (!packet) {
        link->lost++;
        return;
    }
    *packet = (struct wan_packet){
        .due_us = arrival_us(links, &link->rule, now_us), .to = target->host, .length = length};
    memcpy(packet->bytes, bytes, length);
    enqueue(link, packet);
}

/* The link whose first packet arrives next. NULL: nothing is under way. */
static struct wan_link *next_link(const struct wan_links *links)
{
    const struct wan_link *next = NULL;

    for (uint32_t from = 0; from < links->host_count; from++) {
        for (uint32_t to = 0; to < links->host_count; to++) {
            const struct wan_link *link = &links->links[from][to];

            if (link->first && (!next || link->first->due_us < next->first->due_us))
                next = link;
        }
    }
    return (struct wan_link *)(uintptr_t)next;
}

struct wan_packet *wan_links_arrived(struct wan_links *links, uint64_t now_us)
{
    struct wan_link *link = next_link(links);
    struct wan_packet *packet = link ? link->first : NULL;

    if (!packet || packet->due_us > now_us)
        return NULL;
    link->first = packet->next;
    if (!link->first)
        link->last = NULL;
    link->count--;
    link->passed++;
    packet->next = NULL;
    return packet;
}

uint64_t wan_links_next_us(const struct wan_links *links)
{
    const struct wan_link *link = next_link(links);

    return link ? link->first->due_us : UINT64_MAX;
}
