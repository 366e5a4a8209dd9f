# SPDX-License-Identifier: Apache-2.0
"""What the daemons send to Route 53, as seen on the wire; and moves while AWS refuses for reasons
that are not the batch's: a clock that is wrong, credentials that ended in mid-failover."""

import pytest
from conftest import QUICK
from deployment import REGIONS
from labctl import ACCESS_KEY, SECRET_KEY
from stage import PROBES, Stage
from wiretap import Tap

EAST, WEST = REGIONS

# Each kind of request that the daemon sends, and when.
WIRE = {
    "GetHostedZone": "when a zone is read for the first time",
    "ListResourceRecordSets": "when a zone is read",
    "ChangeResourceRecordSets": "when traffic is moved",
    "GetChange": "until a change is INSYNC",
}


class TappedStage(Stage):
    """The daemons reach Route 53's stand-in through a tap; the test reaches it beside."""

    def start_lab(self):
        super().start_lab()
        self.tap = Tap(self.lab.http)
        self.lab.http = self.tap.address

    def stop(self):
        super().stop()
        self.tap.close()


def moves(stage):
    """Accepted batches that changed a weight."""
    return [entry for entry in stage.lab.log() if entry["verdict"] == "accepted"
            and entry["source"] != "lab"
            and any("Weight" in change["ResourceRecordSet"] for change in entry["changes"])]


def test_every_kind_of_request_is_signed_as_botocore_signs_it():
    with TappedStage(lab_options=["--rate", "0"], timing=QUICK) as stage:
        stage.start()
        stage.settle()
        stage.kill_site("factory", EAST)
        stage.wait_log(30, fact="insync", epoch="2")
        sent = list(stage.tap.requests)
    assert {request.operation() for request in sent} == set(WIRE)
    for request in sent:
        assert request.is_signed_by(ACCESS_KEY, SECRET_KEY), (request.method, request.target)
        assert not request.is_signed_by(ACCESS_KEY, SECRET_KEY + "x"), "a judge that sees nothing"


@pytest.mark.parametrize("seconds", [900, -900])
def test_a_wrong_clock_moves_traffic_all_the_same_and_is_said(stage, seconds):
    stage.lab.fault("clock", seconds=seconds)
    died = stage.kill_site("factory", EAST)
    stage.wait_log(30, since=died, fact="insync", epoch="2")
    assert len(moves(stage)) == 1
    line = stage.programs[PROBES[0]].wait_line(lambda one: "our clock is" in one.text, 30, died)
    assert ("behind" if seconds > 0 else "ahead of") in line.text
    assert "set this machine's clock" in line.text
    assert "clock" in stage.ctl("ready", check=False).stdout


def test_credentials_that_end_between_reading_and_writing_cost_a_moment(stage):
    stage.lab.fault("deny", code="ExpiredToken", count=2, operation="ChangeResourceRecordSets")
    died = stage.kill_site("factory", EAST)
    stage.wait_log(40, since=died, fact="insync", epoch="2")
    assert len(moves(stage)) == 1, "refused twice, applied once"
    assert stage.lab.state()["requests"]["ChangeResourceRecordSets"] >= 3
