/* SPDX-License-Identifier: Apache-2.0 */
/* freeze_assertions.c: what a check's answers are judged by: what its kind expects anyway, then the
 * short forms status and body, then expect. What a kind expects gives way where expect speaks of
 * the same subject, and only there: "latency < 300ms" lets no 500 pass, "status == 404" no 200. */
#include "freeze.h"

#include <stdio.h>
#include <string.h>

#define BIT(subject) SUBJECT_BIT(SUBJECT_##subject)

enum { LOOKED_BACK = 16 };

#define USUAL_STATUS "200-299" /* the schema's default */
#define ANY_STATUS "100-599"

/* What the kinds can see, and so be asked for. */
static const uint32_t subjects[CHECK_KIND_COUNT] = {
    [CHECK_HTTP] = BIT(STATUS) | BIT(BODY) | BIT(JSON) | BIT(HEADER) | BIT(LATENCY) |
                   BIT(CERT_DAYS) | BIT(TLS),
    [CHECK_TCP] = BIT(BODY) | BIT(LATENCY),
    [CHECK_TLS] = BIT(CERT_DAYS) | BIT(TLS) | BIT(LATENCY),
    [CHECK_DNS] = BIT(RCODE) | BIT(ANSWERS) | BIT(LATENCY) | BIT(BODY),
    [CHECK_ICMP] = BIT(LATENCY),
    [CHECK_GRPC] = BIT(STATE) | BIT(LATENCY) | BIT(CERT_DAYS) | BIT(TLS),
    [CHECK_WEBSOCKET] = BIT(STATUS) | BIT(HEADER) | BIT(LATENCY) | BIT(CERT_DAYS) | BIT(TLS),
    [CHECK_AGENT] = BIT(STATE) | BIT(PERCENT) | BIT(BODY) | BIT(LATENCY),
    [CHECK_COMMAND] = BIT(EXIT) | BIT(BODY) | BIT(LATENCY),
    [CHECK_PUSH] = BIT(BODY) | BIT(JSON) | BIT(STATE),
    [CHECK_ALARM] = BIT(STATE),
    [CHECK_ALB] = BIT(HEALTHY) | BIT(UNHEALTHY),
};

/* What a kind expects anyway, and the subjects before which that gives way. */
static const struct {
    enum check_kind kind;
    uint32_t unless;
    const char *text;
} usual[] = {
    {CHECK_DNS, BIT(RCODE), "rcode == NOERROR"},
    {CHECK_DNS, BIT(RCODE) | BIT(ANSWERS), "answers >= 1"},
    {CHECK_GRPC, BIT(STATE), "state == SERVING"},
    {CHECK_WEBSOCKET, BIT(STATUS), "status == 101"},
    {CHECK_COMMAND, BIT(EXIT), "exit in 0-1"},
    {CHECK_PUSH, BIT(STATE), "state == ok"},
    {CHECK_ALARM, BIT(STATE), "state == OK"},
    {CHECK_ALB, BIT(HEALTHY), "healthy >= 1"},
};

static bool has_expect(const struct check *check)
{
    return check->expect[0] != '\0' && check->kind != CHECK_GROUP;
}

static struct assertion *parse_expect(struct inspection *in, uint32_t index)
{
    const struct check *check = &in->settings->checks[index];
    struct assertion *expect = NULL;
    char error[512];
    if (!has_expect(check))
        return NULL;
    if (assertion_parse(check->expect, subjects[check->kind], &expect, error, sizeof error) < 0)
        inspect_error(in, "expect", place_of_check(in->settings, index, "expect"), "%s", error);
    return expect;
}

/* Returns -1 when out of memory. An assertion that is lost must not pass for none. */
static int parse_usual(enum check_kind kind, uint32_t spoken_of, struct assertion **ret_all)
{
    struct assertion *all = NULL;
    char error[256];
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        struct assertion *one = NULL;
        if (usual[i].kind != kind || (usual[i].unless & spoken_of) != 0)
            continue;
        if (assertion_parse(usual[i].text, subjects[kind], &one, error, sizeof error) == 0)
            all = assertion_both(all, one);
        if (one == NULL || all == NULL) {
            assertion_destroy(all);
            return -1;
        }
    }
    *ret_all = all;
    return 0;
}

/* Only what was not written can give way: a status that was is meant, beside the expression. */
static bool status_gives_way(const struct check *check, uint32_t spoken_of)
{
    return (spoken_of & BIT(STATUS)) != 0 && strcmp(check->status, USUAL_STATUS) == 0;
}

/* The short forms. */
static struct assertion *parse_page(struct inspection *in, uint32_t index, uint32_t spoken_of)
{
    const struct check *check = &in->settings->checks[index];
    struct assertion *page = NULL;
    char error[512];
    bool gives_way = status_gives_way(check, spoken_of);
    if (assertion_create(gives_way ? ANY_STATUS : check->status, check->body, &page, error,
                         sizeof error) < 0)
        inspect_error(in, "form", place_of_check(in->settings, index, "status"), "%s", error);
    return page;
}

/* Texts that are the same are one text (arena_share()). */
static bool wants_the_same(const struct check *check, const struct check *other)
{
    return other != NULL && check->kind == other->kind && check->status == other->status &&
           check->body == other->body && check->expect == other->expect;
}

/* The assertion of a check before this one, of which the same is wanted; NULL: none is known. A
 * file with thousands of checks has few forms of good answers, so it is looked for among the last
 * few different ones. What broke a rule is not known: it is complained of each time. */
static const struct assertion *find_known(const struct inspection *in, const struct check *check)
{
    const struct frozen *frozen = in->frozen;
    uint32_t end = frozen->assertion_count;
    for (uint32_t i = end > LOOKED_BACK ? end - LOOKED_BACK : 0; i < end; i++) {
        if (wants_the_same(check, frozen->assertions[i].check))
            return frozen->assertions[i].assertion;
    }
    return NULL;
}

int freeze_assertion(struct inspection *in, uint32_t index, struct check *check)
{
    check->assertion = find_known(in, check);
    if (check->assertion != NULL)
        return 0;
    struct assertion *expect = parse_expect(in, index);
    uint32_t spoken_of = assertion_subjects(expect);
    struct assertion *own = NULL;
    if (check->kind == CHECK_HTTP) {
        own = parse_page(in, index, spoken_of);
    } else if (parse_usual(check->kind, spoken_of, &own) < 0) {
        assertion_destroy(expect);
        return -1;
    }
    if (own == NULL && expect == NULL)
        return 0;
    bool is_whole =
        (own != NULL || check->kind != CHECK_HTTP) && (expect != NULL || !has_expect(check));
    struct assertion *both = assertion_both(own, expect);
    if (both == NULL)
        return -1;
    in->frozen->assertions[in->frozen->assertion_count++] =
        (struct known_assertion){both, is_whole ? check : NULL};
    check->assertion = both;
    return 0;
}

/* ---- in words ---- */

struct words {
    char *out;
    size_t size;
    size_t used;
};

static void say(struct words *words, const char *before, const char *text, const char *after)
{
    int length = snprintf(words->out + words->used, words->size - words->used, "%s%s%s%s",
                          words->used > 0 ? " and " : "", before, text, after);
    words->used += (size_t)length;
    if (words->used >= words->size)
        words->used = words->size - 1;
}

static uint32_t subjects_of_expect(const struct check *check)
{
    struct assertion *expect = NULL;
    char error[256];
    uint32_t spoken_of = 0;
    if (check->expect[0] != '\0' && subjects[check->kind] != 0 &&
        assertion_parse(check->expect, subjects[check->kind], &expect, error, sizeof error) == 0)
        spoken_of = assertion_subjects(expect);
    assertion_destroy(expect);
    return spoken_of;
}

void check_expected(const struct check *check, char *out, size_t size)
{
    struct words words = {out, size, 0};
    uint32_t spoken_of = subjects_of_expect(check);
    out[0] = '\0';
    if (check->kind == CHECK_HTTP && !status_gives_way(check, spoken_of))
        say(&words, "status in ", check->status, "");
    if (check->kind == CHECK_HTTP && check->body[0] != '\0')
        say(&words, "body contains \"", check->body, "\"");
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        if (usual[i].kind == check->kind && (usual[i].unless & spoken_of) == 0)
            say(&words, "", usual[i].text, "");
    }
    if (check->kind == CHECK_GROUP || check->expect[0] == '\0')
        return;
    if (words.used > 0)
        say(&words, "(", check->expect, ")");
    else
        say(&words, "", check->expect, "");
}
