/* SPDX-License-Identifier: Apache-2.0 */
/* A login to MySQL that is meant to fail, to its end. A server may ask for another kind of
 * password, or for more of it: the answer is empty, until it has had enough. */
#include "starttls_form.h"

#include <string.h>

enum { HEAD = 4, ROUNDS_MAX = 4 };
enum { ANSWER_OK = 0x00, ANSWER_MORE = 0x01, ANSWER_SWITCH = 0xfe };

/* Packet 2: packet 1 was the request for TLS. The user, no password, its kind. */
static const char user[] = "regionshift\0\0mysql_native_password";

static void say_packet(struct starttls_talk *talk, uint8_t number, const void *bytes, size_t length)
{
    uint8_t packet[STARTTLS_SAY_MAX] = {(uint8_t)length, 0, 0, number};

    memcpy(packet + HEAD, bytes, length);
    starttls_set_say(talk, packet, HEAD + length);
}

enum starttls_progress starttls_leave(struct starttls_talk *talk)
{
    uint8_t login[STARTTLS_MYSQL_LOGIN + sizeof(user)];

    talk->held = 0;
    talk->step = 0;
    if (talk->protocol != STARTTLS_MYSQL)
        return STARTTLS_GO;
    memcpy(login, starttls_mysql_login, STARTTLS_MYSQL_LOGIN);
    memcpy(login + STARTTLS_MYSQL_LOGIN, user, sizeof(user));
    say_packet(talk, 2, login, sizeof(login));
    return STARTTLS_MORE;
}

static enum starttls_progress take_answer(struct starttls_talk *talk)
{
    uint8_t number = (uint8_t)(talk->piece[3] + 1);
    uint8_t answer = talk->piece[HEAD];

    talk->held = 0;
    if ((answer == ANSWER_SWITCH || answer == ANSWER_MORE) && ++talk->step < ROUNDS_MAX) {
        say_packet(talk, number, "", 0);
        return STARTTLS_MORE;
    }
    if (answer == ANSWER_OK) /* somebody lets anybody in */
        say_packet(talk, 0, "\x01", 1);
    return STARTTLS_GO;
}

enum starttls_progress starttls_leave_feed(struct starttls_talk *talk, const uint8_t *bytes,
                                           size_t length)
{
    for (size_t i = 0; i < length; i++) {
        size_t wanted = HEAD;

        if (talk->held == STARTTLS_PIECE_MAX)
            return STARTTLS_GO;
        talk->piece[talk->held++] = bytes[i];
        if (talk->held >= HEAD)
            wanted += (size_t)talk->piece[2] << 16 | (size_t)talk->piece[1] << 8 | talk->piece[0];
        if (talk->held > HEAD && talk->held == wanted && take_answer(talk) == STARTTLS_GO)
            return STARTTLS_GO;
    }
    return STARTTLS_MORE;
}
