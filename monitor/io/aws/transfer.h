/* SPDX-License-Identifier: Apache-2.0 */
/* transfer.h: what each request to AWS gives libcurl, whether Route 53 is asked or who we are. */
#ifndef REGIONSHIFT_AWS_TRANSFER_H
#define REGIONSHIFT_AWS_TRANSFER_H

#include <curl/curl.h>

/* Appends "NAME: VALUE". 0, or -1: out of memory, the list is as it was. */
int transfer_add_header(struct curl_slist **headers, const char *name, const char *value);

/* Wipes, then frees: header lines hold tokens. Accepts NULL. */
void transfer_free_headers(struct curl_slist *headers);

/* Whom to believe, when it is not the system's list: named as for AWS's own tools. 0 or -1. */
int transfer_set_authorities(CURL *easy);

#endif
