/* SPDX-License-Identifier: Apache-2.0 */
/* <DescribeTargetHealthResponse><DescribeTargetHealthResult><TargetHealthDescriptions><member>
 * <TargetHealth><State>. */
#include "elb.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "query_form.h"
#include "xml.h"

static const char space[] = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/";

void elb_write(struct buffer *out, const char *target_group_arn)
{
    query_form_begin(out, "DescribeTargetHealth", "2015-12-01");
    query_form_add(out, "TargetGroupArn", target_group_arn);
}

static const struct state {
    const char *name;
    size_t count; /* where in struct elb_health */
} states[] = {
    {"healthy", offsetof(struct elb_health, healthy)},
    {"unhealthy", offsetof(struct elb_health, unhealthy)},
    {"unhealthy.draining", offsetof(struct elb_health, unhealthy)},
    {"initial", offsetof(struct elb_health, initial)},
    {"draining", offsetof(struct elb_health, draining)},
    {"unused", offsetof(struct elb_health, unused)},
    {"unavailable", offsetof(struct elb_health, unavailable)},
};

/* States were added to ELB before; one that we do not know must not blind us to the others. */
static void count(const char *name, struct elb_health *health)
{
    size_t at = offsetof(struct elb_health, other);

    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (strcmp(states[i].name, name) == 0)
            at = states[i].count;
    }
    health->total++;
    ++*(uint32_t *)(void *)((char *)health + at);
}

/* Returns NULL, or what is wrong. */
static const char *take(const struct xml *xml, struct elb_health *health)
{
    const struct xml_node *result = xml_child(xml->root, "DescribeTargetHealthResult");
    const struct xml_node *list = xml_child(result, "TargetHealthDescriptions");

    if (strcmp(xml->root->name, "DescribeTargetHealthResponse") != 0 || list == NULL)
        return "no TargetHealthDescriptions in it";
    if (strcmp(xml->space, space) != 0)
        return "of another namespace than Elastic Load Balancing's";
    for (const struct xml_node *member = list->first; member != NULL; member = member->next) {
        const char *state = xml_only_text(xml_child(member, "TargetHealth"), "State");

        if (state == NULL)
            return "a target without one State";
        count(state, health);
    }
    return NULL;
}

int elb_read(const char *body, size_t length, struct elb_health *ret_health, char *error,
             size_t error_size)
{
    struct elb_health health = {.total = 0};
    const char *complaint;
    char words[128];
    struct xml xml;

    if (xml_read(body, length, &xml, words, sizeof(words)) != 0) {
        snprintf(error, error_size, "the answer of Elastic Load Balancing: %s", words);
        return -1;
    }
    complaint = take(&xml, &health);
    xml_clear(&xml);
    if (complaint != NULL) {
        snprintf(error, error_size, "the answer of Elastic Load Balancing: %s", complaint);
        return -1;
    }
    *ret_health = health;
    return 0;
}
