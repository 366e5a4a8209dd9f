# SPDX-License-Identifier: Apache-2.0
"""The account: zones, the changes made to them, and how far each change has got.

A zone has two faces. `records` is what the API returns: the newest accepted state at once, as
Route 53 promises. `visible` is what DNS answers: it follows, in order, as changes become INSYNC.
"""

import collections
import random
import threading
import time
from dataclasses import dataclass, field
from typing import Optional

from . import names, zone as rules_of_zone
from .checks import no_such_health_check
from .errors import (ApiError, invalid_change_batch, no_such_change, no_such_hosted_zone)

ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
SOA_TTL_S = 900
NS_TTL_S = 172800


@dataclass
class Batch:
    """One request to change a zone, as the log will tell it."""
    zone_id: str
    changes: list = field(default_factory=list)
    comment: Optional[str] = None
    source: str = "api"                 # api, late (applied after the reply was lost), lab
    access_key: Optional[str] = None
    request_id: Optional[str] = None


@dataclass
class Change:
    id: str
    zone_id: str
    comment: Optional[str]
    submitted: float                    # wall clock, seconds
    in_sync_at: Optional[float]         # monotonic seconds; None: held PENDING by the fault


class Zone:
    """`private`: of a VPC; no name server of ours answers for it."""

    def __init__(self, zone_id, name, nameservers, caller_reference="lab", comment=None,
                 private=False):
        self.id = zone_id
        self.private = private
        self.name = names.normal(name)
        self.nameservers = list(nameservers)
        self.caller_reference = caller_reference
        self.comment = comment
        self.tags = {}
        self.records = {rules_of_zone.key_of(rrset): rrset for rrset in self._first_records()}
        self.visible = self.records
        self.upcoming = collections.deque()     # (records, Change or None), oldest first
        self.history = []                       # (Change, records before it), oldest first
        self.stale = {}                         # DNS server number -> records it is stuck at

    def _first_records(self):
        soa = f"{self.nameservers[0]}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
        yield {"Name": self.name, "Type": "NS", "TTL": NS_TTL_S,
               "ResourceRecords": [{"Value": name + "."} for name in self.nameservers]}
        yield {"Name": self.name, "Type": "SOA", "TTL": SOA_TTL_S,
               "ResourceRecords": [{"Value": soa}]}

    def listed(self):
        return sorted(self.records.values(), key=rules_of_zone.list_key)

    def fences(self):
        return rules_of_zone.fences_of(self.records, self.name)


class Account:
    """Safe to use from any thread. `checks` are its health checks (checks.py), `authority` knows
    whose zones they are (principals.py): they may be of several accounts of Amazon's."""

    def __init__(self, journal, checks, authority, rules=rules_of_zone.Rules(), in_sync_delay_s=0.2,
                 one_change_at_a_time=False, seed=None):
        self.lock = threading.RLock()
        self.journal = journal
        self.checks = checks
        self.authority = authority
        self._owners = {}               # zone id -> account, of zones made through the API
        self.rules = rules
        self.zones = {}
        self.changes = {}
        self.stranding = None           # {zone id: length of history} while that fault is on
        self.hold_pending = None        # parameters of the fault `pending` while it is on
        self._in_sync_delay_s = in_sync_delay_s
        self._one_change_at_a_time = one_change_at_a_time
        self._random = random.Random(seed)

    # -- zones --

    def add_zone(self, zone, owner=None):
        """`owner`: the account that made it, if --iam did not say."""
        with self.lock:
            self.zones[zone.id] = zone
            if owner is not None:
                self._owners[zone.id] = owner

    def remove_zone(self, zone):
        with self.lock:
            del self.zones[zone.id]
            self._owners.pop(zone.id, None)
            (self.stranding or {}).pop(zone.id, None)

    def owner_of_zone(self, zone_id):
        """The account a zone belongs to; None if there is no such zone."""
        with self.lock:
            if zone_id not in self.zones:
                return None
            return self._owners.get(zone_id) or self.authority.owner_of_zone(zone_id)

    def public_zones(self):
        """{name: zone} of those that DNS answers for."""
        with self.lock:
            return {zone.name: zone for zone in self.zones.values() if not zone.private}

    def zones_of(self, owner):
        with self.lock:
            return [zone for zone in self.zones.values() if self.owner_of_zone(zone.id) == owner]

    def new_id(self, first):
        with self.lock:
            return first + "".join(self._random.choice(ID_LETTERS) for _ in range(20))

    def zone(self, zone_id):
        with self.lock:
            if zone_id not in self.zones:
                raise no_such_hosted_zone(zone_id)
            return self.zones[zone_id]

    # -- changes --

    def submit(self, batch):
        """Accepts the batch whole, or raises ApiError; either way it is logged."""
        with self.lock:
            try:
                zone = self.zone(batch.zone_id)
                before = zone.fences()
                self._check_prior(zone)
                change = self._accept(zone, batch)
            except ApiError as error:
                self.log_refusal(batch, error)
                raise
            self._log(batch, "accepted", before, zone.fences(), [], change_id=change.id)
            return change

    def _check_prior(self, zone):
        if self._one_change_at_a_time and any(
                not self.in_sync(change) for change in self.changes.values()
                if change.zone_id == zone.id):
            raise prior_request_not_complete()

    def _accept(self, zone, batch):
        rules_of_zone.check_forms(batch.changes)
        unknown = [check for check in rules_of_zone.health_checks_of(batch.changes)
                   if not self.checks.exists(check)]
        if unknown:
            raise no_such_health_check(", ".join(unknown))
        records, problems = rules_of_zone.evaluate(zone.id, zone.name, zone.records,
                                                   batch.changes, self.rules)
        if problems:
            raise invalid_change_batch(problems)
        return self._commit(zone, records, batch)

    def _commit(self, zone, records, batch):
        hold = self.hold_pending if batch.source != "lab" else None
        ready = time.monotonic() + (0 if batch.source == "lab" else self._in_sync_delay_s)
        change = Change(self.new_id("C"), zone.id, batch.comment, time.time(),
                        None if hold else ready)
        self.changes[change.id] = change
        zone.history.append((change, zone.records))
        zone.records = records
        shown = hold and hold["dns"]
        zone.upcoming.append((records, None if shown else change))
        return change

    def note_change(self, zone):
        """The change that a new zone is, or one that is deleted, for GetChange."""
        change = Change(self.new_id("C"), zone.id, None, time.time(),
                        time.monotonic() + self._in_sync_delay_s)
        with self.lock:
            self.changes[change.id] = change
        return change

    def change(self, change_id):
        with self.lock:
            if change_id not in self.changes:
                raise no_such_change(change_id)
            return self.changes[change_id]

    @staticmethod
    def in_sync(change):
        return change.in_sync_at is not None and time.monotonic() >= change.in_sync_at

    def release_held(self):
        """The fault `pending` ends: what it held goes on its way."""
        with self.lock:
            self.hold_pending = None
            for change in self.changes.values():
                if change.in_sync_at is None:
                    change.in_sync_at = time.monotonic() + self._in_sync_delay_s

    # -- going back in time: changes accepted by one control plane, unknown to the next --

    def roll_back(self, zone_id, count):
        """Forgets the last `count` changes of a zone. Returns their identifiers, newest first."""
        with self.lock:
            zone = self.zone(zone_id)
            if count > len(zone.history):
                raise ValueError(f"zone {zone_id} has only {len(zone.history)} changes")
            before, forgotten = zone.fences(), []
            for _ in range(count):
                change, zone.records = zone.history.pop()
                self.changes.pop(change.id, None)
                forgotten.append(change.id)
            zone.visible = zone.records
            zone.upcoming.clear()
            if forgotten:
                self._log(Batch(zone_id, comment="rolled back: " + " ".join(forgotten),
                                source="lab"), "rolled-back", before, zone.fences(), [])
            return forgotten

    def start_stranding(self):
        with self.lock:
            self.stranding = {zone.id: len(zone.history) for zone in self.zones.values()}

    def end_stranding(self):
        with self.lock:
            marks, self.stranding = self.stranding or {}, None
            for zone_id, mark in marks.items():
                self.roll_back(zone_id, max(0, len(self.zones[zone_id].history) - mark))

    # -- what DNS shows --

    def visible(self, zone, server=0):
        """The records that DNS server number `server` answers from."""
        with self.lock:
            while zone.upcoming:
                records, change = zone.upcoming[0]
                if change is not None and not self.in_sync(change):
                    break
                zone.visible = records
                zone.upcoming.popleft()
            return zone.stale.get(server, zone.visible)

    def freeze_dns(self, servers):
        with self.lock:
            for zone in self.zones.values():
                zone.stale = {server: self.visible(zone, None) for server in servers}

    def thaw_dns(self):
        with self.lock:
            for zone in self.zones.values():
                zone.stale = {}

    # -- the log --

    def log_refusal(self, batch, error):
        """A batch refused, here or before it reached the zone."""
        with self.lock:
            zone = self.zones.get(batch.zone_id)
            fences = zone.fences() if zone else {}
            self._log(batch, "refused", fences, fences, error.messages, code=error.code)

    def _log(self, batch, verdict, before, after, messages, change_id=None, code=None):
        self.journal.write(zone=batch.zone_id, verdict=verdict, source=batch.source, code=code,
                           messages=messages, change_id=change_id, comment=batch.comment,
                           fences_before=before, fences_after=after, changes=batch.changes,
                           access_key=batch.access_key, request_id=batch.request_id)


def prior_request_not_complete():
    return ApiError("PriorRequestNotComplete", "The request was rejected because Route 53 was "
                    "still processing a prior request.")
