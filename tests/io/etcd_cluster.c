/* SPDX-License-Identifier: Apache-2.0 */
#include "etcd_cluster.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ANSWERS_WITHIN_TRIES = 300,
    BETWEEN_TRIES_US = 50 * 1000,
    WORDS_MAX = 64,
    CASE_S = 120 /* a test waits for deadlines, elections, leases */
};

/* Works in a test and before all tests, where Check's own assertions do not. */
static void require(bool holds, const char *what)
{
    if (holds)
        return;
    (void)fprintf(stderr, "etcd_cluster: %s: %s\n", what, strerror(errno));
    abort();
}

/* ---- programs ---- */

/* Ends with its parent: a test that is killed leaves no server behind. */
static pid_t start(const char *const *words, const char *output)
{
    pid_t parent = getpid();
    pid_t child = fork();

    require(child >= 0, "fork");
    if (child == 0) {
        int file = open(output, O_WRONLY | O_CREAT | O_APPEND, 0600);

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (file < 0 || getppid() != parent)
            _exit(126);
        (void)dup2(file, STDOUT_FILENO);
        (void)dup2(file, STDERR_FILENO);
        (void)setenv("ETCDCTL_API", "3", 1);
        (void)execvp(words[0], (char *const *)(uintptr_t)words);
        _exit(127);
    }
    return child;
}

int run(const char *const *words, bool loud)
{
    int status = 0;
    pid_t child = start(words, loud ? "/dev/stderr" : "/dev/null");

    require(waitpid(child, &status, 0) == child, "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool cluster_is_possible(void)
{
    return run((const char *const[]){"etcd", "--version", NULL}, false) == 0 &&
           run((const char *const[]){"etcdctl", "version", NULL}, false) == 0;
}

/* All clusters of this program live below it: a test that fails cleans nothing up. */
static char base[128];
static pid_t base_owner;

static int remove_entry(const char *path, const struct stat *state, int kind, struct FTW *walk)
{
    (void)state;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void remove_base(void)
{
    if (getpid() == base_owner) /* and not a test, which is a child of it */
        (void)nftw(base, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void make_base(void)
{
    const char *directory = getenv("TMPDIR");

    (void)snprintf(base, sizeof(base), "%.100s/regionshift-etcd-XXXXXX",
                   directory == NULL ? "/tmp" : directory);
    require(mkdtemp(base) != NULL, base);
    base_owner = getpid();
    (void)atexit(remove_base);
}

void cluster_or_skip(void)
{
    if (cluster_is_possible()) {
        make_base();
        return;
    }
    (void)fprintf(stderr, "skipped: etcd and etcdctl are not on the PATH; ./quickstart unpacks "
                          "them, or install etcd-server and etcd-client\n");
    exit(77);
}

unsigned free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    require(listener >= 0, "socket");
    require(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0, "bind");
    require(getsockname(listener, (struct sockaddr *)&address, &length) == 0, "getsockname");
    (void)close(listener);
    return ntohs(address.sin_port);
}

/* ---- members ---- */

static void add(const char **words, size_t *count, const char *word)
{
    require(*count < WORDS_MAX - 1, "too many words");
    words[(*count)++] = word;
    words[*count] = NULL;
}

static void add_all(const char **words, size_t *count, const char *const *more)
{
    for (; *more != NULL; more++)
        add(words, count, *more);
}

void member_start(struct cluster *cluster, unsigned index)
{
    struct cluster_member *member = &cluster->members[index];
    const char *words[WORDS_MAX];
    char name[16], data[320], log[320], peer[64];
    size_t count = 0;

    (void)snprintf(name, sizeof(name), "m%u", index);
    (void)snprintf(data, sizeof(data), "%s/m%u", cluster->directory, index);
    (void)snprintf(log, sizeof(log), "%s/m%u.log", cluster->directory, index);
    (void)snprintf(peer, sizeof(peer), "http://127.0.0.1:%u", member->peer_port);
    add_all(words, &count,
            (const char *const[]){"etcd",
                                  "--name",
                                  name,
                                  "--data-dir",
                                  data,
                                  "--listen-client-urls",
                                  member->url,
                                  "--advertise-client-urls",
                                  member->url,
                                  "--listen-peer-urls",
                                  peer,
                                  "--initial-advertise-peer-urls",
                                  peer,
                                  "--initial-cluster",
                                  cluster->initial,
                                  "--heartbeat-interval",
                                  "50",
                                  "--election-timeout",
                                  "500",
                                  "--pre-vote",
                                  NULL});
    add_all(words, &count, cluster->arguments);
    member->pid = start(words, log);
}

static int endpoint_health(struct cluster *cluster, unsigned index)
{
    const char *words[WORDS_MAX];
    size_t count = 0;

    add_all(words, &count,
            (const char *const[]){"etcdctl", "--endpoints", cluster->members[index].url, NULL});
    add_all(words, &count, cluster->ctl);
    add_all(words, &count, (const char *const[]){"endpoint", "health", NULL});
    return run(words, false);
}

void member_wait(struct cluster *cluster, unsigned index)
{
    for (unsigned i = 0; i < ANSWERS_WITHIN_TRIES; i++) {
        if (endpoint_health(cluster, index) == 0)
            return;
        (void)usleep(BETWEEN_TRIES_US);
    }
    (void)fprintf(stderr, "etcd_cluster: its log: %s/m%u.log\n", cluster->directory, index);
    require(false, "a member does not answer");
}

/* The state letter of a process, as ps shows it. */
static char state_of(pid_t pid)
{
    char path[64], line[256] = "";
    char *end;
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    file = fopen(path, "r");
    require(file != NULL, path);
    require(fgets(line, sizeof(line), file) != NULL, path);
    (void)fclose(file);
    end = strrchr(line, ')');
    require(end != NULL && strlen(end) > 2, path);
    return end[2];
}

/* Who is told to stand still goes on until its threads have heard of it. */
static void wait_until_stopped(pid_t pid)
{
    for (unsigned i = 0; i < ANSWERS_WITHIN_TRIES && state_of(pid) != 'T'; i++)
        (void)usleep(1000);
    require(state_of(pid) == 'T', "the member does not stand still");
}

void member_signal(struct cluster *cluster, unsigned index, int number)
{
    require(cluster->members[index].pid > 0, "the member does not run");
    require(kill(cluster->members[index].pid, number) == 0, "kill");
    if (number == SIGSTOP)
        wait_until_stopped(cluster->members[index].pid);
}

void member_kill(struct cluster *cluster, unsigned index)
{
    member_signal(cluster, index, SIGKILL);
    (void)waitpid(cluster->members[index].pid, NULL, 0);
    cluster->members[index].pid = 0;
}

void etcdctl(struct cluster *cluster, const char *const *words)
{
    const char *all[WORDS_MAX];
    size_t count = 0;

    add_all(all, &count,
            (const char *const[]){"etcdctl", "--endpoints", cluster->members[0].url, NULL});
    add_all(all, &count, cluster->ctl);
    add_all(all, &count, words);
    if (run(all, false) != 0)
        require(run(all, true) == 0, words[0]);
}

/* ---- clusters ---- */

void cluster_init(struct cluster *cluster, unsigned count)
{
    size_t length = 0;

    *cluster = (struct cluster){.count = count, .scheme = "http"};
    (void)snprintf(cluster->directory, sizeof(cluster->directory), "%s/cluster-XXXXXX", base);
    require(mkdtemp(cluster->directory) != NULL, cluster->directory);
    for (unsigned i = 0; i < count; i++) {
        struct cluster_member *member = &cluster->members[i];

        member->client_port = free_port();
        member->peer_port = free_port();
        length +=
            (size_t)snprintf(cluster->initial + length, sizeof(cluster->initial) - length,
                             "%sm%u=http://127.0.0.1:%u", i > 0 ? "," : "", i, member->peer_port);
    }
}

void cluster_start(struct cluster *cluster)
{
    for (unsigned i = 0; i < cluster->count; i++) {
        (void)snprintf(cluster->members[i].url, sizeof(cluster->members[i].url),
                       "%s://127.0.0.1:%u", cluster->scheme, cluster->members[i].client_port);
        member_start(cluster, i);
    }
    for (unsigned i = 0; i < cluster->count; i++)
        member_wait(cluster, i);
}

void cluster_destroy(struct cluster *cluster)
{
    for (unsigned i = 0; i < cluster->count; i++) {
        if (cluster->members[i].pid > 0)
            member_kill(cluster, i);
    }
    (void)nftw(cluster->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

struct store_settings cluster_settings(const struct cluster *cluster, const char *prefix,
                                       const char *ret_endpoints[CLUSTER_MEMBERS_MAX])
{
    for (unsigned i = 0; i < cluster->count; i++)
        ret_endpoints[i] = cluster->members[i].url;
    return (struct store_settings){.kind = STORE_ETCD,
                                   .prefix = prefix,
                                   .endpoints = ret_endpoints,
                                   .endpoint_count = cluster->count,
                                   .path = "",
                                   .ca_file = "",
                                   .cert_file = "",
                                   .key_file = "",
                                   .user = "",
                                   .password = "",
                                   .timeout_ms = 10 * 1000,
                                   .lease_ms = 1000};
}

/* ---- test cases ---- */

void cluster_add_tests(Suite *suite, const char *name, SFun set_up, SFun tear_down,
                       const TTest *const *tests, size_t count)
{
    TCase *tcase = tcase_create(name);

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, CASE_S);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
}
