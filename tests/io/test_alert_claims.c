/* SPDX-License-Identifier: Apache-2.0 */
/* One probe of all says it (L1, L2): claims, takeovers, reminders, and stores that are away. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "../lib/suite.h"
#include "alerts_world.h"

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

START_TEST(a_race_lost_to_one_who_has_resolved_it_meanwhile_opens_nothing_again)
{
    start_one(world_mail_sink("mail"));
    world_data.race = "{\"v\":1,\"phase\":\"resolved\",\"by\":\"usw2\",\"at\":1,\"count\":1,"
                      "\"sent\":true}";
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait_empty(&use1);
    ck_assert_ptr_null(world_data.race);
    ck_assert_uint_eq(probe_stats(&use1).duplicates_dropped, 1);
    ck_assert_uint_eq(world_seen("mail"), 0);
    probe_stop(&use1);
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

static bool has_failed_four_times(void *context)
{
    return probe_stats(context).failed_attempts >= 4;
}

static uint64_t claim_age(void)
{
    for (size_t i = 0; i < FAKE_ITEMS_MAX; i++) {
        if (strcmp(world_data.items[i].key, claim_name) == 0)
            return world_data.items[i].mod_revision - world_data.items[i].create_revision;
    }
    return 0;
}

START_TEST(a_claimant_writes_its_claim_again_so_that_others_see_it_try)
{
    start_one(dead_sink("mail"));
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait(has_failed_four_times, &use1, "four failures");
    ck_assert_uint_ge(claim_age(), 3);
    probe_stop(&use1);
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

static bool is_sending(void *probe)
{
    const struct entry *entry = TAILQ_FIRST(&((struct probe *)probe)->alerts->entries);

    return entry != NULL && entry->state == ENTRY_SENDING;
}

static bool is_waiting(void *probe)
{
    const struct entry *entry = TAILQ_FIRST(&((struct probe *)probe)->alerts->entries);

    return entry != NULL && entry->state == ENTRY_WAITING;
}

/* usw2 took the claim over and said it. */
static void said_by_usw2(void)
{
    fake_put(&world_data, claim_name,
             "{\"v\":1,\"phase\":\"open\",\"by\":\"usw2\",\"at\":1785585595000,\"count\":1,"
             "\"sent\":true}");
}

START_TEST(what_another_said_while_our_sink_waited_is_not_said_again)
{
    char by_use1[] = "\"by\":\"use1\"";

    start_one(world_mail_sink("mail"));
    raise_alert(&use1, ALERT_OPEN, world_noon);
    use1.alerts->sinks[0].next_ms = INT64_MAX; /* it waits after failures */
    world_wait(holds_the_claim, by_use1, "use1 holds the claim");
    world_wait(is_sending, &use1, "use1 may send");
    said_by_usw2();
    TAILQ_FIRST(&use1.alerts->entries)->judged_ms -= use1.alerts->pace.trust_ms;
    use1.alerts->sinks[0].next_ms = 0;
    alerts_wake(use1.alerts);
    world_wait_empty(&use1);
    ck_assert_uint_eq(world_seen("mail"), 0);
    ck_assert_uint_eq(probe_stats(&use1).duplicates_dropped, 1);
    probe_stop(&use1);
}
END_TEST

START_TEST(a_claimant_whose_time_is_over_leaves_the_alert_to_others)
{
    start_one(world_mail_sink("mail"));
    world_command("mail refuse 1 451 busy");
    probe_pace(&use1, 0, 60000);
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait(has_failed, &use1, "a failure");
    world_wait(is_waiting, &use1, "use1 waits for others");
    said_by_usw2();
    world_wait_empty(&use1);
    ck_assert_uint_eq(world_seen("mail"), 0);
    ck_assert_uint_eq(probe_stats(&use1).failed_attempts, 1);
    probe_stop(&use1);
}
END_TEST

START_TEST(a_claim_nobody_took_over_is_taken_again)
{
    start_one(world_mail_sink("mail"));
    world_command("mail refuse 2 451 busy");
    probe_pace(&use1, 0, 60);
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait_seen("mail", 1);
    world_wait_empty(&use1);
    ck_assert_uint_eq(probe_stats(&use1).failed_attempts, 2);
    ck_assert_uint_eq(claim_age(), 3); /* taken, taken again twice, sent */
    probe_stop(&use1);
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

/* Saying it twice is the lesser evil; undoing what a newer version wrote is none of ours. */
START_TEST(a_claim_of_a_newer_version_is_not_written_over)
{
    static const char theirs[] = "{\"v\":9,\"who\":\"knows\"}";

    fake_put(&world_data, claim_name, theirs);
    start_one(world_mail_sink("mail"));
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait_seen("mail", 1);
    world_wait_empty(&use1);
    ck_assert_str_eq(fake_get(&world_data, claim_name), theirs);
    probe_stop(&use1);
}
END_TEST

/* Young and unresolved, but there are too many: those that changed longest ago go, all of them,
 * however many there are in one go. */
START_TEST(claims_beyond_the_bound_are_swept_the_oldest_first)
{
    char last[64];
    char name[64];
    struct alert_pace pace;

    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "v1/claims/many.e%d", i);
        fake_put(&world_data, name,
                 i == 3 ? "{\"v\":9}"
                        : "{\"v\":1,\"phase\":\"open\",\"by\":\"usw2\",\"at\":9999999999999,"
                          "\"count\":1,\"sent\":true}");
    }
    snprintf(last, sizeof(last), "v1/claims/many.e14");
    start_one(world_mail_sink("mail"));
    pace = use1.alerts->pace;
    pace.sweep_ms = 5;
    pace.claims_max = 5;
    alerts_set_pace(use1.alerts, &pace);
    world_wait(is_swept, last, "all but the newest are deleted");
    ck_assert_ptr_nonnull(fake_get(&world_data, "v1/claims/many.e15"));
    ck_assert_ptr_nonnull(fake_get(&world_data, "v1/claims/many.e19"));
    ck_assert_ptr_nonnull(fake_get(&world_data, "v1/claims/many.e3")); /* a newer version's */
    ck_assert_ptr_null(fake_get(&world_data, "v1/claims/many.e0"));
    probe_stop(&use1);
}
END_TEST

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
    world_wait_empty(&use1);
    world_wait_empty(&usw2);
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

static TCase *claim_tests(void)
{
    TCase *tests = world_case("claims");

    tcase_add_test(tests, of_two_probes_that_see_an_incident_one_says_it);
    tcase_add_test(tests, a_resolve_is_said_once_and_after_its_opening);
    tcase_add_test(tests, a_resolve_waits_at_each_sink_for_its_own_opening_only);
    tcase_add_test(tests, what_was_never_opened_is_not_resolved_to_anybody);
    tcase_add_test(tests, an_open_incident_is_repeated_when_the_reminder_is_due_and_not_before);
    tcase_add_test(tests, a_race_lost_to_one_who_has_resolved_it_meanwhile_opens_nothing_again);
    tcase_add_test(tests, a_claimant_that_died_is_stood_in_for_with_the_same_id);
    tcase_add_test(tests, a_relay_that_is_down_for_all_gets_one_mail_afterwards);
    tcase_add_test(tests, a_claimant_writes_its_claim_again_so_that_others_see_it_try);
    tcase_add_test(tests, a_claimant_that_reaches_no_sink_gives_way_to_one_that_does);
    tcase_add_test(tests, what_another_said_while_our_sink_waited_is_not_said_again);
    tcase_add_test(tests, a_claimant_whose_time_is_over_leaves_the_alert_to_others);
    tcase_add_test(tests, a_claim_nobody_took_over_is_taken_again);
    tcase_add_test(tests, with_the_store_away_everyone_says_it_with_one_id);
    tcase_add_test(tests, a_store_that_never_answers_does_not_hold_an_alert_back);
    tcase_add_test(tests, a_claim_whose_reply_was_lost_is_still_one_mail);
    tcase_add_test(tests, a_claim_of_another_release_is_no_reason_for_silence);
    tcase_add_test(tests, an_incident_raised_twice_while_nothing_can_be_sent_is_said_once);
    tcase_add_test(tests, claims_nobody_needs_any_more_are_swept);
    tcase_add_test(tests, a_claim_of_a_newer_version_is_not_written_over);
    tcase_add_test(tests, claims_beyond_the_bound_are_swept_the_oldest_first);
    tcase_add_test(tests, two_probes_with_one_sqlite_store_say_an_incident_once);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("alert claims");

    suite_add_tcase(suite, claim_tests());
    return run_suite(suite);
}
