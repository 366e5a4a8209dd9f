# SPDX-License-Identifier: Apache-2.0
"""scripts/cells believes results only, and no table that says more or less than they do."""

import json
import pathlib
import re
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
SOURCE = """
/* cell: tcp, good, loopback server */
/* cell: tcp, bad, nobody listens */
START_TEST(a_connection_is_enough)
{
}

/* cell: tcp, hostile, loopback server */
/* What is said of it may stand between. */
START_TEST(a_liar_is_bad)
{
}
"""
TAP = """ok 1 - x/test_tcp.c:tcp:a_connection_is_enough: Passed
{hostile} 2 - x/fixture.c:tcp:a_liar_is_bad: Passed: or: not
"""
DOCUMENT = "# Checks\n\n<!-- cells: made by scripts/cells -->\n<!-- end of cells -->\n\nafter\n"
ROW = "| `tcp` | loopback server; postfix | nobody listens | loopback server |  |  |"


class Tree:
    def __init__(self, folder):
        self.folder, self.build = folder, folder / "build"
        for name in "tests/io", "docs", "build/tests/io":
            (folder / name).mkdir(parents=True)
        self.source = folder / "tests/io/test_tcp.c"
        self.document = folder / "docs/CHECKS.md"
        self.source.write_text(SOURCE)
        self.document.write_text(DOCUMENT)
        self.results()

    def results(self, hostile="ok", postfix="passed"):
        (self.build / "tests/io/test_tcp.tap").write_text(TAP.format(hostile=hostile))
        (self.build / "cells.json").write_text(json.dumps(
            {"tests/system/test_x.py::test_mail": [postfix, [["tcp", "good", "postfix"]]]}))

    def cells(self, *options):
        done = subprocess.run([TOP / "scripts/cells", "--top", self.folder, "--build", self.build,
                               *options], capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def complaints(self):
        """What is wrong, without the cells that this small tree cannot have."""
        code, _, err = self.cells("--check")
        assert code == 1, "most kinds have no tests here"
        return [line for line in err.splitlines()
                if not re.search(r"cells: (\w+), [\w ]+: an empty cell", line)]


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def test_the_table_has_what_passed_and_the_rest_of_the_document_stays(tree):
    tree.results(postfix="passed")
    assert tree.cells() == (0, "", "")
    text = tree.document.read_text()
    assert ROW in text.splitlines()
    assert text.startswith("# Checks\n") and text.endswith("\n\nafter\n")
    assert tree.complaints() == []
    assert tree.cells() == (0, "", "") and tree.document.read_text() == text


def test_an_empty_cell_is_told(tree):
    tree.cells()
    told = tree.cells("--check")[2]
    assert "cells: tcp, cancelled: an empty cell: no test of it passed\n" in told
    assert "cells: tcp, good: " not in told


def test_a_test_that_failed_fills_no_cell(tree):
    tree.cells()
    tree.results(hostile="not ok")
    assert "cells: tests/io/test_tcp a_liar_is_bad: failed (tcp, hostile, loopback server)" in (
        tree.complaints())
    tree.cells()
    assert "| `tcp` | loopback server; postfix | nobody listens |  |  |  |" in (
        tree.document.read_text())


def test_a_loop_that_failed_once_has_failed(tree):
    tap = tree.build / "tests/io/test_tcp.tap"
    tap.write_text("not ok 0 - a:b:a_liar_is_bad: no\n" + tap.read_text())
    assert any("a_liar_is_bad: failed" in line for line in tree.complaints())


def test_a_test_that_was_not_run_is_told(tree):
    (tree.build / "tests/io/test_tcp.tap").unlink()
    assert sum("not run" in line for line in tree.complaints()) == 3


def test_what_is_skipped_on_a_machine_may_stay_in_the_table_but_does_not_get_there(tree):
    tree.cells()
    tree.results(postfix="skipped")
    assert tree.complaints() == []
    assert "skipped here: tcp, good, postfix" in tree.cells("--check")[1]
    tree.cells()
    assert "postfix" not in tree.document.read_text()


def test_a_table_that_is_older_than_the_tests_is_told(tree):
    tree.cells()
    tree.document.write_text(tree.document.read_text().replace("postfix", "exim"))
    assert any("tcp, good: CHECKS.md says exim; loopback server, seen was" in line
               for line in tree.complaints())


@pytest.mark.parametrize("mark", ["tcp, good", "tcp, god, x", "tpc, good, x", "tcp, good, "])
def test_a_mark_that_is_wrong_is_told_with_what_is_allowed(tree, mark):
    tree.source.write_text(SOURCE.replace("tcp, good, loopback server", mark))
    code, _, err = tree.cells()
    assert code == 1 and "a_connection_is_enough: a cell is KIND, WHAT, SERVER" in err


def test_a_mark_above_nothing_is_told(tree):
    tree.source.write_text(SOURCE + "/* cell: tcp, cancelled, loopback server */\n")
    assert "stands above no START_TEST" in tree.cells()[2]


def test_programs_with_marks_are_listed(tree):
    assert tree.cells("--programs") == (0, "tests/io/test_tcp\n", "")


def test_every_mark_of_this_tree_can_be_read():
    done = subprocess.run([TOP / "scripts/cells", "--programs"], capture_output=True, text=True,
                          check=False, timeout=60)
    assert done.returncode == 0 and "tests/io/test_prober" in done.stdout.split()
