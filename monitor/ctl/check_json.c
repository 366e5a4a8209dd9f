/* SPDX-License-Identifier: Apache-2.0 */
/* The form is in docs/API.md. */
#include <stdio.h>

#include "../settings/schema.h"
#include "check.h"
#include "render.h"

static json_t *text(const char *value)
{
    return value != NULL && value[0] != '\0' ? must(json_string(value)) : json_null();
}

static void set(json_t *object, const char *key, json_t *value)
{
    must(value);
    json_object_set_new(object, key, value);
}

static json_t *seconds(usec_t time_us)
{
    return time_us < 0 ? json_null() : must(json_real((double)time_us / 1e6));
}

static json_t *timings(const struct timings *times)
{
    json_t *object = must(json_object());

    set(object, "resolve", seconds(times->resolve_us));
    set(object, "connect", seconds(times->connect_us));
    set(object, "tls", seconds(times->tls_us));
    set(object, "first_byte", seconds(times->first_byte_us));
    set(object, "total", seconds(times->total_us));
    return object;
}

static json_t *name(const struct account_name *name, const char *host)
{
    json_t *object;
    json_t *addresses;

    if (!name->has_answered)
        return json_null();
    object = must(json_object());
    addresses = must(json_array());
    for (unsigned i = 0; i < name->count; i++)
        json_array_append_new(addresses, must(json_string(name->addresses[i])));
    set(object, "name", text(host));
    set(object, "error", text(name->status));
    set(object, "addresses", addresses);
    set(object, "found", json_integer(name->found));
    return object;
}

/* ---- one address ---- */

static json_t *tls(const struct account_tls *tls)
{
    json_t *object;

    if (tls->version[0] == '\0' && tls->subject[0] == '\0' && tls->issuer[0] == '\0')
        return json_null();
    object = must(json_object());
    set(object, "version", text(tls->version));
    set(object, "cipher", text(tls->cipher));
    set(object, "subject", text(tls->subject));
    set(object, "issuer", text(tls->issuer));
    set(object, "names", text(tls->names));
    set(object, "days_left",
        tls->is_left_known ? json_real((double)tls->left_s / (24 * 60 * 60)) : json_null());
    return object;
}

static void set_number(json_t *object, const struct answer *answer, enum subject subject,
                       const char *key, json_int_t value)
{
    if (answer->has & SUBJECT_BIT(subject))
        set(object, key, json_integer(value));
}

/* What was seen of it, under the words of the assertions. */
static json_t *answer(const struct account_side *side)
{
    const struct answer *answer = &side->answer;
    json_t *object = must(json_object());

    set_number(object, answer, SUBJECT_STATUS, "status", answer->status);
    set_number(object, answer, SUBJECT_RCODE, "rcode", answer->rcode);
    set_number(object, answer, SUBJECT_ANSWERS, "answers", answer->answers);
    set_number(object, answer, SUBJECT_EXIT, "exit", answer->exit);
    set_number(object, answer, SUBJECT_HEALTHY, "healthy", answer->healthy);
    set_number(object, answer, SUBJECT_UNHEALTHY, "unhealthy", answer->unhealthy);
    set_number(object, answer, SUBJECT_PERCENT, "percent", answer->percent);
    if (answer->has & SUBJECT_BIT(SUBJECT_STATE))
        set(object, "state", text(side->state));
    if (answer->has & SUBJECT_BIT(SUBJECT_BODY))
        set(object, "body", text(side->body));
    return object;
}

static json_t *result(const struct result *result)
{
    json_t *object = must(json_object());

    set(object, "class", text(class_word(result->class)));
    set(object, "failure",
        result->failure != FAILURE_NONE ? text(failure_name(result->failure)) : json_null());
    set(object, "detail", text(result->detail));
    set(object, "seconds", timings(&result->timings));
    return object;
}

static json_t *sides(const struct account *account)
{
    json_t *array = must(json_array());

    for (unsigned i = 0; i < account->side_count; i++) {
        const struct account_side *side = &account->sides[i];
        json_t *object = must(json_object());

        set(object, "address", text(side->address));
        set(object, "result", side->has_ended ? result(&side->result) : json_null());
        set(object, "tls", tls(&side->tls));
        set(object, "answer", answer(side));
        json_array_append_new(array, object);
    }
    return array;
}

/* ---- one check ---- */

static json_t *looked_json(const struct look *look, const struct looked *looked)
{
    static const char *const levels[LEVEL_COUNT] = {"required", "degraded", "info"};
    const struct check *check = looked->check;
    json_t *object = must(json_object());
    char words[EXPECTED_MAX];

    set(object, "site", look->is_url ? json_null() : text(look->settings->sites[check->site].name));
    set(object, "check", look->is_url ? json_null() : text(looked->label));
    set(object, "type", text(check_kind_words[check->kind]));
    set(object, "level", text(levels[check->level]));
    set(object, "url", text(check->url));
    set(object, "pinned", text(check->address));
    check_expected(check, words, sizeof(words));
    set(object, "expected", text(words));
    set(object, "class", text(class_word(check_class(look, looked))));
    set(object, "not_made", text(looked->why));
    set(object, "result", looked->is_made ? result(&looked->result) : json_null());
    set(object, "resolved", name(&looked->account.resolved, check->host));
    set(object, "naming", name(&looked->account.naming, check->host));
    set(object, "addresses", sides(&looked->account));
    check_conclusion(look, looked, words);
    set(object, "conclusion", text(words));
    return object;
}

void check_show_json(const struct look *look)
{
    json_t *reply = must(json_object());
    json_t *checks = must(json_array());

    for (uint32_t i = 0; i < look->count; i++)
        json_array_append_new(checks, looked_json(look, &look->checks[i]));
    set(reply, "v", json_integer(1));
    set(reply, "checks", checks);
    json_dumpf(reply, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    putchar('\n');
    json_decref(reply);
}
