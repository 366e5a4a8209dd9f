/* SPDX-License-Identifier: Apache-2.0 */
#include "date.h"

#include <string.h>
#include <strings.h>
#include <time.h>

/* Over TLS, whose certificate was checked, and from this machine. An answer with an Age was kept by
 * somebody, and its Date is that of then. */
static bool is_trusted(CURL *easy)
{
    struct curl_header *age;
    const char *scheme = NULL;
    const char *ip = NULL;

    if (curl_easy_header(easy, "Age", 0, CURLH_HEADER, -1, &age) == CURLHE_OK)
        return false;
    curl_easy_getinfo(easy, CURLINFO_SCHEME, &scheme);
    if (scheme != NULL && strcasecmp(scheme, "https") == 0)
        return true;
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
    ret_date->is_trusted = is_trusted(easy);
    ret_date->skew_ms = ((msec_t)theirs - (msec_t)ours.tv_sec) * 1000;
}
