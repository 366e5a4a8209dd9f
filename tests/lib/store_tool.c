/* SPDX-License-Identifier: Apache-2.0 */
/* store_tool PATH get PREFIX | put KEY VALUE | delete KEY: a hand on the sqlite store, for tests.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "store.h"

static struct store *store;
static int code = EXIT_FAILURE;

static void end(enum store_status status, const char *error)
{
    code = status == STORE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
    if (status != STORE_OK)
        fprintf(stderr, "%s: %s\n", store_status_name(status), error);
    store_close(store, NULL, NULL);
}

static void on_view(void *context, enum store_status status, const struct store_view *view,
                    const char *error)
{
    (void)context;
    for (size_t i = 0; status == STORE_OK && i < view->count; i++)
        printf("%s %llu %.*s\n", view->items[i].key,
               (unsigned long long)view->items[i].mod_revision, (int)view->items[i].length,
               view->items[i].value);
    end(status, error);
}

static void on_written(void *context, enum store_status status, uint64_t revision,
                       const char *error)
{
    (void)context;
    (void)revision;
    end(status, error);
}

int main(int argc, char **argv)
{
    struct store_settings settings = {.kind = STORE_SQLITE, .lease_ms = 10000};

    if (argc < 4) {
        fprintf(stderr, "usage: store_tool PATH get PREFIX | put KEY VALUE | delete KEY\n");
        return 2;
    }
    settings.path = argv[1];
    if (store_open(uv_default_loop(), &settings, "store_tool", &store) < 0)
        return EXIT_FAILURE;
    if (strcmp(argv[2], "get") == 0)
        store_get(store, argv[3], on_view, NULL);
    else if (strcmp(argv[2], "put") == 0 && argc == 5)
        store_put(store, argv[3], argv[4], strlen(argv[4]), false, on_written, NULL);
    else
        store_delete(store, argv[3], on_written, NULL);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    return code;
}
