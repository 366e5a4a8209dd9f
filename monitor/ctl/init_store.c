/* SPDX-License-Identifier: Apache-2.0 */
/* regionshift init --store: users and roles of etcd, so that each probe writes its own vote and no
 * other. Needs no daemon: it is done before the first one starts. */
#include "init_store.h"

#include <stdio.h>
#include <string.h>

enum { POOL_MAX = 32 * 1024 * 1024 };

/* ---- what is refused ---- */

static int refuse(const char *text)
{
    fprintf(stderr, "regionshift: %s\n", text);
    return CODE_USAGE;
}

static int check_arguments(const struct arguments *arguments)
{
    if (arguments->server != NULL)
        return refuse("init --store asks etcd itself, and finds it in a settings file: -c FILE");
    if (arguments->admin != NULL && strcmp(arguments->admin, ACCESS_ROOT) != 0 &&
        arguments->admin_password == NULL && arguments->passwords == NULL)
        return refuse("--admin: its password is needed, too: --admin-password file:PATH|env:NAME");
    return CODE_GOOD;
}

static int check_settings(const struct settings *settings)
{
    const struct store_settings *store = &settings->store;

    if (store->kind != STORE_ETCD)
        return refuse(
            "init --store is about etcd's users and roles, and these settings keep the "
            "store in a file (store.type = \"sqlite\"), which has none: whoever may write "
            "the file may write every vote");
    if (strchr(store->prefix, ':') != NULL)
        return refuse("store.prefix: holds ':', which parts the prefix from the rest in the names "
                      "of roles; choose another one");
    for (uint32_t i = 0; i < settings->elector_count; i++) {
        if (strcmp(settings->electors[i].name, ACCESS_ROOT) == 0)
            return refuse("quorum.probes: a probe named root would be etcd's administrator");
    }
    return CODE_GOOD;
}

/* Root is there, and nobody told us its password: turned on, authentication would lock us out. */
static int check_root(struct setup *setup)
{
    const char *password = NULL;

    for (size_t i = 0; i < setup->found.user_count && !setup->found.enabled; i++) {
        if (strcmp(setup->found.users[i].name, ACCESS_ROOT) != 0)
            continue;
        if (passwords_find(setup->passwords, ACCESS_ROOT, &password) < 0)
            return CODE_USAGE;
        if (password == NULL)
            return refuse("etcd has a user root already, and its password is not in hand: "
                          "--admin-password file:PATH or env:NAME; it will be set to that");
    }
    if (!setup->found.enabled && strcmp(setup->admin, ACCESS_ROOT) != 0)
        return refuse("--admin: authentication is off, so nobody is administrator yet; the first "
                      "one is root, made here");
    return CODE_GOOD;
}

/* Every password there has to be, before the first step: half of the work is no good start. */
static int check_passwords(struct setup *setup)
{
    for (size_t i = 0; i < setup->plan.step_count; i++) {
        const struct access_step *step = &setup->plan.steps[i];
        const char *password;

        if (access_step_has_password(step) &&
            passwords_make(setup->passwords, step->user, &password) < 0)
            return CODE_USAGE;
    }
    return CODE_GOOD;
}

/* ---- what is remarkable ---- */

/* Traffic that never leaves the machine needs no TLS. */
static bool is_bare(const char *endpoint)
{
    static const char *const fine[] = {"https://", "http://127.", "http://localhost",
                                       "http://[::1]"};

    for (size_t i = 0; i < sizeof(fine) / sizeof(*fine); i++) {
        if (strncmp(endpoint, fine[i], strlen(fine[i])) == 0)
            return false;
    }
    return true;
}

static void remark(struct setup *setup)
{
    const struct settings *settings = setup->settings;
    const struct store_settings *store = &settings->store;
    bool bare = false;

    for (uint32_t i = 0; i < store->endpoint_count; i++)
        bare = bare || is_bare(store->endpoints[i]);
    if (bare)
        setup->remarks[setup->remark_count++] =
            "an endpoint has no TLS (http://): passwords cross the network as they are";
    if (store->user != NULL && store->user[0] != '\0' &&
        settings_elector(settings, store->user) == NONE)
        setup->remarks[setup->remark_count++] =
            "store.user is not the name of a probe: the users made here are; leave it out";
    if (setup->arguments->passwords == NULL && setup->arguments->yes)
        setup->remarks[setup->remark_count++] =
            "without --passwords DIR no password of a probe was compared with etcd's";
}

/* ---- the course ---- */

/* After the steps: reads it all again, so that "done" is what etcd says. */
static int make_sure(struct setup *setup)
{
    int code = setup_look(setup);

    if (code == CODE_GOOD && setup->plan.step_count > 0) {
        fprintf(stderr,
                "regionshift: etcd took every step, and %zu are to be done again: somebody else "
                "changes its users; look with `regionshift init --store`\n",
                setup->plan.step_count);
        code = CODE_FAILED;
    }
    if (code == CODE_GOOD)
        code = setup_test_trust(setup);
    return code;
}

static int do_it(struct setup *setup)
{
    int code = check_root(setup);

    if (code == CODE_GOOD)
        code = check_passwords(setup);
    if (code == CODE_GOOD)
        code = setup_apply(setup);
    if (code != CODE_GOOD)
        return code;
    code = make_sure(setup);
    if (code == CODE_GOOD && setup->arguments->json)
        show_setup_json(setup, true);
    else if (code == CODE_GOOD)
        show_done(setup);
    return code;
}

static int show_or_do(struct setup *setup)
{
    int code = setup_look(setup);

    if (code != CODE_GOOD)
        return code;
    if (setup->arguments->yes && setup->plan.step_count > 0)
        return do_it(setup);
    code = setup_test_trust(setup);
    if (code == CODE_GOOD && setup->arguments->json)
        show_setup_json(setup, setup->plan.step_count == 0);
    else if (code == CODE_GOOD)
        show_setup(setup);
    return code;
}

static int set_up(const struct arguments *arguments, const struct settings *settings)
{
    struct setup setup = {.arguments = arguments, .settings = settings};
    int code = check_settings(settings);

    setup.admin = arguments->admin != NULL ? arguments->admin : ACCESS_ROOT;
    if (code == CODE_GOOD && passwords_open(arguments->passwords, &setup.passwords) < 0)
        code = CODE_USAGE;
    if (code == CODE_GOOD && arguments->admin_password != NULL &&
        passwords_take(setup.passwords, setup.admin, arguments->admin_password) < 0)
        code = CODE_USAGE;
    setup.pool = pool_create(POOL_MAX);
    if (setup.pool != NULL)
        setup.own = access_own_prefix(settings, setup.pool);
    if (code == CODE_GOOD && setup.own == NULL) {
        fputs("regionshift: out of memory\n", stderr);
        code = CODE_FAILED;
    }
    remark(&setup);
    if (code == CODE_GOOD)
        code = show_or_do(&setup);
    passwords_close(setup.passwords);
    pool_destroy(setup.pool);
    return code;
}

int run_init_store(const struct arguments *arguments)
{
    const char *file = arguments->file != NULL ? arguments->file : DEFAULT_FILE;
    struct settings_report report = {0};
    struct settings *settings = NULL;
    int code = check_arguments(arguments);

    if (code != CODE_GOOD)
        return code;
    if (settings_load_public(file, &settings, &report) < 0) {
        settings_report_print(&report, file, stderr);
        code = CODE_USAGE;
    } else {
        code = set_up(arguments, settings);
    }
    settings_report_clear(&report);
    settings_destroy(settings);
    return code;
}
