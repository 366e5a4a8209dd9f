/* SPDX-License-Identifier: Apache-2.0 */
/* passwords.h: a folder with one password in a file for each user of etcd. It is made on the
 * operator's machine; each probe gets its own file and nobody prints any of them. */
#ifndef REGIONSHIFT_CTL_PASSWORDS_H
#define REGIONSHIFT_CTL_PASSWORDS_H

#include <stdbool.h>

struct passwords;

/* folder NULL: there is none, and no password in hand. It need not exist yet. 0, or -1 and what is
 * wrong with it has been said. */
int passwords_open(const char *folder, struct passwords **ret_passwords);
void passwords_close(struct passwords *passwords); /* accepts NULL */

/* Takes what "file:PATH" or "env:NAME" names for this user's, instead of the folder's file. 0, or
 * -1 and it has been said. */
int passwords_take(struct passwords *passwords, const char *user, const char *reference);

/* The user's password in hand. 0 with NULL where there is none; -1: its file cannot be used, which
 * has been said. */
int passwords_find(struct passwords *passwords, const char *user, const char **ret_password);

/* As passwords_find(), but makes one at random, on disk before it is handed out. */
int passwords_make(struct passwords *passwords, const char *user, const char **ret_password);

/* "FOLDER/USER", or "" without a folder. */
const char *passwords_path(struct passwords *passwords, const char *user);

#endif
