# SPDX-License-Identifier: Apache-2.0
"""regionshift simulate: the table, the JSON, the log, exit codes, and what it says of bad files."""

import json
import os
import pty
import re
import signal
import subprocess

import pytest
from stage import BUILD, TOP

SETTINGS = TOP / "config" / "jwt-pizza.conf"
DEAD = """\
scenario dead
about    the primary dies   # a comment
at 10    site primary refuse
expect 0..2m  alert warn
expect 0..2m  shift
expect end    serving secondary
"""
WRONG = """\
scenario wrong
about    what it expects is wrong
at 10    site primary refuse
expect 0..1m  alert cert_expiring
expect end    serving primary
expect 0..30m never shift
"""
FIVE = "scenario five\nat 10 probe #5 kill\nexpect 0..1m never shift\n"
SLOW = """\
scenario slow-to-move
set groups.*.hold 60
at 10 site primary refuse
expect 0..1m never shift
"""


@pytest.fixture
def folder(tmp_path):
    """Shipped scenarios, of which one fails and one needs a bigger electorate."""
    for name, text in (("dead", DEAD), ("wrong", WRONG), ("five", FIVE)):
        (tmp_path / f"{name}.scn").write_text(text)
    (tmp_path / "notes.txt").write_text("no scenario")
    return tmp_path


def simulate(folder, *options, settings=SETTINGS, **more):
    command = [BUILD / "regionshift", "-c", settings, "simulate", *options]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=120, check=False,
                          env=dict(os.environ, REGIONSHIFT_SCENARIOS=str(folder)), **more)


def until_seen(folder, words, *options):
    """Interrupts it when its progress, on a terminal, says these words. (exit code, output)"""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([BUILD / "regionshift", "-c", SETTINGS, "simulate", *options],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs,
                               text=True,
                               env=dict(os.environ, REGIONSHIFT_SCENARIOS=str(folder)))
    os.close(theirs)
    seen = b""
    while words not in seen:
        seen += os.read(ours, 4096)
    process.send_signal(signal.SIGINT)
    out = process.communicate(timeout=60)[0]
    os.close(ours)
    assert b"scenario 1 of " in seen
    return process.returncode, out


def rows(text):
    """{scenario: its cells} of the table."""
    table = re.match(r"scenario .*\n((?:\S.*\n)+)\n", text)
    return {cells[0]: cells[1:] for cells in
            (re.split(r"  +", line) for line in table[1].splitlines())}


# ---- what is shown ----

def test_what_holds_is_a_row_with_its_times_and_exit_0(folder):
    done = simulate(folder, "--scenario", "dead")
    assert (done.returncode, done.stderr) == (0, "")
    outcome, detected, decided, accepted, moves, pages = rows(done.stdout)["dead"]
    assert outcome == "held" and moves == "1" and int(pages) >= 1
    assert re.fullmatch(r"\d\.\d s", detected) and re.fullmatch(r"2\d s", decided)
    assert re.fullmatch(r"2\d s", accepted)
    assert done.stdout.endswith("\n1 scenario: 1 held\n")


def test_what_fails_is_told_with_the_explanation_of_that_moment_and_exit_1(folder):
    done = simulate(folder, "--scenario", "wrong", "--scenario", "dead")
    assert (done.returncode, done.stderr) == (1, "")
    assert [row[0] for row in rows(done.stdout).values()] == ["failed", "held"]
    assert "2 scenarios: 1 held, 1 failed" in done.stdout
    told = done.stdout[done.stdout.index("\n\nwrong  ") + 1:]
    assert told.startswith(f"\nwrong  what it expects is wrong\n  {folder}/wrong.scn:6: "
                           "expect 0..30m never shift\n  at 3")
    assert "a batch that changes a weight was accepted\n    group jwt-pizza, as probe" in told
    assert re.search(r"\n    CLOSED  D6  dwell .* of dwell left\n", told)
    assert re.search(r"\n    pizza/us-east-1 +down .* down +down +down\n", told)


def test_set_lines_change_the_settings_of_their_scenario_only(folder):
    (folder / "slow.scn").write_text(SLOW)
    done = simulate(folder, "--scenario", "slow", "--scenario", "dead", "--json")
    slow, dead = (run["report"]["first_move"] for run in json.loads(done.stdout)["scenarios"])
    assert done.returncode == 0
    assert slow["decided"] - slow["detected"] == pytest.approx(60, abs=1)
    assert dead["decided"] - dead["detected"] == pytest.approx(20, abs=1)


def test_without_options_all_that_is_shipped_is_played_and_1000_random_hours(folder):
    """What means nothing under these settings is skipped, and did not fail."""
    (folder / "wrong.scn").unlink()
    code, out = until_seen(folder, b"random hour 11 of 1000,", "--json")
    answer = json.loads(out)
    dead, five = answer["scenarios"]
    assert (dead["scenario"], dead["outcome"]) == ("dead", "held")
    assert (five["scenario"], five["outcome"], five["report"]) == ("five", "skipped", None)
    assert five["skipped"] == "line 2: no probe #5; there are #1 to #3"
    assert answer["random"]["asked"] == 1000 and answer["interrupted"] and code == 1


def test_random_hours_are_summed_up(folder):
    done = simulate(folder, "--seeds", "20", "--seed", "300")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert re.fullmatch(r"\n20 random hours, seeds 300 to 319: \d+ events, \d+ moves, \d+ pages, "
                        r"no violation\n", done.stdout)


# ---- JSON ----

NUMBER = (int, float)
MOVE = {"trouble": (*NUMBER, None), "detected": (*NUMBER, None), "decided": (*NUMBER, None),
        "accepted": (*NUMBER, None)}
REPORT = {"held": int, "failed": int,
          "expectation": ({"line": int, "text": str, "at": NUMBER, "found": str}, None),
          "violation": ({"id": str, "at": NUMBER, "probe": (str, None), "text": str}, None),
          "explain": [str], "first_move": MOVE, "moves": int, "writes": int, "pages": int,
          "alerts": int, "events": int, "digest": str, "acts_digest": str}
RUN = {"scenario": str, "file": str, "about": str, "outcome": str, "skipped": (str, None),
       "report": (REPORT, None)}
RANDOM = {"first_seed": int, "asked": int, "hours": int, "events": int, "moves": int,
          "pages": int, "failed": int,
          "failures": [{"seed": int, "repeat": str, "report": REPORT, "shrunk": (str, None)}]}
FORM = {"v": int, "settings": str, "fingerprint": str, "seed": int, "good": bool,
        "interrupted": bool, "scenarios": [RUN], "random": (RANDOM, None)}


def conforms(value, form, path="$"):
    """Fails unless a value has exactly this form: a type, a dict of all fields, a list of alike."""
    if isinstance(form, tuple):
        if value is None:
            assert None in form, path
            return
        form = next((part for part in form if part is not None and (
            isinstance(part, dict) or type(value) is part)), form[0])
    if isinstance(form, dict):
        assert isinstance(value, dict) and set(value) == set(form), f"{path}: {value}"
        for key, inner in form.items():
            conforms(value[key], inner, f"{path}.{key}")
    elif isinstance(form, list):
        assert isinstance(value, list), path
        for i, inner in enumerate(value):
            conforms(inner, form[0], f"{path}[{i}]")
    else:
        assert type(value) is form, f"{path}: {value}"


def test_json_has_the_form_of_the_manual(folder):
    done = simulate(folder, "--json", "--scenario", "dead", "--scenario", "wrong", "--seeds", "2")
    answer = json.loads(done.stdout)
    conforms(answer, FORM)
    dead, wrong = answer["scenarios"]
    assert (done.returncode, answer["good"], answer["v"]) == (1, False, 1)
    assert (dead["outcome"], dead["report"]["held"], dead["report"]["explain"]) == ("held", 3, [])
    assert wrong["report"]["expectation"]["text"] == "expect 0..30m never shift"
    assert (wrong["report"]["held"], wrong["report"]["failed"]) == (0, 3)
    assert wrong["report"]["explain"][0].startswith("group jwt-pizza, as probe ")
    move = dead["report"]["first_move"]
    assert 10 <= move["trouble"] < move["detected"] < move["decided"] < move["accepted"] < 60
    assert answer["random"]["hours"] == 2
    manual = (TOP / "docs" / "API.md").read_text()
    documented = manual.partition("## regionshift simulate --json")[2]
    for field in [*FORM, *RUN, *REPORT, *MOVE, *RANDOM, *RANDOM["failures"][0]]:
        assert re.search(rf"\b{field}\b", documented), field


def test_a_name_that_json_cannot_hold_is_an_error_and_not_left_out(folder, tmp_path):
    path = os.fsencode(tmp_path) + b"/\xff.scn"
    with open(path, "w", encoding="ascii") as out:
        out.write("scenario a\nexpect 0..end never shift\n")
    done = simulate(folder, "--json", "--scenario", os.fsdecode(path))
    assert (done.returncode, done.stdout) == (1, "") and "no UTF-8" in done.stderr


def test_nothing_asked_for_is_null_or_empty(folder):
    answer = json.loads(simulate(folder, "--json", "--seeds", "1").stdout)
    conforms(answer, FORM)
    assert answer["scenarios"] == [] and answer["random"]["first_seed"] == 1
    assert json.loads(simulate(folder, "--json", "--scenario", "dead").stdout)["random"] is None


@pytest.mark.parametrize("options", [("--json",), (), ("--trace",)])
def test_the_same_seed_gives_the_same_bytes(folder, options):
    asked = ("--scenario", "dead", "--seeds", "3", "--seed", "9", *options)
    first, again = simulate(folder, *asked), simulate(folder, *asked)
    assert first.stdout == again.stdout and len(first.stdout) > 100
    other = simulate(folder, "--scenario", "dead", "--seeds", "3", "--seed", "10", *options)
    assert other.stdout != first.stdout


# ---- what settings cost ----

def test_a_sweep_sets_false_moves_against_seconds(folder):
    done = simulate(folder, "--sweep", "hold=0:20,fall=2:3,loss=10,phases=8,hours=2", "--json")
    rows_ = json.loads(done.stdout)["rows"]
    assert (done.returncode, done.stderr, len(rows_)) == (0, "", 4)
    hasty, patient = rows_[0], rows_[3]
    assert list(hasty["settings"].values()) == ["0", "2"]
    assert list(patient["settings"].values()) == ["20", "3"]
    cost = [row["false_moves"][0]["computed_per_year"] for row in (hasty, patient)]
    delay = [row["refused"]["decided"]["median_ms"] for row in (hasty, patient)]
    assert cost[0] > 100 * cost[1] and delay[0] + 15000 < delay[1]
    table = simulate(folder, "--sweep", "hold=0:20,fall=2:3,loss=10,phases=8,hours=2").stdout
    assert re.search(r"\n +hold +fall +10 %", table)


def test_a_sweep_that_makes_no_sense_is_exit_2(folder):
    for options, words in ((("--sweep", "hald=1"), '"hald" is no key; there are hold, '),
                           (("--sweep", "hold=1", "--seeds", "2"), "--sweep stands alone"),
                           (("--sweep", "hold=1", "--trace"), "--sweep stands alone")):
        done = simulate(folder, *options)
        assert (done.returncode, done.stdout) == (2, "") and words in done.stderr


# ---- the log ----

def test_the_log_tells_what_was_done_seen_decided_and_accepted(folder):
    done = simulate(folder, "--scenario", "dead", "--trace")
    log, _, table = done.stdout.partition("\nscenario ")
    assert done.returncode == 0 and table
    log = log.splitlines()
    assert log[0] == "# dead: the primary dies"
    lines = [re.fullmatch(r" *(\d+\.\d{3})  (\S+) +(.+)", line) for line in log[1:]]
    assert all(lines)
    times = [float(line[1]) for line in lines]
    assert times == sorted(times)
    order = [(who, text) for who, text in (
        ("scenario", "at 10s site primary refuse"), ("use1", "verdict site=pizza/us-east-1"),
        ("readers", "page alert of="), ("store", "committed group=jwt-pizza epoch=2 kind=leave"),
        ("route53", "applied group=jwt-pizza epoch=2 of="))]
    places = [next(i for i, line in enumerate(lines)
                   if line[2] == who and line[3].startswith(text)) for who, text in order]
    assert places == sorted(places)


# ---- what is wrong ----

def test_every_mistake_of_every_file_is_told_with_its_line(folder, tmp_path):
    bad = tmp_path / "bad.scn"
    bad.write_text("scenario bad\nat 5 sit primary refuse\nexpect 0..5 neve shift\n")
    done = simulate(folder, "--scenario", bad, "--scenario", tmp_path / "none.scn",
                    "--scenario", "dead")
    assert (done.returncode, done.stdout) == (2, "")
    complaints = done.stderr.splitlines()
    assert complaints[0].startswith(f"{bad}:2: ") and complaints[1].startswith(f"{bad}:3: ")
    assert complaints[2].startswith(f"{tmp_path}/none.scn: ") and len(complaints) == 3


def test_a_shipped_scenario_is_known_by_its_file_name_unless_one_is_here(folder, tmp_path):
    here = tmp_path / "here"
    here.mkdir()
    done = simulate(folder, "--scenario", "dead.scn", cwd=here)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(rows(done.stdout)) == ["dead"]
    (here / "dead.scn").write_text(DEAD.replace("scenario dead", "scenario mine"))
    assert list(rows(simulate(folder, "--scenario", "dead.scn", cwd=here).stdout)) == ["mine"]
    assert list(rows(simulate(folder, "--scenario", "dead", cwd=here).stdout)) == ["dead"]
    (here / "dead.scn").unlink()
    (here / "dead.scn").mkdir()         # what is here is meant, though it is no scenario
    done = simulate(folder, "--scenario", "dead.scn", cwd=here)
    assert done.returncode == 2 and done.stderr.startswith("dead.scn: cannot be read: ")
    done = simulate(folder, "--scenario", "./five.scn", cwd=here)       # a path is a path
    assert done.returncode == 2 and done.stderr.startswith("./five.scn: cannot be read: ")


def test_names_that_mean_nothing_under_the_settings_are_errors_when_asked_for(folder, tmp_path):
    mars = tmp_path / "mars.scn"
    mars.write_text("scenario mars\nat 1 site mars refuse\nat 2 probe #5 kill\n"
                    "expect end serving venus\n")
    done = simulate(folder, "--scenario", mars, "--scenario", "dead")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"{mars}:2: no region 'mars'; there are us-east-1, us-west-2\n"
        f"{mars}:3: no probe #5; there are #1 to #3\n"
        f"{mars}:4: no region 'venus'; there are us-east-1, us-west-2\n")


def test_set_lines_that_the_settings_do_not_bear_are_errors(folder, tmp_path):
    bold = tmp_path / "bold.scn"
    for lines, number, word in (("\nset groups.*.holt 45\n", 3, "hol"),
                                ("set groups.*.hold 45\nset groups.*.stable -1\nset aws.region x\n",
                                 3, "stable"),
                                ("set checks.window.bad 9\nset checks.window.of 6\n", 2, "window")):
        bold.write_text(f"scenario bold\n{lines}expect 0..1m never shift\n")
        done = simulate(folder, "--scenario", bold)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"{bold}:{number}: ") and word in done.stderr


WRONG_LINES = [
    (("--scenario", "ded"), "no such scenario; did you mean dead?"),
    (("--scenario", "ded"), "\n  dead\n  five\n  wrong\n"),
    (("--scenario", "ded.scn"), "ded.scn: no such scenario; did you mean dead?"),
    (("--scenario", ".scn"), "no such scenario"),
    (("--seeds", "0"), "must be a number, 1 to"),
    (("--seeds", "ten"), "must be a number, 1 to"),
    (("--seed", "-1"), "must be a number, 0 to"),
    (("--trace",), "say which, with --scenario or --seeds"),
    (("--trace", "--json", "--seeds", "1"), "not with --json"),
    (("--seedz", "1"), "did you mean --seed"),
    (("dead",), "simulate takes no name"),
    (("--watch",), "simulate takes no --watch"),
]


@pytest.mark.parametrize(("options", "words"), WRONG_LINES)
def test_wrong_usage_is_exit_2_and_says_what_is_allowed(folder, options, words):
    done = simulate(folder, *options)
    assert (done.returncode, done.stdout) == (2, "") and words in done.stderr


def test_other_commands_take_none_of_its_options():
    for option in (("--scenario", "x"), ("--seeds", "1"), ("--seed", "1"), ("--trace",),
                   ("--sweep", "noise")):
        done = subprocess.run([BUILD / "regionshift", "status", *option], capture_output=True,
                              text=True, check=False, timeout=60)
        assert done.returncode == 2 and f"status takes no {option[0]}" in done.stderr


def test_a_daemon_cannot_be_asked(folder):
    done = subprocess.run([BUILD / "regionshift", "-s", "unix:/nowhere", "simulate"],
                          capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2 and "-c FILE" in done.stderr
    assert "cannot be read" in simulate(folder, settings=folder / "none.conf").stderr


def test_every_mistake_of_the_settings_is_told(folder, tmp_path):
    settings = tmp_path / "bad.conf"
    settings.write_text(SETTINGS.read_text().replace("hold = 20", "holt = 20")
                        .replace("fall = 3", "fall = 0"))
    done = simulate(folder, "--scenario", "dead", settings=settings)
    assert (done.returncode, done.stdout) == (2, "")
    assert "groups.[0].holt: " in done.stderr and "checks.fall: " in done.stderr


def test_no_scenarios_at_all_is_an_error(tmp_path):
    done = simulate(tmp_path / "nowhere")
    assert done.returncode == 2 and f"{tmp_path}/nowhere: No such file" in done.stderr
    done = simulate(tmp_path)
    assert done.returncode == 2 and "holds no *.scn" in done.stderr


@pytest.mark.parametrize("name", ["jwt-pizza-beacons", "jwt-pizza-records"])
def test_a_shipped_scenario_holds_under_shipped_settings_or_is_not_for_them(name, tmp_path):
    """The others are played by tests/sim/test_scenario_files.c."""
    settings = TOP / "config" / f"{name}.conf"

    def play(files):
        return simulate(tmp_path, *(word for file in files for word in ("--scenario", file)),
                        settings=settings)
    files = sorted((TOP / "config" / "scenarios").glob("*.scn"))
    done = play(files)
    if done.returncode == 2:
        misfits = {line.split(":")[0] for line in done.stderr.splitlines()}
        fit = [file for file in files if str(file) not in misfits]
        assert len(fit) > len(files) / 2, done.stderr
        done = play(fit)
    assert done.returncode == 0, done.stdout + done.stderr


# ---- the outside ----

def test_secrets_are_not_opened_and_nothing_is_created(folder, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    settings = tmp_path / "secret.conf"
    settings.write_text(SETTINGS.read_text().replace(
        'to = ( "oncall@example.com" );',
        f'to = ( "oncall@example.com" ); user = "u"; password = "file:{home}/password";')
        .replace("/var/lib/regionshift", str(home)).replace("/run/regionshift", str(home)))
    done = simulate(folder, "--scenario", "dead", settings=settings, cwd=home)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(home.iterdir()) == []


def test_an_output_that_cannot_be_written_is_exit_1(folder):
    for options in (("--json",), ()):
        command = [BUILD / "regionshift", "-c", SETTINGS, "simulate", "--scenario", "dead",
                   *options]
        with open("/dev/full", "w") as full:
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True,
                                  check=False, timeout=60,
                                  env=dict(os.environ, REGIONSHIFT_SCENARIOS=str(folder)))
        assert done.returncode == 1 and "writing the output" in done.stderr


def test_ctrl_c_ends_with_what_was_found_so_far(folder):
    code, out = until_seen(folder, b"random hour 21 of 10000000", "--scenario", "dead", "--seeds",
                           "10000000")
    assert code == 1 and rows(out)["dead"][0] == "held"
    hours = int(re.search(r"\n(\d+) random hours, seeds 1 to", out)[1])
    assert 20 <= hours < 10000000
    assert out.endswith("interrupted: what had been asked for was not done to the end\n")
