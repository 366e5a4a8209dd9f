# SPDX-License-Identifier: Apache-2.0
"""Cluster: etcd, a member in each region, as a deployment would run it: the store of the regions.

Members are numbered from 1, as regions are; member N lives on the host store-N. What is read or
written here by hand goes to a member from its own host, so that no cut is in the way."""

import base64
import json
import os
import shutil
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.request

from certificates import Authority
from programs import Program, StageError, find_tool

PREFIX = "/regionshift/pizza/"
CLIENT_PORT, PEER_PORT = 2379, 2380
START_S = 60.0
CALL_S = 60.0
ROOT = ("root", "root-of-the-laboratory")
# For 80 ms between regions: a heartbeat of the longest round trip, an election of ten of them.
# Without --pre-vote a healed member unseats the leader that the others have agreed on.
TUNING = ("--heartbeat-interval", "100", "--election-timeout", "1000", "--pre-vote")


class StoreError(StageError):
    """etcd refused, or did not answer."""


def end_of(prefix):
    """The first key behind all that begin with the prefix, for a range."""
    return prefix[:-1] + bytes([prefix[-1] + 1])


def text64(data):
    return base64.b64encode(data).decode()


class Cluster:
    """count members; tls: they serve TLS and want a client certificate; users: {name: password} of
    those who may read and write below PREFIX (none: no one is asked)."""

    def __init__(self, network, count, tls=False, users=None, options=TUNING):
        self.network = network
        self.numbers = range(1, count + 1)
        self.users = dict(users or {})
        self.options = options
        self.members = {}           # number -> Program
        self.paused = set()
        self.generation = 0         # of the data: each has a cluster token of its own
        self.authority = Authority(network.folder / "tls") if tls else None
        self.saved = 0

    # -- names --

    @staticmethod
    def host(n):
        return f"store-{n}"

    def address(self, n):
        return self.network.hosts[self.host(n)][0]

    @property
    def scheme(self):
        return "https" if self.authority else "http"

    def url(self, n):
        return f"{self.scheme}://{self.address(n)}:{CLIENT_PORT}"

    def peer(self, n):
        return f"http://{self.address(n)}:{PEER_PORT}"

    def data(self, n):
        return self.network.folder / f"etcd-{n}"

    def identity(self):
        """What a member is to its cluster, in etcd's and in etcdctl's words."""
        return ["--initial-cluster", ",".join(f"{self.host(n)}={self.peer(n)}"
                                              for n in self.numbers),
                "--initial-cluster-token", f"{self.network.name}-{self.generation}"]

    # -- members --

    def begin(self):
        """Starts all members, without any data; finish_begin() waits for them."""
        self.kill_all()
        self.generation += 1
        for n in self.numbers:
            shutil.rmtree(self.data(n), ignore_errors=True)
        if self.authority:
            self.issue()
        for n in self.numbers:
            self.launch(n)

    def finish_begin(self):
        self.wait_serving()
        if self.users:
            self.make_users()

    def issue(self, expired=False):
        """Certificates of the members, and of whoever calls them."""
        for n in self.numbers:
            self.authority.issue(self.host(n), f"IP:{self.address(n)},IP:127.0.0.1", expired)
        self.authority.issue("client", "DNS:client.laboratory")

    def launch(self, n):
        """Starts a member on its data; does not wait."""
        here = f"{self.scheme}://127.0.0.1:{CLIENT_PORT}"
        command = [find_tool("etcd"), "--name", self.host(n), "--data-dir", str(self.data(n)),
                   "--listen-client-urls", f"{self.url(n)},{here}",
                   "--advertise-client-urls", self.url(n),
                   "--listen-peer-urls", self.peer(n),
                   "--initial-advertise-peer-urls", self.peer(n),
                   *self.identity(), "--initial-cluster-state", "new", "--bcrypt-cost", "4",
                   "--logger", "zap", "--log-outputs", "stderr", *self.options]
        if self.authority:
            folder = self.authority.folder
            command += ["--cert-file", str(folder / f"{self.host(n)}.pem"), "--key-file",
                        str(folder / f"{self.host(n)}.key"), "--client-cert-auth",
                        "--trusted-ca-file", str(self.authority.certificate)]
        env = {key: value for key, value in os.environ.items() if not key.startswith("ETCD")}
        self.members[n] = Program(self.host(n), [*self.network.on(self.host(n)), *command],
                                  env=env)

    def wait_serving(self, numbers=None):
        """Until these members (all that run) are ready: there is a leader, and they follow it."""
        for n in numbers or sorted(self.members):
            self.members[n].wait_line(
                lambda line: "published local member" in line.text, START_S)

    def has_quorum(self):
        return 2 * len(set(self.members) - self.paused) > len(self.numbers)

    def restart(self, n):
        """Starts a dead member on its data; waits until it serves, if it can."""
        if n in self.members:
            raise StoreError(f"{self.host(n)} runs already")
        self.launch(n)
        if self.has_quorum():
            self.wait_serving([n])

    def restart_all(self):
        dead = [n for n in self.numbers if n not in self.members]
        for n in dead:
            self.launch(n)
        self.wait_serving(dead)

    def kill(self, n):
        """SIGKILL, as a machine dies. Returns when; a dead member stays dead."""
        at = time.monotonic()
        self.paused.discard(n)
        if n in self.members:
            self.members.pop(n).stop(signal.SIGKILL)
        return at

    def kill_all(self):
        at = time.monotonic()
        for member in self.members.values():        # all at one instant, then one by one
            member.send(signal.SIGKILL)
        for n in list(self.members):
            self.kill(n)
        return at

    def _running(self, n):
        if n not in self.members:
            raise StoreError(f"{self.host(n)} does not run")
        return self.members[n]

    def pause(self, n):
        self._running(n).send(signal.SIGSTOP)
        self.paused.add(n)
        return time.monotonic()

    def resume(self, n):
        self._running(n).send(signal.SIGCONT)
        self.paused.discard(n)
        return time.monotonic()

    # -- what a member says --

    def _tls(self):
        if not self.authority:
            return None
        context = ssl.create_default_context(cafile=self.authority.certificate)
        context.load_cert_chain(self.authority.folder / "client.pem",
                                self.authority.folder / "client.key")
        return context

    def post(self, n, path, body, token=None):
        """One call of the JSON gateway, from the member's own host."""
        request = urllib.request.Request(
            f"{self.scheme}://127.0.0.1:{CLIENT_PORT}/v3/{path}", json.dumps(body).encode(),
            {"Grpc-Metadata-hasleader": "true", **({"Authorization": token} if token else {})})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                             urllib.request.HTTPSHandler(context=self._tls()))

        def call():
            with opener.open(request, timeout=CALL_S) as reply:
                return json.load(reply)
        try:
            return self.network.call(self.host(n), call)
        except urllib.error.HTTPError as error:
            raise StoreError(f"{self.host(n)} {path}: {error.code} "
                             f"{error.read().decode(errors='replace').strip()}") from None
        except OSError as error:
            raise StoreError(f"{self.host(n)} {path}: {error}") from None

    def call(self, path, body):
        """The same, at the first member that answers, as root if there are users."""
        said = "no member runs"
        for n in sorted(set(self.members) - self.paused):
            try:
                token = None
                if self.users:
                    token = self.post(n, "auth/authenticate", {"name": ROOT[0],
                                                               "password": ROOT[1]})["token"]
                return self.post(n, path, body, token)
            except StoreError as error:
                said = error
        raise StoreError(f"no member answers; the last one: {said}")

    def leader_now(self):
        """Number of the member that leads: of those that say so, that of the latest term, for one
        that is cut off believes it for a while. None: no one does."""
        claims = []
        for n in sorted(set(self.members) - self.paused):
            try:
                status = self.post(n, "maintenance/status", {})
            except StoreError:
                continue
            if status.get("leader") == status["header"]["member_id"]:
                claims.append((int(status["raftTerm"]), n))
        return max(claims)[1] if claims else None

    def in_touch(self):
        """Whether every member that runs answers with what the quorum knows. After a cut that takes
        as long as their connections need to notice that it is healed."""
        try:
            for n in sorted(self.members):
                self.post(n, "kv/range", {"key": text64(b"x")})
        except StoreError:
            return False
        return True

    # -- by hand --

    def put(self, key, value, lease_s=None):
        key, value = (part.encode() if isinstance(part, str) else part for part in (key, value))
        body = {"key": text64(PREFIX.encode() + key), "value": text64(value)}
        if lease_s is not None:
            body["lease"] = self.call("lease/grant", {"TTL": lease_s})["ID"]
        self.call("kv/put", body)

    def get(self, key="", prefix=True):
        """{key below PREFIX: value}, linearizable."""
        first = (PREFIX + key).encode()
        body = {"key": text64(first)}
        if prefix:
            body["range_end"] = text64(end_of(first))
        return {base64.b64decode(item["key"]).decode(errors="replace")[len(PREFIX):]:
                base64.b64decode(item.get("value", ""))
                for item in self.call("kv/range", body).get("kvs", [])}

    def delete(self, key):
        self.call("kv/deleterange", {"key": text64((PREFIX + key).encode())})

    def revision(self):
        return int(self.call("kv/range", {"key": text64(b"x")})["header"]["revision"])

    # -- snapshots --

    def etcdctl(self, n, *arguments):
        """Runs etcdctl on a member's host."""
        options = ["--endpoints", f"{self.scheme}://127.0.0.1:{CLIENT_PORT}"]
        if self.authority:
            folder = self.authority.folder
            options += ["--cacert", str(self.authority.certificate), "--cert",
                        str(folder / "client.pem"), "--key", str(folder / "client.key")]
        if self.users:
            options += ["--user", ":".join(ROOT)]
        env = {key: value for key, value in os.environ.items() if not key.startswith("ETCD")}
        done = subprocess.run(
            [*self.network.on(self.host(n)), find_tool("etcdctl"), *options, *arguments],
            env=dict(env, ETCDCTL_API="3"), capture_output=True, text=True, timeout=60,
            stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            raise StoreError(f"etcdctl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def save(self):
        """A snapshot of a member that runs; returns its path."""
        self.saved += 1
        path = self.network.folder / f"snapshot-{self.saved}.db"
        self.etcdctl(min(set(self.members) - self.paused), "snapshot", "save", str(path))
        return path

    def restore(self, path):
        """All members, on the data of the snapshot."""
        self.kill_all()
        self.generation += 1
        for n in self.numbers:
            shutil.rmtree(self.data(n), ignore_errors=True)
            self.etcdctl(n, "snapshot", "restore", str(path), "--name", self.host(n),
                         "--initial-advertise-peer-urls", self.peer(n), *self.identity(),
                         "--data-dir", str(self.data(n)))
        self.restart_all()

    # -- users --

    def make_users(self):
        """root, and those who may read and write below PREFIX; from now on everyone is asked."""
        users, self.users = self.users, {}      # nobody is asked yet
        self.call("auth/role/add", {"name": "root"})
        self.call("auth/role/add", {"name": "regionshift"})
        self.call("auth/role/grant", {"name": "regionshift", "perm": {
            "permType": "READWRITE", "key": text64(PREFIX.encode()),
            "range_end": text64(end_of(PREFIX.encode()))}})
        for name, password in (ROOT, *users.items()):
            role = "root" if name == "root" else "regionshift"
            self.call("auth/user/add", {"name": name, "password": password})
            self.call("auth/user/grant", {"user": name, "role": role})
        self.call("auth/enable", {})
        self.users = users
