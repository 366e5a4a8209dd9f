/* SPDX-License-Identifier: Apache-2.0 */
/* What outlives a daemon (L1): kill -9, restarts, broken files, full disks. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "alerts_world.h"

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

static bool has_two_sinks_tried(void *context)
{
    return has_sent(context) && has_failed(context);
}

/* Killed between a sink's yes and the claim's. */
START_TEST(a_restart_tells_the_others_what_was_said_before)
{
    start_one(world_mail_sink("mail"));
    probe_stop(&use1);
    probe_add(&use1, dead_sink("dead"));
    probe_start(&use1);
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait(has_two_sinks_tried, &use1, "one sink took it and one did not");
    probe_stop(&use1);
    fake_put(&world_data, claim_name,
             "{\"v\":1,\"phase\":\"open\",\"by\":\"use1\",\"at\":1785585600000,\"count\":1,"
             "\"sent\":false}");
    probe_start(&use1);
    wait_claim_sent();
    ck_assert_uint_eq(probe_stats(&use1).queued, 1);
    probe_stop(&use1);
    ck_assert_uint_eq(world_seen("mail"), 1);
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

static TCase *spool_tests(void)
{
    TCase *tests = world_case("spool");

    tcase_add_test(tests, a_daemon_killed_after_raising_sends_when_it_runs_again);
    tcase_add_test(tests, a_restart_does_not_send_again_to_a_sink_that_accepted);
    tcase_add_test(tests, a_restart_tells_the_others_what_was_said_before);
    tcase_add_test(tests, an_unreadable_record_is_set_aside_and_stops_no_other);
    tcase_add_test(tests, a_torn_line_of_progress_costs_a_duplicate_and_no_alert);
    tcase_add_test(tests, a_spool_belongs_to_one_daemon_at_a_time);
    tcase_add_test(tests, a_folder_that_cannot_be_made_is_told_by_its_path);
    tcase_add_test(tests, a_disk_that_takes_no_byte_does_not_keep_an_alert_from_being_sent);
    tcase_add_test(tests, a_full_disk_does_not_keep_an_alert_from_being_sent);
    tcase_add_test(tests, a_full_spool_gives_up_the_oldest_info_and_never_a_page);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("alert spool");

    suite_add_tcase(suite, spool_tests());
    return run_suite(suite);
}
