# SPDX-License-Identifier: Apache-2.0
"""Planting bugs in a copy of the tree: what scripts/rule-table and scripts/mutants share.

A list of bugs is a text file of blocks. A block is a few lines `key value`, ended by an empty line;
`old` and `new` may stand on several lines, for consecutive lines of source.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field

NOT_COPIED = shutil.ignore_patterns(".git", "build", "autom4te.cache", "__pycache__")


class Mistake(Exception):
    """The list is wrong, or no longer fits the code."""


@dataclass
class Entry:
    line: int
    values: dict = field(default_factory=dict)


def read_blocks(path, keys, optional=(), alone=()):
    """(entries, lines that stand alone as (key, value)). Every key is needed but the optional."""
    entries, single, current = [], [], None
    for number, line in enumerate(path.read_text().split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            current = None if not line.strip() else current
            continue
        key, _, value = line.partition(" ")
        if key in alone:
            single.append((key, value))
            continue
        if key not in (*keys, *optional):
            allowed = ", ".join((*alone, *keys, *optional))
            raise Mistake(f"{path.name}:{number}: '{key}'; allowed: {allowed}")
        if current is None:
            current = Entry(number)
            entries.append(current)
        current.values.setdefault(key, []).append(value.strip())
    for entry in entries:
        missing = [key for key in keys if key not in entry.values]
        if missing:
            raise Mistake(f"{path.name}:{entry.line}: the entry has no {', '.join(missing)}")
        entry.values = {key: "\n".join(lines) for key, lines in entry.values.items()}
    return entries, single


def plant(source, entry):
    """The source with the bug in it. The old text must stand there exactly once; how its lines are
    indented does not matter."""
    old = r"\s*\n\s*".join(re.escape(line) for line in entry.values["old"].split("\n"))
    found = list(re.finditer(old, source))
    if len(found) != 1:
        raise Mistake(
            f"line {entry.line}: the old text stands {len(found)} times in {entry.values['file']}"
        )
    return source[: found[0].start()] + entry.values["new"] + source[found[0].end() :]


class Tree:
    """A copy of the source with a build of its own, in which bugs may be planted."""

    def __init__(self, top, folder, flags="-O1"):
        self.source = folder / "source"
        self.build = folder / "build"
        shutil.copytree(top, self.source, ignore=NOT_COPIED, symlinks=True)
        self.build.mkdir()
        if not (self.source / "configure").exists():
            self.run([self.source / "autogen.sh"])
        self.run([self.source / "configure", "--quiet", f"CFLAGS={flags}"])

    def attempt(self, command, **options):
        return subprocess.run(
            command, cwd=self.build, capture_output=True, text=True, check=False, **options
        )

    def run(self, command, **options):
        """Runs to the end; a failure is a mistake and carries the command's last words."""
        done = self.attempt(command, **options)
        if done.returncode != 0:
            words = (done.stdout + done.stderr).strip().split("\n")[-5:]
            raise Mistake(f"{command[0]} {command[-1]} failed:\n    " + "\n    ".join(words))

    def make(self, *targets):
        self.run(["make", "--silent", f"-j{os.cpu_count()}", *targets])

    def planted(self, entry, ask):
        """What ask() says while the bug is planted."""
        path = self.source / entry.values["file"]
        sound = path.read_text()
        path.write_text(plant(sound, entry))
        try:
            return ask()
        finally:
            path.write_text(sound)


def table_row(*cells):
    return "| " + " | ".join(re.sub(r"\s+", " ", cell).replace("|", "\\|") for cell in cells) + " |"
