# SPDX-License-Identifier: Apache-2.0
"""The rules of a change batch and of the lists, as Route 53 keeps them; through boto3 and aws."""

import json

import pytest

from clients import ZONE, aws, change, client, listed, names, refusal, status, until
from labctl import fence, simple, weighted

PIZZA = "pizza.example.com"
EAST = weighted(PIZZA, "use1", 100, "192.0.2.10")
WEST = weighted(PIZZA, "usw2", 0, "198.51.100.10")
FENCE = "v=rs1 group=jwt-pizza epoch={} by=use1 nonce=00ff plan=0123456789abcdef"


def epoch(number):
    return fence("jwt-pizza", "example.com", FENCE.format(number))


def with_weight(rrset, weight):
    return dict(rrset, Weight=weight)


# -- all or nothing, exactly --

def test_a_move_is_one_batch_and_the_aws_command_can_do_it(shared_lab):
    shared_lab.seed([EAST, WEST, epoch(1)])
    batch = {"Comment": "epoch 2", "Changes": [
        {"Action": action, "ResourceRecordSet": rrset} for action, rrset in (
            ("DELETE", epoch(1)), ("CREATE", epoch(2)),
            ("DELETE", EAST), ("CREATE", with_weight(EAST, 0)),
            ("DELETE", WEST), ("CREATE", with_weight(WEST, 100)))]}
    info = aws(shared_lab, "change-resource-record-sets", "--hosted-zone-id", ZONE,
               "--change-batch", json.dumps(batch))["ChangeInfo"]
    assert info["Comment"] == "epoch 2" and info["Id"].startswith("/change/C")
    assert shared_lab.weights(PIZZA) == {"use1": 0, "usw2": 100}
    assert shared_lab.fences() == {"jwt-pizza": FENCE.format(2)}
    aws_change = aws(shared_lab, "get-change", "--id", info["Id"])["ChangeInfo"]
    assert aws_change["Status"] in ("PENDING", "INSYNC")


def test_a_batch_with_one_bad_change_changes_nothing(shared_lab):
    shared_lab.seed([EAST, WEST, epoch(1)])
    before = listed(shared_lab)
    refused = refusal(change, shared_lab, ("DELETE", epoch(1)), ("CREATE", epoch(2)),
                      ("DELETE", EAST), ("CREATE", with_weight(EAST, 0)),
                      ("DELETE", weighted(PIZZA, "nobody", 1, "192.0.2.99")))
    assert refused == ("InvalidChangeBatch", "[Tried to delete resource record set [name="
                       "'pizza.example.com.', type='A', set-identifier='nobody'] "
                       "but it was not found]")
    assert listed(shared_lab) == before


def test_a_stale_fence_is_refused_with_all_complaints_in_one_list(shared_lab):
    shared_lab.seed([epoch(5)])
    assert refusal(change, shared_lab, ("DELETE", epoch(4)), ("CREATE", epoch(6))) == (
        "InvalidChangeBatch",
        "[Tried to delete resource record set [name='_regionshift.jwt-pizza.example.com.', "
        "type='TXT'] but the values provided do not match the current values, "
        "Tried to create resource record set [name='_regionshift.jwt-pizza.example.com.', "
        "type='TXT'] but it already exists]")
    assert shared_lab.fences() == {"jwt-pizza": FENCE.format(5)}


def test_changes_are_played_in_the_order_given(shared_lab):
    shared_lab.seed([epoch(1)])
    code, message = refusal(change, shared_lab, ("CREATE", epoch(2)), ("DELETE", epoch(1)))
    assert code == "InvalidChangeBatch" and "already exists" in message
    change(shared_lab, ("DELETE", epoch(1)), ("CREATE", epoch(2)))
    assert shared_lab.fences() == {"jwt-pizza": FENCE.format(2)}


def test_of_two_writers_with_the_same_fence_one_wins(shared_lab):
    shared_lab.seed([epoch(1)])
    change(shared_lab, ("DELETE", epoch(1)), ("CREATE", epoch(2)))
    other = fence("jwt-pizza", "example.com", "v=rs1 group=jwt-pizza epoch=2 by=fra")
    assert refusal(change, shared_lab, ("DELETE", epoch(1)),
                   ("CREATE", other))[0] == "InvalidChangeBatch"


@pytest.mark.parametrize("difference", [
    {"TTL": 61}, {"Weight": 99}, {"ResourceRecords": [{"Value": "192.0.2.11"}]},
    {"Region": "us-east-1", "Weight": None}, {"HealthCheckId": "hc-1"}],
    ids=["ttl", "weight", "value", "policy", "health-check"])
def test_a_delete_must_give_all_the_same_values(shared_lab, difference):
    shared_lab.seed([EAST])
    given = {key: value for key, value in dict(EAST, **difference).items() if value is not None}
    code, message = refusal(change, shared_lab, ("DELETE", given))
    assert code == "InvalidChangeBatch" and "do not match the current values" in message
    assert shared_lab.weights(PIZZA) == {"use1": 100}


def test_weight_zero_is_a_weight_and_not_the_lack_of_one(shared_lab):
    shared_lab.seed([WEST])
    code, message = refusal(change, shared_lab, ("DELETE", with_weight(WEST, 1)))
    assert "do not match" in message
    without = {key: value for key, value in WEST.items() if key != "Weight"}
    assert refusal(change, shared_lab, ("DELETE", without))[0] == "InvalidInput"
    change(shared_lab, ("DELETE", WEST))
    assert shared_lab.weights(PIZZA) == {}


def test_a_delete_differing_in_weight_alone_can_be_tolerated(lab_factory):
    lab = lab_factory(["--rate", "0", "--delete-ignores-weight"])
    lab.seed([EAST])
    change(lab, ("DELETE", with_weight(EAST, 7)))
    assert lab.weights(PIZZA) == {}


def test_a_delete_may_give_the_values_in_any_order(shared_lab):
    many = simple("many.example.com", "A", "192.0.2.1", "192.0.2.2", "192.0.2.3")
    shared_lab.seed([many])
    change(shared_lab, ("DELETE", dict(many, ResourceRecords=many["ResourceRecords"][::-1])))
    assert "many.example.com." not in names(shared_lab)


def test_a_name_is_the_same_in_any_spelling(shared_lab):
    shared_lab.seed([simple("*.Example.COM", "A", "192.0.2.1")])
    assert "\\052.example.com." in names(shared_lab)
    change(shared_lab, ("DELETE", simple("\\052.EXAMPLE.com.", "A", "192.0.2.1")))
    assert "\\052.example.com." not in names(shared_lab)


def test_unusual_bytes_of_a_name_are_listed_as_octal(shared_lab):
    shared_lab.seed([simple("a!b@c.example.com", "A", "192.0.2.1")])
    assert "a\\041b\\100c.example.com." in names(shared_lab)


@pytest.mark.parametrize("name, code", [
    ("a..example.com", "DomainLabelEmpty"), ("x" * 64 + ".example.com", "DomainLabelTooLong"),
    (".".join(["x" * 60] * 4) + ".example.com", "DomainNameTooLong"),
    ("sp ace.example.com", "UnsupportedCharacter"), ("ü.example.com", "UnsupportedCharacter"),
    ("a\\9.example.com", "UnsupportedCharacter")])
def test_a_name_that_cannot_be_is_refused(shared_lab, name, code):
    refused = refusal(change, shared_lab, ("CREATE", simple(name, "A", "192.0.2.1")))
    assert refused[0] == "InvalidChangeBatch" and f"FATAL problem: {code}" in refused[1]


def test_creating_what_exists_is_refused_and_upsert_replaces_it(shared_lab):
    record = simple("www.example.com", "A", "192.0.2.1")
    change(shared_lab, ("CREATE", record))
    assert "already exists" in refusal(change, shared_lab, ("CREATE", record))[1]
    change(shared_lab, ("UPSERT", dict(record, TTL=5)))
    assert [r["TTL"] for r in listed(shared_lab) if r["Name"] == "www.example.com."] == [5]


def test_the_same_change_twice_in_a_batch_is_refused(shared_lab):
    shared_lab.seed([EAST])
    refused = refusal(change, shared_lab, ("DELETE", EAST), ("DELETE", EAST))
    assert refused == ("InvalidChangeBatch", "[The request contains an invalid set of changes "
                       "for a resource record set 'A pizza.example.com.']")


# -- groups of record sets --

def test_a_simple_set_cannot_stand_beside_weighted_ones(shared_lab):
    shared_lab.seed([EAST])
    assert refusal(change, shared_lab, ("CREATE", simple(PIZZA, "A", "192.0.2.1"))) == (
        "InvalidChangeBatch", "[RRSet with DNS name pizza.example.com., type A cannot be created "
        "as other RRSets exist with the same name and type.]")


def test_all_sets_of_a_name_and_type_have_one_routing_policy(shared_lab):
    shared_lab.seed([simple(PIZZA, "A", "192.0.2.1")])
    assert refusal(change, shared_lab, ("CREATE", EAST))[1] == (
        "[RRSet with DNS name pizza.example.com., type A, SetIdentifier use1 cannot be created "
        "as a non-weighted set exists with the same name and type.]")
    latency = {key: value for key, value in EAST.items() if key != "Weight"}
    shared_lab.replace([WEST])
    assert "a non-latency set exists" in refusal(
        change, shared_lab, ("CREATE", dict(latency, Region="us-east-1")))[1]
    change(shared_lab, ("CREATE", dict(EAST, Type="AAAA",
                                       ResourceRecords=[{"Value": "2001:db8::1"}])))


def test_weighted_sets_of_a_group_have_one_ttl(shared_lab):
    shared_lab.seed([EAST, WEST])
    assert refusal(change, shared_lab, ("UPSERT", dict(EAST, TTL=5))) == (
        "InvalidChangeBatch", "[RRSet with DNS name pizza.example.com., type A, SetIdentifier "
        "use1 cannot be created as weighted sets must contain the same TTL.]")
    change(shared_lab, ("DELETE", EAST), ("DELETE", WEST),
           ("CREATE", dict(EAST, TTL=5)), ("CREATE", dict(WEST, TTL=5)))
    assert {r["TTL"] for r in listed(shared_lab) if r["Name"] == PIZZA + "."} == {5}


def test_a_set_identifier_is_unique_in_its_group(shared_lab):
    shared_lab.seed([EAST])
    assert "already exists" in refusal(
        change, shared_lab, ("CREATE", weighted(PIZZA, "use1", 5, "192.0.2.77")))[1]


def test_a_weighted_set_holds_one_value_unless_told_otherwise(shared_lab, lab_factory):
    two = dict(EAST, ResourceRecords=[{"Value": "192.0.2.1"}, {"Value": "192.0.2.2"}])
    assert "only one ResourceRecord" in refusal(change, shared_lab, ("CREATE", two))[1]
    change(lab_factory(["--rate", "0", "--many-values-per-weight"]), ("CREATE", two))


def test_a_hundred_weighted_sets_share_a_name_and_no_more(shared_lab):
    shared_lab.seed([weighted(PIZZA, f"s{n:03d}", 1, f"192.0.2.{n}") for n in range(100)])
    refused = refusal(change, shared_lab, ("CREATE", weighted(PIZZA, "more", 1, "192.0.2.200")))
    assert refused[0] == "InvalidChangeBatch" and "more than 100 weighted sets" in refused[1]


# -- the form of a change --

def _without(rrset, *members):
    return {key: value for key, value in rrset.items() if key not in members}


ALIAS = {"HostedZoneId": ZONE, "DNSName": "www.example.com", "EvaluateTargetHealth": False}


@pytest.mark.parametrize("rrset, words", [
    (_without(EAST, "TTL", "ResourceRecords"), "found none"),
    (_without(EAST, "TTL"), "found none"), (_without(EAST, "ResourceRecords"), "found none"),
    (dict(EAST, AliasTarget=ALIAS), "found more than one"),
    (dict(_without(EAST, "ResourceRecords"), AliasTarget=ALIAS), "found more than one")],
    ids=["neither", "no-ttl", "no-values", "both", "alias-with-ttl"])
def test_a_record_set_is_an_alias_or_has_ttl_and_values(shared_lab, rrset, words):
    assert refusal(change, shared_lab, ("CREATE", rrset)) == (
        "InvalidInput", "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and "
        f"ResourceRecords], or TrafficPolicyInstanceId], but {words} in Change with "
        "[Action=CREATE, Name=pizza.example.com, Type=A, SetIdentifier=use1]")


def test_a_set_identifier_and_a_routing_policy_need_each_other(shared_lab):
    code, message = refusal(change, shared_lab, ("CREATE", _without(EAST, "SetIdentifier")))
    assert (code, "Missing field 'SetIdentifier'" in message) == ("InvalidInput", True)
    code, message = refusal(change, shared_lab, ("CREATE", _without(EAST, "Weight")))
    assert (code, "but found none" in message) == ("InvalidInput", True)
    code, message = refusal(change, shared_lab, ("CREATE", dict(EAST, Region="us-east-1")))
    assert (code, "but found more than one" in message) == ("InvalidInput", True)


@pytest.mark.parametrize("difference, complaint", [
    ({"Weight": 256}, "Value '256' at 'changeBatch.changes.1.member.resourceRecordSet.weight' "
     "failed to satisfy constraint: Member must have value less than or equal to 255"),
    ({"Type": "BOGUS"}, "Member must satisfy enum value set: [SOA, A, TXT"),
    ({"SetIdentifier": "x" * 129}, "Member must have length less than or equal to 128"),
    ({"TTL": 2 ** 31}, "Member must have value less than or equal to 2147483647"),
    ({"Region": "mars-1"}, "Member must satisfy enum value set"),
    ({"HealthCheckId": "x" * 65}, "Member must have length less than or equal to 64")],
    ids=["weight", "type", "identifier", "ttl", "region", "health-check"])
def test_what_the_model_forbids_is_invalid_input(shared_lab, difference, complaint):
    code, message = refusal(change, shared_lab, ("CREATE", dict(EAST, **difference)))
    assert code == "InvalidInput" and complaint in message


def test_a_pattern_of_the_model_is_kept(shared_lab):
    rrset = dict(_without(EAST, "Weight"),
                 CidrRoutingConfig={"CollectionId": "not-a-uuid", "LocationName": "*"})
    code, message = refusal(change, shared_lab, ("CREATE", rrset))
    assert code == "InvalidInput" and "regular expression pattern: [0-9a-f]{8}-" in message


def test_an_unknown_health_check_is_refused_and_a_known_one_kept(lab_factory):
    lab = lab_factory(["--rate", "0", "--health-check", "hc-1"])
    assert refusal(change, lab, ("CREATE", dict(EAST, HealthCheckId="hc-2")))[0] == \
        "NoSuchHealthCheck"
    change(lab, ("CREATE", dict(EAST, HealthCheckId="hc-1")))
    assert [r["HealthCheckId"] for r in listed(lab) if r["Name"] == PIZZA + "."] == ["hc-1"]


# -- places and values --

def test_a_cname_stands_alone_and_never_at_the_apex(shared_lab):
    assert "is not permitted at apex in zone example.com." in refusal(
        change, shared_lab, ("CREATE", simple("example.com", "CNAME", "x.example.org")))[1]
    shared_lab.seed([simple("www.example.com", "A", "192.0.2.1")])
    cname = simple("www.example.com", "CNAME", "x.example.org")
    assert "as it conflicts with other records" in refusal(
        change, shared_lab, ("CREATE", cname))[1]
    change(shared_lab, ("DELETE", simple("www.example.com", "A", "192.0.2.1")), ("CREATE", cname))
    assert "because a conflicting RRSet of type CNAME" in refusal(
        change, shared_lab, ("CREATE", simple("www.example.com", "TXT", '"x"')))[1]


@pytest.mark.parametrize("name", ["www.example.org", "wwwexample.com", "com"])
def test_a_name_outside_the_zone_is_refused(shared_lab, name):
    assert refusal(change, shared_lab, ("CREATE", simple(name, "A", "192.0.2.1"))) == (
        "InvalidChangeBatch", f"[RRSet with DNS name {name}. is not permitted in zone "
        "example.com.]")


def test_soa_and_ns_of_the_apex_cannot_be_deleted(shared_lab):
    own = {rrset["Type"]: rrset for rrset in listed(shared_lab)}
    code, message = refusal(change, shared_lab, ("DELETE", own["SOA"]), ("DELETE", own["NS"]))
    assert message == ("[A HostedZone must contain exactly one SOA record., A HostedZone must "
                       "contain at least one NS record for the zone itself.]")


@pytest.mark.parametrize("rtype, value, code", [
    ("A", "192.0.2.256", "ARRDATAIllegalIPv4Address"), ("A", "192.0.2", "ARRDATAIllegalIPv4"),
    ("A", "192.0.2.01", "ARRDATAIllegalIPv4Address"), ("A", "::1", "ARRDATAIllegalIPv4Address"),
    ("AAAA", "192.0.2.1", "AAAARRDATAIllegalIPv6"), ("AAAA", "1::2::3", "AAAARRDATAIllegalIPv6"),
    ("TXT", "bare", "InvalidCharacterString"), ("TXT", '"open', "InvalidCharacterString"),
    ("TXT", '"a""b"', "InvalidCharacterString"),
    ("TXT", '"' + "x" * 256 + '"', "CharacterStringTooLong"),
    ("MX", "mail.example.com", "MXRRDATANotValid"),
    ("SRV", "1 2 example.com", "SRVRRDATANotValid"),
    ("CNAME", "a..b", "DomainLabelEmpty"), ("CAA", "0 issue", "CAARRDATANotValid")])
def test_a_value_must_be_one_of_its_type(shared_lab, rtype, value, code):
    refused = refusal(change, shared_lab, ("CREATE", simple("v.example.com", rtype, value)))
    assert refused[0] == "InvalidChangeBatch" and f"FATAL problem: {code}" in refused[1]


@pytest.mark.parametrize("rtype, value", [
    ("A", "0.0.0.0"), ("AAAA", "2001:db8::192.0.2.1"), ("TXT", '"a \\"b\\" \\101" "c"'),
    ("MX", "10 mail.example.com"), ("SRV", "1 2 3 example.com"), ("CNAME", "x.example.org"),
    ("CAA", '0 issue "ca.example.org"'), ("PTR", "x.example.org."), ("NS", "ns.example.org"),
    ("DS", "1 8 2 " + "ab" * 32), ("NAPTR", '1 1 "u" "E2U+sip" "!x!y!" .')])
def test_good_values_are_kept_as_written(shared_lab, rtype, value):
    change(shared_lab, ("CREATE", simple("v.example.com", rtype, value)))
    assert [r["ResourceRecords"] for r in listed(shared_lab) if r["Name"] == "v.example.com."] == \
        [[{"Value": value}]]


def test_the_same_value_twice_is_refused(shared_lab):
    assert "Duplicate Resource Record: '192.0.2.1'" in refusal(
        change, shared_lab, ("CREATE", simple("v.example.com", "A", "192.0.2.1", "192.0.2.1")))[1]


def test_an_alias_into_its_zone_needs_its_target(shared_lab):
    alias = {"Name": "alias.example.com", "Type": "A", "AliasTarget": ALIAS}
    assert "that target was not found" in refusal(change, shared_lab, ("CREATE", alias))[1]
    foreign = dict(alias, AliasTarget=dict(ALIAS, DNSName="www.example.org"))
    assert "does not lie within the target zone" in refusal(
        change, shared_lab, ("CREATE", foreign))[1]
    change(shared_lab, ("CREATE", alias), ("CREATE", simple("www.example.com", "A", "192.0.2.1")))
    assert [r["AliasTarget"]["DNSName"] for r in listed(shared_lab) if "AliasTarget" in r] == \
        ["www.example.com."]


# -- limits --

def _records(count, action, first=0):
    return [(action, simple(f"n{first + n}.example.com", "A", "192.0.2.1"))
            for n in range(count)]


def test_a_batch_holds_a_thousand_records_and_upsert_counts_double(shared_lab):
    assert refusal(change, shared_lab, *_records(1001, "CREATE")) == (
        "InvalidChangeBatch", "[Number of records limit of 1000 exceeded.]")
    assert refusal(change, shared_lab, *_records(501, "UPSERT"))[0] == "InvalidChangeBatch"
    change(shared_lab, *_records(500, "UPSERT"))
    change(shared_lab, *_records(500, "DELETE"), *_records(500, "CREATE", first=500))
    assert len(listed(shared_lab)) == 502


def _texts(characters, action):
    """Changes whose values have just so many characters, quotes and all."""
    full, rest = divmod(characters, 200)
    sizes = [200] * full + ([rest] if rest else [])
    return [(action, simple(f"t{n}.example.com", "TXT", '"' + "x" * (size - 2) + '"'))
            for n, size in enumerate(sizes)]


def test_a_batch_holds_32000_characters_and_upsert_counts_double(shared_lab):
    assert refusal(change, shared_lab, *_texts(32010, "CREATE")) == (
        "InvalidChangeBatch", "[Number of characters limit of 32000 exceeded.]")
    assert refusal(change, shared_lab, *_texts(16010, "UPSERT"))[0] == "InvalidChangeBatch"
    change(shared_lab, *_texts(16000, "UPSERT"))
    change(shared_lab, *_texts(16000, "DELETE"))
    change(shared_lab, *_texts(32000, "CREATE"))


# -- lists --

def test_a_list_is_sorted_by_reversed_labels_then_type_then_identifier(shared_lab):
    shared_lab.seed([simple("b.example.com", "A", "192.0.2.1"), WEST, EAST,
                     simple("z.a.example.com", "A", "192.0.2.1"),
                     simple("a.example.com", "TXT", '"x"'),
                     simple("a.example.com", "A", "192.0.2.1"),
                     simple("a-b.example.com", "A", "192.0.2.1"), epoch(1)])
    got = [(r["Name"], r["Type"], r.get("SetIdentifier", "")) for r in listed(shared_lab)]
    assert got == [("example.com.", "NS", ""), ("example.com.", "SOA", ""),
                   ("a-b.example.com.", "A", ""), ("a.example.com.", "A", ""),
                   ("a.example.com.", "TXT", ""), ("z.a.example.com.", "A", ""),
                   ("b.example.com.", "A", ""),
                   ("_regionshift.jwt-pizza.example.com.", "TXT", ""),
                   ("pizza.example.com.", "A", "use1"), ("pizza.example.com.", "A", "usw2")]


def test_a_page_has_at_most_300_sets_and_says_where_the_next_begins(shared_lab):
    shared_lab.seed([weighted(f"n{n:03d}.example.com", "one", 1, "192.0.2.1")
                     for n in range(350)])
    api = client(shared_lab.endpoint)
    page = api.list_resource_record_sets(HostedZoneId=ZONE, MaxItems="1000")
    assert (len(page["ResourceRecordSets"]), page["IsTruncated"], page["MaxItems"]) == \
        (300, True, "300")
    assert (page["NextRecordName"], page["NextRecordType"], page["NextRecordIdentifier"]) == \
        ("n298.example.com.", "A", "one")
    rest = api.list_resource_record_sets(
        HostedZoneId=ZONE, StartRecordName=page["NextRecordName"],
        StartRecordType=page["NextRecordType"],
        StartRecordIdentifier=page["NextRecordIdentifier"])
    assert (len(rest["ResourceRecordSets"]), rest["IsTruncated"]) == (52, False)
    assert "NextRecordName" not in rest


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pages_of_any_size_make_the_same_list(shared_lab, size):
    shared_lab.seed([EAST, WEST, epoch(1), simple("*.example.com", "A", "192.0.2.1"),
                     simple("a.example.com", "TXT", '"x"')])
    assert listed(shared_lab, PaginationConfig={"PageSize": size}) == listed(shared_lab)


def test_a_page_may_be_smaller_than_asked_for(lab_factory):
    lab = lab_factory(["--rate", "0", "--list-max", "2"])
    lab.seed([EAST, WEST, epoch(1)])
    page = client(lab.endpoint).list_resource_record_sets(HostedZoneId=ZONE, MaxItems="100")
    assert (len(page["ResourceRecordSets"]), page["IsTruncated"], page["MaxItems"]) == \
        (2, True, "100")
    assert len(aws(lab, "list-resource-record-sets", "--hosted-zone-id", ZONE)
               ["ResourceRecordSets"]) == 5


def test_a_list_may_begin_at_a_wildcard_in_either_spelling(shared_lab):
    shared_lab.seed([simple("*.example.com", "A", "192.0.2.1")])
    api = client(shared_lab.endpoint)
    for name in ("*.example.com", "\\052.example.com."):
        page = api.list_resource_record_sets(HostedZoneId=ZONE, StartRecordName=name, MaxItems="1")
        assert page["ResourceRecordSets"][0]["Name"] == "\\052.example.com."


@pytest.mark.parametrize("arguments", [
    {"StartRecordType": "A"}, {"StartRecordName": "x.example.com", "StartRecordIdentifier": "y"},
    {"MaxItems": "many"}, {"MaxItems": "0"},
    {"StartRecordName": "x.example.com", "StartRecordType": "BOGUS"}],
    ids=["type-without-name", "identifier-without-type", "no-number", "zero", "no-type"])
def test_a_list_with_bad_arguments_is_invalid_input(shared_lab, arguments):
    assert refusal(client(shared_lab.endpoint).list_resource_record_sets,
                   HostedZoneId=ZONE, **arguments)[0] == "InvalidInput"


def test_a_list_shows_a_pending_change_at_once(lab_factory):
    lab = lab_factory(["--rate", "0", "--insync-delay", "3600"])
    info = change(lab, ("CREATE", EAST))
    assert lab.weights(PIZZA) == {"use1": 100} and status(lab, info) == "PENDING"


# -- changes and zones --

def test_a_change_goes_from_pending_to_insync(shared_lab):
    info = change(shared_lab, ("CREATE", EAST), comment="first")
    assert info["Status"] == "PENDING" and info["Comment"] == "first"
    until(lambda: status(shared_lab, info) == "INSYNC")


def test_an_unknown_change_or_zone_is_not_found(shared_lab):
    api = client(shared_lab.endpoint)
    assert refusal(api.get_change, Id="C00000000000") == (
        "NoSuchChange", "Could not find resource with ID: C00000000000")
    for call in (lambda: change(shared_lab, ("CREATE", EAST), zone="ZNONE"),
                 lambda: api.list_resource_record_sets(HostedZoneId="ZNONE"),
                 lambda: api.get_hosted_zone(Id="ZNONE")):
        assert refusal(call) == ("NoSuchHostedZone", "No hosted zone found with ID: ZNONE")


def test_a_zone_tells_its_name_servers(lab_factory):
    lab = lab_factory(["--nameserver", "ns1.example.com=127.0.0.1", "--nameserver", "ns2.test"])
    zone = client(lab.endpoint).get_hosted_zone(Id="/hostedzone/" + ZONE)
    assert zone["HostedZone"]["Id"] == "/hostedzone/ZLAB1"
    assert zone["HostedZone"]["Name"] == "example.com."
    assert zone["HostedZone"]["ResourceRecordSetCount"] == 2
    assert zone["DelegationSet"]["NameServers"] == ["ns1.example.com", "ns2.test"]


def test_zones_are_found_by_list_by_name_and_counted(shared_lab):
    api = client(shared_lab.endpoint)
    ids = [zone["Id"] for zone in api.get_paginator("list_hosted_zones").paginate(
        PaginationConfig={"PageSize": 1}).build_full_result()["HostedZones"]]
    assert {"/hostedzone/ZLAB1", "/hostedzone/ZLAB2"} <= set(ids) and len(ids) == len(set(ids))
    by_name = aws(shared_lab, "list-hosted-zones-by-name", "--dns-name", "sub.example.com",
                  "--max-items", "1")
    assert by_name["HostedZones"][0]["Id"] == "/hostedzone/ZLAB2"
    assert api.get_hosted_zone_count()["HostedZoneCount"] == len(ids)


def test_a_zone_can_be_created_once_for_each_caller_reference(lab):
    api = client(lab.endpoint)
    made = api.create_hosted_zone(Name="new.test", CallerReference="r1")
    zone_id = made["HostedZone"]["Id"].rpartition("/")[2]
    assert made["HostedZone"]["Name"] == "new.test." and made["DelegationSet"]["NameServers"]
    change(lab, ("CREATE", simple("a.new.test", "A", "192.0.2.1")), zone=zone_id)
    assert refusal(api.create_hosted_zone, Name="new.test",
                   CallerReference="r1")[0] == "HostedZoneAlreadyExists"


# -- the log --

def test_the_log_has_a_line_for_each_batch_accepted_or_refused(lab):
    lab.seed([epoch(1)])
    seen = lab.last_seq()
    info = change(lab, ("DELETE", epoch(1)), ("CREATE", epoch(2)), comment="move")
    refusal(change, lab, ("DELETE", epoch(1)), ("CREATE", epoch(3)))
    refusal(change, lab, ("CREATE", with_weight(EAST, 256)))
    refusal(change, lab, ("CREATE", EAST), zone="ZNONE")
    with open(lab.log_path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    assert lines == lab.log()
    accepted, stale, invalid, nowhere = lines[seen:]
    assert (accepted["verdict"], accepted["comment"], accepted["source"]) == \
        ("accepted", "move", "api")
    assert info["Id"] == "/change/" + accepted["change_id"]
    assert accepted["fences_before"] == {"jwt-pizza": FENCE.format(1)}
    assert accepted["fences_after"] == {"jwt-pizza": FENCE.format(2)}
    assert [one["Action"] for one in accepted["changes"]] == ["DELETE", "CREATE"]
    assert (stale["verdict"], stale["code"], len(stale["messages"])) == \
        ("refused", "InvalidChangeBatch", 2)
    assert stale["fences_before"] == stale["fences_after"] == {"jwt-pizza": FENCE.format(2)}
    assert (invalid["verdict"], invalid["code"]) == ("refused", "InvalidInput")
    assert (nowhere["zone"], nowhere["code"]) == ("ZNONE", "NoSuchHostedZone")
