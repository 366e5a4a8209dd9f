# SPDX-License-Identifier: Apache-2.0
"""quickstart tells what it can do, from anywhere, and refuses what it cannot."""

import pathlib
import subprocess

import pytest

QUICKSTART = pathlib.Path(__file__).resolve().parents[2] / "quickstart"


def run(folder, *arguments):
    command = [folder / "link", *arguments]
    (folder / "link").symlink_to(QUICKSTART)
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False,
                          timeout=60)


@pytest.mark.parametrize("word", ("help", "--help", "-h"))
def test_help_names_every_mode(tmp_path, word):
    done = run(tmp_path, word)
    assert (done.returncode, done.stderr) == (0, "")
    for mode in ("./quickstart [demo [--keep]]", "./quickstart test", "./quickstart build"):
        assert mode in done.stdout


@pytest.mark.parametrize("arguments", (["tset"], ["test", "--keep"], ["demo", "--keep", "x"],
                                       ["build", "now"]))
def test_anything_else_is_bad_usage_before_anything_is_done(tmp_path, arguments):
    done = run(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: ./quickstart")


def test_a_unit_test_that_fails_shows_what_it_said_last(tmp_path):
    functions = QUICKSTART.read_text().split("\nmode=")[0]
    (tmp_path / "build").mkdir()
    (tmp_path / "build/old.trs").write_text(":global-test-result: FAIL\n")
    (tmp_path / "build/Makefile").write_text(
        "check:\n"
        "\t@sleep 0.1; seq 1000 | sed 's/^/said /' >red.log; echo said too >green.log\n"
        "\t@echo ':global-test-result: FAIL' >red.trs\n"
        "\t@echo ':global-test-result: PASS' >green.trs\n"
        "\t@exit 1\n")
    done = subprocess.run(["sh", "-c", functions + "\nunit_tests"], cwd=tmp_path, check=False,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "== The last lines of build/red.log" in done.stdout
    assert "said 941\n" in done.stdout and "said 940\n" not in done.stdout
    assert "green" not in done.stdout and "old" not in done.stdout
