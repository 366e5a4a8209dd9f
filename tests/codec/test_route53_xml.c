/* SPDX-License-Identifier: Apache-2.0 */
/* What Route 53 says, read exactly or not at all; what we say, in the order of its model; and what
 * an attacker or a broken middlebox may say, which must do nothing. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "route53_xml.h"

#define HEAD "<?xml version=\"1.0\"?>\n"
#define NS " xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\""
#define WEIGHTED                                                                                   \
    "<ResourceRecordSet><Name>pizza.example.com.</Name><Type>A</Type>"                             \
    "<SetIdentifier>pizza-us-east-1</SetIdentifier><Weight>100</Weight><TTL>60</TTL>"              \
    "<ResourceRecords><ResourceRecord><Value>192.0.2.10</Value></ResourceRecord>"                  \
    "</ResourceRecords><HealthCheckId>abc-1</HealthCheckId></ResourceRecordSet>"
#define ALIAS                                                                                      \
    "<ResourceRecordSet><Name>\\052.Example.com.</Name><Type>AAAA</Type>"                          \
    "<SetIdentifier>a</SetIdentifier><Weight>0</Weight><AliasTarget>"                              \
    "<HostedZoneId>Z2FDTNDATAQYW2</HostedZoneId><DNSName>d1.cloudfront.net.</DNSName>"             \
    "<EvaluateTargetHealth>true</EvaluateTargetHealth></AliasTarget></ResourceRecordSet>"
#define FENCE                                                                                      \
    "<ResourceRecordSet><Name>_regionshift.jwt-pizza.example.com.</Name><Type>TXT</Type>"          \
    "<TTL>10</TTL><ResourceRecords><ResourceRecord><Value>\"v=rs1 &amp; &lt;more&gt;\"</Value>"    \
    "</ResourceRecord></ResourceRecords></ResourceRecordSet>"
#define PAGE(sets, tail)                                                                           \
    HEAD "<ListResourceRecordSetsResponse" NS "><ResourceRecordSets>" sets                         \
         "</ResourceRecordSets>" tail "<MaxItems>100</MaxItems></ListResourceRecordSetsResponse>"
#define LAST "<IsTruncated>false</IsTruncated>"
#define ONE_SET(members) PAGE("<ResourceRecordSet>" members "</ResourceRecordSet>", LAST)

static char error[256];

static int read_page(const char *body, struct route53_page *page)
{
    error[0] = '\0';
    return route53_page_read(body, strlen(body), page, error, sizeof(error));
}

/* ---- pages ---- */

START_TEST(a_weighted_set_is_read_with_every_attribute)
{
    struct route53_page page;
    const struct record_set *set;

    ck_assert_msg(read_page(PAGE(WEIGHTED ALIAS FENCE, LAST), &page) == 0, "%s", error);
    ck_assert_uint_eq(page.set_count, 3);
    ck_assert(!page.is_truncated);
    set = &page.sets[0];
    ck_assert_str_eq(set->name, "pizza.example.com");
    ck_assert_str_eq(set->type, "A");
    ck_assert_str_eq(set->set, "pizza-us-east-1");
    ck_assert_int_eq(set->weight, 100);
    ck_assert_int_eq(set->ttl_s, 60);
    ck_assert_uint_eq(set->value_count, 1);
    ck_assert_str_eq(set->values[0], "192.0.2.10");
    ck_assert_str_eq(set->health_check, "abc-1");
    ck_assert_str_eq(set->alias_name, "");
    ck_assert(!set->other_routing);
    route53_page_clear(&page);
}
END_TEST

START_TEST(an_alias_is_read_and_a_star_is_unescaped)
{
    struct route53_page page;
    const struct record_set *set;

    ck_assert_int_eq(read_page(PAGE(WEIGHTED ALIAS FENCE, LAST), &page), 0);
    set = &page.sets[1];
    ck_assert_str_eq(set->name, "*.example.com");
    ck_assert_int_eq(set->weight, 0);
    ck_assert_int_eq(set->ttl_s, -1);
    ck_assert_uint_eq(set->value_count, 0);
    ck_assert_str_eq(set->alias_zone, "Z2FDTNDATAQYW2");
    ck_assert_str_eq(set->alias_name, "d1.cloudfront.net.");
    ck_assert(set->alias_evaluate);
    set = &page.sets[2];
    ck_assert_int_eq(set->weight, -1);
    ck_assert_str_eq(set->values[0], "\"v=rs1 & <more>\"");
    route53_page_clear(&page);
}
END_TEST

START_TEST(an_escaped_dot_does_not_make_a_strangers_name_ours)
{
    struct route53_page page;

    ck_assert_int_eq(read_page(ONE_SET("<Name>pizza\\056example.com.</Name><Type>A</Type>"), &page),
                     0);
    ck_assert_str_eq(page.sets[0].name, "pizza\\056example.com");
    route53_page_clear(&page);
    ck_assert_int_eq(
        read_page(ONE_SET("<Name>\\100\\134\\040\\1\\999x.example.com.</Name><Type>A</Type>"),
                  &page),
        0);
    ck_assert_str_eq(page.sets[0].name, "@\\134\\040\\1\\999x.example.com");
    route53_page_clear(&page);
}
END_TEST

START_TEST(a_truncated_page_says_where_the_next_one_begins)
{
    struct route53_page page;

    ck_assert_int_eq(read_page(PAGE(WEIGHTED, "<IsTruncated>true</IsTruncated>"
                                              "<NextRecordName>\\052.example.com.</NextRecordName>"
                                              "<NextRecordType>A</NextRecordType>"
                                              "<NextRecordIdentifier>b</NextRecordIdentifier>"),
                               &page),
                     0);
    ck_assert(page.is_truncated);
    ck_assert_str_eq(page.next_name, "*.example.com");
    ck_assert_str_eq(page.next_type, "A");
    ck_assert_str_eq(page.next_set, "b");
    route53_page_clear(&page);
}
END_TEST

START_TEST(attributes_we_do_not_manage_make_a_set_not_ours)
{
    static const char *const members[] = {
        "<Name>a.</Name><Type>A</Type><MultiValueAnswer>true</MultiValueAnswer>",
        "<Name>a.</Name><Type>A</Type><GeoLocation><CountryCode>DE</CountryCode></GeoLocation>",
        "<Name>a.</Name><Type>A</Type><TrafficPolicyInstanceId>x</TrafficPolicyInstanceId>",
        "<Name>a.</Name><Type>A</Type><CidrRoutingConfig></CidrRoutingConfig>",
        "<Name>a.</Name><Type>A</Type><InventedIn2031>x</InventedIn2031>",
    };

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        struct route53_page page;
        char body[2048];

        snprintf(body, sizeof(body), ONE_SET("%s"), members[i]);
        ck_assert_int_eq(read_page(body, &page), 0);
        ck_assert(page.sets[0].other_routing);
        route53_page_clear(&page);
    }
}
END_TEST

/* They are kept, so that the guard sees them: a set of ours has neither. */
START_TEST(latency_and_failover_routing_are_kept_as_read)
{
    struct route53_page page;

    ck_assert_int_eq(read_page(ONE_SET("<Name>a.</Name><Type>A</Type><SetIdentifier>x"
                                       "</SetIdentifier><Region>eu-west-1</Region>"
                                       "<Failover>PRIMARY</Failover>"),
                               &page),
                     0);
    ck_assert_str_eq(page.sets[0].region, "eu-west-1");
    ck_assert_str_eq(page.sets[0].failover, "PRIMARY");
    route53_page_clear(&page);
}
END_TEST

START_TEST(a_page_that_cannot_be_read_exactly_is_no_page)
{
    static const char *const bodies[] = {
        "",
        " ",
        "<html><body><h1>503 Service Unavailable</h1></body></html>",
        "<!DOCTYPE html><html><body>sorry</body></html>",
        "<GetChangeResponse/>",
        PAGE("", ""),
        PAGE("", "<IsTruncated>perhaps</IsTruncated>"),
        PAGE("", "<IsTruncated>true</IsTruncated>"),
        PAGE("", "<IsTruncated>true</IsTruncated><NextRecordName>a.</NextRecordName>"),
        PAGE("<Other/>", LAST),
        ONE_SET("<Type>A</Type>"),
        ONE_SET("<Name>a.</Name>"),
        ONE_SET("<Name>a..</Name><Type>A</Type>"),
        ONE_SET("<Name>a..b.</Name><Type>A</Type>"),
        ONE_SET("<Name>.a.</Name><Type>A</Type>"),
        ONE_SET("<Name>a.</Name><Type>A</Type><Weight>256</Weight>"),
        ONE_SET("<Name>a.</Name><Type>A</Type><Weight>-1</Weight>"),
        ONE_SET("<Name>a.</Name><Type>A</Type><Weight></Weight>"),
        ONE_SET("<Name>a.</Name><Type>A</Type><Weight>1 </Weight>"),
        ONE_SET("<Name>a.</Name><Type>A</Type><Weight>01</Weight>"),
        ONE_SET("<Name>a.</Name><Type>A</Type><Weight>0x1</Weight>"),
        ONE_SET("<Name>a.</Name><Type>A</Type><Weight>1</Weight><Weight>2</Weight>"),
        ONE_SET("<Name>a.</Name><Type>A</Type><TTL>2147483648</TTL>"),
        ONE_SET("<Name>a.</Name><Type>A</Type><TTL>99999999999999999999</TTL>"),
        ONE_SET("<Name>a.</Name><Type>A</Type><ResourceRecords><Value>x</Value></ResourceRecords>"),
        ONE_SET(
            "<Name>a.</Name><Type>A</Type><ResourceRecords><ResourceRecord/></ResourceRecords>"),
        ONE_SET("<Name>a.</Name><Type>A</Type><AliasTarget><DNSName>x.</DNSName></AliasTarget>"),
        ONE_SET("<Name>a.</Name><Type>A</Type><AliasTarget><HostedZoneId>Z</HostedZoneId>"
                "<DNSName>x.</DNSName><EvaluateTargetHealth>1</EvaluateTargetHealth>"
                "</AliasTarget>"),
        ONE_SET("<Name>a\xff.</Name><Type>A</Type>"),
        ONE_SET("<Name>a&nosuch;.</Name><Type>A</Type>"),
        PAGE(WEIGHTED, LAST) "<more/>",
        PAGE(WEIGHTED, LAST) "junk",
        "<r:ListResourceRecordSetsResponse "
        "xmlns:r=\"https://route53.amazonaws.com/doc/2013-04-01/\">"
        "<r:ResourceRecordSets/><r:IsTruncated>false</r:IsTruncated>"
        "</r:ListResourceRecordSetsResponse>", /* a namespace by prefix: not as AWS writes */
        "<o:ListResourceRecordSetsResponse xmlns:o=\"urn:other\">" LAST
        "</o:ListResourceRecordSetsResponse>",
    };

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct route53_page page;

        ck_assert_msg(read_page(bodies[i], &page) == -1, "%zu: %s", i, bodies[i]);
        ck_assert_str_ne(error, "");
    }
}
END_TEST

START_TEST(a_page_cut_at_any_byte_is_no_page)
{
    static const char whole[] = PAGE(WEIGHTED ALIAS FENCE, LAST);

    for (size_t length = 0; length < strlen(whole); length++) {
        struct route53_page page;

        ck_assert_int_eq(route53_page_read(whole, length, &page, error, sizeof(error)), -1);
    }
}
END_TEST

/* ---- hostile documents ---- */

START_TEST(entities_of_anybodys_making_stop_the_reader)
{
    static const char laughs[] =
        "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">"
        "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]><x>&c;</x>";
    static const char file[] = "<!DOCTYPE x [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><x>&f;</x>";
    struct xml xml;

    ck_assert_int_eq(xml_read(laughs, strlen(laughs), &xml, error, sizeof(error)), -1);
    ck_assert_ptr_nonnull(strstr(error, "DOCTYPE"));
    ck_assert_int_eq(xml_read(file, strlen(file), &xml, error, sizeof(error)), -1);
    ck_assert_ptr_nonnull(strstr(error, "DOCTYPE"));
}
END_TEST

/* `count` times open, then `count` times close. */
static char *nest(unsigned count)
{
    struct buffer text;
    char *out = NULL;

    buffer_init(&text, XML_BODY_MAX * 2);
    for (unsigned i = 0; i < count; i++)
        buffer_add_text(&text, "<a>");
    for (unsigned i = 0; i < count; i++)
        buffer_add_text(&text, "</a>");
    ck_assert_int_eq(buffer_take(&text, &out), 0);
    return out;
}

static char *repeat(const char *before, const char *piece, size_t count, const char *after)
{
    struct buffer text;
    char *out = NULL;

    buffer_init(&text, XML_BODY_MAX * 8);
    buffer_add_text(&text, before);
    for (size_t i = 0; i < count; i++)
        buffer_add_text(&text, piece);
    buffer_add_text(&text, after);
    ck_assert_int_eq(buffer_take(&text, &out), 0);
    return out;
}

static int read_and_free(char *body, const char *wanted_error)
{
    struct xml xml;
    int status = xml_read(body, strlen(body), &xml, error, sizeof(error));

    free(body);
    if (status == 0)
        xml_clear(&xml);
    else
        ck_assert_msg(strstr(error, wanted_error) != NULL, "%s", error);
    return status;
}

START_TEST(every_limit_of_the_reader_holds_exactly)
{
    ck_assert_int_eq(read_and_free(nest(XML_DEPTH_MAX), ""), 0);
    ck_assert_int_eq(read_and_free(nest(XML_DEPTH_MAX + 1), "too deep"), -1);
    ck_assert_int_eq(read_and_free(nest(100000), "too deep"), -1);
    ck_assert_int_eq(read_and_free(repeat("<r>", "<a/>", XML_ELEMENTS_MAX - 1, "</r>"), ""), 0);
    ck_assert_int_eq(
        read_and_free(repeat("<r>", "<a/>", XML_ELEMENTS_MAX, "</r>"), "too many elements"), -1);
    ck_assert_int_eq(read_and_free(repeat("<r>", "x", XML_TEXT_MAX, "</r>"), ""), 0);
    ck_assert_int_eq(read_and_free(repeat("<r>", "x", XML_TEXT_MAX + 1, "</r>"), "a text of more"),
                     -1);
    ck_assert_int_eq(read_and_free(repeat("<r>", " ", XML_BODY_MAX - 7, "</r>"), "a text"), -1);
    ck_assert_int_eq(read_and_free(repeat("<r/>", " ", XML_BODY_MAX - 4, ""), ""), 0);
    ck_assert_int_eq(read_and_free(repeat("<r/>", " ", XML_BODY_MAX - 3, ""), "bytes"), -1);
}
END_TEST

START_TEST(only_utf8_is_read_whatever_the_document_says)
{
    static const char latin[] = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><x>\xe9</x>";
    static const char utf16[] = "\xff\xfe<\0x\0/\0>\0";
    struct xml xml;

    ck_assert_int_eq(xml_read(latin, strlen(latin), &xml, error, sizeof(error)), -1);
    ck_assert_int_eq(xml_read(utf16, sizeof(utf16) - 1, &xml, error, sizeof(error)), -1);
    ck_assert_int_eq(xml_read("<x>a\0b</x>", 10, &xml, error, sizeof(error)), -1);
}
END_TEST

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* A few bytes changed, swapped with others, removed or doubled; then every reader reads it. */
static size_t mutate(char *body, size_t length, uint32_t *state)
{
    unsigned count = 1 + next_random(state) % 8;

    while (count-- > 0 && length > 1) {
        size_t at = next_random(state) % length;

        switch (next_random(state) % 4) {
        case 0:
            body[at] = (char)next_random(state);
            break;
        case 1:
            body[at] = "<>&/\"'\\;0129A"[next_random(state) % 13];
            break;
        case 2:
            memmove(body + at, body + at + 1, length - at - 1);
            length--;
            break;
        default:
            body[at] = body[next_random(state) % length];
        }
    }
    return length;
}

static unsigned read_by_all(const char *body, size_t length)
{
    struct route53_page page;
    struct route53_zone zone;
    struct route53_change change;
    struct route53_error words;
    unsigned count = 0;

    if (route53_page_read(body, length, &page, error, sizeof(error)) == 0) {
        route53_page_clear(&page);
        count++;
    }
    if (route53_zone_read(body, length, &zone, error, sizeof(error)) == 0) {
        route53_zone_clear(&zone);
        count++;
    }
    count += route53_change_read(body, length, &change, error, sizeof(error)) == 0;
    count += route53_error_read(body, length, &words) == 0;
    return count;
}

#define ZONE                                                                                       \
    HEAD "<GetHostedZoneResponse" NS "><HostedZone><Id>/hostedzone/Z1</Id>"                        \
         "<Name>Example.COM.</Name></HostedZone><DelegationSet><NameServers>"                      \
         "<NameServer>ns-1.awsdns-01.org</NameServer><NameServer>NS-2.awsdns-02.net.</NameServer>" \
         "</NameServers></DelegationSet></GetHostedZoneResponse>"
#define CHANGE(root, id, status)                                                                   \
    HEAD "<" root NS "><ChangeInfo><Id>" id "</Id><Status>" status                                 \
         "</Status><SubmittedAt>2026-01-01T00:00:00Z</SubmittedAt></ChangeInfo></" root ">"
#define TODAYS_ERROR(code, message)                                                                \
    HEAD "<ErrorResponse" NS "><Error><Type>Sender</Type><Code>" code "</Code><Message>" message   \
         "</Message></Error><RequestId>b25f48e8-84fd-11e6</RequestId></ErrorResponse>"

/* Deterministic: the same mutants every time. Some must still be readable, or we mutate nothing
 * but garbage. */
START_TEST(mutated_answers_are_read_or_refused_but_do_no_harm)
{
    static const char *const seeds[] = {
        PAGE(WEIGHTED ALIAS FENCE, LAST),
        ZONE,
        CHANGE("GetChangeResponse", "/change/C1", "INSYNC"),
        TODAYS_ERROR("Throttling", "Rate exceeded"),
    };
    uint32_t state = 0x5eed + (uint32_t)_i;
    unsigned readable = 0;

    for (unsigned round = 0; round < 2000; round++) {
        char body[4096];
        size_t length = strlen(seeds[_i]);

        memcpy(body, seeds[_i], length);
        length = mutate(body, length, &state);
        readable += read_by_all(body, length);
    }
    ck_assert_uint_gt(readable, 20);
    ck_assert_uint_lt(readable, 1900);
}
END_TEST

/* ---- zones and changes ---- */

START_TEST(a_zone_tells_its_apex_and_its_servers)
{
    struct route53_zone zone;

    ck_assert_int_eq(route53_zone_read(ZONE, strlen(ZONE), &zone, error, sizeof(error)), 0);
    ck_assert_str_eq(zone.apex, "example.com");
    ck_assert_uint_eq(zone.server_count, 2);
    ck_assert_str_eq(zone.servers[0], "ns-1.awsdns-01.org");
    ck_assert_str_eq(zone.servers[1], "ns-2.awsdns-02.net");
    ck_assert(!zone.is_private);
    route53_zone_clear(&zone);
}
END_TEST

START_TEST(a_private_zone_has_no_servers_and_says_so)
{
    static const char body[] =
        "<GetHostedZoneResponse" NS "><HostedZone><Id>/hostedzone/Z1</Id><Name>corp.internal."
        "</Name><Config><PrivateZone>true</PrivateZone></Config></HostedZone><VPCs><VPC>"
        "<VPCRegion>us-east-1</VPCRegion><VPCId>vpc-1</VPCId></VPC></VPCs>"
        "</GetHostedZoneResponse>";
    struct route53_zone zone;

    ck_assert_int_eq(route53_zone_read(body, strlen(body), &zone, error, sizeof(error)), 0);
    ck_assert_str_eq(zone.apex, "corp.internal");
    ck_assert_uint_eq(zone.server_count, 0);
    ck_assert(zone.is_private);
    route53_zone_clear(&zone);
}
END_TEST

#define NAMED_ZONE(servers)                                                                        \
    "<GetHostedZoneResponse><HostedZone><Name>a.</Name></"                                         \
    "HostedZone><DelegationSet><NameServers>" servers                                              \
    "</NameServers></DelegationSet></GetHostedZoneResponse>"

START_TEST(a_zone_without_a_name_or_with_a_strange_server_is_none)
{
    static const char *const bodies[] = {
        "<GetHostedZoneResponse/>",
        "<GetHostedZoneResponse><HostedZone><Name>.</Name></HostedZone></GetHostedZoneResponse>",
        NAMED_ZONE("<NameServer>http://x/</NameServer>"),
        NAMED_ZONE("<Other>x</Other>"),
        "<GetHostedZoneResponse><HostedZone><Name>a..</Name></HostedZone></GetHostedZoneResponse>",
    };
    struct route53_zone zone;

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        ck_assert_int_eq(
            route53_zone_read(bodies[i], strlen(bodies[i]), &zone, error, sizeof(error)), -1);
}
END_TEST

START_TEST(a_change_is_pending_or_insync_and_nothing_else)
{
    static const char pending[] =
        CHANGE("ChangeResourceRecordSetsResponse", "/change/C2682N5HXP0BZ4", "PENDING");
    static const char insync[] = CHANGE("GetChangeResponse", "C2682N5HXP0BZ4", "INSYNC");
    static const char *const others[] = {
        CHANGE("GetChangeResponse", "/change/C1", "DONE"),
        CHANGE("GetChangeResponse", "/change/", "INSYNC"),
        CHANGE("GetChangeResponse", "/change/../x", "INSYNC"),
        CHANGE("GetChangeResponse",
               "/change/"
               "C123456789012345678901234567890123456789012345678901234567890123456789",
               "INSYNC"),
        CHANGE("OtherResponse", "/change/C1", "INSYNC"),
        "<GetChangeResponse/>",
    };
    struct route53_change change;

    ck_assert_int_eq(route53_change_read(pending, strlen(pending), &change, error, sizeof(error)),
                     0);
    ck_assert_str_eq(change.id, "C2682N5HXP0BZ4");
    ck_assert(!change.insync);
    ck_assert_int_eq(route53_change_read(insync, strlen(insync), &change, error, sizeof(error)), 0);
    ck_assert(change.insync);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        ck_assert_int_eq(
            route53_change_read(others[i], strlen(others[i]), &change, error, sizeof(error)), -1);
}
END_TEST

/* ---- writing ---- */

static const struct record_set empty_set = {.name = "",
                                            .type = "",
                                            .set = "",
                                            .weight = -1,
                                            .ttl_s = -1,
                                            .alias_zone = "",
                                            .alias_name = "",
                                            .health_check = "",
                                            .region = "",
                                            .failover = ""};

static int write_batch(const struct batch_item *items, uint32_t count, const char *comment,
                       struct buffer *out)
{
    struct batch batch = {.nonce = "", .comment = comment, .items = items, .item_count = count};

    buffer_init(out, ROUTE53_BATCH_MAX);
    return route53_batch_write(&batch, out);
}

START_TEST(a_batch_is_written_in_the_order_of_the_model_and_escaped)
{
    static const char *const values[] = {"\"a & b <c> 'd'\""};
    struct batch_item items[2] = {{.action = BATCH_DELETE}, {.action = BATCH_CREATE}};
    struct buffer out;

    items[0].set = empty_set;
    items[0].set.name = "_regionshift.g.example.com";
    items[0].set.type = "TXT";
    items[0].set.ttl_s = 10;
    items[0].set.values = values;
    items[0].set.value_count = 1;
    items[1].set = empty_set;
    items[1].set.name = "*.example.com";
    items[1].set.type = "A";
    items[1].set.set = "use1";
    items[1].set.weight = 0;
    items[1].set.alias_zone = "Z2";
    items[1].set.alias_name = "lb.example.net.";
    items[1].set.health_check = "hc";
    ck_assert_int_eq(write_batch(items, 2, "epoch 8", &out), 0);
    ck_assert_str_eq(
        buffer_text(&out),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ChangeResourceRecordSetsRequest" NS
        "><ChangeBatch><Comment>epoch 8</Comment><Changes>"
        "<Change><Action>DELETE</Action><ResourceRecordSet>"
        "<Name>_regionshift.g.example.com</Name><Type>TXT</Type><TTL>10</TTL><ResourceRecords>"
        "<ResourceRecord><Value>&quot;a &amp; b &lt;c&gt; &apos;d&apos;&quot;</Value>"
        "</ResourceRecord></ResourceRecords></ResourceRecordSet></Change>"
        "<Change><Action>CREATE</Action><ResourceRecordSet><Name>*.example.com</Name>"
        "<Type>A</Type><SetIdentifier>use1</SetIdentifier><Weight>0</Weight>"
        "<AliasTarget><HostedZoneId>Z2</HostedZoneId><DNSName>lb.example.net.</DNSName>"
        "<EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget>"
        "<HealthCheckId>hc</HealthCheckId></ResourceRecordSet></Change>"
        "</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>");
    buffer_clear(&out);
}
END_TEST

static bool same_text(const char *left, const char *right)
{
    return strcmp(left, right) == 0;
}

/* C1: what was read goes into a DELETE attribute for attribute. */
START_TEST(what_was_read_is_written_back_unchanged)
{
    struct route53_page page;
    struct batch_item items[2] = {{.action = BATCH_DELETE}, {.action = BATCH_DELETE}};
    struct buffer out;

    ck_assert_int_eq(read_page(PAGE(WEIGHTED FENCE, LAST), &page), 0);
    items[0].set = page.sets[0];
    items[1].set = page.sets[1];
    ck_assert_int_eq(write_batch(items, 2, "", &out), 0);
    ck_assert_ptr_nonnull(
        strstr(buffer_text(&out),
               "<ResourceRecordSet><Name>pizza.example.com</Name><Type>A</Type>"
               "<SetIdentifier>pizza-us-east-1</SetIdentifier><Weight>100</Weight><TTL>60</TTL>"
               "<ResourceRecords><ResourceRecord><Value>192.0.2.10</Value></ResourceRecord>"
               "</ResourceRecords><HealthCheckId>abc-1</HealthCheckId></ResourceRecordSet>"));
    ck_assert_ptr_nonnull(
        strstr(buffer_text(&out), "<Value>&quot;v=rs1 &amp; &lt;more&gt;&quot;</Value>"));
    ck_assert(same_text(page.sets[1].values[0], "\"v=rs1 & <more>\""));
    buffer_clear(&out);
    route53_page_clear(&page);
}
END_TEST

START_TEST(bytes_that_xml_cannot_carry_are_refused)
{
    static const char *const good[] = {"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8d\x95"};
    static const char *const bad[] = {
        "a\nb",         "\t",           "\x01",
        "\x7f",         "\x80",         "\xc3",
        "\xc0\xaf",     "\xe2\x82",     "\xed\xa0\x80",
        "\xef\xbf\xbe", "\xff",         "\xf4\x90\x80\x80",
        "\xc3(",        "\xe0\x80\x80", "\xf0\x80\x80\x80",
    };
    struct batch_item item = {.action = BATCH_CREATE, .set = empty_set};
    struct buffer out;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        ck_assert_int_eq(write_batch(&item, 1, good[i], &out), 0);
        buffer_clear(&out);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_msg(write_batch(&item, 1, bad[i], &out) == -1, "%zu", i);
        buffer_clear(&out);
    }
}
END_TEST

START_TEST(a_set_we_did_not_keep_whole_is_not_written)
{
    struct batch_item item = {.action = BATCH_DELETE, .set = empty_set};
    struct buffer out;

    item.set.other_routing = true;
    ck_assert_int_eq(write_batch(&item, 1, "", &out), -1);
    buffer_clear(&out);
}
END_TEST

static TCase *reading_case(void)
{
    TCase *tcase = tcase_create("reading");

    tcase_add_test(tcase, a_weighted_set_is_read_with_every_attribute);
    tcase_add_test(tcase, an_alias_is_read_and_a_star_is_unescaped);
    tcase_add_test(tcase, an_escaped_dot_does_not_make_a_strangers_name_ours);
    tcase_add_test(tcase, a_truncated_page_says_where_the_next_one_begins);
    tcase_add_test(tcase, attributes_we_do_not_manage_make_a_set_not_ours);
    tcase_add_test(tcase, latency_and_failover_routing_are_kept_as_read);
    tcase_add_test(tcase, a_page_that_cannot_be_read_exactly_is_no_page);
    tcase_add_test(tcase, a_page_cut_at_any_byte_is_no_page);
    tcase_add_test(tcase, a_zone_tells_its_apex_and_its_servers);
    tcase_add_test(tcase, a_private_zone_has_no_servers_and_says_so);
    tcase_add_test(tcase, a_zone_without_a_name_or_with_a_strange_server_is_none);
    tcase_add_test(tcase, a_change_is_pending_or_insync_and_nothing_else);
    return tcase;
}

static TCase *hostile_case(void)
{
    TCase *tcase = tcase_create("hostile");

    tcase_add_test(tcase, entities_of_anybodys_making_stop_the_reader);
    tcase_add_test(tcase, every_limit_of_the_reader_holds_exactly);
    tcase_add_test(tcase, only_utf8_is_read_whatever_the_document_says);
    tcase_add_loop_test(tcase, mutated_answers_are_read_or_refused_but_do_no_harm, 0, 4);
    return tcase;
}

static TCase *writing_case(void)
{
    TCase *tcase = tcase_create("writing");

    tcase_add_test(tcase, a_batch_is_written_in_the_order_of_the_model_and_escaped);
    tcase_add_test(tcase, what_was_read_is_written_back_unchanged);
    tcase_add_test(tcase, bytes_that_xml_cannot_carry_are_refused);
    tcase_add_test(tcase, a_set_we_did_not_keep_whole_is_not_written);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("route53_xml");

    suite_add_tcase(suite, reading_case());
    suite_add_tcase(suite, hostile_case());
    suite_add_tcase(suite, writing_case());
    return run_suite(suite);
}
