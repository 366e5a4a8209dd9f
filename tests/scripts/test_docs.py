# SPDX-License-Identifier: Apache-2.0
"""The documents tell the truth: what they name exists, and the manual pages know every option,
command and exit status that the programs have."""

import os
import pathlib
import re
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("REGIONSHIFT_BUILD", TOP / "build"))

DOCS = ("README.md", "SECURITY.md", "docs/ARCHITECTURE.md", "docs/HACKING.md", "docs/DECISIONS.md",
        "docs/API.md", "docs/METRICS.md", "docs/ALERTS.md", "docs/ETCD.md",
        "docs/MEASURED.md", "docs/AWS.md", "docs/CREDENTIALS.md", "docs/BEACONS.md",
        "docs/UNPROVED.md", "docs/ASSERTIONS.md", "docs/CHECKS.md")
FOLDERS = r"(?:include|monitor|config|scripts|docs|tests)"
PLACES_TO_FILL = ("KIND", "NAME")
NO_RULES = {"C11"}  # the language


def text_of(name):
    return (TOP / name).read_text()


def sources():
    return [path for folder in ("include", "monitor", "tests") for path in (TOP / folder).rglob("*")
            if path.suffix in (".c", ".h", ".py")]


SOURCE = "\n".join(path.read_text(errors="replace") for path in sources())


def run(program, *arguments):
    done = subprocess.run([BUILD / program, *arguments], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def commands():
    return re.findall(r"(?m)^  ([a-z-]+) +\w", run("regionshift", "--help"))


def code_of(text):
    """What stands in backticks and in indented or fenced blocks."""
    fenced = re.findall(r"(?s)```\w*\n(.*?)```", text)
    rest = re.sub(r"(?s)```.*?```", "", text)
    return "\n".join(fenced + re.findall(r"(?m)^ {4,}.*$", rest) + re.findall(r"`([^`\n]+)`", rest))


# -- paths, functions, rules, tests --

@pytest.mark.parametrize("name", DOCS)
def test_every_path_exists(name):
    text = text_of(name)
    named = set(re.findall(rf"(?<![\w/.])({FOLDERS}/[\w./-]*\w)", text))
    named |= {str(pathlib.Path(name).parent / link)
              for link in re.findall(r"\]\(([\w./-]+)\)", text)}
    missing = [path for path in named if not any(place in path for place in PLACES_TO_FILL)
               and not (TOP / path).exists() and not is_built(path)]
    assert missing == []


def is_built(path):
    return (TOP / f"{path}.in").exists() or \
        ("/test_" in path and (TOP / f"{path}.c").exists())


@pytest.mark.parametrize("name", DOCS)
def test_every_function_exists(name):
    named = set(re.findall(r"`([a-z][a-z0-9_]{3,})\(\)`", text_of(name)))
    assert [function for function in named if not re.search(rf"\b{function}\(", SOURCE)] == []


@pytest.mark.parametrize("name", DOCS)
def test_every_test_exists(name):
    named = set(re.findall(r"`([a-z0-9]+(?:_[a-z0-9]+){3,})`", text_of(name)))
    metrics = set(re.findall(r"`(regionshift_\w+|process_\w+)`", text_of("docs/METRICS.md")))
    missing = [test for test in named - metrics
               if f"START_TEST({test})" not in SOURCE and f"def {test}(" not in SOURCE
               and f'"{test}"' not in SOURCE]          # a property of AWS's files
    assert missing == []


def test_every_rule_has_a_test_named_in_the_architecture():
    text = text_of("docs/ARCHITECTURE.md")
    rows = re.findall(r"(?m)^\| ([A-Z]\d+) \| .* \| (.*) \|$", text)
    rules = [rule for rule, _ in rows]
    assert len(rules) == len(set(rules)) == 35
    for rule, test in rows:
        assert re.fullmatch(r"`\w+`|tests/[\w/.]+", test), f"{rule}: {test}"


@pytest.mark.parametrize("name", DOCS)
def test_every_rule_cited_is_a_rule(name):
    rules = set(re.findall(r"(?m)^\| ([A-Z]\d+) \|", text_of("docs/ARCHITECTURE.md")))
    cited = set(re.findall(r"(?<![\w-])([VADCBLS]\d{1,2})(?![\w.])", text_of(name)))
    known = set(re.findall(r"\b([VADCBLS]\d{1,2})\b", SOURCE))
    assert cited - rules - NO_RULES - (known & {"B2", "L3", "L4"}) == set()


# -- commands --

@pytest.mark.parametrize("name", DOCS)
def test_every_command_exists(name):
    known = set(commands())
    code = code_of(text_of(name))
    named = set(re.findall(r"(?:^|[\s/])regionshift (?:-[cs] \S+ )?([a-z][a-z-]+)", code))
    assert named - known == set()
    assert named or name not in ("README.md", "docs/ARCHITECTURE.md")


# -- the manual pages against --help --

def options_of_help(text):
    return set(re.findall(r"(?<![\w-])(--[a-z][a-z-]+|-[a-zA-Z])(?![\w-])", text))


def options_of_page(name):
    """`.Fl c`, `.Fl -config`, `.Op Fl -json`, `Fl c Ar file , Fl -config Ar file`."""
    lines = [line for line in text_of(name).splitlines() if line.startswith(".")]
    return {f"-{word}" for line in lines for word in re.findall(r"\bFl (-?[a-zA-Z][a-z-]*)", line)}


def test_regionshift_1_knows_every_option():
    told = options_of_help(run("regionshift", "--help"))
    for command in commands():
        told |= options_of_help(run("regionshift", command, "--help"))
    assert options_of_page("docs/regionshift.1") == told


def test_regionshift_1_gives_each_command_its_own_options():
    page = text_of("docs/regionshift.1")
    for command in commands():
        usage = run("regionshift", command, "--help").splitlines()[0]
        entry = re.search(rf"(?m)^\.It Cm {command}\b((?:.*\\\n)*.*)$", page)
        assert entry, f"{command} is not in regionshift(1)"
        told = options_of_help(usage) - {"--json", "--reason"}  # said once for all
        found = {f"-{word}" for word in re.findall(r"\bFl (-?[a-z-]+)", entry[1])}
        assert found == told, command


def test_regionshiftd_8_knows_every_option():
    options = options_of_help(run("regionshiftd", "--help"))
    long_names = options_of_page("docs/regionshiftd.8")
    assert long_names == options


def exit_codes_of(name):
    page = text_of(name).split(".Sh EXIT STATUS")[1].split(".Sh")[0]
    return re.findall(r"(?m)^\.It (\d)$", page)


def test_exit_codes_are_told():
    assert exit_codes_of("docs/regionshift.1") == ["0", "1", "2", "3"]
    assert exit_codes_of("docs/regionshiftd.8") == ["0", "1", "2"]
    told = run("regionshift", "--help").split("Exit status:")[1]
    assert re.findall(r"\b(\d) [a-z]", told) == ["0", "1", "2", "3"]


# -- alerts --

def test_every_event_of_an_alert_is_explained():
    text = text_of("docs/ALERTS.md")
    names = dict(re.findall(r'\[(ALERT_\w+)\] = "(\w+)"', text_of("monitor/core/alert_names.c")))
    assert len(names) > 20
    assert [name for name in names.values() if f"`{name}`" not in text] == []
    core = text_of("monitor/core/alerting.c")
    kinds = re.findall(r"\{(ALERT_\w+),\s*ALERT_\w+,\s*SEVERITY_(\w+),\s*(\d+)\}", core)
    assert len(kinds) > 15
    rows = {name: (severity, after) for name, severity, after in
            re.findall(r"(?m)^\| `(\w+)` \| (\w+) \| ([\w ]+) \|", text)}
    for event, severity, ms in kinds:
        told = rows[names[event]]
        assert told[0] == severity.lower(), event
        assert told[1] in ([f"{int(ms) // 1000} s"] if int(ms) else ["at once", "once"]), event
