# SPDX-License-Identifier: Apache-2.0
"""HTTP checks of the daemon against a real nginx: plain, over TLS, HTTP/2 both ways, redirects."""

import shutil
import socket
import time

import pytest
from certificates import Authority
from eyes import Eyes
from programs import Program, free_port

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="no nginx on this machine")

SETTINGS = """daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
user {user};
events {{ }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/t; proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t;
  uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
  ssl_certificate {certificate}; ssl_certificate_key {key};
  server {{
    listen 127.0.0.1:{plain}; listen 127.0.0.1:{clear} http2;
    listen 127.0.0.1:{tls} ssl; listen 127.0.0.1:{alpn} ssl http2;
    location = /ok {{ add_header X-Ready 1; return 200 '{{"queue": {{"depth": 7}}}}'; }}
    location = /sick {{ return 503; }}
    location = /moved {{ return 302 /ok; }}
    location = /away {{ return 302 http://169.254.169.254/latest/meta-data; }}
  }}
}}
"""


def wait_for_listener(port, deadline=120):
    until = time.monotonic() + deadline
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=deadline).close()
            return
        except ConnectionRefusedError:
            assert time.monotonic() < until, f"nobody listens on {port}"
            time.sleep(0.05)


@pytest.fixture
def nginx(tmp_path):
    """The ports of a running server, by what is spoken there, and its authority's file."""
    authority = Authority(tmp_path / "tls")
    certificate, key = authority.issue("server", "IP:127.0.0.1")
    ports = {name: free_port("127.0.0.1") for name in ("plain", "clear", "tls", "alpn")}
    conf = tmp_path / "nginx.conf"
    conf.write_text(SETTINGS.format(folder=tmp_path, user="root", certificate=certificate, key=key,
                                    **ports))
    program = Program("nginx", [NGINX, "-p", str(tmp_path), "-c", str(conf), "-e",
                                str(tmp_path / "error.log")])
    for port in ports.values():
        wait_for_listener(port)
    yield dict(ports, ca=authority.certificate, log=tmp_path / "access.log")
    program.stop()


def plain(nginx, path, more=""):
    return f'url = "http://127.0.0.1:{nginx["plain"]}{path}"; {more}'


def secure(nginx, path, more="", port="tls"):
    return f'url = "https://127.0.0.1:{nginx[port]}{path}"; ca_file = "{nginx["ca"]}"; {more}'


@pytest.mark.cell("http", "good", "nginx")
def test_good_pages_are_up_over_every_protocol(nginx, tmp_path):
    wanted = r'expect = "json .queue.depth < 10 and header \"x-ready\" == \"1\" and latency < 5s";'
    checks = {
        "plain": plain(nginx, "/ok", wanted),
        "tls": secure(nginx, "/ok", r'expect = "tls >= 1.2 and cert_days >= 0";'),
        "alpn": secure(nginx, "/ok", wanted + ' http = "2";', "alpn"),
        "clear": f'url = "http://127.0.0.1:{nginx["clear"]}/ok"; http = "2"; {wanted}',
        "moved": plain(nginx, "/moved", "redirects = 1;"),
    }
    with Eyes(tmp_path, checks) as eyes:
        for name in checks:
            eyes.see(name, "up")


@pytest.mark.cell("http", "bad", "nginx")
def test_bad_pages_are_down_with_their_class(nginx, tmp_path):
    checks = {
        "sick": (plain(nginx, "/sick"), "status"),
        "body": (plain(nginx, "/ok", r'expect = "json .queue.depth > 10";'), "body"),
        "moved": (plain(nginx, "/moved", 'status = "200";'), "status"),
        "looped": (plain(nginx, "/moved", 'status = "404"; redirects = 1;'), "status"),
        "unspoken": (secure(nginx, "/ok", 'http = "2";'), "status"),
        "expiring": (secure(nginx, "/ok", r'expect = "cert_days > 30";'), "certificate"),
        "strange": (f'url = "https://127.0.0.1:{nginx["tls"]}/ok";', "certificate"),
        "spoken": (f'url = "https://127.0.0.1:{nginx["plain"]}/ok";', "tls"),
        "closed": (f'url = "http://127.0.0.1:{free_port("127.0.0.1")}/ok";', "connect"),
    }
    with Eyes(tmp_path, {name: check for name, (check, _) in checks.items()}) as eyes:
        for name, (_, failure) in checks.items():
            eyes.see(name, "down", failure)


@pytest.mark.cell("http", "hostile", "nginx")
def test_what_leads_to_the_metadata_service_is_never_a_verdict(nginx, tmp_path):
    until = time.monotonic() + 60
    with Eyes(tmp_path, {"away": plain(nginx, "/away", "redirects = 1;")}) as eyes:
        while nginx["log"].read_text().count("GET /away") < 6:      # of two sites, each fall = 2
            assert time.monotonic() < until, "nobody asked for the page"
            time.sleep(0.05)
        assert not any(line.has(fact="verdict") for line in list(eyes.program.lines))


def test_http3_is_said_where_this_build_cannot_speak_it(tmp_path):
    eyes = Eyes(tmp_path, {"third": 'url = "https://127.0.0.1:1/"; http = "3";'})
    program = Program("eyes", [eyes.program_path(), "-t", "-c", str(eyes.conf)])
    line = program.wait_line(lambda line: line.text.endswith(": ok"), 20)
    said = [line.text for line in program.lines if "HTTP/3" in line.text]
    program.stop()
    assert line and (not said or "third/us-east-1: https://127.0.0.1:1/: this build cannot speak "
                     "HTTP/3: libcurl" in said[0])
