/* SPDX-License-Identifier: Apache-2.0 */
#include "file_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct job {
    uv_work_t work;
    char *path;
    char *text; /* size bytes */
    size_t size;
    size_t length;
    int status;
    file_read_done done;
    void *context;
};

/* A fifo does not hold us up; /dev/null, which people name to say "none", is an empty file. */
static int open_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISCHR(status.st_mode)))
        return fd;
    close(fd);
    return -EINVAL;
}

static int fill(struct job *job, int fd)
{
    ssize_t step = 1;

    while (step > 0 && job->length < job->size) {
        step = read(fd, job->text + job->length, job->size - job->length);
        if (step > 0)
            job->length += (size_t)step;
        else if (step < 0 && errno == EINTR)
            step = 1;
    }
    if (step < 0)
        return -errno;
    return job->length < job->size ? 0 : -EFBIG;
}

static void on_work(uv_work_t *work)
{
    struct job *job = work->data;
    int fd = open_file(job->path);

    if (fd < 0) {
        job->status = fd;
        return;
    }
    job->status = fill(job, fd);
    close(fd);
}

static void on_after_work(uv_work_t *work, int status)
{
    struct job *job = work->data;

    if (status != 0) /* the loop's owner took it out of the queue */
        job->status = status;
    job->done(job->context, job->status, job->status == 0 ? job->text : NULL,
              job->status == 0 ? job->length : 0);
    explicit_bzero(job->text, job->size);
    free(job->text);
    free(job->path);
    free(job);
}

void file_read_start(uv_loop_t *loop, const char *path, size_t max, file_read_done done,
                     void *context)
{
    struct job *job = calloc(1, sizeof(*job));

    if (job == NULL)
        abort();         /* nothing is left to tell it with */
    job->size = max + 1; /* a byte more shows what is too large */
    job->text = malloc(job->size);
    job->path = strdup(path);
    if (job->text == NULL || job->path == NULL)
        abort();
    job->done = done;
    job->context = context;
    job->work.data = job;
    uv_queue_work(loop, &job->work, on_work, on_after_work);
}

const char *file_read_error(int status)
{
    if (status == -EINVAL)
        return "not a file";
    if (status == -EFBIG)
        return "larger than allowed";
    return uv_strerror(status);
}
