# SPDX-License-Identifier: Apache-2.0
"""Moves of a whole deployment: from what dies to the change that Route 53 accepted, step by step.
Times of the daemons are those of their own log lines: a millisecond fine, one clock for all."""

import datetime
import re
import time

from figures import Table
from programs import StageError
from regions import GROUP, SERVICES, Regions

TIMING = {"interval": 2, "timeout": 0.5, "retry": 0.2, "fall": 3, "rise": 1, "hold": 0,
          "stable": 1, "dwell": 0, "lease": 2}
MORE = [(r"budget = 4;", "budget = 60;", "many moves"),
        (r'window = "6h";', 'window = "1m";', "many moves")]
SICK = 1                # the region that is hurt; the other one that serves is 2
DEADLINE_S = 60
HOME = {"us-east-1": 100, "us-west-2": 0}
LEADER_ELSEWHERE = 3
GOAL_LOST_LEADER_MS = 6000
STEPS = ("suspected by the first", "suspected by the last of the quorum",
         "the quorum's last vote cast", "agreed by whoever decides", "decided",
         "decision known by every daemon alive", "sent to Route 53", "accepted by Route 53")


def wall(line):
    """When a daemon wrote this line, in seconds since 1970."""
    match = re.match(r"ts=(\S+)Z ", line.text)
    return datetime.datetime.fromisoformat(match[1] + "+00:00").timestamp() if match else 0.0


def first(lab, probe, since, **wanted):
    """When a daemon first said it after `since`; None: not at all."""
    program = lab.programs.get(probe)
    times = [wall(line) for line in list(program.lines) if line.has(**wanted)] if program else []
    return min((at for at in times if at >= since), default=None)


def at_each(lab, since, **wanted):
    """The same of every daemon that said it, the earliest first."""
    times = [first(lab, probe, since, **wanted) for probe in lab.probes]
    return sorted(at for at in times if at is not None)


def decisive_site(lab, since, decider):
    """The site of the sick region that whoever decided saw agreed down first."""
    agreed = {site: first(lab, decider, since, fact="agreement", site=site, state="down")
              for site in (f"{service}/{lab.region(SICK)}" for service in SERVICES)}
    return min((at, site) for site, at in agreed.items() if at is not None)


def steps_of(lab, since, quorum):
    """Seconds from `since` to each step of the move that was accepted just now."""
    decided = at_each(lab, since, fact="decided", kind="leave")
    known = at_each(lab, since, fact="head", kind="leave")
    sent = at_each(lab, since, fact="sent")
    accepted = at_each(lab, since, fact="accepted")
    decider = next(probe for probe in lab.probes
                   if first(lab, probe, since, fact="decided", kind="leave") == decided[0])
    agreed, site = decisive_site(lab, since, decider)
    suspects = at_each(lab, since, fact="verdict", site=site, state="suspect")
    downs = at_each(lab, since, fact="verdict", site=site, state="down")
    steps = (suspects[0], suspects[quorum - 1], downs[quorum - 1], agreed, decided[0], known[-1],
             sent[0], accepted[0])
    return [at - since for at in steps]


def one_move(lab, strike, alive, quorum):
    """Strikes, waits for Route 53; returns the steps, and how many proposals lost to a conflict."""
    before = lab.lab.last_seq()
    since = time.time()
    strike()
    lab.wait_batch(DEADLINE_S, since=before, moved=True)
    lab.wait_until("every daemon knows", lambda: len(
        at_each(lab, since, fact="head", kind="leave")) >= alive, DEADLINE_S)
    lab.wait_until("it is accepted", lambda: at_each(lab, since, fact="accepted"), DEADLINE_S)
    conflicts = sum(line.has(fact="conflict") and wall(line) >= since for probe in lab.probes
                    if probe in lab.programs for line in list(lab.programs[probe].lines))
    return steps_of(lab, since, quorum), conflicts


def all_well(lab):
    """Every daemon sees every site up, counts every vote, and has nothing left to do."""
    for n in lab.numbers:
        try:
            group = lab.status(n)["groups"][0]
        except StageError:
            return False
        if lab.probe(n) in lab.may_act and not (group["applied"] and group["change"] == "idle"):
            return False
        if any(site["up_votes"] != len(lab.probes) for site in group["sites"]):
            return False
    return True


def back_home(lab):
    lab.wait_until("all is well", lambda: all_well(lab), DEADLINE_S)

    def home():
        if lab.weights() == HOME:
            return True
        lab.ctl("failback", GROUP, "--reason", "next run", check=False)
        time.sleep(0.5)
        return False
    lab.wait_until("traffic is home", home, DEADLINE_S)
    lab.wait_until("all is well", lambda: all_well(lab), DEADLINE_S)


def lead(lab, n):
    """Makes the member of region n the leader."""
    def leads():
        leader = lab.store.leader_now()
        if leader not in (None, n):
            status = lab.store.post(n, "maintenance/status", {})
            lab.store.etcdctl(leader, "move-leader", f"{int(status['header']['member_id']):x}")
        return leader == n
    lab.wait_until(f"store-{n} leads", leads, DEADLINE_S)


def bounds(trip, detect_ms, words):
    """(ms, words) for each step: what detection may take, then round trips."""
    def after(trips, more=0):
        return detect_ms + trips * trip + more, f"{words} + {trips} RTT" + (
            f" + {more}" if more else "")
    return {"the quorum's last vote cast": (detect_ms, words),
            "agreed by whoever decides": after(2, 10), "decided": after(4, 20),
            "decision known by every daemon alive": after(4, 20)}


def table_of(title, runs, trip, limits):
    table = Table(title, trip)
    for index, step in enumerate(STEPS):
        table.add(step, [run[index] * 1000 for run in runs], *limits.get(step, (None, "")))
    if runs:
        index = STEPS.index("the quorum's last vote cast")
        known = STEPS.index("decision known by every daemon alive")
        table.add("last vote cast -> decision known by every daemon alive",
                  [(run[known] - run[index]) * 1000 for run in runs], 4 * trip + 20, "4 RTT + 20")
        table.add("last vote cast -> accepted by Route 53",
                  [(run[-1] - run[index]) * 1000 for run in runs])
    return table


def kinds_of_move(lab, trip):
    """(title, who leads etcd, strike, mend, daemons alive, bounds)."""
    count = len(lab.probes)
    t = {key: value * 1000 for key, value in TIMING.items()}
    refused = t["interval"] / count + 2 * (t["retry"] + trip) + trip
    alive = count - 1       # a lost region takes its daemon with it
    silent = t["interval"] / alive + 2 * (t["retry"] + t["timeout"]) + t["timeout"]
    by_answer = bounds(trip, refused + 2 * trip, "interval/N + fall x (retry + RTT) + 2 RTT")
    by_silence = bounds(trip, silent + 2 * trip,
                        "interval/(N-1) + fall x (retry + timeout) + 2 RTT")
    lost_leader = {"accepted by Route 53": (GOAL_LOST_LEADER_MS, "goal")}

    def region_back():
        lab.region_returns(SICK)
    yield ("the factory of the region is killed", LEADER_ELSEWHERE,
           lambda: lab.endpoint_dies(SICK, "factory"), lambda: lab.endpoints_return(SICK), count,
           by_answer)
    yield ("both endpoints of the region are killed", LEADER_ELSEWHERE,
           lambda: lab.endpoints_die(SICK), lambda: lab.endpoints_return(SICK), count, by_answer)
    yield ("the region is lost, with its daemon and a follower of etcd", LEADER_ELSEWHERE,
           lambda: lab.region_dies(SICK), region_back, alive, by_silence)
    yield ("the region is lost, with its daemon and etcd's leader", SICK,
           lambda: lab.region_dies(SICK), region_back, alive, lost_leader)


def measure_moves(count, delay_ms, runs, say, store_timeout_s=2):
    """Yields (table, errors) for each kind of move."""
    trip = 2 * delay_ms
    quorum = 2 if count == 3 else 3
    with Regions(count=count, delay_ms=delay_ms, timing=TIMING, more=MORE,
                 store_more=f"    timeout = {store_timeout_s};\n") as lab:
        lab.settle()
        for title, leader, strike, mend, alive, limits in kinds_of_move(lab, trip):
            measured, errors, conflicts = [], [], 0
            for number in range(runs):
                lead(lab, leader)
                # another point of the interval each time, the same ones in every measurement
                time.sleep(TIMING["interval"] * ((number * 7) % 20) / 20)
                try:
                    steps, lost = one_move(lab, strike, alive, quorum)
                    measured.append(steps)
                    conflicts += lost
                    say(f"  {title}, run {number + 1} of {runs}: accepted after "
                        f"{measured[-1][-1]:.3f} s")
                except StageError as error:
                    errors.append(str(error)[:2000])
                mend()
                back_home(lab)
            errors.append(f"{conflicts} proposals in {len(measured)} moves lost to a conflict (D8)")
            yield table_of(f"{title}; {count} members, hold 0, store timeout "
                           f"{store_timeout_s:g} s", measured, trip, limits), errors
        lab.check_log()
