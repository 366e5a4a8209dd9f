/* SPDX-License-Identifier: Apache-2.0 */
/* crosschecks_kinds.c: has each kind of check all it needs, and nothing that is another's? */
#include "crosschecks.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "schema.h"
#include "url.h"

enum { KINDS_SHOWN = 160, TOKEN_LENGTH_MIN = 32, FRESH_EVERY_USUAL = 10 };

/* What the URLs of a kind look like; NULL: it has none. */
static const struct {
    const char *schemes[2];
    const char *form;
} urls[CHECK_KIND_COUNT] = {
    [CHECK_HTTP] = {{"http://", "https://"}, "http://HOST/PATH or https://HOST/PATH"},
    [CHECK_TCP] = {{"tcp://"}, "tcp://HOST:PORT"},
    [CHECK_TLS] = {{"tls://"}, "tls://HOST:PORT"},
    [CHECK_DNS] = {{"dns://"}, "dns://SERVER/NAME?type=TYPE"},
    [CHECK_ICMP] = {{"icmp://"}, "icmp://HOST"},
    [CHECK_GRPC] = {{"grpc://", "grpcs://"}, "grpc://HOST:PORT or grpcs://HOST:PORT"},
    [CHECK_WEBSOCKET] = {{"ws://", "wss://"}, "ws://HOST/PATH or wss://HOST/PATH"},
    [CHECK_AGENT] = {{"agent://"}, "agent://HOST:PORT"},
};

/* Shows each check, as it was written, to look(). */
static void for_checks(struct inspection *in,
                       void (*look)(struct inspection *in, const struct draft_check *draft,
                                    uint32_t check))
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->service_count; i++) {
        const struct service *service = &settings->services[i];
        for (uint32_t j = 0; j < service->site_count; j++) {
            const struct draft_site *site = &draft_sites(&draft_services(in->draft)[i])[j];
            uint32_t first = settings->sites[service->first_site + j].first_check;
            for (uint32_t k = 0; k < site->checks.count; k++)
                look(in, &draft_checks(site)[k], first + k);
        }
    }
}

static const char *kind_of(const struct draft_check *draft)
{
    return check_kind_words[draft->type];
}

/* ---- keys ---- */

/* "http, websocket" */
static void list_kinds(uint32_t kinds, char out[KINDS_SHOWN])
{
    size_t used = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < CHECK_KIND_COUNT && used < KINDS_SHOWN; i++) {
        if ((kinds & KIND_BIT(i)) != 0)
            used += (size_t)snprintf(out + used, KINDS_SHOWN - used, "%s%s", used == 0 ? "" : ", ",
                                     check_kind_words[i]);
    }
}

/* One that has its default may stand there: a dump writes all of them. */
static void look_for_foreign_keys(struct inspection *in, const struct draft_check *draft,
                                  uint32_t check)
{
    for (size_t i = 0; i < check_schema.count; i++) {
        const struct option *option = &check_schema.options[i];
        char kinds[KINDS_SHOWN];
        if (option->kinds == 0 || (option->kinds & KIND_BIT(draft->type)) != 0 ||
            option_is_default(option, option_constant(option, draft)))
            continue;
        list_kinds(option->kinds, kinds);
        inspect_complain(in, place_of_check(in->settings, check, option->key),
                         "is for checks of type %s, and this one is %s; leave it out", kinds,
                         kind_of(draft));
    }
}

void check_key_of_another_kind(struct inspection *in)
{
    for_checks(in, look_for_foreign_keys);
}

static void need(struct inspection *in, const struct draft_check *draft, uint32_t check,
                 bool is_given, const char *key, const char *what)
{
    if (!is_given)
        inspect_complain(in, place_of_check(in->settings, check, key), "type %s needs it; write %s",
                         kind_of(draft), what);
}

static void look_for_url(struct inspection *in, const struct draft_check *draft, uint32_t check)
{
    need(in, draft, check, draft->url[0] != '\0', "url", urls[draft->type].form);
}

static void look_for_keys(struct inspection *in, const struct draft_check *draft, uint32_t check)
{
    switch ((enum check_kind)draft->type) {
    case CHECK_COMMAND:
        need(in, draft, check, draft->command.count > 0, "command",
             "[ \"/usr/lib/nagios/plugins/check_load\", \"-w\", \"4\" ]");
        return;
    case CHECK_PUSH:
        need(in, draft, check, draft->name[0] != '\0', "name", "the job's name");
        need(in, draft, check, draft->token.reference[0] != '\0', "token", "\"file:/PATH\"");
        need(in, draft, check, draft->period_ms > 0, "period", "how long the job may be silent");
        return;
    case CHECK_ALARM:
        need(in, draft, check, draft->alarm[0] != '\0', "alarm", "the alarm's name");
        need(in, draft, check, draft->aws_region[0] != '\0', "aws_region", "the alarm's region");
        return;
    case CHECK_ALB:
        need(in, draft, check, draft->target_group[0] != '\0', "target_group", "its ARN");
        return;
    case CHECK_GROUP:
        need(in, draft, check, draft->of.count > 0, "of", "names of checks of the site");
        need(in, draft, check, draft->need > 0, "need", "how many of them must be good");
        return;
    case CHECK_HTTP:
    case CHECK_TCP:
    case CHECK_TLS:
    case CHECK_DNS:
    case CHECK_ICMP:
    case CHECK_GRPC:
    case CHECK_WEBSOCKET:
    case CHECK_AGENT:
    case CHECK_KIND_COUNT:
        look_for_url(in, draft, check);
        return;
    }
}

void check_key_missing(struct inspection *in)
{
    for_checks(in, look_for_keys);
}

/* CHECK_KIND_COUNT when no kind has it. */
static int kind_of_url(const char *url)
{
    int kind = 0;
    while (kind < CHECK_KIND_COUNT) {
        for (size_t i = 0; i < 2; i++) {
            const char *scheme = urls[kind].schemes[i];
            if (scheme != NULL && strncmp(url, scheme, strlen(scheme)) == 0)
                return kind;
        }
        kind++;
    }
    return kind;
}

static void compare_scheme(struct inspection *in, const struct draft_check *draft, uint32_t check)
{
    int kind = kind_of_url(draft->url);
    if (kind == draft->type || kind == CHECK_KIND_COUNT || urls[draft->type].form == NULL)
        return;
    inspect_complain(in, place_of_check(in->settings, check, "url"),
                     "type %s takes %s; this URL is for type %s", kind_of(draft),
                     urls[draft->type].form, check_kind_words[kind]);
}

void check_type_fits_url(struct inspection *in)
{
    for_checks(in, compare_scheme);
}

/* ---- what keys say together ---- */

void check_addresses_of_one(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        const struct check *check = &settings->checks[i];
        bool is_usual = check->need == NEED_ANY && check->family == FAMILY_BOTH;
        if (!is_usual && (check->address[0] != '\0' || is_ip_literal(check->host)))
            inspect_complain(in, place_of_check(settings, i, "addresses"),
                             "need and family choose among the addresses of a name, and %s is one "
                             "address; leave them out",
                             check->address[0] != '\0' ? check->address : check->host);
    }
}

void check_http_version_in_clear(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        const struct check *check = &settings->checks[i];
        if (check->kind == CHECK_HTTP && check->http_version == HTTP_VERSION_3 && !check->tls)
            inspect_complain(in, place_of_check(settings, i, "http"),
                             "HTTP/3 is spoken over TLS; ask over https, or leave http at 1.1");
    }
}

void check_connection_goes_on(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        const struct check *check = &settings->checks[i];
        struct place place = place_of_check(settings, i, "connection");
        const char *word = check->connection == CONNECTION_KEPT ? "kept" : "resumed";
        if (check->kind != CHECK_HTTP || check->connection == CONNECTION_FRESH)
            continue;
        if (check->http_version != HTTP_VERSION_1)
            inspect_complain(in, place,
                             "%s over HTTP/1.1 only; leave http at 1.1, or connection at fresh",
                             word);
        else if (check->redirects > 0)
            inspect_complain(in, place,
                             "a check that follows redirects is always fresh; leave redirects at "
                             "0, or connection at fresh");
        else if (check->connection == CONNECTION_RESUMED && !check->tls)
            inspect_complain(in, place,
                             "in the clear there is no session to resume; ask over https, or use "
                             "kept or fresh");
    }
}

static void look_at_fresh_every(struct inspection *in, const struct draft_check *draft,
                                uint32_t check)
{
    if (draft->type == CHECK_HTTP && draft->connection == CONNECTION_FRESH &&
        draft->fresh_every != FRESH_EVERY_USUAL)
        inspect_complain(in, place_of_check(in->settings, check, "fresh_every"),
                         "every check is fresh already; leave it out, or set connection to resumed "
                         "or kept");
}

void check_fresh_every_unused(struct inspection *in)
{
    for_checks(in, look_at_fresh_every);
}

static void look_at_steps(struct inspection *in, const struct draft_check *draft, uint32_t check)
{
    for (uint32_t i = 0; i < draft->dialogue.count; i++) {
        const struct draft_line *line = &draft_lines(draft)[i];
        struct place place = place_of_check(in->settings, check, "dialogue");
        if (line->send[0] == '\0' && line->expect[0] == '\0')
            inspect_complain(in, place_of("%s.[%u]", place.text, i),
                             "a step that says nothing and waits for nothing; give send, expect or "
                             "both");
    }
}

void check_dialogue_step_empty(struct inspection *in)
{
    for_checks(in, look_at_steps);
}

/* Ports on which TLS begins at once, as IANA has them. */
void check_starttls_port(struct inspection *in)
{
    static const uint16_t at_once[] = {443, 465, 636, 993, 995};
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        const struct check *check = &settings->checks[i];
        if (check->kind != CHECK_TLS || check->of.tls->starttls == STARTTLS_NONE)
            continue;
        for (size_t j = 0; j < sizeof at_once / sizeof *at_once; j++) {
            if (check->port == at_once[j])
                inspect_complain(in, place_of_check(settings, i, "starttls"),
                                 "on port %u TLS begins at once; leave starttls out, or name the "
                                 "port of the protocol in the clear",
                                 check->port);
        }
    }
}

void check_command_path(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        const struct check *check = &settings->checks[i];
        if (check->kind == CHECK_COMMAND && check->of.command->argc > 0 &&
            check->of.command->argv[0][0] != '/')
            inspect_complain(in, place_of_check(settings, i, "command"),
                             "the program is named by its absolute path; no shell and no PATH "
                             "looks for it");
    }
}

/* Programs that only read may run elsewhere. */
void check_command_missing(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->check_count && in->frozen->with_secrets; i++) {
        const struct check *check = &settings->checks[i];
        if (check->kind == CHECK_COMMAND && check->of.command->argc > 0 &&
            check->of.command->argv[0][0] == '/' && access(check->of.command->argv[0], X_OK) != 0)
            inspect_complain(in, place_of_check(settings, i, "command"),
                             "%s is no program that we may run here; until it is, the check says "
                             "nothing",
                             check->of.command->argv[0]);
    }
}

void check_period_below_interval(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        const struct check *check = &settings->checks[i];
        if (check->kind == CHECK_PUSH && check->of.push->period_ms > 0 &&
            check->of.push->period_ms < check->interval_ms)
            inspect_complain(in, place_of_check(settings, i, "period"),
                             "%lld ms is less than interval, %lld ms: silence is looked for less "
                             "often than it is allowed to last; raise period or lower interval",
                             (long long)check->of.push->period_ms, (long long)check->interval_ms);
    }
}

void check_push_unheard(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        if (settings->checks[i].kind == CHECK_PUSH && settings->http_listen[0] == '\0')
            inspect_complain(in, place_of_check(settings, i, "type"),
                             "with http.listen empty jobs can report over http.socket alone, from "
                             "this machine; give http.listen IP:PORT to hear others");
    }
}

/* Not opened by programs that only read: they have "". */
void check_push_token_short(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        const struct check *check = &settings->checks[i];
        size_t length = check->kind == CHECK_PUSH ? strlen(check->of.push->token) : 0;
        if (length > 0 && length < TOKEN_LENGTH_MIN)
            inspect_complain(in, place_of_check(settings, i, "token"),
                             "a token of %zu characters can be guessed; use %d or more, as from "
                             "openssl rand -hex 32",
                             length, TOKEN_LENGTH_MIN);
    }
}

static void compare_region(struct inspection *in, const struct draft_check *draft, uint32_t check)
{
    char part[NAME_MAX_LENGTH + 3];
    snprintf(part, sizeof part, ":%s:", draft->aws_region);
    if (draft->type == CHECK_ALB && draft->aws_region[0] != '\0' &&
        strstr(draft->target_group, part) == NULL)
        inspect_complain(in, place_of_check(in->settings, check, "aws_region"),
                         "the target group's ARN names another region than %s; leave aws_region "
                         "out",
                         draft->aws_region);
}

void check_region_of_arn(struct inspection *in)
{
    for_checks(in, compare_region);
}

void check_external_id_of_check(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        const struct check *check = &settings->checks[i];
        bool asks_aws = check->kind == CHECK_ALARM || check->kind == CHECK_ALB;
        if (asks_aws && check->of.aws->external_id[0] != '\0' && check->of.aws->role[0] == '\0')
            inspect_complain(in, place_of_check(settings, i, "external_id"),
                             "is asked for by a role, and there is none; give role, or take it "
                             "out");
    }
}
