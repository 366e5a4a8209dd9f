/* SPDX-License-Identifier: Apache-2.0 */
/* secret.c: open first, judge what was opened, so that nobody can swap the file in between. */
#include "secret.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECRET_MAX = 4096 };

bool secret_is_reference(const char *text)
{
    if (strncmp(text, "env:", 4) == 0) {
        for (const char *c = text + 4; *c != '\0'; c++) {
            if (!isalnum((unsigned char)*c) && *c != '_')
                return false;
        }
        return text[4] != '\0';
    }
    return strncmp(text, "file:/", 6) == 0;
}

/* systemd hands credentials over in a directory only the service can enter; their own mode may
 * show the mask of an access list and says nothing. */
static bool is_credential(const char *path)
{
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    size_t length = directory == NULL ? 0 : strlen(directory);
    return length > 0 && strncmp(path, directory, length) == 0 && path[length] == '/' &&
           strstr(path + length, "/../") == NULL;
}

/* Another user's file could be changed under us. Root is nobody's victim there, and tests settings
 * (-t) for the user that the service will run as. */
static bool is_owner_trusted(uid_t owner)
{
    return owner == geteuid() || owner == 0 || geteuid() == 0;
}

static int judge_file(int file, const char *path, char *error, size_t error_size)
{
    struct stat status;
    if (fstat(file, &status) < 0 || !S_ISREG(status.st_mode)) {
        snprintf(error, error_size, "is not a regular file");
        return -1;
    }
    if (is_credential(path))
        return 0;
    if (!is_owner_trusted(status.st_uid)) {
        snprintf(error, error_size, "belongs to user %u; it must be this user's (%u) or root's",
                 (unsigned)status.st_uid, (unsigned)geteuid());
        return -1;
    }
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        snprintf(error, error_size,
                 "can be reached by group or others (mode %03o); allow its owner only: chmod 600",
                 (unsigned)(status.st_mode & 0777));
        return -1;
    }
    return 0;
}

/* Returns the length read, or -1. One byte more than allowed is read, to see that there is more. */
static ssize_t read_all(int file, char *buffer, size_t size)
{
    size_t length = 0;
    while (length < size) {
        ssize_t got = read(file, buffer + length, size - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        length += (size_t)got;
    }
    return (ssize_t)length;
}

/* Cuts the newline an editor leaves, and refuses what no password, key or word holds. */
static int keep(const char *text, size_t length, struct settings_arena *arena,
                const char **ret_value, char *error, size_t error_size)
{
    if (length > 0 && text[length - 1] == '\n')
        length--;
    if (length > 0 && text[length - 1] == '\r')
        length--;
    if (length == 0 || length > SECRET_MAX) {
        snprintf(error, error_size, "%s; a secret of 1 to %d bytes is allowed",
                 length == 0 ? "is empty" : "is too long", SECRET_MAX);
        return -1;
    }
    for (size_t i = 0; i < length; i++) {
        if (iscntrl((unsigned char)text[i])) {
            snprintf(error, error_size, "holds a control character; one line of text is allowed");
            return -1;
        }
    }
    const char *value = arena_copy(arena, text, length);
    if (value == NULL)
        return -1;
    *ret_value = value;
    return 0;
}

static int read_file(const char *path, struct settings_arena *arena, const char **ret_value,
                     char *error, size_t error_size)
{
    char buffer[SECRET_MAX + 3];
    int result = -1;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0) {
        snprintf(error, error_size, "cannot be read: %s", strerror(errno));
        return -1;
    }
    if (judge_file(file, path, error, error_size) < 0)
        goto out;
    ssize_t length = read_all(file, buffer, sizeof buffer);
    if (length < 0)
        snprintf(error, error_size, "cannot be read: %s", strerror(errno));
    else
        result = keep(buffer, (size_t)length, arena, ret_value, error, error_size);
out:
    explicit_bzero(buffer, sizeof buffer);
    close(file);
    return result;
}

int secret_read(const char *reference, struct settings_arena *arena, const char **ret_value,
                char *error, size_t error_size)
{
    error[0] = '\0';
    if (strncmp(reference, "file:", 5) == 0)
        return read_file(reference + 5, arena, ret_value, error, error_size);
    const char *value = getenv(reference + 4);
    if (value == NULL) {
        snprintf(error, error_size, "is not set in the environment");
        return -1;
    }
    return keep(value, strlen(value), arena, ret_value, error, error_size);
}
