/* SPDX-License-Identifier: Apache-2.0 */
/* The judges of what a move needs of AWS: who we are, what the clocks say, what stands in the zone,
 * its fence, the servers that answer for it, the right to write, the beacons. */
#include "ready_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "change.h"
#include "explain.h"

bool ready_is_blind_to_zones(struct ready_line *line, const struct ready_reader *reader)
{
    if (reader->reads)
        return false;
    ready_say(line, "this probe has may_act = false and reads no zone");
    ready_advise(line, READY_UNKNOWN, "ask one that may act (`regionshift -s ... ready`): %s",
                 reader->others);
    return true;
}

/* ---- who we are, and when ---- */

static void say_identity(struct ready_line *line, const struct ready_credentials *facts)
{
    char span[SPAN_MAX];

    if (facts->source[0] != '\0')
        ready_say(line, "from %s", facts->source);
    if (facts->role[0] != '\0')
        ready_say(line, "%sas %s", facts->source[0] != '\0' ? ", " : "", facts->role);
    if (facts->source[0] != '\0' || facts->role[0] != '\0')
        ready_say(line, "; ");
    if (facts->accepted_ms >= 0)
        ready_say(line, "AWS took them %s ago", span_format(facts->accepted_ms, span));
    else
        ready_say(line, "AWS has not taken them yet");
    if (facts->expires_ms > 0)
        ready_say(line, ", %s until they expire", span_format(facts->expires_ms, span));
}

void ready_credentials(const struct ready_credentials *facts, struct ready_line *ret_line)
{
    ready_begin(ret_line, "credentials", facts->zone, "");
    if (ready_is_blind_to_zones(ret_line, &facts->reader))
        return;
    ret_line->value = facts->expires_ms;
    ret_line->limit = facts->expires_ms >= 0 ? READY_EXPIRY_WARN_MS : -1;
    say_identity(ret_line, facts);
    if (!facts->asked) {
        ready_advise(ret_line, READY_UNKNOWN, "ask again in a few seconds: nothing was asked yet");
        return;
    }
    if (facts->outcome == ROUTE53_DENIED) {
        ready_say(ret_line, "; refused: %s", facts->error);
        ready_advise(
            ret_line, READY_FAIL,
            "give this machine credentials that may read and change %s: docs/CREDENTIALS.md "
            "says where they are looked for, config/iam/ what they must allow",
            facts->zone);
    } else if (facts->expires_ms == 0) {
        ready_advise(ret_line, READY_FAIL,
                     "they have expired: renew them where they come from; see the log for why that "
                     "was not done by itself");
    } else if (facts->expires_ms > 0 && facts->expires_ms < READY_EXPIRY_WARN_MS) {
        ready_advise(ret_line, READY_WARN,
                     "they should have been renewed by now: see the log, and the source they come "
                     "from");
    } else if (facts->renewal[0] != '\0') {
        ready_say(ret_line, "; the last look for newer ones failed: %s", facts->renewal);
        ready_advise(ret_line, READY_WARN,
                     "repair where they come from: those that are there are used to their end, and "
                     "no longer");
    } else if (facts->accepted_ms < 0) {
        ready_advise(ret_line, READY_UNKNOWN,
                     "see line zone: the question that would prove them had no answer");
    }
}

void ready_clock(const struct ready_clock *facts, struct ready_line *ret_line)
{
    msec_t away_ms = facts->skew_ms < 0 ? -facts->skew_ms : facts->skew_ms;
    char span[SPAN_MAX];

    ready_begin(ret_line, "clock", "", "");
    if (ready_is_blind_to_zones(ret_line, &facts->reader))
        return;
    if (!facts->known) {
        ready_say(ret_line, "AWS has not told its time yet");
        ready_advise(ret_line, READY_UNKNOWN, "see line zone: no answer came");
        return;
    }
    ret_line->value = away_ms;
    ret_line->limit = READY_SKEW_WARN_MS;
    ready_say(ret_line, "AWS's clock is %s %s ours", span_format(away_ms, span),
              facts->skew_ms < 0 ? "behind" : "ahead of");
    if (away_ms >= READY_SKEW_WARN_MS)
        ready_advise(ret_line, READY_WARN,
                     "set this machine's clock (chrony, NTP): AWS refuses a signature 5 minutes "
                     "away from its time, unless we may trust its word for it, which is over TLS "
                     "only");
}

/* ---- what stands in the zone ---- */

static void look_at_set(const struct settings *settings, const struct site_set *ours,
                        const struct record_set *set, struct ready_records *records)
{
    const struct site *site = &settings->sites[ours->site];
    const struct group *group = &settings->groups[settings->services[site->service].group];

    records->set_count++;
    if (set == NULL) {
        if (records->missing_count++ == 0)
            records->missing = site->name;
        return;
    }
    if ((set->weight < 0 || set->other_routing) && records->wrong_count++ == 0)
        records->wrong = site->name;
    if (set->health_check[0] != '\0' && !group->beacons && records->unasked_check_count++ == 0)
        records->unasked_check = site->name;
    if (set->ttl_s > records->ttl_max_s) {
        records->ttl_max_s = set->ttl_s;
        records->slow = settings->records[ours->record].name;
    }
}

static bool is_ours(const struct settings *settings, uint32_t record, const struct record_set *set)
{
    for (uint32_t i = 0; i < settings->set_count; i++) {
        if (settings->sets[i].record == record && strcmp(set->set, settings->sets[i].set) == 0)
            return true;
    }
    return false;
}

/* All sets of one record together: one TTL, some weight, and none that we do not know. */
static void look_at_record(const struct settings *settings, const struct zone_view *view,
                           uint32_t index, struct ready_records *records)
{
    const struct service_record *record = &settings->records[index];
    int64_t ttl_s = -1;
    int64_t weight = 0;
    uint32_t count = 0;

    for (uint32_t i = 0; i < view->set_count; i++) {
        const struct record_set *set = &view->sets[i];

        if (strcmp(set->name, record->name) != 0 || strcmp(set->type, record->type) != 0)
            continue;
        count++;
        weight += set->weight > 0 ? set->weight : 0;
        if (set->ttl_s >= 0 && ttl_s >= 0 && set->ttl_s != ttl_s)
            records->ttl_differs = record->name;
        ttl_s = set->ttl_s >= 0 ? set->ttl_s : ttl_s;
        if (!is_ours(settings, index, set) && set->weight > 0 && records->stranger_count++ == 0)
            records->stranger = set->set;
    }
    if (count > 0 && weight == 0)
        records->empty = record->name;
}

void ready_zone_look(const struct settings *settings, const struct zone_view *view,
                     struct ready_records *ret_records)
{
    struct ready_records records = {.ttl_max_s = -1};

    for (uint32_t i = 0; i < settings->set_count; i++) {
        const struct site_set *set = &settings->sets[i];

        if (settings->records[set->record].zone == view->zone)
            look_at_set(settings, set, change_find_set(view, settings, i), &records);
    }
    for (uint32_t i = 0; i < settings->record_count; i++) {
        if (settings->records[i].zone == view->zone)
            look_at_record(settings, view, i, &records);
    }
    *ret_records = records;
}

static void judge_sets(const struct ready_records *records, struct ready_line *line)
{
    if (records->missing_count > 0) {
        ready_say(line, "; %" PRIu32 " missing, as that of %s", records->missing_count,
                  records->missing);
        ready_advise(line, READY_FAIL,
                     "create the record set of %s again, with weight, TTL and value: a batch that "
                     "needs it is refused whole (C1)",
                     records->missing);
    }
    if (records->wrong_count > 0) {
        ready_say(line, "; %" PRIu32 " not weighted, as that of %s", records->wrong_count,
                  records->wrong);
        ready_advise(line, READY_FAIL,
                     "make the record set of %s a weighted one: only weights are changed (C4)",
                     records->wrong);
    }
    if (records->empty != NULL) {
        ready_say(line, "; %s has no weight at all", records->empty);
        ready_advise(line, READY_FAIL,
                     "give a record set of %s a weight, then `regionshift ack` the drift: Route 53 "
                     "answers all-zero weights with everybody (C5)",
                     records->empty);
    }
}

static void judge_habits(const struct ready_records *records, struct ready_line *line)
{
    if (records->stranger_count > 0) {
        ready_say(line, "; set %s has weight and is not in the settings", records->stranger);
        ready_advise(line, READY_WARN,
                     "name %s as a site of the settings, or take it out of the zone: it keeps its "
                     "share whatever happens",
                     records->stranger);
    }
    if (records->ttl_differs != NULL) {
        ready_say(line, "; the TTLs of %s differ", records->ttl_differs);
        ready_advise(line, READY_WARN, "give all sets of %s one TTL: Route 53 wants it so",
                     records->ttl_differs);
    }
    if (records->unasked_check_count > 0) {
        ready_say(line, "; %s has a health check", records->unasked_check);
        ready_advise(line, READY_WARN,
                     "take the health check off the record set of %s, or set beacons = true: now "
                     "Route 53 moves its traffic by itself, without quorum and without its group",
                     records->unasked_check);
    }
    if (records->ttl_max_s > READY_TTL_MAX_S)
        ready_advise(line, READY_WARN,
                     "lower the TTL of %s to %d s: resolvers go on with the old answer for %" PRId64
                     " s after a move",
                     records->slow, READY_TTL_MAX_S, records->ttl_max_s);
}

void ready_zone(const struct ready_zone *facts, struct ready_line *ret_line)
{
    const struct ready_records *records = &facts->records;
    char age[SPAN_MAX];

    ready_begin(ret_line, "zone", facts->zone, "");
    if (ready_is_blind_to_zones(ret_line, &facts->reader))
        return;
    if (facts->read_ms >= 0) {
        ret_line->value = records->ttl_max_s;
        ret_line->limit = READY_TTL_MAX_S;
        ready_say(ret_line, "%s, read %s ago: %" PRIu32 " of %" PRIu32 " record sets are there",
                  facts->apex, span_format(facts->read_ms, age),
                  records->set_count - records->missing_count, records->set_count);
        if (records->ttl_max_s >= 0)
            ready_say(ret_line, ", TTL %" PRId64 " s (%d s at most is advised)", records->ttl_max_s,
                      READY_TTL_MAX_S);
        judge_sets(records, ret_line);
        judge_habits(records, ret_line);
    } else {
        ready_say(ret_line, "not read yet");
        ready_advise(ret_line, READY_FAIL,
                     "wait some seconds; if it stays so, see the log for what Route 53 answers");
    }
    if (facts->asked && facts->outcome != ROUTE53_OK) {
        ready_say(ret_line, "; now it cannot be read: %s: %s", route53_outcome_name(facts->outcome),
                  facts->error);
        ready_advise(ret_line, READY_FAIL,
                     "get Route 53 to answer from here: the network, the endpoint, the zone's id, "
                     "the rights (config/iam/); no batch is made of a zone that cannot be read "
                     "(C3)");
    }
    if (facts->read_ms > READY_LOOK_OLD_MS)
        ready_advise(ret_line, READY_FAIL,
                     "the last reading is old: see the log for why the newer ones failed");
}

/* ---- the fence ---- */

static void judge_epoch(const struct ready_fence *facts, struct ready_line *line)
{
    if (facts->epoch < facts->head_epoch && facts->in_flight)
        ready_advise(line, READY_WARN, "a change is under way: `regionshift status` shows how far");
    else if (facts->epoch < facts->head_epoch)
        ready_advise(line, READY_FAIL,
                     "the zone has not taken the last decision: `regionshift explain %s` says what "
                     "holds it (C7)",
                     facts->group);
    else if (fence_leaps(facts->epoch, facts->head_epoch))
        ready_advise(line, READY_FAIL,
                     "nobody of us counted that far: find out who wrote it. The fence is written "
                     "anew by itself; if that takes long, delete the TXT record (C2)");
    else if (facts->epoch > facts->head_epoch)
        ready_advise(line, READY_WARN,
                     "the zone is ahead of the store: was the store restored? The zone becomes the "
                     "head by itself; look again in some seconds (C7)");
}

static void judge_drift(const struct ready_fence *facts, struct ready_line *line)
{
    ready_say(line, "weights are not those of its epoch; ");
    switch (facts->drift) {
    case DRIFT_STOP:
        ready_advise(
            line, READY_FAIL,
            "look who wrote into %s, then `regionshift ack %s.drift --reason ...`: nothing "
            "moves before (C4)",
            facts->zone, facts->group);
        break;
    case DRIFT_ADOPT:
        ready_advise(
            line, READY_WARN,
            "look who wrote into %s: the weights become the normal ones by themselves (C4)",
            facts->zone);
        break;
    case DRIFT_RESTORE:
        ready_advise(line, READY_WARN,
                     "look who wrote into %s: the weights are put right by themselves (C4)",
                     facts->zone);
        break;
    }
}

void ready_fence(const struct ready_fence *facts, struct ready_line *ret_line)
{
    ready_begin(ret_line, "fence", facts->group, facts->zone);
    if (ready_is_blind_to_zones(ret_line, &facts->reader))
        return;
    if (!facts->known || !facts->has_head) {
        ready_say(ret_line, !facts->known ? "the zone is not read yet" : "no decision, no fence");
        ready_advise(ret_line, facts->known ? READY_FAIL : READY_UNKNOWN,
                     facts->known ? "run `regionshift init`, which writes the first one (D9)"
                                  : "see line zone");
        return;
    }
    ret_line->value = facts->present ? (int64_t)facts->epoch : -1;
    ret_line->limit = (int64_t)facts->head_epoch;
    if (facts->drifted)
        judge_drift(facts, ret_line);
    if (facts->fences > 1) {
        ready_say(ret_line, "its record has %" PRIu32 " values; ", facts->fences);
        ready_advise(ret_line, READY_FAIL,
                     "leave one value in the TXT record of the fence: two cannot be compared (C2)");
    }
    if (!facts->present) {
        ready_say(ret_line, "there is none, the head is at epoch %" PRIu64, facts->head_epoch);
        ready_advise(ret_line, READY_FAIL,
                     "find out who deleted it: it is written anew by itself with a new epoch; if "
                     "that takes long, see `regionshift explain %s` (C2)",
                     facts->group);
        return;
    }
    ready_say(ret_line, "epoch %" PRIu64 ", the head is at %" PRIu64, facts->epoch,
              facts->head_epoch);
    judge_epoch(facts, ret_line);
}

/* ---- the servers ---- */

void ready_servers(const struct ready_servers *facts, struct ready_line *ret_line)
{
    ready_begin(ret_line, "servers", facts->group, facts->zone);
    if (ready_is_blind_to_zones(ret_line, &facts->reader))
        return;
    if (facts->is_private) {
        ready_say(ret_line, "a private zone is answered inside its networks only");
        return;
    }
    if (!facts->asked_once || !facts->has_fence) {
        ready_say(ret_line, facts->asked_once ? "no fence to ask for" : "not asked yet");
        ready_advise(ret_line, READY_UNKNOWN,
                     facts->asked_once ? "see line fence" : "ask again in a few seconds");
        return;
    }
    ret_line->value = facts->current;
    ret_line->limit = facts->asked;
    ready_say(ret_line,
              "%" PRIu32 " of %" PRIu32 " authoritative servers answer, %" PRIu32
              " of them with epoch %" PRIu64,
              facts->answered, facts->asked, facts->current, facts->epoch);
    if (facts->others[0] != '\0')
        ready_say(ret_line, "; %s", facts->others);
    if (facts->asked == 0)
        ready_advise(ret_line, READY_WARN,
                     "the zone's delegation set could not be had or resolved: see line zone, and "
                     "this machine's resolver; a move works, but nobody can say when it is seen");
    else if (facts->answered == 0)
        ready_advise(ret_line, READY_WARN,
                     "let DNS out of this machine (UDP and TCP 53): a move works, but nobody here "
                     "can say when customers see it (C7)");
    else if (facts->current < facts->answered)
        ready_advise(ret_line, READY_WARN,
                     "look again in a minute: Route 53 hands a change to its servers within 60 s; "
                     "those that lag are named");
    else if (facts->answered < facts->asked)
        ready_advise(ret_line, READY_WARN,
                     "the silent ones are named: if all are of one family (IPv6), this machine has "
                     "no way there; a move does not wait for them (C7)");
}

/* ---- the right to write ---- */

void ready_write(const struct ready_write *facts, struct ready_line *ret_line)
{
    ready_begin(ret_line, "write", facts->zone, "");
    if (ready_is_blind_to_zones(ret_line, &facts->reader))
        return;
    if (facts->dry_run || !facts->may_act) {
        ready_say(ret_line, facts->dry_run ? "this daemon runs dry (-n) and signs no write"
                                           : "this probe has may_act = false and writes nothing");
        ready_advise(ret_line, READY_UNKNOWN, "ask one that writes: %s", facts->reader.others);
        return;
    }
    ready_say(ret_line, "not provable without a write; ");
    if (facts->accepted_at[0] != '\0')
        ready_say(ret_line, "a change of this probe was accepted at %s (epoch %" PRIu64 ")",
                  facts->accepted_at, facts->accepted_epoch);
    else if (facts->fence_is_ours)
        ready_say(ret_line, "the fence in the zone (epoch %" PRIu64 ") was written by this probe",
                  facts->accepted_epoch);
    else
        ready_say(ret_line, "no change of this probe is known");
    if (facts->refused) {
        ready_say(ret_line, "; the last one was refused: %s", facts->error);
        ready_advise(ret_line, READY_FAIL,
                     "allow these credentials to change %s: config/iam/ has the policy",
                     facts->zone);
    } else if (facts->accepted_at[0] == '\0' && !facts->fence_is_ours) {
        ready_advise(ret_line, READY_UNKNOWN,
                     "compare its rights with config/iam/; a drill in a quiet hour proves them: "
                     "`regionshift drain`, then `restore` and `failback`");
    }
}

/* ---- beacons ---- */

void ready_beacons(const struct ready_beacons *facts, struct ready_line *ret_line)
{
    ready_begin(ret_line, "beacons", facts->group, "");
    ret_line->value = facts->words;
    ret_line->limit = facts->regions;
    ready_say(ret_line, "%" PRIu32 " of %" PRIu32 " regions have a word, %" PRIu32 " lit",
              facts->words, facts->regions, facts->lit);
    if (facts->words < facts->regions)
        ready_advise(ret_line, READY_FAIL, "give every region a word in beacon_words");
    if (facts->stale[0] != '\0') {
        ready_say(ret_line, "; %s is lit though the zone gives it weight", facts->stale);
        ready_advise(ret_line, READY_WARN,
                     "wait until the zone has the decision: `regionshift status` shows how far; "
                     "Route 53 keeps %s away meanwhile (B1)",
                     facts->stale);
    }
    if (!facts->reads_zones)
        ready_advise(ret_line, READY_WARN,
                     "give this probe may_act = true: it reads no zone, and so never puts its word "
                     "out by itself (B1)");
    if (!facts->known)
        return;
    if (facts->unchecked > 0) {
        ready_say(ret_line, "; %" PRIu32 " record sets without a health check, as that of %s",
                  facts->unchecked, facts->unchecked_site);
        ready_advise(
            ret_line, READY_WARN,
            "run `regionshift init --health-checks`: without one the record set of %s does "
            "not follow the beacons (B2)",
            facts->unchecked_site);
    }
}
