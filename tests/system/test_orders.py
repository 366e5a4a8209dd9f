# SPDX-License-Identifier: Apache-2.0
"""Orders over the control socket, what becomes of them, and beacons."""

import json
import re
import signal

import pytest
from operators import EAST, GROUP, TIMING, WEST, WORDS, ask, epoch, make_stage, ready, start
from stage import PROBES, REGIONS
from test_failover import must_stay


# ---- orders, and what becomes of them ----

@pytest.fixture
def fresh(tmp_path):
    with make_stage(tmp_path, beacons=True) as stage:
        start(stage)
        yield stage


def beacon(stage, region, probe="use1", group=GROUP, tcp=True):
    status, _, text = ask(stage, "GET", f"/beacon/{group}/{region}", tcp=tcp, probe=probe)
    return status, text


def test_a_beacon_says_its_word_exactly_while_latched(fresh):
    stage = fresh
    for probe in PROBES:
        for region in (*REGIONS, "mars"):
            assert beacon(stage, region, probe) == (404, "")
    assert beacon(stage, EAST, group="burger") == (404, "")
    stage.kill_site("factory", EAST)
    stage.wait_until("the beacon is lit everywhere", lambda: all(
        beacon(stage, EAST, probe) == (200, WORDS[EAST]) for probe in PROBES), 30)
    assert beacon(stage, WEST) == (404, ""), "never for the region that serves"
    stage.programs["use1"].send(signal.SIGKILL)
    stage.stop_daemon("use1")
    stage.start_daemon("use1")
    stage.wait_until("it answers again", lambda: ready(stage), 20)
    assert beacon(stage, EAST) == (200, WORDS[EAST]), "the latch survives a restart"
    stage.start_site("factory", EAST)
    stage.wait_until("east may gain", lambda: stage.gate_open("gain", EAST), 30)
    assert beacon(stage, EAST) == (200, WORDS[EAST]), "up again is not yet back"
    stage.ctl("failback", GROUP, "--reason", "repaired")
    stage.wait_until("the beacon is out where the zone is read", lambda: all(
        beacon(stage, EAST, probe) == (404, "") for probe in ("use1", "usw2")), 30)


def test_a_failback_that_is_refused_moves_nothing_later(fresh):
    stage = fresh
    stage.kill_site("factory", EAST)
    stage.wait_until("moved", lambda: epoch(stage) > 1, 30)
    done = stage.ctl("failback", GROUP, "--reason", "too early", check=False)
    assert done.returncode == 3
    assert "not now" in done.stderr and "D2" in done.stderr and "withdrawn" in done.stderr
    moved = epoch(stage)
    stage.start_site("factory", EAST)
    stage.wait_until("east may gain", lambda: stage.gate_open("gain", EAST), 30)
    must_stay(stage, "0/100 0/100", 2 * TIMING["interval"])     # a mistake would show
    assert epoch(stage) == moved
    done = stage.ctl("failback", GROUP, "--reason", "now", "--json")
    answer = json.loads(done.stdout)
    assert answer["outcome"] == "obeyed"
    assert answer["groups"][0]["epoch"] == epoch(stage) > moved
    assert json.loads(stage.ctl("failback", GROUP, "--reason", "again", "--json").stdout)[
        "outcome"] == "nothing-to-do"


def test_a_failback_with_a_time_waits_for_the_rules(fresh):
    stage = fresh
    stage.kill_site("factory", EAST)
    stage.wait_until("moved", lambda: epoch(stage) > 1, 30)
    done = stage.ctl("failback", GROUP, "--reason", "when it is up", "--for", "5m", check=False)
    assert done.returncode == 3 and "stands" in done.stderr
    stage.start_site("factory", EAST)
    stage.wait_until("it fails back by the order", lambda: stage.status()["groups"][0]["decision"][
        "kind"] == "failback", 30)


def test_freeze_holds_a_drain_and_override_lifts_it(fresh):
    stage = fresh
    assert "in-force" in stage.ctl("freeze", GROUP, "--reason", "looking").stdout
    done = stage.ctl("drain", EAST, "--reason", "work", check=False)
    assert done.returncode == 3
    assert "D7" in done.stderr and "looking" in done.stderr and "stands" in done.stderr
    assert epoch(stage) == 1
    done = stage.ctl("drain", EAST, "--reason", "work now", "--override")
    assert "obeyed" in done.stdout
    assert "0/100" in stage.ctl("explain", GROUP).stdout
    stage.ctl("thaw", "--reason", "looked")
    assert "may gain" in stage.ctl("restore", EAST, "--reason", "done").stdout


def test_a_drain_ends_when_its_time_is_over(fresh):
    stage = fresh
    stage.ctl("drain", EAST, "--reason", "short", "--for", "3s")
    assert stage.status()["regions"][0] == {"name": EAST, "drained": True}
    stage.wait_until("the drain is over", lambda: not stage.status()["regions"][0]["drained"], 20)


def test_a_drift_is_acknowledged_and_nothing_else_is(fresh):
    stage = fresh
    done = stage.ctl("ack", f"{GROUP}.drift", "--reason", "x", check=False)
    assert done.returncode == 2 and "open" in done.stderr


def test_init_refuses_what_could_never_be_made(tmp_path):
    with make_stage(tmp_path) as stage:
        value = re.escape(stage.address("factory", WEST))
        stage.more.append((rf'\n[^\n]*value = "{value}";', "", "no value to create it with"))
        start(stage, settle=False)
        stage.lab.replace([r for r in stage.lab.records()
                           if r["Type"] not in ("NS", "SOA")
                           and r.get("SetIdentifier") != "factory-us-west-2"])
        stage.stop_daemon("use1")  # what it read before does not count
        stage.start_daemon("use1")
        stage.wait_until("use1 answers", lambda: ready(stage), 20)
        done = stage.ctl("init", "--yes", check=False)
        assert done.returncode == 3 and "missing" in done.stdout
