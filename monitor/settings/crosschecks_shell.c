/* SPDX-License-Identifier: Apache-2.0 */
/* crosschecks_shell.c: store, alerts, interfaces: what they need, and what they would give away. */
#include "crosschecks.h"

#include <string.h>

#include "url.h"

/* A vote older than this is no news in any outage. */
enum { LEASE_LONG_MS = 30 * 1000 };

/* 128 bits in hexadecimal: what cannot be guessed. */
enum { TOKEN_LENGTH_MIN = 32 };

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static bool is_loopback(const char *host)
{
    return same(host, "localhost") || same(host, "::1") ||
           (is_ip_literal(host) && strncmp(host, "127.", 4) == 0);
}

/* Whether what is sent to the URL can be read on the way. */
static bool is_in_clear(const char *text)
{
    struct url url;
    char ignored[1];
    return text[0] != '\0' && url_parse(text, &url, ignored, sizeof ignored) == 0 &&
           url.scheme == URL_HTTP && !is_loopback(url.host);
}

/* ---- store ---- */

static bool is_etcd(const struct inspection *in)
{
    return in->settings->store.kind == STORE_ETCD;
}

void check_store_key_unused(struct inspection *in)
{
    const struct draft_store *store = &in->draft->store;
    const struct {
        const char *key;
        bool given;
    } keys[] = {
        {"endpoints", store->endpoints.count > 0},
        {"ca_file", store->ca_file[0] != '\0'},
        {"cert_file", store->cert_file[0] != '\0'},
        {"key_file", store->key_file[0] != '\0'},
        {"user", store->user[0] != '\0'},
        {"password", store->password.reference[0] != '\0'},
    };

    for (size_t i = 0; i < sizeof keys / sizeof *keys && !is_etcd(in); i++) {
        if (!keys[i].given)
            continue;
        inspect_complain(in, place_of("store.%s", keys[i].key),
                         "is for etcd, and store.type is sqlite; say type = \"etcd\", or take it "
                         "out");
    }
}

void check_etcd_without_endpoints(struct inspection *in)
{
    if (in->settings->store.kind == STORE_ETCD && in->settings->store.endpoint_count == 0)
        inspect_complain(
            in, place_of("store.endpoints"),
            "etcd needs the URLs of its members, as in [ \"https://10.0.0.11:2379\" ]");
}

static void judge_endpoint(struct inspection *in, uint32_t index)
{
    const char *const *endpoints = in->settings->store.endpoints;
    struct url url;
    char ignored[1];

    if (url_parse(endpoints[index], &url, ignored, sizeof ignored) < 0)
        return; /* the rule of the key has said so */
    if (!same(url.target, "/"))
        inspect_complain(in, place_of("store.endpoints.[%u]", index),
                         "a member is asked at paths of its own; give scheme, host and port only, "
                         "as in \"https://10.0.0.11:2379\"");
    for (uint32_t i = 0; i < index; i++) {
        if (same(endpoints[i], endpoints[index]))
            inspect_complain(in, place_of("store.endpoints.[%u]", index),
                             "is there already; each member is named once");
    }
}

void check_etcd_endpoints(struct inspection *in)
{
    for (uint32_t i = 0; is_etcd(in) && i < in->settings->store.endpoint_count; i++)
        judge_endpoint(in, i);
}

void check_etcd_half_certificate(struct inspection *in)
{
    const struct store_settings *store = &in->settings->store;
    if ((store->cert_file[0] == '\0') != (store->key_file[0] == '\0'))
        inspect_complain(in, place_of("store.cert_file"),
                         "cert_file and key_file belong together; give both or neither");
}

void check_etcd_certificate_unused(struct inspection *in)
{
    const struct store_settings *store = &in->settings->store;
    bool encrypts = store->endpoint_count == 0;

    for (uint32_t i = 0; i < store->endpoint_count; i++)
        encrypts = encrypts || strncmp(store->endpoints[i], "https:", 6) == 0;
    if (!is_etcd(in) || encrypts)
        return;
    if (store->ca_file[0] != '\0' || store->cert_file[0] != '\0')
        inspect_complain(in,
                         place_of("store.%s", store->ca_file[0] != '\0' ? "ca_file" : "cert_file"),
                         "no endpoint begins with https, so no certificate is shown or checked");
}

void check_etcd_half_login(struct inspection *in)
{
    const struct draft_store *store = &in->draft->store;

    if (is_etcd(in) && store->user[0] != '\0' && store->password.reference[0] == '\0')
        inspect_complain(in, place_of("store.user"),
                         "etcd knows a user by its password; give store.password too, as "
                         "\"file:PATH\" or \"env:NAME\"");
}

void check_etcd_in_clear(struct inspection *in)
{
    const struct store_settings *store = &in->settings->store;
    bool has_password = in->draft->store.password.reference[0] != '\0';

    for (uint32_t i = 0; is_etcd(in) && i < store->endpoint_count; i++) {
        if (!is_in_clear(store->endpoints[i]))
            continue;
        inspect_complain(in, place_of("store.endpoints.[%u]", i),
                         "%swho is on the way can read and change votes; use https outside of one "
                         "machine",
                         has_password ? "the password crosses the network unencrypted, and " : "");
    }
}

/* A renewal is due after a third of the lease. One that hangs ends after `timeout`, and the next
 * must begin before the lease ends. */
void check_etcd_patience(struct inspection *in)
{
    const struct store_settings *store = &in->settings->store;

    if (is_etcd(in) && store->timeout_ms * 3 >= store->lease_ms * 2)
        inspect_complain(in, place_of("store.timeout"),
                         "a call may take %lld ms, and the lease is %lld ms: one renewal that "
                         "hangs would cost it; give less than two thirds of store.lease",
                         (long long)store->timeout_ms, (long long)store->lease_ms);
}

void check_sqlite_one_machine(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 1; i < settings->elector_count && settings->store.kind == STORE_SQLITE; i++) {
        if (same(settings->electors[i].vantage, settings->electors[0].vantage))
            continue;
        inspect_complain(in, place_of("store.type"),
                         "sqlite is one file on one machine, and the probes stand in several "
                         "places; those elsewhere could not vote");
        return;
    }
}

void check_lease_long(struct inspection *in)
{
    if (in->settings->store.lease_ms > LEASE_LONG_MS)
        inspect_complain(in, place_of("store.lease"),
                         "the last vote of a probe that died would count for %lld s; 10s is usual",
                         (long long)(in->settings->store.lease_ms / 1000));
}

void check_same_file(struct inspection *in)
{
    const struct settings *settings = in->settings;
    const char *const keys[] = {"store.path", "history.path", "alerting.spool", "http.socket"};
    const char *const paths[] = {settings->store.path, settings->history_path, settings->spool_path,
                                 settings->control_socket};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        for (size_t j = 0; j < i; j++) {
            if (same(paths[i], paths[j]))
                inspect_complain(in, place_of("%s", keys[i]),
                                 "is the path of %s too; give each its own", keys[j]);
        }
    }
}

void check_references_missing(struct inspection *in)
{
    if (in->settings->reference_count == 0)
        inspect_complain(
            in, place_of("probe.references"),
            "without references a probe that sees all regions down cannot know whether "
            "the fault is its own, and abstains; name two or three places outside");
}

/* ---- alerts ---- */

void check_nobody_is_told(struct inspection *in)
{
    if (in->settings->sink_count == 0)
        inspect_complain(in, place_of("alerts"),
                         "nobody would be told of anything; add an smtp or webhook sink");
}

void check_duplicate_sink(struct inspection *in)
{
    const struct sink_settings *sinks = in->settings->sinks;
    for (uint32_t i = 0; i < in->settings->sink_count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (same(sinks[i].name, sinks[j].name))
                inspect_complain(in, place_of_sink(i, "name"),
                                 "\"%s\" is taken; give it another name", sinks[i].name);
        }
    }
}

void check_sink_incomplete(struct inspection *in)
{
    for (uint32_t i = 0; i < in->settings->sink_count; i++) {
        const struct sink_settings *sink = &in->settings->sinks[i];
        if (sink->kind == SINK_WEBHOOK) {
            if (sink->url[0] == '\0')
                inspect_complain(in, place_of_sink(i, "url"), "a webhook needs a url");
            continue;
        }
        if (sink->host[0] == '\0')
            inspect_complain(in, place_of_sink(i, "host"), "smtp needs a host");
        if (sink->from[0] == '\0')
            inspect_complain(in, place_of_sink(i, "from"), "smtp needs a sender's address");
        if (sink->to_count == 0)
            inspect_complain(in, place_of_sink(i, "to"), "smtp needs a recipient");
    }
}

void check_sink_key_unused(struct inspection *in)
{
    for (uint32_t i = 0; i < in->settings->sink_count; i++) {
        const struct draft_sink *sink = &draft_sinks(in->draft)[i];
        if (sink->type == SINK_SMTP && (sink->url[0] != '\0' || sink->secret.reference[0] != '\0'))
            inspect_complain(in, place_of_sink(i, sink->url[0] != '\0' ? "url" : "secret"),
                             "is for webhooks, and this sink is smtp; leave it out");
        if (sink->type == SINK_WEBHOOK &&
            (sink->host[0] != '\0' || sink->user[0] != '\0' || sink->from[0] != '\0' ||
             sink->to.count > 0 || sink->password.reference[0] != '\0'))
            inspect_complain(in, place_of_sink(i, ""),
                             "host, user, password, from and to are for smtp, and this sink is a "
                             "webhook; leave them out");
    }
}

void check_smtp_half_login(struct inspection *in)
{
    for (uint32_t i = 0; i < in->settings->sink_count; i++) {
        const struct draft_sink *sink = &draft_sinks(in->draft)[i];
        if ((sink->user[0] == '\0') != (sink->password.reference[0] == '\0'))
            inspect_complain(in, place_of_sink(i, sink->user[0] == '\0' ? "password" : "user"),
                             "user and password belong together; give both or neither");
    }
}

void check_password_in_clear(struct inspection *in)
{
    for (uint32_t i = 0; i < in->settings->sink_count; i++) {
        const struct sink_settings *sink = &in->settings->sinks[i];
        if (sink->kind == SINK_SMTP && same(sink->tls, "none") && sink->user[0] != '\0' &&
            !is_loopback(sink->host))
            inspect_complain(in, place_of_sink(i, "tls"),
                             "the password would cross the network unencrypted; use starttls or "
                             "tls");
    }
}

void check_alerts_in_clear(struct inspection *in)
{
    for (uint32_t i = 0; i < in->settings->sink_count; i++) {
        const struct sink_settings *sink = &in->settings->sinks[i];
        if (sink->kind == SINK_WEBHOOK && is_in_clear(sink->url))
            inspect_complain(in, place_of_sink(i, "url"),
                             "alerts would cross the network unencrypted; use https://");
        if (sink->kind == SINK_SMTP && same(sink->tls, "none") && sink->user[0] == '\0' &&
            !is_loopback(sink->host))
            inspect_complain(in, place_of_sink(i, "tls"),
                             "alerts would cross the network unencrypted; use starttls or tls");
    }
}

void check_aws_in_clear(struct inspection *in)
{
    if (is_in_clear(in->settings->aws_endpoint))
        inspect_complain(in, place_of("aws.endpoint"),
                         "signed requests and session tokens would cross the network unencrypted; "
                         "use https://");
}

/* ---- interfaces ---- */

static bool listens_outside(const struct settings *settings)
{
    char host[URL_HOST_MAX + 1];
    uint16_t port = 0;
    return endpoint_parse(settings->http_listen, host, &port) == 0 && !is_loopback(host);
}

void check_http_open(struct inspection *in)
{
    if (listens_outside(in->settings) && in->draft->http.token.reference[0] == '\0')
        inspect_complain(in, place_of("http.listen"),
                         "everybody who reaches %s can read the state of the regions; listen on "
                         "127.0.0.1, or guard it and set token",
                         in->settings->http_listen);
}

void check_token_in_clear(struct inspection *in)
{
    if (listens_outside(in->settings) && in->draft->http.token.reference[0] != '\0')
        inspect_complain(in, place_of("http.token"),
                         "the token crosses the network unencrypted; listen on 127.0.0.1 and put a "
                         "proxy with TLS in front");
}

void check_token_short(struct inspection *in)
{
    size_t length = strlen(in->settings->http_token);
    if (length > 0 && length < TOKEN_LENGTH_MIN)
        inspect_complain(
            in, place_of("http.token"),
            "a token of %zu characters can be guessed; use %d or more, as from openssl "
            "rand -hex 32",
            length, TOKEN_LENGTH_MIN);
}
