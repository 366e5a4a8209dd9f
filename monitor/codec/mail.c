/* SPDX-License-Identifier: Apache-2.0 */
/* One message, made of parts that were all checked or escaped before: a header line is written by
 * one function only, which lets no CR or LF through, whatever happened earlier. */
#define _POSIX_C_SOURCE 200809L /* gmtime_r, open_memstream */
#include "mail.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "result.h"

/* A body line this long is broken (RFC 5322 allows 998); 900 leaves room and reads no worse. */
enum { LINE_MAX_LENGTH = 900, HEADER_MAX = 900 };

static bool is_address_byte(unsigned char byte)
{
    return byte > 0x20 && byte < 0x7f && strchr("<>()[]\\,;:\"", byte) == NULL;
}

int mail_address(const char *text, char *out, size_t size)
{
    const char *open = strchr(text, '<');
    const char *start = open != NULL ? open + 1 : text;
    size_t length = 0;
    unsigned at_count = 0;

    for (const char *p = text; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f)
            return -1;
    }
    while (is_address_byte((unsigned char)start[length])) {
        at_count += start[length] == '@';
        length++;
    }
    if (strcmp(start + length, open != NULL ? ">" : "") != 0)
        return -1;
    if (at_count != 1 || start[0] == '@' || start[length - 1] == '@' || length >= size ||
        length > MAIL_ADDRESS_MAX)
        return -1;
    memcpy(out, start, length);
    out[length] = '\0';
    return 0;
}

static void header(FILE *out, const char *name, const char *value)
{
    char safe[HEADER_MAX];

    text_escape(safe, sizeof(safe), value, strlen(value));
    fprintf(out, "%s: %s\r\n", name, safe);
}

static void header_number(FILE *out, const char *name, uint64_t value)
{
    fprintf(out, "%s: %" PRIu64 "\r\n", name, value);
}

/* RFC 5322 date in UTC, in English whatever the locale. */
static void header_date(FILE *out, wall_t at_wall)
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t at = (time_t)(at_wall / 1000);
    struct tm tm;

    if (at_wall < 0 || gmtime_r(&at, &tm) == NULL || tm.tm_year > 9999 - 1900)
        return; /* the relay adds a date to a message that has none */
    fprintf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday], tm.tm_mday,
            months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Recipients, one a line: a long list never makes a long line. */
static int header_to(FILE *out, const struct mail *mail)
{
    char address[MAIL_ADDRESS_MAX + 1];

    for (size_t i = 0; i < mail->to_count; i++) {
        if (mail_address(mail->to[i], address, sizeof(address)) != 0 ||
            strlen(mail->to[i]) > LINE_MAX_LENGTH)
            return -1;
        fprintf(out, "%s%s", i == 0 ? "To: " : ",\r\n ", mail->to[i]);
    }
    fputs("\r\n", out);
    return 0;
}

/* The message's id is the notice's, so a duplicate is known as one; the root, which no message
 * bears, makes mail programs show one thread for an incident. */
static void header_ids(FILE *out, const struct mail *mail, const char *domain)
{
    const struct notice_stamp root_stamp = {0};
    struct notice root = *mail->notice;
    char id[NOTICE_ID_LENGTH + 1];

    notice_id(mail->notice, mail->stamp, id);
    fprintf(out, "Message-ID: <%s@%s>\r\n", id, domain);
    root.phase = ALERT_OPEN;
    notice_id(&root, &root_stamp, id);
    fprintf(out, "References: <%s@%s>\r\n", id, domain);
}

static void header_subject(FILE *out, const struct notice *notice)
{
    char subject[ALERT_SUBJECT_MAX + 64];

    snprintf(subject, sizeof(subject), "[regionshift] %s: %s",
             notice->phase == ALERT_RESOLVED ? "resolved" : severity_name(notice->severity),
             notice->subject);
    header(out, "Subject", subject);
}

static void header_facts(FILE *out, const struct mail *mail)
{
    const struct notice *notice = mail->notice;

    header(out, "X-Regionshift-Event", alert_event_name(notice->event));
    header(out, "X-Regionshift-Phase", phase_name(notice->phase));
    header(out, "X-Regionshift-Severity", severity_name(notice->severity));
    header(out, "X-Regionshift-Incident", notice->incident);
    header_number(out, "X-Regionshift-Count", mail->stamp->count);
    header(out, "X-Regionshift-Probe", notice->probe);
    if (notice->group[0] != '\0')
        header(out, "X-Regionshift-Group", notice->group);
    if (notice->region[0] != '\0')
        header(out, "X-Regionshift-Region", notice->region);
    if (notice->epoch != 0)
        header_number(out, "X-Regionshift-Epoch", notice->epoch);
    header(out, "Auto-Submitted", "auto-generated");
    header(out, "MIME-Version", "1.0");
    header(out, "Content-Type", "text/plain; charset=us-ascii");
    header(out, "Content-Transfer-Encoding", "7bit");
}

static void body(FILE *out, const char *text)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        size_t shown = length > LINE_MAX_LENGTH ? LINE_MAX_LENGTH : length;

        fwrite(text, 1, shown, out);
        fputs("\r\n", out);
        text += shown;
        if (shown == length && *text == '\n')
            text++;
    }
}

char *mail_format(const struct mail *mail)
{
    char from[MAIL_ADDRESS_MAX + 1];
    char *message = NULL;
    size_t size = 0;
    int rc = 0;
    FILE *out = NULL;

    if (mail->to_count == 0 || mail_address(mail->from, from, sizeof(from)) != 0)
        return NULL;
    out = open_memstream(&message, &size);
    if (out == NULL)
        return NULL;
    header_date(out, mail->date_wall);
    header(out, "From", mail->from);
    rc = header_to(out, mail);
    header_subject(out, mail->notice);
    header_ids(out, mail, strchr(from, '@') + 1);
    header_facts(out, mail);
    fputs("\r\n", out);
    body(out, mail->notice->text);
    if (ferror(out) != 0)
        rc = -1;
    if (fclose(out) != 0 || rc != 0) {
        free(message);
        return NULL;
    }
    return message;
}
