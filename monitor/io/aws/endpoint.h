/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint.h: where an AWS service answers. The first that is said counts, in the order of AWS's
 * own tools: settings, AWS_ENDPOINT_URL_ROUTE_53 (_STS, _CLOUDWATCH, _ELASTIC_LOAD_BALANCING_V2),
 * AWS_ENDPOINT_URL, the config file's section for the service, its profile, and else where the
 * region's partition has it. */
#ifndef REGIONSHIFT_IO_AWS_ENDPOINT_H
#define REGIONSHIFT_IO_AWS_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoint_file.h"

/* Route 53 is one service for a whole partition, the others answer in every region. STS has a
 * global endpoint as well: it is in us-east-1, and away when that is. */
enum aws_service { AWS_ROUTE_53, AWS_STS, AWS_CLOUDWATCH, AWS_ELB };

enum { AWS_REGION_MAX = 63 };

struct aws_endpoint {
    bool is_tls;
    uint16_t port;
    char host[256];      /* to be resolved: no brackets */
    char authority[320]; /* of the URL, and of the Host header: the port unless the scheme's own */
    char signing_region[AWS_REGION_MAX + 1];
    const char *signing_service; /* static */
};

/* configured: of the settings, "" none. words: of the config file, NULL none. region: for Route 53
 * any of the partition's. 0, or -1 with a sentence in error. */
int aws_endpoint_find(const char *configured, enum aws_service service,
                      const struct endpoint_words *words, const char *region,
                      struct aws_endpoint *ret_endpoint, char *error, size_t error_size);

/* What the config file says of a service. Blocks on a file of this machine, as reading the settings
 * does: for start and reload. profile: of the settings, "" : AWS_PROFILE, or "default". */
void aws_endpoint_read_config(enum aws_service service, const char *profile,
                              struct endpoint_words *ret_words);

#endif
