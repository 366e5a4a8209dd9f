/* SPDX-License-Identifier: Apache-2.0 */
/* The store's file is damaged, taken away, locked, full or forbidden: each is an error said clearly
 * (path, what happened, what to do), none is a new store, and what can come back comes back. */
#include <check.h>
#include <fcntl.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "store_sqlite_lab.h"

static struct world world;

static void setup(void)
{
    sqlite_lab.setup();
    world_open(&world, &sqlite_lab);
}

static void teardown(void)
{
    world_close(&world);
    sqlite_lab.teardown();
}

/* ---- what the world does to a file ---- */

static const char *beside(const char *suffix)
{
    static char name[400];

    (void)snprintf(name, sizeof(name), "%s%s", lab_path, suffix);
    return name;
}

static void write_file(const char *path, const void *bytes, size_t size, mode_t mode)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, bytes, size), (ssize_t)size);
    ck_assert_int_eq(fchmod(file, mode), 0);
    ck_assert_int_eq(close(file), 0);
}

static void sql(const char *path, const char *text)
{
    sqlite3 *handle = NULL;
    char *error = NULL;

    ck_assert_int_eq(sqlite3_open(path, &handle), SQLITE_OK);
    (void)sqlite3_exec(handle, text, NULL, NULL, &error);
    ck_assert_msg(error == NULL, "%s: %s", text, error);
    ck_assert_int_eq(sqlite3_close(handle), SQLITE_OK);
}

/* A store that some daemon has used and left. */
static void make_store(void)
{
    struct store *store = world_daemon(&world, "before");

    wrote(put(&world, store, "head", "epoch 1"));
    world_leave(&world, store);
    ck_assert_int_ne(access(beside("-wal"), F_OK), 0);
}

static void overwrite(off_t offset, size_t size)
{
    char *garbage = malloc(size);
    int file = open(lab_path, O_WRONLY | O_CLOEXEC);

    ck_assert_ptr_nonnull(garbage);
    memset(garbage, 0x5a, size);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(pwrite(file, garbage, size, offset), (ssize_t)size);
    ck_assert_int_eq(close(file), 0);
    free(garbage);
}

static void remove_all(void)
{
    (void)unlink(lab_path);
    (void)unlink(beside("-wal"));
    (void)unlink(beside("-shm"));
}

/* A new daemon is refused by read and write alike, with these words and the path. */
static void refuses(enum store_status status, const char *words)
{
    struct store *store = world_daemon(&world, "use1");

    fails(get(&world, store, ""), status, words);
    fails(get(&world, store, ""), status, lab_path);
    fails(put(&world, store, "a", "1"), status, words);
    fails(renew(&world, store), status, words);
    world_leave(&world, store);
}

/* ---- files that are no store ---- */

START_TEST(a_new_store_is_for_its_user_only)
{
    struct stat file;

    make_store();
    ck_assert_int_eq(stat(lab_path, &file), 0);
    ck_assert_uint_eq(file.st_mode & 07777U, 0600);
}
END_TEST

START_TEST(a_store_outlives_its_daemons)
{
    make_store();
    reads(&world, world_daemon(&world, "after"), "", "head=epoch 1 ");
}
END_TEST

START_TEST(a_file_of_garbage_is_called_damaged_and_left_alone)
{
    char garbage[8192];
    char after[8192] = {0};
    int file;

    memset(garbage, 0x5a, sizeof(garbage));
    write_file(lab_path, garbage, sizeof(garbage), 0600);
    refuses(STORE_CORRUPT, "damaged");
    file = open(lab_path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(read(file, after, sizeof(after)), (ssize_t)sizeof(after));
    ck_assert_int_eq(close(file), 0);
    ck_assert_mem_eq(garbage, after, sizeof(garbage));
}
END_TEST

START_TEST(a_corrupt_header_is_called_damaged)
{
    make_store();
    overwrite(0, 100);
    refuses(STORE_CORRUPT, "damaged");
}
END_TEST

START_TEST(a_corrupt_page_is_called_damaged)
{
    make_store();
    overwrite(4096, 8192);
    refuses(STORE_CORRUPT, "damaged");
}
END_TEST

START_TEST(damage_is_found_even_where_nobody_reads)
{
    struct store *store = world_daemon(&world, "before");
    char *value = malloc(STORE_VALUE_MAX + 1);
    struct stat file;

    ck_assert_ptr_nonnull(value);
    memset(value, 'v', STORE_VALUE_MAX);
    value[STORE_VALUE_MAX] = '\0';
    wrote(put(&world, store, "a", "1"));
    wrote(put(&world, store, "large", value));
    world_leave(&world, store);
    free(value);
    ck_assert_int_eq(stat(lab_path, &file), 0);
    overwrite(file.st_size - 3 * 4096, 4096);
    store = world_daemon(&world, "use1");
    fails(get(&world, store, "a"), STORE_CORRUPT, "quick_check");
}
END_TEST

START_TEST(half_a_file_is_called_damaged)
{
    make_store();
    ck_assert_int_eq(truncate(lab_path, 4096), 0);
    refuses(STORE_CORRUPT, "damaged");
}
END_TEST

START_TEST(an_empty_file_is_not_a_new_store)
{
    write_file(lab_path, "", 0, 0600);
    refuses(STORE_CORRUPT, "is an empty file");
}
END_TEST

START_TEST(a_store_without_its_tables_is_called_damaged)
{
    make_store();
    sql(lab_path, "DROP TABLE tombstones");
    refuses(STORE_CORRUPT, "no such table: tombstones");
}
END_TEST

START_TEST(the_file_of_another_program_is_refused)
{
    sql(lab_path, "CREATE TABLE mail (subject TEXT)");
    refuses(STORE_DENIED, "of another program");
}
END_TEST

START_TEST(another_schema_version_is_refused)
{
    make_store();
    sql(lab_path, "PRAGMA user_version = 2");
    refuses(STORE_DENIED, "schema version 2, this regionshiftd knows 1");
}
END_TEST

START_TEST(a_directory_is_not_a_store)
{
    ck_assert_int_eq(mkdir(lab_path, 0700), 0);
    refuses(STORE_DENIED, "is not a regular file");
    ck_assert_int_eq(rmdir(lab_path), 0);
}
END_TEST

START_TEST(a_file_that_everyone_may_write_is_refused)
{
    make_store();
    ck_assert_int_eq(chmod(lab_path, 0666), 0);
    refuses(STORE_DENIED, "chmod 0600");
}
END_TEST

START_TEST(a_missing_directory_is_named_and_may_come_later)
{
    struct store *store;

    ck_assert_int_eq(rmdir(lab_directory), 0);
    store = world_daemon(&world, "use1");
    fails(get(&world, store, ""), STORE_AWAY, "its directory must exist");
    ck_assert_int_eq(mkdir(lab_directory, 0700), 0);
    will_read(&world, store, "", "");
}
END_TEST

/* ---- files that go and come ---- */

START_TEST(a_file_removed_in_use_is_away_and_never_made_anew)
{
    struct store *use1 = world_daemon(&world, "use1");
    struct store *usw2 = world_daemon(&world, "usw2");
    struct watch_log *log;

    wrote(put(&world, use1, "a", "1"));
    log = watch(&world, usw2, "");
    ck_assert_int_eq(unlink(lab_path), 0);
    fails(put(&world, use1, "a", "2"), STORE_AWAY, "removed");
    fails(get(&world, usw2, ""), STORE_AWAY, lab_path);
    will_tell(&world, log, "away;");
    ck_assert_ptr_nonnull(strstr(log->error, "removed"));
    world_run_for(&world, 1200); /* more than one attempt to open it again */
    fails(put(&world, use1, "a", "3"), STORE_AWAY, "put it back");
    ck_assert_int_ne(access(lab_path, F_OK), 0);
}
END_TEST

START_TEST(a_file_moved_away_and_back_is_taken_up_again)
{
    struct store *use1 = world_daemon(&world, "use1");
    struct watch_log *log;
    char aside[400];

    (void)snprintf(aside, sizeof(aside), "%s", beside(".aside"));
    wrote(put(&world, use1, "a", "1"));
    log = watch(&world, use1, "");
    ck_assert_int_eq(rename(lab_path, aside), 0);
    fails(put(&world, use1, "b", "2"), STORE_AWAY, "removed");
    will_tell(&world, log, "away;");
    ck_assert_int_eq(rename(aside, lab_path), 0);
    will_read(&world, use1, "", "a=1 ");
    will_tell(&world, log, "away;again;");
    wrote(put(&world, use1, "b", "3"));
    will_tell(&world, log, "away;again;put b=3;");
}
END_TEST

START_TEST(another_store_in_the_files_place_waits_for_a_restart)
{
    struct store *use1 = world_daemon(&world, "use1");
    struct store *restarted;

    wrote(put(&world, use1, "freeze", "yes"));
    remove_all();
    fails(get(&world, use1, ""), STORE_AWAY, "removed");
    restarted = world_daemon(&world, "usw2");
    reads(&world, restarted, "", "");
    wrote(put(&world, restarted, "b", "1"));
    world_run_for(&world, 600); /* use1 has tried to open what is there now */
    fails(get(&world, use1, ""), STORE_AWAY, "replaced by another store");
    fails(put(&world, use1, "c", "1"), STORE_AWAY, "restart every regionshiftd");
    reads(&world, restarted, "", "b=1 ");
}
END_TEST

/* SQLite removes the -wal by its name when the last connection closes. */
START_TEST(leaving_a_removed_file_harms_no_new_one)
{
    struct store *use1 = world_daemon(&world, "use1");
    struct store *usw2;

    wrote(put(&world, use1, "a", "1"));
    lab_hold_the_thread();
    remove_all();
    usw2 = world_daemon(&world, "usw2");
    wrote(put(&world, usw2, "b", "1"));
    lab_let_the_thread_go();
    will_answer(&world, use1, STORE_AWAY);
    world_leave(&world, use1);
    reads(&world, world_daemon(&world, "fra"), "", "b=1 ");
}
END_TEST

START_TEST(an_older_copy_put_back_is_accepted_and_the_watcher_told)
{
    struct store *use1 = world_daemon(&world, "use1");
    struct watch_log *log;
    char statement[800];
    uint64_t revision;

    (void)snprintf(statement, sizeof(statement), "VACUUM INTO '%s'", beside(".copy"));
    wrote(put(&world, use1, "a", "old"));
    sql(lab_path, statement);
    wrote(put(&world, use1, "a", "new"));
    revision = wrote(put(&world, use1, "a", "newer"));
    log = watch(&world, use1, "");
    remove_all();
    ck_assert_int_eq(rename(beside(".copy"), lab_path), 0);
    will_tell(&world, log, "away;again;");
    reads(&world, use1, "", "a=old ");
    ck_assert_uint_lt(log->revision, revision); /* S1: the reader of the view sees it go back */
}
END_TEST

/* As `sqlite3 store.db ".restore copy"` does it: the same file, other contents. */
static void restore_in_place(const char *copy)
{
    sqlite3 *from = NULL;
    sqlite3 *to = NULL;
    sqlite3_backup *backup;

    ck_assert_int_eq(sqlite3_open(copy, &from), SQLITE_OK);
    ck_assert_int_eq(sqlite3_open(lab_path, &to), SQLITE_OK);
    ck_assert_int_eq(sqlite3_busy_timeout(to, WORLD_PATIENCE_MS), SQLITE_OK);
    backup = sqlite3_backup_init(to, "main", from, "main");
    ck_assert_ptr_nonnull(backup);
    ck_assert_int_eq(sqlite3_backup_step(backup, -1), SQLITE_DONE);
    ck_assert_int_eq(sqlite3_backup_finish(backup), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(to), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(from), SQLITE_OK);
}

START_TEST(a_revision_that_goes_back_in_place_is_told_to_the_watcher)
{
    struct store *use1 = world_daemon(&world, "use1");
    struct watch_log *log;
    char statement[800];
    uint64_t revision;

    (void)snprintf(statement, sizeof(statement), "VACUUM INTO '%s'", beside(".copy"));
    wrote(put(&world, use1, "a", "old"));
    sql(lab_path, statement);
    revision = wrote(put(&world, use1, "a", "new"));
    log = watch(&world, use1, "");
    restore_in_place(beside(".copy"));
    will_tell(&world, log, "away;again;");
    reads(&world, use1, "", "a=old ");
    ck_assert_uint_lt(log->revision, revision);
    revision = log->revision;
    ck_assert_uint_eq(wrote(put(&world, use1, "a", "newer")), revision + 1);
}
END_TEST

START_TEST(a_missing_file_whose_log_remains_is_not_made_anew)
{
    make_store();
    ck_assert_int_eq(unlink(lab_path), 0);
    write_file(beside("-wal"), "left", 4, 0600);
    refuses(STORE_AWAY, "removed while in use");
    ck_assert_int_ne(access(lab_path, F_OK), 0);
}
END_TEST

START_TEST(a_file_emptied_in_use_is_called_damaged)
{
    struct store *use1 = world_daemon(&world, "use1");

    wrote(put(&world, use1, "a", "1"));
    ck_assert_int_eq(truncate(lab_path, 0), 0);
    fails(put(&world, use1, "a", "2"), STORE_CORRUPT, "emptied");
    fails(get(&world, use1, ""), STORE_CORRUPT, lab_path);
}
END_TEST

/* ---- locks, deadlines and queues ---- */

static sqlite3 *take_lock(void)
{
    sqlite3 *holder = NULL;

    ck_assert_int_eq(sqlite3_open(lab_path, &holder), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(holder, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return holder;
}

static void release_lock(sqlite3 *holder)
{
    ck_assert_int_eq(sqlite3_exec(holder, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(holder), SQLITE_OK);
}

static void on_tick(uv_timer_t *timer)
{
    (*(unsigned *)timer->data)++;
}

START_TEST(a_long_lock_is_away_and_never_holds_up_the_loop)
{
    struct store *use1;
    sqlite3 *holder;
    unsigned ticks = 0;
    uv_timer_t timer;

    lab_call_timeout_ms = 300;
    use1 = world_daemon(&world, "use1");
    wrote(put(&world, use1, "a", "1"));
    holder = take_lock();
    ck_assert_int_eq(uv_timer_init(&world.loop, &timer), 0);
    timer.data = &ticks;
    ck_assert_int_eq(uv_timer_start(&timer, on_tick, 10, 10), 0);
    fails(put(&world, use1, "a", "2"), STORE_AWAY, "another process holds");
    ck_assert_uint_gt(ticks, 0);
    uv_close((uv_handle_t *)&timer, NULL);
    reads(&world, use1, "", "a=1 ");
    release_lock(holder);
    wrote(put(&world, use1, "a", "3"));
}
END_TEST

START_TEST(a_call_whose_deadline_passed_in_the_queue_never_happens)
{
    struct answer_of_store answers[2] = {{0}, {0}};
    struct store *use1;

    lab_call_timeout_ms = 200;
    use1 = world_daemon(&world, "use1");
    will_read(&world, use1, "", "");
    lab_hold_the_thread();
    store_put(use1, "late", "1", 1, false, on_write, &answers[0]);
    store_get(use1, "", on_view, &answers[1]);
    world_wait(&world, &answers[1].done, "the deadline");
    fails(answers[0], STORE_AWAY, "no answer within 200 ms");
    fails(answers[1], STORE_AWAY, "no answer within 200 ms");
    lab_let_the_thread_go();
    will_read(&world, use1, "", "");
    ck_assert_uint_eq(answers[0].times, 1);
    ck_assert_uint_eq(answers[1].times, 1);
}
END_TEST

START_TEST(one_call_too_many_is_refused_and_the_others_are_kept)
{
    struct answer_of_store answers[6] = {{0}};
    struct store *use1;
    sqlite3 *holder;

    lab_calls_max = 4;
    use1 = world_daemon(&world, "use1");
    wrote(put(&world, use1, "a", "1"));
    holder = take_lock();
    for (unsigned i = 0; i < 6; i++) {
        store_put(use1, "a", "2", 1, false, on_write, &answers[i]);
    }
    world_wait(&world, &answers[5].done, "the refusal");
    fails(answers[4], STORE_AWAY, "more than 4 calls");
    fails(answers[5], STORE_AWAY, "more than 4 calls");
    release_lock(holder);
    world_wait(&world, &answers[3].done, "the last of those kept");
    for (unsigned i = 0; i < 4; i++) {
        wrote(answers[i]);
    }
}
END_TEST

START_TEST(closing_fails_what_is_pending_once_each)
{
    struct answer_of_store answers[20] = {{0}};
    struct store *use1;
    sqlite3 *holder;

    lab_call_timeout_ms = 1000;
    use1 = world_daemon(&world, "use1");
    wrote(put(&world, use1, "a", "1"));
    holder = take_lock();
    for (unsigned i = 0; i < 20; i++) {
        store_put(use1, "a", "2", 1, false, on_write, &answers[i]);
    }
    world_leave(&world, use1);
    for (unsigned i = 0; i < 20; i++) {
        ck_assert_uint_eq(answers[i].times, 1);
        fails(answers[i], STORE_AWAY, "closed");
    }
    release_lock(holder);
}
END_TEST

/* ---- what needs root: mounts and other users ---- */

static bool has_own_mounts(void)
{
    if (geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0) {
        return true;
    }
    (void)fprintf(stderr, "SKIPPED, needs root and mount namespaces: ");
    return false;
}

START_TEST(a_read_only_file_system_is_said_and_may_end)
{
    struct store *use1;

    if (!has_own_mounts()) {
        (void)fprintf(stderr, "a_read_only_file_system_is_said_and_may_end\n");
        return;
    }
    make_store();
    ck_assert_int_eq(mount(lab_directory, lab_directory, NULL, MS_BIND, NULL), 0);
    ck_assert_int_eq(mount(NULL, lab_directory, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
    refuses(STORE_READONLY, "mount it read-write");
    use1 = world_daemon(&world, "use1");
    fails(put(&world, use1, "a", "1"), STORE_READONLY, lab_path);
    ck_assert_int_eq(mount(NULL, lab_directory, NULL, MS_REMOUNT | MS_BIND, NULL), 0);
    will_read(&world, use1, "", "head=epoch 1 ");
    wrote(put(&world, use1, "a", "1"));
    world_leave(&world, use1);
    ck_assert_int_eq(umount2(lab_directory, MNT_DETACH), 0);
}
END_TEST

START_TEST(a_store_cannot_begin_on_a_read_only_file_system)
{
    if (!has_own_mounts()) {
        (void)fprintf(stderr, "a_store_cannot_begin_on_a_read_only_file_system\n");
        return;
    }
    ck_assert_int_eq(mount(lab_directory, lab_directory, NULL, MS_BIND, NULL), 0);
    ck_assert_int_eq(mount(NULL, lab_directory, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
    refuses(STORE_READONLY, "cannot be created");
    ck_assert_int_eq(umount2(lab_directory, MNT_DETACH), 0);
}
END_TEST

/* A small file system of the store's own; fill() takes all its space, and gives it back. */
static bool has_small_disk(const char *test)
{
    if (!has_own_mounts()) {
        (void)fprintf(stderr, "%s\n", test);
        return false;
    }
    ck_assert_int_eq(mount("small", lab_directory, "tmpfs", 0, "size=512k,mode=0700"), 0);
    return true;
}

static void fill(void)
{
    static const char page[4096];
    int file = open(beside(".filler"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    ck_assert_int_ge(file, 0);
    while (write(file, page, sizeof(page)) > 0) {
    }
    ck_assert_int_eq(close(file), 0);
}

START_TEST(a_full_disk_is_said_and_reading_goes_on)
{
    struct store *use1;

    if (!has_small_disk("a_full_disk_is_said_and_reading_goes_on")) {
        return;
    }
    use1 = world_daemon(&world, "use1");
    wrote(put(&world, use1, "a", "1"));
    fill();
    fails(put(&world, use1, "a", "2"), STORE_FULL, "no space left");
    fails(put(&world, use1, "a", "2"), STORE_FULL, lab_path);
    fails(renew(&world, use1), STORE_FULL, "free some space");
    reads(&world, use1, "", "a=1 ");
    ck_assert_int_eq(unlink(beside(".filler")), 0);
    wrote(put(&world, use1, "a", "3"));
    reads(&world, use1, "", "a=3 ");
    world_leave(&world, use1);
    ck_assert_int_eq(umount2(lab_directory, MNT_DETACH), 0);
}
END_TEST

START_TEST(a_full_disk_never_shows_the_votes_of_the_dead)
{
    struct store *use1;
    struct store *usw2;

    if (!has_small_disk("a_full_disk_never_shows_the_votes_of_the_dead")) {
        return;
    }
    use1 = world_daemon(&world, "use1");
    usw2 = world_daemon(&world, "usw2");
    wrote(renew(&world, use1));
    wrote(put_leased(&world, use1, "vote", "down"));
    reads(&world, usw2, "", "vote=down ");
    fill();
    world_pass_time(&world, sqlite_lab.lease_ms * 2);
    fails(get(&world, usw2, ""), STORE_FULL, "no space left");
    ck_assert_int_eq(unlink(beside(".filler")), 0);
    will_read(&world, usw2, "", "");
    world_leave(&world, use1);
    world_leave(&world, usw2);
    ck_assert_int_eq(umount2(lab_directory, MNT_DETACH), 0);
}
END_TEST

START_TEST(a_store_cannot_begin_on_a_full_disk)
{
    if (!has_small_disk("a_store_cannot_begin_on_a_full_disk")) {
        return;
    }
    fill();
    refuses(STORE_FULL, "cannot be created");
    ck_assert_int_eq(unlink(beside(".filler")), 0);
    make_store();
    ck_assert_int_eq(umount2(lab_directory, MNT_DETACH), 0);
}
END_TEST

START_TEST(a_file_of_another_user_is_refused)
{
    make_store();
    ck_assert_int_eq(chmod(lab_path, 0400), 0);
    ck_assert_int_eq(chmod(lab_directory, 0755), 0);
    if (geteuid() == 0) {
        ck_assert_int_eq(setresuid(65534, 65534, 0), 0);
    }
    refuses(STORE_DENIED, "give the file and its directory to this user");
    if (getuid() == 65534) {
        ck_assert_int_eq(seteuid(0), 0);
    }
}
END_TEST

static void add_strange_files(TCase *tests)
{
    tcase_add_test(tests, a_new_store_is_for_its_user_only);
    tcase_add_test(tests, a_store_outlives_its_daemons);
    tcase_add_test(tests, a_file_of_garbage_is_called_damaged_and_left_alone);
    tcase_add_test(tests, a_corrupt_header_is_called_damaged);
    tcase_add_test(tests, a_corrupt_page_is_called_damaged);
    tcase_add_test(tests, damage_is_found_even_where_nobody_reads);
    tcase_add_test(tests, half_a_file_is_called_damaged);
    tcase_add_test(tests, an_empty_file_is_not_a_new_store);
    tcase_add_test(tests, a_store_without_its_tables_is_called_damaged);
    tcase_add_test(tests, the_file_of_another_program_is_refused);
    tcase_add_test(tests, another_schema_version_is_refused);
    tcase_add_test(tests, a_directory_is_not_a_store);
    tcase_add_test(tests, a_file_that_everyone_may_write_is_refused);
    tcase_add_test(tests, a_missing_directory_is_named_and_may_come_later);
}

static void add_coming_and_going(TCase *tests)
{
    tcase_add_test(tests, a_file_removed_in_use_is_away_and_never_made_anew);
    tcase_add_test(tests, a_file_moved_away_and_back_is_taken_up_again);
    tcase_add_test(tests, another_store_in_the_files_place_waits_for_a_restart);
    tcase_add_test(tests, leaving_a_removed_file_harms_no_new_one);
    tcase_add_test(tests, an_older_copy_put_back_is_accepted_and_the_watcher_told);
    tcase_add_test(tests, a_revision_that_goes_back_in_place_is_told_to_the_watcher);
    tcase_add_test(tests, a_missing_file_whose_log_remains_is_not_made_anew);
    tcase_add_test(tests, a_file_emptied_in_use_is_called_damaged);
    tcase_add_test(tests, a_long_lock_is_away_and_never_holds_up_the_loop);
    tcase_add_test(tests, a_call_whose_deadline_passed_in_the_queue_never_happens);
    tcase_add_test(tests, one_call_too_many_is_refused_and_the_others_are_kept);
    tcase_add_test(tests, closing_fails_what_is_pending_once_each);
}

static void add_systems(TCase *tests)
{
    tcase_add_test(tests, a_read_only_file_system_is_said_and_may_end);
    tcase_add_test(tests, a_store_cannot_begin_on_a_read_only_file_system);
    tcase_add_test(tests, a_full_disk_is_said_and_reading_goes_on);
    tcase_add_test(tests, a_full_disk_never_shows_the_votes_of_the_dead);
    tcase_add_test(tests, a_store_cannot_begin_on_a_full_disk);
    tcase_add_test(tests, a_file_of_another_user_is_refused);
}

int main(void)
{
    Suite *suite = suite_create("store file");
    TCase *tests = tcase_create("faults");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 300);
    add_strange_files(tests);
    add_coming_and_going(tests);
    add_systems(tests);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
