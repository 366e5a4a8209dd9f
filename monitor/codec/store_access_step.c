/* SPDX-License-Identifier: Apache-2.0 */
/* One step of a plan: as a request to etcd's gateway, and as a line for people. */
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "etcd_form.h"
#include "store_access.h"

/* Member 'user' is called otherwise in each request, so the table says how. */
static const struct {
    const char *path;
    const char *user; /* the field it is in; NULL: not in it */
    const char *role;
    bool has_password;
    const char *say; /* %u the user, %r the role, %p the permission */
} forms[] = {
    [ACCESS_ADD_ROLE] = {"/v3/auth/role/add", NULL, "name", false, "add the role %r"},
    [ACCESS_GRANT] = {"/v3/auth/role/grant", NULL, "name", false, "role %r %p"},
    [ACCESS_REVOKE] = {"/v3/auth/role/revoke", NULL, "role", false, "role %r no longer %p"},
    [ACCESS_ADD_USER] = {"/v3/auth/user/add", "name", NULL, true, "add the user %u"},
    [ACCESS_SET_PASSWORD] = {"/v3/auth/user/changepw", "name", NULL, true,
                             "set the password of the user %u"},
    [ACCESS_GIVE_ROLE] = {"/v3/auth/user/grant", "user", "role", false,
                          "give the user %u the role %r"},
    [ACCESS_TAKE_ROLE] = {"/v3/auth/user/revoke", "name", "role", false,
                          "take the role %r from the user %u"},
    [ACCESS_DELETE_ROLE] = {"/v3/auth/role/delete", NULL, "role", false, "delete the role %r"},
    [ACCESS_ENABLE] = {"/v3/auth/enable", NULL, NULL, false,
                       "turn authentication on: every client of this etcd needs a user then"},
};

static const char *const may_words[] = {
    [ACCESS_READ] = "READ", [ACCESS_WRITE] = "WRITE", [ACCESS_READWRITE] = "READWRITE"};

bool access_step_has_password(const struct access_step *step)
{
    return forms[step->kind].has_password;
}

const char *access_step_path(const struct access_step *step)
{
    return forms[step->kind].path;
}

/* ---- requests ---- */

/* ,"name":"text" but for the first. */
static void add_field(struct buffer *out, const char *name, const char *text)
{
    if (out->length > 0 && out->data[out->length - 1] != '{')
        buffer_add_char(out, ',');
    etcd_write_text(out, name, text);
}

void access_step_write(const struct access_step *step, const char *password, struct buffer *out)
{
    const struct access_permission *permission = &step->permission;

    buffer_add_char(out, '{');
    if (forms[step->kind].user != NULL)
        add_field(out, forms[step->kind].user, step->user);
    if (forms[step->kind].role != NULL)
        add_field(out, forms[step->kind].role, step->role);
    if (forms[step->kind].has_password && password != NULL)
        add_field(out, "password", password);
    if (step->kind == ACCESS_GRANT) {
        buffer_add_text(out, ",\"perm\":{");
        add_field(out, "permType", may_words[permission->may]);
    }
    if (permission->key != NULL)
        add_field(out, "key", permission->key);
    if (permission->key != NULL && permission->range_end[0] != '\0')
        add_field(out, "range_end", permission->range_end);
    if (step->kind == ACCESS_GRANT)
        buffer_add_char(out, '}');
    buffer_add_char(out, '}');
}

void access_write_get_user(struct buffer *out, const char *user)
{
    buffer_add_char(out, '{');
    add_field(out, "name", user);
    buffer_add_char(out, '}');
}

void access_write_get_role(struct buffer *out, const char *role)
{
    buffer_add_char(out, '{');
    add_field(out, "role", role);
    buffer_add_char(out, '}');
}

/* ---- words ---- */

/* Keys of others may hold anything. */
static void say_bytes(struct buffer *out, const char *bytes, size_t length)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)bytes[i];

        if (byte > ' ' && byte < 127 && byte != '\\') {
            buffer_add_char(out, bytes[i]);
            continue;
        }
        buffer_add_text(out, "\\x");
        buffer_add_char(out, digits[byte / 16]);
        buffer_add_char(out, digits[byte % 16]);
    }
}

/* Decodes; what is no base64 stays as it is. The caller frees; NULL: no memory. */
static char *decode(const char *text, size_t *ret_length)
{
    size_t text_length = strlen(text);
    char *bytes = malloc(base64_room(text_length) + text_length + 1);
    ptrdiff_t length = bytes != NULL ? base64_read(text, text_length, bytes) : 0;

    if (length < 0) {
        memcpy(bytes, text, text_length);
        length = (ptrdiff_t)text_length;
    }
    *ret_length = (size_t)length;
    return bytes;
}

/* Whether the end is just behind everything that begins with the key. */
static bool ends_behind(const char *key, size_t key_length, const char *end, size_t end_length)
{
    return key_length > 0 && key_length == end_length && memcmp(key, end, key_length - 1) == 0 &&
           (unsigned char)key[key_length - 1] + 1 == (unsigned char)end[key_length - 1];
}

void access_permission_say(const struct access_permission *permission, struct buffer *out)
{
    static const char *const words[] = {[ACCESS_READ] = "reads ",
                                        [ACCESS_WRITE] = "writes ",
                                        [ACCESS_READWRITE] = "reads and writes "};
    size_t key_length = 0;
    size_t end_length = 0;
    char *key = decode(permission->key, &key_length);
    char *end = decode(permission->range_end, &end_length);

    if (key == NULL || end == NULL) {
        out->failed = true;
    } else {
        buffer_add_text(out, words[permission->may]);
        say_bytes(out, key, key_length);
        if (ends_behind(key, key_length, end, end_length)) {
            buffer_add_text(out, "...");
        } else if (end_length > 0) {
            buffer_add_text(out, " up to ");
            say_bytes(out, end, end_length);
        }
    }
    free(key);
    free(end);
}

void access_step_say(const struct access_step *step, struct buffer *out)
{
    for (const char *c = forms[step->kind].say; *c != '\0'; c++) {
        if (*c != '%') {
            buffer_add_char(out, *c);
            continue;
        }
        c++;
        if (*c == 'u')
            buffer_add_text(out, step->user);
        else if (*c == 'r')
            buffer_add_text(out, step->role);
        else
            access_permission_say(&step->permission, out);
    }
}
