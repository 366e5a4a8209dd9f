/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "check.h"
#include "probe.h"

struct making {
    struct look *look;
    struct prober *prober;
    uint32_t left; /* results that are still to come */
};

static void on_done(void *context, uint32_t token, const struct result *result)
{
    struct making *making = context;

    making->look->checks[token].result = *result;
    making->left--;
}

static void on_closed(void *context)
{
    (void)context;
}

/* Why there is nothing that could be made by hand; NULL: there is. */
static const char *cannot_be_made(const struct check *check)
{
    if (check->kind == CHECK_GROUP)
        return "a group asks nobody: it counts its members";
    if (check->kind == CHECK_PUSH)
        return "a push asks nobody: its job reports by itself to a daemon, which knows what has "
               "come; ask `regionshift status`";
    return NULL;
}

static void start(struct making *making, uint32_t index)
{
    struct looked *looked = &making->look->checks[index];
    const char *why = cannot_be_made(looked->check);

    if (why != NULL) {
        snprintf(looked->why, sizeof(looked->why), "%s", why);
        return;
    }
    if (!prober_can(looked->check, looked->why, sizeof(looked->why)))
        return;
    looked->is_made = true;
    making->left++;
    prober_start(making->prober, index, looked->check);
    prober_explain(making->prober, index, &looked->account);
}

/* A check does not wait for the name beside its pinned address; who explains it does (V6). */
static bool waits(const struct making *making)
{
    if (making->left > 0)
        return true;
    for (uint32_t i = 0; i < making->look->count; i++) {
        const struct account_name *naming = &making->look->checks[i].account.naming;

        if (naming->is_asked && !naming->has_answered)
            return true;
    }
    return false;
}

static void make_all(struct making *making, uv_loop_t *loop)
{
    const struct look *look = making->look;

    if (!look->is_url)
        prober_set_records(making->prober, look->settings->records, look->settings->record_count);
    for (uint32_t i = 0; i < look->count; i++)
        start(making, i);
    while (waits(making) && uv_run(loop, UV_RUN_ONCE) != 0)
        continue;
}

int check_make(struct look *look)
{
    struct making making = {.look = look};
    uv_loop_t loop;
    int rc;

    if (uv_loop_init(&loop) < 0) {
        fputs("regionshift: no loop: out of descriptors?\n", stderr);
        return CODE_FAILED;
    }
    rc = prober_create(&loop, on_done, &making, &making.prober);
    if (rc == 0)
        rc = prober_set_aws(making.prober, look->settings);
    if (rc == 0)
        make_all(&making, &loop);
    else
        fprintf(stderr, "regionshift: the prober does not start: %s\n", strerror(-rc));
    prober_close(making.prober, on_closed, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return rc < 0 ? CODE_FAILED : -1;
}

/* ---- what became of them ---- */

static const struct looked *find(const struct look *look, const struct check *check)
{
    for (uint32_t i = 0; i < look->count; i++) {
        if (look->checks[i].check == check)
            return &look->checks[i];
    }
    return NULL;
}

/* Good once enough members are, bad once too few can be. */
static enum result_class class_of_group(const struct look *look, const struct check_group *group)
{
    uint32_t good = 0;
    uint32_t unknown = 0;

    for (uint32_t i = 0; i < group->member_count; i++) {
        const struct looked *member = find(look, &look->settings->checks[group->members[i]]);

        if (member == NULL || !member->is_made || member->result.class == RESULT_VOID)
            unknown++;
        else
            good += member->result.class == RESULT_GOOD;
    }
    if (good >= group->need)
        return RESULT_GOOD;
    return good + unknown < group->need ? RESULT_BAD : RESULT_VOID;
}

enum result_class check_class(const struct look *look, const struct looked *looked)
{
    if (looked->check->kind == CHECK_GROUP)
        return class_of_group(look, looked->check->of.members);
    return looked->is_made ? looked->result.class : RESULT_VOID;
}
