# SPDX-License-Identifier: Apache-2.0
"""The policies of config/iam: they fit config/jwt-pizza.conf, and allow nothing besides. The same
policies under the daemon itself: tests/system/test_iam.py."""

import json
import re
from pathlib import Path

import boto3
import pytest

import policies
from clients import change, client, refusal, status
from labctl import ACCESS_KEY, SECRET_KEY, Lab, fence, simple, weighted
from policies import EXTERNAL_ID, FOLDER, USER, ZONE, document

CONFIG = Path(__file__).resolve().parents[2] / "config"
EXAMPLE = (CONFIG / "jwt-pizza.conf").read_text()
CHECKS = (CONFIG / "every-check.conf").read_text()
KEYS = "route53:ChangeResourceRecordSets"
OTHER = "ZOTHER"
EAST = weighted("pizza.example.com", "pizza-us-east-1", 100, "192.0.2.10")
WEST = weighted("pizza.example.com", "pizza-us-west-2", 0, "198.51.100.10")
OLD, NEW = (fence("jwt-pizza", "example.com", f"v=rs1 group=jwt-pizza epoch={n}") for n in (1, 2))
MOVE = [("DELETE", OLD), ("CREATE", NEW), ("DELETE", EAST), ("CREATE", dict(EAST, Weight=0)),
        ("DELETE", WEST), ("CREATE", dict(WEST, Weight=100))]
SOMEBODY = "AKIASOMEBODYSOMEBODY"


@pytest.fixture(scope="module")
def one_lab():
    options = ["--rate", "0", "--insync-delay", "0", "--checker-speed", "0"]
    with Lab(zones={"example.com": ZONE, "other.example.com": OTHER}, options=options) as lab:
        yield lab
        assert lab.said() == "", "the lab wrote to stderr"


@pytest.fixture
def lab(one_lab):
    one_lab.replace([EAST, WEST, OLD])
    one_lab.replace([], OTHER)
    return one_lab


# -- they fit the example --

def test_the_names_and_types_are_those_of_the_example():
    zone, = set(re.findall(r'zone = "(\w+)"', EXAMPLE))
    records = set(re.findall(r'record = "([\w.]+)"', EXAMPLE))
    group, = re.findall(r'groups = \(\s*\{\s*name = "([\w-]+)"', EXAMPLE)
    apex = next(iter(records)).partition(".")[2]
    types = set(re.findall(r'(?m)^        type = "(\w+)";\n        ttl', EXAMPLE))
    wanted = records | {f"_regionshift.{group}.{apex}"}
    move = document("actor")["Statement"][0]["Condition"]["ForAllValues:StringEquals"]
    assert set(move[KEYS + "NormalizedRecordNames"]) == wanted
    assert set(move[KEYS + "RecordTypes"]) == types | {"TXT"}
    assert set(move[KEYS + "Actions"]) == {"CREATE", "DELETE"}
    keep_off = document("others")["Statement"][0]["Condition"]["ForAnyValue:StringEquals"]
    assert set(keep_off[KEYS + "NormalizedRecordNames"]) == wanted
    zones = set(re.findall(r"hostedzone/(\w+)", "".join(
        path.read_text() for path in FOLDER.glob("*.json"))))
    assert zones == {zone} == {ZONE}


def test_every_condition_on_sets_is_guarded_against_the_empty_set():
    guarded = document("actor")["Statement"][0]["Condition"]
    assert guarded["Null"] == {key: "false" for key in guarded["ForAllValues:StringEquals"]}


def test_every_file_is_explained_and_installed():
    told = (FOLDER / "README.md").read_text()
    files = {path.name for path in FOLDER.glob("*.json")}
    assert set(re.findall(r"`([\w-]+\.json)`", told)) == files
    sids = {statement["Sid"] for path in FOLDER.glob("*.json")
            for statement in json.loads(path.read_text())["Statement"]}
    assert {sid for sid in sids if f"`{sid}`" not in told} <= {
        "BecomeTheActor", "LetTheDaemonsIn", "KeepOffTheFailoverNames"}
    makefile = (FOLDER.parents[1] / "Makefile.am").read_text()
    assert all(f"config/iam/{name}" in makefile for name in files)


# -- alarms and targets --

TARGET_GROUP = re.search(r'target_group = "([^"]+)"', CHECKS).group(1)
ALARM = re.search(r'alarm = "([^"]+)"', CHECKS).group(1)


def watcher(lab, kind, region="us-east-1"):
    return boto3.session.Session().client(
        kind, endpoint_url=lab.endpoint, region_name=region, aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY)


def test_who_sees_alarms_and_targets_sees_them_in_the_regions_of_the_example_only(lab):
    statements = document("alarms-and-targets")["Statement"]
    regions = {one["Condition"]["StringEquals"]["aws:RequestedRegion"] for one in statements}
    assert regions == set(re.findall(r'aws_region = "([^"]+)"', CHECKS))
    assert regions == {TARGET_GROUP.split(":")[3]}
    lab.iam(policies.directory(document("alarms-and-targets")))
    lab.alarm(ALARM, "ALARM", account=policies.US, kind="composite")
    ours = TARGET_GROUP.replace("123456789012", policies.US)
    lab.targets(ours, {"i-1": "healthy"})
    both = ["CompositeAlarm", "MetricAlarm"]
    alarms = watcher(lab, "cloudwatch").describe_alarms(AlarmNames=[ALARM], AlarmTypes=both)
    assert len(alarms["CompositeAlarms"]) == 1
    told = watcher(lab, "elbv2").describe_target_health(TargetGroupArn=ours)
    assert len(told["TargetHealthDescriptions"]) == 1
    for call, asked in ((watcher(lab, "cloudwatch", "eu-west-1").describe_alarms, {}),
                        (watcher(lab, "elbv2", "eu-west-1").describe_target_health,
                         {"TargetGroupArn": ours}),
                        (client(lab.endpoint).get_hosted_zone, {"Id": ZONE})):
        assert refusal(call, **asked)[0] == "AccessDenied"
    used = {(sid, verdict["action"]) for verdict in lab.verdicts() for sid in verdict["sids"]}
    assert used == {(sid, action) for _, sid, action in
                    policies.every_action("alarms-and-targets")}


# -- the actor --

def actor(lab, *changes, zone=ZONE):
    lab.iam(policies.directory(document("actor")))
    return change(lab, *changes, zone=zone)


def test_the_actor_moves_weights_with_the_fence_and_follows_the_change(lab):
    assert status(lab, actor(lab, *MOVE)) == "INSYNC"
    assert lab.weights("pizza.example.com") == {"pizza-us-east-1": 0, "pizza-us-west-2": 100}
    assert {verdict["verdict"] for verdict in lab.verdicts()} == {"allowed"}


@pytest.mark.parametrize("changes", [
    [("CREATE", simple("www.example.com", "A", "192.0.2.1"))],
    [*MOVE, ("CREATE", simple("www.example.com", "A", "192.0.2.1"))],
    [("CREATE", simple("pizza.example.com.evil.example.com", "A", "192.0.2.1"))],
    [("CREATE", simple("\\052.example.com", "A", "192.0.2.1"))],
    [("UPSERT", dict(EAST, Weight=0))],
    [("DELETE", EAST), ("UPSERT", dict(EAST, Weight=0))],
    [("CREATE", weighted("pizza.example.com", "x", 1, "2001:db8::1", rtype="AAAA"))],
    [("CREATE", weighted("pizza.example.com", "x", 1, "evil.example.net.", rtype="CNAME"))],
    [("CREATE", simple("pizza.example.com", "NS", "ns.evil.example.net."))],
    [("CREATE", fence("another-group", "example.com", "v=rs1"))]],
    ids=["other-name", "other-name-beside-ours", "longer-name", "wildcard", "upsert",
         "upsert-beside-delete", "other-type", "cname", "ns", "other-fence"])
def test_a_batch_outside_is_refused_as_a_whole(lab, changes):
    before = lab.records()
    code, message = refusal(actor, lab, *changes)
    assert code == "AccessDenied" and message.startswith(
        f"User: {USER} is not authorized to perform: route53:ChangeResourceRecordSets on resource: "
        f"arn:aws:route53:::hostedzone/{ZONE} because no identity-based policy allows")
    assert lab.records() == before


def test_another_zone_is_refused(lab):
    assert refusal(actor, lab, ("CREATE", simple("pizza.other.example.com", "A", "192.0.2.1")),
                   zone=OTHER)[0] == "AccessDenied"
    route53 = client(lab.endpoint)
    for call in (route53.list_resource_record_sets, route53.list_tags_for_resource):
        where = ({"HostedZoneId": OTHER} if call == route53.list_resource_record_sets else
                 {"ResourceType": "hostedzone", "ResourceId": OTHER})
        assert refusal(call, **where)[0] == "AccessDenied"


@pytest.mark.parametrize("call, given", [
    ("list_hosted_zones", {}), ("create_hosted_zone", {"Name": "a.b", "CallerReference": "c"}),
    ("list_health_checks", {}), ("delete_health_check", {"HealthCheckId": "x"})])
def test_the_actor_may_do_nothing_else(lab, call, given):
    lab.iam(policies.directory(document("actor")))
    assert refusal(getattr(client(lab.endpoint), call), **given)[0] == "AccessDenied"


def test_what_the_policy_cannot_forbid_is_as_the_readme_says(lab):
    actor(lab, ("DELETE", EAST), ("CREATE", dict(EAST, Weight=0)))          # no fence in the batch
    actor(lab, ("DELETE", OLD))                                             # the fence alone
    actor(lab, ("DELETE", WEST), ("CREATE", dict(
        WEST, ResourceRecords=[{"Value": "203.0.113.66"}])))                # any value
    told = (FOLDER / "README.md").read_text()
    for subject in ("The fence in the batch", "Values and weights", "An empty name"):
        assert f"**{subject}" in told


# -- the others --

def test_the_reader_reads_and_never_writes(lab):
    lab.iam(policies.directory(document("reader")))
    route53 = client(lab.endpoint)
    route53.get_hosted_zone(Id=ZONE)
    assert route53.list_resource_record_sets(HostedZoneId=ZONE)["ResourceRecordSets"]
    for changes in (MOVE, [("CREATE", NEW)], [("DELETE", EAST)]):
        assert refusal(change, lab, *changes, zone=ZONE)[0] == "AccessDenied"


def make_health_checks(lab, reference):
    """What `init --health-checks` asks of Route 53, with the credentials of who runs it."""
    route53 = client(lab.endpoint)
    route53.list_health_checks()
    made = route53.create_health_check(CallerReference=reference, HealthCheckConfig={
        "Type": "HTTP_STR_MATCH", "IPAddress": "127.0.0.1", "Port": 9, "SearchString": "word"})
    one = {"HealthCheckId": made["HealthCheck"]["Id"]}
    route53.change_tags_for_resource(ResourceType="healthcheck", ResourceId=one["HealthCheckId"],
                                     AddTags=[{"Key": "Name", "Value": "pizza"}])
    route53.get_health_check_status(**one)
    route53.update_health_check(**one, HealthCheckVersion=1, SearchString="next")
    return one


def test_a_person_makes_health_checks_and_the_actor_attaches_them(lab):
    lab.iam(policies.directory(document("health-checks")))
    one = make_health_checks(lab, "a person")
    attach = [("DELETE", EAST), ("CREATE", dict(EAST, HealthCheckId=one["HealthCheckId"]))]
    assert refusal(client(lab.endpoint).delete_health_check, **one)[0] == "AccessDenied"
    assert refusal(change, lab, *attach, zone=ZONE)[0] == "AccessDenied"
    actor(lab, ("DELETE", OLD), ("CREATE", NEW), *attach)


@pytest.mark.parametrize("name, sid, action", policies.every_action("health-checks"))
def test_no_right_to_health_checks_is_superfluous(lab, name, sid, action):
    lab.iam(policies.directory(policies.without(document(name), sid, action)))
    code, message = refusal(make_health_checks, lab, f"without {action}")
    assert code == "AccessDenied" and f"perform: {action} " in message


def test_everybody_else_is_kept_off_the_names_and_nothing_more(lab):
    everything = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    somebody = policies.user(everything, document("others"), secret="somebody's",
                             arn=f"arn:aws:iam::{policies.US}:user/terraform")
    lab.iam(policies.directory(document("actor"), others={SOMEBODY: somebody}))
    theirs = {"zone": ZONE, "access": SOMEBODY, "secret": "somebody's"}
    for changes in ([("UPSERT", dict(EAST, Weight=7))], [("DELETE", OLD)], MOVE,
                    [("CREATE", simple("www.example.com", "A", "192.0.2.1")), ("DELETE", WEST)]):
        code, message = refusal(change, lab, *changes, **theirs)
        assert code == "AccessDenied" and "with an explicit deny" in message
    change(lab, ("CREATE", simple("www.example.com", "A", "192.0.2.1")), **theirs)
    change(lab, *MOVE, zone=ZONE)


# -- across accounts --

def role(lab, **more):
    """A client in the role, if the daemons' user may become it."""
    given = client(lab.endpoint, kind="sts").assume_role(
        RoleArn=policies.ROLE, RoleSessionName="use1", **more)["Credentials"]
    return {"access": given["AccessKeyId"], "secret": given["SecretAccessKey"],
            "token": given["SessionToken"]}


def test_a_role_in_another_account_moves_weights_there(lab):
    lab.iam(policies.across_accounts(document("assume-role"), document("actor"),
                                     document("trust")))
    assert refusal(change, lab, *MOVE, zone=ZONE)[0] == "AccessDenied", "not without the role"
    change(lab, *MOVE, zone=ZONE, **role(lab, ExternalId=EXTERNAL_ID))
    assert lab.weights("pizza.example.com")["pizza-us-west-2"] == 100


@pytest.mark.parametrize("external_id", [{}, {"ExternalId": "regionshift-of-somebody"}])
def test_the_role_wants_the_external_id(lab, external_id):
    lab.iam(policies.across_accounts(document("assume-role"), document("actor"),
                                     document("trust")))
    assert refusal(role, lab, **external_id)[0] == "AccessDenied"


def test_the_role_trusts_nobody_else(lab):
    given = policies.across_accounts(document("assume-role"), document("actor"), document("trust"))
    given["users"][policies.ACCESS_KEY]["arn"] = f"arn:aws:iam::{policies.US}:user/somebody"
    lab.iam(given)
    assert refusal(role, lab, ExternalId=EXTERNAL_ID)[0] == "AccessDenied"


@pytest.mark.parametrize("name, sid, action", policies.every_action("assume-role"))
def test_no_right_of_the_user_is_superfluous(lab, name, sid, action):
    lab.iam(policies.across_accounts(policies.without(document(name), sid, action),
                                     document("actor"), document("trust")))
    assert refusal(role, lab, ExternalId=EXTERNAL_ID)[0] == "AccessDenied"
