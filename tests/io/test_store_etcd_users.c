/* SPDX-License-Identifier: Apache-2.0 */
/* Who may: users and their roles, certificates and their dates. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "etcd_cluster.h"
#include "etcd_proxy.h"
#include "store_world.h"

/* Who is refused tries until the deadline of its call: where all calls are refused it is short. */
enum { TIMEOUT_MS = 3000, PATH_SIZE = 320 };

static struct cluster cluster;
static struct world world;
static struct store_settings wanted; /* of the stores opened next */
static const char *endpoints[CLUSTER_MEMBERS_MAX];

static int open_store(uv_loop_t *loop, const char *owner, msec_t lease_ms, struct store **ret_store)
{
    wanted.lease_ms = lease_ms;
    return store_open(loop, &wanted, owner, ret_store);
}

static const struct store_lab lab = {
    .name = "etcd", .lease_ms = WORLD_LASTING_MS, .open = open_store};

static void begin(void)
{
    world_open(&world, &lab);
    wanted = cluster_settings(&cluster, "/regionshift", endpoints);
}

static void teardown(void)
{
    world_close(&world);
    cluster_destroy(&cluster);
}

/* ---- users ---- */

/* root; use1, who may read all and write its own votes; guest, who may nothing. */
static void make_users(void)
{
    ETCDCTL(&cluster, "user", "add", "root:rootpw");
    ETCDCTL(&cluster, "user", "grant-role", "root", "root");
    ETCDCTL(&cluster, "role", "add", "probe");
    ETCDCTL(&cluster, "role", "grant-permission", "probe", "read", "/regionshift/",
            "/regionshift0");
    ETCDCTL(&cluster, "role", "grant-permission", "probe", "readwrite",
            "/regionshift/v1/votes/use1/", "/regionshift/v1/votes/use10");
    ETCDCTL(&cluster, "user", "add", "use1:secret word");
    ETCDCTL(&cluster, "user", "grant-role", "use1", "probe");
    ETCDCTL(&cluster, "user", "add", "guest:guestpw");
    ETCDCTL(&cluster, "auth", "enable");
    cluster.ctl[0] = "--user";
    cluster.ctl[1] = "root:rootpw";
}

/* A password that costs a member little: it is checked between two writes, which must not wait for
 * it longer than etcd allows. */
static void setup_users(void)
{
    cluster_init(&cluster, 1);
    cluster.arguments[0] = "--bcrypt-cost";
    cluster.arguments[1] = "4";
    cluster_start(&cluster);
    make_users();
    begin();
}

/* How often the member was asked to accept user and password, by its own count. */
static unsigned logins(void)
{
    static const char name[] = "grpc_server_handled_total{grpc_code=\"OK\",grpc_method=\"Auth"
                               "enticate\"";
    char path[512], url[128], line[1024];
    unsigned count = 0;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/metrics", cluster.directory);
    (void)snprintf(url, sizeof(url), "%s/metrics", cluster.members[0].url);
    ck_assert_int_eq(run((const char *const[]){"curl", "-s", "-o", path, url, NULL}, true), 0);
    file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0)
            count = (unsigned)strtoul(strrchr(line, ' '), NULL, 10);
    }
    (void)fclose(file);
    return count;
}

START_TEST(a_probe_writes_its_own_votes_and_nobody_elses)
{
    struct store *use1;

    wanted.password = "secret word"; /* and the user is the probe's name */
    use1 = world_daemon(&world, "use1");
    wrote(renew(&world, use1));
    wrote(put_leased(&world, use1, "v1/votes/use1/pizza", "up"));
    reads(&world, use1, "v1/", "v1/votes/use1/pizza=up ");
    fails(put(&world, use1, "v1/votes/usw2/pizza", "down"), STORE_DENIED, "permission denied");
    fails(delete_key(&world, use1, "v1/votes/usw2/pizza"), STORE_DENIED, "look at store.user");
    reads(&world, use1, "v1/", "v1/votes/use1/pizza=up ");
}
END_TEST

START_TEST(a_wrong_password_is_denied_and_not_repeated_to_anyone)
{
    struct store *use1;
    struct answer_of_store answer;

    wanted.user = "use1";
    wanted.password = "not the secret";
    use1 = world_daemon(&world, "use1");
    answer = get(&world, use1, "");
    ck_assert_ptr_null(strstr(answer.error, "not the secret"));
    fails(answer, STORE_DENIED, "asked to accept user and password");
    fails(put(&world, use1, "v1/votes/use1/pizza", "up"), STORE_DENIED, "authentication failed");
    fails(renew(&world, use1), STORE_DENIED, "");
}
END_TEST

static void on_denied(void *context, enum store_status status, const struct store_view *changes,
                      const char *error)
{
    bool *denied = context;

    ck_assert_ptr_null(changes);
    *denied = *denied || (status == STORE_DENIED && strstr(error, "permission denied") != NULL);
}

START_TEST(a_user_without_a_role_is_denied_by_calls_and_watch)
{
    struct store *guest;
    bool denied = false;

    wanted.user = "guest";
    wanted.password = "guestpw";
    guest = world_daemon(&world, "use1");
    fails(get(&world, guest, "v1/"), STORE_DENIED, "permission denied");
    fails(put(&world, guest, "v1/x", "1"), STORE_DENIED, "permission denied");
    store_watch(guest, "v1/", on_denied, &denied);
    world_wait(&world, &denied, "the watch to be denied");
}
END_TEST

START_TEST(without_a_password_an_etcd_with_users_says_what_is_missing)
{
    struct store *use1 = world_daemon(&world, "use1");

    fails(get(&world, use1, ""), STORE_DENIED, "give store.user and store.password");
    fails(put(&world, use1, "a", "1"), STORE_DENIED, "give store.user and store.password");
}
END_TEST

START_TEST(a_password_that_an_etcd_without_users_does_not_want_is_named)
{
    struct store *use1;

    ETCDCTL(&cluster, "auth", "disable");
    wanted.password = "secret word";
    use1 = world_daemon(&world, "use1");
    fails(get(&world, use1, ""), STORE_DENIED, "take store.user and store.password away");
}
END_TEST

/* Simple tokens are in a member's memory only. */
START_TEST(a_member_that_forgot_our_token_is_given_the_password_again)
{
    struct store *use1;
    struct watch_log *log;

    wanted.password = "secret word";
    use1 = world_daemon(&world, "use1");
    log = watch(&world, use1, "");
    wrote(renew(&world, use1));
    wrote(put(&world, use1, "v1/votes/use1/a", "1"));
    will_tell(&world, log, "put v1/votes/use1/a=1;");
    member_kill(&cluster, 0);
    member_start(&cluster, 0);
    member_wait(&cluster, 0);
    wrote(put(&world, use1, "v1/votes/use1/a", "2"));
    reads(&world, use1, "", "v1/votes/use1/a=2 ");
    will_hear(&world, log, "put v1/votes/use1/a=2;");
    wrote(renew(&world, use1));
}
END_TEST

/* Users that are taken away and given back leave no token valid. */
START_TEST(a_write_that_finds_our_token_forgotten_is_written)
{
    struct store *use1;
    unsigned before;

    wanted.password = "secret word";
    use1 = world_daemon(&world, "use1");
    wrote(put(&world, use1, "v1/votes/use1/a", "1"));
    ETCDCTL(&cluster, "auth", "disable");
    ETCDCTL(&cluster, "auth", "enable");
    before = logins();
    wrote(put(&world, use1, "v1/votes/use1/a", "2"));
    ck_assert_uint_eq(logins(), before + 1);
}
END_TEST

START_TEST(a_role_that_changes_while_we_run_is_obeyed_at_once)
{
    struct store *use1;
    struct watch_log *log;

    wanted.password = "secret word";
    use1 = world_daemon(&world, "use1");
    log = watch(&world, use1, "");
    fails(put(&world, use1, "v1/budget", "1"), STORE_DENIED, "");
    ETCDCTL(&cluster, "role", "grant-permission", "probe", "readwrite", "/regionshift/v1/budget");
    wrote(put(&world, use1, "v1/budget", "1"));
    will_hear(&world, log, "put v1/budget=1;");
    ETCDCTL(&cluster, "role", "revoke-permission", "probe", "/regionshift/v1/budget");
    fails(put(&world, use1, "v1/budget", "2"), STORE_DENIED, "");
}
END_TEST

START_TEST(many_calls_at_once_ask_for_one_token)
{
    enum { CALLS = 20 };
    struct answer_of_store answers[CALLS] = {{0}};
    unsigned before = logins();
    struct store *use1;

    wanted.password = "secret word";
    use1 = world_daemon(&world, "use1");
    for (unsigned i = 0; i < CALLS; i++)
        store_get(use1, "", on_view, &answers[i]);
    for (unsigned i = 0; i < CALLS; i++) {
        world_wait(&world, &answers[i].done, "an answer");
        wrote(answers[i]);
    }
    ck_assert_uint_eq(logins(), before + 1);
}
END_TEST

/* A member checks a password to its end, also for somebody who has given up: who asked anew after
 * each deadline would only give it more to do. */
START_TEST(a_token_that_comes_after_the_deadline_of_a_call_is_taken)
{
    unsigned before = logins();
    static struct proxy proxy; /* closed with the world */
    struct store *use1;

    proxy_open(&proxy, &world.loop, cluster.members[0].client_port);
    endpoints[0] = proxy.url;
    wanted.timeout_ms = TIMEOUT_MS;
    wanted.password = "secret word";
    use1 = world_daemon(&world, "use1");
    proxy_set(&proxy, PROXY_HOLDS);
    fails(get(&world, use1, ""), STORE_AWAY, "no token came in time");
    proxy_set(&proxy, PROXY_PASSES);
    will_answer(&world, use1, STORE_OK);
    ck_assert_uint_eq(logins(), before + 1);
    proxy_close(&proxy);
}
END_TEST

/* ---- certificates ---- */

static char ca_file[PATH_SIZE];
static char other_ca_file[PATH_SIZE];
static char server_cert[PATH_SIZE];
static char server_key[PATH_SIZE];
static char client_cert[PATH_SIZE];
static char client_key[PATH_SIZE];
static char named_cert[PATH_SIZE];
static char named_key[PATH_SIZE];
static char old_cert[PATH_SIZE];
static char old_key[PATH_SIZE];

static void in_directory(char out[PATH_SIZE], const char *name)
{
    (void)snprintf(out, PATH_SIZE, "%s/%s", cluster.directory, name);
}

static void make_authority(const char *cert, const char *key)
{
    const char *words[] = {"openssl",
                           "req",
                           "-x509",
                           "-newkey",
                           "ec",
                           "-pkeyopt",
                           "ec_paramgen_curve:P-256",
                           "-nodes",
                           "-days",
                           "2",
                           "-subj",
                           "/CN=authority",
                           "-keyout",
                           key,
                           "-out",
                           cert,
                           NULL};

    ck_assert_int_eq(run(words, false), 0);
}

/* subject "/" has no CN. days -1: it was valid. */
static void make_certificate(const char *cert, const char *key, const char *subject,
                             const char *days)
{
    char request[PATH_SIZE + 8], extensions[PATH_SIZE], authority_key[PATH_SIZE];
    FILE *file;

    (void)snprintf(request, sizeof(request), "%s.csr", cert);
    in_directory(extensions, "extensions");
    in_directory(authority_key, "ca.key");
    file = fopen(extensions, "w");
    ck_assert_ptr_nonnull(file);
    (void)fprintf(file, "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n");
    (void)fclose(file);
    ck_assert_int_eq(
        run((const char *const[]){"openssl", "req", "-new", "-newkey", "ec", "-pkeyopt",
                                  "ec_paramgen_curve:P-256", "-nodes", "-subj", subject, "-keyout",
                                  key, "-out", request, NULL},
            false),
        0);
    ck_assert_int_eq(
        run((const char *const[]){"openssl", "x509", "-req", "-in", request, "-CA", ca_file,
                                  "-CAkey", authority_key, "-CAcreateserial", "-days", days,
                                  "-extfile", extensions, "-out", cert, NULL},
            false),
        0);
}

static void make_certificates(void)
{
    char authority_key[PATH_SIZE];

    in_directory(ca_file, "ca.pem");
    in_directory(authority_key, "ca.key");
    in_directory(other_ca_file, "other.pem");
    in_directory(server_cert, "server.pem");
    in_directory(server_key, "server.key");
    in_directory(client_cert, "client.pem");
    in_directory(client_key, "client.key");
    in_directory(named_cert, "named.pem");
    in_directory(named_key, "named.key");
    in_directory(old_cert, "old.pem");
    in_directory(old_key, "old.key");
    make_authority(ca_file, authority_key);
    make_certificate(server_cert, server_key, "/", "2");
    make_certificate(client_cert, client_key, "/", "2");
    make_certificate(named_cert, named_key, "/CN=use1", "2");
    make_certificate(old_cert, old_key, "/", "-1");
    in_directory(authority_key, "other.key");
    make_authority(other_ca_file, authority_key);
}

static void start_encrypted(const char *cert, const char *key)
{
    const char *const arguments[] = {"--cert-file",       cert,    "--key-file",         key,
                                     "--trusted-ca-file", ca_file, "--client-cert-auth", NULL};
    const char *const ctl[] = {"--cacert", ca_file,    "--cert", client_cert,
                               "--key",    client_key, NULL};

    cluster.scheme = "https";
    memcpy(cluster.arguments, arguments, sizeof(arguments));
    memcpy(cluster.ctl, ctl, sizeof(ctl));
    cluster_start(&cluster);
}

static void setup_encrypted(void)
{
    cluster_init(&cluster, 1);
    make_certificates();
    start_encrypted(server_cert, server_key);
    begin();
    wanted.ca_file = ca_file;
    wanted.cert_file = client_cert;
    wanted.key_file = client_key;
}

START_TEST(all_calls_go_over_tls_with_our_certificate)
{
    struct store *use1 = world_daemon(&world, "use1");
    struct watch_log *log = watch(&world, use1, "");

    wrote(renew(&world, use1));
    wrote(put_leased(&world, use1, "alert", "sent"));
    reads(&world, use1, "", "alert=sent ");
    will_tell(&world, log, "put alert=sent;");
    will_give_back(&world, "usw2", use1, log);
}
END_TEST

START_TEST(user_and_password_work_with_a_certificate_without_a_name)
{
    struct store *use1;

    ETCDCTL(&cluster, "user", "add", "root:rootpw");
    ETCDCTL(&cluster, "user", "grant-role", "root", "root");
    ETCDCTL(&cluster, "auth", "enable");
    wanted.user = "root";
    wanted.password = "rootpw";
    use1 = world_daemon(&world, "use1");
    wrote(put(&world, use1, "a", "1"));
    wanted.cert_file = named_cert;
    wanted.key_file = named_key;
    fails(get(&world, world_daemon(&world, "usw2"), ""), STORE_DENIED, "with an empty CN");
}
END_TEST

START_TEST(a_member_of_another_authority_is_not_believed)
{
    struct store *use1;

    wanted.timeout_ms = TIMEOUT_MS;
    wanted.ca_file = other_ca_file;
    use1 = world_daemon(&world, "use1");
    will_fail(&world, use1, put_a, STORE_AWAY, "store.ca_file is not the authority");
}
END_TEST

START_TEST(without_our_certificate_the_member_refuses)
{
    struct store *use1;

    wanted.timeout_ms = TIMEOUT_MS;
    wanted.cert_file = "";
    wanted.key_file = "";
    use1 = world_daemon(&world, "use1");
    will_fail(&world, use1, get_all, STORE_AWAY, "store.cert_file");
}
END_TEST

START_TEST(our_certificate_past_its_date_is_named)
{
    struct store *use1;

    wanted.timeout_ms = TIMEOUT_MS;
    wanted.cert_file = old_cert;
    wanted.key_file = old_key;
    use1 = world_daemon(&world, "use1");
    will_fail(&world, use1, get_all, STORE_AWAY, "store.cert_file");
}
END_TEST

START_TEST(a_file_that_is_not_there_is_named_and_may_come)
{
    char later[PATH_SIZE + 8];
    struct store *use1;

    (void)snprintf(later, sizeof(later), "%s.later", client_key);
    wanted.key_file = later;
    use1 = world_daemon(&world, "use1");
    fails(get(&world, use1, ""), STORE_AWAY, later);
    ck_assert_int_eq(run((const char *const[]){"cp", client_key, later, NULL}, true), 0);
    wrote(put(&world, use1, "a", "1"));
}
END_TEST

START_TEST(a_member_whose_certificate_is_past_its_date_is_away_until_it_has_a_new_one)
{
    struct store *use1;
    struct watch_log *log;

    wanted.timeout_ms = TIMEOUT_MS;
    use1 = world_daemon(&world, "use1");
    log = watch(&world, use1, "");
    will_write(&world, use1, "a", "1");
    will_hear(&world, log, "put a=1;");
    member_kill(&cluster, 0);
    ck_assert_int_eq(run((const char *const[]){"cp", old_cert, server_cert, NULL}, true), 0);
    ck_assert_int_eq(run((const char *const[]){"cp", old_key, server_key, NULL}, true), 0);
    member_start(&cluster, 0);
    will_answer(&world, use1, STORE_AWAY);
    will_fail(&world, use1, get_all, STORE_AWAY, "certificate has expired");
    will_hear(&world, log, "away;");
    member_kill(&cluster, 0);
    make_certificate(server_cert, server_key, "/", "2");
    member_start(&cluster, 0);
    will_answer(&world, use1, STORE_OK);
    will_hear(&world, log, "again;");
    will_write(&world, use1, "a", "2");
    will_hear(&world, log, "put a=2;");
}
END_TEST

static Suite *suite_of_users(void)
{
    const TTest *const users[] = {a_probe_writes_its_own_votes_and_nobody_elses,
                                  a_wrong_password_is_denied_and_not_repeated_to_anyone,
                                  a_user_without_a_role_is_denied_by_calls_and_watch,
                                  without_a_password_an_etcd_with_users_says_what_is_missing,
                                  a_password_that_an_etcd_without_users_does_not_want_is_named,
                                  a_member_that_forgot_our_token_is_given_the_password_again,
                                  a_write_that_finds_our_token_forgotten_is_written,
                                  a_role_that_changes_while_we_run_is_obeyed_at_once,
                                  many_calls_at_once_ask_for_one_token,
                                  a_token_that_comes_after_the_deadline_of_a_call_is_taken};
    const TTest *const certificates[] = {
        all_calls_go_over_tls_with_our_certificate,
        user_and_password_work_with_a_certificate_without_a_name,
        a_member_of_another_authority_is_not_believed,
        without_our_certificate_the_member_refuses,
        our_certificate_past_its_date_is_named,
        a_file_that_is_not_there_is_named_and_may_come,
        a_member_whose_certificate_is_past_its_date_is_away_until_it_has_a_new_one};
    Suite *suite = suite_create("etcd users");

    cluster_add_tests(suite, "users", setup_users, teardown, users, sizeof(users) / sizeof(*users));
    cluster_add_tests(suite, "certificates", setup_encrypted, teardown, certificates,
                      sizeof(certificates) / sizeof(*certificates));
    return suite;
}

int main(void)
{
    return cluster_run(suite_of_users(), NULL, NULL);
}
