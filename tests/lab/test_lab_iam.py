# SPDX-License-Identifier: Apache-2.0
"""IAM as Amazon documents it: who may what, on what, under which conditions; and roles."""

import botocore.exceptions
import botocore.session
import pytest
from botocore.config import Config

from clients import aws, change, client, refusal, status
from labctl import Lab, simple

ZONE, OTHER = "ZLAB1", "ZLAB2"
US, THEM = "111122223333", "444455556666"
USER = f"arn:aws:iam::{US}:user/regionshift"
ROLE = f"arn:aws:iam::{THEM}:role/dns"
OWN_ROLE = f"arn:aws:iam::{US}:role/dns"
KEY, SECRET = "AKIAIAMIAMIAMIAMIAM1", "lab/secret/of/the/user/0123456789"
KEYS = "route53:ChangeResourceRecordSets"
NAMES, TYPES, ACTIONS = KEYS + "NormalizedRecordNames", KEYS + "RecordTypes", KEYS + "Actions"
PIZZA = simple("pizza.example.com", "A", "192.0.2.1")
FENCE = simple("_regionshift.g.example.com", "TXT", '"v=rs1"')


def allow(action, resource="*", **more):
    return dict({"Effect": "Allow", "Action": action, "Resource": resource}, **more)


def deny(action, resource="*", **more):
    return dict(allow(action, resource, **more), Effect="Deny")


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def guarded(names=("pizza.example.com", "_regionshift.g.example.com"), types=("A", "TXT"),
            actions=("CREATE", "DELETE"), qualifier="ForAllValues:"):
    return {qualifier + "StringEquals": {NAMES: list(names), TYPES: list(types),
                                         ACTIONS: list(actions)},
            "Null": {NAMES: "false", TYPES: "false", ACTIONS: "false"}}


def directory(*statements, roles=None):
    return {"account": US, "zones": {OTHER: THEM}, "roles": roles or {},
            "users": {KEY: {"arn": USER, "secret": SECRET, "policies": [policy(*statements)]}}}


@pytest.fixture(scope="module")
def one_lab():
    options = ["--rate", "0", "--insync-delay", "0", "--checker-speed", "0"]
    with Lab(zones={"example.com": ZONE, "other.example": OTHER}, options=options) as lab:
        yield lab
        assert lab.said() == "", "the lab wrote to stderr"


@pytest.fixture
def lab(one_lab):
    for zone in (ZONE, OTHER):
        one_lab.replace([], zone)
    return one_lab


def api(lab, *statements, **more):
    """A client of a user with these statements and no others."""
    lab.iam(directory(*statements, **more))
    return client(lab.endpoint, KEY, SECRET)


def batch(lab, *changes, zone=ZONE):
    return change(lab, *changes, zone=zone, access=KEY, secret=SECRET)


# -- actions and resources --

def test_nobody_may_what_nobody_allows(lab):
    route53 = api(lab, allow("route53:GetHostedZone"))
    assert refusal(route53.list_resource_record_sets, HostedZoneId=ZONE) == (
        "AccessDenied", f"User: {USER} is not authorized to perform: "
        f"route53:ListResourceRecordSets on resource: arn:aws:route53:::hostedzone/{ZONE} because "
        "no identity-based policy allows the route53:ListResourceRecordSets action")
    assert refusal(route53.list_hosted_zones) == (
        "AccessDenied", f"User: {USER} is not authorized to perform: route53:ListHostedZones "
        "because no identity-based policy allows the route53:ListHostedZones action")


def test_deny_beats_allow(lab):
    route53 = api(lab, allow("route53:*"), deny("route53:GetHostedZone"))
    assert refusal(route53.get_hosted_zone, Id=ZONE) == (
        "AccessDenied", f"User: {USER} is not authorized to perform: route53:GetHostedZone on "
        f"resource: arn:aws:route53:::hostedzone/{ZONE} with an explicit deny in an identity-based "
        "policy")
    route53.list_resource_record_sets(HostedZoneId=ZONE)


@pytest.mark.parametrize("action, good", [
    ("route53:GetHostedZone", True), ("ROUTE53:gethostedzone", True), ("route53:Get*", True),
    ("*", True), ("route53:GetHostedZon?", True), ("route53:GetHostedZone?", False),
    ("route53:List*", False)])
def test_actions_have_wildcards_and_no_case(lab, action, good):
    route53 = api(lab, allow(action))
    if good:
        route53.get_hosted_zone(Id=ZONE)
    else:
        assert refusal(route53.get_hosted_zone, Id=ZONE)[0] == "AccessDenied"


@pytest.mark.parametrize("resource, good", [
    (f"arn:aws:route53:::hostedzone/{ZONE}", True), ("arn:aws:route53:::hostedzone/*", True),
    ("arn:aws:route53:::*", True), (f"arn:aws:route53:::hostedzone/{OTHER}", False),
    ("arn:aws:route53:::change/*", False), (f"arn:aws:route53:::HOSTEDZONE/{ZONE}", False)])
def test_a_zone_is_a_resource(lab, resource, good):
    route53 = api(lab, allow("route53:GetHostedZone", resource))
    if good:
        route53.get_hosted_zone(Id=ZONE)
    else:
        assert refusal(route53.get_hosted_zone, Id=ZONE)[0] == "AccessDenied"


def test_not_action_and_not_resource_are_the_others(lab):
    api(lab, {"Effect": "Allow", "NotAction": "route53:Get*",
              "NotResource": f"arn:aws:route53:::hostedzone/{OTHER}"})
    route53 = client(lab.endpoint, KEY, SECRET)
    route53.list_resource_record_sets(HostedZoneId=ZONE)
    assert refusal(route53.get_hosted_zone, Id=ZONE)[0] == "AccessDenied"
    assert refusal(route53.list_resource_record_sets, HostedZoneId=OTHER)[0] == "AccessDenied"


def test_a_change_is_a_resource_of_its_own(lab):
    api(lab, allow("route53:ChangeResourceRecordSets"))
    made = batch(lab, ("CREATE", PIZZA))
    assert refusal(client(lab.endpoint, KEY, SECRET).get_change, Id=made["Id"])[0] == "AccessDenied"
    api(lab, allow("route53:GetChange", "arn:aws:route53:::change/*"))
    assert client(lab.endpoint, KEY, SECRET).get_change(Id=made["Id"])


def test_a_health_check_is_a_resource_once_it_is_there(lab):
    route53 = api(lab, allow("route53:CreateHealthCheck", "arn:aws:route53:::healthcheck/*"))
    config = {"Type": "HTTP", "IPAddress": "127.0.0.1", "Port": 9}
    assert refusal(route53.create_health_check, CallerReference="a", HealthCheckConfig=config)[0] \
        == "AccessDenied", "what is not there yet has no ARN"
    api(lab, allow(["route53:CreateHealthCheck", "route53:ListHealthChecks"]),
        allow(["route53:DeleteHealthCheck", "route53:ListTagsForResource"],
              "arn:aws:route53:::healthcheck/*"))
    made = route53.create_health_check(CallerReference="a",
                                       HealthCheckConfig=config)["HealthCheck"]["Id"]
    assert [one["Id"] for one in route53.list_health_checks()["HealthChecks"]] == [made]
    route53.list_tags_for_resource(ResourceType="healthcheck", ResourceId=made)
    assert refusal(route53.get_health_check, HealthCheckId=made)[0] == "AccessDenied"
    route53.delete_health_check(HealthCheckId=made)


def test_who_may_not_is_not_told_what_there_is(lab):
    route53 = api(lab, allow("route53:GetHostedZone", f"arn:aws:route53:::hostedzone/{ZONE}"))
    assert refusal(route53.get_hosted_zone, Id="ZNOBODYS")[0] == "AccessDenied"


# -- conditions --

@pytest.mark.parametrize("changes, good", [
    ([("CREATE", PIZZA)], True),
    ([("CREATE", PIZZA), ("CREATE", FENCE)], True),
    ([("CREATE", simple("PIZZA.Example.COM.", "A", "192.0.2.1"))], True),
    ([("UPSERT", PIZZA)], False),
    ([("CREATE", PIZZA), ("UPSERT", FENCE)], False),
    ([("CREATE", simple("www.example.com", "A", "192.0.2.1"))], False),
    ([("CREATE", PIZZA), ("CREATE", simple("www.example.com", "A", "192.0.2.1"))], False),
    ([("CREATE", simple("pizza.example.com", "AAAA", "2001:db8::1"))], False),
    ([("CREATE", simple("pizza.example.com", "NS", "ns.example.net."))], False)])
def test_every_change_of_a_batch_must_fit(lab, changes, good):
    api(lab, allow("route53:ChangeResourceRecordSets", f"arn:aws:route53:::hostedzone/{ZONE}",
                   Condition=guarded()))
    if good:
        batch(lab, *changes)
    else:
        assert refusal(batch, lab, *changes)[0] == "AccessDenied"
        assert lab.log()[-1]["verdict"] == "refused" and lab.log()[-1]["code"] == "AccessDenied"


def test_names_are_normalized_with_octal_escapes(lab):
    wildcard = simple("*.Example.com", "A", "192.0.2.1")
    api(lab, allow("route53:*", Condition=guarded(names=["\\052.example.com"])))
    batch(lab, ("CREATE", wildcard))
    api(lab, allow("route53:*", Condition=guarded(names=["*.example.com"])))
    assert refusal(batch, lab, ("DELETE", wildcard))[0] == "AccessDenied"


def test_for_all_values_holds_of_an_absent_key_and_null_guards_it(lab):
    condition = guarded()
    api(lab, allow("route53:*", Condition={
        "ForAllValues:StringEquals": condition["ForAllValues:StringEquals"]}))
    route53 = client(lab.endpoint, KEY, SECRET)
    route53.list_hosted_zones()         # which has no such keys: the trap
    api(lab, allow("route53:*", Condition=condition))
    assert refusal(route53.list_hosted_zones)[0] == "AccessDenied"


def test_for_any_value_needs_one(lab):
    ours = {"ForAnyValue:StringEquals": {NAMES: ["pizza.example.com"]}}
    api(lab, allow("route53:*"), deny("route53:ChangeResourceRecordSets", Condition=ours))
    batch(lab, ("CREATE", FENCE))
    assert refusal(batch, lab, ("DELETE", FENCE), ("CREATE", PIZZA))[0] == "AccessDenied"


def test_a_plain_operator_does_not_take_many_values(lab):
    condition = {"StringEquals": {NAMES: ["pizza.example.com", "_regionshift.g.example.com"]}}
    api(lab, allow("route53:*", Condition=condition))
    batch(lab, ("CREATE", PIZZA))
    assert refusal(batch, lab, ("DELETE", PIZZA), ("CREATE", FENCE))[0] == "AccessDenied"


def test_all_conditions_of_a_statement_must_hold(lab):
    here = {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}
    away = {"IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "198.51.100.0/24"]}}
    api(lab, allow("route53:*", Condition=dict(guarded(), **here)))
    batch(lab, ("CREATE", PIZZA))
    api(lab, allow("route53:*", Condition=dict(guarded(), **away)))
    assert refusal(batch, lab, ("DELETE", PIZZA))[0] == "AccessDenied"


def test_like_has_wildcards_and_equals_has_none(lab):
    like = {"ForAllValues:StringLike": {NAMES: ["*.example.com"]}, "Null": {NAMES: "false"}}
    api(lab, allow("route53:*", Condition=like))
    batch(lab, ("CREATE", PIZZA))
    equals = {"ForAllValues:StringEquals": {NAMES: ["*.example.com"]}, "Null": {NAMES: "false"}}
    api(lab, allow("route53:*", Condition=equals))
    assert refusal(batch, lab, ("DELETE", PIZZA))[0] == "AccessDenied"


@pytest.mark.parametrize("document, complaint", [
    (policy(), "list of statements"), ({"Version": "2008-10-17", "Statement": [allow("*")]},
                                       "Version"),
    (policy({"Effect": "Perhaps", "Action": "*", "Resource": "*"}), "Effect"),
    (policy({"Effect": "Allow", "Resource": "*"}), "Action"),
    (policy({"Effect": "Allow", "Action": "*"}), "Resource"),
    (policy(dict(allow("*"), Because="I say so")), "a statement has"),
    (policy(allow("*", Condition={"DateLessThan": {"aws:CurrentTime": "2030"}})), "operator"),
    (policy(allow("*", Condition={"Null": {NAMES: "no"}})), "Null"),
    (policy(allow("*", "arn:aws:route53:::hostedzone/${aws:username}")), "variables"),
    (policy(allow("*", Sid="a"), allow("*", Sid="a")), "same Sid"),
    (policy(allow("*", Sid="a b")), "Sid")])
def test_a_policy_that_is_none_is_refused(lab, document, complaint):
    with pytest.raises(Exception, match=complaint):
        lab.iam({"users": {KEY: {"arn": USER, "secret": SECRET, "policies": [document]}}})


def test_the_lab_says_what_its_policies_said(lab):
    api(lab, allow("route53:GetHostedZone", Sid="Read")).get_hosted_zone(Id=ZONE)
    assert lab.verdicts() == [{
        "principal": USER, "action": "route53:GetHostedZone", "verdict": "allowed",
        "resource": f"arn:aws:route53:::hostedzone/{ZONE}", "sids": ["Read"]}]


# -- accounts and roles --

def trust(principal=USER, external_id=None, **more):
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": principal}}
    if external_id:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    return policy(dict(statement, **more))


def role(*statements, **more):
    return {ROLE: {"trust": trust(**more), "policies": [policy(*statements)]}}


def sts(lab, access=KEY, secret=SECRET, token=None):
    return botocore.session.get_session().create_client(
        "sts", region_name="eu-west-1", endpoint_url=lab.endpoint, aws_access_key_id=access,
        aws_secret_access_key=secret, aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}, proxies={}, parameter_validation=False))


def assume(lab, **more):
    return sts(lab).assume_role(RoleArn=ROLE, RoleSessionName="probe", **more)


def as_role(lab, **more):
    given = assume(lab, **more)["Credentials"]
    return client(lab.endpoint, given["AccessKeyId"], given["SecretAccessKey"],
                  given["SessionToken"])


ASSUME = allow("sts:AssumeRole", ROLE)


def test_a_zone_of_another_account_is_not_ours_whatever_our_policy_says(lab):
    route53 = api(lab, allow("*"))
    assert refusal(route53.get_hosted_zone, Id=OTHER) == (
        "AccessDenied", f"User: {USER} is not authorized to access this resource")
    assert [zone["Id"] for zone in route53.list_hosted_zones()["HostedZones"]] == [
        f"/hostedzone/{ZONE}"]


def test_its_role_may_what_the_role_may(lab):
    api(lab, ASSUME, roles=role(allow("route53:*", f"arn:aws:route53:::hostedzone/{OTHER}")))
    given = assume(lab)
    arn = f"arn:aws:sts::{THEM}:assumed-role/dns/probe"
    assert given["AssumedRoleUser"]["Arn"] == arn
    route53 = as_role(lab)
    assert route53.get_hosted_zone(Id=OTHER)["HostedZone"]["Name"] == "other.example."
    assert refusal(route53.get_hosted_zone, Id=ZONE)[1].startswith(f"User: {arn} is not authorized")
    assert refusal(client(lab.endpoint, KEY, SECRET).get_hosted_zone, Id=OTHER)[0] == \
        "AccessDenied", "who assumes a role keeps what they were, no more"


def test_the_external_id_must_be_the_agreed_one(lab):
    api(lab, ASSUME, roles=role(allow("route53:*"), external_id="regionshift-42"))
    for wrong in ({}, {"ExternalId": "regionshift-43"}):
        assert refusal(assume, lab, **wrong) == (
            "AccessDenied", f"User: {USER} is not authorized to perform: sts:AssumeRole on "
            f"resource: {ROLE}")
    as_role(lab, ExternalId="regionshift-42").get_hosted_zone(Id=OTHER)


def test_another_account_needs_both_the_trust_and_a_policy_of_its_own(lab):
    api(lab, allow("route53:*"), roles=role(allow("route53:*")))
    assert refusal(assume, lab)[0] == "AccessDenied", "no policy of ours allows it"
    for whom in (f"arn:aws:iam::{US}:user/somebody", f"arn:aws:iam::{THEM}:root"):
        api(lab, ASSUME, roles=role(allow("route53:*"), principal=whom))
        assert refusal(assume, lab)[0] == "AccessDenied", "the role does not trust us"
    for whom in (USER, f"arn:aws:iam::{US}:root", US):
        api(lab, ASSUME, roles=role(allow("route53:*"), principal=whom))
        assume(lab)
    api(lab, ASSUME, deny("sts:*"), roles=role(allow("route53:*")))
    assert refusal(assume, lab)[0] == "AccessDenied"


def test_within_an_account_a_trust_that_names_us_is_enough(lab):
    def own(principal):
        return {OWN_ROLE: {"trust": trust(principal), "policies": [policy(allow("route53:*"))]}}

    def assume_own():
        return sts(lab).assume_role(RoleArn=OWN_ROLE, RoleSessionName="probe")
    api(lab, allow("route53:*"), roles=own(USER))
    assume_own()
    api(lab, allow("route53:*"), roles=own(f"arn:aws:iam::{US}:root"))
    assert refusal(assume_own)[0] == "AccessDenied", "the account is trusted, but not we in it"
    api(lab, allow("route53:*"), deny("sts:*"), roles=own(USER))
    assert refusal(assume_own)[0] == "AccessDenied", "a deny of our own beats any trust"


def test_a_role_that_is_not_there_is_refused_as_one_that_does_not_trust(lab):
    api(lab, ASSUME)
    assert refusal(assume, lab)[0] == "AccessDenied"


def test_a_session_ends(lab):
    roles = role(allow("route53:*"))
    roles[ROLE]["max_session"] = 0
    api(lab, ASSUME, roles=roles)
    assert refusal(as_role(lab).get_hosted_zone, Id=OTHER) == (
        "ExpiredToken", "The security token included in the request is expired")


def test_a_session_lasts_as_asked_within_the_limits(lab):
    api(lab, ASSUME, roles=role(allow("route53:*")))
    for seconds in (899, 3601):
        assert refusal(assume, lab, DurationSeconds=seconds)[0] == "ValidationError"
    assume(lab, DurationSeconds=900)


def test_a_session_needs_its_token(lab):
    api(lab, ASSUME, roles=role(allow("route53:*")))
    given = assume(lab)["Credentials"]
    stranger = client(lab.endpoint, given["AccessKeyId"], given["SecretAccessKey"], "forged")
    assert refusal(stranger.get_hosted_zone, Id=OTHER)[0] == "InvalidClientTokenId"


def test_sts_says_who_we_are_and_wants_a_signature(lab):
    api(lab, ASSUME)
    who = sts(lab).get_caller_identity()
    assert (who["Arn"], who["Account"]) == (USER, US)
    assert refusal(sts(lab, secret="wrong").get_caller_identity)[0] == "SignatureDoesNotMatch"


def test_sts_can_be_away_while_route_53_answers(lab):
    api(lab, ASSUME, allow("route53:*"), roles=role(allow("route53:*")))
    lab.fault("sts-down", count=1)
    assert refusal(assume, lab)[0] == "ServiceUnavailable"
    lab.fault("sts-down", mode="reset", count=1)
    with pytest.raises(botocore.exceptions.ConnectionClosedError):
        assume(lab)
    client(lab.endpoint, KEY, SECRET).get_hosted_zone(Id=ZONE)
    assert assume(lab)["Credentials"]


def test_each_account_has_its_own_rate(lab_factory):
    lab = lab_factory(["--rate", "1"], zones={"example.com": ZONE, "other.example": OTHER})
    api(lab, allow("*"), roles=role(allow("route53:*")))
    ours, theirs = client(lab.endpoint, KEY, SECRET), as_role(lab)
    ours.get_hosted_zone(Id=ZONE)
    assert refusal(ours.get_hosted_zone, Id=ZONE)[0] == "Throttling"
    theirs.get_hosted_zone(Id=OTHER)


def test_health_checks_belong_to_who_made_them(lab):
    api(lab, allow("*"), roles=role(allow("route53:*")))
    made = as_role(lab).create_health_check(CallerReference="theirs", HealthCheckConfig={
        "Type": "HTTP", "IPAddress": "127.0.0.1", "Port": 9})["HealthCheck"]["Id"]
    ours = client(lab.endpoint, KEY, SECRET)
    assert made not in [one["Id"] for one in ours.list_health_checks()["HealthChecks"]]
    assert refusal(ours.delete_health_check, HealthCheckId=made)[0] == "AccessDenied"
    as_role(lab).delete_health_check(HealthCheckId=made)


def test_without_a_file_the_key_may_do_anything(shared_lab):
    assert status(shared_lab, change(shared_lab, ("CREATE", PIZZA)))
    assert aws(shared_lab, "get-health-check-count")["HealthCheckCount"] == 0


def test_a_file_that_does_not_fit_stops_the_lab(lab_factory, tmp_path):
    file = tmp_path / "iam.json"
    file.write_text('{"users": {"AKIA": {"arn": "me", "secret": "x"}}}')
    with pytest.raises(Exception, match="'me' is no ARN of a user"):
        lab_factory(["--iam", str(file)])
