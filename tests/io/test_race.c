/* SPDX-License-Identifier: Apache-2.0 */
/* A thousand times somebody's UPSERT races with our batch, at the stand-in of Route 53: before our
 * reading, between reading and batch, while the batch is on its way, after it. Whatever wins, the
 * log shows that no weight which a human wrote was ever replaced unseen, that no name was ever
 * without weight, and that epochs rose, each from the fence that it replaced (C1, C2, C4, C5). */
#include <check.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "route53_fixture.h"

enum { RACES = 1000, SEED = 20251020, SETS = 4 };
enum moment { BEFORE_READING, BEFORE_SENDING, ON_THE_WAY, AFTER, NOBODY, MOMENT_COUNT };

/* ---- dice (splitmix64) ---- */

static uint64_t seed;

static uint32_t dice(uint32_t below)
{
    uint64_t x = seed += 0x9e3779b97f4a7c15;

    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return (uint32_t)((x ^ x >> 31) % below);
}

/* ---- the human ---- */

struct human {
    int site;
    int weight; /* never 0: what a human does to empty a name is not ours */
    unsigned pause_us;
};

static void upsert(const struct human *human)
{
    const struct record_set set = pizza_set(human->site, 0);
    char body[256];

    snprintf(body, sizeof(body), "{\"name\": \"%s\", \"set\": \"%s\", \"weight\": %d}", set.name,
             set.set, human->weight);
    json_decref(lab_call(lab, "POST", "/zone/ZLAB1/weight", body));
}

static void *race(void *context)
{
    const struct human *human = context;
    const struct timespec pause = {0, (long)human->pause_us * 1000};

    nanosleep(&pause, NULL); /* the place of the race, not a wait for something */
    upsert(human);
    return NULL;
}

/* ---- our side ---- */

static int believed[SETS]; /* what our last batch, or our last reading, left */
static unsigned adopted;
static unsigned moved;
static unsigned refused;

/* As the engine: a weight that is not what we left is adopted first, under a new epoch (C4), and
 * only then anything is moved. */
static void make_batch(struct move *move, uint64_t epoch)
{
    bool drifted = false;

    move_begin(move, &settings, told.view, PIZZA_GROUP, epoch, told.view->nonce);
    for (int i = 0; i < SETS; i++) {
        int weight = view_weight(&settings, told.view, i);

        drifted |= weight != believed[i];
        believed[i] = weight;
    }
    if (drifted) {
        adopted++;
        return;
    }
    for (int i = 0; i < SETS; i++) {
        believed[i] = 1 + (int)dice(255);
        move_weight(move, &settings, told.view, i, believed[i]);
    }
    moved++;
}

/* C3: what was refused changed nothing, and is read before anything else is sent. */
static void run_race(uint64_t epoch)
{
    static struct move move;
    struct human human = {(int)dice(SETS), 1 + (int)dice(255), dice(4000)};
    enum moment moment = (enum moment)dice(MOMENT_COUNT);
    int before[SETS];
    pthread_t thread;

    if (moment == BEFORE_READING)
        upsert(&human);
    ck_assert_int_eq(do_read(), ROUTE53_OK);
    memcpy(before, believed, sizeof(before));
    make_batch(&move, epoch);
    if (moment == BEFORE_SENDING)
        upsert(&human);
    if (moment == ON_THE_WAY)
        ck_assert_int_eq(pthread_create(&thread, NULL, race, &human), 0);
    if (do_send(&move.batch) != ROUTE53_OK) {
        ck_assert_int_eq(told.outcome, ROUTE53_REFUSED);
        memcpy(believed, before, sizeof(before));
        refused++;
    }
    if (moment == ON_THE_WAY)
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
    if (moment == AFTER)
        upsert(&human);
}

/* ---- what the log shows ---- */

/* The zone as the log builds it up: weights by set, and the fence. */
struct shown {
    json_t *weights;
    char fence[FENCE_TEXT_MAX + 3];
    uint64_t epoch;
    uint64_t batches;
};

static uint64_t epoch_of(const char *text)
{
    struct fence fence;

    ck_assert_msg(fence_parse(text, &fence) == 0, "no fence: %s", text);
    return fence.epoch;
}

static void show_set(struct shown *shown, bool ours, const char *action, json_t *set)
{
    const char *id = json_string_value(json_object_get(set, "SetIdentifier"));
    json_t *weight = json_object_get(set, "Weight");
    json_t *stands = id != NULL ? json_object_get(shown->weights, id) : NULL;

    if (id == NULL)
        return;
    if (ours && strcmp(action, "DELETE") == 0)
        ck_assert_msg(json_equal(stands, weight),
                      "%s: we deleted %" JSON_INTEGER_FORMAT
                      ", and a human had written %" JSON_INTEGER_FORMAT,
                      id, json_integer_value(weight), json_integer_value(stands));
    if (strcmp(action, "DELETE") != 0) {
        ck_assert_int_gt(json_integer_value(weight), 0);
        json_object_set(shown->weights, id, weight);
    }
}

static void show_fences(struct shown *shown, const json_t *entry)
{
    const char *before =
        json_string_value(json_object_get(json_object_get(entry, "fences_before"), "jwt-pizza"));
    const char *after =
        json_string_value(json_object_get(json_object_get(entry, "fences_after"), "jwt-pizza"));

    ck_assert(before != NULL && after != NULL); /* it was never gone */
    if (shown->fence[0] != '\0')
        ck_assert_str_eq(before, shown->fence); /* from the fence that it replaced */
    ck_assert_uint_gt(epoch_of(after), epoch_of(before));
    ck_assert_uint_gt(epoch_of(after), shown->epoch);
    shown->epoch = epoch_of(after);
    snprintf(shown->fence, sizeof(shown->fence), "%s", after);
    shown->batches++;
}

static void show(struct shown *shown, const json_t *entry)
{
    bool ours = strcmp(json_string_value(json_object_get(entry, "source")), "api") == 0;
    json_t *change;
    size_t i;

    if (strcmp(json_string_value(json_object_get(entry, "verdict")), "accepted") != 0)
        return;
    if (ours)
        show_fences(shown, entry);
    json_array_foreach(json_object_get(entry, "changes"), i, change)
        show_set(shown, ours, json_string_value(json_object_get(change, "Action")),
                 json_object_get(change, "ResourceRecordSet"));
}

START_TEST(a_thousand_races_lose_no_edit_and_no_epoch)
{
    struct shown shown = {.weights = json_object()};
    json_t *since = lab_call(lab, "GET", "/log", NULL);
    json_t *log;
    json_t *entry;
    size_t first = json_array_size(since);
    size_t i;

    json_decref(since);
    seed = SEED;
    ck_assert_int_eq(do_read(), ROUTE53_OK);
    for (int k = 0; k < SETS; k++) {
        const struct record_set set = pizza_set(k, 0);

        believed[k] = view_weight(&settings, told.view, k);
        json_object_set_new(shown.weights, set.set, json_integer(believed[k]));
    }
    for (uint64_t epoch = 8; epoch < 8 + RACES; epoch++)
        run_race(epoch);
    log = lab_call(lab, "GET", "/log", NULL);
    json_array_foreach(log, i, entry)
    {
        if (i >= first)
            show(&shown, entry);
    }
    json_decref(log);
    json_decref(shown.weights);
    ck_assert_uint_eq(shown.batches + refused, RACES);
    ck_assert_uint_gt(refused, 50); /* the races were races ... */
    ck_assert_uint_gt(adopted, 100);
    ck_assert_uint_gt(moved, 100); /* ... and it was not always the same who won */
    printf("%u moved, %u adopted, %u refused\n", moved, adopted, refused);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("race");
    TCase *tests = tcase_create("race");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tests, 300);
    tcase_add_unchecked_fixture(tests, route53_lab_start, route53_lab_stop);
    tcase_add_checked_fixture(tests, route53_set_up, route53_tear_down);
    tcase_add_test(tests, a_thousand_races_lose_no_edit_and_no_epoch);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
