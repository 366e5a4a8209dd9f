/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "sigv4.h"

int transfer_add_header(struct curl_slist **headers, const char *name, const char *value)
{
    struct curl_slist *longer;
    struct buffer line;

    buffer_init(&line, SIGV4_CANONICAL_MAX);
    buffer_add_text(&line, name);
    buffer_add_text(&line, ": ");
    buffer_add_text(&line, value);
    longer = line.failed ? NULL : curl_slist_append(*headers, buffer_text(&line));
    buffer_clear(&line);
    if (longer == NULL)
        return -1;
    *headers = longer;
    return 0;
}

void transfer_free_headers(struct curl_slist *headers)
{
    for (struct curl_slist *line = headers; line != NULL; line = line->next)
        explicit_bzero(line->data, strlen(line->data));
    curl_slist_free_all(headers);
}

int transfer_set_authorities(CURL *easy)
{
    const char *bundle = getenv("AWS_CA_BUNDLE");

    if (bundle == NULL || bundle[0] == '\0')
        return 0;
    return curl_easy_setopt(easy, CURLOPT_CAINFO, bundle) == CURLE_OK ? 0 : -1;
}
