/* SPDX-License-Identifier: Apache-2.0 */
/* AWS's config file, read for endpoints. What is promised: the URL stands in the text, on a line of
 * its own property; nothing else is ever taken for one. */
#include <assert.h>
#include <string.h>

#include "endpoint_file.h"
#include "fuzz.h"

static int stands_in(const uint8_t *data, size_t size, const char *text)
{
    size_t length = strlen(text);

    for (size_t i = 0; i + length <= size; i++) {
        if (memcmp(data + i, text, length) == 0)
            return 1;
    }
    return 0;
}

void fuzz_endpoint_file(const uint8_t *data, size_t size)
{
    struct endpoint_words words;

    endpoint_file_read((const char *)data, size, "default", "route_53", &words);
    assert(strlen(words.url) <= ENDPOINT_URL_MAX);
    assert(strchr(words.url, '\n') == NULL && stands_in(data, size, words.url));
    assert(words.url[0] == '\0' || stands_in(data, size, "endpoint_url"));
    assert(!words.is_ignored || stands_in(data, size, "ignore_configured_endpoint_urls"));
}
