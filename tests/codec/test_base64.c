/* SPDX-License-Identifier: Apache-2.0 */
/* One spelling for each text of bytes, and nothing else is read. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "base64.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct {
    const char *bytes;
    const char *text;
} pairs[] = {
    {"", ""}, /* RFC 4648, 10 */
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xff\xfe\xfb\xff", "//77/w=="},
};

START_TEST(bytes_are_written_and_read_back)
{
    struct buffer text;
    char bytes[16];

    buffer_init(&text, 64);
    base64_write(&text, pairs[_i].bytes, strlen(pairs[_i].bytes));
    ck_assert_str_eq(buffer_text(&text), pairs[_i].text);
    ck_assert_int_eq(base64_read(pairs[_i].text, strlen(pairs[_i].text), bytes),
                     (int)strlen(pairs[_i].bytes));
    ck_assert_mem_eq(bytes, pairs[_i].bytes, strlen(pairs[_i].bytes));
    buffer_clear(&text);
}
END_TEST

static const char *const foreign[] = {
    "Z",     "Zg",   "Zg=",  "Zg===",    "====",     "=",     "Z===",
    "Zg=a",  "Z=g=", "=Zg=", "Zm9*",     "Zm9-",     "Zm9_",  "Zm9 ",
    "\nZm9", "Zh==", "Zm9=", "Zg==Zg==", "Zm8=Zm9v", "Zm9v=", "Zm9\xff",
};

START_TEST(what_is_not_padded_letters_is_refused)
{
    char bytes[16];

    ck_assert_int_eq(base64_read(foreign[_i], strlen(foreign[_i]), bytes), -1);
}
END_TEST

START_TEST(every_byte_survives_at_every_place_and_within_its_room)
{
    for (int byte = 0; byte < 256; byte++) {
        for (size_t length = 1; length <= 4; length++) {
            char bytes[4] = {(char)byte, 0, (char)byte, (char)(255 - byte)};
            struct buffer text;
            char *back;

            buffer_init(&text, 64);
            base64_write(&text, bytes, length);
            back = malloc(base64_room(text.length)); /* exact: the sanitizer watches its end */
            ck_assert_int_eq(base64_read(text.data, text.length, back), (int)length);
            ck_assert_mem_eq(back, bytes, length);
            free(back);
            buffer_clear(&text);
        }
    }
}
END_TEST

START_TEST(a_nul_byte_is_no_letter)
{
    char bytes[16];

    ck_assert_int_eq(base64_read("Zm\0v", 4, bytes), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base64");
    TCase *tests = tcase_create("base64");

    tcase_add_loop_test(tests, bytes_are_written_and_read_back, 0, COUNT(pairs));
    tcase_add_loop_test(tests, what_is_not_padded_letters_is_refused, 0, COUNT(foreign));
    tcase_add_test(tests, every_byte_survives_at_every_place_and_within_its_room);
    tcase_add_test(tests, a_nul_byte_is_no_letter);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
