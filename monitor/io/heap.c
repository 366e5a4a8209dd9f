/* SPDX-License-Identifier: Apache-2.0 */
/* glibc keeps what it once had, for speed that we do not need. Each thread gets a heap, which keeps
 * its own peak. From the first large block that is freed (8 MiB, in which the head of a recording
 * was written) it learns to put such blocks into the heap, and to keep twice as much free at its
 * top. And whole pages that are free below the top stay. So an hour of faults looked like a leak of
 * 3 MiB, while live memory stood still (docs/MEASURED.md). */
#include "heap.h"

#include <malloc.h>
#include <pthread.h>
#include <sqlite3.h>

enum { LARGE_BLOCK = 128 * 1024 /* bytes; what glibc itself begins with */ };

void heap_set_up(void)
{
    (void)mallopt(M_ARENA_MAX, 1); /* our threads wait for disks, not for the heap's lock */
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK); /* and from now on it learns nothing */
    /* SQLite takes a page when it needs one, not 20 at once for each of its files. */
    (void)sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
}

void heap_give_back(void)
{
    (void)malloc_trim(0);
}

/* ---- work that needs much for a moment ---- */

struct aside {
    void (*work)(void *context);
    void *context;
};

static void *run(void *argument)
{
    const struct aside *aside = argument;

    aside->work(aside->context);
    return NULL;
}

/* A thread keeps some freed blocks of each size for itself, wherever they are: those near the top
 * of the heap keep all below it ours, a hole of ten times what stays. Large arrays, most of which
 * is never written to, would be cut out of it, and filled with zeros: so they are resident, which
 * fresh pages are not. With a thread its blocks go; if there can be none, only memory is lost. */
void heap_run_aside(void (*work)(void *context), void *context)
{
    struct aside aside = {work, context};
    pthread_t thread;

    if (pthread_create(&thread, NULL, run, &aside) == 0)
        (void)pthread_join(thread, NULL);
    else
        work(context);
    heap_give_back();
}
