/* SPDX-License-Identifier: Apache-2.0 */
/* regionshift alert-test: a test alert through every sink of the settings file, and each server's
 * own words. Works without a daemon and beside one: no spool, no claims (alerts.h). */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "alerts.h"
#include "ctl.h"
#include "render.h"
#include "settings.h"

struct test {
    json_t *sinks; /* [{"sink":..,"accepted":..,"text":..}] */
    uint32_t expected;
    uint32_t failed;
    struct alerts *alerts;
};

static void on_tested(void *context, const char *sink, bool accepted, const char *text)
{
    struct test *test = context;

    json_array_append_new(test->sinks, json_pack("{s:s, s:b, s:s}", "sink", sink, "accepted",
                                                 accepted, "text", text));
    test->failed += !accepted;
}

static void on_sink(void *context, uint32_t sink, bool failing, const char *error)
{
    (void)context; /* said by on_tested() */
    (void)sink;
    (void)failing;
    (void)error;
}

static void write_alert(const struct settings *settings, struct alert *alert)
{
    char host[256] = "";
    struct timespec now;

    gethostname(host, sizeof(host) - 1);
    clock_gettime(CLOCK_REALTIME, &now);
    *alert = (struct alert){
        .event = ALERT_TEST,
        .phase = ALERT_OPEN,
        .severity = SEVERITY_PAGE, /* so that every sink wants it */
        .at_wall = (wall_t)now.tv_sec * 1000 + now.tv_nsec / 1000000,
        .group = "",
        .region = "",
        .probe = settings->self != NONE ? settings->electors[settings->self].name : "unnamed"};
    snprintf(alert->incident, sizeof(alert->incident), "test.%lld", (long long)now.tv_sec);
    snprintf(alert->subject, sizeof(alert->subject), "test of the alerts, from %.100s", host);
    snprintf(
        alert->text, sizeof(alert->text),
        "Somebody ran `regionshift alert-test` on %s. Nothing is wrong and nothing was moved.\n"
        "If you can read this, this sink works.\n",
        host);
}

/* True while sinks are still expected to reply. */
static bool waits(const struct test *test)
{
    return json_array_size(test->sinks) < test->expected;
}

static int run_test(const struct settings *settings, struct test *test)
{
    struct alert *alert = calloc(1, sizeof(*alert));
    char error[256] = "";
    uv_loop_t loop;
    int rc;

    if (alert == NULL || uv_loop_init(&loop) < 0) {
        free(alert);
        return CODE_FAILED;
    }
    rc = alerts_check(settings, error, sizeof(error));
    if (rc == 0)
        rc = alerts_create(&loop, settings, NULL, on_sink, NULL, &test->alerts, error,
                           sizeof(error));
    if (rc < 0) {
        fprintf(stderr, "regionshift: alerts: %s\n", error);
    } else {
        write_alert(settings, alert);
        alerts_test(test->alerts, alert, on_tested, test);
        while (waits(test) && uv_run(&loop, UV_RUN_ONCE) != 0)
            continue;
        alerts_close(test->alerts, NULL, NULL);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    free(alert);
    return rc < 0 ? CODE_USAGE : test->failed > 0 ? CODE_FAILED : CODE_GOOD;
}

static void print_sinks(const struct test *test)
{
    struct table *table = table_create(3);
    const json_t *sink;
    size_t i;

    json_array_foreach(test->sinks, i, sink)
    {
        bool accepted = true_of(sink, "accepted");

        table_add(table, STYLE_HEAD, "%s", text_of(sink, "sink"));
        table_add(table, accepted ? STYLE_GOOD : STYLE_BAD, accepted ? "accepted" : "FAILED");
        table_add(table, STYLE_PLAIN, "%s", text_of(sink, "text"));
    }
    table_finish(table, 0);
}

static int test_sinks(const struct arguments *arguments, const struct settings *settings)
{
    struct test test = {.sinks = json_array(), .expected = settings->sink_count};
    int code;

    if (settings->sink_count == 0) {
        fputs("regionshift: the settings name no sink (alerts): nobody would be told anything\n",
              stderr);
        json_decref(test.sinks);
        return CODE_FAILED;
    }
    code = run_test(settings, &test);
    if (arguments->json) {
        json_t *reply = json_pack("{s:i, s:O}", "v", 1, "sinks", test.sinks);

        json_dumpf(reply, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
        printf("\n");
        json_decref(reply);
    } else {
        print_sinks(&test);
    }
    json_decref(test.sinks);
    return code;
}

int run_alert_test(const struct arguments *arguments)
{
    const char *file = arguments->file != NULL ? arguments->file : DEFAULT_FILE;
    struct settings_report report = {0};
    struct settings *settings = NULL;
    int code;

    if (arguments->server != NULL) {
        fputs("regionshift: alert-test sends by itself, from a settings file: -c FILE\n", stderr);
        return CODE_USAGE;
    }
    if (settings_load(file, arguments->probe, &settings, &report) < 0) {
        settings_report_print(&report, file, stderr);
        code = CODE_USAGE;
    } else {
        code = test_sinks(arguments, settings);
    }
    settings_report_clear(&report);
    settings_destroy(settings);
    return code;
}
