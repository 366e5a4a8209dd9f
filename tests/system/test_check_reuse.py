# SPDX-License-Identifier: Apache-2.0
"""HTTP checks that go on where the last one stopped, against a real nginx that logs over which
connection each request came, the how-manieth there, and whether its TLS session was resumed."""

import time
from collections import namedtuple

import pytest
from certificates import Authority
from eyes import Eyes
from programs import Program, free_port
from test_check_http import NGINX, wait_for_listener

pytestmark = pytest.mark.skipif(NGINX is None, reason="no nginx on this machine")

SETTINGS = """daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
user root;
events {{ }}
http {{
  log_format way '$uri $status $connection $connection_requests $ssl_session_reused.';
  access_log {folder}/access.log way;
  client_body_temp_path {folder}/t; proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t;
  uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
  ssl_certificate {certificate}; ssl_certificate_key {key};
  server {{
    listen 127.0.0.1:{plain}; listen 127.0.0.1:{tls} ssl;
    location / {{
      if (-f {folder}/sick) {{ return 503 'sick'; }}
      return 200 'ok';
    }}
  }}
}}
"""
EVERY = 4
OFTEN = 'interval = "1s"; timeout = "900ms"; '
PATIENCE = 240      # seconds, for a machine that is busy with other things

Line = namedtuple("Line", "page status connection nth is_resumed")


class House:
    """A running nginx, and what its log says of each page."""

    def __init__(self, folder):
        self.folder = folder
        authority = Authority(folder / "tls")
        certificate, key = authority.issue("server", "IP:127.0.0.1")
        self.authority = authority.certificate
        self.ports = {name: free_port("127.0.0.1") for name in ("plain", "tls")}
        conf = folder / "nginx.conf"
        conf.write_text(SETTINGS.format(folder=folder, certificate=certificate, key=key,
                                        **self.ports))
        self.program = Program("nginx", [NGINX, "-p", str(folder), "-c", str(conf), "-e",
                                         str(folder / "error.log")])
        for port in self.ports.values():
            wait_for_listener(port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.program.stop()

    def check(self, way, page, connection):
        scheme = "https" if way == "tls" else "http"
        trust = f'ca_file = "{self.authority}"; ' if way == "tls" else ""
        every = f"fresh_every = {EVERY}; " if connection != "fresh" else ""
        return (f'url = "{scheme}://127.0.0.1:{self.ports[way]}/{page}/REGION"; {trust}{every}'
                f'{OFTEN}connection = "{connection}";')

    def lines(self, page):
        """Of the first site, whole lines only, in their order."""
        text = (self.folder / "access.log").read_text()
        fields = [line.split() for line in text[:text.rfind("\n") + 1].splitlines()]
        return [Line(path, int(status), int(connection), int(nth), reused.startswith("r"))
                for path, status, connection, nth, reused in fields
                if path == f"/{page}/us-east-1"]

    def wait(self, page, has_come):
        until = time.monotonic() + PATIENCE
        while not has_come(self.lines(page)):
            assert time.monotonic() < until, self.lines(page)
            time.sleep(0.1)


def is_fresh(line):
    return line.nth == 1 and not line.is_resumed


def longest_without_fresh(lines):
    longest = run = 0
    for line in lines:
        run = 0 if is_fresh(line) else run + 1
        longest = max(longest, run)
    return longest


def test_each_check_comes_the_way_it_is_set_to(tmp_path):
    with House(tmp_path) as house:
        checks = {page: house.check(way, page, connection) for page, way, connection in (
            ("fresh", "tls", "fresh"), ("resumed", "tls", "resumed"), ("kept", "tls", "kept"),
            ("plain", "plain", "kept"))}
        with Eyes(tmp_path, checks) as eyes:
            for page in checks:
                eyes.see(page, "up", deadline=PATIENCE)
                house.wait(page, lambda lines: len(lines) > 2 * EVERY)
            house.wait("resumed", lambda lines: any(line.is_resumed for line in lines))
            for page in ("kept", "plain"):
                house.wait(page, lambda lines: any(line.nth > 1 for line in lines))
    assert all(is_fresh(line) for line in house.lines("fresh"))
    assert all(line.nth == 1 for line in house.lines("resumed"))
    assert not any(line.is_resumed for line in house.lines("kept"))
    for page in ("resumed", "kept", "plain"):
        assert 0 < longest_without_fresh(house.lines(page)) < EVERY, house.lines(page)


def test_after_a_bad_answer_and_under_suspicion_every_check_is_fresh(tmp_path):
    with House(tmp_path) as house:
        checks = {"resumed": house.check("tls", "resumed", "resumed"),
                  "kept": house.check("plain", "kept", "kept")}
        with Eyes(tmp_path, checks) as eyes:
            for page in checks:
                house.wait(page, lambda lines: any(not is_fresh(line) for line in lines))
            (tmp_path / "sick").touch()
            for page in checks:
                eyes.see(page, "down", "status", deadline=PATIENCE)
            (tmp_path / "sick").unlink()
            for page in checks:
                house.wait(page, lambda lines: not is_fresh(lines[-1]) and lines[-1].status == 200)
    for page in checks:
        lines = house.lines(page)
        assert any(line.status == 503 for line in lines)
        for before, line in zip(lines, lines[1:]):
            assert before.status == 200 or is_fresh(line), (before, line)
