/* SPDX-License-Identifier: Apache-2.0 */
#include "etcd_cluster.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "../lib/suite.h"

enum {
    PATIENCE_S = 120, /* for a member to start or to stop; a slow machine has it */
    BETWEEN_TRIES_US = 50 * 1000,
    BETWEEN_LOOKS_US = 1000,
    WORDS_MAX = 64,
    CASE_S = 900,    /* for what hangs; each wait within a test has an end of its own */
    ROOM_MB = 2048,  /* a member lays out 128 MB of log at once, and several tests run at once */
    TOLD_LINES = 15, /* of a log, to the reader of a failure */
    TOLD_COLUMNS = 300
};

/* All clusters of this program live below it: a test that fails cleans nothing up. */
static char base[128];
static pid_t base_owner;

static void tell_logs(void);

/* Works in a test and before all tests, where Check's own assertions do not. */
static void require(bool holds, const char *what)
{
    if (holds)
        return;
    (void)fprintf(stderr, "etcd_cluster: %s: %s\n", what, strerror(errno));
    if (getpid() != base_owner)
        abort(); /* a test, and Check goes on */
    tell_logs();
    exit(EXIT_FAILURE);
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

static int run_into(const char *const *words, const char *output)
{
    int status = 0;
    pid_t child = start(words, output);

    require(waitpid(child, &status, 0) == child, "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int run(const char *const *words, bool loud)
{
    return run_into(words, loud ? "/dev/stderr" : "/dev/null");
}

/* Whether the programs etcd and etcdctl are on the PATH. */
static bool cluster_is_possible(void)
{
    return run((const char *const[]){"etcd", "--version", NULL}, false) == 0 &&
           run((const char *const[]){"etcdctl", "version", NULL}, false) == 0;
}

/* ---- where they live ---- */

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

static bool has_room(const char *directory)
{
    struct statvfs state;

    return statvfs(directory, &state) == 0 &&
           state.f_bavail / 1024 * state.f_frsize / 1024 >= ROOM_MB;
}

/* TMPDIR may be a small memory disk, on which members would end for want of room. */
static void make_base(void)
{
    const char *wanted = getenv("TMPDIR");
    const char *directory = wanted == NULL ? "/tmp" : wanted;

    if (!has_room(directory) && has_room("/tmp"))
        directory = "/tmp";
    (void)snprintf(base, sizeof(base), "%.100s/regionshift-etcd-XXXXXX", directory);
    require(mkdtemp(base) != NULL, base);
    base_owner = getpid();
    (void)atexit(remove_base);
}

/* The last lines of a log. */
static void tell_log(const char *path)
{
    char lines[TOLD_LINES][TOLD_COLUMNS];
    unsigned long count = 0;
    FILE *file = fopen(path, "r");

    if (file == NULL)
        return;
    while (fgets(lines[count % TOLD_LINES], TOLD_COLUMNS, file) != NULL)
        count++;
    (void)fclose(file);
    (void)fprintf(stderr, "---- %s\n", path);
    for (unsigned long i = count < TOLD_LINES ? 0 : count - TOLD_LINES; i < count; i++) {
        const char *line = lines[i % TOLD_LINES];

        (void)fprintf(stderr, "%s%s", line, strchr(line, '\n') == NULL ? "\n" : "");
    }
}

/* Of the clusters that are left: those of failed tests, and the one that all tests shared. */
static void tell_logs(void)
{
    char pattern[sizeof(base) + 16];
    glob_t found;

    (void)snprintf(pattern, sizeof(pattern), "%s/*/*.log", base);
    if (glob(pattern, 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++)
        tell_log(found.gl_pathv[i]);
    globfree(&found);
}

static void cluster_or_skip(void)
{
    if (cluster_is_possible()) {
        make_base();
        return;
    }
    (void)fprintf(stderr, "skipped: etcd and etcdctl are not on the PATH; ./quickstart unpacks "
                          "them, or install etcd-server and etcd-client\n");
    exit(77);
}

/* ---- members ---- */

/* A port for a member. The socket keeps it: it is bound and does not listen, so the member, which
 * reuses addresses as it does, may listen there, and the kernel gives it to nobody else. */
static unsigned take_port(int *ret_holder)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int holder = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int yes = 1;

    require(holder >= 0, "socket");
    require(setsockopt(holder, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0, "setsockopt");
    require(bind(holder, (struct sockaddr *)&address, sizeof(address)) == 0, "bind");
    require(getsockname(holder, (struct sockaddr *)&address, &length) == 0, "getsockname");
    *ret_holder = holder;
    return ntohs(address.sin_port);
}

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
    bool is_alone =
        cluster->count == 1; /* else elections need more time than a busy machine takes */
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
                                  is_alone ? "50" : "100",
                                  "--election-timeout",
                                  is_alone ? "500" : "1500",
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

/* Waits until `holds`, and fails the test when patience ends. */
static void wait_until(bool (*holds)(const void *context), const void *context, useconds_t pause_us,
                       const char *what)
{
    uint64_t began_ns = uv_hrtime();

    while (!holds(context)) {
        require(uv_hrtime() - began_ns < (uint64_t)PATIENCE_S * 1000000000, what);
        (void)usleep(pause_us);
    }
}

struct member_of {
    struct cluster *cluster;
    unsigned index;
};

static bool answers(const void *context)
{
    const struct member_of *it = context;

    return endpoint_health(it->cluster, it->index) == 0;
}

void member_wait(struct cluster *cluster, unsigned index)
{
    struct member_of it = {cluster, index};

    wait_until(answers, &it, BETWEEN_TRIES_US, "a member does not answer");
}

/* The state letter of a thread, as ps shows it; 'X': it is no more. */
static char state_of(const char *threads, const char *id)
{
    char path[320], line[256] = "";
    char *end;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%.40s/%.255s/stat", threads, id);
    file = fopen(path, "r");
    if (file == NULL || fgets(line, sizeof(line), file) == NULL)
        (void)snprintf(line, sizeof(line), ") X");
    if (file != NULL)
        (void)fclose(file);
    end = strrchr(line, ')');
    require(end != NULL && strlen(end) > 2, path);
    return end[2];
}

/* Who is told to stand still goes on until each of its threads has heard of it. */
static bool is_stopped(const void *context)
{
    char path[64];
    struct dirent *entry;
    bool all = true;
    DIR *threads;

    (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)*(const pid_t *)context);
    threads = opendir(path);
    require(threads != NULL, path);
    while ((entry = readdir(threads)) != NULL) {
        if (entry->d_name[0] != '.')
            all = all && strchr("TX", state_of(path, entry->d_name)) != NULL;
    }
    (void)closedir(threads);
    return all;
}

void member_signal(struct cluster *cluster, unsigned index, int number)
{
    require(cluster->members[index].pid > 0, "the member does not run");
    require(kill(cluster->members[index].pid, number) == 0, "kill");
    if (number == SIGSTOP)
        wait_until(is_stopped, &cluster->members[index].pid, BETWEEN_LOOKS_US,
                   "the member does not stand still");
}

void member_kill(struct cluster *cluster, unsigned index)
{
    member_signal(cluster, index, SIGKILL);
    (void)waitpid(cluster->members[index].pid, NULL, 0);
    cluster->members[index].pid = 0;
}

/* Once: the most of what it does must not be done twice. */
void etcdctl(struct cluster *cluster, const char *const *words)
{
    const char *all[WORDS_MAX];
    char output[320];
    size_t count = 0;

    (void)snprintf(output, sizeof(output), "%s/etcdctl.log", cluster->directory);
    add_all(all, &count,
            (const char *const[]){"etcdctl", "--dial-timeout", "60s", "--command-timeout", "60s",
                                  "--endpoints", cluster->members[0].url, NULL});
    add_all(all, &count, cluster->ctl);
    add_all(all, &count, words);
    require(run_into(all, output) == 0, words[0]);
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

        member->client_port = take_port(&member->client_holder);
        member->peer_port = take_port(&member->peer_holder);
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
        (void)close(cluster->members[i].client_holder);
        (void)close(cluster->members[i].peer_holder);
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
                                   .timeout_ms = CLUSTER_TIMEOUT_MS,
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

int cluster_run(Suite *suite, void (*begin)(void), void (*end)(void))
{
    int status;

    (void)signal(SIGPIPE, SIG_IGN); /* as the daemon does */
    cluster_or_skip();
    if (begin != NULL)
        begin();
    status = run_suite(suite);
    if (status != EXIT_SUCCESS)
        tell_logs();
    if (end != NULL)
        end();
    return status;
}
