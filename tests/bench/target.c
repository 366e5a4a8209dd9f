/* SPDX-License-Identifier: Apache-2.0 */
/* target: what is checked in a bench, and what measures the checker from outside, so that nobody's
 * own figures have to be believed. It answers on every address of loopback, and
 * remembers for each address from 127.1.0.1 on when it was last asked.
 *
 *     target [BODY]
 *
 * It says on which ports: "port HTTP-OR-TCP hole SILENT". The hole is a socket whose queue is full:
 * the kernel drops what knocks there without a word, as a firewall would, and no firewall is
 * touched. Then it obeys the lines of its standard input, until that ends:
 *
 *     begin requests|connections INTERVAL_US    forgets all, counts one or the other
 *     seen                                      how many addresses have been asked since
 *     end                                       what was seen, as one line of JSON
 *
 * Jitter is how far an interval between two questions at one address is from the one wanted. */
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
    ADDRESSES_MAX = 1 << 17,
    SOCKETS_MAX = 1 << 20,
    INTERVALS_MAX = 1 << 22, /* six minutes at 10,000 a second */
    EVENTS_MAX = 512,
    REQUEST_MAX = 8192,
    LINE_MAX_BYTES = 128,
    ANSWER_MAX = 4096,
    BACKLOG = 65535,
    FILLERS = 4 /* connections that fill the hole: more than a queue of length 0 takes */
};

/* What stands between the end of the last line and us. */
static const char END[] = "\r\n\r\n";

struct client {
    uint32_t address; /* index from FIRST_ADDRESS on */
    uint8_t matched;  /* bytes of END at the end of what came */
    bool closes;      /* it asked for one answer only */
};

static struct {
    int epoll, listener, hole;
    bool counts_requests;
    uint32_t wanted_us;
    uint64_t began_us, count;
    uint64_t last_us[ADDRESSES_MAX]; /* 0: not asked since the beginning */
    uint32_t seen;
    uint32_t *intervals_us;
    uint32_t interval_count;
    struct client clients[SOCKETS_MAX];
    char answer[ANSWER_MAX];
    size_t answer_length;
    char line[LINE_MAX_BYTES];
    size_t line_length;
} self;

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* ---- what is measured ---- */

static void count(uint32_t address)
{
    uint64_t now = now_us();
    self.count++;
    if (address >= ADDRESSES_MAX)
        return;
    uint64_t last = self.last_us[address];
    self.last_us[address] = now;
    if (last == 0)
        self.seen++;
    else if (self.interval_count < INTERVALS_MAX)
        self.intervals_us[self.interval_count++] = (uint32_t)(now - last);
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static uint32_t percentile(unsigned percent)
{
    if (self.interval_count == 0)
        return 0;
    uint64_t rank = ((uint64_t)self.interval_count * percent + 99) / 100;
    return self.intervals_us[rank > 0 ? rank - 1 : 0];
}

static void print_percentiles(const char *name)
{
    qsort(self.intervals_us, self.interval_count, sizeof self.intervals_us[0], by_size);
    printf(", \"%s_us\": {\"p1\": %" PRIu32 ", \"p50\": %" PRIu32 ", \"p99\": %" PRIu32
           ", \"max\": %" PRIu32 "}",
           name, percentile(1), percentile(50), percentile(99), percentile(100));
}

static void print_all(void)
{
    printf("{\"seconds\": %.6f, \"count\": %" PRIu64 ", \"addresses\": %" PRIu32
           ", \"intervals\": %" PRIu32,
           (double)(now_us() - self.began_us) / 1e6, self.count, self.seen, self.interval_count);
    print_percentiles("interval");
    for (uint32_t i = 0; i < self.interval_count; i++) {
        uint32_t *us = &self.intervals_us[i];
        *us = *us > self.wanted_us ? *us - self.wanted_us : self.wanted_us - *us;
    }
    print_percentiles("jitter");
    printf("}\n");
    self.interval_count = 0;
}

static void begin(bool requests, uint32_t wanted_us)
{
    memset(self.last_us, 0, sizeof self.last_us);
    self.count = self.seen = self.interval_count = 0;
    self.counts_requests = requests;
    self.wanted_us = wanted_us;
    self.began_us = now_us();
    printf("began\n");
}

/* ---- what is ordered ---- */

static void obey(const char *line)
{
    char what[LINE_MAX_BYTES] = "";
    uint32_t wanted_us = 0;
    if (sscanf(line, "begin %127s %" SCNu32, what, &wanted_us) == 2 &&
        (strcmp(what, "requests") == 0 || strcmp(what, "connections") == 0))
        begin(what[0] == 'r', wanted_us);
    else if (strcmp(line, "seen") == 0)
        printf("%" PRIu32 "\n", self.seen);
    else if (strcmp(line, "end") == 0)
        print_all();
    else
        printf("error: begin requests|connections INTERVAL_US, seen, or end; not \"%s\"\n", line);
    fflush(stdout);
}

static void read_orders(void)
{
    ssize_t got =
        read(STDIN_FILENO, self.line + self.line_length, sizeof self.line - 1 - self.line_length);
    if (got <= 0)
        exit(0);
    self.line_length += (size_t)got;
    self.line[self.line_length] = '\0';
    for (char *end; (end = strchr(self.line, '\n')) != NULL;) {
        *end = '\0';
        obey(self.line);
        self.line_length -= (size_t)(end + 1 - self.line);
        memmove(self.line, end + 1, self.line_length + 1);
    }
    if (self.line_length == sizeof self.line - 1)
        self.line_length = 0; /* no order is so long */
}

/* ---- clients ---- */

static void watch(int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(self.epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        fail("target: epoll_ctl");
}

static void welcome_all(void)
{
    for (int fd; (fd = accept4(self.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        struct sockaddr_in here = {0};
        socklen_t length = sizeof here;
        if (fd >= SOCKETS_MAX || getsockname(fd, (struct sockaddr *)&here, &length) != 0 ||
            ntohl(here.sin_addr.s_addr) >> IN_CLASSA_NSHIFT != IN_LOOPBACKNET) {
            close(fd); /* nobody from elsewhere */
            continue;
        }
        self.clients[fd] = (struct client){.address = ntohl(here.sin_addr.s_addr) - FIRST_ADDRESS};
        if (!self.counts_requests)
            count(self.clients[fd].address);
        watch(fd);
    }
}

/* Returns how many requests ended in these bytes. */
static unsigned scan(struct client *client, const char *bytes, size_t length)
{
    unsigned ended = 0;
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == END[client->matched])
            client->matched++;
        else
            client->matched = bytes[i] == END[0];
        if (END[client->matched] == '\0') {
            client->matched = 0;
            ended++;
        }
    }
    return ended;
}

static void serve(int fd)
{
    char bytes[REQUEST_MAX + 1];
    ssize_t got = recv(fd, bytes, REQUEST_MAX, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        close(fd);
        return;
    }
    struct client *client = &self.clients[fd];
    bytes[got] = '\0';
    client->closes = client->closes || strcasestr(bytes, "connection: close") != NULL ||
                     strstr(bytes, "HTTP/1.0\r\n") != NULL;
    for (unsigned left = scan(client, bytes, (size_t)got); left > 0; left--) {
        if (self.counts_requests)
            count(client->address);
        ssize_t sent = send(fd, self.answer, self.answer_length, MSG_NOSIGNAL);
        if (sent < 0 || client->closes) {
            close(fd);
            return;
        }
    }
}

/* ---- start ---- */

static int listen_anywhere(int backlog, in_port_t *ret_port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    socklen_t length = sizeof any;
    if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof any) != 0 || listen(fd, backlog) != 0 ||
        getsockname(fd, (struct sockaddr *)&any, &length) != 0)
        fail("target: listen");
    *ret_port = ntohs(any.sin_port);
    return fd;
}

static void fill(in_port_t port)
{
    struct sockaddr_in there = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < FILLERS; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0 ||
            (connect(fd, (struct sockaddr *)&there, sizeof there) != 0 && errno != EINPROGRESS))
            fail("target: fill");
    }
}

static void set_up(const char *body)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    self.answer_length = (size_t)snprintf(self.answer, sizeof self.answer,
                                          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                          "Content-Length: %zu\r\n\r\n%s",
                                          strlen(body), body);
    if (self.answer_length >= sizeof self.answer) {
        fprintf(stderr, "target: the body is too long, at most about %d bytes\n", ANSWER_MAX - 100);
        exit(2);
    }
    self.intervals_us = calloc(INTERVALS_MAX, sizeof self.intervals_us[0]);
    self.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (self.intervals_us == NULL || self.epoll < 0)
        fail("target");
    in_port_t port, hole;
    self.listener = listen_anywhere(BACKLOG, &port);
    self.hole = listen_anywhere(0, &hole);
    fill(hole);
    watch(self.listener);
    watch(STDIN_FILENO);
    printf("port %u hole %u\n", (unsigned)port, (unsigned)hole);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
        fprintf(stderr, "usage: target [BODY]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    set_up(argc == 2 ? argv[1] : "{\"status\":\"ok\"}");
    for (;;) {
        struct epoll_event events[EVENTS_MAX];
        int count_of_events = epoll_wait(self.epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < count_of_events; i++) {
            int fd = events[i].data.fd;
            if (fd == self.listener)
                welcome_all();
            else if (fd == STDIN_FILENO)
                read_orders();
            else
                serve(fd);
        }
    }
}
