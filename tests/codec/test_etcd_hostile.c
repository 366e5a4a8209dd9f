/* SPDX-License-Identifier: Apache-2.0 */
/* What a broken proxy, a cut connection or an attacker in etcd's place may say: each reader reads
 * it within its bounds or refuses it. Bodies are copied into blocks of their exact size, so that
 * the sanitizer sees a byte read behind them. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "base64.h"
#include "etcd_answers.h"
#include "etcd_json.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const answers[] = {
    RANGE,          RANGE_MORE,     TXN_DONE,
    GRANT,          KEEPALIVE,      KEEPALIVE_GONE,
    TOKEN,          WATCH_CREATED,  WATCH_EVENTS,
    WATCH_DENIED,   WATCH_PROGRESS, WATCH_COMPACTED,
    WATCH_CANCELED, STREAM_ERROR,   ERROR("etcdserver: requested lease not found", "5"),
};

static char error[320];

/* Every assertion of Check is a write to a pipe: millions of them would take minutes. */
static void insist(bool holds)
{
    if (!holds)
        ck_abort();
}

static void check_printable(const char *text)
{
    for (; *text != '\0'; text++)
        insist(*text >= ' ' && *text < 127);
}

/* The bounds that every reader promises. */
static void check_items(const struct store_item *items, size_t count)
{
    insist(count <= ETCD_ITEMS_MAX);
    for (size_t i = 0; i < count; i++) {
        insist(strlen(items[i].key) <= STORE_KEY_MAX);
        insist(items[i].length <= STORE_VALUE_MAX);
        insist(items[i].value == NULL || items[i].value[items[i].length] == '\0');
        insist(items[i].mod_revision >= 1 && items[i].mod_revision <= INT64_MAX);
        insist(items[i].create_revision <= items[i].mod_revision);
    }
}

static unsigned read_keys(const char *body, size_t length)
{
    struct etcd_page page;
    struct etcd_watch_line line;
    unsigned count = 0;

    if (etcd_read_range(PREFIX, body, length, &page, error, sizeof(error)) == 0) {
        insist(page.revision >= 1 && page.revision <= INT64_MAX);
        check_items(page.items, page.count);
        etcd_page_clear(&page);
        count++;
    }
    check_printable(error);
    if (etcd_read_watch(PREFIX, body, length, &line, error, sizeof(error)) == 0) {
        check_items(line.items, line.count);
        check_printable(line.error.words);
        etcd_watch_line_clear(&line);
        count++;
    }
    check_printable(error);
    return count;
}

static unsigned read_rest(const char *body, size_t length)
{
    struct etcd_error words;
    uint64_t revision;
    bool succeeded;
    int64_t number;
    int64_t lease;
    char token[64];
    unsigned count = 0;

    etcd_read_error(500, body, length, &words);
    check_printable(words.words);
    count += etcd_read_write(body, length, true, &succeeded, &revision, error, sizeof(error)) == 0;
    count += etcd_read_grant(body, length, &lease, &number, error, sizeof(error)) == 0;
    count += etcd_read_keepalive(body, length, &number, &words, error, sizeof(error)) == 0;
    check_printable(error);
    if (etcd_read_token(body, length, token, sizeof(token), error, sizeof(error)) == 0) {
        check_printable(token);
        count++;
    }
    return count;
}

static unsigned read_by_all(const char *body, size_t length)
{
    char *exact = malloc(length > 0 ? length : 1);
    unsigned count;

    memcpy(exact, body, length);
    error[0] = '\0';
    count = read_keys(exact, length) + read_rest(exact, length);
    free(exact);
    return count;
}

START_TEST(an_answer_cut_off_anywhere_is_refused_or_whole)
{
    const char *answer = answers[_i];
    size_t length = strlen(answer);
    unsigned whole = read_by_all(answer, length);

    if (answer[length - 1] == '\n')
        length--;
    for (size_t cut = 0; cut < length; cut++)
        ck_assert_msg(read_by_all(answer, cut) == 0, "%.*s", (int)cut, answer);
    ck_assert_uint_eq(read_by_all(answer, length), whole);
}
END_TEST

START_TEST(a_byte_changed_anywhere_does_no_harm)
{
    static const char others[] = {'\0', '\n', '"',    '\\',       '{',       '}', '[',
                                  ']',  '0',  '9',    '-',        '=',       'A', ' ',
                                  ',',  ':',  '\x7f', (char)0x80, (char)0xff};
    char body[1024];
    size_t length = strlen(answers[_i]);

    memcpy(body, answers[_i], length);
    for (size_t at = 0; at < length; at++) {
        for (size_t other = 0; other < COUNT(others); other++) {
            body[at] = others[other];
            read_by_all(body, length);
        }
        body[at] = (char)(answers[_i][at] ^ 1);
        read_by_all(body, length);
        body[at] = answers[_i][at];
    }
}
END_TEST

/* ---- mutants, always the same ones ---- */

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static size_t mutate(char *body, size_t length, uint32_t *state)
{
    static const char alphabet[] = "{}[]\",:\\=+/-.0129eAtfnu";
    unsigned count = 1 + next_random(state) % 6;

    while (count-- > 0 && length > 1) {
        size_t at = next_random(state) % length;

        switch (next_random(state) % 4) {
        case 0:
            body[at] = (char)next_random(state);
            break;
        case 1:
            body[at] = alphabet[next_random(state) % (sizeof(alphabet) - 1)];
            break;
        case 2:
            memmove(body + at, body + at + 1, length - at - 1);
            length--;
            break;
        default:
            body[at] = body[next_random(state) % length];
        }
    }
    return length;
}

/* Some must still be readable, or garbage only is mutated. */
START_TEST(mutants_are_read_or_refused_and_do_no_harm)
{
    uint32_t state = 0x5eed + (uint32_t)_i;
    unsigned readable = 0;

    for (unsigned round = 0; round < 7000; round++) {
        char body[1024];
        size_t length = strlen(answers[_i]);

        memcpy(body, answers[_i], length);
        length = mutate(body, length, &state);
        readable += read_by_all(body, length) > 0;
    }
    ck_assert_uint_lt(readable, 6000);
    if (strstr(answers[_i], "\"message\"") == NULL || strstr(answers[_i], "grpc_code") != NULL)
        ck_assert_uint_gt(readable, 50);
}
END_TEST

/* ---- too much of something ---- */

static struct buffer body;

static void begin(void)
{
    buffer_init(&body, 64 * 1024 * 1024);
}

static void end(void)
{
    buffer_clear(&body);
}

static void repeat(const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buffer_add_text(&body, text);
}

START_TEST(nesting_too_deep_is_refused)
{
    static const char *const openings[] = {
        "[", "{\"a\":", "{\"header\":", "{\"result\":", "{\"error\":"};

    for (size_t i = 0; i < COUNT(openings); i++) {
        buffer_reset(&body);
        repeat(openings[i], 100000);
        ck_assert_uint_eq(read_by_all(body.data, body.length), 0);
    }
}
END_TEST

/* Keys /rs/p/000000, /rs/p/000001, ... */
static void page_of(size_t count)
{
    buffer_reset(&body);
    buffer_add_text(&body, "{" HEADER("6") ",\"kvs\":[");
    for (size_t i = 0; i < count; i++) {
        char key[32];

        snprintf(key, sizeof(key), PREFIX "%06zu", i);
        buffer_add_text(&body, i > 0 ? "," : "");
        buffer_add_text(&body, "{\"create_revision\":1,\"mod_revision\":1,\"key\":\"");
        base64_write(&body, key, strlen(key));
        buffer_add_text(&body, "\"}");
    }
    buffer_add_text(&body, "]}");
    ck_assert(!body.failed);
}

START_TEST(a_page_is_full_at_its_limit_and_one_item_more_is_refused)
{
    struct etcd_page page;

    page_of(ETCD_ITEMS_MAX);
    ck_assert_int_eq(etcd_read_range(PREFIX, body.data, body.length, &page, error, sizeof(error)),
                     0);
    ck_assert_uint_eq(page.count, ETCD_ITEMS_MAX);
    ck_assert_str_eq(page.items[ETCD_ITEMS_MAX - 1].key, "009999");
    etcd_page_clear(&page);
    page_of(ETCD_ITEMS_MAX + 1);
    ck_assert_int_eq(etcd_read_range(PREFIX, body.data, body.length, &page, error, sizeof(error)),
                     -1);
    ck_assert_str_eq(error, "etcd's range: kvs: 10001 members, at most 10000 allowed");
}
END_TEST

START_TEST(a_hundred_thousand_items_are_refused)
{
    page_of(100000);
    ck_assert_uint_eq(read_keys(body.data, body.length), 0);
    buffer_reset(&body);
    repeat("{\"result\":{" HEADER("6") ",\"events\":[{}", 1);
    repeat(",{}", 100000);
    repeat("]}}", 1);
    ck_assert_uint_eq(read_keys(body.data, body.length), 0);
    ck_assert_str_eq(error, "etcd's watch: events: 100001 members, at most 10000 allowed");
}
END_TEST

START_TEST(numbers_and_words_without_end_are_refused)
{
    buffer_add_text(&body, "{\"header\":{\"revision\":\"");
    repeat("9", 1000000);
    buffer_add_text(&body, "\"}}");
    ck_assert_uint_eq(read_by_all(body.data, body.length), 0);
    buffer_reset(&body);
    buffer_add_text(&body, "{\"header\":{\"revision\":");
    repeat("9", 1000000);
    buffer_add_text(&body, "}}");
    ck_assert_uint_eq(read_by_all(body.data, body.length), 0);
    buffer_reset(&body);
    buffer_add_text(&body, "{\"result\":{" HEADER("6") ",\"canceled\":true,\"cancel_reason\":\"");
    repeat("no ", 1000000);
    buffer_add_text(&body, "\"}}");
    ck_assert_uint_eq(read_keys(body.data, body.length), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("etcd_hostile");
    TCase *tests = tcase_create("hostile");

    tcase_add_checked_fixture(tests, begin, end);
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, an_answer_cut_off_anywhere_is_refused_or_whole, 0, COUNT(answers));
    tcase_add_loop_test(tests, a_byte_changed_anywhere_does_no_harm, 0, COUNT(answers));
    tcase_add_loop_test(tests, mutants_are_read_or_refused_and_do_no_harm, 0, COUNT(answers));
    tcase_add_test(tests, nesting_too_deep_is_refused);
    tcase_add_test(tests, a_page_is_full_at_its_limit_and_one_item_more_is_refused);
    tcase_add_test(tests, a_hundred_thousand_items_are_refused);
    tcase_add_test(tests, numbers_and_words_without_end_are_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
