# SPDX-License-Identifier: Apache-2.0
"""What the soak does to the laboratory, drawn from a seed, and what is true meanwhile.

Pure: `plan(seed, period)` is the same for ever, whatever the machine does; `Truth` keeps when which
probe had no way to which region's sites, and says whether a move was justified."""

import random
from dataclasses import dataclass, field

REGION_COUNT = 5
SITED = (1, 2)              # regions that serve
SPARED = (2, 4)             # their daemons are cut and stopped, never killed: they live to the end
QUORUM_DOWN = 3
PERIOD_S = 75               # of faults, between two calms
GAP_S = (2, 6)              # from the beginning of one fault to that of the next
LAST_S = (3, 25)            # how long a fault lasts
ATTEMPTS = 8                # to draw one that meddles with no other
MEMORY_S = 40               # a move may rest on what was true so long before: votes of a probe that
#                             was cut off live as long as their lease, and etcd prolongs leases at
#                             a change of leader; the change itself may wait for store and Route 53
ALL = tuple(range(1, REGION_COUNT + 1))
NETS = frozenset(f"net {n}" for n in ALL)
MEMBERS = frozenset(f"member {n}" for n in ALL)


@dataclass(frozen=True)
class Fault:
    """One thing that is done at `at` and undone at `until`, both in seconds of its period."""

    kind: str
    who: tuple              # region numbers, percent, milliseconds: as the kind has them
    at: float
    until: float
    touches: frozenset      # what no other fault touches meanwhile
    blocks: frozenset = field(default=frozenset())      # {(probe, region)}: no way to its sites

    def text(self):
        return f"{self.kind} {' '.join(str(w) for w in self.who)}".strip()


def everybody_to(region):
    return {(probe, region) for probe in ALL if region in SITED}


def crossing(a, b):
    """What no longer reaches what when region a and region b are parted."""
    return {(p, r) for p, r in ((a, b), (b, a)) if r in SITED}


def outside(n):
    return set().union(*(crossing(n, other) for other in ALL if other != n))


def endpoints_die(rng):
    n = rng.choice(SITED)
    return (n,), {f"sites {n}"}, everybody_to(n)


def region_dies(rng):
    n = rng.choice([n for n in ALL if n not in SPARED])
    return ((n,), {f"sites {n}", f"daemon {n}", f"member {n}", f"net {n}"},
            everybody_to(n) | outside(n))


def network_cut(rng):
    n = rng.choice(ALL)
    return (n,), {f"net {n}"}, outside(n)


def daemon_network_cut(rng):
    n = rng.choice(ALL)
    return (n,), {f"net {n}"}, {(n, region) for region in SITED}


def pair(rng):
    a, b = rng.sample(ALL, 2)
    return a, b, {f"net {a}", f"net {b}"}


def cut(rng):
    a, b, touches = pair(rng)
    return (a, b), touches, crossing(a, b)


def members_cut(rng):
    a, b, touches = pair(rng)
    return (a, b), touches, set()


def loss(rng):
    a, b, touches = pair(rng)
    return (a, b, rng.choice((10, 20, 40))), touches, crossing(a, b)


def partition(rng):
    few = tuple(sorted(rng.sample(ALL, 2)))
    many = tuple(n for n in ALL if n not in few)
    return (few, many), NETS, set().union(*(crossing(a, b) for a in few for b in many))


def daemon_kill(rng):
    n = rng.choice([n for n in ALL if n not in SPARED])
    return (n,), {f"daemon {n}"}, set()


def daemon_pause(rng):
    n = rng.choice(ALL)
    return (n,), {f"daemon {n}"}, set()


def member_kill(rng):
    n = rng.choice(ALL)
    return (n,), {f"member {n}"}, set()


def store_all_down(_):
    return (), MEMBERS, set()


def slow_store(rng):
    return (rng.choice((200, 1000, 3000)),), {"slow"} | NETS, set()


def route53(rng):
    return (rng.choice(("down", "throttle", "lose-reply", "late", "slow")),), {"route53"}, set()


# kind, who and what it touches, how often it is drawn in relation to the others
KINDS = (
    ("endpoints_die", endpoints_die, 5), ("region_dies", region_dies, 3),
    ("network_cut", network_cut, 4), ("daemon_network_cut", daemon_network_cut, 3),
    ("cut", cut, 4), ("cut_one_way", cut, 3), ("members_cut", members_cut, 3), ("loss", loss, 3),
    ("partition", partition, 2), ("daemon_kill", daemon_kill, 4),
    ("daemon_pause", daemon_pause, 5), ("member_kill", member_kill, 4),
    ("member_pause", member_kill, 3), ("store_all_down", store_all_down, 1),
    ("slow_store", slow_store, 2), ("route53", route53, 3))


def draw(rng, at):
    """One fault that begins at `at`."""
    kind, maker, _ = rng.choices(KINDS, [weight for _, _, weight in KINDS])[0]
    who, touches, blocks = maker(rng)
    until = min(at + rng.uniform(*LAST_S), PERIOD_S)
    return Fault(kind, who, at, until, frozenset(touches), frozenset(blocks))


def plan(seed, period):
    """The faults of a period, in order of their beginnings. No two that overlap touch the same."""
    rng = random.Random(f"{seed}/{period}")
    faults = []
    at = rng.uniform(*GAP_S)
    while at < PERIOD_S - LAST_S[0]:
        for _ in range(ATTEMPTS):
            fault = draw(rng, at)
            if not any(other.until > at and other.touches & fault.touches for other in faults):
                faults.append(fault)
                break
        at += rng.uniform(*GAP_S)
    return faults


def steps(faults):
    """[(when, fault, is_begin)], in order."""
    both = [(fault.at, fault, True) for fault in faults]
    both += [(fault.until, fault, False) for fault in faults]
    return sorted(both, key=lambda step: step[0])


class Truth:
    """When which way was blocked, in real time."""

    def __init__(self):
        self.blocked = []       # [since, until or None, {(probe, region)}]

    def begins(self, fault, when):
        self.blocked.append([when, None, fault.blocks, fault])

    def ends(self, fault, when):
        for entry in self.blocked:
            if entry[3] is fault and entry[1] is None:
                entry[1] = when

    def blocked_probes(self, region, since, until):
        """Probes that had, at some time between, no way to the region's sites."""
        return {probe for begun, ended, blocks, _ in self.blocked
                if begun <= until and (ended is None or ended >= since)
                for probe, blocked_region in blocks if blocked_region == region}

    def justifies_leaving(self, region, when):
        return len(self.blocked_probes(region, when - MEMORY_S, when)) >= QUORUM_DOWN
