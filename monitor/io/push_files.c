/* SPDX-License-Identifier: Apache-2.0 */
#include "push_files.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "durable.h"
#include "log.h"
#include "settings.h"

#define SUFFIX ".json"

enum { FOLDER_MAX = PATH_MAX - NAME_MAX_LENGTH - 16 };

struct push_files {
    uv_loop_t *uv;
    push_files_done done;
    void *context;
    uv_work_t work;
    bool is_writing;
    bool closing;
    bool fails; /* said in the log */
    char name[NAME_MAX_LENGTH + 1];
    uint64_t version;
    char path[PATH_MAX];
    char text[PUSH_KEPT_MAX];
    size_t length;
    int rc;
    char folder[FOLDER_MAX];
};

int push_files_open(uv_loop_t *uv, const char *folder, push_files_done done, void *context,
                    struct push_files **ret_files, char *error, size_t error_size)
{
    struct push_files *files = calloc(1, sizeof(*files));
    int rc = -ENOMEM;

    if (files == NULL)
        goto out;
    files->uv = uv;
    files->done = done;
    files->context = context;
    rc = -ENAMETOOLONG;
    if (snprintf(files->folder, sizeof(files->folder), "%s/pushes", folder) >=
        (int)sizeof(files->folder))
        goto out;
    rc = durable_folder(files->folder);
    if (rc < 0)
        goto out;
    *ret_files = files;
    return 0;
out:
    snprintf(error, error_size, "%s/pushes: %s", folder, strerror(-rc));
    free(files);
    return rc;
}

static void path_of(const struct push_files *files, const char *name, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/%s" SUFFIX, files->folder, name);
}

bool push_files_read(const struct push_files *files, const char *name, struct push_kept *ret_kept)
{
    char path[PATH_MAX];
    char error[256];
    char *text = NULL;
    size_t length = 0;
    int rc;

    path_of(files, name, path);
    rc = durable_read(path, &text, &length);
    if (rc == -ENOENT)
        return false;
    if (rc < 0)
        snprintf(error, sizeof(error), "%s", strerror(-rc));
    else
        rc = push_kept_read(text, length, ret_kept, error, sizeof(error));
    free(text);
    if (rc < 0)
        log_say(LOG_LEVEL_WARN,
                "pushes: %s: %s; it counts as none: the job is unknown until it reports", path,
                error);
    return rc == 0;
}

void push_files_forget(const struct push_files *files,
                       bool (*is_wanted)(const void *context, const char *name),
                       const void *context)
{
    DIR *folder = opendir(files->folder);
    struct dirent *entry;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        size_t length = strlen(entry->d_name);
        char name[NAME_MAX_LENGTH + 1];
        char path[PATH_MAX];

        if (length <= strlen(SUFFIX) || length - strlen(SUFFIX) >= sizeof(name) ||
            strcmp(entry->d_name + length - strlen(SUFFIX), SUFFIX) != 0)
            continue; /* not ours */
        snprintf(name, sizeof(name), "%.*s", (int)(length - strlen(SUFFIX)), entry->d_name);
        path_of(files, name, path);
        if (!is_wanted(context, name) && unlink(path) == 0)
            log_say(LOG_LEVEL_INFO, "pushes: the settings have no job %s any more: forgotten",
                    name);
    }
    if (folder != NULL)
        closedir(folder);
}

/* ---- writing ---- */

static void on_work(uv_work_t *work)
{
    struct push_files *files = work->data;

    files->rc = durable_write(files->path, files->text, files->length);
}

/* Once when it begins, and once when it has ended. */
static void say(struct push_files *files)
{
    if (files->rc < 0 && !files->fails)
        log_say(LOG_LEVEL_ERROR, "pushes: %s: cannot be written: %s; reports count until a restart",
                files->path, strerror(-files->rc));
    else if (files->rc == 0 && files->fails)
        log_say(LOG_LEVEL_INFO, "pushes: reports are on disk again");
    files->fails = files->rc < 0;
}

static void on_written(uv_work_t *work, int status)
{
    struct push_files *files = work->data;

    (void)status; /* nobody cancels it */
    files->is_writing = false;
    if (files->closing) {
        free(files);
        return;
    }
    say(files);
    files->done(files->context, files->name, files->version, files->rc);
}

bool push_files_write(struct push_files *files, const char *name, uint64_t version,
                      const struct push_kept *kept)
{
    int length;

    if (files->is_writing)
        return false;
    length = push_kept_write(kept, files->text, sizeof(files->text));
    if (length < 0)
        abort(); /* it was text when it was taken, and has room: there is no memory */
    files->length = (size_t)length;
    files->version = version;
    snprintf(files->name, sizeof(files->name), "%s", name);
    path_of(files, name, files->path);
    files->work.data = files;
    files->is_writing = true;
    uv_queue_work(files->uv, &files->work, on_work, on_written);
    return true;
}

void push_files_close(struct push_files *files)
{
    if (files == NULL)
        return;
    files->closing = true;
    if (!files->is_writing)
        free(files);
}
