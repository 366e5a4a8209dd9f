/* SPDX-License-Identifier: Apache-2.0 */
/* Health checks as Route 53 takes them. The order of the elements is the model's: AWS says that it
 * matters, and a client that keeps to it need not know whether it does. */
#include "health_xml.h"
#include "xml_write.h"

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define NAMESPACE " xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">"

static const char *const kind_names[] = {
    [HEALTH_HTTP] = "HTTP_STR_MATCH",
    [HEALTH_HTTPS] = "HTTPS_STR_MATCH",
    [HEALTH_CALCULATED] = "CALCULATED",
};

static void add_bool(struct buffer *out, const char *name, bool value)
{
    xml_add(out, name, value ? "true" : "false");
}

static void add_list(struct buffer *out, const char *name, const char *member,
                     const char *const *texts, uint32_t count)
{
    if (count == 0)
        return;
    xml_open(out, name);
    for (uint32_t i = 0; i < count; i++)
        xml_add(out, member, texts[i]);
    xml_close(out, name);
}

static bool asks_an_endpoint(const struct health_config *config)
{
    return config->kind == HEALTH_HTTP || config->kind == HEALTH_HTTPS;
}

static void add_endpoint(struct buffer *out, const struct health_config *config)
{
    xml_add_optional(out, "IPAddress", config->address);
    xml_add_number(out, "Port", config->port);
}

static void add_question(struct buffer *out, const struct health_config *config)
{
    xml_add_optional(out, "ResourcePath", config->path);
    xml_add_optional(out, "FullyQualifiedDomainName", config->host);
    xml_add_optional(out, "SearchString", config->search);
}

/* From Disabled on, both requests say the same. */
static void add_rest(struct buffer *out, const struct health_config *config)
{
    add_bool(out, "Disabled", config->is_disabled);
    xml_add_number(out, "HealthThreshold", config->threshold);
    add_list(out, "ChildHealthChecks", "ChildHealthCheck", config->children, config->child_count);
    if (config->kind == HEALTH_HTTPS)
        add_bool(out, "EnableSNI", config->sends_name);
    add_list(out, "Regions", "Region", config->regions, config->region_count);
}

int health_create_write(const char *reference, const struct health_config *config,
                        struct buffer *out)
{
    if (config->kind == HEALTH_OTHER)
        return -1;
    buffer_add_text(out, HEAD "<CreateHealthCheckRequest" NAMESPACE);
    xml_add(out, "CallerReference", reference);
    xml_open(out, "HealthCheckConfig");
    add_endpoint(out, config);
    xml_add(out, "Type", kind_names[config->kind]);
    add_question(out, config);
    xml_add_number(out, "RequestInterval", config->interval_s);
    xml_add_number(out, "FailureThreshold", config->fall);
    if (asks_an_endpoint(config))
        add_bool(out, "MeasureLatency", config->measures_latency);
    add_bool(out, "Inverted", config->is_inverted);
    add_rest(out, config);
    xml_close(out, "HealthCheckConfig");
    buffer_add_text(out, "</CreateHealthCheckRequest>");
    return out->failed ? -1 : 0;
}

int health_update_write(int64_t version, const struct health_config *config, struct buffer *out)
{
    if (config->kind == HEALTH_OTHER)
        return -1;
    buffer_add_text(out, HEAD "<UpdateHealthCheckRequest" NAMESPACE);
    xml_add_number(out, "HealthCheckVersion", version);
    add_endpoint(out, config);
    add_question(out, config);
    xml_add_number(out, "FailureThreshold", config->fall);
    add_bool(out, "Inverted", config->is_inverted);
    add_rest(out, config);
    buffer_add_text(out, "</UpdateHealthCheckRequest>");
    return out->failed ? -1 : 0;
}

int health_tags_write(const struct health_tag *tags, size_t count, struct buffer *out)
{
    if (count == 0 || count > HEALTH_TAGS_MAX)
        return -1;
    buffer_add_text(out, HEAD "<ChangeTagsForResourceRequest" NAMESPACE);
    xml_open(out, "AddTags");
    for (size_t i = 0; i < count; i++) {
        xml_open(out, "Tag");
        xml_add(out, "Key", tags[i].key);
        xml_add(out, "Value", tags[i].value);
        xml_close(out, "Tag");
    }
    xml_close(out, "AddTags");
    buffer_add_text(out, "</ChangeTagsForResourceRequest>");
    return out->failed ? -1 : 0;
}
