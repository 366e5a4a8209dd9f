# SPDX-License-Identifier: Apache-2.0
"""Programs that the system tests start, read and end; and what is wrong when they do not do it."""

import collections
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("REGIONSHIFT_BUILD", TOP / "build"))
PYTHON = "/usr/bin/python3"
STOP_S = 60.0       # for what hangs
BUSY = 4            # a deadline is what a quiet machine needs, with room; a busy one gets more
HELD = []           # sockets that keep the ports of free_port()


class StageError(Exception):
    """Something on the stage did not do what it should; the text says what was seen."""


class Line:
    """One line of a daemon's log: when we read it, and its logfmt pairs."""

    def __init__(self, probe, text):
        self.at = time.monotonic()
        self.probe = probe
        self.text = text.rstrip("\n")
        self.pairs = {m[1]: m[2].strip('"') for m in
                      re.finditer(r'([a-z_0-9]+)=("(?:[^"\\]|\\.)*"|\S*)', text)}

    def has(self, **wanted):
        return all(self.pairs.get(key) == str(value) for key, value in wanted.items())


class Program:
    """A child process whose output is read as it comes."""

    def __init__(self, name, command, env=None, stdin=subprocess.DEVNULL, heard=None):
        self.name = name
        self.lines = collections.deque(maxlen=20000)
        self.news = threading.Condition()
        self.heard = heard
        self.process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, env=env, text=True,
                                        errors="replace", start_new_session=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for text in self.process.stdout:
            line = Line(self.name, text)
            with self.news:
                self.lines.append(line)
                self.news.notify_all()
            if self.heard:
                self.heard(line)

    def wait_line(self, test, deadline, since=0.0):
        """The first line after `since` that passes the test, or StageError."""
        until = time.monotonic() + BUSY * deadline
        with self.news:
            while True:
                for line in self.lines:
                    if line.at >= since and test(line):
                        return line
                left = until - time.monotonic()
                if left <= 0 or (self.process.poll() is not None and not self.reader.is_alive()):
                    raise StageError(f"{self.name} did not say it in {BUSY * deadline} s; "
                                     "it said:\n"
                                     + "\n".join(line.text for line in list(self.lines)[-15:]))
                self.news.wait(min(left, 0.5))

    def send(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)

    def stop(self, number=signal.SIGTERM, deadline=STOP_S):
        """Ends this process; returns its exit status."""
        self.send(number)
        try:
            self.process.wait(deadline)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise StageError(f"{self.name} did not end in {deadline} s") from None
        finally:
            self.reader.join(5)
        return self.process.returncode


def find_tool(name):
    """Where a server is that is installed, or unpacked by ./quickstart; None if it is nowhere."""
    unpacked = BUILD / "tools" / "usr"
    return shutil.which(name, path=os.pathsep.join(
        [os.environ.get("PATH", ""), str(unpacked / "bin"), str(unpacked / "sbin"), "/usr/sbin",
         "/sbin"]))


def free_port(address):
    """A port for a server that reuses addresses, as all of ours do, or for nobody. The socket that
    is bound and does not listen keeps it: the kernel gives it to no other test meanwhile."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind((address, 0))
    HELD.append(holder)
    return holder.getsockname()[1]


def sanitizer_env(folder):
    """The environment in which a sanitizer (--enable-sanitize) leaves its reports in the folder."""
    return {"UBSAN_OPTIONS": "print_stacktrace=1",
            "ASAN_OPTIONS": f"exitcode=99:log_path={folder}/sanitizer"
                            ":verify_asan_link_order=0"}    # libfaketime is preloaded


def faketime_env(clock, monotonic=False):
    """The environment in which a program sees another clock, as libfaketime has it: "-1d" a day
    behind, "+0 x5" five times as fast; monotonic: that one, too, and with it what the program waits
    for. Without the command faketime, which would stand between it and us, and take the signals."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    wall_alone = {"FAKETIME_DONT_FAKE_MONOTONIC": "1",
                  "FAKETIME_FORCE_MONOTONIC_FIX": "0"}   # or timed waits of threads would spin
    return {"LD_PRELOAD": str(library), "FAKETIME": clock, **({} if monotonic else wall_alone)}


def sanitizer_reports(folder):
    return [report.read_text() for report in sorted(Path(folder).glob("sanitizer.*"))]
