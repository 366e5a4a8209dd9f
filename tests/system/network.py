# SPDX-License-Identifier: Apache-2.0
"""Network: hosts of our own on this machine, each a network namespace, joined by tests/lab/wan.

The namespaces are called rslab-PID-K-HOST: PID is ours, K counts the networks of this process, so
that laboratories do not meet, and what a killed one left is known by its dead PID and removed by
the next."""

import ctypes
import itertools
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

from programs import BUILD, Program, StageError

WAN = BUILD / "tests" / "lab" / "wan"
NAMESPACES = Path("/run/netns")
MEMORY = Path("/dev/shm")
CLONE_NEWNET = 0x40000000
ANSWER_S = 60.0
END_S = 60.0
_NAME = re.compile(r"rslab-(\d+)-(\d+)(-|$)")
_numbers = itertools.count()
_ours = set()           # "rslab-PID-K" of the networks that live in this process
_libc = ctypes.CDLL(None, use_errno=True)


def why_not():
    """Why there can be no network here, in a word for who skips; None if there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not Path("/dev/net/tun").exists():
        return "there is no /dev/net/tun"
    for tool in ("ip", "nsenter"):
        if shutil.which(tool) is None:
            return f"there is no `{tool}` (Debian: iproute2, util-linux)"
    if not WAN.exists():
        return f"{WAN} is not built (make tests/lab/wan)"
    if subprocess.run(["unshare", "--net", "true"], stderr=subprocess.DEVNULL,
                      check=False).returncode != 0:
        return "root may not make network namespaces here"
    return None


def ip(*arguments, lines=None):
    """Runs ip(8); with lines as its batch."""
    done = subprocess.run(["ip", *arguments], input=lines, capture_output=True, text=True,
                          timeout=60, check=False)
    if done.returncode != 0:
        raise StageError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def end_processes_of(namespace):
    """SIGKILL to whatever runs in a namespace of ours; returns when it has ended."""
    for pid in ip("netns", "pids", namespace).split():
        try:
            process = os.pidfd_open(int(pid))
        except ProcessLookupError:
            continue
        try:
            signal.pidfd_send_signal(process, signal.SIGKILL)
            select.select([process], [], [], END_S)
        except ProcessLookupError:
            pass
        finally:
            os.close(process)


def is_left_over(name):
    """Whether a name is of a network whose process is dead, or was not this one but its number."""
    match = _NAME.match(name)
    if not match:
        return False
    if int(match[1]) == os.getpid():
        return f"rslab-{match[1]}-{match[2]}" not in _ours
    return not Path(f"/proc/{match[1]}").exists()


def sweep():
    """Removes what killed laboratories left: their processes, namespaces and files."""
    for path in sorted(NAMESPACES.glob("rslab-*")):
        if is_left_over(path.name):
            remove(path.name)
    for parent in {MEMORY, Path(tempfile.gettempdir())}:
        for path in parent.glob("rslab-*"):
            if is_left_over(path.name):
                shutil.rmtree(path, ignore_errors=True)


def remove(namespace):
    """Ends what runs in it, and removes it. Another laboratory's sweep may be quicker, and a Ctrl-C
    may have left half of one, a file that is no namespace: what matters is that nothing is left."""
    for step in (end_processes_of, lambda name: ip("netns", "del", name)):
        try:
            step(namespace)
        except StageError:
            pass
    (NAMESPACES / namespace).unlink(missing_ok=True)


class Network:
    """hosts: {name: [addresses]}; the first address is the one a host speaks from."""

    def __init__(self, hosts):
        self.hosts = dict(hosts)
        self.name = f"rslab-{os.getpid()}-{next(_numbers)}"
        self.made = []              # namespaces
        self.wan = None
        self.folder = None

    # -- its life --

    def start(self):
        sweep()
        _ours.add(self.name)
        self.folder = Path(tempfile.mkdtemp(prefix=f"{self.name}-",
                                            dir=MEMORY if os.access(MEMORY, os.W_OK) else None))
        for host in self.hosts:
            self.made.append(self.namespace(host))      # first: a Ctrl-C may come in between
            ip("netns", "add", self.namespace(host))
        self.wan = Program("wan", [str(WAN), str(self.folder / "wan"), *[
            f"{host}={self.namespace(host)}={','.join(addresses)}"
            for host, addresses in self.hosts.items()]], stdin=subprocess.PIPE)
        self.wan.wait_line(lambda line: line.text == "ready", 20)
        for host, addresses in self.hosts.items():
            ip("-n", self.namespace(host), "-batch", "-", lines="\n".join([
                "link set lo up", "link set wan0 up",
                *[f"addr add {address}/32 dev wan0" for address in addresses],
                f"route add 10.77.0.0/16 dev wan0 src {addresses[0]}"]) + "\n")
        return self

    def stop(self):
        """Ends whatever runs in the namespaces, and removes them and the folder."""
        if self.wan is not None:
            self.wan.process.stdin.close()
            self.wan.stop()
            self.wan = None
        while self.made:
            remove(self.made[-1])
            self.made.pop()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
        _ours.discard(self.name)

    # -- being on a host --

    def namespace(self, host):
        return f"{self.name}-{host}"

    def on(self, host):
        """Put before a command, it runs on the host, sees the same files, is the same process."""
        return ["nsenter", f"--net={NAMESPACES / self.namespace(host)}", "--"]

    def call(self, host, function, *arguments, **named):
        """What the function returns when it is called on the host: its sockets are the host's. A
        namespace is a thread's, so a thread goes there, and ends there."""
        outcome = {}

        def visit():
            try:
                with open(NAMESPACES / self.namespace(host), "rb") as there:
                    if _libc.setns(there.fileno(), CLONE_NEWNET) != 0:
                        raise OSError(ctypes.get_errno(), f"cannot enter {host}")
                outcome["value"] = function(*arguments, **named)
            except BaseException as error:
                outcome["error"] = error
        thread = threading.Thread(target=visit)
        thread.start()
        thread.join()
        if "error" in outcome:
            raise outcome["error"]
        return outcome["value"]

    # -- the links: see tests/lab/wan_words.c --

    def command(self, *lines):
        """Commands that take effect at one instant; returns the answer without its "ok"."""
        mine = str(self.folder / f"answers-{threading.get_ident()}")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.settimeout(ANSWER_S)
            s.bind(mine)
            try:
                s.sendto("\n".join(lines).encode(), str(self.folder / "wan"))
                answer = s.recv(1 << 20).decode()
            finally:
                os.unlink(mine)
        if not answer.endswith("ok\n"):
            raise StageError(f"wan: {'; '.join(lines)}: {answer.strip()}")
        return answer[:-len("ok\n")]

    def links(self):
        """{(from, to): {"delay": 40.0, "jitter", "loss", "state": "open" or "cut", "passed", "lost"
        (packets)}} as they are now."""
        found = {}
        for line in self.command("show").splitlines():
            a, b, _, delay, _, jitter, _, loss, state, _, passed, _, lost = line.split()
            found[a, b] = {"delay": float(delay), "jitter": float(jitter), "loss": float(loss),
                           "state": state, "passed": int(passed), "lost": int(lost)}
        return found
