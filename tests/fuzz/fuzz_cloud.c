/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of CloudWatch and Elastic Load Balancing. What is promised: an alarm that was found has
 * one of three states; targets add up; a refusal is a printable sentence and changes nothing. */
#include <assert.h>
#include <string.h>

#include "cloudwatch.h"
#include "elb.h"
#include "fuzz.h"

static char error[256];

static void expect_a_sentence(void)
{
    assert(error[0] != '\0' && strlen(error) < sizeof(error));
    for (const char *c = error; *c != '\0'; c++)
        assert(*c >= 0x20 && *c < 0x7f);
}

static void check_reason(const char *text)
{
    assert(strlen(text) <= CLOUDWATCH_REASON_MAX);
    for (; *text != '\0'; text++)
        assert(*text >= 0x20 && *text < 0x7f);
}

void fuzz_cloud_alarm(const uint8_t *data, size_t size)
{
    struct cloudwatch_alarm alarm = {.state = "untouched"};

    error[0] = '\0';
    if (cloudwatch_read((const char *)data, size, "shop-5xx", &alarm, error, sizeof(error)) != 0) {
        expect_a_sentence();
        assert(strcmp(alarm.state, "untouched") == 0);
        return;
    }
    check_reason(alarm.reason);
    assert(!alarm.is_found || strcmp(alarm.state, "OK") == 0 || strcmp(alarm.state, "ALARM") == 0 ||
           strcmp(alarm.state, "INSUFFICIENT_DATA") == 0);
}

void fuzz_cloud_targets(const uint8_t *data, size_t size)
{
    struct elb_health health = {.total = UINT32_MAX};

    error[0] = '\0';
    if (elb_read((const char *)data, size, &health, error, sizeof(error)) != 0) {
        expect_a_sentence();
        assert(health.total == UINT32_MAX);
        return;
    }
    assert(health.total == health.healthy + health.unhealthy + health.initial + health.draining +
                               health.unused + health.unavailable + health.other);
}
