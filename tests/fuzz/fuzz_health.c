/* SPDX-License-Identifier: Apache-2.0 */
/* Health checks, as Route 53 tells of them. What is promised: limits hold; a check of our kinds
 * that was read can be written as a request, which is XML again, or is refused; one of another kind
 * is never written. */
#include <assert.h>
#include <string.h>

#include "fuzz.h"
#include "health_xml.h"

static char error[256];

static void expect_a_sentence(void)
{
    assert(error[0] != '\0' && strlen(error) < sizeof(error));
}

static void write_it(const struct health_config *config)
{
    struct buffer request;
    struct xml xml;

    buffer_init(&request, HEALTH_BODY_MAX);
    if (health_create_write("reference", config, &request) == 0) {
        assert(config->kind != HEALTH_OTHER);
        assert(xml_read(buffer_text(&request), request.length, &xml, error, sizeof(error)) == 0);
        xml_clear(&xml);
    }
    buffer_clear(&request);
}

static void look_at(const struct health_check *check)
{
    assert(check->id[0] != '\0' && strlen(check->id) <= HEALTH_ID_MAX);
    assert(check->config.child_count <= HEALTH_CHILDREN_MAX);
    assert(check->config.region_count <= HEALTH_REGIONS_MAX);
    write_it(&check->config);
}

void fuzz_health_page(const uint8_t *data, size_t size)
{
    struct health_page page;

    error[0] = '\0';
    if (health_page_read((const char *)data, size, &page, error, sizeof(error)) != 0) {
        expect_a_sentence();
        return;
    }
    assert(!page.is_truncated || page.next[0] != '\0');
    for (uint32_t i = 0; i < page.count && i < 8; i++)
        look_at(&page.checks[i]);
    health_page_clear(&page);
}

void fuzz_health_answer(const uint8_t *data, size_t size)
{
    struct health_answer answer;

    error[0] = '\0';
    if (health_answer_read((const char *)data, size, &answer, error, sizeof(error)) != 0) {
        expect_a_sentence();
        return;
    }
    look_at(&answer.check);
    health_answer_clear(&answer);
}

void fuzz_health_status(const uint8_t *data, size_t size)
{
    struct health_status status;

    error[0] = '\0';
    if (health_status_read((const char *)data, size, &status, error, sizeof(error)) != 0) {
        expect_a_sentence();
        return;
    }
    for (uint32_t i = 0; i < status.count; i++)
        assert(status.observations[i].region != NULL && status.observations[i].status != NULL);
    health_status_clear(&status);
}
