/* SPDX-License-Identifier: Apache-2.0 */
/* JSON of the alerts: the spool's records, the claims in the store, the body of a webhook. All
 * three carry a version; what we read back we check field by field, since a record may be torn and
 * a claim may come from a newer release. */
#define _POSIX_C_SOURCE 200809L /* gmtime_r */
#include "notice.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store_form.h"

enum { RECORD_VERSION = 1, SHA256_LENGTH = 32, WORD_MAX = 31 };

const char *phase_name(enum alert_phase phase)
{
    return phase == ALERT_OPEN ? "open" : "resolved";
}

static int phase_parse(const char *name, enum alert_phase *ret_phase)
{
    if (strcmp(name, "open") != 0 && strcmp(name, "resolved") != 0)
        return -1;
    *ret_phase = name[0] == 'o' ? ALERT_OPEN : ALERT_RESOLVED;
    return 0;
}

static int severity_parse(const char *name, enum severity *ret_severity)
{
    for (int i = SEVERITY_INFO; i <= SEVERITY_PAGE; i++) {
        if (strcmp(name, severity_name((enum severity)i)) == 0) {
            *ret_severity = (enum severity)i;
            return 0;
        }
    }
    return -1;
}

/* ---- notices ---- */

static bool is_incident(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-");

    return length > 0 && length <= INCIDENT_MAX && text[length] == '\0';
}

/* Escapes each line by itself: a text keeps its line ends and nothing else below a blank. */
static void escape_lines(char *out, size_t size, const char *text)
{
    size_t used = 0;

    for (;;) {
        size_t length = strcspn(text, "\n");

        text_escape(out + used, size - used, text, length);
        used += strlen(out + used);
        text += length;
        if (*text == '\0' || used + 2 > size)
            return;
        text++;
        out[used++] = '\n';
        out[used] = '\0';
    }
}

static void escape_line(char *out, size_t size, const char *text)
{
    text_escape(out, size, text != NULL ? text : "", text != NULL ? strlen(text) : 0);
}

/* Room for every string at its longest; the notice allocated afterwards is only as long as needed.
 */
struct escaped {
    char subject[ALERT_SUBJECT_MAX + 1];
    char text[ALERT_TEXT_MAX + 1];
    char group[NOTICE_GROUP_MAX + 1];
    char region[NOTICE_GROUP_MAX + 1];
    char probe[NOTICE_GROUP_MAX + 1];
};

static const char *append(char **cursor, const char *text)
{
    size_t size = strlen(text) + 1;
    char *start = memcpy(*cursor, text, size);

    *cursor += size;
    return start;
}

static int notice_allocate(const struct alert *alert, const struct escaped *escaped,
                           struct notice **ret_notice)
{
    size_t size = sizeof(struct notice) + strlen(alert->incident) + strlen(escaped->subject) +
                  strlen(escaped->text) + strlen(escaped->group) + strlen(escaped->region) +
                  strlen(escaped->probe) + 6;
    struct notice *notice = malloc(size);
    char *cursor;

    if (notice == NULL)
        return -ENOMEM;
    cursor = (char *)(notice + 1);
    *notice = (struct notice){
        .event = alert->event,
        .phase = alert->phase,
        .severity = alert->severity,
        .at_wall = alert->at_wall,
        .epoch = alert->epoch,
        .incident = append(&cursor, alert->incident),
        .subject = append(&cursor, escaped->subject),
        .text = append(&cursor, escaped->text),
        .group = append(&cursor, escaped->group),
        .region = append(&cursor, escaped->region),
        .probe = append(&cursor, escaped->probe),
    };
    *ret_notice = notice;
    return 0;
}

int notice_create(const struct alert *alert, struct notice **ret_notice)
{
    struct escaped escaped;

    if (!is_incident(alert->incident))
        return -EINVAL;
    escape_line(escaped.subject, sizeof(escaped.subject), alert->subject);
    escape_lines(escaped.text, sizeof(escaped.text), alert->text);
    escape_line(escaped.group, sizeof(escaped.group), alert->group);
    escape_line(escaped.region, sizeof(escaped.region), alert->region);
    escape_line(escaped.probe, sizeof(escaped.probe), alert->probe);
    return notice_allocate(alert, &escaped, ret_notice);
}

void notice_destroy(struct notice *notice)
{
    free(notice);
}

/* ---- ids ---- */

static void hex_digest(const char *text, char ret_hex[NOTICE_ID_LENGTH + 1])
{
    unsigned char digest[SHA256_LENGTH];

    if (EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL) != 1)
        memset(digest, 0, sizeof(digest)); /* an alert is said even when libcrypto is broken */
    for (size_t i = 0; i < NOTICE_ID_LENGTH / 2; i++)
        snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
}

void notice_id(const struct notice *notice, const struct notice_stamp *stamp,
               char ret_id[NOTICE_ID_LENGTH + 1])
{
    char text[INCIDENT_MAX + 80];

    snprintf(text, sizeof(text), "%s %s %" PRIu64 " %" PRId64, notice->incident,
             phase_name(notice->phase), stamp->count, stamp->at_wall);
    hex_digest(text, ret_id);
}

void claim_key(const char *incident, char ret_key[CLAIM_KEY_MAX + 1])
{
    enum { KEPT = 200 }; /* with prefix and digest well below the limit */
    char digest[NOTICE_ID_LENGTH + 1];

    if (strlen(incident) <= KEPT) {
        snprintf(ret_key, CLAIM_KEY_MAX + 1, "v1/claims/%s", incident);
        return;
    }
    hex_digest(incident, digest);
    snprintf(ret_key, CLAIM_KEY_MAX + 1, "v1/claims/%.*s-%s", KEPT, incident, digest);
}

/* ---- time ---- */

void wall_text(wall_t at_wall, char ret_text[WALL_TEXT_MAX + 1])
{
    const wall_t last = 253402300799; /* 9999-12-31T23:59:59Z: what the form can say */
    wall_t seconds = at_wall < 0 ? 0 : at_wall / 1000;
    time_t at = (time_t)(seconds > last ? last : seconds);
    struct tm tm;

    gmtime_r(&at, &tm);
    strftime(ret_text, WALL_TEXT_MAX + 1, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* ---- encoding ---- */

static char *dump_and_free(json_t *json, size_t flags)
{
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT | flags) : NULL;

    json_decref(json);
    return text;
}

char *notice_encode(const struct notice *n)
{
    json_t *json =
        json_pack("{si ss ss ss ss sI sI ss ss ss ss ss}", "v", RECORD_VERSION, "incident",
                  n->incident, "event", alert_event_name(n->event), "phase", phase_name(n->phase),
                  "severity", severity_name(n->severity), "at", (json_int_t)n->at_wall, "epoch",
                  (json_int_t)n->epoch, "group", n->group, "region", n->region, "probe", n->probe,
                  "subject", n->subject, "text", n->text);
    char *record = dump_and_free(json, 0);
    size_t length = record != NULL ? strlen(record) : 0;
    char *line = record != NULL ? realloc(record, length + 2) : NULL;

    if (line == NULL) {
        free(record);
        return NULL;
    }
    line[length] = '\n';
    line[length + 1] = '\0';
    return line;
}

char *claim_encode(const struct claim *claim)
{
    return dump_and_free(
        store_form_stamp(json_pack("{si ss ss sI sI sb}", "v", STORE_MAJOR, "phase",
                                   phase_name(claim->phase), "by", claim->by, "at",
                                   (json_int_t)claim->at_wall, "count", (json_int_t)claim->count,
                                   "sent", (int)claim->sent)),
        0);
}

char *webhook_body(const struct notice *n, const struct notice_stamp *stamp)
{
    char id[NOTICE_ID_LENGTH + 1];
    char at[WALL_TEXT_MAX + 1];

    notice_id(n, stamp, id);
    wall_text(n->at_wall, at);
    return dump_and_free(
        json_pack("{si ss ss ss ss ss ss sI sI ss ss sI ss ss ss}", "version", WEBHOOK_VERSION,
                  "id", id, "incident", n->incident, "phase", phase_name(n->phase), "event",
                  alert_event_name(n->event), "severity", severity_name(n->severity), "at", at,
                  "at_ms", (json_int_t)n->at_wall, "count", (json_int_t)stamp->count, "group",
                  n->group, "region", n->region, "epoch", (json_int_t)n->epoch, "probe", n->probe,
                  "subject", n->subject, "text", n->text),
        0);
}

int webhook_signature(const char *secret, const char *body, size_t length,
                      char ret_signature[WEBHOOK_SIGNATURE_LENGTH + 1])
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int mac_length = 0;

    if (HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)body, length, mac,
             &mac_length) == NULL ||
        mac_length != SHA256_LENGTH)
        return -1;
    memcpy(ret_signature, "sha256=", 8);
    for (size_t i = 0; i < mac_length; i++)
        snprintf(ret_signature + 7 + 2 * i, 3, "%02x", mac[i]);
    return 0;
}

/* ---- decoding ---- */

static void complain_of_name(struct json_fields *fields, const char *key, const char *allowed)
{
    json_complain(fields, key, "unknown, allowed are %s", allowed);
}

/* Fills an alert from a record whose strings stay owned by the JSON tree until close. */
static void take_alert(struct json_fields *f, struct alert *alert)
{
    json_take_version(f, RECORD_VERSION);
    json_take_text(f, "incident", alert->incident, sizeof(alert->incident));
    if (alert_event_parse(json_take_string(f, "event", WORD_MAX), &alert->event) != 0)
        complain_of_name(f, "event", "the events of this release");
    if (phase_parse(json_take_string(f, "phase", WORD_MAX), &alert->phase) != 0)
        complain_of_name(f, "phase", "open, resolved");
    if (severity_parse(json_take_string(f, "severity", WORD_MAX), &alert->severity) != 0)
        complain_of_name(f, "severity", "info, warn, page");
    alert->at_wall = json_take_integer(f, "at", INT64_MIN, INT64_MAX);
    alert->epoch = (uint64_t)json_take_integer(f, "epoch", 0, INT64_MAX);
    alert->group = json_take_string(f, "group", NOTICE_GROUP_MAX);
    alert->region = json_take_string(f, "region", NOTICE_GROUP_MAX);
    alert->probe = json_take_string(f, "probe", NOTICE_GROUP_MAX);
    json_take_text(f, "subject", alert->subject, sizeof(alert->subject));
    json_take_text(f, "text", alert->text, sizeof(alert->text));
    if (!is_incident(alert->incident))
        json_complain(f, "incident", "not a name of [a-z0-9._-]");
}

int notice_decode(const char *record, size_t length, struct notice **ret_notice, char *error,
                  size_t error_size)
{
    struct alert alert = {.event = ALERT_TEST};
    struct json_report report = {.text = error, .size = error_size};
    struct json_fields fields;
    struct notice *notice = NULL;

    json_fields_open(&fields, &report, "record", record, length);
    take_alert(&fields, &alert);
    if (!report.failed && notice_create(&alert, &notice) != 0)
        json_complain(&fields, "", "no memory");
    if (json_fields_close(&fields) != 0) {
        notice_destroy(notice);
        return -1;
    }
    *ret_notice = notice;
    return 0;
}

int claim_decode(const char *value, size_t length, struct claim *ret_claim, char *error,
                 size_t error_size)
{
    struct json_report report = {.text = error, .size = error_size};
    struct json_fields fields;
    struct claim claim = {.phase = ALERT_OPEN};
    int form;

    json_fields_open(&fields, &report, "claim", value, length);
    store_form_take(&fields);
    if (phase_parse(json_take_string(&fields, "phase", WORD_MAX), &claim.phase) != 0)
        complain_of_name(&fields, "phase", "open, resolved");
    json_take_text(&fields, "by", claim.by, sizeof(claim.by));
    claim.at_wall = json_take_integer(&fields, "at", INT64_MIN, INT64_MAX);
    claim.count = (uint64_t)json_take_integer(&fields, "count", 0, INT64_MAX);
    claim.sent = json_take_boolean(&fields, "sent");
    form = store_form_close(&fields);
    if (form != VALUE_READ)
        return form;
    *ret_claim = claim;
    return 0;
}
