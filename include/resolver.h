/* SPDX-License-Identifier: Apache-2.0 */
/* resolver.h: names to addresses, by c-ares on the loop, kept as long as their TTL says.
 *
 * Names are absolute: no search list, so that a check asks the same name everywhere. /etc/hosts
 * counts. What failed is kept for an instant only: each attempt of a check is to be an observation
 * of its own, not a copy of the last one. */
#ifndef REGIONSHIFT_RESOLVER_H
#define REGIONSHIFT_RESOLVER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "checks.h"
#include "units.h"

enum dns_status {
    DNS_OK,
    DNS_NXDOMAIN, /* there is no such name */
    DNS_NODATA,   /* the name has no record of the type asked */
    DNS_SERVFAIL,
    DNS_REFUSED, /* by the server's policy */
    DNS_TIMEOUT,
    DNS_UNREACHABLE, /* no server could be talked to */
    DNS_BAD_NAME,
    DNS_BAD_ANSWER, /* cannot be parsed */
    DNS_CANCELLED,  /* by us: cancel or close */
    DNS_NO_MEMORY,  /* or too many names at once: our own fault */
    DNS_NO_SOCKET,  /* too many open files: our own fault */
    DNS_STATUS_COUNT
};

/* "NXDOMAIN", "timeout", ...: for messages. */
const char *dns_status_name(enum dns_status status);

/* Such a status says nothing of the name. */
bool dns_status_is_own_fault(enum dns_status status);

enum {
    RESOLVER_ADDRESSES_MAX = 16,
    RESOLVER_NAMES_MAX = 4096,
    RESOLVER_TTL_MIN_MS = 1000,
    RESOLVER_TTL_MAX_MS = 60 * 1000,
    RESOLVER_FAILURE_MS = 40 /* shorter than the shortest retry, 50 ms */
};

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* Addresses in the order to be tried (RFC 6724), port 0. */
struct resolution {
    enum dns_status status;
    unsigned count; /* > 0 exactly when status is DNS_OK */
    unsigned found; /* with those beyond RESOLVER_ADDRESSES_MAX */
    union address addresses[RESOLVER_ADDRESSES_MAX];
};

struct resolver;
struct lookup;

/* The resolution lives during the call only. */
typedef void (*resolver_done)(void *context, const struct resolution *resolution);

/* servers: "IP:PORT,...", or NULL: those of /etc/resolv.conf. Returns 0 or -errno. */
int resolver_create(uv_loop_t *loop, const char *servers, struct resolver **ret_resolver);

/* Tells what is known without asking: an IP literal (no brackets), or a fresh cached answer, also
 * a bad one. Returns false when it has to be looked up. */
bool resolver_peek(struct resolver *resolver, const char *name, struct resolution *ret_resolution);

/* Asks. `done` is called once, from the loop, unless the lookup is cancelled or the resolver is
 * closed before. Several lookups of one name share one question. */
struct lookup *resolver_lookup(struct resolver *resolver, const char *name, resolver_done done,
                               void *context);

/* Forgets a lookup: `done` will not be called. Not to be used once it has been. Accepts NULL. */
void resolver_cancel(struct lookup *lookup);

/* Questions sent to the network so far. */
uint64_t resolver_question_count(const struct resolver *resolver);

/* Forgets all lookups, then closes; `closed` runs from the loop. Accepts NULL. */
void resolver_close(struct resolver *resolver, void (*closed)(void *context), void *context);

/* Reads "192.0.2.1", "2001:db8::1". Returns false when it is no literal. */
bool address_parse(const char *text, union address *ret_address);

/* Writes "192.0.2.1:80", "[2001:db8::1]:80"; never fails. */
enum { ADDRESS_TEXT_MAX = 64 };
void address_format(const union address *address, char out[ADDRESS_TEXT_MAX]);

/* The same without a port: "192.0.2.1", "2001:db8::1". */
void address_format_host(const union address *address, char out[ADDRESS_TEXT_MAX]);

/* The same host, whatever the ports. */
bool address_is_same_host(const union address *one, const union address *other);

bool address_is_of_family(const union address *address, enum address_family family);
void address_set_port(union address *address, uint16_t port);
socklen_t address_length(const union address *address);

#endif
