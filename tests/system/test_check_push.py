# SPDX-License-Identifier: Apache-2.0
"""Checks of type push: jobs report to running daemons with curl, fall silent, lie, and come back
after a restart."""

import json
import shutil
import signal
import subprocess
import time
import urllib.request

import pytest
from eyes import Eyes
from programs import BUILD

CURL = shutil.which("curl")
pytestmark = pytest.mark.skipif(CURL is None, reason="needs curl")
TOKEN = "a-token-of-thirty-two-bytes-or-more-{}"


def job(folder, name, period="1h", more=""):
    """The settings of a check; each region's job has a token of its own."""
    for region in ("us-east-1", "us-west-2"):
        path = folder / f"token-{name}-{region}"
        path.write_text(TOKEN.format(f"{name}-{region}") + "\n")
        path.chmod(0o600)
    return (f'type = "push"; name = "{name}-REGION"; period = "{period}"; '
            f'token = "file:{folder}/token-{name}-REGION"; {more}')


def curl(eyes, *arguments, socket=False):
    """(status, body) of what curl is told."""
    way = ["--unix-socket", str(eyes.folder / "control.sock")] if socket else []
    done = subprocess.run([CURL, "-sS", "--noproxy", "*", "-m", "30", "-w", "\n%{http_code}", *way,
                           *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    text, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(text) if text.strip() else {}


def report(eyes, name, body="", token=None, socket=False):
    """What a job does, for the site of us-east-1."""
    token = token or TOKEN.format(f"{name}-us-east-1")
    return curl(eyes, "-H", f"Authorization: Bearer {token}", "--data-binary", body,
                f"http://{eyes.http}/api/v1/push/{name}-us-east-1", socket=socket)


def check(eyes, name):
    with urllib.request.urlopen(f"http://{eyes.http}/api/v1/status", timeout=20) as reply:
        groups = json.load(reply)["groups"]
    return next(site["checks"][0] for group in groups for site in group["sites"]
                if site["site"] == f"{name}/us-east-1")


def wait_for(what, deadline=60):
    until = time.monotonic() + deadline
    while not (found := what()):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.05)
    return found


def answers(eyes):
    try:
        return urllib.request.urlopen(f"http://{eyes.http}/healthz", timeout=5).status == 200
    except OSError:
        return False


class Jobs(Eyes):
    def __enter__(self):
        super().__enter__()
        wait_for(lambda: answers(self))
        return self


def kept(eyes, name):
    path = eyes.folder / "spool" / "pushes" / f"{name}-us-east-1.json"
    return json.loads(path.read_text()) if path.exists() else None


@pytest.mark.cell("push", "good", "curl")
def test_a_job_that_reports_is_up_at_once(tmp_path):
    checks = {"plain": job(tmp_path, "plain"), "word": job(tmp_path, "word"),
              "json": job(tmp_path, "json", more='expect = "json .rows > 0";'),
              "never": job(tmp_path, "never")}
    with Jobs(tmp_path, checks, timeout=30) as eyes:  # every 31 s, and on each report
        assert report(eyes, "plain") == (200, {"v": 1, "job": "plain-us-east-1", "kept": True})
        assert report(eyes, "word", "ok 812 files", socket=True)[0] == 200
        assert report(eyes, "json", '{"rows": 3, "text": "three\\u001b[2J"}')[0] == 200
        for name in ("plain", "word", "json"):
            eyes.see(name, "up", deadline=20)
        assert kept(eyes, "word")["body"] == "ok 812 files"
        assert check(eyes, "json")["report"]["text"] == "three\\x1b[2J"
        assert check(eyes, "never")["state"] == "unknown"
        assert check(eyes, "never")["report"] is None
        said = subprocess.run([str(BUILD / "regionshift"), "-s", f"unix:{tmp_path}/control.sock",
                               "status"], capture_output=True, text=True, timeout=60,
                              check=True).stdout
        assert "jobs that report to this probe" in said
        assert any("word-us-east-1" in line and "silent for" in line for line in said.splitlines())
        assert any("never-us-east-1" in line and "never reported" in line
                   for line in said.splitlines())


@pytest.mark.cell("push", "bad", "curl")
def test_a_job_that_reports_a_failure_is_down_before_its_check_is_due(tmp_path):
    checks = {"fails": job(tmp_path, "fails"),
              "lies": job(tmp_path, "lies", more='expect = "json .rows > 0";')}
    with Jobs(tmp_path, checks, timeout=30) as eyes:
        assert report(eyes, "fails")[0] == 200
        eyes.see("fails", "up", deadline=20)
        assert report(eyes, "fails", '{"state": "fail", "text": "disk full"}')[0] == 200
        eyes.see("fails", "down", "status", deadline=20)
        assert report(eyes, "lies", '{"rows": 1}')[0] == 200
        eyes.see("lies", "up", deadline=20)
        assert report(eyes, "lies", '{"rows": 0}')[0] == 200
        eyes.see("lies", "down", "body", deadline=20)


@pytest.mark.cell("push", "timed out", "curl")
def test_a_job_that_falls_silent_is_down(tmp_path):
    with Jobs(tmp_path, {"silent": job(tmp_path, "silent", "2s")}, timeout=1) as eyes:
        assert report(eyes, "silent")[0] == 200
        eyes.see("silent", "up")
        eyes.see("silent", "down", "timeout")
        assert report(eyes, "silent")[0] == 200
        wait_for(lambda: check(eyes, "silent")["state"] == "up")


@pytest.mark.cell("push", "hostile", "curl")
def test_who_has_no_token_learns_nothing_and_moves_nothing(tmp_path):
    with Jobs(tmp_path, {"one": job(tmp_path, "one")}) as eyes:
        url = f"http://{eyes.http}/api/v1/push/"
        other = TOKEN.format("one-us-west-2")
        own = TOKEN.format("one-us-east-1")
        missing = curl(eyes, "-d", "fail", f"{url}one-us-east-1")
        assert missing == curl(eyes, "-d", "fail", f"{url}two")
        assert (missing[0], missing[1]["error"]["code"]) == (401, "token_missing")
        for socket in (False, True):
            wrong = report(eyes, "one", "fail", token=other, socket=socket)
            assert wrong == curl(eyes, "-H", f"Authorization: Bearer {own}", "-d", "fail",
                                 f"{url}two", socket=socket)
            assert (wrong[0], wrong[1]["error"]["code"]) == (404, "no_such_job")
        for token in (own[:-1], own + "x", "", "x"):
            status = curl(eyes, "-H", f"Authorization: Bearer {token}", "-d", "fail",
                          f"{url}one-us-east-1")[0]
            assert status == 404
        assert curl(eyes, "-H", f"Authorization: Bearer {own}", "-H", "Origin: http://evil.example",
                    "-d", "fail", f"{url}one-us-east-1")[1]["error"]["code"] == "browser"
        assert curl(eyes, "-H", f"Authorization: Bearer {own}", "-d", "{}", "-H",
                    "Content-Type: application/json",
                    f"http://{eyes.http}/api/v1/orders")[0] == 403, "a job's token orders nothing"
        assert check(eyes, "one")["report"] is None


BAD = {"neither": ("done", 400, "bad_report"), "no json": ("{", 400, "bad_report"),
       "no state": ('{"state": "broken"}', 400, "bad_report"),
       "long": ("ok " + "x" * 4096, 413, "too_large"),
       "longer": ("ok " + "x" * 100000, 413, "too_large")}


def test_a_report_that_is_none_is_refused_and_the_last_one_stays(tmp_path):
    with Jobs(tmp_path, {"one": job(tmp_path, "one")}) as eyes:
        assert report(eyes, "one", "ok first")[0] == 200
        for body, status, code in BAD.values():
            got, answer = report(eyes, "one", body)
            assert (got, answer["error"]["code"]) == (status, code)
            assert answer["error"]["message"]
        assert check(eyes, "one")["report"]["text"] == "first"


def kill(eyes):
    eyes.program.process.send_signal(signal.SIGKILL)
    eyes.program.process.wait(30)


def test_the_last_report_outlives_the_daemon(tmp_path):
    """kill -9 right after the answers: what was answered is on disk."""
    checks = {name: job(tmp_path, name) for name in ("good", "bad", "never", "broken")}
    with Jobs(tmp_path, checks, timeout=1) as eyes:
        assert report(eyes, "good", "ok first")[0] == 200
        assert report(eyes, "bad", "fail no space")[0] == 200
        assert report(eyes, "broken", "fail")[0] == 200
        kill(eyes)
        (tmp_path / "spool/pushes/stranger.json").write_text("{}")
        (tmp_path / "spool/pushes/broken-us-east-1.json").write_text('{"v": 1, "at"')
        eyes.__enter__()
        eyes.see("good", "up")
        eyes.see("bad", "down", "status")
        assert check(eyes, "good")["report"]["text"] == "first"
        assert check(eyes, "never")["state"] == check(eyes, "broken")["state"] == "unknown"
        assert any("broken-us-east-1.json" in line.text and "it counts as none" in line.text
                   for line in list(eyes.program.lines))
        assert not (tmp_path / "spool/pushes/stranger.json").exists()


@pytest.mark.parametrize("days", [400, -400])
def test_a_wall_clock_that_jumps_makes_no_job_silent(tmp_path, days):
    """A daemon that begins in another year than it ended: the year in its file is moved."""
    with Jobs(tmp_path, {"one": job(tmp_path, "one")}, timeout=1) as eyes:
        assert report(eyes, "one")[0] == 200
        eyes.see("one", "up")
        file = tmp_path / "spool/pushes/one-us-east-1.json"
        text = json.loads(file.read_text())
        kill(eyes)
        file.write_text(json.dumps(dict(text, at=text["at"] - days * 86400 * 1000)))
        eyes.__enter__()
        eyes.see("one", "up")


def test_another_token_and_other_jobs_after_a_reload(tmp_path):
    with Jobs(tmp_path, {"one": job(tmp_path, "one"), "two": job(tmp_path, "two")}) as eyes:
        assert report(eyes, "one", "ok kept")[0] == 200
        assert report(eyes, "two")[0] == 200
        other = TOKEN.format("another")
        (tmp_path / "token-one-us-east-1").write_text(other)
        text = eyes.conf.read_text()
        eyes.conf.write_text(text.replace('name = "two-us-east-1"', 'name = "three-us-east-1"'))
        eyes.program.send(signal.SIGHUP)
        eyes.program.wait_line(lambda line: "reloaded" in line.text, 30)
        assert report(eyes, "one")[0] == 404
        assert check(eyes, "one")["report"]["text"] == "kept"
        assert report(eyes, "one", token=other)[0] == 200
        assert report(eyes, "two")[0] == 404
        assert check(eyes, "two")["report"] is None
        assert not (tmp_path / "spool/pushes/two-us-east-1.json").exists()
