/* SPDX-License-Identifier: Apache-2.0 */
/* What is wanted against what was found: the difference, as requests. Made again after half of them
 * were carried out it is the other half, and nothing when all were. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "store_access.h"

enum { NOTE_MAX = 1024 };

/* Being made. */
struct draft {
    const struct store_access *wanted;
    const struct store_access *found;
    const char *own;
    struct pool *pool;
    struct access_step *steps;
    size_t step_count;
    const char **notes;
    size_t note_count;
    bool failed;
};

static struct access_step *add(struct draft *draft, enum access_step_kind kind)
{
    static struct access_step nowhere;
    struct access_step *step = &nowhere;

    if (draft->step_count == ACCESS_STEPS_MAX)
        draft->failed = true;
    else
        step = &draft->steps[draft->step_count++];
    *step = (struct access_step){.kind = kind};
    return step;
}

__attribute__((format(printf, 2, 3))) static void note(struct draft *draft, const char *format, ...)
{
    char text[NOTE_MAX];
    va_list arguments;
    const char *copy;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    copy = pool_copy(draft->pool, text, strlen(text));
    if (copy == NULL || draft->note_count == ACCESS_NOTES_MAX)
        draft->failed = true;
    else
        draft->notes[draft->note_count++] = copy;
}

/* ---- finding ---- */

static const struct access_role *role_of(const struct store_access *access, const char *name)
{
    for (size_t i = 0; i < access->role_count; i++) {
        if (strcmp(access->roles[i].name, name) == 0)
            return &access->roles[i];
    }
    return NULL;
}

static const struct access_user *user_of(const struct store_access *access, const char *name)
{
    for (size_t i = 0; i < access->user_count; i++) {
        if (strcmp(access->users[i].name, name) == 0)
            return &access->users[i];
    }
    return NULL;
}

static bool has_role(const struct access_user *user, const char *role)
{
    for (size_t i = 0; user != NULL && i < user->role_count; i++) {
        if (strcmp(user->roles[i], role) == 0)
            return true;
    }
    return false;
}

/* The permission for the same keys. */
static const struct access_permission *permission_of(const struct access_role *role,
                                                     const struct access_permission *same)
{
    for (size_t i = 0; role != NULL && i < role->permission_count; i++) {
        const struct access_permission *permission = &role->permissions[i];

        if (strcmp(permission->key, same->key) == 0 &&
            strcmp(permission->range_end, same->range_end) == 0)
            return permission;
    }
    return NULL;
}

static bool is_own(const struct draft *draft, const char *role)
{
    return strncmp(role, draft->own, strlen(draft->own)) == 0;
}

/* ---- roles ---- */

static void add_permission(struct draft *draft, enum access_step_kind kind, const char *role,
                           const struct access_permission *permission)
{
    struct access_step *step = add(draft, kind);

    step->role = role;
    step->permission = *permission;
}

static void compare_role(struct draft *draft, const struct access_role *wanted)
{
    const struct access_role *found = role_of(draft->found, wanted->name);

    if (found == NULL)
        add(draft, ACCESS_ADD_ROLE)->role = wanted->name;
    for (size_t i = 0; i < wanted->permission_count; i++) {
        const struct access_permission *permission = &wanted->permissions[i];
        const struct access_permission *there = permission_of(found, permission);

        if (there == NULL || there->may != permission->may)
            add_permission(draft, ACCESS_GRANT, wanted->name, permission);
    }
    for (size_t i = 0; found != NULL && i < found->permission_count; i++) {
        if (permission_of(wanted, &found->permissions[i]) == NULL)
            add_permission(draft, ACCESS_REVOKE, wanted->name, &found->permissions[i]);
    }
}

/* ---- users ---- */

static void add_role_of(struct draft *draft, enum access_step_kind kind, const char *user,
                        const char *role)
{
    struct access_step *step = add(draft, kind);

    step->user = user;
    step->role = role;
}

/* Roles of ours that a user shall not have: of another probe, or of a probe that it is no more.
 * Where the role itself goes, it is gone from its users with it. */
static void take_roles(struct draft *draft, const struct access_user *found,
                       const struct access_user *wanted)
{
    for (size_t i = 0; i < found->role_count; i++) {
        const char *role = found->roles[i];

        if (!has_role(wanted, role) && role_of(draft->wanted, role) != NULL)
            add_role_of(draft, ACCESS_TAKE_ROLE, found->name, role);
        if (wanted == NULL || is_own(draft, role) || has_role(wanted, role))
            continue;
        if (strcmp(role, ACCESS_ROOT) == 0)
            note(draft, "user %s has the role root: it may do everything, forge votes as well",
                 found->name);
        else
            note(draft, "user %s has the role %s, which is not of this installation", found->name,
                 role);
    }
}

static void compare_user(struct draft *draft, const struct access_user *wanted)
{
    const struct access_user *found = user_of(draft->found, wanted->name);

    if (found == NULL)
        add(draft, ACCESS_ADD_USER)->user = wanted->name;
    else if (found->other_password)
        add(draft, ACCESS_SET_PASSWORD)->user = wanted->name;
    for (size_t i = 0; i < wanted->role_count; i++) {
        if (!has_role(found, wanted->roles[i]))
            add_role_of(draft, ACCESS_GIVE_ROLE, wanted->name, wanted->roles[i]);
    }
}

/* ---- the whole ---- */

static void compare_all(struct draft *draft)
{
    const struct store_access *wanted = draft->wanted;
    const struct store_access *found = draft->found;

    for (size_t i = 0; i < wanted->role_count; i++)
        compare_role(draft, &wanted->roles[i]);
    for (size_t i = 0; i < wanted->user_count; i++)
        compare_user(draft, &wanted->users[i]);
    for (size_t i = 0; i < found->user_count; i++)
        take_roles(draft, &found->users[i], user_of(wanted, found->users[i].name));
    for (size_t i = 0; i < found->role_count; i++) {
        if (is_own(draft, found->roles[i].name) && role_of(wanted, found->roles[i].name) == NULL)
            add(draft, ACCESS_DELETE_ROLE)->role = found->roles[i].name;
    }
    if (wanted->enabled && !found->enabled)
        add(draft, ACCESS_ENABLE);
}

int access_compare(const struct store_access *wanted, const struct store_access *found,
                   const char *own, struct pool *pool, struct access_plan *ret_plan)
{
    struct draft draft = {.wanted = wanted, .found = found, .own = own, .pool = pool};

    draft.steps = pool_alloc(pool, ACCESS_STEPS_MAX * sizeof(*draft.steps));
    draft.notes = pool_alloc(pool, ACCESS_NOTES_MAX * sizeof(*draft.notes));
    if (draft.steps == NULL || draft.notes == NULL)
        return -1;
    compare_all(&draft);
    if (draft.failed)
        return -1;
    *ret_plan = (struct access_plan){draft.steps, draft.step_count, draft.notes, draft.note_count};
    return 0;
}
