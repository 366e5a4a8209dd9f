/* SPDX-License-Identifier: Apache-2.0 */
/* Moments as text, as AWS and other people's programs write them. */
#include <check.h>
#include <string.h>

#include "../lib/suite.h"
#include "iso8601.h"

static void expect(const char *text, wall_t wanted_ms)
{
    wall_t wall_ms = -1;

    ck_assert_msg(iso8601_read(text, strlen(text), &wall_ms) == 0, "%s", text);
    ck_assert_msg(wall_ms == wanted_ms, "%s: %lld", text, (long long)wall_ms);
}

START_TEST(a_moment_is_read_with_fraction_and_offset)
{
    expect("1970-01-01T00:00:00Z", 0);
    expect("2026-11-22T17:13:31Z", 1795367611000);
    expect("2026-11-22t17:13:31z", 1795367611000);
    expect("2026-11-22 17:13:31Z", 1795367611000);
    expect("2026-11-22T17:13:31.5Z", 1795367611500);
    expect("2026-11-22T17:13:31,123456789Z", 1795367611123);
    expect("2026-11-22T18:13:31+01:00", 1795367611000);
    expect("2026-11-22T18:13:31.007+0100", 1795367611007);
    expect("2026-11-22T12:43:31-04:30", 1795367611000);
    expect("2026-11-23T04:13:31+11", 1795367611000);
    expect("2026-11-22T17:13:31-00:00", 1795367611000);
    expect("2024-02-29T00:00:00Z", 1709164800000);
    expect("2000-02-29T00:00:00Z", 951782400000);
    expect("9999-12-31T23:59:59.999Z", 253402300799999);
    expect("2016-12-31T23:59:60Z", 1483228800000); /* a leap second */
}
END_TEST

START_TEST(what_is_no_moment_is_refused)
{
    static const char *const texts[] = {
        "",
        "2026",
        "2026-11-22",
        "2026-11-22T17:13Z",
        "2026-11-22T17:13:31", /* nobody can say when this is */
        "2026-11-22T17:13:31Zx",
        "2026-11-22T17:13:31.Z",
        "2026-11-22T17:13:31+",
        "2026-11-22T17:13:31+1",
        "2026-11-22T17:13:31+01:",
        "2026-11-22T17:13:31+24:00",
        "2026-11-22T17:13:31+01:60",
        "2026-11-22T24:00:00Z",
        "2026-11-22T17:60:00Z",
        "2026-11-22T17:13:61Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-11-31T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "12026-11-22T17:13:31Z",
        "-026-11-22T17:13:31Z",
        "2026-1-22T17:13:31Z",
        " 2026-11-22T17:13:31Z",
        "20261122T171331Z",
        "Sun, 22 Nov 2026 17:13:31 GMT",
        "1795367611",
    };
    wall_t wall_ms = 7;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_msg(iso8601_read(texts[i], strlen(texts[i]), &wall_ms) == -1, "%s", texts[i]);
    ck_assert_int_eq(iso8601_read("2026-11-22T17:13:31Z\0", 21, &wall_ms), -1);
    ck_assert_int_eq(wall_ms, 7);
}
END_TEST

START_TEST(every_day_is_read_as_it_was_written)
{
    char text[ISO8601_LENGTH + 1];

    for (wall_t day = 0; day < 2932897; day += 17) /* of the years 1970 to 9999 */
    {
        wall_t wall_ms = day * 86400000 + (day * 7919 % 86400) * 1000;

        iso8601_write(wall_ms, text);
        expect(text, wall_ms);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("iso8601");
    TCase *tcase = tcase_create("iso8601");

    tcase_add_test(tcase, a_moment_is_read_with_fraction_and_offset);
    tcase_add_test(tcase, what_is_no_moment_is_refused);
    tcase_add_test(tcase, every_day_is_read_as_it_was_written);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
