# SPDX-License-Identifier: Apache-2.0
"""IAM policies: what a document says of a request. Pure.

A request is an action (`route53:GetChange`), a resource (an ARN, or `*` where the action has none)
and a context {condition key: list of values}; a key that is absent has no entry. Deny beats Allow,
and what nobody allows is denied. A document with anything this file does not play is refused, so
that no policy seems to hold by being misread.
"""

import fnmatch
import ipaddress
import re
from dataclasses import dataclass

VERSION = "2012-10-17"
MEMBERS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition",
           "Principal"}
SID = re.compile(r"[A-Za-z0-9]*")


class BadPolicy(ValueError):
    """The document is no policy, or not one that is played here."""


@dataclass(frozen=True)
class Request:
    action: str
    resource: str
    context: dict


def _listed(value, what):
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(one, str) for one in values):
        raise BadPolicy(f"{what} must be a text or a list of texts")
    return values


def _like(pattern, value):
    """IAM's wildcards: * and ?, no brackets."""
    return fnmatch.fnmatchcase(value, pattern.replace("[", "[[]"))


# -- conditions --

def _in_network(network, value):
    return ipaddress.ip_address(value) in ipaddress.ip_network(network, strict=False)


# operator: (does one wanted value match one value of the request?, is it a negation?)
OPERATORS = {
    "StringEquals": (lambda wanted, value: wanted == value, False),
    "StringNotEquals": (lambda wanted, value: wanted == value, True),
    "StringEqualsIgnoreCase": (lambda wanted, value: wanted.lower() == value.lower(), False),
    "StringLike": (_like, False),
    "StringNotLike": (_like, True),
    "ArnEquals": (_like, False),
    "ArnLike": (_like, False),
    "Bool": (lambda wanted, value: wanted.lower() == value.lower(), False),
    "IpAddress": (_in_network, False),
    "NotIpAddress": (_in_network, True),
}
SETS = ("ForAllValues", "ForAnyValue")


def _parts(operator):
    """(ForAllValues, ForAnyValue or "", operator, whether it ends in IfExists)"""
    kind, _, plain = operator.rpartition(":")
    base = plain[:-len("IfExists")] if plain.endswith("IfExists") else plain
    return kind, base, base != plain


def _one_holds(operator, wanted, values):
    """One operator on one key; `values` is None when the request has no such key."""
    kind, base, if_exists = _parts(operator)
    if base == "Null":
        return (values is None) == (wanted[0] == "true")
    matches, negated = OPERATORS[base]

    def good(value):
        return any(matches(one, value) for one in wanted) != negated
    if kind == "ForAllValues":
        return all(good(value) for value in values or ())       # true of an absent key: IAM's trap
    if values is None:
        return if_exists or (negated and not kind)
    if kind == "ForAnyValue":
        return any(good(value) for value in values)
    return len(values) == 1 and good(values[0])


def _conditions_hold(conditions, context):
    lower = {key.lower(): value for key, value in context.items() if value}
    return all(_one_holds(operator, wanted, lower.get(key))
               for operator, keys in conditions.items() for key, wanted in keys.items())


def _read_conditions(given, where):
    if not isinstance(given, dict):
        raise BadPolicy(f"{where}: Condition must be an object")
    out = {}
    for operator, keys in given.items():
        kind, base, _ = _parts(operator)
        if (kind and kind not in SETS) or base not in OPERATORS and base != "Null":
            raise BadPolicy(f"{where}: the lab plays no operator {operator}")
        out[operator] = {key.lower(): _listed(value, f"{where}: {operator} {key}")
                         for key, value in keys.items()}
        if base == "Null" and any(value not in (["true"], ["false"])
                                  for value in out[operator].values()):
            raise BadPolicy(f'{where}: Null takes "true" or "false"')
    return out


# -- statements --

class Statement:
    def __init__(self, given, where):
        if not isinstance(given, dict) or set(given) - MEMBERS:
            raise BadPolicy(f"{where}: a statement has {', '.join(sorted(MEMBERS))}")
        if given.get("Effect") not in ("Allow", "Deny"):
            raise BadPolicy(f"{where}: Effect must be Allow or Deny")
        self.sid = given.get("Sid", "")
        if not isinstance(self.sid, str) or not SID.fullmatch(self.sid):
            raise BadPolicy(f"{where}: Sid may have letters and digits")
        self.allows = given["Effect"] == "Allow"
        self.principals = self._principals(given.get("Principal"), where)
        self._action = self._either(given, "Action", where)
        self._resource = (None if self.principals is not None
                          else self._either(given, "Resource", where))
        self._conditions = _read_conditions(given.get("Condition", {}), where)

    @staticmethod
    def _principals(given, where):
        """None: an identity's policy, which has no such member."""
        if given is None:
            return None
        if given == "*":
            return ["*"]
        if not isinstance(given, dict) or set(given) != {"AWS"}:
            raise BadPolicy(f'{where}: Principal must be "*" or {{"AWS": ...}}')
        return _listed(given["AWS"], f"{where}: Principal")

    @staticmethod
    def _either(given, name, where):
        """(is it the Not form?, patterns)"""
        found = [member for member in (name, "Not" + name) if member in given]
        if len(found) != 1:
            raise BadPolicy(f"{where}: needs one of {name} and Not{name}")
        patterns = _listed(given[found[0]], f"{where}: {found[0]}")
        if any("${" in pattern for pattern in patterns):
            raise BadPolicy(f"{where}: the lab plays no policy variables")
        return found[0].startswith("Not"), patterns

    def _fits(self, chosen, value):
        inverse, patterns = chosen
        return any(_like(pattern, value) for pattern in patterns) != inverse

    def matches(self, request):
        inverse, patterns = self._action
        action = (inverse, [pattern.lower() for pattern in patterns])
        return (self._fits(action, request.action.lower())
                and (self._resource is None or self._fits(self._resource, request.resource))
                and _conditions_hold(self._conditions, request.context))


class Policy:
    def __init__(self, document, name="policy"):
        if not isinstance(document, dict) or set(document) - {"Version", "Id", "Statement"}:
            raise BadPolicy(f"{name}: a policy has Version, Id and Statement")
        if document.get("Version") != VERSION:
            raise BadPolicy(f"{name}: Version must be {VERSION}")
        given = document.get("Statement")
        given = [given] if isinstance(given, dict) else given
        if not isinstance(given, list) or not given:
            raise BadPolicy(f"{name}: Statement must be a list of statements")
        self.statements = [Statement(one, f"{name}: statement {number}")
                           for number, one in enumerate(given, 1)]
        sids = [statement.sid for statement in self.statements if statement.sid]
        if len(set(sids)) < len(sids):
            raise BadPolicy(f"{name}: two statements have the same Sid")


ALLOWED, DENIED, NOBODY = "allowed", "denied", "nobody allows it"


def judge(policies, request):
    """(ALLOWED, DENIED by a statement or NOBODY, the Sids that say so)"""
    matching = [statement for policy in policies for statement in policy.statements
                if statement.matches(request)]
    for verdict, allows in ((DENIED, False), (ALLOWED, True)):
        sids = [statement.sid for statement in matching if statement.allows == allows]
        if sids:
            return verdict, sids
    return NOBODY, []
