/* SPDX-License-Identifier: Apache-2.0 */
/* Left to right, piece after piece; the first that does not fit ends it. Days are counted by the
 * calendar's own rule, without a table of the system's. */
#define _POSIX_C_SOURCE 200809L /* gmtime_r */

#include "iso8601.h"

#include <assert.h>
#include <stdbool.h>
#include <time.h>

enum { DAY_S = 86400, LAST_YEAR = 9999 };

struct cursor {
    const char *at;
    const char *end;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool take_number(struct cursor *cursor, unsigned digits, int min, int max, int *ret_number)
{
    int number = 0;

    for (unsigned i = 0; i < digits; i++) {
        if (cursor->at == cursor->end || !is_digit(*cursor->at))
            return false;
        number = number * 10 + (*cursor->at++ - '0');
    }
    *ret_number = number;
    return number >= min && number <= max;
}

/* One of the characters of `any`. */
static bool take_char(struct cursor *cursor, const char *any)
{
    if (cursor->at == cursor->end)
        return false;
    for (; *any != '\0'; any++) {
        if (*cursor->at == *any) {
            cursor->at++;
            return true;
        }
    }
    return false;
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_of(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

/* Days before this year since 1970. */
static int64_t days_before(int year)
{
    int64_t past = year - 1;

    return past * 365 + past / 4 - past / 100 + past / 400 - 719162; /* those before 1970 */
}

static bool take_date(struct cursor *cursor, int64_t *ret_day)
{
    int year, month, day;

    if (!take_number(cursor, 4, 1970, LAST_YEAR, &year) || !take_char(cursor, "-") ||
        !take_number(cursor, 2, 1, 12, &month) || !take_char(cursor, "-") ||
        !take_number(cursor, 2, 1, days_of(year, month), &day))
        return false;
    *ret_day = days_before(year) + day - 1;
    for (int before = 1; before < month; before++)
        *ret_day += days_of(year, before);
    return true;
}

static bool take_fraction(struct cursor *cursor, int *ret_ms)
{
    int weight = 100;

    *ret_ms = 0;
    if (!take_char(cursor, ".,"))
        return true;
    if (cursor->at == cursor->end || !is_digit(*cursor->at))
        return false;
    while (cursor->at < cursor->end && is_digit(*cursor->at)) {
        *ret_ms += weight * (*cursor->at++ - '0');
        weight /= 10;
    }
    return true;
}

/* A second 60 is a leap second: the first of the next minute will do. */
static bool take_time(struct cursor *cursor, int64_t *ret_ms)
{
    int hour, minute, second, ms;

    if (!take_number(cursor, 2, 0, 23, &hour) || !take_char(cursor, ":") ||
        !take_number(cursor, 2, 0, 59, &minute) || !take_char(cursor, ":") ||
        !take_number(cursor, 2, 0, 60, &second) || !take_fraction(cursor, &ms))
        return false;
    *ret_ms = ((int64_t)hour * 3600 + minute * 60 + second) * 1000 + ms;
    return true;
}

static bool take_offset(struct cursor *cursor, int64_t *ret_ms)
{
    int hours, minutes = 0;
    int sign = 1;

    *ret_ms = 0;
    if (take_char(cursor, "Zz"))
        return true;
    if (take_char(cursor, "-"))
        sign = -1;
    else if (!take_char(cursor, "+"))
        return false;
    if (!take_number(cursor, 2, 0, 23, &hours))
        return false;
    if (cursor->at < cursor->end) {
        take_char(cursor, ":");
        if (!take_number(cursor, 2, 0, 59, &minutes))
            return false;
    }
    *ret_ms = (int64_t)sign * (hours * 3600 + minutes * 60) * 1000;
    return true;
}

int iso8601_read(const char *text, size_t length, wall_t *ret_wall_ms)
{
    struct cursor cursor = {text, text + length};
    int64_t day, time_ms, offset_ms;

    if (!take_date(&cursor, &day) || !take_char(&cursor, "Tt ") || !take_time(&cursor, &time_ms) ||
        !take_offset(&cursor, &offset_ms) || cursor.at != cursor.end)
        return -1;
    *ret_wall_ms = day * DAY_S * 1000 + time_ms - offset_ms;
    return 0;
}

void iso8601_write(wall_t wall_ms, char out[ISO8601_LENGTH + 1])
{
    time_t second = (time_t)(wall_ms / 1000);
    struct tm tm;
    size_t length;

    gmtime_r(&second, &tm);
    length = strftime(out, ISO8601_LENGTH + 1, "%Y-%m-%dT%H:%M:%SZ", &tm);
    assert(wall_ms >= 0 && length == ISO8601_LENGTH);
}
