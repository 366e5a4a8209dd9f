/* SPDX-License-Identifier: Apache-2.0 */
/* signer: signs requests as the product does, for who compares. One JSON object a line in:
 *
 *   {"method", "host", "segments": [], "query": [[k, v]], "headers": [[k, v]], "body", "region",
 *    "service", "time", "key_id", "secret", "token"}
 *
 * and one a line out: {"target", "canonical", "string_to_sign", "authorization"}, or null when the
 * signer refuses. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "sigv4.h"

static const char *text_of(const json_t *line, const char *key)
{
    const char *text = json_string_value(json_object_get(line, key));

    if (text == NULL) {
        fprintf(stderr, "signer: no %s\n", key);
        exit(2);
    }
    return text;
}

static size_t read_texts(const json_t *array, const char *out[SIGV4_PAIRS_MAX])
{
    json_t *text;
    size_t i;

    json_array_foreach(array, i, text)
    {
        if (i == SIGV4_PAIRS_MAX)
            exit(2);
        out[i] = json_string_value(text);
    }
    return json_array_size(array);
}

static size_t read_pairs(const json_t *array, struct sigv4_pair out[SIGV4_PAIRS_MAX + 1])
{
    json_t *pair;
    size_t i;

    json_array_foreach(array, i, pair)
    {
        if (i > SIGV4_PAIRS_MAX) /* one too many is the signer's to refuse */
            exit(2);
        out[i] = (struct sigv4_pair){json_string_value(json_array_get(pair, 0)),
                                     json_string_value(json_array_get(pair, 1))};
    }
    return json_array_size(array);
}

static void print_answer(const struct sigv4_signature *signature)
{
    json_t *answer = json_pack("{s:s, s:s, s:s, s:s}", "target", signature->target, "canonical",
                               signature->canonical, "string_to_sign", signature->string_to_sign,
                               "authorization", signature->authorization);

    json_dumpf(answer, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(answer);
}

static void sign_line(const json_t *line)
{
    const char *segments[SIGV4_PAIRS_MAX];
    struct sigv4_pair query[SIGV4_PAIRS_MAX + 1];
    struct sigv4_pair headers[SIGV4_PAIRS_MAX + 1];
    struct sigv4_credentials credentials = {text_of(line, "key_id"), text_of(line, "secret"),
                                            text_of(line, "token")};
    struct sigv4_request request = {
        .method = text_of(line, "method"),
        .host = text_of(line, "host"),
        .segments = segments,
        .segment_count = read_texts(json_object_get(line, "segments"), segments),
        .query = query,
        .query_count = read_pairs(json_object_get(line, "query"), query),
        .headers = headers,
        .header_count = read_pairs(json_object_get(line, "headers"), headers),
        .body = text_of(line, "body"),
        .body_length = json_string_length(json_object_get(line, "body")),
        .region = text_of(line, "region"),
        .service = text_of(line, "service"),
        .time = text_of(line, "time"),
    };
    struct sigv4_signature signature;

    if (sigv4_sign(&request, &credentials, &signature) != 0) {
        puts("null");
        return;
    }
    print_answer(&signature);
    sigv4_signature_clear(&signature);
}

int main(void)
{
    json_error_t error;
    json_t *line;

    while ((line = json_loadf(stdin, JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, &error)) != NULL) {
        sign_line(line);
        json_decref(line);
    }
    return EXIT_SUCCESS;
}
