/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: a conversation is a row of steps, each with something to wait for; a byte is taken at a
 * time, so that what comes after the end of a line or message is seen as just that. The three
 * protocols of lines are here, those of messages in starttls_message.c. */
#include "starttls_form.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "result.h"

/* Steps of SMTP, POP3 and IMAP; those of messages have the first only. */
enum { STEP_GREETING, STEP_ABILITIES, STEP_REQUEST };

/* ---- for both files ---- */

enum starttls_progress starttls_refuse(struct starttls_talk *talk, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(talk->error, sizeof(talk->error), format, arguments);
    va_end(arguments);
    return STARTTLS_REFUSED;
}

void starttls_quote(char out[STARTTLS_QUOTE_SIZE], const uint8_t *bytes, size_t length)
{
    text_escape(out, STARTTLS_QUOTE_SIZE, (const char *)bytes, length);
}

void starttls_set_say(struct starttls_talk *talk, const void *bytes, size_t length)
{
    memcpy(talk->say, bytes, length);
    talk->say_length = length;
}

/* ---- lines ---- */

static enum starttls_progress say_line(struct starttls_talk *talk, unsigned step, const char *line)
{
    starttls_set_say(talk, line, strlen(line));
    talk->step = step;
    return STARTTLS_MORE;
}

/* 'greeting "554 no"', 'answer to STARTTLS "454 later"' */
static enum starttls_progress refuse_line(struct starttls_talk *talk)
{
    char quote[STARTTLS_QUOTE_SIZE];

    starttls_quote(quote, talk->piece, talk->held);
    return starttls_refuse(talk, "%s was \"%s\"", starttls_where(talk), quote);
}

static bool begins(const char *line, const char *with)
{
    return strncasecmp(line, with, strlen(with)) == 0;
}

/* Is it this word, and not just the beginning of another? */
static bool is_word(const char *text, const char *word)
{
    char after = begins(text, word) ? text[strlen(word)] : 'x';

    return after == '\0' || after == ' ';
}

/* The last line of a reply has no "-" after its code. */
static enum starttls_progress take_smtp(struct starttls_talk *talk, const char *line)
{
    static const char *const wanted[] = {"220", "250", "220"};

    if (!begins(line, wanted[talk->step]) || strchr(" -", line[3]) == NULL) /* or just the code */
        return refuse_line(talk);
    if (talk->step == STEP_ABILITIES && line[3] != '\0' && is_word(line + 4, "STARTTLS"))
        talk->offered = true;
    if (line[3] == '-')
        return STARTTLS_MORE;
    if (talk->step == STEP_GREETING) /* a name that is nobody's (RFC 2606) */
        return say_line(talk, STEP_ABILITIES, "EHLO regionshift.invalid\r\n");
    if (talk->step == STEP_REQUEST)
        return STARTTLS_GO;
    if (!talk->offered)
        return starttls_refuse(talk, "STARTTLS is not offered in the answer to EHLO");
    return say_line(talk, STEP_REQUEST, "STARTTLS\r\n");
}

static enum starttls_progress take_pop3(struct starttls_talk *talk, const char *line)
{
    if (!is_word(line, "+OK"))
        return refuse_line(talk);
    if (talk->step == STEP_REQUEST)
        return STARTTLS_GO;
    return say_line(talk, STEP_REQUEST, "STLS\r\n");
}

/* What is not tagged may come at any time and means nothing to us, unless it is good-bye. */
static enum starttls_progress take_imap(struct starttls_talk *talk, const char *line)
{
    if (talk->step == STEP_GREETING)
        return begins(line, "* OK") ? say_line(talk, STEP_REQUEST, "a1 STARTTLS\r\n")
                                    : refuse_line(talk);
    if (begins(line, "* ") && !is_word(line + 2, "BYE"))
        return STARTTLS_MORE;
    if (begins(line, "a1 ") && is_word(line + 3, "OK") && talk->say_length == 0)
        return STARTTLS_GO;
    return refuse_line(talk);
}

static enum starttls_progress take_line(struct starttls_talk *talk)
{
    char *line = (char *)talk->piece;

    talk->held -= talk->held > 0 && line[talk->held - 1] == '\r';
    line[talk->held] = '\0';
    if (talk->protocol == STARTTLS_SMTP)
        return take_smtp(talk, line);
    if (talk->protocol == STARTTLS_POP3)
        return take_pop3(talk, line);
    return take_imap(talk, line);
}

/* ---- pieces: lines and messages ---- */

static bool is_of_lines(enum starttls protocol)
{
    return protocol == STARTTLS_SMTP || protocol == STARTTLS_IMAP || protocol == STARTTLS_POP3;
}

static enum starttls_progress take_byte(struct starttls_talk *talk, uint8_t byte)
{
    enum starttls_progress progress = STARTTLS_MORE;
    bool is_whole;

    if (is_of_lines(talk->protocol) && byte == '\n') {
        progress = take_line(talk);
        talk->held = 0;
        return progress;
    }
    if (talk->held == STARTTLS_PIECE_MAX)
        return starttls_refuse(talk, "%s has a line of more than %d bytes", starttls_where(talk),
                               STARTTLS_PIECE_MAX);
    talk->piece[talk->held++] = byte;
    if (is_of_lines(talk->protocol))
        return STARTTLS_MORE;
    is_whole = false;
    progress = starttls_message_is_whole(talk, &is_whole);
    return progress == STARTTLS_MORE && is_whole ? starttls_take_message(talk) : progress;
}

/* It is our turn, and the server went on. IMAP lets it. */
static bool is_out_of_turn(const struct starttls_talk *talk)
{
    return talk->say_length > 0 && talk->protocol != STARTTLS_IMAP;
}

static enum starttls_progress refuse_early_words(struct starttls_talk *talk, const uint8_t *bytes,
                                                 size_t length)
{
    char quote[STARTTLS_QUOTE_SIZE];

    starttls_quote(quote, bytes, length);
    return starttls_refuse(talk, "the server spoke before it was asked: \"%s\"", quote);
}

enum starttls_progress starttls_feed(struct starttls_talk *talk, const uint8_t *bytes,
                                     size_t length)
{
    for (size_t i = 0; i < length; i++) {
        enum starttls_progress progress;

        if (is_out_of_turn(talk))
            return refuse_early_words(talk, bytes + i, length - i);
        if (++talk->total > STARTTLS_ANSWER_MAX)
            return starttls_refuse(talk, "more than %d bytes before TLS", STARTTLS_ANSWER_MAX);
        progress = take_byte(talk, bytes[i]);
        if (progress == STARTTLS_GO && i + 1 < length)
            return starttls_refuse(talk, "%zu bytes in the clear after the go-ahead for TLS",
                                   length - i - 1);
        if (progress != STARTTLS_MORE)
            return progress;
    }
    return STARTTLS_MORE;
}

/* ---- the conversation ---- */

void starttls_begin(struct starttls_talk *talk, enum starttls protocol)
{
    memset(talk, 0, sizeof(*talk));
    talk->protocol = protocol;
    if (!is_of_lines(protocol))
        starttls_say_first(talk);
}

const uint8_t *starttls_say(const struct starttls_talk *talk, size_t *ret_length)
{
    *ret_length = talk->say_length;
    return talk->say;
}

void starttls_said(struct starttls_talk *talk)
{
    talk->say_length = 0;
}

const char *starttls_where(const struct starttls_talk *talk)
{
    static const char *const answers[STARTTLS_COUNT] = {
        [STARTTLS_SMTP] = "the answer to STARTTLS",
        [STARTTLS_IMAP] = "the answer to STARTTLS",
        [STARTTLS_POP3] = "the answer to STLS",
        [STARTTLS_LDAP] = "the answer to StartTLS",
        [STARTTLS_POSTGRES] = "the answer to SSLRequest",
        [STARTTLS_MYSQL] = "the greeting",
    };

    if (is_of_lines(talk->protocol) && talk->step == STEP_GREETING)
        return "the greeting";
    if (talk->protocol == STARTTLS_SMTP && talk->step == STEP_ABILITIES)
        return "the answer to EHLO";
    return answers[talk->protocol];
}

const char *starttls_error(const struct starttls_talk *talk)
{
    return talk->error;
}
