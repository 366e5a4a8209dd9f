# SPDX-License-Identifier: Apache-2.0
"""The operators' interfaces of running daemons: who may do what, hostile clients, beacons, metrics,
orders and what becomes of them, and every command of regionshift."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest
from stage import BUILD, PROBES, REGIONS, TOP, Stage

EAST, WEST = REGIONS
GROUP = "jwt-pizza"
TOKEN = "t0ken-of-thirty-two-bytes-or-more-0123456789"
WORDS = {EAST: "evict-east-4711", WEST: "evict-west-0815"}
TIMING = {"interval": 1, "timeout": 0.8, "retry": 0.1, "hold": 0, "stable": 1, "dwell": 2,
          "lease": 3}


def make_stage(folder, beacons=False):
    stage = Stage(timing=TIMING, lab_options=["--rate", "0"], folder=folder)
    secrets = {"token": TOKEN, **WORDS}
    for name, text in secrets.items():
        path = folder / f"secret-{name}"
        path.write_text(text + "\n")
        path.chmod(0o600)
    stage.more = [(r'(?<=control\.sock";)', f'\n    token = "file:{folder}/secret-token";',
                   "orders over TCP")]
    if beacons:
        words = ", ".join(f'{{ region = "{region}"; word = "file:{folder}/secret-{region}"; }}'
                          for region in REGIONS)
        stage.more.append((r"beacons = false;", f"beacons = true; beacon_words = ( {words} );",
                           "beacons"))
    return stage


def start(stage, settle=True):
    """Starts it, and waits until every daemon answers; settle: until the group is taken on."""
    stage.start()
    for probe in PROBES:
        stage.wait_until(f"{probe} answers", lambda p=probe: ready(stage, p), 20)
    if settle:
        stage.settle()
    return stage


def ready(stage, probe="use1"):
    try:
        return ask(stage, "GET", "/readyz", probe=probe)[0] == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """One stage for all tests that leave it as they found it."""
    with make_stage(tmp_path_factory.mktemp("stage"), beacons=True) as stage:
        start(stage)
        yield stage


# ---- plain HTTP ----

class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=20):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask(stage, method, path, body=None, headers=None, tcp=False, probe="use1"):
    """(status, headers, text) of one request."""
    if tcp:
        host, _, port = stage.http(probe).rpartition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=20)
    else:
        connection = UnixConnection(stage.socket(probe))
    connection.request(method, path, body, headers or {})
    reply = connection.getresponse()
    text = reply.read().decode()
    connection.close()
    return reply.status, reply.headers, text


def code_of(text):
    error = json.loads(text)["error"]
    assert error["message"], "an error says what is wrong"
    return error["code"]


def order(stage, tcp=False, headers=None, **fields):
    status, _, text = ask(stage, "POST", "/api/v1/orders", json.dumps(fields), headers, tcp)
    return status, json.loads(text)


# ---- who may do what ----

def documented_routes():
    rows = re.findall(r"(?m)^\| `(GET|POST) (/\S+)` \| (read|order) \|",
                      (TOP / "docs/API.md").read_text())
    return [(method, path.partition("?")[0], scope) for method, path, scope in rows]


def coded_routes():
    text = (TOP / "monitor/io/control/routes.c").read_text()
    return re.findall(r'\{(GET|POST), "([^"]+)", SCOPE_(READ|ORDER),', text)


def test_the_documented_paths_are_those_that_are_served():
    documented = {(method, re.sub(r"(?<=/)[A-Z]+", "?", path), scope.upper())
                  for method, path, scope in documented_routes()}
    assert documented == set(coded_routes())
    assert len(documented) == 12


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


def expected(method, path, caller):
    """The statuses that are right for a request without a meaningful body."""
    scopes = {m: scope for m, p, scope in documented_routes() if p == path}
    wanted = "GET" if method == "HEAD" else method
    if wanted not in scopes:
        return {405}
    refused = CALLERS[caller][2]
    if scopes[wanted] == "order" and refused:
        return {401} if refused == "token_missing" else {403}
    if path.startswith("/beacon/"):
        return {404}
    # the body "{}" is no order; init of what has a decision begins nothing; there is no such incident
    return {"/api/v1/orders": {400}, "/api/v1/incident/ID": {404}}.get(path, {200})


@pytest.mark.parametrize("caller", CALLERS)
def test_every_path_asks_for_its_scope(stage, caller):
    tcp, headers, refused = CALLERS[caller]
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
                assert code_of(text) == refused, what
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
                          text=True, timeout=30, check=False)
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


# ---- orders, and what becomes of them ----

@pytest.fixture
def fresh(tmp_path):
    with make_stage(tmp_path, beacons=True) as stage:
        start(stage)
        yield stage


def beacon(stage, region, probe="use1", group=GROUP, tcp=True):
    status, _, text = ask(stage, "GET", f"/beacon/{group}/{region}", tcp=tcp, probe=probe)
    return status, text


def test_a_beacon_says_its_word_exactly_while_latched(fresh):
    stage = fresh
    for probe in PROBES:
        for region in (*REGIONS, "mars"):
            assert beacon(stage, region, probe) == (404, "")
    assert beacon(stage, EAST, group="burger") == (404, "")
    stage.kill_site("factory", EAST)
    stage.wait_until("the beacon is lit everywhere", lambda: all(
        beacon(stage, EAST, probe) == (200, WORDS[EAST]) for probe in PROBES), 30)
    assert beacon(stage, WEST) == (404, ""), "never for the region that serves"
    stage.programs["use1"].send(signal.SIGKILL)
    stage.stop_daemon("use1")
    stage.start_daemon("use1")
    stage.wait_until("it answers again", lambda: ready(stage), 20)
    assert beacon(stage, EAST) == (200, WORDS[EAST]), "the latch survives a restart"
    stage.start_site("factory", EAST)
    stage.wait_until("east may gain", lambda: stage.gate_open("gain", EAST), 30)
    assert beacon(stage, EAST) == (200, WORDS[EAST]), "up again is not yet back"
    stage.ctl("failback", GROUP, "--reason", "repaired")
    stage.wait_until("the beacon is out where the zone is read", lambda: all(
        beacon(stage, EAST, probe) == (404, "") for probe in ("use1", "usw2")), 30)


def epoch(stage):
    return stage.status()["groups"][0]["decision"]["epoch"]


def test_a_failback_that_is_refused_moves_nothing_later(fresh):
    stage = fresh
    stage.kill_site("factory", EAST)
    stage.wait_until("moved", lambda: epoch(stage) > 1, 30)
    done = stage.ctl("failback", GROUP, "--reason", "too early", check=False)
    assert done.returncode == 3
    assert "not now" in done.stderr and "D2" in done.stderr and "withdrawn" in done.stderr
    moved = epoch(stage)
    stage.start_site("factory", EAST)
    stage.wait_until("east may gain", lambda: stage.gate_open("gain", EAST), 30)
    time.sleep(2 * TIMING["interval"])  # long enough for a mistake to show
    assert epoch(stage) == moved
    done = stage.ctl("failback", GROUP, "--reason", "now", "--json")
    answer = json.loads(done.stdout)
    assert answer["outcome"] == "obeyed"
    assert answer["groups"][0]["epoch"] == epoch(stage) > moved
    assert json.loads(stage.ctl("failback", GROUP, "--reason", "again", "--json").stdout)[
        "outcome"] == "nothing-to-do"


def test_a_failback_with_a_time_waits_for_the_rules(fresh):
    stage = fresh
    stage.kill_site("factory", EAST)
    stage.wait_until("moved", lambda: epoch(stage) > 1, 30)
    done = stage.ctl("failback", GROUP, "--reason", "when it is up", "--for", "5m", check=False)
    assert done.returncode == 3 and "stands" in done.stderr
    stage.start_site("factory", EAST)
    stage.wait_until("it fails back by the order", lambda: stage.status()["groups"][0]["decision"][
        "kind"] == "failback", 30)


def test_freeze_holds_a_drain_and_override_lifts_it(fresh):
    stage = fresh
    assert "in-force" in stage.ctl("freeze", GROUP, "--reason", "looking").stdout
    done = stage.ctl("drain", EAST, "--reason", "work", check=False)
    assert done.returncode == 3
    assert "D7" in done.stderr and "looking" in done.stderr and "stands" in done.stderr
    assert epoch(stage) == 1
    done = stage.ctl("drain", EAST, "--reason", "work now", "--override")
    assert "obeyed" in done.stdout
    assert "0/100" in stage.ctl("explain", GROUP).stdout
    stage.ctl("thaw", "--reason", "looked")
    assert "may gain" in stage.ctl("restore", EAST, "--reason", "done").stdout


def test_a_drain_ends_when_its_time_is_over(fresh):
    stage = fresh
    stage.ctl("drain", EAST, "--reason", "short", "--for", "3s")
    assert stage.status()["regions"][0] == {"name": EAST, "drained": True}
    stage.wait_until("the drain is over", lambda: not stage.status()["regions"][0]["drained"], 20)


def test_a_drift_is_acknowledged_and_nothing_else_is(fresh):
    stage = fresh
    done = stage.ctl("ack", f"{GROUP}.drift", "--reason", "x", check=False)
    assert done.returncode == 2 and "open" in done.stderr


def test_init_refuses_what_could_never_be_made(tmp_path):
    with make_stage(tmp_path) as stage:
        value = re.escape(stage.address("factory", WEST))
        stage.more.append((rf'\n[^\n]*value = "{value}";', "", "no value to create it with"))
        start(stage, settle=False)
        stage.lab.replace([r for r in stage.lab.records()
                           if r["Type"] not in ("NS", "SOA")
                           and r.get("SetIdentifier") != "factory-us-west-2"])
        stage.stop_daemon("use1")  # what it read before does not count
        stage.start_daemon("use1")
        stage.wait_until("use1 answers", lambda: ready(stage), 20)
        done = stage.ctl("init", "--yes", check=False)
        assert done.returncode == 3 and "missing" in done.stdout


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
                          env=stage.daemon_env(), capture_output=True, text=True, timeout=30,
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


# ---- the commands' text ----

def plain(text):
    """Numbers and times as N, so that a text can be compared."""
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)
    text = re.sub(r"nonce=\w+ plan=\w+", "nonce=X plan=X", text)
    text = re.sub(r"127\.77\.\d\.\d+", "ADDRESS", text)
    text = re.sub(r"\bby=\w+|\bby (use1|usw2)", "by PROBE", text)
    text = re.sub(r"\d+(\.\d+)? s\b", "N s", text)
    text = re.sub(r"epoch[ =]\d+", "epoch N", text)
    text = re.sub(r"(V5 +self +-) .*", r"\1 SENTENCE", text)
    return re.sub(r" +", " ", text)


STATUS = """\
probe use1 sees, store ok, 0 of 4 moves used in 6 h 0 m

group jwt-pizza epoch N, init by PROBE at TIME, in the zone
 first head, from what the zone says
 site weight normal agreed for use1 usw2 fra
 pizza/us-east-1 100 100 up N s up up up
 pizza/us-west-2 0 0 up N s up up up
 factory/us-east-1 100 100 up N s up up up
 factory/us-west-2 0 0 up N s up up up
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
 DELETE _regionshift.jwt-pizza.example.com TXT - "v=rs1 group=jwt-pizza epoch N by PROBE nonce=X plan=X"
 CREATE _regionshift.jwt-pizza.example.com TXT - "v=rs1 group=jwt-pizza epoch N by PROBE nonce=X plan=X"
 DELETE pizza.example.com A pizza-us-east-1 weight 100 ADDRESS
 CREATE pizza.example.com A pizza-us-east-1 weight 0 ADDRESS
 DELETE pizza.example.com A pizza-us-west-2 weight 0 ADDRESS
 CREATE pizza.example.com A pizza-us-west-2 weight 100 ADDRESS
 DELETE factory.example.com A factory-us-east-1 weight 100 ADDRESS
 CREATE factory.example.com A factory-us-east-1 weight 0 ADDRESS
 DELETE factory.example.com A factory-us-west-2 weight 0 ADDRESS
 CREATE factory.example.com A factory-us-west-2 weight 100 ADDRESS
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
        assert plain(stage.ctl("explain", GROUP).stdout) == EXPLAIN
        assert plain(stage.ctl("plan", "--down", EAST).stdout).startswith(PLAN)
        assert plain(stage.ctl("history").stdout).startswith(HISTORY)
        assert "nothing would move" in stage.ctl("plan").stdout
        assert "at epoch 1 already" in stage.ctl("init").stdout.replace(
            "taken on already, at epoch 1", "at epoch 1 already")
        stage.kill_site("factory", EAST)
        stage.wait_until("moved", lambda: epoch(stage) == 2, 30)
        incidents = stage.status()["incidents"]
        ident = next(i["id"] for i in incidents if i["event"] == "region_down")
        report = stage.wait_until("the incident is in the history", lambda: stage.ctl(
            "incident", ident, check=False).stdout, 20)
        assert ident in report and "opened" in report and "decided group=" in report
        after = stage.ctl("history", GROUP, "--limit", "1").stdout
        assert "evidence votes of" in re.sub(" +", " ", after) and "leave by" in after
        assert stage.ctl("explain", "burger", check=False).returncode == 2


def test_json_is_what_the_daemon_says(stage):
    for command, path in ((("status",), "/api/v1/status"), (("init",), "/api/v1/init"),
                          (("plan", "--down", "pizza/us-east-1"), "/api/v1/plan?down=pizza/us-east-1"),
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
    assert len(names) == 13
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


def test_watch_shows_it_again_until_interrupted(stage):
    child = subprocess.Popen([str(BUILD / "regionshift"), "-s", f"unix:{stage.socket('use1')}",
                              "status", "--watch"], stdout=subprocess.PIPE, text=True)
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
