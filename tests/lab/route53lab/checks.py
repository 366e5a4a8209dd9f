# SPDX-License-Identifier: Apache-2.0
"""Health checks: what may be asked for, what the checkers report, and what follows from it. Pure.

A checker's word changes after FailureThreshold equal results in a row; until it has one, it counts
as healthy. An endpoint is healthy when more than 18 % of its checkers say so, a calculated check
when enough of its children are; a disabled check always is. Inversion comes last, so a new
inverted check is unhealthy until its checkers have data.
"""

import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Optional

from .errors import ApiError, invalid_input

HEALTHY_SHARE_PCT = 18                  # strictly more than this
REGIONS = ("us-east-1", "us-west-1", "us-west-2", "eu-west-1", "ap-southeast-1",
           "ap-southeast-2", "ap-northeast-1", "sa-east-1")
HTTP_TYPES = ("HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH")
ENDPOINT_TYPES = (*HTTP_TYPES, "TCP")
INTERVALS_S = (10, 30)
MAX_CHILDREN = 255
MAX_CHECKS = 200                        # an account's quota unless it asks for more
IMMUTABLE = ("Type", "RequestInterval", "MeasureLatency")
OF_ENDPOINTS = ("IPAddress", "Port", "ResourcePath", "FullyQualifiedDomainName", "SearchString",
                "RequestInterval", "FailureThreshold", "EnableSNI", "Regions")
OF_CALCULATED = ("HealthThreshold", "ChildHealthChecks")


@dataclass(frozen=True)
class Checker:
    number: int
    region: str
    source: Optional[str]               # the address it polls from; None: the system chooses


@dataclass
class View:
    """What one checker thinks of one endpoint."""
    says: Optional[bool] = None         # None: no word yet
    last: Optional[bool] = None         # the newest result, and how many equal ones in a row
    run: int = 0
    status: str = ""
    at: float = 0.0                     # wall clock
    failure: Optional[tuple] = None     # (status, wall clock) of the last failure
    forced: Optional[str] = None        # by a test: healthy, unhealthy, silent, cut

    def note(self, good, status, at, threshold):
        self.run = min(self.run + 1, threshold) if good == self.last else 1
        self.last, self.status, self.at = good, status, at
        if not good:
            self.failure = (status, at)
        if self.run >= threshold:
            self.says = good

    def word(self):
        """healthy, unhealthy or silent, as it counts."""
        if self.forced in ("healthy", "unhealthy", "silent"):
            return self.forced
        return "unhealthy" if self.says is False else "healthy"


@dataclass
class Check:
    id: str
    reference: str
    owner: str                          # the account that made it
    asked: dict                         # the settings as first asked for, to know them again
    config: dict
    version: int = 1
    views: dict = field(default_factory=dict)       # checker number -> View
    tags: dict = field(default_factory=dict)

    @property
    def has_endpoint(self):
        return self.config["Type"] in ENDPOINT_TYPES


# -- what may be asked for --

def _parameter(text):
    return invalid_input("Invalid parameter : " + text)


def _refuse_members(config, members, kind):
    for member in members:
        if member in config:
            raise _parameter(f"{kind} health checks must not have {member} specified.")


def _validate_calculated(config):
    _refuse_members(config, (*OF_ENDPOINTS, "MeasureLatency"), "Calculated")
    if "HealthThreshold" not in config:
        raise _parameter("Calculated health checks must have a health threshold specified.")
    children = config.get("ChildHealthChecks", [])
    if len(children) > MAX_CHILDREN:
        raise _parameter(f"Calculated health checks must have at most {MAX_CHILDREN} children.")
    if len(set(children)) < len(children):
        raise _parameter("Calculated health checks must not have a child twice.")


def _validate_endpoint(config):
    _refuse_members(config, OF_CALCULATED, "Basic")
    kind = config["Type"]
    if "IPAddress" not in config and not config.get("FullyQualifiedDomainName"):
        raise _parameter("Basic health checks must have an IP address or a fully qualified domain "
                         "name specified.")
    if kind == "TCP":
        _refuse_members(config, ("ResourcePath", "EnableSNI"), "TCP")
        if "Port" not in config:
            raise _parameter("TCP health checks must have a port specified.")
        if "IPAddress" in config and "FullyQualifiedDomainName" in config:
            raise invalid_input("TCP health checks that have IP address must not have a fully "
                                "qualified domain name specified.")
    if kind.endswith("STR_MATCH") != bool(config.get("SearchString")):
        raise _parameter("String matching health checks, and no others, must have a search string "
                         "specified.")
    if config["RequestInterval"] not in INTERVALS_S:
        raise _parameter("Request interval must be 10 or 30 seconds.")
    if len(set(config.get("Regions", ()))) < len(config.get("Regions", ())):
        raise _parameter("Regions must not be specified twice.")


def validate(config):
    """Raises InvalidInput when these settings, defaults filled in, do not belong together."""
    if "AlarmIdentifier" in config and config["Type"] != "CLOUDWATCH_METRIC":
        raise _parameter("Basic health checks must not have an metric region specified.")
    if config["Type"] == "CALCULATED":
        _validate_calculated(config)
    elif config["Type"] in ENDPOINT_TYPES:
        _validate_endpoint(config)
    else:
        raise invalid_input(f"the lab plays no health checks of type {config['Type']}")


def with_defaults(asked):
    """The settings as Route 53 keeps and returns them."""
    config = dict(asked)
    kind = config["Type"]
    if kind in ENDPOINT_TYPES:
        config.setdefault("RequestInterval", 30)
        config.setdefault("FailureThreshold", 3)
        config.setdefault("MeasureLatency", False)
    if kind in HTTP_TYPES:
        config.setdefault("Port", 443 if kind.startswith("HTTPS") else 80)
        config.setdefault("EnableSNI", kind.startswith("HTTPS"))
    config.setdefault("Inverted", False)
    config.setdefault("Disabled", False)
    return config


def no_such_health_check(check_id):
    return ApiError("NoSuchHealthCheck", "No health check exists with the specified ID "
                    f"{check_id}.", status=404)


def _exists_already():
    return ApiError("HealthCheckAlreadyExists", "A different health check has already been created "
                    "with the specified caller reference.", status=409)


class Checks:
    """All health checks of an account. Safe to use from any thread.

    `on_change(check)` is called after a check was made, changed or deleted, lock not held.
    """

    def __init__(self, checkers, limit=MAX_CHECKS, made_up=()):
        self.checkers = list(checkers)
        self.changed = threading.Condition(threading.RLock())
        self.on_change = lambda check: None
        self._limit = limit
        self._made_up = frozenset(made_up)      # ids that exist, are healthy, and nothing else
        self._checks = {}                       # in the order of their making
        self._references = {}                   # (owner, reference) -> id, deleted ones too

    # -- the operations' side --

    def exists(self, check_id):
        with self.changed:
            return check_id in self._checks or check_id in self._made_up

    def get(self, check_id):
        with self.changed:
            if check_id not in self._checks:
                raise no_such_health_check(check_id)
            return self._checks[check_id]

    def listed(self, owner=None):
        """Those of an account, or all, by id."""
        with self.changed:
            return sorted((check for check in self._checks.values()
                           if owner in (None, check.owner)), key=lambda check: check.id)

    def owner_of(self, check_id):
        """The account it belongs to; None if there is no such check."""
        with self.changed:
            check = self._checks.get(check_id)
            return check.owner if check else None

    def _check_children(self, config):
        for child in config.get("ChildHealthChecks", ()):
            if child not in self._checks:
                raise _parameter(f"Child health check {child} does not exist.")
            if self._checks[child].config["Type"] == "CALCULATED":
                raise _parameter("Calculated health checks must not have calculated health checks "
                                 "as children.")

    def create(self, owner, reference, asked):
        """The check, made now or, for the same reference and settings, before."""
        key = (owner, reference)
        with self.changed:
            known = self._checks.get(self._references.get(key))
            if known is not None and known.asked == asked:
                return known
            if key in self._references:
                raise _exists_already()
            config = with_defaults(asked)
            validate(config)
            self._check_children(config)
            if len(self.listed(owner)) >= self._limit:
                raise ApiError("TooManyHealthChecks", "This account has reached the limit of "
                               f"{self._limit} active health checks.")
            check = Check(str(uuid.uuid4()), reference, owner, dict(asked), config)
            self._views_of(check)
            self._checks[check.id] = check
            self._references[key] = check.id
            self.changed.notify_all()
        self.on_change(check)
        return check

    def update(self, check_id, version, reset, changes):
        """Changes settings; those left out stay. `version`: the one it was read at, or None."""
        with self.changed:
            check = self.get(check_id)
            if version is not None and version != check.version:
                raise ApiError("HealthCheckVersionMismatch", "The HealthCheckVersion in the "
                               f"request, {version}, does not match the current version, "
                               f"{check.version}.", status=409)
            if "IPAddress" in changes and "IPAddress" not in check.config:
                raise _parameter("An IP address cannot be added to an existing health check.")
            config = {key: value for key, value in check.config.items() if key not in reset}
            config.update(changes)
            validate(config)
            self._check_children(config)
            check.config = config
            check.version += 1
            self._views_of(check)
            self.changed.notify_all()
        self.on_change(check)
        return check

    def delete(self, check_id):
        with self.changed:
            check = self.get(check_id)
            del self._checks[check_id]          # its caller reference is never free again
            self.changed.notify_all()
        self.on_change(check)

    def parents_of(self, check_id):
        with self.changed:
            return [check.id for check in self._checks.values()
                    if check_id in check.config.get("ChildHealthChecks", ())]

    # -- the checkers' side --

    def checkers_of(self, check):
        """Those that stand in its regions; if the lab has none there, all."""
        regions = check.config.get("Regions") or REGIONS
        return [checker for checker in self.checkers if checker.region in regions] or self.checkers

    def _views_of(self, check):
        wanted = self.checkers_of(check) if check.has_endpoint else []
        check.views = {checker.number: check.views.get(checker.number, View())
                       for checker in wanted}

    def report(self, check_id, number, good, status):
        """One checker's newest result; ignored when nobody wants it any more."""
        with self.changed:
            check = self._checks.get(check_id)
            if check is None or number not in check.views:
                return
            check.views[number].note(good, status, time.time(), check.config["FailureThreshold"])
            self.changed.notify_all()

    def force(self, check_id, numbers, view):
        """A test's word instead of the checker's own; None: its own again."""
        with self.changed:
            check = self.get(check_id)
            for number in check.views if numbers is None else numbers:
                if number not in check.views:
                    raise ValueError(f"no checker {number} polls {check_id}")
                check.views[number].forced = view
            self.changed.notify_all()

    def is_cut(self, check_id, number):
        with self.changed:
            check = self._checks.get(check_id)
            return (check is not None and number in check.views
                    and check.views[number].forced == "cut")

    # -- what follows --

    def _share_is_healthy(self, check):
        words = [view.word() for view in check.views.values()]
        heard = [word for word in words if word != "silent"]
        return not heard or 100 * heard.count("healthy") > HEALTHY_SHARE_PCT * len(heard)

    def healthy(self, check_id):
        """What DNS believes. A check that was deleted, or never was, stops nobody."""
        with self.changed:
            check = self._checks.get(check_id)
            if check is None:
                return True
            config = check.config
            if config["Disabled"]:
                plain = True
            elif check.has_endpoint:
                plain = self._share_is_healthy(check)
            else:
                children = config.get("ChildHealthChecks", [])
                plain = sum(map(self.healthy, children)) >= config["HealthThreshold"]
            return plain != config["Inverted"]
