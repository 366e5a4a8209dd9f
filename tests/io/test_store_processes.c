/* SPDX-License-Identifier: Apache-2.0 */
/* Several daemons, each a process of its own, share the store's file: they start together, race,
 * are stopped and killed. Leases of earlier lives are judged by what can be known of their age. */
#include <check.h>
#include <dirent.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "store_sqlite_lab.h"

/* A daemon in a process of its own; it tells by writing bytes. */
struct process {
    pid_t id;
    int told; /* read end */
};

static void start(struct process *process, void (*life)(int tell, unsigned number), unsigned number)
{
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    process->id = fork();
    ck_assert_int_ge(process->id, 0);
    if (process->id == 0) {
        (void)close(ends[0]);
        life(ends[1], number);
        _exit(0);
    }
    (void)close(ends[1]);
    process->told = ends[0];
}

static char next_byte(struct process *process)
{
    char byte = '\0';

    ck_assert_int_eq(read(process->told, &byte, 1), 1);
    return byte;
}

static void tell_byte(int tell, char byte)
{
    if (write(tell, &byte, 1) != 1) {
        _exit(1);
    }
}

static void ends_well(struct process *process)
{
    int status = 0;

    ck_assert_int_eq(waitpid(process->id, &status, 0), process->id);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a daemon failed: %d", status);
    (void)close(process->told);
}

static void kill_it(struct process *process)
{
    int status = 0;

    ck_assert_int_eq(kill(process->id, SIGKILL), 0);
    ck_assert_int_eq(waitpid(process->id, &status, 0), process->id);
    ck_assert(WIFSIGNALED(status));
    (void)close(process->told);
}

static void sql(const char *text)
{
    sqlite3 *handle = NULL;

    ck_assert_int_eq(sqlite3_open(lab_path, &handle), SQLITE_OK);
    ck_assert_int_eq(sqlite3_busy_timeout(handle, WORLD_PATIENCE_MS), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(handle, text, NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(handle), SQLITE_OK);
}

/* ---- leases of the killed ---- */

static void vote_and_wait(int tell, unsigned number)
{
    struct world world;
    struct store *store;

    (void)number;
    world_open(&world, &sqlite_lab);
    store = world_daemon(&world, "use1");
    wrote(renew(&world, store));
    wrote(put_leased(&world, store, "vote", "down"));
    tell_byte(tell, '!');
    for (;;) {
        (void)pause();
    }
}

static void leave_a_vote_of_the_killed(void)
{
    struct process use1;

    start(&use1, vote_and_wait, 0);
    ck_assert_int_eq(next_byte(&use1), '!');
    kill_it(&use1);
}

START_TEST(a_killed_daemon_loses_its_lease)
{
    struct world world;
    struct store *usw2;
    struct watch_log *log;
    struct process use1;

    world_open(&world, &sqlite_lab);
    start(&use1, vote_and_wait, 0);
    ck_assert_int_eq(next_byte(&use1), '!');
    usw2 = world_daemon(&world, "usw2");
    log = watch(&world, usw2, "");
    kill_it(&use1);
    reads(&world, usw2, "", "vote=down ");
    world_pass_time(&world, sqlite_lab.lease_ms - 30000);
    reads(&world, usw2, "", "vote=down ");
    world_pass_time(&world, 60000);
    will_tell(&world, log, "del vote;");
    reads(&world, usw2, "", "");
    world_close(&world);
}
END_TEST

START_TEST(a_vote_from_before_the_machine_restarted_is_dead_at_once)
{
    struct world world;

    leave_a_vote_of_the_killed();
    sql("UPDATE leases SET boot = 'an earlier start', stamp_ms = stamp_ms + 1000000000");
    world_open(&world, &sqlite_lab);
    reads(&world, world_daemon(&world, "usw2"), "", "");
    world_close(&world);
}
END_TEST

START_TEST(a_vote_of_long_ago_is_dead_at_first_sight)
{
    struct world world;

    leave_a_vote_of_the_killed();
    world_open(&world, &sqlite_lab);
    world_pass_time(&world, sqlite_lab.lease_ms + 1000);
    reads(&world, world_daemon(&world, "usw2"), "", "");
    world_close(&world);
}
END_TEST

START_TEST(a_vote_of_a_moment_ago_still_counts_after_a_restart)
{
    struct world world;

    leave_a_vote_of_the_killed();
    world_open(&world, &sqlite_lab);
    reads(&world, world_daemon(&world, "usw2"), "", "vote=down ");
    world_close(&world);
}
END_TEST

START_TEST(a_vote_by_another_clock_is_timed_from_first_sight)
{
    struct world world;
    struct store *usw2;

    leave_a_vote_of_the_killed();
    sql("UPDATE leases SET clock = 'time:[1]', stamp_ms = 1");
    world_open(&world, &sqlite_lab);
    usw2 = world_daemon(&world, "usw2");
    reads(&world, usw2, "", "vote=down ");
    world_pass_time(&world, sqlite_lab.lease_ms + 1000);
    will_read(&world, usw2, "", "");
    world_close(&world);
}
END_TEST

START_TEST(a_renewal_that_the_reader_has_not_seen_yet_saves_the_lease)
{
    struct world world;
    struct store *usw2;

    leave_a_vote_of_the_killed();
    world_open(&world, &sqlite_lab);
    usw2 = world_daemon(&world, "usw2");
    reads(&world, usw2, "", "vote=down ");
    world_pass_time(&world, sqlite_lab.lease_ms - 1000);
    sql("UPDATE leases SET renewals = renewals + 1");
    world_pass_time(&world, 2000);
    reads(&world, usw2, "", "vote=down ");
    world_pass_time(&world, sqlite_lab.lease_ms + 1000);
    will_read(&world, usw2, "", "");
    world_close(&world);
}
END_TEST

static struct world late_world;

static void time_passes_and_then_the_owner_renews(void)
{
    world_pass_time(&late_world, sqlite_lab.lease_ms * 2);
    sql("UPDATE leases SET renewals = renewals + 1");
}

/* The reader has just seen that nothing changed and now asks the time: too late for the lease, by
 * all it knows. The owner's renewal comes in between. */
START_TEST(a_renewal_that_races_the_end_of_its_lease_wins)
{
    struct store *usw2;

    leave_a_vote_of_the_killed();
    world_open(&late_world, &sqlite_lab);
    usw2 = world_daemon(&late_world, "usw2");
    reads(&late_world, usw2, "", "vote=down ");
    for (unsigned i = 0; i < 5; i++) {
        lab_at_next_look_at_the_clock(time_passes_and_then_the_owner_renews);
        world_run_for(&late_world, 100); /* some looks; whichever asks first */
        reads(&late_world, usw2, "", "vote=down ");
    }
    world_close(&late_world);
}
END_TEST

/* ---- killed amid writing ---- */

enum { ROW_COUNT = 60 };

/* Writes the same number into every row, one transaction for each number, and tells each. */
static void write_rows_for_ever(int tell, unsigned number)
{
    char keys[ROW_COUNT][8];
    struct store_put puts[ROW_COUNT];
    struct store_txn txn = {.puts = puts, .put_count = ROW_COUNT};
    struct world world;
    struct store *store;

    world_open(&world, &sqlite_lab);
    store = world_daemon(&world, "use1");
    for (;;) {
        char value[16];

        (void)snprintf(value, sizeof(value), "%u", ++number);
        for (unsigned i = 0; i < ROW_COUNT; i++) {
            (void)snprintf(keys[i], sizeof(keys[i]), "row%02u", i);
            puts[i] = (struct store_put){.key = keys[i], .value = value, .length = strlen(value)};
        }
        wrote(transact(&world, store, &txn));
        tell_byte(tell, '+');
    }
}

/* Every row holds the same number, and none that was told is lost. */
static unsigned judge_rows(unsigned told)
{
    struct world world;
    struct answer_of_store answer;
    const char *cursor;
    unsigned number = 0;

    world_open(&world, &sqlite_lab);
    answer = get(&world, world_daemon(&world, "usw2"), "row");
    ck_assert_msg(answer.status == STORE_OK, "%s", answer.error);
    ck_assert_uint_eq(answer.count, ROW_COUNT);
    cursor = answer.text;
    for (unsigned i = 0; i < ROW_COUNT; i++) {
        unsigned row;
        unsigned value;
        int length = 0;

        ck_assert_int_eq(sscanf(cursor, "row%u=%u %n", &row, &value, &length), 2);
        ck_assert_uint_eq(row, i);
        number = i == 0 ? value : number;
        ck_assert_uint_eq(value, number);
        cursor += length;
    }
    ck_assert_uint_ge(number, told);
    free(answer.text);
    world_close(&world);
    return number;
}

START_TEST(a_daemon_killed_amid_writing_leaves_all_or_nothing)
{
    unsigned number = 0;

    for (unsigned round = 0; round < 8; round++) {
        struct process use1;
        unsigned told = number;

        start(&use1, write_rows_for_ever, number);
        for (unsigned i = 0; i < 5 + round; i++) {
            ck_assert_int_eq(next_byte(&use1), '+');
            told++;
        }
        (void)usleep(round * 300); /* another place to die in each round; no promise hangs on it */
        kill_it(&use1);
        number = judge_rows(told);
    }
}
END_TEST

/* ---- together ---- */

enum { DAEMON_COUNT = 4, STEP_COUNT = 25 };

static void add_one_key(int tell, unsigned number)
{
    struct world world;
    char key[16];

    (void)tell;
    (void)snprintf(key, sizeof(key), "daemon%u", number);
    world_open(&world, &sqlite_lab);
    wrote(put(&world, world_daemon(&world, key), key, "here"));
    world_close(&world);
}

/* Without -wal and -shm: two daemons that close in the same moment may each leave them to the
 * other, and SQLite takes them up at the next opening. */
static bool is_sqlites_own(const char *name)
{
    size_t length = strlen(name);

    return length > 4 &&
           (strcmp(name + length - 4, "-wal") == 0 || strcmp(name + length - 4, "-shm") == 0);
}

static unsigned count_files(void)
{
    DIR *directory = opendir(lab_directory);
    unsigned count = 0;

    ck_assert_ptr_nonnull(directory);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        count += entry->d_name[0] == '.' || is_sqlites_own(entry->d_name) ? 0 : 1;
    }
    (void)closedir(directory);
    return count;
}

START_TEST(daemons_that_start_together_make_one_store)
{
    struct process processes[DAEMON_COUNT];
    struct world world;

    for (unsigned i = 0; i < DAEMON_COUNT; i++) {
        start(&processes[i], add_one_key, i);
    }
    for (unsigned i = 0; i < DAEMON_COUNT; i++) {
        ends_well(&processes[i]);
    }
    ck_assert_uint_eq(count_files(), 1);
    world_open(&world, &sqlite_lab);
    reads(&world, world_daemon(&world, "use1"), "",
          "daemon0=here daemon1=here daemon2=here daemon3=here ");
    world_close(&world);
}
END_TEST

/* Reads the counter; its revision, 0 when it is absent, is what a step compares. */
static unsigned read_counter(struct world *world, struct store *store, uint64_t *ret_revision)
{
    struct answer_of_store answer = get(world, store, "counter");
    unsigned value = 0;

    *ret_revision = answer.first.mod_revision;
    if (answer.count > 0 && sscanf(answer.text, "counter=%u", &value) != 1) {
        _exit(1);
    }
    wrote(answer);
    return value;
}

/* Adds STEP_COUNT to the counter by compare and put, tells each conflict. */
static void count_up(int tell, unsigned number)
{
    struct world world;
    struct store *store;
    char owner[16];
    uint64_t last = 0;

    (void)snprintf(owner, sizeof(owner), "daemon%u", number);
    world_open(&world, &sqlite_lab);
    store = world_daemon(&world, owner);
    for (unsigned steps = 0; steps < STEP_COUNT;) {
        struct store_compare compare = {.kind = STORE_MOD_IS, .key = "counter"};
        struct store_put change = {.key = "counter"};
        struct store_txn txn = {
            .compares = &compare, .compare_count = 1, .puts = &change, .put_count = 1};
        struct answer_of_store answer;
        char value[16];

        (void)snprintf(value, sizeof(value), "%u",
                       read_counter(&world, store, &compare.revision) + 1);
        change.value = value;
        change.length = strlen(value);
        answer = transact(&world, store, &txn);
        if (answer.status == STORE_CONFLICT) {
            tell_byte(tell, 'c');
            continue;
        }
        if (wrote(answer) <= last) {
            _exit(1); /* revisions rise strictly */
        }
        last = answer.revision;
        steps++;
    }
    world_close(&world);
}

START_TEST(daemons_that_race_lose_no_step)
{
    struct process processes[DAEMON_COUNT];
    struct world world;
    struct store *store;
    uint64_t revision;

    world_open(&world, &sqlite_lab);
    for (unsigned i = 0; i < DAEMON_COUNT; i++) {
        start(&processes[i], count_up, i);
    }
    for (unsigned i = 0; i < DAEMON_COUNT; i++) {
        ends_well(&processes[i]);
    }
    store = world_daemon(&world, "judge");
    ck_assert_uint_eq(read_counter(&world, store, &revision), DAEMON_COUNT * STEP_COUNT);
    world_close(&world);
}
END_TEST

/* ---- stopped ---- */

/* Watches; tells '!' when the watch has begun, then everything it was told up to "again;". */
static void watch_and_tell(int tell, unsigned number)
{
    struct world world;
    struct watch_log *log;

    (void)number;
    world_open(&world, &sqlite_lab);
    log = watch(&world, world_daemon(&world, "use1"), "");
    tell_byte(tell, '!');
    while (log->text == NULL || strstr(log->text, "again;") == NULL) {
        world_run_for(&world, 5);
    }
    for (const char *cursor = log->text; *cursor != '\0'; cursor++) {
        tell_byte(tell, *cursor);
    }
    tell_byte(tell, '\n');
    world_close(&world);
}

/* Makes 75 keys and deletes them, in two transactions. */
static void make_and_delete(struct world *world, struct store *store)
{
    char keys[75][8];
    struct store_put puts[75];
    struct store_txn txn = {.puts = puts, .put_count = 75};

    for (unsigned i = 0; i < 75; i++) {
        (void)snprintf(keys[i], sizeof(keys[i]), "row%02u", i);
        puts[i] = (struct store_put){.key = keys[i], .value = "x", .length = 1};
    }
    wrote(transact(world, store, &txn));
    for (unsigned i = 0; i < 75; i++) {
        puts[i].value = NULL;
    }
    wrote(transact(world, store, &txn));
}

START_TEST(a_watcher_behind_the_log_of_deletions_must_read_again)
{
    static const char told[] = "away;again;\n";
    struct process watcher;
    struct world world;
    struct store *usw2;
    int status = 0;

    world_open(&world, &sqlite_lab);
    start(&watcher, watch_and_tell, 0);
    ck_assert_int_eq(next_byte(&watcher), '!');
    ck_assert_int_eq(kill(watcher.id, SIGSTOP), 0);
    ck_assert_int_eq(waitpid(watcher.id, &status, WUNTRACED), watcher.id);
    usw2 = world_daemon(&world, "usw2");
    for (unsigned i = 0; i < 15; i++) { /* 1125 deletions; 1024 are remembered */
        make_and_delete(&world, usw2);
    }
    ck_assert_int_eq(kill(watcher.id, SIGCONT), 0);
    for (unsigned i = 0; i < sizeof(told) - 1; i++) {
        ck_assert_int_eq(next_byte(&watcher), told[i]);
    }
    ends_well(&watcher);
    world_close(&world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store processes");
    TCase *tests = tcase_create("daemons");

    tcase_add_checked_fixture(tests, sqlite_lab.setup, sqlite_lab.teardown);
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, a_killed_daemon_loses_its_lease);
    tcase_add_test(tests, a_vote_from_before_the_machine_restarted_is_dead_at_once);
    tcase_add_test(tests, a_vote_of_long_ago_is_dead_at_first_sight);
    tcase_add_test(tests, a_vote_of_a_moment_ago_still_counts_after_a_restart);
    tcase_add_test(tests, a_vote_by_another_clock_is_timed_from_first_sight);
    tcase_add_test(tests, a_renewal_that_the_reader_has_not_seen_yet_saves_the_lease);
    tcase_add_test(tests, a_renewal_that_races_the_end_of_its_lease_wins);
    tcase_add_test(tests, a_daemon_killed_amid_writing_leaves_all_or_nothing);
    tcase_add_test(tests, daemons_that_start_together_make_one_store);
    tcase_add_test(tests, daemons_that_race_lose_no_step);
    tcase_add_test(tests, a_watcher_behind_the_log_of_deletions_must_read_again);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
