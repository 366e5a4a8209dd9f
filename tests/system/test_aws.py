# SPDX-License-Identifier: Apache-2.0
"""What the daemons send to Route 53, as seen on the wire; and moves while AWS refuses for reasons
that are not the batch's: a clock that is wrong, credentials that ended in mid-failover."""

import re

import boto3
import botocore.config
import pytest
from conftest import QUICK
from deployment import REGIONS
from labctl import ACCESS_KEY, SECRET_KEY
from stage import PROBES, Stage
from test_beacons import Beacons
from wiretap import Tap

EAST, WEST = REGIONS

# Each kind of request that the daemons send, and when; then those of `init --health-checks`.
OF_DAEMONS = {
    "GetHostedZone": "when a zone is read for the first time",
    "ListResourceRecordSets": "when a zone is read",
    "ChangeResourceRecordSets": "when traffic is moved",
    "GetChange": "until a change is INSYNC",
}
OF_INIT = {
    "ListHealthChecks": "to see which are there",
    "CreateHealthCheck": "for those that are not",
    "ChangeTagsForResource": "so that people know whose they are",
    "GetHealthCheckStatus": "until all are healthy",
    "UpdateHealthCheck": "where somebody changed one",
}


def tap(stage):
    """The programs reach Route 53's stand-in through a tap; /_lab is reached beside it."""
    start = stage.start_lab

    def start_tapped():
        start()
        stage.tap = Tap(stage.lab.http)
        stage.lab.http = stage.tap.address
    stage.start_lab = start_tapped
    return stage


def judge(requests, kinds):
    assert {request.operation() for request in requests} == set(kinds)
    for request in requests:
        assert request.is_signed_by(ACCESS_KEY, SECRET_KEY), (request.method, request.target)
        assert not request.is_signed_by(ACCESS_KEY, SECRET_KEY + "x"), "a judge that sees nothing"


def moves(stage):
    """Accepted batches that changed a weight."""
    return [entry for entry in stage.lab.log() if entry["verdict"] == "accepted"
            and entry["source"] != "lab"
            and any("Weight" in change["ResourceRecordSet"] for change in entry["changes"])]


def test_every_kind_of_request_is_signed_as_botocore_signs_it():
    with tap(Stage(lab_options=["--rate", "0"], timing=QUICK)) as stage:
        stage.start()
        stage.settle()
        stage.kill_site("factory", EAST)
        stage.wait_log(30, fact="insync", epoch="2")
        judge(list(stage.tap.requests), OF_DAEMONS)
        stage.tap.close()


def somebody_changes_a_check(stage):
    """Not through the tap."""
    host, port = stage.tap.to
    client = boto3.session.Session().client(
        "route53", endpoint_url=f"http://{host}:{port}", region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY,
        config=botocore.config.Config(proxies={}))
    check = next(check for check in client.list_health_checks()["HealthChecks"]
                 if check["HealthCheckConfig"]["Type"] != "CALCULATED")
    client.update_health_check(HealthCheckId=check["Id"], SearchString="another word")


def test_every_kind_of_request_of_init_is_signed_as_botocore_signs_it(tmp_path):
    made = Beacons(tmp_path)
    with tap(made.stage) as stage:
        made.start()
        made.init("--yes")
        somebody_changes_a_check(stage)
        made.init("--yes")
        judge(list(stage.tap.requests), {**OF_DAEMONS, **OF_INIT})
        stage.tap.close()


@pytest.mark.parametrize("seconds", [900, -900])
def test_a_wrong_clock_moves_traffic_all_the_same_and_is_said(stage, seconds):
    stage.lab.fault("clock", seconds=seconds)
    died = stage.kill_site("factory", EAST)
    stage.wait_log(30, since=died, fact="insync", epoch="2")
    assert len(moves(stage)) == 1
    line = stage.programs[PROBES[0]].wait_line(lambda one: "our clock is" in one.text, 30, died)
    assert ("behind" if seconds > 0 else "ahead of") in line.text
    assert "set this machine's clock" in line.text
    told = stage.ctl("ready", check=False).stdout
    assert re.search("warn +clock +AWS's clock is 1[45] m [0-9]+ s "
                     + ("ahead of" if seconds > 0 else "behind"), told), told


def test_credentials_that_end_between_reading_and_writing_cost_a_moment(stage):
    stage.lab.fault("deny", code="ExpiredToken", count=2, operation="ChangeResourceRecordSets")
    died = stage.kill_site("factory", EAST)
    stage.wait_log(40, since=died, fact="insync", epoch="2")
    assert len(moves(stage)) == 1, "refused twice, applied once"
    assert stage.lab.state()["requests"]["ChangeResourceRecordSets"] >= 3
