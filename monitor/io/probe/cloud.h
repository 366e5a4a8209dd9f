/* SPDX-License-Identifier: Apache-2.0 */
/* cloud.h: checks that ask AWS what it knows of a site: alarm.c, alb.c.
 *
 *   begin -> signed, in its turn -> a good answer: the kind judges it
 *                                -> anything else: void
 *
 * AWS is a witness here, not the site: that it does not answer, or not us, says nothing of the site
 * and is never a bad result. All such checks share one client: who we are is found out once, and so
 * many questions a second leave this machine, whatever the settings hold. */
#ifndef REGIONSHIFT_IO_PROBE_CLOUD_H
#define REGIONSHIFT_IO_PROBE_CLOUD_H

#include "../aws/endpoint.h"
#include "attempt.h"
#include "buffer.h"

/* CloudWatch takes 9 DescribeAlarms a second from an account in a region, and others ask as
 * well. */
enum { CLOUD_RATE = 5 };

struct cloud;

/* What a kind asks. */
struct cloud_kind {
    enum aws_service service;
    const char *words; /* "CloudWatch" */
    void (*write)(struct buffer *form, const char *what);
    /* Ends the attempt, by an answer of status 200. */
    void (*take)(struct attempt *attempt, const char *body, size_t length);
};

/* Returns 0 or -errno. */
int cloud_create(uv_loop_t *loop, const char *profile, const char *region,
                 struct cloud **ret_cloud);

/* Every attempt must have been released. `closed` runs from the loop. */
void cloud_close(struct cloud *cloud, void (*closed)(void *context), void *context);

void cloud_begin(struct attempt *attempt, const struct cloud_kind *kind);
void cloud_release(struct attempt *attempt); /* fit to be a KIND.release */

#endif
