/* SPDX-License-Identifier: Apache-2.0 */
/* The end is _exit(): nothing half is flushed or saved on the way out. What counts is on disk or in
 * the store already, and whoever started us starts us again. */
#include "json_memory.h"

#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

static void *allocate(size_t size)
{
    void *memory = malloc(size);

    if (memory == NULL) {
        log_say(LOG_LEVEL_ERROR,
                "out of memory: %zu bytes for JSON; better no answer than half of one", size);
        _exit(EXIT_FAILURE);
    }
    return memory;
}

/* Documents hold credentials, and jansson frees what it read as it was. */
static void release(void *memory)
{
    if (memory != NULL)
        explicit_bzero(memory, malloc_usable_size(memory));
    free(memory);
}

void json_memory_guard(void)
{
    json_set_alloc_funcs(allocate, release);
}
