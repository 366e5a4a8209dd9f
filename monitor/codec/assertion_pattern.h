/* SPDX-License-Identifier: Apache-2.0 */
/* assertion_pattern.h: a regular expression that cannot hang a probe.
 *
 * PCRE2 has limits of its own, but counts them anew at each byte where a match may begin: of a body
 * of 64 KiB it may take 65,536 times as long as its limit says. So we count as well: a callout
 * before every item of the pattern, and a share of the bytes that were passed since the one before.
 * What no callout sees is kept short: a fixed repeat has at most PATTERN_REPEAT_MAX, and references
 * back to a group are refused. */
#ifndef REGIONSHIFT_ASSERTION_PATTERN_H
#define REGIONSHIFT_ASSERTION_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#include "assertion_scan.h"

enum {
    PATTERN_STEPS_MAX = 1000000, /* of all patterns in one judgement: some 30 ms */
    PATTERN_STEP_BYTES = 16,     /* passed in one go cost as much as one callout */
    PATTERN_MATCH_MAX = 1000000, /* PCRE2's limits, for one beginning of a match */
    PATTERN_DEPTH_MAX = 30000,   /* of backtracking */
    PATTERN_HEAP_MAX_KIB = 4 * 1024,
    PATTERN_NESTED_MAX = 32,  /* groups in each other */
    PATTERN_REPEAT_MAX = 1000 /* in {n,m} */
};

struct pattern;

enum pattern_outcome { PATTERN_MATCHES, PATTERN_DOES_NOT, PATTERN_TOO_LONG, PATTERN_NO_MEMORY };

/* Reads "/pattern/flags" and compiles it. */
int pattern_scan(struct scan *scan, struct pattern **ret_pattern);
void pattern_destroy(struct pattern *pattern);

/* Matches anywhere in these bytes. Takes what it needed from the steps that are left. */
enum pattern_outcome pattern_match(const struct pattern *pattern, const char *text, size_t length,
                                   uint32_t *steps_left);

#endif
