# SPDX-License-Identifier: Apache-2.0
"""One daemon with 2,000 sites in 1,000 groups: all are seen, all votes stand in the store, one that
fails is found among them, and what is told of them stays small. Nothing here is a matter of speed:
waiting is generous, and what must come is exact."""

import json
import signal
import socket
import subprocess
import threading
import time

from programs import BUILD, Program, free_port

GROUPS = 1000
WIDE, EACH = 40, 60     # groups, services of each: 4,800 sites
ODD = 777           # the group whose first site has a port of its own
WAIT_S = 240


class Listener:
    """Takes connections and closes them: all that a TCP check wants."""

    def __init__(self):
        self.port = free_port("127.0.0.1")
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", self.port))
        self.socket.listen(4096)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                self.socket.accept()[0].close()
            except OSError:
                return

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(60)


def site(group, region, port):
    return (f'{{ region = "{region}"; weight = {100 if region == "east" else 0}; '
            f'set = "s{group:04d}-{region}"; '
            f'checks = ( {{ type = "tcp"; url = "tcp://127.0.0.1:{port}"; }} ); }}')


def write_wide_settings(folder, port):
    """Few groups, and many sites in each."""
    services = ",\n".join(
        f'{{ name = "s{i:04d}"; zone = "Z{i // 500}"; record = "s{i:04d}.example.com"; sites = ( '
        f'{site(i, "east", port)}, {site(i, "west", port)} ); }}' for i in range(WIDE * EACH))
    groups = ",\n".join(
        f'{{ name = "g{g:04d}"; order = [ "east", "west" ]; services = [ '
        + ", ".join(f'"s{i:04d}"' for i in range(g * EACH, (g + 1) * EACH)) + " ]; }"
        for g in range(WIDE))
    return write(folder, services, groups)


def write_settings(folder, port, odd_port):
    services = ",\n".join(
        f'{{ name = "s{i:04d}"; zone = "Z{i // 500}"; record = "s{i:04d}.example.com"; sites = ( '
        f'{site(i, "east", odd_port if i == ODD else port)}, {site(i, "west", port)} ); }}'
        for i in range(GROUPS))
    groups = ",\n".join(
        f'{{ name = "g{i:04d}"; services = [ "s{i:04d}" ]; order = [ "east", "west" ]; }}'
        for i in range(GROUPS))
    return write(folder, services, groups)


def write(folder, services, groups):
    conf = folder / "many.conf"
    conf.write_text(f"""
probe = {{ name = "p1"; }};
quorum = {{ down = 2; up = 2; vantages = 1; owners = 1; probes = (
    {{ name = "p1"; vantage = "own/here"; may_act = false; }},
    {{ name = "p2"; vantage = "own/there"; }} ); }};
store = {{ type = "sqlite"; path = "{folder}/store.db"; lease = 30; }};
checks = {{ interval = 5; timeout = 4; retry = 1; fall = 2; rise = 2; }};
history = {{ path = "{folder}/history.db"; }};
alerting = {{ spool = "{folder}/spool"; }};
http = {{ listen = "127.0.0.1:{free_port("127.0.0.1")}"; socket = "{folder}/control.sock"; }};
services = ( {services} );
groups = ( {groups} );
""")
    return conf


def get(folder, path):
    done = subprocess.run(["curl", "-sS", "--unix-socket", str(folder / "control.sock"),
                           f"http://localhost{path}"], capture_output=True, text=True,
                          timeout=120, check=False)
    return done.stdout


def samples(folder, path="/metrics"):
    """What a scrape says, by name and labels."""
    pairs = (line.rsplit(" ", 1) for line in get(folder, path).splitlines()
             if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def wait_samples(folder, wanted):
    until = time.monotonic() + WAIT_S
    while True:
        seen = samples(folder)
        if all(seen.get(name) == value for name, value in wanted.items()):
            return seen
        assert time.monotonic() < until, {name: seen.get(name) for name in wanted}
        time.sleep(0.5)


def own_vote(folder, group):
    status = json.loads(get(folder, f"/api/v1/status?group=g{group:04d}"))
    assert status["groups_left_out"] == GROUPS - 1
    (seen,) = status["groups"]
    return seen["group"], [(s["votes"]["p1"]["state"], s["votes"]["p1"]["counted"])
                           for s in seen["sites"]]


def wait_vote(folder, group, wanted):
    until = time.monotonic() + WAIT_S
    while own_vote(folder, group) != (f"g{group:04d}", wanted):
        assert time.monotonic() < until, own_vote(folder, group)
        time.sleep(0.5)


def test_one_daemon_sees_two_thousand_sites_and_the_one_that_fails(tmp_path):
    common, odd = Listener(), Listener()
    conf = write_settings(tmp_path, common.port, odd.port)
    daemon = Program("p1", [str(BUILD / "regionshiftd"), "-c", str(conf)])
    try:
        daemon.wait_line(lambda line: " sites, " in line.text, 60)
        seen = wait_samples(tmp_path, {'regionshift_checks{state="up"}': 2 * GROUPS})
        assert seen["regionshift_details"] == 0
        assert seen['regionshift_groups{calm="no"}'] == GROUPS      # nothing was decided yet
        assert not [name for name in seen if "g0500" in name]
        for group in (0, ODD, GROUPS - 1):      # the votes went out, came back, and count
            wait_vote(tmp_path, group, [("up", "up"), ("up", "up")])

        odd.close()
        wait_samples(tmp_path, {'regionshift_checks{state="up"}': 2 * GROUPS - 1,
                                'regionshift_checks{state="down"}': 1})
        wait_vote(tmp_path, ODD, [("down", "down"), ("up", "up")])
        wait_vote(tmp_path, ODD - 1, [("up", "up"), ("up", "up")])

        one = samples(tmp_path, f"/metrics?group=g{ODD:04d}")
        mine = [value for name, value in one.items() if "regionshift_site_down_votes" in name]
        assert sorted(mine) == [0, 1]
        shown = subprocess.run([str(BUILD / "regionshift"), "-s",
                                f"unix:{tmp_path}/control.sock", "status"], capture_output=True,
                               text=True, timeout=120, check=True).stdout
        assert f"{GROUPS - 100} more groups are not shown" in shown
    finally:
        assert daemon.stop(signal.SIGTERM) == 0
        common.close()


def test_few_groups_of_many_sites_are_told_in_sums_too(tmp_path):
    common = Listener()
    conf = write_wide_settings(tmp_path, common.port)
    daemon = Program("p1", [str(BUILD / "regionshiftd"), "-c", str(conf)])
    try:
        daemon.wait_line(lambda line: " sites, " in line.text, 60)
        seen = samples(tmp_path)
        assert seen["regionshift_details"] == 0
        assert seen['regionshift_groups{calm="no"}'] == WIDE
        assert not [name for name in seen if "g0001" in name]
        status = json.loads(get(tmp_path, "/api/v1/status"))
        assert 0 < len(status["groups"]) < WIDE
        assert status["groups_left_out"] == WIDE - len(status["groups"])
        one = samples(tmp_path, "/metrics?group=g0001")
        assert len([name for name in one if "regionshift_site_down_votes" in name]) == 2 * EACH
    finally:
        assert daemon.stop(signal.SIGTERM) == 0
        common.close()
