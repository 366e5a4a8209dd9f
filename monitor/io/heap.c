/* SPDX-License-Identifier: Apache-2.0 */
/* glibc keeps what it once had, for speed that we do not need. Each thread gets a heap, which keeps
 * its own peak. From the first large block that is freed (8 MiB, in which the head of a recording
 * was written) it learns to put such blocks into the heap, and to keep twice as much free at its
 * top. And whole pages that are free below the top stay. So an hour of faults looked like a leak of
 * 3 MiB, while live memory stood still (docs/MEASURED.md). */
#include "heap.h"

#include <malloc.h>

enum { LARGE_BLOCK = 128 * 1024 /* bytes; what glibc itself begins with */ };

void heap_set_up(void)
{
    (void)mallopt(M_ARENA_MAX, 1); /* our threads wait for disks, not for the heap's lock */
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK); /* and from now on it learns nothing */
}

void heap_give_back(void)
{
    (void)malloc_trim(0);
}
