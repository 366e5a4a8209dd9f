# SPDX-License-Identifier: Apache-2.0
"""What real daemons recorded, run through the engine again: a failover replays without a
difference, and one event that was altered is found."""

import json
import shutil
import signal
import sqlite3
import subprocess
import time
import zlib

import pytest
from stage import BUILD, PROBES, REGIONS

EAST = REGIONS[0]


def replay(*arguments):
    return subprocess.run([BUILD / "regionshift", "replay", *map(str, arguments)],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                          timeout=60)


def same(*arguments):
    done = replay(*arguments, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["same"] and told["events"] > 0
    return told


def recordings(history):
    return json.loads(replay(history, "--list", "--json").stdout)["recordings"]


def failover(stage):
    stage.kill_site("factory", EAST)
    stage.wait_until("moved", lambda: stage.lab.weights("factory.example.com")
                     [f"factory-{EAST}"] == 0, 30)
    for probe in PROBES:
        stage.wait_log(30, probes=(probe,), fact="head", epoch=2)


def history(stage, probe):
    return stage.folder / probe / "history.db"


def copy_of(stage, probe, folder):
    """The database of a daemon that has stopped, to be altered."""
    return shutil.copy(history(stage, probe), folder / f"{probe}.db")


def rewrite(database, alter):
    """Replaces the lines of the newest recording by what alter() makes of them."""
    db = sqlite3.connect(database)
    number, = db.execute("SELECT max(number) FROM recordings").fetchone()
    slices = b"".join(row[0] for row in db.execute(
        "SELECT lines FROM recorded WHERE recording = ? ORDER BY slice", (number,)))
    lines = alter(zlib.decompressobj().decompress(slices).decode().splitlines(keepends=True))
    stream = zlib.compressobj()
    slices = stream.compress("".join(lines).encode()) + stream.flush(zlib.Z_SYNC_FLUSH)
    db.execute("DELETE FROM recorded WHERE recording = ?", (number,))
    db.execute("INSERT INTO recorded VALUES (?, 0, ?)", (number, slices))
    db.commit()
    db.close()


@pytest.fixture
def told(stage):
    """A failover, one daemon reloaded after it, and all of them stopped; stage.logs has what each
    had said until then."""
    failover(stage)
    reloaded = time.monotonic()
    stage.programs["use1"].send(signal.SIGHUP)
    stage.wait_log(30, since=reloaded, probes=("use1",), fact="started")
    stage.wait_log(30, since=reloaded, probes=("use1",), fact="head", epoch=2)
    programs = {probe: stage.programs[probe] for probe in PROBES}
    for probe in PROBES:
        assert stage.stop_daemon(probe) == 0
    stage.logs = {probe: list(program.lines) for probe, program in programs.items()}
    return stage


def test_a_failover_of_real_daemons_replays_without_a_difference(told):
    for probe in PROBES:
        rows = recordings(history(told, probe))
        assert [row["ended"] for row in rows] == \
            (["reloaded", "stopped"] if probe == "use1" else ["stopped"])
        for row in rows:
            seen = same(history(told, probe), "--recording", row["number"])
            assert (seen["probe"], seen["events"]) == (probe, row["events"])


def test_the_trace_is_what_the_daemon_logged(told):
    done = replay(history(told, "fra"), "--trace")
    traced = [line.split("  ", 1)[1] for line in done.stdout.splitlines()[1:-1]]
    logged = [line.text.split(" fact=", 1)[1] for line in told.logs["fra"]
              if " fact=" in line.text]
    assert traced == logged
    assert any(fact.startswith("head ") and "epoch=2" in fact for fact in traced)


def test_from_leaves_out_what_was_before(told):
    done = replay(history(told, "fra"), "--trace", "--from", 20)
    assert done.returncode == 0 and "started" not in done.stdout
    assert "same: the last " in done.stdout
    line = done.stdout.splitlines()[-2]             # a time as the trace shows it
    done = replay(history(told, "fra"), "--trace", "--from", line.split()[0])
    assert done.returncode == 0 and line in done.stdout.splitlines()
    done = replay(history(told, "fra"), "--from", "2199-01-01T00:00:00Z")
    assert done.returncode == 2 and "nothing was compared" in done.stderr
    done = replay(history(told, "fra"), "--from", "yesterday")
    assert done.returncode == 2 and "must be the number of an event, or a time" in done.stderr


def test_an_update_that_was_altered_is_shown_beside_what_it_is_now(told, tmp_path):
    found = []

    def alter(lines):
        at = next(i for i, line in enumerate(lines) if '"fact head ' in line and "epoch=2" in line)
        found.append(at)
        lines[at] = lines[at].replace("epoch=2", "epoch=3")
        return lines
    database = copy_of(told, "fra", tmp_path)
    rewrite(database, alter)
    done = replay(database)
    assert done.returncode == 1, done.stderr
    assert f"difference at event {found[0]}, " in done.stdout   # line 0 is the head
    assert "\n  recorded  fact head " in done.stdout and "\n  now       fact head " in done.stdout
    difference = json.loads(replay(database, "--json").stdout)["difference"]
    assert difference["number"] == found[0] and difference["event"] == "head"
    assert [line.replace("epoch=3", "epoch=2") for line in difference["recorded"]] == \
        difference["now"]
    after = same(database, "--from", found[0] + 1)      # what follows is the same
    assert after["compared"] == after["events"] - found[0]


def test_an_event_that_was_altered_is_found_where_it_makes_a_difference(told, tmp_path):
    found = []

    def alter(lines):
        at = next(i for i, line in enumerate(lines) if '"class":"bad"' in line)
        found.append(at)
        lines[at] = lines[at].replace('"class":"bad"', '"class":"good"')
        return lines
    database = copy_of(told, "fra", tmp_path)
    rewrite(database, alter)
    difference = json.loads(replay(database, "--json").stdout)["difference"]
    assert found[0] <= difference["number"] < found[0] + 10


def test_what_was_exported_replays_elsewhere(told, tmp_path):
    exported = replay(history(told, "usw2"), "--export")
    assert exported.returncode == 0
    text = tmp_path / "incident.txt"
    text.write_text(exported.stdout)
    assert same(text)["events"] == same(history(told, "usw2"))["events"]
    lines = exported.stdout.splitlines(keepends=True)
    assert all(json.loads(line) for line in lines)
    text.write_text("".join(lines[:-1]))        # cut after a whole line: shorter, and said so
    assert same(text)["ended"] == ""
    text.write_text(exported.stdout[:-200])
    done = replay(text)
    assert done.returncode == 2 and "ends in the middle of line" in done.stderr
    text.write_text("".join(lines[:50] + lines[51:]))
    assert replay(text).returncode in (1, 2)


def test_a_copy_alone_and_a_copy_with_its_wal_replay(stage, tmp_path):
    failover(stage)
    for suffix in ("", "-wal"):
        shutil.copy(f"{history(stage, 'usw2')}{suffix}", tmp_path / f"usw2.db{suffix}")
    assert same(tmp_path / "usw2.db")["events"] > 50
    assert stage.stop_daemon("usw2") == 0       # its file is whole now
    (tmp_path / "alone").mkdir()
    same(shutil.copy(history(stage, "usw2"), tmp_path / "alone" / "usw2.db"))


def test_the_recordings_of_running_and_of_killed_daemons_replay(stage):
    failover(stage)
    for probe in PROBES:
        assert same(history(stage, probe))["ended"] == ""
    stage.stop_daemon("fra", signal.SIGKILL)
    seen = same(history(stage, "fra"))
    again = time.monotonic()
    stage.start_daemon("fra")
    stage.wait_log(30, since=again, probes=("fra",), fact="head", epoch=2)
    assert [row["ended"] for row in recordings(history(stage, "fra"))] == ["", ""]
    assert same(history(stage, "fra"), "--recording", 1)["events"] >= seen["events"]
    same(history(stage, "fra"), "--recording", 2)


def test_files_that_are_no_recording_are_refused_with_a_reason(tmp_path):
    older = tmp_path / "older.db"
    sqlite3.connect(older).executescript("CREATE TABLE facts (line TEXT); PRAGMA user_version = 1;")
    foreign = tmp_path / "notes.txt"
    foreign.write_text("remember the milk\n")
    newer = tmp_path / "newer.txt"
    newer.write_text('{"regionshift":"recording","v":2}\n')
    for path, why in ((tmp_path / "none.db", "No such file"),
                      (foreign, "is neither a history database nor an exported recording"),
                      (older, "was written by a regionshift that made none"),
                      (newer, "written by another release"),
                      (tmp_path, "s a directory")):
        done = replay(path)
        assert done.returncode == 2, path
        assert why in done.stderr and str(path) in done.stderr, done.stderr
    assert "replay needs a FILE" in replay().stderr
