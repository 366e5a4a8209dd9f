# SPDX-License-Identifier: Apache-2.0
"""TLS checks of the daemon against real servers: at once (nginx), and after STARTTLS in each of the
six protocols."""

import contextlib
import json
from base64 import b64encode
from hashlib import sha256
from subprocess import run

import pytest
from certificates import Authority
from eyes import Eyes
from mail_and_data import Dovecot, Mariadbd, Nginx, Postfix, Postgres, Slapd
from programs import BUILD, free_port

# Where: (server, its port, the protocol before TLS).
PLACES = {
    "nginx": (Nginx, "port", "none"),
    "postfix": (Postfix, "port", "smtp"),
    "dovecot imap": (Dovecot, "imap", "imap"),
    "dovecot pop3": (Dovecot, "pop3", "pop3"),
    "slapd": (Slapd, "port", "ldap"),
    "postgres": (Postgres, "port", "postgres"),
    "mariadbd": (Mariadbd, "port", "mysql"),
}
# What such a server says when it is set to have no TLS.
REFUSALS = {
    "postfix": "STARTTLS is not offered in the answer to EHLO",
    "dovecot imap": "the answer to STARTTLS was",
    "dovecot pop3": "the answer to STLS was",
    "slapd": "the answer to StartTLS was result ",
    "postgres": "the server has no TLS",
    "mariadbd": "the greeting offers no TLS",
}


def places(names, *results):
    return [pytest.param(name, marks=[pytest.mark.cell("tls", result, name) for result in results])
            for name in names]


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "authority")


@pytest.fixture
def start(authority):
    """Starts the server of a place; returns it and its port. Skips where there is none."""
    running = []

    def start_one(place, **options):
        kind, port, _ = PLACES[place]
        if kind.missing():
            pytest.skip(kind.missing())
        pair = authority.issue("server", "IP:127.0.0.1,DNS:mail.example.com")
        running.append(kind(*pair, **options))
        return running[-1], getattr(running[-1], port)
    yield start_one
    for server in running:
        server.stop()


def pin_of(certificate):
    key = run(["openssl", "x509", "-in", certificate, "-pubkey", "-noout"], check=True,
              capture_output=True).stdout
    der = run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key, check=True,
              capture_output=True).stdout
    return "sha256/" + b64encode(sha256(der).digest()).decode()


def check(place, port, authority, more=""):
    return (f'type = "tls"; url = "tls://127.0.0.1:{port}"; starttls = "{PLACES[place][2]}"; '
            f'ca_file = "{authority.certificate}"; {more}')


@pytest.mark.parametrize("place", places(PLACES, "good", "bad", "timed out"))
def test_a_real_server_is_seen_as_it_is(start, authority, tmp_path, place):
    server, port = start(place)
    url = check(place, port, authority)
    stranger = Authority(tmp_path / "stranger").certificate
    faults = {      # the check, and the class of its failure
        "name": (url + 'tls_name = "other.example.com";', "certificate"),
        "strange": (url.replace(str(authority.certificate), str(stranger)), "certificate"),
        "pin": (url + f'pin = "sha256/{b64encode(bytes(32)).decode()}";', "certificate"),
        "days": (url + 'expect = "cert_days > 30";', "certificate"),
        "version": (url + 'expect = "tls < 1.2";', "tls"),
    }
    good = url + (f'tls_name = "mail.example.com"; pin = "{pin_of(server.certificate)}"; '
                  'expect = "tls >= 1.2 and cert_days > 0 and latency < 1h";')
    checks = {"good": good, **{name: fault for name, (fault, _) in faults.items()}}
    with Eyes(tmp_path, checks, timeout=2) as eyes:
        eyes.see("good", "up")
        for name, (_, failure) in faults.items():
            eyes.see(name, "down", failure)
        with server.stood_still():
            eyes.see("good", "down", "timeout")
            assert eyes.program.stop() == 0     # nor does that keep us from ending


@pytest.mark.parametrize("place", places(REFUSALS, "bad"))
def test_a_server_without_tls_is_told_with_its_words(start, authority, tmp_path, place):
    _, port = start(place, tls=False)
    conf = Eyes(tmp_path, {"bare": check(place, port, authority)}, timeout=30).conf
    done = run([BUILD / "regionshift", "check", "bare/us-east-1", "--json", "-c", conf],
               capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stderr
    side = json.loads(done.stdout)["checks"][0]
    assert '"failure": "tls"' in json.dumps(side) and REFUSALS[place] in json.dumps(side), side


@pytest.mark.parametrize("place", places(["nginx"], "hostile"))
def test_a_server_of_another_protocol_is_never_taken_for_the_one_asked_for(start, authority,
                                                                           tmp_path, place):
    """nginx answers the first line of any of them with an error, or waits for its handshake."""
    _, port = start(place)
    url = check(place, port, authority)
    checks = {protocol: url.replace('"none"', f'"{protocol}"')
              for _, _, protocol in PLACES.values() if protocol != "none"}
    with Eyes(tmp_path, checks, timeout=1) as eyes:
        for protocol in checks:
            line = eyes.see(protocol, "down")
            assert line.pairs["failure"] in ("tls", "connect", "timeout"), line.text


OWN_NETWORK = """ip link set lo up && ip addr add 192.0.2.7/32 dev lo &&
mount --bind "$0" /etc/hosts && exec "$@"
"""


@pytest.fixture
def own_network(tmp_path):
    """What is put before a command so that it has 192.0.2.7, and a name for it, to itself."""
    (tmp_path / "hosts").write_text("192.0.2.7 watched.test\n")
    before = ["unshare", "--net", "--mount", "sh", "-c", OWN_NETWORK, str(tmp_path / "hosts")]
    tried = run([*before, "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"no network of its own here: {tried.stderr}")
    return before


def test_a_server_that_counts_those_who_leave_early_does_not_block_us(authority, own_network,
                                                                     tmp_path):
    """MariaDB does not count who comes from its own loopback address, or has no name: both have."""
    if Mariadbd.missing():
        pytest.skip(Mariadbd.missing())
    server = Mariadbd(*authority.issue("server", "IP:192.0.2.7"), address="192.0.2.7",
                      options=["--max-connect-errors=3"], before=own_network)
    url = check("mariadbd", server.port, authority).replace("127.0.0.1", "192.0.2.7")
    conf = Eyes(tmp_path, {"watched": url}, timeout=30).conf
    network = f"--net=/proc/{server.programs[0].process.pid}/ns/net"
    with contextlib.closing(server):
        for _ in range(8):
            done = run(["nsenter", network, "--", BUILD / "regionshift", "check",
                        "watched/us-east-1", "-c", conf], capture_output=True, text=True,
                       timeout=120, check=False)
            assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.cell("tls", "bad", "nobody listens")
def test_a_port_where_nobody_listens_is_a_failure_to_connect(tmp_path):
    url = f'type = "tls"; url = "tls://127.0.0.1:{free_port("127.0.0.1")}";'
    with Eyes(tmp_path, {"closed": url}) as eyes:
        eyes.see("closed", "down", "connect")
