/* SPDX-License-Identifier: Apache-2.0 */
/* store_latency: how long a word takes from one probe to the others through the daemon's own store
 * engine. One process stands in each region (tests/bench/regions starts them in its namespaces).
 *
 *     store_latency OWNER PREFIX LEASE_MS BYTES ENDPOINT...
 *
 * It watches, keeps its lease, and obeys the lines of its standard input, until that ends:
 *
 *     vote COUNT PAUSE_MS     writes its vote so often, each after the answer to the one before
 *     decide                  from now on: whatever vote it sees, it commits a head that rests on
 * it
 *
 * and says, with times in nanoseconds of the one clock that all processes of a machine share:
 *
 *     ready                             leased, and the watch is there
 *     answered SEQ TAKEN                its own vote was answered
 *     saw vote OWNER SEQ TAKEN          since that vote was sent
 *     saw head OWNER SEQ TAKEN          since the vote was sent on which the head rests
 *     gone OWNER WHEN                   the vote lapsed with its lease
 *     error WHAT SENTENCE
 *
 * It measures what the store adds, and nothing of the engine. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#include "store.h"

enum {
    ARGUMENTS_MIN = 6,
    ENDPOINTS_MAX = 8,
    LINE_MAX_BYTES = 256,
    VALUE_MAX_BYTES = 32 * 1024,
    VALUE_HEAD_BYTES = 64, /* room for the two numbers in front of the padding */
    RENEWALS_PER_LEASE = 3,
    TIMEOUT_MS = 5000,
    NS_IN_S = 1000000000
};

static const char VOTES[] = "v1/votes/", HEAD[] = "v1/decisions/bench";

static struct {
    uv_loop_t *loop;
    struct store *store;
    const char *owner;
    msec_t lease_ms;
    size_t value_bytes;
    char vote_key[STORE_KEY_MAX + 1];
    char value[VALUE_MAX_BYTES + 1];
    bool is_leased, is_deciding;
    unsigned long left, sequence; /* votes still to be written; of the last one */
    uint64_t pause_ms, sent_ns;
    uv_timer_t renewal, pause;
    uv_pipe_t input;
    char line[LINE_MAX_BYTES + 1];
    size_t line_length;
} self;

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_IN_S + (uint64_t)now.tv_nsec;
}

static bool went_well(const char *what, enum store_status status, const char *error)
{
    if (status == STORE_OK)
        return true;
    printf("error %s %s: %s\n", what, store_status_name(status), error);
    return false;
}

/* ---- votes ---- */

static void write_vote(uv_timer_t *timer);

static void on_answered(void *context, enum store_status status, uint64_t revision,
                        const char *error)
{
    (void)context;
    (void)revision;
    if (went_well("vote", status, error))
        printf("answered %lu %" PRIu64 "\n", self.sequence, now_ns() - self.sent_ns);
    if (--self.left > 0)
        uv_timer_start(&self.pause, write_vote, self.pause_ms, 0);
}

/* The value is when it was sent, its number, and padding up to the size of a real one. */
static size_t fill_value(uint64_t sent_ns, unsigned long sequence)
{
    int head = snprintf(self.value, VALUE_HEAD_BYTES, "%" PRIu64 " %lu ", sent_ns, sequence);
    size_t used = (size_t)head;

    if (used < self.value_bytes) {
        memset(self.value + used, 'x', self.value_bytes - used);
        used = self.value_bytes;
    }
    self.value[used] = '\0';
    return used;
}

static void write_vote(uv_timer_t *timer)
{
    size_t length;

    (void)timer;
    self.sent_ns = now_ns();
    length = fill_value(self.sent_ns, ++self.sequence);
    store_put(self.store, self.vote_key, self.value, length, true, on_answered, NULL);
}

/* ---- what is seen ---- */

static void on_committed(void *context, enum store_status status, uint64_t revision,
                         const char *error)
{
    (void)context;
    (void)revision;
    if (status != STORE_CONFLICT) /* a newer vote came meanwhile: that one is decided on */
        went_well("head", status, error);
}

/* D8 in small: the head is committed only if the vote still stands as it was counted. */
static void commit_head(const struct store_item *vote)
{
    struct store_compare compare = {STORE_MOD_IS, vote->key, vote->mod_revision};
    struct store_put put = {HEAD, vote->value, vote->length, false};
    struct store_txn txn = {&compare, 1, &put, 1};

    store_txn(self.store, &txn, on_committed, NULL);
}

static void say_seen(const char *what, const char *owner, const char *value, uint64_t seen_ns)
{
    uint64_t sent_ns;
    unsigned long sequence;

    if (sscanf(value, "%" SCNu64 " %lu", &sent_ns, &sequence) == 2)
        printf("saw %s %s %lu %" PRIu64 "\n", what, owner, sequence, seen_ns - sent_ns);
}

static void on_change(const struct store_item *item, uint64_t seen_ns)
{
    const char *owner = item->key + strlen(VOTES);

    if (strcmp(item->key, HEAD) == 0) {
        if (item->value != NULL)
            say_seen("head", "-", item->value, seen_ns);
    } else if (strncmp(item->key, VOTES, strlen(VOTES)) == 0) {
        if (item->value == NULL) {
            printf("gone %s %" PRIu64 "\n", owner, seen_ns);
            return;
        }
        say_seen("vote", owner, item->value, seen_ns);
        if (self.is_deciding)
            commit_head(item);
    }
}

static void on_watch(void *context, enum store_status status, const struct store_view *changes,
                     const char *error)
{
    uint64_t seen_ns = now_ns();

    (void)context;
    if (!went_well("watch", status, error))
        return;
    for (size_t i = 0; i < changes->count; i++)
        on_change(&changes->items[i], seen_ns);
}

/* ---- the lease ---- */

static void on_renewed(void *context, enum store_status status, uint64_t revision,
                       const char *error)
{
    (void)context;
    (void)revision;
    if (went_well("lease", status, error) && !self.is_leased) {
        self.is_leased = true;
        printf("ready\n");
    }
}

static void renew(uv_timer_t *timer)
{
    (void)timer;
    store_renew(self.store, on_renewed, NULL);
}

/* ---- orders ---- */

static void end(void)
{
    uv_close((uv_handle_t *)&self.input, NULL);
    uv_close((uv_handle_t *)&self.renewal, NULL);
    uv_close((uv_handle_t *)&self.pause, NULL);
    store_close(self.store, NULL, NULL);
}

static void obey(const char *line)
{
    unsigned long count, pause_ms;

    if (sscanf(line, "vote %lu %lu", &count, &pause_ms) == 2 && count > 0 && self.left == 0) {
        self.left = count;
        self.pause_ms = pause_ms;
        write_vote(&self.pause);
    } else if (strcmp(line, "decide") == 0) {
        self.is_deciding = true;
    } else {
        printf("error input not understood: %s\n", line);
    }
}

static void on_space(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer)
{
    (void)handle;
    (void)suggested;
    *ret_buffer =
        uv_buf_init(self.line + self.line_length, (unsigned)(LINE_MAX_BYTES - self.line_length));
}

static void on_input(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    char *end_of_line;

    (void)stream;
    (void)buffer;
    if (length < 0) {
        end();
        return;
    }
    self.line_length += (size_t)length;
    self.line[self.line_length] = '\0';
    while ((end_of_line = strchr(self.line, '\n')) != NULL) {
        *end_of_line = '\0';
        obey(self.line);
        self.line_length -= (size_t)(end_of_line + 1 - self.line);
        memmove(self.line, end_of_line + 1, self.line_length + 1);
    }
}

/* ---- start ---- */

static int read_arguments(int argc, char **argv, struct store_settings *ret_settings)
{
    struct store_settings settings = {.kind = STORE_ETCD,
                                      .timeout_ms = TIMEOUT_MS,
                                      .ca_file = "",
                                      .cert_file = "",
                                      .key_file = "",
                                      .user = "",
                                      .password = "",
                                      .path = ""};

    if (argc < ARGUMENTS_MIN || argc - ARGUMENTS_MIN >= ENDPOINTS_MAX) {
        fprintf(stderr, "usage: store_latency OWNER PREFIX LEASE_MS BYTES ENDPOINT...\n");
        return -1;
    }
    self.owner = argv[1];
    settings.prefix = argv[2];
    settings.lease_ms = (msec_t)strtol(argv[3], NULL, 10);
    self.value_bytes = (size_t)strtoul(argv[4], NULL, 10);
    if (settings.lease_ms < RENEWALS_PER_LEASE || self.value_bytes > VALUE_MAX_BYTES) {
        fprintf(stderr, "store_latency: LEASE_MS is 3 or more, BYTES up to %d\n", VALUE_MAX_BYTES);
        return -1;
    }
    settings.endpoints = (const char *const *)(argv + ARGUMENTS_MIN - 1);
    settings.endpoint_count = (uint32_t)(argc - ARGUMENTS_MIN + 1);
    snprintf(self.vote_key, sizeof(self.vote_key), "%s%s", VOTES, self.owner);
    self.lease_ms = settings.lease_ms;
    *ret_settings = settings;
    return 0;
}

int main(int argc, char **argv)
{
    struct store_settings settings;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (read_arguments(argc, argv, &settings) < 0)
        return 2;
    self.loop = uv_default_loop();
    if (store_open(self.loop, &settings, self.owner, &self.store) < 0) {
        fprintf(stderr, "store_latency: the store cannot be opened\n");
        return EXIT_FAILURE;
    }
    uv_timer_init(self.loop, &self.renewal);
    uv_timer_init(self.loop, &self.pause);
    uv_pipe_init(self.loop, &self.input, 0);
    uv_pipe_open(&self.input, 0);
    store_watch(self.store, "v1/", on_watch, NULL);
    uv_timer_start(&self.renewal, renew, 0, (uint64_t)(self.lease_ms / RENEWALS_PER_LEASE));
    uv_read_start((uv_stream_t *)&self.input, on_space, on_input);
    uv_run(self.loop, UV_RUN_DEFAULT);
    return EXIT_SUCCESS;
}
