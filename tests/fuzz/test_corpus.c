/* SPDX-License-Identifier: Apache-2.0 */
/* Every input that was kept, through its target: what fuzzing found once is never lost again, with
 * any compiler. Names of folders under tests/fuzz/corpus are those of the targets. */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "fuzz.h"

enum { INPUT_MAX = 1024 * 1024, PATH_SIZE = 1024 };

struct target {
    const char *name;
    void (*run)(const uint8_t *data, size_t size);
};

static const struct target targets[] = {
    {"route53_page", fuzz_route53_page},
    {"route53_zone", fuzz_route53_zone},
    {"route53_change", fuzz_route53_change},
    {"route53_error", fuzz_route53_error},
    {"health_page", fuzz_health_page},
    {"health_answer", fuzz_health_answer},
    {"health_status", fuzz_health_status},
    {"cloud_alarm", fuzz_cloud_alarm},
    {"cloud_targets", fuzz_cloud_targets},
    {"sigv4", fuzz_sigv4},
    {"dns_answer", fuzz_dns_answer},
    {"dns_name", fuzz_dns_name},
    {"dns_fence", fuzz_dns_fence},
    {"dns_reply", fuzz_dns_reply},
    {"dns_query", fuzz_dns_query},
    {"icmp_echo", fuzz_icmp_echo},
    {"endpoint_file", fuzz_endpoint_file},
    {"credentials_json", fuzz_credentials_json},
    {"credentials_sts", fuzz_credentials_sts},
    {"credentials_file", fuzz_credentials_file},
    {"credentials_plan", fuzz_credentials_plan},
    {"credentials_words", fuzz_credentials_words},
    {"assertion_expression", fuzz_assertion_expression},
    {"assertion_answer", fuzz_assertion_answer},
    {"plugin_output", fuzz_plugin_output},
    {"push_report", fuzz_push_report},
    {"http1", fuzz_http1},
    {"agent_line", fuzz_agent_line},
    {"websocket_answer", fuzz_websocket_answer},
    {"grpc_answer", fuzz_grpc_answer},
    {"grpc_end", fuzz_grpc_end},
    {"starttls", fuzz_starttls},
};

/* In a block of just its size, so that a byte too far is seen by the sanitizers. */
static void run_file(const struct target *target, const char *path)
{
    static uint8_t read_here[INPUT_MAX];
    FILE *file = fopen(path, "rb");
    uint8_t *exact;
    size_t size;

    ck_assert_msg(file != NULL, "%s", path);
    size = fread(read_here, 1, sizeof(read_here), file);
    fclose(file);
    exact = malloc(size > 0 ? size : 1);
    ck_assert_ptr_nonnull(exact);
    memcpy(exact, read_here, size);
    target->run(exact, size);
    free(exact);
}

START_TEST(what_was_kept_keeps_every_promise)
{
    const struct target *target = &targets[_i];
    char path[PATH_SIZE];
    struct dirent *entry;
    unsigned count = 0;
    DIR *folder;

    snprintf(path, sizeof(path), "%s/%s", CORPUS, target->name);
    folder = opendir(path);
    ck_assert_msg(folder != NULL, "%s", path);
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        ck_assert_int_lt(
            snprintf(path, sizeof(path), "%s/%s/%s", CORPUS, target->name, entry->d_name),
            PATH_SIZE);
        run_file(target, path);
        count++;
    }
    closedir(folder);
    ck_assert_uint_gt(count, 0);
}
END_TEST

START_TEST(nothing_at_all_is_survived)
{
    targets[_i].run((const uint8_t *)"", 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("corpus");
    TCase *tcase = tcase_create("corpus");
    int count = sizeof(targets) / sizeof(targets[0]);

    tcase_add_loop_test(tcase, what_was_kept_keeps_every_promise, 0, count);
    tcase_add_loop_test(tcase, nothing_at_all_is_survived, 0, count);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
