# SPDX-License-Identifier: Apache-2.0
"""What holds keys is closed to others of its own user, from outside: the daemon and the command as
somebody who is not root, looked at by a second process of the same user."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from programs import BUILD

NOBODY = 65534
LOOK = """
import sys
for name in ("mem", "environ", "maps"):
    try:
        with open(f"/proc/{sys.argv[1]}/{name}", "rb") as file:
            file.read(1)
        print(name, "was opened")
    except PermissionError:
        pass
    except OSError:         # of mem: it was opened, and nothing is at address 0
        print(name, "was opened")
"""


def as_nobody():
    """Of a child: root may look into everybody."""
    if os.geteuid() == 0:
        return {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    return {}


@pytest.fixture
def home():
    """A folder that everybody can reach, with the programs in it; nobody's own."""
    folder = Path(tempfile.mkdtemp(prefix="regionshift-harden-"))
    for name in ("regionshiftd", "regionshift"):
        shutil.copy(BUILD / name, folder / name)
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    yield folder
    shutil.rmtree(folder)


def looks_into(process):
    """What another process of the same user can open of it."""
    return subprocess.run([sys.executable, "-c", LOOK, str(process.pid)], capture_output=True,
                          text=True, timeout=60, check=True, cwd="/", **as_nobody()).stdout


def expect_closed(process):
    folder = Path("/proc") / str(process.pid)
    status = (folder / "status").read_text()
    assert int(re.search(r"(?m)^Uid:\s+(\d+)", status)[1]) != 0, "root's files prove nothing"
    assert (folder / "environ").stat().st_uid == 0, "not dumpable: its files are root's"
    assert looks_into(process) == ""
    assert re.search(r"Max core file size +0 +0 ", (folder / "limits").read_text())


@pytest.fixture
def listener(home):
    """Where the command waits for an answer that never comes."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(home / "control.sock"))
        os.chmod(home / "control.sock", 0o777)
        server.listen()
        server.settimeout(60)
        yield server


def test_nobody_of_the_same_user_looks_into_the_command(home, listener):
    process = subprocess.Popen([home / "regionshift", "-s", f"unix:{home}/control.sock", "status"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, cwd=home, **as_nobody())
    try:
        connection, _ = listener.accept()       # so it is past its first lines
        expect_closed(process)
        connection.close()
    finally:
        process.kill()
        process.wait()


def test_nobody_of_the_same_user_looks_into_the_daemon(home, tmp_path):
    """A sanitizer that looks for leaks would have to trace it, too: that one is switched off."""
    conf = home / "one.conf"
    sites = ", ".join(f'''{{ region = "{region}"; weight = 1; set = "{region}";
        value = "192.0.2.1";
        checks = ( {{ type = "tcp"; url = "tcp://127.0.0.1:9"; }} ); }}'''
                      for region in ("east", "west"))
    conf.write_text(f'''
quorum = {{ down = 1; up = 1; vantages = 1; owners = 1; probes = (
    {{ name = "one"; vantage = "here/there"; may_act = true; }} ); }};
store = {{ type = "sqlite"; path = "{home}/store.db"; }};
services = ( {{ name = "pizza"; zone = "Z1"; record = "pizza.example.com"; type = "A"; ttl = 60;
    sites = ( {sites} ); }} );
groups = ( {{ name = "pizza"; services = [ "pizza" ]; order = [ "east", "west" ]; }} );
aws = {{ endpoint = "http://127.0.0.1:1"; }};
http = {{ listen = ""; socket = "{home}/daemon.sock"; }};
history = {{ path = "{home}/history.db"; }};
alerting = {{ spool = "{home}/spool"; }};
''')
    untraced = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen([home / "regionshiftd", "-c", conf, "--probe", "one"],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=home,
                                   env=dict(os.environ, AWS_EC2_METADATA_DISABLED="true",
                                            ASAN_OPTIONS=untraced), **as_nobody())
    try:
        until = time.monotonic() + 60
        while not (home / "daemon.sock").exists():
            assert process.poll() is None and time.monotonic() < until, (
                tmp_path / "log").read_text()
            time.sleep(0.05)
        expect_closed(process)
    finally:
        process.terminate()
        assert process.wait(60) == 0, (tmp_path / "log").read_text()
