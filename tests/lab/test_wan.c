// SPDX-License-Identifier: Apache-2.0
/* The laboratory's network without namespaces: times are numbers, packets are written by hand. */
#include "../lib/suite.h"
#include "wan_links.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { MS = 1000, EAST = 0, WEST = 1, CLOUD = 2, PACKET_LENGTH = 21 };

static struct wan_links *links;
static char said[16384];

static void set_up(void)
{
    const char *wrong = NULL;

    links = wan_links_create(7);
    ck_assert_ptr_nonnull(links);
    ck_assert_int_eq(wan_links_add(links, "east", "10.77.1.1", &wrong), 0);
    ck_assert_int_eq(wan_links_add(links, "west", "10.77.2.1,10.77.2.10", &wrong), 0);
    ck_assert_int_eq(wan_links_add(links, "cloud", "10.77.100.1", &wrong), 0);
}

static void tear_down(void)
{
    wan_links_destroy(links);
}

static const char *command(const char *lines)
{
    FILE *answer = fmemopen(said, sizeof said, "w");

    ck_assert_ptr_nonnull(answer);
    wan_links_obey(links, lines, answer);
    fclose(answer);
    return said;
}

static void expect_ok(const char *lines)
{
    ck_assert_str_eq(command(lines), "ok\n");
}

/* An IPv4 header of which only the version and the destination matter, and a mark. */
static void send_packet(uint32_t from, const char *to, uint8_t mark, uint64_t now_us)
{
    uint8_t bytes[PACKET_LENGTH] = {0x45};

    ck_assert_int_eq(inet_pton(AF_INET, to, bytes + 16), 1);
    bytes[PACKET_LENGTH - 1] = mark;
    wan_links_send(links, from, bytes, sizeof bytes, now_us);
}

static void expect_arrival(uint32_t to, uint8_t mark, uint64_t now_us)
{
    struct wan_packet *packet = wan_links_arrived(links, now_us);

    ck_assert_ptr_nonnull(packet);
    ck_assert_uint_eq(packet->to, to);
    ck_assert_uint_eq(packet->length, PACKET_LENGTH);
    ck_assert_uint_eq(packet->bytes[PACKET_LENGTH - 1], mark);
    free(packet);
}

static void expect_silence(uint64_t now_us)
{
    ck_assert_ptr_null(wan_links_arrived(links, now_us));
}

static unsigned count_arrivals(uint64_t now_us)
{
    struct wan_packet *packet;
    unsigned count = 0;

    while ((packet = wan_links_arrived(links, now_us)) != NULL) {
        free(packet);
        count++;
    }
    return count;
}

START_TEST(a_packet_arrives_after_the_delay_of_its_link_and_not_before)
{
    expect_ok("delay east west 40");
    send_packet(EAST, "10.77.2.10", 1, 5 * MS);
    ck_assert_uint_eq(wan_links_next_us(links), 45 * MS);
    expect_silence(45 * MS - 1);
    expect_arrival(WEST, 1, 45 * MS);
    ck_assert_uint_eq(wan_links_next_us(links), UINT64_MAX);
}
END_TEST

START_TEST(a_delay_holds_both_ways_and_for_no_other_pair)
{
    expect_ok("delay east west 40");
    send_packet(WEST, "10.77.1.1", 1, 0);
    send_packet(WEST, "10.77.100.1", 2, 0);
    expect_arrival(CLOUD, 2, 0);
    expect_silence(40 * MS - 1);
    expect_arrival(EAST, 1, 40 * MS);
}
END_TEST

START_TEST(packets_of_several_links_arrive_in_the_order_of_time)
{
    expect_ok("delay east west 40\ndelay east cloud 10\n");
    send_packet(EAST, "10.77.2.1", 1, 0);
    send_packet(EAST, "10.77.100.1", 2, 20 * MS);
    expect_arrival(CLOUD, 2, 90 * MS);
    expect_arrival(WEST, 1, 90 * MS);
}
END_TEST

START_TEST(jitter_spreads_arrivals_but_keeps_their_order)
{
    uint64_t last_us = 0;
    unsigned distinct = 0;

    expect_ok("delay east west 40\njitter east west 10");
    for (uint8_t i = 0; i < 100; i++) {
        uint64_t sent_us = (uint64_t)i * 30 * MS;
        uint64_t due_us;

        send_packet(EAST, "10.77.2.1", i, sent_us);
        due_us = wan_links_next_us(links);
        ck_assert(due_us >= sent_us + 30 * MS && due_us <= sent_us + 50 * MS);
        distinct += due_us - sent_us != last_us;
        last_us = due_us - sent_us;
        expect_arrival(WEST, i, due_us);
    }
    ck_assert_uint_gt(distinct, 90);
    for (uint8_t i = 0; i < 100; i++)
        send_packet(EAST, "10.77.2.1", i, UINT64_C(9000000));
    for (uint8_t i = 0; i < 100; i++)
        expect_arrival(WEST, i, UINT64_C(9000000) + 50 * MS);
}
END_TEST

START_TEST(a_shorter_delay_does_not_let_a_packet_overtake)
{
    expect_ok("delay east west 100");
    send_packet(EAST, "10.77.2.1", 1, 0);
    expect_ok("delay east west 1");
    send_packet(EAST, "10.77.2.1", 2, 0);
    expect_silence(99 * MS);
    expect_arrival(WEST, 1, 100 * MS);
    expect_arrival(WEST, 2, 100 * MS);
}
END_TEST

START_TEST(loss_takes_its_share)
{
    expect_ok("loss east west 20");
    for (int i = 0; i < 5000; i++)
        send_packet(EAST, "10.77.2.1", 0, 0);
    ck_assert_uint_gt(count_arrivals(0), 3800);
    expect_ok("loss east west 100");
    send_packet(EAST, "10.77.2.1", 0, 0);
    ck_assert_uint_eq(count_arrivals(0), 0);
    expect_ok("loss east west 0");
    send_packet(EAST, "10.77.2.1", 0, 0);
    ck_assert_uint_eq(count_arrivals(0), 1);
}
END_TEST

START_TEST(a_cut_stops_both_ways_and_loses_what_is_under_way)
{
    expect_ok("delay east west 40");
    send_packet(EAST, "10.77.2.1", 1, 0);
    expect_ok("cut east west\nheal east west");
    expect_silence(99 * MS);
    expect_ok("cut east west");
    send_packet(EAST, "10.77.2.1", 1, 0);
    send_packet(WEST, "10.77.1.1", 1, 0);
    expect_silence(99 * MS);
    send_packet(EAST, "10.77.100.1", 2, 0);
    expect_arrival(CLOUD, 2, 0);
}
END_TEST

START_TEST(a_cut_one_way_lets_the_other_way_through)
{
    expect_ok("cut-one-way east west,cloud");
    send_packet(EAST, "10.77.2.1", 1, 0);
    send_packet(EAST, "10.77.100.1", 1, 0);
    expect_silence(0);
    send_packet(WEST, "10.77.1.1", 2, 0);
    expect_arrival(EAST, 2, 0);
}
END_TEST

START_TEST(heal_undoes_what_is_named_and_keeps_the_delay)
{
    expect_ok("delay * * 40\ncut * *\nheal east west");
    send_packet(EAST, "10.77.2.1", 1, 0);
    send_packet(EAST, "10.77.100.1", 1, 0);
    expect_arrival(WEST, 1, 40 * MS);
    expect_silence(99 * MS);
    expect_ok("heal cloud");
    send_packet(EAST, "10.77.100.1", 1, 0);
    expect_arrival(CLOUD, 1, 40 * MS);
    expect_ok("cut * *\nloss * * 100\nheal");
    send_packet(WEST, "10.77.100.1", 1, 0);
    expect_arrival(CLOUD, 1, 40 * MS);
}
END_TEST

START_TEST(a_link_holds_only_so_many_packets)
{
    expect_ok("delay east west 40");
    for (int i = 0; i < WAN_QUEUE_MAX + 10; i++)
        send_packet(EAST, "10.77.2.1", 0, 0);
    ck_assert_uint_eq(count_arrivals(40 * MS), WAN_QUEUE_MAX);
    ck_assert_ptr_nonnull(
        strstr(command("show"), "east west delay 40 jitter 0 loss 0 open passed 8192 lost 10\n"));
}
END_TEST

START_TEST(what_no_host_owns_or_is_not_ipv4_goes_nowhere)
{
    uint8_t ipv6[PACKET_LENGTH] = {0x60, [16] = 10, 77, 2, 1};

    send_packet(EAST, "10.77.3.1", 1, 0);
    wan_links_send(links, EAST, ipv6, sizeof ipv6, 0);
    ipv6[0] = 0x45;
    wan_links_send(links, EAST, ipv6, 19, 0);
    ck_assert_uint_eq(wan_links_next_us(links), UINT64_MAX);
}
END_TEST

START_TEST(a_bad_command_is_answered_with_what_is_allowed)
{
    static const char *const cases[][2] = {
        {"", "error: line 1: '' is no command; allowed: delay, jitter, loss, cut, cut-one-way, "
             "heal, show\n"},
        {"cut east", "error: line 1: allowed is cut A B\n"},
        {"cut east west now", "error: line 1: allowed is cut A B\n"},
        {"delay east west", "error: line 1: allowed is delay A B MS, 0 to 60000\n"},
        {"delay east west 60001", "error: line 1: '60001': allowed is delay A B MS, 0 to 60000\n"},
        {"delay east west 4x", "error: line 1: '4x': allowed is delay A B MS, 0 to 60000\n"},
        {"loss east west nan", "error: line 1: 'nan': allowed is loss A B PCT, 0 to 100\n"},
        {"loss east west -1", "error: line 1: '-1': allowed is loss A B PCT, 0 to 100\n"},
        {"show all", "error: line 1: allowed is show\n"},
        {"cut east north", "error: line 1: 'north' is no host; allowed: the hosts of `show`, "
                           "several joined by commas, *\n"},
        {"cut east, west", "error: line 1: '' is no host; allowed: the hosts of `show`, several "
                           "joined by commas, *\n"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_str_eq(command(cases[i][0]), cases[i][1]);
}
END_TEST

START_TEST(of_lines_of_which_one_is_wrong_none_is_obeyed)
{
    ck_assert_str_eq(command("cut east west\nsever east west"),
                     "error: line 2: 'sever' is no command; allowed: delay, jitter, loss, cut, "
                     "cut-one-way, heal, show\n");
    expect_ok("delay east west 0");
    ck_assert_ptr_null(strstr(command("show"), " cut "));
}
END_TEST

START_TEST(a_bad_host_is_refused_with_the_reason)
{
    const char *wrong = NULL;

    ck_assert_int_eq(wan_links_add(links, "East", "10.77.3.1", &wrong), -1);
    ck_assert_str_eq(wrong, "a host's name is 1 to 31 of a-z 0-9 -");
    ck_assert_int_eq(wan_links_add(links, "east", "10.77.3.1", &wrong), -1);
    ck_assert_str_eq(wrong, "two hosts have the same name");
    ck_assert_int_eq(wan_links_add(links, "north", "10.77.2.10", &wrong), -1);
    ck_assert_str_eq(wrong, "an address belongs to one host only");
    ck_assert_int_eq(wan_links_add(links, "north", "10.77.3", &wrong), -1);
    ck_assert_str_eq(wrong, "an address is an IPv4 address, several are joined by commas");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wan");
    TCase *tcase = tcase_create("wan");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_packet_arrives_after_the_delay_of_its_link_and_not_before);
    tcase_add_test(tcase, a_delay_holds_both_ways_and_for_no_other_pair);
    tcase_add_test(tcase, packets_of_several_links_arrive_in_the_order_of_time);
    tcase_add_test(tcase, jitter_spreads_arrivals_but_keeps_their_order);
    tcase_add_test(tcase, a_shorter_delay_does_not_let_a_packet_overtake);
    tcase_add_test(tcase, loss_takes_its_share);
    tcase_add_test(tcase, a_cut_stops_both_ways_and_loses_what_is_under_way);
    tcase_add_test(tcase, a_cut_one_way_lets_the_other_way_through);
    tcase_add_test(tcase, heal_undoes_what_is_named_and_keeps_the_delay);
    tcase_add_test(tcase, a_link_holds_only_so_many_packets);
    tcase_add_test(tcase, what_no_host_owns_or_is_not_ipv4_goes_nowhere);
    tcase_add_test(tcase, a_bad_command_is_answered_with_what_is_allowed);
    tcase_add_test(tcase, of_lines_of_which_one_is_wrong_none_is_obeyed);
    tcase_add_test(tcase, a_bad_host_is_refused_with_the_reason);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
