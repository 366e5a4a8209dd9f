/* SPDX-License-Identifier: Apache-2.0 */
/* An update as text: two updates that differ in anything have different texts, or a replay would
 * call them the same. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "../lib/suite.h"
#include "pizza.h"
#include "recording.h"

enum { TEXT_SIZE = 64 * 1024 };

static char before[TEXT_SIZE];
static char after[TEXT_SIZE];

/* ---- an update with one of everything ---- */

static uint32_t starts[2];
static struct vote votes[1];
static uint32_t suspects[1];
static struct latch latches[1];
static int weights[4];
static int normal[4];
static int base[4];
static struct commit_vote commit_votes[1];
static wall_t budget[1];
static struct order obeyed;
static struct commit commits[1];
static uint32_t zone_reads[1];
static const char *values[1];
static struct batch_item items[1];
static struct batch batches[1];
static struct alert alerts[1];
static struct fact facts[1];
static struct update update;

static void make_commit(void)
{
    weights[0] = normal[0] = base[0] = 100;
    commit_votes[0] = (struct commit_vote){.probe = 1, .revision = 4};
    budget[0] = 1700000000000;
    obeyed = (struct order){
        .id = "o1", .verb = ORDER_DRAIN, .region = 0, .group = NONE, .by = "root", .reason = "r"};
    commits[0] = (struct commit){.decision = {.kind = DECISION_LEAVE,
                                              .epoch = 7,
                                              .by = 1,
                                              .weights = weights,
                                              .normal = normal,
                                              .base = base,
                                              .voters = 3,
                                              .reason = "because"},
                                 .head_revision = 9,
                                 .votes = commit_votes,
                                 .vote_count = 1,
                                 .orders_revision = 5,
                                 .budget_revision = 6,
                                 .budget = budget,
                                 .budget_count = 1,
                                 .writes_budget = true,
                                 .obeyed = &obeyed};
}

static void make_batch(void)
{
    values[0] = "192.0.2.10";
    items[0] = (struct batch_item){.action = BATCH_DELETE,
                                   .set = {.name = "pizza.example.com",
                                           .type = "A",
                                           .set = "east",
                                           .weight = 100,
                                           .ttl_s = 60,
                                           .values = values,
                                           .value_count = 1,
                                           .alias_zone = "",
                                           .alias_name = "",
                                           .health_check = "",
                                           .region = "",
                                           .failover = ""}};
    batches[0] = (struct batch){
        .epoch = 7, .nonce = "00ff", .comment = "c", .items = items, .item_count = 1};
}

static void setup(void)
{
    starts[0] = 2;
    starts[1] = pizza.check_count; /* the reference */
    votes[0] =
        (struct vote){.fingerprint = "6f1d2c3b4a596877", .states = "ud?u", .failures = "-c--"};
    suspects[0] = 3;
    latches[0] = (struct latch){.epoch = 7, .set = true};
    zone_reads[0] = 0;
    make_commit();
    make_batch();
    alerts[0] = (struct alert){.event = ALERT_MOVED,
                               .severity = SEVERITY_PAGE,
                               .incident = "jwt-pizza.moved.7",
                               .subject = "moved",
                               .text = "seen by all",
                               .group = "jwt-pizza",
                               .region = "us-east-1",
                               .probe = "use1"};
    facts[0] = (struct fact){.code = FACT_DECIDED,
                             .rule = "D8",
                             .word = "leave",
                             .word2 = "",
                             .group = 0,
                             .site = NONE,
                             .region = NONE,
                             .zone = NONE,
                             .probe = NONE,
                             .epoch = 7,
                             .number = -1,
                             .limit = -1};
    update = (struct update){.starts = starts,
                             .start_count = 2,
                             .votes = votes,
                             .vote_count = 1,
                             .suspects_changed = true,
                             .suspects = suspects,
                             .suspect_count = 1,
                             .latches = latches,
                             .latch_count = 1,
                             .commits = commits,
                             .commit_count = 1,
                             .zone_reads = zone_reads,
                             .zone_read_count = 1,
                             .batches = batches,
                             .batch_count = 1,
                             .alerts = alerts,
                             .alert_count = 1,
                             .facts = facts,
                             .fact_count = 1};
}

static void write_text(char *out)
{
    ck_assert_int_gt(update_text_write(&pizza, &update, out, TEXT_SIZE), 0);
}

/* One thing is another one: so is the text. Then all is as before. */
#define EXPECT_SEEN(change)                                                                        \
    do {                                                                                           \
        setup();                                                                                   \
        write_text(before);                                                                        \
        change;                                                                                    \
        write_text(after);                                                                         \
        ck_assert_msg(strcmp(before, after) != 0, "unseen: %s", #change);                          \
    } while (0)

START_TEST(what_is_to_be_started_and_published_is_seen)
{
    EXPECT_SEEN(starts[0] = 1);
    EXPECT_SEEN(starts[1] = 0);
    EXPECT_SEEN(update.start_count = 1);
    EXPECT_SEEN(votes[0].probe = 1);
    EXPECT_SEEN((votes[0].group = 1, votes[0].states = "u", votes[0].failures = "-"));
    EXPECT_SEEN(votes[0].fingerprint[0] = '7');
    EXPECT_SEEN(votes[0].blindness = BLIND_CLOCK);
    EXPECT_SEEN(votes[0].states = "uu?u");
    EXPECT_SEEN(votes[0].failures = "-t--");
    EXPECT_SEEN(update.vote_count = 0);
    EXPECT_SEEN(suspects[0] = 1);
    EXPECT_SEEN(update.suspect_count = 0);
    EXPECT_SEEN((update.suspect_count = 0, update.suspects_changed = false));
    EXPECT_SEEN(latches[0].group = 1);
    EXPECT_SEEN(latches[0].region = 1);
    EXPECT_SEEN(latches[0].epoch = 8);
    EXPECT_SEEN(latches[0].set = false);
}
END_TEST

START_TEST(what_is_to_be_committed_is_seen)
{
    EXPECT_SEEN(weights[0] = 0);
    EXPECT_SEEN(normal[0] = 0);
    EXPECT_SEEN(base[0] = 0);
    EXPECT_SEEN(commits[0].decision.epoch = 8);
    EXPECT_SEEN(commits[0].decision.kind = DECISION_ADOPT);
    EXPECT_SEEN(commits[0].decision.by = 2);
    EXPECT_SEEN(commits[0].decision.at_wall = 1);
    EXPECT_SEEN(commits[0].decision.moved_wall = 1);
    EXPECT_SEEN(commits[0].decision.base_epoch = 1);
    EXPECT_SEEN(commits[0].decision.voters = 5);
    EXPECT_SEEN(commits[0].decision.regions_left = 1);
    EXPECT_SEEN(commits[0].decision.order[0] = 'o');
    EXPECT_SEEN(commits[0].decision.override = true);
    EXPECT_SEEN(commits[0].decision.reason[0] = 'B');
    EXPECT_SEEN(commits[0].head_revision = 8);
    EXPECT_SEEN(commit_votes[0].probe = 2);
    EXPECT_SEEN(commit_votes[0].revision = 5);
    EXPECT_SEEN(commits[0].vote_count = 0);
    EXPECT_SEEN(commits[0].orders_revision = 6);
    EXPECT_SEEN(commits[0].budget_revision = 7);
    EXPECT_SEEN(budget[0]++);
    EXPECT_SEEN(commits[0].writes_budget = false);
    EXPECT_SEEN(commits[0].obeyed = NULL);
    EXPECT_SEEN(obeyed.id[1] = '2');
    EXPECT_SEEN(obeyed.until_wall = 5);
}
END_TEST

START_TEST(what_is_to_be_sent_is_seen)
{
    EXPECT_SEEN(zone_reads[0] = 1);
    EXPECT_SEEN(batches[0].zone = 1);
    EXPECT_SEEN(batches[0].group = 1);
    EXPECT_SEEN(batches[0].epoch = 8);
    EXPECT_SEEN(batches[0].nonce = "11ff");
    EXPECT_SEEN(batches[0].comment = "d");
    EXPECT_SEEN(batches[0].is_init = true);
    EXPECT_SEEN(batches[0].item_count = 0);
    EXPECT_SEEN(items[0].action = BATCH_CREATE);
    EXPECT_SEEN(items[0].set.weight = 0);
    EXPECT_SEEN(items[0].set.ttl_s = 61);
    EXPECT_SEEN(items[0].set.alias_evaluate = true);
    EXPECT_SEEN(items[0].set.health_check = "h");
    EXPECT_SEEN(values[0] = "192.0.2.11");
}
END_TEST

START_TEST(what_is_said_is_seen)
{
    EXPECT_SEEN(alerts[0].event = ALERT_FAILBACK);
    EXPECT_SEEN(alerts[0].phase = ALERT_RESOLVED);
    EXPECT_SEEN(alerts[0].severity = SEVERITY_WARN);
    EXPECT_SEEN(alerts[0].incident[0] = 'k');
    EXPECT_SEEN(alerts[0].at_wall = 1);
    EXPECT_SEEN(alerts[0].subject[0] = 'M');
    EXPECT_SEEN(alerts[0].text[0] = 'S');
    EXPECT_SEEN(alerts[0].group = "");
    EXPECT_SEEN(alerts[0].region = "");
    EXPECT_SEEN(alerts[0].epoch = 1);
    EXPECT_SEEN(alerts[0].probe = "fra");
    EXPECT_SEEN(facts[0].code = FACT_PROPOSED);
    EXPECT_SEEN(facts[0].rule = "D7");
    EXPECT_SEEN(facts[0].word = "cancel");
    EXPECT_SEEN(facts[0].group = 1);
    EXPECT_SEEN(facts[0].epoch = 8);
    EXPECT_SEEN(facts[0].text[0] = 'w');
    EXPECT_SEEN(update.facts_lost = 3);
}
END_TEST

START_TEST(an_update_that_wants_nothing_is_an_empty_list)
{
    update = (struct update){0};
    write_text(after);
    ck_assert_str_eq(after, "[]");
}
END_TEST

START_TEST(what_does_not_fit_is_said_and_not_cut)
{
    setup();
    ck_assert_int_eq(update_text_write(&pizza, &update, after, 200), -1);
}
END_TEST

/* ---- a line of both ---- */

START_TEST(a_line_is_the_event_and_the_update_and_comes_apart_again)
{
    struct event event = {.kind = EVENT_CLOCK, .at_ms = 12000, .clock = {.jump_ms = -3}};
    const char *at;
    size_t own = 0;

    setup();
    ck_assert_int_gt(recording_line_write(&pizza, &event, &update, after, TEXT_SIZE), 0);
    at = recording_line_update(after, strlen(after), &own);
    write_text(before);
    ck_assert_ptr_nonnull(at);
    ck_assert_uint_eq(strlen(at), strlen(before) + 1);
    ck_assert_int_eq(strncmp(at, before, strlen(before)), 0);
    ck_assert_uint_eq(own, strlen("{\"at\":12000,\"event\":\"clock\",\"jump_ms\":-3"));
    ck_assert_ptr_null(recording_line_update(after, own, &own));
}
END_TEST

/* ---- a head ---- */

static struct recording_head a_head(void)
{
    return (struct recording_head){.program = "0.1.0",
                                   .probe = "use1",
                                   .dry_run = true,
                                   .began_wall = 1772366400123,
                                   .fingerprint = "6f1d2c3b4a596877",
                                   .settings = "a = \"b\";\n# \\ \"update\":\n"};
}

START_TEST(what_an_engine_carried_is_read_back)
{
    struct verdict verdicts[6];
    struct verdict read[6];
    struct carried_reference references[1] = {{true, true, 4100}};
    struct carried_reference read_references[1];
    struct carried carried = {BLIND_CLOCK, 31000, verdicts, references};
    struct carried again = {.verdicts = read, .references = read_references};
    struct recording_copy *copy = NULL;
    struct recording_head head = a_head();
    char error[256];

    for (uint32_t i = 0; i < 6; i++)
        verdict_init(&verdicts[i], 0);
    verdicts[4] =
        (struct verdict){VERDICT_SUSPECT, 2, 3000, 4000, UINT64_MAX - 5, 64, true, FAILURE_TIMEOUT};
    ck_assert_int_gt(recording_head_write(&head, &pizza, &carried, after, TEXT_SIZE), 0);
    ck_assert_int_eq(recording_head_read(after, strlen(after), &copy, &head, error, sizeof(error)),
                     0);
    ck_assert_str_eq(head.program, "0.1.0");
    ck_assert_str_eq(head.probe, "use1");
    ck_assert(head.dry_run && head.began_wall == 1772366400123);
    ck_assert_str_eq(head.fingerprint, "6f1d2c3b4a596877");
    ck_assert_str_eq(head.settings, a_head().settings);
    ck_assert_int_eq(recording_carried_read(copy, &pizza, &again, error, sizeof(error)), 0);
    ck_assert(again.gap == BLIND_CLOCK && again.gap_until_ms == 31000);
    ck_assert(read_references[0].tried && read_references[0].answered);
    ck_assert_int_eq(read_references[0].last_ms, 4100);
    for (uint32_t i = 0; i < 6; i++) {
        ck_assert_uint_eq(read[i].state, verdicts[i].state);
        ck_assert_uint_eq(read[i].run, verdicts[i].run);
        ck_assert_int_eq(read[i].since_ms, verdicts[i].since_ms);
        ck_assert_int_eq(read[i].last_ms, verdicts[i].last_ms);
        ck_assert_uint_eq(read[i].window, verdicts[i].window);
        ck_assert_uint_eq(read[i].window_count, verdicts[i].window_count);
        ck_assert(read[i].window_down == verdicts[i].window_down);
        ck_assert_uint_eq(read[i].failure, verdicts[i].failure);
    }
    recording_copy_destroy(copy);
}
END_TEST

/* Every truncation, and what no engine can have carried. */
START_TEST(a_damaged_head_is_refused)
{
    static const char *const wrong[] = {
        "{\"gap\":\"tired\",\"gap_until_ms\":0,\"verdicts\":[],\"references\":[]}",
        "{\"gap\":\"no\",\"gap_until_ms\":0,\"verdicts\":[[6,0,0,0,0,0,0,0,0]],\"references\":[]}",
        "{\"gap\":\"no\",\"gap_until_ms\":0,\"verdicts\":[[0,9,0,0,0,0,0,0,0]],\"references\":[]}",
        "{\"gap\":\"no\",\"gap_until_ms\":0,\"verdicts\":[[0,0,0,0,0,0,65,0,0]],\"references\":[]}",
        "{\"gap\":\"no\",\"gap_until_ms\":0,\"verdicts\":[[0]],\"references\":[]}",
        "{\"gap\":\"no\",\"gap_until_ms\":0,\"verdicts\":[],\"references\":[[1,true,0]]}",
        "{\"gap\":\"no\",\"gap_until_ms\":0,\"verdicts\":[],\"references\":[7]}"};
    struct verdict verdicts[6];
    struct carried_reference references[1] = {{false, false, 0}};
    struct carried carried = {BLIND_NOT, 0, verdicts, references};
    struct recording_head head = a_head();
    struct recording_copy *copy = NULL;
    char error[256];
    size_t length;

    for (uint32_t i = 0; i < 6; i++)
        verdict_init(&verdicts[i], 0);
    ck_assert_int_gt(recording_head_write(&head, &pizza, &carried, after, TEXT_SIZE), 0);
    length = strlen(after);
    for (size_t i = 0; i < length; i++)
        ck_assert_int_eq(recording_head_read(after, i, &copy, &head, error, sizeof(error)), -1);
    length = (size_t)(strstr(after, "{\"gap\"") - after);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        snprintf(after + length, TEXT_SIZE - length, "%s}", wrong[i]);
        ck_assert_int_eq(
            recording_head_read(after, strlen(after), &copy, &head, error, sizeof(error)), 0);
        ck_assert_int_eq(recording_carried_read(copy, &pizza, &carried, error, sizeof(error)), -1);
        ck_assert_ptr_nonnull(strstr(error, "carried: "));
        recording_copy_destroy(copy);
    }
}
END_TEST

START_TEST(an_end_says_how_many_and_why)
{
    static const char tired[] = "{\"regionshift\":\"end\",\"v\":1,\"events\":1,\"why\":\"tired\"}";
    enum recording_end end = RECORDING_OPEN;
    uint64_t events = 0;
    char error[256];

    for (unsigned i = 0; i < RECORDING_END_COUNT; i++) {
        ck_assert_int_gt(recording_end_write(41 + i, (enum recording_end)i, after, TEXT_SIZE), 0);
        ck_assert_int_eq(
            recording_end_read(after, strlen(after), &events, &end, error, sizeof(error)), 1);
        ck_assert_uint_eq(events, 41 + i);
        ck_assert_uint_eq(end, i);
    }
    ck_assert_int_eq(recording_end_read("{\"at\":1}", 8, &events, &end, error, sizeof(error)), 0);
    ck_assert_int_eq(recording_end_read(tired, strlen(tired), &events, &end, error, sizeof(error)),
                     -1);
    ck_assert_ptr_nonnull(strstr(error, "'tired' is not known"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("update_text");
    TCase *tests = tcase_create("update_text");

    tcase_add_test(tests, what_is_to_be_started_and_published_is_seen);
    tcase_add_test(tests, what_is_to_be_committed_is_seen);
    tcase_add_test(tests, what_is_to_be_sent_is_seen);
    tcase_add_test(tests, what_is_said_is_seen);
    tcase_add_test(tests, an_update_that_wants_nothing_is_an_empty_list);
    tcase_add_test(tests, what_does_not_fit_is_said_and_not_cut);
    tcase_add_test(tests, a_line_is_the_event_and_the_update_and_comes_apart_again);
    tcase_add_test(tests, what_an_engine_carried_is_read_back);
    tcase_add_test(tests, a_damaged_head_is_refused);
    tcase_add_test(tests, an_end_says_how_many_and_why);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
