# SPDX-License-Identifier: Apache-2.0
"""ICMP checks of the daemon against Linux: the daemon in a network of its own, joined by a wire to
another one, whose kernel is host and router."""

import os
import signal
import subprocess
import time

import pytest
from eyes import Eyes
from programs import BUILD, Program, StageError

EYE, HOST = "192.0.2.1", "192.0.2.2"
EYE6, HOST6 = "2001:db8::1", "2001:db8::2"
NOWHERE, NOWHERE6 = "198.51.100.9", "2001:db8:9::9"


class Wire:
    """The eye, a host that is its router, and a router behind; each is a network that lives as long
    as the process that holds it."""

    def __init__(self):
        self.holders = {}

    def __enter__(self):
        for name in ("eye", "host", "behind"):
            holder = Program(name, ["unshare", "--net", "sh", "-c", "echo there; exec sleep 600"])
            holder.wait_line(lambda line: line.text == "there", 20)
            self.holders[name] = holder
        self.join("eye", EYE, EYE6, "host", HOST, HOST6)
        self.join("host", "203.0.113.1", "2001:db8:3::1", "behind", "203.0.113.2", "2001:db8:3::2")
        self.route("eye", "via", HOST, HOST6)
        self.route("host", "unreachable")
        self.run("behind", *"ip route add default via 203.0.113.1".split())
        for name in ("host", "behind"):
            self.set(name, "net.ipv4.ip_forward", "1")
            self.set(name, "net.ipv6.conf.all.forwarding", "1")
            self.set(name, "net.ipv4.icmp_ratelimit", "0")
            self.set(name, "net.ipv6.icmp.ratelimit", "0")
        return self

    def join(self, name, address, address6, other, other_address, other_address6):
        self.run(name, *f"ip link add to-{other} type veth peer name to-{name} netns".split(),
                 str(self.holders[other].process.pid))
        for here, there, four, six in ((name, other, address, address6),
                                       (other, name, other_address, other_address6)):
            for words in (f"addr add {four}/24 dev to-{there}", f"link set to-{there} up",
                          "link set lo up", f"-6 addr add {six}/64 dev to-{there} nodad"):
                self.run(here, "ip", *words.split())

    def route(self, name, kind, router="", router6=""):
        """Where the way to nowhere goes from here: via a router, or that it is unreachable."""
        for family, net, via in (("-4", "198.51.100.0/24", router),
                                 ("-6", "2001:db8:9::/64", router6)):
            words = ["replace", net, "via", via] if kind == "via" else ["replace", kind, net]
            self.run(name, "ip", family, "route", *words)

    def __exit__(self, *_):
        for holder in self.holders.values():
            holder.stop(signal.SIGKILL)

    def on(self, name):
        """Put before a command, it runs in that network."""
        return ["nsenter", f"--net=/proc/{self.holders[name].process.pid}/ns/net", "--"]

    def run(self, name, *command):
        return subprocess.run([*self.on(name), *command], check=True, capture_output=True,
                              text=True, timeout=60).stdout

    def set(self, name, key, value):
        path = "/proc/sys/" + key.replace(".", "/")
        self.run(name, "sh", "-c", f"echo '{value}' > {path}")

    def may_echo(self, may):
        self.set("eye", "net.ipv4.ping_group_range", "0 2147483647" if may else "1 0")


@pytest.fixture
def wire():
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    made = Wire()
    try:
        made.__enter__()
    except (StageError, OSError, subprocess.CalledProcessError) as error:
        made.__exit__()
        pytest.skip(f"no networks can be made here: {error}")
    made.may_echo(True)
    yield made
    made.__exit__()


def echo(host, more=""):
    return f'type = "icmp"; url = "icmp://{host}"; {more}'


@pytest.mark.cell("icmp", "good", "Linux")
def test_a_host_that_echoes_is_up(wire, tmp_path):
    checks = {"four": echo(HOST, 'expect = "latency < 5s";'), "six": echo(f"[{HOST6}]")}
    with Eyes(tmp_path, checks, on=wire.on("eye")) as eyes:
        for name in checks:
            eyes.see(name, "up")


@pytest.mark.cell("icmp", "bad", "Linux")
def test_a_host_that_a_router_cannot_reach_is_down_at_once(wire, tmp_path):
    """At once: not by a timeout."""
    checks = {"four": echo(NOWHERE), "six": echo(f"[{NOWHERE6}]")}
    with Eyes(tmp_path, checks, on=wire.on("eye")) as eyes:
        for name in checks:
            eyes.see(name, "down", "connect")


@pytest.mark.cell("icmp", "hostile", "Linux")
def test_a_packet_that_goes_in_circles_is_down_at_once(wire, tmp_path):
    """The two routers each take the other one for the nearer."""
    wire.run("host", *"ip route del unreachable 198.51.100.0/24".split())
    wire.route("host", "via", "203.0.113.2", "2001:db8:3::2")
    wire.run("behind", *"ip -6 route add default via 2001:db8:3::1".split())
    checks = {"four": echo(NOWHERE), "six": echo(f"[{NOWHERE6}]")}
    with Eyes(tmp_path, checks, on=wire.on("eye")) as eyes:
        for name in checks:
            eyes.see(name, "down", "connect")


@pytest.mark.cell("icmp", "timed out", "Linux")
def test_a_host_that_does_not_echo_is_down_until_it_does(wire, tmp_path):
    with Eyes(tmp_path, {"four": echo(HOST)}, timeout=1, on=wire.on("eye")) as eyes:
        eyes.see("four", "up")
        wire.set("host", "net.ipv4.icmp_echo_ignore_all", "1")
        eyes.see("four", "down", "timeout")
        since = time.monotonic()
        wire.set("host", "net.ipv4.icmp_echo_ignore_all", "0")
        eyes.program.wait_line(lambda line: line.has(fact="verdict", site="four/us-east-1",
                                                     state="up"), 60, since)


def has_open_echo(wire):
    """Whether an echo socket is open there, as the kernel shows it."""
    return len(wire.run("eye", "cat", "/proc/net/icmp").splitlines()) > 1


@pytest.mark.cell("icmp", "cancelled", "Linux")
def test_the_daemon_ends_while_it_waits_for_an_echo(wire, tmp_path):
    wire.set("host", "net.ipv4.icmp_echo_ignore_all", "1")
    until = time.monotonic() + 60
    with Eyes(tmp_path, {"four": echo(HOST)}, on=wire.on("eye")) as eyes:
        while not has_open_echo(wire):
            assert time.monotonic() < until, "nothing is sent"
            time.sleep(0.05)
    assert eyes.program.process.returncode == 0


def test_a_group_that_may_not_echo_makes_no_verdict_and_says_what_to_do(wire, tmp_path):
    """Said at the start, and by hand; and what cannot be looked at is not down."""
    wire.may_echo(False)
    wanted = (f"this machine lets group {os.getegid()} send no echoes: sysctl "
              'net.ipv4.ping_group_range is "1 0"')
    checks = {"four": echo(HOST), "closed": f'type = "tcp"; url = "tcp://{HOST}:9";'}
    with Eyes(tmp_path, checks, timeout=1, on=wire.on("eye")) as eyes:
        eyes.program.wait_line(lambda line: wanted in line.text, 60)
        eyes.see("closed", "down", "connect")       # by then the other has been tried as well
        shown = subprocess.run([*wire.on("eye"), str(BUILD / "regionshift"), "check",
                                f"icmp://{HOST}"], capture_output=True, text=True, timeout=60,
                               check=False)
        assert wanted in shown.stdout + shown.stderr
        wire.may_echo(True)
        eyes.see("four", "up")
        assert not any(line.has(fact="verdict", state="down", site="four/us-east-1")
                       for line in list(eyes.program.lines))
