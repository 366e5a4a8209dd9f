/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger of moves (D6), one for all groups. */
#include "store_json.h"

#include <string.h>

#include "store_form.h"

int budget_write(const wall_t *moves, uint32_t count, char *out, size_t size)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < count; i++)
        json_array_append_new(list, json_integer(moves[i]));
    return json_print(store_form_stamp(json_pack("{s:i, s:o}", "v", STORE_MAJOR, "moves",
                                                 json_whole(list, count))),
                      out, size);
}

/* A time of the ledger; clocks of several machines wrote it, so only its kind is checked. */
static wall_t member_time(struct json_fields *fields, const json_t *member)
{
    if (!json_is_integer(member) || json_integer_value(member) < 0) {
        json_complain(fields, "moves", "a member is not a time in milliseconds since 1970");
        return 0;
    }
    return json_integer_value(member);
}

int budget_read(const char *text, size_t length, wall_t ret_moves[BUDGET_MAX], uint32_t *ret_count,
                char *error, size_t error_size)
{
    struct json_report report = {.text = error, .size = error_size};
    struct json_fields fields;
    wall_t moves[BUDGET_MAX];
    const json_t *list;
    uint32_t count;
    int form;

    json_fields_open(&fields, &report, "budget", text, length);
    store_form_take(&fields);
    list = json_take_array(&fields, "moves", BUDGET_MAX);
    count = (uint32_t)json_array_size(list);
    for (uint32_t i = 0; i < count; i++)
        moves[i] = member_time(&fields, json_array_get(list, i));
    form = store_form_close(&fields);
    if (form != VALUE_READ)
        return form;
    memcpy(ret_moves, moves, count * sizeof(*moves));
    *ret_count = count;
    return 0;
}
