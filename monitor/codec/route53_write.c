/* SPDX-License-Identifier: Apache-2.0 */
/* A batch as XML, by hand: the form is small, the order of its elements is part of it, and every
 * text passes one gate, add_text(). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "route53_xml.h"

/* What XML 1.0 can carry and we want in a record: no control characters, and only UTF-8. Returns
 * the length of the character at text, 0 when it is none of these. */
static size_t character_length(const unsigned char *text)
{
    static const struct {
        unsigned char mask, mark;
        unsigned min;
    } forms[] = {
        {0x80, 0x00, 0x20}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

    for (size_t extra = 0; extra < 4; extra++) {
        unsigned point = text[0] & (unsigned char)~forms[extra].mask;

        if ((text[0] & forms[extra].mask) != forms[extra].mark)
            continue;
        for (size_t i = 1; i <= extra; i++) {
            if ((text[i] & 0xc0) != 0x80)
                return 0;
            point = point << 6 | (text[i] & 0x3f);
        }
        if (point < forms[extra].min || point == 0x7f || point > 0x10ffff ||
            (point >= 0xd800 && point <= 0xdfff) || point == 0xfffe || point == 0xffff)
            return 0;
        return extra + 1;
    }
    return 0;
}

static const char *entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&apos;";
    default:
        return NULL;
    }
}

static void add_text(struct buffer *out, const char *text)
{
    while (*text != '\0') {
        size_t length = character_length((const unsigned char *)text);

        if (length == 0) {
            out->failed = true;
            return;
        }
        if (entity(*text) != NULL)
            buffer_add_text(out, entity(*text));
        else
            buffer_add(out, text, length);
        text += length;
    }
}

static void open_element(struct buffer *out, const char *name)
{
    buffer_add_char(out, '<');
    buffer_add_text(out, name);
    buffer_add_char(out, '>');
}

static void close_element(struct buffer *out, const char *name)
{
    buffer_add_text(out, "</");
    buffer_add_text(out, name);
    buffer_add_char(out, '>');
}

static void add_element(struct buffer *out, const char *name, const char *text)
{
    open_element(out, name);
    add_text(out, text);
    close_element(out, name);
}

/* "" stands for an attribute that is not there. */
static void add_optional(struct buffer *out, const char *name, const char *text)
{
    if (text[0] != '\0')
        add_element(out, name, text);
}

static void add_number(struct buffer *out, const char *name, int64_t number)
{
    char text[24];

    if (number < 0)
        return;
    snprintf(text, sizeof(text), "%" PRId64, number);
    add_element(out, name, text);
}

static void add_values(struct buffer *out, const struct record_set *set)
{
    if (set->value_count == 0)
        return;
    open_element(out, "ResourceRecords");
    for (uint32_t i = 0; i < set->value_count; i++) {
        open_element(out, "ResourceRecord");
        add_element(out, "Value", set->values[i]);
        close_element(out, "ResourceRecord");
    }
    close_element(out, "ResourceRecords");
}

static void add_alias(struct buffer *out, const struct record_set *set)
{
    if (set->alias_name[0] == '\0')
        return;
    open_element(out, "AliasTarget");
    add_element(out, "HostedZoneId", set->alias_zone);
    add_element(out, "DNSName", set->alias_name);
    add_element(out, "EvaluateTargetHealth", set->alias_evaluate ? "true" : "false");
    close_element(out, "AliasTarget");
}

static void add_set(struct buffer *out, const struct record_set *set)
{
    open_element(out, "ResourceRecordSet");
    add_element(out, "Name", set->name);
    add_element(out, "Type", set->type);
    add_optional(out, "SetIdentifier", set->set);
    add_number(out, "Weight", set->weight);
    add_optional(out, "Region", set->region);
    add_optional(out, "Failover", set->failover);
    add_number(out, "TTL", set->ttl_s);
    add_values(out, set);
    add_alias(out, set);
    add_optional(out, "HealthCheckId", set->health_check);
    close_element(out, "ResourceRecordSet");
}

static void add_change(struct buffer *out, const struct batch_item *item)
{
    if (item->set.other_routing) {
        out->failed = true; /* it has attributes we did not keep */
        return;
    }
    open_element(out, "Change");
    add_element(out, "Action", item->action == BATCH_DELETE ? "DELETE" : "CREATE");
    add_set(out, &item->set);
    close_element(out, "Change");
}

int route53_batch_write(const struct batch *batch, struct buffer *out)
{
    buffer_add_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                         "<ChangeResourceRecordSetsRequest "
                         "xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch>");
    add_optional(out, "Comment", batch->comment);
    open_element(out, "Changes");
    for (uint32_t i = 0; i < batch->item_count; i++)
        add_change(out, &batch->items[i]);
    close_element(out, "Changes");
    buffer_add_text(out, "</ChangeBatch></ChangeResourceRecordSetsRequest>");
    return out->failed ? -1 : 0;
}
