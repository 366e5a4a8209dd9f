/* SPDX-License-Identifier: Apache-2.0 */
/* The signer. What is promised: what is sent holds nothing that a server, a proxy or HTTP could
 * read in another way, and the same request gives the same signature. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "sigv4.h"

enum { PAIRS = 34, SEGMENTS = 8 }; /* two more pairs than the signer takes */

/* Texts out of the bytes, one after the other, each up to a NUL. */
struct words {
    char *at;
    char *end;
};

static const char *next_word(struct words *words)
{
    const char *word = words->at;

    words->at += strlen(word);
    if (words->at < words->end)
        words->at++;
    return word;
}

static size_t next_pairs(struct words *words, size_t count, struct sigv4_pair pairs[PAIRS])
{
    for (size_t i = 0; i < count; i++) {
        pairs[i].key = next_word(words);
        pairs[i].value = next_word(words);
    }
    return count;
}

static void expect_only(const char *text, const char *allowed)
{
    assert(text[strspn(text, allowed)] == '\0');
}

static void expect_safe(const struct sigv4_signature *signature)
{
    static const char target[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                 "-_.~%/?&=";

    assert(signature->target[0] == '/' && strstr(signature->target, "//") == NULL);
    expect_only(signature->target, target);
    assert(strpbrk(signature->authorization, "\r\n") == NULL);
    assert(strchr(signature->canonical, '\r') == NULL);
    assert(strncmp(signature->string_to_sign, "AWS4-HMAC-SHA256\n", 17) == 0);
}

static void sign_twice(const struct sigv4_request *request,
                       const struct sigv4_credentials *credentials)
{
    struct sigv4_signature first, second;

    if (sigv4_sign(request, credentials, &first) != 0)
        return;
    expect_safe(&first);
    assert(sigv4_sign(request, credentials, &second) == 0);
    assert(strcmp(first.authorization, second.authorization) == 0);
    assert(strcmp(first.target, second.target) == 0);
    sigv4_signature_clear(&first);
    sigv4_signature_clear(&second);
}

/* Three counts, then the texts. */
void fuzz_sigv4(const uint8_t *data, size_t size)
{
    struct sigv4_pair query[PAIRS], headers[PAIRS];
    const char *segments[SEGMENTS];
    struct sigv4_credentials credentials;
    struct sigv4_request request = {.segments = segments, .query = query, .headers = headers};
    struct words words;
    char *text;

    if (size < 3)
        return;
    text = malloc(size - 3 + 1);
    assert(text != NULL);
    memcpy(text, data + 3, size - 3);
    text[size - 3] = '\0';
    words = (struct words){text, text + size - 3};
    request.segment_count = data[0] % (SEGMENTS + 1);
    for (size_t i = 0; i < request.segment_count; i++)
        segments[i] = next_word(&words);
    request.query_count = next_pairs(&words, data[1] % (PAIRS + 1), query);
    request.header_count = next_pairs(&words, data[2] % (PAIRS + 1), headers);
    request.method = "GET";
    request.host = next_word(&words);
    request.time = data[0] & 0x80 ? "20261122T171331Z" : next_word(&words);
    request.region = "us-east-1";
    request.service = "route53";
    credentials.key_id = data[1] & 0x80 ? "AKIAEXAMPLE" : next_word(&words);
    credentials.secret = "secret";
    credentials.token = next_word(&words);
    request.body = next_word(&words);
    request.body_length = strlen(request.body);
    sign_twice(&request, &credentials);
    free(text);
}
