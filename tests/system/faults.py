# SPDX-License-Identifier: Apache-2.0
"""Faults: what can be done to the regions of a laboratory (regions.py), and undone: to the network
between them, to a whole region, its sites, its daemon, its member of the store.

A place is a region's number (all its hosts), a host ("store-1", "probe-2", "sites-1") or "cloud".
What ends something returns when (monotonic seconds)."""

import signal
import socket
import time

from deployment import REGIONS, SERVICES
from programs import Program, StageError, find_tool

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


class Faults:
    """A part of Regions, which has the hosts, the store and the programs."""

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
