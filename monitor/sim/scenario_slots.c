/* SPDX-License-Identifier: Apache-2.0 */
/* scenario_slots.c: what fills a slot, besides names: how much, of which kind. Numbers are tested
 * here, so that no run begins with a status 70 or 300 percent of loss. */
#include "scenario_phrase.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../settings/nearest.h"
#include "../settings/rules.h"

/* "X is no NOUN: what may stand there". */
int slot_refuse(const struct slot *slot, const char *word, char *error, size_t error_size)
{
    char quoted[PHRASE_QUOTE_SIZE];
    snprintf(error, error_size, "%s is not %s", phrase_quote(word, quoted), slot->says);
    return -1;
}

/* ---- how much ---- */

bool is_whole_number(const char *word, int64_t *ret_value)
{
    const char *digits = word + (word[0] == '-' || word[0] == '+');
    if (digits[0] == '\0' || strspn(digits, "0123456789") != strlen(digits))
        return false;
    *ret_value = strtoll(word, NULL, 10); /* what is too large stays too large for any slot */
    return true;
}

static int read_integer(const struct slot *slot, struct phrase *phrase, char *const *words,
                        uint32_t *ret_used, char *error, size_t error_size)
{
    int64_t value;
    *ret_used = 1;
    if (!is_whole_number(words[0], &value) || value < slot->min || value > slot->max)
        return slot_refuse(slot, words[0], error, error_size);
    phrase->value = value;
    return 0;
}

static void write_integer(const struct phrase *phrase, char *out, size_t size)
{
    snprintf(out, size, "%" PRId64, phrase->value);
}

/* A number in the given unit, or with a unit of its own. */
static bool is_span(const char *word, const char *unit, msec_t *ret_ms)
{
    char text[PHRASE_QUOTE_SIZE];
    bool is_bare = strspn(word, "0123456789.") == strlen(word);
    int length = snprintf(text, sizeof text, "%s%s", word, is_bare ? unit : "");
    if (length < 0 || (size_t)length >= sizeof text)
        return false;
    return duration_parse(text, ret_ms) == 0;
}

int time_read(const char *text, msec_t *ret_ms, char *error, size_t error_size)
{
    char quoted[PHRASE_QUOTE_SIZE];
    msec_t ms;
    if (!is_span(text, "s", &ms)) {
        snprintf(error, error_size, "%s is not a time: 90, 90s, 1.5m, 2h or 250ms",
                 phrase_quote(text, quoted));
        return -1;
    }
    if (ms > SCENARIO_TIME_MAX_MS) {
        snprintf(error, error_size, "%s is too late; at most 31d", phrase_quote(text, quoted));
        return -1;
    }
    *ret_ms = ms;
    return 0;
}

static int read_ms(const struct slot *slot, struct phrase *phrase, char *const *words,
                   uint32_t *ret_used, char *error, size_t error_size)
{
    msec_t ms;
    *ret_used = 1;
    if (!is_span(words[0], "ms", &ms) || ms > slot->max)
        return slot_refuse(slot, words[0], error, error_size);
    phrase->value = ms;
    return 0;
}

static int read_seconds(const struct slot *slot, struct phrase *phrase, char *const *words,
                        uint32_t *ret_used, char *error, size_t error_size)
{
    bool is_negative = words[0][0] == '-';
    msec_t ms;
    *ret_used = 1;
    if (!is_span(words[0] + (is_negative || words[0][0] == '+'), "s", &ms))
        return slot_refuse(slot, words[0], error, error_size);
    if (is_negative)
        ms = -ms;
    if (ms < slot->min || ms > slot->max)
        return slot_refuse(slot, words[0], error, error_size);
    phrase->value = ms;
    return 0;
}

static void write_seconds(const struct phrase *phrase, char *out, size_t size)
{
    int64_t ms = phrase->value < 0 ? -phrase->value : phrase->value;
    if (ms % 1000 == 0)
        snprintf(out, size, "%s%" PRId64, phrase->value < 0 ? "-" : "", ms / 1000);
    else
        snprintf(out, size, "%s%" PRId64 ".%03" PRId64, phrase->value < 0 ? "-" : "", ms / 1000,
                 ms % 1000);
}

/* ---- what is expected ---- */

static int refuse_event(const struct slot *slot, const char *word, char *error, size_t error_size)
{
    char quoted[PHRASE_QUOTE_SIZE];
    struct nearest nearest = nearest_to(word);
    for (int i = SEVERITY_INFO; i <= SEVERITY_PAGE; i++)
        nearest_try(&nearest, severity_name((enum severity)i));
    for (int i = 0; i < ALERT_EVENT_COUNT; i++)
        nearest_try(&nearest, alert_event_name((enum alert_event)i));
    const char *near = nearest.best;
    snprintf(error, error_size, "%s is not %s%s%s%s", phrase_quote(word, quoted), slot->says,
             near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
             near != NULL ? "\"?" : "");
    return -1;
}

static int read_kind(const struct slot *slot, struct phrase *phrase, char *const *words,
                     uint32_t *ret_used, char *error, size_t error_size)
{
    *ret_used = 1;
    for (int i = SEVERITY_INFO; i <= SEVERITY_PAGE; i++) {
        if (strcmp(words[0], severity_name((enum severity)i)) == 0) {
            phrase->by_severity = true;
            phrase->severity = (enum severity)i;
            return 0;
        }
    }
    if (alert_event_parse(words[0], &phrase->event) == 0)
        return 0;
    return refuse_event(slot, words[0], error, error_size);
}

static void write_kind(const struct phrase *phrase, char *out, size_t size)
{
    snprintf(out, size, "%s",
             phrase->by_severity ? severity_name(phrase->severity)
                                 : alert_event_name(phrase->event));
}

static const char *const states[] = {[EXPECT_AGREED_UP] = "up",
                                     [EXPECT_AGREED_DOWN] = "down",
                                     [EXPECT_AGREED_UNDECIDED] = "undecided"};

static int read_state(const struct slot *slot, struct phrase *phrase, char *const *words,
                      uint32_t *ret_used, char *error, size_t error_size)
{
    *ret_used = 1;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (strcmp(words[0], states[i]) == 0) {
            phrase->agreed = (enum expect_agreed)i;
            return 0;
        }
    }
    return slot_refuse(slot, words[0], error, error_size);
}

static void write_state(const struct phrase *phrase, char *out, size_t size)
{
    snprintf(out, size, "%s", states[phrase->agreed]);
}

/* A letter and a number, as DESIGN counts the rules; D9 exists, D11 does not. */
static int read_rule(const struct slot *slot, struct phrase *phrase, char *const *words,
                     uint32_t *ret_used, char *error, size_t error_size)
{
    static const struct {
        char letter;
        int count;
    } chapters[] = {{'V', 6}, {'A', 4}, {'D', 10}, {'C', 8}, {'B', 2}, {'L', 4}, {'S', 3}};
    int64_t number = 0;
    *ret_used = 1;
    if (words[0][0] == '\0' || strlen(words[0]) >= sizeof phrase->rule || words[0][1] < '1' ||
        words[0][1] > '9' || !is_whole_number(words[0] + 1, &number))
        return slot_refuse(slot, words[0], error, error_size);
    for (size_t i = 0; i < sizeof chapters / sizeof *chapters; i++) {
        if (words[0][0] == chapters[i].letter && number >= 1 && number <= chapters[i].count) {
            snprintf(phrase->rule, sizeof phrase->rule, "%s", words[0]);
            return 0;
        }
    }
    return slot_refuse(slot, words[0], error, error_size);
}

static void write_rule(const struct phrase *phrase, char *out, size_t size)
{
    snprintf(out, size, "%s", phrase->rule);
}

/* ---- all of them ---- */

#define PROBE_WORDS "a probe: #1 (in the order of the electorate) or its name"

static const struct slot slots[] = {
    {"SITES", "a site: SERVICE/REGION, a region, primary, secondary or all", false, who_read_sites,
     who_write, 0, 0},
    {"REGION", "a region: primary, secondary or its name", false, who_read_region, who_write, 0, 0},
    {"PLACE", "a place: a region, primary, secondary, probe NAME, #1 or all", false, who_read_place,
     who_write, 0, 0},
    {"FROM", "a place: a region, primary, secondary, probe NAME, #1 or all", false, who_read_from,
     who_write_from, 0, 0},
    {"PROBE", PROBE_WORDS ", or all", false, who_read_probe, who_write_probe, 0, 0},
    {"PROBES", PROBE_WORDS ", or several, or all", false, who_read_probes, who_write_probes, 0, 0},
    {"BY", PROBE_WORDS ", or several, or all", true, who_read_by, who_write_by, 0, 0},
    {"MS", "milliseconds, 0 to 600000", false, read_ms, write_integer, 0, 600000},
    {"CODE", "an HTTP status, 100 to 599", false, read_integer, write_integer, 100, 599},
    {"PCT", "a percentage, 0 to 100", false, read_integer, write_integer, 0, 100},
    {"SECONDS", "seconds, 0 to 600", false, read_seconds, write_seconds, 0, 600000},
    {"JUMP", "seconds, -31622400 to 31622400 (a year)", false, read_seconds, write_seconds,
     INT64_C(-31622400000), INT64_C(31622400000)},
    {"PPM", "parts per million, -100000 to 100000", false, read_integer, write_integer, -100000,
     100000},
    {"ZONE", "a hosted zone, 1 (the first that the settings name) to 64", false, read_integer,
     write_integer, 1, 64},
    {"WEIGHT", "a weight, 0 to 255", false, read_integer, write_integer, 0, WEIGHT_MAX},
    {"COUNT", "a number, 0 to 1000000", false, read_integer, write_integer, 0, 1000000},
    {"KIND", "info, warn, page or the name of an event, as in region_down", false, read_kind,
     write_kind, 0, 0},
    {"STATE", "up, down or undecided", false, read_state, write_state, 0, 0},
    {"RULE", "the number of a rule, as in D6", false, read_rule, write_rule, 0, 0},
    {"WEIGHTS", "a weight: WHO=N, with a site or a region, and 0 to 255", false, who_read_weights,
     who_write_weights, 0, 0},
};

const struct slot *slot_find(const char *word, size_t length)
{
    for (size_t i = 0; i < sizeof slots / sizeof *slots; i++) {
        if (strlen(slots[i].name) == length && memcmp(slots[i].name, word, length) == 0)
            return &slots[i];
    }
    return NULL;
}
