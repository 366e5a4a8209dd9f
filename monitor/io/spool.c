/* SPDX-License-Identifier: Apache-2.0 */
/* Files are named by a number that only rises, so their order is the order of raising:
 *
 *     0000000000000007.alert     the record, then lines of progress
 *     0000000000000007.corrupt   could not be read; kept for a person
 *     .new                       being written; never more than one
 *
 * A record appears under its name only complete (write, fsync, rename, fsync of the folder). */
#include "spool.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_NAME_MAX = 16 + sizeof(".corrupt") };
static const char new_name[] = ".new";

struct spool {
    int folder; /* locked with flock(2) */
    uint64_t next_id;
};

/* ---- names ---- */

static void file_name(uint64_t id, const char *suffix, char ret_name[FILE_NAME_MAX])
{
    snprintf(ret_name, FILE_NAME_MAX, "%016" PRIx64 "%s", id, suffix);
}

/* 0 and the number of "NUMBER.alert" or "NUMBER.corrupt"; -1: not ours. */
static int name_parse(const char *name, bool *ret_is_alert, uint64_t *ret_id)
{
    char *end = NULL;
    uint64_t id;

    if (strspn(name, "0123456789abcdef") != 16)
        return -1;
    id = strtoull(name, &end, 16);
    if (id > INT64_MAX || (strcmp(end, ".alert") != 0 && strcmp(end, ".corrupt") != 0))
        return -1;
    *ret_is_alert = strcmp(end, ".alert") == 0;
    *ret_id = id;
    return 0;
}

/* ---- open and close ---- */

static int folder_open(const char *path)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return -errno;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    return fd >= 0 ? fd : -errno;
}

static int folder_open_and_lock(const char *path, char *error, size_t error_size)
{
    int fd = folder_open(path);
    int rc;

    if (fd < 0) {
        snprintf(error, error_size, "alert spool %s: %s", path, strerror(-fd));
        return fd;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    rc = errno == EWOULDBLOCK ? -EBUSY : -errno;
    snprintf(error, error_size, "alert spool %s: %s", path,
             rc == -EBUSY ? "in use by another regionshiftd" : strerror(-rc));
    close(fd);
    return rc;
}

int spool_open(const char *folder, struct spool **ret_spool, char *error, size_t error_size)
{
    char path[4096];
    struct spool *spool = NULL;
    int fd = folder_open(folder); /* creates it */

    if (fd < 0) {
        snprintf(error, error_size, "alert spool %s: %s", folder, strerror(-fd));
        return fd;
    }
    close(fd);
    if (snprintf(path, sizeof(path), "%s/alerts", folder) >= (int)sizeof(path)) {
        snprintf(error, error_size, "alert spool: its path is longer than %zu", sizeof(path));
        return -ENAMETOOLONG;
    }
    fd = folder_open_and_lock(path, error, error_size);
    if (fd < 0)
        return fd;
    spool = malloc(sizeof(*spool));
    if (spool == NULL) {
        close(fd);
        snprintf(error, error_size, "alert spool: no memory");
        return -ENOMEM;
    }
    *spool = (struct spool){.folder = fd, .next_id = 1};
    *ret_spool = spool;
    return 0;
}

void spool_close(struct spool *spool)
{
    if (spool == NULL)
        return;
    close(spool->folder);
    free(spool);
}

/* ---- add, note, remove ---- */

static int write_all(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, data, length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        data += n;
        length -= (size_t)n;
    }
    return 0;
}

static int write_new(int folder, const char *record, size_t length)
{
    int fd = openat(folder, new_name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    int rc;

    if (fd < 0)
        return -errno;
    rc = write_all(fd, record, length);
    if (rc == 0 && fsync(fd) != 0)
        rc = -errno;
    if (close(fd) != 0 && rc == 0)
        rc = -errno;
    return rc;
}

int spool_add(struct spool *spool, const char *record, size_t length, uint64_t *ret_id)
{
    char name[FILE_NAME_MAX];
    int rc;

    assert(length > 0 && record[length - 1] == '\n' && length < SPOOL_FILE_MAX);
    rc = write_new(spool->folder, record, length);
    file_name(spool->next_id, ".alert", name);
    if (rc == 0 && renameat(spool->folder, new_name, spool->folder, name) != 0)
        rc = -errno;
    if (rc != 0) {
        unlinkat(spool->folder, new_name, 0);
        return rc;
    }
    if (fsync(spool->folder) != 0) {
        rc = -errno;
        unlinkat(spool->folder, name, 0);
        return rc;
    }
    *ret_id = spool->next_id++;
    return 0;
}

int spool_note(struct spool *spool, uint64_t id, const char *line)
{
    char name[FILE_NAME_MAX];
    char text[SPOOL_LINE_MAX + 2];
    int length = snprintf(text, sizeof(text), "%s\n", line);
    int fd, rc;

    assert(length > 1 && length < (int)sizeof(text));
    file_name(id, ".alert", name);
    fd = openat(spool->folder, name, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    rc = write_all(fd, text, (size_t)length);
    close(fd);
    return rc;
}

void spool_remove(struct spool *spool, uint64_t id)
{
    char name[FILE_NAME_MAX];

    file_name(id, ".alert", name);
    unlinkat(spool->folder, name, 0);
}

/* ---- resume ---- */

static void set_aside(struct spool *spool, uint64_t id)
{
    char from[FILE_NAME_MAX], to[FILE_NAME_MAX];

    file_name(id, ".alert", from);
    file_name(id, ".corrupt", to);
    renameat(spool->folder, from, spool->folder, to);
}

/* Reads a whole file as a string; -1 when it cannot be read or is longer than any of ours. */
static int read_file(int folder, const char *name, char *buffer, size_t size, size_t *ret_length)
{
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    size_t length = 0;
    ssize_t n = 1;

    if (fd < 0)
        return -1;
    while (n > 0 && length < size - 1) {
        n = read(fd, buffer + length, size - 1 - length);
        if (n > 0)
            length += (size_t)n;
    }
    close(fd);
    if (n != 0)
        return -1;
    buffer[length] = '\0';
    *ret_length = length;
    return 0;
}

/* Splits a file into the record and the complete lines after it; a torn last line is cut off. */
static int tell(struct spool *spool, uint64_t id, char *buffer, spool_found found, void *context)
{
    char name[FILE_NAME_MAX];
    size_t length = 0;
    char *record_end, *last_end;

    file_name(id, ".alert", name);
    if (read_file(spool->folder, name, buffer, SPOOL_FILE_MAX, &length) != 0)
        return -EINVAL;
    record_end = memchr(buffer, '\n', length);
    if (record_end == NULL || memchr(buffer, '\0', length) != NULL)
        return -EINVAL;
    last_end = strrchr(buffer, '\n');
    last_end[1] = '\0';
    return found(context, id, buffer, (size_t)(record_end + 1 - buffer), record_end + 1);
}

static int compare_ids(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

struct ids {
    uint64_t *items;
    size_t count, room;
};

static int ids_add(struct ids *ids, uint64_t id)
{
    if (ids->count == ids->room) {
        size_t room = ids->room * 2 + 64;
        uint64_t *items = realloc(ids->items, room * sizeof(*items));

        if (items == NULL)
            return -ENOMEM;
        ids->items = items;
        ids->room = room;
    }
    ids->items[ids->count++] = id;
    return 0;
}

/* Collects the alerts' numbers; next_id is set past all that were ever used here. */
static int ids_read(struct spool *spool, DIR *folder, struct ids *ids)
{
    struct dirent *item;

    while ((item = readdir(folder)) != NULL) {
        bool is_alert = false;
        uint64_t id = 0;

        if (name_parse(item->d_name, &is_alert, &id) != 0)
            continue;
        if (id >= spool->next_id)
            spool->next_id = id + 1;
        if (is_alert && ids_add(ids, id) != 0)
            return -ENOMEM;
    }
    if (ids->count > 0)
        qsort(ids->items, ids->count, sizeof(*ids->items), compare_ids);
    return 0;
}

static int ids_list(struct spool *spool, struct ids *ids)
{
    int fd = openat(spool->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    int rc = folder != NULL ? 0 : -errno;

    if (folder == NULL && fd >= 0)
        close(fd);
    if (folder != NULL) {
        rc = ids_read(spool, folder, ids);
        closedir(folder);
    }
    return rc;
}

int spool_resume(struct spool *spool, spool_found found, void *context)
{
    struct ids ids = {0};
    char *buffer = malloc(SPOOL_FILE_MAX);
    int set_aside_count = 0;
    int rc = buffer != NULL ? ids_list(spool, &ids) : -ENOMEM;

    unlinkat(spool->folder, new_name, 0); /* its raiser died while writing: it was never taken */
    for (size_t i = 0; rc == 0 && i < ids.count; i++) {
        rc = tell(spool, ids.items[i], buffer, found, context);
        if (rc == -EINVAL) {
            set_aside(spool, ids.items[i]);
            set_aside_count++;
            rc = 0;
        }
    }
    free(buffer);
    free(ids.items);
    return rc == 0 ? set_aside_count : rc;
}
