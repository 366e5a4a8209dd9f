# SPDX-License-Identifier: Apache-2.0
"""Checks of gRPC's health protocol against python3-grpcio, in the clear and over TLS."""

import subprocess
from pathlib import Path

import pytest
from certificates import Authority
from eyes import Eyes
from programs import PYTHON, Program, free_port

HERE = Path(__file__).resolve().parent
HAS_GRPC = subprocess.run([PYTHON, "-c", "import grpc, google.protobuf"],
                          stderr=subprocess.DEVNULL, check=False).returncode == 0
pytestmark = pytest.mark.skipif(not HAS_GRPC, reason="no python3-grpcio here")


class Servers:
    def __init__(self, folder):
        authority = Authority(folder / "tls")
        certificate, key = authority.issue("server", "IP:127.0.0.1")
        self.ca = authority.certificate
        self.healthy, self.bare, self.tls = (free_port("127.0.0.1") for _ in range(3))
        self.program = Program("grpcio", [PYTHON, str(HERE / "grpc_server.py"), str(self.healthy),
                                          str(self.bare), str(self.tls), str(certificate),
                                          str(key)])
        self.wait("ready")

    def wait(self, text):
        self.program.wait_line(lambda line: line.text == text, 60)

    def check(self, service, more="", port=None):
        asked = f'service = "{service}";' if service else ""
        return f'type = "grpc"; url = "grpc://127.0.0.1:{port or self.healthy}"; {asked} {more}'

    def secure(self, service, more="", port=None, trusted=True):
        ca = f'ca_file = "{self.ca}";' if trusted else ""
        return (f'type = "grpc"; url = "grpcs://127.0.0.1:{port or self.tls}"; {ca} '
                f'service = "{service}"; {more}')

    def stop(self):
        self.program.stop()


@pytest.fixture
def servers(tmp_path):
    servers = Servers(tmp_path)
    yield servers
    servers.stop()


@pytest.mark.cell("grpc", "good", "python3-grpcio 1.51")
def test_what_serves_is_good_in_the_clear_and_over_tls(servers, tmp_path):
    checks = {
        "whole": servers.check(""),
        "cart": servers.check("shop.Cart", 'expect = "latency < 3s";'),
        "secure": servers.secure("shop.Cart", 'expect = "tls >= 1.2 and cert_days >= 0";'),
        "sick-as-wanted": servers.check("shop.Sick", 'expect = "state == NOT_SERVING";'),
    }
    with Eyes(tmp_path, checks) as eyes:
        for name in checks:
            eyes.see(name, "up")


@pytest.mark.cell("grpc", "bad", "python3-grpcio 1.51")
def test_what_does_not_serve_is_bad(servers, tmp_path):
    checks = {
        "sick": (servers.check("shop.Sick"), "status"),
        "sick-secure": (servers.secure("shop.Sick"), "status"),
        "unsure": (servers.check("shop.Unsure"), "status"),
        "gone": (servers.check("shop.Gone"), "status"),
        "nobody": (servers.check("shop.Nobody"), "status"),             # NOT_FOUND
        "failing": (servers.check("shop.Failing"), "status"),           # UNAVAILABLE
        "bare": (servers.check("", port=servers.bare), "status"),       # UNIMPLEMENTED
        "expiring": (servers.secure("shop.Cart", 'expect = "cert_days > 30";'), "certificate"),
        "strange": (servers.secure("shop.Cart", trusted=False), "certificate"),
        "closed": (servers.check("", port=free_port("127.0.0.1")), "connect"),
    }
    with Eyes(tmp_path, {name: check for name, (check, _) in checks.items()}) as eyes:
        for name, (_, failure) in checks.items():
            eyes.see(name, "down", failure)


@pytest.mark.cell("grpc", "hostile", "python3-grpcio 1.51")
def test_what_is_no_answer_is_bad(servers, tmp_path):
    checks = {
        "odd": (servers.check("shop.Odd"), "body"),                     # half a message
        "spoken": (servers.secure("", port=servers.healthy), "tls"),    # not over TLS at all
        "unspoken": (servers.check("", port=servers.tls), None),        # TLS, asked in the clear
    }
    with Eyes(tmp_path, {name: check for name, (check, _) in checks.items()}) as eyes:
        for name, (_, failure) in checks.items():
            eyes.see(name, "down", failure)


@pytest.mark.cell("grpc", "timed out", "python3-grpcio 1.51")
def test_a_call_that_is_not_answered_times_out(servers, tmp_path):
    checks = {"slow": servers.check("shop.Slow"), "slow-secure": servers.secure("shop.Slow")}
    with Eyes(tmp_path, checks, timeout=1) as eyes:
        for name in checks:
            eyes.see(name, "down", "timeout")


@pytest.mark.cell("grpc", "cancelled", "python3-grpcio 1.51")
def test_a_daemon_that_ends_during_a_call_ends_well(servers, tmp_path):
    with Eyes(tmp_path, {"slow": servers.check("shop.Slow")}, timeout=30) as eyes:
        servers.wait("slow")
        assert eyes.program.stop() == 0
