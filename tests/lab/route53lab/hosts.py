# SPDX-License-Identifier: Apache-2.0
"""The names outside the zones: what alias records and health checks may be aimed at.

Load balancers, distributions and buckets have names of Amazon's; behind each stand addresses which
the lab makes up (198.18.0.0/15 and 2001:2::/48, for benchmarks) unless --host gives them, and a
test may say that a target is sick.
"""

import hashlib
import ipaddress
import random
import threading

from . import answers, names, zone as rules_of_zone


def _made_up(name, rtype):
    digest = hashlib.sha256(name.encode()).digest()
    if rtype == "A":
        return str(ipaddress.IPv4Address(0xC6120000 | int.from_bytes(digest[:4], "big") >> 15))
    return str(ipaddress.IPv6Address((0x20010002 << 96) | int.from_bytes(digest[:8], "big")))


class Hosts(answers.World):
    """`known`: {name: addresses}. Safe to use from any thread."""

    def __init__(self, account, known, seed=None):
        self._account = account
        self._known = known
        self._dice = random.Random(seed)
        self._lock = threading.Lock()
        self._sick = set()

    def addresses(self, name, rtype):
        if rtype not in ("A", "AAAA"):
            return []
        if name in self._known:
            return [one for one in self._known[name] if (":" in one) == (rtype == "AAAA")]
        return [_made_up(name, rtype)] if name.endswith(rules_of_zone.AMAZON) else []

    def check_healthy(self, check_id):
        return self._account.checks.healthy(check_id)

    def set_healthy(self, name, healthy):
        with self._lock:
            (self._sick.discard if healthy else self._sick.add)(names.normal(name))

    def target_healthy(self, name):
        with self._lock:
            return name not in self._sick

    def sick(self):
        with self._lock:
            return sorted(self._sick)

    def address(self, text):
        """The IPv4 address of an endpoint, as a health checker finds it; None: there is none."""
        try:
            return str(ipaddress.ip_address(text))
        except ValueError:
            pass
        try:
            name = names.normal(text)
        except names.BadName:
            return None
        if name == "localhost.":
            return "127.0.0.1"
        found = self.addresses(name, "A") or self._in_zones(name)
        return found[0] if found else None

    def _in_zones(self, name):
        with self._account.lock:
            zones = self._account.public_zones()
            zone_name = answers.zone_for(name, zones)
            if zone_name is None:
                return []
            book = answers.Book(zone_name, self._account.visible(zones[zone_name]), self._dice,
                                self)
        found = book.resolve(name, "A")
        return found[1] if found else []
