/* SPDX-License-Identifier: Apache-2.0 */
/* One engine with many groups: an event costs the groups it touches, counted and not timed, and
 * what is left alone would have said nothing else. */
#include <stdlib.h>
#include <string.h>

#include "by_hand.h"
#include "fact.h"
#include "state.h"

enum { MANY = 2000, SEVERAL = 500, SOME = 130, FEW = 3, LIMIT = 5000, LINE = 512 };

/* ---- what an engine takes ---- */

enum { BLOCKS_MAX = 65536, PAGE = 4096 };

/* Every block that was taken while `is_noting`. */
struct block {
    const unsigned char *bytes;
    size_t size;
};

static struct block blocks[BLOCKS_MAX];
static size_t block_count;
static bool is_noting;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
    void *memory = __real_calloc(count, size);

    if (is_noting) {
        ck_assert_uint_lt(block_count, BLOCKS_MAX);
        blocks[block_count++] = (struct block){memory, count * size};
    }
    return memory;
}

/* The n-th service has a group of its own and a site in each of two regions. */
struct many {
    struct by_hand hand;
    uint32_t count;
    struct group *groups;
    struct service *services;
    struct service_record *records;
    struct site *sites;
    struct site_set *sets;
    struct check *checks;
    uint32_t *numbers; /* 0, 1, 2, ...: what each points into */
    struct engine *engine;
    struct update update;
    bool *asked; /* by check: it has begun, and has no result yet */
    msec_t now_ms;
};

static void *take(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    ck_assert_ptr_nonnull(memory);
    return memory;
}

static void make_service(struct many *many, uint32_t i)
{
    many->services[i] = many->hand.services[0];
    many->services[i].group = i;
    many->services[i].first_record = i;
    many->services[i].first_site = 2 * i;
    many->services[i].site_count = 2;
    many->records[i] = many->hand.records[0];
    many->records[i].service = i;
    many->groups[i] = many->hand.group;
    many->groups[i].together = false;
    many->groups[i].services = &many->numbers[i];
    many->groups[i].service_count = 1;
    many->groups[i].order_count = 2;
    many->groups[i].sites = &many->numbers[2 * i];
    many->groups[i].site_count = 2;
    for (uint32_t k = 2 * i; k < 2 * i + 2; k++) {
        many->sites[k] = many->hand.sites[k % 2];
        many->sites[k].service = i;
        many->sites[k].first_set = k;
        many->sites[k].first_check = k;
        many->sets[k] = many->hand.sets[k % 2];
        many->sets[k].site = k;
        many->sets[k].record = i;
        many->checks[k] = many->hand.checks[k % 2];
        many->checks[k].site = k;
    }
}

static void step(struct many *many, struct event *event)
{
    event->at_ms = many->now_ms;
    engine_step(many->engine, event, &many->update);
    for (uint32_t i = 0; i < many->update.start_count; i++)
        many->asked[many->update.starts[i]] = true;
}

static void begin(struct many *many, uint32_t count)
{
    struct event start = {.kind = EVENT_START, .start = {.wall = 1000000000}};
    struct settings *s = &many->hand.settings;

    *many = (struct many){.count = count};
    by_hand(&many->hand);
    many->groups = take(count, sizeof(*many->groups));
    many->services = take(count, sizeof(*many->services));
    many->records = take(count, sizeof(*many->records));
    many->sites = take(2 * (size_t)count, sizeof(*many->sites));
    many->sets = take(2 * (size_t)count, sizeof(*many->sets));
    many->checks = take(2 * (size_t)count, sizeof(*many->checks));
    many->numbers = take(2 * (size_t)count, sizeof(*many->numbers));
    many->asked = take(2 * (size_t)count, sizeof(*many->asked));
    for (uint32_t i = 0; i < 2 * count; i++)
        many->numbers[i] = i;
    for (uint32_t i = 0; i < count; i++)
        make_service(many, i);
    s->self = 3; /* fra: it may not act, and so reads no zone */
    s->groups = many->groups;
    s->services = many->services;
    s->records = many->records;
    s->sites = many->sites;
    s->sets = many->sets;
    s->checks = many->checks;
    s->group_count = s->service_count = s->record_count = count;
    s->site_count = s->set_count = s->check_count = 2 * count;
    block_count = 0;
    is_noting = true;
    ck_assert_int_eq(engine_create(s, false, NULL, &many->engine), 0);
    is_noting = false;
    step(many, &start);
}

static void end(struct many *many)
{
    engine_destroy(many->engine);
    free(many->groups);
    free(many->services);
    free(many->records);
    free(many->sites);
    free(many->sets);
    free(many->checks);
    free(many->numbers);
    free(many->asked);
}

static void give(struct many *many, uint32_t check, enum result_class class)
{
    struct result result = {.class = class, .failure = FAILURE_NONE};
    struct event event = {.kind = EVENT_RESULT, .result = {check, &result}};

    if (class == RESULT_BAD)
        result.failure = FAILURE_CONNECT;
    many->asked[check] = false;
    step(many, &event);
}

static void hear_store(struct many *many, bool full)
{
    struct event event = {.kind = EVENT_STORE, .store = {STORE_OK, 1, full}};

    step(many, &event);
}

static void hear_vote(struct many *many, uint32_t probe, uint32_t group, const char *states)
{
    struct event event = {.kind = EVENT_VOTE, .vote = {.present = true, .revision = 1}};

    event.vote.vote = (struct vote){.probe = probe, .group = group, .states = states};
    event.vote.vote.failures = "--";
    memcpy(event.vote.vote.fingerprint, many->hand.settings.fingerprint, FINGERPRINT_LENGTH + 1);
    step(many, &event);
}

/* Until every check has had a good result. */
static void see_all_up(struct many *many)
{
    struct event tick = {.kind = EVENT_TICK};

    for (uint32_t round = 0; round < LIMIT; round++) {
        many->now_ms += 10;
        step(many, &tick);
        for (uint32_t i = 0; i < 2 * many->count; i++) {
            if (many->asked[i])
                give(many, i, RESULT_GOOD);
        }
        if (round % 100 == 0)
            hear_store(many, true);
        if (round > 2200) /* two intervals of 10 s */
            return;
    }
}

/* ---- what an event costs ---- */

enum { WORDS = 6 };

/* How many groups are looked at for: two good results, one that is bad, one that is good again, a
 * vote, and the store's word that it is there. */
static void count_looks(uint32_t count, uint64_t looks[WORDS])
{
    struct many many;
    uint64_t before;

    begin(&many, count);
    see_all_up(&many);
    for (int i = 0; i < WORDS; i++) {
        before = many.engine->looks;
        many.now_ms++;
        if (i < 4)
            give(&many, 2, i == 2 ? RESULT_BAD : RESULT_GOOD);
        else if (i == 4)
            hear_vote(&many, 0, 1, "uu");
        else
            hear_store(&many, false);
        looks[i] = many.engine->looks - before;
    }
    end(&many);
}

START_TEST(an_event_costs_the_groups_it_touches_however_many_there_are)
{
    const uint64_t wanted[WORDS] = {0, 0, 1, 1, 1, 0};
    uint64_t few[WORDS];
    uint64_t many[WORDS];

    count_looks(FEW, few);
    count_looks(MANY, many);
    for (int i = 0; i < WORDS; i++) {
        ck_assert_uint_eq(few[i], wanted[i]);
        ck_assert_uint_eq(many[i], wanted[i]);
    }
}
END_TEST

/* ---- what grows old ---- */

static bool is_known(const struct many *many, uint32_t check)
{
    return engine_verdict(many->engine, check)->last_ms >= 0;
}

/* From now on nothing is heard any more: steps come when the engine asks for them. Returns how many
 * checks were looked through until the last was unknown. */
static uint64_t grow_old(struct many *many, const msec_t *end_ms)
{
    uint64_t before = many->engine->aged;
    struct event tick = {.kind = EVENT_TICK};
    uint32_t known = 2 * many->count;

    while (known > 0) {
        many->now_ms = engine_deadline(many->engine);
        step(many, &tick);
        known = 0;
        for (uint32_t i = 0; i < 2 * many->count; i++) {
            if (is_known(many, i) != (many->now_ms < end_ms[i]))
                ck_abort_msg("check %u", i);
            known += is_known(many, i);
        }
    }
    return many->engine->aged - before;
}

/* Each turns unknown in its own millisecond, and takes its neighbours' time, not everybody's. */
START_TEST(v4_evidence_that_grows_old_costs_what_is_old_and_its_neighbours)
{
    msec_t end_ms[2 * SEVERAL];
    struct many many;

    begin(&many, SEVERAL);
    see_all_up(&many);
    for (uint32_t i = 0; i < 2 * SEVERAL; i++) {
        many.now_ms++;
        give(&many, i, RESULT_GOOD);
        end_ms[i] = many.now_ms + 3 * many.checks[i].interval_ms + 1;
    }
    ck_assert_uint_le(grow_old(&many, end_ms), 4 * SEVERAL * (uint64_t)EXPIRE_BLOCK);
    end(&many);
}
END_TEST

/* ---- what a group takes ---- */

/* What was written to: the system gives zeroed memory page by page, when it is touched first. */
static size_t written_bytes(void)
{
    size_t bytes = 0;

    for (size_t i = 0; i < block_count; i++) {
        for (size_t at = 0; at < blocks[i].size; at += PAGE) {
            size_t size = blocks[i].size - at < PAGE ? blocks[i].size - at : PAGE;
            size_t k = 0;

            while (k < size && blocks[i].bytes[at + k] == 0)
                k++;
            bytes += k < size ? size : 0;
        }
    }
    return bytes;
}

static size_t watched_bytes(uint32_t count)
{
    struct many many;
    size_t bytes;

    begin(&many, count);
    see_all_up(&many);
    bytes = written_bytes();
    end(&many);
    return bytes;
}

/* Two sites, looked at by five probes: a kilobyte each, and what every engine has is not counted.
 * It was 9 KB for each, mostly room for what is rare: a proposal, broken glass, health checks. */
START_TEST(a_site_takes_a_kilobyte_however_many_there_are)
{
    size_t few = watched_bytes(500);
    size_t more = watched_bytes(1000);
    size_t many = watched_bytes(2000);

    ck_assert_uint_le((more - few) / 1000, 1024); /* of 500 groups, 1000 sites */
    ck_assert_uint_le((many - more) / 2000, 1024);
}
END_TEST

/* ---- what is left alone ---- */

static uint32_t next_random(uint32_t below)
{
    static uint64_t x = 42;

    x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(x >> 33) % below;
}

static void expect_same(const struct many *a, const struct many *b)
{
    ck_assert_uint_eq(a->update.start_count, b->update.start_count);
    ck_assert_uint_eq(a->update.vote_count, b->update.vote_count);
    for (uint32_t i = 0; i < a->update.vote_count; i++) {
        ck_assert_uint_eq(a->update.votes[i].group, b->update.votes[i].group);
        ck_assert_str_eq(a->update.votes[i].states, b->update.votes[i].states);
    }
    ck_assert_int_eq(a->update.suspects_changed, b->update.suspects_changed);
    ck_assert_uint_eq(a->update.suspect_count, b->update.suspect_count);
    for (uint32_t i = 0; i < a->update.suspect_count; i++)
        ck_assert_uint_eq(a->update.suspects[i], b->update.suspects[i]);
    ck_assert_uint_eq(a->update.alert_count, b->update.alert_count);
    ck_assert_uint_eq(a->update.fact_count, b->update.fact_count);
    for (uint32_t i = 0; i < a->update.fact_count; i++) {
        char x[LINE];
        char y[LINE];

        fact_format(&a->update.facts[i], &a->hand.settings, x, sizeof(x));
        fact_format(&b->update.facts[i], &b->hand.settings, y, sizeof(y));
        ck_assert_str_eq(x, y);
    }
}

/* Everything that may happen, to one of the two or to both alike. */
static void happen(struct many *many, uint32_t what, uint32_t which)
{
    static const char *const states[] = {"uu", "du", "ud", "dd", "su"};
    struct event tick = {.kind = EVENT_TICK};

    if (what < 2)
        hear_vote(many, what == 0 ? 0 : 2, which / 2, states[which % 5]);
    else if (what == 2)
        hear_store(many, which % 2 == 0);
    else if (what < 20 && many->asked[which])
        give(many, which, which % 7 == 0 && what < 12 ? RESULT_BAD : RESULT_GOOD);
    else
        step(many, &tick);
}

START_TEST(what_is_touched_says_all_that_everything_would_say)
{
    struct many a;
    struct many b;

    begin(&a, SOME);
    begin(&b, SOME);
    for (int i = 0; i < 3000; i++) {
        uint32_t what = next_random(24);
        uint32_t which = next_random(2 * SOME);

        a.now_ms = b.now_ms += 1 + next_random(20);
        state_touch_all(b.engine);
        happen(&a, what, which);
        happen(&b, what, which);
        expect_same(&a, &b);
    }
    ck_assert_uint_gt(b.engine->looks, 10 * a.engine->looks);
    end(&a);
    end(&b);
}
END_TEST

/* ---- the set ---- */

static void mark(struct marks *marks, bool *plain, uint32_t number, bool is_in)
{
    plain[number] = is_in;
    if (is_in)
        marks_put(marks, number);
    else
        marks_take(marks, number);
}

/* Few and far apart, in words that border on each other, and at both ends. */
START_TEST(marks_are_walked_in_their_order)
{
    struct marks marks = {.limit = LIMIT};
    bool *plain = take(LIMIT, sizeof(*plain));

    marks.words = take(marks_words(LIMIT), sizeof(*marks.words));
    marks.filled = take(marks_filled(LIMIT), sizeof(*marks.filled));
    ck_assert_uint_eq(marks_next(&marks, 0), NONE);
    for (int i = 0; i < 300; i++) {
        uint32_t next = 0;

        mark(&marks, plain, next_random(LIMIT), i % 3 != 2);
        mark(&marks, plain, i % 2 == 0 ? 0 : LIMIT - 1, next_random(2) == 0);
        for (uint32_t n = 0; n < LIMIT; n++) {
            if (marks_has(&marks, n) != plain[n])
                ck_abort_msg("%u", n);
            if (!plain[n])
                continue;
            if (marks_next(&marks, next) != n)
                ck_abort_msg("after %u", next);
            next = n + 1;
        }
        ck_assert_uint_eq(marks_next(&marks, next), NONE);
    }
    free(marks.words);
    free(marks.filled);
    free(plain);
}
END_TEST

int main(void)
{
    return RUN_TESTS("many", an_event_costs_the_groups_it_touches_however_many_there_are,
                     v4_evidence_that_grows_old_costs_what_is_old_and_its_neighbours,
                     what_is_touched_says_all_that_everything_would_say,
                     marks_are_walked_in_their_order,
                     a_site_takes_a_kilobyte_however_many_there_are);
}
