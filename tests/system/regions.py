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
import sys
import urllib.request

import batches as route53_batches
import network as networks
from cluster import PREFIX, Cluster
from deployment import NORMAL, REGIONS, SERVICES, TIMING, ZONE, Deployment, settings_text
from faults import Faults
from programs import TOP, StageError, find_tool, sanitizer_reports

sys.path.insert(0, str(TOP / "tests" / "lab"))
from labctl import Lab, LabError, weighted  # noqa: E402, F401

GROUP = "jwt-pizza"
PROBES = ("use1", "usw2", "fra", "sin", "gru")
VANTAGES = ("aws/us-east-1", "aws/us-west-2", "hetzner/fra1", "ovh/sgp1", "aws/sa-east-1")
MAY_ACT = ("use1", "usw2", "fra")           # of five; of three, who may is as in the example
CLOUD = "10.77.100.1"
CHECKERS = {place: f"10.77.100.{101 + n}" for n, place in enumerate((
    "us-east-1", "us-west-1", "us-west-2", "eu-west-1", "ap-southeast-1", "ap-southeast-2",
    "ap-northeast-1", "sa-east-1"))}        # Route 53's health checkers, one in each of its places


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


class Regions(Faults, Deployment):
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
        checkers = [word for place, address in CHECKERS.items()
                    for word in ("--checker", f"{place}={address}")]
        self.lab = CloudLab(self.network, zones={"example.com": ZONE},
                            log=str(self.folder / "route53.log"),
                            options=["--allow-remote", *checkers, *self.lab_options])
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
        hosts = {"cloud": [CLOUD, *CHECKERS.values()]}
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

    # -- settings --

    def address(self, service, region):
        return self.network.hosts[f"sites-{REGIONS.index(region) + 1}"][SERVICES.index(service)]

    def site_url(self, service, region):
        return f"http://{self.address(service, region)}/health"

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

    # -- asking daemons --

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
