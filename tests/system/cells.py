# SPDX-License-Identifier: Apache-2.0
"""What the tests that are marked with a cell of docs/CHECKS.md's table came to, for scripts/cells:
in the file that REGIONSHIFT_CELLS names, if it is set."""

import json
import os
from pathlib import Path

PASSED = "passed"


def register(config):
    config.addinivalue_line("markers", "cell(kind, what, server): fills a cell of the table in "
                                       "docs/CHECKS.md (scripts/cells)")


def note(items):
    """The marks go with the reports, also from one process to another."""
    for item in items:
        item.user_properties += [("cell", list(mark.args)) for mark in item.iter_markers("cell")]


def write(stats):
    """A test has several reports: its worst counts. What was deselected has none."""
    tests = {}
    for report in (report for word, reports in stats.items() if word != "deselected"
                   for report in reports):
        cells = [value for name, value in getattr(report, "user_properties", ()) if name == "cell"]
        before = tests.get(report.nodeid, (PASSED,))[0] if cells else None
        if cells:
            outcome = report.outcome if report.outcome != PASSED else before
            tests[report.nodeid] = (outcome, cells)
    if "REGIONSHIFT_CELLS" in os.environ:
        Path(os.environ["REGIONSHIFT_CELLS"]).write_text(json.dumps(tests, indent=1) + "\n")
