/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: everything that differs from subject to subject is a row. */
#include "assertion_subject.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define EQUALITY (RELATION_BIT(RELATION_EQUAL) | RELATION_BIT(RELATION_NOT_EQUAL))
#define ORDER                                                                                      \
    (RELATION_BIT(RELATION_LESS) | RELATION_BIT(RELATION_LESS_EQUAL) |                             \
     RELATION_BIT(RELATION_GREATER) | RELATION_BIT(RELATION_GREATER_EQUAL))
#define LISTS RELATION_BIT(RELATION_IN)
#define SEARCH (RELATION_BIT(RELATION_CONTAINS) | RELATION_BIT(RELATION_MATCHES))
#define EXISTENCE RELATION_BIT(RELATION_EXISTS)

enum { COUNT_MAX = 1000000, DAYS_MAX = 36500, PERCENT_MAX = 1000 /* agents may weigh up */ };

/* Nothing is measured to the microsecond or to the second twice alike: what is measured has no ==.
 */
static const struct subject_form forms[] = {
    [SUBJECT_STATUS] = {"status", VALUE_NUMBER, EQUALITY | ORDER | LISTS, 100, 599, FAILURE_STATUS,
                        ""},
    [SUBJECT_BODY] = {"body", VALUE_TEXT, EQUALITY | SEARCH, 0, 0, FAILURE_BODY, ""},
    [SUBJECT_JSON] = {"json", VALUE_JSON, EQUALITY | ORDER | SEARCH | EXISTENCE, 0, 0, FAILURE_BODY,
                      " is"},
    [SUBJECT_HEADER] = {"header", VALUE_TEXT, EQUALITY | SEARCH | EXISTENCE, 0, 0, FAILURE_BODY,
                        " is"},
    [SUBJECT_LATENCY] = {"latency", VALUE_DURATION, ORDER, 0, 0, FAILURE_LATENCY, " is"},
    [SUBJECT_CERT_DAYS] = {"cert_days", VALUE_DAYS, ORDER, -DAYS_MAX, DAYS_MAX, FAILURE_CERTIFICATE,
                           " is"},
    [SUBJECT_TLS] = {"tls", VALUE_VERSION, EQUALITY | ORDER, 0, 0, FAILURE_TLS, " is"},
    [SUBJECT_RCODE] = {"rcode", VALUE_RCODE, EQUALITY | LISTS, 0, RCODE_MAX, FAILURE_STATUS, ""},
    [SUBJECT_ANSWERS] = {"answers", VALUE_NUMBER, EQUALITY | ORDER | LISTS, 0, COUNT_MAX,
                         FAILURE_BODY, " is"},
    [SUBJECT_EXIT] = {"exit", VALUE_NUMBER, EQUALITY | ORDER | LISTS, 0, 255, FAILURE_STATUS, ""},
    [SUBJECT_STATE] = {"state", VALUE_WORD, EQUALITY | SEARCH, 0, 0, FAILURE_STATUS, " is"},
    [SUBJECT_HEALTHY] = {"healthy", VALUE_NUMBER, EQUALITY | ORDER | LISTS, 0, COUNT_MAX,
                         FAILURE_STATUS, " is"},
    [SUBJECT_UNHEALTHY] = {"unhealthy", VALUE_NUMBER, EQUALITY | ORDER | LISTS, 0, COUNT_MAX,
                           FAILURE_STATUS, " is"},
    [SUBJECT_PERCENT] = {"percent", VALUE_NUMBER, EQUALITY | ORDER | LISTS, 0, PERCENT_MAX,
                         FAILURE_STATUS, " is"},
};

static const char *const relations[RELATION_COUNT] = {
    [RELATION_EQUAL] = "==",      [RELATION_NOT_EQUAL] = "!=",      [RELATION_LESS] = "<",
    [RELATION_LESS_EQUAL] = "<=", [RELATION_GREATER] = ">",         [RELATION_GREATER_EQUAL] = ">=",
    [RELATION_IN] = "in",         [RELATION_CONTAINS] = "contains", [RELATION_MATCHES] = "matches",
    [RELATION_EXISTS] = "exists",
};

const struct subject_form *subject_form(enum subject subject)
{
    assert(subject < SUBJECT_COUNT);
    return &forms[subject];
}

const char *relation_name(enum relation relation)
{
    assert(relation < RELATION_COUNT);
    return relations[relation];
}

static void append_name(char out[NAMES_SIZE], const char *name)
{
    size_t used = strlen(out);

    snprintf(out + used, NAMES_SIZE - used, "%s%s", used > 0 ? ", " : "", name);
}

void subject_names(uint32_t subjects, char out[NAMES_SIZE])
{
    out[0] = '\0';
    for (unsigned i = 0; i < SUBJECT_COUNT; i++) {
        if ((subjects & SUBJECT_BIT(i)) != 0)
            append_name(out, forms[i].name);
    }
}

void relation_names(uint32_t wanted, char out[NAMES_SIZE])
{
    out[0] = '\0';
    for (unsigned i = 0; i < RELATION_COUNT; i++) {
        if ((wanted & RELATION_BIT(i)) != 0)
            append_name(out, relations[i]);
    }
}

const char *rcode_name(int64_t rcode)
{
    static const char *const names[] = {
        "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",    "REFUSED",        "YXDOMAIN",
        "YXRRSET", "NXRRSET", "NOTAUTH",  "NOTZONE",  "DSOTYPENI", [16] = "BADVERS", "BADKEY",
        "BADTIME", "BADMODE", "BADNAME",  "BADALG",   "BADTRUNC",  "BADCOOKIE",
    };

    if (rcode < 0 || (size_t)rcode >= sizeof(names) / sizeof(names[0]))
        return NULL;
    return names[rcode];
}
