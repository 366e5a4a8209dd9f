# SPDX-License-Identifier: Apache-2.0
"""A probe that has less of the processor than its checks need. Slowness is made by stopping it for
most of every second: how fast the machine is does not matter."""

import signal
import time

from operators import ask
from test_failover import moves

SLOW = "use1"
STOPPED_S, RUNNING_S = 0.7, 0.3     # shorter than a gap (V5), longer than any check may be late


def slow_down(stage, done, deadline_s):
    """Stops and continues the probe until done() or the deadline. Returns what done() returned."""
    until = time.monotonic() + deadline_s
    while True:
        stage.programs[SLOW].send(signal.SIGSTOP)
        time.sleep(STOPPED_S)
        stage.programs[SLOW].send(signal.SIGCONT)
        time.sleep(RUNNING_S)
        seen = done()
        if seen or time.monotonic() > until:
            return seen


def said(stage, since, **wanted):
    return [line for line in list(stage.programs[SLOW].lines)
            if line.at >= since and line.has(**wanted)]


def test_v4_a_probe_that_is_too_slow_says_so_and_blames_nobody(make_stage):
    stage = make_stage(timing={"interval": 2, "timeout": 1.9})
    assert stage.status(SLOW)["rhythm"]["overloaded"] is False
    since = time.monotonic()

    def seen():
        if not said(stage, since, fact="alert", event="overload", phase="open"):
            return None
        return (stage.status(SLOW)["rhythm"], stage.ctl("status", probe=SLOW).stdout,
                ask(stage, "GET", "/metrics", probe=SLOW)[2])

    rhythm, shown, metrics = slow_down(stage, seen, 240)
    assert time.monotonic() - since > 20        # it lasted before anybody was told
    assert rhythm["overloaded"] is True
    assert rhythm["late"] >= rhythm["recent"]["late"] >= 3
    assert "checks late" in shown
    assert "\nregionshift_overloaded 1\n" in metrics
    assert said(stage, since, fact="verdict", state="down") == []
    assert not moves(stage)
    stage.wait_mail(60, since=since, Event="overload")
