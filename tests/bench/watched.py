# SPDX-License-Identifier: Apache-2.0
"""A program under measurement, with all processes of its session: what it takes from the machine
by the kernel's own books. schedstat counts the nanoseconds of every thread; how they divide into
user and system is known by ticks alone."""

import os
import signal
import subprocess
from pathlib import Path

from programs import BUILD

STOP_S = 10


def library_path():
    """Where the libraries lie that tests/bench/fetch unpacked."""
    return ":".join(str(folder) for folder in (BUILD / "tools/usr/lib").glob("*-linux-gnu"))


class Watched:
    """Its output goes to a file: a pipe would have to be read, and that costs, too."""

    def __init__(self, command, log, env=None):
        self.log = Path(log)
        with open(self.log, "wb") as file:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file,
                                            stderr=subprocess.STDOUT, start_new_session=True,
                                            env={**os.environ, **(env or {})})

    def is_alive(self):
        return self.process.poll() is None

    def pids(self):
        """The processes of its session: whoever it forked and did not send away."""
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    fields = (folder / "stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue        # it is gone
                if int(fields[3]) == self.process.pid:
                    found.append(int(folder.name))
        return found

    def look(self):
        """{"cpu_ns", "user_ticks", "system_ticks", "resident_kb"} of now."""
        seen = {"cpu_ns": 0, "user_ticks": 0, "system_ticks": 0, "resident_kb": 0}
        for pid in self.pids():
            folder = Path(f"/proc/{pid}")
            for task in (folder / "task").iterdir():
                seen["cpu_ns"] += int((task / "schedstat").read_text().split()[0])
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            seen["user_ticks"] += int(fields[11])
            seen["system_ticks"] += int(fields[12])
            for line in (folder / "status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    seen["resident_kb"] += int(line.split()[1])
        return seen

    def said(self):
        return self.log.read_text(errors="replace")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
