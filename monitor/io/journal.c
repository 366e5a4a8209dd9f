/* SPDX-License-Identifier: Apache-2.0 */
/* The file is {"v":1,"epochs":{"GROUP":N}}; what is held in memory is that object, so groups which
 * today's settings do not name stay in it. */
#include "journal.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "durable.h"
#include "json_fields.h"

enum { JOURNAL_VERSION = 1 };

struct journal {
    json_t *epochs; /* group -> highest epoch, on disk */
    char path[PATH_MAX];
};

static int journal_parse(struct journal *journal, const char *text, size_t length, char *error,
                         size_t error_size)
{
    struct json_report report = {.text = error, .size = error_size};
    struct json_fields fields;
    const char *group;
    json_t *epochs;
    json_t *epoch;

    json_fields_open(&fields, &report, journal->path, text, length);
    json_take_version(&fields, JOURNAL_VERSION);
    epochs = json_deep_copy(json_take_object(&fields, "epochs"));
    json_object_foreach(epochs, group, epoch)
    {
        if (json_integer_value(epoch) <= 0)
            json_complain(&fields, "epochs", "'%s' has no epoch", group);
    }
    if (epochs != NULL) {
        json_decref(journal->epochs);
        journal->epochs = epochs;
    }
    return json_fields_close(&fields);
}

static int journal_load(struct journal *journal, char *error, size_t error_size)
{
    char *text = NULL;
    size_t length = 0;
    int rc = durable_read(journal->path, &text, &length);

    if (rc == -ENOENT)
        return 0;
    if (rc < 0) {
        snprintf(error, error_size, "%s: cannot be read: %s", journal->path, strerror(-rc));
        return rc;
    }
    rc = journal_parse(journal, text, length, error, error_size) < 0 ? -EINVAL : 0;
    free(text);
    return rc;
}

int journal_open(const char *folder, struct journal **ret_journal, char *error, size_t error_size)
{
    struct journal *journal = calloc(1, sizeof(*journal));
    int rc = -ENOMEM;

    if (journal == NULL)
        goto out;
    journal->epochs = json_object();
    if (journal->epochs == NULL)
        goto out;
    rc = -ENAMETOOLONG;
    if (snprintf(journal->path, sizeof(journal->path), "%s/epochs.json", folder) >=
        (int)sizeof(journal->path))
        goto out;
    rc = journal_load(journal, error, error_size);
    if (rc < 0) {
        journal_close(journal);
        return rc;
    }
    *ret_journal = journal;
    return 0;
out:
    snprintf(error, error_size, "%s: %s", folder, strerror(-rc));
    journal_close(journal);
    return rc;
}

uint64_t journal_epoch(const struct journal *journal, const char *group)
{
    return (uint64_t)json_integer_value(json_object_get(journal->epochs, group));
}

/* Writes what the journal would be with this epoch in it. */
static int save(struct journal *journal, json_t *epochs)
{
    json_t *root = json_pack("{s:i, s:O}", "v", JOURNAL_VERSION, "epochs", epochs);
    char *text = root != NULL ? json_dumps(root, JSON_COMPACT) : NULL;
    int rc = text != NULL ? durable_write(journal->path, text, strlen(text)) : -ENOMEM;

    free(text);
    json_decref(root);
    return rc;
}

int journal_raise(struct journal *journal, const char *group, uint64_t epoch)
{
    json_t *epochs;
    int rc = -ENOMEM;

    assert(epoch <= INT64_MAX);
    if (epoch <= journal_epoch(journal, group))
        return 0;
    epochs = json_copy(journal->epochs);
    if (json_object_set_new(epochs, group, json_integer((json_int_t)epoch)) == 0)
        rc = save(journal, epochs);
    if (rc < 0) {
        json_decref(epochs);
        return rc;
    }
    json_decref(journal->epochs);
    journal->epochs = epochs;
    return 0;
}

void journal_close(struct journal *journal)
{
    if (journal == NULL)
        return;
    json_decref(journal->epochs);
    free(journal);
}
