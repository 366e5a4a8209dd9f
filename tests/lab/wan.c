// SPDX-License-Identifier: Apache-2.0
/* wan: a wide area network between network namespaces, for kernels without netem.
 *
 *     wan SOCKET HOST=NAMESPACE=ADDRESS[,ADDRESS...]...
 *
 * Opens a TUN device "wan0" in each namespace and keeps its descriptor; what a host sends comes out
 * of one, waits as long as its link says, and goes into another. Commands come as datagrams to the
 * unix socket SOCKET (wan_words.c has them) and are answered to the sender. It says "ready" when
 * the devices exist, and ends with its standard input, so that it outlives nobody. */
#include "wan_links.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    PACKETS_AT_ONCE = 64,      /* of one host, before the others get their turn */
    COMMANDS_MAX_BYTES = 8191, /* of one datagram */
    US_IN_S = 1000000,
    NS_IN_US = 1000,
    /* what epoll says is ready: a host by its number, or one of these */
    READY_CONTROL = WAN_HOSTS_MAX,
    READY_TIMER,
    READY_INPUT
};

struct wan {
    struct wan_links *links;
    int devices[WAN_HOSTS_MAX];
    uint32_t device_count;
    int epoll;
    int timer;
    int control;
    const char *socket_path;
    bool is_bound;
};

static int fail(const char *what, const char *which)
{
    fprintf(stderr, "wan: %s %s: %s\n", what, which, strerror(errno));
    return -1;
}

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * US_IN_S + (uint64_t)now.tv_nsec / NS_IN_US;
}

/* ---- setting up ---- */

static int watch(struct wan *wan, int descriptor, uint32_t ready)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = ready};

    return epoll_ctl(wan->epoll, EPOLL_CTL_ADD, descriptor, &event);
}

/* A TUN device belongs to the namespace in which it was made, its descriptor to us. */
static int open_device(const char *namespace, int *ret_device)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI, .ifr_name = "wan0"};
    int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    int there = -1;
    int device = -1;
    char path[128];
    int r = -1;

    snprintf(path, sizeof path, "/run/netns/%s", namespace);
    there = open(path, O_RDONLY | O_CLOEXEC);
    if (own < 0 || there < 0 || setns(there, CLONE_NEWNET) < 0) {
        fail("cannot enter the namespace", path);
        goto out;
    }
    device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    r = device < 0 || ioctl(device, TUNSETIFF, &request) < 0
            ? fail("cannot make a TUN device in", namespace)
            : 0;
    if (setns(own, CLONE_NEWNET) < 0)
        r = fail("cannot come back from", namespace);
out:
    if (r < 0 && device >= 0)
        close(device);
    if (there >= 0)
        close(there);
    if (own >= 0)
        close(own);
    if (r == 0)
        *ret_device = device;
    return r;
}

/* HOST=NAMESPACE=ADDRESSES */
static int add_host(struct wan *wan, char *text)
{
    char *namespace = strchr(text, '=');
    char *addresses = namespace ? strchr(namespace + 1, '=') : NULL;
    const char *wrong = NULL;
    int device = -1;

    if (!addresses) {
        fprintf(stderr, "wan: '%s': allowed is HOST=NAMESPACE=ADDRESS[,ADDRESS...]\n", text);
        return -1;
    }
    *namespace ++ = '\0';
    *addresses++ = '\0';
    if (wan_links_add(wan->links, text, addresses, &wrong) < 0) {
        fprintf(stderr, "wan: %s: %s\n", text, wrong);
        return -1;
    }
    if (open_device(namespace, &device) < 0)
        return -1;
    wan->devices[wan->device_count] = device;
    if (watch(wan, device, wan->device_count++) < 0)
        return fail("cannot watch the device of", text);
    return 0;
}

static int open_control(struct wan *wan)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(wan->socket_path);

    if (length >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return fail("cannot listen at", wan->socket_path);
    }
    memcpy(address.sun_path, wan->socket_path, length);
    wan->control = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (wan->control < 0 || bind(wan->control, (struct sockaddr *)&address, sizeof address) < 0)
        return fail("cannot listen at", wan->socket_path);
    wan->is_bound = true;
    return 0;
}

static int set_up(struct wan *wan, int count, char **hosts)
{
    wan->links = wan_links_create(now_us());
    wan->epoll = epoll_create1(EPOLL_CLOEXEC);
    wan->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (!wan->links || wan->epoll < 0 || wan->timer < 0)
        return fail("cannot make", "the loop");
    if (watch(wan, STDIN_FILENO, READY_INPUT) < 0)
        return fail("standard input, whose end is the end,", "must be a pipe or a terminal");
    for (int i = 0; i < count; i++)
        if (add_host(wan, hosts[i]) < 0)
            return -1;
    if (open_control(wan) < 0)
        return -1;
    if (watch(wan, wan->control, READY_CONTROL) < 0 || watch(wan, wan->timer, READY_TIMER) < 0)
        return fail("cannot watch", "socket and timer");
    return 0;
}

static void tear_down(struct wan *wan)
{
    if (wan->is_bound)
        unlink(wan->socket_path);
    for (uint32_t i = 0; i < wan->device_count; i++)
        close(wan->devices[i]);
    if (wan->control >= 0)
        close(wan->control);
    if (wan->timer >= 0)
        close(wan->timer);
    if (wan->epoll >= 0)
        close(wan->epoll);
    wan_links_destroy(wan->links);
}

/* ---- running ---- */

static void take_packets(struct wan *wan, uint32_t host)
{
    static uint8_t bytes[WAN_PACKET_MAX];

    for (int i = 0; i < PACKETS_AT_ONCE; i++) {
        ssize_t length = read(wan->devices[host], bytes, sizeof bytes);

        if (length <= 0)
            return;
        wan_links_send(wan->links, host, bytes, (size_t)length, now_us());
    }
}

/* A host that takes nothing (its device is down, its queue is full) has lost the packet. */
static void deliver(struct wan *wan)
{
    struct wan_packet *packet;

    while ((packet = wan_links_arrived(wan->links, now_us())) != NULL) {
        if (write(wan->devices[packet->to], packet->bytes, packet->length) < 0 && errno != EAGAIN &&
            errno != EIO && errno != ENOBUFS)
            fail("a host does not take", "a packet");
        free(packet);
    }
}

static void set_timer(struct wan *wan)
{
    uint64_t next_us = wan_links_next_us(wan->links);
    struct itimerspec when = {0}; /* off */

    if (next_us != UINT64_MAX) {
        when.it_value.tv_sec = (time_t)(next_us / US_IN_S);
        when.it_value.tv_nsec = (long)(next_us % US_IN_S) * NS_IN_US;
    }
    timerfd_settime(wan->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static void obey(struct wan *wan)
{
    struct sockaddr_un from;
    socklen_t from_length = sizeof from;
    char lines[COMMANDS_MAX_BYTES + 2];
    char *answer = NULL;
    size_t answer_length = 0;
    FILE *out;
    ssize_t length =
        recvfrom(wan->control, lines, sizeof lines - 1, 0, (struct sockaddr *)&from, &from_length);

    if (length < 0)
        return;
    lines[length] = '\0';
    out = open_memstream(&answer, &answer_length);
    if (!out)
        return;
    if (length > COMMANDS_MAX_BYTES)
        fprintf(out, "error: more than %d bytes at once\n", COMMANDS_MAX_BYTES);
    else
        wan_links_obey(wan->links, lines, out);
    fclose(out);
    if (sendto(wan->control, answer, answer_length, 0, (struct sockaddr *)&from, from_length) < 0)
        fail("cannot answer", "a command");
    free(answer);
}

/* Returns when standard input has ended (0) or nothing can be waited for (-1). */
static int run(struct wan *wan)
{
    for (;;) {
        struct epoll_event events[WAN_HOSTS_MAX];
        int count;

        deliver(wan);
        set_timer(wan);
        count = epoll_wait(wan->epoll, events, WAN_HOSTS_MAX, -1);
        if (count < 0 && errno != EINTR)
            return fail("cannot wait for", "packets");
        for (int i = 0; i < count; i++) {
            uint32_t ready = events[i].data.u32;
            char byte;

            if (ready < WAN_HOSTS_MAX)
                take_packets(wan, ready);
            else if (ready == READY_CONTROL)
                obey(wan);
            else if (ready == READY_INPUT && read(STDIN_FILENO, &byte, 1) <= 0)
                return 0;
        }
    }
}

int main(int argc, char **argv)
{
    struct wan wan = {.epoll = -1, .timer = -1, .control = -1};
    struct sched_param priority = {.sched_priority = 1};
    int r;

    if (argc < 3) {
        fputs("usage: wan SOCKET HOST=NAMESPACE=ADDRESS[,ADDRESS...]...\n", stderr);
        return 2;
    }
    wan.socket_path = argv[1];
    r = set_up(&wan, argc - 2, argv + 2);
    if (r == 0) {
        /* A busy machine must not look like a slow network. Not granted: so be it. */
        sched_setscheduler(0, SCHED_RR, &priority);
        puts("ready");
        fflush(stdout);
        r = run(&wan);
    }
    tear_down(&wan);
    return r < 0 ? 1 : 0;
}
