/* SPDX-License-Identifier: Apache-2.0 */
#include "durable.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, text, length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        text += n;
        length -= (size_t)n;
    }
    return 0;
}

/* Writes and syncs a fresh file. */
static int write_file(const char *path, const char *text, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    int rc;

    if (fd < 0)
        return -errno;
    rc = write_all(fd, text, length);
    if (rc == 0 && fsync(fd) < 0)
        rc = -errno;
    if (close(fd) < 0 && rc == 0)
        rc = -errno;
    return rc;
}

/* The folder of a path: what is before the last slash. */
static int folder_of(const char *path, char folder[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    size_t length = slash != NULL ? (size_t)(slash - path) : 0;

    if (length >= PATH_MAX)
        return -ENAMETOOLONG;
    if (slash == NULL) {
        memcpy(folder, ".", 2);
        return 0;
    }
    memcpy(folder, path, length);
    folder[length] = '\0';
    if (length == 0)
        memcpy(folder, "/", 2);
    return 0;
}

static int sync_folder(const char *path)
{
    char folder[PATH_MAX];
    int rc = folder_of(path, folder);
    int fd;

    if (rc < 0)
        return rc;
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fsync(fd) < 0)
        rc = -errno;
    close(fd);
    return rc;
}

int durable_write(const char *path, const char *text, size_t length)
{
    char beside[PATH_MAX];
    int rc;

    if (snprintf(beside, sizeof(beside), "%s.new", path) >= (int)sizeof(beside))
        return -ENAMETOOLONG;
    rc = write_file(beside, text, length);
    if (rc == 0 && rename(beside, path) < 0)
        rc = -errno;
    if (rc < 0) {
        unlink(beside);
        return rc;
    }
    return sync_folder(path);
}

/* Reads an open file of a known size. */
static int read_all(int fd, size_t size, char **ret_text, size_t *ret_length)
{
    char *text = malloc(size + 1);
    size_t used = 0;
    ssize_t n = 1;

    if (text == NULL)
        return -ENOMEM;
    while (used < size && n != 0) {
        n = read(fd, text + used, size - used);
        if (n < 0 && errno != EINTR) {
            int error = errno;

            free(text);
            return -error;
        }
        used += n > 0 ? (size_t)n : 0;
    }
    text[used] = '\0';
    *ret_text = text;
    *ret_length = used;
    return 0;
}

int durable_read(const char *path, char **ret_text, size_t *ret_length)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int rc;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &status) < 0)
        rc = -errno;
    else if (!S_ISREG(status.st_mode))
        rc = -EINVAL;
    else if (status.st_size > DURABLE_MAX)
        rc = -EFBIG;
    else
        rc = read_all(fd, (size_t)status.st_size, ret_text, ret_length);
    close(fd);
    return rc;
}

int durable_folder(const char *path)
{
    char part[PATH_MAX];
    size_t length = strlen(path);

    if (length >= sizeof(part))
        return -ENAMETOOLONG;
    memcpy(part, path, length + 1);
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        part[i] = '\0';
        if (mkdir(part, 0700) < 0 && errno != EEXIST)
            return -errno;
        part[i] = path[i];
    }
    return 0;
}
