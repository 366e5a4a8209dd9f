/* SPDX-License-Identifier: Apache-2.0 */
/* The one formatter of facts: what it writes is the operator's log and the tests' golden trace. */
#include "fact.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* What a code is called, and what its number and limit are. */
static const struct {
    const char *name;
    const char *number;
    const char *limit;
    const char *word;
    const char *word2;
    const char *text;
} codes[FACT_CODE_COUNT] = {
    [FACT_STARTED] = {"started", "sites", NULL, NULL, NULL, NULL},
    [FACT_VERDICT] = {"verdict", "run", NULL, "state", "was", "failure"},
    [FACT_VOTE] = {"vote", NULL, NULL, "blind", NULL, "states"},
    [FACT_SUSPECT] = {"suspect", NULL, NULL, NULL, NULL, NULL},
    [FACT_BLIND] = {"blind", NULL, NULL, "state", "was", NULL},
    [FACT_GAP] = {"gap", "ms", "limit_ms", "kind", NULL, NULL},
    [FACT_AGREEMENT] = {"agreement", "votes", "need", "state", "was", NULL},
    [FACT_HEAD] = {"head", NULL, NULL, "kind", NULL, "weights"},
    [FACT_PROPOSED] = {"proposed", NULL, NULL, "kind", NULL, "weights"},
    [FACT_DECIDED] = {"decided", NULL, NULL, "kind", NULL, "weights"},
    [FACT_CONFLICT] = {"conflict", NULL, NULL, "store", NULL, NULL},
    [FACT_COMMIT_FAILED] = {"commit_failed", NULL, NULL, "store", NULL, NULL},
    [FACT_REFUSED] = {"refused", "value", "limit", "reason", NULL, "order"},
    [FACT_ZONE] = {"zone", NULL, NULL, "note", NULL, "weights"},
    [FACT_ZONE_FAILED] = {"zone_failed", "retry_ms", NULL, "outcome", NULL, NULL},
    [FACT_SENT] = {"sent", "items", NULL, NULL, NULL, "weights"},
    [FACT_ACCEPTED] = {"accepted", NULL, NULL, NULL, NULL, NULL},
    [FACT_LOST] = {"lost", NULL, NULL, "outcome", NULL, NULL},
    [FACT_BATCH_REFUSED] = {"batch_refused", NULL, NULL, "outcome", NULL, NULL},
    [FACT_BACKOFF] = {"backoff", "retry_ms", NULL, "outcome", NULL, NULL},
    [FACT_APPLIED] = {"applied", NULL, NULL, "whose", NULL, "by"},
    [FACT_INSYNC] = {"insync", NULL, NULL, NULL, NULL, NULL},
    [FACT_SERVERS] = {"servers", "current", "asked", "state", "note", NULL},
    [FACT_STRANDED] = {"stranded", NULL, NULL, "state", NULL, NULL},
    [FACT_RESOLVERS] = {"resolvers", "current", "asked", "state", "note", NULL},
    [FACT_DRIFT] = {"drift", NULL, NULL, NULL, NULL, "weights"},
    [FACT_FENCE_MISSING] = {"fence_missing", "says", NULL, NULL, NULL, "weights"},
    [FACT_FENCE_AHEAD] = {"fence_ahead", NULL, NULL, NULL, NULL, "weights"},
    [FACT_ORDER] = {"order", NULL, NULL, "verb", NULL, "id"},
    [FACT_STORE] = {"store", "revision", "before", "status", NULL, NULL},
    [FACT_ALERT] = {"alert", NULL, NULL, "event", "phase", "incident"},
    [FACT_LATCH] = {"latch", NULL, NULL, "word", NULL, NULL},
    [FACT_GLASS] = {"break_glass", NULL, NULL, "step", "why", "order"},
};

const char *fact_name(enum fact_code code)
{
    return codes[code].name;
}

struct line {
    char *out;
    size_t size;
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *line, const char *format, ...)
{
    va_list args;
    int n;

    if (line->used + 1 >= line->size)
        return;
    va_start(args, format);
    n = vsnprintf(line->out + line->used, line->size - line->used, format, args);
    va_end(args);
    if (n > 0)
        line->used += (size_t)n;
    if (line->used >= line->size)
        line->used = line->size - 1;
}

/* logfmt: quoted when a space, a quote or a backslash is inside; text has been escaped before. */
static void add_word(struct line *line, const char *key, const char *value)
{
    bool quote = strpbrk(value, " =\"\\") != NULL;

    if (key == NULL || value[0] == '\0')
        return;
    add(line, quote ? " %s=\"" : " %s=", key);
    for (; *value != '\0'; value++)
        add(line, *value == '"' || *value == '\\' ? "\\%c" : "%c", *value);
    if (quote)
        add(line, "\"");
}

static void add_number(struct line *line, const char *key, int64_t value)
{
    if (key != NULL && value != -1)
        add(line, " %s=%" PRId64, key, value);
}

/* By its name, or by its place in the site's list. */
static void add_check(struct line *line, const struct fact *fact, const struct settings *settings)
{
    const struct site *site;

    if (fact->check == NONE)
        return;
    site = &settings->sites[settings->checks[fact->check].site];
    if (settings->checks[fact->check].name != NULL && settings->checks[fact->check].name[0] != '\0')
        add_word(line, "check", settings->checks[fact->check].name);
    else if (site->check_count > 1)
        add_number(line, "check", fact->check - site->first_check);
}

static void add_ids(struct line *line, const struct fact *fact, const struct settings *settings)
{
    if (fact->group != NONE)
        add_word(line, "group", settings->groups[fact->group].name);
    if (fact->site != NONE)
        add_word(line, "site", settings->sites[fact->site].name);
    else if (fact->region != NONE)
        add_word(line, "region", settings->regions[fact->region]);
    add_check(line, fact, settings);
    if (fact->zone != NONE)
        add_word(line, "zone", settings->zones[fact->zone].id);
    if (fact->probe != NONE)
        add_word(line, "probe", settings->electors[fact->probe].name);
    add_number(line, "epoch", fact->epoch);
}

size_t fact_format(const struct fact *fact, const struct settings *settings, char *out, size_t size)
{
    struct line line = {out, size, 0};

    if (size == 0)
        return 0;
    out[0] = '\0';
    add(&line, "%s", codes[fact->code].name);
    add_ids(&line, fact, settings);
    add_word(&line, codes[fact->code].word, fact->word);
    add_word(&line, codes[fact->code].word2, fact->word2);
    add_number(&line, codes[fact->code].number, fact->number);
    add_number(&line, codes[fact->code].limit, fact->limit);
    add_word(&line, codes[fact->code].text, fact->text);
    add_word(&line, "rule", fact->rule);
    return line.used;
}
