/* SPDX-License-Identifier: Apache-2.0 */
/* freeze_checks.c: a site's checks: what all kinds have, what one kind alone has, and what its
 * answers are judged by. */
#include "freeze.h"

#include <string.h>

#include "address_policy.h"
#include "url.h"

/* ---- what all kinds have ---- */

static int freeze_headers(struct inspection *in, const struct text_list *texts, struct check *check)
{
    struct check_header *headers = freeze_take(in, texts->count, sizeof *headers);
    if (headers == NULL)
        return -1;
    for (uint32_t i = 0; i < texts->count; i++) {
        const char *colon = strchr(texts->items[i], ':');
        const char *value = colon + 1 + strspn(colon + 1, " \t");
        headers[i].name = arena_share(in->frozen->settings.arena, texts->items[i],
                                      (size_t)(colon - texts->items[i]));
        headers[i].value = value;
        if (headers[i].name == NULL)
            return -1;
    }
    check->headers = headers;
    check->header_count = texts->count;
    return 0;
}

static void freeze_timing(const struct draft_timing *timing, struct check *check)
{
    check->interval_ms = timing->interval_ms;
    check->timeout_ms = timing->timeout_ms;
    check->retry_ms = timing->retry_ms;
    check->fall = (uint32_t)timing->fall;
    check->rise = (uint32_t)timing->rise;
    check->window_bad = (uint32_t)timing->window.bad;
    check->window_of = (uint32_t)timing->window.of;
}

static void freeze_addresses(const struct draft_check *from, struct check *check)
{
    uint32_t needs = 0;
    check->address = from->address;
    check->family = (enum address_family)from->addresses.family;
    check->need = (uint32_t)from->addresses.need;
    for (uint32_t i = 0; i < from->allow.count; i++)
        check->allow |= address_policy_bit(from->allow.items[i]);
    /* Whoever writes a loopback address means it; one that a name resolves to may be a trap. */
    if (address_policy_text(from->address[0] != '\0' ? from->address : check->host, &needs) &&
        needs == ALLOW_LOOPBACK)
        check->allow |= ALLOW_LOOPBACK;
}

static void freeze_request(const struct draft_check *from, struct check *check)
{
    static const char *const methods[] = {"GET", "HEAD"};
    check->verify = from->verify;
    check->ca_file = from->ca_file;
    check->method = methods[from->method];
    check->http_version = (enum http_version)from->http;
    check->connection = (enum check_connection)from->connection;
    check->fresh_every = (uint32_t)from->fresh_every;
    check->redirects = (uint32_t)from->redirects;
    check->body_max = (uint32_t)from->body_limit;
    check->status = from->status;
    check->body = from->body;
    check->expect = from->expect;
}

/* ---- what one kind alone has ---- */

static int freeze_tcp(struct inspection *in, const struct draft_check *from, struct check *check)
{
    uint32_t count = from->dialogue.count;
    struct check_tcp *tcp = freeze_take(in, 1, sizeof *tcp);
    struct tcp_line *lines = freeze_take(in, count, sizeof *lines);
    if (tcp == NULL || lines == NULL)
        return -1;
    for (uint32_t i = 0; i < count; i++) {
        const struct draft_line *line = &draft_lines(from)[i];
        lines[i].send = line->send[0] == '\0' ? NULL : line->send;
        lines[i].expect = line->expect[0] == '\0' ? NULL : line->expect;
    }
    *tcp = (struct check_tcp){.lines = lines, .line_count = count};
    check->of.tcp = tcp;
    return 0;
}

static int freeze_tls(struct inspection *in, const struct draft_check *from, struct check *check)
{
    struct check_tls *tls = freeze_take(in, 1, sizeof *tls);
    if (tls == NULL)
        return -1;
    tls->starttls = (enum starttls)from->starttls;
    tls->name = from->tls_name[0] == '\0' ? check->host : from->tls_name;
    tls->pin = from->pin[0] == '\0' ? "" : strchr(from->pin, '/') + 1;
    check->of.tls = tls;
    return 0;
}

static int freeze_dns(struct inspection *in, const struct draft_check *from, struct check *check)
{
    struct url_question question = {.type = url_question_types[0]};
    char ignored[1];
    struct check_dns *dns = freeze_take(in, 1, sizeof *dns);
    (void)url_question(check->target, &question, ignored, sizeof ignored);
    const char *name =
        arena_share(in->frozen->settings.arena, question.name, strlen(question.name));
    if (dns == NULL || name == NULL)
        return -1;
    *dns = (struct check_dns){
        .name = name, .type = question.type, .dnssec = from->dnssec, .tcp = from->tcp};
    check->of.dns = dns;
    return 0;
}

static int freeze_grpc(struct inspection *in, const struct draft_check *from, struct check *check)
{
    struct check_grpc *grpc = freeze_take(in, 1, sizeof *grpc);
    if (grpc == NULL)
        return -1;
    grpc->service = from->service;
    check->of.grpc = grpc;
    return 0;
}

static int freeze_command(struct inspection *in, const struct draft_check *from,
                          struct check *check)
{
    struct check_command *command = freeze_take(in, 1, sizeof *command);
    const char **argv = freeze_take(in, from->command.count + 1, sizeof *argv);
    if (command == NULL || argv == NULL)
        return -1;
    for (uint32_t i = 0; i < from->command.count; i++)
        argv[i] = from->command.items[i];
    const struct site *site = &in->settings->sites[check->site];
    *command = (struct check_command){
        .argv = argv,
        .argc = from->command.count,
        .site = site->name,
        .region = site->region == NONE ? "" : in->settings->regions[site->region]};
    check->of.command = command;
    return 0;
}

static int freeze_push(struct inspection *in, const struct draft_check *from, struct check *check)
{
    struct check_push *push = freeze_take(in, 1, sizeof *push);
    if (push == NULL)
        return -1;
    *push = (struct check_push){
        .name = from->name, .token = from->token.value, .period_ms = from->period_ms};
    check->of.push = push;
    return 0;
}

/* The region in a target group's ARN, its fourth part; "" when there is no ARN. */
static const char *region_of(struct inspection *in, const char *arn)
{
    for (unsigned i = 0; i < 3; i++) {
        const char *colon = strchr(arn, ':');
        arn = colon == NULL ? "" : colon + 1;
    }
    return arena_share(in->frozen->settings.arena, arn, strcspn(arn, ":"));
}

static int freeze_aws(struct inspection *in, const struct draft_check *from, struct check *check)
{
    bool is_alarm = check->kind == CHECK_ALARM;
    bool is_told = is_alarm || from->aws_region[0] != '\0';
    struct check_aws *aws = freeze_take(in, 1, sizeof *aws);
    const char *region = is_told ? from->aws_region : region_of(in, from->target_group);
    if (aws == NULL || region == NULL)
        return -1;
    *aws = (struct check_aws){.what = is_alarm ? from->alarm : from->target_group,
                              .region = region,
                              .role = from->role,
                              .external_id = from->external_id};
    check->of.aws = aws;
    return 0;
}

/* The place of a name among the site's checks, NONE when none has it. */
static uint32_t find_named(const struct draft_site *site, const char *name)
{
    for (uint32_t i = 0; i < site->checks.count; i++) {
        if (strcmp(draft_checks(site)[i].name, name) == 0)
            return i;
    }
    return NONE;
}

/* Names of nothing are left out, and reported by a cross-check; so is what cannot be a member. */
static int freeze_members(struct inspection *in, const struct draft_site *site, uint32_t group,
                          struct check *checks)
{
    const struct draft_check *from = &draft_checks(site)[group];
    struct check_group *members = freeze_take(in, 1, sizeof *members);
    uint32_t *indices = freeze_take(in, from->of.count, sizeof *indices);
    uint32_t first = in->settings->sites[checks[group].site].first_check;
    uint32_t count = 0;
    if (members == NULL || indices == NULL)
        return -1;
    for (uint32_t i = 0; i < from->of.count; i++) {
        uint32_t found = find_named(site, from->of.items[i]);
        if (found == NONE || checks[found].kind == CHECK_GROUP)
            continue;
        indices[count++] = first + found;
        checks[found].is_member = true;
    }
    *members = (struct check_group){
        .members = indices, .member_count = count, .need = (uint32_t)from->need};
    checks[group].of.members = members;
    return 0;
}

static int freeze_particulars(struct inspection *in, const struct draft_check *from,
                              struct check *check)
{
    switch (check->kind) {
    case CHECK_TCP:
        return freeze_tcp(in, from, check);
    case CHECK_TLS:
        return freeze_tls(in, from, check);
    case CHECK_DNS:
        return freeze_dns(in, from, check);
    case CHECK_GRPC:
        return freeze_grpc(in, from, check);
    case CHECK_COMMAND:
        return freeze_command(in, from, check);
    case CHECK_PUSH:
        return freeze_push(in, from, check);
    case CHECK_ALARM:
    case CHECK_ALB:
        return freeze_aws(in, from, check);
    case CHECK_HTTP:
    case CHECK_ICMP:
    case CHECK_WEBSOCKET:
    case CHECK_AGENT:
    case CHECK_GROUP: /* when all checks of its site are there */
    case CHECK_KIND_COUNT:
        return 0;
    }
    return 0;
}

/* ---- a check, a site's checks ---- */

static int freeze_check(struct inspection *in, const struct draft_check *from, uint32_t site,
                        struct check *check)
{
    struct frozen_url url;
    if (freeze_url(in, from->url, &url) < 0)
        return -1;
    check->site = site;
    check->kind = (enum check_kind)from->type;
    check->level = (enum check_level)from->level;
    check->name = from->name;
    check->url = from->url;
    check->host = url.host;
    check->port = url.port;
    check->target = url.target;
    check->tls = url.tls;
    freeze_addresses(from, check);
    freeze_request(from, check);
    freeze_timing(&from->timing, check);
    if (freeze_headers(in, &from->headers, check) < 0)
        return -1;
    return freeze_particulars(in, from, check);
}

int freeze_checks(struct inspection *in, const struct draft_site *from, uint32_t site,
                  struct check *checks)
{
    struct settings *settings = &in->frozen->settings;
    uint32_t first = settings->check_count;
    for (uint32_t i = 0; i < from->checks.count; i++) {
        struct check *check = &checks[first + i];
        if (freeze_check(in, &draft_checks(from)[i], site, check) < 0)
            return -1;
        settings->check_count++;
        if (freeze_assertion(in, first + i, check) < 0)
            return -1;
    }
    for (uint32_t i = 0; i < from->checks.count; i++) {
        if (checks[first + i].kind == CHECK_GROUP &&
            freeze_members(in, from, i, &checks[first]) < 0)
            return -1;
    }
    return 0;
}
