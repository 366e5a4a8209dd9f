/* SPDX-License-Identifier: Apache-2.0 */
/* The fence's text: what we write we read, and nothing else. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "../lib/suite.h"
#include "record.h"

#define NONCE "0123456789abcdef0123456789abcdef"
#define TEXT "v=rs1 group=jwt-pizza epoch=7 by=use1 nonce=" NONCE " plan=fedcba9876543210"

static struct fence example(void)
{
    return (struct fence){
        .group = "jwt-pizza", .epoch = 7, .by = "use1", .nonce = NONCE, .plan = "fedcba9876543210"};
}

START_TEST(a_fence_is_written_as_the_design_says)
{
    struct fence fence = example();
    char text[FENCE_TEXT_MAX + 1];

    ck_assert_int_eq(fence_format(&fence, text, sizeof(text)), 0);
    ck_assert_str_eq(text, TEXT);
}
END_TEST

START_TEST(a_fence_is_read_with_and_without_its_quotes)
{
    static const char *const texts[] = {TEXT, "\"" TEXT "\""};

    for (size_t i = 0; i < 2; i++) {
        struct fence fence;

        ck_assert_int_eq(fence_parse(texts[i], &fence), 0);
        ck_assert_str_eq(fence.group, "jwt-pizza");
        ck_assert_uint_eq(fence.epoch, 7);
        ck_assert_str_eq(fence.by, "use1");
        ck_assert_str_eq(fence.nonce, NONCE);
        ck_assert_str_eq(fence.plan, "fedcba9876543210");
    }
}
END_TEST

START_TEST(the_greatest_epoch_survives_and_one_more_is_no_fence)
{
    struct fence fence = example();
    char text[FENCE_TEXT_MAX + 1];

    fence.epoch = FENCE_EPOCH_MAX;
    ck_assert_int_eq(fence_format(&fence, text, sizeof(text)), 0);
    fence.epoch = 0;
    ck_assert_int_eq(fence_parse(text, &fence), 0);
    ck_assert_uint_eq(fence.epoch, FENCE_EPOCH_MAX);
    fence.epoch++;
    ck_assert_int_eq(fence_format(&fence, text, sizeof(text)), -1);
}
END_TEST

/* The next epoch would be beyond what the store's numbers hold, or 0 again. */
START_TEST(an_epoch_from_an_impossible_future_is_no_fence)
{
    static const char *const epochs[] = {"1000000000000000", "9223372036854775807",
                                         "18446744073709551615", "18446744073709551616"};
    struct fence fence;
    char text[FENCE_TEXT_MAX + 1];

    for (size_t i = 0; i < sizeof(epochs) / sizeof(epochs[0]); i++) {
        snprintf(text, sizeof(text),
                 "v=rs1 group=g epoch=%s by=use1 nonce=" NONCE " plan=fedcba9876543210", epochs[i]);
        ck_assert_int_eq(fence_parse(text, &fence), -1);
    }
}
END_TEST

START_TEST(what_is_not_byte_for_byte_a_fence_is_none)
{
    static const char *const texts[] = {
        "",
        "\"",
        "\"\"",
        "\"" TEXT,
        TEXT "\"",
        TEXT " ",
        " " TEXT,
        TEXT " more=1",
        "\"" TEXT "\" \"more\"",
        "v=rs2 group=g epoch=7 by=use1 nonce=" NONCE " plan=fedcba9876543210",
        "v=rs1 group= epoch=7 by=use1 nonce=" NONCE " plan=fedcba9876543210",
        "v=rs1 group=G epoch=7 by=use1 nonce=" NONCE " plan=fedcba9876543210",
        "v=rs1 group=g\\041 epoch=7 by=use1 nonce=" NONCE " plan=fedcba9876543210",
        "v=rs1 group=g epoch=0 by=use1 nonce=" NONCE " plan=fedcba9876543210",
        "v=rs1 group=g epoch=07 by=use1 nonce=" NONCE " plan=fedcba9876543210",
        "v=rs1 group=g epoch=+7 by=use1 nonce=" NONCE " plan=fedcba9876543210",
        "v=rs1 group=g epoch=-7 by=use1 nonce=" NONCE " plan=fedcba9876543210",
        "v=rs1 group=g epoch=7x by=use1 nonce=" NONCE " plan=fedcba9876543210",
        "v=rs1 group=g epoch= by=use1 nonce=" NONCE " plan=fedcba9876543210",
        "v=rs1 group=g epoch=7  by=use1 nonce=" NONCE " plan=fedcba9876543210",
        "v=rs1 group=g epoch=7 by= nonce=" NONCE " plan=fedcba9876543210",
        "v=rs1 group=g epoch=7 by=use1 nonce=0123456789ABCDEF0123456789ABCDEF "
        "plan=fedcba9876543210",
        "v=rs1 group=g epoch=7 by=use1 nonce=" NONCE "0 plan=fedcba9876543210",
        "v=rs1 group=g epoch=7 by=use1 nonce=" NONCE " plan=fedcba987654321",
        "v=rs1 group=g epoch=7 by=use1 nonce=" NONCE,
        "v=rs1 epoch=7 group=g by=use1 nonce=" NONCE " plan=fedcba9876543210",
    };
    struct fence fence;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_msg(fence_parse(texts[i], &fence) == -1, "%s", texts[i]);
}
END_TEST

/* The longest legal fence still fits into one TXT string; longer names are no names. */
START_TEST(the_longest_names_fit_and_longer_ones_are_refused)
{
    struct fence fence = example();
    char text[FENCE_TEXT_MAX + 1];
    char longer[2 * FENCE_TEXT_MAX];

    memset(fence.group, 'g', 63);
    fence.group[63] = '\0';
    memset(fence.by, 'p', 63);
    fence.by[63] = '\0';
    fence.epoch = FENCE_EPOCH_MAX;
    ck_assert_int_eq(fence_format(&fence, text, sizeof(text)), 0);
    ck_assert_uint_eq(strlen(text), 225); /* of the 255 that one TXT string holds */
    ck_assert_int_eq(fence_parse(text, &fence), 0);
    ck_assert_int_eq(fence_format(&fence, text, strlen(text)), -1); /* no room for the NUL */
    snprintf(longer, sizeof(longer), "v=rs1 group=g%s", strstr(text, "g"));
    ck_assert_int_eq(fence_parse(longer, &fence), -1);
}
END_TEST

START_TEST(a_fence_with_a_bad_field_is_not_written)
{
    struct fence fence = example();
    char text[FENCE_TEXT_MAX + 1] = "untouched";

    fence.by[0] = '"';
    ck_assert_int_eq(fence_format(&fence, text, sizeof(text)), -1);
    fence = example();
    fence.nonce[5] = '\0';
    ck_assert_int_eq(fence_format(&fence, text, sizeof(text)), -1);
    fence = example();
    fence.epoch = 0;
    ck_assert_int_eq(fence_format(&fence, text, sizeof(text)), -1);
    ck_assert_str_eq(text, "untouched");
}
END_TEST

START_TEST(a_fence_lives_below_the_apex_of_its_zone)
{
    char name[256] = "";
    char apex[256];

    ck_assert_int_eq(fence_name("jwt-pizza", "example.com", name, sizeof(name)), 0);
    ck_assert_str_eq(name, "_regionshift.jwt-pizza.example.com");
    ck_assert_int_eq(fence_name("jwt-pizza", "example.com", name, strlen(name)), -1);
    memset(apex, 'a', sizeof(apex) - 1);
    apex[sizeof(apex) - 1] = '\0';
    ck_assert_int_eq(fence_name("jwt-pizza", apex, name, sizeof(name)), -1);
}
END_TEST

/* printf 'pizza/us-east-1=0\npizza/us-west-2=100\n' | sha256sum */
START_TEST(a_plans_digest_is_the_beginning_of_its_sha256)
{
    const char *plan = "pizza/us-east-1=0\npizza/us-west-2=100\n";
    char digest[PLAN_LENGTH + 1];

    plan_digest(plan, strlen(plan), digest);
    ck_assert_str_eq(digest, "159fd0da26ffa195");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fence");
    TCase *tcase = tcase_create("fence");

    tcase_add_test(tcase, a_fence_is_written_as_the_design_says);
    tcase_add_test(tcase, a_fence_is_read_with_and_without_its_quotes);
    tcase_add_test(tcase, the_greatest_epoch_survives_and_one_more_is_no_fence);
    tcase_add_test(tcase, an_epoch_from_an_impossible_future_is_no_fence);
    tcase_add_test(tcase, what_is_not_byte_for_byte_a_fence_is_none);
    tcase_add_test(tcase, the_longest_names_fit_and_longer_ones_are_refused);
    tcase_add_test(tcase, a_fence_with_a_bad_field_is_not_written);
    tcase_add_test(tcase, a_fence_lives_below_the_apex_of_its_zone);
    tcase_add_test(tcase, a_plans_digest_is_the_beginning_of_its_sha256);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
