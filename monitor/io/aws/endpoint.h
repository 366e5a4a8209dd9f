/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint.h: where an AWS service answers: settings, then AWS_ENDPOINT_URL_ROUTE_53 and
 * AWS_ENDPOINT_URL as AWS's own tools read them, then that of the region's partition. */
#ifndef REGIONSHIFT_IO_AWS_ENDPOINT_H
#define REGIONSHIFT_IO_AWS_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct aws_endpoint {
    bool is_tls;
    uint16_t port;
    char host[256];      /* to be resolved: no brackets */
    char authority[320]; /* of the URL, and of the Host header: the port unless the scheme's own */
    const char *signing_region; /* the one region the partition's Route 53 is signed for */
};

/* configured: of the settings, "" none. region: any of the partition's. 0, or -1 with a sentence in
 * error. */
int aws_endpoint_find(const char *configured, const char *region, struct aws_endpoint *ret_endpoint,
                      char *error, size_t error_size);

#endif
