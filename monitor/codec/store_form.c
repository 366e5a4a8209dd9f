/* SPDX-License-Identifier: Apache-2.0 */
/* The one place that knows which version we are: a test builds this file a second time, as the
 * release that comes next, and lets it run beside us (tests/system/test_upgrade.py). */
#include "store_form.h"

/* Raised by each release that adds a field to a value. */
#ifndef REGIONSHIFT_STORE_MINOR
#define REGIONSHIFT_STORE_MINOR 0
#endif
/* The tests' next release only: what it adds to the major, and whether it adds a field. */
#ifndef REGIONSHIFT_STORE_MAJOR_STEP
#define REGIONSHIFT_STORE_MAJOR_STEP 0
#endif
#ifndef REGIONSHIFT_STORE_NEWS
#define REGIONSHIFT_STORE_NEWS 0
#endif

enum {
    MAJOR_NOW = STORE_MAJOR + REGIONSHIFT_STORE_MAJOR_STEP,
    MINOR_NOW = REGIONSHIFT_STORE_MINOR
};

void store_form_take(struct json_fields *fields)
{
    int64_t major = json_take_integer(fields, "v", INT64_MIN, INT64_MAX);
    int64_t minor =
        json_has(fields, "minor") ? json_take_integer(fields, "minor", 0, INT64_MAX) : 0;

    if (REGIONSHIFT_STORE_NEWS && json_has(fields, "news"))
        (void)json_take_object(fields, "news");
    if (fields->object == NULL)
        return;
    if (major > MAJOR_NOW) {
        fields->report->newer = true;
        json_complain(fields, "v", "version %lld, and only %d is known: written by a newer release",
                      (long long)major, MAJOR_NOW);
    } else if (major < STORE_MAJOR) {
        json_complain(fields, "v", "version %lld, and only %d is known: by no release of ours",
                      (long long)major, MAJOR_NOW);
    }
    fields->lenient = minor > MINOR_NOW;
}

int store_form_close(struct json_fields *fields)
{
    if (json_fields_close(fields) == 0)
        return VALUE_READ;
    return fields->report->newer     ? VALUE_NEWER
           : fields->report->foreign ? VALUE_FOREIGN
                                     : VALUE_BROKEN;
}

json_t *store_form_stamp(json_t *value)
{
    int failed = 0;

    if (value == NULL)
        return NULL;
    if (REGIONSHIFT_STORE_MAJOR_STEP > 0)
        failed |= json_object_set_new(value, "v", json_integer(MAJOR_NOW));
    if (MINOR_NOW > 0)
        failed |= json_object_set_new(value, "minor", json_integer(MINOR_NOW));
    if (REGIONSHIFT_STORE_NEWS)
        failed |= json_object_set_new(value, "news", json_pack("{s:[i,i]}", "of", 1, 2));
    if (failed == 0)
        return value;
    json_decref(value);
    return NULL;
}

uint64_t store_value_digest(const char *value, size_t length)
{
    uint64_t digest = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < length; i++)
        digest = (digest ^ (unsigned char)value[i]) * UINT64_C(0x100000001b3);
    return digest;
}
