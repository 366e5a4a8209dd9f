# SPDX-License-Identifier: Apache-2.0
"""Deployment: daemons that share one settings file, Route 53's stand-in, a mailbox. What the stage
on loopback addresses (stage.py) and the regions in namespaces (regions.py) have in common."""

import collections
import json
import os
import re
import signal
import subprocess
import time

from programs import (BUILD, BUSY, PYTHON, TOP, Program, StageError, sanitizer_env,
                      sanitizer_reports)

ZONE = "Z0123456789ABCDEFGHIJ"
REGIONS = ("us-east-1", "us-west-2")
SERVICES = ("pizza", "factory")
NORMAL = {"us-east-1": 100, "us-west-2": 0}
TIMING = {"interval": 2, "timeout": 1, "retry": 0.2, "fall": 3, "rise": 2, "hold": 3, "stable": 5,
          "dwell": 5, "lease": 3}
_SHORT = {"us-east-1": "use1", "us-west-2": "usw2"}
_VALUES = {("pizza", "us-east-1"): "192.0.2.10", ("pizza", "us-west-2"): "198.51.100.10",
           ("factory", "us-east-1"): "192.0.2.20", ("factory", "us-west-2"): "198.51.100.20"}


def settings_text(changes, text=None):
    """A text (none: config/jwt-pizza.conf) with [(pattern, replacement, why)] applied; each must be
    found."""
    text = text or (TOP / "config" / "jwt-pizza.conf").read_text()
    for pattern, replacement, _ in changes:
        text, count = re.subn(pattern, replacement.replace("\\", "\\\\"), text, flags=re.S)
        if count == 0:
            raise StageError(f"config/jwt-pizza.conf has no {pattern!r} any more")
    return text


class Deployment:
    """What starts what, and where, is the matter of who inherits: probes (the names of the
    daemons), address(), site_url(), store_section(), own_section(), remove_folder(), self.lab."""

    probes = ("use1", "usw2", "fra")

    def __init__(self, folder, heard=None, timing=None):
        self.folder = folder
        self.heard = heard
        self.timing = dict(TIMING, **(timing or {}))
        self.programs = {}
        self.mails = []
        self.changes = []
        self.more = []          # further changes of the settings: (pattern, replacement, why)
        self.releases = {}      # probe: another build of the daemon than build/regionshiftd
        self.lab = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def conf(self, probe):
        return self.folder / f"{probe}.conf"

    def socket(self, probe):
        return self.folder / probe / "control.sock"

    # -- the mailbox --

    def start_mailbox(self, address="127.0.0.1", wrapper=()):
        """A real SMTP server (aiosmtpd), which keeps what it is given."""
        def heard(line):
            try:
                said = json.loads(line.text)
            except ValueError:
                return
            if said["kind"] == "mail":
                self.mails.append(dict(said, at=line.at))
        program = Program("mailbox", [*wrapper, PYTHON, str(TOP / "tests/lib/alert_receivers.py"),
                                      str(self.folder), address], stdin=subprocess.PIPE,
                          heard=heard)
        self.programs["mailbox"] = program
        self.mail_address = address
        self.mail_ports = json.loads(
            program.wait_line(lambda line: '"ports"' in line.text, 20).text)

    def mailbox_command(self, text):
        process = self.programs["mailbox"].process
        process.stdin.write(text + "\n")
        process.stdin.flush()

    # -- settings --

    def common_changes(self):
        """What every deployment changes in the example: times, places, whom it talks to."""
        t = self.timing
        changes = [(r'    references = \(.*?\);\n', "",
                    "no reference outside this machine can be reached in a demonstration")]
        for key in ("interval", "timeout", "retry", "fall", "rise"):
            changes.append((rf"(?m)^    {key} = [0-9.]+;", f"    {key} = {t[key]};", "short times"))
        for key in ("hold", "stable", "dwell"):
            changes.append((rf"(?m)^        {key} = [0-9]+;", f"        {key} = {t[key]};",
                            "short times"))
        for (service, region), value in _VALUES.items():
            changes += [
                (rf'url = "https://{_SHORT[region]}\.{service}\.example\.com/health"',
                 f'url = "{self.site_url(service, region)}"', self.why_sites),
                (re.escape(f'"{value}"'), f'"{self.address(service, region)}"', self.why_sites)]
        changes += [
            (r'(?m)^store = \{\n.*?^\};', "store = {\n" + self.store_section() + "};",
             self.why_store),
            (r'    region = "us-east-1";\n};',
             f'    region = "us-east-1";\n    endpoint = "{self.lab.endpoint}";\n'
             f'    nameservers = [ "{self.lab.dns}" ];\n}};', "Route 53's stand-in"),
            (r'        host = "smtp\.example\.com";',
             f'        host = "{self.mail_address}";\n        port = {self.mail_ports["plain"]};\n'
             '        tls = "none";', "a mailbox on this machine"),
            (r',\n    \{\n        type = "webhook";.*?\n    \}', "", "no webhook"),
        ]
        return changes

    def write_settings(self):
        self.changes = self.common_changes() + self.more
        text = settings_text(self.changes)
        for probe in self.probes:
            home = self.folder / probe
            home.mkdir(mode=0o700, exist_ok=True)
            own = self.own_section(probe, text)
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
                    AWS_SHARED_CREDENTIALS_FILE="/dev/null",
                    AWS_EC2_METADATA_DISABLED="true")

    def start_daemon(self, probe, wrapper=(), options=()):
        program = BUILD / self.releases.get(probe, "regionshiftd")
        self.programs[probe] = Program(
            probe, [*wrapper, str(program), "-c", str(self.conf(probe)), "--probe", probe,
                    *options], env=self.daemon_env(), heard=self.heard)

    def stop_daemon(self, probe, number=signal.SIGTERM):
        return self.programs.pop(probe).stop(number)

    def run_ctl(self, probe, arguments, check):
        """Runs `regionshift`; returns its CompletedProcess."""
        done = subprocess.run([str(BUILD / "regionshift"), "-s", f"unix:{self.socket(probe)}",
                               *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60, check=False, env=self.env())
        if check and done.returncode != 0:
            raise StageError(f"regionshift {' '.join(arguments)}: exit {done.returncode}\n"
                             f"{done.stdout}{done.stderr}")
        return done

    def gate_open(self, name, region, group="jwt-pizza"):
        """Whether `explain` says that this gate lets the region pass now."""
        explained = json.loads(self.run_ctl(self.probes[0], ["explain", group, "--json"],
                                            True).stdout)
        return any(gate["name"] == name and gate["open"] and region in gate["text"]
                   for gate in explained["gates"])

    def settle(self, deadline=30):
        """Takes the group on (init) and waits until every site is agreed up and stable."""
        for probe in self.probes:
            self.programs[probe].wait_line(lambda line: line.has(fact="store", status="ok"),
                                           deadline)
        self.run_ctl(self.probes[0], ["init", "--yes"], True)
        for probe in self.probes:
            for service in SERVICES:
                for region in REGIONS:
                    self.wait_log(deadline, probes=(probe,), fact="agreement",
                                  site=f"{service}/{region}", state="up")
        self.wait_until("us-west-2 may gain", lambda: self.gate_open("gain", REGIONS[1]), deadline)

    # -- waiting, always on an event with a deadline --

    def wait_log(self, deadline, since=0.0, probes=None, **wanted):
        """The first line of any of the daemons that has these pairs."""
        until = time.monotonic() + BUSY * deadline
        while True:
            found = [line for probe in probes or self.probes if probe in self.programs
                     for line in list(self.programs[probe].lines)
                     if line.at >= since and line.has(**wanted)]
            if found:
                return min(found, key=lambda line: line.at)
            if time.monotonic() > until:
                raise StageError(f"no daemon said {wanted} in {BUSY * deadline} s:\n" + self.tail())
            time.sleep(0.02)

    def wait_until(self, what, test, deadline):
        until = time.monotonic() + BUSY * deadline
        while True:
            seen = test()
            if seen:
                return seen
            if time.monotonic() > until:
                raise StageError(f"not in {BUSY * deadline} s: {what}\n" + self.tail())
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

    def wait_all_told(self, deadline):
        """Until no daemon has an alert to send: nobody will hear of one more by what happened."""
        self.wait_until("no alert waits", lambda: not any(
            list((self.folder / probe / "spool").rglob("*.alert")) for probe in self.probes),
            deadline)

    def tail(self, count=12):
        return "\n".join(f"  {probe}: {line.text}" for probe in self.probes
                         if probe in self.programs
                         for line in list(self.programs[probe].lines)[-count:])

    # -- what customers see --

    def dig(self, name, count=20, wrapper=()):
        """{address: answers} of `count` queries with dig at the zone's name server."""
        host, port = self.lab.dns_address
        done = subprocess.run([*wrapper, "dig", f"@{host}", "-p", str(port), "+short", "+tries=2",
                               "+time=2", *[name] * count], capture_output=True, text=True,
                              timeout=60, check=True)
        return collections.Counter(done.stdout.split())

    # -- end --

    def stop_programs(self, names=None):
        """Ends these programs, or all, daemons first; returns what was wrong with the daemons' end.
        A daemon that crashed, failed or hung is an error, whoever stopped it."""
        failed = []
        names = list(self.programs) if names is None else names
        for name in sorted(names, key=lambda name: name not in self.probes):
            try:
                status = self.programs[name].stop()
                if name in self.probes and not self._ended_well(name, status):
                    failed.append(f"{name} ended with {status}")
            except StageError as error:
                failed.append(str(error))
            del self.programs[name]
        return failed

    def _ended_well(self, probe, status):
        """A daemon that had not said a word yet may die of SIGTERM, as every program does."""
        begun = len(self.programs[probe].lines) > 0
        return status in (0, -signal.SIGKILL) or (status == -signal.SIGTERM and not begun)

    def stop(self):
        """Ends everything. What a sanitizer found is an error, too."""
        failed = self.stop_programs()
        if self.lab is not None:
            self.lab.stop()
        failed += sanitizer_reports(self.folder)
        self.remove_folder()
        if failed:
            raise StageError("\n".join(failed))
