# SPDX-License-Identifier: Apache-2.0
"""Who is measured: regionshiftd itself, a bare loop as the floor, and three peers from Debian. Each
class says what its checker can do at all, writes its settings, starts it on the checker's core, and
reads what it believes in the end: every endpoint that answers and is believed down is a lie.

Ours looks at the status and at a text in the body, has its history on disk, and votes in a store;
HAProxy, gdnsd and blackbox_exporter look at the status alone, which is the less."""

import csv
import re
import resource
import shutil
import socket
import urllib.request
from pathlib import Path

from programs import BUILD, PYTHON, find_tool, free_port
from settings_of_many import write_settings
from targets import Certificate, address_of
from watched import Watched, library_path

HERE = Path(__file__).resolve().parent
TIMEOUT_S = 1.0
FILES_SPARE = 500
SOCKETS_MAX = 1 << 20


class Cannot(Exception):
    """This checker cannot do this at all; the text says why."""


class Job:
    """What is asked for: `count` endpoints, the last `holes` of them silent, each every interval_s
    seconds, by way of `kind`: http, tcp, https; kept (http over connections that stay) or resumed
    (https with sessions that do)."""

    def __init__(self, kind, count, interval_s, holes=0):
        self.kind, self.count, self.interval_s, self.holes = kind, count, interval_s, holes

    @property
    def is_tls(self):
        return self.kind in ("https", "resumed")

    @property
    def timeout_s(self):
        return min(TIMEOUT_S, self.interval_s / 2)

    def ports(self, target):
        """(address, port) of every endpoint."""
        answering = self.count - self.holes
        return [(address_of(k), target.port if k < answering else target.hole)
                for k in range(self.count)]


class Contestant:
    name = ""
    kinds = ("http", "tcp")

    def __init__(self, folder, pin):
        self.folder, self.pin = folder, pin
        self.program = None

    def fit(self, job):
        """The job as this one can do it: with the same checks a second. Raises Cannot."""
        if job.kind not in self.kinds:
            raise Cannot(f"does no {job.kind}")
        return job

    def tool(self, name):
        found = find_tool(name)
        if found is None:
            raise Cannot(f"{name} is not here (tests/bench/fetch)")
        return found

    def launch(self, command, env=None):
        self.program = Watched([*self.pin, *map(str, command)], self.folder / f"{self.name}.log",
                               env)
        return self.program

    def start(self, job, target):
        raise NotImplementedError

    def is_unseen(self, job):
        """Whether no target ever sees its checks, and the kernel alone can count them."""
        del job
        return False

    @staticmethod
    def unseen_count():
        """Handshakes that were broken off when the target had answered, on this whole machine."""
        names, values = [line.split() for line in Path("/proc/net/netstat").read_text().splitlines()
                         if line.startswith("TcpExt:")]
        return int(values[names.index("EmbryonicRsts")])

    def before(self):
        """Called when it runs well, some time before it is measured."""

    def beliefs(self, job):
        """{"down": endpoints that answer and are believed down, "bad": single checks that failed};
        what cannot be known is absent. Asked while it runs."""
        raise NotImplementedError

    def stop(self):
        if self.program is not None:
            self.program.stop()


# ---- ours ----

class Ours(Contestant):
    name = "regionshift"
    kinds = ("http", "tcp", "kept", "https", "resumed")
    listen = ""
    regions = site_count = 0
    at_first = {}

    def is_unseen(self, job):
        return job.kind == "tcp"    # broken off, as HAProxy's is

    def check_text(self, job, address, port, target):
        if job.kind == "tcp":
            return f'type = "tcp"; url = "tcp://{address}:{port}";'
        wanted = 'status = "200"; body = "ok";'
        if not job.is_tls:
            kept = 'connection = "kept"; ' if job.kind == "kept" else ""
            return f'url = "http://{address}:{port}/health"; {kept}{wanted}'
        resumed = 'connection = "resumed"; fresh_every = 1000; ' if job.kind == "resumed" else ""
        return (f'url = "https://{Certificate.NAME}:{port}/health"; address = "{address}"; '
                f'ca_file = "{target.certificate.authority}"; {resumed}{wanted}')

    def start(self, job, target):
        own = self.folder / "regionshift"
        shutil.rmtree(own, ignore_errors=True)
        own.mkdir()
        self.listen = f"127.0.0.1:{free_port('127.0.0.1')}"
        checks = [self.check_text(job, address, port, target)
                  for address, port in job.ports(target)]
        shape, why = write_settings(own / "regionshift.conf", BUILD / "regionshiftd", checks, {
            "folder": own, "listen": self.listen, "interval": job.interval_s,
            "timeout": job.timeout_s})
        if shape is None:
            raise Cannot(f"settings with {job.count} endpoints are refused: {why}")
        self.regions = shape[0]
        self.site_count = shape[0] * max(1, job.count // (shape[0] * shape[1]))
        return self.launch([BUILD / "regionshiftd", "-c", own / "regionshift.conf"])

    def metrics(self):
        """{name with labels: value}; nothing when it tells nothing."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://{self.listen}/metrics", timeout=60) as reply:
                return numbers_of(reply.read().decode())
        except OSError:
            return {}

    def before(self):
        self.at_first = self.metrics()

    def told_down(self):
        """Every site it ever called down, by its log, as numbers in the order of the settings."""
        return {int(m[1]) * self.regions + int(m[2]) for m in
                re.finditer(r"fact=verdict site=s(\d+)/r(\d+) state=down", self.program.said())}

    def beliefs(self, job):
        silent = {k % self.site_count for k in range(job.count - job.holes, job.count)}
        down = self.told_down()
        return {"down": len(down - silent), "silent_down": len(down & silent), **self.rhythm()}

    def rhythm(self):
        """What it tells of its own punctuality."""
        now = self.metrics()
        if not now or not self.at_first:
            return {}
        grown = {name: value - self.at_first.get(name, 0) for name, value in now.items()
                 if name.startswith("regionshift_check")}
        return {"late_p99_s": lateness(grown, 99),
                "void": grown['regionshift_check_results_total{result="void"}'],
                "bad": grown['regionshift_check_results_total{result="bad"}'],
                "missed": grown["regionshift_check_turns_missed_total"],
                "overloaded": now["regionshift_overloaded"],
                "alerted": "fact=alert event=overload phase=open" in self.program.said()}


def numbers_of(text):
    """{name with labels: value} of a page of metrics, as far as it is ours."""
    return {m[1]: float(m[2]) for m in re.finditer(r"(?m)^(regionshift_\S+) (\S+)$", text)}


def lateness(metrics, percent):
    """The smallest bound of the histogram that so many percent of the checks kept, in seconds;
    None when there were none, or when they kept no bound."""
    family = "regionshift_check_start_lateness_seconds"
    wanted = metrics.get(f"{family}_count", 0) * percent / 100
    bounds = ((re.match(family + r'_bucket{le="([0-9.]+)"}', name), count)
              for name, count in metrics.items())
    kept = [float(m[1]) for m, count in bounds if m and count >= wanted > 0]
    return min(kept, default=None)


# ---- the floor ----

class Bare(Contestant):
    name = "bare"

    def start(self, job, target):
        holes = [job.holes, target.hole] if job.holes else []
        return self.launch([BUILD / "tests/bench/bare", job.kind, job.count,
                            round(job.interval_s * 1000), target.port, *holes])

    def beliefs(self, job):
        self.program.stop()
        words = self.program.said().split()
        return {"bad": int(words[words.index("bad") + 1])} if "bad" in words else {}


# ---- peers ----

def sockets_max():
    """How many a program may have at once, with some to spare."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    is_limited = hard != resource.RLIM_INFINITY
    return (min(hard, SOCKETS_MAX) if is_limited else SOCKETS_MAX) - FILES_SPARE


class HAProxy(Contestant):
    """Keeps a descriptor for each server's check in reserve: more servers than descriptors it
    refuses. Over TLS it resumes every session, and cannot be told not to. Its TCP check breaks the
    handshake off once it is answered, so that no server ever accepts it."""

    name = "haproxy"
    kinds = ("http", "tcp", "resumed")

    def is_unseen(self, job):
        return job.kind == "tcp"

    def fit(self, job):
        super().fit(job)
        times = -(-job.count // sockets_max())
        return Job(job.kind, job.count // times, job.interval_s / times, job.holes // times)

    def text(self, job, target):
        asks = "" if job.kind == "tcp" else (
            f"    option httpchk GET /health HTTP/1.1\n"
            f"    http-check send hdr Host {Certificate.NAME} hdr Connection close\n"
            f"    http-check expect status 200\n")
        secure = "" if not job.is_tls else (
            f" check-ssl check-sni {Certificate.NAME} ssl sni str({Certificate.NAME})"
            f" verify required ca-file {target.certificate.authority}")
        servers = "".join(f"    server s{k} {address}:{port} check\n"
                          for k, (address, port) in enumerate(job.ports(target)))
        timeout = f"{round(job.timeout_s * 1000)}ms"
        return (f"global\n    nbthread 1\n    maxconn 100\n"
                f"    stats socket {self.folder}/haproxy.sock mode 600 level admin\n"
                f"defaults\n    mode {'tcp' if job.kind == 'tcp' else 'http'}\n"
                f"    timeout connect {timeout}\n    timeout check {timeout}\n"
                f"    timeout client {timeout}\n    timeout server {timeout}\n"
                f"backend b\n{asks}"
                f"    default-server inter {round(job.interval_s * 1000)}ms fall 3 rise 2{secure}\n"
                f"{servers}")

    def start(self, job, target):
        path = self.folder / "haproxy.cfg"
        path.write_text(self.text(job, target))
        return self.launch([self.tool("haproxy"), "-db", "-f", path],
                           {"LD_LIBRARY_PATH": library_path()})

    def beliefs(self, job):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(str(self.folder / "haproxy.sock"))
            s.sendall(b"show stat\n")
            text = b"".join(iter(lambda: s.recv(65536), b"")).decode()
        servers = [row for row in csv.DictReader(text.removeprefix("# ").splitlines())
                   if row["svname"] not in ("BACKEND", "FRONTEND")]
        down = sum(row["status"].startswith("DOWN") for row in servers)
        return {"down": down - job.holes}


class Gdnsd(Contestant):
    """Takes whole seconds, two at least: as many more endpoints make the same rate. It asks all at
    once when it starts, and calls down whom it has no descriptor for."""

    name = "gdnsd"
    SMALLEST_S = 2
    OF_A_RESOURCE = 50

    def fit(self, job):
        super().fit(job)
        rate, holes = job.count / job.interval_s, job.holes / job.count
        interval_s = max(self.SMALLEST_S, round(job.interval_s))
        if rate * interval_s > sockets_max():
            interval_s = self.SMALLEST_S
        count = min(round(rate * interval_s), sockets_max())
        return Job(job.kind, count, interval_s, round(count * holes))

    def type_text(self, name, job, port):
        asks = 'plugin => "tcp_connect"' if job.kind == "tcp" else (
            f'plugin => "http_status", url_path => "/health", vhost => "{Certificate.NAME}"')
        return (f"    {name} => {{ {asks}, port => {port}, interval => {round(job.interval_s)}, "
                f"timeout => 1, up_thresh => 2, ok_thresh => 1, down_thresh => 3 }}\n")

    def resources_text(self, job):
        answering = job.count - job.holes
        resources = []
        for kind, first, end in (("web", 0, answering), ("hole", answering, job.count)):
            for start in range(first, end, self.OF_A_RESOURCE):
                addresses = ", ".join(f"a{k} => {address_of(k)}" for k in
                                      range(start, min(start + self.OF_A_RESOURCE, end)))
                resources.append(f"    r{start} => {{ service_types => {kind}, {addresses} }}\n")
        return "".join(resources)

    def start(self, job, target):
        own = self.folder / "gdnsd"
        shutil.rmtree(own, ignore_errors=True)
        for folder in ("zones", "run", "state"):
            (own / folder).mkdir(parents=True)
        types = self.type_text("web", job, target.port)
        if job.holes:
            types += self.type_text("hole", job, target.hole)
        (own / "config").write_text(
            f"options => {{ listen => 127.0.0.1, dns_port => {free_port('127.0.0.1')}, "
            f"run_dir => {own}/run, state_dir => {own}/state, udp_threads => 1, "
            f"tcp_threads => 1 }}\nservice_types => {{\n{types}}}\n"
            f"plugins => {{ multifo => {{ up_thresh => 0.01\n{self.resources_text(job)}}} }}\n")
        return self.launch([self.tool("gdnsd"), "-c", own, "start"],
                           {"LD_LIBRARY_PATH": library_path()})

    def beliefs(self, job):
        """By its log: it tells every change of a state."""
        state = {}
        for m in re.finditer(r"state of '?([^' ]+)'? .*?(?:changed|initialized).*? to (UP|DOWN)",
                             self.program.said()):
            state[m[1]] = m[2]
        return {"down": sum(word == "DOWN" for word in state.values()) - job.holes} if state else {}


class Blackbox(Contestant):
    """Checks when it is asked to: tests/bench/scraper.py asks, on the target's core, over kept
    connections, at the rate wanted. Only the exporter's own CPU is counted."""

    name = "blackbox"
    kinds = ("http", "tcp", "https")
    MOST = 500      # a second: what it and one scraper surely do
    scraper = None

    def __init__(self, folder, pin, scraper_pin):
        super().__init__(folder, pin)
        self.scraper_pin = scraper_pin

    def fit(self, job):
        super().fit(job)
        return Job(job.kind, min(job.count, round(self.MOST * job.interval_s)), job.interval_s)

    def start(self, job, target):
        prober = "tcp" if job.kind == "tcp" else "http"
        more = "tcp: { preferred_ip_protocol: ip4 }" if job.kind == "tcp" else (
            "http: { preferred_ip_protocol: ip4, follow_redirects: false"
            + (f", tls_config: {{ ca_file: {target.certificate.authority}, "
               f"server_name: {Certificate.NAME} }}" if job.is_tls else "") + " }")
        path = self.folder / "blackbox.yml"
        path.write_text(f"modules:\n  m: {{ prober: {prober}, timeout: {job.timeout_s:g}s, "
                        f"{more} }}\n")
        port = free_port("127.0.0.1")
        self.launch([self.tool("prometheus-blackbox-exporter"), f"--config.file={path}",
                     f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"],
                    {"GOMAXPROCS": "1"})
        scheme = {"http": "http://", "tcp": "", "https": "https://"}[job.kind]
        path = "" if job.kind == "tcp" else "/health"
        self.scraper = Watched([*self.scraper_pin, PYTHON, str(HERE / "scraper.py"), str(port),
                                str(job.count), f"{job.interval_s:g}",
                                f"{scheme}ADDRESS:{target.port}{path}"],
                               self.folder / "scraper.log")
        return self.program

    def beliefs(self, job):
        self.scraper.stop()
        words = self.scraper.said().split()
        return {"bad": int(words[words.index("bad") + 1])} if "bad" in words else {}

    def stop(self):
        if self.scraper is not None:
            self.scraper.stop()
        super().stop()


def contestants(folder, pin, scraper_pin):
    """{name: one of each}"""
    everyone = [Ours(folder, pin), Bare(folder, pin), HAProxy(folder, pin), Gdnsd(folder, pin),
                Blackbox(folder, pin, scraper_pin)]
    return {one.name: one for one in everyone}
