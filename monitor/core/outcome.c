/* SPDX-License-Identifier: Apache-2.0 */
#include "outcome.h"

#include <string.h>

static const char *const store_names[] = {
    [STORE_OK] = "ok",           [STORE_CONFLICT] = "conflict", [STORE_LEASE_LOST] = "lease-lost",
    [STORE_AWAY] = "away",       [STORE_READONLY] = "readonly", [STORE_FULL] = "full",
    [STORE_CORRUPT] = "corrupt", [STORE_DENIED] = "denied",
};

static const char *const route53_names[] = {
    [ROUTE53_OK] = "ok",           [ROUTE53_REFUSED] = "refused", [ROUTE53_LOST] = "lost",
    [ROUTE53_BUSY] = "busy",       [ROUTE53_DENIED] = "denied",   [ROUTE53_NOT_FOUND] = "not-found",
    [ROUTE53_INVALID] = "invalid", [ROUTE53_DRY_RUN] = "dry-run", [ROUTE53_FORBIDDEN] = "forbidden",
};

static const char *const form_names[] = {
    [-VALUE_READ] = "read",
    [-VALUE_BROKEN] = "broken",
    [-VALUE_NEWER] = "newer",
    [-VALUE_FOREIGN] = "foreign",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *store_status_name(enum store_status status)
{
    return store_names[status];
}

int store_status_parse(const char *name, enum store_status *ret_status)
{
    for (unsigned i = 0; i < COUNT(store_names); i++) {
        if (strcmp(name, store_names[i]) == 0) {
            *ret_status = (enum store_status)i;
            return 0;
        }
    }
    return -1;
}

const char *value_form_name(enum value_form form)
{
    return form_names[-(int)form];
}

int value_form_parse(const char *name, enum value_form *ret_form)
{
    for (unsigned i = 0; i < COUNT(form_names); i++) {
        if (strcmp(name, form_names[i]) == 0) {
            *ret_form = (enum value_form) - (int)i;
            return 0;
        }
    }
    return -1;
}

const char *route53_outcome_name(enum route53_outcome outcome)
{
    return route53_names[outcome];
}

int route53_outcome_parse(const char *name, enum route53_outcome *ret_outcome)
{
    for (unsigned i = 0; i < COUNT(route53_names); i++) {
        if (strcmp(name, route53_names[i]) == 0) {
            *ret_outcome = (enum route53_outcome)i;
            return 0;
        }
    }
    return -1;
}
