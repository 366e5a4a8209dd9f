/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: one entry for each name, which is asked for, or holds an answer until a time. Lookups
 * hang on the entry while it is asked; when the answer comes each takes a copy and moves to the
 * list `answered`, from which the loop reports. So a callback may do anything to the cache.
 *
 *   resolver_lookup -> entry->lookups --(c-ares ends)--> resolver->answered --(turn)--> done
 *
 * Two channels: the usual one goes on to the next name server when one says SERVFAIL or REFUSED,
 * but when all did, c-ares tells only that none could be used. Then the question goes once more
 * over a channel that takes such answers as they are, for the operator to read the reason.
 */
#include "resolver.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "dns_channel.h"

enum {
    BUCKETS = 1024,
    TRY_MS = 700, /* 0.7 + 1.4 s: two tries within the usual timeout of a check */
    TRIES = 2
};

struct lookup {
    struct lookups *list; /* that it hangs in */
    TAILQ_ENTRY(lookup) link;
    resolver_done done;
    void *context;
    struct resolution resolution; /* once answered */
};

TAILQ_HEAD(lookups, lookup);

struct entry {
    struct resolver *owner;
    LIST_ENTRY(entry) in_bucket;
    TAILQ_ENTRY(entry) by_age; /* oldest first */
    struct lookups lookups;
    bool asked;     /* c-ares holds a pointer to this entry */
    bool asked_why; /* on the second channel */
    uint64_t fresh_until_ms;
    struct resolution resolution;
    char name[];
};

struct resolver {
    uv_loop_t *loop;
    struct dns_channel *channel;
    struct dns_channel *why; /* takes SERVFAIL and REFUSED for answers */
    unsigned open_count;     /* of the two */
    LIST_HEAD(, entry) buckets[BUCKETS];
    TAILQ_HEAD(, entry) entries;
    unsigned entry_count;
    uint64_t question_count;
    struct lookups answered;
    bool closing;
    void (*closed)(void *context);
    void *closed_context;
};

static const char *const status_names[DNS_STATUS_COUNT] = {
    [DNS_OK] = "ok",
    [DNS_NXDOMAIN] = "NXDOMAIN",
    [DNS_NODATA] = "no address",
    [DNS_SERVFAIL] = "SERVFAIL",
    [DNS_REFUSED] = "REFUSED",
    [DNS_TIMEOUT] = "timeout",
    [DNS_UNREACHABLE] = "name server unreachable",
    [DNS_BAD_NAME] = "not a valid name",
    [DNS_BAD_ANSWER] = "unreadable answer",
    [DNS_CANCELLED] = "cancelled",
    [DNS_NO_MEMORY] = "no memory",
    [DNS_NO_SOCKET] = "no socket left on this machine",
};

const char *dns_status_name(enum dns_status status)
{
    return status_names[status];
}

bool dns_status_is_own_fault(enum dns_status status)
{
    return status == DNS_CANCELLED || status == DNS_NO_MEMORY || status == DNS_NO_SOCKET ||
           status == DNS_UNREACHABLE; /* the name server is this machine's, not the endpoint's */
}

/* ---- addresses ---- */

bool address_parse(const char *text, union address *ret_address)
{
    union address address;

    memset(&address, 0, sizeof(address));
    if (inet_pton(AF_INET, text, &address.v4.sin_addr) == 1)
        address.v4.sin_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &address.v6.sin6_addr) == 1)
        address.v6.sin6_family = AF_INET6;
    else
        return false;
    *ret_address = address;
    return true;
}

void address_format_host(const union address *address, char out[ADDRESS_TEXT_MAX])
{
    const void *bytes = &address->v4.sin_addr;

    if (address->any.sa_family == AF_INET6)
        bytes = &address->v6.sin6_addr;
    if (inet_ntop(address->any.sa_family, bytes, out, ADDRESS_TEXT_MAX) == NULL)
        snprintf(out, ADDRESS_TEXT_MAX, "?");
}

void address_format(const union address *address, char out[ADDRESS_TEXT_MAX])
{
    char host[ADDRESS_TEXT_MAX];

    address_format_host(address, host);
    if (address->any.sa_family == AF_INET6)
        snprintf(out, ADDRESS_TEXT_MAX, "[%.45s]:%u", host, ntohs(address->v6.sin6_port));
    else
        snprintf(out, ADDRESS_TEXT_MAX, "%.45s:%u", host, ntohs(address->v4.sin_port));
}

bool address_is_same_host(const union address *one, const union address *other)
{
    if (one->any.sa_family != other->any.sa_family)
        return false;
    if (one->any.sa_family == AF_INET)
        return one->v4.sin_addr.s_addr == other->v4.sin_addr.s_addr;
    return IN6_ARE_ADDR_EQUAL(&one->v6.sin6_addr, &other->v6.sin6_addr);
}

bool address_is_of_family(const union address *address, enum address_family family)
{
    return family == FAMILY_BOTH ||
           address->any.sa_family == (family == FAMILY_IPV4 ? AF_INET : AF_INET6);
}

void address_set_port(union address *address, uint16_t port)
{
    if (address->any.sa_family == AF_INET6)
        address->v6.sin6_port = htons(port);
    else
        address->v4.sin_port = htons(port);
}

socklen_t address_length(const union address *address)
{
    return address->any.sa_family == AF_INET6 ? sizeof(address->v6) : sizeof(address->v4);
}

/* ---- entries ---- */

/* FNV-1a: names come from our own settings, so no one chooses them to collide. */
static unsigned bucket_of(const char *name)
{
    uint32_t hash = 2166136261;

    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619;
    return hash % BUCKETS;
}

static struct entry *find_entry(struct resolver *resolver, const char *name)
{
    struct entry *entry;

    LIST_FOREACH(entry, &resolver->buckets[bucket_of(name)], in_bucket)
    {
        if (strcmp(entry->name, name) == 0)
            return entry;
    }
    return NULL;
}

static void entry_destroy(struct entry *entry)
{
    struct resolver *resolver = entry->owner;

    assert(!entry->asked && TAILQ_EMPTY(&entry->lookups));
    LIST_REMOVE(entry, in_bucket);
    TAILQ_REMOVE(&resolver->entries, entry, by_age);
    resolver->entry_count--;
    free(entry);
}

/* Makes room by the oldest entry that nothing hangs on. Returns false when all are being asked. */
static bool make_room(struct resolver *resolver)
{
    struct entry *entry;

    if (resolver->entry_count < RESOLVER_NAMES_MAX)
        return true;
    TAILQ_FOREACH(entry, &resolver->entries, by_age)
    {
        if (!entry->asked) {
            entry_destroy(entry);
            return true;
        }
    }
    return false;
}

static struct entry *entry_create(struct resolver *resolver, const char *name)
{
    size_t length = strlen(name);
    struct entry *entry;

    if (!make_room(resolver))
        return NULL;
    entry = calloc(1, sizeof(*entry) + length + 1);
    if (entry == NULL)
        return NULL;
    entry->owner = resolver;
    memcpy(entry->name, name, length + 1);
    TAILQ_INIT(&entry->lookups);
    LIST_INSERT_HEAD(&resolver->buckets[bucket_of(name)], entry, in_bucket);
    TAILQ_INSERT_TAIL(&resolver->entries, entry, by_age);
    resolver->entry_count++;
    return entry;
}

/* ---- answers ---- */

static void add_address(struct resolution *resolution, const struct ares_addrinfo_node *node)
{
    union address *address = &resolution->addresses[resolution->count];

    if (node->ai_addrlen > sizeof(*address))
        return;
    if (node->ai_family != AF_INET && node->ai_family != AF_INET6)
        return;
    resolution->found++;
    if (resolution->count == RESOLVER_ADDRESSES_MAX)
        return;
    memcpy(address, node->ai_addr, node->ai_addrlen);
    resolution->count++;
}

/* The whole chain is as fresh as its shortest-lived link. */
static int64_t shortest_ttl_s(const struct ares_addrinfo *info)
{
    int64_t shortest = INT32_MAX;

    for (const struct ares_addrinfo_cname *cname = info->cnames; cname; cname = cname->next)
        shortest = cname->ttl < shortest ? cname->ttl : shortest;
    for (const struct ares_addrinfo_node *node = info->nodes; node; node = node->ai_next)
        shortest = node->ai_ttl < shortest ? node->ai_ttl : shortest;
    return shortest;
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* Reads c-ares' answer into the resolution. Returns for how long it may be kept. */
static int64_t read_answer(struct resolution *resolution, int status,
                           const struct ares_addrinfo *info)
{
    *resolution = (struct resolution){.status = dns_status_of(status)};
    if (resolution->status != DNS_OK)
        return RESOLVER_FAILURE_MS;
    for (const struct ares_addrinfo_node *node = info->nodes; node; node = node->ai_next)
        add_address(resolution, node);
    if (resolution->count == 0) {
        resolution->status = DNS_NODATA;
        return RESOLVER_FAILURE_MS;
    }
    return clamp(shortest_ttl_s(info) * 1000, RESOLVER_TTL_MIN_MS, RESOLVER_TTL_MAX_MS);
}

static void move_to_answered(struct resolver *resolver, struct lookup *lookup,
                             const struct resolution *resolution)
{
    lookup->resolution = *resolution;
    lookup->list = &resolver->answered;
    TAILQ_INSERT_TAIL(&resolver->answered, lookup, link);
}

static void on_answer(void *context, int status, int timeouts, struct ares_addrinfo *info);

static void ask(struct entry *entry, struct dns_channel *channel)
{
    static const struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC,
                                                     .ai_socktype = SOCK_STREAM};
    ares_channel ares = dns_channel_ares(channel);

    entry->owner->question_count++;
    if (ares != NULL)
        ares_getaddrinfo(ares, entry->name, NULL, &hints, on_answer, entry);
    else
        on_answer(entry, ARES_ENOMEM, 0, NULL);
    dns_channel_wake(channel);
}

/* Called by c-ares, perhaps from inside ares_getaddrinfo(): records and returns. */
static void on_answer(void *context, int status, int timeouts, struct ares_addrinfo *info)
{
    struct entry *entry = context;
    struct resolver *resolver = entry->owner;
    struct lookup *lookup;
    int64_t keep_ms;

    (void)timeouts;
    if (status == ARES_ECONNREFUSED && !entry->asked_why && !resolver->closing) {
        entry->asked_why = true;
        ask(entry, resolver->why);
        return;
    }
    keep_ms = read_answer(&entry->resolution, status, info);
    ares_freeaddrinfo(info);
    entry->asked = false;
    entry->asked_why = false;
    entry->fresh_until_ms = uv_now(resolver->loop) + (uint64_t)keep_ms;
    while ((lookup = TAILQ_FIRST(&entry->lookups)) != NULL) {
        TAILQ_REMOVE(&entry->lookups, lookup, link);
        move_to_answered(resolver, lookup, &entry->resolution);
    }
}

/* The one finish of a lookup: detach, then report. */
static void on_turn(void *context)
{
    struct resolver *resolver = context;
    struct lookup *lookup;

    while ((lookup = TAILQ_FIRST(&resolver->answered)) != NULL) {
        struct lookup detached = *lookup;

        TAILQ_REMOVE(&resolver->answered, lookup, link);
        free(lookup);
        detached.done(detached.context, &detached.resolution);
    }
}

/* ---- the interface ---- */

static void free_when_closed(struct resolver *resolver)
{
    void (*closed)(void *) = resolver->closed;
    void *context = resolver->closed_context;
    struct entry *entry;

    if (--resolver->open_count > 0)
        return;
    while ((entry = TAILQ_FIRST(&resolver->entries)) != NULL)
        entry_destroy(entry);
    free(resolver);
    if (closed != NULL)
        closed(context);
}

static void on_channel_closed(void *context)
{
    free_when_closed(context);
}

int resolver_create(uv_loop_t *loop, const char *servers, struct resolver **ret_resolver)
{
    struct dns_channel_options options = {
        .servers = servers, .try_ms = TRY_MS, .tries = TRIES, .flags = ARES_FLAG_NOSEARCH};
    struct resolver *resolver = calloc(1, sizeof(*resolver));
    int code;

    if (resolver == NULL)
        return -ENOMEM;
    resolver->loop = loop;
    TAILQ_INIT(&resolver->entries);
    TAILQ_INIT(&resolver->answered);
    code = dns_channel_create(loop, &options, on_turn, resolver, &resolver->channel);
    if (code < 0) {
        free(resolver);
        return code;
    }
    resolver->open_count = 1;
    options.flags |= ARES_FLAG_NOCHECKRESP;
    code = dns_channel_create(loop, &options, on_turn, resolver, &resolver->why);
    if (code < 0) {
        dns_channel_close(resolver->channel, on_channel_closed, resolver);
        return code;
    }
    resolver->open_count = 2;
    *ret_resolver = resolver;
    return 0;
}

bool resolver_peek(struct resolver *resolver, const char *name, struct resolution *ret_resolution)
{
    union address literal;
    const struct entry *entry;

    if (address_parse(name, &literal)) {
        *ret_resolution = (struct resolution){.status = DNS_OK, .count = 1, .found = 1};
        ret_resolution->addresses[0] = literal;
        return true;
    }
    entry = find_entry(resolver, name);
    if (entry == NULL || entry->asked || uv_now(resolver->loop) >= entry->fresh_until_ms)
        return false;
    *ret_resolution = entry->resolution;
    return true;
}

struct lookup *resolver_lookup(struct resolver *resolver, const char *name, resolver_done done,
                               void *context)
{
    struct lookup *lookup = calloc(1, sizeof(*lookup));
    struct resolution known;
    struct entry *entry;

    assert(!resolver->closing);
    if (lookup == NULL)
        abort(); /* nothing is left to tell it with */
    lookup->done = done;
    lookup->context = context;
    dns_channel_wake(resolver->channel);
    if (resolver_peek(resolver, name, &known)) {
        move_to_answered(resolver, lookup, &known);
        return lookup;
    }
    entry = find_entry(resolver, name);
    if (entry == NULL)
        entry = entry_create(resolver, name);
    if (entry == NULL) {
        move_to_answered(resolver, lookup, &(struct resolution){.status = DNS_NO_MEMORY});
        return lookup;
    }
    lookup->list = &entry->lookups;
    TAILQ_INSERT_TAIL(&entry->lookups, lookup, link);
    if (!entry->asked) {
        entry->asked = true;
        ask(entry, resolver->channel);
    }
    return lookup;
}

void resolver_cancel(struct lookup *lookup)
{
    if (lookup == NULL)
        return;
    TAILQ_REMOVE(lookup->list, lookup, link);
    free(lookup);
}

uint64_t resolver_question_count(const struct resolver *resolver)
{
    return resolver->question_count;
}

void resolver_close(struct resolver *resolver, void (*closed)(void *context), void *context)
{
    struct lookup *lookup;

    if (resolver == NULL) {
        closed(context);
        return;
    }
    assert(!resolver->closing);
    resolver->closing = true;
    resolver->closed = closed;
    resolver->closed_context = context;
    dns_channel_close(resolver->channel, on_channel_closed, resolver);
    dns_channel_close(resolver->why, on_channel_closed, resolver);
    /* c-ares has ended every question now, so every lookup hangs here. */
    while ((lookup = TAILQ_FIRST(&resolver->answered)) != NULL) {
        TAILQ_REMOVE(&resolver->answered, lookup, link);
        free(lookup);
    }
}
