# SPDX-License-Identifier: Apache-2.0
"""The daemon as a program: its arguments, its service manager, its reload, and what it keeps on
disk before it sends."""

import os
import re
import signal
import socket
import subprocess
import time

import pytest
from stage import BUILD, PROBES, TOP, Program
from test_failover import moves, must_stay, wait_moved, weights

DAEMON = str(BUILD / "regionshiftd")
EXAMPLE = str(TOP / "config" / "jwt-pizza.conf")


def run(*arguments, **options):
    return subprocess.run([DAEMON, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60, check=False, **options)


def store(stage, *arguments):
    done = subprocess.run([str(BUILD / "tests/lib/store_tool"), str(stage.store),
                           *arguments], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


# -- arguments --

def test_version_and_help_say_what_they_are():
    assert re.fullmatch(r"regionshiftd \d+\.\d+\.\d+\n", run("-V").stdout)
    done = run("--help")
    assert done.returncode == 0 and done.stdout.startswith("usage: regionshiftd")


@pytest.mark.parametrize("arguments", [["-x"], ["-c"], ["extra"], ["--probe"], ["--no-such"]])
def test_bad_usage_is_2_and_shows_the_usage(arguments):
    done = run(*arguments)
    assert done.returncode == 2
    assert "usage: regionshiftd" in done.stderr and done.stdout == ""


def test_a_good_file_is_ok_with_its_warnings():
    done = run("-c", EXAMPLE, "-t", "--probe", "use1")
    assert done.returncode == 0
    assert done.stdout == f"{EXAMPLE}: ok\n"
    assert "warning:" in done.stderr


def test_a_bad_file_is_2_with_every_error(tmp_path):
    conf = tmp_path / "bad.conf"
    conf.write_text(open(EXAMPLE).read().replace("hold = 20;", "hold = -1; nosuch = 1;"))
    for arguments in (["-t"], [], ["--dump-config"]):
        done = run("-c", str(conf), *arguments)
        assert done.returncode == 2
        assert "hold" in done.stderr and "nosuch" in done.stderr and done.stdout == ""
    done = run("-c", str(tmp_path / "none.conf"))
    assert done.returncode == 2 and "none.conf" in done.stderr


def test_the_settings_in_effect_can_be_read_back(tmp_path):
    dumped = run("-c", EXAMPLE, "--probe", "use1", "--dump-config")
    assert dumped.returncode == 0
    conf = tmp_path / "dumped.conf"
    conf.write_text(dumped.stdout)
    again = run("-c", str(conf), "--probe", "use1", "--dump-config")
    assert again.returncode == 0 and again.stdout == dumped.stdout


def test_a_daemon_without_a_name_does_not_run(tmp_path):
    done = run("-c", EXAMPLE)
    assert done.returncode == 2 and "probe.name" in done.stderr


def test_the_manual_knows_every_fact_of_the_log():
    source = (TOP / "monitor/core/fact.c").read_text()
    names = re.findall(r'\[FACT_\w+\] = \{"(\w+)"', source)
    manual = (TOP / "docs/regionshiftd.8").read_text()
    log = manual[manual.index(".Sh LOG"):manual.index(".Sh SIGNALS")]
    told = set(re.findall(r"\w+", " ".join(re.findall(r"(?m)^\.It Cm (.*)$", log))))
    assert len(names) > 20 and told == set(names)


# -- the service manager --

class Manager:
    """The socket of a service manager."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.path = str(path)
        self.heard = []

    def wait(self, words, deadline=120):
        """The first message with these words that has not been waited for yet."""
        until = time.monotonic() + deadline
        while True:
            for index, text in enumerate(self.heard):
                if words in text:
                    del self.heard[:index + 1]
                    return text
            self.socket.settimeout(max(0.01, until - time.monotonic()))
            self.heard.append(self.socket.recv(4096).decode())


def test_the_service_manager_is_told_how_we_are(make_stage, tmp_path):
    stage = make_stage(settle=False)
    stage.stop_daemon("use1")
    manager = Manager(tmp_path / "notify")
    env = dict(stage.daemon_env(), NOTIFY_SOCKET=manager.path, WATCHDOG_USEC="4000000")
    stage.programs["use1"] = Program("use1", [DAEMON, "-c", str(stage.conf("use1")), "--probe",
                                              "use1"], env=env, heard=stage.heard)
    assert "STATUS=probe use1 watches 4 sites in 1 groups" in manager.wait("READY=1")
    manager.wait("WATCHDOG=1")
    stage.programs["use1"].send(signal.SIGHUP)
    assert re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+", manager.wait("RELOADING=1"))
    manager.wait("READY=1")
    stage.programs["use1"].send(signal.SIGTERM)
    manager.wait("STOPPING=1")
    assert stage.programs.pop("use1").process.wait(20) == 0


# -- reload --

@pytest.mark.parametrize("change, named", [
    (("lease = 3;", "lease = 4;"), "store"),
    (("/history.db", "/other.db"), "history.path"),
    (("/control.sock", "/other.sock"), "http.socket"),
    (("/spool", "/other"), "alerting.spool"),
])
def test_what_holds_files_or_sockets_needs_a_restart(make_stage, change, named):
    stage = make_stage(settle=False)
    stage.wait_log(20, probes=("use1",), fact="store", status="ok")
    conf = stage.conf("use1")
    assert change[0] in conf.read_text()
    conf.write_text(conf.read_text().replace(*change))
    since = time.monotonic()
    stage.programs["use1"].send(signal.SIGHUP)
    stage.programs["use1"].wait_line(
        lambda line: f"settings: {named} changed: that needs a restart" in line.text, 20, since)
    stage.programs["use1"].wait_line(lambda line: "nothing is changed" in line.text, 20, since)


def test_many_reloads_leave_a_daemon_that_moves(stage):
    for _ in range(20):
        for probe in PROBES:
            stage.programs[probe].send(signal.SIGHUP)
        time.sleep(0.05)
    stage.kill_site("factory", "us-east-1")
    wait_moved(stage, 60)
    must_stay(stage, "0/100 0/100", 2)
    assert len(moves(stage)) == 1


# -- what this machine gives --

def test_every_descriptor_that_is_allowed_is_used(make_stage):
    stage = make_stage(settle=False)
    stage.stop_daemon("use1")
    stage.start_daemon("use1", wrapper=["prlimit", "--nofile=200:3000"])
    stage.wait_log(20, probes=("use1",), fact="store", status="ok")
    limits = open(f"/proc/{stage.programs['use1'].process.pid}/limits").read()
    assert re.search(r"Max open files\s+3000\s+3000\s", limits)


# -- what is on disk before a request leaves --

def test_an_epoch_that_cannot_be_put_on_disk_is_not_sent(stage):
    in_the_way = [stage.folder / probe / "spool" / "epochs.json.new" for probe in PROBES]
    for path in in_the_way:
        path.mkdir()
    stage.kill_site("factory", "us-east-1")
    stage.wait_log(30, level="error", msg="epoch 2 of jwt-pizza is not sent: cannot be put on disk "
                                          "first: Is a directory")
    must_stay(stage, "100/0 100/0", 2)
    for path in in_the_way:
        path.rmdir()
    wait_moved(stage, 60)
    assert len(moves(stage)) == 1


def test_the_epoch_survives_the_loss_of_the_store_and_of_the_fence(stage):
    stage.kill_site("factory", "us-east-1")
    wait_moved(stage)
    epochs = [(stage.folder / probe / "spool" / "epochs.json") for probe in PROBES]
    assert any(path.exists() and '"jwt-pizza":2' in path.read_text() for path in epochs)


def test_two_daemons_do_not_share_a_spool(make_stage):
    stage = make_stage(settle=False)
    stage.wait_log(20, probes=("use1",), fact="store", status="ok")
    second = Program("second", [DAEMON, "-c", str(stage.conf("use1")), "--probe", "use1"],
                     env=stage.daemon_env())
    second.wait_line(lambda line: "cannot start: alerts:" in line.text, 20)
    assert second.process.wait(20) == 1


# -- what stands in the store and cannot be read --

def test_an_unreadable_vote_is_said_and_its_owner_writes_it_again(stage):
    since = time.monotonic()
    store(stage, "put", "v1/votes/fra/jwt-pizza", '{"v":1,"states":"dddd\x1b[2J"}')
    for probe in ("use1", "usw2"):
        line = stage.programs[probe].wait_line(
            lambda line: "v1/votes/fra/jwt-pizza" in line.text, 20, since)
        assert "this vote does not count" in line.text
    stage.programs["fra"].wait_line(
        lambda line: "was overwritten: does another daemon run as fra?" in line.text, 20, since)
    stage.wait_until("fra's vote is there again",
                     lambda: "uuuu" in store(stage, "get", "v1/votes/fra/"), 20)
    must_stay(stage, "100/0 100/0", 1)


def test_an_unreadable_head_moves_nothing(stage):
    head = store(stage, "get", "v1/decisions/").split(" ", 2)[2].strip()
    since = time.monotonic()
    store(stage, "put", "v1/decisions/jwt-pizza", head.replace('"v":1', '"v":9'))
    for probe in PROBES:
        line = stage.programs[probe].wait_line(
            lambda line: "v1/decisions/jwt-pizza" in line.text, 20, since)
        assert "version 9, and only 1 is known" in line.text
    stage.kill_site("factory", "us-east-1")
    must_stay(stage, "100/0 100/0", 4)
    store(stage, "put", "v1/decisions/jwt-pizza", head)
    wait_moved(stage, 60)


# -- secrets --

def test_no_core_is_dumped_and_no_file_is_for_others(stage):
    process = stage.programs["use1"].process
    limits = open(f"/proc/{process.pid}/limits").read()
    assert re.search(r"Max core file size\s+0\s+0\s", limits)
    stage.kill_site("factory", "us-east-1")
    wait_moved(stage)
    home = stage.folder / "use1"
    for folder, _, files in os.walk(home):
        for name in files:
            path = os.path.join(folder, name)
            if not os.path.islink(path) and name != "control.sock":
                assert os.stat(path).st_mode & 0o077 == 0, path
    assert weights(stage) == "0/100 0/100"
