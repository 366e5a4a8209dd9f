# SPDX-License-Identifier: Apache-2.0
"""A service in several records and zones: A, AAAA, CNAME and alias sets, read back by a client that
is not ours. The factory's zone, which pizza needs, goes first; what is left when a zone refuses."""

import json

import pytest
from deployment import REGIONS, ZONE
from stage import Lab, Stage, weighted

from clients import client
from labctl import ACCESS_KEY, SECRET_KEY

EAST, WEST = REGIONS
GROUP = "jwt-pizza"
FACTORY_ZONE, INSIDE = "Z1111111111FACTORY", "Z2222222222INSIDE"
BALANCERS = {EAST: ("Z35SXDOTRQ7X7K", "dualstack.pizza-1.us-east-1.elb.amazonaws.com"),
             WEST: ("Z1H1FL5HABSF5", "dualstack.pizza-2.us-west-2.elb.amazonaws.com")}
NUMBER = {EAST: 1, WEST: 2}


def also(region):
    zone, name = BALANCERS[region]
    alias = f'alias = {{ zone = "{zone}"; name = "{name}"; evaluate_target_health = true; }};'
    return (f'also = ( {{ value = "2001:db8::{NUMBER[region]}"; }}, '
            f'{{ value = "pizza-{NUMBER[region]}.example.net"; }}, {{ {alias} }} );')


class Records(Stage):
    """pizza.example.com as A and AAAA, a wildcard as CNAME, an alias; the factory in a zone of its
    own, and in a private one. Of all that only pizza's A sets are there: init makes the rest."""

    def start_lab(self):
        self.lab = Lab(zones={"example.com": ZONE, "factory.test": FACTORY_ZONE},
                       log=str(self.folder / "route53.log"),
                       options=[*self.lab_options, "--private-zone", f"pizza.internal={INSIDE}"],
                       ).start()
        self.lab.seed([weighted("pizza.example.com", f"pizza-{region}", 100 * (region == EAST),
                                self.address("pizza", region)) for region in REGIONS])

    def common_changes(self):
        def sets(service, region):
            value = f'value = "{self.address(service, region)}";'
            more = also(region) if service == "pizza" else f'also = ( {{ {value} }} );'
            return (rf'(?:set = "{service}-{region}";\s+value = "[0-9.]+";)',
                    f'set = "{service}-{region}"; {value} {more}', "more sets")
        return super().common_changes() + [
            (r'record = "pizza\.example\.com";', 'record = "Pizza.example.com."; '
             'needs = [ "factory" ]; also = ( { type = "AAAA"; }, '
             '{ record = "\\\\052.pizza.example.com"; type = "CNAME"; }, '
             '{ record = "alias.pizza.example.com"; } );', "more records"),
            (rf'zone = "{ZONE}";(\s+)record = "factory\.example\.com";',
             f'zone = "{FACTORY_ZONE}"; record = "sign.factory.test"; also = ( '
             f'{{ zone = "{INSIDE}"; record = "factory.pizza.internal"; }} );', "other zones"),
            (r'(?m)^aws = \{', f'aws = {{ zones = ( {{ id = "{INSIDE}"; private = true; }} );',
             "a private one"),
        ] + [sets(service, region) for service in ("pizza", "factory") for region in REGIONS]


def read(stage, zone):
    """{(name, type, set): record set} of the weighted ones, by boto3, in pages of 3."""
    pages = client(stage.lab.endpoint).get_paginator("list_resource_record_sets").paginate(
        HostedZoneId=zone, PaginationConfig={"PageSize": 3})
    return {(record["Name"], record["Type"], record["SetIdentifier"]): record for page in pages
            for record in page["ResourceRecordSets"] if "Weight" in record}


def weights(stage):
    """Of all zones, as one text for each record: "pizza.example.com. AAAA 100/0"."""
    seen = {}
    for zone in (ZONE, FACTORY_ZONE, INSIDE):
        for (name, rtype, identifier), record in read(stage, zone).items():
            seen.setdefault((name, rtype), {})[identifier.partition("-")[2]] = record["Weight"]
    return sorted(f"{name} {rtype} {sets.get(EAST)}/{sets.get(WEST)}"
                  for (name, rtype), sets in seen.items())


PIZZA = (r"\052.pizza.example.com. CNAME", "alias.pizza.example.com. A", "pizza.example.com. A",
         "pizza.example.com. AAAA")
FACTORY = ("factory.pizza.internal. A", "sign.factory.test. A")


def expected(pizza, factory):
    return sorted([f"{name} {pizza}" for name in PIZZA] + [f"{name} {factory}" for name in FACTORY])


def moved(stage, since=0):
    """The zones of the daemons' accepted batches that moved weight, in order."""
    return [entry["zone"] for entry in stage.lab.log(since) if entry["verdict"] == "accepted"
            and entry["source"] == "api" and any("Weight" in change["ResourceRecordSet"]
                                                 for change in entry["changes"])]


def policy(*denied):
    """May do all of Route 53 but change these zones."""
    statements = [{"Sid": "All", "Effect": "Allow", "Action": "route53:*", "Resource": "*"}]
    statements += [{"Sid": "NotThere", "Effect": "Deny",
                    "Action": "route53:ChangeResourceRecordSets",
                    "Resource": f"arn:aws:route53:::hostedzone/{zone}"} for zone in denied]
    return {"users": {ACCESS_KEY: {"arn": "arn:aws:iam::123456789012:user/regionshift",
                                   "secret": SECRET_KEY, "policies": [
                                       {"Version": "2012-10-17", "Statement": statements}]}}}


@pytest.fixture
def records(make_stage):
    return make_stage(kind=Records)


def test_init_creates_every_set_that_is_missing(records):
    assert weights(records) == expected("100/0", "100/0")
    pizza = read(records, ZONE)
    alias = pizza["alias.pizza.example.com.", "A", f"pizza-{WEST}"]
    zone, name = BALANCERS[WEST]
    assert alias["AliasTarget"] == {"HostedZoneId": zone, "DNSName": f"{name}.",
                                    "EvaluateTargetHealth": True}
    assert "TTL" not in alias and "ResourceRecords" not in alias
    ipv6 = pizza["pizza.example.com.", "AAAA", f"pizza-{EAST}"]
    assert ipv6["ResourceRecords"] == [{"Value": "2001:db8::1"}] and ipv6["TTL"] == 60
    assert len(pizza) == 8 and len(read(records, FACTORY_ZONE)) == 2


def test_init_names_what_is_missing_and_what_contradicts_itself(make_stage):
    stage = make_stage(kind=Records, settle=False)
    shown = stage.wait_until(
        "the zones are read", lambda: stage.ctl("init", check=False).stdout, 30
    )
    assert "record sets missing in the zone: 10" in shown
    stage.lab.seed([weighted("pizza.example.com", f"pizza-{EAST}", 40, "2001:db8::1", "AAAA")])

    def refused():
        done = stage.ctl("init", "--yes", check=False)
        return done.returncode == 3 and "pizza/us-east-1 have different weights" in (
            done.stdout + done.stderr)
    for probe in stage.probes:      # what it knows of the zone is a reading from its start
        stage.stop_daemon(probe)
        stage.start_daemon(probe)
    stage.wait_until("init is refused", refused, 30)
    assert not stage.lab.fences(ZONE)


def test_all_records_fail_over_and_back_and_what_is_needed_goes_first(records):
    died = records.kill_site("factory", EAST)
    records.wait_until("all moved", lambda: weights(records) == expected("0/100", "0/100"), 30)
    assert moved(records)[-3:] == [FACTORY_ZONE, INSIDE, ZONE]
    for zone in (FACTORY_ZONE, INSIDE, ZONE):
        records.wait_log(30, since=died, fact="insync", zone=zone)
    for zone in (FACTORY_ZONE, ZONE):       # nobody can ask the servers of a private zone
        records.wait_log(30, since=died, fact="servers", zone=zone, state="done")
    records.wait_mail(30, since=died, Event="moved")
    assert set(records.dig("sign.factory.test")) == {records.address("factory", WEST)}
    assert set(records.dig("any.pizza.example.com")) == {"pizza-2.example.net."}

    def fences():
        group = json.loads(records.ctl("status", "--json").stdout)["groups"][0]
        return [(zone["zone"], zone["fence_epoch"]) for zone in group["zones"]]
    records.wait_until("whoever is asked has read it too", lambda: fences() == [
        (FACTORY_ZONE, 2), (INSIDE, 2), (ZONE, 2)], 30)
    records.start_site("factory", EAST)
    records.wait_until("the order is obeyed", lambda: records.ctl(
        "failback", GROUP, "--reason", "repaired", check=False).returncode == 0, 30)
    records.wait_until("all back", lambda: weights(records) == expected("100/0", "100/0"), 30)
    assert moved(records)[-3:] == [FACTORY_ZONE, INSIDE, ZONE]


def test_a_second_zone_that_refuses_leaves_what_serves_and_follows_later(records):
    records.lab.iam(policy(ZONE))
    died = records.kill_site("factory", EAST)
    records.wait_until("the factory moved", lambda: weights(records) == expected("100/0", "0/100"),
                       30)
    records.wait_mail(60, since=died, Event="cannot_write")
    assert weights(records) == expected("100/0", "0/100")
    said = records.ctl("status").stdout
    assert f"zone {FACTORY_ZONE}: fence 2" in said and f"zone {ZONE}: fence 1" in said
    assert f"zone {ZONE}: fence 1" in records.ctl("explain", GROUP).stdout
    records.lab.iam(policy())
    records.wait_until("the pizza follows", lambda: weights(records) == expected("0/100", "0/100"),
                       60)
    assert moved(records)[-3:] == [FACTORY_ZONE, INSIDE, ZONE]


def test_a_first_zone_that_refuses_holds_the_others_back(records):
    records.lab.iam(policy(FACTORY_ZONE))
    died = records.kill_site("factory", EAST)
    records.wait_mail(60, since=died, Event="cannot_write")
    assert weights(records) == expected("100/0", "100/0")
    assert "C1: after the zone before it" in records.ctl("status").stdout
    records.lab.iam(policy())
    records.wait_until("all moved", lambda: weights(records) == expected("0/100", "0/100"), 60)


def test_what_stands_in_a_set_is_kept_as_it_is(records):
    """C4: a target that somebody changed by hand is written back with the move, to the letter."""
    records.lab.human("batch", Changes=[
        {"Action": "UPSERT", "ResourceRecordSet": {
            "Name": "alias.pizza.example.com", "Type": "A", "SetIdentifier": f"pizza-{EAST}",
            "Weight": 100, "AliasTarget": {
                "HostedZoneId": "Z26RNL4JYFTOTI", "EvaluateTargetHealth": False,
                "DNSName": "pizza-9.elb.us-east-1.amazonaws.com"}}}])
    records.kill_site("factory", EAST)
    records.wait_until("all moved", lambda: weights(records) == expected("0/100", "0/100"), 30)
    alias = read(records, ZONE)["alias.pizza.example.com.", "A", f"pizza-{EAST}"]
    assert alias["Weight"] == 0
    assert alias["AliasTarget"] == {"HostedZoneId": "Z26RNL4JYFTOTI", "EvaluateTargetHealth": False,
                                    "DNSName": "pizza-9.elb.us-east-1.amazonaws.com."}


# -- targets of Amazon's that have no address of their own --

TARGETS = {                                     # (hosted zone, name, EvaluateTargetHealth)
    EAST: {"cdn": ("Z2FDTNDATAQYW2", "d111111abcdef8.cloudfront.net.", False),
           "page": ("Z3AQBSTGFYJSTF", "s3-website-us-east-1.amazonaws.com.", True),
           "alb": (*BALANCERS[EAST][:1], BALANCERS[EAST][1] + ".", True)},
    WEST: {"cdn": ("Z2FDTNDATAQYW2", "d222222abcdef8.cloudfront.net.", False),
           "page": ("Z3BJ6K6RIION7M", "s3-website-us-west-2.amazonaws.com.", False),
           "alb": (*BALANCERS[WEST][:1], BALANCERS[WEST][1] + ".", False)}}
KINDS = ("cdn", "page", "alb")


class Targets(Stage):
    """Three more names of the pizza, whose sets are there: a distribution, a website, a balancer.
    The settings know their names and identifiers, nothing of where they point."""

    def start_lab(self):
        super().start_lab()
        self.lab.seed([
            {"Name": f"{kind}.example.com", "Type": "A", "SetIdentifier": f"pizza-{region}",
             "Weight": 100 * (region == EAST), "AliasTarget": dict(zip(
                 ("HostedZoneId", "DNSName", "EvaluateTargetHealth"), TARGETS[region][kind]))}
            for kind in KINDS for region in REGIONS])

    def common_changes(self):
        names = ", ".join(f'{{ record = "{kind}.example.com"; }}' for kind in KINDS)
        empty = ", ".join("{ }" for _ in KINDS)
        return super().common_changes() + [
            (r'record = "pizza\.example\.com";',
             f'record = "pizza.example.com"; also = ( {names} );', "more records"),
            *((rf'(?:set = "pizza-{region}";\s+value = "[0-9.]+";)',
               f'set = "pizza-{region}"; value = "{self.address("pizza", region)}"; '
               f'also = ( {empty} );', "more sets") for region in REGIONS)]


def test_alias_sets_of_every_kind_of_target_move_and_keep_all_but_the_weight(make_stage):
    stage = make_stage(kind=Targets)
    before = read(stage, ZONE)
    assert len(before) == 2 * (len(KINDS) + 2)
    stage.kill_site("factory", EAST)
    stage.wait_until("all moved", lambda: {
        region: {record["Weight"] for (_, _, identifier), record in read(stage, ZONE).items()
                 if identifier.endswith(region)} for region in REGIONS} == {EAST: {0}, WEST: {100}},
        30)
    after = read(stage, ZONE)
    assert {key: dict(record, Weight=None) for key, record in after.items()} == {
        key: dict(record, Weight=None) for key, record in before.items()}
    for kind in KINDS:
        for region in REGIONS:
            target = after[f"{kind}.example.com.", "A", f"pizza-{region}"]["AliasTarget"]
            assert tuple(target[key] for key in ("HostedZoneId", "DNSName", "EvaluateTargetHealth")
                         ) == TARGETS[region][kind]
    assert moved(stage) == [ZONE]
