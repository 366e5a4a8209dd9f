# SPDX-License-Identifier: Apache-2.0
"""What can be made to go wrong, and how it is switched.

Every fault takes `count` (only the next N requests it matches; default: until switched off) and,
where it concerns requests, `operation` (a name or a list of names; default below).
"""

import threading

from .model import OPERATIONS as ROUTE53
from .watched import OPERATIONS as WATCHING

OPERATIONS = ROUTE53 + WATCHING
WRITE = "ChangeResourceRecordSets"
LOST = ("drop", "hang", "500", "503")       # what the client sees instead of a reply


def _choice(*words):
    def check(value):
        if value not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return value
    return check


def _number(low, high):
    def check(value):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError("must be a number")
        if not low <= value <= high:
            raise ValueError(f"must be from {low} to {high}")
        return value
    return check


def _whole(low, high):
    def check(value):
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return value
    return check


def _boolean(value):
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _text(value):
    if not isinstance(value, str) or not value:
        raise ValueError("must be a text")
    return value


def _operations(value):
    wanted = [value] if isinstance(value, str) else value
    if not isinstance(wanted, list) or not wanted or set(wanted) - set(OPERATIONS):
        raise ValueError(f"must be one or a list of {', '.join(OPERATIONS)}")
    return wanted


SECONDS = _number(0, 86400)
STATUS = _whole(500, 599)
# name: {parameter: (default, check)}; a default of None means that it must be given
FAULTS = {
    "down": {"mode": ("503", _choice("503", "reset", "refuse", "hang"))},
    "sts-down": {"mode": ("503", _choice("503", "reset", "hang"))},
    "throttle": {},
    "prior-request": {"operation": ([WRITE], _operations)},
    "lose-reply": {"reply": ("drop", _choice(*LOST)), "operation": ([WRITE], _operations)},
    "late": {"seconds": (None, SECONDS), "reply": ("drop", _choice(*LOST))},
    "pending": {"dns": (False, _boolean)},
    "stranded": {},
    "error500": {"status": (500, STATUS), "applied": (False, _boolean)},
    "truncated": {"mode": ("short", _choice("short", "cut"))},
    "html": {"status": (503, _whole(200, 599)), "applied": (False, _boolean)},
    "slow": {"seconds": (None, SECONDS), "when": ("before", _choice("before", "after"))},
    "old-error-shape": {},
    "deny": {"code": ("AccessDenied", _text), "shape": ("error", _choice("error", "root")),
             "message": ("User is not authorized to perform this action", _text)},
    "clock": {"seconds": (None, _number(-10**9, 10**9))},
    "dns-down": {"server": (-1, _whole(-1, 63))},
    "dns-stale": {"server": (-1, _whole(-1, 63))},
    "dns-servfail": {"server": (-1, _whole(-1, 63))},
}
STANDING = {"late", "pending", "stranded", "clock", "dns-down", "dns-stale", "dns-servfail"}


def parse(name, given):
    """Checks what was asked for; returns all parameters. Raises ValueError with the reason."""
    if name not in FAULTS:
        raise ValueError(f"no fault is named '{name}'; there are: {', '.join(sorted(FAULTS))}")
    if not isinstance(given, dict):
        raise ValueError("the parameters must be a JSON object")
    allowed = dict(FAULTS[name])
    if name not in STANDING or name == "late":
        allowed["count"] = (0, _whole(0, 10**6))
    if name not in STANDING:
        if name != "sts-down":
            allowed.setdefault("operation", ([], _operations))
    unknown = sorted(set(given) - set(allowed))
    if unknown:
        raise ValueError(f"fault {name} has no '{unknown[0]}'; it has: "
                         + (", ".join(sorted(allowed)) or "no parameters"))
    params = {}
    for key, (default, check) in allowed.items():
        if key not in given and default is None:
            raise ValueError(f"fault {name} needs '{key}'")
        try:
            params[key] = check(given[key]) if key in given else default
        except ValueError as bad:
            raise ValueError(f"fault {name}: '{key}' {bad}") from None
    if params.get("mode") == "refuse" and (params["count"] or params["operation"]):
        raise ValueError("fault down: connections are refused to all; no 'count', no 'operation'")
    return params


class Faults:
    """The switches. Safe to use from any thread."""

    def __init__(self):
        self._lock = threading.Lock()
        self._on = {}
        self._hits = {}

    def switch_on(self, name, given):
        params = parse(name, given)
        with self._lock:
            self._on[name] = dict(params, left=params.get("count") or None)
        return params

    def switch_off(self, name):
        if name not in FAULTS:
            raise ValueError(f"no fault is named '{name}'")
        with self._lock:
            return self._on.pop(name, None) is not None

    def get(self, name):
        """The parameters while the fault is on, else None. Uses nothing up."""
        with self._lock:
            return self._on.get(name)

    def take(self, name, operation=None):
        """As get(), for one request that the fault strikes: counts it."""
        with self._lock:
            fault = self._on.get(name)
            if fault is None or (fault.get("operation") and operation not in fault["operation"]):
                return None
            self._hits[name] = self._hits.get(name, 0) + 1
            if fault["left"] is not None:
                fault["left"] -= 1
                if fault["left"] == 0:
                    del self._on[name]
            return fault

    def take_named(self, name, operation):
        """As take(), of a fault that names this operation: what is said of all is of Route 53."""
        fault = self.get(name)
        named = fault is not None and operation in fault.get("operation", ())
        return self.take(name, operation) if named else None

    def state(self):
        with self._lock:
            on = {name: {key: value for key, value in fault.items() if value is not None}
                  for name, fault in self._on.items()}
            return {"on": on, "hits": dict(self._hits)}
