# SPDX-License-Identifier: Apache-2.0
"""Checks of type command in the daemon, against Debian's monitoring plugins and against programs
that behave badly."""

import http.server
import json
import os
import signal
import stat
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from eyes import Eyes
from programs import TOP, free_port

PLUGINS = next((path for path in (TOP / "build/tools/usr/lib/nagios/plugins",
                                  Path("/usr/lib/nagios/plugins")) if path.exists()), None)
needs_plugins = pytest.mark.skipif(PLUGINS is None,
                                   reason="no plugins (apt: monitoring-plugins-basic)")


def plugin(name, *arguments, more=""):
    words = ", ".join(json.dumps(str(word)) for word in (PLUGINS / name, *arguments))
    return f'type = "command"; name = "{name.replace("_", "-")}"; command = [ {words} ]; {more}'


def script(folder, name, text, more=""):
    path = folder / f"{name}.sh"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return f'type = "command"; name = "{name}"; command = [ "{path}", "REGION" ]; {more}'


def state(eyes, name):
    with urllib.request.urlopen(f"http://{eyes.http}/api/v1/status", timeout=20) as reply:
        groups = json.load(reply)["groups"]
    return next(site["checks"][0]["state"] for group in groups for site in group["sites"]
                if site["site"] == f"{name}/us-east-1")


def wait_for(what, deadline=60):
    until = time.monotonic() + deadline
    while not (found := what()):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.05)
    return found


def is_there(pid):
    """Runs, and is no zombie that waits for its burial."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def server():
    """A real web server for plugins to look at; /sick is a 500."""
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(500 if self.path == "/sick" else 200)
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *_):
            pass

    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield httpd.server_port
    httpd.shutdown()
    httpd.server_close()


@needs_plugins
@pytest.mark.cell("command", "good", "monitoring-plugins 2.3")
def test_plugins_that_are_content_make_a_site_up(server, tmp_path):
    checks = {
        "http": plugin("check_http", "-H", "127.0.0.1", "-p", server, "-s", "hello"),
        "tcp": plugin("check_tcp", "-H", "127.0.0.1", "-p", server),
        "warns": plugin("check_dummy", 1, "nearly full | used=91%;90;95"),
        "body": plugin("check_dummy", 0, "all 3 replicas",
                       more=r'expect = "body contains \"3 replicas\"";'),
        "unknown-is-meant": plugin("check_dummy", 3, more='expect = "exit == 3";'),
    }
    with Eyes(tmp_path, checks) as eyes:
        for name in checks:
            eyes.see(name, "up")


@needs_plugins
@pytest.mark.cell("command", "bad", "monitoring-plugins 2.3")
def test_plugins_that_are_not_make_it_down_with_a_class(server, tmp_path):
    checks = {
        "http": (plugin("check_http", "-H", "127.0.0.1", "-p", server, "-u", "/sick"), "status"),
        "tcp": (plugin("check_tcp", "-H", "127.0.0.1", "-p", free_port("127.0.0.1")), "status"),
        "critical": (plugin("check_dummy", 2, "on fire"), "status"),
        "strict": (plugin("check_dummy", 1, more='expect = "exit == 0";'), "status"),
        "body": (plugin("check_dummy", 0, "1 replica",
                        more=r'expect = "body contains \"3 replicas\"";'), "body"),
    }
    with Eyes(tmp_path, {name: check for name, (check, _) in checks.items()}) as eyes:
        for name, (_, failure) in checks.items():
            eyes.see(name, "down", failure)


@pytest.mark.cell("command", "timed out", "plugin of the test's own")
def test_a_program_that_hangs_makes_it_down_by_timeout_and_is_ended(tmp_path):
    hangs = ("trap '' TERM\necho $$ >> $(dirname $0)/pids-$1\nexec >&- 2>&-\n"
             "while :; do sleep 1; done")
    with Eyes(tmp_path, {"hangs": script(tmp_path, "hangs", hangs)}, timeout=1) as eyes:
        eyes.see("hangs", "down", "timeout")
        first = int((tmp_path / "pids-us-east-1").read_text().split()[0])
        wait_for(lambda: not is_there(first))


@pytest.mark.cell("command", "cancelled", "plugin of the test's own")
def test_a_daemon_that_stops_takes_its_programs_with_it(tmp_path):
    hangs = "echo $$ > $(dirname $0)/pid-$1\nwhile :; do sleep 1; done"
    with Eyes(tmp_path, {"hangs": script(tmp_path, "hangs", hangs)}, timeout=5) as eyes:
        found = wait_for(lambda: [path.read_text() for path in tmp_path.glob("pid-*")])
        pid = int(wait_for(lambda: found[0] or next(tmp_path.glob("pid-*")).read_text()))
        eyes.program.send(signal.SIGTERM)
        assert eyes.program.process.wait(30) == 0
        wait_for(lambda: not is_there(pid))


@pytest.mark.cell("command", "hostile", "plugin of the test's own")
def test_programs_that_behave_badly_are_no_verdict_and_harm_nobody(tmp_path):
    count = "echo x >> $(dirname $0)/$(basename $0).count\n"
    void = {
        "endless": count + "exec yes",
        "unknown": count + "echo UNKNOWN; exit 3",
        "crash": count + "kill -SEGV $$",
        "missing": count + "exec /nowhere/plugin",
    }
    checks = {name: script(tmp_path, name, text) for name, text in void.items()}
    checks["leaves"] = script(tmp_path, "leaves", "sleep 300 & echo $! > $(dirname $0)/left-$1")
    checks["escapes"] = script(tmp_path, "escapes", r"printf '\033[2J\200|a=b\n'; exit 2")
    with Eyes(tmp_path, checks, timeout=2) as eyes:
        eyes.see("leaves", "up")
        eyes.see("escapes", "down", "status")
        left = int((tmp_path / "left-us-east-1").read_text())
        wait_for(lambda: not is_there(left))
        for name in void:     # of two sites, each more often than fall = 2
            file = tmp_path / f"{name}.sh.count"
            wait_for(lambda file=file: file.exists() and file.stat().st_size >= 12)
            assert state(eyes, name) == "unknown"
        assert all(line.text.isprintable() for line in list(eyes.program.lines))


def test_nothing_of_ours_reaches_a_program(tmp_path, monkeypatch):
    """Secrets in the environment and in files that are open here; and where it runs."""
    monkeypatch.setenv("STORE_PASSWORD", "taint-hunter2")
    look = ("d=$(dirname $0)\ntr '\\0' '\\n' < /proc/$$/environ | sort > $d/environ-$1\n"
            "list=$(ls -l /proc/$$/fd)\necho \"$list\" > $d/files-$1\n"
            "pwd > $d/place-$1\nulimit -c > $d/core-$1\n"
            "ulimit -n > $d/open-$1; id -u > $d/done-$1")
    with Eyes(tmp_path, {"look": script(tmp_path, "look", look)}) as eyes:
        eyes.see("look", "up")
        environ = (tmp_path / "environ-us-east-1").read_text()
        assert environ.splitlines() == [
            "LANG=C.UTF-8", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "REGIONSHIFT_CHECK=look", "REGIONSHIFT_REGION=us-east-1",
            "REGIONSHIFT_SITE=look/us-east-1"]
        files = dict(line.split()[-3::2] for line in (tmp_path / "files-us-east-1").read_text()
                     .splitlines() if " -> " in line)
        assert files.pop("0") == "/dev/null"
        assert files.pop("1").startswith("socket:") and files.pop("2").startswith("socket:")
        # the shell's own: what it reads, and the pipe of its $( )
        assert all(file.startswith("pipe:") or file.endswith("/look.sh") for file in files.values())
        assert (tmp_path / "place-us-east-1").read_text() == "/\n"
        assert (tmp_path / "core-us-east-1").read_text() == "0\n"
        assert (tmp_path / "done-us-east-1").read_text() == f"{os.getuid()}\n"


@needs_plugins
def test_a_program_that_is_not_there_is_said_when_settings_are_tested(tmp_path):
    eyes = Eyes(tmp_path, {"gone": 'type = "command"; command = [ "/nowhere/check_it" ];'})
    done = subprocess.run([eyes.program_path(), "-t", "-c", str(eyes.conf)], capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert "/nowhere/check_it is no program that we may run here" in done.stderr
