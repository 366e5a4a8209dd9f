/* SPDX-License-Identifier: Apache-2.0 */
/* Users, roles and permissions of etcd: what three probes want, read back as the lines an operator
 * sees, and the bytes etcd is sent. */
#include <check.h>
#include <string.h>

#include "../lib/suite.h"
#include "store_access.h"

enum { POOL_MAX = 4 * 1024 * 1024, TEXT_MAX = 64 * 1024 };

static struct elector electors[] = {{.name = "use1"}, {.name = "usw2"}, {.name = "fra"}};
static struct settings settings = {
    .electors = electors, .elector_count = 3, .store = {.prefix = "/regionshift/pizza"}};
static struct pool *pool;

static void begin(void)
{
    pool = pool_create(POOL_MAX);
    ck_assert_ptr_nonnull(pool);
    settings.store.prefix = "/regionshift/pizza";
    settings.elector_count = 3;
}

static void end(void)
{
    pool_destroy(pool);
}

static struct store_access wanted(bool with_root)
{
    struct store_access access;

    ck_assert_int_eq(access_want(&settings, with_root, pool, &access), 0);
    return access;
}

static struct access_plan compare(const struct store_access *want, const struct store_access *found)
{
    struct access_plan plan;

    ck_assert_int_eq(access_compare(want, found, access_own_prefix(&settings, pool), pool, &plan),
                     0);
    return plan;
}

/* What the plan says, a line for each step, and with "! " for each note. */
static const char *lines_of(const struct access_plan *plan)
{
    struct buffer out;
    const char *text;

    buffer_init(&out, TEXT_MAX);
    for (size_t i = 0; i < plan->step_count; i++) {
        access_step_say(&plan->steps[i], &out);
        buffer_add_char(&out, '\n');
    }
    for (size_t i = 0; i < plan->note_count; i++) {
        buffer_add_text(&out, "! ");
        buffer_add_text(&out, plan->notes[i]);
        buffer_add_char(&out, '\n');
    }
    ck_assert(!out.failed);
    text = pool_copy(pool, buffer_text(&out), out.length);
    buffer_clear(&out);
    return text;
}

static const char *request_of(const struct access_step *step, const char *password)
{
    struct buffer out;
    const char *text;

    buffer_init(&out, TEXT_MAX);
    buffer_add_text(&out, access_step_path(step));
    buffer_add_char(&out, ' ');
    access_step_write(step, password, &out);
    ck_assert(!out.failed);
    text = pool_copy(pool, buffer_text(&out), out.length);
    buffer_clear(&out);
    return text;
}

/* An etcd that has what is wanted; tests change it. */
struct changed {
    struct store_access access;
    struct access_role roles[16];
    struct access_user users[16];
};

static void all_there(struct changed *changed)
{
    struct store_access all = wanted(true);

    memcpy(changed->roles, all.roles, all.role_count * sizeof(*all.roles));
    memcpy(changed->users, all.users, all.user_count * sizeof(*all.users));
    changed->access = all;
    changed->access.roles = changed->roles;
    changed->access.users = changed->users;
}

START_TEST(an_empty_etcd_gets_roles_first_then_users_and_is_locked_last)
{
    struct store_access want;
    struct store_access nothing = {0};
    struct access_plan plan;

    settings.elector_count = 2;
    want = wanted(true);
    plan = compare(&want, &nothing);
    ck_assert_str_eq(
        lines_of(&plan),
        "add the role /regionshift/pizza:probes\n"
        "role /regionshift/pizza:probes reads /regionshift/pizza/...\n"
        "role /regionshift/pizza:probes writes /regionshift/pizza/v1/decisions/...\n"
        "role /regionshift/pizza:probes writes /regionshift/pizza/v1/journal/...\n"
        "role /regionshift/pizza:probes writes /regionshift/pizza/v1/orders/...\n"
        "role /regionshift/pizza:probes writes /regionshift/pizza/v1/budget\n"
        "role /regionshift/pizza:probes writes /regionshift/pizza/v1/claims/...\n"
        "add the role /regionshift/pizza:probe:use1\n"
        "role /regionshift/pizza:probe:use1 writes /regionshift/pizza/v1/votes/use1/...\n"
        "role /regionshift/pizza:probe:use1 writes /regionshift/pizza/v1/suspects/use1\n"
        "role /regionshift/pizza:probe:use1 writes /regionshift/pizza/v1/tallies/use1\n"
        "add the role /regionshift/pizza:probe:usw2\n"
        "role /regionshift/pizza:probe:usw2 writes /regionshift/pizza/v1/votes/usw2/...\n"
        "role /regionshift/pizza:probe:usw2 writes /regionshift/pizza/v1/suspects/usw2\n"
        "role /regionshift/pizza:probe:usw2 writes /regionshift/pizza/v1/tallies/usw2\n"
        "add the user use1\n"
        "give the user use1 the role /regionshift/pizza:probes\n"
        "give the user use1 the role /regionshift/pizza:probe:use1\n"
        "add the user usw2\n"
        "give the user usw2 the role /regionshift/pizza:probes\n"
        "give the user usw2 the role /regionshift/pizza:probe:usw2\n"
        "add the user root\n"
        "give the user root the role root\n"
        "turn authentication on: every client of this etcd needs a user then\n");
}
END_TEST

START_TEST(each_request_is_what_etcd_understands_byte_for_byte)
{
    static const struct {
        struct access_step step;
        const char *password;
        const char *request;
    } requests[] = {
        {{ACCESS_ADD_ROLE, "p:r", NULL, {0}}, NULL, "/v3/auth/role/add {\"name\":\"p:r\"}"},
        {{ACCESS_GRANT, "p:r", NULL, {ACCESS_WRITE, "YS8=", "YTA="}},
         NULL,
         "/v3/auth/role/grant {\"name\":\"p:r\",\"perm\":{\"permType\":\"WRITE\",\"key\":\"YS8=\","
         "\"range_end\":\"YTA=\"}}"},
        {{ACCESS_GRANT, "p:r", NULL, {ACCESS_READ, "YQ==", ""}},
         NULL,
         "/v3/auth/role/grant "
         "{\"name\":\"p:r\",\"perm\":{\"permType\":\"READ\",\"key\":\"YQ==\"}}"},
        {{ACCESS_REVOKE, "p:r", NULL, {ACCESS_READ, "YS8=", "AA=="}},
         NULL,
         "/v3/auth/role/revoke {\"role\":\"p:r\",\"key\":\"YS8=\",\"range_end\":\"AA==\"}"},
        {{ACCESS_ADD_USER, NULL, "use1", {0}},
         "a\"b\\c",
         "/v3/auth/user/add {\"name\":\"use1\",\"password\":\"a\\u0022b\\u005cc\"}"},
        {{ACCESS_SET_PASSWORD, NULL, "use1", {0}},
         "secret",
         "/v3/auth/user/changepw {\"name\":\"use1\",\"password\":\"secret\"}"},
        {{ACCESS_ADD_USER, NULL, "use1", {0}}, NULL, "/v3/auth/user/add {\"name\":\"use1\"}"},
        {{ACCESS_GIVE_ROLE, "p:r", "use1", {0}},
         NULL,
         "/v3/auth/user/grant {\"user\":\"use1\",\"role\":\"p:r\"}"},
        {{ACCESS_TAKE_ROLE, "p:r", "use1", {0}},
         NULL,
         "/v3/auth/user/revoke {\"name\":\"use1\",\"role\":\"p:r\"}"},
        {{ACCESS_DELETE_ROLE, "p:r", NULL, {0}}, NULL, "/v3/auth/role/delete {\"role\":\"p:r\"}"},
        {{ACCESS_ENABLE, NULL, NULL, {0}}, NULL, "/v3/auth/enable {}"},
    };

    for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++)
        ck_assert_str_eq(request_of(&requests[i].step, requests[i].password), requests[i].request);
}
END_TEST

START_TEST(where_all_is_there_nothing_is_to_be_done)
{
    struct store_access want = wanted(true);
    struct changed changed;
    struct access_plan plan;

    all_there(&changed);
    plan = compare(&want, &changed.access);
    ck_assert_str_eq(lines_of(&plan), "");
}
END_TEST

START_TEST(a_plan_that_broke_off_is_continued_where_it_stood)
{
    struct store_access want = wanted(true);
    struct changed changed;
    struct access_plan plan;

    all_there(&changed);
    changed.access.enabled = false;
    changed.access.user_count = 3; /* root was not added yet */
    changed.users[2].role_count = 1;
    changed.roles[3].permission_count = 2;
    plan = compare(&want, &changed.access);
    ck_assert_str_eq(lines_of(&plan),
                     "role /regionshift/pizza:probe:fra writes /regionshift/pizza/v1/tallies/fra\n"
                     "give the user fra the role /regionshift/pizza:probe:fra\n"
                     "add the user root\n"
                     "give the user root the role root\n"
                     "turn authentication on: every client of this etcd needs a user then\n");
}
END_TEST

START_TEST(what_a_role_of_ours_holds_besides_is_taken_away)
{
    struct store_access want = wanted(false);
    struct changed changed;
    struct access_permission held[8];
    struct access_plan plan;

    all_there(&changed);
    memcpy(held, changed.roles[1].permissions, 3 * sizeof(*held));
    held[0].may = ACCESS_READWRITE;                                             /* not as wanted */
    held[3] = (struct access_permission){ACCESS_WRITE, "L3JlZ2lvbg==", "AA=="}; /* to the end */
    held[4] = (struct access_permission){ACCESS_READ, "L3g=", "L3k="};
    changed.roles[1].permissions = held;
    changed.roles[1].permission_count = 5;
    plan = compare(&want, &changed.access);
    ck_assert_str_eq(
        lines_of(&plan),
        "role /regionshift/pizza:probe:use1 writes /regionshift/pizza/v1/votes/use1/...\n"
        "role /regionshift/pizza:probe:use1 no longer writes /region up to \\x00\n"
        "role /regionshift/pizza:probe:use1 no longer reads /x...\n");
}
END_TEST

START_TEST(a_key_alone_is_not_all_that_begins_with_it)
{
    struct store_access want = wanted(false);
    struct changed changed;
    struct access_permission held[3];
    struct access_plan plan;

    all_there(&changed);
    memcpy(held, changed.roles[1].permissions, sizeof(held));
    held[0].range_end = "";
    changed.roles[1].permissions = held;
    plan = compare(&want, &changed.access);
    ck_assert_str_eq(
        lines_of(&plan),
        "role /regionshift/pizza:probe:use1 writes /regionshift/pizza/v1/votes/use1/...\n"
        "role /regionshift/pizza:probe:use1 no longer writes /regionshift/pizza/v1/votes/use1/\n");
}
END_TEST

START_TEST(a_user_with_the_vote_of_another_loses_it)
{
    static const char *const roles[] = {"/regionshift/pizza:probes",
                                        "/regionshift/pizza:probe:use1",
                                        "/regionshift/pizza:probe:usw2", "backup", "root"};
    struct store_access want = wanted(false);
    struct changed changed;
    struct access_plan plan;

    all_there(&changed);
    changed.users[0].roles = roles;
    changed.users[0].role_count = 5;
    plan = compare(&want, &changed.access);
    ck_assert_str_eq(lines_of(&plan),
                     "take the role /regionshift/pizza:probe:usw2 from the user use1\n"
                     "! user use1 has the role backup, which is not of this installation\n"
                     "! user use1 has the role root: it may do everything, forge votes as well\n");
}
END_TEST

START_TEST(a_probe_that_left_the_electorate_keeps_no_rights)
{
    struct changed changed;
    struct store_access want;
    struct access_plan plan;

    all_there(&changed);
    settings.elector_count = 2;
    want = wanted(false);
    plan = compare(&want, &changed.access);
    ck_assert_str_eq(lines_of(&plan), "take the role /regionshift/pizza:probes from the user fra\n"
                                      "delete the role /regionshift/pizza:probe:fra\n");
}
END_TEST

START_TEST(another_installation_in_the_same_etcd_is_left_alone)
{
    struct store_access want;
    struct changed changed;
    struct access_plan plan;

    settings.store.prefix = "/regionshift/burger/";
    all_there(&changed);
    settings.store.prefix = "/regionshift/pizza/";
    settings.elector_count = 1;
    want = wanted(false);
    plan = compare(&want, &changed.access);
    ck_assert_str_eq(
        lines_of(&plan),
        "add the role /regionshift/pizza:probes\n"
        "role /regionshift/pizza:probes reads /regionshift/pizza/...\n"
        "role /regionshift/pizza:probes writes /regionshift/pizza/v1/decisions/...\n"
        "role /regionshift/pizza:probes writes /regionshift/pizza/v1/journal/...\n"
        "role /regionshift/pizza:probes writes /regionshift/pizza/v1/orders/...\n"
        "role /regionshift/pizza:probes writes /regionshift/pizza/v1/budget\n"
        "role /regionshift/pizza:probes writes /regionshift/pizza/v1/claims/...\n"
        "add the role /regionshift/pizza:probe:use1\n"
        "role /regionshift/pizza:probe:use1 writes /regionshift/pizza/v1/votes/use1/...\n"
        "role /regionshift/pizza:probe:use1 writes /regionshift/pizza/v1/suspects/use1\n"
        "role /regionshift/pizza:probe:use1 writes /regionshift/pizza/v1/tallies/use1\n"
        "give the user use1 the role /regionshift/pizza:probes\n"
        "give the user use1 the role /regionshift/pizza:probe:use1\n"
        "! user use1 has the role /regionshift/burger:probes, which is not of this installation\n"
        "! user use1 has the role /regionshift/burger:probe:use1, which is not of this "
        "installation\n");
}
END_TEST

START_TEST(a_password_that_is_not_the_one_in_hand_is_set)
{
    struct store_access want = wanted(true);
    struct changed changed;
    struct access_plan plan;

    all_there(&changed);
    changed.users[1].other_password = true;
    plan = compare(&want, &changed.access);
    ck_assert_str_eq(lines_of(&plan), "set the password of the user usw2\n");
    ck_assert(access_step_has_password(&plan.steps[0]));
}
END_TEST

/* As etcd 3.4.23 answers. */
#define HEADER                                                                                     \
    "{\"header\":{\"cluster_id\":\"10144879847569953045\",\"member_id\":\"1\",\"revision\":\"1\"," \
    "\"raft_term\":\"2\"}"

START_TEST(lists_of_etcd_are_read_and_nothing_is_an_empty_list)
{
    static const char two[] = HEADER ",\"users\":[\"fra\",\"use1\"]}";
    static const char none[] = HEADER "}";
    const char *const *names;
    char error[256];
    size_t count;

    ck_assert_int_eq(
        access_read_names(two, strlen(two), "users", pool, &names, &count, error, sizeof(error)),
        0);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(names[0], "fra");
    ck_assert_str_eq(names[1], "use1");
    ck_assert_int_eq(
        access_read_names(none, strlen(none), "users", pool, &names, &count, error, sizeof(error)),
        0);
    ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(a_role_is_read_with_what_etcd_leaves_out)
{
    static const char body[] = HEADER
        ",\"perm\":[{\"key\":\"L3JzLw==\",\"range_end\":\"L3JzMA==\"},{\"permType\":\"WRITE\","
        "\"key\":\"L3JzL3g=\"},{\"permType\":\"READWRITE\",\"key\":\"L3k=\"}]}";
    struct access_role role = {.name = "r"};
    char error[256];

    ck_assert_int_eq(access_read_role(body, strlen(body), pool, &role, error, sizeof(error)), 0);
    ck_assert_uint_eq(role.permission_count, 3);
    ck_assert_int_eq(role.permissions[0].may, ACCESS_READ);
    ck_assert_str_eq(role.permissions[0].key, "L3JzLw==");
    ck_assert_str_eq(role.permissions[0].range_end, "L3JzMA==");
    ck_assert_int_eq(role.permissions[1].may, ACCESS_WRITE);
    ck_assert_str_eq(role.permissions[1].range_end, "");
    ck_assert_int_eq(role.permissions[2].may, ACCESS_READWRITE);
}
END_TEST

START_TEST(an_answer_that_makes_no_sense_is_refused_with_its_place)
{
    static const struct {
        const char *body;
        const char *error;
    } answers[] = {
        {"", "answer"},
        {"<html>", "answer"},
        {"{\"users\":7}", "answer: users"},
        {"{\"users\":[7]}", "answer: users: not names"},
        {"{\"users\":[\"a\\u0000b\"]}", "answer"},
    };
    static const char role_body[] = "{\"perm\":[{\"permType\":\"OWN\",\"key\":\"YQ==\"}]}";
    struct access_role role = {.name = "r"};
    char error[256] = "";

    for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
        const char *const *names = NULL;
        size_t count = 77;

        ck_assert_int_eq(access_read_names(answers[i].body, strlen(answers[i].body), "users", pool,
                                           &names, &count, error, sizeof(error)),
                         -1);
        ck_assert_msg(strncmp(error, answers[i].error, strlen(answers[i].error)) == 0, "%s", error);
        ck_assert_uint_eq(count, 77);
    }
    ck_assert_int_eq(
        access_read_role(role_body, strlen(role_body), pool, &role, error, sizeof(error)), -1);
    ck_assert_str_eq(error, "perm: permType: \"OWN\"; READ, WRITE or READWRITE is known");
    ck_assert_uint_eq(role.permission_count, 0);
}
END_TEST

START_TEST(without_memory_nothing_is_half_made)
{
    for (size_t limit = 0; limit < 6000; limit += 40) {
        struct pool *small = pool_create(limit);
        struct store_access want = {.role_count = 77};

        ck_assert_ptr_nonnull(small);
        if (access_want(&settings, true, small, &want) < 0)
            ck_assert_uint_eq(want.role_count, 77);
        else
            ck_assert_uint_eq(want.role_count, 4);
        pool_destroy(small);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store_access");
    TCase *tests = tcase_create("users and roles");

    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, an_empty_etcd_gets_roles_first_then_users_and_is_locked_last);
    tcase_add_test(tests, each_request_is_what_etcd_understands_byte_for_byte);
    tcase_add_test(tests, where_all_is_there_nothing_is_to_be_done);
    tcase_add_test(tests, a_plan_that_broke_off_is_continued_where_it_stood);
    tcase_add_test(tests, what_a_role_of_ours_holds_besides_is_taken_away);
    tcase_add_test(tests, a_key_alone_is_not_all_that_begins_with_it);
    tcase_add_test(tests, a_user_with_the_vote_of_another_loses_it);
    tcase_add_test(tests, a_probe_that_left_the_electorate_keeps_no_rights);
    tcase_add_test(tests, another_installation_in_the_same_etcd_is_left_alone);
    tcase_add_test(tests, a_password_that_is_not_the_one_in_hand_is_set);
    tcase_add_test(tests, lists_of_etcd_are_read_and_nothing_is_an_empty_list);
    tcase_add_test(tests, a_role_is_read_with_what_etcd_leaves_out);
    tcase_add_test(tests, an_answer_that_makes_no_sense_is_refused_with_its_place);
    tcase_add_test(tests, without_memory_nothing_is_half_made);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
