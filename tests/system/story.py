# SPDX-License-Identifier: Apache-2.0
"""Story: a scenario of scenarios/*.scn, as it is told to two worlds: to `regionshift simulate` as
the text it is, and to the laboratory of regions (acting.py) as a list of what to do and to expect.

Most words mean the same in both. Comments hold what does not; scenarios/README.md explains them:

    #regions 5                  the laboratory has five regions (else three)
    #short 5m=20 6m=40          but under LONG=1, these times stand in for those
    #long DIRECTIVE             only under LONG=1
    #lab at 0  members cut ...  only in the laboratory, which has members, certificates, wires
    #lab on FACT by #1  EVENT   the same, in the moment when a daemon says FACT
    #lab expect ...             what only the laboratory can see
    at 0  store cut #1   #sim   only in the simulator: in the laboratory it follows by itself
"""

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from programs import BUILD, StageError

SCENARIOS = Path(__file__).resolve().parent / "scenarios"
HEADS = ("moves to", "epochs", "weights at the end", "pages")
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "": 1}
_TIME = re.compile(r"([0-9.]+)(ms|s|m|h)?")
_TIMES = re.compile(r"(\b(?:at|every|from|to|expect|duration|hang|pause)\s+|\.\.)"
                    r"(\d+(?:\.\d+)?(?:ms|s|m|h)?)(?![\w/])")


def seconds(text):
    found = _TIME.fullmatch(text)
    if not found:
        raise StageError(f"{text!r} is no time")
    return float(found[1]) * _UNITS[found[2] or ""]


@dataclass
class Happening:
    """What is done in the laboratory: at a time, or when a daemon says a fact."""
    words: str
    at: float = 0.0
    fact: str = ""
    by: str = ""


@dataclass
class Expectation:
    line: str
    words: str
    begin: float
    end: float          # of a moment: the same; infinite: the end
    is_moment: bool


@dataclass
class Outcome:
    """What became of a story in one of the worlds."""
    moves: list = field(default_factory=list)       # weights after each change of them
    epochs: list = field(default_factory=list)      # of every accepted batch, in order
    pages: list = field(default_factory=list)       # incidents that paged somebody, sorted
    weights: str = "100/0 100/0"                    # in the end: pizza in both regions, factory

    def cells(self):
        pages = [page.removeprefix("jwt-pizza.") for page in self.pages]
        return [", ".join(self.moves) or "none", " ".join(map(str, self.epochs)) or "-",
                self.weights, " ".join(pages) or "none"]

    def __str__(self):
        return "; ".join(f"{head}: {cell}" for head, cell in zip(HEADS, self.cells()))


def table(rows):
    """Lines of a table of [story, seconds in the laboratory, its cells, the simulator's cells]."""
    cells = [["story", "world", "seconds", *HEADS]]
    for name, took, played, simulated in rows:
        cells += [[name, "laboratory", took, *played], ["", "simulator", "", *simulated]]
    widths = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
            for line in cells]


def markdown(rows):
    """The same table for a document: how a story ended in the laboratory, and in the simulator."""
    lines = [f"| story | world | {' | '.join(HEADS)} |", "|---" * (2 + len(HEADS)) + "|"]
    for name, took, played, simulated in rows:
        lines += [f"| {name} | laboratory, {took} s | {' | '.join(played)} |",
                  f"| | simulator | {' | '.join(simulated)} |"]
    return "\n".join(lines) + "\n"


def incident_key(incident):
    """An incident's name; its number only where it is an epoch, which both worlds share."""
    return incident if re.search(r"\.(moved|failback)\.e", incident) else re.sub(
        r"\.e\d+$", "", incident)


class Story:
    """One file, in its short or its whole form."""

    def __init__(self, path, whole):
        self.path = Path(path)
        self.name = self.path.stem
        self.whole = whole
        self.regions = 3
        self.happenings = []
        self.expectations = []
        self.duration = None
        self.text = "\n".join(self._told(self.path.read_text().splitlines())) + "\n"
        for line in self.text.splitlines():
            self._read(line)
        self.happenings.sort(key=lambda happening: happening.at)
        if self.duration is None:
            raise StageError(f"{self.path}: a story of two worlds says how long it lasts")

    # -- which form --

    def _told(self, lines):
        short = {}
        for line in lines:
            if line.startswith("#short ") and not self.whole:
                short.update(pair.split("=") for pair in line.split()[1:])
        for line in lines:
            if line.startswith("#long "):
                line = line.removeprefix("#long ").strip() if self.whole else ""
            if not line.startswith(("# ", "#short", "#regions", "about", "scenario")):
                line = _TIMES.sub(lambda time: time[1] + short.get(time[2], time[2]), line)
            yield line

    # -- the laboratory's part --

    def _read(self, line):
        if line.startswith("#regions "):
            self.regions = int(line.split()[1])
        elif line.startswith("#lab expect "):
            self._expectation(line.removeprefix("#lab "))
        elif line.startswith("#lab "):
            self._happening(line.removeprefix("#lab "))
        elif line.startswith("duration "):
            self.duration = seconds(line.split()[1])
        elif line.startswith("expect "):
            self._expectation(line)
        elif line.startswith("every "):
            self._repeated(line)
        elif line.startswith("at ") and not line.rstrip().endswith("#sim"):
            self._happening(line)

    def _happening(self, line):
        line = re.sub(r"\s+# .*$", "", line).strip()
        when = re.match(r"at (\S+)\s+(.*)|on (\S+)(?: by (\S+))?\s\s+(.*)", line)
        if not when:
            raise StageError(f"{self.path}: {line!r} is neither at nor on")
        if when[1]:
            self.happenings.append(Happening(when[2], at=seconds(when[1])))
        else:
            self.happenings.append(Happening(when[5], fact=when[3], by=when[4] or ""))

    def _repeated(self, line):
        head, _, events = line.partition(":")
        _, period, _, begin, _, end = head.split()
        events = [event.strip() for event in events.split(";")]
        at, count = seconds(begin), 0
        while at < seconds(end):
            self.happenings.append(Happening(events[count % len(events)], at=at))
            at, count = at + seconds(period), count + 1

    def _expectation(self, line):
        _, when, words = line.split(None, 2)
        begin, _, end = when.partition("..")
        first = float("inf") if begin == "end" else seconds(begin)
        last = first if not end else float("inf") if end == "end" else seconds(end)
        self.expectations.append(Expectation(line, re.sub(r"\s+# .*$", "", words).strip(), first,
                                             last, not end))

    # -- the simulator's part --

    def simulate(self, conf, folder):
        """Plays it under the settings of a daemon; its Outcome. An expectation or an invariant
        that failed is an error."""
        file = Path(folder) / f"{self.name}.scn"
        file.write_text(self.text)
        done = subprocess.run([str(BUILD / "regionshift"), "-c", str(conf), "simulate",
                               "--scenario", str(file), "--trace"], capture_output=True, text=True,
                              timeout=120, check=False)
        if done.returncode != 0:
            raise StageError(f"simulate, {self.name}: exit {done.returncode}\n"
                             f"{done.stdout[-6000:]}{done.stderr}")
        return _outcome_of_trace(done.stdout)


def _outcome_of_trace(trace):
    outcome, weights, incidents = Outcome(), {}, {}
    for line in trace.splitlines():
        found = re.match(r"\s*[0-9.]+\s+(\S+)\s+(.*)", line)
        if not found:
            continue
        who, said = found.groups()
        sent = re.match(r"sent .* epoch=(\d+) .*weights=\"([^\"]*)\"", said)
        applied = re.match(r"applied .* epoch=(\d+) of=(\S+)( shift)?", said)
        alert = re.match(r"alert .*event=(\S+) phase=open incident=(\S+)", said)
        page = re.match(r"page alert of=([^:]+): ([a-z_]+)", said)
        if sent:
            weights[who, sent[1]] = sent[2]
        elif who == "route53" and applied:
            outcome.epochs.append(int(applied[1]))
            outcome.weights = weights[applied[2], applied[1]]
            if applied[3]:
                outcome.moves.append(outcome.weights)
        elif alert:
            incidents[who, alert[1]] = alert[2]
        elif who == "readers" and page:
            outcome.pages.append(incident_key(incidents[page[1], page[2]]))
    outcome.pages = sorted(set(outcome.pages))
    return outcome


def stories(whole):
    return [Story(path, whole) for path in sorted(SCENARIOS.glob("*.scn"))]
