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


class Regions:
    """See above. Options:

    count        3 or 5 regions, a member and a daemon in each; 1 and 2 serve
    delay_ms     one way between any two regions, and to the cloud; inside a region none
    tls, users   the store speaks TLS; asks for user and password
    timing       of the settings, as Stage's: interval, timeout, retry, fall, rise, hold, ..., lease
    more         further changes of the settings, [(pattern, replacement, why)]
    more_of      the same for one probe alone, {"fra": [...]}
    may_act      names of the probes that may write to Route 53
    """

    def __init__(self, count=3, delay_ms=40, tls=False, users=False, timing=None, more=(),
                 more_of=None, may_act=None, lab_options=("--rate", "0"), heard=None):
        raise NotImplementedError

    # -- its life (also: with Regions() as lab) --

    def start(self):
        """Hosts, network, store, Route 53, sites, daemons. Returns self."""

    def start_without_daemons(self):
        """The same, but the daemons."""

    def settle(self):
        """init, and waits until every site is agreed up everywhere and region 2 may gain."""

    def reset(self):
        """As after start_without_daemons(): network whole, an empty store, the zone as at first.
        Cheaper than a new laboratory."""

    def stop(self):
        """Ends and removes everything; raises what a daemon did wrong at its end."""

    # -- names: region number -> name --

    def probe(self, n):
        """Name of the probe: "use1", "usw2", "fra", "sin", "gru"."""

    def region(self, n):
        """Name of the region: "us-east-1", "us-west-2", then places without sites."""

    # -- network --

    def cut(self, a, b, one_way=False):
        """Nothing gets from a to b, nor back unless one_way. Packets under way are lost."""

    def partition(self, *sides):
        """Cuts each side from each other side: partition([1, 2], [3, 4, 5, "cloud"]). A region or
        cloud that no side names stays connected to all."""

    def heal(self, a=None, b=None):
        """Undoes cuts and loss: all, those of a, or those between a and b."""

    def delay(self, a, b, one_way_ms):
        """From now on, both ways."""

    def loss(self, a, b, percent):
        """From now on, each way."""

    def network_cut(self, n):
        """Region n from everything outside; inside it all goes on."""

    def daemon_network_cut(self, n):
        """The daemon's host alone, from everything, its own region included; it lives."""

    def members_cut(self, a, b, one_way=False):
        """The two members alone from each other, as at Cloudflare in 2020: daemons reach both."""

    # -- a region, its sites --

    def region_dies(self, n):
        """SIGKILL of daemon, member and sites, and the network is cut. Returns when (monotonic)."""

    def region_returns(self, n):
        """Network, member, sites and daemon are back."""

    def endpoints_die(self, n):
        """SIGKILL of nginx for pizza and factory. Returns when."""

    def endpoint_dies(self, n, service):
        """SIGKILL of one. Returns when."""

    def endpoints_return(self, n):
        """Those that are dead are started."""

    # -- daemons, by number of the region --

    def daemon_start(self, n, options=(), wrapper=()):
        """Starts the daemon (does not wait for anything it does)."""

    def daemons_start(self):
        """All that do not run, at once."""

    def daemon_stop(self, n):
        """SIGTERM; returns the exit status."""

    def daemon_kill(self, n):
        """SIGKILL. Returns when."""

    def daemon_pause(self, n):
        """SIGSTOP. Returns when."""

    def daemon_resume(self, n):
        """SIGCONT. Returns when."""

    def ctl(self, *arguments, n=1, check=True):
        """Runs `regionshift` at the daemon of region n; its CompletedProcess."""

    def status(self, n=1):
        """`regionshift status --json`, parsed."""

    # -- the store --

    def member_kill(self, n):
        """SIGKILL. Returns when."""

    def member_restart(self, n):
        """Starts it on its data, and waits until it serves, if the others make a quorum."""

    def member_pause(self, n):
        """SIGSTOP. Returns when."""

    def member_resume(self, n):
        """SIGCONT. Returns when."""

    def etcd_all_down(self):
        """SIGKILL of all members. Returns when."""

    def etcd_all_up(self):
        """Starts all on their data; waits until they serve."""

    def etcd_leader(self, deadline=20):
        """Number of the region whose member leads; waits until there is one."""

    def slow_store(self, round_trip_ms):
        """Every daemon's way to every member takes this much longer, there and back together;
        the members among themselves do not notice. 0: as before."""

    def snapshot_save(self):
        """A snapshot of the store as it is; returns its path."""

    def snapshot_restore(self, path):
        """Kills all members, restores the snapshot on each, starts them, waits until they serve."""

    def store_put(self, key, value, lease=None):
        """Writes by hand; the key is below the prefix ("v1/votes/use1/jwt-pizza"), value text or
        bytes. lease: seconds."""

    def store_get(self, key="", prefix=True):
        """{key below the prefix: value as bytes}, linearizable."""

    def store_delete(self, key):
        """Deletes by hand."""

    def store_certificates(self, expired=False):
        """With tls: gives all members new certificates, expired since yesterday or good for days,
        and restarts them."""

    # -- Route 53: what was really done to the zone --

    def batches(self, since=0):
        """Accepted batches after number `since`, in order. Each has: seq, when (epoch seconds),
        epoch, replaced (the fence's epoch before, None: there was none), by, weights {"pizza":
        {"us-east-1": 0, ...}, ...}, moved (a weight changed), entry (the stand-in's line)."""

    def wait_batch(self, deadline, since=0, **wanted):
        """The first accepted batch after `since` with these members (by="usw2", moved=True)."""

    def check_log(self):
        """Epochs rise strictly, each batch replaced exactly the fence of the batch before it, and
        no name ever has weight 0 everywhere. Raises StageError that says where not."""

    def weights(self, service="pizza"):
        """{"us-east-1": 100, "us-west-2": 0} as in the zone now."""

    # -- waiting: on an event, with a deadline --

    def wait_log(self, deadline, since=0.0, probes=None, **wanted):
        """The first line of a daemon's log (or of these probes') that has these pairs."""

    def wait_until(self, what, test, deadline):
        """What test() returns as soon as it is true."""

    def wait_mail(self, deadline, since=0.0, **headers):
        """The first mail since then with these X-Regionshift headers: Event="moved"."""
