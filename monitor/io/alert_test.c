/* SPDX-License-Identifier: Apache-2.0 */
/* Test alerts (`regionshift alert-test`): through every sink at once, past spool and claims. */
#include "alert_queue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One sink's part of a test alert. */
struct test_job {
    LIST_ENTRY(test_job) link;
    struct alerts *alerts;
    struct sink_job *job;
    char name[SINK_TEXT_MAX + 1];
    alerts_test_done done;
    void *context;
};

static void test_end(struct test_job *test, bool accepted, const char *text)
{
    alerts_test_done done = test->done;
    void *context = test->context;
    char name[sizeof(test->name)];

    memcpy(name, test->name, sizeof(name));
    LIST_REMOVE(test, link);
    free(test);
    done(context, name, accepted, text);
}

static void on_tested(void *context, const struct sink_outcome *outcome)
{
    test_end(context, outcome->accepted, outcome->text);
}

static void test_sink(struct alerts *alerts, const struct sink_settings *settings,
                      const struct notice *notice, alerts_test_done done, void *context)
{
    struct sink_message message = {
        .notice = notice, .stamp = {.at_wall = notice->at_wall}, .date_wall = alerts_wall()};
    struct test_job *test = calloc(1, sizeof(*test));

    if (test == NULL) {
        done(context, settings->name, false, "no memory");
        return;
    }
    test->alerts = alerts;
    test->done = done;
    test->context = context;
    snprintf(test->name, sizeof(test->name), "%s", settings->name);
    LIST_INSERT_HEAD(&alerts->tests, test, link);
    test->job = sink_start(&alerts->tools, settings, &message, on_tested, test);
    if (test->job == NULL)
        test_end(test, false, "no memory");
}

void alerts_test(struct alerts *alerts, const struct alert *alert, alerts_test_done done,
                 void *context)
{
    const struct settings *settings = alerts->settings;
    struct notice *notice = NULL;
    int rc = alerts->closing ? -ESHUTDOWN : notice_create(alert, &notice);

    for (uint32_t i = 0; i < settings->sink_count; i++) {
        if (rc == 0)
            test_sink(alerts, &settings->sinks[i], notice, done, context);
        else
            done(context, settings->sinks[i].name, false, strerror(-rc));
    }
    notice_destroy(notice);
}

void test_cut_off(struct alerts *alerts)
{
    while (!LIST_EMPTY(&alerts->tests)) {
        struct test_job *test = LIST_FIRST(&alerts->tests);

        sink_cancel(test->job);
        test_end(test, false, "stopped before the answer");
    }
}
