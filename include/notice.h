/* SPDX-License-Identifier: Apache-2.0 */
/* notice.h: an alert on its way out, and its forms: the spool's record, the webhook's body, the
 * mail. Everything is printable ASCII from here on (text may have \n), so that no form can be
 * broken by what an endpoint or an operator wrote. Pure. */
#ifndef REGIONSHIFT_NOTICE_H
#define REGIONSHIFT_NOTICE_H

#include <stddef.h>
#include <stdint.h>

#include "alert.h"
#include "claim.h"

enum {
    NOTICE_ID_LENGTH = 32,              /* hex digits */
    NOTICE_GROUP_MAX = NAME_MAX_LENGTH, /* group, region, probe; longer: cut */
    WEBHOOK_VERSION = 1
};

/* Immutable; one allocation holds the struct and its strings. */
struct notice {
    enum alert_event event;
    enum alert_phase phase;
    enum severity severity;
    wall_t at_wall;
    uint64_t epoch;
    const char *incident; /* [a-z0-9._-]+ */
    const char *subject;  /* one line */
    const char *text;
    const char *group;  /* "" when none */
    const char *region; /* "" when none */
    const char *probe;
};

/* Copies an alert, escaping whatever is not printable. Returns 0 and a notice the caller destroys
 * with notice_destroy(), -EINVAL (the incident is no incident's name) or -ENOMEM. */
int notice_create(const struct alert *alert, struct notice **ret_notice);
void notice_destroy(struct notice *notice); /* accepts NULL */

const char *phase_name(enum alert_phase phase); /* "open", "resolved" */

/* What makes one saying of an incident different from the next: reminders and re-openings count
 * up; the time keeps a store begun anew from repeating old ids. */
struct notice_stamp {
    uint64_t count;
    wall_t at_wall;
};

/* The id of a notice: the same on every probe, so that receivers know a duplicate. */
void notice_id(const struct notice *notice, const struct notice_stamp *stamp,
               char ret_id[NOTICE_ID_LENGTH + 1]);

/* "2026-08-01T09:30:00Z"; years 0000 to 9999, others are shown as the nearest of them. */
enum { WALL_TEXT_MAX = 20 };
void wall_text(wall_t at_wall, char ret_text[WALL_TEXT_MAX + 1]);

/* The spool's record: JSON on one line, ended by \n. Returns a string to free(), NULL: no memory.
 */
char *notice_encode(const struct notice *notice);

/* Reads a record. 0, or -1 with a sentence in error (what is wrong, and where). */
int notice_decode(const char *record, size_t length, struct notice **ret_notice, char *error,
                  size_t error_size);

/* A claim as the store holds it: {"v":1,"phase":...,"by":...,"at":...,"count":...,"sent":...}.
 * Encoding returns a string to free(), NULL: no memory; decoding 0, or -1 with a sentence. */
char *claim_encode(const struct claim *claim);
int claim_decode(const char *value, size_t length, struct claim *ret_claim, char *error,
                 size_t error_size);

/* The key of an incident's claim; a long incident ends in its digest, to fit STORE_KEY_MAX. */
enum { CLAIM_KEY_MAX = 255 };
void claim_key(const char *incident, char ret_key[CLAIM_KEY_MAX + 1]);

/* What a webhook receives (regionshift.conf(5) documents it): {"version":1,"id":...,"incident":...,
 * "phase":"open|resolved","event":...,"severity":"info|warn|page","at":"2026-08-01T09:30:00Z",
 * "at_ms":...,"count":...,"group":...,"region":...,"epoch":...,"probe":...,"subject":...,
 * "text":...}. A string to free(), NULL: no memory. */
char *webhook_body(const struct notice *notice, const struct notice_stamp *stamp);

/* "sha256=HEX": HMAC-SHA256 of the body under the receiver's secret. 0 or -1: libcrypto failed. */
enum { WEBHOOK_SIGNATURE_LENGTH = 7 + 64 };
int webhook_signature(const char *secret, const char *body, size_t length,
                      char ret_signature[WEBHOOK_SIGNATURE_LENGTH + 1]);

#endif
