/* SPDX-License-Identifier: Apache-2.0 */
/* Route 53's answers. What is promised: a refusal has a sentence; a record set that was read can be
 * named again exactly (C1), or is refused; what AWS may have executed is never called refused (C3);
 * its words cannot forge a line of a log. */
#include <assert.h>
#include <string.h>

#include "fuzz.h"
#include "route53_xml.h"

static char error[256];

static void expect_a_sentence(void)
{
    assert(error[0] != '\0' && strlen(error) < sizeof(error));
}

/* ---- a page ---- */

static bool same(const char *left, const char *right)
{
    return strcmp(left, right) == 0;
}

static void expect_same(const struct record_set *left, const struct record_set *right)
{
    assert(same(left->name, right->name) && same(left->type, right->type));
    assert(same(left->set, right->set) && left->weight == right->weight);
    assert(left->ttl_s == right->ttl_s && left->value_count == right->value_count);
    for (uint32_t i = 0; i < left->value_count; i++)
        assert(same(left->values[i], right->values[i]));
    assert(same(left->alias_zone, right->alias_zone) && same(left->alias_name, right->alias_name));
    assert(left->alias_evaluate == right->alias_evaluate);
    assert(same(left->health_check, right->health_check));
    assert(same(left->region, right->region) && same(left->failover, right->failover));
}

/* The request's record set as a page of its own. */
static int page_of(const char *request, struct buffer *page)
{
    static const char close[] = "</ResourceRecordSet>";
    const char *begin = strstr(request, "<ResourceRecordSet>");
    const char *end = strstr(request, close);

    assert(begin != NULL && end != NULL);
    buffer_add_text(page, "<ListResourceRecordSetsResponse><ResourceRecordSets>");
    buffer_add(page, begin, (size_t)(end - begin) + strlen(close));
    buffer_add_text(page, "</ResourceRecordSets><IsTruncated>false</IsTruncated>"
                          "</ListResourceRecordSetsResponse>");
    return page->failed ? -1 : 0;
}

static void write_and_read_again(const struct record_set *set)
{
    struct batch_item item = {.action = BATCH_DELETE, .set = *set};
    struct batch batch = {.nonce = "", .comment = "", .items = &item, .item_count = 1};
    struct route53_page again;
    struct buffer request, page;

    buffer_init(&request, ROUTE53_BATCH_MAX);
    buffer_init(&page, ROUTE53_BATCH_MAX);
    if (route53_batch_write(&batch, &request) == 0 && page_of(buffer_text(&request), &page) == 0) {
        assert(!set->other_routing);
        assert(route53_page_read(buffer_text(&page), page.length, &again, error, sizeof(error)) ==
               0);
        assert(again.set_count == 1);
        expect_same(&again.sets[0], set);
        route53_page_clear(&again);
    }
    buffer_clear(&request);
    buffer_clear(&page);
}

void fuzz_route53_page(const uint8_t *data, size_t size)
{
    struct route53_page page;

    error[0] = '\0';
    if (route53_page_read((const char *)data, size, &page, error, sizeof(error)) != 0) {
        expect_a_sentence();
        return;
    }
    assert(!page.is_truncated || page.next_name[0] != '\0');
    for (uint32_t i = 0; i < page.set_count && i < 8; i++)
        write_and_read_again(&page.sets[i]);
    route53_page_clear(&page);
}

/* ---- a zone, a change ---- */

void fuzz_route53_zone(const uint8_t *data, size_t size)
{
    struct route53_zone zone;

    error[0] = '\0';
    if (route53_zone_read((const char *)data, size, &zone, error, sizeof(error)) != 0) {
        expect_a_sentence();
        return;
    }
    assert(zone.apex[0] != '\0' && zone.apex[strlen(zone.apex) - 1] != '.');
    assert(zone.server_count <= ROUTE53_SERVERS_MAX);
    for (uint32_t i = 0; i < zone.server_count; i++)
        assert(zone.servers[i][0] != '\0');
    route53_zone_clear(&zone);
}

void fuzz_route53_change(const uint8_t *data, size_t size)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    struct route53_change change;

    error[0] = '\0';
    if (route53_change_read((const char *)data, size, &change, error, sizeof(error)) != 0) {
        expect_a_sentence();
        return;
    }
    assert(change.id[0] != '\0' && change.id[strspn(change.id, allowed)] == '\0');
}

/* ---- an error ---- */

static void expect_printable(const char *text)
{
    for (; *text != '\0'; text++)
        assert(*text >= 0x20 && *text < 0x7f);
}

/* The status is the first two bytes: any there is, and many there are not. */
void fuzz_route53_error(const uint8_t *data, size_t size)
{
    struct route53_error words;
    const struct route53_error *known = NULL;
    enum route53_outcome outcome;
    int status;

    if (size < 2)
        return;
    status = (data[0] | data[1] << 8) % 1000;
    if (route53_error_read((const char *)data + 2, size - 2, &words) == 0) {
        known = &words;
        assert(words.code[0] != '\0');
        expect_printable(words.code);
        expect_printable(words.words);
        expect_printable(words.request_id);
    }
    outcome = route53_classify(status, known);
    assert(outcome != ROUTE53_OK);
    if (status >= 500 || status < 400)
        assert(outcome == ROUTE53_LOST || outcome == ROUTE53_BUSY);
    if (known == NULL)
        assert(outcome == ROUTE53_LOST || outcome == ROUTE53_DENIED || outcome == ROUTE53_BUSY);
    if (route53_remedy(status, known) == ROUTE53_REMEDY_CLOCK ||
        route53_remedy(status, known) == ROUTE53_REMEDY_CREDENTIALS)
        assert(outcome == ROUTE53_DENIED); /* else a doubtful request would be asked again */
}
