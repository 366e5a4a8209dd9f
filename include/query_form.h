/* SPDX-License-Identifier: Apache-2.0 */
/* query_form.h: a question of AWS's Query protocol, the body of a form:
 * "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws...". A failure sticks to the buffer.
 * Pure. */
#ifndef REGIONSHIFT_QUERY_FORM_H
#define REGIONSHIFT_QUERY_FORM_H

#include "buffer.h"

#define QUERY_FORM_TYPE "application/x-www-form-urlencoded; charset=utf-8"

/* action, version: of the service's model. */
void query_form_begin(struct buffer *out, const char *action, const char *version);

/* Percent-encodes the value; an empty one is left out. */
void query_form_add(struct buffer *out, const char *name, const char *value);

#endif
