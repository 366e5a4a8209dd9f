# SPDX-License-Identifier: Apache-2.0
"""Checks of WebSockets against python3-websockets: by itself, and behind an nginx that hands the
upgrade on, with TLS and without, as it should and as it should not."""

import subprocess
from pathlib import Path

import pytest
from certificates import Authority
from eyes import Eyes
from programs import PYTHON, Program, find_tool, free_port

HERE = Path(__file__).resolve().parent
HAS_SERVER = subprocess.run([PYTHON, "-c", "import websockets"], stderr=subprocess.DEVNULL,
                            check=False).returncode == 0
pytestmark = [pytest.mark.skipif(not HAS_SERVER, reason="no python3-websockets here"),
              pytest.mark.skipif(find_tool("nginx") is None, reason="no nginx here")]
NGINX = """daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
user root;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {folder}/t; proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t;
  uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
  ssl_certificate {certificate}; ssl_certificate_key {key};
  proxy_http_version 1.1;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection upgrade;
  server {{
    listen 127.0.0.1:{clear}; listen 127.0.0.1:{tls} ssl;
    location / {{ proxy_pass http://127.0.0.1:{behind}; }}
    location = /plain {{ return 200 ok; }}
    location = /not-handed-on {{
      proxy_set_header Upgrade ""; proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_pass http://127.0.0.1:{behind}; }}
    location = /unproved {{
      proxy_hide_header Sec-WebSocket-Accept; proxy_pass http://127.0.0.1:{behind}; }}
    location = /forged {{
      proxy_hide_header Sec-WebSocket-Accept;
      add_header Sec-WebSocket-Accept s3pPLMBiTxaQ9kYGzzhZRbK+xOo= always;
      proxy_pass http://127.0.0.1:{behind}; }}
    location = /soap {{
      add_header Sec-WebSocket-Protocol soap always; proxy_pass http://127.0.0.1:{behind}; }}
    location = /hung-up {{ return 444; }}
  }}
}}
"""


class Servers:
    """One python3-websockets, and an nginx before it."""

    def __init__(self, folder):
        authority = Authority(folder / "tls")
        certificate, key = authority.issue("server", "IP:127.0.0.1")
        self.ca = authority.certificate
        self.ports = {name: free_port("127.0.0.1") for name in ("behind", "clear", "tls")}
        conf = folder / "nginx.conf"
        conf.write_text(NGINX.format(folder=folder, certificate=certificate, key=key, **self.ports))
        self.program = Program("websockets", [PYTHON, str(HERE / "websocket_server.py"),
                                              str(self.ports["behind"])])
        self.nginx = Program("nginx", [find_tool("nginx"), "-p", str(folder), "-c", str(conf), "-e",
                                       str(folder / "error.log")])
        self.wait("ready")

    def wait(self, text):
        self.program.wait_line(lambda line: line.text == text, 60)

    def check(self, path, port="clear", more=""):
        return f'type = "websocket"; url = "ws://127.0.0.1:{self.ports[port]}{path}"; {more}'

    def secure(self, path, more="", trusted=True):
        ca = f'ca_file = "{self.ca}";' if trusted else ""
        return f'type = "websocket"; url = "wss://127.0.0.1:{self.ports["tls"]}{path}"; {ca} {more}'

    def stop(self):
        self.nginx.stop()
        self.program.stop()


@pytest.fixture
def servers(tmp_path):
    servers = Servers(tmp_path)
    yield servers
    servers.stop()


@pytest.mark.cell("websocket", "good", "python3-websockets 10.4 behind nginx")
def test_handshakes_are_good_in_the_clear_and_over_tls(servers, tmp_path):
    offer = 'headers = ( "Sec-WebSocket-Protocol: mqtt, chat", "Origin: https://example.com" );'
    chosen = r'expect = "header \"sec-websocket-protocol\" == \"chat\" and latency < 3s";'
    checks = {
        "alone": servers.check("/feed", "behind"),
        "proxied": servers.check("/feed?a=b"),
        "secure": servers.secure("/feed", r'expect = "tls >= 1.2 and cert_days >= 0";'),
        "chosen": servers.check("/feed", more=offer + chosen),
        "chosen-secure": servers.secure("/feed", offer + chosen),
        "page": servers.check("/plain", more='expect = "status == 200";'),
    }
    with Eyes(tmp_path, checks) as eyes:
        for name in checks:
            eyes.see(name, "up")
        servers.wait("closed 1000")     # our goodbye was understood


@pytest.mark.cell("websocket", "bad", "python3-websockets 10.4 behind nginx")
def test_what_is_no_websocket_is_bad(servers, tmp_path):
    chat = r'expect = "header \"sec-websocket-protocol\" exists";'
    closed = free_port("127.0.0.1")
    checks = {
        "forbidden": (servers.check("/forbidden"), "status"),
        "page": (servers.check("/plain"), "status"),
        "page-secure": (servers.secure("/plain"), "status"),
        "not-handed-on": (servers.secure("/not-handed-on"), "status"),
        "unchosen": (servers.check("/feed", more=chat), "body"),
        "expiring": (servers.secure("/feed", r'expect = "cert_days > 30";'), "certificate"),
        "strange": (servers.secure("/feed", trusted=False), "certificate"),
        "closed": (f'type = "websocket"; url = "ws://127.0.0.1:{closed}/";', "connect"),
    }
    with Eyes(tmp_path, {name: check for name, (check, _) in checks.items()}) as eyes:
        for name, (_, failure) in checks.items():
            eyes.see(name, "down", failure)


@pytest.mark.cell("websocket", "hostile", "nginx that spoils the handshake")
def test_a_101_without_its_proof_is_bad(servers, tmp_path):
    paths = {"unproved": "status", "forged": "status", "soap": "status"}
    checks = {name: servers.check("/" + name) for name in paths}
    checks |= {name + "-secure": servers.secure("/" + name) for name in paths}
    checks["hung-up"] = servers.check("/hung-up")
    with Eyes(tmp_path, checks) as eyes:
        for name in checks:
            eyes.see(name, "down", "connect" if name == "hung-up" else "status")


@pytest.mark.cell("websocket", "timed out", "python3-websockets 10.4 behind nginx")
def test_a_server_that_does_not_answer_times_out(servers, tmp_path):
    checks = {"slow": servers.check("/slow", "behind"), "slow-secure": servers.secure("/slow")}
    with Eyes(tmp_path, checks, timeout=1) as eyes:
        for name in checks:
            eyes.see(name, "down", "timeout")


@pytest.mark.cell("websocket", "cancelled", "python3-websockets 10.4 behind nginx")
@pytest.mark.parametrize("secure", [False, True])
def test_a_daemon_that_ends_while_it_waits_ends_well(servers, tmp_path, secure):
    check = servers.secure("/slow") if secure else servers.check("/slow", "behind")
    with Eyes(tmp_path, {"slow": check}, timeout=30) as eyes:
        servers.wait("slow")
        assert eyes.program.stop() == 0
