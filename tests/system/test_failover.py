# SPDX-License-Identifier: Apache-2.0
"""Whole failovers on real servers, and what must not happen around them."""

import contextlib
import re
import signal
import sqlite3
import threading
import time

import pytest
from stage import PROBES, REGIONS, SERVICES, StageError

EAST, WEST = REGIONS
GROUP = "jwt-pizza"
GAP_S = 4.0         # clearly longer than the 2 s after which a daemon knows that it stood still


def weights(stage):
    """"0/100 0/100": east/west of pizza and factory, as the zone has them."""
    return " ".join("/".join(str(stage.lab.weights(f"{service}.example.com")[f"{service}-{region}"])
                             for region in REGIONS) for service in SERVICES)


def moves(stage):
    """Accepted batches of the daemons that changed a weight."""
    return [entry for entry in stage.lab.log()
            if entry["verdict"] == "accepted" and entry["source"] in ("api", "late")
            and any("Weight" in change["ResourceRecordSet"] for change in entry["changes"])]


def epochs(stage):
    """The fence's epoch after each accepted batch of the daemons, in order."""
    return [int(re.search(r"epoch=(\d+)", entry["fences_after"][GROUP])[1])
            for entry in stage.lab.log()
            if entry["verdict"] == "accepted" and entry["source"] in ("api", "late")]


def wait_moved(stage, deadline=30):
    stage.wait_until("the weights move west", lambda: weights(stage) == "0/100 0/100", deadline)


def must_stay(stage, expected, seconds=3.0):
    """Nothing else happens for so long: each look must see the same."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert weights(stage) == expected
        time.sleep(0.1)


def test_a_dead_factory_moves_the_pizza_service_with_it_once(stage):
    died = stage.kill_site("factory", EAST)
    wait_moved(stage)
    stage.wait_log(30, since=died, fact="insync")
    stage.wait_log(30, since=died, fact="servers", state="done")
    assert set(stage.dig("pizza.example.com")) == {stage.address("pizza", WEST)}
    assert set(stage.dig("factory.example.com")) == {stage.address("factory", WEST)}
    assert len(moves(stage)) == 1, "pizza and factory move in one batch"
    assert epochs(stage) == [1, 2]
    mail = stage.wait_mail(30, since=died, Event="moved")
    for needed in ("factory/us-east-1", "regionshift freeze"):
        assert needed in mail["data"]
    said = [probe for probe in stage.probes if f"{probe} down" in mail["data"]]
    assert len(said) >= 2, "whoever was part of the quorum is named"
    must_stay(stage, "0/100 0/100")
    assert len(moves(stage)) == 1


def test_a_region_that_heals_before_hold_keeps_its_weight(make_stage):
    stage = make_stage(timing={"hold": 60})
    died = stage.kill_site("factory", EAST)
    stage.wait_log(30, since=died, fact="agreement", site=f"factory/{EAST}", state="down")
    back = time.monotonic()
    stage.start_site("factory", EAST)
    stage.wait_log(30, since=back, fact="agreement", site=f"factory/{EAST}", state="up")
    assert weights(stage) == "100/0 100/0" and not moves(stage)


def test_nothing_moves_back_by_itself_and_failback_brings_it_back(stage):
    stage.kill_site("factory", EAST)
    wait_moved(stage)
    back = time.monotonic()
    stage.start_site("factory", EAST)
    stage.wait_log(30, since=back, fact="agreement", site=f"factory/{EAST}", state="up")
    must_stay(stage, "0/100 0/100", stage.timing["stable"] + 2)
    stage.ctl("failback", GROUP, "--reason", "repaired")
    stage.wait_until("failback", lambda: weights(stage) == "100/0 100/0", 30)
    assert epochs(stage) == [1, 2, 3]


def test_a_drain_by_order_moves_a_healthy_region_and_restore_lets_it_return(stage):
    stage.ctl("drain", EAST, "--reason", "maintenance")
    wait_moved(stage)
    stage.wait_until("dwell over", lambda: stage.ctl("restore", EAST, "--reason", "done"), 30)
    must_stay(stage, "0/100 0/100", 2)
    stage.ctl("failback", GROUP, "--reason", "done")
    stage.wait_until("failback", lambda: weights(stage) == "100/0 100/0", 30)


def test_a_frozen_group_does_not_move_and_a_thawed_one_does(stage):
    stage.ctl("freeze", GROUP, "--reason", "looking")
    died = stage.kill_site("factory", EAST)
    stage.wait_log(30, since=died, fact="refused", reason="freeze")
    must_stay(stage, "100/0 100/0", 2)
    stage.ctl("thaw", GROUP, "--reason", "looked")
    wait_moved(stage)


@pytest.mark.parametrize("fact", ["verdict", "proposed", "decided", "sent", "accepted"])
def test_a_daemon_killed_at_any_stage_of_a_change_leaves_one_move(make_stage, fact):
    struck = threading.Event()
    box = {}

    def heard(line):
        stage = box.get("stage")
        if stage and not struck.is_set() and line.has(fact=fact) and line.at > box["since"]:
            struck.set()
            box["victim"] = line.probe
            stage.programs[line.probe].send(signal.SIGKILL)
    stage = make_stage(heard=heard)
    box.update(since=time.monotonic(), stage=stage)
    stage.kill_site("factory", EAST)
    assert struck.wait(30), f"nobody said fact={fact}"
    wait_moved(stage)
    victim = box["victim"]
    stage.programs.pop(victim).process.wait()
    again = time.monotonic()
    stage.start_daemon(victim)
    stage.wait_log(30, since=again, probes=(victim,), fact="store", status="ok")
    must_stay(stage, "0/100 0/100", 2)
    assert len(moves(stage)) == 1
    assert epochs(stage) == sorted(set(epochs(stage))), "epochs rise"


def test_sigterm_during_a_change_ends_cleanly_and_the_change_is_made(make_stage):
    box = {}
    struck = threading.Event()

    def heard(line):
        stage = box.get("stage")
        if stage and not struck.is_set() and line.has(fact="sent"):
            struck.set()
            box["victim"] = line.probe
            stage.programs[line.probe].send(signal.SIGTERM)
    stage = make_stage(heard=heard)
    stage.lab.fault("slow", seconds=0.5, operation="ChangeResourceRecordSets")
    box["stage"] = stage
    stage.kill_site("factory", EAST)
    assert struck.wait(30)
    assert stage.stop_daemon(box["victim"]) == 0
    wait_moved(stage)
    assert len(moves(stage)) == 1


def can_be_written(path):
    with contextlib.closing(sqlite3.connect(path, timeout=0.5, isolation_level=None)) as database:
        try:
            database.execute("BEGIN IMMEDIATE")
            database.execute("ROLLBACK")
        except sqlite3.OperationalError:
            return False
        return True


def stop_who_decided(make_stage):
    """A stage whose factory died, the probe that decided and stands still since, and when."""
    box = {}
    struck = threading.Event()

    def heard(line):
        if "stage" in box and not struck.is_set() and line.has(fact="decided"):
            struck.set()
            box["victim"] = line.probe
            box["stage"].programs[line.probe].send(signal.SIGSTOP)
    stage = box["stage"] = make_stage(heard=heard)
    stage.kill_site("factory", EAST)
    assert struck.wait(30)
    return stage, box["victim"], time.monotonic()


def test_two_daemons_apply_at_once_and_one_change_is_made(make_stage):
    """The first applier is stopped with its batch built; the second applies; the first wakes."""
    for _ in range(4):
        died = time.monotonic()
        stage, victim, stopped = stop_who_decided(make_stage)
        if can_be_written(stage.store):
            break
        # It stopped with the store's lock in its hands: on one machine, then nobody can decide.
        stage.programs[victim].send(signal.SIGCONT)
    try:
        wait_moved(stage)
        time.sleep(max(0, stopped + GAP_S - time.monotonic()))
    finally:
        stage.programs[victim].send(signal.SIGCONT)
    stage.wait_log(30, since=died, probes=(victim,), fact="gap", kind="stalled")
    must_stay(stage, "0/100 0/100", 3)
    assert len(moves(stage)) == 1
    assert epochs(stage) == [1, 2]


def test_a_late_batch_finds_nothing_to_delete_after_a_newer_decision(stage):
    """C7: the reply is lost and Route 53 carries the batch out seconds later."""
    stage.lab.fault("late", seconds=6, count=1)
    stage.kill_site("factory", EAST)
    wait_moved(stage)
    late = stage.lab.wait_for_batch(since=1, deadline=30, source="late")
    assert late["verdict"] == "refused", "the late batch names a fence that is gone"
    must_stay(stage, "0/100 0/100", 1)
    assert len(moves(stage)) == 1


def test_a_lost_reply_does_not_apply_a_change_twice(stage):
    stage.lab.fault("lose-reply", count=1, operation="ChangeResourceRecordSets")
    died = stage.kill_site("factory", EAST)
    wait_moved(stage)
    stage.wait_log(30, since=died, fact="lost")
    stage.wait_log(30, since=died, fact="applied", whose="ours")
    must_stay(stage, "0/100 0/100", 3)
    assert len(moves(stage)) == 1 and epochs(stage) == [1, 2]


def test_route53_away_pages_and_the_change_is_made_when_it_is_back(stage):
    stage.lab.fault("down")
    died = stage.kill_site("factory", EAST)
    stage.wait_mail(60, since=died, Event="cannot_write")
    assert not moves(stage)
    stage.lab.heal()
    wait_moved(stage, 60)


@pytest.mark.parametrize("operation", ["ChangeResourceRecordSets", None],
                         ids=["writes-fail", "nothing-answers"])
def test_a_region_that_recovers_while_route53_is_away_cancels_the_decision(stage, operation):
    stage.lab.fault("down", **({"operation": operation} if operation else {}))
    died = stage.kill_site("factory", EAST)
    stage.wait_log(30, since=died, fact="decided", kind="leave")
    back = time.monotonic()
    stage.start_site("factory", EAST)
    stage.wait_log(30, since=back, fact="agreement", site=f"factory/{EAST}", state="up")
    if operation is None:       # what was applied cannot be read now: nothing is undone blindly
        stage.lab.heal()
    stage.wait_log(90, since=back, fact="decided", kind="cancel")
    stage.lab.heal()
    stage.wait_until("the fence rises", lambda: "epoch=3" in stage.lab.fences()[GROUP], 90)
    assert weights(stage) == "100/0 100/0" and not moves(stage)


def test_a_human_weight_before_the_move_holds_it_until_acknowledged(stage):
    stage.lab.human("weight", name="pizza.example.com", set=f"pizza-{WEST}", weight=10)
    died = stage.kill_site("factory", EAST)
    mail = stage.wait_mail(60, since=died, Event="drift")
    assert weights(stage) == "100/10 100/0", "nothing moves over a human's change"
    incident = re.search(r"(?im)^X-Regionshift-Incident: (\S+)", mail["data"])[1]
    # whoever wrote the mail has read the zone; the one that is asked here may do so a little later
    stage.wait_until("the ack is taken", lambda: stage.ctl(
        "ack", incident, "--reason", "it was me", check=False).returncode == 0, 30)
    stage.wait_until("moved", lambda: weights(stage).startswith("0/"), 60)
    assert stage.lab.weights("factory.example.com")[f"factory-{EAST}"] == 0


def test_a_human_weight_between_reading_and_writing_refuses_the_batch(make_stage):
    box = {}
    done = threading.Event()

    def heard(line):
        stage = box.get("stage")
        if stage and not done.is_set() and line.has(fact="sent"):
            done.set()
            stage.lab.human("weight", name="pizza.example.com", set=f"pizza-{WEST}", weight=10)
    stage = make_stage(heard=heard)
    stage.lab.fault("slow", seconds=1, when="before", operation="ChangeResourceRecordSets")
    box["stage"] = stage
    died = stage.kill_site("factory", EAST)
    assert done.wait(30)
    stage.wait_log(30, since=died, fact="batch_refused", outcome="refused")
    stage.wait_mail(60, since=died, Event="drift")
    assert weights(stage) == "100/10 100/0" and not moves(stage)


def test_a_deleted_fence_is_written_anew_and_paged(stage):
    stage.lab.human("delete_fence", group=GROUP)
    died = stage.kill_site("factory", EAST)
    wait_moved(stage, 60)
    stage.wait_mail(60, since=died, Event="fence_missing")
    assert epochs(stage) == sorted(set(epochs(stage))), "epochs rise"
    assert len(moves(stage)) == 1


def test_a_minority_cannot_move_traffic(stage):
    for probe in PROBES[1:]:
        stage.stop_daemon(probe)
    died = stage.kill_site("factory", EAST)
    stage.wait_log(30, since=died, fact="verdict", site=f"factory/{EAST}", state="down")
    must_stay(stage, "100/0 100/0", 5)
    with pytest.raises(StageError):
        stage.wait_log(0.1, since=died, fact="proposed")


def test_one_mail_for_one_move_from_three_probes(stage):
    died = stage.kill_site("factory", EAST)
    stage.wait_mail(60, since=died, Event="moved")
    for probe in PROBES[:2]:    # who may act reads the zone, and raises the same alert
        stage.wait_log(30, since=died, probes=(probe,), fact="applied", epoch=2)
    stage.wait_all_told(30)
    mails = [mail for mail in stage.mails if "X-Regionshift-Event: moved" in mail["data"]]
    assert len(mails) == 1


def test_a_dry_run_watches_and_says_but_writes_nothing(make_stage):
    stage = make_stage()
    for probe in PROBES:
        assert stage.stop_daemon(probe) == 0
    again = time.monotonic()
    for probe in PROBES:
        stage.start_daemon(probe, options=["-n"])
    for service in SERVICES:
        stage.wait_log(30, since=again, fact="agreement", site=f"{service}/{WEST}", state="up")
    stage.kill_site("factory", EAST)
    stage.wait_log(60, since=again, fact="refused", reason="dry-run")
    assert not moves(stage) and epochs(stage) == [1]
