/* SPDX-License-Identifier: Apache-2.0 */
/* fake_store.h: a store in memory for tests of those who use one. Several handles may share one
 * fake_data, as several probes share a store; each handle fails by itself, on purpose. */
#ifndef REGIONSHIFT_TESTS_FAKE_STORE_H
#define REGIONSHIFT_TESTS_FAKE_STORE_H

#include "store.h"

enum { FAKE_ITEMS_MAX = 64 };

struct fake_item {
    char key[STORE_KEY_MAX + 1]; /* "": free */
    char value[1024];
    uint64_t create_revision;
    uint64_t mod_revision;
};

struct fake_data {
    struct fake_item items[FAKE_ITEMS_MAX];
    uint64_t revision;
    const char *race; /* the next write finds that somebody has just written this, once */
};

enum fake_mode {
    FAKE_WELL,
    FAKE_AWAY,   /* each call ends with STORE_AWAY, nothing is written */
    FAKE_SILENT, /* calls are answered when the mode is left, or at close */
    FAKE_LOST    /* writes are done and end with STORE_AWAY all the same */
};

int fake_store_open(uv_loop_t *loop, struct fake_data *data, struct store **ret_store);
void fake_store_mode(struct store *store, enum fake_mode mode);

/* Past all handles; NULL: there is no such key. */
const char *fake_get(const struct fake_data *data, const char *key);
void fake_put(struct fake_data *data, const char *key, const char *value);

#endif
