/* SPDX-License-Identifier: Apache-2.0 */
/* rules.h: what a text in the settings has to look like. A rule may tidy the text in place (lower
 * case, a trailing dot dropped), never lengthen it. Each returns 0, or -1 with a sentence in error:
 * what is wrong, and what is allowed. None of them sees an empty text. */
#ifndef REGIONSHIFT_SETTINGS_RULES_H
#define REGIONSHIFT_SETTINGS_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "units.h"

/* Whether it is UTF-8 (RFC 3629) without control characters: what a log, a page and JSON can hold.
 */
bool is_plain_text(const char *text);

typedef int text_rule(char *text, char *error, size_t error_size);

text_rule rule_name;    /* [a-z0-9][a-z0-9.-]* */
text_rule rule_vantage; /* OWNER/PLACE, both names */
text_rule rule_zone;    /* Z0123456789ABCDEFGHIJ */
text_rule rule_record;  /* a DNS name, "*." allowed in front; tidied to its normal form */
text_rule rule_role;    /* the ARN of an IAM role */
text_rule rule_external_id;
text_rule rule_host;         /* a DNS name or an IP literal */
text_rule rule_address;      /* an IP literal */
text_rule rule_listen;       /* IP:PORT */
text_rule rule_resolver;     /* IP or IP:PORT */
text_rule rule_reference;    /* http(s) URL or dns:IP */
text_rule rule_check_url;    /* a URL of any scheme that a check has */
text_rule rule_web_url;      /* http or https URL */
text_rule rule_header;       /* "Name: value" */
text_rule rule_path;         /* absolute path */
text_rule rule_mail;         /* LOCAL@DOMAIN, no display name */
text_rule rule_allow;        /* a word of enum address_policy */
text_rule rule_pin;          /* "sha256/" and the base64 of 32 bytes */
text_rule rule_target_group; /* the ARN of a target group */

/* Reads "250ms" "5s" "1.5m" "2h" "90d". 0, or -1: no such form, or not whole milliseconds. */
int duration_parse(const char *text, msec_t *ret_ms);

/* Makes whole milliseconds of a number; 0, or -1: negative, absurd, or not whole. */
int duration_round(double ms, msec_t *ret_ms);

/* Prints what duration_parse() reads, in the largest unit that divides it. */
enum { DURATION_LENGTH = 32 };
void duration_print(msec_t ms, char out[DURATION_LENGTH]);

#endif
