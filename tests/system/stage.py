# SPDX-License-Identifier: Apache-2.0
"""Stage: everything a whole failover needs, on loopback addresses: Route 53's stand-in, the
services of two regions, a mailbox, three daemons on one store. For the demonstration and the system
tests. Ends what it started, and nothing else."""

import collections
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "tests" / "lab"))
from labctl import Lab, simple, weighted  # noqa: E402

PYTHON = "/usr/bin/python3"
BUILD = Path(os.environ.get("REGIONSHIFT_BUILD", TOP / "build"))
ZONE = "Z0123456789ABCDEFGHIJ"
REGIONS = ("us-east-1", "us-west-2")
SERVICES = ("pizza", "factory")
PROBES = ("use1", "usw2", "fra")
STOP_S = 15.0


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
        until = time.monotonic() + deadline
        with self.news:
            while True:
                for line in self.lines:
                    if line.at >= since and test(line):
                        return line
                left = until - time.monotonic()
                if left <= 0 or (self.process.poll() is not None and not self.reader.is_alive()):
                    raise StageError(f"{self.name} did not say it in {deadline} s; it said:\n"
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


def free_port(address):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((address, 0))
        return s.getsockname()[1]


def sanitizer_env(folder):
    """The environment in which a sanitizer (--enable-sanitize) leaves its reports in the folder."""
    return {"UBSAN_OPTIONS": "print_stacktrace=1",
            "ASAN_OPTIONS": f"exitcode=99:log_path={folder}/sanitizer"
                            ":verify_asan_link_order=0"}    # libfaketime is preloaded


def sanitizer_reports(folder):
    return [report.read_text() for report in sorted(Path(folder).glob("sanitizer.*"))]


def settings_text(changes):
    """config/jwt-pizza.conf with [(pattern, replacement, why)] applied; each must be found."""
    text = (TOP / "config" / "jwt-pizza.conf").read_text()
    for pattern, replacement, _ in changes:
        text, count = re.subn(pattern, replacement.replace("\\", "\\\\"), text, flags=re.S)
        if count == 0:
            raise StageError(f"config/jwt-pizza.conf has no {pattern!r} any more")
    return text


class Stage:
    """Starts in a folder of its own under TMPDIR. Addresses: 127.77.N.x, one N for each region."""

    def __init__(self, heard=None, lab_options=(), timing=None, folder=None):
        self.folder = Path(folder or tempfile.mkdtemp(prefix="regionshift-"))
        self.own_folder = folder is None
        self.heard = heard
        self.lab_options = list(lab_options)
        self.timing = dict({"interval": 2, "timeout": 1, "retry": 0.2, "fall": 3, "rise": 2,
                            "hold": 3, "stable": 5, "dwell": 5, "lease": 3}, **(timing or {}))
        self.programs = {}
        self.mails = []
        self.changes = []
        self.port = 0
        self.http_ports = {}
        self.more = []          # further changes of the settings: (pattern, replacement, why)

    @property
    def store(self):
        """The one file the daemons share, in a folder of its own."""
        return self.folder / "store" / "store.db"

    # -- addresses --

    @staticmethod
    def address(service, region):
        return f"127.77.{REGIONS.index(region) + 1}.{10 * (SERVICES.index(service) + 1)}"

    @staticmethod
    def probe_address(probe):
        return f"127.77.0.{PROBES.index(probe) + 1}"

    def http(self, probe):
        """ADDR:PORT of a daemon's HTTP API; the port is chosen once, so that stages can coexist."""
        if probe not in self.http_ports:
            self.http_ports[probe] = free_port(self.probe_address(probe))
        return f"{self.probe_address(probe)}:{self.http_ports[probe]}"

    def conf(self, probe):
        return self.folder / f"{probe}.conf"

    def socket(self, probe):
        return self.folder / probe / "control.sock"

    # -- start --

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.start_lab()
        self.start_mailbox()
        self.port = free_port(self.address("pizza", REGIONS[0]))
        for region in REGIONS:
            self.start_site("factory", region)
            self.start_site("pizza", region)
        self.write_settings()
        for probe in PROBES:
            self.start_daemon(probe)
        return self

    def start_lab(self):
        self.lab = Lab(zones={"example.com": ZONE}, log=str(self.folder / "route53.log"),
                       options=self.lab_options).start()
        self.lab.seed([weighted(f"{service}.example.com", f"{service}-{region}",
                                100 if region == REGIONS[0] else 0,
                                self.address(service, region))
                       for service in SERVICES for region in REGIONS])

    def start_mailbox(self):
        """A real SMTP server (aiosmtpd), which keeps what it is given."""
        def heard(line):
            try:
                said = json.loads(line.text)
            except ValueError:
                return
            if said["kind"] == "mail":
                self.mails.append(dict(said, at=line.at))
        program = Program("mailbox", [PYTHON, str(TOP / "tests/lib/alert_receivers.py"),
                                      str(self.folder)], stdin=subprocess.PIPE, heard=heard)
        self.programs["mailbox"] = program
        self.mail_ports = json.loads(
            program.wait_line(lambda line: '"ports"' in line.text, 20).text)

    def mailbox_command(self, text):
        process = self.programs["mailbox"].process
        process.stdin.write(text + "\n")
        process.stdin.flush()

    def start_site(self, service, region):
        name = f"{service}/{region}"
        command = [PYTHON, str(Path(__file__).parent / "pizzeria.py"),
                   f"{self.address(service, region)}:{self.port}", service, region]
        if service == "pizza":
            command.append(f"http://{self.address('factory', region)}:{self.port}/bake")
        program = Program(name, command)
        self.programs[name] = program
        program.wait_line(lambda line: " on " in line.text, 20)

    def kill_site(self, service, region):
        """SIGKILL, as a machine dies. Returns when."""
        at = time.monotonic()
        program = self.programs.pop(f"{service}/{region}")
        program.stop(signal.SIGKILL)
        return at

    def settle(self):
        """Takes the group on (init) and waits until every site is agreed up and stable."""
        for probe in PROBES:
            self.programs[probe].wait_line(lambda line: line.has(fact="store", status="ok"), 20)
        self.ctl("init", "--yes")
        for probe in PROBES:
            for service in SERVICES:
                for region in REGIONS:
                    self.wait_log(30, probes=(probe,), fact="agreement",
                                  site=f"{service}/{region}", state="up")
        self.wait_until("us-west-2 may gain", lambda: self.gate_open("gain", REGIONS[1]), 30)

    def gate_open(self, name, region, group="jwt-pizza"):
        """Whether `explain` says that this gate lets the region pass now."""
        explained = json.loads(self.ctl("explain", group, "--json").stdout)
        return any(gate["name"] == name and gate["open"] and region in gate["text"]
                   for gate in explained["gates"])

    # -- settings --

    def write_settings(self):
        t = self.timing
        short = {"us-east-1": "use1", "us-west-2": "usw2"}
        changes = [(r'    references = \(.*?\);\n', "",
                    "no reference outside this machine can be reached in a demonstration")]
        for key in ("interval", "timeout", "retry", "fall", "rise"):
            changes.append((rf"(?m)^    {key} = [0-9.]+;", f"    {key} = {t[key]};", "short times"))
        for key in ("hold", "stable", "dwell"):
            changes.append((rf"(?m)^        {key} = [0-9]+;", f"        {key} = {t[key]};",
                            "short times"))
        for service in SERVICES:
            for region in REGIONS:
                here = f"{self.address(service, region)}:{self.port}"
                changes.append((rf'url = "https://{short[region]}\.{service}\.example\.com/health"',
                                f'url = "http://{here}/health"',
                                "services on loopback addresses, plain HTTP"))
        for old, service, region in (("192.0.2.10", "pizza", REGIONS[0]),
                                     ("198.51.100.10", "pizza", REGIONS[1]),
                                     ("192.0.2.20", "factory", REGIONS[0]),
                                     ("198.51.100.20", "factory", REGIONS[1])):
            changes.append((re.escape(f'"{old}"'), f'"{self.address(service, region)}"',
                            "services on loopback addresses, plain HTTP"))
        changes += [
            (r'path = "/var/lib/regionshift/store\.db";',
             f'path = "{self.store}";\n    lease = {t["lease"]};',
             "everything in one folder; a short lease"),
            (r'    region = "us-east-1";\n};',
             f'    region = "us-east-1";\n    endpoint = "{self.lab.endpoint}";\n'
             f'    nameservers = [ "{self.lab.dns}" ];\n}};', "Route 53's stand-in"),
            (r'        host = "smtp\.example\.com";',
             f'        host = "127.0.0.1";\n        port = {self.mail_ports["plain"]};\n'
             '        tls = "none";', "a mailbox on this machine"),
            (r',\n    \{\n        type = "webhook";.*?\n    \}', "", "no webhook"),
        ]
        self.changes = changes + self.more
        text = settings_text(self.changes)
        self.store.parent.mkdir(exist_ok=True)
        for probe in PROBES:
            home = self.folder / probe
            home.mkdir(mode=0o700, exist_ok=True)
            own = text.replace("127.0.0.1:8053", self.http(probe))
            own = own.replace("/run/regionshift/control.sock", str(self.socket(probe)))
            own = own.replace("/var/lib/regionshift/history.db", f"{home}/history.db")
            own += f'\nalerting = {{ spool = "{home}/spool"; }};\n'
            self.conf(probe).write_text(own)

    # -- daemons --

    def env(self):
        """What a sanitizer finds in a program (--enable-sanitize) is kept: see stop()."""
        env = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        return dict(env, **sanitizer_env(self.folder))

    def daemon_env(self):
        return dict(self.env(), **self.lab.credentials_env(), AWS_CONFIG_FILE="/dev/null",
                    AWS_SHARED_CREDENTIALS_FILE="/dev/null")

    def start_daemon(self, probe, wrapper=(), options=()):
        self.programs[probe] = Program(
            probe, [*wrapper, str(BUILD / "regionshiftd"), "-c", str(self.conf(probe)), "--probe",
                    probe, *options], env=self.daemon_env(), heard=self.heard)

    def stop_daemon(self, probe, number=signal.SIGTERM):
        return self.programs.pop(probe).stop(number)

    def ctl(self, *arguments, probe=PROBES[0], check=True):
        """Runs `regionshift`; returns its CompletedProcess."""
        done = subprocess.run([str(BUILD / "regionshift"), "-s", f"unix:{self.socket(probe)}",
                               *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60, check=False, env=self.env())
        if check and done.returncode != 0:
            raise StageError(f"regionshift {' '.join(arguments)}: exit {done.returncode}\n"
                             f"{done.stdout}{done.stderr}")
        return done

    def status(self, probe=PROBES[0]):
        return json.loads(self.ctl("status", "--json", probe=probe).stdout)

    # -- waiting, always on an event with a deadline --

    def wait_log(self, deadline, since=0.0, probes=PROBES, **wanted):
        """The first line of any of the daemons that has these pairs."""
        until = time.monotonic() + deadline
        while True:
            found = [line for probe in probes if probe in self.programs
                     for line in list(self.programs[probe].lines)
                     if line.at >= since and line.has(**wanted)]
            if found:
                return min(found, key=lambda line: line.at)
            if time.monotonic() > until:
                raise StageError(f"no daemon said {wanted} in {deadline} s:\n" + self.tail())
            time.sleep(0.02)

    def wait_until(self, what, test, deadline):
        until = time.monotonic() + deadline
        while True:
            seen = test()
            if seen:
                return seen
            if time.monotonic() > until:
                raise StageError(f"not in {deadline} s: {what}\n" + self.tail())
            time.sleep(0.05)

    def wait_mail(self, deadline, since=0.0, **headers):
        """The first mail since then whose X-Regionshift headers are these, e.g. Event="moved"."""
        def found():
            for mail in list(self.mails):
                data = mail["data"]
                if mail["at"] >= since and all(
                        re.search(rf"(?im)^X-Regionshift-{key}: {re.escape(value)}\s*$", data)
                        for key, value in headers.items()):
                    return mail
            return None
        return self.wait_until(f"mail with {headers}", found, deadline)

    def tail(self, count=12):
        return "\n".join(f"  {probe}: {line.text}" for probe in PROBES if probe in self.programs
                         for line in list(self.programs[probe].lines)[-count:])

    # -- what customers see --

    def dig(self, name, count=20):
        """{address: answers} of `count` queries with dig at the zone's name server."""
        host, port = self.lab.dns_address
        done = subprocess.run(["dig", f"@{host}", "-p", str(port), "+short", "+tries=2",
                               "+time=2", *[name] * count], capture_output=True, text=True,
                              timeout=60, check=True)
        return collections.Counter(done.stdout.split())

    def order_pizza(self):
        """One customer: resolves the name, orders; returns (status, text)."""
        address = next(iter(self.dig("pizza.example.com", 1)))
        done = subprocess.run(["curl", "-s", "--noproxy", "*", "-m", "3", "-X", "POST", "-w",
                               "\n%{http_code}", f"http://{address}:{self.port}/order"],
                              capture_output=True, text=True, timeout=30, check=False)
        text, _, status = done.stdout.rpartition("\n")
        return int(status or 0), text.strip()

    # -- end --

    def stop(self):
        """Ends everything, daemons first. A daemon that crashed, failed or hung is an error, and
        so is what a sanitizer found, whoever stopped the daemon and whatever it returned."""
        failed = []
        for name in sorted(self.programs, key=lambda name: name not in PROBES):
            try:
                status = self.programs[name].stop()
                if name in PROBES and status not in (0, -signal.SIGKILL):
                    failed.append(f"{name} ended with {status}")
            except StageError as error:
                failed.append(str(error))
        self.programs.clear()
        if hasattr(self, "lab"):
            self.lab.stop()
        failed += sanitizer_reports(self.folder)
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)
        if failed:
            raise StageError("\n".join(failed))
