# SPDX-License-Identifier: Apache-2.0
"""The laboratory of regions itself, before anything is proved in it: times, cuts, the store's
quorum, and that nothing remains of it."""

import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import network
import pytest
from cluster import StoreError
from programs import PYTHON, TOP, Program, StageError
from regions import CHECKERS, REGIONS, LabError, Regions, why_not
from clients import client

ROUND_TRIP_S = 0.08
ARRIVAL_S = 10.0
ETCD, PORT = "10.77.{}.1", 2379


# One stage for all, in the order of the file: so on one worker.
pytestmark = pytest.mark.xdist_group("laboratory")


@pytest.fixture(scope="module")
def standing(laboratories):
    return laboratories.of(3)


@pytest.fixture
def lab(standing):
    """Three regions without daemons, the same for many tests; new members only where the test
    before lost some."""
    if len(standing.store.members) < 3 or standing.tls:
        standing.reset()
    standing.reset_network()
    standing.etcd_whole()
    standing.store_delete("key")
    yield standing
    standing.reset_network()


def datagram(lab, a, b):
    """Sends one from host a to host b; returns whether it arrived: it does, or the network says
    that it is lost."""
    link = (a, b)
    lost = lab.network.links()[link]["lost"]
    target = lab.network.hosts[b][0]
    listener = lab.network.call(b, socket.socket, socket.AF_INET, socket.SOCK_DGRAM)
    sender = lab.network.call(a, socket.socket, socket.AF_INET, socket.SOCK_DGRAM)
    with listener, sender:
        listener.settimeout(0.01)
        listener.bind((target, 0))
        sender.sendto(b"x", listener.getsockname())
        until = time.monotonic() + ARRIVAL_S
        while time.monotonic() < until:
            try:
                return listener.recv(1) == b"x"
            except TimeoutError:
                if lab.network.links()[link]["lost"] > lost:
                    return False
    raise AssertionError("the datagram neither arrived nor was lost")


# -- the network --

def test_regions_are_as_far_apart_as_asked(lab):
    for a, b in ((1, 2), (1, 3), (2, 3), (3, 1)):
        times = [lab.connect_time_s(f"probe-{a}", ETCD.format(b), PORT) for _ in range(5)]
        assert ROUND_TRIP_S <= min(times) < 2 * ROUND_TRIP_S, (a, b, times)


def test_inside_a_region_there_is_no_delay(lab):
    times = [lab.connect_time_s("probe-2", ETCD.format(2), PORT) for _ in range(5)]
    assert min(times) < ROUND_TRIP_S


def test_a_delay_can_be_changed_for_one_pair(lab):
    lab.delay(1, 2, 100)
    assert lab.connect_time_s("probe-1", ETCD.format(2), PORT) >= 0.2
    assert min(lab.connect_time_s("probe-1", ETCD.format(3), PORT) for _ in range(5)) < 0.2


def test_a_cut_holds_both_ways_until_it_is_healed(lab):
    lab.cut(1, 2)
    assert not datagram(lab, "probe-1", "probe-2") and not datagram(lab, "store-2", "store-1")
    assert datagram(lab, "probe-1", "probe-3") and datagram(lab, "probe-1", "store-1")
    lab.heal(1, 2)
    assert datagram(lab, "probe-1", "probe-2") and datagram(lab, "store-2", "store-1")


def test_a_cut_one_way_lets_the_other_way_through(lab):
    lab.cut("probe-1", "cloud", one_way=True)
    assert not datagram(lab, "probe-1", "cloud")
    assert datagram(lab, "cloud", "probe-1")


def test_a_partition_parts_the_sides_and_leaves_who_is_on_none(lab):
    lab.partition([1], [2, 3])
    assert not datagram(lab, "probe-1", "probe-3") and not datagram(lab, "store-2", "store-1")
    assert datagram(lab, "probe-2", "store-3") and datagram(lab, "probe-1", "cloud")
    lab.heal()
    assert datagram(lab, "probe-1", "probe-3")


def test_route_53s_checkers_ask_a_region_from_addresses_of_their_own_until_it_is_cut(lab):
    site = lab.address("pizza", REGIONS[0])
    config = {"Type": "HTTP", "IPAddress": site, "Port": 80, "ResourcePath": "/health",
              "FailureThreshold": 1}
    check = lab.network.call("cloud", lambda: client(lab.lab.endpoint).create_health_check(
        CallerReference=str(time.time()), HealthCheckConfig=config))["HealthCheck"]["Id"]
    seen = lab.lab.poll(check)
    assert seen["healthy"]
    assert {one["source"] for one in seen["checkers"]} == set(CHECKERS.values())
    assert {one["status"] for one in seen["checkers"]} == {"Success: HTTP Status Code 200, OK"}
    lab.cut("cloud", 1)
    assert not lab.lab.poll(check)["healthy"]
    lab.heal()
    assert lab.lab.poll(check)["healthy"]


def test_a_daemon_can_lose_its_network_alone(lab):
    lab.daemon_network_cut(1)
    assert not datagram(lab, "probe-1", "store-1") and not datagram(lab, "cloud", "probe-1")
    assert datagram(lab, "store-1", "store-2") and datagram(lab, "probe-2", "sites-1")


def test_two_members_can_lose_each_other_alone(lab):
    lab.members_cut(1, 2)
    assert not datagram(lab, "store-1", "store-2")
    assert datagram(lab, "probe-1", "store-2") and datagram(lab, "store-1", "store-3")


def test_a_slow_store_is_slow_for_daemons_alone(lab):
    lab.slow_store(500)
    assert lab.connect_time_s("probe-1", ETCD.format(1), PORT) >= 0.5
    assert lab.connect_time_s("probe-1", ETCD.format(2), PORT) >= 0.58
    assert min(lab.connect_time_s("store-1", ETCD.format(2), PORT) for _ in range(5)) < 0.5
    lab.slow_store(0)
    assert lab.network.links()["probe-1", "store-1"]["delay"] == 0


def test_a_place_that_is_none_is_refused_with_those_there_are(lab):
    with pytest.raises(StageError, match="4 is no place; allowed: a region's number, cloud, store"):
        lab.cut(1, 4)
    with pytest.raises(StageError, match="'nowhere' is no host"):
        lab.network.command("cut probe-1 nowhere")


# -- the store --

def test_a_minority_of_members_has_no_leader_and_gets_one_back(lab):
    lab.store_put("key", "before")
    lab.member_kill(1)
    lab.member_kill(2)
    lab.wait_until("member 3 knows that it is alone", lambda: not lab.store.leader_now(), 30)
    with pytest.raises(StoreError):
        lab.store_put("key", "alone")
    lab.member_restart(1)
    lab.etcd_leader()
    assert lab.store_get("key") == {"key": b"before"}


def test_the_others_elect_a_leader_when_its_region_is_cut_off(lab):
    old = lab.etcd_leader()
    lab.network_cut(old)
    new = lab.wait_until("another leads", lambda: {lab.store.leader_now()} - {old, None}, 30)
    lab.heal()
    lab.store_put("key", "value")
    assert {lab.etcd_leader()} == new   # --pre-vote: who comes back unseats nobody


def test_a_paused_member_goes_on_when_it_is_resumed(lab):
    paused = next(n for n in lab.numbers if n != lab.etcd_leader())
    lab.member_pause(paused)
    lab.store_put("key", "while one is paused")
    lab.member_resume(paused)
    lab.wait_until("it has caught up", lambda: "kvs" in lab.store.post(
        paused, "kv/range", {"key": "L3JlZ2lvbnNoaWZ0L3BpenphL2tleQ==", "serializable": True}), 30)


def test_everything_survives_that_all_members_die(lab):
    lab.store_put("key", "value")
    lab.etcd_all_down()
    with pytest.raises(StoreError, match="no member"):
        lab.store_get()
    lab.etcd_all_up()
    assert lab.store_get() == {"key": b"value"}


def test_a_restored_snapshot_brings_back_what_was(lab):
    lab.store_put("key", "old")
    lab.store_delete("more")
    revision = lab.store.revision()
    path = lab.snapshot_save()
    lab.store_put("key", "new")
    lab.store_put("more", "new")
    lab.snapshot_restore(path)
    assert lab.store_get() == {"key": b"old"}
    assert lab.store.revision() == revision


def test_a_key_under_a_lease_goes_with_it(lab):
    lab.store_put("key", "value", lease=2)
    assert lab.store_get() == {"key": b"value"}
    lab.wait_until("the lease has run out", lambda: not lab.store_get("key"), 30)


def test_users_are_asked_for_a_password_and_members_show_certificates(make_regions):
    lab = make_regions(3, daemons=False, tls=True, users=True)
    lab.store_put("key", "value")
    assert lab.store_get() == {"key": b"value"}
    with pytest.raises(StoreError, match="user name is empty|invalid auth token|permission denied"):
        lab.store.post(1, "kv/range", {"key": "eA=="})
    lab.store_certificates(expired=True)
    with pytest.raises(StoreError, match="certificate has expired"):
        lab.store_get()
    lab.store_certificates()
    assert lab.store_get() == {"key": b"value"}


def test_a_reset_leaves_nothing_of_what_was_done(lab):
    lab.store_put("key", "value")
    lab.region_dies(1)
    lab.delay(2, 3, 500)
    lab.lab.human("weight", name="pizza.example.com", set="pizza-us-east-1", weight=7)
    lab.reset()
    assert lab.store_get() == {}
    assert lab.weights() == {"us-east-1": 100, "us-west-2": 0}
    assert min(lab.connect_time_s("probe-3", "10.77.1.10", 80) for _ in range(5)) < 0.5
    assert {link["state"] for link in lab.network.links().values()} == {"open"}


# -- all of it --

def test_daemons_of_all_regions_meet_in_the_store(regions3):
    votes = [f"v1/votes/{probe}/jwt-pizza" for probe in regions3.probes]
    assert sorted(regions3.store_get("v1/votes/")) == sorted(votes)
    assert [(batch.epoch, batch.moved) for batch in regions3.batches()] == [(1, False)]
    regions3.check_log()
    assert "regionshift_" in regions3.http(3, "/metrics")
    regions3.daemon_kill(3)
    regions3.wait_until("its vote is gone", lambda: votes[2] not in regions3.store_get(), 30)


# -- nothing remains --

ENDED_S = 300  # each of its thirty programs may take as long as one that is stopped alone


def left_of(name):
    """Namespaces, files and processes with this name."""
    found = [str(path) for parent in (network.NAMESPACES, network.MEMORY, Path("/tmp"))
             for path in parent.glob(f"{name}*")]
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if f"{name}-" in path.read_text(errors="replace"):
                found.append(str(path))
        except OSError:
            pass
    return found


def laboratory(*options):
    """tests/system/lab in a process of its own, and the name of its network, when it is up."""
    program = Program("laboratory", [PYTHON, "-B", str(TOP / "tests" / "system" / "lab"),
                                     *options], stdin=subprocess.PIPE)
    name = program.wait_line(lambda line: "rslab-" in line.text, 60).text
    return program, re.search(r"rslab-\d+-\d+", name)[0]


@pytest.fixture
def possible():
    reason = why_not()
    if reason:
        pytest.skip(f"no laboratory of regions: {reason}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_laboratory_that_is_interrupted_removes_everything(possible, number):
    program, name = laboratory("--no-daemons")
    assert left_of(name)
    program.stop(number, deadline=ENDED_S)
    assert left_of(name) == []


def test_a_laboratory_interrupted_while_it_starts_removes_everything(possible):
    program = Program("laboratory", [PYTHON, "-B", str(TOP / "tests" / "system" / "lab")])
    name = f"rslab-{program.process.pid}-0"
    deadline = time.monotonic() + 60
    while not (network.NAMESPACES / f"{name}-probe-1").exists():
        assert time.monotonic() < deadline
    program.stop(signal.SIGINT, deadline=ENDED_S)
    assert left_of(name) == []


def test_a_laboratory_that_cannot_start_removes_everything(possible):
    lab = Regions(3, lab_options=["--no-such-option"])
    with pytest.raises(LabError, match="no-such-option"):
        lab.start()
    assert left_of(lab.network.name) == []


def test_what_a_killed_laboratory_left_is_removed_by_the_next(possible):
    program, name = laboratory("--no-daemons")
    program.stop(signal.SIGKILL)
    assert left_of(name)
    network.sweep()
    deadline = time.monotonic() + 10        # its network ends by itself, with its standard input
    while left_of(name):
        assert time.monotonic() < deadline, left_of(name)


def test_a_laboratory_leaves_another_alone(lab, possible):
    lab.store_put("key", "value")
    program, name = laboratory("--no-daemons")
    program.stop(signal.SIGTERM, deadline=60)
    assert left_of(name) == [] and left_of(lab.network.name)
    assert lab.store_get() == {"key": b"value"}


def test_the_sweep_takes_only_what_is_named_as_ours():
    assert not network.is_left_over("rslab-1-0-probe-1")            # init lives
    assert not network.is_left_over("blue") and not network.is_left_over("rslab-x-1")
    assert network.is_left_over("rslab-99999999-0-probe-1")
    assert network.is_left_over(f"rslab-{os.getpid()}-999999-probe-1")
