/* SPDX-License-Identifier: Apache-2.0 */
/* The file is {"v":1,"latches":{"GROUP":{"REGION":EPOCH}}}: an entry is a lit beacon. */
#include "latches.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "durable.h"
#include "json_fields.h"

enum { LATCHES_VERSION = 1 };

struct latches {
    json_t *groups; /* group -> region -> epoch */
    bool dirty;     /* the file does not say so yet */
    char path[PATH_MAX];
};

/* Checks that every member of every group is an epoch. */
static void check_group(struct json_fields *fields, const char *group, json_t *regions)
{
    const char *region;
    json_t *epoch;

    if (!json_is_object(regions))
        json_complain(fields, group, "not an object");
    json_object_foreach(regions, region, epoch)
    {
        if (json_integer_value(epoch) <= 0)
            json_complain(fields, group, "'%s' has no epoch", region);
    }
}

static int latches_parse(struct latches *latches, const char *text, size_t length, char *error,
                         size_t error_size)
{
    struct json_report report = {.text = error, .size = error_size};
    struct json_fields fields;
    const char *group;
    json_t *groups;
    json_t *regions;

    json_fields_open(&fields, &report, latches->path, text, length);
    json_take_version(&fields, LATCHES_VERSION);
    groups = json_deep_copy(json_take_object(&fields, "latches"));
    json_object_foreach(groups, group, regions) check_group(&fields, group, regions);
    if (groups != NULL) {
        json_decref(latches->groups);
        latches->groups = groups;
    }
    return json_fields_close(&fields);
}

static int latches_load(struct latches *latches, char *error, size_t error_size)
{
    char *text = NULL;
    size_t length = 0;
    int rc = durable_read(latches->path, &text, &length);

    if (rc == -ENOENT)
        return 0;
    if (rc < 0) {
        snprintf(error, error_size, "%s: cannot be read: %s", latches->path, strerror(-rc));
        return rc;
    }
    rc = latches_parse(latches, text, length, error, error_size) < 0 ? -EINVAL : 0;
    free(text);
    return rc;
}

int latches_open(const char *folder, struct latches **ret_latches, char *error, size_t error_size)
{
    struct latches *latches = calloc(1, sizeof(*latches));
    int rc = -ENOMEM;

    if (latches == NULL)
        goto out;
    latches->groups = json_object();
    if (latches->groups == NULL)
        goto out;
    rc = -ENAMETOOLONG;
    if (snprintf(latches->path, sizeof(latches->path), "%s/latches.json", folder) >=
        (int)sizeof(latches->path))
        goto out;
    rc = latches_load(latches, error, error_size);
    if (rc < 0) {
        latches_close(latches);
        return rc;
    }
    *ret_latches = latches;
    return 0;
out:
    snprintf(error, error_size, "%s: %s", folder, strerror(-rc));
    latches_close(latches);
    return rc;
}

int latches_change(struct latches *latches, const char *group, const char *region, uint64_t epoch,
                   bool set)
{
    json_t *regions = json_object_get(latches->groups, group);

    assert(epoch <= INT64_MAX);
    if (!set && json_object_get(regions, region) == NULL)
        return 0;
    latches->dirty = true;
    if (!set)
        return json_object_del(regions, region);
    if (regions == NULL) {
        regions = json_object();
        if (json_object_set_new(latches->groups, group, regions) < 0)
            return -ENOMEM;
    }
    return json_object_set_new(regions, region, json_integer((json_int_t)epoch)) < 0 ? -ENOMEM : 0;
}

int latches_sync(struct latches *latches)
{
    json_t *root;
    char *text;
    int rc;

    if (!latches->dirty)
        return 0;
    root = json_pack("{s:i, s:O}", "v", LATCHES_VERSION, "latches", latches->groups);
    text = root != NULL ? json_dumps(root, JSON_COMPACT) : NULL;
    rc = text != NULL ? durable_write(latches->path, text, strlen(text)) : -ENOMEM;
    free(text);
    json_decref(root);
    latches->dirty = rc < 0;
    return rc;
}

bool latches_get(const struct latches *latches, const char *group, const char *region,
                 uint64_t *ret_epoch)
{
    const json_t *epoch = json_object_get(json_object_get(latches->groups, group), region);

    if (epoch != NULL && ret_epoch != NULL)
        *ret_epoch = (uint64_t)json_integer_value(epoch);
    return epoch != NULL;
}

void latches_close(struct latches *latches)
{
    if (latches == NULL)
        return;
    json_decref(latches->groups);
    free(latches);
}
