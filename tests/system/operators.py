# SPDX-License-Identifier: Apache-2.0
"""What the tests of the operators' interfaces share: a stage with a token and beacons, and plain
HTTP over both transports, without the command."""

import http.client
import json
import socket

from stage import PROBES, REGIONS, Stage

EAST, WEST = REGIONS
GROUP = "jwt-pizza"
TOKEN = "t0ken-of-thirty-two-bytes-or-more-0123456789"
WORDS = {EAST: "evict-east-4711", WEST: "evict-west-0815"}
TIMING = {"interval": 1, "timeout": 0.8, "retry": 0.1, "hold": 0, "stable": 1, "dwell": 2,
          "lease": 3}


class CleanStage(Stage):
    """A stage whose daemons end well, and without a word of a sanitizer (--enable-sanitize)."""

    def stop(self):
        daemons = [self.programs[name] for name in PROBES if name in self.programs]
        super().stop()
        for daemon in daemons:
            said = "\n".join(line.text for line in daemon.lines)
            assert "Sanitizer" not in said and "runtime error" not in said, said[-4000:]
            assert daemon.process.returncode == 0, said[-4000:]


def make_stage(folder, beacons=False):
    stage = CleanStage(timing=TIMING, lab_options=["--rate", "0"], folder=folder)
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


# ---- plain HTTP ----

class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=60):
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
        connection = http.client.HTTPConnection(host, int(port), timeout=60)
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


def epoch(stage):
    return stage.status()["groups"][0]["decision"]["epoch"]
