/* SPDX-License-Identifier: Apache-2.0 */
/* store_access.h: who may do what in etcd. Pure: what the settings want, what etcd's answers say
 * there is, and the difference as a list of requests, in an order in which each of them can be
 * carried out and the last one turns authentication on.
 *
 * Each probe is a user of its own name with two roles: PREFIX:probes, which all of them share
 * (read everything, write what is shared), and PREFIX:probe:NAME (write its own vote). Roles whose
 * names begin so are ours: what they hold besides is taken away. Whatever else there is in etcd
 * belongs to others: it is said, and left alone. */
#ifndef REGIONSHIFT_STORE_ACCESS_H
#define REGIONSHIFT_STORE_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "pool.h"
#include "settings.h"

#define ACCESS_ROOT "root" /* etcd's word for the user, and the role, that may do everything */

enum access_may { ACCESS_READ, ACCESS_WRITE, ACCESS_READWRITE };

/* Keys as they cross the wire, in base64: so a text with a NUL inside stays what it is. */
struct access_permission {
    enum access_may may;
    const char *key;
    const char *range_end; /* "" : the key alone */
};

struct access_role {
    const char *name;
    const struct access_permission *permissions;
    size_t permission_count;
};

struct access_user {
    const char *name;
    const char *const *roles;
    size_t role_count;
    bool other_password; /* found: not known to be the one we have in hand */
};

/* What shall be, or what was found. All memory is the pool's it was made with. */
struct store_access {
    bool enabled; /* authentication is on */
    const struct access_role *roles;
    size_t role_count;
    const struct access_user *users;
    size_t user_count;
};

/* "/regionshift/pizza:", with which the names of our roles begin. NULL: no memory. */
const char *access_own_prefix(const struct settings *settings, struct pool *pool);

/* What the settings want. with_root: and the user root, without whom authentication cannot be
 * turned on. 0, or -1: no memory. */
int access_want(const struct settings *settings, bool with_root, struct pool *pool,
                struct store_access *ret_wanted);

/* ---- etcd's answers; 0, or -1 with words in error ---- */

enum { ACCESS_NAMES_MAX = 4096, ACCESS_NAME_MAX = 255 };

/* The members of "users" (of a list), or of "roles" (of a list, or of one user). */
int access_read_names(const char *body, size_t length, const char *field, struct pool *pool,
                      const char *const **ret_names, size_t *ret_count, char *error,
                      size_t error_size);
int access_read_role(const char *body, size_t length, struct pool *pool, struct access_role *role,
                     char *error, size_t error_size);

/* ---- the difference ---- */

enum access_step_kind {
    ACCESS_ADD_ROLE,
    ACCESS_GRANT,  /* also where the same keys are granted otherwise: it replaces that */
    ACCESS_REVOKE, /* a permission */
    ACCESS_ADD_USER,
    ACCESS_SET_PASSWORD,
    ACCESS_GIVE_ROLE,
    ACCESS_TAKE_ROLE,
    ACCESS_DELETE_ROLE,
    ACCESS_ENABLE
};

struct access_step {
    enum access_step_kind kind;
    const char *role;
    const char *user;
    struct access_permission permission;
};

enum { ACCESS_STEPS_MAX = 8192, ACCESS_NOTES_MAX = 256 };

struct access_plan {
    const struct access_step *steps;
    size_t step_count;
    const char *const *notes; /* what an operator should know, and we leave alone */
    size_t note_count;
};

/* own: access_own_prefix(). 0, or -1: no memory, or beyond the limits. */
int access_compare(const struct store_access *wanted, const struct store_access *found,
                   const char *own, struct pool *pool, struct access_plan *ret_plan);

/* Whether a step needs the password of its user. */
bool access_step_has_password(const struct access_step *step);
const char *access_step_path(const struct access_step *step);
/* Its request. password: NULL where none is needed, or must not be shown. */
void access_step_write(const struct access_step *step, const char *password, struct buffer *out);
/* One line for people. */
void access_step_say(const struct access_step *step, struct buffer *out);
/* "writes /regionshift/pizza/v1/votes/use1/..." */
void access_permission_say(const struct access_permission *permission, struct buffer *out);

/* {"name":USER,...}: the requests that read. */
void access_write_get_user(struct buffer *out, const char *user);
void access_write_get_role(struct buffer *out, const char *role);

#define ACCESS_PATH_USERS "/v3/auth/user/list"
#define ACCESS_PATH_USER "/v3/auth/user/get"
#define ACCESS_PATH_ROLES "/v3/auth/role/list"
#define ACCESS_PATH_ROLE "/v3/auth/role/get"

#endif
