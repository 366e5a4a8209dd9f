# SPDX-License-Identifier: Apache-2.0
"""CloudWatch and load balancers as the lab plays them, asked by boto3 with its own models."""

import botocore.exceptions
import pytest

from clients import client, http_status, refusal, send, signed
from labctl import LabError
from test_lab_iam import KEY, SECRET, THEM, US, USER, allow, policy

SHOP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/shop/0123456789abcdef"
BOTH = ["CompositeAlarm", "MetricAlarm"]


@pytest.fixture
def lab(shared_lab):
    for alarm in shared_lab.call("GET", "/alarm"):
        shared_lab.alarm(alarm["name"], None, region=alarm["region"], account=alarm["account"])
    for arn in shared_lab.call("GET", "/targets"):
        shared_lab.targets(arn, None)
    return shared_lab


def alarms(lab, **asked):
    """({metric alarm: state}, {composite alarm: state})"""
    answer = client(lab.endpoint, kind="cloudwatch").describe_alarms(**asked)
    return tuple({one["AlarmName"]: one["StateValue"] for one in answer[kind]}
                 for kind in ("MetricAlarms", "CompositeAlarms"))


def health(lab, arn=SHOP):
    answer = client(lab.endpoint, kind="elbv2").describe_target_health(TargetGroupArn=arn)
    return {one["Target"]["Id"]: one["TargetHealth"]["State"]
            for one in answer["TargetHealthDescriptions"]}


def test_alarms_are_told_by_name_and_type(lab):
    lab.alarm("shop 5xx/é", "ALARM", reason="Threshold Crossed: <1> & more")
    lab.alarm("whole", "OK", kind="composite")
    lab.alarm("elsewhere", "OK", region="eu-west-1")
    lab.alarm("theirs", "OK", account=THEM)
    assert alarms(lab) == ({"shop 5xx/é": "ALARM"}, {})
    assert alarms(lab, AlarmTypes=BOTH) == ({"shop 5xx/é": "ALARM"}, {"whole": "OK"})
    assert alarms(lab, AlarmTypes=BOTH, AlarmNames=["whole"]) == ({}, {"whole": "OK"})
    assert alarms(lab, AlarmNames=["whole", "shop 5xx/é"]) == ({"shop 5xx/é": "ALARM"}, {})
    assert alarms(lab, AlarmTypes=BOTH, AlarmNames=["none"]) == ({}, {})
    told = client(lab.endpoint, kind="cloudwatch").describe_alarms()["MetricAlarms"][0]
    assert told["StateReason"] == "Threshold Crossed: <1> & more"
    assert told["StateUpdatedTimestamp"].tzinfo


def test_targets_are_told_of_their_group(lab):
    states = {"i-1": "healthy", "i-2": "unhealthy", "i-3": "initial", "i-4": "draining",
              "i-5": "unused", "i-6": "unavailable"}
    lab.targets(SHOP, states)
    assert health(lab) == states
    lab.targets(SHOP, {})
    assert health(lab) == {}


def test_refusals_are_those_of_the_services(lab):
    assert refusal(health, lab) == ("TargetGroupNotFound", "One or more target groups not found")
    assert refusal(health, lab, "arn:aws:s3:::x")[0] == "ValidationError"
    lab.targets(SHOP.replace("us-east-1", "eu-west-1"), {"i-1": "healthy"})
    assert refusal(health, lab, SHOP.replace("us-east-1", "eu-west-1"))[0] == "TargetGroupNotFound"
    assert refusal(client(lab.endpoint, kind="cloudwatch", check=False).describe_alarms,
                   AlarmTypes=["LogAlarm"])[0] == "ValidationError"
    assert refusal(client(lab.endpoint, kind="cloudwatch").list_metrics)[0] == "InvalidAction"
    assert refusal(client(lab.endpoint, kind="cloudwatch", secret="x" * 40).describe_alarms)[0] == \
        "SignatureDoesNotMatch"


@pytest.mark.parametrize("body, code", [
    (b"Action=DescribeAlarms&Version=2010-08-01&AlarmName=x", b"ValidationError"),
    (b"Action=DescribeAlarms&Version=2010-08-01&AlarmNames.member.2=x", b"ValidationError"),
    (b"Action=DescribeAlarms&Version=2010-08-01&MaxRecords=many", b"ValidationError"),
    (b"Action=DescribeAlarms&Version=2010-08-01&MaxRecords=0", b"ValidationError"),
    (b"Action=DescribeAlarms&Version=2010-08-01&MaxRecords=1&MaxRecords=2",
     b"MalformedQueryString"),
    (b"", b"InvalidAction"), (b"Action", b"MalformedQueryString"),
    (b"Action=DescribeAlarms&Version=2009-05-15", b"InvalidAction"),
    (b"Action=DescribeTargetHealth&Version=2015-12-01", b"InvalidAction")])
def test_what_the_model_does_not_know_is_refused(lab, body, code):
    form = [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")]
    reply = send(lab, *signed(lab, "POST", "/", body, service="monitoring", headers=form))
    assert http_status(reply) == 400 and b"<Code>" + code + b"</Code>" in reply
    assert b'xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"' in reply


def test_faults_strike_only_where_they_name_the_operation(lab):
    lab.fault("throttle")
    assert alarms(lab) == ({}, {})
    for name, params, code in (("throttle", {}, "Throttling"), ("deny", {}, "AccessDenied"),
                               ("down", {}, "ServiceUnavailable"),
                               ("error500", {"status": 500}, "InternalFailure")):
        lab.fault(name, operation=["DescribeAlarms"], **params)
        assert refusal(alarms, lab)[0] == code
        assert refusal(health, lab)[0] == "TargetGroupNotFound"
        lab.heal()
    lab.fault("html", operation="DescribeAlarms")
    assert refusal(alarms, lab)[0] == "503"
    lab.heal()
    lab.fault("truncated", operation="DescribeAlarms")
    with pytest.raises(botocore.parsers.ResponseParserError):
        alarms(lab)


def test_policies_are_asked_for_everything_in_a_region(lab_factory, tmp_path):
    file = tmp_path / "iam.json"
    file.write_text("{}")
    lab = lab_factory(options=["--rate", "0", "--iam", str(file)])

    def asked(*statements, **who):
        lab.iam({"account": US, "users": {KEY: {"arn": USER, "secret": SECRET,
                                               "policies": [policy(*statements)]}}})
        return client(lab.endpoint, access=KEY, secret=SECRET, kind="cloudwatch",
                      **who).describe_alarms()["MetricAlarms"]
    lab.alarm("shop", "OK", account=US)
    here = {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}
    there = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    assert len(asked(allow("cloudwatch:DescribeAlarms"))) == 1
    assert len(asked(allow("cloudwatch:DescribeAlarms", Condition=here))) == 1
    for refused in (allow("elasticloadbalancing:DescribeTargetHealth"),
                    allow("cloudwatch:DescribeAlarms", Condition=there),
                    allow("cloudwatch:DescribeAlarms", f"arn:aws:cloudwatch:*:{US}:alarm:shop")):
        code, message = refusal(asked, refused)
        assert code == "AccessDenied" and message.startswith(
            f"User: {USER} is not authorized to perform: cloudwatch:DescribeAlarms because")


@pytest.mark.parametrize("method, path, body", [
    ("PUT", "/alarm/x", {"state": "FINE"}), ("PUT", "/alarm/x", {"state": "OK", "kind": "log"}),
    ("PUT", "/targets/x", {"targets": {}}), ("PUT", "/alarm/x", ["OK"]),
    ("POST", "/alarm", {})])
def test_what_a_test_may_not_say_is_refused_with_a_reason(lab, method, path, body):
    with pytest.raises(LabError):
        lab.call(method, path, body)
