# SPDX-License-Identifier: Apache-2.0
"""Daemons on a machine that is short of something, beside a Route 53 that is slow or silent, with a
store that is held or set back, and while everybody sends them signals."""

import os
import shutil
import signal
import sqlite3
import time

from stage import PROBES, REGIONS
from test_failover import GROUP, epochs, moves, must_stay, wait_moved, weights

EAST, WEST = REGIONS


def copy_store(source, target):
    """A copy in one piece, into the same file if there is one: what a restore does."""
    with sqlite3.connect(source) as old, sqlite3.connect(target) as new:
        old.backup(new)
    old.close()
    new.close()


def restart_all(stage, **options):
    for probe in PROBES:
        assert stage.stop_daemon(probe) == 0
    since = time.monotonic()
    for probe in PROBES:
        stage.start_daemon(probe, **options)
    return since


# -- a poor machine --

def test_forty_descriptors_are_enough(stage):
    since = restart_all(stage, wrapper=["prlimit", "--nofile=40"])
    for probe in PROBES:
        stage.wait_log(30, since=since, probes=(probe,), fact="store", status="ok")
    stage.wait_until("us-west-2 may gain", lambda: stage.gate_open("gain", WEST), 30)
    stage.kill_site("factory", EAST)
    wait_moved(stage)
    assert len(moves(stage)) == 1


def test_a_history_that_cannot_be_written_is_said_and_holds_nothing_up(make_stage):
    stage = make_stage(settle=False)
    for probe in PROBES:
        shutil.rmtree(stage.folder / probe / "history.db", ignore_errors=True)
        stage.stop_daemon(probe)
        for suffix in ("", "-wal", "-shm"):
            (stage.folder / probe / f"history.db{suffix}").unlink(missing_ok=True)
        (stage.folder / probe / "history.db").mkdir()
        stage.start_daemon(probe)
        stage.programs[probe].wait_line(
            lambda line: "history:" in line.text and "are not recorded" in line.text, 20)
    stage.settle()
    stage.kill_site("factory", EAST)
    wait_moved(stage)


def test_a_spool_that_is_gone_holds_the_change_until_it_is_back(stage):
    for probe in PROBES:
        shutil.rmtree(stage.folder / probe / "spool")
    stage.kill_site("factory", EAST)
    stage.wait_log(30, level="error", msg="epoch 2 of jwt-pizza is not sent: cannot be put on disk "
                                          "first: No such file or directory")
    must_stay(stage, "100/0 100/0", 2)
    for probe in PROBES:
        (stage.folder / probe / "spool").mkdir(mode=0o700)
    wait_moved(stage, 60)
    assert len(moves(stage)) == 1


# -- Route 53 --

def test_a_route53_that_takes_eight_seconds_for_everything_is_waited_for(stage):
    stage.lab.fault("slow", seconds=8)
    stage.kill_site("factory", EAST)
    wait_moved(stage, 60)
    stage.lab.heal()
    must_stay(stage, "0/100 0/100", 3)
    assert len(moves(stage)) == 1


def test_a_stop_waits_for_an_answer_that_never_comes_within_a_bound(stage):
    stage.lab.fault("lose-reply", reply="hang", count=1)
    died = stage.kill_site("factory", EAST)
    victim = stage.wait_log(30, since=died, fact="sent").probe
    assert stage.stop_daemon(victim) == 0
    wait_moved(stage)
    must_stay(stage, "0/100 0/100", 2)
    assert len(moves(stage)) == 1


# -- the store --

def test_daemons_started_beside_a_store_that_is_held_say_so_and_go_on(stage):
    for probe in PROBES:
        assert stage.stop_daemon(probe) == 0
    holder = sqlite3.connect(stage.store, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    since = time.monotonic()
    for probe in PROBES:
        stage.start_daemon(probe)
        line = stage.programs[probe].wait_line(
            lambda line: "another process holds its lock" in line.text, 20)
        assert "fuser -v" in line.text
    assert stage.stop_daemon(PROBES[2]) == 0, "also a daemon that never had a store ends"
    holder.execute("ROLLBACK")
    holder.close()
    for probe in PROBES[:2]:
        stage.wait_log(30, since=since, probes=(probe,), fact="store", status="ok")


def test_an_older_store_put_back_repeats_no_move_and_no_old_vote(stage):
    copy = stage.store.with_name("copy.db")
    copy_store(stage.store, copy)
    stage.kill_site("factory", EAST)
    wait_moved(stage)
    stage.wait_log(30, fact="servers", state="done", epoch=2)
    since = time.monotonic()
    copy_store(copy, stage.store)
    for probe in PROBES:
        stage.programs[probe].wait_line(
            lambda line: "its revision went back" in line.text, 30, since)
    stage.wait_until("the zone is the head again",
                     lambda: "epoch=3" in stage.lab.fences()[GROUP], 30)

    def votes():
        sites = stage.status("fra")["groups"][0]["sites"]
        site = next(site for site in sites if site["site"] == f"factory/{EAST}")
        return {vote["state"] for vote in site["votes"].values()}
    stage.wait_until("all say what they see now", lambda: votes() == {"down"}, 20)
    must_stay(stage, "0/100 0/100", 2)
    assert len(moves(stage)) == 1
    assert epochs(stage) == sorted(set(epochs(stage))), "epochs rise"


# -- signals --

def test_reloads_and_ends_all_at_once_end_cleanly(stage):
    stage.lab.fault("slow", seconds=1)
    for _ in range(30):
        for probe in PROBES:
            stage.programs[probe].send(signal.SIGHUP)
        time.sleep(0.05)
    for probe in PROBES:
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGHUP, signal.SIGTERM):
            stage.programs[probe].send(number)
    for probe in PROBES:
        assert stage.programs.pop(probe).process.wait(30) == 0
    assert weights(stage) == "100/0 100/0"
    assert not os.listdir(stage.folder / PROBES[0] / "spool" / "alerts")
