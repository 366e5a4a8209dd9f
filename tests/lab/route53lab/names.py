# SPDX-License-Identifier: Apache-2.0
"""Domain names as Route 53 keeps them: lower case, `\\ooo` (octal) for unusual bytes, final dot.

A name is a tuple of labels (bytes, lower case), the leftmost first, without the root.
"""

import re

PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_")
OCTAL = re.compile(r"\\([0-3][0-7][0-7])")


class BadName(ValueError):
    """The name cannot be one; the text is Route 53's own kind of complaint."""


def _problem(code, words, name):
    return BadName(f"FATAL problem: {code} ({words}) encountered with '{name}'")


def _bytes_of(label, name):
    """The bytes of one label as written, `\\ooo` resolved."""
    out = bytearray()
    at = 0
    while at < len(label):
        match = OCTAL.match(label, at)
        if match:
            out.append(int(match.group(1), 8))
            at = match.end()
        elif label[at] != "\\" and 33 <= ord(label[at]) <= 126:
            out.append(ord(label[at]))
            at += 1
        else:
            raise _problem("UnsupportedCharacter", "Value contains unsupported characters", name)
    return bytes(out).lower()


def labels_of(name):
    """Text, with or without the final dot, to labels. Raises BadName."""
    bare = name[:-1] if name.endswith(".") else name
    if not bare:
        raise _problem("DomainNameEmpty", "Domain name is empty", name)
    labels = []
    for part in bare.split("."):
        if not part:
            raise _problem("DomainLabelEmpty", "Domain label is empty", name)
        label = _bytes_of(part, name)
        if len(label) > 63:
            raise _problem("DomainLabelTooLong", "Domain label is too long", name)
        labels.append(label)
    if sum(len(label) + 1 for label in labels) + 1 > 255:
        raise _problem("DomainNameTooLong", "Domain name is too long", name)
    return tuple(labels)


def text_of(labels):
    """Labels to the text Route 53 returns: `\\052.example.com.`"""
    def one(label):
        return "".join(chr(b) if b in PLAIN else f"\\{b:03o}" for b in label)
    return "".join(one(label) + "." for label in labels)


def normal(name):
    """The one spelling of a name under which it is stored and compared."""
    return text_of(labels_of(name))


def is_within(name, zone_name):
    """Both in normal spelling. A zone lies within itself."""
    return name == zone_name or name.endswith("." + zone_name)


def sort_key(name):
    """Route 53 lists by name with the labels reversed, compared as text: `com.example.www.`"""
    return ".".join(reversed(name[:-1].split("."))) + "."
