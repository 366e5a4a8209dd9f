# SPDX-License-Identifier: Apache-2.0
"""The HTTP interface of running daemons: who may do what, bad requests, hostile clients,
metrics."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest
from operators import EAST, GROUP, TOKEN, ask, code_of, make_stage, order, ready, start
from stage import BUILD, TOP


# One stage for all, in the order of the file: so on one worker.
pytestmark = pytest.mark.xdist_group("control")


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """One stage for all tests that leave it as they found it."""
    with make_stage(tmp_path_factory.mktemp("stage"), beacons=True) as stage:
        start(stage)
        yield stage


# ---- who may do what ----

def documented_routes():
    rows = re.findall(r"(?m)^\| `(GET|POST) (/\S+)` \| (read|order|push) \|",
                      (TOP / "docs/API.md").read_text())
    return [(method, path.partition("?")[0], scope) for method, path, scope in rows]


def coded_routes():
    text = (TOP / "monitor/io/control/routes.c").read_text()
    rows = re.findall(r'\{(GET|POST), "([^"]+)", SCOPE_(READ|ORDER|PUSH|BEACON),', text)
    return [(method, path, "READ" if scope == "BEACON" else scope) for method, path, scope in rows]


def test_the_documented_paths_are_those_that_are_served():
    documented = {(method, re.sub(r"(?<=/)[A-Z]+", "?", path), scope.upper())
                  for method, path, scope in documented_routes()}
    assert documented == set(coded_routes())
    assert len(documented) == 17


GOOD = {"Authorization": f"Bearer {TOKEN}"}
CALLERS = {  # how somebody asks: over TCP?, headers, the code that an order is refused with
    "socket": (False, {}, None),
    "socket, from a web page": (False, {"Origin": "http://evil.example"}, "browser"),
    "tcp": (True, {}, "token_missing"),
    "tcp, no scheme": (True, {"Authorization": TOKEN}, "token_missing"),
    "tcp, other scheme": (True, {"Authorization": f"Basic {TOKEN}"}, "token_missing"),
    "tcp, empty token": (True, {"Authorization": "Bearer "}, "token_wrong"),
    "tcp, wrong token": (True, {"Authorization": f"Bearer {TOKEN[:-1]}x"}, "token_wrong"),
    "tcp, half a token": (True, {"Authorization": f"Bearer {TOKEN[:-1]}"}, "token_wrong"),
    "tcp, token and more": (True, {"Authorization": f"Bearer {TOKEN}x"}, "token_wrong"),
    "tcp, token": (True, GOOD, None),
    "tcp, token, localhost": (True, dict(GOOD, Host="localhost:8053"), None),
    "tcp, token, own name": (True, dict(GOOD, Host=socket.gethostname()), None),
    "tcp, token, rebound": (True, dict(GOOD, Host="evil.example"), "host"),
    "tcp, token, web page": (True, dict(GOOD, Origin="http://127.0.0.1"), "browser"),
}
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND")


def expected_of_push(caller):
    """No job is there, and nobody learns that who has no token of one: http.token is none."""
    headers = CALLERS[caller][1]
    if "Origin" in headers:
        return 403
    return 404 if headers.get("Authorization", "").startswith("Bearer ") else 401


def code_when_refused(path, caller, status):
    if not path.startswith("/api/v1/push/"):
        return CALLERS[caller][2]
    return "browser" if status == 403 else "token_missing"


def expected(method, path, caller):
    """The statuses that are right for a request without a meaningful body."""
    scopes = {m: scope for m, p, scope in documented_routes() if p == path}
    wanted = "GET" if method == "HEAD" else method
    if wanted not in scopes:
        return {405}
    refused = CALLERS[caller][2]
    if scopes[wanted] == "push":
        return {expected_of_push(caller)}
    if scopes[wanted] == "order" and refused:
        return {401} if refused == "token_missing" else {403}
    if path.startswith("/beacon/"):
        return {404}
    if (wanted, path) == ("POST", "/api/v1/health-checks"):
        return {400}
    # "{}" is no order, no site is none, there is no such incident; init of what has a decision
    # begins nothing
    return {"/api/v1/orders": {400}, "/api/v1/timings": {400},
            "/api/v1/incident/ID": {404}}.get(path, {200})


@pytest.mark.parametrize("caller", CALLERS)
def test_every_path_asks_for_its_scope(stage, caller):
    tcp, headers, _ = CALLERS[caller]
    for path in sorted({path for _, path, _ in documented_routes()}):
        url = path.replace("GROUP", GROUP).replace("REGION", EAST)
        for method in METHODS:
            body = "{}" if method in ("POST", "PUT", "PATCH") else None
            status, reply, text = ask(stage, method, url, body, headers, tcp)
            what = f"{caller}: {method} {url}: {text}"
            assert status in expected(method, path, caller), what
            assert reply["Cache-Control"] == "no-store", what
            assert reply["X-Content-Type-Options"] == "nosniff", what
            assert reply["Access-Control-Allow-Origin"] is None, what
            if status in (401, 403):
                assert code_of(text) == code_when_refused(path, caller, status), what
            if status == 405:
                assert method not in reply["Allow"], what


def test_without_a_token_no_order_comes_over_tcp(tmp_path):
    with make_stage(tmp_path) as stage:
        stage.more = []
        start(stage, settle=False)
        for headers in ({}, GOOD, {"Authorization": "Bearer "}):
            status, answer = order(stage, True, headers, verb="freeze", reason="no")
            assert (status, answer["error"]["code"]) == (403, "orders_need_socket")
            assert str(stage.socket("use1")) in answer["error"]["message"]


def test_the_token_is_another_one_after_a_reload(tmp_path):
    with make_stage(tmp_path) as stage:
        start(stage)
        other = TOKEN[::-1]
        (tmp_path / "secret-token").write_text(other)
        stage.programs["use1"].send(signal.SIGHUP)
        stage.programs["use1"].wait_line(lambda line: "reloaded" in line.text, 20)
        assert order(stage, True, GOOD, verb="thaw", reason="old")[0] == 403
        new = {"Authorization": f"Bearer {other}"}
        stage.wait_until("the new token orders", lambda: order(
            stage, True, new, verb="thaw", reason="new")[0] == 200, 20)


def test_who_ordered_is_the_kernels_word(stage):
    assert order(stage, verb="freeze", group=GROUP, reason="who")[0] == 200
    assert stage.status()["orders"][-1]["by"] == f"root (uid {os.getuid()})"
    assert order(stage, True, GOOD, verb="thaw", group=GROUP, reason="who")[0] == 200
    assert stage.status()["orders"][-1]["by"] == "token from 127.0.0.1"


# ---- what is wrong is said ----

FULL = {"verb": "freeze", "reason": "x"}
BAD_ORDERS = {
    "empty": (b"", "bad_json"),
    "no json": (b"freeze!", "bad_json"),
    "half": (b'{"verb":"freeze"', "bad_json"),
    "two": (b'{"verb":"thaw"}{"verb":"thaw"}', "bad_json"),
    "twice the same key": (b'{"verb":"thaw","verb":"freeze","reason":"x"}', "bad_json"),
    "no utf-8": (b'{"verb":"freeze","reason":"\xff\xfe"}', "bad_json"),
    "nul": (b'{"verb":"freeze","reason":"a\\u0000b"}', "bad_json"),
    "deep": (b"[" * 5000, "bad_json"),
    "a list": (b"[]", "bad_json"),
    "a number": (b"7", "bad_json"),
    "no verb": (b'{"reason":"x"}', "bad_order"),
    "unknown verb": (b'{"verb":"evict","reason":"x"}', "bad_order"),
    "verb is a number": (b'{"verb":1,"reason":"x"}', "bad_order"),
    "no reason": (b'{"verb":"freeze"}', "bad_order"),
    "blank reason": (b'{"verb":"freeze","reason":"   "}', "bad_order"),
    "long reason": (json.dumps(dict(FULL, reason="x" * 201)).encode(), "bad_order"),
    "a line too many": (b'{"verb":"freeze","reason":"a\\nb"}', "bad_order"),
    "escape": (b'{"verb":"freeze","reason":"a\\u001b[2J"}', "bad_order"),
    "unknown field": (json.dumps(dict(FULL, force=True)).encode(), "bad_order"),
    "no region": (b'{"verb":"drain","reason":"x"}', "bad_order"),
    "unknown region": (b'{"verb":"drain","region":"mars","reason":"x"}', "bad_order"),
    "region of a freeze": (json.dumps(dict(FULL, region=EAST)).encode(), "bad_order"),
    "unknown group": (json.dumps(dict(FULL, group="burger")).encode(), "no_such_group"),
    "failback of all": (b'{"verb":"failback","reason":"x"}', "bad_order"),
    "no incident": (b'{"verb":"ack","reason":"x"}', "bad_order"),
    "unknown incident": (b'{"verb":"ack","incident":"x","reason":"x"}', "no_such_incident"),
    "no time": (json.dumps(dict(FULL, for_seconds="2h")).encode(), "bad_order"),
    "too short": (json.dumps(dict(FULL, for_seconds=0)).encode(), "bad_order"),
    "too long": (json.dumps(dict(FULL, for_seconds=4e7)).encode(), "bad_order"),
    "negative": (json.dumps(dict(FULL, for_seconds=-1)).encode(), "bad_order"),
    "endless": (b'{"verb":"freeze","reason":"x","for_seconds":1e999}', "bad_json"),
    "end of a thaw": (b'{"verb":"thaw","reason":"x","for_seconds":9}', "bad_order"),
    "override of a freeze": (json.dumps(dict(FULL, override=True)).encode(), "bad_order"),
    "override is a text": (b'{"verb":"drain","region":"us-east-1","reason":"x","override":"yes"}',
                           "bad_order"),
}


@pytest.mark.parametrize("what", BAD_ORDERS)
def test_a_bad_order_is_refused_and_leaves_nothing(stage, what):
    body, code = BAD_ORDERS[what]
    before = stage.status()["orders"]
    status, _, text = ask(stage, "POST", "/api/v1/orders", body)
    assert code_of(text) == code
    assert status in (400, 404)
    assert stage.status()["orders"] == before


@pytest.mark.parametrize("path, status, code", [
    ("/", 404, "no_such_path"), ("/api", 404, "no_such_path"), ("/api/v1", 404, "no_such_path"),
    ("//healthz", 404, "no_such_path"), ("/healthz/", 404, "no_such_path"),
    ("/HEALTHZ", 404, "no_such_path"), ("/api/v1/explain/", 404, "no_such_path"),
    ("/api/v1/explain/a/b", 404, "no_such_path"),
    ("/../../etc/passwd", 404, "no_such_path"), ("/%2e%2e/%2e%2e/etc/passwd", 404, "no_such_path"),
    ("/healthz%00", 404, "no_such_path"), ("/api/v1/explain/%2e%2e", 404, "no_such_group"),
    ("/api/v1/explain/..%2f..%2fetc", 404, "no_such_path"),
    ("/api/v1/explain/" + "x" * 256, 404, "no_such_path"),
    ("/api/v1/explain/jwt-pizza%00", 404, "no_such_path"),
    ("/api/v1/explain/%1b%5b2J", 404, "no_such_group"),
    ("/api/v1/plan?down=mars", 404, "no_such_place"),
    ("/api/v1/plan?down=" + "x" * 5000, 404, "no_such_place"),
    ("/api/v1/plan?up=us-east-1", 400, "bad_argument"), ("/api/v1/plan?down", 400, "bad_argument"),
    ("/api/v1/history?limit=0", 400, "bad_argument"),
    ("/api/v1/history?limit=99999", 400, "bad_argument"),
    ("/api/v1/history?limit=-1", 400, "bad_argument"),
    ("/api/v1/history?limit=1x", 400, "bad_argument"),
    ("/api/v1/history?group=burger", 404, "no_such_group"),
    ("/api/v1/incident/nope", 404, "no_such_incident"),
    ("/api/v1/timings", 400, "bad_argument"),
    ("/api/v1/timings?site=pizza/mars", 404, "no_such_site"),
    ("/api/v1/timings?site=pizza/us-east-1&by=2m", 400, "bad_argument"),
    ("/api/v1/timings?site=pizza/us-east-1&limit=0", 400, "bad_argument"),
    ("/api/v1/incident/%27%3b%20drop%20table", 404, "no_such_incident"),
])
def test_what_is_not_there_is_said_so(stage, path, status, code):
    got, _, text = ask(stage, "GET", path)
    assert (got, code_of(text)) == (status, code)
    assert all(32 <= ord(c) < 127 or c == "\n" for c in text), "harmless in any terminal"


# ---- hostile clients ----

def raw(stage, data, probe="use1"):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(30)
    connection.connect(str(stage.socket(probe)))
    connection.sendall(data)
    return connection


def read_all(connection):
    data = b""
    try:
        while piece := connection.recv(65536):
            data += piece
    except ConnectionResetError:
        pass
    return data


def test_a_body_too_large_is_refused_before_it_comes(stage):
    connection = raw(stage, b"POST /api/v1/orders HTTP/1.1\r\nHost: x\r\n"
                            b"Content-Length: 999999999\r\n\r\n")
    assert b" 413 " in read_all(connection).split(b"\r\n")[0]


def test_a_body_of_unknown_length_is_kept_up_to_its_limit(stage):
    chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    head = b"POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    connection = raw(stage, head + chunk * 3 + b"0\r\n\r\n")
    connection.shutdown(socket.SHUT_WR)
    assert b" 413 " in read_all(connection).split(b"\r\n")[0]
    connection = raw(stage, head)
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        for _ in range(2000):  # 64 MiB: cut off after the first
            connection.sendall(chunk)


POST = b"POST /api/v1/orders HTTP/1.1\r\nHost: x\r\n"
NO_REQUESTS = {
    "no version": b"GET /healthz\r\n\r\n",
    "empty lines": b"\r\n" * 5000,
    "tls": b"\x16\x03\x01\x02\x00\x01\x00" * 100,
    "long path": b"GET /" + b"x" * 100000 + b" HTTP/1.1\r\n\r\n",
    "many headers": b"GET /healthz HTTP/1.1\r\n" + b"X-A: b\r\n" * 20000 + b"\r\n",
    "long header": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100000 + b"\r\n\r\n",
    "negative length": POST + b"Content-Length: -1\r\n\r\n{}",
    "endless length": POST + b"Content-Length: 18446744073709551617\r\n\r\n{}",
}


@pytest.mark.parametrize("what", NO_REQUESTS)
def test_what_is_no_request_harms_nobody(stage, what):
    connection = raw(stage, b"")
    try:
        connection.sendall(NO_REQUESTS[what])
        connection.shutdown(socket.SHUT_RDWR if what in ("empty lines", "tls") else socket.SHUT_WR)
        answer = read_all(connection)
    except (BrokenPipeError, ConnectionResetError):
        answer = b""
    assert b" 202 " not in answer
    assert ask(stage, "GET", "/healthz")[0] == 200


def test_a_thousand_connections_do_not_keep_others_out(stage):
    """More than there is room for: those that wait get their turn when the others are gone."""
    idle = []
    for _ in range(1000):
        connection = socket.socket(socket.AF_UNIX)
        connection.setblocking(False)
        if connection.connect_ex(str(stage.socket("use1"))) == 0:
            idle.append(connection)
        else:
            connection.close()
    host, _, port = stage.http("use1").rpartition(":")
    many = []
    for _ in range(300):
        connection = socket.socket()
        connection.setblocking(False)
        connection.connect_ex((host, int(port)))
        many.append(connection)
    assert ask(stage, "GET", "/healthz", probe="usw2")[0] == 200
    for connection in idle + many:
        connection.close()
    stage.wait_until("use1 answers again", lambda: ready(stage), 20)
    assert ask(stage, "GET", "/healthz", tcp=True)[0] == 200


def test_a_slow_request_is_cut_off_though_bytes_come(stage):
    began = time.monotonic()
    connection = raw(stage, b"GET /healthz HTTP/1.1\r\n")
    connection.settimeout(1)
    cut = None
    while cut is None and time.monotonic() - began < 40:
        try:
            connection.send(b"X")
            if connection.recv(100) == b"":
                cut = time.monotonic() - began
        except TimeoutError:
            continue
        except OSError:
            cut = time.monotonic() - began
    assert cut is not None, "one byte a second held the connection for 40 s"
    assert ask(stage, "GET", "/healthz")[0] == 200


# ---- metrics ----

def test_metrics_are_what_prometheus_reads(stage):
    status, headers, text = ask(stage, "GET", "/metrics", tcp=True)
    assert status == 200
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    named = set(re.findall(r"(?m)^# TYPE (\S+)", text))
    documented = set(re.findall(r"`((?:regionshift|process)_[a-z_]+)`",
                                "\n".join(re.findall(r"(?m)^\| `.*", (
                                    TOP / "docs/METRICS.md").read_text()))))
    assert named == documented
    assert re.search(r'(?m)^regionshift_ready 1$', text)
    assert re.search(rf'(?m)^regionshift_group_epoch\{{group="{GROUP}"\}} [1-9]', text)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool (apt: prometheus)")
def test_promtool_finds_nothing_wrong_with_the_metrics(stage):
    text = ask(stage, "GET", "/metrics")[2]
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True,
                          text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_a_daemon_that_cannot_read_its_store_is_not_ready(tmp_path):
    with make_stage(tmp_path) as stage:
        start(stage, settle=False)
        stage.stop_daemon("use1")
        stage.store.rename(tmp_path / "away.db")
        stage.store.mkdir()
        stage.start_daemon("use1")
        stage.wait_until("answers", lambda: stage.socket("use1").exists(), 20)
        status, _, text = ask(stage, "GET", "/readyz")
        failed = {check["name"] for check in json.loads(text)["checks"] if not check["ok"]}
        assert (status, failed) == (503, {"store", "lease"})
        status, answer = order(stage, verb="freeze", reason="x")
        assert (status, answer["error"]["code"]) == (503, "store_away")
        done = stage.ctl("freeze", "--reason", "x", check=False)
        assert done.returncode == 1 and "S2" in done.stderr


# ---- the socket's file ----

def test_a_stale_socket_is_replaced_and_a_live_one_is_an_error(stage):
    path = stage.socket("fra")
    assert oct(path.stat().st_mode & 0o777) == "0o660"
    stage.programs["fra"].send(signal.SIGKILL)
    stage.stop_daemon("fra")
    assert path.exists(), "left behind by kill -9"
    stage.start_daemon("fra")
    stage.wait_until("fra answers again", lambda: stage.ctl(
        "status", probe="fra", check=False).returncode == 0, 20)
    other = stage.conf("fra").read_text().replace("/fra/spool", "/fra/spool2").replace(
        "/fra/history", "/fra/history2")
    conf = stage.folder / "second.conf"
    conf.write_text(other)
    done = subprocess.run([str(BUILD / "regionshiftd"), "-c", str(conf), "--probe", "fra"],
                          env=stage.daemon_env(), capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == 1
    assert "another daemon answers" in done.stderr
    assert stage.ctl("status", probe="fra").returncode == 0


def test_a_daemon_that_stops_takes_its_socket_with_it(tmp_path):
    with make_stage(tmp_path) as stage:
        start(stage, settle=False)
        assert stage.stop_daemon("use1") == 0
        assert not stage.socket("use1").exists()
        done = stage.ctl("status", check=False)
        assert done.returncode == 1
        assert str(stage.socket("use1")) in done.stderr and "systemctl" in done.stderr
