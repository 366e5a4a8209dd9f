# SPDX-License-Identifier: Apache-2.0
"""Faults around the daemons: their store, their clock, their mail, their settings."""

import os
import signal
import subprocess
import time

import pytest
from programs import faketime_env
from stage import BUILD, PROBES, REGIONS, SERVICES
from test_failover import moves, must_stay, wait_moved, weights

EAST, WEST = REGIONS
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")


@pytest.fixture
def mounts():
    """mount(arguments..., target): unmounted at the end."""
    done = []

    def mount(*arguments):
        subprocess.run(["mount", *arguments], check=True, capture_output=True)
        done.append(arguments[-1])
    yield mount
    for target in reversed(done):
        subprocess.run(["umount", "-l", target], check=False)


def says_store_away(stage, since):
    for probe in PROBES:
        stage.wait_log(30, since=since, probes=(probe,), fact="store", rule="S2")


def test_a_removed_store_file_is_said_and_never_a_decision(stage):
    gone = time.monotonic()
    for suffix in ("", "-wal", "-shm"):
        stage.store.with_name(f"store.db{suffix}").unlink(missing_ok=True)
    says_store_away(stage, gone)
    stage.kill_site("factory", EAST)
    must_stay(stage, "100/0 100/0", 6)
    assert not moves(stage)


@needs_root
def test_a_read_only_store_is_said_and_never_a_decision(stage, mounts):
    for probe in PROBES:
        assert stage.stop_daemon(probe) == 0
    folder = str(stage.store.parent)
    mounts("--bind", folder, folder)
    subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
    since = time.monotonic()
    for probe in PROBES:
        stage.start_daemon(probe)
        stage.wait_log(30, since=since, probes=(probe,), fact="store", status="readonly")
    stage.kill_site("factory", EAST)
    must_stay(stage, "100/0 100/0", 5)
    assert not moves(stage)


@needs_root
def test_a_full_store_is_said_and_never_a_decision(make_stage, mounts, tmp_path):
    folder = tmp_path / "stage"
    folder.mkdir()
    mounts("-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder))
    stage = make_stage(folder=folder)
    ballast = folder / "ballast"
    with open(ballast, "wb", buffering=0) as out:
        try:
            while True:
                out.write(b"\0" * 65536)
        except OSError:
            pass
    died = stage.kill_site("factory", EAST)
    for probe in PROBES:
        stage.wait_log(30, since=died, probes=(probe,), fact="store", status="full")
    assert weights(stage) in ("100/0 100/0", "0/100 0/100")
    assert len(moves(stage)) <= 1
    ballast.unlink()
    wait_moved(stage, 60)
    assert len(moves(stage)) == 1


def test_mail_refused_for_a_while_arrives_later_once(stage):
    stage.mailbox_command("mail refuse 3 451 4.7.1 try again later")
    died = stage.kill_site("factory", EAST)
    stage.wait_mail(60, since=died, Event="moved")
    stage.wait_all_told(60)
    mails = [mail for mail in stage.mails if "X-Regionshift-Event: moved" in mail["data"]]
    assert len(mails) == 1


def test_a_clock_a_day_behind_changes_no_decision(make_stage):
    """One daemon is started with a clock that is a day behind."""
    stage = make_stage()
    for probe in PROBES[:1]:
        stage.stop_daemon(probe)
    again = time.monotonic()
    stage.start_daemon(PROBES[0], wrapper=["env", *(
        f"{name}={value}" for name, value in faketime_env("-1d").items())])
    stage.wait_log(30, since=again, probes=(PROBES[0],), fact="store", status="ok")
    for service in SERVICES:
        stage.wait_log(30, since=again, probes=(PROBES[0],), fact="agreement",
                       site=f"{service}/{WEST}", state="up")
    stage.wait_until("us-west-2 may gain", lambda: stage.gate_open("gain", WEST), 30)
    stage.kill_site("factory", EAST)
    wait_moved(stage, 60)
    must_stay(stage, "0/100 0/100", 3)
    assert len(moves(stage)) == 1


def test_a_bad_file_at_sighup_changes_nothing(stage):
    before = stage.conf("use1").read_text()
    stage.conf("use1").write_text(before.replace("hold = 0;", "hold = 99999999999999999999;"))
    since = time.monotonic()
    stage.programs["use1"].send(signal.SIGHUP)
    stage.programs["use1"].wait_line(lambda line: line.has(level="error"), 20, since)
    stage.kill_site("factory", EAST)
    wait_moved(stage)


def test_sighup_takes_new_settings(stage):
    since = time.monotonic()
    for probe in PROBES:
        conf = stage.conf(probe)
        conf.write_text(conf.read_text().replace("dwell = 2;", "dwell = 3;"))
        stage.programs[probe].send(signal.SIGHUP)
    for service in SERVICES:
        for region in REGIONS:
            stage.wait_log(60, since=since, fact="agreement", site=f"{service}/{region}",
                           state="up")
    stage.wait_until("us-west-2 may gain", lambda: stage.gate_open("gain", WEST), 30)
    stage.kill_site("factory", EAST)
    wait_moved(stage, 60)


def test_numbers_that_overflow_are_refused_with_file_line_and_limit(tmp_path, stage):
    conf = tmp_path / "overflow.conf"
    conf.write_text(stage.conf("use1").read_text().replace("hold = 0;", "hold = 4294967297;"))
    done = subprocess.run([str(BUILD / "regionshiftd"), "-c", str(conf), "-t"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"{conf}:" in done.stderr
    assert "4294967297 is too large; integers lie within" in done.stderr
