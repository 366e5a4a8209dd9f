# SPDX-License-Identifier: Apache-2.0
"""Acting: plays a story (story.py) in a laboratory of regions, says what became of it, and judges
its expectations by the same words as the simulator does, from what really happened: the batches
that Route 53's stand-in accepted, the mails that arrived, what the daemons answer."""

import email
import email.policy
import json
import re
import signal
import threading
import time

from deployment import settings_text
from programs import StageError
from story import Outcome, incident_key

GROUP = "jwt-pizza"
SERVICES = ("pizza", "factory")
MOMENT_S = 15.0         # a daemon is asked, and asked again, so long whether it is as expected
QUIET_S = 2.0           # and so long nothing more may happen before a story is over
SLOWER_S = 90.0         # how much later than in the simulator all must have happened
_SAID = re.compile(r"^ts=\S+ level=\S+ (fact=)?")
SEVERITIES = ("info", "warn", "page")


class Ears:
    """What a laboratory is made with to hear its daemons (heard=); who listens may change."""

    def __init__(self):
        self.listener = None

    def __call__(self, line):
        listener = self.listener
        if listener is not None:
            listener(line)


class Acting:
    """One performance. `whole`: to the last second, also when nothing more is expected."""

    def __init__(self, story, lab, ears, wanted, whole=False):
        self.story, self.lab, self.ears, self.wanted, self.whole = story, lab, ears, wanted, whole
        self.numbers = {lab.probe(n): n for n in range(1, story.regions + 1)}
        self.armed = []             # happenings that wait for a fact
        self.lock = threading.Lock()
        self.errors = []            # of happenings that were set off by one
        self.threads = []
        self.failed = []            # expectations: what was found instead
        self.files = {}             # settings that were changed, as they were
        self.snapshot = None

    # -- the play --

    def play(self):
        """Returns the Outcome; self.failed has the expectations that did not hold."""
        try:
            return self._play()
        finally:
            self.ears.listener = None
            for conf, text in self.files.items():
                conf.write_text(text)

    def _play(self):
        self.first = self.lab.lab.last_seq()
        self.began, self.began_s = time.monotonic(), time.time()
        self.armed = [one for one in self.story.happenings if one.fact]
        self.ears.listener = self._heard
        due = [(one.at, one.words) for one in self.story.happenings if not one.fact]
        due += [(one.begin, one) for one in self.story.expectations
                if one.is_moment and one.begin < self.story.duration]
        for at, what in sorted(due, key=lambda pair: pair[0]):
            self._wait_till(at)
            self._do(what) if isinstance(what, str) else self._judge_moment(what)
        self._wait_for_the_end()
        for expectation in self.story.expectations:
            if not expectation.is_moment:
                self._judge_window(expectation)
            elif expectation.begin >= self.story.duration:
                self._judge_moment(expectation)
        if self.armed:
            self.failed.append(f"nobody said {self.armed[0].fact}, so {self.armed[0].words!r} "
                               "was not played")
        self.failed += self.errors
        return self.outcome()

    def now(self):
        return time.monotonic() - self.began

    def _wait_till(self, at):
        while (left := at - self.now()) > 0:
            time.sleep(min(left, 0.2))

    def _heard(self, line):
        """Called by the reader of a daemon's log: sets off what waits for this."""
        with self.lock:             # each daemon has a reader of its own
            meant = [one for one in self.armed if line.has(fact=one.fact) and (
                not one.by or self._number(one.by) == self.numbers.get(line.probe))]
            self.armed = [one for one in self.armed if one not in meant]
        for one in meant:
            if one.words.startswith("probe "):          # a signal: at once
                self._do_guarded(one.words)
            else:
                self._start(lambda words=one.words: self._do_guarded(words))

    def _start(self, action):
        thread = threading.Thread(target=action, daemon=True)
        self.threads.append(thread)
        thread.start()

    def _do_guarded(self, words):
        try:
            self._do(words)
        except Exception as error:      # pylint: disable=broad-except
            self.errors.append(f"{words}: {error}")

    def _all_has_happened(self):
        """What the simulator saw: as many changes, the same pages, and each window its shift."""
        outcome = self.outcome()
        return (len(outcome.epochs) >= len(self.wanted.epochs)
                and set(outcome.pages) >= set(self.wanted.pages)
                and all(self._in_window(one) for one in self.story.expectations
                        if one.words.split()[0] in ("shift", "alert", "batch")))

    def _wait_for_the_end(self):
        if self.whole:
            self._wait_till(self.story.duration)
        while not self._all_has_happened() and self.now() < self.story.duration + SLOWER_S:
            time.sleep(0.1)
        for thread in self.threads:
            thread.join(60)
        self._wait_till(self.now() + QUIET_S)

    # -- what happened --

    def diary(self):
        """Who said what when, in the form of the simulator's trace."""
        lines = [line for name in self.lab.probes if name in self.lab.programs
                 for line in list(self.lab.programs[name].lines)]
        return "\n".join(f"{line.at - self.began:10.3f}  {line.probe:8}  {_SAID.sub('', line.text)}"
                         for line in sorted(lines, key=lambda line: line.at)
                         if line.pairs.get("fact") not in ("vote", "verdict", "suspect"))

    def batches(self):
        return self.lab.batches(since=self.first)

    def outcome(self):
        batches = self.batches()
        pages = {incident_key(alert["incident"]) for alert in self.alerts()
                 if alert["severity"] == "page"}
        return Outcome(moves=[weights_text(batch.weights) for batch in batches if batch.moved],
                       epochs=[batch.epoch for batch in batches], pages=sorted(pages),
                       weights=weights_text({service: self.lab.weights(service)
                                             for service in SERVICES}))

    def alerts(self):
        """Openings that arrived since the story began: at (of it), event, incident, severity."""
        found = []
        for mail in list(self.lab.mails):
            if mail["at"] < self.began:
                continue
            headers = email.message_from_string(mail["data"], policy=email.policy.default)
            if headers["X-Regionshift-Phase"] == "open":
                found.append({"at": mail["at"] - self.began,
                              **{key: headers[f"X-Regionshift-{key}"]
                                 for key in ("event", "incident", "severity")}})
        return found

    # -- what was expected --

    def _in_window(self, expectation):
        """How many there are in the window of what its words mean."""
        words = expectation.words.removeprefix("never ").split()
        if words[0] in ("shift", "writes"):
            times = [batch.when - self.began_s for batch in self.batches() if batch.moved]
        elif words[:2] == ["batch", "by"]:
            who = self.lab.probe(self._number(words[2]))
            times = [batch.when - self.began_s for batch in self.batches() if batch.by == who]
        elif words[0] == "batch":
            entries = self.lab.lab.log(self.first)
            times = [entry["time_ms"] / 1000 - self.began_s for entry in entries
                     if entry["verdict"] == "refused"]
        else:
            kind = "page" if words[0] == "pages" else words[1]
            times = [alert["at"] for alert in self.alerts() if kind == alert["event"] or
                     kind in SEVERITIES[:SEVERITIES.index(alert["severity"]) + 1]]
        return sum(expectation.begin <= at <= expectation.end for at in times)

    def _judge_window(self, expectation):
        count, words = self._in_window(expectation), expectation.words.split()
        if words[0] == "never":
            held = count == 0
        elif words[0] in ("writes", "pages"):
            held = count <= int(words[2])
        else:
            held = count > 0
        if not held:
            self._fail(expectation, f"{count} in that time")

    def _judge_moment(self, expectation):
        words = expectation.words.split()
        until = time.monotonic() + MOMENT_S
        test = {"weights": self._weights_are, "serving": self._serves,
                "agreed": self._is_agreed, "refused": self._is_refused}[words[0]]
        while (found := test(words[1:])) and time.monotonic() < until:
            time.sleep(0.1)
        if found:
            self._fail(expectation, found)

    def _fail(self, expectation, found):
        self.failed.append(f"at {self.now():.1f} s: {expectation.line}: {found}")

    def _weights_are(self, wanted):
        for pair in wanted:
            who, _, weight = pair.partition("=")
            services, region = self._sites(who)
            for service in services:
                seen = self.lab.weights(service)[self.lab.region(region)]
                if seen != int(weight):
                    return f"{service}/{self.lab.region(region)} has {seen}"
        return ""

    def _serves(self, who):
        for service in SERVICES:
            weights = self.lab.weights(service)
            mine = weights[self.lab.region(self._number(who[0]))]
            if mine == 0 or mine < max(weights.values()):
                return f"{service} has {weights}"
        return ""

    def _is_agreed(self, wanted):
        services, region = self._sites(wanted[0])
        for service in services:
            site = f"{service}/{self.lab.region(region)}"
            seen = [state for status in self._answers("status")
                    for state in [agreement(status, site)] if state]
            if 2 * seen.count(wanted[1]) <= self.story.regions:
                return f"{site} is agreed {seen}"
        return ""

    def _is_refused(self, rule):
        seen = {gate["rule"] for told in self._answers("explain", GROUP) for gate in told["gates"]
                if not gate["open"]}
        return "" if rule[0] in seen else f"refused by {sorted(seen)}"

    def _answers(self, *command):
        """What those daemons answer that answer."""
        for n in self.numbers.values():
            done = self.lab.ctl(*command, "--json", n=n, check=False)
            if done.returncode == 0:
                yield json.loads(done.stdout)

    # -- who --

    def _number(self, who):
        """The number of the region that is meant by it, or in which that probe stands."""
        if who in ("primary", "secondary"):
            return 1 if who == "primary" else 2
        if who == "leader":
            return self.lab.etcd_leader()
        if who.startswith("#"):
            return int(who[1:])
        if who in self.numbers:
            return self.numbers[who]
        for n in self.numbers.values():
            if who in (str(n), self.lab.region(n)):
                return n
        raise StageError(f"{who!r} is no region and no probe of {self.story.regions}")

    def _probes(self, words):
        named = re.split(r"[ ,]+", words.strip())
        return list(self.numbers.values()) if named == ["all"] else [self._number(who)
                                                                     for who in named]

    def _sites(self, who):
        service, _, region = who.rpartition("/")
        return ([service] if service else SERVICES), self._number(region)

    # -- doing --

    def _do(self, words):
        for pattern, act in ACTS:
            found = re.fullmatch(pattern, words.strip())
            if found:
                act(self, *found.groups())
                return
        raise StageError(f"{self.story.path}: the laboratory cannot play {words!r}")

    def site(self, who, how):
        services, region = self._sites(who)
        if how == "ok":
            self.lab.endpoints_return(region)
        elif len(services) > 1:
            self.lab.endpoints_die(region)
        else:
            self.lab.endpoint_dies(region, services[0])

    def probe(self, who, how):
        act = {"kill": self.lab.daemon_kill, "start": self.lab.daemon_start,
               "pause": self.lab.daemon_pause, "resume": self.lab.daemon_resume}[how]
        if who == "all" and how == "start":
            self.lab.daemons_start()
            return
        for n in self._probes(who):
            act(n)

    def pause_for(self, who, length):
        n = self._number(who)
        self.lab.daemon_pause(n)
        at = time.monotonic() + float(length)

        def resume():
            time.sleep(max(0.0, at - time.monotonic()))
            self.lab.daemon_resume(n)
        self._start(resume)

    def other_settings(self, who):
        """The file changes, until the story is over, and the daemon is told to read it again."""
        for n in self._probes(who):
            name = self.lab.probe(n)
            conf = self.lab.conf(name)
            text = self.files.setdefault(conf, conf.read_text())
            conf.write_text(settings_text([(r"(?m)^    rise = 2;", "    rise = 3;", "others")],
                                          text))
            self.lab.programs[name].send(signal.SIGHUP)

    def cut(self, who, other):
        if other == "all" and who.startswith("#"):
            self.lab.daemon_network_cut(self._number(who))
        elif other == "all":
            self.lab.network_cut(self._number(who))
        else:
            self.lab.cut(self._place(who), self._place(other))

    def heal(self, who):
        if who == "all":
            self.lab.heal()
        else:
            self.lab.heal(self._place(who))

    def _place(self, who):
        return f"probe-{self._number(who)}" if who.startswith("#") else self._number(who)

    def partition(self, sides):
        self.lab.partition(*([int(n) for n in side.split()] for side in sides.split("|")))

    def members_cut(self, who, other):
        leader = self._number(who)
        n = leader % self.story.regions + 1 if other == "another" else self._number(other)
        self.lab.members_cut(leader, n)

    def store(self, how):
        if how == "up":
            self.lab.slow_store(0)
        {"down": self.lab.etcd_all_down, "up": self.lab.etcd_all_up}[how]()

    def backup(self):
        self.snapshot = self.lab.snapshot_save()

    def hold_batch(self, seconds):
        """The next one that comes is looked at so much later; what comes meanwhile is not held."""
        self.lab.lab.fault("slow", seconds=float(seconds), when="before", count=1,
                           operation="ChangeResourceRecordSets")

    def garbage(self, who):
        for n in self._probes(who):
            self.lab.store_put(f"v1/votes/{self.lab.probe(n)}/{GROUP}", '{"v":1,"states":')

    def order(self, verb, region):
        names = {"drain": [region], "restore": [region], "failback": [GROUP], "freeze": [],
                 "thaw": []}[verb]
        names = [self.lab.region(self._number(name)) if name == region else name for name in names]
        for n in self.numbers.values():
            done = self.lab.ctl(verb, *names, "--reason", "as the story says", n=n, check=False)
            if done.returncode == 0:
                return
        raise StageError(f"no daemon took the order {verb}: {done.stdout}{done.stderr}")


ACTS = (
    (r"site (\S+) (refuse|ok)", Acting.site),
    (r"probe (\S+) other-settings", Acting.other_settings),
    (r"probe (\S+) pause ([\d.]+)", Acting.pause_for),
    (r"probe (\S+) (kill|start|pause|resume)", Acting.probe),
    (r"net cut (\S+) from (\S+)", Acting.cut),
    (r"net heal (\S+)", Acting.heal),
    (r"route53 hold batch ([\d.]+)", Acting.hold_batch),
    (r"store (down|up)", Acting.store),
    (r"store slow (\d+)", lambda self, ms: self.lab.slow_store(int(ms))),
    (r"store backup", Acting.backup),
    (r"store rollback", lambda self: self.lab.snapshot_restore(self.snapshot)),
    (r"store garbage (.+)", Acting.garbage),
    (r"order (drain|restore|failback|freeze|thaw)(?: (\S+))?", Acting.order),
    # the laboratory's own
    (r"region (\S+) dies", lambda self, who: self.lab.region_dies(self._number(who))),
    (r"partition (.+)", Acting.partition),
    (r"members cut (\S+) from (\S+)", Acting.members_cut),
    (r"member (\S+) kill", lambda self, who: self.lab.member_kill(self._number(who))),
    (r"certificates (expired|good)",
     lambda self, how: self.lab.store_certificates(expired=how == "expired")),
)


def weights_text(weights):
    """As a daemon says them: "0/100 0/100"."""
    return " ".join("/".join(str(weight) for weight in weights[service].values())
                    for service in SERVICES)


def agreement(status, site):
    """What a daemon's status says of a site; None: nothing."""
    for group in status["groups"]:
        for one in group["sites"]:
            if one["site"] == site:
                return one["agreed"]
    return None
