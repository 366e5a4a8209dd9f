/* SPDX-License-Identifier: Apache-2.0 */
/* event_text.h: an event as one line of text and back: the form in which a journal is kept and
 * replayed. A line is one JSON object with names instead of indices:
 *
 *     {"at":12000,"event":"result","check":0,"site":"pizza/us-east-1","class":"bad",...}
 *
 * Reading needs settings that know every name: what was recorded under other settings is refused,
 * because a replay under them would prove nothing. */
#ifndef REGIONSHIFT_EVENT_TEXT_H
#define REGIONSHIFT_EVENT_TEXT_H

#include <stddef.h>

#include "event.h"
#include "settings.h"

enum {
    EVENT_TEXT_MAX = 1024 * 1024, /* bytes of a line; a zone of 2,000 record sets fits */
    EVENT_SETS_MAX = 4096,        /* record sets of a zone view in a line */
    EVENT_VALUES_MAX = 400        /* values of one record set: Route 53's own limit */
};

/* An event that was read, with all it points to. */
struct event_copy;

/* Writes one line without its newline. Returns the length, or -1 when it does not fit (or holds
 * bytes that are no UTF-8: nothing that came through our readers does). */
int event_text_write(const struct settings *settings, const struct event *event, char *out,
                     size_t size);

/* Reads one line. The settings must outlive the copy. Returns 0 and a copy the caller destroys, or
 * -1 with a sentence in error. */
int event_text_read(const struct settings *settings, const char *text, size_t length,
                    struct event_copy **ret_copy, char *error, size_t error_size);

const struct event *event_copy_event(const struct event_copy *copy);

/* Accepts NULL. */
void event_copy_destroy(struct event_copy *copy);

#endif
