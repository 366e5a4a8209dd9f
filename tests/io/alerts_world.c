/* SPDX-License-Identifier: Apache-2.0 */
#include "alerts_world.h"

#include <check.h>
#include <dirent.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/server.h"

#ifndef RECEIVERS
#error "RECEIVERS: the path of tests/lib/alert_receivers.py"
#endif

uv_loop_t world_loop;
char world_folder[200];
struct fake_data world_data;
const wall_t world_noon = 1785585600000; /* 2026-08-01T12:00:00Z */

/* The receivers: one process for the suite. */
static pid_t receivers;
static int to_receivers, from_receivers;
static char suite_folder[200];
static json_t *ports;

static uv_pipe_t lines;
static char unread[256 * 1024];
static size_t unread_length;
static json_t *seen;
static struct store *stores[WORLD_PROBES_MAX];
static unsigned store_count;

/* ---- the receivers ---- */

static json_t *read_line(int fd)
{
    char line[4096];
    size_t length = 0;
    json_t *json;

    while (length < sizeof(line) && read(fd, line + length, 1) == 1) {
        if (line[length++] == '\n')
            break;
    }
    json = json_loadb(line, length, 0, NULL);
    ck_assert_msg(json != NULL, "the receivers did not start: is python3-aiosmtpd installed?");
    return json;
}

static void make_folder(char *out, size_t size)
{
    const char *base = getenv("TMPDIR");

    snprintf(out, size, "%s/regionshift-alerts-XXXXXX", base != NULL ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(out));
}

void world_receivers_start(void)
{
    int input[2], output[2];

    make_folder(suite_folder, sizeof(suite_folder));
    ck_assert_int_eq(pipe(input), 0);
    ck_assert_int_eq(pipe(output), 0);
    receivers = fork();
    if (receivers == 0) {
        dup2(input[0], STDIN_FILENO);
        dup2(output[1], STDOUT_FILENO);
        close(input[1]);
        close(output[0]);
        execl("/usr/bin/python3", "/usr/bin/python3", "-I", RECEIVERS, suite_folder, (char *)NULL);
        _exit(127);
    }
    close(input[0]);
    close(output[1]);
    to_receivers = input[1];
    from_receivers = output[0];
    ports = read_line(from_receivers);
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void remove_folder(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

void world_receivers_stop(void)
{
    close(to_receivers); /* it ends with its input */
    close(from_receivers);
    waitpid(receivers, NULL, 0);
    remove_folder(suite_folder);
    json_decref(ports);
}

uint16_t world_port(const char *name)
{
    return (uint16_t)json_integer_value(json_object_get(ports, name));
}

const char *world_certificate(void)
{
    static char path[240];

    snprintf(path, sizeof(path), "%s/cert.pem", suite_folder);
    return path;
}

/* ---- what they say ---- */

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
    (void)handle;
    (void)size;
    *buffer = uv_buf_init(unread + unread_length, (unsigned)(sizeof(unread) - unread_length));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    char *end;

    (void)stream;
    (void)buffer;
    ck_assert_msg(n >= 0, "the receivers died");
    unread_length += (size_t)n;
    while ((end = memchr(unread, '\n', unread_length)) != NULL) {
        size_t length = (size_t)(end + 1 - unread);
        json_t *json = json_loadb(unread, length, 0, NULL);

        ck_assert_ptr_nonnull(json);
        json_array_append_new(seen, json);
        unread_length -= length;
        memmove(unread, end + 1, unread_length);
    }
}

size_t world_seen(const char *kind)
{
    size_t count = 0, i;
    json_t *line;

    json_array_foreach(seen, i, line) count +=
        strcmp(json_string_value(json_object_get(line, "kind")), kind) == 0;
    return count;
}

const json_t *world_nth(const char *kind, size_t index)
{
    size_t i;
    json_t *line;

    json_array_foreach(seen, i, line)
    {
        if (strcmp(json_string_value(json_object_get(line, "kind")), kind) == 0 && index-- == 0)
            return line;
    }
    ck_abort_msg("so many of %s were not received", kind);
    return NULL;
}

const char *world_text(const char *kind, size_t index, const char *field)
{
    return json_string_value(json_object_get(world_nth(kind, index), field));
}

const char *world_header(size_t index, const char *name)
{
    static char value[1000];
    char want[80];
    const char *data = world_text("mail", index, "data");
    const char *found;

    snprintf(want, sizeof(want), "\r\n%s: ", name);
    found = strstr(data, want);
    ck_assert_msg(found != NULL && found < strstr(data, "\r\n\r\n"), "no header %s", name);
    found += strlen(want);
    snprintf(value, sizeof(value), "%.*s", (int)strcspn(found, "\r"), found);
    return value;
}

/* ---- waiting ---- */

static void on_guard(uv_timer_t *guard)
{
    *(bool *)guard->data = true;
}

static void on_guard_closed(uv_handle_t *guard)
{
    free(guard);
}

void world_wait(world_condition condition, void *context, const char *what)
{
    uv_timer_t *guard = malloc(sizeof(*guard));
    bool late = false;

    uv_timer_init(&world_loop, guard);
    guard->data = &late;
    uv_timer_start(guard, on_guard, WORLD_PATIENCE_MS, 0);
    while (!late && !condition(context))
        uv_run(&world_loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)guard, on_guard_closed);
    ck_assert_msg(!late || condition(context), "waited in vain for: %s", what);
}

struct wanted {
    const char *kind;
    size_t count;
};

static bool is_seen(void *context)
{
    const struct wanted *wanted = context;

    return world_seen(wanted->kind) >= wanted->count;
}

void world_wait_seen(const char *kind, size_t count)
{
    struct wanted wanted = {.kind = kind, .count = count};

    world_wait(is_seen, &wanted, kind);
}

static bool is_empty(void *context)
{
    return probe_stats(context).queued == 0;
}

void world_wait_empty(struct probe *probe)
{
    world_wait(is_empty, probe, "an empty queue");
}

void world_command(const char *text)
{
    size_t before = world_seen("ok");

    ck_assert_int_gt(dprintf(to_receivers, "%s\n", text), 0);
    world_wait_seen("ok", before + 1);
}

/* ---- each test ---- */

void world_setup(void)
{
    signal(SIGPIPE, SIG_IGN);
    make_folder(world_folder, sizeof(world_folder));
    memset(&world_data, 0, sizeof(world_data));
    store_count = 0;
    unread_length = 0;
    seen = json_array();
    uv_loop_init(&world_loop);
    uv_pipe_init(&world_loop, &lines, 0);
    uv_pipe_open(&lines, dup(from_receivers));
    uv_read_start((uv_stream_t *)&lines, on_alloc, on_read);
    world_command("mail refuse 0");
    world_command("http refuse 0");
    world_command("mail delay 0");
    world_command("http delay 0");
    json_array_clear(seen);
}

static void on_store_closed(void *context)
{
    (*(unsigned *)context)--;
}

static bool is_zero(void *context)
{
    return *(unsigned *)context == 0;
}

void world_teardown(void)
{
    unsigned open_count = store_count;

    for (unsigned i = 0; i < store_count; i++)
        store_close(stores[i], on_store_closed, &open_count);
    world_wait(is_zero, &open_count, "stores closed");
    uv_close((uv_handle_t *)&lines, NULL);
    uv_run(&world_loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&world_loop), 0); /* nothing was left behind */
    json_decref(seen);
    remove_folder(world_folder);
}

struct store *world_store(void)
{
    ck_assert_uint_lt(store_count, WORLD_PROBES_MAX);
    fake_store_open(&world_loop, &world_data, &stores[store_count]);
    return stores[store_count++];
}

/* ---- sinks ---- */

struct sink_settings world_mail_sink(const char *name)
{
    static const char *const to[] = {"Operators <ops@example.com>"};
    struct sink_settings sink = {.kind = SINK_SMTP,
                                 .name = name,
                                 .min_severity = SEVERITY_INFO,
                                 .url = "",
                                 .secret = "",
                                 .host = "127.0.0.1",
                                 .port = world_port("plain"),
                                 .tls = "none",
                                 .user = "",
                                 .password = "",
                                 .from = "regionshift <rs@example.com>",
                                 .to = to,
                                 .to_count = 1,
                                 .ca_file = "",
                                 .timeout_ms = WORLD_PATIENCE_MS};

    return sink;
}

struct sink_settings world_hook_sink(const char *name)
{
    static char url[80];
    struct sink_settings sink = world_mail_sink(name);

    snprintf(url, sizeof(url), "http://127.0.0.1:%u/hook?a=b", world_port("http"));
    sink.kind = SINK_WEBHOOK;
    sink.url = url;
    sink.secret = "hook secret";
    return sink;
}

/* ---- probes ---- */

void probe_init(struct probe *probe, const char *name, struct store *store)
{
    memset(probe, 0, sizeof(*probe));
    probe->elector = (struct elector){.name = name};
    probe->store = store;
    snprintf(probe->spool, sizeof(probe->spool), "%s/%s", world_folder, name);
    probe->settings = (struct settings){.self = 0,
                                        .electors = &probe->elector,
                                        .elector_count = 1,
                                        .sinks = probe->sinks,
                                        .spool_path = probe->spool,
                                        .remind_ms = 4 * 3600 * 1000};
}

void probe_add(struct probe *probe, struct sink_settings sink)
{
    ck_assert_uint_lt(probe->settings.sink_count, WORLD_SINKS_MAX);
    probe->sinks[probe->settings.sink_count++] = sink;
}

static void on_sink_event(void *context, uint32_t sink, bool failing, const char *error)
{
    struct probe *probe = context;

    ck_assert_uint_lt(sink, probe->settings.sink_count);
    probe->failing_count += failing;
    probe->recovered_count += !failing;
    if (failing)
        snprintf(probe->failing_text, sizeof(probe->failing_text), "%s", error);
}

void probe_pace(struct probe *probe, msec_t hold_ms, msec_t stale_ms)
{
    struct alert_pace pace = {.retry_first_ms = 10,
                              .retry_last_ms = 40,
                              .fresh_ms = 10,
                              .look_ms = 10,
                              .answer_ms = 100,
                              .hold_ms = hold_ms,
                              .stale_ms = stale_ms,
                              .trust_ms = 10 * 1000,
                              .sweep_ms = 3600 * 1000,
                              .claims_max = CLAIMS_MAX};

    alerts_set_pace(probe->alerts, &pace);
}

int probe_try_start(struct probe *probe)
{
    return alerts_create(&world_loop, &probe->settings, probe->store, on_sink_event, probe,
                         &probe->alerts, probe->warning, sizeof(probe->warning));
}

void probe_start(struct probe *probe)
{
    int rc = probe_try_start(probe);

    ck_assert_msg(rc == 0, "%s", probe->warning);
    probe_pace(probe, 60 * 1000, 60 * 1000);
}

static void on_closed(void *context)
{
    *(unsigned *)context = 0;
}

void probe_stop(struct probe *probe)
{
    unsigned open = 1;

    alerts_close(probe->alerts, on_closed, &open);
    world_wait(is_zero, &open, "alerts closed");
    probe->alerts = NULL;
}

struct alerts_stats probe_stats(const struct probe *probe)
{
    struct alerts_stats stats;

    alerts_stats(probe->alerts, &stats);
    return stats;
}

unsigned spool_count(const struct probe *probe, const char *suffix)
{
    char path[300];
    DIR *folder;
    struct dirent *item;
    unsigned count = 0;

    snprintf(path, sizeof(path), "%s/alerts", probe->spool);
    folder = opendir(path);
    ck_assert_ptr_nonnull(folder);
    while ((item = readdir(folder)) != NULL) {
        size_t length = strlen(item->d_name);

        count +=
            length > strlen(suffix) && strcmp(item->d_name + length - strlen(suffix), suffix) == 0;
    }
    closedir(folder);
    return count;
}

struct alert world_alert(enum alert_phase phase, wall_t at_wall)
{
    struct alert alert = {.event = ALERT_REGION_DOWN,
                          .phase = phase,
                          .severity = SEVERITY_PAGE,
                          .incident = "region_down.jwt-pizza.us-east-1.7",
                          .at_wall = at_wall,
                          .subject = "jwt-pizza us-east-1 down",
                          .text = "Seen by use1, fra.\n.\n..two dots\nHow to stop it: freeze",
                          .group = "jwt-pizza",
                          .region = "us-east-1",
                          .epoch = 7,
                          .probe = "use1"};

    return alert;
}

/* ---- what the tests of the alerts have in common ---- */

struct probe use1, usw2;

/* Raises and expects it on disk. */
void raise_alert(struct probe *probe, enum alert_phase phase, wall_t at_wall)
{
    struct alert alert = world_alert(phase, at_wall);

    ck_assert_int_eq(alerts_raise(probe->alerts, &alert), 0);
}

void name_incident(struct alert *alert, const char *name)
{
    snprintf(alert->incident, sizeof(alert->incident), "%s", name);
}

/* A sink at a port where nobody listens. */
struct sink_settings dead_sink(const char *name)
{
    struct sink_settings sink = world_mail_sink(name);

    sink.port = server_free_port();
    return sink;
}

/* Two probes with one store and a mail sink each. */
void start_two(void)
{
    probe_init(&use1, "use1", world_store());
    probe_init(&usw2, "usw2", world_store());
    probe_add(&use1, world_mail_sink("mail"));
    probe_add(&usw2, world_mail_sink("mail"));
    probe_start(&use1);
    probe_start(&usw2);
}

void stop_two(void)
{
    probe_stop(&use1);
    probe_stop(&usw2);
}

void start_one(struct sink_settings sink)
{
    probe_init(&use1, "use1", world_store());
    probe_add(&use1, sink);
    probe_start(&use1);
}

const char claim_name[] = "v1/claims/region_down.jwt-pizza.us-east-1.7";

static bool claim_is_sent(void *context)
{
    const char *value = fake_get(&world_data, claim_name);

    (void)context;
    return value != NULL && strstr(value, "\"sent\":true") != NULL;
}

void wait_claim_sent(void)
{
    world_wait(claim_is_sent, NULL, "the claim says sent");
}

bool has_failed(void *context)
{
    return probe_stats(context).failed_attempts > 0;
}

bool has_sent(void *context)
{
    return probe_stats(context).sent > 0;
}

bool has_told_failing(void *context)
{
    return ((struct probe *)context)->failing_count > 0;
}

TCase *world_case(const char *name)
{
    TCase *tests = tcase_create(name);

    tcase_set_timeout(tests, 300);
    tcase_add_unchecked_fixture(tests, world_receivers_start, world_receivers_stop);
    tcase_add_checked_fixture(tests, world_setup, world_teardown);
    return tests;
}
