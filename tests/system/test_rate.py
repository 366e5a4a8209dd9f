# SPDX-License-Identifier: Apache-2.0
"""The account's 5 requests a second, of which another tool takes 4: a failover ends all the same,
within what is left, and nobody is paged for a throttle (C8, docs/AWS.md 4)."""

import collections
import email
import email.policy
import threading
import time

from botocore.exceptions import ClientError
from clients import client
from stage import PROBES, REGIONS, ZONE, Stage
from test_failover import epochs, moves, wait_moved
from wiretap import Tap

EAST, WEST = REGIONS
ACTORS = PROBES[:2]
RATE, BURST = 2, 5          # aws.rate, and what a quiet time saves up
OURS, OTHERS = 1, 4         # a second of the account's 5: left for us, and of the other tool
THROTTLED = b"<Code>Throttling</Code>"


class Tapped(Stage):
    """Each daemon has a tap of its own to Route 53."""

    def start_lab(self):
        super().start_lab()
        self.taps = {probe: Tap(self.lab.http) for probe in PROBES}

    def own_section(self, probe, text):
        return super().own_section(probe, text).replace(
            f'"{self.lab.endpoint}"', f'"http://{self.taps[probe].address}"')

    def stop(self):
        super().stop()
        for tap in self.taps.values():
            tap.close()

    def throttled(self):
        return sum(tap.answered(THROTTLED) for tap in self.taps.values())

    def list_zone(self):
        """What the other tool does, which nobody but Route 53 sees."""
        try:
            client(self.lab.endpoint).list_resource_record_sets(HostedZoneId=ZONE, MaxItems="1")
        except ClientError as error:
            return error.response["Error"]["Code"]
        return "OK"


class Again:
    """Does something over and over until the end, so many seconds after the last time."""

    def __init__(self, act, pause):
        self.act, self.pause = act, pause
        self.seen = collections.Counter()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self.ended.wait(self.pause):
            self.seen[self.act()] += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join(60)


def within(requests, seconds):
    """The most of them in any stretch of so many seconds."""
    return max((sum(0 <= other.at - first.at <= seconds for other in requests)
                for first in requests), default=0)


def opened(stage):
    """The events of the incidents that mails told of."""
    mails = [email.message_from_string(mail["data"], policy=email.policy.default)
             for mail in list(stage.mails)]
    return {mail["X-Regionshift-Event"] for mail in mails
            if mail["X-Regionshift-Phase"] == "open"}


def fail_over(stage):
    died = stage.kill_site("factory", EAST)
    wait_moved(stage, 60)
    for probe in ACTORS:
        stage.wait_log(60, since=died, probes=(probe,), fact="applied", epoch=2)
    stage.wait_log(60, since=died, fact="insync", epoch=2)
    stage.wait_log(60, since=died, fact="servers", state="done")
    stage.wait_mail(60, since=died, Event="moved")
    stage.wait_all_told(60)


def test_a_failover_ends_beside_a_tool_that_takes_most_of_the_accounts_rate(make_stage):
    """And beside a person who asks for plans without end, each of which looks at the zone."""
    stage = make_stage(kind=Tapped, lab_options=["--rate", "5"])
    settled = time.monotonic()
    with Again(stage.list_zone, 1 / OTHERS) as other, \
            Again(lambda: stage.ctl("plan", "--down", EAST, check=False).returncode, 0) as person:
        stage.wait_until("what was saved up is gone", lambda: min(
            other.seen.total(), person.seen.total()) >= 12, 90)
        fail_over(stage)
    for tap in stage.taps.values():
        assert all(within(tap.requests, seconds) <= BURST + RATE * seconds + 1
                   for seconds in (0.5, 5))
    ours = [request for tap in stage.taps.values() for request in tap.requests
            if request.at >= settled]
    assert all(within(ours, seconds) <= BURST + OURS * seconds for seconds in (5, 10, 20, 40))
    assert stage.throttled() <= 2 and other.seen["Throttling"] <= 2, (stage.throttled(), other.seen)
    assert set(other.seen) <= {"OK", "Throttling"} and len(person.seen) == 1
    assert len(moves(stage)) == 1 and epochs(stage) == [1, 2]
    assert opened(stage) == {"region_down", "moved"}


def test_a_change_that_is_throttled_is_said_and_made_later_without_a_page(make_stage):
    stage = make_stage()
    stage.lab.fault("throttle", count=2, operation="ChangeResourceRecordSets")
    fail_over(stage)
    said = [line.text for probe in ACTORS for line in stage.programs[probe].lines
            if "change of jwt-pizza to epoch 2: busy: Throttling: Rate exceeded" in line.text]
    assert len(said) == 2, said
    assert len(moves(stage)) == 1 and epochs(stage) == [1, 2]
    assert opened(stage) == {"region_down", "moved"}
