# SPDX-License-Identifier: Apache-2.0
"""The command regionshift: text, JSON, exit codes, and what it says without a daemon."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile

import pytest
from operators import EAST, GROUP, TOKEN, ask, code_of, epoch, make_stage, ready, start
from stage import BUILD, TOP


# One stage for all, in the order of the file: so on one worker.
pytestmark = pytest.mark.xdist_group("command")


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """One stage for all tests that leave it as they found it."""
    with make_stage(tmp_path_factory.mktemp("stage"), beacons=True) as stage:
        start(stage)
        yield stage


# ---- the commands' text ----

def plain(text):
    """Numbers and times as N, so that a text can be compared."""
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)
    text = re.sub(r'"v=rs1 .*?"', "FENCE", text)
    text = re.sub(r"127\.77\.\d\.\d+", "ADDRESS", text)
    text = re.sub(r"\bby=\w+|\bby (use1|usw2)", "by PROBE", text)
    text = re.sub(r"[\d.]+/[\d.]+ ms", "N ms", text)
    text = re.sub(r"\d+(\.\d+)? s\b", "N s", text)
    text = re.sub(r"epoch[ =]\d+", "epoch N", text)
    text = re.sub(r"(V5 +self +-) .*", r"\1 SENTENCE", text)
    return re.sub(r" +", " ", text)


STATUS = """\
probe use1 sees, store ok, 0 of 4 moves used in 6 h 0 m

group jwt-pizza epoch N, init by PROBE at TIME, in the zone
 first head, from what the zone says
 site weight normal agreed for latency use1 usw2 fra
 pizza/us-east-1 100 100 up N s N ms up up up
 pizza/us-west-2 0 0 up N s N ms up up up
 factory/us-east-1 100 100 up N s N ms up up up
 factory/us-west-2 0 0 up N s N ms up up up
"""
EXPLAIN = """\
group jwt-pizza, as probe use1 sees it
nothing to do: the zone says what epoch N decided

weights pizza 100/0, factory 100/0

CLOSED D1 leave - us-east-1 keeps its weight: agreed up, it leaves when agreed down
open D2 gain N s of N s us-west-2 is agreed up and stable (stable N s)
open S2 store N s of N s the store answers
open V5 self - SENTENCE
open C2 zone - the zones' fences are known
open D7 freeze - not frozen
open C4 drift - the zone says what its epoch said
open D6 dwell N s of N s the last move is long enough ago
open D6 budget 0 of 4 0 of 4 moves used in N s
"""
PLAN = """\
plan only: nothing is written; as probe use1 sees it

group jwt-pizza: would move at once
 site weight share of its service
 pizza/us-east-1 100 -> 0 100 % -> 0 %
 pizza/us-west-2 0 -> 100 0 % -> 100 %
 factory/us-east-1 100 -> 0 100 % -> 0 %
 factory/us-west-2 0 -> 100 0 % -> 100 %
 zone Z0123456789ABCDEFGHIJ (example.com), one batch, all or nothing:
 DELETE _regionshift.jwt-pizza.example.com TXT - FENCE
 CREATE _regionshift.jwt-pizza.example.com TXT - FENCE
 DELETE pizza.example.com A pizza-us-east-1 weight 100 ADDRESS
 CREATE pizza.example.com A pizza-us-east-1 weight 0 ADDRESS
 DELETE pizza.example.com A pizza-us-west-2 weight 0 ADDRESS
 CREATE pizza.example.com A pizza-us-west-2 weight 100 ADDRESS
 DELETE factory.example.com A factory-us-east-1 weight 100 ADDRESS
 CREATE factory.example.com A factory-us-east-1 weight 0 ADDRESS
 DELETE factory.example.com A factory-us-west-2 weight 0 ADDRESS
 CREATE factory.example.com A factory-us-west-2 weight 100 ADDRESS
 from the first sign at best at most measured because
 detected N s N s - 3 probes in turn, one every N s; then 3 bad results in a row, each N s after \
the one before or its timeout of N s
 decided N s N s - hold N s; a vote and a commit, up to N s each at the store
 accepted N s N s - 2 may act, each N s after the one before; 1 zone to read and write, up to N s \
a request
 servers N s 1 m N s - Route 53 tells its servers within a minute
 resolvers N s 2 m N s - TTL 1 m N s: who asked just before goes on with it so long
 open D1 leave N s of N s us-east-1 is agreed down for N s of hold N s
 open D2 gain N s of N s us-west-2 is agreed up and stable (stable N s)
"""
HISTORY = """\
TIME jwt-pizza epoch N init by PROBE
 weights pizza 100/0, factory 100/0
 why first head, from what the zone says
 times decided after N s"""


def test_the_commands_show_what_an_operator_needs(tmp_path):
    with make_stage(tmp_path) as stage:
        start(stage)
        stage.wait_until("applied", lambda: stage.status()["groups"][0]["applied"], 20)
        assert plain(stage.ctl("status").stdout) == STATUS
        assert stage.status("fra")["groups"][0]["applied"] is None
        text = stage.ctl("status", probe="fra").stdout
        assert "(this probe reads no zone)" in text and "in flight" not in text
        assert plain(stage.ctl("explain", GROUP).stdout) == EXPLAIN
        assert plain(stage.ctl("plan", "--down", EAST).stdout).startswith(PLAN)
        assert plain(stage.ctl("history").stdout).startswith(HISTORY)
        assert "nothing would move" in stage.ctl("plan").stdout
        assert "at epoch 1 already" in stage.ctl("init").stdout.replace(
            "taken on already, at epoch 1", "at epoch 1 already")
        stage.kill_site("factory", EAST)
        stage.wait_until("moved", lambda: epoch(stage) == 2, 30)
        text = plain(stage.ctl("status").stdout)
        assert ("checks of this probe that are not up\n"
                f" factory/{EAST} 0 down N s connect required") in text
        incidents = stage.status()["incidents"]
        ident = next(i["id"] for i in incidents if i["event"] == "region_down")
        report = stage.wait_until("the incident is in the history", lambda: stage.ctl(
            "incident", ident, check=False).stdout, 20)
        assert ident in report and "opened" in report and "decided group=" in report
        after = stage.ctl("history", GROUP, "--limit", "1").stdout
        assert "evidence votes of" in re.sub(" +", " ", after) and "leave by" in after
        assert stage.ctl("explain", "burger", check=False).returncode == 2


def test_a_daemon_that_stops_leaves_its_timings(tmp_path):
    with make_stage(tmp_path) as stage:
        start(stage)
        stage.stop_daemon("use1")
        stage.start_daemon("use1")
        stage.wait_until("it is back", lambda: ready(stage), 30)
        for by in ("1m", "15m", "1d"):
            text = plain(stage.ctl("timings", f"pizza/{EAST}", "--by", by).stdout)
            assert "from check good bad median p95 p99 resolve connect tls first byte" in text
            assert re.search(r"TIME 0 [1-9]\d* 0 [\d.]+ ms [\d.]+ ms", text), text
        rows = json.loads(stage.ctl("timings", f"pizza/{EAST}", "--json").stdout)["timings"]
        assert rows[0]["good"] > 0 and rows[0]["phases"]["total"]["mean"] > 0
        assert stage.ctl("timings", "pizza/mars", check=False).returncode != 0


def test_json_is_what_the_daemon_says(stage):
    for command, path in ((("status",), "/api/v1/status"), (("init",), "/api/v1/init"),
                          (("plan", "--down", f"pizza/{EAST}"), f"/api/v1/plan?down=pizza/{EAST}"),
                          (("explain", GROUP), f"/api/v1/explain/{GROUP}"),
                          (("history", "--limit", "3"), "/api/v1/history?limit=3")):
        said = json.loads(stage.ctl(*command, "--json").stdout)
        served = json.loads(ask(stage, "GET", path)[2])
        assert said["v"] == 1
        assert set(said) == set(served)
    done = stage.ctl("explain", "burger", "--json", check=False)
    assert done.returncode == 2 and code_of(done.stdout) == "no_such_group"


def test_the_command_reaches_the_daemon_over_tcp(stage, tmp_path):
    def run(*arguments, **env):
        return subprocess.run([str(BUILD / "regionshift"), "-s", f"http://{stage.http('use1')}",
                               *arguments], env=dict(os.environ, **env), capture_output=True,
                              text=True, timeout=60, check=False)
    assert run("status").returncode == 0
    assert run("thaw", "--reason", "x").returncode == 1
    secret = tmp_path / "token"
    secret.write_text(TOKEN + "\n")
    done = run("thaw", "--reason", "x", REGIONSHIFT_TOKEN_FILE=str(secret))
    assert done.returncode == 0, done.stderr
    done = run("thaw", "--reason", "x", REGIONSHIFT_TOKEN_FILE=str(tmp_path / "none"))
    assert done.returncode == 2 and "REGIONSHIFT_TOKEN_FILE" in done.stderr


def test_the_settings_name_the_socket(stage):
    done = subprocess.run([str(BUILD / "regionshift"), "-c", str(stage.conf("usw2")), "status",
                           "--json"], capture_output=True, text=True, timeout=60, check=False)
    assert json.loads(done.stdout)["probe"] == "usw2"


# ---- the command alone ----

def alone(*arguments, env=None):
    return subprocess.run([str(BUILD / "regionshift"), *arguments], capture_output=True, text=True,
                          timeout=60, check=False, env=dict(os.environ, **(env or {})))


@pytest.mark.parametrize("arguments, said", [
    ((), "usage: regionshift"),
    (("statsu",), "did you mean 'status'"),
    (("fialback", GROUP), "did you mean 'failback'"),
    (("quux",), "unknown command 'quux'"),
    (("status", "--wach"), "did you mean --watch"),
    (("status", "-x"), "unknown option -x"),
    (("status", "--down", "x"), "status takes no --down"),
    (("status", "now"), "takes no name"),
    (("explain",), "explain needs a GROUP"),
    (("explain", "a", "b"), "one name is enough"),
    (("drain", EAST), "drain needs --reason"),
    (("drain", "--reason", "x"), "drain needs a REGION"),
    (("drain", EAST, "--reason"), "--reason"),
    (("drain", EAST, "--reason", "x", "--for", "soon"), "as 90s, 30m, 2h, 1d"),
    (("drain", EAST, "--reason", "x", "--for", "10ms"), "1 second or more"),
    (("thaw", "--reason", "x", "--for", "2h"), "thaw takes no --for"),
    (("history", "--limit", "0"), "1 to 1000"),
    (("-c", "a", "-s", "unix:b", "status"), "give one of them"),
    (("-s", "ftp://x", "status"), "must be unix:PATH"),
    (("-s", "unix:", "status"), "must be unix:PATH"),
    (("-c",), "-c needs a value"),
    (("-c", "/nonexistent/file", "status"), "/nonexistent/file"),
    (("-c", "/dev/null", "status"), "the settings are bad"),
    (("-s", "unix:/x", "alert-test"), "-c FILE"),
])
def test_wrong_usage_says_what_is_right(arguments, said):
    done = alone(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_help_is_there_for_every_command():
    usage = alone("--help")
    assert usage.returncode == 0
    names = re.findall(r"(?m)^  ([a-z-]+) +\w", usage.stdout)
    assert len(names) == 18
    manual = (TOP / "docs/regionshift.1").read_text()
    for name in names:
        for done in (alone(name, "--help"), alone("help", name)):
            assert done.returncode == 0 and f"usage: regionshift {name}" in done.stdout
        assert re.search(rf"(?m)^\.It Cm {name}\b", manual), f"{name} is not in regionshift(1)"
    assert alone("--version").stdout.startswith("regionshift 0.")


def test_no_daemon_is_said_with_what_to_try(tmp_path):
    done = alone("-s", f"unix:{tmp_path}/none.sock", "status")
    assert done.returncode == 1
    assert f"{tmp_path}/none.sock: No such file" in done.stderr and "systemctl" in done.stderr
    dead = socket.socket()
    dead.bind(("127.0.0.1", 0))
    done = alone("-s", f"http://127.0.0.1:{dead.getsockname()[1]}", "status")
    assert done.returncode == 1 and "no answer" in done.stderr


def test_settings_that_may_not_be_read_fall_back_to_the_usual_socket(tmp_path):
    if os.getuid() != 0:
        pytest.skip("needs root, to become somebody else")
    conf = tmp_path / "secret.conf"
    conf.write_text("probe = {};\n")
    conf.chmod(0o600)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    program = shutil.copy(BUILD / "regionshift", tmp_path / "regionshift")
    done = subprocess.run([program, "-c", str(conf), "status"], capture_output=True, text=True,
                          timeout=60, check=False, user="nobody", cwd="/")
    assert done.returncode == 1
    assert "Permission denied: trying the usual socket /run/regionshift/control.sock" in done.stderr


def test_something_else_at_the_socket_is_noticed(tmp_path):
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "other.sock"))
    server.listen()
    child = subprocess.Popen([str(BUILD / "regionshift"), "-s", f"unix:{tmp_path}/other.sock",
                              "status"], stderr=subprocess.PIPE, text=True)
    connection, _ = server.accept()
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
    assert "is it regionshiftd?" in child.communicate(timeout=30)[1]
    assert child.returncode == 1


def test_what_a_daemon_says_cannot_drive_the_terminal(tmp_path):
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "other.sock"))
    server.listen()
    child = subprocess.Popen([str(BUILD / "regionshift"), "-s", f"unix:{tmp_path}/other.sock",
                              "explain", "g"], stdout=subprocess.PIPE, text=True)
    connection, _ = server.accept()
    connection.recv(65536)
    body = json.dumps({"group": "g\x1b]0;owned\x07", "probe": "\x9b2J", "text": "a\rb",
                       "gates": [{"rule": "\x1b[2J", "name": "x", "text": "\x00", "open": True}]})
    body = body.replace("\\u0000", "")
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
                       % (len(body), body.encode()))
    out = child.communicate(timeout=30)[0]
    assert "owned" in out and child.returncode == 0
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", out)


def test_colour_only_for_a_terminal(stage):
    plain_text = stage.ctl("status").stdout
    assert "\x1b" not in plain_text
    command = f"{BUILD}/regionshift -s unix:{stage.socket('use1')} status"
    for env, coloured in (({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False),
                          ({"TERM": "dumb"}, False)):
        done = subprocess.run(["script", "-qec", command, "/dev/null"], capture_output=True,
                              text=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
                              env=dict({k: v for k, v in os.environ.items() if k != "NO_COLOR"},
                                       **env))
        assert ("\x1b[" in done.stdout) is coloured, done.stdout


def interruptible():
    """A shell without job control starts what it puts into the background deaf to SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_watch_shows_it_again_until_interrupted(stage):
    child = subprocess.Popen([str(BUILD / "regionshift"), "-s", f"unix:{stage.socket('use1')}",
                              "status", "--watch"], stdout=subprocess.PIPE, text=True,
                             preexec_fn=interruptible)
    seen = 0
    for line in child.stdout:
        seen += line.startswith("probe use1")
        if seen == 2:
            break
    child.send_signal(signal.SIGINT)
    assert child.wait(10) == -signal.SIGINT


def test_alert_test_tells_what_each_server_said(stage):
    done = alone("-c", str(stage.conf("use1")), "alert-test", "--probe", "use1")
    assert (done.returncode, done.stderr.count("error")) == (0, 0), done.stderr
    assert re.search(r"smtp-1 +accepted +250", done.stdout)
    answer = json.loads(alone("-c", str(stage.conf("use1")), "alert-test", "--json").stdout)
    assert [sink["accepted"] for sink in answer["sinks"]] == [True]
    closed = stage.folder / "closed.conf"
    closed.write_text(re.sub(r"(host = \"127\.0\.0\.1\";\s+port = )\d+", r"\g<1>1",
                             stage.conf("use1").read_text()))
    done = alone("-c", str(closed), "alert-test")
    assert done.returncode == 1 and "FAILED" in done.stdout


# ---- secrets in its memory ----

def until_connected(listener, process):
    listener.settimeout(60)
    connection, _ = listener.accept()
    assert process.poll() is None
    return connection


def test_the_command_dumps_no_core_and_nobody_of_its_user_looks_into_it():
    folder = tempfile.mkdtemp()
    os.chmod(folder, 0o755)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/control.sock")
        os.chmod(f"{folder}/control.sock", 0o666)
        listener.listen(1)
        nobody = {"user": 65534} if os.geteuid() == 0 else {}
        words = [BUILD / "regionshift", "-s", f"unix:{folder}/control.sock", "status"]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              **nobody) as process:
            with until_connected(listener, process):        # and says nothing
                with open(f"/proc/{process.pid}/limits", encoding="ascii") as file:
                    assert re.search(r"Max core file size\s+0\s+0\s", file.read())
                assert os.stat(f"/proc/{process.pid}/limits").st_uid == 0   # not its user's
                process.kill()
    shutil.rmtree(folder)
