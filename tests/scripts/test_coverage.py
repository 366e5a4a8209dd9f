# SPDX-License-Identifier: Apache-2.0
"""coverage counts every branch but those of assertions."""

import importlib.machinery
import importlib.util
import pathlib
import subprocess

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts/coverage"


def load():
    loader = importlib.machinery.SourceFileLoader("coverage_script", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def test_an_assertion_ends_with_the_bracket_that_closes_it():
    text = "a();\nassert(b &&\n       (c || d)); e();\nf(assert_other(1));\nmy_assert(2);\n"
    assert load().assertion_lines(text) == {2, 3}


def test_branches_of_assertions_are_left_out_and_their_lines_are_not():
    coverage = load()
    file = coverage.File("monitor/core/x.c")
    file.add({"line_number": 1, "count": 3, "branches": [{"count": 3}, {"count": 0}]})
    file.add({"line_number": 2, "count": 0, "branches": [{"count": 0}, {"count": 0}]})
    total = coverage.Sum()
    total.add(file, {1})
    assert (total.lines, total.lines_run) == (2, 1)
    assert (total.branches, total.branches_run) == (2, 0)


def test_counts_of_several_objects_add_up():
    file = load().File("monitor/core/x.c")
    for counts in ([1, 0], [0, 4]):
        file.add({"line_number": 7, "count": 1, "branches": [{"count": c} for c in counts]})
    assert file.lines[7] == 2
    assert file.branches[7] == [1, 4]


def test_a_directory_without_counts_is_refused(tmp_path):
    (tmp_path / "Makefile").write_text("")
    result = subprocess.run([str(SCRIPT), "--read", str(tmp_path)], capture_output=True,
                            text=True, check=False)
    assert result.returncode == 2
    assert "holds no build with --enable-coverage" in result.stderr
