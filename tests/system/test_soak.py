# SPDX-License-Identifier: Apache-2.0
"""Two periods of the soak, for `make check-system LONG=1`: the program tells nothing it cannot say
no to (soak_plan.py), and here it has to say yes."""

import os
import subprocess

import pytest
from programs import PYTHON, TOP
from regions import why_not

REASON = why_not() or (None if os.environ.get("LONG", "0") not in ("", "0")
                       else "minutes of random faults: LONG=1")
pytestmark = pytest.mark.skipif(REASON is not None, reason=str(REASON))


def test_minutes_of_random_faults_move_nothing_without_a_reason(tmp_path):
    report = tmp_path / "soak.md"
    done = subprocess.run([PYTHON, str(TOP / "tests/system/soak"), "--seed", "1", "--minutes", "3",
                           "--report", str(report)], capture_output=True, text=True, timeout=900,
                          check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    assert "**0 violations.**" in report.read_text()
