# SPDX-License-Identifier: Apache-2.0
"""DNS answers follow health: weights, last resorts, alias targets. Asked with dnspython."""

import collections
import itertools

import dns.message
import dns.query
import pytest

from clients import change, client, refusal
from labctl import Lab, weighted

PIZZA = "pizza.example.com"
EAST, WEST, SOUTH = "192.0.2.10", "198.51.100.10", "203.0.113.10"
ENDPOINT = {"Type": "HTTP", "IPAddress": "127.0.0.1", "Port": 9}
BALANCER = "dualstack.pizza-123.us-east-1.elb.amazonaws.com"
_references = (f"answers-{n}" for n in itertools.count())


@pytest.fixture(scope="module")
def quiet_lab():
    options = ["--rate", "0", "--insync-delay", "0", "--checker-speed", "0", "--checkers", "3",
               "--host", "fallback.example.net=192.0.2.77"]
    with Lab(options=options) as lab:
        yield lab
        assert lab.said() == "", "the lab wrote to stderr"


@pytest.fixture
def lab(quiet_lab):
    quiet_lab.replace([])
    quiet_lab.target(BALANCER, True)
    return quiet_lab


def check(lab, healthy=True, **config):
    """The id of a health check whose checkers think so."""
    made = client(lab.endpoint).create_health_check(
        CallerReference=next(_references),
        HealthCheckConfig=config or ENDPOINT)["HealthCheck"]["Id"]
    if not config:
        lab.force(made, "healthy" if healthy else "unhealthy")
    return made


def site(name, weight, value, check_id=None):
    rrset = weighted(PIZZA, name, weight, value)
    return dict(rrset, HealthCheckId=check_id) if check_id else rrset


def alias(name, target, identifier=None, weight=1, zone="ZLAB1", evaluate=True, rtype="A",
          check_id=None):
    out = {"Name": name, "Type": rtype, "AliasTarget": {
        "HostedZoneId": zone, "DNSName": target, "EvaluateTargetHealth": evaluate}}
    if identifier:
        out.update(SetIdentifier=identifier, Weight=weight)
    return dict(out, HealthCheckId=check_id) if check_id else out


def ask(lab, name=PIZZA, rtype="A"):
    host, port = lab.dns_address
    response = dns.query.udp(dns.message.make_query(name, rtype), host, port=port, timeout=60)
    return [record.to_text() for rrset in response.answer for record in rrset]


def answers(lab, name=PIZZA, times=60):
    """{address: how often} of many questions."""
    return collections.Counter(ask(lab, name)[0] for _ in range(times))


# -- weights --

def test_an_unhealthy_set_is_not_answered(lab):
    sick = check(lab, False)
    lab.seed([site("use1", 100, EAST, sick), site("usw2", 100, WEST, check(lab))])
    assert set(answers(lab)) == {WEST}
    lab.force(sick, "healthy")
    assert set(answers(lab)) == {EAST, WEST}


def test_weight_zero_answers_only_when_all_others_are_unhealthy(lab):
    first, second = check(lab), check(lab)
    lab.seed([site("use1", 50, EAST, first), site("usw2", 50, WEST, second),
              site("last", 0, SOUTH)])
    assert set(answers(lab)) == {EAST, WEST}
    lab.force(first, "unhealthy")
    assert set(answers(lab)) == {WEST}
    lab.force(second, "unhealthy")
    assert set(answers(lab)) == {SOUTH}


def test_all_unhealthy_counts_as_all_healthy(lab):
    lab.seed([site("use1", 100, EAST, check(lab, False)), site("usw2", 0, WEST, check(lab, False))])
    assert set(answers(lab)) == {EAST}


def test_all_weights_zero_are_alike_among_the_healthy(lab):
    sick = check(lab, False)
    lab.seed([site("use1", 0, EAST, sick), site("usw2", 0, WEST), site("south", 0, SOUTH)])
    seen = answers(lab, times=200)
    assert set(seen) == {WEST, SOUTH} and min(seen.values()) > 50


def test_a_set_without_a_check_is_always_healthy(lab):
    lab.seed([site("use1", 1, EAST), site("usw2", 1, WEST, check(lab, False))])
    assert set(answers(lab)) == {EAST}


def test_a_deleted_check_stops_nobody(lab):
    gone = check(lab, False)
    lab.seed([site("use1", 1, EAST, gone), site("usw2", 0, WEST)])
    assert set(answers(lab)) == {WEST}
    client(lab.endpoint).delete_health_check(HealthCheckId=gone)
    assert set(answers(lab)) == {EAST}


def test_the_inverted_calculated_check_of_a_beacon_evicts_and_gives_back(lab):
    """B2: one string match per probe, the sets carry the inverted count of them."""
    children = [check(lab, False) for _ in range(3)]
    both = check(lab, Type="CALCULATED", ChildHealthChecks=children, HealthThreshold=2,
                 Inverted=True)
    lab.seed([site("use1", 100, EAST, both), site("usw2", 0, WEST)])
    assert set(answers(lab)) == {EAST}
    lab.force(children[0], "healthy")
    assert set(answers(lab)) == {EAST}, "one probe is no quorum"
    lab.force(children[1], "healthy")
    assert set(answers(lab)) == {WEST}
    lab.force(children[0], "unhealthy")
    assert set(answers(lab)) == {EAST}


# -- alias sets --

def test_an_alias_inherits_the_health_of_its_target_in_the_zone(lab):
    first = check(lab)
    lab.seed([dict(weighted("use1.example.com", "a", 1, EAST), HealthCheckId=first),
              weighted("usw2.example.com", "a", 1, WEST),
              alias(PIZZA, "use1.example.com", "use1", 100),
              alias(PIZZA, "usw2.example.com", "usw2", 0)])
    assert set(answers(lab)) == {EAST}
    lab.force(first, "unhealthy")
    assert set(answers(lab)) == {WEST}


def test_an_alias_that_does_not_evaluate_ignores_its_target(lab):
    lab.seed([dict(weighted("use1.example.com", "a", 1, EAST), HealthCheckId=check(lab, False)),
              weighted("usw2.example.com", "a", 1, WEST),
              alias(PIZZA, "use1.example.com", "use1", 100, evaluate=False),
              alias(PIZZA, "usw2.example.com", "usw2", 0)])
    assert set(answers(lab)) == {EAST}


def test_one_healthy_set_at_the_target_is_enough(lab):
    lab.seed([dict(weighted("use1.example.com", "a", 1, EAST), HealthCheckId=check(lab, False)),
              dict(weighted("use1.example.com", "b", 1, SOUTH), HealthCheckId=check(lab)),
              weighted("usw2.example.com", "a", 1, WEST),
              alias(PIZZA, "use1.example.com", "use1", 100),
              alias(PIZZA, "usw2.example.com", "usw2", 0)])
    assert set(answers(lab)) == {SOUTH}


def test_an_alias_with_a_check_needs_both(lab):
    own = check(lab)
    lab.seed([weighted("usw2.example.com", "a", 1, WEST),
              alias(PIZZA, BALANCER, "use1", 100, zone="Z35SXDOTRQ7X7K", check_id=own),
              alias(PIZZA, "usw2.example.com", "usw2", 0)])
    east = set(answers(lab))
    assert east != {WEST} and next(iter(east)).startswith("198.1")
    lab.force(own, "unhealthy")
    assert set(answers(lab)) == {WEST}, "the balancer is well, the check is not"
    lab.force(own, "healthy")
    lab.target(BALANCER, False)
    assert set(answers(lab)) == {WEST}, "the check is well, the balancer is not"
    lab.target(BALANCER, True)
    assert set(answers(lab)) == east


@pytest.mark.parametrize("target, zone", [
    (BALANCER, "Z35SXDOTRQ7X7K"), ("d111111abcdef8.cloudfront.net", "Z2FDTNDATAQYW2"),
    ("s3-website-us-east-1.amazonaws.com", "Z3AQBSTGFYJSTF"),
    ("s3-website.eu-central-1.amazonaws.com", "Z21DNDUVLTQW6Q")])
def test_targets_of_amazon_answer_with_stand_in_addresses(lab, target, zone):
    lab.seed([alias("alias.example.com", target, zone=zone, evaluate=False),
              alias("alias.example.com", target, zone=zone, evaluate=False, rtype="AAAA")])
    four, six = ask(lab, "alias.example.com"), ask(lab, "alias.example.com", "AAAA")
    assert four == ask(lab, "alias.example.com") and four[0].startswith(("198.18.", "198.19."))
    assert six[0].startswith("2001:2:")


def test_a_target_can_be_given_its_address(lab):
    lab.seed([alias("alias.example.com", "fallback.example.net", zone="ZOTHER", evaluate=False)])
    assert ask(lab, "alias.example.com") == ["192.0.2.77"]


def test_an_alias_to_nobody_is_refused(lab):
    code, message = refusal(change, lab, ("CREATE", alias("alias.example.com", "www.example.org",
                                                          zone="Z35SXDOTRQ7X7K")))
    assert code == "InvalidChangeBatch"
    assert "the alias target name does not lie within the target zone, " in message
    assert message.endswith("but that target was not found]")


def test_the_health_of_a_distribution_is_not_evaluated(lab):
    wanted = alias("alias.example.com", "d111111abcdef8.cloudfront.net", zone="Z2FDTNDATAQYW2")
    assert refusal(change, lab, ("CREATE", wanted))[0] == "InvalidChangeBatch"
