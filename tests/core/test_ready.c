/* SPDX-License-Identifier: Apache-2.0 */
/* Every line of ready in every state it has: its state, its words, its advice. Each test begins
 * with facts that are well, and breaks one thing at a time. */
#include "ready.h"

#include <string.h>

#include "by_hand.h"

/* What is said holds for every line: who is well is told nothing to do, all others are. */
static void expect(const struct ready_line *line, enum ready_state state, const char *measured,
                   const char *advice)
{
    ck_assert_str_eq(ready_state_name(line->state), ready_state_name(state));
    ck_assert_msg(strstr(line->measured, measured) != NULL, "'%s' is not in '%s'", measured,
                  line->measured);
    ck_assert_msg(strstr(line->advice, advice) != NULL, "'%s' is not in '%s'", advice,
                  line->advice);
    ck_assert_int_eq(line->advice[0] == '\0', state == READY_OK);
    ck_assert_uint_lt(strlen(line->measured), READY_MEASURED_MAX);
    ck_assert_uint_lt(strlen(line->advice), READY_ADVICE_MAX);
}

/* Judges, and compares. */
#define SAYS(judge, facts, state, measured, advice)                                                \
    do {                                                                                           \
        struct ready_line line;                                                                    \
        judge(&(facts), &line);                                                                    \
        expect(&line, state, measured, advice);                                                    \
    } while (0)

static const struct ready_reader reader = {.reads = true, .others = "use1, usw2"};
static const struct ready_reader stranger = {.reads = false, .others = "use1, usw2"};

START_TEST(a_blind_probe_says_why_and_what_to_do)
{
    struct ready_sight facts = {.blindness = BLIND_NOT, .reference_count = 2};

    SAYS(ready_sight, facts, READY_OK, "this probe sees", "");
    facts.reference_count = 0;
    SAYS(ready_sight, facts, READY_WARN, "sees", "name references in probe.references");
    facts = (struct ready_sight){BLIND_STARTING, 2};
    SAYS(ready_sight, facts, READY_WARN, "no reference has answered yet", "wait");
    facts.blindness = BLIND_REFERENCES;
    SAYS(ready_sight, facts, READY_WARN, "none of 2 references answers", "network");
    facts.blindness = BLIND_ALL_DOWN;
    SAYS(ready_sight, facts, READY_WARN, "everything looks down", "references");
    facts.blindness = BLIND_CLOCK;
    SAYS(ready_sight, facts, READY_WARN, "clock, it watches", "wait");
    facts.blindness = BLIND_STALLED;
    SAYS(ready_sight, facts, READY_WARN, "stalled, it watches", "processor");
}
END_TEST

static struct ready_quorum whole_quorum(void)
{
    return (struct ready_quorum){.group = "jwt-pizza",
                                 .region = "us-east-1",
                                 .all = {5, 4, 3, true},
                                 .without = {3, 2, 2, true},
                                 .electors = 5,
                                 .needs_down = 3,
                                 .needs_up = 3,
                                 .needs_vantages = 2,
                                 .needs_owners = 2,
                                 .missing = ""};
}

START_TEST(a_quorum_is_counted_with_and_without_the_probes_of_the_region)
{
    struct ready_quorum facts = whole_quorum();

    SAYS(
        ready_quorum, facts, READY_OK,
        "5 of 5 probes vote, from 4 vantages and 3 owners (down needs 3, from 2 and 2; up needs 3)",
        "");
    facts.missing = "fra absent";
    facts.all.votes = 4;
    SAYS(ready_quorum, facts, READY_WARN, "not counted: fra absent", "bring back the probes");
    facts.without.votes = 2;
    SAYS(ready_quorum, facts, READY_WARN, "without those in us-east-1: 2",
         "if us-east-1 dies with its own probes");
    facts.all.votes = 2;
    SAYS(ready_quorum, facts, READY_FAIL, "2 of 5 probes vote", "until 3 vote (A1)");
    facts = whole_quorum();
    facts.needs_up = 4;
    SAYS(ready_quorum, facts, READY_WARN, "up needs 4", "add probes elsewhere");
}
END_TEST

START_TEST(a_quorum_of_one_place_or_one_owner_agrees_on_nothing)
{
    struct ready_quorum facts = whole_quorum();

    facts.all.vantages = 1;
    SAYS(ready_quorum, facts, READY_FAIL, "from 1 vantages and", "other vantages");
    facts = whole_quorum();
    facts.all.owners = 1;
    SAYS(ready_quorum, facts, READY_FAIL, "and 1 owners (down", "other owners");
    facts = whole_quorum();
    facts.all.outside = false;
    SAYS(ready_quorum, facts, READY_FAIL, "5 of 5", "one outside us-east-1 (A3)");
}
END_TEST

START_TEST(the_limit_of_a_quorum_is_the_larger_need)
{
    struct ready_quorum facts = whole_quorum();
    struct ready_line line;

    facts.needs_up = 4;
    ready_quorum(&facts, &line);
    ck_assert_int_eq(line.value, 5);
    ck_assert_int_eq(line.limit, 4);
    facts.needs_down = 5;
    ready_quorum(&facts, &line);
    ck_assert_int_eq(line.limit, 5);
    ck_assert_str_eq(line.about, "jwt-pizza us-east-1");
}
END_TEST

START_TEST(probes_with_other_settings_are_named)
{
    struct ready_settings facts = {0, "", "0123456789abcdef"};

    SAYS(ready_settings, facts, READY_OK, "settings 0123456789abcdef", "");
    facts.others = 1;
    facts.names = "fra";
    SAYS(ready_settings, facts, READY_WARN, "1 run other settings", "give fra the same quorum");
}
END_TEST

static struct ready_target whole_target(void)
{
    return (struct ready_target){.group = "jwt-pizza",
                                 .region = "us-east-1",
                                 .has_head = true,
                                 .moves = true,
                                 .targets = "us-west-2",
                                 .agreed = AGREED_UP,
                                 .agreed_ms = 200000,
                                 .stable_ms = 60000,
                                 .gate = ""};
}

START_TEST(a_target_is_up_and_stable_or_there_is_none)
{
    struct ready_target facts = whole_target();

    SAYS(ready_target, facts, READY_OK, "us-west-2 would take it: agreed up for 3 m 20 s", "");
    facts.serving = true;
    SAYS(ready_target, facts, READY_OK, "us-west-2 would serve it all", "");
    facts.agreed = AGREED_UNDECIDED;
    SAYS(ready_target, facts, READY_FAIL, "agreed undecided", "not agreed up");
    facts = whole_target();
    facts.moves = false;
    facts.gate = "us-west-2 is agreed down; it may gain when agreed up";
    SAYS(ready_target, facts, READY_FAIL, "us-west-2 is agreed down", "explain jwt-pizza");
    facts = whole_target();
    facts.fallback = true;
    SAYS(ready_target, facts, READY_FAIL, "only the fallback is left", "static page");
    facts = whole_target();
    facts.has_head = false;
    SAYS(ready_target, facts, READY_FAIL, "no first decision", "regionshift init --yes");
}
END_TEST

START_TEST(what_would_stop_a_move_says_until_when)
{
    struct ready_moves facts = {.group = "jwt-pizza", .frozen = "", .budget_limit = 4};

    SAYS(ready_moves, facts, READY_OK, "0 of 4 moves used", "");
    facts.dwell_left_ms = 90000;
    SAYS(ready_moves, facts, READY_FAIL, "1 m 30 s of dwell left", "wait 1 m 30 s");
    facts.budget_used = 4;
    facts.budget_left_ms = 7200000;
    SAYS(ready_moves, facts, READY_FAIL, "4 of 4 moves used, the next in 2 h", "budget is spent");
    facts.budget_left_ms = -1;
    SAYS(ready_moves, facts, READY_FAIL, "4 of 4 moves used;", "budget is spent");
    facts.frozen = "frozen by ann: deploy";
    SAYS(ready_moves, facts, READY_FAIL, "frozen by ann: deploy", "regionshift thaw");
    facts = (struct ready_moves){.group = "jwt-pizza", .frozen = "", .ledger_unreadable = true};
    SAYS(ready_moves, facts, READY_FAIL, "ledger of moves cannot be read", "names the key");
}
END_TEST

START_TEST(somebody_has_to_act_when_the_region_is_gone)
{
    struct ready_actors facts = {"us-east-1", 2, 2, 1, "", false};

    SAYS(ready_actors, facts, READY_OK, "2 of 2 probes that may act vote now, 1", "");
    facts.dry_run = true;
    SAYS(ready_actors, facts, READY_WARN, "runs dry", "without -n");
    facts = (struct ready_actors){"us-east-1", 3, 2, 1, "usw2 absent", false};
    SAYS(ready_actors, facts, READY_WARN, "silent: usw2 absent", "may be the last");
    facts.surviving = 0;
    SAYS(ready_actors, facts, READY_FAIL, "0 of them outside us-east-1", "one elsewhere");
    facts.alive = 0;
    SAYS(ready_actors, facts, READY_FAIL, "0 of 3", "nobody could change the zone");
}
END_TEST

START_TEST(a_store_answers_and_lends_its_lease)
{
    struct ready_store facts = {.ok = true, .error = "", .lease = true, .read_ms = 4000};

    SAYS(ready_store, facts, READY_OK, "read whole 4.0 s ago, our lease lives", "");
    facts.unreadable = 2;
    facts.unreadable_key = "v1/budget";
    SAYS(ready_store, facts, READY_WARN, "2 keys cannot be read, as v1/budget", "delete the key");
    facts.lease = false;
    SAYS(ready_store, facts, READY_FAIL, "we have no lease", "votes do not count");
    facts.ok = false;
    facts.error = "connection refused";
    SAYS(ready_store, facts, READY_FAIL, "it says: connection refused", "get the store to answer");
    facts.read_ms = -1;
    SAYS(ready_store, facts, READY_FAIL, "not read yet", "get the store to answer");
}
END_TEST

START_TEST(a_sink_is_proved_by_what_it_took)
{
    struct ready_sink facts = {"mail", SEVERITY_WARN, 60000, -1, 0, ""};

    SAYS(ready_sink, facts, READY_OK, "took an alert 1 m 0 s ago", "");
    facts.accepted_ms = -1;
    SAYS(ready_sink, facts, READY_UNKNOWN, "took no alert", "regionshift alert-test");
    facts.failures = 3;
    facts.failed_ms = 5000;
    facts.error = "connection refused";
    SAYS(ready_sink, facts, READY_WARN, "the last 3 attempts failed, 5.0 s ago: connection refused",
         "alert-test");
    facts.sink = NULL;
    SAYS(ready_sink, facts, READY_WARN, "there is no sink", "name one in alerts");
}
END_TEST

START_TEST(credentials_are_proved_by_what_aws_took)
{
    struct ready_credentials facts = {.reader = reader,
                                      .zone = "ZONE1",
                                      .source = "the environment",
                                      .role = "",
                                      .expires_ms = -1,
                                      .renewal = "",
                                      .asked = true,
                                      .error = "",
                                      .accepted_ms = 2000};

    SAYS(ready_credentials, facts, READY_OK, "from the environment; AWS took them 2.0 s ago", "");
    facts.expires_ms = 3600000;
    SAYS(ready_credentials, facts, READY_OK, "1 h 0 m until they expire", "");
    facts.expires_ms = 60000;
    SAYS(ready_credentials, facts, READY_WARN, "1 m 0 s until", "renewed by now");
    facts.expires_ms = 0;
    SAYS(ready_credentials, facts, READY_FAIL, "AWS took them", "have expired");
    facts.expires_ms = 3600000;
    facts.renewal = "the machine does not answer";
    SAYS(ready_credentials, facts, READY_WARN, "failed: the machine does not answer", "no longer");
    facts.expires_ms = -1;
    facts.renewal = "";
    facts.outcome = ROUTE53_DENIED;
    facts.error = "InvalidClientTokenId";
    SAYS(ready_credentials, facts, READY_FAIL, "refused: InvalidClientTokenId", "config/iam/");
    facts.outcome = ROUTE53_LOST;
    facts.accepted_ms = -1;
    SAYS(ready_credentials, facts, READY_UNKNOWN, "has not taken them yet", "line zone");
    facts.asked = false;
    SAYS(ready_credentials, facts, READY_UNKNOWN, "has not taken them yet", "few seconds");
    facts.role = "arn:aws:iam::1:role/dns";
    SAYS(ready_credentials, facts, READY_UNKNOWN,
         "from the environment, as arn:aws:iam::1:role/dns", "");
}
END_TEST

START_TEST(what_does_not_expire_has_no_limit)
{
    struct ready_credentials facts = {.reader = reader,
                                      .zone = "ZONE1",
                                      .source = "",
                                      .role = "",
                                      .expires_ms = -1,
                                      .renewal = "",
                                      .error = ""};
    struct ready_line line;

    ready_credentials(&facts, &line);
    ck_assert_int_eq(line.limit, -1);
    facts.expires_ms = 0;
    ready_credentials(&facts, &line);
    ck_assert_int_eq(line.value, 0);
    ck_assert_int_eq(line.limit, READY_EXPIRY_WARN_MS);
}
END_TEST

START_TEST(a_wrong_clock_is_told_before_aws_refuses_it)
{
    struct ready_clock facts = {reader, true, -1000};

    SAYS(ready_clock, facts, READY_OK, "1.0 s behind ours", "");
    facts.skew_ms = 31000;
    SAYS(ready_clock, facts, READY_WARN, "31 s ahead of ours", "NTP");
    facts.skew_ms = -250000;
    SAYS(ready_clock, facts, READY_WARN, "4 m 10 s behind ours", "over TLS only");
    facts.known = false;
    SAYS(ready_clock, facts, READY_UNKNOWN, "has not told its time", "line zone");
}
END_TEST

static struct ready_zone whole_zone(void)
{
    return (struct ready_zone){.reader = reader,
                               .zone = "ZONE1",
                               .apex = "example.com",
                               .asked = true,
                               .outcome = ROUTE53_OK,
                               .error = "",
                               .read_ms = 3000,
                               .records = {.set_count = 4, .ttl_max_s = 60}};
}

START_TEST(a_zone_has_every_set_weighted)
{
    struct ready_zone facts = whole_zone();

    SAYS(ready_zone, facts, READY_OK, "4 of 4 record sets are there, TTL 60 s", "");
    facts.records.missing_count = 1;
    facts.records.missing = "pizza/us-west-2";
    SAYS(ready_zone, facts, READY_FAIL, "3 of 4 record sets", "create the record set of pizza/us");
    facts = whole_zone();
    facts.records.wrong_count = 1;
    facts.records.wrong = "pizza/us-west-2";
    SAYS(ready_zone, facts, READY_FAIL, "1 not weighted", "a weighted one");
    facts = whole_zone();
    facts.records.empty = "pizza.example.com";
    SAYS(ready_zone, facts, READY_FAIL, "no weight at all", "regionshift ack");
}
END_TEST

START_TEST(a_zone_has_habits_that_are_worth_a_word)
{
    struct ready_zone facts = whole_zone();

    facts.records.ttl_max_s = 300;
    facts.records.slow = "pizza.example.com";
    SAYS(ready_zone, facts, READY_WARN, "TTL 300 s", "lower the TTL of pizza.example.com to 60 s");
    facts = whole_zone();
    facts.records.ttl_differs = "pizza.example.com";
    SAYS(ready_zone, facts, READY_WARN, "the TTLs of pizza.example.com differ", "one TTL");
    facts = whole_zone();
    facts.records.stranger_count = 1;
    facts.records.stranger = "old-canary";
    SAYS(ready_zone, facts, READY_WARN, "old-canary has weight", "keeps its share");
    facts = whole_zone();
    facts.records.unasked_check_count = 1;
    facts.records.unasked_check = "pizza/us-east-1";
    SAYS(ready_zone, facts, READY_WARN, "pizza/us-east-1 has a health check", "by itself");
    facts = whole_zone();
    facts.records.ttl_max_s = -1;
    SAYS(ready_zone, facts, READY_OK, "4 of 4", "");
}
END_TEST

START_TEST(a_zone_that_cannot_be_read_takes_no_batch)
{
    struct ready_zone facts = whole_zone();

    facts.outcome = ROUTE53_LOST;
    facts.error = "no answer within 3000 ms";
    SAYS(ready_zone, facts, READY_FAIL, "lost: no answer within 3000 ms", "get Route 53 to answer");
    facts = whole_zone();
    facts.read_ms = READY_LOOK_OLD_MS + 1;
    SAYS(ready_zone, facts, READY_FAIL, "read 15 m 0 s ago", "the last reading is old");
    facts.read_ms = -1;
    SAYS(ready_zone, facts, READY_FAIL, "not read yet", "wait some seconds");
}
END_TEST

static struct ready_fence whole_fence(void)
{
    return (struct ready_fence){.reader = reader,
                                .group = "jwt-pizza",
                                .zone = "ZONE1",
                                .known = true,
                                .has_head = true,
                                .present = true,
                                .drift = DRIFT_STOP,
                                .fences = 1,
                                .epoch = 7,
                                .head_epoch = 7};
}

START_TEST(a_fence_stands_at_the_heads_epoch)
{
    struct ready_fence facts = whole_fence();

    SAYS(ready_fence, facts, READY_OK, "epoch 7, the head is at 7", "");
    facts.epoch = 6;
    SAYS(ready_fence, facts, READY_FAIL, "epoch 6", "explain jwt-pizza");
    facts.in_flight = true;
    SAYS(ready_fence, facts, READY_WARN, "epoch 6", "under way");
    facts.epoch = 8;
    SAYS(ready_fence, facts, READY_WARN, "epoch 8", "ahead of the store");
    facts.epoch = FENCE_EPOCH_MAX;
    SAYS(ready_fence, facts, READY_FAIL, "epoch 999999999999999", "delete the TXT record");
    facts = whole_fence();
    facts.present = false;
    facts.fences = 0;
    SAYS(ready_fence, facts, READY_FAIL, "there is none, the head is at epoch 7", "deleted it");
    facts = whole_fence();
    facts.fences = 2;
    SAYS(ready_fence, facts, READY_FAIL, "2 values", "leave one value");
    facts = whole_fence();
    facts.has_head = false;
    SAYS(ready_fence, facts, READY_FAIL, "no decision, no fence", "regionshift init");
    facts.known = false;
    SAYS(ready_fence, facts, READY_UNKNOWN, "not read yet", "line zone");
}
END_TEST

START_TEST(a_drift_stops_or_is_adopted_or_put_right)
{
    struct ready_fence facts = whole_fence();

    facts.drifted = true;
    SAYS(ready_fence, facts, READY_FAIL, "weights are not those", "ack jwt-pizza.drift");
    facts.drift = DRIFT_ADOPT;
    SAYS(ready_fence, facts, READY_WARN, "weights are not those", "become the normal ones");
    facts.drift = DRIFT_RESTORE;
    SAYS(ready_fence, facts, READY_WARN, "weights are not those", "are put right");
}
END_TEST

START_TEST(each_server_is_asked_and_the_others_are_named)
{
    struct ready_servers facts = {.reader = reader,
                                  .group = "jwt-pizza",
                                  .zone = "ZONE1",
                                  .asked_once = true,
                                  .has_fence = true,
                                  .asked = 4,
                                  .answered = 4,
                                  .current = 4,
                                  .epoch = 7,
                                  .others = ""};

    SAYS(ready_servers, facts, READY_OK, "4 of 4 authoritative servers answer, 4 of them", "");
    facts.current = 3;
    facts.others = "192.0.2.1:53 still says epoch 6";
    SAYS(ready_servers, facts, READY_WARN, "still says epoch 6", "look again in a minute");
    facts.answered = 3;
    facts.others = "192.0.2.1:53 does not answer (timeout)";
    SAYS(ready_servers, facts, READY_WARN, "does not answer (timeout)", "silent ones");
    facts.answered = facts.current = 0;
    SAYS(ready_servers, facts, READY_WARN, "0 of 4", "let DNS out");
    facts.asked = 0;
    SAYS(ready_servers, facts, READY_WARN, "0 of 0", "delegation set");
    facts.has_fence = false;
    SAYS(ready_servers, facts, READY_UNKNOWN, "no fence to ask for", "line fence");
    facts.asked_once = false;
    SAYS(ready_servers, facts, READY_UNKNOWN, "not asked yet", "few seconds");
    facts.is_private = true;
    SAYS(ready_servers, facts, READY_OK, "private zone", "");
}
END_TEST

START_TEST(the_right_to_write_is_known_from_what_was_written)
{
    struct ready_write facts = {.reader = reader,
                                .zone = "ZONE1",
                                .may_act = true,
                                .accepted_at = "2026-11-22T17:00:00Z",
                                .accepted_epoch = 7,
                                .error = ""};

    SAYS(ready_write, facts, READY_OK, "accepted at 2026-11-22T17:00:00Z (epoch 7)", "");
    facts.refused = true;
    facts.error = "AccessDenied";
    SAYS(ready_write, facts, READY_FAIL, "refused: AccessDenied", "config/iam/");
    facts.refused = false;
    facts.accepted_at = "";
    SAYS(ready_write, facts, READY_UNKNOWN, "not provable without a write; no change", "drill");
    facts.fence_is_ours = true;
    SAYS(ready_write, facts, READY_OK, "written by this probe", "");
    facts.dry_run = true;
    SAYS(ready_write, facts, READY_UNKNOWN, "runs dry", "ask one that writes: use1, usw2");
    facts.dry_run = false;
    facts.may_act = false;
    SAYS(ready_write, facts, READY_UNKNOWN, "writes nothing", "ask one that writes: use1, usw2");
}
END_TEST

START_TEST(a_probe_that_reads_no_zone_names_those_who_do)
{
    struct ready_credentials credentials = {
        .reader = stranger, .zone = "ZONE1", .source = "", .role = "", .renewal = "", .error = ""};
    struct ready_clock clock = {stranger, false, 0};
    struct ready_zone zone = {.reader = stranger, .zone = "ZONE1", .apex = "", .read_ms = -1};
    struct ready_fence fence = {.reader = stranger, .group = "g", .zone = "ZONE1"};
    struct ready_servers servers = {.reader = stranger, .group = "g", .zone = "ZONE1"};
    struct ready_write write = {.reader = stranger, .zone = "ZONE1", .accepted_at = ""};

    SAYS(ready_credentials, credentials, READY_UNKNOWN, "reads no zone", "use1, usw2");
    SAYS(ready_clock, clock, READY_UNKNOWN, "reads no zone", "use1, usw2");
    SAYS(ready_zone, zone, READY_UNKNOWN, "reads no zone", "use1, usw2");
    SAYS(ready_fence, fence, READY_UNKNOWN, "reads no zone", "use1, usw2");
    SAYS(ready_servers, servers, READY_UNKNOWN, "reads no zone", "use1, usw2");
    SAYS(ready_write, write, READY_UNKNOWN, "reads no zone", "use1, usw2");
}
END_TEST

START_TEST(health_checks_are_there_and_heard)
{
    const struct ready_health well = {.group = "jwt-pizza",
                                      .region = "us-east-1",
                                      .asked = true,
                                      .error = "",
                                      .seen_ms = 5000,
                                      .wanted = 4,
                                      .first = "",
                                      .children = 3,
                                      .observed = 3,
                                      .votes_down = 2};
    struct ready_health facts = well;

    SAYS(ready_health, facts, READY_OK,
         "4 of 4 health checks are there, seen 5.0 s ago; checkers "
         "hear 0 of 3 probes say leave, 2 would do",
         "");
    facts.seen_ms = -1;
    facts.asked = false;
    SAYS(ready_health, facts, READY_UNKNOWN, "not looked at yet", "ask again");
    facts.asked = true;
    facts.outcome = ROUTE53_DENIED;
    facts.error = "AccessDenied";
    SAYS(ready_health, facts, READY_UNKNOWN, "AccessDenied", "health-checks-reader.json");
    facts = well;
    facts.missing = 1;
    facts.first = "fra says leave";
    SAYS(ready_health, facts, READY_FAIL, "3 of 4", "it makes what is missing");
    facts = well;
    facts.different = 1;
    facts.first = "Inverted false, not true";
    SAYS(ready_health, facts, READY_FAIL, "Inverted false, not true", "puts them right");
    facts = well;
    facts.unattached = 2;
    SAYS(ready_health, facts, READY_FAIL, "2 record sets", "no word moves");
    facts = well;
    facts.observed = 2;
    SAYS(ready_health, facts, READY_WARN, "hear 0 of 3", "reach the beacon");
    facts = well;
    facts.votes = 2;
    SAYS(ready_health, facts, READY_FAIL, "hear 2 of 3", "who answers in their place");
    facts.lit = true;
    SAYS(ready_health, facts, READY_OK, "hear 2 of 3", "");
    facts.votes = 1;
    SAYS(ready_health, facts, READY_WARN, "hear 1 of 3", "not heard by enough");
}
END_TEST

START_TEST(beacons_have_words_and_health_checks)
{
    struct ready_beacons facts = {.group = "jwt-pizza",
                                  .regions = 2,
                                  .words = 2,
                                  .stale = "",
                                  .reads_zones = true,
                                  .known = true};

    SAYS(ready_beacons, facts, READY_OK, "2 of 2 regions have a word, 0 lit", "");
    facts.unchecked = 1;
    facts.unchecked_site = "pizza/us-east-1";
    SAYS(ready_beacons, facts, READY_WARN, "as that of pizza/us-east-1", "init --health-checks");
    facts.known = false;
    SAYS(ready_beacons, facts, READY_OK, "2 of 2", "");
    facts.reads_zones = false;
    SAYS(ready_beacons, facts, READY_WARN, "2 of 2", "never puts its word out");
    facts.reads_zones = true;
    facts.lit = 1;
    facts.stale = "us-east-1";
    SAYS(ready_beacons, facts, READY_WARN, "us-east-1 is lit though", "wait until the zone");
    facts.words = 1;
    SAYS(ready_beacons, facts, READY_FAIL, "1 of 2", "give every region a word");
}
END_TEST

/* ---- what a zone is like ---- */

struct paper {
    struct by_hand hand;
    struct record_set sets[HAND_SITES + 1];
    struct zone_view view;
};

static void paper_zone(struct paper *paper)
{
    by_hand(&paper->hand);
    for (uint32_t i = 0; i < HAND_SITES; i++) {
        const struct site_set *set = &paper->hand.sets[i];
        const struct service_record *record = &paper->hand.records[set->record];

        paper->sets[i] = (struct record_set){.name = record->name,
                                             .type = record->type,
                                             .set = set->set,
                                             .weight = paper->hand.sites[i].weight,
                                             .ttl_s = 60,
                                             .health_check = ""};
    }
    paper->view = (struct zone_view){
        .zone = 0, .apex = "example.com", .sets = paper->sets, .set_count = HAND_SITES};
}

START_TEST(a_zone_is_compared_with_the_settings_set_by_set)
{
    struct ready_records records;
    struct paper paper;

    paper_zone(&paper);
    ready_zone_look(&paper.hand.settings, &paper.view, &records);
    ck_assert_uint_eq(records.set_count, HAND_SITES);
    ck_assert_uint_eq(records.missing_count + records.wrong_count + records.stranger_count +
                          records.unasked_check_count,
                      0);
    ck_assert_int_eq(records.ttl_max_s, 60);
    ck_assert_ptr_null(records.empty);
    ck_assert_ptr_null(records.ttl_differs);

    paper.sets[WEST].type = "AAAA";
    paper.sets[FACTORY_AT + WEST].weight = -1;
    paper.sets[FACTORY_AT + CENTRAL].health_check = "hc-1";
    paper.sets[FACTORY_AT + CENTRAL].ttl_s = 300;
    ready_zone_look(&paper.hand.settings, &paper.view, &records);
    ck_assert_uint_eq(records.missing_count, 1);
    ck_assert_str_eq(records.missing, "pizza/us-west-2");
    ck_assert_uint_eq(records.wrong_count, 1);
    ck_assert_str_eq(records.wrong, "factory/us-west-2");
    ck_assert_str_eq(records.unasked_check, "factory/eu-central-1");
    ck_assert_str_eq(records.ttl_differs, "factory.example.com");
    ck_assert_str_eq(records.slow, "factory.example.com");
    ck_assert_int_eq(records.ttl_max_s, 300);
}
END_TEST

START_TEST(a_strangers_set_and_an_empty_record_are_seen)
{
    struct ready_records records;
    struct paper paper;

    paper_zone(&paper);
    paper.sets[HAND_SITES] = paper.sets[0];
    paper.sets[HAND_SITES].set = "canary";
    paper.view.set_count = HAND_SITES + 1;
    paper.sets[FACTORY_AT].weight = 0;
    ready_zone_look(&paper.hand.settings, &paper.view, &records);
    ck_assert_uint_eq(records.stranger_count, 1);
    ck_assert_str_eq(records.stranger, "canary");
    ck_assert_str_eq(records.empty, "factory.example.com");
    paper.sets[HAND_SITES].weight = 0; /* takes no share */
    paper.hand.group.beacons = true;
    paper.sets[0].health_check = "hc-1"; /* asked for */
    ready_zone_look(&paper.hand.settings, &paper.view, &records);
    ck_assert_uint_eq(records.stranger_count, 0);
    ck_assert_uint_eq(records.unasked_check_count, 0);
    paper.view.zone = 1;
    ready_zone_look(&paper.hand.settings, &paper.view, &records);
    ck_assert_uint_eq(records.set_count, 0);
    ck_assert_int_eq(records.ttl_max_s, -1);
}
END_TEST

START_TEST(only_what_fails_makes_it_not_ready)
{
    struct ready_sum sum = {.count = {3, 2, 0, 4}};

    ck_assert(ready_is(&sum));
    sum.count[READY_FAIL] = 1;
    ck_assert(!ready_is(&sum));
}
END_TEST

int main(void)
{
    return RUN_TESTS(
        "ready", a_blind_probe_says_why_and_what_to_do,
        a_quorum_is_counted_with_and_without_the_probes_of_the_region,
        a_quorum_of_one_place_or_one_owner_agrees_on_nothing,
        the_limit_of_a_quorum_is_the_larger_need, probes_with_other_settings_are_named,
        a_target_is_up_and_stable_or_there_is_none, what_would_stop_a_move_says_until_when,
        somebody_has_to_act_when_the_region_is_gone, a_store_answers_and_lends_its_lease,
        a_sink_is_proved_by_what_it_took, credentials_are_proved_by_what_aws_took,
        what_does_not_expire_has_no_limit, a_wrong_clock_is_told_before_aws_refuses_it,
        a_zone_has_every_set_weighted, a_zone_has_habits_that_are_worth_a_word,
        a_zone_that_cannot_be_read_takes_no_batch, a_fence_stands_at_the_heads_epoch,
        a_drift_stops_or_is_adopted_or_put_right, each_server_is_asked_and_the_others_are_named,
        the_right_to_write_is_known_from_what_was_written,
        a_probe_that_reads_no_zone_names_those_who_do, beacons_have_words_and_health_checks,
        health_checks_are_there_and_heard, a_zone_is_compared_with_the_settings_set_by_set,
        a_strangers_set_and_an_empty_record_are_seen, only_what_fails_makes_it_not_ready);
}
