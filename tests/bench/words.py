# SPDX-License-Identifier: Apache-2.0
"""Words between regions: what the store adds, without the engine. A process of store_latency.c on
each probe's host, the daemon's own engine of the store in it; and beside it, in the same run, a
plain client: puts over one kept connection of Python's, seen by `etcdctl watch` (gRPC)."""

import base64
import collections
import http.client
import json
import os
import signal
import subprocess
import threading
import time

from cluster import CLIENT_PORT, PREFIX, Cluster
from network import Network
from programs import BUILD, Program, find_tool

LEASE_MS = 2000
VALUE_BYTES = 120           # a vote of the example is about this long
PLAIN_KEY = PREFIX + "plain"
PAUSE_MS = 20               # between the answer to one vote and the next vote
CHAIN_PAUSE_MS = 400        # longer than vote and head together, so that no two chains meet
READY_S = 30


class Place:
    """Members in their regions, and hosts for probes; nothing else."""

    def __init__(self, count, delay_ms):
        self.numbers = range(1, count + 1)
        hosts = {f"{kind}-{n}": [f"10.77.{n}.{last}"] for n in self.numbers
                 for kind, last in (("store", 1), ("probe", 2))}
        self.delay_ms = delay_ms
        self.network = Network(hosts)
        self.cluster = Cluster(self.network, count)

    def __enter__(self):
        try:
            self.network.start()
            self.network.command(*[
                f"delay store-{a},probe-{a} store-{b},probe-{b} {self.delay_ms}"
                for a in self.numbers for b in self.numbers if a < b])
            self.cluster.begin()
            self.cluster.finish_begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.cluster.kill_all()
        self.network.stop()

    def lead(self, n):
        """Makes member n the leader."""
        until = time.monotonic() + READY_S
        while self.cluster.leader_now() != n:
            if time.monotonic() > until:
                raise TimeoutError(f"store-{n} does not become leader")
            leader = self.cluster.leader_now()
            if leader is not None and leader != n:
                status = self.cluster.post(n, "maintenance/status", {})
                self.cluster.etcdctl(leader, "move-leader",
                                     f"{int(status['header']['member_id']):x}")
            time.sleep(0.3)


class Speaker:
    """One store_latency, on the host probe-N."""

    def __init__(self, place, n, decides=False):
        self.n = n
        self.seen = collections.defaultdict(list)       # "vote" or "head" -> [(sequence, ms)]
        self.answers = []                               # ms
        self.gone = {}                                  # owner -> monotonic seconds
        self.errors = []
        self.news = threading.Condition()
        near_first = [n] + [other for other in place.numbers if other != n]
        self.program = Program(
            f"word-{n}", [*place.network.on(f"probe-{n}"), str(BUILD / "tests/bench/store_latency"),
                          f"p{n}", PREFIX.rstrip("/"), str(LEASE_MS), str(VALUE_BYTES),
                          *[place.cluster.url(m) for m in near_first]],
            stdin=subprocess.PIPE, heard=self.hear)
        self.program.wait_line(lambda line: line.text == "ready", READY_S)
        if decides:
            self.order("decide")

    def hear(self, line):
        words = line.text.split()
        with self.news:
            if words[:1] == ["saw"]:
                self.seen[words[1]].append((words[2], int(words[3]), int(words[4]) / 1e6))
            elif words[:1] == ["answered"]:
                self.answers.append(int(words[2]) / 1e6)
            elif words[:1] == ["gone"]:
                self.gone[words[1]] = int(words[2]) / 1e9
            elif words[:1] == ["error"]:
                self.errors.append(line.text)
            self.news.notify_all()

    def order(self, text):
        self.program.process.stdin.write(text + "\n")
        self.program.process.stdin.flush()

    def wait(self, test, deadline):
        """Whether it became true in time."""
        with self.news:
            return self.news.wait_for(test, deadline)

    def stop(self):
        """It ends with its standard input."""
        self.program.process.stdin.close()
        self.program.process.wait(READY_S)
        self.program.stop()


def speak(place, voters, count, decider=None):
    """Each voter in turn votes `count` times. Returns ({voter: {seer: [ms]}} of votes, the same of
    heads, {voter: [ms]} of answers), and what went wrong."""
    speakers = {n: Speaker(place, n, n == decider) for n in place.numbers}
    votes, heads, answers = ({voter: {} for voter in voters} for _ in range(3))
    pause = CHAIN_PAUSE_MS if decider else PAUSE_MS
    try:
        for voter in voters:
            for speaker in speakers.values():
                speaker.seen.clear()
                speaker.answers.clear()
            speakers[voter].order(f"vote {count} {pause}")
            kind = "head" if decider else "vote"
            for speaker in speakers.values():
                speaker.wait(lambda s=speaker: len(s.seen[kind]) >= count, count * 2.0 + 10)
            for n, speaker in speakers.items():
                votes[voter][n] = [ms for _, _, ms in speaker.seen["vote"]]
                heads[voter][n] = [ms for _, _, ms in speaker.seen["head"]]
            answers[voter] = list(speakers[voter].answers)
        errors = [error for speaker in speakers.values() for error in speaker.errors]
    finally:
        for speaker in speakers.values():
            speaker.stop()
    return votes, heads, answers, errors


def lose(place, n, strike):
    """Strikes speaker n after it has voted; how long until each other one saw its vote lapse, in
    ms since the strike. strike(place, speakers) returns when, and what mends it."""
    speakers = {m: Speaker(place, m) for m in place.numbers}
    try:
        speakers[n].order("vote 1 1")
        others = [speaker for m, speaker in speakers.items() if m != n]
        for speaker in others:
            speaker.wait(lambda s=speaker: s.seen["vote"], READY_S)
        struck, mend = strike(place, speakers)
        for speaker in others:
            speaker.wait(lambda s=speaker: f"p{n}" in s.gone, READY_S)
        taken = [(speaker.gone[f"p{n}"] - struck) * 1000 for speaker in others
                 if f"p{n}" in speaker.gone]
        missing = len(others) - len(taken)
        mend()
    finally:
        for speaker in speakers.values():
            speaker.program.send(signal.SIGKILL)
            speaker.program.stop(signal.SIGKILL)
    return taken, missing


# ---- the plain client beside ours ----

class Watcher:
    """`etcdctl watch` on a probe's host, at the member of its region."""

    def __init__(self, place, n):
        self.n = n
        self.seen = []          # ms since each was sent
        env = {key: value for key, value in os.environ.items() if not key.startswith("ETCD")}
        self.program = Program(f"watch-{n}", [
            *place.network.on(f"probe-{n}"), find_tool("etcdctl"), "--endpoints",
            place.cluster.url(n), "watch", PLAIN_KEY], env=dict(env, ETCDCTL_API="3"),
            heard=self.hear)

    def hear(self, line):
        sent, _, padding = line.text.partition(" ")
        if padding.startswith("xx") and sent.isdigit():
            self.seen.append((line.at - int(sent) / 1e9) * 1000)


def plain_puts(address, count):
    """Puts over one kept connection. Returns how long each answer took, in ms."""
    connection = http.client.HTTPConnection(address, CLIENT_PORT, timeout=10)
    taken = []
    for _ in range(count):
        sent = time.monotonic_ns()
        value = f"{sent} ".ljust(VALUE_BYTES, "x")
        body = json.dumps({"key": base64.b64encode(PLAIN_KEY.encode()).decode(),
                           "value": base64.b64encode(value.encode()).decode()})
        connection.request("POST", "/v3/kv/put", body)
        connection.getresponse().read()
        taken.append((time.monotonic_ns() - sent) / 1e6)
        time.sleep(PAUSE_MS / 1000)
    connection.close()
    return taken


def plain(place, voters, count):
    """({voter: {seer: [ms]}}, {voter: [ms]} of answers) of the plain client."""
    watchers = {n: Watcher(place, n) for n in place.numbers}
    votes, answers = {}, {}
    try:
        for voter in voters:        # until every watch is there: it says nothing when it is
            until = time.monotonic() + READY_S
            while not all(w.seen for w in watchers.values()) and time.monotonic() < until:
                place.network.call(f"probe-{voter}", plain_puts, place.cluster.address(voter), 1)
                time.sleep(0.3)
            for watcher in watchers.values():
                watcher.seen.clear()
            answers[voter] = place.network.call(f"probe-{voter}", plain_puts,
                                                place.cluster.address(voter), count)
            time.sleep(1)
            votes[voter] = {n: list(w.seen) for n, w in watchers.items()}
    finally:
        for watcher in watchers.values():
            watcher.program.stop(signal.SIGKILL)
    return votes, answers
