/* SPDX-License-Identifier: Apache-2.0 */
/* health_xml.h: health checks, as XML that Route 53 understands. Pure. As in route53_xml.h a reader
 * takes everything or nothing: what is read here is compared with what ought to be, and a member
 * that was passed over could be the one that differs. */
#ifndef REGIONSHIFT_HEALTH_XML_H
#define REGIONSHIFT_HEALTH_XML_H

#include "buffer.h"
#include "health_check.h"
#include "xml.h"

enum { HEALTH_BODY_MAX = 64 * 1024, HEALTH_TAGS_MAX = 10 };

/* CreateHealthCheck, GetHealthCheck or UpdateHealthCheck. Everything lives in `xml`. */
struct health_answer {
    struct health_check check;
    struct xml xml;
};

/* One page of ListHealthChecks. */
struct health_page {
    const struct health_check *checks;
    uint32_t count;
    bool is_truncated;
    const char *next; /* the marker of the next page; "" when there is none */
    struct xml xml;
};

/* GetHealthCheckStatus. */
struct health_status {
    const struct health_observation *observations;
    uint32_t count;
    struct xml xml;
};

/* Each returns 0, or -1 with a sentence in error, which never quotes the answer. */
int health_answer_read(const char *body, size_t length, struct health_answer *ret_answer,
                       char *error, size_t error_size);
void health_answer_clear(struct health_answer *answer);

int health_page_read(const char *body, size_t length, struct health_page *ret_page, char *error,
                     size_t error_size);
void health_page_clear(struct health_page *page);

int health_status_read(const char *body, size_t length, struct health_status *ret_status,
                       char *error, size_t error_size);
void health_status_clear(struct health_status *status);

/* DeleteHealthCheck and ChangeTagsForResource: an element and nothing in it. */
int health_done_read(const char *body, size_t length, char *error, size_t error_size);

/* Each writes a request, elements in the order of AWS's model. 0, or -1: a byte XML cannot carry,
 * a kind that is not ours, or the limit of the buffer. */
int health_create_write(const char *reference, const struct health_config *config,
                        struct buffer *out);
/* version: the one that was read; Route 53 refuses when somebody changed it meanwhile. */
int health_update_write(int64_t version, const struct health_config *config, struct buffer *out);
int health_tags_write(const struct health_tag *tags, size_t count, struct buffer *out);

#endif
