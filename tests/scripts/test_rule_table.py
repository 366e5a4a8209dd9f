# SPDX-License-Identifier: Apache-2.0
"""rule-table believes no test it has not seen fail."""

import pathlib
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]

RULE = "int larger(int a, int b)\n{\n    if (a > b)\n        return a;\n    return b;\n}\n"
TEST = """
#include <check.h>
#include <stdlib.h>
int larger(int a, int b);
START_TEST(the_first_may_be_larger) { ck_assert_int_eq(larger(2, 1), 2); } END_TEST
START_TEST(the_second_may_be_larger) { ck_assert_int_eq(larger(1, 2), 2); } END_TEST
START_TEST(a_test_that_is_wrong) { ck_assert_int_eq(larger(1, 2), 3); } END_TEST
int main(void)
{
    Suite *suite = suite_create("larger");
    TCase *tests = tcase_create("larger");
    tcase_add_test(tests, the_first_may_be_larger);
    tcase_add_test(tests, the_second_may_be_larger);
    tcase_add_test(tests, a_test_that_is_wrong);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    return srunner_ntests_failed(runner) ? EXIT_FAILURE : EXIT_SUCCESS;
}
"""
CONFIGURE = """#!/bin/sh
source=$(dirname "$0")
cat >Makefile <<EOF
all: test_larger
test_larger: $source/larger.c $source/test_larger.c
	cc -o test_larger $source/larger.c $source/test_larger.c `pkg-config --cflags --libs check`
EOF
"""
ENTRY = """
rule {rule}
says the larger of two is found
test {test}
file larger.c
old {old}
new {new}
"""
SOUND = {"rule": "A1", "test": "test_larger the_first_may_be_larger",
         "old": "if (a > b)", "new": "if (a < b)"}


@pytest.fixture(name="table")
def fixture_table(tmp_path):
    """Runs rule-table on a small tree; entries are SOUND but for what they say."""
    (tmp_path / "tests/rules").mkdir(parents=True)
    (tmp_path / "larger.c").write_text(RULE)
    (tmp_path / "test_larger.c").write_text(TEST)
    (tmp_path / "configure").write_text(CONFIGURE)
    (tmp_path / "configure").chmod(0o755)

    def run(*entries, head="", rules=()):
        text = head + "\n" + "\n".join(ENTRY.format(**{**SOUND, **entry}) for entry in entries)
        (tmp_path / "tests/rules/planted.txt").write_text(text)
        command = [TOP / "scripts/rule-table", "--tree", tmp_path, *rules]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert (tmp_path / "larger.c").read_text() == RULE
        return done.returncode, done.stdout, done.stderr

    return run


def test_an_opposite_that_is_noticed_is_a_row_of_the_table(table):
    code, output, errors = table({}, head="require A1\n")
    assert (code, errors) == (0, "")
    row = output.split("\n")[2]
    assert row.startswith("| A1 | the larger of two is found | `the_first_may_be_larger` |")
    assert "`if (a > b)` becomes `if (a < b)` | failed: " in row


def test_several_lines_may_be_replaced(table):
    code, output, _ = table({"old": "if (a > b)\nold return a;", "new": ";"})
    assert code == 0 and "1 opposites planted, 1 noticed" in output


def test_a_test_that_does_not_notice_is_told(table):
    code, output, _ = table({"new": "if (a >= b)"}, {"rule": "A2"})
    assert code == 1
    assert "**not noticed**" in output and "2 opposites planted, 1 noticed" in output


WRONG = {
    "stale": ({"old": "if (a > c)"}, "the old text stands 0 times in larger.c"),
    "ambiguous": ({"old": "return"}, "the old text stands 2 times in larger.c"),
    "no-build": ({"new": "if (a >"}, "failed:"),
    "no-test": ({"test": "test_larger no_such_test"}, "has no test no_such_test"),
    "red-before": ({"test": "test_larger a_test_that_is_wrong"}, "fails without anything planted"),
    "no-name": ({"test": "test_larger"}, "test is PROGRAM NAME"),
    "no-key": ({"new": "x\nwhy not"}, "'why'; allowed: require, rule"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_an_entry_that_proves_nothing_is_an_error(table, wrong):
    entry, complaint = WRONG[wrong]
    code, _, errors = table(entry)
    assert code == 1 and complaint in errors, errors


def test_a_required_rule_needs_an_entry(table):
    code, _, errors = table({}, {"rule": "A3"}, head="require A1-A3 D6\n")
    assert code == 1 and "no entry for A2 D6" in errors


def test_a_rule_that_is_asked_for_needs_an_entry(table):
    assert table({}, {"rule": "A2"}, rules=["A2"])[0] == 0
    code, _, errors = table({}, rules=["D9"])
    assert code == 1 and "no entry for D9" in errors


def test_an_endless_loop_or_a_crash_is_noticed(table):
    code, output, _ = table({"new": "while (a > b);\nnew if (0)"},
                            {"new": 'if (*(volatile int *)0)'})
    assert code == 0 and "2 opposites planted, 2 noticed" in output
