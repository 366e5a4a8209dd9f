# SPDX-License-Identifier: Apache-2.0
"""What check-style, check-pure and line-counts know of C: enough, because the code is formatted.

clang-format keeps every function's braces in column 0, so a function is found by its braces and
no parser is needed. Comments and the insides of strings are blanked first, so that a banned name
in prose is not a call.
"""

import pathlib
import re
from typing import NamedTuple

TOP = pathlib.Path(__file__).resolve().parent.parent

# Folders that hold our code. A build folder or a virtual environment beside them is not ours.
CODE_FOLDERS = ("include", "monitor", "config", "scripts", "tests", "docs", ".ci")
NOT_OURS = {"__pycache__", ".pytest_cache"}
BY_AUTOTOOLS = {"configure", "configure~", "Makefile.in", "aclocal.m4", "config.status"}

# The pure parts, and the headers that would end their purity.
PURE_FOLDERS = ("monitor/core", "monitor/codec")
IMPURE_HEADERS = re.compile(r"^(uv\.h|uv/|curl/|ares|libconfig|sqlite3|microhttpd)")


class Function(NamedTuple):
    name: str
    line: int  # of the first line of its signature
    lines: int  # from there to the closing brace: what a reader reads
    body: str  # blanked source


def files(top, *suffixes):
    """Our files below top with one of these suffixes ("" for none), in a stable order."""
    found = [one for one in top.iterdir() if one.is_file() and one.name not in BY_AUTOTOOLS]
    for folder in CODE_FOLDERS:
        if (top / folder).is_dir():
            found += [path for path in (top / folder).rglob("*") if path.is_file()]
    wanted = [path for path in found if not suffixes or path.suffix in suffixes]
    return sorted(path for path in wanted if not NOT_OURS & set(path.relative_to(top).parts))


_TOKENS = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank(text):
    """The text with comments and the insides of literals turned into spaces; lines stay lines."""

    def spaces(match):
        token = match.group()
        if token[0] in "\"'":
            return token[0] + " " * (len(token) - 2) + token[0]
        return re.sub(r"[^\n]", " ", token)

    return _TOKENS.sub(spaces, text)


_NAME = re.compile(r"(?:START_TEST\()?\b(?!START_TEST)(\w+)\s*[()]")


def functions(blanked):
    """Every function defined in a blanked source."""
    lines = blanked.split("\n")
    start = 0  # first line after the last thing that ended in column 0
    found = []
    for number, line in enumerate(lines):
        if line.startswith("{"):
            end = next((n for n in range(number, len(lines)) if lines[n].startswith("}")), number)
            while start < number and not lines[start].strip():
                start += 1
            signature = " ".join(lines[start:number])
            name = _NAME.search(signature)
            body = "\n".join(lines[start : end + 1])
            found.append(Function(name.group(1) if name else "?", start + 1, end - start + 1, body))
            start = end + 1
        elif line.startswith(("}", "#")) or line.rstrip().endswith(";"):
            start = number + 1
    return found


_INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.M)


def includes(path):
    """(line, header as written, is it one of ours) for each include of a file."""
    text = path.read_text(errors="replace")
    for match in _INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start(match.lastindex)) + 1
        yield line, match.group(1) or match.group(2), match.group(1) is not None


def impure_includes(top, path, _seen=None):
    """(line, chain of headers) for each library header that a file reaches, directly or not."""
    seen = _seen if _seen is not None else set()
    for line, header, ours in includes(path):
        if IMPURE_HEADERS.match(header):
            yield line, [header]
        if not ours:
            continue
        candidates = (path.parent / header, top / "include" / header, top / "monitor" / header)
        target = next((one for one in candidates if one.is_file()), None)
        if target is None or target in seen:
            continue
        seen.add(target)
        for _, chain in impure_includes(top, target, seen):
            yield line, [header] + chain
