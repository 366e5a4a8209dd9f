/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of Route 53. Names are unescaped only where that cannot make two different names equal:
 * `\052` is `*`, but an escaped dot or backslash stays as it is, or a label with a dot in it would
 * pass for two labels and a stranger's record for ours. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "result.h"
#include "route53_form.h"
#include "route53_xml.h"

enum { TTL_MAX = INT32_MAX };

/* ---- texts ---- */

/* The byte that `\ooo` stands for; -1: not of that form. */
static int octal_escape(const char *text)
{
    int byte = 0;

    if (text[0] != '\\')
        return -1;
    for (int i = 1; i <= 3; i++) {
        if (text[i] < '0' || text[i] > '7')
            return -1;
        byte = byte * 8 + (text[i] - '0');
    }
    return byte;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* "a..", ".a": no name of DNS; without its last dot it would be another one. */
static bool has_empty_label(const char *name)
{
    return (name[0] == '.' && name[1] != '\0') || strstr(name, "..") != NULL;
}

/* As in record.h: unescaped, lower case, no trailing dot. The result is never longer. */
static const char *plain_name(struct pool *pool, const char *name)
{
    char *out = has_empty_label(name) ? NULL : pool_copy(pool, name, strlen(name));
    char *to = out;

    if (out == NULL)
        return NULL;
    while (*name != '\0') {
        int byte = octal_escape(name);

        if (byte > 0x20 && byte < 0x7f && byte != '.' && byte != '\\') {
            *to++ = lower((char)byte);
            name += 4;
        } else {
            *to++ = lower(*name++);
        }
    }
    if (to > out && to[-1] == '.')
        to--;
    *to = '\0';
    return out;
}

int route53_number(const char *text, int64_t max, int64_t *ret_number)
{
    int64_t number = 0;

    if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0'))
        return -1;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return -1;
        number = number * 10 + (*text - '0');
        if (number > max)
            return -1;
    }
    *ret_number = number;
    return 0;
}

int route53_bool(const char *text, bool *ret_value)
{
    if (text == NULL || (strcmp(text, "true") != 0 && strcmp(text, "false") != 0))
        return -1;
    *ret_value = text[0] == 't';
    return 0;
}

static const char *text_or_empty(const char *text)
{
    return text != NULL ? text : "";
}

uint32_t route53_count(const struct xml_node *node)
{
    uint32_t count = 0;

    for (const struct xml_node *child = node->first; child != NULL; child = child->next)
        count++;
    return count;
}

/* ---- a record set ---- */

static int read_values(struct pool *pool, const struct xml_node *node, struct record_set *set)
{
    const char **values = pool_alloc(pool, route53_count(node) * sizeof(*values));
    uint32_t count = 0;

    if (values == NULL)
        return -1;
    for (const struct xml_node *child = node->first; child != NULL; child = child->next) {
        const char *value = xml_text(child, "Value");

        if (strcmp(child->name, "ResourceRecord") != 0 || value == NULL)
            return -1;
        values[count++] = value;
    }
    set->values = values;
    set->value_count = count;
    return 0;
}

static int read_alias(const struct xml_node *node, struct record_set *set)
{
    const char *zone = xml_text(node, "HostedZoneId");
    const char *name = xml_text(node, "DNSName");

    if (zone == NULL || name == NULL || zone[0] == '\0' || name[0] == '\0')
        return -1;
    set->alias_zone = zone;
    set->alias_name = name;
    return route53_bool(xml_text(node, "EvaluateTargetHealth"), &set->alias_evaluate);
}

/* One element of a record set. What we do not know makes it a set that is never ours to change:
 * a DELETE could not name all of it. */
static int read_member(struct pool *pool, const struct xml_node *node, struct record_set *set)
{
    int64_t number;

    if (strcmp(node->name, "Name") == 0) {
        set->name = plain_name(pool, node->text);
    } else if (strcmp(node->name, "Type") == 0) {
        set->type = node->text;
    } else if (strcmp(node->name, "SetIdentifier") == 0) {
        set->set = node->text;
    } else if (strcmp(node->name, "Weight") == 0) {
        if (route53_number(node->text, WEIGHT_MAX, &number) != 0)
            return -1;
        set->weight = (int)number;
    } else if (strcmp(node->name, "TTL") == 0) {
        return route53_number(node->text, TTL_MAX, &set->ttl_s);
    } else if (strcmp(node->name, "ResourceRecords") == 0) {
        return read_values(pool, node, set);
    } else if (strcmp(node->name, "AliasTarget") == 0) {
        return read_alias(node, set);
    } else if (strcmp(node->name, "HealthCheckId") == 0) {
        set->health_check = node->text;
    } else if (strcmp(node->name, "Region") == 0) {
        set->region = node->text;
    } else if (strcmp(node->name, "Failover") == 0) {
        set->failover = node->text;
    } else {
        set->other_routing = true;
    }
    return 0;
}

bool route53_has_twice(const struct xml_node *node)
{
    for (const struct xml_node *left = node->first; left != NULL; left = left->next) {
        for (const struct xml_node *right = left->next; right != NULL; right = right->next) {
            if (strcmp(left->name, right->name) == 0)
                return true;
        }
    }
    return false;
}

static int read_set(struct pool *pool, const struct xml_node *node, struct record_set *ret_set)
{
    struct record_set set = {.name = "",
                             .type = "",
                             .set = "",
                             .weight = -1,
                             .ttl_s = -1,
                             .alias_zone = "",
                             .alias_name = "",
                             .health_check = "",
                             .region = "",
                             .failover = ""};

    if (strcmp(node->name, "ResourceRecordSet") != 0 || route53_count(node) > 32 ||
        route53_has_twice(node))
        return -1;
    for (const struct xml_node *child = node->first; child != NULL; child = child->next) {
        if (read_member(pool, child, &set) != 0)
            return -1;
    }
    if (set.name == NULL || set.name[0] == '\0' || set.type[0] == '\0')
        return -1;
    *ret_set = set;
    return 0;
}

/* ---- a page ---- */

static int read_sets(struct route53_page *page, const struct xml_node *node)
{
    struct record_set *sets = pool_alloc(page->xml.pool, route53_count(node) * sizeof(*sets));

    if (sets == NULL)
        return -1;
    for (const struct xml_node *child = node->first; child != NULL; child = child->next) {
        if (read_set(page->xml.pool, child, &sets[page->set_count]) != 0)
            return -1;
        page->set_count++;
    }
    page->sets = sets;
    return 0;
}

/* A page that says it is truncated and not where to go on would be read for ever. */
static int read_continuation(struct route53_page *page, const struct xml_node *root)
{
    if (route53_bool(xml_text(root, "IsTruncated"), &page->is_truncated) != 0)
        return -1;
    page->next_name = plain_name(page->xml.pool, text_or_empty(xml_text(root, "NextRecordName")));
    page->next_type = text_or_empty(xml_text(root, "NextRecordType"));
    page->next_set = text_or_empty(xml_text(root, "NextRecordIdentifier"));
    if (page->next_name == NULL)
        return -1;
    return page->is_truncated && (page->next_name[0] == '\0' || page->next_type[0] == '\0') ? -1
                                                                                            : 0;
}

int route53_answer(const char *body, size_t length, const char *root, const char *other_root,
                   struct xml *ret_xml, char *error, size_t error_size)
{
    struct xml xml;

    if (xml_read(body, length, &xml, error, error_size) != 0)
        return -1;
    if (strcmp(xml.root->name, root) != 0 && strcmp(xml.root->name, other_root) != 0)
        return route53_refuse(&xml, error, error_size, "the answer is no %s", root);
    *ret_xml = xml;
    return 0;
}

int route53_refuse(struct xml *xml, char *error, size_t error_size, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error, error_size, format, arguments);
    va_end(arguments);
    xml_clear(xml);
    return -1;
}

int route53_page_read(const char *body, size_t length, struct route53_page *ret_page, char *error,
                      size_t error_size)
{
    static const char name[] = "ListResourceRecordSetsResponse";
    struct route53_page page = {.set_count = 0};
    const struct xml_node *sets;

    if (route53_answer(body, length, name, name, &page.xml, error, error_size) != 0)
        return -1;
    sets = xml_child(page.xml.root, "ResourceRecordSets");
    if (sets == NULL || read_sets(&page, sets) != 0)
        return route53_refuse(&page.xml, error, error_size,
                              "record set %u of the page cannot be read exactly",
                              page.set_count + 1);
    if (read_continuation(&page, page.xml.root) != 0)
        return route53_refuse(&page.xml, error, error_size, ROUTE53_NO_NEXT);
    *ret_page = page;
    return 0;
}

void route53_page_clear(struct route53_page *page)
{
    xml_clear(&page->xml);
    *page = (struct route53_page){.set_count = 0};
}

/* ---- a zone ---- */

/* A server's name goes to the resolver next: nothing but a host name is let through. */
static bool is_host_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";

    return name[0] != '\0' && strlen(name) <= 253 && name[strspn(name, allowed)] == '\0';
}

static int read_servers(struct route53_zone *zone, const struct xml_node *node)
{
    const char **servers;

    if (node == NULL)
        return 0;
    if (route53_count(node) > ROUTE53_SERVERS_MAX)
        return -1;
    servers = pool_alloc(zone->xml.pool, ROUTE53_SERVERS_MAX * sizeof(*servers));
    if (servers == NULL)
        return -1;
    for (const struct xml_node *child = node->first; child != NULL; child = child->next) {
        const char *name = plain_name(zone->xml.pool, child->text);

        if (strcmp(child->name, "NameServer") != 0 || name == NULL || !is_host_name(name))
            return -1;
        servers[zone->server_count++] = name;
    }
    zone->servers = servers;
    return 0;
}

int route53_zone_read(const char *body, size_t length, struct route53_zone *ret_zone, char *error,
                      size_t error_size)
{
    static const char name[] = "GetHostedZoneResponse";
    struct route53_zone zone = {.server_count = 0};
    const struct xml_node *hosted, *delegation;

    if (route53_answer(body, length, name, name, &zone.xml, error, error_size) != 0)
        return -1;
    hosted = xml_child(zone.xml.root, "HostedZone");
    zone.is_private =
        strcmp(text_or_empty(xml_text(xml_child(hosted, "Config"), "PrivateZone")), "true") == 0;
    zone.apex = plain_name(zone.xml.pool, text_or_empty(xml_text(hosted, "Name")));
    if (zone.apex == NULL || zone.apex[0] == '\0')
        return route53_refuse(&zone.xml, error, error_size, "the hosted zone has no name");
    delegation = xml_child(zone.xml.root, "DelegationSet");
    if (read_servers(&zone, xml_child(delegation, "NameServers")) != 0)
        return route53_refuse(&zone.xml, error, error_size, "the delegation set cannot be read");
    *ret_zone = zone;
    return 0;
}

void route53_zone_clear(struct route53_zone *zone)
{
    xml_clear(&zone->xml);
    *zone = (struct route53_zone){.server_count = 0};
}

/* ---- a change ---- */

static int read_change_id(const char *text, char *out, size_t size)
{
    static const char prefix[] = "/change/";
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    size_t length;

    if (strncmp(text, prefix, strlen(prefix)) == 0)
        text += strlen(prefix);
    length = strlen(text);
    if (length == 0 || length >= size || text[strspn(text, allowed)] != '\0')
        return -1;
    memcpy(out, text, length + 1);
    return 0;
}

static int read_change_info(const struct xml_node *info, struct route53_change *ret_change)
{
    const char *status = text_or_empty(xml_text(info, "Status"));
    struct route53_change change = {.insync = strcmp(status, "INSYNC") == 0};

    if (!change.insync && strcmp(status, "PENDING") != 0)
        return -1;
    if (read_change_id(text_or_empty(xml_text(info, "Id")), change.id, sizeof(change.id)) != 0)
        return -1;
    *ret_change = change;
    return 0;
}

int route53_change_read(const char *body, size_t length, struct route53_change *ret_change,
                        char *error, size_t error_size)
{
    struct xml xml;

    if (route53_answer(body, length, "ChangeResourceRecordSetsResponse", "GetChangeResponse", &xml,
                       error, error_size) != 0)
        return -1;
    if (read_change_info(xml_child(xml.root, "ChangeInfo"), ret_change) != 0)
        return route53_refuse(&xml, error, error_size,
                              "the change has no id, or a status other than PENDING and INSYNC");
    xml_clear(&xml);
    return 0;
}
