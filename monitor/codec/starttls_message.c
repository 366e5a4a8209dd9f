/* SPDX-License-Identifier: Apache-2.0 */
/* The three protocols of messages: LDAP (RFC 4511, 4.14: an extended operation in BER), PostgreSQL
 * (one letter) and MySQL (the greeting says whether there is TLS; nobody says yes to the request).
 * Each message says how long it is, and what does not is none. */
#include "starttls_form.h"

#include <string.h>

enum { LENGTH_UNKNOWN = 0 };

/* ---- what we say ---- */

/* SEQUENCE { 1, [APPLICATION 23] { [0] "1.3.6.1.4.1.1466.20037" } } */
static const char ldap_request[] = "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
                                   "1.3.6.1.4.1.1466.20037";

/* Eight bytes long, and a version of the protocol that is none: 1234.5679. */
static const char postgres_request[] = "\x00\x00\x00\x08\x04\xd2\x16\x2f";

/* Long passwords, protocol 4.1, TLS, secure passwords, plugins; 16 MiB to a message; UTF-8. */
const uint8_t starttls_mysql_login[STARTTLS_MYSQL_LOGIN] = {0x01, 0x8a, 0x08, 0, 0, 0, 0, 1, 45};

void starttls_say_first(struct starttls_talk *talk)
{
    if (talk->protocol == STARTTLS_LDAP)
        starttls_set_say(talk, ldap_request, sizeof(ldap_request) - 1);
    else if (talk->protocol == STARTTLS_POSTGRES)
        starttls_set_say(talk, postgres_request, sizeof(postgres_request) - 1);
}

static enum starttls_progress refuse_message(struct starttls_talk *talk, const char *protocol)
{
    char quote[STARTTLS_QUOTE_SIZE];

    starttls_quote(quote, talk->piece, talk->held);
    return starttls_refuse(talk, "%s is no message of %s: \"%s\"", starttls_where(talk), protocol,
                           quote);
}

/* ---- LDAP ---- */

struct ber {
    const uint8_t *at;
    size_t left;
};

/* The length that begins here, in the definite form, of at most two bytes behind the first. Returns
 * how many bytes it takes; 0: too few are there. */
static size_t read_length(const uint8_t *at, size_t left, size_t *ret_length)
{
    if (left > 0 && at[0] < 0x80) {
        *ret_length = at[0];
        return 1;
    }
    if (left > 1 && at[0] == 0x81) {
        *ret_length = at[1];
        return 2;
    }
    if (left > 2 && at[0] == 0x82) {
        *ret_length = (size_t)at[1] << 8 | at[2];
        return 3;
    }
    return 0;
}

static bool take(struct ber *from, uint8_t tag, struct ber *ret_value)
{
    size_t length = 0;
    size_t head;

    if (from->left < 2 || from->at[0] != tag)
        return false;
    head = read_length(from->at + 1, from->left - 1, &length);
    if (head == 0 || length > from->left - 1 - head)
        return false;
    *ret_value = (struct ber){from->at + 1 + head, length};
    from->at = ret_value->at + length;
    from->left -= 1 + head + length;
    return true;
}

/* One byte is enough for what we asked, and for all results there are. */
static bool take_number(struct ber *from, uint8_t tag, unsigned *ret_number)
{
    struct ber value;

    if (!take(from, tag, &value) || value.left != 1 || value.at[0] >= 0x80)
        return false;
    *ret_number = value.at[0];
    return true;
}

static size_t ldap_length(const uint8_t *bytes, size_t held, bool *ret_is_none)
{
    size_t length = 0;
    size_t head = read_length(bytes + 1, held - 1, &length);

    *ret_is_none = bytes[0] != 0x30 || (held > 1 && bytes[1] > 0x82) || (held > 3 && head == 0);
    return head == 0 ? LENGTH_UNKNOWN : 1 + head + length;
}

/* Message 0 is the server's good-bye, whatever its result is. */
static enum starttls_progress take_ldap(struct starttls_talk *talk)
{
    struct ber all = {talk->piece, talk->held};
    struct ber message, answer, ignored, words;
    char quote[STARTTLS_QUOTE_SIZE];
    unsigned number;
    unsigned code;

    if (!take(&all, 0x30, &message) || !take_number(&message, 0x02, &number) ||
        !take(&message, 0x78, &answer) || !take_number(&answer, 0x0a, &code) ||
        !take(&answer, 0x04, &ignored) || !take(&answer, 0x04, &words) || number > 1)
        return refuse_message(talk, "LDAP");
    if (number == 1 && code == 0)
        return STARTTLS_GO;
    starttls_quote(quote, words.at, words.left);
    return starttls_refuse(talk, "%s was result %u: \"%s\"", starttls_where(talk), code, quote);
}

/* ---- PostgreSQL ---- */

static size_t postgres_length(const uint8_t *bytes, size_t held, bool *ret_is_none)
{
    *ret_is_none = bytes[0] != 'S' && bytes[0] != 'N' && bytes[0] != 'E';
    if (bytes[0] != 'E')
        return 1;
    if (held < 5)
        return LENGTH_UNKNOWN;
    *ret_is_none = bytes[1] != 0 || bytes[2] != 0;
    return 1 + ((size_t)bytes[3] << 8 | bytes[4]);
}

/* Of the fields of an error the one with the message; of none, nothing. */
static void quote_error(char quote[STARTTLS_QUOTE_SIZE], const uint8_t *fields, size_t length)
{
    quote[0] = '\0';
    while (length > 1) {
        const uint8_t *end = memchr(fields, '\0', length);
        size_t field = end != NULL ? (size_t)(end - fields) : length;

        if (fields[0] == 'M') {
            starttls_quote(quote, fields + 1, field - 1);
            return;
        }
        if (end == NULL)
            return;
        fields += field + 1;
        length -= field + 1;
    }
}

static enum starttls_progress take_postgres(struct starttls_talk *talk)
{
    char quote[STARTTLS_QUOTE_SIZE];

    if (talk->piece[0] == 'S')
        return STARTTLS_GO;
    if (talk->piece[0] == 'N')
        return starttls_refuse(talk, "%s was \"N\": the server has no TLS", starttls_where(talk));
    if (talk->held < 5)
        return refuse_message(talk, "PostgreSQL");
    quote_error(quote, talk->piece + 5, talk->held - 5);
    return starttls_refuse(talk, "%s was an error: \"%s\"", starttls_where(talk), quote);
}

/* ---- MySQL ---- */

enum { MYSQL_HEAD = 4, MYSQL_AFTER_VERSION = 4 + 8 + 1, MYSQL_TLS = 0x0800 };

static size_t mysql_length(const uint8_t *bytes, size_t held, bool *ret_is_none)
{
    if (held < MYSQL_HEAD)
        return LENGTH_UNKNOWN;
    *ret_is_none = bytes[2] != 0 || (bytes[0] == 0 && bytes[1] == 0);
    return MYSQL_HEAD + ((size_t)bytes[1] << 8 | bytes[0]);
}

/* An error comes in the place of a greeting: too many connections, host blocked. */
static enum starttls_progress refuse_mysql_error(struct starttls_talk *talk)
{
    const uint8_t *error = talk->piece + MYSQL_HEAD;
    size_t length = talk->held - MYSQL_HEAD;
    char quote[STARTTLS_QUOTE_SIZE];

    if (length < 3)
        return refuse_message(talk, "MySQL");
    starttls_quote(quote, error + 3, length - 3);
    return starttls_refuse(talk, "%s was error %u: \"%s\"", starttls_where(talk),
                           (unsigned)error[2] << 8 | error[1], quote);
}

/* Version 10 of the protocol, the server's version, and then its abilities. The request is how a
 * login begins; the whole of it would go over TLS. */
static enum starttls_progress take_mysql(struct starttls_talk *talk)
{
    const uint8_t *greeting = talk->piece + MYSQL_HEAD;
    size_t length = talk->held - MYSQL_HEAD;
    const uint8_t *end = memchr(greeting, '\0', length);
    uint8_t request[MYSQL_HEAD + STARTTLS_MYSQL_LOGIN] = {STARTTLS_MYSQL_LOGIN, 0, 0, 1};
    const uint8_t *abilities;
    char version[STARTTLS_QUOTE_SIZE];

    if (greeting[0] == 0xff)
        return refuse_mysql_error(talk);
    if (greeting[0] != 10 || end == NULL ||
        length - (size_t)(end - greeting) < 1 + MYSQL_AFTER_VERSION + 2)
        return refuse_message(talk, "MySQL");
    abilities = end + 1 + MYSQL_AFTER_VERSION;
    if ((((unsigned)abilities[1] << 8 | abilities[0]) & MYSQL_TLS) == 0) {
        starttls_quote(version, greeting + 1, (size_t)(end - greeting) - 1);
        return starttls_refuse(talk, "%s offers no TLS (version %s)", starttls_where(talk),
                               version);
    }
    memcpy(request + MYSQL_HEAD, starttls_mysql_login, STARTTLS_MYSQL_LOGIN);
    starttls_set_say(talk, request, sizeof(request));
    return STARTTLS_GO;
}

/* ---- by protocol ---- */

static const struct {
    const char *name;
    /* The length of the message that begins so, of at least one byte. */
    size_t (*length)(const uint8_t *bytes, size_t held, bool *ret_is_none);
    enum starttls_progress (*take)(struct starttls_talk *talk);
} protocols[STARTTLS_COUNT] = {
    [STARTTLS_LDAP] = {"LDAP", ldap_length, take_ldap},
    [STARTTLS_POSTGRES] = {"PostgreSQL", postgres_length, take_postgres},
    [STARTTLS_MYSQL] = {"MySQL", mysql_length, take_mysql},
};

enum starttls_progress starttls_message_is_whole(struct starttls_talk *talk, bool *ret_is_whole)
{
    bool is_none = false;
    size_t length = protocols[talk->protocol].length(talk->piece, talk->held, &is_none);

    if (is_none)
        return refuse_message(talk, protocols[talk->protocol].name);
    if (length > STARTTLS_PIECE_MAX)
        return starttls_refuse(talk, "%s is a message of %zu bytes, more than %d",
                               starttls_where(talk), length, STARTTLS_PIECE_MAX);
    *ret_is_whole = length != LENGTH_UNKNOWN && talk->held >= length;
    return STARTTLS_MORE;
}

enum starttls_progress starttls_take_message(struct starttls_talk *talk)
{
    return protocols[talk->protocol].take(talk);
}
