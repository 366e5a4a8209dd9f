# SPDX-License-Identifier: Apache-2.0
"""/_lab: what a test may do to the lab. JSON in, JSON out, no signature, loopback only."""

import json
import time
from urllib.parse import parse_qs, unquote

from . import model, principals, zone as rules_of_zone
from .account import Batch
from .api import Reply
from .control_checks import BadRequest, ControlOfChecks
from .errors import ApiError
from .journal import time_text

MAX_WAIT_S = 60.0


class Control:
    """`on_switch(name, params or None)` is called after a fault was switched on or off."""

    def __init__(self, account, faults, api, on_switch, poller, hosts, authority, watched):
        self._account = account
        self._faults = faults
        self._api = api
        self._on_switch = on_switch
        self._hosts = hosts
        self._authority = authority
        self._watched = watched
        self._checks = ControlOfChecks(account.checks, poller)
        shapes = model.load()
        self._rrset_shape = shapes.shape_for("ResourceRecordSet")
        self._batch_shape = shapes.shape_for("ChangeBatch")

    def serve(self, request):
        path, _, query = request.target.partition("?")
        steps = [unquote(step) for step in path.split("/")[2:] if step]
        try:
            given = json.loads(request.body) if request.body else {}
            value = self._route(request.method, steps, parse_qs(query), given)
            return self._json(200, value)
        except (BadRequest, ValueError, RecursionError) as bad:
            return self._json(400, {"error": str(bad)})
        except ApiError as error:
            return self._json(error.status, {"error": error.message, "code": error.code})

    @staticmethod
    def _json(status, value):
        return Reply(status, (json.dumps(value) + "\n").encode(), "application/json")

    def _route(self, method, steps, query, given):
        routes = {("GET", "state", 1): lambda: self._state(),
                  ("GET", "log", 1): lambda: self._log(query),
                  ("GET", "faults", 1): lambda: self._faults.state(),
                  ("DELETE", "faults", 1): lambda: self._all_off(),
                  ("PUT", "faults", 2): lambda: self._switch_on(steps[1], given),
                  ("DELETE", "faults", 2): lambda: self._switch_off(steps[1]),
                  ("GET", "target", 1): lambda: {"sick": self._hosts.sick()},
                  ("PUT", "target", 2): lambda: self._target(steps[1], given),
                  ("GET", "iam", 1): self._authority.verdicts,
                  ("PUT", "iam", 1): lambda: self._authority.replace(principals.read(given)),
                  ("GET", "zone", 2): lambda: self._records(self._zone(steps[1])),
                  ("PUT", "zone", 2): lambda: self._replace(self._zone(steps[1]), given),
                  ("POST", "zone", 3): lambda: self._zone_act(self._zone(steps[1]), steps[2],
                                                              given)}
        if steps and steps[0] in ("alarm", "targets"):
            return self._watched.route(method, steps, given)
        if steps and steps[0] == "check":
            return self._checks.route(method, steps[1:], query, given)
        act = routes.get((method, steps[0] if steps else "", len(steps)))
        if act is None:
            raise BadRequest(f"there is no {method} /_lab/{'/'.join(steps)}")
        return act()

    # -- looking --

    def _state(self):
        account = self._account
        with account.lock:
            changes = [{"id": change.id, "zone": change.zone_id, "comment": change.comment,
                        "submitted": time_text(change.submitted),
                        "status": "INSYNC" if account.in_sync(change) else "PENDING"}
                       for change in account.changes.values()]
            zones = {zone.id: {"name": zone.name, "fences": zone.fences(),
                               "records": zone.listed(), "nameservers": zone.nameservers}
                     for zone in account.zones.values()}
        late = [{"zone": batch.zone_id, "in_seconds": round(due - time.time(), 3)}
                for due, batch in list(self._api.late)]
        return {"time": time_text(time.time()), "zones": zones, "changes": changes, "late": late,
                "faults": self._faults.state(), "requests": dict(self._api.counts)}

    def _log(self, query):
        try:
            since = int(query.get("since", ["0"])[0])
            wait_s = min(float(query.get("wait", ["0"])[0]), MAX_WAIT_S)
        except ValueError:
            raise BadRequest("since and wait must be numbers") from None
        return self._account.journal.since(since, wait_s)

    def _zone(self, wanted):
        for zone in self._account.zones.values():
            if wanted in (zone.id, zone.name, zone.name.rstrip(".")):
                return zone
        raise BadRequest(f"no zone has the id or the name '{wanted}'")

    def _records(self, zone):
        with self._account.lock:
            return {"id": zone.id, "name": zone.name, "fences": zone.fences(),
                    "records": zone.listed(),
                    "visible": sorted(self._account.visible(zone).values(),
                                      key=rules_of_zone.list_key)}

    # -- switches --

    def _switch_on(self, name, given):
        params = self._faults.switch_on(name, given)
        self._on_switch(name, params)
        return {"fault": name, "params": params}

    def _switch_off(self, name):
        was_on = self._faults.switch_off(name)
        if was_on:
            self._on_switch(name, None)
        return {"fault": name, "was_on": was_on}

    def _all_off(self):
        return [self._switch_off(name) for name in self._faults.state()["on"]]

    def _target(self, name, given):
        healthy = given.get("healthy") if isinstance(given, dict) else None
        if not isinstance(healthy, bool):
            raise BadRequest("'healthy' must be true or false")
        self._hosts.set_healthy(name, healthy)
        return {"sick": self._hosts.sick()}

    # -- hands in the zone: as another tool or a human would change it, at once visible --

    def _submit(self, zone, changes, comment):
        params = {"Changes": changes, "Comment": comment}
        model.check_types(params, self._batch_shape)
        model.check_facets(params, self._batch_shape)
        change = self._account.submit(Batch(zone.id, changes, comment, source="lab"))
        return {"change_id": change.id, "fences": zone.fences()}

    def _replace(self, zone, rrsets):
        """The zone holds just these record sets, and its own SOA and NS."""
        wanted = self._rrsets(rrsets)
        own = {(zone.name, "SOA"), (zone.name, "NS")}
        with self._account.lock:
            changes = [{"Action": "DELETE", "ResourceRecordSet": rrset}
                       for rrset in zone.listed() if (rrset["Name"], rrset["Type"]) not in own]
            changes += [{"Action": "CREATE", "ResourceRecordSet": rrset} for rrset in wanted]
            return self._submit(zone, changes, "zone replaced") if changes else {}

    def _rrsets(self, given):
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            raise BadRequest("expected a JSON list of record sets")
        for rrset in given:
            model.check_types(rrset, self._rrset_shape)
        return given

    def _zone_act(self, zone, act, given):
        acts = {"records": self._seed, "weight": self._weight, "fence": self._fence,
                "delete-fence": self._delete_fence, "delete": self._delete,
                "batch": self._batch, "rollback": self._rollback}
        if act not in acts:
            raise BadRequest(f"a zone has no '{act}'; it has: {', '.join(sorted(acts))}")
        with self._account.lock:
            return acts[act](zone, given)

    @staticmethod
    def _member(given, name, kind):
        value = given.get(name) if isinstance(given, dict) else None
        if not isinstance(value, kind) or isinstance(value, bool):
            raise BadRequest(f"'{name}' is missing or of the wrong type")
        return value

    def _seed(self, zone, given):
        return self._submit(zone, [{"Action": "UPSERT", "ResourceRecordSet": rrset}
                                   for rrset in self._rrsets(given)], "records seeded")

    def _batch(self, zone, given):
        return self._submit(zone, self._member(given, "Changes", list),
                            given.get("Comment") or "batch by hand")

    def _find(self, zone, given):
        """The record set with the given name, set identifier and, if several, type."""
        name = rules_of_zone.names.normal(self._member(given, "name", str))
        found = [rrset for rrset in zone.listed() if rrset["Name"] == name
                 and rrset["Type"] == given.get("type", rrset["Type"])
                 and rrset.get("SetIdentifier") == given.get("set", rrset.get("SetIdentifier"))]
        if len(found) != 1:
            raise BadRequest(f"{len(found)} record sets are {name} {given.get('type', '')} "
                             f"{given.get('set', '')}; expected one")
        return found[0]

    def _weight(self, zone, given):
        weight = self._member(given, "weight", int)
        rrset = dict(self._find(zone, given), Weight=weight)
        return self._submit(zone, [{"Action": "UPSERT", "ResourceRecordSet": rrset}],
                            "a human changes a weight")

    def _delete(self, zone, given):
        return self._submit(zone, [{"Action": "DELETE",
                                    "ResourceRecordSet": self._find(zone, given)}],
                            "a human deletes a record set")

    def _fence_name(self, zone, given):
        return f"{rules_of_zone.FENCE_LABEL}{self._member(given, 'group', str)}.{zone.name}"

    def _fence(self, zone, given):
        text = self._member(given, "text", str)
        if '"' in text or "\\" in text:
            raise BadRequest("a fence has no quotes or backslashes")
        rrset = {"Name": self._fence_name(zone, given), "Type": "TXT", "TTL": 10,
                 "ResourceRecords": [{"Value": f'"{text}"'}]}
        return self._submit(zone, [{"Action": "UPSERT", "ResourceRecordSet": rrset}],
                            "a human writes a fence")

    def _delete_fence(self, zone, given):
        rrset = self._find(zone, {"name": self._fence_name(zone, given), "type": "TXT"})
        return self._submit(zone, [{"Action": "DELETE", "ResourceRecordSet": rrset}],
                            "a human deletes a fence")

    def _rollback(self, zone, given):
        count = self._member(given, "changes", int)
        if count < 1:
            raise BadRequest("'changes' must be at least 1")
        return {"forgotten": self._account.roll_back(zone.id, count), "fences": zone.fences()}
