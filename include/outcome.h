/* SPDX-License-Identifier: Apache-2.0 */
/* outcome.h: how a request to the outside ended: the store's and Route 53's answers as the engine
 * may know them. */
#ifndef REGIONSHIFT_OUTCOME_H
#define REGIONSHIFT_OUTCOME_H

enum store_status {
    STORE_OK,
    STORE_CONFLICT,   /* transaction: a compare did not hold, nothing was written */
    STORE_LEASE_LOST, /* renew or leased put: our lease is gone; grant anew by the next renew */
    STORE_AWAY,       /* unavailable, timed out, closed: a write may have happened */
    STORE_READONLY,
    STORE_FULL,
    STORE_CORRUPT,
    STORE_DENIED
};

/* "ok", "conflict", "away", ... for logs and metrics. */
const char *store_status_name(enum store_status status);
int store_status_parse(const char *name, enum store_status *ret_status);

/* Whether a value of the store could be read (store_form.h). Readers return it. */
enum value_form {
    VALUE_READ = 0,
    VALUE_BROKEN = -1, /* nobody can make sense of it: a hand, a disk */
    VALUE_NEWER = -2,  /* a newer major version wrote it: others can read it, we cannot */
    VALUE_FOREIGN = -3 /* an order about what our settings do not name: nothing of ours */
};

/* "read", "broken", "newer", "foreign" */
const char *value_form_name(enum value_form form);
int value_form_parse(const char *name, enum value_form *ret_form);

enum route53_outcome {
    ROUTE53_OK,
    ROUTE53_REFUSED,   /* InvalidChangeBatch: nothing was applied by this request; read the zone */
    ROUTE53_LOST,      /* no answer, 5xx, unreadable: perhaps applied; read the zone */
    ROUTE53_BUSY,      /* Throttling, PriorRequestNotComplete: not applied; back off */
    ROUTE53_DENIED,    /* 403, credentials missing or expired */
    ROUTE53_NOT_FOUND, /* zone or change unknown */
    ROUTE53_INVALID,   /* our request is wrong: a bug or a setting; never retried */
    ROUTE53_DRY_RUN,   /* stopped at the signer */
    ROUTE53_FORBIDDEN  /* C5: stopped at the signer */
};

/* "ok", "refused", "lost", ... */
const char *route53_outcome_name(enum route53_outcome outcome);
int route53_outcome_parse(const char *name, enum route53_outcome *ret_outcome);

#endif
