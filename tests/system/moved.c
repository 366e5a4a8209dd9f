/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into a server that is only unpacked and looks for its plugins at a place that is built
 * in: MOVED_FROM is what it looks for, MOVED_TO is where that stands. */
#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static const char *moved(const char *path, char room[PATH_MAX])
{
    size_t length = strlen(MOVED_FROM);

    if (path == NULL || strncmp(path, MOVED_FROM, length) != 0)
        return path;
    snprintf(room, PATH_MAX, "%s%s", MOVED_TO, path + length);
    return room;
}

DIR *opendir(const char *path)
{
    DIR *(*next)(const char *) = (DIR * (*)(const char *)) dlsym(RTLD_NEXT, "opendir");
    char room[PATH_MAX];

    return next(moved(path, room));
}

void *dlopen(const char *path, int mode)
{
    void *(*next)(const char *, int) = (void *(*)(const char *, int))dlsym(RTLD_NEXT, "dlopen");
    char room[PATH_MAX];

    return next(moved(path, room), mode);
}
