# SPDX-License-Identifier: Apache-2.0
"""Break-glass: the store is away, a region burns, and an operator drains it through one daemon;
what the command shows, asks and says, and what the store hears when it is back."""

import json
import os
import pty
import signal
import subprocess
import time

from operators import EAST, GROUP, WEST, ask, order
from stage import BUILD, PROBES
from test_failover import epochs, moves, must_stay, weights

DRAIN = ("drain", EAST, "--override", "--reason", "the east burns")


def store_goes(stage):
    """The daemons' one store is gone, as a cluster without a quorum is; no daemon that is started
    now can make another one."""
    folder = stage.store.parent
    folder.rename(folder.with_name("store-away"))
    folder.write_text("no folder\n")
    for probe in PROBES:
        stage.wait_until(f"{probe} knows that the store is away",
                         lambda p=probe: not stage.status(p)["store"]["ok"], 30)


def store_returns(stage):
    folder = stage.store.parent
    folder.unlink()
    folder.with_name("store-away").rename(folder)
    for probe in PROBES:
        stage.wait_until(f"{probe} has the store again",
                         lambda p=probe: stage.status(p)["store"]["ok"], 40)


def restart(stage, probe, options=()):
    """Ends what is left of a daemon, starts it, and waits until it answers."""
    def answers():
        try:
            return ask(stage, "GET", "/healthz", probe=probe)[0] == 200
        except OSError:
            return False
    stage.stop_daemon(probe)
    stage.start_daemon(probe, options=options)
    stage.wait_until(f"{probe} answers", answers, 20)


def local_orders(stage, probe="use1"):
    return [o for o in stage.status(probe)["orders"] if o["local"]]


def drained(stage, probe="use1"):
    return [r["name"] for r in stage.status(probe)["regions"] if r["drained"]]


def group(stage, probe="use1"):
    return stage.status(probe)["groups"][0]


def reconciled(stage):
    """The store has the order, the zone is the head everywhere, and nothing is left to say."""
    for probe in PROBES:
        status = stage.status(probe)
        head = status["groups"][0]["decision"]
        if any(o["local"] for o in status["orders"]) or head is None or head["kind"] != "adopt" \
                or status["groups"][0]["break_glass"] or not status["orders"]:
            return False
    return True


def test_a_region_is_drained_without_the_store_and_stays_so(stage):
    store_goes(stage)
    since = time.monotonic()
    shown = stage.ctl(*DRAIN, check=False)
    assert shown.returncode == 3, "nobody confirmed it"
    assert "the store is away" in shown.stdout and "break-glass through probe use1" in shown.stdout
    assert "the fence of epoch 1 is replaced by epoch 2" in shown.stdout
    assert "weight 100" in shown.stdout and "-> 0" in shown.stdout
    assert f"pizza-{EAST}" in shown.stdout, "the very record sets"
    assert "no quorum" in shown.stdout and "no dwell" in shown.stdout
    assert "--yes" in shown.stderr and "nothing was changed" in shown.stderr
    assert weights(stage) == "100/0 100/0"

    done = stage.ctl(*DRAIN, "--yes")
    assert "obeyed" in done.stdout and "epoch 2" in done.stdout
    assert weights(stage) == "0/100 0/100"
    assert drained(stage) == [EAST] and group(stage)["break_glass"]
    assert [o["reason"] for o in local_orders(stage)] == ["the east burns"]
    stage.wait_mail(30, since=since, Event="moved")
    mail = stage.wait_mail(30, since=since, Event="break_glass")
    assert "without store and quorum" in mail["data"] and "the east burns" in mail["data"]
    assert "not in the store yet" in stage.ctl("status").stdout

    since = time.monotonic()
    store_returns(stage)
    stage.wait_until("it is reconciled", lambda: reconciled(stage), 60)
    for probe in PROBES:
        assert drained(stage, probe) == [EAST]
    assert stage.wait_mail(60, since=since, Event="break_glass")
    assert "broke the glass" in stage.ctl("history").stdout
    must_stay(stage, "0/100 0/100", 5)
    assert epochs(stage) == sorted(set(epochs(stage))), "each fence is replaced by a higher one"
    assert len(moves(stage)) == 1
    stage.ctl("restore", EAST, "--reason", "the fire is out")
    stage.ctl("failback", GROUP, "--reason", "the fire is out", "--for", "1m", check=False)
    stage.wait_until("traffic is back", lambda: weights(stage) == "100/0 100/0", 30)


def test_what_was_done_on_one_word_replays(stage):
    store_goes(stage)
    stage.ctl(*DRAIN, "--yes")
    said = stage.ctl("explain", GROUP).stdout
    assert "break-glass: epoch 2 is decided by this probe alone" in said
    store_returns(stage)
    stage.wait_until("it is reconciled", lambda: reconciled(stage), 60)
    assert stage.stop_daemon("use1") == 0
    done = subprocess.run([str(BUILD / "regionshift"), "replay", "--json",
                           str(stage.folder / "use1" / "history.db")], capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 0 and json.loads(done.stdout)["same"], done.stdout + done.stderr


def test_at_a_terminal_the_name_of_the_region_is_typed(stage):
    store_goes(stage)
    for typed, code, after in (("y", 3, "100/0 100/0"), (EAST, 0, "0/100 0/100")):
        leader, follower = pty.openpty()
        os.write(leader, typed.encode() + b"\n")
        done = subprocess.run([str(BUILD / "regionshift"), "-s", f"unix:{stage.socket('use1')}",
                               *DRAIN], stdin=follower, capture_output=True, text=True,
                              timeout=60, check=False)
        os.close(leader)
        os.close(follower)
        assert "type the region's name" in done.stdout
        assert (done.returncode, weights(stage)) == (code, after), done.stderr


def test_without_override_or_with_the_store_nothing_is_broken(stage):
    status, answer = order(stage, verb="drain", region=EAST, reason="x", override=True,
                           break_glass={GROUP: 1})
    assert status == 409 and answer["error"]["code"] == "store_answers"
    assert weights(stage) == "100/0 100/0"
    store_goes(stage)
    done = stage.ctl("drain", EAST, "--reason", "x", check=False)
    assert done.returncode == 1 and "--override" in done.stderr
    status, answer = order(stage, verb="drain", region=EAST, reason="x", break_glass={GROUP: 1})
    assert status == 400, "it belongs to an override"
    status, answer = order(stage, verb="drain", region=EAST, reason="x", override=True,
                           break_glass={"burger": 1})
    assert status == 404 and answer["error"]["code"] == "no_such_group"
    done = stage.ctl(*DRAIN, "--yes", probe="fra", check=False)
    assert done.returncode == 3 and "may_act" in done.stderr
    must_stay(stage, "100/0 100/0", 1)


def test_a_zone_that_changed_after_it_was_shown_is_shown_again(stage):
    store_goes(stage)
    status, answer = order(stage, verb="drain", region=EAST, reason="x", override=True,
                           break_glass={GROUP: 7})
    assert status == 409 and answer["error"]["rule"] == "C3"
    assert not answer["stands"] and not local_orders(stage)
    status, answer = order(stage, verb="drain", region=EAST, reason="x", override=True)
    assert status == 409 and answer["error"]["code"] == "confirm"
    assert answer["break_glass"] == {GROUP: 1}
    status, answer = order(stage, verb="drain", region=EAST, reason="x", override=True,
                           break_glass=answer["break_glass"])
    assert status == 200 and answer["outcome"] == "obeyed" and answer["break_glass"] is True
    assert weights(stage) == "0/100 0/100"


def test_the_daemon_remembers_through_a_crash(stage):
    store_goes(stage)
    stage.ctl(*DRAIN, "--yes")
    stage.programs["use1"].send(signal.SIGKILL)
    kept = list(stage.folder.rglob("orders.json"))
    assert len(kept) == 1 and kept[0].stat().st_mode & 0o777 == 0o600
    assert "the east burns" in kept[0].read_text()
    since = time.monotonic()
    restart(stage, "use1")
    stage.programs["use1"].wait_line(lambda line: "is not in the store yet" in line.text, 20, since)
    stage.wait_until("it knows the order", lambda: drained(stage) == [EAST], 20)
    store_returns(stage)
    stage.wait_until("it is reconciled", lambda: reconciled(stage), 60)
    assert weights(stage) == "0/100 0/100"
    assert json.loads(kept[0].read_text())["orders"] == {}


def test_a_daemon_started_after_the_store_had_gone_will_do(stage):
    store_goes(stage)
    restart(stage, "use1")
    stage.wait_until("it has read the zone", lambda: group(stage)["fence_epoch"] == 1, 20)
    stage.ctl(*DRAIN, "--yes")
    assert weights(stage) == "0/100 0/100"
    store_returns(stage)
    stage.wait_until("it is reconciled", lambda: reconciled(stage), 60)
    assert weights(stage) == "0/100 0/100"


def test_the_wrong_region_is_taken_back_without_the_store(stage):
    store_goes(stage)
    stage.ctl(*DRAIN, "--yes")
    done = stage.ctl("drain", WEST, "--override", "--yes", "--reason", "the west it is",
                     check=False)
    assert done.returncode == 3 and "D2" in done.stderr
    assert "taken back" in stage.ctl("restore", EAST, "--reason", "wrong one").stdout
    stage.ctl("drain", WEST, "--override", "--yes", "--reason", "the west it is")
    assert weights(stage) == "100/0 100/0"
    store_returns(stage)
    stage.wait_until("it is reconciled", lambda: reconciled(stage), 60)
    assert drained(stage) == [WEST] and weights(stage) == "100/0 100/0"


def test_a_lost_reply_is_found_in_the_zone(make_stage):
    stage = make_stage()
    store_goes(stage)
    stage.lab.fault("lose-reply", count=1, operation="ChangeResourceRecordSets")
    stage.ctl(*DRAIN, "--yes")
    assert weights(stage) == "0/100 0/100"
    assert len(moves(stage)) == 1


def test_a_dry_run_changes_nothing(stage):
    store_goes(stage)
    restart(stage, "use1", options=["-n"])
    done = stage.ctl(*DRAIN, "--yes", check=False)
    assert done.returncode == 3 and "dry" in done.stderr
    must_stay(stage, "100/0 100/0", 1)
