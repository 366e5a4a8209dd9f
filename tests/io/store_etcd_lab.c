/* SPDX-License-Identifier: Apache-2.0 */
#include "store_etcd_lab.h"

#include <stdio.h>
#include <unistd.h>

static struct cluster cluster;
static char prefix[64];

void etcd_lab_begin(void)
{
    cluster_init(&cluster, 1);
    cluster_start(&cluster);
}

void etcd_lab_end(void)
{
    cluster_destroy(&cluster);
}

/* Each test is a process of its own. */
static void setup(void)
{
    (void)snprintf(prefix, sizeof(prefix), "/test-%d", (int)getpid());
}

static void teardown(void)
{
}

static int open_store(uv_loop_t *loop, const char *owner, msec_t lease_ms, struct store **ret_store)
{
    const char *endpoints[CLUSTER_MEMBERS_MAX];
    struct store_settings settings = cluster_settings(&cluster, prefix, endpoints);

    settings.lease_ms = lease_ms;
    return store_open(loop, &settings, owner, ret_store);
}

static void on_time(uv_timer_t *timer)
{
    uv_close((uv_handle_t *)timer, NULL);
}

/* etcd's own clock times its leases: time really passes. */
static void pass_time(uv_loop_t *loop, msec_t ms)
{
    uv_timer_t timer;

    (void)uv_timer_init(loop, &timer);
    uv_update_time(loop);
    (void)uv_timer_start(&timer, on_time, (uint64_t)ms, 0);
    while (uv_is_active((uv_handle_t *)&timer))
        (void)uv_run(loop, UV_RUN_ONCE);
    (void)uv_run(loop, UV_RUN_NOWAIT); /* closes it */
}

/* The shortest lease that etcd grants with the member's election timeout. */
const struct store_lab etcd_lab = {.name = "etcd",
                                   .lease_ms = 1000,
                                   .setup = setup,
                                   .teardown = teardown,
                                   .open = open_store,
                                   .pass_time = pass_time};
