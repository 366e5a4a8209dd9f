/* SPDX-License-Identifier: Apache-2.0 */
/* bare: a checker that does nothing else. One epoll loop, one socket for each check, no memory of
 * what it saw but two counters: what a check costs at least on this machine, whoever makes it.
 *
 *     bare http|tcp COUNT INTERVAL_MS PORT [HOLES HOLE_PORT]
 *
 * asks 127.1.0.1 and COUNT - 1 addresses after it, each every INTERVAL_MS, evenly spread; the last
 * HOLES of them at HOLE_PORT. On SIGTERM it ends what it began, and says "good N bad N". */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    FIRST_ADDRESS = 0x7f010001, /* 127.1.0.1 */
    SOCKETS_MAX = 1 << 20,
    SPARE_FILES = 32,
    STARTS_MAX = 64, /* in one turn: answers come between */
    EVENTS_MAX = 512,
    TIMEOUT_MS = 1000,
    NS_IN_MS = 1000000
};

static const char REQUEST[] =
    "GET /health HTTP/1.1\r\nHost: h.example\r\nConnection: close\r\n\r\n";
static const char GOOD[] = "HTTP/1.1 200 ";

/* Checks in flight, oldest first: with one timeout for all, the first is the first to be late. */
struct check {
    uint64_t until_ns;
    int before, after; /* sockets; -1: none */
    bool is_asked;
};

static struct {
    bool is_http;
    uint64_t count, interval_ns, holes;
    in_port_t port, hole;
    int epoll;
    struct check checks[SOCKETS_MAX];
    int oldest, newest;
    uint64_t in_flight, in_flight_max;
    uint64_t began_ns, started, good, bad;
} self = {.oldest = -1, .newest = -1};

static volatile sig_atomic_t is_over;

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void on_sigterm(int number)
{
    (void)number;
    is_over = 1;
}

/* ---- one check ---- */

static void append(int fd, uint64_t now)
{
    self.checks[fd] = (struct check){
        .until_ns = now + (uint64_t)TIMEOUT_MS * NS_IN_MS, .before = self.newest, .after = -1};
    if (self.newest >= 0)
        self.checks[self.newest].after = fd;
    else
        self.oldest = fd;
    self.newest = fd;
    self.in_flight++;
}

static void finish(int fd, bool is_good)
{
    const struct check *check = &self.checks[fd];
    if (check->before >= 0)
        self.checks[check->before].after = check->after;
    else
        self.oldest = check->after;
    if (check->after >= 0)
        self.checks[check->after].before = check->before;
    else
        self.newest = check->before;
    close(fd);
    self.in_flight--;
    if (is_good)
        self.good++;
    else
        self.bad++;
}

static void start(uint64_t now)
{
    uint64_t index = self.started++ % self.count;
    bool is_hole = index >= self.count - self.holes;
    struct sockaddr_in there = {.sin_family = AF_INET,
                                .sin_port = htons(is_hole ? self.hole : self.port),
                                .sin_addr.s_addr = htonl((uint32_t)(FIRST_ADDRESS + index))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        self.bad++;
        return;
    }
    append(fd, now);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.fd = fd};
    if ((connect(fd, (struct sockaddr *)&there, sizeof there) != 0 && errno != EINPROGRESS) ||
        epoll_ctl(self.epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        finish(fd, false);
}

static void go_on(int fd, uint32_t events)
{
    char answer[4096];
    if ((events & EPOLLERR) != 0) {
        finish(fd, false);
        return;
    }
    if (!self.is_http) {
        finish(fd, (events & EPOLLOUT) != 0);
        return;
    }
    if (!self.checks[fd].is_asked) {
        if ((events & EPOLLOUT) == 0)
            return;
        self.checks[fd].is_asked = true;
        if (send(fd, REQUEST, sizeof REQUEST - 1, MSG_NOSIGNAL) < 0) {
            finish(fd, false);
            return;
        }
    }
    if ((events & EPOLLIN) == 0)
        return;
    ssize_t got = recv(fd, answer, sizeof answer, 0);
    if (got >= 0 || errno != EAGAIN)
        finish(fd, got >= (ssize_t)(sizeof GOOD - 1) && memcmp(answer, GOOD, sizeof GOOD - 1) == 0);
}

/* ---- all of them ---- */

static uint64_t due_ns(void)
{
    return self.began_ns +
           (uint64_t)((double)self.started * (double)self.interval_ns / (double)self.count);
}

static int turn(void)
{
    uint64_t now = now_ns();
    while (self.oldest >= 0 && self.checks[self.oldest].until_ns <= now)
        finish(self.oldest, false);
    for (int left = STARTS_MAX;
         left > 0 && !is_over && self.in_flight < self.in_flight_max && due_ns() <= now; left--)
        start(now);
    uint64_t next = due_ns();
    if (self.oldest >= 0 && (is_over || self.in_flight >= self.in_flight_max))
        next = self.checks[self.oldest].until_ns;
    else if (self.oldest >= 0 && self.checks[self.oldest].until_ns < next)
        next = self.checks[self.oldest].until_ns;
    return next <= now ? 0 : (int)((next - now + NS_IN_MS - 1) / NS_IN_MS);
}

static bool read_arguments(int argc, char **argv)
{
    unsigned long numbers[5] = {0}; /* COUNT INTERVAL_MS PORT HOLES HOLE_PORT */
    if (argc != 5 && argc != 7)
        return false;
    for (int i = 2; i < argc; i++) {
        char *end;
        errno = 0;
        numbers[i - 2] = strtoul(argv[i], &end, 10);
        if (errno != 0 || end == argv[i] || *end != '\0')
            return false;
    }
    self.is_http = strcmp(argv[1], "http") == 0;
    self.count = numbers[0];
    self.interval_ns = numbers[1] * NS_IN_MS;
    self.port = (in_port_t)numbers[2];
    self.holes = numbers[3];
    self.hole = (in_port_t)numbers[4];
    return (self.is_http || strcmp(argv[1], "tcp") == 0) && self.count > 0 &&
           self.interval_ns > 0 && self.holes <= self.count && numbers[2] <= UINT16_MAX &&
           numbers[4] <= UINT16_MAX;
}

int main(int argc, char **argv)
{
    if (!read_arguments(argc, argv)) {
        fprintf(stderr, "usage: bare http|tcp COUNT INTERVAL_MS PORT [HOLES HOLE_PORT]\n");
        return 2;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    self.in_flight_max = files.rlim_max < SOCKETS_MAX ? files.rlim_max : SOCKETS_MAX;
    self.in_flight_max -= SPARE_FILES;
    signal(SIGTERM, on_sigterm);
    self.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (self.epoll < 0) {
        perror("bare");
        return 1;
    }
    self.began_ns = now_ns();
    while (!is_over || self.in_flight > 0) {
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(self.epoll, events, EVENTS_MAX, turn());
        for (int i = 0; i < count; i++)
            go_on(events[i].data.fd, events[i].events);
    }
    printf("good %" PRIu64 " bad %" PRIu64 "\n", self.good, self.bad);
    return 0;
}
