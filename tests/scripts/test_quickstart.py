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
