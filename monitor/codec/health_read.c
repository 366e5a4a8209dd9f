/* SPDX-License-Identifier: Apache-2.0 */
/* What Route 53 says of health checks. A check of a kind that is not ours may have members we do
 * not know; in one of ours they make the answer unreadable, because nothing could be said of
 * whether the check is as it ought to be. */
#include <stdio.h>
#include <string.h>

#include "health_xml.h"
#include "result.h"
#include "route53_form.h"

enum { PORT_MAX = 65535, MEMBERS_MAX = 32 };

/* ---- members ---- */

enum member_form { MEMBER_TEXT, MEMBER_NUMBER, MEMBER_BOOL, MEMBER_LIST };

/* Where a member goes, and how it is read. Lists: the second offset is that of the count. */
struct member {
    const char *name;
    enum member_form form;
    size_t offset;
    size_t count_offset;
    int64_t max;
    const char *item;
};

#define AT(field) offsetof(struct health_config, field)

static const struct member members[] = {
    {"IPAddress", MEMBER_TEXT, AT(address), 0, 45, NULL},
    {"Port", MEMBER_NUMBER, AT(port), 0, PORT_MAX, NULL},
    {"ResourcePath", MEMBER_TEXT, AT(path), 0, HEALTH_PATH_MAX, NULL},
    {"FullyQualifiedDomainName", MEMBER_TEXT, AT(host), 0, HEALTH_HOST_MAX, NULL},
    {"SearchString", MEMBER_TEXT, AT(search), 0, HEALTH_WORD_MAX, NULL},
    {"RequestInterval", MEMBER_NUMBER, AT(interval_s), 0, 3600, NULL},
    {"FailureThreshold", MEMBER_NUMBER, AT(fall), 0, 100, NULL},
    {"MeasureLatency", MEMBER_BOOL, AT(measures_latency), 0, 0, NULL},
    {"Inverted", MEMBER_BOOL, AT(is_inverted), 0, 0, NULL},
    {"Disabled", MEMBER_BOOL, AT(is_disabled), 0, 0, NULL},
    {"HealthThreshold", MEMBER_NUMBER, AT(threshold), 0, 256, NULL},
    {"ChildHealthChecks", MEMBER_LIST, AT(children), AT(child_count), 256, "ChildHealthCheck"},
    {"EnableSNI", MEMBER_BOOL, AT(sends_name), 0, 0, NULL},
    {"Regions", MEMBER_LIST, AT(regions), AT(region_count), HEALTH_REGIONS_MAX, "Region"},
};

static const struct member *find_member(const char *name)
{
    for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
        if (strcmp(members[i].name, name) == 0)
            return &members[i];
    }
    return NULL;
}

static int read_list(struct pool *pool, const struct xml_node *node, const struct member *member,
                     struct health_config *config)
{
    uint32_t count = route53_count(node);
    const char **texts;

    if (count > (uint64_t)member->max)
        return -1;
    texts = pool_alloc(pool, (count + 1) * sizeof(*texts));
    if (texts == NULL)
        return -1;
    count = 0;
    for (const struct xml_node *child = node->first; child != NULL; child = child->next) {
        if (strcmp(child->name, member->item) != 0 || child->first != NULL ||
            child->text[0] == '\0')
            return -1;
        texts[count++] = child->text;
    }
    memcpy((char *)config + member->offset, &texts, sizeof(texts));
    memcpy((char *)config + member->count_offset, &count, sizeof(count));
    return 0;
}

static int read_member(struct pool *pool, const struct xml_node *node, const struct member *member,
                       struct health_config *config)
{
    void *at = (char *)config + member->offset;

    if (member->form == MEMBER_LIST)
        return read_list(pool, node, member, config);
    if (node->first != NULL)
        return -1;
    if (member->form == MEMBER_NUMBER)
        return route53_number(node->text, member->max, at);
    if (member->form == MEMBER_BOOL)
        return route53_bool(node->text, at);
    if (strlen(node->text) > (size_t)member->max)
        return -1;
    memcpy(at, &node->text, sizeof(node->text));
    return 0;
}

static enum health_kind kind_of(const char *type)
{
    if (strcmp(type, "HTTP_STR_MATCH") == 0)
        return HEALTH_HTTP;
    if (strcmp(type, "HTTPS_STR_MATCH") == 0)
        return HEALTH_HTTPS;
    return strcmp(type, "CALCULATED") == 0 ? HEALTH_CALCULATED : HEALTH_OTHER;
}

/* ---- a health check ---- */

static int read_config(struct pool *pool, const struct xml_node *node,
                       struct health_config *ret_config)
{
    struct health_config config = {.address = "",
                                   .port = -1,
                                   .path = "",
                                   .host = "",
                                   .search = "",
                                   .interval_s = -1,
                                   .fall = -1,
                                   .threshold = -1};
    const char *type = xml_text(node, "Type");

    if (type == NULL || type[0] == '\0' || route53_count(node) > MEMBERS_MAX ||
        route53_has_twice(node))
        return -1;
    config.kind = kind_of(type);
    for (const struct xml_node *child = node->first; child != NULL; child = child->next) {
        const struct member *member = find_member(child->name);

        if (strcmp(child->name, "Type") == 0)
            continue;
        if (member == NULL && config.kind == HEALTH_OTHER)
            continue;
        if (member == NULL || read_member(pool, child, member, &config) != 0)
            return -1;
    }
    *ret_config = config;
    return 0;
}

/* An id goes into a path, a batch and a log next. */
static bool is_id(const char *text)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";

    return text != NULL && text[0] != '\0' && strlen(text) <= HEALTH_ID_MAX &&
           text[strspn(text, allowed)] == '\0';
}

static int read_check(struct pool *pool, const struct xml_node *node,
                      struct health_check *ret_check)
{
    struct health_check check = {.id = xml_text(node, "Id"),
                                 .reference = xml_text(node, "CallerReference"),
                                 .is_linked = xml_child(node, "LinkedService") != NULL};
    const char *version = xml_text(node, "HealthCheckVersion");

    if (node == NULL || strcmp(node->name, "HealthCheck") != 0 ||
        route53_count(node) > MEMBERS_MAX || route53_has_twice(node) || !is_id(check.id) ||
        check.reference == NULL || strlen(check.reference) > HEALTH_REFERENCE_MAX ||
        version == NULL || route53_number(version, INT64_MAX / 10 - 1, &check.version) != 0)
        return -1;
    if (read_config(pool, xml_child(node, "HealthCheckConfig"), &check.config) != 0)
        return -1;
    *ret_check = check;
    return 0;
}

static bool is_answer(const char *root)
{
    return strcmp(root, "CreateHealthCheckResponse") == 0 ||
           strcmp(root, "GetHealthCheckResponse") == 0 ||
           strcmp(root, "UpdateHealthCheckResponse") == 0;
}

int health_answer_read(const char *body, size_t length, struct health_answer *ret_answer,
                       char *error, size_t error_size)
{
    struct health_answer answer;

    if (xml_read(body, length, &answer.xml, error, error_size) != 0)
        return -1;
    if (!is_answer(answer.xml.root->name) ||
        read_check(answer.xml.pool, xml_child(answer.xml.root, "HealthCheck"), &answer.check) != 0)
        return route53_refuse(&answer.xml, error, error_size,
                              "the health check cannot be read exactly");
    *ret_answer = answer;
    return 0;
}

void health_answer_clear(struct health_answer *answer)
{
    xml_clear(&answer->xml);
}

/* ---- a page ---- */

static int read_checks(struct health_page *page, const struct xml_node *node)
{
    struct health_check *checks =
        pool_alloc(page->xml.pool, (route53_count(node) + 1) * sizeof(*checks));

    if (checks == NULL)
        return -1;
    page->checks = checks;
    for (const struct xml_node *child = node->first; child != NULL; child = child->next) {
        if (read_check(page->xml.pool, child, &checks[page->count]) != 0)
            return -1;
        page->count++;
    }
    return 0;
}

/* A page that says it is truncated and not where to go on would be read for ever. */
static int read_continuation(struct health_page *page)
{
    const char *next = xml_text(page->xml.root, "NextMarker");

    if (route53_bool(xml_text(page->xml.root, "IsTruncated"), &page->is_truncated) != 0)
        return -1;
    page->next = next != NULL ? next : "";
    return page->is_truncated && !is_id(page->next) ? -1 : 0;
}

int health_page_read(const char *body, size_t length, struct health_page *ret_page, char *error,
                     size_t error_size)
{
    static const char name[] = "ListHealthChecksResponse";
    struct health_page page = {.count = 0};
    const struct xml_node *checks;

    if (route53_answer(body, length, name, name, &page.xml, error, error_size) != 0)
        return -1;
    checks = xml_child(page.xml.root, "HealthChecks");
    if (checks == NULL || read_checks(&page, checks) != 0)
        return route53_refuse(&page.xml, error, error_size,
                              "health check %u of the page cannot be read exactly", page.count + 1);
    if (read_continuation(&page) != 0)
        return route53_refuse(&page.xml, error, error_size, ROUTE53_NO_NEXT);
    *ret_page = page;
    return 0;
}

void health_page_clear(struct health_page *page)
{
    xml_clear(&page->xml);
    *page = (struct health_page){.count = 0};
}

/* ---- the status ---- */

/* "Success: HTTP Status Code 200, OK", "Failure: ...": the word before the colon decides. */
static int read_observation(const struct xml_node *node, struct health_observation *ret_seen)
{
    const char *region = xml_text(node, "Region");
    const char *address = xml_text(node, "IPAddress");
    const char *status = xml_text(xml_child(node, "StatusReport"), "Status");

    if (strcmp(node->name, "HealthCheckObservation") != 0 || status == NULL || status[0] == '\0')
        return -1;
    *ret_seen = (struct health_observation){.region = region != NULL ? region : "",
                                            .address = address != NULL ? address : "",
                                            .is_success = strncmp(status, "Success", 7) == 0,
                                            .status = status};
    return 0;
}

int health_status_read(const char *body, size_t length, struct health_status *ret_status,
                       char *error, size_t error_size)
{
    static const char name[] = "GetHealthCheckStatusResponse";
    struct health_status status = {.count = 0};
    struct health_observation *seen = NULL;
    const struct xml_node *list;

    if (route53_answer(body, length, name, name, &status.xml, error, error_size) != 0)
        return -1;
    list = xml_child(status.xml.root, "HealthCheckObservations");
    if (list != NULL)
        seen = pool_alloc(status.xml.pool, (route53_count(list) + 1) * sizeof(*seen));
    if (seen == NULL)
        goto out;
    for (const struct xml_node *child = list->first; child != NULL; child = child->next) {
        if (read_observation(child, &seen[status.count]) != 0)
            goto out;
        status.count++;
    }
    status.observations = seen;
    *ret_status = status;
    return 0;
out:
    return route53_refuse(&status.xml, error, error_size,
                          "the observations of a health check cannot be read");
}

void health_status_clear(struct health_status *status)
{
    xml_clear(&status->xml);
    *status = (struct health_status){.count = 0};
}

int health_done_read(const char *body, size_t length, char *error, size_t error_size)
{
    struct xml xml;

    if (route53_answer(body, length, "DeleteHealthCheckResponse", "ChangeTagsForResourceResponse",
                       &xml, error, error_size) != 0)
        return -1;
    xml_clear(&xml);
    return 0;
}
