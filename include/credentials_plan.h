/* SPDX-License-Identifier: Apache-2.0 */
/* credentials_plan.h: which credentials an environment and two files mean. Pure: a table of what is
 * said there goes in, a plan comes out, and carrying it out decides nothing any more.
 *
 * The order is that of AWS's own tools, and the first source that is *said* is the one that is
 * meant: if it fails, the search has failed. To go on would be to act as somebody else.
 *
 *   environment -> role of the profile -> web identity -> keys of the shared file -> process
 *   -> keys of the config file -> container -> machine
 *
 * Every plan is one base, and the roles to be assumed on top of it, one after the other. */
#ifndef REGIONSHIFT_CREDENTIALS_PLAN_H
#define REGIONSHIFT_CREDENTIALS_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "credentials_file.h"
#include "credentials_json.h"

enum {
    CREDENTIALS_HOPS_MAX = 8,
    CREDENTIALS_ERROR_MAX = 1024,
    CREDENTIALS_AUTHORIZATION_MAX = 16 * 1024
};

/* A file's text; NULL: there is none. path: as it is shown; "" when there is no home. */
struct credentials_text {
    const char *path;
    const char *text;
    size_t length;
};

/* What a plan is made from; all borrowed. */
struct credentials_world {
    const char *(*variable)(void *context, const char *name); /* never NULL */
    void *context;
    const char *profile;      /* of the settings, "" none */
    const char *session_name; /* of roles whose profile names none */
    struct credentials_text shared;
    struct credentials_text config;
};

enum credentials_base {
    CREDENTIALS_BASE_KEYS,      /* of environment or file: in the plan */
    CREDENTIALS_BASE_PROCESS,   /* command */
    CREDENTIALS_BASE_WEB,       /* web, token_file */
    CREDENTIALS_BASE_CONTAINER, /* url, token_file or authorization */
    CREDENTIALS_BASE_MACHINE    /* url */
};

struct credentials_hop {
    char arn[CREDENTIALS_ARN_MAX + 1];
    char external_id[CREDENTIALS_EXTERNAL_ID_MAX + 1];
    char session_name[CREDENTIALS_SESSION_MAX + 1];
    unsigned duration_s; /* 0: STS's own default */
};

/* Large, and full of secrets: not an automatic variable, and to be wiped. */
struct credentials_plan {
    enum credentials_base base;
    struct credentials_lease lease;
    char origin[CREDENTIALS_PROFILE_MAX + 64]; /* for people: "the environment", "profile x" */
    char command[CREDENTIALS_COMMAND_MAX + 1];
    char token_file[CREDENTIALS_PATH_MAX + 1];
    char authorization[CREDENTIALS_AUTHORIZATION_MAX + 1];
    char url[CREDENTIALS_URL_MAX + 1];
    struct credentials_hop web;
    struct credentials_hop hops[CREDENTIALS_HOPS_MAX]; /* the first to be assumed first */
    unsigned hop_count;
    char region[CREDENTIALS_REGION_MAX + 1]; /* whose STS to ask; "" : nothing says */
    char tried[CREDENTIALS_ERROR_MAX];       /* why it is no source before this one */
};

/* False when the environment says it all: no disk is waited for. */
bool credentials_plan_needs_files(const struct credentials_world *world);

/* Returns 0, or -1 with a sentence in error, escaped. */
int credentials_plan_make(const struct credentials_world *world, struct credentials_plan *ret_plan,
                          char *error, size_t error_size);

void credentials_plan_wipe(struct credentials_plan *plan);

/* A token as an Authorization header may carry it: line ends behind it are cut off. Returns its
 * length, or -1 when there is none, or a character that would break the header. */
int credentials_token_length(const char *text, size_t length);

/* Where a container's credentials may be asked for: any https; without TLS this machine and the
 * three addresses that ECS and EKS promise. 0, or -1 with a sentence in error. */
int credentials_url_check(const char *url, char *error, size_t error_size);

/* http:// or https://, a host, and nothing in it that only looks like one. */
bool credentials_url_is_plain(const char *url);

#endif
