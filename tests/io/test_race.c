/* SPDX-License-Identifier: Apache-2.0 */
/* A thousand times somebody's UPSERT races with our batch, at the stand-in of Route 53: before our
 * reading, between reading and batch, while the batch is on its way, after it. Both sides take
 * weight away, down to nothing. Whatever wins, the log shows that no weight which a human wrote was
 * ever replaced unseen, that no batch of ours took a name its last weight, and that epochs rose,
 * each from the fence that it replaced (C1, C2, C4, C5). */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../lib/suite.h"
#include "route53_fixture.h"

enum { RACES = 1000, SEED = 20251020, SETS = 4, NAMES = 2, SETS_OF_NAME = 2 };
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
    int weight; /* often 0: what a human empties alone is not ours, what we empty with him is */
    unsigned pause_us;
};

/* A third of them take everything away. */
static int draw_weight(void)
{
    return dice(3) == 0 ? 0 : 1 + (int)dice(255);
}

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
static unsigned forbidden;

/* As the engine's batches: what changes, and where a name only loses, the set it lives on. */
static void move_name(struct move *move, int first, const int *wanted)
{
    int gains = 0;
    int loses = 0;

    for (int i = first; i < first + SETS_OF_NAME; i++) {
        bool changes = wanted[i] != believed[i];

        gains += changes && wanted[i] > 0;
        loses += changes && wanted[i] == 0;
        if (changes)
            move_weight(move, &settings, told.view, i, wanted[i]);
    }
    for (int i = first; i < first + SETS_OF_NAME && gains == 0 && loses > 0; i++) {
        if (wanted[i] > 0)
            move_weight(move, &settings, told.view, i, wanted[i]);
    }
}

/* As the engine: a weight that is not what we left is adopted first, under a new epoch (C4), and
 * only then anything is moved. */
static void make_batch(struct move *move, uint64_t epoch)
{
    bool drifted = false;
    int wanted[SETS];

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
    for (int i = 0; i < SETS; i++)
        wanted[i] = dice(4) == 0 ? believed[i] : draw_weight();
    for (int i = 0; i < SETS; i += SETS_OF_NAME)
        move_name(move, i, wanted);
    memcpy(believed, wanted, sizeof(believed));
    moved++;
}

/* By Route 53, or by our own guard, which lets nobody ask for an empty name. */
static void count_refusal(void)
{
    if (told.outcome == ROUTE53_FORBIDDEN) {
        ck_assert_ptr_nonnull(strstr(told.message, "would be zero"));
        forbidden++;
        return;
    }
    ck_assert_int_eq(told.outcome, ROUTE53_REFUSED);
    refused++;
}

/* C3: what was refused changed nothing, and is read before anything else is sent. */
static void run_race(uint64_t epoch)
{
    static struct move move;
    struct human human = {(int)dice(SETS), draw_weight(), dice(4000)};
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
        memcpy(believed, before, sizeof(before));
        count_refusal();
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
    unsigned emptied; /* names, by the human */
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
    if (strcmp(action, "DELETE") != 0)
        json_object_set(shown->weights, id, weight);
}

/* Whether each name has weight: C5. */
static void show_names(const struct shown *shown, bool *ret_alive)
{
    for (int name = 0; name < NAMES; name++) {
        json_int_t sum = 0;

        for (int i = 0; i < SETS_OF_NAME; i++)
            sum += json_integer_value(
                json_object_get(shown->weights, pizza_set(name * SETS_OF_NAME + i, 0).set));
        ret_alive[name] = sum > 0;
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
    bool before[NAMES];
    bool after[NAMES];
    json_t *change;
    size_t i;

    if (strcmp(json_string_value(json_object_get(entry, "verdict")), "accepted") != 0)
        return;
    show_names(shown, before);
    if (ours)
        show_fences(shown, entry);
    json_array_foreach(json_object_get(entry, "changes"), i, change)
        show_set(shown, ours, json_string_value(json_object_get(change, "Action")),
                 json_object_get(change, "ResourceRecordSet"));
    show_names(shown, after);
    for (int name = 0; name < NAMES; name++) {
        ck_assert_msg(!ours || after[name] || !before[name], "we emptied name %d", name);
        shown->emptied += !ours && before[name] && !after[name];
    }
}

START_TEST(a_thousand_races_lose_no_edit_and_no_epoch_and_empty_no_name)
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
    printf("%u moved, %u adopted, %u refused, %u forbidden, %u emptied by the human\n", moved,
           adopted, refused, forbidden, shown.emptied);
    ck_assert_uint_eq(shown.batches + refused + forbidden, RACES);
    ck_assert_uint_gt(refused, 25); /* the races were races ... */
    ck_assert_uint_gt(adopted, 100);
    ck_assert_uint_gt(moved, 100); /* ... and it was not always the same who won */
    ck_assert_uint_gt(forbidden, 10);
    ck_assert_uint_gt(shown.emptied, 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("race");
    TCase *tests = tcase_create("race");

    tcase_set_timeout(tests, 300);
    tcase_add_unchecked_fixture(tests, route53_lab_start, route53_lab_stop);
    tcase_add_checked_fixture(tests, route53_set_up, route53_tear_down);
    tcase_add_test(tests, a_thousand_races_lose_no_edit_and_no_epoch_and_empty_no_name);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
