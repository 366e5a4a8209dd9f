# SPDX-License-Identifier: Apache-2.0
"""tests/aws-live against the lab: that it works, cleans up, and can say no."""

import importlib.machinery
import importlib.util
import json
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest

from labctl import Lab, simple

TREE = Path(__file__).resolve().parents[2]
FACTS = ["delete-weight", "delete-other", "stale-batch", "read-own-write", "one-ttl", "wildcard",
         "error-bodies", "clock-skew", "insync-time", "servers"]


def live(lab, *words, answer="", yes=True):
    environment = dict(os.environ, **lab.credentials_env())
    return subprocess.run(
        ["/usr/bin/python3", str(TREE / "tests/aws-live"), "--zone", "ZLAB1", "--pace", "0",
         "--poll", "0.05", "--endpoint-url", lab.endpoint, "--dns", lab.dns,
         *(["--yes"] if yes else []), *words],
        input=answer, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(name="lab")
def _lab():
    with Lab(options=["--rate", "0"]) as lab:
        lab.seed([simple("www.example.com", "A", "192.0.2.1")])
        yield lab


def records(lab):
    return lab.records()


def test_all_facts_are_found_as_the_lab_plays_them_and_nothing_is_left(lab, tmp_path):
    before = records(lab)
    out = tmp_path / "seen.json"
    done = live(lab, "--out", str(out))
    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads(out.read_text())
    assert list(seen) == FACTS
    assert {one["verdict"] for one in seen.values()} == {"PROVED"}, done.stdout
    assert "do not match" in seen["stale-batch"]["seen"]["body"]
    assert records(lab) == before


def test_a_route53_that_ignores_the_weight_of_a_delete_is_noticed():
    with Lab(options=["--rate", "0", "--delete-ignores-weight"]) as lab:
        done = live(lab, "delete-weight")
    assert done.returncode == 1
    assert "DIFFERS  delete-weight" in done.stdout


def test_without_a_yes_nothing_is_done(lab):
    done = live(lab, yes=False, answer="other.example\n")
    assert done.returncode == 2
    assert "nothing was done" in done.stdout
    assert "CREATE a weighted set of weight 10" in done.stdout
    assert len(lab.log()) == 1          # the seed
    done = live(lab, "delete-weight", yes=False, answer="example.com\n")
    assert done.returncode == 0
    assert len(lab.log()) > 1


def test_what_costs_something_needs_its_own_option(lab):
    assert live(lab, "request-rate").returncode != 0
    with Lab() as slow:                     # 5 requests a second, as Route 53
        done = live(slow, "--rate", "request-rate")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Throttling" in done.stdout


def test_what_a_killed_run_left_is_found_again(lab):
    lab.seed([simple("www.example.com", "A", "192.0.2.1"),
              simple("a.rs-live-0badcafe.example.com", "A", "192.0.2.9")])
    done = live(lab, "--clean", "rs-live-0badcafe")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "deleted: 1 record sets, 0 health checks, 0 private zones" in done.stdout
    assert not [one for one in records(lab) if "rs-live" in one["Name"]]


# ---- health checks and a private zone ----

def client_of(lab):
    key = lab.credentials_env()
    return boto3.client("route53", endpoint_url=lab.endpoint, region_name="us-east-1",
                        aws_access_key_id=key["AWS_ACCESS_KEY_ID"],
                        aws_secret_access_key=key["AWS_SECRET_ACCESS_KEY"])


def make_check(client, reference, **config):
    config = config or {"Type": "TCP", "IPAddress": "127.0.0.1", "Port": 9}
    return client.create_health_check(CallerReference=reference,
                                      HealthCheckConfig=config)["HealthCheck"]["Id"]


def make_private_zone(client, label, reference):
    zone = client.create_hosted_zone(
        Name=f"{label}.test", CallerReference=reference,
        VPC={"VPCRegion": "us-east-1", "VPCId": "vpc-1"})["HostedZone"]["Id"]
    client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [
        {"Action": "CREATE", "ResourceRecordSet": {
            "Name": f"_regionshift.live.{label}.test", "Type": "TXT", "TTL": 10,
            "ResourceRecords": [{"Value": '"v=rs1 1"'}]}}]})
    return zone


@pytest.fixture(name="quick_lab")
def _quick_lab():
    with Lab(options=["--rate", "0", "--checkers", "3", "--checker-speed", "60"]) as lab:
        yield lab


def test_health_checks_and_a_private_zone_are_proved_and_deleted(quick_lab, tmp_path):
    out = tmp_path / "seen.json"
    done = live(quick_lab, "--health-checks", "--vpc", "us-east-1:vpc-1", "--out", str(out),
                "health-first", "private-zone")
    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads(out.read_text())
    assert [one["verdict"] for one in seen.values()] == ["PROVED", "PROVED"]
    assert seen["health-first"]["seen"]["first observations"][0].startswith("Failure: ")
    assert seen["health-first"]["seen"]["calculated"].startswith("InvalidInput")
    client = client_of(quick_lab)
    assert client.list_health_checks()["HealthChecks"] == []
    assert [zone["Id"] for zone in client.list_hosted_zones()["HostedZones"]] == [
        "/hostedzone/ZLAB1"]


def test_a_killed_run_leaves_neither_health_checks_nor_a_private_zone(quick_lab):
    client, label = client_of(quick_lab), "rs-live-0badcafe"
    child = make_check(client, f"{label}-a")
    make_check(client, f"{label}-b", Type="CALCULATED", ChildHealthChecks=[child],
               HealthThreshold=1, Inverted=True)
    make_private_zone(client, label, label)
    other_check = make_check(client, "somebody-else")
    other_zone = make_private_zone(client, label, "somebody-else")     # of the same name
    done = live(quick_lab, "--clean", label)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "deleted: 0 record sets, 2 health checks, 1 private zones" in done.stdout
    assert [check["Id"] for check in client.list_health_checks()["HealthChecks"]] == [other_check]
    assert [zone["Id"] for zone in client.list_hosted_zones()["HostedZones"]
            if zone["Config"]["PrivateZone"]] == [other_zone]
    assert live(quick_lab, "--clean", "example").returncode == 2


def load_program():
    loader = importlib.machinery.SourceFileLoader("aws_live", str(TREE / "tests/aws-live"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("aws_live", loader))
    loader.exec_module(module)
    return module


@pytest.mark.parametrize("status, verdict", [
    ("Failure: Connection timed out.", "PROVED"),
    ("Success: HTTP Status Code 200, OK", "DIFFERS"),
    (None, "UNKNOWN")])
def test_what_the_checkers_say_first_is_compared(status, verdict):
    program = load_program()
    program.LOOKED_LIMIT_S = 0.05
    said = [{"Region": "us-east-1", "StatusReport": {"Status": status}}] if status else []
    replies = {"create_health_check": {"HealthCheck": {"Id": "1"}},
               "get_health_check_status": {"HealthCheckObservations": said}}
    account = SimpleNamespace(
        label="rs-live-0badcafe", options=SimpleNamespace(poll=0.01),
        call=lambda name, **_: replies[name], refused=lambda *_args, **_kwargs: "InvalidInput: no",
        patient=SimpleNamespace(delete_health_check=lambda **_: None))
    assert program.ask(account, "health-first")[0] == verdict


def test_each_fact_is_in_the_list_of_what_is_unproved():
    listed = (TREE / "docs/UNPROVED.md").read_text()
    shown = subprocess.run(["/usr/bin/python3", str(TREE / "tests/aws-live"), "--list"],
                           capture_output=True, text=True, check=True).stdout
    names = [line.strip() for line in shown.split("\n") if line[:2] == "  " and line[2] != " "]
    assert len(names) >= len(FACTS)
    assert [name for name in names if f"{name}`" not in listed] == []
