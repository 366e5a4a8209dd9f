# SPDX-License-Identifier: Apache-2.0
"""Who asks, and may they?  Users and roles with their policies, from the file of --iam:

    {"account": "111122223333",                 where zones live that are not named below
     "zones": {"ZLAB2": "444455556666"},
     "users": {"AKIA...": {"arn": "arn:aws:iam::111122223333:user/regionshift",
                           "secret": "...", "policies": [{...}]}},
     "roles": {"arn:aws:iam::444455556666:role/regionshift": {"trust": {...},
               "policies": [{...}], "max_session": 3600}}}

Without the file there is one account, and its key may do anything.
"""

import collections
import json
import re
import threading
from dataclasses import dataclass, field
from typing import Optional

from . import iam, names
from .errors import ApiError
from .signature import Key

DEFAULT_ACCOUNT = "123456789012"
ACCOUNT = re.compile(r"[0-9]{12}")
ARN = re.compile(r"arn:aws:iam::([0-9]{12}):(user|role)/([\w+=,.@/-]+)")
CHANGE = "route53:ChangeResourceRecordSets"
ZONE_ACTIONS = {"ChangeResourceRecordSets", "ListResourceRecordSets", "GetHostedZone",
                "DeleteHostedZone"}
CHECK_ACTIONS = {"GetHealthCheck", "UpdateHealthCheck", "DeleteHealthCheck",
                 "GetHealthCheckStatus", "GetHealthCheckLastFailureReason"}
MAX_VERDICTS = 10000


@dataclass(frozen=True)
class Principal:
    """`arn` is what messages call it; `aliases` are further names that trust policies know."""
    arn: str
    account: str
    policies: Optional[list] = None             # None: may do anything
    aliases: tuple = ()

    def names(self):
        return {self.arn, *self.aliases}


@dataclass
class Role:
    arn: str
    account: str
    name: str
    trust: iam.Policy
    policies: list
    max_session_s: int = 3600


@dataclass
class Directory:
    account: str = DEFAULT_ACCOUNT
    zones: dict = field(default_factory=dict)       # zone id -> account
    keys: dict = field(default_factory=dict)        # access key -> Key
    roles: dict = field(default_factory=dict)       # ARN -> Role


def _known(given, allowed, where):
    if not isinstance(given, dict) or set(given) - set(allowed):
        raise iam.BadPolicy(f"{where}: expected an object with {', '.join(allowed)}")
    return given


def _account(text, where):
    if not isinstance(text, str) or not ACCOUNT.fullmatch(text):
        raise iam.BadPolicy(f"{where}: '{text}' is no account of 12 digits")
    return text


def _arn(text, kind, where):
    match = ARN.fullmatch(text) if isinstance(text, str) else None
    if not match or match.group(2) != kind:
        raise iam.BadPolicy(f"{where}: '{text}' is no ARN of a {kind}")
    return match


def _policies(given, where):
    return [iam.Policy(document, f"{where}: policy {number}")
            for number, document in enumerate(given.get("policies", []), 1)]


def _user_key(access, given):
    where = f"user {access}"
    _known(given, ("arn", "secret", "token", "policies"), where)
    match = _arn(given.get("arn"), "user", where)
    if not isinstance(given.get("secret"), str):
        raise iam.BadPolicy(f"{where}: needs a secret")
    principal = Principal(given["arn"], match.group(1), _policies(given, where))
    return Key(access, given["secret"], given.get("token"), principal)


def _role(arn, given):
    where = f"role {arn}"
    _known(given, ("trust", "policies", "max_session"), where)
    match = _arn(arn, "role", where)
    return Role(arn, match.group(1), match.group(3).rpartition("/")[2],
                iam.Policy(given.get("trust"), f"{where}: trust"), _policies(given, where),
                given.get("max_session", 3600))


def read(given):
    """The directory a document of --iam describes. Raises BadPolicy."""
    _known(given, ("account", "zones", "users", "roles"), "--iam")
    return Directory(
        _account(given.get("account", DEFAULT_ACCOUNT), "account"),
        {zone: _account(owner, f"zone {zone}")
         for zone, owner in given.get("zones", {}).items()},
        {access: _user_key(access, one) for access, one in given.get("users", {}).items()},
        {arn: _role(arn, one) for arn, one in given.get("roles", {}).items()})


def load(path):
    """Raises OSError or BadPolicy, which name the file."""
    with open(path, encoding="utf-8") as file:
        try:
            return read(json.load(file))
        except ValueError as bad:
            raise iam.BadPolicy(f"{path}: {bad}") from None


# -- what Route 53 tells IAM of a request --

def _hosted_zone(zone_id):
    return f"arn:aws:route53:::hostedzone/{zone_id}"


def _resource_of(operation, params):
    if operation in ZONE_ACTIONS:
        return _hosted_zone(params.get("HostedZoneId", params.get("Id")))
    if operation == "GetChange":
        return f"arn:aws:route53:::change/{params['Id']}"
    if operation in CHECK_ACTIONS:
        return f"arn:aws:route53:::healthcheck/{params['HealthCheckId']}"
    if operation.endswith("TagsForResource"):
        return f"arn:aws:route53:::{params['ResourceType']}/{params['ResourceId']}"
    return "*"


def _normalized(name):
    """Lower case, octal escapes, no final dot: how the condition keys spell a name."""
    try:
        return names.normal(name)[:-1]
    except names.BadName:
        return name.lower().rstrip(".")


def _context_of(operation, params, source):
    context = {"aws:SourceIp": [source]} if source else {}
    if operation == "ChangeResourceRecordSets":
        changes = params["ChangeBatch"]["Changes"]
        rrsets = [change["ResourceRecordSet"] for change in changes]
        context.update({
            CHANGE + "NormalizedRecordNames": [_normalized(rrset["Name"]) for rrset in rrsets],
            CHANGE + "RecordTypes": [rrset["Type"].upper() for rrset in rrsets],
            CHANGE + "Actions": [change["Action"].upper() for change in changes]})
    return context


def denied(principal, action, resource, verdict):
    text = f"User: {principal.arn} is not authorized to perform: {action}"
    if resource != "*":
        text += f" on resource: {resource}"
    text += (" with an explicit deny in an identity-based policy" if verdict == iam.DENIED
             else f" because no identity-based policy allows the {action} action")
    return ApiError("AccessDenied", text, status=403)


def _foreign(principal):
    return ApiError("AccessDenied", f"User: {principal.arn} is not authorized to access this "
                    "resource", status=403)


class Authority:
    """Judges requests, and remembers how. Safe to use from any thread."""

    def __init__(self, directory):
        self._lock = threading.Lock()
        self._verdicts = collections.deque(maxlen=MAX_VERDICTS)
        self.directory = directory

    def replace(self, directory):
        """Other users and roles; sessions that were begun end."""
        with self._lock:
            self.directory = directory
            self._verdicts.clear()

    def verdicts(self):
        """What was judged since the last replace(), oldest first."""
        with self._lock:
            return [dict(zip(("principal", "action", "resource", "verdict", "sids"), one))
                    for one in self._verdicts]

    def keys(self):
        return self.directory.keys

    def owner_of_zone(self, zone_id):
        return self.directory.zones.get(zone_id, self.directory.account)

    def judge(self, principal, request):
        if principal.policies is None:
            return iam.ALLOWED
        verdict, sids = iam.judge(principal.policies, request)
        with self._lock:
            self._verdicts.append((principal.arn, request.action, request.resource, verdict, sids))
        return verdict

    def check(self, principal, operation, params, source, owner):
        """Raises AccessDenied. `owner`: the account that has the resource, None if nobody has."""
        request = iam.Request("route53:" + operation, _resource_of(operation, params),
                              _context_of(operation, params, source))
        verdict = self.judge(principal, request)
        if verdict != iam.ALLOWED:
            raise denied(principal, request.action, request.resource, verdict)
        if owner not in (None, principal.account):
            raise _foreign(principal)
