/* SPDX-License-Identifier: Apache-2.0 */
/* A fence is read as strictly as it is written: what is not byte for byte a fence of version rs1
 * is none, and then the zone has no fence (C2), which pages. A lenient reader would take a
 * human's half-edited text for an epoch. */
#include <assert.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "record.h"

enum { DNS_NAME_MAX = 253 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

/* As the settings allow them: no blank, no quote, nothing that a zone would escape. */
static bool is_name_char(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || c == '.' || c == '-';
}

static bool is_name(const char *text)
{
    size_t length = strlen(text);

    if (length == 0 || text[0] == '.' || text[0] == '-')
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!is_name_char(text[i]))
            return false;
    }
    return true;
}

static bool is_hex_of(const char *text, size_t length)
{
    if (strlen(text) != length)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!is_hex(text[i]))
            return false;
    }
    return true;
}

static bool is_fence(const struct fence *fence)
{
    return is_name(fence->group) && is_name(fence->by) && fence->epoch > 0 &&
           fence->epoch <= FENCE_EPOCH_MAX && is_hex_of(fence->nonce, NONCE_LENGTH) &&
           is_hex_of(fence->plan, PLAN_LENGTH);
}

int fence_format(const struct fence *fence, char *out, size_t size)
{
    char text[FENCE_TEXT_MAX + 1];
    int length;

    if (!is_fence(fence))
        return -1;
    length = snprintf(text, sizeof(text), "v=rs1 group=%s epoch=%llu by=%s nonce=%s plan=%s",
                      fence->group, (unsigned long long)fence->epoch, fence->by, fence->nonce,
                      fence->plan);
    if (length < 0 || (size_t)length >= sizeof(text) || (size_t)length >= size)
        return -1;
    memcpy(out, text, (size_t)length + 1);
    return 0;
}

/* A cursor over the text: each take_ moves it, or says no and the whole text is no fence. */
static bool take_word(const char **at, const char *word)
{
    size_t length = strlen(word);

    if (strncmp(*at, word, length) != 0)
        return false;
    *at += length;
    return true;
}

/* Everything up to the next blank or the end. */
static bool take_value(const char **at, char *out, size_t size)
{
    size_t length = strcspn(*at, " ");

    if (length >= size)
        return false;
    memcpy(out, *at, length);
    out[length] = '\0';
    *at += length;
    return true;
}

/* One form for one number: a leading zero or sign is no epoch. */
static bool take_epoch(const char **at, uint64_t *ret_epoch)
{
    uint64_t epoch = 0;

    if (!is_digit(**at) || **at == '0')
        return false;
    for (; is_digit(**at); (*at)++) {
        uint64_t digit = (uint64_t)(**at - '0');

        if (epoch > (UINT64_MAX - digit) / 10)
            return false;
        epoch = epoch * 10 + digit;
    }
    *ret_epoch = epoch;
    return true;
}

/* The text without the quotes a TXT value has in a zone; -1: only one quote, or too long. */
static int unquote(const char *text, char out[FENCE_TEXT_MAX + 1])
{
    size_t length = strlen(text);

    if (length > 0 && text[0] == '"') {
        if (length < 2 || text[length - 1] != '"')
            return -1;
        text++;
        length -= 2;
    }
    if (length > FENCE_TEXT_MAX)
        return -1;
    memcpy(out, text, length);
    out[length] = '\0';
    return 0;
}

int fence_parse(const char *text, struct fence *ret_fence)
{
    char plain[FENCE_TEXT_MAX + 1];
    struct fence fence = {.epoch = 0};
    const char *at = plain;

    if (unquote(text, plain) != 0)
        return -1;
    if (!take_word(&at, "v=rs1 group=") || !take_value(&at, fence.group, sizeof(fence.group)) ||
        !take_word(&at, " epoch=") || !take_epoch(&at, &fence.epoch) || !take_word(&at, " by=") ||
        !take_value(&at, fence.by, sizeof(fence.by)) || !take_word(&at, " nonce=") ||
        !take_value(&at, fence.nonce, sizeof(fence.nonce)) || !take_word(&at, " plan=") ||
        !take_value(&at, fence.plan, sizeof(fence.plan)) || *at != '\0' || !is_fence(&fence))
        return -1;
    *ret_fence = fence;
    return 0;
}

bool fence_leaps(uint64_t epoch, uint64_t known)
{
    return epoch > known && epoch - known > FENCE_LEAP_MAX;
}

int fence_name(const char *group, const char *apex, char *out, size_t size)
{
    char name[DNS_NAME_MAX + 1];
    int length = snprintf(name, sizeof(name), "_regionshift.%s.%s", group, apex);

    if (length < 0 || (size_t)length >= sizeof(name) || (size_t)length >= size)
        return -1;
    memcpy(out, name, (size_t)length + 1);
    return 0;
}

void plan_digest(const char *text, size_t length, char ret_plan[PLAN_LENGTH + 1])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char hash[SHA256_DIGEST_LENGTH];

    assert(SHA256((const unsigned char *)text, length, hash) != NULL);
    for (size_t i = 0; i < PLAN_LENGTH / 2; i++) {
        ret_plan[2 * i] = hex[hash[i] >> 4];
        ret_plan[2 * i + 1] = hex[hash[i] & 15];
    }
    ret_plan[PLAN_LENGTH] = '\0';
}
