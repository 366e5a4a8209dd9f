# SPDX-License-Identifier: Apache-2.0
"""DNS answers from the records of a zone. Pure but for the dice, which are handed in.

Which record set answers depends on its health: on its health check, on its alias target when that
is to be evaluated, on both when it has both. What is not in the zone is asked of a World.
"""

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from . import names, rdata, zone as rules_of_zone

MAX_CHAIN = 8
UDP_PAYLOAD = 1232
MIN_UDP = 512
MULTIVALUE_MAX = 8
TARGET_TTL_S = 60
GLUE_TTL_S = 172800


def _always(_rrset):
    return True


class World:
    """What an answer depends on besides the zone; in this one all is well and nothing is outside.

    Names are in normal spelling.
    """

    def check_healthy(self, _check_id):
        return True

    def target_healthy(self, _name):
        """The health of an alias target outside the zone."""
        return True

    def addresses(self, _name, _rtype):
        """What an alias target outside the zone answers."""
        return []


def to_dns_name(name):
    """A name in normal spelling to dnspython's."""
    return dns.name.Name(names.labels_of(name) + (b"",))


def choose_weighted(rrsets, dice, healthy=_always):
    """One of the weighted record sets.

    Zero weights are considered only when no healthy set has a weight above zero; all zero means
    all alike; none healthy counts as all healthy.
    """
    pool = [rrset for rrset in rrsets if healthy(rrset)] or rrsets
    positive = [rrset for rrset in pool if rrset["Weight"] > 0]
    if not positive:
        return dice.choice(pool)
    return dice.choices(positive, weights=[rrset["Weight"] for rrset in positive])[0]


class Book:
    """The records of one zone, ready to be asked."""

    def __init__(self, zone_name, records, dice, world=World()):
        self.name = zone_name
        self._dice = dice
        self._world = world
        self._by_name = {}
        for (name, rtype, _), rrset in records.items():
            self._by_name.setdefault(name, {}).setdefault(rtype, []).append(rrset)
        self._nodes = {self.name}
        for name in self._by_name:
            while names.is_within(name, self.name) and name not in self._nodes:
                self._nodes.add(name)               # and the empty names above it
                name = name.partition(".")[2]

    def types_at(self, name):
        """{type: record sets} at the name, or at the wildcard that covers it; None: no such name"""
        if name in self._nodes:
            return self._by_name.get(name, {})
        above = name.partition(".")[2]
        while above not in self._nodes:
            above = above.partition(".")[2]
        return self._by_name.get("\\052." + above)

    def cut_above(self, name):
        """The delegation at or above the name, below the apex: its NS record set, or None."""
        while name != self.name:
            if "NS" in self._by_name.get(name, {}):
                return self._by_name[name]["NS"][0]
            name = name.partition(".")[2]
        return None

    def soa(self):
        return self._by_name[self.name]["SOA"][0]

    def _healthy(self, rrset, steps=0):
        """Its health check and, if that is to be evaluated, its alias target must both be well."""
        check = rrset.get("HealthCheckId")
        if check is not None and not self._world.check_healthy(check):
            return False
        target = rrset.get("AliasTarget")
        if target is None or not target["EvaluateTargetHealth"] or steps > MAX_CHAIN:
            return True
        types = self.types_at(target["DNSName"]) if self._has(target["DNSName"]) else None
        if types is None:
            return self._world.target_healthy(target["DNSName"])
        return any(self._healthy(behind, steps + 1) for behind in types.get(rrset["Type"], ()))

    def _has(self, name):
        return names.is_within(name, self.name)

    def pick(self, rrsets):
        """Of the record sets of one name and type, the one (or for multivalue, those) to answer."""
        policy = rules_of_zone.policy_of(rrsets[0])
        if policy == "weighted":
            return [choose_weighted(rrsets, self._dice, self._healthy)]
        if policy == "multivalue answer":
            pool = [rrset for rrset in rrsets if self._healthy(rrset)] or rrsets
            return self._dice.sample(pool, min(MULTIVALUE_MAX, len(pool)))
        if policy == "failover":
            first = [rrset for rrset in rrsets if rrset["Failover"] == "PRIMARY"]
            second = [rrset for rrset in rrsets if rrset["Failover"] == "SECONDARY"]
            if not first or (second and not self._healthy(first[0]) and self._healthy(second[0])):
                return second
            return first
        return [min(rrsets, key=rules_of_zone.list_key)]    # places are not played

    def resolve(self, name, rtype, steps=0):
        """(TTL, values) at the name, aliases followed; None: nothing of that type."""
        if not self._has(name):
            found = self._world.addresses(name, rtype)
            return (TARGET_TTL_S, found) if found else None
        types = self.types_at(name)
        if not types or rtype not in types or steps > MAX_CHAIN:
            return None
        picked = self.pick(types[rtype])
        target = picked[0].get("AliasTarget")
        if target is not None:
            return self.resolve(target["DNSName"], rtype, steps + 1)
        values = [value for rrset in picked for value in rules_of_zone.values_of(rrset)]
        return picked[0]["TTL"], values


def _add(section, owner, rtype, ttl, values):
    rdatas = [rdata.to_rdata(rtype, value) for value in values]
    section.append(dns.rrset.from_rdata_list(owner, ttl, rdatas))


def _add_soa(response, book):
    """Negative answers live as long as the SOA's TTL or its minimum, whichever is less."""
    soa = book.soa()
    value = rules_of_zone.values_of(soa)[0]
    ttl = min(soa["TTL"], int(value.split()[-1]))
    _add(response.authority, to_dns_name(book.name), "SOA", ttl, [value])


def _refer(response, book, cut):
    response.flags &= ~dns.flags.AA
    _add(response.authority, to_dns_name(cut["Name"]), "NS", cut["TTL"],
         rules_of_zone.values_of(cut))


def _answer_types(book, types, name, owner, rtype, response):
    """The answer at a name that exists. Returns the CNAME's target to go on with, or None."""
    wanted = sorted(types) if rtype == "ANY" else [rtype]
    if "CNAME" in types and rtype not in ("CNAME", "ANY"):
        found = book.resolve(name, "CNAME")
        if found is None:
            return None
        _add(response.answer, owner, "CNAME", *found)
        return names.normal(found[1][0])
    for one in wanted:
        found = book.resolve(name, one) if one in types else None
        if found:
            _add(response.answer, owner, one, *found)
    return None


def fill(response, book, owner, rtype):
    """Answers one question in `response`; follows CNAMEs while they stay in the zone."""
    response.flags |= dns.flags.AA
    name = names.text_of(tuple(label.lower() for label in owner.labels[:-1]))
    for _ in range(MAX_CHAIN):
        cut = book.cut_above(name)
        if cut is not None and not response.answer:
            return _refer(response, book, cut)
        types = book.types_at(name) if cut is None else {}
        if types is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
            return _add_soa(response, book)
        before = len(response.answer)
        following = _answer_types(book, types, name, owner, rtype, response)
        if following is None:
            if len(response.answer) == before and cut is None:
                _add_soa(response, book)
            return None
        if not names.is_within(following, book.name):
            return None
        name, owner = following, to_dns_name(following)
    return None


def zone_for(name, zone_names):
    """The deepest of the zones that holds the name; None: not ours."""
    holding = [zone for zone in zone_names if names.is_within(name, zone)]
    return max(holding, key=len, default=None)


def respond(query, zone_names, book_of, glue):
    """The response to a query. `book_of(zone name)` opens a Book, `glue` is {name: address}."""
    response = dns.message.make_response(query, our_payload=UDP_PAYLOAD)
    response.flags &= ~dns.flags.RA
    if query.edns > 0:
        response.set_rcode(dns.rcode.BADVERS)
        return response
    if query.opcode() != dns.opcode.QUERY:
        response.set_rcode(dns.rcode.NOTIMP)
        return response
    if len(query.question) != 1:
        response.set_rcode(dns.rcode.FORMERR)
        return response
    question = query.question[0]
    rtype = dns.rdatatype.to_text(question.rdtype)
    name = names.text_of(tuple(label.lower() for label in question.name.labels[:-1]))
    if question.rdclass == dns.rdataclass.IN and name in glue and rtype in ("A", "AAAA"):
        return _respond_glue(response, question, rtype, glue[name])
    zone_name = zone_for(name, zone_names)
    if question.rdclass != dns.rdataclass.IN or zone_name is None or rtype in ("AXFR", "IXFR"):
        response.set_rcode(dns.rcode.REFUSED)
        return response
    fill(response, book_of(zone_name), question.name, rtype)
    return response


def _respond_glue(response, question, rtype, address):
    response.flags |= dns.flags.AA
    if ("AAAA" if ":" in address else "A") == rtype:
        _add(response.answer, question.name, rtype, GLUE_TTL_S, [address])
    return response


def to_wire(response, query, over_udp):
    """Bytes; a response too big for UDP is emptied and says TC."""
    limit = 65535
    if over_udp:
        limit = max(MIN_UDP, query.payload) if query.edns >= 0 else MIN_UDP
    try:
        return response.to_wire(max_size=limit)
    except dns.exception.TooBig:
        short = dns.message.make_response(query, our_payload=UDP_PAYLOAD)
        short.flags = response.flags | dns.flags.TC
        return short.to_wire(max_size=limit)
