# SPDX-License-Identifier: Apache-2.0
"""Lab: starts, drives and ends a stand-in for Route 53. For tests and the demonstration.

    with Lab(zones={"example.com": "ZLAB1"}, log="lab.log") as lab:
        lab.seed([weighted("pizza.example.com", "use1", 100, "192.0.2.10")])
        lab.fault("late", seconds=2)
        ... run something against lab.endpoint, with lab.credentials_env() in its environment ...
        entry = lab.wait_for_batch(verdict="accepted")

Needs only the standard library; the lab itself needs Debian's botocore and dnspython.
"""

import json
import os
import select
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote

PROGRAM = Path(__file__).resolve().parent / "route53"
PYTHON = "/usr/bin/python3"
ACCESS_KEY = "AKIALABLABLABLABLAB1"
SECRET_KEY = "lab/secret+key/for/tests+only/0123456789"
START_S = 60.0
STOP_S = 60.0
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class LabError(Exception):
    """The lab did not start, or refused what was asked of it."""


def weighted(name, identifier, weight, value, rtype="A", ttl=60):
    """A weighted record set as the API and the lab's own calls take it."""
    return {"Name": name, "Type": rtype, "SetIdentifier": identifier, "Weight": weight,
            "TTL": ttl, "ResourceRecords": [{"Value": value}]}


def simple(name, rtype, *values, ttl=60):
    return {"Name": name, "Type": rtype, "TTL": ttl,
            "ResourceRecords": [{"Value": value} for value in values]}


def fence(group, apex, text, ttl=10):
    return simple(f"_regionshift.{group}.{apex}", "TXT", f'"{text}"', ttl=ttl)


class Lab:
    """A running lab. `options` are further options of the program, e.g. ["--rate", "0"]; `wrapper`
    is put before the command, e.g. ["nsenter", "--net=...", "--"]."""

    def __init__(self, zones=None, log=None, http="127.0.0.1:0", dns=("127.0.0.1:0",),
                 options=(), wrapper=()):
        self.zones = dict(zones or {"example.com": "ZLAB1"})
        self.log_path = log
        dns = [dns] if isinstance(dns, str) else dns
        self._command = [*wrapper, PYTHON, str(PROGRAM), "--http", http]
        for where in dns:
            self._command += ["--dns", where]
        for name, zone_id in self.zones.items():
            self._command += ["--zone", f"{name}={zone_id}"]
        if log:
            self._command += ["--log", str(log)]
        self._command += list(options)
        self._process = self._errors = None
        self.http = self.dns = self.control = None      # "ADDR:PORT" once started
        self.scheme = "http"
        self.dns_all = []

    # -- its life --

    def start(self):
        """Returns once the lab listens. Raises LabError with what it said."""
        self._errors = tempfile.TemporaryFile()
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL,
                                         stdout=subprocess.PIPE, stderr=self._errors, text=True)
        try:
            spoke, _, _ = select.select([self._process.stdout], [], [], START_S)
            line = self._process.stdout.readline() if spoke else ""
        except BaseException:
            self.stop()                 # Ctrl-C while it starts leaves nothing behind
            raise
        if not line:
            said = self.stop()
            raise LabError(f"the lab did not start: {said.strip() or 'it says nothing'}")
        ready = json.loads(line)
        self.http, self.dns, self.control = ready["http"], ready["dns"], ready["control"]
        self.scheme, self.dns_all = ready["scheme"], ready["dns_all"]
        return self

    def stop(self):
        """Ends just this process; returns what it wrote to stderr."""
        if self._process is None:
            return ""
        process, self._process = self._process, None
        process.terminate()
        try:
            process.communicate(timeout=STOP_S)
            return self.said()
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise LabError("the lab did not end on SIGTERM") from None

    def said(self):
        """What the lab wrote to stderr so far; nothing, if all is well."""
        size = os.fstat(self._errors.fileno()).st_size
        return os.pread(self._errors.fileno(), size, 0).decode(errors="replace")

    @property
    def pid(self):
        return self._process.pid if self._process else None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    # -- for who talks to it --

    @property
    def endpoint(self):
        return f"{self.scheme}://{self.http}"

    @property
    def dns_address(self):
        """(address, port) of the first name server."""
        host, _, port = self.dns.rpartition(":")
        return host.strip("[]"), int(port)

    @staticmethod
    def credentials_env():
        return {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}

    def aws_env(self):
        """A whole environment for the `aws` command: this lab's key and nobody else's settings."""
        env = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        return dict(env, **self.credentials_env(), AWS_DEFAULT_REGION="us-east-1",
                    AWS_CONFIG_FILE="/dev/null", AWS_SHARED_CREDENTIALS_FILE="/dev/null",
                    AWS_EC2_METADATA_DISABLED="true", AWS_PAGER="", NO_PROXY="127.0.0.1")

    # -- /_lab --

    def call(self, method, path, body=None, timeout=90):
        """One call of the control API; `path` without /_lab. Raises LabError with its reason."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{self.control}/_lab{path}", data=data,
                                         method=method)
        try:
            with _DIRECT.open(request, timeout=timeout) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            raise LabError(json.load(error)["error"]) from None

    def state(self):
        return self.call("GET", "/state")

    def _zone_path(self, zone):
        return f"/zone/{zone or next(iter(self.zones.values()))}"

    def records(self, zone=None):
        """The record sets as the API lists them."""
        return self.call("GET", self._zone_path(zone))["records"]

    def weights(self, name, zone=None):
        """{set identifier: weight} of a name."""
        name = name.lower().rstrip(".") + "."
        return {rrset["SetIdentifier"]: rrset["Weight"] for rrset in self.records(zone)
                if rrset["Name"] == name and "Weight" in rrset}

    def fences(self, zone=None):
        """{group: text} of the fences in the zone."""
        return self.call("GET", self._zone_path(zone))["fences"]

    def seed(self, rrsets, zone=None):
        """UPSERTs record sets; DNS shows them at once."""
        return self.call("POST", self._zone_path(zone) + "/records", rrsets)

    def replace(self, rrsets, zone=None):
        """The zone holds just these record sets, its SOA and its NS."""
        return self.call("PUT", self._zone_path(zone), rrsets)

    def human(self, act, zone=None, **given):
        """weight(name, set, weight), fence(group, text), delete_fence(group), delete(name, type,
        set), rollback(changes), batch(Changes)."""
        return self.call("POST", f"{self._zone_path(zone)}/{act.replace('_', '-')}", given)

    def fault(self, name, **params):
        """Switches a fault on; see README.md."""
        return self.call("PUT", f"/faults/{name}", params)

    def heal(self, name=None):
        """Switches one fault, or all, off."""
        return self.call("DELETE", f"/faults/{name}" if name else "/faults")

    # -- who may what --

    def iam(self, directory):
        """Other users and roles with other policies; see route53lab/principals.py."""
        return self.call("PUT", "/iam", directory)

    def verdicts(self):
        """What policies said since then: principal, action, resource, verdict, sids."""
        return self.call("GET", "/iam")

    # -- health checks --

    def checks(self):
        """All health checks: id, type, healthy, config, tags, and what each checker thinks."""
        return self.call("GET", "/check")

    def check(self, check_id, until=None, wait=30):
        """One of them; with until="healthy" or "unhealthy", once it is so or after `wait` s."""
        query = f"?until={until}&wait={wait}" if until else ""
        return self.call("GET", f"/check/{check_id}{query}")

    def poll(self, check_id, rounds=1):
        """Every checker asks the endpoint so many times, now; returns the check after that."""
        return self.call("POST", f"/check/{check_id}/run", {"rounds": rounds})

    def force(self, check_id, view, **which):
        """Checkers think so, whatever they see: "healthy", "unhealthy", "silent" (not counted),
        "cut" (cannot connect), None (their own view). which: share=0.8, checkers=[0, 1]; or all."""
        return self.call("POST", f"/check/{check_id}/force", dict(which, view=view))

    def target(self, name, healthy):
        """Whether an alias target of Amazon's (a load balancer, a distribution) is well."""
        return self.call("PUT", f"/target/{name}", {"healthy": healthy})

    # -- what checks ask AWS --

    def alarm(self, name, state, **more):
        """A CloudWatch alarm is so from now on: OK, ALARM, INSUFFICIENT_DATA; None: there is none
        of that name. more: kind ("metric", "composite"), reason, region, account."""
        path = f"/alarm/{quote(name, safe='')}"
        if state is None:
            return self.call("DELETE", path, more)
        return self.call("PUT", path, dict(more, state=state))

    def targets(self, arn, targets):
        """The targets of a group, {id: state} ("healthy", "unhealthy", ...); None: no group."""
        path = f"/targets/{quote(arn, safe='')}"
        if targets is None:
            return self.call("DELETE", path)
        return self.call("PUT", path, {"targets": targets})

    # -- the log --

    def log(self, since=0, wait=0):
        """Entries after number `since`; waits up to `wait` seconds for the first of them."""
        return self.call("GET", f"/log?since={since}&wait={wait}")

    def last_seq(self):
        entries = self.log()
        return entries[-1]["seq"] if entries else 0

    def wait_for_batch(self, since=0, deadline=120.0, **wanted):
        """The first entry after `since` whose members are as wanted (verdict="accepted")."""
        until = time.monotonic() + deadline
        while True:
            left = until - time.monotonic()
            entries = self.log(since, max(0, min(left, 30)))
            for entry in entries:
                if all(entry.get(key) == value for key, value in wanted.items()):
                    return entry
                since = entry["seq"]
            if left <= 0:
                raise LabError(f"no batch in {deadline} s was {wanted}")
