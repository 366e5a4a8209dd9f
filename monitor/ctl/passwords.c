/* SPDX-License-Identifier: Apache-2.0 */
#include "passwords.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../settings/arena.h"
#include "../settings/secret.h"
#include "durable.h"
#include "settings.h"

enum { RANDOM_BYTES = 32 };

struct passwords {
    char *folder; /* absolute; NULL: none */
    char path[PATH_MAX];
    const char *taken_user; /* of passwords_take() */
    const char *taken;
    struct settings_arena *arena;
};

/* ---- the folder ---- */

/* Who may write there could put a password of his own. */
static int judge_folder(const char *folder)
{
    struct stat status;

    if (stat(folder, &status) < 0) {
        fprintf(stderr, "regionshift: --passwords %s: %s\n", folder, strerror(errno));
        return -1;
    }
    if (!S_ISDIR(status.st_mode)) {
        fprintf(stderr, "regionshift: --passwords %s: is not a folder\n", folder);
        return -1;
    }
    if ((status.st_uid != geteuid() && status.st_uid != 0) ||
        (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        fprintf(stderr,
                "regionshift: --passwords %s: belongs to user %u, mode %03o; it must be yours or "
                "root's, and nobody else may write there: chmod 700\n",
                folder, (unsigned)status.st_uid, (unsigned)(status.st_mode & 0777));
        return -1;
    }
    return 0;
}

/* The absolute form, also of a folder that is not there yet. */
static char *absolute(const char *folder)
{
    char here[PATH_MAX];
    char *path;

    if (folder[0] == '/')
        return strdup(folder);
    if (getcwd(here, sizeof(here)) == NULL || asprintf(&path, "%s/%s", here, folder) < 0)
        return NULL;
    return path;
}

int passwords_open(const char *folder, struct passwords **ret_passwords)
{
    struct passwords *passwords = calloc(1, sizeof(*passwords));

    if (passwords != NULL)
        passwords->arena = arena_create(NULL);
    if (passwords != NULL && folder != NULL)
        passwords->folder = absolute(folder);
    if (passwords == NULL || passwords->arena == NULL ||
        (folder != NULL && passwords->folder == NULL)) {
        fputs("regionshift: out of memory\n", stderr);
        passwords_close(passwords);
        return -1;
    }
    if (folder != NULL && access(passwords->folder, F_OK) == 0 &&
        judge_folder(passwords->folder) < 0) {
        passwords_close(passwords);
        return -1;
    }
    *ret_passwords = passwords;
    return 0;
}

void passwords_close(struct passwords *passwords)
{
    if (passwords == NULL)
        return;
    arena_destroy(passwords->arena);
    free(passwords->folder);
    free(passwords);
}

const char *passwords_path(struct passwords *passwords, const char *user)
{
    passwords->path[0] = '\0';
    if (passwords->folder != NULL)
        snprintf(passwords->path, sizeof(passwords->path), "%s/%s", passwords->folder, user);
    return passwords->path;
}

/* ---- passwords ---- */

static int read_reference(struct passwords *passwords, const char *reference, const char *what,
                          const char **ret_password)
{
    char error[256] = "";

    if (secret_read(reference, passwords->arena, ret_password, error, sizeof(error)) == 0)
        return 0;
    fprintf(stderr, "regionshift: %s%s: %s\n", what, reference,
            error[0] != '\0' ? error : "out of memory");
    return -1;
}

int passwords_take(struct passwords *passwords, const char *user, const char *reference)
{
    if (!secret_is_reference(reference)) {
        fputs(
            "regionshift: --admin-password: must be file:PATH with an absolute path, or env:NAME; "
            "a password itself does not belong on a command line\n",
            stderr);
        return -1;
    }
    passwords->taken_user = user;
    return read_reference(passwords, reference, "--admin-password ", &passwords->taken);
}

int passwords_find(struct passwords *passwords, const char *user, const char **ret_password)
{
    char reference[PATH_MAX + 8];

    *ret_password = NULL;
    if (passwords->taken_user != NULL && strcmp(passwords->taken_user, user) == 0) {
        *ret_password = passwords->taken;
        return 0;
    }
    if (passwords->folder == NULL || access(passwords_path(passwords, user), F_OK) < 0)
        return 0;
    snprintf(reference, sizeof(reference), "file:%s", passwords->path);
    return read_reference(passwords, reference, "", ret_password);
}

/* 256 random bits as hexadecimal digits, which no shell or file format turns into anything. */
static int write_random(const char *path)
{
    unsigned char bytes[RANDOM_BYTES];
    char text[2 * RANDOM_BYTES + 2];
    ssize_t got = getrandom(bytes, sizeof(bytes), 0);
    int rc;

    assert(got == RANDOM_BYTES); /* so few come whole, says getrandom(2) */
    for (size_t i = 0; i < RANDOM_BYTES; i++)
        snprintf(&text[2 * i], 3, "%02x", bytes[i]);
    text[2 * RANDOM_BYTES] = '\n';
    rc = durable_write(path, text, 2 * RANDOM_BYTES + 1);
    explicit_bzero(bytes, sizeof(bytes));
    explicit_bzero(text, sizeof(text));
    return rc;
}

int passwords_make(struct passwords *passwords, const char *user, const char **ret_password)
{
    int rc = passwords_find(passwords, user, ret_password);

    if (rc < 0 || *ret_password != NULL)
        return rc;
    if (passwords->folder == NULL) {
        fprintf(stderr, "regionshift: a password for the user %s has to be made: --passwords DIR\n",
                user);
        return -1;
    }
    rc = durable_folder(passwords->folder);
    if (rc == 0 && judge_folder(passwords->folder) < 0)
        return -1;
    if (rc == 0)
        rc = write_random(passwords_path(passwords, user));
    if (rc < 0) {
        fprintf(stderr, "regionshift: %s: %s\n", passwords_path(passwords, user), strerror(-rc));
        return -1;
    }
    return passwords_find(passwords, user, ret_password);
}
