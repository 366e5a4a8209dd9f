/* SPDX-License-Identifier: Apache-2.0 */
/* route53_xml.h: what Route 53 says and what we say to it, as XML. Pure.
 *
 * A reader takes everything or nothing: a page with one record set it cannot read exactly is no
 * page, because a DELETE made from it would not name what is there (C1). */
#ifndef REGIONSHIFT_ROUTE53_XML_H
#define REGIONSHIFT_ROUTE53_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "outcome.h"
#include "record.h"
#include "route53.h"
#include "xml.h"

enum {
    ROUTE53_SERVERS_MAX = 16, /* of a delegation set; Route 53 gives 4 */
    ROUTE53_ERROR_MAX = 512,  /* bytes kept of an error's words */
    ROUTE53_BATCH_MAX = 1024 * 1024
};

/* One page of ListResourceRecordSets. Everything lives in `xml`. */
struct route53_page {
    const struct record_set *sets;
    uint32_t set_count;
    bool is_truncated; /* then the next page begins at these; "" when there is none of it */
    const char *next_name;
    const char *next_type;
    const char *next_set;
    struct xml xml;
};

/* GetHostedZone. */
struct route53_zone {
    const char *apex;           /* lower case, no trailing dot */
    const char *const *servers; /* without trailing dot; none in a private zone */
    uint32_t server_count;
    bool is_private; /* answered inside its own networks only */
    struct xml xml;
};

/* An error in any of the three forms AWS uses; escaped, cut to size. */
struct route53_error {
    char code[65];
    char words[ROUTE53_ERROR_MAX + 1];
    char request_id[65];
};

/* Each returns 0, or -1 with a sentence in error: the answer is not to be trusted. */
int route53_page_read(const char *body, size_t length, struct route53_page *ret_page, char *error,
                      size_t error_size);
void route53_page_clear(struct route53_page *page);

int route53_zone_read(const char *body, size_t length, struct route53_zone *ret_zone, char *error,
                      size_t error_size);
void route53_zone_clear(struct route53_zone *zone);

/* ChangeResourceRecordSets and GetChange. */
int route53_change_read(const char *body, size_t length, struct route53_change *ret_change,
                        char *error, size_t error_size);

/* -1: the body is no error of AWS. */
int route53_error_read(const char *body, size_t length, struct route53_error *ret_error);

/* What an answer other than 200 means. error: NULL when the body could not be read; then only a
 * status that nobody gives for an executed request is believed, everything else is LOST. */
enum route53_outcome route53_classify(int status, const struct route53_error *error);

/* What could be put right before the same thing is asked again. */
enum route53_remedy {
    ROUTE53_REMEDY_NONE,
    ROUTE53_REMEDY_CLOCK,       /* the time of the signature, if that was wrong */
    ROUTE53_REMEDY_CREDENTIALS, /* they are too old */
    ROUTE53_REMEDY_PATIENCE     /* too many requests, of us and of others */
};

/* error: NULL when the body could not be read. */
enum route53_remedy route53_remedy(int status, const struct route53_error *error);

/* Writes a ChangeResourceRecordSetsRequest, elements in the order of AWS's model. 0, or -1: a byte
 * XML cannot carry, a record set we cannot express, or the limit of the buffer. */
int route53_batch_write(const struct batch *batch, struct buffer *out);

#endif
