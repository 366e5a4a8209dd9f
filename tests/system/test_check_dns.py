# SPDX-License-Identifier: Apache-2.0
"""DNS checks of the daemon against real name servers: BIND, as owner of zones and as a resolver
that validates, and NSD."""

import signal
import time
from pathlib import Path

import name_servers
import pytest
from eyes import Eyes
from name_servers import DIG, NAMED, NSD, RECORDS, dig, sign_zone, start_named, start_nsd
from programs import free_port

ZONE = "shop.test"
FORGED = "forged.test"
pytestmark = pytest.mark.skipif(DIG is None, reason="no dig on this machine")
needs_named = pytest.mark.skipif(NAMED is None or name_servers.SIGN is None,
                                 reason="no named on this machine")
needs_nsd = pytest.mark.skipif(NSD is None, reason="no nsd on this machine")


@pytest.fixture
def nsd(tmp_path):
    program, port = start_nsd(tmp_path, ZONE)
    yield port
    program.stop()


@pytest.fixture
def named(tmp_path):
    """The ports of an owner of a good and a forged zone, both signed, and of a resolver that
    validates; the owner's program."""
    good, anchor = sign_zone(tmp_path, ZONE)
    forged, forged_anchor = sign_zone(tmp_path, FORGED)
    forged.write_text(forged.read_text().replace("192.0.2.10", "192.0.2.66"))
    owner, port = start_named(
        tmp_path, "owner", f'zone "{ZONE}" {{ type primary; file "{good}"; }};'
        f'zone "{FORGED}" {{ type primary; file "{forged}"; }};', ZONE)
    forward = f"type forward; forward only; forwarders {{ 127.0.0.1 port {port}; }};"
    try:
        resolver, resolver_port = start_named(
            tmp_path, "resolver", f"trust-anchors {{ {anchor} {forged_anchor} }};"
            f'zone "{ZONE}" {{ {forward} }}; zone "{FORGED}" {{ {forward} }};', ZONE,
            "recursion yes; allow-recursion { any; }; dnssec-validation yes;")
        yield {"owner": port, "resolver": resolver_port, "program": owner}
        resolver.stop()
    finally:
        owner.send(signal.SIGCONT)
        owner.stop()


def question(port, name="app", kind="A", more="", zone=ZONE, host="127.0.0.1"):
    name = f"{name}.{zone}" if name else zone
    return f'type = "dns"; url = "dns://{host}:{port}/{name}?type={kind}"; {more}'


def expect(expression):
    return 'expect = "%s";' % expression.replace("\\", "\\\\").replace('"', '\\"')


def quoted(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def check_against_dig(port, folder):
    """Every type: what the daemon saw is what dig shows."""
    checks = {}
    for name, kind in RECORDS:
        shown = dig(port, f"{name}.{ZONE}" if name else ZONE, kind)
        assert shown != ""
        checks[kind.lower()] = question(port, name, kind, expect(f"body == {quoted(shown)}"))
    checks["cut"] = question(port, "many", "TXT", expect("answers == 40 and latency < 5s"))
    checks["tcp"] = question(port, "app", "A", "tcp = true;" + expect('body == "192.0.2.10\\n"'))
    checks["none"] = question(port, "nobody", "A", expect("rcode == NXDOMAIN"))
    with Eyes(folder, checks) as eyes:
        for name in checks:
            eyes.see(name, "up")


@needs_named
@pytest.mark.cell("dns", "good", "named 9.18")
def test_answers_of_every_type_are_seen_as_dig_shows_them(named, tmp_path):
    check_against_dig(named["owner"], tmp_path)


@needs_nsd
@pytest.mark.cell("dns", "good", "nsd 4.6")
def test_answers_of_another_server_are_seen_alike(nsd, tmp_path):
    check_against_dig(nsd, tmp_path)


@needs_named
@pytest.mark.skipif(not name_servers.has_ipv6(), reason="no IPv6 on this machine")
@pytest.mark.cell("dns", "good", "named 9.18")
def test_a_server_is_asked_over_ipv6(named, tmp_path):
    checks = {"six": question(named["owner"], host="[::1]"),
              "six-tcp": question(named["owner"], host="[::1]", more="tcp = true;")}
    with Eyes(tmp_path, checks) as eyes:
        for name in checks:
            eyes.see(name, "up")


@needs_named
@pytest.mark.cell("dns", "bad", "named 9.18")
def test_refusals_are_down_with_their_class(named, tmp_path):
    checks = {
        "nxdomain": (question(named["owner"], "nobody"), "status"),
        "refused": (question(named["owner"], zone="example.org"), "status"),
        "empty": (question(named["owner"], "ns1", "AAAA"), "body"),
        "other": (question(named["owner"], more=expect('body contains "192.0.2.11"')), "body"),
        "closed": (question(free_port("127.0.0.1")), "connect"),
    }
    with Eyes(tmp_path, {name: check for name, (check, _) in checks.items()}) as eyes:
        for name, (_, failure) in checks.items():
            eyes.see(name, "down", failure)


@needs_named
@pytest.mark.cell("dns", "hostile", "named 9.18")
def test_dnssec_tells_what_was_validated_from_what_was_forged(named, tmp_path):
    dnssec = "dnssec = true;"
    owner, resolver = named["owner"], named["resolver"]
    good = {
        "signed": question(resolver, more=dnssec + expect('body == "192.0.2.10\\n"')),
        "denied": question(resolver, "nobody", more=dnssec + expect("rcode == NXDOMAIN")),
        "caught": question(resolver, zone=FORGED, more=dnssec + expect("rcode == SERVFAIL")),
        # Who does not ask for proof of an owner gets what it has.
        "believed": question(owner, zone=FORGED, more=expect('body == "192.0.2.66\\n"')),
    }
    bad = {
        "forged": question(resolver, zone=FORGED, more=dnssec),
        "unproved": question(owner, more=dnssec),           # an owner proves nothing to itself
    }
    with Eyes(tmp_path, good | bad) as eyes:
        for name in good:
            eyes.see(name, "up")
        for name in bad:
            eyes.see(name, "down", "status")


@needs_named
@pytest.mark.cell("dns", "timed out", "named 9.18")
def test_a_server_that_hangs_is_down_and_comes_back(named, tmp_path):
    with Eyes(tmp_path, {"udp": question(named["owner"]),
                         "tcp": question(named["owner"], more="tcp = true;")}, timeout=1) as eyes:
        eyes.see("udp", "up")
        eyes.see("tcp", "up")
        named["program"].send(signal.SIGSTOP)
        eyes.see("udp", "down", "timeout")
        eyes.see("tcp", "down", "timeout")
        named["program"].send(signal.SIGCONT)
        since = time.monotonic()
        for name in ("udp", "tcp"):
            eyes.program.wait_line(lambda line, name=name: line.has(
                fact="verdict", site=f"{name}/us-east-1", state="up"), 60, since)


def is_connected_to(port):
    """Whether anybody on this machine is, as the kernel shows it; who hangs need not accept."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(line.split()[2] == f"0100007F:{port:04X}" and line.split()[3] == "01"
               for line in lines)


@needs_named
@pytest.mark.cell("dns", "cancelled", "named 9.18")
def test_the_daemon_ends_while_questions_are_open(named, tmp_path):
    named["program"].send(signal.SIGSTOP)
    eyes = Eyes(tmp_path, {"udp": question(named["owner"]),
                           "tcp": question(named["owner"], more="tcp = true;")})
    until = time.monotonic() + 60
    with eyes:
        while not is_connected_to(named["owner"]):
            assert time.monotonic() < until, "no question is asked"
            time.sleep(0.05)
    assert eyes.program.process.returncode == 0
