# SPDX-License-Identifier: Apache-2.0
"""DNS as the lab answers it, asked with dnspython, dig and bare sockets."""

import collections
import socket
import struct
import subprocess

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from clients import ZONE, change, client, status, until
from labctl import fence, simple, weighted

PIZZA = "pizza.example.com"
EAST = weighted(PIZZA, "use1", 100, "192.0.2.10")
WEST = weighted(PIZZA, "usw2", 0, "198.51.100.10")


def ask(lab, name, rtype="A", tcp=False, server=0, **kwargs):
    host, _, port = lab.dns_all[server].rpartition(":")
    query = dns.message.make_query(name, rtype, **kwargs)
    call = dns.query.tcp if tcp else dns.query.udp
    return call(query, host, port=int(port), timeout=60)


def texts(response):
    return sorted(record.to_text() for rrset in response.answer for record in rrset)


def split(lab, name=PIZZA, times=400):
    return collections.Counter(texts(ask(lab, name))[0] for _ in range(times))


# -- weights --

def test_weight_zero_is_never_answered(shared_lab):
    shared_lab.seed([EAST, WEST])
    assert set(split(shared_lab)) == {"192.0.2.10"}


def test_answers_are_split_by_weight(shared_lab):
    shared_lab.seed([dict(EAST, Weight=30), dict(WEST, Weight=10)])
    counts = split(shared_lab, times=1000)
    assert 680 <= counts["192.0.2.10"] <= 820 and sum(counts.values()) == 1000


def test_all_weights_zero_means_all_alike(shared_lab):
    shared_lab.seed([dict(EAST, Weight=0), WEST])
    assert min(split(shared_lab).values()) >= 130 and len(split(shared_lab)) == 2


def test_a_seeded_lab_repeats_its_choices(lab_factory):
    def choices():
        lab = lab_factory(["--rate", "0", "--seed", "7"])
        lab.seed([EAST, dict(WEST, Weight=100)])
        return [texts(ask(lab, PIZZA)) for _ in range(20)]
    assert choices() == choices()


# -- answers --

def test_an_answer_has_the_record_its_ttl_and_authority(shared_lab):
    shared_lab.seed([dict(EAST, TTL=17)])
    response = ask(shared_lab, "PiZZa.Example.COM")
    assert (response.answer[0].ttl, texts(response)) == (17, ["192.0.2.10"])
    assert response.answer[0].name.to_text() == "PiZZa.Example.COM."
    assert response.flags & dns.flags.AA and not response.flags & dns.flags.RA
    assert response.rcode() == dns.rcode.NOERROR


def test_a_fence_is_answered_over_udp_and_tcp(shared_lab):
    text = "v=rs1 group=jwt-pizza epoch=41 by=use1 nonce=00ff plan=0123456789abcdef"
    shared_lab.seed([fence("jwt-pizza", "example.com", text)])
    for tcp in (False, True):
        response = ask(shared_lab, "_regionshift.jwt-pizza.example.com", "TXT", tcp=tcp)
        assert texts(response) == [f'"{text}"'] and response.answer[0].ttl == 10


def test_dig_agrees(shared_lab):
    shared_lab.seed([EAST, simple("t.example.com", "TXT", '"a \\101" "b"')])
    host, port = shared_lab.dns_address

    def dig(*words):
        return subprocess.run(["/usr/bin/dig", f"@{host}", "-p", str(port), "+norecurse", "+short",
                               *words], stdout=subprocess.PIPE, text=True, check=True,
                              timeout=60).stdout.strip()
    assert dig(PIZZA) == "192.0.2.10"
    assert dig("+tcp", PIZZA) == "192.0.2.10"
    assert dig("t.example.com", "TXT") == '"a A" "b"'


def test_soa_and_ns_stand_at_the_apex(shared_lab):
    assert texts(ask(shared_lab, "example.com", "SOA"))[0].startswith("ns-1.lab.test. ")
    assert texts(ask(shared_lab, "example.com", "NS")) == \
        [f"ns-{n}.lab.test." for n in (1, 2, 3, 4)]


def test_the_lab_knows_the_addresses_of_its_name_servers(lab_factory):
    lab = lab_factory(["--nameserver", "ns1.example.com=127.0.0.53"])
    assert texts(ask(lab, "ns1.example.com")) == ["127.0.0.53"]
    assert texts(ask(lab, "ns1.example.com", "AAAA")) == []


def test_nxdomain_and_nodata_differ_and_both_carry_the_soa(shared_lab):
    shared_lab.seed([simple("a.deep.example.com", "A", "192.0.2.1")])
    nowhere = ask(shared_lab, "none.example.com")
    assert nowhere.rcode() == dns.rcode.NXDOMAIN and nowhere.answer == []
    for name, rtype in (("a.deep.example.com", "AAAA"), ("deep.example.com", "A")):
        nothing = ask(shared_lab, name, rtype)
        assert nothing.rcode() == dns.rcode.NOERROR and nothing.answer == []
        assert nothing.authority[0].rdtype == dns.rdatatype.SOA
    assert nowhere.authority[0].rdtype == dns.rdatatype.SOA and nowhere.authority[0].ttl == 900


def test_a_cname_is_followed_inside_the_zone_only(shared_lab):
    shared_lab.seed([EAST, simple("www.example.com", "CNAME", "x.example.com"),
                     simple("x.example.com", "CNAME", PIZZA),
                     simple("out.example.com", "CNAME", "www.example.org"),
                     simple("gone.example.com", "CNAME", "none.example.com"),
                     simple("loop.example.com", "CNAME", "loop.example.com")])
    response = ask(shared_lab, "www.example.com")
    assert [rrset.rdtype for rrset in response.answer] == [5, 5, 1]
    assert response.answer[-1].name.to_text() == PIZZA + "."
    assert [rrset.rdtype for rrset in ask(shared_lab, "out.example.com").answer] == [5]
    gone = ask(shared_lab, "gone.example.com")
    assert gone.rcode() == dns.rcode.NXDOMAIN and len(gone.answer) == 1
    assert len(ask(shared_lab, "loop.example.com").answer) <= 8
    assert [rrset.rdtype for rrset in ask(shared_lab, "www.example.com", "CNAME").answer] == [5]


def test_an_alias_answers_its_target_under_its_own_name(shared_lab):
    def alias(name, target, **more):
        return dict(more, Name=name, Type="A", AliasTarget={
            "HostedZoneId": ZONE, "DNSName": target, "EvaluateTargetHealth": False})
    shared_lab.seed([EAST, WEST])
    shared_lab.seed([alias("a.example.com", PIZZA), alias("b.example.com", "a.example.com"),
                     alias("w.example.com", PIZZA, SetIdentifier="1", Weight=1),
                     alias("w.example.com", "a.example.com", SetIdentifier="0", Weight=0)])
    for name in ("a.example.com", "b.example.com", "w.example.com"):
        response = ask(shared_lab, name)
        assert texts(response) == ["192.0.2.10"] and response.answer[0].ttl == 60
        assert response.answer[0].name.to_text() == name + "."


def test_a_wildcard_covers_names_that_do_not_exist(shared_lab):
    shared_lab.seed([simple("*.example.com", "A", "192.0.2.1"),
                     simple("here.example.com", "TXT", '"x"')])
    assert texts(ask(shared_lab, "any.thing.example.com")) == ["192.0.2.1"]
    assert texts(ask(shared_lab, "here.example.com")) == []


def test_a_delegation_is_a_referral(shared_lab):
    shared_lab.seed([simple("away.example.com", "NS", "ns.example.org", ttl=300)])
    response = ask(shared_lab, "host.away.example.com")
    assert not response.flags & dns.flags.AA and response.answer == []
    assert response.authority[0].to_text() == "away.example.com. 300 IN NS ns.example.org."


def test_the_deepest_zone_answers(shared_lab):
    shared_lab.seed([simple("x.sub.example.com", "A", "192.0.2.1")], zone="ZLAB2")
    assert texts(ask(shared_lab, "x.sub.example.com")) == ["192.0.2.1"]
    assert texts(ask(shared_lab, "sub.example.com", "SOA"))


@pytest.mark.parametrize("name, rtype", [("example.org", "A"), (".", "NS"), ("com", "A"),
                                         ("example.com", "AXFR")])
def test_what_is_not_ours_is_refused(shared_lab, name, rtype):
    query = dns.message.make_query(name, rtype)
    host, port = shared_lab.dns_address
    with socket.create_connection((host, port), timeout=60) as sock:
        wire = query.to_wire()
        sock.sendall(struct.pack("!H", len(wire)) + wire)
        size = struct.unpack("!H", sock.recv(2))[0]
        assert dns.message.from_wire(sock.recv(size)).rcode() == dns.rcode.REFUSED


def test_failover_answers_primary_and_multivalue_at_most_eight(shared_lab):
    def one(name, identifier, value, **policy):
        return dict(simple(name, "A", value), SetIdentifier=identifier, **policy)
    shared_lab.seed([one("f.example.com", "p", "192.0.2.1", Failover="PRIMARY"),
                     one("f.example.com", "s", "192.0.2.2", Failover="SECONDARY")]
                    + [one("m.example.com", str(n), f"192.0.2.{n}", MultiValueAnswer=True)
                       for n in range(10)])
    assert texts(ask(shared_lab, "f.example.com")) == ["192.0.2.1"]
    assert len(texts(ask(shared_lab, "m.example.com"))) == 8


# -- sizes and manners --

def test_an_answer_too_big_for_udp_says_so_and_comes_by_tcp(shared_lab):
    shared_lab.seed([simple("big.example.com", "TXT",
                            *(f'"{n:02d}{"x" * 90}"' for n in range(12)))])
    short = ask(shared_lab, "big.example.com", "TXT")
    assert short.flags & dns.flags.TC and short.answer == []
    assert len(texts(ask(shared_lab, "big.example.com", "TXT", tcp=True))) == 12
    whole = ask(shared_lab, "big.example.com", "TXT", use_edns=0, payload=4096)
    assert not whole.flags & dns.flags.TC and len(texts(whole)) == 12
    assert ask(shared_lab, "big.example.com", "TXT", use_edns=0,
               payload=600).flags & dns.flags.TC


def test_other_opcodes_and_edns_versions_are_declined(shared_lab):
    host, port = shared_lab.dns_address
    query = dns.message.make_query(PIZZA, "A")
    query.set_opcode(dns.opcode.STATUS)
    assert dns.query.udp(query, host, port=port, timeout=60).rcode() == dns.rcode.NOTIMP
    query = dns.message.make_query(PIZZA, "A")
    query.use_edns(1)
    assert dns.query.udp(query, host, port=port, timeout=60).rcode() == dns.rcode.BADVERS


def test_malformed_queries_get_formerr_or_silence(shared_lab):
    good = dns.message.make_query(PIZZA, "A").to_wire()
    loop = good[:12] + b"\xc0\x0c" + b"\x00\x01\x00\x01"
    two = good[:4] + b"\x00\x02" + good[6:]
    host, port = shared_lab.dns_address
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(60)
        sock.connect((host, port))
        for silent in (b"", b"x", good[:11], good[:2] + b"\x80" + good[3:], b"\xff" * 500):
            sock.send(silent)
        for bad in (good[:-1], good + b"junk", loop, two, good[:12],
                    good[:5] + b"\x00" + good[6:12]):
            sock.send(bad)
            reply = sock.recv(4096)
            assert reply[:2] == good[:2] and reply[3] & 15 == dns.rcode.FORMERR
        sock.send(good)
        assert dns.message.from_wire(sock.recv(4096)).rcode() == dns.rcode.NXDOMAIN


def test_tcp_serves_several_queries_and_survives_rubbish(shared_lab):
    shared_lab.seed([EAST])
    host, port = shared_lab.dns_address
    wire = dns.message.make_query(PIZZA, "A").to_wire()
    with socket.create_connection((host, port), timeout=60) as sock:
        for _ in range(3):
            sock.sendall(struct.pack("!H", len(wire)) + wire)
            size = struct.unpack("!H", sock.recv(2))[0]
            assert texts(dns.message.from_wire(sock.recv(size))) == ["192.0.2.10"]
    for rubbish in (b"\x00", b"\xff\xff" + b"x" * 10, b"\x00\x01x"):
        with socket.create_connection((host, port), timeout=60) as sock:
            sock.sendall(rubbish)
            sock.shutdown(socket.SHUT_WR)
            assert sock.recv(100) == b""
    assert texts(ask(shared_lab, PIZZA, tcp=True)) == ["192.0.2.10"]


# -- when a change is seen --

def test_dns_shows_a_change_when_it_is_insync_and_not_before(lab):
    lab.seed([EAST, WEST])
    lab.fault("pending")
    info = change(lab, ("DELETE", EAST), ("CREATE", dict(EAST, Weight=0)),
                  ("DELETE", WEST), ("CREATE", dict(WEST, Weight=100)))
    assert set(split(lab, times=20)) == {"192.0.2.10"}
    lab.heal()
    until(lambda: status(lab, info) == "INSYNC")
    assert set(split(lab, times=20)) == {"198.51.100.10"}


def test_pending_changes_may_be_shown_by_dns_all_the_same(lab):
    lab.fault("pending", dns=True)
    info = change(lab, ("CREATE", EAST))
    assert texts(ask(lab, PIZZA)) == ["192.0.2.10"] and status(lab, info) == "PENDING"


def test_one_server_may_be_stale_silent_or_failing_while_another_answers(lab_factory):
    lab = lab_factory(dns=("127.0.0.1:0", "127.0.0.2:0"))
    lab.seed([fence("g", "example.com", "epoch=1")])
    name = "_regionshift.g.example.com"
    lab.fault("dns-stale", server=1)
    lab.human("fence", group="g", text="epoch=2")
    assert [texts(ask(lab, name, "TXT", server=n)) for n in (0, 1)] == \
        [['"epoch=2"'], ['"epoch=1"']]
    lab.heal()
    assert texts(ask(lab, name, "TXT", server=1)) == ['"epoch=2"']
    lab.fault("dns-servfail", server=1)
    assert ask(lab, name, "TXT", server=1).rcode() == dns.rcode.SERVFAIL
    assert ask(lab, name, "TXT").rcode() == dns.rcode.NOERROR
    lab.heal()
    lab.fault("dns-down", server=1)
    with pytest.raises((dns.exception.Timeout, EOFError)):
        ask(lab, name, "TXT", server=1, tcp=True)
    assert texts(ask(lab, name, "TXT")) == ['"epoch=2"']


def test_a_private_zone_is_in_the_api_and_not_in_dns(lab_factory):
    lab = lab_factory(["--rate", "0", "--private-zone", "example.com=ZPRIVATE"])
    lab.seed([simple("inside.example.com", "A", "10.0.0.1")], zone="ZPRIVATE")
    lab.seed([simple("outside.example.com", "A", "192.0.2.1")])
    assert texts(ask(lab, "outside.example.com")) == ["192.0.2.1"]
    assert ask(lab, "inside.example.com").rcode() == dns.rcode.NXDOMAIN
    found = client(lab.endpoint).get_hosted_zone(Id="ZPRIVATE")
    assert found["HostedZone"]["Config"]["PrivateZone"] and found["VPCs"]
    assert "DelegationSet" not in found
