/* SPDX-License-Identifier: Apache-2.0 */
/* Where no check may go unless it says so, in every way such an address can be written. */
#include <check.h>

#include "../lib/suite.h"
#include "address_policy.h"

static uint32_t needs_of(const char *text)
{
    uint32_t needs = UINT32_MAX;
    ck_assert_msg(address_policy_text(text, &needs), "%s was not read", text);
    return needs;
}

static const struct {
    const char *text;
    uint32_t needs;
} addresses[] = {
    {"192.0.2.1", 0},
    {"10.0.0.1", 0}, /* a region's own network is what is checked */
    {"100.64.0.1", 0},
    {"8.8.8.8", 0},
    {"126.255.255.255", 0},
    {"127.0.0.1", ALLOW_LOOPBACK},
    {"127.255.255.255", ALLOW_LOOPBACK},
    {"128.0.0.0", 0},
    {"0.0.0.0", ALLOW_LOOPBACK | ALLOW_MULTICAST},
    {"0.1.2.3", ALLOW_LOOPBACK | ALLOW_MULTICAST},
    {"1.0.0.0", 0},
    {"169.253.255.255", 0},
    {"169.254.0.1", ALLOW_LINK_LOCAL},
    {"169.254.255.255", ALLOW_LINK_LOCAL},
    {"169.255.0.0", 0},
    {"169.254.169.254", ALLOW_METADATA},
    {"169.254.169.253", ALLOW_LINK_LOCAL},
    {"169.254.170.2", ALLOW_METADATA},
    {"169.254.170.23", ALLOW_METADATA},
    {"169.254.0.23", ALLOW_METADATA},
    {"169.254.42.42", ALLOW_METADATA},
    {"100.100.100.200", ALLOW_METADATA},
    {"100.100.100.201", 0},
    {"168.63.129.16", ALLOW_METADATA},
    {"223.255.255.255", 0},
    {"224.0.0.1", ALLOW_MULTICAST},
    {"239.255.255.255", ALLOW_MULTICAST},
    {"240.0.0.1", ALLOW_MULTICAST},
    {"255.255.255.255", ALLOW_MULTICAST},
    {"2001:db8::1", 0},
    {"fd00:ec2::253", 0}, /* the network's own resolver */
    {"fd12:3456::1", 0},
    {"::1", ALLOW_LOOPBACK},
    {"::", ALLOW_LOOPBACK | ALLOW_MULTICAST},
    {"::2", ALLOW_LOOPBACK | ALLOW_MULTICAST}, /* 0.0.0.2 inside */
    {"fe80::1", ALLOW_LINK_LOCAL},
    {"febf:ffff::1", ALLOW_LINK_LOCAL},
    {"fe7f::1", 0},
    {"fec0::1", 0},
    {"ff02::1", ALLOW_MULTICAST},
    {"feff::1", 0},
    {"fd00:ec2::254", ALLOW_METADATA},
    {"fd00:ec2::23", ALLOW_METADATA},
    {"fd20:ce::254", ALLOW_METADATA},
    {"fd00:c1::a9fe:a9fe", ALLOW_METADATA},
    {"fd00:42::42", ALLOW_METADATA},
    {"fe80::a9fe:a9fe", ALLOW_METADATA},
    {"::ffff:192.0.2.1", 0},
    {"::ffff:127.0.0.1", ALLOW_LOOPBACK},
    {"::ffff:169.254.169.254", ALLOW_METADATA},
    {"::ffff:169.254.1.1", ALLOW_LINK_LOCAL},
    {"::ffff:224.0.0.1", ALLOW_MULTICAST},
    {"::ffff:0.0.0.0", ALLOW_LOOPBACK | ALLOW_MULTICAST},
    {"::ffff:0:127.0.0.1", ALLOW_LOOPBACK},
    {"::127.0.0.1", ALLOW_LOOPBACK},
    {"::192.0.2.1", 0},
    {"64:ff9b::192.0.2.1", 0},
    {"64:ff9b::127.0.0.1", ALLOW_LOOPBACK},
    {"64:ff9b::169.254.169.254", ALLOW_METADATA},
    {"64:ff9b:1:2:3:4:169.254.169.254", ALLOW_METADATA},
    {"64:ff9b:2::169.254.169.254", 0},
    {"2002:c000:201::1", 0},
    {"2002:7f00:1::1", ALLOW_LOOPBACK},
    {"2002:a9fe:a9fe::1", ALLOW_METADATA},
    {"2002:e000:1::", ALLOW_MULTICAST},
    {"2003:7f00:1::1", 0},
    {"2001:0:c000:201:0:0:3fff:fdfe", 0},              /* 192.0.2.1, inverted */
    {"2001:0:c000:201:0:0:80ff:fffe", ALLOW_LOOPBACK}, /* 127.0.0.1 */
    {"2001:0:c000:201:0:0:5601:5601", ALLOW_METADATA}, /* 169.254.169.254 */
    {"2001:1::7f00:1", 0},
    {"localhost", ALLOW_LOOPBACK},
    {"LocalHost", ALLOW_LOOPBACK},
    {"api.localhost", ALLOW_LOOPBACK},
};

START_TEST(an_address_is_judged_by_where_it_leads)
{
    ck_assert_msg(needs_of(addresses[_i].text) == addresses[_i].needs, "%s needs %x, not %x",
                  addresses[_i].text, needs_of(addresses[_i].text), addresses[_i].needs);
}
END_TEST

START_TEST(a_name_is_no_address_until_it_is_resolved)
{
    static const char *const names[] = {
        "use1.pizza.example.com", "notlocalhost", "localhost.com", "", "127.1", "0x7f.1",
        "fe80::1%eth0",           "[::1]"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        uint32_t needs = 77;
        ck_assert_msg(!address_policy_text(names[i], &needs), "%s was read", names[i]);
        ck_assert_uint_eq(needs, 77);
    }
}
END_TEST

START_TEST(what_is_needed_is_said_in_the_words_of_the_setting)
{
    char words[ADDRESS_POLICY_WORDS_MAX];
    address_policy_words(ALLOW_METADATA, words);
    ck_assert_str_eq(words, "metadata");
    address_policy_words(ALLOW_LOOPBACK | ALLOW_MULTICAST, words);
    ck_assert_str_eq(words, "loopback and multicast");
    address_policy_words(UINT32_MAX, words);
    ck_assert_str_eq(words, "loopback and link-local and metadata and multicast");
    address_policy_words(0, words);
    ck_assert_str_eq(words, "");
    ck_assert_uint_eq(address_policy_bit("loopback"), ALLOW_LOOPBACK);
    ck_assert_uint_eq(address_policy_bit("link-local"), ALLOW_LINK_LOCAL);
    ck_assert_uint_eq(address_policy_bit("metadata"), ALLOW_METADATA);
    ck_assert_uint_eq(address_policy_bit("multicast"), ALLOW_MULTICAST);
    ck_assert_uint_eq(address_policy_bit("Loopback"), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("address policy");
    TCase *tcase = tcase_create("all");
    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, an_address_is_judged_by_where_it_leads, 0,
                        (int)(sizeof addresses / sizeof *addresses));
    tcase_add_test(tcase, a_name_is_no_address_until_it_is_resolved);
    tcase_add_test(tcase, what_is_needed_is_said_in_the_words_of_the_setting);
    return run_suite(suite);
}
