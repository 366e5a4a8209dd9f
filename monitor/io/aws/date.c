/* SPDX-License-Identifier: Apache-2.0 */
#include "date.h"

#include <string.h>
#include <strings.h>
#include <time.h>

/* An answer with an Age was kept by somebody, and its Date is that of then. */
static bool is_kept(CURL *easy)
{
    struct curl_header *age;

    return curl_easy_header(easy, "Age", 0, CURLH_HEADER, -1, &age) == CURLHE_OK;
}

static bool is_over_tls(CURL *easy)
{
    const char *scheme = NULL;

    curl_easy_getinfo(easy, CURLINFO_SCHEME, &scheme);
    return scheme != NULL && strcasecmp(scheme, "https") == 0;
}

static bool is_from_here(CURL *easy)
{
    const char *ip = NULL;

    curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &ip);
    return ip != NULL && (strncmp(ip, "127.", 4) == 0 || strcmp(ip, "::1") == 0);
}

void aws_date_read(CURL *easy, struct aws_date *ret_date)
{
    struct curl_header *header;
    struct timespec ours;
    time_t theirs;

    *ret_date = (struct aws_date){.is_known = false};
    if (curl_easy_header(easy, "Date", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return;
    theirs = curl_getdate(header->value, NULL);
    if (theirs == -1)
        return;
    clock_gettime(CLOCK_REALTIME, &ours);
    ret_date->is_known = true;
    ret_date->is_verified = !is_kept(easy) && is_over_tls(easy);
    ret_date->is_local = !is_kept(easy) && is_from_here(easy);
    ret_date->skew_ms = ((msec_t)theirs - (msec_t)ours.tv_sec) * 1000;
}
