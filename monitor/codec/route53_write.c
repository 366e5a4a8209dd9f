/* SPDX-License-Identifier: Apache-2.0 */
/* A batch as XML, by hand: the form is small, and the order of its elements is part of it. */
#include "route53_xml.h"
#include "xml_write.h"

static void add_values(struct buffer *out, const struct record_set *set)
{
    if (set->value_count == 0)
        return;
    xml_open(out, "ResourceRecords");
    for (uint32_t i = 0; i < set->value_count; i++) {
        xml_open(out, "ResourceRecord");
        xml_add(out, "Value", set->values[i]);
        xml_close(out, "ResourceRecord");
    }
    xml_close(out, "ResourceRecords");
}

static void add_alias(struct buffer *out, const struct record_set *set)
{
    if (set->alias_name[0] == '\0')
        return;
    xml_open(out, "AliasTarget");
    xml_add(out, "HostedZoneId", set->alias_zone);
    xml_add(out, "DNSName", set->alias_name);
    xml_add(out, "EvaluateTargetHealth", set->alias_evaluate ? "true" : "false");
    xml_close(out, "AliasTarget");
}

static void add_set(struct buffer *out, const struct record_set *set)
{
    xml_open(out, "ResourceRecordSet");
    xml_add(out, "Name", set->name);
    xml_add(out, "Type", set->type);
    xml_add_optional(out, "SetIdentifier", set->set);
    xml_add_number(out, "Weight", set->weight);
    xml_add_optional(out, "Region", set->region);
    xml_add_optional(out, "Failover", set->failover);
    xml_add_number(out, "TTL", set->ttl_s);
    add_values(out, set);
    add_alias(out, set);
    xml_add_optional(out, "HealthCheckId", set->health_check);
    xml_close(out, "ResourceRecordSet");
}

static void add_change(struct buffer *out, const struct batch_item *item)
{
    if (item->set.other_routing) {
        out->failed = true; /* it has attributes we did not keep */
        return;
    }
    xml_open(out, "Change");
    xml_add(out, "Action", item->action == BATCH_DELETE ? "DELETE" : "CREATE");
    add_set(out, &item->set);
    xml_close(out, "Change");
}

int route53_batch_write(const struct batch *batch, struct buffer *out)
{
    buffer_add_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                         "<ChangeResourceRecordSetsRequest "
                         "xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch>");
    xml_add_optional(out, "Comment", batch->comment);
    xml_open(out, "Changes");
    for (uint32_t i = 0; i < batch->item_count; i++)
        add_change(out, &batch->items[i]);
    xml_close(out, "Changes");
    buffer_add_text(out, "</ChangeBatch></ChangeResourceRecordSetsRequest>");
    return out->failed ? -1 : 0;
}
