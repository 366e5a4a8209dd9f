/* SPDX-License-Identifier: Apache-2.0 */
#include "etcd_members.h"

#include <assert.h>

/* A member that does not answer costs each call half of its time: it is asked seldom. */
enum { AVOID_FIRST_MS = 500, AVOID_LAST_MS = 15 * 1000 };

static bool is_open(uint32_t tried, uint32_t member)
{
    return (tried & (1U << member)) == 0;
}

uint32_t etcd_members_pick(const struct etcd_members *members, uint32_t tried, msec_t now_ms)
{
    uint32_t avoided = NONE;

    for (uint32_t i = 0; i < members->count; i++) {
        uint32_t member = (members->current + i) % members->count;

        if (!is_open(tried, member))
            continue;
        if (members->avoid_until_ms[member] <= now_ms)
            return member;
        if (avoided == NONE || members->avoid_until_ms[member] < members->avoid_until_ms[avoided])
            avoided = member;
    }
    return avoided;
}

void etcd_members_well(struct etcd_members *members, uint32_t member)
{
    members->current = member;
    members->failures[member] = 0;
    members->avoid_until_ms[member] = 0;
}

msec_t etcd_back_off_ms(msec_t base_ms, msec_t last_ms, uint32_t rounds, uint32_t random)
{
    msec_t wait_ms = base_ms;

    for (uint32_t i = 0; i < rounds && wait_ms < last_ms; i++)
        wait_ms *= 2;
    if (wait_ms > last_ms)
        wait_ms = last_ms;
    return wait_ms + (msec_t)(random % (uint32_t)(wait_ms / 2 + 1));
}

void etcd_members_failed(struct etcd_members *members, uint32_t member, msec_t now_ms,
                         uint32_t random)
{
    assert(member < members->count);
    members->avoid_until_ms[member] =
        now_ms + etcd_back_off_ms(AVOID_FIRST_MS, AVOID_LAST_MS, members->failures[member], random);
    if (members->failures[member] < UINT32_MAX)
        members->failures[member]++;
}
