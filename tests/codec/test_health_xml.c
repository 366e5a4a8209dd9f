/* SPDX-License-Identifier: Apache-2.0 */
/* Health checks as Route 53 says them, read exactly or not at all, and as we ask for them, in the
 * order of its model. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "health_xml.h"

#define HEAD "<?xml version=\"1.0\"?>\n"
#define NS " xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\""
#define ID "0123abcd-0000-4000-8000-00000000000a"
#define CHILD_CONFIG                                                                               \
    "<HealthCheckConfig><Port>8054</Port><Type>HTTP_STR_MATCH</Type>"                              \
    "<ResourcePath>/beacon/jwt-pizza/us-east-1</ResourcePath>"                                     \
    "<FullyQualifiedDomainName>use1.monitor.example.com</FullyQualifiedDomainName>"                \
    "<SearchString>leave &amp; go</SearchString><RequestInterval>10</RequestInterval>"             \
    "<FailureThreshold>3</FailureThreshold><MeasureLatency>false</MeasureLatency>"                 \
    "<Inverted>false</Inverted><Disabled>false</Disabled><EnableSNI>false</EnableSNI>"             \
    "<Regions><Region>us-east-1</Region><Region>eu-west-1</Region></Regions></HealthCheckConfig>"
#define PARENT_CONFIG                                                                              \
    "<HealthCheckConfig><Type>CALCULATED</Type><Inverted>true</Inverted>"                          \
    "<Disabled>false</Disabled><HealthThreshold>2</HealthThreshold><ChildHealthChecks>"            \
    "<ChildHealthCheck>a-1</ChildHealthCheck><ChildHealthCheck>b-2</ChildHealthCheck>"             \
    "</ChildHealthChecks></HealthCheckConfig>"
#define CHECK(config)                                                                              \
    "<HealthCheck><Id>" ID "</Id><CallerReference>rs1-a-b-1</CallerReference>" config              \
    "<HealthCheckVersion>4</HealthCheckVersion></HealthCheck>"
#define ANSWER(check) HEAD "<GetHealthCheckResponse" NS ">" check "</GetHealthCheckResponse>"
#define PAGE(checks, tail)                                                                         \
    HEAD "<ListHealthChecksResponse" NS "><HealthChecks>" checks "</HealthChecks>"                 \
         "<Marker></Marker>" tail "<MaxItems>100</MaxItems></ListHealthChecksResponse>"
#define LAST "<IsTruncated>false</IsTruncated>"
#define SEEN(status)                                                                               \
    "<HealthCheckObservation><Region>us-east-1</Region><IPAddress>54.228.16.40</IPAddress>"        \
    "<StatusReport><Status>" status "</Status><CheckedTime>2026-11-22T10:00:00Z</CheckedTime>"     \
    "</StatusReport></HealthCheckObservation>"
#define STATUS(seen)                                                                               \
    HEAD "<GetHealthCheckStatusResponse" NS "><HealthCheckObservations>" seen                      \
         "</HealthCheckObservations></GetHealthCheckStatusResponse>"

static char error[256];

static int read_answer(const char *body, struct health_answer *answer)
{
    error[0] = '\0';
    return health_answer_read(body, strlen(body), answer, error, sizeof(error));
}

static bool answer_reads(const char *body)
{
    struct health_answer answer;

    if (read_answer(body, &answer) != 0)
        return false;
    health_answer_clear(&answer);
    return true;
}

static bool page_reads(const char *body)
{
    struct health_page page;

    if (health_page_read(body, strlen(body), &page, error, sizeof(error)) != 0)
        return false;
    health_page_clear(&page);
    return true;
}

/* ---- reading ---- */

START_TEST(a_check_of_an_endpoint_is_read_with_every_member)
{
    struct health_answer answer;
    const struct health_config *config = &answer.check.config;

    ck_assert_msg(read_answer(ANSWER(CHECK(CHILD_CONFIG)), &answer) == 0, "%s", error);
    ck_assert_str_eq(answer.check.id, ID);
    ck_assert_str_eq(answer.check.reference, "rs1-a-b-1");
    ck_assert_int_eq(answer.check.version, 4);
    ck_assert(!answer.check.is_linked);
    ck_assert_int_eq(config->kind, HEALTH_HTTP);
    ck_assert_int_eq(config->port, 8054);
    ck_assert_str_eq(config->path, "/beacon/jwt-pizza/us-east-1");
    ck_assert_str_eq(config->host, "use1.monitor.example.com");
    ck_assert_str_eq(config->address, "");
    ck_assert_str_eq(config->search, "leave & go");
    ck_assert_int_eq(config->interval_s, 10);
    ck_assert_int_eq(config->fall, 3);
    ck_assert_int_eq(config->threshold, -1);
    ck_assert_uint_eq(config->region_count, 2);
    ck_assert_str_eq(config->regions[1], "eu-west-1");
    ck_assert(!config->is_inverted && !config->is_disabled && !config->sends_name);
    health_answer_clear(&answer);
}
END_TEST

START_TEST(a_calculated_check_is_read_with_children_and_threshold)
{
    struct health_answer answer;

    ck_assert_int_eq(read_answer(ANSWER(CHECK(PARENT_CONFIG)), &answer), 0);
    ck_assert_int_eq(answer.check.config.kind, HEALTH_CALCULATED);
    ck_assert_int_eq(answer.check.config.threshold, 2);
    ck_assert(answer.check.config.is_inverted);
    ck_assert_uint_eq(answer.check.config.child_count, 2);
    ck_assert_str_eq(answer.check.config.children[1], "b-2");
    health_answer_clear(&answer);
}
END_TEST

START_TEST(checks_of_others_are_passed_over_whatever_they_hold)
{
    static const char body[] =
        PAGE("<HealthCheck><Id>x-1</Id><CallerReference>theirs</CallerReference><LinkedService>"
             "<ServicePrincipal>s</ServicePrincipal></LinkedService><HealthCheckConfig>"
             "<Type>RECOVERY_CONTROL</Type><RoutingControlArn>arn:aws:x</RoutingControlArn>"
             "<Novel><Deep>1</Deep></Novel></HealthCheckConfig>"
             "<HealthCheckVersion>1</HealthCheckVersion></HealthCheck>" CHECK(PARENT_CONFIG),
             LAST);
    struct health_page page;

    ck_assert_int_eq(health_page_read(body, strlen(body), &page, error, sizeof(error)), 0);
    ck_assert_uint_eq(page.count, 2);
    ck_assert_int_eq(page.checks[0].config.kind, HEALTH_OTHER);
    ck_assert(page.checks[0].is_linked);
    ck_assert_int_eq(page.checks[1].config.kind, HEALTH_CALCULATED);
    ck_assert(!page.is_truncated);
    health_page_clear(&page);
}
END_TEST

START_TEST(a_page_says_where_the_next_one_begins)
{
    static const char more[] =
        PAGE(CHECK(CHILD_CONFIG), "<IsTruncated>true</IsTruncated><NextMarker>a-9</NextMarker>");
    struct health_page page;

    ck_assert_int_eq(health_page_read(more, strlen(more), &page, error, sizeof(error)), 0);
    ck_assert(page.is_truncated);
    ck_assert_str_eq(page.next, "a-9");
    health_page_clear(&page);
    ck_assert(!page_reads(PAGE("", "<IsTruncated>true</IsTruncated>")));
    ck_assert(!page_reads(PAGE("", "<IsTruncated>maybe</IsTruncated>")));
    ck_assert(!page_reads(PAGE("", "")));
    ck_assert(page_reads(PAGE("", LAST)));
}
END_TEST

START_TEST(each_checkers_word_is_read_and_its_first_part_decides)
{
    static const char body[] = STATUS(SEEN("Success: HTTP Status Code 200, OK")
                                          SEEN("Failure: HTTP Status Code: 404") SEEN("Unknown"));
    struct health_status status;

    ck_assert_int_eq(health_status_read(body, strlen(body), &status, error, sizeof(error)), 0);
    ck_assert_uint_eq(status.count, 3);
    ck_assert(status.observations[0].is_success);
    ck_assert(!status.observations[1].is_success);
    ck_assert(!status.observations[2].is_success);
    ck_assert_str_eq(status.observations[0].region, "us-east-1");
    health_status_clear(&status);
    ck_assert_int_eq(health_status_read(STATUS(SEEN("")), strlen(STATUS(SEEN(""))), &status, error,
                                        sizeof(error)),
                     -1);
}
END_TEST

/* ---- what is no answer ---- */

START_TEST(a_check_that_cannot_be_read_exactly_is_none)
{
    static const char *const bodies[] = {
        "",
        HEAD "<ErrorResponse/>",
        ANSWER(""),
        ANSWER("<HealthCheck/>"),
        ANSWER(CHECK("")),
        ANSWER(CHECK("<HealthCheckConfig/>")),
        ANSWER(CHECK("<HealthCheckConfig><Type/></HealthCheckConfig>")),
        ANSWER(CHECK("<HealthCheckConfig><Type>CALCULATED</Type><Novel>1</Novel>"
                     "</HealthCheckConfig>")),
        ANSWER(CHECK("<HealthCheckConfig><Type>CALCULATED</Type><Inverted>yes</Inverted>"
                     "</HealthCheckConfig>")),
        ANSWER(CHECK("<HealthCheckConfig><Type>CALCULATED</Type><Inverted>true</Inverted>"
                     "<Inverted>false</Inverted></HealthCheckConfig>")),
        ANSWER(CHECK("<HealthCheckConfig><Type>HTTP_STR_MATCH</Type><Port>65536</Port>"
                     "</HealthCheckConfig>")),
        ANSWER(CHECK("<HealthCheckConfig><Type>HTTP_STR_MATCH</Type><Port>-1</Port>"
                     "</HealthCheckConfig>")),
        ANSWER(CHECK("<HealthCheckConfig><Type>CALCULATED</Type><ChildHealthChecks><Other>1"
                     "</Other></ChildHealthChecks></HealthCheckConfig>")),
        ANSWER(CHECK("<HealthCheckConfig><Type>CALCULATED</Type><ChildHealthChecks>"
                     "<ChildHealthCheck/></ChildHealthChecks></HealthCheckConfig>")),
        ANSWER("<HealthCheck><Id>../../etc</Id><CallerReference>a</CallerReference>" PARENT_CONFIG
               "<HealthCheckVersion>1</HealthCheckVersion></HealthCheck>"),
        ANSWER("<HealthCheck><Id>a</Id><CallerReference>a</CallerReference>" PARENT_CONFIG
               "<HealthCheckVersion>one</HealthCheckVersion></HealthCheck>"),
    };

    for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
        ck_assert_msg(!answer_reads(bodies[i]), "%s", bodies[i]);
        ck_assert_str_ne(error, "");
    }
}
END_TEST

START_TEST(an_answer_cut_at_any_byte_is_none)
{
    static const char body[] = ANSWER(CHECK(CHILD_CONFIG));
    struct health_answer answer;

    for (size_t length = 0; length < sizeof(body) - 1; length++)
        ck_assert_int_eq(health_answer_read(body, length, &answer, error, sizeof(error)), -1);
}
END_TEST

/* Every byte in turn becomes another one: read or refused, under the sanitizers without harm. */
START_TEST(an_answer_with_any_byte_changed_does_no_harm)
{
    static const char *const bodies[] = {ANSWER(CHECK(CHILD_CONFIG)), ANSWER(CHECK(PARENT_CONFIG))};
    static const char bytes[] = "<>&\"/a0\x80";

    for (size_t b = 0; b < 2; b++) {
        char *copy = malloc(strlen(bodies[b]) + 1);

        ck_assert_ptr_nonnull(copy);
        memcpy(copy, bodies[b], strlen(bodies[b]) + 1);

        for (size_t i = 0; i < strlen(bodies[b]); i++) {
            for (size_t j = 0; j < sizeof(bytes) - 1; j++) {
                copy[i] = bytes[j];
                (void)answer_reads(copy);
            }
            copy[i] = bodies[b][i];
        }
        ck_assert(answer_reads(copy));
        free(copy);
    }
}
END_TEST

START_TEST(an_empty_answer_says_done_and_an_error_does_not)
{
    static const char done[] = HEAD "<ChangeTagsForResourceResponse" NS "/>";
    static const char gone[] = HEAD "<DeleteHealthCheckResponse" NS "></DeleteHealthCheckResponse>";
    static const char other[] = HEAD "<ErrorResponse/>";

    ck_assert_int_eq(health_done_read(done, strlen(done), error, sizeof(error)), 0);
    ck_assert_int_eq(health_done_read(gone, strlen(gone), error, sizeof(error)), 0);
    ck_assert_int_eq(health_done_read(other, strlen(other), error, sizeof(error)), -1);
}
END_TEST

/* ---- writing ---- */

static const char *const regions[] = {"us-east-1", "us-west-2", "eu-west-1"};

static struct health_config child(void)
{
    return (struct health_config){.kind = HEALTH_HTTPS,
                                  .address = "",
                                  .port = 443,
                                  .path = "/beacon/g/r",
                                  .host = "use1.monitor.example.com",
                                  .search = "leave <now>",
                                  .interval_s = 10,
                                  .fall = 3,
                                  .threshold = -1,
                                  .sends_name = true,
                                  .regions = regions,
                                  .region_count = 3};
}

START_TEST(a_check_is_asked_for_in_the_order_of_the_model)
{
    struct health_config config = child();
    struct buffer out;

    buffer_init(&out, HEALTH_BODY_MAX);
    ck_assert_int_eq(health_create_write("rs1-a-b-1", &config, &out), 0);
    ck_assert_str_eq(
        buffer_text(&out),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<CreateHealthCheckRequest" NS "><CallerReference>rs1-a-b-1</CallerReference>"
        "<HealthCheckConfig><Port>443</Port><Type>HTTPS_STR_MATCH</Type>"
        "<ResourcePath>/beacon/g/r</ResourcePath>"
        "<FullyQualifiedDomainName>use1.monitor.example.com</FullyQualifiedDomainName>"
        "<SearchString>leave &lt;now&gt;</SearchString><RequestInterval>10</RequestInterval>"
        "<FailureThreshold>3</FailureThreshold><MeasureLatency>false</MeasureLatency>"
        "<Inverted>false</Inverted><Disabled>false</Disabled><EnableSNI>true</EnableSNI>"
        "<Regions><Region>us-east-1</Region><Region>us-west-2</Region><Region>eu-west-1</Region>"
        "</Regions></HealthCheckConfig></CreateHealthCheckRequest>");
    buffer_clear(&out);
}
END_TEST

START_TEST(a_calculated_check_has_neither_port_nor_word)
{
    static const char *const children[] = {"a-1", "b-2"};
    struct health_config config = {.kind = HEALTH_CALCULATED,
                                   .address = "",
                                   .port = -1,
                                   .path = "",
                                   .host = "",
                                   .search = "",
                                   .interval_s = -1,
                                   .fall = -1,
                                   .is_inverted = true,
                                   .threshold = 2,
                                   .children = children,
                                   .child_count = 2};
    struct buffer out;

    buffer_init(&out, HEALTH_BODY_MAX);
    ck_assert_int_eq(health_create_write("rs1-a-b-1", &config, &out), 0);
    ck_assert_ptr_nonnull(
        strstr(buffer_text(&out),
               "<HealthCheckConfig><Type>CALCULATED</Type><Inverted>true</Inverted>"
               "<Disabled>false</Disabled><HealthThreshold>2</HealthThreshold><ChildHealthChecks>"
               "<ChildHealthCheck>a-1</ChildHealthCheck><ChildHealthCheck>b-2</ChildHealthCheck>"
               "</ChildHealthChecks></HealthCheckConfig>"));
    buffer_clear(&out);
}
END_TEST

START_TEST(an_update_names_the_version_it_was_made_from_and_no_type)
{
    struct health_config config = child();
    struct buffer out;

    buffer_init(&out, HEALTH_BODY_MAX);
    ck_assert_int_eq(health_update_write(7, &config, &out), 0);
    ck_assert_ptr_nonnull(strstr(buffer_text(&out),
                                 "<UpdateHealthCheckRequest" NS
                                 "><HealthCheckVersion>7</HealthCheckVersion><Port>443</Port>"
                                 "<ResourcePath>"));
    ck_assert_ptr_null(strstr(buffer_text(&out), "Type>"));
    ck_assert_ptr_null(strstr(buffer_text(&out), "RequestInterval"));
    buffer_clear(&out);
}
END_TEST

START_TEST(what_cannot_be_written_is_refused)
{
    struct health_config config = child();
    struct health_tag tag = {"Name", "a\x01"};
    struct buffer out;

    buffer_init(&out, HEALTH_BODY_MAX);
    config.search = "a\nb";
    ck_assert_int_eq(health_create_write("r", &config, &out), -1);
    buffer_reset(&out);
    config = child();
    config.kind = HEALTH_OTHER;
    ck_assert_int_eq(health_create_write("r", &config, &out), -1);
    ck_assert_int_eq(health_update_write(1, &config, &out), -1);
    buffer_reset(&out);
    ck_assert_int_eq(health_tags_write(&tag, 1, &out), -1);
    ck_assert_int_eq(health_tags_write(&tag, 0, &out), -1);
    buffer_clear(&out);
}
END_TEST

START_TEST(tags_are_added_key_and_value)
{
    static const struct health_tag tags[] = {{"Name", "a & b"}, {"regionshift:group", "g"}};
    struct buffer out;

    buffer_init(&out, HEALTH_BODY_MAX);
    ck_assert_int_eq(health_tags_write(tags, 2, &out), 0);
    ck_assert_ptr_nonnull(strstr(buffer_text(&out),
                                 "<AddTags><Tag><Key>Name</Key><Value>a &amp; b</Value></Tag><Tag>"
                                 "<Key>regionshift:group</Key><Value>g</Value></Tag></AddTags>"));
    buffer_clear(&out);
}
END_TEST

static TCase *reading_case(void)
{
    TCase *tcase = tcase_create("reading");

    tcase_add_test(tcase, a_check_of_an_endpoint_is_read_with_every_member);
    tcase_add_test(tcase, a_calculated_check_is_read_with_children_and_threshold);
    tcase_add_test(tcase, checks_of_others_are_passed_over_whatever_they_hold);
    tcase_add_test(tcase, a_page_says_where_the_next_one_begins);
    tcase_add_test(tcase, each_checkers_word_is_read_and_its_first_part_decides);
    tcase_add_test(tcase, a_check_that_cannot_be_read_exactly_is_none);
    tcase_add_test(tcase, an_answer_cut_at_any_byte_is_none);
    tcase_add_test(tcase, an_answer_with_any_byte_changed_does_no_harm);
    tcase_add_test(tcase, an_empty_answer_says_done_and_an_error_does_not);
    return tcase;
}

static TCase *writing_case(void)
{
    TCase *tcase = tcase_create("writing");

    tcase_add_test(tcase, a_check_is_asked_for_in_the_order_of_the_model);
    tcase_add_test(tcase, a_calculated_check_has_neither_port_nor_word);
    tcase_add_test(tcase, an_update_names_the_version_it_was_made_from_and_no_type);
    tcase_add_test(tcase, what_cannot_be_written_is_refused);
    tcase_add_test(tcase, tags_are_added_key_and_value);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("health_xml");

    suite_add_tcase(suite, reading_case());
    suite_add_tcase(suite, writing_case());
    return run_suite(suite);
}
