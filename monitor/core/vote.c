/* SPDX-License-Identifier: Apache-2.0 */
#include "vote.h"

#include <string.h>

static const char *const blindness_names[BLIND_COUNT] = {
    [BLIND_NOT] = "no",
    [BLIND_STARTING] = "starting",
    [BLIND_REFERENCES] = "references",
    [BLIND_ALL_DOWN] = "all-down",
    [BLIND_CLOCK] = "clock",
    [BLIND_STALLED] = "stalled",
};

static const char failure_letters[FAILURE_COUNT] = {
    [FAILURE_NONE] = '-',   [FAILURE_DNS] = 'n',         [FAILURE_CONNECT] = 'c',
    [FAILURE_TLS] = 'l',    [FAILURE_CERTIFICATE] = 'x', [FAILURE_TIMEOUT] = 't',
    [FAILURE_STATUS] = 's', [FAILURE_BODY] = 'b',        [FAILURE_LATENCY] = 'y',
    [FAILURE_POLICY] = 'p',
};

const char *blindness_name(enum blindness blindness)
{
    return blindness_names[blindness];
}

int blindness_parse(const char *name, enum blindness *ret_blindness)
{
    for (unsigned i = 0; i < BLIND_COUNT; i++) {
        if (strcmp(name, blindness_names[i]) == 0) {
            *ret_blindness = (enum blindness)i;
            return 0;
        }
    }
    return -1;
}

char failure_letter(enum failure failure)
{
    return failure_letters[failure];
}

enum failure failure_of_letter(char letter)
{
    for (unsigned i = 0; i < FAILURE_COUNT; i++) {
        if (failure_letters[i] == letter)
            return (enum failure)i;
    }
    return FAILURE_NONE;
}
