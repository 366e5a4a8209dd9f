/* SPDX-License-Identifier: Apache-2.0 */
/* starttls_form.h: between the two files of starttls.h. */
#ifndef REGIONSHIFT_STARTTLS_FORM_H
#define REGIONSHIFT_STARTTLS_FORM_H

#include "starttls.h"

enum { STARTTLS_QUOTE_SIZE = 120 }; /* what the server said, in a sentence of ours */

/* Writes the sentence. */
__attribute__((format(printf, 2, 3))) enum starttls_progress
starttls_refuse(struct starttls_talk *talk, const char *format, ...);

/* Foreign bytes, made printable and cut. */
void starttls_quote(char out[STARTTLS_QUOTE_SIZE], const uint8_t *bytes, size_t length);

void starttls_set_say(struct starttls_talk *talk, const void *bytes, size_t length);

/* The beginning of every packet of MySQL's that we send, after its head: abilities, sizes, letters.
 */
enum { STARTTLS_MYSQL_LOGIN = 32 };
extern const uint8_t starttls_mysql_login[STARTTLS_MYSQL_LOGIN];

/* ---- starttls_message.c: LDAP, PostgreSQL, MySQL ---- */

void starttls_say_first(struct starttls_talk *talk);

/* Is the message that is held complete? Refuses one that is none, or is too long. */
enum starttls_progress starttls_message_is_whole(struct starttls_talk *talk, bool *ret_is_whole);

/* Acts on a complete one. */
enum starttls_progress starttls_take_message(struct starttls_talk *talk);

#endif
