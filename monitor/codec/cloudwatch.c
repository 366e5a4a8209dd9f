/* SPDX-License-Identifier: Apache-2.0 */
/* <DescribeAlarmsResponse><DescribeAlarmsResult><MetricAlarms><member>, or <CompositeAlarms>. A
 * name belongs to one alarm of either kind, and we ask for one name; an answer with anything else
 * in it is of no use, because a state of another alarm must never become a verdict. */
#include "cloudwatch.h"

#include <stdio.h>
#include <string.h>

#include "query_form.h"
#include "result.h"
#include "xml.h"

static const char space[] = "http://monitoring.amazonaws.com/doc/2010-08-01/";

/* Without types, metric alarms only would be told. */
void cloudwatch_write(struct buffer *out, const char *name)
{
    query_form_begin(out, "DescribeAlarms", "2010-08-01");
    query_form_add(out, "AlarmNames.member.1", name);
    query_form_add(out, "AlarmTypes.member.1", "CompositeAlarm");
    query_form_add(out, "AlarmTypes.member.2", "MetricAlarm");
}

/* NULL: none that we know. */
static const char *state_of(const struct xml_node *member)
{
    static const char *const states[] = {"OK", "ALARM", "INSUFFICIENT_DATA"};
    const char *text = xml_only_text(member, "StateValue");

    for (size_t i = 0; text != NULL && i < sizeof(states) / sizeof(states[0]); i++) {
        if (strcmp(text, states[i]) == 0)
            return states[i];
    }
    return NULL;
}

/* Returns NULL, or what is wrong. */
static const char *take_member(const struct xml_node *member, const char *name,
                               struct cloudwatch_alarm *alarm)
{
    const char *its_name = xml_only_text(member, "AlarmName");
    const char *reason = xml_text(member, "StateReason");

    if (its_name == NULL || strcmp(its_name, name) != 0)
        return "an alarm that was not asked for";
    if (alarm->is_found)
        return "two alarms of one name";
    alarm->is_found = true;
    alarm->state = state_of(member);
    if (alarm->state == NULL)
        return "not one StateValue that is OK, ALARM or INSUFFICIENT_DATA";
    if (reason != NULL)
        text_escape(alarm->reason, sizeof(alarm->reason), reason, strlen(reason));
    return NULL;
}

static const char *take_list(const struct xml_node *list, bool is_composite, const char *name,
                             struct cloudwatch_alarm *alarm)
{
    const char *complaint = NULL;

    for (const struct xml_node *member = list != NULL ? list->first : NULL;
         member != NULL && complaint == NULL; member = member->next) {
        complaint = take_member(member, name, alarm);
        alarm->is_composite = is_composite;
    }
    return complaint;
}

static const char *take(const struct xml *xml, const char *name, struct cloudwatch_alarm *alarm)
{
    const struct xml_node *result = xml_child(xml->root, "DescribeAlarmsResult");
    const char *token = xml_text(result, "NextToken");
    const char *complaint;

    if (strcmp(xml->root->name, "DescribeAlarmsResponse") != 0 || result == NULL)
        return "no DescribeAlarmsResult in it";
    if (strcmp(xml->space, space) != 0)
        return "of another namespace than CloudWatch's";
    complaint = take_list(xml_child(result, "MetricAlarms"), false, name, alarm);
    if (complaint == NULL)
        complaint = take_list(xml_child(result, "CompositeAlarms"), true, name, alarm);
    if (complaint == NULL && !alarm->is_found && token != NULL && token[0] != '\0')
        return "only a part of it, and the alarm is not in it";
    return complaint;
}

int cloudwatch_read(const char *body, size_t length, const char *name,
                    struct cloudwatch_alarm *ret_alarm, char *error, size_t error_size)
{
    struct cloudwatch_alarm alarm = {.is_found = false};
    const char *complaint;
    char words[128];
    struct xml xml;

    if (xml_read(body, length, &xml, words, sizeof(words)) != 0) {
        snprintf(error, error_size, "the answer of CloudWatch: %s", words);
        return -1;
    }
    complaint = take(&xml, name, &alarm);
    xml_clear(&xml);
    if (complaint != NULL) {
        snprintf(error, error_size, "the answer of CloudWatch: %s", complaint);
        return -1;
    }
    *ret_alarm = alarm;
    return 0;
}
