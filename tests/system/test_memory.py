# SPDX-License-Identifier: Apache-2.0
"""Memory of a real daemon through a whole failover."""

import shutil

import pytest
from stage import BUILD, PROBES, REGIONS
from test_failover import wait_moved

EAST, _ = REGIONS


def is_instrumented():
    return b"__asan_" in (BUILD / "regionshiftd").read_bytes()


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
@pytest.mark.skipif(is_instrumented(), reason="a sanitized build cannot run under valgrind")
def test_a_daemon_leaks_nothing_and_errs_nowhere_through_a_failover(make_stage, tmp_path):
    report = tmp_path / "valgrind.log"
    stage = make_stage(settle=False, timing={"interval": 2, "lease": 10})
    stage.programs[PROBES[0]].wait_line(lambda line: line.has(fact="store", status="ok"), 20)
    assert stage.stop_daemon(PROBES[0]) == 0
    stage.start_daemon(PROBES[0], wrapper=[
        "valgrind", "--leak-check=full", "--show-leak-kinds=definite,indirect,possible",
        "--errors-for-leak-kinds=definite,indirect,possible", "--error-exitcode=99",
        f"--log-file={report}"])
    stage.settle()
    died = stage.kill_site("factory", EAST)
    wait_moved(stage, 60)
    stage.wait_log(60, since=died, probes=(PROBES[0],), fact="applied", epoch=2)
    stage.wait_mail(60, since=died, Event="moved")
    stage.wait_log(60, since=died, fact="servers", state="done")
    stage.wait_all_told(60)
    assert stage.stop_daemon(PROBES[0]) == 0, report.read_text()
    assert "ERROR SUMMARY: 0 errors" in report.read_text()
