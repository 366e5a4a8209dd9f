/* SPDX-License-Identifier: Apache-2.0 */
/* What etcd has now. That it asks for a user is how 3.4 says that authentication is on; there is no
 * other way to ask it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "init_store.h"

static int no_memory(void)
{
    fputs("regionshift: out of memory, or more users and roles than this can look through\n",
          stderr);
    return CODE_FAILED;
}

static int failed(const struct session_ask *ask)
{
    fprintf(stderr, "regionshift: %s\n", ask->sentence);
    return CODE_FAILED;
}

static int garbled(const struct session_ask *ask, const char *error)
{
    fprintf(stderr, "regionshift: etcd's answer to %s makes no sense: %s\n", ask->path, error);
    return CODE_FAILED;
}

/* ---- lists ---- */

static int list(struct setup *setup, struct etcd_session *session, const char *path,
                const char *field, const char *const **ret_names, size_t *ret_count)
{
    struct session_ask ask;
    char error[256];
    int code = CODE_GOOD;

    session_prepare(&ask, path);
    buffer_add_text(&ask.body, "{}");
    session_ask(session, &ask, 1);
    if (ask.error.fault != ETCD_FAULT_NONE)
        code = failed(&ask);
    else if (access_read_names(ask.text, ask.length, field, setup->pool, ret_names, ret_count,
                               error, sizeof(error)) < 0)
        code = garbled(&ask, error);
    session_clear(&ask, 1);
    return code;
}

/* Asks without a user whether a user is needed. */
static int ask_enabled(struct setup *setup, bool *ret_enabled)
{
    struct etcd_session *session = NULL;
    struct session_ask ask;
    int code = CODE_GOOD;

    if (session_open(&setup->settings->store, "", "", &session) < 0)
        return CODE_FAILED;
    session_prepare(&ask, ACCESS_PATH_USERS);
    buffer_add_text(&ask.body, "{}");
    session_ask(session, &ask, 1);
    *ret_enabled = strstr(ask.error.words, SETUP_NO_USER) != NULL;
    if (ask.error.fault != ETCD_FAULT_NONE && !*ret_enabled)
        code = failed(&ask);
    session_clear(&ask, 1);
    session_close(session);
    return code;
}

/* ---- each user, each role ---- */

/* Asks one question for each name. NULL: no memory. */
static struct session_ask *ask_each(struct etcd_session *session, const char *path,
                                    const char *const *names, size_t count,
                                    void (*write)(struct buffer *, const char *))
{
    struct session_ask *asks = calloc(count + 1, sizeof(*asks));

    for (size_t i = 0; asks != NULL && i < count; i++) {
        session_prepare(&asks[i], path);
        write(&asks[i].body, names[i]);
    }
    if (asks != NULL)
        session_ask(session, asks, count);
    return asks;
}

static int read_user(struct setup *setup, const struct session_ask *ask, struct access_user *user)
{
    char error[256];

    if (ask->error.fault != ETCD_FAULT_NONE)
        return failed(ask);
    if (access_read_names(ask->text, ask->length, "roles", setup->pool, &user->roles,
                          &user->role_count, error, sizeof(error)) < 0)
        return garbled(ask, error);
    return CODE_GOOD;
}

static int look_at_users(struct setup *setup, struct etcd_session *session)
{
    const char *const *names = NULL;
    size_t count = 0;
    int code = list(setup, session, ACCESS_PATH_USERS, "users", &names, &count);
    struct access_user *users = pool_alloc(setup->pool, count * sizeof(*users));
    struct session_ask *asks = NULL;

    if (code == CODE_GOOD && users != NULL)
        asks = ask_each(session, ACCESS_PATH_USER, names, count, access_write_get_user);
    if (code == CODE_GOOD && asks == NULL)
        code = no_memory();
    for (size_t i = 0; i < count && code == CODE_GOOD; i++) {
        users[i].name = names[i];
        code = read_user(setup, &asks[i], &users[i]);
    }
    session_clear(asks, asks != NULL ? count : 0);
    free(asks);
    setup->found.users = users;
    setup->found.user_count = count;
    return code;
}

/* Of the roles, those that are ours: what others may do is not our affair. */
static int own_roles(struct setup *setup, struct etcd_session *session,
                     const char *const **ret_names, size_t *ret_count)
{
    const char *const *names = NULL;
    const char **own;
    size_t count = 0;
    int code = list(setup, session, ACCESS_PATH_ROLES, "roles", &names, &count);

    own = pool_alloc(setup->pool, count * sizeof(*own));
    if (code != CODE_GOOD || own == NULL)
        return code != CODE_GOOD ? code : no_memory();
    *ret_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (strncmp(names[i], setup->own, strlen(setup->own)) == 0)
            own[(*ret_count)++] = names[i];
    }
    *ret_names = own;
    return CODE_GOOD;
}

static int look_at_roles(struct setup *setup, struct etcd_session *session)
{
    const char *const *names = NULL;
    size_t count = 0;
    int code = own_roles(setup, session, &names, &count);
    struct access_role *roles = pool_alloc(setup->pool, count * sizeof(*roles));
    struct session_ask *asks = NULL;
    char error[256];

    if (code == CODE_GOOD && roles != NULL)
        asks = ask_each(session, ACCESS_PATH_ROLE, names, count, access_write_get_role);
    if (code == CODE_GOOD && asks == NULL)
        code = no_memory();
    for (size_t i = 0; i < count && code == CODE_GOOD; i++) {
        roles[i].name = names[i];
        if (asks[i].error.fault != ETCD_FAULT_NONE)
            code = failed(&asks[i]);
        else if (access_read_role(asks[i].text, asks[i].length, setup->pool, &roles[i], error,
                                  sizeof(error)) < 0)
            code = garbled(&asks[i], error);
    }
    session_clear(asks, asks != NULL ? count : 0);
    free(asks);
    setup->found.roles = roles;
    setup->found.role_count = count;
    return code;
}

/* ---- passwords ---- */

static bool is_wanted(const struct setup *setup, const char *user)
{
    for (size_t i = 0; i < setup->wanted.user_count; i++) {
        if (strcmp(setup->wanted.users[i].name, user) == 0)
            return true;
    }
    return false;
}

/* Whether etcd has the password in hand. Only one with authentication on can be asked; otherwise it
 * is set anew, which changes nothing if it was the same. */
static int compare_password(struct setup *setup, struct etcd_session *session,
                            struct access_user *user)
{
    const char *password = NULL;
    struct session_ask ask;
    int code = CODE_GOOD;

    if (!is_wanted(setup, user->name))
        return CODE_GOOD;
    if (passwords_find(setup->passwords, user->name, &password) < 0)
        return CODE_USAGE;
    user->other_password = password != NULL && !setup->found.enabled;
    if (password == NULL || !setup->found.enabled)
        return CODE_GOOD;
    session_prepare(&ask, ETCD_PATH_AUTHENTICATE);
    ask.without_token = true;
    etcd_write_authenticate(&ask.body, user->name, password);
    session_ask(session, &ask, 1);
    if (ask.error.fault == ETCD_DENIED)
        user->other_password = true;
    else if (ask.error.fault != ETCD_FAULT_NONE)
        code = failed(&ask);
    session_clear(&ask, 1);
    return code;
}

static int compare_passwords(struct setup *setup, struct etcd_session *session)
{
    struct access_user *users = pool_alloc(setup->pool, setup->found.user_count * sizeof(*users));
    int code = users != NULL ? CODE_GOOD : no_memory();

    for (size_t i = 0; i < setup->found.user_count && code == CODE_GOOD; i++) {
        users[i] = setup->found.users[i];
        code = compare_password(setup, session, &users[i]);
    }
    setup->found.users = users;
    return code;
}

/* ---- the whole ---- */

static int look_inside(struct setup *setup, struct etcd_session *session)
{
    int code = look_at_users(setup, session);

    if (code == CODE_GOOD)
        code = look_at_roles(setup, session);
    if (code == CODE_GOOD)
        code = compare_passwords(setup, session);
    if (code == CODE_GOOD &&
        access_compare(&setup->wanted, &setup->found, setup->own, setup->pool, &setup->plan) < 0)
        code = no_memory();
    return code;
}

int setup_look(struct setup *setup)
{
    struct etcd_session *session = NULL;
    bool enabled = false;
    int code = ask_enabled(setup, &enabled);

    if (code != CODE_GOOD)
        return code;
    setup->found = (struct store_access){.enabled = enabled};
    if (access_want(setup->settings, !enabled, setup->pool, &setup->wanted) < 0)
        return no_memory();
    code = setup_session(setup, enabled ? setup->admin : "", &session);
    if (code == CODE_GOOD)
        code = look_inside(setup, session);
    session_close(session);
    return code;
}
