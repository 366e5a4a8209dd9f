/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../settings/schema.h"
#include "check.h"
#include "render.h"

enum { TEXT_MAX = 1200, DAY_S = 24 * 60 * 60 };

/* One line: what it is about, and what there is to say. */
__attribute__((format(printf, 2, 3))) static void line(const char *about, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    printf("  %-12s", about);
    render_text(stdout, text);
    putchar('\n');
}

static const enum style styles[] = {
    [RESULT_GOOD] = STYLE_GOOD, [RESULT_BAD] = STYLE_BAD, [RESULT_VOID] = STYLE_WARN};

/* "bad (connect): 127.0.0.1:1: Connection refused" */
static void print_result(const char *about, const struct result *result)
{
    printf("  %-12s", about);
    render_styled(styles[result->class], class_word(result->class));
    if (result->failure != FAILURE_NONE)
        printf(" (%s)", failure_name(result->failure));
    fputs(": ", stdout);
    render_text(stdout, result->detail);
    putchar('\n');
}

/* ---- names ---- */

static void print_addresses(const char *about, const char *host, const struct account_name *name)
{
    if (name->status != NULL) {
        line(about, "%s: %s", host, name->status);
        return;
    }
    printf("  %-12s", about);
    render_text(stdout, host);
    for (unsigned i = 0; i < name->count; i++)
        printf("%s%s", i == 0 ? ": " : ", ", name->addresses[i]);
    if (name->found > name->count)
        printf(", and %u more, which are not looked at", name->found - name->count);
    putchar('\n');
}

/* A literal is its own address. */
static bool is_literal(const struct account_name *name, const char *host)
{
    return name->count == 1 && strcmp(name->addresses[0], host) == 0;
}

static bool is_pinned(const struct check *check)
{
    return check->address != NULL && check->address[0] != '\0';
}

static void print_naming(const struct looked *looked)
{
    const struct check *check = looked->check;
    const struct account *account = &looked->account;

    if (is_pinned(check))
        line("pinned", "%s", check->address);
    else if (account->resolved.has_answered && !is_literal(&account->resolved, check->host))
        print_addresses("resolved", check->host, &account->resolved);
    if (account->naming.has_answered)
        print_addresses("naming", check->host, &account->naming);
}

/* The name beside a pinned address, which the result did not wait for (V6). */
static void print_naming_verdict(const struct looked *looked)
{
    const struct account_name *naming = &looked->account.naming;
    bool among = false;

    if (!naming->has_answered)
        return;
    for (unsigned i = 0; i < naming->count; i++)
        among = among || strcmp(naming->addresses[i], looked->check->address) == 0;
    if (naming->status != NULL)
        line("naming is", "failed: the name leads nowhere. It is told, and moves no traffic (V6)");
    else if (among)
        line("naming is", "good: the pinned address is one of the name's");
    else
        line("naming is", "different: the name leads elsewhere. It is told, and moves no traffic "
                          "(V6)");
}

/* ---- one address ---- */

static void print_certificate(const struct account_tls *tls)
{
    double days = (double)(tls->left_s < 0 ? -tls->left_s : tls->left_s) / DAY_S;

    if (tls->version[0] != '\0')
        line("tls", "%s, %s", tls->version, tls->cipher);
    if (tls->subject[0] == '\0' && tls->issuer[0] == '\0')
        return;
    line("certificate", "of %s", tls->subject);
    line("", "by %s", tls->issuer);
    if (tls->names[0] != '\0')
        line("", "for %s", tls->names);
    if (tls->is_left_known && tls->left_s < 0)
        line("", "expired %.1f days ago", days);
    else if (tls->is_left_known)
        line("", "%.1f days left", days);
}

/* TLS of a kind that tells its numbers only. */
static void print_tls(const struct account_side *side)
{
    const struct answer *answer = &side->answer;

    if (side->tls.version[0] != '\0' || side->tls.subject[0] != '\0' ||
        side->tls.issuer[0] != '\0') {
        print_certificate(&side->tls);
        return;
    }
    if (answer->has & SUBJECT_BIT(SUBJECT_TLS))
        line("tls", "1.%d", answer->tls_version - 0x0301);
    if (answer->has & SUBJECT_BIT(SUBJECT_CERT_DAYS))
        line("certificate", "%.1f days left", (double)answer->cert_left_s / DAY_S);
}

struct facts {
    char text[TEXT_MAX];
    size_t used;
};

__attribute__((format(printf, 4, 5))) static void add_fact(struct facts *facts,
                                                           const struct answer *answer,
                                                           enum subject subject, const char *format,
                                                           ...)
{
    size_t room = sizeof(facts->text) - facts->used;
    va_list arguments;
    int length;

    if (!(answer->has & SUBJECT_BIT(subject)))
        return;
    if (facts->used > 0 && room > 2) {
        memcpy(facts->text + facts->used, ", ", 3);
        facts->used += 2;
        room -= 2;
    }
    va_start(arguments, format);
    length = vsnprintf(facts->text + facts->used, room, format, arguments);
    va_end(arguments);
    facts->used += length < 0 ? 0 : (size_t)length < room ? (size_t)length : room - 1;
}

static void print_answer(const struct account_side *side)
{
    const struct answer *answer = &side->answer;
    struct facts facts = {.used = 0};
    const char *rcode = rcode_name(answer->rcode);

    add_fact(&facts, answer, SUBJECT_STATUS, "status %d", answer->status);
    add_fact(&facts, answer, SUBJECT_STATE, "state %s", side->state);
    add_fact(&facts, answer, SUBJECT_PERCENT, "percent %d", answer->percent);
    add_fact(&facts, answer, SUBJECT_RCODE, "rcode %s (%d)", rcode != NULL ? rcode : "unknown",
             answer->rcode);
    add_fact(&facts, answer, SUBJECT_ANSWERS, "%" PRIu32 " answers", answer->answers);
    add_fact(&facts, answer, SUBJECT_EXIT, "exit %d", answer->exit);
    add_fact(&facts, answer, SUBJECT_HEALTHY, "%" PRIu32 " healthy", answer->healthy);
    add_fact(&facts, answer, SUBJECT_UNHEALTHY, "%" PRIu32 " unhealthy", answer->unhealthy);
    if (facts.used > 0)
        line("answer", "%s", facts.text);
    if (!(answer->has & SUBJECT_BIT(SUBJECT_BODY)))
        return;
    if (answer->body_length > 0)
        line("body", "%s", side->body);
    else if (answer->has & SUBJECT_BIT(SUBJECT_STATUS))
        line("body", "none came");
}

static void print_side(const struct looked *looked, const struct account_side *side)
{
    const struct account_name *resolved = &looked->account.resolved;
    struct timings timings = side->result.timings;
    char sent[SENT_MAX];

    if (side->address[0] != '\0')
        line("connect to", "%s%s", side->address, side->has_ended ? "" : ": not waited for");
    if (!side->has_ended)
        return;
    check_sent(looked->check, sent);
    line("send", "%s", sent);
    print_tls(side);
    print_answer(side);
    if (is_literal(resolved, looked->check->host) || is_pinned(looked->check))
        timings.resolve_us = -1; /* nothing had to be */
    else if (timings.resolve_us < 0)
        timings.resolve_us = looked->result.timings.resolve_us;
    check_bars(&timings, looked->account.side_count > 1);
    if (looked->account.side_count > 1)
        print_result("seen", &side->result);
}

/* ---- one check ---- */

static void print_heading(const struct look *look, const struct looked *looked)
{
    static const char *const levels[LEVEL_COUNT] = {"required", "degraded", "info"};
    const struct check *check = looked->check;
    char name[300];

    if (look->is_url) {
        render_styled(STYLE_HEAD, check->url);
    } else {
        snprintf(name, sizeof(name), "%s %s", look->settings->sites[check->site].name,
                 looked->label);
        render_styled(STYLE_HEAD, name);
        printf("  %s%s", check->url, check->url[0] != '\0' ? "  " : "");
        printf("(%s)", levels[check->level]);
    }
    printf("\n");
}

static void print_group(const struct look *look, const struct looked *looked)
{
    const struct check_group *group = looked->check->of.members;
    enum result_class class = check_class(look, looked);
    char label[CHECK_LABEL_MAX + 1];

    line("group", "%s", looked->why);
    for (uint32_t i = 0; i < group->member_count; i++) {
        check_label(look->settings, group->members[i], label);
        line(i == 0 ? "members" : "", "%s", label);
    }
    printf("  %-12s", "verdict");
    render_styled(styles[class], class_word(class));
    printf(", as its members are above: %" PRIu32 " of %" PRIu32 " have to be good\n", group->need,
           group->member_count);
}

static void print_expected(const struct check *check)
{
    char expected[EXPECTED_MAX];

    check_expected(check, expected, sizeof(expected));
    line("expected", "%s",
         expected[0] != '\0'          ? expected
         : check->kind == CHECK_TCP   ? "the connection, and what the dialogue waits for"
         : check->kind == CHECK_TLS   ? "a certificate that its clients would accept"
         : check->kind == CHECK_AGENT ? "a word that is not of trouble"
                                      : "an answer");
}

static void print_looked(const struct look *look, const struct looked *looked)
{
    const struct account *account = &looked->account;
    char conclusion[CONCLUSION_MAX];

    print_heading(look, looked);
    if (looked->check->kind == CHECK_GROUP) {
        print_group(look, looked);
        return;
    }
    if (!looked->is_made) {
        line(looked->check->kind == CHECK_PUSH ? "push" : "not made", "%s", looked->why);
        return;
    }
    print_naming(looked);
    print_expected(looked->check);
    for (unsigned i = 0; i < account->side_count; i++)
        print_side(looked, &account->sides[i]);
    print_result("verdict", &looked->result);
    print_naming_verdict(looked);
    check_conclusion(look, looked, conclusion);
    line("to a probe", "%s", conclusion);
}

void check_show(const struct look *look)
{
    for (uint32_t i = 0; i < look->count; i++) {
        if (i > 0)
            putchar('\n');
        print_looked(look, &look->checks[i]);
    }
}
