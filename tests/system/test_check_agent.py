# SPDX-License-Identifier: Apache-2.0
"""Checks of agents beside HAProxy itself: both ask the same agents, and come to the same."""

import time

import pytest
from agents import Agent, Haproxy
from eyes import Eyes
from programs import find_tool, free_port

needs_haproxy = pytest.mark.skipif(find_tool("haproxy") is None, reason="no haproxy here")

# What an agent says, and what HAProxy then shows of its server.
WORDS = {
    "up": (b"up\n", "UP"),
    "up-loud": (b"UP\r\n", "UP"),
    "ready": (b"ready\n", "UP"),
    "weight": (b"75%\n", "UP"),
    "all-good": (b"ready,up\t10% maxconn:30\n", "UP"),
    "up-at-last": (b"down up\n", "UP"),
    "ready-at-last": (b"drain ready\n", "UP"),
    "up-and-more": (b"up hello\n", "UP"),
    "calm": (b"up # down below\n", "UP"),
    "first-line": (b"up\ndown\n", "UP"),
    "down": (b"down\n", "DOWN"),
    "down-why": (b"down # disk full\n", "DOWN"),
    "down-at-last": (b"up down\n", "DOWN"),
    "fail": (b"fail\n", "DOWN"),
    "stopped": (b"stopped\n", "DOWN"),
    "drain-down": (b"drain down\n", "DOWN"),
    "drain": (b"drain\n", "DRAIN"),
    "drain-up": (b"up drain 75%\n", "DRAIN"),
    "nothing": (b"0%\n", "DRAIN"),
    "up-nothing": (b"up 0%\n", "DRAIN"),
    "maint": (b"maint\n", "MAINT"),
    "maint-up": (b"maint up\n", "MAINT"),
}
# Where HAProxy 2.6 does not understand, and leaves a server as it was: we have no "as it was".
OTHER_WORDS = {
    "stranger": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "empty": b"\n",
    "failed": b"failed\n",
    "down-close": b"down#disk\n",
}


def check_of(agent, more=""):
    return f'type = "agent"; url = "agent://127.0.0.1:{agent.port}"; {more}'


@pytest.fixture
def compare(tmp_path):
    """Lets HAProxy and the daemon ask agents: {name: line}."""
    opened = []

    def begin(lines, **options):
        agents = {name: Agent(line) for name, line in lines.items()}
        haproxy = Haproxy(tmp_path, agents)
        opened.extend([haproxy, *agents.values()])
        return haproxy, Eyes(tmp_path, {name: check_of(agent) for name, agent in agents.items()},
                             **options)
    yield begin
    for one in opened:
        one.stop()


@needs_haproxy
@pytest.mark.cell("agent", "good", "haproxy 2.6")
@pytest.mark.cell("agent", "bad", "haproxy 2.6")
def test_we_come_to_what_haproxy_comes_to(compare):
    haproxy, eyes = compare({name: line for name, (line, _) in WORDS.items()})
    with eyes:
        for name, (_, state) in WORDS.items():
            haproxy.see(name, state)
            if state == "UP":
                eyes.see(name, "up")
            else:
                eyes.see(name, "down", "status")


@needs_haproxy
@pytest.mark.cell("agent", "hostile", "haproxy 2.6")
def test_what_haproxy_does_not_understand_is_bad_for_us(compare):
    haproxy, eyes = compare(OTHER_WORDS)
    with eyes:
        for name in OTHER_WORDS:
            haproxy.see(name, "UP")
            eyes.see(name, "down", "status")


@needs_haproxy
@pytest.mark.cell("agent", "timed out", "haproxy 2.6")
def test_an_agent_that_is_silent_is_bad_for_us(compare):
    haproxy, eyes = compare({"silent": None, "half": b"up"}, timeout=1)
    with eyes:
        haproxy.see("silent", "UP")         # it asks for the server itself, beside the agent
        eyes.see("silent", "down", "timeout")
        eyes.see("half", "down", "timeout")


@pytest.mark.cell("agent", "cancelled", "an agent of this test")
def test_a_daemon_that_ends_while_it_waits_ends_well(tmp_path):
    agent = Agent(None)
    until = time.monotonic() + 60
    with Eyes(tmp_path, {"silent": check_of(agent)}, timeout=30) as eyes:
        while agent.asked == 0:
            assert time.monotonic() < until, "nobody asked"
            time.sleep(0.05)
        assert eyes.program.stop() == 0
    agent.stop()


@pytest.mark.cell("agent", "bad", "an agent of this test")
def test_what_an_expression_speaks_of_is_its_own(tmp_path):
    half, drained = Agent(b"up 50%\n"), Agent(b"drain 50%\n")
    checks = {
        "enough": check_of(half, 'expect = "percent >= 50";'),
        "little": check_of(half, 'expect = "percent > 50";'),
        "drained": check_of(drained, 'expect = "percent >= 50";'),
        "wanted": check_of(drained, 'expect = "state == drain";'),
        "closed": f'type = "agent"; url = "agent://127.0.0.1:{free_port("127.0.0.1")}";',
    }
    with Eyes(tmp_path, checks) as eyes:
        eyes.see("enough", "up")
        eyes.see("little", "down", "status")
        eyes.see("drained", "down", "status")
        eyes.see("wanted", "up")
        eyes.see("closed", "down", "connect")
    half.stop()
    drained.stop()
