/* SPDX-License-Identifier: Apache-2.0 */
#include "zone_read.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"
#include "record_copy.h"

/* A name and type of interest. The fences stand at the front of the list, then the records, then
 * the fences again. */
struct wanted {
    const char *name;
    const char *type;
    bool is_second_look;
};

struct zone_read {
    struct pool *pool;
    const char **groups; /* whose fences live in this zone */
    uint32_t group_count;
    struct wanted *wanted;
    uint32_t wanted_count;
    uint32_t at; /* the one asked for now, unless is_whole */
    bool is_whole;
    bool is_large;
    const char *next_set; /* to go on within a name, "" from its start */
    unsigned page_count;
    unsigned try_count;
    struct record_set *sets;
    uint32_t set_count;
};

/* ---- creation ---- */

static const char *copy(struct zone_read *read, const char *text)
{
    return pool_copy(read->pool, text, strlen(text));
}

static bool is_wanted(const struct zone_read *read, const char *name, const char *type)
{
    for (uint32_t i = 0; i < read->wanted_count; i++) {
        if (strcmp(read->wanted[i].name, name) == 0 && strcmp(read->wanted[i].type, type) == 0)
            return true;
    }
    return false;
}

static bool has_group(const struct zone_read *read, const char *name)
{
    for (uint32_t i = 0; i < read->group_count; i++) {
        if (strcmp(read->groups[i], name) == 0)
            return true;
    }
    return false;
}

/* One record of the zone: its name, and its group's. */
static int want_record(struct zone_read *read, const struct settings *settings,
                       const struct service_record *record)
{
    struct wanted *wanted = &read->wanted[read->wanted_count];
    const char *group = settings->groups[settings->services[record->service].group].name;

    if (!is_wanted(read, record->name, record->type)) {
        *wanted = (struct wanted){copy(read, record->name), copy(read, record->type), false};
        if (wanted->name == NULL || wanted->type == NULL)
            return -1;
        read->wanted_count++;
    }
    if (has_group(read, group))
        return 0;
    read->groups[read->group_count] = copy(read, group);
    return read->groups[read->group_count++] != NULL ? 0 : -1;
}

static int want_records(struct zone_read *read, const struct settings *settings, uint32_t zone)
{
    for (uint32_t i = 0; i < settings->record_count; i++) {
        if (settings->records[i].zone == zone &&
            want_record(read, settings, &settings->records[i]) != 0)
            return -1;
    }
    return 0;
}

struct zone_read *zone_read_create(const struct settings *settings, uint32_t zone, bool is_large)
{
    struct zone_read *read = calloc(1, sizeof(*read));
    size_t room = settings->record_count + 2 * (size_t)settings->group_count;

    if (read == NULL)
        return NULL;
    read->is_large = is_large;
    read->is_whole = !is_large;
    read->next_set = "";
    read->pool = pool_create(RECORD_COPY_MAX);
    read->sets = calloc(ZONE_READ_SETS_MAX, sizeof(*read->sets));
    if (read->pool == NULL || read->sets == NULL)
        goto out;
    read->groups = pool_alloc(read->pool, settings->group_count * sizeof(*read->groups));
    read->wanted = pool_alloc(read->pool, room * sizeof(*read->wanted));
    if (read->groups != NULL && read->wanted != NULL && want_records(read, settings, zone) == 0)
        return read;
out:
    zone_read_destroy(read);
    return NULL;
}

int zone_read_set_apex(struct zone_read *read, const char *apex)
{
    memmove(read->wanted + read->group_count, read->wanted,
            read->wanted_count * sizeof(*read->wanted));
    for (uint32_t i = 0; i < read->group_count; i++) {
        char name[256];
        const char *kept;

        if (fence_name(read->groups[i], apex, name, sizeof(name)) != 0)
            return -1;
        kept = copy(read, name);
        if (kept == NULL)
            return -1;
        read->wanted[i] = (struct wanted){kept, "TXT", false};
        read->wanted[read->group_count + read->wanted_count + i] =
            (struct wanted){kept, "TXT", true};
    }
    read->wanted_count += 2 * read->group_count;
    return 0;
}

void zone_read_destroy(struct zone_read *read)
{
    if (read == NULL)
        return;
    pool_destroy(read->pool);
    free(read->sets);
    free(read);
}

/* ---- asking ---- */

size_t zone_read_query(const struct zone_read *read, struct sigv4_pair query[ZONE_READ_QUERY_MAX])
{
    const struct wanted *wanted = &read->wanted[read->at];
    size_t count = 0;

    query[count++] = (struct sigv4_pair){"maxitems", "100"};
    if (read->is_whole)
        return count;
    query[count++] = (struct sigv4_pair){"name", wanted->name};
    query[count++] = (struct sigv4_pair){"type", wanted->type};
    if (read->next_set[0] != '\0')
        query[count++] = (struct sigv4_pair){"identifier", read->next_set};
    return count;
}

/* ---- taking ---- */

static enum zone_read_step fail(char *error, size_t error_size, const char *words)
{
    snprintf(error, error_size, "%s", words);
    return ZONE_READ_FAILED;
}

static bool is_of(const struct record_set *set, const struct wanted *wanted)
{
    return strcmp(set->name, wanted->name) == 0 && strcmp(set->type, wanted->type) == 0;
}

static int keep(struct zone_read *read, const struct record_set *set)
{
    if (read->set_count == ZONE_READ_SETS_MAX ||
        record_set_copy(read->pool, set, &read->sets[read->set_count]) != 0)
        return -1;
    read->set_count++;
    return 0;
}

/* The first look and the second must show the same text, or both none. */
static bool is_fence_still(const struct zone_read *read, const struct wanted *wanted,
                           const struct route53_page *page)
{
    const struct record_set *first = NULL;
    const struct record_set *second = NULL;

    for (uint32_t i = 0; i < read->set_count; i++) {
        if (is_of(&read->sets[i], wanted))
            first = &read->sets[i];
    }
    for (uint32_t i = 0; i < page->set_count; i++) {
        if (is_of(&page->sets[i], wanted))
            second = &page->sets[i];
    }
    if (first == NULL || second == NULL)
        return first == second;
    return first->value_count == second->value_count && first->value_count > 0 &&
           strcmp(first->values[0], second->values[0]) == 0;
}

static enum zone_read_step start_again(struct zone_read *read, char *error, size_t error_size)
{
    if (++read->try_count == ZONE_READ_TRIES_MAX)
        return fail(error, error_size, "the zone kept changing while it was read");
    read->at = 0;
    read->page_count = 0;
    read->set_count = 0;
    read->next_set = "";
    return ZONE_READ_MORE;
}

static enum zone_read_step take_whole(struct zone_read *read, const struct route53_page *page,
                                      char *error, size_t error_size)
{
    read->is_whole = false;
    if (page->is_truncated) {
        read->is_large = true;
        return read->wanted_count > 0 ? ZONE_READ_MORE : ZONE_READ_DONE;
    }
    for (uint32_t i = 0; i < page->set_count; i++) {
        const struct record_set *set = &page->sets[i];

        if (is_wanted(read, set->name, set->type) && keep(read, set) != 0)
            return fail(error, error_size, "more record sets than fit into memory");
    }
    return ZONE_READ_DONE;
}

/* Goes on with the same name when the page says that there is more of it, else with the next. */
static enum zone_read_step go_on(struct zone_read *read, const struct wanted *wanted,
                                 const struct route53_page *page, char *error, size_t error_size)
{
    bool is_more = page->is_truncated && strcmp(page->next_name, wanted->name) == 0 &&
                   strcmp(page->next_type, wanted->type) == 0;

    if (!is_more) {
        read->at++;
        read->page_count = 0;
        read->next_set = "";
        return read->at < read->wanted_count ? ZONE_READ_MORE : ZONE_READ_DONE;
    }
    if (++read->page_count == ZONE_READ_PAGES_MAX)
        return fail(error, error_size, "one name fills more pages than we read");
    read->next_set = copy(read, page->next_set);
    return read->next_set != NULL
               ? ZONE_READ_MORE
               : fail(error, error_size, "more record sets than fit into memory");
}

enum zone_read_step zone_read_take(struct zone_read *read, const struct route53_page *page,
                                   char *error, size_t error_size)
{
    const struct wanted *wanted = &read->wanted[read->at];

    if (read->is_whole)
        return take_whole(read, page, error, error_size);
    assert(read->at < read->wanted_count);
    if (wanted->is_second_look && !is_fence_still(read, wanted, page))
        return start_again(read, error, error_size);
    for (uint32_t i = 0; i < page->set_count && !wanted->is_second_look; i++) {
        if (is_of(&page->sets[i], wanted) && keep(read, &page->sets[i]) != 0)
            return fail(error, error_size, "more record sets than fit into memory");
    }
    return go_on(read, wanted, page, error, error_size);
}

const struct record_set *zone_read_sets(const struct zone_read *read, uint32_t *ret_count)
{
    *ret_count = read->set_count;
    return read->sets;
}

bool zone_read_is_large(const struct zone_read *read)
{
    return read->is_large;
}
