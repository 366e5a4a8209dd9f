# SPDX-License-Identifier: Apache-2.0
"""Memory of a real daemon: through a whole failover, and where it comes from."""

import os
import re
import shutil
from pathlib import Path

import pytest
from stage import BUILD, PROBES, REGIONS
from test_failover import wait_moved

EAST, _ = REGIONS


HEAP_KIB = 64 * 1024        # glibc reserves so much address space for the heap of a thread


def heaps_of_threads(pid):
    """What is reserved, and taken bit by bit: anonymous, not accessible, far larger than the guard
    of a stack."""
    ranges = re.findall(r"(?m)^([0-9a-f]+)-([0-9a-f]+) ---p 00000000 00:00 0 *$",
                        Path(f"/proc/{pid}/maps").read_text())
    return [size for first, last in ranges
            if HEAP_KIB // 2 < (size := (int(last, 16) - int(first, 16)) // 1024) <= HEAP_KIB]


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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look into a daemon's memory")
@pytest.mark.skipif(is_instrumented(), reason="a sanitizer has an allocator of its own")
def test_a_daemon_whose_threads_have_worked_has_one_heap(stage):
    """A heap for each thread would keep its peak: an hour of faults would look like a leak."""
    died = stage.kill_site("factory", EAST)
    wait_moved(stage)
    stage.wait_mail(30, since=died, Event="moved")      # sent by a thread
    for probe in PROBES:
        assert heaps_of_threads(stage.programs[probe].process.pid) == []
