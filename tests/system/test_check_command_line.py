# SPDX-License-Identifier: Apache-2.0
"""`regionshift check`: checks by hand of real servers and of liars, as people and as programs read
them."""

import contextlib
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios

import pytest
from certificates import Authority
from eyes import Eyes
from liars import server, wait_for_close
from programs import BUILD, free_port
from test_check_http import NGINX, nginx, plain, secure  # noqa: F401 (a fixture)

REGIONSHIFT = str(BUILD / "regionshift")
real_server = pytest.mark.skipif(NGINX is None, reason="no nginx on this machine")


def look(*arguments):
    """(exit status, what was printed, what was complained about)"""
    done = subprocess.run([REGIONSHIFT, "check", *map(str, arguments)], capture_output=True,
                          text=True, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


def look_json(*arguments):
    code, out, err = look("--json", *arguments)
    assert out, err
    reply = json.loads(out)
    assert reply["v"] == 1
    return code, reply["checks"]


def settings_of(folder, *checks):
    """A settings file whose site shop/us-east-1 has these checks."""
    return Eyes(folder, {"shop": "}, { ".join(checks)}).conf


# ---- real servers ----

@real_server
def test_a_good_page_is_explained_from_the_address_to_what_a_probe_makes_of_it(nginx):  # noqa: F811
    code, out, _ = look(f"http://127.0.0.1:{nginx['plain']}/ok")
    assert code == 0
    assert re.search(r"^  expected +status in 200-299$", out, re.M)
    assert f"  connect to  127.0.0.1:{nginx['plain']}\n" in out
    assert re.search(r"^  send +GET /ok HTTP/1.1", out, re.M)
    assert re.search(r"^  answer +status 200$", out, re.M)
    assert re.search(r'^  body +\{"queue": \{"depth": 7\}\}$', out, re.M)
    assert re.search(r"^  connect +[0-9.]+ ms +#+$", out, re.M)
    assert re.search(r"^  total +[0-9.]+ ms  #+$", out, re.M)
    assert re.search(r"^  verdict +good: status 200$", out, re.M)
    assert re.search(r"^  to a probe +a good result: 2 in a row, and it is up$", out, re.M)


@real_server
def test_an_expression_that_does_not_hold_says_what_was_seen_and_wanted(nginx):  # noqa: F811
    code, out, _ = look(f"http://127.0.0.1:{nginx['plain']}/ok", "--expect",
                        "json .queue.depth > 10")
    assert code == 1
    assert "expected    status in 200-299 and (json .queue.depth > 10)\n" in out
    assert re.search(r"^  verdict +bad \(body\): .*7.*10", out, re.M)
    assert "suspect, and looked at again every 1 s: 3 bad in a row, and it is down\n" in out


@real_server
def test_a_certificate_is_shown_with_its_days(nginx, tmp_path):  # noqa: F811
    conf = settings_of(tmp_path, secure(nginx, "/ok", 'name = "page"; http = "2";', "alpn"))
    code, out, _ = look("shop/us-east-1", "-c", conf)
    assert code == 0
    assert re.search(r"^  send +GET /ok HTTP/2", out, re.M)
    assert re.search(r"^  tls +TLSv1\.[23], \S+$", out, re.M)
    assert "  certificate of O = laboratory\n" in out
    assert "              for IP Address:127.0.0.1\n" in out
    assert re.search(r"^ +[12]\.\d days left$", out, re.M)
    assert re.search(r"^  tls +[0-9.]+ ms +#+$", out, re.M)


@pytest.fixture
def tls_server(tmp_path):
    """tls_server(names, expired=False): (port, its authority's file) of a server with openssl."""
    authority = Authority(tmp_path / "own")
    running = []

    def start(names, expired=False):
        certificate, key = authority.issue("server", names, expired)
        port = free_port("127.0.0.1")
        process = subprocess.Popen(
            ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", str(certificate),
             "-key", str(key), "-www"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        running.append(process)
        for line in process.stdout:
            if line.startswith(b"ACCEPT"):
                break
        return port, authority.certificate
    yield start
    for process in running:
        process.terminate()
        process.communicate()


@pytest.mark.parametrize("kind", ["https", "tls"])
def test_an_expired_certificate_is_shown_though_it_is_refused(kind, tls_server, tmp_path):
    port, authority = tls_server("IP:127.0.0.1", expired=True)
    conf = settings_of(tmp_path, f'type = "{"http" if kind == "https" else kind}"; '
                       f'url = "{kind}://127.0.0.1:{port}"; ca_file = "{authority}";')
    code, out, _ = look("shop/us-east-1", "-c", conf)
    assert code == 1
    assert "  certificate of O = laboratory\n" in out
    assert re.search(r"^ +expired 1\.\d days ago$", out, re.M)
    assert re.search(r"^  verdict +bad \(certificate\): .*expired", out, re.M)


@pytest.mark.parametrize("kind", ["https", "tls"])
def test_a_certificate_of_another_name_says_whose_it_is(kind, tls_server, tmp_path):
    port, authority = tls_server("DNS:other.example.com")
    conf = settings_of(tmp_path, f'type = "{"http" if kind == "https" else kind}"; '
                       f'url = "{kind}://127.0.0.1:{port}"; ca_file = "{authority}";')
    code, checks = look_json("shop/us-east-1", "-c", conf)
    assert code == 1
    assert checks[0]["result"]["failure"] == "certificate"
    assert checks[0]["addresses"][0]["tls"]["names"] == "DNS:other.example.com"
    assert 1 < checks[0]["addresses"][0]["tls"]["days_left"] <= 2


# ---- what does not answer ----

def test_a_refused_connection_is_bad_and_makes_a_probe_suspicious():
    port = free_port("127.0.0.1")
    code, out, _ = look(f"tcp://127.0.0.1:{port}")
    assert code == 1
    assert f"  verdict     bad (connect): 127.0.0.1:{port}: Connection refused\n" in out
    assert "  to a probe  suspect, and looked at again every" in out


def test_a_silent_server_is_a_timeout_and_its_phases_show_how_far_it_came(tmp_path):
    with server(wait_for_close) as port:
        conf = settings_of(tmp_path, f'url = "http://127.0.0.1:{port}/"; timeout = 0.5;')
        code, checks = look_json("shop/us-east-1", "-c", conf)
    assert code == 1
    result = checks[0]["result"]
    assert result["failure"] == "timeout"
    assert "while waiting for an answer" in result["detail"]
    assert result["seconds"]["connect"] is not None and result["seconds"]["first_byte"] is None
    assert result["seconds"]["total"] >= 0.5


def test_a_name_that_does_not_resolve_is_naming_not_the_endpoint():
    code, out, _ = look("http://no-such-name.invalid/")
    assert code == 1
    assert re.search(r"^  resolved +no-such-name\.invalid: \S", out, re.M)
    assert re.search(r"^  verdict +(bad|void) \(dns\): no-such-name\.invalid: ", out, re.M)


def test_naming_is_told_beside_a_pinned_address():
    with server(wait_for_close) as port:
        code, checks = look_json(f"tcp://no-such-name.invalid:{port}", "--address", "127.0.0.1")
    assert code == 0, "the endpoint itself is good (V6)"
    assert checks[0]["pinned"] == "127.0.0.1"
    assert checks[0]["naming"]["error"] and checks[0]["naming"]["addresses"] == []


def test_what_policy_blocks_is_void_and_says_so():
    code, out, err = look("http://169.254.169.254/latest/meta-data")
    assert code == 2 and "169.254.169.254" in err, "a literal is an error of the settings"
    with server(wait_for_close) as port:
        code, out, _ = look(f"tcp://no-such-name.invalid:{port}", "--address", "169.254.169.254")
    assert code == 2 or "void (policy)" in out


# ---- liars ----

HOSTILE = b"\x1b]0;owned\x07\x1b[2J\r\n\xc2\x9b31m" + b"A" * 5000


def is_harmless(out):
    return all(c == "\n" or 32 <= ord(c) < 127 for c in out)


def test_what_a_server_says_reaches_no_terminal():
    def serve(connection):
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 500 \x1b[31mno\r\nX: \x1b[2J\r\nContent-Length: 5032\r\n\r\n"
                           + HOSTILE)
    with server(serve) as port:
        code, out, _ = look(f"http://127.0.0.1:{port}/")
    body = re.search(r"^  body +(.*)$", out, re.M)[1]
    assert code == 1 and is_harmless(out)
    assert body.startswith(r"\x1b]0;owned\x07\x1b[2J\x0d\x0a\xc2\x9b31mAAA") and len(body) <= 200


def test_an_agent_that_lies_is_quoted_not_obeyed():
    with server(lambda connection: connection.sendall(HOSTILE + b"\n")) as port:
        code, out, _ = look(f"agent://127.0.0.1:{port}")
    assert code == 1 and is_harmless(out)


def test_a_body_that_nobody_looks_at_and_that_never_comes_changes_no_verdict():
    def serve(connection):
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        wait_for_close(connection)
    with server(serve) as port:
        code, out, _ = look(f"http://127.0.0.1:{port}/", "--expect", "latency < 100s")
    assert code == 0
    assert re.search(r"^  body +none came$", out, re.M)


# ---- sites ----

def greet(connection):
    connection.sendall(b"220 hello\r\n")


def several(port, closed):
    # Without a dialogue they would be broken off before the server sees them.
    good = (f'url = "tcp://127.0.0.1:{port}"; type = "tcp"; '
            f'dialogue = ( {{ expect = "220 "; }} );')
    bad = f'url = "tcp://127.0.0.1:{closed}"; type = "tcp";'
    return (f'name = "main"; {good}', f'name = "edge-a"; {good}', f'name = "edge-b"; {bad}',
            'type = "group"; name = "edge"; of = [ "edge-a", "edge-b" ]; need = 1;',
            f'name = "extra"; level = "degraded"; {bad}')


def test_a_site_has_all_its_checks_made_each_once(tmp_path):
    seen = []

    def serve(connection):
        seen.append(connection)
        greet(connection)
    with server(serve) as port:
        conf = settings_of(tmp_path, *several(port, free_port("127.0.0.1")))
        code, out, _ = look("shop/us-east-1", "-c", conf)
    assert code == 1, "edge-b and extra are bad"
    assert re.findall(r"^shop/us-east-1 (\S+) ", out, re.M) == ["main", "edge-a", "edge-b", "edge",
                                                               "extra"]
    assert out.count("it counts in its group only") == 2
    assert "verdict     good, as its members are above: 1 of 2 have to be good" in out
    assert "degraded: it is told and alerted, traffic stays" in out
    assert len(seen) == 2


def test_one_check_of_a_site_can_be_named_and_a_group_brings_its_members(tmp_path):
    with server(greet) as port:
        conf = settings_of(tmp_path, *several(port, free_port("127.0.0.1")))
        code, checks = look_json("shop/us-east-1", "-c", conf, "--check", "main")
        assert code == 0 and [check["check"] for check in checks] == ["main"]
        code, checks = look_json("shop/us-east-1", "-c", conf, "--check", "edge")
        assert [(check["check"], check["class"]) for check in checks] == [
            ("edge-a", "good"), ("edge-b", "bad"), ("edge", "good")]


def test_a_push_is_explained_as_it_cannot_be_asked(tmp_path):
    token = tmp_path / "token"
    token.write_text("0123456789abcdef0123456789abcdef\n")
    token.chmod(0o600)
    with server(lambda connection: None) as port:
        conf = settings_of(tmp_path, f'url = "tcp://127.0.0.1:{port}"; type = "tcp";')
        text = conf.read_text().replace(
            "checks = ( {", f'checks = ( {{ type = "push"; name = "nightly"; level = "info"; '
            f'token = "file:{token}"; period = "26h"; }}, {{', 1)
        conf.write_text(text)
        code, out, err = look("shop/us-east-1", "-c", conf)
    assert code == 0, err
    assert "its job reports by itself to a daemon" in out


def test_programs_read_the_same_as_people():
    with server(wait_for_close) as port:
        code, checks = look_json(f"tcp://127.0.0.1:{port}")
    check = checks[0]
    assert code == 0
    assert check["type"] == "tcp" and check["site"] is None and check["class"] == "good"
    assert check["addresses"][0]["address"] == f"127.0.0.1:{port}"
    assert check["result"]["class"] == "good" and check["result"]["failure"] is None
    assert check["result"]["seconds"]["total"] >= check["result"]["seconds"]["connect"] > 0
    assert check["conclusion"] == "a good result: 2 in a row, and it is up"


# ---- the command line ----

@pytest.mark.parametrize("arguments, complaint", [
    (["ftp://x/"], "known scheme"),
    (["http://127.0.0.1/", "--expect", "status = 200"], "--expect: column 8:"),
    (["http://127.0.0.1/", "--expect", "rcode == NOERROR"], "--expect: column 1:"),
    (["http://127.0.0.1/", "--address", "localhost"], "--address"),
    (["http://127.0.0.1/", "-c", "/dev/null"], "needs no settings"),
    (["http://127.0.0.1/", "--check", "x"], "--check chooses"),
    (["shop/us-east-1", "--expect", "latency < 1s"], "belong to a URL"),
    (["shop/us-east-1", "-s", "unix:/nowhere"], "asks no daemon"),
    (["shop/us-east-1", "-c", "/nowhere/x.conf"], "/nowhere/x.conf"),
    ([], "check needs a URL or SITE"),
])
def test_what_is_wrong_on_the_command_line_is_said(arguments, complaint):
    code, out, err = look(*arguments)
    assert code == 2 and complaint in err and out == ""


def test_a_slip_in_the_name_of_a_site_or_check_is_answered_with_those_there_are(tmp_path):
    conf = settings_of(tmp_path, 'url = "http://127.0.0.1:1/"; name = "page";')
    code, _, err = look("shop/us-esat-1", "-c", conf)
    assert code == 2 and "did you mean shop/us-east-1?" in err
    code, _, err = look("shop/us-east-1", "-c", conf, "--check", "paeg")
    assert code == 2 and "It has: page\n" in err


# ---- a terminal ----

def on_terminal(columns, locale, *arguments):
    """What the command prints to a terminal so wide."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen([REGIONSHIFT, "check", *arguments], stdin=subprocess.DEVNULL,
                          stdout=theirs, env=dict(os.environ, LC_ALL=locale)) as process:
        os.close(theirs)
        text = b""
        with contextlib.suppress(OSError):      # how a terminal says that nobody writes any more
            while part := os.read(ours, 4096):
                text += part
        process.wait(60)
    os.close(ours)
    return text.decode().replace("\r\n", "\n")


def test_bars_fill_the_width_of_the_terminal_in_blocks_where_it_has_them():
    with server(lambda connection: None) as port:
        for columns in (60, 132):
            out = on_terminal(columns, "C.UTF-8", f"tcp://127.0.0.1:{port}")
            total = next(line for line in out.splitlines() if line.startswith("  total"))
            assert len(total) == columns - 1 and total.endswith("\u2588")
        out = on_terminal(60, "C", f"tcp://127.0.0.1:{port}")
        assert "\u2588" not in out and "#" in out
