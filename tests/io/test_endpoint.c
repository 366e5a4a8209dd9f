/* SPDX-License-Identifier: Apache-2.0 */
/* Where a service answers: who says it, in which order, and what each partition has. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "../../monitor/io/aws/endpoint.h"

static char path[] = "/tmp/regionshift-endpoint-XXXXXX";
static char name[sizeof(path)];
static struct aws_endpoint endpoint;
static char error[512];

static void set_up(void)
{
    int fd;

    memcpy(name, path, sizeof(path));
    fd = mkstemp(name);
    ck_assert_int_ge(fd, 0);
    close(fd);
    setenv("AWS_CONFIG_FILE", name, 1);
    unsetenv("AWS_ENDPOINT_URL");
    unsetenv("AWS_ENDPOINT_URL_ROUTE_53");
    unsetenv("AWS_ENDPOINT_URL_STS");
    unsetenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    unsetenv("AWS_PROFILE");
    unsetenv("AWS_DEFAULT_PROFILE");
}

static void tear_down(void)
{
    unlink(name);
}

static void config(const char *text)
{
    FILE *file = fopen(name, "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static int find(const char *configured, enum aws_service service, const char *profile,
                const char *region)
{
    struct endpoint_words words;

    aws_endpoint_read_config(service, profile, &words);
    return aws_endpoint_find(configured, service, &words, region, &endpoint, error, sizeof(error));
}

static void expect(const char *configured, enum aws_service service, const char *host)
{
    ck_assert_msg(find(configured, service, "", "us-east-1") == 0, "%s", error);
    ck_assert_str_eq(endpoint.host, host);
}

/* ---- partitions ---- */

struct partition_case {
    const char *region;
    const char *route53;
    const char *route53_region;
    const char *sts;
};

static const struct partition_case partitions[] = {
    {"us-east-1", "route53.amazonaws.com", "us-east-1", "sts.us-east-1.amazonaws.com"},
    {"eu-central-1", "route53.amazonaws.com", "us-east-1", "sts.eu-central-1.amazonaws.com"},
    {"cn-north-1", "route53.amazonaws.com.cn", "cn-northwest-1", "sts.cn-north-1.amazonaws.com.cn"},
    {"cn-northwest-1", "route53.amazonaws.com.cn", "cn-northwest-1",
     "sts.cn-northwest-1.amazonaws.com.cn"},
    {"us-gov-east-1", "route53.us-gov.amazonaws.com", "us-gov-west-1",
     "sts.us-gov-east-1.amazonaws.com"},
    {"us-gov-west-1", "route53.us-gov.amazonaws.com", "us-gov-west-1",
     "sts.us-gov-west-1.amazonaws.com"},
};

START_TEST(each_partition_has_its_host_and_the_region_that_is_signed_for)
{
    const struct partition_case *wanted = &partitions[_i];

    ck_assert_int_eq(find("", AWS_ROUTE_53, "", wanted->region), 0);
    ck_assert_str_eq(endpoint.host, wanted->route53);
    ck_assert_str_eq(endpoint.authority, wanted->route53);
    ck_assert_str_eq(endpoint.signing_region, wanted->route53_region);
    ck_assert(endpoint.is_tls);
    ck_assert_uint_eq(endpoint.port, 443);
    ck_assert_int_eq(find("", AWS_STS, "", wanted->region), 0);
    ck_assert_str_eq(endpoint.host, wanted->sts);
    ck_assert_str_eq(endpoint.signing_region, wanted->region); /* its own, never the global one */
    ck_assert_str_eq(endpoint.signing_service, "sts");
}
END_TEST

START_TEST(services_of_a_region_are_asked_in_it)
{
    ck_assert_int_eq(find("", AWS_CLOUDWATCH, "", "eu-west-1"), 0);
    ck_assert_str_eq(endpoint.host, "monitoring.eu-west-1.amazonaws.com");
    ck_assert_str_eq(endpoint.signing_region, "eu-west-1");
    ck_assert_str_eq(endpoint.signing_service, "monitoring");
    ck_assert_int_eq(find("", AWS_CLOUDWATCH, "", "cn-north-1"), 0);
    ck_assert_str_eq(endpoint.host, "monitoring.cn-north-1.amazonaws.com.cn");
    ck_assert_int_eq(find("", AWS_ELB, "", "us-gov-west-1"), 0);
    ck_assert_str_eq(endpoint.host, "elasticloadbalancing.us-gov-west-1.amazonaws.com");
    ck_assert_str_eq(endpoint.signing_service, "elasticloadbalancing");
    ck_assert_int_eq(find("", AWS_ROUTE_53, "", "eu-west-1"), 0);
    ck_assert_str_eq(endpoint.signing_service, "route53");
    ck_assert_int_eq(find("", AWS_ELB, "", "eu-west-1.evil.example"), -1);
    ck_assert_ptr_nonnull(strstr(error, "the region is"));
}
END_TEST

START_TEST(services_of_a_region_have_their_own_words_for_an_endpoint)
{
    setenv("AWS_ENDPOINT_URL_CLOUDWATCH", "http://127.0.0.1:1", 1);
    setenv("AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2", "http://127.0.0.1:2", 1);
    ck_assert_int_eq(find("", AWS_CLOUDWATCH, "", "eu-west-1"), 0);
    ck_assert_str_eq(endpoint.authority, "127.0.0.1:1");
    ck_assert_str_eq(endpoint.signing_region, "eu-west-1");
    ck_assert_int_eq(find("", AWS_ELB, "", "eu-west-1"), 0);
    ck_assert_str_eq(endpoint.authority, "127.0.0.1:2");
    unsetenv("AWS_ENDPOINT_URL_CLOUDWATCH");
    unsetenv("AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2");
    config("[default]\nservices = local\n[services local]\ncloudwatch =\n"
           "  endpoint_url = http://watch\nelastic_load_balancing_v2 =\n"
           "  endpoint_url = http://balance\n");
    expect("", AWS_CLOUDWATCH, "watch");
    expect("", AWS_ELB, "balance");
}
END_TEST

START_TEST(another_endpoint_is_signed_for_the_partition_all_the_same)
{
    ck_assert_int_eq(find("http://127.0.0.1:9", AWS_ROUTE_53, "", "cn-north-1"), 0);
    ck_assert_str_eq(endpoint.signing_region, "cn-northwest-1");
    ck_assert_str_eq(endpoint.authority, "127.0.0.1:9");
    ck_assert(!endpoint.is_tls);
}
END_TEST

/* ---- the order ---- */

static const char all_of_it[] = "[default]\n"
                                "services = ours\n"
                                "endpoint_url = http://profile\n"
                                "[services ours]\n"
                                "route_53 =\n"
                                "  endpoint_url = http://section-route53\n"
                                "sts =\n"
                                "  endpoint_url = http://section-sts\n";

/* Everybody says something; the one who comes first falls silent, again and again. */
START_TEST(the_first_that_is_said_counts)
{
    config(all_of_it);
    setenv("AWS_ENDPOINT_URL_ROUTE_53", "http://variable-route53", 1);
    setenv("AWS_ENDPOINT_URL_STS", "http://variable-sts", 1);
    setenv("AWS_ENDPOINT_URL", "http://variable", 1);
    expect("http://settings", AWS_ROUTE_53, "settings");
    expect("", AWS_ROUTE_53, "variable-route53");
    expect("", AWS_STS, "variable-sts");
    unsetenv("AWS_ENDPOINT_URL_ROUTE_53");
    unsetenv("AWS_ENDPOINT_URL_STS");
    expect("", AWS_ROUTE_53, "variable");
    expect("", AWS_STS, "variable");
    unsetenv("AWS_ENDPOINT_URL");
    expect("", AWS_ROUTE_53, "section-route53");
    expect("", AWS_STS, "section-sts");
    config("[default]\nendpoint_url = http://profile\n");
    expect("", AWS_ROUTE_53, "profile");
    config("\xef\xbb\xbf[default]\nendpoint_url = http://editor\n"); /* some put a mark before it */
    expect("", AWS_ROUTE_53, "editor");
    config("");
    expect("", AWS_ROUTE_53, "route53.amazonaws.com");
}
END_TEST

START_TEST(the_settings_alone_are_not_ignored_when_all_are_to_be)
{
    config(all_of_it);
    setenv("AWS_ENDPOINT_URL", "http://variable", 1);
    setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "TRUE", 1);
    expect("", AWS_ROUTE_53, "route53.amazonaws.com");
    expect("http://settings", AWS_ROUTE_53, "settings");
    setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false", 1);
    expect("", AWS_ROUTE_53, "variable");
    config("[default]\nignore_configured_endpoint_urls = true\nendpoint_url = http://profile\n");
    expect("", AWS_ROUTE_53, "route53.amazonaws.com");
}
END_TEST

/* ---- the file ---- */

START_TEST(the_profile_is_that_of_the_settings_then_of_the_environment)
{
    config("[default]\nendpoint_url = http://default\n"
           "[profile one]\nendpoint_url = http://one\n"
           "[ profile \"two words\" ] # a comment\nendpoint_url = http://two # another\n");
    expect("", AWS_ROUTE_53, "default");
    setenv("AWS_PROFILE", "one", 1);
    expect("", AWS_ROUTE_53, "one");
    ck_assert_int_eq(find("", AWS_ROUTE_53, "two words", "us-east-1"), 0);
    ck_assert_str_eq(endpoint.host, "two");
    ck_assert_int_eq(find("", AWS_ROUTE_53, "nobody", "us-east-1"), 0);
    ck_assert_str_eq(endpoint.host, "route53.amazonaws.com");
}
END_TEST

/* What only looks like the profile's or the service's own. */
static const char *const not_ours[] = {
    "[profile default2]\nendpoint_url = http://x\n",
    "[other]\nendpoint_url = http://x\n",
    "endpoint_url = http://x\n",
    "[default]\ns3 =\n  endpoint_url = http://x\n",
    "[default]\n#endpoint_url = http://x\n",
    "[default]\nendpoint_url\n",
    "[default]\nservices = ours\n[services others]\nroute_53 =\n  endpoint_url = http://x\n",
    "[default]\nservices = ours\n[services ours]\ns3 =\n  endpoint_url = http://x\n",
    "[default]\nservices = ours\n[services ours]\nendpoint_url = http://x\n",
    "[services ours]\nroute_53 =\n  endpoint_url = http://x\n",
    "[default\nendpoint_url = http://x\n",
};

START_TEST(what_is_said_of_others_is_not_said_of_us)
{
    config(not_ours[_i]);
    expect("", AWS_ROUTE_53, "route53.amazonaws.com");
}
END_TEST

START_TEST(a_section_may_stand_before_the_profile_that_names_it)
{
    config("[services ours]\r\nroute_53 =\r\n\tendpoint_url=http://early:8080\r\n"
           "[default]\r\nservices=ours\r\n");
    expect("", AWS_ROUTE_53, "early");
    ck_assert_uint_eq(endpoint.port, 8080);
}
END_TEST

START_TEST(a_bad_url_of_the_file_is_told_with_its_source)
{
    char text[4096];

    config("[profile a]\nservices = s\n[services s]\nroute_53 =\n  endpoint_url = ftp://x\n");
    ck_assert_int_eq(find("", AWS_ROUTE_53, "a", "us-east-1"), -1);
    ck_assert_str_eq(error, "endpoint_url of services s is \"ftp://x\": allowed is "
                            "http://HOST:PORT or https://HOST:PORT");
    snprintf(text, sizeof(text), "[default]\nendpoint_url = http://a%0*d/\n", 2000, 1);
    config(text);
    ck_assert_int_eq(find("", AWS_ROUTE_53, "", "us-east-1"), -1); /* cut, and so no host */
    ck_assert_ptr_nonnull(strstr(error, "endpoint_url of profile default"));
}
END_TEST

START_TEST(a_file_that_is_none_says_nothing)
{
    static const char *const none[] = {"/nonexistent/config", "/dev/null", "/", "/dev/zero"};

    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        setenv("AWS_CONFIG_FILE", none[i], 1);
        expect("", AWS_ROUTE_53, "route53.amazonaws.com");
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("endpoint");
    TCase *tcase = tcase_create("endpoint");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, each_partition_has_its_host_and_the_region_that_is_signed_for, 0,
                        sizeof(partitions) / sizeof(partitions[0]));
    tcase_add_test(tcase, another_endpoint_is_signed_for_the_partition_all_the_same);
    tcase_add_test(tcase, services_of_a_region_are_asked_in_it);
    tcase_add_test(tcase, services_of_a_region_have_their_own_words_for_an_endpoint);
    tcase_add_test(tcase, the_first_that_is_said_counts);
    tcase_add_test(tcase, the_settings_alone_are_not_ignored_when_all_are_to_be);
    tcase_add_test(tcase, the_profile_is_that_of_the_settings_then_of_the_environment);
    tcase_add_loop_test(tcase, what_is_said_of_others_is_not_said_of_us, 0,
                        sizeof(not_ours) / sizeof(not_ours[0]));
    tcase_add_test(tcase, a_section_may_stand_before_the_profile_that_names_it);
    tcase_add_test(tcase, a_bad_url_of_the_file_is_told_with_its_source);
    tcase_add_test(tcase, a_file_that_is_none_says_nothing);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
