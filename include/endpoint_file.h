/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint_file.h: where AWS's config file says that a service answers. Pure.
 *
 *   [profile NAME]             [services WHERE]
 *   services = WHERE           route_53 =
 *   endpoint_url = URL           endpoint_url = URL
 *
 * The service's own URL comes before the profile's. What else is in the file, or wrong with it, is
 * passed over: who needs it for credentials says so (credentials_file.h). */
#ifndef REGIONSHIFT_ENDPOINT_FILE_H
#define REGIONSHIFT_ENDPOINT_FILE_H

#include <stdbool.h>
#include <stddef.h>

enum { ENDPOINT_URL_MAX = 1024, ENDPOINT_NAME_MAX = 255 };

struct endpoint_words {
    bool is_ignored;                     /* ignore_configured_endpoint_urls = true */
    char url[ENDPOINT_URL_MAX + 1];      /* "" none; a longer one is cut, and no good URL then */
    char source[ENDPOINT_NAME_MAX + 64]; /* who says so: "endpoint_url of profile NAME" */
};

/* service: as a section of services names it, "route_53", "sts". */
void endpoint_file_read(const char *text, size_t length, const char *profile, const char *service,
                        struct endpoint_words *ret_words);

#endif
