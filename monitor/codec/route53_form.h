/* SPDX-License-Identifier: Apache-2.0 */
/* route53_form.h: what the readers of Route 53's answers share. */
#ifndef REGIONSHIFT_CODEC_ROUTE53_FORM_H
#define REGIONSHIFT_CODEC_ROUTE53_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xml.h"

/* A decimal number without sign, blank or leading zero, up to max. 0 or -1. */
int route53_number(const char *text, int64_t max, int64_t *ret_number);

/* "true" or "false"; text may be NULL. 0 or -1. */
int route53_bool(const char *text, bool *ret_value);

uint32_t route53_count(const struct xml_node *node); /* of its children */

/* Some name stands twice among the children. */
bool route53_has_twice(const struct xml_node *node);

/* Reads a document whose root must be one of two names. */
int route53_answer(const char *body, size_t length, const char *root, const char *other_root,
                   struct xml *ret_xml, char *error, size_t error_size);

/* For a document that cannot be used: says why, and clears it. -1. */
int route53_refuse(struct xml *xml, char *error, size_t error_size, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#define ROUTE53_NO_NEXT "the page does not say whether and where another one follows"

#endif
