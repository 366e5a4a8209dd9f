/* SPDX-License-Identifier: Apache-2.0 */
/* client.h: requests to one daemon, one after another. What goes wrong on the way is said on stderr
 * with what to try; what the daemon answers comes back. */
#ifndef REGIONSHIFT_CTL_CLIENT_H
#define REGIONSHIFT_CTL_CLIENT_H

#include "ctl.h"

struct client;

/* Finds the daemon: -s, or the control socket that the settings file names. 0 or an exit code. */
int client_open(const struct arguments *arguments, struct client **ret_client);
void client_close(struct client *client); /* accepts NULL */

struct reply {
    long status;
    char *text;   /* the body as it came */
    json_t *body; /* never NULL after success */
};

/* body: NULL for GET; taken over. 0 (whatever the status is) or an exit code. */
int client_ask(struct client *client, const char *path, json_t *body, struct reply *ret_reply);
void reply_clear(struct reply *reply);

/* The exit code of an reply. Errors are said on stderr. */
int reply_code(const struct reply *reply);

/* The usual way: asks, prints the body with --json, says errors. True: ret_reply is a good answer
 * to be shown and cleared. False: all is done, *ret_code is the exit code. */
bool client_show(const struct arguments *arguments, const char *path, json_t *body,
                 struct reply *ret_reply, int *ret_code);

/* Appends "PREFIX" and text, percent-encoded, to a path. */
void path_add(char *path, size_t size, const char *prefix, const char *text);

#endif
