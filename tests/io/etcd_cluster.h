/* SPDX-License-Identifier: Apache-2.0 */
/* etcd_cluster.h: real members of etcd on loopback, with data of their own that is removed again.
 * They end with the process that started them, however it ends. What the members of a failed test
 * logged last is printed. */
#ifndef REGIONSHIFT_TESTS_ETCD_CLUSTER_H
#define REGIONSHIFT_TESTS_ETCD_CLUSTER_H

#include <check.h>
#include <stdbool.h>
#include <sys/types.h>

#include "store.h"

enum {
    CLUSTER_MEMBERS_MAX = 3,
    CLUSTER_ARGUMENTS_MAX = 16,
    CLUSTER_TIMEOUT_MS = 30 * 1000 /* of a call, where a test is not about deadlines */
};

struct cluster_member {
    pid_t pid; /* 0: it does not run */
    unsigned client_port;
    unsigned peer_port;
    int client_holder; /* sockets that keep the ports for it, also while it does not run */
    int peer_holder;
    char url[64];
};

struct cluster {
    unsigned count;
    struct cluster_member members[CLUSTER_MEMBERS_MAX];
    char directory[256];
    char initial[512]; /* --initial-cluster */
    const char *scheme;
    const char *arguments[CLUSTER_ARGUMENTS_MAX]; /* of each member, besides; ends with NULL */
    const char *ctl[CLUSTER_ARGUMENTS_MAX];       /* of etcdctl, besides; ends with NULL */
};

/* Makes the directory and takes ports, which nobody else gets until the cluster is destroyed;
 * nothing runs yet. */
void cluster_init(struct cluster *cluster, unsigned count);
/* Starts all and waits until they answer. */
void cluster_start(struct cluster *cluster);
void cluster_destroy(struct cluster *cluster);

void member_start(struct cluster *cluster, unsigned index);
void member_wait(struct cluster *cluster, unsigned index); /* until it answers */
void member_kill(struct cluster *cluster, unsigned index); /* SIGKILL, and waits */
void member_signal(struct cluster *cluster, unsigned index, int number);

/* Runs etcdctl with these words at the first member, or at `index`; fails the test unless it exits
 * with 0. Words end with NULL. */
void etcdctl(struct cluster *cluster, const char *const *words);
#define ETCDCTL(cluster, ...) etcdctl(cluster, (const char *const[]){__VA_ARGS__, NULL})

/* Runs a program and waits; its exit status. What it says is shown only if `loud`. */
int run(const char *const *words, bool loud);

/* The whole of a main(): `begin` and `end`, which may be NULL, stand around all tests. Says so and
 * exits 77, "skipped", where members are not possible. */
int cluster_run(Suite *suite, void (*begin)(void), void (*end)(void));

/* Adds a test case of these tests, each between `set_up` and `tear_down`. */
void cluster_add_tests(Suite *suite, const char *name, SFun set_up, SFun tear_down,
                       const TTest *const *tests, size_t count);

/* Settings for a store there; endpoints point into the cluster and ret_endpoints. */
struct store_settings cluster_settings(const struct cluster *cluster, const char *prefix,
                                       const char *ret_endpoints[CLUSTER_MEMBERS_MAX]);

#endif
