/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "init_store.h"
#include "render.h"

enum { LINE_MAX_BYTES = 64 * 1024 };

static const char trust_words[] =
    "this etcd does not keep to its roles: a transaction inside a transaction may read and write "
    "what the user's roles deny, the votes of other probes as well; 3.4.44, 3.5.30, 3.6.11 and "
    "later ones do (docs/ETCD.md)";

/* ---- for people ---- */

static void print_permission(const struct access_permission *permission)
{
    struct buffer line;

    buffer_init(&line, LINE_MAX_BYTES);
    access_permission_say(permission, &line);
    printf("  ");
    render_text(stdout, buffer_text(&line));
    printf("\n");
    buffer_clear(&line);
}

static void print_wanted(const struct setup *setup)
{
    for (size_t i = 0; i < setup->wanted.role_count; i++) {
        const struct access_role *role = &setup->wanted.roles[i];

        printf("role ");
        render_styled(STYLE_HEAD, role->name);
        printf("\n");
        for (size_t j = 0; j < role->permission_count; j++)
            print_permission(&role->permissions[j]);
    }
    for (size_t i = 0; i < setup->wanted.user_count; i++) {
        const struct access_user *user = &setup->wanted.users[i];

        printf("user ");
        render_styled(STYLE_HEAD, user->name);
        for (size_t j = 0; j < user->role_count; j++) {
            printf(j == 0 ? ": " : ", ");
            render_text(stdout, user->roles[j]);
        }
        printf("\n");
    }
}

void show_step(const struct access_step *step, const char *before)
{
    struct buffer line;

    buffer_init(&line, LINE_MAX_BYTES);
    access_step_say(step, &line);
    fputs(before, stdout);
    render_text(stdout, buffer_text(&line));
    if (access_step_has_password(step))
        printf(", with its password");
    printf("\n");
    fflush(stdout); /* who watches shall see how far it is */
    buffer_clear(&line);
}

static void print_note(const char *note)
{
    render_styled(STYLE_WARN, "note: ");
    render_text(stdout, note);
    printf("\n");
}

static void print_notes(const struct setup *setup)
{
    for (size_t i = 0; i < setup->plan.note_count; i++)
        print_note(setup->plan.notes[i]);
    for (size_t i = 0; i < setup->remark_count; i++)
        print_note(setup->remarks[i]);
    if (setup->trust == TRUST_BROKEN) {
        render_styled(STYLE_BAD, "warning: ");
        printf("%s\n", trust_words);
    }
}

/* Where nothing is to be done: what there is. Otherwise the steps say all of what there shall be
 * that is not there yet. */
void show_setup(const struct setup *setup)
{
    if (setup->plan.step_count == 0)
        print_wanted(setup);
    for (size_t i = 0; i < setup->plan.step_count; i++)
        show_step(&setup->plan.steps[i], i == 0 ? "to be done:\n  " : "  ");
    print_notes(setup);
    if (setup->plan.step_count == 0)
        printf("nothing is to be done: etcd has these users and roles, and asks for them\n");
    else
        printf("\nnothing was written; `regionshift init --store --yes` does it\n");
}

void show_done(const struct setup *setup)
{
    print_notes(setup);
    render_styled(STYLE_GOOD, "done: ");
    printf("etcd has these users and roles, and asks for them");
    if (setup->arguments->passwords != NULL)
        printf("; give each probe its own file of %s", setup->arguments->passwords);
    printf("\n");
}

/* ---- JSON ---- */

static json_t *permissions_json(const struct access_role *role)
{
    json_t *list = must(json_array());

    for (size_t i = 0; i < role->permission_count; i++) {
        struct buffer line;

        buffer_init(&line, LINE_MAX_BYTES);
        access_permission_say(&role->permissions[i], &line);
        json_array_append_new(list, must(json_string(buffer_text(&line))));
        buffer_clear(&line);
    }
    return list;
}

static json_t *names_json(const char *const *names, size_t count)
{
    json_t *list = must(json_array());

    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, must(json_string(names[i])));
    return list;
}

static json_t *roles_json(const struct store_access *access)
{
    json_t *list = must(json_array());

    for (size_t i = 0; i < access->role_count; i++)
        json_array_append_new(list,
                              must(json_pack("{s:s, s:o}", "name", access->roles[i].name,
                                             "permissions", permissions_json(&access->roles[i]))));
    return list;
}

static json_t *users_json(const struct store_access *access)
{
    json_t *list = must(json_array());

    for (size_t i = 0; i < access->user_count; i++)
        json_array_append_new(
            list, must(json_pack("{s:s, s:o}", "name", access->users[i].name, "roles",
                                 names_json(access->users[i].roles, access->users[i].role_count))));
    return list;
}

static json_t *step_json(const struct access_step *step)
{
    struct buffer text, body;
    json_t *object;

    buffer_init(&text, LINE_MAX_BYTES);
    buffer_init(&body, LINE_MAX_BYTES);
    access_step_say(step, &text);
    access_step_write(step, NULL, &body);
    object = must(json_pack(
        "{s:s, s:s, s:o, s:b}", "text", buffer_text(&text), "path", access_step_path(step), "body",
        must(json_loads(buffer_text(&body), 0, NULL)), "password", access_step_has_password(step)));
    buffer_clear(&text);
    buffer_clear(&body);
    return object;
}

void show_setup_json(const struct setup *setup, bool done)
{
    json_t *steps = must(json_array());
    json_t *notes = names_json(setup->plan.notes, setup->plan.note_count);
    json_t *reply;

    for (size_t i = 0; i < setup->remark_count; i++)
        json_array_append_new(notes, must(json_string(setup->remarks[i])));
    for (size_t i = 0; i < setup->plan.step_count; i++)
        json_array_append_new(steps, step_json(&setup->plan.steps[i]));
    reply = must(json_pack("{s:i, s:s, s:b, s:o, s:o, s:o, s:o, s:b}", "v", 1, "prefix",
                           setup->settings->store.prefix, "authentication", setup->found.enabled,
                           "roles", roles_json(&setup->wanted), "users", users_json(&setup->wanted),
                           "steps", steps, "notes", notes, "done", done));
    if (setup->trust == TRUST_UNKNOWN)
        json_object_set_new(reply, "roles_kept", json_null());
    else
        json_object_set_new(reply, "roles_kept", json_boolean(setup->trust == TRUST_KEPT));
    json_dumpf(reply, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    printf("\n");
    json_decref(reply);
}
