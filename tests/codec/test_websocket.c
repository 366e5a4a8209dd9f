/* SPDX-License-Identifier: Apache-2.0 */
/* The opening of a WebSocket: which answers agree to a request, and what is said of those that do
 * not. */
#include <check.h>
#include <string.h>

#include "../lib/suite.h"
#include "websocket.h"

/* Of RFC 6455, 1.3. */
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPTED "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

START_TEST(the_example_of_the_rfc_comes_out)
{
    char key[WEBSOCKET_KEY_SIZE];
    char accept[WEBSOCKET_ACCEPT_SIZE];

    websocket_key((const unsigned char *)"the sample nonce", key);
    ck_assert_str_eq(key, KEY);
    websocket_accept(key, accept);
    ck_assert_str_eq(accept, ACCEPTED);
}
END_TEST

#define UPGRADE "Upgrade: websocket\r\n"
#define CONNECTION "Connection: Upgrade\r\n"
#define ACCEPT "Sec-WebSocket-Accept: " ACCEPTED "\r\n"

static const struct {
    const char *head;
    const char *protocols;
    const char *extensions;
    const char *error; /* NULL: it agrees */
} answers[] = {
    {UPGRADE CONNECTION ACCEPT, NULL, NULL, NULL},
    {"HTTP/1.1 101 ok\r\nUPGRADE: WebSocket\r\nconnection: keep-alive, upgrade\r\n" ACCEPT "\r\n",
     NULL, NULL, NULL},
    {"Upgrade: h2c, websocket\n" CONNECTION ACCEPT, NULL, NULL, NULL},
    {CONNECTION ACCEPT, NULL, NULL, "no header Upgrade, wanted \"websocket\""},
    {"Upgrade: h2c\r\n" CONNECTION ACCEPT, NULL, NULL, "Upgrade is \"h2c\", wanted \"websocket\""},
    {"Upgrade: websockets\r\n" CONNECTION ACCEPT, NULL, NULL,
     "Upgrade is \"websockets\", wanted \"websocket\""},
    {UPGRADE ACCEPT, NULL, NULL, "no header Connection, wanted \"upgrade\""},
    {UPGRADE "Connection: close\r\n" ACCEPT, NULL, NULL,
     "Connection is \"close\", wanted \"upgrade\""},
    {UPGRADE CONNECTION, NULL, NULL, "no header Sec-WebSocket-Accept"},
    {UPGRADE CONNECTION "Sec-WebSocket-Accept: " KEY "\r\n", NULL, NULL,
     "Sec-WebSocket-Accept is \"" KEY "\", wanted \"" ACCEPTED "\""},
    {UPGRADE CONNECTION "Sec-WebSocket-Accept: S3PPLMBITXAQ9KYGZZHZRBK+XOO=\r\n", NULL, NULL,
     "Sec-WebSocket-Accept is \"S3PPLMBITXAQ9KYGZZHZRBK+XOO=\", wanted \"" ACCEPTED "\""},
    {UPGRADE CONNECTION ACCEPT "Sec-WebSocket-Accept: \x1b[0m\r\n", NULL, NULL,
     "Sec-WebSocket-Accept is \"\\x1b[0m\", wanted \"" ACCEPTED "\""},
    {UPGRADE CONNECTION ACCEPT "Sec-WebSocket-Protocol: chat\r\n", "mqtt, chat", NULL, NULL},
    {UPGRADE CONNECTION ACCEPT, "mqtt, chat", NULL, NULL},
    {UPGRADE CONNECTION ACCEPT "Sec-WebSocket-Protocol: soap\r\n", "mqtt, chat", NULL,
     "the protocol \"soap\" was not offered"},
    {UPGRADE CONNECTION ACCEPT "Sec-WebSocket-Protocol: chat\r\n", NULL, NULL,
     "the protocol \"chat\" was not offered"},
    {UPGRADE CONNECTION ACCEPT "Sec-WebSocket-Protocol: mqtt, chat\r\n", "mqtt, chat", NULL,
     "the protocol \"mqtt, chat\" was not offered"},
    {UPGRADE CONNECTION ACCEPT "Sec-WebSocket-Extensions: permessage-deflate\r\n", NULL, NULL,
     "the extension \"permessage-deflate\" was not offered"},
    {UPGRADE CONNECTION ACCEPT "Sec-WebSocket-Extensions: permessage-deflate\r\n", NULL,
     "permessage-deflate", NULL},
    {"", NULL, NULL, "no header Upgrade, wanted \"websocket\""},
};

START_TEST(an_answer_agrees_or_it_is_said_what_does_not)
{
    struct websocket_offer offer = {KEY, answers[_i].protocols, answers[_i].extensions};
    char error[200] = "";
    int rc =
        websocket_agrees(answers[_i].head, strlen(answers[_i].head), &offer, error, sizeof(error));

    ck_assert_int_eq(rc, answers[_i].error == NULL ? 0 : -1);
    ck_assert_str_eq(error, answers[_i].error == NULL ? "" : answers[_i].error);
}
END_TEST

/* RFC 6455, 5.5.1 and 7.4.1. */
START_TEST(a_close_frame_is_masked_and_says_1000)
{
    unsigned char frame[WEBSOCKET_CLOSE_SIZE];

    websocket_close_frame((const unsigned char *)"\1\2\3\4", frame);
    ck_assert_mem_eq(frame, "\x88\x82\1\2\3\4\x02\xea", sizeof(frame));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("websocket");
    TCase *tests = tcase_create("websocket");

    tcase_add_test(tests, the_example_of_the_rfc_comes_out);
    tcase_add_loop_test(tests, an_answer_agrees_or_it_is_said_what_does_not, 0,
                        (int)(sizeof(answers) / sizeof(answers[0])));
    tcase_add_test(tests, a_close_frame_is_masked_and_says_1000);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
