/* SPDX-License-Identifier: Apache-2.0 */
/* store_form.h: the version of the store's values, and what a probe may make of one that another
 * version wrote. While an upgrade rolls through the regions, two versions share the store.
 *
 * "v":1, the major version of this one value. A reader that does not know it cannot read the value,
 * and holds still: the vote does not count, the head stops decisions here, the order freezes, the
 * ledger stops moves. Each is written in the lowest major that says it, so that only what is really
 * new waits for the upgrade.
 *
 * "minor":1, the release's minor version of all values; left out while it is 0. A newer minor may
 * have added fields that an older reader may pass over, and whose loss is harmless: an older probe
 * writes heads, ledger and claims without them. Orders keep theirs.
 *
 * A field nobody knows is passed over only where a newer minor is written; anywhere else it is a
 * typing error, and a complaint. Words and letters are closed sets, and a new one raises the major;
 * but for failure letters, which decide nothing. Major 1 is what the first release writes: a daemon
 * built before it that lacks one of its words or fields takes such a value for a broken one, and
 * holds still as well. */
#ifndef REGIONSHIFT_STORE_FORM_H
#define REGIONSHIFT_STORE_FORM_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "json_fields.h"
#include "outcome.h"

enum { STORE_MAJOR = 1 }; /* of every kind of value so far */

/* Takes the version, before any other field. A newer minor makes the reader lenient; another major
 * is a complaint, and `newer` in the report when it is above ours. */
void store_form_take(struct json_fields *fields);

/* Ends the reading of a value: VALUE_READ, or why not. */
int store_form_close(struct json_fields *fields);

/* Tells two values apart that stand under one revision: a store that was set back counts the same
 * numbers again (S1). FNV-1a; against accidents, not against an enemy. */
uint64_t store_value_digest(const char *value, size_t length);

/* Adds our minor version to a value that is about to be written; NULL stays NULL. */
json_t *store_form_stamp(json_t *value);

#endif
