/* SPDX-License-Identifier: Apache-2.0 */
#include "lab.h"

#include <check.h>
#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buffer.h"

enum { START_MS = 60000, ARGUMENTS_MAX = 32, ANSWER_MAX = 16 * 1024 * 1024 };

struct lab {
    pid_t pid;
    char endpoint[64];
    char control[64];
    char dns[64];
};

static void run_lab(int out, const char *const *options)
{
    const char *arguments[ARGUMENTS_MAX] = {
        "/usr/bin/python3",  LAB,      "--http", "127.0.0.1:0",    "--dns", "127.0.0.1:0", "--zone",
        "example.com=ZLAB1", "--rate", "0",      "--strict-order",
    };
    size_t count = 11;

    while (options != NULL && *options != NULL && count < ARGUMENTS_MAX - 1)
        arguments[count++] = *options++;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing of a test outlives it */
    dup2(out, STDOUT_FILENO);
    execv(arguments[0], (char *const *)(uintptr_t)arguments);
    _exit(127);
}

static void read_ready(struct lab *lab, int in)
{
    struct pollfd spoke = {.fd = in, .events = POLLIN};
    FILE *file = fdopen(in, "r");
    const char *scheme, *http, *control, *dns;
    json_t *ready;

    ck_assert_msg(poll(&spoke, 1, START_MS) == 1, "the lab did not start");
    ready = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL);
    ck_assert_msg(ready != NULL, "the lab did not start");
    ck_assert_int_eq(json_unpack(ready, "{s:s, s:s, s:s, s:s}", "scheme", &scheme, "http", &http,
                                 "control", &control, "dns", &dns),
                     0);
    snprintf(lab->endpoint, sizeof(lab->endpoint), "%s://%s", scheme, http);
    snprintf(lab->control, sizeof(lab->control), "http://%s/_lab", control);
    snprintf(lab->dns, sizeof(lab->dns), "%s", dns);
    json_decref(ready);
    fclose(file);
}

struct lab *lab_start(const char *const *options)
{
    struct lab *lab = calloc(1, sizeof(*lab));
    int ends[2];

    ck_assert_ptr_nonnull(lab);
    ck_assert_int_eq(pipe(ends), 0);
    lab->pid = fork();
    ck_assert_int_ge(lab->pid, 0);
    if (lab->pid == 0)
        run_lab(ends[1], options);
    close(ends[1]);
    read_ready(lab, ends[0]);
    return lab;
}

/* Not SIGTERM: how the lab ends itself is not what these tests are about, and must not hold them
 * up. It keeps nothing that needs an orderly end. */
void lab_stop(struct lab *lab)
{
    kill(lab->pid, SIGKILL);
    while (waitpid(lab->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    free(lab);
}

const char *lab_endpoint(const struct lab *lab)
{
    return lab->endpoint;
}

const char *lab_dns(const struct lab *lab)
{
    return lab->dns;
}

static size_t on_answer(char *bytes, size_t size, size_t count, void *context)
{
    buffer_add(context, bytes, size * count);
    return size * count;
}

json_t *lab_call(const struct lab *lab, const char *method, const char *path, const char *body)
{
    CURL *easy = curl_easy_init();
    struct buffer answer;
    char url[256];
    long status = 0;
    json_t *json;

    snprintf(url, sizeof(url), "%s%s", lab->control, path);
    buffer_init(&answer, ANSWER_MAX);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT, 60L);
    if (body != NULL)
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    ck_assert_int_eq(curl_easy_perform(easy), CURLE_OK);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    ck_assert_msg(status == 200, "%s %s: %s", method, path, buffer_text(&answer));
    json = json_loads(buffer_text(&answer), JSON_DECODE_ANY, NULL);
    ck_assert_ptr_nonnull(json);
    buffer_clear(&answer);
    curl_easy_cleanup(easy);
    return json;
}

void lab_fault(const struct lab *lab, const char *name, const char *parameters)
{
    char path[64];

    snprintf(path, sizeof(path), "/faults/%s", name);
    json_decref(lab_call(lab, "PUT", path, parameters));
}

void lab_heal(const struct lab *lab)
{
    json_decref(lab_call(lab, "DELETE", "/faults", NULL));
}

int lab_batch_count(const struct lab *lab, const char *verdict)
{
    json_t *log = lab_call(lab, "GET", "/log", NULL);
    json_t *entry;
    size_t i;
    int count = 0;

    json_array_foreach(log, i, entry)
    {
        const char *source = json_string_value(json_object_get(entry, "source"));
        const char *its_verdict = json_string_value(json_object_get(entry, "verdict"));

        if (strcmp(source, "lab") != 0 && (verdict == NULL || strcmp(its_verdict, verdict) == 0))
            count++;
    }
    json_decref(log);
    return count;
}

int lab_request_count(const struct lab *lab, const char *operation)
{
    json_t *state = lab_call(lab, "GET", "/state", NULL);
    json_t *requests = json_object_get(state, "requests");
    int count = (int)json_integer_value(json_object_get(requests, operation));

    json_decref(state);
    return count;
}
