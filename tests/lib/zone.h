/* SPDX-License-Identifier: Apache-2.0 */
/* zone.h: a name server for tests, small enough to be wrong on purpose. It answers by the name
 * asked; every name has one behaviour. */
#ifndef REGIONSHIFT_TESTS_ZONE_H
#define REGIONSHIFT_TESTS_ZONE_H

#include <stddef.h>
#include <stdint.h>

#include "server.h"

enum { ZONE_TTL_MAX = 1000000 };

/*   good.test    A 127.0.0.1, TTL 5           missing.test  NXDOMAIN
 *   fleeting.test  the same, TTL 0            empty.test    no record
 *   lasting.test   the same, TTL 1,000,000    broken.test   SERVFAIL
 *   chain.test   CNAME, TTL 2, A, TTL 300     refused.test  REFUSED
 *   many.test    A 127.0.0.1 ... .20          silent.test   no answer
 *   six.test     AAAA ::1                     junk.test     bytes that are no answer
 *   pair.test    A 127.0.0.9 and 127.0.0.1
 *   trio.test    A 127.0.0.1, 127.0.0.2 and 127.0.0.3
 *   both.test    A 127.0.0.1 and AAAA ::1
 *   cloud.test   A 169.254.169.254            mixed.test    the same and A 127.0.0.1
 *   txt.test     TXT "v=rs1 " "group=g" and TXT "other"
 *   big.test     TXT of 3 x 255 bytes, cut over UDP */
struct zone {
    struct server *tcp;
    struct server *udp;
    char server[32]; /* "127.0.0.1:PORT" */
};

void zone_start(struct zone *ret_zone);
void zone_stop(struct zone *zone);

#endif
