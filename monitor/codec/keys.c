/* SPDX-License-Identifier: Apache-2.0 */
/* One table says how each kind of key looks; building and reading both follow it. */
#include "keys.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum part { PART_END, PART_PROBE, PART_GROUP, PART_EPOCH, PART_ID };

enum { PARTS_MAX = 2, EPOCH_DIGITS = 20 };

struct shape {
    const char *head;
    enum part parts[PARTS_MAX];
};

static const struct shape shapes[KEY_KIND_COUNT] = {
    [KEY_VOTE] = {"v1/votes/", {PART_PROBE, PART_GROUP}},
    [KEY_SUSPECTS] = {"v1/suspects/", {PART_PROBE}},
    [KEY_DECISION] = {"v1/decisions/", {PART_GROUP}},
    [KEY_JOURNAL] = {"v1/journal/", {PART_GROUP, PART_EPOCH}},
    [KEY_ORDER] = {"v1/orders/", {PART_ID}},
    [KEY_BUDGET] = {"v1/budget", {PART_END}},
    [KEY_CLAIM] = {"v1/claims/", {PART_ID}},
    [KEY_TALLIES] = {"v1/tallies/", {PART_PROBE}},
};

/* ---- building ---- */

static void build(key_text out, enum key_kind kind, const char *first, const char *second)
{
    int length = snprintf(out, sizeof(key_text), "%s%s%s%s", shapes[kind].head, first,
                          second[0] ? "/" : "", second);

    assert(length > 0 && length <= KEY_TEXT_MAX);
}

void key_vote(key_text out, const char *probe, const char *group)
{
    build(out, KEY_VOTE, probe, group);
}

void key_suspects(key_text out, const char *probe)
{
    build(out, KEY_SUSPECTS, probe, "");
}

void key_decision(key_text out, const char *group)
{
    build(out, KEY_DECISION, group, "");
}

void key_journal(key_text out, const char *group, uint64_t epoch)
{
    char digits[EPOCH_DIGITS + 1];

    snprintf(digits, sizeof(digits), "%0*llu", EPOCH_DIGITS, (unsigned long long)epoch);
    build(out, KEY_JOURNAL, group, digits);
}

void key_order(key_text out, const char *id)
{
    build(out, KEY_ORDER, id, "");
}

void key_claim(key_text out, const char *incident)
{
    build(out, KEY_CLAIM, incident, "");
}

void key_part_of(enum key_kind kind, const char *probe, struct key_part *ret_part)
{
    const enum part *parts = shapes[kind].parts;
    int length;

    ret_part->is_own = parts[0] == PART_PROBE;
    ret_part->is_range = parts[0] != PART_END && (!ret_part->is_own || parts[1] != PART_END);
    length =
        snprintf(ret_part->text, sizeof(key_text), "%s%s%s", shapes[kind].head,
                 ret_part->is_own ? probe : "", ret_part->is_own && ret_part->is_range ? "/" : "");
    assert(length > 0 && length <= KEY_TEXT_MAX);
}

/* ---- reading ---- */

/* Copies one part without '/', neither empty nor longer than size allows. */
static int read_name(const char *text, size_t length, char *out, size_t size)
{
    if (length == 0 || length >= size || memchr(text, '/', length) != NULL)
        return -1;
    memcpy(out, text, length);
    out[length] = '\0';
    return 0;
}

static int read_epoch(const char *text, size_t length, uint64_t *ret_epoch)
{
    uint64_t epoch = 0;

    if (length != EPOCH_DIGITS)
        return -1;
    for (size_t i = 0; i < length; i++) {
        unsigned digit = (unsigned)(text[i] - '0');

        if (digit > 9 || epoch > (UINT64_MAX - digit) / 10)
            return -1;
        epoch = epoch * 10 + digit;
    }
    *ret_epoch = epoch;
    return 0;
}

static int read_part(enum part part, const char *text, size_t length, struct key *key)
{
    switch (part) {
    case PART_PROBE:
        return read_name(text, length, key->probe, sizeof(key->probe));
    case PART_GROUP:
        return read_name(text, length, key->group, sizeof(key->group));
    case PART_EPOCH:
        return read_epoch(text, length, &key->epoch);
    case PART_ID:
        return read_name(text, length, key->id, sizeof(key->id));
    case PART_END:
        break;
    }
    return length == 0 ? 0 : -1;
}

/* Reads what follows the head: the parts, with '/' between them, and nothing else. */
static int read_parts(const enum part *parts, const char *text, struct key *key)
{
    bool last = parts[0] == PART_END || parts[1] == PART_END;
    const char *slash = last ? NULL : strchr(text, '/');

    if (last)
        return read_part(parts[0], text, strlen(text), key);
    if (slash == NULL || read_part(parts[0], text, (size_t)(slash - text), key) < 0)
        return -1;
    return read_part(parts[1], slash + 1, strlen(slash + 1), key);
}

int key_parse(const char *text, struct key *ret_key)
{
    for (unsigned kind = 0; kind < KEY_KIND_COUNT; kind++) {
        size_t head = strlen(shapes[kind].head);
        struct key key = {.kind = (enum key_kind)kind};

        if (strncmp(text, shapes[kind].head, head) != 0)
            continue;
        if (read_parts(shapes[kind].parts, text + head, &key) < 0)
            return -1;
        *ret_key = key;
        return 0;
    }
    return -1;
}
