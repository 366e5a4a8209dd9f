# SPDX-License-Identifier: Apache-2.0
"""The text of one ResourceRecord Value: is it good, and what is it on the wire?"""

import ipaddress
import re

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.SPF
import dns.rdtypes.ANY.TXT

from . import names

STRINGS = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
ESCAPE = re.compile(r"\\([0-3][0-7][0-7]|.)", re.DOTALL)
MAX_STRING = 255
NAME_TYPES = {"CNAME", "NS", "PTR"}


class BadValue(ValueError):
    """The value is no value of that type; the text is Route 53's own kind of complaint."""


def _problem(code, words, value):
    return BadValue(f"Invalid Resource Record: 'FATAL problem: {code} ({words}) "
                    f"encountered with '{value}''")


def _unescape(text):
    """Quoted text to bytes: `\\ooo` is octal here, decimal in a zone file."""
    out = bytearray()
    at = 0
    for match in ESCAPE.finditer(text):
        out += text[at:match.start()].encode("latin-1")
        code = match.group(1)
        out += bytes([int(code, 8)]) if len(code) == 3 else code.encode("latin-1")
        at = match.end()
    return bytes(out + text[at:].encode("latin-1"))


def character_strings(value):
    """A TXT value, one or more quoted strings with spaces between, to a list of bytes."""
    rest = value.strip(" \t")
    strings = []
    while rest:
        match = STRINGS.match(rest)
        if not match:
            raise _problem("InvalidCharacterString",
                           "Value should be enclosed in quotation marks", value)
        try:
            strings.append(_unescape(match.group(1)))
        except UnicodeEncodeError:
            raise _problem("UnsupportedCharacter", "Value contains unsupported characters",
                           value) from None
        after = rest[match.end():]
        rest = after.lstrip(" \t")
        if rest and after == rest:
            raise _problem("InvalidCharacterString",
                           "Values must be separated by whitespace", value)
    if not strings:
        raise _problem("InvalidCharacterString",
                       "Value should be enclosed in quotation marks", value)
    if any(len(string) > MAX_STRING for string in strings):
        raise _problem("CharacterStringTooLong", "Value is too long", value)
    return strings


def _address(rtype, value):
    try:
        if rtype == "A":
            ipaddress.IPv4Address(value)
        else:
            if "%" in value:
                raise ValueError(value)
            ipaddress.IPv6Address(value)
    except ValueError:
        if rtype == "A":
            raise _problem("ARRDATAIllegalIPv4Address", "Value is not a valid IPv4 address",
                           value) from None
        raise _problem("AAAARRDATAIllegalIPv6Address", "Value is not a valid IPv6 address",
                       value) from None


def _target(value):
    try:
        return names.text_of(names.labels_of(value))
    except names.BadName as bad:
        raise BadValue(f"Invalid Resource Record: '{bad}'") from None


def to_rdata(rtype, value):
    """One Value to dnspython's rdata. Raises BadValue."""
    rclass, number = dns.rdataclass.IN, dns.rdatatype.from_text(rtype)
    if rtype in ("TXT", "SPF"):
        cls = dns.rdtypes.ANY.TXT.TXT if rtype == "TXT" else dns.rdtypes.ANY.SPF.SPF
        return cls(rclass, number, character_strings(value))
    if rtype in ("A", "AAAA"):
        _address(rtype, value)
    if rtype in NAME_TYPES:
        labels = names.labels_of(_target(value))
        value = dns.name.Name(labels + (b"",)).to_text()
    try:
        return dns.rdata.from_text(rclass, number, value, origin=dns.name.root, relativize=False)
    except (dns.exception.DNSException, ValueError):
        raise _problem(f"{rtype}RRDATANotValid", f"Value is not a valid {rtype} value",
                       value) from None


def check(rtype, value):
    to_rdata(rtype, value)
