/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: a check of a pinned address beside a name asks for the name as well, so that a broken
 * name and a broken endpoint are told apart (V6). It never waits for the name: a watch keeps, for
 * each token, what the last answer said, and a result tells that. */
#include "attempt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"

enum { FIRST_WATCHES = 16 };

struct naming_watch {
    const struct check *check;
    struct lookup *lookup; /* NULL: not being asked */
    union address pinned;
    enum naming naming;
    enum dns_status status;  /* of the last answer */
    struct account *account; /* of who asked to be told all, NULL: nobody */
};

static struct naming_watch *find_watch(const struct prober *prober, uint32_t token)
{
    return token < prober->naming_count ? prober->namings[token] : NULL;
}

static struct naming_watch *make_watch(struct prober *prober, uint32_t token)
{
    uint32_t count = prober->naming_count > 0 ? prober->naming_count : FIRST_WATCHES;

    while (count <= token)
        count *= 2;
    if (count > prober->naming_count) {
        prober->namings = prober_need(realloc(prober->namings, count * sizeof(prober->namings[0])));
        memset(prober->namings + prober->naming_count, 0,
               (count - prober->naming_count) * sizeof(prober->namings[0]));
        prober->naming_count = count;
    }
    if (prober->namings[token] == NULL)
        prober->namings[token] = prober_need(calloc(1, sizeof(struct naming_watch)));
    return prober->namings[token];
}

static void on_answer(void *context, const struct resolution *resolution)
{
    struct naming_watch *watch = context;

    watch->lookup = NULL;
    if (watch->account != NULL)
        account_name(&watch->account->naming, resolution);
    watch->status = resolution->status;
    watch->naming = resolution->status == DNS_OK ? NAMING_DIFFERS : NAMING_FAILED;
    for (unsigned i = 0; i < resolution->count; i++) {
        if (address_is_same_host(&resolution->addresses[i], &watch->pinned))
            watch->naming = NAMING_GOOD;
    }
    if (resolution->found > resolution->count && watch->naming == NAMING_DIFFERS)
        watch->naming = NAMING_NOT_ASKED; /* it may be among those that were cut off */
}

void naming_ask(struct attempt *attempt)
{
    const struct check *check = attempt->check;
    struct prober *prober = attempt->prober;
    struct naming_watch *watch;
    struct resolution resolution;
    union address literal;

    if (address_parse(check->host, &literal) || !address_parse(check->address, &literal))
        return;
    watch = make_watch(prober, attempt->token);
    if (watch->check != check) {
        resolver_cancel(watch->lookup);
        *watch = (struct naming_watch){.check = check, .pinned = literal};
    }
    watch->account = attempt->account;
    if (watch->account != NULL)
        watch->account->naming.is_asked = true;
    if (watch->lookup != NULL)
        return;
    if (resolver_peek(prober->resolver, check->host, &resolution))
        on_answer(watch, &resolution);
    else
        watch->lookup = resolver_lookup(prober->resolver, check->host, on_answer, watch);
}

/* The words go behind what the endpoint gave, as far as there is room. */
void naming_tell(struct attempt *attempt)
{
    const struct naming_watch *watch = find_watch(attempt->prober, attempt->token);
    struct result *result = &attempt->result;
    size_t length = strlen(result->detail);
    size_t room = sizeof(result->detail) - length;

    if (watch == NULL || watch->check != attempt->check || dns_status_is_own_fault(watch->status))
        return;
    result->naming = watch->naming;
    if (watch->naming == NAMING_FAILED)
        snprintf(result->detail + length, room, "; naming: %s: %s", watch->check->host,
                 dns_status_name(watch->status));
    else if (watch->naming == NAMING_DIFFERS)
        snprintf(result->detail + length, room, "; naming: %s has other addresses than %s",
                 watch->check->host, watch->check->address);
}

void naming_close(struct prober *prober)
{
    for (uint32_t i = 0; i < prober->naming_count; i++) {
        if (prober->namings[i] != NULL)
            resolver_cancel(prober->namings[i]->lookup);
        free(prober->namings[i]);
    }
    free(prober->namings);
    prober->namings = NULL;
    prober->naming_count = 0;
}
