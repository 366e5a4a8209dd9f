/* SPDX-License-Identifier: Apache-2.0 */
/* etcd_members.h: which member of etcd is asked next. Who answered last is asked first; who failed
 * is left alone for a while, unless all others failed too. No I/O and no clock: now is told. */
#ifndef REGIONSHIFT_STORE_ETCD_MEMBERS_H
#define REGIONSHIFT_STORE_ETCD_MEMBERS_H

#include <stdbool.h>
#include <stdint.h>

#include "units.h"

enum { ETCD_MEMBERS_MAX = 16 };

struct etcd_members {
    uint32_t count;
    uint32_t current; /* answered last */
    uint32_t failures[ETCD_MEMBERS_MAX];
    msec_t avoid_until_ms[ETCD_MEMBERS_MAX];
};

/* The member to ask, of those whose bit is not in tried; NONE: all were. */
uint32_t etcd_members_pick(const struct etcd_members *members, uint32_t tried, msec_t now_ms);

void etcd_members_well(struct etcd_members *members, uint32_t member);

/* random spreads the daemons, so that they do not come back all at once. */
void etcd_members_failed(struct etcd_members *members, uint32_t member, msec_t now_ms,
                         uint32_t random);

/* base_ms doubled for each round before, up to last_ms, and up to half as much again by random. */
msec_t etcd_back_off_ms(msec_t base_ms, msec_t last_ms, uint32_t rounds, uint32_t random);

#endif
