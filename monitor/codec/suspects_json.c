/* SPDX-License-Identifier: Apache-2.0 */
/* What a probe suspects: the sites which the others check again at once (V2). */
#include "store_json.h"

#include "store_form.h"

int suspects_write(const struct settings *settings, const uint32_t *sites, uint32_t count,
                   char *out, size_t size)
{
    json_t *names = json_array();

    for (uint32_t i = 0; i < count; i++)
        json_array_append_new(names, json_string(settings->sites[sites[i]].name));
    return json_print(store_form_stamp(json_pack("{s:i, s:o}", "v", STORE_MAJOR, "sites",
                                                 json_whole(names, count))),
                      out, size);
}

/* The site a member names; NONE for what these settings do not know. */
static uint32_t member_site(struct json_fields *fields, const struct settings *settings,
                            const json_t *member)
{
    if (!json_is_string(member)) {
        json_complain(fields, "sites", "a member is not a string");
        return NONE;
    }
    return settings_site(settings, json_string_value(member));
}

int suspects_read(const struct settings *settings, const char *text, size_t length,
                  uint32_t *ret_sites, uint32_t *ret_count, char *error, size_t error_size)
{
    struct json_report report = {.text = error, .size = error_size};
    struct json_fields fields;
    const json_t *sites;
    uint32_t count = 0;
    int form;

    json_fields_open(&fields, &report, "suspects", text, length);
    store_form_take(&fields);
    sites = json_take_array(&fields, "sites", settings->site_count);
    for (size_t i = 0; i < json_array_size(sites); i++) {
        uint32_t site = member_site(&fields, settings, json_array_get(sites, i));

        if (site != NONE)
            ret_sites[count++] = site;
    }
    form = store_form_close(&fields);
    if (form != VALUE_READ)
        return form;
    *ret_count = count;
    return 0;
}
