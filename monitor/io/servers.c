/* SPDX-License-Identifier: Apache-2.0 */
/* A round goes: names of the servers -> the addresses of each -> one question to each address.
 * `pending` counts what has not come back; whoever brings it to 0 finishes the round, so there is
 * one way out. */
#include "servers.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "dns_ask.h"
#include "record.h"

struct server;

/* One address of a server. */
struct voice {
    struct server *server;
    char address[ADDRESS_TEXT_MAX];
    struct dns_ask *ask;
    bool is_v6;
    bool answered;
    enum dns_status status;
    uint64_t epoch; /* as it says; 0: no fence */
};

/* One server on its way through the round. */
struct server {
    struct servers_round *round;
    char name[256]; /* of the delegation set, or the settings' "IP:PORT" */
    struct lookup *lookup;
    enum dns_status status; /* of its addresses */
    struct voice voices[SERVERS_ADDRESSES_MAX];
    uint32_t voice_count; /* 0: no address is known */
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

__attribute__((format(printf, 2, 3))) static void add_words(struct servers_result *result,
                                                            const char *format, ...)
{
    size_t used = strlen(result->others);
    va_list args;

    if (used > 0 && used + 2 < sizeof(result->others)) {
        memcpy(result->others + used, ", ", 3);
        used += 2;
    }
    va_start(args, format);
    vsnprintf(result->others + used, sizeof(result->others) - used, format, args);
    va_end(args);
}

/* A host without IPv6 reaches no server that way: said once, not of each. */
static bool no_v6_here(const struct servers_round *round)
{
    bool any = false;

    for (uint32_t i = 0; i < round->count; i++) {
        for (uint32_t k = 0; k < round->servers[i].voice_count; k++) {
            const struct voice *voice = &round->servers[i].voices[k];

            any |= voice->is_v6;
            if (voice->is_v6 && voice->status != DNS_UNREACHABLE)
                return false;
        }
    }
    return any;
}

static void add_voice(struct servers_result *result, const struct voice *voice, uint64_t epoch)
{
    const char *name = voice->server->name;
    bool is_name = strcmp(name, voice->address) != 0;
    char where[sizeof(voice->server->name) + ADDRESS_TEXT_MAX + 4];

    snprintf(where, sizeof(where), is_name ? "%s (%s)" : "%s", name, voice->address);
    if (!voice->answered)
        add_words(result, "%s does not answer (%s)", where, dns_status_name(voice->status));
    else if (voice->epoch == 0)
        add_words(result, "%s has no fence", where);
    else if (voice->epoch < epoch)
        add_words(result, "%s still says epoch %llu", where, (unsigned long long)voice->epoch);
}

static void add_result(struct servers_result *result, const struct server *server, bool no_v6)
{
    uint64_t epoch = server->round->epoch;
    uint32_t answered = 0;
    uint32_t current = 0;

    if (server->voice_count == 0)
        add_words(result, "%s has no address (%s)", server->name, dns_status_name(server->status));
    for (uint32_t k = 0; k < server->voice_count; k++) {
        const struct voice *voice = &server->voices[k];

        answered += voice->answered;
        current += voice->answered && voice->epoch >= epoch;
        if (!no_v6 || !voice->is_v6)
            add_voice(result, voice, epoch);
    }
    result->answered += answered > 0;
    result->current += answered > 0 && current == answered;
}

static void on_closed(uv_handle_t *handle)
{
    struct servers_round *round = handle->data;
    struct servers_result result = {.asked = round->count};
    servers_done done = round->done;
    void *context = round->context;
    bool no_v6 = no_v6_here(round);

    for (uint32_t i = 0; i < round->count; i++)
        add_result(&result, &round->servers[i], no_v6);
    if (no_v6)
        add_words(&result, "no server is reached over IPv6 from here");
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

static void on_answer(void *context, enum dns_status status, const char *const *texts, size_t count)
{
    struct voice *voice = context;
    struct servers_round *round = voice->server->round;

    voice->ask = NULL;
    voice->status = status;
    voice->answered = status == DNS_OK || status == DNS_NODATA || status == DNS_NXDOMAIN;
    voice->epoch = dns_answer_epoch(texts, count, round->group);
    if (fence_leaps(voice->epoch, round->epoch))
        voice->epoch = 0; /* nobody's, as in the zone itself (C2) */
    release(round);
}

static void ask_voice(struct voice *voice)
{
    struct servers_round *round = voice->server->round;

    round->pending++;
    voice->status = DNS_UNREACHABLE;
    if (round->cancelled || dns_ask_txt(round->question.uv, voice->address, round->fence,
                                        SERVERS_ASK_MS, on_answer, voice, &voice->ask) < 0)
        release(round);
}

static struct voice *add_address(struct server *server)
{
    struct voice *voice;

    if (server->voice_count == SERVERS_ADDRESSES_MAX)
        return NULL;
    voice = &server->voices[server->voice_count++];
    voice->server = server;
    return voice;
}

/* ---- addresses ---- */

static void on_address(void *context, const struct resolution *resolution)
{
    struct server *server = context;
    uint16_t port = server->round->question.port;

    server->lookup = NULL;
    server->status = resolution->status;
    for (unsigned i = 0; resolution->status == DNS_OK && i < resolution->count; i++) {
        union address address = resolution->addresses[i];
        struct voice *voice = add_address(server);

        if (voice == NULL)
            break;
        voice->is_v6 = address.any.sa_family == AF_INET6;
        address_set_port(&address, port != 0 ? port : 53);
        address_format(&address, voice->address);
        ask_voice(voice);
    }
    release(server->round);
}

/* Takes a server into the round and asks, or looks its addresses up first. */
static void add_server(struct servers_round *round, const char *name, bool is_address)
{
    struct server *server = &round->servers[round->count];
    struct voice *voice;

    if (round->count == SERVERS_MAX)
        return;
    round->count++;
    server->round = round;
    snprintf(server->name, sizeof(server->name), "%s", name);
    if (is_address) {
        voice = add_address(server);
        snprintf(voice->address, sizeof(voice->address), "%s", name);
        ask_voice(voice);
        return;
    }
    round->pending++;
    server->status = DNS_NO_MEMORY;
    server->lookup = resolver_lookup(round->question.resolver, name, on_address, server);
    if (server->lookup == NULL)
        release(round);
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

        for (uint32_t k = 0; k < server->voice_count; k++) {
            if (server->voices[k].ask != NULL)
                dns_ask_cancel(server->voices[k].ask); /* its answer comes, cancelled */
        }
        if (server->lookup == NULL)
            continue;
        resolver_cancel(server->lookup); /* this one says nothing any more */
        server->lookup = NULL;
        release(round);
    }
    release(round);
}
