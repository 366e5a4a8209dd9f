/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of a plan, one after another: each needs what the ones before it made. A step whose
 * answer was lost is asked again; then etcd says that it is done already, which is as good. */
#include <stdio.h>
#include <string.h>

#include "init_store.h"

int setup_session(struct setup *setup, const char *user, struct etcd_session **ret_session)
{
    const char *password = "";

    if (user[0] != '\0' && passwords_find(setup->passwords, user, &password) < 0)
        return CODE_USAGE;
    if (password == NULL) {
        fprintf(stderr,
                "regionshift: etcd's authentication is on, and the password of %s is not in hand: "
                "--admin-password file:PATH or env:NAME, or --passwords DIR with a file %s\n",
                user, user);
        return CODE_USAGE;
    }
    return session_open(&setup->settings->store, user, password, ret_session) < 0 ? CODE_FAILED
                                                                                  : CODE_GOOD;
}

/* ---- steps ---- */

/* What etcd says to a step that was carried out already. */
static bool is_done_already(const struct access_step *step, const struct session_ask *ask)
{
    static const char *const words[] = {"user name already exists", "role name already exists",
                                        "role name not found", "role is not granted to the user",
                                        "permission is not granted to the role"};

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (strstr(ask->error.words, words[i]) != NULL)
            return true;
    }
    return step->kind == ACCESS_ENABLE && strstr(ask->error.words, SETUP_NO_USER) != NULL;
}

static int carry_out(struct setup *setup, struct etcd_session *session,
                     const struct access_step *step)
{
    const char *password = NULL;
    struct session_ask ask;
    int code = CODE_GOOD;

    if (access_step_has_password(step) &&
        passwords_make(setup->passwords, step->user, &password) < 0)
        return CODE_FAILED;
    session_prepare(&ask, access_step_path(step));
    access_step_write(step, password, &ask.body);
    session_ask(session, &ask, 1);
    if (ask.error.fault != ETCD_FAULT_NONE && !is_done_already(step, &ask)) {
        fprintf(stderr, "regionshift: %s\n", ask.sentence);
        show_step(step, "FAILED: ");
        code = CODE_FAILED;
    } else if (!setup->arguments->json) {
        show_step(step, "done: ");
    }
    session_clear(&ask, 1);
    return code;
}

int setup_apply(struct setup *setup)
{
    struct etcd_session *session = NULL;
    int code = setup_session(setup, setup->found.enabled ? setup->admin : "", &session);

    for (size_t i = 0; i < setup->plan.step_count && code == CODE_GOOD; i++)
        code = carry_out(setup, session, &setup->plan.steps[i]);
    session_close(session);
    return code;
}

/* ---- whether etcd keeps to its roles ---- */

/* A probe that is in hand, and that only our roles say something about. */
static const char *any_probe(struct setup *setup)
{
    for (uint32_t i = 0; i < setup->settings->elector_count; i++) {
        const char *password = NULL;

        if (passwords_find(setup->passwords, setup->settings->electors[i].name, &password) == 0 &&
            password != NULL)
            return setup->settings->electors[i].name;
    }
    return NULL;
}

/* Reads one key that no role of ours lets it read; within, a transaction in a transaction. */
static void ask_forbidden(struct etcd_session *session, bool within, struct session_ask *ask)
{
    static const char range[] = "{\"success\":[{\"request_range\":{\"key\":\"AQ==\"}}]}";

    session_prepare(ask, ETCD_PATH_TXN);
    if (within)
        buffer_add_text(&ask->body, "{\"success\":[{\"request_txn\":");
    buffer_add_text(&ask->body, range);
    if (within)
        buffer_add_text(&ask->body, "}]}");
    session_ask(session, ask, 1);
}

/* etcd before 3.4.42, 3.5.28 and 3.6.9 looks at what a user may do in a transaction, and not in a
 * transaction inside it. Asked by reading a key that is not there: that harms nobody. A user who
 * may read everything, by roles of others, proves nothing. */
int setup_test_trust(struct setup *setup)
{
    const char *probe = any_probe(setup);
    struct etcd_session *session = NULL;
    struct session_ask plain, within;
    int code;

    setup->trust = TRUST_UNKNOWN;
    if (probe == NULL || !setup->found.enabled)
        return CODE_GOOD;
    code = setup_session(setup, probe, &session);
    if (code != CODE_GOOD)
        return code;
    ask_forbidden(session, false, &plain);
    ask_forbidden(session, true, &within);
    if (plain.error.fault == ETCD_DENIED && within.error.fault == ETCD_DENIED)
        setup->trust = TRUST_KEPT;
    if (plain.error.fault == ETCD_DENIED && within.error.fault == ETCD_FAULT_NONE)
        setup->trust = TRUST_BROKEN;
    session_clear(&plain, 1);
    session_clear(&within, 1);
    session_close(session);
    return CODE_GOOD;
}
