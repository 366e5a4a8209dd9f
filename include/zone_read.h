/* SPDX-License-Identifier: Apache-2.0 */
/* zone_read.h: which pages of a hosted zone to ask for, and what to keep of them. Pure.
 *
 * A zone that fits one page is read as it is: one request, one moment. A larger one is read name by
 * name, the fences before and after the rest: if a fence moved meanwhile, weights and fences would
 * be of different moments and look like somebody's drift (C4), so it is read again. */
#ifndef REGIONSHIFT_ZONE_READ_H
#define REGIONSHIFT_ZONE_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "route53_xml.h"
#include "settings.h"
#include "sigv4.h"

enum {
    ZONE_READ_QUERY_MAX = 4,
    ZONE_READ_PAGES_MAX = 10, /* of one name: pages may hold fewer than asked for */
    ZONE_READ_SETS_MAX = 4096,
    ZONE_READ_TRIES_MAX = 3
};

struct zone_read;

enum zone_read_step { ZONE_READ_MORE, ZONE_READ_DONE, ZONE_READ_FAILED };

/* Copies what it needs of the settings. is_large: known not to fit one page. NULL: no memory. */
struct zone_read *zone_read_create(const struct settings *settings, uint32_t zone, bool is_large);

/* Before the first query: where the fences are. 0, or -1: no memory, or names too long. */
int zone_read_set_apex(struct zone_read *read, const char *apex);

/* The query of the next ListResourceRecordSets; its texts live in `read`. Returns the count. */
size_t zone_read_query(const struct zone_read *read, struct sigv4_pair query[ZONE_READ_QUERY_MAX]);

/* Takes the answer. error is a sentence when it FAILED. */
enum zone_read_step zone_read_take(struct zone_read *read, const struct route53_page *page,
                                   char *error, size_t error_size);

/* What was found, when DONE. */
const struct record_set *zone_read_sets(const struct zone_read *read, uint32_t *ret_count);

/* It did not fit one page. */
bool zone_read_is_large(const struct zone_read *read);

/* Accepts NULL. */
void zone_read_destroy(struct zone_read *read);

#endif
