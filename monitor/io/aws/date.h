/* SPDX-License-Identifier: Apache-2.0 */
/* date.h: what an HTTP answer says of the time. */
#ifndef REGIONSHIFT_IO_AWS_DATE_H
#define REGIONSHIFT_IO_AWS_DATE_H

#include <curl/curl.h>
#include <stdbool.h>

#include "units.h"

struct aws_date {
    bool is_known;    /* it has a Date that can be read ... */
    bool is_verified; /* and it came over TLS whose certificate was checked, not out of a cache */
    bool is_local;    /* or from this machine, not out of a cache */
    msec_t skew_ms;   /* theirs minus ours; whole seconds */
};

/* Of a transfer that has ended well. */
void aws_date_read(CURL *easy, struct aws_date *ret_date);

#endif
