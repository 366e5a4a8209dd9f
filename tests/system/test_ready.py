# SPDX-License-Identifier: Apache-2.0
"""`regionshift ready`: each thing that a move needs is broken in turn, in running daemons; the line
that is about it turns, with what to do, and turns back when it is mended."""

import json
import signal
import sqlite3
import time

import pytest
from operators import EAST, GROUP, WEST, ask, make_stage, start
from stage import PROBES, ZONE, StageError, weighted

USE1, USW2, FRA = PROBES
PIZZA = "pizza.example.com"
TURN_S = 30         # a look at the zones is kept for 3 s, and a vote for its lease


# One stage for all, in the order of the file: so on one worker.
pytestmark = pytest.mark.xdist_group("ready")


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """One stage for all: each test mends what it broke."""
    with make_stage(tmp_path_factory.mktemp("stage")) as stage:
        start(stage)
        yield stage


def ready(stage, *arguments, probe=USE1):
    done = stage.ctl("ready", *arguments, "--json", probe=probe, check=False)
    return done.returncode, json.loads(done.stdout)


def lines(stage, name, probe=USE1):
    return [line for line in ready(stage, probe=probe)[1]["lines"] if line["name"] == name]


def wait_state(stage, name, state, probe=USE1, **wanted):
    """Until a line of this name has the state, and the words."""
    last = []

    def turned():
        last[:] = lines(stage, name, probe)
        return [line for line in last if line["state"] == state
                and all(word in line[key] for key, word in wanted.items())]
    try:
        return stage.wait_until(f"{name} says {state}", turned, TURN_S)[0]
    except StageError as error:
        raise StageError(f"{error}\nit says: {last}") from None


def set_of(stage, region):
    return weighted(PIZZA, f"pizza-{region}", 100 if region == EAST else 0,
                    stage.address("pizza", region))


# ---- a whole deployment ----

def test_a_whole_deployment_is_ready(stage):
    code, answer = ready(stage)
    assert code == 0 and answer["ready"] and answer["counts"]["fail"] == 0, answer["lines"]
    states = {(line["name"], line["about"]): line["state"] for line in answer["lines"]}
    assert states[("quorum", f"{GROUP} {EAST}")] == "ok"
    assert states[("target", f"{GROUP} {EAST}")] == "ok"
    assert states[("credentials", ZONE)] == "ok"
    assert states[("zone", ZONE)] == "ok"
    assert states[("fence", f"{GROUP} {ZONE}")] == "ok"
    assert states[("servers", f"{GROUP} {ZONE}")] == "ok"
    assert {name for name, _ in states} == {
        "sight", "quorum", "settings", "target", "moves", "actors", "store", "clock",
        "credentials", "zone", "fence", "servers", "write", "sink"}
    for line in answer["lines"]:
        assert (line["advice"] == "") == (line["state"] == "ok"), line


def test_a_group_can_be_asked_for_alone(stage):
    code, answer = ready(stage, GROUP)
    assert code == 0 and answer["lines"]
    assert stage.ctl("ready", "nobody", check=False).returncode == 2
    status, _, text = ask(stage, "GET", "/api/v1/ready?group=nobody")
    assert status == 404 and GROUP in text


def test_a_person_reads_a_verdict_and_what_to_do(stage):
    text = stage.ctl("ready").stdout
    assert text.startswith("ready, as probe use1 sees it: ")
    assert f"quorum       {GROUP} {EAST}" in text
    assert "-> name references in probe.references" in text


def test_without_a_daemon_it_is_not_known(stage, tmp_path):
    done = stage.ctl("-s", f"unix:{tmp_path}/none", "ready", check=False)
    assert done.returncode == 1 and "no daemon answers" in done.stderr


def test_a_probe_that_reads_no_zone_says_who_does(stage):
    code, answer = ready(stage, probe=FRA)
    assert code == 0
    for name in ("clock", "credentials", "zone", "fence", "servers", "write"):
        line, = [line for line in answer["lines"] if line["name"] == name]
        assert line["state"] == "unknown" and "use1, usw2" in line["advice"], line


# ---- the zone ----

def test_a_record_set_that_is_gone(stage):
    stage.lab.human("delete", name=PIZZA, type="A", set=f"pizza-{WEST}")
    wait_state(stage, "zone", "fail", measured="3 of 4 record sets",
               advice=f"create the record set of pizza/{WEST}")
    assert ready(stage)[0] == 3
    stage.lab.seed([set_of(stage, WEST)])
    wait_state(stage, "zone", "ok")
    assert ready(stage)[0] == 0


def test_a_strangers_set_takes_a_share(stage):
    stage.lab.seed([weighted(PIZZA, "canary", 1, "192.0.2.99")])
    wait_state(stage, "zone", "warn", measured="canary has weight", advice="keeps its share")
    stage.lab.human("delete", name=PIZZA, type="A", set="canary")
    wait_state(stage, "zone", "ok")


def test_a_long_ttl_is_told(stage):
    old = [record for record in stage.lab.records() if record["Name"] == PIZZA + "."]
    changes = [{"Action": "DELETE", "ResourceRecordSet": record} for record in old]
    stage.lab.human("batch", Changes=changes + [
        {"Action": "CREATE", "ResourceRecordSet": dict(record, TTL=300)} for record in old])
    wait_state(stage, "zone", "warn", measured="TTL 300 s", advice=f"lower the TTL of {PIZZA}")
    stage.lab.human("batch", Changes=[
        {"Action": "DELETE", "ResourceRecordSet": dict(record, TTL=300)} for record in old] + [
        {"Action": "CREATE", "ResourceRecordSet": record} for record in old])
    wait_state(stage, "zone", "ok")


def test_a_weight_that_somebody_changed(stage):
    stage.lab.human("weight", name=PIZZA, set=f"pizza-{WEST}", weight=7)
    wait_state(stage, "fence", "fail", measured="weights are not those of its epoch",
               advice=f"ack {GROUP}.drift")
    stage.lab.human("weight", name=PIZZA, set=f"pizza-{WEST}", weight=0)
    wait_state(stage, "fence", "ok")


def test_a_fence_that_is_gone(stage):
    text = stage.lab.fences()[GROUP]
    stage.lab.human("delete_fence", group=GROUP)
    wait_state(stage, "fence", "fail", measured="there is none, the head is at epoch 1",
               advice="find out who deleted it")
    wait_state(stage, "servers", "unknown", advice="see line fence")
    stage.lab.human("fence", group=GROUP, text=text)
    wait_state(stage, "fence", "ok")
    wait_state(stage, "servers", "ok")


def test_a_fence_of_another_epoch(stage):
    text = stage.lab.fences()[GROUP]
    stage.lab.human("fence", group=GROUP, text=text.replace("epoch=1", "epoch=9"))
    wait_state(stage, "fence", "warn", measured="epoch 9, the head is at 1", advice="ahead of")
    stage.lab.human("fence", group=GROUP, text=text)
    wait_state(stage, "fence", "ok", measured="epoch 1")


# ---- AWS ----

def test_credentials_that_are_refused(stage):
    stage.lab.fault("deny", code="InvalidClientTokenId", message="no such key")
    wait_state(stage, "credentials", "fail", measured="InvalidClientTokenId",
               advice="docs/CREDENTIALS.md")
    wait_state(stage, "zone", "fail", measured="now it cannot be read: denied",
               advice="get Route 53 to answer")
    stage.lab.heal("deny")
    wait_state(stage, "credentials", "ok", measured="from the environment; AWS took them")
    wait_state(stage, "zone", "ok")


def test_route53_that_does_not_answer(stage):
    stage.lab.fault("down", mode="refuse")
    wait_state(stage, "zone", "fail", measured="now it cannot be read: lost")
    assert lines(stage, "credentials")[0]["state"] == "ok", "it says nothing of them"
    stage.lab.heal("down")
    wait_state(stage, "zone", "ok")


def test_a_server_that_is_silent(stage):
    stage.lab.fault("dns-down")
    wait_state(stage, "servers", "warn", measured="0 of 1 authoritative servers",
               advice="let DNS out")
    stage.lab.heal("dns-down")
    wait_state(stage, "servers", "ok", measured="1 of 1 authoritative servers")


def test_a_clock_that_is_off(stage):
    stage.lab.fault("clock", seconds=45)
    line = wait_state(stage, "clock", "warn", measured="ahead of ours", advice="set this machine")
    assert 44000 <= line["value"] <= 46000 and line["limit"] == 30000
    stage.lab.heal("clock")
    wait_state(stage, "clock", "ok")


# ---- probes, the store, sinks, orders ----

def test_a_probe_that_is_gone(stage):
    stage.stop_daemon(FRA)
    line = wait_state(stage, "quorum", "warn", measured="not counted: fra absent",
                      advice=f"if {EAST} dies with its own probes")
    assert line["value"] == 2 and line["limit"] == 2
    stage.stop_daemon(USW2)
    wait_state(stage, "quorum", "fail", measured="1 of 3 probes vote", advice="until 2 vote")
    wait_state(stage, "actors", "fail", measured="silent: usw2 absent", advice="one elsewhere")
    assert ready(stage)[0] == 3
    for probe in (USW2, FRA):
        stage.start_daemon(probe)
    wait_state(stage, "quorum", "ok")
    wait_state(stage, "actors", "ok")
    wait_state(stage, "target", "ok")


def test_a_probe_with_other_settings(stage):
    conf = stage.conf(FRA)
    text = conf.read_text()
    conf.write_text(text.replace("fall = 3;", "fall = 4;", 1))
    assert conf.read_text() != text
    stage.programs[FRA].send(signal.SIGHUP)
    wait_state(stage, "settings", "warn", measured="1 run other settings", advice="give fra")
    conf.write_text(text)
    stage.programs[FRA].send(signal.SIGHUP)
    wait_state(stage, "settings", "ok")
    wait_state(stage, "quorum", "ok")


def test_a_target_that_is_down(stage):
    stage.kill_site("pizza", WEST)
    wait_state(stage, "target", "fail", measured=f"nobody would take the traffic of {EAST}",
               advice=f"explain {GROUP}")
    assert ready(stage)[0] == 3
    stage.start_site("pizza", WEST)
    wait_state(stage, "target", "ok", measured=f"{WEST} would take it: agreed up")


def test_a_frozen_group(stage):
    stage.ctl("freeze", GROUP, "--reason", "deploy")
    wait_state(stage, "moves", "fail", measured="frozen by root", advice="regionshift thaw")
    assert ready(stage)[0] == 3
    stage.ctl("thaw", GROUP, "--reason", "done")
    wait_state(stage, "moves", "ok")


def test_a_store_that_does_not_answer(stage):
    hold = sqlite3.connect(stage.store, isolation_level=None)
    hold.execute("BEGIN EXCLUSIVE")
    try:
        wait_state(stage, "store", "fail", advice="get the store to answer")
    finally:
        hold.execute("ROLLBACK")
        hold.close()
    wait_state(stage, "store", "ok")
    wait_state(stage, "quorum", "ok")


def test_a_sink_that_refuses(stage):
    stage.mailbox_command("mail refuse 1000 451 4.3.0 later")
    stage.ctl("freeze", GROUP, "--reason", "to be told")

    def refused():
        return [probe for probe in PROBES
                if any(line["state"] == "warn" for line in lines(stage, "sink", probe))]
    probe, *_ = stage.wait_until("a sink is refused", refused, TURN_S)
    line, = lines(stage, "sink", probe)
    assert "451 4.3.0 later" in line["measured"] and "alert-test" in line["advice"]
    stage.mailbox_command("mail refuse 0 -")
    stage.ctl("thaw", GROUP, "--reason", "told")
    wait_state(stage, "sink", "ok", probe=probe, measured="took an alert")


# ---- what only a move shows: last, for it stays moved ----

def test_after_a_move_it_says_who_wrote_and_what_holds(stage):
    stage.kill_site("factory", EAST)
    entry = stage.lab.wait_for_batch(verdict="accepted", since=stage.lab.last_seq(), deadline=60)
    who = entry["fences_after"][GROUP].split("by=")[1].split()[0]
    wait_state(stage, "write", "ok", probe=who, measured="accepted at")
    wait_state(stage, "target", "fail", probe=who,
               measured=f"nobody would take the traffic of {WEST}")


def test_a_write_that_was_denied_is_told(stage):
    stage.start_site("factory", EAST)
    stage.wait_until("us-east-1 may gain", lambda: stage.gate_open("gain", EAST), 30)
    stage.lab.fault("deny", operation="ChangeResourceRecordSets")
    stage.ctl("failback", GROUP, "--reason", "back", "--for", "2m", check=False)

    def denied():
        return [probe for probe in (USE1, USW2)
                if any(line["state"] == "fail" for line in lines(stage, "write", probe))]
    probe, *_ = stage.wait_until("a write is denied", denied, TURN_S)
    line, = lines(stage, "write", probe)
    assert "AccessDenied" in line["measured"] and "config/iam/" in line["advice"]
    assert lines(stage, "fence", probe)[0]["state"] in ("warn", "fail"), "the head is ahead of it"
    stage.lab.heal("deny")
    wait_state(stage, "fence", "ok", probe=probe)


def test_metrics_say_it_too(stage):
    deadline = time.monotonic() + 4 * TURN_S
    while True:
        text = ask(stage, "GET", "/metrics")[2]
        if f'regionshift_ready_line{{line="fence",about="{GROUP} {ZONE}",state="ok"}} 1' in text:
            break
        assert time.monotonic() < deadline, text
        time.sleep(0.2)
    assert "regionshift_failover_ready " in text
    assert f'regionshift_ready_line{{line="fence",about="{GROUP} {ZONE}",state="fail"}} 0' in text
