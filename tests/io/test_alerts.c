/* SPDX-License-Identifier: Apache-2.0 */
/* The way of an alert out of a machine (L1): spool, claims, retries, restarts; against real
 * receivers of mail and webhooks. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/server.h"
#include "alerts_world.h"

static struct probe use1, usw2;

/* Raises and expects it on disk. */
static void raise_alert(struct probe *probe, enum alert_phase phase, wall_t at_wall)
{
    struct alert alert = world_alert(phase, at_wall);

    ck_assert_int_eq(alerts_raise(probe->alerts, &alert), 0);
}

static void name_incident(struct alert *alert, const char *name)
{
    snprintf(alert->incident, sizeof(alert->incident), "%s", name);
}

/* A sink at a port where nobody listens. */
static struct sink_settings dead_sink(const char *name)
{
    struct sink_settings sink = world_mail_sink(name);

    sink.port = server_free_port();
    return sink;
}

/* Two probes with one store and a mail sink each. */
static void start_two(void)
{
    probe_init(&use1, "use1", world_store());
    probe_init(&usw2, "usw2", world_store());
    probe_add(&use1, world_mail_sink("mail"));
    probe_add(&usw2, world_mail_sink("mail"));
    probe_start(&use1);
    probe_start(&usw2);
}

static void stop_two(void)
{
    probe_stop(&use1);
    probe_stop(&usw2);
}

static void start_one(struct sink_settings sink)
{
    probe_init(&use1, "use1", world_store());
    probe_add(&use1, sink);
    probe_start(&use1);
}

static const char claim_name[] = "v1/claims/region_down.jwt-pizza.us-east-1.7";

static bool claim_is_sent(void *context)
{
    const char *value = fake_get(&world_data, claim_name);

    (void)context;
    return value != NULL && strstr(value, "\"sent\":true") != NULL;
}

static void wait_claim_sent(void)
{
    world_wait(claim_is_sent, NULL, "the claim says sent");
}

static bool has_failed(void *context)
{
    return probe_stats(context).failed_attempts > 0;
}

static bool has_sent(void *context)
{
    return probe_stats(context).sent > 0;
}

static bool has_told_failing(void *context)
{
    return ((struct probe *)context)->failing_count > 0;
}

/* ---- the plain way ---- */

START_TEST(an_alert_is_mailed_once_and_leaves_the_spool)
{
    const char *data;

    start_one(world_mail_sink("mail"));
    raise_alert(&use1, ALERT_OPEN, world_noon);
    ck_assert_uint_eq(spool_count(&use1, ".alert"), 1); /* before the loop has run at all */
    world_wait_seen("mail", 1);
    world_wait_empty(&use1);
    wait_claim_sent();
    data = strstr(world_text("mail", 0, "data"), "\r\n\r\n");
    ck_assert_str_eq(data, "\r\n\r\nSeen by use1, fra.\r\n.\r\n..two dots\r\n"
                           "How to stop it: freeze\r\n");
    ck_assert_str_eq(world_header(0, "Subject"), "[regionshift] page: jwt-pizza us-east-1 down");
    ck_assert_str_eq(world_header(0, "Auto-Submitted"), "auto-generated");
    ck_assert_uint_eq(spool_count(&use1, ".alert"), 0);
    ck_assert_uint_eq(world_seen("mail"), 1);
    ck_assert_uint_eq(probe_stats(&use1).sent, 1);
    ck_assert_uint_eq(probe_stats(&use1).spooled, 1);
    probe_stop(&use1);
}
END_TEST

START_TEST(a_sink_gets_only_what_is_grave_enough_for_it)
{
    struct sink_settings pages = world_mail_sink("pages");
    struct alert alert = world_alert(ALERT_OPEN, world_noon);

    pages.min_severity = SEVERITY_PAGE;
    start_one(pages);
    alert.severity = SEVERITY_WARN;
    ck_assert_int_eq(alerts_raise(use1.alerts, &alert), 0);
    ck_assert_uint_eq(probe_stats(&use1).queued, 0); /* and no claim keeps others from saying it */
    alert.severity = SEVERITY_PAGE;
    ck_assert_int_eq(alerts_raise(use1.alerts, &alert), 0);
    world_wait_seen("mail", 1);
    world_wait_empty(&use1);
    ck_assert_uint_eq(world_seen("mail"), 1);
    probe_stop(&use1);
}
END_TEST

START_TEST(an_alert_with_a_name_that_is_none_is_refused)
{
    struct alert alert = world_alert(ALERT_OPEN, world_noon);

    start_one(world_mail_sink("mail"));
    name_incident(&alert, "x\r\nBcc: all");
    ck_assert_int_eq(alerts_raise(use1.alerts, &alert), -EINVAL);
    ck_assert_uint_eq(probe_stats(&use1).queued, 0);
    probe_stop(&use1);
}
END_TEST

/* ---- retries ---- */

START_TEST(a_relay_that_refuses_for_a_while_gets_the_mail_once_afterwards)
{
    start_one(world_mail_sink("mail"));
    world_command("mail refuse 4 451 4.3.0 busy, come back");
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait_seen("mail", 1);
    world_wait_empty(&use1);
    ck_assert_uint_eq(world_seen("refused"), 4);
    ck_assert_uint_eq(world_seen("mail"), 1);
    ck_assert_uint_eq(use1.failing_count, 1);
    ck_assert_uint_eq(use1.recovered_count, 1);
    ck_assert_ptr_nonnull(strstr(use1.failing_text, "451 4.3.0 busy, come back"));
    ck_assert_uint_eq(probe_stats(&use1).failed_attempts, 4);
    probe_stop(&use1);
}
END_TEST

START_TEST(a_webhook_that_fails_is_tried_again_with_the_same_key)
{
    const json_t *first, *second;

    start_one(world_hook_sink("hook"));
    world_command("http refuse 2 500");
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait_seen("hook", 1);
    world_wait_empty(&use1);
    first = json_object_get(world_nth("refused", 0), "headers");
    second = json_object_get(world_nth("hook", 0), "headers");
    ck_assert_uint_eq(world_seen("refused"), 2);
    ck_assert_str_eq(json_string_value(json_object_get(first, "idempotency-key")),
                     json_string_value(json_object_get(second, "idempotency-key")));
    ck_assert_str_eq(world_text("refused", 0, "data"), world_text("hook", 0, "data"));
    ck_assert_uint_eq(use1.failing_count, 0); /* two failures are no event yet */
    probe_stop(&use1);
}
END_TEST

START_TEST(a_dead_sink_delays_no_other)
{
    start_one(dead_sink("dead"));
    probe_stop(&use1);
    probe_add(&use1, world_hook_sink("hook"));
    probe_start(&use1);
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait_seen("hook", 1);
    world_wait(has_told_failing, &use1, "the dead sink is told");
    ck_assert_uint_eq(probe_stats(&use1).queued, 1);
    ck_assert_uint_eq(world_seen("hook"), 1);
    probe_stop(&use1);
    ck_assert_uint_eq(spool_count(&use1, ".alert"), 1);
}
END_TEST

static void never_answer(struct server *server, int fd, void *context)
{
    (void)context;
    server_wait_for_close(server, fd);
}

START_TEST(a_tarpit_delays_no_other_sink_and_no_end)
{
    struct server *tarpit = server_start_tcp(never_answer, NULL);
    struct sink_settings slow = world_mail_sink("slow");

    slow.port = server_port(tarpit);
    probe_init(&use1, "use1", world_store());
    probe_add(&use1, slow);
    probe_add(&use1, world_hook_sink("hook"));
    probe_start(&use1);
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait_seen("hook", 1);
    probe_stop(&use1); /* with a send in flight */
    ck_assert_uint_eq(spool_count(&use1, ".alert"), 1);
    server_stop(tarpit);
}
END_TEST

START_TEST(a_mail_that_no_relay_takes_does_not_hold_up_the_next)
{
    struct alert other = world_alert(ALERT_OPEN, world_noon);

    start_one(world_mail_sink("mail"));
    world_command("mail refuse 1 550 5.7.1 spam");
    raise_alert(&use1, ALERT_OPEN, world_noon);
    name_incident(&other, "moved.jwt-pizza.8");
    ck_assert_int_eq(alerts_raise(use1.alerts, &other), 0);
    world_wait_seen("mail", 2);
    ck_assert_str_eq(world_header(0, "X-Regionshift-Incident"), "moved.jwt-pizza.8");
    world_wait_empty(&use1);
    probe_stop(&use1);
}
END_TEST

/* A relay that answers nothing to the message until it is told to, nor ever to QUIT. */
static int permission[2];
static atomic_bool message_came;

static void read_line(struct server *server, int fd, char *line, size_t size);

static void answer_when_told(struct server *server, int fd, void *context)
{
    char line[1200] = "";

    (void)context;
    server_send_text(server, fd, "220 test\r\n");
    for (bool in_data = false; strcmp(line, ".\r\n") != 0;) {
        read_line(server, fd, line, sizeof(line));
        if (line[0] == '\0')
            return;
        if (in_data)
            continue;
        in_data = strncmp(line, "DATA", 4) == 0;
        server_send_text(server, fd, in_data ? "354 go\r\n" : "250 ok\r\n");
    }
    atomic_store(&message_came, true);
    ck_assert_int_eq(read(permission[0], line, 1), 1);
    server_send_text(server, fd, "250 taken\r\n");
    server_wait_for_close(server, fd);
}

static bool has_message_come(void *context)
{
    (void)context;
    return atomic_load(&message_came);
}

/* libcurl's multi interface would wait for the answer in place, and the loop with it (V5). */
START_TEST(a_relay_that_thinks_for_long_does_not_stop_the_loop)
{
    struct server *relay = server_start_tcp(answer_when_told, NULL);
    struct sink_settings slow = world_mail_sink("slow");

    ck_assert_int_eq(pipe(permission), 0);
    slow.port = server_port(relay);
    probe_init(&use1, "use1", world_store());
    probe_add(&use1, slow);
    probe_add(&use1, world_hook_sink("hook"));
    probe_start(&use1);
    world_command("http refuse 1000000 500"); /* its retries turn the loop */
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait(has_message_come, NULL, "the message is with the relay");
    world_command("http refuse 0");
    world_wait_seen("hook", 1);
    ck_assert_uint_eq(probe_stats(&use1).queued, 1);
    ck_assert_int_eq(write(permission[1], "x", 1), 1);
    world_wait_empty(&use1);
    probe_stop(&use1);
    server_stop(relay);
}
END_TEST

/* A relay of the test's own: it loses the first mail's answer. */
static char lost_ids[2][100];
static int lost_count;

static void read_line(struct server *server, int fd, char *line, size_t size)
{
    size_t length = 0;

    while (length < size - 1 && server_read(server, fd, line + length, 1) == 0) {
        if (line[length++] == '\n')
            break;
    }
    line[length] = '\0';
}

static void lose_first_answer(struct server *server, int fd, void *context)
{
    char line[1200] = "";

    (void)context;
    server_send_text(server, fd, "220 test\r\n");
    while (strncmp(line, "DATA", 4) != 0) {
        read_line(server, fd, line, sizeof(line));
        if (line[0] == '\0')
            return;
        server_send_text(server, fd, strncmp(line, "DATA", 4) == 0 ? "354 go\r\n" : "250 ok\r\n");
    }
    while (strcmp(line, ".\r\n") != 0 && line[0] != '\0') {
        read_line(server, fd, line, sizeof(line));
        if (strncmp(line, "Message-ID: ", 12) == 0 && lost_count < 2)
            snprintf(lost_ids[lost_count], sizeof(lost_ids[0]), "%.90s", line);
    }
    if (lost_count++ == 0)
        return; /* taken, and hung up without a word */
    server_send_text(server, fd, "250 taken\r\n");
    server_wait_for_close(server, fd);
}

START_TEST(an_answer_lost_after_the_data_costs_a_duplicate_that_is_known_as_one)
{
    struct server *relay = server_start_tcp(lose_first_answer, NULL);
    struct sink_settings sink = world_mail_sink("mail");

    sink.port = server_port(relay);
    lost_count = 0;
    start_one(sink);
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait_empty(&use1);
    probe_stop(&use1);
    server_stop(relay);
    ck_assert_int_eq(lost_count, 2);
    ck_assert_uint_gt(strlen(lost_ids[0]), 20);
    ck_assert_str_eq(lost_ids[0], lost_ids[1]);
}
END_TEST

START_TEST(new_settings_send_what_the_old_ones_could_not)
{
    struct settings changed;
    struct sink_settings sink = world_mail_sink("mail");

    start_one(dead_sink("mail"));
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait(has_told_failing, &use1, "a failing sink");
    changed = use1.settings;
    changed.sinks = &sink;
    alerts_reload(use1.alerts, &changed);
    world_wait_seen("mail", 1);
    world_wait_empty(&use1);
    ck_assert_uint_eq(use1.recovered_count, 1);
    probe_stop(&use1);
}
END_TEST

START_TEST(a_sink_that_is_no_longer_in_the_settings_is_waited_for_no_longer)
{
    struct settings changed;

    start_one(dead_sink("mail"));
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait(has_failed, &use1, "a failure");
    changed = use1.settings;
    changed.sink_count = 0;
    alerts_reload(use1.alerts, &changed);
    ck_assert_uint_eq(probe_stats(&use1).queued, 0);
    ck_assert_uint_eq(spool_count(&use1, ".alert"), 0);
    probe_stop(&use1);
}
END_TEST

/* ---- the spool ---- */

START_TEST(a_daemon_killed_after_raising_sends_when_it_runs_again)
{
    pid_t child;
    int status = 0;

    probe_init(&use1, "use1", world_store());
    probe_add(&use1, world_mail_sink("mail"));
    child = fork();
    if (child == 0) {
        struct alert alert = world_alert(ALERT_OPEN, world_noon);

        uv_loop_fork(&world_loop);
        if (probe_try_start(&use1) == 0 && alerts_raise(use1.alerts, &alert) == 0)
            raise(SIGKILL); /* on disk, and not one turn of the loop */
        _exit(1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFSIGNALED(status), "the child did not come so far");
    probe_start(&use1);
    ck_assert_str_eq(use1.warning, "");
    world_wait_seen("mail", 1);
    world_wait_empty(&use1);
    ck_assert_uint_eq(world_seen("mail"), 1);
    probe_stop(&use1);
}
END_TEST

START_TEST(a_restart_does_not_send_again_to_a_sink_that_accepted)
{
    start_one(world_mail_sink("mail"));
    probe_stop(&use1);
    probe_add(&use1, world_hook_sink("hook"));
    probe_start(&use1);
    world_command("http refuse 1000000 500");
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait(has_sent, &use1, "the mail is accepted");
    world_wait_seen("refused", 1);
    probe_stop(&use1);
    world_command("http refuse 0");
    probe_start(&use1);
    world_wait_seen("hook", 1);
    world_wait_empty(&use1);
    ck_assert_uint_eq(world_seen("mail"), 1);
    ck_assert_uint_eq(spool_count(&use1, ".alert"), 0);
    probe_stop(&use1);
}
END_TEST

/* Writes a file into the spool as a broken disk or a person might. */
static void plant(const char *name, const char *text)
{
    char path[400];
    int fd;

    snprintf(path, sizeof(path), "%s/alerts/%s", use1.spool, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

START_TEST(an_unreadable_record_is_set_aside_and_stops_no_other)
{
    struct alert other = world_alert(ALERT_OPEN, world_noon);

    start_one(dead_sink("mail"));
    raise_alert(&use1, ALERT_OPEN, world_noon);
    name_incident(&other, "moved.jwt-pizza.8");
    ck_assert_int_eq(alerts_raise(use1.alerts, &other), 0);
    probe_stop(&use1);
    plant("0000000000000001.alert", "{\"v\":1,\"incident\":\"regi");
    plant("0000000000000003.alert", "");
    plant("0000000000000004.alert", "{\"v\":1}\nsent mail\n");
    plant("readme.txt", "not ours");
    use1.sinks[0] = world_mail_sink("mail");
    probe_start(&use1);
    ck_assert_ptr_nonnull(strstr(use1.warning, "3 unreadable alert(s) set aside as *.corrupt"));
    world_wait_seen("mail", 1);
    world_wait_empty(&use1);
    ck_assert_str_eq(world_header(0, "X-Regionshift-Incident"), "moved.jwt-pizza.8");
    ck_assert_uint_eq(spool_count(&use1, ".corrupt"), 3);
    ck_assert_uint_eq(spool_count(&use1, ".txt"), 1);
    probe_stop(&use1);
}
END_TEST

START_TEST(a_torn_line_of_progress_costs_a_duplicate_and_no_alert)
{
    start_one(dead_sink("mail"));
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait(has_failed, &use1, "a failure");
    probe_stop(&use1);
    {
        char path[400];
        int fd;

        snprintf(path, sizeof(path), "%s/alerts/0000000000000001.alert", use1.spool);
        fd = open(path, O_WRONLY | O_APPEND);
        ck_assert_int_eq(write(fd, "sent mai", 8), 8);
        close(fd);
    }
    use1.sinks[0] = world_mail_sink("mail");
    probe_start(&use1);
    ck_assert_str_eq(use1.warning, "");
    world_wait_seen("mail", 1);
    world_wait_empty(&use1);
    probe_stop(&use1);
}
END_TEST

START_TEST(a_spool_belongs_to_one_daemon_at_a_time)
{
    struct probe second;

    start_one(world_mail_sink("mail"));
    probe_init(&second, "use1", use1.store); /* the same folder */
    probe_add(&second, world_mail_sink("mail"));
    ck_assert_int_eq(probe_try_start(&second), -EBUSY);
    ck_assert_ptr_nonnull(strstr(second.warning, "in use by another regionshiftd"));
    second.store = NULL; /* alert-test beside a daemon: takes no spool */
    probe_start(&second);
    probe_stop(&second);
    probe_stop(&use1);
}
END_TEST

START_TEST(a_folder_that_cannot_be_made_is_told_by_its_path)
{
    probe_init(&use1, "no/such/parent", world_store());
    probe_add(&use1, world_mail_sink("mail"));
    ck_assert_int_eq(probe_try_start(&use1), -ENOENT);
    ck_assert_ptr_nonnull(strstr(use1.warning, "no/such/parent: No such file"));
}
END_TEST

START_TEST(a_disk_that_takes_no_byte_does_not_keep_an_alert_from_being_sent)
{
    struct rlimit none = {0, RLIM_INFINITY}, before;
    struct alert alert = world_alert(ALERT_OPEN, world_noon);

    start_one(world_mail_sink("mail"));
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    setrlimit(RLIMIT_FSIZE, &none);
    ck_assert_int_eq(alerts_raise(use1.alerts, &alert), -EFBIG);
    setrlimit(RLIMIT_FSIZE, &before);
    ck_assert_uint_eq(spool_count(&use1, "new"), 0); /* nothing half-written is left */
    ck_assert_uint_eq(probe_stats(&use1).queued, 1);
    world_wait_seen("mail", 1);
    world_wait_empty(&use1);
    probe_stop(&use1);
}
END_TEST

START_TEST(a_full_disk_does_not_keep_an_alert_from_being_sent)
{
    struct alert alert = world_alert(ALERT_OPEN, world_noon);
    char filler[300];
    char block[4096] = {0};
    int fd;

    if (mount("tmpfs", world_folder, "tmpfs", 0, "size=64k") != 0) {
        printf("skipped: a full disk: cannot mount a small tmpfs here (%s)\n", strerror(errno));
        return;
    }
    start_one(world_mail_sink("mail"));
    snprintf(filler, sizeof(filler), "%s/filler", world_folder);
    fd = open(filler, O_WRONLY | O_CREAT, 0600);
    while (write(fd, block, sizeof(block)) > 0)
        continue;
    close(fd);
    ck_assert_int_eq(alerts_raise(use1.alerts, &alert), -ENOSPC);
    world_wait_seen("mail", 1);
    world_wait_empty(&use1);
    probe_stop(&use1);
    umount2(world_folder, MNT_DETACH);
}
END_TEST

/* No store: no spool, so that ten thousand are quick. */
START_TEST(a_full_spool_gives_up_the_oldest_info_and_never_a_page)
{
    struct alert alert = world_alert(ALERT_OPEN, world_noon);

    probe_init(&use1, "use1", NULL);
    probe_add(&use1, dead_sink("mail"));
    probe_start(&use1);
    for (int i = 0; i < 10000; i++) {
        snprintf(alert.incident, sizeof(alert.incident), "moved.%d", i);
        alert.severity = i == 0 || i > 2 ? SEVERITY_PAGE : SEVERITY_INFO;
        ck_assert_int_eq(alerts_raise(use1.alerts, &alert), 0);
    }
    name_incident(&alert, "page.a");
    ck_assert_int_eq(alerts_raise(use1.alerts, &alert), 0); /* for one info */
    name_incident(&alert, "warn.b");
    alert.severity = SEVERITY_WARN;
    ck_assert_int_eq(alerts_raise(use1.alerts, &alert), 0); /* for the other */
    name_incident(&alert, "warn.c");
    ck_assert_int_eq(alerts_raise(use1.alerts, &alert), -ENOBUFS);
    name_incident(&alert, "page.d");
    alert.severity = SEVERITY_PAGE;
    ck_assert_int_eq(alerts_raise(use1.alerts, &alert), 0); /* past the limit: it is a page */
    ck_assert_uint_eq(probe_stats(&use1).queued, 10001);
    ck_assert_uint_eq(probe_stats(&use1).dropped_full, 3);
    probe_stop(&use1);
}
END_TEST

/* ---- claims ---- */

START_TEST(of_two_probes_that_see_an_incident_one_says_it)
{
    start_two();
    raise_alert(&use1, ALERT_OPEN, world_noon);
    raise_alert(&usw2, ALERT_OPEN, world_noon + 700);
    world_wait_empty(&use1);
    world_wait_empty(&usw2);
    ck_assert_uint_eq(world_seen("mail"), 1);
    ck_assert_uint_eq(probe_stats(&use1).sent + probe_stats(&usw2).sent, 1);
    ck_assert_uint_eq(probe_stats(&use1).duplicates_dropped + probe_stats(&usw2).duplicates_dropped,
                      1);
    stop_two();
}
END_TEST

START_TEST(a_resolve_is_said_once_and_after_its_opening)
{
    start_two();
    raise_alert(&use1, ALERT_OPEN, world_noon);
    raise_alert(&usw2, ALERT_OPEN, world_noon);
    raise_alert(&use1, ALERT_RESOLVED, world_noon + 1000);
    raise_alert(&usw2, ALERT_RESOLVED, world_noon + 1000);
    world_wait_empty(&use1);
    world_wait_empty(&usw2);
    ck_assert_uint_eq(world_seen("mail"), 2);
    ck_assert_str_eq(world_header(0, "X-Regionshift-Phase"), "open");
    ck_assert_str_eq(world_header(1, "X-Regionshift-Phase"), "resolved");
    stop_two();
}
END_TEST

START_TEST(a_resolve_waits_at_each_sink_for_its_own_opening_only)
{
    probe_init(&use1, "use1", world_store());
    probe_add(&use1, world_mail_sink("mail"));
    probe_add(&use1, world_hook_sink("hook"));
    probe_start(&use1);
    world_command("http refuse 3 503");
    raise_alert(&use1, ALERT_OPEN, world_noon);
    raise_alert(&use1, ALERT_RESOLVED, world_noon + 1000);
    world_wait_empty(&use1);
    ck_assert_uint_eq(world_seen("mail"), 2);
    ck_assert_uint_eq(world_seen("hook"), 2);
    ck_assert_ptr_nonnull(strstr(world_text("hook", 0, "data"), "\"phase\":\"open\""));
    ck_assert_ptr_nonnull(strstr(world_text("hook", 1, "data"), "\"phase\":\"resolved\""));
    probe_stop(&use1);
}
END_TEST

START_TEST(what_was_never_opened_is_not_resolved_to_anybody)
{
    start_one(world_mail_sink("mail"));
    raise_alert(&use1, ALERT_RESOLVED, world_noon);
    world_wait_empty(&use1);
    ck_assert_uint_eq(world_seen("mail"), 0);
    ck_assert_uint_eq(probe_stats(&use1).duplicates_dropped, 1);
    probe_stop(&use1);
}
END_TEST

START_TEST(an_open_incident_is_repeated_when_the_reminder_is_due_and_not_before)
{
    const wall_t remind = 4 * 3600 * 1000;
    char first[100];

    start_two();
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait_empty(&use1);
    wait_claim_sent();
    raise_alert(&usw2, ALERT_OPEN, world_noon + remind - 1);
    world_wait_empty(&usw2);
    ck_assert_uint_eq(world_seen("mail"), 1);
    raise_alert(&usw2, ALERT_OPEN, world_noon + remind);
    world_wait_seen("mail", 2);
    world_wait_empty(&usw2);
    snprintf(first, sizeof(first), "%s", world_header(0, "Message-ID"));
    ck_assert_str_ne(first, world_header(1, "Message-ID"));
    ck_assert_str_eq(world_header(1, "X-Regionshift-Count"), "2");
    stop_two();
}
END_TEST

START_TEST(a_claimant_that_died_is_stood_in_for_with_the_same_id)
{
    struct notice_stamp stamp = {.count = 3, .at_wall = world_noon - 5000};
    struct alert alert = world_alert(ALERT_OPEN, world_noon);
    struct notice *notice = NULL;
    char id[NOTICE_ID_LENGTH + 1];

    fake_put(&world_data, claim_name,
             "{\"v\":1,\"phase\":\"open\",\"by\":\"usw2\",\"at\":1785585595000,\"count\":3,"
             "\"sent\":false}");
    start_one(world_mail_sink("mail"));
    probe_pace(&use1, 60000, 150);
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait_seen("mail", 1);
    world_wait_empty(&use1);
    wait_claim_sent();
    ck_assert_int_eq(notice_create(&alert, &notice), 0);
    notice_id(notice, &stamp, id);
    ck_assert_ptr_nonnull(strstr(world_header(0, "Message-ID"), id));
    ck_assert_ptr_nonnull(strstr(fake_get(&world_data, claim_name), "\"by\":\"use1\""));
    notice_destroy(notice);
    probe_stop(&use1);
}
END_TEST

static bool holds_the_claim(void *context)
{
    const char *value = fake_get(&world_data, claim_name);

    return value != NULL && strstr(value, context) != NULL;
}

START_TEST(a_relay_that_is_down_for_all_gets_one_mail_afterwards)
{
    start_two();
    world_command("mail refuse 12 451 busy");
    raise_alert(&use1, ALERT_OPEN, world_noon);
    raise_alert(&usw2, ALERT_OPEN, world_noon);
    world_wait_empty(&use1);
    world_wait_empty(&usw2);
    ck_assert_uint_eq(world_seen("refused"), 12);
    ck_assert_uint_eq(world_seen("mail"), 1);
    ck_assert_uint_eq(probe_stats(&use1).failed_attempts * probe_stats(&usw2).failed_attempts, 0);
    stop_two();
}
END_TEST

START_TEST(a_claimant_that_reaches_no_sink_gives_way_to_one_that_does)
{
    char by_use1[] = "\"by\":\"use1\"";

    start_two();
    use1.sinks[0] = dead_sink("mail");
    alerts_reload(use1.alerts, &use1.settings);
    probe_pace(&use1, 100, 60000); /* holds it for a moment only */
    probe_pace(&usw2, 60000, 300);
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait(holds_the_claim, by_use1, "use1 holds the claim");
    raise_alert(&usw2, ALERT_OPEN, world_noon);
    world_wait_seen("mail", 1);
    world_wait_empty(&usw2);
    world_wait_empty(&use1); /* it sees that it is said, and keeps silent */
    ck_assert_uint_eq(probe_stats(&use1).sent, 0);
    ck_assert_uint_eq(world_seen("mail"), 1);
    stop_two();
}
END_TEST

START_TEST(with_the_store_away_everyone_says_it_with_one_id)
{
    char first[100];

    start_two();
    fake_store_mode(use1.store, FAKE_AWAY);
    fake_store_mode(usw2.store, FAKE_AWAY);
    raise_alert(&use1, ALERT_OPEN, world_noon);
    raise_alert(&usw2, ALERT_OPEN, world_noon + 700);
    world_wait_seen("mail", 2);
    world_wait_empty(&use1);
    world_wait_empty(&usw2);
    snprintf(first, sizeof(first), "%s", world_header(0, "Message-ID"));
    ck_assert_str_eq(first, world_header(1, "Message-ID"));
    raise_alert(&use1, ALERT_OPEN, world_noon + 900); /* known without the store, too */
    world_wait_empty(&use1);
    raise_alert(&use1, ALERT_RESOLVED, world_noon + 2000);
    world_wait_seen("mail", 3);
    ck_assert_str_eq(world_header(2, "X-Regionshift-Phase"), "resolved");
    world_wait_empty(&use1);
    stop_two();
}
END_TEST

START_TEST(a_store_that_never_answers_does_not_hold_an_alert_back)
{
    start_one(world_mail_sink("mail"));
    fake_store_mode(use1.store, FAKE_SILENT);
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait_seen("mail", 1);
    world_wait_empty(&use1);
    fake_store_mode(use1.store, FAKE_WELL); /* the late answers are for nobody */
    wait_claim_sent();
    ck_assert_uint_eq(world_seen("mail"), 1);
    probe_stop(&use1);
}
END_TEST

START_TEST(a_claim_whose_reply_was_lost_is_still_one_mail)
{
    start_two();
    fake_store_mode(use1.store, FAKE_LOST);
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait_empty(&use1);
    fake_store_mode(use1.store, FAKE_WELL);
    wait_claim_sent();
    raise_alert(&usw2, ALERT_OPEN, world_noon);
    world_wait_empty(&usw2);
    ck_assert_uint_eq(world_seen("mail"), 1);
    stop_two();
}
END_TEST

START_TEST(a_claim_of_another_release_is_no_reason_for_silence)
{
    fake_put(&world_data, claim_name, "{\"v\":9,\"who\":\"knows\"}");
    start_one(world_mail_sink("mail"));
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait_seen("mail", 1);
    world_wait_empty(&use1);
    probe_stop(&use1);
}
END_TEST

START_TEST(an_incident_raised_twice_while_nothing_can_be_sent_is_said_once)
{
    start_one(world_mail_sink("mail"));
    world_command("mail refuse 2 451 busy");
    raise_alert(&use1, ALERT_OPEN, world_noon);
    raise_alert(&use1, ALERT_OPEN, world_noon + 24 * 3600 * (wall_t)1000);
    world_wait_seen("mail", 1);
    world_wait_empty(&use1);
    ck_assert_uint_eq(world_seen("mail"), 1);
    ck_assert_uint_eq(probe_stats(&use1).duplicates_dropped, 1);
    probe_stop(&use1);
}
END_TEST

static bool is_swept(void *context)
{
    return fake_get(&world_data, context) == NULL;
}

START_TEST(claims_nobody_needs_any_more_are_swept)
{
    char old[] = "v1/claims/old";
    struct alert_pace pace;

    fake_put(&world_data, old,
             "{\"v\":1,\"phase\":\"resolved\",\"by\":\"usw2\",\"at\":1,\"count\":1,\"sent\":true}");
    fake_put(&world_data, "v1/claims/future",
             "{\"v\":1,\"phase\":\"resolved\",\"by\":\"usw2\",\"at\":9999999999999,\"count\":1,"
             "\"sent\":true}");
    fake_put(&world_data, "v1/claims/strange", "?");
    start_one(world_mail_sink("mail"));
    pace = use1.alerts->pace;
    pace.sweep_ms = 5;
    alerts_set_pace(use1.alerts, &pace);
    world_wait(is_swept, old, "the old claim is deleted");
    ck_assert_ptr_nonnull(fake_get(&world_data, "v1/claims/future"));
    ck_assert_ptr_nonnull(fake_get(&world_data, "v1/claims/strange"));
    probe_stop(&use1);
}
END_TEST

/* The real store of one machine. */
START_TEST(two_probes_with_one_sqlite_store_say_an_incident_once)
{
    char path[300];
    struct store_settings settings = {.kind = STORE_SQLITE, .path = path, .lease_ms = 10000};
    struct store *stores[2] = {NULL, NULL};

    snprintf(path, sizeof(path), "%s/store.db", world_folder);
    ck_assert_int_eq(store_open(&world_loop, &settings, "use1", &stores[0]), 0);
    ck_assert_int_eq(store_open(&world_loop, &settings, "usw2", &stores[1]), 0);
    probe_init(&use1, "use1", stores[0]);
    probe_init(&usw2, "usw2", stores[1]);
    probe_add(&use1, world_mail_sink("mail"));
    probe_add(&usw2, world_mail_sink("mail"));
    probe_start(&use1);
    probe_start(&usw2);
    use1.alerts->pace.answer_ms = WORLD_PATIENCE_MS; /* a slow disk is no fault of the alerts */
    usw2.alerts->pace.answer_ms = WORLD_PATIENCE_MS;
    raise_alert(&use1, ALERT_OPEN, world_noon);
    raise_alert(&usw2, ALERT_OPEN, world_noon);
    raise_alert(&use1, ALERT_RESOLVED, world_noon + 1000);
    raise_alert(&usw2, ALERT_RESOLVED, world_noon + 1000);
    world_wait_empty(&use1);
    world_wait_empty(&usw2);
    ck_assert_uint_eq(world_seen("mail"), 2);
    ck_assert_str_eq(world_header(1, "X-Regionshift-Phase"), "resolved");
    stop_two();
    store_close(stores[0], NULL, NULL);
    store_close(stores[1], NULL, NULL);
}
END_TEST

/* ---- alert-test ---- */

static unsigned tested_count;
static char tested[2][SINK_TEXT_MAX + 80];

static void on_tested(void *context, const char *sink, bool accepted, const char *text)
{
    (void)context;
    ck_assert_uint_lt(tested_count, 2);
    snprintf(tested[tested_count++], sizeof(tested[0]), "%s %s %s", sink, accepted ? "yes" : "no",
             text);
}

static bool both_are_tested(void *context)
{
    (void)context;
    return tested_count == 2;
}

START_TEST(a_test_alert_tells_each_sinks_own_words)
{
    struct alert alert = world_alert(ALERT_OPEN, world_noon);

    alert.event = ALERT_TEST;
    tested_count = 0;
    probe_init(&use1, "use1", NULL);
    probe_add(&use1, world_mail_sink("mail"));
    probe_add(&use1, world_hook_sink("hook"));
    probe_start(&use1);
    world_command("http refuse 1 403");
    alerts_test(use1.alerts, &alert, on_tested, NULL);
    world_wait(both_are_tested, NULL, "both sinks tested");
    for (unsigned i = 0; i < 2; i++)
        ck_assert_str_eq(tested[i], tested[i][0] == 'm' ? "mail yes 250 2.0.0 taken"
                                                        : "hook no HTTP status 403, want 2xx");
    ck_assert_uint_eq(probe_stats(&use1).queued, 0);
    probe_stop(&use1);
}
END_TEST

START_TEST(a_test_alert_cut_off_by_the_end_is_told_so)
{
    struct alert alert = world_alert(ALERT_OPEN, world_noon);
    struct server *tarpit = server_start_tcp(never_answer, NULL);
    struct sink_settings slow = world_mail_sink("slow");

    slow.port = server_port(tarpit);
    tested_count = 0;
    probe_init(&use1, "use1", NULL);
    probe_add(&use1, slow);
    probe_start(&use1);
    alerts_test(use1.alerts, &alert, on_tested, NULL);
    probe_stop(&use1);
    ck_assert_uint_eq(tested_count, 1);
    ck_assert_str_eq(tested[0], "slow no stopped before the answer");
    server_stop(tarpit);
}
END_TEST

/* ---- the suite ---- */

static TCase *case_of(const char *name)
{
    TCase *tests = tcase_create(name);

    tcase_set_timeout(tests, 60);
    tcase_add_unchecked_fixture(tests, world_receivers_start, world_receivers_stop);
    tcase_add_checked_fixture(tests, world_setup, world_teardown);
    return tests;
}

static TCase *sending_tests(void)
{
    TCase *tests = case_of("sending");

    tcase_add_test(tests, an_alert_is_mailed_once_and_leaves_the_spool);
    tcase_add_test(tests, a_sink_gets_only_what_is_grave_enough_for_it);
    tcase_add_test(tests, an_alert_with_a_name_that_is_none_is_refused);
    tcase_add_test(tests, a_relay_that_refuses_for_a_while_gets_the_mail_once_afterwards);
    tcase_add_test(tests, a_webhook_that_fails_is_tried_again_with_the_same_key);
    tcase_add_test(tests, a_dead_sink_delays_no_other);
    tcase_add_test(tests, a_tarpit_delays_no_other_sink_and_no_end);
    tcase_add_test(tests, a_relay_that_thinks_for_long_does_not_stop_the_loop);
    tcase_add_test(tests, a_mail_that_no_relay_takes_does_not_hold_up_the_next);
    tcase_add_test(tests, an_answer_lost_after_the_data_costs_a_duplicate_that_is_known_as_one);
    tcase_add_test(tests, new_settings_send_what_the_old_ones_could_not);
    tcase_add_test(tests, a_sink_that_is_no_longer_in_the_settings_is_waited_for_no_longer);
    tcase_add_test(tests, a_test_alert_tells_each_sinks_own_words);
    tcase_add_test(tests, a_test_alert_cut_off_by_the_end_is_told_so);
    return tests;
}

static TCase *spool_tests(void)
{
    TCase *tests = case_of("spool");

    tcase_add_test(tests, a_daemon_killed_after_raising_sends_when_it_runs_again);
    tcase_add_test(tests, a_restart_does_not_send_again_to_a_sink_that_accepted);
    tcase_add_test(tests, an_unreadable_record_is_set_aside_and_stops_no_other);
    tcase_add_test(tests, a_torn_line_of_progress_costs_a_duplicate_and_no_alert);
    tcase_add_test(tests, a_spool_belongs_to_one_daemon_at_a_time);
    tcase_add_test(tests, a_folder_that_cannot_be_made_is_told_by_its_path);
    tcase_add_test(tests, a_disk_that_takes_no_byte_does_not_keep_an_alert_from_being_sent);
    tcase_add_test(tests, a_full_disk_does_not_keep_an_alert_from_being_sent);
    tcase_add_test(tests, a_full_spool_gives_up_the_oldest_info_and_never_a_page);
    return tests;
}

static TCase *claim_tests(void)
{
    TCase *tests = case_of("claims");

    tcase_add_test(tests, of_two_probes_that_see_an_incident_one_says_it);
    tcase_add_test(tests, a_resolve_is_said_once_and_after_its_opening);
    tcase_add_test(tests, a_resolve_waits_at_each_sink_for_its_own_opening_only);
    tcase_add_test(tests, what_was_never_opened_is_not_resolved_to_anybody);
    tcase_add_test(tests, an_open_incident_is_repeated_when_the_reminder_is_due_and_not_before);
    tcase_add_test(tests, a_claimant_that_died_is_stood_in_for_with_the_same_id);
    tcase_add_test(tests, a_relay_that_is_down_for_all_gets_one_mail_afterwards);
    tcase_add_test(tests, a_claimant_that_reaches_no_sink_gives_way_to_one_that_does);
    tcase_add_test(tests, with_the_store_away_everyone_says_it_with_one_id);
    tcase_add_test(tests, a_store_that_never_answers_does_not_hold_an_alert_back);
    tcase_add_test(tests, a_claim_whose_reply_was_lost_is_still_one_mail);
    tcase_add_test(tests, a_claim_of_another_release_is_no_reason_for_silence);
    tcase_add_test(tests, an_incident_raised_twice_while_nothing_can_be_sent_is_said_once);
    tcase_add_test(tests, claims_nobody_needs_any_more_are_swept);
    tcase_add_test(tests, two_probes_with_one_sqlite_store_say_an_incident_once);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("alerts");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, sending_tests());
    suite_add_tcase(suite, spool_tests());
    suite_add_tcase(suite, claim_tests());
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
