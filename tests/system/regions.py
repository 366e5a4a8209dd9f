# SPDX-License-Identifier: Apache-2.0
"""Regions: three or five regions on one machine, each far from the others, which can be cut apart.

Every region N has three hosts, each a network namespace of its own, so that each can be lost alone:
`store-N` (an etcd member), `probe-N` (a daemon) and, in the regions that serve, `sites-N` (nginx
for pizza and factory); `cloud` has Route 53's stand-in, its name server and the mailbox. All that
goes from host to host passes tests/lab/wan, which delays, loses and cuts.

    with Regions(count=3, delay_ms=40) as lab:
        lab.settle()
        lab.region_dies(1)
        lab.wait_batch(30, by="usw2")
        lab.check_log()

A region is named by its number, from 1; wherever the network is meant, a place is a region's number
(all its hosts), a host ("store-1", "probe-2", "sites-1") or "cloud". Needs root, namespaces and
TUN. Ends and removes what it made, and nothing else; what a killed run left is removed by the next.
"""

import atexit
import json
import signal
import socket
import sys
import time
import urllib.request

import batches as route53_batches
import network as networks
from cluster import PREFIX, Cluster
from deployment import NORMAL, REGIONS, SERVICES, TIMING, ZONE, Deployment, settings_text
from programs import TOP, Program, StageError, find_tool, sanitizer_reports

sys.path.insert(0, str(TOP / "tests" / "lab"))
from labctl import Lab, weighted  # noqa: E402

GROUP = "jwt-pizza"
PROBES = ("use1", "usw2", "fra", "sin", "gru")
VANTAGES = ("aws/us-east-1", "aws/us-west-2", "hetzner/fra1", "ovh/sgp1", "aws/sa-east-1")
MAY_ACT = ("use1", "usw2", "fra")           # of five; of three, who may is as in the example
CLOUD = "10.77.100.1"
CONNECT_S = 10.0
# The services that a daemon reaches at a site; nginx needs no more than this.
NGINX = """daemon off;
master_process off;
pid {folder}/nginx-{name}.pid;
error_log stderr;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/nginx-{name}-temp;
    proxy_temp_path {folder}/nginx-{name}-temp;
    fastcgi_temp_path {folder}/nginx-{name}-temp;
    uwsgi_temp_path {folder}/nginx-{name}-temp;
    scgi_temp_path {folder}/nginx-{name}-temp;
    server {{
        listen {address}:80;
        location /health {{ return 200 "ok\\n"; }}
    }}
}}
"""


def why_not():
    """Why there can be no laboratory here, in a word for who skips; None if there can."""
    for tool, package in (("etcd", "etcd-server"), ("etcdctl", "etcd-client"), ("nginx", "nginx")):
        if find_tool(tool) is None:
            return f"there is no `{tool}` (Debian: {package})"
    return networks.why_not()


class CloudLab(Lab):
    """Route 53's stand-in on a host that only its network reaches."""

    def __init__(self, network, **options):
        super().__init__(http=f"{CLOUD}:5380", dns=f"{CLOUD}:53", wrapper=network.on("cloud"),
                         **options)
        self.network = network

    def call(self, *arguments, **named):
        return self.network.call("cloud", super().call, *arguments, **named)


class Regions(Deployment):
    """See above. Options:

    count        3 or 5 regions, a member and a daemon in each; 1 and 2 serve
    lab_options  of Route 53's stand-in
    heard        called with every Line of a daemon's log
    delay_ms     one way between any two regions, and to the cloud; inside a region none
    tls, users   the store speaks TLS; asks for user and password
    timing       of the settings, as Stage's: interval, timeout, retry, fall, rise, hold, ..., lease
    more         further changes of the settings, [(pattern, replacement, why)]
    more_of      the same for one probe alone, {"fra": [...]}
    may_act      names of the probes that may write to Route 53
    store_more   further lines of the settings' store section

    All but the first three can be others after reset().
    """

    why_sites = "sites on hosts of the laboratory, plain HTTP"
    why_store = "etcd, a member in each region, our own region's first; a short lease"

    def __init__(self, count=3, lab_options=("--rate", "0"), heard=None, **options):
        super().__init__(None, heard)
        if count not in (3, 5):
            raise ValueError(f"{count} regions; allowed: 3 or 5")
        self.numbers = range(1, count + 1)
        self.probes = PROBES[:count]
        self.lab_options = list(lab_options)
        self.network = networks.Network(self._hosts())
        self.store = None
        self.paused = set()         # daemons
        self.log_begin = 0          # what was in Route 53's log before this run
        self._configure(**options)

    def _configure(self, delay_ms=40, tls=False, users=False, timing=None, more=(), more_of=None,
                   may_act=None, store_more=""):
        self.delay_ms = delay_ms
        self.tls = tls
        self.users = {probe: f"password-of-{probe}" for probe in self.probes} if users else {}
        self.timing = dict(TIMING, **(timing or {}))
        self.more = list(more)
        self.more_of = dict(more_of or {})
        self.may_act = may_act or (MAY_ACT if len(self.numbers) == 5 else MAY_ACT[:2])
        self.store_more = store_more

    # -- its life (also: with Regions() as lab) --

    def __enter__(self):
        return self.start()

    def start(self):
        """Hosts, network, store, Route 53, sites, daemons. Returns self."""
        self.start_without_daemons()
        try:
            self.daemons_start()
        except BaseException:
            self.stop()
            raise
        return self

    def start_without_daemons(self):
        """The same, but the daemons."""
        reason = why_not()
        if reason:
            raise StageError(reason)
        atexit.register(self._remove)
        try:
            self.network.start()
            self.folder = self.network.folder
            self.reset_network()
            self._begin_store()
            self._start_cloud()
            self._begin()
        except BaseException:       # Ctrl-C, too, leaves nothing
            self._remove()
            raise
        return self

    def _begin_store(self):
        self.store = Cluster(self.network, len(self.numbers), self.tls, self.users)
        self.store.begin()

    def _start_cloud(self):
        self.lab = CloudLab(self.network, zones={"example.com": ZONE},
                            log=str(self.folder / "route53.log"),
                            options=["--allow-remote", *self.lab_options])
        self.lab.start()
        self.start_mailbox(CLOUD, self.network.on("cloud"))

    def _begin(self):
        """From empty members on: the zone as at first, sites, settings."""
        self.lab.heal()
        self.lab.replace([weighted(f"{service}.example.com", f"{service}-{region}", NORMAL[region],
                                   self.address(service, region))
                          for service in SERVICES for region in REGIONS])
        self.log_begin = self.lab.last_seq()
        self.mails.clear()
        for n in (1, 2):
            self.endpoints_return(n)
        self.write_settings()
        self.store.finish_begin()

    def reset(self, **options):
        """As after start_without_daemons(): network whole, an empty store, the zone as at first;
        with these options (tls, users, timing, ...), not those before. Cheaper than a new
        laboratory. Raises what a daemon did wrong at its end."""
        failed = self.rest()
        self._configure(**options)
        self.reset_network()
        for probe in self.probes:
            self._forget(probe)
        self._begin_store()
        self._begin()
        if failed:
            raise StageError("\n".join(failed))

    def _forget(self, probe):
        """Latches, spool and history of a daemon are of the run before."""
        for path in sorted((self.folder / probe).rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()

    def rest(self):
        """Ends daemons (SIGTERM) and members, whatever was done to them, until the next reset().
        Returns what was wrong with the daemons' end, or in what a sanitizer saw."""
        failed = self.end_daemons() + sanitizer_reports(self.folder)
        for report in self.folder.glob("sanitizer.*"):
            report.unlink()
        self.store.kill_all()
        return failed

    def end_daemons(self):
        """SIGTERM to all; returns what was wrong with their end."""
        running = [probe for probe in self.probes if probe in self.programs]
        for probe in running:
            self.daemon_resume(self.number(probe))
            self.programs[probe].send(signal.SIGTERM)
        return self.stop_programs(running)

    def stop(self):
        """Ends and removes everything; raises what a daemon did wrong at its end."""
        try:
            failed = self.end_daemons()
            super().stop()
        finally:
            self._remove()
        if failed:
            raise StageError("\n".join(failed))

    def _remove(self):
        """Whatever there is, in whatever state."""
        if self.store is not None:
            self.store.kill_all()
        for program in self.programs.values():
            program.send(signal.SIGKILL)
        self.programs.clear()
        if self.lab is not None:
            self.lab.stop()
        self.network.stop()
        atexit.unregister(self._remove)

    def remove_folder(self):
        """The network does, at its end."""

    # -- names: region number -> name --

    def probe(self, n):
        """Name of the probe: "use1", "usw2", "fra", "sin", "gru"."""
        if n not in self.numbers:
            raise StageError(f"there is no region {n}; allowed: 1 to {len(self.numbers)}")
        return PROBES[n - 1]

    def number(self, probe):
        return PROBES.index(probe) + 1

    def region(self, n):
        """Name of the region: "us-east-1", "us-west-2", then places without sites."""
        return VANTAGES[n - 1].partition("/")[2]

    def _hosts(self):
        hosts = {"cloud": [CLOUD]}
        for n in self.numbers:
            hosts[f"store-{n}"] = [f"10.77.{n}.1"]
            hosts[f"probe-{n}"] = [f"10.77.{n}.2"]
            if n <= len(REGIONS):
                hosts[f"sites-{n}"] = [f"10.77.{n}.10", f"10.77.{n}.20"]
        return hosts

    def hosts(self, place):
        """The hosts of a place: of a region, or the one itself."""
        if place in self.network.hosts:
            return [place]
        found = [host for host in self.network.hosts if host.endswith(f"-{place}")]
        if not found:
            raise StageError(f"{place!r} is no place; allowed: a region's number, "
                             + ", ".join(self.network.hosts))
        return found

    # -- network --

    def _set(self, place):
        places = place if isinstance(place, (list, tuple, set)) else [place]
        return ",".join(host for one in places for host in self.hosts(one))

    def _delays(self):
        """Commands for the delays as they are at first."""
        return ([f"delay * * {self.delay_ms}"]
                + [f"delay {self._set(n)} {self._set(n)} 0" for n in self.numbers])

    def reset_network(self):
        """Nothing is cut, lost or slower than at first."""
        self.network.command("heal", "jitter * * 0", *self._delays())

    def cut(self, a, b, one_way=False):
        """Nothing gets from a to b, nor back unless one_way. Packets under way are lost."""
        self.network.command(f"{'cut-one-way' if one_way else 'cut'} {self._set(a)} {self._set(b)}")

    def partition(self, *sides):
        """Cuts each side from each other side: partition([1, 2], [3, 4, 5, "cloud"]). A region or
        cloud that no side names stays connected to all."""
        self.network.command(*[f"cut {self._set(a)} {self._set(b)}"
                               for i, a in enumerate(sides) for b in sides[i + 1:]])

    def heal(self, a=None, b=None):
        """Undoes cuts and loss: all, those of a, or those between a and b."""
        self.network.command(" ".join(["heal"] + [self._set(place) for place in (a, b)
                                                  if place is not None]))

    def delay(self, a, b, one_way_ms):
        """From now on, both ways."""
        self.network.command(f"delay {self._set(a)} {self._set(b)} {one_way_ms}")

    def loss(self, a, b, percent):
        """From now on, each way."""
        self.network.command(f"loss {self._set(a)} {self._set(b)} {percent}")

    def _others(self, place):
        inside = self.hosts(place)
        return [host for host in self.network.hosts if host not in inside]

    def network_cut(self, n):
        """Region n from everything outside; inside it all goes on."""
        self.cut(n, self._others(n))

    def daemon_network_cut(self, n):
        """The daemon's host alone, from everything, its own region included; it lives."""
        self.cut(f"probe-{n}", self._others(f"probe-{n}"))

    def members_cut(self, a, b, one_way=False):
        """The two members alone from each other, as at Cloudflare in 2020: daemons reach both."""
        self.cut(f"store-{a}", f"store-{b}", one_way)

    def connect_time_s(self, host, address, port):
        """How long a TCP connection from a host takes: one round trip. OSError: there is none."""
        def connect():
            began = time.monotonic()
            with socket.create_connection((address, port), timeout=CONNECT_S):
                return time.monotonic() - began
        return self.network.call(host, connect)

    # -- a region, its sites --

    def region_dies(self, n):
        """SIGKILL of daemon, member and sites, and the network is cut. Returns when (monotonic)."""
        at = time.monotonic()
        self.network_cut(n)
        if n <= len(REGIONS):
            self.endpoints_die(n)
        self.daemon_kill(n)
        self.member_kill(n)
        return at

    def region_returns(self, n):
        """Network, member, sites and daemon are back."""
        self.heal(n)
        if n <= len(REGIONS):
            self.endpoints_return(n)
        self.member_restart(n)
        self.daemon_start(n)

    def address(self, service, region):
        return self.network.hosts[f"sites-{REGIONS.index(region) + 1}"][SERVICES.index(service)]

    def site_url(self, service, region):
        return f"http://{self.address(service, region)}/health"

    def _site(self, n, service):
        return f"{service}/{self.region(n)}"

    def endpoints_die(self, n):
        """SIGKILL of nginx for pizza and factory. Returns when."""
        at = time.monotonic()
        for service in SERVICES:
            if self._site(n, service) in self.programs:
                self.endpoint_dies(n, service)
        return at

    def endpoint_dies(self, n, service):
        """SIGKILL of one. Returns when."""
        at = time.monotonic()
        if self._site(n, service) not in self.programs:
            raise StageError(f"{self._site(n, service)} does not run")
        self.programs.pop(self._site(n, service)).stop(signal.SIGKILL)
        return at

    def endpoints_return(self, n):
        """Those that are dead are started."""
        for service in SERVICES:
            name = self._site(n, service)
            if name in self.programs:
                continue
            conf = self.folder / f"nginx-{service}-{n}.conf"
            conf.write_text(NGINX.format(folder=self.folder, name=f"{service}-{n}",
                                         address=self.address(service, self.region(n))))
            self.programs[name] = Program(name, [
                *self.network.on(f"sites-{n}"), find_tool("nginx"), "-p", str(self.folder), "-e",
                "stderr", "-c", str(conf)])
            self.wait_until(f"{name} answers", lambda n=n, s=service: self._serves(n, s), 20)

    def _serves(self, n, service):
        try:
            self.connect_time_s(f"sites-{n}", self.address(service, self.region(n)), 80)
        except OSError:
            return False
        return True

    # -- daemons, by number of the region --

    def store_section(self):
        """Of the settings; whose member is first is put in by own_section()."""
        lines = ['type = "etcd";', "endpoints = [ @ENDPOINTS@ ];",
                 f'prefix = "{PREFIX.rstrip("/")}";', f"lease = {self.timing['lease']};"]
        if self.tls:
            folder = self.store.authority.folder
            lines += [f'ca_file = "{folder}/ca.pem";', f'cert_file = "{folder}/client.pem";',
                      f'key_file = "{folder}/client.key";']
        if self.users:
            lines += ['user = "@PROBE@";', f'password = "file:{self.folder}/@PROBE@.password";']
        return "".join(f"    {line}\n" for line in lines) + self.store_more

    def common_changes(self):
        changes = super().common_changes()
        if len(self.numbers) == 5:
            changes += [(rf"(?m)^    {key} = 2;", f"    {key} = 3;", "five probes, three agree")
                        for key in ("down", "up")]
        electors = ",\n".join(
            f'        {{ name = "{probe}"; vantage = "{vantage}"; '
            f'may_act = {"true" if probe in self.may_act else "false"}; }}'
            for probe, vantage in zip(self.probes, VANTAGES))
        return changes + [(r"    probes = \(\n.*?\n    \)", f"    probes = (\n{electors}\n    )",
                           "a probe in each region")]

    def own_section(self, probe, text):
        own = self.number(probe)
        order = sorted(self.numbers, key=lambda n: n != own)
        endpoints = ", ".join(f'"{self.store.url(n)}"' for n in order)
        if self.users:
            secret = self.folder / f"{probe}.password"
            secret.touch(mode=0o600)
            secret.write_text(self.users[probe] + "\n")
        text = text.replace("@ENDPOINTS@", endpoints).replace("@PROBE@", probe)
        return settings_text(self.more_of.get(probe, []), text)

    def daemon_start(self, n, options=(), wrapper=()):
        """Starts the daemon (does not wait for anything it does)."""
        if self.probe(n) in self.programs:
            raise StageError(f"{self.probe(n)} runs already")
        self.start_daemon(self.probe(n), [*self.network.on(f"probe-{n}"), *wrapper], options)

    def daemons_start(self):
        """All that do not run, at once."""
        for n in self.numbers:
            if self.probe(n) not in self.programs:
                self.daemon_start(n)

    def _running(self, n):
        if self.probe(n) not in self.programs:
            raise StageError(f"{self.probe(n)} does not run")
        return self.programs[self.probe(n)]

    def daemon_stop(self, n):
        """SIGTERM; returns the exit status."""
        self._running(n)
        return self.stop_daemon(self.probe(n))

    def daemon_kill(self, n):
        """SIGKILL. Returns when."""
        at = time.monotonic()
        self.paused.discard(n)
        if self.probe(n) in self.programs:
            self.stop_daemon(self.probe(n), signal.SIGKILL)
        return at

    def daemon_pause(self, n):
        """SIGSTOP. Returns when."""
        self._running(n).send(signal.SIGSTOP)
        self.paused.add(n)
        return time.monotonic()

    def daemon_resume(self, n):
        """SIGCONT. Returns when."""
        if n in self.paused:
            self.paused.discard(n)
            self.programs[self.probe(n)].send(signal.SIGCONT)
        return time.monotonic()

    def ctl(self, *arguments, n=1, check=True):
        """Runs `regionshift` at the daemon of region n; its CompletedProcess."""
        return self.run_ctl(self.probe(n), arguments, check)

    def status(self, n=1):
        """`regionshift status --json`, parsed."""
        return json.loads(self.ctl("status", "--json", n=n).stdout)

    def http(self, n, path):
        """What the daemon of region n answers to a GET on its own host: "/metrics"."""
        def fetch():
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(f"http://127.0.0.1:8053{path}", timeout=10) as reply:
                return reply.read().decode()
        return self.network.call(f"probe-{n}", fetch)

    # -- the store --

    def member_kill(self, n):
        """SIGKILL. Returns when."""
        return self.store.kill(n)

    def member_restart(self, n):
        """Starts it on its data, and waits until it serves, if the others make a quorum."""
        self.store.restart(n)

    def member_pause(self, n):
        """SIGSTOP. Returns when."""
        return self.store.pause(n)

    def member_resume(self, n):
        """SIGCONT. Returns when."""
        return self.store.resume(n)

    def etcd_all_down(self):
        """SIGKILL of all members. Returns when."""
        return self.store.kill_all()

    def etcd_all_up(self):
        """Starts all on their data; waits until they serve."""
        self.store.restart_all()

    def etcd_leader(self, deadline=20):
        """Number of the region whose member leads; waits until there is one."""
        return self.wait_until("etcd has a leader", self.store.leader_now, deadline)

    def etcd_whole(self, deadline=30):
        """Waits until every member that runs is in touch with the quorum, as after heal()."""
        self.wait_until("every member is in touch", self.store.in_touch, deadline)

    def slow_store(self, round_trip_ms):
        """Every daemon's way to every member takes this much longer, there and back together;
        the members among themselves do not notice. 0: as before."""
        self.network.command(*[
            f"delay probe-{a} store-{b} {round_trip_ms / 2 + (self.delay_ms if a != b else 0)}"
            for a in self.numbers for b in self.numbers])

    def snapshot_save(self):
        """A snapshot of the store as it is; returns its path."""
        return self.store.save()

    def snapshot_restore(self, path):
        """Kills all members, restores the snapshot on each, starts them, waits until they serve."""
        self.store.restore(path)

    def store_put(self, key, value, lease=None):
        """Writes by hand; the key is below the prefix ("v1/votes/use1/jwt-pizza"), value text or
        bytes. lease: seconds."""
        self.store.put(key, value, lease)

    def store_get(self, key="", prefix=True):
        """{key below the prefix: value as bytes}, linearizable."""
        return self.store.get(key, prefix)

    def store_delete(self, key):
        """Deletes by hand."""
        self.store.delete(key)

    def store_certificates(self, expired=False):
        """With tls: gives all members new certificates, expired since yesterday or good for days,
        and restarts them."""
        self.store.issue(expired)
        self.store.kill_all()
        self.store.restart_all()

    # -- Route 53: what was really done to the zone --

    def batches(self, since=0):
        """Accepted batches after number `since`, in order: see batches.Batch (seq, when, epoch,
        replaced, by, weights, moved, entry)."""
        first = {service: dict(NORMAL) for service in SERVICES}
        found = route53_batches.read(self.lab.log(self.log_begin), first, GROUP)
        return [batch for batch in found if batch.seq > since]

    def wait_batch(self, deadline, since=0, **wanted):
        """The first accepted batch after `since` with these members (by="usw2", moved=True)."""
        def found():
            return next((batch for batch in self.batches(since)
                         if all(getattr(batch, key) == value for key, value in wanted.items())),
                        None)
        return self.wait_until(f"a batch with {wanted}", found, deadline)

    def check_log(self):
        """Epochs rise strictly, each batch replaced exactly the fence of the batch before it, and
        no name ever has weight 0 everywhere. Raises StageError that says where not."""
        route53_batches.check(self.batches(), GROUP)

    def weights(self, service="pizza"):
        """{"us-east-1": 100, "us-west-2": 0} as in the zone now."""
        return {identifier.partition("-")[2]: weight for identifier, weight in
                self.lab.weights(f"{service}.example.com").items()}
