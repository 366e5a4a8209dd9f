/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_items.c: the ordered map with revisions. Semantics are etcd's: one counter for the store,
 * one new revision for a transaction that changes something, none for one that does not.
 *
 * Deletions leave tombstones, because a watch must tell them and an absent row tells nothing. The
 * log of tombstones is bounded; who has fallen behind its end is told to read everything again. */
#include "sqlite_items.h"

#include <stdlib.h>
#include <string.h>

enum { TOMBSTONES_MAX = 1024 };

/* The keys of a prefix: from first up to, and without, end. Keys are printable ASCII. */
struct range {
    const char *first;
    char end[STORE_KEY_MAX + 1];
};

static struct range range_of(const char *prefix)
{
    struct range range = {.first = prefix, .end = "\x7f"};
    size_t length = strnlen(prefix, STORE_KEY_MAX);

    if (length > 0) {
        memcpy(range.end, prefix, length);
        range.end[length - 1] = (char)(range.end[length - 1] + 1);
        range.end[length] = '\0';
    }
    return range;
}

void items_clear(struct items *items)
{
    for (size_t i = 0; i < items->view.count; i++) {
        free(items->blocks[i]);
    }
    free(items->blocks);
    free(items->items);
    *items = (struct items){0};
}

static int make_room(struct items *items)
{
    size_t room = items->room == 0 ? 64 : items->room * 2;
    struct store_item *more_items;
    char **more_blocks;

    if (items->view.count < items->room) {
        return 0;
    }
    more_items = realloc(items->items, room * sizeof(*more_items));
    if (more_items == NULL) {
        return -1;
    }
    items->items = more_items;
    items->view.items = more_items;
    more_blocks = realloc(items->blocks, room * sizeof(*more_blocks));
    if (more_blocks == NULL) {
        return -1;
    }
    items->blocks = more_blocks;
    items->room = room;
    return 0;
}

/* Copies a row of (key, value or NULL, create_revision, mod_revision): "key\0value\0". */
static int append(struct items *items, sqlite3_stmt *row)
{
    const unsigned char *key = sqlite3_column_text(row, 0); /* before its length: may convert */
    size_t key_size = (size_t)sqlite3_column_bytes(row, 0) + 1;
    size_t length = (size_t)sqlite3_column_bytes(row, 1);
    bool deleted = sqlite3_column_type(row, 1) == SQLITE_NULL;
    char *block = key != NULL && make_room(items) == 0 ? malloc(key_size + length + 1) : NULL;

    if (block == NULL) {
        return -1;
    }
    memcpy(block, key, key_size);
    if (length > 0) {
        memcpy(block + key_size, sqlite3_column_blob(row, 1), length);
    }
    block[key_size + length] = '\0';
    items->blocks[items->view.count] = block;
    items->items[items->view.count++] = (struct store_item){
        .key = block,
        .value = deleted ? NULL : block + key_size,
        .length = length,
        .create_revision = (uint64_t)sqlite3_column_int64(row, 2),
        .mod_revision = (uint64_t)sqlite3_column_int64(row, 3),
    };
    return 0;
}

static int collect(struct database *database, sqlite3_stmt *row, struct items *items,
                   struct store_fault *ret_fault)
{
    int found;

    while ((found = database_step(database, row, ret_fault)) > 0) {
        if (append(items, row) != 0) {
            (void)sqlite3_reset(row);
            return store_fault_set(ret_fault, STORE_AWAY,
                                   "store %s: out of memory while reading it", database->path);
        }
    }
    return found;
}

int items_revision(struct database *database, uint64_t *ret_revision, uint64_t *ret_pruned,
                   struct store_fault *ret_fault)
{
    sqlite3_stmt *row = database_bind(database, SQL_META, "");
    int found = database_step(database, row, ret_fault);

    if (found < 0) {
        return -1;
    }
    if (found == 0) {
        database->broken = true;
        return store_fault_set(ret_fault, STORE_CORRUPT,
                               "store %s: has lost its revision: restore "
                               "it, or remove it with its -wal and -shm",
                               database->path);
    }
    *ret_revision = (uint64_t)sqlite3_column_int64(row, 0);
    *ret_pruned = (uint64_t)sqlite3_column_int64(row, 1);
    (void)sqlite3_reset(row);
    return 0;
}

static int collect_range(struct database *database, const char *first, const char *end,
                         struct items *items, struct store_fault *ret_fault)
{
    return collect(database, database_bind(database, SQL_RANGE, "tt", first, end), items,
                   ret_fault);
}

/* In two parts when something in between is left out: its values are not even read. */
static int collect_but(struct database *database, const char *prefix, const char *but,
                       struct items *items, struct store_fault *ret_fault)
{
    struct range range = range_of(prefix);
    struct range out = range_of(but);

    if (but[0] == '\0') {
        return collect_range(database, range.first, range.end, items, ret_fault);
    }
    if (collect_range(database, range.first, out.first, items, ret_fault) != 0) {
        return -1;
    }
    return collect_range(database, out.end, range.end, items, ret_fault);
}

int items_get(struct database *database, const char *prefix, const char *but,
              struct items *ret_items, struct store_fault *ret_fault)
{
    struct items items = {0};
    uint64_t pruned;

    if (database_run(database, ret_fault, SQL_BEGIN_READ, "") != 0) {
        return -1;
    }
    if (items_revision(database, &items.view.revision, &pruned, ret_fault) != 0 ||
        collect_but(database, prefix, but, &items, ret_fault) != 0 ||
        database_commit(database, ret_fault) != 0) {
        database_rollback(database);
        items_clear(&items);
        return -1;
    }
    *ret_items = items;
    return 0;
}

/* The transaction of items_changes(). */
static int read_changes(struct database *database, const struct range *range, uint64_t since,
                        struct items *items, struct store_fault *ret_fault)
{
    uint64_t pruned;

    if (items_revision(database, &items->view.revision, &pruned, ret_fault) != 0) {
        return -1;
    }
    if (since < pruned || since > items->view.revision) {
        return store_fault_set(ret_fault, STORE_AWAY,
                               "store %s: the watch is at revision %llu, the store at %llu with "
                               "deletions kept since %llu: everything is read again",
                               database->path, (unsigned long long)since,
                               (unsigned long long)items->view.revision,
                               (unsigned long long)pruned);
    }
    return collect(
        database,
        database_bind(database, SQL_CHANGES, "tti", range->first, range->end, (int64_t)since),
        items, ret_fault);
}

int items_changes(struct database *database, const char *prefix, uint64_t since,
                  struct items *ret_items, struct store_fault *ret_fault)
{
    struct range range = range_of(prefix);
    struct items items = {0};

    if (database_run(database, ret_fault, SQL_BEGIN_READ, "") != 0) {
        return -1;
    }
    if (read_changes(database, &range, since, &items, ret_fault) != 0 ||
        database_commit(database, ret_fault) != 0) {
        database_rollback(database);
        items_clear(&items);
        return -1;
    }
    *ret_items = items;
    return 0;
}

static int find_item(struct database *database, const char *key, int64_t *ret_create,
                     int64_t *ret_mod, struct store_fault *ret_fault)
{
    sqlite3_stmt *row = database_bind(database, SQL_FIND, "t", key);
    int found = database_step(database, row, ret_fault);

    if (found < 0) {
        return -1;
    }
    *ret_create = found == 0 ? 0 : sqlite3_column_int64(row, 0);
    *ret_mod = found == 0 ? 0 : sqlite3_column_int64(row, 1);
    (void)sqlite3_reset(row);
    return 0;
}

/* 1 it holds, 0 it does not, -1. An absent key has the revisions 0. */
static int compare_one(struct database *database, const struct store_compare *compare,
                       struct store_fault *ret_fault)
{
    int64_t wanted = (int64_t)compare->revision;
    int64_t create = 0;
    int64_t mod = 0;
    struct range range;

    if (compare->kind == STORE_PREFIX_NOT_AFTER) {
        range = range_of(compare->key);
        if (database_read(database, ret_fault, &mod, SQL_NEWEST, "tt", range.first, range.end)) {
            return -1;
        }
        return mod <= wanted;
    }
    if (find_item(database, compare->key, &create, &mod, ret_fault) != 0) {
        return -1;
    }
    return (compare->kind == STORE_MOD_IS ? mod : create) == wanted;
}

int items_compare(struct database *database, const struct store_txn *txn,
                  struct store_fault *ret_fault)
{
    for (size_t i = 0; i < txn->compare_count; i++) {
        int holds = compare_one(database, &txn->compares[i], ret_fault);

        if (holds <= 0) {
            return holds;
        }
    }
    return 1;
}

/* Keeps the log of deletions bounded, and remembers how far back it reaches. */
static int prune(struct database *database, struct store_fault *ret_fault)
{
    int64_t forgotten = 0;

    if (database_read(database, ret_fault, &forgotten, SQL_OLDEST_KEPT, "i",
                      (int64_t)TOMBSTONES_MAX) != 0) {
        return -1;
    }
    if (forgotten == 0) {
        return 0;
    }
    return database_run(database, ret_fault, SQL_PRUNE, "i", forgotten) == 0 &&
                   database_run(database, ret_fault, SQL_SET_PRUNED, "i", forgotten) == 0
               ? 0
               : -1;
}

/* 1 something changed, 0 nothing did, -1. */
static int apply_one(struct database *database, const struct store_put *put, int64_t lease,
                     int64_t revision, struct store_fault *ret_fault)
{
    if (put->value != NULL) {
        return database_run(database, ret_fault, SQL_PUT, "tbii", put->key, put->value,
                            (int)put->length, revision, put->leased ? lease : (int64_t)0) == 0
                   ? 1
                   : -1;
    }
    if (database_run(database, ret_fault, SQL_DELETE, "t", put->key) != 0) {
        return -1;
    }
    if (sqlite3_changes(database->handle) == 0) {
        return 0;
    }
    return database_run(database, ret_fault, SQL_BURY, "it", revision, put->key) == 0 ? 1 : -1;
}

int items_apply(struct database *database, const struct store_txn *txn, int64_t lease,
                uint64_t *ret_revision, struct store_fault *ret_fault)
{
    uint64_t revision;
    uint64_t pruned;
    bool changed = false;

    if (items_revision(database, &revision, &pruned, ret_fault) != 0) {
        return -1;
    }
    for (size_t i = 0; i < txn->put_count; i++) {
        int applied = apply_one(database, &txn->puts[i], lease, (int64_t)revision + 1, ret_fault);

        if (applied < 0) {
            return -1;
        }
        changed = changed || applied > 0;
    }
    if (changed &&
        (database_run(database, ret_fault, SQL_SET_REVISION, "i", (int64_t)revision + 1) != 0 ||
         prune(database, ret_fault) != 0)) {
        return -1;
    }
    *ret_revision = changed ? revision + 1 : revision;
    return 0;
}

int items_bury_leased(struct database *database, int64_t lease, struct store_fault *ret_fault)
{
    uint64_t revision;
    uint64_t pruned;
    int buried;

    if (items_revision(database, &revision, &pruned, ret_fault) != 0 ||
        database_run(database, ret_fault, SQL_BURY_LEASED, "ii", (int64_t)revision + 1, lease) !=
            0 ||
        database_run(database, ret_fault, SQL_DELETE_LEASED, "i", lease) != 0) {
        return -1;
    }
    buried = sqlite3_changes(database->handle);
    if (buried > 0 &&
        (database_run(database, ret_fault, SQL_SET_REVISION, "i", (int64_t)revision + 1) != 0 ||
         prune(database, ret_fault) != 0)) {
        return -1;
    }
    return buried;
}
