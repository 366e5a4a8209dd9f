/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a CloudWatch alarm, of metrics or composite: OK is good, ALARM is bad. An alarm that
 * has too little data says nothing, unless `expect` says what that is to mean; one that does not
 * exist says nothing either: our settings are wrong, or somebody deleted it. */
#include "attempt.h"

#include <stdio.h>
#include <string.h>

#include "cloud.h"
#include "cloudwatch.h"

extern const struct attempt_kind kind_alarm;

/* The name is of the settings, but may be any text. */
enum { NAME_SIZE = 80 };

/* Who writes `expect` says of every state what it is. */
static bool says_nothing(const struct check *check, const char *state)
{
    bool has_own_words = check->expect != NULL && check->expect[0] != '\0';

    return !has_own_words && strcmp(state, "INSUFFICIENT_DATA") == 0;
}

static void judge(struct attempt *attempt, const struct cloudwatch_alarm *alarm, const char *name)
{
    const struct answer answer = {.has = SUBJECT_BIT(SUBJECT_STATE), .state = alarm->state};
    char seen[RESULT_DETAIL_MAX + 1];

    snprintf(seen, sizeof(seen), "alarm %s is %s", name, alarm->state);
    attempt_judge_as(attempt, &answer, seen, alarm->reason,
                     says_nothing(attempt->check, alarm->state) ? RESULT_VOID : RESULT_BAD);
}

static void take(struct attempt *attempt, const char *body, size_t length)
{
    const struct check_aws *of = attempt->check->of.aws;
    struct cloudwatch_alarm alarm;
    char name[NAME_SIZE];
    char error[200];

    text_escape(name, sizeof(name), of->what, strlen(of->what));
    if (cloudwatch_read(body, length, of->what, &alarm, error, sizeof(error)) != 0)
        attempt_end(attempt, RESULT_VOID, FAILURE_BODY, "%s", error);
    else if (!alarm.is_found)
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "%s has no alarm named %s%s", of->region,
                    name, of->role[0] != '\0' ? " in the role's account" : " in our account");
    else
        judge(attempt, &alarm, name);
}

static void begin(struct attempt *attempt)
{
    static const struct cloud_kind cloud_watch = {
        .service = AWS_CLOUDWATCH, .words = "CloudWatch", .write = cloudwatch_write, .take = take};

    cloud_begin(attempt, &cloud_watch);
}

static const char *doing(const struct attempt *attempt)
{
    (void)attempt;
    return "waiting for CloudWatch";
}

const struct attempt_kind kind_alarm = {
    .is_hearsay = true, .begin = begin, .release = cloud_release, .doing = doing};
