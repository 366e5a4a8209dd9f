/* SPDX-License-Identifier: Apache-2.0 */
/* A round goes: names of the servers -> an address for each -> one question to each. `pending`
 * counts what has not come back; whoever brings it to 0 finishes the round, so there is one way
 * out. */
#include "servers.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "dns_ask.h"
#include "record.h"

/* One server on its way through the round. */
struct server {
    struct servers_round *round;
    char name[256];                 /* of the delegation set, or the settings' "IP:PORT" */
    char address[ADDRESS_TEXT_MAX]; /* "" until it is known */
    struct lookup *lookup;
    struct dns_ask *ask;
    bool answered;
    enum dns_status status;
    uint64_t epoch; /* as it says; 0: no fence */
};

struct servers_round {
    struct servers_question question;
    char group[NAME_MAX_LENGTH + 1];
    char fence[FENCE_TEXT_MAX + 1]; /* the name asked for */
    uint64_t epoch;
    struct server servers[SERVERS_MAX];
    uint32_t count;
    uint32_t pending;
    bool cancelled;
    uv_timer_t report; /* done comes from the loop, also when nothing had to be asked */
    servers_done done;
    void *context;
};

/* ---- the end ---- */

static void add_words(char *words, size_t size, const struct server *server, uint64_t epoch)
{
    size_t used = strlen(words);
    const char *comma = used > 0 ? ", " : "";

    if (!server->answered)
        snprintf(words + used, size - used, "%s%s does not answer (%s)", comma, server->name,
                 dns_status_name(server->status));
    else if (server->epoch < epoch)
        snprintf(words + used, size - used, "%s%s still says epoch %llu", comma, server->name,
                 (unsigned long long)server->epoch);
}

static void on_closed(uv_handle_t *handle)
{
    struct servers_round *round = handle->data;
    struct servers_result result = {.asked = round->count};
    servers_done done = round->done;
    void *context = round->context;

    for (uint32_t i = 0; i < round->count; i++) {
        const struct server *server = &round->servers[i];

        result.answered += server->answered;
        result.current += server->answered && server->epoch >= round->epoch;
        add_words(result.others, sizeof(result.others), server, round->epoch);
    }
    free(round);
    done(context, &result);
}

static void release(struct servers_round *round)
{
    assert(round->pending > 0);
    round->pending--;
    if (round->pending == 0)
        uv_close((uv_handle_t *)&round->report, on_closed);
}

/* ---- the question ---- */

/* The epoch of our group's fence among the texts; 0: none. */
static uint64_t fence_epoch(const struct servers_round *round, const char *const *texts,
                            size_t count)
{
    uint64_t epoch = 0;

    for (size_t i = 0; i < count; i++) {
        struct fence fence;

        if (fence_parse(texts[i], &fence) == 0 && strcmp(fence.group, round->group) == 0 &&
            fence.epoch > epoch)
            epoch = fence.epoch;
    }
    return epoch;
}

static void on_answer(void *context, enum dns_status status, const char *const *texts, size_t count)
{
    struct server *server = context;

    server->ask = NULL;
    server->status = status;
    server->answered = status == DNS_OK || status == DNS_NODATA || status == DNS_NXDOMAIN;
    server->epoch = fence_epoch(server->round, texts, status == DNS_OK ? count : 0);
    release(server->round);
}

static void ask_server(struct server *server)
{
    struct servers_round *round = server->round;

    server->status = DNS_UNREACHABLE;
    if (round->cancelled || dns_ask_txt(round->question.uv, server->address, round->fence,
                                        SERVERS_ASK_MS, on_answer, server, &server->ask) < 0)
        release(round);
}

/* ---- addresses ---- */

static void on_address(void *context, const struct resolution *resolution)
{
    struct server *server = context;
    union address address;

    server->lookup = NULL;
    if (resolution->status != DNS_OK) {
        server->status = resolution->status;
        release(server->round);
        return;
    }
    address = resolution->addresses[0];
    address_set_port(&address, 53);
    address_format(&address, server->address);
    ask_server(server);
}

/* Takes a server into the round and asks, or looks its address up first. */
static void add_server(struct servers_round *round, const char *name, bool is_address)
{
    struct server *server = &round->servers[round->count];

    if (round->count == SERVERS_MAX)
        return;
    round->count++;
    round->pending++;
    server->round = round;
    snprintf(server->name, sizeof(server->name), "%s", name);
    if (!is_address) {
        server->lookup = resolver_lookup(round->question.resolver, name, on_address, server);
        if (server->lookup == NULL)
            release(round);
        return;
    }
    snprintf(server->address, sizeof(server->address), "%s", name);
    ask_server(server);
}

static void on_names(void *context, enum route53_outcome outcome, const char *const *servers,
                     uint32_t count, const char *message)
{
    struct servers_round *round = context;

    (void)message; /* the zone's reading says the same, and is shown */
    for (uint32_t i = 0; outcome == ROUTE53_OK && !round->cancelled && i < count; i++)
        add_server(round, servers[i], false);
    release(round);
}

/* ---- life ---- */

struct servers_round *servers_ask(const struct servers_question *question, servers_done done,
                                  void *context)
{
    const struct settings *settings = question->settings;
    struct servers_round *round = calloc(1, sizeof(*round));

    if (round == NULL)
        return NULL;
    round->question = *question;
    round->epoch = question->epoch;
    round->done = done;
    round->context = context;
    snprintf(round->group, sizeof(round->group), "%s", question->group);
    if (fence_name(question->group, question->apex, round->fence, sizeof(round->fence)) < 0) {
        free(round);
        return NULL;
    }
    uv_timer_init(question->uv, &round->report);
    round->report.data = round;
    round->pending = 1; /* ours, until the servers are known */
    if (settings->aws_nameserver_count == 0) {
        route53_get_servers(question->route53, question->zone, on_names, round);
        return round;
    }
    for (uint32_t i = 0; i < settings->aws_nameserver_count; i++)
        add_server(round, settings->aws_nameservers[i], true);
    release(round);
    return round;
}

void servers_cancel(struct servers_round *round)
{
    round->cancelled = true;
    if (round->pending == 0)
        return;       /* all has come back; done is on its way */
    round->pending++; /* so that it does not end under our hands */
    for (uint32_t i = 0; i < round->count; i++) {
        struct server *server = &round->servers[i];

        if (server->ask != NULL)
            dns_ask_cancel(server->ask); /* its answer comes, cancelled */
        if (server->lookup == NULL)
            continue;
        resolver_cancel(server->lookup); /* this one says nothing any more */
        server->lookup = NULL;
        release(round);
    }
    release(round);
}
