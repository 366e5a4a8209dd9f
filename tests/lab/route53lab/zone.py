# SPDX-License-Identifier: Apache-2.0
"""The rules of a change batch. Pure: no clock, no sockets, nothing is changed in place.

A zone's records are a dict {key: record set}; a record set is a dict with Route 53's own member
names (Name, Type, SetIdentifier, Weight, TTL, ResourceRecords, AliasTarget, ...).

evaluate() plays the changes one after another on a copy. Every complaint is collected; one
complaint and the copy is thrown away: all or nothing.
"""

from dataclasses import dataclass

from . import names, rdata
from .errors import invalid_input

POLICIES = (("Weight", "weighted"), ("Region", "latency"), ("GeoLocation", "geolocation"),
            ("Failover", "failover"), ("MultiValueAnswer", "multivalue answer"),
            ("CidrRoutingConfig", "cidr"))
FENCE_LABEL = "_regionshift."
MAX_RECORDS = 1000
MAX_CHARACTERS = 32000
MAX_WEIGHTED = 100
AMAZON = (".amazonaws.com.", ".cloudfront.net.", ".awsglobalaccelerator.com.",
          ".elasticbeanstalk.com.")


@dataclass(frozen=True)
class Rules:
    """Where Amazon's own texts disagree or nobody could look, the lab can play both."""
    delete_ignores_weight: bool = False     # is a DELETE that differs in Weight alone refused?
    many_values_per_weight: bool = False    # the API reference says one, the console guide many
    hosts: frozenset = frozenset()          # names outside Amazon that an alias may point to too


def key_of(rrset):
    return (rrset["Name"], rrset["Type"], rrset.get("SetIdentifier", ""))


def list_key(rrset):
    """The order of ListResourceRecordSets: reversed labels, type, identifier."""
    return (names.sort_key(rrset["Name"]), rrset["Type"], rrset.get("SetIdentifier", ""))


def _has(rrset, member):
    """Is the member there and not false?  A weight of 0 is there."""
    value = rrset.get(member)
    return value is not None and value is not False


def policy_of(rrset):
    for member, word in POLICIES:
        if _has(rrset, member):
            return word
    return "simple"


def values_of(rrset):
    return [record["Value"] for record in rrset.get("ResourceRecords", ())]


def normal_rrset(rrset):
    """A copy with its names in the one spelling. Raises names.BadName."""
    out = dict(rrset, Name=names.normal(rrset["Name"]))
    if "AliasTarget" in rrset:
        target = rrset["AliasTarget"]
        out["AliasTarget"] = dict(target, DNSName=names.normal(target["DNSName"]))
    return out


def fences_of(records, zone_name):
    """{group: text} of the fences in a zone: TXT at `_regionshift.GROUP.APEX`."""
    fences = {}
    for (name, rtype, _), rrset in records.items():
        if rtype == "TXT" and name.startswith(FENCE_LABEL) and name.endswith("." + zone_name):
            group = name[len(FENCE_LABEL):-len(zone_name) - 1]
            if group:
                fences[group] = fence_text(rrset)
    return fences


def fence_text(rrset):
    strings = [b"".join(rdata.character_strings(value)) for value in values_of(rrset)]
    return " | ".join(string.decode("latin-1") for string in strings)


# -- the form of each change: InvalidInput, before anything is evaluated --

def _where(change):
    rrset = change["ResourceRecordSet"]
    return (f"in Change with [Action={change['Action']}, Name={rrset['Name']}, "
            f"Type={rrset['Type']}, SetIdentifier={rrset.get('SetIdentifier', 'null')}]")


def _form_problem(change):
    rrset = change["ResourceRecordSet"]
    plain = [member for member in ("TTL", "ResourceRecords") if member in rrset]
    found = sum(("AliasTarget" in rrset, bool(plain), "TrafficPolicyInstanceId" in rrset))
    if found != 1 or (plain and len(plain) != 2):
        count = "more than one" if found > 1 else "none"
        return ("Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], "
                f"or TrafficPolicyInstanceId], but found {count} {_where(change)}")
    policies = [member for member, _ in POLICIES if _has(rrset, member)]
    if len(policies) > 1 or ("SetIdentifier" in rrset and not policies):
        count = "more than one" if policies else "none"
        return ("Expected exactly one of [Weight, Region, Failover, GeoLocation, "
                f"MultiValueAnswer, or CidrRoutingConfig], but found {count} {_where(change)}")
    if policies and "SetIdentifier" not in rrset:
        return f"Missing field 'SetIdentifier' {_where(change)}"
    return None


def check_forms(changes):
    """Raises InvalidInput with the complaints about all changes."""
    problems = [problem for problem in map(_form_problem, changes) if problem]
    if problems:
        raise invalid_input("Invalid request: " + ", ".join(problems))


# -- the sizes of a batch --

def _limit_problems(changes):
    records = characters = 0
    for change in changes:
        times = 2 if change["Action"] == "UPSERT" else 1
        values = values_of(change["ResourceRecordSet"])
        records += times * len(values)
        characters += times * sum(len(value) for value in values)
    problems = []
    if records > MAX_RECORDS:
        problems.append(f"Number of records limit of {MAX_RECORDS} exceeded.")
    if characters > MAX_CHARACTERS:
        problems.append(f"Number of characters limit of {MAX_CHARACTERS} exceeded.")
    return problems


# -- the words of a refusal --

def _identity(rrset):
    text = f"name='{rrset['Name']}', type='{rrset['Type']}'"
    if "SetIdentifier" in rrset:
        text += f", set-identifier='{rrset['SetIdentifier']}'"
    return f"resource record set [{text}]"


def _title(rrset):
    text = f"RRSet with DNS name {rrset['Name']}, type {rrset['Type']}"
    if "SetIdentifier" in rrset:
        text += f", SetIdentifier {rrset['SetIdentifier']}"
    return text


# -- one change --

def _same(current, given, rules):
    """Are these all the values the record set was created with? Their order does not matter."""
    def plain(rrset):
        out = {member: value for member, value in rrset.items() if _has(rrset, member)}
        out["ResourceRecords"] = sorted(values_of(rrset))
        if rules.delete_ignores_weight:
            out.pop("Weight", None)
        return out
    return plain(current) == plain(given)


def _value_problems(rrset, rules):
    values = values_of(rrset)
    problems = []
    for value in values:
        try:
            rdata.check(rrset["Type"], value)
        except rdata.BadValue as bad:
            problems.append(str(bad))
    problems += [f"Duplicate Resource Record: '{value}'"
                 for value in sorted(set(values)) if values.count(value) > 1]
    if rrset["Type"] in ("CNAME", "SOA") and len(values) > 1:
        problems.append(f"{_title(rrset)} may contain only one ResourceRecord.")
    if policy_of(rrset) == "weighted" and len(values) > 1 and not rules.many_values_per_weight:
        problems.append(f"{_title(rrset)} cannot be created as weighted sets may contain "
                        "only one ResourceRecord.")
    return problems


def _place_problems(records, rrset, zone_name):
    """Does this name and type fit into the zone and beside what stands at the same name?"""
    name, rtype = rrset["Name"], rrset["Type"]
    if not names.is_within(name, zone_name):
        return [f"RRSet with DNS name {name} is not permitted in zone {zone_name}"]
    if rtype == "CNAME" and name == zone_name:
        return [f"RRSet of type CNAME with DNS name {name} is not permitted at apex "
                f"in zone {zone_name}"]
    if rtype == "SOA" and name != zone_name:
        return [f"RRSet of type SOA with DNS name {name} is only permitted at apex "
                f"in zone {zone_name}"]
    types = {key[1] for key in records if key[0] == name} - {rtype}
    if rtype == "CNAME" and types:
        return [f"RRSet of type CNAME with DNS name {name} is not permitted as it conflicts "
                f"with other records with the same DNS name in zone {zone_name}"]
    if "CNAME" in types:
        return [f"RRSet of type {rtype} with DNS name {name} is not permitted because a "
                "conflicting RRSet of type CNAME with the same DNS name already exists "
                f"in zone {zone_name}"]
    return []


def _group_problems(records, rrset):
    """Record sets of one name and type: one routing policy, and weighted ones one TTL."""
    others = [other for key, other in records.items()
              if key[:2] == (rrset["Name"], rrset["Type"]) and key != key_of(rrset)]
    if not others:
        return []
    policy = policy_of(rrset)
    if policy == "simple":
        return [f"{_title(rrset)} cannot be created as other RRSets exist with the same "
                "name and type."]
    if any(policy_of(other) != policy for other in others):
        return [f"{_title(rrset)} cannot be created as a non-{policy} set exists with the same "
                "name and type."]
    if policy != "weighted":
        return []
    if "TTL" in rrset and any(other.get("TTL", rrset["TTL"]) != rrset["TTL"] for other in others):
        return [f"{_title(rrset)} cannot be created as weighted sets must contain the same TTL."]
    if len(others) >= MAX_WEIGHTED:
        return [f"{_title(rrset)} cannot be created as more than {MAX_WEIGHTED} weighted sets "
                "exist with the same name and type."]
    return []


def _delete(records, rrset, rules):
    current = records.get(key_of(rrset))
    if current is None:
        return [f"Tried to delete {_identity(rrset)} but it was not found"]
    if not _same(current, rrset, rules):
        return [f"Tried to delete {_identity(rrset)} but the values provided do not match "
                "the current values"]
    del records[key_of(rrset)]
    return []


def _put(records, rrset, zone_name, rules):
    problems = (_value_problems(rrset, rules) + _place_problems(records, rrset, zone_name)
                + _group_problems(records, rrset))
    if not problems:
        records[key_of(rrset)] = rrset
    return problems


def _apply(records, action, rrset, zone_name, rules):
    """Plays one change on `records`; returns the complaints."""
    if action == "DELETE":
        return _delete(records, rrset, rules)
    if action == "CREATE" and key_of(rrset) in records:
        return [f"Tried to create {_identity(rrset)} but it already exists"]
    return _put(records, rrset, zone_name, rules)


# -- the whole --

def _zone_problems(records, zone_name):
    problems = []
    if (zone_name, "SOA", "") not in records:
        problems.append("A HostedZone must contain exactly one SOA record.")
    if (zone_name, "NS", "") not in records:
        problems.append("A HostedZone must contain at least one NS record for the zone itself.")
    return problems


def _alias_problems(records, rrset, zone_id, zone_name, rules):
    """An alias into its own zone must find its target there once the batch is played; one into
    another zone must point to a name of Amazon's."""
    target = rrset["AliasTarget"]
    name, own = target["DNSName"], target["HostedZoneId"] == zone_id
    what = (f"Tried to create an alias that targets {name}, type {rrset['Type']} in zone "
            f"{target['HostedZoneId']}, but ")
    within = names.is_within(name, zone_name) if own else (
        name.endswith(AMAZON) or name in rules.hosts)
    problems = [] if within else [what + "the alias target name does not lie within the target "
                                  "zone"]
    if (own or not within) and not any(key[:2] == (name, rrset["Type"]) for key in records):
        problems.append(what + "that target was not found")
    if target["EvaluateTargetHealth"] and name.endswith(".cloudfront.net."):
        problems.append(what + "the health of a CloudFront distribution cannot be evaluated")
    return problems


def evaluate(zone_id, zone_name, records, changes, rules=Rules()):
    """Plays `changes` on a copy of `records`. Returns (copy, complaints)."""
    copy = dict(records)
    problems = _limit_problems(changes)
    if problems:
        return copy, problems
    seen, created = set(), []
    for change in changes:
        action = change["Action"]
        try:
            rrset = normal_rrset(change["ResourceRecordSet"])
        except names.BadName as bad:
            problems.append(str(bad))
            continue
        if (action, key_of(rrset)) in seen:
            problems.append("The request contains an invalid set of changes for a resource "
                            f"record set '{rrset['Type']} {rrset['Name']}'")
            continue
        seen.add((action, key_of(rrset)))
        problems += _apply(copy, action, rrset, zone_name, rules)
        if action != "DELETE":
            created.append(rrset)
    problems += _zone_problems(copy, zone_name)
    for rrset in created:
        if "AliasTarget" in rrset:
            problems += _alias_problems(copy, rrset, zone_id, zone_name, rules)
    return copy, problems


def health_checks_of(changes):
    """The health checks that the new record sets of a batch name."""
    return [change["ResourceRecordSet"]["HealthCheckId"] for change in changes
            if change["Action"] != "DELETE"
            and change["ResourceRecordSet"].get("HealthCheckId") is not None]
