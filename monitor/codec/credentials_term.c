/* SPDX-License-Identifier: Apache-2.0 */
#include "credentials_term.h"

#include <assert.h>
#include <limits.h>

uint64_t credentials_draw(uint64_t *seed, uint64_t span)
{
    uint64_t x = *seed += UINT64_C(0x9e3779b97f4a7c15);

    assert(span > 0);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (x ^ (x >> 31)) % span;
}

/* Probes that started together must not ask together: each in a window of its lead's third. */
static msec_t draw_refresh(msec_t left_ms, uint64_t *seed)
{
    msec_t lead_ms = left_ms / 3;

    if (lead_ms > CREDENTIALS_LEAD_MS)
        lead_ms = CREDENTIALS_LEAD_MS;
    return left_ms - lead_ms - (msec_t)credentials_draw(seed, (uint64_t)lead_ms / 3 + 1);
}

static msec_t draw_stable(uint64_t *seed)
{
    return CREDENTIALS_STABLE_MS + CREDENTIALS_STABLE_MIN_MS +
           (msec_t)credentials_draw(seed, CREDENTIALS_STABLE_MAX_MS - CREDENTIALS_STABLE_MIN_MS);
}

void credentials_term_begin(struct credentials_term *term, msec_t now_ms, bool has_end,
                            msec_t left_ms, bool is_stable, uint64_t *seed)
{
    assert(!has_end || left_ms > 0 || is_stable);
    *term = (struct credentials_term){.has_end = has_end, .is_stable = is_stable};
    if (!has_end)
        return;
    term->end_ms = now_ms + left_ms;
    term->refresh_ms = now_ms + (left_ms > 0 ? draw_refresh(left_ms, seed) : draw_stable(seed));
}

/* 1, 2, 4 .. 30 s, and up to half as much again. What serves beyond its end has its own pace. */
void credentials_term_fail(struct credentials_term *term, msec_t now_ms, uint64_t *seed)
{
    msec_t wait_ms = CREDENTIALS_RETRY_LAST_MS;

    if (term->failures < 5)
        wait_ms = (msec_t)CREDENTIALS_RETRY_FIRST_MS << term->failures;
    if (term->failures < UINT_MAX)
        term->failures++;
    term->refresh_ms = now_ms + wait_ms + (msec_t)credentials_draw(seed, (uint64_t)wait_ms / 2 + 1);
}

bool credentials_term_is_good(const struct credentials_term *term, msec_t now_ms)
{
    return !term->has_end || term->is_stable || now_ms < term->end_ms;
}

bool credentials_term_is_due(const struct credentials_term *term, msec_t now_ms)
{
    return (term->has_end || term->failures > 0) && now_ms >= term->refresh_ms;
}
